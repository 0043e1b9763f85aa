/* Ports: the input node's rule element by element, its meaning, and what is refused. */
#include "ir/ir.h"
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
    check(ROUND_TRUNCATE, OVERFLOW_SATURATE, (float[]){INFINITY, 1e30f, 0, -INFINITY, -1e30f, 0}, (int64_t[]){7, 7, 0, -8, 0, 0});
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
    RUN(real_inputs_are_no_ports);
    TEST_EXIT();
}
