/* Numbers that have no room: a number of the integer graph has at most INTEGER_BITS_MAX bits, an array of them at most
 * INTEGER_ARRAY_BITS on one grid. Where the result of an operator would have more, its operands are rounded to a grid
 * that leaves room: of a sum all that lies below the room, of a product what the factors can share. Rounding is half to
 * even and no result overflows, as the grid comes from sound intervals. How far off an operand may be is told. */
#include "passes/integerise.h"
#include "ir/geometry.h"
#include "ir/ops.h"

#include <math.h>

enum {
    BINARY32_BITS = 24,
    NO_LIMIT = INT16_MAX,
    SHARE_MIN = 8 /* bits that a factor keeps at least */
};
/* What factors keep, from their own highest bit on: far more than binary32 is right to; both in one product; and so on
 * where many products are added. */
static const int shares[] = {36, 30, 28, 26, 24, 20, 16, 12, SHARE_MIN};

/* ---- where the bits of a number lie ---- */

/* From 2^top down to 2^-finest; top is INT16_MIN of what is always 0. */
struct span {
    int top, finest;
};

static double magnitude_of(struct interval interval) {
    return fmax(fabs((double)interval.hi), fabs((double)interval.lo));
}

static struct span span_of(double real, int finest) {
    return real > 0 ? (struct span){(int)floor(log2(real)) + 1, finest} : (struct span){INT16_MIN, INT16_MIN};
}

/* Largest number of an element, as a multiple of 1. */
static double reach_of(const struct integerise *state, valref value, size_t element) {
    return ldexp(magnitude_of(graph_interval(state->integer, value, element)),
                 -graph_format(state->integer, value, element).fraction);
}

static struct span own_span(const struct integerise *state, valref value, size_t element) {
    return span_of(reach_of(state, value, element), graph_format(state->integer, value, element).fraction);
}

static struct span joined(struct span a, struct span b) {
    return (struct span){a.top > b.top ? a.top : b.top, a.finest > b.finest ? a.finest : b.finest};
}

static int bits_of(struct span span) {
    return span.top == INT16_MIN ? 0 : span.top + span.finest;
}

/* ---- rounding ---- */

/* The finest fraction that each element of an operand keeps. */
struct limits {
    valref value;
    size_t count;
    int *at;
};

static struct limits limits_new(const struct integerise *state, valref value) {
    struct limits limits = {value, graph_elements(state->integer, value), NULL};
    limits.at = ARENA_ARRAY(state->scratch, int, limits.count);
    for (size_t i = 0; i < limits.count; i++) limits.at[i] = NO_LIMIT;
    return limits;
}

static void limit(int *at, int fraction) {
    *at = fraction < *at ? fraction : *at;
}

/* Of constants the numbers themselves are rounded. */
static valref rounded_constant(struct integerise *state, const char *name, const struct limits *limits) {
    const struct shape shape = graph_value(state->integer, limits->value)->shape;
    const int64_t *integers = graph_integers(state->integer, limits->value);
    int64_t *rounded = ARENA_ARRAY(state->scratch, int64_t, limits->count);
    struct format *formats = ARENA_ARRAY(state->scratch, struct format, limits->count);
    for (size_t i = 0; i < limits->count; i++) {
        int fraction = graph_format(state->integer, limits->value, i).fraction,
            drop = fraction > limits->at[i] ? fraction - limits->at[i] : 0;
        rounded[i] = (int64_t)fixed_round(integers[i], drop, ROUND_HALF_EVEN);
        formats[i] = format_for((struct interval){rounded[i], rounded[i]}, fraction - drop);
    }
    return graph_append_integers(state->integer, name, shape, formats_compact(state->scratch, &shape, formats),
                                 rounded);
}

static valref rounded_variable(struct integerise *state, const struct node *node, const char *name,
                               const struct limits *limits) {
    const struct shape shape = graph_value(state->integer, limits->value)->shape;
    struct format *formats = ARENA_ARRAY(state->scratch, struct format, limits->count);
    for (size_t i = 0; i < limits->count; i++) {
        int fraction = graph_format(state->integer, limits->value, i).fraction;
        formats[i] = format_for(graph_interval(state->integer, limits->value, i), fraction);
        int drop = fraction - limits->at[i];
        if (drop <= 0) continue;
        formats[i].width =
            (int16_t)(formats[i].width > drop ? formats[i].width - drop + 1 : 2); /* rounding up may need one more */
        formats[i].fraction = (int16_t)(fraction - drop);
    }
    union attributes attributes = {.quantizer = {.rounding = ROUND_HALF_EVEN,
                                                 .overflow = OVERFLOW_WRAP,
                                                 .formats = formats_compact(state->scratch, &shape, formats)}};
    return cross_name(state, graph_append(state->integer, OP_NARROW, name, &limits->value, 1, &attributes), node,
                      false);
}

/* What the rounding of an operand's elements may be off, and how many bits the one that keeps fewest has. */
static bool loss_of(const struct integerise *state, const struct limits *limits, const double *scale, double *off,
                    int *kept) {
    bool any = false;
    *off = 0, *kept = NO_LIMIT;
    for (size_t i = 0; i < limits->count; i++) {
        struct span own = own_span(state, limits->value, i);
        if (own.top == INT16_MIN || own.finest <= limits->at[i]) continue;
        int left = own.top + limits->at[i];
        *off = fmax(*off, ldexp(scale ? scale[i] : 1, -limits->at[i] - 1));
        *kept = left < *kept ? left : *kept;
        any = true;
    }
    return any;
}

/* The operand on the grid of its limits; itself where that drops nothing. */
static valref rounded_to(struct integerise *state, const struct node *node, const char *name,
                         const struct limits *limits, const double *scale, bool coarse) {
    double off;
    int kept;
    if (!loss_of(state, limits, scale, &off, &kept)) return limits->value;
    const char *rounded = graph_definition(state->integer, limits->value)->name;
    program_note(
        state->program, "integerise", node->name, off,
        "'%s' has no room for all bits of '%s': it is rounded by at most %g, each element keeps %d bits or more",
        node->name, rounded, off, kept > 0 ? kept : 0);
    if (coarse && kept < BINARY32_BITS)
        diag_warning(&state->program->context->diagnostics, graph_location(state->real, node),
                     "put a quantiser in front of it",
                     "'%s' has no room for all bits of '%s': it is rounded by at most %g", node->name, rounded, off);
    return graph_integers(state->integer, limits->value) ? rounded_constant(state, name, limits)
                                                         : rounded_variable(state, node, name, limits);
}

/* ---- what an operator makes of its operands ---- */

struct fit {
    bool coarse; /* something keeps fewer bits than binary32 has */
    struct integerise *state;
    const struct node *node;
    enum op op;
    uint32_t count;
    struct limits *operands;
    struct node made; /* of these operands */
    struct element_reads reads;
};

static bool is_matrices(enum op op) {
    return op_meaning(op)->terms == TERMS_PRODUCTS;
}

/* Called with each term of an element of the result: an element of each operand. */
typedef void (*reader)(struct fit *fit, size_t result, const size_t elements[2], void *data);

static void read_all(struct fit *fit, reader read, void *data) {
    for (size_t i = 0; i < fit->reads.results; i++)
        for (size_t k = 0; k < fit->reads.terms; k++) {
            size_t elements[2] = {0};
            for (uint32_t o = 0; o < fit->count; o++) elements[o] = element_read(&fit->reads, i, k, o).element;
            read(fit, i, elements, data);
        }
}

/* An operand's element as its limit leaves it. */
static struct span limited_span(const struct fit *fit, uint32_t o, size_t element) {
    const struct limits *limits = &fit->operands[o];
    struct span span = own_span(fit->state, limits->value, element);
    if (span.finest > limits->at[element]) span = (struct span){span.top + 1, limits->at[element]};
    return span;
}

struct sums {
    double *reach;
    int *finest;
};

static void add_term(struct fit *fit, size_t result, const size_t elements[2], void *data) {
    struct sums *sums = data;
    bool product = op_is_product(fit->op);
    double reach = product ? 1 : 0;
    int finest = product ? 0 : INT16_MIN;
    for (uint32_t o = 0; o < fit->count; o++) {
        struct span span = limited_span(fit, o, elements[o]);
        double own = reach_of(fit->state, fit->operands[o].value, elements[o]);
        if (own > 0 && fit->operands[o].at[elements[o]] == span.finest) own += ldexp(1, -span.finest); /* rounded up */
        if (own == 0 && product) return;
        reach = product ? reach * own : reach + own;
        if (own > 0) finest = product ? finest + span.finest : span.finest > finest ? span.finest : finest;
    }
    enum op_terms terms = op_meaning(fit->op)->terms;
    bool largest = terms == TERMS_LARGEST || terms == TERMS_INDEX;
    sums->reach[result] = largest ? fmax(sums->reach[result], reach) : sums->reach[result] + reach;
    if (reach > 0 && finest > sums->finest[result]) sums->finest[result] = finest;
}

/* The spans of the result's elements, and what an array of them would have. */
static struct span *result_spans(struct fit *fit, struct span *array) {
    struct arena *scratch = fit->state->scratch;
    size_t count = fit->reads.results;
    struct sums sums = {ARENA_ARRAY(scratch, double, count), ARENA_ARRAY(scratch, int, count)};
    struct span *spans = ARENA_ARRAY(scratch, struct span, count);
    for (size_t i = 0; i < count; i++) sums.finest[i] = INT16_MIN;
    read_all(fit, add_term, &sums);
    *array = (struct span){INT16_MIN, INT16_MIN};
    for (size_t i = 0; i < count; i++) {
        spans[i] = span_of(sums.reach[i], sums.finest[i]);
        *array = joined(*array, spans[i]);
    }
    return spans;
}

static bool has_room(struct fit *fit, struct span **spans, struct span *array) {
    *spans = result_spans(fit, array);
    for (size_t i = 0; i < fit->reads.results; i++)
        if (bits_of((*spans)[i]) > INTEGER_BITS_MAX) return false;
    return bits_of(*array) <= INTEGER_ARRAY_BITS;
}

/* ---- sums: all that lies below the room ---- */

static void limit_term(struct fit *fit, size_t result, const size_t elements[2], void *data) {
    const struct span *spans = data;
    if (bits_of(spans[result]) <= INTEGER_BITS_MAX) return;
    for (uint32_t o = 0; o < fit->count; o++)
        limit(&fit->operands[o].at[elements[o]], INTEGER_BITS_MAX - 2 - spans[result].top);
}

static void limit_array(struct limits *limits, struct span array) {
    for (size_t i = 0; bits_of(array) > INTEGER_ARRAY_BITS && i < limits->count; i++)
        limit(&limits->at[i], INTEGER_ARRAY_BITS - 2 - array.top);
}

static void fit_sum(struct fit *fit, struct span *spans, struct span array) {
    read_all(fit, limit_term, spans);
    fit->coarse = bits_of(array) > INTEGER_ARRAY_BITS;
    for (uint32_t o = 0; o < fit->count; o++) limit_array(&fit->operands[o], array);
}

/* ---- products: what the factors can share ---- */

static struct span array_span(const struct fit *fit, uint32_t o) {
    struct span all = {INT16_MIN, INT16_MIN};
    for (size_t e = 0; e < fit->operands[o].count; e++) all = joined(all, limited_span(fit, o, e));
    return all;
}

/* Constants have 24 bits and stay, unless nothing else helps. */
static void limit_factors(struct fit *fit, int bits) {
    for (uint32_t o = 0; o < 2; o++) {
        struct limits *limits = &fit->operands[o];
        if (graph_integers(fit->state->integer, limits->value) && bits > BINARY32_BITS) continue;
        struct span all = array_span(fit, o);
        for (size_t e = 0; e < limits->count; e++) {
            struct span own = own_span(fit->state, limits->value, e);
            /* the terms of a sum of products are added: there the largest decides */
            if (own.top != INT16_MIN) limit(&limits->at[e], bits - (is_matrices(fit->op) ? all.top : own.top));
        }
    }
}

static bool arrays_have_room(const struct fit *fit) {
    return !is_matrices(fit->op) || bits_of(array_span(fit, 0)) + bits_of(array_span(fit, 1)) <= INTEGER_ARRAY_BITS;
}

static void fit_product(struct fit *fit) {
    struct span *spans, array;
    for (size_t s = 0; s < sizeof shares / sizeof *shares; s++) {
        if (has_room(fit, &spans, &array) && arrays_have_room(fit)) return;
        limit_factors(fit, shares[s]);
        fit->coarse = shares[s] < BINARY32_BITS;
    }
    fit->coarse = fit->coarse || !arrays_have_room(fit);
    for (int bits = INTEGER_ARRAY_BITS / 2; bits > SHARE_MIN && !arrays_have_room(fit); bits--)
        for (uint32_t o = 0; o < 2; o++)
            for (size_t e = 0; e < fit->operands[o].count; e++)
                limit(&fit->operands[o].at[e], bits - array_span(fit, o).top);
}

/* ---- operators ---- */

/* Of a port, a quantiser or a constant, moved or not: its lowest bits may be all that it has. */
static bool is_as_the_model_gave_it(const struct graph *graph, valref value) {
    const struct node *node = graph_definition(graph, value);
    while (op_moves_one(node->op)) node = graph_definition(graph, node->inputs[0]);
    return node->op == OP_INPUT || node->op == OP_CONSTANT || op_rounds(node->op);
}

/* Then the operator is exact, or refused by name: 3 * 5 stays 15. Sums of different grids are no such thing: there
 * binary32 itself rounds. */
static bool must_be_exact(const struct fit *fit) {
    const struct graph *graph = fit->state->integer;
    int fraction = INT16_MIN;
    for (uint32_t o = 0; o < fit->count; o++) {
        if (!is_as_the_model_gave_it(graph, fit->operands[o].value)) return false;
        for (size_t e = 0; e < fit->operands[o].count; e++) {
            struct span own = own_span(fit->state, fit->operands[o].value, e);
            if (own.top == INT16_MIN || op_is_product(fit->op)) continue;
            if (fraction != INT16_MIN && own.finest != fraction) return false;
            fraction = own.finest;
        }
    }
    return true;
}

static bool fit_begin(struct fit *fit, valref *operands, uint32_t count) {
    fit->count = count;
    fit->operands = ARENA_ARRAY(fit->state->scratch, struct limits, count);
    for (uint32_t o = 0; o < count; o++) {
        if (operands[o].id == UINT32_MAX) return false;
        fit->operands[o] = limits_new(fit->state, operands[o]);
    }
    return true;
}

/* What the operator of these operands reads; false when they do not go together. */
static bool fit_reads(struct fit *fit, valref *operands) {
    const struct graph *graph = fit->state->integer;
    struct shape wide;
    if (fit->count == 2 && !is_matrices(fit->op) &&
        !shape_broadcast(&graph_value(graph, operands[0])->shape, &graph_value(graph, operands[1])->shape, &wide))
        return false;
    fit->made = *fit->node;
    fit->made.op = fit->op;
    fit->made.inputs = operands;
    fit->made.input_count = fit->count;
    fit->reads = element_reads(graph, &fit->made, fit->state->scratch);
    return true;
}

static bool fit_end(struct fit *fit, const char *prefix, valref *operands, const double *const *scales) {
    static const char *const sides[2] = {"left", "right"};
    bool any = false;
    for (uint32_t o = 0; o < fit->count; o++) {
        const char *side = fit->count == 1   ? "operand"
                           : fit->count == 2 ? sides[o]
                                             : arena_printf(fit->state->scratch, "%u", o);
        const char *name = arena_printf(fit->state->scratch, "%s.%s_rounded", prefix, side);
        valref before = operands[o];
        operands[o] =
            rounded_to(fit->state, fit->node, name, &fit->operands[o], scales ? scales[o] : NULL, fit->coarse);
        any = any || !valref_equal(operands[o], before);
    }
    return any;
}

static bool any_scale(const double *const *scales, uint32_t count) {
    for (uint32_t o = 0; scales && o < count; o++)
        if (scales[o]) return true;
    return false;
}

bool operands_fit(struct integerise *state, const struct node *node, enum op op, const char *prefix, valref *operands,
                  uint32_t count, const double *const *scales) {
    struct fit fit = {.state = state, .node = node, .op = op};
    struct span *spans, array;
    if (!fit_begin(&fit, operands, count) || !fit_reads(&fit, operands)) return false;
    bool product = op_is_product(op);
    if (has_room(&fit, &spans, &array) && arrays_have_room(&fit)) return false;
    if (!any_scale(scales, count) && must_be_exact(&fit)) return false;
    if (product)
        fit_product(&fit);
    else
        fit_sum(&fit, spans, array);
    return fit_end(&fit, prefix, operands, scales);
}

bool concat_fit(struct integerise *state, const struct node *node, valref *operands, const double *const *scales) {
    struct fit fit = {.state = state, .node = node, .op = OP_CONCAT};
    struct span all = {INT16_MIN, INT16_MIN};
    if (!fit_begin(&fit, operands, node->input_count)) return false;
    for (uint32_t o = 0; o < fit.count; o++) all = joined(all, array_span(&fit, o));
    if (bits_of(all) <= INTEGER_ARRAY_BITS) return false;
    fit.coarse = true;
    for (uint32_t o = 0; o < fit.count; o++) limit_array(&fit.operands[o], all);
    return fit_end(&fit, node->name, operands, scales);
}

valref value_fit(struct integerise *state, const struct node *node, const char *name, valref value,
                 const int *fractions, const double *scale) {
    struct limits limits = limits_new(state, value);
    for (size_t i = 0; i < limits.count; i++) limit(&limits.at[i], fractions[i]);
    return rounded_to(state, node, name, &limits, scale, false);
}
