/* A graph as text: print, parse, print gives the same bytes (doc/ir.md). */
#ifndef BXC_IR_TEXT_H
#define BXC_IR_TEXT_H

#include "ir/graph.h"

void graph_print(struct strbuf *out, const struct graph *graph);
/* NULL and diagnoses with lines of `file` when the text is wrong. */
struct graph *graph_parse(struct bxc_context *context, const char *file, const char *text, size_t length);

#endif
