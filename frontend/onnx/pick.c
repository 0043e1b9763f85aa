/* Any elements of one or two tensors in any order: what constant indices make of gathering and scattering. */
#include "frontend/onnx/onnx.h"

#include <string.h>

static struct tensor *flat(struct onnx_reader *reader, const struct operation *operation, const char *what,
                           struct tensor *tensor) {
    struct shape shape = {.rank = 1, .dim = {(int64_t)tensor_elements(tensor)}};
    return move_reshape(reader, operation, what, tensor, shape, -1);
}

static struct tensor *pick_static(struct onnx_reader *reader, const struct tensor *from, struct shape shape,
                                  const int64_t *indices) {
    size_t count = shape_elements(&shape);
    struct tensor *result = tensor_new(reader, from->state, from->type, shape);
    if (from->state == TENSOR_INTEGERS) {
        result->integers = ARENA_ARRAY(reader->arena, int64_t, count + 1);
        for (size_t i = 0; i < count; i++) result->integers[i] = from->integers[indices[i]];
    } else {
        result->reals = ARENA_ARRAY(reader->arena, float, count + 1);
        for (size_t i = 0; i < count; i++) result->reals[i] = from->reals[indices[i]];
    }
    return result;
}

struct tensor *onnx_pick(struct onnx_reader *reader, const struct operation *operation, const char *what,
                         struct tensor *from, struct shape shape, const int64_t *indices, int batch_axis) {
    size_t count = shape_elements(&shape);
    if (tensor_is_static(from)) return pick_static(reader, from, shape, indices);
    if (!count) return onnx_refuse(reader, operation, NULL, "the result has no elements");
    struct tensor *all = flat(reader, operation, what ? arena_printf(reader->arena, "%s.flat", what) : "flat", from);
    if (!all) return NULL;
    int64_t *kept = ARENA_ARRAY(reader->arena, int64_t, count);
    memcpy(kept, indices, count * sizeof *kept);
    union attributes attributes = {.gather = {.axis = 0, .shape = shape, .indices = kept}};
    return onnx_emit_tensor(reader, operation, OP_GATHER, what, &all, 1, &attributes, batch_axis);
}

/* Infinities among them are no harm yet: a mask may hold them. */
static struct tensor *pick_reals(struct onnx_reader *reader, const struct tensor *a, const struct tensor *b,
                                 struct shape shape, const int64_t *indices) {
    size_t count = shape_elements(&shape), first = tensor_elements(a);
    struct tensor *result = tensor_new(reader, TENSOR_REALS, a->type, shape);
    result->reals = ARENA_ARRAY(reader->arena, float, count + 1);
    for (size_t i = 0; i < count; i++) {
        size_t at = (size_t)indices[i];
        result->reals[i] = at < first ? a->reals[at] : b->reals[at - first];
    }
    return result;
}

struct tensor *onnx_pick_two(struct onnx_reader *reader, const struct operation *operation, const char *what,
                             struct tensor *a, struct tensor *b, struct shape shape, const int64_t *indices,
                             int batch_axis) {
    if (a->state == TENSOR_REALS && b->state == TENSOR_REALS) return pick_reals(reader, a, b, shape, indices);
    const char *part = what ? what : "both";
    struct tensor *sides[] = {flat(reader, operation, arena_printf(reader->arena, "%s.first", part), a),
                              flat(reader, operation, arena_printf(reader->arena, "%s.second", part), b)};
    if (!sides[0] || !sides[1]) return NULL;
    const union attributes axis = {.axis = {.axis = 0}};
    struct tensor *joined = onnx_emit_tensor(reader, operation, OP_CONCAT,
                                             arena_printf(reader->arena, "%s.joined", part), sides, 2, &axis, -1);
    if (!joined) return NULL;
    joined->depends = a->depends || b->depends;
    return onnx_pick(reader, operation, what, joined, shape, indices, batch_axis);
}

bool onnx_made_size(struct onnx_reader *reader, const struct operation *operation, const struct shape *shape) {
    size_t count = 1;
    for (int i = 0; i < shape->rank; i++) {
        int64_t dim = shape->dim[i];
        if (dim < 0 || (dim && count > (size_t)ONNX_MADE_MAX / (size_t)dim) || dim > ONNX_MADE_MAX) {
            onnx_refuse(reader, operation, NULL, "the result would have more than %d elements", ONNX_MADE_MAX);
            return false;
        }
        count *= (size_t)dim;
    }
    return true;
}

void onnx_coordinates(const struct shape *shape, size_t element, int64_t *at) {
    for (int i = shape->rank - 1; i >= 0; i--) {
        at[i] = (int64_t)(element % (size_t)shape->dim[i]);
        element /= (size_t)shape->dim[i];
    }
}

size_t onnx_element(const struct shape *shape, const int64_t *at) {
    size_t element = 0;
    for (int i = 0; i < shape->rank; i++) element = element * (size_t)shape->dim[i] + (size_t)at[i];
    return element;
}
