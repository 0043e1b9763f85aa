/* The content hash, and the manifest that matches firmware, emulator and model in the field. */
#include "driver/driver.h"

#include <cjson/cJSON.h>
#include <string.h>

static void hash_line(struct sha256 *hash, const char *key, const char *value) {
    sha256_add(hash, key, strlen(key) + 1);
    sha256_add(hash, value, strlen(value) + 1);
}

/* Covers the quantised graph, the options below the line and the version. */
void content_hash(char out[65], const char *quantised, size_t length, const struct compile_options *options, const char *name) {
    struct sha256 hash;
    char number[32];
    sha256_start(&hash);
    sha256_add(&hash, quantised, length);
    hash_line(&hash, "version", BXC_VERSION);
    hash_line(&hash, "name", name);
    hash_line(&hash, "part", options->part_code);
    snprintf(number, sizeof number, "%d", options->clock_ps);
    hash_line(&hash, "clock_ps", number);
    snprintf(number, sizeof number, "%d", options->adder_terms);
    hash_line(&hash, "adders", number);
    snprintf(number, sizeof number, "%d", options->margin_percent);
    hash_line(&hash, "margin", number);
    sha256_finish(&hash, out);
}

static void add_options(cJSON *parent, const struct compile_options *options) {
    static const char *const softmax[] = {[SOFTMAX_KEEP] = "keep", [SOFTMAX_DROP] = "drop", [SOFTMAX_ARGMAX] = "argmax"};
    cJSON *item = cJSON_AddObjectToObject(parent, "options");
    cJSON_AddNumberToObject(item, "clock_ps", options->clock_ps);
    cJSON_AddStringToObject(item, "part", options->part_code);
    cJSON_AddNumberToObject(item, "adders", options->adder_terms);
    cJSON_AddNumberToObject(item, "margin", options->margin_percent);
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

int manifest_options(struct bxc_context *context, struct arena *arena, const char *folder, struct compile_options *out) {
    size_t length;
    struct location at = {.file = arena_printf(arena, "%s/manifest.json", folder)};
    const char *text = file_read(context, arena, at.file, &length);
    cJSON *json = text ? cJSON_Parse(text) : NULL;
    if (!json) return text ? diag_error(&context->diagnostics, at, "compile the model again", "not JSON") : -1;
    arena_defer(arena, release, json);
    const cJSON *options = cJSON_GetObjectItemCaseSensitive(json, "options");
    const cJSON *clock = cJSON_GetObjectItemCaseSensitive(options, "clock_ps"), *part = cJSON_GetObjectItemCaseSensitive(options, "part");
    const cJSON *adders = cJSON_GetObjectItemCaseSensitive(options, "adders"), *margin = cJSON_GetObjectItemCaseSensitive(options, "margin");
    if (!cJSON_IsNumber(clock) || !cJSON_IsNumber(adders) || !cJSON_IsNumber(margin) || !cJSON_IsString(part))
        return diag_error(&context->diagnostics, at, "compile the model again", "it does not tell the options");
    *out = compile_options_default();
    out->clock_ps = clock->valueint;
    out->adder_terms = adders->valueint;
    out->margin_percent = margin->valueint;
    return setting_part(context, arena, at, part->valuestring, out);
}

void manifest_add(struct bxc_context *context, struct file_set *files, const char *name, const char *model,
                  const char *model_hash, const char *hash, const struct compile_options *options) {
    cJSON *root = cJSON_CreateObject();
    const char *base = strrchr(model, '/');
    cJSON_AddStringToObject(root, "tool", "bxc");
    cJSON_AddStringToObject(root, "version", BXC_VERSION);
    cJSON_AddStringToObject(root, "name", name);
    cJSON_AddStringToObject(root, "content_hash", hash);
    cJSON *source = cJSON_AddObjectToObject(root, "model");
    cJSON_AddStringToObject(source, "file", base ? base + 1 : model);
    cJSON_AddStringToObject(source, "sha256", model_hash);
    add_options(root, options);
    cJSON *list = cJSON_AddObjectToObject(root, "files");
    for (uint32_t i = 0; i < files->count; i++) {
        struct sha256 sum;
        char text[65];
        if (strncmp(files->files[i].path, "verify/", 7) == 0) continue;
        sha256_start(&sum);
        sha256_add(&sum, files->files[i].data, files->files[i].length);
        sha256_finish(&sum, text);
        cJSON_AddStringToObject(list, files->files[i].path, text);
    }
    char *text = cJSON_Print(root);
    cJSON_Delete(root);
    if (!text) context_out_of_memory(context);
    arena_defer(files->arena, cJSON_free, text);
    struct strbuf out = strbuf_new(files->arena);
    strbuf_append(&out, text);
    strbuf_append(&out, "\n");
    file_set_add(files, "manifest.json", out.data, out.length);
}
