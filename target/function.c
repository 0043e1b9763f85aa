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

static int64_t table_luts(int index_bits, int entry_bits) {
    if (index_bits > FAR_TOO_MANY_BITS) return far_too_many;
    return (int64_t)entry_bits * (index_bits <= 6 ? 1 : INT64_C(1) << (index_bits - 6));
}

static int64_t comparisons_luts(const struct function_size *size) {
    if (size->steps <= 1 && size->of_sum) return 0;
    return limited((int128)size->steps * (size->operand_bits + 1));
}

static int64_t search_luts(const struct function_size *size) {
    const int levels = function_levels(size->steps);
    int128 luts = (int128)levels * size->operand_bits + table_luts(levels, size->entry_bits);
    for (int level = 1; level < levels; level++) luts += table_luts(level, size->operand_bits);
    return limited(luts);
}

static int64_t form_luts(const struct function_size *size, enum function_form form) {
    switch (form) {
    case FUNCTION_TABLE: return table_luts(size->index_bits, size->entry_bits);
    case FUNCTION_COMPARISONS: return comparisons_luts(size);
    default: return search_luts(size);
    }
}

/* Three terms an adder, the offset being one; then a limit at either end. */
int64_t function_slope_luts(const struct function_size *size, int digits, int factor_bits) {
    return (int64_t)(digits + 1) / 2 * (size->operand_bits + factor_bits) + 2 * size->entry_bits;
}

enum function_form function_form(const struct function_size *size) {
    enum function_form best = FUNCTION_TABLE;
    for (int form = 0; form < FUNCTION_FORMS; form++)
        if (form_luts(size, (enum function_form)form) < form_luts(size, best)) best = (enum function_form)form;
    return best;
}

int64_t function_luts(const struct function_size *size) {
    return form_luts(size, function_form(size));
}

struct function_size function_size(const struct staircase *stairs, struct interval operand, bool of_sum) {
    return (struct function_size){.steps = stairs->count,
                                  .index_bits = format_for((struct interval){0, operand.hi - operand.lo}, 0).width,
                                  .operand_bits = format_for(operand, 0).width,
                                  .entry_bits = format_for(values_interval(stairs->values, 0, stairs->count), 0).width,
                                  .of_sum = of_sum};
}
