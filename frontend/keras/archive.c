/* Entries of a .keras file, which is a zip, from memory. */
#include "frontend/keras/keras.h"

#include <zip.h>

enum { ENTRY_MAX = 1 << 29 };

static int refuse(struct bxc_context *context, const char *path, const char *entry, const char *why) {
    return diag_error(&context->diagnostics, (struct location){.file = path, .path = entry},
                      "save the model as .keras with Keras 3", "%s", why);
}

static void release_error(void *error) {
    zip_error_fini(error);
}

static void release_archive(void *archive) {
    zip_discard(archive);
}

static void release_file(void *file) {
    zip_fclose(file);
}

/* What is opened belongs to scratch, the text to arena. */
struct lifetimes {
    struct arena *arena, *scratch;
};

static char *read_entry(struct bxc_context *context, struct lifetimes lifetimes, const char *path, zip_t *archive,
                        const char *entry, size_t *length) {
    zip_stat_t status;
    if (zip_name_locate(archive, entry, 0) < 0) return NULL;
    if (zip_stat(archive, entry, 0, &status) < 0 || !(status.valid & ZIP_STAT_SIZE))
        return refuse(context, path, entry, "the archive does not tell the entry's size"), NULL;
    if (status.size > ENTRY_MAX) return refuse(context, path, entry, "the entry is larger than 512 MiB"), NULL;
    zip_file_t *file = zip_fopen(archive, entry, 0);
    if (!file) return refuse(context, path, entry, zip_strerror(archive)), NULL;
    arena_defer(lifetimes.scratch, release_file, file);
    /* The size in the archive's index may lie: memory grows with what is there. */
    size_t have = 0, capacity = 1 << 16;
    char *text = arena_alloc(lifetimes.arena, capacity + 1);
    zip_int64_t got;
    while ((got = zip_fread(file, text + have, capacity - have)) > 0) {
        have += (size_t)got;
        if (have > ENTRY_MAX) break;
        if (have == capacity) {
            text = arena_grow(lifetimes.arena, text, have, 2 * capacity + 1);
            capacity *= 2;
        }
    }
    if (got < 0 || have != status.size) return refuse(context, path, entry, "the entry is damaged"), NULL;
    text[have] = 0;
    *length = have;
    return text;
}

char *keras_archive_entry(struct bxc_context *context, struct arena *arena, const char *path, const void *data,
                          size_t length, const char *entry, size_t *entry_length) {
    struct arena *scratch = arena_new(context);
    zip_error_t *error = ARENA_NEW(scratch, zip_error_t);
    zip_error_init(error);
    arena_defer(scratch, release_error, error);
    zip_source_t *source = zip_source_buffer_create(data, length, 0, error);
    zip_t *archive = source ? zip_open_from_source(source, ZIP_RDONLY, error) : NULL;
    char *text = NULL;
    if (archive) {
        arena_defer(scratch, release_archive, archive);
        text = read_entry(context, (struct lifetimes){arena, scratch}, path, archive, entry, entry_length);
    } else {
        if (source) zip_source_free(source);
        refuse(context, path, NULL, zip_error_strerror(error));
    }
    arena_free(scratch);
    return text;
}
