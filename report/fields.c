/* A table of a struct's fields writes it as JSON and reads it back, so that neither knows a name that the other does
 * not. Keys stand in the order of the table. */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "ir/context.h"
#include "report/private.h"

#define AT(type, object, offset) ((type *)(void *)((char *)(object) + (offset)))
#define IN(type, object, offset) ((type const *)(const void *)((const char *)(object) + (offset)))

/* ---- writing ---- */

static void write_list(struct arena *arena, cJSON *list, const struct field *field, const char *items, uint32_t count) {
    for (uint32_t i = 0; i < count; i++)
        fields_write(arena, json_object(arena, list, NULL), field->fields, items + i * field->size);
}

static void write_field(struct arena *arena, cJSON *json, const struct field *field, const void *object) {
    const char *key = field->key;
    size_t at = field->offset;
    switch (field->kind) {
    case FIELD_NAME:
    case FIELD_TEXT: json_text(arena, json, key, *IN(const char *, object, at)); break;
    case FIELD_NUMBER:
    case FIELD_ERROR:
    case FIELD_AMOUNT: json_number(arena, json, key, *IN(double, object, at)); break;
    case FIELD_BOOL: json_bool(arena, json, key, *IN(bool, object, at)); break;
    case FIELD_INT: json_number(arena, json, key, *IN(int, object, at)); break;
    case FIELD_COUNT32: json_number(arena, json, key, *IN(uint32_t, object, at)); break;
    case FIELD_COUNT: json_number(arena, json, key, (double)*IN(uint64_t, object, at)); break;
    case FIELD_WHOLE: json_text(arena, json, key, arena_printf(arena, "%" PRId64, *IN(int64_t, object, at))); break;
    case FIELD_SEED: json_text(arena, json, key, arena_printf(arena, "%" PRIu64, *IN(uint64_t, object, at))); break;
    case FIELD_GROUP: fields_write(arena, json_object(arena, json, key), field->fields, object); break;
    case FIELD_STRUCT: fields_write(arena, json_object(arena, json, key), field->fields, IN(char, object, at)); break;
    case FIELD_IF:
        if (*IN(bool, object, at)) fields_write(arena, json, field->fields, object);
        break;
    case FIELD_LIST:
        write_list(arena, json_array(arena, json, key), field, *IN(const char *, object, at),
                   *IN(uint32_t, object, field->count));
        break;
    case FIELD_ROW:
        write_list(arena, json_array(arena, json, key), field, IN(char, object, at),
                   *IN(uint32_t, object, field->count));
        break;
    case FIELD_NAMES: {
        cJSON *list = json_array(arena, json, key);
        for (uint32_t i = 0; i < *IN(uint32_t, object, field->count); i++)
            json_text(arena, list, NULL, (*IN(const char **, object, at))[i]);
        break;
    }
    case FIELD_OTHER: field->write(arena, json, key, object); break;
    case FIELD_END: break;
    }
}

void fields_write(struct arena *arena, cJSON *json, const struct field *fields, const void *object) {
    for (; fields->kind != FIELD_END; fields++) write_field(arena, json, fields, object);
}

/* ---- reading ---- */

void fields_read_at(struct json_reader *reader, const cJSON *item, const char *key, int index,
                    const struct field *fields, void *object) {
    size_t outer = read_into(reader, key, index);
    if (cJSON_IsObject(item))
        fields_read(reader, item, fields, object);
    else
        read_wrong(reader, item, "", "an object");
    read_out(reader, outer);
}

static void read_object(struct json_reader *reader, const cJSON *json, const struct field *field, void *object) {
    fields_read_at(reader, cJSON_GetObjectItemCaseSensitive(json, field->key), field->key, -1, field->fields, object);
}

static void *read_list(struct json_reader *reader, const cJSON *json, const struct field *field, uint32_t *count) {
    const cJSON *item, *list = read_array(reader, json, field->key, count);
    char *items = arena_calloc(reader->arena, (size_t)*count + 1, field->size);
    int index = 0;
    cJSON_ArrayForEach (item, list) {
        fields_read_at(reader, item, field->key, index, field->fields, items + (size_t)index * field->size);
        index++;
    }
    return items;
}

static void read_row(struct json_reader *reader, const cJSON *json, const struct field *field, void *object) {
    uint32_t there, *count = AT(uint32_t, object, field->count);
    const cJSON *item, *list = read_array(reader, json, field->key, &there);
    cJSON_ArrayForEach (item, list)
        if (*count < field->most) {
            void *next = AT(char, object, field->offset + *count * field->size);
            fields_read_at(reader, item, field->key, (int)(*count)++, field->fields, next);
        }
}

const char **read_names(struct json_reader *reader, const cJSON *json, const char *key, uint32_t *count) {
    const cJSON *item, *list = read_array(reader, json, key, count);
    const char **names = ARENA_ARRAY(reader->arena, const char *, *count + 1);
    int index = 0;
    cJSON_ArrayForEach (item, list) {
        size_t outer = read_into(reader, key, index);
        if (!cJSON_IsString(item)) read_wrong(reader, item, "", "a text");
        names[index++] = arena_strdup(reader->arena, cJSON_IsString(item) ? item->valuestring : "");
        read_out(reader, outer);
    }
    return names;
}

/* A text of digits, because a JSON number holds no more than 53 bits; where it is none it is told and 0. */
static const char *read_digits(struct json_reader *reader, const cJSON *json, const char *key) {
    const char *text = read_text(reader, json, key);
    size_t sign = *text == '-';
    if (text[sign] && !text[sign + strspn(text + sign, "0123456789")]) return text;
    read_wrong(reader, cJSON_GetObjectItemCaseSensitive(json, key), key, "a whole number in quotes");
    return "0";
}

static void read_field(struct json_reader *reader, const cJSON *json, const struct field *field, void *object) {
    const char *key = field->key;
    size_t at = field->offset;
    if (field->later && !cJSON_GetObjectItemCaseSensitive(json, key)) return;
    switch (field->kind) {
    case FIELD_NAME: *AT(const char *, object, at) = read_text(reader, json, key); break;
    case FIELD_TEXT: *AT(const char *, object, at) = read_text_or_null(reader, json, key); break;
    case FIELD_NUMBER: *AT(double, object, at) = read_number_or(reader, json, key, field->bound, (double)NAN); break;
    case FIELD_ERROR:
        *AT(double, object, at) = read_number_or(reader, json, key, field->bound, (double)INFINITY);
        break;
    case FIELD_AMOUNT: *AT(double, object, at) = read_number(reader, json, key, field->bound); break;
    case FIELD_BOOL: *AT(bool, object, at) = read_bool(reader, json, key); break;
    case FIELD_INT: *AT(int, object, at) = read_int(reader, json, key, field->bound); break;
    case FIELD_COUNT32: {
        uint64_t count = read_count(reader, json, key);
        if (count > UINT32_MAX) read_wrong(reader, json, key, "a count");
        *AT(uint32_t, object, at) = (uint32_t)count;
        break;
    }
    case FIELD_COUNT: *AT(uint64_t, object, at) = read_count(reader, json, key); break;
    case FIELD_WHOLE: *AT(int64_t, object, at) = strtoll(read_digits(reader, json, key), NULL, 10); break;
    case FIELD_SEED: *AT(uint64_t, object, at) = strtoull(read_digits(reader, json, key), NULL, 10); break;
    case FIELD_GROUP: read_object(reader, json, field, object); break;
    case FIELD_STRUCT: read_object(reader, json, field, AT(char, object, at)); break;
    case FIELD_IF:
        if (*AT(bool, object, at)) fields_read(reader, json, field->fields, object);
        break;
    case FIELD_LIST:
        *AT(void *, object, at) = read_list(reader, json, field, AT(uint32_t, object, field->count));
        break;
    case FIELD_ROW: read_row(reader, json, field, object); break;
    case FIELD_NAMES:
        *AT(const char **, object, at) = read_names(reader, json, key, AT(uint32_t, object, field->count));
        break;
    case FIELD_OTHER:
        if (field->read) field->read(reader, json, key, object);
        break;
    case FIELD_END: break;
    }
}

void fields_read(struct json_reader *reader, const cJSON *json, const struct field *fields, void *object) {
    for (; fields->kind != FIELD_END; fields++) read_field(reader, json, fields, object);
}
