/* The reader of TFLite: a flatbuffer is told as a GraphDef of TensorFlow, from which TFLite's converter made it, and
 * that is read.
 *
 * What is computed in whole numbers with scales is told with nodes of its own (integers.c). */
#include "frontend/tflite/tflite.h"

#include <inttypes.h>
#include <string.h>

enum { OPERANDS_MAX = 1 << 20, NAME_MAX_LENGTH = 1024, FILE_MAX = 1 << 29 };

static const struct tflite_operator operators[] = {
#define TFLITE_OPERATOR(code, name, as, function, options, activation, becomes)                                        \
    {code, name, as, function, options, activation},
#include "frontend/tflite/operators.def"
#undef TFLITE_OPERATOR
};
enum { OPERATOR_COUNT = sizeof operators / sizeof *operators };

const struct reader_operator tflite_operators[] = {
#define TFLITE_OPERATOR(code, name, as, function, options, activation, becomes) {"tflite", name, becomes},
#include "frontend/tflite/operators.def"
#undef TFLITE_OPERATOR
    {NULL, NULL, NULL},
};

static int model_refuse(const struct tflite_model *model, const char *node, const char *help, const char *problem) {
    struct location at = {.file = model->path, .node = node};
    return diag_error(&model->context->diagnostics, at, help, "%s", problem);
}

int tflite_refuse(const struct tflite_operation *operation, const char *help, const char *format, ...) {
    const struct tflite_model *model = operation->model;
    struct location at = {.file = model->path, .op = operation->operator->name };
    if (operation->outputs.count) at.node = model->names[flat_element(operation->outputs, 0)];
    struct strbuf text = strbuf_new(model->arena);
    va_list arguments;
    va_start(arguments, format);
    strbuf_vprintf(&text, format, arguments);
    va_end(arguments);
    return diag_error(&model->context->diagnostics, at, help, "%s", text.data);
}

/* ---- tensors ---- */

struct flat_table tflite_tensor(const struct tflite_model *model, int64_t tensor) {
    return flat_element_table(model->tensors, (size_t)tensor);
}

/* With -1 for what varies, where the file says so. */
struct shape tflite_shape(const struct tflite_model *model, int64_t tensor) {
    struct shape shape = {.rank = -1};
    struct flat_table table = tflite_tensor(model, tensor);
    struct flat_vector dims = flat_vector(table, 7, 4);
    if (!dims.at || !dims.count) dims = flat_vector(table, 0, 4);
    if (dims.count > SHAPE_RANK_MAX) return shape;
    shape.rank = (int)dims.count;
    for (size_t i = 0; i < dims.count; i++) shape.dim[i] = flat_element(dims, i);
    return shape;
}

int tflite_type(const struct tflite_model *model, int64_t tensor) {
    static const int types[] = {1, 19, 3, 4, 9, 7, 10, 5, 8, 6, 2, 18, 23, 20, 21, 22, 17, 29, 14};
    int64_t type = flat_integer(tflite_tensor(model, tensor), 1, 1, 0);
    return type >= 0 && type < (int64_t)(sizeof types / sizeof *types) ? types[type] : 0;
}

static void name_tensors(struct tflite_model *model) {
    model->names = ARENA_ARRAY(model->arena, const char *, model->tensors.count + 1);
    model->is_given = ARENA_ARRAY(model->arena, bool, model->tensors.count + 1);
    model->reads = ARENA_ARRAY(model->arena, const char *, model->tensors.count + 1);
    for (size_t i = 0; i < model->tensors.count; i++) {
        const char *name = flat_text(tflite_tensor(model, (int64_t)i), 3);
        bool usable = name && *name && *name != '^' && strnlen(name, NAME_MAX_LENGTH) < NAME_MAX_LENGTH;
        char *own = usable ? arena_strdup(model->arena, name) : arena_printf(model->arena, "tensor_%zu", i);
        for (char *at = own; *at; at++)
            if (*at == ':') *at = '_'; /* which would say an output of a node */
        if (name_map_find(&model->taken, own)) own = arena_printf(model->arena, "%s#%zu", own, i);
        name_map_put(&model->taken, own, model);
        model->names[i] = model->reads[i] = own;
    }
}

static struct flat_table buffer_of(const struct tflite_model *model, int64_t tensor) {
    const struct flat_table none = {.buffer = model->tensors.buffer};
    int64_t buffer = flat_integer(tflite_tensor(model, tensor), 2, 4, 0);
    if (buffer <= 0 || (uint64_t)buffer >= model->buffers.count) return none;
    return flat_element_table(model->buffers, (size_t)buffer);
}

struct flat_vector tflite_stored(const struct tflite_model *model, int64_t tensor) {
    return flat_vector(buffer_of(model, tensor), 0, 1);
}

/* Tensors with numbers in the file; those that share them may not make much of little. */
static int tell_constants(struct tflite_model *model) {
    size_t bytes = 0;
    for (size_t i = 0; i < model->tensors.count; i++) {
        const struct flat_vector data = tflite_stored(model, (int64_t)i);
        if (flat_integer(buffer_of(model, (int64_t)i), 1, 8, 0) > 1)
            return model_refuse(model, model->names[i], "convert the model again, without its option for 2 GB",
                                "its numbers are outside of the flatbuffer");
        if (!data.count) continue;
        bytes += data.count;
        if (bytes > 2 * model->file.length + 65536)
            return model_refuse(model, model->names[i], NULL, "its numbers are those of too many other tensors");
        if (tflite_tell_constant(model, (int64_t)i, data) < 0) return -1;
        model->is_given[i] = true;
    }
    return 0;
}

/* ---- operations ---- */

int64_t tflite_input(const struct tflite_operation *operation, size_t i) {
    return i < operation->inputs.count ? flat_element(operation->inputs, i) : -1;
}

/* Every operand and result is a tensor; only operands behind the first may be left out. */
static bool tensors_exist(const struct tflite_model *model, struct flat_vector tensors, bool may_lack) {
    for (size_t i = 0; i < tensors.count; i++) {
        int64_t tensor = flat_element(tensors, i);
        if (tensor == -1 && may_lack && i) continue;
        if (tensor < 0 || (uint64_t)tensor >= model->tensors.count) return false;
    }
    return true;
}

static const struct tflite_operator *operator_of(struct flat_table code, int64_t *number) {
    int64_t older = flat_integer(code, 0, 1, 0), newer = flat_integer(code, 3, 4, 0);
    *number = newer > older ? newer : older;
    for (size_t i = 0; i < OPERATOR_COUNT; i++)
        if (operators[i].code == *number) return &operators[i];
    return NULL;
}

/* How many operands the function that tells the operation reads by number; behind them a bias may be left out. */
static size_t operands_needed(const struct tflite_operator *operator) {
    switch (operator->options) {
    case 1:             /* convolution */
    case 2:             /* by channel */
    case 8:             /* fully connected */
    case 101: return 2; /* matrix product */
    case 49: return 3;  /* transposed convolution */
    default: return 1;
    }
}

static int check_operands(const struct tflite_operation *operation) {
    const int options = operation->operator->options;
    const size_t needed = operands_needed(operation->operator);
    const bool has_bias = options && needed > 1 && options != 101;
    if (operation->inputs.count < needed)
        return tflite_refuse(operation, NULL, "%zu operands, which it does not take", operation->inputs.count);
    for (size_t i = 0; i < operation->inputs.count; i++)
        if (tflite_input(operation, i) < 0 && !(has_bias && i == needed))
            return tflite_refuse(operation, NULL, "operand %zu is left out", i);
    return 0;
}

/* Its results become those of what is fused behind it: the node that makes the first is called otherwise from now on.
 */
static int tell_activation(const struct tflite_operation *operation) {
    static const char *const functions[] = {NULL, "Relu", NULL, "Relu6", "Tanh"};
    struct tflite_model *model = operation->model;
    int field = operation->operator->activation_field;
    int64_t kind = field < 0 ? 0 : flat_integer(operation->options, field, 1, 0);
    if (!kind) return 0;
    if (kind < 0 || kind > 4 || !functions[kind])
        return tflite_refuse(operation, NULL, "the function fused behind it (%" PRId64 ") is not read", kind);
    Tensorflow__NodeDef *made = model->graph.node[model->graph.n_node - 1];
    const char *name = operation->result;
    for (size_t i = model->graph.n_node; i-- && strcmp(made->name, name);) made = model->graph.node[i];
    made->name = arena_printf(model->arena, "%s.linear", name);
    tflite_reads_node(model, tflite_node(operation, functions[kind], NULL), made);
    return 0;
}

void tflite_tell_results(const struct tflite_operation *operation) {
    struct tflite_model *model = operation->model;
    for (size_t i = 1; i < operation->outputs.count; i++) {
        Tensorflow__NodeDef *node = tflite_node(operation, "Identity", NULL);
        node->name = arena_strdup(model->arena, model->reads[flat_element(operation->outputs, i)]);
        tflite_reads_name(model, node, arena_printf(model->arena, "%s:%zu", operation->result, i));
    }
}

static int tell_operation(struct tflite_model *model, struct flat_table table, struct flat_vector codes) {
    struct tflite_operation operation = {.model = model,
                                         .options = flat_subtable(table, 4),
                                         .inputs = flat_vector(table, 1, 4),
                                         .outputs = flat_vector(table, 2, 4)};
    uint64_t code = (uint64_t)flat_integer(table, 0, 4, 0);
    int64_t number;
    if (code >= codes.count || !operation.outputs.count || !tensors_exist(model, operation.inputs, true) ||
        !tensors_exist(model, operation.outputs, false))
        return model_refuse(model, NULL, "copy or convert the file again",
                            "an operation names tensors that are not there");
    const char *name = model->names[flat_element(operation.outputs, 0)];
    operation.operator= operator_of(flat_element_table(codes, (size_t)code), &number);
    if (!operation.operator)
        return model_refuse(model, name, "see 'bxc ops' for what can be read",
                            arena_printf(model->arena, "operator %" PRId64 " of TFLite has no hardware form", number));
    if (operation.operator->options && operation.options.at &&
        flat_integer(table, 3, 1, 0) != operation.operator->options)
        return tflite_refuse(&operation, "copy or convert the file again", "its options are another operator's");
    operation.result = name;
    if (check_operands(&operation) < 0) return -1;
    if (tflite_computes_scaled(&operation)) return tflite_tell_scaled(&operation);
    if (operation.operator->tell(&operation) < 0 || tell_activation(&operation) < 0) return -1;
    tflite_tell_results(&operation);
    return 0;
}

/* ---- the whole ---- */

static int tell_ports(struct tflite_model *model) {
    struct flat_vector inputs = flat_vector(model->subgraph, 1, 4), outputs = flat_vector(model->subgraph, 2, 4);
    if (!tensors_exist(model, inputs, false) || !tensors_exist(model, outputs, false))
        return model_refuse(model, NULL, "copy or convert the file again", "an input or output is no tensor");
    for (size_t i = 0; i < inputs.count; i++) {
        int64_t tensor = flat_element(inputs, i);
        if (model->is_given[tensor]) continue;
        model->is_given[tensor] = true;
        if (tflite_tell_input(model, tensor) < 0) return -1;
    }
    return 0;
}

static size_t operands_of(struct flat_vector operations) {
    size_t operands = operations.count;
    for (size_t i = 0; i < operations.count && operands <= OPERANDS_MAX; i++) {
        struct flat_table table = flat_element_table(operations, i);
        operands += flat_vector(table, 1, 4).count + flat_vector(table, 2, 4).count;
    }
    return operands;
}

static int tell_graph(struct tflite_model *model) {
    struct flat_vector codes = flat_vector(model->root, 1, 4), operations = flat_vector(model->subgraph, 3, 4);
    int result = 0;
    if (operands_of(operations) > OPERANDS_MAX)
        return model_refuse(model, NULL, NULL, "its operations have too many operands");
    if (tell_constants(model) < 0 || tell_ports(model) < 0) return -1;
    for (size_t i = 0; i < operations.count; i++)
        if (tell_operation(model, flat_element_table(operations, i), codes) < 0) result = -1;
    if (!result) tflite_tell_outputs(model, flat_vector(model->subgraph, 2, 4));
    return result;
}

static struct graph *read_model(struct tflite_model *model, const struct frontend_options *options) {
    model->root = flat_root(&model->file);
    struct flat_vector subgraphs = flat_vector(model->root, 2, 4);
    model->buffers = flat_vector(model->root, 4, 4);
    if (subgraphs.count) model->subgraph = flat_element_table(subgraphs, 0);
    model->tensors = flat_vector(model->subgraph, 0, 4);
    model->taken = name_map_new(model->arena);
    tensorflow__graph_def__init(&model->graph);
    name_tensors(model);
    int told = tell_graph(model);
    if (model->file.broken || !model->subgraph.at) {
        model_refuse(model, NULL, "copy or convert the file again", "the file is damaged: an offset leads out of it");
        return NULL;
    }
    if (told < 0) return NULL;
    struct flat_vector outputs = flat_vector(model->subgraph, 2, 4);
    struct tf_model graph = {.context = model->context,
                             .arena = model->arena,
                             .path = model->path,
                             .definition = &model->graph,
                             .outputs = ARENA_ARRAY(model->arena, char *, outputs.count + 1),
                             .output_count = outputs.count,
                             .more = tflite_code_operators};
    for (size_t i = 0; i < outputs.count; i++)
        graph.outputs[i] = arena_strdup(model->arena, model->names[flat_element(outputs, i)]);
    return tf_read_graph(&graph, options);
}

bool tflite_recognises(const char *path, const void *data, size_t length) {
    (void)path;
    return length >= 8 && !memcmp((const char *)data + 4, "TFL3", 4);
}

struct graph *tflite_read(struct bxc_context *context, const char *path, const void *data, size_t length,
                          const struct frontend_options *options) {
    struct tflite_model model = {
        .context = context, .arena = arena_new(context), .path = path, .file = {.data = data, .length = length}};
    struct graph *graph = NULL;
    if (!tflite_recognises(path, data, length) || length > FILE_MAX)
        model_refuse(&model, NULL, "copy or convert the file again",
                     "the file is no model of TFLite, or larger than 512 MiB");
    else
        graph = read_model(&model, options);
    arena_free(model.arena);
    return graph;
}
