/* Delays in block RAM: random integer graphs, all at once and by items, with as many block RAMs as none, few and
 * plenty. Outputs and probes are the same, no more block RAMs are taken than there are, each stands in the place of its
 * registers, no path gets longer, a register stands before each memory and one behind it, and the text reads back. */
#include "target/memories.h"
#include "tests/unit/below.h"
#include "tests/unit/random_graph.h"

enum { GRAPHS = 80, EVENTS = 40 };

static const char *const pass_names[] = {"simplify", "lower", "share", "trees", "pipeline", "delays"};
static const int given[] = {0, 1, 3, 1000};

struct seen { /* designs, and what they have in all */
    int designs, with_delays, in_beats, of_items, of_ports, in_series;
    int64_t block_rams, delays;
};

static int64_t block_rams_of(const struct design *design, bool delays_only) {
    uint8_t *bits = ARENA_ARRAY(design->arena, uint8_t, design->datapath.wire_count + 1);
    int64_t count = 0;
    datapath_demand(design, &design->datapath, bits);
    struct block_memory_list list = design_memories(design, bits, design->arena);
    for (uint32_t m = 0; m < list.count; m++)
        count += delays_only && !list.at[m].is_written ? 0 : list.at[m].block_rams;
    return count;
}

/* NULL, or what is wrong about a read. */
static const char *check_read(const struct datapath *datapath, wireref wire, int cycle) {
    int beats;
    const struct wire *source = &datapath->wires[datapath_source(datapath, wire, &beats).id];
    return source->op == WIRE_DELAY && source->cycle >= cycle - beats ? "no register stands behind a memory" : NULL;
}

static const char *check_registers(const struct design *design) {
    const struct datapath *datapath = &design->datapath;
    const char *failure = NULL;
    for (uint32_t w = 0; w < datapath->wire_count && !failure; w++) {
        const struct wire *wire = &datapath->wires[w];
        for (uint32_t k = 0; k < wire->operand_count && !failure && wire->op != WIRE_ITEM; k++)
            failure = check_read(datapath, wire->operands[k].wire, wire_read_cycle(wire));
        if (wire->op == WIRE_STATE && !failure) failure = check_read(datapath, wire->next, wire->cycle + 1);
        if (wire->op == WIRE_DELAY && datapath->wires[wire->operands[0].wire.id].cycle >= wire_read_cycle(wire))
            failure = "no register stands before a memory";
    }
    for (uint32_t p = 0; p < design->output_count && !failure; p++)
        for (uint32_t e = 0; e < design->outputs[p].element_count && !failure; e++)
            failure = check_read(datapath, design->outputs[p].elements[e].wire, design_last_cycle(design));
    return failure;
}

static const char *check_text(const struct program *program) {
    struct strbuf once = strbuf_new(program->arena), twice = strbuf_new(program->arena);
    design_print(&once, program->design);
    struct design *parsed = design_parse(program->context, program->graph, "test", once.data, once.length);
    if (!parsed) return "the text does not read back";
    design_print(&twice, parsed);
    design_free(parsed);
    return strcmp(once.data, twice.data) ? "the text reads back as another" : NULL;
}

static void note(struct seen *seen, const struct design *design) {
    seen->designs++;
    const struct datapath *datapath = &design->datapath;
    int64_t before = seen->delays;
    for (uint32_t w = 0; w < datapath->wire_count; w++) {
        const struct wire *wire = &datapath->wires[w],
                          *of = &datapath->wires[wire->operand_count ? wire->operands[0].wire.id : 0];
        seen->of_items += wire->op == WIRE_ITEM && of->op == WIRE_DELAY;
        if (wire->op != WIRE_DELAY) continue;
        seen->delays++;
        seen->of_ports += of->op == WIRE_INPUT;
        seen->in_series += of->op == WIRE_DELAY;
    }
    seen->with_delays += seen->delays > before;
    seen->in_beats += seen->delays > before && design->beats > 1;
    seen->block_rams += block_rams_of(design, true);
}

struct before { /* the pass */
    struct cost cost;
    int stage; /* picoseconds */
    int64_t tables;
};

/* What the pass made of what there was before. */
static const char *check_delays(const struct below *below, const struct before *before) {
    enum { LEAST = 450 }; /* registers for each block RAM, less what counts its words */
    const struct technology *technology = below->program.technology;
    const struct design *design = below->program.design;
    struct cost after = design_cost(design, technology);
    int64_t delays = block_rams_of(design, true);
    if (block_rams_of(design, false) > below->options.block_rams) return "too many block RAMs";
    if (after.bram18 - before->cost.bram18 != (double)delays) return "block RAMs are not counted";
    if (block_rams_of(design, false) != before->tables + delays) return "another number of tables";
    if (before->cost.ff - after.ff < (double)(LEAST * delays)) return "too few registers are saved";
    if (after.lut - before->cost.lut > (double)(40 * delays)) return "it takes more logic";
    if (design_stage_picoseconds(design, technology) > before->stage) return "a path gets longer";
    const char *failure = check_registers(design);
    return failure ? failure : check_text(&below->program);
}

/* Through all passes. */
static const char *run_passes(struct below *below, int64_t **inputs, struct before *before) {
    const char *failure = NULL;
    for (int i = 0; i < 6 && !failure; i++) {
        if (i == 5) {
            before->cost = design_cost(below->program.design, below->program.technology);
            before->stage = design_stage_picoseconds(below->program.design, below->program.technology);
            before->tables = block_rams_of(below->program.design, false);
        }
        failure = below_pass(below, pass_names[i], EVENTS, inputs);
    }
    return failure;
}

/* registers: where no table lies in block RAM, those of the design; else none. */
static const char *run_graph(uint64_t seed, int block_rams, struct seen *seen, double *registers) {
    struct bxc_context *context = context_new();
    static char why[400];
    struct graph *graph = random_graph_new(context, seed, 24, 14, 5);
    random_deep_end(graph, seed);
    struct beat_options beats = {.name = "input", .items = 1};
    struct below below;
    struct before before = {0};
    const char *failure = graph_infer(graph) ? "graph_infer refused" : NULL;
    context->diagnostics.count = context->diagnostics.errors = 0;
    below_start(&below, graph, 2, seed % 2 ? 1500 : 2000);
    below.options.block_rams = block_rams;
    below.options.interval = seed % 3 ? 1 : 4 + (int)(seed % 20);
    below.options.beats = &beats;
    below.options.beat_count = below.options.interval > 1 && seed % 2;
    if (!failure) failure = run_passes(&below, below_events(graph, EVENTS, seed), &before);
    bool refused = failure && !strcmp(failure, "the pass refused") && context->diagnostics.count;
    if (failure && !refused) print_diagnostics(context);
    if (!failure) failure = check_delays(&below, &before);
    if (!refused) note(seen, below.program.design);
    *registers = refused || before.tables ? 0 : design_cost(below.program.design, below.program.technology).ff;
    if (failure)
        snprintf(why, sizeof why, "seed %llu, %d block RAMs: %s", (unsigned long long)seed, block_rams, failure);
    design_free(below.program.design);
    graph_free(graph);
    context_free(context);
    return failure && !refused ? why : NULL;
}

/* With more block RAMs there are no more registers. */
static const char *run_all_given(uint64_t seed, void *user) {
    struct seen *seen = user;
    double least = 0;
    for (size_t i = 0; i < sizeof given / sizeof *given; i++) {
        double registers;
        const char *failure = run_graph(seed, given[i], seen, &registers);
        if (failure) return failure;
        if (least > 0 && registers > least) return "more block RAMs save less";
        if (registers > 0) least = registers;
    }
    return NULL;
}

static void delays_keep_every_bit(void) {
    struct seen seen = {0};
    uint64_t count = below_each_seed(GRAPHS, run_all_given, &seen);
    if (test_failed) return;
    printf(
        "# %d designs: %d with %lld delays in %lld block RAMs, %d of them in beats, %d items of delays, %d delays of ports, %d in "
        "series\n",
        seen.designs, seen.with_delays, (long long)seen.delays, (long long)seen.block_rams, seen.in_beats,
        seen.of_items, seen.of_ports, seen.in_series);
    if (seen.with_delays < (int)count / 2 || seen.in_beats < (int)count / 10 || !seen.of_items || !seen.of_ports)
        test_fail(__FILE__, __LINE__, "too few designs have delays");
}

/* What is read early, in the middle and late goes through two memories in series, each as long as its gap. */
static void gaps_follow_each_other(void) {
    struct bxc_context *context = context_new();
    struct graph *graph = graph_new(context, "gaps");
    union attributes narrow = {.quantizer = {.overflow = OVERFLOW_WRAP}};
    narrow.quantizer.formats = formats_uniform(graph->arena, (struct format){true, 18, 3});
    valref x = graph_append_integer_input(graph, "x", (struct shape){2, {1, 6}}, narrow.quantizer.formats,
                                          ROUND_HALF_EVEN, OVERFLOW_SATURATE);
    valref deep = x;
    for (int i = 1; i <= 12; i++) {
        deep = graph_append(graph, OP_MUL, "square", (valref[]){deep, deep}, 2, NULL);
        deep = graph_append(graph, OP_NARROW, "narrow", &deep, 1, &narrow);
        if (i % 6 == 0) deep = graph_append(graph, OP_SUB, "late", (valref[]){deep, x}, 2, NULL);
    }
    graph_append_output(graph, "y", deep);
    struct below below;
    struct before before;
    struct seen seen = {0};
    CHECK_EQ(graph_infer(graph), 0);
    below_start(&below, graph, 2, 2000);
    below.options.block_rams = 100;
    CHECK(run_passes(&below, below_events(graph, EVENTS, 1), &before) == NULL);
    CHECK(check_delays(&below, &before) == NULL);
    note(&seen, below.program.design);
    CHECK_EQ(seen.in_series, 6);
    design_free(below.program.design);
    graph_free(graph);
    context_free(context);
}

int main(void) {
    RUN(gaps_follow_each_other);
    RUN(delays_keep_every_bit);
    TEST_EXIT();
}
