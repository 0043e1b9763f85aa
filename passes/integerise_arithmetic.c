/* Chains as exact arithmetic on integers, and what that would cost: of each step the parts that its operator is made of
 * (ir/meaning.h). Limits and leaky slopes are written with relu. */
#include "passes/integerise.h"
#include "ir/ops.h"

#include <math.h>
#include <stdlib.h>

enum { BINARY32_BITS = 24 };

static valref append_scalar(struct integerise *state, const struct node *node, const char *what, float real) {
    const struct shape shape = {0};
    return dyadic_constant(state, node, what, &shape, &real);
}

static valref append_named(struct integerise *state, enum op op, const struct node *node, const char *what, valref a,
                           valref b) {
    valref operands[2] = {a, b};
    bool last = what == NULL;
    if (a.id == UINT32_MAX || (op != OP_RELU && b.id == UINT32_MAX)) return NO_VALUE;
    const char *name = last ? node->name : arena_printf(state->scratch, "%s.%s", node->name, what);
    if (op != OP_RELU) (void)operands_fit(state, node, op, name, operands, 2, NULL);
    if (operands[0].id == UINT32_MAX || operands[1].id == UINT32_MAX) return NO_VALUE;
    return cross_name(state, graph_append(state->integer, op, name, operands, op == OP_RELU ? 1 : 2, NULL), node, last);
}

/* max(x, a) = a + relu(x - a); min(x, b) = b - relu(b - x) */
static valref exact_at_least(struct integerise *state, const struct node *node, valref x, float bound, bool last) {
    if (bound == 0) return append_named(state, OP_RELU, node, last ? NULL : "relu", x, x);
    valref constant = append_scalar(state, node, "lower", bound);
    valref above =
        append_named(state, OP_RELU, node, "above", append_named(state, OP_SUB, node, "over", x, constant), x);
    return append_named(state, OP_ADD, node, last ? NULL : "raised", above, constant);
}

static valref exact_at_most(struct integerise *state, const struct node *node, valref x, float bound) {
    valref constant = append_scalar(state, node, "upper", bound);
    valref below =
        append_named(state, OP_RELU, node, "below", append_named(state, OP_SUB, node, "under", constant, x), x);
    return append_named(state, OP_SUB, node, NULL, constant, below);
}

/* The real numbers that an integer can stand for. */
struct reach {
    double lo, hi;
};

static struct reach reach_of(const struct integerise *state, valref x) {
    struct reach reach = {0};
    size_t count = shape_elements(&graph_value(state->integer, x)->shape);
    for (size_t i = 0; i < count; i++) {
        struct interval interval = graph_interval(state->integer, x, i);
        int fraction = graph_format(state->integer, x, i).fraction;
        double lo = ldexp((double)interval.lo, -fraction), hi = ldexp((double)interval.hi, -fraction);
        reach.lo = i == 0 || lo < reach.lo ? lo : reach.lo;
        reach.hi = i == 0 || hi > reach.hi ? hi : reach.hi;
    }
    return reach;
}

/* A bound beyond all that can come is none: a missing one may stand there as the largest float. */
static valref exact_clip(struct integerise *state, const struct node *node, valref x, float lower, float upper) {
    if (x.id == UINT32_MAX) return x;
    struct reach reach = reach_of(state, x);
    bool bounded_above = (double)upper<reach.hi, bounded_below = (double)lower> reach.lo;
    if (bounded_below) x = exact_at_least(state, node, x, lower, !bounded_above);
    return bounded_above ? exact_at_most(state, node, x, upper) : x;
}

/* x < 0 ? slope * x : x = relu(x) - slope * relu(-x) */
static valref exact_leaky(struct integerise *state, const struct node *node, valref x, float slope) {
    valref zero = append_scalar(state, node, "zero", 0);
    valref negative =
        append_named(state, OP_RELU, node, "negative", append_named(state, OP_SUB, node, "negated", zero, x), x);
    valref constant = append_scalar(state, node, "slope", slope);
    valref scaled = append_named(state, OP_MUL, node, "scaled", negative, constant);
    return append_named(state, OP_SUB, node, NULL, append_named(state, OP_RELU, node, "positive", x, x), scaled);
}

/* ---- gates ---- */

/* Three values: below the limits of a gate, within them, and above. */
static struct staircase gate_stairs(struct arena *arena, const struct exact_part *part, int fraction,
                                    const int64_t values[3]) {
    const double far = 0x1p62, lower = ceil(ldexp((double)part->lower, fraction)),
                 upper = floor(ldexp((double)part->upper, fraction)) + 1;
    struct staircase stairs = {0, ARENA_ARRAY(arena, int64_t, 2), ARENA_ARRAY(arena, int64_t, 3)};
    if (lower > -far && lower < far && lower < upper) {
        stairs.values[0] = values[0];
        stairs.thresholds[stairs.count++] = (int64_t)lower;
    }
    stairs.values[stairs.count] = values[1];
    if (upper > -far && upper < far) {
        stairs.thresholds[stairs.count++] = (int64_t)upper;
        stairs.values[stairs.count] = values[2];
    }
    return stairs;
}

static valref gate_threshold(struct integerise *state, const struct node *node, const char *what,
                             const struct exact_part *part, valref x, const int64_t values[3], int fraction) {
    const struct shape shape = graph_value(state->integer, x)->shape;
    size_t count = shape_elements(&shape);
    int64_t most = llabs(values[0]) > llabs(values[2]) ? llabs(values[0]) : llabs(values[2]);
    struct format format = format_for((struct interval){values[0] < 0 || values[2] < 0 ? -most : 0, most}, fraction);
    struct lookup_attributes lookup = {.shape = shape,
                                       .stairs = ARENA_ARRAY(state->scratch, struct staircase, count),
                                       .formats = formats_uniform(state->scratch, format)};
    for (size_t e = 0; e < count; e++)
        lookup.stairs[e] = gate_stairs(state->scratch, part, graph_format(state->integer, x, e).fraction, values);
    const char *name = arena_printf(state->scratch, "%s.%s", node->name, what);
    valref made = graph_append(state->integer, OP_THRESHOLD, name, &x, 1, &(union attributes){.lookup = lookup});
    return cross_name(state, made, node, false);
}

/* (x + shift) where the gate is open, else 0. */
static valref exact_gate(struct integerise *state, const struct node *node, const struct exact_part *part, valref x) {
    if (x.id == UINT32_MAX) return x;
    int fraction;
    int64_t shift = dyadic(part->shift, &fraction);
    valref open = gate_threshold(state, node, "open", part, x, (const int64_t[3]){1, 0, 1}, 0);
    if (shift != 0)
        x = append_named(state, OP_ADD, node, "moved", x,
                         gate_threshold(state, node, "shift", part, x, (const int64_t[3]){shift, 0, -shift}, fraction));
    return append_named(state, OP_MUL, node, NULL, x, open);
}

static valref exact_part(struct integerise *state, const struct node *node, const struct exact_part *part, valref x) {
    const struct shape shape = part->uniform ? (struct shape){0} : graph_value(state->real, node->result)->shape;
    if (part->kind == PART_LIMIT) return exact_clip(state, node, x, part->lower, part->upper);
    if (part->kind == PART_LEAKY) return exact_leaky(state, node, x, part->lower);
    if (part->kind == PART_GATE) return exact_gate(state, node, part, x);
    return append_named(state, part->kind == PART_ADD ? OP_ADD : OP_MUL, node, part->result, x,
                        dyadic_constant(state, node, part->constant, &shape, part->numbers));
}

bool step_has_exact_form(const struct integerise *state, const struct op_step *step, size_t count) {
    struct arena *arena = arena_new(state->program->context);
    struct exact_form form;
    bool has = step_exact(step, count, arena, &form);
    arena_free(arena);
    return has;
}

static int refuse_chain(struct integerise *state, const struct node *node, const struct node *reader) {
    return cross_refuse(state, node, "put a quantiser behind it",
                        "'%s' has no exact form in integers, and '%s', which reads it, is no quantiser", node->name,
                        reader ? reader->name : "an output");
}

/* A positive factor of a number with a scale is part of its scale. */
static bool scale_takes_over(struct integerise *state, const struct op_step *step, const struct exact_form *form,
                             const struct exact *operand, size_t count, struct exact *out) {
    if (!operand->scale || form->count != 1 || form->parts[0].kind != PART_MULTIPLY ||
        shape_elements(&graph_value(state->integer, operand->value)->shape) != count)
        return false;
    double *scale = ARENA_ARRAY(state->scratch, double, count);
    for (size_t i = 0; i < count; i++) {
        scale[i] = step_binary64(step, i, operand->scale[i]);
        if (!(scale[i] > 0) || !isnormal((float)scale[i])) return false;
    }
    *out = (struct exact){operand->value, scale, operand->doubt};
    if (!out->doubt) out->doubt = doubt_reason(state, step->node, "has a scale that is no power of two");
    return true;
}

/* f(s x) = s f(x) for every positive s. */
static bool keeps_factors(const struct exact_form *form) {
    for (int p = 0; p < form->count; p++) {
        const struct exact_part *part = &form->parts[p];
        bool at_zero = (part->lower == 0 || isinf(part->lower)) && (part->upper == 0 || isinf(part->upper));
        bool moves = part->kind == PART_ADD || (part->kind == PART_GATE && part->shift != 0);
        if (moves || ((part->kind == PART_LIMIT || part->kind == PART_GATE) && !at_zero)) return false;
    }
    return true;
}

/* The operator itself, of one operand. */
static int exact_unary(struct integerise *state, const struct node *node, const struct exact *operand,
                       struct exact *out) {
    *out = *operand;
    out->value = graph_append(state->integer, node->op, node->name, &operand->value, 1, &node->attributes);
    out->value = cross_name(state, out->value, node, true);
    return out->value.id == UINT32_MAX ? -1 : 0;
}

static int exact_parts(struct integerise *state, const struct node *node, const struct exact_form *form,
                       struct exact operand, struct exact *out) {
    if (!scales_take_off(state, node, &operand)) return refuse_scales(state, node);
    *out = operand;
    for (int p = 0; p < form->count; p++) {
        out->value = exact_part(state, node, &form->parts[p], out->value);
        if (out->value.id == UINT32_MAX) return -1;
    }
    if (!out->doubt && form->inexact) out->doubt = doubt_reason(state, node, form->inexact);
    out->doubt = doubt_of_sums(state, node, out->value, out->doubt);
    return 0;
}

/* Operators that integers have too keep their names. */
int exact_chain(struct integerise *state, valref value, const struct node *reader, struct exact *out) {
    const struct lowered chain = state->lowered[value.id];
    const struct op_step *step = &chain.steps[chain.step_count - 1];
    const struct node *node = step->node;
    size_t count = shape_elements(&graph_value(state->real, node->result)->shape);
    struct exact_form form;
    struct exact operand;
    if (node->result.id != value.id) context_bug(state->program->context, "chain of '%s' ends elsewhere", node->name);
    if (!step_exact(step, count, state->scratch, &form)) return refuse_chain(state, node, reader);
    if (exact_of(state, node->inputs[step->slot], node, &operand) < 0) return -1;
    if (scale_takes_over(state, step, &form, &operand, count, out)) return 0;
    bool is_own = op_info(node->op)->arithmetic == ARITHMETIC_BOTH;
    if (is_own && node->input_count == 2) return exact_binary(state, node, out);
    if (is_own && (!operand.scale || keeps_factors(&form))) return exact_unary(state, node, &operand, out);
    return exact_parts(state, node, &form, operand, out);
}

/* ---- what exact arithmetic would cost ---- */

static int digits_of(float constant) {
    int fraction;
    int64_t integer = dyadic(constant, &fraction);
    uint64_t x = (uint64_t)(integer < 0 ? -integer : integer);
    return __builtin_popcountll(x ^ (3 * x));
}

static double largest(struct interval interval) {
    return fmax((double)interval.hi, -(double)interval.lo);
}

/* A number on its way through exact arithmetic: bits above and below the point. */
struct path {
    double magnitude, cost;
    int fraction;
    bool binary32;
    bool is_sum; /* so that a constant is one more of its terms */
};

/* Of no number that is not finite: more than any. */
static int path_width(const struct path *path) {
    enum { MORE_THAN_ANY = 1 << 20 };
    if (path->magnitude == 0) return 1;
    double width = ceil(log2(path->magnitude)) + 1 + path->fraction;
    return width < MORE_THAN_ANY ? (int)fmax(width, 1) : MORE_THAN_ANY;
}

static void path_reach(struct path *path, float c) {
    int fraction;
    (void)dyadic(c, &fraction);
    if (fraction > path->fraction) path->fraction = fraction;
    path->magnitude += fabs((double)c);
}

static void path_add(struct path *path, float c) {
    path_reach(path, c);
    if (!path->is_sum) path->cost += path_width(path);
    path->is_sum = true;
}

/* Adders take three terms, of which the first digit is one. */
static void path_multiply(struct path *path, float c) {
    int fraction, digits = digits_of(c);
    (void)dyadic(c, &fraction);
    path->magnitude *= fabs((double)c);
    path->fraction += fraction;
    path->cost += (double)(digits / 2) * path_width(path);
    path->is_sum = path->is_sum || digits > 1;
}

/* What is subtracted is a term of the sum in front; what it is compared with masks every bit. */
static void path_bound(struct path *path, float bound) {
    path_reach(path, bound);
    path->cost += path_width(path);
    path->is_sum = false;
}

static void path_limit(struct path *path, float lower, float upper) {
    double reach = path->magnitude;
    if (fabs((double)lower) < reach) path_bound(path, lower);
    if (fabs((double)upper) < reach) path_bound(path, upper);
}

static void path_leaky(struct path *path, float slope) {
    struct path negative = *path;
    path_multiply(&negative, slope);
    path->magnitude = fmax(path->magnitude, negative.magnitude);
    if (negative.fraction > path->fraction) path->fraction = negative.fraction;
    path->cost = negative.cost + path_width(path);
}

/* A comparison a limit, and the mask. */
static void path_gate(struct path *path, const struct exact_part *part) {
    path->cost += path_width(path) * (isinf(part->lower) ? 1.5 : 2);
    if (part->shift != 0) path_add(path, part->shift);
    path->is_sum = false;
}

static void path_part(struct path *path, const struct exact_part *part, size_t element) {
    if (part->kind == PART_LIMIT) {
        path_limit(path, part->lower, part->upper);
        return;
    }
    if (part->kind == PART_LEAKY) {
        path_leaky(path, part->lower);
        return;
    }
    if (part->kind == PART_GATE) {
        path_gate(path, part);
        return;
    }
    float number = part->numbers[part->uniform ? 0 : element];
    if (!isfinite(number)) path->magnitude = INFINITY;
    if (!isfinite(path->magnitude)) return;
    (part->kind == PART_ADD ? path_add : path_multiply)(path, number);
}

static void path_step(struct path *path, const struct exact_form *form, size_t element) {
    for (int p = 0; p < form->count && isfinite(path->magnitude); p++) path_part(path, &form->parts[p], element);
    if (form->inexact || path_width(path) > BINARY32_BITS + 1) path->binary32 = false;
}

static bool forms_cost(const struct integerise *state, const struct lowered *chain, const struct exact_form *forms,
                       double *cost, bool *binary32) {
    const struct graph *graph = state->integer;
    size_t count = graph_elements(graph, chain->base.value);
    const bool is_sum = op_is_sum(graph_definition(graph, chain->base.value)->op);
    for (size_t i = 0; i < count; i++) {
        int fraction = graph_format(graph, chain->base.value, i).fraction;
        struct path path = {.magnitude = ldexp(largest(graph_interval(graph, chain->base.value, i)), -fraction),
                            .fraction = fraction,
                            .binary32 = true,
                            .is_sum = is_sum};
        if (chain->base.scale) path_multiply(&path, (float)chain->base.scale[i]), path.binary32 = false;
        for (uint32_t s = 0; s < chain->step_count; s++) {
            path_step(&path, &forms[s], i);
            if (path_width(&path) > INTEGER_BITS_MAX) return false;
        }
        *cost += path.cost;
        *binary32 = *binary32 && path.binary32;
    }
    return true;
}

bool chain_exact_cost(struct integerise *state, const struct lowered *chain, double *cost, bool *binary32) {
    size_t count = graph_elements(state->integer, chain->base.value);
    struct arena *arena = arena_new(state->program->context);
    struct exact_form *forms = ARENA_ARRAY(arena, struct exact_form, chain->step_count + 1);
    bool all = true;
    *cost = 0;
    *binary32 = true;
    for (uint32_t s = 0; s < chain->step_count && all; s++) all = step_exact(&chain->steps[s], count, arena, &forms[s]);
    all = all && forms_cost(state, chain, forms, cost, binary32);
    arena_free(arena);
    return all;
}
