/* Removes hidden neurons that are dead: those that the next layer multiplies by zeros alone, and
 * those with zeros alone as weights, which are constants and belong to the next layer's bias.
 * Pruning makes both. One removal may kill a neuron of the layer before, so it repeats to the end.
 *
 * It looks at two float layers with nothing but activations between them and no other reader. */
#include "passes/dense.h"

#include "ir/ops.h"
#include "ir/verify.h"
#include "passes/table.h"

#include <math.h>

struct pair {
    struct dense layer, next;
    valref activation; /* what the next layer reads */
};

enum fate { ALIVE, UNREAD, CONSTANT };

struct census {
    enum fate *fate; /* one a neuron */
    size_t kept, unread, constant;
};

static bool is_unary(const struct node *node) {
    float ignored;
    return op_unary_real(node, 0, &ignored);
}

/* The layer at a node and the one that reads it. */
static bool pair_at(const struct graph *graph, noderef ref, struct pair *out) {
    if (!dense_at(graph, ref, &out->layer) || graph_value(graph, out->layer.end)->shape.rank != 2) return false;
    out->activation = out->layer.end;
    noderef reader = sole_reader(graph, out->activation);
    while (reader.id != UINT32_MAX && is_unary(graph_node(graph, reader))) {
        out->activation = graph_node(graph, reader)->result;
        reader = sole_reader(graph, out->activation);
    }
    return reader.id != UINT32_MAX && dense_at(graph, reader, &out->next) &&
           valref_equal(graph_node(graph, reader)->inputs[0], out->activation);
}

/* A neuron without weights, through the activations behind its layer, in the model's own arithmetic. */
static float constant_of(const struct graph *graph, const struct pair *pair, size_t neuron) {
    float x = (float)dense_bias(graph, &pair->layer, neuron);
    for (valref at = pair->layer.end; !valref_equal(at, pair->activation);) {
        const struct node *node = graph_node(graph, sole_reader(graph, at));
        float y = 0;
        op_unary_real(node, x, &y);
        x = y;
        at = node->result;
    }
    return x;
}

static bool is_unread(const struct pair *pair, size_t neuron) {
    for (size_t n = 0; n < pair->next.columns; n++)
        if (pair->next.weights[neuron * pair->next.columns + n] != 0) return false;
    return true;
}

static bool is_constant(const struct pair *pair, size_t neuron) {
    for (size_t k = 0; k < pair->layer.depth; k++)
        if (pair->layer.weights[k * pair->layer.columns + neuron] != 0) return false;
    return true;
}

/* Who is dead; one neuron stays in any case. */
static struct census take_census(const struct graph *graph, const struct pair *pair, struct arena *arena) {
    struct census census = {.fate = ARENA_ARRAY(arena, enum fate, pair->layer.columns)};
    for (size_t n = pair->layer.columns; n-- > 0;) {
        if (n == 0 && census.kept == 0)
            census.fate[n] = ALIVE;
        else if (is_unread(pair, n))
            census.fate[n] = UNREAD;
        else if (is_constant(pair, n) && isfinite(constant_of(graph, pair, n)))
            census.fate[n] = CONSTANT;
        census.kept += census.fate[n] == ALIVE;
        census.unread += census.fate[n] == UNREAD;
        census.constant += census.fate[n] == CONSTANT;
    }
    return census;
}

/* The next layer without the rows of dead neurons; what constant ones gave goes into its bias. */
static bool shrink_next(struct graph *graph, const struct pair *pair, const struct census *census,
                        struct arena *arena) {
    const struct dense *next = &pair->next;
    double *weights = ARENA_ARRAY(arena, double, census->kept * next->columns),
           *bias = ARENA_ARRAY(arena, double, next->columns);
    for (size_t n = 0; n < next->columns; n++) bias[n] = dense_bias(graph, next, n);
    size_t row = 0;
    for (size_t k = 0; k < next->depth; k++) {
        double constant = census->fate[k] == CONSTANT ? (double)constant_of(graph, pair, k) : 0;
        for (size_t n = 0; n < next->columns; n++) {
            double weight = (double)next->weights[k * next->columns + n];
            if (census->fate[k] == ALIVE) weights[row * next->columns + n] = weight;
            bias[n] += constant * weight;
        }
        row += census->fate[k] == ALIVE;
    }
    return dense_replace(graph, next, census->kept, next->columns, weights, bias);
}

static bool shrink_layer(struct graph *graph, const struct pair *pair, const struct census *census,
                         struct arena *arena) {
    const struct dense *layer = &pair->layer;
    double *weights = ARENA_ARRAY(arena, double, layer->depth * census->kept),
           *bias = ARENA_ARRAY(arena, double, census->kept);
    size_t column = 0;
    for (size_t n = 0; n < layer->columns; n++) {
        if (census->fate[n] != ALIVE) continue;
        for (size_t k = 0; k < layer->depth; k++)
            weights[k * census->kept + column] = (double)layer->weights[k * layer->columns + n];
        bias[column++] = dense_bias(graph, layer, n);
    }
    return dense_replace(graph, layer, layer->depth, census->kept, weights, bias);
}

/* Whether the layer at a node lost neurons; the graph is in order again then. -1 after a diagnosis. */
static int remove_dead(struct program *program, noderef ref, struct arena *arena) {
    struct graph *graph = program->graph;
    struct pair pair;
    if (!pair_at(graph, ref, &pair)) return 0;
    struct census census = take_census(graph, &pair, arena);
    if (census.kept == pair.layer.columns || !shrink_next(graph, &pair, &census, arena)) return 0;
    shrink_layer(graph, &pair, &census, arena);
    program_note(program, "dead_neurons", graph_node(graph, ref)->name, (double)(census.unread + census.constant),
                 "neurons removed: %zu that nothing read, %zu constant ones; %zu stay", census.unread, census.constant,
                 census.kept);
    graph_compact(graph);
    return graph_infer(graph) < 0 ? -1 : 1;
}

static int sweep(struct program *program) {
    struct arena *scratch = arena_new(program->context);
    int removed = 0;
    for (uint32_t n = 0; n < program->graph->node_count && removed == 0; n++)
        removed = remove_dead(program, (noderef){n}, scratch);
    arena_free(scratch);
    return removed;
}

int pass_dead_neurons(struct program *program, bool *changed) {
    int removed;
    *changed = false;
    while ((removed = sweep(program)) > 0) *changed = true;
    return removed;
}
