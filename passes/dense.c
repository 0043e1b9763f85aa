/* Dense layers of float networks, found and given new numbers. */
#include "passes/dense.h"

#include <float.h>
#include <math.h>

noderef sole_reader(const struct graph *graph, valref value) {
    bool output;
    noderef reader = graph_sole_reader(graph, value, &output);
    return output ? NO_NODE : reader;
}

bool is_per_column(const struct shape *constant, const struct shape *shape) {
    size_t count = shape_elements(constant);
    if (count == 1) return constant->rank <= shape->rank;
    return constant->rank >= 1 && constant->rank <= shape->rank && (size_t)constant->dim[constant->rank - 1] == count &&
           constant->dim[constant->rank - 1] == shape->dim[shape->rank - 1];
}

static void find_bias(const struct graph *graph, struct dense *dense) {
    const struct value *product = graph_value(graph, dense->end);
    noderef reader = sole_reader(graph, dense->end);
    if (reader.id == UINT32_MAX || graph_node(graph, reader)->op != OP_ADD) return;
    const struct node *add = graph_node(graph, reader);
    uint32_t slot = valref_equal(add->inputs[0], dense->end) ? 1 : 0;
    if (!graph_reals(graph, add->inputs[slot]) ||
        !is_per_column(&graph_value(graph, add->inputs[slot])->shape, &product->shape))
        return;
    dense->bias = reader;
    dense->bias_slot = slot;
    dense->end = add->result;
}

bool dense_at(const struct graph *graph, noderef ref, struct dense *out) {
    const struct node *node = graph_node(graph, ref);
    if (node->dead || node->op != OP_MATMUL) return false;
    const float *weights = graph_reals(graph, node->inputs[1]);
    const struct shape *shape = &graph_value(graph, node->inputs[1])->shape;
    if (!weights || shape->rank != 2) return false;
    *out = (struct dense){.matmul = ref,
                          .bias = NO_NODE,
                          .end = node->result,
                          .depth = (size_t)shape->dim[0],
                          .columns = (size_t)shape->dim[1],
                          .weights = weights};
    find_bias(graph, out);
    return true;
}

double dense_bias(const struct graph *graph, const struct dense *dense, size_t column) {
    if (dense->bias.id == UINT32_MAX) return 0;
    valref constant = graph_node(graph, dense->bias)->inputs[dense->bias_slot];
    const struct shape *shape = &graph_value(graph, constant)->shape;
    return (double)graph_reals(graph, constant)[shape_elements(shape) == 1 ? 0 : column];
}

/* Rounded to binary32; NULL when one is not finite there. */
static float *rounded(struct arena *arena, const double *numbers, size_t count) {
    float *out = ARENA_ARRAY(arena, float, count + 1);
    for (size_t i = 0; i < count; i++) {
        if (!(fabs(numbers[i]) <= (double)FLT_MAX)) return NULL;
        out[i] = (float)numbers[i];
    }
    return out;
}

static void replace_constant(struct graph *graph, noderef reader, uint32_t slot, struct shape shape,
                             const float *reals) {
    const char *name = graph_definition(graph, graph_node(graph, reader)->inputs[slot])->name;
    valref constant = graph_append_reals(graph, name, shape, reals);
    graph_set_operand(graph, graph_node(graph, reader), slot, constant);
}

static void append_bias(struct graph *graph, valref product, struct shape shape, const float *reals) {
    const char *name = arena_printf(graph->arena, "%s.bias", graph_definition(graph, product)->name);
    valref operands[2] = {product,
                          graph_append_reals(graph, arena_printf(graph->arena, "%s.constant", name), shape, reals)};
    valref sum = graph_append(graph, OP_ADD, name, operands, 2, NULL);
    graph_replace(graph, product, sum);
}

static bool any_number(const float *reals, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (reals[i] != 0) return true;
    return false;
}

bool dense_replace(struct graph *graph, const struct dense *dense, size_t depth, size_t columns, const double *weights,
                   const double *bias) {
    struct arena *scratch = arena_new(graph->context);
    const float *new_weights = rounded(scratch, weights, depth * columns), *new_bias = rounded(scratch, bias, columns);
    bool fits = new_weights && new_bias;
    if (fits) {
        struct shape row = {.rank = 1, .dim = {(int64_t)columns}};
        replace_constant(graph, dense->matmul, 1, (struct shape){.rank = 2, .dim = {(int64_t)depth, (int64_t)columns}},
                         new_weights);
        if (dense->bias.id != UINT32_MAX)
            replace_constant(graph, dense->bias, dense->bias_slot, row, new_bias);
        else if (any_number(new_bias, columns))
            append_bias(graph, graph_node(graph, dense->matmul)->result, row, new_bias);
    }
    arena_free(scratch);
    return fits;
}
