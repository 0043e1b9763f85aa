/* By rank, by class, in another order; sums on the way. */
#include "frontend/tensorflow/tensorflow.h"

#include <inttypes.h>

/* The largest along the last axis, and where they stood. */
struct tensor *tf_read_top_k(struct onnx_reader *reader, const struct operation *operation) {
    int64_t count;
    if (operation->input_count > 1) {
        if (tf_static_integer(reader, operation, 1, "count", &count) < 0) return NULL;
    } else {
        count = tf_integer(reader, operation, "k", 0);
    }
    struct call call = call_new(reader, operation, "TopK");
    call_operand(&call, operation->inputs[0]);
    call_operand(&call, integers_vector(reader, &count, 1));
    tf_flag(reader, operation, "sorted", true); /* otherwise any order will do */
    struct tensor **results = call_results(&call, NULL, operation->output_count, operation->outputs_read);
    if (!results) return NULL;
    for (uint32_t i = 0; i < operation->output_count; i++) operation->results[i] = results[i];
    return results[0];
}

/* Classes out of range, those below 0 among them, have no 1: ONNX counts those below 0 from the end. */
struct tensor *tf_read_one_hot(struct onnx_reader *reader, const struct operation *operation) {
    struct tensor *x = operation->inputs[0];
    int64_t depth, axis = tf_integer(reader, operation, "axis", -1), shape[SHAPE_RANK_MAX];
    if (tf_static_integer(reader, operation, 1, "depth", &depth) < 0) return NULL;
    const int rank = x->shape.rank + 1;
    axis = onnx_axis(reader, operation, axis, rank);
    if (axis < 0) return NULL;
    if (rank > SHAPE_RANK_MAX || depth < 1 || depth > ONNX_ELEMENTS_MAX / 64)
        return onnx_refuse(reader, operation, NULL, "%" PRId64 " classes along axis %" PRId64, depth, axis);
    int64_t *all = ARENA_ARRAY(reader->arena, int64_t, depth);
    for (int64_t i = 0; i < depth; i++) all[i] = i;
    for (int i = 0; i < rank; i++) shape[i] = i == axis ? depth : 1;
    struct tensor *classes = integers_vector(reader, all, (size_t)depth);
    classes->type = x->type;
    classes = call_with_integers(reader, operation, "Reshape", "classes", classes, shape, (size_t)rank);
    x = call_with_integers(reader, operation, "Unsqueeze", "class", x, &axis, 1);
    struct call call = call_new(reader, operation, "Where");
    call_operand(&call, call_binary(reader, operation, "Equal", "hot", x, classes));
    call_operand(&call, operation->inputs[2]);
    call_operand(&call, operation->inputs[3]);
    return call_read(&call, NULL);
}

struct tensor *tf_read_cumsum(struct onnx_reader *reader, const struct operation *operation) {
    struct call call = call_new(reader, operation, "CumSum");
    call_operand(&call, operation->inputs[0]);
    call_operand(&call, operation->inputs[1]);
    call_integer(&call, "exclusive", tf_flag(reader, operation, "exclusive", false));
    call_integer(&call, "reverse", tf_flag(reader, operation, "reverse", false));
    return call_read(&call, NULL);
}

/* Backwards along each of the axes. */
struct tensor *tf_read_reverse(struct onnx_reader *reader, const struct operation *operation) {
    size_t count;
    const int64_t *axes = static_integers(reader, operation, 1, "axes", &count);
    int64_t starts[SHAPE_RANK_MAX], ends[SHAPE_RANK_MAX], steps[SHAPE_RANK_MAX];
    if (!axes) return NULL;
    if (!count) return operation->inputs[0];
    if (count > (size_t)operation->inputs[0]->shape.rank)
        return onnx_refuse(reader, operation, NULL, "%zu axes of %d", count, operation->inputs[0]->shape.rank);
    for (size_t i = 0; i < count; i++) {
        starts[i] = INT64_MAX;
        ends[i] = INT64_MIN;
        steps[i] = -1;
    }
    struct call call = call_new(reader, operation, "Slice");
    call_operand(&call, operation->inputs[0]);
    call_operand(&call, integers_vector(reader, starts, count));
    call_operand(&call, integers_vector(reader, ends, count));
    call_operand(&call, integers_vector(reader, axes, count));
    call_operand(&call, integers_vector(reader, steps, count));
    return call_read(&call, NULL);
}

/* Indices of whole slices; those below 0 are wrong. */
struct tensor *tf_read_gather_nd(struct onnx_reader *reader, const struct operation *operation) {
    const struct tensor *indices = operation->inputs[1];
    if (indices->state != TENSOR_INTEGERS)
        return onnx_refuse(reader, operation, NULL, "its indices depend on the event");
    for (size_t i = 0; i < tensor_elements(indices); i++)
        if (indices->integers[i] < 0)
            return onnx_refuse(reader, operation, NULL, "index %" PRId64 " is below 0", indices->integers[i]);
    return call_binary(reader, operation, "GatherND", NULL, operation->inputs[0], operation->inputs[1]);
}
