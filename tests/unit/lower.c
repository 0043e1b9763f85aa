/* Every pass below the line keeps every bit: random integer graphs of all operators, formats and
 * modes, before and after each pass; narrowing over every input of small formats. */
#include "ir/lookup.h"
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

struct stairs {
    uint32_t count;
    int64_t first, run, step;
    bool jitter;
};
enum { STAIRS = 64 };

static struct stairs stairs_number(int i) {
    static const uint32_t counts[] = {0, 1, 2, 3, 7, 8, 31, 100};
    struct stairs stairs = {.count = counts[i / 8], .first = i & 2 ? -600 : -1100, .run = i & 1 ? 8 : 13};
    stairs.step = i & 4 ? 3 : 1;
    stairs.jitter = i & 1 && stairs.count > 30;
    return stairs;
}

static struct graph *staircase_graph(struct bxc_context *context, const struct stairs *stairs, bool by_values) {
    struct graph *graph = graph_new(context, "stairs");
    struct shape shape = {.rank = 2, .dim = {1, 1}};
    struct format from = {true, 11, 2};
    valref x = graph_append_integer_input(graph, "x", shape, formats_uniform(graph->arena, from), ROUND_HALF_EVEN,
                                          OVERFLOW_SATURATE);
    union attributes attributes = {.lookup = {.formats = formats_uniform(graph->arena, (struct format){true, 12, 0})}};
    struct staircase steps = {.count = stairs->count,
                              .thresholds = ARENA_ARRAY(graph->arena, int64_t, stairs->count + 1),
                              .values = ARENA_ARRAY(graph->arena, int64_t, stairs->count + 1)};
    struct table values;
    for (uint32_t i = 0; i <= stairs->count; i++) {
        if (i < stairs->count)
            steps.thresholds[i] = stairs->first + (int64_t)i * stairs->run + (stairs->jitter && i % 3 == 1);
        steps.values[i] = -5 + (int64_t)i * stairs->step;
    }
    if (by_values) {
        values = staircase_table(&steps, (struct interval){-1024, 1023}, graph->arena);
        attributes.lookup.tables = &values;
    } else {
        attributes.lookup.stairs = &steps;
    }
    graph_append_output(graph, "y",
                        graph_append(graph, by_values ? OP_TABLE : OP_THRESHOLD, "stairs", &x, 1, &attributes));
    return graph;
}

static const char *staircase_all(const struct stairs *stairs) {
    struct bxc_context *context = context_new();
    struct graph *graph = staircase_graph(context, stairs, false);
    static char why[300];
    int64_t *column = ARENA_ARRAY(graph->arena, int64_t, 2048);
    for (int i = 0; i < 2048; i++) column[i] = i - 1024;
    struct below below;
    below_start(&below, graph, 0, 4000);
    const char *failure = NULL;
    for (int i = 0; i < 5 && !failure; i++) {
        failure = below_pass(&below, pass_names[i], 2048, &column);
        if (failure)
            snprintf(why, sizeof why, "%u steps from %lld by %lld, after %s: %s", stairs->count,
                     (long long)stairs->first, (long long)stairs->run, pass_names[i], failure);
    }
    if (failure) print_diagnostics(context);
    design_free(below.program.design);
    graph_free(graph);
    context_free(context);
    return failure ? why : NULL;
}

static void staircases_keep_every_bit(void) {
    for (int i = 0; i < STAIRS; i++) {
        const struct stairs stairs = stairs_number(i);
        const char *failure = staircase_all(&stairs);
        if (!failure) continue;
        test_fail(__FILE__, __LINE__, "%s", failure);
        return;
    }
}

static const char *lowered_text(struct bxc_context *context, const struct stairs *stairs, bool by_values) {
    struct graph *graph = staircase_graph(context, stairs, by_values);
    struct strbuf text = strbuf_new(context->arena);
    struct below below;
    bool changed;
    below_start(&below, graph, 0, 4000);
    if (pass_lower(&below.program, &changed) == 0) design_print(&text, below.program.design);
    design_free(below.program.design);
    graph_free(graph);
    return text.data;
}

/* What form a function gets does not depend on how it is written. */
static void functions_have_one_form(void) {
    struct bxc_context *context = context_new();
    for (int i = 0; i < STAIRS; i++) {
        const struct stairs stairs = stairs_number(i);
        const char *by_steps = lowered_text(context, &stairs, false), *by_values = lowered_text(context, &stairs, true);
        CHECK(strstr(by_steps, "output") && strcmp(by_steps, by_values) == 0);
    }
    context_free(context);
}

/* No comparison and no table where that is cheaper; where no slope meets the thresholds there are. */
static void steps_of_one_slope_are_a_product(void) {
    static const struct stairs even = {.count = 150, .first = -1000, .run = 13, .step = 1},
                               uneven = {.count = 150, .first = -1000, .run = 13, .step = 1, .jitter = true};
    for (int i = 0; i < 2; i++) {
        struct bxc_context *context = context_new();
        const char *text = lowered_text(context, i ? &uneven : &even, false);
        CHECK((strstr(text, " = table ") || strstr(text, " = less ")) == (i == 1));
        CHECK((strstr(text, " = shift_right ") != NULL) == (i == 0));
        context_free(context);
    }
}

int main(void) {
    RUN(narrowing_keeps_every_bit);
    RUN(staircases_keep_every_bit);
    RUN(functions_have_one_form);
    RUN(steps_of_one_slope_are_a_product);
    RUN(random_graphs_keep_every_bit);
    TEST_EXIT();
}
