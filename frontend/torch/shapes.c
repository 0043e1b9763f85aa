/* Shapes, places, reductions along axes. */
#include "frontend/torch/torch.h"

#include <inttypes.h>

static struct tensor *self(const struct operation *operation) {
    return torch_tensor(operation, "self");
}

struct tensor *torch_read_nothing(struct onnx_reader *reader, const struct operation *operation) {
    if (torch_flag(operation, "train", false))
        return onnx_refuse(reader, operation, "export model.eval()", "dropout is in training mode");
    return torch_tensor(operation, torch_has(operation, "self") ? "self" : "input");
}

/* The batch may be a factor of the axis that is a symbol, or of the one that is left to find. */
struct tensor *torch_read_reshape(struct onnx_reader *reader, const struct operation *operation) {
    const char *list = torch_has(operation, "size") ? "size" : "shape";
    struct shape shape = {0};
    struct tensor *x = self(operation);
    int batch = torch_symbol_place(operation, list), rank = torch_integers(reader, operation, list, shape.dim);
    if (rank < 0) return NULL;
    shape.rank = rank;
    int64_t known = 1;
    for (int i = 0; i < rank; i++) {
        if (shape.dim[i] == -1 && batch < 0) batch = i;
        if (shape.dim[i] > 0 && shape.dim[i] <= ONNX_ELEMENTS_MAX / known) known *= shape.dim[i];
    }
    if (batch < 0 || reader->batch_number)
        return call_with_integers(reader, operation, "Reshape", NULL, x, shape.dim, (size_t)rank);
    for (int i = 0; i < rank; i++) {
        if (shape.dim[i] == -1) shape.dim[i] = (int64_t)tensor_elements(x) / known;
        if (shape.dim[i] < 1) return onnx_refuse(reader, operation, NULL, "axis %d is of %" PRId64, i, shape.dim[i]);
    }
    return onnx_reshape(reader, operation, NULL, x, shape, batch);
}

struct tensor *torch_read_flatten(struct onnx_reader *reader, const struct operation *operation) {
    const struct tensor *x = self(operation);
    const struct shape *from = &x->shape;
    int64_t first = onnx_axis(reader, operation, torch_integer(reader, operation, "start_dim", 0), from->rank);
    int64_t last = onnx_axis(reader, operation, torch_integer(reader, operation, "end_dim", -1), from->rank);
    struct shape shape = {0};
    int batch = -1;
    if (first < 0 || last < first) return NULL;
    for (int i = 0; i < from->rank; i++) {
        if (i > first && i <= last)
            shape.dim[shape.rank - 1] *= from->dim[i];
        else
            shape.dim[shape.rank++] = from->dim[i];
        if (i == x->batch_axis) batch = shape.rank - 1;
    }
    return onnx_reshape(reader, operation, NULL, self(operation), shape, batch);
}

struct tensor *torch_read_permute(struct onnx_reader *reader, const struct operation *operation) {
    int64_t order[SHAPE_RANK_MAX];
    int rank = torch_integers(reader, operation, "dims", order);
    if (rank < 0) return NULL;
    if (rank != self(operation)->shape.rank)
        return onnx_refuse(reader, operation, NULL, "%d axes to permute %d", rank, self(operation)->shape.rank);
    for (int i = 0; i < rank; i++)
        if ((order[i] = onnx_axis(reader, operation, order[i], rank)) < 0) return NULL;
    return call_transpose(reader, operation, NULL, self(operation), order);
}

struct tensor *torch_read_transpose(struct onnx_reader *reader, const struct operation *operation) {
    const int rank = self(operation)->shape.rank;
    int64_t order[SHAPE_RANK_MAX];
    if (rank < 2) return self(operation);
    bool named = torch_has(operation, "axis0");
    int64_t a = onnx_axis(reader, operation, torch_integer(reader, operation, named ? "axis0" : "dim0", 0), rank);
    int64_t b = onnx_axis(reader, operation, torch_integer(reader, operation, named ? "axis1" : "dim1", 1), rank);
    if (a < 0 || b < 0) return NULL;
    for (int i = 0; i < rank; i++) order[i] = i == a ? b : i == b ? a : i;
    return call_transpose(reader, operation, NULL, self(operation), order);
}

struct tensor *torch_read_unsqueeze(struct onnx_reader *reader, const struct operation *operation) {
    const int64_t axis = torch_integer(reader, operation, "dim", 0);
    return call_with_integers(reader, operation, "Unsqueeze", NULL, self(operation), &axis, 1);
}

/* Axes that are not 1 stay, as PyTorch has it. */
struct tensor *torch_read_squeeze(struct onnx_reader *reader, const struct operation *operation) {
    const struct tensor *x = self(operation);
    int64_t axes[SHAPE_RANK_MAX];
    size_t kept = 0;
    int count = torch_integers(reader, operation, "dim", axes);
    if (count < 0) return NULL;
    if (!torch_has(operation, "dim")) return call_unary(reader, operation, "Squeeze", NULL, self(operation));
    for (int i = 0; i < count; i++) {
        int64_t axis = onnx_axis(reader, operation, axes[i], x->shape.rank);
        if (axis < 0) return NULL;
        if (x->shape.dim[axis] == 1) axes[kept++] = axis;
    }
    return kept ? call_with_integers(reader, operation, "Squeeze", NULL, self(operation), axes, kept) : self(operation);
}

/* All of them have their batch alone in that axis. */
static bool joins_batches(struct tensor *const *tensors, size_t count, int64_t axis) {
    for (size_t i = 0; i < count; i++)
        if (tensors[i]->batch_axis != axis || tensors[i]->shape.dim[axis] != 1) return false;
    return count > 0;
}

/* stack: each with an axis more. cat of batches, one behind the other: a stack whose new axis is merged with theirs. */
struct tensor *torch_read_cat(struct onnx_reader *reader, const struct operation *operation) {
    size_t count;
    struct tensor **tensors = torch_tensors(operation, "tensors", &count);
    bool stack = torch_node_of(operation)->operator->onnx != NULL;
    if (!count) return onnx_refuse(reader, operation, NULL, "it joins nothing");
    const int64_t axis =
        onnx_axis(reader, operation, torch_integer(reader, operation, "dim", 0), tensors[0]->shape.rank + stack);
    if (axis < 0) return NULL;
    bool batches = !stack && !reader->batch_number && joins_batches(tensors, count, axis);
    struct call call = call_new(reader, operation, "Concat");
    for (size_t i = 0; i < count; i++)
        call_operand(&call, stack || batches
                                ? call_with_integers(reader, operation, "Unsqueeze",
                                                     arena_printf(reader->arena, "part_%zu", i), tensors[i], &axis, 1)
                                : tensors[i]);
    call_integer(&call, "axis", axis);
    struct tensor *joined = call_read(&call, batches ? "stack" : NULL);
    if (!batches || !joined) return joined;
    struct shape shape = tensors[0]->shape;
    shape.dim[axis] = (int64_t)count;
    return onnx_reshape(reader, operation, NULL, joined, shape, (int)axis);
}

static struct tensor *sliced(struct onnx_reader *reader, const struct operation *operation, const char *part,
                             int64_t axis, int64_t start, int64_t end, int64_t step) {
    const int64_t numbers[] = {start, end, axis, step};
    struct call call = call_new(reader, operation, "Slice");
    call_operand(&call, self(operation));
    for (int i = 0; i < 4; i++) call_operand(&call, integers_vector(reader, &numbers[i], 1));
    return call_read(&call, part);
}

struct tensor *torch_read_slice(struct onnx_reader *reader, const struct operation *operation) {
    return sliced(reader, operation, NULL, torch_integer(reader, operation, "dim", 0),
                  torch_integer(reader, operation, "start", 0), torch_integer(reader, operation, "end", INT64_MAX),
                  torch_integer(reader, operation, "step", 1));
}

struct tensor *torch_read_narrow(struct onnx_reader *reader, const struct operation *operation) {
    const int64_t start = torch_integer(reader, operation, "start", 0),
                  length = torch_integer(reader, operation, "length", 0);
    const int64_t axis =
        onnx_axis(reader, operation, torch_integer(reader, operation, "dim", 0), self(operation)->shape.rank);
    if (axis < 0) return NULL;
    const int64_t have = self(operation)->shape.dim[axis], first = start < 0 ? start + have : start;
    if (first < 0 || length < 0 || first > have || length > have - first)
        return onnx_refuse(reader, operation, NULL, "entries %" PRId64 " and on, %" PRId64 " of them, of %" PRId64,
                           start, length, have);
    return sliced(reader, operation, NULL, axis, first, first + length, 1);
}

struct tensor *torch_read_select(struct onnx_reader *reader, const struct operation *operation) {
    const struct shape *shape = &self(operation)->shape;
    const int64_t axis = onnx_axis(reader, operation, torch_integer(reader, operation, "dim", 0), shape->rank);
    if (axis < 0) return NULL;
    int64_t at = torch_integer(reader, operation, "index", 0);
    if (at < -shape->dim[axis] || at >= shape->dim[axis])
        return onnx_refuse(reader, operation, NULL, "index %" PRId64 " is out of range for axis %" PRId64, at, axis);
    if (at < 0) at += shape->dim[axis];
    struct tensor *slice = sliced(reader, operation, "slice", axis, at, at + 1, 1);
    return call_with_integers(reader, operation, "Squeeze", NULL, slice, &axis, 1);
}

/* -1: as it is; new axes stand in front. */
struct tensor *torch_read_expand(struct onnx_reader *reader, const struct operation *operation) {
    const struct shape *from = &self(operation)->shape;
    int64_t shape[SHAPE_RANK_MAX];
    int rank = torch_integers(reader, operation, "size", shape);
    if (rank < 0) return NULL;
    if (rank < from->rank) return onnx_refuse(reader, operation, NULL, "%d axes cannot become %d", from->rank, rank);
    for (int i = 0; i < rank; i++)
        if (shape[i] == -1) shape[i] = i < rank - from->rank ? 1 : from->dim[i - (rank - from->rank)];
    return call_with_integers(reader, operation, "Expand", NULL, self(operation), shape, (size_t)rank);
}

struct tensor *torch_read_like(struct onnx_reader *reader, const struct operation *operation) {
    const struct tensor *other = torch_tensor(operation, "other");
    if (!other) return onnx_refuse(reader, operation, NULL, "what it shall look like is no tensor");
    return call_with_integers(reader, operation, torch_node_of(operation)->operator->onnx, NULL, self(operation),
                              other->shape.dim, (size_t)other->shape.rank);
}

/* One axis becomes several. */
struct tensor *torch_read_unflatten(struct onnx_reader *reader, const struct operation *operation) {
    const struct shape *from = &self(operation)->shape;
    int64_t sizes[SHAPE_RANK_MAX], shape[SHAPE_RANK_MAX] = {0}, known = 1;
    const int64_t axis = onnx_axis(reader, operation, torch_integer(reader, operation, "dim", 0), from->rank);
    int count = torch_integers(reader, operation, "sizes", sizes);
    if (axis < 0 || count < 0) return NULL;
    if (count < 1 || from->rank - 1 + count > SHAPE_RANK_MAX)
        return onnx_refuse(reader, operation, NULL, "one axis cannot become %d", count);
    for (int i = 0; i < count; i++) known *= sizes[i] > 0 && known <= ONNX_ELEMENTS_MAX ? sizes[i] : 1;
    for (int i = 0; i < from->rank - 1 + count; i++)
        shape[i] = i < axis                ? from->dim[i]
                   : i >= axis + count     ? from->dim[i - count + 1]
                   : sizes[i - axis] != -1 ? sizes[i - axis]
                                           : from->dim[axis] / known;
    return call_with_integers(reader, operation, "Reshape", NULL, self(operation), shape,
                              (size_t)(from->rank - 1 + count));
}

struct tensor *torch_read_movedim(struct onnx_reader *reader, const struct operation *operation) {
    const int rank = self(operation)->shape.rank;
    int64_t from[SHAPE_RANK_MAX], to[SHAPE_RANK_MAX], order[SHAPE_RANK_MAX];
    int count = torch_integers(reader, operation, "source", from);
    if (count < 0 || torch_integers(reader, operation, "destination", to) != count)
        return onnx_refuse(reader, operation, NULL, "its axes are not moved one by one");
    for (int i = 0; i < rank; i++) order[i] = -1;
    unsigned taken = 0;
    for (int i = 0; i < count; i++) {
        from[i] = onnx_axis(reader, operation, from[i], rank);
        to[i] = onnx_axis(reader, operation, to[i], rank);
        if (from[i] < 0 || to[i] < 0) return NULL;
        order[to[i]] = from[i];
        taken |= 1u << from[i];
    }
    for (int i = 0, next = 0; i < rank; i++) {
        if (order[i] >= 0) continue;
        while (next < rank && taken >> next & 1) next++;
        order[i] = next++;
    }
    return call_transpose(reader, operation, NULL, self(operation), order);
}

/* mT: the last two axes; T: all. */
struct tensor *torch_read_turned(struct onnx_reader *reader, const struct operation *operation) {
    const int rank = self(operation)->shape.rank;
    bool all = torch_node_of(operation)->operator->onnx != NULL;
    int64_t order[SHAPE_RANK_MAX];
    if (rank < 2) return self(operation);
    for (int i = 0; i < rank; i++) order[i] = all ? rank - 1 - i : i >= rank - 2 ? 2 * rank - 3 - i : i;
    return call_transpose(reader, operation, NULL, self(operation), order);
}

/* The batch stands as 1. */
struct tensor *torch_read_sym_size(struct onnx_reader *reader, const struct operation *operation) {
    const struct shape *shape = &self(operation)->shape;
    int64_t axis = onnx_axis(reader, operation, torch_integer(reader, operation, "dim", 0), shape->rank);
    return axis < 0 ? NULL : tensor_integers(reader, (struct shape){0}, &shape->dim[axis]);
}

struct tensor *torch_read_arg_extreme(struct onnx_reader *reader, const struct operation *operation) {
    if (!torch_has(operation, "dim")) return onnx_refuse(reader, operation, NULL, "it goes over all axes at once");
    struct call call = call_new(reader, operation, torch_node_of(operation)->operator->onnx);
    call_operand(&call, torch_as_real(reader, operation, "x", self(operation)));
    call_integer(&call, "axis", torch_integer(reader, operation, "dim", 0));
    call_integer(&call, "keepdims", torch_flag(operation, "keepdim", false));
    return call_read(&call, NULL);
}

struct tensor *torch_read_cast(struct onnx_reader *reader, const struct operation *operation) {
    const struct tensor *like = torch_tensor(operation, "other");
    const int type = like ? like->type : torch_element_type(torch_integer(reader, operation, "dtype", 0));
    if (!like && !torch_has(operation, "dtype")) return self(operation); /* to another place */
    if (!type) return onnx_refuse(reader, operation, NULL, "a cast to a type that bxc does not read");
    return call_cast(reader, operation, NULL, self(operation), type);
}
