/* Corner vectors from the weights: they make every sum as small and as large as it can become, through the layers
 * before it, whatever the weights; the same vectors every time. */
#include <stdlib.h>
#include <string.h>

#include "sim/private.h"
#include "tests/unit/below.h"

enum { INPUTS = 6, MIDDLE = 5, LAST = 3 };

static uint64_t state;
static int64_t draw_below(int limit) { /* splitmix64 */
    uint64_t z = state += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return (int64_t)((z ^ (z >> 31)) % (uint64_t)limit);
}

static valref weights(struct graph *graph, int rows, int columns) {
    int64_t *numbers = arena_calloc(graph->arena, (size_t)(rows * columns), sizeof *numbers);
    struct format format = {true, 5, 2};
    for (int i = 0; i < rows * columns; i++) numbers[i] = draw_below(31) - 15;
    return graph_append_integers(graph, "w", (struct shape){2, {rows, columns}}, formats_uniform(graph->arena, format),
                                 numbers);
}

/* Weights of the last layer: its first neuron is the first number before it, all others add all numbers up. */
static valref passing_on(struct graph *graph) {
    int64_t numbers[MIDDLE * LAST];
    for (int i = 0; i < MIDDLE * LAST; i++) numbers[i] = i % LAST ? i / LAST + 5 : i == 0;
    return graph_append_integers(graph, "w", (struct shape){2, {MIDDLE, LAST}},
                                 formats_uniform(graph->arena, (struct format){true, 6, 2}), numbers);
}

static valref port_of(struct graph *graph, const char *name, int elements, struct format format,
                      enum overflow overflow) {
    return graph_append_integer_input(graph, name, (struct shape){2, {1, elements}},
                                      formats_uniform(graph->arena, format), ROUND_TRUNCATE, overflow);
}

/* Of INPUTS elements, `split` of which come by an input of their own. */
static valref features(struct graph *graph, int split, struct format format, enum overflow overflow) {
    if (split == 0) return port_of(graph, "x", INPUTS, format, overflow);
    valref parts[2] = {port_of(graph, "x", split, format, overflow)};
    parts[1] = port_of(graph, "y", INPUTS - split, format, overflow);
    return graph_append(graph, OP_CONCAT, "features", parts, 2, &(union attributes){.axis = {.axis = 1}});
}

/* Sums, a clamp or a wrap, sums again: both layers of sums are outputs. */
static struct graph *layers(struct bxc_context *context, int split, struct format port, enum overflow overflow,
                            enum overflow between, bool pass_on) {
    struct graph *graph = graph_new(context, "g");
    union attributes narrow = {.quantizer = {.rounding = ROUND_HALF_EVEN, .overflow = between}};
    narrow.quantizer.formats = formats_uniform(graph->arena, (struct format){false, 4, 1});
    valref operands[2] = {features(graph, split, port, overflow)};
    operands[1] = weights(graph, INPUTS, MIDDLE);
    valref first = graph_append(graph, OP_MATMUL, "first", operands, 2, NULL);
    operands[0] = graph_append(graph, OP_NARROW, "clamp", &first, 1, &narrow);
    operands[1] = pass_on ? passing_on(graph) : weights(graph, MIDDLE, LAST);
    graph_append_output(graph, "first", first);
    graph_append_output(graph, "last", graph_append(graph, OP_MATMUL, "last", operands, 2, NULL));
    return graph;
}

static struct graph *two_layers(struct bxc_context *context, struct format port, enum overflow overflow) {
    return layers(context, 0, port, overflow, OVERFLOW_SATURATE, false);
}

static struct port_elements *ports_of(struct graph *graph) {
    struct firmware firmware = {.context = graph->context, .folder = "/nowhere", .quantised = graph};
    return port_elements_new(&firmware, graph->arena);
}

/* Smallest and largest of each sum over these events. */
static void ends_of(const struct graph *graph, const int64_t *events, size_t count, int64_t lo[MIDDLE + LAST],
                    int64_t hi[MIDDLE + LAST]) {
    int64_t *first = ARENA_ARRAY(graph->arena, int64_t, count * MIDDLE),
            *last = ARENA_ARRAY(graph->arena, int64_t, count * LAST);
    graph_run_integers(graph, count, (const int64_t *const[]){events}, (int64_t *const[]){first, last});
    for (int k = 0; k < MIDDLE + LAST; k++) {
        lo[k] = INT64_MAX, hi[k] = INT64_MIN;
        for (size_t e = 0; e < count; e++) {
            int64_t number = k < MIDDLE ? first[e * MIDDLE + (size_t)k] : last[e * LAST + (size_t)(k - MIDDLE)];
            lo[k] = number < lo[k] ? number : lo[k];
            hi[k] = number > hi[k] ? number : hi[k];
        }
    }
}

/* Ports of two bits: all 4,096 events are known. First layers reach what any event does; second ones nearly. */
static void as_far_as_any_event(int split) {
    double whole = 0, reached = 0;
    for (uint64_t seed = 1; seed < 40; seed++) {
        state = seed;
        struct bxc_context *context = context_new();
        struct graph *graph = two_layers(context, (struct format){true, 2, 0}, OVERFLOW_SATURATE);
        int64_t *all = ARENA_ARRAY(graph->arena, int64_t, 4096 * INPUTS), lo[2][MIDDLE + LAST], hi[2][MIDDLE + LAST];
        for (int e = 0; e < 4096; e++)
            for (int i = 0; i < INPUTS; i++) all[e * INPUTS + i] = (e >> (2 * i) & 3) - 2;
        state = seed;
        struct graph *asked =
            layers(context, split, (struct format){true, 2, 0}, OVERFLOW_SATURATE, OVERFLOW_SATURATE, false);
        struct row_set found = extreme_events(asked, ports_of(asked), graph->arena);
        ends_of(graph, all, 4096, lo[0], hi[0]);
        ends_of(graph, found.rows, found.count, lo[1], hi[1]);
        for (int k = 0; k < MIDDLE + LAST; k++) {
            whole += (double)(hi[0][k] - lo[0][k]);
            reached += (double)(hi[1][k] - lo[1][k]);
            CHECK(k >= MIDDLE || (lo[1][k] == lo[0][k] && hi[1][k] == hi[0][k]));
        }
        context_free(context);
    }
    printf("# %.4f of all ranges\n", reached / whole);
    CHECK(reached > 0.99 * whole);
}

static void nearly_as_far_as_any_event(void) {
    as_far_as_any_event(0);
}

static void nearly_as_far_with_two_inputs(void) {
    as_far_as_any_event(2);
}

/* Whatever a rounding drops of a port, some event has just the bit below what is left. */
static void ties_of_every_bit(void) {
    struct bxc_context *context = context_new();
    struct port_elements *ports = ports_of(two_layers(context, (struct format){true, 40, 4}, OVERFLOW_SATURATE));
    uint64_t seen = 0;
    for (uint64_t i = 0; i < corner_events(ports); i++) {
        int64_t event[INPUTS];
        corner_event(ports, i, event);
        for (int bit = 0; bit < 39; bit++) seen |= event[0] == (int64_t)1 << bit ? (uint64_t)1 << bit : 0;
    }
    CHECK_EQ(seen, ((uint64_t)1 << 39) - 1);
    context_free(context);
}

/* Wide ports: sums of the first layer reach the ends of their intervals. */
static void the_first_layer_reaches_its_ends(void) {
    state = 7;
    struct bxc_context *context = context_new();
    struct graph *graph = two_layers(context, (struct format){true, 12, 4}, OVERFLOW_SATURATE);
    struct row_set found = extreme_events(graph, ports_of(graph), graph->arena);
    int64_t lo[MIDDLE + LAST], hi[MIDDLE + LAST];
    ends_of(graph, found.rows, found.count, lo, hi);
    for (size_t k = 0; k < MIDDLE; k++) {
        struct interval interval = graph_interval(graph, graph->outputs[0].value, k);
        CHECK(lo[k] == interval.lo && hi[k] == interval.hi);
    }
    context_free(context);
}

/* More sums than there is work to climb them all: those that are climbed reach their ends. */
static void some_of_many_sums_are_climbed(void) {
    enum { WIDE = 256, SUMS = 1024 };
    state = 9;
    struct bxc_context *context = context_new();
    struct graph *graph = graph_new(context, "g");
    valref operands[2] = {port_of(graph, "x", WIDE, (struct format){true, 4, 0}, OVERFLOW_SATURATE)};
    operands[1] = weights(graph, WIDE, SUMS);
    valref sums = graph_append(graph, OP_MATMUL, "sums", operands, 2, NULL);
    graph_append_output(graph, "sums", sums);
    struct row_set found = extreme_events(graph, ports_of(graph), graph->arena);
    int64_t *numbers = arena_calloc(graph->arena, found.count, SUMS * sizeof *numbers);
    CHECK_EQ(graph_run_integers(graph, found.count, (const int64_t *const[]){found.rows}, (int64_t *const[]){numbers}),
             0);
    size_t reached = 0;
    for (size_t k = 0; k < SUMS; k++)
        for (size_t i = 0; i < found.count; i++)
            if (numbers[i * SUMS + k] == graph_interval(graph, sums, k).hi) {
                reached++;
                break;
            }
    CHECK(reached > 8);
    context_free(context);
}

/* The adders' sums over the value that an operator of this kind gives become the only output. How many they are. */
static size_t only_sums_of(struct graph *sums, uint32_t first_node, enum op op) {
    for (uint32_t n = first_node; n < sums->node_count; n++) {
        const struct node *node = &sums->nodes[n];
        if (node->op != OP_ADD) continue;
        const struct node *flat = graph_definition(sums, graph_definition(sums, node->inputs[0])->inputs[0]);
        if (graph_definition(sums, flat->inputs[0])->op != op) continue;
        sums->output_count = 0;
        graph_append_output(sums, "sums", node->result);
        return graph_elements(sums, node->result);
    }
    return 0;
}

static int compare_intervals(const void *a, const void *b) {
    return memcmp(a, b, sizeof(struct interval));
}

/* Every sum of the datapath that is no number of the graph is one of the copy, with its constant: their intervals are
 * the same. Not even a neuron that passes a number on, so that one wire is both, hides the sums that the number is part
 * of. */
static void every_adder_is_there(void) {
    struct bxc_context *context = context_new();
    struct below below;
    below_start(&below, layers(context, 0, (struct format){true, 9, 2}, OVERFLOW_SATURATE, OVERFLOW_SATURATE, true), 2,
                2778);
    CHECK_EQ(passes_run(&below.program, NULL, "pipeline"), 0);
    const struct graph *graph = below.program.graph;
    const struct datapath *path = &below.program.design->datapath;
    struct graph *sums = graph_with_partial_sums(graph, below.program.design);
    struct interval *wires = arena_calloc(graph->arena, path->wire_count, sizeof *wires),
                    *numbers = arena_calloc(graph->arena, path->wire_count, sizeof *numbers);
    size_t count = 0, found = 0;
    bool *known =
        arena_calloc(graph->arena, path->wire_count, sizeof *known); /* adds up numbers of the graph, or is one */
    for (uint32_t w = 0; w < path->wire_count; w++) {
        const struct wire *wire = &path->wires[w];
        bool probed = false, sum = wire->op == WIRE_SUM;
        for (uint32_t p = 0; p < path->probe_count; p++) probed |= path->probes[p].wire.id == w;
        for (uint32_t k = 0; k < wire->operand_count; k++) sum &= known[wire->operands[k].wire.id];
        known[w] = probed || sum || wire->op == WIRE_CONSTANT;
        if (sum && !probed) wires[count++] = (struct interval){wire->lo, wire->hi};
    }
    for (uint32_t n = graph->node_count; n < sums->node_count; n++)
        for (size_t e = 0;
             sums->nodes[n].op == OP_ADD && found < count && e < graph_elements(sums, sums->nodes[n].result); e++) {
            struct interval interval = graph_interval(sums, sums->nodes[n].result, e);
            int fraction = graph_format(sums, sums->nodes[n].result, e).fraction;
            CHECK(fraction >= 0);
            numbers[found++] = (struct interval){interval.lo >> fraction, interval.hi >> fraction};
        }
    CHECK(count > 4);
    CHECK_EQ(found, count);
    qsort(wires, count, sizeof *wires, compare_intervals);
    qsort(numbers, found, sizeof *numbers, compare_intervals);
    CHECK(!memcmp(wires, numbers, count * sizeof *wires));
    graph_free(sums);
    context_free(context);
}

/* Sums that adders make on the way to a neuron, in the first layer: each comes to both ends of its interval. */
static void adders_on_the_way_reach_their_ends(void) {
    state = 5;
    struct bxc_context *context = context_new();
    struct below below;
    below_start(&below, two_layers(context, (struct format){true, 9, 2}, OVERFLOW_SATURATE), 2, 2778);
    CHECK_EQ(passes_run(&below.program, NULL, "pipeline"), 0);
    struct graph *graph = below.program.graph, *sums = graph_with_partial_sums(graph, below.program.design);
    struct row_set found = {.columns = INPUTS};
    extreme_events_of_adders(graph, sums, ports_of(graph), graph->arena, &found);
    size_t columns = only_sums_of(sums, graph->node_count, OP_INPUT);
    CHECK(columns > MIDDLE);
    int64_t *numbers = ARENA_ARRAY(graph->arena, int64_t, found.count * columns);
    CHECK_EQ(graph_run_integers(sums, found.count, (const int64_t *const[]){found.rows}, (int64_t *const[]){numbers}),
             0);
    for (size_t c = 0; c < columns; c++) {
        struct interval interval = graph_interval(sums, sums->outputs[0].value, c);
        int64_t lo = INT64_MAX, hi = INT64_MIN;
        for (size_t e = 0; e < found.count; e++) {
            lo = numbers[e * columns + c] < lo ? numbers[e * columns + c] : lo;
            hi = numbers[e * columns + c] > hi ? numbers[e * columns + c] : hi;
        }
        CHECK(lo == interval.lo && hi == interval.hi);
    }
    graph_free(sums);
    context_free(context);
}

/* Numbers that wrap, all of which must be large at once for the sum's highest bit: slopes lead nowhere. */
static void last_bits_behind_wraps(void) {
    int reached = 0;
    for (uint64_t seed = 1; seed < 13; seed++) {
        state = seed;
        struct bxc_context *context = context_new();
        struct graph *graph = layers(context, 0, (struct format){true, 8, 2}, OVERFLOW_SATURATE, OVERFLOW_WRAP, true);
        struct row_set found = extreme_events(graph, ports_of(graph), graph->arena);
        int64_t lo[MIDDLE + LAST], hi[MIDDLE + LAST];
        ends_of(graph, found.rows, found.count, lo, hi);
        for (size_t k = MIDDLE; k < MIDDLE + LAST; k++)
            reached += needs_all_bits(graph_interval(graph, graph->outputs[1].value, k - MIDDLE), lo[k], hi[k]);
        context_free(context);
    }
    printf("# %d of %d last bits\n", reached, 12 * LAST);
    CHECK(reached >= 24); /* 12 of them take no search */
}

/* The help of the warning after these events, "" without one. */
static void warning_after(const int64_t *events, size_t count, char *help, size_t capacity) {
    state = 7;
    struct bxc_context *context = context_new();
    struct graph *graph = two_layers(context, (struct format){true, 6, 4}, OVERFLOW_SATURATE);
    struct firmware firmware = {.context = context, .folder = "/nowhere", .quantised = graph};
    struct activity *activity = activity_new(&firmware, graph->arena);
    bool *measured = ARENA_ARRAY(graph->arena, bool, count);
    measured[0] = true;
    int64_t *inputs[1] = {arena_copy(graph->arena, events, count * INPUTS * sizeof *events)};
    activity_add(activity, &(struct event_block){
                               .phase = PHASE_CORNER, .events = count, .integers = inputs, .measured = measured});
    struct verdict verdict = {0};
    activity_finish(activity, &verdict);
    activity_close(activity);
    snprintf(help, capacity, "%s", context->diagnostics.count ? context->diagnostics.items[0].help : "");
    context_free(context);
}

/* Bits that events move, and none did, are a warning: in front of and behind the clamp, but not of the sums of numbers
 * that move together. */
static void missing_events_are_told(void) {
    static const int64_t zeros[INPUTS];
    char help[512];
    warning_after(zeros, 1, help, sizeof help);
    CHECK(strstr(help, "6 of 6 at 'x', 5 of 5 at 'first', 5 of 5 at 'clamp'") && !strstr(help, "'last'"));
    struct bxc_context *context = context_new();
    state = 7;
    struct graph *graph = two_layers(context, (struct format){true, 6, 4}, OVERFLOW_SATURATE);
    struct row_set found = extreme_events(graph, ports_of(graph), graph->arena);
    warning_after(found.rows, found.count, help, sizeof help);
    CHECK_STR(help, "");
    context_free(context);
}

/* Both sides of both ends of the clamp between the layers, exactly. */
static void both_sides_of_every_clamp(void) {
    state = 11;
    struct bxc_context *context = context_new();
    struct graph *graph = two_layers(context, (struct format){true, 10, 2}, OVERFLOW_SATURATE);
    struct row_set found = extreme_events(graph, ports_of(graph), graph->arena);
    int64_t *first = ARENA_ARRAY(graph->arena, int64_t, found.count * MIDDLE),
            *last = ARENA_ARRAY(graph->arena, int64_t, found.count * LAST);
    graph_run_integers(graph, found.count, (const int64_t *const[]){found.rows}, (int64_t *const[]){first, last});
    /* Fraction 4 to u4f1, ties to even: 15.5 steps are 124, which rounds to 16; 123 rounds to 15. -4 rounds to 0, -5 to
     * -1. */
    static const int64_t wanted[4] = {123, 124, -4, -5};
    for (size_t k = 0; k < MIDDLE; k++)
        for (int w = 0; w < 4; w++) {
            bool there = false;
            for (size_t e = 0; e < found.count; e++) there |= first[e * MIDDLE + k] == wanted[w];
            CHECK(there);
        }
    context_free(context);
}

static void the_same_every_time(void) {
    struct row_set found[2];
    struct bxc_context *contexts[2];
    for (int i = 0; i < 2; i++) {
        state = 3;
        contexts[i] = context_new();
        contexts[i]->threads = i + 1;
        struct graph *graph = two_layers(contexts[i], (struct format){true, 9, 3}, OVERFLOW_WRAP);
        found[i] = extreme_events(graph, ports_of(graph), contexts[i]->arena);
    }
    CHECK(found[0].count > 100);
    CHECK_EQ(found[0].count, found[1].count);
    CHECK(!memcmp(found[0].rows, found[1].rows, found[0].count * INPUTS * sizeof(int64_t)));
    for (int i = 0; i < 2; i++) context_free(contexts[i]);
}

int main(void) {
    RUN(nearly_as_far_as_any_event);
    RUN(nearly_as_far_with_two_inputs);
    RUN(ties_of_every_bit);
    RUN(the_first_layer_reaches_its_ends);
    RUN(some_of_many_sums_are_climbed);
    RUN(adders_on_the_way_reach_their_ends);
    RUN(every_adder_is_there);
    RUN(last_bits_behind_wraps);
    RUN(missing_events_are_told);
    RUN(both_sides_of_every_clamp);
    RUN(the_same_every_time);
    TEST_EXIT();
}
