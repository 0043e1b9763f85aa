/* Text that grows in an arena. */
#include "ir/context.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

struct strbuf strbuf_new(struct arena *arena) {
    char *data = arena_alloc(arena, 64);
    return (struct strbuf){arena, data, 0, 64};
}

/* Room for `more` bytes and the terminator. */
static void reserve(struct strbuf *buffer, size_t more) {
    size_t needed = buffer->length + more + 1;
    if (needed <= buffer->capacity) return;
    size_t capacity = buffer->capacity * 2 > needed ? buffer->capacity * 2 : needed;
    buffer->data = arena_extend(buffer->arena, buffer->data, buffer->length + 1, capacity);
    buffer->capacity = capacity;
}

void strbuf_append_bytes(struct strbuf *buffer, const void *data, size_t length) {
    reserve(buffer, length);
    if (length) memcpy(buffer->data + buffer->length, data, length);
    buffer->length += length;
    buffer->data[buffer->length] = 0;
}

void strbuf_append(struct strbuf *buffer, const char *text) {
    strbuf_append_bytes(buffer, text, strlen(text));
}

void strbuf_vprintf(struct strbuf *buffer, const char *format, va_list arguments) {
    va_list again;
    va_copy(again, arguments);
    size_t room = buffer->capacity - buffer->length;
    int length = vsnprintf(buffer->data + buffer->length, room, format, again);
    va_end(again);
    if (length < 0) context_bug(arena_context(buffer->arena), "text '%s' cannot be formatted", format);
    if ((size_t)length >= room) {
        reserve(buffer, (size_t)length);
        vsnprintf(buffer->data + buffer->length, (size_t)length + 1, format, arguments);
    }
    buffer->length += (size_t)length;
}

void strbuf_printf(struct strbuf *buffer, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    strbuf_vprintf(buffer, format, arguments);
    va_end(arguments);
}

/* Where the text has to go on as `end`; NULL when it is shorter. */
static const char *tail_like(const char *text, const char *end) {
    size_t length = strlen(text), wanted = strlen(end);
    return length >= wanted ? text + length - wanted : NULL;
}

bool text_ends_with(const char *text, const char *end) {
    const char *tail = tail_like(text, end);
    return tail && strcmp(tail, end) == 0;
}

bool file_ends_with(const char *path, const char *end) {
    const char *tail = tail_like(path, end);
    return tail && strcasecmp(tail, end) == 0;
}

const char *share_words(struct arena *arena, double part, double whole) {
    double share = 100 * part / whole;
    if (!(whole > 0) || isnan(share)) return "-";
    if (isinf(share)) return share > 0 ? "infinite" : "-infinite";
    return arena_printf(arena, share > 0 && share < 0.01 ? "%.4f %%" : "%.2f %%", share);
}
