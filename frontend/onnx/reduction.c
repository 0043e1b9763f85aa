/* Softmax, ArgMax. */
#include "frontend/onnx/onnx.h"

static struct tensor *emit_softmax(struct onnx_reader *reader, const struct operation *operation, struct tensor *x, int64_t axis) {
    union attributes attributes = {.axis = {.axis = axis, .keep_dimensions = true}};
    return onnx_emit_tensor(reader, operation, OP_SOFTMAX, NULL, &x, 1, &attributes, x->batch_axis);
}

/* Before opset 13 all axes from `axis` on are one. */
static struct tensor *softmax_over_rest(struct onnx_reader *reader, const struct operation *operation, struct tensor *x, int64_t axis) {
    struct shape whole = x->shape, merged = {.rank = (int)axis + 1};
    for (int i = 0; i <= axis; i++) merged.dim[i] = whole.dim[i];
    for (int i = (int)axis + 1; i < whole.rank; i++) merged.dim[axis] *= whole.dim[i];
    struct tensor *flat = move_reshape(reader, operation, "flat", x, merged, x->batch_axis);
    struct tensor *result = flat ? emit_softmax(reader, operation, flat, axis) : NULL;
    return result ? move_reshape(reader, operation, "shaped", result, whole, x->batch_axis) : NULL;
}

struct tensor *onnx_read_softmax(struct onnx_reader *reader, const struct operation *operation) {
    struct tensor *x = operation->inputs[0];
    bool old = reader->opset < 13;
    if (refuse_whole(reader, operation, x) < 0) return NULL;
    int64_t axis = onnx_axis(reader, operation, attribute_integer(reader, operation, "axis", old ? 1 : -1), x->shape.rank);
    if (axis < 0) return NULL;
    int last = old ? x->shape.rank - 1 : (int)axis;
    for (int i = (int)axis; i <= last; i++)
        if (refuse_batch_axis(reader, operation, x, i) < 0) return NULL;
    if (axis == last) return emit_softmax(reader, operation, x, axis);
    return softmax_over_rest(reader, operation, x, axis);
}

struct tensor *onnx_read_argmax(struct onnx_reader *reader, const struct operation *operation) {
    struct tensor *x = operation->inputs[0];
    int64_t axis = onnx_axis(reader, operation, attribute_integer(reader, operation, "axis", 0), x->shape.rank);
    if (axis < 0 || refuse_batch_axis(reader, operation, x, axis) < 0) return NULL;
    bool keep = attribute_integer(reader, operation, "keepdims", 1);
    union attributes attributes = {.axis = {.axis = axis, .keep_dimensions = keep}};
    attributes.axis.select_last = attribute_integer(reader, operation, "select_last_index", 0);
    int batch = x->batch_axis;
    if (!keep && batch > axis) batch--;
    struct tensor *result = onnx_emit_tensor(reader, operation, OP_ARGMAX, NULL, &x, 1, &attributes, batch);
    if (result) result->type = ONNX__TENSOR_PROTO__DATA_TYPE__INT64;
    return result;
}
