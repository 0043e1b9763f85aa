/* Changes JSON value by value, so that it stays JSON: other numbers, words of the same text, parts exchanged, doubled
 * and left out. */
#ifndef BXC_TEST_FUZZ_JSON_H
#define BXC_TEST_FUZZ_JSON_H

#include "tests/fuzz/random.h"

#include <cJSON.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { JSON_VALUES = 1 << 14 };
struct json_values {
    size_t count;
    cJSON *at[JSON_VALUES], *parent[JSON_VALUES];
};

static inline void collect_json(struct json_values *values, cJSON *parent) {
    for (cJSON *child = parent->child; child && values->count < JSON_VALUES; child = child->next) {
        values->at[values->count] = child;
        values->parent[values->count++] = parent;
        collect_json(values, child);
    }
}

static inline cJSON *other_number(struct random *random, const cJSON *old) {
    switch (below(random, 4)) {
    case 0: return cJSON_CreateNumber(old->valuedouble + 1);
    case 1: return cJSON_CreateNumber(old->valuedouble - 1);
    case 2: return cJSON_CreateNumber((double)number(random) / 4);
    default: return cJSON_CreateNumber((double)number(random));
    }
}

/* In place of values->at[i]; NULL: nothing. */
static inline cJSON *other_json(struct random *random, const struct json_values *values, size_t i) {
    const cJSON *old = values->at[i], *another = values->at[below(random, values->count)];
    switch (below(random, 8)) {
    case 0: return cJSON_Duplicate(another, 1);
    case 1: return cJSON_CreateNull();
    case 2: return cJSON_CreateBool((int)below(random, 2));
    case 3: return cJSON_CreateArray();
    default: break;
    }
    if (cJSON_IsNumber(old)) return other_number(random, old);
    if (cJSON_IsBool(old)) return cJSON_CreateBool(!cJSON_IsTrue(old));
    for (size_t tries = 0; tries < 64 && another->type != old->type; tries++)
        another = values->at[below(random, values->count)];
    return another->type == old->type ? cJSON_Duplicate(another, 1) : NULL;
}

static inline void change_json(struct random *random, cJSON *root, const char *(*word)(struct random *random)) {
    static struct json_values values;
    values.count = 0;
    collect_json(&values, root);
    if (!values.count) return;
    size_t i = below(random, values.count);
    cJSON *old = values.at[i], *parent = values.parent[i];
    if (!below(random, 12)) {
        cJSON_Delete(cJSON_DetachItemViaPointer(parent, old));
    } else if (cJSON_IsArray(parent) && !below(random, 6)) {
        cJSON_AddItemToArray(parent, cJSON_Duplicate(old, 1));
    } else {
        cJSON *made = word && cJSON_IsString(old) && below(random, 2) ? cJSON_CreateString(word(random))
                                                                      : other_json(random, &values, i);
        if (made && old->string) {
            free(made->string);
            made->string = strdup(old->string);
        }
        if (made) cJSON_ReplaceItemViaPointer(parent, old, made);
    }
}

/* What it became, malloced and ended by a 0, or NULL where it is no JSON. word: gives names that mean something to the
 * reader, or NULL. */
static inline char *changed_json(struct random *random, const void *data, size_t size,
                                 const char *(*word)(struct random *random)) {
    cJSON *root = cJSON_ParseWithLength(data, size);
    if (!root) return NULL;
    for (size_t i = 0, count = 1 + below(random, 3); i < count; i++) change_json(random, root, word);
    char *text = cJSON_PrintUnformatted(root);
    cJSON_Delete(root);
    return text;
}

/* In place; 0: it is no JSON, or would be too long. */
static inline size_t mutate_json(struct random *random, uint8_t *data, size_t size, size_t limit,
                                 const char *(*word)(struct random *random)) {
    char *text = changed_json(random, data, size, word);
    size_t length = text ? strlen(text) : 0;
    if (length > limit) length = 0;
    if (length) memcpy(data, text, length);
    free(text);
    return length;
}

#endif
