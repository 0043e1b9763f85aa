/* Reductions: axes are an operand, one number or several. */
#include "frontend/tensorflow/tensorflow.h"

static struct tensor *reduced(struct onnx_reader *reader, const struct operation *operation, struct tensor *x) {
    size_t count;
    const int64_t *axes = static_integers(reader, operation, 1, "axes", &count);
    if (!axes || !count) return axes ? x : NULL;
    struct call call = call_new(reader, operation, tf_node_of(operation)->operator->onnx);
    call_operand(&call, x);
    call_operand(&call, integers_vector(reader, axes, count));
    call_integer(&call, "keepdims", tf_flag(reader, operation, "keep_dims", false));
    return call_read(&call, NULL);
}

struct tensor *tf_read_reduction(struct onnx_reader *reader, const struct operation *operation) {
    return reduced(reader, operation, operation->inputs[0]);
}

/* The largest or smallest of 0 and 1. */
struct tensor *tf_read_any(struct onnx_reader *reader, const struct operation *operation) {
    const int type = ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT;
    struct tensor *y = reduced(reader, operation, call_cast(reader, operation, "number", operation->inputs[0], type));
    return call_cast(reader, operation, "truth", y, ONNX__TENSOR_PROTO__DATA_TYPE__BOOL);
}

struct tensor *tf_read_arg(struct onnx_reader *reader, const struct operation *operation) {
    int64_t axis;
    if (tf_static_integer(reader, operation, 1, "axis", &axis) < 0) return NULL;
    struct call call = call_new(reader, operation, tf_node_of(operation)->operator->onnx);
    call_operand(&call, operation->inputs[0]);
    call_integer(&call, "axis", axis);
    call_integer(&call, "keepdims", 0);
    struct tensor *y = call_read(&call, NULL);
    int type = tf_type(operation, "output_type");
    return type ? call_cast(reader, operation, "type", y, type) : y;
}
