/* Reads graphs in bxc's own text form (doc/ir.md): .bxc files. */
#include "frontend/frontend.h"
#include "ir/text.h"
#include "ir/verify.h"

#include <string.h>

bool text_recognises(const char *path, const void *data, size_t length) {
    static const char magic[] = "bxc graph ";
    (void)path;
    return length >= sizeof magic - 1 && memcmp(data, magic, sizeof magic - 1) == 0;
}

struct graph *text_read(struct bxc_context *context, const char *path, const void *data, size_t length,
                        const struct frontend_options *options) {
    (void)options; /* shapes are written as they are meant */
    struct graph *graph = graph_parse(context, path, data, length);
    if (graph && graph_verify(graph) < 0) {
        graph_free(graph);
        return NULL;
    }
    return graph;
}
