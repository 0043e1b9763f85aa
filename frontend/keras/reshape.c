/* Layers that move elements, leave some out or put zeros between them. */
#include "frontend/keras/keras.h"

#include <string.h>

/* Channels go last where they stand first. */
static valref channels_last(struct keras_reader *reader, const struct keras_layer *layer) {
    const struct shape *shape = keras_shape(layer, 0);
    int permutation[SHAPE_RANK_MAX] = {0};
    if (!keras_channels_first(reader, layer) || shape->rank < 3) return layer->inputs[0];
    for (int axis = 1; axis < shape->rank; axis++) permutation[axis] = axis + 1 < shape->rank ? axis + 1 : 1;
    return layer_transpose(&layer->nodes, "channels_last", layer->inputs[0], permutation);
}

valref keras_read_flatten(struct keras_reader *reader, struct keras_layer *layer) {
    valref value = channels_last(reader, layer);
    struct shape flat = {2, {1, (int64_t)shape_elements(keras_shape(layer, 0))}};
    return layer_reshape(&layer->nodes, NULL, value, flat);
}

valref keras_read_reshape(struct keras_reader *reader, struct keras_layer *layer) {
    int64_t dims[SHAPE_RANK_MAX], known = 1, all = (int64_t)shape_elements(keras_shape(layer, 0));
    int count = keras_integers(reader, layer, "target_shape", dims, SHAPE_RANK_MAX - 1), open = -1;
    struct shape shape = {1, {1}};
    if (count < 0) return NO_VALUE;
    for (int i = 0; i < count; i++) {
        shape.dim[shape.rank++] = dims[i];
        if (dims[i] == -1 && open < 0)
            open = i + 1;
        else if (dims[i] < 1 || dims[i] > all / known)
            known = all + 1;
        else
            known *= dims[i];
        if (known > all) break;
    }
    if (known > all || all % known != 0 || (open < 0 && known != all))
        return keras_refuse(reader, layer, "target_shape", NULL, "it does not hold the %lld elements of the input",
                            (long long)all);
    if (open >= 0) shape.dim[open] = all / known;
    return layer_reshape(&layer->nodes, NULL, layer->inputs[0], shape);
}

valref keras_read_permute(struct keras_reader *reader, struct keras_layer *layer) {
    int64_t dims[SHAPE_RANK_MAX];
    int rank = keras_shape(layer, 0)->rank, count = keras_integers(reader, layer, "dims", dims, SHAPE_RANK_MAX);
    int permutation[SHAPE_RANK_MAX] = {0};
    unsigned met = 1;
    for (int i = 0; i < count && count == rank - 1; i++) {
        if (dims[i] < 1 || dims[i] >= rank) break;
        permutation[i + 1] = (int)dims[i];
        met |= 1u << dims[i];
    }
    if (count < 0) return NO_VALUE;
    if (met != (1u << rank) - 1)
        return keras_refuse(reader, layer, "dims", NULL, "it does not name each axis of the input once");
    return layer_transpose(&layer->nodes, NULL, layer->inputs[0], permutation);
}

enum { REPEATS_MAX = 1 << 20 };

/* Each index of the axis `times` times in a row. */
static valref repeat(const struct keras_layer *layer, const char *part, valref value, int axis, int64_t times) {
    if (valref_equal(value, NO_VALUE) || times == 1) return value;
    struct shape shape = *layer_shape(&layer->nodes, value);
    int64_t count = shape.dim[axis] *= times;
    if (!layer_fits(&layer->nodes, &shape)) return NO_VALUE;
    int64_t *indices = ARENA_ARRAY(layer->nodes.arena, int64_t, count);
    for (int64_t i = 0; i < count; i++) indices[i] = i / times;
    return layer_gather(&layer->nodes, part, value, axis, indices, count);
}

valref keras_read_repeat_vector(struct keras_reader *reader, struct keras_layer *layer) {
    const struct shape *shape = keras_shape(layer, 0);
    int64_t times;
    if (keras_integer_each(reader, layer, "n", 1, &times, 1) < 0) return NO_VALUE;
    if (shape->rank != 2 || times < 1 || times > REPEATS_MAX)
        return keras_refuse(reader, layer, "n", NULL, "it repeats %lld times what has %d axes", (long long)times,
                            shape->rank);
    struct shape longer = {3, {1, 1, shape->dim[1]}};
    return repeat(layer, NULL, layer_reshape(&layer->nodes, "row", layer->inputs[0], longer), 1, times);
}

/* Each item several times, or numbers between the items. */
valref keras_read_up_sampling(struct keras_reader *reader, struct keras_layer *layer) {
    int axes = keras_shape(layer, 0)->rank - 2, first = keras_channels_first(reader, layer) ? 2 : 1;
    const char *method = keras_text(layer->config, "interpolation");
    bool linear = method && strcmp(method, "bilinear") == 0;
    int64_t sizes[3];
    valref value = layer->inputs[0];
    if (axes < 1 || axes > 3) return keras_refuse(reader, layer, NULL, NULL, "the input has no axes of items");
    if (keras_integer_each(reader, layer, "size", 2, sizes, axes) < 0) return NO_VALUE;
    if (method && !linear && strcmp(method, "nearest") != 0)
        return keras_refuse(reader, layer, "interpolation", "use nearest or bilinear", "'%s' is not read", method);
    for (int i = 0; i < axes && !valref_equal(value, NO_VALUE); i++) {
        const char *part = arena_printf(reader->arena, "axis_%d", first + i);
        if (sizes[i] < 1 || sizes[i] > REPEATS_MAX)
            return keras_refuse(reader, layer, "size", NULL, "%lld is no number of items", (long long)sizes[i]);
        const struct resize resize = {.method = RESIZE_LINEAR,
                                      .coordinates = RESIZE_HALF_PIXEL,
                                      .scale = (float)sizes[i],
                                      .count = layer_shape(&layer->nodes, value)->dim[first + i] * sizes[i]};
        value = linear && sizes[i] > 1 ? layer_resize(&layer->nodes, value, first + i, &resize)
                                       : repeat(layer, part, value, first + i, sizes[i]);
    }
    return value;
}

/* ---- borders ---- */

/* What is cut off or put on before and behind each axis between batch and channels: one number for all, one for each
 * axis, or a pair for each; the axes begin at *first. How many axes, or -1. */
static int read_borders(struct keras_reader *reader, const struct keras_layer *layer, const char *key, int64_t *sides,
                        int *first) {
    int axes = keras_shape(layer, 0)->rank - 2;
    *first = keras_channels_first(reader, layer) ? 2 : 1;
    if (axes < 1 || axes > 3) return keras_error(reader, layer, NULL, NULL, "the input has no axes of items");
    int64_t numbers[6];
    int count = keras_integers(reader, layer, key, numbers, 6);
    if (count < 0) return -1;
    if (count != 1 && count != 2 * axes && count != axes)
        return keras_error(reader, layer, key, NULL, "%d numbers are given for %d axes", count, axes);
    for (int i = 0; i < 2 * axes; i++) {
        sides[i] = count == 1 ? numbers[0] : count == 2 * axes ? numbers[i] : numbers[i / 2];
        if (sides[i] < 0 || sides[i] > REPEATS_MAX)
            return keras_error(reader, layer, key, NULL, "%lld is no number of items", (long long)sides[i]);
    }
    return axes;
}

valref keras_read_cropping(struct keras_reader *reader, struct keras_layer *layer) {
    int64_t sides[6];
    int first, axes = read_borders(reader, layer, "cropping", sides, &first);
    const struct shape *shape = keras_shape(layer, 0);
    union attributes attributes = {.slice = {.start = {0}}};
    if (axes < 0) return NO_VALUE;
    for (int axis = 0; axis < shape->rank; axis++) {
        attributes.slice.step[axis] = 1;
        attributes.slice.count[axis] = shape->dim[axis];
    }
    for (int i = 0; i < axes; i++) {
        attributes.slice.start[first + i] = sides[2 * i];
        attributes.slice.count[first + i] -= sides[2 * i] + sides[2 * i + 1];
        if (attributes.slice.count[first + i] < 1)
            return keras_refuse(reader, layer, "cropping", NULL, "nothing is left of an axis");
    }
    return layer_node(&layer->nodes, OP_SLICE, NULL, layer->inputs, 1, &attributes);
}

valref keras_read_zero_padding(struct keras_reader *reader, struct keras_layer *layer) {
    int64_t sides[6];
    int first, axes = read_borders(reader, layer, "padding", sides, &first);
    valref value = layer->inputs[0];
    for (int i = 0; i < axes; i++)
        value = layer_pad(&layer->nodes, "padded", value, first + i, sides[2 * i], sides[2 * i + 1], 0);
    return axes < 0 ? NO_VALUE : value;
}
