/* What must hold of a design between passes. A broken design is a defect of bxc, so the messages
 * name wires by number, and the nodes of the quantised graph that they come from. */
#include "ir/datapath_private.h"

/* In the file that the design was read from, or in the model. */
static struct location location_of(const struct design *design, const struct node *node) {
    struct location at = graph_location(design->graph, node);
    if (design->file) at = (struct location){.file = design->file, .node = at.node};
    return at;
}

static struct location wire_location(const struct design *design, const struct wire *wire) {
    bool known = wire->origin.id < design->graph->node_count;
    return location_of(design, known ? graph_node(design->graph, wire->origin) : NULL);
}

static int verify_operands(const struct design *design, const struct datapath *datapath, uint32_t id) {
    const struct wire *wire = &datapath->wires[id];
    struct diagnostics *diag = &design->context->diagnostics;
    struct location at = wire_location(design, wire);
    int wanted = wire->op < WIRE_OP_COUNT ? wire_op_operands(wire->op) : -2;
    if (wanted == -2) return diag_error(diag, at, NULL, "wire %u has no operator", id);
    if (wire->lo > wire->hi) return diag_error(diag, at, NULL, "wire %u has an empty interval", id);
    if (wanted >= 0 && wire->operand_count != (uint32_t)wanted)
        return diag_error(diag, at, NULL, "wire %u: '%s' has %u operands", id, wire_op_names[wire->op],
                          wire->operand_count);
    for (uint32_t i = 0; i < wire->operand_count; i++) {
        struct term term = wire->operands[i];
        if (term.wire.id >= id)
            return diag_error(diag, at, NULL, "wire %u reads wire %u, which does not come before it", id, term.wire.id);
        if (wire->op == WIRE_SUM ? term.shift < 0 || term.shift > 63 : term.shift || term.negative)
            return diag_error(diag, at, NULL, "wire %u: operand %u is shifted or negated where it cannot be", id, i);
    }
    return 0;
}

static int verify_attributes(const struct design *design, const struct datapath *datapath, uint32_t id) {
    const struct wire *wire = &datapath->wires[id];
    struct diagnostics *diag = &design->context->diagnostics;
    struct location at = wire_location(design, wire);
    if (wire->op == WIRE_CLAMP && wire->clamp_lo > wire->clamp_hi)
        return diag_error(diag, at, NULL, "wire %u clamps to an empty interval", id);
    if ((wire->op == WIRE_WRAP || wire->op == WIRE_SHIFT_RIGHT) && (wire->amount < 0 || wire->amount > 64))
        return diag_error(diag, at, NULL, "wire %u: amount %d", id, (int)wire->amount);
    if (wire->op == WIRE_SELECT) {
        const struct wire *condition = &datapath->wires[wire->operands[0].wire.id];
        if (condition->lo < 0 || condition->hi > 1)
            return diag_error(diag, at, NULL, "wire %u selects by a wire of more than one bit", id);
    }
    if (wire->op == WIRE_TABLE) {
        const struct table *table = wire->table < datapath->table_count ? &datapath->tables[wire->table] : NULL;
        const struct wire *index = &datapath->wires[wire->operands[0].wire.id];
        if (!table || index->lo < table->first || (int128)index->hi - table->first >= table->count)
            return diag_error(diag, at, NULL, "wire %u: the table does not cover its operand", id);
    }
    if (wire->op == WIRE_INPUT) {
        const struct port *port = wire->table < design->input_count ? &design->inputs[wire->table] : NULL;
        if (!port || wire->amount < 0 || (uint32_t)wire->amount >= port->slots)
            return diag_error(diag, at, NULL, "wire %u is no element of an input port", id);
    }
    return 0;
}

/* Logic is done within its cycle; memories hold tables and what is delayed, and nothing else. */
static bool has_its_resource(const struct wire *wire) {
    if (wire->op == WIRE_DELAY) return wire->resource == RESOURCE_BLOCK_RAM && wire->latency > BLOCK_RAM_LATENCY;
    if (wire->resource == RESOURCE_LOGIC) return wire->latency == 0;
    return wire->op == WIRE_TABLE && wire->latency == BLOCK_RAM_LATENCY;
}

static int verify_resource(const struct design *design, const struct datapath *datapath, uint32_t id) {
    const struct wire *wire = &datapath->wires[id];
    if (has_its_resource(wire)) return 0;
    return diag_error(&design->context->diagnostics, wire_location(design, wire), NULL,
                      "wire %u: no resource computes '%s' in %d cycles", id, wire_op_names[wire->op],
                      (int)wire->latency);
}

/* Between what is there once an event and what is there in every beat stand items one way and states the other. */
static int verify_beats(const struct design *design, const struct datapath *datapath, uint32_t id) {
    const struct wire *wire = &datapath->wires[id];
    struct diagnostics *diag = &design->context->diagnostics;
    struct location at = wire_location(design, wire);
    if ((wire->every_beat || wire->op == WIRE_ITEM) && design->beats < 2)
        return diag_error(diag, at, NULL, "wire %u has beats in a design without", id);
    if ((wire->op == WIRE_BEAT && (wire->lo != 0 || wire->hi != design->beats - 1)) ||
        (wire->op == WIRE_FIRST && (wire->lo != 0 || wire->hi != 1)))
        return diag_error(diag, at, NULL, "wire %u counts other beats than the design has", id);
    for (uint32_t i = 0; i < wire->operand_count; i++) {
        const struct wire *x = &datapath->wires[wire->operands[i].wire.id];
        bool initial = wire->op == WIRE_STATE && i == 1;
        if (wire->every_beat && !x->every_beat && x->op != WIRE_CONSTANT && !initial)
            return diag_error(diag, at, NULL, "wire %u reads in every beat what is there once", id);
    }
    if (wire->op == WIRE_ITEM &&
        (!datapath->wires[wire->operands[0].wire.id].every_beat || wire->amount < 0 || wire->amount >= design->beats))
        return diag_error(diag, at, NULL, "wire %u is an item of no beat", id);
    if (wire->op != WIRE_STATE) return 0;
    const struct wire *next = wire->next.id < datapath->wire_count ? &datapath->wires[wire->next.id] : NULL;
    const struct wire *first = &datapath->wires[wire->operands[0].wire.id];
    struct format format = format_for((struct interval){wire->lo, wire->hi}, 0);
    const struct wire *initial = &datapath->wires[wire->operands[1].wire.id];
    if (!next || !next->every_beat || first->lo < 0 || first->hi > 1)
        return diag_error(diag, at, NULL, "state %u has no next value, or no first beat", id);
    if (!interval_fits((struct interval){next->lo, next->hi}, format) ||
        !interval_fits((struct interval){initial->lo, initial->hi}, format))
        return diag_error(diag, at, NULL, "state %u takes values beyond its interval", id);
    return 0;
}

static int verify_schedule(const struct design *design, const struct datapath *datapath, uint32_t id, bool scheduled) {
    const struct wire *wire = &datapath->wires[id];
    struct diagnostics *diag = &design->context->diagnostics;
    if (scheduled != (wire->cycle >= 0))
        return diag_error(diag, wire_location(design, wire), NULL,
                          "wire %u: some wires have a cycle and some have none", id);
    if (wire->op == WIRE_INPUT && wire->cycle > 0)
        return diag_error(diag, wire_location(design, wire), NULL, "wire %u: an input in cycle %d", id,
                          (int)wire->cycle);
    if (scheduled && wire->op == WIRE_STATE && datapath->wires[wire->next.id].cycle > wire->cycle)
        return diag_error(diag, wire_location(design, wire), NULL, "state %u in cycle %d: its next value is too late",
                          id, (int)wire->cycle);
    if (scheduled && wire->op == WIRE_ITEM &&
        wire->cycle != datapath->wires[wire->operands[0].wire.id].cycle + wire->amount)
        return diag_error(diag, wire_location(design, wire), NULL, "item %u is there in another cycle than %d", id,
                          (int)wire->cycle);
    for (uint32_t i = 0; scheduled && i < wire->operand_count; i++)
        if (datapath->wires[wire->operands[i].wire.id].cycle > wire_read_cycle(wire))
            return diag_error(diag, wire_location(design, wire), NULL,
                              "wire %u reads in cycle %d wire %u of a later one", id, wire_read_cycle(wire),
                              wire->operands[i].wire.id);
    return 0;
}

/* Builds the datapath afresh, wire by wire, and compares the intervals. */
static int verify_intervals(const struct design *design, const struct datapath *datapath) {
    struct design *fresh = design_new(design->graph, design->name);
    struct datapath copy = {.tables = datapath->tables, .table_count = datapath->table_count};
    int result = 0;
    for (uint32_t i = 0; i < datapath->wire_count && !result; i++) {
        const struct wire *wire = &datapath->wires[i];
        wireref added = datapath_append(fresh, &copy, wire);
        const struct wire *w = &copy.wires[added.id];
        if (w->lo != wire->lo || w->hi != wire->hi)
            result = diag_error(&design->context->diagnostics, wire_location(design, wire), NULL,
                                "wire %u has the interval [%lld, %lld] and not [%lld, %lld]", i, (long long)w->lo,
                                (long long)w->hi, (long long)wire->lo, (long long)wire->hi);
    }
    arena_free(copy.arena);
    design_free(fresh);
    return result;
}

static int verify_port(const struct design *design, const struct datapath *datapath, const struct port *port,
                       bool input) {
    struct diagnostics *diag = &design->context->diagnostics;
    struct location at = location_of(design, NULL);
    at.node = port->name;
    if (port->beats != 1 && (!input || port->beats != (uint32_t)design->beats))
        return diag_error(diag, at, NULL, "the port comes in other beats than the design has");
    if ((uint64_t)(port->beats - 1) * port->slots > port->element_count)
        return diag_error(diag, at, NULL, "the port has more room than it has elements");
    for (uint32_t e = 0; e < port->element_count; e++) {
        const struct port_element *element = &port->elements[e];
        if (element->wire.id >= datapath->wire_count) return diag_error(diag, at, NULL, "element %u has no wire", e);
        const struct wire *wire = &datapath->wires[element->wire.id];
        if (input && port->beats > 1 ? wire->op == WIRE_INPUT && ((int128)format_min(element->format) < wire->lo ||
                                                                  (int128)format_max(element->format) > wire->hi)
                                     : !interval_fits((struct interval){wire->lo, wire->hi}, element->format))
            return diag_error(diag, at, NULL, "element %u: wire %u does not fit its port's format", e,
                              element->wire.id);
        if (!input && wire->every_beat)
            return diag_error(diag, at, NULL, "element %u: wire %u is there in every beat", e, element->wire.id);
        if (input && (element->slot >= port->slots || element->beat >= port->beats))
            return diag_error(diag, at, NULL, "element %u comes in no beat of its port", e);
        if (input && wire->op != WIRE_INPUT && wire->op != WIRE_CONSTANT) /* a constant: nothing reads the port */
            return diag_error(diag, at, NULL, "element %u: wire %u is no input", e, element->wire.id);
    }
    return 0;
}

static int verify_probe(const struct design *design, uint32_t id) {
    const struct graph *graph = design->graph;
    const struct datapath *datapath = &design->datapath;
    const struct probe *probe = &datapath->probes[id];
    struct diagnostics *diag = &design->context->diagnostics;
    struct location at = location_of(design, NULL);
    if (probe->value.id >= graph->value_count ||
        probe->element >= shape_elements(&graph_value(graph, probe->value)->shape))
        return diag_error(diag, at, NULL, "probe %u names a value that is not there", id);
    if (probe->wire.id == UINT32_MAX) return 0;
    if (probe->wire.id >= datapath->wire_count || probe->beat < 0 || probe->beat >= design->beats)
        return diag_error(diag, at, NULL, "probe %u names a wire that is not there", id);
    return 0;
}

/* Blocks that follow each other, each with what it needs. */
static int verify_blocks(const struct design *design) {
    struct arena *scratch = arena_new(design->context);
    bool endless = design->datapath.wire_count && design_blocks(design, scratch).count == 0;
    arena_free(scratch);
    if (!endless) return 0;
    return diag_error(&design->context->diagnostics, location_of(design, NULL), NULL,
                      "what is carried from beat to beat depends on what comes after it");
}

int design_check(const struct design *design) {
    const struct datapath *datapath = &design->datapath;
    bool scheduled = datapath->wire_count && datapath->wires[0].cycle >= 0;
    for (uint32_t i = 0; i < datapath->wire_count; i++)
        if (verify_operands(design, datapath, i) || verify_attributes(design, datapath, i) ||
            verify_resource(design, datapath, i) || verify_beats(design, datapath, i) ||
            verify_schedule(design, datapath, i, scheduled))
            return -1;
    for (uint32_t i = 0; i < design->input_count; i++)
        if (verify_port(design, datapath, &design->inputs[i], true)) return -1;
    for (uint32_t i = 0; i < design->output_count; i++)
        if (verify_port(design, datapath, &design->outputs[i], false)) return -1;
    for (uint32_t i = 0; i < datapath->probe_count; i++)
        if (verify_probe(design, i)) return -1;
    return verify_blocks(design);
}

int design_verify(const struct design *design) {
    return design_check(design) ? -1 : verify_intervals(design, &design->datapath);
}
