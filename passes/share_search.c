/* The search of `share`: greedily the pair of digits a +- (b << s) that saves most, until none saves
 * anything. Counts of all pairs live in a hash and change with each replacement; a heap with stale
 * entries finds the best. Order is by saving, then by the pair itself, never by hash or address.
 *
 * A pair used n times costs one adder of its overlapping bits and saves a term in each of n rows:
 * n - 1 adders of two terms. With three-term adders a removed term saves little more than half an
 * adder, so pairs used twice save next to nothing and come last; they still pay where they grow into
 * triples (trained networks got 3 to 4 % smaller). Replacements that make a row's tree deeper than
 * its budget are left out. */
#include "passes/share.h"
#include "target/adder.h"

#include <string.h>

/* a at digit s_a and b at digit s_b, both in one row. a <= b; equal columns: s_a < s_b. */
struct pair {
    uint32_t a, b;
    int shift;     /* s_b - s_a */
    bool opposite; /* their signs differ */
};

struct slot {
    uint64_t key; /* 0: free */
    uint32_t count;
    uint32_t queued; /* the count under which it stands in the heap; 0: not there */
    bool banned, touched;
};

struct candidate {
    uint64_t saving, key;
    uint32_t count;
};

struct search {
    struct share_problem *problem;
    struct slot *slots;
    size_t slot_count, used;
    struct candidate *heap;
    size_t heap_count, heap_capacity;
    uint64_t *touched; /* keys whose count rose since the last look */
    size_t touched_count, touched_capacity;
    uint32_t least; /* uses that a pair must have */
};

static int bits_of(uint64_t mask) {
    return __builtin_popcountll(mask);
}

uint32_t share_row_terms(const struct share_row *row) {
    uint32_t terms = 0;
    for (uint32_t i = 0; i < row->count; i++) terms += (uint32_t)bits_of(row->entries[i].plus | row->entries[i].minus);
    return terms;
}

/* Columns in 24 bits each, the shift moved by 64 in 8, never 0. */
static uint64_t pair_key(struct pair pair) {
    return (uint64_t)pair.a << 40 | (uint64_t)pair.b << 16 | (uint64_t)(pair.shift + 64) << 2 |
           (uint64_t)pair.opposite << 1 | 1;
}

static struct pair key_pair(uint64_t key) {
    return (struct pair){(uint32_t)(key >> 40), (uint32_t)(key >> 16) & 0xffffff, (int)(key >> 2 & 255) - 64,
                         key >> 1 & 1};
}

static struct slot *find_slot(struct search *s, uint64_t key);

static void grow_slots(struct search *s) {
    struct slot *old = s->slots;
    size_t old_count = s->slot_count;
    s->slot_count = old_count ? 2 * old_count : 1 << 12;
    s->slots = ARENA_ARRAY(s->problem->arena, struct slot, s->slot_count);
    s->used = 0;
    for (size_t i = 0; i < old_count; i++)
        if (old[i].key) {
            *find_slot(s, old[i].key) = old[i];
        }
}

static struct slot *find_slot(struct search *s, uint64_t key) {
    if (2 * s->used >= s->slot_count) grow_slots(s);
    uint64_t hash = key * UINT64_C(0x9e3779b97f4a7c15);
    size_t at = (size_t)(hash >> 32) & (s->slot_count - 1);
    while (s->slots[at].key && s->slots[at].key != key) at = (at + 1) & (s->slot_count - 1);
    if (!s->slots[at].key) {
        s->slots[at].key = key;
        s->used++;
    }
    return &s->slots[at];
}

/* ---- the heap: most saving first, of equals the smaller key ---- */

static bool goes_before(const struct candidate *x, const struct candidate *y) {
    return x->saving != y->saving ? x->saving > y->saving : x->key < y->key;
}

static void heap_push(struct search *s, struct candidate added) {
    if (s->heap_count == s->heap_capacity) {
        size_t capacity = s->heap_capacity ? 2 * s->heap_capacity : 1024;
        s->heap = arena_grow(s->problem->arena, s->heap, s->heap_capacity * sizeof added, capacity * sizeof added);
        s->heap_capacity = capacity;
    }
    size_t at = s->heap_count++;
    for (; at && goes_before(&added, &s->heap[(at - 1) / 2]); at = (at - 1) / 2) s->heap[at] = s->heap[(at - 1) / 2];
    s->heap[at] = added;
}

static struct candidate heap_pop(struct search *s) {
    struct candidate best = s->heap[0], last = s->heap[--s->heap_count];
    size_t at = 0;
    for (size_t child = 1; child < s->heap_count; child = 2 * at + 1) {
        if (child + 1 < s->heap_count && goes_before(&s->heap[child + 1], &s->heap[child])) child++;
        if (!goes_before(&s->heap[child], &last)) break;
        s->heap[at] = s->heap[child];
        at = child;
    }
    s->heap[at] = last;
    return best;
}

/* ---- what a pair saves ---- */

/* LUT of the pair's adder, but for carry and borrow: that differences are a LUT dearer must not make them look as if
 * they saved more (with it TFC got 4 % larger). */
static int adder_luts(const struct search *s, struct pair pair) {
    const struct share_column *a = &s->problem->columns[pair.a], *b = &s->problem->columns[pair.b];
    int shift_a = pair.shift < 0 ? -pair.shift : 0, shift_b = pair.shift > 0 ? pair.shift : 0;
    const struct adder adder = adder_of_pair(a->interval, shift_a, b->interval, shift_b, pair.opposite);
    const int bits = adder_overlap(&adder).bits;
    return bits > 1 ? bits : 1;
}

static uint64_t saving_of(const struct search *s, struct pair pair, uint32_t count) {
    uint64_t bits = (uint64_t)adder_luts(s, pair);
    return s->problem->adder_terms == 3 ? bits * (9 * (uint64_t)count - 16) : bits * (count - 1) * 16;
}

static void queue(struct search *s, struct slot *slot) {
    if (slot->count < s->least || slot->banned || slot->queued >= slot->count) return;
    slot->queued = slot->count;
    heap_push(s, (struct candidate){saving_of(s, key_pair(slot->key), slot->count), slot->key, slot->count});
}

static void touch(struct search *s, struct slot *slot) {
    if (slot->touched || slot->banned || slot->count < s->least) return;
    if (s->touched_count == s->touched_capacity) {
        size_t capacity = s->touched_capacity ? 2 * s->touched_capacity : 1024;
        s->touched = arena_grow(s->problem->arena, s->touched, s->touched_capacity * sizeof *s->touched,
                                capacity * sizeof *s->touched);
        s->touched_capacity = capacity;
    }
    slot->touched = true;
    s->touched[s->touched_count++] = slot->key;
}

static void queue_touched(struct search *s) {
    for (size_t i = 0; i < s->touched_count; i++) {
        struct slot *slot = find_slot(s, s->touched[i]);
        slot->touched = false;
        queue(s, slot);
    }
    s->touched_count = 0;
}

/* ---- counting ---- */

static struct pair pair_of(uint32_t a, int digit_a, bool minus_a, uint32_t b, int digit_b, bool minus_b) {
    if (a > b || (a == b && digit_a > digit_b)) return (struct pair){b, a, digit_a - digit_b, minus_a != minus_b};
    return (struct pair){a, b, digit_b - digit_a, minus_a != minus_b};
}

/* One digit comes into a row or leaves it: all its pairs with the row's other digits change. */
static void count_digit(struct search *s, const struct share_row *row, uint32_t column, int digit, bool minus,
                        bool comes) {
    for (uint32_t i = 0; i < row->count; i++) {
        const struct share_entry *entry = &row->entries[i];
        for (uint64_t left = entry->plus | entry->minus; left; left &= left - 1) {
            int other = __builtin_ctzll(left);
            if (entry->column == column && other == digit) continue;
            struct pair pair = pair_of(column, digit, minus, entry->column, other, entry->minus >> other & 1);
            struct slot *slot = find_slot(s, pair_key(pair));
            if (!comes) {
                slot->count--;
                continue;
            }
            slot->count++;
            touch(s, slot);
        }
    }
}

static struct share_entry *entry_of(struct share_row *row, uint32_t column) {
    uint32_t low = 0, high = row->count;
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        if (row->entries[middle].column < column)
            low = middle + 1;
        else
            high = middle;
    }
    return low < row->count && row->entries[low].column == column ? &row->entries[low] : NULL;
}

static void take_digit(struct search *s, struct share_row *row, uint32_t column, int digit) {
    struct share_entry *entry = entry_of(row, column);
    bool minus = entry->minus >> digit & 1;
    entry->plus &= ~(UINT64_C(1) << digit);
    entry->minus &= ~(UINT64_C(1) << digit);
    count_digit(s, row, column, digit, minus, false);
}

static void put_digit(struct search *s, struct share_row *row, uint32_t column, int digit, bool minus) {
    struct share_entry *entry = entry_of(row, column);
    if (!entry) {
        if (row->count == row->capacity) {
            uint32_t capacity = row->capacity ? 2 * row->capacity : 8;
            row->entries =
                arena_grow(s->problem->arena, row->entries, row->count * sizeof *entry, capacity * sizeof *entry);
            row->capacity = capacity;
        }
        entry = &row->entries[row->count++]; /* a made column is the last one */
        *entry = (struct share_entry){.column = column};
    }
    count_digit(s, row, column, digit, minus, true);
    if (minus)
        entry->minus |= UINT64_C(1) << digit;
    else
        entry->plus |= UINT64_C(1) << digit;
}

/* ---- replacing ---- */

/* The lowest digit of a at which the pair stands in the row; -1 for none. */
static int find_in_row(struct share_row *row, struct pair pair, bool *minus) {
    const struct share_entry *a = entry_of(row, pair.a), *b = entry_of(row, pair.b);
    if (!a || !b) return -1;
    uint64_t plus = pair.opposite ? b->minus : b->plus, other = pair.opposite ? b->plus : b->minus;
    plus = pair.shift < 0 ? plus << -pair.shift : plus >> pair.shift;
    other = pair.shift < 0 ? other << -pair.shift : other >> pair.shift;
    uint64_t found = (a->plus & plus) | (a->minus & other);
    if (!found) return -1;
    int digit = __builtin_ctzll(found);
    *minus = a->minus >> digit & 1;
    return digit;
}

static bool affords(const struct share_problem *problem, const struct share_row *row, struct pair pair) {
    int a = problem->columns[pair.a].depth, b = problem->columns[pair.b].depth;
    int made = 1 + (a > b ? a : b);
    uint64_t weight = row->weight - (UINT64_C(1) << a) - (UINT64_C(1) << b) + (UINT64_C(1) << made);
    return weight <= row->budget;
}

static uint32_t count_affordable(struct search *s, struct pair pair) {
    uint32_t count = 0;
    bool minus;
    for (uint32_t r = 0; r < s->problem->row_count; r++) {
        struct share_row *row = &s->problem->rows[r];
        count += affords(s->problem, row, pair) && find_in_row(row, pair, &minus) >= 0;
    }
    return count;
}

static bool add_column(struct search *s, struct pair pair) {
    struct share_problem *p = s->problem;
    if (p->column_count == p->column_capacity) {
        uint32_t capacity = 2 * p->column_capacity + 16;
        p->columns =
            arena_grow(p->arena, p->columns, p->column_count * sizeof *p->columns, capacity * sizeof *p->columns);
        p->column_capacity = capacity;
    }
    const struct share_column *a = &p->columns[pair.a], *b = &p->columns[pair.b];
    struct share_column made = {.first = pair.a, .second = pair.b, .second_negative = pair.opposite};
    made.first_shift = pair.shift < 0 ? -pair.shift : 0;
    made.second_shift = pair.shift > 0 ? pair.shift : 0;
    made.depth = 1 + (a->depth > b->depth ? a->depth : b->depth);
    int128 fa = (int128)1 << made.first_shift, fb = (int128)1 << made.second_shift;
    int128 lo = pair.opposite ? -b->interval.hi : b->interval.lo, hi = pair.opposite ? -b->interval.lo : b->interval.hi;
    made.interval = (struct interval){a->interval.lo * fa + lo * fb, a->interval.hi * fa + hi * fb};
    if (made.interval.lo < INT64_MIN || made.interval.hi > INT64_MAX || p->column_count >= 1u << 23) return false;
    p->columns[p->column_count++] = made;
    return true;
}

static void replace_in_row(struct search *s, struct share_row *row, struct pair pair, uint32_t made) {
    const struct share_column *columns = s->problem->columns;
    bool minus;
    int digit;
    while (affords(s->problem, row, pair) && (digit = find_in_row(row, pair, &minus)) >= 0) {
        take_digit(s, row, pair.a, digit);
        take_digit(s, row, pair.b, digit + pair.shift);
        put_digit(s, row, made, pair.shift < 0 ? digit + pair.shift : digit, minus);
        row->weight += (UINT64_C(1) << columns[made].depth) - (UINT64_C(1) << columns[pair.a].depth) -
                       (UINT64_C(1) << columns[pair.b].depth);
    }
}

/* Each row's depth may grow by one level over what its terms need at best. */
static void set_budgets(struct share_problem *problem) {
    for (uint32_t r = 0; r < problem->row_count; r++) {
        struct share_row *row = &problem->rows[r];
        row->weight = 0;
        for (uint32_t i = 0; i < row->count; i++)
            row->weight += (uint64_t)bits_of(row->entries[i].plus | row->entries[i].minus)
                           << problem->columns[row->entries[i].column].depth;
        row->budget = 2;
        while (row->budget < row->weight) row->budget *= 2;
        row->budget *= 2;
    }
}

static void count_all(struct search *s) {
    for (uint32_t r = 0; r < s->problem->row_count; r++) {
        context_check(arena_context(s->problem->arena));
        struct share_row *row = &s->problem->rows[r];
        uint32_t count = row->count;
        struct share_entry *whole = row->entries;
        row->entries = ARENA_ARRAY(s->problem->arena, struct share_entry, count + 1);
        row->capacity = count + 1;
        row->count = 0;
        for (uint32_t i = 0; i < count; i++)
            for (uint64_t left = whole[i].plus | whole[i].minus; left; left &= left - 1) {
                int digit = __builtin_ctzll(left);
                put_digit(s, row, whole[i].column, digit, whole[i].minus >> digit & 1);
            }
    }
}

void share_search(struct share_problem *problem) {
    struct search s = {.problem = problem, .least = 2};
    set_budgets(problem);
    count_all(&s);
    queue_touched(&s);
    while (s.heap_count) {
        context_check(arena_context(problem->arena));
        struct candidate best = heap_pop(&s);
        struct slot *slot = find_slot(&s, best.key);
        if (best.count != slot->queued || slot->banned)
            continue; /* stands in the heap a second time, under a larger count */
        struct pair pair = key_pair(best.key);
        slot->queued = 0;
        if (slot->count != best.count) {
            queue(&s, slot);
            continue;
        }
        if (count_affordable(&s, pair) < s.least || !add_column(&s, pair)) {
            slot->banned = true;
            continue;
        }
        uint32_t made = problem->column_count - 1;
        for (uint32_t r = 0; r < problem->row_count; r++) replace_in_row(&s, &problem->rows[r], pair, made);
        find_slot(&s, best.key)->banned = true; /* what is left overlaps or is too deep */
        queue_touched(&s);
    }
}
