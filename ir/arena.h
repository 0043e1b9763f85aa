/* Memory by lifetime. */
#ifndef BXC_IR_ARENA_H
#define BXC_IR_ARENA_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ir/language.h"

/* Three lifetimes are in use: program (the context's), graph or design (its own), scratch (a pass).
 * Allocation never returns NULL: when memory runs out the context's guard is raised (context.c).
 * Not for use inside an OpenMP parallel region. With -DARENA_MALLOC every object is allocated by
 * itself, so that sanitizers see through. */
struct bxc_context;
struct arena;

struct arena *arena_new(struct bxc_context *context);
/* Frees the arenas that were opened after the first `opened` ones (context.c). */
void arena_free_since(struct bxc_context *context, uint64_t opened);
void arena_free(struct arena *arena);                /* NULL is allowed; runs deferred releases, newest first */
void *arena_alloc(struct arena *arena, size_t size); /* zeroed, 16-byte aligned */
void *arena_calloc(struct arena *arena, size_t count, size_t size); /* diagnoses overflow */
/* A larger copy of an array; the old one stays with the arena. */
void *arena_grow(struct arena *arena, const void *old, size_t old_size, size_t new_size);
/* Gives a large object's memory back before its arena ends; nothing happens to a small one. */
void arena_release(struct arena *arena, const void *object);
/* The same for an array that nobody else points to: a large one gives its old place back. */
void *arena_extend(struct arena *arena, void *old, size_t old_size, size_t new_size);
void *arena_copy(struct arena *arena, const void *data, size_t size);
char *arena_strdup(struct arena *arena, const char *text); /* NULL gives NULL */
char *arena_strndup(struct arena *arena, const char *text, size_t length);
char *arena_printf(struct arena *arena, const char *format, ...) PRINTF_LIKE(2, 3);
/* Calls release(object) in arena_free: how foreign objects (cJSON, HDF5, zip) are owned. */
void arena_defer(struct arena *arena, void (*release)(void *), void *object);
struct bxc_context *arena_context(const struct arena *arena);

#define ARENA_NEW(arena, type) ((type *)arena_alloc((arena), sizeof(type)))
#define ARENA_ARRAY(arena, type, count) ((type *)arena_calloc((arena), (size_t)(count), sizeof(type)))

#endif
