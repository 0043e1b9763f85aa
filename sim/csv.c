/* Reads events from .csv files: one event a line, numbers between commas, a first line of names
 * allowed, lines that begin with # passed over. One pass counts, so that a ragged line is told
 * before anything runs; then lines are read as they are needed. */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "sim/private.h"

enum { LINE_MAX_BYTES = 1 << 26 };

static int append_byte(struct event_source *source, size_t length, int byte) {
    if (length + 1 >= source->text_capacity) {
        size_t larger = source->text_capacity ? 2 * source->text_capacity : 1024;
        source->text = arena_grow(source->arena, source->text, source->text_capacity, larger);
        source->text_capacity = larger;
    }
    source->text[length] = (char)byte;
    source->text[length + 1] = 0;
    return 0;
}

/* The next line that holds numbers or names: 1, 0 at the end, -1 diagnosed. */
static int next_line(struct event_source *source) {
    for (;;) {
        size_t length = 0;
        int byte;
        append_byte(source, 0, 0);
        while ((byte = getc_unlocked(source->file)) != EOF && byte != '\n') {
            if (length >= LINE_MAX_BYTES || byte == 0)
                return event_source_error(source, source->line + 1, NULL,
                                          byte ? "the line is too long" : "not a text file");
            append_byte(source, length++, byte);
        }
        if (byte == EOF && length == 0)
            return ferror(source->file) ? event_source_error(source, source->line, NULL, "cannot read on") : 0;
        if (source->line++ == 0 &&
            !strncmp(source->text, "\xef\xbb\xbf", 3)) { /* spreadsheets say so that it is UTF-8 */
            length -= 3;
            memmove(source->text, source->text + 3, length + 1);
        }
        while (length > 0 && strchr(" \t\r", source->text[length - 1])) source->text[--length] = 0;
        const char *start = source->text + strspn(source->text, " \t");
        if (*start && *start != '#') return 1;
    }
}

static size_t count_fields(const char *text) {
    size_t fields = 1;
    for (; (text = strchr(text, ',')); text++) fields++;
    return fields;
}

/* One number and what follows it up to the comma; false when it is none. */
static bool field_number(const char **text, double *number) {
    char *end;
    *number = strtod(*text, &end);
    bool good = end != *text;
    end += strspn(end, " \t");
    good = good && (*end == ',' || *end == 0);
    const char *comma = strchr(*text, ',');
    *text = comma ? comma + 1 : *text + strlen(*text);
    return good;
}

static bool begins_as_number(const char *text) {
    text += strspn(text, " \t");
    text += *text == '-' || *text == '+';
    text += *text == '.';
    return *text >= '0' && *text <= '9';
}

/* A line of names: no field is a number. A name that begins as one may be a slip, and an event is lost then. */
static bool is_header(const struct event_source *source) {
    double number;
    bool told = false;
    for (const char *text = source->text; *text;) {
        const char *field = text;
        if (field_number(&text, &number)) return false;
        told |= begins_as_number(field);
    }
    if (told)
        diag_warning(&source->context->diagnostics, (struct location){.file = source->path, .line = source->line},
                     "where these are numbers of an event, write them as such",
                     "the line '%.40s' is taken for the names of columns", source->text);
    return true;
}

/* A whole number in the text, before the comma, that binary64 cannot hold. */
static bool is_rounded(const char *text, double number) {
    if (fabs(number) < 0x1p53) return false;
    text += strspn(text, " \t");
    const char *digits = text + (*text == '-' || *text == '+');
    const char *end = digits + strspn(digits, "0123456789");
    if (end == digits || (*end && !strchr(", \t", *end))) return false;
    int128 whole = 0;
    for (; digits < end && whole <= (int128)1 << 100; digits++) whole = 10 * whole + (*digits - '0');
    return digits < end || whole != (int128)fabs(number);
}

static int64_t csv_read(struct event_source *source, double *data, size_t events) {
    for (size_t i = 0; i < events; i++) {
        uint64_t event = source->next + i;
        if (next_line(source) <= 0)
            return event_source_error(source, source->line, NULL, "the file ends before event %" PRIu64, event);
        const char *text = source->text;
        for (size_t column = 0; column < source->elements; column++) {
            double *number = &data[i * source->elements + column];
            const char *field = text;
            if (!field_number(&text, number))
                return event_source_error(
                    source, source->line,
                    "numbers with commas between them, as in 1.5,-2e3; a first line of names is skipped",
                    "not a number at event %" PRIu64 ", column %zu", event, column);
            if (is_rounded(field, *number))
                return event_source_error(
                    source, source->line, "save the events as .npy of int64, which holds it exactly",
                    "a whole number that binary64 rounds at event %" PRIu64 ", column %zu", event, column);
            if (isnan(*number)) return event_source_not_a_number(source, source->line, event, column);
        }
    }
    return (int64_t)events;
}

static int csv_rewind(struct event_source *source) {
    if (fseek(source->file, 0, SEEK_SET)) return event_source_error(source, 0, NULL, "cannot go back to its beginning");
    source->line = 0;
    return source->has_header && next_line(source) < 0 ? -1 : 0;
}

int csv_open(struct event_source *source) {
    int more;
    source->read = csv_read;
    source->rewind = csv_rewind;
    while ((more = next_line(source)) > 0) {
        size_t fields = count_fields(source->text);
        if (source->elements == 0) {
            source->elements = fields;
            source->has_header = is_header(source);
        } else if (fields != source->elements) {
            return event_source_error(source, source->line, "every line has one number for each element",
                                      "%zu columns, where the lines before have %zu", fields, source->elements);
        }
        source->count++;
    }
    if (more < 0) return -1;
    source->count -= source->has_header ? 1 : 0;
    source->shape = (struct shape){.rank = 1, .dim = {(int64_t)source->elements}};
    return csv_rewind(source);
}
