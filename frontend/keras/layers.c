/* The classes of layers (layers.def), and one call of a layer. */
#include "frontend/keras/keras.h"

#include <string.h>

const struct keras_class keras_classes[] = {
#define KERAS_LAYER(domain, name, function, minimum, maximum, keys, becomes)                                           \
    {domain, name, function, minimum, maximum, keys, becomes},
#include "frontend/keras/layers.def"
#undef KERAS_LAYER
    {NULL, NULL, NULL, 0, 0, NULL, NULL},
};

const struct reader_operator keras_operators[] = {
    {"keras", "InputLayer", "input"}, {"keras", "Functional", "nothing"}, {"keras", "Sequential", "nothing"},
#define KERAS_LAYER(domain, name, function, minimum, maximum, keys, becomes) {domain, name, becomes},
#include "frontend/keras/layers.def"
#undef KERAS_LAYER
    {"hgq", "kif", "narrow"},         {"hgq", "kbi", "narrow"},           {NULL, NULL, NULL},
};

/* ---- diagnoses ---- */

static void tell(const struct keras_reader *reader, const struct keras_layer *layer, const char *attribute,
                 const char *help, const char *format, va_list arguments) {
    struct strbuf text = strbuf_new(reader->arena);
    strbuf_vprintf(&text, format, arguments);
    struct location at = {.file = reader->path, .node = layer->name, .op = layer->class_name, .attribute = attribute};
    diag_error(&reader->context->diagnostics, at, help, "%s", text.data);
}

int keras_error(const struct keras_reader *reader, const struct keras_layer *layer, const char *attribute,
                const char *help, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    tell(reader, layer, attribute, help, format, arguments);
    va_end(arguments);
    return -1;
}

valref keras_refuse(const struct keras_reader *reader, const struct keras_layer *layer, const char *attribute,
                    const char *help, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    tell(reader, layer, attribute, help, format, arguments);
    va_end(arguments);
    return NO_VALUE;
}

/* ---- classes ---- */

static bool has_member_ending(const cJSON *object, const char *end) {
    for (const cJSON *item = cJSON_IsObject(object) ? object->child : NULL; item; item = item->next)
        if (item->string && text_ends_with(item->string, end)) return true;
    return false;
}

/* The library that a layer is of: files say so by its module, or its registered name; those without are told by their
 * configuration, as QDense is a class of two. NULL: none that is known. */
static const char *domain_of(const cJSON *layer) {
    static const struct {
        const char *module, *domain;
    } modules[] = {{"keras.src.ops", "ops"}, {"keras.ops", "ops"},          {"keras", "keras"},
                   {"tf_keras", "keras"},    {"tensorflow.keras", "keras"}, {"hgq", "hgq"},
                   {"qkeras", "qkeras"},     {"builtins", "keras"},         {"pquant", "pquant"}};
    const char *module = keras_text(layer, "module"), *registered = keras_text(layer, "registered_name");
    const cJSON *config = keras_member(layer, "config");
    for (size_t i = 0; module && i < sizeof modules / sizeof *modules; i++)
        if (strncmp(module, modules[i].module, strlen(modules[i].module)) == 0) return modules[i].domain;
    if (registered && strncmp(registered, "hgq>", 4) == 0) return "hgq";
    if (registered && strncmp(registered, "qkeras>", 7) == 0) return "qkeras";
    if (registered && strncmp(registered, "PQuant", 6) == 0) return "pquant";
    if (module) return NULL;
    if (has_member_ending(config, "_conf") || has_member_ending(config, "_confs")) return "hgq";
    return has_member_ending(config, "_quantizer") ? "qkeras" : "";
}

/* Without a domain: of any. */
static bool is_of(const struct keras_class *known, const char *domain, const char *name) {
    return (!*domain || strcmp(known->domain, domain) == 0) && strcmp(known->name, name) == 0;
}

const struct keras_class *keras_class_of(const struct keras_reader *reader, const cJSON *layer) {
    (void)reader;
    const char *name = keras_text(layer, "class_name"), *domain = domain_of(layer);
    for (const struct keras_class *known = keras_classes; name && domain && known->name; known++)
        if (is_of(known, domain, name)) return known;
    return NULL;
}

/* ---- checks before a layer is read ---- */

/* The policy's name, or the object that holds it. */
static int check_arithmetic(const struct keras_reader *reader, const struct keras_layer *layer) {
    const cJSON *policy = keras_member(layer->config, "dtype");
    const char *name =
        cJSON_IsString(policy) ? policy->valuestring : keras_text(keras_member(policy, "config"), "name");
    if (!name || strcmp(name, "float32") == 0) return 0;
    return keras_error(reader, layer, "dtype", "train in float32", "arithmetic in '%s' is not read", name);
}

static int check_inputs(const struct keras_reader *reader, const struct keras_layer *layer) {
    int least = layer->known->inputs_min, most = layer->known->inputs_max;
    if (layer->input_count >= least && layer->input_count <= most) return 0;
    return keras_error(reader, layer, NULL, least == most && most == 1 ? "call it on one tensor at a time" : NULL,
                       "this layer is called on %d tensors, and takes %s%d", layer->input_count,
                       least == most ? "" : "at least ", least);
}

static bool is_listed(const char *list, const char *word) {
    size_t length = strlen(word);
    for (const char *at = list; (at = strstr(at, word)); at += length)
        if (at[-1] == ' ' && at[length] == ' ') return true;
    return false;
}

/* Members that change nothing of what a trained layer gives. */
static bool is_of_training(const char *key) {
    return is_listed(" name trainable dtype batch_shape batch_input_shape seed input_dim input_length ", key) ||
           text_ends_with(key, "_initializer") || text_ends_with(key, "_regularizer") ||
           text_ends_with(key, "_constraint");
}

static int check_keys(const struct keras_reader *reader, const struct keras_layer *layer) {
    if (!layer->known->keys) return 0;
    int result = 0;
    for (const cJSON *item = cJSON_IsObject(layer->config) ? layer->config->child : NULL; item; item = item->next)
        if (!cJSON_IsNull(item) && !is_of_training(item->string) && !is_listed(layer->known->keys, item->string))
            result = keras_error(reader, layer, item->string, NULL, "this member of its configuration is not known");
    return result;
}

/* In training, layers do something else. */
static int check_call(const struct keras_reader *reader, const struct keras_layer *layer) {
    if (cJSON_IsTrue(keras_member(layer->keywords, "training")))
        return keras_error(reader, layer, "training", "call it without", "a layer that trains always is not read");
    if (keras_member(layer->keywords, "mask"))
        return keras_error(reader, layer, "mask", "leave masks away", "masks are not read");
    return 0;
}

/* ---- one call ---- */

const char *keras_unique_name(struct keras_reader *reader, const char *name) {
    const char *unique = name;
    for (int number = 2; name_map_find(&reader->names, unique); number++)
        unique = arena_printf(reader->arena, "%s#%d", name, number);
    name_map_put(&reader->names, unique, reader);
    return unique;
}

static const char *unique_in(void *reader, const char *name) {
    return keras_unique_name(reader, name);
}

const struct shape *keras_shape(const struct keras_layer *layer, int input) {
    return layer_shape(&layer->nodes, layer->inputs[input]);
}

valref keras_layer_read(struct keras_reader *reader, struct keras_layer *layer) {
    struct graph *graph = reader->graph;
    layer->nodes = (struct layer){graph, reader->arena, layer->name, layer->class_name, unique_in, reader};
    if (check_arithmetic(reader, layer) < 0 || check_inputs(reader, layer) < 0 || check_keys(reader, layer) < 0 ||
        check_call(reader, layer) < 0)
        return NO_VALUE;
    uint32_t first = graph->node_count;
    valref value = layer->known->read(reader, layer);
    for (uint32_t n = first; n < graph->node_count; n++)
        if (!graph->nodes[n].source_op) graph->nodes[n].source_op = arena_strdup(graph->arena, layer->class_name);
    return value;
}

valref keras_layer_read_inner(struct keras_reader *reader, const struct keras_layer *outer, const cJSON *inner,
                              const char *what, struct keras_place place, valref input) {
    struct keras_layer layer = {.class_name = keras_text(inner, "class_name"),
                                .name =
                                    keras_unique_name(reader, arena_printf(reader->arena, "%s.%s", outer->name, what)),
                                .known = keras_class_of(reader, inner),
                                .config = keras_member(inner, "config"),
                                .place = place,
                                .inputs = &input,
                                .input_count = 1,
                                .scope = outer->scope};
    if (layer.known) return keras_layer_read(reader, &layer);
    if (layer.class_name && keras_is_model(layer.class_name)) return keras_read_model(reader, &layer);
    return keras_refuse(reader, outer, NULL, NULL, "'%s' within it is not known",
                        layer.class_name ? layer.class_name : "something");
}

/* Layers that do something in training alone. */
valref keras_read_nothing(struct keras_reader *reader, struct keras_layer *layer) {
    (void)reader;
    return layer->inputs[0];
}

/* ---- classes that are known and cannot be read ---- */

int keras_refuse_class(const struct keras_reader *reader, const cJSON *layer, const char *name) {
    static const struct {
        const char *class_name, *why, *help;
    } refused[] = {
        {"Masking", "masks, which say what of an event counts, are not read",
         "leave items of fixed number and value to the network"},
        {"Lambda", "a function of Python is not read", "write it with layers or with keras.ops"},
        {"PQSeparableConv2d", "this layer of PQuantML is not read", "write it as PQDepthwiseConv2d and PQConv2d"},
        {"PQSoftmax", "this layer of PQuantML is not read", "leave the softmax away: the largest logit is the same"},
        {"PQMultiheadAttention", "this layer of PQuantML is not read", "train it with HGQ2's QMultiHeadAttention"},
        {"GarNet", "GarNet is a layer of one's own, which is not read", "write it with layers or with keras.ops"},
        {"GarNetStack", "GarNet is a layer of one's own, which is not read", "write it with layers or with keras.ops"},
    };
    static const char *const help =
        "'bxc ops' lists the layers that are read; layers of one's own must be written with those";
    const char *class_name = keras_text(layer, "class_name"), *module = keras_text(layer, "module");
    struct diagnostics *diagnostics = &reader->context->diagnostics;
    struct location at = {.file = reader->path, .node = name, .op = class_name};
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
        if (strcmp(refused[i].class_name, class_name) == 0)
            return diag_error(diagnostics, at, refused[i].help, "%s", refused[i].why);
    if (!module) return diag_error(diagnostics, at, help, "layer '%s' is not known", class_name);
    return diag_error(diagnostics, at, help, "layer '%s' of '%s' is not known", class_name, module);
}
