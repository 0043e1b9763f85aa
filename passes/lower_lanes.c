/* Lanes: the elements of a value by items that one wire serves, one a beat. Items that differ (in constants, in a last
 * beat with fewer of them) are told apart by the beat. */
#include "passes/lower_beats.h"

/* ---- which beat it is ---- */

/* Made once: `hi` is the most that it counts to. */
static wireref count_wire(struct lower *lower, enum wire_op op, int64_t hi, wireref *kept) {
    noderef origin = lower->origin;
    if (kept->id != UINT32_MAX) return *kept;
    lower->origin = NO_NODE;
    *kept = lower_wire(lower, (struct wire){.op = op, .hi = hi});
    lower->origin = origin;
    return *kept;
}

static wireref beat_wire(struct lower *lower) {
    return count_wire(lower, WIRE_BEAT, beat_count(lower) - 1, &lower->beats->beat);
}

wireref lower_first_beat(struct lower *lower) {
    return count_wire(lower, WIRE_FIRST, 1, &lower->beats->first);
}

/* ---- a term for every beat ---- */

static bool same_term(struct term a, struct term b) {
    return a.wire.id == b.wire.id && a.shift == b.shift && a.negative == b.negative;
}

/* Zeros that all entries end with are wiring. */
struct term lower_constant_by_beat(struct lower *lower, const int64_t *entries) {
    uint32_t beats = beat_count(lower);
    int64_t any = 0, *odd = ARENA_ARRAY(lower->scratch, int64_t, beats);
    for (uint32_t b = 0; b < beats; b++) any |= entries[b];
    int zeros = any ? __builtin_ctzll((unsigned long long)any) : 0;
    for (uint32_t b = 0; b < beats; b++) odd[b] = entries[b] >> zeros;
    struct table table = {.count = beats, .entries = odd};
    struct term term = lower_table(lower, (struct term){.wire = beat_wire(lower)}, &table);
    term.shift = (int8_t)(term.shift + zeros);
    return term;
}

/* One of `count` terms by their number, which `number` gives for every beat: from its bit `bit` down. */
static struct term choose(struct lower *lower, const struct term *terms, uint32_t count, const uint32_t *number,
                          int bit) {
    if (count == 1) return terms[0];
    uint32_t beats = beat_count(lower), half = UINT32_C(1) << bit;
    if (count <= half) return choose(lower, terms, count, number, bit - 1);
    int64_t *upper = ARENA_ARRAY(lower->scratch, int64_t, beats);
    for (uint32_t b = 0; b < beats; b++) upper[b] = number[b] >> bit & 1;
    struct term low = choose(lower, terms, half, number, bit - 1);
    struct term high = choose(lower, terms + half, count - half, number, bit - 1);
    return lower_select(lower, lower_plain(lower, lower_constant_by_beat(lower, upper)), high, low);
}

struct term lower_choice_by_beat(struct lower *lower, struct term *terms) {
    uint32_t beats = beat_count(lower), count = 0;
    struct term *distinct = ARENA_ARRAY(lower->scratch, struct term, beats);
    uint32_t *number = ARENA_ARRAY(lower->scratch, uint32_t, beats);
    int64_t *constants = ARENA_ARRAY(lower->scratch, int64_t, beats);
    bool all_constant = true;
    for (uint32_t b = 0; b < beats; b++) {
        bool absent = terms[b].wire.id == UINT32_MAX;
        if (absent && b) constants[b] = constants[b - 1];
        if (absent) continue;
        if (lower_is_constant(lower, terms[b], &constants[b]))
            terms[b] = lower_constant(lower, constants[b]);
        else
            all_constant = false;
        while (number[b] < count && !same_term(distinct[number[b]], terms[b])) number[b]++;
        if (number[b] == count) distinct[count++] = terms[b];
    }
    if (count == 1) return distinct[0];
    if (all_constant) return lower_constant_by_beat(lower, constants);
    return choose(lower, distinct, count, number, 31 - __builtin_clz(count - 1));
}

/* ---- lanes ---- */

struct lane_walk lower_lanes(struct lower *lower, valref value, const uint32_t *item) {
    const struct beat_plan *plan = &lower->beats->plan;
    uint32_t count = (uint32_t)shape_elements(&graph_value(lower->graph, value)->shape);
    struct lane_walk walk = {.value = value, .each = count / plan->items};
    uint32_t *filled = ARENA_ARRAY(lower->scratch, uint32_t, plan->items);
    walk.by_item = ARENA_ARRAY(lower->scratch, uint32_t, count + 1);
    walk.at = ARENA_ARRAY(lower->scratch, uint32_t, plan->beats);
    walk.raised = ARENA_ARRAY(lower->scratch, int, plan->beats);
    for (uint32_t e = 0; e < count; e++) walk.by_item[item[e] * walk.each + filled[item[e]]++] = e;
    return walk;
}

/* The wire has the finest fraction of the lane's elements; where numbers would get too large each keeps its own. What
 * has no bits is 0 at any fraction. */
static void raise_elements(const struct lower *lower, struct lane_walk *walk) {
    int finest = INT32_MIN, coarsest = INT32_MAX, above = 0;
    for (uint32_t b = 0; b < beat_count(lower); b++) {
        if (!has_item(walk, b)) continue;
        struct format format = graph_format(lower->graph, walk->value, walk->at[b]);
        if (format.width == 0) continue;
        finest = format.fraction > finest ? format.fraction : finest;
        coarsest = format.fraction < coarsest ? format.fraction : coarsest;
        above = format.width - format.fraction > above ? format.width - format.fraction : above;
    }
    bool each_its_own =
        finest == INT32_MIN || finest - coarsest > LANE_SPREAD_MOST || above + finest > LANE_SPREAD_MOST;
    for (uint32_t b = 0; b < beat_count(lower); b++) {
        walk->raised[b] = 0;
        if (!has_item(walk, b) || each_its_own) continue;
        int raised = finest - graph_format(lower->graph, walk->value, walk->at[b]).fraction;
        if (raised >= -LANE_SPREAD_MOST && raised <= LANE_SPREAD_MOST) walk->raised[b] = raised;
    }
}

bool lower_next_lane(const struct lower *lower, struct lane_walk *walk) {
    const struct beat_plan *plan = &lower->beats->plan;
    if (walk->place == walk->each) return false;
    for (uint32_t b = 0; b < plan->beats; b++) {
        uint32_t item = b * plan->lanes + walk->lane;
        walk->at[b] = item < plan->items ? walk->by_item[item * walk->each + walk->place] : UINT32_MAX;
    }
    raise_elements(lower, walk);
    if (++walk->lane < plan->lanes) return true;
    walk->lane = 0;
    walk->place++;
    return true;
}

void lower_spread_lane(const struct lower *lower, const struct lane_walk *walk, struct term joined, struct term *to) {
    for (uint32_t b = 0; b < beat_count(lower); b++) {
        if (!has_item(walk, b)) continue;
        to[walk->at[b]] = joined;
        to[walk->at[b]].shift = (int8_t)(joined.shift - walk->raised[b]);
    }
}

void lower_join_lanes(struct lower *lower, valref value, const uint32_t *item, const struct term *from, struct term *to,
                      struct term (*join)(struct lower *lower, struct term *terms)) {
    struct lane_walk walk = lower_lanes(lower, value, item);
    struct term *terms = ARENA_ARRAY(lower->scratch, struct term, beat_count(lower));
    while (lower_next_lane(lower, &walk)) {
        for (uint32_t b = 0; b < beat_count(lower); b++) {
            terms[b] = (struct term){.wire = NO_WIRE};
            if (!has_item(&walk, b)) continue;
            terms[b] = from[walk.at[b]];
            terms[b].shift = (int8_t)(terms[b].shift + walk.raised[b]);
        }
        lower->element = walk.at[0];
        lower_spread_lane(lower, &walk, join(lower, terms), to);
    }
}

struct interval lower_lane_known(const struct lower *lower, const struct lane_walk *walk) {
    struct interval all = {0, 0};
    bool any = false;
    for (uint32_t b = 0; b < beat_count(lower); b++) {
        if (!has_item(walk, b)) continue;
        struct interval own = graph_interval(lower->graph, walk->value, walk->at[b]);
        int128 up = (int128)1 << (walk->raised[b] > 0 ? walk->raised[b] : 0);
        own = (struct interval){own.lo * up, own.hi * up};
        all = any ? interval_join(all, own) : own;
        any = true;
    }
    return all;
}

void lower_finish_lanes(struct lower *lower, valref value, const uint32_t *item, struct term *elements) {
    struct lane_walk walk = lower_lanes(lower, value, item);
    while (lower_next_lane(lower, &walk) && !lower->failed) {
        uint32_t first = walk.at[0];
        struct term joined = elements[first];
        lower->element = first;
        joined.shift = (int8_t)(joined.shift + walk.raised[0]);
        if (joined.shift < 0) continue;
        lower_spread_lane(lower, &walk, lower_known(lower, joined, lower_lane_known(lower, &walk)), elements);
    }
}
