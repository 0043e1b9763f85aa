/* HGQ2's QBatchNormalization: a quantised factor and a quantised offset for each channel. */
#include "frontend/keras/hgq.h"

#include <math.h>

/* In binary32: gamma / sqrt(var + epsilon), and beta - mean * factor. Without center HGQ2 has a beta of 1. */
static void factors_and_offsets(const struct keras_variables *variables, bool has_gamma, bool has_beta, float epsilon,
                                struct keras_variable *factor, struct keras_variable *offset) {
    const struct keras_variable *gamma = &variables->at[0], *beta = &variables->at[has_gamma],
                                *mean = &variables->at[has_gamma + has_beta], *variance = mean + 1;
    for (int64_t c = 0; c < mean->shape.dim[0]; c++) {
        factor->values[c] = (has_gamma ? gamma->values[c] : 1.0f) / sqrtf(variance->values[c] + epsilon);
        float shift = mean->values[c] * factor->values[c];
        offset->values[c] = (has_beta ? beta->values[c] : 1.0f) - shift;
    }
}

/* The numbers along their axis. */
static valref along(const struct keras_layer *layer, const char *part, int axis, const struct keras_variable *numbers) {
    struct shape shape = {.rank = keras_shape(layer, 0)->rank - axis, .dim = {numbers->shape.dim[0]}};
    for (int i = 1; i < shape.rank; i++) shape.dim[i] = 1;
    return layer_reals(&layer->nodes, part, shape, numbers->values);
}

valref hgq_read_batch_normalization(struct keras_reader *reader, struct keras_layer *layer) {
    const char *names[4];
    int count = 0;
    bool has_gamma = keras_flag(layer->config, "scale", true), has_beta = keras_flag(layer->config, "center", true);
    if (has_gamma) names[count++] = "gamma";
    if (has_beta) names[count++] = "beta";
    names[count++] = "mean";
    names[count++] = "variance";
    struct keras_variables variables;
    int axis = keras_axis(reader, layer, "axis", keras_number(layer->config, "axis", -1), keras_shape(layer, 0)->rank);
    if (axis < 0 || hgq_variables(reader, layer, names, count, &variables) < 0) return NO_VALUE;
    int64_t channels = keras_shape(layer, 0)->dim[axis];
    for (int i = 0; i < count; i++)
        if (!keras_is_vector(&variables.at[i], channels))
            return keras_refuse(reader, layer, NULL, NULL, "its %s has not one number a channel", names[i]);
    const struct shape vector = {1, {channels}};
    struct keras_variable factor = {vector, ARENA_ARRAY(reader->arena, float, channels)},
                          offset = {vector, ARENA_ARRAY(reader->arena, float, channels)};
    factors_and_offsets(&variables, has_gamma, has_beta, (float)keras_number(layer->config, "epsilon", 1e-3), &factor,
                        &offset);
    if (hgq_constant(reader, layer, "kq", &factor) < 0 || hgq_constant(reader, layer, "bq", &offset) < 0 ||
        hgq_inputs(reader, layer) < 0)
        return NO_VALUE;
    const valref scaled[2] = {layer->inputs[0], along(layer, "factor", axis, &factor)};
    const valref shifted[2] = {layer_node(&layer->nodes, OP_MUL, NULL, scaled, 2, NULL),
                               along(layer, "offset", axis, &offset)};
    return hgq_output(reader, layer, layer_node(&layer->nodes, OP_ADD, "add", shifted, 2, NULL));
}
