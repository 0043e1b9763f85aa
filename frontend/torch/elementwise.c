/* Element by element. */
#include "frontend/torch/torch.h"

#include <float.h>
#include <string.h>

static struct tensor *self(const struct operation *operation) {
    return torch_tensor(operation, "self");
}

struct tensor *torch_read_same(struct onnx_reader *reader, const struct operation *operation) {
    return call_unary(reader, operation, torch_node_of(operation)->operator->onnx, NULL, self(operation));
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

struct tensor *torch_read_elu(struct onnx_reader *reader, const struct operation *operation) {
    return with_number(reader, operation, "Elu", "alpha", torch_real(reader, operation, "alpha", 1));
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

struct tensor *torch_read_clamp(struct onnx_reader *reader, const struct operation *operation) {
    return limited(reader, operation, torch_real(reader, operation, "min", -FLT_MAX),
                   torch_real(reader, operation, "max", FLT_MAX));
}

struct tensor *torch_read_softmax(struct onnx_reader *reader, const struct operation *operation) {
    struct call call = call_new(reader, operation, torch_node_of(operation)->operator->onnx);
    call_operand(&call, self(operation));
    call_integer(&call, "axis", torch_integer(reader, operation, "dim", -1));
    return call_read(&call, NULL);
}

/* alpha times the other one. */
struct tensor *torch_read_binary(struct onnx_reader *reader, const struct operation *operation) {
    struct tensor *other = torch_operand(reader, operation, "other");
    const float alpha = (float)torch_real(reader, operation, "alpha", 1);
    if (alpha != 1)
        other = call_binary(reader, operation, "Mul", "scaled", other, onnx_number(reader, operation, "alpha", alpha));
    return call_binary(reader, operation, torch_node_of(operation)->operator->onnx, NULL,
                       torch_operand(reader, operation, "self"), other);
}

struct tensor *torch_read_power(struct onnx_reader *reader, const struct operation *operation) {
    return call_binary(reader, operation, "Pow", NULL, torch_operand(reader, operation, "self"),
                       torch_operand(reader, operation, "exponent"));
}
