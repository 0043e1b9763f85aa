/* Fixed-point arithmetic: the one definition of rounding and overflow (integers only, exact).
 *
 * Narrowing is two steps: round at full width, then overflow. Everything else in bxc that rounds
 * is tested against this file, and this file against rational arithmetic (tests/unit/fixed.c). */
#include "ir/context.h"
#include "ir/fixed.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

const char *const rounding_names[ROUNDING_COUNT] = {[ROUND_TRUNCATE] = "truncate",
                                                    [ROUND_TOWARD_ZERO] = "toward_zero",
                                                    [ROUND_HALF_UP] = "half_up",
                                                    [ROUND_HALF_TOWARD_ZERO] = "half_toward_zero",
                                                    [ROUND_HALF_AWAY] = "half_away",
                                                    [ROUND_HALF_DOWN] = "half_down",
                                                    [ROUND_HALF_EVEN] = "half_even",
                                                    [ROUND_CEILING] = "ceiling",
                                                    [ROUND_AWAY_FROM_ZERO] = "away_from_zero"};

const char *const overflow_names[OVERFLOW_COUNT] = {[OVERFLOW_WRAP] = "wrap",
                                                    [OVERFLOW_SATURATE] = "saturate",
                                                    [OVERFLOW_SATURATE_ZERO] = "saturate_zero",
                                                    [OVERFLOW_SATURATE_SYMMETRIC] = "saturate_symmetric"};

static const int128 int128_max = (int128)((uint128)-1 >> 1);

/* ---- formats ---- */

int64_t format_min(struct format format) {
    if (!format.is_signed || format.width <= 0) return 0;
    return format.width >= 64 ? INT64_MIN : -((int64_t)1 << (format.width - 1));
}

int64_t format_max(struct format format) {
    int magnitude = format.width - (format.is_signed ? 1 : 0);
    if (format.width <= 0) return 0;
    return magnitude >= 63 ? INT64_MAX : ((int64_t)1 << magnitude) - 1;
}

struct interval format_interval(struct format format) {
    return (struct interval){format_min(format), format_max(format)};
}

bool format_equal(struct format a, struct format b) {
    return a.is_signed == b.is_signed && a.width == b.width && a.fraction == b.fraction;
}

/* Bits of a magnitude. */
static int bit_length(uint128 value) {
    int length = 0;
    for (; value; value >>= 1) length++;
    return length;
}

struct format format_for(struct interval interval, int fraction) {
    struct format format = {.is_signed = interval.lo < 0, .fraction = (int16_t)fraction};
    int high = interval.hi > 0 ? bit_length((uint128)interval.hi) : 0;
    int low = interval.lo < 0 ? bit_length(~(uint128)interval.lo) : 0; /* -2^k needs k bits and the sign */
    format.width = (int16_t)((high > low ? high : low) + format.is_signed);
    return format;
}

bool interval_fits(struct interval interval, struct format format) {
    return interval.lo >= format_min(format) && interval.hi <= format_max(format);
}

struct interval interval_join(struct interval a, struct interval b) {
    return (struct interval){a.lo < b.lo ? a.lo : b.lo, a.hi > b.hi ? a.hi : b.hi};
}

void format_print(struct strbuf *out, struct format format) {
    strbuf_printf(out, "%c%df%d", format.is_signed ? 's' : 'u', format.width, format.fraction);
}

/* A small decimal number; advances *text. */
static bool parse_number(const char **text, long limit, long *number) {
    const char *at = *text;
    bool negative = *at == '-';
    long value = 0;
    at += negative;
    if (*at < '0' || *at > '9') return false;
    for (; *at >= '0' && *at <= '9'; at++)
        if ((value = value * 10 + (*at - '0')) > limit) return false;
    *number = negative ? -value : value;
    *text = at;
    return true;
}

static bool format_set(struct format *format, bool is_signed, long width, long fraction) {
    if (width < 0 || width > (is_signed ? 64 : 63)) return false;
    *format = (struct format){is_signed, (int16_t)width, (int16_t)fraction};
    return true;
}

bool format_parse(const char *text, struct format *format) {
    enum { FRACTION_LIMIT = 4096 };
    long width, other;
    bool is_signed = *text != 'u';
    if (*text == 's' || (*text == 'u' && text[1] != 'f')) {
        text++;
        return parse_number(&text, 64, &width) && *text++ == 'f' && parse_number(&text, FRACTION_LIMIT, &other) &&
               *text == 0 && format_set(format, is_signed, width, other);
    }
    text += !is_signed;
    if (strncmp(text, "fixed<", 6) != 0) return false;
    text += 6;
    if (!parse_number(&text, 64, &width) || *text++ != ',') return false;
    text += *text == ' ';
    return parse_number(&text, FRACTION_LIMIT, &other) && strcmp(text, ">") == 0 &&
           format_set(format, is_signed, width, width - other);
}

/* ---- rounding ---- */

/* Whether the floor must go up by one, given what was cut off compared with one half (-1, 0, 1). */
static bool rounds_up(enum rounding rounding, bool negative, bool odd, bool exact, int against_half) {
    switch (rounding) {
    case ROUND_TRUNCATE: return false;
    case ROUND_TOWARD_ZERO: return negative && !exact;
    case ROUND_HALF_UP: return against_half >= 0;
    case ROUND_HALF_TOWARD_ZERO: return against_half > 0 || (against_half == 0 && negative);
    case ROUND_HALF_AWAY: return against_half > 0 || (against_half == 0 && !negative);
    case ROUND_HALF_DOWN: return against_half > 0;
    case ROUND_HALF_EVEN: return against_half > 0 || (against_half == 0 && odd);
    case ROUND_CEILING: return !exact;
    case ROUND_AWAY_FROM_ZERO: return !negative && !exact;
    case ROUNDING_COUNT: break;
    }
    return false;
}

/* Left shift that stays at the ends of 128 bits when the result leaves them. */
static int128 shift_left(int128 value, int by) {
    int room = 127 - bit_length(value < 0 ? ~(uint128)value : (uint128)value);
    if (value == 0 || by <= room) return value == 0 ? 0 : (int128)((uint128)value << by);
    return value < 0 ? -int128_max - 1 : int128_max;
}

/* The magnitude is at most one half: the floor is 0 or -1. */
static int128 round_to_sign(int128 value, int drop, enum rounding rounding) {
    bool negative = value < 0;
    int against_half = negative ? 1 : -1;
    if (drop == 128 && value < -int128_max) against_half = 0;
    return (negative ? -1 : 0) + rounds_up(rounding, negative, negative, value == 0, against_half);
}

int128 fixed_round(int128 value, int drop, enum rounding rounding) {
    if (drop <= 0) return shift_left(value, -drop);
    bool negative = value < 0;
    if (drop > 127) return round_to_sign(value, drop, rounding);
    int128 quotient = value >> drop;
    uint128 rest = (uint128)value & (((uint128)1 << drop) - 1);
    uint128 half = (uint128)1 << (drop - 1);
    int against_half = rest < half ? -1 : rest > half;
    return quotient + rounds_up(rounding, negative, (quotient & 1) != 0, rest == 0, against_half);
}

/* ---- overflow ---- */

/* The low bits of a number, read by the format. */
static int64_t low_bits(uint128 value, struct format format) {
    if (format.width <= 0) return 0;
    if (format.width >= 64) return (int64_t)(uint64_t)value;
    uint64_t bits = (uint64_t)value & (((uint64_t)1 << format.width) - 1);
    if (format.is_signed && bits >> (format.width - 1)) bits |= ~(uint64_t)0 << format.width;
    return (int64_t)bits;
}

int64_t fixed_overflow(int128 value, struct format format, enum overflow overflow) {
    int64_t low = format_min(format), high = format_max(format);
    if (overflow == OVERFLOW_WRAP) return low_bits((uint128)value, format);
    if (overflow == OVERFLOW_SATURATE_SYMMETRIC && low < 0) low = -high;
    if (value >= low && value <= high) return (int64_t)value;
    if (overflow == OVERFLOW_SATURATE_ZERO) return 0;
    return value < low ? low : high;
}

int64_t fixed_narrow(int128 value, int from, struct format format, enum rounding rounding, enum overflow overflow) {
    int drop = from - format.fraction;
    if (drop <= 0 && overflow == OVERFLOW_WRAP) /* the bits that are kept, whatever leaves 128 */
        return -drop >= 64 ? 0 : low_bits((uint128)value << -drop, format);
    return fixed_overflow(fixed_round(value, drop, rounding), format, overflow);
}

/* ---- real numbers ---- */

bool fixed_from_real(double real, struct format format, enum rounding rounding, enum overflow overflow, int64_t *out) {
    int exponent = 0;
    if (isnan(real)) return false;
    if (isinf(real)) {
        int128 beyond = real > 0 ? int128_max : -int128_max;
        *out = overflow == OVERFLOW_WRAP ? 0 : fixed_overflow(beyond, format, overflow);
        return true;
    }
    int64_t mantissa = (int64_t)ldexp(frexp(real, &exponent), 53); /* a whole number of at most 53 bits */
    *out = fixed_narrow(mantissa, 53 - exponent, format, rounding, overflow);
    return true;
}

bool fixed_holds(double real, struct format format, enum rounding rounding) {
    double steps = ldexp(real, format.fraction);
    const struct format widest = {true, 64, format.fraction};
    int64_t code;
    return steps >= -0x1p63 && steps < 0x1p63 && fixed_from_real(real, widest, rounding, OVERFLOW_SATURATE, &code) &&
           code >= format_min(format) && code <= format_max(format);
}

double fixed_to_real(int64_t value, int fraction) {
    return ldexp((double)value, -fraction);
}

/* ---- intervals ---- */

struct interval fixed_range(struct format format, enum overflow overflow) {
    struct interval range = format_interval(format);
    if (overflow == OVERFLOW_SATURATE_SYMMETRIC && range.lo < 0) range.lo = -range.hi;
    return range;
}

struct interval fixed_narrow_interval(struct interval interval, int from, struct format format, enum rounding rounding,
                                      enum overflow overflow) {
    int drop = from - format.fraction;
    struct interval rounded = {fixed_round(interval.lo, drop, rounding), fixed_round(interval.hi, drop, rounding)};
    struct interval range = fixed_range(format, overflow);
    struct interval ends = {fixed_narrow(interval.lo, from, format, rounding, overflow),
                            fixed_narrow(interval.hi, from, format, rounding, overflow)};
    bool below = rounded.lo<range.lo, above = rounded.hi> range.hi;
    if (overflow == OVERFLOW_SATURATE_ZERO && (below || above)) {
        struct interval kept = {below ? range.lo : rounded.lo, above ? range.hi : rounded.hi};
        if (kept.lo > kept.hi) /* everything is out of range */
            return (struct interval){0, 0};
        return (struct interval){kept.lo < 0 ? kept.lo : 0, kept.hi > 0 ? kept.hi : 0};
    }
    if (overflow != OVERFLOW_WRAP || (!below && !above)) return ends;
    /* A wrap stays in one period when both ends move by the same multiple of it. */
    bool saturated = rounded.lo <= -int128_max || rounded.hi >= int128_max;
    uint128 moved_low = (uint128)rounded.lo - (uint128)ends.lo, moved_high = (uint128)rounded.hi - (uint128)ends.hi;
    return !saturated && moved_low == moved_high ? ends : range;
}
