/* Sharing and its surroundings: exact on matrices, smaller than without, the same bytes each time,
 * fast on the sizes that matter; sums as narrow as asked; fewer cycles on slower clocks. */
#include "tests/unit/below.h"

#include <time.h>

struct network {
    struct bxc_context *context;
    struct graph *graph;
    struct below below;
};

static valref layer(struct graph *graph, valref x, int64_t in, int64_t out, int bits, int zeros, uint64_t *state) {
    int64_t *weights = ARENA_ARRAY(graph->arena, int64_t, in * out);
    for (int64_t i = 0; i < in * out; i++) {
        uint64_t draw = below_random(state);
        bool zero = (int)(draw % 100) < zeros;
        weights[i] = bits == 1 ? (draw >> 20 & 1 ? 1 : -1)
                     : zero    ? 0
                               : (int64_t)(draw >> 20 & ((1u << bits) - 1)) - (1 << (bits - 1));
    }
    struct formats formats = formats_uniform(graph->arena, (struct format){true, (int16_t)(bits + 1), 0});
    valref operands[2] = {x, graph_append_integers(graph, "w", (struct shape){2, {in, out}}, formats, weights)};
    return graph_append(graph, OP_MATMUL, "matmul", operands, 2, NULL);
}

static void network_start(struct network *network, int64_t in, int64_t out, int bits, int zeros, int terms,
                          int clock_ps) {
    struct network n = {.context = context_new()};
    uint64_t state = 7;
    n.graph = graph_new(n.context, "matrix");
    struct formats formats = formats_uniform(n.graph->arena, (struct format){true, 8, 4});
    valref x = graph_append_integer_input(n.graph, "x", (struct shape){2, {1, in}}, formats, ROUND_HALF_EVEN,
                                          OVERFLOW_SATURATE);
    valref y = layer(n.graph, x, in, out, bits, zeros, &state);
    union attributes narrow = {.quantizer = {.rounding = ROUND_HALF_EVEN, .overflow = OVERFLOW_SATURATE}};
    narrow.quantizer.formats = formats_uniform(n.graph->arena, (struct format){true, 6, 0});
    y = graph_append(n.graph, OP_NARROW, "narrow", &y, 1, &narrow);
    graph_append_output(n.graph, "y", layer(n.graph, y, out, 4, 4, 20, &state));
    graph_infer(n.graph);
    *network = n;
    below_start(&network->below, n.graph, terms, clock_ps); /* points into the network */
}

static void network_free(struct network *n) {
    design_free(n->below.program.design);
    graph_free(n->graph);
    context_free(n->context);
}

/* Adders of two terms that the sums come to. */
static uint32_t adders(const struct design *design) {
    uint32_t count = 0;
    const struct datapath *datapath = &design->datapath;
    for (uint32_t i = 0; i < datapath->wire_count; i++)
        if (datapath->wires[i].op == WIRE_SUM && datapath->wires[i].operand_count > 1)
            count += datapath->wires[i].operand_count - 1;
    return count;
}

static void sharing_is_exact_and_smaller(void) {
    static const struct {
        int64_t in, out;
        int bits, zeros, terms;
        double less;
    } cases[] = {{16, 16, 8, 0, 2, 0.7}, {16, 32, 6, 50, 3, 0.9}, {40, 16, 1, 0, 2, 0.7}, {8, 8, 3, 60, 3, 1.0}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct network n;
        network_start(&n, cases[i].in, cases[i].out, cases[i].bits, cases[i].zeros, cases[i].terms, 5000);
        int64_t **events = below_events(n.graph, 100, i);
        CHECK(below_pass(&n.below, "lower", 100, events) == NULL);
        uint32_t before = adders(n.below.program.design);
        CHECK(below_pass(&n.below, "share", 100, events) == NULL);
        CHECK(adders(n.below.program.design) <= cases[i].less * before);
        CHECK(below_pass(&n.below, "trees", 100, events) == NULL);
        const struct datapath *datapath = &n.below.program.design->datapath;
        for (uint32_t w = 0; w < datapath->wire_count; w++)
            CHECK(datapath->wires[w].op != WIRE_SUM || datapath->wires[w].operand_count <= (uint32_t)cases[i].terms);
        CHECK(below_pass(&n.below, "pipeline", 100, events) == NULL);
        network_free(&n);
    }
}

static char *whole_text(int threads) {
    struct network n;
    network_start(&n, 24, 24, 7, 30, 0, 3000);
    bool changed;
    n.context->threads = threads;
    pass_lower(&n.below.program, &changed);
    pass_share(&n.below.program, &changed);
    pass_trees(&n.below.program, &changed);
    pass_pipeline(&n.below.program, &changed);
    struct strbuf text = strbuf_new(n.graph->arena);
    design_print(&text, n.below.program.design);
    char *copy = malloc(text.length + 1);
    memcpy(copy, text.data, text.length + 1);
    network_free(&n);
    return copy;
}

static void same_input_same_design(void) {
    char *noise = malloc(12345), *first = whole_text(1); /* other addresses the second time */
    free(noise);
    char *second = whole_text(2);
    CHECK_STR(second, first);
    free(first);
    free(second);
}

static void large_matrices_take_moments(void) {
    static const struct {
        int64_t in, out;
        int bits;
        double seconds;
    } cases[] = {{64, 64, 8, 6}, {784, 64, 1, 12}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct network n;
        network_start(&n, cases[i].in, cases[i].out, cases[i].bits, 0, 3, 5000);
        bool changed;
        clock_t start = clock();
        CHECK_EQ(pass_lower(&n.below.program, &changed), 0);
        CHECK_EQ(pass_share(&n.below.program, &changed), 0);
        double seconds = (double)(clock() - start) / CLOCKS_PER_SEC; /* generous: sanitizers run this too */
        if (seconds > cases[i].seconds)
            test_fail(__FILE__, __LINE__, "%lld x %lld took %g s", (long long)cases[i].in, (long long)cases[i].out,
                      seconds);
        network_free(&n);
    }
}

static void cycles_never_fall_with_the_clock(void) {
    static const double megahertz[] = {50, 100, 200, 280, 360, 420, 480, 560, 640};
    for (int terms = 0; terms <= 3; terms += terms ? 1 : 2) {
        int last = 0;
        for (size_t i = 0; i < sizeof megahertz / sizeof *megahertz; i++) {
            struct network n;
            network_start(&n, 16, 16, 6, 50, terms, (int)(1e6 / megahertz[i]));
            int64_t **events = below_events(n.graph, 50, i);
            static const char *const names[] = {"lower", "share", "trees", "pipeline"};
            for (int k = 0; k < 4; k++) CHECK(below_pass(&n.below, names[k], 50, events) == NULL);
            CHECK(n.below.program.design->latency >= last);
            CHECK(design_stage_delay(n.below.program.design, n.below.program.technology) <= 1000 / megahertz[i] + 1e-3);
            last = n.below.program.design->latency;
            network_free(&n);
        }
    }
}

/* Clocks that no circuit on the part can have; and one whose stage has no room for one operator. */
static void too_fast_a_clock_is_refused_by_name(void) {
    static const struct {
        int clock_ps, margin;
        const char *message;
    } cases[] = {{600, 10, "the part's clock tree carries: 775 MHz"},
                 {1300, 60, "a LUT and a register alone need 690 ps on this part"},
                 {1290, 46, "needs 660 ps, and the clock leaves 346 ps of a stage"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct network n;
        network_start(&n, 4, 4, 4, 0, 0, cases[i].clock_ps);
        n.below.options.margin_percent = cases[i].margin;
        bool changed;
        CHECK_EQ(pass_lower(&n.below.program, &changed), 0);
        CHECK_EQ(pass_trees(&n.below.program, &changed), 0);
        CHECK_EQ(pass_pipeline(&n.below.program, &changed), -1);
        CHECK_EQ(n.context->diagnostics.errors, 1);
        const struct diagnostic *said = &n.context->diagnostics.items[0];
        CHECK(said->help != NULL && (i < 2 || said->location.node != NULL));
        if (!strstr(said->message, cases[i].message)) test_fail(__FILE__, __LINE__, "said: %s", said->message);
        network_free(&n);
    }
}

/* One matrix in one node, or its columns in two of them. */
static void count_adders_of_heads(bool in_two, uint32_t *count) {
    struct network n = {.context = context_new()};
    uint64_t state = 11;
    n.graph = graph_new(n.context, "heads");
    struct formats formats = formats_uniform(n.graph->arena, (struct format){true, 8, 4});
    valref x = graph_append_integer_input(n.graph, "x", (struct shape){2, {1, 12}}, formats, ROUND_HALF_EVEN,
                                          OVERFLOW_SATURATE);
    int64_t *weights = ARENA_ARRAY(n.graph->arena, int64_t, 12 * 8),
            *half = ARENA_ARRAY(n.graph->arena, int64_t, 12 * 4);
    for (int i = 0; i < 12 * 8; i++) weights[i] = (int64_t)(below_random(&state) % 63) - 31;
    struct formats of_weights = formats_uniform(n.graph->arena, (struct format){true, 6, 0});
    for (int head = 0; head < (in_two ? 2 : 1); head++) {
        for (int i = 0; i < 12; i++)
            for (int k = 0; k < 4; k++) half[i * 4 + k] = weights[i * 8 + head * 4 + k];
        struct shape shape = {2, {12, in_two ? 4 : 8}};
        valref operands[2] = {x, graph_append_integers(n.graph, "w", shape, of_weights, in_two ? half : weights)};
        valref y = graph_append(n.graph, OP_MATMUL, head ? "second" : "first", operands, 2, NULL);
        graph_append_output(n.graph, head ? "b" : "a", y);
    }
    graph_infer(n.graph);
    below_start(&n.below, n.graph, 2, 5000);
    int64_t **events = below_events(n.graph, 50, 3);
    CHECK(below_pass(&n.below, "lower", 50, events) == NULL);
    CHECK(below_pass(&n.below, "share", 50, events) == NULL);
    *count = adders(n.below.program.design);
    network_free(&n);
}

static void nodes_are_no_border_of_sharing(void) {
    uint32_t in_two = 0, in_one = 1;
    count_adders_of_heads(true, &in_two);
    count_adders_of_heads(false, &in_one);
    CHECK_EQ(in_two, in_one);
}

int main(void) {
    RUN(sharing_is_exact_and_smaller);
    RUN(nodes_are_no_border_of_sharing);
    RUN(same_input_same_design);
    RUN(large_matrices_take_moments);
    RUN(cycles_never_fall_with_the_clock);
    RUN(too_fast_a_clock_is_refused_by_name);
    TEST_EXIT();
}
