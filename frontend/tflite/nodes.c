/* Nodes of TensorFlow, put together. */
#include "frontend/tflite/tflite.h"

#include <string.h>

enum { NODE_ATTRIBUTES_MAX = 8 };

Tensorflow__NodeDef *tflite_add_node(struct tflite_model *model, const char *op, const char *name, size_t inputs) {
    if (model->graph.n_node == model->capacity) {
        size_t capacity = model->capacity ? 2 * model->capacity : 64;
        model->graph.node = arena_grow(model->arena, model->graph.node, model->capacity * sizeof *model->graph.node,
                                       capacity * sizeof *model->graph.node);
        model->capacity = capacity;
    }
    Tensorflow__NodeDef *node = ARENA_NEW(model->arena, Tensorflow__NodeDef);
    tensorflow__node_def__init(node);
    node->op = arena_strdup(model->arena, op);
    node->name = arena_strdup(model->arena, name);
    node->input = ARENA_ARRAY(model->arena, char *, inputs + 4);
    node->attr = ARENA_ARRAY(model->arena, Tensorflow__NodeDef__AttrEntry *, NODE_ATTRIBUTES_MAX);
    return model->graph.node[model->graph.n_node++] = node;
}

const char *tflite_unique_name(struct tflite_model *model, const char *name) {
    const char *unique = name;
    for (int i = 2; name_map_find(&model->taken, unique); i++) unique = arena_printf(model->arena, "%s#%d", name, i);
    name_map_put(&model->taken, unique, model);
    return unique;
}

Tensorflow__NodeDef *tflite_node(const struct tflite_operation *operation, const char *op, const char *part) {
    struct tflite_model *model = operation->model;
    const char *name = operation->result;
    if (part) name = tflite_unique_name(model, arena_printf(model->arena, "%s.%s", name, part));
    Tensorflow__NodeDef *node = tflite_add_node(model, op, name, operation->inputs.count);
    tflite_set_text(model, node, "_source", operation->operator->name);
    return node;
}

void tflite_reads_name(const struct tflite_model *model, Tensorflow__NodeDef *node, const char *name) {
    node->input[node->n_input++] = arena_strdup(model->arena, name);
}

void tflite_reads(const struct tflite_operation *operation, Tensorflow__NodeDef *node, size_t input) {
    tflite_reads_name(operation->model, node, operation->model->reads[tflite_input(operation, input)]);
}

void tflite_reads_node(const struct tflite_model *model, Tensorflow__NodeDef *node, const Tensorflow__NodeDef *other) {
    tflite_reads_name(model, node, other->name);
}

static Tensorflow__AttrValue *add_attribute(const struct tflite_model *model, Tensorflow__NodeDef *node,
                                            const char *key) {
    if (node->n_attr == NODE_ATTRIBUTES_MAX)
        context_bug(model->context, "a node of %s has too many attributes", node->op);
    Tensorflow__NodeDef__AttrEntry *entry = ARENA_NEW(model->arena, Tensorflow__NodeDef__AttrEntry);
    tensorflow__node_def__attr_entry__init(entry);
    entry->key = arena_strdup(model->arena, key);
    entry->value = ARENA_NEW(model->arena, Tensorflow__AttrValue);
    tensorflow__attr_value__init(entry->value);
    node->attr[node->n_attr++] = entry;
    return entry->value;
}

void tflite_set_integer(const struct tflite_model *model, Tensorflow__NodeDef *node, const char *key, int64_t value) {
    Tensorflow__AttrValue *attribute = add_attribute(model, node, key);
    attribute->value_case = TENSORFLOW__ATTR_VALUE__VALUE_I;
    attribute->i = value;
}

void tflite_set_real(const struct tflite_model *model, Tensorflow__NodeDef *node, const char *key, float value) {
    Tensorflow__AttrValue *attribute = add_attribute(model, node, key);
    attribute->value_case = TENSORFLOW__ATTR_VALUE__VALUE_F;
    attribute->f = value;
}

void tflite_set_flag(const struct tflite_model *model, Tensorflow__NodeDef *node, const char *key, bool value) {
    Tensorflow__AttrValue *attribute = add_attribute(model, node, key);
    attribute->value_case = TENSORFLOW__ATTR_VALUE__VALUE_B;
    attribute->b = value;
}

void tflite_set_text(const struct tflite_model *model, Tensorflow__NodeDef *node, const char *key, const char *value) {
    Tensorflow__AttrValue *attribute = add_attribute(model, node, key);
    attribute->value_case = TENSORFLOW__ATTR_VALUE__VALUE_S;
    attribute->s.data = (uint8_t *)arena_strdup(model->arena, value);
    attribute->s.len = strlen(value);
}

void tflite_set_type(const struct tflite_model *model, Tensorflow__NodeDef *node, const char *key, int type) {
    Tensorflow__AttrValue *attribute = add_attribute(model, node, key);
    attribute->value_case = TENSORFLOW__ATTR_VALUE__VALUE_TYPE;
    attribute->type = type;
}

void tflite_set_integers(const struct tflite_model *model, Tensorflow__NodeDef *node, const char *key,
                         const int64_t *values, size_t count) {
    Tensorflow__AttrValue *attribute = add_attribute(model, node, key);
    attribute->value_case = TENSORFLOW__ATTR_VALUE__VALUE_LIST;
    attribute->list = ARENA_NEW(model->arena, Tensorflow__AttrValue__ListValue);
    tensorflow__attr_value__list_value__init(attribute->list);
    attribute->list->i = ARENA_ARRAY(model->arena, int64_t, count + 1);
    attribute->list->n_i = count;
    if (count) memcpy(attribute->list->i, values, count * sizeof *values);
}

static Tensorflow__TensorShapeProto *told_shape(const struct tflite_model *model, const struct shape *shape) {
    Tensorflow__TensorShapeProto *told = ARENA_NEW(model->arena, Tensorflow__TensorShapeProto);
    tensorflow__tensor_shape_proto__init(told);
    told->unknown_rank = shape->rank < 0;
    told->dim = ARENA_ARRAY(model->arena, Tensorflow__TensorShapeProto__Dim *, SHAPE_RANK_MAX);
    for (int i = 0; i < shape->rank; i++) {
        told->dim[i] = ARENA_NEW(model->arena, Tensorflow__TensorShapeProto__Dim);
        tensorflow__tensor_shape_proto__dim__init(told->dim[i]);
        told->dim[i]->size = shape->dim[i];
        told->n_dim++;
    }
    return told;
}

static Tensorflow__TensorProto *add_tensor(const struct tflite_model *model, Tensorflow__NodeDef *node, int type,
                                           const struct shape *shape) {
    Tensorflow__AttrValue *attribute = add_attribute(model, node, "value");
    attribute->value_case = TENSORFLOW__ATTR_VALUE__VALUE_TENSOR;
    attribute->tensor = ARENA_NEW(model->arena, Tensorflow__TensorProto);
    tensorflow__tensor_proto__init(attribute->tensor);
    attribute->tensor->dtype = type;
    attribute->tensor->tensor_shape = told_shape(model, shape);
    return attribute->tensor;
}

void tflite_reads_integers(const struct tflite_operation *operation, Tensorflow__NodeDef *node, const char *part,
                           const int64_t *integers, size_t count) {
    struct tflite_model *model = operation->model;
    const struct shape shape = {.rank = 1, .dim = {(int64_t)count}};
    const char *name = tflite_unique_name(model, arena_printf(model->arena, "%s.%s", node->name, part));
    Tensorflow__NodeDef *constant = tflite_add_node(model, "Const", name, 0);
    Tensorflow__TensorProto *tensor = add_tensor(model, constant, 9, &shape); /* int64 */
    tensor->int64_val = arena_copy(model->arena, integers, count * sizeof *integers);
    tensor->n_int64_val = count;
    tflite_reads_node(model, node, constant);
}

int tflite_tell_input(struct tflite_model *model, int64_t tensor) {
    const struct shape shape = tflite_shape(model, tensor);
    Tensorflow__NodeDef *node = tflite_add_node(model, "Placeholder", model->names[tensor], 0);
    tflite_set_type(model, node, "dtype", tflite_type(model, tensor));
    Tensorflow__AttrValue *attribute = add_attribute(model, node, "shape");
    attribute->value_case = TENSORFLOW__ATTR_VALUE__VALUE_SHAPE;
    attribute->shape = told_shape(model, &shape);
    return 0;
}

/* The numbers stay where they are in the file. */
int tflite_tell_constant(struct tflite_model *model, int64_t tensor, struct flat_vector bytes) {
    const struct shape shape = tflite_shape(model, tensor);
    Tensorflow__NodeDef *node = tflite_add_node(model, "Const", model->names[tensor], 0);
    Tensorflow__TensorProto *told = add_tensor(model, node, tflite_type(model, tensor), &shape);
    told->tensor_content.data = (uint8_t *)model->file.data + bytes.at;
    told->tensor_content.len = bytes.count;
    return 0;
}
