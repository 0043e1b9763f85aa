/* Writes numpy's .npy files, version 1, or .csv, an event a line; the file appears whole or not at all. The header of
 * .npy has room for any number of events, because that is known at the end. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "sim/private.h"
#include "ir/file.h"

enum { HEADER_BYTES = 256 };

struct npy_writer {
    struct bxc_context *context;
    struct arena *arena;
    const char *path;
    struct new_file *whole;
    FILE *file; /* on its descriptor, another one */
    enum npy_type type;
    bool text; /* .csv */
    struct shape shape;
    size_t elements;
    uint64_t events;
};

static const struct {
    const char *name;
    size_t size;
} npy_types[] = {
    [NPY_FLOAT32] = {"<f4", 4}, [NPY_FLOAT64] = {"<f8", 8}, [NPY_INT64] = {"<i8", 8},
    [NPY_UINT8] = {"|u1", 1},   [NPY_INT32] = {"<i4", 4},
};

static int writer_error(const struct npy_writer *writer, int number) {
    return diag_error(&writer->context->diagnostics, (struct location){.file = writer->path}, NULL, "cannot write: %s",
                      strerror(number));
}

/* The writer is gone, whatever happened. */
static int writer_fail(struct npy_writer *writer, int number) {
    writer_error(writer, number);
    npy_writer_abandon(writer);
    return -1;
}

static void header_make(const struct npy_writer *writer, char header[HEADER_BYTES]) {
    struct strbuf text = strbuf_new(writer->arena);
    strbuf_printf(&text, "{'descr': '%s', 'fortran_order': False, 'shape': (%llu,", npy_types[writer->type].name,
                  (unsigned long long)writer->events);
    for (int i = 0; i < writer->shape.rank; i++)
        strbuf_printf(&text, " %lld%s", (long long)writer->shape.dim[i], i + 1 < writer->shape.rank ? "," : "");
    strbuf_append(&text, "), }");
    memset(header, ' ', HEADER_BYTES);
    memcpy(header, "\x93NUMPY\x01\x00", 8);
    header[8] = (char)(HEADER_BYTES - 10);
    header[9] = 0;
    memcpy(header + 10, text.data, text.length < HEADER_BYTES - 11 ? text.length : HEADER_BYTES - 11);
    header[HEADER_BYTES - 1] = '\n';
}

static bool header_write(const struct npy_writer *writer) {
    char header[HEADER_BYTES];
    if (writer->text) return true;
    header_make(writer, header);
    return fseek(writer->file, 0, SEEK_SET) == 0 && fwrite(header, 1, HEADER_BYTES, writer->file) == HEADER_BYTES;
}

/* Also when a guard is raised while the file is open. */
static void writer_release(void *object) {
    struct npy_writer *writer = object;
    if (writer->file) fclose(writer->file);
}

struct npy_writer *npy_writer_open(struct bxc_context *context, const char *path, enum npy_type type,
                                   const struct shape *shape) {
    struct arena *arena = arena_new(context);
    struct npy_writer *writer = ARENA_NEW(arena, struct npy_writer);
    *writer = (struct npy_writer){.context = context, .arena = arena, .type = type, .shape = *shape};
    writer->elements = shape_elements(shape);
    writer->path = arena_strdup(arena, path);
    writer->text = file_ends_with(path, ".csv");
    int descriptor;
    writer->whole = new_file_open(arena, path, &descriptor);
    arena_defer(arena, writer_release, writer);
    int own = writer->whole ? dup(descriptor) : -1;
    if (own >= 0 && !(writer->file = fdopen(own, "wb"))) close(own);
    if (!writer->file || !header_write(writer)) {
        writer_fail(writer, errno);
        return NULL;
    }
    return writer;
}

static void encode(enum npy_type type, double number, uint8_t bytes[8]) {
    uint64_t bits = 0;
    float single = (float)number;
    uint32_t low;
    if (type == NPY_FLOAT32) {
        memcpy(&low, &single, sizeof low);
        bits = low;
    } else if (type == NPY_FLOAT64) {
        memcpy(&bits, &number, sizeof bits);
    } else {
        bits = (uint64_t)(int64_t)number;
    }
    for (int i = 0; i < 8; i++) bytes[i] = (uint8_t)(bits >> (8 * i));
}

/* Digits that give the number back. */
static int write_lines(struct npy_writer *writer, const double *data, size_t events) {
    const char *format = writer->type == NPY_FLOAT32 ? "%s%.9g" : "%s%.17g";
    for (size_t i = 0; i < events; i++) {
        for (size_t e = 0; e < writer->elements; e++)
            fprintf(writer->file, format, e ? "," : "", data[i * writer->elements + e]);
        if (fputc('\n', writer->file) == EOF || ferror(writer->file)) return writer_error(writer, errno);
    }
    return 0;
}

int npy_writer_write(struct npy_writer *writer, const double *data, size_t events) {
    if (writer->text) return write_lines(writer, data, events);
    size_t size = npy_types[writer->type].size;
    for (size_t i = 0; i < events * writer->elements; i++) {
        uint8_t bytes[8];
        encode(writer->type, data[i], bytes);
        if (fwrite(bytes, 1, size, writer->file) != size) return writer_error(writer, errno);
    }
    writer->events += events;
    return 0;
}

int npy_writer_write_integers(struct npy_writer *writer, const int64_t *data, size_t events) {
    for (size_t i = 0; i < events * writer->elements; i++) {
        uint8_t bytes[8];
        for (int k = 0; k < 8; k++) bytes[k] = (uint8_t)((uint64_t)data[i] >> (8 * k));
        if (fwrite(bytes, 1, 8, writer->file) != 8) return writer_error(writer, errno);
    }
    writer->events += events;
    return 0;
}

int npy_writer_close(struct npy_writer *writer) {
    if (!header_write(writer) || fflush(writer->file)) return writer_fail(writer, errno);
    FILE *file = writer->file;
    writer->file = NULL;
    if (fclose(file)) return writer_fail(writer, errno);
    int error = new_file_close(writer->arena, writer->whole);
    if (error) return writer_fail(writer, error);
    arena_free(writer->arena);
    return 0;
}

void npy_writer_abandon(struct npy_writer *writer) {
    if (writer) arena_free(writer->arena);
}
