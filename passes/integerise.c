/* integerise: crosses the line. The real graph, every activation of which is quantised, becomes a graph of integers
 * that computes the same numbers.
 *
 * needs: constants folded, batch normalisation folded or elementwise, softmax expanded, a narrowing or a quantiser
 * behind every input (ports). gives: only integers; tables and staircases hold what real functions are left. Operators
 * keep their names. What cannot be exact is refused by node name, all at once; where binary32 in the trainer's order
 * may differ from the exact numbers a note says which node is the first to do so. */
#include "passes/integerise.h"

#include "ir/ops.h"
#include "ir/verify.h"
#include "passes/table.h"

#include <math.h>

int cross_refuse(struct integerise *state, const struct node *node, const char *help, const char *format, ...) {
    struct strbuf text = strbuf_new(state->scratch);
    va_list arguments;
    va_start(arguments, format);
    strbuf_vprintf(&text, format, arguments);
    va_end(arguments);
    return diag_error(&state->program->context->diagnostics, graph_location(state->real, node), help, "%s", text.data);
}

/* Names and origins of the real graph's node for what was made of it. */
valref cross_name(struct integerise *state, valref result, const struct node *node, bool main_result) {
    if (result.id == UINT32_MAX) return result;
    struct node *made = graph_definition(state->integer, result);
    made->source_op = arena_strdup(state->integer->arena, node->source_op);
    const char *name = graph_value(state->real, node->result)->name;
    if (main_result && name) graph_name_value(state->integer, result, name);
    return result;
}

void cross_set(struct integerise *state, const struct node *node, valref value, const double *scale,
               const char *doubt) {
    state->lowered[node->result.id] = (struct lowered){.kind = LOWERED_INTEGER, .exact = {value, scale, doubt}};
}

static int lower_constant(struct integerise *state, const struct node *node) {
    const float *reals = graph_reals(state->real, node->result);
    if (reals)
        state->lowered[node->result.id] =
            (struct lowered){.kind = LOWERED_CONSTANT, .reals = reals, .exact.value = NO_VALUE};
    return 0;
}

static int refuse_operator(struct integerise *state, const struct node *node) {
    const char *advice = op_meaning(node->op)->advice;
    return cross_refuse(state, node,
                        advice ? advice : "replace it by operators that 'bxc ops' lists with an integer form",
                        "operator '%s' of %s has no integer form", op_info(node->op)->name,
                        op_info(node->op)->inputs_max == 1 ? "a variable" : "two variables");
}

static bool operands_lowered(const struct integerise *state, const struct node *node) {
    for (uint32_t i = 0; i < node->input_count; i++)
        if (state->lowered[node->inputs[i].id].kind == LOWERED_NOT) return false;
    return true;
}

static int lower_quantiser(struct integerise *state, const struct node *node) {
    bool is_port = state->lowered[node->result.id].kind != LOWERED_NOT; /* by the input that it stands behind */
    return is_port ? 0 : cross_quantiser(state, node);
}

/* Nodes behind a refused one are passed over: what was refused is told once. */
static int lower_node(struct integerise *state, const struct node *node) {
    uint32_t slot;
    if (node->dead || !operands_lowered(state, node)) return 0;
    if (node->op == OP_INPUT) return cross_input(state, node);
    if (node->op == OP_CONSTANT) return lower_constant(state, node);
    if (op_is_quantiser(node->op)) return lower_quantiser(state, node);
    if (op_is_movement(node->op)) return cross_movement(state, node);
    if (chain_slot(state, node, &slot)) return chain_extend(state, node, slot);
    if (op_meaning(node->op)->terms != TERMS_NONE) return cross_exact(state, node);
    return refuse_operator(state, node);
}

/* Every problem is told, then the pass fails. */
static int lower_graph(struct integerise *state) {
    size_t errors = state->program->context->diagnostics.errors;
    for (uint32_t i = 0; i < state->real->node_count; i++) (void)lower_node(state, &state->real->nodes[i]);
    if (state->program->context->diagnostics.errors > errors) return -1;
    for (uint32_t i = 0; i < state->real->output_count; i++) (void)cross_output(state, &state->real->outputs[i]);
    if (state->program->context->diagnostics.errors > errors) return -1;
    graph_close(state->integer);
    graph_compact(state->integer);
    return graph_infer(state->integer);
}

int pass_integerise(struct program *program, bool *changed) {
    if (fold_constants(program->graph, changed) < 0) return -1; /* passes since have narrowed constants */
    struct arena *scratch = arena_new(program->context);
    struct integerise state = {.program = program, .real = program->graph, .scratch = scratch};
    state.integer = graph_new(program->context, program->graph->name);
    graph_open(state.integer); /* tables cover no more than what can come */
    state.integer->source = arena_strdup(state.integer->arena, program->graph->source);
    state.integer->opset = program->graph->opset;
    state.lowered = ARENA_ARRAY(scratch, struct lowered, program->graph->value_count);
    int status = lower_graph(&state);
    arena_free(scratch);
    if (status < 0) {
        graph_free(state.integer);
        return -1;
    }
    graph_free(program->graph);
    program->graph = state.integer;
    *changed = true;
    return 0;
}
