/* Softmax, LogSoftmax, Hardmax, ReduceProd, TopK, Mod: what is made of maxima, comparisons and arithmetic step by step.
 */
#include "frontend/onnx/onnx.h"

#include <inttypes.h>

static struct tensor *along(struct onnx_reader *reader, const struct operation *operation, enum op op, const char *what,
                            struct tensor *x, int64_t axis) {
    const union attributes attributes = {.axis = {.axis = axis, .keep_dimensions = true}};
    return x ? onnx_emit_tensor(reader, operation, op, what, &x, 1, &attributes, x->batch_axis) : NULL;
}

static struct tensor *both(struct onnx_reader *reader, const struct operation *operation, enum op op, const char *what,
                           struct tensor *a, struct tensor *b) {
    struct tensor *pair[] = {a, b};
    return a && b ? onnx_emit_tensor(reader, operation, op, what, pair, 2, NULL, a->batch_axis) : NULL;
}

static struct tensor *function(struct onnx_reader *reader, const struct operation *operation, enum op op,
                               const char *what, struct tensor *x) {
    const union attributes none = {.activation = {0}};
    return x ? onnx_emit_tensor(reader, operation, op, what, &x, 1, &none, x->batch_axis) : NULL;
}

/* ---- Softmax, LogSoftmax, Hardmax: before opset 13 over all axes from `axis` on ---- */

typedef struct tensor *over_axis(struct onnx_reader *reader, const struct operation *operation, struct tensor *x,
                                 int64_t axis);

static struct tensor *over_axes(struct onnx_reader *reader, const struct operation *operation, over_axis *make) {
    struct tensor *x = operation->inputs[0];
    bool old = reader->opset < 13;
    if (refuse_whole(reader, operation, x) < 0) return NULL;
    int64_t axis =
        onnx_axis(reader, operation, attribute_integer(reader, operation, "axis", old ? 1 : -1), x->shape.rank);
    if (axis < 0) return NULL;
    int last = old ? x->shape.rank - 1 : (int)axis;
    struct shape whole = x->shape, merged = {.rank = (int)axis + 1};
    for (int i = (int)axis; i <= last; i++)
        if (refuse_batch_axis(reader, operation, x, i) < 0) return NULL;
    if (axis == last) return make(reader, operation, x, axis);
    for (int i = 0; i <= axis; i++) merged.dim[i] = whole.dim[i];
    for (int i = (int)axis + 1; i < whole.rank; i++) merged.dim[axis] *= whole.dim[i];
    int batch = x->batch_axis;
    x = move_reshape(reader, operation, "flat", x, merged, batch);
    x = x ? make(reader, operation, x, axis) : NULL;
    return x ? move_reshape(reader, operation, "shaped", x, whole, batch) : NULL;
}

static struct tensor *softmax(struct onnx_reader *reader, const struct operation *operation, struct tensor *x,
                              int64_t axis) {
    return along(reader, operation, OP_SOFTMAX, NULL, x, axis);
}

struct tensor *onnx_read_softmax(struct onnx_reader *reader, const struct operation *operation) {
    struct tensor *x = operation->inputs[0];
    if (!x->allowed) return over_axes(reader, operation, softmax);
    if (refuse_batch_axis(reader, operation, x, x->shape.rank - 1) < 0) return NULL;
    return onnx_softmax_of_allowed(reader, operation, NULL, x, x->allowed);
}

/* x - max - log(sum(exp(x - max))) */
static struct tensor *log_softmax(struct onnx_reader *reader, const struct operation *operation, struct tensor *x,
                                  int64_t axis) {
    struct tensor *largest = along(reader, operation, OP_REDUCE_MAX, "largest", x, axis);
    struct tensor *below = both(reader, operation, OP_SUB, "below", x, largest);
    struct tensor *powers = function(reader, operation, OP_EXP, "exp", below);
    struct tensor *sum = along(reader, operation, OP_REDUCE_SUM, "sum", powers, axis);
    return both(reader, operation, OP_SUB, NULL, below, function(reader, operation, OP_LOG, "log", sum));
}

struct tensor *onnx_read_log_softmax(struct onnx_reader *reader, const struct operation *operation) {
    return over_axes(reader, operation, log_softmax);
}

/* 0, 1, 2, ... along an axis. */
static struct tensor *counted(struct onnx_reader *reader, const struct operation *operation, const char *what,
                              const struct tensor *x, int64_t axis) {
    struct tensor *numbers = onnx_number(reader, operation, what, 0);
    numbers->shape = (struct shape){.rank = x->shape.rank};
    for (int i = 0; i < x->shape.rank; i++) numbers->shape.dim[i] = i == axis ? x->shape.dim[i] : 1;
    numbers->reals = ARENA_ARRAY(reader->arena, float, (size_t)x->shape.dim[axis] + 1);
    for (int64_t i = 0; i < x->shape.dim[axis]; i++) numbers->reals[i] = (float)i;
    return numbers;
}

/* 1 at the first of the largest elements. */
static struct tensor *hardmax(struct onnx_reader *reader, const struct operation *operation, struct tensor *x,
                              int64_t axis) {
    struct tensor *index = along(reader, operation, OP_ARGMAX, "index", x, axis);
    if (!index) return NULL;
    index = onnx_equal(reader, operation, NULL, index, counted(reader, operation, "places", x, axis));
    if (index) index->type = x->type;
    return index;
}

struct tensor *onnx_read_hardmax(struct onnx_reader *reader, const struct operation *operation) {
    return over_axes(reader, operation, hardmax);
}

/* ---- one entry after the other ---- */

static struct tensor *entry(struct onnx_reader *reader, const struct operation *operation, const char *what,
                            struct tensor *x, int64_t axis, int64_t index) {
    int64_t *at = ARENA_NEW(reader->arena, int64_t);
    *at = index;
    return onnx_gather(reader, operation, what, x, axis, (struct shape){.rank = 1, .dim = {1}}, at, x->batch_axis);
}

struct tensor *onnx_product_along(struct onnx_reader *reader, const struct operation *operation, const char *what,
                                  struct tensor *x, int64_t axis) {
    int64_t length = x->shape.dim[axis];
    if (length > ONNX_UNROLLED_MAX)
        return onnx_refuse(reader, operation, NULL, "it multiplies %" PRId64 " entries, more than %d", length,
                           ONNX_UNROLLED_MAX);
    const char *name = what ? what : "product";
    struct tensor *product = entry(reader, operation, arena_printf(reader->arena, "%s_0", name), x, axis, 0);
    for (int64_t i = 1; i < length && product; i++) {
        struct tensor *next =
            entry(reader, operation, arena_printf(reader->arena, "%s_entry_%" PRId64, name, i), x, axis, i);
        product = both(reader, operation, OP_MUL,
                       i + 1 == length ? what : arena_printf(reader->arena, "%s_%" PRId64, name, i), product, next);
    }
    return product;
}

/* ---- TopK ---- */

struct ranked {
    struct tensor *value, *index;
};

/* Exchanges two neighbours where the later one is larger (or smaller): equals keep their order. */
static bool order_pair(struct onnx_reader *reader, const struct operation *operation, const char *what, bool largest,
                       struct ranked *first, struct ranked *second) {
    struct tensor *difference = both(reader, operation, OP_SUB, arena_printf(reader->arena, "%s.difference", what),
                                     largest ? second->value : first->value, largest ? first->value : second->value);
    struct tensor *exchange =
        difference ? onnx_positive(reader, operation, arena_printf(reader->arena, "%s.exchange", what), difference)
                   : NULL;
    const struct ranked a = *first, b = *second;
    if (!exchange) return false;
    first->value =
        onnx_select(reader, operation, arena_printf(reader->arena, "%s.first", what), exchange, b.value, a.value);
    second->value =
        onnx_select(reader, operation, arena_printf(reader->arena, "%s.second", what), exchange, a.value, b.value);
    if (output_is_read(operation, 1)) {
        first->index = onnx_select(reader, operation, arena_printf(reader->arena, "%s.first_index", what), exchange,
                                   b.index, a.index);
        second->index = onnx_select(reader, operation, arena_printf(reader->arena, "%s.second_index", what), exchange,
                                    a.index, b.index);
    }
    return first->value && second->value && first->index && second->index;
}

enum { EXCHANGES_MAX = 2048 };

static bool rank_entries(struct onnx_reader *reader, const struct operation *operation, struct ranked *entries,
                         int64_t length, int64_t k, bool largest) {
    for (int64_t top = 0; top < k; top++)
        for (int64_t i = length - 1; i > top; i--) {
            const char *what = arena_printf(reader->arena, "rank_%" PRId64 "_%" PRId64, top, i);
            if (!order_pair(reader, operation, what, largest, &entries[i - 1], &entries[i])) return false;
        }
    return true;
}

static struct tensor *join(struct onnx_reader *reader, const struct operation *operation, const char *what,
                           struct tensor **parts, int64_t count, int64_t axis, int batch) {
    const union attributes attributes = {.axis = {.axis = axis}};
    if (count == 1) return parts[0];
    return onnx_emit_tensor(reader, operation, OP_CONCAT, what, parts, (uint32_t)count, &attributes, batch);
}

static int topk_count(struct onnx_reader *reader, const struct operation *operation, int64_t length, int64_t *k) {
    size_t count;
    const int64_t *given = NULL;
    *k = attribute_integer(reader, operation, "k", -1);
    if (operation->input_count > 1) {
        if (!(given = static_integers(reader, operation, 1, "k", &count))) return -1;
        *k = count == 1 ? *given : -1;
    }
    int64_t exchanges = *k > 0 && *k <= length ? *k * length - *k * (*k + 1) / 2 : 0;
    if (*k >= 1 && *k <= length && exchanges <= EXCHANGES_MAX) return 0;
    if (*k < 1 || *k > length)
        onnx_refuse(reader, operation, NULL, "the %" PRId64 " largest of %" PRId64 " entries", *k, length);
    else
        onnx_refuse(reader, operation, "ranking is unrolled: take fewer, or of fewer",
                    "the %" PRId64 " largest of %" PRId64 " entries take %" PRId64 " exchanges, more than %d", *k,
                    length, exchanges, EXCHANGES_MAX);
    return -1;
}

struct tensor *onnx_read_topk(struct onnx_reader *reader, const struct operation *operation) {
    struct tensor *x = operation->inputs[0];
    int64_t axis = onnx_axis(reader, operation, attribute_integer(reader, operation, "axis", -1), x->shape.rank), k;
    if (axis < 0 || refuse_batch_axis(reader, operation, x, axis) < 0) return NULL;
    int64_t length = x->shape.dim[axis];
    if (topk_count(reader, operation, length, &k) < 0) return NULL;
    struct ranked *entries = ARENA_ARRAY(reader->arena, struct ranked, (size_t)length);
    struct tensor **values = ARENA_ARRAY(reader->arena, struct tensor *, (size_t)length);
    struct tensor **indices = ARENA_ARRAY(reader->arena, struct tensor *, (size_t)length);
    for (int64_t i = 0; i < length; i++) {
        entries[i].value = entry(reader, operation, arena_printf(reader->arena, "entry_%" PRId64, i), x, axis, i);
        entries[i].index = onnx_number(reader, operation, arena_printf(reader->arena, "index_%" PRId64, i), (float)i);
        if (!entries[i].value) return NULL;
    }
    bool largest = attribute_integer(reader, operation, "largest", 1) != 0;
    if (!rank_entries(reader, operation, entries, length, k, largest)) return NULL;
    for (int64_t i = 0; i < k; i++) {
        values[i] = entries[i].value;
        indices[i] = entries[i].index;
    }
    if (output_is_read(operation, 1)) {
        struct tensor *places = operation->results[1] =
            join(reader, operation, "indices", indices, k, axis, x->batch_axis);
        if (places) places->type = ONNX__TENSOR_PROTO__DATA_TYPE__INT64;
    }
    struct tensor *most = join(reader, operation, NULL, values, k, axis, x->batch_axis);
    if (most) most->type = x->type;
    return most;
}

/* ---- Mod ---- */

struct tensor *onnx_read_mod(struct onnx_reader *reader, const struct operation *operation) {
    struct tensor *pair[] = {operation->inputs[0], operation->inputs[1]};
    bool fmod = attribute_integer(reader, operation, "fmod", 0) != 0;
    if (!fmod && type_is_real(pair[0]->type))
        return onnx_refuse(reader, operation, NULL, "Mod of real numbers without 'fmod'");
    int batch = broadcast_batch(reader, operation, pair, 2);
    return batch == -2 ? NULL
                       : onnx_emit_tensor(reader, operation, fmod ? OP_FMOD : OP_MOD, NULL, pair, 2, NULL, batch);
}
