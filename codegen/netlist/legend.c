/* What generated names and formats say, at the top of a file: of those that occur in it. */
#include "codegen/netlist/build.h"

#include <string.h>

/* What a module has that needs a word. */
struct contents {
    const struct module *module;
    bool element, step, shared, delayed, point, no_point, low_bits, numbered;
};

/* ---- what occurs ---- */

static void note_signal(struct contents *contents, struct signal signal) {
    const struct plan *plan = contents->module->plan;
    const struct wire_plan *own = &plan->wires[signal.wire.id];
    bool no_node = own->layer >= 0 && plan_wire(plan, signal.wire)->origin.id >= plan->design->graph->node_count;
    *(own->step ? &contents->step : &contents->element) = true;
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
    struct contents contents = {.module = module, .point = module->layer == LAYER_TOP};
    note_wires(&contents);
    note_crossings(&contents);
    note_functions(&contents);
    return contents;
}

/* ---- the table ---- */

static bool has_element(const struct contents *c) {
    return c->element;
}

static bool has_step(const struct contents *c) {
    return c->step;
}

static bool has_shared(const struct contents *c) {
    return c->shared;
}

static bool has_delayed(const struct contents *c) {
    return c->delayed;
}

static bool has_point(const struct contents *c) {
    return c->point;
}

static bool has_no_point(const struct contents *c) {
    return c->no_point;
}

static bool has_low_bits(const struct contents *c) {
    return c->low_bits;
}

static bool has_lookup(const struct contents *c) {
    return c->module->lookup_count > 0;
}

static bool has_less(const struct contents *c) {
    return c->module->less_digit != NULL;
}

static bool has_numbered(const struct contents *c) {
    return c->numbered;
}

static bool has_ports(const struct contents *c) {
    return c->module->layer == LAYER_TOP;
}

static bool has_layers(const struct contents *c) {
    return c->module->layer == LAYER_TOP && c->module->plan->layer_count > 0;
}

static bool has_unused(const struct contents *c) {
    return c->module->has_unused;
}

static const struct {
    const char *pattern, *words;
    bool (*occurs)(const struct contents *contents);
} legend[] = {
    {"NODE_E", "element E of a node's value or an input, or the last step towards it: an integer", has_element},
    {"NODE_E_sK", "the K-th partial result on the way to NODE_E", has_step},
    {"shared_E", "of a partial result that several nodes have in common", has_shared},
    {"SIGNAL_dK", "SIGNAL K clock cycles later, behind K registers", has_delayed},
    {"sWfF, uWfF", "an integer m of W bits with (s) or without sign (u) that stands for m * 2^-F", has_point},
    {"sW, uW", "an integer of W bits of a partial result", has_no_point},
    {"low N of", "the low N bits of such an integer: nobody reads the others", has_low_bits},
    {"lookup_K(i)", "table K of the module at index i; lookup_K_bB has bit B of all entries, that of index 0 lowest",
     has_lookup},
    {"less_N(a, b)", "whether a < b, N bits without signs (of numbers with signs the highest bit is inverted)",
     has_less},
    {"NAME_2, NAME_3", "NAME of other modules, or one more: names are unique in all of rtl/", has_numbered},
    {"PORT_register", "the register behind an input, or before an output", has_ports},
    {"layer_NAME", "the module of layer NAME", has_layers},
    {"unused", "bits that nobody reads, for lint", has_unused},
};

void write_legend(const struct module *module, struct strbuf *out) {
    struct contents contents = contents_of(module);
    strbuf_append(out, "\nNames and formats:\n");
    for (size_t i = 0; i < sizeof legend / sizeof *legend; i++)
        if (legend[i].occurs(&contents)) strbuf_printf(out, "  %-16s %s\n", legend[i].pattern, legend[i].words);
}
