/* Axes that a model leaves open, and the sizes that --shape gives them: one rule for every format. An axis goes by the
 * model's own name for it, if it has one, and by INPUT.AXIS. The batch is none of them. */
#include "frontend/frontend.h"

#include <inttypes.h>
#include <string.h>

static void add_open(struct open_axes *open, const char *name) {
    for (size_t i = 0; i < open->count; i++)
        if (!strcmp(open->names[i], name)) return;
    if (open->count == open->capacity) {
        size_t capacity = open->capacity ? 2 * open->capacity : 8;
        open->names =
            arena_grow(open->arena, open->names, open->count * sizeof *open->names, capacity * sizeof *open->names);
        open->capacity = capacity;
    }
    open->names[open->count++] = arena_strdup(open->arena, name);
}

static int64_t size_of(const struct frontend_options *options, const char *name) {
    int64_t size = 0;
    for (size_t i = 0; options && i < options->size_count; i++)
        if (!strcmp(options->sizes[i].name, name)) {
            options->sizes[i].used = true;
            if (!size) size = options->sizes[i].size;
        }
    if (options && options->open) add_open(options->open, name);
    return size;
}

int64_t frontend_axis(struct bxc_context *context, const char *path, const struct frontend_options *options,
                      const char *input, int axis, const char *symbol) {
    struct location at = {.file = path, .attribute = input};
    struct arena *scratch = arena_new(context);
    const char *place = arena_printf(scratch, "%s.%d", input, axis);
    if (!symbol || !*symbol) symbol = NULL;
    int64_t named = symbol ? size_of(options, symbol) : 0, placed = size_of(options, place);
    int64_t size = named ? named : placed;
    if (named && placed && named != placed)
        size = diag_error(&context->diagnostics, at, "give one of them",
                          "--shape gives axis %d of input '%s' the size %" PRId64 " as '%s' and %" PRId64 " as '%s'",
                          axis, input, named, symbol, placed, place);
    else if (!size)
        diag_error(&context->diagnostics, at,
                   arena_printf(scratch, "say how long it is, as in --shape %s=16", symbol ? symbol : place),
                   symbol ? "input '%s' leaves the size of axis %d open, as '%s'"
                          : "input '%s' leaves the size of axis %d open",
                   input, axis, symbol);
    arena_free(scratch);
    return size > 0 ? size : 0;
}

void frontend_refuse_sizes(struct bxc_context *context, const char *path, const struct frontend_options *options) {
    struct arena *scratch = arena_new(context);
    struct strbuf known = strbuf_new(scratch);
    strbuf_append(&known, options->open->count ? "open are " : "no axis is open");
    for (size_t i = 0; i < options->open->count; i++)
        strbuf_printf(&known, "%s'%s'", i ? ", " : "", options->open->names[i]);
    strbuf_append(&known, "; the first axis is the batch, which stays as it is");
    for (size_t i = 0; i < options->size_count; i++)
        if (!options->sizes[i].used)
            diag_error(&context->diagnostics, (struct location){.file = path, .option = "--shape"}, known.data,
                       "the model leaves no axis open that is called '%s'", options->sizes[i].name);
    arena_free(scratch);
}
