/* Attributes of a node: found by name, checked for their type. */
#include "frontend/tensorflow/tensorflow.h"

#include <string.h>

const Tensorflow__AttrValue *tf_attribute(const Tensorflow__NodeDef *definition, const char *name) {
    for (size_t i = 0; i < definition->n_attr; i++)
        if (!strcmp(definition->attr[i]->key, name)) return definition->attr[i]->value;
    return NULL;
}

/* Of the wanted kind; NULL where there is none, which a wrong one counts as after a diagnosis. */
static const Tensorflow__AttrValue *attribute_of(struct onnx_reader *reader, const struct operation *operation,
                                                 const char *name, Tensorflow__AttrValue__ValueCase kind,
                                                 const char *wanted) {
    const Tensorflow__AttrValue *value = tf_attribute(tf_node_of(operation)->definition, name);
    if (!value || value->value_case == kind) return value;
    struct location at = onnx_location(reader, operation);
    at.attribute = name;
    diag_error(&reader->context->diagnostics, at, NULL, "attribute '%s' is not %s", name, wanted);
    return NULL;
}

int64_t tf_integer(struct onnx_reader *reader, const struct operation *operation, const char *name, int64_t otherwise) {
    const Tensorflow__AttrValue *value =
        attribute_of(reader, operation, name, TENSORFLOW__ATTR_VALUE__VALUE_I, "a whole number");
    return value ? value->i : otherwise;
}

float tf_real(struct onnx_reader *reader, const struct operation *operation, const char *name, float otherwise) {
    const Tensorflow__AttrValue *value =
        attribute_of(reader, operation, name, TENSORFLOW__ATTR_VALUE__VALUE_F, "a number");
    return value ? value->f : otherwise;
}

bool tf_flag(struct onnx_reader *reader, const struct operation *operation, const char *name, bool otherwise) {
    const Tensorflow__AttrValue *value =
        attribute_of(reader, operation, name, TENSORFLOW__ATTR_VALUE__VALUE_B, "true or false");
    return value ? value->b : otherwise;
}

const char *tf_text(struct onnx_reader *reader, const struct operation *operation, const char *name,
                    const char *otherwise) {
    const Tensorflow__AttrValue *value =
        attribute_of(reader, operation, name, TENSORFLOW__ATTR_VALUE__VALUE_S, "a text");
    return value ? arena_strndup(reader->arena, (const char *)value->s.data, value->s.len) : otherwise;
}

const int64_t *tf_integers(struct onnx_reader *reader, const struct operation *operation, const char *name,
                           size_t *count) {
    const Tensorflow__AttrValue *value =
        attribute_of(reader, operation, name, TENSORFLOW__ATTR_VALUE__VALUE_LIST, "a list of whole numbers");
    *count = value ? value->list->n_i : 0;
    return *count ? value->list->i : NULL;
}

int tf_type(const struct operation *operation, const char *name) {
    const Tensorflow__AttrValue *value = tf_attribute(tf_node_of(operation)->definition, name);
    return value && value->value_case == TENSORFLOW__ATTR_VALUE__VALUE_TYPE ? tf_element_type(value->type) : 0;
}

/* Types follow from operands, and what begins with a line below is TensorFlow's own note. */
void tf_attributes_check(struct onnx_reader *reader, const struct operation *operation) {
    const struct tf_node *node = tf_node_of(operation);
    for (size_t i = 0; i < node->definition->n_attr; i++) {
        const Tensorflow__NodeDef__AttrEntry *entry = node->definition->attr[i];
        if (*entry->key == '_' || !entry->value || entry->value->value_case == TENSORFLOW__ATTR_VALUE__VALUE_TYPE)
            continue;
        if (strstr(node->operator->attributes, arena_printf(reader->arena, " %s ", entry->key))) continue;
        struct location at = onnx_location(reader, operation);
        at.attribute = entry->key;
        diag_warning(&reader->context->diagnostics, at, NULL, "attribute '%s' is unknown and has no effect",
                     entry->key);
    }
}
