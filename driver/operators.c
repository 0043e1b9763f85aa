/* The support matrix: operators of the IR and of each format, by what is done with them, from the tables themselves. */
#include "driver/driver.h"
#include "ir/ops.h"

#include <cjson/cJSON.h>
#include <string.h>

/* ---- what an operator of the IR can do ---- */

static bool is_real(enum op op) {
    return op_info(op)->arithmetic & ARITHMETIC_REAL;
}

static bool is_integer(enum op op) {
    return op_info(op)->arithmetic & ARITHMETIC_INTEGER;
}

/* In integers, or in a language: by itself, by what lowering makes of it, or not at all. */
static const char *form(enum op op, const struct language *language) {
    if (!is_integer(op)) return "lowered";
    return !language || language->supports(op) ? "yes" : "-";
}

/* ---- what an operator of a format becomes ---- */

/* The next name of the list at *at; false at its end. */
static bool next_name(const char **at, char *name, size_t size) {
    *at += strspn(*at, ", ");
    size_t length = strcspn(*at, ", ");
    snprintf(name, size, "%.*s", (int)length, *at);
    *at += length;
    return length > 0;
}

static bool becomes(const struct reader_operator *operator, enum op op) {
    char name[64];
    for (const char *at = operator->becomes; next_name(&at, name, sizeof name);)
        if (strcmp(name, op_info(op)->name) == 0) return true;
    return false;
}

/* What becomes nothing, or numbers of the model, is done wherever it stands. */
static bool is_done(const struct reader_operator *operator, const struct language * language, bool real) {
    for (int op = 0; op < OP_COUNT; op++) {
        if (!becomes(operator,(enum op) op)) continue;
        if (real ? !is_real((enum op)op) : form((enum op)op, language)[0] == '-') return false;
    }
    return true;
}

/* ---- as text ---- */

enum { NAME_WIDTH = 24 };

static void print_titles(FILE *out, const char *last) {
    fprintf(out, "%-*s %-8s %-8s", NAME_WIDTH, "operator", "float", "integer");
    for (const struct language *language = languages; language->name; language++)
        if (language->supports) fprintf(out, " %-9s", language->name);
    fprintf(out, " %s\n", last);
}

static void print_operator(FILE *out, enum op op) {
    fprintf(out, "%-*s %-8s %-8s", NAME_WIDTH, op_info(op)->name, is_real(op) ? "yes" : "-", form(op, NULL));
    for (const struct language *language = languages; language->name; language++)
        if (language->supports) fprintf(out, " %-9s", form(op, language));
    fprintf(out, " %s\n", op_info(op)->summary);
}

static const char *yes(bool is) {
    return is ? "yes" : "-";
}

static void print_format(FILE *out, const struct reader *reader) {
    fprintf(out, "\n%s (%s)\n\n", reader->summary, reader->extensions);
    print_titles(out, "domain                       becomes");
    for (const struct reader_operator *operator= reader->operators; operator->name; operator++) {
        fprintf(out, "%-*s %-8s %-8s", NAME_WIDTH, operator->name, yes(is_done(operator, NULL, true)),
                yes(is_done(operator, NULL, false)));
        for (const struct language *language = languages; language->name; language++)
            if (language->supports) fprintf(out, " %-9s", yes(is_done(operator, language, false)));
        fprintf(out, " %-28s %s\n", *operator->domain ? operator->domain : "-", operator->becomes);
    }
}

static void print_text(FILE *out) {
    print_titles(out, "what it computes");
    for (int op = 0; op < OP_COUNT; op++) print_operator(out, (enum op)op);
    for (const struct reader *reader = readers; reader->name; reader++)
        if (reader->operators) print_format(out, reader);
}

/* ---- as JSON ---- */

static void add_operator(cJSON *list, enum op op) {
    cJSON *item = cJSON_CreateObject();
    cJSON_AddItemToArray(list, item);
    cJSON_AddStringToObject(item, "name", op_info(op)->name);
    cJSON_AddStringToObject(item, "summary", op_info(op)->summary);
    cJSON_AddBoolToObject(item, "float", is_real(op));
    cJSON_AddStringToObject(item, "integer", form(op, NULL));
    for (const struct language *language = languages; language->name; language++)
        if (language->supports) cJSON_AddStringToObject(item, language->name, form(op, language));
}

static void add_format(cJSON *list, const struct reader *reader) {
    cJSON *format = cJSON_CreateObject();
    cJSON_AddItemToArray(list, format);
    cJSON_AddStringToObject(format, "name", reader->name);
    cJSON_AddStringToObject(format, "summary", reader->summary);
    cJSON *operators = cJSON_AddArrayToObject(format, "operators");
    for (const struct reader_operator *operator= reader->operators; operator->name; operator++) {
        char name[64];
        cJSON *item = cJSON_CreateObject();
        cJSON_AddItemToArray(operators, item);
        cJSON_AddStringToObject(item, "operator", operator->name);
        cJSON_AddStringToObject(item, "domain", operator->domain);
        cJSON_AddBoolToObject(item, "float", is_done(operator, NULL, true));
        cJSON_AddBoolToObject(item, "integer", is_done(operator, NULL, false));
        for (const struct language *language = languages; language->name; language++)
            if (language->supports) cJSON_AddBoolToObject(item, language->name, is_done(operator, language, false));
        cJSON *made = cJSON_AddArrayToObject(item, "becomes");
        for (const char *at = operator->becomes; next_name(&at, name, sizeof name);)
            cJSON_AddItemToArray(made, cJSON_CreateString(name));
    }
}

void bxc_operators(FILE *out, bool json) {
    if (!json) {
        print_text(out);
        return;
    }
    cJSON *root = cJSON_CreateObject();
    cJSON *operators = cJSON_AddArrayToObject(root, "operators"), *formats = cJSON_AddArrayToObject(root, "formats");
    for (int op = 0; op < OP_COUNT; op++) add_operator(operators, (enum op)op);
    for (const struct reader *reader = readers; reader->name; reader++)
        if (reader->operators) add_format(formats, reader);
    list_print_json(out, root);
}
