/* The passes, the choices of options and the parts, from the tables themselves. */
#include "driver/driver.h"

#include <cjson/cJSON.h>
#include <string.h>

void list_print_json(FILE *out, cJSON *json) {
    char *text = cJSON_Print(json);
    if (text) fprintf(out, "%s\n", text);
    cJSON_free(text);
    cJSON_Delete(json);
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
        list_print_json(out, list);
    else
        print_refused_parts(out);
}
