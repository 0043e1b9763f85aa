/* What the tests of crossing the line share: small graphs built by hand, the passes run on them, and the real graph
 * compared with the integer one on random events, ties and extremes. */
#ifndef BXC_TEST_CROSSING_H
#define BXC_TEST_CROSSING_H

#include "passes/table.h"
#include "ir/eval.h"
#include "ir/port.h"
#include "ir/text.h"
#include "ir/verify.h"
#include "tests/test.h"

#include <math.h>

/* A program over one graph, and the real graph as integerise saw it. */
struct crossing {
    struct bxc_context *context;
    struct compile_options options;
    struct program program;
    struct graph *graph; /* being built */
    struct graph *real;  /* in front of integerise; NULL until then */
};

static inline struct crossing crossing_new(void) {
    struct crossing c = {.context = context_new(), .options = compile_options_default()};
    c.graph = graph_new(c.context, "test");
    c.program = (struct program){.context = c.context, .arena = c.context->arena, .graph = c.graph};
    return c;
}

static inline void crossing_free(struct crossing *c) {
    graph_free(c->real);
    graph_free(c->program.graph);
    context_free(c->context);
}

static inline struct shape shape1(int64_t a) {
    return (struct shape){1, {a}};
}
static inline struct shape shape2(int64_t a, int64_t b) {
    return (struct shape){2, {a, b}};
}

static inline valref real_input(struct crossing *c, const char *name, int64_t features) {
    return graph_append_input(c->graph, name, shape2(1, features));
}
static inline valref reals(struct crossing *c, const char *name, struct shape shape, const float *data) {
    return graph_append_reals(c->graph, name, shape, data);
}
static inline valref scalar(struct crossing *c, const char *name, float value) {
    return graph_append_reals(c->graph, name, (struct shape){0}, &value);
}
static inline valref op2(struct crossing *c, enum op op, const char *name, valref a, valref b) {
    valref operands[2] = {a, b};
    return graph_append(c->graph, op, name, operands, 2, NULL);
}
static inline valref op1(struct crossing *c, enum op op, const char *name, valref a, float alpha, float beta) {
    union attributes attributes = {.activation = {alpha, beta}};
    return graph_append(c->graph, op, name, &a, 1, &attributes);
}
static inline valref quant(struct crossing *c, const char *name, valref x, valref scale, float zero, float bits,
                           bool is_signed, bool narrow, enum rounding rounding) {
    valref operands[4] = {x, scale, scalar(c, "z", zero), scalar(c, "b", bits)};
    union attributes attributes = {.quantizer = {.rounding = rounding, .is_signed = is_signed, .narrow = narrow}};
    return graph_append(c->graph, OP_QUANT, name, operands, 4, &attributes);
}
static inline valref narrow(struct crossing *c, const char *name, valref x, struct formats formats,
                            enum rounding rounding, enum overflow overflow) {
    union attributes attributes = {.quantizer = {.rounding = rounding, .overflow = overflow, .formats = formats}};
    return graph_append(c->graph, OP_NARROW, name, &x, 1, &attributes);
}
static inline valref narrow1(struct crossing *c, const char *name, valref x, bool is_signed, int width, int fraction) {
    struct format format = {is_signed, (int16_t)width, (int16_t)fraction};
    return narrow(c, name, x, formats_uniform(c->graph->arena, format), ROUND_HALF_EVEN, OVERFLOW_SATURATE);
}

/* Runs the passes; -1 when one refuses. */
static inline int cross(struct crossing *c) {
    bool changed = false;
    c->program.options = &c->options;
    if (pass_quant_to_narrow(&c->program, &changed) < 0 || graph_verify(c->program.graph) < 0 ||
        pass_expand_softmax(&c->program, &changed) < 0 || graph_verify(c->program.graph) < 0 ||
        pass_ports(&c->program, &changed) < 0 || graph_verify(c->program.graph) < 0)
        return -1;
    c->real = graph_clone(c->program.graph);
    if (pass_integerise(&c->program, &changed) < 0) return -1;
    return graph_verify(c->program.graph);
}

static inline void print_problems(const struct crossing *c) {
    struct strbuf text = strbuf_new(c->context->arena);
    for (size_t i = 0; i < c->context->diagnostics.count; i++) diag_format(&text, &c->context->diagnostics.items[i]);
    fputs(text.data, stderr);
}
static inline void print_graph(const struct crossing *c) {
    struct strbuf text = strbuf_new(c->context->arena);
    graph_print(&text, c->program.graph);
    fputs(text.data, stderr);
}

#define CROSS(c)                                                                                                       \
    do {                                                                                                               \
        int status_ = cross(&(c));                                                                                     \
        if (status_ < 0) print_problems(&(c));                                                                         \
        CHECK(status_ == 0);                                                                                           \
        CHECK(graph_is_integer((c).program.graph));                                                                    \
    } while (0)

static inline bool said(const struct crossing *c, enum severity severity, const char *text) {
    for (size_t i = 0; i < c->context->diagnostics.count; i++)
        if (c->context->diagnostics.items[i].severity == severity &&
            strstr(c->context->diagnostics.items[i].message, text))
            return true;
    return false;
}
static inline bool noted(const struct crossing *c, const char *pass, const char *text) {
    for (uint32_t i = 0; i < c->program.note_count; i++)
        if (strcmp(c->program.notes[i].pass, pass) == 0 && strstr(c->program.notes[i].text, text)) return true;
    return false;
}
static inline uint32_t count_op(const struct graph *graph, enum op op) {
    uint32_t count = 0;
    for (uint32_t i = 0; i < graph->node_count; i++) count += !graph->nodes[i].dead && graph->nodes[i].op == op;
    return count;
}

/* xorshift: the same events everywhere */
static inline uint64_t next_random(uint64_t *state) {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    return *state ^= *state << 17;
}
static inline float random_real(uint64_t *state, float range) {
    uint64_t r = next_random(state);
    double unit = (double)(r >> 11) / (double)(1ull << 53) * 2 - 1;
    switch (r & 7) {
    case 0: return (float)unit * range * 100;              /* far outside */
    case 1: return ldexpf(floorf((float)unit * 4096), -7); /* on a grid and halfway */
    case 2: return ldexpf(floorf((float)unit * 64), -4);
    case 3: return (r & 8) ? range : -range;
    default: return (float)unit * range;
    }
}

/* Random events through a graph with one input and one output: real numbers out, by way of the ports. */
static inline void run_real(const struct graph *graph, size_t events, const float *in, float *out) {
    (void)graph_run_reals(graph, events, &in, &out);
}
static inline int run_integer(const struct graph *graph, size_t events, const float *in, double *out) {
    valref input = graph_inputs(graph, graph->arena).at[0];
    size_t features = shape_elements(&graph_value(graph, input)->shape);
    size_t classes = shape_elements(&graph_value(graph, graph->outputs[0].value)->shape);
    int64_t *codes = calloc(events * features + 1, sizeof *codes),
            *results = calloc(events * classes + 1, sizeof *results);
    const int64_t *inputs = codes;
    int status = port_from_reals(graph, input, events, 0, in, codes);
    if (status == 0) status = graph_run_integers(graph, events, &inputs, &results);
    if (status == 0) port_to_reals(graph, graph->outputs[0].value, &graph->outputs[0].meaning, events, results, out);
    free(codes);
    free(results);
    return status;
}

/* How many numbers differ between the two graphs by more than the tolerance, on random events in +-range; -1: no run.
 */
static inline long differences(const struct graph *real, const struct graph *integer, size_t events, float range,
                               double tolerance) {
    valref input = graph_inputs(real, real->arena).at[0];
    size_t features = shape_elements(&graph_value(real, input)->shape);
    size_t classes = shape_elements(&graph_value(real, real->outputs[0].value)->shape);
    float *in = calloc(events * features, sizeof *in), *expected = calloc(events * classes, sizeof *expected);
    double *got = calloc(events * classes, sizeof *got);
    uint64_t state = 0x9E3779B97F4A7C15u;
    for (size_t i = 0; i < events * features; i++) in[i] = random_real(&state, range);
    run_real(real, events, in, expected);
    long wrong = run_integer(integer, events, in, got) < 0 ? -1 : 0;
    for (size_t i = 0; wrong >= 0 && i < events * classes; i++)
        if (!(fabs(got[i] - (double)expected[i]) <= tolerance)) {
            if (wrong++ == 0)
                fprintf(stderr, "  event %zu element %zu: real %.9g, integers %.9g\n", i / classes, i % classes,
                        (double)expected[i], got[i]);
        }
    free(in);
    free(expected);
    free(got);
    return wrong;
}

#endif
