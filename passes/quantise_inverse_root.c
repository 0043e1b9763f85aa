/* 1 / sqrt(v) of a v whose size differs much between events, as variances do: a table with an even index has no bits
 * for small ones. v becomes a mantissa by shifts of two bits, which its size decides; the table has the mantissa's
 * inverse root, which the same shifts by one bit make that of v:
 *
 *   m = v in [0, 4^k);  for s = 2^(J-1), ..., 2, 1:  if m < 4^(k-s), m = 4^s m
 *   r = 1 / sqrt(m);    for each s that was taken:  r = 2^s r */
#include "passes/quantise.h"

#include "ir/ops.h"

#include <math.h>

enum {
    EVEN_RATIO = 512,   /* of the largest to the smallest v, up to which an even index of 10 bits serves */
    MANTISSA_BITS = 10, /* of m where it is smallest */
    ROOT_BITS = 12,     /* of r */
    STAGES_MAX = 4
};

struct inverse_root {
    struct graph *graph;
    struct arena *scratch;
    const char *name; /* of the function */
    int k, stages;
    valref taken[STAGES_MAX]; /* 1 where the shift by 2^stage places is */
};

static valref append(struct inverse_root *root, enum op op, const char *what, int stage, valref a, valref b,
                     const union attributes *attributes) {
    if (valref_equal(a, NO_VALUE)) return NO_VALUE;
    const char *name = stage < 0 ? arena_printf(root->scratch, "%s.%s", root->name, what)
                                 : arena_printf(root->scratch, "%s.%s_%d", root->name, what, 1 << stage);
    return graph_append(root->graph, op, name, (valref[]){a, b}, valref_equal(b, NO_VALUE) ? 1 : 2, attributes);
}

static valref number(struct inverse_root *root, const char *what, int stage, double value) {
    float number = (float)value;
    const char *name = stage < 0 ? arena_printf(root->scratch, "%s.%s", root->name, what)
                                 : arena_printf(root->scratch, "%s.%s_%d", root->name, what, 1 << stage);
    return graph_append_reals(root->graph, name, (struct shape){0}, &number);
}

static valref narrow(struct inverse_root *root, const char *what, int stage, valref x, int whole, int fraction,
                     enum rounding rounding, enum overflow overflow) {
    const struct format format = {false, (int16_t)(whole + fraction), (int16_t)fraction};
    union attributes attributes = {
        .quantizer = {.rounding = rounding, .overflow = overflow, .formats = formats_uniform(root->scratch, format)}};
    return append(root, OP_NARROW, what, stage, x, NO_VALUE, &attributes);
}

/* x, or 2^places times x where the stage's shift is taken. Nothing wraps: what is too large is not shifted. */
static valref shifted(struct inverse_root *root, const char *what, int stage, valref x, int fraction_of_x, int places,
                      int whole, int fraction) {
    const char *part = arena_printf(root->scratch, "%s.part", what),
               *rest = arena_printf(root->scratch, "%s.rest", what), *up = arena_printf(root->scratch, "%s.up", what),
               *by = arena_printf(root->scratch, "%s.by", what), *sum = arena_printf(root->scratch, "%s.sum", what);
    valref moved =
        append(root, OP_MUL, arena_printf(root->scratch, "%s.where", what), stage, x, root->taken[stage], NULL);
    moved = narrow(root, part, stage, moved, whole, fraction_of_x, ROUND_TRUNCATE, OVERFLOW_WRAP);
    valref stays = append(root, OP_SUB, rest, stage, x, moved, NULL);
    moved = append(root, OP_MUL, up, stage, moved, number(root, by, stage, ldexp(1, places)), NULL);
    return narrow(root, what, stage, append(root, OP_ADD, sum, stage, stays, moved, NULL), whole, fraction,
                  ROUND_TRUNCATE, OVERFLOW_WRAP);
}

/* Bits below the point that leave MANTISSA_BITS to the smallest of what `levels` shifts may still come to. */
static int mantissa_fraction(const struct inverse_root *root, int levels) {
    return MANTISSA_BITS + 2 * levels - 2 * root->k;
}

static valref mantissa(struct inverse_root *root, valref v) {
    const union attributes none = {.activation = {0}};
    int fraction = mantissa_fraction(root, (1 << root->stages) - 1), whole = 2 * root->k;
    v = narrow(root, "operand", -1, v, whole, fraction, ROUND_HALF_UP, OVERFLOW_SATURATE);
    for (int stage = root->stages - 1; stage >= 0; stage--) {
        valref limit = number(root, "limit", stage, ldexp(1, 2 * (root->k - (1 << stage))));
        valref below = append(root, OP_SUB, "below", stage, limit, v, NULL);
        below = append(root, OP_POSITIVE, "small.step", stage, below, NO_VALUE, &none);
        root->taken[stage] = narrow(root, "small", stage, below, 1, 0, ROUND_TRUNCATE, OVERFLOW_SATURATE);
        int less = mantissa_fraction(root, (1 << stage) - 1);
        v = shifted(root, "mantissa", stage, v, fraction, 2 << stage, whole, less);
        fraction = less;
    }
    return v;
}

/* Half a step is what the mantissa's cut bits are worth, and keeps it from 0. */
static valref root_of_mantissa(struct inverse_root *root, valref m) {
    valref half_step = number(root, "half_step", -1, ldexp(0.5, -mantissa_fraction(root, 0)));
    valref centre = append(root, OP_ADD, "centre", -1, m, half_step, NULL);
    return append(root, OP_POW, "function", -1, centre, number(root, "minus_half", -1, -0.5), NULL);
}

/* r is in (2^-k, 2^(1-k)] before it is shifted. */
static valref restored(struct inverse_root *root, valref r) {
    int whole = 2 - root->k, fraction = ROOT_BITS - whole;
    r = narrow(root, "of_mantissa", -1, r, whole, fraction, ROUND_HALF_EVEN, OVERFLOW_SATURATE);
    for (int stage = 0; stage < root->stages; stage++) {
        whole += 1 << stage;
        r = shifted(root, "restored", stage, r, fraction, 1 << stage, whole, fraction);
    }
    return r;
}

/* ---- where ---- */

/* What the node is the inverse root of; NO_VALUE where it is another function. */
static valref radicand(const struct graph *graph, const struct node *node) {
    if (node->op == OP_POW) {
        const float *exponent = graph_reals(graph, node->inputs[1]);
        size_t count = exponent ? shape_elements(&graph_value(graph, node->inputs[1])->shape) : 0;
        return count == 1 && exponent[0] == -0.5f && !graph_reals(graph, node->inputs[0]) ? node->inputs[0] : NO_VALUE;
    }
    if (node->op != OP_RECIPROCAL) return NO_VALUE;
    const struct node *operand = graph_definition(graph, node->inputs[0]);
    return operand->op == OP_SQRT ? operand->inputs[0] : NO_VALUE;
}

static struct real_range whole_range(const struct graph *graph, const struct real_ranges *ranges, valref value) {
    const struct real_range *range = real_range_of(graph, ranges, value);
    struct real_range all = range[0];
    for (size_t e = 1; e < shape_elements(&graph_value(graph, value)->shape); e++)
        all = (struct real_range){fmin(all.lo, range[e].lo), fmax(all.hi, range[e].hi)};
    return all;
}

/* 0 where an even index does. */
static int stages_for(double ratio) {
    int stages = 2;
    if (!(ratio > EVEN_RATIO)) return 0;
    while (stages < STAGES_MAX && ldexp(1, 2 * ((1 << stages) + 1)) < ratio) stages++;
    return stages;
}

/* What v is a constant multiple of, with a constant summand, gets as many bits as v. */
static bool keep_bits(struct inverse_root *root, const struct real_ranges *ranges, valref v) {
    struct graph *graph = root->graph;
    struct node *first = NULL;
    uint32_t slot = 0, at = 0;
    for (struct node *node = graph_definition(graph, v);
         op_info(node->op)->family == op_info(OP_ADD)->family && waits_for_quantiser(graph, node, &at);
         node = graph_definition(graph, first->inputs[slot]))
        first = node, slot = at;
    if (!first) return true;
    valref base = first->inputs[slot];
    struct real_range range = whole_range(graph, ranges, base);
    if (range.lo < 0 || !isfinite(range.hi) || op_is_quantiser(graph_definition(graph, base)->op)) return true;
    int whole = range_exponent(range),
        fraction = 2 * root->k + mantissa_fraction(root, (1 << root->stages) - 1) - whole;
    noderef reader = graph_value(graph, first->result)->definition;
    base = narrow(root, "all", -1, base, whole, fraction, ROUND_HALF_UP, OVERFLOW_SATURATE);
    if (valref_equal(base, NO_VALUE)) return false;
    graph_set_operand(graph, graph_node(graph, reader), slot, base);
    return true;
}

static bool replace(struct program *program, const struct real_ranges *ranges, uint32_t index) {
    struct graph *graph = program->graph;
    const struct node node = graph->nodes[index];
    valref v = node.dead ? NO_VALUE : radicand(graph, &node);
    if (valref_equal(v, NO_VALUE)) return false;
    struct real_range range = whole_range(graph, ranges, v);
    if (!(range.lo > 0) || !isfinite(range.hi)) return false;
    struct inverse_root root = {.graph = graph, .scratch = program->arena, .name = node.name};
    root.stages = stages_for(range.hi / range.lo);
    root.k = (range_exponent(range) + 1) >> 1;
    if (!root.stages || root.k > 24 || root.k < -24) return false;
    if (!keep_bits(&root, ranges, v)) return false;
    valref m = mantissa(&root, v);
    valref result = restored(&root, root_of_mantissa(&root, m));
    if (valref_equal(result, NO_VALUE)) return false;
    if (graph_value(graph, node.result)->name) graph_name_value(graph, result, graph_value(graph, node.result)->name);
    graph_replace(graph, node.result, result);
    graph->nodes[index].dead = true;
    program_note(program, "quantise", node.name, range.hi / range.lo,
                 "'%s' is computed of a mantissa: its operand goes from %.3g to %.3g", node.name, range.lo, range.hi);
    return true;
}

bool split_inverse_roots(struct program *program, const struct real_ranges *ranges) {
    uint32_t count = program->graph->node_count;
    bool any = false;
    for (uint32_t n = 0; n < count; n++) any |= replace(program, ranges, n);
    if (any) graph_compact(program->graph);
    return any;
}
