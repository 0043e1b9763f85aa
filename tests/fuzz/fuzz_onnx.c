/* Fuzzes the reader of onnx: any bytes are read or diagnosed. Half of the mutations work on the
 * message (numbers, names, operators), which gets past what looks at bytes. */
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/random.h"
#include "frontend/frontend.h"
#include "onnx.pb-c.h"

#include <stdlib.h>
#include <string.h>

static int read_request(void *user) {
    const struct request *request = user;
    struct frontend_options options = {.whole_tensors = request->length & 1};
    graph_free(onnx_read(request->context, "fuzz", request->data, request->length, &options));
    return 0;
}

static void rename_text(char **text, const char *name) {
    free(*text);
    *text = strdup(name);
}

static void change_attribute(struct random *random, Onnx__AttributeProto *attribute) {
    attribute->i = number(random);
    attribute->has_i = below(random, 4) != 0;
    attribute->f = (float)number(random) / 4;
    attribute->has_f = below(random, 3) == 0;
    for (size_t i = 0; i < attribute->n_ints; i++)
        if (below(random, 2)) attribute->ints[i] = number(random);
    if (below(random, 3)) return;
    static const char *const names[] = {"axis",     "axes",  "perm",   "starts", "ends",      "shape",
                                        "keepdims", "alpha", "transA", "to",     "value_ints"};
    rename_text(&attribute->name, names[below(random, 11)]);
}

static void change_node(struct random *random, const Onnx__GraphProto *graph, Onnx__NodeProto *node) {
    size_t known = 0;
    while (onnx_operators[known].name) known++;
    const struct reader_operator *operator= & onnx_operators[below(random, known)];
    if (below(random, 2)) {
        rename_text(&node->op_type, operator->name);
        rename_text(&node->domain, operator->domain);
    }
    const Onnx__NodeProto *other = graph->node[below(random, graph->n_node)];
    if (node->n_input && other->n_output && below(random, 2))
        rename_text(&node->input[below(random, node->n_input)], other->output[0]);
    if (node->n_input && graph->n_initializer && below(random, 2))
        rename_text(&node->input[below(random, node->n_input)],
                    graph->initializer[below(random, graph->n_initializer)]->name);
    if (node->n_attribute) change_attribute(random, node->attribute[below(random, node->n_attribute)]);
}

static void change_tensor(struct random *random, Onnx__TensorProto *tensor) {
    if (tensor->n_dims && below(random, 2)) tensor->dims[below(random, tensor->n_dims)] = number(random);
    if (tensor->n_dims && !below(random, 3)) tensor->n_dims--;
    if (tensor->n_int64_data) tensor->int64_data[below(random, tensor->n_int64_data)] = number(random);
    if (!below(random, 8)) tensor->data_type = (int)below(random, 18);
}

static void change_graph(struct random *random, Onnx__GraphProto *graph) {
    if (graph->n_node && below(random, 4)) change_node(random, graph, graph->node[below(random, graph->n_node)]);
    if (graph->n_initializer && below(random, 2))
        change_tensor(random, graph->initializer[below(random, graph->n_initializer)]);
    if (!graph->n_input || below(random, 3)) return;
    const Onnx__TypeProto *type = graph->input[below(random, graph->n_input)]->type;
    if (!type || type->value_case != ONNX__TYPE_PROTO__VALUE_TENSOR_TYPE) return;
    const Onnx__TensorShapeProto *shape = type->tensor_type->shape;
    if (!shape || !shape->n_dim) return;
    Onnx__TensorShapeProto__Dimension *dim = shape->dim[below(random, shape->n_dim)];
    if (dim->value_case == ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_VALUE) dim->dim_value = number(random);
}

static bool names_are_there(const Onnx__GraphProto *graph) {
    for (size_t i = 0; i < graph->n_initializer; i++)
        if (!graph->initializer[i]->name) return false;
    return true;
}

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t limit);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t limit, unsigned seed);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t limit, unsigned seed) {
    struct random random = {seed};
    Onnx__ModelProto *model = below(&random, 2) && size < 4096 ? onnx__model_proto__unpack(NULL, size, data) : NULL;
    size_t length = 0;
    if (model && model->graph && names_are_there(model->graph)) {
        for (size_t i = 0; i <= below(&random, 3); i++) change_graph(&random, model->graph);
        if (model->n_opset_import && !below(&random, 4)) model->opset_import[0]->version = number(&random);
        length = onnx__model_proto__get_packed_size(model);
        if (length <= limit) onnx__model_proto__pack(model, data);
    }
    if (model) onnx__model_proto__free_unpacked(model, NULL);
    return length && length <= limit ? length : LLVMFuzzerMutate(data, size, limit);
}
