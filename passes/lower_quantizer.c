/* Narrowing: first round, then overflow.
 *
 * Rounding is floor, and one more where the bits that fall away say so; where they say so without
 * looking at the bits kept or the sign, that is a constant added before the floor, which merges into
 * the sum it rounds. Clamps commute with rounding, so a ReLU moves behind it and becomes one clamp
 * with the saturation. */
#include "passes/lower.h"

static wireref bit_of(struct lower *lower, wireref a, int bit) {
    return lower_wrap(lower, lower_shift_right(lower, a, bit), 1, false);
}

/* floor((a + constant) / 2^drop) */
static struct term floor_plus(struct lower *lower, wireref a, int drop, int128 constant) {
    struct term_list list = {.constant = constant};
    term_list_add(lower, &list, (struct term){.wire = a}, 1, 0);
    return (struct term){.wire = lower_shift_right(lower, lower_plain(lower, lower_sum(lower, &list)), drop)};
}

static wireref either(struct lower *lower, wireref a, wireref b) {
    return lower_apply(lower, WIRE_OR, a, b).wire;
}

static wireref inverted(struct lower *lower, wireref bit) {
    return lower_apply(lower, WIRE_XOR, bit, lower_constant(lower, 1).wire).wire;
}

/* 1 where any of the low bits is set. */
static wireref any_of(struct lower *lower, wireref a, int bits) {
    if (bits <= 0) return lower_constant(lower, 0).wire;
    if (bits > 63) return inverted(lower, lower_apply(lower, WIRE_EQUAL, a, lower_constant(lower, 0).wire).wire);
    wireref zero = lower_constant(lower, 0).wire;
    return lower_apply(lower, WIRE_LESS, zero, lower_wrap(lower, a, bits, false)).wire;
}

/* Half to even of few bits: one LUT of the bits that fall away and the last one kept. */
static wireref even_bit(struct lower *lower, wireref a, int drop) {
    struct table table = {.first = 0, .count = 2u << drop, .entries = ARENA_ARRAY(lower->scratch, int64_t, 2u << drop)};
    for (uint32_t i = 0; i < table.count; i++)
        table.entries[i] = (int64_t)fixed_round(i, drop, ROUND_HALF_EVEN) - (int64_t)(i >> drop);
    return lower_plain(lower, lower_table(lower, (struct term){.wire = lower_wrap(lower, a, drop + 1, false)}, &table));
}

/* Where the floor is one too low: 1, else 0. */
static wireref round_bit(struct lower *lower, wireref a, int drop, enum rounding rounding) {
    if (rounding == ROUND_HALF_EVEN && drop <= 5) return even_bit(lower, a, drop);
    wireref sign = lower_sign(lower, a), half = bit_of(lower, a, drop - 1);
    wireref rest = any_of(lower, a, drop - 1);
    switch (rounding) {
    case ROUND_HALF_UP: return half;
    case ROUND_HALF_DOWN: return lower_apply(lower, WIRE_AND, half, rest).wire;
    case ROUND_CEILING: return any_of(lower, a, drop);
    case ROUND_TOWARD_ZERO: return lower_apply(lower, WIRE_AND, sign, any_of(lower, a, drop)).wire;
    case ROUND_AWAY_FROM_ZERO:
        sign = inverted(lower, sign);
        return lower_apply(lower, WIRE_AND, sign, any_of(lower, a, drop)).wire;
    case ROUND_HALF_TOWARD_ZERO: return lower_apply(lower, WIRE_AND, half, either(lower, rest, sign)).wire;
    case ROUND_HALF_AWAY: return lower_apply(lower, WIRE_AND, half, either(lower, rest, inverted(lower, sign))).wire;
    default:
        return lower_apply(lower, WIRE_AND, half, either(lower, rest, bit_of(lower, a, drop))).wire; /* half even */
    }
}

enum rounding lower_rounding_of(const struct wire *wire, enum rounding rounding) {
    bool positive = wire->lo >= 0, negative = wire->hi <= 0;
    switch (rounding) {
    case ROUND_TOWARD_ZERO: return positive ? ROUND_TRUNCATE : negative ? ROUND_CEILING : rounding;
    case ROUND_AWAY_FROM_ZERO: return positive ? ROUND_CEILING : negative ? ROUND_TRUNCATE : rounding;
    case ROUND_HALF_TOWARD_ZERO: return positive ? ROUND_HALF_DOWN : negative ? ROUND_HALF_UP : rounding;
    case ROUND_HALF_AWAY: return positive ? ROUND_HALF_UP : negative ? ROUND_HALF_DOWN : rounding;
    default: return rounding;
    }
}

int128 lower_added_before_floor(enum rounding rounding, int drop) {
    int128 half = (int128)1 << (drop - 1);
    switch (rounding) {
    case ROUND_TRUNCATE: return 0;
    case ROUND_HALF_UP: return half;
    case ROUND_HALF_DOWN: return half - 1;
    case ROUND_CEILING: return 2 * half - 1;
    default: return -1;
    }
}

static struct term round_wire(struct lower *lower, wireref a, int drop, enum rounding rounding) {
    const struct wire *wire = &lower->datapath->wires[a.id];
    int width = wire_width(wire);
    drop = drop > width + 1 ? width + 1 : drop; /* beyond, every value rounds as at this distance */
    rounding = lower_rounding_of(wire, rounding);
    int128 added = lower_added_before_floor(rounding, drop);
    if (added >= 0 && wire->hi + added <= INT64_MAX) return floor_plus(lower, a, drop, added);
    struct term_list list = {0};
    term_list_add(lower, &list, floor_plus(lower, a, drop, 0), 1, 0);
    term_list_add(lower, &list, (struct term){.wire = round_bit(lower, a, drop, rounding)}, 1, 0);
    return lower_sum(lower, &list);
}

/* Before a shift to the left that would leave 64 bits: what overflow keeps of the result alone. */
static struct term limit_before_shift(struct lower *lower, struct term term, int shift, struct format format,
                                      enum overflow overflow) {
    struct interval x = term_interval(lower->datapath, term);
    int kept = format.width - shift;
    if (shift < 64 && x.lo >= INT64_MIN >> shift && x.hi <= INT64_MAX >> shift) return term;
    if (overflow == OVERFLOW_WRAP && kept <= 0) return lower_constant(lower, 0);
    if (overflow == OVERFLOW_WRAP)
        return (struct term){.wire = lower_wrap(lower, lower_plain(lower, term), kept, format.is_signed)};
    int down = shift < 64 ? shift : 63;
    return lower_clamp(lower, term, (format_min(format) >> down) - 1, (format_max(format) >> down) + 1);
}

/* term * 2^-drop */
static struct term round_term(struct lower *lower, struct term term, int drop, enum rounding rounding) {
    int undone = drop < term.shift ? drop : term.shift;
    if (drop <= 0) {
        struct term_list list = {0};
        term_list_add(lower, &list, term, 1, -drop);
        return lower_sum(lower, &list);
    }
    term.shift = (int8_t)(term.shift - undone);
    drop -= undone;
    if (drop == 0) return term;
    return round_wire(lower, lower_plain(lower, term), drop, rounding);
}

/* Bits below the term's shift are 0 and stay so. */
static struct term wrap_term(struct lower *lower, struct term term, struct format format) {
    int kept = format.width - term.shift, shift = term.shift;
    if (kept <= 0) return lower_constant(lower, 0);
    term.shift = 0;
    return (struct term){.wire = lower_wrap(lower, lower_plain(lower, term), kept, format.is_signed),
                         .shift = (int8_t)shift};
}

static struct term overflow_term(struct lower *lower, struct term term, struct format format, enum overflow overflow) {
    struct interval x = term_interval(lower->datapath, term);
    struct interval range = fixed_range(format, overflow);
    if (x.lo >= range.lo && x.hi <= range.hi) return term;
    if (overflow == OVERFLOW_SATURATE || overflow == OVERFLOW_SATURATE_SYMMETRIC)
        return lower_clamp(lower, term, range.lo, range.hi);
    if (overflow == OVERFLOW_WRAP) return wrap_term(lower, term, format);
    wireref plain = lower_plain(lower, term);
    wireref low = lower_wrap(lower, plain, format.width, format.is_signed);
    struct term inside = lower_apply(lower, WIRE_EQUAL, low, plain);
    return lower_select(lower, inside.wire, (struct term){.wire = low}, lower_constant(lower, 0));
}

static struct term narrow_term(struct lower *lower, struct term term, int from, struct format format) {
    const struct quantizer_attributes *attributes = &lower->node->attributes.quantizer;
    const struct wire *wire = &lower->datapath->wires[term.wire.id];
    if (term.shift < 0) from -= term.shift;
    if (term.shift < 0) term.shift = 0;
    int drop = from - format.fraction;
    if (format.width <= 0) return lower_constant(lower, 0);
    if (drop < 0) term = limit_before_shift(lower, term, -drop, format, attributes->overflow);
    if (wire->op != WIRE_CLAMP || term.negative || drop <= 0)
        return overflow_term(lower, round_term(lower, term, drop, attributes->rounding), format, attributes->overflow);
    int128 lo = (int128)wire->clamp_lo * ((int128)1 << term.shift),
           hi = (int128)wire->clamp_hi * ((int128)1 << term.shift);
    term.wire = wire->operands[0].wire;
    term = round_term(lower, term, drop, attributes->rounding);
    term = lower_clamp(lower, term, fixed_round(lo, drop, attributes->rounding),
                       fixed_round(hi, drop, attributes->rounding));
    return overflow_term(lower, term, format, attributes->overflow);
}

struct term lower_narrow(struct lower *lower, uint32_t element) {
    valref x = lower->node->inputs[0], result = lower->node->result;
    lower->element = element;
    return narrow_term(lower, lower_operand(lower, 0, element), graph_format(lower->graph, x, element).fraction,
                       graph_format(lower->graph, result, element));
}

void lower_quantizer(struct lower *lower, struct term *out) {
    size_t count = shape_elements(&graph_value(lower->graph, lower->node->result)->shape);
    for (size_t e = 0; e < count && !lower->failed; e++) out[e] = lower_narrow(lower, (uint32_t)e);
}
