/* Models and the models within them: which layers there are, and what feeds what. */
#include "frontend/keras/keras.h"

#include <ctype.h>
#include <string.h>

enum { CALLS_MAX = 1 << 16, VISITS_MAX = 1 << 20 };

/* A model while its layers are read. */
struct reading {
    struct keras_reader *reader;
    const cJSON *config, *layers;
    const char *prefix;       /* of the names of its nodes */
    struct keras_place place; /* of its variables */
    struct keras_scope scope;
    const struct keras_layer *call; /* of a model within another; else NULL */
    const char **folders;           /* by layer: of its variables where they go by numbers */
    uint32_t visits;
};

static int refuse(const struct keras_reader *reader, const char *node, const char *help, const char *what) {
    return diag_error(&reader->context->diagnostics,
                      (struct location){.file = reader->path, .node = node, .path = node ? NULL : "the configuration"},
                      help, "%s", what);
}

bool keras_is_model(const char *class_name) {
    return strcmp(class_name, "Functional") == 0 || strcmp(class_name, "Sequential") == 0 ||
           strcmp(class_name, "Model") == 0;
}

/* "QEinsumDenseBatchnorm" gives "q_einsum_dense_batchnorm": how Keras names groups of weights. */
static char *snake_case(struct arena *arena, const char *name) {
    size_t length = strlen(name);
    char *out = arena_alloc(arena, 2 * length + 1), *at = out;
    for (size_t i = 0; i < length; i++) {
        bool upper = isupper((unsigned char)name[i]);
        bool after_lower = i > 0 && islower((unsigned char)name[i - 1]);
        bool before_lower = i > 0 && i + 1 < length && islower((unsigned char)name[i + 1]);
        if (upper && (after_lower || before_lower)) *at++ = '_';
        *at++ = (char)tolower((unsigned char)name[i]);
    }
    return out;
}

static const char *layer_name(const cJSON *layer) {
    const char *name = keras_text(layer, "name");
    return name ? name : keras_text(keras_member(layer, "config"), "name");
}

/* ---- what cannot be read, all at once ---- */

static int check_layers(const struct keras_reader *reader, const cJSON *config, int depth);

static int check_layer(const struct keras_reader *reader, const cJSON *layer, int depth) {
    const char *class_name = keras_text(layer, "class_name"), *name = layer_name(layer);
    if (!class_name || !name) return refuse(reader, NULL, NULL, "a layer has no class or no name");
    if (strcmp(class_name, "InputLayer") == 0) return 0;
    if (keras_is_model(class_name)) return check_layers(reader, keras_member(layer, "config"), depth + 1);
    return keras_class_of(reader, layer) ? 0 : keras_refuse_class(reader, layer, name);
}

static int check_layers(const struct keras_reader *reader, const cJSON *config, int depth) {
    const cJSON *layers = keras_member(config, "layers");
    int result = 0;
    if (depth > BODY_DEPTH_MAX) return refuse(reader, NULL, NULL, "models nest too deeply");
    if (!cJSON_IsArray(layers) || !layers->child) return refuse(reader, NULL, NULL, "a model has no layers");
    for (const cJSON *layer = layers->child; layer; layer = layer->next)
        if (check_layer(reader, layer, depth) < 0) result = -1;
    return result;
}

/* ---- inputs ---- */

/* 0 after a diagnosis. */
static int64_t read_dimension(const struct keras_reader *reader, const struct keras_layer *layer, const cJSON *dim,
                              int axis) {
    if (axis == 0) return 1; /* the batch */
    if (cJSON_IsNull(dim))
        return frontend_axis(reader->context, reader->path, reader->options, layer->name, axis, NULL);
    if (cJSON_IsNumber(dim) && dim->valuedouble >= 1 && dim->valuedouble <= 1 << 24) return (int64_t)dim->valuedouble;
    keras_error(reader, layer, "batch_shape", "give every axis but the first a size", "axis %d has no usable size",
                axis);
    return 0;
}

static int read_shape(const struct keras_reader *reader, const struct keras_layer *layer, struct shape *shape) {
    const cJSON *dims = keras_member(layer->config, "batch_shape");
    int result = 0;
    *shape = (struct shape){0};
    for (const cJSON *dim = cJSON_IsArray(dims) ? dims->child : NULL; dim; dim = dim->next) {
        if (shape->rank == SHAPE_RANK_MAX)
            return keras_error(reader, layer, "batch_shape", NULL, "the input has more than %d axes", SHAPE_RANK_MAX);
        shape->dim[shape->rank] = read_dimension(reader, layer, dim, shape->rank);
        if (!shape->dim[shape->rank++]) result = -1;
    }
    return shape->rank >= 2 ? result : keras_error(reader, layer, "batch_shape", NULL, "the input has no features");
}

static int read_input(struct reading *reading, const struct keras_layer *layer) {
    struct shape shape;
    valref value = NO_VALUE;
    if (read_shape(reading->reader, layer, &shape) == 0)
        value = graph_append_input(reading->reader->graph, layer->name, shape);
    bool failed = valref_equal(value, NO_VALUE);
    keras_scope_add(&reading->scope, layer->name, 0, &value, failed ? 0 : 1);
    return failed ? -1 : 0;
}

static const cJSON *find_layer(const struct reading *reading, const char *name) {
    for (const cJSON *layer = reading->layers->child; layer; layer = layer->next)
        if (strcmp(layer_name(layer), name) == 0) return layer;
    return NULL;
}

/* "input_layers", "output_layers": a reference, a list of them or an object; in order. */
struct references {
    int count, capacity;
    struct reference {
        const char *layer, *key; /* key: of an object, or NULL */
        int node, tensor;
    } * at;
};

static int collect(struct arena *arena, const cJSON *json, const char *key, struct references *out) {
    struct reference one = {.key = key};
    if (keras_is_reference(json, &one.layer, &one.node, &one.tensor)) {
        if (out->count == out->capacity) {
            int capacity = out->capacity ? 2 * out->capacity : 8;
            out->at = arena_grow(arena, out->at, (size_t)out->count * sizeof one, (size_t)capacity * sizeof one);
            out->capacity = capacity;
        }
        out->at[out->count++] = one;
        return 0;
    }
    if (!cJSON_IsArray(json) && !cJSON_IsObject(json)) return -1;
    for (const cJSON *item = json->child; item; item = item->next)
        if (collect(arena, item, cJSON_IsObject(json) ? item->string : key, out) < 0) return -1;
    return 0;
}

static int give_input(struct reading *reading, const cJSON *layer, int number) {
    struct keras_layer input = {.class_name = "InputLayer", .name = layer_name(layer)};
    input.config = keras_member(layer, "config");
    if (!reading->call) return read_input(reading, &input);
    if (number >= reading->call->input_count)
        return refuse(reading->reader, reading->call->name, NULL, "the model within is called on too few tensors");
    keras_scope_add(&reading->scope, input.name, 0, &reading->call->inputs[number], 1);
    return 0;
}

static bool is_input(const cJSON *layer) {
    return layer && strcmp(keras_text(layer, "class_name"), "InputLayer") == 0;
}

static bool is_there(const struct reading *reading, const char *layer, int node) {
    valref value;
    return keras_scope_find(&reading->scope, layer, node, 0, &value) != KERAS_LATER;
}

/* In the order of the model's input_layers, then those that it does not name. */
static int read_inputs(struct reading *reading) {
    struct keras_reader *reader = reading->reader;
    struct references named = {0};
    const cJSON *given = keras_member(reading->config, "input_layers");
    int result = 0, number = 0;
    if (given && collect(reader->arena, given, NULL, &named) < 0)
        return refuse(reader, NULL, NULL, "input_layers holds no names of layers");
    for (int i = 0; i < named.count; i++) {
        const cJSON *layer = find_layer(reading, named.at[i].layer);
        if (!is_input(layer))
            return refuse(reader, named.at[i].layer, NULL, "an input of the model names no InputLayer");
        if (is_there(reading, named.at[i].layer, 0)) continue;
        if (give_input(reading, layer, number++) < 0) result = -1;
    }
    for (const cJSON *layer = reading->layers->child; layer; layer = layer->next)
        if (is_input(layer) && !is_there(reading, layer_name(layer), 0) && give_input(reading, layer, number++) < 0)
            result = -1;
    if (result == 0 && reading->call && number != reading->call->input_count && number > 0)
        return refuse(reader, reading->call->name, NULL, "the model within is called on too many tensors");
    return result;
}

/* ---- layers ---- */

/* Layers of one class are numbered in the order of the configuration. */
static void name_folders(struct reading *reading) {
    struct arena *arena = reading->reader->arena;
    struct name_map counts = name_map_new(arena);
    reading->folders = ARENA_ARRAY(arena, const char *, cJSON_GetArraySize(reading->layers) + 1);
    size_t i = 0;
    for (const cJSON *layer = reading->layers->child; layer; layer = layer->next) {
        const char *class_name = keras_text(layer, "class_name");
        const char *folder = snake_case(arena, strcmp(class_name, "Model") ? class_name : "functional");
        int *count = name_map_find(&counts, folder);
        if (!count) name_map_put(&counts, folder, count = ARENA_NEW(arena, int));
        reading->folders[i++] =
            *count ? arena_printf(arena, "layers/%s_%d", folder, *count) : arena_printf(arena, "layers/%s", folder);
        (*count)++;
    }
}

/* A layer that several models share has its variables where it was met first: it is told by name and class. */
struct placed {
    const cJSON *layer;
    struct keras_place place;
};

static struct keras_place place_of_shared(struct keras_reader *reader, const cJSON *layer, struct keras_place place) {
    const char *name = layer_name(layer);
    struct placed *first = name_map_find(&reader->placed, name);
    if (!reader->weights.file || keras_is_model(keras_text(layer, "class_name"))) return place;
    if (keras_hdf5_has(&reader->weights, place.group)) {
        if (first) return place;
        first = ARENA_NEW(reader->arena, struct placed);
        *first = (struct placed){layer, place};
        name_map_put(&reader->placed, name, first);
        return place;
    }
    bool same = first && strcmp(keras_text(layer, "class_name"), keras_text(first->layer, "class_name")) == 0;
    return same ? first->place : place;
}

static struct keras_place place_of(const struct reading *reading, const cJSON *layer, const char *folder) {
    struct keras_place place = reading->place;
    if (reading->reader->by_name) place.inside_count = 0; /* names of models are not in those of variables */
    if (place.group || reading->reader->by_name)
        place = keras_place_inside(reading->reader, place, folder, layer_name(layer));
    else
        place.group = folder;
    return reading->reader->by_name ? place : place_of_shared(reading->reader, layer, place);
}

/* What the call is on: in a sequential model what the layer before gave. */
static enum keras_found find_inputs(struct reading *reading, const cJSON *node, const char *previous,
                                    struct keras_layer *layer) {
    layer->arguments = keras_member(node, "args");
    layer->keywords = keras_member(node, "kwargs");
    int count = keras_count_tensors(layer->arguments), more = keras_count_tensors(layer->keywords), keywords = 0;
    layer->inputs = ARENA_ARRAY(reading->reader->arena, valref, count + more + 1);
    if (!node) {
        layer->input_count = 1;
        enum keras_found found = keras_scope_find(&reading->scope, previous, 0, 0, layer->inputs);
        if (found != KERAS_LATER || !reading->call || previous) return found;
        layer->inputs[0] = reading->call->inputs[0]; /* a sequential model without an InputLayer */
        return KERAS_FOUND;
    }
    enum keras_found found = keras_find_tensors(&reading->scope, layer->arguments, layer->inputs, &layer->input_count);
    if (found != KERAS_FOUND) return found;
    found = keras_find_tensors(&reading->scope, layer->keywords, layer->inputs + count, &keywords);
    if (count == 0) layer->input_count = keywords;
    return found;
}

/* The layer, or the model within this one, on its operands. */
static valref read_operands(struct reading *reading, const cJSON *json, const char *folder, struct keras_layer *layer) {
    struct keras_reader *reader = reading->reader;
    const char *name = arena_printf(reader->arena, "%s%s", reading->prefix, layer_name(json));
    layer->name = keras_unique_name(reader, name);
    layer->known = keras_is_model(layer->class_name) ? NULL : keras_class_of(reader, json);
    layer->place = place_of(reading, json, folder);
    if (layer->input_count < 1) return keras_refuse(reader, layer, NULL, NULL, "this layer is called on no tensor");
    if (++reader->calls > CALLS_MAX)
        return keras_refuse(reader, layer, NULL, NULL, "the model calls more layers than %d", CALLS_MAX);
    return layer->known ? keras_layer_read(reader, layer) : keras_read_model(reader, layer);
}

static enum keras_found read_call(struct reading *reading, const cJSON *json, const char *folder, const cJSON *node,
                                  int number, const char *previous) {
    struct keras_layer layer = {
        .class_name = keras_text(json, "class_name"), .config = keras_member(json, "config"), .scope = &reading->scope};
    enum keras_found found = find_inputs(reading, node, previous, &layer);
    if (found == KERAS_LATER) return found;
    valref value = found == KERAS_FOUND ? read_operands(reading, json, folder, &layer) : NO_VALUE;
    bool failed = valref_equal(value, NO_VALUE);
    if (layer.results && !failed)
        keras_scope_add(&reading->scope, layer_name(json), number, layer.results, layer.result_count);
    else
        keras_scope_add(&reading->scope, layer_name(json), number, &value, failed ? 0 : 1);
    return failed ? KERAS_FAILED : KERAS_FOUND;
}

static bool refers_to(const cJSON *json, const char *name, int number) {
    const char *layer;
    int node, tensor;
    if (keras_is_reference(json, &layer, &node, &tensor)) return node == number && strcmp(layer, name) == 0;
    for (const cJSON *item = cJSON_IsArray(json) || cJSON_IsObject(json) ? json->child : NULL; item; item = item->next)
        if (refers_to(item, name, number)) return true;
    return false;
}

/* The making of a model within another may count as its first call. What refers to its calls tells: one that refers to
 * call 0, or to one behind the last. -1: nothing does, or not enough. */
static int first_call_by(const struct reading *reading, const cJSON *json, bool of_outputs) {
    const char *name = layer_name(json);
    int count = cJSON_GetArraySize(keras_member(json, "inbound_nodes"));
    bool zero = false, behind = false;
    if (of_outputs) {
        const cJSON *outputs = keras_member(reading->config, "output_layers");
        zero = refers_to(outputs, name, 0);
        behind = refers_to(outputs, name, count);
    }
    for (const cJSON *layer = reading->layers->child; layer && !of_outputs; layer = layer->next) {
        zero |= refers_to(keras_member(layer, "inbound_nodes"), name, 0);
        behind |= refers_to(keras_member(layer, "inbound_nodes"), name, count);
    }
    return zero ? 0 : behind ? 1 : -1;
}

/* Keras 2 counts alike everywhere; Keras 3 from 0, but in outputs from 1 where the model is no Sequential. Earlier
 * releases of 3 counted otherwise. */
static int first_call(const struct reading *reading, const cJSON *json, bool of_outputs) {
    const char *class_name = keras_text(json, "class_name");
    bool second = reading->reader->version == 2;
    if (!keras_is_model(class_name)) return 0;
    int told = first_call_by(reading, json, of_outputs);
    if (told < 0 && second) told = first_call_by(reading, json, !of_outputs);
    return told >= 0 ? told : second || (of_outputs && strcmp(class_name, "Sequential") != 0);
}

/* The calls of a layer whose operands are there. *waiting: how many wait. */
static int read_layer(struct reading *reading, const cJSON *json, const char *folder, const char *previous,
                      int *waiting) {
    const cJSON *nodes = keras_member(json, "inbound_nodes"), *node = cJSON_IsArray(nodes) ? nodes->child : NULL;
    bool sequential = !cJSON_IsArray(nodes);
    int number = sequential ? 0 : first_call(reading, json, false), result = 0;
    for (; !is_input(json) && (sequential ? number < 1 : node != NULL); number++, node = node ? node->next : NULL) {
        reading->visits++;
        if (is_there(reading, layer_name(json), number)) continue;
        enum keras_found found = read_call(reading, json, folder, node, number, previous);
        if (found == KERAS_LATER) (*waiting)++;
        if (found == KERAS_FAILED) result = -1;
    }
    return result;
}

static int refuse_waiting(struct reading *reading) {
    for (const cJSON *layer = reading->layers->child; layer; layer = layer->next) {
        const cJSON *nodes = keras_member(layer, "inbound_nodes");
        int first = cJSON_IsArray(nodes) ? first_call(reading, layer, false) : 0,
            count = cJSON_IsArray(nodes) ? cJSON_GetArraySize(nodes) : 1;
        for (int number = first; number < first + count; number++)
            if (!is_input(layer) && !is_there(reading, layer_name(layer), number))
                refuse(reading->reader, layer_name(layer), NULL, "what feeds this layer is missing or comes later");
    }
    return -1;
}

/* A layer that is called several times may wait for one behind it. */
static int read_layers(struct reading *reading) {
    int result = 0;
    name_folders(reading);
    for (int before = -1, waiting = 0;; before = waiting) {
        const char *previous = NULL, *const *folder = reading->folders;
        waiting = 0;
        for (const cJSON *layer = reading->layers->child; layer; layer = layer->next) {
            if (read_layer(reading, layer, *folder++, previous, &waiting) < 0) result = -1;
            previous = layer_name(layer);
        }
        if (waiting == 0) return result;
        if (waiting == before || reading->visits > VISITS_MAX) return refuse_waiting(reading);
    }
}

/* ---- outputs ---- */

struct outputs {
    int count;
    const char **names; /* of their own, or of the layer; not unique */
    valref *values;
};

static const char *last_layer(const struct reading *reading) {
    const cJSON *layer = reading->layers->child;
    while (layer->next) layer = layer->next;
    return layer_name(layer);
}

static int find_outputs(const struct reading *reading, struct outputs *out) {
    struct keras_reader *reader = reading->reader;
    struct references named = {0};
    const cJSON *given = keras_member(reading->config, "output_layers");
    const struct reference last = {.layer = last_layer(reading)};
    if (!given)
        named = (struct references){1, 1, arena_copy(reader->arena, &last, sizeof last)};
    else if (collect(reader->arena, given, NULL, &named) < 0 || named.count == 0)
        return refuse(reader, NULL, NULL, "the model has no output");
    *out = (struct outputs){named.count, ARENA_ARRAY(reader->arena, const char *, named.count),
                            ARENA_ARRAY(reader->arena, valref, named.count)};
    for (int i = 0; i < named.count; i++) {
        const struct reference *at = &named.at[i];
        const cJSON *layer = find_layer(reading, at->layer);
        int node = at->node + (layer ? first_call(reading, layer, false) - first_call(reading, layer, true) : 0);
        out->names[i] = at->key ? at->key : at->layer;
        if (keras_scope_find(&reading->scope, at->layer, node, at->tensor, &out->values[i]) != KERAS_FOUND)
            return refuse(reader, NULL, NULL, "an output names no layer of the model");
    }
    return 0;
}

static int read_all(struct reading *reading, struct outputs *outputs) {
    if (read_inputs(reading) < 0 || read_layers(reading) < 0) return -1;
    return find_outputs(reading, outputs);
}

/* Tensors of an object are counted by the order of its keys. */
static void sort_by_key(const cJSON *given, struct outputs *outputs) {
    if (!cJSON_IsObject(given)) return;
    for (int i = 1; i < outputs->count; i++)
        for (int j = i; j > 0 && strcmp(outputs->names[j - 1], outputs->names[j]) > 0; j--) {
            const char *name = outputs->names[j];
            valref value = outputs->values[j];
            outputs->names[j] = outputs->names[j - 1];
            outputs->values[j] = outputs->values[j - 1];
            outputs->names[j - 1] = name;
            outputs->values[j - 1] = value;
        }
}

valref keras_read_model(struct keras_reader *reader, struct keras_layer *layer) {
    struct reading reading = {.reader = reader,
                              .config = layer->config,
                              .layers = keras_member(layer->config, "layers"),
                              .prefix = arena_printf(reader->arena, "%s/", layer->name),
                              .place = layer->place,
                              .scope = keras_scope_new(reader),
                              .call = layer};
    struct outputs outputs;
    const cJSON *inputs = keras_member(layer->config, "input_layers");
    if (cJSON_IsObject(inputs) && inputs->child && inputs->child->next)
        return keras_refuse(reader, layer, "input_layers", "give it a list of tensors",
                            "a model within another that takes an object of several tensors is not read");
    if (read_all(&reading, &outputs) < 0) return NO_VALUE;
    sort_by_key(keras_member(layer->config, "output_layers"), &outputs);
    layer->results = outputs.values;
    layer->result_count = outputs.count;
    return outputs.values[0];
}

static bool is_output(const struct graph *graph, const char *name) {
    for (uint32_t i = 0; i < graph->output_count; i++)
        if (strcmp(graph->outputs[i].name, name) == 0) return true;
    return false;
}

static int read_outermost(struct keras_reader *reader, const cJSON *config) {
    struct reading reading = {.reader = reader,
                              .config = config,
                              .layers = keras_member(config, "layers"),
                              .prefix = "",
                              .scope = keras_scope_new(reader)};
    struct outputs outputs;
    if (check_layers(reader, config, 0) < 0 || read_all(&reading, &outputs) < 0) return -1;
    for (int i = 0; i < outputs.count; i++) {
        const char *name = outputs.names[i];
        for (int number = 2; is_output(reader->graph, name); number++)
            name = arena_printf(reader->arena, "%s#%d", outputs.names[i], number);
        graph_append_output(reader->graph, name, outputs.values[i]);
    }
    return 0;
}

static int read_configuration(struct keras_reader *reader, const cJSON *json) {
    const char *class_name = keras_text(json, "class_name");
    const cJSON *config = keras_member(json, "config");
    if (!class_name || !keras_is_model(class_name))
        return refuse(reader, NULL, "Functional and Sequential models are read", "this is no model of a known class");
    const char *name = keras_text(config, "name");
    reader->graph = graph_new(reader->context, name ? name : "model");
    reader->graph->source = arena_strdup(reader->graph->arena, reader->path);
    return read_outermost(reader, config);
}

struct graph *keras_read(struct bxc_context *context, const char *path, const void *data, size_t length,
                         const struct frontend_options *options) {
    struct keras_reader reader = {
        .context = context, .arena = arena_new(context), .path = path, .options = options, .root = ""};
    reader.names = name_map_new(reader.arena);
    reader.placed = name_map_new(reader.arena);
    const cJSON *json = keras_source_open(&reader, data, length, options);
    int result = json ? read_configuration(&reader, json) : -1;
    arena_free(reader.arena);
    if (result == 0 || (options && options->partial)) return reader.graph;
    graph_free(reader.graph);
    return NULL;
}
