/* Recurrent layers: every kind and option against the equations, computed here in binary64; written out they give the
 * same bits; weights that do not fit are refused. */
#include "frontend/layers/layers.h"
#include "ir/eval.h"
#include "ir/random.h"
#include "ir/verify.h"
#include "tests/test.h"

#include <math.h>

enum { STEPS = 4, INPUTS = 3, UNITS = 2, BATCH = 2, GATES_MAX = 4, CASES = 300, EVENTS = 5 };

static struct bxc_context *context;
static uint64_t seed;

static double uniform(double limit) {
    return ((double)(splitmix64(&seed) >> 11) / (double)(1ULL << 52) - 1) * limit;
}

static bool coin(void) {
    return splitmix64(&seed) >> 63;
}

/* ---- one case: the layer, and its numbers as the equations read them ---- */

struct weights {
    float kernel[INPUTS][GATES_MAX * UNITS], recurrent[UNITS][GATES_MAX * UNITS], bias[GATES_MAX * UNITS],
        recurrent_bias[GATES_MAX * UNITS], peepholes[PEEPHOLE_COUNT][UNITS], h[BATCH][UNITS], c[BATCH][UNITS];
};

struct sample {
    struct recurrent layer;
    struct weights weights;
    int64_t batch;
};

static void fill(void *numbers, size_t size) {
    float *at = numbers;
    for (size_t i = 0; i < size / sizeof *at; i++) at[i] = (float)uniform(1.5);
}

static double function(const struct layer_function *function, double x) {
    switch (function->op) {
    case OP_SIGMOID: return 1 / (1 + exp(-x));
    case OP_TANH: return tanh(x);
    case OP_HARD_SIGMOID: return fmin(1, fmax(0, (double)function->alpha * x + (double)function->beta));
    case OP_RELU: return fmax(0, x);
    default: return x;
    }
}

static struct layer_function some_function(void) {
    static const enum op ops[] = {OP_SIGMOID, OP_TANH, OP_HARD_SIGMOID, OP_RELU, OP_COUNT};
    return (struct layer_function){.op = ops[splitmix64(&seed) % 5], .alpha = 0.25f, .beta = 0.5f};
}

static const char *some_gates(enum recurrent_kind kind) {
    static const char *const orders[][3] = {{"h", "h", "h"}, {"zrh", "rzh", "hzr"}, {"ifco", "iofc", "cofi"}};
    return orders[kind][splitmix64(&seed) % 3];
}

static struct sample some_sample(void) {
    struct sample sample = {.layer = recurrent_new((enum recurrent_kind)(splitmix64(&seed) % 3)),
                            .batch = coin() ? BATCH : 1};
    struct recurrent *layer = &sample.layer;
    layer->units = UNITS;
    layer->gates = some_gates(layer->kind);
    if (coin()) layer->gate = some_function();
    if (coin()) layer->candidate = some_function();
    if (coin()) layer->output = some_function();
    if (coin()) layer->state = some_function();
    layer->reset_after = coin();
    layer->input_forget = coin();
    layer->clip = coin() ? 0.75f : 0;
    layer->time_axis = coin();
    layer->backwards = coin();
    layer->sequence_backwards = coin();
    fill(&sample.weights, sizeof sample.weights);
    return sample;
}

/* ---- the layer as a graph ---- */

static valref reals(const struct layer *layer, const char *name, struct shape shape, const void *numbers, size_t stride,
                    int64_t columns) {
    int64_t rows = (int64_t)shape_elements(&shape) / columns;
    float *dense = ARENA_ARRAY(context->arena, float, rows *columns);
    for (int64_t r = 0; r < rows; r++)
        memcpy(dense + r * columns, (const float *)numbers + (size_t)r * stride, (size_t)columns * sizeof *dense);
    return layer_reals(layer, name, shape, dense);
}

/* Parts that the case leaves out are zeros for the equations. */
static valref optional(const struct layer *layer, const char *name, struct shape shape, void *numbers, size_t size,
                       int64_t columns) {
    if (coin()) return reals(layer, name, shape, numbers, (size_t)columns, columns);
    memset(numbers, 0, size);
    return NO_VALUE;
}

static struct recurrent_result append_sample(const struct layer *layer, struct sample *sample, valref x) {
    struct recurrent *recurrent = &sample->layer;
    struct weights *weights = &sample->weights;
    int64_t columns = (int64_t)strlen(recurrent->gates) * UNITS;
    const struct shape units = {1, {UNITS}}, wide = {1, {columns}}, state = {2, {sample->batch, UNITS}};
    const size_t stride = GATES_MAX * (size_t)UNITS;
    recurrent->kernel = reals(layer, "w", (struct shape){2, {INPUTS, columns}}, weights->kernel, stride, columns);
    recurrent->recurrent_kernel =
        reals(layer, "r", (struct shape){2, {UNITS, columns}}, weights->recurrent, stride, columns);
    recurrent->bias = optional(layer, "b", wide, weights->bias, sizeof weights->bias, columns);
    recurrent->recurrent_bias =
        optional(layer, "rb", wide, weights->recurrent_bias, sizeof weights->recurrent_bias, columns);
    recurrent->initial_hidden = optional(layer, "h0", state, weights->h, sizeof weights->h, UNITS);
    recurrent->initial_cell = NO_VALUE;
    if (recurrent->kind != RECURRENT_LSTM) return layer_recurrent(layer, recurrent, x);
    recurrent->initial_cell = optional(layer, "c0", state, weights->c, sizeof weights->c, UNITS);
    for (int p = 0; p < PEEPHOLE_COUNT; p++)
        recurrent->peepholes[p] = optional(layer, arena_printf(context->arena, "p%d", p), units, weights->peepholes[p],
                                           sizeof weights->peepholes[p], UNITS);
    return layer_recurrent(layer, recurrent, x);
}

static struct shape sequence_shape(const struct sample *sample, int64_t last) {
    struct shape shape = {3, {sample->batch, sample->batch, last}};
    shape.dim[sample->layer.time_axis] = STEPS;
    return shape;
}

static struct graph *graph_of(struct sample *sample) {
    struct graph *graph = graph_new(context, "g");
    const struct layer layer = {.graph = graph, .arena = context->arena, .name = "rnn", .source_op = "RNN"};
    valref x = graph_append_input(graph, "x", sequence_shape(sample, INPUTS));
    struct recurrent_result made = append_sample(&layer, sample, x);
    if (valref_equal(made.sequence, NO_VALUE)) return NULL;
    graph_append_output(graph, "sequence", made.sequence);
    graph_append_output(graph, "h", made.hidden);
    if (sample->layer.kind == RECURRENT_LSTM) graph_append_output(graph, "c", made.cell);
    return graph_verify(graph) == 0 ? graph : NULL;
}

/* ---- the equations, in binary64, of one row of the batch ---- */

struct step {
    double h[UNITS], c[UNITS];
};

static double product(const struct sample *sample, char gate, int unit, const float *x, const double *h,
                      double *hidden_part) {
    const struct weights *weights = &sample->weights;
    size_t column = (size_t)(strchr(sample->layer.gates, gate) - sample->layer.gates) * UNITS + (size_t)unit;
    double sum = (double)weights->bias[column], of_hidden = (double)weights->recurrent_bias[column];
    for (int i = 0; i < INPUTS; i++) sum += (double)x[i] * (double)weights->kernel[i][column];
    for (int i = 0; i < UNITS; i++) of_hidden += h[i] * (double)weights->recurrent[i][column];
    if (hidden_part) {
        *hidden_part = of_hidden;
        return sum;
    }
    return sum + of_hidden;
}

static double gate_of(const struct sample *sample, const struct layer_function *by, double sum) {
    double clip = (double)sample->layer.clip;
    return function(by, clip > 0 ? fmin(clip, fmax(-clip, sum)) : sum);
}

static void simple(const struct sample *sample, const float *x, struct step *step) {
    struct step old = *step;
    for (int u = 0; u < UNITS; u++)
        step->h[u] = gate_of(sample, &sample->layer.candidate, product(sample, 'h', u, x, old.h, NULL));
}

static void lstm(const struct sample *sample, const float *x, struct step *step) {
    struct step old = *step;
    const struct recurrent *layer = &sample->layer;
    const float(*p)[UNITS] = sample->weights.peepholes;
    for (int u = 0; u < UNITS; u++) {
        double c = old.c[u];
        double in =
            gate_of(sample, &layer->gate, product(sample, 'i', u, x, old.h, NULL) + (double)p[PEEPHOLE_INPUT][u] * c);
        double forget =
            gate_of(sample, &layer->gate, product(sample, 'f', u, x, old.h, NULL) + (double)p[PEEPHOLE_FORGET][u] * c);
        if (layer->input_forget) forget = 1 - in;
        c = forget * c + in * gate_of(sample, &layer->candidate, product(sample, 'c', u, x, old.h, NULL));
        double out =
            gate_of(sample, &layer->gate, product(sample, 'o', u, x, old.h, NULL) + (double)p[PEEPHOLE_OUTPUT][u] * c);
        step->c[u] = c;
        step->h[u] = out * function(&layer->output, c);
    }
}

static void gru(const struct sample *sample, const float *x, struct step *step) {
    struct step old = *step;
    const struct recurrent *layer = &sample->layer;
    double reset[UNITS], kept[UNITS], own;
    for (int u = 0; u < UNITS; u++) {
        reset[u] = gate_of(sample, &layer->gate, product(sample, 'r', u, x, old.h, NULL));
        kept[u] = reset[u] * old.h[u];
    }
    for (int u = 0; u < UNITS; u++) {
        double sum = product(sample, 'h', u, x, layer->reset_after ? old.h : kept, &own);
        double candidate = gate_of(sample, &layer->candidate, sum + (layer->reset_after ? reset[u] * own : own));
        double update = gate_of(sample, &layer->gate, product(sample, 'z', u, x, old.h, NULL));
        step->h[u] = (1 - update) * candidate + update * old.h[u];
    }
}

/* ---- both compared ---- */

static size_t place(const struct sample *sample, int64_t row, int64_t step, int64_t size, int64_t element) {
    int64_t at = sample->layer.time_axis ? row * STEPS + step : step * sample->batch + row;
    return (size_t)(at * size + element);
}

static bool is_near(float given, double expected) {
    return fabs((double)given - expected) <= 2e-5 * (1 + fabs(expected));
}

static bool row_agrees(const struct sample *sample, const float *x, float *const *given, int64_t row) {
    static void (*const kinds[])(const struct sample *, const float *, struct step *) = {simple, gru, lstm};
    const struct recurrent *layer = &sample->layer;
    struct step step;
    bool same = true;
    for (int u = 0; u < UNITS; u++)
        step = u ? step : (struct step){{0}, {0}}, step.h[u] = (double)sample->weights.h[row][u],
        step.c[u] = (double)sample->weights.c[row][u];
    for (int64_t t = 0; t < STEPS; t++) {
        int64_t item = layer->backwards ? STEPS - 1 - t : t, at = layer->sequence_backwards ? STEPS - 1 - t : t;
        for (int u = 0; u < UNITS; u++) step.h[u] = function(&layer->state, step.h[u]);
        kinds[layer->kind](sample, &x[place(sample, row, item, INPUTS, 0)], &step);
        for (int u = 0; u < UNITS; u++) same &= is_near(given[0][place(sample, row, at, UNITS, u)], step.h[u]);
    }
    for (int u = 0; u < UNITS; u++) {
        same &= is_near(given[1][row * UNITS + u], step.h[u]);
        same &= layer->kind != RECURRENT_LSTM || is_near(given[2][row * UNITS + u], step.c[u]);
    }
    return same;
}

static float **run(const struct graph *graph, const float *x) {
    float **given = ARENA_ARRAY(context->arena, float *, graph->output_count);
    for (uint32_t o = 0; o < graph->output_count; o++)
        given[o] = ARENA_ARRAY(context->arena, float, EVENTS *graph_elements(graph, graph->outputs[o].value));
    graph_run_reals(graph, EVENTS, &x, given);
    return given;
}

static bool agrees(const struct sample *sample, const struct graph *graph, const float *x, float *const *given) {
    bool same = true;
    for (int event = 0; event < EVENTS; event++) {
        float *at[3] = {NULL};
        for (uint32_t o = 0; o < graph->output_count; o++)
            at[o] = given[o] + (size_t)event * graph_elements(graph, graph->outputs[o].value);
        const float *own = x + (size_t)event * (size_t)(sample->batch * STEPS * INPUTS);
        for (int64_t row = 0; row < sample->batch; row++) same &= row_agrees(sample, own, at, row);
    }
    return same;
}

static void check_sample(void) {
    static float x[EVENTS * BATCH * STEPS * INPUTS];
    struct sample sample = some_sample();
    struct graph *graph = graph_of(&sample);
    CHECK(graph);
    fill(x, sizeof x);
    float **given = run(graph, x);
    CHECK(agrees(&sample, graph, x, given));
    CHECK_EQ(graph_unroll(graph), 0);
    CHECK_EQ(graph_verify(graph), 0);
    float **again = run(graph, x);
    for (uint32_t o = 0; o < graph->output_count; o++)
        CHECK_EQ(memcmp(given[o], again[o], EVENTS * graph_elements(graph, graph->outputs[o].value) * sizeof(float)),
                 0);
    graph_free(graph);
}

static void cells_follow_their_equations(void) {
    for (seed = 1; seed <= CASES && !test_failed; seed++) {
        uint64_t number = seed;
        check_sample();
        if (test_failed) printf("# case %d\n", (int)number);
        seed = number;
    }
}

static void weights_of_other_sizes_are_refused(void) {
    struct graph *graph = graph_new(context, "g");
    const struct layer layer = {.graph = graph, .arena = context->arena, .name = "rnn", .source_op = "LSTM"};
    float numbers[64] = {0};
    struct recurrent lstm = recurrent_new(RECURRENT_LSTM);
    lstm.units = 2;
    lstm.kernel = layer_reals(&layer, "w", (struct shape){2, {4, 8}}, numbers);
    lstm.recurrent_kernel = layer_reals(&layer, "r", (struct shape){2, {2, 8}}, numbers);
    valref x = graph_append_input(graph, "x", (struct shape){3, {1, 5, 3}});
    CHECK(valref_equal(layer_recurrent(&layer, &lstm, x).sequence, NO_VALUE));
    CHECK_EQ(context->diagnostics.errors, 1);
    CHECK_STR(context->diagnostics.items[0].message, "weights or states do not fit 2 units and 3 inputs");
    x = graph_append_input(graph, "y", (struct shape){2, {1, 5}});
    CHECK(valref_equal(layer_recurrent(&layer, &lstm, x).hidden, NO_VALUE));
    CHECK_EQ(context->diagnostics.errors, 2);
    context->diagnostics.count = context->diagnostics.errors = 0;
    graph_free(graph);
}

int main(void) {
    context = context_new();
    RUN(cells_follow_their_equations);
    RUN(weights_of_other_sizes_are_refused);
    context_free(context);
    TEST_EXIT();
}
