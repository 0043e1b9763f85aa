/* What the modules of a design consist of: how many bits of each wire somebody reads, which module
 * computes it, how long it is kept in registers, what it is called, and what crosses between modules.
 */
#include "codegen/netlist/build.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

const struct wire *plan_wire(const struct plan *plan, wireref wire) {
    return &plan->path->wires[wire.id];
}

bool wire_is_constant(const struct wire *wire) {
    return wire->lo == wire->hi;
}

const struct net *signal_net(const struct plan *plan, struct signal signal) {
    const struct wire_plan *own = &plan->wires[signal.wire.id];
    const struct net **net = &plan->nets[own->signals + (uint32_t)signal.delay];
    if (*net) return *net;
    const char *name = signal.delay ? arena_printf(plan->arena, "%s_d%d", own->name, signal.delay) : own->name;
    return *net = net_new(plan->arena, name, (uint32_t)own->bits);
}

static void plan_bits(struct plan *plan) {
    uint8_t *bits = ARENA_ARRAY(plan->arena, uint8_t, plan->path->wire_count + 1);
    datapath_demand(plan->design, plan->path, bits);
    int *delays = ARENA_ARRAY(plan->arena, int, plan->path->wire_count + 1);
    datapath_delays(plan->design, plan->path, bits, delays);
    for (uint32_t w = 0; w < plan->path->wire_count; w++) {
        plan->wires[w].bits = plan->path->wires[w].op == WIRE_ITEM ? 0 : bits[w]; /* read from what it is an item of */
        plan->wires[w].last_delay = delays[w];
    }
    plan->memories = design_memories(plan->design, bits, plan->arena);
}

/* ---- layers ---- */

/* By wire, the node that opens the layer which computes it; node_count: none does. */
static uint32_t *wire_heads(const struct plan *plan) {
    const struct graph *graph = plan->design->graph;
    const uint32_t *of_node = layer_heads(graph, plan->arena);
    uint32_t *head = datapath_owners(plan->design, plan->path, plan->arena);
    for (uint32_t w = 0; w < plan->path->wire_count; w++)
        if (head[w] < graph->node_count) head[w] = of_node[head[w]];
    return head;
}

static int open_layer(struct plan *plan, struct names *modules, uint32_t head) {
    const struct graph *graph = plan->design->graph;
    struct layer *layer = &plan->layers[plan->layer_count];
    layer->node = head < graph->node_count ? graph->nodes[head].name : shared_layer;
    layer->name = name_identifier(plan->arena, layer->node);
    layer->module = names_unique(modules, arena_printf(plan->arena, "%s_%s", plan->emission->name, layer->name));
    layer->instance = names_unique(plan->scope, arena_printf(plan->arena, "layer_%s", layer->name));
    return plan->layer_count++;
}

/* An element of a port, or the number of the beat, which the top counts. */
static bool comes_from_outside(const struct plan *plan, uint32_t wire) {
    return wire_is_source(&plan->path->wires[wire]);
}

static void plan_layers(struct plan *plan) {
    uint32_t nodes = plan->design->graph->node_count;
    uint32_t *head = wire_heads(plan);
    int *layer_of = ARENA_ARRAY(plan->arena, int, nodes + 1);
    uint32_t *wires = ARENA_ARRAY(plan->arena, uint32_t, nodes + 1);
    struct names *modules = names_new(plan->arena);
    names_unique(modules, plan->emission->name);
    plan->probe_module = names_unique(modules, arena_printf(plan->arena, "%s_probes", plan->emission->name));
    plan->layers = ARENA_ARRAY(plan->arena, struct layer, nodes + 1);
    for (uint32_t w = 0; w < plan->path->wire_count; w++)
        if (plan->wires[w].bits > 0 && !comes_from_outside(plan, w)) wires[head[w]]++;
    for (uint32_t n = 0; n <= nodes; n++) layer_of[n] = wires[n] ? open_layer(plan, modules, n) : LAYER_NONE;
    for (uint32_t w = 0; w < plan->path->wire_count; w++) {
        plan->wires[w].layer = comes_from_outside(plan, w) ? LAYER_TOP
                               : plan->wires[w].bits > 0   ? layer_of[head[w]]
                                                           : LAYER_NONE;
    }
}

/* ---- names: the last wire of an element is <node>_<element>, those before it <node>_<element>_s<n> ---- */

enum { LABEL_MAX = 24 };

/* Node names that are paths keep their last component when they are long. */
static const char *node_label(struct plan *plan, const char *node) {
    const char *label = name_identifier(plan->arena, node), *slash = strrchr(node, '/');
    if (strlen(label) > LABEL_MAX && slash && slash[1]) label = slash + 1;
    return label;
}

struct name_counts { /* of one origin */
    const char *label;
    uint32_t *total, *given; /* wires of each element */
};

static struct name_counts *count_wires(struct plan *plan) {
    const struct graph *graph = plan->design->graph;
    struct name_counts *counts = ARENA_ARRAY(plan->arena, struct name_counts, graph->node_count + 1);
    struct names *labels = names_new(plan->arena);
    for (uint32_t w = 0; w < plan->path->wire_count; w++) {
        const struct wire *wire = &plan->path->wires[w];
        uint32_t n = wire->origin.id < graph->node_count ? wire->origin.id : graph->node_count;
        if (plan->wires[w].layer < 0 || wire->op == WIRE_DELAY) continue;
        if (!counts[n].label) {
            const char *name = n < graph->node_count ? graph->nodes[n].name : shared_layer;
            size_t elements =
                n < graph->node_count ? shape_elements(&graph_value(graph, graph->nodes[n].result)->shape) : 1;
            counts[n].label = names_unique(labels, node_label(plan, name));
            counts[n].total = ARENA_ARRAY(plan->arena, uint32_t, elements);
            counts[n].given = ARENA_ARRAY(plan->arena, uint32_t, elements);
        }
        counts[n].total[n < graph->node_count ? wire->element : 0]++;
    }
    return counts;
}

/* <stem> of <stem>_d<n>, as a register behind a wire is called. */
static size_t stem_length(const char *name) {
    size_t length = strlen(name);
    while (length > 0 && name[length - 1] >= '0' && name[length - 1] <= '9') length--;
    return length > 2 && strncasecmp(name + length - 2, "_d", 2) == 0 ? length - 2 : 0;
}

static void find_delays(struct plan *plan) {
    const struct layout *layout = plan->layout;
    plan->delays = ARENA_ARRAY(plan->arena, const char *, layout->input_count + layout->output_count + 1);
    for (uint32_t i = 0; i < layout->input_count + layout->output_count; i++) {
        const char *port =
            i < layout->input_count ? layout->inputs[i].name : layout->outputs[i - layout->input_count].name;
        if (stem_length(port)) plan->delays[plan->delay_count++] = port;
    }
}

/* Whether a port is called as a register behind this wire is. */
static bool delays_clash(const struct plan *plan, const char *wire) {
    size_t length = strlen(wire);
    for (uint32_t i = 0; i < plan->delay_count; i++)
        if (stem_length(plan->delays[i]) == length && strncasecmp(plan->delays[i], wire, length) == 0) return true;
    return false;
}

static const char *unique_wire(struct plan *plan, const char *wanted) {
    const char *name = names_unique(plan->scope, wanted);
    while (delays_clash(plan, name)) name = names_unique(plan->scope, wanted);
    return name;
}

/* What it is a delay of comes before it. */
static const char *delay_name(const struct plan *plan, uint32_t w) {
    wireref held = datapath_undelayed(plan->path, (wireref){w});
    return arena_printf(plan->arena, "%s_m%d", plan->wires[held.id].name,
                        plan->path->wires[w].cycle - plan_wire(plan, held)->cycle);
}

static void name_wires(struct plan *plan) {
    const struct graph *graph = plan->design->graph;
    struct name_counts *counts = count_wires(plan);
    find_delays(plan);
    plan->labels = ARENA_ARRAY(plan->arena, const char *, graph->node_count + 1);
    for (uint32_t n = 0; n <= graph->node_count; n++) plan->labels[n] = counts[n].label;
    for (uint32_t i = 0; i < plan->layout->input_count; i++)
        plan->labels[graph_value(graph, plan->layout->inputs[i].value)->definition.id] = plan->layout->inputs[i].name;
    for (uint32_t w = 0; w < plan->path->wire_count; w++) {
        const struct wire *wire = &plan->path->wires[w];
        struct wire_plan *own = &plan->wires[w];
        if (own->layer == LAYER_TOP && wire->op != WIRE_INPUT)
            own->name = wire_op_names[wire->op];
        else if (own->layer == LAYER_TOP)
            own->name = arena_printf(plan->arena, "%s_%u", plan->layout->inputs[wire->table].name, wire->element);
        if (own->layer >= 0 && wire->op == WIRE_DELAY)
            own->name = delay_name(plan, w);
        else if (own->layer >= 0) {
            uint32_t n = wire->origin.id < graph->node_count ? wire->origin.id : graph->node_count;
            uint32_t e = n < graph->node_count ? wire->element : 0;
            bool last = ++counts[n].given[e] == counts[n].total[e];
            own->step = last ? 0 : counts[n].given[e];
            own->name = last ? arena_printf(plan->arena, "%s_%u", counts[n].label, e)
                             : arena_printf(plan->arena, "%s_%u_s%u", counts[n].label, e, own->step);
        }
        if (!own->name) continue;
        const char *wanted = own->name;
        own->name = unique_wire(plan, wanted);
        own->is_numbered = strcmp(own->name, wanted) != 0;
    }
}

/* A node's own value goes before those that are the same number. */
static void find_probes(struct plan *plan) {
    const struct graph *graph = plan->design->graph;
    plan->probes = ARENA_ARRAY(plan->arena, const struct probe *, plan->path->wire_count + 1);
    for (uint32_t i = 0; i < plan->path->probe_count; i++) {
        const struct probe *probe = &plan->path->probes[i];
        if (probe->wire.id == UINT32_MAX || probe->negative || probe->offset) continue;
        bool own = graph_value(graph, probe->value)->definition.id == plan_wire(plan, probe->wire)->origin.id;
        if (own || !plan->probes[probe->wire.id]) plan->probes[probe->wire.id] = probe;
    }
}

static void name_ports(struct plan *plan) {
    const struct layout *layout = plan->layout;
    plan->input_registers = ARENA_ARRAY(plan->arena, const char *, layout->input_count);
    plan->output_registers = ARENA_ARRAY(plan->arena, const char *, layout->output_count);
    for (int i = 0; layout_own_names[i]; i++) names_unique(plan->scope, layout_own_names[i]);
    for (uint32_t i = 0; i < layout->input_count; i++) names_unique(plan->scope, layout->inputs[i].name);
    for (uint32_t i = 0; i < layout->output_count; i++) names_unique(plan->scope, layout->outputs[i].name);
    for (uint32_t i = 0; i < layout->input_count; i++)
        plan->input_registers[i] =
            names_unique(plan->scope, arena_printf(plan->arena, "%s_register", layout->inputs[i].name));
    for (uint32_t i = 0; i < layout->output_count; i++)
        plan->output_registers[i] =
            names_unique(plan->scope, arena_printf(plan->arena, "%s_register", layout->outputs[i].name));
}

/* ---- groups ---- */

/* groups[w]: of wire w, from 0 on; below 0: none. */
static struct wire_groups group_wires(struct plan *plan, const int *groups, int count) {
    uint32_t wires = plan->path->wire_count;
    struct wire_groups out = {ARENA_ARRAY(plan->arena, uint32_t, wires + 1),
                              ARENA_ARRAY(plan->arena, uint32_t, (size_t)count + 2)};
    for (uint32_t w = 0; w < wires; w++)
        if (groups[w] >= 0) out.first[groups[w] + 2]++; /* one further on: filling moves it to where it belongs */
    for (int g = 0; g < count; g++) out.first[g + 2] += out.first[g + 1];
    for (uint32_t w = 0; w < wires; w++)
        if (groups[w] >= 0) out.wires[out.first[groups[w] + 1]++] = w;
    return out;
}

static struct wire_list group(const struct wire_groups *groups, uint32_t g) {
    return (struct wire_list){groups->wires + groups->first[g], groups->first[g + 1] - groups->first[g]};
}

struct wire_list layer_wires(const struct plan *plan, int layer) {
    return group(&plan->by_layer, (uint32_t)(layer - LAYER_TOP));
}

struct wire_list port_wires(const struct plan *plan, uint32_t input) {
    return group(&plan->by_port, input);
}

static void find_groups(struct plan *plan) {
    int *groups = ARENA_ARRAY(plan->arena, int, plan->path->wire_count + 1);
    for (uint32_t w = 0; w < plan->path->wire_count; w++) groups[w] = plan->wires[w].layer - LAYER_TOP;
    plan->by_layer = group_wires(plan, groups, plan->layer_count + 1);
    for (uint32_t w = 0; w < plan->path->wire_count; w++)
        groups[w] = plan->path->wires[w].op == WIRE_INPUT ? (int)plan->path->wires[w].table : -1;
    plan->by_port = group_wires(plan, groups, (int)plan->layout->input_count);
}

struct crossing_list layer_reads(const struct plan *plan, int layer) {
    const uint32_t *first = &plan->crossings_into[layer - LAYER_TOP];
    return (struct crossing_list){plan->crossings + first[0], first[1] - first[0]};
}

/* ---- crossings and delays ---- */

static int compare_crossings(const void *left, const void *right) {
    const struct crossing *a = left, *b = right;
    int64_t order = (int64_t)a->to - b->to;
    if (order == 0) order = (int64_t)a->signal.wire.id - b->signal.wire.id;
    if (order == 0) order = a->signal.delay - b->signal.delay;
    return (order > 0) - (order < 0);
}

static void note_read(struct plan *plan, wireref wire, int cycle, int to) {
    struct signal signal = signal_in(plan, wire, cycle);
    const struct wire_plan *read = &plan->wires[signal.wire.id];
    if (read->bits == 0) return;
    if (signal.delay < 0) context_bug(plan->emission->context, "wire %u is read before it is computed", wire.id);
    if (read->layer != to) plan->crossings[plan->crossing_count++] = (struct crossing){read->layer, to, signal};
}

/* Delays at which each wire leaves its module, ascending, each once. */
static void plan_exports(struct plan *plan) {
    uint32_t count = 0;
    uint8_t *crosses = ARENA_ARRAY(plan->arena, uint8_t, plan->signal_count);
    plan->exports = ARENA_ARRAY(plan->arena, int, plan->signal_count);
    for (uint32_t i = 0; i < plan->crossing_count; i++) {
        struct signal signal = plan->crossings[i].signal;
        crosses[plan->wires[signal.wire.id].signals + (uint32_t)signal.delay] = 1;
    }
    for (uint32_t w = 0; w < plan->path->wire_count; w++) {
        struct wire_plan *own = &plan->wires[w];
        own->exports = count;
        for (int d = 0; d <= own->last_delay; d++)
            if (crosses[own->signals + (uint32_t)d]) plan->exports[count++] = d;
        own->export_count = count - own->exports;
    }
}

static void plan_reads(struct plan *plan) {
    const struct datapath *path = plan->path;
    const struct design *design = plan->design;
    size_t reads = 0;
    for (uint32_t w = 0; w < path->wire_count; w++) reads += path->wires[w].operand_count + 1;
    for (uint32_t p = 0; p < design->output_count; p++) reads += design->outputs[p].element_count;
    plan->crossings = ARENA_ARRAY(plan->arena, struct crossing, reads + 1);
    for (uint32_t w = 0; w < path->wire_count; w++) {
        const struct wire *wire = &path->wires[w];
        if (plan->wires[w].bits == 0) continue;
        for (uint32_t i = 0; i < wire->operand_count; i++)
            note_read(plan, wire->operands[i].wire, wire_read_cycle(wire), plan->wires[w].layer);
        if (wire->op == WIRE_STATE) note_read(plan, wire->next, wire->cycle + 1, plan->wires[w].layer);
    }
    for (uint32_t p = 0; p < design->output_count; p++)
        for (uint32_t e = 0; e < design->outputs[p].element_count; e++)
            note_read(plan, design->outputs[p].elements[e].wire, plan->last_cycle, LAYER_TOP);
    qsort(plan->crossings, plan->crossing_count, sizeof *plan->crossings, compare_crossings);
    uint32_t kept = 0;
    for (uint32_t i = 0; i < plan->crossing_count; i++)
        if (i == 0 || compare_crossings(&plan->crossings[kept - 1], &plan->crossings[i]) != 0)
            plan->crossings[kept++] = plan->crossings[i];
    plan->crossing_count = kept;
    plan->crossings_into = ARENA_ARRAY(plan->arena, uint32_t, (size_t)plan->layer_count + 2);
    for (uint32_t i = 0; i < kept; i++) plan->crossings_into[plan->crossings[i].to - LAYER_TOP + 1]++;
    for (int g = 0; g <= plan->layer_count; g++) plan->crossings_into[g + 1] += plan->crossings_into[g];
    for (uint32_t w = 0; w < path->wire_count; w++) {
        plan->wires[w].signals = plan->signal_count;
        plan->signal_count += (uint32_t)plan->wires[w].last_delay + 1;
    }
    plan->nets = ARENA_ARRAY(plan->arena, const struct net *, plan->signal_count + 1);
    plan->read = ARENA_ARRAY(plan->arena, uint64_t, plan->signal_count + 1);
    plan_exports(plan);
}

struct plan *plan_new(const struct emission *emission, struct arena *arena) {
    struct plan *plan = ARENA_NEW(arena, struct plan);
    plan->emission = emission;
    plan->arena = arena;
    plan->design = emission->design;
    plan->path = &emission->design->datapath;
    plan->layout = layout_of_design(emission->design, arena);
    plan->scope = names_new(arena);
    plan->last_cycle = design_last_cycle(emission->design);
    plan->wires = ARENA_ARRAY(arena, struct wire_plan, plan->path->wire_count);
    name_ports(plan);
    plan_bits(plan);
    plan_layers(plan);
    name_wires(plan);
    find_probes(plan);
    find_groups(plan);
    plan_reads(plan);
    return plan;
}
