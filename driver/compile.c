/* Model file to firmware folder: reads, runs the passes, measures between them, emits, writes. */
#include "driver/driver.h"
#include "ir/file.h"
#include "ir/hash.h"
#include "ir/text.h"
#include "ir/verify.h"

#include <fnmatch.h>
#include <math.h>
#include <string.h>

/* Everything one compilation holds; one arena. */
struct compile_job {
    const struct compilation *what;
    struct bxc_context *context;
    struct arena *arena;
    struct compile_options options;
    struct program program;
    struct measurement *measurement;
    struct network *network;
    struct pass_report *reports;
    uint32_t report_count;
    struct strbuf reference, quantised;
    struct node_names model_nodes; /* of the model as read, copies of its bodies too */
    const char *name;
    char model_hash[65], reference_hash[65], content_hash[65];
    struct file_set files;
    struct compile_report *report;
};

static uint32_t pass_count(void) {
    uint32_t count = 0;
    while (passes[count].name) count++;
    return count;
}

static bool is_dumped(const struct compile_job *job, const char *pass) {
    for (size_t i = 0;; i++) {
        const char *wanted = options_at(job->what->options, "dump-after", i);
        if (!wanted) return false;
        if (strcmp(wanted, pass) == 0 || strcmp(wanted, "all") == 0) return true;
    }
}

/* A dump behind the last pass that runs. */
static int refuse_dump_behind(const struct compile_job *job, const char *name, const char *stop) {
    return diag_error(&job->context->diagnostics, (struct location){.option = "--dump-after"},
                      "'bxc compile --list-passes' lists them in their order", "pass '%s' does not run after '%s'",
                      name, stop);
}

static int check_pass_names(const struct compile_job *job) {
    struct bxc_context *context = job->context;
    const char *stop = options_get(job->what->options, "stop-after");
    if (stop && !pass_find(stop))
        return diag_error(&context->diagnostics, (struct location){.option = "--stop-after"},
                          "'bxc compile --list-passes' lists them", "no pass '%s'", stop);
    for (size_t i = 0; options_at(job->what->options, "dump-after", i); i++) {
        const char *name = options_at(job->what->options, "dump-after", i);
        if (strcmp(name, "all") != 0 && !pass_find(name))
            return diag_error(&context->diagnostics, (struct location){.option = "--dump-after"},
                              "'bxc compile --list-passes' lists them", "no pass '%s'", name);
        if (stop && strcmp(name, "all") != 0 && pass_find(name) > pass_find(stop))
            return refuse_dump_behind(job, name, stop);
    }
    return 0;
}

static int refuse_pass_above(const struct compile_job *job, const char *option, const char *pass) {
    return diag_error(&job->context->diagnostics, (struct location){.file = job->what->model, .attribute = option},
                      "passes below the line run: 'bxc compile --list-passes'",
                      "this is a quantised graph: pass '%s' does not run", pass);
}

static bool is_above(const char *pass) {
    const struct pass *found = pass_find(pass);
    return found && found->side == ABOVE_THE_LINE;
}

/* A quantised graph begins at the line: passes above it do not run. */
static int check_passes_run(const struct compile_job *job) {
    const char *stop = options_get(job->what->options, "stop-after"), *name;
    if (!graph_is_integer(job->program.graph)) return 0;
    if (stop && is_above(stop)) return refuse_pass_above(job, "--stop-after", stop);
    for (size_t i = 0; (name = options_at(job->what->options, "dump-after", i)); i++)
        if (is_above(name)) return refuse_pass_above(job, "--dump-after", name);
    return 0;
}

static void dump(const struct compile_job *job, const char *pass) {
    struct strbuf text = strbuf_new(job->arena);
    strbuf_printf(&text, "# after %s\n", pass);
    if (job->program.design)
        design_print(&text, job->program.design);
    else
        graph_print(&text, job->program.graph);
    fputs(text.data, job->what->terminal);
}

/* Before the passes that take long. */
static const char last_of_graphs[] = "simplify";

/* Its nodes are those of the model still, and their names are what layers are found by. */
static const char writes_bodies[] = "unroll";

static int foretell_fit(struct compile_job *job) {
    bool is_quiet = options_has(job->what->options, "quiet");
    if (options_has(job->what->options, "stop-after")) return 0;
    return fit_foretell(&job->program, job->what->model, is_quiet ? NULL : job->what->terminal);
}

static int after_pass(void *user, struct program *program, const struct pass *pass, bool changed, double seconds) {
    struct compile_job *job = user;
    struct pass_report *report = &job->reports[job->report_count++];
    *report = (struct pass_report){.name = pass->name,
                                   .side = pass->side == ABOVE_THE_LINE ? "above" : "below",
                                   .summary = pass->summary,
                                   .changed = changed,
                                   .seconds = seconds};
    if (is_dumped(job, pass->name)) dump(job, pass->name);
    if (strcmp(pass->name, writes_bodies) == 0 && !job->what->reference)
        job->model_nodes = node_names_of(job->arena, program->graph);
    if (strcmp(pass->name, last_of_graphs) == 0 && foretell_fit(job) < 0) return -1;
    if (pass->side == ABOVE_THE_LINE && changed) measurement_take(job->measurement, program, report);
    return 0;
}

static int hash_model(struct compile_job *job) {
    size_t length;
    struct arena *scratch = arena_new(job->context);
    const char *data = file_map(job->context, scratch, job->what->model, &length);
    if (data) sha256_of(data, length, job->model_hash);
    arena_free(scratch);
    return data ? 0 : -1;
}

/* The model's name inside its file is the exporter's: main_graph, torch_jit, functional, a hash. */
static const char *name_of_file(struct arena *arena, const char *path) {
    const char *slash = strrchr(path, '/'), *base = slash ? slash + 1 : path, *point = strrchr(base, '.');
    return name_firmware(arena, point && point > base ? arena_strndup(arena, base, (size_t)(point - base)) : base);
}

static int make_reference(struct compile_job *job) {
    job->reference = strbuf_new(job->arena);
    job->model_nodes = node_names_of(job->arena, job->program.graph);
    graph_print(&job->reference, job->program.graph);
    return read_back(job->program.graph, "reference.bxc", &job->reference);
}

static int take_reference(struct compile_job *job) {
    job->reference = strbuf_new(job->arena);
    strbuf_append(&job->reference, job->what->reference);
    struct graph *reference = graph_parse(job->context, "reference.bxc", job->reference.data, job->reference.length);
    if (!reference) return -1;
    int status = graph_is_integer(reference) ? 0 : graph_unroll(reference);
    job->model_nodes = node_names_of(job->arena, reference);
    graph_free(reference);
    return status;
}

static int read_model(struct compile_job *job) {
    struct frontend_options reading = {0};
    if (reading_options(job->context, job->arena, job->what->options, &reading) < 0) return -1;
    job->program.graph = frontend_read(job->context, job->what->model, &reading);
    if (!job->program.graph || extent_check(job->context, job->program.graph, job->what->model) < 0) return -1;
    if (hash_model(job) < 0) return -1;
    job->name = job->options.name ? job->options.name : name_of_file(job->arena, job->what->model);
    job->program.graph->name = arena_strdup(job->program.graph->arena, job->name);
    return job->what->reference ? take_reference(job) : make_reference(job);
}

/* Nodes of bodies go by the names of their copies (ir/unroll.c). */
static bool names_a_node(struct arena *arena, const struct graph *graph, const char *before, const char *pattern) {
    for (uint32_t n = 0; n < graph->node_count; n++) {
        const struct node *node = &graph->nodes[n];
        const char *name = arena_printf(arena, "%s%s", before, node->name);
        if (node->dead || node->op == OP_CONSTANT) continue;
        if (fnmatch(pattern, name, 0) == 0) return true;
        for (int64_t trip = 0; node->body && trip < node->attributes.loop.trips; trip++)
            if (names_a_node(arena, node->body, arena_printf(arena, "%s.%lld.", name, (long long)trip), pattern))
                return true;
    }
    return false;
}

static void warn_of_idle_layers(const struct compile_job *job) {
    for (uint32_t i = 0; i < job->options.layer_count; i++)
        if (!names_a_node(job->arena, job->program.graph, "", job->options.layers[i].node)) {
            job->program.layers_used[i] = ~0u; /* told here, and only here */
            diag_warning(
                &job->context->diagnostics, (struct location){.file = options_get(job->what->options, "config")},
                "layers go by the names of the model's nodes, which 'bxc inspect' lists",
                "no node is called '%s': what the configuration asks of it does nothing", job->options.layers[i].node);
        }
}

static int run_passes(struct compile_job *job) {
    struct program *program = &job->program;
    const struct bxc_options *options = job->what->options;
    program->context = job->context;
    program->arena = job->arena;
    program->options = &job->options;
    program->technology = technology_for(job->options.part, job->options.grade);
    unused_watch(program);
    warn_of_idle_layers(job);
    if (unused_refuse(program) < 0 || check_passes_run(job) < 0) return -1;
    if (calibration_load(job->context, job->arena, options, program->graph, &program->calibration) < 0) return -1;
    job->measurement = measurement_new(program);
    job->network = network_new(program);
    struct pass_report start;
    measurement_take(job->measurement, program, &start);
    program_note(program, "measure", NULL, (double)NAN, "passes above the line are measured on %s",
                 measurement_events(job->measurement));
    job->reports = ARENA_ARRAY(job->arena, struct pass_report, pass_count());
    struct pass_hooks hooks = {job, after_pass};
    if (passes_run(program, &hooks, options_get(options, "stop-after")) < 0) return -1;
    if (options_has(options, "stop-after")) {
        unused_warn_of_firmware(job->context, options);
        return 0;
    }
    unused_warn(program);
    interval_warn(program);
    block_rams_warn(program);
    return network_judge(job->network, program, job->measurement, job->reports, job->report_count, options);
}

static int check_cancelled(const struct compile_job *job) {
    if (!atomic_load(&job->context->cancelled)) return 0;
    return diag_error(&job->context->diagnostics, (struct location){.file = job->what->model}, NULL, "cancelled");
}

static int emit(struct compile_job *job) {
    struct strbuf design = strbuf_new(job->arena);
    job->quantised = strbuf_new(job->arena);
    graph_print(&job->quantised, job->program.graph);
    if (read_back(job->program.graph, "model.bxc", &job->quantised) < 0) return -1;
    content_hash(job->arena, job->content_hash, &job->quantised, &job->reference, &job->options, job->name);
    struct emission emission = {.context = job->context,
                                .graph = job->program.graph,
                                .design = job->program.design,
                                .name = job->name,
                                .content_hash = job->content_hash,
                                .clock_ps = job->options.clock_ps,
                                .part_code = job->options.part_code,
                                .files = &job->files};
    file_set_add(&job->files, "model.bxc", job->quantised.data, job->quantised.length);
    file_set_add(&job->files, "reference.bxc", job->reference.data, job->reference.length);
    design_print(&design, job->program.design);
    file_set_add(&job->files, "design.bxd", design.data, design.length);
    for (const struct language *language = languages; language->name; language++) {
        context_progress(job->context, language->name, 0, 0);
        if (check_cancelled(job) < 0 || language->emit(&emission) < 0) return -1;
    }
    return 0;
}

static int add_reports(struct compile_job *job) {
    struct compile_report *report = job->report = summary_new(job->arena, &job->program, job->name, job->content_hash);
    /* The model file's name and format decide no byte: the manifest tells them and the file's own hash. */
    summary_mark_made(report, &job->model_nodes);
    report->command = arena_printf(job->arena, "bxc compile MODEL%s", options_words(job->arena, job->what->options));
    sha256_of(job->reference.data, job->reference.length, job->reference_hash);
    report->model_sha256 = job->reference_hash;
    report->passes = job->reports;
    report->pass_count = job->report_count;
    if (fit_check(&job->program, report, job->what->model) < 0) return -1;
    struct strbuf json = strbuf_new(job->arena), events = strbuf_new(job->arena);
    struct report_texts texts; /* of what the JSON holds: its numbers may be rounded in the last bit */
    context_check(job->context);
    report_json(&json, report, NULL);
    if (report_again(job->context, job->arena, json.data, &texts) < 0) return -1;
    file_set_add(&job->files, "report/report.json", texts.json_without_verdict, strlen(texts.json_without_verdict));
    file_set_add(&job->files, "report/report.html", texts.html, strlen(texts.html));
    if (job->program.calibration.events) {
        calibration_summary(&events, job->program.graph, &job->program.calibration);
        file_set_add(&job->files, "verify/calibration.json", events.data, events.length);
    }
    manifest_add(job->context, &job->files, job->name, job->what->model, job->model_hash, job->content_hash,
                 &job->options);
    return 0;
}

static void tell(const struct compile_job *job) {
    if (!job->what->terminal || options_has(job->what->options, "quiet")) return;
    struct strbuf text = strbuf_new(job->arena);
    strbuf_printf(&text, "%s: ", job->what->folder);
    report_outcome(&text, job->report);
    strbuf_append(&text, "\n");
    network_print(&text, job->network);
    fputs(text.data, job->what->terminal);
    fprintf(job->what->terminal, "report: %s/report/report.html\n", job->what->folder);
}

static int compile(struct compile_job *job) {
    const struct compilation *what = job->what;
    if (settings_read(job->context, job->arena, what->options, &job->options) < 0 || check_pass_names(job) < 0)
        return -1;
    if (network_check_options(job->context, what->options) < 0) return -1;
    if (what->folder && folder_check(job->context, what->folder) < 0) return -1;
    if (read_model(job) < 0 || run_passes(job) < 0) return -1;
    if ((!what->folder && !what->finished && !what->files) || options_has(what->options, "stop-after")) return 0;
    job->files.arena = what->files ? what->files->arena : job->arena;
    if (emit(job) < 0 || add_reports(job) < 0) return -1;
    idle_tell(&job->program);
    if (what->finished) what->finished(what->user, job->report);
    if (what->files) *what->files = job->files;
    if (what->with_sums) *what->with_sums = graph_with_partial_sums(job->program.graph, job->program.design);
    if (!what->folder) return 0;
    if (folder_write(job->context, what->folder, &job->files) < 0) return -1;
    tell(job);
    return 0;
}

int compile_model(const struct compilation *compilation) {
    struct compile_job job = {.what = compilation, .context = compilation->context};
    job.arena = arena_new(job.context);
    int result = compile(&job);
    measurement_free(job.measurement);
    network_free(job.network);
    design_free(job.program.design);
    graph_free(job.program.graph);
    arena_free(job.arena);
    return result;
}

static int compile_guarded(void *user) {
    return compile_model(user);
}

int bxc_compile(struct bxc_context *context, const char *model, const char *folder, const struct bxc_options *options,
                FILE *terminal) {
    struct compilation compilation = {
        .context = context, .model = model, .folder = folder, .options = options, .terminal = terminal};
    return context_guarded(context, compile_guarded, &compilation);
}
