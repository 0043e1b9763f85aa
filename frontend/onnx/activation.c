/* Functions of one number, element by element. */
#include "frontend/onnx/onnx.h"

#include <float.h>
#include <math.h>

static struct tensor *read_unary(struct onnx_reader *reader, const struct operation *operation, enum op op, float alpha,
                                 float beta) {
    struct tensor *x = operation->inputs[0];
    union attributes attributes = {.activation = {.alpha = alpha, .beta = beta}};
    return onnx_emit_tensor(reader, operation, op, NULL, &x, 1, &attributes, x->batch_axis);
}

struct tensor *onnx_read_relu(struct onnx_reader *reader, const struct operation *operation) {
    return read_unary(reader, operation, OP_RELU, 0, 0);
}

static struct tensor *read_real_unary(struct onnx_reader *reader, const struct operation *operation, enum op op,
                                      float alpha, float beta) {
    if (refuse_whole(reader, operation, operation->inputs[0]) < 0) return NULL;
    alpha = attribute_real(reader, operation, "alpha", alpha);
    return read_unary(reader, operation, op, alpha, attribute_real(reader, operation, "beta", beta));
}

struct tensor *onnx_read_leaky_relu(struct onnx_reader *reader, const struct operation *operation) {
    return read_real_unary(reader, operation, OP_LEAKY_RELU, 0.01f, 0);
}

struct tensor *onnx_read_sigmoid(struct onnx_reader *reader, const struct operation *operation) {
    return read_real_unary(reader, operation, OP_SIGMOID, 0, 0);
}

struct tensor *onnx_read_tanh(struct onnx_reader *reader, const struct operation *operation) {
    return read_real_unary(reader, operation, OP_TANH, 0, 0);
}

struct tensor *onnx_read_hard_sigmoid(struct onnx_reader *reader, const struct operation *operation) {
    return read_real_unary(reader, operation, OP_HARD_SIGMOID, 0.2f, 0.5f);
}

/* A bound: an attribute before opset 11, an operand since. */
static int clip_bound(struct onnx_reader *reader, const struct operation *operation, uint32_t input, const char *name,
                      float *bound) {
    *bound = attribute_real(reader, operation, name, *bound);
    if (input < operation->input_count && operation->inputs[input] &&
        static_number(reader, operation, input, name, bound) < 0)
        return -1;
    if (isinf(*bound)) *bound = *bound < 0 ? -FLT_MAX : FLT_MAX;
    if (!isnan(*bound)) return 0;
    onnx_refuse(reader, operation, NULL, "%s of Clip is NaN", name);
    return -1;
}

struct tensor *onnx_read_clip(struct onnx_reader *reader, const struct operation *operation) {
    float lower = -FLT_MAX, upper = FLT_MAX;
    if (clip_bound(reader, operation, 1, "min", &lower) < 0 || clip_bound(reader, operation, 2, "max", &upper) < 0)
        return NULL;
    if (lower > upper)
        return onnx_refuse(reader, operation, NULL, "min of Clip (%g) is above max (%g)", (double)lower, (double)upper);
    return read_unary(reader, operation, OP_CLIP, lower, upper);
}
