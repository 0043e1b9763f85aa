/* Functions of one code: a table of all of them, each entry as the reference kernel computes it. */
#include "frontend/tflite/integers.h"

#include <math.h>

struct function {
    struct tflite_codes x, y;
    float alpha;
    struct tflite_factor identity, slope; /* from units of x to those of y; and times alpha */
};

/* ---- computed in binary32 on what the code stands for ---- */

static float real_logistic(float x) {
    return 1.0f / (1.0f + expf(-x));
}
static float real_elu(float x) {
    return x < 0.0f ? expm1f(x) : x;
}

static int64_t of_real(const struct function *f, int64_t centred, float (*real)(float)) {
    return tflite_steps(real(f->x.scale * (float)centred) * (1 / f->y.scale), 1);
}

static int64_t logistic(const struct function *f, int64_t x) {
    return of_real(f, x, real_logistic);
}
static int64_t hyperbolic_tangent(const struct function *f, int64_t x) {
    return of_real(f, x, tanhf);
}
static int64_t elu(const struct function *f, int64_t x) {
    return of_real(f, x, real_elu);
}
static int64_t exponential(const struct function *f, int64_t x) {
    return of_real(f, x, expf);
}

/* ---- computed in whole numbers ---- */

static int64_t rescaled(const struct function *f, int64_t x) {
    return tflite_multiplied(x, f->identity);
}
static int64_t leaky(const struct function *f, int64_t x) {
    return tflite_multiplied(x, x < 0 ? f->slope : f->identity);
}

/* The halved product of 16-bit numbers, without its lower half. */
static int64_t high_product(int64_t a, int64_t b) {
    return (a * b + (INT64_C(1) << 14)) >> 15;
}

static int64_t saturated16(int64_t x) {
    return x > INT16_MAX ? INT16_MAX : x < INT16_MIN ? INT16_MIN : x;
}

static struct tflite_factor of_16_bits(float factor) {
    struct tflite_factor out = tflite_factor((double)factor);
    out.multiplier = out.multiplier >= INT32_MAX - (1 << 15) ? INT16_MAX : (out.multiplier + (1 << 15)) >> 16;
    return out;
}

/* relu6(x + 3) / 6 by numbers of 16 bits, times x. */
static int64_t hard_swish(const struct function *f, int64_t x) {
    const float fine = (1.0f / 128.0f) * f->x.scale;
    const struct tflite_factor out = of_16_bits(fine / f->y.scale), gate = of_16_bits(fine / (3.0f / 32768.0f));
    const int64_t wide = x * 128, scaled = high_product(wide, out.multiplier);
    int64_t open = wide;
    if (gate.exponent > 0) open = saturated16(open * (INT64_C(1) << (gate.exponent - 1)));
    open = high_product(open, gate.multiplier);
    if (gate.exponent > 0) open = saturated16(open * 2);
    if (gate.exponent < 0) open = tflite_divided(open, (int)-gate.exponent);
    open = (open + (1 << 15)) >> 1;
    return tflite_divided((open * scaled) >> 15, (int)-out.exponent);
}

/* ---- tables ---- */

static const struct {
    int code;
    int64_t (*value)(const struct function *f, int64_t x);
    bool by_alpha;
    float least, most; /* what the result is limited to */
} functions[] = {
    {14, logistic, false, -INFINITY, INFINITY},
    {28, hyperbolic_tangent, false, -INFINITY, INFINITY},
    {111, elu, false, -INFINITY, INFINITY},
    {47, exponential, false, -INFINITY, INFINITY},
    {19, rescaled, false, 0, INFINITY},
    {20, rescaled, false, -1, 1},
    {21, rescaled, false, 0, 6},
    {114, rescaled, false, -INFINITY, INFINITY},
    {98, leaky, true, -INFINITY, INFINITY},
    {117, hard_swish, false, -INFINITY, INFINITY},
};

static int64_t limited(const struct function *f, int64_t centred, float least, float most) {
    int64_t lo = f->y.least - f->y.zero_point, hi = f->y.most - f->y.zero_point;
    if (lo < tflite_steps(least, f->y.scale)) lo = tflite_steps(least, f->y.scale);
    if (hi > tflite_steps(most, f->y.scale)) hi = tflite_steps(most, f->y.scale);
    return centred < lo ? lo : centred > hi ? hi : centred;
}

static int check_factors(const struct tflite_operation *operation, const struct function *f) {
    const double ratio = (double)f->x.scale / (double)f->y.scale;
    const bool hard_swish = operation->operator->code == 117; /* its kernel has numbers of 16 bits */
    const double largest = hard_swish ? 128 : 0x1p20;
    if (ratio > 0x1p-20 && ratio < largest && fabs(ratio * (double)f->alpha) < 0x1p20 &&
        (!hard_swish || f->x.scale < 64))
        return 0;
    return tflite_refuse(operation, NULL, "its scales are %g times apart", ratio);
}

static int tell_table(const struct tflite_operation *operation, struct function *f, size_t row) {
    int64_t values[256];
    const float ratio = f->x.scale / f->y.scale, slope = f->x.scale * f->alpha / f->y.scale;
    if (check_factors(operation, f) < 0) return -1;
    f->identity =
        tflite_factor(operation->operator->code == 114 ? (double)f->x.scale / (double)f->y.scale : (double)ratio);
    f->slope = tflite_factor((double)slope);
    for (int64_t i = 0; i < 256; i++)
        values[i] = limited(f, functions[row].value(f, f->x.least + i - f->x.zero_point), functions[row].least,
                            functions[row].most);
    Tensorflow__NodeDef *node = tflite_code_node(operation, "Table", NULL, tflite_centred(operation, 0));
    tflite_set_table(operation, node, f->x.least - f->x.zero_point, values, 256, 1, 0);
    return 0;
}

int tflite_tell_function(const struct tflite_operation *operation) {
    struct function f = {.alpha = flat_real(operation->options, 0, 0)};
    if (tflite_codes(operation, tflite_input(operation, 0), &f.x) < 0 ||
        tflite_codes(operation, flat_element(operation->outputs, 0), &f.y) < 0)
        return -1;
    for (size_t row = 0; row < sizeof functions / sizeof *functions; row++) {
        if (functions[row].code != operation->operator->code) continue;
        if (!functions[row].by_alpha) f.alpha = 1;
        return tell_table(operation, &f, row);
    }
    return tflite_refuse(operation, NULL, "in whole numbers it is not read");
}
