/* Which activations ever moved and how far every layer went, over a sample of events as the network
 * will see them: a neuron that never moves is dead, a range that is never used is wasted bits. And over corner
 * vectors too, how much of its interval every number reached, and every sum that adders make on the way: where the
 * highest bit was never needed, a wire that is one bit too short was not seen. */
#include <math.h>

#include "sim/private.h"
#include "ir/ops.h"

enum { SAMPLE_EVENTS = 8192, LOOKED_EVENTS = 32768 };

struct seen {
    size_t elements;
    int64_t *lo, *hi;          /* by element */
    int64_t *lowest, *highest; /* corner vectors included */
    bool *still;
};

struct activity {
    const struct graph *graph; /* with the sums of the adders behind what the network holds, if they are known */
    uint32_t held;             /* nodes before those */
    struct arena *arena;
    struct lanes network;
    uint32_t events, looked; /* events measured, and all but corner vectors */
    struct seen *seen;       /* by node; elements 0: not watched */
    const int64_t **starts;
};

static bool is_watched(const struct node *node) {
    return node->op != OP_CONSTANT && !op_is_movement(node->op);
}

static void watch(struct activity *activity, uint32_t index) {
    const struct node *node = &activity->graph->nodes[index];
    struct seen *seen = &activity->seen[index];
    if (node->dead || !is_watched(node) || (index >= activity->held && node->op != OP_ADD) ||
        graph_value(activity->graph, node->result)->kind != VALUE_INTEGER)
        return;
    seen->elements = graph_elements(activity->graph, node->result);
    seen->lo = ARENA_ARRAY(activity->arena, int64_t, seen->elements);
    seen->hi = ARENA_ARRAY(activity->arena, int64_t, seen->elements);
    seen->lowest = ARENA_ARRAY(activity->arena, int64_t, seen->elements);
    seen->highest = ARENA_ARRAY(activity->arena, int64_t, seen->elements);
    seen->still = ARENA_ARRAY(activity->arena, bool, seen->elements);
    for (size_t e = 0; e < seen->elements; e++) {
        seen->lo[e] = seen->lowest[e] = INT64_MAX;
        seen->hi[e] = seen->highest[e] = INT64_MIN;
    }
}

struct activity *activity_new(const struct firmware *firmware, struct arena *arena) {
    struct activity *activity = ARENA_NEW(arena, struct activity);
    const struct graph *graph = firmware->sums ? firmware->sums : firmware->quantised;
    *activity = (struct activity){.graph = graph, .held = firmware->quantised->node_count, .arena = arena};
    lanes_open(&activity->network, graph, arena);
    activity->starts = ARENA_ARRAY(arena, const int64_t *, activity->network.input_count + 1);
    activity->seen = ARENA_ARRAY(arena, struct seen, graph->node_count + 1);
    for (uint32_t i = 0; i < graph->node_count; i++) watch(activity, i);
    return activity;
}

void activity_close(struct activity *activity) {
    if (activity) lanes_close(&activity->network);
}

static void look(struct seen *seen, const int64_t *data, int lanes, const bool *measured) {
    for (size_t e = 0; e < seen->elements; e++) {
        for (int lane = 0; lane < lanes; lane++) {
            int64_t number = data[e * EVENT_LANES + (size_t)lane];
            seen->lowest[e] = number < seen->lowest[e] ? number : seen->lowest[e];
            seen->highest[e] = number > seen->highest[e] ? number : seen->highest[e];
            if (!measured[lane]) continue;
            seen->lo[e] = number < seen->lo[e] ? number : seen->lo[e];
            seen->hi[e] = number > seen->hi[e] ? number : seen->hi[e];
        }
    }
}

static void add_lanes(struct activity *activity, const struct event_block *block, size_t first, int lanes) {
    for (uint32_t i = 0; i < activity->network.input_count; i++)
        activity->starts[i] = block->integers[i] + first * graph_elements(activity->graph, activity->network.inputs[i]);
    lanes_run(&activity->network, lanes, activity->starts);
    for (uint32_t n = 0; n < activity->graph->node_count; n++)
        if (activity->seen[n].elements)
            look(&activity->seen[n], lanes_of(&activity->network, activity->graph->nodes[n].result, 0), lanes,
                 block->measured + first);
    for (int lane = 0; lane < lanes; lane++) activity->events += block->measured[first + (size_t)lane];
}

void activity_add(struct activity *activity, const struct event_block *block) {
    bool all = block->phase == PHASE_CORNER || block->phase == PHASE_REGRESSION;
    for (size_t first = 0; first < block->events; first += EVENT_LANES) {
        size_t left = block->events - first;
        if (!all && (activity->events >= SAMPLE_EVENTS || activity->looked >= LOOKED_EVENTS)) return;
        activity->looked += all ? 0 : EVENT_LANES;
        add_lanes(activity, block, first, left < EVENT_LANES ? (int)left : EVENT_LANES);
    }
}

/* ---- what it tells ---- */

static void add_reach(const struct activity *activity, uint32_t index, struct value_range *range) {
    const struct seen *seen = &activity->seen[index];
    for (size_t e = 0; e < seen->elements; e++) {
        struct interval interval = graph_interval(activity->graph, activity->graph->nodes[index].result, e);
        if (interval.lo == interval.hi) continue;
        range->elements++;
        range->reached += ((double)seen->highest[e] - (double)seen->lowest[e]) / (double)(interval.hi - interval.lo);
        range->short_elements += !needs_all_bits(interval, seen->lowest[e], seen->highest[e]);
    }
    range->reached = range->elements ? range->reached / range->elements : 1;
}

static void add_range(const struct activity *activity, uint32_t index, struct value_range *range) {
    const struct node *node = &activity->graph->nodes[index];
    const struct seen *seen = &activity->seen[index];
    *range = (struct value_range){
        .name = node->name, .lo = INFINITY, .hi = -INFINITY, .seen_lo = INFINITY, .seen_hi = -INFINITY};
    for (size_t e = 0; e < seen->elements; e++) {
        struct format format = graph_format(activity->graph, node->result, e);
        bool none = format.width <= 0;
        range->lo = fmin(range->lo, none ? 0 : fixed_to_real(format_min(format), format.fraction));
        range->hi = fmax(range->hi, none ? 0 : fixed_to_real(format_max(format), format.fraction));
        range->seen_lo = fmin(range->seen_lo, fixed_to_real(seen->lo[e], format.fraction));
        range->seen_hi = fmax(range->seen_hi, fixed_to_real(seen->hi[e], format.fraction));
    }
}

static bool is_activation(const struct node *node) {
    return node->op == OP_INPUT || node->op == OP_RELU || op_rounds(node->op);
}

/* Told already, when the activation that it is made from stands still too. */
static bool told_before(const struct activity *activity, const struct node *node, size_t element) {
    if (node->input_count != 1) return false;
    noderef before = graph_value(activity->graph, node->inputs[0])->definition;
    const struct seen *seen = &activity->seen[before.id];
    return element < seen->elements && seen->still[element];
}

static void find_still(struct activity *activity, uint32_t index, struct verdict *verdict, struct arena *arena) {
    const struct node *node = &activity->graph->nodes[index];
    struct seen *seen = &activity->seen[index];
    for (size_t e = 0; e < seen->elements; e++) {
        struct interval interval = graph_interval(activity->graph, node->result, e);
        seen->still[e] = seen->lo[e] == seen->hi[e] && interval.lo != interval.hi && is_activation(node);
        if (!seen->still[e] || told_before(activity, node, e)) continue;
        if (verdict->still_count < STILL_NAMED)
            verdict->still[verdict->still_count] = arena_printf(arena, "%s[%zu]", node->name, e);
        verdict->still_count++;
    }
}

/* Elsewhere an interval is a bound, and what no event reached may be out of reach: that stands with the layer. */
static void warn_of_short(const struct activity *activity, const struct verdict *verdict, const enum reach *reach) {
    struct strbuf text = strbuf_new(activity->arena);
    uint32_t named = 0, numbers = 0;
    for (uint32_t i = 0; i < verdict->range_count; i++) {
        const struct value_range *range = &verdict->ranges[i];
        if (!range->short_elements || reach[i] == REACH_UNKNOWN) continue;
        numbers += range->short_elements;
        if (named++ < STILL_NAMED)
            strbuf_printf(&text, "%s%u of %u at '%s'", named > 1 ? ", " : "", range->short_elements, range->elements,
                          range->name);
    }
    if (numbers)
        diag_warning(
            &activity->graph->context->diagnostics, (struct location){0},
            arena_printf(activity->arena,
                         "a wire that is a bit too short was not seen there, more events (-n) may show it: %s%s",
                         text.data, named > STILL_NAMED ? ", ..." : ""),
            "the highest bit of %u number%s inside the network never moved, though there are events that move it",
            numbers, numbers == 1 ? "" : "s");
}

void activity_finish(struct activity *activity, struct verdict *verdict) {
    struct arena *arena = activity->graph->context->arena;
    verdict->still = ARENA_ARRAY(arena, const char *, STILL_NAMED);
    verdict->ranges = ARENA_ARRAY(arena, struct value_range, activity->graph->node_count + 1);
    const enum reach *values = reach_of_values(activity->graph, activity->arena);
    enum reach *reach = ARENA_ARRAY(activity->arena, enum reach, activity->graph->node_count + 1); /* by range */
    for (uint32_t i = 0; i < activity->graph->node_count && activity->events; i++) {
        if (!activity->seen[i].elements) continue;
        if (i < activity->held) find_still(activity, i, verdict, arena);
        reach[verdict->range_count] = values[activity->graph->nodes[i].result.id];
        add_range(activity, i, &verdict->ranges[verdict->range_count]);
        add_reach(activity, i, &verdict->ranges[verdict->range_count++]);
    }
    for (uint32_t i = 0; i < verdict->range_count; i++)
        verdict->ranges[i].name = arena_strdup(arena, verdict->ranges[i].name);
    warn_of_short(activity, verdict, reach);
}
