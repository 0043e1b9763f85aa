/* A cJSON tree read with suspicion: its arrays are linked lists, its numbers binary64, and its own
 * look-up ignores case, so members are found here. */
#include "frontend/native/native.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

int native_fail(const struct json *json, const char *path, const char *format, ...) {
    struct strbuf text = strbuf_new(json->arena);
    va_list arguments;
    va_start(arguments, format);
    strbuf_vprintf(&text, format, arguments);
    va_end(arguments);
    struct location at = {.file = json->file, .path = path && *path ? path : NULL};
    return diag_error(&json->context->diagnostics, at, NULL, "%s", text.data);
}

static int line_of(const char *text, const char *end) {
    int line = 1;
    for (; text < end; text++) line += *text == '\n';
    return line;
}

/* cJSON recurses: the depth is bounded before it looks at the text. */
static const char *too_deep(const char *text, size_t length) {
    int depth = 0;
    bool quoted = false;
    for (size_t i = 0; i < length; i++) {
        if (quoted && text[i] == '\\')
            i++;
        else if (text[i] == '"')
            quoted = !quoted;
        else if (!quoted && (text[i] == '[' || text[i] == '{') && ++depth > NATIVE_NESTING_MAX)
            return text + i;
        else if (!quoted && (text[i] == ']' || text[i] == '}'))
            depth--;
    }
    return NULL;
}

struct tree {
    cJSON *root;
};

static void tree_release(void *object) {
    cJSON_Delete(((struct tree *)object)->root);
}

const struct cJSON *native_parse(const struct json *json, const char *text, size_t length) {
    struct diagnostics *diag = &json->context->diagnostics;
    struct location at = {.file = json->file};
    char *copy = arena_strndup(json->arena, text, length);
    const char *end = too_deep(copy, strlen(copy));
    if (end) {
        at.line = line_of(copy, end);
        diag_error(diag, at, NULL, "the JSON is nested too deeply");
        return NULL;
    }
    struct tree *tree = ARENA_NEW(json->arena, struct tree);
    arena_defer(json->arena, tree_release, tree);
    tree->root = cJSON_ParseWithLengthOpts(copy, strlen(copy) + 1, &end, true);
    if (tree->root) return tree->root;
    at.line = line_of(copy, end ? end : copy);
    diag_error(diag, at, NULL, "the file is no valid JSON");
    return NULL;
}

const struct cJSON *native_member(const struct cJSON *object, const char *name) {
    const cJSON *item;
    cJSON_ArrayForEach (item, object)
        if (item->string && !strcmp(item->string, name)) return item;
    return NULL;
}

int native_members(const struct json *json, const char *path, const struct cJSON *object, const char *const *names) {
    const cJSON *item;
    if (!cJSON_IsObject(object))
        return native_fail(json, path, object ? "this is not an object" : "an object is missing");
    cJSON_ArrayForEach (item, object) {
        size_t i = 0;
        while (names[i] && strcmp(names[i], item->string)) i++;
        if (!names[i])
            return native_fail(json, native_path(json, path, item->string), "member '%s' is unknown", item->string);
        if (native_member(object, item->string) != item)
            return native_fail(json, native_path(json, path, item->string), "member '%s' stands twice", item->string);
    }
    return 0;
}

const char *native_path(const struct json *json, const char *path, const char *member) {
    return path && *path ? arena_printf(json->arena, "%s.%s", path, member) : member;
}

int native_text(const struct json *json, const char *path, const struct cJSON *item, const char **text) {
    *text = "";
    if (!cJSON_IsString(item)) return native_fail(json, path, item ? "this is not a text" : "a text is missing");
    *text = item->valuestring;
    return 0;
}

static bool whole_of_text(const char *text, int64_t *number) {
    char *end;
    errno = 0;
    long long parsed = strtoll(text, &end, 10);
    *number = parsed;
    return end != text && !*end && !errno && *text != ' ';
}

static bool whole_of(const struct cJSON *item, int64_t *number) {
    if (cJSON_IsString(item)) return whole_of_text(item->valuestring, number);
    if (!cJSON_IsNumber(item) || !(fabs(item->valuedouble) <= (double)NATIVE_WHOLE_MAX)) return false;
    *number = (int64_t)item->valuedouble;
    return (double)*number == item->valuedouble;
}

int native_whole(const struct json *json, const char *path, const struct cJSON *item, int64_t low, int64_t high,
                 int64_t *number) {
    *number = 0;
    if (!item) return native_fail(json, path, "a whole number is missing");
    if (!whole_of(item, number))
        return native_fail(json, path, "this is no whole number (beyond 2^53 it must be a text)");
    if (*number >= low && *number <= high) return 0;
    return native_fail(json, path, "%" PRId64 " is not between %" PRId64 " and %" PRId64, *number, low, high);
}

static bool real_of(const struct cJSON *item, double *number) {
    static const struct {
        const char *name;
        double number;
    } others[] = {{"inf", INFINITY}, {"-inf", -INFINITY}, {"nan", NAN}};
    *number = 0;
    for (size_t i = 0; cJSON_IsString(item) && i < 3; i++)
        if (!strcmp(others[i].name, item->valuestring)) {
            *number = others[i].number;
            return true;
        }
    if (cJSON_IsNumber(item)) *number = item->valuedouble;
    return cJSON_IsNumber(item);
}

int native_real(const struct json *json, const char *path, const struct cJSON *item, double *number) {
    if (real_of(item, number)) return 0;
    return native_fail(json, path, item ? "this is not a number" : "a number is missing");
}

int native_array(const struct json *json, const char *path, const struct cJSON *item, size_t *count) {
    const cJSON *member;
    *count = 0;
    if (!cJSON_IsArray(item)) return native_fail(json, path, item ? "this is not a list" : "a list is missing");
    cJSON_ArrayForEach (member, item) ++*count;
    return 0;
}

static int native_counted(const struct json *json, const char *path, const struct cJSON *item, size_t count) {
    size_t there;
    if (native_array(json, path, item, &there) < 0) return -1;
    return there == count ? 0 : native_fail(json, path, "the list has %zu members, not %zu", there, count);
}

int native_wholes(const struct json *json, const char *path, const struct cJSON *item, size_t count,
                  int64_t **numbers) {
    const cJSON *member;
    size_t i = 0;
    if (native_counted(json, path, item, count) < 0) return -1;
    *numbers = ARENA_ARRAY(json->arena, int64_t, count + 1);
    cJSON_ArrayForEach (member, item) {
        if (!whole_of(member, &(*numbers)[i]))
            return native_fail(json, path, "member %zu is no whole number (beyond 2^53 it must be a text)", i);
        i++;
    }
    return 0;
}

int native_reals(const struct json *json, const char *path, const struct cJSON *item, size_t count, double **numbers) {
    const cJSON *member;
    size_t i = 0;
    if (native_counted(json, path, item, count) < 0) return -1;
    *numbers = ARENA_ARRAY(json->arena, double, count + 1);
    cJSON_ArrayForEach (member, item) {
        if (!real_of(member, &(*numbers)[i])) return native_fail(json, path, "member %zu is not a number", i);
        i++;
    }
    return 0;
}

int native_shape(const struct json *json, const char *path, const struct cJSON *item, struct shape *shape) {
    enum { ELEMENTS_MAX = 1 << 26 };
    int64_t *dims, product = 1;
    size_t rank;
    *shape = (struct shape){0};
    if (native_array(json, path, item, &rank) < 0) return -1;
    if (rank > SHAPE_RANK_MAX) return native_fail(json, path, "%zu axes are more than %d", rank, SHAPE_RANK_MAX);
    if (native_wholes(json, path, item, rank, &dims) < 0) return -1;
    for (size_t i = 0; i < rank; i++) {
        if (dims[i] < 0 || dims[i] > ELEMENTS_MAX || (dims[i] && product > ELEMENTS_MAX / dims[i]))
            return native_fail(json, path, "axis %zu of the shape is impossible: %" PRId64, i, dims[i]);
        shape->dim[i] = dims[i];
        product *= dims[i];
    }
    shape->rank = (int)rank;
    return 0;
}
