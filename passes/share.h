/* Common two-term subexpressions of a set of sums, as a matrix problem: passes/share.c makes the
 * matrices, passes/share_search.c solves them. */
#ifndef BXC_PASSES_SHARE_H
#define BXC_PASSES_SHARE_H

#include "ir/context.h"
#include "ir/fixed.h"

/* The digits of one column in one row: a bit in plus (minus) at s is +(-) column << s. */
struct share_entry {
    uint32_t column;
    uint64_t plus, minus;
};

struct share_row {
    struct share_entry *entries; /* columns ascend */
    uint32_t count, capacity;
    uint64_t weight, budget; /* sum of 2^depth of its terms, and what it may grow to */
};

/* A column: a wire that was there, or first + sign * (second << shift) of earlier columns. */
struct share_column {
    struct interval interval;
    int depth;                     /* adder levels above the inputs of the matrix */
    uint32_t first, second;        /* when made */
    int first_shift, second_shift; /* one of the two is 0 */
    bool second_negative;
};

struct share_problem {
    struct arena *arena;
    struct share_row *rows;
    uint32_t row_count;
    struct share_column *columns; /* given ones, then made ones */
    uint32_t column_count, column_capacity, given;
    int adder_terms;
};

void share_search(struct share_problem *problem);
uint32_t share_row_terms(const struct share_row *row);

#endif
