/* Rounding and overflow of many numbers at once. Adding and subtracting 1.5 * 2^52 rounds to the nearest whole number,
 * ties to even, exactly; what that leaves is at most one half and says how any other rounding differs. */
#include "ir/fixed_many.h"
#include "ir/vector.h"

#include <math.h>
#include <string.h>

/* GNU vectors, as in ops/linear.c; compilers make none of comparisons by themselves. */
typedef double reals __attribute__((vector_size(32), aligned(8), may_alias));
typedef int64_t words __attribute__((vector_size(32), aligned(8), may_alias));
enum { SIDE_BY_SIDE = 4 };
#define EACH(at) for (size_t at = 0; at < FIXED_MANY; at += SIDE_BY_SIDE)
#define REALS(array, at) (*(reals *)((array) + (at)))
#define FIXED(array, at) (*(const reals *)((array) + (at)))
#define ONE_WHERE(mask) ((reals)((mask) & (words)(reals){1, 1, 1, 1}))
#define CHOOSE(mask, yes, no) ((reals)(((mask) & (words)(yes)) | (~(mask) & (words)(no))))

static const double whole = 0x1.8p52; /* binary64 has no fractions near it */

/* With room on the way. Where a format is narrower than what it is asked about, a number beyond is beyond its limits,
 * whatever its rounding; a wrap needs the number. */
double fixed_reach(struct format format, enum overflow overflow) {
    const bool wide = format.width > 50;
    if (format.fraction > 800 || format.fraction < -800 || (wide && overflow == OVERFLOW_WRAP)) return 0;
    return wide || overflow == OVERFLOW_WRAP ? 0x1p50 : (double)INFINITY;
}

void fixed_limits(struct format format, enum overflow overflow, double *lo, double *hi) {
    *lo = (double)format_min(format);
    *hi = (double)format_max(format);
    if (overflow == OVERFLOW_SATURATE_SYMMETRIC && *lo < 0) *lo = -*hi;
}

#define ROUND(up, down)                                                                                                \
    EACH(i) {                                                                                                          \
        const reals y = REALS(numbers, i), near = (y + whole) - whole, left = y - near;                                \
        REALS(numbers, i) = near + ONE_WHERE(up) - ONE_WHERE(down);                                                    \
    }

VECTOR_CLONES static void round_many(double *numbers, enum rounding rounding) {
    const words never = {0};
    switch (rounding) {
    case ROUND_TRUNCATE: ROUND(never, left < 0); break;
    case ROUND_TOWARD_ZERO: ROUND((left > 0) & (y < 0), (left < 0) & (y > 0)); break;
    case ROUND_HALF_UP: ROUND(left == 0.5, never); break;
    case ROUND_HALF_TOWARD_ZERO: ROUND((left == 0.5) & (y < 0), (left == -0.5) & (y > 0)); break;
    case ROUND_HALF_AWAY: ROUND((left == 0.5) & (y > 0), (left == -0.5) & (y < 0)); break;
    case ROUND_HALF_DOWN: ROUND(never, left == -0.5); break;
    case ROUND_HALF_EVEN: EACH(i) REALS(numbers, i) = (REALS(numbers, i) + whole) - whole; break;
    case ROUND_CEILING: ROUND(left > 0, never); break;
    case ROUND_AWAY_FROM_ZERO: ROUND((left > 0) & (y > 0), (left < 0) & (y < 0)); break;
    case ROUNDING_COUNT: break;
    }
}

VECTOR_CLONES static void limit_many(double *numbers, const double *lo, const double *hi, enum overflow overflow) {
    EACH(i) {
        const reals y = REALS(numbers, i), least = FIXED(lo, i), most = FIXED(hi, i);
        if (overflow == OVERFLOW_WRAP) {
            const reals period = most - least + 1, periods = (y - least) / period, near = (periods + whole) - whole;
            REALS(numbers, i) = y - (near - ONE_WHERE(periods < near)) * period;
        } else if (overflow == OVERFLOW_SATURATE_ZERO) {
            REALS(numbers, i) = CHOOSE((y < least) | (y > most), (reals){0}, y);
        } else {
            const reals raised = CHOOSE(y < least, least, y);
            REALS(numbers, i) = CHOOSE(raised > most, most, raised);
        }
    }
}

/* Whether rounding is exact; a number that is nearly 0 may have lost bits. */
VECTOR_CLONES static bool take_steps(double *numbers, const double *steps, double reach) {
    words wrong = {0};
    EACH(i) {
        const reals x = REALS(numbers, i), y = x * FIXED(steps, i), size = CHOOSE(y < 0, -y, y);
        wrong |= ~(((size >= 0x1p-900) | (x == 0)) & (size <= reach));
        REALS(numbers, i) = y;
    }
    return !(wrong[0] | wrong[1] | wrong[2] | wrong[3]);
}

bool fixed_narrow_many(double numbers[FIXED_MANY], const double steps[FIXED_MANY], const double lo[FIXED_MANY],
                       const double hi[FIXED_MANY], double reach, enum rounding rounding, enum overflow overflow) {
    if (!take_steps(numbers, steps, reach)) return false;
    round_many(numbers, rounding);
    limit_many(numbers, lo, hi, overflow);
    return true;
}

VECTOR_CLONES static void integers_many(const double numbers[FIXED_MANY], int64_t out[FIXED_MANY]) {
    int64_t zero;
    memcpy(&zero, &whole, sizeof zero);
    EACH(i) * (words *)(out + i) = (words)(FIXED(numbers, i) + whole) - zero;
}

/* Clones of clang 14 are found in their own file alone. */
void fixed_integers_many(const double numbers[FIXED_MANY], int64_t out[FIXED_MANY]) {
    integers_many(numbers, out);
}
