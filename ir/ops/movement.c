/* Operators that put elements elsewhere: copies by strides, or by indices along an axis. The map from the elements of
 * the result to those of the operands that they make says all: formats, intervals and lanes follow it. */
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

/* The axis becomes two: as many windows as fit, and the elements of one. */
static int infer_window(const struct graph *graph, const struct node *node, const struct shape *x, struct shape *out) {
    const struct window_attributes *window = &node->attributes.window;
    if (window->axis < 0 || window->axis >= x->rank)
        return REFUSE(graph, node, NULL, "axis %lld of %d", (long long)window->axis, x->rank);
    if (x->rank == SHAPE_RANK_MAX) return REFUSE(graph, node, NULL, "more than %d axes", SHAPE_RANK_MAX);
    int64_t length = x->dim[window->axis];
    if (window->size < 1 || window->step < 1 || window->dilation < 1 ||
        window->size - 1 > (length - 1) / window->dilation)
        return REFUSE(graph, node, NULL, "no window fits along axis %lld", (long long)window->axis);
    int axis = (int)window->axis;
    out->rank = x->rank + 1;
    for (int i = 0; i < out->rank; i++) out->dim[i] = x->dim[i <= axis ? i : i - 1];
    out->dim[axis] = (length - 1 - (window->size - 1) * window->dilation) / window->step + 1;
    out->dim[axis + 1] = window->size;
    return 0;
}

static int infer_shape(const struct graph *graph, const struct node *node, struct shape *out) {
    const struct shape *x = &op_operand(graph, node, 0)->shape;
    switch (node->op) {
    case OP_RESHAPE: return infer_reshape(graph, node, x, out);
    case OP_TRANSPOSE: return infer_transpose(graph, node, x, out);
    case OP_CONCAT: return infer_concat(graph, node, x, out);
    case OP_SLICE: return infer_slice(graph, node, x, out);
    case OP_WINDOW: return infer_window(graph, node, x, out);
    default: return infer_gather(graph, node, x, out);
    }
}

/* From element to element along an axis of the result. */
static int64_t window_stride(const struct window_attributes *window, const int64_t *stride, int axis) {
    if (axis < window->axis) return stride[axis];
    if (axis == window->axis) return window->step * stride[axis];
    return axis == window->axis + 1 ? window->dilation * stride[window->axis] : stride[axis - 1];
}

struct movement_copy movement_first(const struct graph *graph, const struct node *node) {
    const struct slice_attributes *slice = &node->attributes.slice;
    const struct shape *x = &op_operand(graph, node, 0)->shape, *result = &op_result(graph, node)->shape;
    struct movement_copy copy = {.shape = node->op == OP_CONCAT ? *x : *result};
    int64_t stride[SHAPE_RANK_MAX];
    shape_strides(x, stride);
    shape_strides(result, copy.to_stride);
    for (int axis = 0; axis < copy.shape.rank; axis++) {
        switch (node->op) {
        case OP_CONCAT: copy.from_stride[axis] = stride[axis]; break;
        case OP_TRANSPOSE: copy.from_stride[axis] = stride[node->attributes.transpose.permutation[axis]]; break;
        case OP_SLICE:
            copy.from_offset += slice->start[axis] * stride[axis];
            copy.from_stride[axis] = slice->step[axis] * stride[axis];
            break;
        case OP_WINDOW: copy.from_stride[axis] = window_stride(&node->attributes.window, stride, axis); break;
        default: copy.from_stride[axis] = copy.to_stride[axis]; break; /* a reshape: in order */
        }
    }
    return copy;
}

bool movement_next(const struct graph *graph, const struct node *node, struct movement_copy *copy) {
    int64_t axis = node->attributes.axis.axis;
    if (node->op != OP_CONCAT || ++copy->operand == node->input_count) return false;
    copy->to_offset += copy->shape.dim[axis] * copy->to_stride[axis];
    copy->shape = op_operand(graph, node, copy->operand)->shape;
    shape_strides(&copy->shape, copy->from_stride);
    return true;
}

static void map_copy(const struct movement_copy *copy, struct movement *map) {
    int64_t at[SHAPE_RANK_MAX] = {0}, from = copy->from_offset, to = copy->to_offset;
    for (size_t left = shape_elements(&copy->shape); left > 0; left--) {
        map[to] = (struct movement){copy->operand, (uint32_t)from};
        for (int axis = copy->shape.rank; axis-- > 0;) {
            from += copy->from_stride[axis];
            to += copy->to_stride[axis];
            if (++at[axis] < copy->shape.dim[axis]) break;
            from -= at[axis] * copy->from_stride[axis];
            to -= at[axis] * copy->to_stride[axis];
            at[axis] = 0;
        }
    }
}

static void map_gather(const struct graph *graph, const struct node *node, struct movement *map) {
    const struct gather_attributes *gather = &node->attributes.gather;
    const struct axis_reduction axis = reduction_geometry(&op_operand(graph, node, 0)->shape, gather->axis);
    const struct axis_reduction indices = {axis.outer, shape_elements(&gather->shape), axis.inner};
    for (size_t i = 0; i < indices.outer * indices.length * indices.inner; i++) {
        size_t index = (size_t)gather->indices[reduction_index(&indices, i)];
        map[i].element = (uint32_t)reduction_element(&axis, reduction_result(&indices, i), index);
    }
}

const struct movement *movement_map(const struct graph *graph, const struct node *node, struct arena *arena) {
    struct movement *map = ARENA_ARRAY(arena, struct movement, shape_elements(&op_result(graph, node)->shape));
    if (node->op == OP_GATHER) {
        map_gather(graph, node, map);
        return map;
    }
    struct movement_copy copy = movement_first(graph, node);
    do map_copy(&copy, map);
    while (movement_next(graph, node, &copy));
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
    [OP_GATHER] = {.terms = TERMS_MOVED},  [OP_WINDOW] = {.terms = TERMS_MOVED},
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
    {"axis", ATTRIBUTE_INT64, offsetof(union attributes, window.axis),
     "the axis along which windows go; the next one of the result is their elements", OPS(OP_WINDOW)},
    {"size", ATTRIBUTE_INT64, offsetof(union attributes, window.size), "elements of a window", OPS(OP_WINDOW)},
    {"step", ATTRIBUTE_INT64, offsetof(union attributes, window.step), "from window to window", OPS(OP_WINDOW)},
    {"dilation", ATTRIBUTE_INT64, offsetof(union attributes, window.dilation), "from element to element of a window",
     OPS(OP_WINDOW)},
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
