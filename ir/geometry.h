/* Which elements of the operands an element of the result reads (ops/<family>.c). */
#ifndef BXC_IR_GEOMETRY_H
#define BXC_IR_GEOMETRY_H

#include "ir/graph.h"

/* movement.c: the operand and its element that each element of the result is. */
struct movement {
    uint32_t operand, element;
};
const struct movement *movement_map(const struct graph *graph, const struct node *node, struct arena *arena);

/* linear.c: a product of stacks of matrices. Element ((batch * rows + row) * columns + column) of the result
 * sums left[batch] + row * depth + k times right[batch] + k * columns + column over k. */
struct matrix_product {
    size_t batches, rows, depth, columns;
    const size_t *left, *right;
};
struct matrix_product product_geometry(struct arena *arena, const struct shape *left, const struct shape *right);

/* reduction.c: elements are outer x length x inner. */
struct axis_reduction {
    size_t outer, length, inner;
};
struct axis_reduction reduction_geometry(const struct shape *shape, int64_t axis);

/* reads.c: the operands' elements that an element of a node's first result is made of, one term behind the other: of a
 * product or of a sum of products two a term. */
struct element_reads {
    const struct graph *graph;
    const struct node *node;
    size_t results, terms;        /* elements of the result, and terms of each */
    uint32_t width;               /* elements of a term */
    struct shape shape;           /* of the result, where operands broadcast */
    const struct movement *moved; /* each of these three: of an operator that is such */
    struct matrix_product product;
    struct axis_reduction reduction;
};
struct element_reads element_reads(const struct graph *graph, const struct node *node, struct arena *arena);
/* Element `part` of a term. */
struct movement element_read(const struct element_reads *reads, size_t result, size_t term, uint32_t part);

/* loop.c: where the items of a sliced operand or of a stacked result lie. Places count sliced operands first, then
 * stacked results. */
struct loop_place {
    int64_t trips;
    size_t inner; /* elements of the whole: outer x trips x inner */
    bool reversed;
};
struct loop_place loop_place(const struct graph *graph, const struct node *node, uint32_t place);
/* The element of the whole that is `element` of the item which a trip has. */
size_t loop_element(const struct loop_place *place, int64_t trip, size_t element);
bool loop_is_sliced(const struct node *node, uint32_t operand); /* else it is carried, or read whole */
uint32_t loop_stacked(const struct node *node);                 /* how many: results behind those that are carried */

#endif
