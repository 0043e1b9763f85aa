/* Scalars on a schedule (datapath*.c, partial_sums.c). */
#ifndef BXC_IR_DATAPATH_H
#define BXC_IR_DATAPATH_H

#include "ir/graph.h"

typedef struct {
    uint32_t id;
} wireref;
#define NO_WIRE ((wireref){UINT32_MAX})

enum wire_op {
    WIRE_INPUT,       /* element of an input port */
    WIRE_CONSTANT,    /* interval lo = hi */
    WIRE_SUM,         /* constant + sum of +-(wire << shift); at most three terms after `trees` */
    WIRE_MULTIPLY,    /* a * b */
    WIRE_LESS,        /* a < b, 0 or 1 */
    WIRE_EQUAL,       /* a == b, 0 or 1 */
    WIRE_SELECT,      /* a ? b : c, a is 0 or 1 */
    WIRE_TABLE,       /* tables[table] at a */
    WIRE_CLAMP,       /* a limited to [lo, hi] of the clamp */
    WIRE_SHIFT_RIGHT, /* floor(a / 2^amount) */
    WIRE_WRAP,        /* low `amount` bits of a, read as signed or unsigned */
    WIRE_AND,
    WIRE_OR,
    WIRE_XOR, /* bitwise on two's complement of unlimited width */
    WIRE_NOT,
    WIRE_OP_COUNT
};

struct term {
    wireref wire;
    uint8_t shift;
    bool negative;
};

struct wire {
    enum wire_op op;
    uint32_t operand_count;
    struct term *operands;      /* shift and negative are 0 except in a sum */
    int64_t constant;           /* sum: the added constant; constant: its value */
    int64_t lo, hi;             /* interval of the result; every value in it fits 64 bits */
    int64_t clamp_lo, clamp_hi; /* clamp */
    int32_t amount;             /* shift_right, wrap; input: element of the port */
    bool wrap_signed;
    uint32_t table;    /* table; input: port */
    noderef origin;    /* node of the quantised graph, or NO_NODE */
    uint32_t element;  /* of the origin's result */
    int32_t cycle;     /* pipeline stage in which it is computed; inputs 0; -1 unscheduled */
    int32_t unhurried; /* a scheduled table: levels of LUT that mapping adds to save some; estimate, not printed
                          (target/haste.c) */
    int32_t arrival;   /* picoseconds after that stage's clock edge, by the delay model; estimate */
};

/* Where element e of a graph value is: value = (negative ? -1 : 1) * ((wire - offset) << shift), a negative shift
 * being one to the right that drops zeros; or absorbed: what reads it is computed without it. Probes keep nothing
 * alive. */
struct probe {
    valref value;
    uint32_t element;
    wireref wire; /* NO_WIRE: absorbed by optimisation */
    int32_t shift;
    bool negative;
    int64_t offset;
    valref absorber; /* of an absorbed one: the value that it became part of; NO_VALUE: of none, or not known */
};

struct port_element {
    wireref wire;
    struct format format;
};

struct port {
    const char *name; /* the model's */
    valref value;     /* of the quantised graph */
    uint32_t element_count;
    struct port_element *elements;
};

struct linear_form; /* datapath_interval.c: what a wire is in terms of others */

struct datapath {
    struct wire *wires; /* operands first */
    uint32_t wire_count, wire_capacity;
    struct linear_form *forms; /* one a wire; kept by datapath_append */
    struct table *tables;
    uint32_t table_count, table_capacity;
    struct probe *probes;
    uint32_t probe_count, probe_capacity;
};

enum block_kind { BLOCK_UNROLLED };

struct block {
    enum block_kind kind;
    int initiation_interval; /* cycles between events */
    int latency;             /* rising edges from the one that samples in_valid to the one that samples out_valid */
    int beats;               /* clock cycles in which one event's words arrive */
    struct datapath datapath;
};

struct design {
    struct bxc_context *context;
    struct arena *arena;
    const struct graph *graph; /* the quantised graph, outlives the design */
    const char *name;          /* prefix of every module and external symbol; a legal identifier */
    struct port *inputs, *outputs;
    uint32_t input_count, output_count;
    struct block *blocks;
    uint32_t block_count;
    int clock_ps; /* period in picoseconds; 0 before it is scheduled */
    int latency;  /* of the whole, as above; boundary registers included */
    bool input_registers, output_registers;
};

struct design *design_new(const struct graph *graph, const char *name);
void design_free(struct design *design);
/* Appends a wire and computes its interval from its operands; context_bug when it leaves 64 bits. */
wireref datapath_append(struct design *design, struct datapath *datapath, const struct wire *wire);
/* From its operands' intervals alone; what datapath_append stores may be tighter, as it follows
 * sums back to the wires that they are linear in. */
struct interval wire_interval(const struct datapath *datapath, const struct wire *wire);
int wire_width(const struct wire *wire);      /* bits of its interval; 0 for the constant 0 */
bool wire_is_signed(const struct wire *wire); /* lo < 0 */
/* A table with these entries (copied), the same index for the same content. */
uint32_t datapath_table(struct design *design, struct datapath *datapath, const struct table *table);
void datapath_probe(struct design *design, struct datapath *datapath, struct probe probe);
/* After datapath_replace put another datapath in the place of `old`: probes whose wires nobody reads any more
 * are absorbed by the value that their readers lead to. map[old wire] is the new wire. */
void design_absorb_probes(struct design *design, const struct datapath *old, const wireref *map);
int64_t probe_value(const struct probe *probe, int64_t wire); /* of the graph's value, from the wire's */
/* Values of all probes as the datapath has them, events x probes; 0 where absorbed. */
void design_run_probes(const struct design *design, size_t events, const int64_t *const *inputs, int64_t *values);
/* Into bits[wire], zero before: how many low bits of each wire somebody reads; 0 for constants. */
void datapath_demand(const struct design *design, const struct datapath *datapath, uint8_t *bits);
/* partial_sums.c: a copy of the graph with the sums that adders make on the way, as further values that nobody reads.
 */
struct graph *graph_with_partial_sums(const struct graph *graph, const struct design *design);
/* Drops wires that no output reads, keeps order, renumbers ports and probes (probes of dropped
 * wires become absorbed). */
void design_compact(struct design *design);
/* Checks order, operand counts, intervals against a fresh run, outputs against port formats, and
 * once scheduled that no operand comes later than its reader. */
int design_verify(const struct design *design);
extern const char *const wire_op_names[WIRE_OP_COUNT]; /* "sum", "less", ... */
/* Operands that a wire of this operator has; -1 for a sum, which has any number. */
int wire_op_operands(enum wire_op op);
void design_print(struct strbuf *out, const struct design *design);
struct design *design_parse(struct bxc_context *context, const struct graph *graph, const char *file, const char *text,
                            size_t length);
/* The datapath's own meaning, event by event: inputs and outputs as graph_run_integers. */
int design_run(const struct design *design, size_t events, const int64_t *const *inputs, int64_t *const *outputs);

#endif
