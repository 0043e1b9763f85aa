/* Which functions of a network lie in block RAM as tables, where the user gives so many: those that save the most LUT
 * for each. What a function is worth is known when it is lowered, and what others are worth when all are: so a network
 * is lowered as if there was enough, and where there was not once more, with what is left to each. */
#include "passes/lower_block_ram.h"
#include "ir/lookup.h"
#include "target/memories.h"

#include <stdlib.h>
#include <string.h>

/* LUT that a block RAM is worth: parts have one for 140 (Artix-7) to 320 LUT, and its two cycles more cost registers.
 */
enum { LUTS_WORTH = 64 };

/* Look-ups in one node of one table: two share a memory. */
struct group {
    uint32_t node;
    struct table table;
    int index_bits, entry_bits;
    int64_t luts; /* that one look-up saves */
    uint32_t readers, allowed;
};

struct block_rams {
    struct arena *arena;
    int64_t count; /* that may be used */
    struct group *groups;
    uint32_t group_count;
    bool is_second;  /* `allowed` says how many */
    uint32_t wanted; /* look-ups, before */
    int64_t needed;  /* for them */
};

struct block_rams *block_rams_new(struct arena *arena, int count) {
    struct block_rams *rams = ARENA_NEW(arena, struct block_rams);
    *rams = (struct block_rams){.arena = arena, .count = count};
    return rams;
}

static bool is_same_table(const struct table *a, const struct table *b) {
    return a->count == b->count && a->first == b->first &&
           memcmp(a->entries, b->entries, a->count * sizeof *a->entries) == 0;
}

static struct group *find_group(struct block_rams *rams, uint32_t node, const struct table *table) {
    for (uint32_t i = rams->group_count; i-- > 0;)
        if (rams->groups[i].node == node && is_same_table(&rams->groups[i].table, table)) return &rams->groups[i];
    return NULL;
}

static struct group *new_group(struct block_rams *rams, uint32_t node, const struct table *table) {
    if ((rams->group_count & (rams->group_count - 1)) == 0)
        rams->groups = arena_grow(rams->arena, rams->groups, rams->group_count * sizeof *rams->groups,
                                  (rams->group_count ? 2 * rams->group_count : 1) * sizeof *rams->groups);
    struct group *group = &rams->groups[rams->group_count++];
    *group = (struct group){.node = node, .table = *table};
    group->table.entries = arena_copy(rams->arena, table->entries, table->count * sizeof *table->entries);
    return group;
}

static int64_t rams_of(const struct group *group, uint32_t readers) {
    const int64_t words = INT64_C(1) << group->index_bits;
    return readers / 2 * block_rams(words, group->entry_bits, 2) +
           readers % 2 * block_rams(words, group->entry_bits, 1);
}

/* So many, less an odd one that is not worth a memory by itself. */
static uint32_t worth_of(const struct group *group, uint32_t readers) {
    return readers - (readers % 2 && group->luts < LUTS_WORTH * rams_of(group, 1));
}

bool block_rams_take(struct block_rams *rams, uint32_t node, int index_bits, const struct table *table, int64_t luts) {
    int entry_bits = format_for(values_interval(table->entries, 0, table->count - 1), 0).width;
    if (luts < LUTS_WORTH * block_rams(INT64_C(1) << index_bits, entry_bits, 2) / 2) return false;
    struct group *group = find_group(rams, node, table);
    if (!group && rams->is_second) return false;
    if (!group) group = new_group(rams, node, table);
    group->index_bits = index_bits;
    group->entry_bits = entry_bits;
    group->luts = luts;
    if (rams->is_second && group->readers == group->allowed) return false;
    group->readers++;
    return true;
}

/* What saves more for each block RAM comes first, else what was met first. */
static int compare_groups(const void *left, const void *right) {
    const struct group *a = *(const struct group *const *)left, *b = *(const struct group *const *)right;
    int128 x = (int128)a->luts * a->readers * rams_of(b, b->readers),
           y = (int128)b->luts * b->readers * rams_of(a, a->readers);
    return x != y ? (x < y) - (x > y) : (a > b) - (a < b);
}

void block_rams_tell(const struct block_rams *rams, struct program *program) {
    uint32_t look_ups = 0;
    int64_t used = 0;
    for (uint32_t i = 0; i < rams->group_count; i++) {
        look_ups += rams->groups[i].readers;
        used += rams_of(&rams->groups[i], rams->groups[i].readers);
    }
    program->more_block_rams = rams->needed - used;
    if (rams->wanted)
        program_note(program, "lower", NULL, (double)used,
                     "block RAM has %u of %u look-ups that are worth it, in %d of 18 Kbit", look_ups, rams->wanted,
                     (int)used);
}

/* What there is goes to those that save most for each block RAM. */
static void give_out(struct block_rams *rams) {
    struct group **order = ARENA_ARRAY(rams->arena, struct group *, rams->group_count + 1);
    int64_t left = rams->count;
    uint32_t count = 0;
    for (uint32_t i = 0; i < rams->group_count; i++)
        if (rams->groups[i].readers) order[count++] = &rams->groups[i];
    qsort(order, count, sizeof *order, compare_groups);
    for (uint32_t i = 0; i < count; i++) {
        struct group *group = order[i];
        while (group->allowed < group->readers && rams_of(group, group->allowed + 1) <= left) group->allowed++;
        group->allowed = worth_of(group, group->allowed);
        left -= rams_of(group, group->allowed);
    }
}

bool block_rams_settle(struct block_rams *rams) {
    bool all_are_worth = true;
    for (uint32_t i = 0; i < rams->group_count; i++) {
        struct group *group = &rams->groups[i];
        uint32_t worth = worth_of(group, group->readers);
        all_are_worth &= worth == group->readers;
        group->readers = worth;
        rams->wanted += worth;
        rams->needed += rams_of(group, worth);
    }
    if (all_are_worth && rams->needed <= rams->count) return true;
    give_out(rams);
    for (uint32_t i = 0; i < rams->group_count; i++) rams->groups[i].readers = 0;
    rams->is_second = true;
    return false;
}
