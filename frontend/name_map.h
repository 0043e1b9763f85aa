/* From a name to what it stands for; for readers of formats that link by name (name_map.c). */
#ifndef BXC_FRONTEND_NAME_MAP_H
#define BXC_FRONTEND_NAME_MAP_H

#include "ir/arena.h"

struct name_entry {
    const char *name; /* not copied */
    void *object;
};

struct name_map {
    struct arena *arena;
    struct name_entry *entries;
    size_t count, capacity;
    const struct name_map *outside; /* names that are none of its own; or NULL */
};

struct name_map name_map_new(struct arena *arena);
struct name_map name_map_within(const struct name_map *outside);     /* which it goes by: it stays where it is */
void *name_map_find(const struct name_map *names, const char *name); /* NULL: unknown */
void name_map_put(struct name_map *names, const char *name, void *object);

#endif
