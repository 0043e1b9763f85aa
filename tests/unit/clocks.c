/* Random networks at random clocks on random parts, 50 MHz to 1.2 GHz: compiled with every bit and with
 * stages that fit the clock, or refused with a reason; never a defect.
 *   clocks [FIRST COUNT]      other seeds
 *   clocks --graph SEED       the graph as text, for tests/cosim/clocks.sh */
#include "tests/unit/below.h"
#include "tests/unit/random_graph.h"

enum { GRAPHS = 300, EVENTS = 60 };

static const char *const pass_names[] = {"simplify", "lower", "share", "trees", "pipeline"};

static int compiled, refused;

/* Of narrow and of wide numbers: wide adders are those that are cut. */
static struct graph *network_new(struct bxc_context *context, uint64_t seed) {
    static const int widths[] = {12, 24, 40};
    return random_graph_new(context, seed, seed % 4 ? 20 : 40, widths[seed % 3], 6);
}

/* What the pipeliner may say: what it cannot do, in picoseconds, and what would do. */
static bool is_reason(const struct diagnostic *diagnostic) {
    return diagnostic->help && (strstr(diagnostic->message, " ps") || strstr(diagnostic->message, "bits"));
}

static const char *check_stages(const struct below *below) {
    const struct design *design = below->program.design;
    double delay = design_stage_delay(design, below->program.technology);
    return delay * 1000 <= below->options.clock_ps + 0.5 ? NULL : "a stage is longer than the clock's period";
}

static const char *run_passes(struct below *below, int64_t **inputs) {
    const struct diagnostics *diagnostics = &below->program.context->diagnostics;
    for (int i = 0; i < 5; i++) {
        const char *failure = below_pass(below, pass_names[i], EVENTS, inputs);
        if (failure && !strcmp(failure, "the pass refused") && diagnostics->count == 1 && is_reason(&diagnostics->items[0])) {
            refused++;
            return NULL;
        }
        if (failure)
            return arena_printf(below->program.arena, "after %s: %s", pass_names[i], failure);
    }
    compiled++;
    return check_stages(below);
}

static void run_graph(uint64_t seed) {
    struct bxc_context *context = context_new();
    struct graph *graph = network_new(context, seed);
    struct below below;
    uint64_t state = seed;
    size_t parts = 0;
    graph_infer(graph);
    context->diagnostics.count = context->diagnostics.errors = 0;
    while (part_at(parts))
        parts++;
    int megahertz = 50 + (int)(below_random(&state) % 1151);
    const struct part *part = part_at(below_random(&state) % parts);
    below_start(&below, graph, (int)(below_random(&state) % 3) + 1, 1000000 / megahertz);
    below.options.adder_terms = below.options.adder_terms == 1 ? 0 : below.options.adder_terms;
    below.program.technology = technology_for(part, (struct part_grade){.speed = (int)(seed % 3) + 1, .low_voltage = seed % 7 == 0 && seed % 3 < 2});
    const char *failure = run_passes(&below, below_events(graph, EVENTS, seed));
    if (failure) {
        print_diagnostics(context);
        test_fail(__FILE__, __LINE__, "seed %llu, %d MHz, %s: %s", (unsigned long long)seed, megahertz, part->name, failure);
    }
    design_free(below.program.design);
    graph_free(graph);
    context_free(context);
}

static uint64_t first = 1, count = GRAPHS;

static void any_clock_compiles_or_says_why(void) {
    for (uint64_t seed = first; seed < first + count; seed++)
        run_graph(seed);
    printf("# seeds %llu to %llu: %d compiled, %d refused\n", (unsigned long long)first, (unsigned long long)(first + count - 1), compiled, refused);
    CHECK((uint64_t)(compiled + refused) == count);
    CHECK((uint64_t)compiled > count / 4);
}

static int print_graph(uint64_t seed) {
    struct bxc_context *context = context_new();
    struct graph *graph = network_new(context, seed);
    struct strbuf text = strbuf_new(graph->arena);
    int result = graph_infer(graph);
    graph_print(&text, graph);
    fputs(text.data, stdout);
    graph_free(graph);
    context_free(context);
    return result ? 1 : 0;
}

int main(int argument_count, char **arguments) {
    if (argument_count == 3 && !strcmp(arguments[1], "--graph"))
        return print_graph(strtoull(arguments[2], NULL, 10));
    if (argument_count == 3) {
        first = strtoull(arguments[1], NULL, 10);
        count = strtoull(arguments[2], NULL, 10);
    }
    RUN(any_clock_compiles_or_says_why);
    TEST_EXIT();
}
