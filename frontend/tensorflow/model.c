/* The reader of TensorFlow's frozen graphs: a GraphDef becomes a graph in real arithmetic.
 *
 * A frozen graph says neither what its inputs are nor its outputs: inputs are the placeholders, outputs what nobody
 * reads among the nodes that depend on them. The graph is told as one of ONNX whose nodes are TensorFlow's (order,
 * batch and constants are then that reader's business), and each node is read by calls of ONNX's operators. */
#include "frontend/tensorflow/model.h"
#include "frontend/wire.h"

#include <string.h>
#include <strings.h>

static const struct tf_operator operators[] = {
#define TF_OPERATOR(name, function, onnx, minimum, maximum, attributes, becomes)                                       \
    {name, function, onnx, minimum, maximum, attributes},
#include "frontend/tensorflow/operators.def"
#undef TF_OPERATOR
};
enum { OPERATOR_COUNT = sizeof operators / sizeof *operators };

const struct reader_operator tensorflow_operators[] = {
#define TF_OPERATOR(name, function, onnx, minimum, maximum, attributes, becomes) {"tensorflow", name, becomes},
#include "frontend/tensorflow/operators.def"
#undef TF_OPERATOR
    {"tensorflow", "Placeholder", "input"},
    {NULL, NULL, NULL},
};

const struct tf_operator *tf_operator_find(const char *name) {
    for (size_t i = 0; i < OPERATOR_COUNT; i++)
        if (!strcmp(operators[i].name, name)) return &operators[i];
    return NULL;
}

/* ---- one node ---- */

const char tf_loop_help[] =
    "bxc reads graphs without loops: build recurrent layers with unroll=True, or save the model as .keras";

static const struct {
    const char *names, *help;
} advice[] = {
    {" VarHandleOp ReadVariableOp Variable VariableV2 VarIsInitializedOp ",
     "the variables are not in the graph: freeze it with convert_variables_to_constants_v2"},
    {" While StatelessWhile Enter Exit NextIteration LoopCond TensorListReserve TensorListFromTensor TensorListStack "
     "TensorListGetItem TensorListSetItem TensorArrayV3 TensorArrayReadV3 TensorArrayWriteV3 TensorArrayGatherV3 "
     "TensorArrayScatterV3 ",
     tf_loop_help},
    {" If StatelessIf ", "bxc reads branches that a constant decides"},
    {" PartitionedCall StatefulPartitionedCall ", "write the graph with its library of functions, or inline them"},
    {" SpaceToBatchND BatchToSpaceND ", "save a dilated convolution as one: Keras does with TensorFlow 2"},
};

static const char *operator_help(struct onnx_reader *reader, const char *name) {
    char *spaced = arena_printf(reader->arena, " %s ", name);
    for (size_t i = 0; i < sizeof advice / sizeof *advice; i++)
        if (strstr(advice[i].names, spaced)) return advice[i].help;
    for (size_t i = 0; i < OPERATOR_COUNT; i++)
        if (!strcasecmp(operators[i].name, name) && strcmp(operators[i].name, name))
            return arena_printf(reader->arena, "it is written '%s'", operators[i].name);
    return "see 'bxc ops' for what can be read";
}

static bool knows_node(struct onnx_reader *reader, const struct operation *operation) {
    const struct tf_node *node = tf_node_of(operation);
    if (!node->operator)
        onnx_refuse(reader, operation, operator_help(reader, node->definition->op),
                    "operator '%s' has no hardware form", node->definition->op);
    return node->operator!= NULL;
}

static struct tensor *read_node(struct onnx_reader *reader, const struct operation *operation) {
    const struct tf_operator *operator= tf_node_of(operation)->operator;
    if (operation->input_count < operator->inputs_min || operation->input_count> operator->inputs_max)
        return onnx_refuse(reader, operation, NULL, "%u operands, which %s does not take",
                           operation->input_count, operator->name);
    tf_attributes_check(reader, operation);
    return operator->read(reader, operation);
}

static const struct foreign_reader foreign_nodes = {read_node, knows_node};

/* ---- the graph as ONNX has it ---- */

static char *input_refuse(const struct tf_model *model, const char *name, const char *problem) {
    struct location at = {.file = model->path, .attribute = name};
    diag_error(&model->context->diagnostics, at,
               "freeze the model with the shapes of its inputs: tf.TensorSpec((None, 16), tf.float32)", "input '%s' %s",
               name, problem);
    return NULL;
}

static Onnx__TensorShapeProto *told_shape(const struct tf_model *model, const Tensorflow__TensorShapeProto *stored) {
    Onnx__TensorShapeProto *shape = ARENA_NEW(model->arena, Onnx__TensorShapeProto);
    onnx__tensor_shape_proto__init(shape);
    shape->n_dim = stored->n_dim;
    shape->dim = ARENA_ARRAY(model->arena, Onnx__TensorShapeProto__Dimension *, stored->n_dim + 1);
    for (size_t i = 0; i < stored->n_dim; i++) {
        shape->dim[i] = ARENA_NEW(model->arena, Onnx__TensorShapeProto__Dimension);
        onnx__tensor_shape_proto__dimension__init(shape->dim[i]);
        if (stored->dim[i]->size < 0) continue;
        shape->dim[i]->value_case = ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_VALUE;
        shape->dim[i]->dim_value = stored->dim[i]->size;
    }
    return shape;
}

/* NULL after a diagnosis. */
static Onnx__ValueInfoProto *told_input(const struct tf_model *model, const struct tf_node *node) {
    const char *name = node->definition->name;
    const Tensorflow__AttrValue *shape = tf_attribute(node->definition, "shape");
    const Tensorflow__AttrValue *type = tf_attribute(node->definition, "dtype");
    if (!shape || shape->value_case != TENSORFLOW__ATTR_VALUE__VALUE_SHAPE || shape->shape->unknown_rank)
        return (void *)input_refuse(model, name, "has no shape");
    Onnx__ValueInfoProto *info = ARENA_NEW(model->arena, Onnx__ValueInfoProto);
    onnx__value_info_proto__init(info);
    info->name = node->proto.output[0];
    info->type = ARENA_NEW(model->arena, Onnx__TypeProto);
    onnx__type_proto__init(info->type);
    info->type->value_case = ONNX__TYPE_PROTO__VALUE_TENSOR_TYPE;
    info->type->tensor_type = ARENA_NEW(model->arena, Onnx__TypeProto__Tensor);
    onnx__type_proto__tensor__init(info->type->tensor_type);
    info->type->tensor_type->has_elem_type = 1;
    if (type && type->value_case == TENSORFLOW__ATTR_VALUE__VALUE_TYPE)
        info->type->tensor_type->elem_type = tf_element_type(type->type);
    info->type->tensor_type->shape = told_shape(model, shape->shape);
    return info;
}

static Onnx__ValueInfoProto *told_output(const struct tf_model *model, char *name) {
    Onnx__ValueInfoProto *info = ARENA_NEW(model->arena, Onnx__ValueInfoProto);
    onnx__value_info_proto__init(info);
    info->name = name;
    return info;
}

static void tell_outputs(const struct tf_model *model, Onnx__GraphProto *graph) {
    size_t most = model->count > model->output_count ? model->count : model->output_count;
    for (size_t i = 0; i < model->count; i++) most += model->nodes[i].proto.n_output;
    graph->output = ARENA_ARRAY(model->arena, Onnx__ValueInfoProto *, most + 1);
    for (size_t i = 0; i < model->output_count; i++)
        graph->output[graph->n_output++] = told_output(model, model->outputs[i]);
    for (size_t i = 0; !model->outputs && i < model->count; i++) {
        const struct tf_node *node = &model->nodes[i];
        if (node->role != TF_COMPUTED || !node->depends || node->read) continue;
        size_t count = !strcmp(node->definition->op, "IdentityN") ? node->proto.n_output : 1;
        for (size_t k = 0; k < count; k++) graph->output[graph->n_output++] = told_output(model, node->proto.output[k]);
    }
}

/* Nodes that are computed, inputs and outputs; -1 after a diagnosis. */
static int tell_graph(struct tf_model *model, Onnx__GraphProto *graph) {
    int result = 0;
    graph->node = ARENA_ARRAY(model->arena, Onnx__NodeProto *, model->count + 1);
    graph->input = ARENA_ARRAY(model->arena, Onnx__ValueInfoProto *, model->count + 1);
    tell_outputs(model, graph);
    for (size_t i = 0; i < model->count; i++) {
        struct tf_node *node = &model->nodes[i];
        if (node->role == TF_INPUT && (node->read || model->outputs)) {
            Onnx__ValueInfoProto *input = told_input(model, node);
            if (input)
                graph->input[graph->n_input++] = input;
            else
                result = -1;
        } else if (node->role == TF_COMPUTED) {
            graph->node[graph->n_node++] = &node->proto;
        }
    }
    return result;
}

struct graph *tf_read_graph(struct tf_model *model, const struct frontend_options *options) {
    Onnx__ModelProto told;
    Onnx__GraphProto graph;
    struct tf_reading reading = {0};
    onnx__model_proto__init(&told);
    onnx__graph_proto__init(&graph);
    told.graph = &graph;
    if (tf_find_called_nodes(model) < 0 || tf_resolve_switches(model) < 0) return NULL;
    tf_find_readers(model);
    if (tell_graph(model, &graph) < 0) return NULL;
    return onnx_read_foreign(model->context, model->arena, model->path, &told, &foreign_nodes, &reading, options);
}

/* ---- the file ---- */

/* A message in the field of that number, in which the first field is of that number, too. */
static bool begins_with(const uint8_t *bytes, size_t length, uint8_t tag, uint8_t inner) {
    size_t at = 1;
    if (length < 4 || bytes[0] != tag) return false;
    while (at < length && at < 6 && bytes[at] & 0x80) at++;
    return at + 1 < length && bytes[at + 1] == inner;
}

/* saved_model_schema_version 1, then a MetaGraphDef that begins with its meta_info_def; ONNX has a name there. */
static bool is_saved_model(const uint8_t *bytes, size_t length) {
    return length > 5 && bytes[0] == 0x08 && bytes[1] == 0x01 && begins_with(bytes + 2, length - 2, 0x12, 0x0a);
}

static bool ends_with(const char *path, const char *end) {
    size_t length = strlen(path), tail = strlen(end);
    return length >= tail && !strcmp(path + length - tail, end);
}

static bool is_text(const char *data, size_t length) {
    return length > 6 && (!strncmp(data, "node {", 6) || !strncmp(data, "node{", 5));
}

/* Nodes first, and a node's name first. */
bool tensorflow_recognises(const char *path, const void *data, size_t length) {
    bool tensor_of_onnx = ends_with(path, ".onnx");
    return !tensor_of_onnx && (begins_with(data, length, 0x0a, 0x0a) || is_saved_model(data, length) ||
                               is_text(data, length) || ends_with(path, "saved_model.pb"));
}

static int refuse_file(struct bxc_context *context, const char *path, const void *data, size_t length) {
    struct location at = {.file = path};
    if (is_saved_model(data, length) || ends_with(path, "saved_model.pb"))
        return diag_error(
            &context->diagnostics, at,
            "export it as ONNX, 'python3 -m tf2onnx.convert --saved-model FOLDER --output model.onnx', or "
            "freeze it with convert_variables_to_constants_v2",
            "this is a SavedModel of TensorFlow, whose weights are in other files");
    if (is_text(data, length))
        return diag_error(&context->diagnostics, at,
                          "write it as bytes: tf.io.write_graph(graph, '.', 'model.pb', False)",
                          "this is a graph of TensorFlow as text");
    return 0;
}

struct graph *tensorflow_read(struct bxc_context *context, const char *path, const void *data, size_t length,
                              const struct frontend_options *options) {
    static const struct wire_kind kind = {"frozen graph of TensorFlow", &tensorflow__graph_def__descriptor};
    struct graph *graph = NULL;
    if (refuse_file(context, path, data, length) < 0) return NULL;
    struct tf_model model = {.context = context, .arena = arena_new(context), .path = path};
    model.definition = wire_unpack(context, model.arena, path, &kind, data, length);
    if (model.definition && model.definition->n_node)
        graph = tf_read_graph(&model, options);
    else if (model.definition)
        diag_error(&context->diagnostics, (struct location){.file = path}, "copy or export the file again",
                   "the file holds no graph of TensorFlow");
    arena_free(model.arena);
    return graph;
}
