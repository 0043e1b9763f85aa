/* Evaluates what depends on constants alone, in the model's own binary32 arithmetic.
 *
 * A quantiser's result is an integer times a scale, and must not become a number that has forgotten it: weights are
 * such (quant_to_narrow and integerise read them). So quantisers of constants stay, and behind them what integers do
 * exactly: movements, sums, products and maxima. What any other operator makes of them has no such scale and is a
 * number. */
#include "passes/table.h"
#include "ir/ops.h"

enum constancy {
    VARIABLE,
    CONSTANT, /* made of integers times scales */
    NUMBER
};

static enum constancy constancy_of(const struct graph *graph, const struct node *node, const enum constancy *known) {
    if (graph_reals(graph, node->result)) return NUMBER;
    if (node->input_count == 0 || node->result_count > 1 || node->body ||
        graph_value(graph, node->result)->kind != VALUE_REAL)
        return VARIABLE;
    enum constancy least = NUMBER;
    for (uint32_t i = 0; i < node->input_count; i++)
        if (known[node->inputs[i].id] < least) least = known[node->inputs[i].id];
    if (least == VARIABLE) return VARIABLE;
    bool gives_scale = op_meaning(node->op)->digits == DIGITS_SCALED;
    return gives_scale || (least == CONSTANT && op_keeps_scale(node->op)) ? CONSTANT : NUMBER;
}

/* Operands that mean their numbers alone. */
static bool reads_number(const struct node *node, uint32_t slot) {
    if (op_is_quantiser(node->op)) return slot > 0;
    return op_is_step(node->op) && !op_keeps_scale(node->op);
}

/* By value of the graph as it was. */
struct folding {
    struct graph *graph;
    struct arena *arena;
    enum constancy *constancy;
    bool *wanted;        /* a number that is no constant of the graph yet, and that one that stays reads */
    bool *needed;        /* so is it, or on the way to such */
    const float **reals; /* of those */
    valref *numbers;     /* the new constant, or NO_VALUE */
};

static void want(struct folding *folding, valref value) {
    if (!graph_reals(folding->graph, value)) folding->wanted[value.id] = folding->needed[value.id] = true;
}

static void want_operands(struct folding *folding, const struct node *node) {
    if (folding->constancy[node->result.id] == NUMBER) return;
    for (uint32_t i = 0; i < node->input_count; i++) {
        enum constancy operand = folding->constancy[node->inputs[i].id];
        if (operand == NUMBER || (operand == CONSTANT && reads_number(node, i))) want(folding, node->inputs[i]);
    }
}

static struct folding folding_new(struct graph *graph, struct arena *arena) {
    uint32_t values = graph->value_count;
    struct folding folding = {graph,
                              arena,
                              ARENA_ARRAY(arena, enum constancy, values),
                              ARENA_ARRAY(arena, bool, values),
                              ARENA_ARRAY(arena, bool, values),
                              ARENA_ARRAY(arena, const float *, values),
                              ARENA_ARRAY(arena, valref, values)};
    for (uint32_t v = 0; v < values; v++) folding.numbers[v] = NO_VALUE;
    for (uint32_t n = 0; n < graph->node_count; n++) {
        const struct node *node = &graph->nodes[n];
        folding.constancy[node->result.id] = constancy_of(graph, node, folding.constancy);
        want_operands(&folding, node);
    }
    for (uint32_t o = 0; o < graph->output_count; o++)
        if (folding.constancy[graph->outputs[o].value.id] == NUMBER) want(&folding, graph->outputs[o].value);
    for (uint32_t n = graph->node_count; n-- > 0;)
        for (uint32_t i = 0; i < graph->nodes[n].input_count && folding.needed[graph->nodes[n].result.id]; i++)
            folding.needed[graph->nodes[n].inputs[i].id] = true;
    return folding;
}

/* The node's result, row-major: one event of an operator whose operands are constants. */
static const float *evaluate(const struct folding *folding, const struct node *node) {
    const struct graph *graph = folding->graph;
    const struct op_family *family = op_info(node->op)->family;
    struct arena *scratch = arena_new(graph->context);
    struct real_operand *operands = ARENA_ARRAY(scratch, struct real_operand, node->input_count);
    for (uint32_t i = 0; i < node->input_count; i++)
        operands[i] = (struct real_operand){folding->reals[node->inputs[i].id], 1, 0};
    size_t count = shape_elements(&graph_value(graph, node->result)->shape);
    float *lanes = ARENA_ARRAY(scratch, float, (count * EVENT_LANES));
    float *result = ARENA_ARRAY(folding->arena, float, count);
    struct evaluation evaluation = {.graph = graph,
                                    .node = node,
                                    .plan = family->prepare ? family->prepare(graph, node, scratch) : NULL,
                                    .reals = operands,
                                    .real_result = lanes,
                                    .lanes = 1};
    family->eval_real(&evaluation);
    for (size_t e = 0; e < count; e++) result[e] = lanes[e * EVENT_LANES];
    arena_free(scratch);
    return result;
}

static void find_numbers(struct folding *folding) {
    for (uint32_t n = 0; n < folding->graph->node_count; n++) {
        const struct node *node = &folding->graph->nodes[n];
        const float *reals = graph_reals(folding->graph, node->result);
        if (folding->needed[node->result.id]) folding->reals[node->result.id] = reals ? reals : evaluate(folding, node);
    }
}

/* Of a value that others read with its scale a second one. */
static valref number_of(struct folding *folding, valref value) {
    struct graph *graph = folding->graph;
    valref *number = &folding->numbers[value.id];
    if (!valref_equal(*number, NO_VALUE)) return *number;
    const char *name = graph_definition(graph, value)->name;
    if (folding->constancy[value.id] == CONSTANT) name = arena_printf(folding->arena, "%s.number", name);
    *number = graph_append_reals(graph, name, graph_value(graph, value)->shape, folding->reals[value.id]);
    return *number;
}

static int fold_node(struct folding *folding, uint32_t n, bool *changed) {
    struct graph *graph = folding->graph;
    const struct node node = graph->nodes[n];
    bool is_number = folding->constancy[node.result.id] == NUMBER;
    if (is_number && folding->wanted[node.result.id]) {
        valref number = number_of(folding, node.result);
        if (valref_equal(number, NO_VALUE)) return -1;
        graph_replace(graph, node.result, number);
        graph->nodes[n].dead = *changed = true;
    }
    for (uint32_t i = 0; i < node.input_count && !is_number; i++) {
        bool has_number = graph_reals(graph, node.inputs[i]); /* as all new values have */
        if (has_number || !reads_number(&node, i) || folding->constancy[node.inputs[i].id] != CONSTANT) continue;
        valref number = number_of(folding, node.inputs[i]);
        if (valref_equal(number, NO_VALUE)) return -1;
        graph_set_operand(graph, &graph->nodes[n], i, number);
        *changed = true;
    }
    return 0;
}

static int fold(struct graph *graph, struct arena *arena, bool *changed) {
    struct folding folding = folding_new(graph, arena);
    find_numbers(&folding);
    for (uint32_t n = 0, nodes = graph->node_count; n < nodes; n++)
        if (fold_node(&folding, n, changed) < 0) return -1;
    return 0;
}

int fold_constants(struct graph *graph, bool *changed) {
    bool folded = false;
    *changed = graph_compact(graph) || *changed; /* in order */
    struct arena *scratch = arena_new(graph->context);
    int status = fold(graph, scratch, &folded);
    arena_free(scratch);
    if (folded) graph_compact(graph);
    *changed = *changed || folded;
    return status;
}

int pass_fold_constants(struct program *program, bool *changed) {
    return fold_constants(program->graph, changed);
}
