/* What people and machines read of what the others measured. */
#ifndef BXC_REPORT_H
#define BXC_REPORT_H

#include "sim/sim.h"
#include "target/target.h"

struct layer_report {
    const char *name, *op, *format; /* node of the quantised graph; result's format in words */
    struct cost cost;
    int first_cycle, last_cycle;
    double range_lo, range_hi, format_lo, format_hi;
    const char *module;    /* the node whose name the module has that computes it, or NULL */
    bool made;             /* by a pass: the model as read has no node of this name */
    const char **absorbed; /* of a module's row: the model's nodes that became part of it, its own left out */
    uint32_t absorbed_count;
};
struct pass_report { /* what a pass did to the numbers */
    const char *name, *side, *summary;
    bool changed;
    double seconds; /* terminal only: not in files, which have no times */
    bool measured;
    double max_error, mean_error; /* of the outputs, after against before */
    uint64_t decisions, flipped;
};
struct path_report {          /* a step of the slowest path; the first is the register that it leaves */
    const char *layer, *what; /* a node's element, an operator of the datapath */
    int bits, picoseconds;    /* of the result; after the clock edge */
};
struct note_report {
    const char *pass, *subject, *text;
    double number;
};
struct compile_report {
    const char *name, *model, *part_code, *part_name, *technology_source, *tool_version, *content_hash;
    const char *command;      /* as given, files without their folders */
    const char *model_sha256; /* of the file */
    double clock_period;
    int latency, initiation_interval;
    int beats;            /* clocks in a row over which an event's items are served; 0 and 1: all at once */
    struct block_report { /* wires that are served together: ir/blocks.c */
        const char *kind; /* "once an event", "item by item", "item by item, with state" */
        int beats, first_cycle, last_cycle;
        uint32_t wires, states, memories; /* memories: values that come out of one */
        struct cost cost;                 /* what stands in the top is in none */
    } * blocks;
    uint32_t block_count;
    struct channel_report {     /* what a block reads of an earlier one */
        int from, to;           /* numbers of the blocks, from 1 on */
        uint32_t numbers, bits; /* that pass */
        int depth;              /* cycles that they wait in registers or memories, at most */
    } * channels;
    uint32_t channel_count;
    double stage_delay;
    int margin;               /* percent of the period */
    struct path_report *path; /* from register to register */
    uint32_t path_count;
    struct cost total;
    struct cost available; /* the part's */
    int slr;               /* dies of the part */
    struct layer_report *layers;
    uint32_t layer_count;
    struct port_report {
        const char *name, *direction;
        uint32_t elements, width, beats; /* width: bits in each of so many clocks in a row; 0 is 1 */
        const char *format, *rounding, *overflow, *chosen_by;
        const char *numbers; /* digest of what an element's integers are: formats, scales, zero points, steps */
    } * ports;
    uint32_t port_count;
    struct pass_report *passes;
    uint32_t pass_count;
    struct note_report *notes;
    uint32_t note_count;
    const char **warnings;
    uint32_t warning_count;
};
/* report.json (doc/report.schema.json): written by compile; verdict parts added by verify. verdict may be NULL;
 * one whose content hash is not the report's is of an earlier make and is left out. */
void report_json(struct strbuf *out, const struct compile_report *report, const struct verdict *verdict);
struct compile_report *report_parse(struct bxc_context *context, struct arena *arena, const char *path,
                                    const char *json);
void report_terminal(struct strbuf *out, const struct compile_report *report, const struct verdict *verdict,
                     bool colour);
void report_html(struct strbuf *out, const struct compile_report *report, const struct verdict *verdict);
/* "network: as trained: 3 of 1,000 decisions flipped, ...; most of it arises at layer 'x'", no newline. */
/* One line without its end: what a compilation came to. */
void report_outcome(struct strbuf *out, const struct compile_report *report);
/* ", accuracy 75.1 %, as trained 75.3 %", by output where there are several; nothing without labels. */
void labelled_words(struct strbuf *out, const struct labelled *labelled, uint32_t count);
/* gated: gates judge, and they let it pass */
void loss_terminal(struct strbuf *out, const struct loss *loss, bool gated);
/* A line, where the network came with quantisers: whether its floats depend on who computes them. */
void floats_terminal(struct strbuf *out, const struct loss *loss);
void verdict_terminal(struct strbuf *out, const struct verdict *verdict, bool colour);
void verdict_json(struct strbuf *out, const struct verdict *verdict); /* doc/verdict.schema.json */
/* A verdict that verdict_json wrote (or the "verdict" of a report.json), so that reports can show the last one. */
struct verdict *verdict_parse(struct bxc_context *context, struct arena *arena, const char *path, const char *json);
int verdict_junit(struct strbuf *out, const struct verdict *verdict); /* libxml2 */

/* ---- inspect.c: a model before it is compiled ---- */
struct model_node {
    const char *name, *op, *from;       /* from: the model's operator or layer of another name, or NULL */
    const char *reads, *shape;          /* reads: nodes, with commas */
    const char *numbers;                /* what its quantiser or weights are */
    double parameters, zeros, products; /* products: of a variable and a weight, an event */
    double trips;                       /* of its body, whose nodes follow; 0: it has none */
};
struct model_reason {  /* why it is refused, or a warning */
    const char *stage; /* "reading", or "compiling" */
    const struct diagnostic *what;
};
struct inspection {
    const char *file, *format, *sha256, *name;
    int opset;                /* 0: none */
    bool read_whole;          /* else the nodes are those that could be read */
    struct model_node *nodes; /* inputs first */
    uint32_t node_count;
    const char **outputs;
    uint32_t output_count;
    struct model_reason *refusals, *warnings;
    uint32_t refusal_count, warning_count;
    const struct compile_report *compiled; /* with the options given; NULL: refused */
};
void inspection_terminal(struct strbuf *out, const struct inspection *inspection, bool colour);
void inspection_json(struct strbuf *out, const struct inspection *inspection); /* doc/inspect.schema.json */

/* ---- explain.c: where cycles and LUT go ---- */
struct layer_share {             /* a module of rtl/, or what of a softmax they are together */
    const char *name, *kind;     /* kind: its first operator */
    int first_cycle, last_cycle; /* -1: nothing is computed */
    uint32_t last_node;          /* of the graph, that computes something */
    int adds;                    /* cycles by which it makes the way longer */
    bool in_beats;               /* serves items one after the other */
    struct cost cost;
    double weights, terms;   /* not zero; signed digits of them, each a term of a sum; 0: no weights */
    uint32_t common;         /* of its values that are part of other modules' nodes, too */
    const char *common_with; /* such a module; NULL: none */
    bool common_with_more;   /* than that one */
};
struct kind_share { /* one kind of logic */
    const char *name;
    double count, lut, bram18;
};
struct clock_trial {  /* the same graph compiled otherwise */
    const char *name; /* "this clock", "--softmax argmax", or NULL */
    double period;
    const char *refused; /* why it does not compile, or NULL */
    int latency;
    double stage_delay;
    struct cost cost;
};
struct explanation {
    const struct compile_report *report;
    struct layer_share *layers;
    uint32_t layer_count;
    int beat_cycles; /* from the first beat to the last */
    int rest_cycles; /* boundary registers */
    struct cost top; /* of the top: ports and valid */
    struct kind_share *kinds;
    uint32_t kind_count;
    struct layer_share *softmax; /* of each softmax together */
    uint32_t softmax_count;
    struct clock_trial *clocks, *instead; /* instead: of the softmax */
    uint32_t clock_count, instead_count;
};
void explanation_terminal(struct strbuf *out, const struct explanation *explanation, bool colour);
void explanation_json(struct strbuf *out, const struct explanation *explanation); /* doc/explain.schema.json */

/* ---- diff.c: two firmwares side by side ---- */
struct firmware_side {
    const char *folder;
    const struct compile_report *report;
    const struct verdict *verdict; /* of this make, or NULL */
};
/* One page or table each: what differs, and how much is equal. */
void diff_terminal(struct strbuf *out, const struct firmware_side *left, const struct firmware_side *right,
                   bool colour);
void diff_html(struct strbuf *out, const struct firmware_side *left, const struct firmware_side *right);
/* doc/diff.schema.json */
void diff_json(struct strbuf *out, const struct firmware_side *left, const struct firmware_side *right);

/* ---- words.c ---- */
const char *words_count(struct arena *arena, double number); /* 1,728,000 */

#endif
