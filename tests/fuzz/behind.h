/* What stands behind a reader: what it gave is printed and read back, evaluated, quantised, forecast and, where it is
 * tiny, compiled; one file in eight is inspected. A diagnosis that calls something a defect of bxc is a finding. */
#ifndef BXC_TEST_FUZZ_BEHIND_H
#define BXC_TEST_FUZZ_BEHIND_H

#include "driver/driver.h"
#include "ir/eval.h"
#include "ir/text.h"
#include "ir/verify.h"
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { BEHIND_EVENTS = 2, BEHIND_ELEMENTS = 1024, BEHIND_NODES = 150, COMPILED_ELEMENTS = 64 };

static inline unsigned chance_of(const struct request *request) {
    unsigned hash = 2166136261u;
    for (size_t i = 0; i < request->length; i++) hash = (hash ^ request->data[i]) * 16777619u;
    return hash >> 8;
}

static inline void refuse_defects(const struct bxc_context *context) {
    for (size_t i = 0; i < context->diagnostics.count; i++) {
        const struct diagnostic *item = &context->diagnostics.items[i];
        if (!item->help || !strstr(item->help, "defect of bxc")) continue; /* messages quote the file */
        fprintf(stderr, "%s: %s (%s)\n", item->location.node ? item->location.node : "", item->message, item->help);
        abort();
    }
}

/* How many numbers an event takes, in bodies as often as they run; more than `limit` when nobody needs to know. */
static inline size_t work_of(const struct graph *graph, size_t limit) {
    size_t work = graph->node_count > BEHIND_NODES ? limit + 1 : 0;
    for (uint32_t v = 0; v < graph->value_count && work <= limit; v++)
        work += shape_elements(&graph_value(graph, (valref){v})->shape);
    for (uint32_t n = 0; n < graph->node_count && work <= limit; n++) {
        const struct node *node = &graph->nodes[n];
        size_t body = node->body ? work_of(node->body, limit) : 0;
        if (body)
            work = node->attributes.loop.trips > (int64_t)limit ? limit + 1
                                                                : work + body * (size_t)node->attributes.loop.trips;
    }
    return work;
}

static inline void print_and_parse(const struct graph *graph) {
    struct strbuf text = strbuf_new(graph->arena), again = strbuf_new(graph->arena);
    graph_print(&text, graph);
    struct graph *read = graph_parse(graph->context, "fuzz.bxc", text.data, text.length);
    if (read) graph_print(&again, read);
    if (!read || strcmp(text.data, again.data) != 0) {
        fprintf(stderr, "%s\n---- is read back as\n%s\n", text.data, read ? again.data : "nothing");
        for (size_t i = 0; i < graph->context->diagnostics.count; i++)
            fprintf(stderr, "%s\n", graph->context->diagnostics.items[i].message);
        abort();
    }
    graph_free(read);
}

static inline void evaluate(const struct graph *graph) {
    struct value_list ports = graph_inputs(graph, graph->arena);
    const float **inputs = ARENA_ARRAY(graph->arena, const float *, ports.count + 1);
    float **outputs = ARENA_ARRAY(graph->arena, float *, graph->output_count + 1);
    for (uint32_t p = 0; p < ports.count; p++) {
        size_t count = BEHIND_EVENTS * shape_elements(&graph_value(graph, ports.at[p])->shape);
        float *numbers = ARENA_ARRAY(graph->arena, float, count + 1);
        for (size_t i = 0; i < count; i++) numbers[i] = (float)(int)(i * 2654435761u % 64) / 8 - 4;
        inputs[p] = numbers;
    }
    for (uint32_t o = 0; o < graph->output_count; o++)
        outputs[o] =
            ARENA_ARRAY(graph->arena, float,
                        BEHIND_EVENTS *shape_elements(&graph_value(graph, graph->outputs[o].value)->shape) + 1);
    graph_run_reals(graph, BEHIND_EVENTS, inputs, outputs);
}

struct passing {
    const struct graph *graph;
    bool whole;
};

static inline int run_passes(void *user) {
    const struct passing *passing = user;
    struct bxc_context *context = passing->graph->context;
    struct compile_options options = compile_options_default();
    struct program program = {.context = context,
                              .arena = arena_new(context),
                              .options = &options,
                              .technology = technology_for(NULL, (struct part_grade){0}),
                              .graph = graph_clone(passing->graph)};
    int result = passes_run(&program, NULL, passing->whole ? NULL : "integerise");
    if (result == 0) graph_lut_forecast(program.graph, NULL);
    design_free(program.design);
    graph_free(program.graph);
    arena_free(program.arena);
    return result;
}

static inline int evaluate_request(void *user) {
    evaluate(user);
    return 0;
}

/* Small enough to be worth a second. */
static inline bool pass_on(struct graph *graph) {
    size_t work = work_of(graph, BEHIND_ELEMENTS);
    if (work > BEHIND_ELEMENTS) return false;
    print_and_parse(graph);
    if (!graph_is_integer(graph)) context_guarded(graph->context, evaluate_request, graph);
    struct passing passing = {graph, work <= COMPILED_ELEMENTS};
    context_guarded(graph->context, run_passes, &passing);
    return true;
}

/* As `bxc inspect` does, which reads on where something is refused. */
static inline void inspect(const struct request *request) {
    char path[64];
    bool accepted;
    snprintf(path, sizeof path, "/dev/shm/bxc-fuzz-%ld", (long)getpid());
    FILE *file = fopen(path, "wb"), *nowhere = fopen("/dev/null", "w");
    if (!file || !nowhere) abort();
    fwrite(request->data, 1, request->length, file);
    fclose(file);
    struct bxc_options *options = bxc_options_new(request->context);
    bxc_inspect(request->context, path, options, &accepted, nowhere);
    bxc_options_free(options);
    unlink(path);
    fclose(nowhere);
}

/* graph: what its reader gave, or NULL; it is freed. */
static inline void go_behind(const struct request *request, struct graph *graph) {
    bool whole = graph && !request->context->diagnostics.errors && graph->output_count;
    bool small = whole ? pass_on(graph) : graph == NULL || work_of(graph, BEHIND_ELEMENTS) <= BEHIND_ELEMENTS;
    graph_free(graph);
    refuse_defects(request->context);
    if (small && chance_of(request) % 8 == 0) inspect(request);
    refuse_defects(request->context);
}

#endif
