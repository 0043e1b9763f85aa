/* Intervals: exact for linear forms of independent sources, sound for everything else. */
#include "ir/eval.h"
#include "ir/ops.h"
#include "ir/verify.h"
#include "tests/test.h"

static uint64_t state = 7;

static int64_t random_between(int64_t lo, int64_t hi) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    return lo + (int64_t)((state >> 33) % (uint64_t)(hi - lo + 1));
}

static struct shape matrix(int64_t rows, int64_t columns) {
    return (struct shape){.rank = 2, .dim = {rows, columns}};
}

struct bench {
    struct bxc_context *context;
    struct graph *graph;
};

static struct bench bench_new(void) {
    struct bench bench = {.context = context_new()};
    bench.graph = graph_new(bench.context, "g");
    return bench;
}

static void bench_free(struct bench *bench) {
    graph_free(bench->graph);
    context_free(bench->context);
}

static struct formats uniform(struct graph *graph, bool is_signed, int width, int fraction) {
    return formats_uniform(graph->arena, (struct format){is_signed, (int16_t)width, (int16_t)fraction});
}

static valref input(struct graph *graph, int64_t elements, bool is_signed, int width, int fraction) {
    return graph_append_integer_input(graph, "x", matrix(1, elements), uniform(graph, is_signed, width, fraction),
                                      ROUND_TRUNCATE, OVERFLOW_WRAP);
}

static valref two(struct graph *graph, enum op op, valref a, valref b) {
    return graph_append(graph, op, op_info(op)->name, (valref[]){a, b}, 2, NULL);
}

static valref weights(struct graph *graph, int64_t rows, int64_t columns, int64_t *data, int fraction) {
    for (int64_t i = 0; i < rows * columns; i++) data[i] = random_between(0, 2) ? random_between(-8, 7) : 0;
    return graph_append_integers(graph, "w", matrix(rows, columns), uniform(graph, true, 4, fraction), data);
}

#define CHECK_INTERVAL(graph, value, element, low, high)                                                               \
    do {                                                                                                               \
        struct interval interval_ = graph_interval(graph, value, element);                                             \
        CHECK_EQ(interval_.lo, low);                                                                                   \
        CHECK_EQ(interval_.hi, high);                                                                                  \
    } while (0)

static void differences_of_the_same(void) {
    struct bench bench = bench_new();
    struct graph *graph = bench.graph;
    valref x = input(graph, 2, true, 4, 1), y = input(graph, 2, false, 3, 3);
    valref zero = two(graph, OP_SUB, x, x), sum = two(graph, OP_ADD, x, y), rest = two(graph, OP_SUB, sum, x);
    valref square = two(graph, OP_MUL, x, x);
    CHECK_INTERVAL(graph, zero, 0, -15, 15); /* the operator's own rule knows no better */
    CHECK(graph_infer(graph) == 0);
    CHECK_INTERVAL(graph, zero, 0, 0, 0);
    CHECK_EQ(graph_format(graph, zero, 1).width, 0);
    CHECK_EQ(graph_format(graph, zero, 1).fraction, 1);
    CHECK_INTERVAL(graph, sum, 0, -32, 35);
    CHECK_INTERVAL(graph, rest, 1, 0, 7);
    CHECK(!graph_format(graph, rest, 1).is_signed);
    CHECK_INTERVAL(graph, square, 0, 0, 64);
    CHECK(graph_verify(graph) == 0);
    bench_free(&bench);
}

/* A symmetric rule makes no -8 of real numbers, but the pins of a port can carry it. */
static void ports_carry_every_pattern(void) {
    struct bench bench = bench_new();
    valref x = graph_append_integer_input(bench.graph, "x", matrix(1, 2), uniform(bench.graph, true, 4, 0),
                                          ROUND_HALF_EVEN, OVERFLOW_SATURATE_SYMMETRIC);
    CHECK_INTERVAL(bench.graph, x, 0, -8, 7);
    CHECK(graph_infer(bench.graph) == 0);
    CHECK_INTERVAL(bench.graph, x, 1, -8, 7);
    bench_free(&bench);
}

/* The interval of row r of a product of known matrices with inputs in [-8, 7]. */
static struct interval extremes(const int64_t *first, const int64_t *second, int64_t inputs, int64_t hidden,
                                int64_t outputs, int64_t column, int64_t *at_low, int64_t *at_high) {
    struct interval out = {0, 0};
    for (int64_t i = 0; i < inputs; i++) {
        int64_t weight = 0;
        for (int64_t k = 0; k < hidden; k++) weight += first[i * hidden + k] * second[k * outputs + column];
        at_low[i] = weight < 0 ? 7 : -8;
        at_high[i] = weight < 0 ? -8 : 7;
        out.lo += weight * at_low[i];
        out.hi += weight * at_high[i];
    }
    return out;
}

static void two_matrices_in_a_row(void) {
    enum { INPUTS = 9, HIDDEN = 12, OUTPUTS = 4 };
    struct bench bench = bench_new();
    struct graph *graph = bench.graph;
    int64_t first[INPUTS * HIDDEN], second[HIDDEN * OUTPUTS];
    valref x = input(graph, INPUTS, true, 4, 2);
    valref hidden = two(graph, OP_MATMUL, x, weights(graph, INPUTS, HIDDEN, first, 3));
    valref y = two(graph, OP_MATMUL, hidden, weights(graph, HIDDEN, OUTPUTS, second, 0));
    graph_append_output(graph, "y", y);
    struct interval loose = graph_interval(graph, y, 0);
    CHECK(graph_infer(graph) == 0 && graph_verify(graph) == 0);
    for (int column = 0; column < OUTPUTS; column++) {
        int64_t events[2 * INPUTS], results[2 * OUTPUTS];
        struct interval exact = extremes(first, second, INPUTS, HIDDEN, OUTPUTS, column, events, events + INPUTS);
        CHECK_INTERVAL(graph, y, (size_t)column, exact.lo, exact.hi);
        CHECK(graph_run_integers(graph, 2, &(const int64_t *){events}, &(int64_t *){results}) == 0);
        CHECK_EQ(results[column], exact.lo);
        CHECK_EQ(results[OUTPUTS + column], exact.hi);
    }
    CHECK(loose.hi > graph_interval(graph, y, 0).hi);
    bench_free(&bench);
}

static void forms_follow_elements(void) {
    struct bench bench = bench_new();
    struct graph *graph = bench.graph;
    valref x = input(graph, 3, true, 4, 0);
    union attributes reverse = {.slice = {{0, 2}, {1, -1}, {1, 3}}};
    union attributes axis = {.axis = {.axis = 1, .keep_dimensions = true}};
    valref reversed = graph_append(graph, OP_SLICE, "r", &x, 1, &reverse);
    valref twice = graph_append(graph, OP_SLICE, "r", &reversed, 1, &reverse);
    valref both = graph_append(graph, OP_CONCAT, "c", (valref[]){x, reversed}, 2, &axis);
    valref zero = two(graph, OP_SUB, twice, x);
    valref sum = graph_append(graph, OP_REDUCE_SUM, "s", &both, 1, &axis);
    valref half = two(graph, OP_SUB, sum, graph_append(graph, OP_REDUCE_SUM, "t", &reversed, 1, &axis));
    CHECK(graph_infer(graph) == 0 && graph_verify(graph) == 0);
    CHECK_INTERVAL(graph, zero, 2, 0, 0);
    CHECK_INTERVAL(graph, sum, 0, -48, 42);
    CHECK_INTERVAL(graph, half, 0, -24, 21);
    bench_free(&bench);
}

static void what_is_exact_stays_linear(void) {
    struct bench bench = bench_new();
    struct graph *graph = bench.graph;
    valref x = input(graph, 1, false, 4, 2);
    union attributes wide = {.quantizer = {.overflow = OVERFLOW_SATURATE, .formats = uniform(graph, true, 9, 5)}};
    union attributes tight = {.quantizer = {.overflow = OVERFLOW_SATURATE, .formats = uniform(graph, false, 3, 2)}};
    valref relu = graph_append(graph, OP_RELU, "relu", &x, 1, NULL);
    valref same = graph_append(graph, OP_NARROW, "same", &relu, 1, &wide);
    valref other = graph_append(graph, OP_NARROW, "other", &relu, 1, &tight);
    valref zero = two(graph, OP_SUB, same, x), some = two(graph, OP_SUB, other, x);
    CHECK(graph_infer(graph) == 0 && graph_verify(graph) == 0);
    CHECK_INTERVAL(graph, zero, 0, 0, 0);
    CHECK_INTERVAL(graph, some, 0, -15, 7);
    bench_free(&bench);
}

static void the_maximum_taken_off(void) {
    struct bench bench = bench_new();
    struct graph *graph = bench.graph;
    valref x = input(graph, 5, true, 6, 0);
    union attributes axis = {.axis = {.axis = 1, .keep_dimensions = true}};
    valref below = two(graph, OP_SUB, x, graph_append(graph, OP_REDUCE_MAX, "m", &x, 1, &axis));
    CHECK(graph_infer(graph) == 0);
    CHECK_INTERVAL(graph, below, 3, -63, 0);
    bench_free(&bench);
}

/* Beyond the cap a form becomes a source: still sound, still finished in no time. */
static void forms_are_capped(void) {
    enum { MANY = 3000 };
    struct bench bench = bench_new();
    struct graph *graph = bench.graph;
    valref x = input(graph, MANY, true, 4, 0);
    union attributes axis = {.axis = {.axis = 1, .keep_dimensions = true}};
    valref sum = graph_append(graph, OP_REDUCE_SUM, "s", &x, 1, &axis);
    valref zero = two(graph, OP_SUB, sum, sum), spread = two(graph, OP_SUB, x, sum);
    CHECK(graph_infer(graph) == 0 && graph_verify(graph) == 0);
    CHECK_INTERVAL(graph, sum, 0, -8 * MANY, 7 * MANY);
    CHECK_INTERVAL(graph, zero, 0, 0, 0);
    CHECK_INTERVAL(graph, spread, 0, -8 - 7 * MANY, 7 + 8 * MANY);
    bench_free(&bench);
}

static void graphs_too_large_for_forms(void) {
    enum { MANY = 3 << 20 };
    struct bench bench = bench_new();
    struct graph *graph = bench.graph;
    valref x = input(graph, MANY, true, 4, 0), sum = two(graph, OP_ADD, x, x), y = two(graph, OP_SUB, sum, x);
    CHECK(graph_infer(graph) == 0 && graph_verify(graph) == 0);
    CHECK_INTERVAL(graph, y, MANY - 1, -23, 22);
    bench_free(&bench);
}

static void random_networks_stay_inside(void) {
    enum { EVENTS = 200, INPUTS = 5, HIDDEN = 6 };
    for (int network = 0; network < 20; network++) {
        struct bench bench = bench_new();
        struct graph *graph = bench.graph;
        int64_t first[INPUTS * HIDDEN], second[HIDDEN * INPUTS], events[EVENTS * INPUTS], results[EVENTS * INPUTS];
        valref x = input(graph, INPUTS, true, 5, 2);
        valref hidden = two(graph, OP_MATMUL, x, weights(graph, INPUTS, HIDDEN, first, 2));
        union attributes narrow = {.quantizer = {.rounding = (enum rounding)(network % ROUNDING_COUNT),
                                                 .overflow = (enum overflow)(network % OVERFLOW_COUNT),
                                                 .formats = uniform(graph, network & 1, 5 + network % 3, 1)}};
        hidden = graph_append(graph, OP_NARROW, "n", &hidden, 1, &narrow);
        hidden = graph_append(graph, OP_RELU, "r", &hidden, 1, NULL);
        valref y = two(graph, OP_SUB, two(graph, OP_MATMUL, hidden, weights(graph, HIDDEN, INPUTS, second, 1)), x);
        graph_append_output(graph, "y", y);
        CHECK(graph_infer(graph) == 0 && graph_verify(graph) == 0);
        for (int i = 0; i < EVENTS * INPUTS; i++) events[i] = random_between(-16, 15);
        CHECK(graph_run_integers(graph, EVENTS, &(const int64_t *){events}, &(int64_t *){results}) == 0);
        for (int i = 0; i < EVENTS * INPUTS; i++) {
            struct interval interval = graph_interval(graph, y, (size_t)(i % INPUTS));
            CHECK(results[i] >= interval.lo && results[i] <= interval.hi);
        }
        bench_free(&bench);
    }
}

static void the_verifier_compares(void) {
    struct bench bench = bench_new();
    struct graph *graph = bench.graph;
    valref x = input(graph, 2, true, 4, 0), y = two(graph, OP_ADD, x, x);
    CHECK(graph_infer(graph) == 0 && graph_verify(graph) == 0);
    graph_value(graph, y)->intervals.at[0].hi++;
    CHECK(graph_verify(graph) == -1);
    CHECK_STR(bench.context->diagnostics.items[0].location.node, "add");
    bench_free(&bench);
}

/* Only the node that is wrong is named, not everything behind it. */
static void the_culprit_alone_is_named(void) {
    struct bench bench = bench_new();
    struct graph *graph = bench.graph;
    valref x = input(graph, 2, true, 4, 0), y = two(graph, OP_ADD, x, x);
    two(graph, OP_ADD, y, y);
    valref z = input(graph, 3, true, 4, 0);
    graph_set_operand(graph, graph_definition(graph, y), 1, z);
    CHECK(graph_infer(graph) == -1);
    CHECK_EQ(bench.context->diagnostics.errors, 1); /* z comes later; nothing about the second sum */
    bench_free(&bench);
}

int main(void) {
    RUN(differences_of_the_same);
    RUN(ports_carry_every_pattern);
    RUN(two_matrices_in_a_row);
    RUN(forms_follow_elements);
    RUN(what_is_exact_stays_linear);
    RUN(the_maximum_taken_off);
    RUN(forms_are_capped);
    RUN(graphs_too_large_for_forms);
    RUN(random_networks_stay_inside);
    RUN(the_verifier_compares);
    RUN(the_culprit_alone_is_named);
    TEST_EXIT();
}
