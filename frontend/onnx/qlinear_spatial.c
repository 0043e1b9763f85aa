/* Convolutions and pooling of whole numbers with scales and zero points. Padding stands for 0, whose code is the zero
 * point. */
#include "frontend/onnx/qlinear.h"

#define TYPE(name) ONNX__TENSOR_PROTO__DATA_TYPE__##name

/* Conv of what the operands stand for, in units of their scales, and the bias added. */
static struct tensor *convolved(struct onnx_reader *reader, const struct operation *operation, const struct codes *x,
                                const struct codes *w, struct tensor *bias) {
    struct tensor *inputs[] = {codes_centred(reader, operation, "x", x), codes_centred(reader, operation, "w", w),
                               bias};
    struct operation convolution = *operation;
    convolution.inputs = inputs;
    convolution.input_count = bias ? 3 : 2;
    if (!inputs[0] || !inputs[1]) return NULL;
    struct tensor *sum = onnx_read_conv(reader, &convolution);
    if (sum) sum->type = TYPE(FLOAT);
    return sum;
}

struct tensor *onnx_read_conv_integer(struct onnx_reader *reader, const struct operation *operation) {
    struct codes x, w;
    if (!qlinear_unscaled(reader, operation, 0, 2, 0, &x) || !qlinear_unscaled(reader, operation, 1, 3, 0, &w))
        return NULL;
    struct tensor *sum = convolved(reader, operation, &x, &w, NULL);
    if (sum) sum->type = TYPE(INT32);
    return sum;
}

/* Filters, an axis behind the batch, before the spatial ones. */
static struct shape filter_shape(const struct codes *w, int rank) {
    struct shape shape = {.rank = rank - 1};
    if (codes_are_uniform(w)) return (struct shape){0};
    for (int i = 0; i < shape.rank; i++) shape.dim[i] = i ? 1 : (int64_t)codes_count(w);
    return shape;
}

static bool bias_is_whole(struct onnx_reader *reader, const struct operation *operation, const struct tensor *bias) {
    if (!bias || bias->type == TYPE(INT32)) return true;
    onnx_refuse(reader, operation, NULL, "the bias is of %s, not of int32", onnx_type_name(bias->type));
    return false;
}

static bool channels_first(struct onnx_reader *reader, const struct operation *operation) {
    if (!attribute_integer(reader, operation, "channels_last", 0)) return true;
    onnx_refuse(reader, operation, "save the model before onnxruntime optimises it", "channels are last");
    return false;
}

struct tensor *onnx_read_qlinear_conv(struct onnx_reader *reader, const struct operation *operation) {
    struct codes x, w, goal;
    int type;
    struct tensor *bias = operation->input_count > 8 ? operation->inputs[8] : NULL;
    if (!channels_first(reader, operation) || !qlinear_operand(reader, operation, 0, 0, &x) ||
        !qlinear_operand(reader, operation, 3, 0, &w) || !bias_is_whole(reader, operation, bias))
        return NULL;
    if (qlinear_refuse_several(reader, operation, &x, "the first operand")) return NULL;
    struct tensor *sum = convolved(reader, operation, &x, &w, bias);
    if (!sum || !qlinear_goal(reader, operation, sum, 6, x.q->type, &goal, &type)) return NULL;
    const struct shape along = filter_shape(&w, sum->shape.rank);
    const struct factors factors = qlinear_factors(reader, 1, &x, &w, &along, goal.scale);
    sum = qlinear_multiplied(reader, operation, "scaled", sum, &factors);
    return sum ? codes_rounded(reader, operation, sum, &goal, type) : NULL;
}

/* ---- pooling ---- */

static bool read_pooled(struct onnx_reader *reader, const struct operation *operation, struct codes *x,
                        struct codes *goal, int *type) {
    return channels_first(reader, operation) && qlinear_operand(reader, operation, 0, 0, x) &&
           !qlinear_refuse_several(reader, operation, x, "the operand") &&
           qlinear_goal(reader, operation, x->q, 3, x->q->type, goal, type);
}

/* A sum of codes times one number: x_scale / (y_scale * entries). */
struct tensor *onnx_read_qlinear_global_average_pool(struct onnx_reader *reader, const struct operation *operation) {
    struct codes x, goal;
    int type;
    float entries = 1;
    if (!read_pooled(reader, operation, &x, &goal, &type)) return NULL;
    for (int axis = 2; axis < x.q->shape.rank; axis++) entries *= (float)x.q->shape.dim[axis];
    const struct layer layer = onnx_layer(reader, operation);
    struct tensor *centred = codes_centred(reader, operation, "x", &x);
    if (!centred) return NULL;
    valref sum = layer_global_pool(&layer, OP_REDUCE_SUM, false, true, tensor_value(reader, operation, centred));
    struct tensor *out = onnx_made_of(reader, centred, sum, centred->batch_axis);
    const struct factors factors = {.at = (float[]){x.scale[0] / (goal.scale[0] * entries)}};
    if (out) out = qlinear_multiplied(reader, operation, "scaled", out, &factors);
    return out ? codes_rounded(reader, operation, out, &goal, type) : NULL;
}

/* In binary32, on what the codes stand for. */
struct tensor *onnx_read_qlinear_average_pool(struct onnx_reader *reader, const struct operation *operation) {
    struct codes x, goal;
    int type;
    if (!read_pooled(reader, operation, &x, &goal, &type)) return NULL;
    struct operation part = *operation, pool = *operation;
    part.name = arena_printf(reader->arena, "%s.real", operation->name);
    struct tensor *real = codes_scaled(reader, &part, &x);
    pool.inputs = &real;
    pool.input_count = 1;
    if (real) real = onnx_read_average_pool(reader, &pool);
    if (real) real = codes_with_numbers(reader, operation, OP_DIV, "quotient", real, &(struct shape){0}, goal.scale);
    return real ? qlinear_rounded_with_zero_point(reader, operation, real, &goal, type) : NULL;
}
