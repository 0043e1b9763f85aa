/* Operators that keep their meaning in integers. Scales that are no powers of two are carried beside the integers: sums
 * need one scale among their terms, products multiply them. */
#include "ir/ops/ops.h"
#include "passes/integerise.h"

#include <math.h>

enum { BINARY32_BITS = 24 };

/* ---- constants ---- */

/* The odd integer and the fraction of a binary32 number: number = integer * 2^-fraction. */
static int64_t dyadic(float number, int *fraction) {
    *fraction = 0;
    if (number == 0) return 0;
    int exponent;
    int64_t integer = (int64_t)ldexp(frexp((double)number, &exponent), BINARY32_BITS);
    *fraction = BINARY32_BITS - exponent;
    while (integer % 2 == 0) {
        integer /= 2;
        --*fraction;
    }
    return integer;
}

static int exact_constant(struct integerise *state, valref value, struct lowered *lowered) {
    const struct node *node = graph_definition(state->real, value);
    const struct shape shape = graph_value(state->real, value)->shape;
    size_t count = shape_elements(&shape);
    int64_t *integers = ARENA_ARRAY(state->scratch, int64_t, count);
    struct format *formats = ARENA_ARRAY(state->scratch, struct format, count);
    for (size_t i = 0; i < count; i++) {
        int fraction = 0;
        if (!lowered->codes && !isfinite(lowered->reals[i]))
            return cross_refuse(state, node, "constants must be finite numbers", "constant '%s' holds a number that is not finite", node->name);
        integers[i] = lowered->codes ? lowered->codes[i] : dyadic(lowered->reals[i], &fraction);
        formats[i] = format_for((struct interval){integers[i], integers[i]}, fraction);
    }
    valref constant = graph_append_integers(state->integer, node->name, shape, formats_compact(state->scratch, &shape, formats), integers);
    if (constant.id == UINT32_MAX) return -1;
    if (graph_value(state->real, value)->name) graph_name_value(state->integer, constant, graph_value(state->real, value)->name);
    lowered->exact = (struct exact){constant, lowered->codes ? lowered->scale : NULL, NULL};
    return 0;
}

static valref append_constant(struct integerise *state, const struct node *node, const char *what, const struct shape *shape, const float *reals) {
    size_t count = shape_elements(shape);
    int64_t *integers = ARENA_ARRAY(state->scratch, int64_t, count);
    struct format *formats = ARENA_ARRAY(state->scratch, struct format, count);
    for (size_t i = 0; i < count; i++) {
        int fraction;
        integers[i] = dyadic(reals[i], &fraction);
        formats[i] = format_for((struct interval){integers[i], integers[i]}, fraction);
    }
    return graph_append_integers(state->integer, arena_printf(state->scratch, "%s.%s", node->name, what), *shape,
                                 formats_compact(state->scratch, shape, formats), integers);
}

static valref append_scalar(struct integerise *state, const struct node *node, const char *what, float real) {
    const struct shape shape = {0};
    return append_constant(state, node, what, &shape, &real);
}

/* ---- doubts: where binary32 may round ---- */

static const char *reason(struct integerise *state, const struct node *node, const char *why) {
    return arena_printf(state->program->arena, "'%s' %s", node->name, why);
}

static bool beyond_binary32(int128 magnitude) {
    return magnitude > (int128)1 << BINARY32_BITS || magnitude < -((int128)1 << BINARY32_BITS);
}

const char *doubt_of_sums(struct integerise *state, const struct node *node, valref value, const char *inherited) {
    if (inherited) return inherited;
    size_t count = shape_elements(&graph_value(state->integer, value)->shape);
    for (size_t i = 0; i < count; i++) {
        struct interval interval = graph_interval(state->integer, value, i);
        if (beyond_binary32(interval.lo) || beyond_binary32(interval.hi))
            return reason(state, node, "needs more than the 24 bits of binary32");
    }
    return NULL;
}

static int128 magnitude(struct interval interval) {
    return interval.hi > -interval.lo ? interval.hi : -interval.lo;
}

/* Sum of the largest magnitudes of an element's terms, in units of the result: no order of adding leaves it. */
static bool product_fits(struct integerise *state, valref left, valref right, valref result, const struct product *geometry,
                         size_t batch, size_t row, size_t column) {
    const struct graph *graph = state->integer;
    size_t element = (batch * geometry->rows + row) * geometry->columns + column;
    int fraction = graph_format(graph, result, element).fraction;
    double sum = 0;
    for (size_t k = 0; k < geometry->depth; k++) {
        size_t a = geometry->left[batch] + row * geometry->depth + k, b = geometry->right[batch] + k * geometry->columns + column;
        double x = (double)magnitude(graph_interval(graph, left, a)), y = (double)magnitude(graph_interval(graph, right, b));
        if (x == 0 || y == 0) continue;
        sum += ldexp(x * y, fraction - graph_format(graph, left, a).fraction - graph_format(graph, right, b).fraction);
    }
    return sum <= (double)(1 << BINARY32_BITS);
}

static const char *doubt_of_product(struct integerise *state, const struct node *node, valref left, valref right, valref result,
                                    const char *inherited) {
    if (inherited) return inherited;
    struct product geometry = product_geometry(state->scratch, &graph_value(state->integer, left)->shape,
                                               &graph_value(state->integer, right)->shape);
    for (size_t batch = 0; batch < geometry.batches; batch++)
        for (size_t row = 0; row < geometry.rows; row++)
            for (size_t column = 0; column < geometry.columns; column++)
                if (!product_fits(state, left, right, result, &geometry, batch, row, column))
                    return reason(state, node, "has partial sums of more than the 24 bits of binary32");
    return NULL;
}

static const char *doubt_of_reduction(struct integerise *state, const struct node *node, valref operand, valref result, const char *inherited) {
    if (inherited || node->op != OP_REDUCE_SUM) return inherited;
    const struct shape *shape = &graph_value(state->integer, operand)->shape;
    int128 largest = 0;
    int fraction = INT16_MIN;
    size_t count = shape_elements(shape);
    for (size_t i = 0; i < count; i++) {
        int own = graph_format(state->integer, operand, i).fraction;
        if (own > fraction) fraction = own;
    }
    for (size_t i = 0; i < count; i++) {
        int shift = fraction - graph_format(state->integer, operand, i).fraction;
        int128 here = magnitude(graph_interval(state->integer, operand, i));
        here = shift > BINARY32_BITS && here ? (int128)1 << 60 : here << (shift > BINARY32_BITS ? 0 : shift);
        if (here > largest) largest = here;
    }
    (void)result;
    int128 bound = largest * shape->dim[node->attributes.axis.axis];
    return beyond_binary32(bound) ? reason(state, node, "has partial sums of more than the 24 bits of binary32") : NULL;
}

/* ---- scales ---- */

static double scale_at(const double *scale, size_t element) {
    return scale ? scale[element] : 1;
}

static const double *scales_compact(const double *scale, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (scale[i] != 1) return scale;
    return NULL;
}

static int refuse_scales(struct integerise *state, const struct node *node) {
    return cross_refuse(state, node, "quantise the terms with one scale, or put a quantiser in front of the sum",
                  "'%s' adds numbers of different scales", node->name);
}

/* Elementwise: a sum needs equal scales where neither term is the constant zero; a product multiplies them. */
static int scales_of_elementwise(struct integerise *state, const struct node *node, const struct exact *a, const struct exact *b,
                                 const struct shape *shape, const double **out) {
    *out = NULL;
    if (!a->scale && !b->scale) return 0;
    const struct graph *graph = state->integer;
    size_t count = shape_elements(shape);
    double *scale = ARENA_ARRAY(state->scratch, double, count);
    const int64_t *zero_a = graph_integers(graph, a->value), *zero_b = graph_integers(graph, b->value);
    for (size_t i = 0; i < count; i++) {
        size_t ia = shape_project(shape, i, &graph_value(graph, a->value)->shape);
        size_t ib = shape_project(shape, i, &graph_value(graph, b->value)->shape);
        double sa = scale_at(a->scale, ia), sb = scale_at(b->scale, ib);
        if (node->op == OP_MUL) {
            scale[i] = sa * sb;
            continue;
        }
        if (sa != sb && !op_is_zero(zero_a, ia) && !op_is_zero(zero_b, ib)) return refuse_scales(state, node);
        scale[i] = op_is_zero(zero_a, ia) ? sb : sa;
    }
    *out = scales_compact(scale, count);
    return 0;
}

static bool term_is_zero(const struct integerise *state, valref value, size_t element) {
    struct interval interval = graph_interval(state->integer, value, element);
    return interval.lo == 0 && interval.hi == 0;
}

static int scales_of_product(struct integerise *state, const struct node *node, const struct exact *a, const struct exact *b,
                             const double **out) {
    *out = NULL;
    if (!a->scale && !b->scale) return 0;
    struct product g = product_geometry(state->scratch, &graph_value(state->integer, a->value)->shape,
                                        &graph_value(state->integer, b->value)->shape);
    size_t count = g.batches * g.rows * g.columns;
    double *scale = ARENA_ARRAY(state->scratch, double, count);
    for (size_t i = 0; i < count; i++) {
        size_t column = i % g.columns, row = i / g.columns % g.rows, batch = i / g.columns / g.rows;
        for (size_t k = 0; k < g.depth; k++) {
            size_t ia = g.left[batch] + row * g.depth + k, ib = g.right[batch] + k * g.columns + column;
            if (term_is_zero(state, a->value, ia) || term_is_zero(state, b->value, ib)) continue;
            double product = scale_at(a->scale, ia) * scale_at(b->scale, ib);
            if (scale[i] != 0 && scale[i] != product) return refuse_scales(state, node);
            scale[i] = product;
        }
        if (scale[i] == 0) scale[i] = 1;
    }
    *out = scales_compact(scale, count);
    return 0;
}

/* One scale along the axis, and it is the result's. */
static int scales_of_reduction(struct integerise *state, const struct node *node, const struct exact *operand, const double **out) {
    *out = NULL;
    if (!operand->scale) return 0;
    const struct shape *shape = &graph_value(state->integer, operand->value)->shape;
    struct reduction g = reduction_geometry(shape, node->attributes.axis.axis);
    double *scale = ARENA_ARRAY(state->scratch, double, g.outer * g.inner);
    for (size_t i = 0; i < g.outer * g.inner; i++) {
        size_t first = i / g.inner * g.length * g.inner + i % g.inner;
        scale[i] = operand->scale[first];
        for (size_t k = 1; k < g.length; k++)
            if (operand->scale[first + k * g.inner] != scale[i]) return refuse_scales(state, node);
        if (!(scale[i] > 0) && node->op != OP_REDUCE_SUM) return refuse_scales(state, node);
    }
    *out = node->op == OP_ARGMAX ? NULL : scale;
    return 0;
}

/* ---- operators ---- */

static valref append_like(struct integerise *state, const struct node *node, const valref *operands) {
    valref result = graph_append(state->integer, node->op, node->name, operands, node->input_count, &node->attributes);
    return cross_name(state, result, node, true);
}

static int exact_binary(struct integerise *state, const struct node *node, struct exact *out) {
    struct exact a, b;
    if (exact_of(state, node->inputs[0], node, &a) < 0 || exact_of(state, node->inputs[1], node, &b) < 0) return -1;
    valref operands[2] = {a.value, b.value};
    const struct shape shape = graph_value(state->real, node->result)->shape;
    int status = node->op == OP_MATMUL ? scales_of_product(state, node, &a, &b, &out->scale)
                                       : scales_of_elementwise(state, node, &a, &b, &shape, &out->scale);
    if (status < 0) return -1;
    out->value = append_like(state, node, operands);
    if (out->value.id == UINT32_MAX) return -1;
    const char *inherited = a.doubt ? a.doubt : b.doubt;
    if (!inherited && out->scale) inherited = reason(state, node, "has a scale that is no power of two");
    out->doubt = node->op == OP_MATMUL ? doubt_of_product(state, node, a.value, b.value, out->value, inherited)
                                       : doubt_of_sums(state, node, out->value, inherited);
    return 0;
}

static int exact_reduction(struct integerise *state, const struct node *node, struct exact *out) {
    struct exact operand;
    if (exact_of(state, node->inputs[0], node, &operand) < 0 || scales_of_reduction(state, node, &operand, &out->scale) < 0) return -1;
    out->value = append_like(state, node, &operand.value);
    if (out->value.id == UINT32_MAX) return -1;
    out->doubt = doubt_of_reduction(state, node, operand.value, out->value, operand.doubt);
    return 0;
}

int cross_exact(struct integerise *state, const struct node *node) {
    struct exact out = {0};
    bool binary = node->input_count == 2;
    if ((binary ? exact_binary(state, node, &out) : exact_reduction(state, node, &out)) < 0) return -1;
    cross_set(state, node, out.value, out.scale, out.doubt);
    return 0;
}

/* ---- chains as exact arithmetic ---- */

static valref append_named(struct integerise *state, enum op op, const struct node *node, const char *what, valref a, valref b) {
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
    valref above = append_named(state, OP_RELU, node, "above", append_named(state, OP_SUB, node, "over", x, constant), x);
    return append_named(state, OP_ADD, node, last ? NULL : "raised", above, constant);
}

static valref exact_at_most(struct integerise *state, const struct node *node, valref x, float bound) {
    valref constant = append_scalar(state, node, "upper", bound);
    valref below = append_named(state, OP_RELU, node, "below", append_named(state, OP_SUB, node, "under", constant, x), x);
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
    valref negative = append_named(state, OP_RELU, node, "negative", append_named(state, OP_SUB, node, "negated", zero, x), x);
    valref slope = append_scalar(state, node, "slope", node->attributes.activation.alpha);
    valref scaled = append_named(state, OP_MUL, node, "scaled", negative, slope);
    return append_named(state, OP_SUB, node, NULL, append_named(state, OP_RELU, node, "positive", x, x), scaled);
}

static valref exact_hard_sigmoid(struct integerise *state, const struct node *node, valref x) {
    valref scaled = append_named(state, OP_MUL, node, "scaled", x, append_scalar(state, node, "alpha", node->attributes.activation.alpha));
    valref shifted = append_named(state, OP_ADD, node, "shifted", scaled, append_scalar(state, node, "beta", node->attributes.activation.beta));
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
    if (!powers_of_two(step->constants[1], count)) *doubt = reason(state, node, "divides: its constant's binary32 reciprocal is multiplied instead");
    valref factor = append_constant(state, node, "reciprocal", &shape, reciprocals(state, step->constants[1], count));
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
        offset[i] = (float)((double)step->constants[2][i] - (double)step->constants[3][i] * (double)step->constants[1][i] / deviation);
    }
    *doubt = reason(state, node, "is multiplied and added with binary32 constants instead");
    valref scaled = append_named(state, OP_MUL, node, "scaled", x, append_constant(state, node, "gain", &shape, gain));
    return append_named(state, OP_ADD, node, NULL, scaled, append_constant(state, node, "offset", &shape, offset));
}

static bool step_has_exact_form(const struct step *step, size_t count) {
    const struct activation_attributes *activation = &step->node->attributes.activation;
    switch (step->node->op) {
    case OP_ADD: case OP_SUB: case OP_MUL: case OP_RELU: case OP_BATCH_NORM: case OP_LEAKY_RELU: case OP_HARD_SIGMOID: return true;
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
                  "'%s' has no exact form in integers, and '%s', which reads it, is no quantiser", node->name, reader ? reader->name : "an output");
}

static bool scales_positive(const double *scale, size_t count) {
    for (size_t i = 0; scale && i < count; i++)
        if (!(scale[i] > 0)) return false;
    return true;
}

static int exact_chain(struct integerise *state, valref value, const struct node *reader, struct exact *out) {
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

/* A movement between a chain's steps: what waits in front of it is made exact, then moved. */
static int exact_moved(struct integerise *state, valref value, const struct node *reader, struct exact *out) {
    const struct node *node = graph_definition(state->real, value);
    struct exact operand;
    if (exact_of(state, node->inputs[0], reader, &operand) < 0) return -1;
    size_t count = shape_elements(&graph_value(state->real, value)->shape);
    *out = operand;
    if (operand.scale) {
        const struct movement *map = movement_map(state->real, node, state->scratch);
        double *scale = ARENA_ARRAY(state->scratch, double, count);
        for (size_t i = 0; i < count; i++) scale[i] = operand.scale[map[i].element];
        out->scale = scale;
    }
    out->value = append_like(state, node, &operand.value);
    return out->value.id == UINT32_MAX ? -1 : 0;
}

int exact_of(struct integerise *state, valref value, const struct node *reader, struct exact *out) {
    struct lowered *lowered = &state->lowered[value.id];
    if (lowered->kind == LOWERED_NOT) return -1; /* its producer was refused */
    if (lowered->exact.value.id == UINT32_MAX) {
        bool moved = op_info(graph_definition(state->real, value)->op)->family == &movement_family;
        int status = lowered->kind == LOWERED_CONSTANT ? exact_constant(state, value, lowered)
                     : moved                           ? exact_moved(state, value, reader, &lowered->exact)
                                                       : exact_chain(state, value, reader, &lowered->exact);
        if (status < 0) {
            lowered->exact.value = NO_VALUE;
            return -1;
        }
    }
    *out = lowered->exact;
    return 0;
}

/* ---- what exact arithmetic would cost ---- */

static int digits_of(float constant) {
    int fraction;
    int64_t integer = dyadic(constant, &fraction);
    uint64_t x = (uint64_t)(integer < 0 ? -integer : integer);
    return __builtin_popcountll(x ^ (3 * x));
}

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
    if (step->node->op == OP_BATCH_NORM) path->binary32 = false, c = step->constants[1][element] / sqrtf(step->constants[4][element] + 1e-30f);
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
        struct path path = {ldexp((double)magnitude(graph_interval(graph, chain->base.value, i)), -fraction), 0, fraction, true};
        for (uint32_t s = 0; s < chain->step_count; s++) {
            path_step(&path, &chain->steps[s], i);
            if (path_width(&path) > 62) return false;
        }
        *cost += path.cost;
        *binary32 = *binary32 && path.binary32;
    }
    return true;
}
