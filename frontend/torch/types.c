/* Types of numbers: what PyTorch does without being told where operands have several. */
#include "frontend/torch/torch.h"

#define TYPE(name) ONNX__TENSOR_PROTO__DATA_TYPE__##name

struct tensor *torch_as_real(struct onnx_reader *reader, const struct operation *operation, const char *part,
                             struct tensor *x) {
    if (!x || type_is_real(x->type)) return x;
    return call_cast(reader, operation, arena_printf(reader->arena, "%s_as_real", part), x, TYPE(FLOAT));
}

struct tensor *torch_as(struct onnx_reader *reader, const struct operation *operation, const char *part,
                        struct tensor *x, const struct tensor *other) {
    if (!x || !other || x->type == other->type || type_is_real(x->type)) return x;
    bool truth = x->type == TYPE(BOOL);
    if (!type_is_real(other->type) && !truth) return x;
    return call_cast(reader, operation, arena_printf(reader->arena, "%s_as_%s", part, onnx_type_name(other->type)), x,
                     other->type);
}

struct tensor *torch_as_asked(struct onnx_reader *reader, const struct operation *operation) {
    struct tensor *x = torch_self(operation);
    if (!torch_has(operation, "dtype")) return x;
    const int type = torch_element_type(torch_integer(reader, operation, "dtype", 0));
    if (!type) return onnx_refuse(reader, operation, NULL, "numbers of a type that bxc does not read");
    return call_cast(reader, operation, "as_asked", x, type);
}

struct tensor *torch_retyped(struct onnx_reader *reader, struct tensor *x, int type) {
    if (!x || x->type == type) return x;
    if (tensor_is_static(x)) {
        struct tensor *copy = tensor_new(reader, TENSOR_INTEGERS, type, x->shape);
        const size_t count = tensor_elements(x);
        copy->integers = ARENA_ARRAY(reader->arena, int64_t, count + 1);
        for (size_t i = 0; i < count; i++) copy->integers[i] = x->integers ? x->integers[i] : (int64_t)x->reals[i];
        return copy;
    }
    struct tensor *copy = ARENA_NEW(reader->arena, struct tensor);
    *copy = *x;
    copy->type = type;
    return copy;
}
