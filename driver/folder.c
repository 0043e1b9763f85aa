/* The firmware's folder, all or nothing: written beside its goal and exchanged with it. */
#define _GNU_SOURCE /* renameat2 */
#include "driver/driver.h"

#include <cjson/cJSON.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int failed(struct bxc_context *context, const char *path, const char *what) {
    return diag_error(&context->diagnostics, (struct location){.file = path}, NULL, "%s: %s", what, strerror(errno));
}

void folder_remove(const char *folder) {
    DIR *directory = opendir(folder);
    if (directory) {
        for (struct dirent *entry; (entry = readdir(directory));) {
            if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
            size_t length = strlen(folder) + strlen(entry->d_name) + 2;
            char *path = malloc(length);
            if (!path) continue;
            snprintf(path, length, "%s/%s", folder, entry->d_name);
            if (unlink(path) < 0) folder_remove(path);
            free(path);
        }
        closedir(directory);
    }
    rmdir(folder);
}

static int make_folders(struct bxc_context *context, char *path) {
    for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = 0;
        int result = mkdir(path, 0777);
        int error = errno;
        if (result < 0 && error != EEXIST) failed(context, path, "cannot make this folder");
        *slash = '/';
        if (result < 0 && error != EEXIST) return -1;
    }
    return 0;
}

static int write_files(struct bxc_context *context, const char *folder, const struct file_set *files) {
    for (uint32_t i = 0; i < files->count; i++) {
        const struct emitted_file *file = &files->files[i];
        char *path = arena_printf(context->arena, "%s/%s", folder, file->path);
        if (make_folders(context, path) < 0 || file_write(context, path, file->data, file->length) < 0) return -1;
        if (file->executable && chmod(path, 0755) < 0) return failed(context, path, "cannot make this executable");
    }
    return 0;
}

static bool is_empty(const char *folder) {
    DIR *directory = opendir(folder);
    if (!directory) return false;
    int count = 0;
    while (readdir(directory)) count++;
    closedir(directory);
    return count <= 2;
}

static bool is_ours(struct bxc_context *context, const char *folder) {
    char *path = arena_printf(context->arena, "%s/manifest.json", folder);
    if (access(path, R_OK) < 0) return false;
    size_t length;
    const char *text = file_read(context, context->arena, path, &length);
    cJSON *json = text ? cJSON_ParseWithLength(text, length) : NULL;
    const cJSON *tool = cJSON_GetObjectItemCaseSensitive(json, "tool");
    bool ours = cJSON_IsString(tool) && strcmp(tool->valuestring, "bxc") == 0;
    cJSON_Delete(json);
    return ours;
}

int folder_check(struct bxc_context *context, const char *folder) {
    struct stat status;
    struct location at = {.file = folder};
    if (!*folder) return diag_error(&context->diagnostics, (struct location){.file = "bxc", .attribute = "--output"}, NULL, "the name of the folder is empty");
    if (lstat(folder, &status) < 0) return 0;
    if (!S_ISDIR(status.st_mode)) return diag_error(&context->diagnostics, at, "choose another name or move it away", "something that is no folder stands here");
    if (is_empty(folder) || is_ours(context, folder)) return 0;
    return diag_error(&context->diagnostics, at, "choose another name or move it away; only a folder with a manifest of bxc is replaced",
                      "this folder was not written by bxc");
}

/* Gives the new folder what verify/ held in the old one, by hard links; files it has itself win. */
static void keep_verdicts(struct bxc_context *context, const char *old, const char *new) {
    DIR *directory = opendir(old);
    if (!directory) return;
    mkdir(new, 0777);
    for (struct dirent *entry; (entry = readdir(directory));) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
        char *from = arena_printf(context->arena, "%s/%s", old, entry->d_name), *to = arena_printf(context->arena, "%s/%s", new, entry->d_name);
        struct stat status;
        if (lstat(from, &status) == 0 && S_ISDIR(status.st_mode)) keep_verdicts(context, from, to);
        else if (link(from, to) < 0 && errno != EEXIST)
            diag_warning(&context->diagnostics, (struct location){.file = from}, NULL, "not kept: %s", strerror(errno));
    }
    closedir(directory);
}

static char *without_slash(struct bxc_context *context, const char *folder) {
    char *path = arena_strdup(context->arena, folder);
    for (size_t length = strlen(path); length > 1 && path[length - 1] == '/';) path[--length] = 0;
    return path;
}

static int exchange(struct bxc_context *context, const char *new, const char *goal) {
    struct stat status;
    if (lstat(goal, &status) < 0) return rename(new, goal) < 0 ? failed(context, goal, "cannot put the firmware here") : 0;
    keep_verdicts(context, arena_printf(context->arena, "%s/verify", goal), arena_printf(context->arena, "%s/verify", new));
    if (renameat2(AT_FDCWD, new, AT_FDCWD, goal, RENAME_EXCHANGE) < 0) return failed(context, goal, "cannot exchange the firmware");
    folder_remove(new);
    return 0;
}

/* The length of the part of a path that is there already. */
static size_t existing_length(char *path) {
    size_t length = 0;
    for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = 0;
        bool there = access(path, F_OK) == 0;
        *slash = '/';
        if (!there) break;
        length = (size_t)(slash - path);
    }
    return length;
}

/* Takes back the folders that were made above a goal that failed. */
static void remove_parents(struct bxc_context *context, const char *goal, size_t existing) {
    char *path = arena_strdup(context->arena, goal);
    for (char *slash = strrchr(path, '/'); slash && (size_t)(slash - path) > existing; slash = strrchr(path, '/')) {
        *slash = 0;
        rmdir(path);
    }
}

static int write_and_exchange(struct bxc_context *context, char *new, const char *goal, const struct file_set *files) {
    if (make_folders(context, new) < 0) return -1;
    if (!mkdtemp(new)) return failed(context, goal, "cannot make a folder beside it");
    mode_t mask = umask(0);
    umask(mask);
    chmod(new, 0777 & ~mask);
    int result = write_files(context, new, files);
    if (result == 0) result = exchange(context, new, goal);
    if (result < 0) folder_remove(new);
    return result;
}

int folder_write(struct bxc_context *context, const char *folder, const struct file_set *files) {
    if (folder_check(context, folder) < 0) return -1;
    char *goal = without_slash(context, folder);
    size_t existing = existing_length(goal);
    int result = write_and_exchange(context, arena_printf(context->arena, "%s.new-XXXXXX", goal), goal, files);
    if (result < 0) remove_parents(context, goal, existing);
    return result;
}

char *folder_temporary(struct bxc_context *context, struct arena *arena) {
    const char *base = getenv("TMPDIR");
    char *path = arena_printf(arena, "%s/bxc-XXXXXX", base && *base ? base : "/tmp");
    if (mkdtemp(path)) return path;
    failed(context, path, "cannot make a temporary folder");
    return NULL;
}
