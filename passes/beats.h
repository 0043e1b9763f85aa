/* Networks whose items (particles, positions, candidates) are served one after the other by the same circuit. */
#ifndef BXC_PASSES_BEATS_H
#define BXC_PASSES_BEATS_H

#include "passes/passes.h"

#define NO_ITEM UINT32_MAX

/* What a node is done on. */
enum service {
    SERVED_WHOLE,     /* on values that are there as a whole, once an event */
    SERVED_BY_ITEMS,  /* item by item */
    SERVED_OVER_ITEMS /* a sum or maximum over all items, of what comes item by item */
};

/* Item i is served in beat i / lanes, in lane i % lanes. */
struct beat_plan {
    uint32_t items, lanes, beats; /* beats 1: nothing is served by items */
    uint32_t **item;              /* by value: the item of each element; NULL: of a value that is there as a whole */
    enum service *service;        /* by node */
    uint64_t work;                /* products and functions of one event that are done item by item */
    bool *in_beats;               /* by input port: its items arrive in their beats */
};

/* The plan by which most work is done item by item, for a new event every options->interval cycles. */
int beats_plan(const struct program *program, struct arena *arena, struct beat_plan *plan);
/* What is done item by item along each axis of an input, whatever the interval: their plans, but for lanes and beats.
 */
struct beat_axes {
    struct beat_plan *at;
    uint32_t count, asked; /* asked: items a clock (--beats), or 0 */
};
struct beat_axes beats_axes(const struct program *program, struct arena *arena);
/* The best of them for an interval, whatever the ports. */
struct beat_plan beats_plan_for(const struct beat_axes *axes, uint32_t interval);
/* About how much of a node's circuit there is: a lane of each item, or all. */
double beats_share(const struct beat_plan *plan, uint32_t node);
/* By element of the node's operand, the item for whose results alone it is read; NULL where some are read for several.
 */
uint32_t *beats_read_for(const struct beat_plan *plan, const struct graph *graph, const struct node *node,
                         uint32_t operand, struct arena *arena);

#endif
