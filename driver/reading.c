/* Options of the command line that readers of models obey. */
#include "driver/driver.h"

#include <stdlib.h>
#include <string.h>

void reading_add_size(struct arena *arena, struct frontend_options *out, const char *name, int64_t size,
                      bool configured) {
    out->sizes =
        arena_grow(arena, out->sizes, out->size_count * sizeof *out->sizes, (out->size_count + 1) * sizeof *out->sizes);
    out->sizes[out->size_count++] =
        (struct frontend_size){.name = arena_strdup(arena, name), .size = size, .configured = configured};
}

static int refuse(struct bxc_context *context, const char *help, const char *text, const char *problem) {
    return diag_error(&context->diagnostics, (struct location){.option = "--shape"}, help, "'%s' %s", text, problem);
}

/* NAME=SIZE */
static int read_size(struct bxc_context *context, struct arena *arena, const char *text, struct frontend_options *out) {
    const char *equals = strrchr(text, '=');
    char *end = NULL;
    long size = equals ? strtol(equals + 1, &end, 10) : 0;
    if (!equals || equals == text || end == equals + 1 || *end || size < 1 || size > READING_SIZE_MAX)
        return refuse(context, "as in steps=20 or input.1=20: the name of an axis, and its size", text,
                      "is no size of an axis");
    const char *name = arena_strndup(arena, text, (size_t)(equals - text));
    for (size_t i = 0; i < out->size_count; i++)
        if (!strcmp(out->sizes[i].name, name) && out->sizes[i].size != size)
            return refuse(context, "give it once", text, "gives an axis a second size");
    reading_add_size(arena, out, name, size, false);
    return 0;
}

int reading_options(struct bxc_context *context, struct arena *arena, const struct bxc_options *options,
                    struct frontend_options *out) {
    struct compile_options settings = compile_options_default();
    const char *config = options_get(options, "config");
    out->weights = options_get(options, "weights");
    for (size_t i = 0; options_at(options, "shape", i); i++)
        if (read_size(context, arena, options_at(options, "shape", i), out) < 0) return -1;
    return config ? config_read(context, arena, config, &settings, out) : 0;
}
