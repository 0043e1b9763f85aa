/* Functions of one operand, element by element, in binary32 with one rounding an operation.
 * Library functions are taken in binary64 and rounded once, so that every machine agrees. */
#include "ir/ops/families.h"

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
static float real_tanh(float x, const struct activation_attributes *attributes) {
    (void)attributes;
    return (float)tanh((double)x);
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

static const struct {
    float (*real)(float x, const struct activation_attributes *attributes);
    double (*wide)(double x, const struct activation_attributes *attributes);
} functions[OP_COUNT] = {
    [OP_RELU] = {real_relu, double_relu}, [OP_LEAKY_RELU] = {real_leaky_relu, double_leaky_relu},
    [OP_CLIP] = {real_clip, double_clip}, [OP_SIGMOID] = {real_sigmoid, double_sigmoid},
    [OP_TANH] = {real_tanh, double_tanh}, [OP_HARD_SIGMOID] = {real_hard_sigmoid, double_hard_sigmoid},
    [OP_EXP] = {real_exp, double_exp},    [OP_RECIPROCAL] = {real_reciprocal, double_reciprocal},
};

bool op_unary_real(const struct node *node, float x, float *y) {
    if ((unsigned)node->op >= OP_COUNT || !functions[node->op].real) return false;
    *y = functions[node->op].real(x, &node->attributes.activation);
    return true;
}

bool op_unary_double(const struct node *node, double x, double *y) {
    if ((unsigned)node->op >= OP_COUNT || !functions[node->op].wide) return false;
    *y = functions[node->op].wide(x, &node->attributes.activation);
    return true;
}

static struct interval relu_interval(struct interval a) {
    return (struct interval){a.lo > 0 ? a.lo : 0, a.hi > 0 ? a.hi : 0};
}

static int infer_relu(struct graph *graph, struct node *node, struct value *result) {
    const struct value *x = op_operand(graph, node, 0);
    size_t count = shape_elements(&result->shape);
    struct arena *scratch = arena_new(graph->context);
    struct interval *intervals = ARENA_ARRAY(scratch, struct interval, count);
    int *fractions = ARENA_ARRAY(scratch, int, count);
    for (size_t i = 0; i < count; i++) {
        intervals[i] = relu_interval(op_interval(x, i));
        fractions[i] = op_format(x, i).fraction;
    }
    int status = op_set_exact(graph, node, result, intervals, fractions);
    arena_free(scratch);
    return status;
}

static int infer(struct graph *graph, struct node *node, struct value *result) {
    bool integer;
    const struct activation_attributes *attributes = &node->attributes.activation;
    if (op_check_operands(graph, node, &integer) ||
        op_set_shape(graph, node, result, &op_operand(graph, node, 0)->shape, integer))
        return -1;
    bool bounded = node->op == OP_CLIP, uses = bounded || node->op == OP_LEAKY_RELU || node->op == OP_HARD_SIGMOID;
    if (uses && (isnan(attributes->alpha) || isnan(attributes->beta)))
        return REFUSE(graph, node, NULL, "an attribute is NaN");
    if (uses && !bounded && (isinf(attributes->alpha) || isinf(attributes->beta)))
        return REFUSE(graph, node, NULL, "an attribute is infinite");
    return integer ? infer_relu(graph, node, result) : 0;
}

VECTOR_CLONES static void real_relu_lanes(const float *restrict x, float *restrict out) {
    for (int lane = 0; lane < EVENT_LANES; lane++) out[lane] = x[lane] <= 0.0f ? 0.0f : x[lane];
}

static void eval_real(const struct evaluation *evaluation) {
    const struct node *node = evaluation->node;
    size_t count = shape_elements(&op_result(evaluation->graph, node)->shape);
    float spare[EVENT_LANES];
    for (size_t i = 0; i < count; i++) {
        const float *x = real_row(&evaluation->reals[0], i, spare);
        float *out = evaluation->real_result + i * EVENT_LANES;
        if (node->op == OP_RELU) {
            real_relu_lanes(x, out);
            continue;
        }
        for (int lane = 0; lane < EVENT_LANES; lane++)
            out[lane] = functions[node->op].real(x[lane], &node->attributes.activation);
    }
}

VECTOR_CLONES static void integer_relu_lanes(const int64_t *restrict x, int64_t *restrict out) {
    for (int lane = 0; lane < EVENT_LANES; lane++) out[lane] = x[lane] > 0 ? x[lane] : 0;
}

static void eval_integer(const struct evaluation *evaluation) {
    size_t count = shape_elements(&op_result(evaluation->graph, evaluation->node)->shape);
    int64_t spare[EVENT_LANES];
    for (size_t i = 0; i < count; i++)
        integer_relu_lanes(integer_row(&evaluation->integers[0], i, spare),
                           evaluation->integer_result + i * EVENT_LANES);
}

#define FIELD(member) offsetof(union attributes, activation.member)
static const struct attribute_field fields[] = {
    {"alpha", ATTRIBUTE_FLOAT, FIELD(alpha), "slope; of clip, the lower bound",
     OPS(OP_LEAKY_RELU, OP_HARD_SIGMOID, OP_CLIP)},
    {"beta", ATTRIBUTE_FLOAT, FIELD(beta), "offset; of clip, the upper bound", OPS(OP_HARD_SIGMOID, OP_CLIP)},
    {0},
};

const struct op_family activation_family = {
    .name = "activation",
    .infer = infer,
    .eval_real = eval_real,
    .eval_integer = eval_integer,
    .fields = fields,
};
