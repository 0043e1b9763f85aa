/* The support matrix, the passes and the parts, from the tables themselves. */
#include "driver/driver.h"
#include "ir/ops.h"

#include <cjson/cJSON.h>
#include <string.h>

/* Names under which a format's reader knows an op, comma separated. */
static void reader_names(const struct reader_operator *operators, const char *op, char *out, size_t size) {
    out[0] = 0;
    for (; operators->name; operators++) {
        if (strcmp(operators->becomes, op) != 0 || strstr(out, operators->name)) continue;
        size_t used = strlen(out);
        snprintf(out + used, size - used, "%s%s", used ? "," : "", operators->name);
    }
}

static void print_json(FILE *out, cJSON *json) {
    char *text = cJSON_Print(json);
    if (text) fprintf(out, "%s\n", text);
    cJSON_free(text);
    cJSON_Delete(json);
}

static cJSON *operator_json(enum op op, const char *onnx, const char *keras) {
    cJSON *item = cJSON_CreateObject();
    cJSON_AddStringToObject(item, "name", op_info(op)->name);
    cJSON_AddBoolToObject(item, "real", op_info(op)->arithmetic & ARITHMETIC_REAL);
    cJSON_AddBoolToObject(item, "integer", op_info(op)->arithmetic & ARITHMETIC_INTEGER);
    for (const struct language *language = languages; language->name; language++)
        if (language->supports) cJSON_AddBoolToObject(item, language->name, language->supports(op));
    cJSON_AddStringToObject(item, "onnx", onnx);
    cJSON_AddStringToObject(item, "keras", keras);
    cJSON_AddStringToObject(item, "summary", op_info(op)->summary);
    return item;
}

static void print_row(FILE *out, enum op op, const char *onnx, const char *keras) {
    bool integer = op_info(op)->arithmetic & ARITHMETIC_INTEGER;
    fprintf(out, "%-14s %-5s %-8s", op_info(op)->name, op_info(op)->arithmetic & ARITHMETIC_REAL ? "yes" : "-",
            integer ? "yes" : "lowered");
    for (const struct language *language = languages; language->name; language++)
        if (language->supports) fprintf(out, " %-8s", !integer ? "lowered" : language->supports(op) ? "yes" : "-");
    fprintf(out, " %s%s%s\n", onnx, *onnx && *keras ? "; " : "", keras);
}

void bxc_operators(FILE *out, bool json) {
    cJSON *list = json ? cJSON_CreateArray() : NULL;
    if (!json) {
        fprintf(out, "%-14s %-5s %-8s", "operator", "float", "integer");
        for (const struct language *language = languages; language->name; language++)
            if (language->supports) fprintf(out, " %-8s", language->name);
        fprintf(out, " read from\n");
    }
    for (int op = 0; op < OP_COUNT; op++) {
        char onnx[512], keras[512];
        reader_names(onnx_operators, op_info((enum op)op)->name, onnx, sizeof onnx);
        reader_names(keras_operators, op_info((enum op)op)->name, keras, sizeof keras);
        if (json)
            cJSON_AddItemToArray(list, operator_json((enum op)op, onnx, keras));
        else
            print_row(out, (enum op)op, onnx, keras);
    }
    if (json) print_json(out, list);
}

void bxc_passes(FILE *out) {
    for (const struct pass *pass = passes; pass->name; pass++)
        fprintf(out, "%-16s %s the line  %s\n", pass->name, pass->side == ABOVE_THE_LINE ? "above" : "below",
                pass->summary);
}

static void print_pass_names(FILE *out) {
    for (const struct pass *pass = passes; pass->name; pass++) fprintf(out, "%s ", pass->name);
}

static void print_all_and_pass_names(FILE *out) {
    print_pass_names(out);
    fputs("all ", out);
}

static void print_engine_names(FILE *out) {
    for (int i = 0; i < ENGINE_COUNT; i++) fprintf(out, "%s ", engine_name((enum engine_id)i));
}

static void (*choices_printer(const struct option_info *option))(FILE *out) {
    static const struct {
        const char *key;
        void (*print)(FILE *out);
    } tables[] = {
        {"dump-after", print_all_and_pass_names}, {"stop-after", print_pass_names}, {"engines", print_engine_names}};
    for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++)
        if (strcmp(option->key, tables[i].key) == 0) return tables[i].print;
    return NULL;
}

bool option_has_choices(const struct option_info *option) {
    return choices_printer(option) || (option->argument && strchr(option->argument, '|'));
}

void option_print_choices(FILE *out, const struct option_info *option) {
    void (*print)(FILE * out) = choices_printer(option);
    if (print)
        print(out);
    else
        for (const char *at = option->argument; *at; at++) putc(*at == '|' ? ' ' : *at, out);
}

static void print_refused_parts(FILE *out) {
    const struct refused_family *family;
    fprintf(out, "\nRefused:\n");
    for (size_t i = 0; (family = part_refused_at(i)); i++) fprintf(out, "%s: %s\n", family->name, family->reason);
}

void bxc_parts(FILE *out, bool json) {
    cJSON *list = json ? cJSON_CreateArray() : NULL;
    if (!json)
        fprintf(out, "%-12s %-12s %9s %9s %7s %7s %4s  %-41s %s\n", "part", "family", "LUT", "FF", "DSP", "BRAM18",
                "SLR", "speed grades", "packages");
    const struct part *part;
    for (size_t i = 0; (part = part_at(i)); i++) {
        if (!json) {
            fprintf(out, "%-12s %-12s %9u %9u %7u %7u %4u  %-41s %s\n", part->name, part->family, part->lut, part->ff,
                    part->dsp, part->bram18, part->slr, part->grades, part->packages);
            continue;
        }
        cJSON *item = cJSON_CreateObject();
        cJSON_AddItemToArray(list, item);
        cJSON_AddStringToObject(item, "name", part->name);
        cJSON_AddStringToObject(item, "family", part->family);
        cJSON_AddNumberToObject(item, "lut", part->lut);
        cJSON_AddNumberToObject(item, "ff", part->ff);
        cJSON_AddNumberToObject(item, "dsp", part->dsp);
        cJSON_AddNumberToObject(item, "bram18", part->bram18);
        cJSON_AddNumberToObject(item, "slr", part->slr);
        cJSON_AddStringToObject(item, "grades", part->grades);
        cJSON_AddStringToObject(item, "packages", part->packages);
    }
    if (json)
        print_json(out, list);
    else
        print_refused_parts(out);
}
