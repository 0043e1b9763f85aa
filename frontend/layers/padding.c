/* Padding, and the movements along one axis that layers are made of. */
#include "frontend/layers/layers.h"

enum { ELEMENTS_MAX = 1 << 26 }; /* of a value that a layer makes */

bool layer_fits(const struct layer *layer, const struct shape *shape) {
    int64_t count = 1;
    for (int axis = 0; axis < shape->rank; axis++) {
        int64_t dim = shape->dim[axis];
        if (dim < 1 || dim > ELEMENTS_MAX / count) {
            layer_refuse(layer, NULL, dim < 1 ? "nothing is left along axis %d" : "too many elements along axis %d",
                         axis);
            return false;
        }
        count *= dim;
    }
    return true;
}

valref layer_slice(const struct layer *layer, const char *part, valref x, int axis, int64_t start, int64_t step,
                   int64_t count) {
    if (valref_equal(x, NO_VALUE)) return NO_VALUE;
    const struct shape *shape = layer_shape(layer, x);
    if (start == 0 && step == 1 && count == shape->dim[axis]) return x;
    union attributes attributes = {.slice = {.start = {0}}};
    for (int i = 0; i < shape->rank; i++) {
        attributes.slice.step[i] = 1;
        attributes.slice.count[i] = shape->dim[i];
    }
    attributes.slice.start[axis] = start;
    attributes.slice.step[axis] = step;
    attributes.slice.count[axis] = count;
    return layer_node(layer, OP_SLICE, part, &x, 1, &attributes);
}

valref layer_gather(const struct layer *layer, const char *part, valref x, int axis, const int64_t *indices,
                    int64_t count) {
    if (valref_equal(x, NO_VALUE)) return NO_VALUE;
    struct shape shape = *layer_shape(layer, x);
    shape.dim[axis] = count;
    if (!layer_fits(layer, &shape)) return NO_VALUE;
    int64_t *copy = ARENA_ARRAY(layer->arena, int64_t, (size_t)count);
    for (int64_t i = 0; i < count; i++) copy[i] = indices[i];
    union attributes attributes = {.gather = {axis, {.rank = 1, .dim = {count}}, copy}};
    return layer_node(layer, OP_GATHER, part, &x, 1, &attributes);
}

static valref filled(const struct layer *layer, const char *part, struct shape shape, float number) {
    size_t count = shape_elements(&shape);
    float *reals = ARENA_ARRAY(layer->arena, float, count);
    for (size_t i = 0; i < count; i++) reals[i] = number;
    return layer_reals(layer, part, shape, reals);
}

/* What is cut off on either side. */
static valref cropped(const struct layer *layer, const char *part, valref x, int axis, int64_t before, int64_t after) {
    struct shape shape = *layer_shape(layer, x);
    shape.dim[axis] -= before + after;
    return layer_fits(layer, &shape) ? layer_slice(layer, part, x, axis, before, 1, shape.dim[axis]) : NO_VALUE;
}

static valref pad_axis(const struct layer *layer, const char *part, valref x, int axis, int64_t before, int64_t after,
                       float number) {
    struct shape shape = *layer_shape(layer, x), side = shape;
    if (before > ELEMENTS_MAX || after > ELEMENTS_MAX || before < -ELEMENTS_MAX || after < -ELEMENTS_MAX)
        return layer_refuse(layer, NULL, "%lld and %lld elements of padding along axis %d", (long long)before,
                            (long long)after, axis);
    if (before < 0 || after < 0) {
        const char *cut = before > 0 || after > 0 ? arena_printf(layer->arena, "%s.cut", part) : part;
        x = cropped(layer, cut, x, axis, before < 0 ? -before : 0, after < 0 ? -after : 0);
        if (before <= 0 && after <= 0) return x;
    }
    shape.dim[axis] += before + after;
    if (!layer_fits(layer, &shape)) return NO_VALUE;
    valref operands[3];
    uint32_t count = 0;
    if (before > 0) {
        side.dim[axis] = before;
        operands[count++] = filled(layer, arena_printf(layer->arena, "%s.before", part), side, number);
    }
    operands[count++] = x;
    if (after > 0 && after == before)
        operands[count++] = operands[0];
    else if (after > 0) {
        side.dim[axis] = after;
        operands[count++] = filled(layer, arena_printf(layer->arena, "%s.after", part), side, number);
    }
    return layer_node(layer, OP_CONCAT, part, operands, count, &(union attributes){.axis = {.axis = axis}});
}

valref layer_pad(const struct layer *layer, const char *part, valref x, int axis, int64_t before, int64_t after,
                 float number) {
    if (valref_equal(x, NO_VALUE) || (before == 0 && after == 0)) return x;
    return pad_axis(layer, arena_printf(layer->arena, "%s_%d", part, axis), x, axis, before, after, number);
}

/* The element that stands at a place outside, by numpy's rules. */
static int64_t repeated(enum padding padding, int64_t at, int64_t length) {
    if (padding == PADDING_EDGE) return at < 0 ? 0 : at < length ? at : length - 1;
    int64_t period = padding == PADDING_WRAP ? length : length > 1 ? 2 * (length - 1) : 1;
    at = (at % period + period) % period;
    return at < length ? at : period - at;
}

valref layer_pad_repeating(const struct layer *layer, const char *part, valref x, int axis, int64_t before,
                           int64_t after, enum padding padding) {
    if (valref_equal(x, NO_VALUE) || (before == 0 && after == 0)) return x;
    if (before > ELEMENTS_MAX || after > ELEMENTS_MAX)
        return layer_refuse(layer, NULL, "%lld and %lld elements of padding along axis %d", (long long)before,
                            (long long)after, axis);
    x = layer_pad(layer, "cut", x, axis, before < 0 ? before : 0, after < 0 ? after : 0, 0);
    before = before < 0 ? 0 : before;
    after = after < 0 ? 0 : after;
    if (valref_equal(x, NO_VALUE) || (before == 0 && after == 0)) return x;
    int64_t length = layer_shape(layer, x)->dim[axis], count = before + length + after;
    int64_t *indices = ARENA_ARRAY(layer->arena, int64_t, (size_t)count);
    for (int64_t i = 0; i < count; i++) indices[i] = repeated(padding, i - before, length);
    return layer_gather(layer, arena_printf(layer->arena, "%s_%d", part, axis), x, axis, indices, count);
}
