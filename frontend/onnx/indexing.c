/* Concat, Gather, Slice, Shape. On constants they are done here, so that shape arithmetic of the
 * exporters vanishes. */
#include "frontend/onnx/onnx.h"

#include <inttypes.h>
#include <string.h>

/* A tensor seen as [outer, length, inner] around an axis. */
struct blocks {
    size_t outer, length, inner;
};

static struct blocks blocks_around(const struct shape *shape, int64_t axis) {
    struct blocks blocks = {1, (size_t)shape->dim[axis], 1};
    for (int i = 0; i < shape->rank; i++) {
        if (i < axis) blocks.outer *= (size_t)shape->dim[i];
        if (i > axis) blocks.inner *= (size_t)shape->dim[i];
    }
    return blocks;
}

static struct tensor *static_like(struct onnx_reader *reader, const struct tensor *tensor, struct shape shape) {
    struct tensor *result = tensor_new(reader, tensor->state, tensor->type, shape);
    size_t count = shape_elements(&shape);
    if (tensor->state == TENSOR_INTEGERS)
        result->integers = ARENA_ARRAY(reader->arena, int64_t, count + 1);
    else
        result->reals = ARENA_ARRAY(reader->arena, float, count + 1);
    return result;
}

static void copy_elements(struct tensor *to, size_t at, const struct tensor *from, size_t start, size_t count) {
    if (!count) return;
    if (to->state == TENSOR_INTEGERS)
        memcpy(to->integers + at, from->integers + start, count * sizeof *to->integers);
    else
        memcpy(to->reals + at, from->reals + start, count * sizeof *to->reals);
}

/* ---- Concat ---- */

static bool concat_is_static(const struct operation *operation) {
    for (uint32_t i = 0; i < operation->input_count; i++)
        if (operation->inputs[i]->state != operation->inputs[0]->state || !tensor_is_static(operation->inputs[i]))
            return false;
    return true;
}

/* -1 and a diagnosis when shapes differ elsewhere than along the axis. */
static int concat_shape(struct onnx_reader *reader, const struct operation *operation, int64_t axis,
                        struct shape *shape) {
    *shape = operation->inputs[0]->shape;
    for (uint32_t i = 1; i < operation->input_count; i++) {
        struct shape other = operation->inputs[i]->shape;
        int64_t along = other.rank == shape->rank ? other.dim[axis] : 0;
        if (other.rank == shape->rank) other.dim[axis] = shape->dim[axis];
        if (!shape_equal(&other, shape)) {
            onnx_refuse(reader, operation, NULL, "the shapes of operands 0 and %u do not go together", i);
            return -1;
        }
        shape->dim[axis] += along;
    }
    if (shape_elements(shape) <= ONNX_ELEMENTS_MAX) return 0;
    onnx_refuse(reader, operation, NULL, "the result has more than %d elements", ONNX_ELEMENTS_MAX);
    return -1;
}

static struct tensor *static_concat(struct onnx_reader *reader, const struct operation *operation, int64_t axis,
                                    struct shape shape) {
    struct tensor *result = static_like(reader, operation->inputs[0], shape);
    struct blocks whole = blocks_around(&shape, axis);
    size_t done = 0;
    for (uint32_t i = 0; i < operation->input_count; i++) {
        const struct tensor *part = operation->inputs[i];
        struct blocks blocks = blocks_around(&part->shape, axis);
        size_t run = blocks.length * blocks.inner;
        for (size_t outer = 0; outer < blocks.outer; outer++)
            copy_elements(result, (outer * whole.length + done) * whole.inner, part, outer * run, run);
        done += blocks.length;
    }
    return result;
}

struct tensor *onnx_read_concat(struct onnx_reader *reader, const struct operation *operation) {
    struct shape shape;
    if (!attribute_find(operation, "axis")) return onnx_refuse(reader, operation, NULL, "attribute 'axis' is left out");
    int64_t axis =
        onnx_axis(reader, operation, attribute_integer(reader, operation, "axis", 0), operation->inputs[0]->shape.rank);
    for (uint32_t i = 0; i < operation->input_count; i++)
        if (!operation->inputs[i]) return onnx_refuse(reader, operation, NULL, "operand %u is left out", i);
    if (axis < 0 || concat_shape(reader, operation, axis, &shape) < 0) return NULL;
    if (concat_is_static(operation)) return static_concat(reader, operation, axis, shape);
    for (uint32_t i = 0; i < operation->input_count; i++)
        if (refuse_batch_axis(reader, operation, operation->inputs[i], axis) < 0) return NULL;
    int batch = broadcast_batch(reader, operation, operation->inputs, operation->input_count);
    if (batch == -2) return NULL;
    union attributes attributes = {.axis = {.axis = axis}};
    return onnx_emit_tensor(reader, operation, OP_CONCAT, NULL, operation->inputs, operation->input_count, &attributes,
                            batch);
}

/* ---- Gather ---- */

static struct tensor *static_gather(struct onnx_reader *reader, const struct tensor *data, struct shape shape,
                                    int64_t axis, const int64_t *indices, size_t count) {
    struct tensor *result = static_like(reader, data, shape);
    struct blocks blocks = blocks_around(&data->shape, axis);
    for (size_t outer = 0; outer < blocks.outer; outer++)
        for (size_t i = 0; i < count; i++)
            copy_elements(result, (outer * count + i) * blocks.inner, data,
                          (outer * blocks.length + (size_t)indices[i]) * blocks.inner, blocks.inner);
    return result;
}

int64_t *onnx_indices(struct onnx_reader *reader, const struct operation *operation, const int64_t *given, size_t count,
                      int64_t length) {
    int64_t *indices = ARENA_ARRAY(reader->arena, int64_t, count + 1);
    for (size_t i = 0; i < count; i++) {
        indices[i] = given[i] < 0 && given[i] >= -length ? given[i] + length : given[i];
        if (indices[i] >= 0 && indices[i] < length) continue;
        onnx_refuse(reader, operation, NULL, "index %" PRId64 " is out of range for %" PRId64 " entries", given[i],
                    length);
        return NULL;
    }
    return indices;
}

/* The shape of the data with that of the indices in place of the axis. */
static bool gather_shape(const struct shape *data, const struct shape *indices, int64_t axis, struct shape *shape) {
    *shape = (struct shape){0};
    if (data->rank - 1 + indices->rank > SHAPE_RANK_MAX) return false;
    for (int i = 0; i < data->rank; i++) {
        if (i != axis) shape->dim[shape->rank++] = data->dim[i];
        for (int j = 0; i == axis && j < indices->rank; j++) shape->dim[shape->rank++] = indices->dim[j];
    }
    return true;
}

struct tensor *onnx_gather(struct onnx_reader *reader, const struct operation *operation, const char *what,
                           struct tensor *data, int64_t axis, struct shape index_shape, int64_t *indices,
                           int batch_axis) {
    struct shape shape;
    size_t count = shape_elements(&index_shape);
    if (!gather_shape(&data->shape, &index_shape, axis, &shape))
        return onnx_refuse(reader, operation, NULL, "the result has more than %d axes", SHAPE_RANK_MAX);
    struct blocks blocks = blocks_around(&data->shape, axis);
    if (count && blocks.outer * blocks.inner > (size_t)ONNX_ELEMENTS_MAX / count)
        return onnx_refuse(reader, operation, NULL, "the result has more than %d elements", ONNX_ELEMENTS_MAX);
    if (tensor_is_static(data)) return static_gather(reader, data, shape, axis, indices, count);
    if (!count) return onnx_refuse(reader, operation, NULL, "the result has no elements");
    union attributes attributes = {.gather = {.axis = axis, .shape = index_shape, .indices = indices}};
    return onnx_emit_tensor(reader, operation, OP_GATHER, what, &data, 1, &attributes, batch_axis);
}

struct tensor *onnx_read_gather(struct onnx_reader *reader, const struct operation *operation) {
    struct tensor *data = operation->inputs[0];
    const struct shape *index_shape = &operation->inputs[1]->shape;
    size_t count;
    int64_t axis = onnx_axis(reader, operation, attribute_integer(reader, operation, "axis", 0), data->shape.rank);
    if (axis >= 0 && tensor_is_static(data) && !tensor_is_static(operation->inputs[1]))
        return onnx_gather_by_value(reader, operation, data, operation->inputs[1], axis);
    const int64_t *given = static_integers(reader, operation, 1, "indices", &count);
    if (!given || axis < 0 || refuse_batch_axis(reader, operation, data, axis) < 0) return NULL;
    int64_t *indices = onnx_indices(reader, operation, given, count, data->shape.dim[axis]);
    if (!indices) return NULL;
    int batch = data->batch_axis > axis ? data->batch_axis + index_shape->rank - 1 : data->batch_axis;
    return onnx_gather(reader, operation, NULL, data, axis, *index_shape, indices, batch);
}

/* ---- Slice ---- */

struct slice_request {
    const int64_t *starts, *ends, *axes, *steps;
    size_t count, axes_count, steps_count;
};

static int slice_request(struct onnx_reader *reader, const struct operation *operation, struct slice_request *request) {
    size_t ends;
    request->starts = attribute_or_operand(reader, operation, "starts", 1, &request->count);
    request->ends = attribute_or_operand(reader, operation, "ends", 2, &ends);
    request->axes = attribute_or_operand(reader, operation, "axes", 3, &request->axes_count);
    request->steps = attribute_or_operand(reader, operation, "steps", 4, &request->steps_count);
    if (request->count == SIZE_MAX || ends == SIZE_MAX || request->axes_count == SIZE_MAX ||
        request->steps_count == SIZE_MAX)
        return -1;
    bool fits = request->starts && request->ends && ends == request->count && request->count <= SHAPE_RANK_MAX &&
                (!request->axes || request->axes_count == request->count) &&
                (!request->steps || request->steps_count == request->count);
    if (fits) return 0;
    onnx_refuse(reader, operation, NULL, "starts, ends, axes and steps of Slice do not go together");
    return -1;
}

static int64_t limited(int64_t number, int64_t lowest, int64_t highest) {
    return number < lowest ? lowest : number > highest ? highest : number;
}

/* Start and count along an axis of this length, by ONNX's rules for numbers out of range. */
static void slice_axis(struct slice_attributes *slice, int axis, int64_t length, int64_t start, int64_t end,
                       int64_t step) {
    if (start < 0) start = start < -length ? -1 : start + length;
    if (end < 0) end = end < -length ? -1 : end + length;
    bool up = step > 0;
    start = up ? limited(start, 0, length) : limited(start, 0, length - 1);
    end = up ? limited(end, 0, length) : limited(end, -1, length - 1);
    int64_t span = up ? end - start : start - end, size = up ? step : -step;
    slice->start[axis] = limited(start, 0, length > 0 ? length - 1 : 0);
    slice->step[axis] = step;
    slice->count[axis] = span <= 0 || start < 0 ? 0 : (span - 1) / size + 1;
}

/* All events must be taken: an end of 1 would be the first event alone unless the model stores 1. */
static bool slice_takes_batch(const struct onnx_reader *reader, int64_t start, int64_t end, int64_t step) {
    int64_t stored = reader->batch_number > 0 ? reader->batch_number : INT32_MAX;
    return start == 0 && step == 1 && end >= stored;
}

static int slice_attributes(struct onnx_reader *reader, const struct operation *operation,
                            const struct slice_request *request, struct slice_attributes *slice) {
    const struct tensor *data = operation->inputs[0];
    for (int i = 0; i < data->shape.rank; i++) slice_axis(slice, i, data->shape.dim[i], 0, data->shape.dim[i], 1);
    for (size_t i = 0; i < request->count; i++) {
        int64_t axis = onnx_axis(reader, operation, request->axes ? request->axes[i] : (int64_t)i, data->shape.rank);
        int64_t step = request->steps ? request->steps[i] : 1;
        if (axis < 0) return -1;
        if (step == 0 || step < -INT32_MAX || step > INT32_MAX) {
            onnx_refuse(reader, operation, NULL, "step %" PRId64 " of Slice", step);
            return -1;
        }
        if (!slice_takes_batch(reader, request->starts[i], request->ends[i], step) &&
            refuse_batch_axis(reader, operation, data, axis) < 0)
            return -1;
        if (axis != data->batch_axis)
            slice_axis(slice, (int)axis, data->shape.dim[axis], request->starts[i], request->ends[i], step);
    }
    return 0;
}

static struct tensor *static_slice(struct onnx_reader *reader, const struct tensor *data,
                                   const struct slice_attributes *slice) {
    struct shape shape = {.rank = data->shape.rank};
    for (int i = 0; i < shape.rank; i++) shape.dim[i] = slice->count[i];
    struct tensor *result = static_like(reader, data, shape);
    size_t count = shape_elements(&shape);
    for (size_t i = 0; i < count; i++) {
        size_t rest = i, source = 0, stride = 1;
        for (int axis = shape.rank - 1; axis >= 0; axis--) {
            int64_t along = (int64_t)(rest % (size_t)shape.dim[axis]);
            source += (size_t)(slice->start[axis] + along * slice->step[axis]) * stride;
            stride *= (size_t)data->shape.dim[axis];
            rest /= (size_t)shape.dim[axis];
        }
        copy_elements(result, i, data, source, 1);
    }
    return result;
}

struct tensor *onnx_read_slice(struct onnx_reader *reader, const struct operation *operation) {
    struct tensor *data = operation->inputs[0];
    struct slice_request request;
    union attributes attributes = {.slice = {{0}, {0}, {0}}};
    if (slice_request(reader, operation, &request) < 0) return NULL;
    if (slice_attributes(reader, operation, &request, &attributes.slice) < 0) return NULL;
    if (tensor_is_static(data)) return static_slice(reader, data, &attributes.slice);
    for (int i = 0; i < data->shape.rank; i++)
        if (!attributes.slice.count[i])
            return onnx_refuse(reader, operation, NULL, "the result has no elements along axis %d", i);
    return onnx_emit_tensor(reader, operation, OP_SLICE, NULL, &data, 1, &attributes, data->batch_axis);
}

/* ---- Shape ---- */

struct tensor *onnx_read_shape(struct onnx_reader *reader, const struct operation *operation) {
    const struct shape *shape = &operation->inputs[0]->shape;
    int64_t rank = shape->rank;
    int64_t start = attribute_integer(reader, operation, "start", 0),
            end = attribute_integer(reader, operation, "end", rank);
    start = limited(start < 0 && start >= -rank ? start + rank : start, 0, rank);
    end = limited(end < 0 && end >= -rank ? end + rank : end, 0, rank);
    int64_t count = end > start ? end - start : 0;
    return tensor_integers(reader, (struct shape){.rank = 1, .dim = {count}}, shape->dim + start);
}
