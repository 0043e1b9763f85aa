/* Operators that keep their meaning in integers. Scales that are no powers of two are carried beside the integers: sums
 * need one scale among their terms, products multiply them. */
#include "passes/integerise.h"
#include "ir/geometry.h"
#include "ir/ops.h"

#include <math.h>

enum { BINARY32_BITS = 24 };

/* ---- constants ---- */

/* The odd integer and the fraction of a binary32 number: number = integer * 2^-fraction. */
int64_t dyadic(float number, int *fraction) {
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
            return cross_refuse(state, node, "constants must be finite numbers",
                                "constant '%s' holds a number that is not finite", node->name);
        integers[i] = lowered->codes ? lowered->codes[i] : dyadic(lowered->reals[i], &fraction);
        formats[i] = format_for((struct interval){integers[i], integers[i]}, fraction);
    }
    valref constant = graph_append_integers(state->integer, node->name, shape,
                                            formats_compact(state->scratch, &shape, formats), integers);
    if (constant.id == UINT32_MAX) return -1;
    if (graph_value(state->real, value)->name)
        graph_name_value(state->integer, constant, graph_value(state->real, value)->name);
    lowered->exact = (struct exact){constant, NULL, NULL};
    if (lowered->codes) {
        lowered->exact.scale = lowered->scale;
        lowered->exact.doubt = doubt_reason(state, node, "has a scale that is no power of two");
    }
    return 0;
}

valref dyadic_constant(struct integerise *state, const struct node *node, const char *what, const struct shape *shape,
                       const float *reals) {
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

/* ---- doubts: where binary32 may round ---- */

const char *doubt_reason(struct integerise *state, const struct node *node, const char *why) {
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
            return doubt_reason(state, node, "needs more than the 24 bits of binary32");
    }
    return NULL;
}

static int128 magnitude(struct interval interval) {
    return interval.hi > -interval.lo ? interval.hi : -interval.lo;
}

/* Sum of the largest magnitudes of an element's terms, in units of the result: no order of adding leaves it. */
static bool product_fits(struct integerise *state, valref left, valref right, valref result,
                         const struct matrix_product *geometry, size_t batch, size_t row, size_t column) {
    const struct graph *graph = state->integer;
    size_t element = (batch * geometry->rows + row) * geometry->columns + column;
    int fraction = graph_format(graph, result, element).fraction;
    double sum = 0;
    for (size_t k = 0; k < geometry->depth; k++) {
        size_t a = geometry->left[batch] + row * geometry->depth + k,
               b = geometry->right[batch] + k * geometry->columns + column;
        double x = (double)magnitude(graph_interval(graph, left, a)),
               y = (double)magnitude(graph_interval(graph, right, b));
        if (x == 0 || y == 0) continue;
        sum += ldexp(x * y, fraction - graph_format(graph, left, a).fraction - graph_format(graph, right, b).fraction);
    }
    return sum <= (double)(1 << BINARY32_BITS);
}

static const char *doubt_of_product(struct integerise *state, const struct node *node, valref left, valref right,
                                    valref result, const char *inherited) {
    if (inherited) return inherited;
    struct matrix_product geometry = product_geometry(state->scratch, &graph_value(state->integer, left)->shape,
                                                      &graph_value(state->integer, right)->shape);
    for (size_t batch = 0; batch < geometry.batches; batch++)
        for (size_t row = 0; row < geometry.rows; row++)
            for (size_t column = 0; column < geometry.columns; column++)
                if (!product_fits(state, left, right, result, &geometry, batch, row, column))
                    return doubt_reason(state, node, "has partial sums of more than the 24 bits of binary32");
    return NULL;
}

static const char *doubt_of_reduction(struct integerise *state, const struct node *node, valref operand,
                                      const char *inherited) {
    if (inherited || op_meaning(node->op)->terms != TERMS_SUM) return inherited;
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
    int128 bound = largest * shape->dim[node->attributes.axis.axis];
    return beyond_binary32(bound) ? doubt_reason(state, node, "has partial sums of more than the 24 bits of binary32")
                                  : NULL;
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

int refuse_scales(struct integerise *state, const struct node *node) {
    return cross_refuse(state, node, "scales are positive numbers of binary32, not subnormal",
                        "'%s' joins numbers whose scales have no ratio", node->name);
}

static bool term_is_zero(const struct integerise *state, valref value, size_t element) {
    struct interval interval = graph_interval(state->integer, value, element);
    return interval.lo == 0 && interval.hi == 0;
}

/* ---- elementwise: a sum needs one scale, which what is always zero has; a product multiplies them ---- */

struct pairs {
    const struct exact *a, *b;
    const struct shape *shape, *shape_a, *shape_b; /* of the result and the operands */
};

static struct pairs pairs_of(const struct integerise *state, const struct exact *a, const struct exact *b,
                             const struct shape *shape) {
    return (struct pairs){a, b, shape, &graph_value(state->integer, a->value)->shape,
                          &graph_value(state->integer, b->value)->shape};
}

/* False where a sum has two. */
static bool pair_scales(const struct integerise *state, const struct node *node, const struct pairs *pairs,
                        double *scale) {
    size_t count = shape_elements(pairs->shape);
    bool product = op_is_product(node->op);
    for (size_t i = 0; i < count; i++) {
        size_t ia = shape_project(pairs->shape, i, pairs->shape_a), ib = shape_project(pairs->shape, i, pairs->shape_b);
        double sa = scale_at(pairs->a->scale, ia), sb = scale_at(pairs->b->scale, ib);
        bool zero_a = term_is_zero(state, pairs->a->value, ia), zero_b = term_is_zero(state, pairs->b->value, ib);
        if (!product && sa != sb && !zero_a && !zero_b) return false;
        scale[i] = product ? sa * sb : zero_a ? sb : sa;
    }
    return true;
}

static uint32_t root_of(uint32_t *parent, uint32_t i) {
    while (parent[i] != i) i = parent[i] = parent[parent[i]];
    return i;
}

/* The root of each element's group, of the first operand's elements and then of the second's. */
static uint32_t *pair_roots(const struct integerise *state, const struct pairs *pairs) {
    uint32_t first = (uint32_t)graph_elements(state->integer, pairs->a->value),
             all = first + (uint32_t)graph_elements(state->integer, pairs->b->value);
    uint32_t *parent = ARENA_ARRAY(state->scratch, uint32_t, all);
    for (uint32_t i = 0; i < all; i++) parent[i] = i;
    for (size_t i = 0; i < shape_elements(pairs->shape); i++) {
        uint32_t ia = (uint32_t)shape_project(pairs->shape, i, pairs->shape_a);
        uint32_t ib = (uint32_t)shape_project(pairs->shape, i, pairs->shape_b);
        if (!term_is_zero(state, pairs->a->value, ia) && !term_is_zero(state, pairs->b->value, ib))
            parent[root_of(parent, first + ib)] = root_of(parent, ia);
    }
    for (uint32_t i = 0; i < all; i++) parent[i] = root_of(parent, i);
    return parent;
}

static bool join_pairs(struct integerise *state, const struct node *node, struct exact operands[2],
                       const struct shape *shape) {
    struct pairs pairs = pairs_of(state, &operands[0], &operands[1], shape);
    uint32_t *roots = pair_roots(state, &pairs), first = (uint32_t)graph_elements(state->integer, operands[0].value);
    const uint32_t *groups[2] = {roots, roots + first};
    struct scale_join join = {
        node,  operands,        2, groups, first + (uint32_t)graph_elements(state->integer, operands[1].value),
        false, INTEGER_BITS_MAX};
    return scales_join(state, &join);
}

static int scales_of_elementwise(struct integerise *state, const struct node *node, struct exact operands[2],
                                 const struct shape *shape, const double **out) {
    *out = NULL;
    if (!operands[0].scale && !operands[1].scale) return 0;
    size_t count = shape_elements(shape);
    double *scale = ARENA_ARRAY(state->scratch, double, count);
    for (int attempt = 0; attempt < 2; attempt++) {
        struct pairs pairs = pairs_of(state, &operands[0], &operands[1], shape);
        if (pair_scales(state, node, &pairs, scale)) {
            *out = scales_compact(scale, count);
            return 0;
        }
        if (!join_pairs(state, node, operands, shape)) break;
    }
    return refuse_scales(state, node);
}

/* ---- products of matrices: one scale among the terms of a sum ---- */

static bool product_scales(const struct integerise *state, const struct exact operands[2],
                           const struct matrix_product *g, double *scale) {
    const struct exact *a = &operands[0], *b = &operands[1];
    for (size_t i = 0; i < g->batches * g->rows * g->columns; i++) {
        struct product_term at = product_first(g, i);
        scale[i] = 0;
        for (size_t k = 0; k < g->depth; k++, product_next(g, &at)) {
            if (term_is_zero(state, a->value, at.left) || term_is_zero(state, b->value, at.right)) continue;
            double product = scale_at(a->scale, at.left) * scale_at(b->scale, at.right);
            if (scale[i] != 0 && scale[i] != product) return false;
            scale[i] = product;
        }
        if (scale[i] == 0) scale[i] = 1;
    }
    return true;
}

/* Bits of the operand's largest number. */
static int bits_of(const struct integerise *state, const struct exact *operand) {
    int bits = 1;
    for (size_t i = 0; i < graph_elements(state->integer, operand->value); i++) {
        int own = format_for(graph_interval(state->integer, operand->value, i), 0).width;
        if (own > bits) bits = own;
    }
    return bits;
}

/* For one operand, and less for the other than it has where that leaves too little (integerise_fit.c). */
static int room_beside(int other) {
    enum { ROOM_MIN = 36 };
    return INTEGER_BITS_MAX - other > ROOM_MIN ? INTEGER_BITS_MAX - other : ROOM_MIN;
}

/* Rows of the left operand, columns of the right one. */
static bool join_product(struct integerise *state, const struct node *node, struct exact operands[2],
                         const struct matrix_product *g) {
    for (int o = 0; o < 2; o++) {
        size_t count = graph_elements(state->integer, operands[o].value);
        uint32_t *group = ARENA_ARRAY(state->scratch, uint32_t, count);
        const struct axis_reduction depth = {.length = g->depth, .inner = o == 0 ? 1 : g->columns};
        for (size_t e = 0; e < count; e++) group[e] = (uint32_t)reduction_result(&depth, e);
        const uint32_t *groups[1] = {group};
        struct scale_join join = {
            node, &operands[o], 1, groups, (uint32_t)count, false, room_beside(bits_of(state, &operands[1 - o]))};
        if (!scales_join(state, &join)) return false;
    }
    return true;
}

static int scales_of_product(struct integerise *state, const struct node *node, struct exact operands[2],
                             const double **out) {
    *out = NULL;
    if (!operands[0].scale && !operands[1].scale) return 0;
    struct matrix_product g = product_geometry(state->scratch, &graph_value(state->integer, operands[0].value)->shape,
                                               &graph_value(state->integer, operands[1].value)->shape);
    size_t count = g.batches * g.rows * g.columns;
    double *scale = ARENA_ARRAY(state->scratch, double, count);
    if (!product_scales(state, operands, &g, scale) &&
        !(join_product(state, node, operands, &g) && product_scales(state, operands, &g, scale)))
        return refuse_scales(state, node);
    *out = scales_compact(scale, count);
    return 0;
}

/* ---- reductions: one scale along the axis, and it is the result's ---- */

static bool reduction_scales(const struct exact *operand, const struct axis_reduction *g, double *scale) {
    for (size_t i = 0; i < g->outer * g->inner; i++) {
        scale[i] = scale_at(operand->scale, reduction_element(g, i, 0));
        for (size_t k = 1; k < g->length; k++)
            if (scale_at(operand->scale, reduction_element(g, i, k)) != scale[i]) return false;
    }
    return true;
}

static bool join_reduction(struct integerise *state, const struct node *node, struct exact *operand,
                           const struct axis_reduction *g) {
    size_t count = g->outer * g->length * g->inner;
    uint32_t *group = ARENA_ARRAY(state->scratch, uint32_t, count);
    for (size_t e = 0; e < count; e++) group[e] = (uint32_t)reduction_result(g, e);
    const uint32_t *groups[1] = {group};
    struct scale_join join = {node, operand, 1, groups, (uint32_t)(g->outer * g->inner), false, INTEGER_BITS_MAX};
    return scales_join(state, &join);
}

static int scales_of_reduction(struct integerise *state, const struct node *node, struct exact *operand,
                               const double **out) {
    *out = NULL;
    if (!operand->scale) return 0;
    struct axis_reduction g =
        reduction_geometry(&graph_value(state->integer, operand->value)->shape, node->attributes.axis.axis);
    size_t count = g.outer * g.inner;
    double *scale = ARENA_ARRAY(state->scratch, double, count);
    if (!reduction_scales(operand, &g, scale) &&
        !(join_reduction(state, node, operand, &g) && reduction_scales(operand, &g, scale)))
        return refuse_scales(state, node);
    *out = op_gives_index(node->op) ? NULL : scales_compact(scale, count);
    return 0;
}

/* ---- operators ---- */

static valref append_like(struct integerise *state, const struct node *node, const valref *operands) {
    valref result = graph_append(state->integer, node->op, node->name, operands, node->input_count, &node->attributes);
    return cross_name(state, result, node, true);
}

int exact_binary(struct integerise *state, const struct node *node, struct exact *out) {
    struct exact exact[2];
    if (exact_of(state, node->inputs[0], node, &exact[0]) < 0 || exact_of(state, node->inputs[1], node, &exact[1]) < 0)
        return -1;
    const struct shape shape = graph_value(state->real, node->result)->shape;
    bool matrices = op_meaning(node->op)->terms == TERMS_PRODUCTS;
    int status = matrices ? scales_of_product(state, node, exact, &out->scale)
                          : scales_of_elementwise(state, node, exact, &shape, &out->scale);
    if (status < 0) return -1;
    valref operands[2] = {exact[0].value, exact[1].value};
    const double *scales[2] = {exact[0].scale, exact[1].scale};
    bool rounded = operands_fit(state, node, node->op, node->name, operands, 2, scales);
    out->value = append_like(state, node, operands);
    if (out->value.id == UINT32_MAX) return -1;
    const char *inherited = exact[0].doubt ? exact[0].doubt : exact[1].doubt;
    if (!inherited && rounded)
        inherited = doubt_reason(state, node, "has no room for all bits of its operands: they are rounded");
    if (!inherited && out->scale) inherited = doubt_reason(state, node, "has a scale that is no power of two");
    out->doubt = matrices ? doubt_of_product(state, node, operands[0], operands[1], out->value, inherited)
                          : doubt_of_sums(state, node, out->value, inherited);
    return 0;
}

static int exact_reduction(struct integerise *state, const struct node *node, struct exact *out) {
    struct exact operand;
    if (exact_of(state, node->inputs[0], node, &operand) < 0 ||
        scales_of_reduction(state, node, &operand, &out->scale) < 0)
        return -1;
    if (operands_fit(state, node, node->op, node->name, &operand.value, 1, &operand.scale) && !operand.doubt)
        operand.doubt = doubt_reason(state, node, "has no room for all bits of its operand: it is rounded");
    out->value = append_like(state, node, &operand.value);
    if (out->value.id == UINT32_MAX) return -1;
    out->doubt = doubt_of_reduction(state, node, operand.value, operand.doubt);
    return 0;
}

int cross_exact(struct integerise *state, const struct node *node) {
    struct exact out = {0};
    bool binary = node->input_count == 2;
    if ((binary ? exact_binary(state, node, &out) : exact_reduction(state, node, &out)) < 0) return -1;
    cross_set(state, node, out.value, out.scale, out.doubt);
    return 0;
}

/* ---- any value ---- */

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

static int exact_one(struct integerise *state, valref value, const struct node *reader) {
    struct lowered *lowered = &state->lowered[value.id];
    if (lowered->kind == LOWERED_NOT) return -1; /* its producer was refused */
    if (lowered->exact.value.id != UINT32_MAX) return 0;
    bool moved = op_is_movement(graph_definition(state->real, value)->op);
    int status = lowered->kind == LOWERED_CONSTANT ? exact_constant(state, value, lowered)
                 : moved                           ? exact_moved(state, value, reader, &lowered->exact)
                                                   : exact_chain(state, value, reader, &lowered->exact);
    if (status < 0) lowered->exact.value = NO_VALUE;
    return status;
}

struct waiting {
    valref value;
    const struct node *reader;
};

/* Whether making the value exact begins with what it is made of: `operand` is that, and who reads it. */
static bool waits_for_operand(const struct integerise *state, struct waiting at, struct waiting *operand) {
    const struct lowered *lowered = &state->lowered[at.value.id];
    const struct node *node = graph_definition(state->real, at.value);
    if (lowered->kind != LOWERED_CHAIN || lowered->exact.value.id != UINT32_MAX) return false;
    const struct op_step *step = &lowered->steps[lowered->step_count - 1];
    bool moved = op_is_movement(node->op);
    if (!moved && !step_has_exact_form(state, step, graph_elements(state->real, at.value)))
        return false; /* refused before that */
    *operand = (struct waiting){node->inputs[moved ? 0 : step->slot], moved ? at.reader : node};
    return true;
}

/* From the far end of what waits in front of the value, so that long chains need no stack. */
static int exact_in_front(struct integerise *state, struct waiting last) {
    uint32_t depth = 0;
    for (struct waiting at = last; waits_for_operand(state, at, &at);) depth++;
    struct waiting *waiting = depth > 1 ? ARENA_ARRAY(state->scratch, struct waiting, depth) : NULL;
    for (uint32_t i = 0; waiting && i < depth; i++) waits_for_operand(state, i ? waiting[i - 1] : last, &waiting[i]);
    for (uint32_t i = waiting ? depth : 0; i-- > 0;)
        if (exact_one(state, waiting[i].value, waiting[i].reader) < 0) return -1;
    return 0;
}

int exact_of(struct integerise *state, valref value, const struct node *reader, struct exact *out) {
    if (exact_in_front(state, (struct waiting){value, reader}) < 0 || exact_one(state, value, reader) < 0) return -1;
    *out = state->lowered[value.id].exact;
    return 0;
}
