/* A dense layer of a float network: a matrix product with constant weights and the constant bias
 * that is added to it, as the passes that change weights see it. */
#ifndef BXC_PASSES_DENSE_H
#define BXC_PASSES_DENSE_H

#include "passes/passes.h"

struct dense {
    noderef matmul, bias;  /* bias: the addition behind the product, or NO_NODE */
    uint32_t bias_slot;    /* which operand of the addition is the constant */
    valref end;            /* the layer's result */
    size_t depth, columns; /* the weights are depth x columns */
    const float *weights;
};

/* The layer at a node, or false: its weights are a constant matrix (not one behind a quantiser).
 * What is added counts as bias where nobody else reads the product and it is one number a column. */
bool dense_at(const struct graph *graph, noderef node, struct dense *out);
double dense_bias(const struct graph *graph, const struct dense *dense, size_t column); /* 0 without bias */
/* Puts in new weights, depth x columns, and a new bias, each rounded once to binary32; the bias is
 * an addition "<matmul>.bias" where there was none and it is not all zeros. False, and nothing
 * changed, when a number is not finite in binary32. Appends nodes: pointers to nodes are lost. */
bool dense_replace(struct graph *graph, const struct dense *dense, size_t depth, size_t columns, const double *weights,
                   const double *bias);
/* The one node that reads a value that is no output, or NO_NODE. */
noderef sole_reader(const struct graph *graph, valref value);
/* Whether a constant's shape gives each element along the last axis of `shape` one number. */
bool is_per_column(const struct shape *constant, const struct shape *shape);

#endif
