/* Builds the emitted files as they lie in fw/, into a folder named by their content: what has not
 * changed is not built again, and what has changed is never taken for what was built before. */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sim/private.h"

enum { KEY_DIGITS = 16, BUILD_IDLE_SECONDS = 1800, LAST_LINES = 15 };

struct path_list {
    struct arena *arena;
    const char **paths;
    size_t count, capacity;
};

static void list_add(struct path_list *list, const char *path) {
    if (list->count == list->capacity) {
        size_t larger = list->capacity ? 2 * list->capacity : 64;
        list->paths = arena_grow(list->arena, list->paths, list->capacity * sizeof *list->paths, larger * sizeof *list->paths);
        list->capacity = larger;
    }
    list->paths[list->count++] = path;
}

static void close_folder(void *folder) {
    closedir(folder);
}

static int list_folder(struct path_list *list, const char *folder) {
    DIR *open_folder = opendir(folder);
    if (!open_folder)
        return -1;
    struct arena *scratch = arena_new(arena_context(list->arena));
    arena_defer(scratch, close_folder, open_folder);
    for (struct dirent *entry; (entry = readdir(open_folder));) {
        struct stat status;
        if (entry->d_name[0] == '.')
            continue;
        const char *path = arena_printf(list->arena, "%s/%s", folder, entry->d_name);
        if (stat(path, &status))
            continue;
        if (S_ISDIR(status.st_mode))
            list_folder(list, path);
        else
            list_add(list, path);
    }
    arena_free(scratch);
    return 0;
}

static int by_name(const void *a, const void *b) {
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void hash_text(struct sha256 *hash, const char *text) {
    sha256_add(hash, text ? text : "", text ? strlen(text) + 1 : 1);
}

static int hash_file(struct sha256 *hash, const struct firmware *firmware, struct arena *scratch, const char *path) {
    size_t length;
    char *data = file_read(firmware->context, scratch, path, &length);
    if (!data)
        return -1;
    hash_text(hash, path + strlen(firmware->folder));
    sha256_add(hash, &length, sizeof length);
    sha256_add(hash, data, length);
    return 0;
}

/* Of everything that the program is made from: files, variables, compilers. */
static int content_key(const struct firmware *firmware, struct arena *scratch, const struct build_request *request, char key[65]) {
    static const char *const environment[] = {"CC", "CXX", "OPT", "CFLAGS", "CXXFLAGS"};
    struct path_list list = {.arena = scratch};
    struct sha256 hash;
    sha256_start(&hash);
    for (int i = 0; request->sources[i]; i++) {
        const char *folder = arena_printf(scratch, "%s/%s", firmware->folder, request->sources[i]);
        if (list_folder(&list, folder))
            return diag_error(&firmware->context->diagnostics, (struct location){.file = folder}, "compile the model again",
                              "cannot read the sources of engine '%s': %s", request->engine, strerror(errno));
    }
    if (list.count > 0)
        qsort(list.paths, list.count, sizeof *list.paths, by_name);
    for (size_t i = 0; i < list.count; i++)
        if (hash_file(&hash, firmware, scratch, list.paths[i]))
            return -1;
    for (int i = 0; request->variables[i]; i++)
        hash_text(&hash, request->variables[i]);
    for (size_t i = 0; i < sizeof environment / sizeof *environment; i++)
        hash_text(&hash, getenv(environment[i]));
    sha256_finish(&hash, key);
    key[KEY_DIGITS] = 0;
    return 0;
}

static void make_folders(struct arena *scratch, const char *path) {
    char *partial = arena_strdup(scratch, path);
    for (char *slash = partial + 1; (slash = strchr(slash, '/')); slash++) {
        *slash = 0;
        mkdir(partial, 0777);
        *slash = '/';
    }
    mkdir(partial, 0777);
}

static void remove_folder(struct arena *scratch, const char *folder) {
    struct path_list list = {.arena = scratch};
    DIR *open_folder = opendir(folder);
    if (!open_folder)
        return;
    for (struct dirent *entry; (entry = readdir(open_folder));)
        if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, ".."))
            list_add(&list, arena_printf(scratch, "%s/%s", folder, entry->d_name));
    closedir(open_folder);
    for (size_t i = 0; i < list.count; i++) {
        struct stat status;
        if (!lstat(list.paths[i], &status) && S_ISDIR(status.st_mode))
            remove_folder(scratch, list.paths[i]);
        else
            unlink(list.paths[i]);
    }
    rmdir(folder);
}

/* Older builds of this engine: nobody asks for them again once the sources have changed. */
static void remove_older(struct arena *scratch, const char *work, const char *engine, const char *current) {
    struct path_list list = {.arena = scratch};
    const char *prefix = arena_printf(scratch, "%s-", engine);
    DIR *open_folder = opendir(work);
    if (!open_folder)
        return;
    for (struct dirent *entry; (entry = readdir(open_folder));)
        if (!strncmp(entry->d_name, prefix, strlen(prefix)) && strcmp(entry->d_name + strlen(prefix), current))
            list_add(&list, arena_printf(scratch, "%s/%s", work, entry->d_name));
    closedir(open_folder);
    for (size_t i = 0; i < list.count; i++)
        remove_folder(scratch, list.paths[i]);
}

static int run_make(const struct firmware *firmware, struct arena *scratch, const struct build_request *request, const char *folder, int jobs) {
    const char *arguments[12] = {"make", "-C", arena_printf(scratch, "%s/%s", firmware->folder, request->folder)};
    int count = 3;
    arguments[count++] = arena_printf(scratch, "-j%d", jobs);
    arguments[count++] = arena_printf(scratch, "BUILD=%s", folder);
    for (int i = 0; request->variables[i]; i++)
        arguments[count++] = request->variables[i];
    if (request->target)
        arguments[count++] = request->target;
    struct child child = {.arguments = arguments};
    if (children_run(firmware->context, scratch, &child, 1, BUILD_IDLE_SECONDS))
        return diag_error(&firmware->context->diagnostics, (struct location){0}, NULL, "cancelled while engine '%s' was built", request->engine);
    const char *fate = child_fate(scratch, &child);
    if (!fate)
        return 0;
    const char *lines = child_last_lines(scratch, &child, LAST_LINES);
    return diag_error(&firmware->context->diagnostics, (struct location){.file = arguments[2]}, lines, "engine '%s' does not build: make %s",
                      request->engine, fate);
}

static const char *absolute(struct arena *arena, const char *path) {
    char *resolved = realpath(path, NULL);
    const char *result = arena_strdup(arena, resolved ? resolved : path);
    free(resolved);
    return result;
}

const char *build_program(const struct firmware *firmware, struct arena *arena, const struct engine_options *options,
                          const struct build_request *request) {
    char key[65];
    struct arena *scratch = arena_new(firmware->context);
    const char *program = NULL;
    if (content_key(firmware, scratch, request, key) == 0) {
        const char *work = options->work ? options->work : arena_printf(scratch, "%s/verify/build", firmware->folder);
        make_folders(scratch, work);
        work = absolute(scratch, work);
        const char *folder = arena_printf(scratch, "%s/%s-%s", work, request->engine, key);
        const char *complete = arena_printf(scratch, "%s/complete", folder);
        program = arena_printf(arena, "%s/%s", folder, request->program);
        make_folders(scratch, folder);
        if (access(complete, F_OK) || access(program, X_OK)) {
            if (run_make(firmware, scratch, request, folder, options->jobs) || file_write(firmware->context, complete, "", 0))
                program = NULL;
            else if (!options->work)
                remove_older(scratch, work, request->engine, key);
        }
    }
    arena_free(scratch);
    return program;
}

bool command_exists(const char *name) {
    const char *path = getenv("PATH");
    char candidate[4096];
    while (path && *path) {
        size_t length = strcspn(path, ":");
        if (length + strlen(name) + 2 < sizeof candidate) {
            snprintf(candidate, sizeof candidate, "%.*s/%s", (int)length, path, name);
            if (access(candidate, X_OK) == 0)
                return true;
        }
        path += length + (path[length] == ':');
    }
    return false;
}
