/* Chains as exact arithmetic on integers, and what that would cost. Clipping and leaky slopes are written with relu;
 * division by a constant and batch normalisation multiply by binary32 constants, which is told where it is not exact.
 */
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

/* Batch normalisation as one multiplication and one addition of binary32 numbers; false when they are none. */
static bool batch_norm_constants(const struct step *step, size_t element, float *gain, float *offset) {
    double g, o;
    (void)step_affine(step, element, &g, &o);
    *gain = (float)g, *offset = (float)o;
    return isfinite(*gain) && isfinite(*offset);
}

static valref exact_batch_norm(struct integerise *state, const struct step *step, valref x, const char **doubt) {
    const struct node *node = step->node;
    const struct shape shape = graph_value(state->real, node->result)->shape;
    size_t count = shape_elements(&shape);
    float *gain = ARENA_ARRAY(state->scratch, float, count), *offset = ARENA_ARRAY(state->scratch, float, count);
    for (size_t i = 0; i < count; i++) (void)batch_norm_constants(step, i, &gain[i], &offset[i]);
    *doubt = doubt_reason(state, node, "is multiplied and added with binary32 constants instead");
    valref scaled = append_named(state, OP_MUL, node, "scaled", x, dyadic_constant(state, node, "gain", &shape, gain));
    return append_named(state, OP_ADD, node, NULL, scaled, dyadic_constant(state, node, "offset", &shape, offset));
}

static bool quotient_is_exact(const struct step *step, size_t count) {
    if (step->slot != 0) return false;
    for (size_t i = 0; i < count; i++)
        if (!isnormal(1.0f / step->constants[1][i])) return false;
    return true;
}

static bool batch_norm_is_exact(const struct step *step, size_t count) {
    float gain, offset;
    for (size_t i = 0; i < count; i++)
        if (!batch_norm_constants(step, i, &gain, &offset)) return false;
    return true;
}

bool step_has_exact_form(const struct step *step, size_t count) {
    const struct activation_attributes *activation = &step->node->attributes.activation;
    switch (step->node->op) {
    case OP_ADD:
    case OP_SUB:
    case OP_MUL:
    case OP_RELU: return true;
    case OP_LEAKY_RELU: return isfinite(activation->alpha);
    case OP_HARD_SIGMOID: return isfinite(activation->alpha) && isfinite(activation->beta);
    case OP_CLIP: return !isnan(activation->alpha) && !isnan(activation->beta) && activation->alpha <= activation->beta;
    case OP_DIV: return quotient_is_exact(step, count);
    case OP_BATCH_NORM: return batch_norm_is_exact(step, count);
    default: return false;
    }
}

/* The other operators of a chain, on integers without a scale. */
static valref exact_step(struct integerise *state, const struct step *step, valref x, const char **doubt) {
    const struct node *node = step->node;
    const struct activation_attributes *activation = &node->attributes.activation;
    switch (node->op) {
    case OP_RELU: return append_named(state, OP_RELU, node, NULL, x, x);
    case OP_CLIP: return exact_clip(state, node, x, activation->alpha, activation->beta);
    case OP_LEAKY_RELU: return exact_leaky(state, node, x);
    case OP_HARD_SIGMOID: return exact_hard_sigmoid(state, node, x);
    case OP_DIV: return exact_quotient(state, step, x, doubt);
    case OP_BATCH_NORM: return exact_batch_norm(state, step, x, doubt);
    default: return NO_VALUE;
    }
}

static int refuse_chain(struct integerise *state, const struct node *node, const struct node *reader) {
    return cross_refuse(state, node, "put a quantiser behind it",
                        "'%s' has no exact form in integers, and '%s', which reads it, is no quantiser", node->name,
                        reader ? reader->name : "an output");
}

static bool scales_positive(const double *scale, size_t count) {
    for (size_t i = 0; scale && i < count; i++)
        if (!(scale[i] > 0)) return false;
    return true;
}

/* A positive factor of a number with a scale is part of its scale. */
static bool scale_takes_over(struct integerise *state, const struct step *step, const struct exact *operand,
                             size_t count, struct exact *out) {
    bool divides = step->node->op == OP_DIV;
    if (!operand->scale || (step->node->op != OP_MUL && !divides) ||
        shape_elements(&graph_value(state->integer, operand->value)->shape) != count)
        return false;
    double *scale = ARENA_ARRAY(state->scratch, double, count);
    for (size_t i = 0; i < count; i++) {
        double factor = (double)step->constants[1 - step->slot][i];
        scale[i] = divides ? operand->scale[i] / factor : operand->scale[i] * factor;
        if (!(scale[i] > 0) || !isnormal((float)scale[i])) return false;
    }
    *out = (struct exact){operand->value, scale, operand->doubt};
    if (!out->doubt) out->doubt = doubt_reason(state, step->node, "has a scale that is no power of two");
    return true;
}

int exact_chain(struct integerise *state, valref value, const struct node *reader, struct exact *out) {
    const struct lowered chain = state->lowered[value.id];
    const struct step *step = &chain.steps[chain.step_count - 1];
    const struct node *node = step->node;
    size_t count = shape_elements(&graph_value(state->real, node->result)->shape);
    if (node->result.id != value.id) context_bug(state->program->context, "chain of '%s' ends elsewhere", node->name);
    if (!step_has_exact_form(step, count)) return refuse_chain(state, node, reader);
    struct exact operand;
    if (exact_of(state, node->inputs[step->slot], node, &operand) < 0) return -1;
    if (scale_takes_over(state, step, &operand, count, out)) return 0;
    if (node->op == OP_ADD || node->op == OP_SUB || node->op == OP_MUL) return exact_binary(state, node, out);
    if (node->op == OP_RELU && scales_positive(operand.scale, count)) {
        *out = operand;
        out->value = append_named(state, OP_RELU, node, NULL, operand.value, operand.value);
        return out->value.id == UINT32_MAX ? -1 : 0;
    }
    if (!scales_take_off(state, node, &operand)) return refuse_scales(state, node);
    *out = operand;
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

static double largest(struct interval interval) {
    return fmax((double)interval.hi, -(double)interval.lo);
}

/* A number on its way through exact arithmetic: bits above and below the point. */
struct path {
    double magnitude, cost;
    int fraction;
    bool binary32;
};

/* Of no number that is not finite: more than any. */
static int path_width(const struct path *path) {
    enum { MORE_THAN_ANY = 1 << 20 };
    if (path->magnitude == 0) return 1;
    double width = ceil(log2(path->magnitude)) + 1 + path->fraction;
    return width < MORE_THAN_ANY ? (int)fmax(width, 1) : MORE_THAN_ANY;
}

static void path_add(struct path *path, float c) {
    int fraction;
    (void)dyadic(c, &fraction);
    if (fraction > path->fraction) path->fraction = fraction;
    path->magnitude += fabs((double)c);
    path->cost += path_width(path);
}

static void path_multiply(struct path *path, float c) {
    int fraction, digits = digits_of(c);
    (void)dyadic(c, &fraction);
    path->magnitude *= fabs((double)c);
    path->fraction += fraction;
    path->cost += (digits > 1 ? digits - 1 : 0) * path_width(path);
}

static void path_clip(struct path *path, const struct activation_attributes *activation) {
    double reach = path->magnitude;
    if (fabs((double)activation->alpha) < reach) path_add(path, activation->alpha);
    if (fabs((double)activation->beta) < reach) path_add(path, activation->beta);
}

static void path_leaky(struct path *path, float slope) {
    struct path negative = *path;
    path_multiply(&negative, slope);
    path->magnitude = fmax(path->magnitude, negative.magnitude);
    if (negative.fraction > path->fraction) path->fraction = negative.fraction;
    path->cost = negative.cost + path_width(path);
}

static void path_step(struct path *path, const struct step *step, size_t element) {
    float c = step->slot < 2 && step->constants[1 - step->slot] ? step->constants[1 - step->slot][element] : 0, offset;
    const struct activation_attributes *activation = &step->node->attributes.activation;
    if (!isfinite(c)) path->magnitude = INFINITY;
    if (!isfinite(path->magnitude)) return;
    switch (step->node->op) {
    case OP_MUL: path_multiply(path, c); break;
    case OP_DIV:
        path->binary32 = path->binary32 && power_of_two(c);
        path_multiply(path, 1.0f / c);
        break;
    case OP_BATCH_NORM:
        path->binary32 = false;
        (void)batch_norm_constants(step, element, &c, &offset);
        path_multiply(path, c);
        path_add(path, offset);
        break;
    case OP_CLIP: path_clip(path, activation); break;
    case OP_LEAKY_RELU: path_leaky(path, activation->alpha); break;
    case OP_HARD_SIGMOID:
        path_multiply(path, activation->alpha);
        path_add(path, activation->beta);
        path_add(path, 1);
        break;
    default: path_add(path, c); break;
    }
    if (path_width(path) > BINARY32_BITS + 1) path->binary32 = false;
}

bool chain_exact_cost(struct integerise *state, const struct lowered *chain, double *cost, bool *binary32) {
    const struct graph *graph = state->integer;
    size_t count = shape_elements(&graph_value(graph, chain->base.value)->shape);
    *cost = 0;
    *binary32 = true;
    for (uint32_t s = 0; s < chain->step_count; s++)
        if (!step_has_exact_form(&chain->steps[s], count)) return false;
    for (size_t i = 0; i < count; i++) {
        int fraction = graph_format(graph, chain->base.value, i).fraction;
        struct path path = {ldexp(largest(graph_interval(graph, chain->base.value, i)), -fraction), 0, fraction, true};
        if (chain->base.scale) path_multiply(&path, (float)chain->base.scale[i]), path.binary32 = false;
        for (uint32_t s = 0; s < chain->step_count; s++) {
            path_step(&path, &chain->steps[s], i);
            if (path_width(&path) > 62) return false;
        }
        *cost += path.cost;
        *binary32 = *binary32 && path.binary32;
    }
    return true;
}
