/* Shapes, and which go together. */
#include "ir/shape.h"
#include "ir/strbuf.h"

#include <string.h>

size_t shape_elements(const struct shape *shape) {
    size_t count = 1;
    for (int axis = 0; axis < shape->rank; axis++) {
        if (shape->dim[axis] <= 0) return 0;
        if (count > SIZE_MAX / (size_t)shape->dim[axis]) return SIZE_MAX; /* no allocation of so many succeeds */
        count *= (size_t)shape->dim[axis];
    }
    return count;
}

const char *shape_words(struct arena *arena, const struct shape *shape) {
    struct strbuf text = strbuf_new(arena);
    for (int d = 0; d < shape->rank; d++) strbuf_printf(&text, "%s%lld", d ? " x " : "", (long long)shape->dim[d]);
    return shape->rank ? text.data : "one number";
}

bool shape_equal(const struct shape *a, const struct shape *b) {
    return a->rank == b->rank && memcmp(a->dim, b->dim, (size_t)a->rank * sizeof *a->dim) == 0;
}

/* The dimension of an axis counted from the end; 1 beyond the first. */
static int64_t dimension_from_end(const struct shape *shape, int from_end) {
    return from_end < shape->rank ? shape->dim[shape->rank - 1 - from_end] : 1;
}

bool shape_broadcast(const struct shape *a, const struct shape *b, struct shape *out) {
    struct shape result = {.rank = a->rank > b->rank ? a->rank : b->rank};
    for (int i = 0; i < result.rank; i++) {
        int64_t x = dimension_from_end(a, i), y = dimension_from_end(b, i);
        if (x != y && x != 1 && y != 1) return false;
        result.dim[result.rank - 1 - i] = x == 1 ? y : x;
    }
    *out = result;
    return true;
}

size_t shape_project(const struct shape *wide, size_t index, const struct shape *narrow) {
    size_t result = 0, stride = 1;
    for (int i = 0; i < wide->rank && i < narrow->rank; i++) {
        size_t extent = (size_t)dimension_from_end(wide, i);
        size_t kept = (size_t)dimension_from_end(narrow, i);
        if (kept > 1) result += index % extent * stride;
        index /= extent;
        stride *= kept;
    }
    return result;
}

void shape_strides(const struct shape *shape, int64_t stride[SHAPE_RANK_MAX]) {
    int64_t step = 1;
    for (int axis = shape->rank - 1; axis >= 0; axis--) {
        stride[axis] = step;
        step *= shape->dim[axis];
    }
}
