/* Configurations of Keras 2 in the words of Keras 3: how layers are called, shapes of inputs, names of members. */
#include "frontend/keras/keras.h"

#include <stdio.h>
#include <string.h>

/* {"class_name": "__keras_tensor__", "config": {"keras_history": [layer, node, tensor]}} */
static cJSON *tensor_object(const char *layer, int node, int tensor) {
    cJSON *object = cJSON_CreateObject(), *config = cJSON_AddObjectToObject(object, "config"),
          *history = cJSON_AddArrayToObject(config, "keras_history");
    cJSON_AddStringToObject(object, "class_name", "__keras_tensor__");
    cJSON_AddItemToArray(history, cJSON_CreateString(layer));
    cJSON_AddItemToArray(history, cJSON_CreateNumber(node));
    cJSON_AddItemToArray(history, cJSON_CreateNumber(tensor));
    return object;
}

/* A copy of an argument, references in it become tensors. */
static cJSON *argument(const cJSON *json) {
    const char *layer;
    int node, tensor;
    if (keras_is_reference(json, &layer, &node, &tensor))
        return strcmp(layer, "_CONSTANT_VALUE") == 0 ? cJSON_Duplicate(cJSON_GetArrayItem(json, 2), true)
                                                     : tensor_object(layer, node, tensor);
    if (!cJSON_IsArray(json) && !cJSON_IsObject(json)) return cJSON_Duplicate(json, true);
    cJSON *copy = cJSON_IsArray(json) ? cJSON_CreateArray() : cJSON_CreateObject();
    for (const cJSON *item = json->child; item; item = item->next) {
        if (cJSON_IsArray(json))
            cJSON_AddItemToArray(copy, argument(item));
        else
            cJSON_AddItemToObject(copy, item->string, argument(item));
    }
    return copy;
}

/* Keyword arguments stand behind each tensor of the first argument, the same ones behind all. */
static const cJSON *keywords_of(const cJSON *json) {
    const char *layer;
    int node, tensor;
    if (keras_is_reference(json, &layer, &node, &tensor)) return cJSON_GetArrayItem(json, 3);
    for (const cJSON *item = cJSON_IsArray(json) || cJSON_IsObject(json) ? json->child : NULL; item;
         item = item->next) {
        const cJSON *found = keywords_of(item);
        if (found) return found;
    }
    return NULL;
}

/* [[layer, node, tensor, {...}], ...] or, of operations, [layer, node, tensor, {...}]. */
static cJSON *call(const cJSON *node) {
    cJSON *object = cJSON_CreateObject(), *arguments = cJSON_AddArrayToObject(object, "args"), *first = argument(node);
    const cJSON *keywords = keywords_of(node);
    if (cJSON_IsArray(first) && cJSON_GetArraySize(first) == 1)
        cJSON_AddItemToArray(arguments, cJSON_DetachItemFromArray(first, 0)), cJSON_Delete(first);
    else
        cJSON_AddItemToArray(arguments, first);
    cJSON_AddItemToObject(object, "kwargs", cJSON_IsObject(keywords) ? argument(keywords) : cJSON_CreateObject());
    return object;
}

static void rename_member(cJSON *object, const char *old, const char *name) {
    if (!cJSON_HasObjectItem(object, old) || cJSON_HasObjectItem(object, name)) return;
    cJSON *item = cJSON_DetachItemFromObjectCaseSensitive(object, old);
    if (item) cJSON_AddItemToObject(object, name, item);
}

static void rename_members(const char *class_name, cJSON *config) {
    static const struct {
        const char *class_name, *old, *name;
    } names[] = {{"InputLayer", "batch_input_shape", "batch_shape"}, {"LeakyReLU", "alpha", "negative_slope"}};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(names[i].class_name, class_name) == 0) rename_member(config, names[i].old, names[i].name);
}

/* TensorFlow's operations as those of Keras 3: what adds two tensors stands there as "__operators__.add". */
static void name_operation(cJSON *layer, cJSON *config) {
    static const struct {
        const char *function, *name;
    } names[] = {{"__operators__.add", "Add"},
                 {"math.add", "Add"},
                 {"math.subtract", "Subtract"},
                 {"math.multiply", "Multiply"},
                 {"math.truediv", "TrueDivide"},
                 {"math.divide", "Divide"},
                 {"math.negative", "Negative"},
                 {"math.abs", "Absolute"},
                 {"math.square", "Square"},
                 {"math.sqrt", "Sqrt"},
                 {"math.exp", "Exp"},
                 {"math.log", "Log"},
                 {"nn.relu", "Relu"},
                 {"math.sigmoid", "Sigmoid"},
                 {"math.tanh", "Tanh"},
                 {"nn.softmax", "Softmax"},
                 {"math.reduce_mean", "Mean"},
                 {"math.reduce_sum", "Sum"},
                 {"math.reduce_max", "Max"},
                 {"math.maximum", "Maximum"},
                 {"math.minimum", "Minimum"},
                 {"__operators__.getitem", "GetItem"}};
    const char *function = keras_text(config, "function");
    for (size_t i = 0; function && i < sizeof names / sizeof *names; i++) {
        if (strcmp(names[i].function, function) != 0) continue;
        cJSON_DeleteItemFromObjectCaseSensitive(layer, "class_name");
        cJSON_AddStringToObject(layer, "class_name", names[i].name);
        cJSON_DeleteItemFromObjectCaseSensitive(layer, "module");
        cJSON_AddStringToObject(layer, "module", "keras.ops");
        cJSON_DeleteItemFromObjectCaseSensitive(config, "function");
        return;
    }
}

static void rewrite_calls(cJSON *layer) {
    const cJSON *nodes = cJSON_GetObjectItemCaseSensitive(layer, "inbound_nodes");
    if (!cJSON_IsArray(nodes) || cJSON_IsObject(nodes->child)) return;
    cJSON *calls = cJSON_CreateArray();
    for (const cJSON *node = nodes->child; node; node = node->next) cJSON_AddItemToArray(calls, call(node));
    cJSON_ReplaceItemInObjectCaseSensitive(layer, "inbound_nodes", calls);
}

/* The shape of what a sequential model without an InputLayer begins with. */
static const cJSON *first_shape(const cJSON *layer) {
    for (int depth = 0; layer && depth < BODY_DEPTH_MAX; depth++) {
        const cJSON *config = keras_member(layer, "config"), *shape = keras_member(config, "batch_input_shape");
        if (!shape) shape = keras_member(config, "batch_shape");
        if (shape) return shape;
        const cJSON *layers = keras_member(config, "layers");
        layer = cJSON_IsArray(layers) ? layers->child : keras_member(config, "layer");
    }
    return NULL;
}

static void give_input(cJSON *layers) {
    const cJSON *first = layers->child, *shape = first_shape(first);
    const char *class_name = keras_text(first, "class_name"), *name = keras_text(keras_member(first, "config"), "name");
    if (!shape || !class_name || strcmp(class_name, "InputLayer") == 0) return;
    cJSON *input = cJSON_CreateObject(), *config = cJSON_AddObjectToObject(input, "config");
    cJSON_AddStringToObject(input, "class_name", "InputLayer");
    char text[128];
    snprintf(text, sizeof text, "%.100s_input", name ? name : "model");
    cJSON_AddStringToObject(config, "name", text);
    cJSON_AddItemToObject(config, "batch_shape", cJSON_Duplicate(shape, true));
    cJSON_InsertItemInArray(layers, 0, input);
}

static void rewrite(cJSON *layer, int depth) {
    cJSON *config = cJSON_GetObjectItemCaseSensitive(layer, "config");
    const char *class_name = keras_text(layer, "class_name");
    if (!class_name || depth > 2 * BODY_DEPTH_MAX) return;
    if (cJSON_IsArray(config) && strcmp(class_name, "Sequential") == 0) { /* of before 2.2.3: the layers alone */
        cJSON *object = cJSON_CreateObject();
        cJSON_AddItemToObject(object, "layers", cJSON_DetachItemFromObjectCaseSensitive(layer, "config"));
        cJSON_AddItemToObject(layer, "config", object);
        config = object;
    }
    if (strcmp(class_name, "TFOpLambda") == 0 || strcmp(class_name, "SlicingOpLambda") == 0) {
        name_operation(layer, config);
        class_name = keras_text(layer, "class_name");
    }
    rename_members(class_name, config);
    rewrite_calls(layer);
    cJSON *layers = cJSON_GetObjectItemCaseSensitive(config, "layers");
    if (cJSON_IsArray(layers)) {
        for (cJSON *inner = layers->child; inner; inner = inner->next) rewrite(inner, depth + 1);
        if (strcmp(class_name, "Sequential") == 0) give_input(layers);
    }
    static const char *const wrapped[] = {"layer", "backward_layer", "cell"};
    for (size_t i = 0; i < sizeof wrapped / sizeof *wrapped; i++) {
        cJSON *inner = cJSON_GetObjectItemCaseSensitive(config, wrapped[i]);
        if (cJSON_IsObject(inner)) rewrite(inner, depth + 1);
    }
}

void keras_use_words_of_3(cJSON *model) {
    rewrite(model, 0);
}
