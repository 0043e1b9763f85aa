/* Tables of FlatBuffers: offsets are followed only into the bytes that are there.
 *
 * A place that is broken reads as absent, and says so once in the buffer. */
#ifndef BXC_FRONTEND_TFLITE_FLATBUFFER_H
#define BXC_FRONTEND_TFLITE_FLATBUFFER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct flatbuffer {
    const uint8_t *data;
    size_t length;
    bool broken; /* something pointed out of the bytes */
};

struct flat_table {
    struct flatbuffer *buffer;
    size_t at; /* 0: there is none */
};

struct flat_vector {
    struct flatbuffer *buffer;
    size_t at, count; /* of the first element; how many */
    size_t size;      /* bytes of an element */
};

struct flat_table flat_root(struct flatbuffer *buffer);
/* Fields by their number in the schema; `otherwise` where there is none. */
int64_t flat_integer(struct flat_table table, int field, size_t size,
                     int64_t otherwise); /* signed, of 1, 2, 4, 8 bytes */
float flat_real(struct flat_table table, int field, float otherwise);
struct flat_table flat_subtable(struct flat_table table, int field);
struct flat_vector flat_vector(struct flat_table table, int field, size_t size); /* count 0: none */
const char *flat_text(struct flat_table table, int field);                       /* NULL: none, or without its 0 */
/* Elements; index < count. Of tables: vectors of 4 bytes an element. */
int64_t flat_element(struct flat_vector vector, size_t index); /* signed */
struct flat_table flat_element_table(struct flat_vector vector, size_t index);

#endif
