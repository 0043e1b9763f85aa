/* Element by element, where TensorFlow says it otherwise than ONNX. */
#include "frontend/tensorflow/tensorflow.h"

#include <inttypes.h>

/* A constant second: ONNX's reader takes a single one as a limit. */
struct tensor *tf_read_extreme(struct onnx_reader *reader, const struct operation *operation) {
    struct tensor *a = operation->inputs[0], *b = operation->inputs[1];
    bool swap = tensor_is_static(a) && !tensor_is_static(b);
    return call_binary(reader, operation, tf_node_of(operation)->operator->onnx, NULL, swap ? b : a, swap ? a : b);
}

struct tensor *tf_read_square(struct onnx_reader *reader, const struct operation *operation) {
    return call_binary(reader, operation, "Mul", NULL, operation->inputs[0], operation->inputs[0]);
}

struct tensor *tf_read_squared_difference(struct onnx_reader *reader, const struct operation *operation) {
    struct tensor *difference =
        call_binary(reader, operation, "Sub", "difference", operation->inputs[0], operation->inputs[1]);
    return call_binary(reader, operation, "Mul", NULL, difference, difference);
}

struct tensor *tf_read_rsqrt(struct onnx_reader *reader, const struct operation *operation) {
    return call_unary(reader, operation, "Reciprocal", NULL,
                      call_unary(reader, operation, "Sqrt", "root", operation->inputs[0]));
}

struct tensor *tf_read_log1p(struct onnx_reader *reader, const struct operation *operation) {
    return call_unary(
        reader, operation, "Log", NULL,
        call_binary(reader, operation, "Add", "more", operation->inputs[0], onnx_number(reader, operation, "one", 1)));
}

struct tensor *tf_read_expm1(struct onnx_reader *reader, const struct operation *operation) {
    return call_binary(reader, operation, "Sub", NULL,
                       call_unary(reader, operation, "Exp", "exp", operation->inputs[0]),
                       onnx_number(reader, operation, "one", 1));
}

/* Of whole numbers it rounds toward 0. */
struct tensor *tf_read_div(struct onnx_reader *reader, const struct operation *operation) {
    if (!type_is_real(operation->inputs[0]->type))
        return onnx_refuse(reader, operation, NULL, "a division of whole numbers");
    return call_binary(reader, operation, "Div", NULL, operation->inputs[0], operation->inputs[1]);
}

struct tensor *tf_read_erfc(struct onnx_reader *reader, const struct operation *operation) {
    return call_binary(reader, operation, "Sub", NULL, onnx_number(reader, operation, "one", 1),
                       call_unary(reader, operation, "Erf", "erf", operation->inputs[0]));
}

struct tensor *tf_read_relu6(struct onnx_reader *reader, const struct operation *operation) {
    struct call call = call_new(reader, operation, "Clip");
    call_operand(&call, operation->inputs[0]);
    call_operand(&call, onnx_number(reader, operation, "zero", 0));
    call_operand(&call, onnx_number(reader, operation, "six", 6));
    return call_read(&call, NULL);
}

struct tensor *tf_read_leaky_relu(struct onnx_reader *reader, const struct operation *operation) {
    struct call call = call_new(reader, operation, "LeakyRelu");
    call_operand(&call, operation->inputs[0]);
    call_real(&call, "alpha", tf_real(reader, operation, "alpha", 0.2f));
    return call_read(&call, NULL);
}

struct tensor *tf_read_softmax(struct onnx_reader *reader, const struct operation *operation) {
    struct call call = call_new(reader, operation, tf_node_of(operation)->operator->onnx);
    call_operand(&call, operation->inputs[0]);
    call_integer(&call, "axis", -1);
    return call_read(&call, NULL);
}

struct tensor *tf_read_cast(struct onnx_reader *reader, const struct operation *operation) {
    int type = tf_type(operation, "DstT");
    if (!type) return onnx_refuse(reader, operation, NULL, "a cast to a type that bxc does not read");
    return call_cast(reader, operation, NULL, operation->inputs[0], type);
}

/* Of whole numbers that are known: shapes. Where none is below 0, ONNX's division is TensorFlow's. */
static bool are_counts(const struct operation *operation) {
    for (uint32_t i = 0; i < 2; i++) {
        const struct tensor *x = operation->inputs[i];
        if (x->state != TENSOR_INTEGERS) return false;
        for (size_t k = 0; k < tensor_elements(x); k++)
            if (x->integers[k] < 0) return false;
    }
    return true;
}

struct tensor *tf_read_floor_div(struct onnx_reader *reader, const struct operation *operation) {
    struct tensor *a = operation->inputs[0], *b = operation->inputs[1];
    if (are_counts(operation)) return call_binary(reader, operation, "Div", NULL, a, b);
    if (!type_is_real(a->type)) return onnx_refuse(reader, operation, NULL, "a division of whole numbers");
    return call_unary(reader, operation, "Floor", NULL, call_binary(reader, operation, "Div", "quotient", a, b));
}

/* a - floor(a / b) * b, of counts. */
struct tensor *tf_read_floor_mod(struct onnx_reader *reader, const struct operation *operation) {
    struct tensor *a = operation->inputs[0], *b = operation->inputs[1];
    if (!are_counts(operation))
        return onnx_refuse(reader, operation, NULL, "a remainder of numbers that are not known without an event");
    struct tensor *quotient = call_binary(reader, operation, "Div", "quotient", a, b);
    return call_binary(reader, operation, "Sub", NULL, a,
                       call_binary(reader, operation, "Mul", "multiple", quotient, b));
}

/* ---- comparisons ---- */

/* Shapes that do not go together may mean that nothing is equal. */
static bool shapes_go_together(struct onnx_reader *reader, const struct operation *operation) {
    struct shape shape;
    tf_flag(reader, operation, "incompatible_shape_error", true);
    if (shape_broadcast(&operation->inputs[0]->shape, &operation->inputs[1]->shape, &shape)) return true;
    onnx_refuse(reader, operation, NULL, "shapes do not go together");
    return false;
}

/* The older Select takes a condition for each row; the newer one broadcasts. */
struct tensor *tf_read_select(struct onnx_reader *reader, const struct operation *operation) {
    if (!shape_equal(&operation->inputs[0]->shape, &operation->inputs[1]->shape) && operation->inputs[0]->shape.rank)
        return onnx_refuse(reader, operation, "use tf.where, which makes SelectV2",
                           "a condition for each row of its operands");
    struct call call = call_new(reader, operation, "Where");
    for (uint32_t i = 0; i < 3; i++) call_operand(&call, operation->inputs[i]);
    return call_read(&call, NULL);
}

struct tensor *tf_read_not_equal(struct onnx_reader *reader, const struct operation *operation) {
    if (!shapes_go_together(reader, operation)) return NULL;
    return call_unary(reader, operation, "Not", NULL,
                      call_binary(reader, operation, "Equal", "equal", operation->inputs[0], operation->inputs[1]));
}

struct tensor *tf_read_equal(struct onnx_reader *reader, const struct operation *operation) {
    if (!shapes_go_together(reader, operation)) return NULL;
    return call_binary(reader, operation, "Equal", NULL, operation->inputs[0], operation->inputs[1]);
}
