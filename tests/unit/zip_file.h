/* Archives in memory. */
#ifndef BXC_TEST_ZIP_FILE_H
#define BXC_TEST_ZIP_FILE_H

#include "ir/arena.h"

#include <zip.h>

struct zip_entry {
    const char *name;
    const void *data;
    size_t length;
};

static inline char *zip_bytes(struct arena *arena, const struct zip_entry *entries, size_t count, size_t *length) {
    zip_source_t *memory = zip_source_buffer_create(NULL, 0, 0, NULL);
    zip_source_keep(memory);
    zip_t *archive = zip_open_from_source(memory, ZIP_CREATE | ZIP_TRUNCATE, NULL);
    for (size_t i = 0; i < count; i++)
        zip_file_add(archive, entries[i].name, zip_source_buffer(archive, entries[i].data, entries[i].length, 0),
                     ZIP_FL_OVERWRITE);
    zip_close(archive);
    zip_stat_t status;
    zip_source_stat(memory, &status);
    char *data = arena_alloc(arena, (size_t)status.size);
    zip_source_open(memory);
    *length = (size_t)zip_source_read(memory, data, status.size);
    zip_source_close(memory);
    zip_source_free(memory);
    return data;
}

#endif
