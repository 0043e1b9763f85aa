/* QONNX's operators of data whose channels stand last, [batch, spatial..., channels]: those of ONNX between two
 * transposes. The kernel of a convolution is [filters, spatial..., channels]. */
#include "frontend/onnx/onnx.h"

static struct tensor *move_channels(struct onnx_reader *reader, const struct operation *operation, const char *what,
                                    struct tensor *tensor, bool to_second) {
    int permutation[SHAPE_RANK_MAX] = {0}, last = tensor->shape.rank - 1;
    for (int i = 1; i <= last; i++) permutation[i] = to_second ? (i == 1 ? last : i - 1) : (i == last ? 1 : i + 1);
    return move_transpose(reader, operation, what, tensor, permutation);
}

/* moved: how many operands have their channels last. */
static struct tensor *read_between(struct onnx_reader *reader, const struct operation *operation,
                                   operation_reader *read, uint32_t moved) {
    static const char *const names[] = {"channels_first", "kernel_channels_first"};
    struct operation inner = *operation;
    inner.inputs = ARENA_ARRAY(reader->arena, struct tensor *, operation->input_count + 1);
    for (uint32_t i = 0; i < operation->input_count; i++) {
        inner.inputs[i] = operation->inputs[i];
        if (i >= moved) continue;
        if (operation->inputs[i]->shape.rank < 3)
            return onnx_refuse(reader, operation, NULL, "operand %u has %d axes: no spatial ones", i,
                               operation->inputs[i]->shape.rank);
        inner.inputs[i] = move_channels(reader, operation, names[i], operation->inputs[i], true);
        if (!inner.inputs[i]) return NULL;
    }
    struct tensor *result = read(reader, &inner);
    return result ? move_channels(reader, operation, "channels_last", result, false) : NULL;
}

struct tensor *onnx_read_conv_channels_last(struct onnx_reader *reader, const struct operation *operation) {
    return read_between(reader, operation, onnx_read_conv, 2);
}

struct tensor *onnx_read_max_pool_channels_last(struct onnx_reader *reader, const struct operation *operation) {
    return read_between(reader, operation, onnx_read_max_pool, 1);
}

struct tensor *onnx_read_batch_normalization_channels_last(struct onnx_reader *reader,
                                                           const struct operation *operation) {
    return read_between(reader, operation, onnx_read_batch_normalization, 1);
}
