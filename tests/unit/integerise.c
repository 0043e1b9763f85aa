/* Crossing the line: the integer graph gives the numbers of the real graph, bit for bit where that is claimed. */
#include "tests/unit/crossing.h"
#include "ir/ops.h"

enum { EVENTS = 3000 };

static void fill(float *out, size_t count, double scale, uint64_t seed) {
    for (size_t i = 0; i < count; i++) {
        seed = seed * 6364136223846793005u + 1442695040888963407u;
        out[i] = (float)(scale * ((double)(seed >> 11) / (double)(1ull << 52) - 1));
    }
}

/* ---- quant_to_narrow ---- */

/* The pass alone: the same float function before and after. */
static void check_same_function(struct crossing *c, uint32_t narrows) {
    struct graph *before = graph_clone(c->graph);
    bool changed = false;
    c->program.options = &c->options;
    CHECK(pass_quant_to_narrow(&c->program, &changed) == 0);
    CHECK(graph_verify(c->graph) == 0);
    CHECK_EQ(count_op(c->graph, OP_NARROW), narrows);
    enum { N = 20000 };
    float *in = calloc(N * 3, sizeof *in), *a = calloc(N * 3, sizeof *a), *b = calloc(N * 3, sizeof *b);
    uint64_t state = 12345;
    for (size_t i = 0; i < N * 3; i++) in[i] = random_real(&state, 3);
    run_real(before, N, in, a);
    run_real(c->graph, N, in, b);
    long wrong = 0;
    for (size_t i = 0; i < N * 3; i++) wrong += a[i] != b[i];
    free(in), free(a), free(b);
    graph_free(before);
    CHECK_EQ(wrong, 0);
}

static void quant_becomes_narrow(void) {
    static const float scales[3] = {0.25f, 0.0625f, 1.0f}, coarse[1] = {4.0f};
    for (int mode = 0; mode < ROUNDING_COUNT; mode++)
        for (int variant = 0; variant < 6; variant++) {
            struct crossing c = crossing_new();
            bool is_signed = variant % 2, narrow_range = variant >= 2 && variant < 4;
            valref scale = variant >= 4 ? reals(&c, "s", shape1(1), coarse) : reals(&c, "s", shape2(1, 3), scales);
            valref q = quant(&c, "Quant_0", real_input(&c, "x", 3), scale, 0, (float)(3 + variant % 3), is_signed,
                             narrow_range, (enum rounding)mode);
            graph_append_output(c.graph, "y", q);
            check_same_function(&c, narrow_range && !is_signed ? 0 : 1);
            crossing_free(&c);
            if (test_failed) return;
        }
}

static void other_quants_stay(void) {
    struct crossing c = crossing_new();
    valref a =
        quant(&c, "zero_point", real_input(&c, "x", 3), scalar(&c, "s", 0.5f), 3, 4, true, false, ROUND_HALF_EVEN);
    valref b = quant(&c, "scale", a, scalar(&c, "s", 0.3f), 0, 4, true, false, ROUND_HALF_EVEN);
    valref d = quant(&c, "one_bit", b, scalar(&c, "s", 0.5f), 0, 1, true, false, ROUND_HALF_EVEN);
    valref e = quant(&c, "part_bits", d, scalar(&c, "s", 0.5f), 0, 3.5f, true, false, ROUND_HALF_EVEN);
    graph_append_output(c.graph, "y", e);
    check_same_function(&c, 0);
    crossing_free(&c);
}

static void trunc_becomes_narrow(void) {
    for (int variant = 0; variant < 12; variant++) {
        struct crossing c = crossing_new();
        int version = 1 + variant % 2;
        enum rounding mode = variant / 2 % 3 == 0   ? ROUND_TRUNCATE
                             : variant / 2 % 3 == 1 ? ROUND_HALF_EVEN
                                                    : ROUND_CEILING;
        valref x = narrow1(&c, "grid", real_input(&c, "x", 3), true, 9, 4);
        valref v1[5] = {x, scalar(&c, "s", 0.0625f), scalar(&c, "z", 0), scalar(&c, "in", 8), scalar(&c, "out", 4)};
        valref v2[6] = {v1[0], v1[1], v1[2], v1[3], scalar(&c, "os", 0.5f), v1[4]};
        union attributes attributes = {.quantizer = {.rounding = mode, .is_signed = variant < 6, .version = version}};
        graph_append_output(c.graph, "y",
                            graph_append(c.graph, OP_TRUNC_QUANT, "Trunc_0", version == 1 ? v1 : v2,
                                         version == 1 ? 5 : 6, &attributes));
        check_same_function(&c, 3);
        crossing_free(&c);
        if (test_failed) return;
    }
}

static void constants_are_folded(void) {
    static const float weights[6] = {0.3f, -0.3f, 10, -10, 0.046875f, 0};
    struct crossing c = crossing_new();
    valref folded = quant(&c, "kept_grid", reals(&c, "w", shape2(3, 2), weights), scalar(&c, "s", 0.03125f), 0, 6, true,
                          false, ROUND_HALF_EVEN);
    valref operands[2] = {reals(&c, "v", shape2(2, 3), weights), scalar(&c, "s", 0.5f)};
    valref bipolar = graph_append(c.graph, OP_BIPOLAR_QUANT, "bipolar", operands, 2, NULL);
    valref scaled = quant(&c, "other_scale", reals(&c, "u", shape2(3, 3), (float[9]){1, 2, 3, 4, 5, 6, 7, 8, 9}),
                          scalar(&c, "s", 0.3f), 0, 6, true, false, ROUND_HALF_EVEN);
    valref y = op2(&c, OP_MATMUL, "m2",
                   op2(&c, OP_MATMUL, "m1", op2(&c, OP_MATMUL, "m0", real_input(&c, "x", 3), folded), bipolar), scaled);
    graph_append_output(c.graph, "y", y);
    check_same_function(&c, 0);
    CHECK_EQ(count_op(c.graph, OP_QUANT), 1);
    CHECK_EQ(count_op(c.graph, OP_BIPOLAR_QUANT), 0);
    crossing_free(&c);
}

/* ---- dense layers ---- */

/* The published jet tagger's shape: quantised weights and biases, relu, unsigned activations. */
static valref dense(struct crossing *c, const char *name, valref x, int64_t in, int64_t out, bool activation,
                    uint64_t seed) {
    float *w = calloc((size_t)(in * out), sizeof *w), *b = calloc((size_t)out, sizeof *b);
    struct arena *arena = c->context->arena;
    fill(w, (size_t)(in * out), 0.9, seed);
    fill(b, (size_t)out, 0.5, seed + 1);
    valref scale = scalar(c, "scale", 0.03125f);
    valref weights = quant(c, arena_printf(arena, "%s.wq", name), reals(c, "w", shape2(in, out), w), scale, 0, 6, true,
                           false, ROUND_HALF_EVEN);
    valref bias = quant(c, arena_printf(arena, "%s.bq", name), reals(c, "b", shape1(out), b), scale, 0, 6, true, false,
                        ROUND_HALF_EVEN);
    free(w), free(b);
    valref sum = op2(c, OP_ADD, arena_printf(arena, "%s.add", name),
                     op2(c, OP_MATMUL, arena_printf(arena, "%s.matmul", name), x, weights), bias);
    if (!activation) return sum;
    valref relu = op1(c, OP_RELU, arena_printf(arena, "%s.relu", name), sum, 0, 0);
    return quant(c, arena_printf(arena, "%s.quant", name), relu, scalar(c, "s", 0.015625f), 0, 6, false, false,
                 ROUND_HALF_EVEN);
}

static void dense_layers_are_exact(void) {
    struct crossing c = crossing_new();
    valref x = real_input(&c, "x", 6);
    valref h = dense(&c, "one", x, 6, 8, true, 1);
    graph_append_output(c.graph, "y", dense(&c, "two", h, 8, 3, false, 7));
    c.options.inputs =
        &(struct input_options){.name = "x",
                                .formats = formats_uniform(c.context->arena, (struct format){true, 10, 6}),
                                .rounding = -1,
                                .overflow = -1};
    c.options.input_count = 1;
    CROSS(c);
    CHECK_EQ(differences(c.real, c.program.graph, EVENTS, 8, 0), 0);
    CHECK(noted(&c, "integerise", "bit for bit, for events"));
    CHECK(noted(&c, "ports", "chosen by the user's --input"));
    CHECK_EQ(count_op(c.program.graph, OP_MATMUL), 2);
    CHECK_EQ(count_op(c.program.graph, OP_NARROW), 1);
    CHECK_EQ(count_op(c.program.graph, OP_TABLE) + count_op(c.program.graph, OP_THRESHOLD), 0);
    const struct node *matmul = NULL;
    for (uint32_t i = 0; i < c.program.graph->node_count; i++)
        if (strcmp(c.program.graph->nodes[i].name, "one.matmul") == 0) matmul = &c.program.graph->nodes[i];
    CHECK(matmul != NULL);
    crossing_free(&c);
}

static void wide_sums_are_told(void) {
    struct crossing c = crossing_new();
    valref x = narrow1(&c, "q", real_input(&c, "x", 6), true, 22, 12);
    graph_append_output(c.graph, "y", dense(&c, "one", x, 6, 2, false, 3));
    CROSS(c);
    CHECK(noted(&c, "integerise",
                "fixed need not equal binary32 bit for bit: 'one.matmul' has partial sums of more than the 24 bits"));
    crossing_free(&c);
}

/* ---- ports ---- */

/* As HGQ reads: a format for each feature, half up, wrapping; some have no bits. The whole is compared with the float
 * graph in front of `ports`, so the port's own rounding is under test. */
static void check_half_up_port(enum overflow overflow, uint32_t finer) {
    struct crossing c = crossing_new();
    struct format formats[5] = {{true, 5, 2}, {true, 8, 3}, {false, 4, 6}, {true, 0, 0}, {true, 3, -1}};
    valref x = real_input(&c, "x", 5);
    valref q = narrow(&c, "iq", x, (struct formats){shape2(1, 5), formats}, ROUND_HALF_UP, overflow);
    graph_append_output(c.graph, "y", q);
    struct graph *before = graph_clone(c.graph);
    CROSS(c);
    CHECK_EQ(differences(before, c.program.graph, EVENTS, 20, 0), 0);
    valref input = graph_inputs(c.program.graph, c.program.graph->arena).at[0];
    CHECK_EQ(graph_format(c.program.graph, input, 0).fraction, 2 + (int)finer);
    CHECK_EQ(graph_format(c.program.graph, input, 3).width, 0);
    CHECK_EQ(graph_definition(c.program.graph, input)->attributes.input.rounding,
             finer ? ROUND_TRUNCATE : ROUND_HALF_UP);
    graph_free(before);
    crossing_free(&c);
}
static void half_up_port_wraps(void) {
    check_half_up_port(OVERFLOW_WRAP, 1);
}
static void half_up_port_saturates(void) {
    check_half_up_port(OVERFLOW_SATURATE, 1);
}
static void half_up_port_symmetric(void) {
    check_half_up_port(OVERFLOW_SATURATE_SYMMETRIC, 1);
}
static void half_up_port_zeroes(void) {
    check_half_up_port(OVERFLOW_SATURATE_ZERO, 0);
}

static void port_behind_reshape(void) {
    struct crossing c = crossing_new();
    valref x = real_input(&c, "x", 6);
    union attributes attributes = {.reshape = {.shape = shape2(2, 3)}};
    valref moved = graph_append(c.graph, OP_RESHAPE, "Reshape_0", &x, 1, &attributes);
    graph_append_output(c.graph, "y", narrow1(&c, "iq", moved, true, 7, 3));
    struct graph *before = graph_clone(c.graph);
    CROSS(c);
    CHECK_EQ(differences(before, c.program.graph, EVENTS, 20, 0), 0);
    CHECK(noted(&c, "ports", "s7f3, half_even, saturate; chosen by the model's quantiser 'iq'"));
    graph_free(before);
    crossing_free(&c);
}

static size_t warnings(const struct crossing *c) {
    size_t count = 0;
    for (size_t i = 0; i < c->context->diagnostics.count; i++)
        count += c->context->diagnostics.items[i].severity != SEVERITY_NOTE;
    return count;
}

/* The codes at the port are those of the float graph in front of `ports`, for numbers on no grid. */
static void check_codes_at_port(struct crossing *c, valref result, const char *note) {
    graph_append_output(c->graph, "y", result);
    struct graph *before = graph_clone(c->graph);
    CROSS(*c);
    CHECK_EQ(differences(before, c->program.graph, EVENTS, 20, 1e-5), 0);
    CHECK(noted(c, "ports", note));
    /* That the port takes over arithmetic is told, and nothing else. */
    CHECK_EQ(c->context->diagnostics.count, noted(c, "ports", "take over the arithmetic"));
    CHECK_EQ(warnings(c), 0);
    graph_free(before);
    crossing_free(c);
}

static valref transposed(struct crossing *c, valref x) {
    union attributes attributes = {.transpose = {.permutation = {1, 0}}};
    return graph_append(c->graph, OP_TRANSPOSE, "t", &x, 1, &attributes);
}

static valref flattened(struct crossing *c, valref x, int64_t count) {
    union attributes attributes = {.reshape = {.shape = shape1(count)}};
    return graph_append(c->graph, OP_RESHAPE, "Reshape_0", &x, 1, &attributes);
}

static void scales_behind_movements(void) {
    static const float scales[6] = {0.3f, 0.7f, 1.1f, 0.25f, 3, 0.01f};
    struct crossing c = crossing_new();
    valref moved = flattened(&c, transposed(&c, graph_append_input(c.graph, "x", shape2(2, 3))), 6);
    check_codes_at_port(&c,
                        quant(&c, "iq", moved, reals(&c, "s", shape1(6), scales), 3, 7, true, false, ROUND_HALF_EVEN),
                        "codes with scale and zero point; chosen by the model's quantiser 'iq'");
}

static void formats_behind_movements(void) {
    static struct format formats[6] = {{true, 5, 2}, {true, 8, 3},  {false, 4, 6},
                                       {true, 0, 0}, {true, 3, -1}, {true, 9, 4}};
    struct crossing c = crossing_new();
    valref moved = flattened(&c, transposed(&c, graph_append_input(c.graph, "x", shape2(2, 3))), 6);
    check_codes_at_port(&c, narrow(&c, "iq", moved, (struct formats){shape1(6), formats}, ROUND_HALF_UP, OVERFLOW_WRAP),
                        "chosen by the model's quantiser 'iq'");
}

static valref input_of_six(struct crossing *c) {
    return graph_append_input(c->graph, "x", shape2(1, 6));
}

/* which: x / c; x - c; x / c + c; (x - c) / 2^k; c - x; (x * 4 - c) behind a Quant with a scale */
static valref normalised(struct crossing *c, int which, valref x) {
    static const float deviations[6] = {0.3f, 0.7f, 1.1f, 0.25f, 3, -0.01f}, powers[6] = {2, 0.5f, 1, 4, -8, 0.25f};
    static const float means[6] = {0.1f, -0.7f, 11.1f, 0.25f, 0, 1e-3f};
    valref d = reals(c, "d", shape2(1, 6), deviations), m = reals(c, "m", shape2(1, 6), means),
           p = reals(c, "p", shape2(1, 6), powers);
    switch (which) {
    case 0: return op2(c, OP_DIV, "scaled", x, d);
    case 1: return op2(c, OP_SUB, "centred", x, m);
    case 2: return op2(c, OP_ADD, "centred", op2(c, OP_DIV, "scaled", x, d), m);
    case 3: return op2(c, OP_DIV, "scaled", op2(c, OP_SUB, "centred", x, m), p);
    default: return op2(c, OP_SUB, "turned", m, x);
    }
}

static void codes_behind_normalisation(void) {
    for (int which = 0; which < 5; which++) {
        struct crossing c = crossing_new();
        valref x = normalised(&c, which, input_of_six(&c));
        check_codes_at_port(&c, narrow1(&c, "iq", x, true, 9, 3), "take over the arithmetic in front of it");
        if (test_failed) return;
    }
}

static void scaled_codes_behind_normalisation(void) {
    struct crossing c = crossing_new();
    valref x = op2(&c, OP_MUL, "doubled", input_of_six(&c), scalar(&c, "two", 2));
    check_codes_at_port(
        &c, quant(&c, "iq", flattened(&c, x, 6), scalar(&c, "s", 0.3f), 5, 8, false, false, ROUND_HALF_EVEN),
        "take over the arithmetic in front of it");
}

/* QONNX's half up gives the last number below one half 1, and no port rounds so: an ordinary port of the quantiser's
 * range, and why is told. */
static void inexact_normalisation_is_told(void) {
    struct crossing c = crossing_new();
    valref x = op2(&c, OP_DIV, "scaled", op2(&c, OP_SUB, "centred", input_of_six(&c), scalar(&c, "m", 0.1f)),
                   scalar(&c, "d", 0.7f));
    graph_append_output(c.graph, "y", quant(&c, "iq", x, scalar(&c, "s", 0.11f), 0, 8, true, false, ROUND_HALF_AWAY));
    CROSS(c);
    CHECK(said(&c, SEVERITY_WARNING,
               "input 'x' does not carry the codes of the model's quantiser 'iq' behind 'centred': the model makes"));
    CHECK(!said(&c, SEVERITY_WARNING, "has no format"));
    CHECK(noted(&c, "ports",
                "s16f11, half_even, saturate; chosen by the range of the model's quantiser 'iq' behind 'centred'"));
    CHECK_EQ(differences(c.real, c.program.graph, EVENTS, 20, 1e-5), 0); /* the scale's product in binary32 */
    crossing_free(&c);
}

static void many_readers_see_one_quantiser(void) {
    struct crossing c = crossing_new();
    valref x = input_of_six(&c);
    valref a = narrow1(&c, "a", x, true, 7, 2), b = narrow1(&c, "b", flattened(&c, x, 6), true, 7, 2);
    union attributes back = {.reshape = {.shape = shape2(1, 6)}};
    b = graph_append(c.graph, OP_RESHAPE, "back", &b, 1, &back);
    check_codes_at_port(&c, op2(&c, OP_ADD, "sum", a, b),
                        "s7f2, half_even, saturate; chosen by the model's quantiser 'a'");
}

static void other_quantisers_are_not_taken(void) {
    struct crossing c = crossing_new();
    valref x = input_of_six(&c);
    graph_append_output(c.graph, "y",
                        op2(&c, OP_ADD, "sum", narrow1(&c, "a", x, true, 7, 2), narrow1(&c, "b", x, true, 7, 3)));
    CROSS(c);
    CHECK(said(&c, SEVERITY_WARNING, "input 'x' has no format: fixed<16,6> is taken"));
    CHECK_EQ(count_op(c.real, OP_NARROW), 3);
    crossing_free(&c);
}

static void port_from_calibration(void) {
    static const float events[2 * 3] = {0.5f, -100, 0, 0.7f, 90, 0};
    const float *data[1] = {events};
    struct crossing c = crossing_new();
    c.program.calibration = (struct calibration){2, data, 1};
    graph_append_output(c.graph, "y", op1(&c, OP_RELU, "r", real_input(&c, "x", 3), 0, 0));
    CROSS(c);
    valref input = graph_inputs(c.program.graph, c.program.graph->arena).at[0];
    CHECK_EQ(graph_format(c.program.graph, input, 0).fraction, 15); /* 0.875 needs no bit in front of the point */
    CHECK_EQ(graph_format(c.program.graph, input, 1).fraction, 8);  /* 125 needs seven */
    CHECK_EQ(graph_format(c.program.graph, input, 2).fraction, 10); /* always 0: nobody knows */
    CHECK_EQ(graph_format(c.program.graph, input, 0).width, 16);
    CHECK_EQ(differences(c.real, c.program.graph, EVENTS, 3, 0), 0);
    crossing_free(&c);
}

static void port_by_default_warns(void) {
    struct crossing c = crossing_new();
    graph_append_output(c.graph, "y", op1(&c, OP_RELU, "r", real_input(&c, "x", 3), 0, 0));
    CROSS(c);
    CHECK(said(&c, SEVERITY_WARNING, "input 'x' has no format: fixed<16,6> is taken"));
    crossing_free(&c);
}

static void port_options_are_checked(void) {
    struct crossing c = crossing_new();
    struct format two[2] = {{true, 8, 4}, {true, 8, 4}};
    struct input_options options[2] = {{.name = "x", .formats = {shape1(2), two}, .rounding = -1, .overflow = -1},
                                       {.name = "nobody", .formats = {shape1(2), two}, .rounding = -1, .overflow = -1}};
    graph_append_output(c.graph, "y", op1(&c, OP_RELU, "r", real_input(&c, "x", 3), 0, 0));
    c.options.inputs = options;
    c.options.input_count = 2;
    CHECK(cross(&c) < 0);
    CHECK(said(&c, SEVERITY_ERROR, "the model has no input 'nobody'"));
    crossing_free(&c);
}

static void unread_input_takes_no_bits(void) {
    struct crossing c = crossing_new();
    graph_append_output(c.graph, "y", narrow1(&c, "q", real_input(&c, "x", 3), true, 5, 1));
    real_input(&c, "unread", 2);
    CROSS(c);
    struct value_list inputs = graph_inputs(c.program.graph, c.program.graph->arena);
    CHECK_EQ(inputs.count, 2);
    CHECK_EQ(graph_format(c.program.graph, inputs.at[1], 0).width, 0);
    crossing_free(&c);
}

/* ---- activations ---- */

static void check_activation(enum op op, float alpha, float beta, int tables, bool exact) {
    struct crossing c = crossing_new();
    valref x = narrow1(&c, "q", real_input(&c, "x", 3), true, 8, 4);
    valref f = op1(&c, op, "f", x, alpha, beta);
    graph_append_output(c.graph, "y", tables ? narrow1(&c, "fq", f, true, 9, 7) : f);
    CROSS(c);
    CHECK_EQ((int)(count_op(c.program.graph, OP_TABLE) + count_op(c.program.graph, OP_THRESHOLD)), tables);
    CHECK_EQ(differences(c.real, c.program.graph, EVENTS, 12, 0), 0);
    CHECK(noted(&c, "integerise", exact ? "bit for bit, for events" : "table of a transcendental function"));
    crossing_free(&c);
}
static void tanh_is_a_table(void) {
    check_activation(OP_TANH, 0, 0, 1, false);
}
static void sigmoid_is_a_table(void) {
    check_activation(OP_SIGMOID, 0, 0, 1, false);
}
static void clip_is_exact(void) {
    check_activation(OP_CLIP, -1.25f, 2.5f, 0, true);
}
static void clip_above_is_exact(void) {
    check_activation(OP_CLIP, -INFINITY, 2.5f, 0, true);
}
static void clip_below_is_exact(void) {
    check_activation(OP_CLIP, 0, INFINITY, 0, true);
}
static void leaky_relu_is_exact(void) {
    check_activation(OP_LEAKY_RELU, 0.125f, 0, 0, true);
}
static void hard_sigmoid_is_exact(void) {
    check_activation(OP_HARD_SIGMOID, 0.25f, 0.5f, 0, true);
}
static void awkward_hard_sigmoid_is_a_lookup(void) {
    check_activation(OP_HARD_SIGMOID, 0.2f, 0.5f, 1, true);
}

/* Entries are the real function, correctly rounded, also where binary32 is not. */
static void tables_are_correctly_rounded(void) {
    struct crossing c = crossing_new();
    valref x = narrow1(&c, "q", real_input(&c, "x", 1), true, 9, 5);
    graph_append_output(c.graph, "y", narrow1(&c, "fq", op1(&c, OP_EXP, "exp", x, 0, 0), false, 45, 30));
    CROSS(c);
    CHECK_EQ(count_op(c.program.graph, OP_TABLE), 1);
    for (int64_t m = -256; m < 256; m++) {
        const int64_t *inputs = &m;
        int64_t got, *outputs = &got;
        CHECK(graph_run_integers(c.program.graph, 1, &inputs, &outputs) == 0);
        double rounded = nearbyint(ldexp(exp(ldexp((double)m, -5)), 30));
        CHECK_EQ(got, rounded < 0x1p45 ? (int64_t)rounded : (1ll << 45) - 1);
    }
    crossing_free(&c);
}

/* Constants of 24 bits in front of a quantiser: every integer of the operand gives what binary32 gives. */
static void check_affine_chain(int width, int out_width, float factor_scale, bool divide) {
    static const float gains[4] = {0.7341181f, -0.013f, 2.0654619f, 0.3333333f},
                       offsets[4] = {-1.1436615f, 0.49f, 0.0123f, -0.2f};
    struct crossing c = crossing_new();
    float factors[4];
    for (int i = 0; i < 4; i++) factors[i] = gains[i] * factor_scale;
    valref x = narrow1(&c, "q", real_input(&c, "x", 4), true, width, 3);
    valref m = op2(&c, divide ? OP_DIV : OP_MUL, "scale", x, reals(&c, "gain", shape1(4), factors));
    valref a = op2(&c, OP_SUB, "shift", reals(&c, "offset", shape2(1, 4), offsets), m);
    valref r = op1(&c, OP_LEAKY_RELU, "leaky", a, 0.3f, 0);
    graph_append_output(c.graph, "y", narrow1(&c, "out", r, true, out_width, 2));
    CROSS(c);
    CHECK_EQ(count_op(c.program.graph, OP_TABLE) + count_op(c.program.graph, OP_THRESHOLD), 1);
    CHECK_EQ(differences(c.real, c.program.graph, EVENTS, ldexpf(1, width - 4), 0), 0);
    CHECK(noted(&c, "integerise", "bit for bit, for events"));
    crossing_free(&c);
}
static void narrow_affine_chain_is_a_lookup(void) {
    check_affine_chain(6, 6, 1, false);
}
static void wide_affine_chain_is_a_staircase(void) {
    check_affine_chain(20, 4, 1, false);
}
static void division_is_a_staircase(void) {
    check_affine_chain(16, 4, 3, true);
}

/* Too many steps for a staircase: exact arithmetic, told. */
static void fine_standardisation_is_arithmetic(void) {
    static const float mean[3] = {0.125f, -3.75f, 11.5f}, deviation[3] = {0.77f, 3.3f, 9.9f};
    struct crossing c = crossing_new();
    valref x = real_input(&c, "x", 3);
    valref d = op2(&c, OP_DIV, "divide", op2(&c, OP_SUB, "centre", x, reals(&c, "mean", shape1(3), mean)),
                   reals(&c, "deviation", shape1(3), deviation));
    graph_append_output(c.graph, "y", narrow1(&c, "q", d, true, 14, 8));
    struct input_options plain = {
        .formats = formats_uniform(c.context->arena, (struct format){true, 16, 7}), .rounding = -1, .overflow = -1};
    c.options.inputs = &plain;
    c.options.input_count = 1;
    CROSS(c);
    CHECK_EQ(count_op(c.program.graph, OP_TABLE) + count_op(c.program.graph, OP_THRESHOLD), 0);
    CHECK_EQ(differences(c.real, c.program.graph, EVENTS, 20, 1.0 / 256), 0);
    CHECK(noted(&c, "integerise", "'divide' divides"));
    crossing_free(&c);
}

/* ---- functions between a wide integer and the model's quantiser ---- */

static valref wide_function(struct crossing *c, enum op op) {
    static float weights[4 * 3];
    fill(weights, 12, 1, 31);
    for (int i = 0; i < 12; i++) weights[i] = ldexpf(roundf(ldexpf(weights[i], 9)), -9);
    valref x = narrow1(c, "iq", real_input(c, "x", 4), true, 12, 7);
    valref sum = op2(c, OP_ADD, "bias", op2(c, OP_MATMUL, "dense", x, reals(c, "w", shape2(4, 3), weights)),
                     scalar(c, "b", 0.3f));
    return op1(c, op, "function", sum, 0, 0);
}

/* quantise, then the line: the integers against the float graph in front of both. */
static void check_wide_function(enum op op, int width, int fraction, enum overflow overflow, bool exact) {
    struct crossing c = crossing_new();
    struct format format = {op == OP_TANH, (int16_t)width, (int16_t)fraction};
    valref q =
        narrow(&c, "q", wide_function(&c, op), formats_uniform(c.graph->arena, format), ROUND_HALF_EVEN, overflow);
    graph_append_output(c.graph, "y", q);
    struct graph *before = graph_clone(c.graph);
    bool changed = false;
    c.program.options = &c.options;
    CHECK(pass_quantise(&c.program, &changed) == 0);
    CROSS(c);
    CHECK_EQ(noted(&c, "quantise", "'function' reads an index of 10 bits"), !exact);
    CHECK_EQ(count_op(c.program.graph, OP_THRESHOLD) == 1 && count_op(c.program.graph, OP_TABLE) == 0, exact);
    if (exact) CHECK_EQ(differences(before, c.program.graph, EVENTS, 20, 0), 0);
    graph_free(before);
    crossing_free(&c);
}

static void wide_sigmoid_is_an_exact_staircase(void) {
    check_wide_function(OP_SIGMOID, 8, 8, OVERFLOW_SATURATE, true);
}
static void wide_tanh_is_an_exact_staircase(void) {
    check_wide_function(OP_TANH, 8, 6, OVERFLOW_WRAP, true);
}
static void wide_exp_is_an_exact_staircase(void) {
    check_wide_function(OP_EXP, 7, 3, OVERFLOW_SATURATE, true);
}
static void wide_sigmoid_that_wraps_is_told(void) {
    check_wide_function(OP_SIGMOID, 8, 8, OVERFLOW_WRAP, false);
}
static void wide_sigmoid_of_many_steps_is_told(void) {
    check_wide_function(OP_SIGMOID, 16, 16, OVERFLOW_SATURATE, false);
}

/* The quantiser sees tanh itself, through arithmetic with constants: nothing rounds between them. */
static void function_behind_arithmetic_is_one_table(void) {
    struct crossing c = crossing_new();
    valref x = narrow1(&c, "q", real_input(&c, "x", 4), true, 6, 2);
    valref bent = op1(&c, OP_LEAKY_RELU, "bent", op1(&c, OP_TANH, "t", x, 0, 0), 0.125f, 0);
    graph_append_output(c.graph, "y",
                        narrow1(&c, "rounded", op2(&c, OP_MUL, "half", bent, scalar(&c, "m", 0.7f)), true, 6, 4));
    bool changed = false;
    c.program.options = &c.options;
    CHECK(pass_quantise(&c.program, &changed) == 0);
    CROSS(c);
    CHECK_EQ(count_op(c.program.graph, OP_NARROW), 1); /* the port's */
    CHECK_EQ(count_op(c.program.graph, OP_TABLE) + count_op(c.program.graph, OP_THRESHOLD), 1);
    crossing_free(&c);
}

/* Both ends wrap to the largest code, which a saturation would give, too. */
static void wrapping_twice_is_no_staircase(void) {
    struct crossing c = crossing_new();
    valref x = narrow1(&c, "q", real_input(&c, "x", 4), true, 6, 5);
    valref turned = op2(&c, OP_SUB, "turned", scalar(&c, "m", 8.38f), x);
    graph_append_output(c.graph, "y",
                        narrow(&c, "wrapped", turned, formats_uniform(c.graph->arena, (struct format){true, 3, 3}),
                               ROUND_HALF_UP, OVERFLOW_WRAP));
    CROSS(c);
    CHECK_EQ(differences(c.real, c.program.graph, EVENTS, 2, 0), 0);
    crossing_free(&c);
}

/* ---- quantisers that are no narrowing ---- */

static void check_quant_staircase(float scale, float zero, float bits, bool is_signed, bool narrow_range,
                                  double tolerance) {
    struct crossing c = crossing_new();
    valref x = narrow1(&c, "q", real_input(&c, "x", 5), true, 12, 6);
    valref q = quant(&c, "Quant_0", op1(&c, OP_RELU, "r", x, 0, 0), scalar(&c, "s", scale), zero, bits, is_signed,
                     narrow_range, ROUND_HALF_EVEN);
    graph_append_output(c.graph, "y", q);
    CROSS(c);
    CHECK_EQ(count_op(c.program.graph, OP_TABLE) + count_op(c.program.graph, OP_THRESHOLD), 1);
    CHECK_EQ(differences(c.real, c.program.graph, EVENTS, 40, tolerance), 0);
    crossing_free(&c);
}
static void quant_of_other_scale(void) {
    check_quant_staircase(0.3f, 0, 4, true, false, 1e-6);
}
static void quant_with_zero_point(void) {
    check_quant_staircase(0.25f, 3, 5, false, false, 0);
}
static void quant_one_bit(void) {
    check_quant_staircase(0.5f, 0, 1, true, false, 0);
}
static void quant_unsigned_narrow(void) {
    check_quant_staircase(0.5f, 0, 4, false, true, 0);
}
static void quant_part_bits(void) {
    check_quant_staircase(0.5f, 0, 3.5f, true, false, 0);
}

/* Integers with scales: codes at the port, scaled weights, a bias on the product's scale, requantised. */
static void scaled_integers(void) {
    struct crossing c = crossing_new();
    float w[12], b[3];
    fill(w, 12, 0.3, 5);
    fill(b, 3, 0.2, 6);
    float product = 0.05f * 0.011f;
    valref x = quant(&c, "xq", real_input(&c, "x", 4), scalar(&c, "s", 0.05f), 7, 8, false, false, ROUND_HALF_EVEN);
    valref weights =
        quant(&c, "wq", reals(&c, "w", shape2(4, 3), w), scalar(&c, "s", 0.011f), 0, 6, true, true, ROUND_HALF_EVEN);
    valref bias =
        quant(&c, "bq", reals(&c, "b", shape1(3), b), scalar(&c, "s", product), 0, 16, true, false, ROUND_HALF_EVEN);
    valref sum = op2(&c, OP_ADD, "add", op2(&c, OP_MATMUL, "matmul", x, weights), bias);
    valref q = quant(&c, "yq", op1(&c, OP_RELU, "relu", sum, 0, 0), scalar(&c, "s", 0.07f), 0, 4, false, false,
                     ROUND_HALF_EVEN);
    graph_append_output(c.graph, "y", q);
    CROSS(c);
    valref input = graph_inputs(c.program.graph, c.program.graph->arena).at[0];
    CHECK(graph_definition(c.program.graph, input)->attributes.input.meaning.scale != NULL);
    CHECK_EQ(graph_format(c.program.graph, input, 0).width, 8);
    CHECK(noted(&c, "integerise", "fixed need not equal"));
    long wrong = differences(c.real, c.program.graph, EVENTS, 15, 1e-5);
    CHECK(wrong >= 0 && wrong <= EVENTS * 3 / 1000); /* binary32 rounds its sums, integers do not */
    crossing_free(&c);
}

/* ---- different scales ---- */

enum {
    MIXED_SUM,
    MIXED_CONCAT,
    MIXED_CHANNELS,
    MIXED_BIAS,
    MIXED_CLIP,
    MIXED_LEAKY,
    MIXED_ARGMAX,
    MIXED_RESIDUAL,
    MIXED_COUNT
};

static valref scaled(struct crossing *c, const char *name, valref x, float scale, float bits) {
    return quant(c, name, x, scalar(c, "s", scale), 0, bits, true, false, ROUND_HALF_EVEN);
}

/* Weights of one scale a column. */
static valref weights_by_channel(struct crossing *c) {
    static const float scales[3] = {0.11f, 0.07f, 0.3f};
    float w[12];
    fill(w, 12, 0.9, 8);
    return quant(c, "wq", reals(c, "w", shape2(4, 3), w), reals(c, "s", shape2(1, 3), scales), 0, 4, true, true,
                 ROUND_HALF_EVEN);
}

static valref mixed_network(struct crossing *c, int which) {
    static const float by_feature[4] = {0.05f, 0.1f, 0.1f, 0.3f}, ones[8] = {1, 1, 1, 1, 1, 1, 1, 1};
    valref x = narrow1(c, "q", real_input(c, "x", 4), true, 8, 4);
    valref a = scaled(c, "aq", x, 0.3f, 4), b = scaled(c, "bq", x, 0.7f, 4), both[2] = {a, b};
    union attributes axis = {.axis = {.axis = 1}};
    valref channels = op2(c, OP_MATMUL, "m", scaled(c, "xq", x, 0.13f, 6), weights_by_channel(c));
    valref bias = quant(c, "cq", reals(c, "b", shape1(3), (float[3]){0.31f, -0.7f, 0.2f}), scalar(c, "s", 0.0131f), 0,
                        8, true, false, ROUND_HALF_EVEN);
    switch (which) {
    case MIXED_SUM: return op2(c, OP_ADD, "y", a, b);
    case MIXED_CONCAT:
        return op2(c, OP_MATMUL, "y", graph_append(c->graph, OP_CONCAT, "k", both, 2, &axis),
                   reals(c, "one", shape2(8, 1), ones));
    case MIXED_CHANNELS:
        return op2(c, OP_MATMUL, "y",
                   quant(c, "fq", x, reals(c, "s", shape2(1, 4), by_feature), 0, 6, true, false, ROUND_HALF_EVEN),
                   weights_by_channel(c));
    case MIXED_BIAS: return op1(c, OP_RELU, "y", op2(c, OP_ADD, "n", channels, bias), 0, 0);
    case MIXED_CLIP: return op1(c, OP_CLIP, "y", channels, -0.5f, 0x1.fffffep+127f);
    case MIXED_LEAKY: return op1(c, OP_LEAKY_RELU, "y", channels, 0.25f, 0);
    case MIXED_ARGMAX: return graph_append(c->graph, OP_ARGMAX, "y", &channels, 1, &axis);
    default: return scaled(c, "yq", op1(c, OP_RELU, "r", op2(c, OP_ADD, "n", a, b), 0, 0), 0.11f, 6);
    }
}

/* On a common grid: only binary32 rounds, which moves a code where it stands at a step. */
static void different_scales_share_a_grid(void) {
    for (int which = 0; which < MIXED_COUNT; which++) {
        struct crossing c = crossing_new();
        graph_append_output(c.graph, "y", mixed_network(&c, which));
        CROSS(c);
        long wrong = differences(c.real, c.program.graph, EVENTS, 6, 1e-5);
        if (wrong) fprintf(stderr, "  network %d\n", which);
        CHECK_EQ(wrong, 0);
        crossing_free(&c);
    }
}

/* A bias quantised with the product of the scales has that product rounded: no factor is needed. */
static void a_rounded_product_is_the_product(void) {
    struct crossing c = crossing_new();
    float w[12], scale = 0.13f * 0.11f;
    fill(w, 12, 0.9, 9);
    valref m = op2(&c, OP_MATMUL, "m", scaled(&c, "xq", real_input(&c, "x", 4), 0.13f, 6),
                   scaled(&c, "wq", reals(&c, "w", shape2(4, 3), w), 0.11f, 4));
    valref bias = scaled(&c, "bq", reals(&c, "b", shape1(3), (float[3]){0.31f, -0.7f, 0.2f}), scale, 16);
    graph_append_output(c.graph, "y", op1(&c, OP_RELU, "y", op2(&c, OP_ADD, "n", m, bias), 0, 0));
    CROSS(c);
    CHECK_EQ(count_op(c.program.graph, OP_MUL), 0);
    CHECK_EQ(differences(c.real, c.program.graph, EVENTS, 6, 1e-5), 0);
    crossing_free(&c);
}

/* Ratios of powers of two are shifts. */
static void powers_of_two_between_scales_are_shifts(void) {
    struct crossing c = crossing_new();
    valref x = narrow1(&c, "q", real_input(&c, "x", 4), true, 8, 4);
    graph_append_output(c.graph, "y", op2(&c, OP_ADD, "y", scaled(&c, "aq", x, 0.3f, 4), scaled(&c, "bq", x, 1.2f, 4)));
    CROSS(c);
    const struct graph *graph = c.program.graph;
    for (uint32_t i = 0; i < graph->node_count; i++)
        if (graph->nodes[i].op == OP_CONSTANT) CHECK_EQ(graph_format(graph, graph->nodes[i].result, 0).width, 1);
    CHECK_EQ(differences(c.real, graph, EVENTS, 6, 1e-5), 0);
    crossing_free(&c);
}

/* Where the exact factors leave 64 bits, those of fewer bits are told. */
static void ratios_without_room_are_told(void) {
    struct crossing c = crossing_new();
    valref x = narrow1(&c, "q", real_input(&c, "x", 4), true, 40, 24);
    float w[12];
    fill(w, 12, 0.9, 9);
    valref a = op2(&c, OP_MATMUL, "a", x, scaled(&c, "aq", reals(&c, "w", shape2(4, 3), w), 0.3f, 4));
    valref b = op2(&c, OP_MATMUL, "b", x, scaled(&c, "bq", reals(&c, "w", shape2(4, 3), w), 0.7f, 4));
    graph_append_output(c.graph, "y", op2(&c, OP_ADD, "y", a, b));
    CROSS(c);
    CHECK(noted(&c, "integerise", "scales without a common grid within 64 bits are joined by factors of"));
    CHECK_EQ(differences(c.real, c.program.graph, EVENTS, 6, 1e-2), 0);
    crossing_free(&c);
}

/* A number of 16 bits times 1234567.1 beside one of 46 bits that is a tenth: on no grid of 62 bits, and odd scales. */
static valref far_apart(struct crossing *c, enum op op) {
    valref x = real_input(c, "x", 4), big = scaled(c, "big", x, 1234567.1f, 16);
    valref small = quant(c, "small", x, reals(c, "s", shape2(1, 4), (float[4]){3.71e-5f, 5.13e-5f, 4.21e-5f, 4.7e-5f}),
                         0, 16, true, false, ROUND_HALF_EVEN);
    valref cube = op2(c, OP_MUL, "cube", op2(c, OP_MUL, "square", small, small), small), both[2] = {big, cube};
    union attributes axis = {.axis = {.axis = 1}};
    if (op == OP_ADD || op == OP_SUB) return op2(c, op, "y", cube, big);
    valref all = graph_append(c->graph, OP_CONCAT, "all", both, 2, &axis);
    if (op == OP_CONCAT) return all;
    if (op != OP_MATMUL) return graph_append(c->graph, op, "y", &all, 1, &axis);
    float w[8];
    fill(w, 8, 0.9, 5);
    return op2(c, OP_MATMUL, "y", all, scaled(c, "wq", reals(c, "w", shape2(8, 1), w), 0.013f, 8));
}

/* Operands are rounded to a grid that leaves room: no more than binary32 rounds, and told. */
static void sums_without_room_are_rounded(void) {
    static const enum op ops[] = {OP_ADD, OP_SUB, OP_CONCAT, OP_REDUCE_SUM, OP_REDUCE_MAX, OP_MATMUL};
    for (size_t i = 0; i < sizeof ops / sizeof *ops; i++) {
        struct crossing c = crossing_new();
        struct format format = {true, 40, 6};
        struct input_options options[1] = {{.name = "x", .formats = {{0}, &format}, .rounding = -1, .overflow = -1}};
        c.options.inputs = options, c.options.input_count = 1;
        graph_append_output(c.graph, "y", far_apart(&c, ops[i]));
        CROSS(c);
        long wrong = differences(c.real, c.program.graph, EVENTS, 4e9f, 16e9 * 0x1p-21) +
                     differences(c.real, c.program.graph, EVENTS, 2.0f, 3e-6);
        if (wrong) fprintf(stderr, "  operator %s\n", op_info(ops[i])->name);
        CHECK_EQ(wrong, 0);
        CHECK(ops[i] == OP_CONCAT || noted(&c, "integerise", "' has no room for all bits of '"));
        crossing_free(&c);
    }
}

static void what_has_no_form_is_refused(void) {
    struct crossing c = crossing_new();
    valref x = narrow1(&c, "q", real_input(&c, "x", 4), true, 8, 4);
    graph_append_output(c.graph, "z", op2(&c, OP_DIV, "Div_3", x, x));
    graph_append_output(c.graph, "t",
                        op2(&c, OP_MATMUL, "MatMul_4", op1(&c, OP_TANH, "Tanh_9", x, 0, 0),
                            reals(&c, "w", shape2(4, 1), (float[4]){1, 1, 1, 1})));
    CHECK(cross(&c) < 0);
    CHECK(said(&c, SEVERITY_ERROR, "operator 'div' of two variables has no integer form"));
    CHECK(said(&c, SEVERITY_ERROR,
               "'Tanh_9' has no exact form in integers, and 'MatMul_4', which reads it, is no quantiser"));
    CHECK_EQ(c.context->diagnostics.errors, 2);
    crossing_free(&c);
}

/* A binary network: bipolar weights and activations, batch normalisation between, scaling at the end. */
static valref bipolar(struct crossing *c, const char *name, valref x) {
    valref operands[2] = {x, scalar(c, "one", 1)};
    return graph_append(c->graph, OP_BIPOLAR_QUANT, name, operands, 2, NULL);
}

static valref batch_norm(struct crossing *c, const char *name, valref x, int64_t channels, uint64_t seed) {
    float parameters[4][16];
    valref operands[5] = {x};
    for (int k = 0; k < 4; k++) {
        fill(parameters[k], 16, k == 3 ? 1 : 2, seed + (uint64_t)k);
        for (int i = 0; k == 3 && i < 16; i++) parameters[k][i] = parameters[k][i] * parameters[k][i] * 50 + 1;
        operands[k + 1] = reals(c, "parameter", shape1(channels), parameters[k]);
    }
    union attributes attributes = {.normalization = {1e-5f}};
    return graph_append(c->graph, OP_BATCH_NORM, name, operands, 5, &attributes);
}

static void binary_network(bool with_output_scaling) {
    struct crossing c = crossing_new();
    float w[12 * 16], v[16 * 4];
    fill(w, 12 * 16, 1, 11);
    fill(v, 16 * 4, 1, 12);
    valref x = op2(&c, OP_SUB, "Sub_9", op2(&c, OP_MUL, "Mul_7", real_input(&c, "x", 12), scalar(&c, "two", 2)),
                   scalar(&c, "one", 1));
    valref first =
        op2(&c, OP_MATMUL, "MatMul_16", bipolar(&c, "bx", x), bipolar(&c, "bw", reals(&c, "w", shape2(12, 16), w)));
    valref hidden = bipolar(&c, "bh", batch_norm(&c, "BN_17", first, 16, 21));
    valref y = op2(&c, OP_MATMUL, "MatMul_40", hidden, bipolar(&c, "bv", reals(&c, "v", shape2(16, 4), v)));
    if (with_output_scaling) {
        y = op2(&c, OP_SUB, "Sub_41", y, scalar(&c, "mean", 0.4488643f));
        y = op2(&c, OP_DIV, "Div_44", y, scalar(&c, "deviation", 17.837f));
        y = op2(&c, OP_ADD, "Add_46", op2(&c, OP_MUL, "Mul_45", y, scalar(&c, "g", 0.7341181f)),
                scalar(&c, "o", -1.1436615f));
    }
    graph_append_output(c.graph, "y", y);
    CROSS(c);
    CHECK_EQ(count_op(c.program.graph, OP_THRESHOLD) + count_op(c.program.graph, OP_TABLE), 2);
    CHECK_EQ(differences(c.real, c.program.graph, EVENTS, 2, with_output_scaling ? 1e-5 : 0), 0);
    CHECK(with_output_scaling == (c.program.graph->outputs[0].meaning.scale != NULL));
    CHECK(with_output_scaling || noted(&c, "integerise", "bit for bit, for events"));
    crossing_free(&c);
}
static void binary_network_is_exact(void) {
    binary_network(false);
}
static void final_scaling_is_a_meaning(void) {
    binary_network(true);
}

/* ---- movement ---- */

static void chains_move(void) {
    static const float gains[6] = {0.3f, 0.7f, 1.1f, -0.9f, 0.13f, 2.3f},
                       offsets[6] = {0.1f, -0.2f, 0.3f, 0.4f, -0.5f, 0.6f};
    struct crossing c = crossing_new();
    valref x = narrow1(&c, "q", real_input(&c, "x", 6), true, 7, 3);
    valref m = op2(&c, OP_ADD, "a", op2(&c, OP_MUL, "m", x, reals(&c, "g", shape1(6), gains)),
                   reals(&c, "o", shape1(6), offsets));
    union attributes reshape = {.reshape = {.shape = shape2(2, 3)}}, transpose = {.transpose = {.permutation = {1, 0}}};
    valref r = graph_append(c.graph, OP_RESHAPE, "r", &m, 1, &reshape);
    valref t = graph_append(c.graph, OP_TRANSPOSE, "t", &r, 1, &transpose);
    valref a = narrow1(&c, "aq", t, true, 6, 2);
    valref b = narrow1(&c, "bq", op1(&c, OP_TANH, "tanh", t, 0, 0), true, 6, 4);
    valref both[2] = {a, b};
    union attributes concat = {.axis = {.axis = 1}};
    graph_append_output(c.graph, "y", graph_append(c.graph, OP_CONCAT, "c", both, 2, &concat));
    CROSS(c);
    CHECK_EQ(differences(c.real, c.program.graph, EVENTS, 9, 0), 0);
    crossing_free(&c);
}

static void constants_wider_than_chains(void) {
    static const float gains[4] = {0.3f, 0.7f, 1.1f, -0.9f};
    struct crossing c = crossing_new();
    valref x = narrow1(&c, "q", real_input(&c, "x", 1), true, 7, 3);
    valref m = op2(&c, OP_MUL, "m", op2(&c, OP_ADD, "a", x, scalar(&c, "o", 0.11f)), reals(&c, "g", shape1(4), gains));
    graph_append_output(c.graph, "y", narrow1(&c, "yq", m, true, 3, 0));
    CROSS(c);
    CHECK_EQ(differences(c.real, c.program.graph, EVENTS, 9, 0), 0);
    crossing_free(&c);
}

static void variables_meet(void) {
    struct crossing c = crossing_new();
    valref x = narrow1(&c, "q", real_input(&c, "x", 4), true, 6, 3);
    valref r = op1(&c, OP_RELU, "r", x, 0, 0);
    union attributes axis = {.axis = {.axis = 1, .keep_dimensions = true}};
    valref largest = graph_append(c.graph, OP_REDUCE_MAX, "max", &x, 1, &axis),
           sum = graph_append(c.graph, OP_REDUCE_SUM, "sum", &r, 1, &axis);
    valref y = op2(&c, OP_ADD, "y0", op2(&c, OP_MUL, "y1", op2(&c, OP_SUB, "y2", largest, x), r), sum);
    valref last = op2(&c, OP_ADD, "y3", y, x);
    graph_append_output(c.graph, "y", op2(&c, OP_MUL, "sq", last, last));
    CROSS(c);
    CHECK_EQ(differences(c.real, c.program.graph, EVENTS, 9, 0), 0);
    crossing_free(&c);
}

static void argmax_stays(void) {
    struct crossing c = crossing_new();
    valref y = dense(&c, "one", narrow1(&c, "q", real_input(&c, "x", 4), true, 6, 2), 4, 5, false, 9);
    union attributes axis = {.axis = {.axis = 1}};
    graph_append_output(c.graph, "y", graph_append(c.graph, OP_ARGMAX, "argmax", &y, 1, &axis));
    CROSS(c);
    CHECK_EQ(differences(c.real, c.program.graph, EVENTS, 9, 0), 0);
    crossing_free(&c);
}

/* Gains that leave binary32 make infinities, which a quantiser saturates; nothing overflows on the way there. */
static void batch_norms_of_huge_gain(void) {
    static const float gains[][2] = {{1e30f, 1e-20f}, {3e38f, 1e-38f}, {1e38f, 1}, {1e-30f, 1}, {-3e38f, 1e-30f}};
    for (size_t i = 0; i < 2 * sizeof gains / sizeof *gains; i++) {
        struct crossing c = crossing_new();
        valref operands[5] = {
            narrow1(&c, "q", real_input(&c, "x", 1), true, 6, 2), reals(&c, "gain", shape1(1), &gains[i / 2][0]),
            reals(&c, "shift", shape1(1), &(float){0.5f}), reals(&c, "mean", shape1(1), &(float){0.125f}),
            reals(&c, "variance", shape1(1), &gains[i / 2][1])};
        union attributes attributes = {.normalization = {0}};
        valref y = graph_append(c.graph, OP_BATCH_NORM, "bn", operands, 5, &attributes);
        graph_append_output(c.graph, "y", i % 2 ? y : narrow1(&c, "of_bn", y, true, 8, 2));
        CROSS(c);
        if (i % 2 == 0) CHECK_EQ(differences(c.real, c.program.graph, EVENTS, 12, 0), 0);
        crossing_free(&c);
        if (test_failed) return;
    }
}

int main(void) {
    RUN(quant_becomes_narrow);
    RUN(other_quants_stay);
    RUN(trunc_becomes_narrow);
    RUN(constants_are_folded);
    RUN(dense_layers_are_exact);
    RUN(wide_sums_are_told);
    RUN(half_up_port_wraps);
    RUN(half_up_port_saturates);
    RUN(half_up_port_symmetric);
    RUN(half_up_port_zeroes);
    RUN(port_behind_reshape);
    RUN(scales_behind_movements);
    RUN(formats_behind_movements);
    RUN(codes_behind_normalisation);
    RUN(scaled_codes_behind_normalisation);
    RUN(inexact_normalisation_is_told);
    RUN(many_readers_see_one_quantiser);
    RUN(other_quantisers_are_not_taken);
    RUN(port_from_calibration);
    RUN(port_by_default_warns);
    RUN(port_options_are_checked);
    RUN(unread_input_takes_no_bits);
    RUN(tanh_is_a_table);
    RUN(sigmoid_is_a_table);
    RUN(clip_is_exact);
    RUN(clip_above_is_exact);
    RUN(clip_below_is_exact);
    RUN(leaky_relu_is_exact);
    RUN(hard_sigmoid_is_exact);
    RUN(awkward_hard_sigmoid_is_a_lookup);
    RUN(tables_are_correctly_rounded);
    RUN(narrow_affine_chain_is_a_lookup);
    RUN(wide_affine_chain_is_a_staircase);
    RUN(division_is_a_staircase);
    RUN(fine_standardisation_is_arithmetic);
    RUN(wide_sigmoid_is_an_exact_staircase);
    RUN(wide_tanh_is_an_exact_staircase);
    RUN(wide_exp_is_an_exact_staircase);
    RUN(wide_sigmoid_that_wraps_is_told);
    RUN(function_behind_arithmetic_is_one_table);
    RUN(wrapping_twice_is_no_staircase);
    RUN(wide_sigmoid_of_many_steps_is_told);
    RUN(quant_of_other_scale);
    RUN(quant_with_zero_point);
    RUN(quant_one_bit);
    RUN(quant_unsigned_narrow);
    RUN(quant_part_bits);
    RUN(scaled_integers);
    RUN(different_scales_share_a_grid);
    RUN(a_rounded_product_is_the_product);
    RUN(powers_of_two_between_scales_are_shifts);
    RUN(ratios_without_room_are_told);
    RUN(sums_without_room_are_rounded);
    RUN(what_has_no_form_is_refused);
    RUN(binary_network_is_exact);
    RUN(final_scaling_is_a_meaning);
    RUN(chains_move);
    RUN(constants_wider_than_chains);
    RUN(variables_meet);
    RUN(argmax_stays);
    RUN(batch_norms_of_huge_gain);
    TEST_EXIT();
}
