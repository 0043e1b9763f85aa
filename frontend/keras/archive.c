/* Entries of a .keras file, which is a zip, from memory. */
#include "frontend/keras/keras.h"

#include <zip.h>

enum { ENTRY_MAX = 1 << 29 };

static int refuse(struct bxc_context *context, const char *path, const char *entry, const char *why) {
    return diag_error(&context->diagnostics, (struct location){.file = path, .path = entry}, "save the model as .keras with Keras 3", "%s", why);
}

static char *read_entry(struct bxc_context *context, struct arena *arena, const char *path, zip_t *archive, const char *entry, size_t *length) {
    zip_stat_t status;
    if (zip_stat(archive, entry, 0, &status) < 0 || !(status.valid & ZIP_STAT_SIZE))
        return refuse(context, path, entry, "the archive has no such entry"), NULL;
    if (status.size > ENTRY_MAX) return refuse(context, path, entry, "the entry is larger than 512 MiB"), NULL;
    zip_file_t *file = zip_fopen(archive, entry, 0);
    if (!file) return refuse(context, path, entry, zip_strerror(archive)), NULL;
    /* The size in the archive's index may lie: memory grows with what is there. */
    size_t have = 0, capacity = 1 << 16;
    char *text = arena_alloc(arena, capacity + 1);
    zip_int64_t got;
    while ((got = zip_fread(file, text + have, capacity - have)) > 0) {
        have += (size_t)got;
        if (have > ENTRY_MAX) break;
        if (have == capacity) {
            text = arena_grow(arena, text, have, 2 * capacity + 1);
            capacity *= 2;
        }
    }
    zip_fclose(file);
    if (got < 0 || have != status.size) return refuse(context, path, entry, "the entry is damaged"), NULL;
    text[have] = 0;
    *length = have;
    return text;
}

char *keras_archive_entry(struct bxc_context *context, struct arena *arena, const char *path, const void *data, size_t length,
                          const char *entry, size_t *entry_length) {
    zip_error_t error;
    zip_error_init(&error);
    zip_source_t *source = zip_source_buffer_create(data, length, 0, &error);
    zip_t *archive = source ? zip_open_from_source(source, ZIP_RDONLY, &error) : NULL;
    char *text = NULL;
    if (archive) {
        text = read_entry(context, arena, path, archive, entry, entry_length);
        zip_discard(archive);
    } else {
        refuse(context, path, NULL, zip_error_strerror(&error));
        if (source) zip_source_free(source);
    }
    zip_error_fini(&error);
    return text;
}
