/* The nodes of a graph, which use inputs and layers by number. */
#include "frontend/lwtnn/lwtnn.h"

#include <string.h>

enum node_state { NODE_WAITS, NODE_MADE, NODE_FAILED };

struct graph_node {
    const cJSON *json;
    const char *type, *path;
    enum node_state state;
    valref vector, sequence; /* NO_VALUE: it is none */
    int64_t *sources;
    size_t source_count;
};

struct nodes {
    struct lwtnn_reader *reader;
    struct graph_node *at;
    size_t count;
    struct name_map inputs; /* by list and number: a valref */
};

static int read_sources(struct nodes *nodes, struct graph_node *node) {
    const struct lwtnn_reader *reader = nodes->reader;
    const char *path = native_path(&reader->json, node->path, "sources");
    const cJSON *list = native_member(node->json, "sources"), *source;
    if (native_text(&reader->json, native_path(&reader->json, node->path, "type"), native_member(node->json, "type"),
                    &node->type) < 0 ||
        native_array(&reader->json, path, list, &node->source_count) < 0)
        return -1;
    if (!node->source_count) return native_fail(&reader->json, path, "a node of no sources");
    node->sources = ARENA_ARRAY(reader->json.arena, int64_t, node->source_count);
    bool input = !strncmp(node->type, "input", 5);
    size_t i = 0;
    cJSON_ArrayForEach (source, list)
        if (lwtnn_whole(reader, path, source, 0, input ? LWTNN_NODES_MAX : (int64_t)nodes->count - 1,
                        &node->sources[i++]) < 0)
            return -1;
    return 0;
}

static int read_nodes(struct nodes *nodes) {
    struct lwtnn_reader *reader = nodes->reader;
    const cJSON *list = native_member(reader->root, "nodes"), *json;
    int status = 0;
    if (native_array(&reader->json, "nodes", list, &nodes->count) < 0) return -1;
    if (nodes->count > LWTNN_NODES_MAX)
        return native_fail(&reader->json, "nodes", "%zu nodes are more than %d", nodes->count, LWTNN_NODES_MAX);
    nodes->at = ARENA_ARRAY(reader->json.arena, struct graph_node, nodes->count + 1);
    size_t i = 0;
    cJSON_ArrayForEach (json, list) {
        struct graph_node *node = &nodes->at[i];
        *node = (struct graph_node){.json = json, .vector = NO_VALUE, .sequence = NO_VALUE};
        node->path = arena_printf(reader->json.arena, "nodes[%zu]", i++);
        if (read_sources(nodes, node) < 0) status = -1;
    }
    return status;
}

/* Where a name is both a vector's and a sequence's, the sequence is called NAME.sequence. */
static const char *input_name(const struct lwtnn_reader *reader, const cJSON *entry, bool sequence) {
    const char *name = cJSON_GetStringValue(native_member(entry, "name"));
    const cJSON *other;
    if (!name || !*name) return NULL;
    cJSON_ArrayForEach (other, native_member(reader->root, "inputs")) {
        const char *taken = cJSON_GetStringValue(native_member(other, "name"));
        if (sequence && taken && !strcmp(taken, name)) return arena_printf(reader->json.arena, "%s.sequence", name);
    }
    return name;
}

/* Inputs come as the file lists them, those that a node takes. */
static valref *make_input(struct nodes *nodes, bool sequence, int64_t number) {
    struct lwtnn_reader *reader = nodes->reader;
    const char *list = sequence ? "input_sequences" : "inputs";
    const char *path = arena_printf(reader->json.arena, "%s[%lld]", list, (long long)number);
    valref *known = name_map_find(&nodes->inputs, path);
    if (known) return known;
    valref *made = ARENA_NEW(reader->json.arena, valref);
    name_map_put(&nodes->inputs, path, made);
    *made = NO_VALUE;
    const cJSON *entry = cJSON_GetArrayItem(native_member(reader->root, list), (int)number);
    const char *name = input_name(reader, entry, sequence);
    if (!name) native_fail(&reader->json, path, "there is no such input, or it has no name");
    const char *plain = name ? native_member(entry, "name")->valuestring : NULL;
    int64_t steps = name && sequence ? lwtnn_steps_of(reader, plain) : 0;
    if (name && (!sequence || steps))
        *made = lwtnn_append_input(reader, name, native_path(&reader->json, path, "variables"),
                                   native_member(entry, "variables"), steps);
    return made;
}

static bool takes(const struct graph_node *node, bool sequence, int64_t number) {
    return node->source_count == 1 && node->sources[0] == number &&
           !strcmp(node->type, sequence ? "input_sequence" : "input");
}

static void read_inputs(struct nodes *nodes) {
    static const char *const lists[] = {"inputs", "input_sequences"};
    for (int sequence = 0; sequence < 2; sequence++) {
        int64_t number = 0;
        const cJSON *entry;
        cJSON_ArrayForEach (entry, native_member(nodes->reader->root, lists[sequence])) {
            bool taken = false;
            for (size_t n = 0; n < nodes->count && !taken; n++) taken = takes(&nodes->at[n], sequence, number);
            if (taken) make_input(nodes, sequence, number);
            number++;
        }
    }
}

static int read_input_node(struct nodes *nodes, struct graph_node *node, bool sequence) {
    const struct lwtnn_reader *reader = nodes->reader;
    int64_t size;
    if (node->source_count != 1 || lwtnn_whole(reader, native_path(&reader->json, node->path, "size"),
                                               native_member(node->json, "size"), 1, LWTNN_NODES_MAX, &size) < 0)
        return node->source_count == 1 ? -1 : native_fail(&reader->json, node->path, "an input has one source");
    const cJSON *entry =
        cJSON_GetArrayItem(native_member(reader->root, sequence ? "input_sequences" : "inputs"), (int)node->sources[0]);
    if (cJSON_GetArraySize(native_member(entry, "variables")) != size)
        return native_fail(&reader->json, node->path, "the input has not %lld variables", (long long)size);
    valref value = *make_input(nodes, sequence, node->sources[0]);
    *(sequence ? &node->sequence : &node->vector) = value;
    return valref_equal(value, NO_VALUE) ? -1 : 0;
}

/* A source as what the node takes; NO_VALUE and a diagnosis where it is none. */
static valref source_of(const struct nodes *nodes, const struct graph_node *node, size_t i, bool sequence) {
    const struct graph_node *source = &nodes->at[node->sources[i]];
    valref value = sequence ? source->sequence : source->vector;
    if (valref_equal(value, NO_VALUE))
        native_fail(&nodes->reader->json, node->path, "node %lld, its source, gives no %s", (long long)node->sources[i],
                    sequence ? "sequence" : "vector");
    return value;
}

static struct layer node_layer(struct nodes *nodes, const struct graph_node *node) {
    return lwtnn_layer_named(nodes->reader,
                             arena_printf(nodes->reader->json.arena, "%s_%zu", node->type, (size_t)(node - nodes->at)),
                             node->type);
}

/* sequence: of the sources and, of all but a sum, of the result. */
static int read_layer_node(struct nodes *nodes, struct graph_node *node, bool sequence) {
    struct lwtnn_reader *reader = nodes->reader;
    const char *path = native_path(&reader->json, node->path, "layer_index");
    int64_t index;
    if (node->source_count != 1) return native_fail(&reader->json, node->path, "a layer takes one source");
    if (lwtnn_whole(reader, path, native_member(node->json, "layer_index"), 0,
                    (int64_t)cJSON_GetArraySize(reader->layers) - 1, &index) < 0)
        return -1;
    const char *name = lwtnn_architecture_of(reader, path, cJSON_GetArrayItem(reader->layers, (int)index));
    bool along = !strcmp(node->type, "sequence");
    if (!name) return -1;
    if (lwtnn_is_sequential(name) != along)
        return native_fail(&reader->json, path, "a layer '%s' in a node '%s'", name, node->type);
    valref value = lwtnn_use_layer(reader, index, node - nodes->at, source_of(nodes, node, 0, sequence));
    *(sequence ? &node->sequence : &node->vector) = value;
    if (valref_equal(value, NO_VALUE)) return -1;
    const struct layer layer = node_layer(nodes, node);
    if (along) node->vector = lwtnn_last_step(&layer, value);
    return 0;
}

static int read_merge(struct nodes *nodes, struct graph_node *node) {
    const struct layer layer = node_layer(nodes, node);
    bool joins = !strcmp(node->type, "concatenate");
    valref *values = ARENA_ARRAY(layer.arena, valref, node->source_count);
    for (size_t i = 0; i < node->source_count; i++) {
        values[i] = source_of(nodes, node, i, false);
        if (valref_equal(values[i], NO_VALUE)) return -1;
        if (!joins && !shape_equal(layer_shape(&layer, values[i]), layer_shape(&layer, values[0])))
            return native_fail(&nodes->reader->json, node->path, "what it adds is not of one size");
    }
    node->vector = values[0];
    const union attributes last = {.axis = {.axis = 1}};
    if (joins && node->source_count > 1)
        node->vector = layer_node(&layer, OP_CONCAT, NULL, values, (uint32_t)node->source_count, &last);
    for (size_t i = 1; !joins && i < node->source_count; i++) {
        const char *part = i + 1 == node->source_count ? NULL : arena_printf(layer.arena, "sum_%zu", i);
        node->vector = layer_node(&layer, OP_ADD, part, (const valref[]){node->vector, values[i]}, 2, NULL);
    }
    return valref_equal(node->vector, NO_VALUE) ? -1 : 0;
}

static int read_sum(struct nodes *nodes, struct graph_node *node) {
    const struct layer layer = node_layer(nodes, node);
    valref sequence = source_of(nodes, node, 0, true);
    if (node->source_count != 1) return native_fail(&nodes->reader->json, node->path, "a sum takes one source");
    node->vector = layer_node(&layer, OP_REDUCE_SUM, NULL, &sequence, 1, &(union attributes){.axis = {.axis = 1}});
    return valref_equal(node->vector, NO_VALUE) ? -1 : 0;
}

static int read_node(struct nodes *nodes, struct graph_node *node) {
    if (!strcmp(node->type, "input")) return read_input_node(nodes, node, false);
    if (!strcmp(node->type, "input_sequence")) return read_input_node(nodes, node, true);
    if (!strcmp(node->type, "feed_forward")) return read_layer_node(nodes, node, false);
    if (!strcmp(node->type, "sequence") || !strcmp(node->type, "time_distributed"))
        return read_layer_node(nodes, node, true);
    if (!strcmp(node->type, "concatenate") || !strcmp(node->type, "add")) return read_merge(nodes, node);
    if (!strcmp(node->type, "sum")) return read_sum(nodes, node);
    return native_fail(&nodes->reader->json, node->path, "node type '%s' is none of lwtnn's", node->type);
}

static enum node_state sources_state(const struct nodes *nodes, const struct graph_node *node) {
    enum node_state state = NODE_MADE;
    if (!strncmp(node->type, "input", 5)) return state;
    for (size_t i = 0; i < node->source_count; i++) {
        enum node_state source = nodes->at[node->sources[i]].state;
        if (source == NODE_FAILED) return NODE_FAILED;
        if (source == NODE_WAITS) state = NODE_WAITS;
    }
    return state;
}

/* In rounds, each of the nodes whose sources are made. */
static int make_nodes(struct nodes *nodes) {
    int status = 0;
    for (bool any = true; any;) {
        any = false;
        for (size_t n = 0; n < nodes->count; n++) {
            struct graph_node *node = &nodes->at[n];
            if (node->state != NODE_WAITS) continue;
            enum node_state sources = sources_state(nodes, node);
            if (sources == NODE_WAITS) continue;
            any = true;
            node->state = sources == NODE_MADE && read_node(nodes, node) == 0 ? NODE_MADE : NODE_FAILED;
            if (node->state == NODE_FAILED) status = -1;
        }
    }
    for (size_t n = 0; n < nodes->count; n++)
        if (nodes->at[n].state == NODE_WAITS)
            return native_fail(&nodes->reader->json, nodes->at[n].path, "the node depends on itself");
    return status;
}

/* A sequence as a whole, where the node gives one: what lwtnn's own test does. */
static int read_graph_outputs(struct nodes *nodes) {
    struct lwtnn_reader *reader = nodes->reader;
    const cJSON *output, *outputs = native_member(reader->root, "outputs");
    int status = 0;
    if (outputs && !cJSON_IsObject(outputs)) return native_fail(&reader->json, "outputs", "this is not an object");
    cJSON_ArrayForEach (output, outputs) {
        const char *path = arena_printf(reader->json.arena, "outputs.%s", output->string);
        int64_t index;
        if (lwtnn_whole(reader, path, native_member(output, "node_index"), 0, (int64_t)nodes->count - 1, &index) < 0) {
            status = -1;
            continue;
        }
        const struct graph_node *node = &nodes->at[index];
        valref value = valref_equal(node->sequence, NO_VALUE) ? node->vector : node->sequence;
        if (lwtnn_append_output(reader, path, output->string, native_member(output, "labels"), value) < 0) status = -1;
    }
    if (!status && !reader->graph->output_count) return native_fail(&reader->json, "outputs", "there are no outputs");
    return status;
}

int lwtnn_graph_read(struct lwtnn_reader *reader) {
    struct nodes nodes = {.reader = reader, .inputs = name_map_new(reader->json.arena)};
    if (read_nodes(&nodes) < 0) return -1;
    read_inputs(&nodes);
    if (make_nodes(&nodes) < 0) return -1;
    return read_graph_outputs(&nodes);
}
