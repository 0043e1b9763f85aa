/* Comparisons, logic and choices. A truth is 0 or 1, a number of one bit. */
#include "frontend/onnx/onnx.h"

#define TYPE(name) ONNX__TENSOR_PROTO__DATA_TYPE__##name

static struct tensor *unary(struct onnx_reader *reader, const struct operation *operation, enum op op, const char *what,
                            struct tensor *x, float alpha, float beta) {
    const union attributes attributes = {.activation = {.alpha = alpha, .beta = beta}};
    return x ? onnx_emit_tensor(reader, operation, op, what, &x, 1, &attributes, x->batch_axis) : NULL;
}

static struct tensor *binary(struct onnx_reader *reader, const struct operation *operation, enum op op,
                             const char *what, struct tensor *a, struct tensor *b) {
    struct tensor *pair[] = {a, b};
    if (!a || !b) return NULL;
    int batch = broadcast_batch(reader, operation, pair, 2);
    return batch == -2 ? NULL : onnx_emit_tensor(reader, operation, op, what, pair, 2, NULL, batch);
}

struct tensor *onnx_bit(struct onnx_reader *reader, const struct operation *operation, const char *what,
                        struct tensor *x) {
    struct format bit = {.width = 1, .fraction = 0};
    union attributes attributes = {.quantizer = {.rounding = ROUND_TRUNCATE, .overflow = OVERFLOW_SATURATE}};
    attributes.quantizer.formats = formats_uniform(reader->arena, bit);
    struct tensor *result =
        x ? onnx_emit_tensor(reader, operation, OP_NARROW, what, &x, 1, &attributes, x->batch_axis) : NULL;
    if (result) result->type = TYPE(BOOL);
    return result;
}

static const char *part(struct onnx_reader *reader, const char *what, const char *name) {
    return what ? arena_printf(reader->arena, "%s.%s", what, name) : name;
}

struct tensor *onnx_positive(struct onnx_reader *reader, const struct operation *operation, const char *what,
                             struct tensor *x) {
    return onnx_bit(reader, operation, what,
                    unary(reader, operation, OP_POSITIVE, part(reader, what, "step"), x, 0, 0));
}

struct tensor *onnx_not(struct onnx_reader *reader, const struct operation *operation, const char *what,
                        struct tensor *truth) {
    return binary(reader, operation, OP_SUB, what, onnx_number(reader, operation, part(reader, what, "one"), 1), truth);
}

struct tensor *onnx_equal(struct onnx_reader *reader, const struct operation *operation, const char *what,
                          struct tensor *a, struct tensor *b) {
    struct tensor *difference = binary(reader, operation, OP_SUB, part(reader, what, "difference"), a, b);
    struct tensor *distance =
        unary(reader, operation, OP_LEAKY_RELU, part(reader, what, "distance"), difference, -1, 0);
    return onnx_not(reader, operation, what, onnx_positive(reader, operation, part(reader, what, "differs"), distance));
}

static struct tensor *as_bool(struct tensor *truth) {
    if (truth) truth->type = TYPE(BOOL);
    return truth;
}

/* ---- comparisons ---- */

static struct tensor *second(struct onnx_reader *reader, const struct operation *operation) {
    return onnx_old_axis(reader, operation, operation->inputs[0], operation->inputs[1]);
}

/* a > b */
static struct tensor *above(struct onnx_reader *reader, const struct operation *operation, const char *what,
                            struct tensor *a, struct tensor *b) {
    return onnx_positive(reader, operation, what,
                         binary(reader, operation, OP_SUB, part(reader, what, "difference"), a, b));
}

struct tensor *onnx_read_greater(struct onnx_reader *reader, const struct operation *operation) {
    return above(reader, operation, NULL, operation->inputs[0], second(reader, operation));
}

struct tensor *onnx_read_less(struct onnx_reader *reader, const struct operation *operation) {
    return above(reader, operation, NULL, second(reader, operation), operation->inputs[0]);
}

struct tensor *onnx_read_less_or_equal(struct onnx_reader *reader, const struct operation *operation) {
    struct tensor *greater = above(reader, operation, "greater", operation->inputs[0], second(reader, operation));
    return as_bool(onnx_not(reader, operation, NULL, greater));
}

struct tensor *onnx_read_greater_or_equal(struct onnx_reader *reader, const struct operation *operation) {
    struct tensor *less = above(reader, operation, "less", second(reader, operation), operation->inputs[0]);
    return as_bool(onnx_not(reader, operation, NULL, less));
}

struct tensor *onnx_read_equal(struct onnx_reader *reader, const struct operation *operation) {
    return as_bool(onnx_equal(reader, operation, NULL, operation->inputs[0], second(reader, operation)));
}

/* ---- logic ---- */

struct tensor *onnx_read_not(struct onnx_reader *reader, const struct operation *operation) {
    return as_bool(onnx_not(reader, operation, NULL, operation->inputs[0]));
}

struct tensor *onnx_read_and(struct onnx_reader *reader, const struct operation *operation) {
    return as_bool(binary(reader, operation, OP_MUL, NULL, operation->inputs[0], second(reader, operation)));
}

struct tensor *onnx_read_or(struct onnx_reader *reader, const struct operation *operation) {
    struct tensor *sum = binary(reader, operation, OP_ADD, "sum", operation->inputs[0], second(reader, operation));
    return as_bool(unary(reader, operation, OP_CLIP, NULL, sum, 0, 1));
}

struct tensor *onnx_read_xor(struct onnx_reader *reader, const struct operation *operation) {
    struct tensor *difference =
        binary(reader, operation, OP_SUB, "difference", operation->inputs[0], second(reader, operation));
    return as_bool(unary(reader, operation, OP_LEAKY_RELU, NULL, difference, -1, 0));
}

struct tensor *onnx_read_is_nan(struct onnx_reader *reader, const struct operation *operation) {
    struct tensor *is = unary(reader, operation, OP_IS_NAN, "is", operation->inputs[0], 0, 0);
    return onnx_bit(reader, operation, NULL, is);
}

struct tensor *onnx_read_is_inf(struct onnx_reader *reader, const struct operation *operation) {
    float below = attribute_integer(reader, operation, "detect_negative", 1) ? 1 : 0;
    float beyond = attribute_integer(reader, operation, "detect_positive", 1) ? 1 : 0;
    struct tensor *is = unary(reader, operation, OP_IS_INF, "is", operation->inputs[0], below, beyond);
    return onnx_bit(reader, operation, NULL, is);
}

/* ---- Where ---- */

/* Which of two is known: elements of both, in the order of the result. */
static struct tensor *chosen(struct onnx_reader *reader, const struct operation *operation, const struct shape *shape,
                             int batch) {
    const struct tensor *condition = operation->inputs[0];
    struct tensor *pair[] = {operation->inputs[1], operation->inputs[2]};
    const bool *allowed;
    if (!onnx_mask_chosen(reader, operation, shape, pair, &allowed)) return NULL;
    struct tensor *a = pair[0], *b = pair[1];
    size_t count = shape_elements(shape);
    int64_t *indices = ARENA_ARRAY(reader->arena, int64_t, count + 1);
    for (size_t i = 0; i < count; i++) {
        bool first = condition->integers[shape_project(shape, i, &condition->shape)] != 0;
        size_t element = shape_project(shape, i, first ? &a->shape : &b->shape);
        indices[i] = (int64_t)(first ? element : tensor_elements(a) + element);
    }
    struct tensor *result = onnx_pick_two(reader, operation, NULL, a, b, *shape, indices, batch);
    if (result) result->allowed = allowed;
    return result;
}

struct tensor *onnx_select(struct onnx_reader *reader, const struct operation *operation, const char *what,
                           struct tensor *condition, struct tensor *a, struct tensor *b) {
    struct tensor *otherwise = onnx_not(reader, operation, part(reader, what, "otherwise"), condition);
    struct tensor *taken = binary(reader, operation, OP_MUL, part(reader, what, "first"), condition, a);
    struct tensor *left = binary(reader, operation, OP_MUL, part(reader, what, "second"), otherwise, b);
    return binary(reader, operation, OP_ADD, what, taken, left);
}

/* c * a + (1 - c) * b, where one of the products is 0 and the sum the other. */
struct tensor *onnx_read_where(struct onnx_reader *reader, const struct operation *operation) {
    struct tensor *condition = operation->inputs[0], *a = operation->inputs[1], *b = operation->inputs[2];
    struct shape both, shape;
    if (!shape_broadcast(&a->shape, &b->shape, &both) || !shape_broadcast(&both, &condition->shape, &shape))
        return onnx_refuse(reader, operation, NULL, "the shapes of the operands do not broadcast");
    if (!onnx_made_size(reader, operation, &shape)) return NULL;
    int batch = broadcast_batch(reader, operation, operation->inputs, 3);
    if (batch == -2) return NULL;
    struct tensor *result;
    if (condition->state == TENSOR_INTEGERS)
        result = chosen(reader, operation, &shape, batch);
    else
        result = onnx_select(reader, operation, NULL, condition, a, b);
    if (result) result->type = a->type;
    return result;
}
