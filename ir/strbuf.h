/* Text that grows, how it ends, shares as text. */
#ifndef BXC_IR_STRBUF_H
#define BXC_IR_STRBUF_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include "ir/arena.h"

struct strbuf {
    struct arena *arena;
    char *data; /* always terminated; "" when empty */
    size_t length, capacity;
};

struct strbuf strbuf_new(struct arena *arena);
void strbuf_append(struct strbuf *buffer, const char *text);
void strbuf_append_bytes(struct strbuf *buffer, const void *data, size_t length);
void strbuf_printf(struct strbuf *buffer, const char *format, ...) PRINTF_LIKE(2, 3);
void strbuf_vprintf(struct strbuf *buffer, const char *format, va_list arguments);
bool text_ends_with(const char *text, const char *end);
bool file_ends_with(const char *path, const char *end); /* in letters of either case */
/* "0.53 %"; "-" of nothing. */
const char *share_words(struct arena *arena, double part, double whole);

#endif
