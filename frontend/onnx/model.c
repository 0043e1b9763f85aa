/* The reader of ONNX: a ModelProto becomes a graph in real arithmetic.
 *
 * Inputs, initialisers and node outputs are tensors by name. The nodes that an output depends on
 * (order.c) are read in an order in which operands come first, each by the function that
 * operators.def names; an operator that is refused makes failed tensors, whose readers keep silent,
 * so that one run names everything that is wrong. Nodes that no output depends on are not read. */
#include "frontend/onnx/codes.h"
#include "frontend/onnx/order.h"
#include "frontend/wire.h"
#include "ir/verify.h"

#include <inttypes.h>
#include <string.h>
#include <strings.h>

#define TYPE(name) ONNX__TENSOR_PROTO__DATA_TYPE__##name

static const struct onnx_operator operators[] = {
#define ONNX_OPERATOR(domain, name, function, minimum, maximum, attributes, becomes)                                   \
    {domain, name, function, minimum, maximum, attributes},
#include "frontend/onnx/operators.def"
#undef ONNX_OPERATOR
};
enum { OPERATOR_COUNT = sizeof operators / sizeof *operators };

const struct reader_operator onnx_operators[] = {
#define ONNX_OPERATOR(domain, name, function, minimum, maximum, attributes, becomes) {domain, name, becomes},
#include "frontend/onnx/operators.def"
#undef ONNX_OPERATOR
    {NULL, NULL, NULL},
};

struct location onnx_location(const struct onnx_reader *reader, const struct operation *operation) {
    struct location at = {.file = reader->path};
    if (!operation) return at;
    at.node = operation->name;
    at.op = operation->source_op ? operation->source_op : operation->proto->op_type;
    at.opset = reader->graph->opset;
    return at;
}

struct tensor *onnx_refuse(struct onnx_reader *reader, const struct operation *operation, const char *help,
                           const char *format, ...) {
    va_list arguments;
    struct strbuf text = strbuf_new(reader->arena);
    va_start(arguments, format);
    strbuf_vprintf(&text, format, arguments);
    va_end(arguments);
    diag_error(&reader->context->diagnostics, onnx_location(reader, operation), help, "%s", text.data);
    return NULL;
}

/* ---- operators ---- */

static const char *node_domain(const Onnx__NodeProto *proto) {
    const char *domain = proto->domain ? proto->domain : "";
    return strcmp(domain, "ai.onnx") ? domain : "";
}

const struct onnx_operator *onnx_operator_find(const char *domain, const char *name) {
    for (size_t i = 0; i < OPERATOR_COUNT; i++)
        if (!strcmp(operators[i].name, name) && (!domain || !strcmp(operators[i].domain, domain))) return &operators[i];
    return NULL;
}

/* What to do about the operators that people meet most. */
static const struct {
    const char *names, *help;
} advice[] = {
    {" QuantLSTMCell ", "export the layer written out, with a quantiser (Quant) for each of its numbers"},
    {" QLinearSoftmax ", "leave Softmax in float (op_types_to_quantize), or drop it and compare logits"},
    {" DynamicQuantizeLinear ",
     "its scale is another one for each event: quantise statically, with calibration events (quantize_static)"},
    {" SequenceConstruct SequenceAt SequenceEmpty SplitToSequence ConcatFromSequence ",
     "bxc reads tensors, no sequences"},
};

static const char *operator_help(struct onnx_reader *reader, const Onnx__NodeProto *proto) {
    const char *domain = node_domain(proto);
    const struct onnx_operator *other = onnx_operator_find(NULL, proto->op_type);
    if (other && strcmp(other->domain, domain))
        return arena_printf(reader->arena, "bxc knows '%s' in the domain '%s'", proto->op_type,
                            *other->domain ? other->domain : "ai.onnx");
    for (size_t i = 0; i < OPERATOR_COUNT; i++)
        if (!strcasecmp(operators[i].name, proto->op_type) && strcmp(operators[i].name, proto->op_type))
            return arena_printf(reader->arena, "it is written '%s'", operators[i].name);
    char *spaced = arena_printf(reader->arena, " %s ", proto->op_type);
    for (size_t i = 0; i < sizeof advice / sizeof *advice; i++)
        if (strstr(advice[i].names, spaced)) return advice[i].help;
    return "see 'bxc ops' for what can be read";
}

static struct tensor *refuse_operator(struct onnx_reader *reader, const struct operation *operation) {
    const Onnx__NodeProto *proto = operation->proto;
    const char *domain = node_domain(proto), *help = operator_help(reader, proto);
    if (onnx_holds_subgraph(proto))
        return onnx_refuse(reader, operation, help, "operator '%s' holds a subgraph, which has no hardware form",
                           proto->op_type);
    if (*domain)
        return onnx_refuse(reader, operation, help, "operator '%s' of domain '%s' has no hardware form", proto->op_type,
                           domain);
    return onnx_refuse(reader, operation, help, "operator '%s' has no hardware form", proto->op_type);
}

/* ---- nodes ---- */

static int check_inputs(struct onnx_reader *reader, const struct operation *operation) {
    const struct onnx_operator *operator= operation->operator;
    uint32_t there = operation->input_count;
    if (there < operator->inputs_min || there> operator->inputs_max) {
        onnx_refuse(reader, operation, NULL, "%u operand%s where %s takes %s%u", there, there == 1 ? "" : "s", operator->name,
                    there < operator->inputs_min ? "at least " : "at most ", there < operator->inputs_min ? operator->inputs_min : operator->inputs_max);
        return -1;
    }
    /* of a list of operands that has at least one, all */
    bool list = operator->inputs_min && operator->inputs_max == UINT32_MAX;
    for (uint32_t i = 0, needed = list ? there : operator->inputs_min; i < needed; i++)
        if (!operation->inputs[i]) {
            onnx_refuse(reader, operation, NULL, "operand %u is left out", i);
            return -1;
        }
    return 0;
}

/* Finds the operands; false when one has failed. Trailing empty names are as good as none. */
static bool find_inputs(struct onnx_reader *reader, struct operation *operation) {
    const Onnx__NodeProto *proto = operation->proto;
    size_t count = proto->n_input;
    while (count && !*proto->input[count - 1]) count--;
    operation->input_count = (uint32_t)count;
    operation->inputs = ARENA_ARRAY(reader->arena, struct tensor *, count + 1);
    for (size_t i = 0; i < count; i++) {
        if (!*proto->input[i]) continue;
        operation->inputs[i] = name_map_find(&reader->tensors, proto->input[i]);
        if (!operation->inputs[i] || operation->inputs[i]->state == TENSOR_FAILED) return false;
    }
    return true;
}

static int refuse_references(struct onnx_reader *reader, const struct operation *operation) {
    for (size_t i = 0; i < operation->proto->n_attribute; i++) {
        const Onnx__AttributeProto *attribute = operation->proto->attribute[i];
        if (!attribute->ref_attr_name || !*attribute->ref_attr_name) continue;
        onnx_refuse(reader, operation, NULL, "attribute '%s' refers to a function's, outside of any",
                    attribute->name ? attribute->name : "");
        return -1;
    }
    return 0;
}

bool output_is_read(const struct operation *operation, uint32_t output) {
    return output < operation->output_count && operation->outputs_read[output];
}

static int check_outputs(struct onnx_reader *reader, const struct operation *operation) {
    for (uint32_t i = 0; i < operation->output_count; i++) {
        if (operation->results[i] || !operation->outputs_read[i]) continue;
        onnx_refuse(reader, operation, NULL, "output '%s' of %s is read, but bxc does not compute it",
                    operation->proto->output[i], operation->proto->op_type);
        return -1;
    }
    return 0;
}

int onnx_run(struct onnx_reader *reader, const struct operation *operation) {
    size_t errors = reader->context->diagnostics.errors;
    if (check_inputs(reader, operation) < 0 || refuse_references(reader, operation) < 0) return -1;
    attributes_check(reader, operation);
    if (onnx_is_static(operation))
        onnx_fold(reader, operation);
    else
        operation->results[0] = operation->operator->read(reader, operation);
    return reader->context->diagnostics.errors == errors ? 0 : -1;
}

/* Fills the results; -1 after a diagnosis, or where an operand has failed. */
static int read_operation(struct onnx_reader *reader, struct operation *operation) {
    operation->operator= onnx_operator_find(node_domain(operation->proto), operation->proto->op_type);
    if (!operation->operator) {
        refuse_operator(reader, operation);
        return -1;
    }
    if (!find_inputs(reader, operation)) return -1;
    int made = qdq_run(reader, operation);
    if (made < 0 || (!made && onnx_run(reader, operation) < 0)) return -1;
    return check_outputs(reader, operation);
}

static int read_foreign_operation(struct onnx_reader *reader, struct operation *operation) {
    size_t errors = reader->context->diagnostics.errors;
    operation->source_op = operation->proto->op_type;
    if (!reader->reads->knows(reader, operation) || !find_inputs(reader, operation)) return -1;
    operation->results[0] = reader->reads->read(reader, operation);
    return reader->context->diagnostics.errors == errors ? check_outputs(reader, operation) : -1;
}

const char *onnx_scoped(const struct onnx_reader *reader, const char *name) {
    return reader->scope ? arena_printf(reader->arena, "%s.%s", reader->scope, name) : name;
}

/* Gives the result the output's name, unless it is one of the operands, or something of a subgraph or from outside of
 * it, under another name. */
static void name_result(struct onnx_reader *reader, const struct operation *operation, struct tensor *result,
                        const char *name) {
    if (result->name && onnx_holds_subgraph(operation->proto)) return;
    for (uint32_t i = 0; i < operation->input_count; i++)
        if (operation->inputs[i] &&
            (operation->inputs[i] == result ||
             (!valref_equal(result->value, NO_VALUE) && valref_equal(operation->inputs[i]->value, result->value))))
            return;
    name = result->name = onnx_scoped(reader, name);
    if (result->state == TENSOR_VALUE) graph_name_value(reader->graph, result->value, name);
}

static void read_node(struct onnx_reader *reader, const struct ordered_node *node) {
    const Onnx__NodeProto *proto = node->proto;
    struct operation operation = {.proto = proto,
                                  .name = node->name,
                                  .output_count = (uint32_t)proto->n_output,
                                  .outputs_read = node->outputs_read};
    operation.results = ARENA_ARRAY(reader->arena, struct tensor *, proto->n_output + 1);
    bool failed = (reader->reads ? read_foreign_operation : read_operation)(reader, &operation) < 0;
    for (size_t i = 0; i < proto->n_output; i++) {
        if (!*proto->output[i]) continue;
        struct tensor *result = failed ? NULL : operation.results[i];
        if (result)
            name_result(reader, &operation, result, proto->output[i]);
        else
            result = tensor_new(reader, TENSOR_FAILED, TYPE(UNDEFINED), (struct shape){0});
        name_map_put(&reader->tensors, proto->output[i], result);
    }
}

/* ---- initialisers, inputs, outputs ---- */

void onnx_read_initialisers(struct onnx_reader *reader) {
    const Onnx__GraphProto *source = reader->source;
    struct location at = {.file = reader->path};
    for (size_t i = 0; i < source->n_initializer; i++) {
        const char *name = source->initializer[i]->name;
        at.attribute = name;
        struct tensor *tensor = tensor_from_proto(reader, at, source->initializer[i]);
        if (source == reader->model->graph) { /* nobody reads it again, while a body's is read in every trip */
            arena_release(reader->arena, source->initializer[i]->raw_data.data);
            source->initializer[i]->raw_data = (ProtobufCBinaryData){0};
        }
        if (!tensor) tensor = tensor_new(reader, TENSOR_FAILED, TYPE(UNDEFINED), (struct shape){0});
        tensor->name = name ? onnx_scoped(reader, name) : NULL;
        if (name && *name) name_map_put(&reader->tensors, name, tensor);
    }
    for (size_t i = 0; i < source->n_sparse_initializer; i++) {
        const Onnx__TensorProto *values = source->sparse_initializer[i]->values;
        at.attribute = values ? values->name : NULL;
        struct tensor *tensor = onnx_sparse_tensor(reader, at, source->sparse_initializer[i]);
        if (!tensor) tensor = tensor_new(reader, TENSOR_FAILED, TYPE(UNDEFINED), (struct shape){0});
        tensor->name = at.attribute ? onnx_scoped(reader, at.attribute) : NULL;
        if (at.attribute && *at.attribute) name_map_put(&reader->tensors, at.attribute, tensor);
    }
}

static int input_refuse(struct onnx_reader *reader, const char *name, const char *help, const char *problem) {
    struct location at = {.file = reader->path, .attribute = name};
    return diag_error(&reader->context->diagnostics, at, help, "input '%s' %s", name, problem);
}

/* A dimension's number; 0: a symbol, or nothing. */
static int64_t stored_dimension(const Onnx__TensorShapeProto__Dimension *dimension) {
    bool number = dimension->value_case == ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_VALUE;
    return number && dimension->dim_value > 0 ? dimension->dim_value : 0;
}

/* The batch stands as 1; 0 after a diagnosis. */
static int64_t input_axis(struct onnx_reader *reader, const char *name,
                          const Onnx__TensorShapeProto__Dimension *dimension, int axis) {
    const int64_t stored = stored_dimension(dimension);
    const bool symbol = dimension->value_case == ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_PARAM;
    if (axis == 0 && !reader->whole_tensors) return 1;
    if (stored) return stored;
    if (reader->whole_tensors)
        return input_refuse(reader, name, NULL,
                            arena_printf(reader->arena,
                                         "has no entries along axis %d: a tensor of no elements is not read", axis)),
               0;
    return frontend_axis(reader->context, reader->path, reader->options, name, axis,
                         symbol ? dimension->dim_param : NULL);
}

static int input_shape(struct onnx_reader *reader, const char *name, const Onnx__TensorShapeProto *stored,
                       struct shape *shape) {
    int result = 0;
    *shape = (struct shape){.rank = (int)stored->n_dim};
    if (stored->n_dim > SHAPE_RANK_MAX) return input_refuse(reader, name, NULL, "has too many axes");
    if (!stored->n_dim && !reader->whole_tensors)
        return input_refuse(reader, name, NULL, "is a single number without a batch axis");
    size_t count = 1;
    for (size_t i = 0; i < stored->n_dim; i++) {
        int64_t dim = shape->dim[i] = input_axis(reader, name, stored->dim[i], (int)i);
        if (!dim) {
            result = -1; /* told; others may be open, too */
            continue;
        }
        if (dim > ONNX_ELEMENTS_MAX || count > (size_t)ONNX_ELEMENTS_MAX / (size_t)dim)
            return input_refuse(
                reader, name, NULL,
                arena_printf(reader->arena, "is too large: %" PRId64 " entries along axis %zu", dim, i));
        count *= (size_t)dim;
    }
    return result;
}

static void tell_rounding(struct onnx_reader *reader, const char *name, int type) {
    struct location at = {.file = reader->path, .attribute = name};
    bool wide = type == TYPE(INT32) || type == TYPE(INT64) || type == TYPE(UINT32) || type == TYPE(UINT64);
    if (wide)
        diag_warning(&reader->context->diagnostics, at, NULL,
                     "input '%s' is of %s: as binary32, whole numbers beyond 2^24 are rounded", name,
                     onnx_type_name(type));
    else if (type_is_real(type) && type != TYPE(FLOAT))
        diag_warning(&reader->context->diagnostics, at, NULL, "input '%s' is of %s: bxc computes in binary32", name,
                     onnx_type_name(type));
}

static int read_input(struct onnx_reader *reader, const Onnx__ValueInfoProto *info, struct tensor **tensor) {
    const Onnx__TypeProto *type = info->type;
    struct shape shape;
    if (!type || type->value_case != ONNX__TYPE_PROTO__VALUE_TENSOR_TYPE)
        return input_refuse(reader, info->name, "bxc reads tensors: no sequences, maps, optional or sparse values",
                            "is not a tensor");
    if (!type_is_real(type->tensor_type->elem_type) && !type_is_whole(type->tensor_type->elem_type) &&
        type->tensor_type->elem_type != TYPE(BOOL))
        return input_refuse(reader, info->name, NULL,
                            arena_printf(reader->arena, "is of %s, which no operator here takes",
                                         onnx_type_name(type->tensor_type->elem_type)));
    if (!type->tensor_type->shape)
        return input_refuse(reader, info->name, "run ONNX shape inference, or export the model with shapes",
                            "has no shape");
    if (input_shape(reader, info->name, type->tensor_type->shape, &shape) < 0) return -1;
    tell_rounding(reader, info->name, type->tensor_type->elem_type);
    *tensor = tensor_new(reader, TENSOR_VALUE, type->tensor_type->elem_type, shape);
    (*tensor)->name = info->name;
    (*tensor)->depends = true;
    (*tensor)->batch_axis = reader->whole_tensors ? -1 : 0;
    (*tensor)->value = graph_append_input(reader->graph, info->name, shape);
    if (!reader->batch_number && shape.rank) reader->batch_number = stored_dimension(type->tensor_type->shape->dim[0]);
    return valref_equal((*tensor)->value, NO_VALUE) ? -1 : 0;
}

/* Before IR version 4 initialisers stand among the inputs too. */
static bool is_initialiser(const struct onnx_reader *reader, const char *name) {
    return name_map_find(&reader->tensors, name) != NULL;
}

static void read_inputs(struct onnx_reader *reader) {
    const Onnx__GraphProto *source = reader->source;
    struct name_map seen = name_map_new(reader->arena);
    for (size_t i = 0; i < source->n_input; i++) {
        const Onnx__ValueInfoProto *info = source->input[i];
        if (!info->name || !*info->name) continue;
        if (name_map_find(&seen, info->name)) input_refuse(reader, info->name, NULL, "stands twice in the model");
        name_map_put(&seen, info->name, reader);
        if (is_initialiser(reader, info->name)) continue;
        struct tensor *tensor = NULL;
        name_map_put(&reader->node_names, info->name, reader);
        if (read_input(reader, info, &tensor) < 0)
            tensor = tensor_new(reader, TENSOR_FAILED, TYPE(UNDEFINED), (struct shape){0});
        name_map_put(&reader->tensors, info->name, tensor);
    }
}

static void read_output(struct onnx_reader *reader, const char *name) {
    struct location at = {.file = reader->path, .attribute = name};
    struct tensor *tensor = name_map_find(&reader->tensors, name);
    if (!tensor || tensor->state == TENSOR_FAILED) return; /* told before */
    if (tensor->batch_axis > 0) {
        diag_error(&reader->context->diagnostics, at, "transpose it so that the batch is first",
                   "output '%s' has its batch along axis %d", name, tensor->batch_axis);
        return;
    }
    if (tensor->batch_axis == 0 && tensor->shape.dim[0] != 1) {
        diag_error(&reader->context->diagnostics, at, "keep the batch as an axis of its own",
                   "output '%s' has its batch merged with %lld other entries", name, (long long)tensor->shape.dim[0]);
        return;
    }
    valref value = tensor_value(reader, NULL, tensor);
    if (!valref_equal(value, NO_VALUE)) graph_append_output(reader->graph, name, value);
}

/* ---- the whole ---- */

static void read_opset(struct onnx_reader *reader) {
    const Onnx__ModelProto *model = reader->model;
    struct location at = {.file = reader->path};
    reader->opset = ONNX_OPSET_MAX; /* of a foreign model, whose operators are told as the newest ones have them */
    if (reader->reads) return;
    reader->opset = 1;
    for (size_t i = 0; i < model->n_opset_import; i++) {
        const char *domain = model->opset_import[i]->domain;
        if (domain && *domain && strcmp(domain, "ai.onnx")) continue;
        int64_t version = model->opset_import[i]->version;
        reader->opset = version < 1 ? 1 : version > 10000 ? 10000 : (int)version;
    }
    if (reader->opset < ONNX_OPSET_MIN || reader->opset > ONNX_OPSET_MAX)
        diag_warning(&reader->context->diagnostics, at, NULL, "opset %d is outside of %d to %d, which bxc knows",
                     reader->opset, ONNX_OPSET_MIN, ONNX_OPSET_MAX);
    reader->graph->opset = reader->opset;
}

static const char *graph_title(struct onnx_reader *reader) {
    if (reader->source->name && *reader->source->name) return reader->source->name;
    const char *slash = strrchr(reader->path, '/'), *base = slash ? slash + 1 : reader->path;
    const char *dot = strrchr(base, '.');
    return dot && dot != base ? arena_strndup(reader->arena, base, (size_t)(dot - base)) : base;
}

int onnx_read_nodes(struct onnx_reader *reader) {
    struct ordered_node *order;
    size_t count;
    if (onnx_order(reader, &order, &count) < 0) return -1;
    for (size_t i = 0; i < count; i++) read_node(reader, &order[i]);
    return 0;
}

/* Tells initialisers that one operand in all reads, where no body can read them unseen. */
static void find_read_once(struct onnx_reader *reader) {
    const Onnx__GraphProto *source = reader->source;
    for (size_t i = 0; i < source->n_node; i++)
        if (onnx_holds_subgraph(source->node[i])) return;
    struct name_map met = name_map_new(reader->arena);
    for (size_t i = 0; i < source->n_node; i++)
        for (size_t k = 0; k < source->node[i]->n_input; k++) {
            const char *name = source->node[i]->input[k];
            struct tensor *tensor = name_map_find(&reader->tensors, name);
            if (tensor) tensor->read_once = !name_map_find(&met, name);
            name_map_put(&met, name, reader);
        }
    for (size_t i = 0; i < source->n_output; i++) {
        struct tensor *tensor = name_map_find(&reader->tensors, source->output[i]->name);
        if (tensor) tensor->read_once = false;
    }
}

static int read_graph(struct onnx_reader *reader) {
    struct diagnostics *diag = &reader->context->diagnostics;
    size_t errors = diag->errors;
    read_opset(reader);
    onnx_read_initialisers(reader);
    read_inputs(reader);
    if (!(reader->source = onnx_inline(reader))) return -1;
    find_read_once(reader);
    if (onnx_read_nodes(reader) < 0) return -1;
    for (size_t i = 0; i < reader->source->n_output; i++) read_output(reader, reader->source->output[i]->name);
    if (diag->errors > errors) return -1;
    if (reader->remade) (void)graph_compact(reader->graph); /* what stood around operators that qdq.c made anew */
    return graph_verify(reader->graph);
}

bool onnx_recognises(const char *path, const void *data, size_t length) {
    const uint8_t *bytes = data;
    size_t name = strlen(path);
    if (name > 5 && !strcmp(path + name - 5, ".onnx")) return true;
    /* ir_version, a small number, then producer, domain, opsets or graph */
    return length > 4 && bytes[0] == 0x08 && bytes[1] > 0 && bytes[1] < 0x40 &&
           (bytes[2] == 0x12 || bytes[2] == 0x1a || bytes[2] == 0x22 || bytes[2] == 0x3a || bytes[2] == 0x42);
}

static struct graph *read_model(struct onnx_reader *reader, const struct frontend_options *options) {
    reader->source = reader->model->graph;
    reader->options = options;
    reader->whole_tensors = options && options->whole_tensors;
    reader->tensors = name_map_new(reader->arena);
    reader->node_names = name_map_new(reader->arena);
    reader->graph = graph_new(reader->context, graph_title(reader));
    reader->graph->source = arena_strdup(reader->graph->arena, reader->path);
    reader->kept = reader->graph->arena;
    if (read_graph(reader) == 0 || (options && options->partial)) return reader->graph;
    graph_free(reader->graph);
    return NULL;
}

struct graph *onnx_read_foreign(struct bxc_context *context, struct arena *arena, const char *path,
                                const Onnx__ModelProto *model, const struct foreign_reader *reads, void *foreign,
                                const struct frontend_options *options) {
    struct onnx_reader reader = {
        .context = context, .arena = arena, .path = path, .model = model, .reads = reads, .foreign = foreign};
    return read_model(&reader, options);
}

struct graph *onnx_read(struct bxc_context *context, const char *path, const void *data, size_t length,
                        const struct frontend_options *options) {
    static const struct wire_kind kind = {"ONNX model", &onnx__model_proto__descriptor};
    struct arena *arena = arena_new(context);
    struct onnx_reader reader = {.context = context, .arena = arena, .path = path};
    struct graph *graph = NULL;
    reader.model = wire_unpack(context, arena, path, &kind, data, length);
    if (reader.model && reader.model->graph)
        graph = read_model(&reader, options);
    else if (reader.model)
        diag_error(&context->diagnostics, (struct location){.file = path}, "copy or export the file again",
                   "the file holds no graph");
    arena_free(arena);
    return graph;
}
