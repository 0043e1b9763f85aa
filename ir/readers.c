/* Who reads a value: a list of all operands of all nodes, those of one value linked to each other, so that looking for
 * readers and moving them takes as long as there are readers, however large the graph is. Operands of dead nodes stay
 * in the list until it is made anew (graph_compact). */
#include "ir/graph.h"

#include <stdlib.h>

/* An operand: that with the number `reads + slot` of its node. Numbers are stored plus one; 0: none. */
struct read {
    uint32_t node, next, previous;
};

static uint32_t slot_of(const struct graph *graph, uint32_t number) {
    return number - graph->nodes[graph->reads[number].node].reads;
}

static struct read *linked(const struct graph *graph, uint32_t link) {
    return link ? &graph->reads[link - 1] : NULL;
}

static void link_read(struct graph *graph, uint32_t number, valref value) {
    uint32_t *first = &graph->values[value.id].first_reader;
    struct read *read = &graph->reads[number], *next = linked(graph, *first);
    read->previous = 0;
    read->next = *first;
    if (next) next->previous = number + 1;
    *first = number + 1;
}

static void unlink_read(struct graph *graph, uint32_t number, valref value) {
    struct read *read = &graph->reads[number], *next = linked(graph, read->next),
                *previous = linked(graph, read->previous);
    if (next) next->previous = read->previous;
    if (previous)
        previous->next = read->next;
    else
        graph->values[value.id].first_reader = read->next;
}

void readers_add_node(struct graph *graph, uint32_t id) {
    struct node *node = &graph->nodes[id];
    if (node->input_count > graph->read_capacity - graph->read_count) {
        uint32_t capacity = 2 * graph->read_capacity + (node->input_count > 16 ? node->input_count : 16);
        graph->reads = arena_grow(graph->arena, graph->reads, graph->read_count * sizeof *graph->reads,
                                  capacity * sizeof *graph->reads);
        graph->read_capacity = capacity;
    }
    node->reads = graph->read_count;
    graph->read_count += node->input_count;
    for (uint32_t slot = 0; slot < node->input_count; slot++) {
        graph->reads[node->reads + slot].node = id;
        link_read(graph, node->reads + slot, node->inputs[slot]);
    }
}

void readers_find(struct graph *graph) {
    graph->read_count = 0;
    for (uint32_t v = 0; v < graph->value_count; v++) graph->values[v].first_reader = 0;
    for (uint32_t n = 0; n < graph->node_count; n++) readers_add_node(graph, n);
}

bool readers_are_right(const struct graph *graph) {
    uint32_t operands = 0, listed = 0;
    for (uint32_t n = 0; n < graph->node_count; n++) operands += graph->nodes[n].dead ? 0 : graph->nodes[n].input_count;
    for (uint32_t v = 0; v < graph->value_count; v++) {
        uint32_t left = graph->read_count;
        for (uint32_t link = graph->values[v].first_reader; link; link = linked(graph, link)->next) {
            if (link > graph->read_count || left-- == 0) return false;
            const struct node *node = &graph->nodes[linked(graph, link)->node];
            if (node->dead) continue;
            uint32_t slot = link - 1 - node->reads;
            if (slot >= node->input_count || node->inputs[slot].id != v) return false;
            listed++;
        }
    }
    return listed == operands;
}

void graph_set_operand(struct graph *graph, struct node *node, uint32_t slot, valref value) {
    unlink_read(graph, node->reads + slot, node->inputs[slot]);
    node->inputs[slot] = value;
    link_read(graph, node->reads + slot, value);
}

void graph_put_behind(struct graph *graph, valref value, valref behind) {
    uint32_t definition = graph_value(graph, behind)->definition.id;
    for (uint32_t link = graph_value(graph, value)->first_reader, next; link; link = next) {
        const struct read *read = linked(graph, link);
        next = read->next;
        if (read->node != definition)
            graph_set_operand(graph, &graph->nodes[read->node], slot_of(graph, link - 1), behind);
    }
}

void graph_replace(struct graph *graph, valref old, valref replacement) {
    graph_put_behind(graph, old, replacement);
    for (uint32_t i = 0; i < graph->output_count; i++)
        if (valref_equal(graph->outputs[i].value, old)) graph->outputs[i].value = replacement;
}

static int compare_readers(const void *a, const void *b) {
    const struct value_reader *p = a, *q = b;
    if (p->node.id != q->node.id) return p->node.id < q->node.id ? -1 : 1;
    return p->slot < q->slot ? -1 : p->slot > q->slot;
}

struct reader_list graph_readers(const struct graph *graph, valref value, struct arena *arena) {
    struct reader_list list = {graph_use_count(graph, value, NULL), NULL};
    list.at = ARENA_ARRAY(arena, struct value_reader, list.count + 1);
    uint32_t count = 0;
    for (uint32_t link = graph_value(graph, value)->first_reader; link; link = linked(graph, link)->next) {
        uint32_t node = linked(graph, link)->node;
        if (!graph->nodes[node].dead) list.at[count++] = (struct value_reader){{node}, slot_of(graph, link - 1)};
    }
    qsort(list.at, count, sizeof *list.at, compare_readers);
    return list;
}

uint32_t graph_use_count(const struct graph *graph, valref value, bool *output) {
    uint32_t count = 0;
    for (uint32_t link = graph_value(graph, value)->first_reader; link; link = linked(graph, link)->next)
        count += !graph->nodes[linked(graph, link)->node].dead;
    if (output) *output = false;
    for (uint32_t i = 0; output && !*output && i < graph->output_count; i++)
        *output = valref_equal(graph->outputs[i].value, value);
    return count;
}

noderef graph_sole_reader(const struct graph *graph, valref value, bool *output) {
    if (graph_use_count(graph, value, output) != 1) return NO_NODE;
    const struct read *read = linked(graph, graph_value(graph, value)->first_reader);
    while (graph->nodes[read->node].dead) read = linked(graph, read->next);
    return (noderef){read->node};
}
