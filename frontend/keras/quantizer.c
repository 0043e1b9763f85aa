/* HGQ2's quantisers: widths from the file, arithmetic as NUMERICS has it.
 *
 * With width k + i + f above zero a quantiser is exactly a format (signed k, width k + i + f,
 * fraction f) with rounding and overflow; at or below zero it is the constant 0. */
#include "frontend/keras/keras.h"

#include <math.h>
#include <string.h>

struct name_value {
    const char *name;
    int value;
};

static const struct name_value rounding_modes[] = {{"RND", ROUND_HALF_UP}, {"TRN", ROUND_TRUNCATE}, {"RND_CONV", ROUND_HALF_EVEN},
                                                   {"S_RND", ROUND_HALF_UP}, {"S_RND_CONV", ROUND_HALF_EVEN}, {NULL, 0}};
static const struct name_value overflow_modes[] = {{"WRAP", OVERFLOW_WRAP}, {"SAT", OVERFLOW_SATURATE}, {"SAT_SYM", OVERFLOW_SATURATE_SYMMETRIC},
                                                   {"SYM", OVERFLOW_SATURATE_SYMMETRIC}, {NULL, 0}};

static int find_mode(const struct keras_reader *reader, const struct keras_layer *layer, const char *attribute, const cJSON *config,
                     const char *key, const struct name_value *modes, int *out) {
    const char *name = keras_text(config, key);
    for (; name && modes->name; modes++)
        if (strcmp(modes->name, name) == 0) return *out = modes->value, 0;
    return keras_error(reader, layer, attribute, "RND, TRN, RND_CONV; WRAP, SAT, SAT_SYM are read", "%s '%s' is unknown", key, name ? name : "(none)");
}

/* Positions of the variables: trainable ones come first (NUMERICS). */
struct positions {
    int k, i, f, b; /* f or b is -1 */
};

static struct positions variable_positions(bool kbi, bool wrap) {
    if (kbi) return wrap ? (struct positions){1, 2, -1, 0} : (struct positions){2, 1, -1, 0};
    return wrap ? (struct positions){1, 2, 0, -1} : (struct positions){2, 0, 1, -1};
}

static int read_variable(struct keras_reader *reader, const struct keras_layer *layer, const char *name, int position, struct keras_variable *out) {
    const char *path = arena_printf(reader->arena, "%s/%s/quantizer/vars/%d", layer->group, name, position);
    if (keras_weights_read(reader, path, out) < 0) return -1;
    return out->values ? 0 : keras_error(reader, layer, name, NULL, "the weights have no '%s'", path);
}

static int whole(float x) {
    double rounded = nearbyint((double)x);
    return rounded < -1000 ? -1000 : rounded > 1000 ? 1000 : (int)rounded;
}

static int read_widths(struct keras_reader *reader, const struct keras_layer *layer, const char *name, struct positions at, struct keras_quantizer *out) {
    struct keras_variable k, i, last;
    if (read_variable(reader, layer, name, at.k, &k) < 0 || read_variable(reader, layer, name, at.i, &i) < 0 ||
        read_variable(reader, layer, name, at.b >= 0 ? at.b : at.f, &last) < 0) return -1;
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
    }
    return 0;
}

int keras_quantizer_read(struct keras_reader *reader, const struct keras_layer *layer, const char *name, struct keras_quantizer *out) {
    *out = (struct keras_quantizer){0};
    const cJSON *conf = cJSON_GetObjectItemCaseSensitive(layer->config, arena_printf(reader->arena, "%s_conf", name));
    const cJSON *config = cJSON_GetObjectItemCaseSensitive(conf, "config");
    const char *type = keras_text(config, "q_type");
    if (!type || (strcmp(type, "kbi") != 0 && strcmp(type, "kif") != 0))
        return keras_error(reader, layer, name, "kbi and kif quantisers are read", "a quantiser of type '%s' has no fixed-point form", type ? type : "(none)");
    const cJSON *scaler = cJSON_GetObjectItemCaseSensitive(config, "scaler");
    if (scaler && !cJSON_IsNull(scaler)) return keras_error(reader, layer, name, "train without a scaler", "quantisers with a scaler are not read");
    int rounding, overflow;
    if (find_mode(reader, layer, name, config, "round_mode", rounding_modes, &rounding) < 0 ||
        find_mode(reader, layer, name, config, "overflow_mode", overflow_modes, &overflow) < 0) return -1;
    out->rounding = (enum rounding)rounding;
    out->overflow = (enum overflow)overflow;
    bool wrap = overflow == OVERFLOW_WRAP;
    out->only_rounds = wrap && rounding == ROUND_HALF_UP && keras_flag(config, "is_weight", false);
    return read_widths(reader, layer, name, variable_positions(strcmp(type, "kbi") == 0, wrap), out);
}

/* The format of one width; width 0 for the constant 0. */
static struct format format_of(const struct keras_quantizer *quantizer, size_t e) {
    int width = quantizer->k[e] + quantizer->i[e] + quantizer->f[e];
    if (width <= 0) return (struct format){false, 0, 0};
    return (struct format){quantizer->k[e] != 0, (int16_t)width, (int16_t)quantizer->f[e]};
}

/* Without a sign, symmetric saturation ends at 0 as the ordinary one does. */
static enum overflow overflow_of(const struct keras_quantizer *quantizer, struct format format) {
    bool symmetric = quantizer->overflow == OVERFLOW_SATURATE_SYMMETRIC;
    return symmetric && !format.is_signed ? OVERFLOW_SATURATE : quantizer->overflow;
}

static float quantize(const struct keras_quantizer *quantizer, size_t e, float x) {
    if (quantizer->only_rounds) return (float)ldexp(floor(ldexp((double)x, quantizer->f[e]) + 0.5), -quantizer->f[e]);
    struct format format = format_of(quantizer, e);
    int64_t stored;
    if (format.width == 0 || format.width > 63) return format.width ? x : 0;
    fixed_from_real((double)x, format, quantizer->rounding, overflow_of(quantizer, format), &stored);
    return (float)fixed_to_real(stored, format.fraction);
}

void keras_quantize_constant(const struct keras_quantizer *quantizer, const struct shape *shape, float *values) {
    size_t count = shape_elements(shape);
    for (size_t e = 0; e < count; e++) values[e] = quantize(quantizer, shape_project(shape, e, &quantizer->shape), values[e]);
}

valref keras_quantize_value(struct keras_reader *reader, const struct keras_layer *layer, const char *name,
                            const struct keras_quantizer *quantizer, valref value) {
    union attributes attributes = {.quantizer = {.rounding = quantizer->rounding, .overflow = quantizer->overflow}};
    struct formats *formats = &attributes.quantizer.formats;
    formats->shape = quantizer->shape;
    formats->at = ARENA_ARRAY(reader->arena, struct format, quantizer->count);
    for (size_t e = 0; e < quantizer->count; e++) {
        formats->at[e] = format_of(quantizer, e);
        if (formats->at[e].width > 62) {
            keras_error(reader, layer, name, "train with fewer bits", "width %d of element %zu is above 62 bits", formats->at[e].width, e);
            return NO_VALUE;
        }
    }
    return graph_append(reader->graph, OP_NARROW, arena_printf(reader->arena, "%s.%s", layer->name, name), &value, 1, &attributes);
}
