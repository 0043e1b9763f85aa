/* Functions that HGQ2 looks up, of a number behind a quantiser: a value for each number that the quantiser gives. */
#include "frontend/keras/hgq.h"

#include <math.h>
#include <string.h>

static size_t numbers_of(struct format format) {
    return (size_t)1 << format.width;
}

int hgq_functions_new(struct keras_reader *reader, const struct keras_layer *layer, const char *name,
                      const struct hgq_quantizer *argument, struct shape shape, struct hgq_functions *out) {
    enum { WIDTH_MAX = 16, VALUES_MAX = 1 << 22 };
    *out = (struct hgq_functions){.shape = shape, .count = shape_elements(&shape), .stride = 1};
    out->formats = ARENA_ARRAY(reader->arena, struct format, out->count);
    for (size_t f = 0; f < out->count; f++) {
        struct format format = hgq_format(argument, shape_project(&shape, f, &argument->shape));
        out->formats[f] = format;
        if (format.width > WIDTH_MAX)
            return keras_error(reader, layer, name, "train with fewer bits in front of the table",
                               "a table of %d bits is too large", format.width);
        if (numbers_of(format) > out->stride) out->stride = numbers_of(format);
    }
    if (out->count > VALUES_MAX / out->stride)
        return keras_error(reader, layer, name, "train with fewer bits in front of the tables",
                           "%zu tables of %zu numbers are too large", out->count, out->stride);
    out->values = ARENA_ARRAY(reader->arena, double, out->count * out->stride);
    return 0;
}

float hgq_argument(const struct hgq_functions *functions, size_t f, size_t i) {
    struct format format = functions->formats[f];
    int64_t least = format.is_signed && format.width ? -((int64_t)1 << (format.width - 1)) : 0;
    if (i >= numbers_of(format)) i = numbers_of(format) - 1;
    return ldexpf((float)(least + (int64_t)i), -format.fraction);
}

/* ---- equal ones once ---- */

static bool is_same(const struct hgq_functions *functions, size_t f, size_t other) {
    const double *values = functions->values;
    return format_equal(functions->formats[f], functions->formats[other]) &&
           memcmp(values + f * functions->stride, values + other * functions->stride,
                  numbers_of(functions->formats[f]) * sizeof *values) == 0;
}

/* FNV-1a */
static uint64_t hash_of(const struct hgq_functions *functions, size_t f) {
    const unsigned char *bytes = (const unsigned char *)(functions->values + f * functions->stride);
    uint64_t hash = 0xcbf29ce484222325u ^ (uint64_t)functions->formats[f].fraction;
    for (size_t i = 0; i < numbers_of(functions->formats[f]) * sizeof *functions->values; i++)
        hash = (hash ^ bytes[i]) * 0x100000001b3u;
    return hash ^ hash >> 32;
}

/* Moves those that are kept to the front, and says which one each is. How many are kept. */
static size_t keep_each_once(struct arena *arena, struct hgq_functions *functions, float *which) {
    size_t size = 16, kept = 0;
    while (size < 2 * functions->count) size *= 2;
    size_t *slots = ARENA_ARRAY(arena, size_t, size); /* one more than the function's number; 0: free */
    for (size_t f = 0; f < functions->count; f++) {
        functions->formats[kept] = functions->formats[f];
        memmove(functions->values + kept * functions->stride, functions->values + f * functions->stride,
                functions->stride * sizeof *functions->values);
        size_t at = (size_t)hash_of(functions, kept) & (size - 1);
        while (slots[at] && !is_same(functions, kept, slots[at] - 1)) at = (at + 1) & (size - 1);
        if (!slots[at]) slots[at] = ++kept;
        which[f] = (float)(slots[at] - 1);
    }
    return kept;
}

valref hgq_look_up(struct keras_reader *reader, const struct keras_layer *layer, const char *name,
                   struct hgq_functions *functions, valref value) {
    if (valref_equal(value, NO_VALUE)) return NO_VALUE;
    float *which = ARENA_ARRAY(reader->arena, float, functions->count);
    size_t kept = keep_each_once(reader->arena, functions, which);
    const union attributes attributes = {
        .lookup = {.arguments = {{1, {(int64_t)kept}}, functions->formats},
                   .values = {(uint32_t)(kept * functions->stride), functions->values}}};
    const char *chosen = arena_printf(reader->arena, "%s.which", name);
    const valref operands[2] = {value, layer_reals(&layer->nodes, chosen, functions->shape, which)};
    return layer_node(&layer->nodes, OP_LOOKUP, name, operands, 2, &attributes);
}
