/* What hardware costs: parts, and delay and area models. Estimates only: nothing here may decide
 * what is computed. Sections are named after the files. */
#ifndef BXC_TARGET_H
#define BXC_TARGET_H

#include "ir/datapath.h"

/* ---- parts.c (parts.def) ---- */
struct part {
    const char *name;   /* lower case, with which its ordering codes begin: "xcvu13p" */
    const char *family; /* "ultrascale+", "7-series" */
    uint32_t lut, ff, dsp, bram18, slr;
    const char *packages, *grades; /* words that exist; see parts.def */
};
/* Speed grade and temperature of an ordering code. */
struct part_grade {
    int speed;         /* 1, 2, 3: larger is faster */
    bool low_power;    /* -1L, -2L: at the usual voltage as fast as -1, -2 */
    bool low_voltage;  /* -1LV, -2LV, -1HV: run at the lower voltage, and slower */
    bool high_voltage; /* -1H */
    char temperature;  /* 'c', 'e', 'i' */
};
struct part_code {
    const struct part *part;
    struct part_grade grade;
    const char *text; /* as the vendor's tools spell it: "xcvu13p-flga2577-2-e" */
};
/* Reads an ordering code in either spelling of the vendor. -1 and a diagnosis for what does not exist. */
int part_parse(struct bxc_context *context, struct location at, struct arena *arena, const char *text,
               struct part_code *out);
/* The device alone, longest matching prefix; NULL when unknown. */
const struct part *part_find(const char *ordering_code);
const struct part *part_at(size_t index); /* NULL after the last */
bool part_is_7_series(const struct part *part);
const char *part_example(struct arena *arena, const struct part *part); /* an ordering code of it */
/* Families that bxc refuses, and why. */
struct refused_family {
    const char *prefixes, *name, *reason;
};
const struct refused_family *part_refused_at(size_t index); /* NULL after the last */

/* ---- clock.c ---- */
enum { CLOCK_PS_MIN = 500, CLOCK_PS_MAX = 1000000000 }; /* 2 GHz, 1 kHz */
/* "360MHz", "2.5 ns": the period, rounded to whole picoseconds; false when it is no clock or beyond the limits. */
bool clock_parse(const char *text, int *picoseconds);

/* ---- technology.c: the delay model's numbers, a row a family and grade; picoseconds ---- */
struct technology {
    const char *family;
    int speed; /* grade: 1, 2, 3 */
    bool low_voltage;
    int lut, net;                     /* a LUT; the net that leaves a LUT, a register or a carry chain */
    int to_sum, to_carry;             /* from the LUT before a carry chain to the sum of its own bit, onto the chain */
    int carry_bit;                    /* a bit along the chain within a block */
    int carry_to_sum, carry_to_carry; /* from the carry into a block to its sums, through the block */
    int carry_block, carry_block_of_two; /* bits, with adders of three terms (0: they are not seen) and of two */
    int clock_to_out, setup;
    int memory_out, memory_setup; /* of a block RAM with its output register, more than those of a register */
    int fan_out, fan_out_free;    /* more for each doubling of a net's readers beyond so many */
    int clock_tree_megahertz;     /* what a global clock buffer carries; 0: not known here */
    const char *source;           /* where the numbers come from, one sentence for reports */
};
const struct technology *technology_for(const struct part *part, struct part_grade grade);
const struct technology *technology_of_mapping(void); /* as the recipe's mapper knows it: see haste.c */
/* Of a stage that has no logic: clock to output, a net, set-up. */
int technology_overhead(const struct technology *technology);

/* ---- shape.c: circuits as they are emitted ---- */
enum { LESS_DIGIT_BITS = 2 }; /* a < b looks at so many bits of both at once */
int less_digits(int bits);
enum less_form { LESS_IS_CHAIN, LESS_IS_SIGN, LESS_IS_ANY_BIT }; /* a < 0; 0 < b without sign */
enum less_form less_form(const struct wire *a, const struct wire *b);
/* Bits at which both operands are compared: with a sign if either has one. */
int comparison_width(const struct wire *a, const struct wire *b);

/* ---- delay.c: when bits arrive, picoseconds after a stage's clock edge ---- */
/* A wire all of whose operands arrive `start` after the edge. */
int wire_delay(const struct datapath *datapath, const struct wire *wire, const struct technology *technology,
               int start);
/* An adder of two or three terms and so many bits of carry chain, from registers. */
int adder_delay(const struct technology *technology, int terms, int bits);
/* A function of so many bits, from registers. */
int table_delay(const struct technology *technology, int index_bits);
int fan_out_delay(const struct technology *technology, int readers); /* what they add to a net */
struct timing; /* of a design's first block: arrivals by bit, and what readers add to nets */
struct timing *timing_new(struct arena *arena, const struct design *design, const struct technology *technology);
int timing_most_fan_out(const struct timing *timing);
/* A wire whose operands are all registered. */
int timing_alone(const struct timing *timing, uint32_t wire);
/* A wire in `cycle`: operands of that cycle come when they were placed, others from registers; remembered. */
int timing_place(struct timing *timing, uint32_t wire, int cycle);
/* The same, if only this operand of those that come in the cycle counts; not remembered. */
int timing_through(const struct timing *timing, uint32_t wire, int cycle, uint32_t operand);
/* Every wire's arrival in its cycle, written into the datapath (the design's own); returns the largest. */
int timing_settle(struct timing *timing, struct datapath *datapath);
/* The largest estimated delay of a stage, from register to register. */
int design_stage_picoseconds(const struct design *design, const struct technology *technology);
double design_stage_delay(const struct design *design, const struct technology *technology); /* ns, for reports */
/* Into path, the wires of the slowest path: the one whose register it leaves, then what it goes through;
 * 0 when nothing is scheduled. */
uint32_t design_critical_path(const struct design *design, const struct technology *technology, uint32_t *path,
                              uint32_t capacity);

/* ---- haste.c ---- */
/* Sets `unhurried` of the wires of a scheduled design's first block: no more than lets the wire by itself arrive within
 * `budget`. False when all are 0. */
bool design_find_haste(struct design *design, const struct technology *technology, int budget);

/* ---- registers.c: what stands where, in the Verilog and so in reports ---- */
/* Of every wire the node whose module computes it and holds its registers: its origin, else that of the first wire
 * that reads it (inputs and constants are no modules); node_count: of none. Elements of input ports are the top's. */
uint32_t *datapath_owners(const struct design *design, const struct datapath *datapath, struct arena *arena);
/* Registers in series that hold each wire until its last reader; bits: from datapath_demand. */
void datapath_delays(const struct design *design, const struct datapath *datapath, const uint8_t *bits, int *delays);
int design_last_cycle(const struct design *design); /* in which outputs are computed */
/* Of the top: the valid chain, and those of its ports but for bits that no reader has, that never change, or that are
 * another's: synthesis drops them. */
int design_boundary_registers(const struct design *design, const struct datapath *datapath, const uint8_t *bits);

/* ---- cost.c ---- */
struct cost {
    double lut, ff, dsp, bram18;
};
/* Of the whole design: logic, pipeline registers that the cycles imply, boundary registers, valid chain. */
struct cost design_cost(const struct design *design, const struct technology *technology);
/* Of every wire of a block, registers included. */
void datapath_cost_by_wire(const struct design *design, const struct datapath *datapath, struct cost *costs);
/* The same by owner: costs[node id of the graph]; costs[node_count] has what belongs to no node, and
 * costs[node_count + 1] what stands in the top. */
void design_cost_by_node(const struct design *design, const struct technology *technology, struct cost *costs);

/* ---- forecast.c ---- */
enum { FORECAST_FACTOR = 2 }; /* how far off a forecast of thousands of LUT may be, either way */
/* LUT of a quantised graph before it is lowered: for what is said early, and nothing else. */
double graph_lut_forecast(const struct graph *graph, double *by_node); /* by_node: of each one; NULL: nobody asks */

#endif
