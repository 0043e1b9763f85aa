/* Runs the verification of a firmware folder and leaves the verdict in it. */
#include "driver/driver.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct verify_job {
    struct bxc_context *context;
    struct arena *arena;
    const char *folder;
    const struct bxc_options *options;
    FILE *terminal;
    struct firmware *firmware;
    struct verdict *verdict;
    bool positive;
};

static int choose_engines(const struct verify_job *job, bool *chosen) {
    const char *list = options_get(job->options, "engines");
    if (!list) return 0;
    for (int i = 0; i < ENGINE_COUNT; i++) chosen[i] = i == ENGINE_EMULATOR || i == ENGINE_FLOAT;
    char *copy = arena_strdup(job->arena, list), *rest = copy;
    for (char *name = strtok_r(copy, ",", &rest); name; name = strtok_r(NULL, ",", &rest)) {
        int id = 0;
        while (id < ENGINE_COUNT && strcmp(engine_name((enum engine_id)id), name) != 0) id++;
        if (id == ENGINE_COUNT)
            return diag_error(&job->context->diagnostics, (struct location){.attribute = "--engines"}, "float, emulator, c, hls, rtl and icarus, with commas between",
                              "no engine '%s'", name);
        chosen[id] = true;
    }
    return 0;
}

static void choose_class_names(const struct verify_job *job, struct verify_options *out) {
    const char *list = options_get(job->options, "class-names");
    if (!list) return;
    char *copy = arena_strdup(job->arena, list), *rest = copy;
    out->class_names = ARENA_ARRAY(job->arena, const char *, strlen(list) + 1);
    for (char *name = strtok_r(copy, ",", &rest); name; name = strtok_r(NULL, ",", &rest)) out->class_names[out->class_name_count++] = name;
}

static void choose_events(const struct verify_job *job, struct verify_options *out) {
    while (options_at(job->options, "events", out->event_file_count)) out->event_file_count++;
    out->event_files = ARENA_ARRAY(job->arena, const char *, out->event_file_count);
    for (uint32_t i = 0; i < out->event_file_count; i++) out->event_files[i] = options_at(job->options, "events", i);
    out->labels = options_get(job->options, "labels");
    choose_class_names(job, out);
}

static int choose(const struct verify_job *job, struct verify_options *out) {
    double count, seed, threshold;
    *out = verify_options_default();
    choose_events(job, out);
    if (options_number(job->options, "count", (double)out->events, 1, 1e15, &count) < 0 ||
        options_number(job->options, "seed", (double)out->seed, 0, 9e15, &seed) < 0 ||
        options_number(job->options, "threshold", out->threshold, -1e30, 1e30, &threshold) < 0 ||
        options_share(job->options, "max-flips", out->max_flips, &out->max_flips) < 0 ||
        options_number(job->options, "max-error", out->max_error, 0, 1e300, &out->max_error) < 0 ||
        options_share(job->options, "max-loss", out->max_loss, &out->max_loss) < 0) return -1;
    out->events = (uint64_t)count;
    out->seed = (uint64_t)seed;
    out->threshold = threshold;
    out->engine_options.jobs = job->context->threads;
    out->engine_options.ap_types = options_get(job->options, "ap-types");
    out->engine_options.check_hash = !options_has(job->options, "no-hash-check");
    return choose_engines(job, out->engine);
}

static int write_text(const struct verify_job *job, const char *path, const struct strbuf *text) {
    return file_write(job->context, arena_printf(job->arena, "%s/%s", job->folder, path), text->data, text->length);
}

/* verdict.json and verdict.xml in verify/, and the report once more with the verdict in it. */
static int write_verdict(const struct verify_job *job) {
    struct strbuf json = strbuf_new(job->arena), junit = strbuf_new(job->arena);
    char *folder = arena_printf(job->arena, "%s/verify", job->folder);
    mkdir(folder, 0777);
    verdict_json(&json, job->verdict);
    if (verdict_junit(&junit, job->verdict) < 0 || write_text(job, "verify/verdict.json", &json) < 0 || write_text(job, "verify/verdict.xml", &junit) < 0) return -1;
    char *path = arena_printf(job->arena, "%s/report/report.json", job->folder);
    size_t length;
    const char *text = access(path, R_OK) == 0 ? file_read(job->context, job->arena, path, &length) : NULL;
    const struct compile_report *report = text ? report_parse(job->context, job->arena, path, text) : NULL;
    if (!report) return 0;
    struct strbuf html = strbuf_new(job->arena), again = strbuf_new(job->arena);
    report_html(&html, report, job->verdict);
    report_json(&again, report, job->verdict);
    return write_text(job, "report/report.html", &html) < 0 || write_text(job, "report/report.json", &again) < 0 ? -1 : 0;
}

static void print_verdict(const struct verify_job *job) {
    struct strbuf text = strbuf_new(job->arena);
    if (!job->terminal || options_has(job->options, "quiet")) return;
    if (options_has(job->options, "json")) verdict_json(&text, job->verdict);
    else verdict_terminal(&text, job->verdict, isatty(fileno(job->terminal)));
    fputs(text.data, job->terminal);
}

/* The last line: where to read on. */
static void name_report(const struct verify_job *job) {
    const char *page = arena_printf(job->arena, "%s/report/report.html", job->folder);
    if (job->terminal && !options_has(job->options, "quiet") && !options_has(job->options, "json") && access(page, R_OK) == 0)
        fprintf(job->terminal, "report: %s\n", page);
}

static int verify_steps(struct verify_job *job) {
    struct verify_options options;
    if (choose(job, &options) < 0 || !(job->firmware = firmware_open(job->context, job->folder)) ||
        !(job->verdict = verify_firmware(job->firmware, &options))) return -1;
    print_verdict(job);
    job->positive = verdict_is_positive(job->verdict);
    if (write_verdict(job) < 0) return -1;
    name_report(job);
    return 0;
}

static int verify(void *user) {
    struct verify_job *job = user;
    job->arena = arena_new(job->context);
    int result = verify_steps(job);
    firmware_close(job->firmware);
    arena_free(job->arena);
    return result;
}

int bxc_verify(struct bxc_context *context, const char *folder, const struct bxc_options *options, bool *equal, FILE *terminal) {
    struct verify_job job = {.context = context, .folder = folder, .options = options, .terminal = terminal};
    int result = context_guarded(context, verify, &job);
    *equal = result == 0 && job.positive;
    return result;
}
