/* Area and delay of wires, by the shape that synthesis gives them (one LUT a bit in which two terms
 * overlap, a third term for an eighth more), and of whole designs with the registers that cycles
 * imply. Estimates; nothing here decides what is computed. */
#include "target/target.h"

/* ---- sums ---- */

/* How many bits an adder has and, of these, how many carry a chain. */
struct adder {
    int bits;
    int terms; /* operands that share the chain: wires, and a constant that is no carry-in */
    bool free; /* wiring: nothing is added */
};

static int trailing_zeros(int64_t x) {
    return x ? __builtin_ctzll((uint64_t)x) : 64;
}

/* A constant that goes into the carry-in of the adder: each negated term brings a one already. */
static bool is_carry_in(const struct wire *wire, int limit) {
    int64_t ones = wire->constant;
    for (uint32_t i = 0; i < wire->operand_count; i++)
        ones += wire->operands[i].negative;
    return ones >= 0 && ones <= limit;
}

static int term_top(const struct datapath *datapath, struct term term) {
    return wire_width(&datapath->wires[term.wire.id]) + term.shift;
}

/* Operands in disjoint bits, all positive: a concatenation. */
static bool is_concatenation(const struct datapath *datapath, const struct wire *wire) {
    uint64_t taken = 0;
    if (wire->operand_count == 0)
        return true;
    if (wire->constant < 0)
        return false;
    taken = (uint64_t)wire->constant;
    for (uint32_t i = 0; i < wire->operand_count; i++) {
        const struct wire *x = &datapath->wires[wire->operands[i].wire.id];
        int top = term_top(datapath, wire->operands[i]);
        if (wire->operands[i].negative)
            return false;
        if (x->lo < 0) { /* its sign fills all above: it must be the highest */
            if (taken >> wire->operands[i].shift)
                return false;
            taken |= ~UINT64_C(0) << wire->operands[i].shift;
            continue;
        }
        uint64_t mask = (top >= 64 ? ~UINT64_C(0) : (UINT64_C(1) << top) - 1) & (~UINT64_C(0) << wire->operands[i].shift);
        if (taken & mask)
            return false;
        taken |= mask;
    }
    return true;
}

static struct adder adder_of(const struct datapath *datapath, const struct wire *wire) {
    struct adder adder = {.terms = (int)wire->operand_count};
    int low = 64, second = 64; /* lowest bits of the lowest and the second term */
    bool lowest_negative = false;
    if (is_concatenation(datapath, wire)) {
        adder.free = true;
        return adder;
    }
    if (wire->operand_count == 1 && wire->operands[0].negative && wire->constant == -1) {
        adder.free = true; /* an inversion */
        return adder;
    }
    if (wire->constant && !is_carry_in(wire, wire->operand_count >= 3 ? 2 : wire->operand_count == 2 ? 1 : 0)) {
        adder.terms++;
        low = trailing_zeros(wire->constant);
    }
    for (uint32_t i = 0; i < wire->operand_count; i++) {
        int shift = wire->operands[i].shift;
        if (shift < low) {
            second = low;
            low = shift;
            lowest_negative = wire->operands[i].negative;
        } else if (shift < second)
            second = shift;
    }
    if (lowest_negative || second == 64 || (wire->constant && is_carry_in(wire, 2)))
        second = low;
    adder.bits = wire_width(wire) - second;
    adder.bits = adder.bits < 1 ? 1 : adder.bits;
    return adder;
}

/* Bits in which both of two terms have something of their own; beside those the carry chain passes
 * through, or adds a constant, without a LUT. A negative term's sign reaches to the top. */
static int overlapping_bits(const struct datapath *datapath, const struct wire *wire) {
    int low = 0, high = wire_width(wire);
    for (uint32_t i = 0; i < wire->operand_count; i++) {
        struct term term = wire->operands[i];
        const struct wire *x = &datapath->wires[term.wire.id];
        int top = term_top(datapath, term);
        low = term.shift > low ? term.shift : low;
        high = x->lo >= 0 && top < high ? top : high;
    }
    return high > low ? high - low : 0;
}

static double sum_lut(const struct datapath *datapath, const struct wire *wire) {
    struct adder adder = adder_of(datapath, wire);
    if (adder.free)
        return 0;
    if (adder.terms <= 2)
        return wire->operand_count < 2 ? 0 : overlapping_bits(datapath, wire);
    int levels = adder.terms - 2; /* long sums before `trees`: a chain of adders */
    return levels * (adder.bits + (adder.bits + 7) / 8);
}

/* ---- other wires ---- */

/* LUT of one bit of a function of so many bits; wide ones are multiplexed. */
static double function_lut(int bits) {
    return bits <= 1 ? 0 : bits <= 6 ? 1 : bits > 30 ? 1e9 : (double)(1 << (bits - 6));
}

static int function_levels(int bits) {
    return bits <= 1 ? 0 : bits <= 6 ? 1 : 1 + (bits - 6 + 2) / 3;
}

static const struct wire *operand_wire(const struct datapath *datapath, const struct wire *wire, uint32_t i) {
    return &datapath->wires[wire->operands[i].wire.id];
}

static bool is_constant(const struct wire *wire) {
    return wire->lo == wire->hi;
}

static int widest(const struct datapath *datapath, const struct wire *wire, uint32_t first) {
    int width = 0;
    for (uint32_t i = first; i < wire->operand_count; i++) {
        int other = wire_width(operand_wire(datapath, wire, i));
        width = other > width ? other : width;
    }
    return width;
}

static bool is_power_of_two_bound(int64_t hi) {
    return hi >= 0 && ((uint64_t)hi & ((uint64_t)hi + 1)) == 0;
}

/* Bits of the operand that tell whether it lies outside. */
static int clamp_detection(const struct datapath *datapath, const struct wire *wire) {
    int in = wire_width(operand_wire(datapath, wire, 0));
    bool easy = is_power_of_two_bound(wire->clamp_hi) && is_power_of_two_bound(-1 - wire->clamp_lo < 0 ? 0 : -1 - wire->clamp_lo);
    int out = wire_width(wire) - (wire->lo < 0);
    return easy ? in - out : in;
}

static bool is_relu(const struct datapath *datapath, const struct wire *wire) {
    const struct wire *x = operand_wire(datapath, wire, 0);
    return wire->clamp_lo == 0 && wire->clamp_hi >= x->hi;
}

static double clamp_lut(const struct datapath *datapath, const struct wire *wire) {
    int out = wire_width(wire), detection = clamp_detection(datapath, wire);
    if (is_relu(datapath, wire))
        return out;
    return out + (detection > 3 ? (detection + 4) / 5 : 0);
}

static double compare_lut(const struct datapath *datapath, const struct wire *wire) {
    int width = widest(datapath, wire, 0);
    bool constant = is_constant(operand_wire(datapath, wire, 0)) || is_constant(operand_wire(datapath, wire, 1));
    if (wire->op == WIRE_EQUAL)
        return constant ? (width + 4) / 5 : (width + 2) / 3 + (width > 3 ? (width + 17) / 18 : 0);
    const struct wire *a = operand_wire(datapath, wire, 0);
    if (is_constant(a) && a->lo == 0 && operand_wire(datapath, wire, 1)->lo >= 0)
        return (width + 4) / 5; /* any bit set */
    return width;
}

/* Logic of single bits merges into the LUT that reads it. */
static double bitwise_lut(const struct datapath *datapath, const struct wire *wire) {
    if (wire_width(wire) == 1)
        return 0;
    for (uint32_t i = 0; i < wire->operand_count; i++)
        if (is_constant(operand_wire(datapath, wire, i)))
            return 0;
    return wire_width(wire);
}

static double logic_lut(const struct datapath *datapath, const struct wire *wire) {
    switch (wire->op) {
    case WIRE_SUM: return sum_lut(datapath, wire);
    case WIRE_MULTIPLY: return wire_width(operand_wire(datapath, wire, 0)) * wire_width(operand_wire(datapath, wire, 1));
    case WIRE_LESS:
    case WIRE_EQUAL: return compare_lut(datapath, wire);
    case WIRE_SELECT:
        return is_constant(operand_wire(datapath, wire, 1)) && is_constant(operand_wire(datapath, wire, 2)) ? 0 : wire_width(wire);
    case WIRE_TABLE: return wire_width(wire) * function_lut(wire_width(operand_wire(datapath, wire, 0)));
    case WIRE_CLAMP: return clamp_lut(datapath, wire);
    case WIRE_AND:
    case WIRE_OR:
    case WIRE_XOR: return bitwise_lut(datapath, wire);
    default: return 0;
    }
}

struct cost wire_cost(const struct datapath *datapath, const struct wire *wire, const struct technology *technology) {
    (void)technology;
    return (struct cost){.lut = is_constant(wire) ? 0 : logic_lut(datapath, wire)};
}

/* ---- delay ---- */

static double sum_delay(const struct datapath *datapath, const struct wire *wire, const struct technology *t) {
    struct adder adder = adder_of(datapath, wire);
    if (adder.free)
        return 0;
    double one = t->lut_delay + adder.bits * t->carry_delay + (adder.terms >= 3 ? t->ternary_delay : 0);
    return adder.terms > 3 ? one * (adder.terms - 2) : one;
}

static double clamp_delay(const struct datapath *datapath, const struct wire *wire, const struct technology *t) {
    if (is_relu(datapath, wire))
        return t->lut_delay;
    int detection = clamp_detection(datapath, wire);
    return t->lut_delay * (1 + (detection > 3) + (detection > 15));
}

double wire_delay(const struct datapath *datapath, const struct wire *wire, const struct technology *t) {
    int width = widest(datapath, wire, 0);
    if (is_constant(wire))
        return 0;
    switch (wire->op) {
    case WIRE_SUM: return sum_delay(datapath, wire, t);
    case WIRE_MULTIPLY: return t->lut_delay * (2 + width / 4);
    case WIRE_LESS: return t->lut_delay + width * t->carry_delay;
    case WIRE_EQUAL: return t->lut_delay * (width <= 3 ? 1 : width <= 18 ? 2 : 3);
    case WIRE_SELECT: return t->lut_delay;
    case WIRE_TABLE: return t->lut_delay * function_levels(wire_width(operand_wire(datapath, wire, 0)));
    case WIRE_CLAMP: return clamp_delay(datapath, wire, t);
    case WIRE_AND:
    case WIRE_OR:
    case WIRE_XOR: return is_constant(operand_wire(datapath, wire, 0)) || is_constant(operand_wire(datapath, wire, 1)) ? 0 : t->lut_delay;
    default: return 0;
    }
}

double design_stage_delay(const struct design *design, const struct technology *technology) {
    double most = 0;
    for (uint32_t b = 0; b < design->block_count; b++)
        for (uint32_t i = 0; i < design->blocks[b].datapath.wire_count; i++) {
            double arrival = (double)design->blocks[b].datapath.wires[i].arrival;
            most = arrival > most ? arrival : most;
        }
    return most + technology->register_delay;
}

/* ---- registers ---- */

static int last_cycle(const struct datapath *datapath) {
    int last = 0;
    for (uint32_t i = 0; i < datapath->wire_count; i++)
        last = datapath->wires[i].cycle > last ? datapath->wires[i].cycle : last;
    return last;
}

/* Into ranks[wire]: in how many stages it stands in a register; a chain that all its readers share. */
static void count_ranks(const struct design *design, const struct datapath *datapath, int *ranks) {
    int last = last_cycle(datapath);
    for (uint32_t i = 0; i < datapath->wire_count; i++)
        for (uint32_t k = 0; k < datapath->wires[i].operand_count; k++) {
            uint32_t operand = datapath->wires[i].operands[k].wire.id;
            int span = datapath->wires[i].cycle - datapath->wires[operand].cycle;
            ranks[operand] = span > ranks[operand] ? span : ranks[operand];
        }
    for (uint32_t p = 0; p < design->output_count; p++)
        for (uint32_t e = 0; e < design->outputs[p].element_count; e++) {
            uint32_t wire = design->outputs[p].elements[e].wire.id;
            int span = last + 1 - datapath->wires[wire].cycle;
            ranks[wire] = span > ranks[wire] ? span : ranks[wire];
        }
}

static void add_registers(const struct design *design, const struct datapath *datapath, const int *ranks, struct cost *costs) {
    size_t rest = design->graph->node_count;
    for (uint32_t i = 0; i < datapath->wire_count; i++) {
        const struct wire *wire = &datapath->wires[i];
        size_t node = wire->origin.id < rest ? wire->origin.id : rest;
        int stages = ranks[i] + (wire->op == WIRE_INPUT && design->input_registers);
        if (!is_constant(wire))
            costs[node].ff += (double)wire_width(wire) * stages;
    }
    costs[rest].ff += design->latency; /* valid */
}

static void add_costs(const struct design *design, const struct technology *technology, int *ranks, struct cost *costs) {
    size_t rest = design->graph->node_count;
    for (uint32_t b = 0; b < design->block_count; b++) {
        const struct datapath *datapath = &design->blocks[b].datapath;
        for (uint32_t i = 0; i < datapath->wire_count; i++) {
            const struct wire *wire = &datapath->wires[i];
            struct cost cost = wire_cost(datapath, wire, technology);
            size_t node = wire->origin.id < rest ? wire->origin.id : rest;
            costs[node].lut += cost.lut;
            costs[node].dsp += cost.dsp;
            costs[node].bram18 += cost.bram18;
            ranks[i] = 0;
        }
        if (datapath->wire_count && datapath->wires[0].cycle >= 0) {
            count_ranks(design, datapath, ranks);
            add_registers(design, datapath, ranks, costs);
        }
    }
}

void design_cost_by_node(const struct design *design, const struct technology *technology, struct cost *costs) {
    struct arena *scratch = arena_new(design->context);
    size_t most = 1;
    for (uint32_t b = 0; b < design->block_count; b++)
        most = design->blocks[b].datapath.wire_count > most ? design->blocks[b].datapath.wire_count : most;
    int *ranks = ARENA_ARRAY(scratch, int, most);
    for (size_t i = 0; i <= design->graph->node_count; i++)
        costs[i] = (struct cost){0};
    add_costs(design, technology, ranks, costs);
    arena_free(scratch);
}

struct cost design_cost(const struct design *design, const struct technology *technology) {
    struct arena *scratch = arena_new(design->context);
    struct cost *costs = ARENA_ARRAY(scratch, struct cost, design->graph->node_count + 1), total = {0};
    design_cost_by_node(design, technology, costs);
    for (size_t i = 0; i <= design->graph->node_count; i++) {
        total.lut += costs[i].lut;
        total.ff += costs[i].ff;
        total.dsp += costs[i].dsp;
        total.bram18 += costs[i].bram18;
    }
    arena_free(scratch);
    return total;
}
