/* What stands at the top of each module for whoever reads it: cycles, formats, and what the names say. */
#include "codegen/netlist/build.h"
#include "ir/ops.h"

#include <stdlib.h>

static const char *plural(size_t count) {
    return count == 1 ? "" : "s";
}

/* ---- formats ---- */

const char *signal_format(const struct module *module, struct signal signal) {
    const struct plan *plan = module->plan;
    wireref held = datapath_undelayed(plan->path, signal.wire);
    const struct wire *wire = plan_wire(plan, held);
    const struct probe *probe = plan->probes[held.id];
    int bits = plan->wires[signal.wire.id].bits;
    struct format format = {.is_signed = wire_is_signed(wire), .width = (int16_t)wire_width(wire)};
    struct strbuf out = strbuf_new(module->arena);
    if (bits < format.width) strbuf_printf(&out, "low %d of ", bits);
    if (wire->op == WIRE_INPUT)
        format.fraction = plan->design->inputs[wire->table].elements[wire->element].format.fraction;
    else if (probe)
        format.fraction =
            (int16_t)(graph_format(plan->design->graph, probe->value, probe->element).fraction - probe->shift);
    if (wire->op == WIRE_INPUT || probe)
        format_print(&out, format);
    else
        strbuf_printf(&out, "%c%d", format.is_signed ? 's' : 'u', format.width);
    return out.data;
}

enum { RUNS_MAX = 40, RUNS_A_LINE = 5 };

/* Elements of one format that follow each other: "0-2 s16f12, 3 s16f15". */
static void write_formats(struct strbuf *out, const struct port_layout *port) {
    uint32_t runs = 0;
    for (uint32_t e = 0, end; e < port->elements; e = end, runs++) {
        for (end = e + 1; end < port->elements && format_equal(port->format[e], port->format[end]);) end++;
        if (runs == RUNS_MAX) {
            strbuf_append(out, ", ... (all in interface.json)");
            return;
        }
        if (e) strbuf_printf(out, runs % RUNS_A_LINE ? ", " : ",\n%*s", 28, "");
        strbuf_printf(out, end > e + 1 ? "%u-%u " : "%u ", e, end - 1);
        format_print(out, port->format[e]);
    }
}

/* ---- layers ---- */

/* Of an input's elements it is the input's. */
static uint32_t node_of(const struct plan *plan, wireref ref) {
    const struct wire *wire = plan_wire(plan, ref);
    if (wire->op != WIRE_INPUT) return wire->origin.id;
    return graph_value(plan->design->graph, plan->layout->inputs[wire->table].value)->definition.id;
}

/* Label, operator, name in the model, elements, format. */
static void write_node(const struct module *module, uint32_t n, struct strbuf *out) {
    const struct plan *plan = module->plan;
    const struct graph *graph = plan->design->graph;
    const struct node *node = &graph->nodes[n];
    size_t count = shape_elements(&graph_value(graph, node->result)->shape);
    struct format *formats = ARENA_ARRAY(module->arena, struct format, count);
    for (size_t e = 0; e < count; e++) formats[e] = graph_format(graph, node->result, e);
    strbuf_printf(out, "  %-24s %s '%s', %zu element%s, %s", plan->labels[n], op_info(node->op)->name,
                  comment_text(module->arena, node->name), count, plural(count),
                  format_range(module->arena, formats, count));
    if (node->op == OP_INPUT && node->attributes.input.meaning.scale)
        strbuf_printf(out, ", codes (%s.%s)", plan->emission->name, module->language->suffix);
    strbuf_append(out, "\n");
}

static int compare_numbers(const void *left, const void *right) {
    const uint32_t *a = left, *b = right;
    return (*a > *b) - (*a < *b);
}

/* Each once, in their order. */
static void write_nodes(const struct module *module, uint32_t *nodes, uint32_t count, const char *title,
                        struct strbuf *out) {
    qsort(nodes, count, sizeof *nodes, compare_numbers);
    if (count) strbuf_printf(out, "\n%s\n", title);
    for (uint32_t i = 0; i < count; i++)
        if (i == 0 || nodes[i] != nodes[i - 1]) write_node(module, nodes[i], out);
}

/* Nodes whose steps the layer computes, and those whose steps it reads. */
static void write_computed(const struct module *module, int layer, struct strbuf *out) {
    const struct plan *plan = module->plan;
    struct wire_list wires = layer_wires(plan, layer);
    uint32_t *nodes = ARENA_ARRAY(module->arena, uint32_t, wires.count + 1), count = 0;
    for (uint32_t i = 0; i < wires.count; i++) {
        uint32_t n = plan->path->wires[wires.at[i]].origin.id;
        if (n < plan->design->graph->node_count) nodes[count++] = n;
    }
    write_nodes(module, nodes, count, "Computed here:", out);
}

static void write_read(const struct module *module, int layer, struct strbuf *out) {
    const struct plan *plan = module->plan;
    struct crossing_list reads = layer_reads(plan, layer);
    uint32_t *nodes = ARENA_ARRAY(module->arena, uint32_t, reads.count + 1), count = 0;
    for (uint32_t i = 0; i < reads.count; i++) {
        uint32_t n = node_of(plan, reads.at[i].signal.wire);
        if (n < plan->design->graph->node_count) nodes[count++] = n;
    }
    write_nodes(module, nodes, count, "Read from other modules:", out);
}

struct span {
    int first, last; /* cycles; first > last: none */
    bool in_beats;
};

/* When the layer computes; a delay is in its memory and computes nothing. */
static struct span span_of(const struct plan *plan, int layer, bool with_delays) {
    struct span span = {plan->last_cycle + 1, -1, false};
    struct wire_list wires = layer_wires(plan, layer);
    for (uint32_t i = 0; i < wires.count; i++) {
        const struct wire *wire = &plan->path->wires[wires.at[i]];
        if (wire->op == WIRE_DELAY && !with_delays) continue;
        int first = wire_read_cycle(wire), last = wire_last_cycle(plan->design, wire);
        span.first = first < span.first ? first : span.first;
        span.last = last > span.last ? last : span.last;
        span.in_beats |= wire->every_beat;
    }
    return span;
}

static void write_delays(const struct plan *plan, int layer, struct strbuf *out) {
    for (uint32_t m = 0; m < plan->memories.count; m++) {
        const struct block_memory *memory = &plan->memories.at[m];
        if (!memory->is_written || plan->wires[memory->wires[0]].layer != layer) continue;
        strbuf_printf(out, "%u number%s wait%s for %d cycles in block RAM: %u words of %u bit%s.\n", memory->wire_count,
                      plural(memory->wire_count), memory->wire_count == 1 ? "s" : "",
                      (int)plan->path->wires[memory->wires[0]].latency, memory->words, memory->bits,
                      plural(memory->bits));
    }
}

const char *layer_header(const struct module *module) {
    const struct plan *plan = module->plan;
    struct strbuf out = strbuf_new(module->arena);
    int layer = module->layer;
    struct span span = span_of(plan, layer, false);
    if (span.first > span.last) span = span_of(plan, layer, true);
    strbuf_printf(&out, "Layer '%s' of %s, made by bxc.\n\nComputes in ",
                  comment_text(module->arena, plan->layers[layer].node), plan->emission->name);
    if (span.first == span.last)
        strbuf_printf(&out, "cycle %d", span.first);
    else
        strbuf_printf(&out, "cycles %d to %d", span.first, span.last);
    strbuf_printf(&out,
                  " of an event; in cycle 0 the input registers hold it, cycle %d ends at the output\nregisters.\n",
                  plan->last_cycle);
    if (span.in_beats)
        strbuf_printf(
            &out,
            "An event's items go through one after the other, in %d clock cycles in a row; names are those of\n"
            "the first.\n",
            plan->design->beats);
    write_delays(plan, layer, &out);
    write_read(module, layer, &out);
    write_computed(module, layer, &out);
    write_legend(module, &out);
    return out.data;
}

/* ---- the top ---- */

static void write_port_row(const struct module *module, struct strbuf *out, const struct port_layout *port,
                           const char *direction) {
    struct arena *arena = module->arena;
    bool even = true;
    for (uint32_t e = 1; e < port->elements; e++) even = even && format_equal(port->format[e], port->format[0]);
    strbuf_printf(out, "  %-16s %s '%s', %u element%s, %s", port->name, direction, comment_text(arena, port->original),
                  port->elements, plural(port->elements), format_range(arena, port->format, port->elements));
    if (port->beats > 1)
        strbuf_printf(out, ", in %u clocks from in_valid on", port->beats);
    else if (port->elements > 1 && even && port->format[0].width > 0)
        strbuf_printf(out, ": element i is %s", module->language->element(arena, port->name, port->format[0].width));
    strbuf_append(out, "\n");
    if (!even) {
        strbuf_printf(out, "  %-16s elements ", "");
        write_formats(out, port);
        strbuf_append(out, "\n");
    }
    if (port->meaning)
        strbuf_printf(out, "  %-16s codes: m stands for (m * 2^-f - zero_point) * scale, both in interface.json\n", "");
    if (port->steps)
        strbuf_printf(out, "  %-16s the steps from a number to its code are there too, each rounded to binary32\n", "");
}

static const char *ordinal_ending(int number) {
    static const char *const endings[] = {"th", "st", "nd", "rd"};
    bool teen = number / 10 % 10 == 1;
    return endings[!teen && number % 10 <= 3 ? number % 10 : 0];
}

static bool is_in_beats(const struct layout *layout) {
    for (uint32_t p = 0; p < layout->input_count; p++)
        if (layout->inputs[p].beats > 1) return true;
    return false;
}

const char *top_header(const struct module *module) {
    const struct plan *plan = module->plan;
    struct strbuf out = strbuf_new(module->arena);
    const struct layout *layout = plan->layout;
    int latency = plan->design->latency, interval = plan->design->interval;
    const char *each =
        interval > 1 ? arena_printf(module->arena, "every %d clock cycles", interval) : "in each clock cycle";
    strbuf_printf(
        &out,
        "%s, made by bxc: a network as a pipeline. A new event may enter %s; its outputs\n"
        "come %d cycles later. Ports are registered: what in_valid marks at one rising edge of clk, out_valid marks at\n"
        "the %d%s after it.\n"
        "rst (synchronous) forgets the events on their way. CONTENT_HASH says which firmware this is.\n\n",
        plan->emission->name, each, latency, latency, ordinal_ending(latency));
    for (uint32_t p = 0; p < layout->input_count; p++) write_port_row(module, &out, &layout->inputs[p], "input");
    for (uint32_t p = 0; p < layout->output_count; p++) write_port_row(module, &out, &layout->outputs[p], "output");
    strbuf_append(
        &out,
        "\nElements lie side by side, element 0 in the low bits, without padding; interface.json has the offset of each.\n");
    if (is_in_beats(layout))
        strbuf_append(
            &out,
            "Those of a port in several clocks lie in slots, extended by their signs: it has beat and slot of each.\n");
    write_legend(module, &out);
    return out.data;
}
