/* Entries of a zip, from memory. */
#include "frontend/archive.h"
#include "ir/arena.h"

#include <string.h>
#include <zip.h>

enum { ENTRY_MAX = 1 << 29 };

static int refuse(const struct archive *archive, const char *entry, const char *why) {
    return diag_error(&archive->context->diagnostics, (struct location){.file = archive->path, .path = entry},
                      archive->help, "%s", why);
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

/* Opened; what it needs belongs to scratch. NULL after a diagnosis. */
static zip_t *open_archive(const struct archive *archive, struct arena *scratch) {
    zip_error_t *error = ARENA_NEW(scratch, zip_error_t);
    zip_error_init(error);
    arena_defer(scratch, release_error, error);
    zip_source_t *source = zip_source_buffer_create(archive->data, archive->length, 0, error);
    zip_t *opened = source ? zip_open_from_source(source, ZIP_RDONLY, error) : NULL;
    if (opened) {
        arena_defer(scratch, release_archive, opened);
        return opened;
    }
    if (source) zip_source_free(source);
    refuse(archive, NULL, zip_error_strerror(error));
    return NULL;
}

/* The size in the archive's index may lie: memory grows with what is there. */
static char *read_file(const struct archive *archive, zip_file_t *file, const char *entry, zip_uint64_t size,
                       size_t *length) {
    size_t have = 0, capacity = size < 1 << 16 ? (size_t)size + 1 : 1 << 16;
    char *text = arena_alloc(archive->arena, capacity + 1);
    zip_int64_t got;
    while ((got = zip_fread(file, text + have, capacity - have)) > 0) {
        have += (size_t)got;
        if (have > ENTRY_MAX) break;
        if (have == capacity) {
            text = arena_grow(archive->arena, text, have, 2 * capacity + 1);
            capacity *= 2;
        }
    }
    if (got < 0 || have != size) return refuse(archive, entry, "the entry is damaged"), NULL;
    text[have] = 0;
    *length = have;
    return text;
}

char *archive_entry(const struct archive *archive, const char *entry, size_t *length) {
    struct arena *scratch = arena_new(archive->context);
    zip_t *opened = open_archive(archive, scratch);
    char *text = NULL;
    zip_stat_t status;
    if (opened && zip_name_locate(opened, entry, 0) >= 0) {
        zip_file_t *file = NULL;
        if (zip_stat(opened, entry, 0, &status) < 0 || !(status.valid & ZIP_STAT_SIZE))
            refuse(archive, entry, "the archive does not tell the entry's size");
        else if (status.size > ENTRY_MAX)
            refuse(archive, entry, "the entry is larger than 512 MiB");
        else if (!(file = zip_fopen(opened, entry, 0)))
            refuse(archive, entry, zip_strerror(opened));
        if (file) {
            arena_defer(scratch, release_file, file);
            text = read_file(archive, file, entry, status.size, length);
        }
    }
    arena_free(scratch);
    return text;
}

char *archive_name_ending(const struct archive *archive, const char *ending) {
    struct arena *scratch = arena_new(archive->context);
    zip_t *opened = open_archive(archive, scratch);
    const size_t tail = strlen(ending);
    char *found = NULL;
    for (zip_int64_t i = 0; opened && !found && i < zip_get_num_entries(opened, 0); i++) {
        const char *name = zip_get_name(opened, (zip_uint64_t)i, 0);
        size_t length = name ? strlen(name) : 0;
        if (length >= tail && !strcmp(name + length - tail, ending)) found = arena_strdup(archive->arena, name);
    }
    arena_free(scratch);
    return found;
}
