/* Elementwise operators of two operands that broadcast as ONNX and numpy say. In integers operands
 * are aligned to the larger fraction of the two, element by element; products add fractions. */
#include "ir/ops/families.h"

#include <math.h>

static bool is_maximum_of(const struct graph *graph, valref maximum, valref a) {
    uint32_t definition = graph_value(graph, maximum)->definition.id;
    if (definition >= graph->node_count) return false;
    const struct node *node = &graph->nodes[definition];
    return node->op == OP_REDUCE_MAX && node->input_count == 1 && node->attributes.axis.keep_dimensions &&
           valref_equal(node->inputs[0], a);
}

/* Which signs a difference has none of: a - max(a) is never above 0 and max(a) - a never below, which is what a
 * softmax's exponential gets to see. */
enum difference { ANY_SIGN, NEVER_ABOVE, NEVER_BELOW };

static enum difference difference_from_maximum(const struct graph *graph, const struct node *node) {
    if (node->op != OP_SUB) return ANY_SIGN;
    if (is_maximum_of(graph, node->inputs[1], node->inputs[0])) return NEVER_ABOVE;
    return is_maximum_of(graph, node->inputs[0], node->inputs[1]) ? NEVER_BELOW : ANY_SIGN;
}

static bool sum_interval(struct interval a, int shift_a, struct interval b, int shift_b, bool subtract,
                         struct interval *out) {
    if (!op_shift_interval(a, shift_a, &a) || !op_shift_interval(b, shift_b, &b)) return false;
    if (subtract) b = (struct interval){-b.hi, -b.lo};
    return op_add_interval(a, b, out);
}

static struct interval product_interval(struct interval a, struct interval b, bool square) {
    struct interval out = op_multiply_interval(a, b);
    if (square && out.lo < 0) out.lo = 0;
    return out;
}

struct operands {
    const struct value *a, *b;
    const uint32_t *map_a, *map_b;
};

static struct operands operands_of(const struct graph *graph, const struct node *node, const struct shape *shape,
                                   struct arena *arena) {
    struct operands out = {.a = op_operand(graph, node, 0), .b = op_operand(graph, node, 1)};
    out.map_a = op_broadcast_map(arena, shape, &out.a->shape);
    out.map_b = op_broadcast_map(arena, shape, &out.b->shape);
    return out;
}

static bool infer_element(const struct node *node, const struct operands *operands, size_t element,
                          enum difference sign, struct interval *interval, int *fraction) {
    size_t i = op_mapped(operands->map_a, element), j = op_mapped(operands->map_b, element);
    struct interval a = op_interval(operands->a, i), b = op_interval(operands->b, j);
    int fraction_a = op_format(operands->a, i).fraction, fraction_b = op_format(operands->b, j).fraction;
    if (node->op == OP_MUL) {
        *fraction = fraction_a + fraction_b;
        *interval = product_interval(a, b, i == j && valref_equal(node->inputs[0], node->inputs[1]));
        return true;
    }
    *fraction = fraction_a > fraction_b ? fraction_a : fraction_b;
    if (!sum_interval(a, *fraction - fraction_a, b, *fraction - fraction_b, node->op == OP_SUB, interval)) return false;
    if (sign == NEVER_ABOVE && interval->hi > 0) interval->hi = 0;
    if (sign == NEVER_BELOW && interval->lo < 0) interval->lo = 0;
    return true;
}

static int infer_integers(struct graph *graph, struct node *node, struct value *result) {
    struct arena *scratch = arena_new(graph->context);
    size_t count = shape_elements(&result->shape);
    struct interval *intervals = ARENA_ARRAY(scratch, struct interval, count);
    int *fractions = ARENA_ARRAY(scratch, int, count);
    struct operands operands = operands_of(graph, node, &result->shape, scratch);
    enum difference sign = difference_from_maximum(graph, node);
    int status = 0;
    for (size_t i = 0; i < count && status == 0; i++) {
        if (!infer_element(node, &operands, i, sign, &intervals[i], &fractions[i]))
            status = op_refuse_width(graph, node, i);
    }
    if (status == 0) status = op_set_exact(graph, node, result, intervals, fractions);
    arena_free(scratch);
    return status;
}

static int infer(struct graph *graph, struct node *node, struct value *result) {
    bool integer;
    struct shape shape;
    if (op_check_operands(graph, node, &integer)) return -1;
    if (!shape_broadcast(&op_operand(graph, node, 0)->shape, &op_operand(graph, node, 1)->shape, &shape))
        return REFUSE(graph, node, NULL, "the shapes of the operands do not broadcast");
    if (op_set_shape(graph, node, result, &shape, integer)) return -1;
    return integer ? infer_integers(graph, node, result) : 0;
}

struct plan {
    const uint32_t *map_a, *map_b;    /* NULL: the same element */
    const uint8_t *shift_a, *shift_b; /* integer sums: NULL when nothing shifts */
};

static uint8_t clipped(int shift) {
    return (uint8_t)(shift > 64 ? 64 : shift);
}

static void plan_shifts(const struct operands *operands, size_t count, struct arena *arena, struct plan *plan) {
    uint8_t *shift_a = ARENA_ARRAY(arena, uint8_t, count), *shift_b = ARENA_ARRAY(arena, uint8_t, count);
    for (size_t i = 0; i < count; i++) {
        int a = op_format(operands->a, op_mapped(operands->map_a, i)).fraction;
        int b = op_format(operands->b, op_mapped(operands->map_b, i)).fraction;
        shift_a[i] = clipped(a > b ? 0 : b - a);
        shift_b[i] = clipped(b > a ? 0 : a - b);
    }
    plan->shift_a = shift_a;
    plan->shift_b = shift_b;
}

static const void *prepare(const struct graph *graph, const struct node *node, struct arena *arena) {
    const struct value *result = op_result(graph, node);
    struct plan *plan = ARENA_NEW(arena, struct plan);
    struct operands operands = operands_of(graph, node, &result->shape, arena);
    plan->map_a = operands.map_a;
    plan->map_b = operands.map_b;
    if (result->kind == VALUE_INTEGER && node->op != OP_MUL)
        plan_shifts(&operands, shape_elements(&result->shape), arena, plan);
    return plan;
}

/* The remainder has the sign of a; one of the other sign is moved to that of b. */
static double modulo(double a, double b) {
    double rest = fmod(a, b);
    return rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest;
}

#define LANES(expression)                                                                                              \
    for (int lane = 0; lane < EVENT_LANES; lane++) out[lane] = (expression)

VECTOR_CLONES static void real_lanes(enum op op, const float *a, const float *b, float *restrict out) {
    switch (op) {
    case OP_ADD: LANES(a[lane] + b[lane]); break;
    case OP_SUB: LANES(a[lane] - b[lane]); break;
    case OP_MUL: LANES(a[lane] * b[lane]); break;
    case OP_DIV: LANES(a[lane] / b[lane]); break;
    case OP_MOD: LANES((float)modulo((double)a[lane], (double)b[lane])); break;
    case OP_FMOD: LANES(fmodf(a[lane], b[lane])); break;
    default: LANES((float)pow((double)a[lane], (double)b[lane])); break;
    }
}

static void eval_real(const struct evaluation *evaluation) {
    const struct plan *plan = evaluation->plan;
    size_t count = shape_elements(&op_result(evaluation->graph, evaluation->node)->shape);
    float spare_a[EVENT_LANES], spare_b[EVENT_LANES];
    for (size_t i = 0; i < count; i++) {
        const float *a = real_row(&evaluation->reals[0], op_mapped(plan->map_a, i), spare_a);
        const float *b = real_row(&evaluation->reals[1], op_mapped(plan->map_b, i), spare_b);
        real_lanes(evaluation->node->op, a, b, evaluation->real_result + i * EVENT_LANES);
    }
}

/* Modulo 2^64, as everything that is exact in the end. */
VECTOR_CLONES static void integer_lanes(enum op op, const uint64_t *a, const uint64_t *b, uint64_t *restrict out) {
    switch (op) {
    case OP_ADD: LANES(a[lane] + b[lane]); break;
    case OP_SUB: LANES(a[lane] - b[lane]); break;
    default: LANES(a[lane] * b[lane]); break;
    }
}

/* Shifts by 64 give 0. */
VECTOR_CLONES static void shift_lanes(const uint64_t *a, unsigned shift, uint64_t *restrict out) {
    unsigned half = shift / 2, rest = shift - half;
    LANES(a[lane] << half << rest);
}

static const uint64_t *aligned_row(const struct integer_operand *operand, size_t element, unsigned shift,
                                   int64_t *spare, uint64_t *shifted) {
    const uint64_t *row = (const uint64_t *)integer_row(operand, element, spare);
    if (shift == 0) return row;
    shift_lanes(row, shift, shifted);
    return shifted;
}

static void eval_integer(const struct evaluation *evaluation) {
    const struct plan *plan = evaluation->plan;
    size_t count = shape_elements(&op_result(evaluation->graph, evaluation->node)->shape);
    int64_t spare_a[EVENT_LANES], spare_b[EVENT_LANES];
    uint64_t shifted_a[EVENT_LANES], shifted_b[EVENT_LANES];
    for (size_t i = 0; i < count; i++) {
        unsigned shift_a = plan->shift_a ? plan->shift_a[i] : 0, shift_b = plan->shift_b ? plan->shift_b[i] : 0;
        const uint64_t *a =
            aligned_row(&evaluation->integers[0], op_mapped(plan->map_a, i), shift_a, spare_a, shifted_a);
        const uint64_t *b =
            aligned_row(&evaluation->integers[1], op_mapped(plan->map_b, i), shift_b, spare_b, shifted_b);
        integer_lanes(evaluation->node->op, a, b, (uint64_t *)(evaluation->integer_result + i * EVENT_LANES));
    }
}

/* ---- meanings ---- */

static float add32(const struct op_step *step, size_t element, float x) {
    return x + other_number(step, element);
}
static float sub32(const struct op_step *step, size_t element, float x) {
    float c = other_number(step, element);
    return step->slot == 0 ? x - c : c - x;
}
static float mul32(const struct op_step *step, size_t element, float x) {
    return x * other_number(step, element);
}
static float div32(const struct op_step *step, size_t element, float x) {
    float c = other_number(step, element);
    return step->slot == 0 ? x / c : c / x;
}

static double add64(const struct op_step *step, size_t element, double x) {
    return x + (double)other_number(step, element);
}
static double sub64(const struct op_step *step, size_t element, double x) {
    double c = (double)other_number(step, element);
    return step->slot == 0 ? x - c : c - x;
}
static double mul64(const struct op_step *step, size_t element, double x) {
    return x * (double)other_number(step, element);
}
static double div64(const struct op_step *step, size_t element, double x) {
    double c = (double)other_number(step, element);
    return step->slot == 0 ? x / c : c / x;
}
static double pow64(const struct op_step *step, size_t element, double x) {
    double c = (double)other_number(step, element);
    return step->slot == 0 ? pow(x, c) : pow(c, x);
}

static float mod32(const struct op_step *step, size_t element, float x) {
    double c = (double)other_number(step, element);
    return (float)(step->slot == 0 ? modulo((double)x, c) : modulo(c, (double)x));
}
static float fmod32(const struct op_step *step, size_t element, float x) {
    float c = other_number(step, element);
    return step->slot == 0 ? fmodf(x, c) : fmodf(c, x);
}

static bool divides(const struct op_step *step, size_t element) {
    return step->slot == 0 && other_number(step, element) != 0;
}

static bool affine_add(const struct op_step *step, size_t element, double *gain, double *offset) {
    *gain = 1;
    *offset = (double)other_number(step, element);
    return true;
}
static bool affine_sub(const struct op_step *step, size_t element, double *gain, double *offset) {
    bool left = step->slot == 0;
    double c = (double)other_number(step, element);
    *gain = left ? 1 : -1;
    *offset = left ? -c : c;
    return true;
}
static bool affine_mul(const struct op_step *step, size_t element, double *gain, double *offset) {
    *gain = (double)other_number(step, element);
    *offset = 0;
    return true;
}
static bool affine_div(const struct op_step *step, size_t element, double *gain, double *offset) {
    *gain = 1 / (double)other_number(step, element);
    *offset = 0;
    return divides(step, element);
}

/* c - x is x * -1 + c */
static bool exact_sum(const struct op_step *step, size_t elements, struct arena *arena, struct exact_form *form) {
    bool subtracted = step->node->op == OP_SUB && step->slot == 0;
    if (step->node->op == OP_SUB && step->slot == 1) {
        add_part(form, PART_MULTIPLY, "negated", "minus_one", 1, arena)[0] = -1;
        form->parts[0].uniform = true;
    }
    float *numbers = add_part(form, PART_ADD, NULL, "summand", elements, arena);
    for (size_t e = 0; e < elements; e++) numbers[e] = subtracted ? -other_number(step, e) : other_number(step, e);
    return true;
}

static bool exact_mul(const struct op_step *step, size_t elements, struct arena *arena, struct exact_form *form) {
    float *numbers = add_part(form, PART_MULTIPLY, NULL, "factor", elements, arena);
    for (size_t e = 0; e < elements; e++) numbers[e] = other_number(step, e);
    return true;
}

/* Division by a constant is multiplication by its binary32 reciprocal: exact for powers of two, else told. */
static bool exact_div(const struct op_step *step, size_t elements, struct arena *arena, struct exact_form *form) {
    if (step->slot != 0) return false;
    float *numbers = add_part(form, PART_MULTIPLY, NULL, "reciprocal", elements, arena);
    for (size_t e = 0; e < elements; e++) {
        int exponent;
        numbers[e] = 1.0f / other_number(step, e);
        if (!isnormal(numbers[e])) return false;
        if (fabsf(frexpf(other_number(step, e), &exponent)) != 0.5f)
            form->inexact = "divides: its constant's binary32 reciprocal is multiplied instead";
    }
    return true;
}

static const struct op_meaning meanings[OP_COUNT] = {
    [OP_ADD] = {.terms = TERMS_SUM,
                .binary32 = add32,
                .binary64 = add64,
                .monotone = always_monotone,
                .affine = affine_add,
                .exact = exact_sum},
    [OP_SUB] = {.terms = TERMS_SUM,
                .binary32 = sub32,
                .binary64 = sub64,
                .monotone = always_monotone,
                .affine = affine_sub,
                .exact = exact_sum},
    [OP_MUL] = {.terms = TERMS_PRODUCT,
                .binary32 = mul32,
                .binary64 = mul64,
                .monotone = always_monotone,
                .affine = affine_mul,
                .exact = exact_mul},
    [OP_DIV] = {.binary32 = div32,
                .binary64 = div64,
                .monotone = divides,
                .affine = affine_div,
                .exact = exact_div,
                .advice = "divide by a constant, or quantise the divisor and multiply by its reciprocal table"},
    [OP_POW] = {.binary64 = pow64, .transcendental = true},
    [OP_MOD] = {.binary32 = mod32},
    [OP_FMOD] = {.binary32 = fmod32},
};

/* ---- real ranges ---- */

static double plus(double a, double b) {
    return a + b;
}
static double minus(double a, double b) {
    return a - b;
}
static double over(double a, double b) {
    return a / b;
}

/* A power is monotone in its base on each side of zero, and in its exponent. */
static struct real_range power_range(struct real_range base, struct real_range power) {
    struct real_range out = range_corners(base, power, pow);
    if (base.lo < 0 && base.hi > 0) {
        range_include(&out, pow(0, power.lo));
        range_include(&out, pow(0, power.hi));
    }
    return out;
}

/* Smaller than the divisor, and no further from 0 than a, where the signs are a's. */
static struct real_range remainder_range(enum op op, struct real_range a, struct real_range b) {
    double most = fmax(fabs(b.lo), fabs(b.hi));
    if (op == OP_FMOD) most = fmin(most, fmax(fabs(a.lo), fabs(a.hi)));
    struct real_range out = {-most, most}, sign = op == OP_FMOD ? a : b;
    if (sign.lo >= 0) out.lo = 0;
    if (sign.hi <= 0) out.hi = 0;
    return out;
}

static struct real_range square_range(struct real_range a) {
    struct real_range out = range_corners(a, a, range_times);
    out.lo = range_has_zero(a) ? 0 : fmin(a.lo * a.lo, a.hi * a.hi);
    return out;
}

static void bound_real(const struct graph *graph, const struct node *node, const struct real_range *const *operands,
                       struct real_range *out, struct arena *arena) {
    size_t count = shape_elements(&op_result(graph, node)->shape);
    bool is_square = valref_equal(node->inputs[0], node->inputs[1]);
    (void)arena;
    for (size_t e = 0; e < count; e++) {
        struct real_range a = operands[0][step_operand_element(graph, node, 0, e)];
        struct real_range b = operands[1][step_operand_element(graph, node, 1, e)];
        switch (node->op) {
        case OP_ADD: out[e] = range_corners(a, b, plus); break;
        case OP_SUB: out[e] = range_corners(a, b, minus); break;
        case OP_MUL: out[e] = is_square ? square_range(a) : range_corners(a, b, range_times); break;
        case OP_MOD:
        case OP_FMOD: out[e] = remainder_range(node->op, a, b); break;
        case OP_DIV: out[e] = range_has_zero(b) ? range_boundless() : range_corners(a, b, over); break;
        default: out[e] = power_range(a, b); break;
        }
    }
}

static bool linear(struct analysis *analysis, const struct node *node) {
    const struct value *result = op_result(linear_graph(analysis), node);
    struct operands operands = operands_of(linear_graph(analysis), node, &result->shape, linear_scratch(analysis));
    for (size_t e = 0; e < shape_elements(&result->shape); e++) {
        size_t i = op_mapped(operands.map_a, e), j = op_mapped(operands.map_b, e);
        int fraction = op_format(result, e).fraction;
        linear_begin(analysis);
        if (node->op == OP_MUL) {
            linear_add_product(analysis, node, i, j, 0);
        } else {
            linear_add(analysis, node, 0, i, 1, fraction - op_format(operands.a, i).fraction);
            linear_add(analysis, node, 1, j, node->op == OP_SUB ? -1 : 1, fraction - op_format(operands.b, j).fraction);
        }
        linear_end(analysis, node, e);
    }
    return true;
}

static const struct attribute_field fields[] = {{0}};

const struct op_family arithmetic_family = {
    .name = "arithmetic",
    .infer = infer,
    .prepare = prepare,
    .eval_real = eval_real,
    .eval_integer = eval_integer,
    .bound_real = bound_real,
    .linear = linear,
    .fields = fields,
    .meanings = meanings,
};
