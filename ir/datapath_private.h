/* What the files of the datapath share among themselves. */
#ifndef BXC_IR_DATAPATH_PRIVATE_H
#define BXC_IR_DATAPATH_PRIVATE_H

#include "ir/datapath.h"

struct form_term {
    uint32_t wire; /* a source: no sum, or one that is not followed */
    int64_t coefficient;
};

/* constant + sum of coefficient * wire, wires ascending; or a source of its own. */
struct linear_form {
    bool is_source;
    uint32_t count;
    int64_t constant;
    struct form_term *terms;
};

/* The form of a wire from its operands'; false (and a source) when it is no sum or grows too large. */
bool datapath_form(struct arena *arena, const struct datapath *datapath, const struct wire *wire,
                   struct linear_form *form);
/* What the form can be over its sources' intervals; false when it leaves 100 bits. */
bool form_interval(const struct datapath *datapath, const struct linear_form *form, struct interval *interval);

#endif
