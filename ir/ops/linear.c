/* Matrix products and batch normalisation.
 *
 * In binary32 a product starts from its first term and adds the others in the order of k, each
 * product and each sum rounded once. Batch normalisation is scale * (x - mean) / sqrt(variance +
 * epsilon) + bias from left to right, as ONNX's reference does it; onnxruntime folds scale and
 * square root first and differs in the last bits.
 *
 * In integers an element's fraction is the largest of its terms', where constant zeros are no terms.
 * A constant operand becomes lists of terms, one an element of the result, without the zeros and
 * shifted to the common fraction. Sums are taken modulo 2^32 where the result fits 32 bits, else
 * modulo 2^64: what fits comes out right. */
#include "ir/ops/families.h"
#include "ir/geometry.h"

#include <math.h>
#include <string.h>

enum {
    TERMS_MAX = 1 << 28, /* of a product of integers: each is looked at by inference */
    PLANNED_TERMS_MAX = 1 << 24,
    TILE = 128 /* elements of the operand that are converted at a time */
};

/* ---- shapes ---- */

/* A shape as a stack of matrices: vectors get an axis of 1. */
static struct shape matrix_shape(const struct shape *shape, bool is_left) {
    struct shape out = *shape;
    if (shape->rank == 1) {
        out.rank = 2;
        out.dim[0] = is_left ? 1 : shape->dim[0];
        out.dim[1] = is_left ? shape->dim[0] : 1;
    }
    return out;
}

static struct shape leading_axes(const struct shape *matrix) {
    struct shape out = {.rank = matrix->rank - 2};
    for (int axis = 0; axis < out.rank; axis++) out.dim[axis] = matrix->dim[axis];
    return out;
}

bool product_shape(const struct shape *left, const struct shape *right, struct shape *out, const char **why) {
    if (left->rank < 1 || right->rank < 1) {
        *why = "an operand is a scalar";
        return false;
    }
    struct shape a = matrix_shape(left, true), b = matrix_shape(right, false);
    struct shape stack_a = leading_axes(&a), stack_b = leading_axes(&b);
    if (a.dim[a.rank - 1] != b.dim[b.rank - 2]) {
        *why = "the inner sizes differ";
        return false;
    }
    if (!shape_broadcast(&stack_a, &stack_b, out)) {
        *why = "the leading axes do not broadcast";
        return false;
    }
    if (left->rank > 1) out->dim[out->rank++] = a.dim[a.rank - 2];
    if (right->rank > 1) out->dim[out->rank++] = b.dim[b.rank - 1];
    return true;
}

struct matrix_product product_geometry(struct arena *arena, const struct shape *left, const struct shape *right) {
    struct shape a = matrix_shape(left, true), b = matrix_shape(right, false), stack;
    struct shape stack_a = leading_axes(&a), stack_b = leading_axes(&b);
    struct matrix_product out = {
        .rows = (size_t)a.dim[a.rank - 2], .depth = (size_t)a.dim[a.rank - 1], .columns = (size_t)b.dim[b.rank - 1]};
    shape_broadcast(&stack_a, &stack_b, &stack);
    out.batches = shape_elements(&stack);
    size_t *offset_a = ARENA_ARRAY(arena, size_t, out.batches), *offset_b = ARENA_ARRAY(arena, size_t, out.batches);
    for (size_t i = 0; i < out.batches; i++) {
        offset_a[i] = shape_project(&stack, i, &stack_a) * out.rows * out.depth;
        offset_b[i] = shape_project(&stack, i, &stack_b) * out.depth * out.columns;
    }
    out.left = offset_a;
    out.right = offset_b;
    return out;
}

struct product_term product_first(const struct matrix_product *product, size_t result) {
    size_t column = result % product->columns, row = result / product->columns % product->rows;
    size_t batch = result / product->columns / product->rows;
    return (struct product_term){product->left[batch] + row * product->depth, product->right[batch] + column};
}

/* ---- inference ---- */

struct factors {
    const struct value *a, *b;
    const int64_t *constant_a, *constant_b; /* NULL: not constant */
    struct matrix_product product;
};

static struct factors factors_of(const struct graph *graph, const struct node *node, struct arena *arena) {
    struct factors out = {.a = op_operand(graph, node, 0), .b = op_operand(graph, node, 1)};
    out.constant_a = graph_integers(graph, node->inputs[0]);
    out.constant_b = graph_integers(graph, node->inputs[1]);
    out.product = product_geometry(arena, &out.a->shape, &out.b->shape);
    return out;
}

static bool is_term(const struct factors *factors, struct product_term at) {
    return !op_is_zero(factors->constant_a, at.left) && !op_is_zero(factors->constant_b, at.right);
}

static int term_fraction(const struct factors *factors, struct product_term at) {
    return op_format(factors->a, at.left).fraction + op_format(factors->b, at.right).fraction;
}

static int element_fraction(const struct factors *factors, size_t element) {
    struct product_term at = product_first(&factors->product, element);
    bool any = false;
    int fraction = 0;
    for (size_t k = 0; k < factors->product.depth; k++, product_next(&factors->product, &at)) {
        if (!is_term(factors, at)) continue;
        int sum = term_fraction(factors, at);
        fraction = any && fraction > sum ? fraction : sum;
        any = true;
    }
    return fraction;
}

static bool element_interval(const struct factors *factors, size_t element, int fraction, struct interval *out) {
    struct product_term at = product_first(&factors->product, element);
    *out = (struct interval){0, 0};
    for (size_t k = 0; k < factors->product.depth; k++, product_next(&factors->product, &at)) {
        if (!is_term(factors, at)) continue;
        struct interval term =
            op_multiply_interval(op_interval(factors->a, at.left), op_interval(factors->b, at.right));
        int shift = fraction - term_fraction(factors, at);
        if (!op_shift_interval(term, shift, &term) || !op_add_interval(*out, term, out)) return false;
    }
    return true;
}

static int infer_integers(struct graph *graph, struct node *node, struct value *result) {
    struct arena *scratch = arena_new(graph->context);
    struct factors factors = factors_of(graph, node, scratch);
    size_t count = shape_elements(&result->shape);
    struct interval *intervals = ARENA_ARRAY(scratch, struct interval, count);
    int *fractions = ARENA_ARRAY(scratch, int, count);
    int status = 0;
    if (factors.product.depth > TERMS_MAX / count)
        status = REFUSE(graph, node, NULL, "the product has more than %d terms", TERMS_MAX);
    for (size_t i = 0; i < count && status == 0; i++) {
        fractions[i] = element_fraction(&factors, i);
        if (!element_interval(&factors, i, fractions[i], &intervals[i])) status = op_refuse_width(graph, node, i);
    }
    if (status == 0) status = op_set_exact(graph, node, result, intervals, fractions);
    arena_free(scratch);
    return status;
}

static int infer_matmul(struct graph *graph, struct node *node, struct value *result, bool integer) {
    struct shape shape;
    const char *why = NULL;
    if (!product_shape(&op_operand(graph, node, 0)->shape, &op_operand(graph, node, 1)->shape, &shape, &why))
        return REFUSE(graph, node, NULL, "the operands are no matrices that multiply: %s", why);
    if (op_set_shape(graph, node, result, &shape, integer)) return -1;
    return integer ? infer_integers(graph, node, result) : 0;
}

static const char *const parameter_names[] = {"x", "scale", "bias", "mean", "variance"};

static int infer_batch_norm(struct graph *graph, struct node *node, struct value *result) {
    const struct shape *x = &op_operand(graph, node, 0)->shape;
    if (x->rank < 2) return REFUSE(graph, node, NULL, "the operand has no axis 1");
    for (uint32_t i = 1; i < 5; i++) {
        const struct shape *shape = &op_operand(graph, node, i)->shape;
        if (shape->rank != 1 || shape->dim[0] != x->dim[1])
            return REFUSE(graph, node, NULL, "%s is not one number a channel", parameter_names[i]);
    }
    float epsilon = node->attributes.normalization.epsilon;
    if (!isfinite(epsilon) || epsilon < 0.0f) return REFUSE(graph, node, NULL, "epsilon is negative or not finite");
    const float *variance = graph_reals(graph, node->inputs[4]);
    for (int64_t i = 0; variance && i < x->dim[1]; i++) {
        if (!(variance[i] + epsilon > 0.0f))
            return REFUSE(graph, node, NULL, "the variance of channel %lld is not positive", (long long)i);
    }
    return op_set_shape(graph, node, result, x, false);
}

static int infer(struct graph *graph, struct node *node, struct value *result) {
    bool integer;
    if (op_check_operands(graph, node, &integer)) return -1;
    return node->op == OP_MATMUL ? infer_matmul(graph, node, result, integer) : infer_batch_norm(graph, node, result);
}

/* ---- plans ---- */

struct term_of_product {
    uint32_t element; /* of the operand that is no constant */
    uint64_t weight;  /* shifted to the result's fraction, modulo 2^64 */
};

/* Terms of one element of the result within one tile of the operand. */
struct run {
    uint32_t result, tile;
    size_t first, count;
};

struct plan {
    struct matrix_product product;
    bool planned, narrow; /* terms are listed; 32 bits suffice */
    uint32_t variable;    /* the operand that is no constant */
    size_t operand_elements, run_count;
    struct run *runs; /* by tile, then by element of the result */
    struct term_of_product *terms;
};

static size_t count_terms(const struct factors *factors, size_t results, size_t *runs, bool weight_is_right) {
    size_t terms = 0;
    for (size_t element = 0; element < results; element++) {
        struct product_term at = product_first(&factors->product, element);
        size_t tile = SIZE_MAX;
        for (size_t k = 0; k < factors->product.depth; k++, product_next(&factors->product, &at)) {
            if (!is_term(factors, at)) continue;
            size_t here = (weight_is_right ? at.left : at.right) / TILE;
            *runs += here != tile;
            tile = here;
            terms++;
        }
    }
    return terms;
}

/* Lists the terms of one element, from *term on, and opens a run at each tile. */
static void list_terms(const struct factors *factors, const struct value *result, size_t element, bool weight_is_right,
                       struct plan *plan, struct run *runs, size_t *term) {
    struct product_term at = product_first(&factors->product, element);
    size_t tile = SIZE_MAX;
    int fraction = op_format(result, element).fraction;
    for (size_t k = 0; k < factors->product.depth; k++, product_next(&factors->product, &at)) {
        if (!is_term(factors, at)) continue;
        size_t x = weight_is_right ? at.left : at.right;
        int64_t weight = weight_is_right ? factors->constant_b[at.right] : factors->constant_a[at.left];
        int shift = fraction - term_fraction(factors, at);
        if (x / TILE != tile) {
            tile = x / TILE;
            runs[plan->run_count++] = (struct run){(uint32_t)element, (uint32_t)tile, *term, 0};
        }
        runs[plan->run_count - 1].count++;
        plan->terms[(*term)++] = (struct term_of_product){(uint32_t)x, op_shifted(weight, (unsigned)shift)};
    }
}

/* Counting sort, stable. */
static struct run *sort_by_tile(const struct run *runs, size_t count, size_t tiles, struct arena *arena) {
    struct run *sorted = ARENA_ARRAY(arena, struct run, count);
    size_t *next = ARENA_ARRAY(arena, size_t, tiles + 1);
    for (size_t i = 0; i < count; i++) next[runs[i].tile + 1]++;
    for (size_t tile = 0; tile < tiles; tile++) next[tile + 1] += next[tile];
    for (size_t i = 0; i < count; i++) sorted[next[runs[i].tile]++] = runs[i];
    return sorted;
}

static void plan_terms(const struct factors *factors, const struct value *result, struct plan *plan,
                       struct arena *arena) {
    bool weight_is_right = factors->constant_b != NULL;
    size_t results = shape_elements(&result->shape), runs = 0, term = 0;
    size_t terms = count_terms(factors, results, &runs, weight_is_right);
    if (terms > PLANNED_TERMS_MAX) return;
    struct run *unsorted = ARENA_ARRAY(arena, struct run, runs);
    plan->terms = ARENA_ARRAY(arena, struct term_of_product, terms);
    for (size_t element = 0; element < results; element++)
        list_terms(factors, result, element, weight_is_right, plan, unsorted, &term);
    plan->variable = weight_is_right ? 0 : 1;
    plan->operand_elements = shape_elements(weight_is_right ? &factors->a->shape : &factors->b->shape);
    plan->runs = sort_by_tile(unsorted, runs, plan->operand_elements / TILE + 1, arena);
    plan->planned = true;
}

static bool fits_32_bits(const struct value *result) {
    for (size_t i = 0; i < result->intervals.count; i++) {
        if (result->intervals.at[i].lo < INT32_MIN || result->intervals.at[i].hi > INT32_MAX) return false;
    }
    return true;
}

static const void *prepare(const struct graph *graph, const struct node *node, struct arena *arena) {
    if (node->op != OP_MATMUL) return NULL;
    struct plan *plan = ARENA_NEW(arena, struct plan);
    struct factors factors = factors_of(graph, node, arena);
    const struct value *result = op_result(graph, node);
    plan->product = factors.product;
    plan->narrow = result->kind == VALUE_INTEGER && fits_32_bits(result);
    if (result->kind == VALUE_INTEGER && (factors.constant_a || factors.constant_b))
        plan_terms(&factors, result, plan, arena);
    return plan;
}

/* ---- integers ---- */

/* GNU vectors, of 32 bytes: two or one of a machine's own. Rows may lie anywhere. */
typedef uint32_t words32 __attribute__((vector_size(32), aligned(4), may_alias));
typedef uint64_t words64 __attribute__((vector_size(32), aligned(8), may_alias));
typedef float reals __attribute__((vector_size(32), aligned(4), may_alias));

/* sums[lane] += weight * rows[element - base][lane] over the terms. */
VECTOR_CLONES static void sum_32(const struct term_of_product *terms, size_t count, size_t base, const uint32_t *rows,
                                 uint32_t *sums) {
    for (int part = 0; part < EVENT_LANES; part += 32) {
        words32 *sum = (words32 *)(sums + part);
        words32 sum0 = sum[0], sum1 = sum[1], sum2 = sum[2], sum3 = sum[3];
        for (size_t i = 0; i < count; i++) {
            const words32 *x = (const words32 *)(rows + (terms[i].element - base) * EVENT_LANES + part);
            uint32_t weight = (uint32_t)terms[i].weight;
            sum0 += x[0] * weight;
            sum1 += x[1] * weight;
            sum2 += x[2] * weight;
            sum3 += x[3] * weight;
        }
        sum[0] = sum0, sum[1] = sum1, sum[2] = sum2, sum[3] = sum3;
    }
}

VECTOR_CLONES static void sum_64(const struct term_of_product *terms, size_t count, size_t base, const uint64_t *rows,
                                 uint64_t *sums) {
    for (int part = 0; part < EVENT_LANES; part += 16) {
        words64 *sum = (words64 *)(sums + part);
        words64 sum0 = sum[0], sum1 = sum[1], sum2 = sum[2], sum3 = sum[3];
        for (size_t i = 0; i < count; i++) {
            const words64 *x = (const words64 *)(rows + (terms[i].element - base) * EVENT_LANES + part);
            uint64_t weight = terms[i].weight;
            sum0 += x[0] * weight;
            sum1 += x[1] * weight;
            sum2 += x[2] * weight;
            sum3 += x[3] * weight;
        }
        sum[0] = sum0, sum[1] = sum1, sum[2] = sum2, sum[3] = sum3;
    }
}

VECTOR_CLONES static void to_32(const int64_t *restrict from, uint32_t *restrict to) {
    for (int lane = 0; lane < EVENT_LANES; lane++) to[lane] = (uint32_t)from[lane];
}

VECTOR_CLONES static void from_32(const uint32_t *restrict from, int64_t *restrict to) {
    for (int lane = 0; lane < EVENT_LANES; lane++) to[lane] = (int32_t)from[lane];
}

static void run_tile_32(const struct evaluation *evaluation, const struct plan *plan, size_t tile, size_t first,
                        size_t last) {
    _Alignas(64) uint32_t rows[TILE * EVENT_LANES], sums[EVENT_LANES];
    int64_t spare[EVENT_LANES];
    size_t base = tile * TILE, end = base + TILE < plan->operand_elements ? base + TILE : plan->operand_elements;
    for (size_t i = base; i < end; i++)
        to_32(integer_row(&evaluation->integers[plan->variable], i, spare), rows + (i - base) * EVENT_LANES);
    for (size_t i = first; i < last; i++) {
        const struct run *run = &plan->runs[i];
        int64_t *out = evaluation->integer_result + (size_t)run->result * EVENT_LANES;
        to_32(out, sums);
        sum_32(plan->terms + run->first, run->count, base, rows, sums);
        from_32(sums, out);
    }
}

static void run_tile_64(const struct evaluation *evaluation, const struct plan *plan, size_t tile, size_t first,
                        size_t last) {
    uint64_t copies[TILE * EVENT_LANES];
    const struct integer_operand *x = &evaluation->integers[plan->variable];
    size_t base = tile * TILE, end = base + TILE < plan->operand_elements ? base + TILE : plan->operand_elements;
    const uint64_t *rows = copies;
    if (x->lane_stride) {
        rows = (const uint64_t *)(x->data + base * x->element_stride);
    } else {
        for (size_t i = base; i < end; i++)
            for (size_t lane = 0; lane < EVENT_LANES; lane++)
                copies[(i - base) * EVENT_LANES + lane] = (uint64_t)x->data[i * x->element_stride];
    }
    for (size_t i = first; i < last; i++) {
        const struct run *run = &plan->runs[i];
        uint64_t *out = (uint64_t *)(evaluation->integer_result + (size_t)run->result * EVENT_LANES);
        sum_64(plan->terms + run->first, run->count, base, rows, out);
    }
}

static void eval_planned(const struct evaluation *evaluation, const struct plan *plan, size_t results) {
    memset(evaluation->integer_result, 0, results * EVENT_LANES * sizeof *evaluation->integer_result);
    for (size_t first = 0, last; first < plan->run_count; first = last) {
        size_t tile = plan->runs[first].tile;
        for (last = first; last < plan->run_count && plan->runs[last].tile == tile;) last++;
        if (plan->narrow)
            run_tile_32(evaluation, plan, tile, first, last);
        else
            run_tile_64(evaluation, plan, tile, first, last);
    }
}

/* Two variables, or too many terms to list them. */
static void eval_element(const struct evaluation *evaluation, const struct plan *plan, size_t element) {
    const struct value *a = op_operand(evaluation->graph, evaluation->node, 0);
    const struct value *b = op_operand(evaluation->graph, evaluation->node, 1);
    int fraction = op_format(op_result(evaluation->graph, evaluation->node), element).fraction;
    int64_t spare_a[EVENT_LANES], spare_b[EVENT_LANES];
    uint64_t sums[EVENT_LANES] = {0};
    struct product_term at = product_first(&plan->product, element);
    for (size_t k = 0; k < plan->product.depth; k++, product_next(&plan->product, &at)) {
        /* Negative only for a constant zero, which is no term. */
        int shift = fraction - op_format(a, at.left).fraction - op_format(b, at.right).fraction;
        const int64_t *x = integer_row(&evaluation->integers[0], at.left, spare_a);
        const int64_t *y = integer_row(&evaluation->integers[1], at.right, spare_b);
        if (shift < 0) continue;
        for (int lane = 0; lane < EVENT_LANES; lane++)
            sums[lane] += op_shifted((int64_t)((uint64_t)x[lane] * (uint64_t)y[lane]), (unsigned)shift);
    }
    memcpy(evaluation->integer_result + element * EVENT_LANES, sums, sizeof sums);
}

static void eval_integer(const struct evaluation *evaluation) {
    const struct plan *plan = evaluation->plan;
    size_t results = shape_elements(&op_result(evaluation->graph, evaluation->node)->shape);
    if (plan->planned) {
        eval_planned(evaluation, plan, results);
        return;
    }
    for (size_t i = 0; i < results; i++) eval_element(evaluation, plan, i);
}

/* ---- reals ---- */

/* The sum over k of x's row k times weight k, from the first product on. */
VECTOR_CLONES static void dot(const float *x, size_t x_stride, const float *weights, size_t weight_stride, size_t depth,
                              float *out) {
    for (int part = 0; part < EVENT_LANES; part += 32) {
        const float *row = x + part;
        const reals *first = (const reals *)row;
        float weight = weights[0];
        reals sum0 = first[0] * weight, sum1 = first[1] * weight, sum2 = first[2] * weight, sum3 = first[3] * weight;
        for (size_t k = 1; k < depth; k++) {
            const reals *next = (const reals *)(row + k * x_stride);
            weight = weights[k * weight_stride];
            sum0 += next[0] * weight;
            sum1 += next[1] * weight;
            sum2 += next[2] * weight;
            sum3 += next[3] * weight;
        }
        reals *sum = (reals *)(out + part);
        sum[0] = sum0, sum[1] = sum1, sum[2] = sum2, sum[3] = sum3;
    }
}

static void real_element(const struct evaluation *evaluation, const struct matrix_product *product,
                         struct product_term at, float *restrict out) {
    float spare_a[EVENT_LANES], spare_b[EVENT_LANES];
    for (size_t k = 0; k < product->depth; k++, product_next(product, &at)) {
        const float *x = real_row(&evaluation->reals[0], at.left, spare_a);
        const float *y = real_row(&evaluation->reals[1], at.right, spare_b);
        for (int lane = 0; lane < EVENT_LANES; lane++) {
            float term = x[lane] * y[lane];
            out[lane] = k == 0 ? term : out[lane] + term;
        }
    }
}

static void eval_real_matmul(const struct evaluation *evaluation) {
    const struct matrix_product *product = &((const struct plan *)evaluation->plan)->product;
    const struct real_operand *a = &evaluation->reals[0], *b = &evaluation->reals[1];
    size_t count = shape_elements(&op_result(evaluation->graph, evaluation->node)->shape);
    for (size_t element = 0; element < count; element++) {
        float *out = evaluation->real_result + element * EVENT_LANES;
        const struct product_term at = product_first(product, element);
        if (a->lane_stride && !b->lane_stride)
            dot(a->data + at.left * EVENT_LANES, EVENT_LANES, b->data + at.right, product->columns, product->depth,
                out);
        else if (b->lane_stride && !a->lane_stride)
            dot(b->data + at.right * EVENT_LANES, product->columns * EVENT_LANES, a->data + at.left, 1, product->depth,
                out);
        else
            real_element(evaluation, product, at, out);
    }
}

static inline float normalised(float x, float scale, float bias, float mean, float variance, float epsilon) {
    return scale * (x - mean) / sqrtf(variance + epsilon) + bias;
}

static void eval_real_batch_norm(const struct evaluation *evaluation) {
    const struct shape *shape = &op_result(evaluation->graph, evaluation->node)->shape;
    float epsilon = evaluation->node->attributes.normalization.epsilon, spare[5][EVENT_LANES];
    const struct axis_reduction channels = reduction_geometry(shape, 1);
    size_t count = shape_elements(shape);
    for (size_t i = 0; i < count; i++) {
        const float *rows[5] = {real_row(&evaluation->reals[0], i, spare[0])};
        for (size_t k = 1; k < 5; k++)
            rows[k] = real_row(&evaluation->reals[k], reduction_index(&channels, i), spare[k]);
        for (int lane = 0; lane < EVENT_LANES; lane++)
            evaluation->real_result[i * EVENT_LANES + (size_t)lane] =
                normalised(rows[0][lane], rows[1][lane], rows[2][lane], rows[3][lane], rows[4][lane], epsilon);
    }
}

static void eval_real(const struct evaluation *evaluation) {
    if (evaluation->node->op == OP_MATMUL)
        eval_real_matmul(evaluation);
    else
        eval_real_batch_norm(evaluation);
}

/* ---- meanings ---- */

static float batch_norm32(const struct op_step *step, size_t element, float x) {
    const float *const *c = step->constants;
    return normalised(x, c[1][element], c[2][element], c[3][element], c[4][element],
                      step->node->attributes.normalization.epsilon);
}

static bool affine_batch_norm(const struct op_step *step, size_t element, double *gain, double *offset) {
    *gain = (double)step->constants[1][element] /
            sqrt((double)step->constants[4][element] + (double)step->node->attributes.normalization.epsilon);
    *offset = (double)step->constants[2][element] - (double)step->constants[3][element] * *gain;
    return true;
}

/* One factor and one summand of binary32. */
static bool exact_batch_norm(const struct op_step *step, size_t elements, struct arena *arena,
                             struct exact_form *form) {
    float *gains = add_part(form, PART_MULTIPLY, "scaled", "gain", elements, arena);
    float *offsets = add_part(form, PART_ADD, NULL, "offset", elements, arena);
    form->inexact = "is multiplied and added with binary32 constants instead";
    for (size_t e = 0; e < elements; e++) {
        double gain, offset;
        (void)affine_batch_norm(step, e, &gain, &offset);
        gains[e] = (float)gain;
        offsets[e] = (float)offset;
        if (!isfinite(gains[e]) || !isfinite(offsets[e])) return false;
    }
    return true;
}

static const struct op_meaning meanings[OP_COUNT] = {
    [OP_MATMUL] = {.terms = TERMS_PRODUCTS},
    [OP_BATCH_NORM] = {.first_only = true,
                       .by_channel = true,
                       .binary32 = batch_norm32,
                       .monotone = always_monotone,
                       .affine = affine_batch_norm,
                       .exact = exact_batch_norm},
};

/* ---- real ranges ---- */

static void bound_matmul(const struct graph *graph, const struct node *node, const struct real_range *const *operands,
                         struct real_range *out, struct arena *arena) {
    size_t count = shape_elements(&op_result(graph, node)->shape);
    struct matrix_product product =
        product_geometry(arena, &op_operand(graph, node, 0)->shape, &op_operand(graph, node, 1)->shape);
    for (size_t e = 0; e < count; e++) {
        struct product_term at = product_first(&product, e);
        out[e] = (struct real_range){0, 0};
        for (size_t k = 0; k < product.depth; k++, product_next(&product, &at)) {
            struct real_range term = range_corners(operands[0][at.left], operands[1][at.right], range_times);
            out[e].lo += term.lo;
            out[e].hi += term.hi;
        }
    }
}

static void bound_batch_norm(const struct graph *graph, const struct node *node,
                             const struct real_range *const *operands, struct real_range *out) {
    size_t count = shape_elements(&op_result(graph, node)->shape);
    for (size_t e = 0; e < count; e++) {
        size_t c = step_operand_element(graph, node, 1, e);
        double scale = operands[1][c].hi / sqrt(operands[4][c].hi + (double)node->attributes.normalization.epsilon);
        double shift = operands[2][c].hi - operands[3][c].hi * scale;
        out[e] = range_of_nothing();
        range_include(&out[e], operands[0][e].lo * scale + shift);
        range_include(&out[e], operands[0][e].hi * scale + shift);
    }
}

static void bound_real(const struct graph *graph, const struct node *node, const struct real_range *const *operands,
                       struct real_range *out, struct arena *arena) {
    if (node->op == OP_MATMUL)
        bound_matmul(graph, node, operands, out, arena);
    else
        bound_batch_norm(graph, node, operands, out);
}

static bool linear(struct analysis *analysis, const struct node *node) {
    const struct value *result = op_result(linear_graph(analysis), node);
    const struct value *a = op_operand(linear_graph(analysis), node, 0),
                       *b = op_operand(linear_graph(analysis), node, 1);
    struct matrix_product product = product_geometry(linear_scratch(analysis), &a->shape, &b->shape);
    for (size_t e = 0; e < shape_elements(&result->shape); e++) {
        struct product_term at = product_first(&product, e);
        int fraction = op_format(result, e).fraction;
        linear_begin(analysis);
        for (size_t k = 0; k < product.depth; k++, product_next(&product, &at))
            linear_add_product(analysis, node, at.left, at.right,
                               fraction - op_format(a, at.left).fraction - op_format(b, at.right).fraction);
        linear_end(analysis, node, e);
    }
    return true;
}

static const struct attribute_field fields[] = {
    {"epsilon", ATTRIBUTE_FLOAT, offsetof(union attributes, normalization.epsilon), "added to the variance",
     OPS(OP_BATCH_NORM)},
    {0},
};

const struct op_family linear_family = {
    .name = "linear",
    .infer = infer,
    .prepare = prepare,
    .eval_real = eval_real,
    .eval_integer = eval_integer,
    .bound_real = bound_real,
    .linear = linear,
    .fields = fields,
    .meanings = meanings,
};
