/* Writes a model as bxc's own JSON or as the text form of its graph. */
#include "driver/driver.h"
#include "ir/file.h"
#include "ir/text.h"
#include "ir/verify.h"

#include <string.h>

struct conversion {
    struct bxc_context *context;
    const char *model, *output;
    const struct bxc_options *options;
    FILE *terminal;
};

static uint32_t count_nodes(const struct graph *graph) {
    uint32_t count = 0;
    for (uint32_t n = 0; n < graph->node_count; n++)
        count += !graph->nodes[n].dead && graph->nodes[n].op != OP_CONSTANT && graph->nodes[n].op != OP_INPUT;
    return count;
}

static int convert(void *user) {
    const struct conversion *conversion = user;
    struct bxc_context *context = conversion->context;
    const char *dot = strrchr(conversion->output, '.');
    bool json = dot && strcmp(dot, ".json") == 0, text = dot && strcmp(dot, ".bxc") == 0;
    if (!json && !text)
        return diag_error(&context->diagnostics, (struct location){.file = conversion->output, .option = "OUTPUT"},
                          "name the output .json or .bxc", "cannot write this format");
    struct arena *arena = arena_new(context);
    struct frontend_options reading = {0};
    struct graph *graph = reading_options(context, arena, conversion->options, &reading) < 0
                              ? NULL
                              : frontend_read(context, conversion->model, &reading);
    arena_free(arena);
    if (!graph) return -1;
    struct strbuf out = strbuf_new(graph->arena);
    if (json)
        native_write(graph, &out);
    else
        graph_print(&out, graph);
    context_check(context);
    int result = file_write(context, conversion->output, out.data, out.length);
    if (result == 0 && conversion->terminal)
        fprintf(conversion->terminal, "%s: %s with %u nodes, as %s\n", conversion->output,
                graph_is_integer(graph) ? "quantised graph" : "model", count_nodes(graph),
                json ? "bxc's JSON" : "text");
    graph_free(graph);
    return result;
}

int bxc_convert(struct bxc_context *context, const char *model, const char *output, const struct bxc_options *options,
                FILE *terminal) {
    struct conversion conversion = {context, model, output, options, terminal};
    return context_guarded(context, convert, &conversion);
}
