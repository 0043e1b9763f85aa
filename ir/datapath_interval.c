/* Intervals of wires. Each operator gives one from its operands' intervals; sums are followed back
 * further, to the linear form in wires that are no sums themselves, because 4x - x lies in a
 * narrower interval than its two terms taken as if they knew nothing of each other. The two parts of a
 * wire that was cut, its bits below k and those from k on, are that wire again where they meet. */
#include "ir/datapath_private.h"

#include <stdlib.h>
#include <string.h>

/* Longer forms are not followed: the wire is then a source for its readers. */
enum { FORM_TERMS_MAX = 1 << 14 };

static struct interval interval_of(const struct datapath *datapath, wireref wire) {
    const struct wire *w = &datapath->wires[wire.id];
    return (struct interval){w->lo, w->hi};
}

static struct interval interval_scaled(struct interval x, int128 factor) {
    struct interval r = {x.lo * factor, x.hi * factor};
    return factor < 0 ? (struct interval){r.hi, r.lo} : r;
}

/* The smallest 2^n - 1 that is not below x >= 0. */
static int128 mask_above(int128 x) {
    int128 mask = 0;
    while (mask < x) mask = mask * 2 + 1;
    return mask;
}

static struct interval sum_interval(const struct datapath *datapath, const struct wire *wire) {
    struct interval sum = {wire->constant, wire->constant};
    for (uint32_t i = 0; i < wire->operand_count; i++) {
        struct term term = wire->operands[i];
        int128 factor = (int128)1 << term.shift;
        struct interval x = interval_scaled(interval_of(datapath, term.wire), term.negative ? -factor : factor);
        sum.lo += x.lo;
        sum.hi += x.hi;
    }
    return sum;
}

static struct interval table_interval(const struct table *table, struct interval a) {
    struct interval r = {0, 0};
    for (int128 m = a.lo; m <= a.hi; m++) {
        int128 entry = table->entries[m - table->first];
        r.lo = m == a.lo || entry < r.lo ? entry : r.lo;
        r.hi = m == a.lo || entry > r.hi ? entry : r.hi;
    }
    return r;
}

static struct interval wrap_interval(struct interval a, int bits, bool is_signed) {
    int128 period = (int128)1 << bits, offset = is_signed ? period >> 1 : 0;
    int128 first = (a.lo + offset) >> bits, last = (a.hi + offset) >> bits;
    if (first != last) return (struct interval){-offset, period - 1 - offset};
    return (struct interval){a.lo - first * period, a.hi - first * period};
}

static struct interval bitwise_interval(enum wire_op op, struct interval a, struct interval b) {
    bool both = a.lo >= 0 && b.lo >= 0;
    int128 most = a.hi > b.hi ? a.hi : b.hi;
    if (a.lo == a.hi && b.lo == b.hi) {
        int128 bits = op == WIRE_AND ? a.lo & b.lo : op == WIRE_OR ? a.lo | b.lo : a.lo ^ b.lo;
        return (struct interval){bits, bits};
    }
    if (op == WIRE_AND && (a.lo >= 0 || b.lo >= 0)) {
        int128 hi = both ? (a.hi < b.hi ? a.hi : b.hi) : a.lo >= 0 ? a.hi : b.hi;
        return (struct interval){0, hi};
    }
    if (both) return (struct interval){op == WIRE_OR ? (a.lo > b.lo ? a.lo : b.lo) : 0, mask_above(most)};
    int128 low = a.lo < b.lo ? a.lo : b.lo;
    int128 mask = mask_above(most > -1 - low ? most : -1 - low);
    return (struct interval){-1 - mask, mask};
}

static struct interval clamp_interval(const struct wire *wire, struct interval a) {
    int128 lo = a.lo < wire->clamp_lo ? wire->clamp_lo : a.lo > wire->clamp_hi ? wire->clamp_hi : a.lo;
    int128 hi = a.hi < wire->clamp_lo ? wire->clamp_lo : a.hi > wire->clamp_hi ? wire->clamp_hi : a.hi;
    return (struct interval){lo, hi};
}

static struct interval select_interval(struct interval condition, struct interval a, struct interval b) {
    if (condition.lo == condition.hi) return condition.lo ? a : b;
    return interval_join(a, b);
}

struct interval wire_interval(const struct datapath *datapath, const struct wire *wire) {
    struct interval x[3] = {{0, 0}, {0, 0}, {0, 0}};
    for (uint32_t i = 0; i < wire->operand_count && i < 3; i++) x[i] = interval_of(datapath, wire->operands[i].wire);
    switch (wire->op) {
    case WIRE_CONSTANT: return (struct interval){wire->constant, wire->constant};
    case WIRE_SUM: return sum_interval(datapath, wire);
    case WIRE_LESS: return (struct interval){x[0].hi < x[1].lo, x[0].lo < x[1].hi};
    case WIRE_EQUAL:
        return (struct interval){x[0].lo == x[0].hi && x[1].lo == x[1].hi && x[0].lo == x[1].lo,
                                 x[0].lo <= x[1].hi && x[1].lo <= x[0].hi};
    case WIRE_SELECT: return select_interval(x[0], x[1], x[2]);
    case WIRE_TABLE: return table_interval(&datapath->tables[wire->table], x[0]);
    case WIRE_CLAMP: return clamp_interval(wire, x[0]);
    case WIRE_SHIFT_RIGHT: return (struct interval){x[0].lo >> wire->amount, x[0].hi >> wire->amount};
    case WIRE_WRAP: return wrap_interval(x[0], wire->amount, wire->wrap_signed);
    case WIRE_AND:
    case WIRE_OR:
    case WIRE_XOR: return bitwise_interval(wire->op, x[0], x[1]);
    case WIRE_NOT: return (struct interval){-1 - x[0].hi, -1 - x[0].lo};
    case WIRE_DELAY: return x[0];
    case WIRE_ITEM: /* more may be known of what it is in that beat */
        return (struct interval){x[0].lo > wire->lo ? x[0].lo : wire->lo, x[0].hi < wire->hi ? x[0].hi : wire->hi};
    case WIRE_INPUT:
    case WIRE_BEAT:
    case WIRE_FIRST:
    case WIRE_STATE:
    case WIRE_OP_COUNT: break;
    }
    return (struct interval){wire->lo, wire->hi}; /* declared: a port's format, the beats, what is carried */
}

/* ---- linear forms ---- */

static int compare_form_terms(const void *left, const void *right) {
    const struct form_term *a = left, *b = right;
    return a->source < b->source ? -1 : a->source > b->source;
}

static bool end_form(struct arena *arena, const struct datapath *datapath, struct linear_form *form) {
    if (!form_end(datapath->sum, arena, form) || form->count > FORM_TERMS_MAX) return false;
    qsort((void *)(uintptr_t)form->terms, form->count, sizeof *form->terms, compare_form_terms);
    return true;
}

/* In terms by wire: one with the high bits of a wire and, in *low, its low bits where they belong; `count` when there
 * is none. */
static uint32_t find_halves(const struct datapath *datapath, const struct linear_form *form, uint32_t *low) {
    const struct form_term *terms = form->terms;
    for (uint32_t i = 0; i < form->count; i++) {
        const struct wire *high = &datapath->wires[terms[i].source];
        if (high->op != WIRE_SHIFT_RIGHT || high->amount > 62 || terms[i].coefficient % (INT64_C(1) << high->amount))
            continue;
        int64_t factor = terms[i].coefficient / (INT64_C(1) << high->amount);
        for (*low = 0; *low < form->count; ++*low) {
            const struct wire *wrap = &datapath->wires[terms[*low].source];
            if (wrap->op == WIRE_WRAP && !wrap->wrap_signed && wrap->amount == high->amount &&
                terms[*low].coefficient == factor &&
                datapath_undelayed(datapath, wrap->operands[0].wire).id ==
                    datapath_undelayed(datapath, high->operands[0].wire).id)
                return i;
        }
    }
    return form->count;
}

/* (x >> k << k) + (x mod 2^k) is x, and what x is linear in. */
static bool join_halves(struct arena *arena, const struct datapath *datapath, struct linear_form *form) {
    uint32_t low, high;
    while ((high = find_halves(datapath, form, &low)) < form->count) {
        const struct linear_form old = *form;
        wireref whole = datapath->wires[old.terms[low].source].operands[0].wire;
        form_begin(datapath->sum);
        form_add_constant(datapath->sum, old.constant, 1);
        for (uint32_t i = 0; i < old.count; i++)
            if (i != low && i != high) form_add_source(datapath->sum, old.terms[i].source, old.terms[i].coefficient);
        form_add(datapath->sum, &datapath->forms[whole.id], old.terms[low].coefficient);
        if (!end_form(arena, datapath, form)) return false;
    }
    return true;
}

static bool is_followed(const struct datapath *datapath, const struct wire *wire) {
    uint64_t size = 0;
    for (uint32_t i = 0; i < wire->operand_count; i++) {
        if (wire->operands[i].shift > 62) return false;
        size += datapath->forms[wire->operands[i].wire.id].count;
    }
    return wire->op == WIRE_SUM && size <= FORM_TERMS_MAX;
}

static bool form_of_sum(struct arena *arena, const struct datapath *datapath, const struct wire *wire,
                        struct linear_form *form) {
    form_begin(datapath->sum);
    form_add_constant(datapath->sum, wire->constant, 1);
    for (uint32_t i = 0; i < wire->operand_count; i++) {
        struct term term = wire->operands[i];
        int64_t factor = INT64_C(1) << term.shift;
        form_add(datapath->sum, &datapath->forms[term.wire.id], term.negative ? -factor : factor);
    }
    return end_form(arena, datapath, form) && join_halves(arena, datapath, form);
}

static struct interval source_interval(const void *datapath, uint32_t source) {
    return interval_of(datapath, (wireref){source});
}

void datapath_form_of_itself(struct arena *arena, struct datapath *datapath) {
    const struct form_term self = {datapath->wire_count, 1};
    datapath->forms[datapath->wire_count] = (struct linear_form){arena_copy(arena, &self, sizeof self), 1, 0};
}

bool datapath_form(struct arena *arena, struct datapath *datapath, const struct wire *wire, struct interval *interval) {
    struct linear_form *form = &datapath->forms[datapath->wire_count];
    if (wire->op == WIRE_DELAY) {
        *form = datapath->forms[wire->operands[0].wire.id];
        return false;
    }
    if (!datapath->sum) {
        datapath->sum = ARENA_NEW(arena, struct form_sum);
        *datapath->sum = form_sum_new(arena, UINT32_MAX);
    }
    form_reserve(datapath->sum, datapath->wire_count + 1);
    if (is_followed(datapath, wire) && form_of_sum(arena, datapath, wire, form) &&
        form_interval(form, source_interval, datapath, interval))
        return true;
    datapath_form_of_itself(arena, datapath);
    return false;
}
