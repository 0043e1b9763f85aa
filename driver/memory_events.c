/* Events in memory, for options that take files: they are written beside, under names that tell nothing of the
 * machine, and go with the options. */
#include "driver/driver.h"
#include "ir/file.h"

#include <string.h>

struct memory_events {
    struct bxc_options *options;
    const char *key, *input;
    size_t events, elements;
    const double *numbers;
};

static int write_events(struct bxc_context *context, const char *path, const struct memory_events *given) {
    struct shape shape = {.rank = 1, .dim = {(int64_t)given->elements}};
    struct npy_writer *writer = npy_writer_open(context, path, NPY_FLOAT64, &shape);
    if (!writer) return -1;
    if (npy_writer_write(writer, given->numbers, given->events) == 0) return npy_writer_close(writer);
    npy_writer_abandon(writer);
    return -1;
}

static int add(void *user) {
    const struct memory_events *given = user;
    struct bxc_context *context = options_context(given->options);
    struct arena *arena = options_arena(given->options);
    const char *folder = folder_temporary(context, arena);
    if (!folder || folder_make(context, folder) < 0) return -1;
    const char *path =
        arena_printf(arena, "%s/%s.npy", folder, given->input ? name_identifier(arena, given->input) : given->key);
    if (write_events(context, path, given) < 0) return -1;
    diag_call(&context->diagnostics, path,
              given->input ? arena_printf(arena, "%s['%s']", given->key, given->input) : given->key);
    return bxc_options_set(given->options, given->key,
                           given->input ? arena_printf(arena, "%s=%s", given->input, path) : path);
}

int bxc_options_events(struct bxc_options *options, const char *key, const char *input, size_t events, size_t elements,
                       const double *numbers) {
    struct memory_events given = {options, key, input, events, elements, numbers};
    return context_guarded(options_context(options), add, &given);
}
