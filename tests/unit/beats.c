/* Items served one after the other give every bit that they give all at once: random integer graphs of all operators,
 * with formats and constants by position, at intervals that divide their items and at others, with ports at once and in
 * beats, after each pass below the line. */
#include "tests/unit/below.h"
#include "tests/unit/random_graph.h"

enum { GRAPHS = 150, EVENTS = 60 };

static const char *const pass_names[] = {"lower", "share", "trees", "pipeline"};

/* Limits of a format above the other's; a quantiser of a constant behind a saturating one. */
static const uint64_t once_wrong[] = {50040, 990000847};

struct seen { /* graphs */
    int served, refused, states, in_beats, uneven, masked;
};

static bool is_masked(const struct datapath *datapath) {
    for (uint32_t i = 0; i < datapath->wire_count; i++) {
        const struct wire *wire = &datapath->wires[i];
        if (wire->op == WIRE_AND && wire_is_by_beat(datapath, &datapath->wires[wire->operands[1].wire.id])) return true;
    }
    return false;
}

static void note(struct seen *seen, const struct design *design) {
    if (!design || design->beats < 2) return;
    seen->masked += is_masked(&design->datapath);
    struct block_list blocks = design_blocks(design, design->arena);
    seen->served++;
    for (uint32_t b = 0; b < blocks.count; b++)
        if (blocks.at[b].kind == BLOCK_ACCUMULATE) {
            seen->states++;
            break;
        }
    for (uint32_t p = 0; p < design->input_count; p++)
        if (design->inputs[p].beats > 1) {
            seen->in_beats++;
            seen->uneven += design->inputs[p].element_count != design->inputs[p].beats * design->inputs[p].slots;
            break;
        }
}

static const char *run_graph(uint64_t seed, void *user) {
    struct seen *seen = user;
    struct bxc_context *context = context_new();
    static char why[400];
    const char *failure = NULL;
    struct graph *graph = random_graph_new(context, seed, 24, 10, 4);
    struct beat_options beats = {.name = seed % 5 ? "input" : NULL, .items = 1 + (int)(seed / 7 % 3)};
    struct below below;
    if (graph_infer(graph)) failure = "graph_infer refused";
    context->diagnostics.count = context->diagnostics.errors = 0;
    below_start(&below, graph, seed % 3 ? (seed % 3 == 1 ? 2 : 3) : 0, seed % 4 ? 2500 : 10000);
    below.options.interval = 2 + (int)(seed % 5);
    below.options.block_rams = (int)(seed % 3);
    if (seed % 2) {
        below.options.beats = &beats;
        below.options.beat_count = 1;
    }
    int64_t **inputs = below_events(graph, EVENTS, seed);
    for (int i = 0; i < 4 && !failure; i++) {
        failure = below_pass(&below, pass_names[i], EVENTS, inputs);
        if (i == 0) note(seen, below.program.design);
        if (failure && !strcmp(failure, "the pass refused") && context->diagnostics.count) {
            seen->refused++;
            failure = NULL;
            break;
        }
        if (!failure) continue;
        print_diagnostics(context);
        snprintf(why, sizeof why, "seed %llu, after %s: %s", (unsigned long long)seed, pass_names[i], failure);
        failure = why;
    }
    design_free(below.program.design);
    graph_free(graph);
    context_free(context);
    return failure;
}

static void items_in_beats_keep_every_bit(void) {
    struct seen seen = {0};
    uint64_t count = below_each_seed(GRAPHS, run_graph, &seen);
    if (test_failed) return;
    for (size_t i = 0; i < sizeof once_wrong / sizeof *once_wrong; i++) {
        const char *failure = run_graph(once_wrong[i], &seen);
        if (failure) test_fail(__FILE__, __LINE__, "%s", failure);
    }
    printf(
        "# %llu graphs: %d served by items, %d with states, %d with ports in beats, %d of them uneven, %d with masks by "
        "beat, %d refused\n",
        (unsigned long long)count, seen.served, seen.states, seen.in_beats, seen.uneven, seen.masked, seen.refused);
    if (seen.masked < (int)count / 20 || seen.served < (int)count / 4 || seen.states < (int)count / 8 ||
        seen.in_beats < (int)count / 20 || !seen.uneven)
        test_fail(__FILE__, __LINE__, "too few graphs were served by items");
}

int main(void) {
    RUN(items_in_beats_keep_every_bit);
    TEST_EXIT();
}
