/* Lowering of items in beats: what its files share (lower_beats.c, lower_lanes.c, lower_by_position.c). Private to
 * them. */
#ifndef BXC_PASSES_LOWER_BEATS_H
#define BXC_PASSES_LOWER_BEATS_H

#include "passes/beats.h"
#include "passes/lower.h"

struct lower_beats {
    struct beat_plan plan;
    struct term **collected; /* by value by items: its elements, once an event; NULL: nobody asked yet */
    bool *arrives;           /* by value: an input in beats */
    struct term **arrived;   /* by input in beats: the wires of its slots, by element */
    struct term **held;      /* by value once an event: its elements, held over the beats */
    wireref beat, first;     /* NO_WIRE: nobody asked yet */
};

enum { LANE_SPREAD_MOST = 40 }; /* bits between the finest and the coarsest that a lane's wire has to serve */

static inline uint32_t beat_count(const struct lower *lower) {
    return lower->beats->plan.beats;
}

/* ---- lower_lanes.c ---- */
wireref lower_first_beat(struct lower *lower); /* 1 in the first beat */
/* entries[b] in beat b */
struct term lower_constant_by_beat(struct lower *lower, const int64_t *entries);
/* What is terms[b] in beat b; of a beat whose wire is NO_WIRE anything. */
struct term lower_choice_by_beat(struct lower *lower, struct term *terms);

/* Walks the elements that a lane serves one after the other: `at` of them, one a beat, UINT32_MAX where a beat has
 * none. */
struct lane_walk {
    valref value;
    uint32_t *by_item; /* elements, in their order within each item */
    uint32_t each, place, lane;
    uint32_t *at;
    int *raised; /* by beat: so many bits more of fraction than its element has the lane's wire */
};
static inline bool has_item(const struct lane_walk *walk, uint32_t beat) {
    return walk->at[beat] != UINT32_MAX;
}

/* item: of each element */
struct lane_walk lower_lanes(struct lower *lower, valref value, const uint32_t *item);
bool lower_next_lane(const struct lower *lower, struct lane_walk *walk);
/* One wire for all elements of a lane, which `join` makes of their terms, all at the lane's fraction. */
void lower_join_lanes(struct lower *lower, valref value, const uint32_t *item, const struct term *from, struct term *to,
                      struct term (*join)(struct lower *lower, struct term *terms));
/* The terms of a lane's elements from that of its wire. */
void lower_spread_lane(const struct lower *lower, const struct lane_walk *walk, struct term joined, struct term *to);
/* In which its wire lies, in those beats that are its own. */
struct interval lower_lane_known(const struct lower *lower, const struct lane_walk *walk);
/* Of lanes that are joined: the bits that they have by the graph. */
void lower_finish_lanes(struct lower *lower, valref value, const uint32_t *item, struct term *elements);

/* ---- lower_by_position.c ---- */
void lower_quantizer_by_items(struct lower *lower, struct term *out);

#endif
