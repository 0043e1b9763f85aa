/* Expand, Tile, Trilu, Compress, CumSum: elements repeated, left out, or added up along an axis. */
#include "frontend/onnx/onnx.h"

#include <inttypes.h>

/* ---- Expand, Tile ---- */

/* Element i of the result is the element of x at the same place, taken modulo x's shape. */
static struct tensor *repeated(struct onnx_reader *reader, const struct operation *operation, struct tensor *x,
                               struct shape shape) {
    int ahead = shape.rank - x->shape.rank;
    int64_t at[SHAPE_RANK_MAX], from[SHAPE_RANK_MAX];
    if (!onnx_made_size(reader, operation, &shape)) return NULL;
    size_t count = shape_elements(&shape);
    int64_t *indices = ARENA_ARRAY(reader->arena, int64_t, count + 1);
    for (size_t i = 0; i < count; i++) {
        onnx_coordinates(&shape, i, at);
        for (int axis = 0; axis < x->shape.rank; axis++) from[axis] = at[axis + ahead] % x->shape.dim[axis];
        indices[i] = (int64_t)onnx_element(&x->shape, from);
    }
    if (count == tensor_elements(x))
        return move_reshape(reader, operation, NULL, x, shape, x->batch_axis < 0 ? -1 : x->batch_axis + ahead);
    return onnx_pick(reader, operation, NULL, x, shape, indices, x->batch_axis < 0 ? -1 : x->batch_axis + ahead);
}

/* The batch that the model stores is the batch. */
static int64_t without_batch(const struct onnx_reader *reader, const struct tensor *x, int axis, int64_t entry) {
    return axis == x->batch_axis && entry > 0 && entry == reader->batch_number ? 1 : entry;
}

struct tensor *onnx_read_expand(struct onnx_reader *reader, const struct operation *operation) {
    struct tensor *x = operation->inputs[0];
    struct shape wanted, shape;
    size_t count;
    const int64_t *entries = static_integers(reader, operation, 1, "shape", &count);
    if (!entries) return NULL;
    if (count > SHAPE_RANK_MAX) return onnx_refuse(reader, operation, NULL, "the result has too many axes");
    wanted = (struct shape){.rank = (int)count};
    for (int i = 0; i < wanted.rank; i++) {
        int axis = i - (wanted.rank - x->shape.rank);
        wanted.dim[i] = without_batch(reader, x, axis, entries[i]);
        if (axis >= 0 && axis == x->batch_axis && wanted.dim[i] != 1)
            return onnx_refuse(reader, operation, NULL, "the batch is expanded to %" PRId64 ": events would mix",
                               entries[i]);
    }
    if (!shape_broadcast(&x->shape, &wanted, &shape))
        return onnx_refuse(reader, operation, NULL, "the shapes do not go together");
    return repeated(reader, operation, x, shape);
}

struct tensor *onnx_read_tile(struct onnx_reader *reader, const struct operation *operation) {
    struct tensor *x = operation->inputs[0];
    struct shape shape = x->shape;
    size_t count;
    const int64_t *repeats = static_integers(reader, operation, 1, "repeats", &count);
    if (!repeats) return NULL;
    if (count != (size_t)shape.rank)
        return onnx_refuse(reader, operation, NULL, "%zu repeats for %d axes", count, shape.rank);
    for (int i = 0; i < shape.rank; i++) {
        if (repeats[i] < 1 || repeats[i] > ONNX_MADE_MAX)
            return onnx_refuse(reader, operation, NULL, "%" PRId64 " repeats along axis %d", repeats[i], i);
        if (repeats[i] != 1 && refuse_batch_axis(reader, operation, x, i) < 0) return NULL;
        shape.dim[i] *= repeats[i];
    }
    return repeated(reader, operation, x, shape);
}

/* ---- Trilu ---- */

struct tensor *onnx_read_trilu(struct onnx_reader *reader, const struct operation *operation) {
    struct tensor *x = operation->inputs[0];
    int rank = x->shape.rank;
    int64_t k = 0, at[SHAPE_RANK_MAX];
    size_t count = 0, elements = tensor_elements(x);
    bool upper = attribute_integer(reader, operation, "upper", 1);
    if (rank < 2) return onnx_refuse(reader, operation, NULL, "Trilu wants matrices");
    if (operation->input_count > 1 && operation->inputs[1]) {
        const int64_t *diagonal = static_integers(reader, operation, 1, "k", &count);
        if (!diagonal) return NULL;
        if (count != 1) return onnx_refuse(reader, operation, NULL, "k is %zu numbers", count);
        k = *diagonal;
    }
    for (int axis = rank - 2; axis < rank; axis++)
        if (refuse_batch_axis(reader, operation, x, axis) < 0) return NULL;
    int64_t *indices = ARENA_ARRAY(reader->arena, int64_t, elements + 1);
    for (size_t i = 0; i < elements; i++) {
        onnx_coordinates(&x->shape, i, at);
        bool kept = upper ? at[rank - 1] - at[rank - 2] >= k : at[rank - 1] - at[rank - 2] <= k;
        indices[i] = kept ? (int64_t)i : (int64_t)elements;
    }
    return onnx_pick_two(reader, operation, NULL, x, onnx_number(reader, operation, "zero", 0), x->shape, indices,
                         x->batch_axis);
}

/* ---- Compress ---- */

struct tensor *onnx_read_compress(struct onnx_reader *reader, const struct operation *operation) {
    struct tensor *x = operation->inputs[0];
    struct shape shape = {.rank = 1, .dim = {(int64_t)tensor_elements(x)}};
    size_t count, kept = 0;
    int64_t axis = 0;
    int batch = -1;
    const int64_t *condition = static_integers(reader, operation, 1, "condition", &count);
    if (!condition) return NULL;
    if (attribute_find(operation, "axis")) {
        axis = onnx_axis(reader, operation, attribute_integer(reader, operation, "axis", 0), x->shape.rank);
        if (axis < 0 || refuse_batch_axis(reader, operation, x, axis) < 0) return NULL;
        shape = x->shape;
        batch = x->batch_axis;
    } else if (x->batch_axis >= 0 && reader->batch_number != 1)
        return onnx_refuse(reader, operation, NULL, "Compress of all axes merges the batch: events would mix");
    else
        x = move_reshape(reader, operation, "flat", x, shape, -1);
    if (!x) return NULL;
    if (count > (size_t)shape.dim[axis]) return onnx_refuse(reader, operation, NULL, "the condition is too long");
    int64_t *indices = ARENA_ARRAY(reader->arena, int64_t, count + 1);
    for (size_t i = 0; i < count; i++)
        if (condition[i]) indices[kept++] = (int64_t)i;
    return onnx_gather(reader, operation, NULL, x, axis, (struct shape){.rank = 1, .dim = {(int64_t)kept}}, indices,
                       batch);
}

/* ---- CumSum ---- */

static struct tensor *entry(struct onnx_reader *reader, const struct operation *operation, struct tensor *x,
                            int64_t axis, int64_t index) {
    int64_t *at = ARENA_NEW(reader->arena, int64_t);
    *at = index;
    return onnx_gather(reader, operation, arena_printf(reader->arena, "entry_%" PRId64, index), x, axis,
                       (struct shape){.rank = 1, .dim = {1}}, at, x->batch_axis);
}

/* Zeros in the shape of an entry. */
static struct tensor *nothing(struct onnx_reader *reader, const struct operation *operation, const struct tensor *x,
                              int64_t axis) {
    struct tensor *zeros = onnx_number(reader, operation, "nothing", 0);
    zeros->shape = x->shape;
    zeros->shape.dim[axis] = 1;
    zeros->reals = ARENA_ARRAY(reader->arena, float, tensor_elements(zeros) + 1);
    return zeros;
}

/* Partial sums from one end to the other. */
static struct tensor *partial_sums(struct onnx_reader *reader, const struct operation *operation, struct tensor *x,
                                   int64_t axis, bool exclusive, bool reverse) {
    int64_t length = x->shape.dim[axis];
    struct tensor **sums = ARENA_ARRAY(reader->arena, struct tensor *, (size_t)length), *sum = NULL;
    for (int64_t i = 0; i < length; i++) {
        int64_t place = reverse ? length - 1 - i : i, from = reverse ? place + exclusive : place - exclusive;
        bool none = exclusive && i == 0, first = i == (int64_t)exclusive;
        struct tensor *item = none ? nothing(reader, operation, x, axis) : entry(reader, operation, x, axis, from);
        struct tensor *pair[] = {sum, item};
        if (none || first || !item)
            sum = item;
        else
            sum = onnx_emit_tensor(reader, operation, OP_ADD, arena_printf(reader->arena, "sum_%" PRId64, place), pair,
                                   2, NULL, x->batch_axis);
        if (!sum) return NULL;
        sums[place] = sum;
    }
    if (length == 1) return sums[0];
    const union attributes attributes = {.axis = {.axis = axis}};
    return onnx_emit_tensor(reader, operation, OP_CONCAT, NULL, sums, (uint32_t)length, &attributes, x->batch_axis);
}

struct tensor *onnx_read_cumsum(struct onnx_reader *reader, const struct operation *operation) {
    struct tensor *x = operation->inputs[0];
    size_t count;
    const int64_t *given = static_integers(reader, operation, 1, "axis", &count);
    if (!given || refuse_whole(reader, operation, x) < 0) return NULL;
    if (count != 1) return onnx_refuse(reader, operation, NULL, "axis is %zu numbers", count);
    int64_t axis = onnx_axis(reader, operation, *given, x->shape.rank);
    if (axis < 0 || refuse_batch_axis(reader, operation, x, axis) < 0) return NULL;
    if (x->shape.dim[axis] > ONNX_UNROLLED_MAX)
        return onnx_refuse(reader, operation, NULL, "it adds %" PRId64 " entries up, more than %d", x->shape.dim[axis],
                           ONNX_UNROLLED_MAX);
    return partial_sums(reader, operation, x, axis, attribute_integer(reader, operation, "exclusive", 0) != 0,
                        attribute_integer(reader, operation, "reverse", 0) != 0);
}
