/* Fuzzes the reader of onnx: any bytes are read or diagnosed. Most mutations work on the
 * message (numbers, names, operators), which gets past what looks at bytes. */
#include "tests/fuzz/behind.h"
#include "tests/fuzz/mutator.h"
#include "onnx.pb-c.h"

#include <math.h>

static int read_request(void *user) {
    const struct request *request = user;
    struct frontend_options options = {.whole_tensors = request->length & 1, .partial = request->length & 2};
    go_behind(request, onnx_read(request->context, "fuzz", request->data, request->length, &options));
    return 0;
}

static void rename_text(char **text, const char *name) {
    free(*text);
    *text = strdup(name);
}

static void change_numbers(struct random *random, Onnx__TensorProto *tensor);
static void change_graph(struct random *random, Onnx__GraphProto *graph);

static const char *attribute_name(struct random *random) {
    static const char *const names[] = {
        "axis",        "axes",      "perm",       "starts",       "ends",         "shape",
        "keepdims",    "alpha",     "transA",     "to",           "strides",      "dilations",
        "pads",        "auto_pad",  "group",      "kernel_shape", "ceil_mode",    "mode",
        "epsilon",     "beta",      "direction",  "hidden_size",  "layout",       "clip",
        "activations", "blocksize", "batch_dims", "num_heads",    "output_shape", "noop_with_empty_axes",
        "split",       "value",
    };
    return names[below(random, sizeof names / sizeof *names)];
}

static void change_attribute(struct random *random, Onnx__AttributeProto *attribute) {
    if (attribute->has_i) attribute->i = below(random, 2) ? attribute->i + (below(random, 2) ? 1 : -1) : number(random);
    if (attribute->has_f) attribute->f = (float)number(random) / 4;
    for (size_t i = 0; i < attribute->n_ints; i++)
        if (!below(random, 3)) attribute->ints[i] = number(random);
    if (attribute->n_ints && !below(random, 8)) attribute->n_ints--;
    for (size_t i = 0; i < attribute->n_floats; i++)
        if (!below(random, 3)) attribute->floats[i] = (float)number(random) / 4;
    if (attribute->t) change_numbers(random, attribute->t);
    if (attribute->g && attribute->g->n_node) change_graph(random, attribute->g);
    if (!below(random, 4)) rename_text(&attribute->name, attribute_name(random));
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
    if (node->n_input && !below(random, 8)) rename_text(&node->input[below(random, node->n_input)], "");
    if (node->n_attribute && below(random, 2))
        change_attribute(random, node->attribute[below(random, node->n_attribute)]);
}

static void change_numbers(struct random *random, Onnx__TensorProto *tensor) {
    static const float reals[] = {0, 1, -1, 0.5f, -0.25f, INFINITY, NAN, 1e30f, 1e-40f, 255, -128};
    float real = reals[below(random, sizeof reals / sizeof *reals)];
    if (tensor->n_float_data) tensor->float_data[below(random, tensor->n_float_data)] = real;
    if (tensor->n_int32_data) tensor->int32_data[below(random, tensor->n_int32_data)] = (int32_t)number(random);
    if (tensor->n_int64_data) tensor->int64_data[below(random, tensor->n_int64_data)] = number(random);
    if (!tensor->has_raw_data || tensor->raw_data.len < 8) return;
    int64_t whole = number(random);
    size_t at = below(random, tensor->raw_data.len / 8) * 8;
    if (tensor->data_type == ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT)
        memcpy(tensor->raw_data.data + at, &real, sizeof real);
    else
        memcpy(tensor->raw_data.data + at, &whole, sizeof whole);
}

static void change_tensor(struct random *random, Onnx__TensorProto *tensor) {
    if (tensor->n_dims && !below(random, 4)) tensor->dims[below(random, tensor->n_dims)] = number(random);
    if (tensor->n_dims && !below(random, 6)) tensor->n_dims--;
    if (tensor->n_dims > 1 && !below(random, 4)) {
        size_t a = below(random, tensor->n_dims), b = below(random, tensor->n_dims);
        int64_t dim = tensor->dims[a];
        tensor->dims[a] = tensor->dims[b];
        tensor->dims[b] = dim;
    }
    if (below(random, 2)) change_numbers(random, tensor);
    if (!below(random, 8)) tensor->data_type = (int)below(random, 24);
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

static size_t mutate(struct random *random, uint8_t *data, size_t size, size_t limit) {
    Onnx__ModelProto *model = onnx__model_proto__unpack(NULL, size, data);
    size_t length = 0;
    if (model && model->graph && names_are_there(model->graph)) {
        for (size_t i = 0, count = 1 + below(random, 3); i < count; i++) change_graph(random, model->graph);
        if (model->n_opset_import && !below(random, 8)) model->opset_import[0]->version = number(random);
        length = onnx__model_proto__get_packed_size(model);
        if (length <= limit) onnx__model_proto__pack(model, data);
    }
    if (model) onnx__model_proto__free_unpacked(model, NULL);
    return length <= limit ? length : 0;
}
