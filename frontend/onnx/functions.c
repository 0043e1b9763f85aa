/* Functions that a model brings along: each node that calls one becomes the function's nodes, with its operands and
 * attributes in place of the formal ones, and names of its own. */
#include "frontend/onnx/onnx.h"
#include "frontend/wire.h"

#include <string.h>

enum { CALLS_MAX = 32 /* one within the other */, NODES_MAX = 1 << 18 };

struct inlining {
    struct onnx_reader *reader;
    Onnx__NodeProto **nodes;
    size_t count, capacity, calls;
};

/* What names inside a function stand for. */
struct call {
    const Onnx__NodeProto *node;
    const Onnx__FunctionProto *function;
    const char *name;
    struct name_map names;
};

static bool same(const char *a, const char *b) {
    return !strcmp(a ? a : "", b ? b : "");
}

static const Onnx__FunctionProto *function_of(const struct onnx_reader *reader, const Onnx__NodeProto *node) {
    for (size_t i = 0; i < reader->model->n_functions; i++) {
        const Onnx__FunctionProto *function = reader->model->functions[i];
        if (same(function->name, node->op_type) && same(function->domain, node->domain)) return function;
    }
    return NULL;
}

static int fail(struct inlining *inlining, const Onnx__NodeProto *node, const char *what) {
    struct location at = {.file = inlining->reader->path, .node = node->name, .op = node->op_type};
    return diag_error(&inlining->reader->context->diagnostics, at, NULL, "the function '%s' %s", node->op_type, what);
}

static int append(struct inlining *inlining, Onnx__NodeProto *node) {
    if (inlining->count == inlining->capacity) {
        size_t capacity = inlining->capacity ? 2 * inlining->capacity : 64;
        Onnx__NodeProto **nodes = ARENA_ARRAY(inlining->reader->arena, Onnx__NodeProto *, capacity);
        if (inlining->count) memcpy(nodes, inlining->nodes, inlining->count * sizeof *nodes);
        inlining->nodes = nodes;
        inlining->capacity = capacity;
    }
    if (inlining->count >= NODES_MAX) return fail(inlining, node, "makes too many nodes");
    inlining->nodes[inlining->count++] = node;
    return 0;
}

static char *named(struct inlining *inlining, struct call *call, const char *name) {
    if (!call || !name || !*name) return (char *)name;
    char *found = name_map_find(&call->names, name);
    if (found) return found;
    found = arena_printf(inlining->reader->arena, "%s/%s", call->name, name);
    name_map_put(&call->names, arena_strdup(inlining->reader->arena, name), found);
    return found;
}

static char **all_named(struct inlining *inlining, struct call *call, char *const *names, size_t count) {
    char **result = ARENA_ARRAY(inlining->reader->arena, char *, count + 1);
    for (size_t i = 0; i < count; i++) result[i] = named(inlining, call, names[i]);
    return result;
}

/* What the call gives, or the function's own (a field that the distribution's schema does not have yet); else NULL. */
static const Onnx__AttributeProto *referred(struct inlining *inlining, const struct call *call, const char *name) {
    enum { ATTRIBUTE_PROTO = 11 };
    for (size_t i = 0; i < call->node->n_attribute; i++)
        if (same(call->node->attribute[i]->name, name)) return call->node->attribute[i];
    for (unsigned i = 0; i < call->function->base.n_unknown_fields; i++) {
        const ProtobufCMessageUnknownField *field = &call->function->base.unknown_fields[i];
        size_t start = 0;
        if (field->tag != ATTRIBUTE_PROTO) continue;
        while (start < field->len && field->data[start] & 0x80) start++;
        if (start >= field->len) continue;
        static const struct wire_kind kind = {"ONNX attribute", &onnx__attribute_proto__descriptor};
        const Onnx__AttributeProto *attribute =
            wire_unpack(inlining->reader->context, inlining->reader->arena, inlining->reader->path, &kind,
                        field->data + start + 1, field->len - start - 1);
        if (attribute && same(attribute->name, name)) return attribute;
    }
    return NULL;
}

/* Attributes of a node inside: those that refer to the function's are what the call gives, or stay away. */
static void set_attributes(struct inlining *inlining, const struct call *call, Onnx__NodeProto *node) {
    Onnx__AttributeProto **kept = ARENA_ARRAY(inlining->reader->arena, Onnx__AttributeProto *, node->n_attribute + 1);
    size_t count = 0;
    for (size_t i = 0; i < node->n_attribute; i++) {
        Onnx__AttributeProto *attribute = node->attribute[i];
        if (attribute->ref_attr_name && *attribute->ref_attr_name) {
            const Onnx__AttributeProto *given = referred(inlining, call, attribute->ref_attr_name);
            if (!given) continue;
            char *name = attribute->name;
            attribute = ARENA_NEW(inlining->reader->arena, Onnx__AttributeProto);
            *attribute = *given;
            attribute->name = name;
        }
        kept[count++] = attribute;
    }
    node->attribute = kept;
    node->n_attribute = count;
}

static int take_node(struct inlining *inlining, struct call *call, Onnx__NodeProto *node, int depth);

/* ---- subgraphs of nodes: their names are renamed with the function's, and they call functions, too ---- */

static Onnx__ValueInfoProto **infos_named(struct inlining *inlining, struct call *call,
                                          Onnx__ValueInfoProto *const *infos, size_t count) {
    Onnx__ValueInfoProto **result = ARENA_ARRAY(inlining->reader->arena, Onnx__ValueInfoProto *, count + 1);
    for (size_t i = 0; i < count; i++) {
        result[i] = ARENA_NEW(inlining->reader->arena, Onnx__ValueInfoProto);
        *result[i] = *infos[i];
        result[i]->name = named(inlining, call, infos[i]->name);
    }
    return result;
}

static Onnx__TensorProto *tensor_named(struct inlining *inlining, struct call *call, const Onnx__TensorProto *tensor) {
    Onnx__TensorProto *copy = ARENA_NEW(inlining->reader->arena, Onnx__TensorProto);
    *copy = *tensor;
    copy->name = named(inlining, call, tensor->name);
    return copy;
}

static void name_initialisers(struct inlining *inlining, struct call *call, Onnx__GraphProto *graph) {
    struct arena *arena = inlining->reader->arena;
    Onnx__TensorProto **dense = ARENA_ARRAY(arena, Onnx__TensorProto *, graph->n_initializer + 1);
    Onnx__SparseTensorProto **sparse = ARENA_ARRAY(arena, Onnx__SparseTensorProto *, graph->n_sparse_initializer + 1);
    for (size_t i = 0; i < graph->n_initializer; i++) dense[i] = tensor_named(inlining, call, graph->initializer[i]);
    for (size_t i = 0; i < graph->n_sparse_initializer; i++) {
        sparse[i] = ARENA_NEW(arena, Onnx__SparseTensorProto);
        *sparse[i] = *graph->sparse_initializer[i];
        if (sparse[i]->values) sparse[i]->values = tensor_named(inlining, call, sparse[i]->values);
    }
    graph->initializer = dense;
    graph->sparse_initializer = sparse;
}

static Onnx__GraphProto *take_graph(struct inlining *inlining, struct call *call, const Onnx__GraphProto *graph,
                                    int depth) {
    struct inlining inner = {.reader = inlining->reader, .calls = inlining->calls};
    Onnx__GraphProto *copy = ARENA_NEW(inlining->reader->arena, Onnx__GraphProto);
    *copy = *graph;
    copy->input = infos_named(inlining, call, graph->input, graph->n_input);
    copy->output = infos_named(inlining, call, graph->output, graph->n_output);
    name_initialisers(inlining, call, copy);
    for (size_t i = 0; i < graph->n_node; i++)
        if (take_node(&inner, call, graph->node[i], depth) < 0) return NULL;
    copy->node = inner.nodes;
    copy->n_node = inner.count;
    inlining->calls = inner.calls + inner.count; /* of both there are so many at most */
    return copy;
}

static int take_subgraphs(struct inlining *inlining, struct call *call, Onnx__NodeProto *node, int depth) {
    struct arena *arena = inlining->reader->arena;
    Onnx__AttributeProto **attributes = ARENA_ARRAY(arena, Onnx__AttributeProto *, node->n_attribute + 1);
    for (size_t i = 0; i < node->n_attribute; i++) {
        attributes[i] = node->attribute[i];
        if (!node->attribute[i]->g) continue;
        attributes[i] = ARENA_NEW(arena, Onnx__AttributeProto);
        *attributes[i] = *node->attribute[i];
        attributes[i]->g = take_graph(inlining, call, node->attribute[i]->g, depth);
        if (!attributes[i]->g) return -1;
    }
    node->attribute = attributes;
    return 0;
}

/* ---- nodes ---- */

static int take_call(struct inlining *inlining, Onnx__NodeProto *node, const Onnx__FunctionProto *function, int depth) {
    const char *title = node->name && *node->name ? node->name : node->n_output ? node->output[0] : node->op_type;
    struct call call = {.node = node, .function = function, .name = title};
    call.names = name_map_new(inlining->reader->arena);
    if (++inlining->calls >= NODES_MAX) return fail(inlining, node, "is called too often");
    if (depth >= CALLS_MAX) return fail(inlining, node, "calls itself, or is nested too deeply");
    if (node->n_input > function->n_input || node->n_output > function->n_output)
        return fail(inlining, node, "has fewer operands or outputs than the node");
    for (size_t i = 0; i < function->n_input; i++)
        name_map_put(&call.names, function->input[i],
                     i < node->n_input ? node->input[i] : arena_strdup(inlining->reader->arena, ""));
    for (size_t i = 0; i < node->n_output; i++)
        if (name_map_find(&call.names, function->output[i]))
            return fail(inlining, node, "gives an operand back unchanged, which bxc does not follow");
    for (size_t i = 0; i < node->n_output; i++)
        if (*node->output[i]) name_map_put(&call.names, function->output[i], node->output[i]);
    for (size_t i = 0; i < function->n_node; i++)
        if (take_node(inlining, &call, function->node[i], depth + 1) < 0) return -1;
    return 0;
}

/* A node of the graph (call is NULL), or of a function. */
static int take_node(struct inlining *inlining, struct call *call, Onnx__NodeProto *node, int depth) {
    bool holds = onnx_holds_subgraph(node);
    if (call || holds) {
        Onnx__NodeProto *copy = ARENA_NEW(inlining->reader->arena, Onnx__NodeProto);
        *copy = *node;
        copy->name = named(inlining, call, node->name);
        copy->input = all_named(inlining, call, node->input, node->n_input);
        copy->output = all_named(inlining, call, node->output, node->n_output);
        if (call) set_attributes(inlining, call, copy);
        if (holds && take_subgraphs(inlining, call, copy, depth) < 0) return -1;
        node = copy;
    }
    const Onnx__FunctionProto *function = function_of(inlining->reader, node);
    return function ? take_call(inlining, node, function, depth) : append(inlining, node);
}

const Onnx__GraphProto *onnx_inline(struct onnx_reader *reader) {
    struct inlining inlining = {.reader = reader};
    const Onnx__GraphProto *source = reader->model->graph;
    if (!source || !reader->model->n_functions) return source;
    for (size_t i = 0; i < source->n_node; i++)
        if (take_node(&inlining, NULL, source->node[i], 0) < 0) return NULL;
    Onnx__GraphProto *graph = ARENA_NEW(reader->arena, Onnx__GraphProto);
    *graph = *source;
    graph->node = inlining.nodes;
    graph->n_node = inlining.count;
    return graph;
}
