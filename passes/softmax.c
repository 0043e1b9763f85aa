/* What becomes of a softmax that ends the network: kept, dropped (the logits are the outputs) or
 * replaced by an arg-max, which is exact and cheaper where only the winning class matters. */
#include "passes/table.h"

#include <math.h>

/* The softmax that defines an output, through reshapes, or NULL. */
static const struct node *final_softmax(const struct graph *graph, valref value) {
    const struct node *node = graph_definition(graph, value);
    while (node->op == OP_RESHAPE) node = graph_definition(graph, node->inputs[0]);
    return node->op == OP_SOFTMAX ? node : NULL;
}

static valref argmax_of(struct graph *graph, const struct node *softmax) {
    union attributes attributes = {.axis = {.axis = softmax->attributes.axis.axis, .keep_dimensions = true}};
    valref logits = softmax->inputs[0];
    const char *name = arena_printf(graph->arena, "%s.argmax", softmax->name);
    return graph_append(graph, OP_ARGMAX, name, &logits, 1, &attributes);
}

int pass_softmax(struct program *program, bool *changed) {
    struct graph *graph = program->graph;
    enum softmax_mode mode = program->options->softmax;
    *changed = false;
    for (uint32_t o = 0; o < graph->output_count; o++) {
        const struct node *softmax = final_softmax(graph, graph->outputs[o].value);
        if (softmax) program->used |= USE_SOFTMAX;
        if (!softmax || mode == SOFTMAX_KEEP) {
            if (softmax)
                program_note(program, "softmax", softmax->name, (double)NAN,
                             "kept; where only the winning class matters, --softmax argmax is exact and cheaper");
            continue;
        }
        const char *name = arena_strdup(program->arena, softmax->name);
        valref value = mode == SOFTMAX_DROP ? softmax->inputs[0] : argmax_of(graph, softmax);
        if (valref_equal(value, NO_VALUE)) return -1;
        graph->outputs[o].value = value;
        *changed = true;
        program_note(program, "softmax", name, (double)NAN,
                     mode == SOFTMAX_DROP ? "dropped: the outputs are the logits" : "replaced by an arg-max");
    }
    if (*changed) graph_compact(graph);
    return 0;
}
