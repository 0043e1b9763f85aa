/* Reads numpy's .npy files, versions 1 to 3: little-endian numbers in C order, events along the
 * first axis. What cannot be meant (objects, other byte orders) is refused with what to do. */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "sim/private.h"

enum { HEADER_MAX = 1 << 20, CHUNK = 4096 };

static const char npy_help[] = "save it with numpy.save as a plain array of numbers, events along the first axis";

static void skip_blanks(const char **text) {
    while (**text == ' ' || **text == '\t' || **text == '\n') (*text)++;
}

static bool take(const char **text, char wanted) {
    skip_blanks(text);
    if (**text != wanted) return false;
    (*text)++;
    return true;
}

/* A quoted word without escapes. */
static bool take_word(const char **text, char *word, size_t capacity) {
    skip_blanks(text);
    char quote = **text;
    if (quote != '\'' && quote != '"') return false;
    const char *end = strchr(*text + 1, quote);
    if (!end || (size_t)(end - *text - 1) >= capacity) return false;
    memcpy(word, *text + 1, (size_t)(end - *text - 1));
    word[end - *text - 1] = 0;
    *text = end + 1;
    return true;
}

static bool take_number(const char **text, uint64_t *number) {
    skip_blanks(text);
    if (**text < '0' || **text > '9') return false;
    for (*number = 0; **text >= '0' && **text <= '9'; (*text)++)
        if (__builtin_mul_overflow(*number, (uint64_t)10, number) ||
            __builtin_add_overflow(*number, (uint64_t)(**text - '0'), number))
            return false;
    if (**text == 'L') /* Python 2 wrote it */
        (*text)++;
    return true;
}

struct header {
    char type[16];
    bool fortran, structured, has_type, has_order, has_shape;
    uint64_t dims[SHAPE_RANK_MAX + 1];
    int rank;
};

static bool take_shape(const char **text, struct header *header) {
    if (!take(text, '(')) return false;
    header->has_shape = true;
    for (header->rank = 0; !take(text, ')'); header->rank++) {
        if (header->rank > SHAPE_RANK_MAX || !take_number(text, &header->dims[header->rank])) return false;
        if (!take(text, ',') && (skip_blanks(text), **text != ')')) return false;
    }
    return true;
}

static bool take_order(const char **text, struct header *header) {
    skip_blanks(text);
    header->has_order = true;
    header->fortran = !strncmp(*text, "True", 4);
    if (!header->fortran && strncmp(*text, "False", 5)) return false;
    *text += header->fortran ? 4 : 5;
    return true;
}

static bool take_type(const char **text, struct header *header) {
    skip_blanks(text);
    header->structured = **text == '[';
    header->has_type = true;
    return header->structured || take_word(text, header->type, sizeof header->type);
}

static bool parse_header(const char *text, struct header *header) {
    char key[32];
    if (!take(&text, '{')) return false;
    while (!take(&text, '}')) {
        if (!take_word(&text, key, sizeof key) || !take(&text, ':')) return false;
        bool known = !strcmp(key, "descr")           ? take_type(&text, header)
                     : !strcmp(key, "fortran_order") ? take_order(&text, header)
                     : !strcmp(key, "shape")         ? take_shape(&text, header)
                                                     : false;
        if (!known) return false;
        if (header->structured) return true;
        if (!take(&text, ',') && (skip_blanks(&text), *text != '}')) return false;
    }
    return header->has_type && header->has_order && header->has_shape;
}

static int check_type(struct event_source *source, const struct header *header) {
    const char *type = header->type;
    if (header->structured) return event_source_error(source, 0, npy_help, "a structured array, not a plain one");
    if (type[0] == '>')
        return event_source_error(source, 0, "save it as little-endian: array.astype(array.dtype.newbyteorder('<'))",
                                  "numbers are big-endian ('%s')", type);
    if (strchr(type, 'O')) return event_source_error(source, 0, npy_help, "an array of Python objects, not of numbers");
    const char *plain = type[0] == '<' || type[0] == '|' || type[0] == '=' ? type + 1 : type;
    static const char *const known[] = {"f4", "f8", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "b1"};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (!strcmp(plain, known[i])) {
            source->kind = plain[0];
            source->size = plain[1] - '0';
            return 0;
        }
    }
    return event_source_error(source, 0, "float32, float64, bool and integers of 8 to 64 bits are read",
                              "numbers of type '%s'", type);
}

/* Sets count, shape, elements; everything is checked against the size of the file before it is used. */
static int check_shape(struct event_source *source, const struct header *header, uint64_t data_bytes) {
    uint64_t elements = 1, bytes;
    if (header->fortran && header->rank > 1)
        return event_source_error(source, 0, "save it in C order: numpy.ascontiguousarray(array)",
                                  "the array is in Fortran order");
    if (header->rank == 0) return event_source_error(source, 0, npy_help, "a single number without an axis of events");
    source->shape.rank = header->rank - 1;
    for (int i = 1; i < header->rank; i++) {
        source->shape.dim[i - 1] = (int64_t)header->dims[i];
        if (__builtin_mul_overflow(elements, header->dims[i], &elements) || elements > (uint64_t)1 << 32)
            return event_source_error(source, 0, NULL, "an event of that shape has more than 2^32 elements");
    }
    if (elements == 0 && header->dims[0]) return event_source_error(source, 0, NULL, "an event has no elements");
    if (header->dims[0] == 0) /* told as such, whatever an event of it would be */
        return 0;
    if (__builtin_mul_overflow(elements * (uint64_t)source->size, header->dims[0], &bytes) || bytes > data_bytes)
        return event_source_error(source, 0, "the file is incomplete: copy or write it again",
                                  "the header promises %" PRIu64 " events of %" PRIu64
                                  " elements, but the file holds %" PRIu64,
                                  header->dims[0], elements, data_bytes / (elements * (uint64_t)source->size));
    source->count = header->dims[0];
    source->elements = (size_t)elements;
    return 0;
}

/* Length of the text of the header, 0 when this is no .npy file. */
static uint32_t header_length(FILE *file, int *version) {
    uint8_t start[12];
    if (fread(start, 1, 8, file) != 8 || memcmp(start, "\x93NUMPY", 6)) return 0;
    *version = start[6];
    size_t wide = start[6] == 1 ? 2 : 4;
    if (start[6] < 1 || start[6] > 3 || fread(start + 8, 1, wide, file) != wide) return 0;
    uint32_t length = start[8] | (uint32_t)start[9] << 8;
    return wide == 2 ? length : length | (uint32_t)start[10] << 16 | (uint32_t)start[11] << 24;
}

static double decode(const struct event_source *source, const uint8_t *bytes, bool *exact) {
    uint64_t bits = 0;
    float single;
    double number;
    for (int i = source->size - 1; i >= 0; i--) bits = bits << 8 | bytes[i];
    if (source->kind == 'f' && source->size == 4) {
        uint32_t low = (uint32_t)bits;
        memcpy(&single, &low, sizeof single);
        return (double)single;
    }
    if (source->kind == 'f') {
        memcpy(&number, &bits, sizeof number);
        return number;
    }
    if (source->kind == 'b') return bits ? 1 : 0;
    uint64_t limit = (uint64_t)1 << 53, sign = (uint64_t)1 << (8 * source->size - 1);
    bool negative = source->kind == 'i' && (bits & sign);
    uint64_t magnitude = negative ? (sign - (bits & (sign - 1))) : bits;
    *exact = magnitude <= limit;
    return negative ? -(double)magnitude : (double)magnitude;
}

static int decode_chunk(struct event_source *source, const uint8_t *bytes, size_t numbers, uint64_t first,
                        double *data) {
    for (size_t i = 0; i < numbers; i++) {
        bool exact = true;
        data[i] = decode(source, bytes + i * (size_t)source->size, &exact);
        uint64_t event = source->next + (first + i) / source->elements;
        size_t column = (size_t)((first + i) % source->elements);
        if (isnan(data[i])) return event_source_not_a_number(source, 0, event, column);
        if (!exact)
            return event_source_error(source, 0, NULL, "an integer beyond 2^53 at event %" PRIu64 ", column %zu", event,
                                      column);
    }
    return 0;
}

/* Whole numbers of up to 64 bits, as two's complement has them. */
static int decode_whole_chunk(struct event_source *source, const uint8_t *bytes, size_t numbers, uint64_t first,
                              int64_t *data) {
    int unused = 64 - 8 * source->size;
    for (size_t i = 0; i < numbers; i++, bytes += source->size) {
        uint64_t bits = 0;
        for (int k = source->size - 1; k >= 0; k--) bits = bits << 8 | bytes[k];
        data[i] = source->kind == 'i'   ? (int64_t)(bits << unused) >> unused
                  : source->kind == 'b' ? bits != 0
                                        : (int64_t)bits;
        if (source->kind == 'u' && data[i] < 0)
            return event_source_error(source, 0, "numbers of up to 63 bits and a sign are read",
                                      "an integer beyond 2^63 at event %" PRIu64 ", column %zu",
                                      source->next + (first + i) / source->elements,
                                      (size_t)((first + i) % source->elements));
    }
    return 0;
}

/* Either into doubles or into whole. */
static int64_t read_chunks(struct event_source *source, double *doubles, int64_t *whole, size_t events) {
    uint8_t bytes[CHUNK * 8];
    size_t total = events * source->elements;
    for (size_t done = 0; done < total;) {
        size_t wanted = total - done < CHUNK ? total - done : CHUNK;
        if (fread(bytes, (size_t)source->size, wanted, source->file) != wanted)
            return event_source_error(source, 0, NULL, "cannot read event %" PRIu64,
                                      source->next + done / source->elements);
        if (doubles ? decode_chunk(source, bytes, wanted, done, doubles + done)
                    : decode_whole_chunk(source, bytes, wanted, done, whole + done))
            return -1;
        done += wanted;
    }
    return (int64_t)events;
}

static int64_t npy_read(struct event_source *source, double *data, size_t events) {
    return read_chunks(source, data, NULL, events);
}

static int64_t npy_read_whole(struct event_source *source, int64_t *data, size_t events) {
    return read_chunks(source, NULL, data, events);
}

static int npy_rewind(struct event_source *source) {
    if (fseek(source->file, source->data_start, SEEK_SET))
        return event_source_error(source, 0, NULL, "cannot go back to its beginning");
    return 0;
}

int npy_open(struct event_source *source) {
    struct header header = {.type = ""};
    int version = 0;
    uint32_t length = header_length(source->file, &version);
    source->read = npy_read;
    source->rewind = npy_rewind;
    if (version > 3) return event_source_error(source, 0, npy_help, "version %d of .npy is not known", version);
    if (length == 0 || length > HEADER_MAX) return event_source_error(source, 0, npy_help, "not a .npy file");
    char *text = arena_alloc(source->arena, (size_t)length + 1);
    if (fread(text, 1, length, source->file) != length)
        return event_source_error(source, 0, npy_help, "the file ends in its header");
    if (strlen(text) != length || !parse_header(text, &header))
        return event_source_error(source, 0, npy_help, "its header cannot be understood");
    source->data_start = ftell(source->file);
    if (fseek(source->file, 0, SEEK_END)) return event_source_error(source, 0, NULL, "cannot tell its size");
    uint64_t data_bytes = (uint64_t)(ftell(source->file) - source->data_start);
    if (check_type(source, &header) || check_shape(source, &header, data_bytes)) return -1;
    source->read_whole = source->kind == 'f' ? NULL : npy_read_whole;
    return npy_rewind(source);
}
