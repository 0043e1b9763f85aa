/* ArgMax, ArgMin; sums, maxima and means along axes. */
#include "frontend/onnx/onnx.h"

static struct tensor *read_argmax(struct onnx_reader *reader, const struct operation *operation, struct tensor *x) {
    int64_t axis = onnx_axis(reader, operation, attribute_integer(reader, operation, "axis", 0), x->shape.rank);
    if (axis < 0 || refuse_batch_axis(reader, operation, x, axis) < 0) return NULL;
    bool keep = attribute_integer(reader, operation, "keepdims", 1);
    union attributes attributes = {.axis = {.axis = axis, .keep_dimensions = keep}};
    attributes.axis.select_last = attribute_integer(reader, operation, "select_last_index", 0);
    int batch = x->batch_axis;
    if (!keep && batch > axis) batch--;
    struct tensor *result = onnx_emit_tensor(reader, operation, OP_ARGMAX, NULL, &x, 1, &attributes, batch);
    if (result) result->type = ONNX__TENSOR_PROTO__DATA_TYPE__INT64;
    return result;
}

struct tensor *onnx_read_argmax(struct onnx_reader *reader, const struct operation *operation) {
    return read_argmax(reader, operation, operation->inputs[0]);
}

struct tensor *onnx_read_argmin(struct onnx_reader *reader, const struct operation *operation) {
    if (refuse_whole(reader, operation, operation->inputs[0]) < 0) return NULL;
    struct tensor *minus = onnx_negated(reader, operation, "minus", operation->inputs[0]);
    return minus ? read_argmax(reader, operation, minus) : NULL;
}

/* Along one axis, which stays with one entry. */
static struct tensor *reduce_axis(struct onnx_reader *reader, const struct operation *operation, enum op op,
                                  const char *what, struct tensor *x, int axis) {
    union attributes attributes = {.axis = {.axis = axis, .keep_dimensions = true}};
    return onnx_emit_tensor(reader, operation, op, what, &x, 1, &attributes, x->batch_axis);
}

/* The axes that are reduced, as bits; none where the node is told to do nothing. False after a diagnosis. */
static bool reduced_axes(struct onnx_reader *reader, const struct operation *operation, unsigned *set) {
    const struct tensor *x = operation->inputs[0];
    size_t count;
    const int64_t *axes = attribute_or_operand(reader, operation, "axes", 1, &count);
    if (count == SIZE_MAX) return false;
    *set = 0;
    if (count) return onnx_axes_set(reader, operation, axes, count, x->shape.rank, set);
    if (!attribute_integer(reader, operation, "noop_with_empty_axes", 0)) *set = (1u << x->shape.rank) - 1;
    return true;
}

/* Without the axes of the set, which have one entry each. */
static struct tensor *drop_axes(struct onnx_reader *reader, const struct operation *operation, struct tensor *x,
                                unsigned set) {
    struct shape shape = {0};
    int batch = -1;
    for (int i = 0; i < x->shape.rank; i++) {
        if (set >> i & 1) continue;
        if (i == x->batch_axis) batch = shape.rank;
        shape.dim[shape.rank++] = x->shape.dim[i];
    }
    return move_reshape(reader, operation, "shaped", x, shape, batch);
}

/* The node's axes of `x`, which has the shape of its operand. The last axis first: neighbours in memory are added
 * before what lies further apart. *reduced: how many numbers make one. what: of the result; NULL: it is the node's. */
static struct tensor *reduce(struct onnx_reader *reader, const struct operation *operation, enum op op,
                             const char *what, struct tensor *x, size_t *reduced) {
    unsigned set;
    *reduced = 1;
    if (!x || !reduced_axes(reader, operation, &set)) return NULL;
    for (int i = 0; i < x->shape.rank; i++)
        if ((set >> i & 1) && refuse_batch_axis(reader, operation, x, i) < 0) return NULL;
    bool first = true;
    for (int i = x->shape.rank - 1; x && i >= 0; i--) {
        if (!(set >> i & 1)) continue;
        *reduced *= (size_t)x->shape.dim[i];
        x = reduce_axis(reader, operation, op, first ? what : arena_printf(reader->arena, "axis_%d", i), x, i);
        first = false;
    }
    bool keep = attribute_integer(reader, operation, "keepdims", 1);
    return x && !keep && set ? drop_axes(reader, operation, x, set) : x;
}

/* The operand of a reduction of reals. */
static struct tensor *real_operand(struct onnx_reader *reader, const struct operation *operation) {
    return refuse_whole(reader, operation, operation->inputs[0]) < 0 ? NULL : operation->inputs[0];
}

static struct tensor *sum_of(struct onnx_reader *reader, const struct operation *operation, const char *what,
                             struct tensor *x) {
    size_t reduced;
    return reduce(reader, operation, OP_REDUCE_SUM, what, x, &reduced);
}

static struct tensor *function_of(struct onnx_reader *reader, const struct operation *operation, enum op op,
                                  const char *what, struct tensor *x) {
    const union attributes attributes = {.activation = {.alpha = -1}}; /* a leaky_relu of it is the magnitude */
    return x ? onnx_emit_tensor(reader, operation, op, what, &x, 1, &attributes, x->batch_axis) : NULL;
}

static struct tensor *square_of(struct onnx_reader *reader, const struct operation *operation, struct tensor *x) {
    struct tensor *twice[] = {x, x};
    return x ? onnx_emit_tensor(reader, operation, OP_MUL, "square", twice, 2, NULL, x->batch_axis) : NULL;
}

struct tensor *onnx_read_reduce_sum(struct onnx_reader *reader, const struct operation *operation) {
    return sum_of(reader, operation, NULL, real_operand(reader, operation));
}

struct tensor *onnx_read_reduce_max(struct onnx_reader *reader, const struct operation *operation) {
    size_t reduced;
    return reduce(reader, operation, OP_REDUCE_MAX, NULL, operation->inputs[0], &reduced);
}

struct tensor *onnx_read_reduce_min(struct onnx_reader *reader, const struct operation *operation) {
    size_t reduced;
    struct tensor *x = real_operand(reader, operation);
    struct tensor *minus = x ? onnx_negated(reader, operation, "minus", x) : NULL;
    struct tensor *largest = reduce(reader, operation, OP_REDUCE_MAX, "largest", minus, &reduced);
    return largest ? onnx_negated(reader, operation, NULL, largest) : NULL;
}

/* The sum divided by how many it adds. */
struct tensor *onnx_read_reduce_mean(struct onnx_reader *reader, const struct operation *operation) {
    size_t reduced;
    struct tensor *sum = reduce(reader, operation, OP_REDUCE_SUM, NULL, real_operand(reader, operation), &reduced);
    if (!sum || reduced == 1) return sum;
    struct tensor *inputs[] = {sum, onnx_number(reader, operation, "count", (float)reduced)};
    return onnx_emit_tensor(reader, operation, OP_DIV, "mean", inputs, 2, NULL, sum->batch_axis);
}

struct tensor *onnx_read_reduce_prod(struct onnx_reader *reader, const struct operation *operation) {
    struct tensor *x = real_operand(reader, operation);
    unsigned set;
    if (!x || !reduced_axes(reader, operation, &set)) return NULL;
    for (int i = 0; i < x->shape.rank; i++)
        if ((set >> i & 1) && refuse_batch_axis(reader, operation, x, i) < 0) return NULL;
    bool keep = attribute_integer(reader, operation, "keepdims", 1) != 0;
    for (int i = operation->inputs[0]->shape.rank - 1; x && i >= 0; i--)
        if (set >> i & 1) x = onnx_product_along(reader, operation, arena_printf(reader->arena, "axis_%d", i), x, i);
    return x && !keep && set ? drop_axes(reader, operation, x, set) : x;
}

struct tensor *onnx_read_reduce_l1(struct onnx_reader *reader, const struct operation *operation) {
    struct tensor *x = real_operand(reader, operation);
    return sum_of(reader, operation, NULL, function_of(reader, operation, OP_LEAKY_RELU, "magnitude", x));
}

struct tensor *onnx_read_reduce_l2(struct onnx_reader *reader, const struct operation *operation) {
    struct tensor *squares = square_of(reader, operation, real_operand(reader, operation));
    return function_of(reader, operation, OP_SQRT, NULL, sum_of(reader, operation, "sum", squares));
}

struct tensor *onnx_read_reduce_sum_square(struct onnx_reader *reader, const struct operation *operation) {
    return sum_of(reader, operation, NULL, square_of(reader, operation, real_operand(reader, operation)));
}

struct tensor *onnx_read_reduce_log_sum(struct onnx_reader *reader, const struct operation *operation) {
    struct tensor *sum = sum_of(reader, operation, "sum", real_operand(reader, operation));
    return function_of(reader, operation, OP_LOG, NULL, sum);
}

struct tensor *onnx_read_reduce_log_sum_exp(struct onnx_reader *reader, const struct operation *operation) {
    struct tensor *powers = function_of(reader, operation, OP_EXP, "exp", real_operand(reader, operation));
    return function_of(reader, operation, OP_LOG, NULL, sum_of(reader, operation, "sum", powers));
}
