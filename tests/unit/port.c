/* Ports: the input node's rule element by element, its meaning, and what is refused. */
#include "ir/port.h"
#include "ir/random.h"
#include "tests/test.h"

#include <math.h>

static struct graph *graph_with_input(struct bxc_context *context, enum rounding rounding, enum overflow overflow,
                                      struct meaning meaning) {
    struct graph *graph = graph_new(context, "g");
    struct format formats[3] = {{true, 4, 1}, {false, 3, 0}, {true, 0, 0}};
    union attributes attributes = {
        .input = {.rounding = rounding, .overflow = overflow, .shape = {2, {1, 3}}, .formats = {{1, {3}}, formats}}};
    attributes.input.meaning = meaning;
    valref x = graph_append(graph, OP_INPUT, "x", NULL, 0, &attributes);
    graph_append_output(graph, "y", x);
    return graph;
}

/* Two events of three elements. */
static void check(enum rounding rounding, enum overflow overflow, const float in[6], const int64_t expected[6]) {
    struct bxc_context *context = context_new();
    struct graph *graph = graph_with_input(context, rounding, overflow, (struct meaning){0});
    int64_t out[6];
    double back[6];
    CHECK_EQ(port_from_reals(graph, graph->outputs[0].value, 2, 0, in, out), 0);
    port_to_reals(graph, graph->outputs[0].value, NULL, 2, out, back);
    for (int i = 0; i < 6; i++) {
        CHECK_EQ(out[i], expected[i]);
        CHECK(back[i] == (double)expected[i] / (i % 3 == 0 ? 2 : 1));
    }
    context_free(context);
}

static void elements_have_their_own_formats(void) {
    check(ROUND_HALF_EVEN, OVERFLOW_SATURATE, (float[]){0.25f, 2.5f, 9, -0.75f, -1, 1}, (int64_t[]){0, 2, 0, -2, 0, 0});
    check(ROUND_HALF_UP, OVERFLOW_SATURATE, (float[]){0.25f, 2.5f, 9, -0.75f, -1, 1}, (int64_t[]){1, 3, 0, -1, 0, 0});
    check(ROUND_TRUNCATE, OVERFLOW_WRAP, (float[]){4, 8.9f, 0, -4.5f, -1, 0}, (int64_t[]){-8, 0, 0, 7, 7, 0});
    check(ROUND_TRUNCATE, OVERFLOW_SATURATE, (float[]){INFINITY, 1e30f, 0, -INFINITY, -1e30f, 0},
          (int64_t[]){7, 7, 0, -8, 0, 0});
}

static void nan_is_refused(void) {
    struct bxc_context *context = context_new();
    struct graph *graph = graph_with_input(context, ROUND_TRUNCATE, OVERFLOW_WRAP, (struct meaning){0});
    int64_t out[6];
    CHECK_EQ(port_from_reals(graph, graph->outputs[0].value, 2, 40, (float[]){0, 0, 0, 0, NAN, 0}, out), -1);
    CHECK_STR(context->diagnostics.items[0].message, "event 41 has NaN at element 1 of input 'x'");
    context_free(context);
}

static void meaning_is_heeded(void) {
    struct bxc_context *context = context_new();
    struct meaning meaning = {.shape = {1, {3}}, .scale = (double[]){3, 0.5, 1}, .zero_point = (double[]){0.5, 2, 0}};
    struct graph *graph = graph_with_input(context, ROUND_HALF_EVEN, OVERFLOW_SATURATE, meaning);
    valref x = graph->outputs[0].value;
    int64_t out[3];
    double back[3];
    CHECK_EQ(port_from_reals(graph, x, 1, 0, (float[]){6, 1.25f, 5}, out), 0); /* 2 + 0.5 in halves; 2.5 + 2 */
    CHECK_EQ(out[0], 5);
    CHECK_EQ(out[1], 4);
    CHECK_EQ(out[2], 0);
    port_to_reals(graph, x, &graph_definition(graph, x)->attributes.input.meaning, 1, out, back);
    CHECK(back[0] == 6.0 && back[1] == 1.0 && back[2] == 0.0);
    context_free(context);
}

/* One element: what each of the three entries makes of a number. */
static int64_t read_one(struct graph *graph, char kind, double real, int64_t whole) {
    const struct port_reader *reader = port_reader_new(graph, graph->outputs[0].value, graph->arena);
    int64_t out = -999;
    float single = (float)real;
    int status = kind == 'd'   ? port_read_doubles(reader, 1, 0, &real, &out)
                 : kind == 'f' ? port_read_floats(reader, 1, 0, &single, &out)
                               : port_read_integers(reader, 1, 0, &whole, &out);
    return status ? -999 : out;
}

static struct graph *one_port(struct bxc_context *context, struct format format, enum rounding rounding,
                              enum overflow overflow) {
    struct graph *graph = graph_new(context, "g");
    graph_append_output(graph, "y",
                        graph_append_integer_input(graph, "x", (struct shape){1, {1}},
                                                   formats_uniform(graph->arena, format), rounding, overflow));
    return graph;
}

static void numbers_beyond_binary32_arrive(void) {
    struct bxc_context *context = context_new();
    struct graph *wide = one_port(context, (struct format){true, 40, 0}, ROUND_HALF_EVEN, OVERFLOW_SATURATE);
    CHECK_EQ(read_one(wide, 'd', 16777217, 0), 16777217);
    CHECK_EQ(read_one(wide, 'i', 0, 16777217), 16777217);
    CHECK_EQ(read_one(wide, 'f', 16777217, 0), 16777216);
    CHECK_EQ(read_one(wide, 'd', 549755813886, 0), 549755813886); /* 2^39 - 2 */
    CHECK_EQ(read_one(wide, 'i', 0, (int64_t)1 << 60), 549755813887);
    struct graph *widest = one_port(context, (struct format){true, 64, 0}, ROUND_HALF_EVEN, OVERFLOW_SATURATE);
    CHECK_EQ(read_one(widest, 'i', 0, INT64_MAX - 1), INT64_MAX - 1);
    CHECK_EQ(read_one(widest, 'd', -0x1p63, 0), INT64_MIN);
    struct graph *tie = one_port(context, (struct format){true, 8, 0}, ROUND_HALF_EVEN, OVERFLOW_WRAP);
    CHECK_EQ(read_one(tie, 'd', 0.5 + 0x1p-40, 0), 1); /* above the tie that binary32 makes of it */
    CHECK_EQ(read_one(tie, 'f', 0.5 + 0x1p-40, 0), 0);
    CHECK_EQ(read_one(tie, 'd', 0x1p-1074, 0), 0);
    CHECK_EQ(read_one(tie, 'i', 0, 128), -128);
    context_free(context);
}

/* The reader rounds by doubles where they are exact: the same as fixed_from_real, every rounding, around every tie. */
static void doubles_round_as_integers_do(void) {
    struct bxc_context *context = context_new();
    struct format format = {true, 7, 2};
    for (int rounding = 0; rounding < ROUNDING_COUNT; rounding++)
        for (int overflow = 0; overflow < OVERFLOW_COUNT; overflow++) {
            struct graph *graph = one_port(context, format, (enum rounding)rounding, (enum overflow)overflow);
            for (int k = -600; k <= 600; k++)
                for (int side = -1; side <= 1; side++) {
                    double real = k / 32.0;
                    int64_t wanted;
                    real = side ? nextafter(real, side * (double)INFINITY) : real;
                    CHECK(fixed_from_real(real, format, (enum rounding)rounding, (enum overflow)overflow, &wanted));
                    CHECK_EQ(read_one(graph, 'd', real, 0), wanted);
                }
        }
    context_free(context);
}

enum { MIXED = 7, MIXED_EVENTS = 100, MIXED_NUMBERS = MIXED * MIXED_EVENTS };

/* Numbers near steps and ties of an element, beyond its ends, and, unless they shall be near, far from everything. */
static double mixed_number(uint64_t *state, struct format format, bool near) {
    uint64_t random = near ? 2 + splitmix64(state) % 6 : splitmix64(state);
    double step = ldexp(1, -format.fraction), some = (double)(int64_t)splitmix64(state) * 0x1p-63;
    switch (random % 8) {
    case 0: return (double)INFINITY * some;
    case 1: return some * ldexp(1, (int)(random >> 8 & 1023) - 512);
    case 2: return 0;
    case 3: return nextafter(rint(some * 64) * 0.5 * step, some);
    case 4: return rint(some * 64) * 0.5 * step;
    default: return ldexp(some, near && format.width > 45 ? 45 : format.width) * step;
    }
}

/* Formats of all widths side by side, so that blocks of numbers begin at each element: one number at a time agrees. */
static void many_numbers_are_read_as_one_is(void) {
    struct bxc_context *context = context_new();
    uint64_t state = 1;
    for (int trial = 0; trial < 41 * ROUNDING_COUNT * OVERFLOW_COUNT; trial++) {
        enum rounding rounding = (enum rounding)(trial % ROUNDING_COUNT);
        enum overflow overflow = (enum overflow)(trial / ROUNDING_COUNT % OVERFLOW_COUNT);
        struct graph *graph = graph_new(context, "g");
        struct format formats[MIXED];
        double in[MIXED_NUMBERS];
        int64_t out[MIXED_NUMBERS], whole[MIXED_NUMBERS], wanted;
        int widest = trial % 3 ? 50 : 63;
        for (int e = 0; e < MIXED; e++)
            formats[e] = (struct format){splitmix64(&state) % 2, (int16_t)(splitmix64(&state) % (uint64_t)(widest + 1)),
                                         (int16_t)((int)(splitmix64(&state) % 60) - 20)};
        valref x = graph_append_integer_input(graph, "x", (struct shape){1, {MIXED}},
                                              (struct formats){{1, {MIXED}}, formats}, rounding, overflow);
        const struct port_reader *reader = port_reader_new(graph, x, graph->arena);
        for (int i = 0; i < MIXED_NUMBERS; i++) {
            in[i] = mixed_number(&state, formats[i % MIXED], trial % 2);
            whole[i] = (int64_t)splitmix64(&state) >> (splitmix64(&state) % 64);
        }
        CHECK_EQ(port_read_doubles(reader, MIXED_EVENTS, 0, in, out), 0);
        for (int i = 0; i < MIXED_NUMBERS; i++) {
            CHECK(fixed_from_real(in[i], formats[i % MIXED], rounding, overflow, &wanted));
            CHECK_EQ(out[i], wanted);
        }
        CHECK_EQ(port_read_integers(reader, MIXED_EVENTS, 0, whole, out), 0);
        for (int i = 0; i < MIXED_NUMBERS; i++)
            CHECK_EQ(out[i], fixed_narrow(whole[i], 0, formats[i % MIXED], rounding, overflow));
        graph_free(graph);
    }
    context_free(context);
}

/* With a meaning a number is rounded to binary32 first, whatever it comes as, and then computed with in binary32. */
static void a_meaning_computes_in_binary32(void) {
    struct bxc_context *context = context_new();
    struct format formats[1] = {{true, 8, 0}};
    union attributes attributes = {
        .input = {
            .rounding = ROUND_HALF_EVEN, .overflow = OVERFLOW_SATURATE, .shape = {1, {1}}, .formats = {{0}, formats}}};
    attributes.input.meaning = (struct meaning){.scale = (double[]){(double)0.1f}, .zero_point = (double[]){0}};
    struct graph *graph = graph_new(context, "g");
    graph_append_output(graph, "y", graph_append(graph, OP_INPUT, "x", NULL, 0, &attributes));
    for (int k = -1280; k <= 1280; k++) {
        float real = (float)k * 0.05f, quotient = real / 0.1f;
        int64_t wanted;
        CHECK(fixed_from_real((double)quotient, formats[0], ROUND_HALF_EVEN, OVERFLOW_SATURATE, &wanted));
        CHECK_EQ(read_one(graph, 'f', (double)real, 0), wanted);
        CHECK_EQ(read_one(graph, 'd', (double)real, 0), wanted);
        CHECK_EQ(read_one(graph, 'd', nextafter((double)real, 1000), 0), wanted);
    }
    CHECK_EQ(read_one(graph, 'f', (double)0.25f, 0), 2); /* a tie in binary32, none in binary64 */
    CHECK_EQ(read_one(graph, 'i', 0, 3), 30);
    context_free(context);
}

static void set_steps(struct graph *graph, struct arena *arena, uint32_t count, const struct port_step *steps) {
    graph_definition(graph, graph->outputs[0].value)->attributes.input.steps =
        port_steps_copy(arena, &(struct port_steps){count, (struct port_step *)(uintptr_t)steps});
}

static struct graph *stepped_port(struct bxc_context *context, uint32_t count, const struct port_step *steps) {
    struct graph *graph = one_port(context, (struct format){true, 8, 2}, ROUND_HALF_EVEN, OVERFLOW_SATURATE);
    graph_definition(graph, graph->outputs[0].value)->attributes.input.meaning =
        (struct meaning){.scale = arena_copy(context->arena, &(double){2}, sizeof(double))};
    set_steps(graph, context->arena, count, steps);
    return graph;
}

/* In order, each rounded to binary32, in place of x / scale + zero_point. */
static void steps_are_the_models(void) {
    struct bxc_context *context = context_new();
    struct port_step each[] = {
        {PORT_ADD, {0}, (float[]){-1}}, {PORT_MULTIPLY, {0}, (float[]){3}}, {PORT_DIVIDE, {0}, (float[]){-8}}};
    struct graph *graph = stepped_port(context, 3, each);
    CHECK_EQ(read_one(graph, 'f', 9, 0), -12); /* (9 - 1) * 3 / -8 = -3 */
    CHECK_EQ(read_one(graph, 'd', -1, 0), 3);
    CHECK_EQ(read_one(graph, 'i', 0, 5), -6);
    CHECK_EQ(read_one(graph, 'f', (double)INFINITY, 0), -128);
    CHECK_EQ(read_one(graph, 'f', -(double)INFINITY, 0), 127);
    CHECK_EQ(read_one(graph, 'f', (double)NAN, 0), -999);
    struct port_step losing[] = {{PORT_ADD, {0}, (float[]){16777216}}, {PORT_ADD, {0}, (float[]){-16777216}}};
    struct graph *lost = stepped_port(context, 2, losing);
    CHECK_EQ(read_one(lost, 'f', 1, 0), 0);  /* 2^24 + 1 is no number of binary32 */
    CHECK_EQ(read_one(lost, 'd', 3, 0), 16); /* 2^24 + 3 becomes 2^24 + 4 */
    struct port_step rounding[] = {{PORT_MULTIPLY, {0}, (float[]){0x1.000002p+0f}},
                                   {PORT_ADD, {0}, (float[]){-0x1.000004p+0f}},
                                   {PORT_MULTIPLY, {0}, (float[]){0x1p46f}}};
    struct graph *rounded = stepped_port(context, 3, rounding);
    CHECK_EQ(read_one(rounded, 'f', (double)0x1.000002p+0f, 0), 0); /* without a rounding between, 2^-46 is left: 4 */
    context_free(context);
}

static void steps_have_constants_by_element(void) {
    struct bxc_context *context = context_new();
    struct meaning meaning = {.shape = {1, {3}}, .scale = (double[]){1, 1, 1}};
    struct graph *graph = graph_with_input(context, ROUND_HALF_EVEN, OVERFLOW_SATURATE, meaning);
    int64_t out[3];
    struct port_step steps[] = {{PORT_MULTIPLY, {1, {3}}, (float[]){0.5f, 2, 1}}, {PORT_ADD, {0}, (float[]){1}}};
    set_steps(graph, context->arena, 2, steps);
    CHECK_EQ(port_from_reals(graph, graph->outputs[0].value, 1, 0, (float[]){3, 3, 3}, out), 0);
    CHECK_EQ(out[0], 5); /* 2.5 in halves */
    CHECK_EQ(out[1], 7);
    CHECK_EQ(out[2], 0);
    context_free(context);
}

/* What an input node with one step is refused for. */
static void check_refused(struct port_step step, bool meant, const char *wanted) {
    struct bxc_context *context = context_new();
    struct graph *graph = graph_new(context, "g");
    struct format format = {true, 8, 0};
    union attributes attributes = {.input = {.shape = {1, {2}}, .formats = {{0}, &format}, .steps = {1, &step}}};
    double scale = 1;
    attributes.input.meaning.scale = meant ? &scale : NULL;
    CHECK_EQ(graph_append(graph, OP_INPUT, "x", NULL, 0, &attributes).id, UINT32_MAX);
    CHECK(context->diagnostics.count == 1 && strstr(context->diagnostics.items[0].message, wanted));
    context_free(context);
}

static void wrong_steps_are_refused(void) {
    check_refused((struct port_step){PORT_ADD, {0}, (float[]){1}}, false, "an input with steps needs a meaning");
    check_refused((struct port_step){PORT_ADD, {0}, (float[]){INFINITY}}, true, "constant 0 of step 0 is not finite");
    check_refused((struct port_step){PORT_MULTIPLY, {1, {2}}, (float[]){1, 0}}, true,
                  "step 0 (mul) has a constant that is zero, 1");
    check_refused((struct port_step){PORT_DIVIDE, {0}, (float[]){-0.0f}}, true,
                  "step 0 (div) has a constant that is zero, 0");
    check_refused((struct port_step){PORT_ADD, {1, {3}}, (float[]){1, 2, 3}}, true,
                  "the constants of step 0 do not broadcast to the shape");
    check_refused((struct port_step){PORT_OPERATION_COUNT, {0}, (float[]){1}}, true, "step 0 has an unknown operation");
}

static int read_real_port(void *user) {
    struct bxc_context *context = user;
    struct graph *graph = graph_new(context, "g");
    int64_t out[1];
    return port_from_reals(graph, graph_append_input(graph, "x", (struct shape){1, {1}}), 1, 0, (float[]){0}, out);
}

static void real_inputs_are_no_ports(void) {
    struct bxc_context *context = context_new();
    CHECK_EQ(context_guarded(context, read_real_port, context), -1);
    CHECK_EQ(context->diagnostics.errors, 1);
    context_free(context);
}

int main(void) {
    RUN(elements_have_their_own_formats);
    RUN(nan_is_refused);
    RUN(meaning_is_heeded);
    RUN(numbers_beyond_binary32_arrive);
    RUN(doubles_round_as_integers_do);
    RUN(many_numbers_are_read_as_one_is);
    RUN(a_meaning_computes_in_binary32);
    RUN(steps_are_the_models);
    RUN(steps_have_constants_by_element);
    RUN(wrong_steps_are_refused);
    RUN(real_inputs_are_no_ports);
    TEST_EXIT();
}
