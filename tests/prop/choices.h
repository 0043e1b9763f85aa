/* Random options of a compilation, any together with any other: as a user would type them. */
#ifndef BXC_TEST_CHOICES_H
#define BXC_TEST_CHOICES_H

#include "driver/driver.h"
#include "ir/file.h"
#include "tests/prop/network.h"

/* From 20 MHz, where a stage holds everything, to 900 MHz, where little fits into one. */
static inline const char *choose_clock(struct network *network) {
    struct arena *arena = network->graph->arena;
    if (network->hard && draw(network, 2)) return arena_printf(arena, "%dMHz", 350 + draw(network, 350));
    if (draw(network, 8) == 0) return arena_printf(arena, "%dMHz", 20 + draw(network, 80));
    if (draw(network, 16) == 0) return arena_printf(arena, "%dMHz", 720 + draw(network, 180));
    if (draw(network, 2)) return arena_printf(arena, "%dMHz", 100 + draw(network, 620));
    return arena_printf(arena, "%d.%03dns", 1 + draw(network, 9), 390 + draw(network, 600));
}

static inline const char *choose_part(struct network *network) {
    static const char *const parts[] = {"xcvu13p-flga2577-2-e", "xcvu13p-flga2577-1-e",  "xcvu9p-flga2104-2L-e",
                                        "xcku15p-ffva1156-3-e", "xczu28dr-ffvg1517-2-e", "xcku040-ffva1156-2-e",
                                        "xcku115-flva1517-1-c", "xcvu190-flga2577-3-e",  "xc7vx690tffg1761-2",
                                        "xc7a200tfbg484-1",     "xc7z045ffg900-3"};
    return parts[draw(network, (int)(sizeof parts / sizeof parts[0]))];
}

static inline const char *choose_format(struct network *network) {
    int width = 2 + draw(network, network->hard ? 50 : 20);
    return arena_printf(network->graph->arena, "%s<%d,%d>", draw(network, 4) ? "fixed" : "ufixed", width,
                        draw(network, width + 3) - 1);
}

static inline const char *choose_input(struct network *network) {
    const char *format = choose_format(network);
    struct value_list inputs = graph_inputs(network->graph, network->graph->arena);
    if (draw(network, 2)) return format;
    const char *name = graph_definition(network->graph, inputs.at[draw(network, (int)inputs.count)])->name;
    return arena_printf(network->graph->arena, "%s=%s", name, format);
}

/* ---- a configuration ---- */

static inline void put_member(struct strbuf *out, const char *key, const char *value) {
    strbuf_printf(out, "%s\"%s\": %s", out->data[out->length - 1] == '{' ? "" : ", ", key, value);
}
static inline const char *quoted(struct network *network, const char *text) {
    return arena_printf(network->graph->arena, "\"%s\"", text);
}
static inline const char *number(struct network *network, int from, int count) {
    return arena_printf(network->graph->arena, "%d", from + draw(network, count));
}

static inline const char *config_precision(struct network *network, bool layer) {
    static const char *const granularities[] = {"tensor", "channel"};
    struct strbuf out = strbuf_new(network->graph->arena);
    strbuf_append(&out, "{");
    if (draw(network, 2)) put_member(&out, "weights", number(network, 2, 18));
    if (draw(network, 2)) put_member(&out, "activations", number(network, 3, 20));
    if (draw(network, 2)) put_member(&out, "rounding", quoted(network, rounding_names[draw(network, ROUNDING_COUNT)]));
    if (draw(network, 3) == 0)
        put_member(&out, "overflow", quoted(network, overflow_names[draw(network, OVERFLOW_COUNT)]));
    if (draw(network, 2)) put_member(&out, "granularity", quoted(network, granularities[draw(network, 2)]));
    if (layer && draw(network, 3) == 0) put_member(&out, "sparsity", "0.5");
    strbuf_append(&out, "}");
    return out.data;
}

/* A node's own name, or a pattern of many. */
static inline const char *config_layers(struct network *network) {
    const struct graph *graph = network->graph;
    struct strbuf out = strbuf_new(graph->arena);
    strbuf_append(&out, "{");
    put_member(&out, draw(network, 2) ? "matmul*" : graph->nodes[draw(network, (int)graph->node_count)].name,
               config_precision(network, true));
    strbuf_append(&out, "}");
    return out.data;
}

/* A format a feature. */
static inline const char *config_inputs(struct network *network) {
    struct graph *graph = network->graph;
    struct value_list inputs = graph_inputs(graph, graph->arena);
    struct strbuf out = strbuf_new(graph->arena), formats = strbuf_new(graph->arena), input = strbuf_new(graph->arena);
    const struct node *node = graph_definition(graph, inputs.at[draw(network, (int)inputs.count)]);
    for (int64_t e = 0; e < features_of(network, node->result); e++)
        strbuf_printf(&formats, "%s\"%s\"", e ? ", " : "", choose_format(network));
    strbuf_append(&input, "{");
    put_member(&input, "format", arena_printf(graph->arena, "[%s]", formats.data));
    if (draw(network, 2))
        put_member(&input, "rounding", quoted(network, rounding_names[draw(network, ROUNDING_COUNT)]));
    if (draw(network, 2))
        put_member(&input, "overflow", quoted(network, overflow_names[draw(network, OVERFLOW_COUNT)]));
    strbuf_append(&input, "}");
    strbuf_append(&out, "{");
    put_member(&out, node->name, input.data);
    strbuf_append(&out, "}");
    return out.data;
}

/* In one network of six; the file is written to `folder`. */
static inline void network_configure(struct network *network, struct bxc_options *given, const char *folder) {
    struct strbuf out = strbuf_new(network->graph->arena);
    if (!folder || draw(network, 6)) return;
    strbuf_append(&out, "{");
    if (draw(network, 2)) put_member(&out, "precision", config_precision(network, false));
    if (draw(network, 2)) put_member(&out, "layers", config_layers(network));
    if (draw(network, 2)) put_member(&out, "inputs", config_inputs(network));
    strbuf_append(&out, "}\n");
    const char *path = arena_printf(network->graph->arena, "%s/config.json", folder);
    if (folder_make(network->graph->context, folder) == 0 &&
        file_write(network->graph->context, path, out.data, out.length) == 0)
        (void)bxc_options_set(given, "config", path);
}

/* Each of them in one network of four or more, so that pairs of all kinds come together. */
static inline void network_choose(struct network *network, struct bxc_options *given) {
    struct arena *arena = network->graph->arena;
    static const char *const softmax[] = {"keep", "drop", "argmax"}, *const scopes[] = {"network", "layer"};
    (void)bxc_options_set(given, "clock", choose_clock(network));
    if (draw(network, 3) == 0) (void)bxc_options_set(given, "part", choose_part(network));
    if (draw(network, 4) == 0) (void)bxc_options_set(given, "adders", draw(network, 2) ? "2" : "3");
    if (draw(network, 4) == 0)
        (void)bxc_options_set(given, "block-rams", arena_printf(arena, "%d", 1 << draw(network, 8)));
    if (draw(network, 4) == 0) (void)bxc_options_set(given, "margin", arena_printf(arena, "%d", draw(network, 40)));
    if (draw(network, 4) == 0)
        (void)bxc_options_set(given, "precision",
                              arena_printf(arena, "%d,%d", 2 + draw(network, 15), 3 + draw(network, 18)));
    if (draw(network, 4) == 0) (void)bxc_options_set(given, "softmax", softmax[draw(network, 3)]);
    if (draw(network, 6) == 0)
        (void)bxc_options_set(given, "softmax-error", arena_printf(arena, "%g", ldexp(1, -3 - draw(network, 10))));
    if (draw(network, 6) == 0) {
        (void)bxc_options_set(given, "prune", arena_printf(arena, "0.%d", 1 + draw(network, 8)));
        if (draw(network, 2)) (void)bxc_options_set(given, "prune-scope", scopes[draw(network, 2)]);
    }
    if (draw(network, 6) == 0) (void)bxc_options_set(given, "input", choose_input(network));
}

#endif
