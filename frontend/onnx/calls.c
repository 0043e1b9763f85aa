/* Calls of operators: a node of ONNX is put together and run as if the model had it. */
#include "frontend/onnx/calls.h"

#include <string.h>

struct call call_new(struct onnx_reader *reader, const struct operation *node, const char *op_type) {
    return (struct call){.reader = reader, .node = node, .op_type = op_type};
}

static void add_operand(struct call *call, struct tensor *operand) {
    if (call->count == call->capacity) {
        uint32_t capacity = call->capacity ? 2 * call->capacity : 4;
        call->operands = arena_grow(call->reader->arena, call->operands, call->count * sizeof *call->operands,
                                    capacity * sizeof *call->operands);
        call->capacity = capacity;
    }
    call->operands[call->count++] = operand;
}

void call_operand(struct call *call, struct tensor *operand) {
    if (!operand) call->failed = true;
    add_operand(call, operand);
}

void call_no_operand(struct call *call) {
    add_operand(call, NULL);
}

static Onnx__AttributeProto *add_attribute(struct call *call, const char *name) {
    if (call->attribute_count == CALL_ATTRIBUTES_MAX)
        context_bug(call->reader->context, "a call of %s has too many attributes", call->op_type);
    Onnx__AttributeProto *attribute = ARENA_NEW(call->reader->arena, Onnx__AttributeProto);
    onnx__attribute_proto__init(attribute);
    attribute->name = arena_strdup(call->reader->arena, name);
    call->attributes[call->attribute_count++] = attribute;
    return attribute;
}

void call_integer(struct call *call, const char *name, int64_t value) {
    Onnx__AttributeProto *attribute = add_attribute(call, name);
    attribute->has_type = attribute->has_i = 1;
    attribute->type = ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INT;
    attribute->i = value;
}

void call_real(struct call *call, const char *name, float value) {
    Onnx__AttributeProto *attribute = add_attribute(call, name);
    attribute->has_type = attribute->has_f = 1;
    attribute->type = ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__FLOAT;
    attribute->f = value;
}

static ProtobufCBinaryData bytes_of(const struct call *call, const char *text) {
    return (ProtobufCBinaryData){.len = strlen(text), .data = (uint8_t *)arena_strdup(call->reader->arena, text)};
}

void call_text(struct call *call, const char *name, const char *value) {
    Onnx__AttributeProto *attribute = add_attribute(call, name);
    attribute->has_type = attribute->has_s = 1;
    attribute->type = ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__STRING;
    attribute->s = bytes_of(call, value);
}

void call_texts(struct call *call, const char *name, const char *const *values, size_t count) {
    Onnx__AttributeProto *attribute = add_attribute(call, name);
    attribute->has_type = 1;
    attribute->type = ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__STRINGS;
    attribute->n_strings = count;
    attribute->strings = ARENA_ARRAY(call->reader->arena, ProtobufCBinaryData, count + 1);
    for (size_t i = 0; i < count; i++) attribute->strings[i] = bytes_of(call, values[i]);
}

void call_reals(struct call *call, const char *name, const float *values, size_t count) {
    Onnx__AttributeProto *attribute = add_attribute(call, name);
    attribute->has_type = 1;
    attribute->type = ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__FLOATS;
    attribute->n_floats = count;
    attribute->floats = ARENA_ARRAY(call->reader->arena, float, count + 1);
    if (count) memcpy(attribute->floats, values, count * sizeof *values);
}

void call_integers(struct call *call, const char *name, const int64_t *values, size_t count) {
    Onnx__AttributeProto *attribute = add_attribute(call, name);
    attribute->has_type = 1;
    attribute->type = ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INTS;
    attribute->n_ints = count;
    attribute->ints = ARENA_ARRAY(call->reader->arena, int64_t, count + 1);
    if (count) memcpy(attribute->ints, values, count * sizeof *values);
}

struct tensor **call_results(struct call *call, const char *part, uint32_t count, const bool *read) {
    struct onnx_reader *reader = call->reader;
    if (call->failed) return NULL;
    Onnx__NodeProto *proto = ARENA_NEW(reader->arena, Onnx__NodeProto);
    onnx__node_proto__init(proto);
    proto->op_type = arena_strdup(reader->arena, call->op_type);
    proto->n_attribute = call->attribute_count;
    proto->attribute = ARENA_ARRAY(reader->arena, Onnx__AttributeProto *, call->attribute_count + 1);
    for (size_t i = 0; i < call->attribute_count; i++) proto->attribute[i] = call->attributes[i];
    struct operation operation = *call->node;
    operation.output_count = count;
    operation.outputs_read = read;
    operation.results = ARENA_ARRAY(reader->arena, struct tensor *, count + 1);
    operation.proto = proto;
    if (part) operation.name = onnx_unique_name(reader, arena_printf(reader->arena, "%s.%s", call->node->name, part));
    operation.inputs = call->operands;
    operation.input_count = call->count;
    operation.operator= onnx_operator_find("", call->op_type);
    if (operation.operator) return onnx_run(reader, &operation) < 0 ? NULL : operation.results;
    onnx_refuse(reader, call->node, "see 'bxc ops' for what can be read",
                "it needs %s of ONNX, which bxc does not read", call->op_type);
    return NULL;
}

struct tensor *call_read(struct call *call, const char *part) {
    const bool read = true;
    struct tensor **results = call_results(call, part, 1, &read);
    return results ? *results : NULL;
}

struct tensor *call_unary(struct onnx_reader *reader, const struct operation *node, const char *op_type,
                          const char *part, struct tensor *x) {
    struct call call = call_new(reader, node, op_type);
    call_operand(&call, x);
    return call_read(&call, part);
}

struct tensor *call_binary(struct onnx_reader *reader, const struct operation *node, const char *op_type,
                           const char *part, struct tensor *x, struct tensor *y) {
    struct call call = call_new(reader, node, op_type);
    call_operand(&call, x);
    call_operand(&call, y);
    return call_read(&call, part);
}

struct tensor *integers_vector(struct onnx_reader *reader, const int64_t *integers, size_t count) {
    return tensor_integers(reader, (struct shape){.rank = 1, .dim = {(int64_t)count}}, integers);
}

struct tensor *call_with_integers(struct onnx_reader *reader, const struct operation *node, const char *op_type,
                                  const char *part, struct tensor *x, const int64_t *integers, size_t count) {
    return call_binary(reader, node, op_type, part, x, integers_vector(reader, integers, count));
}

struct tensor *call_transpose(struct onnx_reader *reader, const struct operation *node, const char *part,
                              struct tensor *x, const int64_t *permutation) {
    struct call call = call_new(reader, node, "Transpose");
    call_operand(&call, x);
    if (x) call_integers(&call, "perm", permutation, (size_t)x->shape.rank);
    return call_read(&call, part);
}

struct tensor *call_slice(struct onnx_reader *reader, const struct operation *node, const char *part, struct tensor *x,
                          int64_t axis, int64_t start, int64_t count) {
    struct call call = call_new(reader, node, "Slice");
    const int64_t end = start + count;
    call_operand(&call, x);
    call_operand(&call, integers_vector(reader, &start, 1));
    call_operand(&call, integers_vector(reader, &end, 1));
    call_operand(&call, integers_vector(reader, &axis, 1));
    return call_read(&call, part);
}

struct tensor *call_cast(struct onnx_reader *reader, const struct operation *node, const char *part, struct tensor *x,
                         int type) {
    if (x && x->type == type) return x;
    struct call call = call_new(reader, node, "Cast");
    call_operand(&call, x);
    call_integer(&call, "to", type);
    return call_read(&call, part);
}
