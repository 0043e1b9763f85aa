/* What a function of one integer costs, by the form that it gets, in LUT: lowering chooses the form by it, and the line
 * whether a function is written as a table or as a staircase, from which C and HLS C++ are made too. */
#ifndef BXC_TARGET_FUNCTION_H
#define BXC_TARGET_FUNCTION_H

#include "ir/datapath.h"

int64_t table_luts(int index_bits, int entry_bits);      /* look-ups of six bits and what chooses between them */
int64_t comparisons_luts(int64_t steps, int index_bits); /* one a step, added up */
int64_t search_luts(int64_t steps, int index_bits, int entry_bits);    /* of the step's number, bit by bit */
int64_t staircase_luts(int64_t steps, int index_bits, int entry_bits); /* the cheaper of the two */
int function_levels(int64_t steps);                                    /* bits of a step's number */

#endif
