/* HGQ2's quantisers: widths from the file, arithmetic as NUMERICS has it.
 *
 * With width k + i + f above zero a quantiser is exactly a format (signed k, width k + i + f,
 * fraction f) with rounding and overflow; at or below zero it is the constant 0. */
#include "frontend/keras/keras.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { WIDTH_MAX = 100 }; /* HGQ2's own limits are 24 */

struct name_value {
    const char *name;
    int value;
};

/* S_: stochastic while training only. */
static const struct name_value rounding_modes[] = {{"RND", ROUND_HALF_UP},
                                                   {"TRN", ROUND_TRUNCATE},
                                                   {"RND_CONV", ROUND_HALF_EVEN},
                                                   {"S_RND", ROUND_HALF_UP},
                                                   {"S_RND_CONV", ROUND_HALF_EVEN},
                                                   {"TRN_ZERO", ROUND_TOWARD_ZERO},
                                                   {"RND_ZERO", ROUND_HALF_TOWARD_ZERO},
                                                   {"RND_INF", ROUND_HALF_AWAY},
                                                   {"RND_MIN_INF", ROUND_HALF_DOWN},
                                                   {NULL, 0}};
static const struct name_value overflow_modes[] = {
    {"WRAP", OVERFLOW_WRAP}, {"SAT", OVERFLOW_SATURATE}, {"SAT_SYM", OVERFLOW_SATURATE_SYMMETRIC}, {NULL, 0}};

/* HGQ2 takes them in any case and writes them as they were given. */
static int find_mode(const struct keras_reader *reader, const struct keras_layer *layer, const char *attribute,
                     const cJSON *config, const char *key, const struct name_value *modes, int *out) {
    const char *name = keras_text(config, key);
    for (; name && modes->name; modes++)
        if (strcasecmp(modes->name, name) == 0) return *out = modes->value, 0;
    return keras_error(reader, layer, attribute,
                       "the modes of ap_fixed from TRN to RND_CONV, and WRAP, SAT, SAT_SYM are read",
                       "%s '%s' is unknown", key, name ? name : "(none)");
}

/* Positions of the variables: trainable ones come first (NUMERICS). */
struct positions {
    int k, i, f, b; /* f or b is -1 */
};

static struct positions variable_positions(bool kbi, bool wrap) {
    if (kbi) return wrap ? (struct positions){1, 2, -1, 0} : (struct positions){2, 1, -1, 0};
    return wrap ? (struct positions){1, 2, 0, -1} : (struct positions){2, 0, 1, -1};
}

/* Where a quantiser stands: in the configuration, and in the file of weights. */
struct place {
    const char *name;   /* "iq" */
    const cJSON *conf;  /* NULL: nowhere */
    const char *folder; /* "layers/q_dense/iq" */
};

static int read_variable(struct keras_reader *reader, const struct keras_layer *layer, const struct place *place,
                         int position, struct keras_variable *out) {
    const char *path = arena_printf(reader->arena, "%s/quantizer/vars/%d", place->folder, position);
    if (keras_hdf5_variable(&reader->weights, path, out) < 0) return -1;
    return out->values ? 0 : keras_error(reader, layer, place->name, NULL, "the weights have no '%s'", path);
}

static int whole(float x) {
    double rounded = nearbyint((double)x);
    return rounded < -1000 ? -1000 : rounded > 1000 ? 1000 : (int)rounded;
}

static int read_widths(struct keras_reader *reader, const struct keras_layer *layer, const struct place *place,
                       struct positions at, struct keras_quantizer *out) {
    const char *name = place->name;
    struct keras_variable k, i, last;
    if (read_variable(reader, layer, place, at.k, &k) < 0 || read_variable(reader, layer, place, at.i, &i) < 0 ||
        read_variable(reader, layer, place, at.b >= 0 ? at.b : at.f, &last) < 0)
        return -1;
    if (!shape_equal(&k.shape, &i.shape) || !shape_equal(&k.shape, &last.shape))
        return keras_error(reader, layer, name, NULL, "the quantiser's variables differ in shape");
    out->shape = k.shape;
    out->count = shape_elements(&k.shape);
    out->k = ARENA_ARRAY(reader->arena, int, out->count);
    out->i = ARENA_ARRAY(reader->arena, int, out->count);
    out->f = ARENA_ARRAY(reader->arena, int, out->count);
    for (size_t e = 0; e < out->count; e++) {
        if (!isfinite(k.values[e]) || !isfinite(i.values[e]) || !isfinite(last.values[e]))
            return keras_error(reader, layer, name, NULL, "width %zu is no number", e);
        out->k[e] = k.values[e] != 0;
        out->i[e] = whole(i.values[e]);
        out->f[e] = at.b >= 0 ? whole(last.values[e]) - out->i[e] : whole(last.values[e]);
        if (abs(out->i[e]) > WIDTH_MAX || abs(out->f[e]) > WIDTH_MAX)
            return keras_error(reader, layer, name, NULL,
                               "element %zu has %d integer and %d fraction bits, which is absurd", e, out->i[e],
                               out->f[e]);
    }
    return 0;
}

static int refuse_extras(struct keras_reader *reader, const struct keras_layer *layer, const char *name,
                         const cJSON *config) {
    static const char *const extras[] = {"scaler", "affine", "bw_mapper"};
    int result = 0;
    for (int i = 0; i < 3; i++) {
        const cJSON *extra = cJSON_GetObjectItemCaseSensitive(config, extras[i]);
        if (extra && !cJSON_IsNull(extra))
            result = keras_error(reader, layer, name, "train without it", "a quantiser with %s is not read", extras[i]);
    }
    return result;
}

/* Files of before the flag have the default of their place. */
static bool is_weight(const cJSON *config) {
    const char *place = keras_text(config, "place");
    return keras_flag(config, "is_weight", place && strcmp(place, "weight") == 0);
}

static struct place place_of(struct keras_reader *reader, const struct keras_layer *layer, const char *name,
                             int number) {
    struct arena *arena = reader->arena;
    if (number < 0)
        return (struct place){name,
                              cJSON_GetObjectItemCaseSensitive(layer->config, arena_printf(arena, "%s_conf", name)),
                              arena_printf(arena, "%s/%s", layer->place.group, name)};
    const cJSON *all = cJSON_GetObjectItemCaseSensitive(layer->config, arena_printf(arena, "%s_confs", name));
    const char *folder = arena_printf(arena, "%s/%s/quantizers/quantizer", layer->place.group, name);
    return (struct place){arena_printf(arena, "%s_%d", name, number), cJSON_GetArrayItem(all, number),
                          number ? arena_printf(arena, "%s_%d", folder, number) : folder};
}

int keras_quantizer_read(struct keras_reader *reader, const struct keras_layer *layer, const char *name, int number,
                         struct keras_quantizer *out) {
    *out = (struct keras_quantizer){0};
    struct place place = place_of(reader, layer, name, number);
    name = place.name;
    const cJSON *config = cJSON_GetObjectItemCaseSensitive(place.conf, "config");
    const char *type = keras_text(config, "q_type");
    if (!type || (strcmp(type, "kbi") != 0 && strcmp(type, "kif") != 0))
        return keras_error(reader, layer, name, "kbi and kif quantisers are read",
                           "a quantiser of type '%s' has no fixed-point form", type ? type : "(none)");
    if (refuse_extras(reader, layer, name, config) < 0) return -1;
    int rounding = 0, overflow = 0;
    if (find_mode(reader, layer, name, config, "round_mode", rounding_modes, &rounding) < 0 ||
        find_mode(reader, layer, name, config, "overflow_mode", overflow_modes, &overflow) < 0)
        return -1;
    out->rounding = (enum rounding)rounding;
    out->overflow = (enum overflow)overflow;
    bool wrap = overflow == OVERFLOW_WRAP, kbi = strcmp(type, "kbi") == 0;
    out->only_rounds =
        wrap && (!kbi || rounding == ROUND_HALF_UP) && is_weight(config) && keras_flag(config, "trainable", true);
    return read_widths(reader, layer, &place, variable_positions(kbi, wrap), out);
}

/* The format of one width; width 0 for the constant 0. */
static struct format format_of(const struct keras_quantizer *quantizer, size_t e) {
    int width = quantizer->k[e] + quantizer->i[e] + quantizer->f[e];
    if (width <= 0) return (struct format){false, 0, 0};
    return (struct format){quantizer->k[e] != 0, (int16_t)width, (int16_t)quantizer->f[e]};
}

/* As HGQ2 does it, every step in binary32. */
static float round_binary32(float x, enum rounding rounding) {
    switch (rounding) {
    case ROUND_TRUNCATE: return floorf(x);
    case ROUND_TOWARD_ZERO: return truncf(x);
    case ROUND_HALF_UP: return floorf(x + 0.5f);
    case ROUND_HALF_TOWARD_ZERO: return copysignf(ceilf(fabsf(x) - 0.5f), x);
    case ROUND_HALF_AWAY: return copysignf(floorf(fabsf(x) + 0.5f), x);
    case ROUND_HALF_DOWN: return ceilf(x - 0.5f);
    default: return rintf(x);
    }
}

static float to_grid(float x, int fraction, enum rounding rounding) {
    float scale = ldexpf(1, fraction);
    return round_binary32(x * scale, rounding) / scale;
}

static float clamp(float x, int k, int i, int f, bool symmetric) {
    float high = ldexpf(1, i) - ldexpf(1, -f), low = k ? symmetric ? -high : -ldexpf(1, i) : 0;
    return x > high ? high : x < low ? low : x;
}

static float wrap_around(float x, int k, int i) {
    float period = ldexpf(1, i + k), half = k ? period / 2 : 0, rest = fmodf(x + half, period);
    return (rest < 0 ? rest + period : rest) - half;
}

static float quantize(const struct keras_quantizer *quantizer, size_t e, float x) {
    int k = quantizer->k[e], f = quantizer->f[e], i = quantizer->i[e] > -f ? quantizer->i[e] : -f;
    if (quantizer->only_rounds) return to_grid(x, f, quantizer->rounding);
    if (k + quantizer->i[e] + f <= 0) return 0;
    if (quantizer->overflow == OVERFLOW_WRAP) return wrap_around(to_grid(x, f, quantizer->rounding), k, i);
    return to_grid(clamp(x, k, i, f, quantizer->overflow == OVERFLOW_SATURATE_SYMMETRIC), f, quantizer->rounding);
}

void keras_quantize_constant(const struct keras_quantizer *quantizer, const struct shape *shape, float *values) {
    size_t count = shape_elements(shape);
    for (size_t e = 0; e < count; e++)
        values[e] = quantize(quantizer, shape_project(shape, e, &quantizer->shape), values[e]);
}

valref keras_quantize_value(struct keras_reader *reader, const struct keras_layer *layer, const char *name,
                            const struct keras_quantizer *quantizer, valref value) {
    if (quantizer->only_rounds) {
        keras_error(reader, layer, name, "train with is_weight=False here",
                    "an activation has a weight's quantiser, which wraps without a range");
        return NO_VALUE;
    }
    union attributes attributes = {.quantizer = {.rounding = quantizer->rounding, .overflow = quantizer->overflow}};
    struct formats *formats = &attributes.quantizer.formats;
    formats->shape = quantizer->shape;
    formats->at = ARENA_ARRAY(reader->arena, struct format, quantizer->count);
    for (size_t e = 0; e < quantizer->count; e++) {
        formats->at[e] = format_of(quantizer, e);
        if (formats->at[e].width > 62) {
            keras_error(reader, layer, name, "train with fewer bits", "width %d of element %zu is above 62 bits",
                        formats->at[e].width, e);
            return NO_VALUE;
        }
    }
    return graph_append(reader->graph, OP_NARROW, arena_printf(reader->arena, "%s.%s", layer->name, name), &value, 1,
                        &attributes);
}
