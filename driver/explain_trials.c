/* The quantised graph compiled otherwise: at other clocks, and with something cheaper than its softmax. */
#include "driver/driver.h"
#include "ir/verify.h"

#include <math.h>
#include <string.h>

int trial_compile(struct bxc_context *context, struct arena *arena, struct graph *graph,
                  const struct compile_options *options, const char *last, struct program *out) {
    *out = (struct program){.context = context,
                            .arena = arena,
                            .options = options,
                            .technology = technology_for(options->part, options->grade),
                            .graph = graph};
    return passes_run(out, NULL, last);
}

struct trial {
    struct bxc_context *context;
    struct arena *arena;
    struct graph *graph; /* its own */
    struct compile_options options;
    struct clock_trial *out;
};

static void tell_trial(const struct program *program, struct clock_trial *out) {
    out->latency = program->design->latency;
    out->stage_delay = design_stage_delay(program->design, program->technology);
    out->cost = design_cost(program->design, program->technology);
}

static int run_trial(void *user) {
    struct trial *trial = user;
    struct program program;
    int result = trial_compile(trial->context, trial->arena, trial->graph, &trial->options, NULL, &program);
    if (result == 0) tell_trial(&program, trial->out);
    design_free(program.design);
    graph_free(program.graph);
    return result;
}

/* A network of so many LUT compiles for many seconds: half the trials are enough. */
enum { LARGE_LUT = 30000 };

static bool is_large(const struct program *made) {
    return design_cost(made->design, made->technology).lut > LARGE_LUT;
}

int trial_guarded(struct bxc_context *context, int (*run)(void *), void *user, const char **why) {
    struct diagnostics *diagnostics = &context->diagnostics;
    size_t since = diagnostics->count, errors = diagnostics->errors;
    int result = context_guarded(context, run, user);
    *why = result == 0                  ? NULL
           : diagnostics->count > since ? arena_strdup(context->arena, diagnostics->items[since].message)
                                        : "refused";
    diagnostics->count = since;
    diagnostics->errors = errors;
    context_check(context); /* the whole is cancelled, not one trial refused */
    return result;
}

struct cost_trial {
    const struct program *made;
    const struct compile_options *options;
    const char *last_pass;
    struct cost *cost;
};

static int run_cost_trial(void *user) {
    struct cost_trial *trial = user;
    struct program program;
    int result = trial_compile(trial->made->context, trial->made->arena, graph_clone(trial->made->graph),
                               trial->options, trial->last_pass, &program);
    if (result == 0) *trial->cost = design_cost(program.design, program.technology);
    design_free(program.design);
    graph_free(program.graph);
    return result;
}

bool trial_cost(const struct program *made, const struct compile_options *options, const char *last_pass,
                struct cost *cost) {
    struct cost_trial trial = {made, options, last_pass, cost};
    const char *why;
    return trial_guarded(made->context, run_cost_trial, &trial, &why) == 0;
}

/* A trial that is refused says why in its row, and nothing anywhere else. */
static void try_one(struct trial *trial) {
    const char *other = trial->out->name ? trial->out->name : "";
    context_progress(trial->context,
                     arena_printf(trial->arena, "compiling at %.0f MHz %s", 1e6 / trial->options.clock_ps, other), 0,
                     0);
    trial->out->period = trial->options.clock_ps / 1000.0;
    trial_guarded(trial->context, run_trial, trial, &trial->out->refused);
}

void trial_clocks(const struct program *made, const struct graph *graph, struct explanation *out) {
    static const struct {
        double factor;
        bool always;
    } factors[] = {{0.5, false}, {0.75, true}, {1, true}, {1.25, false}, {1.5, true}, {2, false}};
    bool large = is_large(made);
    const struct compile_options *options = made->options;
    out->clocks = ARENA_ARRAY(made->arena, struct clock_trial, sizeof factors / sizeof factors[0]);
    for (size_t i = 0; i < sizeof factors / sizeof factors[0]; i++) {
        int period = (int)(options->clock_ps / factors[i].factor + 0.5);
        if (period < 500 || (large && !factors[i].always)) continue; /* 2,000 MHz, the fastest that is taken */
        struct clock_trial *row = &out->clocks[out->clock_count++];
        if (factors[i].factor == 1) {
            *row = (struct clock_trial){.name = "this one", .period = period / 1000.0};
            tell_trial(made, row);
            continue;
        }
        struct trial trial = {made->context, made->arena, graph_clone(graph), *options, row};
        trial.options.clock_ps = period;
        try_one(&trial);
    }
}

/* ---- without the softmax ---- */

const struct node *softmax_start(const struct graph *graph, const char *node_name, size_t *length) {
    size_t end = strlen(node_name);
    if (end < 4 || strcmp(node_name + end - 4, ".max") != 0) return NULL;
    *length = end - 4;
    const struct node *start = NULL;
    bool whole = false;
    for (uint32_t n = 0; n < graph->node_count; n++) {
        const struct node *node = &graph->nodes[n];
        if (node->op == OP_REDUCE_MAX && strcmp(node->name, node_name) == 0) start = node;
        whole |= strlen(node->name) == *length && strncmp(node->name, node_name, *length) == 0;
    }
    return whole ? start : NULL;
}

static bool inside(const struct graph *graph, valref value, const char *name, size_t length) {
    const char *node = graph_definition(graph, value)->name;
    return strncmp(node, name, length) == 0 && (node[length] == '.' || node[length] == 0);
}

/* Outputs of the softmax become its operand, or the index of its largest. NULL: others than outputs read it. */
static struct graph *replaced(const struct graph *graph, const char *start_name, bool argmax) {
    struct graph *copy = graph_clone(graph);
    size_t length;
    const struct node *start = softmax_start(copy, start_name, &length);
    valref operand = start->inputs[0];
    bool outside = inside(copy, operand, start_name, length);
    for (uint32_t n = 0; n < copy->node_count; n++)
        for (uint32_t i = 0; i < copy->nodes[n].input_count; i++)
            outside |= inside(copy, copy->nodes[n].inputs[i], start_name, length) &&
                       !inside(copy, copy->nodes[n].result, start_name, length);
    union attributes attributes = {.axis = start->attributes.axis};
    attributes.axis.select_last = false;
    attributes.axis.keep_dimensions = true;
    if (!outside && argmax) operand = graph_append(copy, OP_ARGMAX, "argmax", &operand, 1, &attributes);
    for (uint32_t o = 0; !outside && o < copy->output_count; o++)
        if (inside(copy, copy->outputs[o].value, start_name, length)) {
            copy->outputs[o].value = operand;
            copy->outputs[o].meaning = (struct meaning){0};
        }
    graph_compact(copy);
    if (!outside && graph_infer(copy) == 0) return copy;
    graph_free(copy);
    return NULL;
}

void trial_without_softmax(const struct program *made, const struct graph *graph, struct explanation *out) {
    static const char *const names[] = {"--softmax argmax", "--softmax drop"};
    out->instead = ARENA_ARRAY(made->arena, struct clock_trial, 2);
    for (int i = 0; i < (is_large(made) ? 1 : 2) && out->softmax_count == 1; i++) {
        struct graph *copy = replaced(graph, arena_printf(made->arena, "%s.max", out->softmax[0].name), i == 0);
        if (!copy) continue;
        struct trial trial = {made->context, made->arena, copy, *made->options, &out->instead[out->instead_count++]};
        trial.out->name = names[i];
        try_one(&trial);
    }
}
