/* Fixed-point arithmetic, the one definition (NUMERICS). */
#ifndef BXC_IR_FIXED_H
#define BXC_IR_FIXED_H

#include <stdbool.h>
#include <stdint.h>

#include "ir/strbuf.h"

/* A stored integer m stands for m * 2^-fraction. width 0 is the constant 0. At most 64 bits. */
struct format {
    bool is_signed;
    int16_t width;
    int16_t fraction; /* may be negative or exceed width */
};

enum rounding {
    ROUND_TRUNCATE,         /* floor(q)              AP_TRN, QONNX FLOOR */
    ROUND_TOWARD_ZERO,      /* trunc(q)              AP_TRN_ZERO, QONNX DOWN */
    ROUND_HALF_UP,          /* floor(q + 1/2)        AP_RND */
    ROUND_HALF_TOWARD_ZERO, /* ties toward zero      AP_RND_ZERO, QONNX HALF_DOWN */
    ROUND_HALF_AWAY,        /* ties away from zero   AP_RND_INF, QONNX HALF_UP */
    ROUND_HALF_DOWN,        /* ceil(q - 1/2)         AP_RND_MIN_INF */
    ROUND_HALF_EVEN,        /* ties to even          AP_RND_CONV, QONNX ROUND */
    ROUND_CEILING,          /* ceil(q)               QONNX CEIL */
    ROUND_AWAY_FROM_ZERO,   /* away from zero        QONNX UP */
    ROUNDING_COUNT
};

enum overflow {
    OVERFLOW_WRAP,               /* keep the low bits          AP_WRAP */
    OVERFLOW_SATURATE,           /* clamp to [min, max]        AP_SAT */
    OVERFLOW_SATURATE_ZERO,      /* 0 when out of range        AP_SAT_ZERO */
    OVERFLOW_SATURATE_SYMMETRIC, /* clamp to [-max, max]       AP_SAT_SYM */
    OVERFLOW_COUNT
};

extern const char *const rounding_names[ROUNDING_COUNT]; /* "truncate", "half_even", ... */
extern const char *const overflow_names[OVERFLOW_COUNT]; /* "wrap", "saturate", ... */

struct interval {
    int128 lo, hi;
};

int64_t format_min(struct format format); /* uint64 formats of width 64 are not supported: width <= 63 unsigned */
int64_t format_max(struct format format);
struct interval format_interval(struct format format);
bool format_equal(struct format a, struct format b);
struct interval fixed_range(struct format format, enum overflow overflow); /* what overflow leaves */
/* The narrowest format of this fraction that holds the interval; unsigned when lo >= 0; width 0
 * for [0, 0]. Width is above 64 when it does not fit: callers must diagnose. */
struct format format_for(struct interval interval, int fraction);
/* "fixed<16,6>", "ufixed<8,0>" (ap_fixed's W,I), or text form "s16f10", "u8f8". */
bool format_parse(const char *text, struct format *format);
void format_print(struct strbuf *out, struct format format); /* text form */

/* m * 2^-drop as an integer; drop <= 0 shifts left. */
int128 fixed_round(int128 value, int drop, enum rounding rounding);
int64_t fixed_overflow(int128 value, struct format format, enum overflow overflow);
/* value has fraction `from`; first round at full width, then overflow. */
int64_t fixed_narrow(int128 value, int from, struct format format, enum rounding rounding, enum overflow overflow);
/* The stored integer of a real number, exactly; false for NaN. Infinities saturate, and wrap to 0. */
bool fixed_from_real(double real, struct format format, enum rounding rounding, enum overflow overflow, int64_t *out);
/* Whether it rounds to one of the format's numbers, so that no rule of overflow matters. */
bool fixed_holds(double real, struct format format, enum rounding rounding);
double fixed_to_real(int64_t value, int fraction);
/* What narrowing can give for operands in an interval; sound, and exact for wraps that stay in one period. */
struct interval fixed_narrow_interval(struct interval interval, int from, struct format format, enum rounding rounding,
                                      enum overflow overflow);
bool interval_fits(struct interval interval, struct format format);
struct interval interval_join(struct interval a, struct interval b); /* the least one that holds both */

#endif
