/* The firmware folder as verify and run read it: the two graphs, and what interface.json and
 * manifest.json say. Nothing is believed that can be measured; latency is compared later. */
#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sim/private.h"
#include "ir/file.h"
#include "ir/text.h"
#include "ir/verify.h"

static const char firmware_help[] = "give a folder that 'bxc compile MODEL -o FOLDER' has written";

static struct graph *read_graph(struct firmware *firmware, const char *file) {
    size_t length;
    const char *path = arena_printf(firmware->arena, "%s/%s", firmware->folder, file);
    char *text = file_read(firmware->context, firmware->arena, path, &length);
    return text ? graph_parse(firmware->context, path, text, length) : NULL;
}

static void delete_json(void *json) {
    cJSON_Delete(json);
}

static cJSON *read_json(struct firmware *firmware, const char *file) {
    size_t length;
    const char *path = arena_printf(firmware->arena, "%s/%s", firmware->folder, file);
    char *text = file_read(firmware->context, firmware->arena, path, &length);
    if (!text) return NULL;
    cJSON *json = cJSON_ParseWithLength(text, length);
    if (json) arena_defer(firmware->arena, delete_json, json);
    if (cJSON_IsObject(json)) return json;
    diag_error(&firmware->context->diagnostics, (struct location){.file = path}, firmware_help,
               json ? "not an object" : "not JSON");
    return NULL;
}

static int lacks(struct firmware *firmware, const char *file, const char *key) {
    return diag_error(&firmware->context->diagnostics,
                      (struct location){.file = arena_printf(firmware->arena, "%s/%s", firmware->folder, file)},
                      "compile the model again", "has no sound \"%s\"", key);
}

static int read_interface(struct firmware *firmware) {
    const cJSON *json = read_json(firmware, "interface.json");
    if (!json) return -1;
    const cJSON *name = cJSON_GetObjectItemCaseSensitive(json, "name");
    const cJSON *latency = cJSON_GetObjectItemCaseSensitive(json, "latency");
    const cJSON *interval = cJSON_GetObjectItemCaseSensitive(json, "initiation_interval");
    if (!cJSON_IsString(name)) return lacks(firmware, "interface.json", "name");
    if (!cJSON_IsNumber(latency)) return lacks(firmware, "interface.json", "latency");
    firmware->name = arena_strdup(firmware->arena, name->valuestring);
    firmware->latency = latency->valueint;
    firmware->initiation_interval = cJSON_IsNumber(interval) ? interval->valueint : 1;
    return 0;
}

static int read_manifest(struct firmware *firmware) {
    const cJSON *json = read_json(firmware, "manifest.json");
    if (!json) return -1;
    const cJSON *hash = cJSON_GetObjectItemCaseSensitive(json, "content_hash");
    if (!cJSON_IsString(hash) || strlen(hash->valuestring) != 64)
        return lacks(firmware, "manifest.json", "content_hash");
    memcpy(firmware->content_hash, hash->valuestring, 65);
    return 0;
}

int firmware_check(struct bxc_context *context, const char *folder) {
    struct stat status;
    if (stat(folder, &status) || !S_ISDIR(status.st_mode))
        return diag_error(&context->diagnostics, (struct location){.file = folder}, firmware_help,
                          "no such firmware folder");
    if (access(arena_printf(context->arena, "%s/manifest.json", folder), F_OK))
        return diag_error(&context->diagnostics, (struct location){.file = folder}, firmware_help,
                          "this folder is no firmware of bxc: it has no manifest.json");
    return 0;
}

static int read_all(struct firmware *firmware) {
    if (read_manifest(firmware) || read_interface(firmware)) return -1;
    firmware->quantised = read_graph(firmware, "model.bxc");
    firmware->reference = firmware->quantised ? read_graph(firmware, "reference.bxc") : NULL;
    if (!firmware->reference) return -1;
    if (!graph_is_integer(firmware->quantised))
        return diag_error(&firmware->context->diagnostics, (struct location){.file = firmware->folder}, firmware_help,
                          "model.bxc is no quantised graph");
    return 0;
}

struct firmware *firmware_open(struct bxc_context *context, const char *folder) {
    if (firmware_check(context, folder)) return NULL;
    struct arena *arena = arena_new(context);
    struct firmware *firmware = ARENA_NEW(arena, struct firmware);
    firmware->context = context;
    firmware->arena = arena;
    char *absolute = realpath(folder, NULL);
    if (absolute) arena_defer(arena, free, absolute);
    firmware->folder = absolute ? absolute : arena_strdup(arena, folder);
    if (read_all(firmware) == 0) return firmware;
    firmware_close(firmware);
    return NULL;
}

void firmware_close(struct firmware *firmware) {
    if (!firmware) return;
    graph_free(firmware->quantised);
    graph_free(firmware->sums);
    graph_free(firmware->reference);
    arena_free(firmware->arena);
}
