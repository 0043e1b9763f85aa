/* Building JSON and reading it. Nothing in a file that is read is trusted: what is missing or of another kind is told
 * by its place. */
#include <float.h>
#include <limits.h>
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

void json_null(struct arena *arena, cJSON *parent, const char *key) {
    add(arena, parent, key, cJSON_CreateNull());
}

void json_number(struct arena *arena, cJSON *parent, const char *key, double number) {
    add(arena, parent, key, isfinite(number) ? cJSON_CreateNumber(number) : cJSON_CreateNull());
}

void json_bool(struct arena *arena, cJSON *parent, const char *key, bool value) {
    add(arena, parent, key, cJSON_CreateBool(value));
}

void json_answer(struct arena *arena, cJSON *parent, const char *key, bool known, bool value) {
    add(arena, parent, key, known ? cJSON_CreateBool(value) : cJSON_CreateNull());
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

static const char damaged[] = "compile the model again";

static struct location here(const struct json_reader *reader) {
    return (struct location){.file = reader->path};
}

struct json_reader json_reader_of(struct bxc_context *context, struct arena *arena, const char *path,
                                  const char *what) {
    return (struct json_reader){
        .context = context, .arena = arena, .path = path, .what = what, .place = strbuf_new(arena)};
}

size_t read_into(struct json_reader *reader, const char *key, int index) {
    size_t outer = reader->place.length;
    if (*key) strbuf_printf(&reader->place, "%s%s", outer ? "." : "", key);
    if (index >= 0) strbuf_printf(&reader->place, "[%d]", index);
    return outer;
}

void read_out(struct json_reader *reader, size_t outer) {
    reader->place.length = outer;
    reader->place.data[outer] = 0;
}

void read_wrong(struct json_reader *reader, const cJSON *item, const char *key, const char *wanted) {
    size_t outer = read_into(reader, key, -1);
    struct diagnostics *diagnostics = &reader->context->diagnostics;
    if (!reader->wrong && item)
        diag_error(diagnostics, here(reader), damaged, "%s is not %s", reader->place.data, wanted);
    else if (!reader->wrong)
        diag_error(diagnostics, here(reader), damaged, "%s is missing", reader->place.data);
    reader->wrong = true;
    read_out(reader, outer);
}

const cJSON *json_read(struct json_reader *reader, const char *text) {
    cJSON *root = cJSON_Parse(text);
    if (root) arena_defer(reader->arena, delete_json, root);
    if (cJSON_IsObject(root)) return root;
    diag_error(&reader->context->diagnostics, here(reader), damaged, root ? "no %s: not an object" : "no %s: not JSON",
               reader->what);
    return NULL;
}

const char *read_text(struct json_reader *reader, const cJSON *object, const char *key) {
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, key);
    if (cJSON_IsString(item)) return arena_strdup(reader->arena, item->valuestring);
    read_wrong(reader, item, key, "a text");
    return "";
}

static bool is_null(const cJSON *object, const char *key) {
    return cJSON_IsNull(cJSON_GetObjectItemCaseSensitive(object, key));
}

const char *read_text_or_null(struct json_reader *reader, const cJSON *object, const char *key) {
    return is_null(object, key) ? NULL : read_text(reader, object, key);
}

const struct bound bound_count = {0, 1e18, "a count"}, bound_int = {0, INT_MAX, "a count"},
                   bound_share = {0, 1, "a number from 0 to 1"}, bound_from_zero = {0, DBL_MAX, "a number from 0 on"},
                   bound_from_one = {1, INT_MAX, "a whole number from 1 on"},
                   bound_or_none = {-1, INT_MAX, "a count, or -1 for none"},
                   bound_period = {0.001, DBL_MAX, "a period: at least 0.001"}, bound_bit = {0, 63, "a bit's number"};
static const struct bound any = {-DBL_MAX, DBL_MAX, "a number"}, any_int = {-INT_MAX, INT_MAX, "a whole number"};

double read_bounded(struct json_reader *reader, const cJSON *item, const char *key, const struct bound *bound) {
    const struct bound *of = bound && cJSON_IsNumber(item) ? bound : &any;
    if (cJSON_IsNumber(item) && item->valuedouble >= of->low && item->valuedouble <= of->high) return item->valuedouble;
    read_wrong(reader, item, key, of->what);
    return 0;
}

double read_number(struct json_reader *reader, const cJSON *object, const char *key, const struct bound *bound) {
    return read_bounded(reader, cJSON_GetObjectItemCaseSensitive(object, key), key, bound);
}

double read_number_or(struct json_reader *reader, const cJSON *object, const char *key, const struct bound *bound,
                      double otherwise) {
    return is_null(object, key) ? otherwise : read_number(reader, object, key, bound);
}

bool read_bool(struct json_reader *reader, const cJSON *object, const char *key) {
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, key);
    if (!cJSON_IsBool(item)) read_wrong(reader, item, key, "true or false");
    return cJSON_IsTrue(item);
}

bool read_bool_or_null(struct json_reader *reader, const cJSON *object, const char *key) {
    return !is_null(object, key) && read_bool(reader, object, key);
}

const cJSON *read_array(struct json_reader *reader, const cJSON *object, const char *key, uint32_t *count) {
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, key);
    *count = 0;
    if (!cJSON_IsArray(item)) {
        read_wrong(reader, item, key, "an array");
        return NULL;
    }
    *count = (uint32_t)cJSON_GetArraySize(item);
    return item;
}

static double read_whole(struct json_reader *reader, const cJSON *object, const char *key, const struct bound *bound) {
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, key);
    double number = cJSON_IsNumber(item) ? item->valuedouble : (double)NAN;
    if (number >= bound->low && number <= bound->high && number == floor(number)) return number;
    read_wrong(reader, item, key, bound->what);
    return 0;
}

uint64_t read_count(struct json_reader *reader, const cJSON *object, const char *key) {
    return (uint64_t)read_whole(reader, object, key, &bound_count);
}

/* Bounds of ints are not above them. */
int read_int(struct json_reader *reader, const cJSON *object, const char *key, const struct bound *bound) {
    return (int)read_whole(reader, object, key, bound ? bound : &any_int);
}
