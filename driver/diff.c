/* bxc diff: two firmware folders side by side, from their reports and verdicts. */
#include "driver/driver.h"
#include "ir/file.h"

#include <string.h>
#include <unistd.h>

struct diff_job {
    struct bxc_context *context;
    struct arena *arena;
    const char *left, *right;
    const struct bxc_options *options;
    FILE *terminal;
};

static int read_side(const struct diff_job *job, const char *folder, struct firmware_side *side) {
    if (firmware_check(job->context, folder) < 0) return -1;
    size_t length;
    const char *path = arena_printf(job->arena, "%s/report/report.json", folder);
    const char *verdict_path = arena_printf(job->arena, "%s/verify/verdict.json", folder);
    const char *json = file_read(job->context, job->arena, path, &length);
    side->folder = folder;
    side->report = json ? report_parse(job->context, job->arena, path, json) : NULL;
    if (!side->report) return -1;
    const char *text =
        access(verdict_path, R_OK) == 0 ? file_read(job->context, job->arena, verdict_path, &length) : NULL;
    const struct verdict *verdict = text ? verdict_parse(job->context, job->arena, verdict_path, text) : NULL;
    if (text && !verdict) return -1;
    bool same = verdict && verdict->content_hash && side->report->content_hash &&
                strcmp(verdict->content_hash, side->report->content_hash) == 0;
    side->verdict = same ? verdict : NULL;
    return 0;
}

static int write_page(const struct diff_job *job, const char *path, const struct firmware_side *left,
                      const struct firmware_side *right) {
    struct strbuf text = strbuf_new(job->arena);
    if (file_ends_with(path, ".html"))
        diff_html(&text, left, right);
    else if (file_ends_with(path, ".json"))
        diff_json(&text, left, right);
    else
        return diag_error(&job->context->diagnostics, (struct location){.file = path, .option = "--output"},
                          "name the output .html or .json", "cannot write this format");
    return file_write(job->context, path, text.data, text.length);
}

static int diff_steps(const struct diff_job *job) {
    struct firmware_side left, right;
    const char *output = options_get(job->options, "output");
    int result = read_side(job, job->left, &left);
    if (read_side(job, job->right, &right) < 0 || result < 0) return -1;
    if (output && write_page(job, output, &left, &right) < 0) return -1;
    struct strbuf text = strbuf_new(job->arena);
    if (options_has(job->options, "json"))
        diff_json(&text, &left, &right);
    else if (!options_has(job->options, "quiet"))
        diff_terminal(&text, &left, &right, isatty(fileno(job->terminal)));
    if (output && text.length && !options_has(job->options, "json")) strbuf_printf(&text, "\nwritten: %s\n", output);
    fputs(text.data, job->terminal);
    return 0;
}

static int diff(void *user) {
    struct diff_job *job = user;
    job->arena = arena_new(job->context);
    int result = diff_steps(job);
    arena_free(job->arena);
    return result;
}

int bxc_diff(struct bxc_context *context, const char *left, const char *right, const struct bxc_options *options,
             FILE *terminal) {
    struct diff_job job = {.context = context, .left = left, .right = right, .options = options, .terminal = terminal};
    return context_guarded(context, diff, &job);
}
