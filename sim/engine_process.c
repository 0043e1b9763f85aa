/* The engines that are programs built from fw/: each block of events is cut into shards, one a
 * process, and goes through stdin and stdout as little-endian 64-bit integers: for each event every
 * element of every port. The Verilog harness and testbench tell at their end how long events took. */
#include <cjson/cJSON.h>
#include <string.h>

#include "sim/private.h"

enum { SHARD_MIN = 64, IDLE_SECONDS = 300, HASH_SECONDS = 60, LAST_LINES = 8 };

static struct diagnostics *diagnostics(const struct engine *engine) {
    return &engine->firmware->context->diagnostics;
}

static int check_hash(struct engine *engine) {
    const char *arguments[] = {engine->program, "--hash", NULL};
    uint8_t text[128] = {0};
    struct child child = {.arguments = arguments, .output = text, .output_capacity = sizeof text - 1};
    struct location at = {
        .file = arena_printf(engine->arena, "%s/%s", engine->firmware->folder, engine->kind->build.sources[0])};
    if (children_run(engine->firmware->context, engine->arena, &child, 1, HASH_SECONDS))
        return diag_error(diagnostics(engine), at, NULL, "cancelled");
    const char *fate = child_fate(engine->arena, &child);
    if (fate)
        return diag_error(diagnostics(engine), at, child_last_lines(engine->arena, &child, LAST_LINES),
                          "engine '%s' %s when asked for its hash", engine->kind->name, fate);
    text[strcspn((char *)text, " \r\n")] = 0;
    if (!strcmp((char *)text, engine->firmware->content_hash)) return 0;
    return diag_error(diagnostics(engine), at, "compile the model again, so that all files are of one make",
                      "the files of %s/ are stale: their content hash is %.16s..., the manifest's is %.16s...",
                      engine->kind->build.sources[0], text[0] ? (char *)text : "missing",
                      engine->firmware->content_hash);
}

int process_engine_open(struct engine *engine) {
    struct build_request request = engine->kind->build;
    const char *missing = engine_missing_tool(engine->arena, engine->id);
    if (missing)
        return diag_error(diagnostics(engine), (struct location){0}, "install it, or leave this engine out",
                          "engine '%s' needs the command '%s'", engine->kind->name, missing);
    if (engine->options.inner_words) {
        request.engine = arena_printf(engine->arena, "inner-%s", request.engine);
        request.variable = "PROBES=1";
    }
    engine->program = build_program(engine->firmware, engine->arena, &engine->options, &request);
    if (!engine->program) return -1;
    engine->is_built = true;
    return engine->options.check_hash && engine->id != ENGINE_ICARUS ? check_hash(engine) : 0;
}

static void store(uint8_t *bytes, int64_t number) {
    uint64_t bits = (uint64_t)number;
    for (int i = 0; i < 8; i++) bytes[i] = (uint8_t)(bits >> (8 * i));
}

static int64_t load(const uint8_t *bytes) {
    uint64_t bits = 0;
    for (int i = 7; i >= 0; i--) bits = bits << 8 | bytes[i];
    return (int64_t)bits;
}

static void pack(const struct engine *engine, size_t events, const int64_t *const *inputs, uint8_t *bytes) {
    for (size_t event = 0; event < events; event++)
        for (uint32_t port = 0; port < engine->input_count; port++)
            for (size_t i = 0, n = engine->input_elements[port]; i < n; i++, bytes += 8)
                store(bytes, inputs[port][event * n + i]);
}

static void unpack(const struct engine *engine, size_t events, const uint8_t *bytes, int64_t *const *outputs) {
    for (size_t event = 0; event < events; event++)
        for (uint32_t port = 0; port < engine->output_count; port++)
            for (size_t i = 0, n = engine->output_elements[port]; i < n; i++, bytes += 8)
                outputs[port][event * n + i] = load(bytes);
}

static const char *const *shard_arguments(const struct engine *engine, struct arena *scratch, int shard) {
    const char **arguments = ARENA_ARRAY(scratch, const char *, 6);
    int count = 0;
    arguments[count++] = engine->program;
    if (engine->id == ENGINE_RTL && engine->options.gap_seed) {
        arguments[count++] = "--gaps";
        arguments[count++] =
            arena_printf(scratch, "%llu", (unsigned long long)engine->options.gap_seed + (unsigned)shard);
    }
    if (engine->id == ENGINE_RTL && engine->options.reset_seed) {
        arguments[count++] = "--resets";
        arguments[count++] =
            arena_printf(scratch, "%llu", (unsigned long long)engine->options.reset_seed + (unsigned)shard);
    }
    return arguments;
}

static double figure(const cJSON *json, const char *key, double otherwise) {
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(json, key);
    return cJSON_IsNumber(item) ? item->valuedouble : otherwise;
}

static void note_latency(struct engine *engine, int lowest, int highest) {
    if (!engine->latency_seen) engine->latency = lowest;
    engine->latency_seen = true;
    if (lowest != highest || engine->latency != lowest) engine->latency = -1;
}

/* Gaps and resets are between events too. */
static void note_interval(struct engine *engine, int least) {
    if (least <= 0 || engine->options.gap_seed || engine->options.reset_seed) return;
    if (!engine->interval || least < engine->interval) engine->interval = least;
}

/* The last line: what was measured on `valid`. */
static int read_measurement(struct engine *engine, struct arena *scratch, const struct child *child) {
    const char *line = child_last_lines(scratch, child, 1);
    cJSON *json = line ? cJSON_Parse(line) : NULL;
    if (!json)
        return diag_error(diagnostics(engine), (struct location){.file = engine->program}, line,
                          "engine '%s' did not tell its latency", engine->kind->name);
    double lowest = figure(json, "latency_min", -1), highest = figure(json, "latency_max", -1),
           spurious = figure(json, "spurious", 0), interval = figure(json, "interval_min", 0);
    cJSON_Delete(json);
    if (spurious == 0) {
        note_latency(engine, (int)lowest, (int)highest);
        note_interval(engine, (int)interval);
        return 0;
    }
    return diag_error(diagnostics(engine), (struct location){.file = engine->program}, NULL,
                      "engine '%s' is out of step with valid: %.0f outputs that no event asked for", engine->kind->name,
                      spurious);
}

/* Events that it failed to give, or gave too many of; `first` is the number of its first event. */
static int check_shard(struct engine *engine, struct arena *scratch, const struct child *child, size_t first) {
    const char *fate = child_fate(scratch, child);
    size_t event_bytes = 8 * engine->output_total, rounds = child->rounds ? child->rounds : 1;
    size_t wanted = rounds * (child->output_capacity / event_bytes), got = child->output_total / event_bytes;
    struct location at = {.file = engine->program};
    const char *lines = child_last_lines(scratch, child, LAST_LINES);
    if (fate)
        return diag_error(diagnostics(engine), at, lines, "engine '%s' %s at event %zu of this block",
                          engine->kind->name, fate, first + got);
    if (child->output_extra)
        return diag_error(diagnostics(engine), at, lines, "engine '%s' gave %zu bytes more than %zu events have",
                          engine->kind->name, child->output_extra, wanted);
    if (child->output_total != rounds * child->output_capacity)
        return diag_error(diagnostics(engine), at, lines, "engine '%s' gave %zu events of %zu", engine->kind->name, got,
                          wanted);
    if (child->output_changed)
        return diag_error(diagnostics(engine), at, "something is kept from one event to another, or events are counted",
                          "engine '%s' gives another result for an event that it got before: event %zu of one process",
                          engine->kind->name, child->output_changed_at / event_bytes);
    return engine->kind->measures ? read_measurement(engine, scratch, child) : 0;
}

static int shard_count(const struct engine *engine, size_t events) {
    size_t most = (events + SHARD_MIN - 1) / SHARD_MIN;
    if (engine->options.rounds > 1) return 1;
    return (size_t)engine->options.jobs < most ? engine->options.jobs : (int)most;
}

static int run_shards(struct engine *engine, struct arena *scratch, size_t events, const uint8_t *input,
                      uint8_t *output) {
    int count = shard_count(engine, events), status = 0;
    struct child *children = ARENA_ARRAY(scratch, struct child, count);
    size_t in_bytes = 8 * engine->input_total, out_bytes = 8 * engine->output_total;
    for (int i = 0; i < count; i++) {
        size_t from = events * (size_t)i / (size_t)count, to = events * ((size_t)i + 1) / (size_t)count;
        children[i] = (struct child){.arguments = shard_arguments(engine, scratch, i),
                                     .rounds = engine->options.rounds,
                                     .input = input + from * in_bytes,
                                     .input_length = (to - from) * in_bytes,
                                     .output = output + from * out_bytes,
                                     .output_capacity = (to - from) * out_bytes};
    }
    double idle = engine->options.idle_seconds > 0 ? engine->options.idle_seconds : IDLE_SECONDS;
    if (children_run(engine->firmware->context, scratch, children, count, idle))
        return diag_error(diagnostics(engine), (struct location){0}, NULL, "cancelled while engine '%s' ran",
                          engine->kind->name);
    engine->outputs_whole = true;
    for (int i = 0; i < count; i++) engine->outputs_whole &= children[i].output_length == children[i].output_capacity;
    for (int i = 0; i < count && status == 0; i++)
        status = check_shard(engine, scratch, &children[i], events * (size_t)i / (size_t)count);
    return status;
}

int process_engine_run(struct engine *engine, size_t events, const int64_t *const *inputs, int64_t *const *outputs) {
    if (events == 0 || engine->output_total == 0) return 0;
    struct arena *scratch = arena_new(engine->firmware->context);
    uint8_t *input = arena_calloc(scratch, events, 8 * engine->input_total);
    uint8_t *output = arena_calloc(scratch, events, 8 * engine->output_total);
    pack(engine, events, inputs, input);
    engine->outputs_whole = false;
    int status = run_shards(engine, scratch, events, input, output);
    if (engine->outputs_whole) unpack(engine, events, output, outputs);
    arena_free(scratch);
    return status;
}
