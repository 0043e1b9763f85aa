/* HLS C++ for elementwise arithmetic: a template for equal shapes, a loop nest where operands broadcast. */
#include "codegen/hls/hls.h"

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
    if (node->op == OP_MUL)
        strbuf_printf(&writer->layers, "y[%s] = %s[%s] * %s[%s];\n", nest_index(&nest, 0), a, nest_index(&nest, 1), b, nest_index(&nest, 2));
    else
        strbuf_printf(&writer->layers, "y[%s] = %s(%s[%s]) %c %s(%s[%s]);\n", nest_index(&nest, 0), y, a, nest_index(&nest, 1),
                      node->op == OP_ADD ? '+' : '-', y, b, nest_index(&nest, 2));
    nest_close(&nest, &writer->layers, true);
    return 0;
}

int hls_emit_elementwise(struct hls_writer *writer, const struct node *node) {
    const char *a = hls_operand(writer, node, 0), *b = hls_operand(writer, node, 1);
    size_t count = hls_elements(writer, node->result);
    const char *function = node->op == OP_ADD ? "bxc_add" : node->op == OP_SUB ? "bxc_sub" : "bxc_mul";
    if (node->op == OP_MUL && hls_product(writer, node)) return -1;
    if (hls_elements(writer, node->inputs[0]) == count && hls_elements(writer, node->inputs[1]) == count)
        return hls_call(writer, node, function, arena_printf(writer->arena, "%zu", count), arena_printf(writer->arena, "%s, %s, y", a, b));
    if (hls_open(writer, node)) return -1;
    emit_nest(writer, node);
    hls_close(writer);
    return 0;
}
