/* What stands at the top of each file for whoever reads it: cycles, formats, and what the names say. */
#include "codegen/verilog/verilog.h"
#include "ir/ops.h"

static const char names_words[] =
    "// NODE_E, E a number, is element E of a node's value, or the last step towards it: an integer m that stands for\n"
    "// m * 2^-f. Format s7f3: 7 bits with a sign, f = 3 of them behind the point; u7f3: without a sign. A wire has no\n"
    "// more bits than somebody reads. NODE_E_s3 is the third partial result on the way to NODE_E, SIGNAL_d2 is SIGNAL\n"
    "// two clock cycles later, lookup_0 a table, less_4(a, b) whether a < b, of four bits.\n";

static const char *plural(size_t count) {
    return count == 1 ? "" : "s";
}

/* The nodes whose steps the layer computes: label, operator, name in the model, elements, format. */
static void write_nodes(const struct plan *plan, int layer, struct strbuf *out) {
    const struct graph *graph = plan->design->graph;
    bool *here = ARENA_ARRAY(plan->arena, bool, graph->node_count + 1);
    for (uint32_t w = 0; w < plan->path->wire_count; w++)
        if (plan->wires[w].layer == layer && plan->path->wires[w].origin.id < graph->node_count)
            here[plan->path->wires[w].origin.id] = true;
    for (uint32_t n = 0; n < graph->node_count; n++) {
        if (!here[n]) continue;
        const struct node *node = &graph->nodes[n];
        size_t count = shape_elements(&graph_value(graph, node->result)->shape);
        struct format *formats = ARENA_ARRAY(plan->arena, struct format, count);
        for (size_t e = 0; e < count; e++) formats[e] = graph_format(graph, node->result, e);
        strbuf_printf(out, "//   %-24s %s '%s', %zu element%s, %s\n", plan->labels[n], op_info(node->op)->name,
                      comment_text(plan->arena, node->name), count, plural(count),
                      format_range(plan->arena, formats, count));
    }
}

void write_layer_header(const struct plan *plan, int layer, struct strbuf *out) {
    int first = plan->last_cycle, last = 0;
    for (uint32_t w = 0; w < plan->path->wire_count; w++) {
        const struct wire *wire = &plan->path->wires[w];
        if (plan->wires[w].layer != layer) continue;
        first = wire->cycle < first ? wire->cycle : first;
        last = wire->cycle > last ? wire->cycle : last;
    }
    strbuf_printf(out, "// Layer '%s' of %s, made by bxc.\n//\n// Computes in ",
                  comment_text(plan->arena, plan->layers[layer].node), plan->emission->name);
    if (first == last)
        strbuf_printf(out, "cycle %d", first);
    else
        strbuf_printf(out, "cycles %d to %d", first, last);
    strbuf_printf(
        out, " of an event; in cycle 0 the input registers hold it, cycle %d ends at the output\n// registers.\n//\n",
        plan->last_cycle);
    write_nodes(plan, layer, out);
    strbuf_printf(out, "//\n%s", names_words);
}

static void write_port_row(const struct plan *plan, struct strbuf *out, const struct port_layout *port,
                           const char *direction) {
    struct arena *arena = plan->arena;
    bool even = true;
    for (uint32_t e = 1; e < port->elements; e++) even = even && format_equal(port->format[e], port->format[0]);
    strbuf_printf(out, "//   %-16s %s '%s', %u element%s, %s", port->name, direction,
                  comment_text(arena, port->original), port->elements, plural(port->elements),
                  format_range(arena, port->format, port->elements));
    if (port->elements > 1 && even && port->format[0].width > 0)
        strbuf_printf(out, ": element i is %s[%d * i +: %d]", port->name, port->format[0].width, port->format[0].width);
    strbuf_append(out, "\n");
    if (port->meaning)
        strbuf_printf(out, "//   %-16s codes: m stands for (m * 2^-f - zero_point) * scale, both in interface.json\n",
                      "");
    if (port->steps)
        strbuf_printf(out, "//   %-16s the steps from a number to its code are there too, each rounded to binary32\n",
                      "");
}

void write_top_header(const struct plan *plan, struct strbuf *out) {
    const struct layout *layout = plan->layout;
    int latency = plan->design->latency;
    strbuf_printf(
        out,
        "// %s, made by bxc: a network as a pipeline. A new event may enter in each clock cycle; its outputs\n"
        "// come %d cycles later. Ports are registered: what in_valid marks at one rising edge of clk, out_valid marks at\n"
        "// the %d%s after it.\n"
        "// rst (synchronous) forgets the events on their way. CONTENT_HASH says which firmware this is.\n//\n",
        plan->emission->name, latency, latency,
        latency == 2   ? "nd"
        : latency == 3 ? "rd"
                       : "th");
    for (uint32_t p = 0; p < layout->input_count; p++) write_port_row(plan, out, &layout->inputs[p], "input");
    for (uint32_t p = 0; p < layout->output_count; p++) write_port_row(plan, out, &layout->outputs[p], "output");
    strbuf_printf(
        out,
        "//\n// Elements lie side by side, element 0 in the low bits, without padding; interface.json has the offset of each.\n//\n%s",
        names_words);
}

void add_rtl(const struct plan *plan, const char *module, const struct strbuf *text) {
    struct strbuf wrapped = wrap_code(plan->arena, text->data);
    file_set_add(plan->emission->files, arena_printf(plan->arena, "rtl/%s.v", module), wrapped.data, wrapped.length);
}
