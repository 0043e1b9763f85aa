/* Tables for the terminal. Columns are as wide as what stands in them. */
#include <string.h>

#include "report/private.h"

enum { NAME_COLUMNS_MAX = 40 };

/* Characters, not bytes. */
static size_t text_width(const char *text) {
    size_t width = 0;
    for (; *text; text++) width += ((unsigned char)*text & 0xc0) != 0x80;
    return width;
}

void table_row(struct text_table *table, const char *const *cells) {
    if (table->count == table->capacity) {
        size_t larger = table->capacity ? 2 * table->capacity : 16;
        table->rows =
            arena_grow(table->arena, table->rows, table->capacity * sizeof *table->rows, larger * sizeof *table->rows);
        table->capacity = larger;
    }
    const char **row = ARENA_ARRAY(table->arena, const char *, table->columns);
    for (int i = 0; i < table->columns; i++)
        row[i] = cells[i] ? words_clean(table->arena, cells[i]) : ""; /* no escape sequences from names */
    table->rows[table->count++] = row;
}

static void pad(struct strbuf *out, size_t count) {
    while (count-- > 0) strbuf_append(out, " ");
}

static void print_cell(struct strbuf *out, const char *text, size_t width, bool right, bool last) {
    size_t gap = width > text_width(text) ? width - text_width(text) : 0;
    if (right) pad(out, gap);
    strbuf_append(out, text);
    if (!right && !last) pad(out, gap);
    strbuf_append(out, last ? "\n" : "  ");
}

/* A column that no row has anything in; the last one ends the line. */
static bool is_empty(const struct text_table *table, int column) {
    for (size_t r = 0; r < table->count; r++)
        if (*table->rows[r][column]) return false;
    return column + 1 < table->columns;
}

void table_print(struct strbuf *out, const struct text_table *table, bool colour) {
    size_t width[TABLE_COLUMNS_MAX] = {0};
    for (int i = 0; i < table->columns; i++) {
        if (is_empty(table, i)) continue;
        width[i] = text_width(table->headings[i]) - (*table->headings[i] == '>');
        for (size_t r = 0; r < table->count; r++)
            width[i] = text_width(table->rows[r][i]) > width[i] ? text_width(table->rows[r][i]) : width[i];
    }
    strbuf_append(out, colour ? "\033[1m  " : "  ");
    for (int i = 0; i < table->columns; i++) {
        if (width[i] == 0 && i + 1 < table->columns) continue;
        bool right = *table->headings[i] == '>';
        print_cell(out, table->headings[i] + right, width[i], right, i + 1 == table->columns);
    }
    if (colour) strbuf_append(out, "\033[0m");
    for (size_t r = 0; r < table->count; r++) {
        strbuf_append(out, "  ");
        for (int i = 0; i < table->columns; i++)
            if (width[i] > 0 || i + 1 == table->columns)
                print_cell(out, table->rows[r][i], width[i], *table->headings[i] == '>', i + 1 == table->columns);
    }
}

const char *table_shortened(struct arena *arena, const char *name) {
    size_t length = strlen(name);
    if (length <= NAME_COLUMNS_MAX) return name;
    return arena_printf(arena, "...%s", words_tail(name, NAME_COLUMNS_MAX - 3));
}

void table_heading(struct strbuf *out, const char *text, bool colour) {
    strbuf_printf(out, colour ? "\n\033[1m%s\033[0m\n" : "\n%s\n", text);
}
