/* Limits as tests of the sign and of the bits above the result, where the limits are powers of two (ReLU,
 * saturation to a format); comparisons with constants elsewhere.
 */
#include "codegen/verilog/verilog.h"

struct clamp {
    struct module *module;
    const struct wire *wire, *operand;
    struct signal signal;
    int width, bits; /* of operand and result */
    bool low, high;  /* which limits can be hit */
};

/* n for 2^n - 1, else -1. */
static int exponent_of_mask(int64_t value) {
    for (int n = 0; n < 63; n++)
        if (value == (int64_t)low_bits(n)) return n;
    return -1;
}

static const char *operand_low(const struct clamp *c) {
    return bits_text(c->module, c->signal, 0, c->bits);
}

static const char *limit(const struct clamp *c, int64_t value) {
    return literal_text(c->module->plan->arena, c->bits, (uint64_t)value);
}

static const char *sign_text(const struct clamp *c) {
    return bits_text(c->module, c->signal, c->width - 1, 1);
}

/* The magnitude bits from n up, without the sign. */
static const char *bits_above(const struct clamp *c, int n) {
    int top = c->width - (wire_is_signed(c->operand) ? 1 : 0);
    return bits_text(c->module, c->signal, n, top - n);
}

static const char *repeated(const struct clamp *c, int count, const char *bit) {
    return count == 1 ? bit : arena_printf(c->module->plan->arena, "{%d{%s}}", count, bit);
}

/* max(a, 0), and both limits of an unsigned format. As a multiplexer with 0, which costs nothing where a
 * register follows: it becomes that register's synchronous reset. */
static const char *clamp_unsigned(const struct clamp *c, int n) {
    struct arena *arena = c->module->plan->arena;
    const char *value = operand_low(c);
    if (c->high)
        value =
            arena_printf(arena, "%s | %s", repeated(c, c->bits, arena_printf(arena, "(|%s)", bits_above(c, n))), value);
    if (!c->low) return value;
    return arena_printf(arena, "%s ? %s : %s", sign_text(c), limit(c, 0), value);
}

/* Both limits of a signed format of n + 1 bits. */
static const char *clamp_signed(const struct clamp *c, int n) {
    struct arena *arena = c->module->plan->arena;
    const char *above = bits_text(c->module, c->signal, n, c->width - n), *sign = sign_text(c);
    const char *extreme = arena_printf(arena, "~%s", sign);
    if (c->bits <= n)
        extreme = repeated(c, c->bits, extreme);
    else
        extreme = arena_printf(arena, "{%s, %s}", repeated(c, c->bits - n, sign), repeated(c, n, extreme));
    return arena_printf(arena, "((&%s) | (~|%s)) ? %s : %s", above, above, operand_low(c), extreme);
}

/* Only one limit, a power of two, of a signed operand. */
static const char *clamp_one_side(const struct clamp *c, int n) {
    struct arena *arena = c->module->plan->arena;
    if (c->high) {
        const char *over = arena_printf(arena, "(|%s)", bits_above(c, n));
        if (wire_is_signed(c->operand)) over = arena_printf(arena, "(~%s & %s)", sign_text(c), over);
        return arena_printf(arena, "%s ? %s : %s", over, limit(c, c->wire->clamp_hi), operand_low(c));
    }
    return arena_printf(arena, "(%s & ~(&%s)) ? %s : %s", sign_text(c), bits_above(c, n), limit(c, c->wire->clamp_lo),
                        operand_low(c));
}

static const char *compare(const struct clamp *c, const char *symbol, int64_t value) {
    struct arena *arena = c->module->plan->arena;
    const char *operand = bits_text(c->module, c->signal, 0, c->width);
    const char *constant = literal_text(arena, c->width, (uint64_t)value);
    if (wire_is_signed(c->operand))
        return arena_printf(arena, "($signed(%s) %s $signed(%s))", operand, symbol, constant);
    return arena_printf(arena, "(%s %s %s)", operand, symbol, constant);
}

static const char *clamp_general(const struct clamp *c) {
    struct arena *arena = c->module->plan->arena;
    const char *value = operand_low(c);
    if (c->high)
        value =
            arena_printf(arena, "%s ? %s : %s", compare(c, ">", c->wire->clamp_hi), limit(c, c->wire->clamp_hi), value);
    if (c->low)
        value =
            arena_printf(arena, "%s ? %s : %s", compare(c, "<", c->wire->clamp_lo), limit(c, c->wire->clamp_lo), value);
    return value;
}

const char *clamp_expression(struct module *module, const struct wire *wire, int bits) {
    const struct wire *operand = plan_wire(module->plan, wire->operands[0].wire);
    struct clamp c = {.module = module,
                      .wire = wire,
                      .operand = operand,
                      .signal = operand_signal(module->plan, wire, 0),
                      .width = wire_width(operand),
                      .bits = bits,
                      .low = operand->lo<wire->clamp_lo, .high = operand->hi> wire->clamp_hi};
    int high = exponent_of_mask(wire->clamp_hi), low = exponent_of_mask(~wire->clamp_lo);
    if (!c.low && !c.high) return operand_low(&c);
    if (c.low && wire->clamp_lo == 0 && (!c.high || high >= 0)) return clamp_unsigned(&c, high);
    if (!c.low && high >= 0 && !wire_is_signed(operand) && bits <= high) return clamp_unsigned(&c, high);
    if (c.low && c.high && high > 0 && high == low) return clamp_signed(&c, high);
    if (c.low != c.high && (c.high ? high : low) > 0) return clamp_one_side(&c, c.high ? high : low);
    return clamp_general(&c);
}
