/* Constant in its kinds, and operators that only give another name: Identity, Dropout, Cast. */
#include "frontend/onnx/onnx.h"

#include <math.h>
#include <string.h>

static struct tensor *constant_reals(struct onnx_reader *reader, struct shape shape, const float *reals, size_t count) {
    struct tensor *tensor = tensor_new(reader, TENSOR_REALS, ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT, shape);
    tensor->reals = ARENA_ARRAY(reader->arena, float, count + 1);
    if (count) memcpy(tensor->reals, reals, count * sizeof *reals);
    return tensor;
}

static struct shape vector_shape(size_t count) {
    return (struct shape){.rank = 1, .dim = {(int64_t)count}};
}

struct tensor *onnx_read_constant(struct onnx_reader *reader, const struct operation *operation) {
    const Onnx__AttributeProto *attribute;
    if ((attribute = attribute_find(operation, "value"))) {
        struct location at = onnx_location(reader, operation);
        at.attribute = "value";
        if (attribute->t) return tensor_from_proto(reader, at, attribute->t);
        return onnx_refuse(reader, operation, NULL, "attribute 'value' is not a tensor");
    }
    if ((attribute = attribute_find(operation, "value_float")))
        return constant_reals(reader, (struct shape){0}, &attribute->f, 1);
    if ((attribute = attribute_find(operation, "value_floats")))
        return constant_reals(reader, vector_shape(attribute->n_floats), attribute->floats, attribute->n_floats);
    if ((attribute = attribute_find(operation, "value_int")))
        return tensor_integers(reader, (struct shape){0}, &attribute->i);
    if ((attribute = attribute_find(operation, "value_ints")))
        return tensor_integers(reader, vector_shape(attribute->n_ints), attribute->ints);
    if (attribute_find(operation, "sparse_value"))
        return onnx_refuse(reader, operation, "store the constant densely", "the constant is a sparse tensor");
    if (attribute_find(operation, "value_string") || attribute_find(operation, "value_strings"))
        return onnx_refuse(reader, operation, NULL, "the constant is text");
    return onnx_refuse(reader, operation, NULL, "the constant has no value");
}

struct tensor *onnx_read_identity(struct onnx_reader *reader, const struct operation *operation) {
    (void)reader;
    return operation->inputs[0];
}

/* Nothing is dropped. */
static struct tensor *mask_of_ones(struct onnx_reader *reader, const struct tensor *x) {
    struct tensor *mask = tensor_new(reader, TENSOR_INTEGERS, ONNX__TENSOR_PROTO__DATA_TYPE__BOOL, x->shape);
    size_t count = tensor_elements(mask);
    mask->integers = ARENA_ARRAY(reader->arena, int64_t, count + 1);
    for (size_t i = 0; i < count; i++) mask->integers[i] = 1;
    return mask;
}

/* What was trained is run for inference, where Dropout does nothing. */
struct tensor *onnx_read_dropout(struct onnx_reader *reader, const struct operation *operation) {
    const struct tensor *mode = operation->input_count > 2 ? operation->inputs[2] : NULL;
    if (mode && (mode->state != TENSOR_INTEGERS || tensor_elements(mode) != 1 || mode->integers[0]))
        return onnx_refuse(reader, operation, "export the model for inference", "dropout is in training mode");
    if (output_is_read(operation, 1)) operation->results[1] = mask_of_ones(reader, operation->inputs[0]);
    return operation->inputs[0];
}

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
        {"FLOAT", TYPE(FLOAT)},
        {"DOUBLE", TYPE(DOUBLE)},
        {"INT64", TYPE(INT64)},
        {"INT32", TYPE(INT32)},
    };
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (!strcmp(types[i].name, text)) return types[i].type;
    return TYPE(UNDEFINED);
}

/* Known real numbers to whole ones, toward zero. */
static struct tensor *cast_to_whole(struct onnx_reader *reader, const struct operation *operation,
                                    const struct tensor *tensor, int type) {
    size_t count = tensor_elements(tensor);
    struct tensor *result = tensor_new(reader, TENSOR_INTEGERS, type, tensor->shape);
    result->integers = ARENA_ARRAY(reader->arena, int64_t, count + 1);
    for (size_t i = 0; i < count; i++) {
        if (!(fabsf(tensor->reals[i]) < 9e18f))
            return onnx_refuse(reader, operation, NULL, "element %zu is no 64-bit whole number", i);
        result->integers[i] = (int64_t)tensor->reals[i];
    }
    return result;
}

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

struct tensor *onnx_read_cast(struct onnx_reader *reader, const struct operation *operation) {
    const struct tensor *tensor = operation->inputs[0];
    int to = cast_goal(reader, operation), from = tensor->type;
    if (tensor->state == TENSOR_REALS && type_is_whole(to)) return cast_to_whole(reader, operation, tensor, to);
    if (tensor->state == TENSOR_INTEGERS && type_is_whole(to) && (to == TYPE(INT64) || to == TYPE(INT32)))
        return retyped(reader, tensor, to);
    if (cast_is_exact(tensor, from, to)) return retyped(reader, tensor, to);
    return onnx_refuse(reader, operation, "a quantiser (QONNX Quant) says how to round",
                       "a cast from %s to %s changes numbers", onnx_type_name(from), onnx_type_name(to));
}
