/* Where in its operand MaxPool found the largest element of each window: the first of equals, counted through the whole
 * operand without its padding. Of a batch of events each one counts from 0. */
#include "frontend/onnx/onnx.h"

#include <inttypes.h>

/* The place of each window's elements in memory, in an axis more behind those of the result; by_columns: counted with
 * the first spatial axis running fastest (storage_order 1). */
struct places {
    struct shape shape;
    int64_t *in_memory;
    float *counted; /* as the output tells them */
};

static int64_t counted_by_columns(const struct shape *x, const int64_t *at) {
    int64_t place = at[0] * x->dim[1] + at[1];
    for (int axis = x->rank - 1; axis >= 2; axis--) place = place * x->dim[axis] + at[axis];
    return place;
}

static void places_of(const struct spatial *spatial, const struct shape *x, bool by_columns, struct places *places) {
    int last = places->shape.rank - 1;
    for (size_t i = 0; i < shape_elements(&places->shape); i++) {
        int64_t at[SHAPE_RANK_MAX];
        onnx_coordinates(&places->shape, i, at);
        int64_t element = at[last];
        for (int s = spatial->count; s-- > 0; element /= spatial->size[s]) {
            int axis = spatial_axis(spatial, s);
            at[axis] = pool_element(spatial, s, x->dim[axis], at[axis], element % spatial->size[s]);
        }
        places->in_memory[i] = (int64_t)onnx_element(x, at);
        places->counted[i] = (float)(by_columns ? counted_by_columns(x, at) : places->in_memory[i]);
    }
}

static bool make_places(struct onnx_reader *reader, const struct operation *operation, const struct spatial *spatial,
                        struct places *places) {
    const struct tensor *x = operation->inputs[0];
    const int64_t order = attribute_integer(reader, operation, "storage_order", 0), exact = INT64_C(1) << 24;
    int64_t elements = 1;
    places->shape = x->shape;
    for (int s = 0; s < spatial->count; s++) {
        int axis = spatial_axis(spatial, s);
        places->shape.dim[axis] = spatial_windows(spatial, s, x->shape.dim[axis]);
        elements *= spatial->size[s];
    }
    places->shape.dim[places->shape.rank++] = elements;
    if (!onnx_made_size(reader, operation, &places->shape)) return false;
    if ((order != 0 && order != 1) || (int64_t)tensor_elements(x) > exact) {
        onnx_refuse(reader, operation, NULL,
                    order == 0 || order == 1 ? "indices of more than 2^24 elements" : "storage_order is not 0 or 1");
        return false;
    }
    size_t count = shape_elements(&places->shape);
    places->in_memory = ARENA_ARRAY(reader->arena, int64_t, count);
    places->counted = ARENA_ARRAY(reader->arena, float, count);
    places_of(spatial, &x->shape, order == 1, places);
    return true;
}

static struct tensor *constant(struct onnx_reader *reader, const struct operation *operation, const char *what,
                               struct shape shape, float *reals) {
    struct tensor *tensor = onnx_number(reader, operation, what, 0);
    tensor->shape = shape;
    tensor->reals = reals;
    return tensor;
}

/* 1 at the largest element of each window: the last axis is that of its elements. */
static struct tensor *at_largest(struct onnx_reader *reader, const struct operation *operation,
                                 struct tensor *elements) {
    int last = elements->shape.rank - 1;
    int64_t count = elements->shape.dim[last];
    const union attributes axis = {.axis = {.axis = last, .keep_dimensions = true}};
    float *numbers = ARENA_ARRAY(reader->arena, float, (size_t)count);
    for (int64_t i = 0; i < count; i++) numbers[i] = (float)i;
    struct tensor *index =
        onnx_emit_tensor(reader, operation, OP_ARGMAX, "which", &elements, 1, &axis, elements->batch_axis);
    return index ? onnx_equal(reader, operation, "at", index,
                              constant(reader, operation, "elements", (struct shape){1, {count}}, numbers))
                 : NULL;
}

struct tensor *onnx_max_pool_indices(struct onnx_reader *reader, const struct operation *operation,
                                     const struct spatial *spatial) {
    struct tensor *x = operation->inputs[0];
    struct places places;
    if (!make_places(reader, operation, spatial, &places)) return NULL;
    struct tensor *elements = onnx_pick(reader, operation, "windows", x, places.shape, places.in_memory, x->batch_axis);
    struct tensor *pair[] = {elements ? at_largest(reader, operation, elements) : NULL,
                             constant(reader, operation, "places", places.shape, places.counted)};
    if (!pair[0]) return NULL;
    struct tensor *chosen = onnx_emit_tensor(reader, operation, OP_MUL, "chosen", pair, 2, NULL, x->batch_axis);
    const union attributes last = {.axis = {.axis = places.shape.rank - 1}};
    struct tensor *indices =
        chosen ? onnx_emit_tensor(reader, operation, OP_REDUCE_SUM, "indices", &chosen, 1, &last, x->batch_axis) : NULL;
    if (indices) indices->type = ONNX__TENSOR_PROTO__DATA_TYPE__INT64;
    return indices;
}
