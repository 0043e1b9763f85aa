/* What generated names and formats say, at the top of a file: of those that occur in it. */
#include "codegen/netlist/build.h"

#include <stddef.h>
#include <string.h>

/* What a module has that needs a word. */
struct contents {
    const struct module *module;
    bool element, step, shared, delayed, remembered, memory, point, no_point, low_bits, numbered;
    bool beat, first, lookup, table, less, ports, layers, unused;
};

/* ---- what occurs ---- */

static void note_signal(struct contents *contents, struct signal signal) {
    const struct plan *plan = contents->module->plan;
    wireref held = datapath_undelayed(plan->path, signal.wire);
    const struct wire_plan *own = &plan->wires[held.id];
    enum wire_op op = plan_wire(plan, held)->op;
    contents->beat |= op == WIRE_BEAT;
    contents->first |= op == WIRE_FIRST;
    bool counts = op == WIRE_BEAT || op == WIRE_FIRST,
         no_node = own->layer >= 0 && plan_wire(plan, held)->origin.id >= plan->design->graph->node_count;
    if (!counts) *(own->step ? &contents->step : &contents->element) = true;
    contents->shared |= no_node;
    contents->delayed |= signal.delay > 0;
    contents->remembered |= held.id != signal.wire.id;
    contents->numbered |= own->is_numbered || plan->wires[signal.wire.id].is_numbered;
}

/* Formats stand beside the ports of layers. */
static void note_port(struct contents *contents, struct signal signal) {
    const char *format = signal_format(contents->module, signal);
    contents->low_bits |= strchr(format, ' ') != NULL;
    *(strchr(format, 'f') ? &contents->point : &contents->no_point) = true;
}

static void note_crossing(struct contents *contents, struct signal signal) {
    note_signal(contents, signal);
    if (contents->module->layer != LAYER_TOP) note_port(contents, signal);
}

/* The top declares what goes from layer to layer. */
static void note_crossings(struct contents *contents) {
    const struct plan *plan = contents->module->plan;
    bool is_top = contents->module->layer == LAYER_TOP;
    struct crossing_list reads = layer_reads(plan, contents->module->layer);
    if (is_top) reads = (struct crossing_list){plan->crossings, plan->crossing_count};
    for (uint32_t i = 0; i < reads.count; i++) note_crossing(contents, reads.at[i].signal);
}

static void note_wires(struct contents *contents) {
    const struct plan *plan = contents->module->plan;
    struct wire_list wires = layer_wires(plan, contents->module->layer);
    for (uint32_t w = 0; w < wires.count; w++) {
        const struct wire_plan *own = &plan->wires[wires.at[w]];
        if (own->bits > 0) note_signal(contents, (struct signal){{wires.at[w]}, own->last_delay});
        bool is_in_memory = own->bits > 0 && wire_is_in_memory(plan, wires.at[w]);
        *(plan->path->wires[wires.at[w]].op == WIRE_DELAY ? &contents->memory : &contents->table) |= is_in_memory;
        for (uint32_t i = 0; i < own->export_count; i++)
            note_crossing(contents, (struct signal){{wires.at[w]}, plan->exports[own->exports + i]});
    }
}

static void note_functions(struct contents *contents) {
    const struct module *module = contents->module;
    contents->numbered |= !less_has_own_names(module) || module->has_numbered_memory;
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
    {"SIGNAL_mK", "SIGNAL K clock cycles later, out of a memory", OCCURS(remembered)},
    {"delay_L", "a block RAM in which words go round: what goes in comes out L clock cycles later", OCCURS(memory)},
    {"beat", "which clock of its event the input registers hold, from 0", OCCURS(beat)},
    {"first", "1 in the clock in which the input registers hold the first of an event", OCCURS(first)},
    {"sWfF, uWfF", "an integer m of W bits with (s) or without sign (u) that stands for m * 2^-F", OCCURS(point)},
    {"sW, uW", "an integer of W bits of a partial result", OCCURS(no_point)},
    {"low N of", "the low N bits of such an integer: nobody reads the others", OCCURS(low_bits)},
    {"lookup_K(i)", "table K of the module at index i; lookup_K_bB has bit B of all entries, that of index 0 lowest",
     OCCURS(lookup)},
    {"SIGNAL_table[i]", "words of a block RAM, which one or two read; SIGNAL_word, SIGNAL: the registers behind it",
     OCCURS(table)},
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
