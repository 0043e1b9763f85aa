/* Diagnostics are collected, so that everything that is wrong with a model is told at once. */
#include "ir/context.h"

#include <string.h>

struct pseudonym {
    const char *path, *name;
    struct pseudonym *next;
};

void diag_call(struct diagnostics *diag, const char *path, const char *name) {
    struct pseudonym *pseudonym = ARENA_NEW(diag->arena, struct pseudonym);
    *pseudonym = (struct pseudonym){arena_strdup(diag->arena, path), arena_strdup(diag->arena, name), diag->pseudonyms};
    diag->pseudonyms = pseudonym;
}

/* A copy with every path that goes by another name replaced; NULL stays NULL. */
static char *told(struct diagnostics *diag, const char *text) {
    char *copy = arena_strdup(diag->arena, text);
    for (const struct pseudonym *at = diag->pseudonyms; copy && at; at = at->next) {
        size_t before = 0; /* what is told already: a name may hold its path */
        for (const char *found; (found = strstr(copy + before, at->path)); before += strlen(at->name)) {
            before = (size_t)(found - copy);
            copy = arena_printf(diag->arena, "%.*s%s%s", (int)before, copy, at->name, found + strlen(at->path));
        }
    }
    return copy;
}

/* Keeps one slot free for running out of memory (context.c). */
static struct diagnostic *append(struct diagnostics *diag) {
    if (diag->count + 2 > diag->capacity) {
        size_t capacity = diag->capacity ? 2 * diag->capacity : 8;
        diag->items =
            arena_grow(diag->arena, diag->items, diag->count * sizeof *diag->items, capacity * sizeof *diag->items);
        diag->capacity = capacity;
    }
    return &diag->items[diag->count];
}

static struct location location_copy(struct diagnostics *diag, struct location at) {
    struct arena *arena = diag->arena;
    at.file = told(diag, at.file);
    at.path = arena_strdup(arena, at.path);
    at.node = arena_strdup(arena, at.node);
    at.op = arena_strdup(arena, at.op);
    at.attribute = arena_strdup(arena, at.attribute);
    at.option = arena_strdup(arena, at.option);
    return at;
}

static void collect(struct diagnostics *diag, enum severity severity, struct location at, const char *help,
                    const char *format, va_list arguments) PRINTF_LIKE(5, 0);
static void collect(struct diagnostics *diag, enum severity severity, struct location at, const char *help,
                    const char *format, va_list arguments) {
    struct strbuf message = strbuf_new(diag->arena);
    strbuf_vprintf(&message, format, arguments);
    char *message_told = told(diag, message.data), *help_told = told(diag, help);
    struct location location = location_copy(diag, at);
    struct diagnostic *item = append(diag);
    *item = (struct diagnostic){severity, location, message_told, help_told};
    diag->count++;
    if (severity == SEVERITY_ERROR) diag->errors++;
    if (severity == SEVERITY_ERROR && at.option) diag->misuses++;
}

int diag_error(struct diagnostics *diag, struct location at, const char *help, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    collect(diag, SEVERITY_ERROR, at, help, format, arguments);
    va_end(arguments);
    return -1;
}

void diag_warning(struct diagnostics *diag, struct location at, const char *help, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    collect(diag, SEVERITY_WARNING, at, help, format, arguments);
    va_end(arguments);
}

void diag_note(struct diagnostics *diag, struct location at, const char *help, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    collect(diag, SEVERITY_NOTE, at, help, format, arguments);
    va_end(arguments);
}

/* "  at: " before the first part, ", " before the others. */
static void separate(struct strbuf *out, bool *begun) {
    strbuf_append(out, *begun ? ", " : "  at: ");
    *begun = true;
}

static void format_place(struct strbuf *out, const struct location *at) {
    bool begun = false;
    if (at->path) {
        separate(out, &begun);
        strbuf_append(out, at->path);
    }
    if (at->node) {
        separate(out, &begun);
        strbuf_printf(out, "node '%s'", at->node);
        if (at->op) strbuf_printf(out, " (%s)", at->op);
    } else if (at->op) {
        separate(out, &begun);
        strbuf_printf(out, "operator '%s'", at->op);
    }
    if (at->attribute) {
        separate(out, &begun);
        strbuf_printf(out, "'%s'", at->attribute);
    }
    if (at->option) {
        separate(out, &begun);
        strbuf_printf(out, "'%s'", at->option);
    }
    if (at->opset) {
        separate(out, &begun);
        strbuf_printf(out, "opset %d", at->opset);
    }
    if (begun) strbuf_append(out, "\n");
}

void diag_format(struct strbuf *out, const struct diagnostic *item) {
    static const char *const words[] = {
        [SEVERITY_NOTE] = "note", [SEVERITY_WARNING] = "warning", [SEVERITY_ERROR] = "error"};
    const char *file = item->location.file ? item->location.file : item->location.option ? "bxc" : NULL;
    if (file) strbuf_append(out, file);
    if (item->location.line) strbuf_printf(out, "%s%d", file ? ":" : "line ", item->location.line);
    if (file || item->location.line) strbuf_append(out, ": ");
    strbuf_printf(out, "%s: %s\n", words[item->severity], item->message);
    format_place(out, &item->location);
    if (item->help) strbuf_printf(out, "  help: %s\n", item->help);
}
