/* HLS C++ for elementwise arithmetic, ReLU too: a template for equal shapes, a loop nest where operands broadcast. */
#include "codegen/hls/hls.h"

/* Zeros that each element's stored integer has in its array; of the result, that its product gets. */
static const char *zeros(struct hls_writer *writer, const struct node *node, const char *what, valref value,
                         bool result) {
    size_t count = hls_elements(writer, value);
    int64_t *out = ARENA_ARRAY(writer->arena, int64_t, count);
    for (size_t i = 0; i < count; i++) {
        int fraction = graph_format(writer->graph, value, i).fraction;
        if (result) {
            fraction = 0;
            for (int k = 0; k < 2; k++)
                fraction += graph_format(writer->graph, node->inputs[k],
                                         shape_project(hls_shape(writer, value), i, hls_shape(writer, node->inputs[k])))
                                .fraction;
        }
        out[i] =
            graph_format(writer->graph, value, i).width <= 0 ? 0 : writer->containers[value.id].fraction - fraction;
    }
    return hls_integers(writer, node->name, what, out, count);
}

static void print_times(struct hls_writer *writer, const struct node *node, struct nest *nest) {
    const char *i = nest_index(nest, 0), *a = nest_index(nest, 1), *b = nest_index(nest, 2);
    strbuf_printf(&writer->layers, "y[%s] = bxc_times<%s>(%s[%s], %s[%s], %s[%s], %s[%s], %s[%s]);\n", i,
                  writer->type_names[node->result.id], hls_operand(writer, node, 0), a,
                  zeros(writer, node, "left_zeros", node->inputs[0], false), a, hls_operand(writer, node, 1), b,
                  zeros(writer, node, "right_zeros", node->inputs[1], false), b,
                  zeros(writer, node, "zeros", node->result, true), i);
}

/* Whether the type of a product of two elements can be had. */
static bool has_type(const struct hls_writer *writer, const struct node *node) {
    return hls_product_bits(writer, node) <= HLS_PRODUCT_BITS;
}

static int emit_nest(struct hls_writer *writer, const struct node *node) {
    const char *y = writer->type_names[node->result.id];
    const char *a = hls_operand(writer, node, 0), *b = hls_operand(writer, node, 1);
    struct nest nest;
    nest_start(&nest, writer->arena, hls_shape(writer, node->result));
    nest_broadcast(&nest, hls_shape(writer, node->result));
    nest_broadcast(&nest, hls_shape(writer, node->inputs[0]));
    nest_broadcast(&nest, hls_shape(writer, node->inputs[1]));
    nest_finish(&nest);
    nest_open(&nest, &writer->layers, true);
    if (node->op == OP_MUL && !has_type(writer, node))
        print_times(writer, node, &nest);
    else if (node->op == OP_MUL)
        strbuf_printf(&writer->layers, "y[%s] = %s[%s] * %s[%s];\n", nest_index(&nest, 0), a, nest_index(&nest, 1), b,
                      nest_index(&nest, 2));
    else
        strbuf_printf(&writer->layers, "y[%s] = %s(%s[%s]) %c %s(%s[%s]);\n", nest_index(&nest, 0), y, a,
                      nest_index(&nest, 1), node->op == OP_ADD ? '+' : '-', y, b, nest_index(&nest, 2));
    nest_close(&nest, &writer->layers, true);
    return 0;
}

int hls_emit_elementwise(struct hls_writer *writer, const struct node *node) {
    const char *a = hls_operand(writer, node, 0), *b = hls_operand(writer, node, 1);
    size_t count = hls_elements(writer, node->result);
    const char *function = node->op == OP_ADD ? "bxc_add" : node->op == OP_SUB ? "bxc_sub" : "bxc_mul";
    bool typed = node->op != OP_MUL || has_type(writer, node);
    if (typed && hls_elements(writer, node->inputs[0]) == count && hls_elements(writer, node->inputs[1]) == count)
        return hls_call(writer, node, function, arena_printf(writer->arena, "%zu", count),
                        arena_printf(writer->arena, "%s, %s, y", a, b));
    if (hls_open(writer, node)) return -1;
    emit_nest(writer, node);
    hls_close(writer);
    return 0;
}

int hls_emit_relu(struct hls_writer *writer, const struct node *node) {
    return hls_call(writer, node, "bxc_relu", arena_printf(writer->arena, "%zu", hls_elements(writer, node->result)),
                    arena_printf(writer->arena, "%s, y", hls_operand(writer, node, 0)));
}
