/* Where mapping is in no hurry. The recipe's mapper knows no clock: it hurries what lies on the longest path of the
 * whole design, by delays of its own, in which a block of a carry chain costs as much as a LUT, and a path ends at
 * an adder of three terms, which it does not see. Everywhere else it saves LUT: several functions of the same bits
 * share what they can of each other, level by level. */
#include "target/shape.h"

/* A look-up whose functions fill a LUT each has been seen six levels deep, wider ones too. A level that is added goes
 * through the faster inputs of its LUT: 130 ps with the net's 300, where technology.c's 240 are the middle of all. */
enum { LEVELS = 6, PER_LEVEL = 430 };

/* Into tail[wire]: how long the rest of the stage takes behind it, by the mapper's delays. */
static void find_tails(const struct timing *timing, const struct datapath *datapath, const int *at, int *tail) {
    for (uint32_t i = datapath->wire_count; i-- > 0;) {
        const struct wire *wire = &datapath->wires[i];
        for (uint32_t k = 0; wire->resource == RESOURCE_LOGIC && k < wire->operand_count && k < 3; k++) {
            uint32_t x = wire->operands[k].wire.id;
            if (datapath->wires[x].cycle != wire->cycle || is_constant_wire(&datapath->wires[x])) continue;
            int more = timing_through(timing, i, wire->cycle, k) - at[x];
            if (more < 0) continue; /* the path ends there, or goes on from bits that come early */
            tail[x] = tail[i] + more > tail[x] ? tail[i] + more : tail[x];
        }
    }
}

/* Levels between a hurried look-up and one that is not. */
static int levels_to_lose(const struct datapath *datapath, const struct wire *wire) {
    if (wire->op != WIRE_TABLE || wire->resource != RESOURCE_LOGIC || wire_width(wire) < 2) return 0;
    int bits = wire_width(operand_of(datapath, wire, 0)), hurried = lut_levels(bits);
    return bits < LUT_INPUTS || hurried > LEVELS ? 0 : LEVELS - hurried;
}

static bool anything_to_lose(const struct datapath *datapath) {
    for (uint32_t i = 0; i < datapath->wire_count; i++)
        if (levels_to_lose(datapath, &datapath->wires[i])) return true;
    return false;
}

bool design_find_haste(struct design *design, const struct technology *technology, int budget) {
    struct datapath *datapath = &design->datapath;
    if (!anything_to_lose(datapath)) return false;
    struct arena *scratch = arena_new(design->context);
    struct timing *mapper = timing_new(scratch, design, technology_of_mapping());
    const struct timing *timing = timing_new(scratch, design, technology);
    int *at = ARENA_ARRAY(scratch, int, datapath->wire_count + 1), longest = 0;
    int *tail = ARENA_ARRAY(scratch, int, datapath->wire_count + 1);
    bool any = false;
    for (uint32_t i = 0; i < datapath->wire_count; i++) {
        at[i] = timing_place(mapper, i, datapath->wires[i].cycle);
        longest = at[i] > longest ? at[i] : longest;
    }
    find_tails(mapper, datapath, at, tail);
    for (uint32_t i = 0; i < datapath->wire_count; i++) {
        struct wire *wire = &datapath->wires[i];
        int most = levels_to_lose(datapath, wire), spare = (longest - at[i] - tail[i]) / PER_LEVEL;
        wire->unhurried = spare < most ? spare : most;
        while (wire->unhurried > 0 && timing_alone(timing, i) > budget) wire->unhurried--;
        any |= wire->unhurried > 0;
    }
    arena_free(scratch);
    return any;
}
