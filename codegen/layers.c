/* Layers, for modules and reports: a node that costs much opens one, cheap ones behind it join. */
#include "codegen/codegen.h"

const char shared_layer[] = "shared";

static bool reads_constant(const struct graph *graph, const struct node *node) {
    for (uint32_t i = 0; i < node->input_count; i++)
        if (graph_definition(graph, node->inputs[i])->op == OP_CONSTANT) return true;
    return false;
}

static bool opens_layer(const struct graph *graph, const struct node *node) {
    switch (node->op) {
    case OP_MATMUL:
    case OP_TABLE:
    case OP_THRESHOLD:
    case OP_REDUCE_SUM:
    case OP_REDUCE_MAX:
    case OP_ARGMAX: return true;
    case OP_MUL: return !reads_constant(graph, node);
    default: return false;
    }
}

uint32_t *layer_heads(const struct graph *graph, struct arena *arena) {
    uint32_t *head = ARENA_ARRAY(arena, uint32_t, graph->node_count + 1);
    for (uint32_t n = 0; n < graph->node_count; n++) {
        const struct node *node = &graph->nodes[n];
        head[n] = n;
        if (node->op == OP_INPUT || node->op == OP_CONSTANT || opens_layer(graph, node)) continue;
        for (uint32_t i = 0; i < node->input_count && head[n] == n; i++) {
            noderef from = graph_value(graph, node->inputs[i])->definition;
            enum op op = graph_node(graph, from)->op;
            if (op != OP_INPUT && op != OP_CONSTANT) head[n] = head[from.id];
        }
    }
    return head;
}
