/* fw/sim: the harness for Verilator, the testbench for Icarus, and the Makefile that builds both. What
 * depends on the ports is filled into the templates here; what runs is in the templates.
 */
#include "codegen/verilog/verilog.h"

struct port_text {
    struct strbuf elements, table, access;
};

static uint32_t port_words(const struct port_layout *port) {
    return (port->width + 31) / 32 + 1; /* at least two, as harness.cpp wants */
}

static void describe_port(struct port_text *text, const char *kind, uint32_t index, const struct port_layout *port) {
    strbuf_printf(&text->elements, "const element %s_%u[] = {", kind, index);
    for (uint32_t e = 0; e < port->elements; e++) {
        struct format format = port->slot_format[port->slot[e]];
        strbuf_printf(&text->elements, "%s{%u, %d, %s, %u}",
                      e % 8 ? ", "
                      : e   ? ",\n    "
                            : "\n    ",
                      port->offset[e], format.width, format.is_signed ? "true" : "false", port->beat[e]);
    }
    strbuf_append(&text->elements, "};\n");
    strbuf_printf(&text->table, "%s{%s_%u, %u, %u, %u}", index ? ", " : "", kind, index, port->elements, port->width,
                  port_words(port));
}

/* Clocks in which an event's words come. */
static int words_of_event(const struct plan *plan) {
    uint32_t beats = 1;
    for (uint32_t p = 0; p < plan->layout->input_count; p++)
        beats = plan->layout->inputs[p].beats > beats ? plan->layout->inputs[p].beats : beats;
    return (int)beats;
}

static int emit_harness(const struct plan *plan, const struct probe_ports *probes) {
    struct arena *arena = plan->arena;
    const struct layout *layout = plan->layout;
    struct port_text in = {strbuf_new(arena), strbuf_new(arena), strbuf_new(arena)};
    struct port_text out = {strbuf_new(arena), strbuf_new(arena), strbuf_new(arena)};
    for (uint32_t p = 0, word = 0; p < layout->input_count; p++) {
        describe_port(&in, "input", p, &layout->inputs[p]);
        strbuf_printf(&in.access, "    load(top.%s, words + %u);\n", layout->inputs[p].name, word);
        word += port_words(&layout->inputs[p]);
    }
    for (uint32_t p = 0, word = 0; p < layout->output_count; p++) {
        describe_port(&out, "output", p, &layout->outputs[p]);
        strbuf_printf(&out.access, "    store(words + %u, top.%s);\n", word, layout->outputs[p].name);
        word += port_words(&layout->outputs[p]);
    }
    struct strbuf inner = strbuf_new(arena);
    uint32_t inner_words = 0;
    for (uint32_t i = 0; i < probes->count; i++) {
        strbuf_printf(&inner, "    store(words + %u, top.%s);\n", inner_words, probes->names[i]);
        inner_words += 2 * probes->words[i];
    }
    struct template_key keys[] = {
        {"name", plan->emission->name},
        {"inner", inner.data},
        {"inner_words", arena_printf(arena, "%u", inner_words)},
        {"elements", arena_printf(arena, "%s%s", in.elements.data, out.elements.data)},
        {"inputs", in.table.data},
        {"outputs", out.table.data},
        {"latency", arena_printf(arena, "%d", plan->design->latency)},
        {"interval", arena_printf(arena, "%d", plan->design->interval)},
        {"beats", arena_printf(arena, "%d", words_of_event(plan))},
        {"drive", in.access.data},
        {"sample", out.access.data},
        {NULL, NULL},
    };
    return emit_template(plan, "verilog_harness.cpp", "sim/harness.cpp", keys);
}

/* ---- the testbench: the same in Verilog ---- */

/* A port in beats is read into all its words, side by side. */
static void read_port(struct strbuf *text, const struct port_layout *port) {
    for (uint32_t e = 0; e < port->elements; e++) {
        int width = port->slot_format[port->slot[e]].width;
        strbuf_append(text, "            read_value;\n");
        if (width == 0) continue;
        strbuf_printf(text, "            %s_%s[%u +: %d] = value[%d:0];\n", port->beats > 1 ? "words" : "port",
                      port->name, port->beat[e] * port->width + port->offset[e], width, width - 1);
    }
}

/* The port's word of `beat`. */
static void drive_port(struct strbuf *declarations, struct strbuf *drive, const struct port_layout *port) {
    strbuf_printf(declarations, "    reg [%u:0] port_%s;\n", port->width - 1, port->name);
    if (port->beats < 2) return;
    strbuf_printf(declarations, "    reg [%u:0] words_%s;\n", port->beats * port->width - 1, port->name);
    strbuf_printf(drive, "            if (beat < %u) port_%s = words_%s[beat * %u +: %u];\n", port->beats, port->name,
                  port->name, port->width, port->width);
}

static void write_port(struct strbuf *text, const struct plan *plan, const struct port_layout *port) {
    for (uint32_t e = 0; e < port->elements; e++) {
        int width = port->format[e].width;
        uint32_t offset = port->offset[e];
        const char *bits = port->width == 1 ? arena_printf(plan->arena, "port_%s", port->name)
                                            : arena_printf(plan->arena, "port_%s[%u:%u]", port->name,
                                                           offset + (uint32_t)width - 1, offset);
        const char *sign = port->width == 1
                               ? bits
                               : arena_printf(plan->arena, "port_%s[%u]", port->name, offset + (uint32_t)width - 1);
        const char *value = bits;
        if (width == 0)
            value = "64'd0";
        else if (width < 64 && port->format[e].is_signed)
            value = arena_printf(plan->arena, "{{%d{%s}}, %s}", 64 - width, sign, bits);
        else if (width < 64)
            value = arena_printf(plan->arena, "{%d'd0, %s}", 64 - width, bits);
        strbuf_printf(text, "            $fwrite(32'h8000_0001, \"%%u\", %s);\n", value);
    }
}

static int emit_testbench(const struct plan *plan, const struct probe_ports *probes) {
    struct arena *arena = plan->arena;
    const struct layout *layout = plan->layout;
    struct strbuf declarations = strbuf_new(arena), connections = strbuf_new(arena), read = strbuf_new(arena),
                  write = strbuf_new(arena), drive = strbuf_new(arena);
    for (uint32_t p = 0; p < layout->input_count; p++) {
        const struct port_layout *port = &layout->inputs[p];
        drive_port(&declarations, &drive, port);
        strbuf_printf(&connections, ",\n        .%s(port_%s)", port->name, port->name);
        read_port(&read, port);
    }
    for (uint32_t p = 0; p < layout->output_count; p++) {
        const struct port_layout *port = &layout->outputs[p];
        strbuf_printf(&declarations, "    wire %sport_%s;\n", verilog_range(arena, port->width), port->name);
        strbuf_printf(&connections, ",\n        .%s(port_%s)", port->name, port->name);
        write_port(&write, plan, port);
    }
    struct strbuf inner = strbuf_new(arena), inner_wires = strbuf_new(arena), inner_connections = strbuf_new(arena);
    for (uint32_t i = 0; i < probes->count; i++) {
        strbuf_printf(&inner_wires, "    wire [%u:0] inner_%u;\n", 64 * probes->words[i] - 1, i);
        strbuf_printf(&inner_connections, ",\n        .%s(inner_%u)", probes->names[i], i);
        strbuf_printf(&inner, "            $fwrite(32'h8000_0001, \"%%u\", inner_%u);\n", i);
    }
    struct template_key keys[] = {
        {"probe_module", plan->probe_module},
        {"inner", inner.data},
        {"inner_wires", inner_wires.data},
        {"inner_connections", inner_connections.data},
        {"name", plan->emission->name},
        {"latency", arena_printf(arena, "%d", plan->design->latency)},
        {"declarations", declarations.data},
        {"connections", connections.data},
        {"interval", arena_printf(arena, "%d", plan->design->interval)},
        {"drive", drive.data},
        {"read", read.data},
        {"write", write.data},
        {NULL, NULL},
    };
    return emit_template(plan, "verilog_testbench.v", "sim/testbench.v", keys);
}

int emit_simulation(const struct plan *plan, const struct probe_ports *probes) {
    struct template_key keys[] = {{"name", plan->emission->name}, {"probe_module", plan->probe_module}, {NULL, NULL}};
    if (emit_harness(plan, probes) != 0 || emit_testbench(plan, probes) != 0) return -1;
    return emit_template(plan, "verilog_simulation.mk", "sim/Makefile", keys);
}
