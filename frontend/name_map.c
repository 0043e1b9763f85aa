/* A hash table from names to objects, open addressing, for one reading of one model. */
#include "frontend/name_map.h"

#include <string.h>

static size_t name_hash(const char *name) {
    uint64_t hash = 0xcbf29ce484222325u;
    for (; *name; name++) hash = (hash ^ (unsigned char)*name) * 0x100000001b3u;
    return (size_t)(hash ^ hash >> 29);
}

struct name_map name_map_new(struct arena *arena) {
    struct name_map names = {.arena = arena, .capacity = 64};
    names.entries = ARENA_ARRAY(arena, struct name_entry, names.capacity);
    return names;
}

struct name_map name_map_within(const struct name_map *outside) {
    struct name_map names = name_map_new(outside->arena);
    names.outside = outside;
    return names;
}

static struct name_entry *names_slot(const struct name_map *names, const char *name) {
    size_t at = name_hash(name) & (names->capacity - 1);
    while (names->entries[at].name && strcmp(names->entries[at].name, name)) at = (at + 1) & (names->capacity - 1);
    return &names->entries[at];
}

void *name_map_find(const struct name_map *names, const char *name) {
    for (; names; names = names->outside) {
        const struct name_entry *entry = names_slot(names, name);
        if (entry->name) return entry->object;
    }
    return NULL;
}

static void names_enlarge(struct name_map *names) {
    struct name_map larger = {
        .arena = names->arena, .capacity = names->capacity * 2, .count = names->count, .outside = names->outside};
    larger.entries = ARENA_ARRAY(names->arena, struct name_entry, larger.capacity);
    for (size_t i = 0; i < names->capacity; i++)
        if (names->entries[i].name) *names_slot(&larger, names->entries[i].name) = names->entries[i];
    *names = larger;
}

void name_map_put(struct name_map *names, const char *name, void *object) {
    if (2 * names->count >= names->capacity) names_enlarge(names);
    struct name_entry *entry = names_slot(names, name);
    if (!entry->name) names->count++;
    *entry = (struct name_entry){name, object};
}
