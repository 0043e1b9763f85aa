/* Convolutions and pooling. The channels stand as in ONNX. */
#include "frontend/torch/torch.h"

#include <inttypes.h>
#include <string.h>

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

static bool is_transposed(const struct operation *operation) {
    return torch_flag(operation, "transposed", false) ||
           strstr(torch_node_of(operation)->operator->name, "transpose") != NULL;
}

struct tensor *torch_read_conv(struct onnx_reader *reader, const struct operation *operation) {
    struct tensor *x = torch_tensor(operation, "input"), *bias = torch_tensor(operation, "bias");
    const int axes = image_rank(reader, operation, x);
    if (axes < 0) return NULL;
    bool transposed = is_transposed(operation);
    struct call call = call_new(reader, operation, transposed ? "ConvTranspose" : "Conv");
    call_operand(&call, x);
    call_operand(&call, torch_tensor(operation, "weight"));
    if (bias) call_operand(&call, bias);
    call_integer(&call, "group", torch_integer(reader, operation, "groups", 1));
    if (call_axes(&call, "stride", "strides", axes, 1) < 0 || call_axes(&call, "dilation", "dilations", axes, 1) < 0 ||
        call_padding(&call, axes) < 0 ||
        (transposed && call_axes(&call, "output_padding", "output_padding", axes, 0) < 0))
        return NULL;
    return call_read(&call, NULL);
}

struct tensor *torch_read_pool(struct onnx_reader *reader, const struct operation *operation) {
    struct tensor *x = torch_tensor(operation, "self");
    const int axes = image_rank(reader, operation, x);
    const char *op_type = torch_node_of(operation)->operator->onnx;
    int64_t stride[SHAPE_RANK_MAX];
    if (axes < 0) return NULL;
    struct call call = call_new(reader, operation, op_type);
    call_operand(&call, x);
    call_integer(&call, "ceil_mode", torch_flag(operation, "ceil_mode", false));
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

/* Entry i of an axis is of those from floor(i * have / want) to ceil((i + 1) * have / want). */
static struct tensor *adapted(struct onnx_reader *reader, const struct operation *operation, struct tensor *x,
                              int64_t axis, int64_t want) {
    const int64_t have = x->shape.dim[axis];
    struct call all = call_new(reader, operation, "Concat");
    for (int64_t i = 0; i < want; i++) {
        const int64_t first = i * have / want, last = ((i + 1) * have + want - 1) / want;
        const char *part = arena_printf(reader->arena, "axis_%" PRId64 "_%" PRId64, axis, i);
        struct call call = call_new(reader, operation, torch_node_of(operation)->operator->onnx);
        call_operand(&call, call_slice(reader, operation, arena_printf(reader->arena, "%s.window", part), x, axis,
                                       first, last - first));
        call_operand(&call, integers_vector(reader, &axis, 1));
        call_operand(&all, call_read(&call, part));
    }
    call_integer(&all, "axis", axis);
    return call_read(&all, arena_printf(reader->arena, "axis_%" PRId64, axis));
}

/* A list's entries that are None leave their axis as it is. */
struct tensor *torch_read_adaptive_pool(struct onnx_reader *reader, const struct operation *operation) {
    struct tensor *x = torch_tensor(operation, "self");
    const int axes = image_rank(reader, operation, x);
    int64_t size[SHAPE_RANK_MAX];
    if (axes < 0 || image_axes(reader, operation, "output_size", axes, 0, size) < 0) return NULL;
    for (int i = 0; i < axes; i++)
        if (size[i] < 1 || size[i] > ONNX_UNROLLED_MAX)
            return onnx_refuse(reader, operation, NULL, "it makes %" PRId64 " entries of axis %d", size[i], i + 2);
    for (int i = 0; x && i < axes; i++)
        if (size[i] != x->shape.dim[i + 2]) x = adapted(reader, operation, x, i + 2, size[i]);
    return x;
}
