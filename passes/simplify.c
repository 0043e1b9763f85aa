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

int pass_simplify(struct program *program, bool *changed) {
    struct graph *graph = program->graph;
    for (uint32_t i = 0; i < graph->node_count; i++) {
        struct node *node = &graph->nodes[i];
        bool output = false;
        if (node->dead) continue;
        graph_use_count(graph, node->result, &output);
        if (output || !does_nothing(graph, node)) continue;
        graph_replace(graph, node->result, node->inputs[0]);
        *changed = true;
    }
    *changed |= graph_compact(graph);
    return *changed ? graph_infer(graph) : 0;
}
