/* Whole files in, whole files out: what is written appears complete under its name or not at all.
 * Folders likewise: made beside their goal, put there in one step. */
#define _GNU_SOURCE /* renameat2, O_TMPFILE */
#include "ir/context.h"
#include "ir/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* Read data, owned by the arena from the start so that nothing leaks when a guard is raised. */
struct content {
    char *data;
    size_t length, capacity;
};

static void content_release(void *object) {
    struct content *content = object;
    free(content->data);
    content->data = NULL;
}

static bool content_reserve(struct content *content, size_t capacity) {
    char *data = realloc(content->data, capacity);
    if (!data) return false;
    content->data = data;
    content->capacity = capacity;
    return true;
}

/* 0, or an errno. One byte is kept for the terminator. */
static int read_all(int descriptor, struct content *content) {
    struct stat status;
    size_t capacity = 65536;
    if (fstat(descriptor, &status) == 0 && S_ISREG(status.st_mode) && status.st_size >= 0)
        capacity = (size_t)status.st_size + 2;
    for (;;) {
        if (content->capacity - content->length < 2) {
            if (!content_reserve(content, content->capacity ? 2 * content->capacity : capacity)) return ENOMEM;
        }
        ssize_t got = read(descriptor, content->data + content->length, content->capacity - content->length - 1);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return errno;
        if (got == 0) break;
        content->length += (size_t)got;
    }
    content->data[content->length] = 0;
    return 0;
}

char *file_read(struct bxc_context *context, struct arena *arena, const char *path, size_t *length) {
    struct content *content = ARENA_NEW(arena, struct content);
    arena_defer(arena, content_release, content);
    int descriptor = open(path, O_RDONLY | O_CLOEXEC);
    int error = descriptor < 0 ? errno : read_all(descriptor, content);
    if (descriptor >= 0) close(descriptor);
    if (error) {
        content_release(content);
        diag_error(&context->diagnostics, (struct location){.file = path},
                   error == EISDIR ? "give a file; the model of a firmware folder is its model.bxc" : NULL,
                   "cannot be read: %s", strerror(error));
        return NULL;
    }
    if (length) *length = content->length;
    return content->data;
}

/* ---- mapped ---- */

enum { MAPPED_LEAST = 1 << 24 };

struct mapping {
    char *data;
    size_t size;
    struct mapping *next; /* of the context */
    struct bxc_context *context;
};

static void mapping_release(void *object) {
    struct mapping *mapping = object;
    for (struct mapping **link = &mapping->context->mappings; *link; link = &(*link)->next)
        if (*link == mapping) {
            *link = mapping->next;
            break;
        }
    if (mapping->data) munmap(mapping->data, mapping->size);
    mapping->data = NULL;
}

/* Memory of 0 first, over which the file is put, so that a 0 follows it wherever it ends. */
static bool map(struct mapping *mapping, int descriptor, size_t length) {
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    mapping->size = (length / page + 1) * page;
    char *data = mmap(NULL, mapping->size, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (data == MAP_FAILED) return false;
    mapping->data = data;
    return mmap(data, length, PROT_READ, MAP_PRIVATE | MAP_FIXED, descriptor, 0) != MAP_FAILED;
}

const char *file_map(struct bxc_context *context, struct arena *arena, const char *path, size_t *length) {
    struct stat status;
    struct mapping *mapping = ARENA_NEW(arena, struct mapping);
    mapping->context = context;
    arena_defer(arena, mapping_release, mapping);
    int descriptor = open(path, O_RDONLY | O_CLOEXEC);
    bool large =
        descriptor >= 0 && fstat(descriptor, &status) == 0 && S_ISREG(status.st_mode) && status.st_size >= MAPPED_LEAST;
    bool mapped = large && map(mapping, descriptor, (size_t)status.st_size);
    if (descriptor >= 0) close(descriptor);
    if (!mapped) return file_read(context, arena, path, length);
    mapping->next = context->mappings;
    context->mappings = mapping;
    *length = (size_t)status.st_size;
    return mapping->data;
}

void file_pages_release(const struct bxc_context *context, const void *bytes, size_t length) {
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    for (const struct mapping *mapping = context->mappings; mapping; mapping = mapping->next) {
        if ((const char *)bytes < mapping->data || (const char *)bytes >= mapping->data + mapping->size) continue;
        size_t begin = (size_t)((const char *)bytes - mapping->data), end = begin + length;
        begin = (begin + page - 1) / page * page;
        end = end / page * page;
        if (end > begin) (void)madvise(mapping->data + begin, end - begin, MADV_DONTNEED);
    }
}

/* ---- written beside its goal ---- */

/* Nameless until it is whole, where the file system has such files: whoever dies leaves nothing. Elsewhere, and where
 * it must replace another, it has a name and holds its lock: what nobody holds the next one removes. */
struct new_file {
    const char *path;
    char *beside; /* "PATH.PID.NUMBER.new" */
    bool named;
    int descriptor;
};

static void new_file_release(void *object) {
    struct new_file *file = object;
    if (file->named) unlink(file->beside);
    if (file->descriptor >= 0) close(file->descriptor);
    file->named = false;
    file->descriptor = -1;
}

static bool is_beside(const char *name, const char *goal) {
    size_t length = strlen(name), start = strlen(goal), end = strlen(".new");
    if (length <= start + 1 + end || strncmp(name, goal, start) != 0 || name[start] != '.' ||
        strcmp(name + length - end, ".new") != 0)
        return false;
    return strspn(name + start, ".0123456789") == length - start - end + 1;
}

static void remove_if_nobody_writes(int folder, const char *name) {
    int descriptor = openat(folder, name, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (descriptor < 0) return;
    if (flock(descriptor, LOCK_EX | LOCK_NB) == 0) unlinkat(folder, name, 0);
    close(descriptor);
}

static const char *folder_of(struct arena *arena, const char *path) {
    const char *slash = strrchr(path, '/');
    return !slash ? "." : slash == path ? "/" : arena_strndup(arena, path, (size_t)(slash - path));
}

static void remove_left_over_files(struct arena *arena, const char *path) {
    const char *slash = strrchr(path, '/');
    DIR *folder = opendir(folder_of(arena, path));
    for (struct dirent *entry; folder && (entry = readdir(folder));)
        if (is_beside(entry->d_name, slash ? slash + 1 : path)) remove_if_nobody_writes(dirfd(folder), entry->d_name);
    if (folder) closedir(folder);
}

enum { ATTEMPTS = 100 };

static void name_beside(struct new_file *file, int attempt) {
    sprintf(file->beside, "%s.%ld.%d.new", file->path, (long)getpid(), attempt);
}

/* 0, or an errno. */
static int open_named(struct new_file *file) {
    for (int attempt = 0; attempt < ATTEMPTS && file->descriptor < 0; attempt++) {
        name_beside(file, attempt);
        file->descriptor = open(file->beside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (file->descriptor < 0 && errno != EEXIST) return errno;
    }
    file->named = file->descriptor >= 0;
    if (file->named) (void)flock(file->descriptor, LOCK_EX | LOCK_NB); /* else it is as it was without locks */
    return file->named ? 0 : EEXIST;
}

struct new_file *new_file_open(struct arena *arena, const char *path, int *descriptor) {
    struct new_file *file = ARENA_NEW(arena, struct new_file);
    enum { NUMBERS = 64 };
    *file = (struct new_file){.path = arena_strdup(arena, path),
                              .beside = ARENA_ARRAY(arena, char, strlen(path) + NUMBERS),
                              .descriptor = -1};
    arena_defer(arena, new_file_release, file);
    if (access("/proc/self/fd", X_OK) == 0) /* by which it gets its name */
        file->descriptor = open(folder_of(arena, path), O_TMPFILE | O_WRONLY | O_CLOEXEC, 0666);
    if (file->descriptor < 0) {
        remove_left_over_files(arena, path);
        errno = open_named(file);
    }
    *descriptor = file->descriptor;
    return file->descriptor < 0 ? NULL : file;
}

/* A nameless file appears at its goal, or beside one that is there. 0, or an errno. */
static int give_name(struct arena *arena, struct new_file *file) {
    char from[64];
    snprintf(from, sizeof from, "/proc/self/fd/%d", file->descriptor);
    if (linkat(AT_FDCWD, from, AT_FDCWD, file->path, AT_SYMLINK_FOLLOW) == 0) return 0;
    if (errno != EEXIST) return errno;
    remove_left_over_files(arena, file->path);
    (void)flock(file->descriptor, LOCK_EX | LOCK_NB);
    for (int attempt = 0; attempt < ATTEMPTS && !file->named; attempt++) {
        name_beside(file, attempt);
        file->named = linkat(AT_FDCWD, from, AT_FDCWD, file->beside, AT_SYMLINK_FOLLOW) == 0;
        if (!file->named && errno != EEXIST) return errno;
    }
    return file->named ? 0 : EEXIST;
}

int new_file_close(struct arena *arena, struct new_file *file) {
    int error = file->named ? 0 : give_name(arena, file);
    if (!error && file->named && rename(file->beside, file->path) != 0) error = errno;
    if (!error) file->named = false;
    if (!error && close(file->descriptor) != 0) error = errno;
    if (!error) file->descriptor = -1;
    new_file_release(file);
    return error;
}

/* 0, or an errno. */
static int write_all(int descriptor, const char *data, size_t length) {
    while (length) {
        ssize_t put = write(descriptor, data, length);
        if (put < 0 && errno != EINTR) return errno;
        if (put > 0) {
            data += put;
            length -= (size_t)put;
        }
    }
    return 0;
}

int file_write(struct bxc_context *context, const char *path, const void *data, size_t length) {
    struct arena *scratch = arena_new(context);
    int descriptor;
    struct new_file *file = new_file_open(scratch, path, &descriptor);
    int error = file ? write_all(descriptor, data, length) : errno;
    if (!error) error = new_file_close(scratch, file);
    if (error)
        diag_error(&context->diagnostics, (struct location){.file = path}, NULL, "cannot be written: %s",
                   strerror(error));
    arena_free(scratch);
    return error ? -1 : 0;
}

/* ---- folders ---- */

static int open_folder(int parent, const char *name) {
    return openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

static bool is_dots(const char *name) {
    return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

/* The lock file goes last: a folder that is left in the middle of this must be known as left over. */
static void remove_at(int parent, const char *name) {
    if (unlinkat(parent, name, 0) == 0) return;
    int descriptor = open_folder(parent, name);
    DIR *folder = descriptor < 0 ? NULL : fdopendir(descriptor);
    if (folder) {
        for (struct dirent *entry; (entry = readdir(folder));)
            if (!is_dots(entry->d_name) && strcmp(entry->d_name, FOLDER_LOCK) != 0)
                remove_at(dirfd(folder), entry->d_name);
        unlinkat(dirfd(folder), FOLDER_LOCK, 0);
        closedir(folder);
    } else if (descriptor >= 0) {
        close(descriptor);
    }
    unlinkat(parent, name, AT_REMOVEDIR);
}

void folder_remove(const char *folder) {
    remove_at(AT_FDCWD, folder);
}

/* One that is there already is as good; 0 or -1 and errno. */
static int make_one(const char *path) {
    return mkdir(path, 0777) == 0 || errno == EEXIST ? 0 : -1;
}

int folder_make(struct bxc_context *context, const char *path) {
    struct arena *scratch = arena_new(context);
    char *partial = arena_strdup(scratch, path);
    int result = 0;
    for (char *slash = partial; result == 0 && slash && (slash = strchr(slash + 1, '/'));) {
        *slash = 0;
        result = make_one(partial);
        if (result == 0) *slash = '/';
    }
    if (result == 0) result = make_one(partial);
    if (result)
        diag_error(&context->diagnostics, (struct location){.file = partial}, NULL, "cannot make this folder: %s",
                   strerror(errno));
    arena_free(scratch);
    return result;
}

enum { NAME_LETTERS = 6, LEFT_OVER_SECONDS = 24 * 3600 };

static bool is_older(int descriptor, time_t seconds) {
    struct stat status;
    return fstat(descriptor, &status) == 0 && time(NULL) - status.st_mtime > seconds;
}

/* Nobody holds the lock, or it is of yesterday on a file system without locks. */
static bool is_left_over(int lock) {
    if (flock(lock, LOCK_EX | LOCK_NB) == 0) return true;
    return errno != EWOULDBLOCK && errno != EINTR && is_older(lock, LEFT_OVER_SECONDS);
}

/* What stood at the goal when its maker died between two renames goes back there. */
static void give_back(int left_over, const char *goal) {
    struct stat status;
    if (lstat(goal, &status) && errno == ENOENT) renameat(left_over, "old", AT_FDCWD, goal);
}

static void remove_if_left_over(int parent, const char *name, const char *goal) {
    int folder = open_folder(parent, name);
    if (folder < 0) return;
    int lock = openat(folder, FOLDER_LOCK, O_RDWR | O_NOFOLLOW | O_CLOEXEC);
    if (lock < 0 && errno == ENOENT)
        unlinkat(parent, name, AT_REMOVEDIR); /* only if it is empty: what has no lock file may be anybody's */
    if (lock >= 0 && is_left_over(lock)) {
        give_back(folder, goal);
        remove_at(parent, name);
    }
    if (lock >= 0) close(lock);
    close(folder);
}

static void remove_left_overs(struct arena *scratch, const char *goal) {
    const char *slash = strrchr(goal, '/');
    const char *prefix = arena_printf(scratch, "%s.new-", slash ? slash + 1 : goal);
    DIR *folder = opendir(folder_of(scratch, goal));
    if (!folder) return;
    for (struct dirent *entry; (entry = readdir(folder));)
        if (strncmp(entry->d_name, prefix, strlen(prefix)) == 0 &&
            strlen(entry->d_name) == strlen(prefix) + NAME_LETTERS)
            remove_if_left_over(dirfd(folder), entry->d_name, goal);
    closedir(folder);
}

struct beside {
    char *path, *lock_path;
    bool made;
    int lock;
};

static void beside_release(void *object) {
    struct beside *beside = object;
    if (beside->made) folder_remove(beside->path);
    if (beside->lock >= 0) close(beside->lock);
}

/* 0, or an errno: EAGAIN when somebody took the new folder for a left-over one. */
static int hold(struct beside *beside) {
    struct stat held, named;
    beside->lock = open(beside->lock_path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (beside->lock < 0) return errno == ENOENT ? EAGAIN : errno;
    bool taken = flock(beside->lock, LOCK_EX | LOCK_NB) && errno == EWOULDBLOCK;
    if (!taken && fstat(beside->lock, &held) == 0 && stat(beside->lock_path, &named) == 0 &&
        held.st_ino == named.st_ino)
        return 0;
    close(beside->lock);
    beside->lock = -1;
    return EAGAIN;
}

/* 0, or an errno. */
static int make_beside(struct beside *beside) {
    size_t length = strlen(beside->path);
    memcpy(beside->path + length - NAME_LETTERS, "XXXXXX", NAME_LETTERS);
    beside->made = mkdtemp(beside->path) != NULL;
    if (!beside->made) return errno;
    memcpy(beside->lock_path, beside->path, length);
    return hold(beside);
}

/* All memory is had before the folder is made, so that a guard that is raised finds what is to be removed. */
char *folder_beside(struct bxc_context *context, struct arena *arena, const char *goal) {
    struct beside *beside = ARENA_NEW(arena, struct beside);
    *beside = (struct beside){.path = arena_printf(arena, "%s.new-XXXXXX", goal), .lock = -1};
    beside->lock_path = arena_printf(arena, "%s/%s", beside->path, FOLDER_LOCK);
    arena_defer(arena, beside_release, beside);
    struct arena *scratch = arena_new(context);
    remove_left_overs(scratch, goal);
    arena_free(scratch);
    int error = EAGAIN;
    for (int attempt = 0; attempt < 100 && error == EAGAIN; attempt++) error = make_beside(beside);
    if (!error) return beside->path;
    diag_error(&context->diagnostics, (struct location){.file = goal}, NULL, "cannot make a folder beside it: %s",
               strerror(error));
    return NULL;
}

/* ---- locks: of processes, on every machine that shares the file system; who dies gives them back ---- */

static void lock_release(void *object) {
    int *lock = object;
    if (*lock >= 0) close(*lock);
}

static int *lock_new(struct arena *arena) {
    int *lock = ARENA_NEW(arena, int);
    *lock = -1;
    arena_defer(arena, lock_release, lock);
    return lock;
}

bool folder_hold(struct arena *arena, const char *folder) {
    struct stat held, named;
    const char *path = arena_printf(arena, "%s/%s", folder, FOLDER_LOCK);
    int *lock = lock_new(arena);
    *lock = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    return *lock >= 0 && (flock(*lock, LOCK_SH | LOCK_NB) == 0 || errno != EWOULDBLOCK) && fstat(*lock, &held) == 0 &&
           lstat(path, &named) == 0 && held.st_ino == named.st_ino;
}

void folder_remove_unheld(const char *folder) {
    int descriptor = open_folder(AT_FDCWD, folder);
    if (descriptor < 0) return;
    int lock = openat(descriptor, FOLDER_LOCK, O_RDWR | O_NOFOLLOW | O_CLOEXEC);
    if (lock >= 0 && is_left_over(lock)) folder_remove(folder);
    if (lock >= 0) close(lock);
    close(descriptor);
}

bool file_lock(struct arena *arena, const char *path, double seconds) {
    const struct timespec pause = {.tv_nsec = 20000000};
    int *lock = lock_new(arena);
    *lock = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0666);
    if (*lock < 0) return false;
    for (; flock(*lock, LOCK_EX | LOCK_NB); seconds -= 0.02) {
        if ((errno != EWOULDBLOCK && errno != EINTR) || seconds <= 0) return false;
        nanosleep(&pause, NULL);
    }
    return true;
}

/* ---- exchange ---- */

/* In one step, or in two where the file system cannot exchange (NFS, AFS). */
static int exchange(struct arena *scratch, const char *beside, const char *new, const char *goal) {
    if (renameat2(AT_FDCWD, new, AT_FDCWD, goal, RENAME_EXCHANGE) == 0) return 0;
    if (errno != EINVAL && errno != ENOSYS) return -1;
    const char *old = arena_printf(scratch, "%s/old", beside);
    if (rename(goal, old)) return -1;
    if (rename(new, goal) == 0) return 0;
    int error = errno;
    rename(old, goal);
    errno = error;
    return -1;
}

int folder_put(struct bxc_context *context, const char *beside, const char *goal) {
    struct stat status;
    struct arena *scratch = arena_new(context);
    const char *new = arena_printf(scratch, "%s/new", beside);
    int result = lstat(goal, &status) ? rename(new, goal) : exchange(scratch, beside, new, goal);
    if (result)
        diag_error(&context->diagnostics, (struct location){.file = goal}, NULL, "cannot be put here: %s",
                   strerror(errno));
    arena_free(scratch);
    return result;
}
