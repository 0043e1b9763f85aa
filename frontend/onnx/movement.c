/* Operators that give the same elements another shape or order. On constants they are done here. */
#include "frontend/onnx/onnx.h"

#include <inttypes.h>
#include <string.h>

/* The constant in another shape, or to be filled in another order. */
static struct tensor *static_copy(struct onnx_reader *reader, const struct operation *operation, const char *what,
                                  const struct tensor *tensor, struct shape shape) {
    struct tensor *copy = tensor_new(reader, tensor->state, tensor->type, shape);
    if (what && tensor->name)
        copy->name = arena_printf(reader->arena, "%s.%s", tensor->name, what);
    else
        copy->name = what ? arena_printf(reader->arena, "%s.%s", operation->name, what) : NULL;
    copy->integers = tensor->integers;
    copy->reals = tensor->reals;
    copy->kept = tensor->kept;
    return copy;
}

struct tensor *move_reshape(struct onnx_reader *reader, const struct operation *operation, const char *what,
                            struct tensor *tensor, struct shape shape, int batch_axis) {
    if (shape_equal(&tensor->shape, &shape)) return tensor;
    if (tensor_is_static(tensor) && !tensor->codes) return static_copy(reader, operation, what, tensor, shape);
    union attributes attributes = {.reshape = {.shape = shape}};
    return onnx_emit_tensor(reader, operation, OP_RESHAPE, what, &tensor, 1, &attributes, batch_axis);
}

static void strides_of(const struct shape *shape, size_t stride[SHAPE_RANK_MAX]) {
    size_t step = 1;
    for (int i = shape->rank - 1; i >= 0; i--) {
        stride[i] = step;
        step *= (size_t)shape->dim[i];
    }
}

static struct tensor *static_transpose(struct onnx_reader *reader, const struct operation *operation, const char *what,
                                       const struct tensor *tensor, const int *permutation) {
    size_t stride[SHAPE_RANK_MAX], count = tensor_elements(tensor);
    struct shape shape = {.rank = tensor->shape.rank};
    for (int i = 0; i < shape.rank; i++) shape.dim[i] = tensor->shape.dim[permutation[i]];
    strides_of(&tensor->shape, stride);
    struct tensor *moved = static_copy(reader, operation, what, tensor, shape);
    if (tensor->integers) moved->integers = ARENA_ARRAY(reader->arena, int64_t, count + 1);
    moved->kept = tensor->reals;
    if (tensor->reals) moved->reals = ARENA_ARRAY(reader->kept, float, count + 1);
    for (size_t i = 0; i < count; i++) {
        size_t rest = i, source = 0;
        for (int axis = shape.rank - 1; axis >= 0; axis--) {
            source += rest % (size_t)shape.dim[axis] * stride[permutation[axis]];
            rest /= (size_t)shape.dim[axis];
        }
        if (tensor->integers) moved->integers[i] = tensor->integers[source];
        if (tensor->reals) moved->reals[i] = tensor->reals[source];
    }
    return moved;
}

struct tensor *move_transpose(struct onnx_reader *reader, const struct operation *operation, const char *what,
                              struct tensor *tensor, const int *permutation) {
    if (tensor_is_static(tensor) && !tensor->codes)
        return static_transpose(reader, operation, what, tensor, permutation);
    union attributes attributes = {.transpose = {{0}}};
    int batch = -1;
    for (int i = 0; i < tensor->shape.rank; i++) {
        attributes.transpose.permutation[i] = permutation[i];
        if (tensor->batch_axis >= 0 && permutation[i] == tensor->batch_axis) batch = i;
    }
    return onnx_emit_tensor(reader, operation, OP_TRANSPOSE, what, &tensor, 1, &attributes, batch);
}

struct tensor *onnx_read_transpose(struct onnx_reader *reader, const struct operation *operation) {
    struct tensor *tensor = operation->inputs[0];
    int rank = tensor->shape.rank, permutation[SHAPE_RANK_MAX] = {0};
    unsigned seen = 0;
    size_t count;
    const int64_t *order = attribute_integers(reader, operation, "perm", &count);
    if (count == SIZE_MAX) return NULL;
    if (order && count != (size_t)rank)
        return onnx_refuse(reader, operation, NULL, "'perm' has %zu entries for %d axes", count, rank);
    for (int i = 0; i < rank; i++) {
        int64_t from = order ? order[i] : rank - 1 - i;
        if (from < 0 || from >= rank || seen >> from & 1)
            return onnx_refuse(reader, operation, NULL, "'perm' is no permutation");
        seen |= 1u << from;
        permutation[i] = (int)from;
    }
    return move_transpose(reader, operation, NULL, tensor, permutation);
}

/* Entries that stand in front of the batch, in all axes. */
static int64_t entries_before(const struct tensor *tensor) {
    int64_t before = tensor->in_front > 1 ? tensor->in_front : 1;
    for (int i = 0; i < tensor->batch_axis; i++) before *= tensor->shape.dim[i];
    return before;
}

/* Where the batch axis is after a reshape: an axis of 1 with as many elements before it. */
static int reshaped_batch(const struct tensor *tensor, const struct shape *shape) {
    int64_t before = entries_before(tensor), passed = 1;
    for (int i = 0; i < shape->rank; i++) {
        if (passed == before && shape->dim[i] == 1) return i;
        passed *= shape->dim[i];
    }
    return -1;
}

/* As a factor of that axis; false where it cannot be. */
static bool batch_as_factor(const struct tensor *tensor, const struct shape *shape, int axis, int64_t *in_front) {
    int64_t before = entries_before(tensor), passed = 1;
    for (int i = 0; i < axis; i++) passed *= shape->dim[i];
    *in_front = before / passed;
    return before % passed == 0 && *in_front >= 1 && shape->dim[axis] % *in_front == 0;
}

struct tensor *onnx_reshape(struct onnx_reader *reader, const struct operation *operation, const char *what,
                            struct tensor *tensor, struct shape shape, int batch_axis) {
    int64_t in_front = 1;
    int batch = tensor->batch_axis < 0 ? -1 : batch_axis >= 0 ? batch_axis : reshaped_batch(tensor, &shape);
    bool factor = batch >= 0 && batch_axis >= 0;
    if (shape_elements(&shape) != tensor_elements(tensor))
        return onnx_refuse(reader, operation, NULL, "%zu elements cannot become %zu", tensor_elements(tensor),
                           shape_elements(&shape));
    /* of a model that says 1 the batch is one event, whatever it is merged with */
    if (tensor->batch_axis >= 0 && reader->batch_number != 1 &&
        (batch < 0 || (factor && !batch_as_factor(tensor, &shape, batch, &in_front))))
        return onnx_refuse(reader, operation,
                           "keep the batch as an axis of its own, or export the model with a batch of 1",
                           "the new shape merges the batch with another axis: events would mix");
    struct tensor *made = move_reshape(reader, operation, what, tensor, shape, batch);
    if (made && made != tensor) made->in_front = in_front;
    return made;
}

static struct tensor *reshape_to(struct onnx_reader *reader, const struct operation *operation, struct tensor *tensor,
                                 struct shape shape) {
    return onnx_reshape(reader, operation, NULL, tensor, shape, -1);
}

struct tensor *onnx_read_flatten(struct onnx_reader *reader, const struct operation *operation) {
    struct tensor *tensor = operation->inputs[0];
    int rank = tensor->shape.rank;
    int64_t axis = attribute_integer(reader, operation, "axis", 1);
    if (axis < -rank || axis > rank)
        return onnx_refuse(reader, operation, NULL, "axis %" PRId64 " is out of range for %d axes", axis, rank);
    if (axis < 0) axis += rank;
    if (tensor->batch_axis == 0 && axis == 0 && reader->batch_number != 1)
        return onnx_refuse(reader, operation, "flatten from axis 1 on",
                           "Flatten from axis 0 merges the batch: events would mix");
    struct shape shape = {.rank = 2, .dim = {1, 1}};
    for (int i = 0; i < rank; i++) shape.dim[i >= axis] *= tensor->shape.dim[i];
    return reshape_to(reader, operation, tensor, shape);
}

/* One entry of Reshape's target: 0 copies, -1 is inferred later, the stored batch in front is the batch. */
static int64_t reshape_entry(const struct onnx_reader *reader, const struct tensor *tensor, int64_t entry, size_t index,
                             bool allow_zero) {
    if (entry == 0 && !allow_zero && index < (size_t)tensor->shape.rank) return tensor->shape.dim[index];
    if (index == 0 && tensor->batch_axis == 0 && entry == reader->batch_number && entry > 0) return 1;
    return entry;
}

static struct tensor *reshape_target(struct onnx_reader *reader, const struct operation *operation,
                                     struct tensor *tensor, const int64_t *target, size_t count) {
    struct shape shape = {.rank = (int)count};
    bool allow_zero = attribute_integer(reader, operation, "allowzero", 0);
    int inferred = -1;
    size_t known = 1;
    if (count > SHAPE_RANK_MAX)
        return onnx_refuse(reader, operation, NULL, "the new shape has %zu axes, more than %d", count, SHAPE_RANK_MAX);
    for (size_t i = 0; i < count; i++) {
        int64_t dim = shape.dim[i] = reshape_entry(reader, tensor, target[i], i, allow_zero);
        if (dim == -1 && inferred < 0)
            inferred = (int)i;
        else if (dim < 1 || known > (size_t)ONNX_ELEMENTS_MAX / (size_t)dim)
            return onnx_refuse(reader, operation, NULL, "entry %zu of the new shape is %" PRId64, i, target[i]);
        else
            known *= (size_t)dim;
    }
    if (inferred >= 0) shape.dim[inferred] = (int64_t)(tensor_elements(tensor) / known);
    return reshape_to(reader, operation, tensor, shape);
}

struct tensor *onnx_read_reshape(struct onnx_reader *reader, const struct operation *operation) {
    size_t count;
    const int64_t *target = attribute_or_operand(reader, operation, "shape", 1, &count);
    if (count == SIZE_MAX) return NULL;
    if (!target) return onnx_refuse(reader, operation, NULL, "Reshape has no shape");
    return reshape_target(reader, operation, operation->inputs[0], target, count);
}

bool onnx_axes_set(struct onnx_reader *reader, const struct operation *operation, const int64_t *axes, size_t count,
                   int rank, unsigned *set) {
    *set = 0;
    for (size_t i = 0; i < count; i++) {
        int64_t axis = onnx_axis(reader, operation, axes[i], rank);
        if (axis < 0) return false;
        if (*set >> axis & 1) {
            onnx_refuse(reader, operation, NULL, "axis %" PRId64 " stands twice in 'axes'", axis);
            return false;
        }
        *set |= 1u << axis;
    }
    return true;
}

struct tensor *onnx_read_unsqueeze(struct onnx_reader *reader, const struct operation *operation) {
    struct tensor *tensor = operation->inputs[0];
    size_t count;
    unsigned set;
    const int64_t *axes = attribute_or_operand(reader, operation, "axes", 1, &count);
    if (count == SIZE_MAX) return NULL;
    if (!axes) return onnx_refuse(reader, operation, NULL, "Unsqueeze has no axes");
    int rank = tensor->shape.rank + (int)(count < 64 ? count : 64), batch = -1;
    if (rank > SHAPE_RANK_MAX)
        return onnx_refuse(reader, operation, NULL, "the result has more than %d axes", SHAPE_RANK_MAX);
    if (!onnx_axes_set(reader, operation, axes, count, rank, &set)) return NULL;
    struct shape shape = {.rank = rank};
    for (int i = 0, from = 0; i < rank; i++) {
        if (set >> i & 1)
            shape.dim[i] = 1;
        else {
            if (from == tensor->batch_axis) batch = i;
            shape.dim[i] = tensor->shape.dim[from++];
        }
    }
    return move_reshape(reader, operation, NULL, tensor, shape, batch);
}

/* Without axes every axis of 1 goes, but not the batch, whose 1 stands for any number. */
static bool squeeze_axes(struct onnx_reader *reader, const struct operation *operation, unsigned *set) {
    const struct tensor *tensor = operation->inputs[0];
    size_t count;
    const int64_t *axes = attribute_or_operand(reader, operation, "axes", 1, &count);
    if (count == SIZE_MAX) return false;
    if (axes) return onnx_axes_set(reader, operation, axes, count, tensor->shape.rank, set);
    *set = 0;
    for (int i = 0; i < tensor->shape.rank; i++)
        if (tensor->shape.dim[i] == 1 && i != tensor->batch_axis) *set |= 1u << i;
    return true;
}

struct tensor *onnx_read_squeeze(struct onnx_reader *reader, const struct operation *operation) {
    struct tensor *tensor = operation->inputs[0];
    unsigned set;
    if (!squeeze_axes(reader, operation, &set)) return NULL;
    struct shape shape = {0};
    int batch = -1;
    for (int i = 0; i < tensor->shape.rank; i++) {
        bool gone = set >> i & 1;
        if (gone && refuse_batch_axis(reader, operation, tensor, i) < 0) return NULL;
        if (gone && tensor->shape.dim[i] != 1)
            return onnx_refuse(reader, operation, NULL, "axis %d has %" PRId64 " entries, not 1", i,
                               tensor->shape.dim[i]);
        if (gone) continue;
        if (i == tensor->batch_axis) batch = shape.rank;
        shape.dim[shape.rank++] = tensor->shape.dim[i];
    }
    return move_reshape(reader, operation, NULL, tensor, shape, batch);
}
