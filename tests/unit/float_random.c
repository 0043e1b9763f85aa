/* Random float networks with residuals, batch normalisations, shared values, several heads, products of variables,
 * stacked products and softmax, calibrated and not: the integers must be the trained network within what their
 * formats explain (sim/loss.c), or a warning must say that they are not; and with the usual formats, on events like
 * those of the calibration, they must be it.
 *
 * float_random [COUNT [SEED]]: the quick part runs in make check, tests/long/float_random.sh runs many. */
#include "sim/sim.h"
#include "tests/unit/crossing.h"

enum {
    EVENTS = 400,
    POOL = 24,
    INPUTS = 2,
    FAR = 200
}; /* FAR: what bounds may waste of 28 bits, times what is explained */

struct rows { /* a value of one row, as the generator knows it */
    valref value;
    int64_t columns;
};

struct maker {
    struct crossing c;
    uint64_t state;
    struct rows pool[POOL];
    int count, names;
    int64_t features[INPUTS];
    int inputs;
    float scale[INPUTS][8], offset[INPUTS][8];
};

static uint64_t below(struct maker *m, uint64_t n) {
    return (next_random(&m->state) >> 11) % n;
}

static float normal(struct maker *m) {
    double sum = 0;
    for (int i = 0; i < 12; i++) sum += (double)(next_random(&m->state) >> 11) / (double)(1ull << 53);
    return (float)(sum - 6);
}

static const char *name(struct maker *m, const char *what) {
    return arena_printf(m->c.context->arena, "%s%d", what, m->names++);
}

static valref constant(struct maker *m, struct shape shape, double spread, double offset) {
    size_t count = shape_elements(&shape);
    float *data = ARENA_ARRAY(m->c.context->arena, float, count);
    for (size_t i = 0; i < count; i++) data[i] = (float)(offset + spread * (double)normal(m));
    return reals(&m->c, name(m, "c"), shape, data);
}

static void keep(struct maker *m, valref value, int64_t columns) {
    if (m->count < POOL) m->pool[m->count++] = (struct rows){value, columns};
}

/* Later values more often. */
static struct rows any(struct maker *m) {
    uint64_t a = below(m, (uint64_t)m->count), b = below(m, (uint64_t)m->count);
    return m->pool[a > b ? a : b];
}

static struct rows same_columns(struct maker *m, struct rows as) {
    for (int tries = 0; tries < 20; tries++) {
        struct rows other = any(m);
        if (other.columns == as.columns && !valref_equal(other.value, as.value)) return other;
    }
    return as;
}

static valref dense(struct maker *m, struct rows x, int64_t columns) {
    valref w = constant(m, shape2(x.columns, columns), 1 / sqrt((double)x.columns), 0);
    valref product = op2(&m->c, OP_MATMUL, name(m, "dense"), x.value, w);
    return below(m, 4) ? op2(&m->c, OP_ADD, name(m, "bias"), product, constant(m, shape1(columns), 0.3, 0)) : product;
}

static valref batch_norm(struct maker *m, struct rows x) {
    valref operands[5] = {x.value, constant(m, shape1(x.columns), 0.3, 1), constant(m, shape1(x.columns), 0.3, 0),
                          constant(m, shape1(x.columns), 0.3, 0)};
    float *variance = ARENA_ARRAY(m->c.context->arena, float, x.columns);
    for (int64_t i = 0; i < x.columns; i++) variance[i] = 0.5f + fabsf(normal(m));
    operands[4] = reals(&m->c, name(m, "variance"), shape1(x.columns), variance);
    union attributes attributes = {.normalization = {1e-3f}};
    return graph_append(m->c.graph, OP_BATCH_NORM, name(m, "bn"), operands, 5, &attributes);
}

/* [1, 2k] as [2, 1, k] times a stack of two matrices, and back. */
static valref stacked(struct maker *m, struct rows x, int64_t *columns) {
    int64_t half = x.columns / 2;
    union attributes split = {.reshape = {.shape = {3, {2, 1, half}}}}, join = {.reshape = {.shape = shape2(1, 4)}};
    valref rows = graph_append(m->c.graph, OP_RESHAPE, name(m, "split"), &x.value, 1, &split);
    valref product = op2(&m->c, OP_MATMUL, name(m, "stack"), rows,
                         constant(m, (struct shape){3, {2, half, 2}}, 1 / sqrt((double)half), 0));
    *columns = 4;
    return graph_append(m->c.graph, OP_RESHAPE, name(m, "join"), &product, 1, &join);
}

static void add_operator(struct maker *m) {
    static const enum op unary[] = {OP_RELU, OP_RELU, OP_TANH, OP_SIGMOID, OP_LEAKY_RELU};
    struct rows x = any(m), other;
    valref pair[2];
    union attributes axis = {.axis = {.axis = 1}};
    int64_t columns = x.columns;
    switch (below(m, 9)) {
    case 0:
    case 1:
        columns = 2 + (int64_t)below(m, 7);
        keep(m, op1(&m->c, unary[below(m, 5)], name(m, "act"), dense(m, x, columns), 0.125f, 0), columns);
        break;
    case 2: keep(m, batch_norm(m, x), columns); break;
    case 3:
    case 4:
        other = same_columns(m, x);
        keep(m, op2(&m->c, OP_ADD, name(m, "sum"), x.value, other.value), columns);
        break;
    case 5:
        other = same_columns(m, x);
        keep(
            m,
            op2(&m->c, OP_MUL, name(m, "gate"), op1(&m->c, OP_SIGMOID, name(m, "sigmoid"), x.value, 0, 0), other.value),
            columns);
        break;
    case 6:
        other = any(m);
        pair[0] = x.value;
        pair[1] = other.value;
        if (columns + other.columns <= 12)
            keep(m, graph_append(m->c.graph, OP_CONCAT, name(m, "concat"), pair, 2, &axis), columns + other.columns);
        break;
    case 7:
        if (columns % 2 == 0) {
            valref joined = stacked(m, x, &columns);
            keep(m, joined, columns);
        }
        break;
    default: keep(m, op1(&m->c, unary[below(m, 5)], name(m, "act"), x.value, 0.125f, 0), columns);
    }
}

/* An input whose features have scales and places of their own, standardised as training does. */
static void add_input(struct maker *m, int i) {
    int64_t features = m->features[i] = 2 + (int64_t)below(m, 6);
    float mean[8], gain[8];
    for (int64_t k = 0; k < features; k++) {
        m->scale[i][k] = ldexpf(1 + (float)below(m, 100) / 100, (int)below(m, 12) - 4);
        m->offset[i][k] = m->scale[i][k] * (float)((double)below(m, 5) - 2);
        mean[k] = m->offset[i][k];
        gain[k] = 1 / m->scale[i][k];
    }
    valref x = real_input(&m->c, name(m, "x"), features);
    valref centred = op2(&m->c, OP_SUB, name(m, "centred"), x, reals(&m->c, name(m, "mean"), shape1(features), mean));
    keep(m, op2(&m->c, OP_MUL, name(m, "standard"), centred, reals(&m->c, name(m, "gain"), shape1(features), gain)),
         features);
}

static void add_heads(struct maker *m) {
    union attributes axis = {.axis = {.axis = 1}};
    for (uint64_t heads = 1 + below(m, 3), first_head = heads; heads > 0; heads--) {
        struct rows x = any(m);
        valref y = x.value;
        if (heads == first_head || below(m, 2))
            y = dense(m, x, 3); /* scales alone are no network: an output's meaning takes them */
        if (below(m, 4) == 0) y = graph_append(m->c.graph, OP_SOFTMAX, name(m, "softmax"), &y, 1, &axis);
        graph_append_output(m->c.graph, name(m, "y"), y);
    }
}

static struct maker make(uint64_t seed) {
    struct maker m = {.c = crossing_new(), .state = seed * 0x9e3779b97f4a7c15u + 1, .inputs = 1};
    m.inputs += below(&m, 4) == 0;
    for (int i = 0; i < m.inputs; i++) add_input(&m, i);
    for (uint64_t n = 3 + below(&m, 12); n > 0; n--) add_operator(&m);
    add_heads(&m);
    graph_compact(m.c.graph);
    return m;
}

static const float **make_events(struct maker *m) {
    const struct value_list inputs = graph_inputs(m->c.graph, m->c.context->arena);
    const float **data = ARENA_ARRAY(m->c.context->arena, const float *, inputs.count);
    for (uint32_t i = 0; i < inputs.count; i++) {
        size_t features = shape_elements(&graph_value(m->c.graph, inputs.at[i])->shape);
        float *block = ARENA_ARRAY(m->c.context->arena, float, EVENTS *features);
        for (size_t k = 0; k < EVENTS * features; k++)
            block[k] = m->offset[i][k % features] + m->scale[i][k % features] * normal(m);
        data[i] = block;
    }
    return data;
}

struct outcome {
    int right, warned, refused;
};

/* The first error's message, or NULL. */
static const char *reason_of(const struct crossing *c) {
    for (size_t i = 0; i < c->context->diagnostics.count; i++)
        if (c->context->diagnostics.items[i].severity == SEVERITY_ERROR)
            return c->context->diagnostics.items[i].message;
    return NULL;
}

static bool knows_its_reason(const struct crossing *c) {
    const char *reason = reason_of(c);
    return reason && !strstr(reason, "broke the program");
}

static bool all_moved(const struct crossing *c) {
    for (size_t i = 0; i < c->context->diagnostics.count; i++)
        if (strstr(c->context->diagnostics.items[i].message, "never moved")) return false;
    return true;
}

/* Decisions that the trained network makes by less than tables of ten bits resolve: where both are tanh's 1, say. */
static uint64_t close_decisions(const struct graph *trained, const float **events) {
    float *out[8] = {NULL};
    uint64_t close = 0;
    for (uint32_t o = 0; o < trained->output_count; o++)
        out[o] = ARENA_ARRAY(trained->arena, float,
                             EVENTS *shape_elements(&graph_value(trained, trained->outputs[o].value)->shape));
    (void)graph_run_reals(trained, EVENTS, events, out);
    for (uint32_t o = 0; o < trained->output_count; o++) {
        size_t columns = shape_elements(&graph_value(trained, trained->outputs[o].value)->shape);
        for (size_t e = 0; e < EVENTS; e++) {
            float first = -INFINITY, second = -INFINITY;
            for (size_t i = 0; i < columns; i++) {
                float x = out[o][e * columns + i];
                second = x > first ? first : fmaxf(second, x);
                first = fmaxf(first, x);
            }
            close += first - second < 0x1p-9f;
        }
    }
    return close;
}

/* With the usual formats, calibrated: as trained; or nothing flipped but what was as good as a tie, and that is told.
 * An event that is further off than its own formats explain is none of these. */
static bool is_right(const struct loss *loss, bool calibrated, const struct graph *trained, const float **events) {
    if (!calibrated) return loss->max_error <= FAR * loss->allowed;
    uint64_t further_off = loss->beyond_by[LOSS_UNEXPLAINED] + loss->beyond_by[LOSS_RANGE];
    if (!loss->warning) return true;
    return strstr(loss->warning, "of the decisions flipped") && loss->max_error <= loss->allowed &&
           10 * further_off <= loss->judged && loss->flipped <= close_decisions(trained, events);
}

static void run_model(uint64_t seed, bool calibrated, int bits, struct outcome *outcome) {
    struct maker m = make(seed);
    struct graph *trained = graph_clone(m.c.graph);
    const float **events = make_events(&m);
    struct loss loss;
    m.c.options.precision.weight_bits = bits;
    m.c.options.precision.activation_bits = bits + (calibrated ? 4 : 12); /* bounds waste many */
    m.c.program.options = &m.c.options;
    struct input_options wide = {
        .formats = formats_uniform(m.c.context->arena, (struct format){true, 24, 12}), .rounding = -1, .overflow = -1};
    if (!calibrated) {
        m.c.options.inputs = &wide;
        m.c.options.input_count = 1;
    }
    if (calibrated)
        m.c.program.calibration = (struct calibration){EVENTS, events, graph_inputs(trained, trained->arena).count};
    if (passes_run(&m.c.program, NULL, "simplify") < 0) {
        outcome->refused++;
        fprintf(stderr, "# refused, seed %llu: %s\n", (unsigned long long)seed,
                reason_of(&m.c) ? reason_of(&m.c) : "no reason");
        if (!knows_its_reason(&m.c) || (calibrated && bits >= 10)) {
            test_fail(__FILE__, __LINE__, "seed %llu: refused", (unsigned long long)seed);
            print_problems(&m.c);
        }
    } else if (!loss_measure(trained, m.c.program.graph, EVENTS, events, (double)NAN, calibrated, m.c.context->arena,
                             &loss))
        test_fail(__FILE__, __LINE__, "seed %llu: nothing to compare", (unsigned long long)seed);
    else {
        if (getenv("VERBOSE"))
            fprintf(stderr, "# %llu %s: %llu of %llu flipped, largest error %g of %g allowed %s\n",
                    (unsigned long long)seed, calibrated ? "calibrated" : "bounded", (unsigned long long)loss.flipped,
                    (unsigned long long)loss.decisions, loss.max_error, loss.allowed, loss.warning ? loss.warning : "");
        outcome->warned += loss.warning != NULL;
        outcome->right += loss.warning == NULL;
        if (bits >= 10 && all_moved(&m.c) && !is_right(&loss, calibrated, trained, events))
            test_fail(__FILE__, __LINE__,
                      "seed %llu: off by %g where formats explain %g: %s; repeat: VERBOSE=1 float_random 1 %llu",
                      (unsigned long long)seed, loss.max_error, loss.allowed, loss.warning, (unsigned long long)seed);
    }
    graph_free(trained);
    crossing_free(&m.c);
}

static int count = 60;
static uint64_t first = 1;

static void calibrated_models_are_right(void) {
    struct outcome outcome = {0};
    for (int i = 0; i < count; i++) run_model(first + (uint64_t)i, true, 12, &outcome);
    fprintf(stderr, "# seed %llu: %d right, %d warned, %d refused\n", (unsigned long long)first, outcome.right,
            outcome.warned, outcome.refused);
    CHECK(outcome.right > 0 || count == 1);
}

static void bounded_models_are_right_or_warned(void) {
    struct outcome outcome = {0};
    for (int i = 0; i < count; i++) run_model(first + (uint64_t)i, false, 16, &outcome);
    fprintf(stderr, "# seed %llu, no calibration: %d right, %d warned, %d refused\n", (unsigned long long)first,
            outcome.right, outcome.warned, outcome.refused);
    CHECK(outcome.right > 0 || count == 1);
}

/* Two bits ruin a network, and that is said. */
static void ruined_models_are_warned_of(void) {
    struct outcome outcome = {0};
    for (int i = 0; i < count; i++) run_model(first + (uint64_t)i, true, 2, &outcome);
    fprintf(stderr, "# seed %llu, two bits: %d right, %d warned, %d refused\n", (unsigned long long)first,
            outcome.right, outcome.warned, outcome.refused);
    CHECK(outcome.warned > outcome.right);
}

int main(int argc, char **argv) {
    if (argc > 1) count = atoi(argv[1]);
    if (argc > 2) first = strtoull(argv[2], NULL, 10);
    RUN(calibrated_models_are_right);
    RUN(bounded_models_are_right_or_warned);
    RUN(ruined_models_are_warned_of);
    TEST_EXIT();
}
