/* Random networks at random clocks on random parts, 50 MHz to 1.2 GHz: compiled with every bit and with
 * stages that fit the clock, or refused with a reason; never a defect.
 *   clocks [FIRST COUNT]      other seeds, each refusal printed
 *   clocks --graph SEED       the graph as text, for tests/cosim/clocks.sh */
#include "tests/unit/below.h"
#include "ir/text.h"
#include "tests/unit/random_graph.h"

enum { GRAPHS = 300, EVENTS = 60 };

static const char *const pass_names[] = {"simplify", "lower", "share", "trees", "pipeline"};

static bool tells_refusals;
static int compiled, refused, count_again; /* again: at the clock that would do */

/* Of any number, in steps, the same every 64 entries or the same everywhere else: sub-tables that differ, are
 * constants, are equal. */
static int64_t entry_of(struct random_graph *random, int kind, const int64_t *before, uint32_t i) {
    int64_t any = random_in_format(random, (struct format){.is_signed = true, .width = 9});
    return kind == 0   ? any
           : kind == 1 ? i / 50
           : kind == 2 ? (i < 64 ? any : before[i - 64])
           : i < 300   ? any
                       : before[299];
}

/* A look-up of 7 to 13 bits, of either sign, of which some indices do not occur. */
static void append_wide_table(struct graph *graph, uint64_t seed) {
    struct random_graph random = {.state = seed, .graph = graph};
    struct shape shape = {.rank = 2, .dim = {1, 2}};
    struct format format = {.is_signed = seed % 2, .width = (int16_t)(7 + random_below(&random, 7))};
    valref x = graph_append_integer_input(graph, "wide", shape, formats_uniform(graph->arena, format), ROUND_TRUNCATE,
                                          OVERFLOW_WRAP);
    if (random_below(&random, 2)) {
        valref both[2] = {
            x, graph_append_integers(graph, "added", shape, formats_uniform(graph->arena, format), (int64_t[]){5, 33})};
        x = graph_append(graph, OP_ADD, "moved", both, 2, NULL);
    }
    union attributes attributes = {
        .lookup = {.formats = formats_uniform(graph->arena, (struct format){.is_signed = true, .width = 9})}};
    struct table *table = attributes.lookup.tables = ARENA_NEW(graph->arena, struct table);
    *table = (struct table){.first = format_min(format), .count = (UINT32_C(1) << format.width) + 33};
    table->entries = ARENA_ARRAY(graph->arena, int64_t, table->count);
    int kind = random_below(&random, 4);
    for (uint32_t i = 0; i < table->count; i++) table->entries[i] = entry_of(&random, kind, table->entries, i);
    graph_append_output(graph, "looked up", graph_append(graph, OP_TABLE, "table", &x, 1, &attributes));
}

/* Of narrow and of wide numbers: wide adders and wide tables are those that are cut. */
static struct graph *network_new(struct bxc_context *context, uint64_t seed) {
    static const int widths[] = {12, 24, 40};
    struct graph *graph = random_graph_new(context, seed, seed % 4 ? 20 : 40, widths[seed % 3], 6);
    if (seed % 5 == 0) append_wide_table(graph, seed);
    return graph;
}

/* What the pipeliner may say: what it cannot do, in picoseconds, and what would do. A table can be cut to single LUT.
 */
static bool is_reason(const struct diagnostic *diagnostic, const struct technology *technology) {
    const char *table = strstr(diagnostic->message, "'table'"), *needs = strstr(diagnostic->message, "needs ");
    if (table && (!needs || atoi(needs + 6) >= 2 * (technology->net + technology->lut))) return false;
    return diagnostic->help && (strstr(diagnostic->message, " ps") || strstr(diagnostic->message, "bits"));
}

static const char *check_stages(const struct below *below) {
    const struct design *design = below->program.design;
    uint32_t path[100], count = design_critical_path(design, below->program.technology, path, 100);
    int delay = design_stage_picoseconds(design, below->program.technology);
    const struct wire *wires = design->datapath.wires;
    if (delay * (int64_t)100 > (int64_t)below->options.clock_ps * (100 - below->options.margin_percent))
        return "a stage is longer than the clock's period less the margin";
    if (count && wires[path[count - 1]].arrival + technology_overhead(below->program.technology) != delay)
        return "the critical path does not end where the stage does";
    for (uint32_t i = 1; i + 1 < count; i++) /* a memory ends it with what it reads */
        if (wires[path[i]].cycle != wire_read_cycle(&wires[path[count - 1]]))
            return "the critical path leaves its stage";
    if (design_cost(design, below->program.technology).bram18 > below->options.block_rams)
        return "more block RAMs than there are";
    return count || wires == NULL || design->datapath.wire_count == 0 ? NULL : "no critical path";
}

static const char *run_passes(struct below *below, int64_t **inputs) {
    const struct diagnostics *diagnostics = &below->program.context->diagnostics;
    for (int i = 0; i < 5; i++) {
        const char *failure = below_pass(below, pass_names[i], EVENTS, inputs);
        if (failure && !strcmp(failure, "the pass refused") && diagnostics->count == 1 &&
            is_reason(&diagnostics->items[0], below->program.technology)) {
            refused++;
            return NULL;
        }
        if (failure) return arena_printf(below->program.arena, "after %s: %s", pass_names[i], failure);
    }
    compiled++;
    return check_stages(below);
}

struct setting {
    uint64_t seed;
    int clock_ps, adder_terms;
    const struct part *part;
    struct part_grade grade;
};

/* Fails the test where bxc does; returns the clock that would do according to bxc, in MHz, or 0. */
static int run_setting(const struct setting *setting) {
    struct bxc_context *context = context_new();
    struct graph *graph = network_new(context, setting->seed);
    struct below below;
    graph_infer(graph);
    context->diagnostics.count = context->diagnostics.errors = 0;
    below_start(&below, graph, setting->adder_terms, setting->clock_ps);
    below.options.margin_percent = (int)(setting->seed % 3) * 10;
    below.options.block_rams = setting->seed % 2 ? 0 : (int)(setting->seed / 2 % 8);
    below.program.technology = technology_for(setting->part, setting->grade);
    const char *failure = run_passes(&below, below_events(graph, EVENTS, setting->seed));
    if (failure) {
        print_diagnostics(context);
        test_fail(__FILE__, __LINE__, "seed %llu, %d ps, %s -%d: %s", (unsigned long long)setting->seed,
                  setting->clock_ps, setting->part->name, setting->grade.speed, failure);
    }
    int would_do = 0;
    if (tells_refusals && context->diagnostics.count)
        printf("# seed %llu, %d ps, %s -%d: refused\n", (unsigned long long)setting->seed, setting->clock_ps,
               setting->part->name, setting->grade.speed);
    if (tells_refusals) print_diagnostics(context);
    if (context->diagnostics.count && context->diagnostics.items[0].help)
        sscanf(context->diagnostics.items[0].help, "a clock of %d MHz would do", &would_do);
    design_free(below.program.design);
    graph_free(graph);
    context_free(context);
    return would_do;
}

static void run_graph(uint64_t seed) {
    static const int adders[] = {0, 2, 3};
    uint64_t state = seed;
    size_t parts = 0;
    while (part_at(parts)) parts++;
    struct setting setting = {.seed = seed,
                              .part = part_at(below_random(&state) % parts),
                              .adder_terms = adders[below_random(&state) % 3],
                              .grade = {.speed = (int)(seed % 3) + 1, .low_voltage = seed % 7 == 0 && seed % 3 < 2}};
    setting.clock_ps = 1000000 / (50 + (int)(below_random(&state) % 1151));
    int would_do = run_setting(&setting);
    if (would_do == 0) return;
    int before = compiled;
    setting.clock_ps = (2000000 + would_do) / (2 * would_do); /* as clock_parse reads it */
    run_setting(&setting);
    if (compiled == before)
        test_fail(__FILE__, __LINE__, "seed %llu: %d MHz would not do", (unsigned long long)seed, would_do);
    count_again++;
}

static uint64_t first = 1, count = GRAPHS;

static void any_clock_compiles_or_says_why(void) {
    for (uint64_t seed = first; seed < first + count; seed++) run_graph(seed);
    if (!tells_refusals) /* was told a clock at which its adders are three-term ones, and too slow */
        run_graph(396);
    printf("# seeds %llu to %llu: %d compiled, %d refused, %d of them compiled at the clock that would do\n",
           (unsigned long long)first, (unsigned long long)(first + count - 1), compiled - count_again, refused,
           count_again);
    CHECK((uint64_t)(compiled + refused - count_again) == count + !tells_refusals);
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
    if (argument_count == 3 && !strcmp(arguments[1], "--graph")) return print_graph(strtoull(arguments[2], NULL, 10));
    if (argument_count == 3) {
        first = strtoull(arguments[1], NULL, 10);
        count = strtoull(arguments[2], NULL, 10);
        tells_refusals = true;
    }
    RUN(any_clock_compiles_or_says_why);
    TEST_EXIT();
}
