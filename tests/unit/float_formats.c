/* Formats that float networks get: what calibration cannot judge keeps nothing from the others, options are obeyed,
 * sums and batch normalisations have formats, bounds follow stacks. Each network against its integers, by value. */
#include "sim/sim.h"
#include "tests/unit/crossing.h"

enum { EVENTS = 500 };

struct net {
    struct crossing c;
    struct graph *trained;
    size_t features;
    float *events;
    const float *data[1];
};

/* Events of features 0 mean and deviation 1. */
static struct net net_new(size_t features) {
    struct net net = {.c = crossing_new(), .features = features};
    uint64_t state = 77;
    net.events = calloc(EVENTS * features, sizeof *net.events);
    for (size_t i = 0; i < EVENTS * features; i++)
        for (int k = 0; k < 12; k++)
            net.events[i] += (float)((double)(next_random(&state) >> 11) / (double)(1ull << 53) - 0.5);
    return net;
}

static void set_feature(struct net *net, size_t feature, float scale, float offset) {
    for (size_t e = 0; e < EVENTS; e++)
        net->events[e * net->features + feature] = net->events[e * net->features + feature] * scale + offset;
}

static valref input_of(struct net *net) {
    return real_input(&net->c, "x", (int64_t)net->features);
}

static int compile(struct net *net, bool calibrated) {
    net->trained = graph_clone(net->c.graph);
    net->data[0] = net->events;
    if (calibrated) net->c.program.calibration = (struct calibration){EVENTS, net->data, 1};
    net->c.program.options = &net->c.options;
    return passes_run(&net->c.program, NULL, "simplify");
}

/* The largest difference of the first output; INFINITY when it did not compile. */
static double largest_error(struct net *net, bool calibrated) {
    if (compile(net, calibrated) < 0) {
        print_problems(&net->c);
        return INFINITY;
    }
    size_t classes = shape_elements(&graph_value(net->trained, net->trained->outputs[0].value)->shape);
    float *wanted = calloc(EVENTS * classes, sizeof *wanted);
    double *got = calloc(EVENTS * classes, sizeof *got), worst = 0;
    run_real(net->trained, EVENTS, net->events, wanted);
    if (run_integer(net->c.program.graph, EVENTS, net->events, got) < 0) worst = INFINITY;
    for (size_t i = 0; i < EVENTS * classes; i++) worst = fmax(worst, fabs((double)wanted[i] - got[i]));
    free(wanted);
    free(got);
    return worst;
}

static void net_free(struct net *net) {
    free(net->events);
    graph_free(net->trained);
    crossing_free(&net->c);
}

static valref weights(struct net *net, int64_t rows, int64_t columns, const float *data) {
    return reals(&net->c, "w", shape2(rows, columns), data);
}

static valref dense(struct net *net, const char *name, valref x, int64_t rows, int64_t columns, const float *data) {
    return op2(&net->c, OP_MATMUL, name, x, weights(net, rows, columns, data));
}

static struct format port_format(const struct net *net, size_t element) {
    const struct graph *graph = net->c.program.graph;
    return graph_format(graph, graph_inputs(graph, graph->arena).at[0], element);
}

/* ---- what calibration cannot judge ---- */

static void features_at_rest(void) {
    static const float w[4] = {0.7f, 30000, -1.3f, 500};
    struct net net = net_new(4);
    set_feature(&net, 1, 0, 0);
    set_feature(&net, 3, 0, 1.5f);
    graph_append_output(net.c.graph, "y", dense(&net, "m", input_of(&net), 4, 1, w));
    CHECK(largest_error(&net, true) < 0.01); /* the two others keep their weights, and 750 is exact to that */
    CHECK(said(&net.c, SEVERITY_WARNING,
               "cannot judge 2 of 4 features of input 'x', which never moved: 1 (always 0), 3 (always 1.5)"));
    CHECK_EQ(port_format(&net, 1).fraction, 10); /* fixed<16,6> where nothing is known */
    net_free(&net);
}

/* Training with weight decay leaves 1e-30 where a neuron has died; beside nothing but such numbers they are what is. */
static void weights_of_a_row_at_rest_that_decayed(void) {
    static const float w[6] = {0.7f, 1e-30f, 3e-29f, -2e-31f, -1.3f, 1e-30f};
    struct net net = net_new(3);
    set_feature(&net, 1, 0, 0);
    graph_append_output(net.c.graph, "y", dense(&net, "m", input_of(&net), 3, 2, w));
    CHECK(largest_error(&net, true) < 0.01);
    net_free(&net);
}

static void columns_that_decayed(void) {
    static const float w[4] = {0.7f, 1e-30f, -1.3f, -3e-33f}, b[2] = {0.25f, 4e-23f}, v[2] = {1.5f, 2e-32f};
    struct net net = net_new(2);
    valref sum =
        op2(&net.c, OP_ADD, "b", dense(&net, "m", input_of(&net), 2, 2, w), reals(&net.c, "bias", shape1(2), b));
    graph_append_output(net.c.graph, "y", dense(&net, "n", op1(&net.c, OP_RELU, "r", sum, 0, 0), 2, 1, v));
    CHECK(largest_error(&net, true) < 0.005);
    const struct graph *graph = net.c.program.graph;
    int finest = 0;
    for (uint32_t n = 0; n < graph->node_count; n++) {
        valref value = graph->nodes[n].result;
        for (size_t e = 0; e < shape_elements(&graph_value(graph, value)->shape); e++)
            finest = graph_format(graph, value, e).fraction > finest ? graph_format(graph, value, e).fraction : finest;
    }
    CHECK(finest < 100);
    net_free(&net);
}

static void a_single_event_far_outside(void) {
    static const float w[2] = {0.7f, -1.3f};
    struct net net = net_new(2);
    net.events[2 * 77 + 1] = 3e6f;
    graph_append_output(net.c.graph, "y", dense(&net, "m", input_of(&net), 2, 1, w));
    CHECK(compile(&net, true) == 0);
    CHECK(said(&net.c, SEVERITY_WARNING, "single calibration events are cut off in 1 of 2 features of input 'x': 1 ("));
    CHECK(port_format(&net, 1).fraction >= 11);
    net.events[2 * 77 + 1] = 0;
    graph_free(net.c.real);
    net.c.real = NULL;
    float wanted[EVENTS], *out = wanted;
    double got[EVENTS], worst = 0;
    run_real(net.trained, EVENTS, net.events, out);
    CHECK(run_integer(net.c.program.graph, EVENTS, net.events, got) == 0);
    for (size_t i = 0; i < EVENTS; i++) worst = fmax(worst, fabs((double)wanted[i] - got[i]));
    CHECK(worst < 0.005);
    net_free(&net);
}

/* A number inside that is none on one event. */
static void a_number_that_is_none(void) {
    static const float w[2] = {0.7f, -1.3f};
    struct net net = net_new(2);
    net.events[2 * 77] = 0;
    valref x = input_of(&net), quotient = op2(&net.c, OP_DIV, "quotient", dense(&net, "m", x, 2, 1, w),
                                              op2(&net.c, OP_MUL, "square", x, x));
    graph_append_output(net.c.graph, "y", op1(&net.c, OP_TANH, "t", quotient, 0, 0));
    CHECK(compile(&net, true) < 0);
    CHECK(said(&net.c, SEVERITY_ERROR, "is infinite or not a number on calibration events"));
    net_free(&net);
}

static void a_dead_neuron_is_told(void) {
    static const float w[4] = {1, -1, 0, 0}, b[2] = {0, -50}, v[2] = {0.5f, 3};
    struct net net = net_new(2);
    valref sum =
        op2(&net.c, OP_ADD, "b", dense(&net, "m", input_of(&net), 2, 2, w), reals(&net.c, "bias", shape1(2), b));
    graph_append_output(net.c.graph, "y", dense(&net, "n", op1(&net.c, OP_RELU, "r", sum, 0, 0), 2, 1, v));
    CHECK(largest_error(&net, true) < 0.005);
    CHECK(noted(&net.c, "quantise", "1 of 2 numbers never moved in calibration: their formats are guesses"));
    net_free(&net);
}

/* What is rare but no single event, and what is nearly always 0, is no outlier. */
static void rare_is_not_outside(void) {
    static const float w[2] = {0.7f, -1.3f};
    struct net net = net_new(2);
    for (size_t e = 0; e < EVENTS; e++) {
        if (e % 100) net.events[2 * e] = 0;             /* five numbers that are not 0 */
        if (e % 50 == 0) net.events[2 * e + 1] *= 1000; /* ten large ones */
    }
    graph_append_output(net.c.graph, "y", dense(&net, "m", input_of(&net), 2, 1, w));
    CHECK(largest_error(&net, true) < 1);
    CHECK(!said(&net.c, SEVERITY_WARNING, "cut off") && !said(&net.c, SEVERITY_WARNING, "cannot judge"));
    net_free(&net);
}

static void features_of_very_different_sizes(void) {
    static const float w[3] = {0.7f, -1.3e-9f, 1.1e9f};
    struct net net = net_new(3);
    set_feature(&net, 1, 1e9f, 2e9f);
    set_feature(&net, 2, 1e-9f, 0);
    graph_append_output(net.c.graph, "y", dense(&net, "m", input_of(&net), 3, 1, w));
    CHECK(largest_error(&net, true) < 0.01);
    net_free(&net);
}

/* A channel inside that is 10^6 times smaller than its neighbour, and read by a large weight. */
static void channels_of_very_different_sizes(void) {
    static const float first[4] = {1e3f, 0, 0, 1e-3f}, second[2] = {1e-3f, 1e3f};
    struct net net = net_new(2);
    valref hidden = op1(&net.c, OP_RELU, "r", dense(&net, "m", input_of(&net), 2, 2, first), 0, 0);
    graph_append_output(net.c.graph, "y", dense(&net, "n", hidden, 2, 1, second));
    CHECK(largest_error(&net, true) < 0.01);
    net_free(&net);
}

/* ---- what the user gave ---- */

/* tanh alone reads the input, with ten bits; the port is what was asked for. */
static void the_format_that_was_given(void) {
    struct net net = net_new(2);
    struct input_options option = {
        .formats = formats_uniform(net.c.context->arena, (struct format){true, 16, 8}), .rounding = -1, .overflow = -1};
    net.c.options.inputs = &option;
    net.c.options.input_count = 1;
    graph_append_output(net.c.graph, "y", op1(&net.c, OP_TANH, "t", input_of(&net), 0, 0));
    CHECK(largest_error(&net, true) < 0.01);
    CHECK(format_equal(port_format(&net, 0), (struct format){true, 16, 8}));
    net_free(&net);
}

static void the_format_that_was_given_over_the_models(void) {
    struct net net = net_new(2);
    struct input_options option = {
        .formats = formats_uniform(net.c.context->arena, (struct format){true, 12, 7}), .rounding = -1, .overflow = -1};
    net.c.options.inputs = &option;
    net.c.options.input_count = 1;
    graph_append_output(net.c.graph, "y",
                        op1(&net.c, OP_RELU, "r", narrow1(&net.c, "q", input_of(&net), true, 6, 3), 0, 0));
    CHECK(compile(&net, true) == 0);
    CHECK(format_equal(port_format(&net, 0), (struct format){true, 12, 7}));
    CHECK_EQ(count_op(net.c.program.graph, OP_NARROW), 1); /* the model's own stays behind it */
    net_free(&net);
}

/* ---- sums and batch normalisations ---- */

static valref batch_norm(struct net *net, const char *name, valref x, float gain, float variance) {
    const float scale[2] = {gain, -0.91f}, shift[2] = {0.123f, 4.5f}, mean[2] = {0.77f, -0.31f},
                variances[2] = {variance, 2.3f};
    valref operands[5] = {x, reals(&net->c, "s", shape1(2), scale), reals(&net->c, "h", shape1(2), shift),
                          reals(&net->c, "mu", shape1(2), mean), reals(&net->c, "v", shape1(2), variances)};
    union attributes attributes = {.normalization = {0}};
    return graph_append(net->c.graph, OP_BATCH_NORM, name, operands, 5, &attributes);
}

static void eight_residuals_with_batch_norms(void) {
    struct net net = net_new(2);
    valref x = input_of(&net);
    for (int i = 0; i < 8; i++) {
        char bn[8], sum[8];
        snprintf(bn, sizeof bn, "bn%d", i);
        snprintf(sum, sizeof sum, "sum%d", i);
        x = op2(&net.c, OP_ADD, sum, x, batch_norm(&net, bn, x, 1.37f, 1.9f));
    }
    graph_append_output(net.c.graph, "y", batch_norm(&net, "last", x, 1.37f, 100));
    CHECK(largest_error(&net, true) < 0.2); /* of numbers up to a few hundred */
    CHECK_EQ(count_op(net.trained, OP_BATCH_NORM), 9);
    net_free(&net);
}

/* A huge one is arithmetic like any other. */
static void a_huge_gain(void) {
    struct net net = net_new(2);
    valref x = input_of(&net);
    graph_append_output(net.c.graph, "y", batch_norm(&net, "bn", op2(&net.c, OP_ADD, "twice", x, x), 1e10f, 1e-10f));
    CHECK(largest_error(&net, true) < 1e13); /* of 10^16 */
    net_free(&net);
}

static void an_infinite_gain_is_refused(void) {
    struct net net = net_new(2);
    valref x = input_of(&net);
    graph_append_output(net.c.graph, "y", batch_norm(&net, "bn", op2(&net.c, OP_ADD, "twice", x, x), 1e30f, 1e-40f));
    CHECK(compile(&net, true) < 0);
    CHECK(said(&net.c, SEVERITY_ERROR, "batch normalisation has no finite gain in channel 0"));
    net_free(&net);
}

/* ---- bounds ---- */

/* Without calibration the bound of a stacked product follows both operands: 295 was the error. */
static void a_stacked_right_operand(void) {
    static const float stack[2] = {0x1p-7f, 100}, last[1] = {0.5f};
    struct net net = net_new(2);
    union attributes split = {.reshape = {.shape = {3, {2, 1, 1}}}}, join = {.reshape = {.shape = shape2(2, 1)}};
    valref x = input_of(&net), rows = graph_append(net.c.graph, OP_RESHAPE, "split", &x, 1, &split);
    valref product = op2(&net.c, OP_MATMUL, "stack", rows, reals(&net.c, "s", (struct shape){3, {2, 1, 1}}, stack));
    valref joined = graph_append(net.c.graph, OP_RESHAPE, "join", &product, 1, &join);
    graph_append_output(net.c.graph, "y", dense(&net, "n", joined, 1, 1, last));
    CHECK(largest_error(&net, false) < 0.5);
    net_free(&net);
}

static void three_hundred_inputs(void) {
    struct net net = net_new(1);
    const float **data = ARENA_ARRAY(net.c.context->arena, const float *, 300);
    valref sum = NO_VALUE;
    for (int i = 0; i < 300; i++) {
        valref x = real_input(&net.c, arena_printf(net.c.context->arena, "x%d", i), 1);
        sum = i ? op2(&net.c, OP_ADD, arena_printf(net.c.context->arena, "s%d", i), sum, x) : x;
        data[i] = net.events;
    }
    graph_append_output(net.c.graph, "y", op1(&net.c, OP_RELU, "r", sum, 0, 0));
    net.c.program.calibration = (struct calibration){EVENTS, data, 300};
    net.c.program.options = &net.c.options;
    CHECK(passes_run(&net.c.program, NULL, "simplify") == 0);
    CHECK_EQ(graph_inputs(net.c.program.graph, net.c.context->arena).count, 300);
    net_free(&net);
}

/* A power of two is one bit, and stays what it is. */
static void powers_of_two_are_exact(void) {
    static const float w[2] = {2, -0.5f};
    struct net net = net_new(2);
    for (size_t i = 0; i < EVENTS * 2; i++) net.events[i] = ldexpf(nearbyintf(ldexpf(net.events[i], 8)), -8);
    graph_append_output(net.c.graph, "y", dense(&net, "m", input_of(&net), 2, 1, w));
    CHECK(largest_error(&net, true) == 0);
    net_free(&net);
}

/* A bound is as fine as the numbers that it limits, a slope has the bits of weights: 3.1 does not become 3.1015625. */
static void bounds_and_slopes_have_the_bits_of_others(void) {
    static const struct {
        enum op op;
        float alpha, beta;
        double most;
    } cases[] = {
        {OP_CLIP, -1.1f, 3.1f, 0x1p-14}, {OP_LEAKY_RELU, 0.13f, 0, 0x1p-10}, {OP_HARD_SIGMOID, 0.17f, 0.37f, 0x1p-12}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct net net = net_new(1);
        for (size_t e = 0; e < EVENTS; e++) net.events[e] = ldexpf(nearbyintf(ldexpf(net.events[e], 9)), -7);
        graph_append_output(net.c.graph, "y",
                            op1(&net.c, cases[i].op, "f", input_of(&net), cases[i].alpha, cases[i].beta));
        double worst = largest_error(&net, true);
        if (!(worst <= cases[i].most)) printf("# case %zu: %g\n", i, worst);
        CHECK(worst <= cases[i].most);
        net_free(&net);
    }
}

/* ---- constants beside bounds ---- */

/* x . x - x . x is 0, and by its bounds it may be 2^20 either way. */
static valref zero_by_far(struct net *net) {
    valref x = input_of(net);
    union attributes column = {.reshape = {.shape = shape2((int64_t)net->features, 1)}};
    valref turned = graph_append(net->c.graph, OP_RESHAPE, "column", &x, 1, &column);
    valref square = op2(&net->c, OP_MATMUL, "square", x, turned);
    return op2(&net->c, OP_SUB, "zero", square, square);
}

/* Without calibration a bias keeps its bits, however far away the sum's bound is; or nothing is left, which is told. */
static void a_bias_beside_a_bound(void) {
    static const float sizes[3] = {0.9f, 0x1.cp-6f, 0x1.cp-90f};
    for (int i = 0; i < 3; i++) {
        struct net net = net_new(3);
        net.c.options.precision.activation_bits = 8;
        valref bias = scalar(&net.c, "bias", sizes[i]);
        graph_append_output(net.c.graph, "y", op2(&net.c, OP_ADD, "sum", zero_by_far(&net), bias));
        CHECK(largest_error(&net, false) <= (double)sizes[i] * (i < 2 ? 0x1p-3 : 1));
        CHECK(said(&net.c, SEVERITY_WARNING, "constant 'bias' is lost") == (i == 2));
        net_free(&net);
    }
}

/* ---- functions in models with quantisers of their own ---- */

/* Each number of the joined operand has an entry of its own: nothing is lost but the last of 16 bits. */
static void a_function_of_two_quantisers_joined(void) {
    struct net net = net_new(2);
    valref q = narrow1(&net.c, "q", input_of(&net), true, 8, 4);
    union attributes axis = {.axis = {.axis = 1}};
    valref both[2] = {q, quant(&net.c, "r", q, scalar(&net.c, "s", 0.7f), 0, 7, true, false, ROUND_HALF_EVEN)};
    valref joined = graph_append(net.c.graph, OP_CONCAT, "joined", both, 2, &axis);
    for (size_t e = 0; e < net.features; e++) set_feature(&net, e, 4, 0);
    graph_append_output(net.c.graph, "y", op1(&net.c, OP_TANH, "t", joined, 0, 0));
    CHECK(largest_error(&net, true) <= 0x1p-15);
    net_free(&net);
}

/* An exact staircase whose 16 bits are bxc's choice: that is the network as it was trained. */
static void a_function_of_sixteen_bits_is_explained(void) {
    struct net net = net_new(2);
    struct loss loss;
    graph_append_output(net.c.graph, "y",
                        op1(&net.c, OP_TANH, "t", narrow1(&net.c, "q", input_of(&net), true, 20, 12), 0, 0));
    CHECK(compile(&net, true) == 0);
    CHECK_EQ(count_op(net.c.program.graph, OP_TABLE), 0);
    CHECK(loss_measure(net.trained, net.c.program.graph, EVENTS, net.data, (double)NAN, true, net.c.context->arena,
                       &loss));
    CHECK(loss.max_error > 0 && loss.max_error <= 0x1p-15);
    CHECK(!loss.warning && strstr(loss.formats, "functions of 16 bits"));
    net_free(&net);
}

/* ---- what explains an error ---- */

/* Not to the bit, and without a warning. */
static bool is_as_trained(struct net *net) {
    struct loss loss = {0};
    return compile(net, true) == 0 &&
           loss_measure(net->trained, net->c.program.graph, EVENTS, net->data, (double)NAN, true, net->c.context->arena,
                        &loss) &&
           loss.max_error > 0 && !loss.warning;
}

/* Rounded to the bits of weights, and then in the output's meaning, where no constant tells of it. */
static void a_factor_in_an_outputs_meaning(void) {
    static const float gains[2] = {0x1.6b1edep-7f, 0x1.17c80cp-8f};
    struct net net = net_new(2);
    net.c.options.precision.weight_bits = 12;
    valref gain = reals(&net.c, "gain", shape1(2), gains);
    graph_append_output(net.c.graph, "y", op2(&net.c, OP_MUL, "standard", input_of(&net), gain));
    CHECK(is_as_trained(&net));
    CHECK(net.c.program.graph->outputs[0].meaning.scale != NULL);
    net_free(&net);
}

/* Beyond 4 a tanh still changes by 40 of its 16 bits' steps: most events lie there, and none outside a format. */
static void a_table_that_ends_where_it_is_flat(void) {
    static const float w[4] = {20, -15, 9, 14};
    struct net net = net_new(2);
    graph_append_output(net.c.graph, "y", op1(&net.c, OP_TANH, "t", dense(&net, "d", input_of(&net), 2, 2, w), 0, 0));
    CHECK(is_as_trained(&net));
    CHECK(count_op(net.c.program.graph, OP_TABLE) == 1);
    net_free(&net);
}

int main(void) {
    RUN(features_at_rest);
    RUN(weights_of_a_row_at_rest_that_decayed);
    RUN(columns_that_decayed);
    RUN(a_single_event_far_outside);
    RUN(a_number_that_is_none);
    RUN(a_dead_neuron_is_told);
    RUN(rare_is_not_outside);
    RUN(features_of_very_different_sizes);
    RUN(channels_of_very_different_sizes);
    RUN(the_format_that_was_given);
    RUN(the_format_that_was_given_over_the_models);
    RUN(eight_residuals_with_batch_norms);
    RUN(a_huge_gain);
    RUN(an_infinite_gain_is_refused);
    RUN(a_stacked_right_operand);
    RUN(three_hundred_inputs);
    RUN(powers_of_two_are_exact);
    RUN(bounds_and_slopes_have_the_bits_of_others);
    RUN(a_bias_beside_a_bound);
    RUN(a_function_of_two_quantisers_joined);
    RUN(a_function_of_sixteen_bits_is_explained);
    RUN(a_factor_in_an_outputs_meaning);
    RUN(a_table_that_ends_where_it_is_flat);
    TEST_EXIT();
}
