/* Nodes found by their names, however many there are (name_index.c). */
#ifndef BXC_IR_NAME_INDEX_H
#define BXC_IR_NAME_INDEX_H

#include "ir/graph.h"

struct name_index;
/* Of the nodes that are alive as the graph stands; the index reads the graph's own names. */
struct name_index *name_index_new(const struct graph *graph, struct arena *arena);
/* The first node of the name text[0..length), in the order of the nodes, or NO_NODE. */
noderef name_index_first(const struct name_index *index, const char *text, size_t length);
/* The next one of the same name. */
noderef name_index_next(const struct name_index *index, noderef node);

#endif
