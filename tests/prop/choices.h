/* Random options of a compilation, any together with any other: as a user would type them. */
#ifndef BXC_TEST_CHOICES_H
#define BXC_TEST_CHOICES_H

#include "driver/driver.h"
#include "tests/prop/network.h"

/* From 20 MHz, where a stage holds everything, to 900 MHz, where little fits into one. */
static inline const char *choose_clock(struct network *network) {
    struct arena *arena = network->graph->arena;
    if (draw(network, 8) == 0) return arena_printf(arena, "%dMHz", 20 + draw(network, 80));
    if (draw(network, 16) == 0) return arena_printf(arena, "%dMHz", 720 + draw(network, 180));
    if (draw(network, 2)) return arena_printf(arena, "%dMHz", 100 + draw(network, 620));
    return arena_printf(arena, "%d.%03dns", 1 + draw(network, 9), 390 + draw(network, 600));
}

static inline const char *choose_part(struct network *network) {
    static const char *const parts[] = {
        "xcvu13p-flga2577-2-e", "xcvu13p-flga2577-1-e", "xcvu9p-flga2104-2L-e", "xcku15p-ffva1156-3-e",
        "xczu28dr-ffvg1517-2-e", "xcku040-ffva1156-2-e", "xcku115-flva1517-1-c", "xcvu190-flga2577-3-e",
        "xc7vx690tffg1761-2", "xc7a200tfbg484-1", "xc7z045ffg900-3"};
    return parts[draw(network, (int)(sizeof parts / sizeof parts[0]))];
}

static inline const char *choose_format(struct network *network) {
    int width = 2 + draw(network, 20);
    return arena_printf(network->graph->arena, "%s<%d,%d>", draw(network, 4) ? "fixed" : "ufixed", width, draw(network, width + 3) - 1);
}

static inline const char *choose_input(struct network *network) {
    const char *format = choose_format(network);
    struct value_list inputs = graph_inputs(network->graph, network->graph->arena);
    if (draw(network, 2)) return format;
    const char *name = graph_definition(network->graph, inputs.at[draw(network, (int)inputs.count)])->name;
    return arena_printf(network->graph->arena, "%s=%s", name, format);
}

/* Each of them in one network of four or more, so that pairs of all kinds come together. */
static inline void network_choose(struct network *network, struct bxc_options *given) {
    struct arena *arena = network->graph->arena;
    static const char *const softmax[] = {"keep", "drop", "argmax"}, *const scopes[] = {"network", "layer"};
    (void)bxc_options_set(given, "clock", choose_clock(network));
    if (draw(network, 3) == 0) (void)bxc_options_set(given, "part", choose_part(network));
    if (draw(network, 4) == 0) (void)bxc_options_set(given, "adders", draw(network, 2) ? "2" : "3");
    if (draw(network, 4) == 0) (void)bxc_options_set(given, "margin", arena_printf(arena, "%d", draw(network, 40)));
    if (draw(network, 4) == 0) (void)bxc_options_set(given, "precision", arena_printf(arena, "%d,%d", 2 + draw(network, 15), 3 + draw(network, 18)));
    if (draw(network, 4) == 0) (void)bxc_options_set(given, "softmax", softmax[draw(network, 3)]);
    if (draw(network, 6) == 0) (void)bxc_options_set(given, "softmax-error", arena_printf(arena, "%g", ldexp(1, -3 - draw(network, 10))));
    if (draw(network, 6) == 0) {
        (void)bxc_options_set(given, "prune", arena_printf(arena, "0.%d", 1 + draw(network, 8)));
        if (draw(network, 2)) (void)bxc_options_set(given, "prune-scope", scopes[draw(network, 2)]);
    }
    if (draw(network, 6) == 0) (void)bxc_options_set(given, "input", choose_input(network));
}

#endif
