/* Which wires of a design are served together. Wires that take a value once an event and those that take one in every
 * beat follow each other: sums over the items of an event come after all its beats, what needs such a sum in every beat
 * of its own comes after that, and so on. Each such stretch is a block; nothing flows back. */
#include "ir/datapath.h"

/* Even: once an event. Odd: in every beat. */
static uint32_t level_of(const struct datapath *datapath, const uint32_t *level, const struct wire *wire) {
    uint32_t most = wire->every_beat;
    for (uint32_t k = 0; k < wire->operand_count; k++) {
        uint32_t id = wire->operands[k].wire.id;
        uint32_t other = level[id] + (datapath->wires[id].every_beat != wire->every_beat && level[id]);
        most = other > most ? other : most;
    }
    if (wire->op == WIRE_STATE && level[wire->next.id] > most) most = level[wire->next.id];
    return most;
}

/* A state is where what it carries on is: until nothing changes. false: something flows back. */
static bool find_levels(const struct datapath *datapath, uint32_t *level) {
    for (bool again = true; again;) {
        again = false;
        for (uint32_t i = 0; i < datapath->wire_count; i++) {
            uint32_t found = level_of(datapath, level, &datapath->wires[i]);
            if (found >= BLOCKS_MAX) return false;
            again |= datapath->wires[i].op == WIRE_STATE && found != level[i];
            level[i] = found;
        }
    }
    return true;
}

static void include_wire(const struct design *design, struct block *block, const struct wire *wire) {
    int last = wire_last_cycle(design, wire);
    if (wire->op == WIRE_CONSTANT) return;
    block->wires++;
    block->states += wire->op == WIRE_STATE;
    block->memories += wire->resource == RESOURCE_BLOCK_RAM;
    if (wire->op == WIRE_DELAY) return; /* nothing is computed */
    int first = wire_read_cycle(wire);
    if (block->first_cycle < 0 || first < block->first_cycle) block->first_cycle = first;
    if (last > block->last_cycle) block->last_cycle = last;
}

struct block_list design_blocks(const struct design *design, struct arena *arena) {
    const struct datapath *datapath = &design->datapath;
    struct block_list list = {.of = ARENA_ARRAY(arena, uint32_t, datapath->wire_count + 1)};
    if (!find_levels(datapath, list.of)) return list;
    for (uint32_t i = 0; i < datapath->wire_count; i++)
        list.count = list.of[i] >= list.count ? list.of[i] + 1 : list.count;
    list.at = ARENA_ARRAY(arena, struct block, list.count + 1);
    for (uint32_t b = 0; b < list.count; b++)
        list.at[b] = (struct block){.beats = b % 2 ? design->beats : 1, .first_cycle = -1, .last_cycle = -1};
    for (uint32_t i = 0; i < datapath->wire_count; i++) include_wire(design, &list.at[list.of[i]], &datapath->wires[i]);
    for (uint32_t b = 0; b < list.count; b++)
        list.at[b].kind = b % 2 == 0 ? BLOCK_DATAPATH : list.at[b].states ? BLOCK_ACCUMULATE : BLOCK_MAP;
    return list;
}
