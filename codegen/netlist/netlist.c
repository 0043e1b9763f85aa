/* Builders of expressions, which see to it that widths fit. */
#include "codegen/netlist/netlist.h"
#include "ir/context.h"

struct net *net_new(struct arena *arena, const char *name, uint32_t bits) {
    struct net *net = ARENA_NEW(arena, struct net);
    if (bits == 0) context_bug(arena_context(arena), "net '%s' has no bits", name);
    *net = (struct net){name, bits};
    return net;
}

/* ---- expressions ---- */

static struct expression *expression_new(struct arena *arena, enum expression_kind kind, uint32_t bits,
                                         const struct expression *const *operands, uint32_t count) {
    struct expression *expression = ARENA_NEW(arena, struct expression);
    if (bits == 0) context_bug(arena_context(arena), "an expression of no bits");
    expression->kind = kind;
    expression->bits = bits;
    expression->operand_count = count;
    if (count) expression->operands = arena_copy(arena, operands, count * sizeof *operands);
    return expression;
}

static void check_width(struct arena *arena, const struct expression *expression, uint32_t bits) {
    if (expression->bits != bits)
        context_bug(arena_context(arena), "an operand of %u bits where %u belong", expression->bits, bits);
}

const struct expression *expression_constant(struct arena *arena, uint32_t bits, uint64_t value) {
    struct expression *constant = expression_new(arena, EXPRESSION_CONSTANT, bits, NULL, 0);
    constant->value = bits < 64 ? value & ((UINT64_C(1) << bits) - 1) : value;
    return constant;
}

const struct expression *expression_net(struct arena *arena, const struct net *net) {
    return expression_slice(arena, net, 0, net->bits);
}

const struct expression *expression_slice(struct arena *arena, const struct net *net, uint32_t from, uint32_t bits) {
    if (from + bits > net->bits)
        context_bug(arena_context(arena), "net '%s' has no bit %u", net->name, from + bits - 1);
    struct expression *slice =
        expression_new(arena, bits == net->bits ? EXPRESSION_NET : EXPRESSION_SLICE, bits, NULL, 0);
    slice->net = net;
    slice->from = from;
    return slice;
}

const struct expression *expression_repeat(struct arena *arena, const struct expression *operand, uint32_t times) {
    if (times == 1) return operand;
    return expression_new(arena, EXPRESSION_REPETITION, times * operand->bits, &operand, 1);
}

static bool gives_one_bit(enum operation operation) {
    return operation == OPERATION_ANY || operation == OPERATION_ALL || operation == OPERATION_NONE ||
           operation >= OPERATION_EQUAL;
}

const struct expression *expression_unary(struct arena *arena, enum operation operation,
                                          const struct expression *operand) {
    uint32_t bits = gives_one_bit(operation) ? 1 : operand->bits;
    struct expression *unary = expression_new(arena, EXPRESSION_OPERATION, bits, &operand, 1);
    unary->operation = operation;
    return unary;
}

const struct expression *expression_compare(struct arena *arena, enum operation operation, bool is_signed,
                                            const struct expression *left, const struct expression *right) {
    uint32_t bits = gives_one_bit(operation) ? 1 : left->bits;
    check_width(arena, right, left->bits);
    struct expression *binary =
        expression_new(arena, EXPRESSION_OPERATION, bits, (const struct expression *[]){left, right}, 2);
    binary->operation = operation;
    binary->is_signed = is_signed;
    return binary;
}

const struct expression *expression_binary(struct arena *arena, enum operation operation, const struct expression *left,
                                           const struct expression *right) {
    return expression_compare(arena, operation, false, left, right);
}

const struct expression *expression_conditional(struct arena *arena, const struct expression *condition,
                                                const struct expression *yes, const struct expression *no) {
    check_width(arena, condition, 1);
    check_width(arena, no, yes->bits);
    return expression_new(arena, EXPRESSION_CONDITIONAL, yes->bits, (const struct expression *[]){condition, yes, no},
                          3);
}

const struct expression *expression_call(struct arena *arena, const struct function *function,
                                         const struct expression *const *operands, uint32_t count) {
    if (count != function->argument_count)
        context_bug(arena_context(arena), "function '%s' takes no %u arguments", function->result->name, count);
    for (uint32_t i = 0; i < count; i++) check_width(arena, operands[i], function->arguments[i]->bits);
    struct expression *call = expression_new(arena, EXPRESSION_CALL, function->result->bits, operands, count);
    call->function = function;
    return call;
}

/* ---- concatenations ---- */

struct parts parts_new(struct arena *arena) {
    return (struct parts){.arena = arena};
}

void parts_add(struct parts *parts, const struct expression *part) {
    if (parts->count == parts->capacity) {
        uint32_t capacity = parts->capacity ? 2 * parts->capacity : 4;
        parts->at =
            arena_grow(parts->arena, parts->at, parts->capacity * sizeof *parts->at, capacity * sizeof *parts->at);
        parts->capacity = capacity;
    }
    parts->at[parts->count++] = part;
}

const struct expression *parts_joined(const struct parts *parts) {
    uint32_t bits = 0;
    if (parts->count == 1) return parts->at[0];
    for (uint32_t i = 0; i < parts->count; i++) bits += parts->at[i]->bits;
    return expression_new(parts->arena, EXPRESSION_CONCATENATION, bits, parts->at, parts->count);
}
