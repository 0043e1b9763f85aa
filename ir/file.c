/* Whole files in, whole files out: what is written appears complete under its name or not at all. */
#include "ir/ir.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
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
    if (!data)
        return false;
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
            if (!content_reserve(content, content->capacity ? 2 * content->capacity : capacity))
                return ENOMEM;
        }
        ssize_t got = read(descriptor, content->data + content->length, content->capacity - content->length - 1);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return errno;
        if (got == 0)
            break;
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
    if (descriptor >= 0)
        close(descriptor);
    if (error) {
        content_release(content);
        diag_error(&context->diagnostics, (struct location){.file = path}, NULL, "cannot be read: %s", strerror(error));
        return NULL;
    }
    if (length)
        *length = content->length;
    return content->data;
}

/* 0, or an errno. */
static int write_all(const char *path, const char *data, size_t length) {
    int descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    int error = 0;
    if (descriptor < 0)
        return errno;
    while (length && !error) {
        ssize_t put = write(descriptor, data, length);
        if (put < 0 && errno != EINTR)
            error = errno;
        if (put > 0) {
            data += put;
            length -= (size_t)put;
        }
    }
    if (close(descriptor) != 0 && !error)
        error = errno;
    return error;
}

int file_write(struct bxc_context *context, const char *path, const void *data, size_t length) {
    struct arena *scratch = arena_new(context);
    char *beside = NULL;
    int error = EEXIST;
    for (int attempt = 0; error == EEXIST && attempt < 100; attempt++) {
        beside = arena_printf(scratch, "%s.%ld.%d.new", path, (long)getpid(), attempt);
        error = write_all(beside, data, length);
    }
    if (!error && rename(beside, path) != 0)
        error = errno;
    if (error) {
        if (error != EEXIST)
            unlink(beside);
        diag_error(&context->diagnostics, (struct location){.file = path}, NULL, "cannot be written: %s", strerror(error));
    }
    arena_free(scratch);
    return error ? -1 : 0;
}
