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
    OPERATION_ADD,  /* modulo 2^bits, as differences are */
    OPERATION_SUBTRACT,
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
    EXPRESSION_WORD,          /* of memory at operand 0 */
    EXPRESSION_KINDS
};

struct function;

struct memory {
    const char *name;
    uint32_t bits, words;
    const uint64_t *contents; /* by word, of at most 64 bits; NULL: unknown until they are written */
    bool is_block_ram;        /* as tools for FPGA are told */
};

struct expression {
    enum expression_kind kind;
    enum operation operation;
    uint32_t bits, from;
    bool is_signed; /* less, greater: of two's complement */
    uint32_t operand_count;
    union {
        uint64_t value;
        const struct net *net;
        const struct function *function;
        const struct memory *memory;
    };
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
uint32_t address_bits(uint32_t words);
/* The address has as many. */
const struct expression *expression_word(struct arena *arena, const struct memory *memory,
                                         const struct expression *address);

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

/* ---- modules ---- */

struct module_port {
    const struct net *net;
    bool is_output, is_register; /* an output that updates drive */
    const char *comment;         /* NULL: none */
};

/* A register at a rising edge of the clock: where `clear` it takes `cleared`, else where `enable` it takes `next`. A
 * counter adds to itself, a load is a conditional in `next`. */
struct update {
    const struct net *net;
    const struct expression *clear, *cleared; /* NULL: never */
    const struct expression *enable;          /* NULL: always */
    const struct expression *next;
};

/* At a rising edge of the clock, where `enable` (NULL: always); without data never. */
struct memory_write {
    const struct memory *memory;
    const struct expression *enable, *address, *data;
};

struct connection {
    const char *port; /* of the instance's module */
    const struct expression *value;
};

struct instance {
    const char *module, *name;
    struct connection *connections;
    uint32_t connection_count, connection_capacity;
};

enum item_kind {
    ITEM_WIRE,     /* declares net, and gives it its value; NULL: an instance does, or an assignment */
    ITEM_ASSIGN,   /* to an output, or a wire that has no value yet */
    ITEM_REGISTER, /* declares net; an update follows */
    ITEM_UPDATE,   /* of one register */
    ITEM_UPDATES,  /* of several, together */
    ITEM_MEMORY,   /* declares a memory, and how it is written, or what is in it */
    ITEM_INSTANCE,
    ITEM_UNUSED, /* bits that nobody reads, for tools that would complain */
    ITEM_NOTE,   /* a comment of one line */
    ITEM_SPACE,  /* an empty line: what follows belongs together */
    ITEM_KINDS
};

struct item {
    enum item_kind kind;
    union {
        struct {
            const struct net *net;
            const struct expression *value;
        };
        struct {
            const struct update *updates;
            uint32_t update_count;
        };
        const struct memory_write *write;
        struct instance *instance;
        const struct parts *unused;
        const char *note;
    };
};

struct parameter {
    const struct net *net;
    const char *digits; /* hexadecimal */
};

/* One module. Items stand in an order in which nets are declared before they are read. */
struct netlist {
    struct arena *arena;
    const char *name, *header; /* lines of comment; they end with a line feed */
    const struct net *clock;   /* of all registers and memories; NULL: there are none */
    struct parameter *parameters;
    struct module_port *ports;
    struct item *items;
    const struct function **functions; /* those that others call come first */
    uint32_t parameter_count, parameter_capacity, port_count, port_capacity, item_count, item_capacity;
    uint32_t function_count, function_capacity;
};

struct netlist *netlist_new(struct arena *arena, const char *name);
void netlist_parameter(struct netlist *netlist, const struct net *net, const char *digits);
void netlist_port(struct netlist *netlist, struct module_port port);
void netlist_wire(struct netlist *netlist, const struct net *net, const struct expression *value);
void netlist_assign(struct netlist *netlist, const struct net *net, const struct expression *value);
void netlist_register(struct netlist *netlist, const struct net *net);
void netlist_update(struct netlist *netlist, struct update update);
void netlist_updates(struct netlist *netlist, const struct update *updates, uint32_t count); /* none: nothing */
void netlist_memory(struct netlist *netlist, struct memory_write write);
struct instance *netlist_instance(struct netlist *netlist, const char *module, const char *name);
void netlist_connect(struct netlist *netlist, struct instance *instance, const char *port,
                     const struct expression *value);
void netlist_unused(struct netlist *netlist, const struct parts *unused);
void netlist_note(struct netlist *netlist, const char *note);
void netlist_space(struct netlist *netlist);
void netlist_function(struct netlist *netlist, const struct function *function);

#endif
