/* The reader of torch.export's archives: a graph in JSON whose nodes are ATen's operators, and raw weights, in a zip.
 *
 * The graph is told as one of ONNX whose nodes are ATen's; parameters, buffers and constants are nodes without
 * operands, so that those that no output needs are not looked at. */
#include "frontend/torch/torch.h"

#include <string.h>

static const struct torch_operator operators[] = {
#define TORCH_OPERATOR(name, function, onnx, arguments, becomes) {name, function, onnx, arguments},
#include "frontend/torch/operators.def"
#undef TORCH_OPERATOR
};
enum { OPERATOR_COUNT = sizeof operators / sizeof *operators };

const struct reader_operator torch_operators[] = {
#define TORCH_OPERATOR(name, function, onnx, arguments, becomes) {"torch", name, becomes},
#include "frontend/torch/operators.def"
#undef TORCH_OPERATOR
    {NULL, NULL, NULL},
};

struct torch_model {
    struct bxc_context *context;
    struct arena *arena;
    const char *path;
    const cJSON *module, *graph;
    Onnx__GraphProto told;
    struct torch_reading reading;
};

static int refuse(const struct torch_model *model, const char *node, const char *help, const char *problem) {
    struct location at = {.file = model->path, .node = node};
    return diag_error(&model->context->diagnostics, at, help, "%s", problem);
}

/* ---- one node ---- */

/* "torch.ops.aten.add_.Tensor" gives "aten.add"; *in_place where it has that line. */
static char *operator_name(const struct torch_model *model, const char *target, bool *in_place) {
    if (!strncmp(target, "torch.ops.", 10)) target += 10;
    const char *dot = strchr(target, '.'), *overload = dot ? strchr(dot + 1, '.') : NULL;
    size_t length = overload ? (size_t)(overload - target) : strlen(target);
    *in_place = length > 1 && target[length - 1] == '_' && target[length - 2] != '_';
    return arena_strndup(model->arena, target, length - *in_place);
}

static const struct torch_operator *find_operator(const char *name) {
    for (size_t i = 0; i < OPERATOR_COUNT; i++)
        if (!strcmp(operators[i].name, name)) return &operators[i];
    return NULL;
}

static bool knows_node(struct onnx_reader *reader, const struct operation *operation) {
    const struct torch_node *node = torch_node_of(operation);
    if (!node->json || node->operator) return true;
    onnx_refuse(reader, operation, "see 'bxc ops' for what can be read", "operator '%s' has no hardware form",
                node->proto.op_type);
    return false;
}

static struct tensor *read_node(struct onnx_reader *reader, const struct operation *operation) {
    const struct torch_node *node = torch_node_of(operation);
    if (!node->json) return torch_read_weight(reader, operation);
    if (!torch_arguments_known(reader, operation)) return NULL;
    const char *first = strstr(node->operator->arguments, " self ")    ? "self"
                        : strstr(node->operator->arguments, " input ") ? "input"
                                                                       : NULL;
    bool both = first && strstr(node->operator->arguments, " input ") && !torch_has(operation, first);
    if (first && !torch_tensor(operation, both ? "input" : first) && !torch_has(operation, "other") &&
        !torch_has(operation, "exponent"))
        return onnx_refuse(reader, operation, NULL, "its operand is no tensor");
    return node->operator->read(reader, operation);
}

static const struct foreign_reader foreign_nodes = {read_node, knows_node};

/* ---- the graph as ONNX has it ---- */

static struct torch_node *add_node(struct torch_model *model, size_t operands) {
    struct torch_node *node = ARENA_NEW(model->arena, struct torch_node);
    onnx__node_proto__init(&node->proto);
    node->proto.input = ARENA_ARRAY(model->arena, char *, operands + 1);
    node->proto.output = ARENA_ARRAY(model->arena, char *, 1);
    model->told.node[model->told.n_node++] = &node->proto;
    return node;
}

struct filling {
    struct torch_model *model;
    Onnx__NodeProto *proto;
};

static struct torch_uses *uses_of(struct torch_model *model, const char *name) {
    struct torch_uses *uses = name_map_find(&model->reading.uses, name);
    if (uses) return uses;
    uses = ARENA_NEW(model->arena, struct torch_uses);
    name_map_put(&model->reading.uses, name, uses);
    return uses;
}

/* reader: the operator that reads it, or NULL. */
static void count_reader(struct torch_model *model, const char *name, const char *reader) {
    struct torch_uses *uses = uses_of(model, name);
    uses->count++;
    uses->softmax += reader && (strstr(reader, "softmax") || !strcmp(reader, "aten.eq"));
}

static void add_operand(void *user, const char *name) {
    const struct filling *filling = user;
    count_reader(filling->model, name, filling->proto->op_type);
    filling->proto->input[filling->proto->n_input++] = arena_strdup(filling->model->arena, name);
}

static bool add_result(struct torch_model *model, struct torch_node *node, const cJSON *made) {
    const char *name = torch_text(made, "name");
    if (!name) name = torch_text(made, "as_name");
    if (!name) return false;
    node->proto.output[node->proto.n_output++] = arena_strdup(model->arena, name);
    uses_of(model, name)->maker = node;
    return true;
}

/* The names of what it makes, those of a list one by one; false where that is no tensor and no symbol. */
static bool add_results(struct torch_model *model, struct torch_node *node) {
    const cJSON *outputs = cJSON_GetObjectItemCaseSensitive(node->json, "outputs");
    size_t most = 1;
    for (const cJSON *output = outputs ? outputs->child : NULL; output; output = output->next)
        most += cJSON_IsArray(output->child) ? (size_t)cJSON_GetArraySize(output->child) : 1;
    node->proto.output = ARENA_ARRAY(model->arena, char *, most);
    for (const cJSON *output = outputs ? outputs->child : NULL; output; output = output->next) {
        bool list = cJSON_IsArray(output->child);
        if (!list && !add_result(model, node, output->child)) return false;
        for (const cJSON *made = list ? output->child->child : NULL; made; made = made->next)
            if (!add_result(model, node, made)) return false;
    }
    return node->proto.n_output > 0;
}

static int tell_node(struct torch_model *model, const cJSON *json) {
    const cJSON *inputs = cJSON_GetObjectItemCaseSensitive(json, "inputs");
    const char *target = torch_text(json, "target");
    size_t operands = 0;
    bool in_place;
    if (!target) return refuse(model, NULL, "copy or export the file again", "a node has no operator");
    const cJSON *outputs = cJSON_GetObjectItemCaseSensitive(json, "outputs");
    if (!outputs || !outputs->child || !strncmp(target, "torch.ops.aten._assert", 22)) return 0; /* makes nothing */
    for (const cJSON *input = inputs ? inputs->child : NULL; input; input = input->next)
        operands += torch_argument_operands(input, NULL, NULL);
    struct torch_node *node = add_node(model, operands);
    node->json = json;
    node->proto.op_type = operator_name(model, target, &in_place);
    node->operator= find_operator(node->proto.op_type);
    struct filling filling = {model, &node->proto};
    for (const cJSON *input = inputs ? inputs->child : NULL; input; input = input->next)
        torch_argument_operands(input, add_operand, &filling);
    if (!add_results(model, node)) return refuse(model, node->proto.op_type, NULL, "a node makes no tensor");
    node->proto.name = node->proto.output[0];
    return 0;
}

/* What is changed in place must not be read by others, who would see it changed. */
static int check_in_place(const struct torch_model *model) {
    int result = 0;
    for (size_t i = 0; i < model->told.n_node; i++) {
        const struct torch_node *node = (const struct torch_node *)(const void *)model->told.node[i];
        bool in_place = false;
        if (node->json) operator_name(model, torch_text(node->json, "target"), &in_place);
        if (!in_place || !strcmp(node->proto.op_type, "aten.detach") || !node->proto.n_input ||
            !torch_memory_is_shared(&model->reading, model->arena, node->proto.input[0]))
            continue;
        result = refuse(model, node->proto.name, "use inplace=False, or export with .run_decompositions()",
                        "it changes its operand in place, which others read");
    }
    return result;
}

/* Of a parameter, buffer or constant. */
static void tell_weight(struct torch_model *model, const char *name, const char *stored, bool constant) {
    struct torch_node *node = add_node(model, 0);
    node->weight = stored;
    node->constant = constant;
    node->proto.op_type = arena_strdup(model->arena, constant ? "constant" : "parameter");
    node->proto.name = node->proto.output[0] = arena_strdup(model->arena, name);
    node->proto.n_output = 1;
}

/* "Symbol('s27', positive=True, integer=True)", or "s27" alone; NULL: a number, or an expression of symbols. */
static char *told_symbol(const struct torch_model *model, const cJSON *size) {
    static const char before[] = "Symbol('",
                      letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_";
    const char *text = torch_text(cJSON_GetObjectItemCaseSensitive(size, "as_expr"), "expr_str");
    const bool quoted = text && !strncmp(text, before, strlen(before));
    if (quoted) text += strlen(before);
    size_t length = text ? strspn(text, letters) : 0;
    return length && (quoted || !text[length]) ? arena_strndup(model->arena, text, length) : NULL;
}

static Onnx__TensorShapeProto *told_shape(const struct torch_model *model, const cJSON *sizes) {
    Onnx__TensorShapeProto *shape = ARENA_NEW(model->arena, Onnx__TensorShapeProto);
    onnx__tensor_shape_proto__init(shape);
    shape->dim = ARENA_ARRAY(model->arena, Onnx__TensorShapeProto__Dimension *, cJSON_GetArraySize(sizes) + 1);
    for (const cJSON *size = sizes ? sizes->child : NULL; size; size = size->next) {
        Onnx__TensorShapeProto__Dimension *dim = ARENA_NEW(model->arena, Onnx__TensorShapeProto__Dimension);
        onnx__tensor_shape_proto__dimension__init(dim);
        const cJSON *number = cJSON_GetObjectItemCaseSensitive(size, "as_int");
        if (cJSON_IsNumber(number) && number->valuedouble >= 1 && number->valuedouble < 9e15) {
            dim->value_case = ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_VALUE;
            dim->dim_value = (int64_t)number->valuedouble;
        }
        char *symbol = told_symbol(model, size);
        if (symbol) {
            dim->value_case = ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_PARAM;
            dim->dim_param = symbol;
        }
        shape->dim[shape->n_dim++] = dim;
    }
    return shape;
}

static int tell_input(struct torch_model *model, const char *name) {
    const cJSON *meta =
        cJSON_GetObjectItemCaseSensitive(cJSON_GetObjectItemCaseSensitive(model->graph, "tensor_values"), name);
    const cJSON *type = cJSON_GetObjectItemCaseSensitive(meta, "dtype");
    if (!cJSON_IsNumber(type)) return refuse(model, name, NULL, "an input is no tensor");
    Onnx__ValueInfoProto *info = ARENA_NEW(model->arena, Onnx__ValueInfoProto);
    onnx__value_info_proto__init(info);
    info->name = arena_strdup(model->arena, name);
    info->type = ARENA_NEW(model->arena, Onnx__TypeProto);
    onnx__type_proto__init(info->type);
    info->type->value_case = ONNX__TYPE_PROTO__VALUE_TENSOR_TYPE;
    info->type->tensor_type = ARENA_NEW(model->arena, Onnx__TypeProto__Tensor);
    onnx__type_proto__tensor__init(info->type->tensor_type);
    info->type->tensor_type->has_elem_type = 1;
    info->type->tensor_type->elem_type = torch_element_type((int64_t)type->valuedouble);
    info->type->tensor_type->shape = told_shape(model, cJSON_GetObjectItemCaseSensitive(meta, "sizes"));
    model->told.input[model->told.n_input++] = info;
    return 0;
}

/* {"user_input": {...}}: what it is stands as the name of its only member; an array's have none. */
static bool is_kind(const cJSON *spec, const char *kind) {
    return spec->child && spec->child->string && !strcmp(spec->child->string, kind);
}

/* One of "parameter", "buffer", "tensor_constant", "user_input", with the graph's name and the archive's. */
static int tell_input_spec(struct torch_model *model, const cJSON *spec) {
    static const struct {
        const char *kind, *stored;
    } kinds[] = {
        {"parameter", "parameter_name"}, {"buffer", "buffer_name"}, {"tensor_constant", "tensor_constant_name"}};
    const cJSON *argument = cJSON_GetObjectItemCaseSensitive(spec->child, "arg");
    for (int i = 0; i < 3; i++) {
        const char *name = torch_text(argument, "name"), *stored = torch_text(spec->child, kinds[i].stored);
        if (!is_kind(spec, kinds[i].kind) || !name || !stored) continue;
        /* a buffer that is not saved with the parameters stands among the constants */
        bool constant = !cJSON_GetObjectItemCaseSensitive(model->reading.weights, stored);
        tell_weight(model, name, stored, constant);
        return 0;
    }
    const char *name = torch_text(cJSON_GetObjectItemCaseSensitive(argument, "as_tensor"), "name");
    if (is_kind(spec, "user_input") && name) return tell_input(model, name);
    return refuse(model, NULL, "export a model that takes tensors alone", "an input of the model is no tensor");
}

static int tell_output_spec(struct torch_model *model, const cJSON *spec) {
    const cJSON *argument = cJSON_GetObjectItemCaseSensitive(spec->child, "arg");
    const char *name = torch_text(cJSON_GetObjectItemCaseSensitive(argument, "as_tensor"), "name");
    if (!is_kind(spec, "user_output") || !name)
        return refuse(model, NULL, "export model.eval(), which gives tensors and changes none of its buffers",
                      "an output of the model is no tensor");
    Onnx__ValueInfoProto *info = ARENA_NEW(model->arena, Onnx__ValueInfoProto);
    onnx__value_info_proto__init(info);
    info->name = arena_strdup(model->arena, name);
    count_reader(model, name, NULL);
    model->told.output[model->told.n_output++] = info;
    return 0;
}

static int tell_graph(struct torch_model *model) {
    const cJSON *signature = cJSON_GetObjectItemCaseSensitive(model->module, "signature");
    const cJSON *inputs = cJSON_GetObjectItemCaseSensitive(signature, "input_specs");
    const cJSON *outputs = cJSON_GetObjectItemCaseSensitive(signature, "output_specs");
    const cJSON *nodes = cJSON_GetObjectItemCaseSensitive(model->graph, "nodes");
    size_t input_count = (size_t)cJSON_GetArraySize(inputs);
    int result = 0;
    onnx__graph_proto__init(&model->told);
    model->reading.uses = name_map_new(model->arena);
    model->told.node =
        ARENA_ARRAY(model->arena, Onnx__NodeProto *, input_count + (size_t)cJSON_GetArraySize(nodes) + 1);
    model->told.input = ARENA_ARRAY(model->arena, Onnx__ValueInfoProto *, input_count + 1);
    model->told.output = ARENA_ARRAY(model->arena, Onnx__ValueInfoProto *, cJSON_GetArraySize(outputs) + 1);
    for (const cJSON *spec = inputs ? inputs->child : NULL; spec; spec = spec->next)
        if (tell_input_spec(model, spec) < 0) result = -1;
    for (const cJSON *node = nodes ? nodes->child : NULL; node; node = node->next)
        if (tell_node(model, node) < 0) return -1;
    for (const cJSON *spec = outputs ? outputs->child : NULL; spec; spec = spec->next)
        if (tell_output_spec(model, spec) < 0) result = -1;
    return check_in_place(model) < 0 ? -1 : result;
}

/* ---- the archive ---- */

static void release_json(void *json) {
    cJSON_Delete(json);
}

/* NULL after a diagnosis. */
static const cJSON *read_json(const struct torch_model *model, const char *entry) {
    const struct torch_reading *reading = &model->reading;
    size_t length;
    const char *name = arena_printf(model->arena, "%s%s", reading->prefix, entry);
    char *text = archive_entry(&reading->archive, name, &length);
    cJSON *json = text ? cJSON_ParseWithLength(text, length) : NULL;
    if (!json) return refuse(model, name, "copy or export the file again", "it is missing, or no JSON"), NULL;
    arena_defer(model->arena, release_json, json);
    return json;
}

static int find_prefix(struct torch_model *model) {
    static const char ending[] = "models/model.json";
    char *name = archive_name_ending(&model->reading.archive, ending);
    if (!name)
        return refuse(model, NULL,
                      "save it again with PyTorch 2.8 or newer: torch.export.save(torch.export.load(OLD), NEW)",
                      "this archive of torch.export is of an older layout, with pickled weights");
    name[strlen(name) - strlen(ending)] = 0;
    model->reading.prefix = name;
    return 0;
}

static int open_archive(struct torch_model *model) {
    size_t length;
    if (find_prefix(model) < 0) return -1;
    const char *order = archive_entry(&model->reading.archive,
                                      arena_printf(model->arena, "%sbyteorder", model->reading.prefix), &length);
    if (order && strncmp(order, "little", 6)) return refuse(model, NULL, NULL, "its numbers are big-endian");
    const cJSON *root = read_json(model, "models/model.json");
    const cJSON *weights = root ? read_json(model, "data/weights/model_weights_config.json") : NULL;
    const cJSON *constants = weights ? read_json(model, "data/constants/model_constants_config.json") : NULL;
    if (!constants) return -1;
    model->module = cJSON_GetObjectItemCaseSensitive(root, "graph_module");
    model->graph = cJSON_GetObjectItemCaseSensitive(model->module, "graph");
    model->reading.weights = cJSON_GetObjectItemCaseSensitive(weights, "config");
    model->reading.constants = cJSON_GetObjectItemCaseSensitive(constants, "config");
    return model->graph ? 0 : refuse(model, NULL, "copy or export the file again", "the archive holds no graph");
}

static bool holds(const char *data, size_t length, const char *word) {
    const size_t size = strlen(word);
    for (const char *at = data; length >= size; at++, length--) {
        const char *next = memchr(at, *word, length - size + 1);
        if (!next) return false;
        length -= (size_t)(next - at);
        at = next;
        if (!memcmp(at, word, size)) return true;
    }
    return false;
}

/* A zip whose index, which stands at the end, names what torch.export writes. */
bool torch_recognises(const char *path, const void *data, size_t length) {
    enum { INDEX_MAX = 1 << 22 };
    (void)path;
    if (length < 4 || memcmp(data, "PK\003\004", 4)) return false;
    const char *index = (const char *)data + (length > INDEX_MAX ? length - INDEX_MAX : 0);
    size_t left = length > INDEX_MAX ? INDEX_MAX : length;
    return holds(index, left, "models/model.json") || holds(index, left, "serialized_exported_program.json");
}

struct graph *torch_read(struct bxc_context *context, const char *path, const void *data, size_t length,
                         const struct frontend_options *options) {
    struct torch_model model = {.context = context, .arena = arena_new(context), .path = path};
    Onnx__ModelProto told;
    struct graph *graph = NULL;
    model.reading.archive = (struct archive){.context = context,
                                             .arena = model.arena,
                                             .path = path,
                                             .help = "copy or export the file again",
                                             .data = data,
                                             .length = length};
    onnx__model_proto__init(&told);
    told.graph = &model.told;
    if (open_archive(&model) == 0 && tell_graph(&model) == 0)
        graph = onnx_read_foreign(context, model.arena, path, &told, &foreign_nodes, &model.reading, options);
    arena_free(model.arena);
    return graph;
}
