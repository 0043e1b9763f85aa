/* Rounding and overflow in emitted C: small static functions, each printed only when it is used.
 * They shift negative numbers right (arithmetically, which the file checks when it is compiled) and
 * never left. */
#include "codegen/c/c.h"

/* Whether the floor goes up by one; rest is what was cut off, one its unit. */
static const char *const round_conditions[ROUNDING_COUNT] = {
    [ROUND_TRUNCATE] = NULL,
    [ROUND_TOWARD_ZERO] = "(x < 0) & (rest != 0)",
    [ROUND_HALF_UP] = "2 * rest >= one",
    [ROUND_HALF_TOWARD_ZERO] = "(2 * rest > one) | ((2 * rest == one) & (x < 0))",
    [ROUND_HALF_AWAY] = "(2 * rest > one) | ((2 * rest == one) & (x >= 0))",
    [ROUND_HALF_DOWN] = "2 * rest > one",
    [ROUND_HALF_EVEN] = "(2 * rest > one) | ((2 * rest == one) & (int)(floor & 1))",
    [ROUND_CEILING] = "rest != 0",
    [ROUND_AWAY_FROM_ZERO] = "(x >= 0) & (rest != 0)",
};

enum { HELPER_ROUND_END = 32, HELPER_WIDE = 16 };

static int bits_of(int helper) {
    if (helper < HELPER_ROUND_END) return helper >= HELPER_WIDE ? 64 : 32;
    return (helper - C_HELPER_OVERFLOW) & 8 ? 64 : 32;
}

static const char *overflow_name(int overflow) {
    return overflow == OVERFLOW_WRAP ? "wrap" : overflow == OVERFLOW_SATURATE_ZERO ? "saturate_zero" : "saturate";
}

static const char *helper_name(struct arena *arena, int helper) {
    if (helper < HELPER_ROUND_END)
        return arena_printf(arena, "round_%s_%d", rounding_names[helper % HELPER_WIDE], bits_of(helper));
    if (helper < C_HELPER_SHIFT)
        return arena_printf(arena, "%s_%d", overflow_name((helper - C_HELPER_OVERFLOW) & 7), bits_of(helper));
    return helper == C_HELPER_REAL ? "from_real"
                                   : arena_printf(arena, "shift_%s", overflow_name(helper - C_HELPER_SHIFT));
}

const char *c_helper(struct c_writer *writer, int helper) {
    int symmetric =
        helper - (int)OVERFLOW_SATURATE_SYMMETRIC + (int)OVERFLOW_SATURATE; /* the caller's limits tell them apart */
    if (helper == C_HELPER_OVERFLOW + OVERFLOW_SATURATE_SYMMETRIC ||
        helper == C_HELPER_OVERFLOW + 8 + OVERFLOW_SATURATE_SYMMETRIC ||
        helper == C_HELPER_SHIFT + OVERFLOW_SATURATE_SYMMETRIC)
        helper = symmetric;
    writer->helpers[helper] = true;
    return helper_name(writer->arena, helper);
}

static void print_round(struct strbuf *out, struct arena *arena, int helper) {
    const char *condition = round_conditions[helper % HELPER_WIDE];
    int bits = bits_of(helper);
    strbuf_printf(out, "\n/* x * 2^-drop, rounded: %s */\nstatic int%d_t %s(int%d_t x, int drop) {\n",
                  rounding_names[helper % HELPER_WIDE], bits, helper_name(arena, helper), bits);
    if (bits == 64) /* beyond 62 bits only the sign and whether anything is there matter */
        strbuf_append(out, "    if (drop > 62) {\n        x = (x >> 8) | ((x & 255) != 0);\n"
                           "        drop = drop > 70 ? 62 : drop - 8;\n    }\n");
    if (!condition) {
        strbuf_append(out, "    return x >> drop;\n}\n");
        return;
    }
    strbuf_printf(
        out,
        "    const int%d_t floor = x >> drop, one = (int%d_t)1 << drop, rest = x & (one - 1);\n    return floor + (%s);\n}\n",
        bits, bits, condition);
}

static void print_overflow(struct strbuf *out, struct arena *arena, int helper) {
    int overflow = (helper - C_HELPER_OVERFLOW) & 7, bits = bits_of(helper);
    const char *name = helper_name(arena, helper);
    if (overflow == OVERFLOW_WRAP) {
        strbuf_append(out,
                      "\n/* The low bits of x, those of mask; half is their sign's bit, or 0 where they have none. */");
        strbuf_printf(out, "\nstatic int%d_t %s(int%d_t x, uint%d_t half, uint%d_t mask) {\n", bits, name, bits, bits,
                      bits);
        strbuf_printf(out, "    return (int%d_t)((((uint%d_t)x + half) & mask) - half);\n}\n", bits, bits);
        return;
    }
    strbuf_printf(out, "\n/* x where it lies in [lo, hi], else %s. */",
                  overflow == OVERFLOW_SATURATE_ZERO ? "0" : "the nearer end");
    strbuf_printf(
        out, "\nstatic int%d_t %s(int%d_t x, int%d_t lo, int%d_t hi) {\n    return x < lo ? %s : x > hi ? %s : x;\n}\n",
        bits, name, bits, bits, bits, overflow == OVERFLOW_SATURATE_ZERO ? "0" : "lo",
        overflow == OVERFLOW_SATURATE_ZERO ? "0" : "hi");
}

/* x * 2^shift limited to [lo, hi], where the product may not fit 64 bits. */
static void print_shift(struct strbuf *out, struct arena *arena, int helper) {
    bool zero = helper - C_HELPER_SHIFT == OVERFLOW_SATURATE_ZERO;
    strbuf_printf(
        out,
        "\n/* x * 2^shift, likewise, whatever its size. */\nstatic int64_t %s(int64_t x, int shift, int64_t lo, int64_t hi) {\n"
        "    if (x > hi >> shift) return %s;\n"
        "    if (x < (lo + (INT64_MAX >> (63 - shift))) >> shift) return %s;\n"
        "    return (int64_t)((uint64_t)x << shift);\n}\n",
        helper_name(arena, helper), zero ? "0" : "hi", zero ? "0" : "lo");
}

void c_print_helpers(const struct c_writer *writer, struct strbuf *out) {
    strbuf_append(out, "/* Negative numbers must shift right arithmetically. */\n"
                       "typedef char shifts_are_arithmetic[(-1 >> 1) == -1 ? 1 : -1];\n");
    for (int helper = 0; helper < C_HELPER_REAL; helper++) {
        if (!writer->helpers[helper]) continue;
        if (helper < HELPER_ROUND_END)
            print_round(out, writer->arena, helper);
        else if (helper < C_HELPER_SHIFT)
            print_overflow(out, writer->arena, helper);
        else
            print_shift(out, writer->arena, helper);
    }
}
