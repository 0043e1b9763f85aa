/* Element by element. */
#include "frontend/torch/torch.h"

#include <float.h>
#include <math.h>
#include <string.h>

#define TYPE(name) ONNX__TENSOR_PROTO__DATA_TYPE__##name

static struct tensor *self(const struct operation *operation) {
    return torch_tensor(operation, "self");
}

struct tensor *torch_read_same(struct onnx_reader *reader, const struct operation *operation) {
    return call_unary(reader, operation, torch_node_of(operation)->operator->onnx, NULL, self(operation));
}

/* A function of x that is one of ONNX of x and a number. */
static struct tensor *beside(struct onnx_reader *reader, const struct operation *operation, const char *op_type,
                             const char *part, struct tensor *x, double number) {
    return call_binary(reader, operation, op_type, part, x,
                       onnx_number(reader, operation, part ? arena_printf(reader->arena, "%s.number", part) : "number",
                                   (float)number));
}

struct tensor *torch_read_rsqrt(struct onnx_reader *reader, const struct operation *operation) {
    struct tensor *root = call_unary(reader, operation, "Sqrt", "root", self(operation));
    return call_unary(reader, operation, "Reciprocal", NULL, root);
}

struct tensor *torch_read_square(struct onnx_reader *reader, const struct operation *operation) {
    return call_binary(reader, operation, "Mul", NULL, self(operation), self(operation));
}

struct tensor *torch_read_gelu(struct onnx_reader *reader, const struct operation *operation) {
    const char *approximate = torch_word(operation, "approximate");
    struct call call = call_new(reader, operation, "Gelu");
    call_operand(&call, self(operation));
    if (approximate) call_text(&call, "approximate", approximate);
    return call_read(&call, NULL);
}

static struct tensor *with_number(struct onnx_reader *reader, const struct operation *operation, const char *op_type,
                                  const char *attribute, double number) {
    struct call call = call_new(reader, operation, op_type);
    call_operand(&call, self(operation));
    call_real(&call, attribute, (float)number);
    return call_read(&call, NULL);
}

/* scale * (x above 0, alpha * (exp(input_scale * x) - 1) below): of Elu, Selu and Celu by their numbers. */
struct tensor *torch_read_elu(struct onnx_reader *reader, const struct operation *operation) {
    const double alpha = torch_real(reader, operation, "alpha", 1), scale = torch_real(reader, operation, "scale", 1),
                 input_scale = torch_real(reader, operation, "input_scale", 1);
    struct call call = call_new(reader, operation, input_scale == 1 ? "Elu" : "Celu");
    if (input_scale != 1 && fabs(alpha * input_scale - 1) > 1e-12)
        return onnx_refuse(reader, operation, NULL, "an input_scale of %g with an alpha of %g", input_scale, alpha);
    call_operand(&call, self(operation));
    call_real(&call, "alpha", (float)alpha);
    if (scale == 1) return call_read(&call, NULL);
    return beside(reader, operation, "Mul", NULL, call_read(&call, "elu"), scale);
}

struct tensor *torch_read_celu(struct onnx_reader *reader, const struct operation *operation) {
    return with_number(reader, operation, "Celu", "alpha", torch_real(reader, operation, "alpha", 1));
}

struct tensor *torch_read_leaky_relu(struct onnx_reader *reader, const struct operation *operation) {
    return with_number(reader, operation, "LeakyRelu", "alpha", torch_real(reader, operation, "negative_slope", 0.01));
}

struct tensor *torch_read_hard_sigmoid(struct onnx_reader *reader, const struct operation *operation) {
    struct call call = call_new(reader, operation, "HardSigmoid");
    call_operand(&call, self(operation));
    call_real(&call, "alpha", 1.0f / 6.0f);
    call_real(&call, "beta", 0.5f);
    return call_read(&call, NULL);
}

static struct tensor *limited(struct onnx_reader *reader, const struct operation *operation, double least,
                              double most) {
    struct call call = call_new(reader, operation, "Clip");
    call_operand(&call, self(operation));
    call_operand(&call, onnx_number(reader, operation, "least", (float)least));
    call_operand(&call, onnx_number(reader, operation, "most", (float)most));
    return call_read(&call, NULL);
}

struct tensor *torch_read_relu6(struct onnx_reader *reader, const struct operation *operation) {
    return limited(reader, operation, 0, 6);
}

struct tensor *torch_read_hardtanh(struct onnx_reader *reader, const struct operation *operation) {
    return limited(reader, operation, torch_real(reader, operation, "min_val", -1),
                   torch_real(reader, operation, "max_val", 1));
}

/* A limit that is a tensor is a minimum or maximum by element. */
static struct tensor *limited_by_tensors(struct onnx_reader *reader, const struct operation *operation) {
    struct tensor *x = self(operation), *least = torch_operand(reader, operation, "min"),
                  *most = torch_operand(reader, operation, "max");
    if (least) x = call_binary(reader, operation, "Max", most ? "least" : NULL, x, least);
    return most ? call_binary(reader, operation, "Min", NULL, x, most) : x;
}

struct tensor *torch_read_clamp(struct onnx_reader *reader, const struct operation *operation) {
    if (torch_tensor(operation, "min") || torch_tensor(operation, "max")) return limited_by_tensors(reader, operation);
    if (tensor_is_static(self(operation)) && !type_is_real(self(operation)->type)) {
        struct tensor *known = torch_filled(reader, self(operation)->shape, self(operation)->type, 0);
        const double least = torch_real(reader, operation, "min", -9e15),
                     most = torch_real(reader, operation, "max", 9e15);
        for (size_t i = 0; i < tensor_elements(known); i++)
            known->integers[i] = (int64_t)fmin(fmax((double)self(operation)->integers[i], least), most);
        return known;
    }
    return limited(reader, operation, torch_real(reader, operation, "min", -FLT_MAX),
                   torch_real(reader, operation, "max", FLT_MAX));
}

struct tensor *torch_read_softmax(struct onnx_reader *reader, const struct operation *operation) {
    struct call call = call_new(reader, operation, torch_node_of(operation)->operator->onnx);
    call_operand(&call, torch_as_asked(reader, operation));
    call_integer(&call, "axis", torch_integer(reader, operation, "dim", -1));
    return call_read(&call, NULL);
}

struct tensor *torch_read_softmin(struct onnx_reader *reader, const struct operation *operation) {
    struct call call = call_new(reader, operation, "Softmax");
    call_operand(&call, call_unary(reader, operation, "Neg", "negated", torch_as_asked(reader, operation)));
    call_integer(&call, "axis", torch_integer(reader, operation, "dim", -1));
    return call_read(&call, NULL);
}

struct pair {
    struct tensor *self, *other;
};

/* The argument of that name; a whole number beside whole ones is one of them. */
static struct tensor *one_of_pair(struct onnx_reader *reader, const struct operation *operation, const char *name,
                                  const struct tensor *beside_it) {
    if (torch_tensor(operation, name) || torch_is_real(operation, name) || !beside_it ||
        type_is_real(beside_it->type) || !torch_has(operation, name))
        return torch_operand(reader, operation, name);
    return torch_filled(reader, (struct shape){0}, beside_it->type == TYPE(BOOL) ? TYPE(INT64) : beside_it->type,
                        torch_real(reader, operation, name, 0));
}

/* Beside real numbers whole ones and truths are real; whole ones alone are not. */
static struct pair operands(struct onnx_reader *reader, const struct operation *operation, bool real) {
    struct pair pair = {one_of_pair(reader, operation, "self", torch_tensor(operation, "other")),
                        one_of_pair(reader, operation, "other", torch_tensor(operation, "self"))};
    if (real)
        return (struct pair){torch_as_real(reader, operation, "self", pair.self),
                             torch_as_real(reader, operation, "other", pair.other)};
    struct tensor *x = torch_as(reader, operation, "self", pair.self, pair.other);
    return (struct pair){x, torch_as(reader, operation, "other", pair.other, x)};
}

/* alpha times the other one */
struct tensor *torch_read_binary(struct onnx_reader *reader, const struct operation *operation) {
    const char *op_type = torch_node_of(operation)->operator->onnx;
    const struct pair pair = operands(reader, operation, !strcmp(op_type, "Div"));
    struct tensor *x = pair.self, *other = pair.other;
    const float alpha = (float)torch_real(reader, operation, "alpha", 1);
    if (alpha != 1)
        other = call_binary(reader, operation, "Mul", "scaled", other, onnx_number(reader, operation, "alpha", alpha));
    bool sum = !strcmp(op_type, "Add");
    return call_binary(reader, operation, op_type, NULL, sum ? torch_masking(reader, operation, x) : x,
                       sum ? torch_masking(reader, operation, other) : other);
}

/* The quotient, rounded as it says: down, or toward zero. */
struct tensor *torch_read_division(struct onnx_reader *reader, const struct operation *operation) {
    const char *mode = torch_word(operation, "rounding_mode");
    if (strstr(torch_node_of(operation)->operator->name, "floor")) mode = "floor";
    if (!mode) return torch_read_binary(reader, operation);
    struct tensor *x = torch_as_real(reader, operation, "self", torch_operand(reader, operation, "self"));
    struct tensor *other = torch_as_real(reader, operation, "other", torch_operand(reader, operation, "other"));
    struct tensor *quotient = call_binary(reader, operation, "Div", "quotient", x, other);
    if (!strcmp(mode, "floor")) return call_unary(reader, operation, "Floor", NULL, quotient);
    if (strcmp(mode, "trunc")) return onnx_refuse(reader, operation, NULL, "rounding '%s' is not known", mode);
    return call_cast(reader, operation, "real", call_cast(reader, operation, NULL, quotient, TYPE(INT64)), TYPE(FLOAT));
}

/* other - alpha * self */
struct tensor *torch_read_reversed(struct onnx_reader *reader, const struct operation *operation) {
    const struct pair pair = operands(reader, operation, torch_is_real(operation, "alpha"));
    const double alpha = torch_real(reader, operation, "alpha", 1);
    struct tensor *x = alpha != 1 ? beside(reader, operation, "Mul", "scaled", pair.self, alpha) : pair.self;
    return call_binary(reader, operation, "Sub", NULL, pair.other, x);
}

/* x less the whole quotient; of `remainder` it has the sign of the divisor. */
struct tensor *torch_read_remainder(struct onnx_reader *reader, const struct operation *operation) {
    const struct pair pair = operands(reader, operation, false);
    struct tensor *x = pair.self, *by = pair.other;
    bool signed_by_divisor = strstr(torch_node_of(operation)->operator->name, "remainder") != NULL;
    struct call call = call_new(reader, operation, "Mod");
    call_operand(&call, x);
    call_operand(&call, by);
    call_integer(&call, "fmod", 1);
    struct tensor *rest = call_read(&call, signed_by_divisor ? "rest" : NULL);
    if (!signed_by_divisor) return rest;
    struct call again = call_new(reader, operation, "Mod");
    call_operand(&again, call_binary(reader, operation, "Add", "above", rest, by));
    call_operand(&again, by);
    call_integer(&again, "fmod", 1);
    return call_read(&again, NULL);
}

struct tensor *torch_read_power(struct onnx_reader *reader, const struct operation *operation) {
    return call_binary(reader, operation, "Pow", NULL, torch_operand(reader, operation, "self"),
                       torch_operand(reader, operation, "exponent"));
}

/* ---- functions that are made of others ---- */

struct tensor *torch_read_softplus(struct onnx_reader *reader, const struct operation *operation) {
    const double beta = torch_real(reader, operation, "beta", 1), from = torch_real(reader, operation, "threshold", 20);
    struct tensor *x = self(operation);
    if (!(beta > 0)) return onnx_refuse(reader, operation, NULL, "a beta of %g", beta);
    if (from < 15) return onnx_refuse(reader, operation, NULL, "it is linear from %g on, where it is not yet so", from);
    if (beta != 1) x = beside(reader, operation, "Mul", "scaled", x, beta);
    x = call_unary(reader, operation, "Softplus", beta != 1 ? "softplus" : NULL, x);
    return beta != 1 ? beside(reader, operation, "Div", NULL, x, beta) : x;
}

/* -softplus(-x) */
struct tensor *torch_read_log_sigmoid(struct onnx_reader *reader, const struct operation *operation) {
    struct tensor *x = call_unary(reader, operation, "Neg", "negated", self(operation));
    return call_unary(reader, operation, "Neg", NULL, call_unary(reader, operation, "Softplus", "softplus", x));
}

/* One half times the sigmoid of the other. */
struct tensor *torch_read_glu(struct onnx_reader *reader, const struct operation *operation) {
    const struct shape *shape = &self(operation)->shape;
    const int64_t axis = onnx_axis(reader, operation, torch_integer(reader, operation, "dim", -1), shape->rank);
    if (axis < 0) return NULL;
    const int64_t half = shape->dim[axis] / 2;
    if (shape->dim[axis] % 2) return onnx_refuse(reader, operation, NULL, "its entries are no two halves");
    struct tensor *gate = call_slice(reader, operation, "gate", self(operation), axis, half, half);
    return call_binary(reader, operation, "Mul", NULL,
                       call_slice(reader, operation, "half", self(operation), axis, 0, half),
                       call_unary(reader, operation, "Sigmoid", "sigmoid", gate));
}

/* Without noise: the slope in the middle. */
struct tensor *torch_read_rrelu(struct onnx_reader *reader, const struct operation *operation) {
    if (torch_flag(operation, "training", false))
        return onnx_refuse(reader, operation, "export model.eval()", "its slopes are drawn in training mode");
    return with_number(
        reader, operation, "LeakyRelu", "alpha",
        (torch_real(reader, operation, "lower", 1.0 / 8) + torch_real(reader, operation, "upper", 1.0 / 3)) / 2);
}

/* A slope for each channel, which is axis 1. */
struct tensor *torch_read_prelu(struct onnx_reader *reader, const struct operation *operation) {
    struct tensor *x = self(operation), *slope = torch_tensor(operation, "weight");
    if (slope && slope->shape.rank == 1 && x->shape.rank > 2) {
        int64_t shape[SHAPE_RANK_MAX];
        for (int i = 0; i < x->shape.rank - 1; i++) shape[i] = i ? 1 : slope->shape.dim[0];
        slope = call_with_integers(reader, operation, "Reshape", "slopes", slope, shape, (size_t)x->shape.rank - 1);
    }
    return call_binary(reader, operation, "PRelu", NULL, x, slope);
}

/* softshrink moves what is left toward zero, hardshrink leaves it. */
struct tensor *torch_read_shrink(struct onnx_reader *reader, const struct operation *operation) {
    const double by = torch_real(reader, operation, "lambd", 0.5);
    struct call call = call_new(reader, operation, "Shrink");
    call_operand(&call, self(operation));
    call_real(&call, "lambd", (float)by);
    call_real(&call, "bias", strstr(torch_node_of(operation)->operator->name, "soft") ? (float)by : 0);
    return call_read(&call, NULL);
}

/* x above the threshold, else the value. */
struct tensor *torch_read_threshold(struct onnx_reader *reader, const struct operation *operation) {
    struct tensor *above =
        beside(reader, operation, "Greater", "above", self(operation), torch_real(reader, operation, "threshold", 0));
    struct call call = call_new(reader, operation, "Where");
    call_operand(&call, above);
    call_operand(&call, self(operation));
    call_operand(&call, onnx_number(reader, operation, "value", (float)torch_real(reader, operation, "value", 0)));
    return call_read(&call, NULL);
}

struct tensor *torch_read_truncate(struct onnx_reader *reader, const struct operation *operation) {
    struct tensor *whole = call_cast(reader, operation, NULL, self(operation), TYPE(INT64));
    whole = call_cast(reader, operation, "real", whole, TYPE(FLOAT));
    if (!strstr(torch_node_of(operation)->operator->name, "frac")) return whole;
    return call_binary(reader, operation, "Sub", "rest", self(operation), whole);
}

/* log(1 + x), exp(x) - 1, and logarithms and powers of other bases. */
struct tensor *torch_read_of_base(struct onnx_reader *reader, const struct operation *operation) {
    const char *name = torch_node_of(operation)->operator->name;
    struct tensor *x = self(operation);
    if (strstr(name, "log1p"))
        return call_unary(reader, operation, "Log", NULL, beside(reader, operation, "Add", "more", x, 1));
    if (strstr(name, "expm1"))
        return beside(reader, operation, "Sub", NULL, call_unary(reader, operation, "Exp", "exp", x), 1);
    if (strstr(name, "exp2"))
        return call_unary(reader, operation, "Exp", NULL, beside(reader, operation, "Mul", "scaled", x, log(2)));
    return beside(reader, operation, "Div", NULL, call_unary(reader, operation, "Log", "log", x),
                  log(strstr(name, "log2") ? 2 : 10));
}
