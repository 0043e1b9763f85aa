/* When the bits of wires arrive, in whole picoseconds after a stage's clock edge. Bit by bit, because the
 * low bits of an adder are ready before its high ones and the adder behind it can begin with them; with
 * the nets that LUT leave, and what their readers add to them. The numbers are technology.c's. */
#include "target/adder.h"
#include "target/shape.h"

#include <string.h>

enum { BITS = 64, ABSENT = -1 };

/* A bit that a LUT makes can become part of the LUT that reads it, as long as that has inputs left. */
struct bit_time {
    int at;     /* its net carries it; ABSENT: a constant */
    int inputs; /* of its LUT; 0: a register, a carry chain or a LUT that takes no more */
    int from;   /* when those are there */
};

struct timing {
    const struct datapath *datapath;
    const struct technology *technology;
    struct bit_time **placed; /* by wire: in its own stage */
    int **fan_out;            /* by wire and bit: what the readers add to its net */
    int most_fan_out;
    bool *is_reset; /* by wire: a mask that registers do, by their reset */
};

/* The bits of an operand, by place in the reader. */
struct operand_bits {
    struct bit_time at[BITS];
};

/* ---- LUT ---- */

static int level(const struct technology *t) {
    return t->net + t->lut;
}

static int latest(const struct bit_time *in, int count) {
    int at = ABSENT;
    for (int i = 0; i < count; i++) at = in[i].at > at ? in[i].at : at;
    return at;
}

/* Takes the LUT of operands in, those that come last first; `total` inputs in the end. */
static int merge_luts(const struct bit_time *in, int count, int *total) {
    bool merged[BITS] = {false};
    int from = ABSENT;
    for (int left = count; left > 0; left--) {
        int last = -1;
        for (int i = 0; i < count; i++)
            if (!merged[i] && in[i].inputs && in[i].at != ABSENT && (last < 0 || in[i].at > in[last].at)) last = i;
        if (last < 0 || *total - 1 + in[last].inputs > LUT_INPUTS) break;
        merged[last] = true;
        *total += in[last].inputs - 1;
    }
    for (int i = 0; i < count; i++) {
        int at = merged[i] ? in[i].from : in[i].at;
        from = at > from ? at : from;
    }
    return from;
}

/* A function of so many bits, constants among them left out. */
static struct bit_time lut_of(const struct technology *t, const struct bit_time *in, int count) {
    struct bit_time present[BITS];
    int total = 0;
    for (int i = 0; i < count; i++)
        if (in[i].at != ABSENT) present[total++] = in[i];
    if (total == 0) return (struct bit_time){.at = ABSENT};
    if (total == 1) return present[0]; /* wiring, or an inversion that its reader does */
    count = total;
    if (total > LUT_INPUTS) return (struct bit_time){.at = latest(present, count) + lut_levels(total) * level(t)};
    int from = merge_luts(present, count, &total);
    return (struct bit_time){from + level(t), total, from};
}

/* An associative function of many bits, as a tree of LUT: those first that are there first. */
static struct bit_time lut_tree(const struct technology *t, struct bit_time *in, int count) {
    while (count > LUT_INPUTS) {
        for (int i = 0; i < LUT_INPUTS; i++)
            for (int k = i + 1; k < count; k++)
                if (in[k].at < in[i].at) {
                    struct bit_time swap = in[i];
                    in[i] = in[k];
                    in[k] = swap;
                }
        in[0] = lut_of(t, in, LUT_INPUTS);
        count -= LUT_INPUTS - 1;
        for (int i = 1; i < count; i++) in[i] = in[i + LUT_INPUTS - 1];
    }
    return lut_of(t, in, count);
}

/* ---- carry chains ---- */

/* Arrivals at the chain become arrivals of its sums, in place. `count` may be one more for the carry out. */
static void carry_chain(const struct technology *t, int block, int *at, int count) {
    int into = ABSENT; /* carry into the block */
    for (int first = 0; first < count; first += block) {
        int end = first + block < count ? first + block : count, out = ABSENT;
        int start[BITS];
        memcpy(start, at, (size_t)count * sizeof *at);
        for (int i = first; i < end; i++) {
            at[i] = into == ABSENT ? ABSENT : into + t->carry_to_sum;
            for (int j = first; j <= i; j++) {
                int through = start[j] + (j == i ? t->to_sum : t->to_carry) + (i - j) * t->carry_bit;
                at[i] = start[j] != ABSENT && through > at[i] ? through : at[i];
            }
        }
        for (int j = first; j < first + block && j < count; j++) {
            int through = start[j] + t->to_carry + (first + block - 1 - j) * t->carry_bit;
            out = start[j] != ABSENT && through > out ? through : out;
        }
        into = into != ABSENT && into + t->carry_to_carry > out ? into + t->carry_to_carry : out;
    }
}

/* ---- operators ---- */

struct reader {
    const struct timing *timing;
    const struct wire *wire;
    int width;
    struct operand_bits operands[3];
    struct bit_time *out;
};

static struct bit_time constant_bit(void) {
    return (struct bit_time){.at = ABSENT};
}

static void lone_bits(struct reader *r, const struct adder *adder) {
    for (int i = 0; i < adder->from && i < r->width; i++)
        for (uint32_t k = 0; k < r->wire->operand_count && k < 3; k++) {
            struct bit_time bit = r->operands[k].at[i];
            if (bit.at > r->out[i].at) r->out[i] = bit;
        }
}

/* What enters the carry chain at a bit of an adder of two terms: a LUT, or one term as it is. */
static int two_term_bit(const struct reader *r, const struct adder *adder, int i) {
    const struct technology *t = r->timing->technology;
    struct bit_time in[4];
    int count = 0;
    for (int k = 0; k < adder->count; k++)
        if (adder->summands[k].operand >= 0 && r->operands[adder->summands[k].operand].at[i].at != ABSENT)
            in[count++] = r->operands[adder->summands[k].operand].at[i];
    if (count == 0) return ABSENT;
    if (count > 1) return latest(in, count) + level(t);
    return in[0].inputs ? in[0].at : in[0].at + t->net;
}

/* An adder of three: two LUT a bit, the first one's carry goes into the second of the next column. */
static void three_term_bits(const struct reader *r, const struct adder *adder, int *at) {
    const struct technology *t = r->timing->technology;
    int below = ABSENT;
    for (int i = adder->from; i < adder->bits; i++) {
        int in = ABSENT;
        for (int k = 0; k < adder->count; k++)
            if (adder->summands[k].operand >= 0 && r->operands[adder->summands[k].operand].at[i].at > in)
                in = r->operands[adder->summands[k].operand].at[i].at;
        int own = in == ABSENT ? ABSENT : in + level(t), sum = in > below ? in : below;
        at[i - adder->from] = sum == ABSENT ? ABSENT : sum + level(t);
        below = own;
    }
}

static void sum_bits(struct reader *r) {
    const struct technology *t = r->timing->technology;
    struct adder adder = adder_of(r->timing->datapath, r->wire, r->width);
    int at[BITS], terms = adder_chain_terms(&adder), count = adder.bits - adder.from;
    lone_bits(r, &adder);
    if (adder.count == 0 || count <= 0) return;
    if (adder.terms == 1 && adder.carried) { /* an inversion */
        for (int i = adder.from; i < adder.bits; i++)
            r->out[i] = r->operands[adder.summands[0].operand < 0 ? 0 : adder.summands[0].operand].at[i];
        return;
    }
    if (terms > 2 && !t->carry_block) { /* not seen */
        for (int i = 0; i < count; i++) r->out[adder.from + i] = (struct bit_time){0};
        return;
    }
    if (terms > 2) three_term_bits(r, &adder, at);
    for (int i = adder.from; terms <= 2 && i < adder.bits; i++) at[i - adder.from] = two_term_bit(r, &adder, i);
    carry_chain(t, terms > 2 ? t->carry_block : t->carry_block_of_two, at, count);
    for (int i = 0; i < count; i++) r->out[adder.from + i] = (struct bit_time){.at = at[i]};
    int more = r->wire->operand_count > 3 ? (int)r->wire->operand_count - 3 : 0; /* before `trees` */
    for (int i = 0; more && i < r->width; i++)
        r->out[i].at = latest(r->out, r->width) + more * (level(t) + t->to_carry);
}

static void less_bit(struct reader *r) {
    const struct technology *t = r->timing->technology;
    const struct wire *a = operand_of(r->timing->datapath, r->wire, 0),
                      *b = operand_of(r->timing->datapath, r->wire, 1);
    int width = comparison_width(a, b), digits = less_digits(width), at[BITS];
    enum less_form form = less_form(a, b);
    if (form != LESS_IS_CHAIN) {
        r->out[0] = form == LESS_IS_SIGN ? r->operands[0].at[width - 1] : lut_tree(t, r->operands[1].at, width);
        return;
    }
    for (int d = 0; d < digits; d++) {
        struct bit_time in[2 * LESS_DIGIT_BITS];
        int count = 0;
        for (int i = d * LESS_DIGIT_BITS; i < width && i < (d + 1) * LESS_DIGIT_BITS; i++)
            for (int k = 0; k < 2; k++)
                if (r->operands[k].at[i].at != ABSENT) in[count++] = r->operands[k].at[i];
        if (digits == 1) {
            r->out[0] = lut_of(t, in, count);
            return;
        }
        for (int i = 0; i < count; i++) in[i].inputs = 0; /* two LUT read them */
        at[d] = count == 1 ? in[0].at + t->net : lut_of(t, in, count).at;
    }
    at[digits] = ABSENT;
    carry_chain(t, t->carry_block_of_two, at, digits + 1);
    r->out[0] = (struct bit_time){.at = at[digits]};
}

static void equal_bit(struct reader *r) {
    const struct datapath *datapath = r->timing->datapath;
    struct bit_time in[2 * BITS];
    int width = comparison_width(operand_of(datapath, r->wire, 0), operand_of(datapath, r->wire, 1)), count = 0;
    for (int k = 0; k < 2; k++)
        for (int i = 0; i < width; i++)
            if (r->operands[k].at[i].at != ABSENT) in[count++] = r->operands[k].at[i];
    r->out[0] = lut_tree(r->timing->technology, in, count);
}

static void bitwise_bits(struct reader *r, uint32_t operands) {
    for (int i = 0; i < r->width; i++) {
        struct bit_time in[3];
        for (uint32_t k = 0; k < operands; k++) in[k] = r->operands[k].at[r->wire->op == WIRE_SELECT && k == 0 ? 0 : i];
        r->out[i] = lut_of(r->timing->technology, in, (int)operands);
    }
}

/* Mapping shares the mask among bits and does not merge them into what they come from. */
static void mask_bits(struct reader *r) {
    for (int i = 0; i < r->width; i++) {
        int at = latest((struct bit_time[]){r->operands[0].at[i], r->operands[1].at[i]}, 2);
        r->out[i] = (struct bit_time){.at = at == ABSENT ? ABSENT : at + level(r->timing->technology)};
    }
}

/* What is taken in the first beat, or the register. */
static void state_bits(struct reader *r) {
    for (int i = 0; i < r->width; i++) {
        struct bit_time in[3] = {r->operands[0].at[0], r->operands[1].at[i], {.at = 0}};
        r->out[i] = lut_of(r->timing->technology, in, 3);
    }
}

static void table_bits(struct reader *r) {
    const struct technology *t = r->timing->technology;
    const struct bit_time *in = r->operands[0].at;
    int width = wire_width(operand_of(r->timing->datapath, r->wire, 0));
    struct bit_time bit = lut_of(t, in, width);
    if (r->wire->unhurried)
        bit = (struct bit_time){.at = latest(in, width) + (lut_levels(width) + r->wire->unhurried) * level(t)};
    for (int i = 0; i < r->width; i++) r->out[i] = bit;
}

static void clamp_bits(struct reader *r) {
    const struct technology *t = r->timing->technology;
    int in = wire_width(operand_of(r->timing->datapath, r->wire, 0));
    int detection = wire_is_relu(r->timing->datapath, r->wire) ? 1 : clamp_detection(r->timing->datapath, r->wire);
    struct bit_time high[BITS] = {{0}}, outside;
    int count = detection < in ? detection : in;
    for (int i = 0; i < count; i++) high[i] = r->operands[0].at[in - 1 - i];
    struct bit_time sign = high[0];
    outside = count ? lut_tree(t, high, count) : constant_bit();
    if (count > 2) /* one for all bits: not part of theirs, which take fewer inputs of it than of what it tests */
        outside.inputs = 0;
    for (int i = 0; i < r->width; i++) {
        struct bit_time bits[3] = {r->operands[0].at[i], outside,
                                   count > 1 && outside.inputs == 0 ? sign : constant_bit()};
        r->out[i] = lut_of(t, bits, 3);
    }
}

static void compute_bits(struct reader *r) {
    bool from_register = wire_is_source(r->wire), from_memory = r->wire->resource != RESOURCE_LOGIC;
    int at = from_memory ? r->timing->technology->memory_out : 0;
    for (int i = 0; i < r->width; i++)
        r->out[i] = from_register || from_memory ? (struct bit_time){.at = at} : constant_bit();
    if (is_constant_wire(r->wire) || from_memory) return;
    switch (r->wire->op) {
    case WIRE_SUM: sum_bits(r); break;
    case WIRE_LESS: less_bit(r); break;
    case WIRE_EQUAL: equal_bit(r); break;
    case WIRE_SELECT: bitwise_bits(r, 3); break;
    case WIRE_TABLE: table_bits(r); break;
    case WIRE_CLAMP: clamp_bits(r); break;
    case WIRE_AND:
        if (wire_is_by_beat(r->timing->datapath, operand_of(r->timing->datapath, r->wire, 1)))
            mask_bits(r);
        else
            bitwise_bits(r, 2);
        break;
    case WIRE_OR:
    case WIRE_XOR: bitwise_bits(r, 2); break;
    case WIRE_NOT:
    case WIRE_ITEM:
    case WIRE_SHIFT_RIGHT:
    case WIRE_WRAP: bitwise_bits(r, 1); break;
    case WIRE_STATE: state_bits(r); break;
    default: break;
    }
}

/* ---- operands ---- */

/* The bits of a wire from `move` on, its sign above them; the same start for all of a wire's bits when
 * `bits` is NULL. */
static void spread(const struct wire *wire, const struct bit_time *bits, const int *registered, int start, int move,
                   struct operand_bits *out) {
    int width = is_constant_wire(wire) ? 0 : wire_width(wire);
    for (int i = 0; i < BITS; i++) {
        int from = i + move;
        out->at[i] = constant_bit();
        if (width == 0 || from < 0 || (from >= width && wire->lo >= 0)) continue;
        from = from < width ? from : width - 1;
        out->at[i] = bits ? bits[from] : (struct bit_time){.at = registered ? registered[from] : start};
    }
}

static int moved(const struct wire *wire, uint32_t operand) {
    return wire->op == WIRE_SHIFT_RIGHT ? wire->amount : wire->op == WIRE_SUM ? -(int)wire->operands[operand].shift : 0;
}

/* When what a memory reads is there for it. */
static int into_memory(const struct reader *r) {
    int at = 0;
    for (uint32_t k = 0; k < r->wire->operand_count && k < 3; k++) {
        int operand = latest(r->operands[k].at, BITS);
        at = operand > at ? operand : at;
    }
    return at + r->timing->technology->memory_setup;
}

static int most(const struct reader *r) {
    int at = latest(r->out, r->width), into = r->wire->resource == RESOURCE_LOGIC ? 0 : into_memory(r);
    return at > into ? at : into;
}

/* ---- wires by themselves ---- */

int wire_delay(const struct datapath *datapath, const struct wire *wire, const struct technology *technology,
               int start) {
    struct timing timing = {.datapath = datapath, .technology = technology};
    struct bit_time out[BITS];
    struct reader r = {.timing = &timing, .wire = wire, .width = wire_width(wire), .out = out};
    for (uint32_t k = 0; k < wire->operand_count && k < 3; k++)
        spread(operand_of(datapath, wire, k), NULL, NULL, start, moved(wire, k), &r.operands[k]);
    compute_bits(&r);
    return most(&r);
}

int adder_delay(const struct technology *technology, int terms, int bits) {
    int at[BITS], luts = terms > 2 && bits > 1 ? 2 : 1;
    bits = bits < BITS ? bits : BITS;
    for (int i = 0; i < bits; i++) at[i] = (i && luts > 1 ? 2 : 1) * level(technology);
    carry_chain(technology, luts > 1 ? technology->carry_block : technology->carry_block_of_two, at, bits);
    int last = 0;
    for (int i = 0; i < bits; i++) last = at[i] > last ? at[i] : last;
    return last;
}

int table_delay(const struct technology *technology, int index_bits) {
    return lut_levels(index_bits) * level(technology);
}

int fan_out_delay(const struct technology *technology, int readers) {
    int extra = 0;
    for (; readers > technology->fan_out_free; readers = (readers + 1) / 2) extra += technology->fan_out;
    return extra;
}

int technology_overhead(const struct technology *technology) {
    return technology->clock_to_out + technology->net + technology->setup;
}

/* ---- a datapath ---- */

static void count_read(const struct datapath *datapath, int **readers, const struct wire *wire, uint32_t k,
                       uint32_t id) {
    const struct wire *x = operand_of(datapath, wire, k);
    int width = wire_width(x), move = moved(wire, k);
    for (int bit = 0; bit < width; bit++) {
        int place = bit - move;               /* in a slice */
        if (wire->op == WIRE_STATE && k == 0) /* every bit of it asks which beat it is */
            readers[wire->operands[k].wire.id][bit] += wire_width(wire);
        else if (wire->op == WIRE_DELAY) /* of bits that are read behind it */
            readers[wire->operands[k].wire.id][bit] += readers[id][bit] > 0;
        else if (!wire_is_slice(wire))
            readers[wire->operands[k].wire.id][bit]++;
        else if (place >= 0 && place < wire_width(wire))
            readers[wire->operands[k].wire.id][bit] += readers[id][place];
    }
}

/* Readers of each bit; a slice is wiring, its readers are those of what it is cut from. */
static void find_fan_out(struct timing *timing, const struct design *design) {
    const struct datapath *datapath = timing->datapath;
    for (uint32_t p = 0; p < design->output_count; p++)
        for (uint32_t e = 0; e < design->outputs[p].element_count; e++) {
            uint32_t id = design->outputs[p].elements[e].wire.id;
            for (int bit = 0; bit < wire_width(&datapath->wires[id]); bit++) timing->fan_out[id][bit]++;
        }
    for (uint32_t id = datapath->wire_count; id-- > 0;)
        for (uint32_t k = 0; k < datapath->wires[id].operand_count; k++)
            count_read(datapath, timing->fan_out, &datapath->wires[id], k, id);
    for (uint32_t id = 0; id < datapath->wire_count; id++) {
        const struct wire *wire = &datapath->wires[id];
        for (int bit = 0; bit < wire_width(wire); bit++) {
            int move = wire_is_slice(wire) ? moved(wire, 0) : 0, *extra = &timing->fan_out[id][bit];
            *extra = fan_out_delay(timing->technology, *extra);
            if (wire_is_slice(wire) && bit + move >= 0 && bit + move < wire_width(operand_of(datapath, wire, 0)))
                *extra = timing->fan_out[wire->operands[0].wire.id][bit + move];
            timing->most_fan_out = *extra > timing->most_fan_out ? *extra : timing->most_fan_out;
        }
    }
}

struct timing *timing_new(struct arena *arena, const struct design *design, const struct technology *technology) {
    struct timing *timing = ARENA_NEW(arena, struct timing);
    const struct datapath *datapath = &design->datapath;
    *timing = (struct timing){.datapath = datapath, .technology = technology};
    timing->placed = ARENA_ARRAY(arena, struct bit_time *, datapath->wire_count + 1);
    timing->fan_out = ARENA_ARRAY(arena, int *, datapath->wire_count + 1);
    timing->is_reset = ARENA_ARRAY(arena, bool, datapath->wire_count + 1);
    for (uint32_t i = 0; i < datapath->wire_count; i++) {
        size_t width = (size_t)wire_width(&datapath->wires[i]) + 1;
        timing->placed[i] = ARENA_ARRAY(arena, struct bit_time, width);
        timing->fan_out[i] = ARENA_ARRAY(arena, int, width);
    }
    find_fan_out(timing, design);
    return timing;
}

int timing_most_fan_out(const struct timing *timing) {
    return timing->most_fan_out;
}

/* Operands of `cycle` come when they are made, all others from registers; only operand `only` counts, if
 * it is not UINT32_MAX. */
static void read_operands(const struct timing *timing, uint32_t id, int cycle, uint32_t only, struct reader *r) {
    const struct wire *wire = &timing->datapath->wires[id];
    int read = cycle < 0 ? cycle : cycle - wire->latency;
    for (uint32_t k = 0; k < wire->operand_count && k < 3; k++) {
        uint32_t x = wire->operands[k].wire.id;
        const struct wire *operand = &timing->datapath->wires[x];
        bool same_cycle = operand->cycle == read || (wire->op == WIRE_ITEM && cycle >= 0); /* of its own beat */
        bool fresh = same_cycle && (only == UINT32_MAX || only == k);
        spread(operand, fresh ? timing->placed[x] : NULL, timing->fan_out[x], 0, moved(wire, k), &r->operands[k]);
    }
}

static int place(const struct timing *timing, uint32_t id, int cycle, uint32_t only, struct bit_time *out) {
    const struct wire *wire = &timing->datapath->wires[id];
    struct reader r = {.timing = timing, .wire = wire, .width = wire_width(wire), .out = out};
    read_operands(timing, id, cycle, only, &r);
    compute_bits(&r);
    for (int i = 0; i < r.width; i++) {
        if (timing->is_reset[id] && out[i].inputs) out[i] = (struct bit_time){.at = out[i].from};
        if (out[i].at != ABSENT && !wire_is_slice(wire)) out[i].at += timing->fan_out[id][i];
    }
    return most(&r);
}

int timing_alone(const struct timing *timing, uint32_t id) {
    struct bit_time out[BITS];
    return place(timing, id, INT32_MIN, UINT32_MAX, out);
}

int timing_through(const struct timing *timing, uint32_t id, int cycle, uint32_t operand) {
    struct bit_time out[BITS];
    return place(timing, id, cycle, operand, out);
}

int timing_place(struct timing *timing, uint32_t id, int cycle) {
    return place(timing, id, cycle, UINT32_MAX, timing->placed[id]);
}

/* ---- a scheduled design ---- */

/* Masks that registers alone read are those registers' resets. */
static void find_resets(struct timing *timing) {
    const struct datapath *datapath = timing->datapath;
    for (uint32_t i = 0; i < datapath->wire_count; i++)
        timing->is_reset[i] = wire_is_mask(datapath, &datapath->wires[i]);
    for (uint32_t i = datapath->wire_count; i-- > 0;)
        for (uint32_t k = 0; k < datapath->wires[i].operand_count; k++)
            if ((operand_of(datapath, &datapath->wires[i], k)->cycle == wire_read_cycle(&datapath->wires[i]) ||
                 datapath->wires[i].op == WIRE_ITEM) &&
                !(wire_is_slice(&datapath->wires[i]) && timing->is_reset[i]))
                timing->is_reset[datapath->wires[i].operands[k].wire.id] = false;
}

int timing_settle(struct timing *timing, struct datapath *datapath) {
    int last = 0;
    find_resets(timing);
    for (uint32_t i = 0; i < datapath->wire_count; i++) {
        struct wire *wire = &datapath->wires[i];
        wire->arrival = timing_place(timing, i, wire->cycle);
        last = wire->arrival > last ? wire->arrival : last;
    }
    return last;
}

static uint32_t slowest_wire(const struct datapath *datapath) {
    uint32_t slowest = 0;
    for (uint32_t i = 1; i < datapath->wire_count; i++)
        if (datapath->wires[i].arrival > datapath->wires[slowest].arrival) slowest = i;
    return slowest;
}

/* The operand by which the wire arrives when it does. */
static uint32_t slowest_operand(const struct timing *timing, uint32_t id) {
    const struct wire *wire = &timing->datapath->wires[id];
    struct bit_time out[BITS];
    uint32_t slowest = UINT32_MAX;
    int last = -1;
    for (uint32_t k = 0; k < wire->operand_count && k < 3; k++) {
        const struct wire *x = operand_of(timing->datapath, wire, k);
        if (is_constant_wire(x)) continue;
        int at = place(timing, id, wire->cycle, k, out);
        bool fresh = x->cycle == wire_read_cycle(wire) || wire->op == WIRE_ITEM;
        if (at > last || (at == last && slowest != UINT32_MAX && fresh &&
                          operand_of(timing->datapath, wire, slowest)->cycle != wire_read_cycle(wire))) {
            last = at;
            slowest = k;
        }
    }
    return slowest == UINT32_MAX ? UINT32_MAX : wire->operands[slowest].wire.id;
}

uint32_t design_critical_path(const struct design *design, const struct technology *technology, uint32_t *path,
                              uint32_t capacity) {
    const struct datapath *datapath = &design->datapath;
    if (datapath->wire_count == 0 || datapath->wires[0].cycle < 0) return 0;
    struct arena *scratch = arena_new(design->context);
    struct timing *timing = timing_new(scratch, design, technology);
    find_resets(timing);
    for (uint32_t i = 0; i < datapath->wire_count; i++) timing_place(timing, i, datapath->wires[i].cycle);
    uint32_t count = 0, id = slowest_wire(datapath);
    int cycle = 0; /* in which the path's next wire is read as it is made */
    while (id != UINT32_MAX && count < capacity) {
        path[count++] = id;
        bool is_memory = datapath->wires[id].latency > 0;
        if (count > 1 && (is_memory || datapath->wires[id].cycle != cycle)) break; /* where the path begins */
        cycle = wire_read_cycle(&datapath->wires[id]) -
                (datapath->wires[id].op == WIRE_ITEM ? datapath->wires[id].amount : 0);
        id = slowest_operand(timing, id);
    }
    for (uint32_t i = 0; i < count / 2; i++) {
        uint32_t swap = path[i];
        path[i] = path[count - 1 - i];
        path[count - 1 - i] = swap;
    }
    arena_free(scratch);
    return count;
}

int design_stage_picoseconds(const struct design *design, const struct technology *technology) {
    int last = 0;
    for (uint32_t i = 0; i < design->datapath.wire_count; i++) {
        int arrival = design->datapath.wires[i].arrival;
        last = arrival > last ? arrival : last;
    }
    return last + technology_overhead(technology);
}

double design_stage_delay(const struct design *design, const struct technology *technology) {
    return design_stage_picoseconds(design, technology) / 1000.0;
}
