/* Dead nodes swept, operands sorted first. */
#include "ir/graph.h"

#include <string.h>

struct value_list graph_inputs(const struct graph *graph, struct arena *arena) {
    struct value_list inputs = {0, NULL};
    for (uint32_t i = 0; i < graph->node_count; i++)
        inputs.count += !graph->nodes[i].dead && graph->nodes[i].op == OP_INPUT;
    inputs.at = ARENA_ARRAY(arena, valref, inputs.count + 1);
    for (uint32_t i = 0, count = 0; i < graph->node_count; i++)
        if (!graph->nodes[i].dead && graph->nodes[i].op == OP_INPUT) inputs.at[count++] = graph->nodes[i].result;
    return inputs;
}

const char *graph_input_name(const struct graph *graph, valref input) {
    const char *name = graph_value(graph, input)->name;
    return name ? name : graph_definition(graph, input)->name;
}

/* The new order of nodes, found by walking operands first in the old order. */
struct order {
    const struct graph *graph;
    bool *used;
    enum { UNSEEN, OPEN, PLACED } * state;
    uint32_t *sequence; /* old ids in the new order */
    uint32_t count;
    struct visit {
        uint32_t node, operand;
    } * stack;
};

static uint32_t definition_id(const struct graph *graph, valref value) {
    uint32_t id = graph_value(graph, value)->definition.id;
    if (graph_node(graph, (noderef){id})->dead)
        context_bug(graph->context, "value of the removed node '%s' is read", graph->nodes[id].name);
    return id;
}

static void place(struct order *order, uint32_t root) {
    uint32_t depth = 0;
    order->stack[depth++] = (struct visit){root, 0};
    order->state[root] = OPEN;
    while (depth) {
        struct visit *top = &order->stack[depth - 1];
        const struct node *node = &order->graph->nodes[top->node];
        if (top->operand == node->input_count) {
            order->state[top->node] = PLACED;
            order->sequence[order->count++] = top->node;
            depth--;
            continue;
        }
        uint32_t operand = definition_id(order->graph, node->inputs[top->operand++]);
        if (order->state[operand] == OPEN)
            context_bug(order->graph->context, "node '%s' is among its own operands",
                        order->graph->nodes[operand].name);
        if (order->state[operand] == UNSEEN) {
            order->state[operand] = OPEN;
            order->stack[depth++] = (struct visit){operand, 0};
        }
    }
}

static void mark(struct order *order, uint32_t root) {
    uint32_t depth = 0;
    if (order->used[root]) return;
    order->used[root] = true;
    order->stack[depth++].node = root;
    while (depth) {
        const struct node *node = &order->graph->nodes[order->stack[--depth].node];
        for (uint32_t k = 0; k < node->input_count; k++) {
            uint32_t operand = definition_id(order->graph, node->inputs[k]);
            if (!order->used[operand]) {
                order->used[operand] = true;
                order->stack[depth++].node = operand;
            }
        }
    }
}

static struct order order_find(const struct graph *graph, struct arena *scratch) {
    uint32_t count = graph->node_count;
    struct order order = {.graph = graph,
                          .used = ARENA_ARRAY(scratch, bool, count),
                          .state = arena_calloc(scratch, count, sizeof *order.state),
                          .sequence = ARENA_ARRAY(scratch, uint32_t, count),
                          .stack = ARENA_ARRAY(scratch, struct visit, count)};
    for (uint32_t i = 0; i < graph->output_count; i++) mark(&order, definition_id(graph, graph->outputs[i].value));
    for (uint32_t i = 0; i < count; i++)
        if (graph->nodes[i].op == OP_INPUT && !graph->nodes[i].dead) mark(&order, i);
    for (uint32_t i = 0; i < count; i++)
        if (order.used[i] && order.state[i] == UNSEEN) place(&order, i);
    return order;
}

/* Node i of the result is the sequence's i-th node, and values are in the order of the nodes. */
static void renumber(struct graph *graph, const struct order *order, struct arena *scratch) {
    struct node *nodes = ARENA_ARRAY(scratch, struct node, order->count);
    struct value *values = ARENA_ARRAY(scratch, struct value, graph->value_count);
    uint32_t *moved = ARENA_ARRAY(scratch, uint32_t, graph->value_count);
    uint32_t count = 0;
    for (uint32_t i = 0; i < order->count; i++) {
        nodes[i] = graph->nodes[order->sequence[i]];
        for (uint32_t r = 0; r < nodes[i].result_count; r++) {
            values[count + r] = graph->values[nodes[i].result.id + r];
            values[count + r].definition.id = i;
            moved[nodes[i].result.id + r] = count + r;
        }
        nodes[i].result.id = count;
        count += nodes[i].result_count;
        for (uint32_t k = 0; k < nodes[i].input_count; k++) nodes[i].inputs[k].id = moved[nodes[i].inputs[k].id];
    }
    for (uint32_t i = 0; i < graph->output_count; i++) graph->outputs[i].value.id = moved[graph->outputs[i].value.id];
    memcpy(graph->nodes, nodes, order->count * sizeof *nodes);
    memcpy(graph->values, values, count * sizeof *values);
    graph->node_count = order->count;
    graph->value_count = count;
    readers_find(graph);
}

bool graph_compact(struct graph *graph) {
    if (graph->node_count == 0) return false;
    struct arena *scratch = arena_new(graph->context);
    struct order order = order_find(graph, scratch);
    bool any = order.count != graph->node_count;
    for (uint32_t i = 0; i < graph->node_count; i++)
        if (!order.used[i]) {
            graph_free(graph->nodes[i].body);
            graph->nodes[i].body = NULL;
        }
    renumber(graph, &order, scratch);
    arena_free(scratch);
    return any;
}
