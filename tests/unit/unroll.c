/* Bodies that are written out: random scans and maps, in reals and in integers, give the same bits as their bodies run
 * trip by trip; constants are shared, names are those of the trip, and what does not fit is refused. */
#include "ir/eval.h"
#include "ir/text.h"
#include "ir/verify.h"
#include "passes/table.h"
#include "tests/test.h"
#include "tests/unit/random_graph.h"

enum { GRAPHS = 400, EVENTS = 70, ROW = 3 };

static struct program program_of(struct graph *graph) {
    static const struct compile_options options;
    return (struct program){
        .context = graph->context, .arena = graph->context->arena, .graph = graph, .options = &options};
}

static bool has_bodies(const struct graph *graph) {
    for (uint32_t n = 0; n < graph->node_count; n++)
        if (graph->nodes[n].body) return true;
    return false;
}

/* ---- real bodies ---- */

static valref real_constant(struct random_graph *random, struct shape shape) {
    size_t count = shape_elements(&shape);
    float *reals = ARENA_ARRAY(random->graph->arena, float, count);
    for (size_t i = 0; i < count; i++) reals[i] = (float)random_between(random, -999, 999) / 256;
    return graph_append_reals(random->graph, "w", shape, reals);
}

/* All values are rows. */
static valref real_step(struct random_graph *random) {
    static const enum op ops[] = {OP_ADD, OP_SUB, OP_MUL, OP_MATMUL, OP_RELU, OP_TANH, OP_SIGMOID, OP_TRANSPOSE};
    static const struct shape row = {.rank = 2, .dim = {1, ROW}}, square = {.rank = 2, .dim = {ROW, ROW}};
    valref operands[2] = {random_pick(random), random_pick(random)};
    enum op op = ops[random_below(random, (int)(sizeof ops / sizeof *ops))];
    if (op == OP_TRANSPOSE) { /* turned round as a column */
        union attributes attributes = {.transpose.permutation = {1, 0}}, back = {.reshape.shape = row};
        valref column = graph_append(random->graph, op, "turn", operands, 1, &attributes);
        return graph_append(random->graph, OP_RESHAPE, "back", &column, 1, &back);
    }
    if (op == OP_MATMUL) operands[1] = real_constant(random, square);
    return graph_append(random->graph, op, op_info(op)->name, operands, op_info(op)->inputs_max == 1 ? 1 : 2, NULL);
}

static void real_steps(struct random_graph *random, int count) {
    while (count-- > 0) {
        valref made = real_step(random);
        random->pool[random->pool_count++] = made;
    }
}

/* Carried rows first, then `stack` by items, then a row that all trips read. */
static void real_loop(struct random_graph *random, valref stack, int64_t trips, int depth) {
    static const struct shape row = {.rank = 2, .dim = {1, ROW}};
    struct random_graph inner = *random;
    int carried = random_below(random, 3), stacked = random_below(random, 3) + !carried;
    bool sliced = random_below(random, 4) > 0, whole = random_below(random, 2) || !(carried || sliced);
    int64_t axes[4] = {1}, reversed[4];
    valref operands[4];
    uint32_t count = 0;
    inner.graph = graph_new(random->graph->context, "body");
    inner.pool_count = 0;
    for (int i = 0; i < carried; i++) operands[count++] = random_pick(random);
    if (sliced) operands[count++] = stack;
    if (whole) operands[count++] = random_pick(random);
    for (uint32_t i = 0; i < count; i++) inner.pool[inner.pool_count++] = graph_append_input(inner.graph, "in", row);
    real_steps(&inner, random_between(&inner, 1, 5));
    if (depth == 0 && random_below(&inner, 2)) {
        struct shape shape = {.rank = 3, .dim = {1, 2, ROW}};
        real_loop(&inner, real_constant(&inner, shape), 2, 1);
        real_steps(&inner, 2);
    }
    for (int i = 0; i < carried + stacked; i++) graph_append_output(inner.graph, "out", random_pick(&inner));
    for (int i = 0; i < stacked; i++) axes[sliced + i] = random_below(&inner, 3);
    for (int i = 0; i < sliced + stacked; i++) reversed[i] = random_below(&inner, 2);
    union attributes attributes = {.loop = {.trips = trips,
                                            .carried = carried,
                                            .sliced = sliced,
                                            .axes = {(uint32_t)(sliced + stacked), axes},
                                            .reversed = {(uint32_t)(sliced + stacked), reversed}}};
    valref result = graph_append_with_body(random->graph, carried ? OP_SCAN : OP_MAP, "loop", operands, count,
                                           &attributes, inner.graph);
    for (int i = 0; i < carried; i++) random->pool[random->pool_count++] = (valref){result.id + (uint32_t)i};
    for (int i = carried; i < carried + stacked; i++) {
        valref value = {result.id + (uint32_t)i};
        struct shape shape = graph_value(random->graph, value)->shape;
        if (depth == 0) graph_append_output(random->graph, "stacked", value);
        union attributes sum = {.axis.axis = axes[sliced + i - carried] % shape.rank};
        random->pool[random->pool_count++] = graph_append(random->graph, OP_REDUCE_SUM, "sum", &value, 1, &sum);
        if (!shape_equal(&graph_value(random->graph, random->pool[random->pool_count - 1])->shape, &row))
            random->pool_count--;
    }
}

static struct graph *real_graph(struct bxc_context *context, uint64_t seed) {
    struct random_graph random = {.state = seed, .graph = graph_new(context, "real")};
    int64_t trips = random_between(&random, 1, 4);
    valref stack = graph_append_input(random.graph, "x", (struct shape){.rank = 3, .dim = {1, trips, ROW}});
    random.pool[random.pool_count++] =
        graph_append_input(random.graph, "y", (struct shape){.rank = 2, .dim = {1, ROW}});
    real_steps(&random, 3);
    real_loop(&random, stack, trips, 0);
    real_steps(&random, 3);
    real_loop(&random, stack, trips, 0);
    for (int i = 1; i <= 4 && i <= random.pool_count; i++)
        graph_append_output(random.graph, "y", random.pool[random.pool_count - i]);
    graph_compact(random.graph);
    return random.graph;
}

static float **real_outputs(const struct graph *graph) {
    float **outputs = ARENA_ARRAY(graph->arena, float *, graph->output_count);
    for (uint32_t o = 0; o < graph->output_count; o++)
        outputs[o] = ARENA_ARRAY(graph->arena, float, EVENTS *graph_elements(graph, graph->outputs[o].value));
    return outputs;
}

static void one_real_graph(struct bxc_context *context, uint64_t seed) {
    struct graph *graph = real_graph(context, seed), *copy = graph_clone(graph);
    struct program program = program_of(copy);
    struct random_graph random = {.state = ~seed};
    float *inputs[2], **expected = real_outputs(graph), **got = real_outputs(graph);
    bool changed = false;
    for (int i = 0; i < 2; i++) {
        size_t count = EVENTS * graph_elements(graph, graph_inputs(graph, graph->arena).at[i]);
        inputs[i] = ARENA_ARRAY(graph->arena, float, count);
        for (size_t k = 0; k < count; k++) inputs[i][k] = (float)random_between(&random, -99, 99) / 32;
    }
    CHECK_EQ(graph_verify(graph), 0);
    CHECK_EQ(pass_unroll(&program, &changed), 0);
    CHECK(changed == has_bodies(graph) && !has_bodies(copy));
    CHECK_EQ(graph_verify(copy), 0);
    CHECK_EQ(graph_run_reals(graph, EVENTS, (const float *const *)inputs, expected), 0);
    CHECK_EQ(graph_run_reals(copy, EVENTS, (const float *const *)inputs, got), 0);
    for (uint32_t o = 0; o < graph->output_count; o++)
        if (memcmp(expected[o], got[o], sizeof(float) * EVENTS * graph_elements(graph, graph->outputs[o].value)))
            test_fail(__FILE__, __LINE__, "seed %llu: output %u differs", (unsigned long long)seed, o);
    graph_free(graph);
    graph_free(copy);
}

static void real_bodies_keep_every_bit(void) {
    for (uint64_t seed = 1; seed <= GRAPHS && !test_failed; seed++) {
        struct bxc_context *context = context_new();
        one_real_graph(context, seed);
        context_free(context);
    }
}

/* ---- integer bodies ---- */

static int64_t **integer_outputs(const struct graph *graph) {
    int64_t **outputs = ARENA_ARRAY(graph->arena, int64_t *, graph->output_count);
    for (uint32_t o = 0; o < graph->output_count; o++)
        outputs[o] = ARENA_ARRAY(graph->arena, int64_t, EVENTS * graph_elements(graph, graph->outputs[o].value));
    return outputs;
}

static void one_integer_graph(struct bxc_context *context, uint64_t seed, int *loops) {
    struct graph *graph = random_graph_new(context, seed, 20, 12, 5), *copy = graph_clone(graph);
    struct program program = program_of(copy);
    struct random_graph random = {.state = ~seed};
    const struct value_list list = graph_inputs(graph, graph->arena);
    int64_t *inputs[3], **expected = integer_outputs(graph), **got = integer_outputs(graph);
    bool changed = false;
    for (uint32_t i = 0; i < list.count; i++) {
        size_t elements = graph_elements(graph, list.at[i]);
        inputs[i] = ARENA_ARRAY(graph->arena, int64_t, EVENTS * elements);
        for (size_t k = 0; k < EVENTS * elements; k++) {
            struct interval interval = graph_interval(graph, list.at[i], k % elements);
            int64_t m = random_in_format(&random, graph_format(graph, list.at[i], k % elements));
            inputs[i][k] = m < interval.lo ? (int64_t)interval.lo : m;
        }
    }
    *loops += has_bodies(graph);
    CHECK_EQ(pass_unroll(&program, &changed), 0);
    CHECK(!has_bodies(copy));
    CHECK_EQ(graph_infer(copy), 0);
    CHECK_EQ(graph_run_integers(graph, EVENTS, (const int64_t *const *)inputs, expected), 0);
    CHECK_EQ(graph_run_integers(copy, EVENTS, (const int64_t *const *)inputs, got), 0);
    for (uint32_t o = 0; o < graph->output_count; o++)
        if (memcmp(expected[o], got[o], sizeof(int64_t) * EVENTS * graph_elements(graph, graph->outputs[o].value)))
            test_fail(__FILE__, __LINE__, "seed %llu: output %u differs", (unsigned long long)seed, o);
    graph_free(graph);
    graph_free(copy);
}

static void integer_bodies_keep_every_bit(void) {
    int loops = 0;
    for (uint64_t seed = 1; seed <= GRAPHS && !test_failed; seed++) {
        struct bxc_context *context = context_new();
        one_integer_graph(context, seed, &loops);
        context_free(context);
    }
    CHECK(loops > GRAPHS / 3);
}

/* ---- names, constants, refusals ---- */

static struct graph *parsed(struct bxc_context *context, const char *trips) {
    char text[700];
    snprintf(text, sizeof text,
             "bxc graph 1\ngraph \"g\"\n%%0 = input() \"x\" : [2] real\n"
             "%%1 = scan(%%0) \"cell\" as \"last\" trips=%s carried=1 sliced=0 : [2] real body \"b\" {\n"
             "%%0 = input() \"h\" : [2] real\n%%1 = constant() \"w\" : [2] real {2, 3}\n"
             "%%2 = mul(%%0, %%1) \"product\" from \"Mul\" : [2] real\noutput \"h\" %%2\n}\noutput \"y\" %%1\n",
             trips);
    return graph_parse(context, "t", text, strlen(text));
}

static void trips_have_names(void) {
    struct bxc_context *context = context_new();
    struct graph *graph = parsed(context, "2");
    struct program program = program_of(graph);
    struct strbuf text = strbuf_new(context->arena);
    bool changed = false;
    CHECK_EQ(pass_unroll(&program, &changed), 0);
    graph_print(&text, graph);
    CHECK_STR(text.data, "bxc graph 1\ngraph \"g\"\n%0 = input() \"x\" : [2] real\n"
                         "%1 = constant() \"cell.w\" : [2] real {0x1p+1, 0x1.8p+1}\n"
                         "%2 = mul(%0, %1) \"cell.0.product\" from \"Mul\" : [2] real\n"
                         "%3 = mul(%2, %1) \"cell.1.product\" as \"last\" from \"Mul\" : [2] real\noutput \"y\" %3\n");
    graph_free(graph);
    context_free(context);
}

static void what_is_too_long_is_refused(void) {
    struct bxc_context *context = context_new();
    struct graph *graph = parsed(context, "1000000");
    struct program program = program_of(graph);
    struct strbuf said = strbuf_new(context->arena);
    bool changed = false;
    CHECK_EQ(pass_unroll(&program, &changed), -1);
    diag_format(&said, &context->diagnostics.items[0]);
    CHECK_STR(said.data, "t: error: its body of 3 nodes would be written out 1000000 times: more than 262144 nodes\n"
                         "  at: node 'cell' (scan)\n"
                         "  help: give the network as a graph of integers (.bxc), whose bodies stay as they are\n");
    graph_free(graph);
    context_free(context);
}

int main(void) {
    RUN(real_bodies_keep_every_bit);
    RUN(integer_bodies_keep_every_bit);
    RUN(trips_have_names);
    RUN(what_is_too_long_is_refused);
    TEST_EXIT();
}
