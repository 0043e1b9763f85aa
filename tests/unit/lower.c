/* Every pass below the line keeps every bit: random integer graphs of all operators, formats and
 * modes, before and after each pass; narrowing over every input of small formats. */
#include "tests/unit/below.h"
#include "tests/unit/random_graph.h"

enum { GRAPHS = 120, EVENTS = 200 };

static const char *const pass_names[] = {"simplify", "lower", "share", "trees", "pipeline"};

/* Graphs that the passes refuse by name are counted, not compared. */
static const char *run_graph(uint64_t seed, int adder_terms, int period, int *refused) {
    struct bxc_context *context = context_new();
    static char why[400];
    const char *failure = NULL;
    struct graph *graph = random_graph_new(context, seed, 20, 12, 6);
    struct below below;
    if (graph_infer(graph)) /* intervals through linear forms */
        failure = "graph_infer refused";
    context->diagnostics.count = context->diagnostics.errors = 0;
    below_start(&below, graph, adder_terms, period);
    int64_t **inputs = below_events(graph, EVENTS, seed);
    for (int i = 0; i < 5 && !failure; i++) {
        failure = below_pass(&below, pass_names[i], EVENTS, inputs);
        if (failure && !strcmp(failure, "the pass refused") && context->diagnostics.count &&
            context->diagnostics.items[0].location.node) {
            ++*refused;
            failure = NULL;
            break;
        }
        if (failure) {
            print_diagnostics(context);
            snprintf(why, sizeof why, "seed %llu, terms %d, period %d, after %s: %s", (unsigned long long)seed,
                     adder_terms, period, pass_names[i], failure);
            failure = why;
        }
    }
    design_free(below.program.design);
    graph_free(graph);
    context_free(context);
    return failure;
}

static void random_graphs_keep_every_bit(void) {
    int refused = 0;
    for (uint64_t seed = 1; seed <= GRAPHS; seed++) {
        const char *failure = run_graph(seed, seed % 3 ? (seed % 3 == 1 ? 2 : 3) : 0,
                                        seed % 4   ? 2500
                                        : seed % 8 ? 1300
                                                   : 10000,
                                        &refused);
        if (failure) test_fail(__FILE__, __LINE__, "%s", failure);
        if (failure) return;
    }
    if (refused > GRAPHS / 4) test_fail(__FILE__, __LINE__, "%d of %d graphs refused", refused, GRAPHS);
}

/* ---- narrowing, over every input ---- */

static const char *narrow_all(struct format from, struct format to, enum rounding rounding, enum overflow overflow,
                              bool relu) {
    struct bxc_context *context = context_new();
    static char why[400];
    struct graph *graph = graph_new(context, "narrow");
    struct shape shape = {.rank = 2, .dim = {1, 1}};
    valref x = graph_append_integer_input(graph, "x", shape, formats_uniform(graph->arena, from), ROUND_HALF_EVEN,
                                          OVERFLOW_SATURATE);
    if (relu) x = graph_append(graph, OP_RELU, "relu", &x, 1, NULL);
    union attributes attributes = {
        .quantizer = {.rounding = rounding, .overflow = overflow, .formats = formats_uniform(graph->arena, to)}};
    graph_append_output(graph, "y", graph_append(graph, OP_NARROW, "narrow", &x, 1, &attributes));
    size_t events = (size_t)(format_max(from) - format_min(from) + 1);
    int64_t *column = ARENA_ARRAY(graph->arena, int64_t, events);
    for (size_t i = 0; i < events; i++) column[i] = format_min(from) + (int64_t)i;
    struct below below;
    below_start(&below, graph, 3, 5000);
    const char *failure = NULL;
    for (int i = 0; i < 5 && !failure; i++) {
        failure = below_pass(&below, pass_names[i], events, &column);
        if (failure) {
            print_diagnostics(context);
            snprintf(why, sizeof why, "%s %s %c%d.%d to %c%d.%d after %s: %s", rounding_names[rounding],
                     overflow_names[overflow], from.is_signed ? 's' : 'u', from.width, from.fraction,
                     to.is_signed ? 's' : 'u', to.width, to.fraction, pass_names[i], failure);
        }
    }
    design_free(below.program.design);
    graph_free(graph);
    context_free(context);
    return failure ? why : NULL;
}

static void narrowing_keeps_every_bit(void) {
    static const struct format from[] = {{true, 6, 3}, {false, 6, 3}, {true, 6, 8}, {true, 2, 1}};
    static const struct format to[] = {{true, 3, 1},  {false, 3, 2}, {true, 4, -1}, {true, 8, 5},
                                       {false, 1, 0}, {true, 1, 2},  {false, 0, 0}, {true, 3, -6}};
    for (size_t f = 0; f < sizeof from / sizeof *from; f++)
        for (size_t t = 0; t < sizeof to / sizeof *to; t++)
            for (int r = 0; r < ROUNDING_COUNT; r++)
                for (int o = 0; o < OVERFLOW_COUNT; o++)
                    for (int relu = 0; relu < 2; relu++) {
                        const char *failure = narrow_all(from[f], to[t], (enum rounding)r, (enum overflow)o, relu);
                        if (failure) {
                            test_fail(__FILE__, __LINE__, "%s", failure);
                            return;
                        }
                    }
}

/* ---- staircases, over every input ---- */

static const char *staircase_all(uint32_t count, int64_t first, int64_t run, int64_t step, bool jitter) {
    struct bxc_context *context = context_new();
    struct graph *graph = graph_new(context, "stairs");
    struct shape shape = {.rank = 2, .dim = {1, 1}};
    struct format from = {true, 11, 2};
    static char why[300];
    valref x = graph_append_integer_input(graph, "x", shape, formats_uniform(graph->arena, from), ROUND_HALF_EVEN,
                                          OVERFLOW_SATURATE);
    union attributes attributes = {.lookup = {.formats = formats_uniform(graph->arena, (struct format){true, 12, 0})}};
    attributes.lookup.stairs = &(struct staircase){.count = count,
                                                   .thresholds = ARENA_ARRAY(graph->arena, int64_t, count + 1),
                                                   .values = ARENA_ARRAY(graph->arena, int64_t, count + 1)};
    for (uint32_t i = 0; i <= count; i++) {
        if (i < count) attributes.lookup.stairs->thresholds[i] = first + (int64_t)i * run + (jitter && i % 3 == 1);
        attributes.lookup.stairs->values[i] = -5 + (int64_t)i * step;
    }
    graph_append_output(graph, "y", graph_append(graph, OP_THRESHOLD, "stairs", &x, 1, &attributes));
    int64_t *column = ARENA_ARRAY(graph->arena, int64_t, 2048);
    for (int i = 0; i < 2048; i++) column[i] = i - 1024;
    struct below below;
    below_start(&below, graph, 0, 4000);
    const char *failure = NULL;
    for (int i = 0; i < 5 && !failure; i++) {
        failure = below_pass(&below, pass_names[i], 2048, &column);
        if (failure)
            snprintf(why, sizeof why, "%u steps from %lld by %lld, after %s: %s", count, (long long)first,
                     (long long)run, pass_names[i], failure);
    }
    if (failure) print_diagnostics(context);
    design_free(below.program.design);
    graph_free(graph);
    context_free(context);
    return failure ? why : NULL;
}

static void staircases_keep_every_bit(void) {
    static const uint32_t counts[] = {0, 1, 2, 3, 7, 8, 31, 100};
    for (size_t c = 0; c < sizeof counts / sizeof *counts; c++)
        for (int kind = 0; kind < 8; kind++) {
            int64_t run = kind & 1 ? 8 : 13, first = kind & 2 ? -600 : -1100;
            const char *failure = staircase_all(counts[c], first, run, kind & 4 ? 3 : 1, kind & 1 && counts[c] > 30);
            if (failure) {
                test_fail(__FILE__, __LINE__, "%s", failure);
                return;
            }
        }
}

int main(void) {
    RUN(narrowing_keeps_every_bit);
    RUN(staircases_keep_every_bit);
    RUN(random_graphs_keep_every_bit);
    TEST_EXIT();
}
