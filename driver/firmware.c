/* A firmware in memory: its two graphs, what it computes, its report. Made by compiling, or read from a folder. */
#include "driver/driver.h"
#include "driver/library.h"
#include "ir/eval.h"
#include "ir/file.h"
#include "ir/ops.h"
#include "ir/text.h"

#include <string.h>

struct bxc_firmware {
    struct bxc_context *context;
    struct arena *arena;
    struct graph *quantised, *reference;
    struct graph *traced; /* the quantised one with every layer among its outputs; NULL: not yet */
    struct tensors inputs, outputs, layers;
    struct file_set files; /* as they were made; none of a folder */
    struct bxc_file *public_files;
    struct bxc_summary summary;
};

/* ---- the report, for programs ---- */

static struct bxc_resources resources_of(struct cost cost) {
    return (struct bxc_resources){cost.lut, cost.ff, cost.dsp, cost.bram18};
}

static void summarise(struct bxc_firmware *firmware, const struct compile_report *report) {
    struct bxc_layer *layers = ARENA_ARRAY(firmware->arena, struct bxc_layer, report->layer_count + 1);
    for (uint32_t i = 0; i < report->layer_count; i++) {
        const struct layer_report *layer = &report->layers[i];
        layers[i] = (struct bxc_layer){layer->name,        layer->op,        layer->format, resources_of(layer->cost),
                                       layer->first_cycle, layer->last_cycle};
    }
    firmware->summary = (struct bxc_summary){.name = report->name,
                                             .part = report->part_code,
                                             .content_hash = report->content_hash,
                                             .clock_ns = report->clock_period,
                                             .stage_delay_ns = report->stage_delay,
                                             .latency_ns = report->latency * report->clock_period,
                                             .latency_cycles = report->latency,
                                             .interval_cycles = report->initiation_interval,
                                             .resources = resources_of(report->total),
                                             .available = resources_of(report->available),
                                             .layers = layers,
                                             .layer_count = report->layer_count};
}

static int read_report(struct bxc_firmware *firmware, const char *path, const char *json) {
    struct report_texts texts;
    const struct compile_report *report = report_parse(firmware->context, firmware->arena, path, json);
    if (!report || report_again(firmware->context, firmware->arena, json, &texts) < 0) return -1;
    summarise(firmware, report);
    firmware->summary.json = json;
    firmware->summary.html = texts.html;
    return 0;
}

/* ---- making one ---- */

static struct bxc_firmware *firmware_new(struct bxc_context *context) {
    struct arena *arena = arena_new(context);
    struct bxc_firmware *firmware = ARENA_NEW(arena, struct bxc_firmware);
    firmware->context = context;
    firmware->arena = arena;
    return firmware;
}

static int describe(struct bxc_firmware *firmware) {
    if (!firmware->quantised || !firmware->reference) return -1;
    firmware->inputs = tensors_of_inputs(firmware->quantised, firmware->arena);
    firmware->outputs = tensors_of_outputs(firmware->quantised, firmware->arena);
    firmware->layers = tensors_of_layers(firmware->quantised, firmware->arena);
    return 0;
}

static const struct emitted_file *file_of(const struct bxc_firmware *firmware, const char *path) {
    for (uint32_t i = 0; i < firmware->files.count; i++)
        if (strcmp(firmware->files.files[i].path, path) == 0) return &firmware->files.files[i];
    context_bug(firmware->context, "the firmware has no '%s'", path);
}

static struct graph *graph_in(const struct bxc_firmware *firmware, const char *path) {
    const struct emitted_file *file = file_of(firmware, path);
    return graph_parse(firmware->context, path, file->data, file->length);
}

struct making {
    struct bxc_context *context;
    const char *from; /* a model, or a folder */
    const struct bxc_options *options;
    int (*fill)(const struct making *making, struct bxc_firmware *firmware);
    struct bxc_firmware *firmware;
};

static int compile(const struct making *making, struct bxc_firmware *firmware) {
    firmware->files.arena = firmware->arena;
    struct compilation compilation = {
        .context = making->context, .model = making->from, .options = making->options, .files = &firmware->files};
    if (compile_model(&compilation) < 0) return -1;
    firmware->public_files = ARENA_ARRAY(firmware->arena, struct bxc_file, firmware->files.count + 1);
    for (uint32_t i = 0; i < firmware->files.count; i++) {
        const struct emitted_file *file = &firmware->files.files[i];
        firmware->public_files[i] = (struct bxc_file){file->path, file->data, file->length};
    }
    firmware->quantised = graph_in(firmware, "model.bxc");
    firmware->reference = graph_in(firmware, "reference.bxc");
    return describe(firmware) < 0
               ? -1
               : read_report(firmware, "report/report.json", file_of(firmware, "report/report.json")->data);
}

static int open_folder(const struct making *making, struct bxc_firmware *firmware) {
    struct firmware *folder = firmware_open(making->context, making->from);
    if (!folder) return -1;
    struct integrity integrity;
    int result = integrity_check(folder, true, &integrity);
    firmware->quantised = graph_clone(folder->quantised);
    firmware->reference = graph_clone(folder->reference);
    firmware_close(folder);
    const char *path = arena_printf(firmware->arena, "%s/report/report.json", making->from);
    size_t length;
    const char *json = result == 0 ? file_read(making->context, firmware->arena, path, &length) : NULL;
    return !json || describe(firmware) < 0 ? -1 : read_report(firmware, path, json);
}

void bxc_firmware_free(struct bxc_firmware *firmware) {
    if (!firmware) return;
    graph_free(firmware->quantised);
    graph_free(firmware->reference);
    graph_free(firmware->traced);
    arena_free(firmware->arena);
}

/* Where a guard is raised, what was opened goes by itself. */
static int make(void *user) {
    struct making *making = user;
    struct bxc_firmware *firmware = firmware_new(making->context);
    if (making->fill(making, firmware) == 0) return making->firmware = firmware, 0;
    bxc_firmware_free(firmware);
    return -1;
}

struct bxc_firmware *bxc_firmware_compile(struct bxc_context *context, const char *model,
                                          const struct bxc_options *options) {
    struct making making = {context, model, options, compile, NULL};
    return context_guarded(context, make, &making) < 0 ? NULL : making.firmware;
}

struct bxc_firmware *bxc_firmware_open(struct bxc_context *context, const char *folder) {
    struct making making = {context, folder, NULL, open_folder, NULL};
    return context_guarded(context, make, &making) < 0 ? NULL : making.firmware;
}

/* ---- what it says of itself ---- */

size_t bxc_firmware_files(const struct bxc_firmware *firmware, const struct bxc_file **files) {
    *files = firmware->public_files;
    return firmware->files.count;
}

size_t bxc_firmware_inputs(const struct bxc_firmware *firmware, const struct bxc_tensor **inputs) {
    *inputs = firmware->inputs.at;
    return firmware->inputs.count;
}

size_t bxc_firmware_outputs(const struct bxc_firmware *firmware, const struct bxc_tensor **outputs) {
    *outputs = firmware->outputs.at;
    return firmware->outputs.count;
}

size_t bxc_firmware_layers(const struct bxc_firmware *firmware, const struct bxc_tensor **layers) {
    *layers = firmware->layers.at;
    return firmware->layers.count;
}

const struct bxc_summary *bxc_firmware_summary(const struct bxc_firmware *firmware) {
    return &firmware->summary;
}

struct writing {
    const struct bxc_firmware *firmware;
    const char *folder;
};

static int write_folder(void *user) {
    const struct writing *writing = user;
    struct bxc_context *context = writing->firmware->context;
    if (!writing->firmware->files.count)
        return diag_error(&context->diagnostics, (struct location){.file = writing->folder}, "copy its folder",
                          "a firmware that was opened has no files in memory");
    return folder_write(context, writing->folder, &writing->firmware->files);
}

int bxc_firmware_write(struct bxc_firmware *firmware, const char *folder) {
    struct writing writing = {firmware, folder};
    return context_guarded(firmware->context, write_folder, &writing);
}

/* ---- what it computes ---- */

/* Numbers of a graph's outputs, by the rules of its ports, block by block. */
struct prediction {
    struct bxc_firmware *firmware;
    const struct graph *graph;
    uint32_t first_output; /* outputs before it are of no interest */
    size_t events;
    const double *const *inputs;
    double *const *outputs;
};

struct port_block {
    uint32_t input_count;
    struct port_reader **readers;
    size_t *input_elements, *output_elements;
    int64_t **codes, **results;
};

static struct port_block port_block_new(const struct prediction *job, struct arena *arena) {
    const struct value_list inputs = graph_inputs(job->graph, arena);
    struct port_block block = {.input_count = inputs.count};
    const size_t most = graph_block_events(job->graph), events = job->events < most ? job->events : most;
    block.readers = ARENA_ARRAY(arena, struct port_reader *, inputs.count + 1);
    block.input_elements = ARENA_ARRAY(arena, size_t, inputs.count + 1);
    block.codes = ARENA_ARRAY(arena, int64_t *, inputs.count + 1);
    for (uint32_t i = 0; i < inputs.count; i++) {
        block.readers[i] = port_reader_new(job->graph, inputs.at[i], arena);
        block.input_elements[i] = shape_elements(&graph_value(job->graph, inputs.at[i])->shape);
        block.codes[i] = ARENA_ARRAY(arena, int64_t, events * block.input_elements[i] + 1);
    }
    block.output_elements = ARENA_ARRAY(arena, size_t, job->graph->output_count + 1);
    block.results = ARENA_ARRAY(arena, int64_t *, job->graph->output_count + 1);
    for (uint32_t o = 0; o < job->graph->output_count; o++) {
        block.output_elements[o] = shape_elements(&graph_value(job->graph, job->graph->outputs[o].value)->shape);
        block.results[o] = ARENA_ARRAY(arena, int64_t, events * block.output_elements[o] + 1);
    }
    return block;
}

static int predict_block(const struct prediction *job, const struct port_block *block, size_t first, size_t events) {
    for (uint32_t i = 0; i < block->input_count; i++)
        if (port_read_doubles(block->readers[i], events, first, job->inputs[i] + first * block->input_elements[i],
                              block->codes[i]) < 0)
            return -1;
    if (graph_run_integers(job->graph, events, (const int64_t *const *)block->codes, block->results) < 0) return -1;
    for (uint32_t o = job->first_output; o < job->graph->output_count; o++) {
        const struct graph_output *output = &job->graph->outputs[o];
        port_to_reals(job->graph, output->value, &output->meaning, events, block->results[o],
                      job->outputs[o - job->first_output] + first * block->output_elements[o]);
    }
    return 0;
}

static int predict(void *user) {
    const struct prediction *job = user;
    struct arena *scratch = arena_new(job->firmware->context);
    struct port_block block = port_block_new(job, scratch);
    int result = 0;
    const size_t most = graph_block_events(job->graph);
    for (size_t first = 0; result == 0 && first < job->events; first += most)
        result = predict_block(job, &block, first, job->events - first < most ? job->events - first : most);
    arena_free(scratch);
    return result;
}

int bxc_firmware_predict(struct bxc_firmware *firmware, size_t events, const double *const *inputs,
                         double *const *outputs) {
    struct prediction job = {firmware, firmware->quantised, 0, events, inputs, outputs};
    return context_guarded(firmware->context, predict, &job);
}

static int trace(void *user) {
    struct prediction *job = user;
    struct bxc_firmware *firmware = job->firmware;
    if (!firmware->traced) {
        struct graph *traced = graph_clone(firmware->quantised);
        for (uint32_t v = 0; v < firmware->quantised->value_count; v++)
            if (value_is_probed(firmware->quantised, (valref){v}))
                graph_append_output(traced, value_label(traced, (valref){v}, traced->arena), (valref){v});
        firmware->traced = traced;
    }
    job->graph = firmware->traced;
    return predict(job);
}

int bxc_firmware_trace(struct bxc_firmware *firmware, size_t events, const double *const *inputs,
                       double *const *values) {
    struct prediction job = {firmware, NULL, firmware->quantised->output_count, events, inputs, values};
    return context_guarded(firmware->context, trace, &job);
}

struct run {
    const struct graph *graph;
    size_t events;
    const int64_t *const *inputs;
    int64_t *const *outputs;
};

static int run(void *user) {
    const struct run *job = user;
    return graph_run_integers(job->graph, job->events, job->inputs, job->outputs);
}

int bxc_firmware_run(struct bxc_firmware *firmware, size_t events, const int64_t *const *inputs,
                     int64_t *const *outputs) {
    struct run job = {firmware->quantised, events, inputs, outputs};
    return context_guarded(firmware->context, run, &job);
}

int bxc_firmware_evaluate(struct bxc_firmware *firmware, size_t events, const float *const *inputs,
                          float *const *outputs) {
    return evaluate_guarded(firmware->reference, events, inputs, outputs);
}
