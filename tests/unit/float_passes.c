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
    valref operands[5] = {
        x, random_reals(c, "scale", shape1(channels), -2, 2), random_reals(c, "shift", shape1(channels), -1, 1),
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
    valref input = graph_inputs(before, before->arena).at[0];
    size_t features = shape_elements(&graph_value(before, input)->shape);
    size_t classes = shape_elements(&graph_value(before, before->outputs[0].value)->shape);
    float *in = calloc(EVENTS * features, sizeof *in), *a = calloc(EVENTS * classes, sizeof *a),
          *b = calloc(EVENTS * classes, sizeof *b);
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
    valref sum =
        op2(&c, OP_ADD, "b0", matmul(&c, "m0", real_input(&c, "x", 6), 6, 5), random_reals(&c, "b", shape1(5), -1, 1));
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
    graph_append_output(c.graph, "b",
                        batch_norm(&c, "bn1", op2(&c, OP_MATMUL, "m2", op1(&c, OP_RELU, "r", b, 0, 0), weights), 3));
    graph_append_output(
        c.graph, "d",
        batch_norm(&c, "bn2", narrow1(&c, "q", matmul(&c, "m3", op1(&c, OP_RELU, "r2", b, 0, 0), 3, 3), true, 8, 4),
                   3));
    valref rows = random_reals(&c, "rows", shape2(3, 1), -1, 1); /* not along the last axis */
    graph_append_output(c.graph, "e",
                        op2(&c, OP_MUL, "outer", matmul(&c, "m4", op1(&c, OP_RELU, "r3", b, 0, 0), 3, 3), rows));
    uint32_t count = c.graph->node_count;
    CHECK(run_pass(&c, pass_fold_batch_norm, &changed) == 0);
    CHECK(!changed);
    CHECK_EQ(c.program.graph->node_count, count);
    CHECK_EQ(count_op(c.program.graph, OP_BATCH_NORM), 3);
    crossing_free(&c);
}

/* Two layers with nothing between: each keeps its bias. */
static void a_bias_stays_with_its_layer(void) {
    struct crossing c = crossing_new();
    bool changed;
    valref sum =
        op2(&c, OP_ADD, "b0", matmul(&c, "m0", real_input(&c, "x", 4), 4, 3), random_reals(&c, "b", shape1(3), -1, 1));
    graph_append_output(c.graph, "y", matmul(&c, "m1", sum, 3, 2));
    CHECK(run_pass(&c, pass_fold_batch_norm, &changed) == 0);
    CHECK(!changed);
    crossing_free(&c);
}

/* Numbers that leave binary32 stay where they are. */
static void too_large_to_fold(void) {
    struct crossing c = crossing_new();
    bool changed;
    float huge[2] = {3e38f, 1};
    valref x = op2(&c, OP_MATMUL, "m0", real_input(&c, "x", 1), reals(&c, "w", shape2(1, 2), huge));
    graph_append_output(c.graph, "y",
                        op2(&c, OP_DIV, "d", op2(&c, OP_MUL, "m", x, scalar(&c, "two", 2)), scalar(&c, "zero", 0)));
    CHECK(run_pass(&c, pass_fold_batch_norm, &changed) == 0);
    CHECK(!changed);
    crossing_free(&c);
}

/* ---- pruning ---- */

static const float *weights_of(const struct graph *graph, const char *name, size_t *count) {
    const struct node *node = named(graph, name);
    *count = shape_elements(&graph_value(graph, node->inputs[1])->shape);
    return graph_reals(graph, node->inputs[1]);
}

static size_t zeros_of(const struct graph *graph, const char *name) {
    size_t count, zeros = 0;
    const float *weights = weights_of(graph, name, &count);
    for (size_t i = 0; i < count; i++) zeros += weights[i] == 0;
    return zeros;
}

/* Two layers of 60 and 40 weights; those of the second are ten times smaller. */
static struct crossing two_layers(void) {
    struct crossing c = crossing_new();
    valref hidden = op1(&c, OP_RELU, "r", matmul(&c, "m0", real_input(&c, "x", 6), 6, 10), 0, 0);
    valref small = random_reals(&c, "w1", shape2(10, 4), -0.1f, 0.1f);
    graph_append_output(c.graph, "y", op2(&c, OP_MATMUL, "m1", hidden, small));
    return c;
}

static float largest_zeroed(const struct crossing *c, const char *name) {
    size_t count;
    const float *before = weights_of(c->real, name, &count), *after = weights_of(c->program.graph, name, &count);
    float largest = 0;
    for (size_t i = 0; i < count; i++)
        if (after[i] == 0) largest = fmaxf(largest, fabsf(before[i]));
    return largest;
}

static float smallest_kept(const struct crossing *c, const char *name) {
    size_t count;
    const float *before = weights_of(c->real, name, &count), *after = weights_of(c->program.graph, name, &count);
    float smallest = INFINITY;
    for (size_t i = 0; i < count; i++) {
        if (after[i] != 0 && after[i] != before[i]) return -1;
        if (after[i] != 0) smallest = fminf(smallest, fabsf(before[i]));
    }
    return smallest;
}

static void prune_over_the_network(void) {
    struct crossing c = two_layers();
    bool changed;
    c.options.sparsity = 0.29; /* 28.999... of 100 in binary */
    CHECK(run_pass(&c, pass_prune, &changed) == 0 && changed);
    CHECK_EQ(zeros_of(c.program.graph, "m0") + zeros_of(c.program.graph, "m1"), 29);
    CHECK(zeros_of(c.program.graph, "m1") > 20);
    float zeroed = fmaxf(largest_zeroed(&c, "m0"), largest_zeroed(&c, "m1"));
    CHECK(zeroed < smallest_kept(&c, "m0") && zeroed < smallest_kept(&c, "m1"));
    CHECK(noted(&c, "prune", "sparsity of the network: 29 of 100"));
    CHECK(c.program.notes[c.program.note_count - 1].number == 0.29);
    crossing_free(&c);
}

static void prune_by_layer(void) {
    struct crossing c = two_layers();
    bool changed;
    struct layer_options layer = {.node = "m[1-9]", .precision = {-1, -1, -1, -1, -1}, .sparsity = 0.33};
    c.options.sparsity = 0.5;
    c.options.sparsity_by_layer = true;
    c.options.layers = &layer;
    c.options.layer_count = 1;
    CHECK(run_pass(&c, pass_prune, &changed) == 0 && changed);
    CHECK_EQ(zeros_of(c.program.graph, "m0"), 30);
    CHECK_EQ(zeros_of(c.program.graph, "m1"), 13); /* floor of 13.2 */
    CHECK(largest_zeroed(&c, "m0") < smallest_kept(&c, "m0"));
    crossing_free(&c);
}

/* A layer with a sparsity of its own stays out of the common threshold. */
static void prune_one_layer(void) {
    struct crossing c = two_layers();
    bool changed;
    struct layer_options layer = {.node = "m1", .precision = {-1, -1, -1, -1, -1}, .sparsity = 0};
    c.options.sparsity = 0.5;
    c.options.layers = &layer;
    c.options.layer_count = 1;
    CHECK(run_pass(&c, pass_prune, &changed) == 0 && changed);
    CHECK_EQ(zeros_of(c.program.graph, "m0"), 30);
    CHECK_EQ(zeros_of(c.program.graph, "m1"), 0);
    crossing_free(&c);
}

static void ties_by_position(void) {
    struct crossing c = crossing_new();
    bool changed;
    const float equal[6] = {1, -1, 1, -1, 1, -1};
    graph_append_output(c.graph, "y",
                        op2(&c, OP_MATMUL, "m0", real_input(&c, "x", 3), reals(&c, "w", shape2(3, 2), equal)));
    c.options.sparsity = 0.5;
    CHECK(run_pass(&c, pass_prune, &changed) == 0 && changed);
    size_t count;
    const float *weights = weights_of(c.program.graph, "m0", &count);
    for (size_t i = 0; i < 6; i++) CHECK(weights[i] == (i < 3 ? 0 : equal[i]));
    crossing_free(&c);
}

static void quantised_weights_are_not_pruned(void) {
    struct crossing c = crossing_new();
    bool changed;
    valref weights = narrow1(&c, "wq", random_reals(&c, "w", shape2(4, 3), -1, 1), true, 8, 6);
    graph_append_output(c.graph, "y", op2(&c, OP_MATMUL, "m0", real_input(&c, "x", 4), weights));
    c.options.sparsity = 0.5;
    CHECK(run_pass(&c, pass_prune, &changed) == 0 && !changed);
    CHECK(noted(&c, "prune", "not pruned"));
    CHECK(said(&c, SEVERITY_WARNING, "nothing was pruned"));
    crossing_free(&c);
}

/* ---- dead neurons ---- */

static valref layer_of(struct crossing *c, const char *name, valref x, int64_t depth, int64_t columns,
                       const float *weights, bool bias) {
    valref sum = op2(c, OP_MATMUL, name, x, reals(c, "w", shape2(depth, columns), weights));
    return bias ? op2(c, OP_ADD, "b", sum, random_reals(c, "b", shape1(columns), -1, 1)) : sum;
}

static void set(float *weights, int64_t columns, int64_t row, int64_t column, float value) {
    for (int64_t n = column < 0 ? 0 : column; n <= (column < 0 ? columns - 1 : column); n++)
        weights[row * columns + n] = value;
}

static int64_t width_of(const struct graph *graph, const char *name) {
    return graph_value(graph, named(graph, name)->result)->shape.dim[1];
}

/* Neuron 1 of m0 is read by nobody; 2 and 5 are constants; 3 dies because all that reads it dies. */
static void dead_neurons_go(void) {
    struct crossing c = crossing_new();
    bool changed;
    float w0[4 * 6], w1[6 * 5], w2[5 * 3];
    for (size_t i = 0; i < 24; i++) w0[i] = 0.25f + (float)(i % 7) * 0.125f;
    for (size_t i = 0; i < 30; i++) w1[i] = 0.5f - (float)((i * 5) % 11) * 0.1875f;
    for (size_t i = 0; i < 15; i++) w2[i] = 0.75f - (float)((i * 3) % 8) * 0.25f + 0.03125f;
    for (int64_t k = 0; k < 4; k++) set(w0, 6, k, 2, 0), set(w0, 6, k, 5, 0);
    set(w1, 5, 1, -1, 0);
    for (int64_t n = 0; n < 5; n++)
        if (n != 4) set(w1, 5, 3, n, 0); /* neuron 3 is read by neuron 4 of m1 alone */
    set(w2, 3, 4, -1, 0);
    valref x = real_input(&c, "x", 4);
    x = op1(&c, OP_SIGMOID, "s", layer_of(&c, "m0", x, 4, 6, w0, true), 0, 0);
    x = op1(&c, OP_RELU, "r", layer_of(&c, "m1", x, 6, 5, w1, false), 0, 0);
    graph_append_output(c.graph, "y", layer_of(&c, "m2", x, 5, 3, w2, true));
    CHECK(run_pass(&c, pass_dead_neurons, &changed) == 0 && changed);
    CHECK_EQ(width_of(c.program.graph, "m0"), 2);
    CHECK_EQ(width_of(c.program.graph, "m1"), 4);
    CHECK(named(c.program.graph, "m1.bias"));
    CHECK(noted(&c, "dead_neurons", "1 that nothing read, 2 constant ones"));
    CHECK(distance(&c) < 1e-5);
    crossing_free(&c);
}

static void one_neuron_stays(void) {
    struct crossing c = crossing_new();
    bool changed;
    const float zeros[6] = {0};
    valref x = layer_of(&c, "m0", real_input(&c, "x", 2), 2, 3, zeros, true);
    graph_append_output(c.graph, "y", layer_of(&c, "m1", x, 3, 2, zeros, true));
    CHECK(run_pass(&c, pass_dead_neurons, &changed) == 0 && changed);
    CHECK_EQ(width_of(c.program.graph, "m0"), 1);
    CHECK(distance(&c) == 0);
    crossing_free(&c);
}

static void neurons_that_others_read_stay(void) {
    struct crossing c = crossing_new();
    bool changed;
    const float zeros[6] = {0};
    valref x = layer_of(&c, "m0", real_input(&c, "x", 2), 2, 3, zeros, true);
    graph_append_output(c.graph, "y", layer_of(&c, "m1", x, 3, 2, zeros, true));
    graph_append_output(c.graph, "hidden", x);
    valref q = narrow1(&c, "q", layer_of(&c, "m2", x, 3, 2, zeros, true), true, 8, 4);
    graph_append_output(c.graph, "z", layer_of(&c, "m3", q, 2, 3, zeros, true));
    CHECK(run_pass(&c, pass_dead_neurons, &changed) == 0 && !changed);
    crossing_free(&c);
}

/* Pruned to 90 %, every layer keeps its outputs when the dead go. */
static void pruned_network(void) {
    struct crossing c = crossing_new();
    bool changed;
    valref x = real_input(&c, "x", 8);
    const int64_t widths[5] = {8, 12, 12, 12, 4};
    const char *const names[4] = {"m0", "m1", "m2", "m3"};
    for (int i = 0; i < 4; i++) {
        x = op2(&c, OP_ADD, "b", matmul(&c, names[i], x, widths[i], widths[i + 1]),
                random_reals(&c, "b", shape1(widths[i + 1]), -1, 1));
        if (i < 3) x = op1(&c, i == 1 ? OP_TANH : OP_RELU, "r", x, 0, 0);
    }
    graph_append_output(c.graph, "y", x);
    c.options.sparsity = 0.9;
    CHECK(run_pass(&c, pass_prune, &changed) == 0 && changed);
    graph_free(c.real);
    CHECK(run_pass(&c, pass_dead_neurons, &changed) == 0 && changed);
    CHECK(width_of(c.program.graph, "m1") < 12);
    CHECK(distance(&c) < 1e-5);
    crossing_free(&c);
}

int main(void) {
    seed = 88172645463325252u;
    RUN(batch_norm_behind_a_layer);
    RUN(a_bias_is_made);
    RUN(chains);
    RUN(what_is_not_folded);
    RUN(a_bias_stays_with_its_layer);
    RUN(too_large_to_fold);
    RUN(prune_over_the_network);
    RUN(prune_by_layer);
    RUN(prune_one_layer);
    RUN(ties_by_position);
    RUN(quantised_weights_are_not_pruned);
    RUN(dead_neurons_go);
    RUN(one_neuron_stays);
    RUN(neurons_that_others_read_stay);
    RUN(pruned_network);
    TEST_EXIT();
}
