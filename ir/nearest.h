/* "Did you mean". */
#ifndef BXC_IR_NEAREST_H
#define BXC_IR_NEAREST_H

struct nearest {
    const char *wanted;
    const char *name; /* the nearest so far, or NULL: none is near */
    unsigned distance;
};
void nearest_offer(struct nearest *nearest, const char *candidate);

#endif
