/* Sums of shifted terms: bits that pass (target/adder.h) are concatenated, and one expression adds what is left. */
#include "codegen/netlist/build.h"
#include "target/adder.h"

struct sum {
    struct module *module;
    const struct wire *wire;
    struct adder adder;
};

/* Bits [from, from + count) of a summand as it stands in the sum, zeros below its start. */
static const struct expression *summand_bits(const struct sum *sum, const struct summand *x, int from, int count) {
    struct arena *arena = sum->module->arena;
    if (x->is_literal) return expression_constant(arena, (uint32_t)count, sum->adder.literal >> from);
    struct parts parts = parts_new(arena);
    struct signal signal = operand_signal(sum->module->plan, sum->wire, (uint32_t)x->operand);
    int zeros = x->start > from ? x->start - from : 0;
    add_bits(sum->module, &parts, signal, from + zeros - x->start, count - zeros);
    if (zeros) parts_add(&parts, expression_constant(arena, (uint32_t)zeros, 0));
    return parts_joined(&parts);
}

/* As it enters the adder. */
static const struct expression *adding(const struct sum *sum, const struct summand *x) {
    return summand_bits(sum, x, sum->adder.from, sum->adder.bits - sum->adder.from);
}

static const struct expression *adding_inverted(const struct sum *sum, const struct summand *x) {
    return expression_unary(sum->module->arena, OPERATION_NOT, adding(sum, x));
}

static const struct expression *adder_constant(const struct sum *sum, uint64_t value) {
    return expression_constant(sum->module->arena, (uint32_t)(sum->adder.bits - sum->adder.from), value);
}

/* x + y, x - y; y where there is no x yet. */
static const struct expression *joined(const struct sum *sum, enum operation operation, const struct expression *x,
                                       const struct expression *y) {
    return x ? expression_binary(sum->module->arena, operation, x, y) : y;
}

/* Added terms first, then what is subtracted as one sum: both are chains that synthesis joins. */
static const struct expression *carried_sum(const struct sum *sum) {
    const struct adder *adder = &sum->adder;
    const struct expression *added = NULL, *subtracted = NULL;
    bool is_subtracted[SUMMANDS_MAX] = {false};
    int count = 0;
    for (int pass = 0; pass < 2; pass++) /* negated ones are subtracted first */
        for (int i = adder->count; i-- > 0;)
            if (!adder->summands[i].is_literal && adder->summands[i].negative == (pass == 0) && count < adder->ones) {
                is_subtracted[i] = true;
                count++;
            }
    for (int i = 0; i < adder->count; i++) {
        const struct summand *x = &adder->summands[i];
        if (x->is_literal) continue;
        const struct expression **side = is_subtracted[i] ? &subtracted : &added;
        *side = joined(sum, OPERATION_ADD, *side,
                       x->negative != is_subtracted[i] ? adding_inverted(sum, x) : adding(sum, x));
    }
    return subtracted ? joined(sum, OPERATION_SUBTRACT, added, subtracted) : added;
}

/* The first summand: a positive term if there is one, else the literal. */
static int leading_summand(const struct adder *adder) {
    int literal = -1;
    for (int i = 0; i < adder->count; i++) {
        if (!adder->summands[i].negative && !adder->summands[i].is_literal) return i;
        if (adder->summands[i].is_literal) literal = i;
    }
    return literal;
}

static const struct expression *with_summand(const struct sum *sum, const struct expression *others,
                                             const struct summand *x) {
    const struct adder *adder = &sum->adder;
    if (x->is_literal && (int64_t)adder->literal < 0 && x->start >= adder->from)
        return joined(sum, OPERATION_SUBTRACT, others, adder_constant(sum, (0 - adder->literal) >> adder->from));
    return joined(sum, x->negative ? OPERATION_SUBTRACT : OPERATION_ADD, others, adding(sum, x));
}

/* Two negated terms alone would not be one carry chain: -a - b is written ~a - b + 1. */
static const struct expression *adder_sum(const struct sum *sum) {
    const struct adder *adder = &sum->adder;
    int first = leading_summand(adder);
    bool inverted = first < 0 && adder->count == 2;
    if (adder->carried && adder->terms <= 3) return carried_sum(sum);
    if (inverted) first = 0;
    const struct expression *result = inverted     ? adding_inverted(sum, &adder->summands[0])
                                      : first >= 0 ? adding(sum, &adder->summands[first])
                                                   : adder_constant(sum, 0);
    for (int i = 0; i < adder->count; i++)
        if (i != first) result = with_summand(sum, result, &adder->summands[i]);
    return inverted ? joined(sum, OPERATION_ADD, result, adder_constant(sum, 1)) : result;
}

const struct expression *sum_expression(struct module *module, const struct wire *wire, int bits) {
    struct passing passing[2 * SUMMANDS_MAX];
    int count;
    if (wire->operand_count >= SUMMANDS_MAX)
        context_bug(module->plan->emission->context, "a sum of more than %d terms", SUMMANDS_MAX - 1);
    struct sum sum = {module, wire, adder_with_passing(module->plan->path, wire, bits, passing, &count)};
    struct parts parts = parts_new(module->arena);
    if (sum.adder.count) parts_add(&parts, adder_sum(&sum));
    while (count-- > 0) {
        const struct passing *x = &passing[count];
        int width = x->until - x->from;
        parts_add(&parts, x->is_zero ? expression_constant(module->arena, (uint32_t)width, 0)
                                     : summand_bits(&sum, &x->summand, x->from, width));
    }
    return parts_joined(&parts);
}
