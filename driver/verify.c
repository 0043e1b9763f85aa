/* Runs the verification of a firmware folder and leaves the verdict in it. */
#include "driver/driver.h"
#include "driver/library.h"
#include "ir/file.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

struct verify_job {
    struct bxc_context *context;
    struct arena *arena;
    const char *folder;
    const struct bxc_options *options;
    FILE *terminal;
    struct firmware *firmware;
    struct verdict *verdict;
    struct bxc_verdict **kept; /* for whoever wants it as a result; or NULL */
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
            return diag_error(&job->context->diagnostics, (struct location){.option = "--engines"},
                              arena_printf(job->arena, "%s, with commas between", engine_names(job->arena, " and ")),
                              "no engine '%s'", name);
        chosen[id] = true;
    }
    return 0;
}

static int choose_class_names(const struct verify_job *job, struct verify_options *out) {
    const char *at = options_get(job->options, "class-names");
    out->class_names = at ? ARENA_ARRAY(job->arena, const char *, strlen(at) + 1) : NULL;
    while (at) {
        size_t length = strcspn(at, ",");
        if (length == 0)
            return diag_error(&job->context->diagnostics, (struct location){.option = "--class-names"},
                              "give every class a name, in the order of their numbers", "class %u has no name",
                              out->class_name_count);
        out->class_names[out->class_name_count++] = arena_strndup(job->arena, at, length);
        at = at[length] ? at + length + 1 : NULL;
    }
    return 0;
}

static int choose_events(const struct verify_job *job, struct verify_options *out) {
    while (options_at(job->options, "events", out->event_file_count)) out->event_file_count++;
    out->event_files = ARENA_ARRAY(job->arena, const char *, out->event_file_count);
    for (uint32_t i = 0; i < out->event_file_count; i++) out->event_files[i] = options_at(job->options, "events", i);
    while (options_at(job->options, "labels", out->label_file_count)) out->label_file_count++;
    out->label_files = ARENA_ARRAY(job->arena, const char *, out->label_file_count);
    for (uint32_t i = 0; i < out->label_file_count; i++) out->label_files[i] = options_at(job->options, "labels", i);
    return choose_class_names(job, out);
}

static void warn_of_engine_options(const struct verify_job *job, const bool *chosen) {
    if (options_has(job->options, "ap-types") && !chosen[ENGINE_HLS])
        diag_warning(&job->context->diagnostics, (struct location){.file = "bxc"}, NULL,
                     "--ap-types does nothing: engine 'hls' is not among those of --engines");
}

static int choose(const struct verify_job *job, struct verify_options *out) {
    *out = verify_options_default();
    if (choose_events(job, out) < 0 || options_count(job->options, "count", out->events, 1, 1e15, &out->events) < 0 ||
        options_count(job->options, "seed", out->seed, 0, 9e15, &out->seed) < 0 ||
        options_number(job->options, "threshold", out->threshold, -1e30, 1e30, &out->threshold) < 0 ||
        options_share(job->options, "max-flips", out->max_flips, 1, &out->max_flips) < 0 ||
        options_number(job->options, "max-error", out->max_error, 0, 1e300, &out->max_error) < 0 ||
        options_share(job->options, "max-loss", out->max_loss, 1, &out->max_loss) < 0)
        return -1;
    out->engine_options.jobs = job->context->threads;
    out->engine_options.ap_types = options_get(job->options, "ap-types");
    out->engine_options.check_hash = !options_has(job->options, "no-hash-check");
    if (choose_engines(job, out->engine) < 0) return -1;
    warn_of_engine_options(job, out->engine);
    return 0;
}

/* ---- what is left in the folder ---- */

static void delete_json(void *json) {
    cJSON_Delete(json);
}

static void free_text(void *text) {
    cJSON_free(text);
}

int report_again(struct bxc_context *context, struct arena *arena, const char *json, struct report_texts *out) {
    cJSON *root = cJSON_Parse(json);
    if (!root) return -1;
    arena_defer(arena, delete_json, root);
    cJSON *verdict_item = cJSON_DetachItemFromObjectCaseSensitive(root, "verdict");
    if (verdict_item) arena_defer(arena, delete_json, verdict_item);
    context_check(context);
    char *text = cJSON_Print(root);
    if (!text) context_out_of_memory(context);
    arena_defer(arena, free_text, text);
    out->json_without_verdict = arena_printf(arena, "%s\n", text);
    context_check(context);
    const struct compile_report *report = report_parse(context, arena, "report.json", json);
    const struct verdict *verdict = report && verdict_item ? verdict_parse(context, arena, "report.json", json) : NULL;
    if (!report || (verdict_item && !verdict)) return -1;
    struct strbuf html = strbuf_new(arena);
    context_check(context);
    report_html(&html, report, verdict);
    out->html = html.data;
    return 0;
}

/* Where it is written first, so that a kill leaves nothing that the next verification does not remove. */
static int write_beside(const struct verify_job *job, const char *beside, const char *path, const char *text) {
    char *first = arena_printf(job->arena, "%s/file", beside),
         *goal = arena_printf(job->arena, "%s/%s", job->folder, path);
    if (file_write(job->context, first, text, strlen(text)) < 0) return -1;
    if (rename(first, goal) == 0) return 0;
    return diag_error(&job->context->diagnostics, (struct location){.file = goal}, NULL, "cannot be written: %s",
                      strerror(errno));
}

/* The report once more, with the verdict in it. */
static int write_report(const struct verify_job *job, const char *beside) {
    char *path = arena_printf(job->arena, "%s/report/report.json", job->folder);
    size_t length;
    const char *text = access(path, R_OK) == 0 ? file_read(job->context, job->arena, path, &length) : NULL;
    const struct compile_report *report = text ? report_parse(job->context, job->arena, path, text) : NULL;
    if (!report) return 0;
    struct strbuf again = strbuf_new(job->arena);
    struct report_texts texts;
    report_json(&again, report, job->verdict);
    if (report_again(job->context, job->arena, again.data, &texts) < 0) return -1;
    return write_beside(job, beside, "report/report.html", texts.html) < 0 ||
                   write_beside(job, beside, "report/report.json", again.data) < 0
               ? -1
               : 0;
}

/* The last verdict, when it is of these very files; one that cannot be read is none. */
static const struct verdict *last_verdict(const struct verify_job *job) {
    struct diagnostics *diagnostics = &job->context->diagnostics;
    size_t before = diagnostics->count, errors = diagnostics->errors, length;
    char *path = arena_printf(job->arena, "%s/verify/verdict.json", job->folder);
    const char *text = access(path, R_OK) == 0 ? file_read(job->context, job->arena, path, &length) : NULL;
    const struct verdict *last = text ? verdict_parse(job->context, job->arena, path, text) : NULL;
    diagnostics->count = before;
    diagnostics->errors = errors;
    bool same = last && last->files_hash && last->content_hash &&
                strcmp(last->files_hash, job->verdict->files_hash) == 0 &&
                strcmp(last->content_hash, job->verdict->content_hash) == 0;
    return same ? last : NULL;
}

/* A run of some engines says less than the last one of all, unless it found something. */
static bool last_says_more(const struct verify_job *job) {
    if (verdict_is_complete(job->verdict) || verdict_state(job->verdict) == VERDICT_FAILED) return false;
    const struct verdict *last = last_verdict(job);
    return last && verdict_is_complete(last);
}

static int write_all(const struct verify_job *job, const char *beside, const char *name, bool into_report) {
    struct strbuf json = strbuf_new(job->arena), junit = strbuf_new(job->arena);
    verdict_json(&json, job->verdict);
    if (verdict_junit(&junit, job->verdict) < 0 ||
        write_beside(job, beside, arena_printf(job->arena, "verify/%s.json", name), json.data) < 0 ||
        write_beside(job, beside, arena_printf(job->arena, "verify/%s.xml", name), junit.data) < 0)
        return -1;
    return into_report ? write_report(job, beside) : 0;
}

enum { TURN_SECONDS = 60 };

/* One verification after the other, so that all that is left is of one. */
static int write_verdict(const struct verify_job *job) {
    char *folder = arena_printf(job->arena, "%s/verify", job->folder);
    if (folder_make(job->context, folder) < 0) return -1;
    struct arena *turn = arena_new(job->context);
    file_lock(turn, arena_printf(turn, "%s/%s", folder, FOLDER_LOCK), TURN_SECONDS);
    const char *beside = folder_beside(job->context, turn, arena_printf(turn, "%s/verdict", folder));
    bool partial = beside && last_says_more(job);
    int result = beside ? write_all(job, beside, partial ? "partial" : "verdict", !partial) : -1;
    if (result == 0 && partial)
        diag_note(
            &job->context->diagnostics,
            (struct location){.file = arena_printf(job->arena, "%s/verify/partial.json", job->folder)}, NULL,
            "this run of some engines is kept here; the verdict of all of them stays in verdict.json and the report");
    arena_free(turn);
    return result;
}

static void print_verdict(const struct verify_job *job) {
    struct strbuf text = strbuf_new(job->arena);
    if (!job->terminal || options_has(job->options, "quiet")) return;
    if (options_has(job->options, "json"))
        verdict_json(&text, job->verdict);
    else
        verdict_terminal(&text, job->verdict, isatty(fileno(job->terminal)));
    fputs(text.data, job->terminal);
}

/* The last line: where to read on. */
static void name_report(const struct verify_job *job) {
    const char *page = arena_printf(job->arena, "%s/report/report.html", job->folder);
    if (job->terminal && !options_has(job->options, "quiet") && !options_has(job->options, "json") &&
        access(page, R_OK) == 0)
        fprintf(job->terminal, "report: %s\n", page);
}

static int verify_steps(struct verify_job *job) {
    struct verify_options options;
    struct integrity integrity;
    if (choose(job, &options) < 0 || !(job->firmware = firmware_open(job->context, job->folder)) ||
        integrity_check(job->firmware, options.engine_options.check_hash, &integrity) < 0 ||
        !(job->verdict = verify_firmware(job->firmware, &options)))
        return -1;
    job->verdict->edited = integrity.edited;
    job->verdict->edited_count = integrity.edited_count;
    job->verdict->files_hash = arena_strdup(job->context->arena, integrity.files_hash);
    print_verdict(job);
    job->positive = verdict_is_positive(job->verdict);
    if (write_verdict(job) < 0) return -1;
    if (job->kept) *job->kept = verdict_public(job->context, job->verdict);
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

int bxc_verify(struct bxc_context *context, const char *folder, const struct bxc_options *options, bool *equal,
               FILE *terminal) {
    struct verify_job job = {.context = context, .folder = folder, .options = options, .terminal = terminal};
    int result = context_guarded(context, verify, &job);
    *equal = result == 0 && job.positive;
    return result;
}

struct bxc_verdict *bxc_firmware_verify(struct bxc_context *context, const char *folder,
                                        const struct bxc_options *options) {
    struct bxc_verdict *verdict = NULL;
    struct verify_job job = {.context = context, .folder = folder, .options = options, .kept = &verdict};
    return context_guarded(context, verify, &job) < 0 ? NULL : verdict;
}
