/* The events of the largest errors, the largest first, with all that tells why. */
#include <math.h>
#include <string.h>

#include "sim/private.h"

struct worst_events {
    struct worst_event events[LOSS_WORST];
    uint32_t count;
};

struct worst_events *worst_events_new(const struct graph *fixed, struct arena *arena) {
    struct worst_events *worst = ARENA_NEW(arena, struct worst_events);
    const struct value_list inputs = graph_inputs(fixed, arena);
    for (uint32_t k = 0; k < LOSS_WORST; k++) {
        struct worst_event *event = &worst->events[k];
        event->reals = ARENA_ARRAY(arena, float *, inputs.count + 1);
        event->integers = ARENA_ARRAY(arena, int64_t *, inputs.count + 1);
        for (uint32_t i = 0; i < inputs.count; i++) {
            size_t elements = graph_elements(fixed, inputs.at[i]);
            event->reals[i] = ARENA_ARRAY(arena, float, 2 * elements + 1);
            event->integers[i] = ARENA_ARRAY(arena, int64_t, elements + 1);
        }
    }
    return worst;
}

double worst_events_least(const struct worst_events *worst) {
    return worst->count < LOSS_WORST ? -1 : worst->events[LOSS_WORST - 1].error;
}

struct worst_event *worst_events_add(struct worst_events *worst, double error) {
    uint32_t at = worst->count < LOSS_WORST ? worst->count++ : LOSS_WORST - 1;
    struct worst_event fresh = worst->events[at]; /* of the one that goes, the room is taken on */
    for (; at > 0 && error > worst->events[at - 1].error; at--) worst->events[at] = worst->events[at - 1];
    fresh.error = error;
    worst->events[at] = fresh;
    return &worst->events[at];
}

const struct worst_event *worst_events_at(const struct worst_events *worst, uint32_t rank) {
    return rank < worst->count ? &worst->events[rank] : NULL;
}
