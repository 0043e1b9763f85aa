/* A graph of integers evaluated at EVENT_LANES events at once, every value of it open to look at. */
#include <string.h>

#include "sim/private.h"
#include "ir/eval.h"
#include "ir/ops.h"

static int64_t *block_for(const struct graph *graph, valref value, struct arena *arena) {
    return arena_calloc(arena, EVENT_LANES, graph_elements(graph, value) * sizeof(int64_t));
}

void lanes_open(struct lanes *lanes, const struct graph *graph, struct arena *arena) {
    struct value_list inputs = graph_inputs(graph, arena);
    *lanes = (struct lanes){.graph = graph, .input_count = inputs.count, .inputs = inputs.at};
    lanes->in = ARENA_ARRAY(arena, int64_t *, inputs.count + 1);
    lanes->out = ARENA_ARRAY(arena, int64_t *, graph->output_count + 1);
    for (uint32_t i = 0; i < inputs.count; i++) lanes->in[i] = block_for(graph, inputs.at[i], arena);
    for (uint32_t o = 0; o < graph->output_count; o++) lanes->out[o] = block_for(graph, graph->outputs[o].value, arena);
    lanes->evaluator = evaluator_new(graph, arena);
    if (!lanes->evaluator) context_raise(graph->context); /* it was diagnosed */
    lanes->state = evaluator_state_in(lanes->evaluator, arena);
}

void lanes_close(struct lanes *lanes) {
    evaluator_state_free(lanes->state);
}

void lanes_run(struct lanes *lanes, int count, const int64_t *const *in) {
    evaluator_run_integers(lanes->evaluator, lanes->state, count, in, lanes->out);
}

void lanes_run_rows(struct lanes *lanes, const int64_t *rows, size_t columns) {
    size_t first = 0;
    for (uint32_t i = 0; i < lanes->input_count; i++) {
        size_t elements = graph_elements(lanes->graph, lanes->inputs[i]);
        for (size_t lane = 0; lane < EVENT_LANES; lane++)
            memcpy(lanes->in[i] + lane * elements, rows + lane * columns + first, elements * sizeof(int64_t));
        first += elements;
    }
    lanes_run(lanes, EVENT_LANES, (const int64_t *const *)lanes->in);
}

const int64_t *lanes_of(const struct lanes *lanes, valref value, size_t element) {
    return evaluator_integers(lanes->state, value) + element * EVENT_LANES;
}
