/* What a function of one integer costs, by the form that it gets in hardware, in LUT: lowering chooses the form by it,
 * and the line whether a function is worth it where arithmetic does nearly the same. */
#ifndef BXC_TARGET_FUNCTION_H
#define BXC_TARGET_FUNCTION_H

#include "ir/lookup.h"

/* The first of equally cheap ones is taken. */
enum function_form {
    FUNCTION_TABLE,       /* look-ups of six bits and what chooses between them */
    FUNCTION_COMPARISONS, /* one a step, added up */
    FUNCTION_SEARCH,      /* of the step's number, bit by bit, each by a threshold that the bits so far select */
    FUNCTION_FORMS
};
struct function_size {
    int64_t steps;
    int index_bits, operand_bits, entry_bits; /* of the operand less its least value, of itself, of the result */
    bool of_sum; /* a single step merges into the sum that it looks at, whose sign is there already */
};
struct function_size function_size(const struct staircase *stairs, struct interval operand, bool of_sum);
enum function_form function_form(const struct function_size *size);
int64_t function_luts(const struct function_size *size); /* in that form */
/* As a product with a constant of so many signed digits and bits, shifted and limited. */
int64_t function_slope_luts(const struct function_size *size, int digits, int factor_bits);
int function_levels(int64_t steps); /* bits of a step's number */

#endif
