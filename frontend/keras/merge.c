/* Layers of several tensors, which broadcast behind the batch. */
#include "frontend/keras/keras.h"

#include <float.h>
#include <string.h>

static valref both(const struct keras_layer *layer, enum op op, const char *part, valref a, valref b) {
    return layer_node(&layer->nodes, op, part, (const valref[]){a, b}, 2, NULL);
}

static valref number(const struct keras_layer *layer, const char *part, float value) {
    return layer_reals(&layer->nodes, part, (struct shape){0}, &value);
}

/* One after the other; the last one has the layer's name, unless something comes behind it. */
static valref accumulate(const struct keras_layer *layer, enum op op, const char *what) {
    valref value = layer->inputs[0];
    for (int i = 1; i < layer->input_count; i++) {
        bool last = i + 1 == layer->input_count;
        const char *part = last ? what : arena_printf(layer->nodes.arena, "input_%d", i);
        value = both(layer, op, part, value, layer->inputs[i]);
    }
    return value;
}

valref keras_read_add(struct keras_reader *reader, struct keras_layer *layer) {
    (void)reader;
    return accumulate(layer, OP_ADD, NULL);
}

valref keras_read_subtract(struct keras_reader *reader, struct keras_layer *layer) {
    (void)reader;
    return accumulate(layer, OP_SUB, NULL);
}

valref keras_read_multiply(struct keras_reader *reader, struct keras_layer *layer) {
    (void)reader;
    return accumulate(layer, OP_MUL, NULL);
}

valref keras_read_average(struct keras_reader *reader, struct keras_layer *layer) {
    (void)reader;
    valref sum = accumulate(layer, OP_ADD, "sum");
    return both(layer, OP_DIV, NULL, sum, number(layer, "count", (float)layer->input_count));
}

/* ---- extremes ---- */

static int common_shape(struct keras_reader *reader, const struct keras_layer *layer, struct shape *out) {
    *out = *keras_shape(layer, 0);
    for (int i = 1; i < layer->input_count; i++) {
        struct shape before = *out;
        if (!shape_broadcast(&before, keras_shape(layer, i), out))
            return keras_error(reader, layer, NULL, NULL, "the shapes of its tensors do not go together");
    }
    return out->rank < SHAPE_RANK_MAX ? 0 : keras_error(reader, layer, NULL, NULL, "its tensors have too many axes");
}

/* Spread to the shape, with an axis of 1 behind it. */
static valref column(const struct keras_layer *layer, int number, valref value, const struct shape *shape) {
    struct arena *arena = layer->nodes.arena;
    struct shape longer = *shape;
    longer.dim[longer.rank++] = 1;
    if (!valref_equal(value, NO_VALUE) && !shape_equal(layer_shape(&layer->nodes, value), shape)) {
        const float *zeros = ARENA_ARRAY(arena, float, shape_elements(shape));
        value = both(layer, OP_ADD, arena_printf(arena, "input_%d.spread", number), value,
                     layer_reals(&layer->nodes, arena_printf(arena, "input_%d.zeros", number), *shape, zeros));
    }
    return layer_reshape(&layer->nodes, arena_printf(arena, "input_%d", number), value, longer);
}

/* The largest along an axis on which all are joined. */
static valref largest(struct keras_reader *reader, const struct keras_layer *layer, const valref *inputs,
                      const char *what) {
    struct shape shape;
    if (common_shape(reader, layer, &shape) < 0) return NO_VALUE;
    const union attributes axis = {.axis = {.axis = shape.rank}};
    valref *columns = ARENA_ARRAY(reader->arena, valref, layer->input_count);
    for (int i = 0; i < layer->input_count; i++) columns[i] = column(layer, i, inputs[i], &shape);
    valref joined = layer_node(&layer->nodes, OP_CONCAT, "joined", columns, (uint32_t)layer->input_count, &axis);
    return layer_node(&layer->nodes, OP_REDUCE_MAX, what, &joined, 1, &axis);
}

valref keras_read_maximum(struct keras_reader *reader, struct keras_layer *layer) {
    return largest(reader, layer, layer->inputs, NULL);
}

/* -max(-a, -b) */
valref keras_read_minimum(struct keras_reader *reader, struct keras_layer *layer) {
    valref *mirrored = ARENA_ARRAY(reader->arena, valref, layer->input_count), minus = number(layer, "minus_one", -1);
    for (int i = 0; i < layer->input_count; i++)
        mirrored[i] = both(layer, OP_MUL, arena_printf(reader->arena, "minus_%d", i), layer->inputs[i], minus);
    return both(layer, OP_MUL, NULL, largest(reader, layer, mirrored, "largest"), minus);
}

/* ---- joined, multiplied ---- */

valref keras_read_concatenate(struct keras_reader *reader, struct keras_layer *layer) {
    int axis = keras_axis(reader, layer, "axis", keras_number(layer->config, "axis", -1), keras_shape(layer, 0)->rank);
    const union attributes attributes = {.axis = {.axis = axis}};
    if (axis < 0) return NO_VALUE;
    if (layer->input_count == 1) return layer->inputs[0];
    return layer_node(&layer->nodes, OP_CONCAT, NULL, layer->inputs, (uint32_t)layer->input_count, &attributes);
}

/* As a matrix a batch, rows x columns, of which one side is the axis. */
static valref as_matrix(const struct keras_layer *layer, int number, valref value, int axis, bool axis_last) {
    if (valref_equal(value, NO_VALUE)) return value;
    const struct shape shape = *layer_shape(&layer->nodes, value);
    struct arena *arena = layer->nodes.arena;
    int permutation[SHAPE_RANK_MAX] = {0}, at = 1;
    int64_t others = 1;
    if (!axis_last) permutation[at++] = axis;
    for (int i = 1; i < shape.rank; i++) {
        if (i == axis) continue;
        permutation[at++] = i;
        others *= shape.dim[i];
    }
    if (axis_last) permutation[at] = axis;
    value = layer_transpose(&layer->nodes, arena_printf(arena, "turned_%d", number), value, permutation);
    struct shape matrix = {3, {1, axis_last ? others : shape.dim[axis], axis_last ? shape.dim[axis] : others}};
    return layer_reshape(&layer->nodes, arena_printf(arena, "matrix_%d", number), value, matrix);
}

/* x / sqrt(sum of squares), at least 1e-12 of them */
static valref unit_length(const struct keras_layer *layer, int number, valref value, int axis) {
    struct arena *arena = layer->nodes.arena;
    const union attributes along = {.axis = {.axis = axis, .keep_dimensions = true}},
                           limits = {.activation = {1e-12f, FLT_MAX}};
    valref squares = both(layer, OP_MUL, arena_printf(arena, "squares_%d", number), value, value);
    valref sum = layer_node(&layer->nodes, OP_REDUCE_SUM, arena_printf(arena, "sum_%d", number), &squares, 1, &along);
    sum = layer_node(&layer->nodes, OP_CLIP, arena_printf(arena, "limited_%d", number), &sum, 1, &limits);
    valref root = layer_node(&layer->nodes, OP_SQRT, arena_printf(arena, "length_%d", number), &sum, 1, NULL);
    return both(layer, OP_DIV, arena_printf(arena, "unit_%d", number), value, root);
}

/* Without the batch and the axis. */
static void append_others(struct shape *out, const struct shape *shape, int axis) {
    for (int i = 1; i < shape->rank; i++)
        if (i != axis && out->rank < SHAPE_RANK_MAX) out->dim[out->rank++] = shape->dim[i];
}

valref keras_read_dot(struct keras_reader *reader, struct keras_layer *layer) {
    int64_t axes[2];
    if (keras_integer_each(reader, layer, "axes", -1, axes, 2) < 0) return NO_VALUE;
    const struct shape shapes[2] = {*keras_shape(layer, 0), *keras_shape(layer, 1)};
    valref values[2] = {layer->inputs[0], layer->inputs[1]};
    struct shape out = {1, {1}};
    for (int i = 0; i < 2; i++) {
        int axis = keras_axis(reader, layer, "axes", (double)axes[i], shapes[i].rank);
        if (axis < 0) return NO_VALUE;
        if (keras_flag(layer->config, "normalize", false)) values[i] = unit_length(layer, i, values[i], axis);
        values[i] = as_matrix(layer, i, values[i], axis, i == 0);
        append_others(&out, &shapes[i], axis);
    }
    if (out.rank == 1) out.dim[out.rank++] = 1;
    return layer_reshape(&layer->nodes, "shaped", both(layer, OP_MATMUL, NULL, values[0], values[1]), out);
}
