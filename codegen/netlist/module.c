/* One module a layer: its wires in order, its share of the registers, a port for every signal that
 * crosses its border. Data registers have no reset: `valid` tells what they are worth.
 */
#include "codegen/netlist/build.h"

static uint64_t *read_bits(const struct plan *plan, struct signal signal) {
    return &plan->read[plan->wires[signal.wire.id].signals + (uint32_t)signal.delay];
}

/* Of what the module has, and what it reads: nothing is read yet. */
static void forget_read(const struct plan *plan, int layer) {
    struct wire_list wires = layer_wires(plan, layer);
    struct crossing_list reads = layer_reads(plan, layer);
    for (uint32_t i = 0; i < wires.count; i++)
        for (int d = 0; d <= plan->wires[wires.at[i]].last_delay; d++)
            *read_bits(plan, (struct signal){{wires.at[i]}, d}) = 0;
    for (uint32_t i = 0; i < reads.count; i++) *read_bits(plan, reads.at[i].signal) = 0;
}

struct module module_new(const struct plan *plan, int layer, const char *name,
                         const struct netlist_language *language) {
    struct arena *arena = arena_new(plan->emission->context);
    forget_read(plan, layer);
    return (struct module){.plan = plan,
                           .language = language,
                           .arena = arena,
                           .layer = layer,
                           .netlist = netlist_new(arena, name),
                           .clock = net_new(arena, "clk", 1),
                           .reset = net_new(arena, "rst", 1),
                           .read = plan->read};
}

void module_emit(struct module *module) {
    const struct emission *emission = module->plan->emission;
    struct strbuf text = module->language->print(module->arena, module->netlist);
    const char *path = arena_printf(module->arena, "rtl/%s.%s", module->netlist->name, module->language->suffix);
    file_set_add(emission->files, path, text.data, text.length);
    arena_free(module->arena);
}

const struct expression *signal_value(struct module *module, struct signal signal) {
    return expression_net(module->arena, signal_net(module->plan, signal));
}

static bool exported(const struct module *module, struct signal signal) {
    const struct plan *plan = module->plan;
    for (uint32_t i = 0; i < plan->wires[signal.wire.id].export_count; i++)
        if (plan->exports[plan->wires[signal.wire.id].exports + i] == signal.delay) return true;
    return false;
}

/* ---- ports ---- */

bool layer_has_registers(const struct plan *plan, int layer) {
    struct wire_list wires = layer_wires(plan, layer);
    for (uint32_t i = 0; i < wires.count; i++)
        if (plan->wires[wires.at[i]].last_delay > 0 || wire_is_in_memory(plan, wires.at[i])) return true;
    return false;
}

static bool is_register(const struct plan *plan, struct signal signal) {
    return signal.delay > 0 || wire_is_in_memory(plan, signal.wire.id);
}

static void add_port(struct module *module, struct signal signal, bool is_output) {
    netlist_port(module->netlist, (struct module_port){.net = signal_net(module->plan, signal),
                                                       .is_output = is_output,
                                                       .is_register = is_output && is_register(module->plan, signal),
                                                       .comment = signal_format(module, signal)});
}

static void add_ports(struct module *module) {
    const struct plan *plan = module->plan;
    if (layer_has_registers(plan, module->layer)) {
        module->netlist->clock = module->clock;
        netlist_port(module->netlist, (struct module_port){.net = module->clock});
    }
    if (layer_has_delay_memory(plan, module->layer))
        netlist_port(module->netlist, (struct module_port){.net = module->reset});
    struct crossing_list reads = layer_reads(plan, module->layer);
    struct wire_list wires = layer_wires(plan, module->layer);
    for (uint32_t i = 0; i < reads.count; i++) add_port(module, reads.at[i].signal, false);
    for (uint32_t i = 0; i < wires.count; i++)
        for (int d = 0; d <= plan->wires[wires.at[i]].last_delay; d++) {
            struct signal signal = {{wires.at[i]}, d};
            if (exported(module, signal)) add_port(module, signal, true);
        }
}

/* ---- wires and registers ---- */

static void add_wire(struct module *module, wireref wire) {
    const struct plan *plan = module->plan;
    struct signal signal = {wire, 0};
    bool is_computed = !wire_is_in_memory(plan, wire.id);
    if (is_computed && exported(module, signal))
        netlist_assign(module->netlist, signal_net(plan, signal), wire_expression(module, wire));
    else if (is_computed)
        netlist_wire(module->netlist, signal_net(plan, signal), wire_expression(module, wire));
    for (signal.delay = is_computed; signal.delay <= plan->wires[wire.id].last_delay; signal.delay++)
        if (!exported(module, signal)) netlist_register(module->netlist, signal_net(plan, signal));
}

uint32_t count_signals(const struct plan *plan, struct wire_list wires) {
    uint32_t count = 0;
    for (uint32_t i = 0; i < wires.count; i++) count += (uint32_t)plan->wires[wires.at[i]].last_delay + 1;
    return count;
}

void add_delays(struct module *module) {
    const struct plan *plan = module->plan;
    struct wire_list wires = layer_wires(plan, module->layer);
    struct update *updates = ARENA_ARRAY(module->arena, struct update, count_signals(plan, wires));
    uint32_t count = 0;
    for (uint32_t i = 0; i < wires.count; i++)
        for (int d = 1; d <= plan->wires[wires.at[i]].last_delay; d++) {
            struct signal to = {{wires.at[i]}, d}, from = {{wires.at[i]}, d - 1};
            updates[count++] = (struct update){.net = signal_net(plan, to), .next = signal_value(module, from)};
            *read_bits(plan, from) = UINT64_MAX;
        }
    if (count) netlist_space(module->netlist);
    netlist_updates(module->netlist, updates, count);
}

/* ---- bits that nobody reads ---- */

static void add_unread(struct module *module, struct parts *parts, struct signal signal) {
    const struct plan *plan = module->plan;
    int bits = plan->wires[signal.wire.id].bits;
    uint64_t unread = ~*read_bits(plan, signal) & low_bits(bits);
    for (int from = 0; from < bits;) {
        int until = from;
        while (until < bits && unread >> until & 1) until++;
        if (until > from) add_bits(module, parts, signal, from, until - from);
        from = until + 1;
    }
}

void add_unused(struct module *module, const struct signal *signals, uint32_t count, struct parts *unused) {
    for (uint32_t i = 0; i < count; i++) add_unread(module, unused, signals[i]);
    module->has_unused = unused->count > 0;
    if (unused->count == 0) return;
    netlist_space(module->netlist);
    netlist_unused(module->netlist, unused);
}

static void add_unread_signals(struct module *module) {
    const struct plan *plan = module->plan;
    struct crossing_list reads = layer_reads(plan, module->layer);
    struct wire_list wires = layer_wires(plan, module->layer);
    struct signal *signals = ARENA_ARRAY(module->arena, struct signal, reads.count + count_signals(plan, wires));
    struct parts unused = parts_new(module->arena);
    uint32_t count = 0;
    for (uint32_t i = 0; i < reads.count; i++) signals[count++] = reads.at[i].signal;
    for (uint32_t i = 0; i < wires.count; i++)
        for (int d = 0; d <= plan->wires[wires.at[i]].last_delay; d++) {
            struct signal signal = {{wires.at[i]}, d};
            if (!exported(module, signal)) signals[count++] = signal;
        }
    add_unused(module, signals, count, &unused);
}

static void build_layer(const struct plan *plan, int layer, const struct netlist_language *language) {
    struct module module = module_new(plan, layer, plan->layers[layer].module, language);
    add_ports(&module);
    struct wire_list wires = layer_wires(plan, layer);
    for (uint32_t i = 0; i < wires.count; i++) add_wire(&module, (wireref){wires.at[i]});
    add_delays(&module);
    add_memories(&module);
    add_unread_signals(&module);
    module.netlist->header = layer_header(&module);
    module_emit(&module);
}

void netlists_emit(const struct plan *plan, const struct netlist_language *language) {
    for (int layer = 0; layer < plan->layer_count; layer++) {
        context_check(plan->emission->context);
        build_layer(plan, layer, language);
    }
    build_top(plan, language);
}
