/* QuantizeLinear and DequantizeLinear. DynamicQuantizeLinear is refused (model.c): its scale is another one for each
 * event. */
#include "frontend/onnx/codes.h"

#define TYPE(name) ONNX__TENSOR_PROTO__DATA_TYPE__##name

/* The first axis along which several scales lie: the attribute came with opset 13. */
static int64_t axis_of(struct onnx_reader *reader, const struct operation *operation, const struct tensor *x) {
    return attribute_integer(reader, operation, "axis", x->shape.rank == 1 ? 0 : 1);
}

static struct tensor *refuse_type(struct onnx_reader *reader, const struct operation *operation, int type) {
    return onnx_refuse(reader, operation, "quantise to int8, uint8, int16, uint16, int4 or uint4",
                       "%s makes no whole numbers of a sign and at most 16 bits: type %s (%d)",
                       operation->operator->name, onnx_type_name(type), type);
}

/* The type of the codes: the zero point's, or as output_dtype says. */
static int goal_type(struct onnx_reader *reader, const struct operation *operation) {
    const struct tensor *zero_point = operation->input_count > 2 ? operation->inputs[2] : NULL;
    int64_t least, most, wanted = attribute_integer(reader, operation, "output_dtype", 0);
    int type = zero_point ? zero_point->type : wanted ? (int)wanted : TYPE(UINT8);
    if (zero_point && wanted && wanted != type) {
        onnx_refuse(reader, operation, NULL, "output_dtype is %s, the zero point's type %s",
                    onnx_type_name((int)wanted), onnx_type_name(type));
        return -1;
    }
    if (codes_limits(type, &least, &most)) return type;
    refuse_type(reader, operation, type);
    return -1;
}

/* x in units of the scale. */
static struct tensor *quotient(struct onnx_reader *reader, const struct operation *operation, struct tensor *x,
                               const struct codes *goal) {
    struct tensor *real = ARENA_NEW(reader->arena, struct tensor);
    *real = *x;
    return codes_with_numbers(reader, operation, OP_DIV, "quotient", real, &goal->along, goal->scale);
}

struct tensor *onnx_read_quantize_linear(struct onnx_reader *reader, const struct operation *operation) {
    struct tensor *x = operation->inputs[0];
    struct codes goal;
    int type = goal_type(reader, operation);
    int64_t precision = attribute_integer(reader, operation, "precision", 0);
    if (type < 0) return NULL;
    if (x->type != TYPE(FLOAT) && x->type != TYPE(INT32))
        return onnx_refuse(reader, operation, "bxc rounds as binary32 does: cast to float in front of it",
                           "what it quantises is of %s, in which the model computes", onnx_type_name(x->type));
    if (precision && precision != TYPE(FLOAT))
        return onnx_refuse(reader, operation, "bxc rounds as binary32 does", "precision is %s",
                           onnx_type_name((int)precision));
    if (!codes_read(reader, operation, x, 1, axis_of(reader, operation, x),
                    attribute_integer(reader, operation, "block_size", 0), &goal))
        return NULL;
    struct tensor *scaled = quotient(reader, operation, x, &goal);
    return scaled ? codes_rounded(reader, operation, scaled, &goal, type) : NULL;
}

struct tensor *onnx_read_dequantize_linear(struct onnx_reader *reader, const struct operation *operation) {
    struct tensor *q = operation->inputs[0];
    int64_t least, most, wanted = attribute_integer(reader, operation, "output_dtype", TYPE(FLOAT));
    struct codes *codes = ARENA_NEW(reader->arena, struct codes);
    if (!codes_limits(q->type, &least, &most) && q->type != TYPE(INT32)) return refuse_type(reader, operation, q->type);
    if (wanted && wanted != TYPE(FLOAT))
        return onnx_refuse(reader, operation, "bxc rounds as binary32 does", "output_dtype is %s",
                           onnx_type_name((int)wanted));
    if (!codes_read(reader, operation, q, 1, axis_of(reader, operation, q),
                    attribute_integer(reader, operation, "block_size", 0), codes))
        return NULL;
    struct tensor *real = codes_scaled(reader, operation, codes);
    if (real) real->codes = codes;
    return real;
}
