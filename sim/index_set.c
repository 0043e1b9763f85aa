/* Small numbers, each at most once, taken out in order: words of bits, and a bit for each word that has any. */
#include "sim/private.h"

enum { BITS = 64 };

struct index_set *index_set_new(uint32_t size, struct arena *arena) {
    struct index_set *set = ARENA_NEW(arena, struct index_set);
    set->word_count = size / BITS + 1;
    set->summary_count = set->word_count / BITS + 1;
    set->words = ARENA_ARRAY(arena, uint64_t, set->word_count);
    set->summary = ARENA_ARRAY(arena, uint64_t, set->summary_count);
    return set;
}

void index_set_add(struct index_set *set, uint32_t index) {
    uint32_t word = index / BITS;
    set->words[word] |= UINT64_C(1) << index % BITS;
    set->summary[word / BITS] |= UINT64_C(1) << word % BITS;
}

static uint32_t take(struct index_set *set, uint32_t index) {
    uint32_t word = index / BITS;
    set->words[word] &= ~(UINT64_C(1) << index % BITS);
    if (!set->words[word]) set->summary[word / BITS] &= ~(UINT64_C(1) << word % BITS);
    return index;
}

static uint32_t lowest(uint64_t bits) {
    return (uint32_t)__builtin_ctzll(bits);
}

static uint32_t highest(uint64_t bits) {
    return (uint32_t)(BITS - 1 - __builtin_clzll(bits));
}

uint32_t index_set_take_first(struct index_set *set) {
    for (uint32_t s = 0; s < set->summary_count; s++) {
        if (!set->summary[s]) continue;
        uint32_t word = s * BITS + lowest(set->summary[s]);
        return take(set, word * BITS + lowest(set->words[word]));
    }
    return UINT32_MAX;
}

uint32_t index_set_take_last(struct index_set *set) {
    for (uint32_t s = set->summary_count; s-- > 0;) {
        if (!set->summary[s]) continue;
        uint32_t word = s * BITS + highest(set->summary[s]);
        return take(set, word * BITS + highest(set->words[word]));
    }
    return UINT32_MAX;
}
