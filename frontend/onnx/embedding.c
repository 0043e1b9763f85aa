/* Gather by an index that is computed: a row of a constant table for each (embeddings of categories), as the product of
 * a vector that is 1 at the index and the table. OneHot: that vector. */
#include "frontend/onnx/onnx.h"

#include <inttypes.h>

enum { ROWS_MAX = 1024 };

static struct tensor *numbers(struct onnx_reader *reader, const struct operation *operation, const char *what,
                              struct shape shape) {
    struct tensor *tensor = onnx_number(reader, operation, what, 0);
    tensor->shape = shape;
    tensor->reals = ARENA_ARRAY(reader->arena, float, shape_elements(&shape) + 1);
    return tensor;
}

static struct tensor *filled(struct onnx_reader *reader, const struct operation *operation, const char *what,
                             struct shape shape, float number) {
    struct tensor *tensor = numbers(reader, operation, what, shape);
    for (size_t i = 0; i < tensor_elements(tensor); i++) tensor->reals[i] = number;
    return tensor;
}

static struct tensor *subtract(struct onnx_reader *reader, const struct operation *operation, const char *what,
                               struct tensor *a, struct tensor *b, int batch) {
    struct tensor *pair[] = {a, b};
    return a && b ? onnx_emit_tensor(reader, operation, OP_SUB, what, pair, 2, NULL, batch) : NULL;
}

static struct tensor *join_last(struct onnx_reader *reader, const struct operation *operation, const char *what,
                                struct tensor *a, struct tensor *b, int batch) {
    struct tensor *pair[] = {a, b};
    const union attributes axis = {.axis = {.axis = a->shape.rank - 1}};
    return onnx_emit_tensor(reader, operation, OP_CONCAT, what, pair, 2, &axis, batch);
}

/* In an axis more, as many entries as numbers from `first` on: 1 where the index is that number. The first and the last
 * are 1 for indices beyond them as well. */
static struct tensor *one_hot(struct onnx_reader *reader, const struct operation *operation, struct tensor *index,
                              int64_t first, int64_t count) {
    struct shape column = index->shape;
    int batch = index->batch_axis;
    column.dim[column.rank++] = 1;
    struct tensor *x = move_reshape(reader, operation, "index", index, column, batch);
    struct tensor *ones = filled(reader, operation, "ones", column, 1);
    if (!x || count == 1) return x ? ones : NULL;
    struct tensor *limits = numbers(reader, operation, "limits", (struct shape){.rank = 1, .dim = {count - 1}});
    for (int64_t i = 0; i + 1 < count; i++) limits->reals[i] = (float)(first + i) + 0.5f;
    struct tensor *beyond =
        onnx_positive(reader, operation, "beyond", subtract(reader, operation, "distance", x, limits, batch));
    if (!beyond) return NULL;
    struct tensor *from = join_last(reader, operation, "from", ones, beyond, batch);
    struct tensor *to =
        join_last(reader, operation, "to", beyond, filled(reader, operation, "zeros", column, 0), batch);
    return onnx_bit(reader, operation, "at", subtract(reader, operation, "between", from, to, batch));
}

/* The table's rows by index, those from the end (indices below 0) first. */
static struct tensor *rows_of(struct onnx_reader *reader, const struct operation *operation, const struct tensor *data,
                              int64_t axis, int64_t below) {
    int64_t length = data->shape.dim[axis];
    size_t row = 0, elements = tensor_elements(data);
    int64_t at[SHAPE_RANK_MAX];
    size_t width = elements / (size_t)length;
    struct tensor *rows =
        numbers(reader, operation, "rows", (struct shape){.rank = 2, .dim = {length + below, (int64_t)width}});
    size_t *filled_to = ARENA_ARRAY(reader->arena, size_t, (size_t)length);
    for (size_t i = 0; i < elements; i++) {
        onnx_coordinates(&data->shape, i, at);
        row = (size_t)at[axis];
        float number = data->state == TENSOR_REALS ? data->reals[i] : (float)data->integers[i];
        size_t column = filled_to[row]++;
        rows->reals[(row + (size_t)below) * width + column] = number;
        if (below) rows->reals[row * width + column] = number;
    }
    return rows;
}

/* [indices, axes before, axes behind] as [axes before, indices, axes behind] */
static struct tensor *indices_inside(struct onnx_reader *reader, const struct operation *operation, struct tensor *x,
                                     int indices, int64_t before) {
    int permutation[SHAPE_RANK_MAX];
    if (!x || !before || !indices) return x;
    for (int i = 0; i < x->shape.rank; i++)
        permutation[i] = i < before ? indices + i : i < before + indices ? i - (int)before : i;
    return move_transpose(reader, operation, NULL, x, permutation);
}

struct tensor *onnx_gather_by_value(struct onnx_reader *reader, const struct operation *operation,
                                    const struct tensor *data, struct tensor *index, int64_t axis) {
    int64_t length = data->shape.dim[axis];
    int64_t below = index->type == ONNX__TENSOR_PROTO__DATA_TYPE__UINT8 ? 0 : length;
    if (data->shape.rank - 1 + index->shape.rank > SHAPE_RANK_MAX || index->shape.rank + 1 > SHAPE_RANK_MAX)
        return onnx_refuse(reader, operation, NULL, "the result has more than %d axes", SHAPE_RANK_MAX);
    if (length < 1 || length > ROWS_MAX)
        return onnx_refuse(reader, operation, NULL, "a computed index takes one of %" PRId64 " rows, more than %d",
                           length, ROWS_MAX);
    struct tensor *pair[] = {one_hot(reader, operation, index, -below, length + below),
                             rows_of(reader, operation, data, axis, below)};
    if (!pair[0]) return NULL;
    struct shape shape = pair[0]->shape;
    int batch = index->batch_axis;
    if (shape.rank == 1) { /* a vector is a matrix of one row */
        shape = (struct shape){.rank = 2, .dim = {1, shape.dim[0]}};
        pair[0] = move_reshape(reader, operation, "row", pair[0], shape, batch);
        if (!pair[0]) return NULL;
    }
    struct tensor *found = onnx_emit_tensor(reader, operation, OP_MATMUL, "found", pair, 2, NULL, batch);
    if (!found) return NULL;
    found->type = data->type;
    shape = index->shape;
    for (int i = 0; i < data->shape.rank; i++)
        if (i != axis) shape.dim[shape.rank++] = data->shape.dim[i];
    return indices_inside(reader, operation, move_reshape(reader, operation, "shaped", found, shape, batch),
                          index->shape.rank, axis);
}

/* ---- OneHot ---- */

/* Indices below 0 count from the end; out of range nothing is hot. */
struct tensor *onnx_read_one_hot(struct onnx_reader *reader, const struct operation *operation) {
    struct tensor *index = operation->inputs[0];
    struct tensor *values = operation->inputs[2];
    float depth;
    if (static_number(reader, operation, 1, "depth", &depth) < 0) return NULL;
    if (!tensor_is_static(values) || tensor_elements(values) != 2)
        return onnx_refuse(reader, operation, NULL, "the values of OneHot are not two constant numbers");
    if (!(depth >= 1 && depth <= ROWS_MAX) || index->shape.rank + 1 > SHAPE_RANK_MAX)
        return onnx_refuse(reader, operation, NULL, "OneHot of %g places", (double)depth);
    int64_t axis =
        onnx_axis(reader, operation, attribute_integer(reader, operation, "axis", -1), index->shape.rank + 1);
    if (axis < 0) return NULL;
    int64_t *pick[2];
    struct tensor *sides[2], *at = index, *pair[2];
    for (int side = 0; side < 2; side++) {
        pick[side] = ARENA_NEW(reader->arena, int64_t);
        *pick[side] = 1 - side;
        sides[side] = onnx_pick(reader, operation, side ? "off" : "on", values, (struct shape){0}, pick[side], -1);
    }
    struct shape shape = {.rank = index->shape.rank + 1};
    for (int i = 0, from = 0; i < shape.rank; i++) shape.dim[i] = i == axis ? 1 : index->shape.dim[from++];
    at = move_reshape(reader, operation, "index", index, shape,
                      index->batch_axis < 0 ? -1 : index->batch_axis + (index->batch_axis >= axis));
    if (!at) return NULL;
    struct tensor *places[2], *hot = NULL;
    for (int below = 0; below < 2; below++) {
        shape = (struct shape){.rank = at->shape.rank};
        for (int i = 0; i < shape.rank; i++) shape.dim[i] = i == axis ? (int64_t)depth : 1;
        places[below] = numbers(reader, operation, below ? "places_from_end" : "places", shape);
        for (int64_t i = 0; i < (int64_t)depth; i++) places[below]->reals[i] = (float)(below ? i - (int64_t)depth : i);
        pair[below] = onnx_equal(reader, operation, below ? "at_from_end" : "at", at, places[below]);
        if (!pair[below]) return NULL;
    }
    hot = onnx_emit_tensor(reader, operation, OP_ADD, "hot", pair, 2, NULL, at->batch_axis);
    struct tensor *result = hot ? onnx_select(reader, operation, NULL, hot, sides[0], sides[1]) : NULL;
    if (result) result->type = values->type;
    return result;
}
