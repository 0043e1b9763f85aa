/* Exact clean-up of the quantised graph: narrowing and ReLU that the intervals show to do nothing go
 * where nobody outside sees their format; nodes that no output depends on go. */
#include "passes/passes.h"
#include "ir/verify.h"
#include "passes/table.h"

static bool does_nothing(const struct graph *graph, const struct node *node) {
    const struct value *result = graph_value(graph, node->result);
    for (size_t e = 0; e < shape_elements(&result->shape); e++) {
        struct interval x = graph_interval(graph, node->inputs[0], e);
        struct format from = graph_format(graph, node->inputs[0], e), to = graph_format(graph, node->result, e);
        if (node->op == OP_RELU ? x.lo < 0 : from.fraction != to.fraction || !interval_fits(x, to)) return false;
        if (node->op == OP_NARROW && node->attributes.quantizer.overflow == OVERFLOW_SATURATE_SYMMETRIC &&
            to.is_signed && x.lo < -(int128)format_max(to))
            return false;
    }
    return true;
}

int pass_simplify(struct program *program, bool *changed) {
    struct graph *graph = program->graph;
    for (uint32_t i = 0; i < graph->node_count; i++) {
        struct node *node = &graph->nodes[i];
        bool output = false;
        if (node->dead || (node->op != OP_NARROW && node->op != OP_RELU)) continue;
        graph_use_count(graph, node->result, &output);
        if (output || !does_nothing(graph, node)) continue;
        graph_replace(graph, node->result, node->inputs[0]);
        *changed = true;
    }
    *changed |= graph_compact(graph);
    return *changed ? graph_infer(graph) : 0;
}
