/* Functions of one number, element by element. */
#include "frontend/onnx/onnx.h"

#include <float.h>
#include <math.h>
#include <string.h>

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

/* A number of its own. */
static struct tensor *read_named(struct onnx_reader *reader, const struct operation *operation, enum op op,
                                 const char *alpha, float alpha_default, const char *beta, float beta_default) {
    if (refuse_whole(reader, operation, operation->inputs[0]) < 0) return NULL;
    float slope = attribute_real(reader, operation, alpha, alpha_default);
    return read_unary(reader, operation, op, slope, beta ? attribute_real(reader, operation, beta, beta_default) : 0);
}

/* Functions that have no numbers. */
#define READ_PLAIN(name, op)                                                                                           \
    struct tensor *onnx_read_##name(struct onnx_reader *reader, const struct operation *operation) {                   \
        if (refuse_whole(reader, operation, operation->inputs[0]) < 0) return NULL;                                    \
        return read_unary(reader, operation, op, 0, 0);                                                                \
    }
READ_PLAIN(reciprocal, OP_RECIPROCAL)
READ_PLAIN(exp, OP_EXP)
READ_PLAIN(sign, OP_SIGN)
READ_PLAIN(floor, OP_FLOOR)
READ_PLAIN(ceil, OP_CEIL)
READ_PLAIN(round, OP_ROUND)
READ_PLAIN(sqrt, OP_SQRT)
READ_PLAIN(log, OP_LOG)
READ_PLAIN(erf, OP_ERF)
READ_PLAIN(softplus, OP_SOFTPLUS)
READ_PLAIN(softsign, OP_SOFTSIGN)
READ_PLAIN(hard_swish, OP_HARD_SWISH)
READ_PLAIN(mish, OP_MISH)

struct tensor *onnx_read_elu(struct onnx_reader *reader, const struct operation *operation) {
    return read_named(reader, operation, OP_ELU, "alpha", 1, NULL, 0);
}

struct tensor *onnx_read_selu(struct onnx_reader *reader, const struct operation *operation) {
    return read_named(reader, operation, OP_SELU, "alpha", 1.67326319217681884765625f, "gamma",
                      1.05070102214813232421875f);
}

struct tensor *onnx_read_celu(struct onnx_reader *reader, const struct operation *operation) {
    return read_named(reader, operation, OP_CELU, "alpha", 1, NULL, 0);
}

struct tensor *onnx_read_thresholded_relu(struct onnx_reader *reader, const struct operation *operation) {
    return read_named(reader, operation, OP_THRESHOLDED_RELU, "alpha", 1, NULL, 0);
}

struct tensor *onnx_read_shrink(struct onnx_reader *reader, const struct operation *operation) {
    return read_named(reader, operation, OP_SHRINK, "lambd", 0.5f, "bias", 0);
}

struct tensor *onnx_read_swish(struct onnx_reader *reader, const struct operation *operation) {
    return read_named(reader, operation, OP_SWISH, "alpha", 1, NULL, 0);
}

struct tensor *onnx_read_gelu(struct onnx_reader *reader, const struct operation *operation) {
    const char *by = attribute_text(reader, operation, "approximate");
    bool by_tanh = by && strcmp(by, "tanh") == 0;
    if (by && !by_tanh && strcmp(by, "none") != 0)
        return onnx_refuse(reader, operation, NULL, "approximate '%s' is not known", by);
    if (refuse_whole(reader, operation, operation->inputs[0]) < 0) return NULL;
    return read_unary(reader, operation, by_tanh ? OP_GELU_TANH : OP_GELU, 0, 0);
}

/* x < 0 ? -x : x */
struct tensor *onnx_read_abs(struct onnx_reader *reader, const struct operation *operation) {
    if (refuse_whole(reader, operation, operation->inputs[0]) < 0) return NULL;
    return read_unary(reader, operation, OP_LEAKY_RELU, -1, 0);
}

struct tensor *onnx_read_neg(struct onnx_reader *reader, const struct operation *operation) {
    if (refuse_whole(reader, operation, operation->inputs[0]) < 0) return NULL;
    return onnx_negated(reader, operation, NULL, operation->inputs[0]);
}

/* Before opset 7 a vector of slopes goes by channel, which is axis 1. */
static struct tensor *slopes_by_channel(struct onnx_reader *reader, const struct operation *operation,
                                        const struct tensor *x, struct tensor *slope) {
    struct shape shape = {.rank = x->shape.rank - 1};
    if (reader->opset >= 7 || slope->shape.rank != 1 || tensor_elements(slope) == 1 || shape.rank < 1 ||
        slope->shape.dim[0] != x->shape.dim[1])
        return slope;
    for (int i = 0; i < shape.rank; i++) shape.dim[i] = i ? 1 : slope->shape.dim[0];
    return move_reshape(reader, operation, "slopes", slope, shape, slope->batch_axis);
}

/* x < 0 ? slope * x : x, as max(x, 0) - slope * max(-x, 0); every rounding is the same. */
struct tensor *onnx_read_prelu(struct onnx_reader *reader, const struct operation *operation) {
    const union attributes none = {.activation = {0}};
    struct tensor *x = operation->inputs[0], *slope = operation->inputs[1];
    if (refuse_whole(reader, operation, x) < 0 || refuse_whole(reader, operation, slope) < 0) return NULL;
    slope = slopes_by_channel(reader, operation, x, slope);
    if (!slope) return NULL;
    struct tensor *minus = onnx_negated(reader, operation, "minus", x);
    struct tensor *above = onnx_emit_tensor(reader, operation, OP_RELU, "above", &x, 1, &none, x->batch_axis);
    struct tensor *below =
        minus ? onnx_emit_tensor(reader, operation, OP_RELU, "below", &minus, 1, &none, x->batch_axis) : NULL;
    if (!above || !below) return NULL;
    struct tensor *product[] = {below, slope};
    int batch = broadcast_batch(reader, operation, product, 2);
    struct tensor *sloped =
        batch == -2 ? NULL : onnx_emit_tensor(reader, operation, OP_MUL, "sloped", product, 2, NULL, batch);
    struct tensor *both[] = {above, sloped};
    return sloped ? onnx_emit_tensor(reader, operation, OP_SUB, NULL, both, 2, NULL, batch) : NULL;
}
