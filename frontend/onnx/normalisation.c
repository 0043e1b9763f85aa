/* LayerNormalization and its like: by the mean and variance that an event has. */
#include "frontend/onnx/onnx.h"

#include <inttypes.h>

/* The batch is no axis of the set, and operands from 1 on are the same for all events. */
static bool check(struct onnx_reader *reader, const struct operation *operation, unsigned axes) {
    static const char *const names[] = {"x", "the scale", "the bias"};
    const struct tensor *x = operation->inputs[0];
    for (int axis = 0; axis < x->shape.rank; axis++)
        if ((axes >> axis & 1) && refuse_batch_axis(reader, operation, x, axis) < 0) return false;
    for (uint32_t i = 1; i < operation->input_count && i < 3; i++)
        if (operation->inputs[i] && refuse_dependence(reader, operation, i, names[i]) < 0) return false;
    return refuse_whole(reader, operation, x) == 0;
}

static valref optional_value(struct onnx_reader *reader, const struct operation *operation, uint32_t input) {
    if (input >= operation->input_count || !operation->inputs[input]) return NO_VALUE;
    return tensor_value(reader, operation, operation->inputs[input]);
}

/* A vector by channel as it broadcasts to x, whose channels are axis 1. */
static valref by_channel(struct onnx_reader *reader, const struct operation *operation, uint32_t input,
                         const char *what, int64_t channels, int rank) {
    struct tensor *vector = operation->inputs[input];
    if (vector->shape.rank != 1 || vector->shape.dim[0] != channels) {
        onnx_refuse(reader, operation, NULL, "the %s has not one entry for each of %" PRId64 " channels", what,
                    channels);
        return NO_VALUE;
    }
    struct shape shape = {.rank = 1, .dim = {channels}};
    while (shape.rank < rank - 1) shape.dim[shape.rank++] = 1;
    struct tensor *column = move_reshape(reader, operation, what, vector, shape, -1);
    return column ? tensor_value(reader, operation, column) : NO_VALUE;
}

/* Over the axes from `axis` on; mean and inverse deviation are outputs too. */
static struct tensor *over_last_axes(struct onnx_reader *reader, const struct operation *operation, bool centred) {
    const struct layer layer = onnx_layer(reader, operation);
    struct tensor *x = operation->inputs[0];
    int rank = x->shape.rank;
    int64_t first = onnx_axis(reader, operation, attribute_integer(reader, operation, "axis", -1), rank);
    if (first < 0) return NULL;
    unsigned axes = ((1u << rank) - 1) & ~((1u << first) - 1);
    if (!check(reader, operation, axes)) return NULL;
    struct event_normalisation normalisation = {.axes = axes,
                                                .centred = centred,
                                                .epsilon = attribute_real(reader, operation, "epsilon", 1e-5f),
                                                .scale = optional_value(reader, operation, 1),
                                                .bias = optional_value(reader, operation, 2)};
    struct event_statistics statistics;
    valref y = layer_normalise(&layer, &normalisation, tensor_value(reader, operation, x), &statistics);
    if (operation->output_count > 1) operation->results[1] = onnx_made_of(reader, x, statistics.mean, x->batch_axis);
    if (operation->output_count > 2)
        operation->results[2] = onnx_made_of(reader, x, statistics.inverse_deviation, x->batch_axis);
    return onnx_made_of(reader, x, y, x->batch_axis);
}

struct tensor *onnx_read_layer_normalization(struct onnx_reader *reader, const struct operation *operation) {
    return over_last_axes(reader, operation, true);
}

struct tensor *onnx_read_rms_normalization(struct onnx_reader *reader, const struct operation *operation) {
    return over_last_axes(reader, operation, false);
}

static bool has_channels(struct onnx_reader *reader, const struct operation *operation, int rank) {
    const struct tensor *x = operation->inputs[0];
    if (x->shape.rank < rank) {
        onnx_refuse(reader, operation, NULL, "an operand of %d axes has no channels with positions", x->shape.rank);
        return false;
    }
    return refuse_batch_axis(reader, operation, x, 1) == 0;
}

struct tensor *onnx_read_instance_normalization(struct onnx_reader *reader, const struct operation *operation) {
    const struct layer layer = onnx_layer(reader, operation);
    struct tensor *x = operation->inputs[0];
    int rank = x->shape.rank;
    unsigned axes = ((1u << rank) - 1) & ~3u;
    if (!has_channels(reader, operation, 3) || !check(reader, operation, axes)) return NULL;
    struct event_normalisation normalisation = {
        .axes = axes,
        .centred = true,
        .epsilon = attribute_real(reader, operation, "epsilon", 1e-5f),
        .scale = by_channel(reader, operation, 1, "scale", x->shape.dim[1], rank),
        .bias = by_channel(reader, operation, 2, "bias", x->shape.dim[1], rank)};
    valref y = layer_normalise(&layer, &normalisation, tensor_value(reader, operation, x), NULL);
    return onnx_made_of(reader, x, y, x->batch_axis);
}

/* Scale and bias by group were those of opset 18; since 21 they are by channel. */
static valref group_vector(struct onnx_reader *reader, const struct operation *operation, uint32_t input,
                           const char *what, int64_t groups) {
    const struct tensor *x = operation->inputs[0], *vector = operation->inputs[input];
    int64_t channels = x->shape.dim[1];
    if (vector->shape.rank != 1 || vector->shape.dim[0] != groups || groups == channels)
        return by_channel(reader, operation, input, what, channels, x->shape.rank);
    const struct layer layer = onnx_layer(reader, operation);
    struct shape column = {.rank = 2, .dim = {groups, 1}}, channel = {.rank = 1, .dim = {channels}};
    int64_t *indices = ARENA_ARRAY(reader->arena, int64_t, (size_t)(channels / groups));
    while (channel.rank < x->shape.rank - 1) channel.dim[channel.rank++] = 1;
    valref value = tensor_value(reader, operation, operation->inputs[input]);
    value = layer_reshape(&layer, arena_printf(reader->arena, "%s_column", what), value, column);
    value = layer_gather(&layer, arena_printf(reader->arena, "%s_rows", what), value, 1, indices, channels / groups);
    return layer_reshape(&layer, what, value, channel);
}

struct tensor *onnx_read_group_normalization(struct onnx_reader *reader, const struct operation *operation) {
    const struct layer layer = onnx_layer(reader, operation);
    struct tensor *x = operation->inputs[0];
    int64_t groups = attribute_integer(reader, operation, "num_groups", 0);
    if (!has_channels(reader, operation, 2) || !check(reader, operation, 0)) return NULL;
    if (groups < 1 || x->shape.dim[1] % groups)
        return onnx_refuse(reader, operation, NULL, "%" PRId64 " channels in %" PRId64 " groups", x->shape.dim[1],
                           groups);
    struct shape grouped = {.rank = 3, .dim = {x->shape.dim[0], groups, 1}};
    for (int axis = 1; axis < x->shape.rank; axis++) grouped.dim[2] *= x->shape.dim[axis];
    grouped.dim[2] /= groups;
    struct event_normalisation normalisation = {.axes = 4,
                                                .centred = true,
                                                .epsilon = attribute_real(reader, operation, "epsilon", 1e-5f),
                                                .scale = NO_VALUE,
                                                .bias = NO_VALUE};
    valref y = layer_reshape(&layer, "groups", tensor_value(reader, operation, x), grouped);
    y = layer_reshape(&layer, "channels", layer_normalise(&layer, &normalisation, y, NULL), x->shape);
    valref scaled[2] = {y, group_vector(reader, operation, 1, "scale", groups)};
    valref shifted[2] = {layer_node(&layer, OP_MUL, "scaled", scaled, 2, NULL),
                         group_vector(reader, operation, 2, "bias", groups)};
    return onnx_made_of(reader, x, layer_node(&layer, OP_ADD, "shifted", shifted, 2, NULL), x->batch_axis);
}

struct tensor *onnx_read_mean_variance_normalization(struct onnx_reader *reader, const struct operation *operation) {
    static const int64_t usual[] = {0, 2, 3};
    const struct layer layer = onnx_layer(reader, operation);
    struct tensor *x = operation->inputs[0];
    size_t count;
    unsigned axes;
    const int64_t *given = attribute_integers(reader, operation, "axes", &count);
    if (count == SIZE_MAX) return NULL;
    if (!onnx_axes_set(reader, operation, given ? given : usual, given ? count : 3, x->shape.rank, &axes) ||
        !check(reader, operation, axes))
        return NULL;
    struct event_normalisation normalisation = {.axes = axes,
                                                .centred = true,
                                                .epsilon = 1e-9f,
                                                .epsilon_on_deviation = true,
                                                .scale = NO_VALUE,
                                                .bias = NO_VALUE};
    valref y = layer_normalise(&layer, &normalisation, tensor_value(reader, operation, x), NULL);
    return onnx_made_of(reader, x, y, x->batch_axis);
}

struct tensor *onnx_read_lrn(struct onnx_reader *reader, const struct operation *operation) {
    const struct layer layer = onnx_layer(reader, operation);
    struct tensor *x = operation->inputs[0];
    if (!has_channels(reader, operation, 2) || !check(reader, operation, 0)) return NULL;
    struct channel_normalisation normalisation = {.axis = 1,
                                                  .size = attribute_integer(reader, operation, "size", 0),
                                                  .alpha = attribute_real(reader, operation, "alpha", 0.0001f),
                                                  .beta = attribute_real(reader, operation, "beta", 0.75f),
                                                  .bias = attribute_real(reader, operation, "bias", 1)};
    valref y = layer_normalise_channels(&layer, &normalisation, tensor_value(reader, operation, x));
    return onnx_made_of(reader, x, y, x->batch_axis);
}
