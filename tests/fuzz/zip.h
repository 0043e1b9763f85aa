/* Changes an archive file by file and packs it again, so that its check sums are right. */
#ifndef BXC_TEST_FUZZ_ZIP_H
#define BXC_TEST_FUZZ_ZIP_H

#include "tests/fuzz/json.h"

#include <zip.h>

enum { ZIP_ENTRIES = 48, ZIP_BYTES = 1 << 18 };
struct zip_entry {
    char *name;
    uint8_t *data; /* with room for ZIP_BYTES */
    size_t length;
};
struct zip_content {
    size_t count;
    struct zip_entry at[ZIP_ENTRIES];
};
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t limit);

static inline void unpack_entry(zip_t *archive, zip_uint64_t index, struct zip_content *content) {
    const char *name = zip_get_name(archive, index, 0);
    zip_file_t *file = name ? zip_fopen_index(archive, index, 0) : NULL;
    if (!file) return;
    struct zip_entry entry = {strdup(name), malloc(ZIP_BYTES), 0};
    zip_int64_t got = zip_fread(file, entry.data, ZIP_BYTES);
    entry.length = got > 0 ? (size_t)got : 0;
    zip_fclose(file);
    content->at[content->count++] = entry;
}

static inline void unpack(const uint8_t *data, size_t size, struct zip_content *content) {
    content->count = 0;
    zip_source_t *source = zip_source_buffer_create(data, size, 0, NULL);
    zip_t *archive = source ? zip_open_from_source(source, ZIP_RDONLY, NULL) : NULL;
    if (!archive) {
        zip_source_free(source);
        return;
    }
    zip_int64_t count = zip_get_num_entries(archive, 0);
    for (zip_int64_t i = 0; i < count && content->count < ZIP_ENTRIES; i++)
        unpack_entry(archive, (zip_uint64_t)i, content);
    zip_discard(archive);
}

static inline void free_content(struct zip_content *content) {
    for (size_t i = 0; i < content->count; i++) {
        free(content->at[i].name);
        free(content->at[i].data);
    }
}

/* Without compression; 0: too long. */
static inline size_t pack(const struct zip_content *content, uint8_t *data, size_t limit) {
    zip_source_t *memory = zip_source_buffer_create(NULL, 0, 0, NULL);
    zip_source_keep(memory);
    zip_t *archive = zip_open_from_source(memory, ZIP_CREATE | ZIP_TRUNCATE, NULL);
    for (size_t i = 0; i < content->count; i++) {
        const struct zip_entry *entry = &content->at[i];
        zip_int64_t index = zip_file_add(archive, entry->name,
                                         zip_source_buffer(archive, entry->data, entry->length, 0), ZIP_FL_OVERWRITE);
        if (index >= 0) zip_set_file_compression(archive, (zip_uint64_t)index, ZIP_CM_STORE, 0);
    }
    zip_stat_t status = {0};
    if (zip_close(archive) < 0) zip_discard(archive);
    size_t length = 0;
    if (zip_source_stat(memory, &status) == 0 && status.valid & ZIP_STAT_SIZE && status.size <= limit &&
        zip_source_open(memory) == 0) {
        length = (size_t)zip_source_read(memory, data, status.size);
        zip_source_close(memory);
    }
    zip_source_free(memory);
    return length;
}

static inline void change_entry(struct random *random, struct zip_content *content,
                                const char *(*word)(struct random *)) {
    size_t i = below(random, content->count);
    for (size_t tries = 0; tries < 8 && (!content->at[i].length || *content->at[i].data != '{'); tries++)
        i = below(random, content->count); /* what has the graph in it, mostly */
    struct zip_entry *entry = &content->at[i];
    size_t length = below(random, 8) ? mutate_json(random, entry->data, entry->length, ZIP_BYTES, word) : 0;
    entry->length = length ? length : LLVMFuzzerMutate(entry->data, entry->length, ZIP_BYTES);
}

/* In place; 0: it is no archive, or would be too long. */
static inline size_t mutate_zip(struct random *random, uint8_t *data, size_t size, size_t limit,
                                const char *(*word)(struct random *)) {
    struct zip_content content;
    unpack(data, size, &content);
    if (!content.count) return 0;
    if (below(random, 24))
        change_entry(random, &content, word);
    else
        content.at[below(random, content.count)].length = 0;
    size_t length = pack(&content, data, limit);
    free_content(&content);
    return length;
}

#endif
