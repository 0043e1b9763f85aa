/* Layers that several formats have, made of the operators of the IR. A reader says what the layer is; what it
 * computes stands here once for all readers.
 *
 * Functions give NO_VALUE after a diagnosis, and pass a NO_VALUE among their operands on in silence. Shapes carry
 * the batch as an axis of 1, where the reader has it. */
#ifndef BXC_FRONTEND_LAYERS_H
#define BXC_FRONTEND_LAYERS_H

#include "ir/graph.h"

struct layer {
    struct graph *graph;
    struct arena *arena;   /* of the reader; lives as long as the reading */
    const char *name;      /* its nodes are called "NAME" or "NAME.PART" */
    const char *source_op; /* the model's word for it, which diagnoses name; or NULL */
    /* Makes a name of a node that no other has; NULL: they are unique by themselves. */
    const char *(*unique)(void *reader, const char *name);
    void *reader;
};

/* ---- layer.c ---- */

/* Appends the node NAME.PART, or NAME where part is NULL. */
valref layer_node(const struct layer *layer, enum op op, const char *part, const valref *inputs, uint32_t input_count,
                  const union attributes *attributes);
/* A constant NAME.PART. */
valref layer_reals(const struct layer *layer, const char *part, struct shape shape, const float *reals);
/* The value itself where it has the shape, or the order, already. */
valref layer_reshape(const struct layer *layer, const char *part, valref value, struct shape shape);
valref layer_transpose(const struct layer *layer, const char *part, valref value, const int *permutation);
const struct shape *layer_shape(const struct layer *layer, valref value);
/* Diagnoses at the layer; always NO_VALUE. help may be NULL. */
valref layer_refuse(const struct layer *layer, const char *help, const char *format, ...) PRINTF_LIKE(3, 4);

#endif
