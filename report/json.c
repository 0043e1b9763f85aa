/* report.json (doc/report.schema.json). No times and no paths: the same firmware gives the same bytes. */
#include <math.h>
#include <string.h>

#include "report/private.h"

static void delete_json(void *json) {
    cJSON_Delete(json);
}

static cJSON *require(struct arena *arena, cJSON *json) {
    if (!json) context_out_of_memory(arena_context(arena));
    return json;
}

cJSON *json_root(struct arena *arena) {
    cJSON *root = require(arena, cJSON_CreateObject());
    arena_defer(arena, delete_json, root);
    return root;
}

static cJSON *add(struct arena *arena, cJSON *parent, const char *key, cJSON *item) {
    require(arena, item);
    cJSON_bool added = key ? cJSON_AddItemToObject(parent, key, item) : cJSON_AddItemToArray(parent, item);
    if (!added) {
        cJSON_Delete(item);
        require(arena, NULL);
    }
    return item;
}

cJSON *json_object(struct arena *arena, cJSON *parent, const char *key) {
    return add(arena, parent, key, cJSON_CreateObject());
}

cJSON *json_array(struct arena *arena, cJSON *parent, const char *key) {
    return add(arena, parent, key, cJSON_CreateArray());
}

void json_text(struct arena *arena, cJSON *parent, const char *key, const char *text) {
    add(arena, parent, key, text ? cJSON_CreateString(words_clean(arena, text)) : cJSON_CreateNull());
}

void json_number(struct arena *arena, cJSON *parent, const char *key, double number) {
    add(arena, parent, key, isfinite(number) ? cJSON_CreateNumber(number) : cJSON_CreateNull());
}

void json_bool(struct arena *arena, cJSON *parent, const char *key, bool value) {
    add(arena, parent, key, cJSON_CreateBool(value));
}

static void free_text(void *text) {
    cJSON_free(text);
}

void json_print(struct strbuf *out, const cJSON *root) {
    char *text = cJSON_Print(root);
    if (!text) context_out_of_memory(arena_context(out->arena));
    arena_defer(out->arena, free_text, text);
    strbuf_append(out, text);
    strbuf_append(out, "\n");
}

static void add_cost(struct arena *arena, cJSON *parent, const char *key, struct cost cost) {
    cJSON *object = json_object(arena, parent, key);
    json_number(arena, object, "lut", cost.lut);
    json_number(arena, object, "ff", cost.ff);
    json_number(arena, object, "dsp", cost.dsp);
    json_number(arena, object, "bram18", cost.bram18);
}

static void add_layers(struct arena *arena, cJSON *root, const struct compile_report *report) {
    cJSON *list = json_array(arena, root, "layers");
    for (uint32_t i = 0; i < report->layer_count; i++) {
        const struct layer_report *layer = &report->layers[i];
        cJSON *object = json_object(arena, list, NULL);
        json_text(arena, object, "name", layer->name);
        json_text(arena, object, "op", layer->op);
        json_text(arena, object, "module", layer->module);
        json_text(arena, object, "format", layer->format);
        add_cost(arena, object, "cost", layer->cost);
        json_number(arena, object, "first_cycle", layer->first_cycle);
        json_number(arena, object, "last_cycle", layer->last_cycle);
        json_number(arena, object, "range_lo", layer->range_lo);
        json_number(arena, object, "range_hi", layer->range_hi);
        json_number(arena, object, "format_lo", layer->format_lo);
        json_number(arena, object, "format_hi", layer->format_hi);
    }
}

static void add_ports(struct arena *arena, cJSON *root, const struct compile_report *report) {
    cJSON *list = json_array(arena, root, "ports");
    for (uint32_t i = 0; i < report->port_count; i++) {
        const struct port_report *port = &report->ports[i];
        cJSON *object = json_object(arena, list, NULL);
        json_text(arena, object, "name", port->name);
        json_text(arena, object, "direction", port->direction);
        json_number(arena, object, "elements", port->elements);
        json_number(arena, object, "width", port->width);
        json_text(arena, object, "format", port->format);
        json_text(arena, object, "rounding", port->rounding);
        json_text(arena, object, "overflow", port->overflow);
        json_text(arena, object, "chosen_by", port->chosen_by);
        json_text(arena, object, "numbers", port->numbers);
    }
}

static void add_passes(struct arena *arena, cJSON *root, const struct compile_report *report) {
    cJSON *list = json_array(arena, root, "passes");
    for (uint32_t i = 0; i < report->pass_count; i++) {
        const struct pass_report *pass = &report->passes[i];
        cJSON *object = json_object(arena, list, NULL);
        json_text(arena, object, "name", pass->name);
        json_text(arena, object, "side", pass->side);
        json_text(arena, object, "summary", pass->summary);
        json_bool(arena, object, "changed", pass->changed);
        json_bool(arena, object, "measured", pass->measured);
        if (!pass->measured) continue;
        json_number(arena, object, "max_error", pass->max_error);
        json_number(arena, object, "mean_error", pass->mean_error);
        json_number(arena, object, "decisions", (double)pass->decisions);
        json_number(arena, object, "flipped", (double)pass->flipped);
    }
}

static void add_notes(struct arena *arena, cJSON *root, const struct compile_report *report) {
    cJSON *notes = json_array(arena, root, "notes");
    for (uint32_t i = 0; i < report->note_count; i++) {
        cJSON *object = json_object(arena, notes, NULL);
        json_text(arena, object, "pass", report->notes[i].pass);
        json_text(arena, object, "subject", report->notes[i].subject);
        json_text(arena, object, "text", report->notes[i].text);
        json_number(arena, object, "number", report->notes[i].number);
    }
    cJSON *warnings = json_array(arena, root, "warnings");
    for (uint32_t i = 0; i < report->warning_count; i++) json_text(arena, warnings, NULL, report->warnings[i]);
}

static void add_path(struct arena *arena, cJSON *latency, const struct compile_report *report) {
    cJSON *path = json_array(arena, latency, "critical_path");
    for (uint32_t i = 0; i < report->path_count; i++) {
        cJSON *step = json_object(arena, path, NULL);
        json_text(arena, step, "layer", report->path[i].layer);
        json_text(arena, step, "operator", report->path[i].what);
        json_number(arena, step, "bits", report->path[i].bits);
        json_number(arena, step, "arrival_ps", report->path[i].picoseconds);
    }
}

static void add_target(struct arena *arena, cJSON *root, const struct compile_report *report) {
    cJSON *target = json_object(arena, root, "target");
    json_text(arena, target, "part_code", report->part_code);
    json_text(arena, target, "part", report->part_name);
    json_number(arena, target, "clock_period_ns", report->clock_period);
    json_text(arena, target, "estimates_from", report->technology_source);
    json_text(arena, target, "hls", words_hls);
    cJSON *latency = json_object(arena, root, "latency");
    json_number(arena, latency, "cycles", report->latency);
    json_number(arena, latency, "nanoseconds", report->latency * report->clock_period);
    json_number(arena, latency, "initiation_interval", report->initiation_interval);
    json_number(arena, latency, "stage_delay_ns", report->stage_delay);
    json_number(arena, latency, "margin_percent", report->margin);
    add_path(arena, latency, report);
    cJSON *resources = json_object(arena, root, "resources");
    add_cost(arena, resources, "estimate", report->total);
    add_cost(arena, resources, "available", report->available);
    json_number(arena, resources, "slr", report->slr);
}

void report_json(struct strbuf *out, const struct compile_report *report, const struct verdict *verdict) {
    struct arena *arena = out->arena;
    cJSON *root = json_root(arena);
    json_text(arena, root, "tool", "bxc");
    json_text(arena, root, "version", report->tool_version);
    json_text(arena, root, "name", report->name);
    json_text(arena, root, "model", report->model);
    json_text(arena, root, "command", report->command);
    json_text(arena, root, "model_sha256", report->model_sha256);
    json_text(arena, root, "content_hash", report->content_hash);
    add_target(arena, root, report);
    add_layers(arena, root, report);
    add_ports(arena, root, report);
    add_passes(arena, root, report);
    add_notes(arena, root, report);
    if (verdict_is_of(verdict, report)) verdict_to_json(arena, json_object(arena, root, "verdict"), verdict);
    json_print(out, root);
}
