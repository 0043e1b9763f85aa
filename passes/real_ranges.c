/* How large every real value gets: seen on calibration events, or bounded by interval arithmetic over
 * what the input ports can carry when there are none. */
#include "passes/integerise.h"
#include "ir/eval.h"
#include "ir/geometry.h"
#include "ir/ops.h"
#include "passes/quantise.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static struct real_range empty(void) {
    return (struct real_range){INFINITY, -INFINITY};
}

static const struct real_range boundless = {-INFINITY, INFINITY};

static void include(struct real_range *range, double x) {
    range->lo = x < range->lo ? x : range->lo;
    range->hi = x > range->hi ? x : range->hi;
}

/* ---- seen ---- */

static void include_block(const struct graph *graph, const struct evaluator_state *state, int lanes,
                          struct seen **seen) {
    for (uint32_t v = 0; v < graph->value_count; v++) {
        const float *block = seen[v] ? evaluator_reals(state, (valref){v}) : NULL;
        size_t count = block ? shape_elements(&graph->values[v].shape) : 0;
        for (size_t e = 0; e < count; e++)
            for (int l = 0; l < lanes; l++) seen_include(&seen[v][e], block[e * EVENT_LANES + (size_t)l]);
    }
}

/* For every value whose range is wanted and that is no constant. */
static struct seen **nothing_seen(const struct graph *graph, struct arena *arena, struct real_range *const *at) {
    struct seen **seen = ARENA_ARRAY(arena, struct seen *, graph->value_count);
    for (uint32_t v = 0; v < graph->value_count; v++) {
        if (!at[v] || graph->nodes[graph->values[v].definition.id].op == OP_CONSTANT) continue;
        size_t count = shape_elements(&graph->values[v].shape);
        seen[v] = ARENA_ARRAY(arena, struct seen, count);
        for (size_t e = 0; e < count; e++) seen[v][e] = seen_nothing();
    }
    return seen;
}

static void take_ranges(const struct graph *graph, struct seen *const *seen, struct real_range **at) {
    bool outliers;
    for (uint32_t v = 0; v < graph->value_count; v++)
        for (size_t e = 0; seen[v] && e < shape_elements(&graph->values[v].shape); e++)
            at[v][e] = seen_range(&seen[v][e], &outliers);
}

static void see(struct program *program, struct arena *arena, struct real_range **at) {
    const struct graph *graph = program->graph;
    struct seen **seen = nothing_seen(graph, arena, at);
    const struct value_list inputs = graph_inputs(graph, arena);
    const float **data = ARENA_ARRAY(arena, const float *, inputs.count);
    struct evaluator *evaluator = evaluator_new(graph, arena);
    if (!evaluator) context_raise(program->context); /* it was diagnosed */
    struct evaluator_state *state = evaluator_state_in(evaluator, arena);
    float **outputs = ARENA_ARRAY(arena, float *, graph->output_count);
    for (uint32_t o = 0; o < graph->output_count; o++)
        outputs[o] = ARENA_ARRAY(arena, float,
                                 (EVENT_LANES * shape_elements(&graph_value(graph, graph->outputs[o].value)->shape)));
    for (size_t first = 0; first < program->calibration.events; first += EVENT_LANES) {
        size_t rest = program->calibration.events - first;
        int lanes = rest < EVENT_LANES ? (int)rest : EVENT_LANES;
        for (uint32_t i = 0; i < inputs.count; i++)
            data[i] = program->calibration.data[i] + first * shape_elements(&graph_value(graph, inputs.at[i])->shape);
        evaluator_run_reals(evaluator, state, lanes, data, outputs);
        include_block(graph, state, lanes, seen);
        context_progress(program->context, "calibration", first, program->calibration.events);
    }
    evaluator_state_free(state);
    take_ranges(graph, seen, at);
}

/* ---- bounded ---- */

static struct real_range corners(struct real_range a, struct real_range b, double (*of)(double, double)) {
    struct real_range out = empty();
    include(&out, of(a.lo, b.lo));
    include(&out, of(a.lo, b.hi));
    include(&out, of(a.hi, b.lo));
    include(&out, of(a.hi, b.hi));
    return out;
}
static double add(double a, double b) {
    return a + b;
}
static double subtract(double a, double b) {
    return a - b;
}
static double multiply(double a, double b) {
    return a * b;
}
static double divide(double a, double b) {
    return a / b;
}

static bool has_zero(struct real_range range) {
    return range.lo <= 0 && range.hi >= 0;
}

struct bounds {
    const struct graph *graph;
    struct arena *arena;
    struct real_range **at;
};

static struct real_range operand_range(const struct bounds *bounds, const struct node *node, uint32_t slot,
                                       size_t element) {
    valref value = node->inputs[slot];
    size_t index = shape_project(&graph_value(bounds->graph, node->result)->shape, element,
                                 &graph_value(bounds->graph, value)->shape);
    return bounds->at[value.id][index];
}

static void bound_binary(const struct bounds *bounds, const struct node *node, struct real_range *out, size_t count) {
    static double (*const of[OP_COUNT])(double, double) = {
        [OP_ADD] = add, [OP_SUB] = subtract, [OP_MUL] = multiply, [OP_DIV] = divide};
    for (size_t e = 0; e < count; e++) {
        struct real_range a = operand_range(bounds, node, 0, e), b = operand_range(bounds, node, 1, e);
        out[e] = node->op == OP_DIV && has_zero(b) ? boundless : corners(a, b, of[node->op]);
    }
}

/* A power is monotone in its base on each side of zero, and in its exponent. */
static void bound_pow(const struct bounds *bounds, const struct node *node, struct real_range *out, size_t count) {
    for (size_t e = 0; e < count; e++) {
        struct real_range base = operand_range(bounds, node, 0, e), power = operand_range(bounds, node, 1, e);
        out[e] = corners(base, power, pow);
        if (base.lo < 0 && base.hi > 0) {
            include(&out[e], pow(0, power.lo));
            include(&out[e], pow(0, power.hi));
        }
    }
}

static struct real_range bound_sum_of_products(const struct real_range *left, const struct real_range *right,
                                               const struct matrix_product *product) {
    struct real_range sum = {0, 0};
    for (size_t k = 0; k < product->depth; k++) {
        struct real_range term = corners(left[k], right[k * product->columns], multiply);
        sum.lo += term.lo;
        sum.hi += term.hi;
    }
    return sum;
}

static void bound_matmul(const struct bounds *bounds, const struct node *node, struct real_range *out, size_t count) {
    const struct graph *graph = bounds->graph;
    const struct real_range *a = bounds->at[node->inputs[0].id], *b = bounds->at[node->inputs[1].id];
    const struct matrix_product product = product_geometry(bounds->arena, &graph_value(graph, node->inputs[0])->shape,
                                                           &graph_value(graph, node->inputs[1])->shape);
    size_t matrix = product.rows * product.columns;
    for (size_t e = 0; e < count; e++) {
        size_t batch = e / matrix, row = e % matrix / product.columns, column = e % product.columns;
        out[e] = bound_sum_of_products(a + product.left[batch] + row * product.depth, b + product.right[batch] + column,
                                       &product);
    }
}

/* Increasing functions, or ones whose range does not depend on the operand. */
static void bound_unary(const struct bounds *bounds, const struct node *node, struct real_range *out, size_t count) {
    for (size_t e = 0; e < count; e++) {
        struct real_range in = operand_range(bounds, node, 0, e);
        double lo = in.lo, hi = in.hi;
        out[e] = empty();
        if (op_unary_double(node, lo, &lo)) include(&out[e], lo);
        if (op_unary_double(node, hi, &hi)) include(&out[e], hi);
        double zero = 0;
        if (has_zero(in) && node->op == OP_RECIPROCAL)
            out[e] = boundless;
        else if (has_zero(in) && op_unary_double(node, 0, &zero))
            include(&out[e], zero);
    }
}

static void bound_all(const struct bounds *bounds, const struct node *node, struct real_range *out, size_t count) {
    struct real_range all = empty();
    for (uint32_t i = 0; i < node->input_count; i++) {
        size_t elements = shape_elements(&graph_value(bounds->graph, node->inputs[i])->shape);
        for (size_t e = 0; e < elements; e++) {
            include(&all, bounds->at[node->inputs[i].id][e].lo);
            include(&all, bounds->at[node->inputs[i].id][e].hi);
        }
    }
    if (node->op == OP_SOFTMAX) all = (struct real_range){0, 1};
    if (node->op == OP_REDUCE_SUM) {
        double terms = (double)shape_elements(&graph_value(bounds->graph, node->inputs[0])->shape) / (double)count;
        all.lo *= terms;
        all.hi *= terms;
    }
    for (size_t e = 0; e < count; e++) out[e] = all;
}

/* The codes of a quantiser of the model: those between its operand's ends, all that the format has where it wraps or
 * zeroes. One that is no constant function is as wide as all its operands. */
static void bound_quantiser(const struct bounds *bounds, const struct node *node, struct real_range *out,
                            size_t count) {
    struct quantisation codes;
    if (!quantisation_of(bounds->graph, node, bounds->arena, &codes)) {
        bound_all(bounds, node, out, count);
        return;
    }
    for (size_t e = 0; e < count; e++) {
        struct format format = codes.formats[e];
        struct real_range in = operand_range(bounds, node, 0, e);
        int64_t lo = format_min(format), hi = format_max(format), own[2];
        bool between = quantisation_clamps(&codes, e, in.lo) && quantisation_clamps(&codes, e, in.hi) &&
                       quantisation_code(&codes, e, in.lo, &own[0]) && quantisation_code(&codes, e, in.hi, &own[1]);
        if (between) lo = own[0], hi = own[1];
        double scale = codes.scale ? codes.scale[e] : 1;
        out[e] = format.width ? (struct real_range){scale * fixed_to_real(lo, format.fraction),
                                                    scale * fixed_to_real(hi, format.fraction)}
                              : (struct real_range){0, 0};
    }
}

static void bound_argmax(const struct bounds *bounds, const struct node *node, struct real_range *out, size_t count) {
    const struct shape *operand = &graph_value(bounds->graph, node->inputs[0])->shape;
    double last = (double)operand->dim[node->attributes.axis.axis] - 1;
    for (size_t e = 0; e < count; e++) out[e] = (struct real_range){0, last};
}

static void bound_batch_norm(const struct bounds *bounds, const struct node *node, struct real_range *out,
                             size_t count) {
    const struct graph *graph = bounds->graph;
    const struct shape *shape = &graph_value(graph, node->result)->shape;
    size_t channels = shape->rank > 1 ? (size_t)shape->dim[1] : 1,
           inner = count / channels / (size_t)(shape->rank ? shape->dim[0] : 1);
    for (size_t e = 0; e < count; e++) {
        size_t c = e / inner % channels;
        double scale = bounds->at[node->inputs[1].id][c].hi /
                       sqrt(bounds->at[node->inputs[4].id][c].hi + (double)node->attributes.normalization.epsilon);
        double shift = bounds->at[node->inputs[2].id][c].hi - bounds->at[node->inputs[3].id][c].hi * scale;
        struct real_range in = operand_range(bounds, node, 0, e);
        out[e] = empty();
        include(&out[e], in.lo * scale + shift);
        include(&out[e], in.hi * scale + shift);
    }
}

static void bound_same_elements(const struct bounds *bounds, const struct node *node, struct real_range *out,
                                size_t count) {
    memcpy(out, bounds->at[node->inputs[0].id], count * sizeof *out);
}

static void (*const bound_op[OP_COUNT])(const struct bounds *, const struct node *, struct real_range *, size_t) = {
    [OP_ADD] = bound_binary,
    [OP_SUB] = bound_binary,
    [OP_MUL] = bound_binary,
    [OP_DIV] = bound_binary,
    [OP_POW] = bound_pow,
    [OP_MATMUL] = bound_matmul,
    [OP_BATCH_NORM] = bound_batch_norm,
    [OP_RELU] = bound_unary,
    [OP_LEAKY_RELU] = bound_unary,
    [OP_CLIP] = bound_unary,
    [OP_SIGMOID] = bound_unary,
    [OP_TANH] = bound_unary,
    [OP_HARD_SIGMOID] = bound_unary,
    [OP_EXP] = bound_unary,
    [OP_RECIPROCAL] = bound_unary,
    [OP_SOFTMAX] = bound_all,
    [OP_REDUCE_MAX] = bound_all,
    [OP_REDUCE_SUM] = bound_all,
    [OP_RESHAPE] = bound_same_elements,
    [OP_TRANSPOSE] = bound_all,
    [OP_CONCAT] = bound_all,
    [OP_SLICE] = bound_all,
    [OP_GATHER] = bound_all,
    [OP_ARGMAX] = bound_argmax,
    [OP_NARROW] = bound_quantiser,
    [OP_QUANT] = bound_quantiser,
    [OP_BIPOLAR_QUANT] = bound_quantiser,
    [OP_TRUNC_QUANT] = bound_quantiser,
};

static void bound_node(const struct bounds *bounds, const struct node *node) {
    struct real_range *out = bounds->at[node->result.id];
    size_t count = shape_elements(&graph_value(bounds->graph, node->result)->shape);
    if (node->op == OP_INPUT)
        for (size_t e = 0; e < count; e++) out[e] = boundless;
    else if (bound_op[node->op])
        bound_op[node->op](bounds, node, out, count);
    else
        bound_all(bounds, node, out, count); /* at most as wide, or small */
}

/* ---- both ---- */

const struct real_range *real_range_of(const struct graph *graph, const struct real_ranges *ranges, valref value) {
    while (value.id >= ranges->value_count) value = graph_definition(graph, value)->inputs[0];
    return ranges->at[value.id];
}

static void set_constant(const struct graph *graph, valref value, struct real_range *out, size_t count) {
    const float *reals = graph_reals(graph, value);
    for (size_t e = 0; reals && e < count; e++) out[e] = (struct real_range){(double)reals[e], (double)reals[e]};
}

/* Values that no port bounds: inputs, and the steps of those whose port carries a quantiser's codes. Nothing but the
 * port computes them. */
static bool *values_before_ports(const struct graph *graph, struct arena *arena) {
    bool *before = ARENA_ARRAY(arena, bool, graph->value_count);
    for (uint32_t n = 0; n < graph->node_count; n++) {
        const struct node *node = &graph->nodes[n];
        if (node->dead || op_is_quantiser(node->op)) continue;
        bool *own = &before[node->result.id];
        *own = node->op == OP_INPUT;
        for (uint32_t i = 0; i < node->input_count; i++) *own = *own || before[node->inputs[i].id];
    }
    return before;
}

static bool is_bounded(const struct node *node, const bool *before_ports) {
    return !node->dead && node->op != OP_CONSTANT && !before_ports[node->result.id];
}

static int check_finite(const struct real_ranges *ranges, const struct graph *graph, const struct node *node) {
    const struct real_range *range = ranges->at[node->result.id];
    size_t count = range ? shape_elements(&graph_value(graph, node->result)->shape) : 0;
    for (size_t e = 0; e < count; e++) {
        if (isfinite(range[e].lo) && isfinite(range[e].hi)) continue;
        if (ranges->calibrated)
            return diag_error(&graph->context->diagnostics, graph_location(graph, node),
                              "look at the model's numbers there, or at the events'",
                              "element %zu of this node is infinite or not a number on calibration events", e);
        return diag_error(&graph->context->diagnostics, graph_location(graph, node),
                          "give calibration events with --calibrate", "values of this node have no bound");
    }
    return 0;
}

int real_ranges_find(struct program *program, struct arena *arena, struct real_ranges *out) {
    const struct graph *graph = program->graph;
    out->calibrated = program->calibration.events > 0;
    out->at = ARENA_ARRAY(arena, struct real_range *, graph->value_count);
    out->value_count = graph->value_count;
    struct bounds bounds = {graph, arena, out->at};
    int result = 0;
    for (uint32_t n = 0; n < graph->node_count; n++) {
        const struct node *node = &graph->nodes[n];
        if (node->dead || graph_value(graph, node->result)->kind != VALUE_REAL) continue;
        size_t count = shape_elements(&graph_value(graph, node->result)->shape);
        struct real_range *range = out->at[node->result.id] = ARENA_ARRAY(arena, struct real_range, count);
        if (node->op == OP_CONSTANT)
            set_constant(graph, node->result, range, count);
        else if (!out->calibrated)
            bound_node(&bounds, node);
    }
    if (out->calibrated) see(program, arena, out->at);
    const bool *before_ports = values_before_ports(graph, arena);
    for (uint32_t n = 0; n < graph->node_count; n++)
        if (is_bounded(&graph->nodes[n], before_ports) && check_finite(out, graph, &graph->nodes[n]) < 0) result = -1;
    return result;
}
