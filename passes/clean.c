/* Algebraic clean-up that changes no number: what adds zero, multiplies by one or moves nothing goes,
 * and so does what no output depends on; a square is the product that it is. Constants are folded again where this made
 * new ones. */
#include "passes/table.h"

/* Whether the value is a constant of this one number, and adding it changes no shape. */
static bool is_constant(const struct graph *graph, valref value, float number, const struct shape *result,
                        valref other) {
    const float *reals = graph_reals(graph, value);
    if (!reals || !shape_equal(&graph_value(graph, other)->shape, result)) return false;
    size_t count = shape_elements(&graph_value(graph, value)->shape);
    for (size_t e = 0; e < count; e++)
        if (reals[e] != number) return false;
    return true;
}

/* The operand that a node only repeats, or NO_VALUE. */
static valref repeated_operand(const struct graph *graph, const struct node *node) {
    const struct shape *result = &graph_value(graph, node->result)->shape;
    valref a = node->inputs[0], b = node->input_count > 1 ? node->inputs[1] : NO_VALUE;
    switch (node->op) {
    case OP_ADD:
        if (is_constant(graph, a, 0, result, b)) return b;
        return is_constant(graph, b, 0, result, a) ? a : NO_VALUE;
    case OP_MUL:
        if (is_constant(graph, a, 1, result, b)) return b;
        return is_constant(graph, b, 1, result, a) ? a : NO_VALUE;
    case OP_SUB: return is_constant(graph, b, 0, result, a) ? a : NO_VALUE;
    case OP_DIV:
    case OP_POW: return is_constant(graph, b, 1, result, a) ? a : NO_VALUE;
    case OP_RESHAPE: return shape_equal(&graph_value(graph, a)->shape, result) ? a : NO_VALUE;
    case OP_CONCAT: return node->input_count == 1 ? a : NO_VALUE;
    case OP_TRANSPOSE:
        for (int d = 0; d < result->rank; d++)
            if (node->attributes.transpose.permutation[d] != d) return NO_VALUE;
        return a;
    case OP_RELU: return graph_definition(graph, a)->op == OP_RELU ? a : NO_VALUE;
    default: return NO_VALUE;
    }
}

/* A reshape of a reshape reads the first one's operand. */
static bool skip_reshape(struct graph *graph, struct node *node) {
    if (node->op != OP_RESHAPE) return false;
    const struct node *inner = graph_definition(graph, node->inputs[0]);
    if (inner->op != OP_RESHAPE) return false;
    graph_set_operand(graph, node, 0, inner->inputs[0]);
    return true;
}

/* x to the power 2 is x * x: exact in integers, where other powers need a table. */
static bool square_to_product(struct graph *graph, struct node *node) {
    const struct shape *result = &graph_value(graph, node->result)->shape;
    if (node->op != OP_POW || !is_constant(graph, node->inputs[1], 2, result, node->inputs[0])) return false;
    node->op = OP_MUL;
    graph_set_operand(graph, node, 1, node->inputs[0]);
    return true;
}

int pass_clean(struct program *program, bool *changed) {
    struct graph *graph = program->graph;
    *changed = false;
    for (uint32_t n = 0; n < graph->node_count; n++) {
        struct node *node = &graph->nodes[n];
        if (node->dead || node->input_count == 0) continue;
        *changed = skip_reshape(graph, node) || *changed;
        *changed = square_to_product(graph, node) || *changed;
        valref same = repeated_operand(graph, node);
        if (valref_equal(same, NO_VALUE)) continue;
        graph_replace(graph, node->result, same);
        node->dead = true;
        *changed = true;
    }
    *changed = graph_compact(graph) || *changed;
    return fold_constants(graph, changed);
}
