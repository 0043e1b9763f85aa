/* Wires that take longer than a stage of the pipeline are made of parts that do not: sums and comparisons in
 * split_sums.c, equality and limits in split_limits.c, tables in split_tables.c. */
#include "passes/split.h"

wireref split_append(struct split *s, struct wire wire) {
    wire.origin = s->like.origin;
    wire.element = s->like.element;
    wire.cycle = -1;
    return datapath_append(s->design, &s->to, &wire);
}

wireref split_apply(struct split *s, enum wire_op op, wireref a, wireref b) {
    struct term operands[2] = {{.wire = a}, {.wire = b}};
    return split_append(s, (struct wire){.op = op, .operands = operands, .operand_count = 2});
}

wireref split_constant(struct split *s, int64_t value) {
    return split_append(s, (struct wire){.op = WIRE_CONSTANT, .constant = value});
}

wireref split_low_bits(struct split *s, wireref wire, int bits, bool is_signed) {
    struct term operand = {.wire = wire};
    return split_append(
        s, (struct wire){
               .op = WIRE_WRAP, .operands = &operand, .operand_count = 1, .amount = bits, .wrap_signed = is_signed});
}

wireref split_high_bits(struct split *s, wireref wire, int from) {
    struct term operand = {.wire = wire};
    return split_append(
        s, (struct wire){.op = WIRE_SHIFT_RIGHT, .operands = &operand, .operand_count = 1, .amount = from});
}

bool split_is_slow(const struct split *s, wireref wire) {
    return wire_delay(&s->to, &s->to.wires[wire.id], s->stage->technology, s->start) > s->stage->budget;
}

static wireref split_wire(struct split *s, struct wire *wire) {
    switch (wire->op) {
    case WIRE_SUM: return split_sum(s, wire->operands, wire->operand_count, wire->constant);
    case WIRE_LESS: return split_less(s, wire->operands[0].wire, wire->operands[1].wire);
    case WIRE_EQUAL: return split_equal(s, wire->operands[0].wire, wire->operands[1].wire);
    case WIRE_CLAMP: return split_clamp(s, wire);
    case WIRE_TABLE:
        if (wire->resource != RESOURCE_LOGIC) break;
        return split_table(s->design, &s->to, wire, s->stage, s->start);
    default: break;
    }
    return datapath_append(s->design, &s->to, wire);
}

/* Whether the wire can be computed in 64 bits from operands whose intervals may have grown. */
static bool is_safe(const struct datapath *to, const struct wire *wire) {
    if (wire->op == WIRE_SUM) return sum_is_safe(to, wire->operands, wire->operand_count, wire->constant);
    struct interval interval = wire_interval(to, wire);
    return interval.lo >= INT64_MIN && interval.hi <= INT64_MAX;
}

/* Wider than it was: than `wire` says, which is mapped but not appended. */
static bool has_grown(const struct datapath *to, const struct wire *wire) {
    struct interval now = wire_interval(to, wire);
    return wire->op != WIRE_INPUT && format_for(now, 0).width > wire_width(wire);
}

/* The wire, which takes the place of `old`, in no more bits than that had: it has the same value. */
static wireref in_its_bits(struct split *s, const struct wire *old, wireref wire) {
    struct interval now = {s->to.wires[wire.id].lo, s->to.wires[wire.id].hi};
    struct format format = format_for((struct interval){old->lo, old->hi}, 0);
    return interval_fits(now, format) ? wire : split_low_bits(s, wire, format.width, format.is_signed);
}

/* False where a wire would need more than 64 bits. */
static bool split_all(struct split *s, const struct datapath *from, const bool *slow, wireref *map) {
    arena_free(s->to.arena);
    s->to = (struct datapath){0};
    for (uint32_t i = 0; i < from->wire_count; i++) {
        struct wire wire = wire_mapped(s->design, from, &s->to, &from->wires[i], map);
        if (!s->same_bounds && !is_safe(&s->to, &wire)) return false;
        s->like = wire;
        bool may_be_slow = slow[i] || (!s->same_bounds && has_grown(&s->to, &wire));
        map[i] = may_be_slow ? split_wire(s, &wire) : datapath_append(s->design, &s->to, &wire);
        if (!s->same_bounds) map[i] = in_its_bits(s, &from->wires[i], map[i]);
    }
    return true;
}

void split_wide_wires(struct design *design, const struct stage *stage) {
    const struct datapath *from = &design->datapath;
    struct arena *scratch = arena_new(design->context);
    wireref *map = ARENA_ARRAY(scratch, wireref, from->wire_count + 1);
    bool *slow = ARENA_ARRAY(scratch, bool, from->wire_count + 1);
    const struct timing *timing = timing_new(scratch, design, stage->technology);
    struct split s = {.design = design, .stage = stage, .start = timing_most_fan_out(timing)};
    for (uint32_t i = 0; i < from->wire_count; i++) slow[i] = timing_alone(timing, i) > stage->budget;
    if (!split_all(&s, from, slow, map)) {
        s.same_bounds = true;
        split_all(&s, from, slow, map);
    }
    datapath_replace(design, &s.to, map);
    arena_free(scratch);
}
