/* Adders too wide for a stage are cut: the low bits are added in one stage, the high bits at the same
 * time, and the carry goes into the high part in a later one. A comparison is the sign of a
 * difference, so that it can be cut too. Every bit stays: x = (x >> k << k) + (x mod 2^k). */
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
        else if (wide && wire.op == WIRE_TABLE)
            map[i] = split_table(design, &s.to, &wire, stage, s.start);
        else
            map[i] = datapath_append(design, &s.to, &wire);
    }
    datapath_replace(design, &s.to, map);
    arena_free(scratch);
}
