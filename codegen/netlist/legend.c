/* What generated names and formats say, at the top of a file: of those that occur in it. */
#include "codegen/netlist/build.h"

#include <stddef.h>
#include <string.h>

/* What a module has that needs a word. */
struct contents {
    const struct module *module;
    bool element, step, shared, delayed, point, no_point, low_bits, numbered;
    bool beat, first, lookup, less, ports, layers, unused;
};

/* ---- what occurs ---- */

static void note_signal(struct contents *contents, struct signal signal) {
    const struct plan *plan = contents->module->plan;
    const struct wire_plan *own = &plan->wires[signal.wire.id];
    enum wire_op op = plan_wire(plan, signal.wire)->op;
    contents->beat |= op == WIRE_BEAT;
    contents->first |= op == WIRE_FIRST;
    bool counts = op == WIRE_BEAT || op == WIRE_FIRST,
         no_node = own->layer >= 0 && plan_wire(plan, signal.wire)->origin.id >= plan->design->graph->node_count;
    if (!counts) *(own->step ? &contents->step : &contents->element) = true;
    contents->shared |= no_node;
    contents->delayed |= signal.delay > 0;
    contents->numbered |= own->is_numbered;
}

/* Formats stand beside the ports of layers. */
static void note_port(struct contents *contents, struct signal signal) {
    const char *format = signal_format(contents->module, signal);
    contents->low_bits |= strchr(format, ' ') != NULL;
    *(strchr(format, 'f') ? &contents->point : &contents->no_point) = true;
}

static bool is_declared(const struct module *module, const struct crossing *crossing) {
    return module->layer == LAYER_TOP || crossing->from == module->layer || crossing->to == module->layer;
}

static void note_crossings(struct contents *contents) {
    const struct plan *plan = contents->module->plan;
    int layer = contents->module->layer;
    for (uint32_t i = 0; i < plan->crossing_count; i++) {
        if (!is_declared(contents->module, &plan->crossings[i])) continue;
        note_signal(contents, plan->crossings[i].signal);
        if (layer != LAYER_TOP) note_port(contents, plan->crossings[i].signal);
    }
}

static void note_wires(struct contents *contents) {
    const struct plan *plan = contents->module->plan;
    for (uint32_t w = 0; w < plan->path->wire_count; w++)
        if (plan->wires[w].layer == contents->module->layer && plan->wires[w].bits > 0)
            note_signal(contents, (struct signal){{w}, plan->wires[w].last_delay});
}

static void note_functions(struct contents *contents) {
    const struct module *module = contents->module;
    contents->numbered |= !less_has_own_names(module);
    for (uint32_t i = 0; i < module->lookup_count; i++) contents->numbered |= !lookup_has_own_name(module, i);
}

static struct contents contents_of(const struct module *module) {
    bool is_top = module->layer == LAYER_TOP;
    struct contents contents = {.module = module,
                                .point = is_top,
                                .ports = is_top,
                                .layers = is_top && module->plan->layer_count > 0,
                                .lookup = module->lookup_count > 0,
                                .less = module->less_digit != NULL,
                                .unused = module->has_unused};
    note_wires(&contents);
    note_crossings(&contents);
    note_functions(&contents);
    return contents;
}

/* ---- the table ---- */

#define OCCURS(flag) offsetof(struct contents, flag)
static const struct {
    const char *pattern, *words;
    size_t occurs; /* in struct contents */
} legend[] = {
    {"NODE_E", "element E of a node's value or an input, or the last step towards it: an integer", OCCURS(element)},
    {"NODE_E_sK", "the K-th partial result on the way to NODE_E", OCCURS(step)},
    {"shared_E", "of a partial result that several nodes have in common", OCCURS(shared)},
    {"SIGNAL_dK", "SIGNAL K clock cycles later, behind K registers", OCCURS(delayed)},
    {"beat", "which clock of its event the input registers hold, from 0", OCCURS(beat)},
    {"first", "1 in the clock in which the input registers hold the first of an event", OCCURS(first)},
    {"sWfF, uWfF", "an integer m of W bits with (s) or without sign (u) that stands for m * 2^-F", OCCURS(point)},
    {"sW, uW", "an integer of W bits of a partial result", OCCURS(no_point)},
    {"low N of", "the low N bits of such an integer: nobody reads the others", OCCURS(low_bits)},
    {"lookup_K(i)", "table K of the module at index i; lookup_K_bB has bit B of all entries, that of index 0 lowest",
     OCCURS(lookup)},
    {"less_N(a, b)", "whether a < b, N bits without signs (of numbers with signs the highest bit is inverted)",
     OCCURS(less)},
    {"NAME_2, NAME_3", "NAME of other modules, or one more: names are unique in all of rtl/", OCCURS(numbered)},
    {"PORT_register", "the register behind an input, or before an output", OCCURS(ports)},
    {"layer_NAME", "the module of layer NAME", OCCURS(layers)},
    {"unused", "bits that nobody reads, for lint", OCCURS(unused)},
};

void write_legend(const struct module *module, struct strbuf *out) {
    struct contents contents = contents_of(module);
    strbuf_append(out, "\nNames and formats:\n");
    for (size_t i = 0; i < sizeof legend / sizeof *legend; i++)
        if (*(const bool *)((const char *)&contents + legend[i].occurs))
            strbuf_printf(out, "  %-16s %s\n", legend[i].pattern, legend[i].words);
}
