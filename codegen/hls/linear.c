/* HLS C++ for matrix products: a dense layer is one call, stacks of matrices one call a matrix. */
#include "codegen/hls/hls.h"
#include "ir/geometry.h"

static struct matrix_product product_of(const struct hls_writer *writer, const struct node *node) {
    return product_geometry(writer->arena, hls_shape(writer, node->inputs[0]), hls_shape(writer, node->inputs[1]));
}

void hls_grid_add_products(const struct hls_writer *writer, const struct node *node, struct hls_grid *grid) {
    const struct matrix_product p = product_of(writer, node);
    for (size_t element = 0; element < hls_elements(writer, node->result); element++) {
        if (graph_format(writer->graph, node->result, element).width > 0) continue;
        struct product_term at = product_first(&p, element);
        for (size_t k = 0; k < p.depth; k++, product_next(&p, &at)) {
            struct format a = graph_format(writer->graph, node->inputs[0], at.left);
            struct format b = graph_format(writer->graph, node->inputs[1], at.right);
            if (a.width > 0 && b.width > 0) hls_grid_add(grid, a.fraction + b.fraction);
        }
    }
}

int hls_emit_matmul(struct hls_writer *writer, const struct node *node) {
    const char *name_a = hls_operand(writer, node, 0), *name_b = hls_operand(writer, node, 1);
    const struct matrix_product p = product_of(writer, node);
    if (hls_product_bits(writer, node) > HLS_PRODUCT_BITS)
        return diag_error(&writer->graph->context->diagnostics, graph_location(writer->graph, node),
                          "give each operand's elements nearer formats",
                          "the products of its operands' elements need %d bits in HLS C++, which has %d",
                          hls_product_bits(writer, node), HLS_PRODUCT_BITS);
    if (p.batches == 1 && p.rows == 1)
        return hls_call(writer, node, "bxc_dense", arena_printf(writer->arena, "%zu, %zu", p.depth, p.columns),
                        arena_printf(writer->arena, "%s, %s, y", name_a, name_b));
    if (hls_open(writer, node)) return -1;
    for (size_t i = 0; i < p.batches; i++)
        strbuf_printf(&writer->layers, "    bxc_matmul<%zu, %zu, %zu>(%s, %zu, %s, %zu, y, %zu);\n", p.rows, p.depth,
                      p.columns, name_a, p.left[i], name_b, p.right[i], i * p.rows * p.columns);
    hls_close(writer);
    return 0;
}
