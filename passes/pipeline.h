/* What the files of the `pipeline` pass share. Delays are whole picoseconds. */
#ifndef BXC_PASSES_PIPELINE_H
#define BXC_PASSES_PIPELINE_H

#include "passes/passes.h"

struct stage { /* what a clock period leaves */
    const struct technology *technology;
    int budget;   /* for logic */
    int overhead; /* registers */
    int margin;   /* percent of the period that stays free */
};

/* pipeline.c: of the options' clock. */
struct stage stage_of_clock(const struct program *program);
/* clock_search.c: a clock in MHz at which the network compiles, the fastest with so much logic in a stage or slower;
 * 0: none was found. */
int clock_that_does(const struct program *program, const struct stage *stage, int logic_ps);
/* split.c: sums, comparisons, clamps and tables too wide for one stage become parts in several. */
void split_wide_wires(struct design *design, const struct stage *stage);
/* split_tables.c: a look-up that is too slow, into `to`, from sub-tables; `start`: ps, when registered operands may
 * come. */
wireref split_table(struct design *design, struct datapath *to, const struct wire *wire, const struct stage *stage,
                    int start);

#endif
