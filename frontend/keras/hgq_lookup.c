/* Functions that HGQ2 looks up, of a number behind a quantiser: their values are computed here, one for each number
 * that the quantiser gives. */
#include "frontend/keras/hgq.h"

#include <math.h>
#include <string.h>

struct functions {
    size_t count, stride;
    struct format *formats;
    double *values;
};

static size_t numbers_of(struct format format) {
    return (size_t)1 << format.width;
}

/* Their arguments, and room for their values. */
static int prepare(struct keras_reader *reader, const struct keras_layer *layer, const struct hgq_lookup *lookup,
                   struct functions *out) {
    enum { WIDTH_MAX = 16, VALUES_MAX = 1 << 22 };
    const struct hgq_quantizer *argument = lookup->argument;
    out->count = shape_elements(&lookup->shape);
    out->stride = 1;
    out->formats = ARENA_ARRAY(reader->arena, struct format, out->count);
    for (size_t f = 0; f < out->count; f++) {
        struct format format = hgq_format(argument, shape_project(&lookup->shape, f, &argument->shape));
        out->formats[f] = format;
        if (format.width > WIDTH_MAX)
            return keras_error(reader, layer, lookup->name, "train with fewer bits in front of the table",
                               "a table of %d bits is too large", format.width);
        if (numbers_of(format) > out->stride) out->stride = numbers_of(format);
    }
    if (out->count > VALUES_MAX / out->stride)
        return keras_error(reader, layer, lookup->name, "train with fewer bits in front of the tables",
                           "%zu tables of %zu numbers are too large", out->count, out->stride);
    out->values = ARENA_ARRAY(reader->arena, double, out->count * out->stride);
    return 0;
}

static void compute(const struct hgq_lookup *lookup, size_t f, struct format format, double *values) {
    int64_t least = format.is_signed && format.width ? -((int64_t)1 << (format.width - 1)) : 0;
    for (size_t i = 0; i < numbers_of(format); i++)
        values[i] = (double)lookup->function(lookup->user, f, ldexpf((float)(least + (int64_t)i), -format.fraction));
}

/* The function before it that is the same, or itself. */
static size_t find_same(const struct functions *functions, size_t f) {
    const double *own = functions->values + f * functions->stride;
    size_t size = numbers_of(functions->formats[f]) * sizeof *own, other = 0;
    while (other < f && (!format_equal(functions->formats[other], functions->formats[f]) ||
                         memcmp(functions->values + other * functions->stride, own, size) != 0))
        other++;
    return other;
}

valref hgq_look_up(struct keras_reader *reader, const struct keras_layer *layer, const struct hgq_lookup *lookup,
                   valref value) {
    struct functions functions = {.count = 0};
    if (valref_equal(value, NO_VALUE) || prepare(reader, layer, lookup, &functions) < 0) return NO_VALUE;
    float *which = ARENA_ARRAY(reader->arena, float, functions.count);
    size_t kept = 0;
    for (size_t f = 0; f < functions.count; f++) { /* those that are kept lie in front */
        functions.formats[kept] = functions.formats[f];
        compute(lookup, f, functions.formats[kept], functions.values + kept * functions.stride);
        size_t same = find_same(&functions, kept);
        which[f] = (float)same;
        kept += same == kept;
    }
    const union attributes attributes = {.lookup = {.arguments = {{1, {(int64_t)kept}}, functions.formats},
                                                    .values = {(uint32_t)(kept * functions.stride), functions.values}}};
    const char *chosen = arena_printf(reader->arena, "%s.which", lookup->name);
    const valref operands[2] = {value, layer_reals(&layer->nodes, chosen, lookup->shape, which)};
    return layer_node(&layer->nodes, OP_LOOKUP, lookup->name, operands, 2, &attributes);
}
