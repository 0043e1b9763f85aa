/* Inside the Verilog emitter: a datapath on a schedule becomes one module a layer and a top.
 *
 * plan.c decides what exists (bits, layers, names, delays), the other files write it.
 */
#ifndef BXC_CODEGEN_VERILOG_H
#define BXC_CODEGEN_VERILOG_H

#include "codegen/codegen.h"

enum { LAYER_TOP = -1, LAYER_NONE = -2 };
enum { BITS_MAX = 64 }; /* of a wire */

/* How a wire is written. */
struct wire_plan {
    int bits;         /* of the vector that holds it: no more than somebody reads; 0: not written */
    int layer;        /* index of the module that computes it; LAYER_TOP: an element of an input port */
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

struct plan {
    const struct emission *emission;
    struct arena *arena;
    const struct design *design;
    const struct datapath *path;
    const struct layout *layout;
    struct names *scope; /* of everything inside the modules and the top */
    struct wire_plan *wires;
    const char **labels;         /* by node id: NODE in the names of its wires; NULL: it has none */
    const struct probe **probes; /* by wire: whose value it is; NULL: of a step, or of nobody */
    uint32_t signal_count;
    struct layer *layers;
    int layer_count;
    struct crossing *crossings; /* sorted, each once */
    uint32_t crossing_count;
    int *exports;
    int last_cycle;                                   /* in which outputs are computed */
    const char *probe_module;                         /* the top with inner values at its ports, for simulation */
    const char **input_registers, **output_registers; /* names, one a port */
};

/* The module that is being written. */
struct module {
    const struct plan *plan;
    int layer;
    struct strbuf text;
    uint64_t *read;         /* bits of each signal that were read so far */
    struct lookup *lookups; /* functions of this module */
    uint32_t lookup_count, lookup_capacity;
    const char *less_digit, *less[BITS_MAX + 1]; /* functions that compare so many bits; NULL: not written */
    struct strbuf functions;
    bool has_unused; /* bits */
};

struct plan *plan_new(const struct emission *emission, struct arena *arena);
const struct wire *plan_wire(const struct plan *plan, wireref wire);
/* Interval of one value: written as a literal wherever it is read. */
bool wire_is_constant(const struct wire *wire);

/* ---- expression.c ---- */
/* A concatenation; braces only where there are several parts. Most significant part first. */
struct concatenation {
    struct strbuf text;
    int parts;
};
struct concatenation concatenation_new(struct arena *arena);
void concatenation_add(struct concatenation *parts, const char *format, ...) PRINTF_LIKE(2, 3);
const char *concatenation_text(struct concatenation *parts);

uint64_t low_bits(int count); /* mask */
/* A literal of so many bits (1 .. 64). */
const char *literal_text(struct arena *arena, int bits, uint64_t value);
/* Bits [from, from + count) of a signal, its sign extended as far as needed; marks them as read. */
void add_bits(struct module *module, struct concatenation *parts, struct signal signal, int from, int count);
const char *bits_text(struct module *module, struct signal signal, int from, int count);
/* All bits that the signal's vector has. */
const char *signal_name(const struct plan *plan, struct signal signal); /* fresh text where delayed */
const char *range_text(struct arena *arena, int bits);                  /* "[7:0] ", or "" for one bit */
/* The operand of a wire as the signal that is in step with it. */
struct signal operand_signal(const struct plan *plan, const struct wire *wire, uint32_t operand);
/* The value of a wire, as so many bits; wires that are constants are not asked for. */
const char *wire_expression(struct module *module, wireref wire);

/* ---- sum.c, clamp.c, lookup.c, less.c ---- */
const char *sum_expression(struct module *module, const struct wire *wire, int bits);
const char *clamp_expression(struct module *module, const struct wire *wire, int bits);
const char *lookup_expression(struct module *module, const struct wire *wire, int bits);
const char *less_name(struct arena *arena, int bits); /* that it has where it is not taken */
extern const char less_digit_name[];
bool lookup_has_own_name(const struct module *module, uint32_t index); /* else that was taken */
/* left < right, two expressions of so many bits, without signs. */
const char *less_text(struct module *module, int bits, const char *left, const char *right);

/* ---- module.c ---- */
struct module module_new(const struct plan *plan, int layer);
/* "wire unused = &{...};" for the bits of these signals that nobody read, so that lint knows. */
void write_unused(struct module *module, const struct signal *signals, uint32_t count, const char *more);
bool layer_has_registers(const struct plan *plan, int layer);
void write_delays(struct module *module);
void emit_layer(const struct plan *plan, int layer);

/* ---- header.c: of modules that are written but for it ---- */
void write_layer_header(const struct module *module, struct strbuf *out);
void write_top_header(const struct module *module, struct strbuf *out);
/* "s16f12", or "low 9 of s16f12" where nobody reads the others; "s16" of a step, whose point nobody knows. */
const char *signal_format(const struct plan *plan, struct signal signal);
void add_rtl(const struct plan *plan, const char *module, const struct strbuf *text); /* rtl/<module>.v, lines broken */

/* ---- legend.c ---- */
void write_legend(const struct module *module, struct strbuf *out); /* what the module's names and formats say */

/* ---- top.c, scripts.c, simulation.c ---- */
void emit_top(const struct plan *plan);
int emit_template(const struct plan *plan, const char *file, const char *path, const struct template_key *keys);
int emit_scripts(const struct plan *plan);
/* Inner values for the simulations: ports of plan->probe_module, and 64-bit words of each. */
struct probe_ports {
    const char **names;
    uint32_t *words;
    uint32_t count;
};
int emit_simulation(const struct plan *plan, const struct probe_ports *probes);

/* ---- probes.c ---- */
struct probe_ports emit_probes(const struct plan *plan);

#endif
