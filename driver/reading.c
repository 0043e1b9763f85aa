/* Options of the command line that readers of models obey. */
#include "driver/driver.h"

#include <stdlib.h>
#include <string.h>

enum { SIZE_MOST = 1 << 20 };

/* NAME=SIZE */
static int read_size(struct bxc_context *context, struct arena *arena, const char *text, struct frontend_size *out) {
    const char *equals = strrchr(text, '=');
    char *end = NULL;
    long size = equals ? strtol(equals + 1, &end, 10) : 0;
    if (!equals || equals == text || end == equals + 1 || *end || size < 1 || size > SIZE_MOST)
        return diag_error(&context->diagnostics, (struct location){.option = "--shape"},
                          "as in steps=20: the name of an axis, or of an input that is a sequence, and its length",
                          "'%s' is no size of an axis", text);
    *out = (struct frontend_size){.name = arena_strndup(arena, text, (size_t)(equals - text)), .size = size};
    return 0;
}

int reading_options(struct bxc_context *context, struct arena *arena, const struct bxc_options *options,
                    struct frontend_options *out) {
    size_t count = 0;
    out->weights = options_get(options, "weights");
    while (options_at(options, "shape", count)) count++;
    out->sizes = ARENA_ARRAY(arena, struct frontend_size, count + 1);
    for (size_t i = 0; i < count; i++)
        if (read_size(context, arena, options_at(options, "shape", i), &out->sizes[out->size_count++]) < 0) return -1;
    return 0;
}
