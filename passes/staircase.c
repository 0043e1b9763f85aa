/* Functions of one integer as tables and staircases. A monotone function is searched by bisection: where it has the
 * same value at both ends of an interval it is constant between them. */
#include "passes/integerise.h"

struct search {
    const struct integer_function *function;
    size_t element;
    struct arena *arena;
    struct staircase *out;
    uint32_t capacity;
    int status;
};

static int64_t value_at(struct search *search, int128 m) {
    int64_t value = 0;
    if (!search->function->value(search->function->user, search->element, m, &value)) search->status = -2;
    return value;
}

static void add_step(struct search *search, int64_t threshold, int64_t value) {
    struct staircase *out = search->out;
    if (out->count == STAIRCASE_STEPS_MAX) {
        search->status = -1;
        return;
    }
    if (out->count == search->capacity) {
        uint32_t capacity = search->capacity ? 2 * search->capacity : 16;
        out->thresholds = arena_grow(search->arena, out->thresholds, search->capacity * sizeof *out->thresholds,
                                     capacity * sizeof *out->thresholds);
        out->values = arena_grow(search->arena, out->values, (search->capacity + 1) * sizeof *out->values,
                                 (capacity + 1) * sizeof *out->values);
        search->capacity = capacity;
    }
    out->thresholds[out->count] = threshold;
    out->values[++out->count] = value;
}

/* Depth is at most 64: the interval halves. */
static void bisect(struct search *search, int128 lo, int64_t at_lo, int128 hi, int64_t at_hi) {
    if (search->status < 0 || at_lo == at_hi) return;
    if (hi - lo == 1) {
        add_step(search, (int64_t)hi, at_hi);
        return;
    }
    int128 middle = lo + (hi - lo) / 2;
    int64_t at_middle = value_at(search, middle);
    bisect(search, lo, at_lo, middle, at_middle);
    bisect(search, middle, at_middle, hi, at_hi);
}

int staircase_find(const struct integer_function *function, size_t element, struct interval interval,
                   struct arena *arena, struct staircase *out) {
    *out = (struct staircase){.values = ARENA_ARRAY(arena, int64_t, 1)};
    struct search search = {function, element, arena, out, 0, 0};
    int64_t at_lo = value_at(&search, interval.lo), at_hi = value_at(&search, interval.hi);
    out->values[0] = at_lo;
    bisect(&search, interval.lo, at_lo, interval.hi, at_hi);
    return search.status;
}

int table_find(const struct integer_function *function, size_t element, struct interval interval, struct arena *arena,
               struct table *out) {
    if (interval.hi - interval.lo >= TABLE_ENTRIES_MAX) return -1;
    uint32_t count = (uint32_t)(interval.hi - interval.lo + 1);
    *out = (struct table){(int64_t)interval.lo, count, ARENA_ARRAY(arena, int64_t, count)};
    for (uint32_t i = 0; i < count; i++)
        if (!function->value(function->user, element, interval.lo + i, &out->entries[i])) return -2;
    return 0;
}
