/* Limits as tests of the sign and of the bits above the result, where the limits are powers of two (ReLU,
 * saturation to a format); comparisons with constants elsewhere.
 */
#include "codegen/netlist/build.h"

struct clamp {
    struct module *module;
    struct arena *arena;
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

static const struct expression *operand_low(const struct clamp *c) {
    return signal_bits(c->module, c->signal, 0, c->bits);
}

static const struct expression *limit(const struct clamp *c, int64_t value) {
    return expression_constant(c->arena, (uint32_t)c->bits, (uint64_t)value);
}

static const struct expression *sign(const struct clamp *c) {
    return signal_bits(c->module, c->signal, c->width - 1, 1);
}

/* The magnitude bits from n up, without the sign. */
static const struct expression *bits_above(const struct clamp *c, int n) {
    int top = c->width - (wire_is_signed(c->operand) ? 1 : 0);
    return signal_bits(c->module, c->signal, n, top - n);
}

static const struct expression *unary(const struct clamp *c, enum operation operation, const struct expression *x) {
    return expression_unary(c->arena, operation, x);
}

static const struct expression *binary(const struct clamp *c, enum operation operation, const struct expression *x,
                                       const struct expression *y) {
    return expression_binary(c->arena, operation, x, y);
}

static const struct expression *repeated(const struct clamp *c, int count, const struct expression *bit) {
    return expression_repeat(c->arena, bit, (uint32_t)count);
}

/* max(a, 0), and both limits of an unsigned format. As a multiplexer with 0, which costs nothing where a
 * register follows: it becomes that register's synchronous reset. */
static const struct expression *clamp_unsigned(const struct clamp *c, int n) {
    const struct expression *value = operand_low(c);
    if (c->high)
        value = binary(c, OPERATION_OR, repeated(c, c->bits, unary(c, OPERATION_ANY, bits_above(c, n))), value);
    return c->low ? expression_conditional(c->arena, sign(c), limit(c, 0), value) : value;
}

/* Both limits of a signed format of n + 1 bits. */
static const struct expression *clamp_signed(const struct clamp *c, int n) {
    const struct expression *above = signal_bits(c->module, c->signal, n, c->width - n);
    const struct expression *extreme = unary(c, OPERATION_NOT, sign(c));
    struct parts parts = parts_new(c->arena);
    if (c->bits > n) parts_add(&parts, repeated(c, c->bits - n, sign(c)));
    parts_add(&parts, repeated(c, c->bits < n ? c->bits : n, extreme));
    const struct expression *fits =
        binary(c, OPERATION_OR, unary(c, OPERATION_ALL, above), unary(c, OPERATION_NONE, above));
    return expression_conditional(c->arena, fits, operand_low(c), parts_joined(&parts));
}

/* Only one limit, a power of two, of a signed operand. */
static const struct expression *clamp_one_side(const struct clamp *c, int n) {
    const struct expression *beyond = unary(c, c->high ? OPERATION_ANY : OPERATION_ALL, bits_above(c, n));
    if (!c->high)
        beyond = binary(c, OPERATION_AND, sign(c), unary(c, OPERATION_NOT, beyond));
    else if (wire_is_signed(c->operand))
        beyond = binary(c, OPERATION_AND, unary(c, OPERATION_NOT, sign(c)), beyond);
    int64_t extreme = c->high ? c->wire->clamp_hi : c->wire->clamp_lo;
    return expression_conditional(c->arena, beyond, limit(c, extreme), operand_low(c));
}

static const struct expression *compare(const struct clamp *c, enum operation operation, int64_t value) {
    return expression_compare(c->arena, operation, wire_is_signed(c->operand),
                              signal_bits(c->module, c->signal, 0, c->width),
                              expression_constant(c->arena, (uint32_t)c->width, (uint64_t)value));
}

static const struct expression *clamp_general(const struct clamp *c) {
    const struct expression *value = operand_low(c);
    if (c->high)
        value = expression_conditional(c->arena, compare(c, OPERATION_GREATER, c->wire->clamp_hi),
                                       limit(c, c->wire->clamp_hi), value);
    if (c->low)
        value = expression_conditional(c->arena, compare(c, OPERATION_LESS, c->wire->clamp_lo),
                                       limit(c, c->wire->clamp_lo), value);
    return value;
}

const struct expression *clamp_expression(struct module *module, const struct wire *wire, int bits) {
    const struct wire *operand = plan_wire(module->plan, wire->operands[0].wire);
    struct clamp c = {.module = module,
                      .arena = module->arena,
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
