/* Operators that look along one axis. Integers along it are aligned to its largest fraction. In real
 * arithmetic sums run from the first element to the last; softmax subtracts the maximum first. */
#include "ir/ops/families.h"
#include "ir/geometry.h"

#include <math.h>
#include <string.h>

struct axis_reduction reduction_geometry(const struct shape *shape, int64_t axis) {
    struct axis_reduction out = {.outer = 1, .length = (size_t)shape->dim[axis], .inner = 1};
    for (int64_t i = 0; i < axis; i++) out.outer *= (size_t)shape->dim[i];
    for (int64_t i = axis + 1; i < shape->rank; i++) out.inner *= (size_t)shape->dim[i];
    return out;
}

static struct shape reduced_shape(const struct shape *shape, const struct axis_attributes *attributes) {
    struct shape out = *shape;
    if (attributes->keep_dimensions) {
        out.dim[attributes->axis] = 1;
        return out;
    }
    for (int64_t i = attributes->axis; i + 1 < shape->rank; i++) out.dim[i] = shape->dim[i + 1];
    out.rank--;
    return out;
}

static int largest_fraction(const struct value *x, const struct axis_reduction *reduction, size_t result) {
    int fraction = op_format(x, reduction_element(reduction, result, 0)).fraction;
    for (size_t k = 1; k < reduction->length; k++) {
        int other = op_format(x, reduction_element(reduction, result, k)).fraction;
        fraction = other > fraction ? other : fraction;
    }
    return fraction;
}

/* One element of a result; false when it leaves the bits that there are. */
static bool infer_element(const struct node *node, const struct value *x, const struct axis_reduction *reduction,
                          size_t result, struct interval *out, int *fraction) {
    *fraction = largest_fraction(x, reduction, result);
    for (size_t k = 0; k < reduction->length; k++) {
        size_t element = reduction_element(reduction, result, k);
        struct interval term;
        if (!op_shift_interval(op_interval(x, element), *fraction - op_format(x, element).fraction, &term))
            return false;
        if (node->op != OP_REDUCE_SUM && !op_fits_64(term)) return false;
        if (k == 0) {
            *out = term;
        } else if (node->op == OP_REDUCE_SUM) {
            if (!op_add_interval(*out, term, out)) return false;
        } else {
            out->lo = term.lo > out->lo ? term.lo : out->lo;
            out->hi = term.hi > out->hi ? term.hi : out->hi;
        }
    }
    if (node->op == OP_ARGMAX) {
        *out = (struct interval){0, (int128)reduction->length - 1};
        *fraction = 0;
    }
    return true;
}

static int infer_integers(struct graph *graph, struct node *node, struct value *result) {
    const struct value *x = op_operand(graph, node, 0);
    struct axis_reduction reduction = reduction_geometry(&x->shape, node->attributes.axis.axis);
    size_t count = shape_elements(&result->shape);
    struct arena *scratch = arena_new(graph->context);
    struct interval *intervals = ARENA_ARRAY(scratch, struct interval, count);
    int *fractions = ARENA_ARRAY(scratch, int, count);
    int status = 0;
    for (size_t i = 0; i < count && status == 0; i++) {
        if (!infer_element(node, x, &reduction, i, &intervals[i], &fractions[i]))
            status = op_refuse_width(graph, node, i);
    }
    if (status == 0) status = op_set_exact(graph, node, result, intervals, fractions);
    arena_free(scratch);
    return status;
}

static int infer(struct graph *graph, struct node *node, struct value *result) {
    bool integer;
    if (op_check_operands(graph, node, &integer)) return -1;
    const struct axis_attributes *attributes = &node->attributes.axis;
    const struct shape *shape = &op_operand(graph, node, 0)->shape;
    if (attributes->axis < 0 || attributes->axis >= shape->rank)
        return REFUSE(graph, node, NULL, "axis %lld of %d", (long long)attributes->axis, shape->rank);
    struct shape out = node->op == OP_SOFTMAX ? *shape : reduced_shape(shape, attributes);
    if (op_set_shape(graph, node, result, &out, integer)) return -1;
    return integer ? infer_integers(graph, node, result) : 0;
}

/* How far each element of the operand is shifted to be aligned along the axis; NULL: not at all. */
static const uint8_t *plan_shifts(const struct value *x, const struct axis_reduction *reduction, struct arena *arena) {
    uint8_t *shifts = ARENA_ARRAY(arena, uint8_t, shape_elements(&x->shape));
    bool any = false;
    for (size_t i = 0; i < reduction->outer * reduction->inner; i++) {
        int fraction = largest_fraction(x, reduction, i);
        for (size_t k = 0; k < reduction->length; k++) {
            size_t element = reduction_element(reduction, i, k);
            int shift = fraction - op_format(x, element).fraction;
            shifts[element] = (uint8_t)(shift > 64 ? 64 : shift);
            any |= shift != 0;
        }
    }
    return any ? shifts : NULL;
}

struct plan {
    struct axis_reduction reduction;
    const uint8_t *shifts;
};

static const void *prepare(const struct graph *graph, const struct node *node, struct arena *arena) {
    const struct value *x = op_operand(graph, node, 0);
    struct plan *plan = ARENA_NEW(arena, struct plan);
    plan->reduction = reduction_geometry(&x->shape, node->attributes.axis.axis);
    if (x->kind == VALUE_INTEGER) plan->shifts = plan_shifts(x, &plan->reduction, arena);
    return plan;
}

static void real_max(const struct evaluation *evaluation, const struct axis_reduction *reduction, size_t result,
                     float *out) {
    float spare[EVENT_LANES];
    memcpy(out, real_row(&evaluation->reals[0], reduction_element(reduction, result, 0), spare), sizeof spare);
    for (size_t k = 1; k < reduction->length; k++) {
        const float *x = real_row(&evaluation->reals[0], reduction_element(reduction, result, k), spare);
        for (int lane = 0; lane < EVENT_LANES; lane++) out[lane] = x[lane] > out[lane] ? x[lane] : out[lane];
    }
}

static void real_sum(const struct evaluation *evaluation, const struct axis_reduction *reduction, size_t result,
                     float *out) {
    float spare[EVENT_LANES];
    memcpy(out, real_row(&evaluation->reals[0], reduction_element(reduction, result, 0), spare), sizeof spare);
    for (size_t k = 1; k < reduction->length; k++) {
        const float *x = real_row(&evaluation->reals[0], reduction_element(reduction, result, k), spare);
        for (int lane = 0; lane < EVENT_LANES; lane++) out[lane] += x[lane];
    }
}

static void real_argmax(const struct evaluation *evaluation, const struct axis_reduction *reduction, size_t result,
                        float *out) {
    bool last = evaluation->node->attributes.axis.select_last;
    float best[EVENT_LANES], spare[EVENT_LANES];
    memset(out, 0, EVENT_LANES * sizeof *out);
    memcpy(best, real_row(&evaluation->reals[0], reduction_element(reduction, result, 0), spare), sizeof best);
    for (size_t k = 1; k < reduction->length; k++) {
        const float *x = real_row(&evaluation->reals[0], reduction_element(reduction, result, k), spare);
        for (int lane = 0; lane < EVENT_LANES; lane++) {
            bool better = x[lane] > best[lane] || (last && x[lane] == best[lane]);
            best[lane] = better ? x[lane] : best[lane];
            out[lane] = better ? (float)k : out[lane];
        }
    }
}

/* All elements along the axis of one softmax: exp(x - max), summed in order, divided. */
static void real_softmax(const struct evaluation *evaluation, const struct axis_reduction *reduction, size_t result) {
    float maximum[EVENT_LANES], sum[EVENT_LANES] = {0}, spare[EVENT_LANES];
    real_max(evaluation, reduction, result, maximum);
    for (size_t k = 0; k < reduction->length; k++) {
        size_t element = reduction_element(reduction, result, k);
        const float *x = real_row(&evaluation->reals[0], element, spare);
        float *out = evaluation->real_result + element * EVENT_LANES;
        for (int lane = 0; lane < EVENT_LANES; lane++) {
            float below = x[lane] - maximum[lane];
            out[lane] = (float)exp((double)below);
            sum[lane] += out[lane];
        }
    }
    for (size_t k = 0; k < reduction->length; k++) {
        float *out = evaluation->real_result + reduction_element(reduction, result, k) * EVENT_LANES;
        for (int lane = 0; lane < EVENT_LANES; lane++) out[lane] /= sum[lane];
    }
}

static void eval_real(const struct evaluation *evaluation) {
    const struct plan *plan = evaluation->plan;
    for (size_t i = 0; i < plan->reduction.outer * plan->reduction.inner; i++) {
        float *out = evaluation->real_result + i * EVENT_LANES;
        switch (evaluation->node->op) {
        case OP_SOFTMAX: real_softmax(evaluation, &plan->reduction, i); break;
        case OP_ARGMAX: real_argmax(evaluation, &plan->reduction, i, out); break;
        case OP_REDUCE_MAX: real_max(evaluation, &plan->reduction, i, out); break;
        default: real_sum(evaluation, &plan->reduction, i, out); break;
        }
    }
}

/* One aligned element of the operand. */
static void aligned_row(const struct evaluation *evaluation, size_t element, int64_t *restrict out) {
    const struct plan *plan = evaluation->plan;
    int64_t spare[EVENT_LANES];
    const int64_t *x = integer_row(&evaluation->integers[0], element, spare);
    unsigned shift = plan->shifts ? plan->shifts[element] : 0;
    for (int lane = 0; lane < EVENT_LANES; lane++) out[lane] = (int64_t)op_shifted(x[lane], shift);
}

static void fold_row(enum op op, bool last, size_t k, const int64_t *restrict x, int64_t *restrict best,
                     int64_t *restrict index) {
    for (int lane = 0; lane < EVENT_LANES; lane++) {
        if (op == OP_REDUCE_SUM) {
            best[lane] = (int64_t)((uint64_t)best[lane] + (uint64_t)x[lane]);
        } else if (x[lane] > best[lane] || (last && x[lane] == best[lane])) {
            best[lane] = x[lane];
            index[lane] = (int64_t)k;
        }
    }
}

static void eval_integer(const struct evaluation *evaluation) {
    const struct plan *plan = evaluation->plan;
    const struct node *node = evaluation->node;
    bool last = node->op == OP_ARGMAX && node->attributes.axis.select_last;
    for (size_t i = 0; i < plan->reduction.outer * plan->reduction.inner; i++) {
        int64_t best[EVENT_LANES], index[EVENT_LANES] = {0}, x[EVENT_LANES];
        aligned_row(evaluation, reduction_element(&plan->reduction, i, 0), best);
        for (size_t k = 1; k < plan->reduction.length; k++) {
            aligned_row(evaluation, reduction_element(&plan->reduction, i, k), x);
            fold_row(node->op, last, k, x, best, index);
        }
        memcpy(evaluation->integer_result + i * EVENT_LANES, node->op == OP_ARGMAX ? index : best, sizeof best);
    }
}

static const struct real_range from_0_to_1 = {0, 1};
static const struct op_meaning meanings[OP_COUNT] = {
    [OP_SOFTMAX] = {.transcendental = true, .image = &from_0_to_1, .advice = "the pass 'expand_softmax' comes first"},
    [OP_ARGMAX] = {.terms = TERMS_INDEX},
    [OP_REDUCE_MAX] = {.terms = TERMS_LARGEST},
    [OP_REDUCE_SUM] = {.terms = TERMS_SUM},
};

static void bound_one(const struct node *node, const struct axis_reduction *reduction, const struct real_range *x,
                      size_t result, struct real_range *out) {
    *out = x[reduction_element(reduction, result, 0)];
    for (size_t k = 1; k < reduction->length; k++) {
        struct real_range other = x[reduction_element(reduction, result, k)];
        if (node->op == OP_REDUCE_SUM)
            *out = (struct real_range){out->lo + other.lo, out->hi + other.hi};
        else
            *out = (struct real_range){fmax(out->lo, other.lo), fmax(out->hi, other.hi)};
    }
}

static void bound_real(const struct graph *graph, const struct node *node, const struct real_range *const *operands,
                       struct real_range *out, struct arena *arena) {
    struct axis_reduction reduction =
        reduction_geometry(&op_operand(graph, node, 0)->shape, node->attributes.axis.axis);
    size_t count = shape_elements(&op_result(graph, node)->shape);
    (void)arena;
    for (size_t i = 0; i < count; i++) {
        if (node->op == OP_SOFTMAX)
            out[i] = from_0_to_1;
        else if (node->op == OP_ARGMAX)
            out[i] = (struct real_range){0, (double)reduction.length - 1};
        else
            bound_one(node, &reduction, operands[0], i, &out[i]);
    }
}

static bool linear(struct analysis *analysis, const struct node *node) {
    const struct value *x = op_operand(linear_graph(analysis), node, 0);
    const struct value *result = op_result(linear_graph(analysis), node);
    struct axis_reduction reduction = reduction_geometry(&x->shape, node->attributes.axis.axis);
    if (node->op != OP_REDUCE_SUM) return false;
    for (size_t e = 0; e < shape_elements(&result->shape); e++) {
        int fraction = op_format(result, e).fraction;
        linear_begin(analysis);
        for (size_t k = 0; k < reduction.length; k++) {
            size_t i = reduction_element(&reduction, e, k);
            linear_add(analysis, node, 0, i, 1, fraction - op_format(x, i).fraction);
        }
        linear_end(analysis, node, e);
    }
    return true;
}

#define FIELD(member) offsetof(union attributes, axis.member)
static const struct attribute_field fields[] = {
    {"axis", ATTRIBUTE_INT64, FIELD(axis), "the axis, counted from the first", NULL},
    {"keep_dimensions", ATTRIBUTE_BOOL, FIELD(keep_dimensions), "the axis stays, with size 1",
     OPS(OP_ARGMAX, OP_REDUCE_MAX, OP_REDUCE_SUM)},
    {"select_last", ATTRIBUTE_BOOL, FIELD(select_last), "of equal elements the last one wins", OPS(OP_ARGMAX)},
    {0},
};

const struct op_family reduction_family = {
    .name = "reduction",
    .infer = infer,
    .prepare = prepare,
    .eval_real = eval_real,
    .eval_integer = eval_integer,
    .bound_real = bound_real,
    .linear = linear,
    .fields = fields,
    .meanings = meanings,
};
