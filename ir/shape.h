/* The shape of one event's numbers. */
#ifndef BXC_IR_SHAPE_H
#define BXC_IR_SHAPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;

enum { SHAPE_RANK_MAX = 8 };

/* The shape of one event: the batch axis of the model stands in it as 1. */
struct shape {
    int rank;
    int64_t dim[SHAPE_RANK_MAX];
};

size_t shape_elements(const struct shape *shape); /* 1 for rank 0 */
bool shape_equal(const struct shape *a, const struct shape *b);
const char *shape_words(struct arena *arena, const struct shape *shape); /* "4 x 16" */
/* ONNX (numpy) broadcasting; false when the shapes do not go together. */
bool shape_broadcast(const struct shape *a, const struct shape *b, struct shape *out);
/* Index of the element of `narrow` (each dim 1 or as in wide, ranks aligned at the end) that
 * element `index` of `wide` reads. */
size_t shape_project(const struct shape *wide, size_t index, const struct shape *narrow);
void shape_strides(const struct shape *shape, int64_t stride[SHAPE_RANK_MAX]); /* row-major */

#endif
