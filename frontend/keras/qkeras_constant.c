/* Weights behind QKeras's quantisers, every step in binary32 as QKeras computes it, the straight-through estimator's
 * x + (q - x) among them. */
#include "frontend/keras/qkeras.h"

#include <math.h>
#include <string.h>

static const float epsilon = 1e-7f;

/* Weights while they are quantised; channels stand last. */
struct weights {
    struct keras_reader *reader;
    const struct keras_layer *layer;
    const struct qkeras_quantizer *quantizer;
    size_t count, channels;
    float *values;
    bool vector; /* of one axis: each element has a scale of its own where one is found from sums */
};

static int refuse(const struct weights *weights, const char *help, const char *what) {
    return keras_error(weights->reader, weights->layer, weights->quantizer->where, help, "'%s' %s",
                       weights->quantizer->name, what);
}

static float sign_of(float x) {
    return (float)((x > 0) - (x < 0));
}

static float through(float x, float quantised) {
    float difference = quantised - x;
    return x + difference;
}

/* ---- alpha ---- */

static const char *automatic(const struct weights *weights) {
    return keras_text(weights->quantizer->config, "alpha");
}

/* The factor of each channel. */
static int read_alpha(const struct weights *weights, float *alpha) {
    const cJSON *item = keras_member(weights->quantizer->config, "alpha");
    if (cJSON_IsObject(item)) item = keras_member(keras_member(item, "config"), "value");
    while (cJSON_IsArray(item) && cJSON_GetArraySize(item) == 1) item = item->child;
    if (cJSON_IsArray(item) && cJSON_GetArraySize(item) != (int)weights->channels)
        return refuse(weights, NULL, "has an alpha that does not fit the weights");
    const cJSON *each = cJSON_IsArray(item) ? item->child : NULL;
    for (size_t c = 0; c < weights->channels; c++, each = each ? each->next : NULL) {
        const cJSON *number = each ? each : item;
        if (number && !cJSON_IsNumber(number)) return refuse(weights, NULL, "has an alpha that is no number");
        alpha[c] = number ? (float)number->valuedouble : 1;
    }
    return 0;
}

static float power_of_two_near(float scale) {
    return exp2f(rintf(logf(scale + epsilon) / 0.6931471805599453f));
}

/* By channel: the largest magnitude; of a vector that of all. */
static void largest(const struct weights *weights, const float *values, float *out) {
    float most = 0;
    for (size_t c = 0; c < weights->channels; c++) out[c] = 0;
    for (size_t e = 0; e < weights->count; e++) {
        float *of = weights->vector ? &most : &out[e % weights->channels];
        *of = fmaxf(*of, fabsf(values[e]));
    }
    for (size_t c = 0; weights->vector && c < weights->channels; c++) out[c] = most;
}

/* The factor that makes x of q with the least squares, by channel. */
static void least_squares(const struct weights *weights, const float *x, const float *q, bool power_of_two,
                          float *scale) {
    size_t channels = weights->channels, rows = weights->count / channels;
    for (size_t c = 0; c < channels; c++) {
        double qx = 0, qq = 0;
        for (size_t r = 0; r < rows; r++) {
            float product = x[r * channels + c] * q[r * channels + c],
                  square = q[r * channels + c] * q[r * channels + c];
            qx += (double)product;
            qq += (double)square;
        }
        float mean = (float)(qx / (double)rows), square = (float)(qq / (double)rows);
        scale[c] = mean / (square + epsilon);
        if (power_of_two) scale[c] = power_of_two_near(scale[c]);
    }
}

/* ---- quantized_bits ---- */

struct bits {
    int bits, integer;
    bool keep_negative, symmetric;
};

static int read_bits(const struct weights *weights, struct bits *out) {
    const cJSON *config = weights->quantizer->config;
    double bits = keras_number(config, "bits", 8), integer = keras_number(config, "integer", 0);
    if (bits < 1 || bits > 30 || fabs(integer) > 60 || bits != floor(bits) || integer != floor(integer))
        return refuse(weights, NULL, "has absurd widths");
    *out = (struct bits){(int)bits, (int)integer, keras_flag(config, "keep_negative", true),
                         keras_flag(config, "symmetric", strcmp(weights->quantizer->name, "quantized_linear") == 0)};
    return 0;
}

static float level(float x, float scale, float half) {
    float v = floorf(fabsf(x) / scale + 0.5f);
    return sign_of(x) * (v < half ? v : half);
}

/* Scales from the largest weight of each channel; powers of two then from least squares, five times. */
static int automatic_bits(const struct weights *weights, const struct bits *bits, bool power_of_two) {
    struct arena *arena = weights->reader->arena;
    size_t count = weights->count, channels = weights->channels;
    int unsigned_bits = bits->bits - bits->keep_negative;
    float m = ldexpf(1, unsigned_bits), m_i = ldexpf(1, bits->integer), half = ldexpf(1, bits->bits - 1) - 1;
    float *x = ARENA_ARRAY(arena, float, count), *z = ARENA_ARRAY(arena, float, count),
          *scale = ARENA_ARRAY(arena, float, channels);
    if (half < 1) return refuse(weights, "give it two bits or more", "has no levels to scale");
    for (size_t e = 0; e < count; e++) x[e] = weights->values[e] / m_i;
    largest(weights, x, scale);
    for (size_t c = 0; c < channels; c++) {
        scale[c] = scale[c] * 2 / (half * 2);
        if (power_of_two) scale[c] = power_of_two_near(scale[c]);
        if (!(scale[c] > 0))
            return refuse(weights, "train with a number as alpha", "has a channel of zeros, which has no scale");
    }
    for (int i = 0; i < (power_of_two ? 5 : 1); i++) {
        for (size_t e = 0; e < count; e++) z[e] = level(x[e], scale[e % channels], half);
        if (!power_of_two) break;
        if (weights->vector)
            for (size_t e = 0; e < count; e++) scale[e] = power_of_two_near(x[e] * z[e] / (z[e] * z[e] + epsilon));
        else
            least_squares(weights, x, z, true, scale);
    }
    for (size_t e = 0; e < count; e++) {
        if (power_of_two && level(x[e], scale[e % channels], half) != z[e])
            return refuse(weights, "train with a number as alpha",
                          "finds no scale in five steps, and releases of QKeras go on differently");
        float back = m_i * x[e], quantised = m_i * z[e] / m;
        weights->values[e] = through(back, scale[e % channels] * m * quantised);
    }
    return 0;
}

static float bits_of(float x, const struct bits *bits) {
    int unsigned_bits = bits->bits - bits->keep_negative;
    if (unsigned_bits == 0) return bits->keep_negative ? (x < 0 ? -1.0f : 1.0f) : (x < 0 ? 0.0f : 1.0f);
    float m = ldexpf(1, unsigned_bits), m_i = ldexpf(1, bits->integer), p = rintf(x * m / m_i);
    float low = bits->keep_negative ? -m + (float)bits->symmetric : 0;
    return m_i * fminf(fmaxf(p, low), m - 1) / m;
}

static int apply_bits(const struct weights *weights, bool kernel) {
    struct bits bits;
    static const char *const unread[] = {"scale_axis", "elements_per_scale", "min_po2_exponent", "max_po2_exponent",
                                         "post_training_scale"};
    for (size_t i = 0; i < sizeof unread / sizeof *unread; i++)
        if (keras_member(weights->quantizer->config, unread[i]))
            return refuse(weights, NULL, arena_printf(weights->reader->arena, "with %s is not read", unread[i]));
    const char *found = automatic(weights);
    if (!keras_member(weights->quantizer->config, "alpha") && kernel) found = "auto_po2";
    if (read_bits(weights, &bits) < 0) return -1;
    if (found && strcmp(found, "auto") != 0 && strcmp(found, "auto_po2") != 0)
        return refuse(weights, NULL, "has an alpha that is not known");
    if (found) return automatic_bits(weights, &bits, strcmp(found, "auto_po2") == 0);
    float *alpha = ARENA_ARRAY(weights->reader->arena, float, weights->channels);
    if (read_alpha(weights, alpha) < 0) return -1;
    for (size_t e = 0; e < weights->count; e++) {
        float x = weights->values[e];
        weights->values[e] = through(x, alpha[e % weights->channels] * bits_of(x, &bits));
    }
    return 0;
}

/* round(clip(x / scale)) * scale, where alpha is part of the scale. */
static int apply_linear(const struct weights *weights, bool kernel) {
    struct bits bits;
    (void)kernel;
    float *alpha = ARENA_ARRAY(weights->reader->arena, float, weights->channels);
    if (automatic(weights))
        return refuse(weights, "train with a number as alpha", "with a scale found from the weights is not read");
    if (keras_member(weights->quantizer->config, "scale_axis"))
        return refuse(weights, NULL, "with scale_axis is not read");
    if (read_bits(weights, &bits) < 0 || read_alpha(weights, alpha) < 0) return -1;
    int unsigned_bits = bits.bits - bits.keep_negative;
    bool sign = unsigned_bits == 0 && bits.keep_negative;
    float m = ldexpf(1, unsigned_bits), high = sign ? 0.5f : m - 1,
          low = sign                 ? -0.5f
                : bits.keep_negative ? -m + (float)bits.symmetric
                                     : 0,
          shift = sign ? 0.5f : 0;
    for (size_t e = 0; e < weights->count; e++) {
        float x = weights->values[e], scale = alpha[e % weights->channels] * ldexpf(1, bits.integer - unsigned_bits);
        float limited = fminf(fmaxf(x / scale, low), high);
        weights->values[e] = through(x, (rintf(limited - shift) + shift) * scale);
    }
    return 0;
}

/* ---- powers of two ---- */

int qkeras_read_exponents(struct keras_reader *reader, const struct keras_layer *layer,
                          const struct qkeras_quantizer *quantizer, struct qkeras_exponents *out) {
    const cJSON *config = quantizer->config;
    double bits = keras_number(config, "bits", 8), most = keras_number(config, "max_value", 0);
    const char *rounding = keras_text(config, "log2_rounding");
    bool limited = keras_member(config, "max_value") != NULL, relu = strcmp(quantizer->name, "quantized_po2") != 0;
    int effective = (int)bits - !relu - !(limited && most <= 1);
    if (keras_number(config, "negative_slope", 0) != 0)
        return keras_error(reader, layer, quantizer->where, NULL, "'%s' with negative_slope is not read",
                           quantizer->name);
    if (bits < 1 || bits > 8 || bits != floor(bits) || effective < 0 || most < 0)
        return keras_error(reader, layer, quantizer->where, NULL, "'%s' has absurd widths", quantizer->name);
    *out = (struct qkeras_exponents){-(1 << effective), (1 << effective) - 1, limited ? (float)most : 0,
                                     keras_flag(config, "quadratic_approximation", false),
                                     rounding && strcmp(rounding, "floor") == 0};
    if (out->quadratic) out->most = 2 * (out->most / 2);
    return 0;
}

static float power_of_two(float magnitude, const struct qkeras_exponents *of) {
    if (magnitude < epsilon) return exp2f((float)of->least);
    if (of->largest > 0 && magnitude >= of->largest) magnitude = of->largest;
    float exponent = logf(of->quadratic ? sqrtf(magnitude) : magnitude) / 0.6931471805599453f;
    exponent = of->floor ? floorf(exponent) : rintf(exponent);
    exponent = fminf(fmaxf(exponent, (float)of->least), (float)of->most);
    return exp2f(of->quadratic ? 2 * exponent : exponent);
}

static int apply_po2(const struct weights *weights, bool kernel) {
    struct qkeras_exponents exponents;
    (void)kernel;
    if (qkeras_read_exponents(weights->reader, weights->layer, weights->quantizer, &exponents) < 0) return -1;
    for (size_t e = 0; e < weights->count; e++) {
        float x = weights->values[e];
        weights->values[e] = through(x, (x < 0 ? -1.0f : 1.0f) * power_of_two(fabsf(x), &exponents));
    }
    return 0;
}

static int apply_relu_po2(const struct weights *weights, bool kernel) {
    struct qkeras_exponents exponents;
    (void)kernel;
    if (qkeras_read_exponents(weights->reader, weights->layer, weights->quantizer, &exponents) < 0) return -1;
    for (size_t e = 0; e < weights->count; e++) {
        float x = fmaxf(weights->values[e], 0), limited = exponents.largest > 0 ? fminf(x, exponents.largest) : x;
        weights->values[e] = through(limited, power_of_two(x, &exponents));
    }
    return 0;
}

/* ---- binary and ternary ---- */

/* Scales by channel: numbers, or found from weights and their levels. */
static int scale_levels(const struct weights *weights, const char *found, const float *levels, float *scale) {
    if (!found) return read_alpha(weights, scale);
    if (weights->vector)
        for (size_t e = 0; e < weights->count; e++) {
            float x = weights->values[e], q = levels[e];
            scale[e] = x * q / (q * q + epsilon);
            if (strcmp(found, "auto_po2") == 0) scale[e] = power_of_two_near(scale[e]);
        }
    else
        least_squares(weights, weights->values, levels, strcmp(found, "auto_po2") == 0, scale);
    return 0;
}

static const char *scale_found(const struct weights *weights, bool kernel) {
    bool given = keras_member(weights->quantizer->config, "alpha") != NULL;
    return given ? automatic(weights) : kernel ? "auto_po2" : NULL;
}

static void put_levels(const struct weights *weights, const char *found, const float *levels, const float *scale) {
    bool squeezed = !found && !keras_member(weights->quantizer->config, "alpha");
    for (size_t e = 0; e < weights->count; e++) {
        float x = squeezed ? tanhf(weights->values[e]) : weights->values[e];
        weights->values[e] = through(x, scale[e % weights->channels] * levels[e]);
    }
}

static int apply_binary(const struct weights *weights, bool kernel) {
    struct arena *arena = weights->reader->arena;
    float *levels = ARENA_ARRAY(arena, float, weights->count), *scale = ARENA_ARRAY(arena, float, weights->channels);
    const char *found = scale_found(weights, kernel);
    static const char *const unread[] = {"scale_axis", "elements_per_scale", "min_po2_exponent", "max_po2_exponent"};
    for (size_t i = 0; i < sizeof unread / sizeof *unread; i++)
        if (keras_member(weights->quantizer->config, unread[i]))
            return refuse(weights, NULL, arena_printf(arena, "with %s is not read", unread[i]));
    bool zero_one = keras_flag(weights->quantizer->config, "use_01", false);
    for (size_t e = 0; e < weights->count; e++) {
        levels[e] = weights->values[e] < 0 ? -1 : 1;
        if (zero_one) levels[e] = (levels[e] + 1) / 2;
    }
    if (scale_levels(weights, found, levels, scale) < 0) return -1;
    put_levels(weights, found, levels, scale);
    return 0;
}

/* By channel: two thirds of the largest magnitude, then what levels of it give. */
static int automatic_ternary(const struct weights *weights, const char *found, int unrolls, float *levels,
                             float *scale) {
    largest(weights, weights->values, scale);
    for (size_t c = 0; c < weights->channels; c++) {
        scale[c] = 2 * scale[c] / 3;
        if (strcmp(found, "auto_po2") == 0) scale[c] = power_of_two_near(scale[c]);
    }
    for (int i = 0; i < unrolls; i++) {
        for (size_t e = 0; e < weights->count; e++) {
            float by = scale[e % weights->channels], x = weights->values[e];
            if (!(by > 0)) return refuse(weights, NULL, "has a channel of zeros, which has no scale");
            levels[e] = fabsf(by * rintf(x / by)) >= by / 2 ? sign_of(x) : 0;
        }
        if (scale_levels(weights, found, levels, scale) < 0) return -1;
    }
    return 0;
}

static int apply_ternary(const struct weights *weights, bool kernel) {
    struct arena *arena = weights->reader->arena;
    const cJSON *config = weights->quantizer->config;
    float *levels = ARENA_ARRAY(arena, float, weights->count), *scale = ARENA_ARRAY(arena, float, weights->channels);
    const char *found = scale_found(weights, kernel);
    float threshold = (float)keras_number(config, "threshold", 0.33);
    double unrolls = keras_number(config, "number_of_unrolls", 5);
    if (unrolls < 1 || unrolls > 100) return refuse(weights, NULL, "has an absurd number_of_unrolls");
    if (found) {
        if (automatic_ternary(weights, found, (int)unrolls, levels, scale) < 0) return -1;
    } else if (read_alpha(weights, scale) < 0)
        return -1;
    for (size_t e = 0; !found && e < weights->count; e++)
        levels[e] = fabsf(weights->values[e]) >= threshold ? sign_of(weights->values[e]) : 0;
    put_levels(weights, found, levels, scale);
    return 0;
}

int qkeras_quantize_constant(struct keras_reader *reader, const struct keras_layer *layer,
                             const struct qkeras_quantizer *quantizer, bool kernel, struct keras_variable *variable) {
    static const struct {
        const char *name;
        int (*apply)(const struct weights *weights, bool kernel);
    } known[] = {{"quantized_bits", apply_bits}, {"quantized_linear", apply_linear},
                 {"quantized_po2", apply_po2},   {"quantized_relu_po2", apply_relu_po2},
                 {"binary", apply_binary},       {"stochastic_binary", apply_binary},
                 {"ternary", apply_ternary},     {"stochastic_ternary", apply_ternary}};
    if (!quantizer->name || !variable->values) return 0;
    const struct shape *shape = &variable->shape;
    size_t count = shape_elements(shape);
    struct weights weights = {
        reader,           layer,           quantizer, count, shape->rank ? (size_t)shape->dim[shape->rank - 1] : 1,
        variable->values, shape->rank <= 1};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strcmp(known[i].name, quantizer->name) == 0) return known[i].apply(&weights, kernel);
    return refuse(&weights, NULL, "is not read for weights");
}

int qkeras_constant(struct keras_reader *reader, const struct keras_layer *layer, const char *member, bool kernel,
                    struct keras_variable *variable) {
    struct qkeras_quantizer quantizer;
    if (qkeras_parse(reader, layer, member, keras_member(layer->config, member), &quantizer) < 0) return -1;
    return qkeras_quantize_constant(reader, layer, &quantizer, kernel, variable);
}
