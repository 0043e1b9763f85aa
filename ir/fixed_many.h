/* The arithmetic of fixed.h on many numbers at once, in binary64, where that is exact. */
#ifndef BXC_IR_FIXED_MANY_H
#define BXC_IR_FIXED_MANY_H

#include "ir/fixed.h"

enum { FIXED_MANY = 64 };

/* Up to how many steps numbers can be narrowed to a format; 0: never. */
double fixed_reach(struct format format, enum overflow overflow);
/* Below `lo` and above `hi` a whole number of steps overflows. */
void fixed_limits(struct format format, enum overflow overflow, double *lo, double *hi);
/* Numbers become whole numbers of steps in their formats, each of its own: steps in 1, 2^fraction, and fixed_limits.
 * False where one is no number, or beyond the smallest reach, or binary64 is not exact: nothing can be said then. */
bool fixed_narrow_many(double numbers[FIXED_MANY], const double steps[FIXED_MANY], const double lo[FIXED_MANY],
                       const double hi[FIXED_MANY], double reach, enum rounding rounding, enum overflow overflow);
/* Whole numbers below 2^50 in size. */
void fixed_integers_many(const double numbers[FIXED_MANY], int64_t out[FIXED_MANY]);

#endif
