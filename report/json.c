/* Building JSON and reading it. Nothing in a file that is read is trusted: what is missing or of another kind is told
 * by its name. */
#include <math.h>
#include <string.h>

#include "ir/context.h"
#include "report/private.h"

static void delete_json(void *json) {
    cJSON_Delete(json);
}

static cJSON *require(struct arena *arena, cJSON *json) {
    if (!json) context_out_of_memory(arena_context(arena));
    return json;
}

cJSON *json_root(struct arena *arena) {
    cJSON *root = require(arena, cJSON_CreateObject());
    arena_defer(arena, delete_json, root);
    return root;
}

static cJSON *add(struct arena *arena, cJSON *parent, const char *key, cJSON *item) {
    require(arena, item);
    cJSON_bool added = key ? cJSON_AddItemToObject(parent, key, item) : cJSON_AddItemToArray(parent, item);
    if (!added) {
        cJSON_Delete(item);
        require(arena, NULL);
    }
    return item;
}

cJSON *json_object(struct arena *arena, cJSON *parent, const char *key) {
    return add(arena, parent, key, cJSON_CreateObject());
}

cJSON *json_array(struct arena *arena, cJSON *parent, const char *key) {
    return add(arena, parent, key, cJSON_CreateArray());
}

void json_text(struct arena *arena, cJSON *parent, const char *key, const char *text) {
    add(arena, parent, key, text ? cJSON_CreateString(words_clean(arena, text)) : cJSON_CreateNull());
}

void json_number(struct arena *arena, cJSON *parent, const char *key, double number) {
    add(arena, parent, key, isfinite(number) ? cJSON_CreateNumber(number) : cJSON_CreateNull());
}

void json_bool(struct arena *arena, cJSON *parent, const char *key, bool value) {
    add(arena, parent, key, cJSON_CreateBool(value));
}

static void free_text(void *text) {
    cJSON_free(text);
}

void json_print(struct strbuf *out, const cJSON *root) {
    char *text = cJSON_Print(root);
    if (!text) context_out_of_memory(arena_context(out->arena));
    arena_defer(out->arena, free_text, text);
    strbuf_append(out, text);
    strbuf_append(out, "\n");
}

/* ---- reading ---- */

void read_wrong(struct json_reader *reader, const char *key, const char *wanted) {
    if (!reader->wrong)
        diag_error(&reader->context->diagnostics, (struct location){.file = reader->path, .path = key},
                   "compile the model again", "\"%s\" is not %s", key, wanted);
    reader->wrong = true;
}

cJSON *json_read(struct json_reader *reader, const char *text) {
    cJSON *root = cJSON_Parse(text);
    if (root)
        arena_defer(reader->arena, delete_json, root);
    else
        diag_error(&reader->context->diagnostics, (struct location){.file = reader->path}, "compile the model again",
                   "not JSON");
    return root;
}

const cJSON *read_member(struct json_reader *reader, const cJSON *object, const char *key) {
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, key);
    if (!cJSON_IsObject(item)) read_wrong(reader, key, "an object");
    return item;
}

const char *read_text(struct json_reader *reader, const cJSON *object, const char *key) {
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, key);
    if (cJSON_IsString(item)) return arena_strdup(reader->arena, item->valuestring);
    if (!cJSON_IsNull(item)) read_wrong(reader, key, "a text");
    return NULL;
}

double read_number(struct json_reader *reader, const cJSON *object, const char *key) {
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, key);
    if (cJSON_IsNumber(item)) return item->valuedouble;
    if (!cJSON_IsNull(item)) read_wrong(reader, key, "a number");
    return (double)NAN;
}

double read_number_or(struct json_reader *reader, const cJSON *object, const char *key, double otherwise) {
    double number = read_number(reader, object, key);
    return isnan(number) ? otherwise : number;
}

bool read_bool(struct json_reader *reader, const cJSON *object, const char *key) {
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, key);
    if (!cJSON_IsBool(item)) read_wrong(reader, key, "true or false");
    return cJSON_IsTrue(item);
}

const cJSON *read_array(struct json_reader *reader, const cJSON *object, const char *key, uint32_t *count) {
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, key);
    *count = 0;
    if (!cJSON_IsArray(item)) {
        read_wrong(reader, key, "an array");
        return NULL;
    }
    *count = (uint32_t)cJSON_GetArraySize(item);
    return item;
}

uint64_t read_count(struct json_reader *reader, const cJSON *object, const char *key) {
    double number = read_number(reader, object, key);
    if (number >= 0 && number < 1e18) return (uint64_t)number;
    read_wrong(reader, key, "a count");
    return 0;
}

int read_int(struct json_reader *reader, const cJSON *object, const char *key) {
    double number = read_number(reader, object, key);
    if (number >= -2147483647.0 && number <= 2147483647.0) return (int)number;
    read_wrong(reader, key, "a whole number");
    return 0;
}
