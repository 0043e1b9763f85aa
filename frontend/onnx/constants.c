/* Constant in its kinds, and operators that only give another name: Identity, Dropout. */
#include "frontend/onnx/onnx.h"

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
    if ((attribute = attribute_find(operation, "sparse_value"))) {
        if (attribute->sparse_tensor)
            return onnx_sparse_tensor(reader, onnx_location(reader, operation), attribute->sparse_tensor);
        return onnx_refuse(reader, operation, NULL, "attribute 'sparse_value' is not a sparse tensor");
    }
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
