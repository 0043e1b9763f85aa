/* Values that a walk has still to look at, each of them once, so that chains need no stack and diamonds no second look.
 * Begins as {0}; nothing is held before the first one is added. */
#ifndef BXC_PASSES_VISITS_H
#define BXC_PASSES_VISITS_H

#include "ir/graph.h"

struct visits {
    struct arena *arena;
    valref *waiting;
    bool *seen; /* by value */
    uint32_t count;
};

void visits_add(struct visits *visits, const struct graph *graph, valref value);
bool visits_next(struct visits *visits, valref *value); /* false when none is left */
void visits_end(struct visits *visits);

#endif
