/* One engine over event files, block by block. */
#include "driver/driver.h"
#include "ir/eval.h"

#include <string.h>
#include <strings.h>
#include <sys/stat.h>

struct run_job {
    struct bxc_context *context;
    struct arena *arena;
    const char *model, *output;
    const char *const *events;
    size_t event_count;
    const struct bxc_options *options;
    FILE *terminal;
    enum engine_id engine_id;
    struct firmware *firmware, local; /* local: a model file for the float engine */
    const struct graph *graph;        /* whose ports the engine has */
    struct engine *engine;
    struct value_list inputs;
    struct event_source **sources; /* one an input */
    struct npy_writer **writers;   /* one an output */
    const char **paths;            /* of what they write */
    struct names *names;           /* of the output files */
    uint64_t limit;
};

/* From its dot on; NULL: it has none. */
static const char *extension_of(const char *path) {
    const char *slash = strrchr(path, '/');
    return strrchr(slash ? slash : path, '.');
}

/* .npy, also where the name has no extension, or .csv, as events are read. */
static int check_output(struct run_job *job) {
    const char *dot = extension_of(job->output);
    if (!dot || (strcasecmp(dot, ".npy") == 0 || strcasecmp(dot, ".csv") == 0)) return 0;
    return diag_error(&job->context->diagnostics, (struct location){.file = job->output, .option = "--output"},
                      "name the output .npy or .csv", "cannot write this format");
}

static int choose_engine(struct run_job *job) {
    const char *wanted = options_get(job->options, "engine");
    job->engine_id = ENGINE_EMULATOR;
    for (int i = 0; wanted && i < ENGINE_COUNT; i++)
        if (strcmp(engine_name((enum engine_id)i), wanted) == 0) return job->engine_id = (enum engine_id)i, 0;
    if (!wanted) return 0;
    return diag_error(&job->context->diagnostics, (struct location){.option = "--engine"},
                      engine_names(job->arena, " or "), "no engine '%s'", wanted);
}

/* Options of engines that do not run. */
static void warn_of_engine_options(const struct run_job *job) {
    bool inside = !engine_is_program(job->engine_id);
    const struct {
        const char *key;
        bool idle;
    } keys[] = {{"ap-types", job->engine_id != ENGINE_HLS}, {"no-hash-check", inside}};
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
        if (keys[i].idle && options_has(job->options, keys[i].key))
            diag_warning(&job->context->diagnostics, (struct location){.file = "bxc"}, NULL,
                         "--%s does nothing for engine '%s'", keys[i].key, engine_name(job->engine_id));
}

static int open_firmware(struct run_job *job) {
    struct stat status;
    struct frontend_options reading = {0};
    bool folder = stat(job->model, &status) == 0 && S_ISDIR(status.st_mode);
    if (folder)
        unused_warn_of_compilation(job->context, job->options, NULL, "this folder is compiled already");
    else if (job->engine_id == ENGINE_FLOAT) {
        if (reading_options(job->context, job->arena, job->options, &reading) < 0) return -1;
        unused_warn_of_compilation(job->context, job->options, &reading, "engine 'float' runs the model as trained");
    }
    warn_of_engine_options(job);
    if (!folder && job->engine_id == ENGINE_FLOAT) {
        job->local = (struct firmware){.context = job->context, .arena = job->arena, .folder = job->model};
        job->local.reference = frontend_read(job->context, job->model, &reading);
        job->firmware = &job->local;
        return job->local.reference ? 0 : -1;
    }
    const char *path = job->model;
    if (!folder) {
        path = folder_temporary(job->context, job->arena);
        if (!path) return -1;
        struct compilation compilation = {
            .context = job->context, .model = job->model, .folder = path, .options = job->options};
        if (compile_model(&compilation) < 0) return -1;
    }
    struct integrity integrity;
    job->firmware = firmware_open(job->context, path);
    return job->firmware ? integrity_check(job->firmware, !options_has(job->options, "no-hash-check"), &integrity) : -1;
}

static int open_events(struct run_job *job) {
    job->inputs = graph_inputs(job->graph, job->arena);
    job->sources = ARENA_ARRAY(job->arena, struct event_source *, job->inputs.count);
    if (event_sources_open(job->context, job->graph, job->events, (uint32_t)job->event_count, job->sources) < 0)
        return -1;
    for (uint32_t i = 0; i < job->inputs.count; i++) {
        uint64_t count = event_source_count(job->sources[i]);
        job->limit = count < job->limit ? count : job->limit;
    }
    return 0;
}

/* out.npy for one output; out.NAME.npy for each of several. */
static const char *output_path(struct run_job *job, uint32_t index) {
    if (job->graph->output_count == 1) return job->output;
    const char *dot = extension_of(job->output);
    size_t stem = dot ? (size_t)(dot - job->output) : strlen(job->output);
    return arena_printf(job->arena, "%.*s.%s%s", (int)stem, job->output,
                        names_unique(job->names, job->graph->outputs[index].name), job->output + stem);
}

static int open_outputs(struct run_job *job) {
    job->writers = ARENA_ARRAY(job->arena, struct npy_writer *, job->graph->output_count);
    job->paths = ARENA_ARRAY(job->arena, const char *, job->graph->output_count);
    job->names = names_new(job->arena);
    for (uint32_t o = 0; o < job->graph->output_count; o++) {
        const struct shape *full = &graph_value(job->graph, job->graph->outputs[o].value)->shape;
        bool batched = full->rank > 0 && full->dim[0] == 1; /* the events' axis stands there in the file */
        struct shape shape = {.rank = full->rank - batched};
        for (int d = 0; d < shape.rank; d++) shape.dim[d] = full->dim[d + batched];
        job->paths[o] = output_path(job, o);
        job->writers[o] = npy_writer_open(job->context, job->paths[o],
                                          job->engine_id == ENGINE_FLOAT ? NPY_FLOAT32 : NPY_FLOAT64, &shape);
        if (!job->writers[o]) return -1;
    }
    return 0;
}

/* Buffers of one block. */
struct run_block {
    double *doubles;
    struct port_reader **readers; /* NULL for the float engine */
    float **reals, **real_results;
    int64_t **integers, **results;
};

static struct run_block *block_new(struct run_job *job) {
    struct run_block *block = ARENA_NEW(job->arena, struct run_block);
    const size_t most = graph_block_events(job->graph);
    size_t largest = 1;
    block->readers = ARENA_ARRAY(job->arena, struct port_reader *, job->inputs.count);
    block->reals = ARENA_ARRAY(job->arena, float *, job->inputs.count);
    block->integers = ARENA_ARRAY(job->arena, int64_t *, job->inputs.count);
    block->real_results = ARENA_ARRAY(job->arena, float *, job->graph->output_count);
    block->results = ARENA_ARRAY(job->arena, int64_t *, job->graph->output_count);
    for (uint32_t i = 0; i < job->inputs.count; i++) {
        size_t elements = shape_elements(&graph_value(job->graph, job->inputs.at[i])->shape);
        block->reals[i] = ARENA_ARRAY(job->arena, float, (most * elements));
        block->integers[i] = ARENA_ARRAY(job->arena, int64_t, (most * elements));
        if (job->engine_id != ENGINE_FLOAT)
            block->readers[i] = port_reader_new(job->graph, job->inputs.at[i], job->arena);
        largest = elements > largest ? elements : largest;
    }
    for (uint32_t o = 0; o < job->graph->output_count; o++) {
        size_t elements = shape_elements(&graph_value(job->graph, job->graph->outputs[o].value)->shape);
        block->real_results[o] = ARENA_ARRAY(job->arena, float, (most * elements));
        block->results[o] = ARENA_ARRAY(job->arena, int64_t, (most * elements));
        largest = elements > largest ? elements : largest;
    }
    block->doubles = ARENA_ARRAY(job->arena, double, (most * largest));
    return block;
}

static int read_block(struct run_job *job, struct run_block *block, size_t events, size_t first) {
    for (uint32_t i = 0; i < job->inputs.count; i++) {
        bool real = job->engine_id == ENGINE_FLOAT;
        if (event_source_read_port(job->sources[i], real ? NULL : block->readers[i], events, first, NULL,
                                   real ? block->reals[i] : NULL, block->integers[i]) < 0)
            return -1;
    }
    return 0;
}

static int write_block(struct run_job *job, struct run_block *block, size_t events) {
    for (uint32_t o = 0; o < job->graph->output_count; o++) {
        const struct graph_output *output = &job->graph->outputs[o];
        size_t count = events * shape_elements(&graph_value(job->graph, output->value)->shape);
        if (job->engine_id == ENGINE_FLOAT)
            for (size_t i = 0; i < count; i++) block->doubles[i] = (double)block->real_results[o][i];
        else
            port_to_reals(job->graph, output->value, &output->meaning, events, block->results[o], block->doubles);
        if (npy_writer_write(job->writers[o], block->doubles, events) < 0) return -1;
    }
    return 0;
}

static int run_block(struct run_job *job, struct run_block *block, size_t events) {
    if (job->engine_id == ENGINE_FLOAT)
        return engine_run_reals(job->engine, events, (const float *const *)block->reals, block->real_results);
    return engine_run(job->engine, events, (const int64_t *const *)block->integers, block->results);
}

static void tell_output(const struct run_job *job, uint32_t index) {
    const struct graph_output *output = &job->graph->outputs[index];
    size_t elements = shape_elements(&graph_value(job->graph, output->value)->shape);
    if (job->terminal && !options_has(job->options, "quiet"))
        fprintf(job->terminal, "%s: %llu events of %zu number%s, output '%s' by engine %s\n", job->paths[index],
                (unsigned long long)job->limit, elements, elements == 1 ? "" : "s", output->name,
                engine_name(job->engine_id));
}

static int run_all(struct run_job *job) {
    struct run_block *block = block_new(job);
    const size_t most = graph_block_events(job->graph);
    for (uint64_t done = 0; done < job->limit;) {
        size_t events = job->limit - done < most ? (size_t)(job->limit - done) : most;
        if (atomic_load(&job->context->cancelled))
            return diag_error(&job->context->diagnostics, (struct location){0}, NULL, "cancelled");
        if (read_block(job, block, events, (size_t)done) < 0 || run_block(job, block, events) < 0 ||
            write_block(job, block, events) < 0)
            return -1;
        done += events;
        context_progress(job->context, engine_name(job->engine_id), done, job->limit);
    }
    for (uint32_t o = 0; o < job->graph->output_count; o++) {
        struct npy_writer *writer = job->writers[o];
        job->writers[o] = NULL;
        if (npy_writer_close(writer) < 0) return -1;
        tell_output(job, o);
    }
    return 0;
}

static int run_steps(struct run_job *job) {
    if (options_count(job->options, "count", 0, 1, 1e15, &job->limit) < 0) return -1;
    if (job->limit == 0) job->limit = UINT64_MAX;
    if (check_output(job) < 0 || choose_engine(job) < 0 || open_firmware(job) < 0) return -1;
    job->graph = job->engine_id == ENGINE_FLOAT ? job->firmware->reference : job->firmware->quantised;
    struct engine_options options = {.jobs = job->context->threads,
                                     .ap_types = options_get(job->options, "ap-types"),
                                     .check_hash = !options_has(job->options, "no-hash-check")};
    if (open_events(job) < 0) return -1;
    bool built;
    job->engine = engine_open(job->firmware, job->engine_id, &options, &built);
    return job->engine && open_outputs(job) == 0 ? run_all(job) : -1;
}

static int run_guarded(void *user) {
    struct run_job *job = user;
    job->arena = arena_new(job->context);
    int result = run_steps(job);
    for (uint32_t i = 0; job->sources && i < job->inputs.count; i++)
        if (job->sources[i]) event_source_close(job->sources[i]);
    for (uint32_t o = 0; job->writers && o < job->graph->output_count; o++)
        if (job->writers[o]) npy_writer_abandon(job->writers[o]);
    if (job->engine) engine_close(job->engine);
    if (job->firmware == &job->local)
        graph_free(job->local.reference);
    else if (job->firmware)
        firmware_close(job->firmware);
    arena_free(job->arena);
    return result;
}

int bxc_run(struct bxc_context *context, const char *model, const char *const *events, size_t event_count,
            const char *output, const struct bxc_options *options, FILE *terminal) {
    struct run_job job = {.context = context,
                          .model = model,
                          .output = output,
                          .events = events,
                          .event_count = event_count,
                          .options = options,
                          .terminal = terminal};
    return context_guarded(context, run_guarded, &job);
}
