/* The engines, one table line each, and what all of them share. */
#include <string.h>
#include <unistd.h>

#include "sim/private.h"

const struct engine_kind engine_kinds[ENGINE_COUNT] = {
    [ENGINE_FLOAT] = {.name = "float",
                      .summary = "the model as trained, in binary32",
                      .open = graph_engine_open,
                      .run_reals = graph_engine_run_reals},
    [ENGINE_EMULATOR] = {.name = "emulator",
                         .summary = "the quantised graph in integers",
                         .open = graph_engine_open,
                         .run = graph_engine_run},
    [ENGINE_DATAPATH] = {.name = "datapath",
                         .summary = "the scheduled design, wire by wire",
                         .open = datapath_engine_open,
                         .run = datapath_engine_run},
    [ENGINE_C] = {.name = "c",
                  .summary = "the emitted C, compiled",
                  .tools = "make CC=cc",
                  .open = process_engine_open,
                  .run = process_engine_run,
                  .build = {.engine = "c",
                            .folder = "c",
                            .sources = {"c"},
                            .products = {"run"},
                            .versions = "${CC:-cc} --version"}},
    [ENGINE_HLS] = {.name = "hls",
                    .summary = "the emitted HLS C++, compiled",
                    .tools = "make CXX=g++",
                    .open = process_engine_open,
                    .run = process_engine_run,
                    .build = {.engine = "hls",
                              .folder = "hls",
                              .sources = {"hls"},
                              .products = {"run"},
                              .versions = "${CXX:-g++} --version",
                              .takes_ap_types = true}},
    [ENGINE_RTL] = {.name = "rtl",
                    .summary = "the emitted Verilog in Verilator",
                    .tools = "make VERILATOR=verilator CXX=g++",
                    .measures = true,
                    .open = process_engine_open,
                    .run = process_engine_run,
                    .build = {.engine = "rtl",
                              .folder = "sim",
                              .sources = {"rtl", "sim"},
                              .products = {"run"},
                              .versions = "${CXX:-g++} --version; ${VERILATOR:-verilator} --version"}},
    [ENGINE_ICARUS] = {.name = "icarus",
                       .summary = "the emitted Verilog in Icarus, a sample",
                       .tools = "make IVERILOG=iverilog vvp",
                       .measures = true,
                       .open = process_engine_open,
                       .run = process_engine_run,
                       .build = {.engine = "icarus",
                                 .folder = "sim",
                                 .sources = {"rtl", "sim"},
                                 .target = "icarus",
                                 .products = {"run-icarus", "icarus.vvp"},
                                 .versions = "${IVERILOG:-iverilog} -V"}},
};

const char *engine_name(enum engine_id id) {
    return engine_kinds[id].name;
}

bool engine_is_program(enum engine_id id) {
    return engine_kinds[id].tools != NULL;
}

const char *engine_names(struct arena *arena, const char *last) {
    struct strbuf text = strbuf_new(arena);
    for (int i = 0; i < ENGINE_COUNT; i++)
        strbuf_printf(&text, "%s%s", i == 0 ? "" : i == ENGINE_COUNT - 1 ? last : ", ", engine_kinds[i].name);
    return text.data;
}

static void count_elements(struct engine *engine) {
    const struct graph *graph = engine->graph;
    const struct value_list inputs = graph_inputs(graph, engine->arena);
    engine->input_count = inputs.count;
    engine->output_count = graph->output_count;
    engine->input_elements = ARENA_ARRAY(engine->arena, size_t, engine->input_count + 1);
    engine->output_elements = ARENA_ARRAY(engine->arena, size_t, engine->output_count + 2);
    for (uint32_t i = 0; i < engine->input_count; i++)
        engine->input_total += engine->input_elements[i] = graph_elements(graph, inputs.at[i]);
    for (uint32_t i = 0; i < engine->output_count; i++)
        engine->output_total += engine->output_elements[i] = graph_elements(graph, graph->outputs[i].value);
    if (engine->options.inner_words)
        engine->output_total += engine->output_elements[engine->output_count++] = engine->options.inner_words;
}

static int default_jobs(void) {
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    return processors < 1 ? 1 : processors > CHILD_MAX ? CHILD_MAX : (int)processors;
}

struct engine *engine_open(const struct firmware *firmware, enum engine_id id, const struct engine_options *options,
                           bool *built) {
    struct arena *arena = arena_new(firmware->context);
    struct engine *engine = ARENA_NEW(arena, struct engine);
    engine->kind = &engine_kinds[id];
    engine->id = id;
    engine->firmware = firmware;
    engine->arena = arena;
    engine->latency = -1;
    engine->graph = id == ENGINE_FLOAT ? firmware->reference : firmware->quantised;
    if (options)
        engine->options = *options;
    else
        engine->options.check_hash = true;
    if (engine->options.jobs <= 0) engine->options.jobs = default_jobs();
    if (engine->options.jobs > CHILD_MAX) engine->options.jobs = CHILD_MAX;
    count_elements(engine);
    double start = monotonic_seconds();
    int status = engine->kind->open(engine);
    *built = engine->is_built;
    if (status) {
        arena_free(arena);
        return NULL;
    }
    engine->build_seconds = monotonic_seconds() - start;
    return engine;
}

void engine_close(struct engine *engine) {
    if (engine) arena_free(engine->arena);
}

int engine_run(struct engine *engine, size_t events, const int64_t *const *inputs, int64_t *const *outputs) {
    if (!engine->kind->run) context_bug(engine->firmware->context, "engine '%s' has no integers", engine->kind->name);
    return engine->kind->run(engine, events, inputs, outputs);
}

int engine_run_reals(struct engine *engine, size_t events, const float *const *inputs, float *const *outputs) {
    if (!engine->kind->run_reals)
        context_bug(engine->firmware->context, "engine '%s' has no real numbers", engine->kind->name);
    return engine->kind->run_reals(engine, events, inputs, outputs);
}

int engine_latency(const struct engine *engine) {
    return engine->latency;
}

int engine_interval(const struct engine *engine) {
    return engine->interval;
}

double engine_build_seconds(const struct engine *engine) {
    return engine->build_seconds;
}
