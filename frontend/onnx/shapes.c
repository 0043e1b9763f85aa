/* Tensors that the model makes of shapes: Size, Range, ConstantOfShape, EyeLike; and NonZero of what is known. */
#include "frontend/onnx/onnx.h"

#include <inttypes.h>
#include <math.h>

#define TYPE(name) ONNX__TENSOR_PROTO__DATA_TYPE__##name

/* Zeros. */
static struct tensor *made(struct onnx_reader *reader, int type, struct shape shape) {
    bool real = type_is_real(type);
    struct tensor *tensor = tensor_new(reader, real ? TENSOR_REALS : TENSOR_INTEGERS, type, shape);
    size_t count = tensor_elements(tensor);
    if (real)
        tensor->reals = ARENA_ARRAY(reader->arena, float, count + 1);
    else
        tensor->integers = ARENA_ARRAY(reader->arena, int64_t, count + 1);
    return tensor;
}

struct tensor *onnx_read_size(struct onnx_reader *reader, const struct operation *operation) {
    int64_t count = (int64_t)tensor_elements(operation->inputs[0]);
    return tensor_integers(reader, (struct shape){0}, &count);
}

/* ---- Range ---- */

static struct tensor *range_of_integers(struct onnx_reader *reader, const struct operation *operation) {
    int64_t start = *operation->inputs[0]->integers, limit = *operation->inputs[1]->integers,
            step = *operation->inputs[2]->integers;
    double count = step ? ceil(((double)limit - (double)start) / (double)step) : NAN;
    if (!(count <= ONNX_MADE_MAX))
        return onnx_refuse(reader, operation, NULL, "it counts from %" PRId64 " to %" PRId64 " by %" PRId64, start,
                           limit, step);
    struct tensor *range =
        made(reader, operation->inputs[0]->type, (struct shape){.rank = 1, .dim = {count > 0 ? (int64_t)count : 0}});
    for (int64_t i = 0; i < range->shape.dim[0]; i++) range->integers[i] = start + i * step;
    return range;
}

static struct tensor *range_of_reals(struct onnx_reader *reader, const struct operation *operation) {
    double start = (double)*operation->inputs[0]->reals, limit = (double)*operation->inputs[1]->reals,
           step = (double)*operation->inputs[2]->reals;
    double count = ceil((limit - start) / step);
    if (!(count <= ONNX_MADE_MAX))
        return onnx_refuse(reader, operation, NULL, "it counts from %g to %g by %g", start, limit, step);
    struct tensor *range =
        made(reader, operation->inputs[0]->type, (struct shape){.rank = 1, .dim = {count > 0 ? (int64_t)count : 0}});
    for (int64_t i = 0; i < range->shape.dim[0]; i++) range->reals[i] = (float)(start + (double)i * step);
    return range;
}

struct tensor *onnx_read_range(struct onnx_reader *reader, const struct operation *operation) {
    enum tensor_state state = operation->inputs[0]->state;
    for (uint32_t i = 0; i < 3; i++) {
        if (!tensor_is_static(operation->inputs[i]) || operation->inputs[i]->state != state ||
            tensor_elements(operation->inputs[i]) != 1)
            return onnx_refuse(reader, operation, "export the model with constant shapes and indices",
                               "operand %u of Range is not one constant number like the first one", i);
    }
    return state == TENSOR_INTEGERS ? range_of_integers(reader, operation) : range_of_reals(reader, operation);
}

/* ---- ConstantOfShape ---- */

static int fill_with(struct onnx_reader *reader, const struct operation *operation, const struct tensor *value,
                     struct tensor *tensor) {
    size_t count = tensor_elements(tensor);
    if (tensor_elements(value) != 1) {
        onnx_refuse(reader, operation, NULL, "'value' is not one number");
        return -1;
    }
    for (size_t i = 0; i < count; i++) {
        if (value->state == TENSOR_REALS)
            tensor->reals[i] = *value->reals;
        else
            tensor->integers[i] = *value->integers;
    }
    return 0;
}

struct tensor *onnx_read_constant_of_shape(struct onnx_reader *reader, const struct operation *operation) {
    const Onnx__AttributeProto *attribute = attribute_find(operation, "value");
    struct location at = onnx_location(reader, operation);
    size_t count;
    const int64_t *entries = static_integers(reader, operation, 0, "shape", &count);
    if (!entries) return NULL;
    if (count > SHAPE_RANK_MAX) return onnx_refuse(reader, operation, NULL, "the result has too many axes");
    struct shape shape = {.rank = (int)count};
    for (size_t i = 0; i < count; i++) shape.dim[i] = entries[i];
    if (!onnx_made_size(reader, operation, &shape)) return NULL;
    if (!attribute) return made(reader, TYPE(FLOAT), shape);
    at.attribute = "value";
    struct tensor *value = attribute->t ? tensor_from_proto(reader, at, attribute->t) : NULL;
    if (!value) return onnx_refuse(reader, operation, NULL, "attribute 'value' is not a tensor of numbers");
    struct tensor *tensor = made(reader, value->type, shape);
    return fill_with(reader, operation, value, tensor) < 0 ? NULL : tensor;
}

/* ---- EyeLike ---- */

struct tensor *onnx_read_eye_like(struct onnx_reader *reader, const struct operation *operation) {
    const struct shape *shape = &operation->inputs[0]->shape;
    int64_t type = attribute_integer(reader, operation, "dtype", operation->inputs[0]->type);
    int64_t k = attribute_integer(reader, operation, "k", 0);
    if (shape->rank != 2) return onnx_refuse(reader, operation, NULL, "EyeLike wants a matrix");
    if (refuse_batch_axis(reader, operation, operation->inputs[0], 0) < 0 ||
        refuse_batch_axis(reader, operation, operation->inputs[0], 1) < 0)
        return NULL;
    if (!type_is_real((int)type) && !type_is_whole((int)type))
        return onnx_refuse(reader, operation, NULL, "a matrix of %s", onnx_type_name((int)type));
    struct tensor *eye = made(reader, (int)type, *shape);
    for (int64_t row = 0; row < shape->dim[0]; row++) {
        if (k > shape->dim[1] || k < -shape->dim[0] || row + k < 0 || row + k >= shape->dim[1]) continue;
        if (eye->reals)
            eye->reals[row * shape->dim[1] + row + k] = 1;
        else
            eye->integers[row * shape->dim[1] + row + k] = 1;
    }
    return eye;
}

/* ---- NonZero ---- */

struct tensor *onnx_read_non_zero(struct onnx_reader *reader, const struct operation *operation) {
    const struct tensor *x = operation->inputs[0];
    int64_t at[SHAPE_RANK_MAX];
    size_t elements = tensor_elements(x), found = 0;
    if (!tensor_is_static(x))
        return onnx_refuse(reader, operation, "export the model with constant shapes and indices",
                           "NonZero of numbers that depend on the event: how many it finds is not known");
    for (size_t i = 0; i < elements; i++) found += x->reals ? x->reals[i] != 0.0f : x->integers[i] != 0;
    struct tensor *places =
        made(reader, TYPE(INT64), (struct shape){.rank = 2, .dim = {x->shape.rank, (int64_t)found}});
    for (size_t i = 0, column = 0; i < elements; i++) {
        if (x->reals ? x->reals[i] == 0.0f : x->integers[i] == 0) continue;
        onnx_coordinates(&x->shape, i, at);
        for (int axis = 0; axis < x->shape.rank; axis++) places->integers[(size_t)axis * found + column] = at[axis];
        column++;
    }
    return places;
}
