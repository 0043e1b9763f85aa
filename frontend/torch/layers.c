/* Products of matrices, and embeddings. */
#include "frontend/torch/torch.h"

static struct tensor *with_bias(struct onnx_reader *reader, const struct operation *operation, struct tensor *product,
                                struct tensor *bias) {
    return bias ? call_binary(reader, operation, "Add", NULL, product, bias) : product;
}

struct tensor *torch_read_linear(struct onnx_reader *reader, const struct operation *operation) {
    static const int64_t turned[] = {1, 0};
    struct tensor *weight = torch_tensor(operation, "weight"), *bias = torch_tensor(operation, "bias");
    if (weight && weight->shape.rank != 2) return onnx_refuse(reader, operation, NULL, "its weight is no matrix");
    weight = call_transpose(reader, operation, "weight", weight, turned);
    return with_bias(
        reader, operation,
        call_binary(reader, operation, "MatMul", bias ? "product" : NULL, torch_tensor(operation, "input"), weight),
        bias);
}

/* Times the argument of that name, 1 where it says none. */
static struct tensor *scaled(struct onnx_reader *reader, const struct operation *operation, const char *name,
                             struct tensor *x) {
    const float factor = (float)torch_real(reader, operation, name, 1);
    if (factor == 1) return x;
    return call_binary(reader, operation, "Mul", arena_printf(reader->arena, "times_%s", name), x,
                       onnx_number(reader, operation, name, factor));
}

struct tensor *torch_read_addmm(struct onnx_reader *reader, const struct operation *operation) {
    bool batches = torch_has(operation, "batch1");
    struct tensor *product =
        call_binary(reader, operation, "MatMul", "product", torch_tensor(operation, batches ? "batch1" : "mat1"),
                    torch_tensor(operation, batches ? "batch2" : "mat2"));
    product = scaled(reader, operation, "alpha", product);
    return call_binary(
        reader, operation, "Add", NULL, product,
        torch_masking(reader, operation, scaled(reader, operation, "beta", torch_tensor(operation, "self"))));
}

struct tensor *torch_read_product(struct onnx_reader *reader, const struct operation *operation) {
    struct tensor *other = torch_tensor(operation, torch_has(operation, "mat2")  ? "mat2"
                                                   : torch_has(operation, "vec") ? "vec"
                                                                                 : "other");
    return call_binary(reader, operation, "MatMul", NULL, torch_tensor(operation, "self"), other);
}

struct tensor *torch_read_embedding(struct onnx_reader *reader, const struct operation *operation) {
    return call_binary(reader, operation, "Gather", NULL, torch_tensor(operation, "weight"),
                       torch_tensor(operation, "indices"));
}

/* a * b + self, a / b + self: times `value`. */
struct tensor *torch_read_add_product(struct onnx_reader *reader, const struct operation *operation) {
    struct tensor *product = call_binary(reader, operation, torch_node_of(operation)->operator->onnx, "product",
                                         torch_tensor(operation, "tensor1"), torch_tensor(operation, "tensor2"));
    return call_binary(reader, operation, "Add", NULL, torch_tensor(operation, "self"),
                       scaled(reader, operation, "value", product));
}

struct tensor *torch_read_einsum(struct onnx_reader *reader, const struct operation *operation) {
    const char *equation = torch_word(operation, "equation");
    size_t count;
    struct tensor **tensors = torch_tensors(operation, "tensors", &count);
    struct call call = call_new(reader, operation, "Einsum");
    for (size_t i = 0; i < count; i++) call_operand(&call, tensors[i]);
    call_text(&call, "equation", equation ? equation : "");
    return call_read(&call, NULL);
}
