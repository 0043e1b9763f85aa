/* The variables of a layer, in both layouts.
 *
 * By number (Keras 3, and .keras of either): "layers/dense_1/vars/0", layers of one class counted in the order of the
 * configuration; parts of a layer are folders in it.
 *
 * By name (HDF5 of Keras 2): a group for each layer of the outermost model, whose attribute weight_names lists its
 * variables in their order, "dense_1/kernel:0"; those of layers within it have those layers' names in front. */
#include "frontend/keras/keras.h"

#include <math.h>
#include <string.h>

struct keras_place keras_place_inside(const struct keras_reader *reader, struct keras_place place, const char *folder,
                                      const char *name) {
    if (!reader->by_name)
        place.group = arena_printf(reader->arena, "%s/%s", place.group, folder);
    else if (name && !place.group)
        place.group = arena_printf(reader->arena, "%s%s", reader->root, name);
    else if (name && place.inside_count < KERAS_INSIDE_MAX)
        place.inside[place.inside_count++] = name;
    return place;
}

/* Whether the parts of "a/b/kernel:0" before the last are met in this order. */
static bool is_inside(const struct keras_place *place, const char *name) {
    int met = 0;
    for (const char *end; met < place->inside_count && (end = strchr(name, '/')); name = end + 1) {
        size_t length = strlen(place->inside[met]);
        met += (size_t)(end - name) == length && memcmp(name, place->inside[met], length) == 0;
    }
    return met == place->inside_count;
}

static const char *last_part(const struct keras_reader *reader, const char *name) {
    const char *slash = strrchr(name, '/'), *part = slash ? slash + 1 : name;
    return arena_strndup(reader->arena, part, strcspn(part, ":"));
}

static int refuse_many(struct keras_reader *reader, const struct keras_layer *layer) {
    return keras_error(reader, layer, NULL, NULL, "it has more than %d variables", KERAS_VARIABLES_MAX);
}

static int read_one(struct keras_reader *reader, const struct keras_layer *layer, const char *path,
                    struct keras_variable *out) {
    if (keras_hdf5_variable(&reader->weights, path, out) < 0) return -1;
    for (size_t e = 0; out->values && e < shape_elements(&out->shape); e++)
        if (!isfinite(out->values[e]))
            return keras_error(reader, layer, NULL, NULL, "variable '%s': weight %zu is no number", path, e);
    return 0;
}

/* Long lists are written in pieces, weight_names0 and so on. */
static int read_names(struct keras_reader *reader, const struct keras_place *place, int piece, const char ***names,
                      size_t *count) {
    const char *attribute = piece < 0 ? "weight_names" : arena_printf(reader->arena, "weight_names%d", piece);
    return keras_hdf5_texts(&reader->weights, place->group, attribute, names, count);
}

static int read_by_name(struct keras_reader *reader, const struct keras_layer *layer, const struct keras_place *place,
                        struct keras_variables *out) {
    for (int piece = -1;; piece++) {
        const char **names;
        size_t count;
        if (read_names(reader, place, piece, &names, &count) < 0) return -1;
        if (count == 0 && piece >= 0) return 0;
        for (size_t i = 0; i < count; i++) {
            if (!is_inside(place, names[i])) continue;
            if (out->count == KERAS_VARIABLES_MAX) return refuse_many(reader, layer);
            const char *path = arena_printf(reader->arena, "%s/%s", place->group, names[i]);
            if (read_one(reader, layer, path, &out->at[out->count]) < 0) return -1;
            if (!out->at[out->count].values)
                return keras_error(reader, layer, NULL, "is the file damaged?", "the weights have no '%s'", path);
            out->names[out->count++] = last_part(reader, names[i]);
        }
    }
}

static int read_by_number(struct keras_reader *reader, const struct keras_layer *layer, const struct keras_place *place,
                          struct keras_variables *out) {
    for (;; out->count++) {
        struct keras_variable one;
        const char *path = arena_printf(reader->arena, "%s/vars/%d", place->group, out->count);
        if (read_one(reader, layer, path, &one) < 0) return -1;
        if (!one.values) return 0;
        if (out->count == KERAS_VARIABLES_MAX) return refuse_many(reader, layer);
        out->at[out->count] = one;
    }
}

int keras_variables_read(struct keras_reader *reader, const struct keras_layer *layer, const struct keras_place *place,
                         struct keras_variables *out) {
    *out = (struct keras_variables){.count = 0};
    if (!reader->weights.file)
        return keras_error(reader, layer, NULL, "name it with --weights FILE",
                           "the layer has weights, and no file of weights lies beside the model");
    return reader->by_name ? read_by_name(reader, layer, place, out) : read_by_number(reader, layer, place, out);
}

int keras_variables_expect(struct keras_reader *reader, const struct keras_layer *layer,
                           const struct keras_place *place, const char *const *names, int count,
                           struct keras_variables *out) {
    if (keras_variables_read(reader, layer, place, out) < 0) return -1;
    for (int i = 0; i < count; i++)
        if (!out->at[i].values)
            return keras_error(reader, layer, NULL, "are these the weights of this very model?",
                               "the weights have no %s at '%s'", names[i], place->group);
    if (out->count != count)
        return keras_error(reader, layer, NULL, "are these the weights of this very model?",
                           "the weights have %d variables at '%s' where the layer has %d", out->count, place->group,
                           count);
    return 0;
}

bool keras_is_vector(const struct keras_variable *variable, int64_t length) {
    return variable->values && variable->shape.rank == 1 && variable->shape.dim[0] == length;
}
