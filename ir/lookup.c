#include "ir/lookup.h"

uint32_t staircase_step(const struct staircase *stairs, int64_t at) {
    uint32_t low = 0, high = stairs->count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (at >= stairs->thresholds[middle])
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

struct table staircase_table(const struct staircase *stairs, struct interval interval, struct arena *arena) {
    struct table table = {.first = (int64_t)interval.lo, .count = (uint32_t)(interval.hi - interval.lo + 1)};
    table.entries = ARENA_ARRAY(arena, int64_t, table.count);
    for (uint32_t i = 0, step = 0; i < table.count; i++) {
        while (step < stairs->count && stairs->thresholds[step] <= table.first + (int64_t)i) step++;
        table.entries[i] = stairs->values[step];
    }
    return table;
}

struct staircase table_staircase(const struct table *table, struct arena *arena) {
    struct staircase out = {0, ARENA_ARRAY(arena, int64_t, table->count), ARENA_ARRAY(arena, int64_t, table->count)};
    out.values[0] = table->entries[0];
    for (uint32_t i = 1; i < table->count; i++) {
        if (table->entries[i] == out.values[out.count]) continue;
        out.thresholds[out.count] = table->first + (int64_t)i;
        out.values[++out.count] = table->entries[i];
    }
    return out;
}

struct staircase staircase_part(const struct staircase *stairs, struct interval interval, struct arena *arena) {
    uint32_t first = 0, last = stairs->count;
    while (first < last && stairs->thresholds[first] <= interval.lo) first++;
    while (last > first && stairs->thresholds[last - 1] > interval.hi) last--;
    struct staircase out = {0, ARENA_ARRAY(arena, int64_t, last - first),
                            ARENA_ARRAY(arena, int64_t, last - first + 1)};
    out.values[0] = stairs->values[first];
    for (uint32_t i = first; i < last; i++) {
        if (stairs->values[i + 1] == out.values[out.count]) continue;
        out.thresholds[out.count] = stairs->thresholds[i];
        out.values[++out.count] = stairs->values[i + 1];
    }
    return out;
}

struct interval values_interval(const int64_t *values, size_t first, size_t last) {
    struct interval out = {values[first], values[first]};
    for (size_t i = first + 1; i <= last; i++) {
        out.lo = values[i] < out.lo ? values[i] : out.lo;
        out.hi = values[i] > out.hi ? values[i] : out.hi;
    }
    return out;
}

const struct staircase *lookup_staircases(const struct node *node, struct arena *arena) {
    const struct lookup_attributes *lookup = &node->attributes.lookup;
    if (node->op == OP_THRESHOLD) return lookup->stairs;
    size_t count = shape_elements(&lookup->shape);
    struct staircase *stairs = ARENA_ARRAY(arena, struct staircase, count);
    for (size_t i = 0; i < count; i++) stairs[i] = table_staircase(&lookup->tables[i], arena);
    return stairs;
}
