/* Comparisons, logic and choices. A truth is 0 or 1. */
#include "frontend/torch/torch.h"

#include <math.h>
#include <string.h>

#define TYPE(name) ONNX__TENSOR_PROTO__DATA_TYPE__##name

static struct tensor *truth_of(struct onnx_reader *reader, const struct operation *operation, const char *part,
                               struct tensor *x) {
    return call_cast(reader, operation, part, x, TYPE(BOOL));
}

/* x == infinity, whose numbers no constant has. */
static struct tensor *is_infinite(struct onnx_reader *reader, const struct operation *operation, bool positive) {
    struct call call = call_new(reader, operation, "IsInf");
    call_operand(&call, torch_tensor(operation, "self"));
    call_integer(&call, "detect_positive", positive);
    call_integer(&call, "detect_negative", !positive);
    return call_read(&call, NULL);
}

struct tensor *torch_read_comparison(struct onnx_reader *reader, const struct operation *operation) {
    const char *op_type = torch_node_of(operation)->operator->onnx;
    struct tensor *x = torch_tensor(operation, "self"), *other = torch_tensor(operation, "other");
    const double number = other ? 0 : torch_real(reader, operation, "other", 0);
    bool equal = !strcmp(op_type, "Equal");
    if (isinf(number) && equal) return is_infinite(reader, operation, number > 0);
    if (!other) other = torch_operand(reader, operation, "other");
    return call_binary(reader, operation, op_type, NULL, torch_as_real(reader, operation, "self", x),
                       torch_as_real(reader, operation, "other", other));
}

struct tensor *torch_read_not_equal(struct onnx_reader *reader, const struct operation *operation) {
    struct tensor *x = torch_as_real(reader, operation, "self", torch_tensor(operation, "self"));
    struct tensor *other = torch_as_real(reader, operation, "other", torch_operand(reader, operation, "other"));
    return call_unary(reader, operation, "Not", NULL, call_binary(reader, operation, "Equal", "equal", x, other));
}

/* Bit by bit of truths alone. */
struct tensor *torch_read_logic(struct onnx_reader *reader, const struct operation *operation) {
    struct tensor *x = torch_tensor(operation, "self"), *other = torch_tensor(operation, "other");
    bool bits = strstr(torch_node_of(operation)->operator->name, "bitwise") != NULL;
    if (!other) return onnx_refuse(reader, operation, NULL, "its second operand is no tensor");
    if (bits && (x->type != TYPE(BOOL) || other->type != TYPE(BOOL)))
        return onnx_refuse(reader, operation, NULL, "bits of whole numbers are not read, truths are");
    return call_binary(reader, operation, torch_node_of(operation)->operator->onnx, NULL,
                       truth_of(reader, operation, "self", x), truth_of(reader, operation, "other", other));
}

struct tensor *torch_read_not(struct onnx_reader *reader, const struct operation *operation) {
    struct tensor *x = torch_tensor(operation, "self");
    bool bits = strstr(torch_node_of(operation)->operator->name, "bitwise") != NULL;
    if (bits && x->type != TYPE(BOOL))
        return onnx_refuse(reader, operation, NULL, "bits of whole numbers are not read, truths are");
    return call_unary(reader, operation, "Not", NULL, truth_of(reader, operation, "self", x));
}

/* any: the largest truth; all: the smallest. */
struct tensor *torch_read_any(struct onnx_reader *reader, const struct operation *operation) {
    int64_t axes[SHAPE_RANK_MAX];
    int count = torch_integers(reader, operation, "dim", axes);
    if (count < 0) return NULL;
    struct tensor *truth = truth_of(reader, operation, "truth", torch_tensor(operation, "self"));
    struct call call = call_new(reader, operation, torch_node_of(operation)->operator->onnx);
    call_operand(&call, call_cast(reader, operation, "number", truth, TYPE(FLOAT)));
    if (count) call_operand(&call, integers_vector(reader, axes, (size_t)count));
    call_integer(&call, "keepdims", torch_flag(operation, "keepdim", false));
    return torch_retyped(reader, call_read(&call, NULL), TYPE(BOOL));
}

/* Of what is known, infinities too. */
static struct tensor *known_choice(struct onnx_reader *reader, const struct tensor *condition,
                                   const struct tensor *first, const struct tensor *second) {
    struct shape shape;
    if (!shape_broadcast(&first->shape, &second->shape, &shape) ||
        !shape_broadcast(&shape, &condition->shape, &shape) || shape_elements(&shape) > ONNX_MADE_MAX)
        return NULL;
    struct tensor *result = torch_filled(reader, shape, first->type, 0);
    for (size_t i = 0; i < shape_elements(&shape); i++) {
        const struct tensor *from = condition->integers[shape_project(&shape, i, &condition->shape)] ? first : second;
        result->reals[i] = from->reals[shape_project(&shape, i, &from->shape)];
    }
    return result;
}

static struct tensor *chosen(struct onnx_reader *reader, const struct operation *operation, struct tensor *condition,
                             struct tensor *first, struct tensor *second) {
    if (condition && first && second && condition->integers && first->reals && second->reals) {
        struct tensor *known = known_choice(reader, condition, first, second);
        if (known) return known;
    }
    struct call call = call_new(reader, operation, "Where");
    call_operand(&call, condition);
    call_operand(&call, torch_masking(reader, operation, first));
    call_operand(&call, torch_masking(reader, operation, second));
    return call_read(&call, NULL);
}

struct tensor *torch_read_where(struct onnx_reader *reader, const struct operation *operation) {
    struct tensor *condition = torch_tensor(operation, "condition");
    struct tensor *first = torch_operand(reader, operation, "self"),
                  *second = torch_operand(reader, operation, "other");
    if (!first || !second)
        return onnx_refuse(reader, operation, "use where(condition, a, b)", "it gives places, not numbers");
    return chosen(reader, operation, condition, torch_as(reader, operation, "first", first, second),
                  torch_as(reader, operation, "second", second, first));
}

struct tensor *torch_read_masked_fill(struct onnx_reader *reader, const struct operation *operation) {
    struct tensor *x = torch_tensor(operation, "self"), *value = torch_tensor(operation, "value");
    if (!value) value = torch_operand(reader, operation, "value");
    return chosen(reader, operation, torch_tensor(operation, "mask"), value, x);
}
