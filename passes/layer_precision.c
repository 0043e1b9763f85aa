/* What the configuration asks of a node: the overrides whose pattern matches its name, or the name
 * of the matrix product before it, over the precision of the whole network. */
#include "passes/quantise.h"

#include <fnmatch.h>

static const struct node *layer_of(const struct graph *graph, const struct node *node) {
    while (node->op != OP_MATMUL && node->input_count) node = graph_definition(graph, node->inputs[0]);
    return node;
}

static void override(struct precision *out, const struct precision *by) {
    if (by->weight_bits >= 0) out->weight_bits = by->weight_bits;
    if (by->activation_bits >= 0) out->activation_bits = by->activation_bits;
    if (by->rounding >= 0) out->rounding = by->rounding;
    if (by->overflow >= 0) out->overflow = by->overflow;
    if (by->granularity >= 0) out->granularity = by->granularity;
}

struct precision layer_precision(const struct program *program, const struct graph *graph, const struct node *node) {
    struct precision precision = program->options->precision;
    const struct node *layer = layer_of(graph, node);
    for (uint32_t i = 0; i < program->options->layer_count; i++) {
        const struct layer_options *options = &program->options->layers[i];
        if (fnmatch(options->node, node->name, 0) == 0 || fnmatch(options->node, layer->name, 0) == 0)
            override(&precision, &options->precision);
    }
    return precision;
}
