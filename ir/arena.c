/* Memory by lifetime: objects are carved from slabs and released all at once.
 *
 * Running out raises the context's guard, so no caller looks at a result. With -DARENA_MALLOC
 * every object has a slab of its own, so that sanitizers see each object's edges. */
#include "ir/context.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ALIGNMENT = 16, FIRST_SLAB = 4096, LARGEST_SLAB = 1 << 20 };
#ifdef ARENA_MALLOC
enum { LARGE = 256 }; /* what is worth giving back; sanitizers are to see whoever still reads it */
#else
enum { LARGE = LARGEST_SLAB / 4 };
#endif

struct slab {
    struct slab *next;
    size_t used, size; /* of the bytes behind the header */
    bool is_shared;    /* carved into several objects */
    _Alignas(ALIGNMENT) unsigned char bytes[];
};

struct deferred {
    struct deferred *next;
    void (*release)(void *object);
    void *object;
};

struct arena {
    struct bxc_context *context;
    struct arena *newer, *older; /* among the context's open ones */
    uint64_t number;
    struct slab *slabs; /* newest first */
    struct deferred *deferred;
    size_t slab_size; /* of the next small one */
};

/* Tests make the nth allocation fail. */
static bool allocation_must_fail(struct bxc_context *context) {
    return context->fail_allocation > 0 && --context->fail_allocation == 0;
}

struct arena *arena_new(struct bxc_context *context) {
    struct arena *arena = allocation_must_fail(context) ? NULL : calloc(1, sizeof *arena);
    if (!arena) context_out_of_memory(context);
    arena->context = context;
    arena->slab_size = FIRST_SLAB;
    arena->number = context->arenas_opened++;
    arena->older = context->arenas;
    if (context->arenas) context->arenas->newer = arena;
    context->arenas = arena;
    return arena;
}

static void unlink_arena(struct arena *arena) {
    if (arena->newer)
        arena->newer->older = arena->older;
    else
        arena->context->arenas = arena->older;
    if (arena->older) arena->older->newer = arena->newer;
}

void arena_free(struct arena *arena) {
    if (!arena) return;
    unlink_arena(arena);
    for (struct deferred *item = arena->deferred; item; item = item->next) item->release(item->object);
    for (struct slab *slab = arena->slabs, *next; slab; slab = next) {
        next = slab->next;
        free(slab);
    }
    free(arena);
}

void arena_free_since(struct bxc_context *context, uint64_t opened) {
    while (context->arenas && context->arenas->number >= opened) arena_free(context->arenas);
}

/* Linked at *place. */
static struct slab *slab_new(struct slab **place, size_t size) {
    struct slab *slab = size > SIZE_MAX / 4 ? NULL : calloc(1, sizeof *slab + size);
    if (!slab) return NULL;
    slab->size = size;
    slab->next = *place;
    *place = slab;
    return slab;
}

/* The slab to carve from: the newest, or a new one. Large objects get one of their own behind it. */
static struct slab *slab_with_room(struct arena *arena, size_t size) {
#ifndef ARENA_MALLOC
    struct slab *slab = arena->slabs;
    if (slab && slab->is_shared && slab->size - slab->used >= size) return slab;
    if (size < arena->slab_size / 4) {
        slab = slab_new(&arena->slabs, arena->slab_size);
        if (slab) slab->is_shared = true;
        if (arena->slab_size < LARGEST_SLAB) arena->slab_size *= 2;
        return slab;
    }
#endif
    return slab_new(arena->slabs ? &arena->slabs->next : &arena->slabs, size);
}

/* NULL when memory is out. */
static void *try_alloc(struct arena *arena, size_t size) {
#ifdef ARENA_MALLOC
    size_t rounded = size;
#else
    size_t rounded = size > SIZE_MAX / 4 ? size : (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
#endif
    if (allocation_must_fail(arena->context)) return NULL;
    struct slab *slab = slab_with_room(arena, rounded);
    if (!slab) return NULL;
    void *object = slab->bytes + slab->used;
    slab->used += rounded;
    return object;
}

void *arena_alloc(struct arena *arena, size_t size) {
    void *object = try_alloc(arena, size);
    if (!object) context_out_of_memory(arena->context);
    return object;
}

void *arena_calloc(struct arena *arena, size_t count, size_t size) {
    if (size && count > SIZE_MAX / 4 / size) context_out_of_memory(arena->context);
    return arena_alloc(arena, count * size);
}

void *arena_grow(struct arena *arena, const void *old, size_t old_size, size_t new_size) {
    void *copy = arena_alloc(arena, new_size);
    if (old_size) memcpy(copy, old, old_size < new_size ? old_size : new_size);
    return copy;
}

/* Gives the memory of an object that has a slab of its own back; of one that shares a slab, nothing. */
void arena_release(struct arena *arena, const void *object) {
    for (struct slab **link = &arena->slabs; *link; link = &(*link)->next) {
        struct slab *slab = *link;
        if (slab->is_shared || slab->bytes != object) continue;
        *link = slab->next;
        free(slab);
        return;
    }
}

void *arena_extend(struct arena *arena, void *old, size_t old_size, size_t new_size) {
    void *copy = arena_grow(arena, old, old_size, new_size);
    if (old_size >= LARGE) arena_release(arena, old);
    return copy;
}

void *arena_copy(struct arena *arena, const void *data, size_t size) {
    return arena_grow(arena, data, size, size);
}

char *arena_strndup(struct arena *arena, const char *text, size_t length) {
    return arena_grow(arena, text, length, length + 1);
}

char *arena_strdup(struct arena *arena, const char *text) {
    return text ? arena_strndup(arena, text, strlen(text)) : NULL;
}

char *arena_printf(struct arena *arena, const char *format, ...) {
    va_list arguments, again;
    va_start(arguments, format);
    va_copy(again, arguments);
    int length = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    if (length < 0) {
        va_end(again);
        context_bug(arena->context, "text '%s' cannot be formatted", format);
    }
    char *text = try_alloc(arena, (size_t)length + 1);
    if (text) vsnprintf(text, (size_t)length + 1, format, again);
    va_end(again);
    if (!text) context_out_of_memory(arena->context);
    return text;
}

void arena_defer(struct arena *arena, void (*release)(void *), void *object) {
    struct deferred *item = try_alloc(arena, sizeof *item);
    if (!item) {
        release(object);
        context_out_of_memory(arena->context);
    }
    *item = (struct deferred){arena->deferred, release, object};
    arena->deferred = item;
}

struct bxc_context *arena_context(const struct arena *arena) {
    return arena->context;
}
