/* The top: input registers, the layers, output registers, and the chain of valid bits, which alone knows
 * the reset. Latency is the length of that chain.
 */
#include "codegen/verilog/verilog.h"

static struct strbuf *out(struct module *module) {
    return &module->text;
}

static void write_ports(struct module *module) {
    const struct plan *plan = module->plan;
    const struct layout *layout = plan->layout;
    strbuf_append(out(module), "    input wire clk,\n    input wire rst,\n    input wire in_valid,\n");
    for (uint32_t p = 0; p < layout->input_count; p++)
        strbuf_printf(out(module), "    input wire %s%s,\n", verilog_range(plan->arena, layout->inputs[p].width),
                      layout->inputs[p].name);
    strbuf_append(out(module), "    output wire out_valid");
    for (uint32_t p = 0; p < layout->output_count; p++)
        strbuf_printf(out(module), ",\n    output wire %s%s", verilog_range(plan->arena, layout->outputs[p].width),
                      layout->outputs[p].name);
    strbuf_append(out(module), "\n);\n");
}

static void write_valid(struct module *module) {
    int length = module->plan->design->latency;
    strbuf_append(out(module), "    // Data registers have no reset: an event lives as long as its valid bit.\n");
    strbuf_printf(out(module), "    reg [%d:0] valid;\n", length - 1);
    strbuf_append(out(module), "    always @(posedge clk)\n");
    strbuf_printf(out(module), "        if (rst) valid <= %d'd0;\n", length);
    strbuf_printf(out(module), "        else valid <= {valid[%d:0], in_valid};\n", length - 2);
    strbuf_printf(out(module), "    assign out_valid = valid[%d];\n", length - 1);
}

/* ---- inputs ---- */

static bool is_input_of(const struct plan *plan, uint32_t wire, uint32_t port) {
    const struct wire *w = &plan->path->wires[wire];
    return w->op == WIRE_INPUT && w->table == port && plan->wires[wire].bits > 0;
}

/* The wires of a port's elements; bits of the register that none of them takes are added to unused. */
static void write_elements(struct module *module, uint32_t p, struct parts *unused) {
    const struct plan *plan = module->plan;
    const struct port_layout *port = &plan->layout->inputs[p];
    uint32_t *taken = ARENA_ARRAY(plan->arena, uint32_t, port->elements);
    const struct net *net = net_new(plan->arena, plan->input_registers[p], port->width);
    for (uint32_t w = 0; w < plan->path->wire_count; w++) {
        if (!is_input_of(plan, w, p)) continue;
        uint32_t e = (uint32_t)plan->path->wires[w].amount, bits = (uint32_t)plan->wires[w].bits;
        taken[e] = bits > taken[e] ? bits : taken[e];
        strbuf_printf(out(module), "    wire %s%s = %s;\n", verilog_range(plan->arena, bits), plan->wires[w].name,
                      verilog_expression(plan->arena, expression_slice(plan->arena, net, port->offset[e], bits)));
        for (int d = 1; d <= plan->wires[w].last_delay; d++)
            strbuf_printf(out(module), "    reg %s%s;\n", verilog_range(plan->arena, bits),
                          signal_net(plan, (struct signal){{w}, d})->name);
    }
    bool empty = true;
    for (uint32_t e = 0; e < port->elements; e++) {
        uint32_t width = (uint32_t)port->format[e].width;
        empty = empty && width == 0;
        if (width > taken[e])
            parts_add(unused, expression_slice(plan->arena, net, port->offset[e] + taken[e], width - taken[e]));
    }
    if (empty) parts_add(unused, expression_net(plan->arena, net));
}

static void write_inputs(struct module *module, struct parts *unused) {
    const struct plan *plan = module->plan;
    for (uint32_t p = 0; p < plan->layout->input_count; p++) {
        const struct port_layout *port = &plan->layout->inputs[p];
        strbuf_printf(out(module), "\n    reg %s%s;\n", verilog_range(plan->arena, port->width),
                      plan->input_registers[p]);
        strbuf_printf(out(module), "    always @(posedge clk) %s <= %s;\n", plan->input_registers[p], port->name);
        write_elements(module, p, unused);
    }
    write_delays(module);
}

/* ---- layers ---- */

static void write_layer_outputs(struct module *module, int layer, struct strbuf *connections) {
    const struct plan *plan = module->plan;
    for (uint32_t w = 0; w < plan->path->wire_count; w++) {
        const struct wire_plan *own = &plan->wires[w];
        for (uint32_t i = 0; own->layer == layer && i < own->export_count; i++) {
            const char *name = signal_net(plan, (struct signal){{w}, plan->exports[own->exports + i]})->name;
            strbuf_printf(out(module), "    wire %s%s;\n", verilog_range(plan->arena, (uint32_t)own->bits), name);
            strbuf_printf(connections, "%s\n        .%s(%s)", connections->length ? "," : "", name, name);
        }
    }
}

/* Wires of all layers come before the instances: layers need not be in order. */
static void write_layers(struct module *module) {
    const struct plan *plan = module->plan;
    struct strbuf instances = strbuf_new(plan->arena);
    strbuf_append(out(module), "\n");
    for (int l = 0; l < plan->layer_count; l++) {
        struct strbuf connections = strbuf_new(plan->arena);
        if (layer_has_registers(plan, l)) strbuf_append(&connections, "\n        .clk(clk)");
        for (uint32_t i = 0; i < plan->crossing_count; i++) {
            const char *name = signal_net(plan, plan->crossings[i].signal)->name;
            if (plan->crossings[i].to == l)
                strbuf_printf(&connections, "%s\n        .%s(%s)", connections.length ? "," : "", name, name);
        }
        write_layer_outputs(module, l, &connections);
        strbuf_printf(&instances, "\n    %s %s (%s\n    );\n", plan->layers[l].module, plan->layers[l].instance,
                      connections.data);
    }
    strbuf_append_bytes(out(module), instances.data, instances.length);
}

/* ---- outputs ---- */

static void write_output(struct module *module, uint32_t p) {
    const struct plan *plan = module->plan;
    const struct port_layout *port = &plan->layout->outputs[p];
    const struct port *elements = &plan->design->outputs[p];
    struct parts parts = parts_new(plan->arena);
    for (uint32_t e = port->elements; e-- > 0;) {
        wireref wire = elements->elements[e].wire;
        bool constant = plan->wires[wire.id].bits == 0;
        struct signal signal = {wire, constant ? 0 : plan->last_cycle - plan_wire(plan, wire)->cycle};
        if (port->format[e].width > 0) add_bits(module, &parts, signal, 0, port->format[e].width);
    }
    if (parts.count == 0) parts_add(&parts, expression_constant(plan->arena, 1, 0));
    strbuf_printf(out(module), "\n    reg %s%s;\n", verilog_range(plan->arena, port->width), plan->output_registers[p]);
    strbuf_printf(out(module), "    always @(posedge clk) %s <= %s;\n", plan->output_registers[p],
                  verilog_expression(plan->arena, parts_joined(&parts)));
    strbuf_printf(out(module), "    assign %s = %s;\n", port->name, plan->output_registers[p]);
}

static void write_unread(struct module *module, struct parts *unused) {
    const struct plan *plan = module->plan;
    struct signal *signals = ARENA_ARRAY(plan->arena, struct signal, plan->signal_count + plan->crossing_count);
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
    write_unused(module, signals, count, unused);
}

void emit_top(const struct plan *plan) {
    const struct emission *emission = plan->emission;
    struct module module = module_new(plan, LAYER_TOP);
    struct parts unused = parts_new(plan->arena);
    struct strbuf file = strbuf_new(plan->arena);
    parts_add(&unused, expression_net(plan->arena, net_new(plan->arena, "CONTENT_HASH", 256)));
    write_ports(&module);
    write_valid(&module);
    write_inputs(&module, &unused);
    write_layers(&module);
    for (uint32_t p = 0; p < plan->layout->output_count; p++) write_output(&module, p);
    write_unread(&module, &unused);
    write_top_header(&module, &file);
    strbuf_printf(&file, "module %s #(\n    parameter [255:0] CONTENT_HASH = 256'h%s\n) (\n%sendmodule\n",
                  emission->name, emission->content_hash, module.text.data);
    add_rtl(plan, emission->name, &file);
}
