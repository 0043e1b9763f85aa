/* Quantisers: QONNX's on its own vectors, and narrowing of real numbers against fixed.c. */
#include "ir/eval.h"
#include "ir/ops.h"
#include "ir/verify.h"
#include "tests/test.h"

#include <math.h>

enum kind { QUANT, BIPOLAR, TRUNC_1, TRUNC_2, FLOAT };

struct vector {
    enum kind kind;
    enum rounding rounding;
    bool is_signed, narrow;
    uint32_t in[6], out;
};

#include "tests/unit/qonnx_vectors.h"

static float float_of(uint32_t bits) {
    float out;
    memcpy(&out, &bits, sizeof out);
    return out;
}

static float run(const struct vector *vector) {
    float in[6];
    struct quantizer_attributes attributes = {.rounding = vector->rounding,
                                              .is_signed = vector->is_signed,
                                              .narrow = vector->narrow,
                                              .version = vector->kind == TRUNC_2 ? 2 : 1};
    for (int i = 0; i < 6; i++) in[i] = float_of(vector->in[i]);
    if (vector->kind == QUANT) return quant_real(in[0], in[1], in[2], in[3], &attributes);
    if (vector->kind == FLOAT) return float_quant_real(in[0], in, vector->rounding);
    if (vector->kind == BIPOLAR) return bipolar_quant_real(in[0], in[1]);
    return trunc_quant_real(in[0], in[1], in[2], in[3], in[4], in[5], &attributes);
}

static void qonnx_vectors(void) {
    size_t count = sizeof vectors / sizeof *vectors;
    CHECK(count > 600);
    for (size_t i = 0; i < count; i++) {
        float y = run(&vectors[i]), expected = float_of(vectors[i].out);
        if (y != expected) {
            test_fail(__FILE__, __LINE__, "vector %zu: %a, not %a", i, (double)y, (double)expected);
            return;
        }
    }
}

static union attributes attributes_of(const struct vector *vector) {
    return (union attributes){.quantizer = {.rounding = vector->rounding,
                                            .is_signed = vector->is_signed,
                                            .narrow = vector->narrow,
                                            .version = vector->kind == TRUNC_2 ? 2 : 1}};
}

/* The same through a graph, in lanes. */
static void qonnx_vectors_in_graphs(void) {
    static const enum op ops[] = {OP_QUANT, OP_BIPOLAR_QUANT, OP_TRUNC_QUANT, OP_TRUNC_QUANT, OP_FLOAT_QUANT};
    static const int used[5][6] = {{0, 1, 2, 3}, {0, 1}, {0, 1, 2, 3, 5}, {0, 1, 2, 3, 4, 5}, {0, 1, 2, 3, 4, 5}};
    static const uint32_t counts[] = {4, 2, 5, 6, 6};
    for (size_t i = 0; i < sizeof vectors / sizeof *vectors; i += 3) {
        const struct vector *vector = &vectors[i];
        struct bxc_context *context = context_new();
        struct graph *graph = graph_new(context, "g");
        struct shape one = {.rank = 1, .dim = {1}};
        union attributes attributes = attributes_of(vector);
        valref operands[6] = {graph_append_input(graph, "x", one)};
        for (uint32_t k = 1; k < counts[vector->kind]; k++)
            operands[k] = graph_append_reals(graph, "p", one, &(float){float_of(vector->in[used[vector->kind][k]])});
        graph_append_output(graph, "y",
                            graph_append(graph, ops[vector->kind], "q", operands, counts[vector->kind], &attributes));
        float x[3] = {float_of(vector->in[0]), 0, float_of(vector->in[0])}, y[3];
        CHECK(graph_verify(graph) == 0);
        CHECK(graph_run_reals(graph, 3, &(const float *){x}, &(float *){y}) == 0);
        CHECK(y[0] == float_of(vector->out) && y[2] == y[0]);
        graph_free(graph);
        context_free(context);
    }
}

/* ---- narrow ---- */

static uint64_t state = 11;

static uint64_t random_bits(void) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (state ^ (state >> 29)) * 0xbf58476d1ce4e5b9u >> 16;
}

/* Ties, edges of the format, numbers next to both, and any bit pattern. */
static float random_real(struct format format) {
    double step = ldexp(1.0, -format.fraction);
    double near = ((double)(int64_t)(random_bits() % 64) - 32) * step / 2;
    double edge = (double)(random_bits() & 1 ? format_max(format) : format_min(format)) * step;
    switch (random_bits() % 8) {
    case 0: return (float)near;
    case 1: return nextafterf((float)near, (float)(random_bits() & 1 ? INFINITY : -INFINITY));
    case 2: return (float)(edge + near);
    case 3: return nextafterf((float)(edge + near), 0.0f);
    case 4: return (float)(near * 1000);
    case 5: return random_bits() % 4 ? 0.49999997f * (float)step : -0.0f;
    default: return float_of((uint32_t)random_bits());
    }
}

static void compare_narrow(const float *x, const float *y, size_t count,
                           const struct quantizer_attributes *attributes) {
    for (size_t i = 0; i < count; i++) {
        struct format format = attributes->formats.at[0];
        int64_t integer;
        if (!fixed_from_real((double)x[i], format, attributes->rounding, attributes->overflow, &integer)) {
            CHECK(isnan(y[i]));
            continue;
        }
        float expected = (float)fixed_to_real(integer, format.fraction);
        if (y[i] != expected || signbit(y[i]) != signbit(expected)) {
            test_fail(__FILE__, __LINE__, "%a to %d.%d, %s, %s: %a, not %a", (double)x[i], format.width,
                      format.fraction, rounding_names[attributes->rounding], overflow_names[attributes->overflow],
                      (double)y[i], (double)expected);
            return;
        }
    }
}

static void try_narrow(struct format format, enum rounding rounding, enum overflow overflow) {
    enum { COUNT = 640 };
    float x[COUNT], y[COUNT];
    struct bxc_context *context = context_new();
    struct graph *graph = graph_new(context, "g");
    union attributes attributes = {
        .quantizer = {.rounding = rounding, .overflow = overflow, .formats = formats_uniform(graph->arena, format)}};
    valref in = graph_append_input(graph, "x", (struct shape){.rank = 1, .dim = {1}});
    graph_append_output(graph, "y", graph_append(graph, OP_NARROW, "n", &in, 1, &attributes));
    for (int i = 0; i < COUNT; i++) { /* a block of anything, one of large numbers, three for the fast path */
        double limit = i % 320 < 64 ? INFINITY : i % 320 < 128 ? 1e30 : 1e12;
        do x[i] = random_real(format);
        while (limit < INFINITY && !(fabs((double)x[i]) * ldexp(1, format.fraction) < limit));
    }
    CHECK(graph_run_reals(graph, COUNT, &(const float *){x}, &(float *){y}) == 0);
    compare_narrow(x, y, COUNT, &attributes.quantizer);
    graph_free(graph);
    context_free(context);
}

static void real_numbers_are_narrowed_exactly(void) {
    static const struct format formats[] = {{true, 8, 4},    {false, 6, 6},  {true, 1, 0},   {true, 16, -3},
                                            {false, 24, 30}, {true, 50, 20}, {true, 64, 32}, {false, 0, 3},
                                            {true, 5, 900},  {true, 5, 160}};
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++)
        for (int rounding = 0; rounding < ROUNDING_COUNT; rounding++)
            for (int overflow = 0; overflow < OVERFLOW_COUNT && !test_failed; overflow++)
                try_narrow(formats[i], (enum rounding)rounding, (enum overflow)overflow);
}

/* Integers too wide for the fast path. */
static void wide_integers_are_narrowed_exactly(void) {
    enum { COUNT = 200 };
    static const struct format to[] = {
        {true, 20, -50}, {true, 60, 3}, {true, 64, -1}, {false, 10, 40}, {true, 30, -70}};
    for (size_t i = 0; i < sizeof to / sizeof *to * ROUNDING_COUNT * OVERFLOW_COUNT; i++) {
        struct bxc_context *context = context_new();
        struct graph *graph = graph_new(context, "g");
        struct format from = {true, 64, 0}, format = to[i / ROUNDING_COUNT / OVERFLOW_COUNT];
        struct shape one = {.rank = 1, .dim = {1}};
        union attributes attributes = {.quantizer = {.rounding = (enum rounding)(i % ROUNDING_COUNT),
                                                     .overflow = (enum overflow)(i / ROUNDING_COUNT % OVERFLOW_COUNT),
                                                     .formats = formats_uniform(graph->arena, format)}};
        valref in = graph_append_integer_input(graph, "x", one, formats_uniform(graph->arena, from), ROUND_TRUNCATE,
                                               OVERFLOW_WRAP);
        valref out = graph_append(graph, OP_NARROW, "n", &in, 1, &attributes);
        graph_append_output(graph, "y", out);
        int64_t x[COUNT], y[COUNT];
        for (int k = 0; k < COUNT; k++) x[k] = (int64_t)(random_bits() << 20) >> (random_bits() % 64);
        CHECK(graph_infer(graph) == 0 && graph_verify(graph) == 0);
        CHECK(graph_run_integers(graph, COUNT, &(const int64_t *){x}, &(int64_t *){y}) == 0);
        for (int k = 0; k < COUNT; k++) {
            CHECK_EQ(y[k], fixed_narrow(x[k], 0, format, attributes.quantizer.rounding, attributes.quantizer.overflow));
            CHECK(y[k] >= graph_interval(graph, out, 0).lo && y[k] <= graph_interval(graph, out, 0).hi);
        }
        graph_free(graph);
        context_free(context);
    }
}

int main(void) {
    RUN(qonnx_vectors);
    RUN(qonnx_vectors_in_graphs);
    RUN(real_numbers_are_narrowed_exactly);
    RUN(wide_integers_are_narrowed_exactly);
    TEST_EXIT();
}
