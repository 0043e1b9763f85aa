/* The option table and the list of what was given. */
#include "driver/options.h"

#include "ir/context.h"
#include "ir/nearest.h"

#include <stdlib.h>
#include <string.h>

const struct option_info option_table[] = {
#define OPTION(...) {__VA_ARGS__},
#include "driver/options.def"
#undef OPTION
    {NULL, 0, NULL, 0, false, NULL, NULL},
};

const struct command_info command_table[] = {
#define COMMAND(id, ...) [COMMAND_##id] = {__VA_ARGS__},
#include "driver/commands.def"
#undef COMMAND
};

struct given {
    const struct option_info *option;
    char *value;
};

struct bxc_options {
    struct bxc_context *context;
    struct arena *arena;
    struct given *given;
    size_t count, capacity;
};

const struct option_info *option_find(const char *key) {
    for (const struct option_info *option = option_table; option->key; option++)
        if (strcmp(option->key, key) == 0) return option;
    return NULL;
}

const char *option_nearest(const char *key, unsigned commands) {
    struct nearest nearest = {.wanted = key};
    for (const struct option_info *option = option_table; option->key; option++)
        if (option->commands & commands) nearest_offer(&nearest, option->key);
    return nearest.name;
}

const char *command_nearest(const char *name) {
    struct nearest nearest = {.wanted = name};
    for (int i = 0; i < COMMAND_COUNT; i++) nearest_offer(&nearest, command_table[i].name);
    nearest_offer(&nearest, "help");
    nearest_offer(&nearest, "--help");
    nearest_offer(&nearest, "--version");
    return nearest.name;
}

struct bxc_options *options_in(struct bxc_context *context, struct arena *arena) {
    struct bxc_options *options = ARENA_NEW(arena, struct bxc_options);
    options->context = context;
    options->arena = arena;
    return options;
}

struct creation {
    struct bxc_context *context;
    struct bxc_options *options;
};

static int create(void *user) {
    struct creation *creation = user;
    creation->options = options_in(creation->context, arena_new(creation->context));
    return 0;
}

struct bxc_options *bxc_options_new(struct bxc_context *context) {
    struct creation creation = {context, NULL};
    return context_guarded(context, create, &creation) < 0 ? NULL : creation.options;
}

void bxc_options_free(struct bxc_options *options) {
    if (options) arena_free(options->arena);
}

struct setting {
    struct bxc_options *options;
    const char *key, *value;
};

static struct location option_location(const struct bxc_options *options, const char *key) {
    return (struct location){.option = arena_printf(options->arena, "--%s", key)};
}

/* The last value of an option counts; that there is an earlier one is told. */
static void warn_of_another(const struct bxc_options *options, const struct option_info *option, const char *value) {
    const char *before = options_get(options, option->key);
    if (option->repeats || !before || !value || strcmp(before, value) == 0) return;
    diag_warning(&options->context->diagnostics, option_location(options, option->key),
                 option->argument && strcmp(option->argument, "LIST") == 0 ? "give one list, with commas between"
                                                                           : NULL,
                 "it is given as '%s' and as '%s': the last one counts", before, value);
}

static bool ends_with_file(const char *argument) {
    size_t length = argument ? strlen(argument) : 0;
    return length >= 4 && strcmp(argument + length - 4, "FILE") == 0;
}

static int set(void *user) {
    const struct setting *setting = user;
    struct bxc_options *options = setting->options;
    const struct option_info *option = option_find(setting->key);
    if (!option) {
        const char *nearest = option_nearest(setting->key, FOR_ALL);
        return diag_error(&options->context->diagnostics, (struct location){0},
                          nearest ? arena_printf(options->arena, "did you mean '%s'?", nearest) : "see 'bxc --help'",
                          "no option '%s'", setting->key);
    }
    if (setting->value && !*setting->value && ends_with_file(option->argument))
        return diag_error(&options->context->diagnostics, option_location(options, option->key), NULL,
                          "the name of the file is empty");
    warn_of_another(options, option, setting->value);
    if (options->count == options->capacity) {
        size_t capacity = options->capacity ? 2 * options->capacity : 16;
        options->given = arena_grow(options->arena, options->given, options->count * sizeof *options->given,
                                    capacity * sizeof *options->given);
        options->capacity = capacity;
    }
    options->given[options->count++] =
        (struct given){option, arena_strdup(options->arena, setting->value ? setting->value : "yes")};
    return 0;
}

int bxc_options_set(struct bxc_options *options, const char *key, const char *value) {
    struct setting setting = {options, key, value};
    return context_guarded(options->context, set, &setting);
}

int bxc_options_config(struct bxc_options *options, const char *path) {
    return bxc_options_set(options, "config", path);
}

struct bxc_context *options_context(const struct bxc_options *options) {
    return options->context;
}

bool options_misused(const struct bxc_options *options) {
    return options && options->context->diagnostics.misuses > 0;
}

struct arena *options_arena(const struct bxc_options *options) {
    return options->arena;
}

const char *options_get(const struct bxc_options *options, const char *key) {
    const char *value = NULL;
    for (size_t i = 0; options && i < options->count; i++)
        if (strcmp(options->given[i].option->key, key) == 0) value = options->given[i].value;
    return value;
}

const char *options_at(const struct bxc_options *options, const char *key, size_t index) {
    for (size_t i = 0; options && i < options->count; i++)
        if (strcmp(options->given[i].option->key, key) == 0 && index-- == 0) return options->given[i].value;
    return NULL;
}

bool options_has(const struct bxc_options *options, const char *key) {
    return options_get(options, key) != NULL;
}

int options_number(const struct bxc_options *options, const char *key, double fallback, double lo, double hi,
                   double *out) {
    const char *text = options_get(options, key);
    *out = fallback;
    if (!text) return 0;
    char *end;
    double number = strtod(text, &end);
    if (end == text || *end || !(number >= lo && number <= hi))
        return diag_error(&options->context->diagnostics, option_location(options, key), NULL,
                          "'%s' is no number from %.10g to %.10g", text, lo, hi);
    *out = number;
    return 0;
}

int options_count(const struct bxc_options *options, const char *key, uint64_t fallback, double lo, double hi,
                  uint64_t *out) {
    double number;
    *out = fallback;
    if (options_number(options, key, (double)fallback, lo, hi, &number) < 0) return -1;
    *out = (uint64_t)number;
    if (number == (double)*out) return 0;
    return diag_error(&options->context->diagnostics, option_location(options, key), NULL,
                      "'%s' is no whole number from %.10g to %.10g", options_get(options, key), lo, hi);
}

int options_whole(const struct bxc_options *options, const char *key, int fallback, int lo, int hi, int *out) {
    uint64_t number;
    int result = options_count(options, key, (uint64_t)fallback, lo, hi, &number);
    *out = result < 0 ? fallback : (int)number;
    return result;
}

/* A share of one, as "0.5%" or "0.005", at most `most`; fallback without the option. */
int options_share(const struct bxc_options *options, const char *key, double fallback, double most, double *out) {
    const char *text = options_get(options, key);
    *out = fallback;
    if (!text) return 0;
    char *end;
    double number = strtod(text, &end);
    bool percent = end != text && *end == '%';
    if (percent) number /= 100;
    if (end == text || end[percent] || !(number >= 0 && number <= most))
        return diag_error(&options->context->diagnostics, option_location(options, key), "as 0.5% or 0.005",
                          most < 1 ? "'%s' is no share of one, from 0 to %g" : "'%s' is no share of one", text, most);
    *out = number;
    return 0;
}

/* ---- as words ---- */

const char *options_quoted(struct arena *arena, const char *text, bool is_path) {
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-+=.,:/@%";
    const char *slash = is_path ? strrchr(text, '/') : NULL;
    if (slash) {
        const char *equals = memchr(text, '=', (size_t)(slash - text)); /* NAME=FILE */
        text = arena_printf(arena, "%.*s%s", equals ? (int)(equals - text + 1) : 0, text, slash + 1);
    }
    if (*text && strspn(text, plain) == strlen(text)) return text;
    struct strbuf out = strbuf_new(arena);
    strbuf_append(&out, "'");
    for (; *text; text++) {
        if (*text == '\'')
            strbuf_append(&out, "'\\''");
        else
            strbuf_append_bytes(&out, text, 1);
    }
    strbuf_append(&out, "'");
    return out.data;
}

static bool decides_nothing(const struct option_info *option) {
    return strcmp(option->key, "output") == 0 || strcmp(option->group, "Looking inside") == 0 ||
           strcmp(option->group, "General") == 0;
}

const char *options_words(struct arena *arena, const struct bxc_options *options) {
    struct strbuf out = strbuf_new(arena);
    for (const struct option_info *option = option_table; options && option->key; option++)
        for (size_t i = 0; i < options->count; i++) {
            if (options->given[i].option != option || decides_nothing(option)) continue;
            strbuf_printf(&out, " --%s", option->key);
            if (option->argument)
                strbuf_printf(&out, " %s",
                              options_quoted(arena, options->given[i].value, strstr(option->argument, "FILE") != NULL));
        }
    return out.data;
}
