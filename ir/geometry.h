/* Which elements of the operands an element of the result reads (ops/<family>.c). */
#ifndef BXC_IR_GEOMETRY_H
#define BXC_IR_GEOMETRY_H

#include "ir/graph.h"

/* movement.c: a movement is copies by strides, one an operand: element (i, j, ..) of `shape` goes from
 * from_offset + i * from_stride[0] + .. of the operand to to_offset + i * to_stride[0] + .. of the result. */
struct movement_copy {
    uint32_t operand;
    struct shape shape;
    int64_t from_offset, from_stride[SHAPE_RANK_MAX], to_offset, to_stride[SHAPE_RANK_MAX];
};
/* Of all operators that move data but a gather, whose operand is outer x length x inner elements along its axis
 * (reduction_geometry), the result outer x indices x inner. */
struct movement_copy movement_first(const struct graph *graph, const struct node *node);
bool movement_next(const struct graph *graph, const struct node *node, struct movement_copy *copy); /* false: none */
/* The operand and its element that each element of the result is. */
struct movement {
    uint32_t operand, element;
};
const struct movement *movement_map(const struct graph *graph, const struct node *node, struct arena *arena);

/* linear.c: a product of stacks of matrices, those of the operands beginning at left[batch] and right[batch]. Element
 * (batch * rows + row) * columns + column of the result sums `depth` products of two elements. */
struct matrix_product {
    size_t batches, rows, depth, columns;
    const size_t *left, *right;
};
struct matrix_product product_geometry(struct arena *arena, const struct shape *left, const struct shape *right);
struct product_term { /* the elements of the operands */
    size_t left, right;
};
struct product_term product_first(const struct matrix_product *product, size_t result);
static inline void product_next(const struct matrix_product *product, struct product_term *term) {
    term->left++;
    term->right += product->columns;
}

/* reduction.c: elements are outer x length x inner. */
struct axis_reduction {
    size_t outer, length, inner;
};
struct axis_reduction reduction_geometry(const struct shape *shape, int64_t axis);
/* The element of the operand that is the k-th which an element of the result reads. */
static inline size_t reduction_element(const struct axis_reduction *reduction, size_t result, size_t k) {
    return (result / reduction->inner * reduction->length + k) * reduction->inner + result % reduction->inner;
}
/* The other way round: the element of the result that reads an element of the operand, and as which. */
static inline size_t reduction_result(const struct axis_reduction *reduction, size_t element) {
    return element / (reduction->length * reduction->inner) * reduction->inner + element % reduction->inner;
}
static inline size_t reduction_index(const struct axis_reduction *reduction, size_t element) {
    return element / reduction->inner % reduction->length;
}

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
int64_t loop_trip(const struct loop_place *place, size_t element); /* the trip that has an element of the whole */
bool loop_is_sliced(const struct node *node, uint32_t operand);    /* else it is carried, or read whole */
bool loop_reads(const struct node *node, valref input);            /* whether the body does */
uint32_t loop_stacked(const struct node *node);                    /* how many: results behind those that are carried */

#endif
