/* Why a firmware takes so many cycles and LUT. */
#include "report/private.h"

static const char *of_all(struct arena *arena, double part, double whole) {
    return share_words(arena, part, whole);
}

static const char *why_words(struct arena *arena, const struct layer_share *layer) {
    struct strbuf out = strbuf_new(arena);
    if (layer->weights > 0)
        strbuf_printf(&out, "%s weights that are not zero, %s signed digits; %.2f LUT a digit",
                      words_count(arena, layer->weights), words_count(arena, layer->terms),
                      layer->terms > 0 ? layer->cost.lut / layer->terms : 0);
    if (layer->common)
        strbuf_printf(&out, "%s%s of its values are part of '%s'%s, too", out.length ? "; " : "",
                      words_count(arena, layer->common), table_shortened(arena, layer->common_with),
                      layer->common_with_more ? " and others" : "");
    return out.data;
}

static void share_row(struct text_table *table, const struct layer_share *layer, double lut) {
    struct arena *arena = table->arena;
    table_row(table, (const char *[]){table_shortened(arena, layer->name), layer->kind,
                                      words_cycles(arena, layer->first_cycle, layer->last_cycle),
                                      layer->adds ? arena_printf(arena, "%d", layer->adds) : "",
                                      words_count(arena, layer->cost.lut), of_all(arena, layer->cost.lut, lut),
                                      words_count(arena, layer->cost.ff), words_some(arena, layer->cost.bram18),
                                      why_words(arena, layer)});
}

static void print_layers(struct strbuf *out, const struct explanation *explanation, bool colour) {
    static const char *const headings[] = {"module", "operator", ">cycles", ">adds", ">LUT",
                                           ">share", ">FF",      ">BRAM18", "why"};
    struct text_table table = {.arena = out->arena, .columns = 9, .headings = headings};
    double lut = explanation->report->total.lut;
    for (uint32_t i = 0; i < explanation->layer_count; i++)
        if (explanation->layers[i].first_cycle >= 0 || explanation->layers[i].cost.lut > 0)
            share_row(&table, &explanation->layers[i], lut);
    if (explanation->beat_cycles)
        table_row(&table, (const char *[]){"(beats)", "", "-", arena_printf(out->arena, "%d", explanation->beat_cycles),
                                           "", "", "", "",
                                           arena_printf(out->arena, "an event's items come in %d cycles in a row",
                                                        explanation->report->beats)});
    table_row(&table, (const char *[]){"(top: ports and valid)", "", "-",
                                       arena_printf(out->arena, "%d", explanation->rest_cycles), "", "",
                                       words_count(out->arena, explanation->top.ff), "", ""});
    table_heading(out, "by module: the cycles that it adds to the way of an event, and what it costs", colour);
    table_print(out, &table, colour);
}

static void print_kinds(struct strbuf *out, const struct explanation *explanation, bool colour) {
    static const char *const headings[] = {"logic", ">how many", ">LUT", ">share", ">BRAM18"};
    struct arena *arena = out->arena;
    struct text_table table = {.arena = arena, .columns = 5, .headings = headings};
    for (uint32_t i = 0; i < explanation->kind_count; i++) {
        const struct kind_share *kind = &explanation->kinds[i];
        if (kind->lut > 0 || kind->bram18 > 0)
            table_row(&table,
                      (const char *[]){kind->name, words_count(arena, kind->count), words_count(arena, kind->lut),
                                       of_all(arena, kind->lut, explanation->report->total.lut),
                                       words_some(arena, kind->bram18)});
    }
    table_heading(out, "by kind of logic", colour);
    table_print(out, &table, colour);
}

static void trial_row(struct text_table *table, const struct clock_trial *trial, const char *name) {
    struct arena *arena = table->arena;
    if (trial->refused) {
        table_row(table, (const char *[]){name, "", "", "", "", "", "", trial->refused});
        return;
    }
    const char *fit = trial->stage_delay <= trial->period ? "" : "slower than the period";
    table_row(table,
              (const char *[]){name, arena_printf(arena, "%d", trial->latency),
                               words_number(arena, trial->latency * trial->period), words_count(arena, trial->cost.lut),
                               words_count(arena, trial->cost.ff), words_some(arena, trial->cost.bram18),
                               words_number(arena, trial->stage_delay), fit});
}

static void print_clocks(struct strbuf *out, const struct explanation *explanation, bool colour) {
    static const char *const headings[] = {"clock", ">cycles", ">ns", ">LUT", ">FF", ">BRAM18", ">slowest ns", ""};
    struct arena *arena = out->arena;
    struct text_table table = {.arena = arena, .columns = 8, .headings = headings};
    for (uint32_t i = 0; i < explanation->clock_count; i++) {
        const struct clock_trial *trial = &explanation->clocks[i];
        trial_row(&table, trial,
                  arena_printf(arena, "%s%s%s", words_clock(arena, trial->period), trial->name ? ", " : "",
                               trial->name ? trial->name : ""));
    }
    table_heading(out, "at other clocks", colour);
    table_print(out, &table, colour);
}

static void print_softmax(struct strbuf *out, const struct explanation *explanation, bool colour) {
    static const char *const headings[] = {"instead", ">cycles", ">ns", ">LUT", ">FF", ">BRAM18", ">slowest ns", ""};
    struct arena *arena = out->arena;
    struct text_table table = {.arena = arena, .columns = 8, .headings = headings};
    if (explanation->softmax_count) table_heading(out, "what the softmax costs", colour);
    for (uint32_t i = 0; i < explanation->softmax_count; i++) {
        const struct layer_share *softmax = &explanation->softmax[i];
        strbuf_printf(out, "  %s: %d cycles, %s, %s of all LUT\n", words_clean(arena, softmax->name), softmax->adds,
                      words_hardware(arena, &softmax->cost),
                      of_all(arena, softmax->cost.lut, explanation->report->total.lut));
    }
    for (uint32_t i = 0; i < explanation->instead_count; i++)
        trial_row(&table, &explanation->instead[i], explanation->instead[i].name);
    if (table.count) table_print(out, &table, colour);
}

void explanation_terminal(struct strbuf *out, const struct explanation *explanation, bool colour) {
    struct arena *arena = out->arena;
    const struct compile_report *report = explanation->report;
    strbuf_printf(out, colour ? "\033[1m%s\033[0m\n" : "%s\n", report->name);
    strbuf_printf(out, "  %d cycles of %s ns: %s ns; about %s of %s\n", report->latency,
                  words_number(arena, report->clock_period),
                  words_number(arena, report->latency * report->clock_period), words_hardware(arena, &report->total),
                  report->part_name);
    print_layers(out, explanation, colour);
    print_kinds(out, explanation, colour);
    print_softmax(out, explanation, colour);
    print_clocks(out, explanation, colour);
}

/* ---- as JSON ---- */

static void add_share(struct arena *arena, cJSON *list, const struct layer_share *layer) {
    cJSON *object = json_object(arena, list, NULL);
    json_text(arena, object, "name", layer->name);
    json_text(arena, object, "op", layer->kind);
    json_number(arena, object, "first_cycle", layer->first_cycle);
    json_number(arena, object, "last_cycle", layer->last_cycle);
    json_number(arena, object, "adds", layer->adds);
    json_number(arena, object, "lut", layer->cost.lut);
    json_number(arena, object, "ff", layer->cost.ff);
    json_number(arena, object, "bram18", layer->cost.bram18);
    json_number(arena, object, "weights", layer->weights);
    json_number(arena, object, "digits", layer->terms);
    json_number(arena, object, "common_values", layer->common);
}

static void add_trials(struct arena *arena, cJSON *root, const char *key, const struct clock_trial *trials,
                       uint32_t count) {
    cJSON *list = json_array(arena, root, key);
    for (uint32_t i = 0; i < count; i++) {
        cJSON *object = json_object(arena, list, NULL);
        json_text(arena, object, "name", trials[i].name);
        json_number(arena, object, "clock_period_ns", trials[i].period);
        json_text(arena, object, "refused", trials[i].refused);
        if (trials[i].refused) continue;
        json_number(arena, object, "cycles", trials[i].latency);
        json_number(arena, object, "nanoseconds", trials[i].latency * trials[i].period);
        json_number(arena, object, "stage_delay_ns", trials[i].stage_delay);
        json_number(arena, object, "lut", trials[i].cost.lut);
        json_number(arena, object, "ff", trials[i].cost.ff);
        json_number(arena, object, "bram18", trials[i].cost.bram18);
    }
}

void explanation_json(struct strbuf *out, const struct explanation *explanation) {
    struct arena *arena = out->arena;
    const struct compile_report *report = explanation->report;
    cJSON *root = json_root(arena);
    json_text(arena, root, "name", report->name);
    json_text(arena, root, "content_hash", report->content_hash);
    json_number(arena, root, "cycles", report->latency);
    json_number(arena, root, "clock_period_ns", report->clock_period);
    json_number(arena, root, "lut", report->total.lut);
    json_number(arena, root, "ff", report->total.ff);
    json_number(arena, root, "bram18", report->total.bram18);
    json_number(arena, root, "beat_cycles", explanation->beat_cycles);
    json_number(arena, root, "boundary_cycles", explanation->rest_cycles);
    cJSON *top = json_object(arena, root, "top");
    json_number(arena, top, "lut", explanation->top.lut);
    json_number(arena, top, "ff", explanation->top.ff);
    cJSON *list = json_array(arena, root, "layers");
    for (uint32_t i = 0; i < explanation->layer_count; i++) add_share(arena, list, &explanation->layers[i]);
    list = json_array(arena, root, "softmax");
    for (uint32_t i = 0; i < explanation->softmax_count; i++) add_share(arena, list, &explanation->softmax[i]);
    list = json_array(arena, root, "logic");
    for (uint32_t i = 0; i < explanation->kind_count; i++) {
        cJSON *object = json_object(arena, list, NULL);
        json_text(arena, object, "name", explanation->kinds[i].name);
        json_number(arena, object, "count", explanation->kinds[i].count);
        json_number(arena, object, "lut", explanation->kinds[i].lut);
        json_number(arena, object, "bram18", explanation->kinds[i].bram18);
    }
    add_trials(arena, root, "clocks", explanation->clocks, explanation->clock_count);
    add_trials(arena, root, "instead", explanation->instead, explanation->instead_count);
    json_print(out, root);
}
