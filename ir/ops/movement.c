/* Operators that put elements elsewhere. One map from the elements of the result to those of the
 * operands says all: formats, intervals and lanes follow it. */
#include "ir/ops/families.h"
#include "ir/geometry.h"

#include <string.h>

static int infer_reshape(const struct graph *graph, const struct node *node, const struct shape *x, struct shape *out) {
    const struct shape *shape = &node->attributes.reshape.shape;
    if (shape->rank < 0 || shape->rank > SHAPE_RANK_MAX)
        return REFUSE(graph, node, NULL, "more than %d axes", SHAPE_RANK_MAX);
    size_t left = shape_elements(x);
    for (int axis = 0; axis < shape->rank; axis++) {
        if (shape->dim[axis] < 1 || (uint64_t)shape->dim[axis] > left || left % (size_t)shape->dim[axis])
            return REFUSE(graph, node, NULL, "%zu elements do not make the new shape", shape_elements(x));
        left /= (size_t)shape->dim[axis];
    }
    if (left != 1) return REFUSE(graph, node, NULL, "%zu elements do not make the new shape", shape_elements(x));
    *out = *shape;
    return 0;
}

static int infer_transpose(const struct graph *graph, const struct node *node, const struct shape *x,
                           struct shape *out) {
    unsigned seen = 0;
    out->rank = x->rank;
    for (int axis = 0; axis < x->rank; axis++) {
        int from = node->attributes.transpose.permutation[axis];
        if (from < 0 || from >= x->rank || (seen >> from & 1))
            return REFUSE(graph, node, NULL, "the axes are not a permutation of those of the operand");
        seen |= 1u << from;
        out->dim[axis] = x->dim[from];
    }
    return 0;
}

static int infer_concat(const struct graph *graph, const struct node *node, const struct shape *x, struct shape *out) {
    int64_t joined = node->attributes.axis.axis;
    if (joined < 0 || joined >= x->rank)
        return REFUSE(graph, node, NULL, "axis %lld of %d", (long long)joined, x->rank);
    *out = *x;
    for (uint32_t i = 1; i < node->input_count; i++) {
        const struct shape *other = &op_operand(graph, node, i)->shape;
        if (other->rank != x->rank)
            return REFUSE(graph, node, NULL, "operand %u has %d axes, not %d", (unsigned)i, other->rank, x->rank);
        for (int axis = 0; axis < x->rank; axis++) {
            if (axis != joined && other->dim[axis] != x->dim[axis])
                return REFUSE(graph, node, NULL, "operand %u has another size along axis %d", (unsigned)i, axis);
        }
        if (out->dim[joined] > REAL_ELEMENTS_MAX) return REFUSE(graph, node, NULL, "the result is too large");
        out->dim[joined] += other->dim[joined];
    }
    return 0;
}

static bool slice_is_inside(int64_t start, int64_t step, int64_t count, int64_t size) {
    if (count < 1 || start < 0 || start >= size) return false;
    if (count == 1) return true;
    if (step > 0) return count - 1 <= (size - 1 - start) / step;
    return step < 0 && step > -size && count - 1 <= start / -step;
}

static int infer_slice(const struct graph *graph, const struct node *node, const struct shape *x, struct shape *out) {
    const struct slice_attributes *slice = &node->attributes.slice;
    out->rank = x->rank;
    for (int axis = 0; axis < x->rank; axis++) {
        if (!slice_is_inside(slice->start[axis], slice->step[axis], slice->count[axis], x->dim[axis]))
            return REFUSE(graph, node, NULL, "the slice leaves axis %d or is empty", axis);
        out->dim[axis] = slice->count[axis];
    }
    return 0;
}

static int check_indices(const struct graph *graph, const struct node *node, int64_t size) {
    const struct gather_attributes *gather = &node->attributes.gather;
    int64_t count = 1;
    for (int axis = 0; axis < gather->shape.rank; axis++) {
        int64_t dim = gather->shape.dim[axis];
        if (dim < 1 || dim > REAL_ELEMENTS_MAX / count)
            return REFUSE(graph, node, NULL, "the indices' shape is empty or too large");
        count *= dim;
    }
    for (int64_t i = 0; i < count; i++) {
        if (!gather->indices || gather->indices[i] < 0 || gather->indices[i] >= size)
            return REFUSE(graph, node, NULL, "index %lld is outside the axis", (long long)i);
    }
    return 0;
}

static int infer_gather(const struct graph *graph, const struct node *node, const struct shape *x, struct shape *out) {
    const struct gather_attributes *gather = &node->attributes.gather;
    if (gather->axis < 0 || gather->axis >= x->rank)
        return REFUSE(graph, node, NULL, "axis %lld of %d", (long long)gather->axis, x->rank);
    if (gather->shape.rank < 0 || x->rank - 1 + gather->shape.rank > SHAPE_RANK_MAX)
        return REFUSE(graph, node, NULL, "more than %d axes", SHAPE_RANK_MAX);
    if (check_indices(graph, node, x->dim[gather->axis])) return -1;
    int rank = 0;
    for (int axis = 0; axis < gather->axis; axis++) out->dim[rank++] = x->dim[axis];
    for (int axis = 0; axis < gather->shape.rank; axis++) out->dim[rank++] = gather->shape.dim[axis];
    for (int axis = (int)gather->axis + 1; axis < x->rank; axis++) out->dim[rank++] = x->dim[axis];
    out->rank = rank;
    return 0;
}

static int infer_shape(const struct graph *graph, const struct node *node, struct shape *out) {
    const struct shape *x = &op_operand(graph, node, 0)->shape;
    switch (node->op) {
    case OP_RESHAPE: return infer_reshape(graph, node, x, out);
    case OP_TRANSPOSE: return infer_transpose(graph, node, x, out);
    case OP_CONCAT: return infer_concat(graph, node, x, out);
    case OP_SLICE: return infer_slice(graph, node, x, out);
    default: return infer_gather(graph, node, x, out);
    }
}

static size_t flat_index(const struct shape *shape, const int64_t *at) {
    size_t index = 0;
    for (int axis = 0; axis < shape->rank; axis++) index = index * (size_t)shape->dim[axis] + (size_t)at[axis];
    return index;
}

static struct movement concat_source(const struct graph *graph, const struct node *node, int64_t *at) {
    int64_t axis = node->attributes.axis.axis;
    uint32_t operand = 0;
    while (at[axis] >= op_operand(graph, node, operand)->shape.dim[axis])
        at[axis] -= op_operand(graph, node, operand++)->shape.dim[axis];
    return (struct movement){operand, (uint32_t)flat_index(&op_operand(graph, node, operand)->shape, at)};
}

static void gather_source(const struct gather_attributes *gather, const struct shape *x, const int64_t *at,
                          int64_t *from) {
    int64_t axis = gather->axis;
    for (int64_t i = 0; i < axis; i++) from[i] = at[i];
    from[axis] = gather->indices[flat_index(&gather->shape, at + axis)];
    for (int64_t i = axis + 1; i < x->rank; i++) from[i] = at[i - 1 + gather->shape.rank];
}

/* What the element of the result at these coordinates (changed on the way) is. */
static struct movement source_of(const struct graph *graph, const struct node *node, int64_t *at) {
    const struct shape *x = &op_operand(graph, node, 0)->shape;
    int64_t from[SHAPE_RANK_MAX] = {0};
    switch (node->op) {
    case OP_CONCAT: return concat_source(graph, node, at);
    case OP_TRANSPOSE:
        for (int axis = 0; axis < x->rank; axis++) from[node->attributes.transpose.permutation[axis]] = at[axis];
        break;
    case OP_SLICE:
        for (int axis = 0; axis < x->rank; axis++)
            from[axis] = node->attributes.slice.start[axis] + at[axis] * node->attributes.slice.step[axis];
        break;
    default: gather_source(&node->attributes.gather, x, at, from); break;
    }
    return (struct movement){0, (uint32_t)flat_index(x, from)};
}

const struct movement *movement_map(const struct graph *graph, const struct node *node, struct arena *arena) {
    const struct shape *shape = &op_result(graph, node)->shape;
    size_t count = shape_elements(shape);
    struct movement *map = ARENA_ARRAY(arena, struct movement, count);
    for (size_t i = 0; i < count; i++) {
        if (node->op == OP_RESHAPE) {
            map[i] = (struct movement){0, (uint32_t)i};
            continue;
        }
        int64_t at[SHAPE_RANK_MAX] = {0};
        size_t rest = i;
        for (int axis = shape->rank; axis-- > 0;) {
            at[axis] = (int64_t)(rest % (size_t)shape->dim[axis]);
            rest /= (size_t)shape->dim[axis];
        }
        map[i] = source_of(graph, node, at);
    }
    return map;
}

static void move_types(struct graph *graph, const struct node *node, struct value *result) {
    size_t count = shape_elements(&result->shape);
    struct arena *scratch = arena_new(graph->context);
    const struct movement *map = movement_map(graph, node, scratch);
    struct format *formats = ARENA_ARRAY(scratch, struct format, count);
    struct interval *intervals = ARENA_ARRAY(scratch, struct interval, count);
    for (size_t i = 0; i < count; i++) {
        const struct value *x = op_operand(graph, node, map[i].operand);
        formats[i] = op_format(x, map[i].element);
        intervals[i] = op_interval(x, map[i].element);
    }
    op_set_formats(graph, result, formats);
    op_set_intervals(graph, result, intervals);
    arena_free(scratch);
}

static int infer(struct graph *graph, struct node *node, struct value *result) {
    bool integer;
    struct shape shape = {0};
    if (op_check_operands(graph, node, &integer) || infer_shape(graph, node, &shape) ||
        op_set_shape(graph, node, result, &shape, integer))
        return -1;
    if (integer) move_types(graph, node, result);
    return 0;
}

static const void *prepare(const struct graph *graph, const struct node *node, struct arena *arena) {
    return movement_map(graph, node, arena);
}

static void eval_real(const struct evaluation *evaluation) {
    const struct movement *map = evaluation->plan;
    size_t count = shape_elements(&op_result(evaluation->graph, evaluation->node)->shape);
    float spare[EVENT_LANES];
    for (size_t i = 0; i < count; i++)
        memcpy(evaluation->real_result + i * EVENT_LANES,
               real_row(&evaluation->reals[map[i].operand], map[i].element, spare), sizeof spare);
}

static void eval_integer(const struct evaluation *evaluation) {
    const struct movement *map = evaluation->plan;
    size_t count = shape_elements(&op_result(evaluation->graph, evaluation->node)->shape);
    int64_t spare[EVENT_LANES];
    for (size_t i = 0; i < count; i++)
        memcpy(evaluation->integer_result + i * EVENT_LANES,
               integer_row(&evaluation->integers[map[i].operand], map[i].element, spare), sizeof spare);
}

static void bound_real(const struct graph *graph, const struct node *node, const struct real_range *const *operands,
                       struct real_range *out, struct arena *arena) {
    const struct movement *map = movement_map(graph, node, arena);
    for (size_t i = 0; i < shape_elements(&op_result(graph, node)->shape); i++)
        out[i] = operands[map[i].operand][map[i].element];
}

static const struct op_meaning meanings[OP_COUNT] = {
    [OP_RESHAPE] = {.terms = TERMS_MOVED}, [OP_TRANSPOSE] = {.terms = TERMS_MOVED},
    [OP_CONCAT] = {.terms = TERMS_MOVED},  [OP_SLICE] = {.terms = TERMS_MOVED},
    [OP_GATHER] = {.terms = TERMS_MOVED},
};

static bool linear(struct analysis *analysis, const struct node *node) {
    const struct movement *map = movement_map(linear_graph(analysis), node, linear_scratch(analysis));
    for (size_t e = 0; e < shape_elements(&op_result(linear_graph(analysis), node)->shape); e++) {
        linear_begin(analysis);
        linear_add(analysis, node, map[e].operand, map[e].element, 1, 0);
        linear_end(analysis, node, e);
    }
    return true;
}

static const struct attribute_field fields[] = {
    {"shape", ATTRIBUTE_SHAPE, offsetof(union attributes, reshape.shape), "the new shape", OPS(OP_RESHAPE)},
    {"permutation", ATTRIBUTE_PERMUTATION, offsetof(union attributes, transpose.permutation),
     "axis of the operand that each axis of the result is", OPS(OP_TRANSPOSE)},
    {"axis", ATTRIBUTE_INT64, offsetof(union attributes, axis.axis), "the axis along which operands are joined",
     OPS(OP_CONCAT)},
    {"slices", ATTRIBUTE_SLICES, offsetof(union attributes, slice), "start, step and count along every axis",
     OPS(OP_SLICE)},
    {"axis", ATTRIBUTE_INT64, offsetof(union attributes, gather.axis), "the axis that indices replace", OPS(OP_GATHER)},
    {"shape", ATTRIBUTE_SHAPE, offsetof(union attributes, gather.shape), "shape of the indices", OPS(OP_GATHER)},
    {"indices", ATTRIBUTE_INDICES, offsetof(union attributes, gather), "elements along the axis", OPS(OP_GATHER)},
    {0},
};

const struct op_family movement_family = {
    .name = "movement",
    .infer = infer,
    .prepare = prepare,
    .eval_real = eval_real,
    .eval_integer = eval_integer,
    .bound_real = bound_real,
    .linear = linear,
    .fields = fields,
    .meanings = meanings,
};
