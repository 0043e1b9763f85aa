/* What tests of passes below the line share: run a pass, and compare the design with its graph. */
#ifndef BXC_TEST_BELOW_H
#define BXC_TEST_BELOW_H

#include "passes/passes.h"
#include "ir/eval.h"
#include "ir/ops.h"
#include "ir/verify.h"
#include "passes/table.h"
#include "tests/test.h"

struct below {
    struct compile_options options;
    struct program program;
};

static inline void below_start(struct below *below, struct graph *graph, int adder_terms, int clock_ps) {
    *below = (struct below){.options = {.name = "test", .clock_ps = clock_ps, .adder_terms = adder_terms}};
    below->program = (struct program){.context = graph->context, .arena = graph->context->arena, .graph = graph};
    below->program.options = &below->options;
    below->program.technology = technology_for(NULL, (struct part_grade){0});
}

static inline void print_diagnostics(struct bxc_context *context) {
    for (size_t i = 0; i < context->diagnostics.count; i++) {
        struct strbuf text = strbuf_new(context->arena);
        diag_format(&text, &context->diagnostics.items[i]);
        printf("# %s", text.data);
    }
}

static inline uint64_t below_random(uint64_t *state) { /* splitmix64 */
    uint64_t z = *state += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

/* Extremes, zero and random values of every input; events x elements a port. */
static inline int64_t **below_events(const struct graph *graph, size_t events, uint64_t seed) {
    const struct value_list list = graph_inputs(graph, graph->arena);
    const valref *inputs = list.at;
    uint32_t count = list.count;
    int64_t **data = ARENA_ARRAY(graph->arena, int64_t *, count + 1);
    for (uint32_t p = 0; p < count; p++) {
        size_t elements = shape_elements(&graph_value(graph, inputs[p])->shape);
        data[p] = ARENA_ARRAY(graph->arena, int64_t, events * elements + 1);
        for (size_t i = 0; i < events * elements; i++) {
            struct interval interval =
                graph_interval(graph, inputs[p], i % elements); /* what the port's rule can give */
            int64_t lo = (int64_t)interval.lo, hi = (int64_t)interval.hi;
            uint64_t span = (uint64_t)hi - (uint64_t)lo, kind = below_random(&seed) % 8, draw = below_random(&seed);
            data[p][i] = kind == 0   ? lo
                         : kind == 1 ? hi
                         : kind == 2 ? 0
                                     : (int64_t)((uint64_t)lo + (span == UINT64_MAX ? draw : draw % (span + 1)));
        }
    }
    return data;
}

static inline int64_t **below_outputs(const struct graph *graph, size_t events) {
    int64_t **data = ARENA_ARRAY(graph->arena, int64_t *, graph->output_count + 1);
    for (uint32_t p = 0; p < graph->output_count; p++)
        data[p] = ARENA_ARRAY(graph->arena, int64_t,
                              events * shape_elements(&graph_value(graph, graph->outputs[p].value)->shape) + 1);
    return data;
}

/* The first difference as text, or NULL: design against graph. */
static inline const char *below_compare(const struct program *program, size_t events, int64_t **inputs) {
    const struct graph *graph = program->graph;
    int64_t **expected = below_outputs(graph, events), **got = below_outputs(graph, events);
    if (graph_run_integers(graph, events, (const int64_t *const *)inputs, expected) ||
        design_run(program->design, events, (const int64_t *const *)inputs, got))
        return "a run failed";
    for (uint32_t p = 0; p < graph->output_count; p++) {
        size_t elements = shape_elements(&graph_value(graph, graph->outputs[p].value)->shape);
        for (size_t i = 0; i < events * elements; i++)
            if (expected[p][i] != got[p][i])
                return arena_printf(graph->arena, "output %s event %zu element %zu: %lld, not %lld",
                                    graph->outputs[p].name, i / elements, i % elements, (long long)got[p][i],
                                    (long long)expected[p][i]);
    }
    return NULL;
}

/* Every probe that is not absorbed against the graph's own value. */
static inline const char *below_probes(const struct program *program, size_t events, int64_t **inputs) {
    const struct graph *graph = program->graph;
    const struct datapath *datapath = &program->design->datapath;
    struct arena *arena = arena_new(graph->context);
    int64_t *got = ARENA_ARRAY(arena, int64_t, events * datapath->probe_count + 1);
    int64_t **outputs = below_outputs(graph, events);
    struct evaluator *evaluator = evaluator_new(graph, arena);
    struct evaluator_state *state = evaluator_state_new(evaluator);
    const char *failure = NULL;
    design_run_probes(program->design, events, (const int64_t *const *)inputs, got);
    for (size_t event = 0; event < events && !failure; event++) {
        const int64_t *in[16];
        for (uint32_t p = 0; p < program->design->input_count; p++)
            in[p] = inputs[p] + event * program->design->inputs[p].element_count;
        evaluator_run_integers(evaluator, state, 1, in, outputs);
        for (uint32_t i = 0; i < datapath->probe_count && !failure; i++) {
            const struct probe *probe = &datapath->probes[i];
            const int64_t *values = evaluator_integers(state, probe->value);
            if (probe->wire.id != UINT32_MAX && values &&
                values[probe->element * EVENT_LANES] != got[event * datapath->probe_count + i])
                failure = arena_printf(graph->arena, "probe v%u.%u event %zu: %lld, not %lld", probe->value.id,
                                       probe->element, event, (long long)got[event * datapath->probe_count + i],
                                       (long long)values[probe->element * EVENT_LANES]);
        }
    }
    evaluator_state_free(state);
    arena_free(arena);
    return failure;
}

/* A pass, the verifiers and the comparison; NULL when all is well. */
static inline const char *below_pass(struct below *below, const char *name, size_t events, int64_t **inputs) {
    int (*const functions[])(struct program *, bool *) = {pass_simplify, pass_lower,    pass_share,
                                                          pass_trees,    pass_pipeline, pass_delays};
    const char *const names[] = {"simplify", "lower", "share", "trees", "pipeline", "delays"};
    bool changed = false;
    for (int i = 0; i < 6; i++) {
        if (strcmp(names[i], name)) continue;
        if (functions[i](&below->program, &changed)) return "the pass refused";
        if (graph_verify(below->program.graph) || (below->program.design && design_verify(below->program.design)))
            return "the verifier refused";
        const char *failure = below->program.design ? below_compare(&below->program, events, inputs) : NULL;
        return failure || !below->program.design ? failure
                                                 : below_probes(&below->program, events < 20 ? events : 20, inputs);
    }
    return "no such pass";
}

/* Of `count` seeds from 1 on, or of GRAPHS from SEED on, up to the first that fails; how many there are. */
static inline uint64_t below_each_seed(uint64_t count, const char *(*run)(uint64_t seed, void *user), void *user) {
    const char *graphs = getenv("GRAPHS"), *first = getenv("SEED");
    uint64_t start = first ? strtoull(first, NULL, 10) : 1;
    if (graphs) count = strtoull(graphs, NULL, 10);
    for (uint64_t seed = start; seed < start + count; seed++) {
        const char *failure = run(seed, user);
        if (failure) test_fail(__FILE__, __LINE__, "%s", failure);
        if (failure) break;
    }
    return count;
}

#endif
