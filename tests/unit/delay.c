/* The delay model: numbers worked out by hand from target/technology.c's, grades and families in order, and the
 * slowest path from register to register. */
#include "tests/unit/below.h"

static const struct technology *technology_of(const char *part, int speed, bool low_voltage) {
    return technology_for(part_find(part), (struct part_grade){.speed = speed, .low_voltage = low_voltage});
}

static void adders_take_what_their_chains_take(void) {
    static const struct {
        int terms, bits, picoseconds;
    } cases[] = {{2, 1, 340 + 140},          /* net, LUT, its own sum */
                 {2, 4, 340 + 160 + 3 * 10}, /* along the chain */
                 {2, 8, 340 + 190 + 100},    /* out of a block of four into the sums of the next */
                 {2, 16, 340 + 190 + 2 * 30 + 100},
                 {3, 8, 680 + 160 + 6 * 10}, /* the second LUT waits for the first of the column below */
                 {3, 10, 680 + 160 + 6 * 10 + 100},
                 {3, 24, 680 + 220 + 30 + 100}};
    const struct technology *t = technology_of("xcvu13p", 2, false);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        CHECK_EQ(adder_delay(t, cases[i].terms, cases[i].bits), cases[i].picoseconds);
    CHECK_EQ(technology_overhead(t), 80 + 240 + 30);
}

static void grades_and_families_differ(void) {
    static const struct {
        const char *part;
        int speed;
        bool low_voltage;
        int lut, net, tree;
    } cases[] = {{"xcvu13p", 3, false, 85, 204, 891},  {"xcvu13p", 2, false, 100, 240, 775},
                 {"xcvu13p", 1, false, 121, 290, 667}, {"xcvu9p", 2, true, 127, 305, 725},
                 {"xczu9eg", 1, true, 135, 324, 667},  {"xcku115", 2, false, 148, 355, 0},
                 {"xc7vx690t", 2, false, 171, 410, 0}, {"xc7a200t", 1, false, 309, 741, 0},
                 {"xc7z020", 2, false, 255, 612, 0}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct technology *t = technology_of(cases[i].part, cases[i].speed, cases[i].low_voltage);
        CHECK_EQ(t->lut, cases[i].lut);
        CHECK_EQ(t->net, cases[i].net);
        CHECK_EQ(t->clock_tree_megahertz, cases[i].tree);
        CHECK(!strstr(t->source, "scaled from ultrascale+ and not fitted") ==
              (cases[i].tree != 0)); /* said in reports */
    }
}

/* y = (a + b) + c, on inputs of eight bits: the second adder begins with the first one's low bits. */
static void chains_overlap(void) {
    struct bxc_context *context = context_new();
    struct graph *graph = graph_new(context, "chain");
    struct shape shape = {2, {1, 3}};
    valref x = graph_append_integer_input(graph, "x", shape, formats_uniform(graph->arena, (struct format){true, 8, 0}),
                                          ROUND_HALF_EVEN, OVERFLOW_WRAP);
    static const int64_t ones[] = {1, 1, 1};
    valref operands[2] = {x, graph_append_integers(graph, "w", (struct shape){2, {3, 1}},
                                                   formats_uniform(graph->arena, (struct format){true, 2, 0}), ones)};
    graph_append_output(graph, "y", graph_append(graph, OP_MATMUL, "sum", operands, 2, NULL));
    CHECK_EQ(graph_infer(graph), 0);
    struct below below;
    below_start(&below, graph, 2, 5000);
    int64_t **events = below_events(graph, 10, 1);
    static const char *const names[] = {"lower", "trees", "pipeline"};
    for (int i = 0; i < 3; i++) CHECK(below_pass(&below, names[i], 10, events) == NULL);
    struct design *design = below.program.design;
    /* first: bit 0 at 480; onto the second's chain 240 + 100 + 160, then 190 - 160, 30, 100 as any of ten bits:
     * that is later than the first one's last bit, 660, with a LUT and a short piece of chain */
    uint32_t path[8], count = design_critical_path(design, below.program.technology, path, 8);
    const struct wire *wires = design->datapath.wires;
    CHECK_EQ(count, 3);
    CHECK_EQ(wires[path[0]].op, WIRE_INPUT);
    CHECK_EQ(wires[path[1]].arrival, 340 + 190 + 30 + 100);
    CHECK(wires[path[2]].arrival >= 480 + 340 + 190 + 30 + 100 && wires[path[2]].arrival < 2 * 660);
    CHECK_EQ(design_stage_picoseconds(design, below.program.technology), wires[path[2]].arrival + 350);
    design_free(design);
    graph_free(graph);
    context_free(context);
}

static valref input_of(struct graph *graph, int elements, int16_t width) {
    return graph_append_integer_input(graph, "x", (struct shape){2, {1, elements}},
                                      formats_uniform(graph->arena, (struct format){true, width, 0}), ROUND_HALF_EVEN,
                                      OVERFLOW_WRAP);
}

/* The graph fits into one stage, which takes so long. */
static void check_stage(struct graph *graph, int adder_terms, int clock_ps, int picoseconds) {
    static const char *const names[] = {"lower", "trees", "pipeline"};
    CHECK_EQ(graph_infer(graph), 0);
    struct below below;
    below_start(&below, graph, adder_terms, clock_ps);
    int64_t **events = below_events(graph, 10, 1);
    for (int k = 0; k < 3; k++) CHECK(below_pass(&below, names[k], 10, events) == NULL);
    CHECK_EQ(design_stage_picoseconds(below.program.design, below.program.technology), picoseconds);
    design_free(below.program.design);
}

/* A saturation from eight bits: a LUT a bit, and one before it that tests the bits above, when they are more than two.
 */
static void limits_test_once_for_all_bits(void) {
    static const struct {
        int16_t width;
        int levels;
    } cases[] = {{7, 1}, {6, 2}, {4, 2}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct bxc_context *context = context_new();
        struct graph *graph = graph_new(context, "limits");
        valref x = input_of(graph, 1, 8);
        union attributes attributes = {
            .quantizer = {.overflow = OVERFLOW_SATURATE,
                          .formats = formats_uniform(graph->arena, (struct format){true, cases[i].width, 0})}};
        graph_append_output(graph, "y", graph_append(graph, OP_NARROW, "narrow", &x, 1, &attributes));
        check_stage(graph, 2, 9000, cases[i].levels * 340 + 350);
        graph_free(graph);
        context_free(context);
    }
}

/* The largest of four: a comparison (a LUT, out of two blocks of four onto the ninth place), a selection, and both
 * again; the second comparison's LUT are not the selection's, which its chain takes, too. */
static void comparisons_have_their_own_luts(void) {
    struct bxc_context *context = context_new();
    struct graph *graph = graph_new(context, "largest");
    valref x = input_of(graph, 4, 8);
    union attributes attributes = {.axis = {.axis = 1, .keep_dimensions = true}};
    graph_append_output(graph, "y", graph_append(graph, OP_REDUCE_MAX, "largest", &x, 1, &attributes));
    check_stage(graph, 2, 9000, 2 * ((340 + 190 + 100) + 340) + 350);
    graph_free(graph);
    context_free(context);
}

/* A table of `results` functions of the sum of so many numbers, perhaps saturated. */
struct look_up {
    int terms;
    int16_t width, saturated, results;
};

static void append_look_up(struct graph *graph, struct look_up of) {
    valref x = input_of(graph, of.terms, of.width);
    union attributes axis = {.axis = {.axis = 1}};
    if (of.terms > 1) x = graph_append(graph, OP_REDUCE_SUM, "sum", &x, 1, &axis);
    union attributes saturated = {.quantizer = {.overflow = OVERFLOW_SATURATE}};
    saturated.quantizer.formats = formats_uniform(graph->arena, (struct format){true, of.saturated, 0});
    if (of.saturated) x = graph_append(graph, OP_NARROW, "saturated", &x, 1, &saturated);
    struct interval index = graph_interval(graph, x, 0);
    struct table table = {.first = (int64_t)index.lo, .count = (uint32_t)(index.hi - index.lo) + 1};
    table.entries = ARENA_ARRAY(graph->arena, int64_t, table.count);
    for (uint32_t e = 0; e < table.count; e++)
        table.entries[e] = (int64_t)(e * e * 2654435761u >> 20 & ((1u << of.results) - 1));
    union attributes attributes = {.lookup = {.tables = &table}};
    attributes.lookup.formats = formats_uniform(graph->arena, (struct format){false, of.results, 0});
    graph_append_output(graph, "y", graph_append(graph, OP_TABLE, "table", &x, 1, &attributes));
}

enum { THREE = 680 + 160 + 4 * 10, TWO = 340 + 190 + 100, BOTH = 680 + 140 + TWO, LEVEL = 340 };

/* What is on the longest path is mapped with haste: one LUT, and a multiplexer for each bit beyond six. */
static void tables_on_the_longest_path_are_hurried(void) {
    static const struct {
        struct look_up of;
        int picoseconds;
    } cases[] = {
        {{1, 6, 0, 6}, LEVEL},
        {{1, 7, 0, 6}, 2 * LEVEL},
        {{3, 4, 0, 6}, THREE + LEVEL},    /* of three numbers of four bits: six bits */
        {{4, 4, 0, 6}, BOTH + 3 * LEVEL}, /* the sum of three is not seen: 500 + 570 ps of the other one spare */
        {{2, 6, 0, 6}, TWO + 2 * LEVEL},
        {{2, 7, 7, 6}, TWO + LEVEL + 2 * LEVEL}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct bxc_context *context = context_new();
        struct graph *graph = graph_new(context, "table");
        append_look_up(graph, cases[i].of);
        check_stage(graph, 3, 9000, cases[i].picoseconds + 350);
        graph_free(graph);
        context_free(context);
    }
}

/* Beside a sum of two numbers of so many bits, on which mapping spends its haste: six levels where there is time for
 * them by the mapper's delays, or as many as there is, or as fit a stage of the clock. */
static void other_tables_are_not(void) {
    static const struct {
        int16_t sum_width;
        int clock_ps;
        struct look_up of;
        int picoseconds;
    } cases[] = {{30, 9000, {1, 6, 0, 6}, 6 * LEVEL},
                 {30, 9000, {1, 6, 0, 1}, TWO + 6 * 30}, /* one function shares nothing: the sum takes longer */
                 {30, 9000, {1, 5, 0, 6}, TWO + 6 * 30}, /* it does not fill a LUT */
                 {30, 9000, {1, 7, 0, 6}, 6 * LEVEL},
                 {30, 9000, {1, 9, 0, 6}, 6 * LEVEL},
                 {30, 9000, {3, 4, 0, 6}, THREE + 6 * LEVEL},
                 {30, 9000, {2, 6, 0, 6}, TWO + 5 * LEVEL},
                 {15, 9000, {1, 6, 0, 6}, 5 * LEVEL}, /* 540 + 500 + 2 * 414 + 570 - 540: four levels of 430 */
                 {15, 9000, {2, 6, 0, 6}, TWO + 2 * LEVEL},
                 {30, 2000, {1, 6, 0, 6}, 4 * LEVEL}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct bxc_context *context = context_new();
        struct graph *graph = graph_new(context, "table");
        append_look_up(graph, cases[i].of);
        valref z = input_of(graph, 2, cases[i].sum_width);
        union attributes axis = {.axis = {.axis = 1}};
        graph_append_output(graph, "z", graph_append(graph, OP_REDUCE_SUM, "longest", &z, 1, &axis));
        check_stage(graph, 3, cases[i].clock_ps, cases[i].picoseconds + 350);
        graph_free(graph);
        context_free(context);
    }
}

int main(void) {
    RUN(adders_take_what_their_chains_take);
    RUN(grades_and_families_differ);
    RUN(chains_overlap);
    RUN(limits_test_once_for_all_bits);
    RUN(comparisons_have_their_own_luts);
    RUN(tables_on_the_longest_path_are_hurried);
    RUN(other_tables_are_not);
    TEST_EXIT();
}
