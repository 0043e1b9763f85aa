/* Chains as exact arithmetic on integers, and what that would cost. Clipping and leaky slopes are written with relu;
 * division by a constant and batch normalisation multiply by binary32 constants, which is told where it is not exact. */
#include "passes/integerise.h"

#include <math.h>

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

static valref exact_clip(struct integerise *state, const struct node *node, valref x, float lower, float upper) {
    bool bounded = isfinite(upper);
    if (isfinite(lower)) x = exact_at_least(state, node, x, lower, !bounded);
    return bounded ? exact_at_most(state, node, x, upper) : x;
}

/* x < 0 ? alpha * x : x = relu(x) - alpha * relu(-x) */
static valref exact_leaky(struct integerise *state, const struct node *node, valref x) {
    valref zero = append_scalar(state, node, "zero", 0);
    valref negative =
        append_named(state, OP_RELU, node, "negative", append_named(state, OP_SUB, node, "negated", zero, x), x);
    valref slope = append_scalar(state, node, "slope", node->attributes.activation.alpha);
    valref scaled = append_named(state, OP_MUL, node, "scaled", negative, slope);
    return append_named(state, OP_SUB, node, NULL, append_named(state, OP_RELU, node, "positive", x, x), scaled);
}

static valref exact_hard_sigmoid(struct integerise *state, const struct node *node, valref x) {
    valref scaled = append_named(state, OP_MUL, node, "scaled", x,
                                 append_scalar(state, node, "alpha", node->attributes.activation.alpha));
    valref shifted = append_named(state, OP_ADD, node, "shifted", scaled,
                                  append_scalar(state, node, "beta", node->attributes.activation.beta));
    return exact_clip(state, node, shifted, 0, 1);
}

static const float *reciprocals(struct integerise *state, const float *constants, size_t count) {
    float *out = ARENA_ARRAY(state->scratch, float, count);
    for (size_t i = 0; i < count; i++) out[i] = 1.0f / constants[i];
    return out;
}

static bool power_of_two(float c) {
    int exponent;
    return fabsf(frexpf(c, &exponent)) == 0.5f;
}

static bool powers_of_two(const float *constants, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (!power_of_two(constants[i])) return false;
    return true;
}

/* Division by a constant is multiplication by its binary32 reciprocal: exact for powers of two, else told. */
static valref exact_quotient(struct integerise *state, const struct step *step, valref x, const char **doubt) {
    const struct node *node = step->node;
    const struct shape shape = graph_value(state->real, node->result)->shape;
    size_t count = shape_elements(&shape);
    if (!powers_of_two(step->constants[1], count))
        *doubt = doubt_reason(state, node, "divides: its constant's binary32 reciprocal is multiplied instead");
    valref factor = dyadic_constant(state, node, "reciprocal", &shape, reciprocals(state, step->constants[1], count));
    return append_named(state, OP_MUL, node, NULL, x, factor);
}

static valref exact_batch_norm(struct integerise *state, const struct step *step, valref x, const char **doubt) {
    const struct node *node = step->node;
    const struct shape shape = graph_value(state->real, node->result)->shape;
    size_t count = shape_elements(&shape);
    float *gain = ARENA_ARRAY(state->scratch, float, count), *offset = ARENA_ARRAY(state->scratch, float, count);
    for (size_t i = 0; i < count; i++) {
        double deviation = sqrt((double)step->constants[4][i] + (double)node->attributes.normalization.epsilon);
        gain[i] = (float)((double)step->constants[1][i] / deviation);
        offset[i] = (float)((double)step->constants[2][i] -
                            (double)step->constants[3][i] * (double)step->constants[1][i] / deviation);
    }
    *doubt = doubt_reason(state, node, "is multiplied and added with binary32 constants instead");
    valref scaled = append_named(state, OP_MUL, node, "scaled", x, dyadic_constant(state, node, "gain", &shape, gain));
    return append_named(state, OP_ADD, node, NULL, scaled, dyadic_constant(state, node, "offset", &shape, offset));
}

static bool step_has_exact_form(const struct step *step, size_t count) {
    const struct activation_attributes *activation = &step->node->attributes.activation;
    switch (step->node->op) {
    case OP_ADD:
    case OP_SUB:
    case OP_MUL:
    case OP_RELU:
    case OP_BATCH_NORM:
    case OP_LEAKY_RELU:
    case OP_HARD_SIGMOID: return true;
    case OP_CLIP: return !isnan(activation->alpha) && !isnan(activation->beta) && activation->alpha <= activation->beta;
    case OP_DIV:
        if (step->slot != 0) return false;
        for (size_t i = 0; i < count; i++)
            if (!isnormal(1.0f / step->constants[1][i])) return false;
        return true;
    default: return false;
    }
}

/* The other operators of a chain, on integers without a scale. */
static valref exact_step(struct integerise *state, const struct step *step, valref x, const char **doubt) {
    const struct node *node = step->node;
    const struct activation_attributes *activation = &node->attributes.activation;
    switch (node->op) {
    case OP_CLIP: return exact_clip(state, node, x, activation->alpha, activation->beta);
    case OP_LEAKY_RELU: return exact_leaky(state, node, x);
    case OP_HARD_SIGMOID: return exact_hard_sigmoid(state, node, x);
    case OP_DIV: return exact_quotient(state, step, x, doubt);
    case OP_BATCH_NORM: return exact_batch_norm(state, step, x, doubt);
    default: return NO_VALUE;
    }
}

static int refuse_chain(struct integerise *state, const struct node *node, const struct node *reader) {
    return cross_refuse(state, node, "put a quantiser behind it, or let bxc quantise the model with --calibrate",
                        "'%s' has no exact form in integers, and '%s', which reads it, is no quantiser", node->name,
                        reader ? reader->name : "an output");
}

static bool scales_positive(const double *scale, size_t count) {
    for (size_t i = 0; scale && i < count; i++)
        if (!(scale[i] > 0)) return false;
    return true;
}

int exact_chain(struct integerise *state, valref value, const struct node *reader, struct exact *out) {
    const struct lowered chain = state->lowered[value.id];
    const struct step *step = &chain.steps[chain.step_count - 1];
    const struct node *node = step->node;
    size_t count = shape_elements(&graph_value(state->real, node->result)->shape);
    if (node->result.id != value.id) context_bug(state->program->context, "chain of '%s' ends elsewhere", node->name);
    if (!step_has_exact_form(step, count)) return refuse_chain(state, node, reader);
    if (node->op == OP_ADD || node->op == OP_SUB || node->op == OP_MUL) return exact_binary(state, node, out);
    struct exact operand;
    if (exact_of(state, node->inputs[step->slot], node, &operand) < 0) return -1;
    *out = operand;
    if (node->op == OP_RELU && scales_positive(operand.scale, count)) {
        out->value = append_named(state, OP_RELU, node, NULL, operand.value, operand.value);
        return out->value.id == UINT32_MAX ? -1 : 0;
    }
    if (operand.scale) return refuse_chain(state, node, reader);
    const char *doubt = NULL;
    out->value = exact_step(state, step, operand.value, &doubt);
    if (out->value.id == UINT32_MAX) return -1;
    out->doubt = operand.doubt ? operand.doubt : doubt ? doubt : doubt_of_sums(state, node, out->value, NULL);
    return 0;
}

/* ---- what exact arithmetic would cost ---- */

static int digits_of(float constant) {
    int fraction;
    int64_t integer = dyadic(constant, &fraction);
    uint64_t x = (uint64_t)(integer < 0 ? -integer : integer);
    return __builtin_popcountll(x ^ (3 * x));
}

static double largest(struct interval interval) { return fmax((double)interval.hi, -(double)interval.lo); }

/* A number on its way through exact arithmetic: bits above and below the point. */
struct path {
    double magnitude, cost;
    int fraction;
    bool binary32;
};

static int path_width(const struct path *path) {
    return path->magnitude > 0 ? (int)ceil(log2(path->magnitude)) + 1 + path->fraction : 1;
}

static void path_step(struct path *path, const struct step *step, size_t element) {
    float c = step->slot < 2 && step->constants[1 - step->slot] ? step->constants[1 - step->slot][element] : 0;
    const struct activation_attributes *activation = &step->node->attributes.activation;
    bool product = step->node->op == OP_MUL || step->node->op == OP_DIV || step->node->op == OP_BATCH_NORM;
    bool slope = step->node->op == OP_LEAKY_RELU || step->node->op == OP_HARD_SIGMOID;
    int fraction, digits = 1;
    if (step->node->op == OP_DIV) path->binary32 = path->binary32 && power_of_two(c), c = 1.0f / c;
    if (step->node->op == OP_BATCH_NORM)
        path->binary32 = false, c = step->constants[1][element] / sqrtf(step->constants[4][element] + 1e-30f);
    if (slope) c = activation->alpha;
    (void)dyadic(c, &fraction);
    if (product || slope) {
        path->magnitude *= step->node->op == OP_LEAKY_RELU ? fmax(1, fabs((double)c)) : fabs((double)c);
        path->fraction += fraction > 0 || product ? fraction : 0;
        digits = digits_of(c);
        path->cost += (digits > 1 ? digits - 1 : 0) * fmax(1, path_width(path));
    }
    if (!product) {
        if (!slope && fraction > path->fraction) path->fraction = fraction;
        if (!slope) path->magnitude += fabs((double)c);
        path->cost += fmax(1, path_width(path));
    }
    if (path_width(path) > BINARY32_BITS + 1) path->binary32 = false;
}

bool chain_exact_cost(struct integerise *state, const struct lowered *chain, double *cost, bool *binary32) {
    if (chain->base.scale) return false;
    const struct graph *graph = state->integer;
    size_t count = shape_elements(&graph_value(graph, chain->base.value)->shape);
    *cost = 0;
    *binary32 = true;
    for (uint32_t s = 0; s < chain->step_count; s++)
        if (!step_has_exact_form(&chain->steps[s], count)) return false;
    for (size_t i = 0; i < count; i++) {
        int fraction = graph_format(graph, chain->base.value, i).fraction;
        struct path path = {ldexp(largest(graph_interval(graph, chain->base.value, i)), -fraction), 0, fraction, true};
        for (uint32_t s = 0; s < chain->step_count; s++) {
            path_step(&path, &chain->steps[s], i);
            if (path_width(&path) > 62) return false;
        }
        *cost += path.cost;
        *binary32 = *binary32 && path.binary32;
    }
    return true;
}
