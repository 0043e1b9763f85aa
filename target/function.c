/* What a function of one integer costs in each form that it can have, in LUT; roughly, and in integers, as the choice
 * between them is structure. */
#include "target/function.h"

enum { FAR_TOO_MANY_BITS = 24 };
static const int64_t far_too_many = INT64_MAX / 4;

static int64_t limited(int128 luts) {
    return luts < far_too_many ? (int64_t)luts : far_too_many;
}

int function_levels(int64_t steps) {
    int levels = 0;
    while (levels < 62 && INT64_C(1) << levels < steps + 1) levels++;
    return levels;
}

int64_t table_luts(int index_bits, int entry_bits) {
    if (index_bits > FAR_TOO_MANY_BITS) return far_too_many;
    return (int64_t)entry_bits * (index_bits <= 6 ? 1 : INT64_C(1) << (index_bits - 6));
}

int64_t comparisons_luts(int64_t steps, int index_bits) {
    return limited((int128)steps * (index_bits + 1));
}

int64_t search_luts(int64_t steps, int index_bits, int entry_bits) {
    const int levels = function_levels(steps);
    int128 luts = (int128)levels * index_bits + table_luts(levels, entry_bits);
    for (int level = 1; level < levels; level++) luts += table_luts(level, index_bits);
    return limited(luts);
}

int64_t staircase_luts(int64_t steps, int index_bits, int entry_bits) {
    if (steps <= 1) return 1; /* the threshold merges into the sum that it looks at, whose sign is there already */
    const int64_t compared = comparisons_luts(steps, index_bits), searched = search_luts(steps, index_bits, entry_bits);
    return compared < searched ? compared : searched;
}
