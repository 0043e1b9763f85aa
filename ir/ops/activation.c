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

/* ---- meanings ---- */

static float binary32(const struct op_step *step, size_t element, float x) {
    (void)element;
    return functions[step->node->op].real(x, &step->node->attributes.activation);
}
static double binary64(const struct op_step *step, size_t element, double x) {
    (void)element;
    return functions[step->node->op].wide(x, &step->node->attributes.activation);
}

static bool rises(const struct op_step *step, size_t element) {
    (void)element;
    return step->node->attributes.activation.alpha >= 0;
}

static void limit(struct exact_form *form, float lower, float upper) {
    form->parts[form->count++] = (struct exact_part){.kind = PART_LIMIT, .lower = lower, .upper = upper};
}

static bool exact_relu(const struct op_step *step, size_t elements, struct arena *arena, struct exact_form *form) {
    (void)step, (void)elements, (void)arena;
    limit(form, 0, INFINITY);
    return true;
}

static bool exact_clip(const struct op_step *step, size_t elements, struct arena *arena, struct exact_form *form) {
    const struct activation_attributes *attributes = &step->node->attributes.activation;
    (void)elements, (void)arena;
    limit(form, attributes->alpha, attributes->beta);
    return !isnan(attributes->alpha) && !isnan(attributes->beta) && attributes->alpha <= attributes->beta;
}

static bool exact_leaky_relu(const struct op_step *step, size_t elements, struct arena *arena,
                             struct exact_form *form) {
    float slope = step->node->attributes.activation.alpha;
    (void)elements, (void)arena;
    form->parts[form->count++] = (struct exact_part){.kind = PART_LEAKY, .lower = slope};
    return isfinite(slope);
}

static bool exact_hard_sigmoid(const struct op_step *step, size_t elements, struct arena *arena,
                               struct exact_form *form) {
    const struct activation_attributes *attributes = &step->node->attributes.activation;
    (void)elements;
    add_part(form, PART_MULTIPLY, "scaled", "alpha", 1, arena)[0] = attributes->alpha;
    add_part(form, PART_ADD, "shifted", "beta", 1, arena)[0] = attributes->beta;
    form->parts[0].uniform = form->parts[1].uniform = true;
    limit(form, 0, 1);
    return isfinite(attributes->alpha) && isfinite(attributes->beta);
}

static const struct real_range from_0_to_1 = {0, 1}, from_minus_1_to_1 = {-1, 1}, positive = {0, INFINITY};

#define STEP .binary32 = binary32, .binary64 = binary64
static const struct op_meaning meanings[OP_COUNT] = {
    [OP_RELU] = {STEP, .monotone = always_monotone, .exact = exact_relu},
    [OP_LEAKY_RELU] = {STEP, .alpha = NUMBER_FACTOR, .monotone = rises, .exact = exact_leaky_relu},
    [OP_CLIP] = {STEP, .alpha = NUMBER_SUMMAND, .beta = NUMBER_SUMMAND, .monotone = always_monotone,
                 .exact = exact_clip},
    [OP_SIGMOID] = {STEP, .transcendental = true, .monotone = always_monotone, .image = &from_0_to_1, .settles = 8},
    [OP_TANH] = {STEP, .transcendental = true, .monotone = always_monotone, .image = &from_minus_1_to_1, .settles = 4},
    [OP_HARD_SIGMOID] = {STEP, .alpha = NUMBER_FACTOR, .beta = NUMBER_SUMMAND, .monotone = always_monotone,
                         .exact = exact_hard_sigmoid, .image = &from_0_to_1},
    [OP_EXP] = {STEP, .transcendental = true, .monotone = always_monotone, .image = &positive},
    [OP_RECIPROCAL] = {STEP, .transcendental = true},
};

/* Increasing functions, or ones whose range does not depend on the operand; all but reciprocals turn at 0 at most. */
static void bound_real(const struct graph *graph, const struct node *node, const struct real_range *const *operands,
                       struct real_range *out, struct arena *arena) {
    size_t count = shape_elements(&op_result(graph, node)->shape);
    const struct op_step step = {.node = node};
    (void)arena;
    for (size_t e = 0; e < count; e++) {
        struct real_range in = operands[0][e];
        out[e] = range_of_nothing();
        range_include(&out[e], binary64(&step, e, in.lo));
        range_include(&out[e], binary64(&step, e, in.hi));
        if (!range_has_zero(in)) continue;
        if (node->op == OP_RECIPROCAL)
            out[e] = range_boundless();
        else
            range_include(&out[e], binary64(&step, e, 0));
    }
}

/* ---- evaluation ---- */

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

static bool changes_nothing(const struct graph *graph, const struct node *node, size_t element) {
    return op_interval(op_operand(graph, node, 0), element).lo >= 0;
}

static bool linear(struct analysis *analysis, const struct node *node) {
    for (size_t e = 0; e < shape_elements(&op_result(linear_graph(analysis), node)->shape); e++) {
        linear_begin(analysis);
        if (changes_nothing(linear_graph(analysis), node, e))
            linear_add(analysis, node, 0, e, 1, 0);
        else
            linear_fails(analysis);
        linear_end(analysis, node, e);
    }
    return true;
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
    .bound_real = bound_real,
    .linear = linear,
    .changes_nothing = changes_nothing,
    .fields = fields,
    .meanings = meanings,
};
