/* What the functions of one number compute, in binary32 with one rounding an operation, as ONNX defines them, and in
 * binary64. Library functions are taken in binary64 and rounded once, so that every machine agrees. */
#include "ir/ops/functions.h"

#include <math.h>

static float real_relu(float x, const struct activation_attributes *attributes) {
    (void)attributes;
    return x > 0.0f ? x : x == x ? 0.0f : x;
}
static float real_leaky_relu(float x, const struct activation_attributes *attributes) {
    return x < 0.0f ? attributes->alpha * x : x;
}
/* The upper bound wins where the two cross, as in ONNX. */
static float real_clip(float x, const struct activation_attributes *attributes) {
    float y = x < attributes->alpha ? attributes->alpha : x;
    return y > attributes->beta ? attributes->beta : y;
}
static float real_exp(float x, const struct activation_attributes *attributes) {
    (void)attributes;
    return (float)exp((double)x);
}
static float real_sigmoid(float x, const struct activation_attributes *attributes) {
    return 1.0f / (1.0f + real_exp(-x, attributes));
}
static float real_hard_sigmoid(float x, const struct activation_attributes *attributes) {
    float scaled = attributes->alpha * x;
    float y = scaled + attributes->beta;
    return y < 0.0f ? 0.0f : y > 1.0f ? 1.0f : y;
}
static float real_reciprocal(float x, const struct activation_attributes *attributes) {
    (void)attributes;
    return 1.0f / x;
}

static double double_relu(double x, const struct activation_attributes *attributes) {
    (void)attributes;
    return x > 0.0 ? x : 0.0;
}
static double double_leaky_relu(double x, const struct activation_attributes *attributes) {
    return x < 0.0 ? (double)attributes->alpha * x : x;
}
static double double_clip(double x, const struct activation_attributes *attributes) {
    double y = x < (double)attributes->alpha ? (double)attributes->alpha : x;
    return y > (double)attributes->beta ? (double)attributes->beta : y;
}
static double double_sigmoid(double x, const struct activation_attributes *attributes) {
    (void)attributes;
    return 1.0 / (1.0 + exp(-x));
}
static double double_tanh(double x, const struct activation_attributes *attributes) {
    (void)attributes;
    return tanh(x);
}
static double double_hard_sigmoid(double x, const struct activation_attributes *attributes) {
    double y = (double)attributes->alpha * x + (double)attributes->beta;
    return y < 0.0 ? 0.0 : y > 1.0 ? 1.0 : y;
}
static double double_exp(double x, const struct activation_attributes *attributes) {
    (void)attributes;
    return exp(x);
}
static double double_reciprocal(double x, const struct activation_attributes *attributes) {
    (void)attributes;
    return 1.0 / x;
}

/* ---- steps ---- */

static float real_sign(float x, const struct activation_attributes *attributes) {
    (void)attributes;
    return x > 0.0f ? 1.0f : x < 0.0f ? -1.0f : x;
}
static double double_sign(double x, const struct activation_attributes *attributes) {
    (void)attributes;
    return x > 0.0 ? 1.0 : x < 0.0 ? -1.0 : x;
}
static float real_floor(float x, const struct activation_attributes *attributes) {
    (void)attributes;
    return floorf(x);
}
static double double_floor(double x, const struct activation_attributes *attributes) {
    (void)attributes;
    return floor(x);
}
static float real_ceil(float x, const struct activation_attributes *attributes) {
    (void)attributes;
    return ceilf(x);
}
static double double_ceil(double x, const struct activation_attributes *attributes) {
    (void)attributes;
    return ceil(x);
}
static float real_toward_zero(float x, const struct activation_attributes *attributes) {
    (void)attributes;
    return truncf(x);
}
static double double_toward_zero(double x, const struct activation_attributes *attributes) {
    (void)attributes;
    return trunc(x);
}
static double double_positive(double x, const struct activation_attributes *attributes) {
    (void)attributes;
    return x > 0.0 ? 1.0 : 0.0;
}
static double double_is_nan(double x, const struct activation_attributes *attributes) {
    (void)attributes;
    return isnan(x) ? 1.0 : 0.0;
}
static double double_is_inf(double x, const struct activation_attributes *attributes) {
    return !isinf(x) ? 0.0 : x < 0.0 ? (double)attributes->alpha : (double)attributes->beta;
}
/* Halves to the even neighbour, whatever the processor's rounding mode is. */
static double double_round(double x, const struct activation_attributes *attributes) {
    double below = floor(x), left = x - below;
    (void)attributes;
    if (left == 0.5) return copysign(2.0 * floor(below / 2.0 + 0.5), x);
    return copysign(left > 0.5 ? below + 1.0 : below, x);
}
static float real_thresholded_relu(float x, const struct activation_attributes *attributes) {
    return x > attributes->alpha ? x : 0.0f;
}
static double double_thresholded_relu(double x, const struct activation_attributes *attributes) {
    return x > (double)attributes->alpha ? x : 0.0;
}
static float real_shrink(float x, const struct activation_attributes *attributes) {
    float limit = attributes->alpha, bias = attributes->beta;
    return x < -limit ? x + bias : x > limit ? x - bias : 0.0f;
}
static double double_shrink(double x, const struct activation_attributes *attributes) {
    double limit = (double)attributes->alpha, bias = (double)attributes->beta;
    return x < -limit ? x + bias : x > limit ? x - bias : 0.0;
}

/* ---- roots, logarithms and what is made of them ---- */

static float real_sqrt(float x, const struct activation_attributes *attributes) {
    (void)attributes;
    return sqrtf(x);
}
static double double_sqrt(double x, const struct activation_attributes *attributes) {
    (void)attributes;
    return sqrt(x);
}
static double double_log(double x, const struct activation_attributes *attributes) {
    (void)attributes;
    return log(x);
}
static double double_erf(double x, const struct activation_attributes *attributes) {
    (void)attributes;
    return erf(x);
}
/* log(1 + e^x), which does not leave the numbers where e^x does. */
static double double_softplus(double x, const struct activation_attributes *attributes) {
    (void)attributes;
    return x > 0.0 ? x + log1p(exp(-x)) : log1p(exp(x));
}
static float real_softsign(float x, const struct activation_attributes *attributes) {
    (void)attributes;
    return x / (1.0f + fabsf(x));
}
static double double_softsign(double x, const struct activation_attributes *attributes) {
    (void)attributes;
    return x / (1.0 + fabs(x));
}

/* Of TMVA, TActivationTanh::fast_tanh. */
static float real_fast_tanh(float x, const struct activation_attributes *attributes) {
    (void)attributes;
    if (x > 4.97f || x < -4.97f) return x > 0.0f ? 1.0f : -1.0f;
    float square = x * x;
    float above = x * (135135.0f + square * (17325.0f + square * (378.0f + square)));
    float below = 135135.0f + square * (62370.0f + square * (3150.0f + square * 28.0f));
    return above / below;
}
static double double_fast_tanh(double x, const struct activation_attributes *attributes) {
    (void)attributes;
    if (x > 4.97 || x < -4.97) return x > 0.0 ? 1.0 : -1.0;
    double square = x * x;
    double above = x * (135135.0 + square * (17325.0 + square * (378.0 + square)));
    return above / (135135.0 + square * (62370.0 + square * (3150.0 + square * 28.0)));
}

/* ---- exponential below 0, a line above ---- */

static float real_elu(float x, const struct activation_attributes *attributes) {
    return x < 0.0f ? attributes->alpha * (real_exp(x, attributes) - 1.0f) : x;
}
static double double_elu(double x, const struct activation_attributes *attributes) {
    return x < 0.0 ? (double)attributes->alpha * expm1(x) : x;
}
static float real_selu(float x, const struct activation_attributes *attributes) {
    float alpha = attributes->alpha, gamma = attributes->beta;
    if (x > 0.0f) return gamma * x;
    float scaled = alpha * real_exp(x, attributes);
    return gamma * (scaled - alpha);
}
static double double_selu(double x, const struct activation_attributes *attributes) {
    double alpha = (double)attributes->alpha, gamma = (double)attributes->beta;
    return x > 0.0 ? gamma * x : gamma * alpha * expm1(x);
}
static float real_celu(float x, const struct activation_attributes *attributes) {
    float alpha = attributes->alpha;
    float below = alpha * (real_exp(x / alpha, attributes) - 1.0f);
    return (x > 0.0f ? x : 0.0f) + (below < 0.0f ? below : 0.0f);
}
static double double_celu(double x, const struct activation_attributes *attributes) {
    double alpha = (double)attributes->alpha, below = alpha * expm1(x / alpha);
    return (x > 0.0 ? x : 0.0) + (below < 0.0 ? below : 0.0);
}

/* ---- the operand times what gates it: these turn once, below 0 ---- */

static float real_hard_swish(float x, const struct activation_attributes *attributes) {
    const struct activation_attributes sixth = {1.0f / 6.0f, 0.5f};
    (void)attributes;
    return x * real_hard_sigmoid(x, &sixth);
}
static double double_hard_swish(double x, const struct activation_attributes *attributes) {
    const struct activation_attributes sixth = {1.0f / 6.0f, 0.5f};
    (void)attributes;
    return x * double_hard_sigmoid(x, &sixth);
}
static double double_gelu(double x, const struct activation_attributes *attributes) {
    (void)attributes;
    return 0.5 * x * (1.0 + erf(x / sqrt(2.0)));
}
static double double_gelu_tanh(double x, const struct activation_attributes *attributes) {
    (void)attributes;
    return 0.5 * x * (1.0 + tanh(sqrt(2.0 / acos(-1.0)) * (x + 0.044715 * x * x * x)));
}
static double double_mish(double x, const struct activation_attributes *attributes) {
    return x * tanh(double_softplus(x, attributes));
}
static float real_swish(float x, const struct activation_attributes *attributes) {
    return x * real_sigmoid(attributes->alpha * x, attributes);
}
static double double_swish(double x, const struct activation_attributes *attributes) {
    return x * double_sigmoid((double)attributes->alpha * x, attributes);
}

/* ---- where they turn ---- */

static double turns_at_zero(const struct activation_attributes *attributes) {
    (void)attributes;
    return 0;
}
/* The least value of x sigmoid(x) is there; to the last bit of binary64, as those below. */
static double swish_turns(const struct activation_attributes *attributes) {
    return attributes->alpha == 0.0f ? 0 : -1.2784645427610738 / (double)attributes->alpha;
}
static double hard_swish_turns(const struct activation_attributes *attributes) {
    (void)attributes;
    return -1.5;
}
static double gelu_turns(const struct activation_attributes *attributes) {
    (void)attributes;
    return -0.75179152469356446;
}
static double gelu_tanh_turns(const struct activation_attributes *attributes) {
    (void)attributes;
    return -0.75246142207101619;
}
static double mish_turns(const struct activation_attributes *attributes) {
    (void)attributes;
    return -1.1924312302545577;
}
static double jumps_at_alpha(const struct activation_attributes *attributes) {
    return (double)attributes->alpha;
}
static double jumps_at_minus_alpha(const struct activation_attributes *attributes) {
    return -(double)attributes->alpha;
}

const struct real_function real_functions[OP_COUNT] = {
    [OP_RELU] = {real_relu, double_relu, {turns_at_zero}},
    [OP_LEAKY_RELU] = {real_leaky_relu, double_leaky_relu, {turns_at_zero}},
    [OP_CLIP] = {real_clip, double_clip, {NULL}},
    [OP_SIGMOID] = {real_sigmoid, double_sigmoid, {NULL}},
    [OP_TANH] = {NULL, double_tanh, {NULL}},
    [OP_HARD_SIGMOID] = {real_hard_sigmoid, double_hard_sigmoid, {NULL}},
    [OP_EXP] = {real_exp, double_exp, {NULL}},
    [OP_RECIPROCAL] = {real_reciprocal, double_reciprocal, {NULL}},
    [OP_SIGN] = {real_sign, double_sign, {NULL}},
    [OP_FLOOR] = {real_floor, double_floor, {NULL}},
    [OP_CEIL] = {real_ceil, double_ceil, {NULL}},
    [OP_TOWARD_ZERO] = {real_toward_zero, double_toward_zero, {NULL}},
    [OP_POSITIVE] = {NULL, double_positive, {NULL}},
    [OP_IS_NAN] = {NULL, double_is_nan, {NULL}},
    [OP_IS_INF] = {NULL, double_is_inf, {NULL}},
    [OP_ROUND] = {NULL, double_round, {NULL}},
    [OP_SQRT] = {real_sqrt, double_sqrt, {NULL}},
    [OP_LOG] = {NULL, double_log, {NULL}},
    [OP_ERF] = {NULL, double_erf, {NULL}},
    [OP_SOFTPLUS] = {NULL, double_softplus, {NULL}},
    [OP_SOFTSIGN] = {real_softsign, double_softsign, {NULL}},
    [OP_FAST_TANH] = {real_fast_tanh, double_fast_tanh, {NULL}},
    [OP_ELU] = {real_elu, double_elu, {turns_at_zero}},
    [OP_SELU] = {real_selu, double_selu, {turns_at_zero}},
    [OP_CELU] = {real_celu, double_celu, {turns_at_zero}},
    [OP_THRESHOLDED_RELU] = {real_thresholded_relu, double_thresholded_relu, {jumps_at_alpha}},
    [OP_SHRINK] = {real_shrink, double_shrink, {jumps_at_minus_alpha, jumps_at_alpha}},
    [OP_HARD_SWISH] = {real_hard_swish, double_hard_swish, {hard_swish_turns}},
    [OP_GELU] = {NULL, double_gelu, {gelu_turns}},
    [OP_GELU_TANH] = {NULL, double_gelu_tanh, {gelu_tanh_turns}},
    [OP_MISH] = {NULL, double_mish, {mish_turns}},
    [OP_SWISH] = {real_swish, double_swish, {swish_turns}},
};

float real_function_value(const struct node *node, float x) {
    const struct real_function *function = &real_functions[node->op];
    const struct activation_attributes *attributes = &node->attributes.activation;
    return function->binary32 ? function->binary32(x, attributes) : (float)function->binary64((double)x, attributes);
}
