/* Add, Sub, Mul, Div, Pow. On whole numbers that are known (shapes) they are computed here. */
#include "frontend/onnx/onnx.h"

#include <inttypes.h>

/* One whole number; false when it leaves 64 bits or divides by zero. */
static bool whole_arithmetic(enum op op, int64_t a, int64_t b, int64_t *result) {
    switch (op) {
    case OP_ADD: return !__builtin_add_overflow(a, b, result);
    case OP_SUB: return !__builtin_sub_overflow(a, b, result);
    case OP_MUL: return !__builtin_mul_overflow(a, b, result);
    case OP_DIV:
        if (!b || (b == -1 && a == INT64_MIN)) return false;
        *result = a / b;
        return true;
    default:
        *result = 1;
        if (b < 0 || b > 64) return false;
        for (int64_t i = 0; i < b; i++)
            if (__builtin_mul_overflow(*result, a, result)) return false;
        return true;
    }
}

static struct tensor *fold_whole(struct onnx_reader *reader, const struct operation *operation, enum op op,
                                 const struct tensor *a, const struct tensor *b) {
    struct shape shape;
    if (!shape_broadcast(&a->shape, &b->shape, &shape))
        return onnx_refuse(reader, operation, NULL, "shapes do not go together");
    if (shape_elements(&shape) > ONNX_ELEMENTS_MAX)
        return onnx_refuse(reader, operation, NULL, "the result is too large");
    struct tensor *tensor = tensor_new(reader, TENSOR_INTEGERS, a->type, shape);
    size_t count = shape_elements(&shape);
    tensor->integers = ARENA_ARRAY(reader->arena, int64_t, count + 1);
    for (size_t i = 0; i < count; i++) {
        int64_t left = a->integers[shape_project(&shape, i, &a->shape)];
        int64_t right = b->integers[shape_project(&shape, i, &b->shape)];
        if (!whole_arithmetic(op, left, right, &tensor->integers[i]))
            return onnx_refuse(reader, operation, NULL, "%" PRId64 " and %" PRId64 " have no whole result in 64 bits",
                               left, right);
        tensor->integers[i] = type_wrap(a->type, tensor->integers[i]);
    }
    return tensor;
}

/* Before opset 7, `axis` said where the axes of b stand in a: axes of 1 are put behind them. */
struct tensor *onnx_old_axis(struct onnx_reader *reader, const struct operation *operation, const struct tensor *a,
                             struct tensor *b) {
    if (!attribute_integer(reader, operation, "broadcast", 0) || !attribute_find(operation, "axis")) return b;
    int64_t axis = onnx_axis(reader, operation, attribute_integer(reader, operation, "axis", 0), a->shape.rank);
    if (axis < 0) return NULL;
    if (b->depends) return onnx_refuse(reader, operation, NULL, "attribute 'axis' with an operand that is no constant");
    struct shape shape = b->shape;
    while (shape.rank + axis < a->shape.rank) shape.dim[shape.rank++] = 1;
    return move_reshape(reader, operation, "operand", b, shape, -1);
}

static struct tensor *read_arithmetic(struct onnx_reader *reader, const struct operation *operation, enum op op) {
    struct tensor *a = operation->inputs[0];
    struct tensor *b = onnx_old_axis(reader, operation, a, operation->inputs[1]);
    if (!b) return NULL;
    if (a->state == TENSOR_INTEGERS && b->state == TENSOR_INTEGERS && type_is_whole(a->type) && type_is_whole(b->type))
        return fold_whole(reader, operation, op, a, b);
    if (refuse_whole(reader, operation, a) < 0) return NULL;
    if (op != OP_POW && refuse_whole(reader, operation, b) < 0) return NULL;
    struct tensor *inputs[] = {a, b};
    int batch = broadcast_batch(reader, operation, inputs, 2);
    if (batch == -2) return NULL;
    return onnx_emit_tensor(reader, operation, op, NULL, inputs, 2, NULL, batch);
}

static bool all_zero(const struct tensor *tensor) {
    for (size_t i = 0; tensor->state == TENSOR_REALS && i < tensor_elements(tensor); i++)
        if (tensor->reals[i] != 0.0f) return false;
    return tensor->state == TENSOR_REALS;
}

/* Scores and what is left of a mask; where that is nothing, the scores themselves. */
static struct tensor *add_mask(struct onnx_reader *reader, const struct operation *operation, struct tensor **pair,
                               const bool *allowed) {
    struct tensor *sum = ARENA_NEW(reader->arena, struct tensor), *made = NULL;
    struct shape shape;
    int batch = broadcast_batch(reader, operation, pair, 2);
    if (batch == -2) return NULL;
    for (int i = 0; i < 2; i++)
        if (all_zero(pair[i]) && shape_broadcast(&pair[0]->shape, &pair[1]->shape, &shape) &&
            shape_equal(&shape, &pair[1 - i]->shape))
            made = pair[1 - i];
    if (!made) made = onnx_emit_tensor(reader, operation, OP_ADD, NULL, pair, 2, NULL, batch);
    if (!made) return NULL;
    *sum = *made;
    sum->allowed = allowed;
    return sum;
}

struct tensor *onnx_read_add(struct onnx_reader *reader, const struct operation *operation) {
    struct tensor *pair[] = {operation->inputs[0], operation->inputs[1]};
    const bool *allowed;
    if (!onnx_mask_added(reader, operation, pair, &allowed)) return NULL;
    return allowed ? add_mask(reader, operation, pair, allowed) : read_arithmetic(reader, operation, OP_ADD);
}

struct tensor *onnx_read_sub(struct onnx_reader *reader, const struct operation *operation) {
    return read_arithmetic(reader, operation, OP_SUB);
}

struct tensor *onnx_read_mul(struct onnx_reader *reader, const struct operation *operation) {
    return read_arithmetic(reader, operation, OP_MUL);
}

struct tensor *onnx_read_div(struct onnx_reader *reader, const struct operation *operation) {
    return read_arithmetic(reader, operation, OP_DIV);
}

struct tensor *onnx_read_pow(struct onnx_reader *reader, const struct operation *operation) {
    struct tensor *base = operation->inputs[0];
    if (!type_is_real(base->type) && !tensor_is_static(base))
        return onnx_refuse(reader, operation, "cast to float before the arithmetic", "a power of %s numbers",
                           onnx_type_name(base->type));
    return read_arithmetic(reader, operation, OP_POW);
}
