/* Where configuration and weights of a model are: in one .keras (zip), in one .h5, or in a JSON file with an HDF5 file
 * beside it. */
#include "frontend/archive.h"
#include "frontend/keras/keras.h"
#include "ir/file.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char hdf5_mark[] = "\211HDF\r\n\032\n";

static bool begins_with(const void *data, size_t length, const char *mark) {
    size_t size = strlen(mark);
    return length > size && memcmp(data, mark, size) == 0;
}

static bool has_text(const char *data, size_t length, const char *text) {
    size_t size = strlen(text);
    for (const char *at = data; at && (size_t)(data + length - at) >= size;) {
        at = memchr(at, *text, length - (size_t)(at - data));
        if (!at || (size_t)(data + length - at) < size) return false;
        if (memcmp(at, text, size) == 0) return true;
        at++;
    }
    return false;
}

/* Keras's JSON has classes and their configurations; bxc's own says what it is. */
static bool is_model_json(const char *data, size_t length) {
    size_t blank = 0;
    while (blank < length && strchr(" \t\r\n", data[blank]) && data[blank]) blank++;
    return blank < length && data[blank] == '{' && has_text(data, length, "\"class_name\"") &&
           has_text(data, length, "\"config\"") && !has_text(data, length < 4096 ? length : 4096, "\"bxc-graph\"");
}

bool keras_recognises(const char *path, const void *data, size_t length) {
    const char *end = strrchr(path, '.');
    bool foreign = end && (!strcmp(end, ".pt") || !strcmp(end, ".pth") || !strcmp(end, ".npz") ||
                           !strcmp(end, ".pt2")); /* zip files too */
    return (!foreign && begins_with(data, length, "PK\003\004")) || begins_with(data, length, hdf5_mark) ||
           is_model_json(data, length);
}

static int refuse(const struct keras_reader *reader, const char *where, const char *help, const char *what) {
    return diag_error(&reader->context->diagnostics, (struct location){.file = reader->path, .path = where}, help, "%s",
                      what);
}

static void release_json(void *object) {
    cJSON_Delete(object);
}

/* Python writes Infinity and NaN, which JSON does not know: outside strings they become empty strings,
 * which nothing takes for a number. */
static void mend_numbers(char *text) {
    static const char *const words[] = {"-Infinity", "Infinity", "NaN"};
    bool inside = false;
    for (char *at = text; *at; at++) {
        if (*at == '\\' && inside && at[1])
            at++;
        else if (*at == '"')
            inside = !inside;
        for (size_t w = 0; !inside && w < sizeof words / sizeof words[0]; w++) {
            size_t length = strlen(words[w]);
            if (strncmp(at, words[w], length) != 0) continue;
            memset(at, ' ', length);
            at[0] = at[1] = '"';
            at += length - 1;
            break;
        }
    }
}

/* Keras 3 writes classes of other packages into .h5 by their registered names alone, "qkeras>QDense": then as into
 * .keras, the class and that name apart. Objects are nested no deeper than cJSON reads. */
static void name_classes(const struct keras_reader *reader, cJSON *json) {
    for (cJSON *item = json->child; item; item = item->next) name_classes(reader, item);
    cJSON *class_name = cJSON_GetObjectItemCaseSensitive(json, "class_name");
    const char *end = cJSON_IsString(class_name) ? strrchr(class_name->valuestring, '>') : NULL;
    if (!end) return;
    if (!cJSON_HasObjectItem(json, "registered_name") &&
        !cJSON_AddStringToObject(json, "registered_name", class_name->valuestring))
        context_out_of_memory(reader->context);
    memmove(class_name->valuestring, end + 1, strlen(end + 1) + 1);
}

/* text: ends with a 0. */
static cJSON *parse(struct keras_reader *reader, const char *where, char *text, size_t length) {
    mend_numbers(text);
    cJSON *json = cJSON_ParseWithLength(text, length);
    if (!json) {
        refuse(reader, where, NULL, "this is no JSON");
        return NULL;
    }
    arena_defer(reader->arena, release_json, json);
    name_classes(reader, json);
    return json;
}

static int version_of(const char *text) {
    return text ? atoi(text) : 0;
}

static bool has_attribute(const struct keras_reader *reader, const char *attribute) {
    const char **texts;
    size_t count;
    return keras_hdf5_texts(&reader->weights, "/", attribute, &texts, &count) == 0 && count > 0;
}

/* Which of the two layouts the file has. */
static void find_layout(struct keras_reader *reader) {
    bool whole = keras_hdf5_has(&reader->weights, "model_weights");
    reader->root = whole ? "model_weights/" : "";
    reader->by_name = whole || has_attribute(reader, "layer_names") || has_attribute(reader, "layer_names0");
}

static int open_weights(struct keras_reader *reader, const void *image, size_t length, const char *what) {
    reader->weights.context = reader->context;
    reader->weights.arena = reader->arena;
    if (!reader->weights.path) reader->weights.path = reader->path;
    if (keras_hdf5_open(&reader->weights, image, length, what) < 0) return -1;
    find_layout(reader);
    return 0;
}

/* ---- .keras ---- */

/* An entry that must be there. */
static char *entry(struct keras_reader *reader, const struct archive *archive, const char *name, size_t *size) {
    size_t errors = reader->context->diagnostics.errors;
    char *text = archive_entry(archive, name, size);
    if (!text && reader->context->diagnostics.errors == errors)
        refuse(reader, name, "save the model as .keras with Keras", "the archive has no such entry");
    return text;
}

static cJSON *open_archive(struct keras_reader *reader, const void *data, size_t length) {
    size_t config_length, weights_length, told_length, errors = reader->context->diagnostics.errors;
    const struct archive archive = {.context = reader->context,
                                    .arena = reader->arena,
                                    .path = reader->path,
                                    .help = "save the model as .keras with Keras 3",
                                    .data = data,
                                    .length = length};
    char *config = entry(reader, &archive, "config.json", &config_length);
    char *weights = config ? entry(reader, &archive, "model.weights.h5", &weights_length) : NULL;
    if (!weights || open_weights(reader, weights, weights_length, "model.weights.h5") < 0) return NULL;
    char *told = archive_entry(&archive, "metadata.json", &told_length);
    cJSON *metadata = told ? parse(reader, "metadata.json", told, told_length) : NULL;
    if (reader->context->diagnostics.errors != errors) return NULL;
    reader->version = version_of(keras_text(metadata, "keras_version"));
    return parse(reader, "config.json", config, config_length);
}

/* ---- .h5 ---- */

static cJSON *open_whole_hdf5(struct keras_reader *reader, const void *data, size_t length) {
    const char **texts;
    size_t count;
    if (open_weights(reader, data, length, NULL) < 0) return NULL;
    if (keras_hdf5_texts(&reader->weights, "/", "keras_version", &texts, &count) < 0) return NULL;
    if (count) reader->version = version_of(texts[0]);
    if (keras_hdf5_texts(&reader->weights, "/", "model_config", &texts, &count) < 0) return NULL;
    if (count) return parse(reader, "model_config", arena_strdup(reader->arena, texts[0]), strlen(texts[0]));
    refuse(reader, NULL, "give the model's JSON (model.to_json()) with this file beside it, or as --weights",
           "this HDF5 file holds no model of Keras, perhaps its weights alone");
    return NULL;
}

/* ---- JSON and HDF5 ---- */

static bool is_readable(const char *path) {
    return access(path, R_OK) == 0;
}

/* What lies beside the model under the names that people give weights. *path NULL: nothing; -1: two do. */
static int find_beside(struct keras_reader *reader, const char **path) {
    static const char *const ends[] = {"_weights.h5", ".weights.h5", ".h5"};
    const char *slash = strrchr(reader->path, '/'), *name = slash ? slash + 1 : reader->path, *dot = strrchr(name, '.');
    const char *stem = arena_strndup(reader->arena, reader->path,
                                     dot && dot > name ? (size_t)(dot - reader->path) : strlen(reader->path));
    const char *common = arena_printf(reader->arena, "%.*smodel_weights.h5", (int)(name - reader->path), reader->path);
    *path = NULL;
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        const char *candidate = arena_printf(reader->arena, "%s%s", stem, ends[i]);
        if (!is_readable(candidate)) continue;
        if (*path)
            return refuse(reader, NULL, "say which one with --weights FILE",
                          arena_printf(reader->arena, "both '%s' and '%s' may be its weights", *path, candidate));
        *path = candidate;
    }
    if (!*path && is_readable(common)) *path = common;
    return 0;
}

static cJSON *open_json(struct keras_reader *reader, const void *data, size_t length, const char *weights) {
    cJSON *json = parse(reader, NULL, arena_strndup(reader->arena, data, length), length);
    if (!json || (!weights && find_beside(reader, &weights) < 0)) return NULL;
    size_t size;
    const char *image = weights ? file_read(reader->context, reader->arena, weights, &size) : NULL;
    reader->weights.path = weights;
    if (weights && (!image || open_weights(reader, image, size, NULL) < 0)) return NULL;
    const char *version = keras_text(json, "keras_version");
    reader->version = version_of(version);
    if (!version) reader->version = keras_member(json, "module") ? 3 : 2;
    return json;
}

cJSON *keras_source_open(struct keras_reader *reader, const void *data, size_t length,
                         const struct frontend_options *options) {
    const char *weights = options ? options->weights : NULL;
    bool whole = begins_with(data, length, hdf5_mark), archive = !whole && !is_model_json(data, length);
    cJSON *json = NULL;
    if (weights && (archive || whole))
        refuse(reader, NULL, "leave --weights away", "the file has its weights in it");
    else if (archive)
        json = open_archive(reader, data, length);
    else
        json = whole ? open_whole_hdf5(reader, data, length) : open_json(reader, data, length, weights);
    if (json && reader->version == 0) reader->version = 3;
    if (json && reader->version < 2) {
        refuse(reader, NULL, "load and save it with Keras 2", "the file is of Keras 1");
        return NULL;
    }
    if (json && reader->version == 2) keras_use_words_of_3(json);
    return json;
}
