/* What elements of a result read, by what the operator's row says that they are made of. */
#include "ir/geometry.h"
#include "ir/ops/families.h"

static bool is_along_axis(const struct node *node) {
    enum op_terms terms = op_meaning(node->op)->terms;
    return op_info(node->op)->inputs_max == 1 && (terms == TERMS_SUM || terms == TERMS_LARGEST || terms == TERMS_INDEX);
}

/* All operands together; they broadcast. */
static struct shape joined_shape(const struct graph *graph, const struct node *node) {
    struct shape shape = op_operand(graph, node, 0)->shape;
    for (uint32_t i = 1; i < node->input_count; i++) {
        const struct shape so_far = shape;
        if (!shape_broadcast(&so_far, &op_operand(graph, node, i)->shape, &shape)) return so_far;
    }
    return shape;
}

struct element_reads element_reads(const struct graph *graph, const struct node *node, struct arena *arena) {
    struct element_reads reads = {.graph = graph, .node = node, .terms = 1, .width = 1};
    if (node->input_count == 0) return reads;
    if (op_is_movement(node->op)) {
        reads.moved = movement_map(graph, node, arena);
        reads.results = shape_elements(&op_result(graph, node)->shape);
    } else if (op_meaning(node->op)->terms == TERMS_PRODUCTS) {
        reads.product = product_geometry(arena, &op_operand(graph, node, 0)->shape, &op_operand(graph, node, 1)->shape);
        reads.results = reads.product.batches * reads.product.rows * reads.product.columns;
        reads.terms = reads.product.depth;
        reads.width = 2;
    } else if (is_along_axis(node)) {
        reads.reduction = reduction_geometry(&op_operand(graph, node, 0)->shape, node->attributes.axis.axis);
        reads.results = reads.reduction.outer * reads.reduction.inner;
        reads.terms = reads.reduction.length;
    } else {
        reads.shape = joined_shape(graph, node);
        reads.results = shape_elements(&reads.shape);
        reads.width = node->input_count;
    }
    return reads;
}

static struct movement read_of_product(const struct matrix_product *product, size_t result, size_t k, uint32_t part) {
    size_t column = result % product->columns, row = result / product->columns % product->rows;
    size_t batch = result / product->columns / product->rows;
    return part ? (struct movement){1, (uint32_t)(product->right[batch] + k * product->columns + column)}
                : (struct movement){0, (uint32_t)(product->left[batch] + row * product->depth + k)};
}

struct movement element_read(const struct element_reads *reads, size_t result, size_t term, uint32_t part) {
    const struct axis_reduction *reduction = &reads->reduction;
    if (reads->moved) return reads->moved[result];
    if (reads->product.depth) return read_of_product(&reads->product, result, term, part);
    if (reduction->length)
        return (struct movement){0,
                                 (uint32_t)((result / reduction->inner * reduction->length + term) * reduction->inner +
                                            result % reduction->inner)};
    const struct shape *narrow = &op_operand(reads->graph, reads->node, part)->shape;
    return (struct movement){part, (uint32_t)shape_project(&reads->shape, result, narrow)};
}
