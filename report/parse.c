/* Reads report.json back, so that `bxc report` can show what compile measured. Nothing in the file is
 * trusted: what is missing or of another kind is told by its name. */
#include <math.h>
#include <string.h>

#include "report/private.h"

static void delete_json(void *json) {
    cJSON_Delete(json);
}

static void wrong(struct json_reader *reader, const char *key, const char *wanted) {
    if (!reader->wrong)
        diag_error(&reader->context->diagnostics, (struct location){.file = reader->path, .path = key},
                   "compile the model again", "\"%s\" is not %s", key, wanted);
    reader->wrong = true;
}

cJSON *json_read(struct json_reader *reader, const char *text) {
    cJSON *root = cJSON_Parse(text);
    if (root)
        arena_defer(reader->arena, delete_json, root);
    else
        diag_error(&reader->context->diagnostics, (struct location){.file = reader->path}, "compile the model again",
                   "not JSON");
    return root;
}

const cJSON *read_member(struct json_reader *reader, const cJSON *object, const char *key) {
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, key);
    if (!cJSON_IsObject(item)) wrong(reader, key, "an object");
    return item;
}

const char *read_text(struct json_reader *reader, const cJSON *object, const char *key) {
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, key);
    if (cJSON_IsString(item)) return arena_strdup(reader->arena, item->valuestring);
    if (!cJSON_IsNull(item)) wrong(reader, key, "a text");
    return NULL;
}

double read_number(struct json_reader *reader, const cJSON *object, const char *key) {
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, key);
    if (cJSON_IsNumber(item)) return item->valuedouble;
    if (!cJSON_IsNull(item)) wrong(reader, key, "a number");
    return (double)NAN;
}

double read_error_number(struct json_reader *reader, const cJSON *object, const char *key) {
    double number = read_number(reader, object, key);
    return isnan(number) ? (double)INFINITY : number;
}

double read_number_or_zero(struct json_reader *reader, const cJSON *object, const char *key) {
    double number = read_number(reader, object, key);
    return isnan(number) ? 0 : number;
}

bool read_bool(struct json_reader *reader, const cJSON *object, const char *key) {
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, key);
    if (!cJSON_IsBool(item)) wrong(reader, key, "true or false");
    return cJSON_IsTrue(item);
}

const cJSON *read_array(struct json_reader *reader, const cJSON *object, const char *key, uint32_t *count) {
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, key);
    *count = 0;
    if (!cJSON_IsArray(item)) {
        wrong(reader, key, "an array");
        return NULL;
    }
    *count = (uint32_t)cJSON_GetArraySize(item);
    return item;
}

uint64_t read_count(struct json_reader *reader, const cJSON *object, const char *key) {
    double number = read_number(reader, object, key);
    if (number >= 0 && number < 1e18) return (uint64_t)number;
    wrong(reader, key, "a count");
    return 0;
}

int read_int(struct json_reader *reader, const cJSON *object, const char *key) {
    double number = read_number(reader, object, key);
    if (number >= -2147483647.0 && number <= 2147483647.0) return (int)number;
    wrong(reader, key, "a whole number");
    return 0;
}

static struct cost read_cost(struct json_reader *reader, const cJSON *object, const char *key) {
    const cJSON *cost = read_member(reader, object, key);
    return (struct cost){read_number_or_zero(reader, cost, "lut"), read_number_or_zero(reader, cost, "ff"),
                         read_number_or_zero(reader, cost, "dsp"), read_number_or_zero(reader, cost, "bram18")};
}

static void read_layers(struct json_reader *reader, const cJSON *root, struct compile_report *report) {
    const cJSON *item, *list = read_array(reader, root, "layers", &report->layer_count);
    struct layer_report *layer = report->layers =
        ARENA_ARRAY(reader->arena, struct layer_report, report->layer_count + 1);
    cJSON_ArrayForEach (item, list) {
        layer->name = read_text(reader, item, "name");
        layer->op = read_text(reader, item, "op");
        layer->module = read_text(reader, item, "module");
        layer->format = read_text(reader, item, "format");
        layer->cost = read_cost(reader, item, "cost");
        layer->first_cycle = read_int(reader, item, "first_cycle");
        layer->last_cycle = read_int(reader, item, "last_cycle");
        layer->range_lo = read_number(reader, item, "range_lo");
        layer->range_hi = read_number(reader, item, "range_hi");
        layer->format_lo = read_number(reader, item, "format_lo");
        layer->format_hi = read_number(reader, item, "format_hi");
        layer++;
    }
}

static void read_ports(struct json_reader *reader, const cJSON *root, struct compile_report *report) {
    const cJSON *item, *list = read_array(reader, root, "ports", &report->port_count);
    struct port_report *port = report->ports = ARENA_ARRAY(reader->arena, struct port_report, report->port_count + 1);
    cJSON_ArrayForEach (item, list) {
        port->name = read_text(reader, item, "name");
        port->direction = read_text(reader, item, "direction");
        port->elements = (uint32_t)read_int(reader, item, "elements");
        port->width = (uint32_t)read_int(reader, item, "width");
        port->format = read_text(reader, item, "format");
        port->rounding = read_text(reader, item, "rounding");
        port->overflow = read_text(reader, item, "overflow");
        port->chosen_by = read_text(reader, item, "chosen_by");
        port->numbers = read_text(reader, item, "numbers");
        port++;
    }
}

static void read_passes(struct json_reader *reader, const cJSON *root, struct compile_report *report) {
    const cJSON *item, *list = read_array(reader, root, "passes", &report->pass_count);
    struct pass_report *pass = report->passes = ARENA_ARRAY(reader->arena, struct pass_report, report->pass_count + 1);
    cJSON_ArrayForEach (item, list) {
        pass->name = read_text(reader, item, "name");
        pass->side = read_text(reader, item, "side");
        pass->summary = read_text(reader, item, "summary");
        pass->changed = read_bool(reader, item, "changed");
        pass->measured = read_bool(reader, item, "measured");
        if (pass->measured) {
            pass->max_error = read_error_number(reader, item, "max_error");
            pass->mean_error = read_error_number(reader, item, "mean_error");
            pass->decisions = read_count(reader, item, "decisions");
            pass->flipped = read_count(reader, item, "flipped");
        }
        pass++;
    }
}

static void read_notes(struct json_reader *reader, const cJSON *root, struct compile_report *report) {
    const cJSON *item, *list = read_array(reader, root, "notes", &report->note_count);
    struct note_report *note = report->notes = ARENA_ARRAY(reader->arena, struct note_report, report->note_count + 1);
    cJSON_ArrayForEach (item, list) {
        note->pass = read_text(reader, item, "pass");
        note->subject = read_text(reader, item, "subject");
        note->text = read_text(reader, item, "text");
        note->number = read_number(reader, item, "number");
        note++;
    }
    list = read_array(reader, root, "warnings", &report->warning_count);
    const char **warning = report->warnings = ARENA_ARRAY(reader->arena, const char *, report->warning_count + 1);
    cJSON_ArrayForEach (item, list) {
        if (!cJSON_IsString(item)) wrong(reader, "warnings", "texts");
        *warning++ = arena_strdup(reader->arena, cJSON_IsString(item) ? item->valuestring : "");
    }
}

static void read_path(struct json_reader *reader, const cJSON *latency, struct compile_report *report) {
    const cJSON *item, *list = read_array(reader, latency, "critical_path", &report->path_count);
    report->path = ARENA_ARRAY(reader->arena, struct path_report, report->path_count + 1);
    struct path_report *step = report->path;
    cJSON_ArrayForEach (item, list) {
        *step++ = (struct path_report){.layer = read_text(reader, item, "layer"),
                                       .what = read_text(reader, item, "operator"),
                                       .bits = read_int(reader, item, "bits"),
                                       .picoseconds = read_int(reader, item, "arrival_ps")};
    }
}

static void read_target(struct json_reader *reader, const cJSON *root, struct compile_report *report) {
    const cJSON *target = read_member(reader, root, "target");
    report->part_code = read_text(reader, target, "part_code");
    report->part_name = read_text(reader, target, "part");
    report->clock_period = read_number(reader, target, "clock_period_ns");
    report->technology_source = read_text(reader, target, "estimates_from");
    const cJSON *latency = read_member(reader, root, "latency");
    report->latency = read_int(reader, latency, "cycles");
    report->initiation_interval = read_int(reader, latency, "initiation_interval");
    report->stage_delay = read_number(reader, latency, "stage_delay_ns");
    report->margin = read_int(reader, latency, "margin_percent");
    read_path(reader, latency, report);
    const cJSON *resources = read_member(reader, root, "resources");
    report->total = read_cost(reader, resources, "estimate");
    report->available = read_cost(reader, resources, "available");
    report->slr = read_int(reader, resources, "slr");
}

struct compile_report *report_parse(struct bxc_context *context, struct arena *arena, const char *path,
                                    const char *json) {
    struct json_reader reader = {.context = context, .arena = arena, .path = path};
    struct compile_report *report = ARENA_NEW(arena, struct compile_report);
    const cJSON *root = json_read(&reader, json);
    if (!root) return NULL;
    report->tool_version = read_text(&reader, root, "version");
    report->name = read_text(&reader, root, "name");
    report->model = read_text(&reader, root, "model");
    report->command = read_text(&reader, root, "command");
    report->model_sha256 = read_text(&reader, root, "model_sha256");
    report->content_hash = read_text(&reader, root, "content_hash");
    read_target(&reader, root, report);
    read_layers(&reader, root, report);
    read_ports(&reader, root, report);
    read_passes(&reader, root, report);
    read_notes(&reader, root, report);
    return reader.wrong ? NULL : report;
}
