/* HGQ2's quantisers: widths from the file, arithmetic as NUMERICS has it.
 *
 * With width k + i + f above zero a quantiser is exactly a format (signed k, width k + i + f,
 * fraction f) with rounding and overflow; at or below zero it is the constant 0. */
#include "frontend/keras/hgq.h"

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
                     const char *key, const char *name, const struct name_value *modes, int *out) {
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

static int read_variable(struct keras_reader *reader, const struct keras_layer *layer, const struct hgq_site *site,
                         int position, struct keras_variable *out) {
    const char *path = arena_printf(reader->arena, "%s%s/vars/%d", site->folder,
                                    site->given == HGQ_GIVEN_ALL ? "" : "/quantizer", position);
    if (keras_hdf5_variable(&reader->weights, path, out) < 0) return -1;
    return out->values ? 0 : keras_error(reader, layer, site->name, NULL, "the weights have no '%s'", path);
}

static int whole(float x) {
    double rounded = nearbyint((double)x);
    return rounded < -1000 ? -1000 : rounded > 1000 ? 1000 : (int)rounded;
}

static bool is_whole(float x) {
    return nearbyintf(x) == x;
}

static int read_widths(struct keras_reader *reader, const struct keras_layer *layer, const struct hgq_site *site,
                       struct positions at, struct hgq_quantizer *out) {
    const char *name = site->name;
    struct keras_variable k, i, last;
    if (read_variable(reader, layer, site, at.k, &k) < 0 || read_variable(reader, layer, site, at.i, &i) < 0 ||
        read_variable(reader, layer, site, at.b >= 0 ? at.b : at.f, &last) < 0)
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
        if (site->given == HGQ_GIVEN_ALL && (!is_whole(i.values[e]) || !is_whole(last.values[e])))
            return keras_error(reader, layer, name, "train with whole numbers of bits", "width %zu is no whole number",
                               e);
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

/* Files of before the flag have the default of their place. */
static bool is_weight(const cJSON *config) {
    const char *place = keras_text(config, "place");
    return keras_flag(config, "is_weight", place && strcmp(place, "weight") == 0);
}

struct hgq_site hgq_site_inside(struct keras_reader *reader, const struct keras_layer *layer, const char *name,
                                const char *folder, const char *member) {
    return (struct hgq_site){.name = name,
                             .conf = keras_member(layer->config, member),
                             .folder = arena_printf(reader->arena, "%s/%s", layer->place.group, folder)};
}

struct hgq_site hgq_site(struct keras_reader *reader, const struct keras_layer *layer, const char *name) {
    return hgq_site_inside(reader, layer, name, name, arena_printf(reader->arena, "%s_conf", name));
}

/* Configurations of these classes leave out what is always the same. */
static int find_modes(const struct keras_reader *reader, const struct keras_layer *layer, const struct hgq_site *site,
                      struct hgq_quantizer *out) {
    const char *class_name = keras_text(site->conf, "class_name");
    const cJSON *config = keras_member(site->conf, "config");
    bool hard_tanh = class_name && strcmp(class_name, "HardTanhConfig") == 0,
         hard_sigmoid = class_name && strcmp(class_name, "HardSigmoidConfig") == 0;
    int rounding = 0, overflow = OVERFLOW_SATURATE;
    if (find_mode(reader, layer, site->name, "round_mode", keras_text(config, "round_mode"), rounding_modes,
                  &rounding) < 0)
        return -1;
    if (!hard_tanh && !hard_sigmoid &&
        find_mode(reader, layer, site->name, "overflow_mode", keras_text(config, "overflow_mode"), overflow_modes,
                  &overflow) < 0)
        return -1;
    out->rounding = (enum rounding)rounding;
    out->overflow = (enum overflow)overflow;
    if (hard_sigmoid) out->factor = 0.25f, out->summand = 0.5f;
    return 0;
}

/* What is done to numbers before and behind; of the noise of training nothing is left. */
static int find_scales(const struct keras_reader *reader, const struct keras_layer *layer, const struct hgq_site *site,
                       struct hgq_quantizer *out) {
    const cJSON *config = keras_member(site->conf, "config"), *affine = keras_member(config, "affine");
    out->scaler = (float)keras_number(config, "scaler", 1);
    out->factor = 1;
    if (affine &&
        !(cJSON_GetArraySize(affine) == 2 && cJSON_IsNumber(affine->child) && cJSON_IsNumber(affine->child->next)))
        return keras_error(reader, layer, site->name, NULL, "affine is no pair of factor and summand");
    if (affine) out->factor = (float)affine->child->valuedouble;
    if (affine) out->summand = (float)affine->child->next->valuedouble;
    if (isfinite(out->scaler) && out->scaler != 0 && isfinite(out->factor) && isfinite(out->summand)) return 0;
    return keras_error(reader, layer, site->name, NULL, "its scale is no number to divide by");
}

/* Whole numbers, of which the fixed quantiser never has fewer than none: at least -f integer bits. */
static int read_given_widths(struct keras_reader *reader, const struct keras_layer *layer, const struct hgq_site *site,
                             struct hgq_quantizer *out) {
    if (read_widths(reader, layer, site, (struct positions){0, 1, 2, -1}, out) < 0) return -1;
    for (size_t e = 0; e < out->count; e++)
        if (out->i[e] < -out->f[e]) out->i[e] = -out->f[e];
    return 0;
}

static int read_given(struct keras_reader *reader, const struct keras_layer *layer, const struct hgq_site *site,
                      struct hgq_quantizer *out) {
    int rounding = 0, overflow = 0;
    if (find_mode(reader, layer, site->name, "round_mode", site->rounding, rounding_modes, &rounding) < 0 ||
        find_mode(reader, layer, site->name, "overflow_mode", site->overflow, overflow_modes, &overflow) < 0)
        return -1;
    out->rounding = (enum rounding)rounding;
    out->overflow = (enum overflow)overflow;
    if (site->given == HGQ_GIVEN_ALL) return read_given_widths(reader, layer, site, out);
    out->only_rounds = site->of_weight && out->overflow == OVERFLOW_WRAP;
    return read_widths(reader, layer, site, variable_positions(false, out->overflow == OVERFLOW_WRAP), out);
}

int hgq_quantizer_read(struct keras_reader *reader, const struct keras_layer *layer, const struct hgq_site *site,
                       struct hgq_quantizer *out) {
    *out = (struct hgq_quantizer){.scaler = 1, .factor = 1};
    if (site->given) return read_given(reader, layer, site, out);
    const cJSON *config = keras_member(site->conf, "config");
    const char *type = keras_text(config, "q_type");
    if (find_scales(reader, layer, site, out) < 0) return -1;
    out->identity = type && strcmp(type, "dummy") == 0;
    if (out->identity) return 0;
    if (!type || (strcmp(type, "kbi") != 0 && strcmp(type, "kif") != 0))
        return keras_error(reader, layer, site->name, "kbi and kif quantisers are read",
                           "a quantiser of type '%s' has no fixed-point form", type ? type : "(none)");
    if (keras_member(config, "bw_mapper"))
        return keras_error(reader, layer, site->name, "say by homogeneous_axis which numbers share a width",
                           "a quantiser with bw_mapper is not read");
    if (find_modes(reader, layer, site, out) < 0) return -1;
    bool wrap = out->overflow == OVERFLOW_WRAP, kbi = strcmp(type, "kbi") == 0;
    out->only_rounds =
        wrap && (!kbi || out->rounding == ROUND_HALF_UP) && is_weight(config) && keras_flag(config, "trainable", true);
    return read_widths(reader, layer, site, variable_positions(kbi, wrap), out);
}

int hgq_quantizer_read_plain(struct keras_reader *reader, const struct keras_layer *layer, const struct hgq_site *site,
                             struct hgq_quantizer *out) {
    if (hgq_quantizer_read(reader, layer, site, out) < 0) return -1;
    if (!out->identity && out->scaler == 1 && out->factor == 1 && out->summand == 0) return 0;
    return keras_error(reader, layer, site->name, "train with a plain quantiser there",
                       "a table behind a quantiser that scales, or that does nothing, is not read");
}

struct format hgq_format(const struct hgq_quantizer *quantizer, size_t e) {
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

static float quantize(const struct hgq_quantizer *quantizer, size_t e, float x) {
    int k = quantizer->k[e], f = quantizer->f[e], i = quantizer->i[e] > -f ? quantizer->i[e] : -f;
    if (quantizer->only_rounds) return to_grid(x, f, quantizer->rounding);
    if (k + quantizer->i[e] + f <= 0) return 0;
    if (quantizer->overflow == OVERFLOW_WRAP) return wrap_around(to_grid(x, f, quantizer->rounding), k, i);
    return to_grid(clamp(x, k, i, f, quantizer->overflow == OVERFLOW_SATURATE_SYMMETRIC), f, quantizer->rounding);
}

/* ---- constants ---- */

static int check_shape(const struct keras_reader *reader, const struct keras_layer *layer, const struct hgq_site *site,
                       const struct hgq_quantizer *quantizer, const struct shape *shape) {
    struct shape out;
    if (quantizer->identity || (shape_broadcast(shape, &quantizer->shape, &out) && shape_equal(&out, shape))) return 0;
    return keras_error(reader, layer, site->name, NULL, "the quantiser's shape does not fit what it quantises");
}

int hgq_quantize_constant(struct keras_reader *reader, const struct keras_layer *layer, const struct hgq_site *site,
                          struct keras_variable *variable) {
    struct hgq_quantizer quantizer;
    const struct shape *shape = &variable->shape;
    if (!site->conf && !site->given) return 0;
    if (hgq_quantizer_read(reader, layer, site, &quantizer) < 0 ||
        check_shape(reader, layer, site, &quantizer, shape) < 0)
        return -1;
    size_t count = shape_elements(shape);
    for (size_t e = 0; e < count; e++) {
        float x = variable->values[e] / quantizer.scaler;
        if (!quantizer.identity) x = quantize(&quantizer, shape_project(shape, e, &quantizer.shape), x);
        x *= quantizer.scaler;
        x *= quantizer.factor;
        variable->values[e] = x + quantizer.summand;
    }
    return 0;
}

/* ---- values ---- */

static valref with_number(const struct keras_layer *layer, enum op op, const char *part, valref value, float number,
                          float neutral) {
    if (number == neutral || valref_equal(value, NO_VALUE)) return value;
    const char *constant = arena_printf(layer->nodes.arena, "%s.number", part);
    const valref operands[2] = {value, layer_reals(&layer->nodes, constant, (struct shape){0}, &number)};
    return layer_node(&layer->nodes, op, part, operands, 2, NULL);
}

static valref append_narrow(struct keras_reader *reader, const struct keras_layer *layer, const struct hgq_site *site,
                            const struct hgq_quantizer *quantizer, valref value) {
    union attributes attributes = {.quantizer = {.rounding = quantizer->rounding, .overflow = quantizer->overflow}};
    struct formats *formats = &attributes.quantizer.formats;
    formats->shape = quantizer->shape;
    formats->at = ARENA_ARRAY(reader->arena, struct format, quantizer->count);
    for (size_t e = 0; e < quantizer->count; e++) {
        formats->at[e] = hgq_format(quantizer, e);
        if (formats->at[e].width > 62)
            return keras_refuse(reader, layer, site->name, "train with fewer bits",
                                "width %d of element %zu is above 62 bits", formats->at[e].width, e);
    }
    return layer_node(&layer->nodes, OP_NARROW, site->name, &value, 1, &attributes);
}

valref hgq_quantize_by(struct keras_reader *reader, const struct keras_layer *layer, const struct hgq_site *site,
                       const struct hgq_quantizer *quantizer, valref value) {
    struct arena *arena = reader->arena;
    if (valref_equal(value, NO_VALUE) ||
        check_shape(reader, layer, site, quantizer, layer_shape(&layer->nodes, value)) < 0)
        return NO_VALUE;
    if (quantizer->only_rounds)
        return keras_refuse(reader, layer, site->name, "train with is_weight=False here",
                            "an activation has a weight's quantiser, which wraps without a range");
    value = with_number(layer, OP_DIV, arena_printf(arena, "%s.scaled", site->name), value, quantizer->scaler, 1);
    if (!quantizer->identity) value = append_narrow(reader, layer, site, quantizer, value);
    value = with_number(layer, OP_MUL, arena_printf(arena, "%s.unscaled", site->name), value, quantizer->scaler, 1);
    value = with_number(layer, OP_MUL, arena_printf(arena, "%s.factor", site->name), value, quantizer->factor, 1);
    return with_number(layer, OP_ADD, arena_printf(arena, "%s.summand", site->name), value, quantizer->summand, 0);
}

valref hgq_quantize(struct keras_reader *reader, const struct keras_layer *layer, const struct hgq_site *site,
                    valref value) {
    struct hgq_quantizer quantizer;
    if ((!site->conf && !site->given) || valref_equal(value, NO_VALUE)) return value;
    if (hgq_quantizer_read(reader, layer, site, &quantizer) < 0) return NO_VALUE;
    return hgq_quantize_by(reader, layer, site, &quantizer, value);
}
