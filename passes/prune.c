/* Pruning by magnitude: the smallest weights of constant matrix products become zero, ties in the
 * order of the network. A layer that has a sparsity of its own, or every layer when asked, is
 * pruned by itself; the others share one threshold.
 *
 * It runs before anything is folded, on weights as they were trained: folding scales columns and
 * rows, and magnitudes would no longer compare. Weights that the model quantises are taken as they are. */
#include "passes/table.h"

#include <float.h>
#include <fnmatch.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

struct layer {
    noderef node;
    float *weights; /* a copy, being pruned */
    size_t count;
    double sparsity;
    bool alone;    /* pruned by itself */
    uint32_t like; /* the first layer that reads the same weights and is asked the same: they are pruned once */
};

struct layers {
    struct layer *at;
    uint32_t count;
};

/* Takes what is asked of a layer by name, or of the network. */
static double layer_sparsity(struct program *program, const char *name, bool has_weights, bool *alone) {
    const struct compile_options *options = program->options;
    double sparsity = options->sparsity;
    *alone = options->sparsity_by_layer;
    for (uint32_t i = 0; i < options->layer_count; i++) {
        if (options->layers[i].sparsity < 0 || fnmatch(options->layers[i].node, name, 0) != 0) continue;
        sparsity = options->layers[i].sparsity;
        *alone = true;
        if (has_weights) program_use_layer(program, i, USE_SPARSITY);
    }
    return sparsity;
}

static void take_weights(const struct graph *graph, struct layers *layers, struct layer *layer, const float *weights,
                         struct arena *arena) {
    valref constant = graph_node(graph, layer->node)->inputs[1];
    layer->count = graph_elements(graph, constant);
    for (layer->like = 0; layer->like < layers->count; layer->like++) {
        const struct layer *other = &layers->at[layer->like];
        layer->weights = other->weights;
        if (valref_equal(graph_node(graph, other->node)->inputs[1], constant) && other->alone == layer->alone &&
            other->sparsity == layer->sparsity)
            return;
    }
    layer->weights = arena_copy(arena, weights, layer->count * sizeof *weights);
}

/* Layers in the order of the network; those that cannot be pruned are told. */
static struct layers find_layers(struct program *program, struct arena *arena) {
    const struct graph *graph = program->graph;
    struct layers layers = {ARENA_ARRAY(arena, struct layer, graph->node_count), 0};
    for (uint32_t n = 0; n < graph->node_count; n++) {
        const struct node *node = &graph->nodes[n];
        if (node->dead || node->op != OP_MATMUL) continue;
        struct layer layer = {.node = {n}};
        const float *weights = graph_reals(graph, node->inputs[1]);
        layer.sparsity = layer_sparsity(program, node->name, weights != NULL, &layer.alone);
        if (!weights && layer.sparsity > 0)
            program_note(program, "prune", node->name, (double)NAN,
                         "not pruned: the weights are quantised by the model or no constants");
        if (!weights) continue;
        take_weights(graph, &layers, &layer, weights, arena);
        layers.at[layers.count++] = layer;
    }
    return layers;
}

/* What floor(sparsity * count) means to who wrote the number in decimal: 0.29 of 100 are 29. */
static size_t pruned_count(double sparsity, size_t count) {
    double number = floor(sparsity * (double)count * (1 + 4 * DBL_EPSILON));
    return number >= (double)count ? count : number > 0 ? (size_t)number : 0;
}

static int compare_keys(const void *a, const void *b) {
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

/* Orders by magnitude, then by position. */
static uint64_t key_of(float weight, size_t position) {
    uint32_t bits;
    memcpy(&bits, &weight, sizeof bits);
    return (uint64_t)(bits & 0x7fffffffu) << 32 | (uint32_t)position;
}

/* Zeroes the smallest of the weights of some layers together. */
static void prune_together(struct arena *arena, struct layer *const *layers, uint32_t layer_count, double sparsity) {
    size_t count = 0;
    for (uint32_t i = 0; i < layer_count; i++) count += layers[i]->count;
    uint64_t *keys = ARENA_ARRAY(arena, uint64_t, count + 1);
    float **weights = ARENA_ARRAY(arena, float *, count + 1);
    size_t position = 0;
    for (uint32_t i = 0; i < layer_count; i++)
        for (size_t w = 0; w < layers[i]->count; w++, position++) {
            weights[position] = &layers[i]->weights[w];
            keys[position] = key_of(layers[i]->weights[w], position);
        }
    qsort(keys, count, sizeof *keys, compare_keys);
    size_t zeros = pruned_count(sparsity, count);
    for (size_t i = 0; i < zeros; i++) *weights[(uint32_t)keys[i]] = 0;
}

static void prune_layers(struct program *program, struct layers *layers, struct arena *arena) {
    struct layer **pool = ARENA_ARRAY(arena, struct layer *, layers->count);
    uint32_t pooled = 0;
    for (uint32_t i = 0; i < layers->count; i++) {
        struct layer *layer = &layers->at[i];
        if (layer->like != i) continue;
        if (layer->alone)
            prune_together(arena, &layer, 1, layer->sparsity);
        else
            pool[pooled++] = layer;
    }
    prune_together(arena, pool, pooled, program->options->sparsity);
}

static size_t count_zeros(const struct layer *layer) {
    size_t zeros = 0;
    for (size_t w = 0; w < layer->count; w++) zeros += layer->weights[w] == 0;
    return zeros;
}

/* Puts the pruned weights into the graph, and says how sparse they are; whether any weight changed. */
static bool apply(struct program *program, const struct layers *layers) {
    struct graph *graph = program->graph;
    size_t zeros = 0, count = 0;
    bool any = false;
    for (uint32_t i = 0; i < layers->count; i++) {
        const struct layer *layer = &layers->at[i];
        valref old = graph_node(graph, layer->node)->inputs[1];
        if (memcmp(graph_reals(graph, old), layer->weights, layer->count * sizeof *layer->weights) != 0) {
            valref constant = layer->like != i ? graph_node(graph, layers->at[layer->like].node)->inputs[1]
                                               : graph_append_reals(graph, graph_definition(graph, old)->name,
                                                                    graph_value(graph, old)->shape, layer->weights);
            graph_set_operand(graph, graph_node(graph, layer->node), 1, constant);
            any = true;
        }
        size_t zero = count_zeros(layer);
        if (layer->like != i) continue;
        program_note(program, "prune", graph_node(graph, layer->node)->name, (double)zero / (double)layer->count,
                     "sparsity: %zu of %zu weights are zero", zero, layer->count);
        zeros += zero;
        count += layer->count;
    }
    if (count)
        program_note(program, "prune", NULL, (double)zeros / (double)count,
                     "sparsity of the network: %zu of %zu weights are zero", zeros, count);
    return any;
}

static bool is_asked(const struct compile_options *options) {
    bool asked = options->sparsity > 0;
    for (uint32_t i = 0; i < options->layer_count; i++) asked = asked || options->layers[i].sparsity > 0;
    return asked;
}

int pass_prune(struct program *program, bool *changed) {
    *changed = false;
    program->used |= USE_SPARSITY; /* no share of the weights is one that can be had */
    if (!is_asked(program->options)) return 0;
    struct arena *scratch = arena_new(program->context);
    struct layers layers = find_layers(program, scratch);
    program->used |= USE_PRUNE_SCOPE;
    if (layers.count == 0)
        diag_warning(&program->context->diagnostics, (struct location){.file = program->graph->source}, NULL,
                     "nothing was pruned: no layer has weights that are plain constants");
    prune_layers(program, &layers, scratch);
    *changed = apply(program, &layers);
    arena_free(scratch);
    if (*changed) graph_compact(program->graph);
    return 0;
}
