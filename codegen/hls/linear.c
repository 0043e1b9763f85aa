/* HLS C++ for matrix products: a dense layer is one call, stacks of matrices one call a matrix. */
#include "codegen/hls/hls.h"

static struct shape leading(const struct shape *shape) {
    struct shape out = *shape;
    out.rank = shape->rank > 2 ? shape->rank - 2 : 0;
    return out;
}

/* Rows x depth times depth x columns, for each of the batches that the leading axes broadcast to. */
struct product {
    size_t rows, depth, columns, batches;
    struct shape outer, outer_a, outer_b;
};

static struct product product_of(const struct hls_writer *writer, const struct node *node) {
    const struct shape *a = hls_shape(writer, node->inputs[0]), *b = hls_shape(writer, node->inputs[1]);
    struct product p = {.outer_a = leading(a), .outer_b = leading(b)};
    p.rows = a->rank > 1 ? (size_t)a->dim[a->rank - 2] : 1;
    p.depth = (size_t)a->dim[a->rank - 1];
    p.columns = b->rank > 1 ? (size_t)b->dim[b->rank - 1] : 1;
    shape_broadcast(&p.outer_a, &p.outer_b, &p.outer);
    p.batches = shape_elements(&p.outer);
    return p;
}

static size_t from_a(const struct product *p, size_t batch) {
    return shape_project(&p->outer, batch, &p->outer_a) * p->rows * p->depth;
}

static size_t from_b(const struct product *p, size_t batch) {
    return shape_project(&p->outer, batch, &p->outer_b) * p->depth * p->columns;
}

void hls_grid_add_products(const struct hls_writer *writer, const struct node *node, size_t element,
                           struct hls_grid *grid) {
    struct product p = product_of(writer, node);
    size_t column = element % p.columns, row = element / p.columns % p.rows, batch = element / (p.rows * p.columns);
    for (size_t k = 0; k < p.depth; k++) {
        struct format a = graph_format(writer->graph, node->inputs[0], from_a(&p, batch) + row * p.depth + k);
        struct format b = graph_format(writer->graph, node->inputs[1], from_b(&p, batch) + k * p.columns + column);
        if (a.width > 0 && b.width > 0) hls_grid_add(grid, a.fraction + b.fraction);
    }
}

int hls_emit_matmul(struct hls_writer *writer, const struct node *node) {
    const char *name_a = hls_operand(writer, node, 0), *name_b = hls_operand(writer, node, 1);
    struct product p = product_of(writer, node);
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
                      p.columns, name_a, from_a(&p, i), name_b, from_b(&p, i), i * p.rows * p.columns);
    hls_close(writer);
    return 0;
}
