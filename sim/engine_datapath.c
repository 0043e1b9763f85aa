/* The engine of the scheduled design: fw/design.bxd, as it lies there, run as hardware would run it. Neither the
 * quantised graph's arithmetic nor the emitted Verilog has a part in it. */
#include "sim/private.h"
#include "ir/file.h"

static void release(void *design) {
    design_free(design);
}

static int misfit(const struct design *design, const char *what, const char *name) {
    return diag_error(&design->context->diagnostics, (struct location){.file = design->file}, "compile the model again",
                      "%s '%s' is not that of model.bxc", what, name);
}

static int check_ports(const struct design *design, const char *what, const struct port *ports, uint32_t count,
                       const valref *wanted, uint32_t wanted_count) {
    if (count != wanted_count)
        return diag_error(&design->context->diagnostics, (struct location){.file = design->file},
                          "compile the model again", "has %u %ss, and model.bxc %u", count, what, wanted_count);
    for (uint32_t i = 0; i < count; i++)
        if (ports[i].value.id != wanted[i].id || ports[i].element_count != graph_elements(design->graph, wanted[i]))
            return misfit(design, what, ports[i].name);
    return 0;
}

static int check_interface(const struct design *design, struct arena *arena) {
    const struct graph *graph = design->graph;
    const struct value_list inputs = graph_inputs(graph, arena);
    valref *outputs = ARENA_ARRAY(arena, valref, graph->output_count + 1);
    for (uint32_t o = 0; o < graph->output_count; o++) outputs[o] = graph->outputs[o].value;
    return check_ports(design, "input", design->inputs, design->input_count, inputs.at, inputs.count) ||
                   check_ports(design, "output", design->outputs, design->output_count, outputs, graph->output_count)
               ? -1
               : 0;
}

struct design *design_of_firmware(const struct firmware *firmware, struct arena *arena) {
    size_t length;
    const char *path = arena_printf(arena, "%s/design.bxd", firmware->folder);
    const char *text = file_read(firmware->context, arena, path, &length);
    struct design *design = text ? design_parse(firmware->context, firmware->quantised, path, text, length) : NULL;
    if (!design) return NULL;
    arena_defer(arena, release, design);
    return check_interface(design, arena) ? NULL : design;
}

int datapath_engine_open(struct engine *engine) {
    engine->design = design_of_firmware(engine->firmware, engine->arena);
    engine->is_built = engine->design != NULL;
    return engine->design ? 0 : -1;
}

int datapath_engine_run(struct engine *engine, size_t events, const int64_t *const *inputs, int64_t *const *outputs) {
    if (engine_cancelled(engine)) return -1;
    int64_t *wires = engine->options.inner_words ? outputs[engine->graph->output_count] : NULL;
    return design_run_wires(engine->design, events, inputs, outputs, wires);
}
