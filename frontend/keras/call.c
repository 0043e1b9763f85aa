/* What a layer is called on: tensors that other layers gave, among its arguments. */
#include "frontend/keras/keras.h"

#include <string.h>

/* One call of a layer. */
struct call {
    int count;
    const valref *values;
};

struct keras_scope keras_scope_new(struct keras_reader *reader) {
    return (struct keras_scope){name_map_new(reader->arena)};
}

static const char *key_of(const struct keras_scope *scope, const char *layer, int node) {
    return arena_printf(scope->tensors.arena, "%d:%s", node, layer);
}

void keras_scope_add(struct keras_scope *scope, const char *layer, int node, const valref *values, int count) {
    struct arena *arena = scope->tensors.arena;
    struct call *call = ARENA_NEW(arena, struct call);
    *call = (struct call){count, arena_copy(arena, values, (size_t)count * sizeof *values)};
    name_map_put(&scope->tensors, key_of(scope, layer, node), call);
}

enum keras_found keras_scope_find(const struct keras_scope *scope, const char *layer, int node, int tensor,
                                  valref *value) {
    const struct call *call = layer ? name_map_find(&scope->tensors, key_of(scope, layer, node)) : NULL;
    if (!call || (call->count && (tensor < 0 || tensor >= call->count))) return KERAS_LATER;
    if (call->count == 0) return KERAS_FAILED;
    *value = call->values[tensor];
    return KERAS_FOUND;
}

bool keras_is_reference(const cJSON *json, const char **layer, int *node, int *tensor) {
    const cJSON *name = cJSON_IsArray(json) ? json->child : NULL, *second = name ? name->next : NULL,
                *third = second ? second->next : NULL;
    if (!cJSON_IsString(name) || !cJSON_IsNumber(second) || !cJSON_IsNumber(third)) return false;
    *layer = name->valuestring;
    *node = second->valueint;
    *tensor = third->valueint;
    return true;
}

bool keras_is_tensor(const cJSON *json, const char **layer, int *node, int *tensor) {
    const cJSON *config = cJSON_IsObject(json) ? keras_member(json, "config") : NULL;
    return keras_is_reference(keras_member(config, "keras_history"), layer, node, tensor);
}

int keras_count_tensors(const cJSON *json) {
    const char *layer;
    int node, tensor, count = 0;
    if (keras_is_tensor(json, &layer, &node, &tensor)) return 1;
    for (const cJSON *item = cJSON_IsArray(json) || cJSON_IsObject(json) ? json->child : NULL; item; item = item->next)
        count += keras_count_tensors(item);
    return count;
}

enum keras_found keras_find_tensors(const struct keras_scope *scope, const cJSON *json, valref *list, int *count) {
    const char *layer;
    int node, tensor;
    if (keras_is_tensor(json, &layer, &node, &tensor)) {
        enum keras_found found = keras_scope_find(scope, layer, node, tensor, &list[*count]);
        *count += found == KERAS_FOUND;
        return found;
    }
    for (const cJSON *item = cJSON_IsArray(json) || cJSON_IsObject(json) ? json->child : NULL; item;
         item = item->next) {
        enum keras_found found = keras_find_tensors(scope, item, list, count);
        if (found != KERAS_FOUND) return found;
    }
    return KERAS_FOUND;
}

const cJSON *keras_argument(const struct keras_layer *layer, int position, const char *name) {
    const cJSON *named = name ? keras_member(layer->keywords, name) : NULL;
    if (named || position < 0) return named;
    const cJSON *item = cJSON_GetArrayItem(layer->arguments, position);
    return cJSON_IsNull(item) ? NULL : item;
}

valref keras_argument_tensor(const struct keras_layer *layer, const cJSON *argument) {
    const char *name;
    int node, tensor;
    valref value;
    if (keras_is_tensor(argument, &name, &node, &tensor) &&
        keras_scope_find(layer->scope, name, node, tensor, &value) == KERAS_FOUND)
        return value;
    return NO_VALUE;
}
