/* What of a network's ports does nothing, whatever the events: outputs that are always the same number, and inputs that
 * no output depends on. Where it is meant, a note does no harm; where it is not, nobody would have looked. */
#include "driver/driver.h"

#include <string.h>

enum { TOLD = 8 };

struct idle {
    struct strbuf list; /* of those that are told */
    size_t count, told;
};

static struct idle idle_new(struct arena *arena) {
    return (struct idle){.list = strbuf_new(arena)};
}

static void idle_add(struct idle *idle, const char *text) {
    idle->count++;
    if (idle->told == TOLD) return;
    strbuf_printf(&idle->list, "%s%s", idle->told++ ? ", " : ": ", text);
}

/* "output 'y'", "3 of 5 numbers of output 'y'", and which. */
static const char *words(struct arena *arena, const struct idle *idle, const char *kind, const struct port *port) {
    if (idle->count == port->element_count) return arena_printf(arena, "%s '%s'", kind, port->name);
    return arena_printf(arena, "%zu of %u numbers of %s '%s'", idle->count, port->element_count, kind, port->name);
}

static const char *list(const struct idle *idle) {
    return idle->count > idle->told ? arena_printf(idle->list.arena, "%s, ...", idle->list.data) : idle->list.data;
}

static void tell_constant(const struct program *program, const struct port *port, uint32_t index) {
    struct arena *arena = program->arena;
    const struct wire *wires = program->design->datapath.wires;
    int64_t *codes = ARENA_ARRAY(arena, int64_t, port->element_count + 1);
    double *numbers = ARENA_ARRAY(arena, double, port->element_count + 1);
    struct idle idle = idle_new(arena);
    for (uint32_t e = 0; e < port->element_count; e++) codes[e] = wires[port->elements[e].wire.id].lo;
    port_to_reals(program->graph, port->value, &program->graph->outputs[index].meaning, 1, codes, numbers);
    for (uint32_t e = 0; e < port->element_count; e++)
        if (wires[port->elements[e].wire.id].hi == codes[e])
            idle_add(&idle, arena_printf(arena, "%u (%.6g)", e, numbers[e]));
    if (idle.count)
        diag_note(&program->context->diagnostics, (struct location){.file = program->graph->source},
                  "nothing is computed for them: where that is not meant, look at formats, pruning and weights",
                  "always the same, whatever the event: %s%s", words(arena, &idle, "output", port), list(&idle));
}

/* Calibration has told of those that never moved. */
static bool is_told(const struct program *program, uint32_t input, size_t elements, size_t element) {
    const struct calibration *calibration = &program->calibration;
    for (size_t event = 1; event < calibration->events; event++)
        if (calibration->data[input][event * elements + element] != calibration->data[input][element]) return false;
    return calibration->events > 0;
}

/* As nothing took the format that was asked for (unused.c). */
static bool is_warned_of(const struct program *program, const char *input) {
    for (uint32_t i = 0; i < program->options->input_count; i++) {
        const char *name = program->options->inputs[i].name;
        if (!program->inputs_used[i] && (!name || strcmp(name, input) == 0)) return true;
    }
    return false;
}

static void tell_unread(const struct program *program, const struct port *port, uint32_t index,
                        const uint8_t *demanded) {
    struct idle idle = idle_new(program->arena);
    if (is_warned_of(program, port->name)) return;
    for (uint32_t e = 0; e < port->element_count; e++)
        if (demanded[port->elements[e].wire.id] == 0 && !is_told(program, index, port->element_count, e))
            idle_add(&idle, arena_printf(program->arena, "%u", e));
    if (idle.count)
        diag_note(&program->context->diagnostics, (struct location){.file = program->graph->source},
                  "it could be left out of the model: where that is not meant, look at formats, pruning and weights",
                  "no output depends on %s%s", words(program->arena, &idle, "input", port),
                  idle.count < port->element_count ? list(&idle) : "");
}

void idle_tell(const struct program *program) {
    const struct design *design = program->design;
    const struct datapath *datapath = &design->datapath;
    uint8_t *demanded = ARENA_ARRAY(program->arena, uint8_t, datapath->wire_count + 1);
    datapath_demand(design, datapath, demanded);
    for (uint32_t o = 0; o < design->output_count; o++) tell_constant(program, &design->outputs[o], o);
    for (uint32_t i = 0; i < design->input_count; i++) tell_unread(program, &design->inputs[i], i, demanded);
}
