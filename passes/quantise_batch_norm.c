/* A batch normalisation that folded into no layer (behind a sum, in front of a residual) becomes a factor and a
 * summand a channel: those get formats of their own, where its five parameters would keep all bits of binary32. */
#include "passes/quantise.h"

#include <math.h>

static int check_gain(const struct graph *graph, const struct node *node, size_t channel, double scale, double shift) {
    if (isfinite((float)scale) && isfinite((float)shift)) return 0;
    return diag_error(&graph->context->diagnostics, graph_location(graph, node),
                      "give the channel a larger epsilon, or take it out of the model",
                      "batch normalisation has no finite gain in channel %zu: its variance is %g", channel,
                      (double)graph_reals(graph, node->inputs[4])[channel]);
}

/* By channel: those are the step's elements. */
static int find_affine(const struct graph *graph, const struct node *node, size_t channels, float *scale,
                       float *shift) {
    struct op_step step = {.node = node};
    for (uint32_t i = 1; i < 5; i++) step.constants[i] = graph_reals(graph, node->inputs[i]);
    for (size_t c = 0; c < channels; c++) {
        double gain, rest;
        (void)step_affine(&step, c, &gain, &rest);
        if (check_gain(graph, node, c, gain, rest) < 0) return -1;
        scale[c] = (float)gain;
        shift[c] = (float)rest;
    }
    return 0;
}

static int split(struct graph *graph, uint32_t index, struct arena *scratch) {
    const struct node node = graph->nodes[index];
    const struct shape *shape = &graph_value(graph, node.result)->shape;
    struct shape by_channel = {.rank = shape->rank};
    for (int d = 0; d < shape->rank; d++) by_channel.dim[d] = d == 1 ? shape->dim[1] : 1;
    size_t channels = (size_t)shape->dim[1];
    float *scale = ARENA_ARRAY(scratch, float, channels), *shift = ARENA_ARRAY(scratch, float, channels);
    if (find_affine(graph, &node, channels, scale, shift) < 0) return -1;
    valref factor = graph_append_reals(graph, arena_printf(scratch, "%s.factor", node.name), by_channel, scale);
    valref product = graph_append(graph, OP_MUL, arena_printf(scratch, "%s.scaled", node.name),
                                  (valref[]){node.inputs[0], factor}, 2, NULL);
    valref summand = graph_append_reals(graph, arena_printf(scratch, "%s.shift", node.name), by_channel, shift);
    if (valref_equal(product, NO_VALUE)) return -1;
    valref sum = graph_append(graph, OP_ADD, node.name, (valref[]){product, summand}, 2, NULL);
    if (valref_equal(sum, NO_VALUE)) return -1;
    graph_definition(graph, sum)->source_op = node.source_op;
    if (graph_value(graph, node.result)->name) graph_name_value(graph, sum, graph_value(graph, node.result)->name);
    graph_replace(graph, node.result, sum);
    graph->nodes[index].dead = true;
    return 0;
}

int split_batch_norms(struct program *program) {
    struct graph *graph = program->graph;
    struct arena *scratch = arena_new(program->context);
    uint32_t count = graph->node_count;
    bool any = false;
    int result = 0;
    for (uint32_t n = 0; n < count; n++) {
        const struct node *node = &graph->nodes[n];
        uint32_t slot;
        if (node->dead || node->op != OP_BATCH_NORM || !graph_step_slot(graph, node, &slot)) continue;
        any = true;
        if (split(graph, n, scratch) < 0) result = -1;
    }
    arena_free(scratch);
    if (any && result == 0) graph_compact(graph);
    return result;
}
