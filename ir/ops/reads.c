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

struct movement element_read(const struct element_reads *reads, size_t result, size_t term, uint32_t part) {
    const struct matrix_product *product = &reads->product;
    if (reads->moved) return reads->moved[result];
    if (product->depth) {
        struct product_term at = product_first(product, result);
        return part ? (struct movement){1, (uint32_t)(at.right + term * product->columns)}
                    : (struct movement){0, (uint32_t)(at.left + term)};
    }
    if (reads->reduction.length)
        return (struct movement){0, (uint32_t)reduction_element(&reads->reduction, result, term)};
    const struct shape *narrow = &op_operand(reads->graph, reads->node, part)->shape;
    return (struct movement){part, (uint32_t)shape_project(&reads->shape, result, narrow)};
}
