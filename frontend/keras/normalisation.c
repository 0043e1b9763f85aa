/* Layers that scale and shift: by what training saw, by the item's own mean and variance, by constants. */
#include "frontend/keras/qkeras.h"

#include <math.h>
#include <string.h>

/* A shape of ones but for an axis, or several (a set of bits), as the input has them. */
static struct shape along(const struct shape *input, unsigned axes) {
    struct shape shape = *input;
    for (int axis = 0; axis < shape.rank; axis++)
        if (!(axes >> axis & 1)) shape.dim[axis] = 1;
    return shape;
}

/* x * scale + shift; either may be NULL. */
static valref scale_and_shift(const struct keras_layer *layer, valref value, struct shape shape, const float *scale,
                              const float *shift) {
    if (scale) {
        valref operands[2] = {value, layer_reals(&layer->nodes, "scale", shape, scale)};
        value = layer_node(&layer->nodes, OP_MUL, shift ? "scaled" : NULL, operands, 2, NULL);
    }
    if (!shift || valref_equal(value, NO_VALUE)) return value;
    valref operands[2] = {value, layer_reals(&layer->nodes, "shift", shape, shift)};
    return layer_node(&layer->nodes, OP_ADD, NULL, operands, 2, NULL);
}

/* The axes of the configuration as bits; fallback where there are none. 0 and a diagnosis. */
static unsigned axes_of(struct keras_reader *reader, const struct keras_layer *layer, double fallback) {
    int64_t axes[SHAPE_RANK_MAX];
    int count = keras_integers(reader, layer, "axis", axes, SHAPE_RANK_MAX);
    unsigned set = 0;
    if (count == 0) axes[0] = (int64_t)fallback;
    for (int i = 0; i < (count > 0 ? count : count + 1); i++) {
        int axis = keras_axis(reader, layer, "axis", (double)axes[i], keras_shape(layer, 0)->rank);
        if (axis < 0) return 0;
        set |= 1u << axis;
    }
    return set;
}

/* ---- BatchNormalization ---- */

static const float *vector_or(struct arena *arena, const struct keras_variable *variable, size_t count,
                              float otherwise) {
    if (variable) return variable->values;
    float *values = ARENA_ARRAY(arena, float, count);
    for (size_t i = 0; i < count; i++) values[i] = otherwise;
    return values;
}

/* QKeras has a quantiser for each. */
static int quantise_statistics(struct keras_reader *reader, const struct keras_layer *layer,
                               struct keras_variables *variables, bool has_gamma, bool has_beta) {
    int next = 0;
    if (has_gamma && qkeras_constant(reader, layer, "gamma_quantizer", true, &variables->at[next++]) < 0) return -1;
    if (has_beta && qkeras_constant(reader, layer, "beta_quantizer", false, &variables->at[next++]) < 0) return -1;
    if (qkeras_constant(reader, layer, "mean_quantizer", false, &variables->at[next++]) < 0) return -1;
    return qkeras_constant(reader, layer, "variance_quantizer", true, &variables->at[next]);
}

static const char *const statistics[] = {"gamma", "beta", "moving mean", "moving variance"};

/* One number a channel of each. */
static int check_statistics(struct keras_reader *reader, const struct keras_layer *layer,
                            const struct keras_variables *variables, size_t channels) {
    for (int i = 0; i < variables->count; i++)
        if (shape_elements(&variables->at[i].shape) != channels)
            return keras_error(reader, layer, NULL, "are these the weights of this very model?",
                               "variable %d has %zu numbers where the input has %zu channels", i,
                               shape_elements(&variables->at[i].shape), channels);
    return 0;
}

/* As Keras computes: scale = gamma / sqrt(variance + epsilon), shift = beta - mean * scale. */
valref keras_normalise_batch(struct keras_reader *reader, struct keras_layer *layer,
                             const struct keras_variables *variables) {
    unsigned axes = axes_of(reader, layer, -1);
    if (!axes) return NO_VALUE;
    struct shape shape = along(keras_shape(layer, 0), axes);
    size_t channels = shape_elements(&shape);
    if (check_statistics(reader, layer, variables, channels) < 0) return NO_VALUE;
    bool has_gamma = keras_flag(layer->config, "scale", true), has_beta = keras_flag(layer->config, "center", true);
    const float *gamma = vector_or(reader->arena, has_gamma ? &variables->at[0] : NULL, channels, 1),
                *beta = vector_or(reader->arena, has_beta ? &variables->at[has_gamma] : NULL, channels, 0),
                *mean = variables->at[variables->count - 2].values,
                *variance = variables->at[variables->count - 1].values;
    float *scale = ARENA_ARRAY(reader->arena, float, channels), *shift = ARENA_ARRAY(reader->arena, float, channels);
    float epsilon = (float)keras_number(layer->config, "epsilon", 1e-3);
    for (size_t c = 0; c < channels; c++) {
        float inverse = 1 / sqrtf(variance[c] + epsilon);
        scale[c] = inverse * gamma[c];
        float moved = mean[c] * scale[c];
        shift[c] = beta[c] - moved;
    }
    return scale_and_shift(layer, layer->inputs[0], shape, scale, shift);
}

valref keras_read_batch_normalization(struct keras_reader *reader, struct keras_layer *layer) {
    struct keras_variables variables;
    bool has_gamma = keras_flag(layer->config, "scale", true), has_beta = keras_flag(layer->config, "center", true);
    const char *names[4];
    int count = 0;
    for (int i = 0; i < 4; i++)
        if ((i != 0 || has_gamma) && (i != 1 || has_beta)) names[count++] = statistics[i];
    if (keras_variables_expect(reader, layer, &layer->place, names, count, &variables) < 0 ||
        quantise_statistics(reader, layer, &variables, has_gamma, has_beta) < 0)
        return NO_VALUE;
    return keras_normalise_batch(reader, layer, &variables);
}

/* ---- LayerNormalization ---- */

static valref both(const struct keras_layer *layer, enum op op, const char *part, valref a, valref b) {
    return layer_node(&layer->nodes, op, part, (const valref[]){a, b}, 2, NULL);
}

valref keras_read_layer_normalization(struct keras_reader *reader, struct keras_layer *layer) {
    const char *names[2];
    struct keras_variables variables;
    unsigned axes = axes_of(reader, layer, -1);
    bool root_mean_square = keras_flag(layer->config, "rms_scaling", false);
    bool has_gamma = keras_flag(layer->config, "scale", true) || root_mean_square,
         has_beta = keras_flag(layer->config, "center", true) && !root_mean_square;
    int count = 0;
    if (has_gamma) names[count++] = "gamma";
    if (has_beta) names[count++] = "beta";
    if (!axes) return NO_VALUE;
    if (count && keras_variables_expect(reader, layer, &layer->place, names, count, &variables) < 0) return NO_VALUE;
    struct shape shape = along(keras_shape(layer, 0), axes);
    for (int i = 0; i < count; i++)
        if (shape_elements(&variables.at[i].shape) != shape_elements(&shape))
            return keras_refuse(reader, layer, NULL, NULL, "the %s does not fit the input", names[i]);
    float epsilon = (float)keras_number(layer->config, "epsilon", 1e-3);
    const struct event_normalisation normalisation = {
        .axes = axes,
        .centred = !root_mean_square,
        .epsilon = epsilon,
        .scale = has_gamma ? layer_reals(&layer->nodes, "gamma", shape, variables.at[0].values) : NO_VALUE,
        .bias = has_beta ? layer_reals(&layer->nodes, "beta", shape, variables.at[has_gamma].values) : NO_VALUE};
    return layer_normalise(&layer->nodes, &normalisation, layer->inputs[0], NULL);
}

/* ---- by constants ---- */

/* Numbers of a configuration, one or nested lists of them. */
static size_t collect_numbers(const cJSON *json, float *out, size_t count, size_t most) {
    if (cJSON_IsNumber(json)) {
        if (count < most) out[count] = (float)json->valuedouble;
        return count + 1;
    }
    if (cJSON_IsObject(json)) /* an array of numpy */
        return collect_numbers(keras_member(keras_member(json, "config"), "value"), out, count, most);
    for (const cJSON *item = cJSON_IsArray(json) ? json->child : NULL; item; item = item->next)
        count = collect_numbers(item, out, count, most);
    return count;
}

static int numbers_of(struct keras_reader *reader, const struct keras_layer *layer, const char *key, size_t count,
                      float *out) {
    size_t got = collect_numbers(keras_member(layer->config, key), out, 0, count);
    if (got == count) return 0;
    if (got != 1)
        return keras_error(reader, layer, key, NULL, "%zu numbers are given where %zu are needed", got, count);
    for (size_t i = 1; i < count; i++) out[i] = out[0];
    return 0;
}

/* (x - mean) / max(sqrt(variance), 1e-7), or back. */
static valref apply_normalization(struct keras_reader *reader, const struct keras_layer *layer, struct shape shape,
                                  const float *mean, const float *variance) {
    size_t count = shape_elements(&shape);
    float *minus = ARENA_ARRAY(reader->arena, float, count), *deviation = ARENA_ARRAY(reader->arena, float, count);
    bool invert = keras_flag(layer->config, "invert", false);
    for (size_t i = 0; i < count; i++) {
        minus[i] = -mean[i];
        deviation[i] = fmaxf(sqrtf(variance[i]), 1e-7f);
    }
    valref x = layer->inputs[0], by = layer_reals(&layer->nodes, "deviation", shape, deviation);
    if (invert) {
        x = both(layer, OP_MUL, "scaled", x, by);
        return both(layer, OP_ADD, NULL, x, layer_reals(&layer->nodes, "mean", shape, mean));
    }
    x = both(layer, OP_ADD, "centred", x, layer_reals(&layer->nodes, "minus_mean", shape, minus));
    return both(layer, OP_DIV, NULL, x, by);
}

/* Mean and variance of the configuration, or of the adapted layer's variables. */
valref keras_read_normalization(struct keras_reader *reader, struct keras_layer *layer) {
    struct keras_variables variables = {.count = 0};
    const cJSON *axis = cJSON_GetObjectItemCaseSensitive(layer->config, "axis");
    unsigned axes = cJSON_IsNull(axis) ? 0 : axes_of(reader, layer, -1);
    if (!axes && !cJSON_IsNull(axis)) return NO_VALUE;
    struct shape shape = along(keras_shape(layer, 0), axes);
    size_t count = shape_elements(&shape);
    float *mean = ARENA_ARRAY(reader->arena, float, count), *variance = ARENA_ARRAY(reader->arena, float, count);
    if (keras_member(layer->config, "mean")) {
        if (numbers_of(reader, layer, "mean", count, mean) < 0 ||
            numbers_of(reader, layer, "variance", count, variance) < 0)
            return NO_VALUE;
        return apply_normalization(reader, layer, shape, mean, variance);
    }
    if (keras_variables_read(reader, layer, &layer->place, &variables) < 0) return NO_VALUE;
    for (int i = 0; i < 2; i++)
        if (!variables.at[i].values || shape_elements(&variables.at[i].shape) != count)
            return keras_refuse(reader, layer, NULL, "adapt it before the model is saved",
                                "the weights have no mean and variance of %zu numbers", count);
    return apply_normalization(reader, layer, shape, variables.at[0].values, variables.at[1].values);
}

/* x * scale + offset, for each channel where they are lists. */
valref keras_read_rescaling(struct keras_reader *reader, struct keras_layer *layer) {
    const struct shape *input = keras_shape(layer, 0);
    bool several =
        cJSON_IsArray(keras_member(layer->config, "scale")) || cJSON_IsArray(keras_member(layer->config, "offset"));
    struct shape shape = several ? along(input, 1u << (input->rank - 1)) : (struct shape){0};
    size_t count = shape_elements(&shape);
    float *scale = ARENA_ARRAY(reader->arena, float, count), *offset = ARENA_ARRAY(reader->arena, float, count);
    if (numbers_of(reader, layer, "scale", count, scale) < 0) return NO_VALUE;
    if (keras_member(layer->config, "offset") && numbers_of(reader, layer, "offset", count, offset) < 0)
        return NO_VALUE;
    return scale_and_shift(layer, layer->inputs[0], shape, scale, offset);
}
