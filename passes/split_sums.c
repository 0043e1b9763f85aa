/* Adders too wide for a stage are cut: the low bits are added in one stage, the high bits at the same
 * time, and the carry goes into the high part in a later one. A comparison is the sign of a
 * difference, so that it can be cut too. Every bit stays: x = (x >> k << k) + (x mod 2^k). Of a clamp to a
 * format the test for bits above the format comes first, the selection later. */
#include "passes/lower.h"
#include "passes/pipeline.h"

struct split {
    struct design *design;
    struct datapath to;
    const struct stage *stage;
    int start;        /* ps, when registered operands may come: their readers */
    struct wire like; /* the origin of what is made */
};

static wireref append(struct split *s, struct wire wire) {
    wire.origin = s->like.origin;
    wire.element = s->like.element;
    wire.cycle = -1;
    return datapath_append(s->design, &s->to, &wire);
}

static wireref append_sum(struct split *s, struct term *terms, uint32_t count, int64_t constant) {
    return append(s, (struct wire){.op = WIRE_SUM, .operands = terms, .operand_count = count, .constant = constant});
}

static wireref append_constant(struct split *s, int64_t value) {
    return append(s, (struct wire){.op = WIRE_CONSTANT, .constant = value});
}

static wireref low_bits(struct split *s, wireref wire, int bits, bool is_signed) {
    struct term operand = {.wire = wire};
    return append(s, (struct wire){.op = WIRE_WRAP, .operands = &operand, .operand_count = 1, .amount = bits, .wrap_signed = is_signed});
}

static wireref high_bits(struct split *s, wireref wire, int from) {
    struct term operand = {.wire = wire};
    return append(s, (struct wire){.op = WIRE_SHIFT_RIGHT, .operands = &operand, .operand_count = 1, .amount = from});
}

/* Carry bits that an adder may have in a stage. */
static int chunk_bits(const struct split *s, uint32_t terms) {
    int bits = 0;
    while (bits < 60 && s->start + adder_delay(s->stage->technology, (int)terms, bits + 1) <= s->stage->budget)
        bits++;
    return bits - 3; /* carries out of the low part, and a constant that is a term */
}

static bool is_too_slow(const struct split *s, const struct wire *wire) {
    return wire_delay(&s->to, wire, s->stage->technology, s->start) > s->stage->budget;
}

static wireref split_sum(struct split *s, struct term *terms, uint32_t count, int64_t constant);

/* Three terms, a constant among them, as two adders of two. */
static wireref split_terms(struct split *s, struct term *terms, uint32_t count, int64_t constant) {
    if (!sum_is_safe(&s->to, terms, 2, 0))
        return append_sum(s, terms, count, constant);
    struct term rest[2] = {{.wire = split_sum(s, terms, 2, 0)}, terms[count - 1]};
    return split_sum(s, rest, count - 1, constant);
}

/* The sum, cut at bit k. */
static wireref cut_sum(struct split *s, const struct term *terms, uint32_t count, int64_t constant, int k) {
    struct term low[3], high[3];
    uint32_t low_count = 0, high_count = 0;
    for (uint32_t i = 0; i < count; i++) {
        struct term term = terms[i];
        if (term.shift >= k) {
            high[high_count++] = (struct term){term.wire, (uint8_t)(term.shift - k), term.negative};
            continue;
        }
        low[low_count++] = (struct term){low_bits(s, term.wire, k - term.shift, false), term.shift, term.negative};
        high[high_count++] = (struct term){high_bits(s, term.wire, k - term.shift), 0, term.negative};
    }
    wireref low_sum = append_sum(s, low, low_count, constant & ((INT64_C(1) << k) - 1));
    wireref high_sum = split_sum(s, high, high_count, constant >> k);
    struct term with_carry[2] = {{.wire = high_sum}, {.wire = high_bits(s, low_sum, k)}};
    wireref top = split_sum(s, with_carry, 2, 0);
    struct term parts[2] = {{top, (uint8_t)k, false}, {low_bits(s, low_sum, k, false), 0, false}};
    return append_sum(s, parts, 2, 0);
}

static wireref split_sum(struct split *s, struct term *terms, uint32_t count, int64_t constant) {
    wireref whole = append_sum(s, terms, count, constant);
    const struct wire *wire = &s->to.wires[whole.id];
    int chunk = chunk_bits(s, count + (constant != 0)), low = 64;
    struct interval interval = {wire->lo, wire->hi};
    if (!is_too_slow(s, wire) || count > 3)
        return whole;
    if (chunk < 2)
        return count + (constant != 0) < 3 ? whole : split_terms(s, terms, count, constant);
    for (uint32_t i = 0; i < count; i++)
        low = terms[i].shift < low ? terms[i].shift : low;
    if (low + chunk + 2 > 62 || low + chunk + 2 >= wire_width(wire))
        return whole;
    wireref cut = cut_sum(s, terms, count, constant, low + chunk);
    wire = &s->to.wires[cut.id];
    bool as_narrow = wire->lo >= interval.lo && wire->hi <= interval.hi; /* else its readers' proofs would fall */
    return as_narrow ? cut : whole;
}

/* a < b as the sign of a - b. */
static wireref split_less(struct split *s, const struct wire *wire) {
    struct term terms[2] = {wire->operands[0], wire->operands[1]};
    terms[1].negative = true;
    if (!sum_is_safe(&s->to, terms, 2, 0))
        return append(s, *wire);
    wireref difference = split_sum(s, terms, 2, 0);
    const struct wire *d = &s->to.wires[difference.id];
    if (d->lo >= 0 || d->hi < 0)
        return append(s, *wire);
    return low_bits(s, high_bits(s, difference, wire_width(d) - 1), 1, false);
}

/* ---- limits ---- */

/* Whether any of `bits` bits is set. */
static wireref any_bit(struct split *s, wireref wire, int from, int bits) {
    struct term operands[2] = {{.wire = append_constant(s, 0)}, {.wire = low_bits(s, high_bits(s, wire, from), bits, false)}};
    wireref any = append(s, (struct wire){.op = WIRE_LESS, .operands = operands, .operand_count = 2});
    if (bits < 2 || !is_too_slow(s, &s->to.wires[any.id]))
        return any;
    struct term halves[2] = {{.wire = any_bit(s, wire, from, bits / 2)}, {.wire = any_bit(s, wire, from + bits / 2, bits - bits / 2)}};
    return append(s, (struct wire){.op = WIRE_OR, .operands = halves, .operand_count = 2});
}

static wireref append_select(struct split *s, wireref condition, wireref a, wireref b) {
    struct term operands[3] = {{.wire = condition}, {.wire = a}, {.wire = b}};
    return append(s, (struct wire){.op = WIRE_SELECT, .operands = operands, .operand_count = 3});
}

/* Limits that are a format's: the bits above it in one stage, the selection in a later one. */
static wireref split_clamp(struct split *s, const struct wire *wire) {
    wireref x = wire->operands[0].wire, whole = append(s, *wire);
    struct wire from = s->to.wires[x.id], into = s->to.wires[whole.id]; /* the list moves when it grows */
    int width = wire_width(&from), bits = wire_width(&into), value_bits = bits - (into.lo < 0), above = width - (from.lo < 0) - value_bits;
    if (above < 1 || from.hi <= into.hi)
        return whole;
    wireref outside = any_bit(s, x, value_bits, above), limit = append_constant(s, into.hi);
    if (from.lo < 0) {
        struct term inverted = {.wire = x};
        wireref not_x = append(s, (struct wire){.op = WIRE_NOT, .operands = &inverted, .operand_count = 1});
        wireref sign = low_bits(s, high_bits(s, x, width - 1), 1, false);
        outside = append_select(s, sign, into.lo < 0 ? any_bit(s, not_x, value_bits, above) : append_constant(s, 1), outside);
        limit = append_select(s, sign, append_constant(s, into.lo), limit);
    }
    wireref cut = append_select(s, outside, limit, low_bits(s, x, bits, into.lo < 0));
    bool as_narrow = s->to.wires[cut.id].lo >= into.lo && s->to.wires[cut.id].hi <= into.hi;
    return as_narrow ? cut : whole;
}

void split_wide_wires(struct design *design, const struct stage *stage) {
    const struct datapath *from = &design->blocks[0].datapath;
    struct arena *scratch = arena_new(design->context);
    wireref *map = ARENA_ARRAY(scratch, wireref, from->wire_count + 1);
    const struct timing *timing = timing_new(scratch, design, stage->technology);
    struct split s = {.design = design, .stage = stage, .start = timing_most_fan_out(timing)};
    for (uint32_t i = 0; i < from->wire_count; i++) {
        struct wire wire = wire_mapped(design, from, &s.to, &from->wires[i], map);
        bool wide = timing_alone(timing, i) > stage->budget;
        s.like = wire;
        if (wide && wire.op == WIRE_SUM)
            map[i] = split_sum(&s, wire.operands, wire.operand_count, wire.constant);
        else if (wide && wire.op == WIRE_LESS)
            map[i] = split_less(&s, &wire);
        else if (wide && wire.op == WIRE_CLAMP)
            map[i] = split_clamp(&s, &wire);
        else if (wide && wire.op == WIRE_TABLE)
            map[i] = split_table(design, &s.to, &wire, stage, s.start);
        else
            map[i] = datapath_append(design, &s.to, &wire);
    }
    datapath_replace(design, &s.to, map);
    arena_free(scratch);
}
