/* One module a layer: its wires in order, its share of the registers, a port for every signal that
 * crosses its border. Data registers have no reset: `valid` tells what they are worth.
 */
#include "codegen/verilog/verilog.h"

struct module module_new(const struct plan *plan, int layer) {
    return (struct module){.plan = plan,
                           .layer = layer,
                           .arena = plan->arena,
                           .text = strbuf_new(plan->arena),
                           .read = ARENA_ARRAY(plan->arena, uint64_t, plan->signal_count + 1)};
}

void module_add_function(struct module *module, const struct function *function) {
    if (module->function_count == module->function_capacity) {
        uint32_t capacity = 2 * module->function_capacity + 8;
        module->functions =
            arena_grow(module->arena, module->functions, module->function_capacity * sizeof *module->functions,
                       capacity * sizeof *module->functions);
        module->function_capacity = capacity;
    }
    module->functions[module->function_count++] = function;
}

static uint64_t *read_bits(struct module *module, struct signal signal) {
    return &module->read[module->plan->wires[signal.wire.id].signals + (uint32_t)signal.delay];
}

static bool exported(const struct module *module, struct signal signal) {
    const struct plan *plan = module->plan;
    for (uint32_t i = 0; i < plan->wires[signal.wire.id].export_count; i++)
        if (plan->exports[plan->wires[signal.wire.id].exports + i] == signal.delay) return true;
    return false;
}

/* ---- ports ---- */

/* What stands behind a port's name: its comma comes before the next one. */
struct port_list {
    struct module *module;
    const char *format; /* of the port before; NULL: it is the first one */
};

static void close_port(struct port_list *list, const char *comma) {
    if (list->format) strbuf_printf(&list->module->text, "%s%s", comma, list->format);
}

static void open_port(struct port_list *list, const char *kind, const char *name, uint32_t bits, const char *format) {
    struct arena *arena = list->module->plan->arena;
    close_port(list, ",");
    strbuf_printf(&list->module->text, "\n    %s %s%s", kind, verilog_range(arena, bits), name);
    list->format = *format ? arena_printf(arena, " // %s", format) : "";
}

static void open_signal(struct port_list *list, const char *kind, struct signal signal) {
    const struct plan *plan = list->module->plan;
    const struct net *net = signal_net(plan, signal);
    open_port(list, kind, net->name, net->bits, signal_format(plan, signal));
}

bool layer_has_registers(const struct plan *plan, int layer) {
    for (uint32_t w = 0; w < plan->path->wire_count; w++)
        if (plan->wires[w].layer == layer && plan->wires[w].last_delay > 0) return true;
    return false;
}

static void write_ports(struct module *module) {
    const struct plan *plan = module->plan;
    struct port_list list = {.module = module};
    if (layer_has_registers(plan, module->layer)) open_port(&list, "input wire", "clk", 1, "");
    for (uint32_t i = 0; i < plan->crossing_count; i++) {
        struct signal signal = plan->crossings[i].signal;
        if (plan->crossings[i].to == module->layer) open_signal(&list, "input wire", signal);
    }
    for (uint32_t w = 0; w < plan->path->wire_count; w++)
        for (int d = 0; plan->wires[w].layer == module->layer && d <= plan->wires[w].last_delay; d++) {
            struct signal signal = {{w}, d};
            if (exported(module, signal)) open_signal(&list, d ? "output reg" : "output wire", signal);
        }
    close_port(&list, "");
}

/* ---- wires and registers ---- */

static void declare(struct module *module, struct signal signal) {
    const struct net *net = signal_net(module->plan, signal);
    if (!exported(module, signal))
        strbuf_printf(&module->text, "    reg %s%s;\n", verilog_range(module->arena, net->bits), net->name);
}

static void write_wire(struct module *module, wireref wire) {
    const struct plan *plan = module->plan;
    struct signal signal = {wire, 0};
    const struct net *net = signal_net(plan, signal);
    const char *value = verilog_expression(module->arena, wire_expression(module, wire));
    if (exported(module, signal))
        strbuf_printf(&module->text, "    assign %s = %s;\n", net->name, value);
    else
        strbuf_printf(&module->text, "    wire %s%s = %s;\n", verilog_range(module->arena, net->bits), net->name,
                      value);
    for (int d = 1; d <= plan->wires[wire.id].last_delay; d++) declare(module, (struct signal){wire, d});
}

void write_delays(struct module *module) {
    const struct plan *plan = module->plan;
    bool any = false;
    for (uint32_t w = 0; w < plan->path->wire_count; w++)
        for (int d = 1; plan->wires[w].layer == module->layer && d <= plan->wires[w].last_delay; d++) {
            struct signal to = {{w}, d}, from = {{w}, d - 1};
            if (!any) strbuf_append(&module->text, "\n    always @(posedge clk) begin\n");
            any = true;
            strbuf_printf(&module->text, "        %s <= %s;\n", signal_net(plan, to)->name,
                          signal_net(plan, from)->name);
            *read_bits(module, from) = UINT64_MAX;
        }
    if (any) strbuf_append(&module->text, "    end\n");
}

/* ---- bits that nobody reads ---- */

static void add_unread(struct module *module, struct parts *parts, struct signal signal) {
    const struct plan *plan = module->plan;
    int bits = plan->wires[signal.wire.id].bits;
    uint64_t unread = ~*read_bits(module, signal) & low_bits(bits);
    for (int from = 0; from < bits;) {
        int until = from;
        while (until < bits && unread >> until & 1) until++;
        if (until > from) add_bits(module, parts, signal, from, until - from);
        from = until + 1;
    }
}

void write_unused(struct module *module, const struct signal *signals, uint32_t count, const struct parts *more) {
    struct parts parts = parts_new(module->arena);
    for (uint32_t i = 0; more && i < more->count; i++) parts_add(&parts, more->at[i]);
    for (uint32_t i = 0; i < count; i++) add_unread(module, &parts, signals[i]);
    module->has_unused = parts.count > 0;
    if (parts.count == 0) return;
    strbuf_append(&module->text, "\n    wire unused = &{1'b0");
    for (uint32_t i = 0; i < parts.count; i++)
        strbuf_printf(&module->text, ", %s", verilog_expression(module->arena, parts.at[i]));
    strbuf_append(&module->text, "};\n");
}

static void write_unread_signals(struct module *module) {
    const struct plan *plan = module->plan;
    struct signal *signals = ARENA_ARRAY(plan->arena, struct signal, plan->signal_count + plan->crossing_count);
    uint32_t count = 0;
    for (uint32_t i = 0; i < plan->crossing_count; i++)
        if (plan->crossings[i].to == module->layer) signals[count++] = plan->crossings[i].signal;
    for (uint32_t w = 0; w < plan->path->wire_count; w++)
        for (int d = 0; plan->wires[w].layer == module->layer && d <= plan->wires[w].last_delay; d++)
            if (!exported(module, (struct signal){{w}, d})) signals[count++] = (struct signal){{w}, d};
    write_unused(module, signals, count, NULL);
}

void emit_layer(const struct plan *plan, int index) {
    const struct layer *layer = &plan->layers[index];
    struct module module = module_new(plan, index);
    struct strbuf file = strbuf_new(plan->arena);
    write_ports(&module);
    strbuf_append(&module.text, "\n);\n");
    for (uint32_t w = 0; w < plan->path->wire_count; w++)
        if (plan->wires[w].layer == index) write_wire(&module, (wireref){w});
    write_delays(&module);
    write_unread_signals(&module);
    for (uint32_t i = 0; i < module.function_count; i++) verilog_function(&module.text, module.functions[i]);
    write_layer_header(&module, &file);
    strbuf_printf(&file, "module %s (%sendmodule\n", layer->module, module.text.data);
    add_rtl(plan, layer->module, &file);
}
