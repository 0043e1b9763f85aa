/* Scaled dot-product attention: softmax(q k^T * scale + mask) v. */
#include "frontend/torch/torch.h"

#include <inttypes.h>
#include <math.h>

#define TYPE(name) ONNX__TENSOR_PROTO__DATA_TYPE__##name

/* What stands for minus infinity in front of a softmax: its exponential is 0 beside any score. */
static const float never = -1e9f;

struct tensor *torch_masking(struct onnx_reader *reader, const struct operation *operation, struct tensor *x) {
    const struct torch_reading *reading = reader->foreign;
    const struct torch_uses *who = name_map_find(&reading->uses, torch_node_of(operation)->proto.output[0]);
    if (!x || x->state != TENSOR_REALS || !who || who->softmax != who->count) return x;
    const size_t count = tensor_elements(x);
    size_t first = 0;
    while (first < count && !(isinf(x->reals[first]) && x->reals[first] < 0)) first++;
    if (first == count) return x;
    struct tensor *mask = torch_filled(reader, x->shape, x->type, 0);
    mask->name = arena_printf(reader->arena, "%s.mask", operation->name);
    for (size_t i = 0; i < count; i++) mask->reals[i] = isinf(x->reals[i]) && x->reals[i] < 0 ? never : x->reals[i];
    return mask;
}

/* A mask of truths (where one looks) or of numbers to add, as the latter; what nobody looks at is `never`. */
static struct tensor *additive(struct onnx_reader *reader, const struct operation *operation,
                               const struct tensor *mask) {
    const size_t count = tensor_elements(mask);
    const int64_t keys = mask->shape.rank ? mask->shape.dim[mask->shape.rank - 1] : 1;
    struct tensor *sum = torch_filled(reader, mask->shape, TYPE(FLOAT), 0);
    sum->name = arena_printf(reader->arena, "%s.mask", operation->name);
    int64_t seen = 0;
    for (size_t i = 0; i < count; i++) {
        float number = mask->reals ? mask->reals[i] : mask->integers[i] ? 0 : never;
        if (isinf(number) && number < 0) number = never;
        sum->reals[i] = number;
        seen += number > never;
        if ((int64_t)(i + 1) % keys) continue;
        if (!seen) return onnx_refuse(reader, operation, NULL, "its mask leaves a query without any key");
        seen = 0;
    }
    return sum;
}

static struct tensor *causal(struct onnx_reader *reader, const struct operation *operation, int64_t queries,
                             int64_t keys) {
    struct tensor *mask = torch_filled(reader, (struct shape){.rank = 2, .dim = {queries, keys}}, TYPE(BOOL), 1);
    for (int64_t q = 0; q < queries; q++)
        for (int64_t k = q + 1; k < keys; k++) mask->integers[q * keys + k] = 0;
    return additive(reader, operation, mask);
}

/* Its mask, or none: false after a diagnosis. */
static bool find_mask(struct onnx_reader *reader, const struct operation *operation, int64_t queries, int64_t keys,
                      struct tensor **mask) {
    struct tensor *given = torch_tensor(operation, "attn_mask");
    *mask = NULL;
    if (torch_flag(operation, "is_causal", false)) {
        if (given) onnx_refuse(reader, operation, NULL, "a mask beside 'is_causal'");
        return !given && (*mask = causal(reader, operation, queries, keys));
    }
    if (!given) return true;
    if (tensor_is_static(given)) return (*mask = additive(reader, operation, given)) != NULL;
    if (type_is_real(given->type)) return *mask = given, true;
    onnx_refuse(reader, operation, "mask with constants, or add a number to the scores", "a mask that events decide");
    return false;
}

struct tensor *torch_read_attention(struct onnx_reader *reader, const struct operation *operation) {
    struct tensor *query = torch_tensor(operation, "query"), *key = torch_tensor(operation, "key"), *mask;
    const int rank = query ? query->shape.rank : 0;
    int64_t swapped[SHAPE_RANK_MAX];
    if (rank < 2 || !key || key->shape.rank != rank)
        return onnx_refuse(reader, operation, NULL, "its query and key are not of the same axes");
    if (torch_real(reader, operation, "dropout_p", 0) != 0)
        return onnx_refuse(reader, operation, "export model.eval()", "dropout is in training mode");
    if (torch_flag(operation, "enable_gqa", false))
        return onnx_refuse(reader, operation, "repeat keys and values for each head", "'enable_gqa': heads in groups");
    const double scale = torch_real(reader, operation, "scale", 1 / sqrt((double)query->shape.dim[rank - 1]));
    if (!find_mask(reader, operation, query->shape.dim[rank - 2], key->shape.dim[rank - 2], &mask)) return NULL;
    for (int i = 0; i < rank; i++) swapped[i] = i == rank - 1 ? rank - 2 : i == rank - 2 ? rank - 1 : i;
    query =
        call_binary(reader, operation, "Mul", "scaled", query, onnx_number(reader, operation, "scale", (float)scale));
    struct tensor *scores = call_binary(reader, operation, "MatMul", "scores", query,
                                        call_transpose(reader, operation, "key", key, swapped));
    if (mask) scores = call_binary(reader, operation, "Add", "masked", scores, mask);
    struct call call = call_new(reader, operation, "Softmax");
    call_operand(&call, scores);
    call_integer(&call, "axis", -1);
    return call_binary(reader, operation, "MatMul", NULL, call_read(&call, "weights"),
                       torch_tensor(operation, "value"));
}
