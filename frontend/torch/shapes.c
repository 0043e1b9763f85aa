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

struct tensor *torch_read_reshape(struct onnx_reader *reader, const struct operation *operation) {
    int64_t shape[SHAPE_RANK_MAX];
    int rank = torch_integers(reader, operation, torch_has(operation, "size") ? "size" : "shape", shape);
    if (rank < 0) return NULL;
    return call_with_integers(reader, operation, "Reshape", NULL, self(operation), shape, (size_t)rank);
}

struct tensor *torch_read_flatten(struct onnx_reader *reader, const struct operation *operation) {
    const struct shape *from = &self(operation)->shape;
    int64_t first = onnx_axis(reader, operation, torch_integer(reader, operation, "start_dim", 0), from->rank);
    int64_t last = onnx_axis(reader, operation, torch_integer(reader, operation, "end_dim", -1), from->rank);
    int64_t shape[SHAPE_RANK_MAX];
    size_t rank = 0;
    if (first < 0 || last < first) return NULL;
    for (int64_t i = 0; i < from->rank; i++) {
        if (i > first && i <= last)
            shape[rank - 1] *= from->dim[i];
        else
            shape[rank++] = from->dim[i];
    }
    return call_with_integers(reader, operation, "Reshape", NULL, self(operation), shape, rank);
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
    int64_t a = onnx_axis(reader, operation, torch_integer(reader, operation, "dim0", 0), rank);
    int64_t b = onnx_axis(reader, operation, torch_integer(reader, operation, "dim1", 1), rank);
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

/* stack: each with an axis more. */
struct tensor *torch_read_cat(struct onnx_reader *reader, const struct operation *operation) {
    const char *before = torch_node_of(operation)->operator->onnx;
    const int64_t axis = torch_integer(reader, operation, "dim", 0);
    size_t count;
    struct tensor **tensors = torch_tensors(operation, "tensors", &count);
    struct call call = call_new(reader, operation, "Concat");
    for (size_t i = 0; i < count; i++) {
        const char *part = arena_printf(reader->arena, "part_%zu", i);
        call_operand(&call,
                     before ? call_with_integers(reader, operation, before, part, tensors[i], &axis, 1) : tensors[i]);
    }
    call_integer(&call, "axis", axis);
    return call_read(&call, NULL);
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

/* The batch stands as 1. */
struct tensor *torch_read_sym_size(struct onnx_reader *reader, const struct operation *operation) {
    const struct shape *shape = &self(operation)->shape;
    int64_t axis = onnx_axis(reader, operation, torch_integer(reader, operation, "dim", 0), shape->rank);
    return axis < 0 ? NULL : tensor_integers(reader, (struct shape){0}, &shape->dim[axis]);
}

struct tensor *torch_read_reduction(struct onnx_reader *reader, const struct operation *operation) {
    int64_t axes[SHAPE_RANK_MAX];
    int count = torch_integers(reader, operation, "dim", axes);
    if (count < 0) return NULL;
    struct call call = call_new(reader, operation, torch_node_of(operation)->operator->onnx);
    call_operand(&call, self(operation));
    if (count) call_operand(&call, integers_vector(reader, axes, (size_t)count));
    call_integer(&call, "keepdims", torch_flag(operation, "keepdim", false));
    return call_read(&call, NULL);
}

struct tensor *torch_read_argmax(struct onnx_reader *reader, const struct operation *operation) {
    if (!torch_has(operation, "dim")) return onnx_refuse(reader, operation, NULL, "it goes over all axes at once");
    struct call call = call_new(reader, operation, "ArgMax");
    call_operand(&call, self(operation));
    call_integer(&call, "axis", torch_integer(reader, operation, "dim", 0));
    call_integer(&call, "keepdims", torch_flag(operation, "keepdim", false));
    return call_read(&call, NULL);
}

struct tensor *torch_read_cast(struct onnx_reader *reader, const struct operation *operation) {
    const int type = torch_element_type(torch_integer(reader, operation, "dtype", 0));
    if (!type) return onnx_refuse(reader, operation, NULL, "a cast to a type that bxc does not read");
    return call_cast(reader, operation, NULL, self(operation), type);
}
