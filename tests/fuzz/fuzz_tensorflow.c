/* Fuzzes the reader of frozen graphs: any bytes are read or diagnosed. Most mutations work on the message
 * (operators, operands, attributes, numbers), which gets past what looks at bytes. */
#include "tests/fuzz/behind.h"
#include "tests/fuzz/mutator.h"
#include "graph_def.pb-c.h"

static int read_request(void *user) {
    const struct request *request = user;
    struct frontend_options options = {.partial = request->length & 1};
    go_behind(request, tensorflow_read(request->context, "fuzz", request->data, request->length, &options));
    return 0;
}

static void rename_text(char **text, const char *name) {
    if (*text != (char *)protobuf_c_empty_string) free(*text);
    *text = strdup(name);
}

static void change_tensor(struct random *random, Tensorflow__TensorProto *tensor) {
    Tensorflow__TensorShapeProto *shape = tensor->tensor_shape;
    if (shape && shape->n_dim && below(random, 2)) shape->dim[below(random, shape->n_dim)]->size = number(random);
    if (tensor->n_int_val) tensor->int_val[below(random, tensor->n_int_val)] = (int32_t)number(random);
    if (tensor->n_float_val) tensor->float_val[below(random, tensor->n_float_val)] = (float)number(random);
    if (!below(random, 8)) tensor->dtype = (int)below(random, 24);
}

static void change_attribute(struct random *random, Tensorflow__AttrValue *value) {
    switch (value->value_case) {
    case TENSORFLOW__ATTR_VALUE__VALUE_I: value->i = number(random); break;
    case TENSORFLOW__ATTR_VALUE__VALUE_F: value->f = (float)number(random) / 4; break;
    case TENSORFLOW__ATTR_VALUE__VALUE_B: value->b = !value->b; break;
    case TENSORFLOW__ATTR_VALUE__VALUE_TYPE: value->type = (int)below(random, 24); break;
    case TENSORFLOW__ATTR_VALUE__VALUE_TENSOR: change_tensor(random, value->tensor); break;
    case TENSORFLOW__ATTR_VALUE__VALUE_SHAPE:
        if (value->shape->n_dim) value->shape->dim[below(random, value->shape->n_dim)]->size = number(random);
        break;
    case TENSORFLOW__ATTR_VALUE__VALUE_LIST:
        if (value->list->n_i) value->list->i[below(random, value->list->n_i)] = number(random);
        break;
    default: break;
    }
}

static void change_node(struct random *random, const Tensorflow__GraphDef *graph, Tensorflow__NodeDef *node) {
    size_t known = 0;
    while (tensorflow_operators[known].name) known++;
    if (!below(random, 3)) rename_text(&node->op, tensorflow_operators[below(random, known)].name);
    const Tensorflow__NodeDef *other = graph->node[below(random, graph->n_node)];
    if (node->n_input && !below(random, 3)) rename_text(&node->input[below(random, node->n_input)], other->name);
    if (node->n_attr) {
        Tensorflow__AttrValue *value = node->attr[below(random, node->n_attr)]->value;
        if (value) change_attribute(random, value);
    }
}

static size_t mutate(struct random *random, uint8_t *data, size_t size, size_t limit) {
    Tensorflow__GraphDef *graph = tensorflow__graph_def__unpack(NULL, size, data);
    size_t length = 0;
    if (graph && graph->n_node) {
        for (size_t i = 0, count = 1 + below(random, 3); i < count; i++)
            change_node(random, graph, graph->node[below(random, graph->n_node)]);
        length = tensorflow__graph_def__get_packed_size(graph);
        if (length <= limit) tensorflow__graph_def__pack(graph, data);
    }
    if (graph) tensorflow__graph_def__free_unpacked(graph, NULL);
    return length <= limit ? length : 0;
}
