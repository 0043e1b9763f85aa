/* Whole files in, whole files out. */
#ifndef BXC_IR_FILE_H
#define BXC_IR_FILE_H

#include <stdbool.h>
#include <stddef.h>

#include "ir/arena.h"

/* Reads a file into the arena, with a terminating 0 that *length does not count. NULL and a
 * diagnosis when it cannot be read. */
char *file_read(struct bxc_context *context, struct arena *arena, const char *path, size_t *length);
/* The same, to be read only: a large file is mapped and takes memory as it is looked at. It must not get shorter
 * meanwhile. */
const char *file_map(struct bxc_context *context, struct arena *arena, const char *path, size_t *length);
/* These bytes are not needed for now: pages that hold nothing else of a mapped file are given back, and come back when
 * they are read. Of any other memory nothing happens. */
void file_pages_release(const struct bxc_context *context, const void *bytes, size_t length);
/* The file is whole under its name or not there; -1 and a diagnosis, nothing left behind, when it cannot be written. */
int file_write(struct bxc_context *context, const char *path, const void *data, size_t length);
/* The same for what is written bit by bit, to the descriptor: it is put at its path when it is closed, 0 or an errno,
 * and is gone when it is not, be it that the process is killed. NULL and errno. The arena must live until then. */
struct new_file;
struct new_file *new_file_open(struct arena *arena, const char *path, int *descriptor);
int new_file_close(struct arena *arena, struct new_file *file);
/* The folder and those above it; one that is there is as good. -1 and a diagnosis. */
int folder_make(struct bxc_context *context, const char *path);
/* With all that is in it. No link is followed. */
void folder_remove(const char *folder);
/* A new folder GOAL.new-XXXXXX, removed when the arena is freed. Those whose makers have been killed are removed
 * before. What is made under "new" in it, folder_put exchanges with the goal. NULL and a diagnosis. */
char *folder_beside(struct bxc_context *context, struct arena *arena, const char *goal);
/* -1 and a diagnosis: nothing is changed */
int folder_put(struct bxc_context *context, const char *beside, const char *goal);
/* The file in a folder by which it is held. A holder that dies in whatever way gives it back. */
#define FOLDER_LOCK ".bxc-lock"
/* shared, until the arena is freed; false: it goes or is gone */
bool folder_hold(struct arena *arena, const char *folder);
void folder_remove_unheld(const char *folder); /* unless somebody holds it, or it has no such file */
/* Waits for its turn and has it until the arena is freed; false: not within the time, or there are no locks here. */
bool file_lock(struct arena *arena, const char *path, double seconds);

#endif
