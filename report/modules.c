/* Rows of reports: a row a module of rtl/, what its nodes cost together. */
#include <stdlib.h>
#include <string.h>

#include "report/private.h"

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

struct member { /* of a module; what has none is alone */
    const char *module;
    uint32_t layer;
};

static int compare_members(const void *a, const void *b) {
    const struct member *p = a, *q = b;
    int order = p->module && q->module ? strcmp(p->module, q->module) : (p->module != NULL) - (q->module != NULL);
    return order ? order : (p->layer > q->layer) - (p->layer < q->layer);
}

/* By layer: the first one of its module. */
static uint32_t *first_of_modules(struct arena *arena, const struct compile_report *report) {
    uint32_t *first = ARENA_ARRAY(arena, uint32_t, report->layer_count + 1);
    struct member *members = ARENA_ARRAY(arena, struct member, report->layer_count + 1);
    for (uint32_t i = 0; i < report->layer_count; i++) members[i] = (struct member){report->layers[i].module, i};
    qsort(members, report->layer_count, sizeof *members, compare_members);
    for (uint32_t i = 0; i < report->layer_count; i++) {
        const char *before = i ? members[i - 1].module : NULL;
        bool again = before && members[i].module && strcmp(members[i].module, before) == 0;
        first[members[i].layer] = again ? first[members[i - 1].layer] : members[i].layer;
    }
    return first;
}

static void absorb(struct arena *arena, struct layer_report *row, const struct layer_report *layer) {
    if (layer->made || !layer->module || strcmp(layer->name, row->name) == 0) return;
    if ((row->absorbed_count & (row->absorbed_count - 1)) == 0) /* full: 0, 1, 2, 4, ... */
        row->absorbed = arena_extend(arena, row->absorbed, row->absorbed_count * sizeof *row->absorbed,
                                     (2 * (size_t)row->absorbed_count + 1) * sizeof *row->absorbed);
    row->absorbed[row->absorbed_count++] = layer->name;
}

struct layer_report *report_modules(struct arena *arena, const struct compile_report *report, uint32_t *count) {
    struct layer_report *rows = ARENA_ARRAY(arena, struct layer_report, report->layer_count + 1);
    const uint32_t *first = first_of_modules(arena, report);
    uint32_t kept = 0, *row_of = ARENA_ARRAY(arena, uint32_t, report->layer_count + 1);
    *count = 0;
    for (uint32_t i = 0; i < report->layer_count; i++) {
        const struct layer_report *layer = &report->layers[i];
        if (first[i] == i) {
            rows[row_of[i] = (*count)++] = *layer;
            rows[row_of[i]].name = layer->module ? layer->module : layer->name;
        } else
            join(arena, &rows[row_of[first[i]]], layer);
        absorb(arena, &rows[row_of[first[i]]], layer);
    }
    for (uint32_t r = 0; r < *count; r++)
        if (!is_nothing(&rows[r])) rows[kept++] = rows[r];
    *count = kept;
    return rows;
}
