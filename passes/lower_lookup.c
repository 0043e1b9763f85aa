/* Functions known value by value or step by step: of their exact forms each gets the cheapest (target/function.h), one
 * with even steps a shift with rounding and a clamp where it is no table, one whose steps a single slope makes a
 * product with a constant before these where that is cheaper. */
#include "passes/lower.h"
#include "passes/lower_block_ram.h"
#include "target/function.h"

static struct interval operand_interval(const struct lower *lower, struct term term) {
    return term_interval(lower->datapath, term);
}

/* ---- staircases ---- */

/* x - threshold can be had in 64 bits. */
static bool difference_fits(const struct lower *lower, struct term x, int128 threshold) {
    struct interval interval = operand_interval(lower, x);
    return interval.lo - threshold >= INT64_MIN && interval.hi - threshold <= INT64_MAX;
}

/* factor * [x < threshold] into the list. */
static void add_below(struct lower *lower, struct term_list *list, struct term x, int64_t threshold, int64_t factor) {
    if (!difference_fits(lower, x, threshold)) {
        wireref bound = lower_plain(lower, lower_constant(lower, threshold));
        term_list_add(lower, list, lower_apply(lower, WIRE_LESS, lower_plain(lower, x), bound), factor, 0);
        return;
    }
    struct term_list difference = {.constant = -(int128)threshold};
    term_list_add(lower, &difference, x, 1, 0);
    wireref wire = lower_plain(lower, lower_sum(lower, &difference));
    term_list_add(lower, list, (struct term){.wire = lower_sign(lower, wire)}, factor, 0);
}

static bool step_of(const struct staircase *steps, uint32_t i, int64_t *step) {
    return !__builtin_sub_overflow(steps->values[i + 1], steps->values[i], step);
}

/* The last value, less each step that is not reached. */
static struct term compare_all(struct lower *lower, struct term x, const struct staircase *steps) {
    struct term_list list = {.constant = steps->values[steps->count]};
    for (uint32_t i = 0; i < steps->count; i++) {
        int64_t step;
        if (!step_of(steps, i, &step)) {
            lower_refuse(lower, "a step needs more than 64 bits");
            break;
        }
        add_below(lower, &list, x, steps->thresholds[i], -step);
    }
    return lower_sum(lower, &list);
}

static bool values_are_even(const struct staircase *steps, int64_t *step) {
    int64_t other;
    if (steps->count < 1 || !step_of(steps, 0, step)) return false;
    for (uint32_t i = 1; i < steps->count; i++)
        if (!step_of(steps, i, &other) || other != *step) return false;
    return true;
}

/* Even steps: thresholds t0 + i * 2^shift, values v0 + i * step. */
static bool even_steps(const struct staircase *steps, int *shift, int64_t *step) {
    if (steps->count < 2 || !values_are_even(steps, step)) return false;
    uint64_t run = (uint64_t)steps->thresholds[1] - (uint64_t)steps->thresholds[0];
    if (run & (run - 1)) return false;
    for (*shift = 0; run >> *shift > 1;) ++*shift;
    for (uint32_t i = 1; i < steps->count; i++)
        if ((uint64_t)steps->thresholds[i] - (uint64_t)steps->thresholds[i - 1] != run) return false;
    return *shift < 62;
}

static struct term shift_and_clamp(struct lower *lower, struct term x, const struct staircase *steps, int shift,
                                   int64_t step) {
    struct term_list moved = {.constant = ((int128)1 << shift) - steps->thresholds[0]},
                     out = {.constant = steps->values[0]};
    term_list_add(lower, &moved, x, 1, 0);
    wireref count = lower_shift_right(lower, lower_plain(lower, lower_sum(lower, &moved)), shift);
    term_list_add(lower, &out, lower_clamp(lower, (struct term){.wire = count}, 0, steps->count), step, 0);
    return lower_sum(lower, &out);
}

/* ---- steps as even as one slope makes them: floor((factor * x + offset) / 2^shift) is how many are reached ---- */

struct slope {
    int64_t factor, offset, luts;
    int shift;
};

static int digits_of(int64_t number) {
    uint8_t position[65];
    bool negative[65];
    return signed_digits(number, position, negative);
}

/* Whether the factor meets every threshold, and with which offset. */
static bool slope_meets(const struct staircase *steps, struct slope *slope) {
    int64_t least = INT64_MIN, most = INT64_MAX;
    for (uint32_t i = 0; i < steps->count && least <= most; i++) {
        int64_t at = (int64_t)(i + 1) << slope->shift, product = slope->factor * steps->thresholds[i];
        if (at - product > least) least = at - product;
        if (at - 1 - product + slope->factor < most) most = at - 1 - product + slope->factor;
    }
    slope->offset = least;
    return least <= most;
}

/* The cheapest factor of the fewest bits that do, and of a few more. */
static bool find_slope(const struct staircase *steps, const struct function_size *size, struct slope *best) {
    enum { STEPS_MIN = 8, BITS_MORE = 4, SHIFT_MAX = 36, OPERAND_BITS_MAX = 24, CANDIDATES = 512 };
    const int64_t runs = (int64_t)steps->count - 1;
    if (steps->count < STEPS_MIN || size->operand_bits > OPERAND_BITS_MAX) return false;
    const int64_t span = steps->thresholds[runs] - steps->thresholds[0];
    int until = SHIFT_MAX;
    *best = (struct slope){.luts = INT64_MAX};
    for (int shift = 1; shift <= until; shift++) {
        int64_t first = (runs << shift) / (span + 1), last = (runs << shift) / (span - 1) + 1;
        for (int64_t factor = first > 0 ? first : 1; factor <= last && factor < first + CANDIDATES; factor++) {
            struct slope slope = {.factor = factor, .shift = shift};
            slope.luts = function_slope_luts(size, digits_of(factor), function_levels(factor));
            if (slope.luts >= best->luts || !slope_meets(steps, &slope)) continue;
            *best = slope;
            if (until == SHIFT_MAX && shift + BITS_MORE < until) until = shift + BITS_MORE;
        }
    }
    return best->luts < INT64_MAX;
}

static struct term multiply_and_clamp(struct lower *lower, struct term x, const struct staircase *steps,
                                      const struct slope *slope, int64_t step) {
    struct term_list scaled = {.constant = slope->offset}, out = {.constant = steps->values[0]};
    term_list_add(lower, &scaled, x, slope->factor, 0);
    wireref count = lower_shift_right(lower, lower_plain(lower, lower_sum(lower, &scaled)), slope->shift);
    term_list_add(lower, &out, lower_clamp(lower, (struct term){.wire = count}, 0, steps->count), step, 0);
    return lower_sum(lower, &out);
}

/* By the wire, as zeros below it are no entries. */
static struct table table_of_wire(const struct lower *lower, struct term x, const struct staircase *steps) {
    const struct wire *wire = &lower->datapath->wires[x.wire.id];
    struct table table = {.first = wire->lo, .count = (uint32_t)(wire->hi - wire->lo + 1)};
    table.entries = ARENA_ARRAY(lower->scratch, int64_t, table.count);
    for (uint32_t i = 0; i < table.count; i++) {
        int64_t at = (wire->lo + (int64_t)i) * (INT64_C(1) << x.shift);
        table.entries[i] = steps->values[staircase_step(steps, x.negative ? -at : at)];
    }
    return table;
}

static struct term tabulated(struct lower *lower, struct term x, const struct staircase *steps) {
    if (x.shift < 0) x = (struct term){.wire = lower_plain(lower, x)};
    struct table table = table_of_wire(lower, x, steps);
    return lower_table(lower, (struct term){.wire = x.wire}, &table);
}

/* The threshold that decides bit `level` of the index, for each value of the bits above it, less
 * one, so that one LESS decides; a threshold that is not there is never reached. */
static struct term search_threshold(struct lower *lower, struct term_list *prefix, const struct staircase *steps,
                                    int levels, int level, int64_t never) {
    struct table table = {.first = 0, .count = 1u << (levels - 1 - level)};
    table.entries = ARENA_ARRAY(lower->scratch, int64_t, table.count);
    for (uint32_t i = 0; i < table.count; i++) {
        uint64_t at = ((uint64_t)i << (level + 1)) + (UINT64_C(1) << level) - 1;
        table.entries[i] = at < steps->count ? steps->thresholds[at] - 1 : never;
    }
    return lower_table(lower, lower_sum(lower, prefix), &table);
}

static struct term binary_search(struct lower *lower, struct term x, const struct staircase *steps) {
    int levels = function_levels(steps->count);
    struct term_list index = {0};
    wireref plain = lower_plain(lower, x);
    int64_t never = (int64_t)operand_interval(lower, x).hi;
    for (int level = levels - 1; level >= 0; level--) {
        struct term_list prefix = {0};
        for (uint32_t i = 0; i < index.count; i++)
            term_list_add(lower, &prefix, (struct term){.wire = index.terms[i].wire}, 1,
                          index.terms[i].shift - level - 1);
        prefix.constant = index.constant >> (level + 1);
        struct term threshold = search_threshold(lower, &prefix, steps, levels, level, never);
        struct term bit = lower_apply(lower, WIRE_LESS, lower_plain(lower, threshold), plain);
        term_list_add(lower, &index, bit, 1, level);
    }
    struct table values = {
        .first = 0, .count = steps->count + 1, .entries = ARENA_ARRAY(lower->scratch, int64_t, steps->count + 1)};
    for (uint32_t i = 0; i <= steps->count; i++) values.entries[i] = steps->values[i];
    return lower_table(lower, lower_sum(lower, &index), &values);
}

enum { BLOCK_RAM_INDEX_BITS_MAX = 16 };

/* Looks it up in block RAM, where there is one for it, or in what another node made of the same wire already. */
static bool block_ram_look_up(struct lower *lower, struct term x, const struct staircase *steps, int64_t luts,
                              struct term *out) {
    const int index_bits = wire_width(&lower->datapath->wires[x.wire.id]);
    if (!lower->block_rams || x.shift < 0 || index_bits > BLOCK_RAM_INDEX_BITS_MAX) return false;
    struct table table = table_of_wire(lower, x, steps);
    bool is_there = lower_has_table(lower, x.wire, &table);
    if (!is_there && !block_rams_take(lower->block_rams, lower->origin.id, index_bits, &table, luts)) return false;
    *out = lower_table(lower, (struct term){.wire = x.wire}, &table);
    struct wire *wire = &lower->datapath->wires[out->wire.id];
    if (is_there || wire->op != WIRE_TABLE) return true;
    wire->resource = RESOURCE_BLOCK_RAM;
    wire->latency = BLOCK_RAM_LATENCY;
    return true;
}

static struct term lower_steps(struct lower *lower, struct term x, const struct staircase *steps) {
    const struct interval interval = operand_interval(lower, x);
    const struct wire *wire = &lower->datapath->wires[x.wire.id];
    /* zeros below the wire cost nothing */
    const struct interval looked_at = x.shift < 0 ? interval : (struct interval){wire->lo, wire->hi};
    const struct function_size size = function_size(steps, looked_at, wire->op == WIRE_SUM);
    const enum function_form form = function_form(&size);
    int shift;
    int64_t step;
    if (steps->count == 0) return lower_constant(lower, steps->values[0]);
    bool is_table = form == FUNCTION_TABLE || interval.hi - interval.lo == 1;
    if (!is_table && even_steps(steps, &shift, &step) &&
        difference_fits(lower, x, steps->thresholds[0] - ((int128)1 << shift)))
        return shift_and_clamp(lower, x, steps, shift, step);
    struct slope slope;
    if (!is_table && values_are_even(steps, &step) && find_slope(steps, &size, &slope) &&
        slope.luts < function_luts(&size))
        return multiply_and_clamp(lower, x, steps, &slope, step);
    struct term found;
    if (block_ram_look_up(lower, x, steps, function_luts(&size), &found)) return found;
    if (is_table) return tabulated(lower, x, steps);
    return form == FUNCTION_COMPARISONS ? compare_all(lower, x, steps) : binary_search(lower, x, steps);
}

void lower_lookup(struct lower *lower, struct term *out) {
    const struct lookup_attributes *lookup = &lower->node->attributes.lookup;
    const struct shape *shape = &graph_value(lower->graph, lower->node->result)->shape;
    const struct staircase *functions = lookup_staircases(lower->node, lower->scratch);
    for (size_t e = 0; e < shape_elements(shape) && !lower->failed; e++) {
        struct term x = lower_operand(lower, 0, e);
        const struct staircase *function = &functions[shape_project(shape, e, &lookup->shape)];
        struct staircase steps = staircase_part(function, operand_interval(lower, x), lower->scratch);
        lower->element = (uint32_t)e;
        out[e] = lower_steps(lower, x, &steps);
    }
}
