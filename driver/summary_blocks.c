/* The blocks of a design (ir/blocks.c) and what passes between them, for the report. */
#include "driver/driver.h"

static const char *const kinds[] = {
    [BLOCK_DATAPATH] = "once an event", [BLOCK_MAP] = "item by item", [BLOCK_ACCUMULATE] = "item by item, with state"};

/* What the channels are found from. */
struct traffic {
    const struct datapath *datapath;
    const struct block_list *blocks;
    const uint8_t *bits;
    bool *counted;               /* by wire: it is in the channel to this block */
    struct channel_report *into; /* by block that it comes from */
};

static void add_read(struct traffic *traffic, uint32_t block, wireref wire, int cycle) {
    int beats;
    wireref source = datapath_undelayed(traffic->datapath, datapath_source(traffic->datapath, wire, &beats));
    uint32_t from = traffic->blocks->of[source.id];
    const struct wire *read = &traffic->datapath->wires[source.id];
    if (from == block || read->op == WIRE_CONSTANT || !traffic->bits[source.id]) return;
    struct channel_report *channel = &traffic->into[from];
    int depth = cycle - beats - read->cycle;
    if (depth > channel->depth) channel->depth = depth;
    if (traffic->counted[source.id]) return;
    traffic->counted[source.id] = true;
    channel->numbers++;
    channel->bits += traffic->bits[source.id];
}

static void find_channels(const struct design *design, struct traffic *traffic, uint32_t block) {
    const struct datapath *datapath = &design->datapath;
    for (uint32_t w = 0; w < datapath->wire_count; w++) traffic->counted[w] = false;
    for (uint32_t b = 0; b < traffic->blocks->count; b++) traffic->into[b] = (struct channel_report){0};
    for (uint32_t w = 0; w < datapath->wire_count; w++) {
        const struct wire *wire = &datapath->wires[w];
        if (traffic->blocks->of[w] != block || !traffic->bits[w] || wire->op == WIRE_ITEM) continue;
        for (uint32_t i = 0; i < wire->operand_count; i++)
            add_read(traffic, block, wire->operands[i].wire, wire_read_cycle(wire));
    }
    for (uint32_t p = 0; p < design->output_count; p++)
        for (uint32_t e = 0; e < design->outputs[p].element_count; e++) {
            wireref wire = design->outputs[p].elements[e].wire;
            if (traffic->blocks->of[wire.id] == block) add_read(traffic, block, wire, design_last_cycle(design));
        }
}

/* Blocks without wires are left out: number[b] is the place of block b in the report. */
static void add_block_rows(struct arena *arena, const struct program *program, const struct block_list *blocks,
                           uint32_t *number, struct compile_report *report) {
    const struct datapath *datapath = &program->design->datapath;
    struct cost *costs = ARENA_ARRAY(arena, struct cost, datapath->wire_count + 1);
    datapath_cost_by_wire(program->design, datapath, costs);
    report->blocks = ARENA_ARRAY(arena, struct block_report, blocks->count + 1);
    for (uint32_t b = 0; b < blocks->count; b++) {
        const struct block *block = &blocks->at[b];
        number[b] = report->block_count;
        if (block->wires == 0) continue;
        report->blocks[report->block_count++] = (struct block_report){.kind = kinds[block->kind],
                                                                      .beats = block->beats,
                                                                      .first_cycle = block->first_cycle,
                                                                      .last_cycle = block->last_cycle,
                                                                      .wires = block->wires,
                                                                      .states = block->states,
                                                                      .memories = block->memories};
    }
    for (uint32_t w = 0; w < datapath->wire_count; w++) {
        struct cost *cost = &report->blocks[number[blocks->of[w]]].cost;
        cost->lut += costs[w].lut;
        cost->ff += costs[w].ff;
        cost->bram18 += costs[w].bram18;
    }
}

void summary_add_blocks(struct arena *arena, const struct program *program, struct compile_report *report) {
    const struct design *design = program->design;
    const struct block_list blocks = design_blocks(design, arena);
    size_t wires = (size_t)design->datapath.wire_count + 1, count = (size_t)blocks.count + 1;
    uint8_t *bits = ARENA_ARRAY(arena, uint8_t, wires);
    uint32_t *number = ARENA_ARRAY(arena, uint32_t, count);
    struct traffic traffic = {&design->datapath, &blocks, bits, ARENA_ARRAY(arena, bool, wires),
                              ARENA_ARRAY(arena, struct channel_report, count)};
    datapath_demand(design, &design->datapath, bits);
    add_block_rows(arena, program, &blocks, number, report);
    report->channels = ARENA_ARRAY(arena, struct channel_report, count * count);
    for (uint32_t to = 0; to < blocks.count; to++) {
        find_channels(design, &traffic, to);
        for (uint32_t from = 0; from < blocks.count; from++) {
            if (!traffic.into[from].numbers) continue;
            traffic.into[from].from = (int)number[from] + 1;
            traffic.into[from].to = (int)number[to] + 1;
            report->channels[report->channel_count++] = traffic.into[from];
        }
    }
}
