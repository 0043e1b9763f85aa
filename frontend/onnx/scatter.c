/* GatherElements, GatherND, ScatterElements, ScatterND with constant indices. */
#include "frontend/onnx/onnx.h"

#include <inttypes.h>
#include <string.h>

/* An index along an axis, from the end where it is below 0; -1 after a diagnosis. */
static int64_t index_along(struct onnx_reader *reader, const struct operation *operation, const struct tensor *data,
                           int64_t axis, int64_t index) {
    int64_t length = data->shape.dim[axis];
    if (index >= -length && index < length) return index < 0 ? index + length : index;
    onnx_refuse(reader, operation, NULL, "index %" PRId64 " is out of range for %" PRId64 " entries", index, length);
    return -1;
}

/* One event's indices are taken for all. */
static int refuse_batch_of_indices(struct onnx_reader *reader, const struct operation *operation,
                                   const struct tensor *data, const struct shape *indices) {
    if (data->batch_axis < 0 || data->batch_axis >= indices->rank || indices->dim[data->batch_axis] == 1) return 0;
    onnx_refuse(reader, operation, NULL, "the indices have %" PRId64 " entries along the batch",
                indices->dim[data->batch_axis]);
    return -1;
}

/* ---- by element: an index along one axis for each element of the indices ---- */

/* Elements of the data that are meant, by element of the indices; NULL after a diagnosis. */
static int64_t *elements_along_axis(struct onnx_reader *reader, const struct operation *operation, int64_t *axis) {
    const struct tensor *data = operation->inputs[0];
    const struct shape *shape = &operation->inputs[1]->shape;
    int64_t at[SHAPE_RANK_MAX];
    size_t count;
    const int64_t *given = static_integers(reader, operation, 1, "indices", &count);
    *axis = onnx_axis(reader, operation, attribute_integer(reader, operation, "axis", 0), data->shape.rank);
    if (!given || *axis < 0 || refuse_batch_axis(reader, operation, data, *axis) < 0) return NULL;
    bool fits = shape->rank == data->shape.rank;
    for (int i = 0; fits && i < shape->rank; i++) fits = i == *axis || shape->dim[i] <= data->shape.dim[i];
    if (!fits && data->batch_axis < 0)
        onnx_refuse(reader, operation, NULL, "the shape of the indices is not the data's");
    if (refuse_batch_of_indices(reader, operation, data, shape) < 0 || !fits) return NULL;
    int64_t *elements = ARENA_ARRAY(reader->arena, int64_t, count + 1);
    for (size_t i = 0; i < count; i++) {
        onnx_coordinates(shape, i, at);
        at[*axis] = index_along(reader, operation, data, *axis, given[i]);
        if (at[*axis] < 0) return NULL;
        elements[i] = (int64_t)onnx_element(&data->shape, at);
    }
    return elements;
}

struct tensor *onnx_read_gather_elements(struct onnx_reader *reader, const struct operation *operation) {
    int64_t axis;
    const int64_t *elements = elements_along_axis(reader, operation, &axis);
    if (!elements) return NULL;
    return onnx_pick(reader, operation, NULL, operation->inputs[0], operation->inputs[1]->shape, elements,
                     operation->inputs[0]->batch_axis);
}

/* ---- scattering: what is written to each element ---- */

enum scatter_reduction { SCATTER_REPLACE, SCATTER_ADD, SCATTER_MULTIPLY };

static int scatter_reduction(struct onnx_reader *reader, const struct operation *operation,
                             enum scatter_reduction *reduction) {
    const char *name = attribute_text(reader, operation, "reduction");
    *reduction = SCATTER_REPLACE;
    if (!name || !strcmp(name, "none")) return 0;
    *reduction = strcmp(name, "add") == 0 ? SCATTER_ADD : SCATTER_MULTIPLY;
    if (!strcmp(name, "add") || !strcmp(name, "mul")) return 0;
    onnx_refuse(reader, operation, NULL, "a scatter's reduction '%s' is not read: none, add and mul are", name);
    return -1;
}

/* The last update of each element is what stands there. */
static struct tensor *replaced(struct onnx_reader *reader, const struct operation *operation, const int64_t *targets,
                               size_t count) {
    struct tensor *data = operation->inputs[0];
    size_t elements = tensor_elements(data);
    int64_t *indices = ARENA_ARRAY(reader->arena, int64_t, elements + 1);
    for (size_t i = 0; i < elements; i++) indices[i] = (int64_t)i;
    for (size_t i = 0; i < count; i++) indices[targets[i]] = (int64_t)(elements + i);
    return onnx_pick_two(reader, operation, NULL, data, operation->inputs[2], data->shape, indices, data->batch_axis);
}

/* Updates of one element one after the other: in round r the r-th of each, or what changes nothing. */
static struct tensor *accumulated(struct onnx_reader *reader, const struct operation *operation,
                                  enum scatter_reduction reduction, const int64_t *targets, size_t count) {
    struct tensor *sum = operation->inputs[0], *updates = operation->inputs[2];
    size_t elements = tensor_elements(sum);
    uint32_t *used = ARENA_ARRAY(reader->arena, uint32_t, elements + 1),
             *round = ARENA_ARRAY(reader->arena, uint32_t, count + 1);
    uint32_t rounds = 0;
    struct tensor *neutral = onnx_number(reader, operation, "neutral", reduction == SCATTER_ADD ? 0 : 1);
    for (size_t i = 0; i < count; i++) {
        round[i] = used[targets[i]]++;
        if (round[i] >= rounds) rounds = round[i] + 1;
    }
    if (rounds > 64)
        return onnx_refuse(reader, operation, NULL, "an element is updated %u times, more than 64", rounds);
    for (uint32_t r = 0; r < rounds && sum; r++) {
        int64_t *indices = ARENA_ARRAY(reader->arena, int64_t, elements + 1);
        for (size_t i = 0; i < elements; i++) indices[i] = (int64_t)count;
        for (size_t i = 0; i < count; i++)
            if (round[i] == r) indices[targets[i]] = (int64_t)i;
        struct tensor *update = onnx_pick_two(reader, operation, arena_printf(reader->arena, "updates_%u", r), updates,
                                              neutral, sum->shape, indices, sum->batch_axis);
        struct tensor *pair[] = {sum, update};
        sum = update ? onnx_emit_tensor(reader, operation, reduction == SCATTER_ADD ? OP_ADD : OP_MUL,
                                        r + 1 == rounds ? NULL : arena_printf(reader->arena, "round_%u", r), pair, 2,
                                        NULL, sum->batch_axis)
                     : NULL;
    }
    return sum;
}

static struct tensor *scatter(struct onnx_reader *reader, const struct operation *operation, const int64_t *targets,
                              size_t count) {
    enum scatter_reduction reduction;
    if (!targets || scatter_reduction(reader, operation, &reduction) < 0) return NULL;
    if (tensor_elements(operation->inputs[2]) != count)
        return onnx_refuse(reader, operation, NULL, "%zu updates where the indices mean %zu elements",
                           tensor_elements(operation->inputs[2]), count);
    if (reduction == SCATTER_REPLACE) return replaced(reader, operation, targets, count);
    if (refuse_whole(reader, operation, operation->inputs[0]) < 0) return NULL;
    return accumulated(reader, operation, reduction, targets, count);
}

struct tensor *onnx_read_scatter_elements(struct onnx_reader *reader, const struct operation *operation) {
    int64_t axis;
    const int64_t *targets = elements_along_axis(reader, operation, &axis);
    return scatter(reader, operation, targets, tensor_elements(operation->inputs[1]));
}

/* ---- by block: indices of the leading axes, each of which means a block of the data ---- */

struct blocks_meant {
    int batch_dims, depth; /* leading axes that both have; axes that an index names */
    size_t count, length;  /* blocks, and elements of each */
    int64_t *first;        /* element of the data, by block */
};

static int blocks_meant(struct onnx_reader *reader, const struct operation *operation, int batch_dims,
                        struct blocks_meant *blocks) {
    const struct tensor *data = operation->inputs[0];
    const struct shape *shape = &operation->inputs[1]->shape;
    size_t numbers;
    const int64_t *given = static_integers(reader, operation, 1, "indices", &numbers);
    if (!given) return -1;
    int64_t depth = shape->rank ? shape->dim[shape->rank - 1] : 0;
    bool fits = depth >= 1 && batch_dims >= 0 && batch_dims < shape->rank && depth + batch_dims <= data->shape.rank;
    for (int i = 0; fits && i < batch_dims; i++) fits = shape->dim[i] == data->shape.dim[i];
    if (!fits) {
        onnx_refuse(reader, operation, NULL, "the shape of the indices does not go with the data's");
        return -1;
    }
    if (data->batch_axis >= batch_dims && data->batch_axis < batch_dims + depth)
        return refuse_batch_axis(reader, operation, data, data->batch_axis);
    *blocks = (struct blocks_meant){
        .batch_dims = batch_dims, .depth = (int)depth, .count = numbers / (size_t)depth, .length = 1};
    for (int i = batch_dims + (int)depth; i < data->shape.rank; i++) blocks->length *= (size_t)data->shape.dim[i];
    blocks->first = ARENA_ARRAY(reader->arena, int64_t, blocks->count + 1);
    for (size_t b = 0; b < blocks->count; b++) {
        int64_t at[SHAPE_RANK_MAX] = {0};
        onnx_coordinates(shape, b * (size_t)depth, at);
        for (int i = batch_dims; i < SHAPE_RANK_MAX; i++) at[i] = 0;
        for (int64_t d = 0; d < depth; d++) {
            int64_t index = index_along(reader, operation, data, batch_dims + d, given[b * (size_t)depth + (size_t)d]);
            if (index < 0) return -1;
            at[batch_dims + d] = index;
        }
        blocks->first[b] = (int64_t)onnx_element(&data->shape, at);
    }
    return 0;
}

/* All elements of all blocks. */
static int64_t *block_elements(struct onnx_reader *reader, const struct blocks_meant *blocks) {
    int64_t *elements = ARENA_ARRAY(reader->arena, int64_t, blocks->count * blocks->length + 1);
    for (size_t b = 0; b < blocks->count; b++)
        for (size_t i = 0; i < blocks->length; i++) elements[b * blocks->length + i] = blocks->first[b] + (int64_t)i;
    return elements;
}

struct tensor *onnx_read_gather_nd(struct onnx_reader *reader, const struct operation *operation) {
    struct tensor *data = operation->inputs[0];
    struct shape shape = operation->inputs[1]->shape;
    int64_t batch_dims = attribute_integer(reader, operation, "batch_dims", 0);
    struct blocks_meant blocks;
    if (batch_dims > SHAPE_RANK_MAX) batch_dims = -1;
    if (blocks_meant(reader, operation, (int)batch_dims, &blocks) < 0) return NULL;
    int named = blocks.batch_dims + blocks.depth;
    if (--shape.rank + data->shape.rank - named > SHAPE_RANK_MAX)
        return onnx_refuse(reader, operation, NULL, "the result has more than %d axes", SHAPE_RANK_MAX);
    int batch = data->batch_axis < named ? data->batch_axis : data->batch_axis - named + shape.rank;
    for (int i = named; i < data->shape.rank; i++) shape.dim[shape.rank++] = data->shape.dim[i];
    if (!onnx_made_size(reader, operation, &shape)) return NULL;
    return onnx_pick(reader, operation, NULL, data, shape, block_elements(reader, &blocks), batch);
}

struct tensor *onnx_read_scatter_nd(struct onnx_reader *reader, const struct operation *operation) {
    struct blocks_meant blocks;
    if (blocks_meant(reader, operation, 0, &blocks) < 0) return NULL;
    if (tensor_elements(operation->inputs[2]) != blocks.count * blocks.length)
        return onnx_refuse(reader, operation, NULL, "the shape of the updates does not go with the indices");
    return scatter(reader, operation, block_elements(reader, &blocks), blocks.count * blocks.length);
}
