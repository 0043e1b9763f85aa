/* Pooling: windows along each spatial axis in turn, of which the largest or the sum is taken. */
#include "frontend/layers/layers.h"

static valref reduce(const struct layer *layer, enum op op, const char *part, valref x, int axis) {
    const union attributes attributes = {.axis = {.axis = axis}};
    return layer_node(layer, op, part, &x, 1, &attributes);
}

/* Along one spatial axis, which x has with its padding. */
static valref pool_axis(const struct layer *layer, const struct spatial *spatial, enum op op, int i, valref x) {
    int axis = spatial_axis(spatial, i);
    const char *part = arena_printf(layer->arena, op == OP_REDUCE_MAX ? "largest_%d" : "sum_%d", axis);
    return reduce(layer, op, part, spatial_window(layer, spatial, i, x), axis + 1);
}

int64_t spatial_windows(const struct spatial *spatial, int i, int64_t length) {
    return (spatial->before[i] + length + spatial->after[i] - spatial_extent(spatial, i)) / spatial->step[i] + 1;
}

/* How many elements of window w lie in [from, to) of the axis. */
static int64_t elements_within(const struct spatial *spatial, int i, int64_t w, int64_t from, int64_t to) {
    int64_t count = 0, at = w * spatial->step[i] - spatial->before[i];
    for (int64_t k = 0; k < spatial->size[i]; k++, at += spatial->dilation[i]) count += at >= from && at < to;
    return count;
}

/* A whole window in the padding would have no largest element, and no mean. */
static bool no_window_is_empty(const struct layer *layer, const struct spatial *spatial, const struct shape *shape) {
    for (int i = 0; i < spatial->count; i++) {
        int64_t length = shape->dim[spatial_axis(spatial, i)];
        for (int64_t w = 0; w < spatial_windows(spatial, i, length); w++)
            if (elements_within(spatial, i, w, 0, length) == 0) {
                layer_refuse(layer, NULL, "window %lld along axis %d lies in the padding", (long long)w,
                             spatial_axis(spatial, i));
                return false;
            }
    }
    return true;
}

static bool pool_check(const struct layer *layer, const struct spatial *spatial, const struct shape *shape) {
    if (!spatial_check(layer, spatial, shape)) return false;
    for (int i = 0; i < spatial->count; i++) {
        struct shape wide = *shape;
        int axis = spatial_axis(spatial, i);
        if (spatial->before[i] < 0 || spatial->after[i] < 0) {
            layer_refuse(layer, NULL, "negative padding along axis %d", axis);
            return false;
        }
        wide.dim[axis] += spatial->before[i] + spatial->after[i];
        if (!layer_fits(layer, &wide)) return false;
        wide.dim[axis] = spatial_windows(spatial, i, shape->dim[axis]) * spatial->size[i];
        if (!layer_fits(layer, &wide)) return false;
    }
    return true;
}

/* The element that stands for one outside of the axis: it is in every window with it, on its way of dilations. Where
 * there is none, no window has elements of the axis and this one. */
static int64_t stand_in(int64_t at, int64_t length, int64_t dilation) {
    if (at < 0) at = (at % dilation + dilation) % dilation;
    if (at >= length) at -= (at - length) / dilation * dilation + dilation;
    return at < 0 ? 0 : at;
}

int64_t pool_element(const struct spatial *spatial, int i, int64_t length, int64_t window, int64_t element) {
    int64_t at = window * spatial->step[i] - spatial->before[i] + element * spatial->dilation[i];
    return stand_in(at, length, spatial->dilation[i]);
}

static valref pad_with_elements(const struct layer *layer, const struct spatial *spatial, int i, valref x) {
    int axis = spatial_axis(spatial, i);
    int64_t length = layer_shape(layer, x)->dim[axis], count = spatial->before[i] + length + spatial->after[i];
    if (count == length) return x;
    int64_t *indices = ARENA_ARRAY(layer->arena, int64_t, (size_t)count);
    for (int64_t k = 0; k < count; k++) indices[k] = stand_in(k - spatial->before[i], length, spatial->dilation[i]);
    return layer_gather(layer, arena_printf(layer->arena, "padded_%d", axis), x, axis, indices, count);
}

valref layer_max_pool(const struct layer *layer, const struct spatial *spatial, valref x) {
    if (valref_equal(x, NO_VALUE) || !pool_check(layer, spatial, layer_shape(layer, x)) ||
        !no_window_is_empty(layer, spatial, layer_shape(layer, x)))
        return NO_VALUE;
    for (int i = 0; i < spatial->count && !valref_equal(x, NO_VALUE); i++)
        x = pool_axis(layer, spatial, OP_REDUCE_MAX, i, pad_with_elements(layer, spatial, i, x));
    return x;
}

valref layer_sum_pool(const struct layer *layer, const struct spatial *spatial, valref x) {
    if (valref_equal(x, NO_VALUE) || !pool_check(layer, spatial, layer_shape(layer, x))) return NO_VALUE;
    for (int i = 0; i < spatial->count; i++) {
        int axis = spatial_axis(spatial, i);
        x = pool_axis(layer, spatial, OP_REDUCE_SUM, i,
                      layer_pad(layer, "padded", x, axis, spatial->before[i], spatial->after[i], 0));
    }
    return x;
}

/* What each window along an axis averages; the padding counts, or does not, but never what lies beyond it. */
static float *counts_along(const struct layer *layer, const struct spatial *spatial, int i, int64_t length,
                           bool count_padding, int64_t windows) {
    int64_t from = count_padding ? -spatial->before[i] : 0,
            to = length + (count_padding ? spatial->after[i] - spatial->beyond[i] : 0);
    float *counts = ARENA_ARRAY(layer->arena, float, (size_t)windows);
    for (int64_t w = 0; w < windows; w++) counts[w] = (float)elements_within(spatial, i, w, from, to);
    return counts;
}

/* One number where it is the same for all windows. */
static valref counts(const struct layer *layer, const struct spatial *spatial, const struct shape *shape,
                     const struct shape *result, bool count_padding) {
    struct shape places = {.rank = result->rank};
    float *along[SPATIAL_MAX];
    bool same = true;
    for (int axis = 0; axis < places.rank; axis++) places.dim[axis] = 1;
    for (int i = 0; i < spatial->count; i++) {
        int axis = spatial_axis(spatial, i);
        places.dim[axis] = result->dim[axis];
        along[i] = counts_along(layer, spatial, i, shape->dim[axis], count_padding, places.dim[axis]);
    }
    size_t count = shape_elements(&places);
    float *numbers = ARENA_ARRAY(layer->arena, float, count);
    for (size_t e = 0; e < count; e++) {
        size_t rest = e;
        numbers[e] = 1;
        for (int i = spatial->count; i-- > 0;) {
            size_t windows = (size_t)places.dim[spatial_axis(spatial, i)];
            numbers[e] *= along[i][rest % windows];
            rest /= windows;
        }
        same = same && numbers[e] == numbers[0];
    }
    return layer_reals(layer, "count", same ? (struct shape){0} : places, numbers);
}

static valref divided(const struct layer *layer, valref sum, valref count) {
    valref operands[2] = {sum, count};
    return layer_node(layer, OP_DIV, NULL, operands, 2, NULL);
}

valref layer_average_pool(const struct layer *layer, const struct spatial *spatial, bool count_padding, valref x) {
    valref sum = layer_sum_pool(layer, spatial, x);
    if (valref_equal(sum, NO_VALUE) || (!count_padding && !no_window_is_empty(layer, spatial, layer_shape(layer, x))))
        return NO_VALUE;
    return divided(layer, sum, counts(layer, spatial, layer_shape(layer, x), layer_shape(layer, sum), count_padding));
}

valref layer_global_pool(const struct layer *layer, enum op op, bool channels_last, bool keep_axes, valref x) {
    if (valref_equal(x, NO_VALUE)) return NO_VALUE;
    int first = channels_last ? 1 : 2, count = layer_shape(layer, x)->rank - 2;
    const char *part = op == OP_REDUCE_MAX ? "largest" : "sum";
    if (count < 0) return layer_refuse(layer, NULL, "an operand of %d axes has no channels", count + 2);
    for (int axis = first + count; axis-- > first;) {
        const union attributes attributes = {.axis = {.axis = axis, .keep_dimensions = keep_axes}};
        x = layer_node(layer, op, arena_printf(layer->arena, "%s_%d", part, axis), &x, 1, &attributes);
    }
    return x;
}

valref layer_global_average_pool(const struct layer *layer, bool channels_last, bool keep_axes, valref x) {
    valref sum = layer_global_pool(layer, OP_REDUCE_SUM, channels_last, keep_axes, x);
    if (valref_equal(sum, NO_VALUE)) return NO_VALUE;
    float count = (float)graph_elements(layer->graph, x) / (float)graph_elements(layer->graph, sum);
    return divided(layer, sum, layer_reals(layer, "count", (struct shape){0}, &count));
}
