/* Layers: products, convolutions, normalisation, pooling. The channels stand as in ONNX. */
#include "frontend/torch/torch.h"

#include <inttypes.h>
#include <string.h>

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

struct tensor *torch_read_addmm(struct onnx_reader *reader, const struct operation *operation) {
    if (torch_real(reader, operation, "alpha", 1) != 1 || torch_real(reader, operation, "beta", 1) != 1)
        return onnx_refuse(reader, operation, NULL, "alpha and beta other than 1");
    struct tensor *product = call_binary(reader, operation, "MatMul", "product", torch_tensor(operation, "mat1"),
                                         torch_tensor(operation, "mat2"));
    return call_binary(reader, operation, "Add", NULL, product, torch_tensor(operation, "self"));
}

struct tensor *torch_read_product(struct onnx_reader *reader, const struct operation *operation) {
    struct tensor *other = torch_tensor(operation, torch_has(operation, "mat2") ? "mat2" : "other");
    return call_binary(reader, operation, "MatMul", NULL, torch_tensor(operation, "self"), other);
}

/* A number for each axis of the image: one of the argument stands for all. -1 after a diagnosis. */
static int image_axes(struct onnx_reader *reader, const struct operation *operation, const char *name, int axes,
                      int64_t otherwise, int64_t *list) {
    int count = torch_integers(reader, operation, name, list);
    if (count < 0) return -1;
    if (!count) list[count++] = otherwise;
    while (count == 1 && axes > 1 && count < axes) {
        for (int i = 1; i < axes; i++) list[i] = list[0];
        count = axes;
    }
    for (int i = 0; i < count; i++)
        if (list[i] < 0 || list[i] > ONNX_ELEMENTS_MAX) count = 0;
    if (count == axes) return 0;
    onnx_refuse(reader, operation, NULL, "'%s' is not one length an axis", name);
    return -1;
}

static int call_axes(struct call *call, const char *name, const char *as, int axes, int64_t otherwise) {
    int64_t list[2 * SHAPE_RANK_MAX];
    if (image_axes(call->reader, call->node, name, axes, otherwise, list) < 0) return -1;
    if (!strcmp(as, "pads")) memcpy(list + axes, list, (size_t)axes * sizeof *list);
    call_integers(call, as, list, (size_t)axes * (strcmp(as, "pads") ? 1 : 2));
    return 0;
}

/* "same" is what ONNX has as the upper one; "valid" is none. */
static int call_padding(struct call *call, int axes) {
    const char *word = torch_word(call->node, "padding");
    if (!word) return call_axes(call, "padding", "pads", axes, 0);
    bool same = !strcmp(word, "same");
    if (!same && strcmp(word, "valid")) {
        onnx_refuse(call->reader, call->node, NULL, "padding '%s' is not read", word);
        return -1;
    }
    call_text(call, "auto_pad", same ? "SAME_UPPER" : "VALID");
    return 0;
}

static int image_rank(struct onnx_reader *reader, const struct operation *operation, const struct tensor *x) {
    if (x && x->shape.rank >= 3 && x->shape.rank <= 5) return x->shape.rank - 2;
    onnx_refuse(reader, operation, "give the batch an axis of its own", "its operand is no image of channels");
    return -1;
}

struct tensor *torch_read_conv(struct onnx_reader *reader, const struct operation *operation) {
    struct tensor *x = torch_tensor(operation, "input"), *bias = torch_tensor(operation, "bias");
    const int axes = image_rank(reader, operation, x);
    if (axes < 0) return NULL;
    struct call call = call_new(reader, operation, "Conv");
    call_operand(&call, x);
    call_operand(&call, torch_tensor(operation, "weight"));
    if (bias) call_operand(&call, bias);
    call_integer(&call, "group", torch_integer(reader, operation, "groups", 1));
    if (call_axes(&call, "stride", "strides", axes, 1) < 0 || call_axes(&call, "dilation", "dilations", axes, 1) < 0 ||
        call_padding(&call, axes) < 0)
        return NULL;
    return call_read(&call, NULL);
}

/* A number for each of `count`. */
static struct tensor *filled(struct onnx_reader *reader, int64_t count, float number) {
    const struct shape shape = {.rank = 1, .dim = {count}};
    struct tensor *tensor = tensor_new(reader, TENSOR_REALS, ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT, shape);
    tensor->reals = ARENA_ARRAY(reader->arena, float, count + 1);
    for (int64_t i = 0; i < count; i++) tensor->reals[i] = number;
    return tensor;
}

struct tensor *torch_read_batch_norm(struct onnx_reader *reader, const struct operation *operation) {
    struct tensor *x = torch_tensor(operation, "input"), *mean = torch_tensor(operation, "running_mean");
    struct tensor *weight = torch_tensor(operation, "weight"), *bias = torch_tensor(operation, "bias");
    if (torch_flag(operation, "training", true))
        return onnx_refuse(reader, operation, "export model.eval()", "the normalisation is in training mode");
    if (!mean || x->shape.rank < 2)
        return onnx_refuse(reader, operation, NULL, "it has no running mean, or no channels");
    struct call call = call_new(reader, operation, "BatchNormalization");
    call_operand(&call, x);
    call_operand(&call, weight ? weight : filled(reader, x->shape.dim[1], 1));
    call_operand(&call, bias ? bias : filled(reader, x->shape.dim[1], 0));
    call_operand(&call, mean);
    call_operand(&call, torch_tensor(operation, "running_var"));
    call_real(&call, "epsilon", (float)torch_real(reader, operation, "eps", 1e-5));
    return call_read(&call, NULL);
}

struct tensor *torch_read_layer_norm(struct onnx_reader *reader, const struct operation *operation) {
    int64_t shape[SHAPE_RANK_MAX], count = 1;
    int rank = torch_integers(reader, operation, "normalized_shape", shape);
    struct tensor *weight = torch_tensor(operation, "weight"), *bias = torch_tensor(operation, "bias");
    if (rank < 1) return rank < 0 ? NULL : onnx_refuse(reader, operation, NULL, "it says no shape");
    for (int i = 0; i < rank; i++) {
        if (shape[i] < 1 || shape[i] > ONNX_ELEMENTS_MAX / count)
            return onnx_refuse(reader, operation, NULL, "axis %d is of %" PRId64, i, shape[i]);
        count *= shape[i];
    }
    struct call call = call_new(reader, operation, "LayerNormalization");
    if (!weight && rank > 1)
        weight =
            call_with_integers(reader, operation, "Reshape", "ones", filled(reader, count, 1), shape, (size_t)rank);
    call_operand(&call, torch_tensor(operation, "input"));
    call_operand(&call, weight ? weight : filled(reader, count, 1));
    if (bias) call_operand(&call, bias);
    call_integer(&call, "axis", -rank);
    call_real(&call, "epsilon", (float)torch_real(reader, operation, "eps", 1e-5));
    return call_read(&call, NULL);
}

struct tensor *torch_read_pool(struct onnx_reader *reader, const struct operation *operation) {
    struct tensor *x = torch_tensor(operation, "self");
    const int axes = image_rank(reader, operation, x);
    const char *op_type = torch_node_of(operation)->operator->onnx;
    int64_t stride[SHAPE_RANK_MAX];
    if (axes < 0) return NULL;
    if (torch_flag(operation, "ceil_mode", false))
        return onnx_refuse(reader, operation, "use ceil_mode=False and pad", "'ceil_mode': windows that hang over");
    struct call call = call_new(reader, operation, op_type);
    call_operand(&call, x);
    int strides = torch_integers(reader, operation, "stride", stride);
    if (strides < 0 || call_axes(&call, "kernel_size", "kernel_shape", axes, 0) < 0 ||
        call_axes(&call, strides ? "stride" : "kernel_size", "strides", axes, 0) < 0 ||
        call_axes(&call, "padding", "pads", axes, 0) < 0)
        return NULL;
    if (!strcmp(op_type, "AveragePool"))
        call_integer(&call, "count_include_pad", torch_flag(operation, "count_include_pad", true));
    else if (call_axes(&call, "dilation", "dilations", axes, 1) < 0)
        return NULL;
    return call_read(&call, NULL);
}

/* Windows that are all alike: where the lengths divide. */
struct tensor *torch_read_adaptive_pool(struct onnx_reader *reader, const struct operation *operation) {
    struct tensor *x = torch_tensor(operation, "self");
    const int axes = image_rank(reader, operation, x);
    int64_t size[SHAPE_RANK_MAX];
    if (axes < 0 || image_axes(reader, operation, "output_size", axes, 0, size) < 0) return NULL;
    for (int i = 0; i < axes; i++) {
        int64_t have = x->shape.dim[i + 2];
        if (size[i] < 1 || have % size[i])
            return onnx_refuse(reader, operation, NULL, "%" PRId64 " entries do not divide into %" PRId64, have,
                               size[i]);
        size[i] = have / size[i];
    }
    struct call call = call_new(reader, operation, torch_node_of(operation)->operator->onnx);
    call_operand(&call, x);
    call_integers(&call, "kernel_shape", size, (size_t)axes);
    call_integers(&call, "strides", size, (size_t)axes);
    return call_read(&call, NULL);
}

struct tensor *torch_read_embedding(struct onnx_reader *reader, const struct operation *operation) {
    return call_binary(reader, operation, "Gather", NULL, torch_tensor(operation, "weight"),
                       torch_tensor(operation, "indices"));
}
