/* The top: input registers, the layers, output registers, and the chain of valid bits, which alone knows
 * the reset. Latency is the length of that chain.
 */
#include "codegen/netlist/build.h"

struct top {
    struct module module;
    const struct net *reset, *in_valid, *out_valid;
    struct parts unused;
};

static const struct expression *value_of(const struct top *top, const struct net *net) {
    return expression_net(top->module.arena, net);
}

/* ---- ports ---- */

static const struct net *add_port(struct top *top, const char *name, uint32_t bits, bool is_output) {
    const struct net *net = net_new(top->module.arena, name, bits);
    netlist_port(top->module.netlist, (struct module_port){.net = net, .is_output = is_output});
    return net;
}

static void add_own_ports(struct top *top) {
    const struct emission *emission = top->module.plan->emission;
    const struct net *hash = net_new(top->module.arena, "CONTENT_HASH", 256);
    netlist_parameter(top->module.netlist, hash, emission->content_hash);
    parts_add(&top->unused, value_of(top, hash));
    netlist_port(top->module.netlist, (struct module_port){.net = top->module.clock});
    top->module.netlist->clock = top->module.clock;
    top->reset = add_port(top, "rst", 1, false);
    top->in_valid = add_port(top, "in_valid", 1, false);
}

static void add_valid(struct top *top) {
    struct arena *arena = top->module.arena;
    struct netlist *netlist = top->module.netlist;
    uint32_t length = (uint32_t)top->module.plan->design->latency;
    const struct net *valid = net_new(arena, "valid", length);
    struct parts next = parts_new(arena);
    parts_add(&next, expression_slice(arena, valid, 0, length - 1));
    parts_add(&next, value_of(top, top->in_valid));
    netlist_note(netlist, "Data registers have no reset: an event lives as long as its valid bit.");
    netlist_register(netlist, valid);
    netlist_update(netlist, (struct update){.net = valid,
                                            .clear = value_of(top, top->reset),
                                            .cleared = expression_constant(arena, length, 0),
                                            .next = parts_joined(&next)});
    netlist_assign(netlist, top->out_valid, expression_slice(arena, valid, length - 1, 1));
}

/* ---- inputs ---- */

/* Bits of a port's register that no wire takes. */
static void add_untaken(struct top *top, const struct port_layout *port, const struct net *net, const uint32_t *taken) {
    bool empty = true;
    for (uint32_t slot = 0; slot < port->slots; slot++) {
        uint32_t width = (uint32_t)port->slot_format[slot].width;
        empty = empty && width == 0;
        if (width > taken[slot])
            parts_add(&top->unused, expression_slice(top->module.arena, net, port->slot_offset[slot] + taken[slot],
                                                     width - taken[slot]));
    }
    if (empty) parts_add(&top->unused, value_of(top, net));
}

static void declare_delays(struct top *top, uint32_t wire) {
    const struct plan *plan = top->module.plan;
    for (int d = 1; d <= plan->wires[wire].last_delay; d++)
        netlist_register(top->module.netlist, signal_net(plan, (struct signal){{wire}, d}));
}

/* The wires of a port's elements. */
static void add_elements(struct top *top, uint32_t p, const struct net *net) {
    const struct plan *plan = top->module.plan;
    const struct port_layout *port = &plan->layout->inputs[p];
    uint32_t *taken = ARENA_ARRAY(top->module.arena, uint32_t, port->slots + 1);
    struct wire_list wires = port_wires(plan, p);
    for (uint32_t i = 0; i < wires.count; i++) {
        uint32_t w = wires.at[i];
        if (plan->wires[w].bits == 0) continue;
        uint32_t slot = (uint32_t)plan->path->wires[w].amount, bits = (uint32_t)plan->wires[w].bits;
        taken[slot] = bits > taken[slot] ? bits : taken[slot];
        netlist_wire(top->module.netlist, signal_net(plan, (struct signal){{w}, 0}),
                     expression_slice(top->module.arena, net, port->slot_offset[slot], bits));
        declare_delays(top, w);
    }
    add_untaken(top, port, net, taken);
}

/* Which beat of its event the input registers hold: in_valid comes with the first. */
static void add_beats(struct top *top) {
    const struct plan *plan = top->module.plan;
    struct arena *arena = top->module.arena;
    for (uint32_t w = 0; w < plan->path->wire_count; w++) {
        const struct wire *wire = &plan->path->wires[w];
        if (!wire_is_source(wire) || wire->op == WIRE_INPUT || plan->wires[w].bits == 0) continue;
        const struct net *net = signal_net(plan, (struct signal){{w}, 0});
        const struct expression *one = expression_constant(arena, net->bits, 1), *next = value_of(top, top->in_valid);
        if (wire->op == WIRE_BEAT)
            next = expression_conditional(arena, next, expression_constant(arena, net->bits, 0),
                                          expression_binary(arena, OPERATION_ADD, value_of(top, net), one));
        netlist_space(top->module.netlist);
        netlist_register(top->module.netlist, net);
        netlist_update(top->module.netlist, (struct update){.net = net, .next = next});
        declare_delays(top, w);
    }
}

static void add_inputs(struct top *top, const struct net *const *ports) {
    const struct plan *plan = top->module.plan;
    struct netlist *netlist = top->module.netlist;
    for (uint32_t p = 0; p < plan->layout->input_count; p++) {
        const struct net *net = net_new(top->module.arena, plan->input_registers[p], ports[p]->bits);
        netlist_space(netlist);
        netlist_register(netlist, net);
        netlist_update(netlist, (struct update){.net = net, .next = value_of(top, ports[p])});
        add_elements(top, p, net);
    }
    add_beats(top);
    add_delays(&top->module);
}

/* ---- layers ---- */

static void connect(struct top *top, struct instance *instance, const struct net *net) {
    netlist_connect(top->module.netlist, instance, net->name, value_of(top, net));
}

static void declare_outputs(struct top *top) {
    const struct plan *plan = top->module.plan;
    for (int l = 0; l < plan->layer_count; l++) {
        struct wire_list wires = layer_wires(plan, l);
        for (uint32_t w = 0; w < wires.count; w++) {
            const struct wire_plan *own = &plan->wires[wires.at[w]];
            for (uint32_t i = 0; i < own->export_count; i++)
                netlist_wire(top->module.netlist,
                             signal_net(plan, (struct signal){{wires.at[w]}, plan->exports[own->exports + i]}), NULL);
        }
    }
}

static void add_layer(struct top *top, int layer) {
    const struct plan *plan = top->module.plan;
    netlist_space(top->module.netlist);
    struct instance *instance =
        netlist_instance(top->module.netlist, plan->layers[layer].module, plan->layers[layer].instance);
    if (layer_has_registers(plan, layer)) connect(top, instance, top->module.clock);
    if (layer_has_delay_memory(plan, layer)) connect(top, instance, top->reset);
    struct crossing_list reads = layer_reads(plan, layer);
    struct wire_list wires = layer_wires(plan, layer);
    for (uint32_t i = 0; i < reads.count; i++) connect(top, instance, signal_net(plan, reads.at[i].signal));
    for (uint32_t w = 0; w < wires.count; w++) {
        const struct wire_plan *own = &plan->wires[wires.at[w]];
        for (uint32_t i = 0; i < own->export_count; i++)
            connect(top, instance, signal_net(plan, (struct signal){{wires.at[w]}, plan->exports[own->exports + i]}));
    }
}

/* Wires of all layers come before the instances: layers need not be in order. */
static void add_layers(struct top *top) {
    netlist_space(top->module.netlist);
    declare_outputs(top);
    for (int l = 0; l < top->module.plan->layer_count; l++) add_layer(top, l);
}

/* ---- outputs ---- */

static void add_output(struct top *top, uint32_t p, const struct net *to) {
    const struct plan *plan = top->module.plan;
    struct netlist *netlist = top->module.netlist;
    const struct port_layout *port = &plan->layout->outputs[p];
    const struct port *elements = &plan->design->outputs[p];
    const struct net *net = net_new(top->module.arena, plan->output_registers[p], port->width);
    struct parts parts = parts_new(top->module.arena);
    for (uint32_t e = port->elements; e-- > 0;) {
        wireref wire = elements->elements[e].wire;
        struct signal signal = signal_in(plan, wire, plan->last_cycle);
        if (port->format[e].width > 0) add_bits(&top->module, &parts, signal, 0, port->format[e].width);
    }
    if (parts.count == 0) parts_add(&parts, expression_constant(top->module.arena, 1, 0));
    netlist_space(netlist);
    netlist_register(netlist, net);
    netlist_update(netlist, (struct update){.net = net, .next = parts_joined(&parts)});
    netlist_assign(netlist, to, value_of(top, net));
}

static void add_unread(struct top *top) {
    struct module *module = &top->module;
    const struct plan *plan = module->plan;
    struct signal *signals = ARENA_ARRAY(module->arena, struct signal, plan->signal_count + plan->crossing_count);
    uint32_t count = 0;
    for (uint32_t i = 0; i < plan->crossing_count; i++) { /* read by a layer, or by an output through add_bits */
        const struct crossing *c = &plan->crossings[i];
        if (c->to != LAYER_TOP)
            module->read[plan->wires[c->signal.wire.id].signals + (uint32_t)c->signal.delay] = UINT64_MAX;
    }
    for (uint32_t i = 0; i < plan->crossing_count; i++)
        if (plan->crossings[i].to == LAYER_TOP) signals[count++] = plan->crossings[i].signal;
    for (uint32_t w = 0; w < plan->path->wire_count; w++)
        for (int d = 0; plan->wires[w].layer == LAYER_TOP && plan->wires[w].bits && d <= plan->wires[w].last_delay; d++)
            signals[count++] = (struct signal){{w}, d};
    add_unused(module, signals, count, &top->unused);
}

void build_top(const struct plan *plan, const struct netlist_language *language) {
    const struct layout *layout = plan->layout;
    struct top top = {.module = module_new(plan, LAYER_TOP, plan->emission->name, language)};
    struct arena *arena = top.module.arena;
    const struct net **inputs = ARENA_ARRAY(arena, const struct net *, layout->input_count + 1);
    const struct net **outputs = ARENA_ARRAY(arena, const struct net *, layout->output_count + 1);
    top.unused = parts_new(arena);
    add_own_ports(&top);
    for (uint32_t p = 0; p < layout->input_count; p++)
        inputs[p] = add_port(&top, layout->inputs[p].name, layout->inputs[p].width, false);
    top.out_valid = add_port(&top, "out_valid", 1, true);
    for (uint32_t p = 0; p < layout->output_count; p++)
        outputs[p] = add_port(&top, layout->outputs[p].name, layout->outputs[p].width, true);
    add_valid(&top);
    add_inputs(&top, inputs);
    add_layers(&top);
    for (uint32_t p = 0; p < layout->output_count; p++) add_output(&top, p, outputs[p]);
    add_unread(&top);
    top.module.netlist->header = top_header(&top.module);
    module_emit(&top.module);
}
