/* Matrix products, biases, normalisation. */
#include "frontend/tensorflow/tensorflow.h"

#include <string.h>

/* With its last two axes exchanged, where it is asked for. */
static struct tensor *turned(struct onnx_reader *reader, const struct operation *operation, bool turn,
                             struct tensor *x) {
    int64_t permutation[SHAPE_RANK_MAX];
    int rank = x->shape.rank;
    if (!turn) return x;
    if (rank < 2) return onnx_refuse(reader, operation, NULL, "an operand of a matrix product has %d axes", rank);
    for (int i = 0; i < rank; i++) permutation[i] = i;
    permutation[rank - 2] = rank - 1;
    permutation[rank - 1] = rank - 2;
    return call_transpose(reader, operation, "transposed", x, permutation);
}

static struct tensor *product(struct onnx_reader *reader, const struct operation *operation, const char *turn_a,
                              const char *turn_b) {
    struct tensor *a = turned(reader, operation, tf_flag(reader, operation, turn_a, false), operation->inputs[0]);
    struct tensor *b = turned(reader, operation, tf_flag(reader, operation, turn_b, false), operation->inputs[1]);
    return call_binary(reader, operation, "MatMul", NULL, a, b);
}

struct tensor *tf_read_matmul(struct onnx_reader *reader, const struct operation *operation) {
    return product(reader, operation, "transpose_a", "transpose_b");
}

struct tensor *tf_read_batch_matmul(struct onnx_reader *reader, const struct operation *operation) {
    return product(reader, operation, "adj_x", "adj_y");
}

int tf_channels_last(struct onnx_reader *reader, const struct operation *operation, bool *last) {
    const char *format = tf_text(reader, operation, "data_format", "NHWC");
    *last = !strcmp(format, "NHWC") || !strcmp(format, "NDHWC");
    if (*last || !strcmp(format, "NCHW") || !strcmp(format, "NCDHW")) return 0;
    onnx_refuse(reader, operation, NULL, "data_format '%s' is not read", format);
    return -1;
}

struct tensor *tf_channels_to_front(struct onnx_reader *reader, const struct operation *operation, const char *part,
                                    struct tensor *x) {
    int64_t permutation[SHAPE_RANK_MAX] = {0};
    for (int i = 1; x && i < x->shape.rank; i++) permutation[i] = i == 1 ? x->shape.rank - 1 : i - 1;
    return call_transpose(reader, operation, part, x, permutation);
}

struct tensor *tf_channels_to_back(struct onnx_reader *reader, const struct operation *operation, const char *part,
                                   struct tensor *x) {
    int64_t permutation[SHAPE_RANK_MAX] = {0};
    for (int i = 1; x && i < x->shape.rank; i++) permutation[i] = i == x->shape.rank - 1 ? 1 : i + 1;
    return call_transpose(reader, operation, part, x, permutation);
}

struct tensor *tf_read_bias_add(struct onnx_reader *reader, const struct operation *operation) {
    struct tensor *x = operation->inputs[0], *bias = operation->inputs[1];
    bool last;
    if (tf_channels_last(reader, operation, &last) < 0) return NULL;
    int axis = last ? x->shape.rank - 1 : 1;
    if (bias->shape.rank != 1 || axis >= x->shape.rank || axis < 0 || bias->shape.dim[0] != x->shape.dim[axis])
        return onnx_refuse(reader, operation, NULL, "the bias is not one number a channel");
    if (!last) {
        int64_t shape[SHAPE_RANK_MAX] = {bias->shape.dim[0]};
        for (int i = 1; i < x->shape.rank - 1; i++) shape[i] = 1;
        bias = call_with_integers(reader, operation, "Reshape", "bias", bias, shape, (size_t)x->shape.rank - 1);
    }
    return call_binary(reader, operation, "Add", NULL, x, bias);
}

struct tensor *tf_read_fused_batch_norm(struct onnx_reader *reader, const struct operation *operation) {
    struct tensor *x = operation->inputs[0];
    bool last;
    if (tf_channels_last(reader, operation, &last) < 0) return NULL;
    if (tf_flag(reader, operation, "is_training", true))
        return onnx_refuse(reader, operation, "freeze the model for inference: keras.backend.set_learning_phase(0)",
                           "the normalisation is in training mode");
    struct call call = call_new(reader, operation, "BatchNormalization");
    call_operand(&call, last ? tf_channels_to_front(reader, operation, "channels_first", x) : x);
    for (uint32_t i = 1; i < 5; i++) call_operand(&call, operation->inputs[i]);
    call_real(&call, "epsilon", tf_real(reader, operation, "epsilon", 0.0001f));
    struct tensor *y = call_read(&call, NULL);
    return last ? tf_channels_to_back(reader, operation, "channels_last", y) : y;
}

struct tensor *tf_read_einsum(struct onnx_reader *reader, const struct operation *operation) {
    struct call call = call_new(reader, operation, "Einsum");
    for (uint32_t i = 0; i < operation->input_count; i++) call_operand(&call, operation->inputs[i]);
    call_text(&call, "equation", tf_text(reader, operation, "equation", ""));
    return call_read(&call, NULL);
}
