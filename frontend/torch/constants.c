/* Tensors that the model makes of nothing, and whole numbers that are lengths of axes. */
#include "frontend/torch/torch.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#define TYPE(name) ONNX__TENSOR_PROTO__DATA_TYPE__##name

struct tensor *torch_filled(struct onnx_reader *reader, struct shape shape, int type, double number) {
    const size_t count = shape_elements(&shape);
    bool real = type_is_real(type);
    struct tensor *tensor = tensor_new(reader, real ? TENSOR_REALS : TENSOR_INTEGERS, type, shape);
    if (real) tensor->reals = ARENA_ARRAY(reader->arena, float, count + 1);
    if (!real) tensor->integers = ARENA_ARRAY(reader->arena, int64_t, count + 1);
    for (size_t i = 0; i < count && real; i++) tensor->reals[i] = (float)number;
    for (size_t i = 0; i < count && !real; i++) tensor->integers[i] = (int64_t)number;
    return tensor;
}

/* What it says, else `otherwise`; 0 after a diagnosis. */
static int asked_type(struct onnx_reader *reader, const struct operation *operation, int otherwise) {
    if (!torch_has(operation, "dtype")) return otherwise;
    const int type = torch_element_type(torch_integer(reader, operation, "dtype", 0));
    if (!type) onnx_refuse(reader, operation, NULL, "numbers of a type that bxc does not read");
    return type;
}

/* The shape that `size` says, or that of the operand. */
static bool asked_shape(struct onnx_reader *reader, const struct operation *operation, struct shape *shape) {
    const struct tensor *like = torch_has(operation, "size") ? NULL : torch_tensor(operation, "self");
    *shape = like ? like->shape : (struct shape){0};
    if (like) return true;
    shape->rank = torch_integers(reader, operation, "size", shape->dim);
    size_t count = 1;
    for (int i = 0; i < shape->rank; i++) {
        if (shape->dim[i] < 0 || (shape->dim[i] && count > (size_t)ONNX_MADE_MAX / (size_t)shape->dim[i])) {
            onnx_refuse(reader, operation, NULL, "axis %d is of %" PRId64, i, shape->dim[i]);
            return false;
        }
        count *= (size_t)shape->dim[i];
    }
    return shape->rank >= 0;
}

/* full, zeros, ones and their like: of one number. */
struct tensor *torch_read_filled(struct onnx_reader *reader, const struct operation *operation) {
    const char *name = torch_node_of(operation)->operator->name;
    const struct tensor *like = torch_tensor(operation, "self");
    bool full = strstr(name, "full") != NULL;
    int usual = like ? like->type : TYPE(FLOAT);
    struct shape shape;
    if (full && !like && !torch_is_real(operation, "fill_value"))
        usual = torch_is_truth(operation, "fill_value") ? TYPE(BOOL) : TYPE(INT64);
    const int type = asked_type(reader, operation, usual);
    const double number = full ? torch_real(reader, operation, "fill_value", 0) : strstr(name, "ones") ? 1 : 0;
    if (!type || !asked_shape(reader, operation, &shape)) return NULL;
    if (isnan(number) || (!type_is_real(type) && fabs(number) > 9e15))
        return onnx_refuse(reader, operation, NULL, "it is filled with %g", number);
    return torch_filled(reader, shape, type, number);
}

struct tensor *torch_read_scalar_tensor(struct onnx_reader *reader, const struct operation *operation) {
    const int type = asked_type(reader, operation, TYPE(FLOAT));
    return type ? torch_filled(reader, (struct shape){0}, type, torch_real(reader, operation, "s", 0)) : NULL;
}

struct tensor *torch_read_arange(struct onnx_reader *reader, const struct operation *operation) {
    const double start = torch_real(reader, operation, "start", 0), end = torch_real(reader, operation, "end", 0),
                 step = torch_real(reader, operation, "step", 1), count = ceil((end - start) / step);
    bool real =
        torch_is_real(operation, "start") || torch_is_real(operation, "end") || torch_is_real(operation, "step");
    const int type = asked_type(reader, operation, real ? TYPE(FLOAT) : TYPE(INT64));
    if (!type) return NULL;
    if (!(count >= 0 && count <= ONNX_MADE_MAX))
        return onnx_refuse(reader, operation, NULL, "a range of %g numbers", count);
    struct tensor *tensor = torch_filled(reader, (struct shape){.rank = 1, .dim = {(int64_t)count}}, type, 0);
    for (size_t i = 0; i < (size_t)count; i++) {
        const double number = start + step * (double)i;
        if (tensor->reals) tensor->reals[i] = (float)number;
        if (tensor->integers) tensor->integers[i] = (int64_t)number;
    }
    return tensor;
}

/* ---- lengths of axes, in which the batch stands as 1 ---- */

struct tensor *torch_read_length(struct onnx_reader *reader, const struct operation *operation) {
    const char *what = torch_node_of(operation)->operator->name;
    const int64_t a = torch_integer(reader, operation, "a", 0), b = torch_integer(reader, operation, "b", 1);
    const int64_t most = INT64_C(1) << 30;
    if (a > most || a < -most || b > most || b < -most || (strstr(what, "floordiv") && !b))
        return onnx_refuse(reader, operation, NULL, "lengths of %" PRId64 " and %" PRId64, a, b);
    const int64_t result = strstr(what, "mul")   ? a * b
                           : strstr(what, "add") ? a + b
                           : strstr(what, "sub") ? a - b
                           : strstr(what, "neg") ? -a
                                                 : (a - ((a % b + b) % b)) / b;
    return tensor_integers(reader, (struct shape){0}, &result);
}
