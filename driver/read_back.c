/* What compile writes must be what everybody reads: a graph's text is parsed again and compared with the graph, type by
 * type and interval by interval, before anything reaches the disk. */
#include "driver/driver.h"
#include "ir/text.h"

#include <string.h>

static int refuse(const struct graph *graph, const struct node *node, const char *file, const char *what) {
    return diag_error(&graph->context->diagnostics, graph_location(graph, node),
                      "this is a defect of bxc: please report it with the model", "%s %s", file, what);
}

static bool same_intervals(const struct graph *a, valref x, const struct graph *b, valref y) {
    size_t count = shape_elements(&graph_value(a, x)->shape);
    for (size_t e = 0; e < count; e++) {
        struct interval p = graph_interval(a, x, e), q = graph_interval(b, y, e);
        if (p.lo != q.lo || p.hi != q.hi) return false;
    }
    return true;
}

static int compare_intervals(const struct graph *graph, const struct graph *again, const char *file) {
    for (uint32_t i = 0, k = 0; i < graph->node_count; i++) {
        const struct node *node = &graph->nodes[i];
        if (node->dead) continue;
        const struct node *read = &again->nodes[k++];
        for (uint32_t r = 0; r < node->result_count; r++)
            if (graph_value(graph, node_result(node, r))->kind == VALUE_INTEGER &&
                !same_intervals(graph, node_result(node, r), again, node_result(read, r)))
                return refuse(graph, node, file, "reads back with other intervals");
    }
    return 0;
}

/* The node on whose line two texts part; NULL for the header and outputs. */
static const struct node *node_of_difference(const struct graph *graph, const char *text, const char *again) {
    uint32_t node = UINT32_MAX;
    for (size_t i = 0; text[i] && text[i] == again[i]; i++)
        if (text[i] == '\n' && text[i + 1] == '%') node++;
    return node < graph->node_count ? &graph->nodes[node] : NULL;
}

static int compare(const struct graph *graph, const struct graph *again, const char *file, const char *text) {
    struct arena *scratch = arena_new(graph->context);
    struct strbuf printed = strbuf_new(scratch);
    graph_print(&printed, again);
    int status = strcmp(printed.data, text) == 0 ? compare_intervals(graph, again, file)
                                                 : refuse(graph, node_of_difference(graph, text, printed.data), file,
                                                          "reads back as another graph");
    arena_free(scratch);
    return status;
}

int read_back(const struct graph *graph, const char *file, const struct strbuf *text) {
    struct graph *again = graph_parse(graph->context, file, text->data, text->length);
    if (!again) return refuse(graph, NULL, file, "cannot be read back");
    int status = compare(graph, again, file, text->data);
    graph_free(again);
    return status;
}
