/* Convolutions: windows along the spatial axes, whose elements are one axis, times the kernel as a matrix. */
#include "frontend/layers/layers.h"

/* Where the axes of windows stand. */
struct windows {
    int channel, place[SPATIAL_MAX], element[SPATIAL_MAX]; /* element -1: windows of one have no axis for it */
};

/* The last axis first, so that those in front keep their places. */
static valref make_windows(const struct layer *layer, const struct spatial *spatial, valref x, struct windows *out) {
    for (int i = spatial->count; i-- > 0;) {
        int axis = spatial_axis(spatial, i);
        if (valref_equal(x, NO_VALUE)) return NO_VALUE;
        int64_t length = layer_shape(layer, x)->dim[axis], step = spatial->step[i];
        if (spatial->size[i] > 1)
            x = spatial_window(layer, spatial, i, x);
        else
            x = layer_slice(layer, arena_printf(layer->arena, "step_%d", axis), x, axis, 0, step,
                            (length - 1) / step + 1);
    }
    int axis = spatial->channels_last ? 1 : 2;
    for (int i = 0; i < spatial->count; i++) {
        out->place[i] = axis++;
        out->element[i] = spatial->size[i] > 1 ? axis++ : -1;
    }
    out->channel = spatial->channels_last ? axis : 1;
    return x;
}

/* [batch, places..., elements of a window times channels] */
static valref make_columns(const struct layer *layer, const struct spatial *spatial, valref x) {
    struct windows windows = {0};
    int permutation[SHAPE_RANK_MAX] = {0}, rank = 1;
    x = make_windows(layer, spatial, x, &windows);
    if (valref_equal(x, NO_VALUE)) return NO_VALUE;
    struct shape shape = {.rank = spatial->count + 2, .dim = {layer_shape(layer, x)->dim[0]}};
    for (int i = 0; i < spatial->count; i++) {
        permutation[rank++] = windows.place[i];
        shape.dim[1 + i] = layer_shape(layer, x)->dim[windows.place[i]];
    }
    for (int i = 0; i < spatial->count; i++)
        if (windows.element[i] >= 0) permutation[rank++] = windows.element[i];
    permutation[rank] = windows.channel;
    shape.dim[shape.rank - 1] = layer_shape(layer, x)->dim[windows.channel];
    for (int i = 0; i < spatial->count; i++) shape.dim[shape.rank - 1] *= spatial->size[i];
    x = layer_transpose(layer, "elements_last", x, permutation);
    return layer_reshape(layer, "columns", x, shape);
}

/* Of a value [batch, ..., channels]: the axis of the channels second, or back. */
static valref move_channels(const struct layer *layer, const char *part, valref x, bool to_second) {
    if (valref_equal(x, NO_VALUE)) return NO_VALUE;
    int permutation[SHAPE_RANK_MAX] = {0}, last = layer_shape(layer, x)->rank - 1;
    for (int i = 1; i <= last; i++) permutation[i] = to_second ? (i == 1 ? last : i - 1) : (i == last ? 1 : i + 1);
    return layer_transpose(layer, part, x, permutation);
}

static valref plus_bias(const struct layer *layer, valref product, valref bias) {
    valref operands[2] = {product, bias};
    return valref_equal(bias, NO_VALUE) ? product : layer_node(layer, OP_ADD, "bias", operands, 2, NULL);
}

static struct shape matrix_shape(const struct layer *layer, valref kernel) {
    const struct shape *shape = layer_shape(layer, kernel);
    struct shape matrix = {.rank = 2, .dim = {1, shape->dim[shape->rank - 1]}};
    for (int i = 0; i < shape->rank - 1; i++) matrix.dim[0] *= shape->dim[i];
    return matrix;
}

static valref convolve_all(const struct layer *layer, const struct spatial *spatial, valref x, valref kernel,
                           valref bias) {
    valref operands[2] = {make_columns(layer, spatial, x),
                          layer_reshape(layer, "matrix", kernel, matrix_shape(layer, kernel))};
    valref sums = plus_bias(layer, layer_node(layer, OP_MATMUL, NULL, operands, 2, NULL), bias);
    return spatial->channels_last ? sums : move_channels(layer, "channels_second", sums, true);
}

/* [groups, 1..., elements times channels of a group, filters of a group] */
static valref group_kernel(const struct layer *layer, const struct convolution *convolution, valref kernel) {
    struct shape matrix = matrix_shape(layer, kernel), by_group = {.rank = 3}, out = {.rank = 0};
    int64_t groups = convolution->groups, filters = matrix.dim[1] / groups;
    by_group.dim[0] = matrix.dim[0];
    by_group.dim[1] = groups;
    by_group.dim[2] = filters;
    kernel = layer_reshape(layer, "kernel_groups", kernel, by_group);
    kernel = layer_transpose(layer, "groups_first", kernel, (const int[]){1, 0, 2});
    out.dim[out.rank++] = groups;
    while (out.rank < convolution->spatial.count) out.dim[out.rank++] = 1;
    out.dim[out.rank++] = matrix.dim[0];
    out.dim[out.rank++] = filters;
    return layer_reshape(layer, "matrices", kernel, out);
}

static valref group_bias(const struct layer *layer, const struct convolution *convolution, valref bias,
                         int64_t filters) {
    struct shape shape = {.rank = 1, .dim = {convolution->groups}};
    if (valref_equal(bias, NO_VALUE)) return bias;
    while (shape.rank <= convolution->spatial.count) shape.dim[shape.rank++] = 1;
    shape.dim[shape.rank++] = filters;
    return layer_reshape(layer, "biases", bias, shape);
}

/* [batch, groups, places..., filters of a group] to the order of the layer. */
static valref join_groups(const struct layer *layer, const struct spatial *spatial, valref sums) {
    if (valref_equal(sums, NO_VALUE)) return NO_VALUE;
    int permutation[SHAPE_RANK_MAX] = {0}, rank = 1, filters = spatial->count + 2;
    const struct shape of = *layer_shape(layer, sums);
    struct shape shape = {.rank = spatial->count + 2, .dim = {of.dim[0]}};
    if (!spatial->channels_last) permutation[rank++] = 1, permutation[rank++] = filters;
    for (int i = 0; i < spatial->count; i++) {
        permutation[rank++] = 2 + i;
        shape.dim[spatial_axis(spatial, i)] = of.dim[2 + i];
    }
    if (spatial->channels_last) permutation[rank++] = 1, permutation[rank++] = filters;
    shape.dim[spatial->channels_last ? shape.rank - 1 : 1] = of.dim[1] * of.dim[filters];
    return layer_reshape(layer, "joined", layer_transpose(layer, "groups", sums, permutation), shape);
}

/* Groups stand beside the batch as long as there are windows. */
static valref convolve_groups(const struct layer *layer, const struct convolution *convolution, valref x, valref kernel,
                              valref bias) {
    struct spatial spatial = convolution->spatial;
    if (spatial.channels_last) x = move_channels(layer, "channels_second", x, true);
    if (valref_equal(x, NO_VALUE)) return NO_VALUE;
    struct shape shape = *layer_shape(layer, x);
    int64_t batch = shape.dim[0], filters = matrix_shape(layer, kernel).dim[1] / convolution->groups;
    spatial.channels_last = false;
    shape.dim[0] *= convolution->groups;
    shape.dim[1] /= convolution->groups;
    valref columns = make_columns(layer, &spatial, layer_reshape(layer, "split", x, shape));
    if (valref_equal(columns, NO_VALUE)) return NO_VALUE;
    shape = (struct shape){.rank = spatial.count + 3, .dim = {batch, convolution->groups}};
    for (int i = 0; i <= spatial.count; i++) shape.dim[2 + i] = layer_shape(layer, columns)->dim[1 + i];
    valref operands[2] = {layer_reshape(layer, "columns_groups", columns, shape),
                          group_kernel(layer, convolution, kernel)};
    valref sums = layer_node(layer, OP_MATMUL, NULL, operands, 2, NULL);
    sums = plus_bias(layer, sums, group_bias(layer, convolution, bias, filters));
    return join_groups(layer, &convolution->spatial, sums);
}

static bool kernel_fits(const struct layer *layer, const struct convolution *convolution, valref x, valref kernel) {
    const struct spatial *spatial = &convolution->spatial;
    const struct shape *shape = layer_shape(layer, kernel), *of = layer_shape(layer, x);
    int64_t channels = of->dim[spatial->channels_last ? of->rank - 1 : 1], groups = convolution->groups;
    if (shape->rank != spatial->count + 2) {
        layer_refuse(layer, NULL, "a kernel of %d axes for an operand of %d", shape->rank, of->rank);
        return false;
    }
    for (int i = 0; i < spatial->count; i++)
        if (shape->dim[i] != spatial->size[i]) {
            layer_refuse(layer, NULL, "windows of %lld elements, where the kernel has %lld along axis %d",
                         (long long)spatial->size[i], (long long)shape->dim[i], spatial_axis(spatial, i));
            return false;
        }
    int64_t of_a_group = shape->dim[spatial->count], filters = shape->dim[spatial->count + 1];
    if (groups >= 1 && groups <= channels && channels % groups == 0 && channels / groups == of_a_group &&
        filters % groups == 0)
        return true;
    layer_refuse(layer, NULL, "%lld channels and %lld filters in %lld groups do not go with a kernel of %lld channels",
                 (long long)channels, (long long)filters, (long long)groups, (long long)of_a_group);
    return false;
}

/* Every window is written out. */
static bool columns_fit(const struct layer *layer, const struct spatial *spatial, const struct shape *x) {
    struct shape shape = *x;
    for (int i = 0; i < spatial->count; i++) {
        int64_t *dim = &shape.dim[spatial_axis(spatial, i)];
        *dim += spatial->before[i] + spatial->after[i];
        *dim = ((*dim - spatial_extent(spatial, i)) / spatial->step[i] + 1) * spatial->size[i];
    }
    return layer_fits(layer, &shape);
}

static valref padded(const struct layer *layer, const struct spatial *spatial, valref x) {
    for (int i = 0; i < spatial->count; i++)
        x = layer_pad(layer, "padded", x, spatial_axis(spatial, i), spatial->before[i], spatial->after[i], 0);
    return x;
}

valref layer_convolution(const struct layer *layer, const struct convolution *convolution, valref x, valref kernel,
                         valref bias) {
    const struct spatial *spatial = &convolution->spatial;
    if (valref_equal(x, NO_VALUE) || valref_equal(kernel, NO_VALUE)) return NO_VALUE;
    if (!spatial_check(layer, spatial, layer_shape(layer, x)) || !kernel_fits(layer, convolution, x, kernel) ||
        !columns_fit(layer, spatial, layer_shape(layer, x)))
        return NO_VALUE;
    x = padded(layer, spatial, x);
    if (convolution->groups == 1) return convolve_all(layer, spatial, x, kernel, bias);
    return convolve_groups(layer, convolution, x, kernel, bias);
}

/* ---- transposed ---- */

/* step - 1 zeros between each two elements. */
static valref spread(const struct layer *layer, valref x, int axis, int64_t step) {
    if (valref_equal(x, NO_VALUE) || step == 1) return x;
    const struct shape of = *layer_shape(layer, x);
    struct shape split = of, wide = of;
    const char *part = arena_printf(layer->arena, "spread_%d", axis);
    split.dim[split.rank++] = 1;
    for (int i = split.rank - 1; i > axis + 1; i--) split.dim[i] = of.dim[i - 1];
    split.dim[axis + 1] = 1;
    wide.dim[axis] *= step;
    if (!layer_fits(layer, &wide)) return NO_VALUE;
    x = layer_reshape(layer, arena_printf(layer->arena, "%s.alone", part), x, split);
    x = layer_reshape(layer, part, layer_pad(layer, "zeros", x, axis + 1, 0, step - 1, 0), wide);
    return layer_slice(layer, arena_printf(layer->arena, "%s.cut", part), x, axis, 0, 1, wide.dim[axis] - step + 1);
}

static valref flipped(const struct layer *layer, const struct spatial *spatial, valref kernel) {
    for (int i = 0; i < spatial->count && !valref_equal(kernel, NO_VALUE); i++)
        if (spatial->size[i] > 1)
            kernel = layer_slice(layer, arena_printf(layer->arena, "flipped_%d", i), kernel, i, spatial->size[i] - 1,
                                 -1, spatial->size[i]);
    return kernel;
}

valref layer_transposed_convolution(const struct layer *layer, const struct convolution *convolution, valref x,
                                    valref kernel, valref bias) {
    struct convolution plain = *convolution;
    struct spatial *spatial = &plain.spatial;
    if (valref_equal(x, NO_VALUE) || valref_equal(kernel, NO_VALUE)) return NO_VALUE;
    for (int i = 0; i < spatial->count; i++) {
        int64_t reach = spatial_extent(spatial, i) - 1;
        if (spatial->step[i] > INT32_MAX || spatial->step[i] < 1 || reach < 0 || reach > INT32_MAX)
            return layer_refuse(layer, NULL, "windows of %lld elements, %lld apart, every %lld",
                                (long long)spatial->size[i], (long long)spatial->dilation[i],
                                (long long)spatial->step[i]);
        x = spread(layer, x, spatial_axis(spatial, i), spatial->step[i]);
        spatial->step[i] = 1;
        spatial->before[i] = reach - spatial->before[i];
        spatial->after[i] = reach - spatial->after[i];
    }
    return layer_convolution(layer, &plain, x, flipped(layer, spatial, kernel), bias);
}

valref layer_columns(const struct layer *layer, const struct spatial *spatial, valref x) {
    if (valref_equal(x, NO_VALUE) || !spatial_check(layer, spatial, layer_shape(layer, x)) ||
        !columns_fit(layer, spatial, layer_shape(layer, x)))
        return NO_VALUE;
    return make_columns(layer, spatial, padded(layer, spatial, x));
}
