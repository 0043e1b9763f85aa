/* HLS C++ for matrix products: a dense layer is one call, stacks of matrices one call a matrix. */
#include "codegen/hls/hls.h"

static struct shape leading(const struct shape *shape) {
    struct shape out = *shape;
    out.rank = shape->rank > 2 ? shape->rank - 2 : 0;
    return out;
}

int hls_emit_matmul(struct hls_writer *writer, const struct node *node) {
    const struct shape *a = hls_shape(writer, node->inputs[0]), *b = hls_shape(writer, node->inputs[1]);
    const char *name_a = hls_operand(writer, node, 0), *name_b = hls_operand(writer, node, 1);
    size_t rows = a->rank > 1 ? (size_t)a->dim[a->rank - 2] : 1, depth = (size_t)a->dim[a->rank - 1];
    size_t columns = b->rank > 1 ? (size_t)b->dim[b->rank - 1] : 1;
    struct shape outer_a = leading(a), outer_b = leading(b), outer;
    shape_broadcast(&outer_a, &outer_b, &outer);
    size_t batches = shape_elements(&outer);
    if (batches == 1 && rows == 1)
        return hls_call(writer, node, "bxc_dense", arena_printf(writer->arena, "%zu, %zu", depth, columns),
                        arena_printf(writer->arena, "%s, %s, y", name_a, name_b));
    if (hls_open(writer, node)) return -1;
    for (size_t i = 0; i < batches; i++)
        strbuf_printf(&writer->layers, "    bxc_matmul<%zu, %zu, %zu>(%s, %zu, %s, %zu, y, %zu);\n", rows, depth, columns, name_a,
                      shape_project(&outer, i, &outer_a) * rows * depth, name_b, shape_project(&outer, i, &outer_b) * depth * columns,
                      i * rows * columns);
    hls_close(writer);
    return 0;
}
