/* Pooling: in windows, over all positions, and QKeras's averages. */
#include "frontend/keras/qkeras.h"

#include <string.h>

static int read_windows(struct keras_reader *reader, const struct keras_layer *layer, struct spatial *spatial) {
    if (keras_read_spatial(reader, layer, "pool_size", spatial) < 0) return -1;
    return keras_pad_spatial(reader, layer, spatial);
}

valref keras_read_max_pooling(struct keras_reader *reader, struct keras_layer *layer) {
    struct spatial spatial;
    if (read_windows(reader, layer, &spatial) < 0) return NO_VALUE;
    return layer_max_pool(&layer->nodes, &spatial, layer->inputs[0]);
}

valref keras_read_average_pooling(struct keras_reader *reader, struct keras_layer *layer) {
    struct spatial spatial;
    if (read_windows(reader, layer, &spatial) < 0) return NO_VALUE;
    return layer_average_pool(&layer->nodes, &spatial, false, layer->inputs[0]);
}

static int check_global(struct keras_reader *reader, const struct keras_layer *layer) {
    const char *dims = strpbrk(layer->class_name, "123");
    int count = keras_shape(layer, 0)->rank - 2;
    if (dims && count == *dims - '0') return 0;
    return keras_error(reader, layer, NULL, NULL, "the input has %d axes beside batch and channels", count);
}

valref keras_read_global_average_pooling(struct keras_reader *reader, struct keras_layer *layer) {
    if (check_global(reader, layer) < 0) return NO_VALUE;
    return layer_global_average_pool(&layer->nodes, !keras_channels_first(reader, layer),
                                     keras_flag(layer->config, "keepdims", false), layer->inputs[0]);
}

valref keras_read_global_max_pooling(struct keras_reader *reader, struct keras_layer *layer) {
    if (check_global(reader, layer) < 0) return NO_VALUE;
    return layer_global_pool(&layer->nodes, OP_REDUCE_MAX, !keras_channels_first(reader, layer),
                             keras_flag(layer->config, "keepdims", false), layer->inputs[0]);
}

/* ---- QKeras: the average times the area, times one over the area behind a quantiser ---- */

static valref times(const struct keras_layer *layer, const char *part, valref value, const char *what, float factor) {
    valref operands[2] = {value, layer_reals(&layer->nodes, what, (struct shape){0}, &factor)};
    return layer_node(&layer->nodes, OP_MUL, part, operands, 2, NULL);
}

static valref average_quantised(struct keras_reader *reader, const struct keras_layer *layer, valref value,
                                double area) {
    struct keras_variable share = {{0}, ARENA_NEW(reader->arena, float)};
    share.values[0] = (float)(1 / area);
    if (keras_member(layer->config, "average_quantizer")) {
        if (qkeras_constant(reader, layer, "average_quantizer", false, &share) < 0) return NO_VALUE;
        value = times(layer, "sum", value, "area", (float)area);
        value = times(layer, "average", value, "share", share.values[0]);
    }
    return keras_activate(reader, layer, keras_member(layer->config, "activation"), value);
}

valref qkeras_read_average_pooling(struct keras_reader *reader, struct keras_layer *layer) {
    struct spatial spatial;
    double area = 1;
    if (read_windows(reader, layer, &spatial) < 0) return NO_VALUE;
    for (int i = 0; i < spatial.count; i++) area *= (double)spatial.size[i];
    return average_quantised(reader, layer, layer_average_pool(&layer->nodes, &spatial, false, layer->inputs[0]), area);
}

valref qkeras_read_global_average_pooling(struct keras_reader *reader, struct keras_layer *layer) {
    valref value = keras_read_global_average_pooling(reader, layer);
    const struct shape *shape = keras_shape(layer, 0);
    bool first = keras_channels_first(reader, layer);
    double area = 1;
    for (int i = first ? 2 : 1; i < shape->rank - !first; i++) area *= (double)shape->dim[i];
    return average_quantised(reader, layer, value, area);
}
