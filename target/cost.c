/* Area of wires, by the shape that synthesis gives them (one LUT a bit in which terms overlap, whether two
 * or three), and of whole designs with the registers that cycles imply. It is what Yosys maps; measured
 * designs lie within 5 % of it. Estimates; nothing here decides what is computed. */
#include "target/adder.h"
#include "target/memories.h"
#include "target/shape.h"

/* ---- sums ---- */

static double sum_lut(const struct datapath *datapath, const struct wire *wire, int bits) {
    struct adder adder = adder_of(datapath, wire, bits);
    int terms = adder_chain_terms(&adder), width = adder.bits - adder.from;
    if (wire->operand_count > 3) /* before `trees` */
        return (double)((wire->operand_count + (wire->constant != 0)) / 2) * width;
    if (terms <= 1 || adder.terms <= 1) return 0;
    const struct overlap overlap = adder_overlap(&adder);
    return terms == 2 ? overlap.bits + overlap.borrow : (terms - 2) * width;
}

/* ---- other wires ---- */

/* LUT of one bit of a function of so many bits; wide ones are multiplexed. */
static double function_lut(int bits) {
    return bits <= 1 ? 0 : bits <= 6 ? 1 : bits > 30 ? 1e9 : (double)(1 << (bits - 6));
}

static double clamp_lut(const struct datapath *datapath, const struct wire *wire) {
    int out = wire_width(wire), detection = clamp_detection(datapath, wire);
    if (wire_is_relu(datapath, wire)) return out;
    return out + (detection > 2 ? (detection + 4) / 5 : 0);
}

static double compare_lut(const struct datapath *datapath, const struct wire *wire) {
    int width = comparison_width(operand_of(datapath, wire, 0), operand_of(datapath, wire, 1));
    bool constant = is_constant_wire(operand_of(datapath, wire, 0)) || is_constant_wire(operand_of(datapath, wire, 1));
    if (wire->op == WIRE_EQUAL)
        return constant ? (width + 4) / 5 : (width + 2) / 3 + (width > 3 ? (width + 17) / 18 : 0);
    switch (less_form(operand_of(datapath, wire, 0), operand_of(datapath, wire, 1))) {
    case LESS_IS_SIGN: return 0;
    case LESS_IS_ANY_BIT: return (width + 4) / 5;
    default: return 2 * less_digits(width) - 1;
    }
}

/* Of the low `width` bits of a table's entries those that are not the same in all of them. */
static int varying_bits(const struct datapath *datapath, const struct wire *wire, int width) {
    const struct table *table = &datapath->tables[wire->table];
    uint64_t varying = 0;
    for (uint32_t i = 1; i < table->count; i++) varying |= (uint64_t)(table->entries[i] ^ table->entries[0]);
    return __builtin_popcountll(width < 64 ? varying & (((uint64_t)1 << width) - 1) : varying);
}

static double table_lut(const struct datapath *datapath, const struct wire *wire) {
    int bits = wire_width(operand_of(datapath, wire, 0)), width = wire_width(wire);
    return (bits > LUT_INPUTS ? width : varying_bits(datapath, wire, width)) * function_lut(bits);
}

/* Logic of single bits merges into the LUT that reads it; so does what masks bits in some beats only. */
static double bitwise_lut(const struct datapath *datapath, const struct wire *wire) {
    int width = wire_width(wire);
    if (width == 1) return 0;
    for (uint32_t i = 0; i < wire->operand_count; i++) {
        const struct wire *x = operand_of(datapath, wire, i);
        if (is_constant_wire(x)) return 0;
        if (wire->op == WIRE_AND && wire_is_by_beat(datapath, x)) return table_lut(datapath, x);
    }
    return width;
}

/* Its registers are cleared, or hold what they have. */
static double state_lut(const struct datapath *datapath, const struct wire *wire) {
    bool is_held = wire == &datapath->wires[wire->next.id];
    return is_held || is_constant_wire(operand_of(datapath, wire, 1)) ? 0 : wire_width(wire);
}

static double logic_lut(const struct datapath *datapath, const struct wire *wire, int bits) {
    if (wire->resource != RESOURCE_LOGIC) return 0;
    switch (wire->op) {
    case WIRE_SUM: return sum_lut(datapath, wire, bits);
    case WIRE_LESS:
    case WIRE_EQUAL: return compare_lut(datapath, wire);
    case WIRE_SELECT:
        return is_constant_wire(operand_of(datapath, wire, 1)) && is_constant_wire(operand_of(datapath, wire, 2))
                   ? 0
                   : wire_width(wire);
    case WIRE_STATE: return state_lut(datapath, wire);
    case WIRE_TABLE: return table_lut(datapath, wire);
    case WIRE_CLAMP: return clamp_lut(datapath, wire);
    case WIRE_AND:
    case WIRE_OR:
    case WIRE_XOR: return bitwise_lut(datapath, wire);
    default: return 0;
    }
}

/* ---- readers ---- */

/* Who reads a wire, and when. A slice is wiring: its readers read what it is cut from. */
struct usage {
    uint8_t *demand;           /* low bits that somebody reads, by wire */
    int *first;                /* earliest cycle in which logic reads it; INT32_MAX: registers alone */
    bool *inverted, *straight; /* three-term adders at once subtract it; somebody else reads it */
};

static void note_slice(struct usage *usage, const struct datapath *datapath, uint32_t id) {
    uint32_t operand = datapath->wires[id].operands[0].wire.id;
    int first = usage->first[id];
    if (datapath->wires[id].op == WIRE_ITEM && first < INT32_MAX) first -= datapath->wires[id].amount;
    if (first < usage->first[operand]) usage->first[operand] = first;
    usage->inverted[operand] |= usage->inverted[id];
    usage->straight[operand] |= usage->straight[id];
}

/* Bits of its first operand in some beats only, before the same registers. */
static bool is_beat_mask(const struct usage *usage, const struct datapath *datapath, uint32_t id) {
    const struct wire *wire = &datapath->wires[id];
    return wire->op == WIRE_AND && wire_is_by_beat(datapath, operand_of(datapath, wire, 1)) &&
           usage->first[id] > wire->cycle && operand_of(datapath, wire, 0)->cycle == wire->cycle;
}

static void note_operands(struct usage *usage, const struct datapath *datapath, uint32_t id) {
    const struct wire *wire = &datapath->wires[id];
    if (is_beat_mask(usage, datapath, id)) note_slice(usage, datapath, id);
    for (uint32_t k = is_beat_mask(usage, datapath, id); k < wire->operand_count; k++) {
        struct term term = wire->operands[k];
        bool subtracted = wire->op == WIRE_SUM && wire->operand_count == 3 && term.negative &&
                          wire->cycle == datapath->wires[term.wire.id].cycle;
        *(subtracted ? &usage->inverted[term.wire.id] : &usage->straight[term.wire.id]) = true;
        if (wire_read_cycle(wire) < usage->first[term.wire.id]) usage->first[term.wire.id] = wire_read_cycle(wire);
    }
}

static struct usage usage_of(const struct design *design, const struct datapath *datapath, struct arena *scratch) {
    size_t count = (size_t)datapath->wire_count + 1;
    struct usage usage = {ARENA_ARRAY(scratch, uint8_t, count), ARENA_ARRAY(scratch, int, count),
                          ARENA_ARRAY(scratch, bool, count), ARENA_ARRAY(scratch, bool, count)};
    datapath_demand(design, datapath, usage.demand);
    for (size_t i = 0; i < count; i++) usage.first[i] = INT32_MAX;
    for (uint32_t i = datapath->wire_count; i-- > 0;) {
        if (usage.demand[i] && wire_is_slice(&datapath->wires[i]))
            note_slice(&usage, datapath, i);
        else if (usage.demand[i])
            note_operands(&usage, datapath, i);
    }
    return usage;
}

/* A value or 0 that only registers read: their synchronous reset. */
static bool is_reset(const struct datapath *datapath, const struct usage *usage, uint32_t id) {
    return usage->first[id] > datapath->wires[id].cycle && wire_is_mask(datapath, &datapath->wires[id]);
}

/* A mask that is read both as it is and inverted by a chain of LUT6_2, which takes its inputs as they
 * are, is made twice. */
static double wire_lut(const struct datapath *datapath, const struct usage *usage, uint32_t id) {
    const struct wire *wire = &datapath->wires[id];
    bool twice = wire->op == WIRE_CLAMP && usage->inverted[id] && usage->straight[id];
    return logic_lut(datapath, wire, usage->demand[id]) * (1 + twice);
}

/* Bits that a register of the wire has; constants among them have none. */
static int kept_bits(const struct datapath *datapath, const struct usage *usage, uint32_t id) {
    const struct wire *wire = &datapath->wires[id];
    int bits = usage->demand[id];
    return wire_is_by_beat(datapath, wire) ? varying_bits(datapath, wire, bits) : bits;
}

static bool is_scheduled(const struct datapath *datapath) {
    return datapath->wire_count && datapath->wires[0].cycle >= 0;
}

/* Of a memory's block RAMs, by bits; in parts of 2^20, whose sums are exact, so that the first wire's share makes up
 * whole numbers. */
static double share_of(const struct block_memory *memory, uint32_t bits, uint32_t all) {
    const int64_t whole = INT64_C(1) << 20;
    return (double)(memory->block_rams * bits * whole / all) / (double)whole;
}

/* What counts the words of a delay is the first wire's. */
static void add_memories(const struct design *design, const uint8_t *bits, struct arena *scratch, struct cost *costs) {
    const struct block_memory_list list = design_memories(design, bits, scratch);
    for (uint32_t m = 0; m < list.count; m++) {
        const struct block_memory *memory = &list.at[m];
        uint32_t all = 0;
        for (uint32_t i = 0; i < memory->wire_count; i++) all += bits[memory->wires[i]];
        double rest = (double)memory->block_rams;
        for (uint32_t i = 1; i < memory->wire_count; i++)
            rest -= costs[memory->wires[i]].bram18 = share_of(memory, bits[memory->wires[i]], all);
        costs[memory->wires[0]].bram18 = rest;
        if (!memory->is_written) continue;
        int counter = format_for((struct interval){0, memory->words - 1}, 0).width;
        costs[memory->wires[0]].lut += 2 * counter;
        costs[memory->wires[0]].ff += 2 * counter;
    }
}

void datapath_cost_by_wire(const struct design *design, const struct datapath *datapath, struct cost *costs) {
    struct arena *scratch = arena_new(design->context);
    struct usage usage = usage_of(design, datapath, scratch);
    int *delays = ARENA_ARRAY(scratch, int, datapath->wire_count + 1);
    bool scheduled = is_scheduled(datapath);
    if (scheduled) datapath_delays(design, datapath, usage.demand, delays);
    for (uint32_t i = 0; i < datapath->wire_count; i++) {
        costs[i] = (struct cost){.ff = kept_bits(datapath, &usage, i) * delays[i]};
        if (usage.demand[i] && !(scheduled && is_reset(datapath, &usage, i)))
            costs[i].lut = wire_lut(datapath, &usage, i);
    }
    add_memories(design, usage.demand, scratch, costs);
    arena_free(scratch);
}

static void add_datapath(const struct design *design, const struct datapath *datapath, struct cost *costs) {
    struct arena *scratch = arena_new(design->context);
    struct cost *of_wire = ARENA_ARRAY(scratch, struct cost, datapath->wire_count + 1);
    uint8_t *bits = ARENA_ARRAY(scratch, uint8_t, datapath->wire_count + 1);
    const uint32_t *owners = datapath_owners(design, datapath, scratch);
    size_t top = design->graph->node_count + 1;
    datapath_cost_by_wire(design, datapath, of_wire);
    for (uint32_t i = 0; i < datapath->wire_count; i++) {
        size_t node = wire_is_source(&datapath->wires[i]) ? top : owners[i];
        costs[node].lut += of_wire[i].lut;
        costs[node].ff += of_wire[i].ff;
        costs[node].bram18 += of_wire[i].bram18;
    }
    datapath_demand(design, datapath, bits);
    if (is_scheduled(datapath)) costs[top].ff += design_boundary_registers(design, datapath, bits);
    arena_free(scratch);
}

void design_cost_by_node(const struct design *design, const struct technology *technology, struct cost *costs) {
    (void)technology;
    for (size_t i = 0; i <= design->graph->node_count + 1; i++) costs[i] = (struct cost){0};
    add_datapath(design, &design->datapath, costs);
}

struct cost design_cost(const struct design *design, const struct technology *technology) {
    struct arena *scratch = arena_new(design->context);
    struct cost *costs = ARENA_ARRAY(scratch, struct cost, design->graph->node_count + 2), total = {0};
    design_cost_by_node(design, technology, costs);
    for (size_t i = 0; i <= design->graph->node_count + 1; i++) {
        total.lut += costs[i].lut;
        total.ff += costs[i].ff;
        total.dsp += costs[i].dsp;
        total.bram18 += costs[i].bram18;
    }
    arena_free(scratch);
    return total;
}
