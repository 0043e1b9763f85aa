/* A table begins with how far its vtable lies before it; that has its own length, the table's, and where each field is,
 * 0 for none. Vectors and texts begin with how many elements follow. All little-endian. */
#include "frontend/tflite/flatbuffer.h"

#include <string.h>

static bool is_inside(struct flatbuffer *buffer, size_t at, size_t count) {
    if (at <= buffer->length && count <= buffer->length - at) return true;
    buffer->broken = true;
    return false;
}

static uint64_t bits_at(const struct flatbuffer *buffer, size_t at, size_t size) {
    uint64_t bits = 0;
    for (size_t i = 0; i < size; i++) bits |= (uint64_t)buffer->data[at + i] << 8 * i;
    return bits;
}

static int64_t signed_at(const struct flatbuffer *buffer, size_t at, size_t size) {
    unsigned unused = 64 - 8 * (unsigned)size;
    return (int64_t)(bits_at(buffer, at, size) << unused) >> unused;
}

/* Where the offset at `at` leads: to at least `count` bytes; 0: nowhere. */
static size_t followed(struct flatbuffer *buffer, size_t at, size_t count) {
    if (!is_inside(buffer, at, 4)) return 0;
    uint64_t offset = bits_at(buffer, at, 4);
    if (offset > buffer->length || !is_inside(buffer, at + (size_t)offset, count)) {
        buffer->broken = true;
        return 0;
    }
    return at + (size_t)offset;
}

struct flat_table flat_root(struct flatbuffer *buffer) {
    return (struct flat_table){buffer, followed(buffer, 0, 4)};
}

/* Where the field's `size` bytes are; 0: it is not there. */
static size_t field_at(struct flat_table table, int field, size_t size) {
    struct flatbuffer *buffer = table.buffer;
    if (!table.at) return 0;
    int64_t vtable = (int64_t)table.at - signed_at(buffer, table.at, 4);
    if (vtable < 0 || (uint64_t)vtable > buffer->length || !is_inside(buffer, (size_t)vtable, 4)) {
        buffer->broken = true;
        return 0;
    }
    const size_t entry = 4 + 2 * (size_t)field, entries = (size_t)bits_at(buffer, (size_t)vtable, 2);
    if (entry + 2 > entries || !is_inside(buffer, (size_t)vtable, entries)) return 0;
    size_t offset = (size_t)bits_at(buffer, (size_t)vtable + entry, 2);
    return offset && is_inside(buffer, table.at + offset, size) ? table.at + offset : 0;
}

int64_t flat_integer(struct flat_table table, int field, size_t size, int64_t otherwise) {
    size_t at = field_at(table, field, size);
    return at ? signed_at(table.buffer, at, size) : otherwise;
}

float flat_real(struct flat_table table, int field, float otherwise) {
    size_t at = field_at(table, field, 4);
    if (!at) return otherwise;
    uint32_t bits = (uint32_t)bits_at(table.buffer, at, 4);
    float real;
    memcpy(&real, &bits, sizeof real);
    return real;
}

struct flat_table flat_subtable(struct flat_table table, int field) {
    size_t at = field_at(table, field, 4);
    return (struct flat_table){table.buffer, at ? followed(table.buffer, at, 4) : 0};
}

struct flat_vector flat_vector(struct flat_table table, int field, size_t size) {
    size_t at = field_at(table, field, 4);
    struct flat_vector vector = {.buffer = table.buffer, .size = size};
    size_t start = at ? followed(table.buffer, at, 4) : 0;
    if (!start) return vector;
    uint64_t count = bits_at(table.buffer, start, 4);
    if (!is_inside(table.buffer, start + 4, (size_t)count * size)) return vector;
    vector.at = start + 4;
    vector.count = (size_t)count;
    return vector;
}

const char *flat_text(struct flat_table table, int field) {
    struct flat_vector text = flat_vector(table, field, 1);
    if (!text.at || !is_inside(table.buffer, text.at, text.count + 1) || table.buffer->data[text.at + text.count])
        return NULL;
    return (const char *)table.buffer->data + text.at;
}

int64_t flat_element(struct flat_vector vector, size_t index) {
    return signed_at(vector.buffer, vector.at + index * vector.size, vector.size);
}

struct flat_table flat_element_table(struct flat_vector vector, size_t index) {
    return (struct flat_table){vector.buffer, followed(vector.buffer, vector.at + index * vector.size, 4)};
}
