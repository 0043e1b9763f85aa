/* The forecast of LUT, made of the quantised graph, against the estimate of the finished design: layers dense and
 * pruned, of weights of 1 to 10 bits, tall and wide, roundings, products, maxima. */
#include "tests/unit/below.h"

static valref input(struct graph *graph, int64_t elements, int width) {
    struct formats formats = formats_uniform(graph->arena, (struct format){true, (int16_t)width, 3});
    return graph_append_integer_input(graph, "x", (struct shape){2, {1, elements}}, formats, ROUND_HALF_EVEN,
                                      OVERFLOW_SATURATE);
}

static valref narrow(struct graph *graph, valref x, int width) {
    union attributes attributes = {.quantizer = {.rounding = ROUND_HALF_EVEN, .overflow = OVERFLOW_SATURATE}};
    attributes.quantizer.formats = formats_uniform(graph->arena, (struct format){true, (int16_t)width, 1});
    return graph_append(graph, OP_NARROW, "narrow", &x, 1, &attributes);
}

static valref layer(struct graph *graph, valref x, int64_t in, int64_t out, int bits, int zeros, uint64_t *state) {
    int64_t *weights = ARENA_ARRAY(graph->arena, int64_t, in * out);
    for (int64_t i = 0; i < in * out; i++) {
        uint64_t draw = below_random(state);
        weights[i] = (int)(draw % 100) < zeros ? 0
                     : bits == 1               ? (draw >> 20 & 1 ? 1 : -1)
                                               : (int64_t)(draw >> 20 & ((1u << bits) - 1)) - (1 << (bits - 1));
    }
    struct formats formats = formats_uniform(graph->arena, (struct format){true, (int16_t)(bits + 1), 0});
    valref operands[2] = {x, graph_append_integers(graph, "w", (struct shape){2, {in, out}}, formats, weights)};
    return graph_append(graph, OP_MATMUL, "matmul", operands, 2, NULL);
}

static void check(const char *name, struct graph *graph, valref y) {
    struct below below;
    bool changed, failed = false;
    graph_append_output(graph, "y", y);
    graph_infer(graph);
    below_start(&below, graph, 3, 2778);
    double forecast = graph_lut_forecast(graph, NULL);
    for (const struct pass *pass = pass_find("simplify"); pass->name && !failed; pass++)
        failed = pass->run(&below.program, &changed) < 0;
    double lut = failed ? 0 : design_cost(below.program.design, below.program.technology).lut;
    printf("# %s: %.0f LUT, forecast %.0f\n", name, lut, forecast);
    if (failed || forecast > FORECAST_FACTOR * lut || lut > FORECAST_FACTOR * forecast)
        test_fail(__FILE__, __LINE__, "%s: %.0f LUT were forecast, %.0f it became", name, forecast, lut);
    design_free(below.program.design);
    graph_free(graph);
}

static void layers(void) {
    static const struct {
        const char *name;
        int64_t in, out;
        int width, bits, zeros;
    } cases[] = {
        {"dense", 64, 64, 8, 6, 0},        {"pruned", 96, 64, 8, 6, 80}, {"of 1 bit", 128, 64, 2, 1, 0},
        {"of 10 bits", 32, 32, 12, 10, 0}, {"one row", 500, 1, 8, 8, 0}, {"wide", 8, 256, 8, 4, 20},
    };
    uint64_t state = 11;
    struct bxc_context *context = context_new();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct graph *graph = graph_new(context, cases[i].name);
        valref x = input(graph, cases[i].in, cases[i].width);
        check(cases[i].name, graph, layer(graph, x, cases[i].in, cases[i].out, cases[i].bits, cases[i].zeros, &state));
    }
    context_free(context);
}

static void other_operators(void) {
    struct bxc_context *context = context_new();
    struct graph *graph = graph_new(context, "roundings");
    check("roundings", graph, narrow(graph, input(graph, 500, 12), 8));
    graph = graph_new(context, "products");
    valref x = input(graph, 100, 8), two[2] = {x, narrow(graph, x, 7)};
    check("products of variables", graph, graph_append(graph, OP_MUL, "mul", two, 2, NULL));
    graph = graph_new(context, "maximum");
    x = input(graph, 200, 10);
    union attributes axis = {.axis = {.axis = 1}};
    check("maximum", graph, graph_append(graph, OP_REDUCE_MAX, "max", &x, 1, &axis));
    context_free(context);
}

int main(void) {
    RUN(layers);
    RUN(other_operators);
    TEST_EXIT();
}
