/* Whole numbers that stand for real ones by scale and zero point: what QuantizeLinear, DequantizeLinear and the
 * operators of such numbers (QLinearMatMul and its like) are made of. Codes are numbers of binary32 in the graph, as
 * all tensors are: those of 16 bits and the sums of their products are exact there. */
#include "frontend/onnx/codes.h"
#include "ir/fixed.h"
#include "ir/meaning.h"

#include <math.h>

#define TYPE(name) ONNX__TENSOR_PROTO__DATA_TYPE__##name

/* Newer than the schema may be. */
enum { TYPE_UINT4 = 21, TYPE_INT4 = 22, TYPE_UINT2 = 25, TYPE_INT2 = 26 };

bool codes_limits(int type, int64_t *least, int64_t *most) {
    static const struct {
        int type, bits;
        bool is_signed;
    } types[] = {{TYPE(INT8), 8, true}, {TYPE(UINT8), 8, false}, {TYPE(INT16), 16, true}, {TYPE(UINT16), 16, false},
                 {TYPE_INT4, 4, true},  {TYPE_UINT4, 4, false},  {TYPE_INT2, 2, true},    {TYPE_UINT2, 2, false}};
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (types[i].type == type) {
            *least = types[i].is_signed ? -(INT64_C(1) << (types[i].bits - 1)) : 0;
            *most = *least + (INT64_C(1) << types[i].bits) - 1;
            return true;
        }
    return false;
}

size_t codes_count(const struct codes *codes) {
    return shape_elements(&codes->along);
}

bool codes_are_uniform(const struct codes *codes) {
    return codes_count(codes) == 1;
}

/* ---- scales and zero points ---- */

static bool scale_is_sound(struct onnx_reader *reader, const struct operation *operation, const struct tensor *scale) {
    if (scale->state != TENSOR_REALS) {
        onnx_refuse(reader, operation, "scales must be constants: quantise statically",
                    "the scale ('%s') depends on the event", scale->name ? scale->name : "");
        return false;
    }
    if (scale->type != TYPE(FLOAT)) {
        onnx_refuse(reader, operation, "bxc rounds as binary32 does: store scales as float",
                    "the scale is of %s, in which the model computes", onnx_type_name(scale->type));
        return false;
    }
    for (size_t i = 0; i < tensor_elements(scale); i++)
        if (!(scale->reals[i] > 0) || !isnormal(scale->reals[i])) {
            onnx_refuse(reader, operation, NULL, "the scale is %g (element %zu)", (double)scale->reals[i], i);
            return false;
        }
    return true;
}

static bool zero_point_is_sound(struct onnx_reader *reader, const struct operation *operation,
                                const struct tensor *scale, const struct tensor *zero_point) {
    if (zero_point->state != TENSOR_INTEGERS) {
        onnx_refuse(reader, operation, "zero points must be constants: quantise statically",
                    "the zero point ('%s') is no constant of whole numbers", zero_point->name ? zero_point->name : "");
        return false;
    }
    if (tensor_elements(zero_point) == tensor_elements(scale)) return true;
    onnx_refuse(reader, operation, NULL, "%zu zero points for %zu scales", tensor_elements(zero_point),
                tensor_elements(scale));
    return false;
}

/* How scales lie along the tensor: one for all, along an axis, in blocks of an axis. */
static bool place_scales(struct onnx_reader *reader, const struct operation *operation, const struct tensor *scale,
                         int64_t axis, int64_t block, const struct tensor *q, struct shape *along) {
    const struct shape *shape = &q->shape;
    *along = (struct shape){0};
    if (tensor_elements(scale) == 1) return true;
    axis = onnx_axis(reader, operation, axis, shape->rank);
    if (axis < 0 || refuse_batch_axis(reader, operation, q, axis) < 0) return false;
    *along = *shape;
    bool fits = scale->shape.rank == (block ? shape->rank : 1) && block >= 0;
    for (int i = 0; i < shape->rank && fits; i++) {
        if (!block && i != axis) along->dim[i] = 1;
        int64_t wanted = block && i == axis ? (shape->dim[i] + block - 1) / block : shape->dim[i];
        fits = (!block && i != axis) || scale->shape.dim[block ? i : 0] == wanted;
    }
    if (!fits) onnx_refuse(reader, operation, NULL, "the scales do not lie along the tensor's axis %d", (int)axis);
    return fits;
}

/* Of an element of `along` the scale's. */
static size_t scale_index(const struct tensor *scale, const struct shape *along, int axis, int64_t block, size_t e) {
    if (!block || tensor_elements(scale) == 1) return e;
    size_t index = 0, step = 1;
    for (int i = along->rank - 1; i >= 0; i--) {
        size_t dim = (size_t)along->dim[i], at = e % dim;
        index += (i == axis ? at / (size_t)block : at) * step;
        step *= (size_t)scale->shape.dim[i];
        e /= dim;
    }
    return index;
}

bool codes_read(struct onnx_reader *reader, const struct operation *operation, struct tensor *q, uint32_t input,
                int64_t axis, int64_t block, struct codes *codes) {
    struct tensor *scale = operation->inputs[input];
    struct tensor *zero_point = input + 1 < operation->input_count ? operation->inputs[input + 1] : NULL;
    if (!scale) {
        onnx_refuse(reader, operation, NULL, "operand %u, a scale, is left out", (unsigned)input);
        return false;
    }
    if (!scale_is_sound(reader, operation, scale)) return false;
    if (zero_point && !zero_point_is_sound(reader, operation, scale, zero_point)) return false;
    *codes = (struct codes){.q = q, .parameters = {scale, zero_point}};
    if (!place_scales(reader, operation, scale, axis, block, q, &codes->along)) return false;
    size_t count = codes_count(codes);
    float *scales = ARENA_ARRAY(reader->arena, float, count);
    int64_t *zero_points = ARENA_ARRAY(reader->arena, int64_t, count);
    int place = block ? (int)(axis < 0 ? axis + q->shape.rank : axis) : 0;
    for (size_t e = 0; e < count; e++) {
        size_t i = scale_index(scale, &codes->along, place, block, e);
        scales[e] = scale->reals[i];
        zero_points[e] = zero_point ? zero_point->integers[i] : 0;
    }
    codes->scale = scales;
    codes->zero_point = zero_points;
    return true;
}

/* ---- arithmetic ---- */

static bool all_are(const float *numbers, size_t count, float number) {
    for (size_t i = 0; i < count; i++)
        if (numbers[i] != number) return false;
    return true;
}

struct tensor *codes_with_numbers(struct onnx_reader *reader, const struct operation *operation, enum op op,
                                  const char *what, struct tensor *x, const struct shape *shape, const float *numbers) {
    size_t count = shape_elements(shape);
    bool uniform = all_are(numbers, count, numbers[0]);
    struct tensor *constant = tensor_new(reader, TENSOR_REALS, TYPE(FLOAT), uniform ? (struct shape){0} : *shape);
    constant->name = arena_printf(reader->arena, "%s.%s.constant", operation->name, what ? what : "result");
    constant->reals = ARENA_ARRAY(reader->arena, float, count);
    for (size_t i = 0; i < count; i++) constant->reals[i] = numbers[i];
    struct tensor *inputs[] = {x, constant};
    struct tensor *result = onnx_emit_tensor(reader, operation, op, what, inputs, 2, NULL, x->batch_axis);
    if (result) result->type = TYPE(FLOAT);
    return result;
}

static float *zero_points_of(struct onnx_reader *reader, const struct codes *codes) {
    size_t count = codes_count(codes);
    float *numbers = ARENA_ARRAY(reader->arena, float, count);
    for (size_t i = 0; i < count; i++) numbers[i] = (float)codes->zero_point[i];
    return numbers;
}

static struct tensor *number(struct onnx_reader *reader, float number) {
    struct tensor *tensor = tensor_new(reader, TENSOR_REALS, TYPE(FLOAT), (struct shape){0});
    tensor->reals = ARENA_NEW(reader->arena, float);
    *tensor->reals = number;
    return tensor;
}

/* A quantiser that changes nothing: it says that constants are quantised already. */
static struct tensor *quantised(struct onnx_reader *reader, const struct operation *operation, const char *what,
                                struct tensor *constant, int64_t least, int64_t most) {
    union attributes attributes = {.quantizer = {.is_signed = least < 0, .rounding = ROUND_HALF_EVEN}};
    float bits = (float)format_for((struct interval){least, most}, 0).width;
    if (bits < 2) bits = 2;
    struct tensor *inputs[] = {constant, number(reader, 1), number(reader, 0), number(reader, bits)};
    return onnx_emit_tensor(reader, operation, OP_QUANT, arena_printf(reader->arena, "%s.quantised", what), inputs, 4,
                            &attributes, -1);
}

static struct tensor *static_centred(struct onnx_reader *reader, const struct operation *operation, const char *what,
                                     const struct codes *codes) {
    const struct tensor *q = codes->q;
    size_t count = tensor_elements(q);
    struct tensor *out = tensor_new(reader, TENSOR_REALS, TYPE(FLOAT), q->shape);
    int64_t least = 0, most = 0;
    out->name = q->name;
    out->reals = ARENA_ARRAY(reader->arena, float, count + 1);
    for (size_t i = 0; i < count; i++) {
        int64_t centred = q->integers[i] - codes->zero_point[shape_project(&q->shape, i, &codes->along)];
        out->reals[i] = (float)centred;
        least = centred < least ? centred : least;
        most = centred > most ? centred : most;
    }
    if (most < 1 << 24 && least > -(1 << 24)) return quantised(reader, operation, what, out, least, most);
    return onnx_refuse(reader, operation, NULL, "a number of '%s' needs more than 24 bits", q->name ? q->name : "");
}

struct tensor *codes_narrowed(struct onnx_reader *reader, const struct operation *operation, const char *what,
                              struct tensor *x, struct format format, enum rounding rounding) {
    union attributes attributes = {.quantizer = {.rounding = rounding,
                                                 .overflow = OVERFLOW_SATURATE,
                                                 .binary32 = true,
                                                 .formats = formats_uniform(reader->graph->arena, format)}};
    return onnx_emit_tensor(reader, operation, OP_NARROW, what, &x, 1, &attributes, x->batch_axis);
}

static bool is_input(const struct onnx_reader *reader, const struct tensor *x) {
    return x->state == TENSOR_VALUE && graph_definition(reader->graph, x->value)->op == OP_INPUT;
}

/* What an input of codes can be, which makes its port. */
static struct tensor *of_port(struct onnx_reader *reader, const struct operation *operation, const char *what,
                              struct tensor *q) {
    int64_t least, most;
    if (!is_input(reader, q) || !codes_limits(q->type, &least, &most)) return q;
    return codes_narrowed(reader, operation, arena_printf(reader->arena, "%s.port", what), q,
                          format_for((struct interval){least, most}, 0), ROUND_HALF_EVEN);
}

static bool is_centre(const struct tensor *q, const struct codes *codes) {
    for (size_t i = 0; i < codes_count(codes); i++)
        if (!q->centred || q->centre != codes->zero_point[i]) return false;
    return true;
}

struct tensor *codes_centred(struct onnx_reader *reader, const struct operation *operation, const char *what,
                             const struct codes *codes) {
    struct tensor *q = codes->q;
    if (q->state == TENSOR_INTEGERS) return static_centred(reader, operation, what, codes);
    if (is_centre(q, codes)) return q->centred;
    const float *zero_points = zero_points_of(reader, codes);
    if (!(q = of_port(reader, operation, what, q))) return NULL;
    if (!all_are(zero_points, codes_count(codes), 0))
        return codes_with_numbers(reader, operation, OP_SUB, what, q, &codes->along, zero_points);
    struct tensor *copy = ARENA_NEW(reader->arena, struct tensor);
    *copy = *q;
    copy->type = TYPE(FLOAT);
    return copy;
}

/* As DequantizeLinear has it: the difference is a whole number, made binary32. */
static struct tensor *static_dequantised(struct onnx_reader *reader, const struct codes *codes) {
    const struct tensor *q = codes->q;
    size_t count = tensor_elements(q);
    struct tensor *out = tensor_new(reader, TENSOR_REALS, TYPE(FLOAT), q->shape);
    out->reals = ARENA_ARRAY(reader->arena, float, count + 1);
    for (size_t i = 0; i < count; i++) {
        size_t at = shape_project(&q->shape, i, &codes->along);
        out->reals[i] = (float)(q->integers[i] - codes->zero_point[at]) * codes->scale[at];
    }
    return out;
}

struct tensor *codes_dequantised(struct onnx_reader *reader, const struct operation *operation,
                                 const struct codes *codes) {
    if (codes->q->state == TENSOR_INTEGERS) return static_dequantised(reader, codes);
    struct tensor *centred = codes_centred(reader, operation, "centred", codes);
    if (!centred) return NULL;
    return codes_with_numbers(reader, operation, OP_MUL, NULL, centred, &codes->along, codes->scale);
}

/* A quantiser that changes nothing, of the codes' own scales: x / scale is nearer to the code than to any other. */
static struct tensor *with_scale(struct onnx_reader *reader, const struct operation *operation, const char *what,
                                 struct tensor *x, const struct codes *codes, int64_t least, int64_t most) {
    union attributes attributes = {.quantizer = {.is_signed = true, .rounding = ROUND_HALF_EVEN}};
    struct format format = format_for((struct interval){least < 0 ? least : -1, most}, 0);
    struct tensor *scale = tensor_new(reader, TENSOR_REALS, TYPE(FLOAT), codes->along);
    scale->reals = ARENA_ARRAY(reader->arena, float, codes_count(codes));
    for (size_t i = 0; i < codes_count(codes); i++) scale->reals[i] = codes->scale[i];
    struct tensor *inputs[] = {x, scale, number(reader, 0), number(reader, (float)format.width)};
    return onnx_emit_tensor(reader, operation, OP_QUANT, what, inputs, 4, &attributes, x->batch_axis);
}

struct tensor *codes_scaled(struct onnx_reader *reader, const struct operation *operation, const struct codes *codes) {
    int64_t least, most, low = 0, high = 0;
    struct operation part = *operation;
    if (codes->q->state == TENSOR_INTEGERS || !codes_limits(codes->q->type, &least, &most))
        return codes_dequantised(reader, operation, codes);
    for (size_t i = 0; i < codes_count(codes); i++) {
        low = least - codes->zero_point[i] < low ? least - codes->zero_point[i] : low;
        high = most - codes->zero_point[i] > high ? most - codes->zero_point[i] : high;
    }
    part.name = arena_printf(reader->arena, "%s.product", operation->name);
    struct tensor *real = codes_dequantised(reader, &part, codes);
    return real ? with_scale(reader, operation, NULL, real, codes, low, high) : NULL;
}

valref codes_constant(struct onnx_reader *reader, const struct operation *operation, const struct tensor *constant,
                      valref reals) {
    enum { EXACT = 1 << 22 };
    const struct codes *codes = constant->codes;
    struct tensor value = {.state = TENSOR_VALUE, .type = TYPE(FLOAT), .shape = constant->shape, .batch_axis = -1};
    int64_t low = 0, high = 0;
    value.value = reals;
    for (size_t i = 0; i < tensor_elements(constant); i++) {
        int64_t centred = codes->q->integers[i] - codes->zero_point[shape_project(&constant->shape, i, &codes->along)];
        low = centred < low ? centred : low;
        high = centred > high ? centred : high;
    }
    if (high > EXACT || low < -EXACT || !operation) return reals;
    const char *what = arena_printf(reader->arena, "%s.scaled", constant->name ? constant->name : "constant");
    struct tensor *scaled = with_scale(reader, operation, what, &value, codes, low, high);
    return scaled ? scaled->value : NO_VALUE;
}

/* ---- rounding ---- */

static struct tensor *emit_clip(struct onnx_reader *reader, const struct operation *operation, const char *what,
                                struct tensor *x, int64_t least, int64_t most) {
    union attributes attributes = {.activation = {.alpha = (float)least, .beta = (float)most}};
    return onnx_emit_tensor(reader, operation, OP_CLIP, what, &x, 1, &attributes, x->batch_axis);
}

/* Whether the quantiser of x makes a port: arithmetic with constants and movements alone stand between. */
static bool is_of_input(const struct onnx_reader *reader, const struct tensor *x) {
    const struct node *node = x->state == TENSOR_VALUE ? graph_definition(reader->graph, x->value) : NULL;
    while (node && (node->op == OP_DIV || op_moves_one(node->op)))
        node = graph_definition(reader->graph, node->inputs[0]);
    return node && node->op == OP_INPUT;
}

static enum rounding rounding_of(const struct codes *goal) {
    return goal->half_away ? ROUND_HALF_AWAY : ROUND_HALF_EVEN;
}

/* A format that holds no more does the limiting; else x is limited first, as whole bounds and rounding commute. */
struct tensor *codes_between(struct onnx_reader *reader, const struct operation *operation, struct tensor *x,
                             int64_t least, int64_t most, enum rounding rounding) {
    struct format format = format_for((struct interval){least, most}, 0);
    if (format_min(format) != least || format_max(format) != most)
        x = emit_clip(reader, operation, "limited", x, least, most);
    return x ? codes_narrowed(reader, operation, "rounded", x, format, rounding) : NULL;
}

static struct tensor *rounded_uniform(struct onnx_reader *reader, const struct operation *operation, struct tensor *x,
                                      const struct codes *goal, int type) {
    int64_t least, most, zero_point = goal->zero_point[0];
    (void)codes_limits(type, &least, &most);
    struct tensor *centred =
                      codes_between(reader, operation, x, least - zero_point, most - zero_point, rounding_of(goal)),
                  *q = centred;
    if (!q) return NULL;
    if (zero_point) {
        float number = (float)zero_point;
        q = codes_with_numbers(reader, operation, OP_ADD, "codes", centred, &(struct shape){0}, &number);
    }
    if (!q) return NULL;
    struct tensor *out = ARENA_NEW(reader->arena, struct tensor);
    *out = *q;
    out->type = type;
    out->centred = centred;
    out->centre = zero_point;
    return out;
}

/* Rounded with room for every zero point, then limited: what stands behind a port must not be limited before. */
static struct tensor *rounded_first(struct onnx_reader *reader, const struct operation *operation, struct tensor *x,
                                    const struct codes *goal, int type) {
    int64_t least, most;
    (void)codes_limits(type, &least, &most);
    int64_t span = most - least;
    struct tensor *q = codes_narrowed(reader, operation, "rounded", x,
                                      format_for((struct interval){-span - 1, span}, 0), rounding_of(goal));
    if (q) q = codes_with_numbers(reader, operation, OP_ADD, "shifted", q, &goal->along, zero_points_of(reader, goal));
    if (q)
        q = codes_narrowed(reader, operation, "codes", q, format_for((struct interval){least, most}, 0),
                           ROUND_HALF_EVEN);
    if (q) q->type = type;
    return q;
}

struct tensor *codes_rounded(struct onnx_reader *reader, const struct operation *operation, struct tensor *x,
                             const struct codes *goal, int type) {
    int64_t least, most;
    bool one = true;
    (void)codes_limits(type, &least, &most);
    for (size_t i = 1; i < codes_count(goal); i++) one = one && goal->zero_point[i] == goal->zero_point[0];
    for (size_t i = 0; i < codes_count(goal); i++)
        if (goal->zero_point[i] < least || goal->zero_point[i] > most)
            return onnx_refuse(reader, operation, NULL, "the zero point %lld is no %s", (long long)goal->zero_point[i],
                               onnx_type_name(type));
    int64_t zero_point = goal->zero_point[0];
    struct format format = format_for((struct interval){least - zero_point, most - zero_point}, 0);
    bool holds_more = format_min(format) != least - zero_point || format_max(format) != most - zero_point;
    if (!one || (holds_more && is_of_input(reader, x))) return rounded_first(reader, operation, x, goal, type);
    return rounded_uniform(reader, operation, x, goal, type);
}
