/* Operators of whole numbers with scales and zero points: sums of products, which are whole numbers, are
 * qlinear_multiplied by one number of binary32 and rounded half to even, as onnxruntime's kernels do. */
#include "frontend/onnx/qlinear.h"

#include <math.h>
#include <string.h>

#define TYPE(name) ONNX__TENSOR_PROTO__DATA_TYPE__##name

/* ---- operands ---- */

static bool is_byte(struct onnx_reader *reader, const struct operation *operation, const struct tensor *q) {
    if (q->type == TYPE(INT8) || q->type == TYPE(UINT8)) return true;
    onnx_refuse(reader, operation, NULL, "operand '%s' is of %s, not of int8 or uint8", q->name ? q->name : "",
                onnx_type_name(q->type));
    return false;
}

bool qlinear_operand(struct onnx_reader *reader, const struct operation *operation, uint32_t input, int64_t axis,
                     struct codes *codes) {
    struct tensor *q = operation->inputs[input];
    return is_byte(reader, operation, q) && codes_read(reader, operation, q, input + 1, axis, 0, codes);
}

bool qlinear_refuse_several(struct onnx_reader *reader, const struct operation *operation, const struct codes *codes,
                            const char *what) {
    if (codes_are_uniform(codes)) return false;
    onnx_refuse(reader, operation, NULL, "%s has several scales, which onnxruntime refuses, too", what);
    return true;
}

bool qlinear_goal(struct onnx_reader *reader, const struct operation *operation, struct tensor *result, uint32_t input,
                  int otherwise, struct codes *goal, int *type) {
    const struct tensor *zero_point = input + 1 < operation->input_count ? operation->inputs[input + 1] : NULL;
    *type = zero_point ? zero_point->type : otherwise;
    if (zero_point && !is_byte(reader, operation, zero_point)) return false;
    return codes_read(reader, operation, result, input, 0, 0, goal) &&
           !qlinear_refuse_several(reader, operation, goal, "the result");
}

/* ---- sums of products ---- */

/* MatMul of what the operands stand for, in units of their scales. */
static struct tensor *product(struct onnx_reader *reader, const struct operation *operation, const struct codes *a,
                              const struct codes *b) {
    struct tensor *inputs[] = {codes_centred(reader, operation, "a", a), codes_centred(reader, operation, "b", b)};
    struct operation matmul = *operation;
    matmul.inputs = inputs;
    matmul.input_count = 2;
    return inputs[0] && inputs[1] ? onnx_read_matmul(reader, &matmul) : NULL;
}

struct factors qlinear_factors(struct onnx_reader *reader, float alpha, const struct codes *a, const struct codes *b,
                               const struct shape *along, const float *y_scale) {
    size_t count = codes_count(b);
    struct factors factors = {*along, ARENA_ARRAY(reader->arena, float, count)};
    for (size_t i = 0; i < count; i++) {
        float factor = alpha * a->scale[0];
        factor = factor * b->scale[i];
        factors.at[i] = y_scale ? factor / *y_scale : factor;
    }
    return factors;
}

struct tensor *qlinear_multiplied(struct onnx_reader *reader, const struct operation *operation, const char *what,
                                  struct tensor *sum, const struct factors *factors) {
    for (size_t i = 0; i < shape_elements(&factors->along); i++)
        if (!isnormal(factors->at[i]))
            return onnx_refuse(reader, operation, NULL, "its scales make a factor of %g", (double)factors->at[i]);
    return codes_with_numbers(reader, operation, OP_MUL, what, sum, &factors->along, factors->at);
}

/* Scales along the last axis of the result, of which b's columns are. */
static struct shape column_shape(const struct codes *b) {
    size_t count = codes_count(b);
    return count == 1 ? (struct shape){0} : (struct shape){.rank = 1, .dim = {(int64_t)count}};
}

struct tensor *onnx_read_qlinear_matmul(struct onnx_reader *reader, const struct operation *operation) {
    struct codes a, b, goal;
    int type;
    if (!qlinear_operand(reader, operation, 0, -2, &a) || !qlinear_operand(reader, operation, 3, -1, &b)) return NULL;
    if (qlinear_refuse_several(reader, operation, &a, "the first operand")) return NULL;
    struct tensor *sum = product(reader, operation, &a, &b);
    if (!sum || !qlinear_goal(reader, operation, sum, 6, a.q->type, &goal, &type)) return NULL;
    const struct shape along = column_shape(&b);
    const struct factors factors = qlinear_factors(reader, 1, &a, &b, &along, goal.scale);
    sum = qlinear_multiplied(reader, operation, "scaled", sum, &factors);
    return sum ? codes_rounded(reader, operation, sum, &goal, type) : NULL;
}

/* MatMulIntegerToFloat without its bias: triples of codes, scale and zero point. */
static struct tensor *product_as_float(struct onnx_reader *reader, const struct operation *operation) {
    struct codes a, b;
    if (!qlinear_operand(reader, operation, 0, -2, &a) || !qlinear_operand(reader, operation, 3, -1, &b)) return NULL;
    if (qlinear_refuse_several(reader, operation, &a, "the first operand")) return NULL;
    struct tensor *sum = product(reader, operation, &a, &b);
    const struct shape along = column_shape(&b);
    const struct factors factors = qlinear_factors(reader, 1, &a, &b, &along, NULL);
    return sum ? qlinear_multiplied(reader, operation, "scaled", sum, &factors) : NULL;
}

/* Operands as the operator has them (codes, codes, scales, zero points, bias). */
struct tensor *onnx_read_matmul_integer_to_float(struct onnx_reader *reader, const struct operation *operation) {
    static const uint32_t order[6] = {0, 2, 4, 1, 3, 5};
    struct tensor *inputs[6] = {NULL}, *bias = operation->input_count > 6 ? operation->inputs[6] : NULL;
    for (uint32_t i = 0; i < 6; i++)
        if (order[i] < operation->input_count) inputs[i] = operation->inputs[order[i]];
    struct operation triples = *operation;
    triples.inputs = inputs;
    triples.input_count = 6;
    struct tensor *real = product_as_float(reader, &triples);
    if (!real || !bias) return real;
    struct tensor *summands[] = {real, bias};
    int batch = broadcast_batch(reader, operation, summands, 2);
    return batch == -2 ? NULL : onnx_emit_tensor(reader, operation, OP_ADD, "bias", summands, 2, NULL, batch);
}

/* Whole numbers of 32 bits, added before the factor. */
static struct tensor *with_bias(struct onnx_reader *reader, const struct operation *operation, struct tensor *sum,
                                struct tensor *bias) {
    if (!sum || !bias) return sum;
    if (bias->type != TYPE(INT32))
        return onnx_refuse(reader, operation, NULL, "the bias is of %s, not of int32", onnx_type_name(bias->type));
    struct tensor *inputs[] = {sum, bias};
    int batch = broadcast_batch(reader, operation, inputs, 2);
    return batch == -2 ? NULL : onnx_emit_tensor(reader, operation, OP_ADD, "bias", inputs, 2, NULL, batch);
}

static bool transpose_operand(struct onnx_reader *reader, const struct operation *operation, const char *attribute,
                              struct codes *codes) {
    static const int swap[2] = {1, 0};
    if (codes->q->shape.rank != 2) {
        onnx_refuse(reader, operation, NULL, "an operand of QGemm has %d axes, not 2", codes->q->shape.rank);
        return false;
    }
    if (!attribute_integer(reader, operation, attribute, 0)) return true;
    codes->q = move_transpose(reader, operation, attribute, codes->q, swap);
    return codes->q != NULL;
}

struct tensor *onnx_read_qgemm(struct onnx_reader *reader, const struct operation *operation) {
    struct codes a, b, goal = {0};
    int type = 0;
    int64_t columns = attribute_integer(reader, operation, "transB", 0) ? 0 : 1;
    bool rounds = operation->input_count > 7 && operation->inputs[7];
    if (!qlinear_operand(reader, operation, 0, 0, &a) || !qlinear_operand(reader, operation, 3, columns, &b))
        return NULL;
    if (qlinear_refuse_several(reader, operation, &a, "the first operand")) return NULL;
    if (!codes_are_uniform(&b)) b.along = (struct shape){.rank = 2, .dim = {1, (int64_t)codes_count(&b)}};
    if (!transpose_operand(reader, operation, "transA", &a) || !transpose_operand(reader, operation, "transB", &b))
        return NULL;
    struct tensor *sum = product(reader, operation, &a, &b);
    sum = with_bias(reader, operation, sum, operation->input_count > 6 ? operation->inputs[6] : NULL);
    if (!sum || (rounds && !qlinear_goal(reader, operation, sum, 7, a.q->type, &goal, &type))) return NULL;
    float alpha = attribute_real(reader, operation, "alpha", 1);
    const struct shape along = column_shape(&b);
    const struct factors factors = qlinear_factors(reader, alpha, &a, &b, &along, goal.scale);
    sum = qlinear_multiplied(reader, operation, "scaled", sum, &factors);
    return sum && rounds ? codes_rounded(reader, operation, sum, &goal, type) : sum;
}

bool qlinear_unscaled(struct onnx_reader *reader, const struct operation *operation, uint32_t input,
                      uint32_t zero_point, int64_t axis, struct codes *codes) {
    struct tensor *inputs[3] = {operation->inputs[input], NULL, NULL};
    if (!is_byte(reader, operation, inputs[0])) return false;
    if (zero_point < operation->input_count) inputs[2] = operation->inputs[zero_point];
    struct tensor scale = {.state = TENSOR_REALS, .type = TYPE(FLOAT)};
    if (inputs[2]) scale.shape = inputs[2]->shape;
    size_t count = shape_elements(&scale.shape);
    scale.reals = ARENA_ARRAY(reader->arena, float, count);
    for (size_t i = 0; i < count; i++) scale.reals[i] = 1;
    inputs[1] = &scale;
    struct operation unscaled = *operation;
    unscaled.inputs = inputs;
    unscaled.input_count = 3;
    return codes_read(reader, &unscaled, inputs[0], 1, axis, 0, codes);
}

struct tensor *onnx_read_matmul_integer(struct onnx_reader *reader, const struct operation *operation) {
    struct codes a, b;
    if (!qlinear_unscaled(reader, operation, 0, 2, -2, &a) || !qlinear_unscaled(reader, operation, 1, 3, -1, &b))
        return NULL;
    struct tensor *sum = product(reader, operation, &a, &b);
    if (sum) sum->type = TYPE(INT32);
    return sum;
}

/* ---- element by element ---- */

struct tensor *qlinear_rounded_with_zero_point(struct onnx_reader *reader, const struct operation *operation,
                                               struct tensor *x, const struct codes *goal, int type) {
    const struct codes whole = {.scale = goal->scale, .zero_point = (const int64_t[]){0}};
    float zero_point = (float)goal->zero_point[0];
    if (zero_point != 0)
        x = codes_with_numbers(reader, operation, OP_ADD, "shifted", x, &(struct shape){0}, &zero_point);
    return x ? codes_rounded(reader, operation, x, &whole, type) : NULL;
}

static struct tensor *pair(struct onnx_reader *reader, const struct operation *operation, enum op op, const char *what,
                           struct tensor *a, struct tensor *b) {
    struct tensor *inputs[] = {a, b};
    if (!a || !b) return NULL;
    int batch = broadcast_batch(reader, operation, inputs, 2);
    return batch == -2 ? NULL : onnx_emit_tensor(reader, operation, op, what, inputs, 2, NULL, batch);
}

static bool read_pair(struct onnx_reader *reader, const struct operation *operation, struct codes *a, struct codes *b) {
    return qlinear_operand(reader, operation, 0, 0, a) && qlinear_operand(reader, operation, 3, 0, b) &&
           !qlinear_refuse_several(reader, operation, a, "the first operand") &&
           !qlinear_refuse_several(reader, operation, b, "the second operand");
}

struct tensor *onnx_read_qlinear_mul(struct onnx_reader *reader, const struct operation *operation) {
    struct codes a, b, goal;
    int type;
    if (!read_pair(reader, operation, &a, &b)) return NULL;
    struct tensor *product = pair(reader, operation, OP_MUL, NULL, codes_centred(reader, operation, "a", &a),
                                  codes_centred(reader, operation, "b", &b));
    if (!product || !qlinear_goal(reader, operation, product, 6, a.q->type, &goal, &type)) return NULL;
    const struct factors factors = qlinear_factors(reader, 1, &a, &b, &(struct shape){0}, goal.scale);
    product = qlinear_multiplied(reader, operation, "scaled", product, &factors);
    return product ? qlinear_rounded_with_zero_point(reader, operation, product, &goal, type) : NULL;
}

/* A summand in units of the result's scale. */
static struct tensor *summand(struct onnx_reader *reader, const struct operation *operation, const char *what,
                              const struct codes *x, float y_scale) {
    static const float unit = 1;
    static const struct codes one = {.scale = &unit};
    struct tensor *centred = codes_centred(reader, operation, what, x);
    const struct factors factors = qlinear_factors(reader, 1, x, &one, &(struct shape){0}, &y_scale);
    if (!centred) return NULL;
    return qlinear_multiplied(reader, operation, arena_printf(reader->arena, "%s.scaled", what), centred, &factors);
}

/* a * (a_scale / y_scale) + b * (b_scale / y_scale): onnxruntime has one order of adding on each kind of processor. */
struct tensor *onnx_read_qlinear_add(struct onnx_reader *reader, const struct operation *operation) {
    struct codes a, b, goal;
    int type;
    if (!read_pair(reader, operation, &a, &b)) return NULL;
    if (!qlinear_goal(reader, operation, a.q, 6, a.q->type, &goal, &type)) return NULL;
    struct tensor *x = summand(reader, operation, "a", &a, goal.scale[0]);
    struct tensor *y = summand(reader, operation, "b", &b, goal.scale[0]);
    struct tensor *sum = pair(reader, operation, OP_ADD, NULL, x, y);
    return sum ? qlinear_rounded_with_zero_point(reader, operation, sum, &goal, type) : NULL;
}

/* ---- functions of one operand, computed in binary32 on what the codes stand for ---- */

static struct tensor *in_units(struct onnx_reader *reader, const struct operation *operation, const char *what,
                               struct tensor *x, const struct codes *goal) {
    return x ? codes_with_numbers(reader, operation, OP_DIV, what, x, &(struct shape){0}, goal->scale) : NULL;
}

static struct tensor *read_function(struct onnx_reader *reader, const struct operation *operation, enum op op,
                                    float alpha) {
    struct codes x, goal;
    int type;
    if (!qlinear_operand(reader, operation, 0, 0, &x) || qlinear_refuse_several(reader, operation, &x, "the operand"))
        return NULL;
    if (!qlinear_goal(reader, operation, x.q, 3, x.q->type, &goal, &type)) return NULL;
    struct operation part = *operation;
    part.name = arena_printf(reader->arena, "%s.real", operation->name);
    struct tensor *real = codes_dequantised(reader, &part, &x);
    union attributes attributes = {.activation = {.alpha = alpha}};
    if (real) real = onnx_emit_tensor(reader, operation, op, NULL, &real, 1, &attributes, real->batch_axis);
    real = in_units(reader, operation, "quotient", real, &goal);
    return real ? codes_rounded(reader, operation, real, &goal, type) : NULL;
}

struct tensor *onnx_read_qlinear_sigmoid(struct onnx_reader *reader, const struct operation *operation) {
    return read_function(reader, operation, OP_SIGMOID, 0);
}

struct tensor *onnx_read_qlinear_leaky_relu(struct onnx_reader *reader, const struct operation *operation) {
    return read_function(reader, operation, OP_LEAKY_RELU, attribute_real(reader, operation, "alpha", 0.01f));
}

/* One of those that are joined, on the result's scale: as it is where both are the same. */
static struct tensor *joined(struct onnx_reader *reader, const struct operation *operation, uint32_t index,
                             const struct codes *goal, int type) {
    struct codes x;
    const uint32_t input = 2 + 3 * index;
    if (!operation->inputs[input] || !qlinear_operand(reader, operation, input, 0, &x)) return NULL;
    if (qlinear_refuse_several(reader, operation, &x, "an operand")) return NULL;
    if (x.scale[0] == goal->scale[0] && x.zero_point[0] == goal->zero_point[0] && x.q->type == type) return x.q;
    struct operation part = *operation;
    part.name = arena_printf(reader->arena, "%s.%u", operation->name, index);
    struct tensor *real = codes_dequantised(reader, &part, &x);
    real = in_units(reader, &part, "quotient", real, goal);
    return real ? codes_rounded(reader, &part, real, goal, type) : NULL;
}

struct tensor *onnx_read_qlinear_concat(struct onnx_reader *reader, const struct operation *operation) {
    struct codes goal;
    int type;
    uint32_t count = (operation->input_count - 2) / 3;
    if ((operation->input_count - 2) % 3)
        return onnx_refuse(reader, operation, NULL, "its operands are no triples of codes, scale and zero point");
    if (!qlinear_goal(reader, operation, operation->inputs[2], 0, TYPE(UINT8), &goal, &type)) return NULL;
    struct operation concat = *operation;
    concat.input_count = count;
    concat.inputs = ARENA_ARRAY(reader->arena, struct tensor *, count);
    for (uint32_t i = 0; i < count; i++)
        if (!(concat.inputs[i] = joined(reader, operation, i, &goal, type))) return NULL;
    return onnx_read_concat(reader, &concat);
}
