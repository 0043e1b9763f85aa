/* Folds batch normalisation, and every other scaling and shift by constants along the last axis,
 * into the weights and bias of the float layer before or behind it: a trained network is a matrix, a
 * bias and an activation a layer, and so it should be quantised.
 *
 *   behind a layer:   s * (x W + b) + t  =  x (W s) + (s b + t)       columns are scaled
 *   in front of one:  (s x + t) W + b    =  x (s W) + (t W + b)       rows are scaled
 *
 * It is done in binary64 and rounded once. The layer before is tried first. Both ends must have a
 * single reader, and weights must be plain constants: what a quantiser made stays as it is. */
#include "passes/dense.h"

#include "ir/ops.h"
#include "passes/table.h"

#include <math.h>

/* y[e] = scale[c] * x[e] + offset[c] for the element e with index c along the last axis. */
struct affine {
    size_t count;
    double *scale, *offset;
};

/* A constant operand's number for each column; NULL where it has several. */
static const float *numbers_by_column(const struct graph *graph, const struct node *node, uint32_t slot, size_t columns,
                                      struct arena *arena) {
    const float *reals = graph_reals(graph, node->inputs[slot]);
    const struct shape *shape = &graph_value(graph, node->inputs[slot])->shape,
                       *result = &graph_value(graph, node->result)->shape;
    bool by_column = op_meaning(node->op)->by_channel ? result->rank == 2 : is_per_column(shape, result);
    if (!reals || !by_column) return NULL;
    float *numbers = ARENA_ARRAY(arena, float, columns);
    for (size_t c = 0; c < columns; c++) numbers[c] = reals[shape_elements(shape) == 1 ? 0 : c];
    return numbers;
}

/* What the node does to its operand, if that is scaling and shifting by constants. */
static bool affine_at(const struct graph *graph, const struct node *node, valref operand, struct arena *arena,
                      struct affine *out) {
    const struct shape *shape = &graph_value(graph, operand)->shape;
    struct op_step step = {.node = node};
    if (shape->rank < 1 || !shape_equal(shape, &graph_value(graph, node->result)->shape) || !op_is_affine(node->op) ||
        !graph_step_slot(graph, node, &step.slot) || !valref_equal(node->inputs[step.slot], operand))
        return false;
    size_t count = (size_t)shape->dim[shape->rank - 1];
    *out = (struct affine){count, ARENA_ARRAY(arena, double, count), ARENA_ARRAY(arena, double, count)};
    bool is = true;
    for (uint32_t k = 0; k < node->input_count && is; k++)
        if (k != step.slot) is = (step.constants[k] = numbers_by_column(graph, node, k, count, arena)) != NULL;
    for (size_t c = 0; is && c < count; c++)
        is = step_affine(&step, c, &out->scale[c], &out->offset[c]) && isfinite(out->scale[c]) &&
             isfinite(out->offset[c]);
    return is;
}

/* The operand of a node that may be affine: the one that is no constant. */
static valref variable_operand(const struct graph *graph, const struct node *node) {
    if (node->input_count == 2 && graph_reals(graph, node->inputs[0])) return node->inputs[1];
    return node->input_count ? node->inputs[0] : NO_VALUE;
}

static bool scale_columns(struct graph *graph, const struct dense *dense, const struct affine *affine,
                          struct arena *arena) {
    double *weights = ARENA_ARRAY(arena, double, dense->depth * dense->columns),
           *bias = ARENA_ARRAY(arena, double, dense->columns);
    for (size_t k = 0; k < dense->depth; k++)
        for (size_t n = 0; n < dense->columns; n++)
            weights[k * dense->columns + n] = (double)dense->weights[k * dense->columns + n] * affine->scale[n];
    for (size_t n = 0; n < dense->columns; n++)
        bias[n] = dense_bias(graph, dense, n) * affine->scale[n] + affine->offset[n];
    return dense_replace(graph, dense, dense->depth, dense->columns, weights, bias);
}

static bool scale_rows(struct graph *graph, const struct dense *dense, const struct affine *affine,
                       struct arena *arena) {
    double *weights = ARENA_ARRAY(arena, double, dense->depth * dense->columns),
           *bias = ARENA_ARRAY(arena, double, dense->columns);
    for (size_t n = 0; n < dense->columns; n++) bias[n] = dense_bias(graph, dense, n);
    for (size_t k = 0; k < dense->depth; k++)
        for (size_t n = 0; n < dense->columns; n++) {
            double weight = (double)dense->weights[k * dense->columns + n];
            weights[k * dense->columns + n] = weight * affine->scale[k];
            bias[n] += weight * affine->offset[k];
        }
    return dense_replace(graph, dense, dense->depth, dense->columns, weights, bias);
}

/* The node goes; its readers read what took its place. */
static void remove_node(struct graph *graph, noderef ref, valref replacement) {
    graph_replace(graph, graph_node(graph, ref)->result, replacement);
    graph_node(graph, ref)->dead = true;
}

static void note(struct program *program, const char *layer, const struct node *node) {
    program_note(program, "fold_batch_norm", layer, (double)NAN, "'%s' (%s) folded in", node->name,
                 node->source_op ? node->source_op : op_info(node->op)->name);
}

static bool fold_behind(struct program *program, noderef matmul, struct arena *arena) {
    struct graph *graph = program->graph;
    struct dense dense;
    struct affine affine;
    if (!dense_at(graph, matmul, &dense)) return false;
    noderef reader = sole_reader(graph, dense.end);
    if (reader.id == UINT32_MAX || !affine_at(graph, graph_node(graph, reader), dense.end, arena, &affine))
        return false;
    if (!scale_columns(graph, &dense, &affine, arena)) return false;
    note(program, graph_node(graph, matmul)->name, graph_node(graph, reader));
    dense_at(graph, matmul, &dense); /* it may have got its bias now */
    remove_node(graph, reader, dense.end);
    return true;
}

/* Whether the node is the bias of a layer, which stays with it. */
static bool is_bias(const struct graph *graph, noderef ref, valref operand) {
    struct dense before;
    return dense_at(graph, graph_value(graph, operand)->definition, &before) && before.bias.id == ref.id;
}

static bool fold_in_front(struct program *program, noderef matmul, struct arena *arena) {
    struct graph *graph = program->graph;
    struct dense dense;
    struct affine affine;
    if (!dense_at(graph, matmul, &dense)) return false;
    valref x = graph_node(graph, matmul)->inputs[0];
    noderef ref = graph_value(graph, x)->definition;
    valref operand = variable_operand(graph, graph_node(graph, ref));
    if (valref_equal(operand, NO_VALUE) || sole_reader(graph, x).id != matmul.id) return false;
    if (is_bias(graph, ref, operand) || !affine_at(graph, graph_node(graph, ref), operand, arena, &affine))
        return false;
    if (!scale_rows(graph, &dense, &affine, arena)) return false;
    note(program, graph_node(graph, matmul)->name, graph_node(graph, ref));
    remove_node(graph, ref, operand);
    return true;
}

int pass_fold_batch_norm(struct program *program, bool *changed) {
    struct graph *graph = program->graph;
    *changed = false;
    uint32_t count = graph->node_count;
    for (uint32_t n = 0; n < count; n++) {
        struct arena *scratch = arena_new(program->context);
        while (fold_behind(program, (noderef){n}, scratch) || fold_in_front(program, (noderef){n}, scratch))
            *changed = true;
        arena_free(scratch);
    }
    if (*changed) graph_compact(graph);
    return 0;
}
