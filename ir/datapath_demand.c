/* How many low bits of each wire somebody reads: what is above the highest of them need not be
 * computed. Readers come after what they read, so one walk from the last wire to the first is enough; but what a state
 * carries on comes after it: then until nothing changes. */
#include "ir/datapath.h"

/* Somebody reads the low `count` bits, extended where the wire is narrower. */
static void demand(const struct datapath *datapath, uint8_t *bits, wireref wire, int count) {
    const struct wire *w = &datapath->wires[wire.id];
    int width = wire_width(w), most = count < width ? count : width;
    if (most > 0 && w->op == WIRE_TABLE && w->resource != RESOURCE_LOGIC) most = width; /* its words are as wide */
    if (w->lo != w->hi && most > bits[wire.id]) bits[wire.id] = (uint8_t)most;
}

static void demand_operands(const struct datapath *datapath, uint8_t *demanded, const struct wire *wire, int bits) {
    for (uint32_t i = 0; i < wire->operand_count; i++) {
        struct term term = wire->operands[i];
        switch (wire->op) {
        case WIRE_SUM: demand(datapath, demanded, term.wire, bits - term.shift); break;
        case WIRE_SHIFT_RIGHT: demand(datapath, demanded, term.wire, bits + wire->amount); break;
        case WIRE_STATE:
        case WIRE_SELECT: demand(datapath, demanded, term.wire, i == 0 ? 1 : bits); break;
        case WIRE_ITEM: /* whoever extends it extends what it is an item of */
        case WIRE_DELAY: demand(datapath, demanded, term.wire, bits == wire_width(wire) ? 64 : bits); break;
        case WIRE_LESS:
        case WIRE_EQUAL:
        case WIRE_TABLE:
        case WIRE_CLAMP: demand(datapath, demanded, term.wire, 64); break;
        default: demand(datapath, demanded, term.wire, bits);
        }
    }
}

void datapath_demand(const struct design *design, const struct datapath *datapath, uint8_t *bits) {
    for (uint32_t p = 0; p < design->output_count; p++)
        for (uint32_t e = 0; e < design->outputs[p].element_count; e++)
            demand(datapath, bits, design->outputs[p].elements[e].wire, design->outputs[p].elements[e].format.width);
    for (bool again = true; again;) {
        again = false;
        for (uint32_t w = datapath->wire_count; w-- > 0;) {
            const struct wire *wire = &datapath->wires[w];
            if (bits[w] > 0) demand_operands(datapath, bits, wire, bits[w]);
            uint8_t before = wire->op == WIRE_STATE && bits[w] ? bits[wire->next.id] : UINT8_MAX;
            if (before == UINT8_MAX) continue;
            demand(datapath, bits, wire->next, bits[w]);
            again |= bits[wire->next.id] != before;
        }
    }
}
