/* The firmware's folder, all or nothing: written beside its goal and exchanged with it. */
#include "driver/driver.h"
#include "ir/file.h"

#include <cjson/cJSON.h>
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int failed(struct bxc_context *context, const char *path, const char *what) {
    return diag_error(&context->diagnostics, (struct location){.file = path}, NULL, "%s: %s", what, strerror(errno));
}

static int write_files(struct bxc_context *context, struct arena *arena, const char *folder,
                       const struct file_set *files) {
    for (uint32_t i = 0; i < files->count; i++) {
        const struct emitted_file *file = &files->files[i];
        if (atomic_load(&context->cancelled))
            return diag_error(&context->diagnostics, (struct location){.file = folder}, NULL, "cancelled");
        char *path = arena_printf(arena, "%s/%s", folder, file->path), *slash = strrchr(path, '/');
        if (folder_make(context, arena_strndup(arena, path, (size_t)(slash - path))) < 0 ||
            file_write(context, path, file->data, file->length) < 0)
            return -1;
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

/* A name that ends in a slash would be followed where it is a link. */
static char *without_slash(struct arena *arena, const char *folder) {
    char *path = arena_strdup(arena, folder);
    for (size_t length = strlen(path); length > 1 && path[length - 1] == '/';) path[--length] = 0;
    return path;
}

int folder_check(struct bxc_context *context, const char *folder) {
    struct stat status;
    struct location at = {.file = folder};
    if (!*folder)
        return diag_error(&context->diagnostics, (struct location){.option = "--output"}, NULL,
                          "the name of the folder is empty");
    const char *path = without_slash(context->arena, folder);
    if (lstat(path, &status) < 0) return 0;
    if (S_ISLNK(status.st_mode))
        return diag_error(&context->diagnostics, at, "give the folder that it points to, or choose another name",
                          "a symbolic link stands here");
    if (!S_ISDIR(status.st_mode))
        return diag_error(&context->diagnostics, at, "choose another name or move it away",
                          "something that is no folder stands here");
    if (is_empty(path) || is_ours(context, path)) return 0;
    return diag_error(&context->diagnostics, at,
                      "choose another name or move it away; only a folder with a manifest of bxc is replaced",
                      "this folder was not written by bxc");
}

static void close_directory(void *directory) {
    closedir(directory);
}

static int keep_entry(struct bxc_context *context, const char *from, const char *to);

/* What the new folder has itself wins. */
static int keep_folder(struct bxc_context *context, const char *old, const char *new) {
    DIR *directory = opendir(old);
    if (!directory) return failed(context, old, "cannot be read");
    int result = 0;
    struct arena *scratch = arena_new(context);
    arena_defer(scratch, close_directory, directory);
    mkdir(new, 0777);
    for (struct dirent *entry; result == 0 && (entry = readdir(directory));) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
        result = keep_entry(context, arena_printf(scratch, "%s/%s", old, entry->d_name),
                            arena_printf(scratch, "%s/%s", new, entry->d_name));
    }
    arena_free(scratch);
    return result;
}

static int copy_file(struct bxc_context *context, const char *from, const char *to, mode_t mode) {
    struct arena *scratch = arena_new(context);
    size_t length;
    const char *data = file_read(context, scratch, from, &length);
    int result = data ? file_write(context, to, data, length) : -1;
    if (result == 0 && chmod(to, mode & 0777) < 0) result = failed(context, to, "cannot set its mode");
    arena_free(scratch);
    return result;
}

static int copy_link(struct bxc_context *context, const char *from, const char *to) {
    char target[PATH_MAX + 1];
    ssize_t length = readlink(from, target, PATH_MAX);
    if (length < 0) return failed(context, from, "cannot be read");
    target[length] = 0;
    return symlink(target, to) < 0 && errno != EEXIST ? failed(context, to, "cannot be written") : 0;
}

/* By a hard link; by a copy where the file system has none. A symbolic link stays one: nobody follows it. */
static int keep_entry(struct bxc_context *context, const char *from, const char *to) {
    struct stat status;
    if (lstat(from, &status) < 0) return errno == ENOENT ? 0 : failed(context, from, "cannot be read");
    if (S_ISDIR(status.st_mode)) return keep_folder(context, from, to);
    if (link(from, to) == 0 || errno == EEXIST) return 0;
    if (S_ISLNK(status.st_mode)) return copy_link(context, from, to);
    return S_ISREG(status.st_mode) ? copy_file(context, from, to, status.st_mode) : 0;
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

/* The folders above a goal that was not reached must go when the arena is freed, be it because a guard was raised. */
struct parents {
    char *path; /* the goal's, cut from its end */
    size_t existing;
};

static void parents_release(void *object) {
    struct parents *parents = object;
    for (char *slash = strrchr(parents->path, '/'); slash && (size_t)(slash - parents->path) > parents->existing;
         slash = strrchr(parents->path, '/')) {
        *slash = 0;
        rmdir(parents->path);
    }
}

static int make_parents(struct bxc_context *context, struct arena *arena, const char *goal) {
    const char *slash = strrchr(goal, '/');
    if (!slash || slash == goal) return 0;
    struct parents *parents = ARENA_NEW(arena, struct parents);
    parents->path = arena_strdup(arena, goal);
    parents->existing = existing_length(parents->path);
    arena_defer(arena, parents_release, parents);
    return folder_make(context, arena_strndup(arena, goal, (size_t)(slash - goal)));
}

static int write_beside(struct bxc_context *context, struct arena *arena, const char *goal,
                        const struct file_set *files) {
    if (make_parents(context, arena, goal) < 0) return -1;
    const char *beside = folder_beside(context, arena, goal);
    if (!beside) return -1;
    const char *new = arena_printf(arena, "%s/new", beside);
    if (write_files(context, arena, new, files) < 0 ||
        keep_entry(context, arena_printf(arena, "%s/verify", goal), arena_printf(arena, "%s/verify", new)) < 0)
        return -1;
    return folder_put(context, beside, goal);
}

int folder_write(struct bxc_context *context, const char *folder, const struct file_set *files) {
    if (folder_check(context, folder) < 0) return -1;
    struct arena *arena = arena_new(context);
    int result = write_beside(context, arena, without_slash(arena, folder), files);
    arena_free(arena);
    return result;
}

char *folder_temporary(struct bxc_context *context, struct arena *arena) {
    const char *base = getenv("TMPDIR");
    const char *beside = folder_beside(context, arena, arena_printf(arena, "%s/bxc", base && *base ? base : "/tmp"));
    return beside ? arena_printf(arena, "%s/fw", beside) : NULL;
}
