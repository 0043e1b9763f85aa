/* The content hash, and the manifest that matches firmware, emulator and model in the field. */
#include "driver/driver.h"
#include "ir/file.h"
#include "ir/hash.h"

#include <cjson/cJSON.h>
#include <string.h>

static void hash_line(struct sha256 *hash, const char *key, const char *value) {
    sha256_add(hash, key, strlen(key) + 1);
    sha256_add(hash, value, strlen(value) + 1);
}

static const char *clock_text(struct arena *arena, const struct compile_options *options) {
    return arena_printf(arena, "%dps", options->clock_ps);
}

static const char *part_text(struct arena *arena, const struct compile_options *options) {
    return arena_strdup(arena, options->part_code);
}

static const char *adders_text(struct arena *arena, const struct compile_options *options) {
    return options->adder_terms ? arena_printf(arena, "%d", options->adder_terms) : NULL;
}

static const char *margin_text(struct arena *arena, const struct compile_options *options) {
    return arena_printf(arena, "%d", options->margin_percent);
}

static const char *interval_text(struct arena *arena, const struct compile_options *options) {
    return options->interval > 1 ? arena_printf(arena, "%d", options->interval) : NULL;
}

static const char *beats_text(struct arena *arena, const struct compile_options *options) {
    struct strbuf text = strbuf_new(arena);
    for (uint32_t i = 0; i < options->beat_count; i++) {
        const struct beat_options *beats = &options->beats[i];
        strbuf_printf(&text, "%s%s%s%d", i ? "," : "", beats->name ? beats->name : "", beats->name ? "=" : "",
                      beats->items);
    }
    return options->beat_count ? text.data : NULL;
}

static const char *block_rams_text(struct arena *arena, const struct compile_options *options) {
    return options->block_rams ? arena_printf(arena, "%d", options->block_rams) : NULL;
}

const struct below_option below_the_line[] = {
    {"clock", clock_text},   {"part", part_text},     {"interval", interval_text},     {"beats", beats_text},
    {"adders", adders_text}, {"margin", margin_text}, {"block-rams", block_rams_text}, {NULL, NULL}};

/* Covers both graphs, the options below the line and the version. */
void content_hash(struct arena *arena, char out[65], const struct strbuf *quantised, const struct strbuf *reference,
                  const struct compile_options *options, const char *name) {
    struct sha256 hash;
    sha256_start(&hash);
    hash_line(&hash, "quantised", quantised->data);
    hash_line(&hash, "reference", reference->data);
    hash_line(&hash, "version", BXC_VERSION);
    hash_line(&hash, "name", name);
    for (const struct below_option *option = below_the_line; option->key; option++) {
        const char *text = option->text(arena, options);
        if (text) hash_line(&hash, option->key, text);
    }
    sha256_finish(&hash, out);
}

static void add_below(struct arena *arena, cJSON *parent, const struct compile_options *options) {
    cJSON *item = cJSON_AddObjectToObject(parent, "below_the_line");
    for (const struct below_option *option = below_the_line; option->key; option++) {
        const char *text = option->text(arena, options);
        if (text) cJSON_AddStringToObject(item, option->key, text);
    }
}

static void add_options(cJSON *parent, const struct compile_options *options) {
    static const char *const softmax[] = {
        [SOFTMAX_KEEP] = "keep", [SOFTMAX_DROP] = "drop", [SOFTMAX_ARGMAX] = "argmax"};
    cJSON *item = cJSON_AddObjectToObject(parent, "options");
    cJSON_AddStringToObject(item, "softmax", softmax[options->softmax]);
    cJSON_AddNumberToObject(item, "softmax_error", options->softmax_error);
    cJSON_AddNumberToObject(item, "weight_bits", options->precision.weight_bits);
    cJSON_AddNumberToObject(item, "activation_bits", options->precision.activation_bits);
    cJSON_AddNumberToObject(item, "sparsity", options->sparsity);
    cJSON_AddStringToObject(item, "prune_scope", options->sparsity_by_layer ? "layer" : "network");
}

static void release(void *json) {
    cJSON_Delete(json);
}

int manifest_set_options(const struct cJSON *manifest, struct bxc_options *options) {
    const cJSON *item, *told = cJSON_GetObjectItemCaseSensitive(manifest, "below_the_line");
    if (!cJSON_IsObject(told)) return -1;
    cJSON_ArrayForEach (item, told)
        if (!cJSON_IsString(item) || !option_find(item->string) ||
            bxc_options_set(options, item->string, item->valuestring) < 0)
            return -1;
    return 0;
}

int manifest_options(struct bxc_context *context, struct arena *arena, const char *folder,
                     struct compile_options *out) {
    size_t length;
    struct location at = {.file = arena_printf(arena, "%s/manifest.json", folder)};
    const char *text = file_read(context, arena, at.file, &length);
    cJSON *json = text ? cJSON_Parse(text) : NULL;
    if (!json) return text ? diag_error(&context->diagnostics, at, "compile the model again", "not JSON") : -1;
    arena_defer(arena, release, json);
    struct bxc_options *options = options_in(context, arena);
    if (manifest_set_options(json, options) < 0)
        return diag_error(&context->diagnostics, at, "compile the model again", "it does not tell the options");
    return settings_read(context, arena, options, out);
}

void manifest_add(struct bxc_context *context, struct file_set *files, const char *name, const char *model,
                  const char *model_hash, const char *hash, const struct compile_options *options) {
    char(*hashes)[65] = arena_calloc(files->arena, files->count + 1, sizeof *hashes);
    for (uint32_t i = 0; i < files->count; i++) {
        context_check(context);
        sha256_of(files->files[i].data, files->files[i].length, hashes[i]);
    }
    cJSON *root = cJSON_CreateObject();
    if (!root) context_out_of_memory(context);
    arena_defer(files->arena, release, root);
    const char *base = strrchr(model, '/');
    cJSON_AddStringToObject(root, "tool", "bxc");
    cJSON_AddStringToObject(root, "version", BXC_VERSION);
    cJSON_AddStringToObject(root, "name", name);
    cJSON_AddStringToObject(root, "content_hash", hash);
    cJSON *source = cJSON_AddObjectToObject(root, "model");
    cJSON_AddStringToObject(source, "file", base ? base + 1 : model);
    cJSON_AddStringToObject(source, "sha256", model_hash);
    add_options(root, options);
    add_below(files->arena, root, options);
    cJSON *list = cJSON_AddObjectToObject(root, "files");
    for (uint32_t i = 0; i < files->count; i++) cJSON_AddStringToObject(list, files->files[i].path, hashes[i]);
    char *text = cJSON_Print(root);
    if (!text) context_out_of_memory(context);
    arena_defer(files->arena, cJSON_free, text);
    struct strbuf out = strbuf_new(files->arena);
    strbuf_append(&out, text);
    strbuf_append(&out, "\n");
    file_set_add(files, "manifest.json", out.data, out.length);
}
