/* Exact clean-up of the quantised graph: narrowing and ReLU that the intervals show to do nothing go
 * where nobody outside sees their format; nodes that no output depends on go. */
#include "passes/passes.h"
#include "ir/ops.h"
#include "ir/verify.h"
#include "passes/table.h"

static bool does_nothing(const struct graph *graph, const struct node *node) {
    const struct op_family *family = op_info(node->op)->family;
    bool nothing = family->changes_nothing;
    for (size_t e = 0; nothing && e < shape_elements(&graph_value(graph, node->result)->shape); e++)
        nothing = family->changes_nothing(graph, node, e);
    return nothing;
}

/* Bodies too, whose outputs are seen outside of them as the graph's are. */
static bool simplify(struct graph *graph) {
    bool changed = false;
    for (uint32_t i = 0; i < graph->node_count; i++) {
        struct node *node = &graph->nodes[i];
        bool output = false;
        if (node->dead) continue;
        if (node->body) changed |= simplify(node->body);
        graph_use_count(graph, node->result, &output);
        if (output || !does_nothing(graph, node)) continue;
        graph_replace(graph, node->result, node->inputs[0]);
        changed = true;
    }
    return graph_compact(graph) || changed;
}

int pass_simplify(struct program *program, bool *changed) {
    *changed = simplify(program->graph);
    return *changed ? graph_infer(program->graph) : 0;
}
