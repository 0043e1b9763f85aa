/* lwtnn's JSON. A sequential model has "layers", "inputs" and the names of its outputs; a graph has "nodes" too, which
 * use layers by number. Vectors are [1, entries], sequences [1, steps, entries]. */
#include "frontend/lwtnn/lwtnn.h"

#include "ir/verify.h"

#include <string.h>

static bool contains(const char *text, size_t length, const char *mark) {
    size_t size = strlen(mark);
    for (size_t i = 0; i + size <= length; i++)
        if (text[i] == '"' && !memcmp(text + i, mark, size)) return true;
    return false;
}

bool lwtnn_recognises(const char *path, const void *data, size_t length) {
    static const char *const marks[] = {"\"architecture\"", "\"layers\"", "\"inputs\"", "\"outputs\""};
    const char *text = data;
    size_t first = 0;
    (void)path;
    while (first < length && strchr(" \t\r\n", text[first])) first++;
    if (first == length || text[first] != '{') return false;
    for (size_t i = 0; i < sizeof marks / sizeof *marks; i++)
        if (!contains(text, length, marks[i])) return false;
    return true;
}

static const char *unique_name(void *user, const char *name) {
    struct lwtnn_reader *reader = user;
    const char *unique = name;
    for (int i = 2; name_map_find(&reader->names, unique); i++)
        unique = arena_printf(reader->json.arena, "%s#%d", name, i);
    name_map_put(&reader->names, unique, reader);
    return unique;
}

struct layer lwtnn_layer_named(struct lwtnn_reader *reader, const char *name, const char *source_op) {
    return (struct layer){.graph = reader->graph,
                          .arena = reader->json.arena,
                          .name = unique_name(reader, name),
                          .source_op = source_op,
                          .unique = unique_name,
                          .reader = reader};
}

/* ---- inputs: (x + offset) * scale of each variable ---- */

/* Members that are numbers, one of each variable. */
static float *of_variables(const struct lwtnn_reader *reader, const char *path, const cJSON *variables,
                           const char *member, size_t count) {
    float *numbers = ARENA_ARRAY(reader->json.arena, float, count + 1);
    const cJSON *variable;
    size_t i = 0;
    cJSON_ArrayForEach (variable, variables) {
        double number;
        const char *at = arena_printf(reader->json.arena, "%s[%zu].%s", path, i, member);
        if (lwtnn_number(reader, at, native_member(variable, member), &number) < 0) return NULL;
        numbers[i++] = (float)number;
    }
    return numbers;
}

/* What stands for a number that is missing is lwtnn's users' business (NanReplacer), and here ours. */
static void tell_defaults(const struct lwtnn_reader *reader, const cJSON *variables) {
    struct strbuf text = strbuf_new(reader->json.arena);
    const cJSON *defaults = native_member(reader->root, "defaults"), *variable;
    cJSON_ArrayForEach (variable, variables) {
        const char *name = cJSON_GetStringValue(native_member(variable, "name"));
        const cJSON *value = native_member(variable, "default");
        double number;
        if (!value && name) value = native_member(defaults, name);
        if (!name || (!cJSON_IsNumber(value) && !cJSON_IsString(value))) continue;
        if (lwtnn_number(reader, "defaults", value, &number) == 0)
            strbuf_printf(&text, "%s%s %g", text.length ? ", " : "", name, number);
    }
    if (text.length)
        diag_note(&reader->json.context->diagnostics, (struct location){.file = reader->json.file},
                  "events hold these numbers where a variable is missing or no number", "the model has defaults: %s",
                  text.data);
}

static valref with_numbers(const struct layer *layer, enum op op, const char *part, valref x, const float *numbers,
                           size_t count, float neutral) {
    bool changes = false;
    for (size_t i = 0; i < count; i++) changes |= numbers[i] != neutral;
    if (!changes) return x;
    valref constant = layer_reals(layer, arena_printf(layer->arena, "%s.numbers", part),
                                  (struct shape){1, {(int64_t)count}}, numbers);
    return layer_node(layer, op, part, (const valref[]){x, constant}, 2, NULL);
}

valref lwtnn_append_input(struct lwtnn_reader *reader, const char *name, const char *path, const cJSON *variables,
                          int64_t steps) {
    size_t count;
    if (native_array(&reader->json, path, variables, &count) < 0) return NO_VALUE;
    if (!count || count > LWTNN_NODES_MAX) {
        native_fail(&reader->json, path, "an input of %zu variables", count);
        return NO_VALUE;
    }
    const float *offsets = of_variables(reader, path, variables, "offset", count);
    const float *scales = of_variables(reader, path, variables, "scale", count);
    if (!offsets || !scales) return NO_VALUE;
    tell_defaults(reader, variables);
    struct shape shape = {2, {1, (int64_t)count}};
    if (steps) shape = (struct shape){3, {1, steps, (int64_t)count}};
    const struct layer layer = lwtnn_layer_named(reader, name, "input");
    valref value = graph_append_input(reader->graph, layer.name, shape);
    value = with_numbers(&layer, OP_ADD, "offset", value, offsets, count, 0);
    return valref_equal(value, NO_VALUE) ? value : with_numbers(&layer, OP_MUL, "scale", value, scales, count, 1);
}

int64_t lwtnn_steps_of(const struct lwtnn_reader *reader, const char *input) {
    struct bxc_context *context = reader->json.context;
    struct location at = {.file = reader->json.file, .attribute = input};
    const int64_t steps = frontend_axis(context, reader->json.file, reader->options, input, 1, input);
    if (steps <= LWTNN_STEPS_MAX) return steps;
    diag_error(&context->diagnostics, at, NULL, "input '%s' is a sequence of %lld steps, more than %d", input,
               (long long)steps, LWTNN_STEPS_MAX);
    return 0;
}

/* ---- layers ---- */

const char *lwtnn_architecture_of(const struct lwtnn_reader *reader, const char *path, const cJSON *layer) {
    const char *name;
    if (native_text(&reader->json, native_path(&reader->json, path, "architecture"),
                    native_member(layer, "architecture"), &name) < 0)
        return NULL;
    return name;
}

valref lwtnn_use_layer(struct lwtnn_reader *reader, int64_t index, int64_t user, valref x) {
    struct arena *arena = reader->json.arena;
    struct lwtnn_layer layer = {.reader = reader, .json = cJSON_GetArrayItem(reader->layers, (int)index)};
    layer.path = arena_printf(arena, "layers[%lld]", (long long)index);
    layer.architecture = lwtnn_architecture_of(reader, layer.path, layer.json);
    if (!layer.architecture || valref_equal(x, NO_VALUE)) return NO_VALUE;
    layer.layer = lwtnn_layer_named(reader, arena_printf(arena, "%s_%lld", layer.architecture, (long long)user),
                                    layer.architecture);
    return lwtnn_layer_read(&layer, x);
}

valref lwtnn_last_step(const struct layer *layer, valref sequence) {
    if (valref_equal(sequence, NO_VALUE)) return sequence;
    const struct shape shape = *layer_shape(layer, sequence);
    valref last = layer_slice(layer, "last_step", sequence, 1, shape.dim[1] - 1, 1, 1);
    return layer_reshape(layer, "last", last, (struct shape){2, {1, shape.dim[2]}});
}

int lwtnn_append_output(struct lwtnn_reader *reader, const char *path, const char *name, const cJSON *labels,
                        valref value) {
    size_t count;
    if (valref_equal(value, NO_VALUE) || native_array(&reader->json, path, labels, &count) < 0) return -1;
    const struct shape *shape = &graph_value(reader->graph, value)->shape;
    if ((int64_t)count != shape->dim[shape->rank - 1])
        return native_fail(&reader->json, path, "%zu names for %lld outputs", count,
                           (long long)shape->dim[shape->rank - 1]);
    graph_append_output(reader->graph, name, value);
    return 0;
}

/* ---- sequential models ---- */

/* Layers along the steps come first, wherever they stand, and the others take the last step (lwtnn:
 * ReductionStack). */
static int read_sequential(struct lwtnn_reader *reader) {
    const cJSON *outputs = native_member(reader->root, "outputs"), *layer;
    int64_t count = cJSON_GetArraySize(reader->layers), steps = 0;
    bool sequence = false;
    cJSON_ArrayForEach (layer, reader->layers) {
        const char *name = cJSON_GetStringValue(native_member(layer, "architecture"));
        sequence |= name && lwtnn_is_sequential(name);
        if (name && !strcmp(name, "conv1d"))
            return native_fail(&reader->json, "layers", "lwtnn has conv1d in graphs alone");
    }
    if (sequence && !(steps = lwtnn_steps_of(reader, "inputs"))) return -1;
    valref value = lwtnn_append_input(reader, "inputs", "inputs", native_member(reader->root, "inputs"), steps);
    for (int pass = 0; pass < 2; pass++) {
        int64_t index = 0;
        cJSON_ArrayForEach (layer, reader->layers) {
            const char *name = cJSON_GetStringValue(native_member(layer, "architecture"));
            bool along = name && lwtnn_is_sequential(name);
            if (along == !pass && !valref_equal(value, NO_VALUE)) value = lwtnn_use_layer(reader, index, index, value);
            index++;
        }
        const struct layer last = {.graph = reader->graph, .arena = reader->json.arena, .name = "sequence"};
        if (!pass && sequence) value = lwtnn_last_step(&last, value);
    }
    if (!count) return native_fail(&reader->json, "layers", "there are no layers");
    const char *only = cJSON_GetArraySize(outputs) == 1 ? cJSON_GetStringValue(outputs->child) : NULL;
    return lwtnn_append_output(reader, "outputs", only && *only ? only : "outputs", outputs, value);
}

/* ---- the whole ---- */

static int read_model(struct lwtnn_reader *reader) {
    size_t layers;
    reader->layers = native_member(reader->root, "layers");
    if (native_array(&reader->json, "layers", reader->layers, &layers) < 0) return -1;
    if (layers > LWTNN_NODES_MAX)
        return native_fail(&reader->json, "layers", "%zu layers are more than %d", layers, LWTNN_NODES_MAX);
    return native_member(reader->root, "nodes") ? lwtnn_graph_read(reader) : read_sequential(reader);
}

static const char *title_of(struct arena *arena, const char *path) {
    const char *slash = strrchr(path, '/'), *base = slash ? slash + 1 : path, *dot = strrchr(base, '.');
    return dot && dot != base ? arena_strndup(arena, base, (size_t)(dot - base)) : base;
}

struct graph *lwtnn_read(struct bxc_context *context, const char *path, const void *data, size_t length,
                         const struct frontend_options *options) {
    struct arena *arena = arena_new(context);
    struct lwtnn_reader reader = {.json = {.context = context, .arena = arena, .file = path}, .options = options};
    reader.names = name_map_new(arena);
    reader.root = native_parse(&reader.json, data, length);
    reader.graph = graph_new(context, title_of(arena, path));
    reader.graph->source = arena_strdup(reader.graph->arena, path);
    size_t errors = context->diagnostics.errors;
    int status = reader.root ? read_model(&reader) : -1;
    if (status == 0) status = context->diagnostics.errors > errors ? -1 : graph_verify(reader.graph);
    arena_free(arena);
    if (status == 0 || (options && options->partial && reader.graph->node_count)) return reader.graph;
    graph_free(reader.graph);
    return NULL;
}
