/* Numbers that are known without an event: constants, shapes, and what is made of them. */
#include "frontend/tensorflow/tensorflow.h"

#include <inttypes.h>

#define TYPE(name) ONNX__TENSOR_PROTO__DATA_TYPE__##name

struct tensor *tf_read_const(struct onnx_reader *reader, const struct operation *operation) {
    const Tensorflow__AttrValue *value = tf_attribute(tf_node_of(operation)->definition, "value");
    if (!value || value->value_case != TENSORFLOW__ATTR_VALUE__VALUE_TENSOR)
        return onnx_refuse(reader, operation, NULL, "the constant has no value");
    return tf_tensor(reader, operation, value->tensor);
}

struct tensor *tf_read_default(struct onnx_reader *reader, const struct operation *operation) {
    if (tensor_is_static(operation->inputs[0])) return operation->inputs[0];
    return onnx_refuse(reader, operation, NULL, "its default depends on the event");
}

/* Nobody trains here. */
struct tensor *tf_read_learning_phase(struct onnx_reader *reader, const struct operation *operation) {
    (void)operation;
    struct tensor *phase = tensor_integers(reader, (struct shape){0}, &(int64_t){0});
    phase->type = TYPE(BOOL);
    return phase;
}

static struct tensor *shape_as(struct onnx_reader *reader, const struct operation *operation, struct tensor *numbers) {
    int type = tf_type(operation, "out_type");
    return call_cast(reader, operation, "type", numbers, type ? type : TYPE(INT32));
}

struct tensor *tf_read_shape(struct onnx_reader *reader, const struct operation *operation) {
    return shape_as(reader, operation, call_unary(reader, operation, "Shape", NULL, operation->inputs[0]));
}

static struct tensor *single(struct onnx_reader *reader, const struct operation *operation, int64_t number) {
    return shape_as(reader, operation, tensor_integers(reader, (struct shape){0}, &number));
}

struct tensor *tf_read_rank(struct onnx_reader *reader, const struct operation *operation) {
    return single(reader, operation, operation->inputs[0]->shape.rank);
}

struct tensor *tf_read_size(struct onnx_reader *reader, const struct operation *operation) {
    if (operation->inputs[0]->batch_axis >= 0)
        return onnx_refuse(reader, operation, "take the size of one event's numbers", "it counts the batch, too");
    return single(reader, operation, (int64_t)tensor_elements(operation->inputs[0]));
}

struct tensor *tf_read_range(struct onnx_reader *reader, const struct operation *operation) {
    int64_t start, limit, step, count = 0;
    if (tf_static_integer(reader, operation, 0, "start", &start) < 0 ||
        tf_static_integer(reader, operation, 1, "limit", &limit) < 0 ||
        tf_static_integer(reader, operation, 2, "step", &step) < 0)
        return NULL;
    bool sane = step && start > INT32_MIN && start < INT32_MAX && limit > INT32_MIN && limit < INT32_MAX &&
                step > INT32_MIN && step < INT32_MAX;
    if (sane && (limit - start) / step >= 0) count = (limit - start + (step > 0 ? step - 1 : step + 1)) / step;
    if (!sane || count < 0 || count > ONNX_ELEMENTS_MAX / 64)
        return onnx_refuse(reader, operation, NULL, "%" PRId64 " to %" PRId64 " by %" PRId64 " is too long a range",
                           start, limit, step);
    int64_t *numbers = ARENA_ARRAY(reader->arena, int64_t, count + 1);
    for (int64_t i = 0; i < count; i++) numbers[i] = start + i * step;
    struct tensor *range = integers_vector(reader, numbers, (size_t)count);
    range->type = operation->inputs[0]->type;
    return range;
}

/* All elements alike. The batch stands as 1. */
static struct tensor *filled(struct onnx_reader *reader, const struct operation *operation, struct shape shape,
                             const struct tensor *number) {
    size_t count = shape_elements(&shape);
    struct tf_reading *reading = reader->foreign;
    reading->filled += count;
    if (reading->filled > TF_FILLED_MAX) return onnx_refuse(reader, operation, NULL, "the tensor is too large");
    struct tensor *tensor = tensor_new(reader, number->state, number->type, shape);
    if (number->state == TENSOR_REALS) {
        tensor->reals = ARENA_ARRAY(reader->arena, float, count + 1);
        for (size_t i = 0; i < count; i++) tensor->reals[i] = number->reals[0];
    } else {
        tensor->integers = ARENA_ARRAY(reader->arena, int64_t, count + 1);
        for (size_t i = 0; i < count; i++) tensor->integers[i] = number->integers[0];
    }
    return tensor;
}

struct tensor *tf_read_fill(struct onnx_reader *reader, const struct operation *operation) {
    const struct tensor *number = operation->inputs[1];
    size_t rank, count = 1;
    const int64_t *dims = static_integers(reader, operation, 0, "dimensions", &rank);
    struct shape shape = {.rank = (int)rank};
    if (!dims) return NULL;
    if (!tensor_is_static(number) || tensor_elements(number) != 1 || rank > SHAPE_RANK_MAX)
        return onnx_refuse(reader, operation, NULL, "its value is no constant, or it has too many axes");
    for (size_t i = 0; i < rank; i++) {
        shape.dim[i] = dims[i];
        if (dims[i] < 0 || dims[i] > ONNX_ELEMENTS_MAX || (dims[i] && count > ONNX_ELEMENTS_MAX / (size_t)dims[i]))
            return onnx_refuse(reader, operation, NULL, "dimension %zu is %" PRId64, i, dims[i]);
        count *= (size_t)dims[i];
    }
    return filled(reader, operation, shape, number);
}

static struct tensor *like(struct onnx_reader *reader, const struct operation *operation, int64_t number) {
    const struct tensor *x = operation->inputs[0];
    bool real = type_is_real(x->type);
    struct tensor *one = real ? onnx_number(reader, operation, "number", (float)number)
                              : tensor_integers(reader, (struct shape){0}, &number);
    one->type = x->type;
    return filled(reader, operation, x->shape, one);
}

struct tensor *tf_read_zeros_like(struct onnx_reader *reader, const struct operation *operation) {
    return like(reader, operation, 0);
}

struct tensor *tf_read_ones_like(struct onnx_reader *reader, const struct operation *operation) {
    return like(reader, operation, 1);
}
