/* Corner vectors from the weights: for every sum of the quantised graph, events that make it as small and as
 * large as can be found, so that no wire that is a bit too short hides; then events between the two, and events
 * that hit what ordinary ones seldom do: the last number on each side of every clamp and threshold, table entries.
 *
 * Each sum is climbed by itself: from the best event known, its slopes at the inputs (slopes.c) say which port
 * elements to push to which end, 64 candidates are evaluated at once, and the best of them is where it goes on.
 * Every evaluation is looked at for all sums, so most of them come near their ends before their turn. The
 * first layers reach the ends of their intervals; deeper ones what the layers before let through. A number that is
 * aimed at is come near to likewise: from the event that is nearest, a few elements at a time are moved by what
 * the slopes say is missing.
 *
 * Cost: an evaluation is 64 events of the network, a sum gets at most ROUNDS of them a direction, an aim AIM_ROUNDS,
 * and all together at most WORK and AIM_WORK multiply-adds, less for each when there are many. Nothing depends on
 * time or threads. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "sim/private.h"
#include "ir/ops.h"
#include "ir/random.h"
#include "ir/vector.h"

enum { ROUNDS = 200, PATIENCE = 30, SEEDS = 16, SPREAD_EVENTS = 256, SWEEPS = 64, OFTEN = 16 };
enum { AIM_ROUNDS = 12, AIM_PATIENCE = 4, AIMS_MAX = 8192, AIMS_A_TABLE = 64, CORRECTIONS = 32 };
static const double WORK = 2e9, LAST_BIT_WORK = 3e9, AIM_WORK = 1e9, ROW_NUMBERS = 1 << 22;

struct target { /* one sum */
    valref value;
    size_t element;
    int64_t best[2];                 /* smallest, largest so far */
    struct interval interval, fewer; /* its numbers; those that need fewer bits than it has */
    uint32_t all_bits;               /* events among the seeds that need them all */
};

struct aim { /* a number that an operand should be once */
    valref value;
    size_t element;
    int64_t wanted, near; /* nearest so far */
    bool seen, hit;
};

struct search {
    const struct graph *graph;
    uint32_t first_node; /* whose sums, and those behind it, are searched */
    const struct port_elements *ports;
    struct arena *arena;
    struct lanes network;
    struct slopes *slopes;
    int64_t *lanes;            /* its events, all inputs side by side */
    int64_t *parent, *attempt; /* the event that they are made from; one that is thought of */
    struct push *pushes;
    struct target *targets;
    size_t target_count;
    int64_t *rows; /* by target and direction: the event of `best` */
    struct aim *aims;
    size_t aim_count, aim_capacity;
    int64_t *aim_rows; /* the event of `near` */
    struct row_set kept;
    uint64_t random;
    double work, work_an_event;
};

static uint64_t next_random(struct search *search) {
    return splitmix64(&search->random);
}

/* ---- events that are kept, each once ---- */

static uint64_t hash_row(const int64_t *row, size_t columns) {
    uint64_t hash = 0xcbf29ce484222325u;
    for (size_t i = 0; i < columns; i++) hash = (hash ^ (uint64_t)row[i]) * 0x100000001b3u ^ hash >> 29;
    return hash;
}

static void set_grow(struct row_set *set, struct arena *arena) {
    size_t capacity = set->capacity ? 2 * set->capacity : 256;
    set->rows = arena_grow(arena, set->rows, set->count * set->columns * sizeof *set->rows,
                           capacity * set->columns * sizeof *set->rows + 1);
    set->slots = ARENA_ARRAY(arena, uint32_t, 2 * capacity);
    set->capacity = capacity;
    for (size_t i = 0; i < set->count; i++) {
        size_t slot = hash_row(set->rows + i * set->columns, set->columns) % (2 * capacity);
        while (set->slots[slot]) slot = (slot + 1) % (2 * capacity);
        set->slots[slot] = (uint32_t)i + 1;
    }
}

void row_set_add(struct row_set *set, struct arena *arena, const int64_t *row) {
    if (set->count == set->capacity) set_grow(set, arena);
    size_t slot = hash_row(row, set->columns) % (2 * set->capacity);
    for (; set->slots[slot]; slot = (slot + 1) % (2 * set->capacity))
        if (!memcmp(set->rows + (set->slots[slot] - 1) * set->columns, row, set->columns * sizeof *row)) return;
    memcpy(set->rows + set->count++ * set->columns, row, set->columns * sizeof *row);
    set->slots[slot] = (uint32_t)set->count;
}

/* ---- what is searched ---- */

/* Only a constant is added to it: the sum behind it moves with it. */
static bool is_part(const struct graph *graph, valref value) {
    bool output, part = false;
    if (graph_use_count(graph, value, &output) != 1 || output) return false;
    for (uint32_t i = 0; i < graph->node_count; i++) {
        const struct node *node = &graph->nodes[i];
        if (node->dead || (node->op != OP_ADD && node->op != OP_SUB)) continue;
        for (int side = 0; side < 2; side++)
            part |= valref_equal(node->inputs[side], value) && graph_integers(graph, node->inputs[!side]);
    }
    return part;
}

static void add_targets(struct search *search, const struct node *node) {
    for (size_t e = 0, n = graph_elements(search->graph, node->result); e < n; e++) {
        struct interval interval = graph_interval(search->graph, node->result, e);
        if (interval.lo != interval.hi)
            search->targets[search->target_count++] = (struct target){.value = node->result,
                                                                      .element = e,
                                                                      .interval = interval,
                                                                      .fewer = numbers_of_fewer_bits(interval),
                                                                      .best = {INT64_MAX, INT64_MIN}};
    }
}

/* As many as there is room for, spread evenly when there are more. */
static void find_targets(struct search *search) {
    const struct graph *graph = search->graph;
    size_t all = 0;
    for (int pass = 0; pass < 2; pass++) {
        if (pass) search->targets = ARENA_ARRAY(search->arena, struct target, all + 1);
        for (uint32_t i = search->first_node; i < graph->node_count; i++) {
            const struct node *node = &graph->nodes[i];
            if (node->dead || !op_is_sum(node->op) || graph_value(graph, node->result)->kind != VALUE_INTEGER ||
                is_part(graph, node->result))
                continue;
            if (pass)
                add_targets(search, node);
            else
                all += graph_elements(graph, node->result);
        }
    }
    size_t room = (size_t)(ROW_NUMBERS / (double)(2 * search->ports->count + 1)) + 1, count = search->target_count;
    for (size_t i = 0; count > room && i < room; i++) search->targets[i] = search->targets[i * count / room];
    search->target_count = count > room ? room : count;
    search->rows =
        arena_calloc(search->arena, search->target_count + 1, 2 * search->ports->count * sizeof *search->rows + 1);
}

/* ---- what is aimed at ---- */

static void add_aim(struct search *search, valref value, size_t element, int128 wanted) {
    struct interval interval = graph_interval(search->graph, value, element);
    if (wanted < interval.lo || wanted > interval.hi) return;
    if (search->aim_count == search->aim_capacity) {
        size_t larger = search->aim_capacity ? 2 * search->aim_capacity : 256;
        search->aims = arena_grow(search->arena, search->aims, search->aim_capacity * sizeof *search->aims,
                                  larger * sizeof *search->aims);
        search->aim_capacity = larger;
    }
    search->aims[search->aim_count++] = (struct aim){.value = value, .element = element, .wanted = (int64_t)wanted};
}

/* The first number of the interval that a narrow rounds above `limit`; one beyond its end when there is none. */
static int128 first_above(struct interval interval, int drop, enum rounding rounding, int128 limit) {
    int128 lo = interval.lo, hi = interval.hi + 1;
    while (lo < hi) {
        int128 middle = lo + (hi - lo) / 2;
        if (fixed_round(middle, drop, rounding) > limit)
            hi = middle;
        else
            lo = middle + 1;
    }
    return lo;
}

/* Both sides of both ends. */
static void aim_at_clamp(struct search *search, const struct node *node, size_t element) {
    const struct quantizer_attributes *attributes = &node->attributes.quantizer;
    struct format to = graph_format(search->graph, node->result, element);
    struct interval interval = graph_interval(search->graph, node->inputs[0], element);
    int drop = graph_format(search->graph, node->inputs[0], element).fraction - to.fraction;
    int128 limits[2] = {(int128)format_min(to) - 1, format_max(to)};
    for (int end = 0; end < 2; end++) {
        int128 edge = first_above(interval, drop, attributes->rounding, limits[end]);
        add_aim(search, node->inputs[0], element, edge - 1);
        add_aim(search, node->inputs[0], element, edge);
    }
}

static void aim_at_lookup(struct search *search, const struct node *node, size_t element) {
    const struct lookup_attributes *lookup = &node->attributes.lookup;
    size_t at = shape_project(&graph_value(search->graph, node->result)->shape, element, &lookup->shape);
    if (node->op == OP_THRESHOLD) {
        const struct staircase *stairs = &lookup->stairs[at];
        for (uint32_t k = 0, some = stairs->count < AIMS_A_TABLE ? stairs->count : AIMS_A_TABLE; k < some; k++) {
            int64_t threshold = stairs->thresholds[(uint64_t)k * stairs->count / some];
            add_aim(search, node->inputs[0], element, (int128)threshold - 1);
            add_aim(search, node->inputs[0], element, threshold);
        }
        return;
    }
    const struct table *table = &lookup->tables[at];
    for (uint32_t k = 0, some = table->count < AIMS_A_TABLE ? table->count : AIMS_A_TABLE; k < some; k++)
        add_aim(search, node->inputs[0], element,
                (int128)table->first + (some > 1 ? (int64_t)((uint64_t)k * (table->count - 1) / (some - 1)) : 0));
}

static void find_aims(struct search *search) {
    const struct graph *graph = search->graph;
    for (uint32_t i = search->first_node; i < graph->node_count; i++) {
        const struct node *node = &graph->nodes[i];
        if (node->dead || !op_rounds(node->op) || graph_integers(graph, node->inputs[0])) continue;
        for (size_t e = 0, n = graph_elements(graph, node->result); e < n; e++)
            (op_narrows(node->op) ? aim_at_clamp : aim_at_lookup)(search, node, e);
    }
    size_t room = (size_t)(ROW_NUMBERS / (double)(search->ports->count + 1)) + 1, count = search->aim_count;
    room = room < AIMS_MAX ? room : AIMS_MAX;
    for (size_t i = 0; count > room && i < room; i++) search->aims[i] = search->aims[i * count / room];
    search->aim_count = count > room ? room : count;
    search->aim_rows =
        arena_calloc(search->arena, search->aim_count + 1, search->ports->count * sizeof *search->aim_rows + 1);
}

/* Multiply-adds and other operations of one event, roughly. */
double work_of_event(const struct graph *graph) {
    double work = 1;
    for (uint32_t i = 0; i < graph->node_count; i++) {
        const struct node *node = &graph->nodes[i];
        if (node->dead || node->op == OP_CONSTANT) continue;
        const struct shape *left = node->input_count ? &graph_value(graph, node->inputs[0])->shape : NULL;
        double depth = node->op == OP_MATMUL && left->rank ? (double)left->dim[left->rank - 1] : 1;
        work += depth * (double)graph_elements(graph, node->result);
    }
    return work;
}

/* ---- evaluation ---- */

static const int64_t *block_of(const struct search *search, const struct target *target) {
    return lanes_of(&search->network, target->value, target->element);
}

static int64_t *row_of(const struct search *search, size_t target, int direction) {
    return search->rows + (2 * target + (size_t)direction) * search->ports->count;
}

static int best_lane(const int64_t *numbers, int direction) {
    int best = 0;
    for (int lane = 1; lane < EVENT_LANES; lane++)
        if (direction ? numbers[lane] > numbers[best] : numbers[lane] < numbers[best]) best = lane;
    return best;
}

static uint64_t distance(int64_t a, int64_t b) {
    return a < b ? (uint64_t)b - (uint64_t)a : (uint64_t)a - (uint64_t)b;
}

/* Whether any number lies in the interval; else outside of it. Most evaluations bring most sums and aims nothing. */
VECTOR_CLONES static bool any_within(const int64_t *numbers, int64_t lo, int64_t hi) {
    int64_t any = 0;
    for (int lane = 0; lane < EVENT_LANES; lane++) any |= (numbers[lane] >= lo) & (numbers[lane] <= hi);
    return any;
}

VECTOR_CLONES static bool any_beyond(const int64_t *numbers, int64_t lo, int64_t hi) {
    int64_t any = 0;
    for (int lane = 0; lane < EVENT_LANES; lane++) any |= (numbers[lane] < lo) | (numbers[lane] > hi);
    return any;
}

static bool any_nearer(const int64_t *numbers, const struct aim *aim) {
    int128 less = (int128)distance(aim->near, aim->wanted) - 1, lo = aim->wanted - less, hi = aim->wanted + less;
    return any_within(numbers, lo < INT64_MIN ? INT64_MIN : (int64_t)lo, hi > INT64_MAX ? INT64_MAX : (int64_t)hi);
}

/* The nearest events of what is aimed at; those that hit are kept. */
static void look_at_aims(struct search *search) {
    size_t columns = search->ports->count;
    for (size_t k = 0; k < search->aim_count; k++) {
        struct aim *aim = &search->aims[k];
        if (aim->hit) continue;
        const int64_t *numbers = lanes_of(&search->network, aim->value, aim->element);
        if (aim->seen && !any_nearer(numbers, aim)) continue;
        int best = 0;
        for (int lane = 1; lane < EVENT_LANES; lane++)
            if (distance(numbers[lane], aim->wanted) < distance(numbers[best], aim->wanted)) best = lane;
        aim->seen = true;
        aim->near = numbers[best];
        aim->hit = aim->near == aim->wanted;
        memcpy(search->aim_rows + k * columns, search->lanes + (size_t)best * columns, columns * sizeof(int64_t));
        if (aim->hit) row_set_add(&search->kept, search->arena, search->aim_rows + k * columns);
    }
}

/* All lanes; every sum that went further than before remembers its event. */
static void evaluate(struct search *search) {
    context_check(search->graph->context);
    lanes_run_rows(&search->network, search->lanes, search->ports->count);
    search->work -= search->work_an_event * EVENT_LANES;
    look_at_aims(search);
    for (size_t t = 0; t < search->target_count; t++) {
        struct target *target = &search->targets[t];
        const int64_t *numbers = block_of(search, target);
        if (!any_beyond(numbers, target->best[0], target->best[1])) continue;
        for (int direction = 0; direction < 2; direction++) {
            int lane = best_lane(numbers, direction);
            if (direction ? numbers[lane] <= target->best[1] : numbers[lane] >= target->best[0]) continue;
            target->best[direction] = numbers[lane];
            memcpy(row_of(search, t, direction), search->lanes + (size_t)lane * search->ports->count,
                   search->ports->count * sizeof(int64_t));
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
        if (i % 64 == 0) bits = next_random(search);
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
    if (x->gain != y->gain) return x->gain < y->gain ? 1 : -1;
    return x->element < y->element ? -1 : x->element > y->element;
}

/* The strongest first. */
static size_t find_pushes(const struct search *search, const int64_t *row, int direction, struct push *pushes) {
    size_t count = 0, at = 0;
    for (uint32_t i = 0; i < search->network.input_count; i++) {
        const double *slope = slopes_of(search->slopes, search->network.inputs[i]);
        for (size_t e = 0, n = graph_elements(search->graph, search->network.inputs[i]); e < n; e++, at++) {
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
    if (lane < 16) return lane == 15 ? k < count : k < (size_t)1 << lane >> 1;
    if (lane < 32) return k == lane - 16;
    return lane < 52 && next_random(search) % (lane < 40 ? 2 : 8) == 0;
}

/* One to four elements anywhere: what is between the ends, and what no slope shows. */
static void wander(struct search *search, int64_t *row) {
    for (uint64_t left = 1 + next_random(search) % 4; left > 0; left--) {
        size_t element = (size_t)(next_random(search) % search->ports->count);
        uint64_t range = (uint64_t)search->ports->hi[element] - (uint64_t)search->ports->lo[element];
        row[element] = (int64_t)((uint64_t)search->ports->lo[element] +
                                 (range == UINT64_MAX ? next_random(search) : next_random(search) % (range + 1)));
    }
}

static void make_candidates(struct search *search, const int64_t *row, int direction) {
    size_t columns = search->ports->count, count = find_pushes(search, row, direction, search->pushes);
    memcpy(search->parent, row, columns * sizeof *row);
    for (size_t lane = 0; lane < EVENT_LANES; lane++) {
        int64_t *to = lane_row(search, lane);
        memcpy(to, search->parent, columns * sizeof *to);
        for (size_t k = 0; k < count; k++)
            if (takes(search, lane, k, count)) to[search->pushes[k].element] = search->pushes[k].end;
        if (lane >= 52) wander(search, to);
    }
}

/* ---- the search ---- */

static void count_all_bits(struct search *search) {
    for (size_t t = 0; t < search->target_count; t++) {
        struct target *target = &search->targets[t];
        const int64_t *numbers = block_of(search, target);
        for (size_t lane = 0; lane < EVENT_LANES; lane++)
            target->all_bits += numbers[lane] < target->fewer.lo || numbers[lane] > target->fewer.hi;
    }
}

/* Events that are not about one sum: the ends of all elements, every way. */
static void seed(struct search *search) {
    for (int round = 0; round < SEEDS; round++) {
        for (size_t lane = 0; lane < EVENT_LANES; lane++) {
            int64_t *row = lane_row(search, lane);
            if (lane % 4 == 3)
                uniform_event(search->ports, 1, (uint64_t)round * EVENT_LANES + lane, row);
            else
                spread(search, row);
            if (search->kept.count < SPREAD_EVENTS && lane % 4 != 3) row_set_add(&search->kept, search->arena, row);
        }
        evaluate(search);
        count_all_bits(search);
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
    if (at_end(target, direction)) return;
    stand_at(search, row_of(search, index, direction));
    for (int round = 0; round < ROUNDS && idle < PATIENCE && search->work > until && !at_end(target, direction);
         round++) {
        int64_t before = target->best[direction];
        slopes_find(search->slopes, lane, target->value, target->element);
        make_candidates(search, lane_row(search, (size_t)lane), direction);
        evaluate(search);
        lane = best_lane(block_of(search, target), direction);
        idle = target->best[direction] == before ? idle + 1 : 0;
    }
}

/* How many sums there is work for: to stand at an event brings nothing without a round after it. */
static size_t climbers(const struct search *search) {
    double least = 2 * 2 * search->work_an_event * EVENT_LANES, some = search->work / least;
    return some < (double)search->target_count ? (size_t)fmax(some, 0) : search->target_count;
}

static void climb_all(struct search *search) {
    size_t some = climbers(search);
    for (size_t k = 0; k < some; k++)
        for (int direction = 0; direction < 2; direction++)
            climb(search, k * search->target_count / some, direction, search->work / (double)(2 * (some - k)));
    for (size_t t = 0; t < 2 * search->target_count; t++)
        row_set_add(&search->kept, search->arena, search->rows + t * search->ports->count);
}

static bool is_reached(const struct target *target) {
    return target->best[0] < target->fewer.lo || target->best[1] > target->fewer.hi;
}

static double reach_last_bit(struct search *search, size_t index, double work) {
    const struct target *target = &search->targets[index];
    const int64_t *const rows[2] = {row_of(search, index, 0), row_of(search, index, 1)};
    struct arena *scratch = arena_new(search->graph->context);
    struct row_set found = {.columns = search->ports->count};
    work = last_bit_events(search->graph, target->value, target->element, rows, search->ports, work, scratch, &found);
    for (size_t i = 0; i < found.count; i++) row_set_add(&search->kept, search->arena, found.rows + i * found.columns);
    arena_free(scratch);
    return work;
}

/* For each sum whose highest bit few of the seeds needed a search of its own: first where the bit has been reached,
 * which takes little; the others share what is left. */
static void reach_last_bits(struct search *search) {
    double work = LAST_BIT_WORK;
    size_t left = 0;
    for (size_t t = 0; t < search->target_count; t++) left += search->targets[t].all_bits < OFTEN;
    for (int reached = 1; reached >= 0; reached--)
        for (size_t t = 0; t < search->target_count && work > 0; t++)
            if (search->targets[t].all_bits < OFTEN && is_reached(&search->targets[t]) == (bool)reached)
                work -= reach_last_bit(search, t, work / (double)left--);
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
        if (numbers[lane] != numbers[lane - 1]) row_set_add(&search->kept, search->arena, lane_row(search, lane));
}

static void sweep_all(struct search *search) {
    size_t count = search->target_count, some = count < SWEEPS ? count : SWEEPS;
    for (size_t k = 0; k < some; k++) sweep(search, k * count / some);
}

/* ---- aiming ---- */

static double move(const struct search *search, int64_t *row, const struct push *push, double steps) {
    size_t at = push->element;
    double lo = (double)search->ports->lo[at], hi = (double)search->ports->hi[at];
    double from = (double)row[at], to = fmin(fmax(from + steps, lo), hi);
    row[at] = to >= hi ? search->ports->hi[at] : to <= lo ? search->ports->lo[at] : (int64_t)to;
    return (to - from) * push->gain;
}

/* Moves a few elements, chosen at random: one by anything, then others by what is missing. What is left of it. */
static double correct(struct search *search, int64_t *row, double missing, size_t movable) {
    uint64_t random = next_random(search);
    missing -= move(search, row, &search->pushes[random % movable], (double)(random >> 60) - 8);
    for (int times = 0; times < 4 && missing != 0; times++) {
        const struct push *push = &search->pushes[next_random(search) % movable];
        missing -= move(search, row, push, rint(missing / push->gain));
    }
    return fabs(missing);
}

/* The best of many such moves, as far as the slopes tell. */
static void make_correction(struct search *search, int64_t *row, double missing, size_t movable) {
    double best = INFINITY;
    for (int times = 0; times < CORRECTIONS && best > 0 && movable; times++) {
        memcpy(search->attempt, search->parent, search->ports->count * sizeof *row);
        double left = correct(search, search->attempt, missing, movable);
        if (left >= best) continue;
        best = left;
        memcpy(row, search->attempt, search->ports->count * sizeof *row);
    }
}

/* The elements that move the number, and by how much a step of each does. */
static size_t find_moves(struct search *search) {
    size_t count = 0, at = 0;
    for (uint32_t i = 0; i < search->network.input_count; i++) {
        const double *slope = slopes_of(search->slopes, search->network.inputs[i]);
        for (size_t e = 0, n = graph_elements(search->graph, search->network.inputs[i]); e < n; e++, at++)
            if (slope[e] != 0 && search->ports->lo[at] < search->ports->hi[at])
                search->pushes[count++] = (struct push){ldexp(slope[e], -search->ports->formats[at].fraction), at, 0};
    }
    return count;
}

static void take_aim(struct search *search, size_t index, double work) {
    struct aim *aim = &search->aims[index];
    const int64_t *row = search->aim_rows + index * search->ports->count;
    int fraction = graph_format(search->graph, aim->value, aim->element).fraction;
    double until = search->work - work;
    for (int round = 0, idle = 0; round < AIM_ROUNDS && idle < AIM_PATIENCE && !aim->hit && search->work > until;
         round++) {
        int64_t before = aim->near;
        stand_at(search, row);
        slopes_find(search->slopes, 0, aim->value, aim->element);
        size_t movable = find_moves(search);
        double missing = ldexp((double)aim->wanted - (double)aim->near, -fraction);
        memcpy(search->parent, row, search->ports->count * sizeof *row);
        for (size_t lane = 0; lane < EVENT_LANES; lane++) {
            memcpy(lane_row(search, lane), search->parent, search->ports->count * sizeof *row);
            if (lane >= 48)
                wander(search, lane_row(search, lane));
            else
                make_correction(search, lane_row(search, lane), missing, movable);
        }
        evaluate(search);
        idle = aim->near == before ? idle + 1 : 0;
    }
}

static void aim_all(struct search *search) {
    search->work = AIM_WORK;
    for (size_t k = 0; k < search->aim_count; k++) take_aim(search, k, search->work / (double)(search->aim_count - k));
}

static struct search *search_new(const struct graph *graph, uint32_t first_node, const struct port_elements *ports,
                                 struct arena *arena) {
    struct search *search = ARENA_NEW(arena, struct search);
    *search = (struct search){.graph = graph,
                              .first_node = first_node,
                              .ports = ports,
                              .arena = arena,
                              .random = 1,
                              .work = WORK,
                              .work_an_event = work_of_event(graph)};
    search->kept.columns = ports->count;
    lanes_open(&search->network, graph, arena);
    search->lanes = arena_calloc(arena, EVENT_LANES, ports->count * sizeof(int64_t) + 1);
    search->parent = ARENA_ARRAY(arena, int64_t, ports->count + 1);
    search->attempt = ARENA_ARRAY(arena, int64_t, ports->count + 1);
    search->pushes = ARENA_ARRAY(arena, struct push, ports->count + 1);
    search->slopes = slopes_new(graph, search->network.state, true, arena);
    find_targets(search);
    find_aims(search);
    return search;
}

/* What was found, without the search. */
static struct row_set search_end(struct search *search, struct arena *arena) {
    struct row_set kept = search->kept;
    kept.rows = arena_copy(arena, kept.rows, kept.count * kept.columns * sizeof *kept.rows);
    kept.slots = NULL;
    lanes_close(&search->network);
    arena_free(search->arena);
    return kept;
}

struct row_set extreme_events(const struct graph *graph, const struct port_elements *ports, struct arena *arena) {
    if (ports->count == 0) return (struct row_set){0};
    struct search *search = search_new(graph, 0, ports, arena_new(graph->context));
    seed(search);
    climb_all(search);
    reach_last_bits(search);
    sweep_all(search);
    aim_all(search);
    return search_end(search, arena);
}

void extreme_events_of_adders(const struct graph *graph, const struct graph *sums, const struct port_elements *ports,
                              struct arena *arena, struct row_set *found) {
    if (ports->count == 0 || sums->node_count == graph->node_count) return;
    struct search *search = search_new(sums, graph->node_count, ports, arena_new(sums->context));
    for (size_t i = 0; i < found->count; i++)
        row_set_add(&search->kept, search->arena, found->rows + i * found->columns);
    seed(search);
    climb_all(search);
    reach_last_bits(search);
    *found = search_end(search, arena);
}
