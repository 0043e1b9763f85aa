/* MultiThreshold of QONNX and FINN: how many thresholds a number reaches, times a scale, and an offset added. Each is a
 * comparison: the sign of the difference, 1 or -1, of which half the sum is the number but for a constant. */
#include "frontend/onnx/onnx.h"

#include <string.h>

#define TYPE(name) ONNX__TENSOR_PROTO__DATA_TYPE__##name

/* The axis of the channels, each of which has thresholds of its own: by the layout, or as its rank suggests. */
static int channel_axis(struct onnx_reader *reader, const struct operation *operation, int rank) {
    const char *layout = attribute_text(reader, operation, "data_layout");
    const char *at = layout && *layout ? strchr(layout, 'C') : NULL;
    if (layout && *layout && (strlen(layout) != (size_t)rank || !at)) {
        onnx_refuse(reader, operation, NULL, "data_layout is '%s' of a tensor with %d axes", layout, rank);
        return -1;
    }
    if (rank < 2) {
        onnx_refuse(reader, operation, NULL, "a tensor of %d axes has no channels", rank);
        return -1;
    }
    return at ? (int)(at - layout) : rank == 3 ? 2 : 1;
}

/* [channels, thresholds] to one more axis than x has, behind all others. */
static struct tensor *spread_thresholds(struct onnx_reader *reader, const struct operation *operation,
                                        const struct tensor *x, int axis) {
    struct tensor *thresholds = operation->inputs[1];
    struct shape shape = {.rank = x->shape.rank + 1};
    if (refuse_dependence(reader, operation, 1, "the thresholds") < 0) return NULL;
    if (thresholds->shape.rank != 2 || x->shape.rank >= SHAPE_RANK_MAX ||
        (thresholds->shape.dim[0] != 1 && thresholds->shape.dim[0] != x->shape.dim[axis]))
        return onnx_refuse(reader, operation, NULL, "the thresholds are no rows, one a channel");
    for (int i = 0; i < shape.rank; i++) shape.dim[i] = 1;
    shape.dim[axis] = thresholds->shape.dim[0];
    shape.dim[shape.rank - 1] = thresholds->shape.dim[1];
    return move_reshape(reader, operation, "thresholds", thresholds, shape, -1);
}

/* 1 where the number reaches the threshold, else -1. */
static struct tensor *comparisons(struct onnx_reader *reader, const struct operation *operation, struct tensor *x,
                                  struct tensor *thresholds) {
    struct shape shape = x->shape;
    shape.dim[shape.rank++] = 1;
    struct tensor *difference[] = {move_reshape(reader, operation, "operand", x, shape, x->batch_axis), thresholds};
    if (!difference[0]) return NULL;
    struct tensor *over = onnx_emit_tensor(reader, operation, OP_SUB, "over", difference, 2, NULL, x->batch_axis);
    struct tensor *sign[] = {over, onnx_number(reader, operation, "one", 1)};
    union attributes attributes = {.quantizer = {0}};
    if (!over) return NULL;
    return onnx_emit_tensor(reader, operation, OP_BIPOLAR_QUANT, "reached", sign, 2, &attributes, x->batch_axis);
}

static struct tensor *with_number(struct onnx_reader *reader, const struct operation *operation, enum op op,
                                  const char *what, struct tensor *x, float number) {
    if (!x || number == (op == OP_MUL ? 1 : 0)) return x;
    struct tensor *inputs[] = {x,
                               onnx_number(reader, operation, arena_printf(reader->arena, "%s.number", what), number)};
    return onnx_emit_tensor(reader, operation, op, what, inputs, 2, NULL, x->batch_axis);
}

struct tensor *onnx_read_multi_threshold(struct onnx_reader *reader, const struct operation *operation) {
    struct tensor *x = operation->inputs[0];
    int axis = channel_axis(reader, operation, x->shape.rank);
    if (axis < 0 || refuse_batch_axis(reader, operation, x, axis) < 0) return NULL;
    struct tensor *thresholds = spread_thresholds(reader, operation, x, axis);
    struct tensor *reached = thresholds ? comparisons(reader, operation, x, thresholds) : NULL;
    if (!reached) return NULL;
    const int last = reached->shape.rank - 1;
    const float count = (float)reached->shape.dim[last];
    union attributes along = {.axis = {.axis = last}};
    struct tensor *sum =
        onnx_emit_tensor(reader, operation, OP_REDUCE_SUM, "sum", &reached, 1, &along, reached->batch_axis);
    sum = with_number(reader, operation, OP_ADD, "twice", sum, count);
    sum = with_number(reader, operation, OP_MUL, "steps", sum, 0.5f);
    sum = with_number(reader, operation, OP_MUL, "scaled", sum, attribute_real(reader, operation, "out_scale", 1));
    sum = with_number(reader, operation, OP_ADD, "moved", sum, attribute_real(reader, operation, "out_bias", 0));
    if (sum) sum->type = TYPE(FLOAT);
    return sum;
}
