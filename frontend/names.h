/* From a name to what it stands for; for readers of formats that link by name (names.c). */
#ifndef BXC_FRONTEND_NAMES_H
#define BXC_FRONTEND_NAMES_H

#include "ir/ir.h"

struct name_entry {
    const char *name; /* not copied */
    void *object;
};

struct names {
    struct arena *arena;
    struct name_entry *entries;
    size_t count, capacity;
};

struct names names_new(struct arena *arena);
void *names_find(const struct names *names, const char *name); /* NULL: unknown */
void names_put(struct names *names, const char *name, void *object);

#endif
