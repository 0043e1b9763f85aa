/* How large every real value gets: seen on calibration events, or bounded by interval arithmetic over
 * what the input ports can carry when there are none. */
#include "ir/eval.h"
#include "ir/ops.h"
#include "passes/quantise.h"

#include <math.h>

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

static void bound_node(const struct graph *graph, const struct node *node, struct arena *arena,
                       struct real_range **at) {
    const struct op_family *family = op_info(node->op)->family;
    struct real_range *out = at[node->result.id];
    const struct real_range **operands = ARENA_ARRAY(arena, const struct real_range *, node->input_count + 1);
    bool known = family->bound_real;
    for (uint32_t i = 0; i < node->input_count; i++) known = (operands[i] = at[node->inputs[i].id]) && known;
    if (known)
        family->bound_real(graph, node, operands, out, arena);
    else
        for (size_t e = 0; e < shape_elements(&graph_value(graph, node->result)->shape); e++)
            out[e] = (struct real_range){-INFINITY, INFINITY};
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
    int result = 0;
    for (uint32_t n = 0; n < graph->node_count; n++) {
        const struct node *node = &graph->nodes[n];
        if (node->dead || graph_value(graph, node->result)->kind != VALUE_REAL) continue;
        size_t count = shape_elements(&graph_value(graph, node->result)->shape);
        struct real_range *range = out->at[node->result.id] = ARENA_ARRAY(arena, struct real_range, count);
        if (node->op == OP_CONSTANT)
            set_constant(graph, node->result, range, count);
        else if (!out->calibrated)
            bound_node(graph, node, arena, out->at);
    }
    if (out->calibrated) see(program, arena, out->at);
    const bool *before_ports = values_before_ports(graph, arena);
    for (uint32_t n = 0; n < graph->node_count; n++)
        if (is_bounded(&graph->nodes[n], before_ports) && check_finite(out, graph, &graph->nodes[n]) < 0) result = -1;
    return result;
}
