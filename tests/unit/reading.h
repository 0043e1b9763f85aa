/* Readers under the guard: what they make of bytes, and what is said of it. */
#ifndef BXC_TEST_READING_H
#define BXC_TEST_READING_H

#include "frontend/frontend.h"
#include "ir/text.h"

#include <stdlib.h>
#include <string.h>

typedef struct graph *model_reader(struct bxc_context *context, const char *path, const void *data, size_t length,
                                   const struct frontend_options *options);

struct reading {
    struct bxc_context *context;
    model_reader *read;
    const void *data;
    size_t length;
    struct graph *graph;
};

static inline int reading_run(void *user) {
    struct reading *reading = user;
    reading->graph = reading->read(reading->context, "model", reading->data, reading->length, NULL);
    return 0;
}

/* What is said, and the graph's text with `print`; "" where nothing is said of a model that is read. Asan sees what is
 * read beyond the bytes: they end where their block does. */
static inline const char *reading_of(struct bxc_context *context, model_reader *read, const void *data, size_t length,
                                     bool print) {
    struct strbuf text = strbuf_new(context->arena);
    size_t first = context->diagnostics.count;
    void *copy = malloc(length + !length);
    if (length) memcpy(copy, data, length);
    struct reading reading = {context, read, copy, length, NULL};
    int result = context_guarded(context, reading_run, &reading);
    for (size_t i = first; i < context->diagnostics.count; i++) diag_format(&text, &context->diagnostics.items[i]);
    if (result < 0 || (!reading.graph && !text.length)) strbuf_append(&text, "nothing is said");
    if (print && reading.graph) graph_print(&text, reading.graph);
    graph_free(reading.graph);
    free(copy);
    return text.length ? text.data : "";
}

#endif
