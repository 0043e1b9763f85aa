/* What must hold of a graph, and what its values can be (verify.c, range.c). */
#ifndef BXC_IR_VERIFY_H
#define BXC_IR_VERIFY_H

#include "ir/graph.h"

/* Checks everything that must hold between passes: operands first, types as inferred afresh,
 * intervals equal to a fresh run. -1 and diagnoses naming the nodes. */
int graph_verify(const struct graph *graph);
bool graph_is_integer(const struct graph *graph); /* every value an integer (or index constant) */
/* Shapes, kinds, formats and intervals of all nodes afresh, intervals through linear forms of
 * independent sources. -1 and a diagnosis by name when one needs more than 64 bits. */
int graph_infer(struct graph *graph);
/* Between the two, graph_append gives an empty graph's nodes the intervals that graph_infer would: for whoever reads a
 * graph, or builds one whose tables must cover no more than what can come. */
void graph_open(struct graph *graph);
void graph_close(struct graph *graph);
int graph_infer_appended(struct graph *graph, struct node *node); /* what graph_append calls */

#endif
