/* Bodies of If, Loop and Scan: graphs within a node, which also read what stands outside of them. A body becomes nodes
 * of the graph each time that it is read. */
#include "frontend/onnx/onnx.h"

enum { INLINED_MAX = 1 << 18 };

/* One that is read: its initialisers once, however often its nodes are. */
struct subgraph {
    const Onnx__GraphProto *graph;
    struct name_map initialisers;
    struct subgraph *next;
};

bool onnx_holds_subgraph(const Onnx__NodeProto *node) {
    for (size_t i = 0; i < node->n_attribute; i++)
        if (node->attribute[i]->g || node->attribute[i]->n_graphs) return true;
    return false;
}

const Onnx__GraphProto *attribute_graph(struct onnx_reader *reader, const struct operation *operation,
                                        const char *name) {
    const Onnx__AttributeProto *attribute = attribute_find(operation, name);
    if (attribute && attribute->g) return attribute->g;
    onnx_refuse(reader, operation, NULL, "attribute '%s' is not a graph", name);
    return NULL;
}

/* ---- names from outside: messages are nested no deeper than wire.c allows ---- */

struct captures {
    struct arena *arena;
    struct name_map found;
    char **names;
    size_t count, capacity;
};

static void capture(struct captures *captures, const struct name_map *inside, char *name) {
    if (!name || !*name || name_map_find(inside, name) || name_map_find(&captures->found, name)) return;
    if (captures->count == captures->capacity) {
        size_t capacity = captures->capacity ? 2 * captures->capacity : 8;
        captures->names = arena_grow(captures->arena, captures->names, captures->count * sizeof *captures->names,
                                     capacity * sizeof *captures->names);
        captures->capacity = capacity;
    }
    captures->names[captures->count++] = name;
    name_map_put(&captures->found, name, captures);
}

static void capture_graph(struct captures *captures, const struct name_map *outside, const Onnx__GraphProto *graph);

static void capture_attributes(struct captures *captures, const struct name_map *outside, const Onnx__NodeProto *node) {
    for (size_t i = 0; i < node->n_attribute; i++) {
        if (node->attribute[i]->g) capture_graph(captures, outside, node->attribute[i]->g);
        for (size_t k = 0; k < node->attribute[i]->n_graphs; k++)
            capture_graph(captures, outside, node->attribute[i]->graphs[k]);
    }
}

static void add_name(struct name_map *names, const char *name) {
    if (name) name_map_put(names, name, names);
}

static void capture_graph(struct captures *captures, const struct name_map *outside, const Onnx__GraphProto *graph) {
    struct name_map inside = name_map_within(outside);
    for (size_t i = 0; i < graph->n_input; i++) add_name(&inside, graph->input[i]->name);
    for (size_t i = 0; i < graph->n_initializer; i++) add_name(&inside, graph->initializer[i]->name);
    for (size_t i = 0; i < graph->n_sparse_initializer; i++)
        if (graph->sparse_initializer[i]->values) add_name(&inside, graph->sparse_initializer[i]->values->name);
    for (size_t i = 0; i < graph->n_node; i++)
        for (size_t k = 0; k < graph->node[i]->n_output; k++) add_name(&inside, graph->node[i]->output[k]);
    for (size_t i = 0; i < graph->n_node; i++) {
        for (size_t k = 0; k < graph->node[i]->n_input; k++) capture(captures, &inside, graph->node[i]->input[k]);
        capture_attributes(captures, &inside, graph->node[i]);
    }
    for (size_t i = 0; i < graph->n_output; i++) capture(captures, &inside, graph->output[i]->name);
}

char **onnx_captured(struct onnx_reader *reader, const Onnx__NodeProto *node, size_t *count) {
    struct captures captures = {.arena = reader->arena};
    *count = 0;
    if (!onnx_holds_subgraph(node)) return NULL;
    captures.found = name_map_new(reader->arena);
    const struct name_map none = name_map_new(reader->arena);
    capture_attributes(&captures, &none, node);
    *count = captures.count;
    return captures.names;
}

/* ---- reading ---- */

static size_t size_of(const Onnx__GraphProto *graph) {
    size_t size = graph->n_node + graph->n_initializer + graph->n_input + graph->n_output + 1;
    for (size_t i = 0; i < graph->n_node; i++)
        for (size_t a = 0; a < graph->node[i]->n_attribute; a++) {
            const Onnx__AttributeProto *attribute = graph->node[i]->attribute[a];
            if (attribute->g) size += size_of(attribute->g);
            for (size_t k = 0; k < attribute->n_graphs; k++) size += size_of(attribute->graphs[k]);
        }
    return size;
}

static bool has_room(struct onnx_reader *reader, const struct operation *operation, const Onnx__GraphProto *graph) {
    reader->inlined += size_of(graph);
    if (reader->inlined <= INLINED_MAX) return true;
    onnx_refuse(reader, operation, "bxc writes branches and loops out", "its body, written out, makes too many nodes");
    return false;
}

static const struct subgraph *find_subgraph(struct onnx_reader *reader, const Onnx__GraphProto *graph) {
    for (struct subgraph *known = reader->subgraphs; known; known = known->next)
        if (known->graph == graph) return known;
    struct subgraph *made = ARENA_NEW(reader->arena, struct subgraph);
    *made = (struct subgraph){.graph = graph, .next = reader->subgraphs};
    reader->tensors = name_map_new(reader->arena);
    onnx_read_initialisers(reader);
    made->initialisers = reader->tensors;
    return reader->subgraphs = made;
}

static int read_within(struct onnx_reader *reader, const struct name_map *outside, struct tensor *const *operands,
                       struct tensor **results) {
    const Onnx__GraphProto *graph = reader->source;
    const struct subgraph *known = find_subgraph(reader, graph);
    reader->tensors = name_map_within(outside);
    for (size_t i = 0; i < known->initialisers.capacity; i++) {
        const struct name_entry *entry = &known->initialisers.entries[i];
        if (entry->name) name_map_put(&reader->tensors, entry->name, entry->object);
    }
    for (size_t i = 0; i < graph->n_input; i++)
        if (graph->input[i]->name) name_map_put(&reader->tensors, graph->input[i]->name, operands[i]);
    if (onnx_read_nodes(reader) < 0) return -1;
    for (size_t i = 0; i < graph->n_output; i++) {
        results[i] = name_map_find(&reader->tensors, graph->output[i]->name);
        if (!results[i] || results[i]->state == TENSOR_FAILED) return -1;
    }
    return 0;
}

int onnx_read_subgraph(struct onnx_reader *reader, const struct operation *operation, const char *what,
                       const Onnx__GraphProto *graph, struct tensor *const *operands, size_t operand_count,
                       struct tensor **results) {
    const struct onnx_reader around = *reader;
    size_t errors = reader->context->diagnostics.errors;
    if (graph->n_input != operand_count) {
        onnx_refuse(reader, operation, NULL, "its body takes %zu operands, not %zu", graph->n_input, operand_count);
        return -1;
    }
    if (!has_room(reader, operation, graph)) return -1;
    reader->source = graph;
    reader->uses = NULL;
    reader->scope = arena_printf(reader->arena, "%s.%s", operation->name, what);
    int status = read_within(reader, &around.tensors, operands, results);
    reader->source = around.source;
    reader->uses = around.uses;
    reader->scope = around.scope;
    reader->tensors = around.tensors;
    if (status < 0 && reader->context->diagnostics.errors == errors)
        onnx_refuse(reader, operation, NULL, "its body has outputs that nothing makes");
    return reader->context->diagnostics.errors == errors ? 0 : -1;
}
