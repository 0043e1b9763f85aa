/* The configuration of a .keras file: which layers there are and what feeds what. */
#include "frontend/keras/keras.h"

#include <ctype.h>
#include <string.h>

bool keras_recognises(const char *path, const void *data, size_t length) {
    const char *end = strrchr(path, '.');
    bool foreign = end && (!strcmp(end, ".pt") || !strcmp(end, ".pth") || !strcmp(end, ".npz")); /* zip files too */
    return !foreign && length > 4 && memcmp(data, "PK\003\004", 4) == 0;
}

static int refuse(const struct keras_reader *reader, const char *where, const char *help, const char *what) {
    return diag_error(&reader->context->diagnostics, (struct location){.file = reader->path, .path = where}, help, "%s",
                      what);
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
    return name ? name : keras_text(cJSON_GetObjectItemCaseSensitive(layer, "config"), "name");
}

/* All of the layers that cannot be read, at once. */
static int check_layers(const struct keras_reader *reader) {
    int result = 0;
    for (const cJSON *layer = reader->layers->child; layer; layer = layer->next) {
        const char *class_name = keras_text(layer, "class_name"), *name = layer_name(layer);
        struct location at = {.file = reader->path, .node = name, .op = class_name};
        if (!class_name || !name)
            result = refuse(reader, "config.json", NULL, "a layer has no class or no name");
        else if (!keras_layer_known(class_name))
            result = diag_error(
                &reader->context->diagnostics, at,
                "see 'bxc ops'; QDense, QEinsumDense, QEinsumDenseBatchnorm, QSum, QMeanPow2, QAdd, ReLU and Activation "
                "are read",
                "layer '%s' has no hardware form", class_name);
    }
    return result;
}

static void add_tensor(struct keras_reader *reader, const char *layer, valref value) {
    if (reader->tensor_count == reader->tensor_capacity) {
        uint32_t capacity = reader->tensor_capacity ? 2 * reader->tensor_capacity : 16;
        reader->tensors = arena_grow(reader->arena, reader->tensors, reader->tensor_count * sizeof *reader->tensors,
                                     capacity * sizeof *reader->tensors);
        reader->tensor_capacity = capacity;
    }
    reader->tensors[reader->tensor_count++] = (struct keras_tensor){layer, value};
}

static valref find_tensor(const struct keras_reader *reader, const char *layer) {
    for (uint32_t i = 0; layer && i < reader->tensor_count; i++)
        if (strcmp(reader->tensors[i].layer, layer) == 0) return reader->tensors[i].value;
    return NO_VALUE;
}

/* The batch axis stands as 1. */
static int read_input(struct keras_reader *reader, const struct keras_layer *layer) {
    const cJSON *dims = cJSON_GetObjectItemCaseSensitive(layer->config, "batch_shape");
    if (!dims) dims = cJSON_GetObjectItemCaseSensitive(layer->config, "batch_input_shape");
    struct shape shape = {0};
    for (const cJSON *dim = dims ? dims->child : NULL; dim; dim = dim->next) {
        bool batch = shape.rank == 0;
        if (shape.rank == SHAPE_RANK_MAX ||
            (!batch && !(cJSON_IsNumber(dim) && dim->valuedouble >= 1 && dim->valuedouble <= 1 << 24)))
            return keras_error(reader, layer, "batch_shape", "give every axis but the first a fixed size",
                               "axis %d has no usable size", shape.rank);
        shape.dim[shape.rank++] = batch ? 1 : (int64_t)dim->valuedouble;
    }
    if (shape.rank < 2) return keras_error(reader, layer, "batch_shape", NULL, "the input has no features");
    valref value = graph_append_input(reader->graph, layer->name, shape);
    if (valref_equal(value, NO_VALUE)) return -1;
    add_tensor(reader, layer->name, value);
    return 0;
}

/* How often the layer is called, and on what: one tensor or a list of them. In a sequential model on the one before. */
static int called(const cJSON *layer, const cJSON **tensors) {
    const cJSON *nodes = cJSON_GetObjectItemCaseSensitive(layer, "inbound_nodes");
    *tensors = NULL;
    if (!cJSON_IsArray(nodes)) return 1;
    const cJSON *arguments = cJSON_GetObjectItemCaseSensitive(nodes->child, "args");
    *tensors = cJSON_GetArraySize(arguments) == 1 && cJSON_IsArray(arguments->child) ? arguments->child : arguments;
    return cJSON_GetArraySize(nodes);
}

static const char *tensor_layer(const cJSON *tensor) {
    const cJSON *config = cJSON_GetObjectItemCaseSensitive(tensor, "config");
    const cJSON *history = cJSON_GetObjectItemCaseSensitive(config, "keras_history");
    return history && cJSON_IsString(history->child) ? history->child->valuestring : NULL;
}

static int find_inputs(struct keras_reader *reader, struct keras_layer *layer, const cJSON *json,
                       const char *previous) {
    const cJSON *tensors;
    int times = called(json, &tensors), count = tensors ? cJSON_GetArraySize(tensors) : 1;
    bool several = keras_layer_has_several_inputs(layer->class_name);
    if (times != 1 || count < 1 || (count > 1 && !several))
        return keras_error(reader, layer, NULL,
                           several ? "call every layer once" : "call every layer once, on one tensor",
                           "this layer is used %d times or has %d inputs", times, count);
    layer->inputs = ARENA_ARRAY(reader->arena, valref, count);
    const cJSON *tensor = tensors ? tensors->child : NULL;
    for (layer->input_count = 0; layer->input_count < count; layer->input_count++) {
        valref value = find_tensor(reader, tensors ? tensor_layer(tensor) : previous);
        if (valref_equal(value, NO_VALUE))
            return keras_error(reader, layer, NULL, NULL, "what feeds this layer is missing or comes later");
        layer->inputs[layer->input_count] = value;
        if (tensor) tensor = tensor->next;
    }
    return 0;
}

static int read_layer(struct keras_reader *reader, const cJSON *json, const char *group, const char *previous) {
    struct keras_layer layer = {.class_name = keras_text(json, "class_name"),
                                .name = layer_name(json),
                                .group = group,
                                .config = cJSON_GetObjectItemCaseSensitive(json, "config")};
    if (strcmp(layer.class_name, "InputLayer") == 0) return read_input(reader, &layer);
    if (find_inputs(reader, &layer, json, previous) < 0) return -1;
    valref value = keras_layer_read(reader, &layer);
    if (valref_equal(value, NO_VALUE)) return -1;
    add_tensor(reader, layer.name, value);
    return 0;
}

/* Layers of one class are numbered in the order of the configuration. */
static const char *weights_group(struct keras_reader *reader, const cJSON *layer) {
    int number = 0;
    const char *class_name = keras_text(layer, "class_name");
    for (const cJSON *other = reader->layers->child; other != layer; other = other->next)
        number += strcmp(keras_text(other, "class_name"), class_name) == 0;
    const char *snake = snake_case(reader->arena, class_name);
    return number ? arena_printf(reader->arena, "layers/%s_%d", snake, number)
                  : arena_printf(reader->arena, "layers/%s", snake);
}

/* "output_layers": ["name", 0, 0] or a list of such. */
static int read_outputs(struct keras_reader *reader, const cJSON *config, const char *last) {
    const cJSON *outputs = cJSON_GetObjectItemCaseSensitive(config, "output_layers");
    const cJSON *first = outputs ? outputs->child : NULL;
    bool several = cJSON_IsArray(first);
    for (const cJSON *output = first; output || !outputs; output = output->next) {
        const cJSON *name = several && output ? output->child : output;
        const char *layer = outputs ? (cJSON_IsString(name) ? name->valuestring : NULL) : last;
        valref value = find_tensor(reader, layer);
        if (valref_equal(value, NO_VALUE))
            return refuse(reader, "config.json", NULL, "an output names no layer of the model");
        graph_append_output(reader->graph, layer, value);
        if (!several || !output) break;
    }
    return reader->graph->output_count ? 0 : refuse(reader, "config.json", NULL, "the model has no output");
}

static int read_layers(struct keras_reader *reader, const cJSON *config) {
    const char *previous = NULL;
    if (check_layers(reader) < 0) return -1;
    int result = 0;
    for (const cJSON *layer = reader->layers->child; layer; layer = layer->next) {
        if (read_layer(reader, layer, weights_group(reader, layer), previous) < 0) result = -1;
        previous = layer_name(layer);
        if (result < 0 && reader->tensor_count == 0) break;
    }
    return result < 0 ? -1 : read_outputs(reader, config, previous);
}

static void release_json(void *object) {
    cJSON_Delete(object);
}

/* Python writes Infinity and NaN, which JSON does not know: outside strings they become empty strings,
 * which nothing takes for a number. */
static void mend_numbers(char *text) {
    static const char *const words[] = {"-Infinity", "Infinity", "NaN"};
    bool inside = false;
    for (char *at = text; *at; at++) {
        if (*at == '\\' && inside && at[1])
            at++;
        else if (*at == '"')
            inside = !inside;
        for (size_t w = 0; !inside && w < sizeof words / sizeof words[0]; w++) {
            size_t length = strlen(words[w]);
            if (strncmp(at, words[w], length) != 0) continue;
            memset(at, ' ', length);
            at[0] = at[1] = '"';
            at += length - 1;
            break;
        }
    }
}

static int read_config(struct keras_reader *reader, char *text, size_t length) {
    mend_numbers(text);
    cJSON *json = cJSON_ParseWithLength(text, length);
    if (!json) return refuse(reader, "config.json", NULL, "this is no JSON");
    arena_defer(reader->arena, release_json, json);
    const char *class_name = keras_text(json, "class_name");
    const cJSON *config = cJSON_GetObjectItemCaseSensitive(json, "config");
    if (!class_name || (strcmp(class_name, "Functional") != 0 && strcmp(class_name, "Sequential") != 0))
        return refuse(reader, "config.json", "Functional and Sequential models are read",
                      "this is no model of a known class");
    reader->layers = cJSON_GetObjectItemCaseSensitive(config, "layers");
    if (!cJSON_IsArray(reader->layers) || !reader->layers->child)
        return refuse(reader, "config.json", NULL, "the model has no layers");
    const char *name = keras_text(config, "name");
    reader->graph = graph_new(reader->context, name ? name : "model");
    reader->graph->source = arena_strdup(reader->graph->arena, reader->path);
    return read_layers(reader, config);
}

static int read_file(struct keras_reader *reader, const void *data, size_t length) {
    size_t config_length, weights_length;
    char *config =
        keras_archive_entry(reader->context, reader->arena, reader->path, data, length, "config.json", &config_length);
    char *weights = config ? keras_archive_entry(reader->context, reader->arena, reader->path, data, length,
                                                 "model.weights.h5", &weights_length)
                           : NULL;
    if (!weights || keras_weights_open(reader, weights, weights_length) < 0) return -1;
    return read_config(reader, config, config_length);
}

struct graph *keras_read(struct bxc_context *context, const char *path, const void *data, size_t length,
                         const struct frontend_options *options) {
    struct keras_reader reader = {.context = context, .arena = arena_new(context), .path = path};
    int result = read_file(&reader, data, length);
    arena_free(reader.arena);
    if (result == 0 || (options && options->partial)) return reader.graph;
    graph_free(reader.graph);
    return NULL;
}
