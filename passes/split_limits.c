/* Equality and limits in parts. Two numbers are equal when their low and their high bits are. Of a clamp the tests
 * come first, the selection later: where the limits are a format's, tests for bits above the format, else
 * comparisons with the limits. */
#include "passes/split.h"

wireref split_equal(struct split *s, wireref a, wireref b) {
    wireref whole = split_apply(s, WIRE_EQUAL, a, b);
    int width = wire_width(&s->to.wires[a.id]), other = wire_width(&s->to.wires[b.id]);
    width = other > width ? other : width;
    if (width < 2 || !split_is_slow(s, whole)) return whole;
    wireref low = split_equal(s, split_low_bits(s, a, width / 2, false), split_low_bits(s, b, width / 2, false));
    wireref high = split_equal(s, split_high_bits(s, a, width / 2), split_high_bits(s, b, width / 2));
    return split_apply(s, WIRE_AND, low, high);
}

/* Whether any of `bits` bits is set. */
static wireref any_bit(struct split *s, wireref wire, int from, int bits) {
    wireref zero = split_constant(s, 0), part = split_low_bits(s, split_high_bits(s, wire, from), bits, false);
    wireref any = split_apply(s, WIRE_LESS, zero, part);
    if (bits < 2 || !split_is_slow(s, any)) return any;
    return split_apply(s, WIRE_OR, any_bit(s, wire, from, bits / 2),
                       any_bit(s, wire, from + bits / 2, bits - bits / 2));
}

static wireref append_select(struct split *s, wireref condition, wireref a, wireref b) {
    struct term operands[3] = {{.wire = condition}, {.wire = a}, {.wire = b}};
    return split_append(s, (struct wire){.op = WIRE_SELECT, .operands = operands, .operand_count = 3});
}

/* `from` is a wire of a sign or none, whose bits above the format of `into` are not all alike. */
static wireref clamp_to_format(struct split *s, wireref x, const struct wire *from, const struct wire *into) {
    int width = wire_width(from), bits = wire_width(into), value_bits = bits - (into->lo < 0);
    int above = width - (from->lo < 0) - value_bits;
    wireref outside = any_bit(s, x, value_bits, above), limit = split_constant(s, into->hi);
    if (from->lo < 0) {
        struct term inverted = {.wire = x};
        wireref not_x = split_append(s, (struct wire){.op = WIRE_NOT, .operands = &inverted, .operand_count = 1});
        wireref sign = split_low_bits(s, split_high_bits(s, x, width - 1), 1, false);
        outside =
            append_select(s, sign, into->lo < 0 ? any_bit(s, not_x, value_bits, above) : split_constant(s, 1), outside);
        limit = append_select(s, sign, split_constant(s, into->lo), limit);
    }
    return append_select(s, outside, limit, split_low_bits(s, x, bits, into->lo < 0));
}

/* The bits that are left when neither comparison holds fill a format: they may seem to lie beyond the limits. */
static wireref clamp_to_limits(struct split *s, wireref x, const struct wire *from, const struct wire *into) {
    wireref inside = split_low_bits(s, x, wire_width(into), into->lo < 0);
    if (from->lo < into->lo) {
        wireref lowest = split_constant(s, into->lo);
        inside = append_select(s, split_less(s, x, lowest), lowest, inside);
    }
    if (from->hi > into->hi) {
        wireref highest = split_constant(s, into->hi);
        inside = append_select(s, split_less(s, highest, x), highest, inside);
    }
    return inside;
}

static bool fills_format(const struct wire *wire) {
    struct format format = format_for((struct interval){wire->lo, wire->hi}, 0);
    return format_min(format) == wire->lo && format_max(format) == wire->hi;
}

wireref split_clamp(struct split *s, const struct wire *wire) {
    wireref x = wire->operands[0].wire, whole = split_append(s, *wire);
    struct wire from = s->to.wires[x.id], into = s->to.wires[whole.id]; /* the list moves when it grows */
    int above = wire_width(&from) - (from.lo < 0) - (wire_width(&into) - (into.lo < 0));
    if (!split_is_slow(s, whole) || into.lo == into.hi) return whole;
    if (above > 0 && from.hi > into.hi && fills_format(&into)) return clamp_to_format(s, x, &from, &into);
    return s->same_bounds ? whole : clamp_to_limits(s, x, &from, &into);
}
