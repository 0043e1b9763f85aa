/* The second question on small networks: what is exact, what the port's rounding does, what is outside the port,
 * and a network that was ruined. */
#include <math.h>

#include "sim/private.h"
#include "tests/test.h"

enum { EVENTS = 400 };

static struct bxc_context *context;
static struct graph *reference, *fixed;

static union attributes narrow_to(struct graph *graph, struct format format, enum rounding rounding) {
    return (union attributes){.quantizer = {.rounding = rounding,
                                            .overflow = OVERFLOW_SATURATE,
                                            .formats = formats_uniform(graph->arena, format)}};
}

/* The float network and the firmware's, each with its input "x" and nothing else. */
static void begin_networks(struct shape shape, struct format port, valref *real, valref *integer) {
    context = context_new();
    reference = graph_new(context, "net");
    fixed = graph_new(context, "net");
    *real = graph_append_input(reference, "x", shape);
    *integer = graph_append_integer_input(fixed, "x", shape, formats_uniform(fixed->arena, port), ROUND_HALF_UP,
                                          OVERFLOW_SATURATE);
}

/* y = q(x) W V: two inputs, two outputs; q rounds to whole numbers, or is left out. */
static void make_graphs(bool quantiser, const int64_t *first, const int64_t *second) {
    static const float w[4] = {2, -1, 1, 3}, v[4] = {1, 1, -2, 1};
    struct shape one = {2, {1, 2}}, square = {2, {2, 2}};
    struct format port = {true, 16, 8}, whole = {true, 8, 0}, weight = {true, 4, 0};
    valref a, b;
    begin_networks(one, port, &a, &b);
    union attributes real = narrow_to(reference, whole, ROUND_HALF_UP),
                     integer = narrow_to(fixed, whole, ROUND_HALF_UP);
    if (quantiser) {
        a = graph_append(reference, OP_NARROW, "q", &a, 1, &real);
        b = graph_append(fixed, OP_NARROW, "q", &b, 1, &integer);
    }
    for (int layer = 0; layer < 2; layer++) {
        const char *name = layer ? "dense2" : "dense1", *weights = layer ? "v" : "w";
        valref in_real[2] = {a, graph_append_reals(reference, weights, square, layer ? v : w)};
        valref in_fixed[2] = {b, graph_append_integers(fixed, weights, square, formats_uniform(fixed->arena, weight),
                                                       layer ? second : first)};
        a = graph_append(reference, OP_MATMUL, name, in_real, 2, NULL);
        b = graph_append(fixed, OP_MATMUL, name, in_fixed, 2, NULL);
    }
    graph_append_output(reference, "y", a);
    graph_append_output(fixed, "y", b);
}

static const int64_t right1[4] = {2, -1, 1, 3}, right2[4] = {1, 1, -2, 1}, wrong1[4] = {0, -1, -1, 0};

/* Whole numbers from -4 to 4. */
static void make_events(float *events) {
    for (int e = 0; e < EVENTS; e++) {
        events[2 * e] = (float)(e % 9 - 4);
        events[2 * e + 1] = (float)(e / 9 % 9 - 4);
    }
}

static struct loss measure(const float *events, size_t count) {
    struct loss loss;
    if (!loss_measure(reference, fixed, count, &events, (double)NAN, true, context->arena, &loss))
        test_fail(__FILE__, __LINE__, "nothing was compared");
    return loss;
}

static void done(void) {
    graph_free(reference);
    graph_free(fixed);
    context_free(context);
}

static void an_exact_network_has_no_loss(void) {
    float events[2 * EVENTS];
    make_graphs(true, right1, right2);
    make_events(events);
    struct loss loss = measure(events, EVENTS);
    CHECK_EQ(loss.events, EVENTS);
    CHECK_EQ(loss.outputs, 2 * EVENTS);
    CHECK(loss.exact == loss.outputs && loss.grid_exact == loss.outputs && loss.grid_outputs == loss.outputs);
    CHECK(loss.max_error == 0 && loss.flipped == 0 && loss.explained && !loss.warning && !loss.layer);
    CHECK_STR(loss.worst[0].cause, "there is none");
    CHECK(loss.quantile[LOSS_QUANTILES - 1] == 0);
    done();
}

static void the_port_tips_a_quantiser(void) {
    float events[2 * EVENTS];
    make_graphs(true, right1, right2);
    make_events(events);
    events[2 * 7] = 1.4999f; /* 1.5 at the port, and 2 behind the quantiser */
    events[2 * 7 + 1] = 2;
    struct loss loss = measure(events, EVENTS);
    CHECK(loss.max_error == 4); /* 2 W V for a whole step of x[0]: {2, -1} V = {4, 1} */
    CHECK_EQ(loss.worst[0].event, 7);
    CHECK_STR(loss.worst[0].event_name, "calibration event 7");
    CHECK_STR(loss.worst[0].cause,
              "the port's rounding tips quantiser 'q': element 0 gets 1.5, not 1.4999, and becomes 2, not 1");
    CHECK(loss.worst[0].expected == -6 && loss.worst[0].got == -2 && loss.worst[0].element == 0);
    CHECK_EQ(loss.beyond_by[LOSS_PORT_ROUNDING], 1);
    CHECK_EQ(loss.beyond_by[LOSS_UNEXPLAINED], 0);
    CHECK_EQ(loss.grid_exact, loss.grid_outputs);
    CHECK_EQ(loss.grid_outputs, 2 * EVENTS - 2);
    CHECK(loss.explained);
    CHECK_STR(loss.layer, "q");
    done();
}

static void flips_of_the_port_are_its_own(void) {
    float events[2 * EVENTS];
    make_graphs(true, right1, right2);
    make_events(events);
    for (int e = 0; e < 3; e++) { /* y = {4, 1} x0 + {-5, 4} x1: at 0, 0 a tie; at 1, 0 the first; q tips 0 to 1 */
        events[2 * e] = 0.4999f;
        events[2 * e + 1] = 0;
    }
    events[2 * 3] = -0.5001f; /* -1 to 0: from the second class to the tie that the first wins */
    events[2 * 3 + 1] = 0;
    struct loss loss = measure(events, EVENTS);
    CHECK_EQ(loss.flipped, 1);
    CHECK_EQ(loss.flipped_by[LOSS_PORT_ROUNDING], 1);
    CHECK_EQ(loss.beyond_by[LOSS_PORT_ROUNDING], 4);
    CHECK(loss.explained);
    done();
}

static void numbers_outside_the_port_are_told(void) {
    float events[2 * EVENTS];
    make_graphs(false, right1, right2);
    make_events(events);
    for (int e = 0; e < 4; e++) {
        events[2 * e] = -1000;
        events[2 * e + 1] = 300;
    }
    struct loss loss = measure(events, EVENTS);
    CHECK_STR(loss.worst[0].cause, "element 0 of input 'x' is outside the port's format: -1000 becomes -128");
    CHECK_EQ(loss.beyond_by[LOSS_PORT_RANGE], 4);
    CHECK_EQ(loss.flipped, 0);
    for (int e = 0; e < 4; e++)
        events[2 * e] = 1000; /* y = {4000 - 1500, 1000 + 1200}; at the port {508 - 635, ...}: the other class */
    loss = measure(events, EVENTS);
    CHECK_EQ(loss.flipped, 4);
    CHECK_EQ(loss.flipped_by[LOSS_PORT_RANGE], 4);
    CHECK(!loss.explained && loss.warning); /* 1 % of the decisions */
    done();
}

static void a_ruined_network_is_told(void) {
    float events[2 * EVENTS];
    make_graphs(true, wrong1, right2);
    make_events(events);
    struct loss loss = measure(events, EVENTS);
    CHECK(loss.flipped > EVENTS / 3);
    CHECK_EQ(loss.flipped_by[LOSS_UNEXPLAINED] + loss.flipped_by[LOSS_FORMATS], loss.flipped);
    CHECK(loss.flipped_by[LOSS_UNEXPLAINED] > 150); /* the others were ties */
    CHECK(!loss.explained &&
          strstr(loss.warning, "of the decisions flipped for a reason other than the formats' rounding"));
    CHECK_STR(loss.layer, "dense1");
    CHECK_STR(loss.worst[0].cause, "not the formats' rounding, most of it at layer 'dense1'");
    CHECK_EQ(loss.layer_count, 4); /* x, q, dense1, dense2 */
    CHECK(loss.layers[2].relative > 0.5 && loss.layers[2].added == loss.layers[2].relative);
    CHECK(fabs(loss.layers[3].added - fmax(0, loss.layers[3].relative - loss.layers[2].relative)) < 1e-12);
    done();
}

/* x W V, the activation between them rounded to `step`, weights of w on a grid of `grid` bits behind the point. */
static void make_rounded(int step, int grid, const int64_t *first) {
    struct shape one = {2, {1, 2}}, square = {2, {2, 2}};
    static const float w[4] = {2, -1, 1, 3}, v[4] = {1, 1, -2, 1};
    struct format port = {true, 16, 8}, weight = {true, (int16_t)(4 + grid), (int16_t)grid}, plain = {true, 4, 0};
    struct format middle = {true, 12, (int16_t)step};
    valref a, b;
    begin_networks(one, port, &a, &b);
    valref real_w = graph_append_reals(reference, "w", square, w),
           real_v = graph_append_reals(reference, "v", square, v);
    valref fixed_w = graph_append_integers(fixed, "w", square, formats_uniform(fixed->arena, weight), first),
           fixed_v = graph_append_integers(fixed, "v", square, formats_uniform(fixed->arena, plain), right2);
    a = graph_append(reference, OP_MATMUL, "dense1", (valref[]){a, real_w}, 2, NULL);
    b = graph_append(fixed, OP_MATMUL, "dense1", (valref[]){b, fixed_w}, 2, NULL);
    union attributes narrow = narrow_to(fixed, middle, ROUND_HALF_UP);
    b = graph_append(fixed, OP_NARROW, "dense1.narrow", &b, 1, &narrow);
    a = graph_append(reference, OP_MATMUL, "dense2", (valref[]){a, real_v}, 2, NULL);
    b = graph_append(fixed, OP_MATMUL, "dense2", (valref[]){b, fixed_v}, 2, NULL);
    graph_append_output(reference, "y", a);
    graph_append_output(fixed, "y", b);
}

static struct allowance explained(int64_t x0, int64_t x1, size_t element) {
    struct roundings *roundings = roundings_new(reference, fixed, context->arena);
    int64_t event[2] = {x0, x1};
    roundings_run(roundings, 1, &(const int64_t *){event});
    struct allowance allowance = roundings_explains(roundings, fixed->outputs[0].value, element);
    roundings_close(roundings);
    return allowance;
}

/* Two numbers rounded to half steps go with weights 1, -2 into the first output: variance (1 + 4) / 4 / 12. */
static void roundings_are_propagated(void) {
    make_rounded(1, 0, right1); /* weights of two bits are plain numbers */
    struct allowance allowance = explained(256, -256, 0);
    CHECK(fabs(allowance.rounding / (5 * sqrt(5.0 / 48)) - 1) < 1e-12);
    CHECK(allowance.range == allowance.rounding && !allowance.clamp);
    CHECK(fabs(explained(256, -256, 1).rounding / (5 * sqrt(2.0 / 48)) - 1) < 1e-12);
    done();
}

/* Weights 33/16, -1, 1, 49/16 have a grid of 1/16: what they put in goes with the event. */
static void weights_round_too(void) {
    static const int64_t fine[4] = {33, -17, 17, 49};
    make_rounded(1, 4, fine);
    double narrow = 5.0 / 48, weights = 5.0 / 256 / 12; /* at x = (1, 0): dense1 is off by 1/16 in both */
    CHECK(fabs(explained(256, 0, 0).rounding / (5 * sqrt(narrow + weights)) - 1) < 1e-12);
    CHECK(fabs(explained(0, 0, 0).rounding / (5 * sqrt(narrow)) - 1) < 1e-12);
    CHECK(fabs(explained(512, 256, 0).rounding / (5 * sqrt(narrow + 5 * weights)) - 1) < 1e-12);
    done();
}

/* s12f8 ends below 8: dense1 of 4 x (2, -1) + 3 x (1, 3) is (11, 5). */
static void clamps_are_told_apart(void) {
    make_rounded(8, 0, right1);
    struct allowance inside = explained(256, 256, 0), beyond = explained(4 * 256, 3 * 256, 0);
    CHECK(!inside.clamp && inside.range == inside.rounding);
    CHECK(beyond.clamp && !strcmp(beyond.clamp->name, "dense1.narrow") && isinf(beyond.range));
    CHECK(beyond.clamp_element == 0 && beyond.clamp_from == 11 && beyond.clamp_to == 2047.0 / 256);
    float events[2 * EVENTS];
    make_events(events);
    struct loss loss = measure(events, EVENTS);
    CHECK(loss.beyond_by[LOSS_RANGE] > 0 && loss.beyond_by[LOSS_UNEXPLAINED] == 0);
    CHECK_EQ(loss.flipped_by[LOSS_RANGE], loss.flipped);
    CHECK(strstr(loss.worst[0].cause, "of 'dense1.narrow' is outside its format: "));
    CHECK(!loss.explained);
    struct loss random; /* whose numbers are nobody's */
    const float *inputs = events;
    CHECK(loss_measure(reference, fixed, EVENTS, &inputs, (double)NAN, false, context->arena, &random));
    CHECK(random.made_up && random.explained && random.flipped == loss.flipped);
    done();
}

/* The rounding of an exact model's numbers is the model's own. */
static void the_models_own_rounding_is_no_error(void) {
    make_graphs(true, right1, right2);
    CHECK(explained(128, 64, 0).rounding == 0 && explained(128, 64, 1).rounding == 0);
    CHECK_STR(loss_formats(reference, fixed, context->arena), "the model's own formats");
    done();
    make_graphs(false, right1, right2);
    CHECK_STR(loss_formats(reference, fixed, context->arena), "formats of 4 bits");
    done();
}

/* One output that is 5 in every event but for its rounding. */
static void a_head_that_never_varies_is_no_loss(void) {
    float events[EVENTS] = {0};
    struct shape one = {2, {1, 1}};
    struct format port = {true, 16, 8}, coarse = {true, 12, 6};
    static const float five[1] = {5.003f};
    static const int64_t code[1] = {1281};
    valref a, b;
    begin_networks(one, port, &a, &b);
    a = graph_append(reference, OP_ADD, "bias", (valref[]){a, graph_append_reals(reference, "c", one, five)}, 2, NULL);
    valref constant = graph_append_integers(fixed, "c", one, formats_uniform(fixed->arena, port), code);
    b = graph_append(fixed, OP_ADD, "bias", (valref[]){b, constant}, 2, NULL);
    union attributes narrow = narrow_to(fixed, coarse, ROUND_HALF_UP);
    b = graph_append(fixed, OP_NARROW, "bias.narrow", &b, 1, &narrow);
    graph_append_output(reference, "y", a);
    graph_append_output(fixed, "y", b);
    struct loss loss = measure(events, EVENTS);
    CHECK(loss.max_error > 0 && loss.explained && !loss.warning);
    done();
}

static void the_worst_are_in_order(void) {
    float events[2 * EVENTS];
    make_graphs(true, right1, right2);
    make_events(events);
    for (int e = 0; e < 12; e++) { /* the port tips q */
        events[2 * (e * 7)] = 1.4999f;
        events[2 * (e * 7) + 1] = (float)e;
    }
    struct loss loss = measure(events, EVENTS);
    CHECK_EQ(loss.worst_count, LOSS_WORST);
    for (uint32_t i = 0; i < loss.worst_count; i++) {
        CHECK(loss.worst[i].error == fabs(loss.worst[i].expected - loss.worst[i].got) && loss.worst[i].cause);
        CHECK(i == 0 || loss.worst[i].error <= loss.worst[i - 1].error);
        for (uint32_t k = 0; k < i; k++) CHECK(loss.worst[k].event != loss.worst[i].event);
    }
    CHECK(loss.worst[0].error == loss.max_error && loss.worst[LOSS_WORST - 1].error > 0);
    done();
}

/* y<i> = x w: heads of a network, of which the last has other weights in firmware. */
static void make_heads(uint32_t count, const float *weights, const int64_t *last) {
    struct shape one = {2, {1, 2}}, square = {2, {2, 2}};
    valref a, b;
    begin_networks(one, (struct format){true, 20, 4}, &a, &b);
    for (uint32_t head = 0; head < count; head++) {
        int64_t right[4];
        for (int i = 0; i < 4; i++) right[i] = (int64_t)weights[i];
        const char *name = arena_printf(context->arena, "y%u", head);
        valref in_real[2] = {a, graph_append_reals(reference, "w", square, weights)};
        valref in_fixed[2] = {b, graph_append_integers(fixed, "w", square,
                                                       formats_uniform(fixed->arena, (struct format){true, 12, 0}),
                                                       head + 1 == count ? last : right)};
        graph_append_output(reference, name, graph_append(reference, OP_MATMUL, name, in_real, 2, NULL));
        graph_append_output(fixed, name, graph_append(fixed, OP_MATMUL, name, in_fixed, 2, NULL));
    }
}

/* One head of forty that decides otherwise in half of the events: 1.25 % of all decisions. */
static void a_ruined_head_among_many_is_told(void) {
    static const float weights[4] = {1, 0, 0, 1};
    static const int64_t last[4] = {1, 0, 0, -1};
    float events[2 * EVENTS];
    make_heads(40, weights, last);
    make_events(events);
    struct loss loss = measure(events, EVENTS);
    CHECK(loss.decisions == 40 * EVENTS && loss.flipped < loss.decisions / 20);
    CHECK_EQ(loss.output_count, 40);
    CHECK(loss.by_output[38].flipped == 0 && loss.by_output[39].flipped == loss.flipped);
    CHECK_EQ(loss_flipped_share(&loss) * EVENTS, loss.flipped); /* what a gate is held against: 40 times the mean */
    for (int cause = 0; cause < LOSS_CAUSE_COUNT; cause++) {    /* as if the formats explained it */
        loss.flipped_by[cause] = loss.by_output[39].flipped_by[cause] = loss.beyond_by[cause] = 0;
    }
    loss_judge(&loss, 0, context->arena);
    CHECK(!loss.explained && loss.warning &&
          strstr(loss.warning, " of the decisions of output 'y39' flipped: the formats"));
    loss.by_output[39].flipped = 0;
    loss.by_output[7].flipped_by[LOSS_UNEXPLAINED] = 2;
    loss_judge(&loss, 0, context->arena);
    CHECK_STR(loss.warning,
              "0.50 % of the decisions of output 'y7' flipped for a reason other than the formats' rounding");
    done();
}

/* Half of a number that is small beside another one: as large an error as half of the large one. */
static void a_small_number_is_no_noise_of_a_large_one(void) {
    static const float weights[4] = {100, 0, 0, 2};
    static const int64_t last[4] = {100, 0, 0, 1};
    float events[2 * EVENTS];
    make_heads(1, weights, last);
    make_events(events);
    struct loss loss = measure(events, EVENTS);
    CHECK(loss.coarseness > 0.49 && loss.coarseness < 0.51);
    CHECK_STR(loss.coarsest, "output 'y0', element 1");
    done();
}

/* The arg-max of one number is that one, whatever its sign. */
static void one_number_has_one_arg_max(void) {
    const struct shape one = {2, {1, 1}};
    const union attributes axis = {.axis = {.axis = 1, .keep_dimensions = true}};
    float events[EVENTS];
    valref a, b;
    begin_networks(one, (struct format){true, 8, 0}, &a, &b);
    graph_append_output(reference, "y", graph_append(reference, OP_ARGMAX, "y", &a, 1, &axis));
    graph_append_output(fixed, "y", graph_append(fixed, OP_ARGMAX, "y", &b, 1, &axis));
    for (int e = 0; e < EVENTS; e++) events[e] = (float)(e % 9 - 4);
    struct loss loss = measure(events, EVENTS);
    CHECK(loss.decisions == EVENTS && loss.flipped == 0 && loss.explained);
    done();
}

static struct loss judged(uint64_t flipped, enum loss_cause cause, uint64_t beyond, double accuracy_lost) {
    struct loss loss = {.events = 1000, .judged = 1000, .decisions = 1000, .flipped = flipped};
    loss.formats = "formats of 9 bits";
    loss.flipped_by[cause] = flipped;
    loss.beyond_by[cause] = beyond;
    loss_judge(&loss, accuracy_lost, context->arena);
    return loss;
}

static void the_rule_has_limits(void) {
    context = context_new();
    CHECK(judged(1, LOSS_UNEXPLAINED, 0, 0).explained && !judged(2, LOSS_UNEXPLAINED, 0, 0).explained);
    CHECK(judged(1, LOSS_RANGE, 0, 0).explained && !judged(2, LOSS_RANGE, 0, 0).explained);
    CHECK(judged(1, LOSS_PORT_RANGE, 0, 0).explained && !judged(2, LOSS_PORT_RANGE, 0, 0).explained);
    CHECK(judged(50, LOSS_FORMATS, 0, 0).explained && !judged(51, LOSS_FORMATS, 0, 0).explained);
    CHECK(judged(50, LOSS_PORT_ROUNDING, 1000, 0).explained);
    CHECK(judged(0, LOSS_UNEXPLAINED, 100, 0).explained && !judged(0, LOSS_UNEXPLAINED, 101, 0).explained);
    CHECK(judged(0, LOSS_FORMATS, 0, 0.0099).explained && !judged(0, LOSS_FORMATS, 0, 0.0101).explained);
    struct loss coarse = judged(0, LOSS_FORMATS, 0, 0);
    struct loss random = {.made_up = true, .events = 10, .judged = 10, .decisions = 10, .flipped = 10};
    coarse.coarseness = 0.26;
    coarse.coarsest = "output 'y', element 0";
    loss_judge(&coarse, 0, context->arena);
    CHECK_STR(
        coarse.warning,
        "the error is 26.00 % of the spread of output 'y', element 0: the formats are too coarse for this network");
    random.flipped_by[LOSS_RANGE] = 10;
    loss_judge(&random, 0, context->arena);
    CHECK(random.explained);
    random.flipped_by[LOSS_UNEXPLAINED] = 1;
    loss_judge(&random, 0, context->arena);
    CHECK(!random.explained);
    for (uint64_t flipped = 2; flipped <= 3; flipped++) { /* of eight that are somebody's */
        random.flipped_by[LOSS_FORMATS] = flipped;
        random.flipped_by[LOSS_UNEXPLAINED] = 0;
        random.flipped_by[LOSS_RANGE] = 2;
        random.flipped = flipped + 2;
        loss_judge(&random, 0, context->arena);
        CHECK_EQ(random.explained, flipped == 2);
    }
    context_free(context);
}

static void quantiles_are_near_and_never_too_small(void) {
    context = context_new();
    struct errors *errors = errors_new(context->arena);
    for (int i = 1; i <= 10000; i++) errors_add(errors, i * 1e-3);
    for (int i = 0; i < 3; i++) {
        double exact = 10 * loss_quantiles[i], got = errors_quantile(errors, loss_quantiles[i]);
        CHECK(got >= exact && got <= exact * 1.02);
    }
    CHECK(errors_largest(errors) == 10 && errors_quantile(errors, 1) == 10 &&
          fabs(errors_mean(errors) - 5.0005) < 1e-9);
    errors_add(errors, INFINITY);
    CHECK(isinf(errors_quantile(errors, 1)));
    context_free(context);
}

/* More labelled events than are kept: accuracy counts all, curves come from a fair sample. */
static void labels_beyond_memory(void) {
    enum { CLASSES = 1 << 20, EVENTS_MANY = 2000 };
    context = context_new();
    struct labels *labels = labels_new(context->arena, CLASSES, EVENTS_MANY);
    float *scores = ARENA_ARRAY(context->arena, float, CLASSES);
    struct labelled labelled = {0};
    for (int e = 0; e < 40; e++) labels_add(labels, e % 4 == 0, 1, 0, scores, scores);
    CHECK(labels_finish(labels, false, &labelled, context->arena));
    CHECK_EQ(labelled.events, 40);
    CHECK(labelled.accuracy_float == 0.25 && labelled.accuracy_fixed == 0.75);
    context_free(context);
}

int main(void) {
    RUN(an_exact_network_has_no_loss);
    RUN(the_port_tips_a_quantiser);
    RUN(flips_of_the_port_are_its_own);
    RUN(numbers_outside_the_port_are_told);
    RUN(a_ruined_network_is_told);
    RUN(roundings_are_propagated);
    RUN(weights_round_too);
    RUN(clamps_are_told_apart);
    RUN(the_models_own_rounding_is_no_error);
    RUN(a_head_that_never_varies_is_no_loss);
    RUN(the_worst_are_in_order);
    RUN(a_ruined_head_among_many_is_told);
    RUN(a_small_number_is_no_noise_of_a_large_one);
    RUN(one_number_has_one_arg_max);
    RUN(the_rule_has_limits);
    RUN(quantiles_are_near_and_never_too_small);
    RUN(labels_beyond_memory);
    TEST_EXIT();
}
