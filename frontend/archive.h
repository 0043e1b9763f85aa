/* Files of a zip that is in memory. */
#ifndef BXC_FRONTEND_ARCHIVE_H
#define BXC_FRONTEND_ARCHIVE_H

#include "ir/context.h"

struct archive {
    struct bxc_context *context;
    struct arena *arena; /* of what is read */
    const char *path;    /* as the user named it */
    const char *help;    /* what to do about a broken one */
    const void *data;
    size_t length;
};

/* The content, with a 0 behind it; NULL: there is no such entry, or after a diagnosis. */
char *archive_entry(const struct archive *archive, const char *entry, size_t *length);
/* The first name that ends so; NULL: none, or after a diagnosis. */
char *archive_name_ending(const struct archive *archive, const char *ending);

#endif
