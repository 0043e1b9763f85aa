/* Changes text word by word and line by line: other words of the text, numbers, lines doubled and left out. */
#ifndef BXC_TEST_FUZZ_TOKENS_H
#define BXC_TEST_FUZZ_TOKENS_H

#include "tests/fuzz/random.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

struct span {
    size_t at, length;
};

static inline bool in_word(uint8_t byte) {
    return isalnum(byte) || byte == '_' || byte == '.' || byte == '-' || byte == '%';
}

static inline bool in_line(uint8_t byte) {
    return byte != '\n';
}

/* Around a place that is drawn; length 0: none is there. */
static inline struct span draw_span(struct random *random, const uint8_t *data, size_t size, bool (*in)(uint8_t)) {
    size_t at = below(random, size), end;
    while (at < size && !in(data[at])) at++;
    for (end = at; end < size && in(data[end]);) end++;
    while (at > 0 && in(data[at - 1])) at--;
    return (struct span){at, end - at};
}

/* What stood there becomes `text`; the size that follows, 0: too long. */
static inline size_t exchange(uint8_t *data, size_t size, size_t limit, struct span old, const char *text,
                              size_t length) {
    if (size - old.length + length > limit) return 0;
    memmove(data + old.at + length, data + old.at + old.length, size - old.at - old.length);
    memcpy(data + old.at, text, length);
    return size - old.length + length;
}

static inline size_t mutate_tokens(struct random *random, uint8_t *data, size_t size, size_t limit) {
    char text[512];
    if (!size) return 0;
    bool lines = !below(random, 4);
    struct span old = draw_span(random, data, size, lines ? in_line : in_word),
                other = draw_span(random, data, size, lines ? in_line : in_word);
    size_t length = other.length < sizeof text ? other.length : sizeof text;
    memcpy(text, data + other.at, length);
    if (lines && below(random, 2)) old.length = 0; /* before it */
    if (lines && length < sizeof text) text[length++] = '\n';
    if (!lines && below(random, 2)) length = (size_t)snprintf(text, sizeof text, "%" PRId64, number(random));
    if (!below(random, 8)) length = 0;
    return exchange(data, size, limit, old, text, length);
}

#endif
