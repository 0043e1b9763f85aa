/* Fixed-point arithmetic against a definition of its own: rational numbers n/d and a search for the
 * nearest integer, in every rounding and overflow mode, exhaustively at small widths. */
#include "ir/context.h"
#include "ir/fixed.h"
#include "tests/test.h"

#include <math.h>

/* ---- the independent definition ---- */

static long magnitude(long x) {
    return x < 0 ? -x : x;
}

/* The integers next to n/d, d > 0: *below <= n/d <= *above. */
static void neighbours(long n, long d, long *below, long *above) {
    long c = n / d - 2;
    while ((c + 1) * d <= n) c++;
    *below = c;
    *above = c * d == n ? c : c + 1;
}

static long defined_rounding(long n, long d, enum rounding rounding) {
    long below, above;
    neighbours(n, d, &below, &above);
    long to_below = magnitude(n - below * d), to_above = magnitude(above * d - n);
    bool tie = to_below == to_above && below != above;
    long nearest = to_below <= to_above ? below : above;
    long inner = n >= 0 ? below : above, outer = n >= 0 ? above : below;
    switch (rounding) {
    case ROUND_TRUNCATE: return below;
    case ROUND_CEILING: return above;
    case ROUND_TOWARD_ZERO: return inner;
    case ROUND_AWAY_FROM_ZERO: return outer;
    case ROUND_HALF_UP: return tie ? above : nearest;
    case ROUND_HALF_DOWN: return tie ? below : nearest;
    case ROUND_HALF_TOWARD_ZERO: return tie ? inner : nearest;
    case ROUND_HALF_AWAY: return tie ? outer : nearest;
    case ROUND_HALF_EVEN: return !tie ? nearest : below % 2 == 0 ? below : above;
    case ROUNDING_COUNT: break;
    }
    return 0;
}

static void defined_range(struct format format, long *low, long *high) {
    long power = 1;
    for (int i = 0; i < format.width; i++) power *= 2;
    *low = format.is_signed && format.width ? -power / 2 : 0;
    *high = format.width == 0 ? 0 : format.is_signed ? power / 2 - 1 : power - 1;
}

static long defined_overflow(long value, struct format format, enum overflow overflow) {
    long low, high;
    defined_range(format, &low, &high);
    if (overflow == OVERFLOW_SATURATE_SYMMETRIC && format.is_signed)
        low = -high; /* an unsigned format has nothing below 0 to be symmetric to */
    if (value >= low && value <= high) return value;
    if (overflow == OVERFLOW_WRAP) {
        long period = high - low + 1;
        while (value < low) value += period;
        while (value > high) value -= period;
        return value;
    }
    if (overflow == OVERFLOW_SATURATE_ZERO) return 0;
    return value > high ? high : low;
}

/* n * 2^-from to the format: first round, then overflow. */
static long defined_narrow(long n, int from, struct format format, enum rounding rounding, enum overflow overflow) {
    long numerator = n, denominator = 1;
    for (int i = format.fraction; i < from; i++) denominator *= 2;
    for (int i = from; i < format.fraction; i++) numerator *= 2;
    return defined_overflow(defined_rounding(numerator, denominator, rounding), format, overflow);
}

/* ---- tests ---- */

static void rounding_is_as_defined(void) {
    for (int rounding = 0; rounding < ROUNDING_COUNT; rounding++)
        for (int drop = -2; drop <= 9; drop++)
            for (long n = -1300; n <= 1300; n++) {
                long expected = drop < 0 ? n * (1L << -drop) : defined_rounding(n, 1L << drop, (enum rounding)rounding);
                CHECK_EQ(fixed_round(n, drop, (enum rounding)rounding), expected);
            }
}

static void overflow_is_as_defined(void) {
    for (int overflow = 0; overflow < OVERFLOW_COUNT; overflow++)
        for (int width = 0; width <= 7; width++)
            for (int is_signed = 0; is_signed < 2; is_signed++)
                for (long value = -400; value <= 400; value++) {
                    struct format format = {is_signed, (int16_t)width, 0};
                    CHECK_EQ(fixed_overflow(value, format, (enum overflow)overflow),
                             defined_overflow(value, format, (enum overflow)overflow));
                }
}

/* Calls check for small formats in every mode. */
static bool for_all_modes(int width_max, bool (*check)(int from, struct format, enum rounding, enum overflow)) {
    for (int rounding = 0; rounding < ROUNDING_COUNT; rounding++)
        for (int overflow = 0; overflow < OVERFLOW_COUNT; overflow++)
            for (int width = 0; width <= width_max; width++)
                for (int fraction = -2; fraction <= 3; fraction++)
                    for (int from = -1; from <= 3; from++)
                        for (int is_signed = 0; is_signed < 2; is_signed++) {
                            struct format format = {is_signed, (int16_t)width, (int16_t)fraction};
                            if (!check(from, format, (enum rounding)rounding, (enum overflow)overflow)) {
                                printf("# %s %s width %d fraction %d from %d signed %d\n", rounding_names[rounding],
                                       overflow_names[overflow], width, fraction, from, is_signed);
                                return false;
                            }
                        }
    return true;
}

static bool narrow_agrees(int from, struct format format, enum rounding rounding, enum overflow overflow) {
    for (long n = -70; n <= 70; n++) {
        int64_t real_result, expected = defined_narrow(n, from, format, rounding, overflow);
        if (fixed_narrow(n, from, format, rounding, overflow) != expected) return false;
        if (!fixed_from_real(ldexp((double)n, -from), format, rounding, overflow, &real_result) ||
            real_result != expected)
            return false;
        long whole = defined_narrow(n, from, (struct format){true, 20, format.fraction}, rounding, overflow);
        bool holds = whole >= format_min(format) && whole <= format_max(format);
        if (fixed_holds(ldexp((double)n, -from), format, rounding) != holds) return false;
    }
    return true;
}

static void narrowing_is_as_defined(void) {
    CHECK(for_all_modes(5, narrow_agrees));
}

enum { SPAN = 20 };

/* Sound for every interval; the same as the true one unless values wrap apart or fall to zero. */
static bool interval_agrees(int from, struct format format, enum rounding rounding, enum overflow overflow) {
    for (long lo = -SPAN; lo <= SPAN; lo++) {
        long least = 0, most = 0;
        bool in_range = true;
        for (long hi = lo; hi <= SPAN; hi++) {
            struct format wide = {true, 40, format.fraction};
            long result = defined_narrow(hi, from, format, rounding, overflow);
            in_range = in_range && result == defined_narrow(hi, from, wide, rounding, overflow);
            least = hi == lo || result < least ? result : least;
            most = hi == lo || result > most ? result : most;
            struct interval found = fixed_narrow_interval((struct interval){lo, hi}, from, format, rounding, overflow);
            bool clamps = overflow == OVERFLOW_SATURATE || overflow == OVERFLOW_SATURATE_SYMMETRIC;
            if (found.lo > least || found.hi < most || !interval_fits(found, format)) return false;
            if ((in_range || clamps || lo == hi) && (found.lo != least || found.hi != most)) return false;
        }
    }
    return true;
}

static void intervals_are_sound_and_tight(void) {
    CHECK(for_all_modes(4, interval_agrees));
}

static void wraps_in_one_period_are_exact(void) {
    struct format format = {true, 4, 0}; /* -8 .. 7 */
    struct interval found = fixed_narrow_interval((struct interval){18, 22}, 0, format, ROUND_TRUNCATE, OVERFLOW_WRAP);
    CHECK(found.lo == 2 && found.hi == 6);
    found = fixed_narrow_interval((struct interval){18, 24}, 0, format, ROUND_TRUNCATE, OVERFLOW_WRAP);
    CHECK(found.lo == -8 && found.hi == 7);
}

static void wide_values_round_exactly(void) {
    int128 least = (int128)((uint128)1 << 127);
    for (int rounding = 0; rounding < ROUNDING_COUNT; rounding++) {
        long half = defined_rounding(-1, 2, (enum rounding)rounding),
             bit = defined_rounding(-1, 4, (enum rounding)rounding);
        CHECK_EQ(fixed_round(least, 128, (enum rounding)rounding), half);
        CHECK_EQ(fixed_round(least, 129, (enum rounding)rounding), bit);
        CHECK_EQ(fixed_round(least + 1, 128, (enum rounding)rounding), bit);
        CHECK_EQ(fixed_round(~least, 128, (enum rounding)rounding), defined_rounding(1, 4, (enum rounding)rounding));
        CHECK_EQ(fixed_round(0, 500, (enum rounding)rounding), 0);
        CHECK_EQ(fixed_round(least, 127, (enum rounding)rounding), -1);
    }
    CHECK(fixed_round(1, -126, ROUND_TRUNCATE) == (int128)1 << 126);
    CHECK(fixed_round(-1, -127, ROUND_TRUNCATE) == least);
    CHECK(fixed_round(3, -127, ROUND_TRUNCATE) == ~least); /* stays at the end */
}

static int64_t from_real(double real, struct format format, enum rounding rounding, enum overflow overflow) {
    int64_t result = -999;
    return fixed_from_real(real, format, rounding, overflow, &result) ? result : -999;
}

static void real_numbers_round_once(void) {
    struct format wide = {true, 64, 0}, fine = {true, 64, 62}, small = {true, 8, 0};
    CHECK_EQ(from_real(nextafter(0.5, 0), small, ROUND_HALF_UP, OVERFLOW_WRAP), 0); /* x + 0.5 would round to 1 */
    CHECK_EQ(from_real(4503599627370497.5, wide, ROUND_HALF_EVEN, OVERFLOW_WRAP), 4503599627370498);
    CHECK_EQ(from_real(4503599627370496.5, wide, ROUND_HALF_EVEN, OVERFLOW_WRAP), 4503599627370496);
    CHECK_EQ(from_real(-9223372036854775808.0, wide, ROUND_TRUNCATE, OVERFLOW_SATURATE), INT64_MIN);
    CHECK_EQ(from_real(9223372036854775808.0, wide, ROUND_TRUNCATE, OVERFLOW_SATURATE), INT64_MAX);
    CHECK_EQ(from_real(9223372036854775808.0, wide, ROUND_TRUNCATE, OVERFLOW_WRAP), INT64_MIN);
    CHECK_EQ(from_real(1.5, fine, ROUND_TRUNCATE, OVERFLOW_WRAP), 3LL << 61);
    CHECK_EQ(from_real(-2.0, fine, ROUND_TRUNCATE, OVERFLOW_WRAP), INT64_MIN);
    CHECK_EQ(from_real(5e-324, small, ROUND_CEILING, OVERFLOW_WRAP), 1);
    CHECK_EQ(from_real(-5e-324, small, ROUND_TRUNCATE, OVERFLOW_WRAP), -1);
    CHECK_EQ(from_real(-5e-324, small, ROUND_HALF_AWAY, OVERFLOW_WRAP), 0);
    CHECK_EQ(from_real(1e300, small, ROUND_HALF_EVEN, OVERFLOW_WRAP), 0);
    CHECK_EQ(from_real(1e300, small, ROUND_HALF_EVEN, OVERFLOW_SATURATE), 127);
    CHECK_EQ(from_real(-1e300, small, ROUND_HALF_EVEN, OVERFLOW_SATURATE_SYMMETRIC), -127);
    CHECK_EQ(from_real((double)INFINITY, small, ROUND_TRUNCATE, OVERFLOW_SATURATE), 127);
    CHECK_EQ(from_real((double)-INFINITY, small, ROUND_TRUNCATE, OVERFLOW_SATURATE), -128);
    CHECK_EQ(from_real((double)INFINITY, small, ROUND_TRUNCATE, OVERFLOW_WRAP), 0);
    CHECK_EQ(from_real((double)-INFINITY, small, ROUND_TRUNCATE, OVERFLOW_SATURATE_ZERO), 0);
    int64_t unused;
    CHECK(!fixed_from_real((double)NAN, small, ROUND_TRUNCATE, OVERFLOW_WRAP, &unused));
    CHECK(!fixed_holds((double)NAN, small, ROUND_TRUNCATE));
    CHECK(!fixed_holds((double)-INFINITY, small, ROUND_TRUNCATE));
    CHECK(!fixed_holds(-2.5, fine, ROUND_TRUNCATE) && fixed_holds(1.5, fine, ROUND_TRUNCATE));
    CHECK(fixed_to_real(-3, 2) == -0.75);
}

static void formats_hold_their_intervals(void) {
    for (int lo = -70; lo <= 70; lo++)
        for (int hi = lo; hi <= 70; hi++) {
            struct interval interval = {lo, hi};
            struct format format = format_for(interval, 3);
            CHECK(interval_fits(interval, format) && format.fraction == 3 && format.is_signed == (lo < 0));
            CHECK(format.width > 0 || (lo == 0 && hi == 0));
            struct format less = {format.is_signed, (int16_t)(format.width - 1), 3};
            CHECK(format.width == 0 || !interval_fits(interval, less));
        }
    CHECK_EQ(format_for((struct interval){INT64_MIN, 0}, 0).width, 64);
    CHECK_EQ(format_for((struct interval){-1, (int128)1 << 63}, 0).width, 65);
    CHECK_EQ(format_max((struct format){false, 63, 0}), INT64_MAX);
}

static bool is_interval(struct interval interval, int lo, int hi) {
    return interval.lo == lo && interval.hi == hi;
}

static void intervals_are_joined(void) {
    CHECK(is_interval(format_interval((struct format){true, 4, 9}), -8, 7));
    CHECK(is_interval(format_interval((struct format){false, 4, -2}), 0, 15));
    CHECK(is_interval(format_interval((struct format){true, 0, 1}), 0, 0));
    CHECK(is_interval(interval_join((struct interval){-3, -2}, (struct interval){5, 6}), -3, 6));
    CHECK(is_interval(interval_join((struct interval){5, 6}, (struct interval){-3, 9}), -3, 9));
    CHECK(is_interval(interval_join((struct interval){-4, 9}, (struct interval){2, 3}), -4, 9));
}

static void formats_are_read_and_printed(void) {
    static const struct {
        const char *text, *printed; /* NULL: refused */
    } cases[] = {{"fixed<16,6>", "s16f10"},
                 {"ufixed<8,0>", "u8f8"},
                 {"fixed<4,-3>", "s4f7"},
                 {"fixed<4, 9>", "s4f-5"},
                 {"s16f10", "s16f10"},
                 {"u8f8", "u8f8"},
                 {"s3f-2", "s3f-2"},
                 {"u0f0", "u0f0"},
                 {"s64f0", "s64f0"},
                 {"u64f0", NULL},
                 {"s65f0", NULL},
                 {"fixed<65,1>", NULL},
                 {"fixed<16,6", NULL},
                 {"", NULL},
                 {"s", NULL},
                 {"s8", NULL},
                 {"s8f", NULL},
                 {"s8f1x", NULL},
                 {"fixed<99999999999999999999,1>", NULL},
                 {"s-1f0", NULL}};
    struct bxc_context *context = context_new();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct format format;
        struct strbuf out = strbuf_new(context->arena);
        bool known = format_parse(cases[i].text, &format);
        if (known) format_print(&out, format);
        if (known != (cases[i].printed != NULL) || (known && strcmp(out.data, cases[i].printed) != 0)) {
            test_fail(__FILE__, __LINE__, "'%s' is read as '%s'", cases[i].text, out.data);
            break;
        }
    }
    context_free(context);
}

int main(void) {
    RUN(rounding_is_as_defined);
    RUN(overflow_is_as_defined);
    RUN(narrowing_is_as_defined);
    RUN(intervals_are_sound_and_tight);
    RUN(wraps_in_one_period_are_exact);
    RUN(wide_values_round_exactly);
    RUN(real_numbers_round_once);
    RUN(formats_hold_their_intervals);
    RUN(intervals_are_joined);
    RUN(formats_are_read_and_printed);
    TEST_EXIT();
}
