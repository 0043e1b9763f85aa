/* Masks that keep scores out of a softmax: the scores are left out, and nothing infinite or huge is computed with. */
#include "frontend/onnx/calls.h"

#include <math.h>
#include <string.h>

bool onnx_keeps_out(float number) {
    return number <= -1e9f;
}

/* ---- masks that are added, or chosen, in front of Softmax ---- */

/* Along the last axis, as the node says it. */
static bool is_softmax_along_last(const struct onnx_reader *reader, const Onnx__NodeProto *node, int rank) {
    int64_t axis = reader->opset < 13 ? 1 : -1;
    if (!onnx_is_operator(node, "Softmax")) return false;
    for (size_t i = 0; i < node->n_attribute; i++)
        if (!strcmp(node->attribute[i]->name, "axis")) axis = node->attribute[i]->i;
    return axis == rank - 1 || axis == -1;
}

static bool holds_kept_out(const struct tensor *tensor) {
    if (tensor->state != TENSOR_REALS) return false;
    for (size_t i = 0; i < tensor_elements(tensor); i++)
        if (onnx_keeps_out(tensor->reals[i])) return true;
    return false;
}

static bool is_mask(struct onnx_reader *reader, const struct operation *operation, const struct tensor *mask,
                    const struct tensor *scores, int rank) {
    return !reader->reads && rank > 0 && holds_kept_out(mask) && !tensor_is_static(scores) &&
           is_softmax_along_last(reader, onnx_sole_reader(reader, operation->proto), rank);
}

/* The mask with 0 where it keeps out. */
static struct tensor *without_kept_out(struct onnx_reader *reader, const struct tensor *mask) {
    size_t count = tensor_elements(mask);
    struct tensor *rest = tensor_new(reader, TENSOR_REALS, mask->type, mask->shape);
    rest->name = mask->name ? arena_printf(reader->arena, "%s.rest", mask->name) : NULL;
    rest->reals = ARENA_ARRAY(reader->arena, float, count + 1);
    for (size_t i = 0; i < count; i++) rest->reals[i] = onnx_keeps_out(mask->reals[i]) ? 0 : mask->reals[i];
    return rest;
}

/* Rows of which nothing is left: of infinities they are no numbers; of finite numbers they are to be computed, and
 * *allowed is NULL. */
static bool check_rows(struct onnx_reader *reader, const struct operation *operation, const struct shape *shape,
                       const struct tensor *mask, const bool **allowed) {
    size_t keys = (size_t)shape->dim[shape->rank - 1];
    bool infinite = false;
    for (size_t i = 0; i < tensor_elements(mask); i++) infinite |= isinf(mask->reals[i]) != 0;
    for (size_t row = 0; row < shape_elements(shape); row += keys) {
        if (memchr(*allowed + row, true, keys)) continue;
        *allowed = NULL;
        if (!infinite) return true;
        onnx_refuse(reader, operation, NULL, "its mask leaves nothing of row %zu: Softmax of it is not a number",
                    row / keys);
        return false;
    }
    return true;
}

bool onnx_mask_added(struct onnx_reader *reader, const struct operation *operation, struct tensor **pair,
                     const bool **allowed) {
    struct shape shape;
    *allowed = NULL;
    if (!shape_broadcast(&pair[0]->shape, &pair[1]->shape, &shape)) return true;
    int at = is_mask(reader, operation, pair[1], pair[0], shape.rank);
    const struct tensor *mask = pair[at];
    if (!is_mask(reader, operation, mask, pair[1 - at], shape.rank)) return true;
    if (!onnx_made_size(reader, operation, &shape)) return false;
    size_t count = shape_elements(&shape);
    bool *left = ARENA_ARRAY(reader->arena, bool, count + 1);
    for (size_t i = 0; i < count; i++) left[i] = !onnx_keeps_out(mask->reals[shape_project(&shape, i, &mask->shape)]);
    *allowed = left;
    if (!check_rows(reader, operation, &shape, mask, allowed)) return false;
    if (*allowed) pair[at] = without_kept_out(reader, mask);
    return true;
}

bool onnx_mask_chosen(struct onnx_reader *reader, const struct operation *operation, const struct shape *shape,
                      struct tensor **pair, const bool **allowed) {
    const struct tensor *condition = operation->inputs[0];
    *allowed = NULL;
    int at = is_mask(reader, operation, pair[1], pair[0], shape->rank);
    const struct tensor *mask = pair[at];
    if (!is_mask(reader, operation, mask, pair[1 - at], shape->rank)) return true;
    size_t count = shape_elements(shape);
    bool *left = ARENA_ARRAY(reader->arena, bool, count + 1);
    for (size_t i = 0; i < count; i++) {
        bool first = condition->integers[shape_project(shape, i, &condition->shape)] != 0;
        left[i] = first == (at == 1) || !onnx_keeps_out(mask->reals[shape_project(shape, i, &mask->shape)]);
    }
    *allowed = left;
    if (!check_rows(reader, operation, shape, mask, allowed)) return false;
    if (*allowed) pair[at] = without_kept_out(reader, mask);
    return true;
}

/* ---- softmax over the keys that are allowed ---- */

static size_t keys_of(const struct tensor *scores) {
    return (size_t)scores->shape.dim[scores->shape.rank - 1];
}

/* Rows of the same keys are one softmax, [1, rows, keys]; `places` says where each score is found in all of them. */
static struct tensor *softmax_of_rows(struct onnx_reader *reader, const struct operation *operation,
                                      const bool *allowed, struct tensor *scores, size_t first, bool *done,
                                      int64_t *places, int64_t *used) {
    size_t keys = keys_of(scores), rows = tensor_elements(scores) / keys, count = 0;
    int64_t *indices = ARENA_ARRAY(reader->arena, int64_t, rows * keys + 1), in_row = 0;
    const bool *pattern = allowed + first * keys;
    for (size_t key = 0; key < keys; key++) in_row += pattern[key];
    for (size_t row = first; row < rows; row++) {
        if (done[row] || memcmp(pattern, allowed + row * keys, keys * sizeof *pattern) != 0) continue;
        done[row] = true;
        for (size_t key = 0; key < keys; key++) {
            if (!pattern[key]) continue;
            places[row * keys + key] = *used + (int64_t)count;
            indices[count++] = (int64_t)(row * keys + key);
        }
    }
    if (!in_row) return NULL;
    *used += (int64_t)count;
    struct shape shape = {3, {1, (int64_t)count / in_row, in_row}}, vector = {1, {(int64_t)count}};
    const char *name = arena_printf(reader->arena, "rows_%zu", first);
    struct tensor *picked = onnx_pick(reader, operation, arena_printf(reader->arena, "%s.scores", name), scores, shape,
                                      indices, scores->batch_axis < 0 ? -1 : 0);
    struct call call = call_new(reader, operation, "Softmax");
    call_operand(&call, picked);
    call_integer(&call, "axis", 2);
    struct tensor *weights = call_read(&call, name);
    return weights ? move_reshape(reader, operation, arena_printf(reader->arena, "%s.flat", name), weights, vector, -1)
                   : NULL;
}

struct tensor *onnx_softmax_of_allowed(struct onnx_reader *reader, const struct operation *operation, const char *what,
                                       struct tensor *scores, const bool *allowed) {
    size_t keys = keys_of(scores), count = tensor_elements(scores), rows = count / keys;
    bool *done = ARENA_ARRAY(reader->arena, bool, rows + 1);
    int64_t *places = ARENA_ARRAY(reader->arena, int64_t, count + 1), used = 0;
    struct tensor **parts = ARENA_ARRAY(reader->arena, struct tensor *, rows + 1);
    uint32_t part_count = 0;
    size_t errors = reader->context->diagnostics.errors;
    memset(places, -1, count * sizeof *places);
    for (size_t row = 0; row < rows; row++) {
        if (done[row]) continue;
        if (part_count == ONNX_UNROLLED_MAX)
            return onnx_refuse(reader, operation, NULL, "more than %d queries see different keys", ONNX_UNROLLED_MAX);
        struct tensor *part = softmax_of_rows(reader, operation, allowed, scores, row, done, places, &used);
        if (part) parts[part_count++] = part;
        if (reader->context->diagnostics.errors > errors) return NULL;
    }
    if (!part_count) return onnx_refuse(reader, operation, NULL, "no query sees any key");
    for (size_t i = 0; i < count; i++)
        if (places[i] < 0) places[i] = used;
    const union attributes axis = {.axis = {.axis = 0}};
    struct tensor *all = part_count == 1
                             ? parts[0]
                             : onnx_emit_tensor(reader, operation, OP_CONCAT, "rows", parts, part_count, &axis, -1);
    if (!all) return NULL;
    all->depends = scores->depends;
    struct tensor *weights = onnx_pick_two(reader, operation, what, all, onnx_number(reader, operation, "kept_out", 0),
                                           scores->shape, places, scores->batch_axis);
    if (weights) weights->in_front = scores->in_front;
    return weights;
}
