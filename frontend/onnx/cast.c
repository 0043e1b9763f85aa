/* Cast and CastLike. What is known is rounded to its new type; of what depends on the event the fraction goes, where
 * the type is whole, and all else must be the same number in both types. */
#include "frontend/onnx/onnx.h"

#include <math.h>
#include <string.h>

#define TYPE(name) ONNX__TENSOR_PROTO__DATA_TYPE__##name

/* The old text form of Cast's attribute, too. */
static int cast_goal(struct onnx_reader *reader, const struct operation *operation) {
    const Onnx__AttributeProto *attribute = attribute_find(operation, "to");
    if (!attribute || !attribute->has_s) return (int)attribute_integer(reader, operation, "to", TYPE(UNDEFINED));
    const char *text = attribute_text(reader, operation, "to");
    static const struct {
        const char *name;
        int type;
    } types[] = {
        {"FLOAT", TYPE(FLOAT)},   {"DOUBLE", TYPE(DOUBLE)}, {"INT64", TYPE(INT64)},
        {"INT32", TYPE(INT32)},   {"INT16", TYPE(INT16)},   {"INT8", TYPE(INT8)},
        {"UINT16", TYPE(UINT16)}, {"UINT8", TYPE(UINT8)},   {"BOOL", TYPE(BOOL)},
    };
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (!strcmp(types[i].name, text)) return types[i].type;
    return TYPE(UNDEFINED);
}

/* ---- of known numbers ---- */

static struct tensor *known_as_real(struct onnx_reader *reader, const struct tensor *tensor, int type) {
    size_t count = tensor_elements(tensor);
    struct tensor *result = tensor_new(reader, TENSOR_REALS, type, tensor->shape);
    result->reals = ARENA_ARRAY(reader->arena, float, count + 1);
    for (size_t i = 0; i < count; i++)
        result->reals[i] = type_round(type, tensor->reals ? (double)tensor->reals[i] : (double)tensor->integers[i]);
    return result;
}

/* Toward zero, and modulo the width; a bool is whether it is not 0. */
static struct tensor *known_as_whole(struct onnx_reader *reader, const struct operation *operation,
                                     const struct tensor *tensor, int type) {
    size_t count = tensor_elements(tensor);
    struct tensor *result = tensor_new(reader, TENSOR_INTEGERS, type, tensor->shape);
    result->integers = ARENA_ARRAY(reader->arena, int64_t, count + 1);
    for (size_t i = 0; i < count; i++) {
        if (type == TYPE(BOOL)) {
            result->integers[i] = tensor->reals ? tensor->reals[i] != 0.0f : tensor->integers[i] != 0;
            continue;
        }
        if (tensor->reals && !(fabsf(tensor->reals[i]) < 9e18f))
            return onnx_refuse(reader, operation, NULL, "element %zu is no 64-bit whole number", i);
        result->integers[i] = type_wrap(type, tensor->reals ? (int64_t)tensor->reals[i] : tensor->integers[i]);
    }
    return result;
}

/* ---- of numbers that depend on the event ---- */

static struct tensor *retyped(struct onnx_reader *reader, const struct tensor *tensor, int type) {
    struct tensor *copy = ARENA_NEW(reader->arena, struct tensor);
    *copy = *tensor;
    copy->type = type;
    return copy;
}

/* Whether every number of one type is one of the other, or ArgMax's small ones in any whole type. */
static bool cast_is_exact(const struct tensor *tensor, int from, int to) {
    if (from == TYPE(BOOL) && to != from) return type_is_real(to) || type_is_whole(to);
    if (to == TYPE(FLOAT) || to == TYPE(DOUBLE)) return type_is_real(from) || type_is_whole(from);
    if (to == from) return true;
    if (tensor->state == TENSOR_VALUE && from == TYPE(INT64) && (to == TYPE(INT32) || to == TYPE(UINT32))) return true;
    if (from == TYPE(UINT8)) return type_is_whole(to) && to != TYPE(INT8);
    if (from == TYPE(INT8)) return to == TYPE(INT16) || to == TYPE(INT32) || to == TYPE(INT64);
    if (from == TYPE(INT16)) return to == TYPE(INT32) || to == TYPE(INT64);
    if (from == TYPE(UINT16)) return to == TYPE(INT32) || to == TYPE(UINT32) || to == TYPE(INT64) || to == TYPE(UINT64);
    return from == TYPE(INT32) && to == TYPE(INT64);
}

static struct tensor *function(struct onnx_reader *reader, const struct operation *operation, enum op op,
                               const char *what, struct tensor *x, float alpha) {
    const union attributes attributes = {.activation = {.alpha = alpha}};
    return x ? onnx_emit_tensor(reader, operation, op, what, &x, 1, &attributes, x->batch_axis) : NULL;
}

static struct tensor *cast_value(struct onnx_reader *reader, const struct operation *operation, struct tensor *x,
                                 int to) {
    struct tensor *result = NULL;
    if (cast_is_exact(x, x->type, to)) return retyped(reader, x, to);
    if (to == TYPE(BOOL))
        return onnx_positive(reader, operation, NULL, function(reader, operation, OP_LEAKY_RELU, "distance", x, -1));
    if (type_is_real(x->type) && type_is_whole(to)) {
        result = function(reader, operation, OP_TOWARD_ZERO, NULL, x, 0);
        if (result) result->type = to;
        return result;
    }
    return onnx_refuse(reader, operation, "a quantiser (QONNX Quant) says how to round",
                       "a cast from %s to %s changes numbers", onnx_type_name(x->type), onnx_type_name(to));
}

static struct tensor *cast_to(struct onnx_reader *reader, const struct operation *operation, int to) {
    struct tensor *x = operation->inputs[0];
    bool real = type_is_real(to), whole = type_is_whole(to) || to == TYPE(BOOL);
    if (!real && !whole)
        return onnx_refuse(reader, operation, NULL, "a cast to %s, which no operator here takes", onnx_type_name(to));
    if (!tensor_is_static(x)) return cast_value(reader, operation, x, to);
    if (x->type == to) return x;
    return real ? known_as_real(reader, x, to) : known_as_whole(reader, operation, x, to);
}

struct tensor *onnx_read_cast(struct onnx_reader *reader, const struct operation *operation) {
    return cast_to(reader, operation, cast_goal(reader, operation));
}

struct tensor *onnx_read_cast_like(struct onnx_reader *reader, const struct operation *operation) {
    return cast_to(reader, operation, operation->inputs[1]->type);
}
