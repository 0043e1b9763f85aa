/* Evaluates what depends on constants alone, in the model's own binary32 arithmetic.
 *
 * Quantisers of constants are left alone: a weight that is an integer times a scale must not become
 * a number that has forgotten it (quant_to_narrow and integerise read them). What a function makes of them, or a
 * quotient, has no such scale and is a number. */
#include "passes/table.h"
#include "ir/ops.h"

static bool gives_scale(enum op op) {
    return op_is_quantiser(op) && op != OP_NARROW;
}

static bool has_constant_operands(const struct graph *graph, const struct node *node) {
    for (uint32_t i = 0; i < node->input_count; i++)
        if (!graph_reals(graph, node->inputs[i])) return false;
    return node->input_count > 0;
}

static bool is_quantised_constant(const struct graph *graph, valref value) {
    const struct node *node = graph_definition(graph, value);
    return gives_scale(node->op) && has_constant_operands(graph, node);
}

static bool forgets_scale(const struct node *node) {
    float y;
    return node->op == OP_DIV || node->op == OP_POW || op_unary_real(node, 1, &y);
}

static bool is_foldable(const struct graph *graph, const struct node *node) {
    if (node->dead || gives_scale(node->op) || graph_value(graph, node->result)->kind != VALUE_REAL) return false;
    if (has_constant_operands(graph, node)) return true;
    for (uint32_t i = 0; i < node->input_count; i++)
        if (!graph_reals(graph, node->inputs[i]) && !is_quantised_constant(graph, node->inputs[i])) return false;
    return node->input_count > 0 && forgets_scale(node);
}

/* The node's result, row-major: one event of an operator whose operands are constants. */
static float *evaluate(const struct graph *graph, const struct node *node, struct arena *arena) {
    const struct op_family *family = op_info(node->op)->family;
    struct real_operand *operands = ARENA_ARRAY(arena, struct real_operand, node->input_count);
    for (uint32_t i = 0; i < node->input_count; i++) {
        const float *reals = graph_reals(graph, node->inputs[i]);
        operands[i] = (struct real_operand){
            reals ? reals : evaluate(graph, graph_definition(graph, node->inputs[i]), arena), 1, 0};
    }
    size_t count = shape_elements(&graph_value(graph, node->result)->shape);
    float *lanes = ARENA_ARRAY(arena, float, (count * EVENT_LANES)), *result = ARENA_ARRAY(arena, float, count);
    struct evaluation evaluation = {.graph = graph,
                                    .node = node,
                                    .plan = family->prepare ? family->prepare(graph, node, arena) : NULL,
                                    .reals = operands,
                                    .real_result = lanes,
                                    .lanes = 1};
    family->eval_real(&evaluation);
    for (size_t e = 0; e < count; e++) result[e] = lanes[e * EVENT_LANES];
    return result;
}

bool fold_constants(struct graph *graph) {
    bool changed = false;
    for (uint32_t n = 0; n < graph->node_count; n++) {
        if (!is_foldable(graph, &graph->nodes[n])) continue;
        struct arena *scratch = arena_new(graph->context);
        float *result = evaluate(graph, &graph->nodes[n], scratch);
        valref old = graph->nodes[n].result;
        valref constant = graph_append_reals(graph, graph->nodes[n].name, graph_value(graph, old)->shape, result);
        arena_free(scratch);
        if (valref_equal(constant, NO_VALUE)) return changed;
        graph_replace(graph, old, constant);
        graph->nodes[n].dead = true;
        changed = true;
    }
    return graph_compact(graph) || changed;
}

int pass_fold_constants(struct program *program, bool *changed) {
    *changed = fold_constants(program->graph);
    return 0;
}
