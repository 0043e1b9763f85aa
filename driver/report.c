/* Prints the report of a firmware folder, with the last verdict when there is one. */
#include "driver/driver.h"
#include "ir/file.h"

#include <string.h>
#include <unistd.h>

struct report_job {
    struct bxc_context *context;
    const char *folder;
    const struct bxc_options *options;
    FILE *terminal;
};

static void warn_of_edits(const struct report_job *job, const struct verdict *verdict) {
    char hash[65];
    if (!verdict || !verdict->files_hash || integrity_files_hash(job->context, job->folder, hash) < 0) return;
    if (strcmp(hash, verdict->files_hash) != 0)
        diag_warning(&job->context->diagnostics, (struct location){.file = job->folder}, "verify again",
                     "files were edited since the last verdict: it is not about them as they lie there now");
}

static int print_report(const struct report_job *job, struct arena *arena) {
    if (firmware_check(job->context, job->folder) < 0) return -1;
    char *path = arena_printf(arena, "%s/report/report.json", job->folder);
    char *verdict_path = arena_printf(arena, "%s/verify/verdict.json", job->folder);
    size_t length;
    const char *json = file_read(job->context, arena, path, &length);
    const struct compile_report *report = json ? report_parse(job->context, arena, path, json) : NULL;
    if (!report) return -1;
    const char *verdict_text =
        access(verdict_path, R_OK) == 0 ? file_read(job->context, arena, verdict_path, &length) : NULL;
    const struct verdict *verdict =
        verdict_text ? verdict_parse(job->context, arena, verdict_path, verdict_text) : NULL;
    if (verdict_text && !verdict) return -1;
    warn_of_edits(job, verdict);
    struct strbuf text = strbuf_new(arena);
    if (options_has(job->options, "json"))
        report_json(&text, report, verdict);
    else
        report_terminal(&text, report, verdict, isatty(fileno(job->terminal)));
    if (!options_has(job->options, "json")) strbuf_printf(&text, "\nreport: %s/report/report.html\n", job->folder);
    fputs(text.data, job->terminal);
    return 0;
}

static int report(void *user) {
    const struct report_job *job = user;
    struct arena *arena = arena_new(job->context);
    int result = print_report(job, arena);
    arena_free(arena);
    return result;
}

int bxc_report(struct bxc_context *context, const char *folder, const struct bxc_options *options, FILE *terminal) {
    struct report_job job = {context, folder, options, terminal};
    return context_guarded(context, report, &job);
}
