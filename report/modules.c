/* Rows of reports: a row a module of rtl/, what its nodes cost together. */
#include <string.h>

#include "report/private.h"

const char **report_absorbed(struct arena *arena, const struct compile_report *report, const struct layer_report *row,
                             uint32_t *count) {
    const char **names = ARENA_ARRAY(arena, const char *, report->layer_count + 1);
    *count = 0;
    for (uint32_t i = 0; i < report->layer_count; i++) {
        const struct layer_report *layer = &report->layers[i];
        if (layer->made || !layer->module || !row->module || strcmp(layer->module, row->module) != 0) continue;
        if (strcmp(layer->name, row->name) != 0) names[(*count)++] = layer->name;
    }
    return names;
}

static bool has_word(const char *list, const char *word) {
    size_t length = strlen(word);
    for (const char *at = list; (at = strstr(at, word)); at += length)
        if ((at == list || at[-1] == ' ') && (at[length] == 0 || at[length] == ',')) return true;
    return false;
}

static void join(struct arena *arena, struct layer_report *row, const struct layer_report *layer) {
    if (!has_word(row->op, layer->op)) row->op = arena_printf(arena, "%s, %s", row->op, layer->op);
    if (*layer->format) row->format = layer->format;
    row->cost.lut += layer->cost.lut;
    row->cost.ff += layer->cost.ff;
    row->cost.dsp += layer->cost.dsp;
    row->cost.bram18 += layer->cost.bram18;
    if (layer->first_cycle < 0) return;
    if (row->first_cycle < 0 || layer->first_cycle < row->first_cycle) row->first_cycle = layer->first_cycle;
    if (layer->last_cycle > row->last_cycle) row->last_cycle = layer->last_cycle;
}

static bool is_nothing(const struct layer_report *row) {
    return row->first_cycle < 0 && row->cost.lut == 0 && row->cost.ff == 0 && row->cost.dsp == 0 &&
           row->cost.bram18 == 0;
}

struct layer_report *report_modules(struct arena *arena, const struct compile_report *report, uint32_t *count) {
    struct layer_report *rows = ARENA_ARRAY(arena, struct layer_report, report->layer_count + 1);
    uint32_t kept = 0;
    *count = 0;
    for (uint32_t i = 0; i < report->layer_count; i++) {
        const struct layer_report *layer = &report->layers[i];
        uint32_t r = 0;
        while (r < *count && !(layer->module && rows[r].module && strcmp(rows[r].module, layer->module) == 0)) r++;
        if (r < *count) {
            join(arena, &rows[r], layer);
            continue;
        }
        rows[*count] = *layer;
        rows[(*count)++].name = layer->module ? layer->module : layer->name;
    }
    for (uint32_t r = 0; r < *count; r++)
        if (!is_nothing(&rows[r])) rows[kept++] = rows[r];
    *count = kept;
    return rows;
}
