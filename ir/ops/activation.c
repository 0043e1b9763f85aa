/* Functions of one operand, element by element: what they compute stands in functions.c. */
#include "ir/ops/families.h"
#include "ir/ops/functions.h"

#include <math.h>

/* ---- meanings ---- */

static float binary32(const struct op_step *step, size_t element, float x) {
    (void)element;
    return real_function_value(step->node, x);
}
static double binary64(const struct op_step *step, size_t element, double x) {
    (void)element;
    return real_functions[step->node->op].binary64(x, &step->node->attributes.activation);
}

static bool rises(const struct op_step *step, size_t element) {
    (void)element;
    return step->node->attributes.activation.alpha >= 0;
}

static bool both_rise(const struct op_step *step, size_t element) {
    return rises(step, element) && step->node->attributes.activation.beta >= 0;
}

/* Towards 0, and not beyond it. */
static bool shrinks(const struct op_step *step, size_t element) {
    const struct activation_attributes *attributes = &step->node->attributes.activation;
    (void)element;
    return attributes->alpha >= 0 && attributes->beta <= attributes->alpha;
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

static bool gate(struct exact_form *form, float lower, float upper, float shift) {
    form->parts[form->count++] = (struct exact_part){.kind = PART_GATE, .lower = lower, .upper = upper, .shift = shift};
    return isfinite(upper) && isfinite(shift) && lower <= upper;
}

static bool exact_thresholded_relu(const struct op_step *step, size_t elements, struct arena *arena,
                                   struct exact_form *form) {
    (void)elements, (void)arena;
    return gate(form, -INFINITY, step->node->attributes.activation.alpha, 0);
}

static bool exact_shrink(const struct op_step *step, size_t elements, struct arena *arena, struct exact_form *form) {
    const struct activation_attributes *attributes = &step->node->attributes.activation;
    (void)elements, (void)arena;
    return gate(form, -attributes->alpha, attributes->alpha, attributes->beta);
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
    [OP_FAST_TANH] = {STEP, .transcendental = true, .image = &from_minus_1_to_1, .settles = 5},
    [OP_HARD_SIGMOID] = {STEP, .alpha = NUMBER_FACTOR, .beta = NUMBER_SUMMAND, .monotone = always_monotone,
                         .exact = exact_hard_sigmoid, .image = &from_0_to_1},
    [OP_EXP] = {STEP, .transcendental = true, .monotone = always_monotone, .image = &positive},
    [OP_RECIPROCAL] = {STEP, .transcendental = true},
    [OP_SIGN] = {STEP, .whole = true, .monotone = always_monotone, .image = &from_minus_1_to_1},
    [OP_FLOOR] = {STEP, .whole = true, .monotone = always_monotone},
    [OP_CEIL] = {STEP, .whole = true, .monotone = always_monotone},
    [OP_TOWARD_ZERO] = {STEP, .whole = true, .monotone = always_monotone},
    [OP_POSITIVE] = {STEP, .whole = true, .monotone = always_monotone, .image = &from_0_to_1},
    [OP_IS_NAN] = {STEP, .whole = true, .monotone = always_monotone, .image = &from_0_to_1},
    [OP_IS_INF] = {STEP, .alpha = NUMBER_OF_CURVE, .beta = NUMBER_OF_CURVE, .monotone = always_monotone},
    [OP_ROUND] = {STEP, .whole = true, .monotone = always_monotone},
    [OP_SQRT] = {STEP, .transcendental = true, .monotone = always_monotone, .image = &positive},
    [OP_LOG] = {STEP, .transcendental = true, .monotone = always_monotone},
    [OP_ERF] = {STEP, .transcendental = true, .monotone = always_monotone, .image = &from_minus_1_to_1, .settles = 3},
    [OP_SOFTPLUS] = {STEP, .transcendental = true, .monotone = always_monotone, .image = &positive},
    [OP_SOFTSIGN] = {STEP, .transcendental = true, .monotone = always_monotone, .image = &from_minus_1_to_1},
    [OP_ELU] = {STEP, .alpha = NUMBER_OF_CURVE, .transcendental = true, .monotone = rises},
    [OP_SELU] = {STEP, .alpha = NUMBER_OF_CURVE, .transcendental = true, .monotone = both_rise},
    [OP_CELU] = {STEP, .alpha = NUMBER_OF_CURVE, .transcendental = true, .monotone = rises},
    [OP_THRESHOLDED_RELU] = {STEP, .alpha = NUMBER_OF_CURVE, .monotone = rises, .exact = exact_thresholded_relu},
    [OP_SHRINK] = {STEP, .alpha = NUMBER_OF_CURVE, .beta = NUMBER_SUMMAND, .monotone = shrinks, .exact = exact_shrink},
    [OP_HARD_SWISH] = {STEP},
    [OP_GELU] = {STEP, .transcendental = true},
    [OP_GELU_TANH] = {STEP, .transcendental = true},
    [OP_MISH] = {STEP, .transcendental = true},
    [OP_SWISH] = {STEP, .alpha = NUMBER_OF_CURVE, .transcendental = true},
};

/* Infinite where it is no number: logarithms and roots below 0 have no bound there, nor do reciprocals around it. */
static void include_at(struct real_range *range, const struct op_step *step, size_t element, double x) {
    double y = binary64(step, element, x);
    if (isnan(y)) *range = range_boundless();
    if (!isnan(y)) range_include(range, y);
}

/* At the ends, where it turns, and on both sides of that, as it may jump there. */
struct real_range activation_range(const struct node *node, struct real_range in) {
    const struct op_step step = {.node = node};
    const struct real_function *function = &real_functions[node->op];
    struct real_range out = range_of_nothing();
    if (node->op == OP_RECIPROCAL && range_has_zero(in)) return range_boundless();
    include_at(&out, &step, 0, in.lo);
    include_at(&out, &step, 0, in.hi);
    for (int t = 0; t < TURNS_MAX && function->turns[t]; t++) {
        double turn = function->turns[t](&node->attributes.activation);
        const double near[] = {nextafter(turn, -INFINITY), turn, nextafter(turn, INFINITY)};
        for (size_t i = 0; i < sizeof near / sizeof *near; i++)
            if (near[i] > in.lo && near[i] < in.hi) include_at(&out, &step, 0, near[i]);
    }
    return out;
}

static void bound_real(const struct graph *graph, const struct node *node, const struct real_range *const *operands,
                       struct real_range *out, struct arena *arena) {
    size_t count = shape_elements(&op_result(graph, node)->shape);
    (void)arena;
    for (size_t e = 0; e < count; e++) out[e] = activation_range(node, operands[0][e]);
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
    bool bounded = node->op == OP_CLIP, uses = op_meaning(node->op)->alpha != NUMBER_NONE;
    if (uses && (isnan(attributes->alpha) || isnan(attributes->beta)))
        return REFUSE(graph, node, NULL, "an attribute is NaN");
    if (uses && !bounded && (isinf(attributes->alpha) || isinf(attributes->beta)))
        return REFUSE(graph, node, NULL, "an attribute is infinite");
    if (node->op == OP_CELU && attributes->alpha == 0) return REFUSE(graph, node, NULL, "alpha is 0");
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
        for (int lane = 0; lane < EVENT_LANES; lane++) out[lane] = real_function_value(node, x[lane]);
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
    {"alpha", ATTRIBUTE_FLOAT, FIELD(alpha),
     "slope; of clip, the lower bound; of shrink and thresholded_relu, the limit; of is_inf, what -inf gives",
     OPS(OP_LEAKY_RELU, OP_HARD_SIGMOID, OP_CLIP, OP_ELU, OP_SELU, OP_CELU, OP_THRESHOLDED_RELU, OP_SHRINK, OP_SWISH,
         OP_IS_INF)},
    {"beta", ATTRIBUTE_FLOAT, FIELD(beta),
     "offset; of clip, the upper bound; of selu, the scale; of is_inf, what inf gives",
     OPS(OP_HARD_SIGMOID, OP_CLIP, OP_SELU, OP_SHRINK, OP_IS_INF)},
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
