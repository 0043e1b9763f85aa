/* What is wrong, where, and what to do about it. */
#ifndef BXC_IR_DIAG_H
#define BXC_IR_DIAG_H

#include <stddef.h>

#include "ir/strbuf.h"

/* Every field may be NULL or 0. Strings are copied. */
struct location {
    const char *file;      /* as the user gave it */
    int line;              /* from 1 */
    const char *path;      /* inside the file: JSON path, HDF5 path */
    const char *node;      /* name of the node, or "#12" */
    const char *op;        /* its operator in the model's own words */
    const char *attribute; /* or input, or tensor */
    const char *option;    /* "--clock": what the command line gives it is wrong usage, whatever the files hold */
    int opset;
};

enum severity { SEVERITY_NOTE, SEVERITY_WARNING, SEVERITY_ERROR };

struct diagnostic {
    enum severity severity;
    struct location location;
    char *message; /* lower case, no full stop */
    char *help;    /* or NULL */
};

struct diagnostics {
    struct arena *arena;
    struct pseudonym *pseudonyms;            /* the latest first */
    struct diagnostic *items;                /* in order */
    size_t count, capacity, errors, misuses; /* misuses: errors at an option */
    char *out_of_memory;                     /* a message and a free slot are kept for when memory has run out */
};

/* From now on what is told of the file or folder at `path` is told of `name`: a temporary one is nobody's but ours. */
void diag_call(struct diagnostics *diag, const char *path, const char *name);
/* Collect; diag_error returns -1. help may be NULL. */
int diag_error(struct diagnostics *diag, struct location at, const char *help, const char *format, ...)
    PRINTF_LIKE(4, 5);
void diag_warning(struct diagnostics *diag, struct location at, const char *help, const char *format, ...)
    PRINTF_LIKE(4, 5);
void diag_note(struct diagnostics *diag, struct location at, const char *help, const char *format, ...)
    PRINTF_LIKE(4, 5);
/* One diagnostic as people read it: "file: error: message\n  at: ...\n  help: ...\n". */
void diag_format(struct strbuf *out, const struct diagnostic *item);

#endif
