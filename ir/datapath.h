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
    WIRE_BEAT,  /* which clock of an event's, from 0: the items of beat b are there */
    WIRE_FIRST, /* 1 in beat 0, else 0 */
    WIRE_STATE, /* a ? b : what `next` was a beat earlier; a tells the first beat */
    WIRE_ITEM,  /* a as it is in beat `amount` */
    WIRE_DELAY, /* a, its latency later: out of a memory, where registers in series would hold it */
    WIRE_OP_COUNT
};

/* What computes a wire. Beside logic, which is done within a cycle, a resource has registers of its own. */
enum resource {
    RESOURCE_LOGIC,
    RESOURCE_BLOCK_RAM, /* of a table, whose words never change, or of a delay */
    RESOURCE_COUNT
};
enum { BLOCK_RAM_LATENCY = 2 }; /* a register at its address, and one at its output; of a delay more */

struct term {
    wireref wire;
    int8_t shift; /* 0 .. 63; while tensors are lowered also to the right, where that drops zeros */
    bool negative;
};

/* Nodes of the quantised graph, for people: nothing is decided by them. A node may stand in a list twice. */
struct origin_list {
    noderef node;
    const struct origin_list *next;
};

struct wire {
    enum wire_op op;
    uint32_t operand_count;
    struct term *operands;      /* shift and negative are 0 except in a sum */
    int64_t constant;           /* sum: the added constant; constant: its value */
    int64_t lo, hi;             /* interval of the result; every value in it fits 64 bits */
    int64_t clamp_lo, clamp_hi; /* clamp */
    int32_t amount;             /* shift_right, wrap; input: element of the port; item: beat */
    bool wrap_signed;
    bool every_beat;                /* takes a value in each beat of an event; else one an event */
    wireref next;                   /* state: may come after it */
    uint32_t table;                 /* table; input: port */
    noderef origin;                 /* node of the quantised graph, or NO_NODE */
    uint32_t element;               /* of the origin's result */
    const struct origin_list *also; /* further nodes that it is part of; kept by the design */
    enum resource resource;
    int32_t latency;   /* cycles in its resource, after the one in which that reads its operands */
    int32_t cycle;     /* pipeline stage in which it is computed, in its first beat; inputs 0; -1 unscheduled */
    int32_t unhurried; /* a scheduled table: levels of LUT that mapping adds to save some; estimate, not printed
                          (target/haste.c) */
    int32_t arrival; /* picoseconds after that stage's clock edge, by the delay model, or after that of the one in which
                        its resource reads, set-up included, where that is later; estimate */
};

/* Where element e of a graph value is: value = (negative ? -1 : 1) * ((wire - offset) << shift), a negative shift
 * being one to the right that drops zeros; or absorbed: what reads it is computed without it. Probes keep nothing
 * alive. */
struct probe {
    valref value;
    uint32_t element;
    wireref wire; /* NO_WIRE: absorbed by optimisation */
    int beat;     /* in which it is there */
    int32_t shift;
    bool negative;
    int64_t offset;
    valref absorber; /* of an absorbed one: the value that it became part of; NO_VALUE: of none, or not known */
};

struct port_element {
    wireref wire; /* input in beats: that of its slot */
    struct format format;
    uint32_t slot, beat; /* input: where and when it arrives: the beat's word holds so many slots */
};

struct port {
    const char *name; /* the model's */
    valref value;     /* of the quantised graph */
    uint32_t element_count;
    struct port_element *elements;
    uint32_t beats, slots; /* input: clocks in a row in which the elements arrive, and numbers in each */
};

struct linear_form; /* what a wire is in terms of others: of wires that are no sums (datapath_interval.c) */
struct form_sum;

struct datapath {
    struct arena *arena; /* of its wires and tables, made by the first of them; whoever drops the datapath frees it */
    struct wire *wires;  /* operands first */
    uint32_t wire_count, wire_capacity;
    struct linear_form *forms; /* one a wire; kept by datapath_append */
    struct form_sum *sum;      /* likewise */
    struct table *tables;
    uint32_t table_count, table_capacity;
    struct probe *probes;
    uint32_t probe_count, probe_capacity;
};

struct design {
    struct bxc_context *context;
    struct arena *arena;
    const struct graph *graph; /* the quantised graph, outlives the design */
    const char *name;          /* prefix of every module and external symbol; a legal identifier */
    const char *file;          /* that it was read from; NULL: none */
    struct port *inputs, *outputs;
    uint32_t input_count, output_count;
    struct datapath datapath;
    int beats;    /* clocks in a row over which an event's items are served; 1: all at once */
    int interval; /* cycles between events, at least: no fewer than beats */
    int clock_ps; /* period in picoseconds; 0 before it is scheduled */
    int latency;  /* rising edges from the one that samples in_valid, with an event's first beat, to the one that
                     samples out_valid; boundary registers included */
    bool input_registers, output_registers;
};

/* ---- blocks.c: wires that are served together ---- */
enum block_kind {
    BLOCK_DATAPATH,  /* once an event */
    BLOCK_MAP,       /* in every beat, each by itself */
    BLOCK_ACCUMULATE /* in every beat, and something is carried from one to the next */
};
struct block {
    enum block_kind kind;
    int beats;
    int first_cycle, last_cycle;      /* of the first beat, of the last; -1: not scheduled, or of no wires */
    uint32_t wires, states, memories; /* memories: wires that come out of one */
};
/* In an order in which nothing flows back; odd ones are served in every beat. None: there is no such order, or it has
 * more than BLOCKS_MAX. */
enum { BLOCKS_MAX = 4096 };
struct block_list {
    struct block *at;
    uint32_t count;
    uint32_t *of; /* by wire */
};
struct block_list design_blocks(const struct design *design, struct arena *arena);

struct design *design_new(const struct graph *graph, const char *name);
void design_free(struct design *design);
struct arena *datapath_arena(struct design *design, struct datapath *datapath);
/* Appends a wire and computes its interval from its operands; context_bug when it leaves 64 bits. */
wireref datapath_append(struct design *design, struct datapath *datapath, const struct wire *wire);
/* The same with the interval that the wire declares; nothing is checked, and its operands stay where they are. */
wireref datapath_declare(struct design *design, struct datapath *datapath, const struct wire *wire);
/* Of a wire of the design that it is part of this node, too. */
void wire_add_origin(struct design *design, struct wire *wire, noderef node);
/* What a state, whose interval is declared, is a beat later, when that is there. */
void datapath_carry(struct datapath *datapath, wireref state, wireref next);
/* In a datapath that was made anew, states whose `next` names wires of the old one. */
void datapath_map_states(struct datapath *datapath, const wireref *map);
/* What an item's wire reads in truth, and how many beats later than that wire's first one. */
wireref datapath_source(const struct datapath *datapath, wireref wire, int *beats);
/* What a delay holds, of whatever else it is a delay. */
wireref datapath_undelayed(const struct datapath *datapath, wireref wire);
/* From its operands' intervals alone; what datapath_append stores may be tighter, as it follows
 * sums back to the wires that they are linear in. */
struct interval wire_interval(const struct datapath *datapath, const struct wire *wire);
int wire_width(const struct wire *wire);      /* bits of its interval; 0 for the constant 0 */
bool wire_is_signed(const struct wire *wire); /* lo < 0 */
/* Of a scheduled wire: the cycle in which it reads its operands. */
int wire_read_cycle(const struct wire *wire);
/* Of a scheduled wire: the cycle in which it is computed for the last time of an event. */
int wire_last_cycle(const struct design *design, const struct wire *wire);
/* A table with these entries (copied), the same index for the same content. */
uint32_t datapath_table(struct design *design, struct datapath *datapath, const struct table *table);
bool datapath_find_table(const struct datapath *datapath, const struct table *table, uint32_t *id);
/* A further one, though its content may be that of another. */
uint32_t datapath_add_table(struct design *design, struct datapath *datapath, const struct table *table);
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
/* Checks order, operand counts, what tables cover, outputs against port formats, beats, probes, and once scheduled that
 * no operand comes later than its reader: what passes it can be run. Intervals are believed. */
int design_check(const struct design *design);
/* The same, and intervals against a fresh run. */
int design_verify(const struct design *design);
extern const char *const wire_op_names[WIRE_OP_COUNT];   /* "sum", "less", ... */
extern const char *const resource_names[RESOURCE_COUNT]; /* "block_ram"; of logic NULL */
/* What stands in registers when an event comes: elements of ports, and which beat it is. */
bool wire_is_source(const struct wire *wire);
bool wire_is_by_beat(const struct datapath *datapath, const struct wire *wire); /* a constant that the beat chooses */
/* Operands that a wire of this operator has; -1 for a sum, which has any number. */
int wire_op_operands(enum wire_op op);
/* Nodes and values by their numbers in the graph's text. */
void design_print(struct strbuf *out, const struct design *design);
/* Of a graph that was read from its text. Intervals are as declared: design_verify computes them afresh. NULL and a
 * diagnosis, with the line where there is one; what it gives has passed design_check. */
struct design *design_parse(struct bxc_context *context, const struct graph *graph, const char *file, const char *text,
                            size_t length);
/* The datapath's own meaning, event by event: inputs and outputs as graph_run_integers. A wire keeps as many bits as
 * its interval needs and no more, as in hardware. -1 and a diagnosis when that takes too much memory. */
int design_run(const struct design *design, size_t events, const int64_t *const *inputs, int64_t *const *outputs);
/* The same, and what the wires are that probes name: events x probes, 0 where absorbed. */
int design_run_wires(const struct design *design, size_t events, const int64_t *const *inputs, int64_t *const *outputs,
                     int64_t *wires);

#endif
