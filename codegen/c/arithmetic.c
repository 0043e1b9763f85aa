/* C for elementwise arithmetic: operands broadcast by strides, fractions aligned by constant factors; and for ReLU. */
#include "codegen/c/c.h"

struct pair { /* the two operands of a node, element by element of its result */
    struct nest nest;
    int result, a, b;
    const char *index, *index_a, *index_b;
};

static void pair_start(struct c_writer *writer, const struct node *node, struct pair *pair) {
    const struct shape *shape = &graph_value(writer->graph, node->result)->shape;
    nest_start(&pair->nest, writer->arena, shape);
    pair->result = nest_broadcast(&pair->nest, shape);
    pair->a = nest_broadcast(&pair->nest, &graph_value(writer->graph, node->inputs[0])->shape);
    pair->b = nest_broadcast(&pair->nest, &graph_value(writer->graph, node->inputs[1])->shape);
    nest_finish(&pair->nest);
    pair->index = nest_index(&pair->nest, pair->result);
    pair->index_a = nest_index(&pair->nest, pair->a);
    pair->index_b = nest_index(&pair->nest, pair->b);
}

/* Factors that align operand `input` with each element of the result, and the largest magnitude then. */
static int align_operand(struct c_writer *writer, const struct node *node, uint32_t input, int64_t *factors,
                         int128 *largest) {
    const struct shape *shape = &graph_value(writer->graph, node->result)->shape;
    valref value = node->inputs[input];
    size_t count = c_elements(writer, node->result);
    for (size_t i = 0; i < count; i++) {
        size_t from = shape_project(shape, i, &graph_value(writer->graph, value)->shape);
        if (c_align(writer, node, value, from, graph_format(writer->graph, node->result, i).fraction, &factors[i]))
            return -1;
        int128 magnitude = c_largest(writer, value, from) * factors[i];
        if (magnitude > largest[i]) largest[i] = magnitude;
    }
    return 0;
}

int c_emit_add(struct c_writer *writer, const struct node *node) {
    size_t count = c_elements(writer, node->result);
    int64_t *factors[2];
    int128 *largest[2], bound = 0;
    for (uint32_t i = 0; i < 2; i++) {
        factors[i] = ARENA_ARRAY(writer->arena, int64_t, count);
        largest[i] = ARENA_ARRAY(writer->arena, int128, count);
        if (align_operand(writer, node, i, factors[i], largest[i])) return -1;
    }
    for (size_t i = 0; i < count; i++)
        if (largest[0][i] + largest[1][i] > bound) bound = largest[0][i] + largest[1][i];
    struct pair pair;
    pair_start(writer, node, &pair);
    struct c_numbers scale_a = c_numbers(writer, node, "scale_a", factors[0], count);
    struct c_numbers scale_b = c_numbers(writer, node, "scale_b", factors[1], count);
    const char *type = c_sum_type(bound), *a = c_operand(writer, node, 0), *b = c_operand(writer, node, 1);
    c_function_open(writer, node);
    nest_open(&pair.nest, &writer->layer, false);
    strbuf_printf(&writer->layer, "y[%s] = (%s)((%s)%s[%s]%s %s (%s)%s[%s]%s);\n", pair.index,
                  c_value_type(writer, node->result), type, a, pair.index_a, c_times(writer, &scale_a, pair.index),
                  node->op == OP_SUB ? "-" : "+", type, b, pair.index_b, c_times(writer, &scale_b, pair.index));
    nest_close(&pair.nest, &writer->layer, false);
    c_function_close(writer, node);
    return 0;
}

/* Fractions of factors add, so products need no alignment. */
int c_emit_mul(struct c_writer *writer, const struct node *node) {
    const struct graph *graph = writer->graph;
    const struct shape *shape = &graph_value(graph, node->result)->shape;
    int128 bound = 0;
    for (size_t i = 0; i < c_elements(writer, node->result); i++) {
        size_t a = shape_project(shape, i, &graph_value(graph, node->inputs[0])->shape);
        size_t b = shape_project(shape, i, &graph_value(graph, node->inputs[1])->shape);
        /* each at least 1, so that a large operand times 0 counts too */
        int128 product = (c_largest(writer, node->inputs[0], a) + 1) * (c_largest(writer, node->inputs[1], b) + 1);
        if (product > bound) bound = product;
    }
    struct pair pair;
    pair_start(writer, node, &pair);
    const char *type = c_sum_type(bound), *a = c_operand(writer, node, 0), *b = c_operand(writer, node, 1);
    c_function_open(writer, node);
    nest_open(&pair.nest, &writer->layer, false);
    strbuf_printf(&writer->layer, "y[%s] = (%s)((%s)%s[%s] * (%s)%s[%s]);\n", pair.index,
                  c_value_type(writer, node->result), type, a, pair.index_a, type, b, pair.index_b);
    nest_close(&pair.nest, &writer->layer, false);
    c_function_close(writer, node);
    return 0;
}

int c_emit_relu(struct c_writer *writer, const struct node *node) {
    const char *x = c_operand(writer, node, 0), *type = c_value_type(writer, node->result);
    c_function_open(writer, node);
    strbuf_printf(&writer->layer, "    for (int i = 0; i < %zu; i++)\n        y[i] = %s[i] > 0 ? (%s)%s[i] : 0;\n",
                  c_elements(writer, node->result), x, type, x);
    c_function_close(writer, node);
    return 0;
}
