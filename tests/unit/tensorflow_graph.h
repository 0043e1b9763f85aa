/* Tiny frozen graphs from a few lines of text, for tests of the reader: a node a line, its operands, then attributes:
 *
 *   Placeholder x : dtype=float shape=?,4       dimensions; ? is unknown; shape= alone: of one number
 *   Const w : value=float,4,2|1,2,3,4,5,6,7,8   the last number stands for those that follow
 *   MatMul m x w : transpose_b=true             flags, numbers (with a point: real), [lists], 'texts'
 */
#ifndef BXC_TEST_TENSORFLOW_GRAPH_H
#define BXC_TEST_TENSORFLOW_GRAPH_H

#include "graph_def.pb-c.h"
#include "ir/arena.h"

#include <stdlib.h>
#include <string.h>

enum { TF_NODES = 64, TF_PARTS = 32 };

static inline char *tf_word(char **rest, const char *marks) {
    *rest += strspn(*rest, marks);
    if (!**rest) return NULL;
    char *word = *rest;
    *rest += strcspn(*rest, marks);
    if (**rest) *(*rest)++ = 0;
    return word;
}

static inline int tf_type_number(const char *name) {
    return !strcmp(name, "float") ? 1 : !strcmp(name, "int32") ? 3 : !strcmp(name, "int64") ? 9 : 10;
}

static inline Tensorflow__TensorShapeProto *tf_shape(struct arena *arena, char *dims) {
    Tensorflow__TensorShapeProto *shape = ARENA_NEW(arena, Tensorflow__TensorShapeProto);
    tensorflow__tensor_shape_proto__init(shape);
    shape->dim = ARENA_ARRAY(arena, Tensorflow__TensorShapeProto__Dim *, TF_PARTS);
    for (char *word; (word = tf_word(&dims, ","));) {
        Tensorflow__TensorShapeProto__Dim *dim = ARENA_NEW(arena, Tensorflow__TensorShapeProto__Dim);
        tensorflow__tensor_shape_proto__dim__init(dim);
        dim->size = *word == '?' ? -1 : strtoll(word, NULL, 10);
        shape->dim[shape->n_dim++] = dim;
    }
    return shape;
}

static inline Tensorflow__TensorProto *tf_tensor_of(struct arena *arena, char *text) {
    Tensorflow__TensorProto *tensor = ARENA_NEW(arena, Tensorflow__TensorProto);
    tensorflow__tensor_proto__init(tensor);
    char *head = text, *numbers = strchr(text, '|');
    *numbers++ = 0;
    tensor->dtype = tf_type_number(tf_word(&head, ","));
    tensor->tensor_shape = tf_shape(arena, head);
    tensor->float_val = ARENA_ARRAY(arena, float, TF_PARTS);
    tensor->int_val = ARENA_ARRAY(arena, int32_t, TF_PARTS);
    tensor->bool_val = ARENA_ARRAY(arena, protobuf_c_boolean, TF_PARTS);
    for (char *word; (word = tf_word(&numbers, ","));) {
        if (tensor->dtype == 1) tensor->float_val[tensor->n_float_val++] = strtof(word, NULL);
        if (tensor->dtype == 3) tensor->int_val[tensor->n_int_val++] = (int32_t)strtol(word, NULL, 10);
        if (tensor->dtype == 10) tensor->bool_val[tensor->n_bool_val++] = *word == '1';
    }
    return tensor;
}

static inline void tf_list(struct arena *arena, Tensorflow__AttrValue *value, char *text) {
    value->value_case = TENSORFLOW__ATTR_VALUE__VALUE_LIST;
    value->list = ARENA_NEW(arena, Tensorflow__AttrValue__ListValue);
    tensorflow__attr_value__list_value__init(value->list);
    value->list->i = ARENA_ARRAY(arena, int64_t, TF_PARTS);
    for (char *word; (word = tf_word(&text, "[,]"));) value->list->i[value->list->n_i++] = strtoll(word, NULL, 10);
}

static inline Tensorflow__NodeDef__AttrEntry *tf_entry(struct arena *arena, char *text) {
    Tensorflow__NodeDef__AttrEntry *entry = ARENA_NEW(arena, Tensorflow__NodeDef__AttrEntry);
    tensorflow__node_def__attr_entry__init(entry);
    Tensorflow__AttrValue *value = entry->value = ARENA_NEW(arena, Tensorflow__AttrValue);
    tensorflow__attr_value__init(value);
    entry->key = text;
    text = strchr(text, '=');
    *text++ = 0;
    if (!strcmp(entry->key, "dtype") || !strcmp(entry->key, "DstT")) {
        value->value_case = TENSORFLOW__ATTR_VALUE__VALUE_TYPE;
        value->type = tf_type_number(text);
    } else if (!strcmp(entry->key, "shape")) {
        value->value_case = TENSORFLOW__ATTR_VALUE__VALUE_SHAPE;
        value->shape = tf_shape(arena, text);
    } else if (!strcmp(entry->key, "value")) {
        value->value_case = TENSORFLOW__ATTR_VALUE__VALUE_TENSOR;
        value->tensor = tf_tensor_of(arena, text);
    } else if (!strcmp(text, "true") || !strcmp(text, "false")) {
        value->value_case = TENSORFLOW__ATTR_VALUE__VALUE_B;
        value->b = *text == 't';
    } else if (*text == '\'') {
        value->value_case = TENSORFLOW__ATTR_VALUE__VALUE_S;
        value->s.data = (uint8_t *)++text;
        value->s.len = strcspn(text, "'");
    } else if (*text == '[') {
        tf_list(arena, value, text);
    } else if (strchr(text, '.')) {
        value->value_case = TENSORFLOW__ATTR_VALUE__VALUE_F;
        value->f = strtof(text, NULL);
    } else {
        value->value_case = TENSORFLOW__ATTR_VALUE__VALUE_I;
        value->i = strtoll(text, NULL, 10);
    }
    return entry;
}

static inline Tensorflow__NodeDef *tf_line(struct arena *arena, char *line) {
    Tensorflow__NodeDef *node = ARENA_NEW(arena, Tensorflow__NodeDef);
    tensorflow__node_def__init(node);
    node->op = tf_word(&line, " ");
    node->name = tf_word(&line, " ");
    node->input = ARENA_ARRAY(arena, char *, TF_PARTS);
    node->attr = ARENA_ARRAY(arena, Tensorflow__NodeDef__AttrEntry *, TF_PARTS);
    char *word;
    while ((word = tf_word(&line, " ")) && strcmp(word, ":")) node->input[node->n_input++] = word;
    while (word && (word = tf_word(&line, " "))) node->attr[node->n_attr++] = tf_entry(arena, word);
    return node;
}

static inline void *tf_graph_bytes(struct arena *arena, const char *text, size_t *length) {
    Tensorflow__GraphDef graph;
    Tensorflow__NodeDef *nodes[TF_NODES];
    tensorflow__graph_def__init(&graph);
    graph.node = nodes;
    char *rest = arena_strdup(arena, text);
    for (char *line; (line = tf_word(&rest, "\n"));) nodes[graph.n_node++] = tf_line(arena, line);
    *length = tensorflow__graph_def__get_packed_size(&graph);
    uint8_t *bytes = arena_alloc(arena, *length + 1);
    tensorflow__graph_def__pack(&graph, bytes);
    return bytes;
}

#endif
