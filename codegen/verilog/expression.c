/* Expressions of exact width: every operand is sliced and extended explicitly, so that no tool has to
 * guess and none has to warn.
 */
#include "codegen/verilog/verilog.h"

struct concatenation concatenation_new(struct arena *arena) {
    return (struct concatenation){strbuf_new(arena), 0};
}

void concatenation_add(struct concatenation *parts, const char *format, ...) {
    va_list arguments;
    if (parts->parts++) strbuf_append(&parts->text, ", ");
    va_start(arguments, format);
    strbuf_vprintf(&parts->text, format, arguments);
    va_end(arguments);
}

const char *concatenation_text(struct concatenation *parts) {
    if (parts->parts == 1) return parts->text.data;
    return arena_printf(parts->text.arena, "{%s}", parts->text.data);
}

uint64_t low_bits(int count) {
    return count >= 64 ? UINT64_MAX : ((uint64_t)1 << count) - 1;
}

const char *literal_text(struct arena *arena, int bits, uint64_t value) {
    value &= low_bits(bits);
    if (value >> 31) return arena_printf(arena, "%d'h%llx", bits, (unsigned long long)value);
    return arena_printf(arena, "%d'd%llu", bits, (unsigned long long)value);
}

const char *range_text(struct arena *arena, int bits) {
    return bits == 1 ? "" : arena_printf(arena, "[%d:0] ", bits - 1);
}

const char *signal_name(const struct plan *plan, struct signal signal) {
    const char *name = plan->wires[signal.wire.id].name;
    return signal.delay == 0 ? name : arena_printf(plan->arena, "%s_d%d", name, signal.delay);
}

struct signal operand_signal(const struct plan *plan, const struct wire *wire, uint32_t operand) {
    wireref from = wire->operands[operand].wire;
    return (struct signal){from, plan->wires[from.id].bits ? wire->cycle - plan_wire(plan, from)->cycle : 0};
}

/* Bits that lie in the vector: [from, to). */
static void add_slice(struct module *module, struct concatenation *parts, struct signal signal, int from, int to) {
    const struct wire_plan *own = &module->plan->wires[signal.wire.id];
    const char *name = signal_name(module->plan, signal);
    module->read[own->signals + (uint32_t)signal.delay] |= low_bits(to) & ~low_bits(from);
    if (from == 0 && to == own->bits)
        concatenation_add(parts, "%s", name);
    else if (to == from + 1)
        concatenation_add(parts, "%s[%d]", name, from);
    else
        concatenation_add(parts, "%s[%d:%d]", name, to - 1, from);
}

static void add_sign(struct module *module, struct concatenation *parts, struct signal signal, int count) {
    const struct wire_plan *own = &module->plan->wires[signal.wire.id];
    struct concatenation sign = concatenation_new(module->plan->arena);
    add_slice(module, &sign, signal, own->bits - 1, own->bits);
    if (count == 1)
        concatenation_add(parts, "%s", sign.text.data);
    else
        concatenation_add(parts, "{%d{%s}}", count, sign.text.data);
}

void add_bits(struct module *module, struct concatenation *parts, struct signal signal, int from, int count) {
    const struct plan *plan = module->plan;
    const struct wire *wire = plan_wire(plan, signal.wire);
    int width = plan->wires[signal.wire.id].bits, to = from + count;
    if (wire_is_constant(wire)) {
        uint64_t value = (uint64_t)(wire->lo >> (from > 63 ? 63 : from));
        concatenation_add(parts, "%s", literal_text(plan->arena, count, value));
        return;
    }
    int extension = to > width ? to - (from > width ? from : width) : 0;
    if (extension > 0 && width != wire_width(wire))
        context_bug(plan->emission->context, "wire %u is written with too few bits", signal.wire.id);
    if (extension > 0 && wire_is_signed(wire))
        add_sign(module, parts, signal, extension);
    else if (extension > 0)
        concatenation_add(parts, "%d'd0", extension);
    if (from < width) add_slice(module, parts, signal, from, to < width ? to : width);
}

const char *bits_text(struct module *module, struct signal signal, int from, int count) {
    struct concatenation parts = concatenation_new(module->plan->arena);
    add_bits(module, &parts, signal, from, count);
    return concatenation_text(&parts);
}

/* ---- one function an operation; the result has exactly `bits` bits ---- */

static const char *operand_text(struct module *module, const struct wire *wire, uint32_t operand, int from, int bits) {
    return bits_text(module, operand_signal(module->plan, wire, operand), from, bits);
}

static const char *binary_text(struct module *module, const struct wire *wire, const char *symbol, int bits) {
    return arena_printf(module->plan->arena, "%s %s %s", operand_text(module, wire, 0, 0, bits), symbol,
                        operand_text(module, wire, 1, 0, bits));
}

static bool is_zero(const struct wire *wire) {
    return wire->lo == 0 && wire->hi == 0;
}

/* Comparisons with 0 look at the sign, or whether any bit is set; NULL for all others. */
static const char *zero_test_text(struct module *module, const struct wire *wire) {
    const struct wire *a = plan_wire(module->plan, wire->operands[0].wire);
    const struct wire *b = plan_wire(module->plan, wire->operands[1].wire);
    struct arena *arena = module->plan->arena;
    enum less_form form = wire->op == WIRE_LESS ? less_form(a, b) : LESS_IS_CHAIN;
    if (form == LESS_IS_SIGN) return operand_text(module, wire, 0, wire_width(a) - 1, 1);
    if (form == LESS_IS_ANY_BIT) return arena_printf(arena, "|%s", operand_text(module, wire, 1, 0, wire_width(b)));
    if (wire->op == WIRE_EQUAL && (is_zero(a) || is_zero(b)))
        return arena_printf(arena, "~|%s", operand_text(module, wire, is_zero(a), 0, wire_width(is_zero(a) ? b : a)));
    return NULL;
}

/* An operand with a sign, 2^(bits - 1) larger: such numbers compare without signs. */
static const char *offset_text(struct module *module, const struct wire *wire, uint32_t operand, int bits) {
    struct signal signal = operand_signal(module->plan, wire, operand);
    const struct wire *x = plan_wire(module->plan, signal.wire);
    if (wire_is_constant(x))
        return literal_text(module->plan->arena, bits, (uint64_t)x->lo ^ UINT64_C(1) << (bits - 1));
    struct concatenation parts = concatenation_new(module->plan->arena);
    concatenation_add(&parts, "~%s", bits_text(module, signal, bits - 1, 1));
    if (bits > 1) add_bits(module, &parts, signal, 0, bits - 1);
    return concatenation_text(&parts);
}

static const char *comparison_text(struct module *module, const struct wire *wire) {
    const struct wire *a = plan_wire(module->plan, wire->operands[0].wire);
    const struct wire *b = plan_wire(module->plan, wire->operands[1].wire);
    const char *test = zero_test_text(module, wire);
    int bits = comparison_width(a, b);
    if (test) return test;
    if (wire->op == WIRE_EQUAL) return binary_text(module, wire, "==", bits);
    if (!wire_is_signed(a) && !wire_is_signed(b))
        return less_text(module, bits, operand_text(module, wire, 0, 0, bits), operand_text(module, wire, 1, 0, bits));
    return less_text(module, bits, offset_text(module, wire, 0, bits), offset_text(module, wire, 1, bits));
}

static const char *select_text(struct module *module, const struct wire *wire, int bits) {
    return arena_printf(module->plan->arena, "%s ? %s : %s", operand_text(module, wire, 0, 0, 1),
                        operand_text(module, wire, 1, 0, bits), operand_text(module, wire, 2, 0, bits));
}

static const char *not_text(struct module *module, const struct wire *wire, int bits) {
    return arena_printf(module->plan->arena, "~%s", operand_text(module, wire, 0, 0, bits));
}

const char *wire_expression(struct module *module, wireref ref) {
    const struct plan *plan = module->plan;
    const struct wire *wire = plan_wire(plan, ref);
    int bits = plan->wires[ref.id].bits;
    switch (wire->op) {
    case WIRE_SUM: return sum_expression(module, wire, bits);
    case WIRE_MULTIPLY: return binary_text(module, wire, "*", bits);
    case WIRE_LESS:
    case WIRE_EQUAL: return comparison_text(module, wire);
    case WIRE_SELECT: return select_text(module, wire, bits);
    case WIRE_TABLE: return lookup_expression(module, wire, bits);
    case WIRE_CLAMP: return clamp_expression(module, wire, bits);
    case WIRE_SHIFT_RIGHT: return operand_text(module, wire, 0, wire->amount, bits);
    case WIRE_WRAP: return operand_text(module, wire, 0, 0, bits);
    case WIRE_AND: return binary_text(module, wire, "&", bits);
    case WIRE_OR: return binary_text(module, wire, "|", bits);
    case WIRE_XOR: return binary_text(module, wire, "^", bits);
    case WIRE_NOT: return not_text(module, wire, bits);
    default: break;
    }
    context_bug(plan->emission->context, "wire %u has no Verilog form", ref.id);
}
