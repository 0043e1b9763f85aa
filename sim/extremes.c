/* Corner vectors from the weights: for every sum of the quantised graph, events that make it as small and as
 * large as can be found, so that no wire that is a bit too short hides; then events between the two, which
 * step through clamps, thresholds and table entries that ordinary events do not reach.
 *
 * Each sum is climbed by itself: from the best event known, its slopes at the inputs (slopes.c) say which port
 * elements to push to which end, 64 candidates are evaluated at once, and the best of them is where it goes on.
 * Every evaluation is looked at for all sums, so most of them come near their ends before their turn. The
 * first layers reach the ends of their intervals; deeper ones what the layers before let through.
 *
 * Cost: an evaluation is 64 events of the network, a sum gets at most ROUNDS of them a direction, and all together
 * at most WORK multiply-adds, less for each sum when there are many. Nothing depends on time or threads. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "sim/private.h"

enum { ROUNDS = 200, PATIENCE = 30, SEEDS = 16, SPREAD_EVENTS = 256, SWEEPS = 64 };
static const double WORK = 2e9, ROW_NUMBERS = 1 << 22;

struct target { /* one sum */
    valref value;
    size_t element;
    int64_t best[2]; /* smallest, largest so far */
    struct interval interval;
};

struct search {
    const struct graph *graph;
    const struct port_elements *ports;
    struct arena *arena;
    struct evaluator *evaluator;
    struct evaluator_state *state;
    struct slopes *slopes;
    uint32_t input_count;
    valref *inputs;
    int64_t **in, **out; /* of one evaluation, by port */
    int64_t *lanes;      /* its events, all inputs side by side */
    int64_t *parent;     /* the event that they are made from */
    struct push *pushes;
    struct target *targets;
    size_t target_count;
    int64_t *rows;       /* by target and direction: the event of `best` */
    struct row_set kept;
    uint64_t random;
    double work, work_an_event;
};

static uint64_t next_random(struct search *search) { /* splitmix64 */
    uint64_t z = search->random += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

/* ---- events that are kept, each once ---- */

static uint64_t hash_row(const int64_t *row, size_t columns) {
    uint64_t hash = 0xcbf29ce484222325u;
    for (size_t i = 0; i < columns; i++)
        hash = (hash ^ (uint64_t)row[i]) * 0x100000001b3u ^ hash >> 29;
    return hash;
}

static void set_grow(struct row_set *set, struct arena *arena) {
    size_t capacity = set->capacity ? 2 * set->capacity : 256;
    set->rows = arena_grow(arena, set->rows, set->count * set->columns * sizeof *set->rows, capacity * set->columns * sizeof *set->rows + 1);
    set->slots = ARENA_ARRAY(arena, uint32_t, 2 * capacity);
    set->capacity = capacity;
    for (size_t i = 0; i < set->count; i++) {
        size_t slot = hash_row(set->rows + i * set->columns, set->columns) % (2 * capacity);
        while (set->slots[slot])
            slot = (slot + 1) % (2 * capacity);
        set->slots[slot] = (uint32_t)i + 1;
    }
}

static void set_add(struct row_set *set, struct arena *arena, const int64_t *row) {
    if (set->count == set->capacity)
        set_grow(set, arena);
    size_t slot = hash_row(row, set->columns) % (2 * set->capacity);
    for (; set->slots[slot]; slot = (slot + 1) % (2 * set->capacity))
        if (!memcmp(set->rows + (set->slots[slot] - 1) * set->columns, row, set->columns * sizeof *row))
            return;
    memcpy(set->rows + set->count++ * set->columns, row, set->columns * sizeof *row);
    set->slots[slot] = (uint32_t)set->count;
}

/* ---- what is searched ---- */

static bool is_sum(const struct node *node) {
    return node->op == OP_ADD || node->op == OP_SUB || node->op == OP_MUL || node->op == OP_MATMUL || node->op == OP_REDUCE_SUM;
}

/* Only a constant is added to it: the sum behind it moves with it. */
static bool is_part(const struct graph *graph, valref value) {
    bool output, part = false;
    if (graph_use_count(graph, value, &output) != 1 || output)
        return false;
    for (uint32_t i = 0; i < graph->node_count; i++) {
        const struct node *node = &graph->nodes[i];
        if (node->dead || (node->op != OP_ADD && node->op != OP_SUB))
            continue;
        for (int side = 0; side < 2; side++)
            part |= valref_equal(node->inputs[side], value) && graph_integers(graph, node->inputs[!side]);
    }
    return part;
}

static void add_targets(struct search *search, const struct node *node) {
    for (size_t e = 0, n = value_elements(search->graph, node->result); e < n; e++) {
        struct interval interval = graph_interval(search->graph, node->result, e);
        if (interval.lo != interval.hi)
            search->targets[search->target_count++] = (struct target){.value = node->result, .element = e, .interval = interval, .best = {INT64_MAX, INT64_MIN}};
    }
}

/* As many as there is room for, spread evenly when there are more. */
static void find_targets(struct search *search) {
    const struct graph *graph = search->graph;
    size_t all = 0;
    for (int pass = 0; pass < 2; pass++) {
        if (pass)
            search->targets = ARENA_ARRAY(search->arena, struct target, all + 1);
        for (uint32_t i = 0; i < graph->node_count; i++) {
            const struct node *node = &graph->nodes[i];
            if (node->dead || !is_sum(node) || graph_value(graph, node->result)->kind != VALUE_INTEGER || is_part(graph, node->result))
                continue;
            if (pass)
                add_targets(search, node);
            else
                all += value_elements(graph, node->result);
        }
    }
    size_t room = (size_t)(ROW_NUMBERS / (double)(2 * search->ports->count + 1)) + 1, count = search->target_count;
    for (size_t i = 0; count > room && i < room; i++)
        search->targets[i] = search->targets[i * count / room];
    search->target_count = count > room ? room : count;
    search->rows = arena_calloc(search->arena, search->target_count + 1, 2 * search->ports->count * sizeof *search->rows + 1);
}

/* Multiply-adds and other operations of one event, roughly. */
static double work_of(const struct graph *graph) {
    double work = 1;
    for (uint32_t i = 0; i < graph->node_count; i++) {
        const struct node *node = &graph->nodes[i];
        if (node->dead || node->op == OP_CONSTANT)
            continue;
        const struct shape *left = node->input_count ? &graph_value(graph, node->inputs[0])->shape : NULL;
        double depth = node->op == OP_MATMUL && left->rank ? (double)left->dim[left->rank - 1] : 1;
        work += depth * (double)value_elements(graph, node->result);
    }
    return work;
}

/* ---- evaluation ---- */

static void scatter_lanes(struct search *search) {
    size_t first = 0;
    for (uint32_t i = 0; i < search->input_count; i++) {
        size_t elements = value_elements(search->graph, search->inputs[i]);
        for (size_t lane = 0; lane < EVENT_LANES; lane++)
            memcpy(search->in[i] + lane * elements, search->lanes + lane * search->ports->count + first, elements * sizeof(int64_t));
        first += elements;
    }
}

static const int64_t *block_of(const struct search *search, const struct target *target) {
    return evaluator_integers(search->state, target->value) + target->element * EVENT_LANES;
}

static int64_t *row_of(const struct search *search, size_t target, int direction) {
    return search->rows + (2 * target + (size_t)direction) * search->ports->count;
}

static int best_lane(const int64_t *numbers, int direction) {
    int best = 0;
    for (int lane = 1; lane < EVENT_LANES; lane++)
        if (direction ? numbers[lane] > numbers[best] : numbers[lane] < numbers[best])
            best = lane;
    return best;
}

/* All lanes; every sum that went further than before remembers its event. */
static void evaluate(struct search *search) {
    scatter_lanes(search);
    evaluator_run_integers(search->evaluator, search->state, EVENT_LANES, (const int64_t *const *)search->in, search->out);
    search->work -= search->work_an_event * EVENT_LANES;
    for (size_t t = 0; t < search->target_count; t++) {
        struct target *target = &search->targets[t];
        const int64_t *numbers = block_of(search, target);
        for (int direction = 0; direction < 2; direction++) {
            int lane = best_lane(numbers, direction);
            if (direction ? numbers[lane] <= target->best[1] : numbers[lane] >= target->best[0])
                continue;
            target->best[direction] = numbers[lane];
            memcpy(row_of(search, t, direction), search->lanes + (size_t)lane * search->ports->count, search->ports->count * sizeof(int64_t));
        }
    }
}

/* ---- candidates ---- */

static int64_t end_of(const struct search *search, size_t element, bool high) {
    return high ? search->ports->hi[element] : search->ports->lo[element];
}

static int64_t *lane_row(const struct search *search, size_t lane) {
    return search->lanes + lane * search->ports->count;
}

/* Each element at one end or the other. */
static void spread(struct search *search, int64_t *row) {
    uint64_t bits = 0;
    for (size_t i = 0; i < search->ports->count; i++, bits >>= 1) {
        if (i % 64 == 0)
            bits = next_random(search);
        row[i] = end_of(search, i, bits & 1);
    }
}

struct push { /* one element to its better end, and what that would bring by the slopes */
    double gain;
    size_t element;
    int64_t end;
};

static int by_gain(const void *a, const void *b) {
    const struct push *x = a, *y = b;
    if (x->gain != y->gain)
        return x->gain < y->gain ? 1 : -1;
    return x->element < y->element ? -1 : x->element > y->element;
}

/* The strongest first. */
static size_t find_pushes(const struct search *search, const int64_t *row, int direction, struct push *pushes) {
    size_t count = 0, at = 0;
    for (uint32_t i = 0; i < search->input_count; i++) {
        const double *slope = slopes_of(search->slopes, search->inputs[i]);
        for (size_t e = 0, n = value_elements(search->graph, search->inputs[i]); e < n; e++, at++) {
            double wanted = direction ? slope[e] : -slope[e];
            int64_t end = end_of(search, at, wanted > 0);
            double steps = (double)end - (double)row[at];
            if (wanted != 0 && steps != 0)
                pushes[count++] = (struct push){ldexp(wanted * steps, -search->ports->formats[at].fraction), at, end};
        }
    }
    qsort(pushes, count, sizeof *pushes, by_gain);
    return count;
}

/* Whether candidate `lane` makes push k of `count`: the first the event itself, then the strongest 1, 2, 4, ...
 * together, the strongest ones alone, random halves and eighths of them, and none (wander has those). */
static bool takes(struct search *search, size_t lane, size_t k, size_t count) {
    if (lane < 16)
        return lane == 15 ? k < count : k < (size_t)1 << lane >> 1;
    if (lane < 32)
        return k == lane - 16;
    return lane < 52 && next_random(search) % (lane < 40 ? 2 : 8) == 0;
}

/* One to four elements anywhere: what is between the ends, and what no slope shows. */
static void wander(struct search *search, int64_t *row) {
    for (uint64_t left = 1 + next_random(search) % 4; left > 0; left--) {
        size_t element = (size_t)(next_random(search) % search->ports->count);
        uint64_t range = (uint64_t)search->ports->hi[element] - (uint64_t)search->ports->lo[element];
        row[element] = (int64_t)((uint64_t)search->ports->lo[element] + (range == UINT64_MAX ? next_random(search) : next_random(search) % (range + 1)));
    }
}

static void make_candidates(struct search *search, const int64_t *row, int direction) {
    size_t columns = search->ports->count, count = find_pushes(search, row, direction, search->pushes);
    memcpy(search->parent, row, columns * sizeof *row);
    for (size_t lane = 0; lane < EVENT_LANES; lane++) {
        int64_t *to = lane_row(search, lane);
        memcpy(to, search->parent, columns * sizeof *to);
        for (size_t k = 0; k < count; k++)
            if (takes(search, lane, k, count))
                to[search->pushes[k].element] = search->pushes[k].end;
        if (lane >= 52)
            wander(search, to);
    }
}

/* ---- the search ---- */

/* Events that are not about one sum: the ends of all elements, every way. */
static void seed(struct search *search) {
    for (int round = 0; round < SEEDS; round++) {
        for (size_t lane = 0; lane < EVENT_LANES; lane++) {
            int64_t *row = lane_row(search, lane);
            if (lane % 4 == 3)
                uniform_event(search->ports, 1, (uint64_t)round * EVENT_LANES + lane, row);
            else
                spread(search, row);
            if (search->kept.count < SPREAD_EVENTS && lane % 4 != 3)
                set_add(&search->kept, search->arena, row);
        }
        evaluate(search);
    }
}

static bool at_end(const struct target *target, int direction) {
    return direction ? target->best[1] >= target->interval.hi : target->best[0] <= target->interval.lo;
}

/* Evaluates the event itself in every lane, so that slopes can be had at it. */
static void stand_at(struct search *search, const int64_t *row) {
    for (size_t lane = EVENT_LANES; lane-- > 0;)
        memcpy(lane_row(search, lane), row, search->ports->count * sizeof *row);
    evaluate(search);
}

static void climb(struct search *search, size_t index, int direction, double work) {
    struct target *target = &search->targets[index];
    double until = search->work - work;
    int lane = 0, idle = 0;
    if (at_end(target, direction))
        return;
    stand_at(search, row_of(search, index, direction));
    for (int round = 0; round < ROUNDS && idle < PATIENCE && search->work > until && !at_end(target, direction); round++) {
        int64_t before = target->best[direction];
        slopes_find(search->slopes, lane, target->value, target->element);
        make_candidates(search, lane_row(search, (size_t)lane), direction);
        evaluate(search);
        lane = best_lane(block_of(search, target), direction);
        idle = target->best[direction] == before ? idle + 1 : 0;
    }
}

static void climb_all(struct search *search) {
    for (size_t t = 0; t < search->target_count; t++)
        for (int direction = 0; direction < 2; direction++)
            climb(search, t, direction, search->work / (double)(2 * (search->target_count - t)));
    for (size_t t = 0; t < 2 * search->target_count; t++)
        set_add(&search->kept, search->arena, search->rows + t * search->ports->count);
}

/* ---- between the ends ---- */

/* Values that a sum has had in events that are kept, as far as a sweep is concerned: steps of its way. */
static void sweep(struct search *search, size_t index) {
    const int64_t *from = row_of(search, index, 0), *to = row_of(search, index, 1);
    const int64_t *numbers = block_of(search, &search->targets[index]);
    for (size_t lane = 0; lane < EVENT_LANES; lane++)
        for (size_t i = 0; i < search->ports->count; i++)
            lane_row(search, lane)[i] = (int64_t)(from[i] + ((int128)to[i] - from[i]) * (int)lane / (EVENT_LANES - 1));
    evaluate(search);
    for (size_t lane = 1; lane + 1 < EVENT_LANES; lane++)
        if (numbers[lane] != numbers[lane - 1])
            set_add(&search->kept, search->arena, lane_row(search, lane));
}

static void sweep_all(struct search *search) {
    size_t count = search->target_count, some = count < SWEEPS ? count : SWEEPS;
    for (size_t k = 0; k < some; k++)
        sweep(search, k * count / some);
}

static struct search *search_new(const struct graph *graph, const struct port_elements *ports, struct arena *arena) {
    struct search *search = ARENA_NEW(arena, struct search);
    *search = (struct search){.graph = graph, .ports = ports, .arena = arena, .random = 1, .work = WORK, .work_an_event = work_of(graph)};
    search->kept.columns = ports->count;
    struct value_list inputs = graph_inputs(graph, arena);
    search->input_count = inputs.count;
    search->inputs = inputs.at;
    search->in = ARENA_ARRAY(arena, int64_t *, search->input_count + 1);
    search->out = ARENA_ARRAY(arena, int64_t *, graph->output_count + 1);
    for (uint32_t i = 0; i < search->input_count; i++)
        search->in[i] = arena_calloc(arena, EVENT_LANES, value_elements(graph, search->inputs[i]) * sizeof(int64_t));
    for (uint32_t o = 0; o < graph->output_count; o++)
        search->out[o] = arena_calloc(arena, EVENT_LANES, value_elements(graph, graph->outputs[o].value) * sizeof(int64_t));
    search->lanes = arena_calloc(arena, EVENT_LANES, ports->count * sizeof(int64_t) + 1);
    search->parent = ARENA_ARRAY(arena, int64_t, ports->count + 1);
    search->pushes = ARENA_ARRAY(arena, struct push, ports->count + 1);
    search->evaluator = evaluator_new(graph, arena);
    search->state = search->evaluator ? evaluator_state_new(search->evaluator) : NULL;
    if (!search->state)
        context_bug(graph->context, "out of memory");
    search->slopes = slopes_new(graph, search->state, arena);
    find_targets(search);
    return search;
}

struct row_set extreme_events(const struct graph *graph, const struct port_elements *ports, struct arena *arena) {
    if (ports->count == 0)
        return (struct row_set){0};
    struct arena *scratch = arena_new(graph->context);
    struct search *search = search_new(graph, ports, scratch);
    seed(search);
    climb_all(search);
    sweep_all(search);
    struct row_set kept = search->kept;
    kept.rows = arena_copy(arena, kept.rows, kept.count * kept.columns * sizeof *kept.rows);
    evaluator_state_free(search->state);
    arena_free(scratch);
    return kept;
}
