/* What the files that cut wires too slow for a stage share: split.c, split_sums.c, split_limits.c. */
#ifndef BXC_PASSES_SPLIT_H
#define BXC_PASSES_SPLIT_H

#include "passes/rewrite.h"
#include "passes/pipeline.h"

struct split {
    struct design *design;
    struct datapath to;
    const struct stage *stage;
    int start;        /* ps, when registered operands may come: their readers */
    bool same_bounds; /* results keep their intervals, and not only their bits */
    struct wire like; /* the origin of what is made */
};

/* ---- split.c ---- */
wireref split_append(struct split *s, struct wire wire);
wireref split_apply(struct split *s, enum wire_op op, wireref a, wireref b);
wireref split_constant(struct split *s, int64_t value);
wireref split_low_bits(struct split *s, wireref wire, int bits, bool is_signed);
wireref split_high_bits(struct split *s, wireref wire, int from);
bool split_is_slow(const struct split *s, wireref wire); /* alone in a stage */

/* ---- split_sums.c: the wire in parts, or the wire as it is ---- */
wireref split_sum(struct split *s, struct term *terms, uint32_t count, int64_t constant);
wireref split_less(struct split *s, wireref a, wireref b);

/* ---- split_limits.c: the same ---- */
wireref split_equal(struct split *s, wireref a, wireref b);
wireref split_clamp(struct split *s, const struct wire *wire);

#endif
