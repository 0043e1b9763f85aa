/* Tiny ONNX models from a few lines of text, for tests of the reader:
 *
 *   opset 13
 *   input x float ? 4             dimensions; ? is a symbol
 *   real w 4,2 : 1 2 3 4 5 6 7 8  an initialiser; whole: int64
 *   node MatMul m x,w -> y        operator[@domain] name (- none) operands (_ left out) -> results
 *   node Softmax - y -> z axis=1  attributes: whole, real (with a point), [list], 'text'
 *   output z
 *   graph b                       begins a subgraph, which ends with `end`; an attribute is it by body=@b
 */
#ifndef BXC_TEST_ONNX_H
#define BXC_TEST_ONNX_H

#include "frontend/frontend.h"
#include "onnx.pb-c.h"

#include <stdlib.h>
#include <string.h>

enum { MODEL_PARTS = 32 };

struct model {
    struct arena *arena;
    Onnx__ModelProto proto;
    Onnx__GraphProto graph;
    Onnx__OperatorSetIdProto opset, *opsets[1];
    Onnx__NodeProto *nodes[MODEL_PARTS];
    Onnx__TensorProto *tensors[MODEL_PARTS];
    Onnx__ValueInfoProto *inputs[MODEL_PARTS], *outputs[MODEL_PARTS];
    struct model *outside, *subgraphs, *next; /* of a subgraph; of the model; in its list */
};

/* Splits at any of the marks, in place of strtok; NULL at the end. */
static inline char *model_word(char **rest, const char *marks) {
    *rest += strspn(*rest, marks);
    if (!**rest) return NULL;
    char *word = *rest;
    *rest += strcspn(*rest, marks);
    if (**rest) *(*rest)++ = 0;
    return word;
}

static inline int model_type(const char *name) {
    static const struct {
        const char *name;
        int type;
    } types[] = {{"float", 1}, {"uint8", 2},  {"int8", 3}, {"int32", 6},
                 {"int64", 7}, {"string", 8}, {"bool", 9}, {"double", 11}};
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (!strcmp(types[i].name, name)) return types[i].type;
    return 0;
}

static inline Onnx__ValueInfoProto *model_value(struct model *model, char *name, int type, char *rest) {
    Onnx__ValueInfoProto *info = ARENA_NEW(model->arena, Onnx__ValueInfoProto);
    onnx__value_info_proto__init(info);
    info->name = name;
    if (!type) return info;
    info->type = ARENA_NEW(model->arena, Onnx__TypeProto);
    onnx__type_proto__init(info->type);
    info->type->value_case = ONNX__TYPE_PROTO__VALUE_TENSOR_TYPE;
    Onnx__TypeProto__Tensor *tensor = info->type->tensor_type = ARENA_NEW(model->arena, Onnx__TypeProto__Tensor);
    onnx__type_proto__tensor__init(tensor);
    tensor->has_elem_type = 1;
    tensor->elem_type = type;
    tensor->shape = ARENA_NEW(model->arena, Onnx__TensorShapeProto);
    onnx__tensor_shape_proto__init(tensor->shape);
    tensor->shape->dim = ARENA_ARRAY(model->arena, Onnx__TensorShapeProto__Dimension *, 16);
    for (char *word; (word = model_word(&rest, " ")) && tensor->shape->n_dim < 16;) {
        Onnx__TensorShapeProto__Dimension *dim = ARENA_NEW(model->arena, Onnx__TensorShapeProto__Dimension);
        onnx__tensor_shape_proto__dimension__init(dim);
        bool symbol = *word == '?';
        dim->value_case = symbol ? ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_PARAM
                                 : ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_VALUE;
        if (symbol)
            dim->dim_param = word;
        else
            dim->dim_value = strtoll(word, NULL, 10);
        tensor->shape->dim[tensor->shape->n_dim++] = dim;
    }
    return info;
}

static inline Onnx__TensorProto *model_tensor(struct model *model, char *name, bool real, char *dims, char *numbers) {
    Onnx__TensorProto *tensor = ARENA_NEW(model->arena, Onnx__TensorProto);
    onnx__tensor_proto__init(tensor);
    tensor->name = name;
    tensor->has_data_type = 1;
    tensor->data_type = real ? 1 : 7;
    tensor->dims = ARENA_ARRAY(model->arena, int64_t, 16);
    tensor->float_data = ARENA_ARRAY(model->arena, float, 256);
    tensor->int64_data = ARENA_ARRAY(model->arena, int64_t, 256);
    for (char *word; (word = model_word(&dims, ",")) && *word != '_';)
        tensor->dims[tensor->n_dims++] = strtoll(word, NULL, 10);
    for (char *word; (word = model_word(&numbers, " "));) {
        if (real)
            tensor->float_data[tensor->n_float_data++] = strtof(word, NULL);
        else
            tensor->int64_data[tensor->n_int64_data++] = strtoll(word, NULL, 10);
    }
    return tensor;
}

static inline Onnx__AttributeProto *model_attribute(struct model *model, char *text) {
    Onnx__AttributeProto *attribute = ARENA_NEW(model->arena, Onnx__AttributeProto);
    onnx__attribute_proto__init(attribute);
    attribute->name = model_word(&text, "=");
    if (*text == '\'') {
        attribute->has_s = 1;
        attribute->s.data = (uint8_t *)++text;
        attribute->s.len = strcspn(text, "'");
    } else if (*text == '[') {
        attribute->ints = ARENA_ARRAY(model->arena, int64_t, 16);
        for (char *word; (word = model_word(&text, "[,]"));)
            attribute->ints[attribute->n_ints++] = strtoll(word, NULL, 10);
    } else if (*text == '@') {
        struct model *graph = model;
        while (graph->outside) graph = graph->outside;
        for (graph = graph->subgraphs; graph && strcmp(graph->graph.name, text + 1) != 0;) graph = graph->next;
        if (graph) attribute->g = &graph->graph;
    } else if (strchr(text, '.')) {
        attribute->has_f = 1;
        attribute->f = strtof(text, NULL);
    } else if (!strcmp(text, "graph")) {
        attribute->g = ARENA_NEW(model->arena, Onnx__GraphProto);
        onnx__graph_proto__init(attribute->g);
    } else {
        attribute->has_i = 1;
        attribute->i = strtoll(text, NULL, 10);
    }
    return attribute;
}

static inline size_t model_names(struct model *model, char *text, char ***names) {
    size_t count = 0;
    *names = ARENA_ARRAY(model->arena, char *, 16);
    for (char *word; (word = model_word(&text, ","));) (*names)[count++] = strcmp(word, "_") ? word : (char *)"";
    return count;
}

static inline Onnx__NodeProto *model_node(struct model *model, char *rest) {
    Onnx__NodeProto *node = ARENA_NEW(model->arena, Onnx__NodeProto);
    onnx__node_proto__init(node);
    char *kind = model_word(&rest, " "), *name = model_word(&rest, " "), *inputs = model_word(&rest, " ");
    node->op_type = model_word(&kind, "@");
    node->domain = *kind ? kind : NULL;
    if (strcmp(name, "-")) node->name = name;
    if (strcmp(inputs, "->")) {
        node->n_input = model_names(model, inputs, &node->input);
        model_word(&rest, " ");
    }
    node->n_output = model_names(model, model_word(&rest, " "), &node->output);
    node->attribute = ARENA_ARRAY(model->arena, Onnx__AttributeProto *, 16);
    for (char *word; (word = model_word(&rest, " "));)
        node->attribute[node->n_attribute++] = model_attribute(model, word);
    return node;
}

static inline void model_line(struct model *model, char *line) {
    char *kind = model_word(&line, " "), *name;
    if (!kind) return;
    if (!strcmp(kind, "node")) {
        model->nodes[model->graph.n_node++] = model_node(model, line);
        return;
    }
    name = model_word(&line, " ");
    if (!strcmp(kind, "opset")) model->opset.version = strtoll(name, NULL, 10);
    if (!strcmp(kind, "output")) model->outputs[model->graph.n_output++] = model_value(model, name, 0, line);
    if (!strcmp(kind, "input")) {
        char *type = model_word(&line, " ");
        model->inputs[model->graph.n_input++] = model_value(model, name, model_type(type), line);
    }
    if (!strcmp(kind, "real") || !strcmp(kind, "whole")) {
        char *dims = model_word(&line, " ");
        model_word(&line, " "); /* : */
        model->tensors[model->graph.n_initializer++] = model_tensor(model, name, *kind == 'r', dims, line);
    }
}

static inline void model_begin(struct model *model, struct arena *arena, const char *name) {
    model->arena = arena;
    onnx__graph_proto__init(&model->graph);
    model->graph.name = arena_strdup(arena, name);
    model->graph.node = model->nodes;
    model->graph.initializer = model->tensors;
    model->graph.input = model->inputs;
    model->graph.output = model->outputs;
}

/* What the lines from here on belong to. */
static inline struct model *model_graph(struct model *model, char *line) {
    struct model *root = model, *graph;
    if (!strcmp(line, "end")) return model->outside;
    if (strncmp(line, "graph ", 6)) {
        model_line(model, line);
        return model;
    }
    while (root->outside) root = root->outside;
    graph = ARENA_NEW(model->arena, struct model);
    model_begin(graph, model->arena, line + 6);
    graph->outside = model;
    graph->next = root->subgraphs;
    return root->subgraphs = graph;
}

static inline struct model *model_parse(struct arena *arena, const char *text) {
    struct model *model = ARENA_NEW(arena, struct model), *part = model;
    onnx__model_proto__init(&model->proto);
    model_begin(model, arena, "g");
    onnx__operator_set_id_proto__init(&model->opset);
    model->proto.has_ir_version = model->opset.has_version = 1;
    model->proto.ir_version = 8;
    model->opset.version = 13;
    model->opsets[0] = &model->opset;
    model->proto.opset_import = model->opsets;
    model->proto.n_opset_import = 1;
    model->proto.graph = &model->graph;
    char *copy = arena_strdup(arena, text);
    for (char *line; (line = model_word(&copy, "\n"));) part = model_graph(part, line);
    return model;
}

static inline void *model_bytes(struct model *model, size_t *length) {
    *length = onnx__model_proto__get_packed_size(&model->proto);
    uint8_t *bytes = arena_alloc(model->arena, *length + 1);
    onnx__model_proto__pack(&model->proto, bytes);
    return bytes;
}

#endif
