/* Split: one tensor becomes several along an axis. */
#include "frontend/onnx/onnx.h"

#include <inttypes.h>

/* Parts of the same length, the last one perhaps shorter. */
static bool equal_parts(struct onnx_reader *reader, const struct operation *operation, int64_t length, int64_t *parts) {
    int64_t count = operation->output_count;
    if (attribute_integer(reader, operation, "num_outputs", count) != count) {
        onnx_refuse(reader, operation, NULL, "'num_outputs' of Split is not the number of its outputs, %" PRId64,
                    count);
        return false;
    }
    int64_t each = (length + count - 1) / count;
    for (int64_t i = 0; i < count; i++) parts[i] = i + 1 < count ? each : length - each * (count - 1);
    if (parts[count - 1] >= 1) return true;
    onnx_refuse(reader, operation, NULL, "%" PRId64 " entries cannot be split into %" PRId64 " parts", length, count);
    return false;
}

static bool split_parts(struct onnx_reader *reader, const struct operation *operation, int64_t length, int64_t *parts) {
    size_t count;
    const int64_t *given = attribute_or_operand(reader, operation, "split", 1, &count);
    if (count == SIZE_MAX) return false;
    if (!given) return equal_parts(reader, operation, length, parts);
    int64_t sum = 0;
    for (size_t i = 0; i < count && i < operation->output_count; i++) {
        parts[i] = given[i];
        if (given[i] < 0 || given[i] > length) sum = length;
        sum += given[i] < 0 ? 1 : given[i];
    }
    if (count == operation->output_count && sum == length) return true;
    onnx_refuse(reader, operation, NULL,
                "the lengths of Split do not go with %u outputs of %" PRId64 " entries together",
                operation->output_count, length);
    return false;
}

static struct tensor *part(struct onnx_reader *reader, const struct operation *operation, uint32_t output, int64_t axis,
                           int64_t start, int64_t length) {
    struct tensor *x = operation->inputs[0];
    int64_t *indices = ARENA_ARRAY(reader->arena, int64_t, (size_t)length + 1);
    struct shape shape = {.rank = 1, .dim = {length}};
    const char *what = output ? arena_printf(reader->arena, "part_%u", output) : NULL;
    union attributes attributes = {.slice = {{0}, {0}, {0}}};
    for (int64_t i = 0; i < length; i++) indices[i] = start + i;
    if (tensor_is_static(x)) return onnx_gather(reader, operation, what, x, axis, shape, indices, -1);
    if (!length) return onnx_refuse(reader, operation, NULL, "output %u has no elements", output);
    for (int i = 0; i < x->shape.rank; i++) {
        attributes.slice.start[i] = i == axis ? start : 0;
        attributes.slice.step[i] = 1;
        attributes.slice.count[i] = i == axis ? length : x->shape.dim[i];
    }
    return onnx_emit_tensor(reader, operation, OP_SLICE, what, &x, 1, &attributes, x->batch_axis);
}

struct tensor *onnx_read_split(struct onnx_reader *reader, const struct operation *operation) {
    const struct tensor *x = operation->inputs[0];
    int64_t *parts = ARENA_ARRAY(reader->arena, int64_t, operation->output_count + 1), start = 0;
    int64_t axis = onnx_axis(reader, operation, attribute_integer(reader, operation, "axis", 0), x->shape.rank);
    if (axis < 0 || refuse_batch_axis(reader, operation, x, axis) < 0) return NULL;
    if (!split_parts(reader, operation, x->shape.dim[axis], parts)) return NULL;
    for (uint32_t i = 0; i < operation->output_count; i++) {
        if (output_is_read(operation, i)) operation->results[i] = part(reader, operation, i, axis, start, parts[i]);
        start += parts[i];
    }
    return operation->results[0];
}
