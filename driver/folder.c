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

static void folder_remove(const char *folder) {
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

static int write_files(struct bxc_context *context, struct arena *arena, const char *folder, const struct file_set *files) {
    for (uint32_t i = 0; i < files->count; i++) {
        const struct emitted_file *file = &files->files[i];
        char *path = arena_printf(arena, "%s/%s", folder, file->path);
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

static void close_directory(void *directory) {
    closedir(directory);
}

/* By a hard link; by a copy where the file system has none. */
static int keep_file(struct bxc_context *context, const char *from, const char *to, mode_t mode) {
    if (link(from, to) == 0 || errno == EEXIST || !S_ISREG(mode)) return 0;
    struct arena *scratch = arena_new(context);
    size_t length;
    const char *data = file_read(context, scratch, from, &length);
    int result = data ? file_write(context, to, data, length) : -1;
    if (result == 0 && chmod(to, mode & 0777) < 0) result = failed(context, to, "cannot set its mode");
    arena_free(scratch);
    return result;
}

/* Gives the new folder what verify/ held in the old one; files it has itself win. */
static int keep_verdicts(struct bxc_context *context, const char *old, const char *new) {
    DIR *directory = opendir(old);
    if (!directory) return errno == ENOENT ? 0 : failed(context, old, "cannot be read");
    int result = 0;
    struct arena *scratch = arena_new(context);
    arena_defer(scratch, close_directory, directory);
    mkdir(new, 0777);
    for (struct dirent *entry; result == 0 && (entry = readdir(directory));) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
        char *from = arena_printf(scratch, "%s/%s", old, entry->d_name), *to = arena_printf(scratch, "%s/%s", new, entry->d_name);
        struct stat status;
        if (lstat(from, &status) < 0) continue;
        result = S_ISDIR(status.st_mode) ? keep_verdicts(context, from, to) : keep_file(context, from, to, status.st_mode);
    }
    arena_free(scratch);
    return result;
}

static char *without_slash(struct arena *arena, const char *folder) {
    char *path = arena_strdup(arena, folder);
    for (size_t length = strlen(path); length > 1 && path[length - 1] == '/';) path[--length] = 0;
    return path;
}

/* In one step, or in two where the file system cannot exchange (NFS, AFS). */
static int exchange_names(struct arena *arena, const char *new, const char *goal) {
    if (renameat2(AT_FDCWD, new, AT_FDCWD, goal, RENAME_EXCHANGE) == 0) return 0;
    if (errno != EINVAL && errno != ENOSYS) return -1;
    const char *aside = arena_printf(arena, "%s.old", new);
    if (rename(goal, aside) < 0) return -1;
    if (rename(new, goal) == 0) return rename(aside, new);
    int error = errno;
    rename(aside, goal);
    errno = error;
    return -1;
}

static int exchange(struct bxc_context *context, struct arena *arena, const char *new, const char *goal) {
    struct stat status;
    if (lstat(goal, &status) < 0) return rename(new, goal) < 0 ? failed(context, goal, "cannot put the firmware here") : 0;
    if (keep_verdicts(context, arena_printf(arena, "%s/verify", goal), arena_printf(arena, "%s/verify", new)) < 0) return -1;
    return exchange_names(arena, new, goal) < 0 ? failed(context, goal, "cannot exchange the firmware") : 0;
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

/* What must go when the arena is freed, be it because a guard was raised: the folder beside the goal
 * (after the exchange: the earlier firmware), and the folders above a goal that was not reached. */
struct attempt {
    char *parents; /* the goal's path, cut from its end */
    size_t existing;
    char *beside; /* NULL: not made yet */
};

static void attempt_release(void *object) {
    struct attempt *attempt = object;
    if (attempt->beside) folder_remove(attempt->beside);
    for (char *slash = strrchr(attempt->parents, '/'); slash && (size_t)(slash - attempt->parents) > attempt->existing;
         slash = strrchr(attempt->parents, '/')) {
        *slash = 0;
        rmdir(attempt->parents);
    }
}

static int write_beside(struct bxc_context *context, struct arena *arena, const char *goal, const struct file_set *files) {
    struct attempt *attempt = ARENA_NEW(arena, struct attempt);
    char *new = arena_printf(arena, "%s.new-XXXXXX", goal);
    attempt->parents = arena_strdup(arena, goal);
    attempt->existing = existing_length(attempt->parents);
    arena_defer(arena, attempt_release, attempt);
    if (make_folders(context, new) < 0) return -1;
    if (!mkdtemp(new)) return failed(context, goal, "cannot make a folder beside it");
    attempt->beside = new;
    mode_t mask = umask(0);
    umask(mask);
    chmod(new, 0777 & ~mask);
    return write_files(context, arena, new, files) < 0 ? -1 : exchange(context, arena, new, goal);
}

int folder_write(struct bxc_context *context, const char *folder, const struct file_set *files) {
    if (folder_check(context, folder) < 0) return -1;
    struct arena *arena = arena_new(context);
    int result = write_beside(context, arena, without_slash(arena, folder), files);
    arena_free(arena);
    return result;
}

static void remove_temporary(void *folder) {
    folder_remove(folder);
}

char *folder_temporary(struct bxc_context *context, struct arena *arena) {
    const char *base = getenv("TMPDIR");
    char *path = arena_printf(arena, "%s/bxc-XXXXXX", base && *base ? base : "/tmp");
    if (!mkdtemp(path)) {
        failed(context, path, "cannot make a temporary folder");
        return NULL;
    }
    arena_defer(arena, remove_temporary, path);
    return path;
}
