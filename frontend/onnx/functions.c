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
    if (call) {
        Onnx__NodeProto *copy = ARENA_NEW(inlining->reader->arena, Onnx__NodeProto);
        *copy = *node;
        copy->name = named(inlining, call, node->name);
        copy->input = all_named(inlining, call, node->input, node->n_input);
        copy->output = all_named(inlining, call, node->output, node->n_output);
        set_attributes(inlining, call, copy);
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
