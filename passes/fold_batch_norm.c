/* Folds batch normalisation, and every other scaling and shift by constants along the last axis,
 * into the weights and bias of the float layer before or behind it: a trained network is a matrix, a
 * bias and an activation a layer, and so it should be quantised.
 *
 *   behind a layer:   s * (x W + b) + t  =  x (W s) + (s b + t)       columns are scaled
 *   in front of one:  (s x + t) W + b    =  x (s W) + (t W + b)       rows are scaled
 *
 * It is done in binary64 and rounded once. The layer before is tried first. Both ends must have a
 * single reader, and weights must be plain constants: what a quantiser made stays as it is. Between the two elements
 * may move, as those of convolutions do, as long as all of a column, or of a row, are scaled alike. */
#include "passes/dense.h"

#include "ir/geometry.h"
#include "ir/ops.h"
#include "passes/table.h"

#include <math.h>

/* y = scale[c] * x + offset[c] for the elements of column (or row) c of a layer. */
struct affine {
    double *scale, *offset;
};

/* Which column, or row, an element belongs to: `of` by element, where they moved; else it is element % count. */
struct columns {
    size_t count;
    const size_t *of;
};

static size_t column_at(const struct columns *columns, size_t element) {
    return columns->of ? columns->of[element] : element % columns->count;
}

/* What the node does to its operand, if that is scaling and shifting by constants, the same for all of a column. The
 * columns are those of the elements of its result. */
static bool affine_at(const struct graph *graph, const struct node *node, valref operand, const struct columns *columns,
                      struct arena *arena, struct affine *out) {
    const struct shape *shape = &graph_value(graph, operand)->shape;
    struct op_step step;
    uint32_t slot;
    if (shape->rank < 1 || !shape_equal(shape, &graph_value(graph, node->result)->shape) || !op_is_affine(node->op) ||
        !graph_step_slot(graph, node, &slot) || !valref_equal(node->inputs[slot], operand) ||
        !graph_step(graph, node, slot, arena, &step))
        return false;
    *out = (struct affine){ARENA_ARRAY(arena, double, columns->count), ARENA_ARRAY(arena, double, columns->count)};
    bool *known = ARENA_ARRAY(arena, bool, columns->count);
    for (size_t e = 0; e < shape_elements(shape); e++) {
        size_t c = column_at(columns, e);
        double scale, offset;
        if (!step_affine(&step, e, &scale, &offset) || !isfinite(scale) || !isfinite(offset)) return false;
        if (known[c] && (scale != out->scale[c] || offset != out->offset[c])) return false;
        out->scale[c] = scale;
        out->offset[c] = offset;
        known[c] = true;
    }
    for (size_t c = 0; c < columns->count; c++)
        if (!known[c]) return false;
    return true;
}

/* Each element of the result of a movement belongs where the one does that it is. */
static struct columns moved_on(const struct graph *graph, const struct node *node, const struct columns *columns,
                               struct arena *arena) {
    const struct movement *map = movement_map(graph, node, arena);
    size_t count = shape_elements(&graph_value(graph, node->result)->shape);
    size_t *of = ARENA_ARRAY(arena, size_t, count);
    for (size_t e = 0; e < count; e++) of[e] = column_at(columns, map[e].element);
    return (struct columns){columns->count, of};
}

/* The other way round; false where an element has several readers that belong to different rows, or none. */
static bool moved_back(const struct graph *graph, const struct node *node, struct columns *columns,
                       struct arena *arena) {
    const struct movement *map = movement_map(graph, node, arena);
    size_t count = shape_elements(&graph_value(graph, node->result)->shape),
           sources = shape_elements(&graph_value(graph, node->inputs[0])->shape);
    size_t *of = ARENA_ARRAY(arena, size_t, sources);
    for (size_t e = 0; e < sources; e++) of[e] = SIZE_MAX;
    for (size_t e = 0; e < count; e++) {
        size_t c = column_at(columns, e), *at = &of[map[e].element];
        if (*at != SIZE_MAX && *at != c) return false;
        *at = c;
    }
    for (size_t e = 0; e < sources; e++)
        if (of[e] == SIZE_MAX) return false;
    columns->of = of;
    return true;
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
    struct columns columns = {dense.columns, NULL};
    valref end = dense.end;
    noderef reader = sole_reader(graph, end);
    while (reader.id != UINT32_MAX && op_moves_one(graph_node(graph, reader)->op)) {
        columns = moved_on(graph, graph_node(graph, reader), &columns, arena);
        end = graph_node(graph, reader)->result;
        reader = sole_reader(graph, end);
    }
    if (reader.id == UINT32_MAX || !affine_at(graph, graph_node(graph, reader), end, &columns, arena, &affine))
        return false;
    if (!scale_columns(graph, &dense, &affine, arena)) return false;
    note(program, graph_node(graph, matmul)->name, graph_node(graph, reader));
    dense_at(graph, matmul, &dense); /* it may have got its bias now */
    remove_node(graph, reader, columns.of ? end : dense.end);
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
    struct columns rows = {dense.depth, NULL};
    noderef reader = matmul, ref = graph_value(graph, x)->definition;
    while (sole_reader(graph, x).id == reader.id && op_moves_one(graph_node(graph, ref)->op)) {
        if (!moved_back(graph, graph_node(graph, ref), &rows, arena)) return false;
        reader = ref;
        x = graph_node(graph, ref)->inputs[0];
        ref = graph_value(graph, x)->definition;
    }
    valref operand = variable_operand(graph, graph_node(graph, ref));
    if (valref_equal(operand, NO_VALUE) || sole_reader(graph, x).id != reader.id) return false;
    if (is_bias(graph, ref, operand) || !affine_at(graph, graph_node(graph, ref), operand, &rows, arena, &affine))
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
