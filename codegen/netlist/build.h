/* From a datapath on a schedule to netlists: one module a layer and a top.
 *
 * plan.c decides what exists (bits, layers, names, delays), the other files say it in expressions, for whichever
 * language prints them.
 */
#ifndef BXC_CODEGEN_BUILD_H
#define BXC_CODEGEN_BUILD_H

#include "codegen/codegen.h"
#include "codegen/netlist/netlist.h"
#include "target/memories.h"

enum { LAYER_TOP = -1, LAYER_NONE = -2 };
enum { BITS_MAX = 64 }; /* of a wire */

/* How a wire is written. */
struct wire_plan {
    int bits;         /* of the vector that holds it: no more than somebody reads; 0: not written */
    int layer;        /* index of the module that computes it; LAYER_TOP: what comes from a port, or counts beats */
    int last_delay;   /* registers in series that hold it */
    uint32_t signals; /* index of its first signal: wire + delay -> signals + delay */
    const char *name;
    uint32_t step;                  /* of those towards its element, from 1; 0: it is the last, or an input's */
    bool is_numbered;               /* the name that it would have was taken */
    uint32_t exports, export_count; /* delays that other modules read, in plan->exports */
};

/* A wire some cycles later. */
struct signal {
    wireref wire;
    int delay;
};

/* A signal that one layer computes and another (or the top) reads. */
struct crossing {
    int from, to;
    struct signal signal;
};

struct layer {
    const char *name;     /* identifier of the layer: that of its first node */
    const char *module;   /* <prefix>_<name> */
    const char *instance; /* in the top */
    const char *node;     /* the model's name, for comments */
};

/* Wires by what they belong to, in their order. */
struct wire_groups {
    uint32_t *wires, *first; /* by group: where it begins in wires; the end of the last one is behind it */
};
struct wire_list {
    const uint32_t *at;
    uint32_t count;
};
struct crossing_list {
    const struct crossing *at;
    uint32_t count;
};

struct plan {
    const struct emission *emission;
    struct arena *arena;
    const struct design *design;
    const struct datapath *path;
    const struct layout *layout;
    struct names *scope; /* of everything inside the modules and the top */
    struct wire_plan *wires;
    const char **delays; /* ports that are called as a register behind a wire is */
    uint32_t delay_count;
    const char **labels;         /* by node id: NODE in the names of its wires; NULL: it has none */
    const struct probe **probes; /* by wire: whose value it is; NULL: of a step, or of nobody */
    uint32_t signal_count;
    const struct net **nets; /* by signal; NULL: nobody asked for it */
    struct layer *layers;
    int layer_count;
    struct wire_groups by_layer, by_port; /* from LAYER_TOP on; inputs */
    struct crossing *crossings;           /* sorted, each once */
    uint32_t crossing_count;
    uint32_t *crossings_into; /* by layer from LAYER_TOP on, as in groups */
    uint64_t *read;           /* by signal: of the module that is being built */
    struct block_memory_list memories;
    int *exports;
    int last_cycle;                                   /* in which outputs are computed */
    const char *probe_module;                         /* the top with inner values at its ports, for simulation */
    const char **input_registers, **output_registers; /* names, one a port */
};

/* How netlists become files of a language. */
struct netlist_language {
    const char *suffix; /* of files: "v" */
    /* For comments: all bits of element i of a port whose elements have so many. */
    const char *(*element)(struct arena *arena, const char *port, int bits);
    struct strbuf (*print)(struct arena *arena, const struct netlist *netlist);
};

struct lookup; /* a function that is a table, read at some width */

/* The module that is being built. */
struct module {
    const struct plan *plan;
    const struct netlist_language *language;
    struct arena *arena; /* of all that is said here */
    int layer;
    struct netlist *netlist;
    const struct net *clock, *reset;
    uint64_t *read; /* the plan's: bits of each signal of this module that were read so far */
    struct lookup *lookups;
    uint32_t lookup_count, lookup_capacity;
    const struct function *less_digit, *less[BITS_MAX + 1]; /* those that compare so many bits; NULL: there is none */
    bool has_unused;                                        /* bits */
    bool has_numbered_memory;                               /* the name that it would have was taken */
};

/* rtl/: a file a layer, then the top. */
void netlists_emit(const struct plan *plan, const struct netlist_language *language);

/* ---- plan.c ---- */
struct plan *plan_new(const struct emission *emission, struct arena *arena);
const struct wire *plan_wire(const struct plan *plan, wireref wire);
struct wire_list layer_wires(const struct plan *plan, int layer); /* that it computes */
struct wire_list port_wires(const struct plan *plan, uint32_t input);
struct crossing_list layer_reads(const struct plan *plan, int layer); /* that come into it */
/* Interval of one value: a constant wherever it is read. */
bool wire_is_constant(const struct wire *wire);
const struct net *signal_net(const struct plan *plan, struct signal signal); /* one a signal */

/* ---- expression.c ---- */
uint64_t low_bits(int count); /* mask */
/* Bits [from, from + count) of a signal, its sign extended as far as needed; marks them as read. */
void add_bits(struct module *module, struct parts *parts, struct signal signal, int from, int count);
const struct expression *signal_bits(struct module *module, struct signal signal, int from, int count);
/* A wire as it is read in a cycle: of an item the register of what it is an item of. */
struct signal signal_in(const struct plan *plan, wireref wire, int cycle);
/* The operand of a wire as the signal that is in step with it. */
struct signal operand_signal(const struct plan *plan, const struct wire *wire, uint32_t operand);
/* The value of a wire, of as many bits as the plan gives it; wires that are constants are not asked for. */
const struct expression *wire_expression(struct module *module, wireref wire);

/* ---- sum.c, clamp.c, lookup.c, less.c: of so many bits ---- */
const struct expression *sum_expression(struct module *module, const struct wire *wire, int bits);
const struct expression *clamp_expression(struct module *module, const struct wire *wire, int bits);
const struct expression *lookup_expression(struct module *module, const struct wire *wire, int bits);
bool lookup_has_own_name(const struct module *module, uint32_t index); /* else that was taken */
/* left < right, of so many bits each, without signs. */
const struct expression *less_expression(struct module *module, const struct expression *left,
                                         const struct expression *right);
bool less_has_own_names(const struct module *module);

/* ---- memories.c ---- */
void add_memories(struct module *module); /* those of its wires, and the registers at their addresses and outputs */
bool wire_is_in_memory(const struct plan *plan, uint32_t wire);
/* Whether a memory delays values of it: one whose addresses the reset sets. */
bool layer_has_delay_memory(const struct plan *plan, int layer);

/* ---- module.c ---- */
struct module module_new(const struct plan *plan, int layer, const char *name, const struct netlist_language *language);
/* Prints it into the files, and frees its arena. */
void module_emit(struct module *module);
const struct expression *signal_value(struct module *module, struct signal signal); /* not marked as read */
uint32_t count_signals(const struct plan *plan, struct wire_list wires);            /* with those behind registers */
bool layer_has_registers(const struct plan *plan, int layer);
void add_delays(struct module *module); /* the updates of what this module keeps */
/* The bits of these signals that nobody read join what is unused, so that lint knows. */
void add_unused(struct module *module, const struct signal *signals, uint32_t count, struct parts *unused);

/* ---- top.c ---- */
void build_top(const struct plan *plan, const struct netlist_language *language);

/* ---- header.c: of modules that are built but for it ---- */
const char *layer_header(const struct module *module);
const char *top_header(const struct module *module);
/* "s16f12", or "low 9 of s16f12" where nobody reads the others; "s16" of a step, whose point nobody knows. */
const char *signal_format(const struct module *module, struct signal signal);

/* ---- legend.c ---- */
void write_legend(const struct module *module, struct strbuf *out); /* what the module's names and formats say */

#endif
