/* Reads bxc's own JSON (doc/model.schema.json). */
#include "frontend/native/native.h"
#include "ir/verify.h"

#include <cjson/cJSON.h>
#include <string.h>

bool native_recognises(const char *path, const void *data, size_t length) {
    static const char mark[] = "\"" NATIVE_FORMAT "\"";
    const char *text = data;
    size_t look = length < 4096 ? length : 4096;
    (void)path;
    for (size_t i = 0; i + sizeof mark - 1 <= look; i++)
        if (!memcmp(text + i, mark, sizeof mark - 1)) return true;
    return false;
}

/* A node by its name or its position among those read so far; a further result of it in an object with both. */
static int read_reference(const struct json *json, const char *path, const struct cJSON *item, valref *value) {
    int64_t position, result;
    if (cJSON_IsObject(item)) {
        static const char *const names[] = {"node", "result", NULL};
        if (native_members(json, path, item, names) < 0) return -1;
        const cJSON *node = native_member(item, "node"), *number = native_member(item, "result");
        if (cJSON_IsObject(node)) return native_fail(json, native_path(json, path, "node"), "this names no node");
        if (read_reference(json, native_path(json, path, "node"), node, value) < 0) return -1;
        const struct node *definition = graph_definition(json->graph, *value);
        bool first = valref_equal(*value, definition->result); /* else it is another name of that one result */
        if (native_whole(json, native_path(json, path, "result"), number, 0,
                         first ? (int64_t)definition->result_count - 1 : 0, &result) < 0)
            return -1;
        value->id += (uint32_t)result;
        return 0;
    }
    if (cJSON_IsString(item)) {
        const valref *named = name_map_find(&json->nodes, item->valuestring);
        if (!named) return native_fail(json, path, "no node before this one is called '%s'", item->valuestring);
        *value = *named;
        return 0;
    }
    if (native_whole(json, path, item, 0, (int64_t)json->graph->node_count - 1, &position) < 0) return -1;
    *value = json->graph->nodes[position].result;
    return 0;
}

static int read_operands(const struct json *json, const char *path, const struct cJSON *list, valref **inputs,
                         uint32_t *count) {
    size_t length = 0, i = 0;
    const cJSON *item;
    if (list && native_array(json, path, list, &length) < 0) return -1;
    *inputs = ARENA_ARRAY(json->arena, valref, length + 1);
    *count = (uint32_t)length;
    if (list)
        cJSON_ArrayForEach (item, list)
            if (read_reference(json, path, item, &(*inputs)[i++]) < 0) return -1;
    return 0;
}

struct statement {
    const char *name, *op_name, *from;
    const char **values; /* names of results, "" for none */
    uint32_t value_count;
    enum op op;
    valref *inputs;
    uint32_t input_count;
    union attributes attributes;
    struct graph *body;
};

/* One name, or a list with one for each result. */
static int read_values(const struct json *json, const char *path, const struct cJSON *item,
                       struct statement *statement) {
    size_t count = 1;
    const cJSON *member;
    if (!item) return 0;
    if (cJSON_IsArray(item) && native_array(json, path, item, &count) < 0) return -1;
    statement->values = ARENA_ARRAY(json->arena, const char *, count + 1);
    if (!cJSON_IsArray(item)) return native_text(json, path, item, &statement->values[statement->value_count++]);
    cJSON_ArrayForEach (member, item)
        if (native_text(json, path, member, &statement->values[statement->value_count++]) < 0) return -1;
    return 0;
}

static int read_heading(const struct json *json, const char *path, const struct cJSON *item,
                        struct statement *statement) {
    static const char *const names[] = {"name", "op", "from", "value", "inputs", "attributes", "body", NULL};
    const cJSON *from;
    if (native_members(json, path, item, names) < 0) return -1;
    if (native_text(json, native_path(json, path, "name"), native_member(item, "name"), &statement->name) < 0)
        return -1;
    if (native_text(json, native_path(json, path, "op"), native_member(item, "op"), &statement->op_name) < 0) return -1;
    if (!op_parse(statement->op_name, &statement->op))
        return native_fail(json, native_path(json, path, "op"), "'%s' is no operator; see 'bxc ops'",
                           statement->op_name);
    if ((from = native_member(item, "from")) &&
        native_text(json, native_path(json, path, "from"), from, &statement->from) < 0)
        return -1;
    if (read_values(json, native_path(json, path, "value"), native_member(item, "value"), statement) < 0) return -1;
    return read_operands(json, native_path(json, path, "inputs"), native_member(item, "inputs"), &statement->inputs,
                         &statement->input_count);
}

/* What does something in training alone is another name for its operand. */
static bool is_another_name(const char *op) {
    return !strcmp(op, "dropout") || !strcmp(op, "identity");
}

static int read_another_name(struct json *json, const char *path, const struct cJSON *item) {
    static const char *const names[] = {"name", "op", "from", "value", "inputs", "attributes", NULL};
    const char *name;
    valref *inputs;
    uint32_t count;
    if (native_members(json, path, item, names) < 0) return -1;
    if (native_text(json, native_path(json, path, "name"), native_member(item, "name"), &name) < 0) return -1;
    if (read_operands(json, native_path(json, path, "inputs"), native_member(item, "inputs"), &inputs, &count) < 0)
        return -1;
    if (count != 1)
        return native_fail(json, native_path(json, path, "inputs"), "%u operands are not one", (unsigned)count);
    name_map_put(&json->nodes, name, arena_copy(json->arena, inputs, sizeof *inputs));
    return 0;
}

static int read_body(const struct json *json, const char *path, const struct cJSON *item, struct graph **body);

/* What was read becomes a node, with the body as its own. */
static int append(struct json *json, const char *path, const struct statement *statement) {
    struct graph *graph = json->graph;
    valref value = graph_append_with_body(graph, statement->op, statement->name, statement->inputs,
                                          statement->input_count, &statement->attributes, statement->body);
    if (valref_equal(value, NO_VALUE)) {
        graph_free(statement->body);
        return -1;
    }
    struct node *node = graph_definition(graph, value);
    if (statement->value_count && statement->value_count != node->result_count)
        return native_fail(json, native_path(json, path, "value"), "%u results are named where '%s' has %u",
                           (unsigned)statement->value_count, statement->op_name, (unsigned)node->result_count);
    for (uint32_t r = 0; r < statement->value_count; r++)
        if (*statement->values[r] || node->result_count == 1)
            graph_name_value(graph, node_result(node, r), statement->values[r]);
    if (statement->from) node->source_op = arena_strdup(graph->arena, statement->from);
    name_map_put(&json->nodes, statement->name, arena_copy(json->arena, &value, sizeof value));
    return 0;
}

static int read_node(struct json *json, const char *path, const struct cJSON *item) {
    const cJSON *op = native_member(item, "op");
    if (cJSON_IsString(op) && is_another_name(op->valuestring)) return read_another_name(json, path, item);
    struct statement statement;
    memset(&statement, 0, sizeof statement);
    if (read_heading(json, path, item, &statement) < 0) return -1;
    int rank = statement.input_count ? graph_value(json->graph, statement.inputs[0])->shape.rank : 0;
    if (native_attributes(json, native_path(json, path, "attributes"), native_member(item, "attributes"), statement.op,
                          rank, &statement.attributes) < 0)
        return -1;
    const cJSON *body = native_member(item, "body");
    if (body && read_body(json, native_path(json, path, "body"), body, &statement.body) < 0) return -1;
    return append(json, path, &statement);
}

static int read_output(const struct json *json, const char *path, const struct cJSON *item) {
    static const char *const names[] = {"name", "node", "meaning", NULL};
    const char *name;
    valref value = NO_VALUE;
    struct meaning meaning = {0};
    struct shape wide;
    if (native_members(json, path, item, names) < 0) return -1;
    if (native_text(json, native_path(json, path, "name"), native_member(item, "name"), &name) < 0) return -1;
    if (read_reference(json, native_path(json, path, "node"), native_member(item, "node"), &value) < 0) return -1;
    const cJSON *scale = native_member(item, "meaning");
    if (scale && native_meaning(json, native_path(json, path, "meaning"), scale, &meaning) < 0) return -1;
    const struct shape *shape = &graph_value(json->graph, value)->shape;
    if (scale && (!shape_broadcast(&meaning.shape, shape, &wide) || !shape_equal(&wide, shape)))
        return native_fail(json, path, "the meaning does not spread over the output");
    graph_append_output(json->graph, name, value);
    json->graph->outputs[json->graph->output_count - 1].meaning = meaning_copy(json->graph->arena, &meaning);
    return 0;
}

static struct graph *new_graph(const struct json *json, const char *name) {
    struct graph *graph = graph_new(json->context, name);
    graph->source = arena_strdup(graph->arena, json->file);
    return graph;
}

/* Stops at the first node that is wrong: what follows would build on it. */
static int read_lists(struct json *json, const char *path, const struct cJSON *root) {
    const cJSON *nodes = native_member(root, "nodes"), *outputs = native_member(root, "outputs"), *item;
    const char *nodes_path = native_path(json, path, "nodes"), *outputs_path = native_path(json, path, "outputs");
    size_t count, i = 0;
    if (native_array(json, nodes_path, nodes, &count) < 0) return -1;
    if (count > NATIVE_NODES_MAX) return native_fail(json, nodes_path, "too many nodes");
    cJSON_ArrayForEach (item, nodes)
        if (read_node(json, arena_printf(json->arena, "%s[%zu]", nodes_path, i++), item) < 0) return -1;
    if (native_array(json, outputs_path, outputs, &count) < 0) return -1;
    if (!count) return native_fail(json, outputs_path, "%s has no outputs", *path ? "the body" : "the model");
    i = 0;
    cJSON_ArrayForEach (item, outputs)
        if (read_output(json, arena_printf(json->arena, "%s[%zu]", outputs_path, i++), item) < 0) return -1;
    return 0;
}

/* A graph of its own: its nodes' names are not those around it. */
static int read_body(const struct json *json, const char *path, const struct cJSON *item, struct graph **body) {
    static const char *const names[] = {"name", "nodes", "outputs", NULL};
    const char *name;
    if (json->depth == BODY_DEPTH_MAX)
        return native_fail(json, path, "more than %d bodies stand one within the other", BODY_DEPTH_MAX);
    if (native_members(json, path, item, names) < 0) return -1;
    if (native_text(json, native_path(json, path, "name"), native_member(item, "name"), &name) < 0) return -1;
    struct json inner = *json;
    inner.graph = new_graph(json, name);
    inner.nodes = name_map_new(json->arena);
    inner.depth = json->depth + 1;
    graph_open(inner.graph);
    int status = read_lists(&inner, path, item);
    graph_close(inner.graph);
    if (status < 0)
        graph_free(inner.graph);
    else
        *body = inner.graph;
    return status;
}

static int read_root(struct json *json, const struct cJSON *root) {
    static const char *const names[] = {"format",  "version", "name",    "opset", "nodes",
                                        "outputs", "comment", "$schema", NULL};
    const char *format, *name;
    int64_t version, opset = 0;
    if (cJSON_IsObject(root) && !native_member(root, "format"))
        return diag_error(
            &json->context->diagnostics, (struct location){.file = json->file},
            native_member(root, "class_name")
                ? "a Keras architecture has no weights in it: export the model to ONNX (float) or QONNX (QKeras: qonnx.converters.from_keras)"
                : "convert a model with 'bxc convert MODEL model.json'; other tools' JSON is not read",
            "this is not bxc's JSON: there is no member 'format'");
    if (native_members(json, NULL, root, names) < 0) return -1;
    if (native_text(json, "format", native_member(root, "format"), &format) < 0) return -1;
    if (strcmp(format, NATIVE_FORMAT)) return native_fail(json, "format", "'%s' is not '%s'", format, NATIVE_FORMAT);
    if (native_whole(json, "version", native_member(root, "version"), NATIVE_VERSION, NATIVE_VERSION, &version) < 0)
        return -1;
    if (native_text(json, "name", native_member(root, "name"), &name) < 0) return -1;
    const cJSON *given = native_member(root, "opset");
    if (given && native_whole(json, "opset", given, 0, INT32_MAX, &opset) < 0) return -1;
    json->graph = new_graph(json, name);
    json->graph->opset = (int)opset;
    graph_open(json->graph);
    int status = read_lists(json, "", root);
    graph_close(json->graph);
    return status < 0 ? -1 : graph_verify(json->graph);
}

struct graph *native_read(struct bxc_context *context, const char *path, const void *data, size_t length,
                          const struct frontend_options *options) {
    struct arena *arena = arena_new(context);
    struct json json = {.context = context, .arena = arena, .file = path, .nodes = name_map_new(arena)};
    (void)options; /* shapes are written as they are meant */
    const struct cJSON *root = native_parse(&json, data, length);
    if (!root || read_root(&json, root) < 0) {
        graph_free(json.graph);
        json.graph = NULL;
    }
    arena_free(arena);
    return json.graph;
}
