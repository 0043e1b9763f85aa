/* The JSON configuration (doc/config.schema.json): a table of keys a level, unknown ones refused. */
#include "driver/driver.h"
#include "ir/file.h"
#include "ir/nearest.h"

#include <cjson/cJSON.h>
#include <string.h>

struct config {
    struct bxc_context *context;
    struct arena *arena;
    const char *file;
    struct compile_options *out;
    struct frontend_options *reading; /* sizes of open axes; or NULL */
};

struct place { /* where in the file, and what is being filled in */
    const char *path;
    struct precision *precision;
    struct layer_options *layer;
    struct input_options *input;
};

struct key {
    const char *name;
    int (*read)(struct config *config, const struct place *place, const cJSON *item);
};

static struct location here(const struct config *config, const char *path) {
    return (struct location){.file = config->file, .path = *path ? path : NULL};
}

static int refuse(const struct config *config, const char *path, const char *what) {
    return diag_error(&config->context->diagnostics, here(config, path),
                      "doc/config.schema.json describes the configuration", "%s", what);
}

static int refuse_key(const struct config *config, const char *path, const char *name, const struct key *keys) {
    struct nearest nearest = {.wanted = name};
    struct strbuf help = strbuf_new(config->arena);
    for (const struct key *key = keys; key->name; key++) nearest_offer(&nearest, key->name);
    for (const struct key *key = keys; key->name; key++) /* as the command line calls it */
        if (strcmp(name, "prune") == 0 && strcmp(key->name, "sparsity") == 0) nearest.name = key->name;
    if (strcmp(path, "/Model") == 0 || strcmp(path, "/LayerName") == 0)
        strbuf_append(&help, "doc/from-hls4ml.md has the keys of hls4ml beside those of bxc");
    else if (nearest.name)
        strbuf_printf(&help, "did you mean '%s'?", nearest.name);
    else
        for (const struct key *key = keys; key->name; key++)
            strbuf_printf(&help, "%s%s", key == keys ? "known here: " : ", ", key->name);
    return diag_error(&config->context->diagnostics, here(config, path), help.data, "this key is unknown");
}

/* JSON allows it, and which one counts is anybody's guess. */
static bool is_given_again(const cJSON *item) {
    for (const cJSON *other = item->next; other; other = other->next)
        if (strcmp(other->string, item->string) == 0) return true;
    return false;
}

static int read_object(struct config *config, const struct place *place, const cJSON *object, const struct key *keys) {
    if (!cJSON_IsObject(object)) return refuse(config, place->path, "an object is needed here");
    int result = 0;
    for (const cJSON *item = object->child; item; item = item->next) {
        const struct key *key = keys;
        while (key->name && strcmp(key->name, item->string) != 0) key++;
        struct place inner = *place;
        inner.path = arena_printf(config->arena, "%s/%s", place->path, item->string);
        if (!key->name)
            result = refuse_key(config, inner.path, item->string, keys);
        else if (is_given_again(item))
            result = refuse(config, inner.path, "this key is given more than once");
        else if (key->read(config, &inner, item) < 0)
            result = -1;
    }
    return result;
}

static int read_number(struct config *config, const struct place *place, const cJSON *item, double lo, double hi,
                       double *out) {
    if (!cJSON_IsNumber(item) || !(item->valuedouble >= lo && item->valuedouble <= hi))
        return diag_error(&config->context->diagnostics, here(config, place->path), NULL,
                          "a number from %.10g to %.10g is needed here", lo, hi);
    *out = item->valuedouble;
    return 0;
}

static int read_whole(struct config *config, const struct place *place, const cJSON *item, int lo, int hi, int *out) {
    double number = 0;
    if (read_number(config, place, item, lo, hi, &number) < 0) return -1;
    *out = (int)number;
    return number == *out ? 0 : refuse(config, place->path, "a whole number is needed here");
}

/* Of the whole network; a layer's or an input's are looked at one by one. */
static void give(struct config *config, const struct place *place, unsigned use) {
    if (!place->layer && !place->input) config->out->given |= use;
}

static const char *read_text(struct config *config, const struct place *place, const cJSON *item) {
    if (cJSON_IsString(item)) return arena_strdup(config->arena, item->valuestring);
    refuse(config, place->path, "a text is needed here");
    return NULL;
}

static int read_name_of(struct config *config, const struct place *place, const cJSON *item, const char *const *names,
                        int count, int *out) {
    const char *text = read_text(config, place, item);
    for (int i = 0; text && i < count; i++)
        if (strcmp(names[i], text) == 0) return *out = i, 0;
    if (!text) return -1;
    struct strbuf known = strbuf_new(config->arena);
    for (int i = 0; i < count; i++) strbuf_printf(&known, "%s%s", i ? ", " : "known here: ", names[i]);
    return diag_error(&config->context->diagnostics, here(config, place->path), known.data,
                      "the name '%s' is unknown here", text);
}

static int read_weights(struct config *config, const struct place *place, const cJSON *item) {
    give(config, place, USE_WEIGHTS);
    return read_whole(config, place, item, 1, 24, &place->precision->weight_bits);
}
static int read_activations(struct config *config, const struct place *place, const cJSON *item) {
    give(config, place, USE_ACTIVATIONS);
    return read_whole(config, place, item, 1, 32, &place->precision->activation_bits);
}
static int read_rounding(struct config *config, const struct place *place, const cJSON *item) {
    int *out = place->input ? &place->input->rounding : &place->precision->rounding;
    give(config, place, USE_ROUNDING);
    return read_name_of(config, place, item, rounding_names, ROUNDING_COUNT, out);
}
static int read_overflow(struct config *config, const struct place *place, const cJSON *item) {
    int *out = place->input ? &place->input->overflow : &place->precision->overflow;
    give(config, place, USE_OVERFLOW);
    return read_name_of(config, place, item, overflow_names, OVERFLOW_COUNT, out);
}
static int read_granularity(struct config *config, const struct place *place, const cJSON *item) {
    static const char *const names[] = {[GRANULARITY_TENSOR] = "tensor", [GRANULARITY_CHANNEL] = "channel"};
    give(config, place, USE_GRANULARITY);
    return read_name_of(config, place, item, names, 2, &place->precision->granularity);
}
static int read_sparsity(struct config *config, const struct place *place, const cJSON *item) {
    give(config, place, USE_SPARSITY);
    return read_number(config, place, item, 0, 0.9999, place->layer ? &place->layer->sparsity : &config->out->sparsity);
}

static int read_format(struct config *config, const struct place *place, const cJSON *item) {
    size_t count = cJSON_IsArray(item) ? (size_t)cJSON_GetArraySize(item) : 1, i = 0;
    struct formats formats = {.at = ARENA_ARRAY(config->arena, struct format, count)};
    if (count == 0) return refuse(config, place->path, "at least one format is needed here");
    if (cJSON_IsArray(item)) formats.shape = (struct shape){1, {(int64_t)count}};
    for (const cJSON *entry = cJSON_IsArray(item) ? item->child : item; entry && i < count; entry = entry->next, i++) {
        const char *text = read_text(config, place, entry);
        if (!text || setting_format(config->context, here(config, place->path), text, &formats.at[i]) < 0) return -1;
        if (!cJSON_IsArray(item)) break;
    }
    place->input->formats = formats;
    return 0;
}

static const struct key precision_keys[] = {{"weights", read_weights},         {"activations", read_activations},
                                            {"rounding", read_rounding},       {"overflow", read_overflow},
                                            {"granularity", read_granularity}, {NULL, NULL}};
static const struct key layer_keys[] = {{"weights", read_weights},
                                        {"activations", read_activations},
                                        {"rounding", read_rounding},
                                        {"overflow", read_overflow},
                                        {"granularity", read_granularity},
                                        {"sparsity", read_sparsity},
                                        {NULL, NULL}};
static const struct key input_keys[] = {
    {"format", read_format}, {"rounding", read_rounding}, {"overflow", read_overflow}, {NULL, NULL}};

static int read_precision(struct config *config, const struct place *place, const cJSON *item) {
    struct place inner = *place;
    inner.precision = &config->out->precision;
    return read_object(config, &inner, item, precision_keys);
}

static int read_layers(struct config *config, const struct place *place, const cJSON *item) {
    if (!cJSON_IsObject(item)) return refuse(config, place->path, "an object is needed here");
    for (const cJSON *entry = item->child; entry; entry = entry->next) {
        struct layer_options layer = {arena_strdup(config->arena, entry->string), {-1, -1, -1, -1, -1}, -1};
        struct place inner = {arena_printf(config->arena, "%s/%s", place->path, entry->string), &layer.precision,
                              &layer, NULL};
        if (is_given_again(entry)) return refuse(config, inner.path, "this key is given more than once");
        if (read_object(config, &inner, entry, layer_keys) < 0) return -1;
        settings_add_layer(config->arena, config->out, &layer);
    }
    return 0;
}

static int read_inputs(struct config *config, const struct place *place, const cJSON *item) {
    if (!cJSON_IsObject(item)) return refuse(config, place->path, "an object is needed here");
    for (const cJSON *entry = item->child; entry; entry = entry->next) {
        struct input_options input = {
            .name = arena_strdup(config->arena, entry->string), .rounding = -1, .overflow = -1, .configured = true};
        struct place inner = {arena_printf(config->arena, "%s/%s", place->path, entry->string), NULL, NULL, &input};
        if (is_given_again(entry)) return refuse(config, inner.path, "this key is given more than once");
        if (read_object(config, &inner, entry, input_keys) < 0) return -1;
        settings_add_input(config->arena, config->out, &input);
    }
    return 0;
}

static int read_clock(struct config *config, const struct place *place, const cJSON *item) {
    const char *text = read_text(config, place, item);
    return text ? setting_clock(config->context, here(config, place->path), text, &config->out->clock_ps) : -1;
}
static int read_part(struct config *config, const struct place *place, const cJSON *item) {
    const char *text = read_text(config, place, item);
    return text ? setting_part(config->context, config->arena, here(config, place->path), text, config->out) : -1;
}
static int read_softmax(struct config *config, const struct place *place, const cJSON *item) {
    const char *text = read_text(config, place, item);
    give(config, place, USE_SOFTMAX);
    return text ? setting_softmax(config->context, here(config, place->path), text, &config->out->softmax) : -1;
}
static int read_softmax_error(struct config *config, const struct place *place, const cJSON *item) {
    give(config, place, USE_SOFTMAX_ERROR);
    return read_number(config, place, item, 1e-6, 0.5, &config->out->softmax_error);
}
static int read_scope(struct config *config, const struct place *place, const cJSON *item) {
    const char *text = read_text(config, place, item);
    give(config, place, USE_PRUNE_SCOPE);
    return text ? setting_scope(config->context, here(config, place->path), text, &config->out->sparsity_by_layer) : -1;
}
static int read_name(struct config *config, const struct place *place, const cJSON *item) {
    const char *text = read_text(config, place, item);
    return text ? setting_name(config->context, config->arena, here(config, place->path), text, config->out) : -1;
}
static int read_adders(struct config *config, const struct place *place, const cJSON *item) {
    return read_whole(config, place, item, 2, 3, &config->out->adder_terms);
}

static int read_margin(struct config *config, const struct place *place, const cJSON *item) {
    return read_whole(config, place, item, 0, 90, &config->out->margin_percent);
}

static int read_block_rams(struct config *config, const struct place *place, const cJSON *item) {
    return read_whole(config, place, item, 0, BLOCK_RAMS_MAX, &config->out->block_rams);
}

static int read_interval(struct config *config, const struct place *place, const cJSON *item) {
    return read_whole(config, place, item, 1, INTERVAL_MAX, &config->out->interval);
}

/* One number of items for every input, or one by input. */
static int read_beats(struct config *config, const struct place *place, const cJSON *item) {
    struct beat_options beats = {0};
    if (!cJSON_IsObject(item)) {
        if (read_whole(config, place, item, 1, BEAT_ITEMS_MAX, &beats.items) < 0) return -1;
        settings_add_beats(config->arena, config->out, &beats);
    }
    for (const cJSON *entry = cJSON_IsObject(item) ? item->child : NULL; entry; entry = entry->next) {
        struct place inner = *place;
        inner.path = arena_printf(config->arena, "%s/%s", place->path, entry->string);
        beats.name = arena_strdup(config->arena, entry->string);
        if (is_given_again(entry)) return refuse(config, inner.path, "this key is given more than once");
        if (read_whole(config, &inner, entry, 1, BEAT_ITEMS_MAX, &beats.items) < 0) return -1;
        settings_add_beats(config->arena, config->out, &beats);
    }
    return 0;
}

/* Sizes of axes that the model leaves open, by name. */
static int read_shape(struct config *config, const struct place *place, const cJSON *item) {
    if (!cJSON_IsObject(item)) return refuse(config, place->path, "an object is needed here");
    for (const cJSON *entry = item->child; entry; entry = entry->next) {
        struct place inner = *place;
        int size;
        inner.path = arena_printf(config->arena, "%s/%s", place->path, entry->string);
        if (is_given_again(entry)) return refuse(config, inner.path, "this key is given more than once");
        if (read_whole(config, &inner, entry, 1, READING_SIZE_MAX, &size) < 0) return -1;
        if (config->reading) reading_add_size(config->arena, config->reading, entry->string, size, true);
    }
    return 0;
}

static const struct key top_keys[] = {{"name", read_name},
                                      {"clock", read_clock},
                                      {"part", read_part},
                                      {"adders", read_adders},
                                      {"margin", read_margin},
                                      {"interval", read_interval},
                                      {"block_rams", read_block_rams},
                                      {"beats", read_beats},
                                      {"softmax", read_softmax},
                                      {"softmax_error", read_softmax_error},
                                      {"precision", read_precision},
                                      {"sparsity", read_sparsity},
                                      {"prune_scope", read_scope},
                                      {"shape", read_shape},
                                      {"layers", read_layers},
                                      {"inputs", read_inputs},
                                      {NULL, NULL}};

static void release(void *object) {
    cJSON_Delete(object);
}

int config_read(struct bxc_context *context, struct arena *arena, const char *path, struct compile_options *out,
                struct frontend_options *reading) {
    size_t length;
    const char *text = file_read(context, arena, path, &length);
    if (!text) return -1;
    struct config config = {context, arena, path, out, reading};
    const char *end = text;
    cJSON *json = cJSON_ParseWithLengthOpts(text, length + 1, &end, true);
    if (!json) {
        int line = 1;
        for (const char *at = text; at < end; at++) line += *at == '\n';
        return diag_error(&context->diagnostics, (struct location){.file = path, .line = line}, NULL,
                          "this is no JSON");
    }
    arena_defer(arena, release, json);
    return read_object(&config, &(struct place){.path = ""}, json, top_keys);
}
