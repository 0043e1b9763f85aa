/* One random network from reader to schedule: it is compiled, or refused with a reason that is no defect; what is
 * written reads back; the design computes the quantised graph bit for bit; the quantised graph computes the network, bit
 * for bit where the notes claim it, else as close as tables and binary32 allow. */
#ifndef BXC_TEST_TRIAL_H
#define BXC_TEST_TRIAL_H

#include "driver/driver.h"
#include "tests/prop/network.h"

#include <stdlib.h>
#include <string.h>

enum { EVENTS = 192 };

struct trial {
    struct bxc_context *context;
    uint64_t seed;
    struct compile_options options;
    struct program program;
    struct graph *reference; /* as read */
    const char *wrong;       /* what went wrong, or NULL */
    const uint8_t *bytes;    /* a fuzzer's, or NULL */
    size_t byte_count;
    bool refused, is_float;
    const char *reason;
};

static inline bool is_defect(const struct diagnostic *item) {
    return (item->help && strstr(item->help, "defect of bxc")) || strstr(item->message, "defect of bxc") || strstr(item->message, "broke the program");
}

/* ---- events on the ports' grids ---- */

struct events {
    size_t events;
    float **reals; /* by input */
    int64_t **integers;
};

static inline struct events events_of(const struct graph *graph, uint64_t seed) {
    struct value_list inputs = graph_inputs(graph, graph->arena);
    struct events block = {EVENTS, ARENA_ARRAY(graph->arena, float *, inputs.count), ARENA_ARRAY(graph->arena, int64_t *, inputs.count)};
    struct network random = {.state = seed};
    for (uint32_t p = 0; p < inputs.count; p++) {
        size_t count = EVENTS * shape_elements(&graph_value(graph, inputs.at[p])->shape);
        double *real = ARENA_ARRAY(graph->arena, double, count);
        block.reals[p] = ARENA_ARRAY(graph->arena, float, count);
        block.integers[p] = ARENA_ARRAY(graph->arena, int64_t, count);
        float range = ldexpf(1, draw(&random, 6));
        for (size_t i = 0; i < count; i++) block.reals[p][i] = draw_real(&random, draw(&random, 4) ? range : 100);
        (void)port_from_reals(graph, inputs.at[p], EVENTS, 0, block.reals[p], block.integers[p]);
        const struct meaning *meaning = &graph_definition(graph, inputs.at[p])->attributes.input.meaning;
        port_to_reals(graph, inputs.at[p], meaning, EVENTS, block.integers[p], real);
        /* codes come from the model's own quantiser, which binary32 need not give the same code again */
        for (size_t i = 0; i < count && !meaning->scale; i++) block.reals[p][i] = (float)real[i];
    }
    return block;
}

static inline size_t output_elements(const struct graph *graph, uint32_t o) {
    return shape_elements(&graph_value(graph, graph->outputs[o].value)->shape);
}

/* ---- the quantised graph against the network ---- */

static inline bool claimed_exact(const struct program *program, const char *output) {
    for (uint32_t i = 0; i < program->note_count; i++)
        if (program->notes[i].subject && strcmp(program->notes[i].subject, output) == 0 && strstr(program->notes[i].text, "bit for bit, for events"))
            return true;
    return false;
}

static inline bool has_table(const struct graph *graph) {
    for (uint32_t i = 0; i < graph->node_count; i++)
        if (op_is_transcendental(graph->nodes[i].op) || graph->nodes[i].op == OP_SOFTMAX) return true;
    return false;
}

static inline int by_size(const void *a, const void *b) { return *(const double *)a < *(const double *)b ? -1 : *(const double *)a > *(const double *)b; }

/* The error that 9 of 10 numbers stay below, in units of the largest number. */
static inline double usual_error(double *errors, size_t count, double largest) {
    qsort(errors, count, sizeof *errors, by_size);
    return errors[count * 9 / 10] / fmax(largest, 1);
}

static inline void compare_output(struct trial *trial, uint32_t o, const float *expected, const int64_t *codes) {
    const struct graph *graph = trial->program.graph;
    const struct graph_output *output = &graph->outputs[o];
    size_t count = EVENTS * output_elements(graph, o), differing = 0;
    double *got = ARENA_ARRAY(graph->arena, double, count), *errors = ARENA_ARRAY(graph->arena, double, count), largest = 0;
    if (output_elements(trial->reference, o) != output_elements(graph, o)) {
        trial->wrong = "an output has another shape";
        return;
    }
    port_to_reals(graph, output->value, &output->meaning, EVENTS, codes, got);
    for (size_t i = 0; i < count; i++) {
        errors[i] = fabs(got[i] - (double)expected[i]);
        differing += errors[i] != 0;
        largest = fmax(largest, fabs((double)expected[i]));
    }
    bool tables = has_table(trial->reference), exact = !tables && claimed_exact(&trial->program, output->name);
    double usual = usual_error(errors, count, largest);
    double allowed = tables ? 0.1 : trial->is_float ? 0.01 : 1e-4;
    if (exact ? differing > 0 : !(usual <= allowed))
        trial->wrong = arena_printf(graph->arena, "output '%s' of %s: %zu of %zu numbers differ, nine of ten by less than %g of the largest, %g",
                                    output->name, exact ? "an exact network" : tables ? "a network with tables" : "a network", differing, count, usual, largest);
}

static inline int64_t **integer_outputs(const struct graph *graph) {
    int64_t **data = ARENA_ARRAY(graph->arena, int64_t *, graph->output_count);
    for (uint32_t o = 0; o < graph->output_count; o++) data[o] = ARENA_ARRAY(graph->arena, int64_t, EVENTS * output_elements(graph, o));
    return data;
}

static inline void compare_network(struct trial *trial, const struct events *block, int64_t *const *codes) {
    const struct graph *reference = trial->reference;
    float **expected = ARENA_ARRAY(reference->arena, float *, reference->output_count);
    for (uint32_t o = 0; o < reference->output_count; o++)
        expected[o] = ARENA_ARRAY(reference->arena, float, EVENTS * output_elements(reference, o));
    (void)graph_run_reals(reference, EVENTS, (const float *const *)block->reals, expected);
    for (uint32_t o = 0; o < reference->output_count && !trial->wrong; o++) compare_output(trial, o, expected[o], codes[o]);
}

static inline void compare_design(struct trial *trial, const struct events *block, int64_t *const *codes) {
    const struct graph *graph = trial->program.graph;
    int64_t **got = integer_outputs(graph);
    if (design_run(trial->program.design, EVENTS, (const int64_t *const *)block->integers, got) < 0) trial->wrong = "the design does not run";
    for (uint32_t o = 0; o < graph->output_count && !trial->wrong; o++)
        if (memcmp(got[o], codes[o], EVENTS * output_elements(graph, o) * sizeof **got) != 0)
            trial->wrong = arena_printf(graph->arena, "output '%s' of the design differs from the quantised graph", graph->outputs[o].name);
}

/* ---- one network ---- */

static inline int network_compile(void *user) {
    struct trial *trial = user;
    struct network network = {.state = trial->seed * 0x9e3779b97f4a7c15u + 1, .bytes = trial->bytes, .byte_count = trial->byte_count};
    network.graph = trial->program.graph = graph_new(trial->context, "network");
    trial->is_float = trial->seed % 8 == 0; /* bxc chooses formats */
    network_build(&network, trial->is_float);
    trial->reference = graph_clone(network.graph);
    trial->options.clock_ps = 1380 + 10 * draw(&network, 400);
    trial->program.options = &trial->options;
    return passes_run(&trial->program, NULL, NULL);
}

static inline int network_check(void *user) {
    struct trial *trial = user;
    struct graph *graph = trial->program.graph;
    struct strbuf text = strbuf_new(graph->arena);
    graph_print(&text, graph);
    if (read_back(graph, "model.bxc", &text) < 0) trial->wrong = "the quantised graph reads back as something else";
    if (trial->wrong) return 0;
    struct events block = events_of(graph, trial->seed);
    int64_t **codes = integer_outputs(graph);
    (void)graph_run_integers(graph, EVENTS, (const int64_t *const *)block.integers, codes);
    compare_network(trial, &block, codes);
    if (!trial->wrong) compare_design(trial, &block, codes);
    return 0;
}

static inline void trial_judge_refusal(struct trial *trial) {
    const struct diagnostics *diagnostics = &trial->context->diagnostics;
    trial->refused = true;
    const struct diagnostic *first = NULL;
    for (size_t i = 0; i < diagnostics->count; i++) {
        const struct diagnostic *item = &diagnostics->items[i];
        if (item->severity != SEVERITY_ERROR) continue;
        if (!first) first = item;
        if (is_defect(item)) trial->wrong = arena_printf(trial->context->arena, "defect: %s", first->message);
    }
    if (!first) trial->wrong = "refused without a reason";
    else trial->reason = first->message;
}

static inline void trial_print(const struct trial *trial) {
    struct strbuf text = strbuf_new(trial->context->arena);
    if (trial->reference) graph_print(&text, trial->reference);
    for (size_t i = 0; i < trial->context->diagnostics.count; i++) diag_format(&text, &trial->context->diagnostics.items[i]);
    printf("%s", text.data);
}

static inline struct trial trial_new(uint64_t seed, const uint8_t *bytes, size_t byte_count) {
    struct trial trial = {.context = context_new(), .seed = seed, .options = compile_options_default(), .bytes = bytes, .byte_count = byte_count};
    trial.context->threads = 1;
    trial.options.name = "network";
    trial.program = (struct program){.context = trial.context, .arena = trial.context->arena, .technology = technology_for(NULL, (struct part_grade){0})};
    return trial;
}

/* With all its graphs and designs: a guard that was raised has released some of them already. */
static inline void trial_free(struct trial *trial) { context_free(trial->context); }

#endif
