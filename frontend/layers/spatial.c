/* Windows over the spatial axes: what convolutions and pooling have in common. */
#include "frontend/layers/layers.h"

int spatial_axis(const struct spatial *spatial, int i) {
    return spatial->channels_last ? 1 + i : 2 + i;
}

int64_t spatial_extent(const struct spatial *spatial, int i) {
    return (spatial->size[i] - 1) * spatial->dilation[i] + 1;
}

bool spatial_check_numbers(const struct layer *layer, const struct spatial *spatial) {
    const int64_t most = INT32_MAX;
    for (int i = 0; i < spatial->count; i++) {
        int64_t size = spatial->size[i], step = spatial->step[i], dilation = spatial->dilation[i];
        if (size < 1 || step < 1 || dilation < 1 || size > most || step > most || dilation > most) {
            layer_refuse(layer, NULL, "windows of %lld elements, %lld apart, every %lld along axis %d", (long long)size,
                         (long long)dilation, (long long)step, spatial_axis(spatial, i));
            return false;
        }
        if (spatial->before[i] < -most || spatial->before[i] > most || spatial->after[i] < -most ||
            spatial->after[i] > most) {
            layer_refuse(layer, NULL, "padding of %lld and %lld elements along axis %d", (long long)spatial->before[i],
                         (long long)spatial->after[i], spatial_axis(spatial, i));
            return false;
        }
    }
    return true;
}

bool spatial_check(const struct layer *layer, const struct spatial *spatial, const struct shape *x) {
    if (spatial->count < 1 || spatial->count > SPATIAL_MAX || x->rank != spatial->count + 2) {
        layer_refuse(layer, NULL, "an operand of %d axes, where the windows have %d", x->rank, spatial->count);
        return false;
    }
    if (!spatial_check_numbers(layer, spatial)) return false;
    for (int i = 0; i < spatial->count; i++) {
        int axis = spatial_axis(spatial, i);
        int64_t length = spatial->before[i] + x->dim[axis] + spatial->after[i];
        if (length >= spatial_extent(spatial, i)) continue;
        layer_refuse(layer, NULL, "a window of %lld is longer than axis %d, which has %lld with its padding",
                     (long long)spatial_extent(spatial, i), axis, (long long)length);
        return false;
    }
    return true;
}

void spatial_pad_same(struct spatial *spatial, const struct shape *x, bool more_before) {
    for (int i = 0; i < spatial->count; i++) {
        int64_t length = x->dim[spatial_axis(spatial, i)], step = spatial->step[i];
        int64_t missing = (length - 1) / step * step + spatial_extent(spatial, i) - length;
        if (missing < 0) missing = 0;
        spatial->before[i] = (missing + more_before) / 2;
        spatial->after[i] = missing - spatial->before[i];
    }
}

void spatial_round_up(struct spatial *spatial, const struct shape *x) {
    for (int i = 0; i < spatial->count; i++) {
        int64_t length = x->dim[spatial_axis(spatial, i)], step = spatial->step[i];
        int64_t left = spatial->before[i] + length + spatial->after[i] - spatial_extent(spatial, i);
        int64_t last = (left + step - 1) / step * step; /* where the last window begins */
        if (left < 0 || last >= spatial->before[i] + length || last == left) continue;
        spatial->beyond[i] = last - left;
        spatial->after[i] += last - left;
    }
}

valref spatial_window(const struct layer *layer, const struct spatial *spatial, int i, valref x) {
    int axis = spatial_axis(spatial, i);
    const union attributes attributes = {.window = {axis, spatial->size[i], spatial->step[i], spatial->dilation[i]}};
    return layer_node(layer, OP_WINDOW, arena_printf(layer->arena, "window_%d", axis), &x, 1, &attributes);
}
