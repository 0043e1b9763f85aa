/* The quantiser that an input's readers see, as the port's: one of two codes, behind batch normalisation, behind a
 * concatenation. Numbers lie on, one below and one above every threshold. */
#include "passes/integerise.h"
#include "tests/unit/crossing.h"

enum { EVENTS = 3000 };

static valref input_of_four(struct crossing *c) {
    return graph_append_input(c->graph, "x", shape2(1, 4));
}

static valref two_codes(struct crossing *c, valref x, float scale) {
    valref operands[2] = {x, scalar(c, "two.scale", scale)};
    return graph_append(c->graph, OP_BIPOLAR_QUANT, "two", operands, 2, NULL);
}

static valref batch_norm(struct crossing *c, valref x, const float *const parameters[4], int64_t channels) {
    static const char *const names[4] = {"gamma", "beta", "mean", "variance"};
    valref operands[5] = {x};
    for (int k = 0; k < 4; k++) operands[k + 1] = reals(c, names[k], shape1(channels), parameters[k]);
    union attributes attributes = {.normalization = {.epsilon = 1e-3f}};
    return graph_append(c->graph, OP_BATCH_NORM, "bn", operands, 5, &attributes);
}

static size_t warnings(const struct crossing *c) {
    size_t count = 0;
    for (size_t i = 0; i < c->context->diagnostics.count; i++)
        count += c->context->diagnostics.items[i].severity != SEVERITY_NOTE;
    return count;
}

/* Both graphs at one number, in all elements. */
static bool agree_at(const struct graph *before, const struct graph *after, float number) {
    float in[4] = {number, number, number, number}, wanted[4];
    double got[4];
    run_real(before, 1, in, wanted);
    if (run_integer(after, 1, in, got) != 0) return false;
    for (int e = 0; e < 4; e++)
        if ((float)got[e] != wanted[e]) return false;
    return true;
}

/* Where an element of the real graph changes between two numbers: agreement there, one below and one above. */
static bool agree_around_steps(const struct graph *before, const struct graph *after, int element, float lo, float hi) {
    float in_lo[4] = {lo, lo, lo, lo}, in_hi[4] = {hi, hi, hi, hi}, at_lo[4], at_hi[4];
    run_real(before, 1, in_lo, at_lo);
    run_real(before, 1, in_hi, at_hi);
    float middle = lo + (hi - lo) / 2;
    if (at_lo[element] == at_hi[element]) return true;
    if (middle <= lo || middle >= hi)
        return agree_at(before, after, lo) && agree_at(before, after, hi) &&
               agree_at(before, after, nextafterf(lo, -INFINITY)) && agree_at(before, after, nextafterf(hi, INFINITY));
    return agree_around_steps(before, after, element, lo, middle) &&
           agree_around_steps(before, after, element, middle, hi);
}

/* The port has the width of the codes, says nothing but that it takes over arithmetic, and gives what the model gives.
 */
static void check_port(struct crossing *c, valref result, int width) {
    graph_append_output(c->graph, "y", result);
    struct graph *before = graph_clone(c->graph);
    CROSS(*c);
    valref input = graph_inputs(c->program.graph, c->program.graph->arena).at[0];
    CHECK_EQ(warnings(c), 0);
    for (size_t e = 0; e < 4; e++) {
        CHECK_EQ(graph_format(c->program.graph, input, e).width, width);
        CHECK(agree_around_steps(before, c->program.graph, (int)e, -64, 64));
    }
    static const float apart[] = {0,        -0.0f,    0x1p-149f, -0x1p-149f, 0x1.fffffep127f, -0x1.fffffep127f,
                                  INFINITY, -INFINITY};
    for (size_t i = 0; i < sizeof apart / sizeof apart[0]; i++) CHECK(agree_at(before, c->program.graph, apart[i]));
    CHECK_EQ(differences(before, c->program.graph, EVENTS, 20, 1e-5),
             0); /* as far as a scale's product rounds in binary32 */
    float nan[4] = {0, 0, NAN, 0};
    int64_t codes[4];
    CHECK_EQ(port_from_reals(c->program.graph, input, 1, 0, nan, codes), -1);
    graph_free(before);
    crossing_free(c);
}

static void two_codes_are_one_bit(void) {
    struct crossing c = crossing_new();
    check_port(&c, two_codes(&c, input_of_four(&c), 1), 1);
    struct crossing scaled = crossing_new();
    check_port(&scaled, two_codes(&scaled, input_of_four(&scaled), 0.5f), 1);
}

/* As TFC_1W1A begins: the bit is x >= 0.5. */
static void two_codes_behind_arithmetic(void) {
    struct crossing c = crossing_new();
    valref x = op2(&c, OP_MUL, "doubled", input_of_four(&c), scalar(&c, "two", 2));
    check_port(&c, two_codes(&c, op2(&c, OP_SUB, "centred", x, scalar(&c, "one", 1)), 1), 1);
}

static void two_codes_of_one_signed_bit(void) {
    struct crossing c = crossing_new();
    check_port(&c, quant(&c, "one", input_of_four(&c), scalar(&c, "s", 0.5f), 0, 1, true, false, ROUND_HALF_EVEN), 1);
}

/* Thresholds above, below and at 0, rising and falling, where no x / scale + zero point has the model's roundings. */
static void two_codes_behind_batch_normalisation(void) {
    static const float gamma[4] = {1.3f, -0.7f, 0.1f, -1.1f}, beta[4] = {0.25f, 0.5f, 0, -0.1f};
    static const float mean[4] = {0.3f, 0.1f, 0, -7}, variance[4] = {4, 0.3f, 1, 2};
    const float *const parameters[4] = {gamma, beta, mean, variance};
    struct crossing c = crossing_new();
    check_port(&c, two_codes(&c, batch_norm(&c, input_of_four(&c), parameters, 4), 1), 1);
}

/* Only -inf lies below. */
static void two_codes_with_the_farthest_threshold(void) {
    struct crossing c = crossing_new();
    valref x = op2(&c, OP_ADD, "far", op2(&c, OP_MUL, "scaled", input_of_four(&c), scalar(&c, "s", 0x1p-149f)),
                   scalar(&c, "o", 1));
    check_port(&c, two_codes(&c, x, 1), 1);
}

/* One that never changes has no threshold: an ordinary port, and why is told. */
static void two_codes_without_threshold(void) {
    struct crossing c = crossing_new();
    valref x =
        op2(&c, OP_ADD, "far", op2(&c, OP_MUL, "scaled", input_of_four(&c), scalar(&c, "s", 0)), scalar(&c, "o", 1));
    graph_append_output(c.graph, "y", two_codes(&c, x, 1));
    CROSS(c);
    CHECK(said(&c, SEVERITY_WARNING,
               "input 'x' does not carry the codes of the model's quantiser 'two' behind 'scaled'"));
    crossing_free(&c);
}

/* scale 1 and mean 0 leave one division and one sum, which the port's meaning has. */
static void codes_behind_batch_normalisation(void) {
    static const float gamma[4] = {1, 1, 1, 1}, beta[4] = {0.25f, -0.5f, 0, 0.1f}, mean[4] = {0},
                       variance[4] = {4, 0.3f, 1, 2};
    const float *const parameters[4] = {gamma, beta, mean, variance};
    struct crossing c = crossing_new();
    check_port(&c, narrow1(&c, "q", batch_norm(&c, input_of_four(&c), parameters, 4), true, 6, 2), 6);
}

/* Four operations, of which one has a gain below 0: the port has the model's own. */
static void steps_of_batch_normalisation(void) {
    static const float gamma[4] = {1.3f, -0.7f, 1, 1}, beta[4] = {0.25f, -0.5f, 0, 0.1f}, mean[4] = {0.3f},
                       variance[4] = {4, 0.3f, 1, 2};
    const float *const parameters[4] = {gamma, beta, mean, variance};
    struct crossing c = crossing_new();
    check_port(&c, narrow1(&c, "q", batch_norm(&c, input_of_four(&c), parameters, 4), true, 8, 4), 8);
}

static void batch_normalisation_in_front_of_a_wrap_is_told(void) {
    static const float gamma[4] = {1.3f, 0.7f, 1, 1}, beta[4] = {0.25f, -0.5f, 0, 0.1f}, mean[4] = {0.3f},
                       variance[4] = {4, 0.3f, 1, 2};
    const float *const parameters[4] = {gamma, beta, mean, variance};
    struct crossing c = crossing_new();
    struct formats formats = formats_uniform(c.graph->arena, (struct format){true, 8, 4});
    graph_append_output(
        c.graph, "y",
        narrow(&c, "q", batch_norm(&c, input_of_four(&c), parameters, 4), formats, ROUND_HALF_EVEN, OVERFLOW_WRAP));
    CROSS(c);
    CHECK(said(&c, SEVERITY_WARNING,
               "input 'x' does not carry the codes of the model's quantiser 'q' behind 'bn.centred': it wraps"));
    CHECK_EQ(count_op(c.real, OP_BATCH_NORM), 1); /* as it was */
    crossing_free(&c);
}

/* ---- the model's own steps ---- */

enum { ROUTES = 8 };
static const float step_means[4] = {0.3f, -1.7f, 12.1f, 1e-3f}, step_factors[4] = {3, -0.7f, 5.3f, 0.011f};

/* Routes that no x / scale + zero_point has to the bit; whatever comes of 0 the port has no step of. */
static valref route(struct crossing *c, int which, valref x) {
    valref m = reals(c, "m", shape2(1, 4), step_means), d = reals(c, "d", shape1(4), step_factors);
    switch (which) {
    case 0: return op2(c, OP_DIV, "scaled", op2(c, OP_SUB, "centred", x, m), d);
    case 1: return op2(c, OP_MUL, "scaled", op2(c, OP_SUB, "centred", x, m), d);
    case 2: return op2(c, OP_MUL, "scaled", d, x);
    case 3: return op2(c, OP_SUB, "reversed", m, op2(c, OP_MUL, "scaled", x, d));
    case 4: return op2(c, OP_ADD, "shifted", scalar(c, "o", 0.1f), op2(c, OP_MUL, "scaled", x, d));
    case 5:
        return op2(c, OP_MUL, "back", op2(c, OP_MUL, "far", x, scalar(c, "big", 1e30f)), scalar(c, "small", 3e-30f));
    case 6: return op2(c, OP_ADD, "back", op2(c, OP_ADD, "far", x, scalar(c, "plus", 1e6f)), scalar(c, "minus", -1e6f));
    default: return op2(c, OP_SUB, "zero", op2(c, OP_MUL, "scaled", x, d), scalar(c, "nothing", 0));
    }
}

static void routes_become_steps(void) {
    for (int which = 0; which < ROUTES && !test_failed; which++) {
        struct crossing narrowed = crossing_new();
        check_port(&narrowed, narrow1(&narrowed, "q", route(&narrowed, which, input_of_four(&narrowed)), true, 8, 4),
                   8);
        struct crossing scaled = crossing_new();
        check_port(&scaled,
                   quant(&scaled, "q", route(&scaled, which, input_of_four(&scaled)), scalar(&scaled, "s", 0.11f), 3, 6,
                         which % 2, false, which % 3 ? ROUND_TRUNCATE : ROUND_CEILING),
                   6);
    }
}

static struct port_steps steps_of(struct crossing *c, valref quantised) {
    graph_append_output(c->graph, "y", quantised);
    if (cross(c) < 0) return (struct port_steps){0};
    valref input = graph_inputs(c->program.graph, c->program.graph->arena).at[0];
    return graph_definition(c->program.graph, input)->attributes.input.steps;
}

static void check_step(const struct port_steps *steps, uint32_t s, enum port_operation operation, float first,
                       bool uniform) {
    CHECK(s < steps->count);
    CHECK_EQ(steps->at[s].operation, operation);
    CHECK(steps->at[s].constants[0] == first);
    CHECK_EQ(shape_elements(&steps->at[s].shape), uniform ? 1 : 4);
}

/* c - x as x * -1 + c, the quantiser's own division and sum at the end, and nothing where a number stays as it is. */
static void steps_in_their_order(void) {
    struct crossing c = crossing_new();
    valref x = route(&c, 3, input_of_four(&c));
    struct port_steps steps =
        steps_of(&c, quant(&c, "q", x, scalar(&c, "s", 0.11f), 3, 6, true, false, ROUND_HALF_EVEN));
    CHECK_EQ(steps.count, 5);
    check_step(&steps, 0, PORT_MULTIPLY, 3, false);
    check_step(&steps, 1, PORT_MULTIPLY, -1, true);
    check_step(&steps, 2, PORT_ADD, 0.3f, false);
    check_step(&steps, 3, PORT_DIVIDE, 0.11f, true);
    check_step(&steps, 4, PORT_ADD, 3, true);
    crossing_free(&c);
    struct crossing short_one = crossing_new();
    steps = steps_of(&short_one, narrow1(&short_one, "q", route(&short_one, 7, input_of_four(&short_one)), true, 8, 4));
    CHECK_EQ(steps.count, 1);
    check_step(&steps, 0, PORT_MULTIPLY, 3, false);
    crossing_free(&short_one);
}

/* Where x / scale + zero_point does, it is what the port computes. */
static void no_steps_without_need(void) {
    struct crossing c = crossing_new();
    valref x = op2(&c, OP_DIV, "scaled", input_of_four(&c), reals(&c, "d", shape1(4), step_factors));
    struct port_steps steps = steps_of(&c, narrow1(&c, "q", x, true, 8, 4));
    CHECK_EQ(steps.count, 0);
    crossing_free(&c);
}

static void steps_behind_movements(void) {
    struct crossing c = crossing_new();
    union attributes flat = {.reshape = {.shape = shape2(4, 1)}}, turn = {.transpose = {.permutation = {1, 0}}};
    valref x = op2(&c, OP_SUB, "centred", input_of_four(&c), reals(&c, "m", shape2(1, 4), step_means));
    x = graph_append(c.graph, OP_RESHAPE, "flat", &x, 1, &flat);
    x = op2(&c, OP_MUL, "scaled", x, reals(&c, "d", shape2(4, 1), step_factors));
    x = graph_append(c.graph, OP_TRANSPOSE, "turned", &x, 1, &turn);
    check_port(&c, narrow1(&c, "q", x, true, 8, 4), 8);
}

/* A gain of 0 and one beyond binary32 have no scale. */
static void routes_without_a_scale_are_told(void) {
    static const float factors[3] = {0, 1e-30f, 1e30f};
    for (int i = 0; i < 3; i++) {
        struct crossing c = crossing_new();
        valref f = scalar(&c, "f", factors[i]);
        valref x = op2(&c, OP_MUL, "again", op2(&c, OP_MUL, "scaled", input_of_four(&c), f), f);
        graph_append_output(c.graph, "y", narrow1(&c, "q", x, true, 8, 4));
        CROSS(c);
        CHECK(said(&c, SEVERITY_WARNING, "behind 'scaled': no scale and zero point say what its codes stand for"));
        crossing_free(&c);
    }
}

/* ---- concatenations ---- */

static valref joined(struct crossing *c, valref a, valref b) {
    valref operands[2] = {a, b};
    union attributes attributes = {.axis = {.axis = 1}};
    return graph_append(c->graph, OP_CONCAT, "joined", operands, 2, &attributes);
}

/* The ports of two inputs, by their slices of scales and of batch normalisation's channels. */
static void slices_behind_concatenation(void) {
    static const float gamma[4] = {1, 1, 1, 1}, beta[4] = {0.25f, -0.5f, 0, 0.1f}, mean[4] = {0},
                       variance[4] = {4, 0.3f, 1, 2};
    const float *const parameters[4] = {gamma, beta, mean, variance};
    static struct format formats[4] = {{true, 5, 2}, {false, 4, 1}, {true, 6, 3}, {true, 7, 0}};
    struct crossing c = crossing_new();
    valref a = graph_append_input(c.graph, "a", shape2(1, 1)), b = graph_append_input(c.graph, "b", shape2(1, 3));
    valref x = batch_norm(&c, joined(&c, a, b), parameters, 4);
    graph_append_output(
        c.graph, "y", narrow(&c, "q", x, (struct formats){shape2(1, 4), formats}, ROUND_HALF_EVEN, OVERFLOW_SATURATE));
    struct graph *before = graph_clone(c.graph);
    CROSS(c);
    CHECK_EQ(warnings(&c), 0);
    const struct value_list inputs = graph_inputs(c.program.graph, c.context->arena);
    for (size_t e = 0; e < 4; e++)
        CHECK(format_equal(graph_format(c.program.graph, inputs.at[e > 0], e ? e - 1 : 0), formats[e]));
    uint64_t random = 1;
    for (int event = 0; event < 2000; event++) {
        float in[4], wanted[4];
        for (int e = 0; e < 4; e++) in[e] = random_real(&random, 8);
        const float *const rows[2] = {in, in + 1};
        float *const out = wanted;
        int64_t codes[4], results[4], *const to = results;
        const int64_t *const ports[2] = {codes, codes + 1};
        double got[4];
        CHECK_EQ(graph_run_reals(before, 1, rows, &out), 0);
        for (int i = 0; i < 2; i++)
            CHECK_EQ(port_from_reals(c.program.graph, inputs.at[i], 1, 0, rows[i], codes + i), 0);
        CHECK_EQ(graph_run_integers(c.program.graph, 1, ports, &to), 0);
        port_to_reals(c.program.graph, c.program.graph->outputs[0].value, NULL, 1, results, got);
        for (int e = 0; e < 4; e++) CHECK((float)got[e] == wanted[e]);
    }
    graph_free(before);
    crossing_free(&c);
}

/* Far more nodes in a row than a stack has frames for. */
enum { LONG = 100000 };

static void long_ways_to_a_quantiser(void) {
    struct crossing c = crossing_new();
    valref input = graph_append_input(c.graph, "x", shape2(1, 1)), x = input;
    union attributes turned = {.transpose = {.permutation = {1, 0}}};
    for (int i = 0; i < LONG; i++) x = graph_append(c.graph, OP_TRANSPOSE, "turned", &x, 1, &turned);
    graph_append_output(c.graph, "y", narrow1(&c, "q", x, true, 6, 2));
    struct port_quantiser found;
    CHECK(port_quantiser_find(c.graph, input, c.context->arena, &found));
    CHECK_EQ(found.formats[0].width, 6);
    crossing_free(&c);
}

static void long_ways_behind_a_concatenation(void) {
    struct crossing c = crossing_new();
    valref a = graph_append_input(c.graph, "a", shape2(1, 1)), b = graph_append_input(c.graph, "b", shape2(1, 1)),
           one = scalar(&c, "one", 1), x = joined(&c, a, b);
    for (int i = 0; i < LONG; i++) x = op2(&c, OP_ADD, "more", x, one);
    graph_append_output(c.graph, "y", narrow1(&c, "q", x, true, 6, 2));
    bool changed = false;
    CHECK_EQ(port_split_concatenations(&c.program, c.context->arena, &changed), 0);
    CHECK(changed);
    CHECK(graph_compact(c.graph));
    CHECK_EQ(count_op(c.graph, OP_CONCAT), 1);
    CHECK_EQ(count_op(c.graph, OP_NARROW), 2);
    CHECK_EQ(count_op(c.graph, OP_ADD), 2 * LONG);
    crossing_free(&c);
}

/* A concatenation that something else reads too stays whole. */
static void concatenation_with_another_reader(void) {
    struct crossing c = crossing_new();
    valref a = graph_append_input(c.graph, "a", shape2(1, 1)), b = graph_append_input(c.graph, "b", shape2(1, 3)),
           x = joined(&c, a, b);
    graph_append_output(c.graph, "y",
                        op2(&c, OP_ADD, "sum", narrow1(&c, "q", x, true, 6, 2), op1(&c, OP_RELU, "r", x, 0, 0)));
    CROSS(c);
    CHECK(said(&c, SEVERITY_WARNING, "input 'a' has no format"));
    CHECK_EQ(count_op(c.real, OP_CONCAT), 1);
    crossing_free(&c);
}

int main(void) {
    RUN(two_codes_are_one_bit);
    RUN(two_codes_behind_arithmetic);
    RUN(two_codes_of_one_signed_bit);
    RUN(two_codes_behind_batch_normalisation);
    RUN(two_codes_with_the_farthest_threshold);
    RUN(two_codes_without_threshold);
    RUN(codes_behind_batch_normalisation);
    RUN(steps_of_batch_normalisation);
    RUN(batch_normalisation_in_front_of_a_wrap_is_told);
    RUN(routes_become_steps);
    RUN(steps_in_their_order);
    RUN(no_steps_without_need);
    RUN(steps_behind_movements);
    RUN(routes_without_a_scale_are_told);
    RUN(slices_behind_concatenation);
    RUN(long_ways_to_a_quantiser);
    RUN(long_ways_behind_a_concatenation);
    RUN(concatenation_with_another_reader);
    TEST_EXIT();
}
