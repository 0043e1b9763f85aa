/* The shape that synthesis gives to wires that are no sums, as far as area, delay and emission ask for it. */
#include "target/shape.h"

const struct wire *operand_of(const struct datapath *datapath, const struct wire *wire, uint32_t i) {
    return &datapath->wires[wire->operands[i].wire.id];
}

bool is_constant_wire(const struct wire *wire) {
    return wire->lo == wire->hi;
}

static bool is_zero(const struct datapath *datapath, const struct wire *wire, uint32_t operand) {
    const struct wire *x = operand_of(datapath, wire, operand);
    return x->lo == 0 && x->hi == 0;
}

int widest_operand(const struct datapath *datapath, const struct wire *wire, uint32_t first) {
    int width = 0;
    for (uint32_t i = first; i < wire->operand_count; i++) {
        int other = wire_width(operand_of(datapath, wire, i));
        width = other > width ? other : width;
    }
    return width;
}

int lut_levels(int inputs) {
    return inputs <= 1 ? 0 : inputs <= LUT_INPUTS ? 1 : 1 + inputs - LUT_INPUTS;
}

int less_digits(int bits) {
    return (bits + LESS_DIGIT_BITS - 1) / LESS_DIGIT_BITS;
}

enum less_form less_form(const struct wire *a, const struct wire *b) {
    if (b->lo == 0 && b->hi == 0) return LESS_IS_SIGN;
    return a->lo == 0 && a->hi == 0 && !wire_is_signed(b) ? LESS_IS_ANY_BIT : LESS_IS_CHAIN;
}

int comparison_width(const struct wire *a, const struct wire *b) {
    bool is_signed = wire_is_signed(a) || wire_is_signed(b);
    int a_bits = wire_width(a) + (is_signed && !wire_is_signed(a));
    int b_bits = wire_width(b) + (is_signed && !wire_is_signed(b));
    return a_bits > b_bits ? a_bits : b_bits;
}

static bool is_power_of_two_bound(int64_t hi) {
    return hi >= 0 && ((uint64_t)hi & ((uint64_t)hi + 1)) == 0;
}

int clamp_detection(const struct datapath *datapath, const struct wire *wire) {
    int in = wire_width(operand_of(datapath, wire, 0));
    bool easy = is_power_of_two_bound(wire->clamp_hi) &&
                is_power_of_two_bound(-1 - wire->clamp_lo < 0 ? 0 : -1 - wire->clamp_lo);
    int out = wire_width(wire) - (wire->lo < 0);
    return easy ? in - out : in;
}

bool wire_is_relu(const struct datapath *datapath, const struct wire *wire) {
    const struct wire *x = operand_of(datapath, wire, 0);
    return wire->clamp_lo == 0 && wire->clamp_hi >= x->hi;
}

bool wire_is_mask(const struct datapath *datapath, const struct wire *wire) {
    return wire->op == WIRE_CLAMP
               ? wire_is_relu(datapath, wire)
               : wire->op == WIRE_SELECT && (is_zero(datapath, wire, 1) || is_zero(datapath, wire, 2));
}

bool wire_is_slice(const struct wire *wire) {
    return wire->op == WIRE_SHIFT_RIGHT || wire->op == WIRE_WRAP || wire->op == WIRE_ITEM ||
           (wire->op == WIRE_SUM && wire->operand_count == 1 && !wire->constant && !wire->operands[0].negative);
}
