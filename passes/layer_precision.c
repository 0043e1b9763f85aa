/* What the configuration asks of a node: the overrides whose pattern matches its name, or the name
 * of the matrix product before it, over the precision of the whole network. Who takes a field is
 * remembered, so that what nobody takes can be told. */
#include "passes/quantise.h"

#include <fnmatch.h>
#include <string.h>

static const struct node *layer_of(const struct graph *graph, const struct node *node) {
    while (node->op != OP_MATMUL && node->input_count) node = graph_definition(graph, node->inputs[0]);
    return node;
}

/* "bn.scaled" is part of the model's "bn" (quantise_batch_norm.c). */
static bool is_called(const struct program *program, const char *pattern, const char *name) {
    size_t length = strlen(name), part = sizeof ".scaled" - 1;
    if (fnmatch(pattern, name, 0) == 0) return true;
    return length > part && strcmp(name + length - part, ".scaled") == 0 &&
           fnmatch(pattern, arena_strndup(program->arena, name, length - part), 0) == 0;
}

unsigned precision_fields(const struct precision *precision) {
    return (precision->weight_bits >= 0 ? USE_WEIGHTS : 0u) | (precision->activation_bits >= 0 ? USE_ACTIVATIONS : 0u) |
           (precision->rounding >= 0 ? USE_ROUNDING : 0u) | (precision->overflow >= 0 ? USE_OVERFLOW : 0u) |
           (precision->granularity >= 0 ? USE_GRANULARITY : 0u);
}

static void override(struct precision *out, const struct precision *by) {
    if (by->weight_bits >= 0) out->weight_bits = by->weight_bits;
    if (by->activation_bits >= 0) out->activation_bits = by->activation_bits;
    if (by->rounding >= 0) out->rounding = by->rounding;
    if (by->overflow >= 0) out->overflow = by->overflow;
    if (by->granularity >= 0) out->granularity = by->granularity;
}

struct precision layer_precision(struct program *program, const struct graph *graph, const struct node *node,
                                 unsigned wanted) {
    struct precision precision = program->options->precision;
    const struct node *layer = program->options->layer_count ? layer_of(graph, node) : NULL;
    unsigned overridden = 0;
    for (uint32_t i = 0; i < program->options->layer_count; i++) {
        const struct layer_options *options = &program->options->layers[i];
        if (!is_called(program, options->node, node->name) && fnmatch(options->node, layer->name, 0) != 0) continue;
        override(&precision, &options->precision);
        overridden |= precision_fields(&options->precision);
        program_use_layer(program, i, wanted);
    }
    program->used |= wanted & ~overridden;
    return precision;
}
