/* What hardware costs: parts, and delay and area models. Estimates only: nothing here may decide
 * what is computed. Sections are named after the files. */
#ifndef BXC_TARGET_H
#define BXC_TARGET_H

#include "ir/ir.h"

/* ---- parts.c (parts.def) ---- */
struct part {
    const char *name;   /* lower case, with which its ordering codes begin: "xcvu13p" */
    const char *family; /* "ultrascale+", "7-series" */
    uint32_t lut, ff, dsp, bram18, slr;
    const char *packages, *grades; /* words that exist; see parts.def */
};
/* Speed grade and temperature of an ordering code. */
struct part_grade {
    int speed;          /* 1, 2, 3: larger is faster */
    bool low_power;     /* -1L, -2L: at the usual voltage as fast as -1, -2 */
    bool low_voltage;   /* -1LV, -2LV, -1HV: run at the lower voltage, and slower */
    bool high_voltage;  /* -1H */
    char temperature;   /* 'c', 'e', 'i' */
};
struct part_code {
    const struct part *part;
    struct part_grade grade;
    const char *text; /* as the vendor's tools spell it: "xcvu13p-flga2577-2-e" */
};
/* Reads an ordering code in either spelling of the vendor. -1 and a diagnosis for what does not exist. */
int part_parse(struct bxc_context *context, struct location at, struct arena *arena, const char *text, struct part_code *out);
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

/* ---- technology.c: the delay and area model, one table a family ---- */
struct technology {
    const char *family;
    double lut_delay;      /* ns, one LUT level with its routing */
    double carry_delay;    /* ns a carry bit */
    double ternary_delay;  /* ns added by a three-term adder */
    double register_delay; /* ns, clock to out plus set-up plus clock uncertainty */
    const char *source;    /* where the numbers come from, one sentence for reports */
};
const struct technology *technology_for(const struct part *part);

struct cost {
    double lut, ff, dsp, bram18;
};
/* LUT of one wire (no registers); delay of its logic in ns, registers left out. */
struct cost wire_cost(const struct datapath *datapath, const struct wire *wire, const struct technology *technology);
double wire_delay(const struct datapath *datapath, const struct wire *wire, const struct technology *technology);
/* Of the whole design: logic, pipeline registers that the cycles imply, boundary registers, valid chain. */
struct cost design_cost(const struct design *design, const struct technology *technology);
/* Of every wire of a block, registers included. */
void datapath_cost_by_wire(const struct design *design, const struct datapath *datapath, struct cost *costs);
/* The same by origin: costs[node id of the graph]; costs[node_count] has what belongs to no node. */
void design_cost_by_node(const struct design *design, const struct technology *technology, struct cost *costs);
/* The largest estimated delay of a stage, ns, registers included. */
double design_stage_delay(const struct design *design, const struct technology *technology);

#endif
