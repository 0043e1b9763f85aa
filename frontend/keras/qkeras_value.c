/* Activations behind QKeras's quantisers, made of the operators of the IR. Stochastic ones as they are in use, not in
 * training. */
#include "frontend/keras/qkeras.h"

#include <float.h>
#include <math.h>
#include <string.h>

/* A value while it is quantised. */
struct quantising {
    struct keras_reader *reader;
    const struct keras_layer *layer;
    const struct qkeras_quantizer *quantizer;
    const cJSON *config;
    const char *part; /* of the last node's name; NULL: the layer's */
};

static valref refuse(const struct quantising *at, const char *help, const char *what) {
    return keras_refuse(at->reader, at->layer, at->quantizer->where, help, "'%s' %s", at->quantizer->name, what);
}

static const char *named(const struct quantising *at, const char *what) {
    return at->part ? arena_printf(at->reader->arena, "%s.%s", at->part, what) : what;
}

static valref append(const struct quantising *at, enum op op, const char *part, valref value, float alpha, float beta) {
    const union attributes attributes = {.activation = {alpha, beta}};
    return layer_node(&at->layer->nodes, op, part, &value, 1, &attributes);
}

static valref number(const struct quantising *at, const char *what, float value) {
    return layer_reals(&at->layer->nodes, named(at, what), (struct shape){0}, &value);
}

static valref both(const struct quantising *at, enum op op, const char *part, valref a, valref b) {
    return layer_node(&at->layer->nodes, op, part, (const valref[]){a, b}, 2, NULL);
}

static valref narrow(const struct quantising *at, const char *part, valref value, struct format format,
                     enum overflow overflow) {
    const union attributes attributes = {
        .quantizer = {.rounding = ROUND_HALF_EVEN, .overflow = overflow, .formats = {{0}, &format}}};
    return layer_node(&at->layer->nodes, OP_NARROW, part, &value, 1, &attributes);
}

/* x < 0 ? -scale : scale */
static valref sign(const struct quantising *at, const char *part, valref value, float scale) {
    return both(at, OP_BIPOLAR_QUANT, part, value, number(at, "scale", scale));
}

/* ---- the factor behind ---- */

/* Alpha as a number; 1 where there is none. False after a diagnosis. */
static bool alpha_of(const struct quantising *at, float *alpha) {
    const cJSON *item = keras_member(at->config, "alpha");
    while (cJSON_IsArray(item) && cJSON_GetArraySize(item) == 1) item = item->child;
    *alpha = cJSON_IsNumber(item) ? (float)item->valuedouble : 1;
    if (!item || cJSON_IsNumber(item)) return true;
    if (cJSON_IsString(item))
        refuse(at, "give alpha as a number", "scales an activation by the events that it is given together with");
    else
        refuse(at, "give alpha as one number", "with an alpha for each channel of an activation is not read");
    return false;
}

static valref scaled(const struct quantising *at, valref value, float alpha) {
    return alpha == 1 ? value : both(at, OP_MUL, at->part, value, number(at, "alpha", alpha));
}

static const char *before_scale(const struct quantising *at, float alpha) {
    return alpha == 1 ? at->part : named(at, "levels");
}

/* ---- quantized_bits ---- */

static bool widths(const struct quantising *at, int *bits, int *integer) {
    double wide = keras_number(at->config, "bits", 8), whole = keras_number(at->config, "integer", 0);
    *bits = (int)wide;
    *integer = (int)whole;
    if (wide >= 1 && wide <= 30 && fabs(whole) <= 60 && wide == floor(wide) && whole == floor(whole)) return true;
    refuse(at, NULL, "has absurd widths");
    return false;
}

static valref read_bits(const struct quantising *at, valref value) {
    int bits, integer;
    float alpha;
    bool negative = keras_flag(at->config, "keep_negative", true),
         symmetric = keras_flag(at->config, "symmetric", false);
    if (!widths(at, &bits, &integer) || !alpha_of(at, &alpha)) return NO_VALUE;
    int unsigned_bits = bits - negative;
    if (unsigned_bits > 0) {
        struct format format = {negative, (int16_t)bits, (int16_t)(unsigned_bits - integer)};
        value = narrow(at, before_scale(at, alpha), value, format,
                       negative && symmetric ? OVERFLOW_SATURATE_SYMMETRIC : OVERFLOW_SATURATE);
        return scaled(at, value, alpha);
    }
    return sign(at, at->part, value, alpha);
}

/* The scale is divided by before, so alpha must be a power of two to be one of the format. */
static valref read_linear(const struct quantising *at, valref value) {
    int bits, integer, exponent;
    float alpha;
    bool negative = keras_flag(at->config, "keep_negative", true),
         symmetric = keras_flag(at->config, "symmetric", true);
    if (!widths(at, &bits, &integer) || !alpha_of(at, &alpha)) return NO_VALUE;
    if (frexpf(alpha, &exponent) != 0.5f)
        return refuse(at, "give alpha as a power of two", "with an alpha that is no power of two is not read");
    int unsigned_bits = bits - negative;
    if (unsigned_bits == 0) return refuse(at, "use binary()", "of one bit is not read");
    struct format format = {negative, (int16_t)bits, (int16_t)(unsigned_bits - integer - (exponent - 1))};
    return narrow(at, at->part, value, format, negative && symmetric ? OVERFLOW_SATURATE_SYMMETRIC : OVERFLOW_SATURATE);
}

/* ---- quantized_relu ---- */

static bool is_power_of_two(double x) {
    int exponent;
    return x > 0 && frexp(x, &exponent) == 0.5;
}

/* Below 0 the slope times x, down to the slope times the largest number. */
static valref leaky(const struct quantising *at, valref value, int bits, int integer, double slope) {
    if (bits < 2 || !is_power_of_two(slope) || slope * ldexp(1, bits - 1) < 1)
        return refuse(at, NULL, "has a negative_slope that is no power of two, or too small for its bits");
    value = append(at, OP_LEAKY_RELU, named(at, "leaky"), value, (float)slope, 0);
    value = append(at, OP_CLIP, named(at, "limited"), value, -(float)(slope * ldexp(1, integer)), FLT_MAX);
    struct format format = {true, (int16_t)bits, (int16_t)(bits - 1 - integer)};
    return narrow(at, at->part, value, format, OVERFLOW_SATURATE);
}

/* 2 * round(sigmoid(x)) - 1 from 0 up, sigmoid being a straight line of slope 1/2. */
static valref relu_of_sigmoid(const struct quantising *at, valref value, int bits, int integer) {
    float m_i = ldexpf(1, integer);
    value = both(at, OP_MUL, named(at, "shifted"), value, number(at, "least", 1 / m_i));
    value = append(at, OP_HARD_SIGMOID, named(at, "sigmoid"), value, 0.5f, 0.5f);
    struct format format = {false, (int16_t)(bits + 1), (int16_t)bits};
    value = narrow(at, named(at, "rounded"), value, format, OVERFLOW_SATURATE);
    value = both(at, OP_MUL, named(at, "doubled"), value, number(at, "two", 2));
    value = both(at, OP_SUB, named(at, "centred"), value, number(at, "one", 1));
    value = append(at, OP_CLIP, m_i == 1 ? at->part : named(at, "limited"), value, 0, 1 - ldexpf(1, -bits));
    return m_i == 1 ? value : both(at, OP_MUL, at->part, value, number(at, "range", m_i));
}

static valref read_relu(const struct quantising *at, valref value) {
    int bits, integer;
    double slope = keras_number(at->config, "negative_slope", 0),
           most = keras_number(at->config, "relu_upper_bound", 0);
    bool clipped = keras_flag(at->config, "is_quantized_clip", true) || most == 0;
    if (!widths(at, &bits, &integer)) return NO_VALUE;
    if (keras_flag(at->config, "enable_fast_inference", false))
        return refuse(at, NULL, "with enable_fast_inference is not read");
    if (keras_flag(at->config, "use_sigmoid", false)) {
        if (slope != 0 || !clipped)
            return refuse(at, NULL, "with use_sigmoid and negative_slope or relu_upper_bound is not read");
        return relu_of_sigmoid(at, value, bits, integer);
    }
    const struct quantising inside = {at->reader, at->layer, at->quantizer, at->config,
                                      clipped ? at->part : named(at, "rounded")};
    struct format format = {false, (int16_t)bits, (int16_t)(bits - integer)};
    value = slope != 0 ? leaky(&inside, value, bits, integer, slope)
                       : narrow(&inside, inside.part, value, format, OVERFLOW_SATURATE);
    return clipped ? value : append(at, OP_CLIP, at->part, value, -FLT_MAX, (float)most);
}

/* ---- sigmoid and tanh ---- */

static valref read_sigmoid(const struct quantising *at, valref value) {
    int bits, integer;
    bool symmetric = keras_flag(at->config, "symmetric", false);
    if (!widths(at, &bits, &integer)) return NO_VALUE;
    value = keras_flag(at->config, "use_real_sigmoid", false)
                ? append(at, OP_SIGMOID, named(at, "sigmoid"), value, 0, 0)
                : append(at, OP_HARD_SIGMOID, named(at, "sigmoid"), value, 0.5f, 0.5f);
    struct format format = {false, (int16_t)bits, (int16_t)bits};
    value = narrow(at, symmetric ? named(at, "rounded") : at->part, value, format, OVERFLOW_SATURATE);
    return symmetric ? append(at, OP_CLIP, at->part, value, ldexpf(1, -bits), FLT_MAX) : value;
}

static valref read_tanh(const struct quantising *at, valref value) {
    int bits, integer;
    bool symmetric = keras_flag(at->config, "symmetric", false);
    if (!widths(at, &bits, &integer)) return NO_VALUE;
    if (bits < 2) return refuse(at, NULL, "of one bit is not read");
    if (keras_flag(at->config, "use_real_tanh", false)) {
        value = append(at, OP_TANH, named(at, "tanh"), value, 0, 0);
    } else {
        value = append(at, OP_HARD_SIGMOID, named(at, "sigmoid"), value, 0.5f, 0.5f);
        value = both(at, OP_MUL, named(at, "doubled"), value, number(at, "two", 2));
        value = both(at, OP_SUB, named(at, "tanh"), value, number(at, "one", 1));
    }
    struct format format = {true, (int16_t)bits, (int16_t)(bits - 1)};
    return narrow(at, at->part, value, format, symmetric ? OVERFLOW_SATURATE_SYMMETRIC : OVERFLOW_SATURATE);
}

/* quantized_bits of x * min(relu(x + shift), most) / most */
static valref read_hswish(const struct quantising *at, valref value) {
    float shift = (float)keras_number(at->config, "relu_shift", 3),
          most = (float)keras_number(at->config, "relu_upper_bound", 6);
    if (!(shift > 0 && most > 0)) return refuse(at, NULL, "has a shift or a bound that is not above 0");
    valref gate = both(at, OP_ADD, named(at, "shifted"), value, number(at, "shift", shift));
    gate = append(at, OP_CLIP, named(at, "gate"), gate, 0, most);
    value = both(at, OP_MUL, named(at, "gated"), value, gate);
    value = both(at, OP_DIV, named(at, "hswish"), value, number(at, "bound", most));
    return read_bits(at, value);
}

/* ---- binary and ternary ---- */

static valref read_binary(const struct quantising *at, valref value) {
    float alpha;
    if (!alpha_of(at, &alpha)) return NO_VALUE;
    if (!keras_flag(at->config, "use_01", false)) return sign(at, at->part, value, alpha);
    value = sign(at, named(at, "levels"), value, alpha / 2);
    return both(at, OP_ADD, at->part, value, number(at, "half", alpha / 2));
}

/* (x >= t) - (-x >= t), each as half a sign. */
static valref read_ternary(const struct quantising *at, valref value) {
    float alpha, threshold = (float)keras_number(at->config, "threshold", 0.33);
    if (!alpha_of(at, &alpha)) return NO_VALUE;
    if (!(threshold > 0)) return refuse(at, NULL, "has a threshold that is not above 0");
    valref bound = number(at, "threshold", threshold), minus = number(at, "minus_one", -1);
    valref above = both(at, OP_SUB, named(at, "above"), value, bound);
    valref mirrored = both(at, OP_MUL, named(at, "mirrored"), value, minus);
    valref below = both(at, OP_SUB, named(at, "below"), mirrored, bound);
    above = sign(at, named(at, "positive"), above, alpha / 2);
    below = sign(at, named(at, "negative"), below, alpha / 2);
    return both(at, OP_SUB, at->part, above, below);
}

/* ---- powers of two ---- */

static const float least_magnitude = 1e-7f; /* Keras's epsilon */

/* Where the magnitude is below epsilon, the least exponent; it matters where that is below epsilon's own. */
static valref least_below_epsilon(const struct quantising *at, valref magnitude, valref exponent, int least) {
    if (least >= -23) return exponent;
    valref lowest = number(at, "least", (float)least);
    valref above = both(at, OP_SUB, named(at, "above_epsilon"), magnitude, number(at, "epsilon", least_magnitude));
    valref step =
        both(at, OP_ADD, named(at, "step"), sign(at, named(at, "signs"), above, 0.5f), number(at, "half", 0.5f));
    exponent = both(at, OP_SUB, named(at, "above_least"), exponent, lowest);
    return both(at, OP_ADD, named(at, "from_least"), both(at, OP_MUL, named(at, "kept"), exponent, step), lowest);
}

/* 2 to the logarithm of the magnitude, rounded and limited. */
static valref power_of_two(const struct quantising *at, const char *part, valref magnitude,
                           const struct qkeras_exponents *of) {
    valref x =
        append(at, OP_CLIP, named(at, "bounded"), magnitude, least_magnitude, of->largest > 0 ? of->largest : FLT_MAX);
    if (of->quadratic) x = append(at, OP_SQRT, named(at, "root"), x, 0, 0);
    x = append(at, OP_LOG, named(at, "log"), x, 0, 0);
    x = both(at, OP_DIV, named(at, "log2"), x, number(at, "ln2", 0.6931471805599453f));
    x = append(at, of->floor ? OP_FLOOR : OP_ROUND, named(at, "exponent"), x, 0, 0);
    x = append(at, OP_CLIP, named(at, "limited"), x, (float)of->least, (float)of->most);
    if (of->quadratic) x = both(at, OP_MUL, named(at, "twice"), x, number(at, "two_roots", 2));
    x = least_below_epsilon(at, magnitude, x, of->least);
    return both(at, OP_POW, part, number(at, "two", 2), x);
}

static valref read_po2(const struct quantising *at, valref value) {
    struct qkeras_exponents exponents;
    if (qkeras_read_exponents(at->reader, at->layer, at->quantizer, &exponents) < 0) return NO_VALUE;
    valref magnitude = append(at, OP_LEAKY_RELU, named(at, "magnitude"), value, -1, 0);
    magnitude = power_of_two(at, named(at, "power"), magnitude, &exponents);
    return both(at, OP_MUL, at->part, magnitude, sign(at, named(at, "sign"), value, 1));
}

static valref read_relu_po2(const struct quantising *at, valref value) {
    struct qkeras_exponents exponents;
    if (qkeras_read_exponents(at->reader, at->layer, at->quantizer, &exponents) < 0) return NO_VALUE;
    return power_of_two(at, at->part, append(at, OP_RELU, named(at, "positive"), value, 0, 0), &exponents);
}

static const struct kind {
    const char *name;
    valref (*read)(const struct quantising *at, valref value);
} kinds[] = {
    {"quantized_bits", read_bits}, {"quantized_linear", read_linear},
    {"quantized_relu", read_relu}, {"quantized_sigmoid", read_sigmoid},
    {"quantized_tanh", read_tanh}, {"quantized_hswish", read_hswish},
    {"binary", read_binary},       {"stochastic_binary", read_binary},
    {"ternary", read_ternary},     {"stochastic_ternary", read_ternary},
    {"quantized_po2", read_po2},   {"quantized_relu_po2", read_relu_po2},
};

valref qkeras_quantize_value(struct keras_reader *reader, const struct keras_layer *layer,
                             const struct qkeras_quantizer *quantizer, const char *part, valref value) {
    const struct quantising at = {reader, layer, quantizer, quantizer->config, part};
    if (!quantizer->name || valref_equal(value, NO_VALUE)) return value;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (strcmp(kinds[i].name, quantizer->name) == 0) return kinds[i].read(&at, value);
    if (strcmp(quantizer->name, "bernoulli") == 0)
        return refuse(&at, "use another quantiser", "gives random numbers in use, too");
    return refuse(&at, "use quantized_bits or quantized_relu", "is not read for activations");
}
