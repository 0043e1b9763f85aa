/* Narrowing where the items of a lane have formats of their own: one circuit as wide as all of them, in which the beat
 * says where the rounding is, which bits fall away and how far the numbers go. What is added before the floor is a
 * constant by beat; bits outside of a beat's format are masked; limits are constants by beat. */
#include "passes/lower_beats.h"

/* A lane at its quantiser. By beat; a beat without an item does as the one before it. */
struct lane {
    wireref x;
    int fraction;   /* of x, and after rounding the finest of the formats */
    bool from_zero; /* x is to be limited to 0 and more, once it is rounded */
    struct format *format;
    int *drop, *raised;       /* bits of x that fall away; zeros that then stand below the format's own bits */
    struct interval *rounded; /* what is known of the result before overflow, of as fine a fraction as the lane */
    struct interval *range;   /* of the format, likewise */
};

/* A limit from below comes after the rounding, as it does where an element is lowered by itself. */
static void take_limit(const struct lower *lower, struct lane *lane) {
    const struct wire *wire = &lower->datapath->wires[lane->x.id];
    if (wire->op != WIRE_CLAMP || wire->clamp_lo != 0) return;
    wireref operand = wire->operands[0].wire;
    if (lower->datapath->wires[operand.id].hi > wire->clamp_hi) return;
    lane->x = operand;
    lane->from_zero = true;
}

/* false: the items are not read from one wire at one fraction. */
static bool find_operand(const struct lower *lower, const struct lane_walk *walk, struct lane *lane) {
    valref operand = lower->node->inputs[0];
    for (uint32_t b = 0; b < beat_count(lower); b++) {
        if (!has_item(walk, b)) continue;
        struct term x = lower_operand(lower, 0, walk->at[b]);
        int fraction = graph_format(lower->graph, operand, walk->at[b]).fraction - x.shift;
        if (b == 0) lane->x = x.wire;
        if (b == 0) lane->fraction = fraction;
        if (x.wire.id != lane->x.id || x.negative || fraction != lane->fraction) return false;
    }
    return true;
}

/* false: the lane has no common fraction. */
static bool find_formats(const struct lower *lower, const struct lane_walk *walk, struct lane *lane) {
    int finest = lane->fraction;
    for (uint32_t b = 0; b < beat_count(lower); b++) {
        lane->format[b] =
            has_item(walk, b) ? graph_format(lower->graph, walk->value, walk->at[b]) : lane->format[b - 1];
        if (lane->format[b].width > 0) finest = lane->format[b].fraction + walk->raised[b];
    }
    for (uint32_t b = 0; b < beat_count(lower); b++) {
        bool is_there = has_item(walk, b) && lane->format[b].width > 0;
        if (lane->format[b].width <= 0) lane->format[b] = (struct format){.fraction = (int16_t)finest};
        lane->raised[b] = finest - lane->format[b].fraction;
        lane->drop[b] = lane->fraction - lane->format[b].fraction;
        if (is_there && lane->raised[b] != walk->raised[b]) return false;
    }
    return true;
}

static bool one_format(const struct lower *lower, const struct lane *lane) {
    for (uint32_t b = 1; b < beat_count(lower); b++)
        if (!format_equal(lane->format[b], lane->format[0])) return false;
    return true;
}

static struct interval raised_by(struct interval x, int bits) {
    int128 step = (int128)1 << bits;
    return (struct interval){x.lo * step, x.hi * step};
}

/* false: one circuit does not serve these formats. */
static bool find_ranges(const struct lower *lower, const struct lane_walk *walk, struct lane *lane,
                        enum rounding rounding, enum overflow overflow) {
    valref operand = lower->node->inputs[0];
    for (uint32_t b = 0; b < beat_count(lower); b++) {
        int drop = lane->drop[b], raised = lane->raised[b];
        if (raised < 0 || raised > LANE_SPREAD_MOST || drop > LANE_SPREAD_MOST || drop < -LANE_SPREAD_MOST)
            return false;
        if (drop > 0 && lower_added_before_floor(rounding, drop) < 0) return false;
        if (has_item(walk, b)) {
            struct interval known = graph_interval(lower->graph, operand, walk->at[b]);
            int own = graph_format(lower->graph, operand, walk->at[b]).fraction - lane->format[b].fraction;
            lane->rounded[b] = raised_by(
                (struct interval){fixed_round(known.lo, own, rounding), fixed_round(known.hi, own, rounding)}, raised);
        } else
            lane->rounded[b] = lane->rounded[b - 1];
        lane->range[b] = raised_by(fixed_range(lane->format[b], overflow), raised);
    }
    return true;
}

static bool is_low(const struct lane *lane, uint32_t beat) {
    return lane->format[beat].width > 0 && lane->rounded[beat].lo < lane->range[beat].lo;
}

static bool is_high(const struct lane *lane, uint32_t beat) {
    return lane->format[beat].width > 0 && lane->rounded[beat].hi > lane->range[beat].hi;
}

static bool overflows(const struct lane *lane, uint32_t beat) {
    return is_low(lane, beat) || is_high(lane, beat);
}

static bool any_overflows(const struct lower *lower, const struct lane *lane) {
    for (uint32_t b = 0; b < beat_count(lower); b++)
        if (overflows(lane, b)) return true;
    return false;
}

/* ---- the circuit ---- */

/* Bits below all that is added, which change nothing but what falls away; none where every beat adds the same, which
 * the sum in front takes for nothing. */
static int idle_bits(const struct lower *lower, const int64_t *added, int dropped) {
    int64_t any = 0;
    bool same = true;
    for (uint32_t b = 0; b < beat_count(lower); b++) {
        any |= added[b];
        same &= added[b] == added[0];
    }
    int idle = same || !any ? 0 : __builtin_ctzll((unsigned long long)any);
    return idle < dropped ? idle : dropped;
}

/* The lane at its finest fraction; what is below a beat's own bits is there still. */
static wireref round_lane(struct lower *lower, const struct lane *lane, enum rounding rounding) {
    int64_t *added = ARENA_ARRAY(lower->scratch, int64_t, beat_count(lower));
    int least = lane->drop[0];
    struct term_list list = {0};
    struct term x = {.wire = lane->x};
    for (uint32_t b = 0; b < beat_count(lower); b++) least = lane->drop[b] < least ? lane->drop[b] : least;
    int up = least < 0 ? -least : 0, dropped = least + up;
    for (uint32_t b = 0; b < beat_count(lower); b++)
        added[b] = lane->drop[b] > 0 ? (int64_t)lower_added_before_floor(rounding, lane->drop[b]) << up : 0;
    int idle = idle_bits(lower, added, dropped);
    for (uint32_t b = 0; b < beat_count(lower); b++) added[b] >>= idle;
    x.wire = lower_shift_right(lower, x.wire, idle);
    term_list_add(lower, &list, x, 1, up);
    term_list_add(lower, &list, lower_constant_by_beat(lower, added), 1, 0);
    wireref rounded = lower_shift_right(lower, lower_plain(lower, lower_sum(lower, &list)), dropped - idle);
    if (!lane->from_zero) return rounded;
    return lower_plain(lower, lower_clamp(lower, (struct term){.wire = rounded}, 0, INT64_MAX));
}

/* The limits of the formats on one side; false: nothing goes beyond them. */
static bool find_limits(const struct lower *lower, const struct lane *lane, bool upper, int64_t *limits) {
    bool any = false;
    for (uint32_t b = 0; b < beat_count(lower); b++) {
        int64_t below = ((int64_t)1 << lane->raised[b]) - 1; /* falls away afterwards */
        limits[b] = (int64_t)(upper ? lane->range[b].hi + below : lane->range[b].lo);
        any |= upper ? is_high(lane, b) : is_low(lane, b);
    }
    return any;
}

static wireref limit_lane(struct lower *lower, const struct lane *lane, wireref x, bool upper) {
    int64_t *limits = ARENA_ARRAY(lower->scratch, int64_t, beat_count(lower));
    if (!find_limits(lower, lane, upper, limits)) return x;
    wireref limit = lower_plain(lower, lower_constant_by_beat(lower, limits));
    struct term beyond = upper ? lower_apply(lower, WIRE_LESS, limit, x) : lower_apply(lower, WIRE_LESS, x, limit);
    return lower_plain(lower, lower_select(lower, beyond.wire, (struct term){.wire = limit}, (struct term){.wire = x}));
}

/* Whether the low `bits` of the lane, read as signed, are right in this beat, or will be when it is masked. */
static bool is_right_below(const struct lane *lane, uint32_t beat, int bits) {
    struct format format = {.is_signed = true, .width = (int16_t)bits};
    int own = lane->format[beat].width + lane->raised[beat];
    if (!overflows(lane, beat)) return interval_fits(lane->rounded[beat], format);
    return lane->format[beat].is_signed ? own == bits : own <= bits;
}

/* Signs of beats that wrap stand where their formats end; beats of one end share a wire. */
static wireref wrap_signs(struct lower *lower, const struct lane *lane, wireref x) {
    struct term *terms = ARENA_ARRAY(lower->scratch, struct term, beat_count(lower));
    for (uint32_t b = 0; b < beat_count(lower); b++) {
        terms[b] = (struct term){.wire = x};
        for (uint32_t c = 0; c < beat_count(lower); c++) {
            int bits = lane->format[c].width + lane->raised[c];
            if (!overflows(lane, c) || !lane->format[c].is_signed || !is_right_below(lane, b, bits)) continue;
            terms[b].wire = lower_wrap(lower, x, bits, true);
            break;
        }
    }
    return lower_plain(lower, lower_choice_by_beat(lower, terms));
}

/* What a beat keeps of the lane's bits: none below its format, and none above it where it wraps or is never negative.
 */
static int64_t mask_of(const struct lane *lane, uint32_t beat, bool wraps) {
    struct format format = lane->format[beat];
    int64_t above = -((int64_t)1 << lane->raised[beat]);
    if (format.width <= 0) return 0;
    if (wraps && overflows(lane, beat) && !format.is_signed)
        return above & (((int64_t)1 << (format.width + lane->raised[beat])) - 1);
    if (lane->rounded[beat].lo < 0 || (wraps && overflows(lane, beat))) return above;
    int64_t ones = 0;
    while (ones < lane->rounded[beat].hi) ones = 2 * ones + 1;
    return above & ones;
}

static struct term mask_lane(struct lower *lower, const struct lane *lane, wireref x, bool wraps) {
    int64_t *masks = ARENA_ARRAY(lower->scratch, int64_t, beat_count(lower)), any = 0, all = -1;
    for (uint32_t b = 0; b < beat_count(lower); b++) {
        masks[b] = mask_of(lane, b, wraps);
        any |= masks[b];
        all &= masks[b];
    }
    if (any >= 0) x = lower_wrap(lower, x, wire_width(&(struct wire){.hi = any}), false);
    if (any == all) return (struct term){.wire = x};
    return lower_apply(lower, WIRE_AND, x, lower_plain(lower, lower_constant_by_beat(lower, masks)));
}

/* false: its elements are lowered each by itself. */
static bool narrow_lane(struct lower *lower, const struct lane_walk *walk, struct lane *lane, struct term *out) {
    const struct quantizer_attributes *attributes = &lower->node->attributes.quantizer;
    if (!find_operand(lower, walk, lane)) return false;
    const struct wire *x = &lower->datapath->wires[lane->x.id];
    enum rounding rounding = lower_rounding_of(x, attributes->rounding);
    enum overflow overflow = attributes->overflow;
    if (!find_formats(lower, walk, lane) || one_format(lower, lane) || wire_width(x) + LANE_SPREAD_MOST > 62)
        return false;
    if (!find_ranges(lower, walk, lane, rounding, overflow)) return false;
    if (overflow == OVERFLOW_SATURATE_ZERO && any_overflows(lower, lane)) return false;
    take_limit(lower, lane);
    wireref made = round_lane(lower, lane, rounding);
    if (overflow == OVERFLOW_WRAP)
        made = wrap_signs(lower, lane, made);
    else
        made = limit_lane(lower, lane, limit_lane(lower, lane, made, true), false);
    lower_spread_lane(lower, walk, mask_lane(lower, lane, made, overflow == OVERFLOW_WRAP), out);
    return true;
}

void lower_quantizer_by_items(struct lower *lower, struct term *out) {
    const struct node *node = lower->node;
    struct lane_walk walk = lower_lanes(lower, node->result, lower->beats->plan.item[node->result.id]);
    uint32_t beats = beat_count(lower);
    struct lane lane = {.format = ARENA_ARRAY(lower->scratch, struct format, beats),
                        .drop = ARENA_ARRAY(lower->scratch, int, beats),
                        .raised = ARENA_ARRAY(lower->scratch, int, beats),
                        .rounded = ARENA_ARRAY(lower->scratch, struct interval, beats),
                        .range = ARENA_ARRAY(lower->scratch, struct interval, beats)};
    while (lower_next_lane(lower, &walk) && !lower->failed) {
        lower->element = walk.at[0];
        lane.from_zero = false;
        if (narrow_lane(lower, &walk, &lane, out)) continue;
        for (uint32_t b = 0; b < beats; b++)
            if (has_item(&walk, b)) out[walk.at[b]] = lower_narrow(lower, walk.at[b]);
    }
}
