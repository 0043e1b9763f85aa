/* Sum, Mean, Max and Min of any number of operands, which broadcast. */
#include "frontend/onnx/onnx.h"

#include <float.h>

static struct tensor *both(struct onnx_reader *reader, const struct operation *operation, enum op op, const char *what,
                           struct tensor *a, struct tensor *b) {
    struct tensor *inputs[] = {a, b};
    int batch = broadcast_batch(reader, operation, inputs, 2);
    return batch == -2 ? NULL : onnx_emit_tensor(reader, operation, op, what, inputs, 2, NULL, batch);
}

static bool are_real(struct onnx_reader *reader, const struct operation *operation) {
    for (uint32_t i = 0; i < operation->input_count; i++)
        if (refuse_whole(reader, operation, operation->inputs[i]) < 0) return false;
    return true;
}

/* From the left, as the operands stand. */
static struct tensor *sum(struct onnx_reader *reader, const struct operation *operation, const char *what) {
    struct tensor *sum = operation->inputs[0];
    for (uint32_t i = 1; sum && i < operation->input_count; i++) {
        bool last = i + 1 == operation->input_count;
        sum = both(reader, operation, OP_ADD, last ? what : arena_printf(reader->arena, "sum_%u", i), sum,
                   operation->inputs[i]);
    }
    return sum;
}

struct tensor *onnx_read_sum(struct onnx_reader *reader, const struct operation *operation) {
    return are_real(reader, operation) ? sum(reader, operation, NULL) : NULL;
}

struct tensor *onnx_read_mean(struct onnx_reader *reader, const struct operation *operation) {
    struct tensor *all = are_real(reader, operation) ? sum(reader, operation, "sum") : NULL;
    if (!all || operation->input_count == 1) return all;
    return both(reader, operation, OP_DIV, NULL, all,
                onnx_number(reader, operation, "count", (float)operation->input_count));
}

/* In the shape of the result, with an axis more. */
static struct tensor *column(struct onnx_reader *reader, const struct operation *operation, const char *what,
                             struct tensor *x, const struct shape *shape, int batch) {
    struct shape longer = *shape;
    longer.dim[longer.rank++] = 1;
    if (!shape_equal(&x->shape, shape)) {
        struct tensor *zeros = tensor_new(reader, TENSOR_REALS, ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT, *shape);
        zeros->name = arena_printf(reader->arena, "%s.%s.zeros", operation->name, what);
        zeros->reals = ARENA_ARRAY(reader->arena, float, shape_elements(shape) + 1);
        x = both(reader, operation, OP_ADD, arena_printf(reader->arena, "%s.spread", what), x, zeros);
    }
    return x ? move_reshape(reader, operation, what, x, longer, batch) : NULL;
}

/* The larger one of each two: the maximum along an axis on which they are joined. */
static struct tensor *larger(struct onnx_reader *reader, const struct operation *operation, const char *what,
                             struct tensor *a, struct tensor *b) {
    struct tensor *sides[] = {a, b};
    const char *name = what ? what : "largest";
    struct shape shape;
    if (!shape_broadcast(&a->shape, &b->shape, &shape) || shape.rank == SHAPE_RANK_MAX)
        return onnx_refuse(reader, operation, NULL, "shapes do not go together, or have too many axes");
    int batch = broadcast_batch(reader, operation, sides, 2);
    if (batch == -2) return NULL;
    for (int side = 0; side < 2; side++) {
        sides[side] = column(reader, operation, arena_printf(reader->arena, "%s.side_%d", name, side), sides[side],
                             &shape, batch);
        if (!sides[side]) return NULL;
    }
    const union attributes axis = {.axis = {.axis = shape.rank}};
    struct tensor *joined = onnx_emit_tensor(reader, operation, OP_CONCAT,
                                             arena_printf(reader->arena, "%s.joined", name), sides, 2, &axis, batch);
    return joined ? onnx_emit_tensor(reader, operation, OP_REDUCE_MAX, what, &joined, 1, &axis, batch) : NULL;
}

/* A single number that is the same for all events: a limit. */
static bool is_limit(const struct tensor *x, float *limit) {
    if (!tensor_is_static(x) || tensor_elements(x) != 1) return false;
    *limit = x->state == TENSOR_REALS ? *x->reals : (float)*x->integers;
    return *limit == *limit;
}

/* Of two of the same shape but for a limit. */
static struct tensor *limited(struct onnx_reader *reader, const struct operation *operation, struct tensor *x,
                              float lower, float upper) {
    const union attributes attributes = {.activation = {lower, upper}};
    return onnx_emit_tensor(reader, operation, OP_CLIP, NULL, &x, 1, &attributes, x->batch_axis);
}

struct tensor *onnx_read_max(struct onnx_reader *reader, const struct operation *operation) {
    struct tensor *most = operation->inputs[0];
    float limit;
    if (operation->input_count == 2 && is_limit(operation->inputs[1], &limit) &&
        operation->inputs[1]->shape.rank <= most->shape.rank)
        return limited(reader, operation, most, limit, FLT_MAX);
    for (uint32_t i = 1; most && i < operation->input_count; i++) {
        bool last = i + 1 == operation->input_count;
        most = larger(reader, operation, last ? NULL : arena_printf(reader->arena, "largest_%u", i), most,
                      operation->inputs[i]);
    }
    return most;
}

/* -max(-a, -b) */
struct tensor *onnx_read_min(struct onnx_reader *reader, const struct operation *operation) {
    struct tensor *most = NULL;
    float limit;
    if (operation->input_count == 2 && is_limit(operation->inputs[1], &limit) &&
        operation->inputs[1]->shape.rank <= operation->inputs[0]->shape.rank)
        return limited(reader, operation, operation->inputs[0], -FLT_MAX, limit);
    if (operation->input_count == 1) return operation->inputs[0];
    for (uint32_t i = 0; i < operation->input_count; i++) {
        struct tensor *minus =
            onnx_negated(reader, operation, arena_printf(reader->arena, "minus_%u", i), operation->inputs[i]);
        if (minus && most)
            most = larger(reader, operation, arena_printf(reader->arena, "largest_%u", i), most, minus);
        else
            most = minus;
        if (!most) return NULL;
    }
    return onnx_negated(reader, operation, NULL, most);
}
