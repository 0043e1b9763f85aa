/* Which values have intervals whose ends some event reaches for certain, and not only bounds: those that depend on the
 * ports by one sum of elements that move one by one, with what is monotone before and behind it. What no event reached
 * of such a one is missing in the events; of any other it may be out of reach. */
#include "ir/meaning.h"
#include "sim/private.h"

/* Every element depends on an element of a port, and no two on the same. */
static enum reach joined(const struct graph *graph, const struct node *node) {
    for (uint32_t i = 0; i < node->input_count; i++) {
        if (graph_definition(graph, node->inputs[i])->op != OP_INPUT) return REACH_UNKNOWN;
        for (uint32_t k = 0; k < i; k++)
            if (valref_equal(node->inputs[i], node->inputs[k])) return REACH_UNKNOWN;
    }
    return REACH_ONE_BY_ONE;
}

/* Of arithmetic with one operand that is no constant; NO_VALUE: there are two, or none. */
static valref varying_operand(const struct graph *graph, const struct node *node) {
    bool left = graph_integers(graph, node->inputs[0]), right = graph_integers(graph, node->inputs[1]);
    return left == right ? NO_VALUE : node->inputs[left];
}

static enum reach with_constant(const struct graph *graph, const struct node *node, const enum reach *known) {
    valref operand = varying_operand(graph, node);
    if (valref_equal(operand, NO_VALUE) || known[operand.id] == REACH_UNKNOWN) return REACH_UNKNOWN;
    return graph_elements(graph, operand) == graph_elements(graph, node->result) ? known[operand.id] : REACH_ENDS;
}

static enum reach sum_of(const struct graph *graph, const struct node *node, const enum reach *known) {
    valref operand = node->input_count == 2 ? varying_operand(graph, node) : node->inputs[0];
    return !valref_equal(operand, NO_VALUE) && known[operand.id] == REACH_ONE_BY_ONE ? REACH_ENDS : REACH_UNKNOWN;
}

static enum reach of_node(const struct graph *graph, const struct node *node, const enum reach *known) {
    const enum op_terms terms = op_meaning(node->op)->terms;
    if (node->op == OP_INPUT) return REACH_ONE_BY_ONE;
    if (op_narrows(node->op))
        return node->attributes.quantizer.overflow == OVERFLOW_SATURATE ? known[node->inputs[0].id] : REACH_UNKNOWN;
    if (node->op == OP_RELU) return known[node->inputs[0].id];
    if (node->op == OP_GATHER || node->op == OP_WINDOW) return REACH_UNKNOWN; /* elements may come twice */
    if (op_moves_one(node->op)) return known[node->inputs[0].id];
    if (op_is_movement(node->op)) return joined(graph, node);
    bool two = node->input_count == 2;
    if (terms == TERMS_PRODUCTS || (terms == TERMS_SUM && !two)) return sum_of(graph, node, known);
    return terms == TERMS_SUM || terms == TERMS_PRODUCT ? with_constant(graph, node, known) : REACH_UNKNOWN;
}

enum reach *reach_of_values(const struct graph *graph, struct arena *arena) {
    enum reach *known = ARENA_ARRAY(arena, enum reach, graph->value_count + 1);
    for (uint32_t i = 0; i < graph->node_count; i++)
        if (!graph->nodes[i].dead && graph->nodes[i].op != OP_CONSTANT)
            known[graph->nodes[i].result.id] = of_node(graph, &graph->nodes[i], known);
    return known;
}
