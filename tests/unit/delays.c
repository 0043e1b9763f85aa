/* Delays in block RAM: random integer graphs, all at once and by items, with as many block RAMs as none, few and
 * plenty. Outputs and probes are the same, no more block RAMs are taken than there are, each stands in the place of its
 * registers, no path gets longer, a register stands before each memory and one behind it, and the text reads back. */
#include "target/memories.h"
#include "tests/unit/below.h"
#include "tests/unit/random_graph.h"

#include <math.h>

enum { GRAPHS = 120, EVENTS = 40 };

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

/* What the pass made of what there was before. */
static const char *check_delays(const struct below *below, struct cost before, int stage, int64_t tables) {
    enum { LEAST = 450 }; /* registers for each block RAM, less what counts its words */
    const struct technology *technology = below->program.technology;
    const struct design *design = below->program.design;
    struct cost after = design_cost(design, technology);
    int64_t delays = block_rams_of(design, true);
    if (block_rams_of(design, false) > below->options.block_rams) return "too many block RAMs";
    if (fabs(after.bram18 - before.bram18 - (double)delays) > 0.01) return "block RAMs are not counted";
    if (block_rams_of(design, false) != tables + delays) return "another number of tables";
    if (before.ff - after.ff < (double)(LEAST * delays)) return "too few registers are saved";
    if (after.lut - before.lut > (double)(40 * delays)) return "it takes more logic";
    if (design_stage_picoseconds(design, technology) > stage) return "a path gets longer";
    const char *failure = check_registers(design);
    return failure ? failure : check_text(&below->program);
}

static const char *run_graph(uint64_t seed, int block_rams, struct seen *seen) {
    struct bxc_context *context = context_new();
    static char why[400];
    const char *failure = NULL;
    struct graph *graph = random_graph_new(context, seed, 24, 14, 5);
    random_deep_end(graph, seed);
    struct beat_options beats = {.name = "input", .items = 1};
    struct below below;
    struct cost before = {0};
    int stage = 0;
    int64_t tables = 0;
    if (graph_infer(graph)) failure = "graph_infer refused";
    context->diagnostics.count = context->diagnostics.errors = 0;
    below_start(&below, graph, 2, seed % 2 ? 1500 : 2000);
    below.options.block_rams = block_rams;
    below.options.interval = seed % 3 ? 1 : 4 + (int)(seed % 20);
    below.options.beats = &beats;
    below.options.beat_count = below.options.interval > 1 && seed % 2;
    int64_t **inputs = below_events(graph, EVENTS, seed);
    for (int i = 0; i < 6 && !failure; i++) {
        if (i == 5) {
            before = design_cost(below.program.design, below.program.technology);
            stage = design_stage_picoseconds(below.program.design, below.program.technology);
            tables = block_rams_of(below.program.design, false);
        }
        failure = below_pass(&below, pass_names[i], EVENTS, inputs);
        if (failure && !strcmp(failure, "the pass refused") && context->diagnostics.count) goto end;
        if (failure) print_diagnostics(context);
    }
    if (!failure) failure = check_delays(&below, before, stage, tables);
    if (!failure && block_rams) note(seen, below.program.design);
    seen->designs++;
end:
    if (failure && context->diagnostics.count) failure = NULL;
    if (failure)
        snprintf(why, sizeof why, "seed %llu, %d block RAMs: %s", (unsigned long long)seed, block_rams, failure);
    design_free(below.program.design);
    graph_free(graph);
    context_free(context);
    return failure ? why : NULL;
}

static void delays_keep_every_bit(void) {
    struct seen seen = {0};
    const char *graphs = getenv("GRAPHS"), *first = getenv("SEED");
    uint64_t start = first ? strtoull(first, NULL, 10) : 1, count = graphs ? strtoull(graphs, NULL, 10) : GRAPHS;
    for (uint64_t seed = start; seed < start + count; seed++)
        for (size_t i = 0; i < sizeof given / sizeof *given; i++) {
            const char *failure = run_graph(seed, given[i], &seen);
            if (failure) test_fail(__FILE__, __LINE__, "%s", failure);
            if (failure) return;
        }
    printf(
        "# %d designs: %d with %lld delays in %lld block RAMs, %d of them in beats, %d items of delays, %d delays of ports, %d in "
        "series\n",
        seen.designs, seen.with_delays, (long long)seen.delays, (long long)seen.block_rams, seen.in_beats,
        seen.of_items, seen.of_ports, seen.in_series);
}

int main(void) {
    RUN(delays_keep_every_bit);
    TEST_EXIT();
}
