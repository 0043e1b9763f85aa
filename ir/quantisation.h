/* Quantisers with constant parameters as functions from a real number to a code (ops/quantisation.c). */
#ifndef BXC_IR_QUANTISATION_H
#define BXC_IR_QUANTISATION_H

#include "ir/meaning.h"

/* What a quantiser with constant parameters does, element by element. Its result is
 * code * 2^-formats[e].fraction * (scale ? scale[e] : 1). */
struct quantisation {
    const struct node *node;
    size_t count;
    struct format *formats;     /* of the codes */
    double *scale;              /* NULL: 1; then 2^-fraction carries the power of two */
    const float *parameters[6]; /* operands 1.. of the node, spread over the elements */
};
/* False when a parameter is not constant or the code does not fit. */
bool quantisation_of(const struct graph *graph, const struct node *node, struct arena *arena, struct quantisation *out);
/* False for NaN. */
bool quantisation_code(const struct quantisation *quantisation, size_t element, double real, int64_t *code);

/* Whether the code is the number's own or the end that lies beside it: neither wrapped nor zeroed. */
bool quantisation_clamps(const struct quantisation *quantisation, size_t element, double real);

#endif
