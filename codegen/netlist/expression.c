/* Expressions of exact width: every operand is sliced and extended explicitly, so that no tool has to
 * guess and none has to warn.
 */
#include "codegen/netlist/build.h"

uint64_t low_bits(int count) {
    return count >= 64 ? UINT64_MAX : ((uint64_t)1 << count) - 1;
}

struct signal signal_in(const struct plan *plan, wireref wire, int cycle) {
    int beats;
    wireref source = datapath_source(plan->path, wire, &beats);
    if (wire_is_constant(plan_wire(plan, wire)) || !plan->wires[source.id].bits) return (struct signal){wire, 0};
    return (struct signal){source, cycle - beats - plan_wire(plan, source)->cycle};
}

struct signal operand_signal(const struct plan *plan, const struct wire *wire, uint32_t operand) {
    return signal_in(plan, wire->operands[operand].wire, wire_read_cycle(wire));
}

/* Bits that the signal's net has: [from, to). */
static const struct expression *slice(struct module *module, struct signal signal, int from, int to) {
    const struct wire_plan *own = &module->plan->wires[signal.wire.id];
    module->read[own->signals + (uint32_t)signal.delay] |= low_bits(to) & ~low_bits(from);
    return expression_slice(module->arena, signal_net(module->plan, signal), (uint32_t)from, (uint32_t)(to - from));
}

void add_bits(struct module *module, struct parts *parts, struct signal signal, int from, int count) {
    const struct plan *plan = module->plan;
    const struct wire *wire = plan_wire(plan, signal.wire);
    int width = plan->wires[signal.wire.id].bits, to = from + count;
    if (wire_is_constant(wire)) {
        uint64_t value = (uint64_t)(wire->lo >> (from > 63 ? 63 : from));
        parts_add(parts, expression_constant(module->arena, (uint32_t)count, value));
        return;
    }
    int extension = to > width ? to - (from > width ? from : width) : 0;
    if (extension > 0 && width != wire_width(wire))
        context_bug(plan->emission->context, "wire %u is written with too few bits", signal.wire.id);
    if (extension > 0 && wire_is_signed(wire))
        parts_add(parts,
                  expression_repeat(module->arena, slice(module, signal, width - 1, width), (uint32_t)extension));
    else if (extension > 0)
        parts_add(parts, expression_constant(module->arena, (uint32_t)extension, 0));
    if (from < width) parts_add(parts, slice(module, signal, from, to < width ? to : width));
}

const struct expression *signal_bits(struct module *module, struct signal signal, int from, int count) {
    struct parts parts = parts_new(module->arena);
    add_bits(module, &parts, signal, from, count);
    return parts_joined(&parts);
}

/* ---- one function an operation; the result has exactly `bits` bits ---- */

static const struct expression *operand_bits(struct module *module, const struct wire *wire, uint32_t operand, int from,
                                             int bits) {
    return signal_bits(module, operand_signal(module->plan, wire, operand), from, bits);
}

static const struct expression *binary(struct module *module, const struct wire *wire, enum operation operation,
                                       int bits) {
    const struct expression *left = operand_bits(module, wire, 0, 0, bits);
    return expression_binary(module->arena, operation, left, operand_bits(module, wire, 1, 0, bits));
}

static bool is_zero(const struct wire *wire) {
    return wire->lo == 0 && wire->hi == 0;
}

/* Comparisons with 0 look at the sign, or whether any bit is set; NULL for all others. */
static const struct expression *zero_test(struct module *module, const struct wire *wire) {
    const struct wire *a = plan_wire(module->plan, wire->operands[0].wire);
    const struct wire *b = plan_wire(module->plan, wire->operands[1].wire);
    struct arena *arena = module->arena;
    enum less_form form = wire->op == WIRE_LESS ? less_form(a, b) : LESS_IS_CHAIN;
    if (form == LESS_IS_SIGN) return operand_bits(module, wire, 0, wire_width(a) - 1, 1);
    if (form == LESS_IS_ANY_BIT)
        return expression_unary(arena, OPERATION_ANY, operand_bits(module, wire, 1, 0, wire_width(b)));
    if (wire->op == WIRE_EQUAL && (is_zero(a) || is_zero(b)))
        return expression_unary(arena, OPERATION_NONE,
                                operand_bits(module, wire, is_zero(a), 0, wire_width(is_zero(a) ? b : a)));
    return NULL;
}

/* An operand with a sign, 2^(bits - 1) larger: such numbers compare without signs. */
static const struct expression *offset_operand(struct module *module, const struct wire *wire, uint32_t operand,
                                               int bits) {
    struct signal signal = operand_signal(module->plan, wire, operand);
    const struct wire *x = plan_wire(module->plan, signal.wire);
    struct arena *arena = module->arena;
    if (wire_is_constant(x))
        return expression_constant(arena, (uint32_t)bits, (uint64_t)x->lo ^ UINT64_C(1) << (bits - 1));
    struct parts parts = parts_new(arena);
    parts_add(&parts, expression_unary(arena, OPERATION_NOT, signal_bits(module, signal, bits - 1, 1)));
    if (bits > 1) add_bits(module, &parts, signal, 0, bits - 1);
    return parts_joined(&parts);
}

static const struct expression *comparison(struct module *module, const struct wire *wire) {
    const struct wire *a = plan_wire(module->plan, wire->operands[0].wire);
    const struct wire *b = plan_wire(module->plan, wire->operands[1].wire);
    const struct expression *test = zero_test(module, wire), *left;
    int bits = comparison_width(a, b);
    if (test) return test;
    if (wire->op == WIRE_EQUAL) return binary(module, wire, OPERATION_EQUAL, bits);
    if (!wire_is_signed(a) && !wire_is_signed(b)) {
        left = operand_bits(module, wire, 0, 0, bits);
        return less_expression(module, left, operand_bits(module, wire, 1, 0, bits));
    }
    left = offset_operand(module, wire, 0, bits);
    return less_expression(module, left, offset_operand(module, wire, 1, bits));
}

static const struct expression *select(struct module *module, const struct wire *wire, int bits) {
    const struct expression *condition = operand_bits(module, wire, 0, 0, 1);
    const struct expression *yes = operand_bits(module, wire, 1, 0, bits);
    return expression_conditional(module->arena, condition, yes, operand_bits(module, wire, 2, 0, bits));
}

static const struct expression *inverted(struct module *module, const struct wire *wire, int bits) {
    return expression_unary(module->arena, OPERATION_NOT, operand_bits(module, wire, 0, 0, bits));
}

/* In the first beat what it begins with, then what came of it in the beat before. */
static const struct expression *state_value(struct module *module, const struct wire *wire, int bits) {
    const struct expression *next = signal_bits(module, signal_in(module->plan, wire->next, wire->cycle + 1), 0, bits);
    return expression_conditional(module->arena, operand_bits(module, wire, 0, 0, 1),
                                  operand_bits(module, wire, 1, 0, bits), next);
}

const struct expression *wire_expression(struct module *module, wireref ref) {
    const struct plan *plan = module->plan;
    const struct wire *wire = plan_wire(plan, ref);
    int bits = plan->wires[ref.id].bits;
    switch (wire->op) {
    case WIRE_SUM: return sum_expression(module, wire, bits);
    case WIRE_LESS:
    case WIRE_EQUAL: return comparison(module, wire);
    case WIRE_SELECT: return select(module, wire, bits);
    case WIRE_STATE: return state_value(module, wire, bits);
    case WIRE_TABLE: return lookup_expression(module, wire, bits);
    case WIRE_CLAMP: return clamp_expression(module, wire, bits);
    case WIRE_SHIFT_RIGHT: return operand_bits(module, wire, 0, wire->amount, bits);
    case WIRE_WRAP: return operand_bits(module, wire, 0, 0, bits);
    case WIRE_AND: return binary(module, wire, OPERATION_AND, bits);
    case WIRE_OR: return binary(module, wire, OPERATION_OR, bits);
    case WIRE_XOR: return binary(module, wire, OPERATION_XOR, bits);
    case WIRE_NOT: return inverted(module, wire, bits);
    default: break;
    }
    context_bug(plan->emission->context, "wire %u has no form in a netlist", ref.id);
}
