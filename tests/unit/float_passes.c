/* Passes on float networks: what folding and removing neurons leaves of the numbers, and how many
 * weights pruning makes zero. */
#include "tests/unit/crossing.h"

enum { EVENTS = 500 };

/* ---- networks and comparison ---- */

static uint64_t seed;

static valref random_reals(struct crossing *c, const char *name, struct shape shape, float lo, float hi) {
    size_t count = shape_elements(&shape);
    float *data = calloc(count, sizeof *data);
    for (size_t i = 0; i < count; i++) data[i] = lo + (hi - lo) * (float)(next_random(&seed) >> 40) / (float)(1 << 24);
    valref result = reals(c, name, shape, data);
    free(data);
    return result;
}

static valref matmul(struct crossing *c, const char *name, valref x, int64_t depth, int64_t columns) {
    return op2(c, OP_MATMUL, name, x, random_reals(c, "w", shape2(depth, columns), -1, 1));
}

static valref batch_norm(struct crossing *c, const char *name, valref x, int64_t channels) {
    valref operands[5] = {x, random_reals(c, "scale", shape1(channels), -2, 2), random_reals(c, "shift", shape1(channels), -1, 1),
                          random_reals(c, "mean", shape1(channels), -1, 1), random_reals(c, "variance", shape1(channels), 0.25f, 4)};
    union attributes attributes = {.normalization = {1e-3f}};
    return graph_append(c->graph, OP_BATCH_NORM, name, operands, 5, &attributes);
}

/* Runs a pass; the graph before it is kept. */
static int run_pass(struct crossing *c, int (*pass)(struct program *, bool *), bool *changed) {
    c->program.options = &c->options;
    c->real = graph_clone(c->program.graph);
    if (pass(&c->program, changed) < 0 || graph_verify(c->program.graph) < 0) {
        print_problems(c);
        return -1;
    }
    return 0;
}

/* The largest difference of the first outputs before and after, relative above 1. */
static double distance(const struct crossing *c) {
    const struct graph *before = c->real, *after = c->program.graph;
    valref input;
    graph_inputs(before, &input, 1);
    size_t features = shape_elements(&graph_value(before, input)->shape);
    size_t classes = shape_elements(&graph_value(before, before->outputs[0].value)->shape);
    float *in = calloc(EVENTS * features, sizeof *in), *a = calloc(EVENTS * classes, sizeof *a), *b = calloc(EVENTS * classes, sizeof *b);
    for (size_t i = 0; i < EVENTS * features; i++) in[i] = (float)(int32_t)(uint32_t)next_random(&seed) * 0x1p-30f;
    run_real(before, EVENTS, in, a);
    run_real(after, EVENTS, in, b);
    double worst = 0;
    for (size_t i = 0; i < EVENTS * classes; i++) {
        double error = fabs((double)a[i] - (double)b[i]) / fmax(1, fabs((double)a[i]));
        if (!(error <= worst)) worst = error;
    }
    free(in);
    free(a);
    free(b);
    return worst;
}

static const struct node *named(const struct graph *graph, const char *name) {
    for (uint32_t n = 0; n < graph->node_count; n++)
        if (strcmp(graph->nodes[n].name, name) == 0) return &graph->nodes[n];
    return NULL;
}

/* ---- folding ---- */

static void batch_norm_behind_a_layer(void) {
    struct crossing c = crossing_new();
    bool changed;
    valref sum = op2(&c, OP_ADD, "b0", matmul(&c, "m0", real_input(&c, "x", 6), 6, 5), random_reals(&c, "b", shape1(5), -1, 1));
    graph_append_output(c.graph, "y", op1(&c, OP_RELU, "r", batch_norm(&c, "bn", sum, 5), 0, 0));
    CHECK(run_pass(&c, pass_fold_batch_norm, &changed) == 0 && changed);
    CHECK_EQ(count_op(c.program.graph, OP_BATCH_NORM), 0);
    CHECK_EQ(c.program.graph->node_count, 6);
    CHECK(named(c.program.graph, "m0") && named(c.program.graph, "b0"));
    CHECK(noted(&c, "fold_batch_norm", "'bn' (batch_norm) folded in"));
    CHECK(distance(&c) < 1e-5);
    crossing_free(&c);
}

static void a_bias_is_made(void) {
    struct crossing c = crossing_new();
    bool changed;
    graph_append_output(c.graph, "y", batch_norm(&c, "bn", matmul(&c, "m0", real_input(&c, "x", 4), 4, 3), 3));
    CHECK(run_pass(&c, pass_fold_batch_norm, &changed) == 0 && changed);
    CHECK(named(c.program.graph, "m0.bias") && named(c.program.graph, "m0.bias")->op == OP_ADD);
    CHECK_EQ(c.program.graph->node_count, 5);
    CHECK(distance(&c) < 1e-5);
    crossing_free(&c);
}

/* Sub, div, mul, add and a constant minus x, by channel and by scalar, on both sides of two layers. */
static void chains(void) {
    struct crossing c = crossing_new();
    bool changed;
    valref x = op2(&c, OP_SUB, "mean", real_input(&c, "x", 6), random_reals(&c, "mu", shape1(6), -2, 2));
    x = op2(&c, OP_DIV, "deviation", x, random_reals(&c, "sigma", shape2(1, 6), 0.5f, 2));
    x = op2(&c, OP_MUL, "twice", scalar(&c, "two", 2), matmul(&c, "m0", x, 6, 8));
    x = op2(&c, OP_ADD, "b0", x, random_reals(&c, "b", shape1(8), -1, 1));
    x = batch_norm(&c, "bn0", op2(&c, OP_SUB, "from", random_reals(&c, "k", shape1(8), -1, 1), x), 8);
    x = batch_norm(&c, "bn1", op1(&c, OP_RELU, "r", x, 0, 0), 8);
    x = op2(&c, OP_ADD, "b1", matmul(&c, "m1", x, 8, 3), scalar(&c, "one", 1));
    graph_append_output(c.graph, "y", op2(&c, OP_DIV, "third", x, scalar(&c, "three", 3)));
    CHECK(run_pass(&c, pass_fold_batch_norm, &changed) == 0 && changed);
    CHECK_EQ(c.program.graph->node_count, 10); /* x, two layers of four nodes, relu */
    CHECK(distance(&c) < 1e-5);
    crossing_free(&c);
}

/* A second reader, an output, a quantiser of the weights or between: nothing may move. */
static void what_is_not_folded(void) {
    struct crossing c = crossing_new();
    bool changed;
    valref x = real_input(&c, "x", 4), shared = op2(&c, OP_MUL, "shared", x, scalar(&c, "half", 0.5f));
    valref a = matmul(&c, "m0", shared, 4, 3), b = matmul(&c, "m1", shared, 4, 3);
    graph_append_output(c.graph, "a", batch_norm(&c, "bn0", a, 3));
    graph_append_output(c.graph, "raw", a);
    valref weights = narrow1(&c, "wq", random_reals(&c, "w", shape2(3, 3), -1, 1), true, 8, 6);
    graph_append_output(c.graph, "b", batch_norm(&c, "bn1", op2(&c, OP_MATMUL, "m2", op1(&c, OP_RELU, "r", b, 0, 0), weights), 3));
    graph_append_output(c.graph, "d", batch_norm(&c, "bn2", narrow1(&c, "q", matmul(&c, "m3", op1(&c, OP_RELU, "r2", b, 0, 0), 3, 3), true, 8, 4), 3));
    valref rows = random_reals(&c, "rows", shape2(3, 1), -1, 1); /* not along the last axis */
    graph_append_output(c.graph, "e", op2(&c, OP_MUL, "outer", matmul(&c, "m4", op1(&c, OP_RELU, "r3", b, 0, 0), 3, 3), rows));
    uint32_t count = c.graph->node_count;
    CHECK(run_pass(&c, pass_fold_batch_norm, &changed) == 0);
    CHECK(!changed);
    CHECK_EQ(c.program.graph->node_count, count);
    CHECK_EQ(count_op(c.program.graph, OP_BATCH_NORM), 3);
    crossing_free(&c);
}

/* Numbers that leave binary32 stay where they are. */
static void too_large_to_fold(void) {
    struct crossing c = crossing_new();
    bool changed;
    float huge[2] = {3e38f, 1};
    valref x = op2(&c, OP_MATMUL, "m0", real_input(&c, "x", 1), reals(&c, "w", shape2(1, 2), huge));
    graph_append_output(c.graph, "y", op2(&c, OP_DIV, "d", op2(&c, OP_MUL, "m", x, scalar(&c, "two", 2)), scalar(&c, "zero", 0)));
    CHECK(run_pass(&c, pass_fold_batch_norm, &changed) == 0);
    CHECK(!changed);
    crossing_free(&c);
}

int main(void) {
    seed = 88172645463325252u;
    RUN(batch_norm_behind_a_layer);
    RUN(a_bias_is_made);
    RUN(chains);
    RUN(what_is_not_folded);
    RUN(too_large_to_fold);
    TEST_EXIT();
}
