/* Is everything in fw/ as bxc compiled it? Files are held against the manifest, and what follows from model.bxc is
 * made again and held against both, so that an edit of a file and of its hash is seen too. What the verdict rests on
 * (the graphs, the interface, the harnesses) must be right; what it is about may be edited by hand, within bounds
 * (subset.c), and is named. */
#include "driver/driver.h"
#include "ir/file.h"
#include "ir/hash.h"

#include <cjson/cJSON.h>
#include <dirent.h>
#include <errno.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* Without these right there is no verdict. */
static const char *const foundations[] = {"model.bxc",    "reference.bxc", "interface.json", "sim/*",
                                          "rtl/files.f",  "c/main.c",      "c/Makefile",     "hls/main.cpp",
                                          "hls/Makefile", "hls/bxc_hls.h"};

struct check {
    struct bxc_context *context;
    struct arena *arena;
    struct firmware *firmware;
    const char *folder;
    bool strict;
    cJSON *manifest;
    const cJSON *files; /* of the manifest */
    const char **names; /* that lie there */
    size_t count, capacity;
    struct file_set made; /* again, from model.bxc; none: another version of bxc compiled it */
    struct integrity *out;
};

static const char *path_of(const struct check *check, const char *name) {
    return arena_printf(check->arena, "%s/%s", check->folder, name);
}

static int refuse(const struct check *check, const char *name, const char *help, const char *what) {
    return diag_error(&check->context->diagnostics, (struct location){.file = path_of(check, name)}, help, "%s", what);
}

/* ---- what lies there ---- */

static void add_name(struct check *check, const char *name) {
    if (check->count == check->capacity) {
        size_t larger = check->capacity ? 2 * check->capacity : 64;
        check->names = arena_grow(check->arena, check->names, check->capacity * sizeof *check->names,
                                  larger * sizeof *check->names);
        check->capacity = larger;
    }
    check->names[check->count++] = name;
}

static void close_folder(void *folder) {
    closedir(folder);
}

/* verify/ is not part of it, but for what compile left there and links that would lead its files elsewhere. */
static int list(struct check *check, const char *below) {
    DIR *folder = opendir(path_of(check, below));
    if (!folder) return refuse(check, below, NULL, strerror(errno));
    arena_defer(check->arena, close_folder, folder);
    for (struct dirent *entry; (entry = readdir(folder));) {
        struct stat status;
        const char *name = *below ? arena_printf(check->arena, "%s/%s", below, entry->d_name)
                                  : arena_strdup(check->arena, entry->d_name);
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0 ||
            lstat(path_of(check, name), &status) < 0)
            continue;
        if (S_ISLNK(status.st_mode))
            return refuse(check, name, "put what it points to in its place", "a symbolic link stands in the firmware");
        if (S_ISDIR(status.st_mode) && strcmp(name, "verify") != 0 && list(check, name) < 0) return -1;
        if (S_ISREG(status.st_mode)) add_name(check, name);
    }
    return 0;
}

static int by_text(const void *a, const void *b) {
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* ---- what should lie there ---- */

static void delete_json(void *json) {
    cJSON_Delete(json);
}

static int read_manifest(struct check *check) {
    size_t length;
    const char *text = file_read(check->context, check->arena, path_of(check, "manifest.json"), &length);
    check->manifest = text ? cJSON_ParseWithLength(text, length) : NULL;
    if (check->manifest) arena_defer(check->arena, delete_json, check->manifest);
    check->files = cJSON_GetObjectItemCaseSensitive(check->manifest, "files");
    return cJSON_IsObject(check->files)
               ? 0
               : refuse(check, "manifest.json", "compile the model again", "has no list of files");
}

static const char *manifest_text(const struct check *check, const char *key) {
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(check->manifest, key);
    return cJSON_IsString(item) ? item->valuestring : "";
}

/* Compiles model.bxc once more, in memory, with the options that the manifest names. */
static int make_again(struct check *check) {
    struct bxc_options *options = bxc_options_new(check->context);
    if (!options) context_out_of_memory(check->context);
    int result = bxc_options_set(options, "name", check->firmware->name) < 0
                     ? -1
                     : manifest_set_options(check->manifest, options);
    size_t length, before = check->context->diagnostics.count;
    const char *reference =
        result == 0 ? file_read(check->context, check->arena, path_of(check, "reference.bxc"), &length) : NULL;
    struct compilation compilation = {.context = check->context,
                                      .model = path_of(check, "model.bxc"),
                                      .options = options,
                                      .reference = reference,
                                      .with_sums = &check->firmware->sums,
                                      .files = &check->made};
    check->made.arena = check->arena;
    if (reference) result = compile_model(&compilation);
    bxc_options_free(options);
    if (result < 0) context_check_failed(check->context);
    if (result < 0 || !reference)
        return refuse(check, "model.bxc", "compile the model again",
                      "cannot be compiled again with the options of manifest.json");
    check->context->diagnostics.count = before; /* its warnings were told when it was compiled */
    return 0;
}

static const struct emitted_file *made_again(const struct check *check, const char *name) {
    for (uint32_t i = 0; i < check->made.count; i++)
        if (strcmp(check->made.files[i].path, name) == 0) return &check->made.files[i];
    return NULL;
}

/* ---- one against the other ---- */

static bool is_foundation(const char *name) {
    for (size_t i = 0; i < sizeof foundations / sizeof foundations[0]; i++)
        if (fnmatch(foundations[i], name, FNM_PATHNAME) == 0) return true;
    return false;
}

static void name_edited(struct check *check, const char *text) {
    struct integrity *out = check->out;
    out->edited = arena_grow(check->context->arena, out->edited, out->edited_count * sizeof *out->edited,
                             (out->edited_count + 1) * sizeof *out->edited);
    out->edited[out->edited_count++] = arena_strdup(check->context->arena, text);
}

static int judge_edited(struct check *check, const char *name, const char *how, const char *text, size_t length) {
    if (check->strict && is_foundation(name))
        return refuse(check, name, "the verdict rests on this file: compile the model again",
                      arena_printf(check->arena, "is not as bxc compiled it: %s", how));
    name_edited(check, strcmp(how, "edited") == 0 ? name : arena_printf(check->arena, "%s (%s)", name, how));
    const struct emitted_file *original = made_again(check, name);
    bool built = strncmp(name, "rtl/", 4) == 0 || strncmp(name, "c/", 2) == 0 || strncmp(name, "hls/", 4) == 0;
    return check->strict && text && built
               ? subset_check(check->context, path_of(check, name), text, length, original ? original->data : NULL)
               : 0;
}

/* Reports follow from each other: the JSON without its verdict is what compile wrote, the page is made from it. */
static bool report_is_right(struct check *check, const char *name, const char *digest) {
    size_t before = check->context->diagnostics.count, errors = check->context->diagnostics.errors, length;
    struct report_texts texts;
    const char *json = file_read(check->context, check->arena, path_of(check, "report/report.json"), &length);
    bool right = json && report_again(check->context, check->arena, json, &texts) == 0;
    char made[65];
    if (right && strcmp(name, "report/report.json") == 0) {
        sha256_of(texts.json_without_verdict, strlen(texts.json_without_verdict), made);
        right = strcmp(made, digest) == 0;
    } else if (right) {
        const char *page = file_read(check->context, check->arena, path_of(check, name), &length);
        right = page && strcmp(page, texts.html) == 0;
    }
    check->context->diagnostics.count = before;
    check->context->diagnostics.errors = errors;
    return right;
}

static int judge_file(struct check *check, const char *name) {
    size_t length;
    char digest[65], made[65] = "";
    const char *text = file_read(check->context, check->arena, path_of(check, name), &length);
    const cJSON *listed = cJSON_GetObjectItemCaseSensitive(check->files, name);
    const struct emitted_file *again = made_again(check, name);
    if (!text) return -1;
    sha256_of(text, length, digest);
    if (again) sha256_of(again->data, again->length, made);
    if (!listed) return judge_edited(check, name, "added", text, length);
    const char *wanted = cJSON_IsString(listed) ? listed->valuestring : "";
    if (strncmp(name, "report/report.", 14) == 0 && report_is_right(check, name, wanted)) return 0;
    if (strcmp(digest, wanted) != 0) return judge_edited(check, name, "edited", text, length);
    return again && strcmp(made, digest) != 0
               ? judge_edited(check, name,
                              "not what this bxc makes of model.bxc: edited with its hash in manifest.json, or of "
                              "another build",
                              text, length)
               : 0;
}

/* What vendors' tools leave beside their scripts is no part of the firmware. */
static bool is_of_no_interest(const struct check *check, const char *name) {
    static const char *const sources[] = {"*.v",   "*.vh",  "*.sv", "*.svh", "*.c",     "*.h",
                                          "*.cpp", "*.hpp", "*.cc", "*.f",   "*akefile"};
    if (strcmp(name, "manifest.json") == 0) return true;
    if (cJSON_GetObjectItemCaseSensitive(check->files, name)) return false;
    bool built = strncmp(name, "rtl/", 4) == 0 || strncmp(name, "c/", 2) == 0 || strncmp(name, "hls/", 4) == 0 ||
                 strncmp(name, "sim/", 4) == 0;
    for (size_t i = 0; built && i < sizeof sources / sizeof sources[0]; i++)
        if (fnmatch(sources[i], strchr(name, '/') + 1, FNM_PATHNAME) == 0) return false;
    return true;
}

static int judge_missing(struct check *check) {
    int result = 0;
    const cJSON *item;
    cJSON_ArrayForEach (item, check->files)
        if (!bsearch(&item->string, check->names, check->count, sizeof *check->names, by_text) &&
            judge_edited(check, item->string, "missing", NULL, 0) < 0)
            result = -1;
    for (uint32_t i = 0; i < check->made.count; i++) {
        const char *name = check->made.files[i].path;
        bool told =
            strncmp(name, "report/", 7) == 0 || strncmp(name, "verify/", 7) == 0 || strcmp(name, "manifest.json") == 0;
        if (!told && !cJSON_GetObjectItemCaseSensitive(check->files, name) && check->strict)
            result = refuse(check, "manifest.json", "compile the model again",
                            arena_printf(check->arena, "does not name %s", name));
    }
    return result;
}

static int judge_files(struct check *check) {
    int result = 0;
    for (size_t i = 0; i < check->count; i++)
        if (!is_of_no_interest(check, check->names[i]) && judge_file(check, check->names[i]) < 0) result = -1;
    return judge_missing(check) < 0 ? -1 : result;
}

/* Reports are left out: they tell of it. */
static int hash_files(struct check *check, char out[65]) {
    struct sha256 all;
    sha256_start(&all);
    for (size_t i = 0; i < check->count; i++) {
        size_t length;
        const char *name = check->names[i];
        if (is_of_no_interest(check, name) || strncmp(name, "report/", 7) == 0) continue;
        const char *text = file_read(check->context, check->arena, path_of(check, name), &length);
        if (!text) return -1;
        sha256_add(&all, name, strlen(name) + 1);
        sha256_add(&all, &length, sizeof length);
        sha256_add(&all, text, length);
    }
    sha256_finish(&all, out);
    return 0;
}

/* Of verify/, what compile left there: by it the events are chosen that answer the second question. */
static void list_compiled(struct check *check) {
    struct stat status;
    const cJSON *item;
    cJSON_ArrayForEach (item, check->files)
        if (strncmp(item->string, "verify/", 7) == 0 && lstat(path_of(check, item->string), &status) == 0 &&
            S_ISREG(status.st_mode))
            add_name(check, item->string);
}

static int look(struct check *check) {
    if (read_manifest(check) < 0 || list(check, "") < 0) return -1;
    list_compiled(check);
    qsort(check->names, check->count, sizeof *check->names, by_text);
    return 0;
}

int integrity_files_hash(struct bxc_context *context, const char *folder, char out[65]) {
    struct arena *arena = arena_new(context);
    struct check check = {.context = context, .arena = arena, .folder = folder};
    int result = look(&check) < 0 ? -1 : hash_files(&check, out);
    arena_free(arena);
    return result;
}

/* The hash that stands in all files must be that of the graph and the options. */
static int judge_content_hash(struct check *check) {
    const struct emitted_file *interface = made_again(check, "interface.json");
    cJSON *json = interface ? cJSON_ParseWithLength(interface->data, interface->length) : NULL;
    const cJSON *hash = cJSON_GetObjectItemCaseSensitive(json, "content_hash");
    bool right = !interface || (cJSON_IsString(hash) && strcmp(hash->valuestring, check->firmware->content_hash) == 0);
    cJSON_Delete(json);
    if (right || !check->strict) return 0;
    return refuse(check, "manifest.json", "compile the model again, so that all files are of one make",
                  "its content hash is not that of model.bxc, reference.bxc and its options");
}

static int check_steps(struct check *check) {
    if (look(check) < 0 || hash_files(check, check->out->files_hash) < 0) return -1;
    if (strcmp(manifest_text(check, "version"), BXC_VERSION) != 0)
        name_edited(check, arena_printf(check->arena,
                                        "compiled by bxc %s: whether all files follow from model.bxc is not known",
                                        manifest_text(check, "version")));
    else if (check->strict && make_again(check) < 0)
        return -1;
    int hash = judge_content_hash(check), files = judge_files(check);
    return hash < 0 || files < 0 ? -1 : 0;
}

int integrity_check(struct firmware *firmware, bool strict, struct integrity *out) {
    struct arena *arena = arena_new(firmware->context);
    struct check check = {.context = firmware->context,
                          .arena = arena,
                          .firmware = firmware,
                          .folder = firmware->folder,
                          .strict = strict,
                          .out = out};
    *out = (struct integrity){.edited_count = 0};
    int result = check_steps(&check);
    arena_free(arena);
    return result;
}
