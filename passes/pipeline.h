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

/* split_sums.c: sums and comparisons too wide for one stage become chunks in several. */
void split_sums(struct design *design, const struct stage *stage);

#endif
