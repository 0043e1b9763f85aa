/* report.json (doc/report.schema.json), written and read back, so that `bxc report` can show what compile measured. No
 * times and no paths: the same firmware gives the same bytes. */
#include <limits.h>

#include "report/private.h"

static const struct field cost_fields[] = {FIELD_WITHIN(struct cost, AMOUNT, "lut", lut, bound_from_zero),
                                           FIELD_WITHIN(struct cost, AMOUNT, "ff", ff, bound_from_zero),
                                           FIELD_WITHIN(struct cost, AMOUNT, "dsp", dsp, bound_from_zero),
                                           FIELD_WITHIN(struct cost, AMOUNT, "bram18", bram18, bound_from_zero),
                                           {0}};

static const struct field path_fields[] = {FIELD(struct path_report, NAME, "layer", layer),
                                           FIELD(struct path_report, NAME, "operator", what),
                                           FIELD_WITHIN(struct path_report, INT, "bits", bits, bound_int),
                                           FIELD_WITHIN(struct path_report, INT, "arrival_ps", picoseconds, bound_int),
                                           {0}};

static void write_last_cycle(struct arena *arena, cJSON *json, const char *key, const void *object) {
    json_number(arena, json, key, ((const struct layer_report *)object)->last_cycle);
}

/* Both are -1, or neither. */
static void read_last_cycle(struct json_reader *reader, const cJSON *json, const char *key, void *object) {
    struct layer_report *layer = object;
    double first = layer->first_cycle;
    const struct bound none = {-1, -1, "-1, as first_cycle is"}, from = {first, INT_MAX, "a cycle from first_cycle on"};
    layer->last_cycle = read_int(reader, json, key, first < 0 ? &none : &from);
}

const struct field layer_fields[] = {FIELD(struct layer_report, NAME, "name", name),
                                     FIELD(struct layer_report, NAME, "op", op),
                                     FIELD(struct layer_report, TEXT, "module", module),
                                     FIELD_LATER(struct layer_report, BOOL, "made", made),
                                     FIELD(struct layer_report, NAME, "format", format),
                                     FIELD_IN(struct layer_report, "cost", cost, cost_fields),
                                     FIELD_WITHIN(struct layer_report, INT, "first_cycle", first_cycle, bound_or_none),
                                     FIELD_BY("last_cycle", write_last_cycle, read_last_cycle),
                                     FIELD(struct layer_report, NUMBER, "range_lo", range_lo),
                                     FIELD(struct layer_report, NUMBER, "range_hi", range_hi),
                                     FIELD(struct layer_report, NUMBER, "format_lo", format_lo),
                                     FIELD(struct layer_report, NUMBER, "format_hi", format_hi),
                                     {0}};

const struct field port_fields[] = {FIELD(struct port_report, NAME, "name", name),
                                    FIELD(struct port_report, NAME, "direction", direction),
                                    FIELD(struct port_report, COUNT32, "elements", elements),
                                    FIELD(struct port_report, COUNT32, "width", width),
                                    FIELD_LATER(struct port_report, COUNT32, "beats", beats),
                                    FIELD(struct port_report, NAME, "format", format),
                                    FIELD(struct port_report, NAME, "rounding", rounding),
                                    FIELD(struct port_report, NAME, "overflow", overflow),
                                    FIELD(struct port_report, NAME, "chosen_by", chosen_by),
                                    FIELD(struct port_report, NAME, "numbers", numbers),
                                    {0}};

static const struct field measured_fields[] = {
    FIELD_WITHIN(struct pass_report, ERROR, "max_error", max_error, bound_from_zero),
    FIELD_WITHIN(struct pass_report, ERROR, "mean_error", mean_error, bound_from_zero),
    FIELD(struct pass_report, COUNT, "decisions", decisions),
    FIELD(struct pass_report, COUNT, "flipped", flipped),
    {0}};

static const struct field pass_fields[] = {FIELD(struct pass_report, NAME, "name", name),
                                           FIELD(struct pass_report, NAME, "side", side),
                                           FIELD(struct pass_report, NAME, "summary", summary),
                                           FIELD(struct pass_report, BOOL, "changed", changed),
                                           FIELD(struct pass_report, BOOL, "measured", measured),
                                           FIELD_IF_SET(struct pass_report, measured, measured_fields),
                                           {0}};

static const struct field note_fields[] = {FIELD(struct note_report, NAME, "pass", pass),
                                           FIELD(struct note_report, TEXT, "subject", subject),
                                           FIELD(struct note_report, NAME, "text", text),
                                           FIELD(struct note_report, NUMBER, "number", number),
                                           {0}};

static void write_hls(struct arena *arena, cJSON *json, const char *key, const void *report) {
    (void)report;
    json_text(arena, json, key, words_hls);
}

static void write_nanoseconds(struct arena *arena, cJSON *json, const char *key, const void *object) {
    const struct compile_report *report = object;
    json_number(arena, json, key, report->latency * report->clock_period);
}

static void write_events_per_second(struct arena *arena, cJSON *json, const char *key, const void *report) {
    json_number(arena, json, key, report_events_per_second(report));
}

static void write_between_events(struct arena *arena, cJSON *json, const char *key, const void *report) {
    json_number(arena, json, key, 1e9 / report_events_per_second(report));
}

static void write_tool(struct arena *arena, cJSON *json, const char *key, const void *report) {
    (void)report;
    json_text(arena, json, key, "bxc");
}

static const struct field target_fields[] = {
    FIELD(struct compile_report, NAME, "part_code", part_code),
    FIELD(struct compile_report, NAME, "part", part_name),
    FIELD_WITHIN(struct compile_report, AMOUNT, "clock_period_ns", clock_period, bound_period),
    FIELD(struct compile_report, NAME, "estimates_from", technology_source),
    FIELD_BY("hls", write_hls, NULL),
    {0}};

static const struct field latency_fields[] = {
    FIELD_WITHIN(struct compile_report, INT, "cycles", latency, bound_int),
    FIELD_BY("nanoseconds", write_nanoseconds, NULL),
    FIELD_WITHIN(struct compile_report, INT, "initiation_interval", initiation_interval, bound_from_one),
    FIELD_BY("nanoseconds_between_events", write_between_events, NULL),
    FIELD_BY("events_per_second", write_events_per_second, NULL),
    FIELD_LATER_WITHIN(struct compile_report, INT, "beats", beats, bound_int),
    FIELD_WITHIN(struct compile_report, AMOUNT, "stage_delay_ns", stage_delay, bound_from_zero),
    FIELD_WITHIN(struct compile_report, INT, "margin_percent", margin, bound_int),
    FIELD_LIST_OF(struct compile_report, "critical_path", path, path_count, path_fields),
    {0}};

static const struct field resource_fields[] = {FIELD_IN(struct compile_report, "estimate", total, cost_fields),
                                               FIELD_IN(struct compile_report, "available", available, cost_fields),
                                               FIELD_WITHIN(struct compile_report, INT, "slr", slr, bound_from_one),
                                               {0}};

static const struct field block_fields[] = {
    FIELD(struct block_report, NAME, "kind", kind),
    FIELD_WITHIN(struct block_report, INT, "beats", beats, bound_from_one),
    FIELD_WITHIN(struct block_report, INT, "first_cycle", first_cycle, bound_or_none),
    FIELD_WITHIN(struct block_report, INT, "last_cycle", last_cycle, bound_or_none),
    FIELD(struct block_report, COUNT32, "wires", wires),
    FIELD(struct block_report, COUNT32, "states", states),
    FIELD(struct block_report, COUNT32, "memories", memories),
    FIELD_IN(struct block_report, "cost", cost, cost_fields),
    {0}};

static const struct field channel_fields[] = {FIELD_WITHIN(struct channel_report, INT, "from", from, bound_from_one),
                                              FIELD_WITHIN(struct channel_report, INT, "to", to, bound_from_one),
                                              FIELD(struct channel_report, COUNT32, "numbers", numbers),
                                              FIELD(struct channel_report, COUNT32, "bits", bits),
                                              FIELD_WITHIN(struct channel_report, INT, "registers", depth, bound_int),
                                              {0}};

static const struct field report_fields[] = {
    FIELD_BY("tool", write_tool, NULL),
    FIELD(struct compile_report, NAME, "version", tool_version),
    FIELD(struct compile_report, NAME, "name", name),
    FIELD(struct compile_report, NAME, "model", model),
    FIELD(struct compile_report, TEXT, "command", command),
    FIELD(struct compile_report, TEXT, "model_sha256", model_sha256),
    FIELD(struct compile_report, NAME, "content_hash", content_hash),
    FIELD_TOGETHER("target", target_fields),
    FIELD_TOGETHER("latency", latency_fields),
    FIELD_TOGETHER("resources", resource_fields),
    FIELD_LATER_LIST_OF(struct compile_report, "blocks", blocks, block_count, block_fields),
    FIELD_LATER_LIST_OF(struct compile_report, "channels", channels, channel_count, channel_fields),
    FIELD_LIST_OF(struct compile_report, "layers", layers, layer_count, layer_fields),
    FIELD_LIST_OF(struct compile_report, "ports", ports, port_count, port_fields),
    FIELD_LIST_OF(struct compile_report, "passes", passes, pass_count, pass_fields),
    FIELD_LIST_OF(struct compile_report, "notes", notes, note_count, note_fields),
    FIELD_NAMES_OF(struct compile_report, "warnings", warnings, warning_count),
    {0}};

void report_json(struct strbuf *out, const struct compile_report *report, const struct verdict *verdict) {
    struct arena *arena = out->arena;
    cJSON *root = json_root(arena);
    fields_write(arena, root, report_fields, report);
    if (verdict_is_of(verdict, report))
        fields_write(arena, json_object(arena, root, "verdict"), verdict_fields, verdict);
    json_print(out, root);
}

struct compile_report *report_parse(struct bxc_context *context, struct arena *arena, const char *path,
                                    const char *json) {
    struct json_reader reader = json_reader_of(context, arena, path, "report");
    struct compile_report *report = ARENA_NEW(arena, struct compile_report);
    const cJSON *root = json_read(&reader, json);
    if (!root) return NULL;
    fields_read(&reader, root, report_fields, report);
    return reader.wrong ? NULL : report;
}
