/* Hardware before it is text, in no language: what a printer (codegen/verilog/print.c) writes.
 *
 * An expression says how many bits it has, and operands that meet have the same number of them: no language's rules of
 * extension are ever asked. Bits have no sign; a comparison says whether it reads them as two's complement. Builders
 * check widths (a mistake is a bug of bxc), keep everything in the arena given, and copy lists; names are legal and
 * unique in every language (names.c).
 */
#ifndef BXC_CODEGEN_NETLIST_H
#define BXC_CODEGEN_NETLIST_H

#include "ir/arena.h"

/* What has a name and a value: a wire, a register, a port, a parameter, an argument of a function. */
struct net {
    const char *name;
    uint32_t bits; /* at least 1 */
};

struct net *net_new(struct arena *arena, const char *name, uint32_t bits);

/* ---- expressions ---- */

enum operation {
    OPERATION_NOT,
    OPERATION_ANY,  /* 1 bit: whether any bit of the operand is set */
    OPERATION_ALL,  /* 1 bit: whether all are */
    OPERATION_NONE, /* 1 bit: whether none is */
    OPERATION_ADD,
    OPERATION_SUBTRACT,
    OPERATION_MULTIPLY, /* modulo 2^bits, as sums and differences are */
    OPERATION_AND,
    OPERATION_OR,
    OPERATION_XOR,
    OPERATION_EQUAL, /* 1 bit, as the following */
    OPERATION_LESS,
    OPERATION_GREATER,
    OPERATION_COUNT
};

enum expression_kind {
    EXPRESSION_CONSTANT,      /* value; above its 64 bits there are zeros */
    EXPRESSION_NET,           /* all bits of net */
    EXPRESSION_SLICE,         /* bits [from, from + bits) of net, and not all of them */
    EXPRESSION_CONCATENATION, /* the operands, the most significant first */
    EXPRESSION_REPETITION,    /* operand 0 side by side, as often as it fits into bits */
    EXPRESSION_OPERATION,     /* on one operand or two */
    EXPRESSION_CONDITIONAL,   /* operand 0, of 1 bit, ? operand 1 : operand 2 */
    EXPRESSION_CALL,          /* function of the operands */
    EXPRESSION_KINDS
};

struct function;

struct expression {
    enum expression_kind kind;
    enum operation operation;
    uint32_t bits, from;
    bool is_signed; /* less, greater: of two's complement */
    uint64_t value;
    const struct net *net;
    const struct function *function;
    uint32_t operand_count;
    const struct expression **operands;
};

const struct expression *expression_constant(struct arena *arena, uint32_t bits, uint64_t value); /* its low bits */
const struct expression *expression_net(struct arena *arena, const struct net *net);
/* Bits [from, from + bits); the net itself where these are all. */
const struct expression *expression_slice(struct arena *arena, const struct net *net, uint32_t from, uint32_t bits);
/* The operand itself where it stands once. */
const struct expression *expression_repeat(struct arena *arena, const struct expression *operand, uint32_t times);
const struct expression *expression_unary(struct arena *arena, enum operation operation,
                                          const struct expression *operand);
/* Comparisons read no signs here. */
const struct expression *expression_binary(struct arena *arena, enum operation operation, const struct expression *left,
                                           const struct expression *right);
const struct expression *expression_compare(struct arena *arena, enum operation operation, bool is_signed,
                                            const struct expression *left, const struct expression *right);
const struct expression *expression_conditional(struct arena *arena, const struct expression *condition,
                                                const struct expression *yes, const struct expression *no);
const struct expression *expression_call(struct arena *arena, const struct function *function,
                                         const struct expression *const *operands, uint32_t count);

/* A concatenation that grows, the most significant part first. */
struct parts {
    struct arena *arena;
    const struct expression **at;
    uint32_t count, capacity;
};
struct parts parts_new(struct arena *arena);
void parts_add(struct parts *parts, const struct expression *part);
const struct expression *parts_joined(const struct parts *parts); /* the part itself where there is one */

/* ---- functions ---- */

/* Bit b of a table's results by its index, the word of index 0 first. */
struct column {
    const char *name;
    const uint64_t *words;
};

/* Variables and the result get a value once; the low bits of it are the last target's. */
struct assignment {
    const struct net *const *targets;
    uint32_t target_count;
    const struct expression *value;
};

/* Without a clock. Either a table, which selects from constants by its one argument, or assignments in order. */
struct function {
    const struct net *result;   /* called as the function is */
    const char *const *comment; /* lines; ends with NULL; NULL: none */
    const struct net *const *arguments;
    uint32_t argument_count;
    const struct net *const *variables;
    uint32_t variable_count;
    const struct assignment *assignments;
    uint32_t assignment_count;
    const struct column *columns; /* one a bit of the result; NULL: it is no table */
};

#endif
