/* A design as text (doc/ir.md), printing; datapath_parse.c reads it back. Print, parse, print gives
 * the same bytes: clock and arrivals in picoseconds. */
#include "ir/datapath.h"

#include <inttypes.h>

/* Nodes and values of the graph go by their numbers in its text, where what is dead does not stand. */
struct printer {
    struct strbuf *out;
    uint32_t *node, *value;
    uint32_t *named; /* by node: the wire that named it last, + 1 */
};

static struct printer printer_new(struct strbuf *out, const struct graph *graph, struct arena *arena) {
    struct printer printer = {out, ARENA_ARRAY(arena, uint32_t, graph->node_count + 1),
                              ARENA_ARRAY(arena, uint32_t, graph->value_count + 1),
                              ARENA_ARRAY(arena, uint32_t, graph->node_count + 1)};
    uint32_t nodes = 0, values = 0;
    for (uint32_t n = 0; n < graph->node_count; n++) {
        const struct node *node = &graph->nodes[n];
        if (node->dead) continue;
        printer.node[n] = nodes++;
        for (uint32_t r = 0; r < node->result_count; r++) printer.value[node_result(node, r).id] = values++;
    }
    return printer;
}

static void print_quoted(struct strbuf *out, const char *text) {
    strbuf_append(out, "\"");
    for (; *text; text++) {
        if ((unsigned char)*text < 0x20)
            strbuf_printf(out, "\\x%02x", (unsigned)(unsigned char)*text);
        else
            strbuf_printf(out, "%s%c", *text == '"' || *text == '\\' ? "\\" : "", *text);
    }
    strbuf_append(out, "\"");
}

static void print_port(const struct printer *printer, const char *direction, const struct port *port) {
    struct strbuf *out = printer->out;
    strbuf_printf(out, "%s ", direction);
    print_quoted(out, port->name);
    strbuf_printf(out, " v%u %u", printer->value[port->value.id], port->element_count);
    if (port->beats > 1) strbuf_printf(out, " beats %u slots %u", port->beats, port->slots);
    strbuf_append(out, "\n");
    for (uint32_t e = 0; e < port->element_count; e++) {
        strbuf_printf(out, "  w%u ", port->elements[e].wire.id);
        format_print(out, port->elements[e].format);
        if (port->beats > 1) strbuf_printf(out, " beat %u slot %u", port->elements[e].beat, port->elements[e].slot);
        strbuf_append(out, "\n");
    }
}

static void print_term(struct strbuf *out, struct term term, bool first) {
    strbuf_printf(out, " %s%sw%u", term.negative ? "-" : first ? "" : "+", first ? "" : " ", term.wire.id);
    if (term.shift) strbuf_printf(out, "<<%u", term.shift);
}

static void print_sum(struct strbuf *out, const struct wire *wire) {
    for (uint32_t i = 0; i < wire->operand_count; i++) print_term(out, wire->operands[i], i == 0);
    if (wire->operand_count == 0)
        strbuf_printf(out, " %" PRId64, wire->constant);
    else if (wire->constant)
        strbuf_printf(out, " %c %" PRIu64, wire->constant < 0 ? '-' : '+',
                      wire->constant < 0 ? -(uint64_t)wire->constant : (uint64_t)wire->constant);
}

static void print_origins(const struct printer *printer, const struct wire *wire, uint32_t id) {
    strbuf_printf(printer->out, " n%u.%u", printer->node[wire->origin.id], wire->element);
    printer->named[wire->origin.id] = id + 1;
    for (const struct origin_list *also = wire->also; also; also = also->next) {
        if (printer->named[also->node.id] != id + 1) strbuf_printf(printer->out, ",n%u", printer->node[also->node.id]);
        printer->named[also->node.id] = id + 1;
    }
}

static void print_wire(const struct printer *printer, const struct wire *wire, uint32_t id) {
    struct strbuf *out = printer->out;
    strbuf_printf(out, "w%u = %s", id, wire_op_names[wire->op]);
    if (wire->op == WIRE_INPUT)
        strbuf_printf(out, " %u %d", wire->table, (int)wire->amount);
    else if (wire->op == WIRE_CONSTANT)
        strbuf_printf(out, " %" PRId64, wire->constant);
    else if (wire->op == WIRE_SUM)
        print_sum(out, wire);
    for (uint32_t i = 0; wire->op != WIRE_SUM && i < wire->operand_count; i++)
        strbuf_printf(out, " w%u", wire->operands[i].wire.id);
    if (wire->op == WIRE_TABLE)
        strbuf_printf(out, " t%u", wire->table);
    else if (wire->op == WIRE_CLAMP)
        strbuf_printf(out, " %" PRId64 " %" PRId64, wire->clamp_lo, wire->clamp_hi);
    else if (wire->op == WIRE_SHIFT_RIGHT || wire->op == WIRE_ITEM)
        strbuf_printf(out, " %d", (int)wire->amount);
    else if (wire->op == WIRE_STATE)
        strbuf_printf(out, " next w%u", wire->next.id);
    else if (wire->op == WIRE_WRAP)
        strbuf_printf(out, " %c%d", wire->wrap_signed ? 's' : 'u', (int)wire->amount);
    if (wire->resource != RESOURCE_LOGIC)
        strbuf_printf(out, " %s %d", resource_names[wire->resource], (int)wire->latency);
    strbuf_printf(out, " [%" PRId64 ", %" PRId64 "]", wire->lo, wire->hi);
    if (wire->origin.id != UINT32_MAX) print_origins(printer, wire, id);
    if (wire->cycle >= 0) strbuf_printf(out, " @%d+%d", (int)wire->cycle, (int)wire->arrival);
    strbuf_append(out, "\n");
}

static void print_probe(const struct printer *printer, const struct probe *probe) {
    struct strbuf *out = printer->out;
    strbuf_printf(out, "probe v%u.%u", printer->value[probe->value.id], probe->element);
    if (probe->beat) strbuf_printf(out, " beat %d", probe->beat);
    strbuf_append(out, " =");
    if (probe->wire.id == UINT32_MAX && probe->absorber.id == UINT32_MAX)
        strbuf_append(out, " absorbed");
    else if (probe->wire.id == UINT32_MAX)
        strbuf_printf(out, " absorbed by v%u", printer->value[probe->absorber.id]);
    else if (probe->offset || probe->shift < 0)
        strbuf_printf(out, " %sw%u offset %" PRId64 " shift %d", probe->negative ? "-" : "", probe->wire.id,
                      probe->offset, (int)probe->shift);
    else
        print_term(out, (struct term){probe->wire, (int8_t)probe->shift, probe->negative}, true);
    strbuf_append(out, "\n");
}

static void print_datapath(const struct printer *printer, const struct datapath *datapath) {
    struct strbuf *out = printer->out;
    strbuf_append(out, "datapath\n");
    for (uint32_t i = 0; i < datapath->table_count; i++) {
        const struct table *table = &datapath->tables[i];
        strbuf_printf(out, "table t%u %" PRId64 " %u", i, table->first, table->count);
        for (uint32_t k = 0; k < table->count; k++) strbuf_printf(out, " %" PRId64, table->entries[k]);
        strbuf_append(out, "\n");
    }
    for (uint32_t i = 0; i < datapath->wire_count; i++) print_wire(printer, &datapath->wires[i], i);
    for (uint32_t i = 0; i < datapath->probe_count; i++) print_probe(printer, &datapath->probes[i]);
    strbuf_append(out, "end\n");
}

void design_print(struct strbuf *out, const struct design *design) {
    struct arena *scratch = arena_new(design->context);
    const struct printer printer = printer_new(out, design->graph, scratch);
    strbuf_append(out, "design ");
    print_quoted(out, design->name);
    strbuf_printf(out, " period %d", design->clock_ps);
    strbuf_printf(out, " interval %d beats %d", design->interval, design->beats);
    strbuf_printf(out, " latency %d registers %d %d\n", design->latency, design->input_registers,
                  design->output_registers);
    for (uint32_t i = 0; i < design->input_count; i++) print_port(&printer, "input", &design->inputs[i]);
    for (uint32_t i = 0; i < design->output_count; i++) print_port(&printer, "output", &design->outputs[i]);
    print_datapath(&printer, &design->datapath);
    arena_free(scratch);
}
