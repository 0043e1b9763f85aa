/* Which registers a scheduled design has and where they stand: what the Verilog declares, and what reports count. */
#include "target/target.h"

static bool belongs_to_module(const struct graph *graph, noderef node) {
    return node.id < graph->node_count && graph->nodes[node.id].op != OP_INPUT &&
           graph->nodes[node.id].op != OP_CONSTANT;
}

uint32_t *datapath_owners(const struct design *design, const struct datapath *datapath, struct arena *arena) {
    const struct graph *graph = design->graph;
    uint32_t *owner = ARENA_ARRAY(arena, uint32_t, datapath->wire_count + 1);
    for (uint32_t w = 0; w < datapath->wire_count; w++) owner[w] = graph->node_count;
    for (uint32_t w = datapath->wire_count; w-- > 0;) {
        const struct wire *wire = &datapath->wires[w];
        if (belongs_to_module(graph, wire->origin)) owner[w] = wire->origin.id;
        for (uint32_t i = 0; i < wire->operand_count; i++) owner[wire->operands[i].wire.id] = owner[w];
    }
    return owner;
}

/* Items are read from the registers of what they are items of. */
static void note_read(const struct datapath *datapath, const uint8_t *bits, int *delays, wireref wire, int cycle) {
    int beats;
    wire = datapath_source(datapath, wire, &beats);
    int delay = cycle - beats - datapath->wires[wire.id].cycle;
    if (bits[wire.id] && delay > delays[wire.id]) delays[wire.id] = delay;
}

void datapath_delays(const struct design *design, const struct datapath *datapath, const uint8_t *bits, int *delays) {
    int last = design_last_cycle(design);
    for (uint32_t w = 0; w < datapath->wire_count; w++) delays[w] = 0;
    for (uint32_t w = 0; w < datapath->wire_count; w++) {
        const struct wire *wire = &datapath->wires[w];
        if (!bits[w] || wire->op == WIRE_ITEM) continue;
        for (uint32_t i = 0; i < wire->operand_count; i++)
            note_read(datapath, bits, delays, wire->operands[i].wire, wire_read_cycle(wire));
        if (wire->op == WIRE_STATE) note_read(datapath, bits, delays, wire->next, wire->cycle + 1);
    }
    for (uint32_t p = 0; p < design->output_count; p++)
        for (uint32_t e = 0; e < design->outputs[p].element_count; e++)
            note_read(datapath, bits, delays, design->outputs[p].elements[e].wire, last);
}

int design_last_cycle(const struct design *design) {
    return design->latency - 2;
}

int design_boundary_registers(const struct design *design, const struct datapath *datapath, const uint8_t *bits) {
    int count = design->latency; /* valid */
    struct arena *scratch = arena_new(design->context);
    bool *counted = ARENA_ARRAY(scratch, bool, datapath->wire_count + 1);
    for (uint32_t w = 0; design->input_registers && w < datapath->wire_count; w++)
        if (wire_is_source(&datapath->wires[w])) count += bits[w];
    for (uint32_t p = 0; design->output_registers && p < design->output_count; p++)
        for (uint32_t e = 0; e < design->outputs[p].element_count; e++) {
            uint32_t wire = design->outputs[p].elements[e].wire.id;
            if (!counted[wire] && datapath->wires[wire].op != WIRE_CONSTANT) count += bits[wire];
            counted[wire] = true;
        }
    arena_free(scratch);
    return count;
}
