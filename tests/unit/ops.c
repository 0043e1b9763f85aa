/* Operators: every line of ops.def has what it needs; integers equal reals wherever both are exact;
 * intervals hold what comes out; shapes and indices are ONNX's; what does not go together is refused. */
#include "ir/eval.h"
#include "ir/ops.h"
#include "ir/verify.h"
#include "tests/test.h"

#include <math.h>

enum { EVENTS = 100, OPERANDS_MAX = 4 };

/* ---- the table ---- */

static void every_operator_has_its_slots(void) {
    for (int i = 0; i < OP_COUNT; i++) {
        const struct op_info *info = op_info((enum op)i);
        enum op parsed;
        CHECK(info && info->name && info->family && info->summary && *info->summary);
        test_name = info->name;
        CHECK(op_parse(info->name, &parsed) && parsed == (enum op)i);
        CHECK(info->family->infer && info->family->fields && info->family->name);
        if (i == OP_INPUT || i == OP_CONSTANT) continue;
        CHECK(!(info->arithmetic & ARITHMETIC_REAL) || info->family->eval_real);
        CHECK(!(info->arithmetic & ARITHMETIC_INTEGER) || info->family->eval_integer);
    }
    test_name = "every_operator_has_its_slots";
    enum op op;
    CHECK(!op_parse("no_such_operator", &op));
    CHECK(op_info(OP_COUNT) == NULL);
}

static void fields_lie_inside_the_attributes(void) {
    for (int i = 0; i < OP_COUNT; i++)
        for (const struct attribute_field *field = op_info((enum op)i)->family->fields; field->name; field++)
            CHECK(field->offset < sizeof(union attributes) && field->summary);
}

/* ---- numbers by chance ---- */

static uint64_t state = 1;

static uint64_t random_bits(void) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    uint64_t x = state ^ (state >> 33);
    return x * 0xff51afd7ed558ccdu >> 11;
}

static int64_t random_between(int64_t lo, int64_t hi) {
    return lo + (int64_t)(random_bits() % (uint64_t)(hi - lo + 1));
}

static struct shape shape_of(int rank, const int64_t *dims) {
    struct shape shape = {.rank = rank};
    for (int i = 0; i < rank; i++) shape.dim[i] = dims[i];
    return shape;
}
#define SHAPE(...) shape_of((int)(sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t)), (const int64_t[]){__VA_ARGS__})

/* ---- one operator in both arithmetics ---- */

struct operand {
    struct shape shape;
    bool constant;
    int width, spread; /* bits; fractions differ by up to `spread` between elements */
};

struct trial {
    enum op op;
    union attributes attributes;
    struct operand operands[OPERANDS_MAX];
    uint32_t count;
};

struct pair {
    struct graph *real, *integer;
    valref real_result, integer_result;
    float *reals[OPERANDS_MAX];
    int64_t *integers[OPERANDS_MAX];
    uint32_t inputs;
};

static struct formats random_formats(struct arena *arena, const struct operand *operand) {
    struct formats formats = {.shape = operand->spread ? operand->shape : (struct shape){0}};
    size_t count = shape_elements(&formats.shape);
    formats.at = ARENA_ARRAY(arena, struct format, count);
    for (size_t i = 0; i < count; i++) {
        int16_t fraction = (int16_t)(2 + (operand->spread ? random_between(0, operand->spread) : 0));
        int16_t width = (int16_t)(operand->spread ? random_between(0, operand->width) : operand->width);
        formats.at[i] = (struct format){random_bits() & 1, width, fraction};
    }
    return formats;
}

static struct format element_format(const struct formats *formats, const struct shape *shape, size_t i) {
    return formats->at[shape_project(shape, i, &formats->shape)];
}

static void add_constant(struct pair *pair, const struct operand *operand, struct formats formats, valref *real,
                         valref *integer) {
    size_t count = shape_elements(&operand->shape);
    float *reals = ARENA_ARRAY(pair->real->arena, float, count);
    int64_t *integers = ARENA_ARRAY(pair->real->arena, int64_t, count);
    for (size_t i = 0; i < count; i++) {
        struct format format = element_format(&formats, &operand->shape, i);
        integers[i] = random_bits() % 4 ? random_between(format_min(format), format_max(format)) : 0;
        reals[i] = (float)fixed_to_real(integers[i], format.fraction);
    }
    *real = graph_append_reals(pair->real, "w", operand->shape, reals);
    *integer = graph_append_integers(pair->integer, "w", operand->shape, formats, integers);
}

static void add_input(struct pair *pair, const struct operand *operand, struct formats formats, valref *real,
                      valref *integer) {
    size_t count = shape_elements(&operand->shape);
    float *reals = ARENA_ARRAY(pair->real->arena, float, count *EVENTS);
    int64_t *integers = ARENA_ARRAY(pair->real->arena, int64_t, count * EVENTS);
    for (size_t i = 0; i < count * EVENTS; i++) {
        struct format format = element_format(&formats, &operand->shape, i % count);
        integers[i] = random_between(format_min(format), format_max(format));
        if (random_bits() % 4 == 0) integers[i] = random_bits() & 1 ? format_min(format) : format_max(format);
        reals[i] = (float)fixed_to_real(integers[i], format.fraction);
    }
    pair->reals[pair->inputs] = reals;
    pair->integers[pair->inputs++] = integers;
    *real = graph_append_input(pair->real, "x", operand->shape);
    *integer =
        graph_append_integer_input(pair->integer, "x", operand->shape, formats, ROUND_HALF_EVEN, OVERFLOW_SATURATE);
}

static struct pair make_pair(struct bxc_context *context, const struct trial *trial) {
    struct pair pair = {.real = graph_new(context, "real"), .integer = graph_new(context, "integer")};
    valref real[OPERANDS_MAX], integer[OPERANDS_MAX];
    for (uint32_t i = 0; i < trial->count; i++) {
        struct formats formats = random_formats(pair.real->arena, &trial->operands[i]);
        if (trial->operands[i].constant)
            add_constant(&pair, &trial->operands[i], formats, &real[i], &integer[i]);
        else
            add_input(&pair, &trial->operands[i], formats, &real[i], &integer[i]);
    }
    pair.real_result = graph_append(pair.real, trial->op, "node", real, trial->count, &trial->attributes);
    pair.integer_result = graph_append(pair.integer, trial->op, "node", integer, trial->count, &trial->attributes);
    if (pair.real_result.id != UINT32_MAX && pair.integer_result.id != UINT32_MAX) {
        graph_append_output(pair.real, "y", pair.real_result);
        graph_append_output(pair.integer, "y", pair.integer_result);
    }
    return pair;
}

static void compare_pair(const struct pair *pair) {
    CHECK(pair->real_result.id != UINT32_MAX && pair->integer_result.id != UINT32_MAX);
    CHECK(graph_infer(pair->integer) == 0);
    CHECK(graph_verify(pair->integer) == 0 && graph_verify(pair->real) == 0);
    const struct shape *shape = &graph_value(pair->integer, pair->integer_result)->shape;
    CHECK(shape_equal(shape, &graph_value(pair->real, pair->real_result)->shape));
    size_t count = shape_elements(shape);
    float *y = ARENA_ARRAY(pair->real->arena, float, count *EVENTS);
    int64_t *m = ARENA_ARRAY(pair->real->arena, int64_t, count * EVENTS);
    CHECK(graph_run_reals(pair->real, EVENTS, (const float *const *)pair->reals, &y) == 0);
    CHECK(graph_run_integers(pair->integer, EVENTS, (const int64_t *const *)pair->integers, &m) == 0);
    for (size_t i = 0; i < count * EVENTS; i++) {
        struct format format = graph_format(pair->integer, pair->integer_result, i % count);
        struct interval interval = graph_interval(pair->integer, pair->integer_result, i % count);
        CHECK(m[i] >= interval.lo && m[i] <= interval.hi);
        CHECK(interval_fits(interval, format));
        if ((double)y[i] != fixed_to_real(m[i], format.fraction)) {
            test_fail(__FILE__, __LINE__, "element %zu of event %zu: real %g, integer %g", i % count, i / count,
                      (double)y[i], fixed_to_real(m[i], format.fraction));
            return;
        }
    }
}

static void try(const struct trial *trial) {
    for (int repeat = 0; repeat < 3 && !test_failed; repeat++) {
        struct bxc_context *context = context_new();
        struct pair pair = make_pair(context, trial);
        compare_pair(&pair);
        if (test_failed && context->diagnostics.count)
            printf("# %s: %s\n", op_info(trial->op)->name, context->diagnostics.items[0].message);
        graph_free(pair.real);
        graph_free(pair.integer);
        context_free(context);
    }
}

static void arithmetic_in_both(void) {
    const struct operand shapes[][2] = {
        {{SHAPE(1, 6), false, 8, 3}, {SHAPE(1, 6), false, 8, 3}},
        {{SHAPE(1, 6), false, 8, 0}, {SHAPE(1, 6), true, 8, 0}},
        {{SHAPE(2, 1, 3), false, 8, 3}, {SHAPE(4, 1), true, 8, 3}},
        {{SHAPE(3), true, 8, 3}, {SHAPE(1, 5, 3), false, 8, 0}},
        {{.width = 8}, {SHAPE(1, 4), false, 7, 2}},
    };
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        for (int op = OP_ADD; op <= OP_MUL; op++) {
            struct trial trial = {.op = (enum op)op, .operands = {shapes[i][0], shapes[i][1]}, .count = 2};
            try(&trial);
        }
    }
}

static void products_in_both(void) {
    const struct operand shapes[][2] = {
        {{SHAPE(1, 16), false, 6, 0}, {SHAPE(16, 8), true, 5, 0}},
        {{SHAPE(1, 16), false, 6, 2}, {SHAPE(16, 8), true, 5, 3}},
        {{SHAPE(1, 300), false, 5, 1}, {SHAPE(300, 5), true, 4, 1}},
        {{SHAPE(8, 16), true, 5, 2}, {SHAPE(16), false, 6, 2}},
        {{SHAPE(16), false, 5, 2}, {SHAPE(16, 3), false, 6, 2}},
        {{SHAPE(7), false, 5, 2}, {SHAPE(7), true, 6, 2}},
        {{SHAPE(2, 3, 4), false, 5, 2}, {SHAPE(4, 5), true, 6, 2}},
        {{SHAPE(2, 1, 3, 4), false, 5, 2}, {SHAPE(2, 4, 5), true, 6, 2}},
        {{SHAPE(3, 4), true, 5, 2}, {SHAPE(2, 4, 5), false, 6, 2}},
        {{SHAPE(2, 3, 4), false, 5, 2}, {SHAPE(2, 4, 2), false, 4, 2}},
    };
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        struct trial trial = {.op = OP_MATMUL, .operands = {shapes[i][0], shapes[i][1]}, .count = 2};
        try(&trial);
    }
}

/* Sums that leave 32 bits; a single large term keeps the reals exact. */
static void wide_products(void) {
    struct trial trial = {
        .op = OP_MATMUL, .operands = {{SHAPE(1, 1), false, 24, 0}, {SHAPE(1, 1), true, 24, 0}}, .count = 2};
    struct bxc_context *context = context_new();
    struct pair pair = make_pair(context, &trial);
    int64_t weight = graph_integers(pair.integer, graph_definition(pair.integer, pair.integer_result)->inputs[1])[0];
    int64_t result[EVENTS], *out = result;
    CHECK(graph_run_integers(pair.integer, EVENTS, (const int64_t *const *)pair.integers, &out) == 0);
    for (int i = 0; i < EVENTS; i++) CHECK_EQ(result[i], pair.integers[0][i] * weight);
    graph_free(pair.real);
    graph_free(pair.integer);
    context_free(context);
}

static void reductions_in_both(void) {
    for (int64_t axis = 0; axis < 3; axis++) {
        for (int flags = 0; flags < 4; flags++) {
            const enum op ops[] = {OP_ARGMAX, OP_REDUCE_MAX, OP_REDUCE_SUM};
            for (int i = 0; i < 3; i++) {
                struct trial trial = {
                    .op = ops[i], .operands = {{SHAPE(2, 5, 3), false, axis == 1 ? 7 : 3, (int)axis}}, .count = 1};
                trial.attributes.axis = (struct axis_attributes){axis, flags & 1, flags & 2};
                try(&trial);
            }
        }
    }
    struct trial relu = {.op = OP_RELU, .operands = {{SHAPE(1, 9), false, 8, 3}}, .count = 1};
    try(&relu);
}

static void movements_in_both(void) {
    struct trial trial = {.operands = {{SHAPE(2, 3, 4), false, 8, 4}, {SHAPE(2, 2, 4), true, 8, 4}}, .count = 1};
    trial.op = OP_RESHAPE;
    trial.attributes.reshape.shape = SHAPE(6, 1, 4);
    try(&trial);
    trial.op = OP_TRANSPOSE;
    trial.attributes = (union attributes){.transpose = {{2, 0, 1}}};
    try(&trial);
    trial.op = OP_SLICE;
    trial.attributes = (union attributes){.slice = {{1, 2, 0}, {-1, -2, 3}, {2, 2, 2}}};
    try(&trial);
    trial.op = OP_GATHER;
    trial.attributes = (union attributes){.gather = {1, SHAPE(2, 2), (int64_t[]){2, 0, 0, 1}}};
    try(&trial);
    trial.op = OP_WINDOW;
    trial.attributes = (union attributes){.window = {1, 2, 1, 2}};
    try(&trial);
    trial.attributes = (union attributes){.window = {2, 2, 2, 1}};
    try(&trial);
    trial.op = OP_CONCAT;
    trial.count = 2;
    trial.attributes = (union attributes){.axis = {.axis = 1}};
    try(&trial);
}

static void narrow_in_both(void) {
    for (int rounding = 0; rounding < ROUNDING_COUNT; rounding++) {
        for (int overflow = 0; overflow < OVERFLOW_COUNT; overflow++) {
            struct format formats[8];
            for (int i = 0; i < 8; i++)
                formats[i] = (struct format){i & 1, (int16_t)random_between(0, 8), (int16_t)random_between(-2, 6)};
            struct trial trial = {.op = OP_NARROW, .operands = {{SHAPE(1, 8), false, 9, 5}}, .count = 1};
            trial.attributes.quantizer = (struct quantizer_attributes){.rounding = (enum rounding)rounding,
                                                                       .overflow = (enum overflow)overflow,
                                                                       .formats = {SHAPE(8), formats}};
            try(&trial);
        }
    }
}

/* ---- lookups ---- */

static void lookups(void) {
    struct bxc_context *context = context_new();
    struct graph *graph = graph_new(context, "g");
    struct format format = {true, 3, 0};
    valref x = graph_append_integer_input(graph, "x", SHAPE(1, 2), formats_uniform(graph->arena, format),
                                          ROUND_TRUNCATE, OVERFLOW_WRAP);
    int64_t squares[8] = {16, 9, 4, 1, 0, 1, 4, 9}, steps[2] = {-1, 2}, levels[3] = {-5, 0, 7};
    struct table table = {-4, 8, squares};
    struct staircase stairs[2] = {{2, steps, levels}, {0, NULL, levels}};
    union attributes tables = {
        .lookup = {.tables = &table, .formats = formats_uniform(graph->arena, (struct format){false, 5, 0})}};
    union attributes staircases = {.lookup = {.shape = SHAPE(2),
                                              .stairs = stairs,
                                              .formats = formats_uniform(graph->arena, (struct format){true, 4, 0})}};
    graph_append_output(graph, "t", graph_append(graph, OP_TABLE, "t", &x, 1, &tables));
    graph_append_output(graph, "s", graph_append(graph, OP_THRESHOLD, "s", &x, 1, &staircases));
    CHECK(graph_infer(graph) == 0 && graph_verify(graph) == 0);
    CHECK_EQ(graph_interval(graph, graph->outputs[0].value, 1).hi, 16);
    CHECK_EQ(graph_interval(graph, graph->outputs[1].value, 0).lo, -5);
    CHECK_EQ(graph_interval(graph, graph->outputs[1].value, 1).hi, -5);
    int64_t in[16], t[16], s[16];
    for (int i = 0; i < 16; i++) in[i] = i % 8 - 4;
    const int64_t *inputs[] = {in};
    int64_t *outputs[] = {t, s};
    CHECK(graph_run_integers(graph, 8, inputs, outputs) == 0);
    for (int i = 0; i < 16; i++) {
        CHECK_EQ(t[i], in[i] * in[i]);
        CHECK_EQ(s[i], i % 2 ? -5 : in[i] >= 2 ? 7 : in[i] >= -1 ? 0 : -5);
    }
    graph_free(graph);
    context_free(context);
}

/* ---- reals against known numbers ---- */

static void check_reals(enum op op, const union attributes *attributes, uint32_t count, const struct shape *shapes,
                        const float *const *data, size_t expected_count, const float *expected) {
    struct bxc_context *context = context_new();
    struct graph *graph = graph_new(context, "g");
    valref operands[6];
    for (uint32_t i = 0; i < count; i++)
        operands[i] =
            i ? graph_append_reals(graph, "c", shapes[i], data[i]) : graph_append_input(graph, "x", shapes[0]);
    valref result = graph_append(graph, op, "n", operands, count, attributes);
    CHECK(result.id != UINT32_MAX);
    graph_append_output(graph, "y", result);
    CHECK_EQ(shape_elements(&graph_value(graph, result)->shape), expected_count);
    float y[64], *out = y;
    CHECK(graph_run_reals(graph, 1, data, &out) == 0);
    for (size_t i = 0; i < expected_count; i++) {
        if (!(fabsf(y[i] - expected[i]) <= 1e-6f * (1.0f + fabsf(expected[i]))))
            test_fail(__FILE__, __LINE__, "%s gives %g, not %g at %zu", op_info(op)->name, (double)y[i],
                      (double)expected[i], i);
    }
    graph_free(graph);
    context_free(context);
}

#define REALS(...) ((const float[]){__VA_ARGS__})
static void check_unary(enum op op, float alpha, float beta, const float *expected) {
    const float *x[] = {REALS(-3.0f, -0.5f, 0.0f, 0.25f, 3.0f)};
    union attributes attributes = {.activation = {alpha, beta}};
    check_reals(op, &attributes, 1, (const struct shape[]){SHAPE(5)}, x, 5, expected);
}

static void activations(void) {
    check_unary(OP_RELU, 0, 0, REALS(0, 0, 0, 0.25f, 3));
    check_unary(OP_LEAKY_RELU, 0.1f, 0, REALS(-0.3f, -0.05f, 0, 0.25f, 3));
    check_unary(OP_CLIP, -1, 0.2f, REALS(-1, -0.5f, 0, 0.2f, 0.2f));
    check_unary(OP_CLIP, 2, 1, REALS(1, 1, 1, 1, 1));
    check_unary(OP_CLIP, -INFINITY, 1, REALS(-3, -0.5f, 0, 0.25f, 1));
    check_unary(OP_HARD_SIGMOID, 0.2f, 0.5f, REALS(0, 0.4f, 0.5f, 0.55f, 1));
    check_unary(OP_SIGMOID, 0, 0, REALS(0.04742587f, 0.37754067f, 0.5f, 0.5621765f, 0.95257413f));
    check_unary(OP_TANH, 0, 0, REALS(-0.9950548f, -0.46211716f, 0, 0.24491866f, 0.9950548f));
    check_unary(OP_EXP, 0, 0, REALS(0.049787067f, 0.60653067f, 1, 1.2840254f, 20.085537f));
    check_unary(OP_SIGN, 0, 0, REALS(-1, -1, 0, 1, 1));
    check_unary(OP_FLOOR, 0, 0, REALS(-3, -1, 0, 0, 3));
    check_unary(OP_CEIL, 0, 0, REALS(-3, 0, 0, 1, 3));
    check_unary(OP_TOWARD_ZERO, 0, 0, REALS(-3, -0.0f, 0, 0, 3));
    check_unary(OP_POSITIVE, 0, 0, REALS(0, 0, 0, 1, 1));
    check_unary(OP_IS_NAN, 0, 0, REALS(0, 0, 0, 0, 0));
    check_unary(OP_IS_INF, 1, 1, REALS(0, 0, 0, 0, 0));
    check_unary(OP_ROUND, 0, 0, REALS(-3, 0, 0, 0, 3));
    check_unary(OP_ERF, 0, 0, REALS(-0.99997791f, -0.520499878f, 0, 0.27632639f, 0.99997791f));
    check_unary(OP_SOFTPLUS, 0, 0, REALS(0.0485873516f, 0.474076984f, 0.693147181f, 0.82593942f, 3.04858735f));
    check_unary(OP_FAST_TANH, 0, 0, REALS(-0.995054722f, -0.462117165f, 0, 0.244918659f, 0.995054722f));
    check_unary(OP_SOFTSIGN, 0, 0, REALS(-0.75f, -0.333333333f, 0, 0.2f, 0.75f));
    check_unary(OP_ELU, 1.5f, 0, REALS(-1.4253194f, -0.59020401f, 0, 0.25f, 3));
    check_unary(OP_SELU, 1.5f, 2, REALS(-2.85063879f, -1.18040802f, 0, 0.5f, 6));
    check_unary(OP_CELU, 0.75f, 0, REALS(-0.736263271f, -0.364937161f, 0, 0.25f, 3));
    check_unary(OP_THRESHOLDED_RELU, 0.25f, 0, REALS(0, 0, 0, 0, 3));
    check_unary(OP_SHRINK, 0.25f, 0.125f, REALS(-2.875f, -0.375f, 0, 0, 2.875f));
    check_unary(OP_HARD_SWISH, 0, 0, REALS(-0, -0.208333333f, 0, 0.135416667f, 3));
    check_unary(OP_GELU, 0, 0, REALS(-0.00404969409f, -0.154268769f, 0, 0.149676581f, 2.99595031f));
    check_unary(OP_GELU_TANH, 0, 0, REALS(-0.00363739208f, -0.15428599f, 0, 0.149675351f, 2.99636261f));
    check_unary(OP_MISH, 0, 0, REALS(-0.145647461f, -0.220743775f, 0, 0.16957241f, 2.986535f));
    check_unary(OP_SWISH, 1.25f, 0, REALS(-0.0689321097f, -0.174322568f, 0, 0.144373841f, 2.93106789f));
    const float *positive[] = {REALS(0.25f, 1, 9)};
    check_reals(OP_SQRT, NULL, 1, (const struct shape[]){SHAPE(3)}, positive, 3, REALS(0.5f, 1, 3));
    check_reals(OP_LOG, NULL, 1, (const struct shape[]){SHAPE(3)}, positive, 3, REALS(-1.38629436f, 0, 2.19722458f));
    const float *x[] = {REALS(-4, 0.5f)};
    check_reals(OP_RECIPROCAL, NULL, 1, (const struct shape[]){SHAPE(2)}, x, 2, REALS(-0.25f, 2));
    struct node node = {.op = OP_ADD};
    float y;
    double z;
    CHECK(!op_unary_real(&node, 1, &y) && !op_unary_double(&node, 1, &z));
    node.op = OP_EXP;
    CHECK(op_unary_real(&node, 1, &y) && op_unary_double(&node, 1, &z) && y == (float)z);
}

static void real_operators(void) {
    const float *division[] = {REALS(1, 2, 3, 4), REALS(2, 4)};
    check_reals(OP_DIV, NULL, 2, (struct shape[]){SHAPE(2, 2), SHAPE(2)}, division, 4, REALS(0.5f, 0.5f, 1.5f, 1));
    const float *power[] = {REALS(1, 2, 3, 4), REALS(2)};
    check_reals(OP_POW, NULL, 2, (struct shape[]){SHAPE(4), SHAPE(1)}, power, 4, REALS(1, 4, 9, 16));
    const float *normal[] = {REALS(1, 2, 3, 4), REALS(2, 3), REALS(1, -1), REALS(0, 1), REALS(1, 4)};
    union attributes attributes = {.normalization = {0.0f}};
    check_reals(OP_BATCH_NORM, &attributes, 5, (struct shape[]){SHAPE(1, 2, 2), SHAPE(2), SHAPE(2), SHAPE(2), SHAPE(2)},
                normal, 4, REALS(3, 5, 2, 3.5f));
    const float *logits[] = {REALS(1000, 1001, 1002, -1, -1, -1)};
    attributes = (union attributes){.axis = {.axis = 1}};
    check_reals(OP_SOFTMAX, &attributes, 1, (const struct shape[]){SHAPE(2, 3)}, logits, 6,
                REALS(0.09003057f, 0.24472847f, 0.66524096f, 1 / 3.0f, 1 / 3.0f, 1 / 3.0f));
    const float *equals[] = {REALS(2, 7, 7, 1)};
    attributes = (union attributes){.axis = {.axis = 0, .select_last = true}};
    check_reals(OP_ARGMAX, &attributes, 1, (const struct shape[]){SHAPE(4)}, equals, 1, REALS(2));
    attributes.axis.select_last = false;
    check_reals(OP_ARGMAX, &attributes, 1, (const struct shape[]){SHAPE(4)}, equals, 1, REALS(1));
}

/* Element i of every operand is i, of the second 100 + i. */
static void movements(void) {
    const float *x[] = {REALS(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11), REALS(100, 101)};
    const struct shape one[] = {SHAPE(2, 3, 2)};
    union attributes attributes = {.gather = {1, SHAPE(1, 2), (int64_t[]){2, 0}}};
    check_reals(OP_GATHER, &attributes, 1, one, x, 8, REALS(4, 5, 0, 1, 10, 11, 6, 7));
    attributes = (union attributes){.gather = {1, {.rank = 0}, (int64_t[]){1}}};
    check_reals(OP_GATHER, &attributes, 1, one, x, 4, REALS(2, 3, 8, 9));
    attributes = (union attributes){.window = {1, 2, 1, 1}};
    check_reals(OP_WINDOW, &attributes, 1, one, x, 16, REALS(0, 1, 2, 3, 2, 3, 4, 5, 6, 7, 8, 9, 8, 9, 10, 11));
    attributes = (union attributes){.window = {0, 2, 2, 2}};
    check_reals(OP_WINDOW, &attributes, 1, (const struct shape[]){SHAPE(6)}, x, 4, REALS(0, 2, 2, 4));
    attributes = (union attributes){.transpose = {{1, 2, 0}}};
    check_reals(OP_TRANSPOSE, &attributes, 1, one, x, 12, REALS(0, 6, 1, 7, 2, 8, 3, 9, 4, 10, 5, 11));
    attributes = (union attributes){.slice = {{1, 2, 0}, {1, -2, 1}, {1, 2, 2}}};
    check_reals(OP_SLICE, &attributes, 1, one, x, 4, REALS(10, 11, 6, 7));
    attributes = (union attributes){.axis = {.axis = 1}};
    check_reals(OP_CONCAT, &attributes, 2, (const struct shape[]){SHAPE(2, 6), SHAPE(2, 1)}, x, 14,
                REALS(0, 1, 2, 3, 4, 5, 100, 6, 7, 8, 9, 10, 11, 101));
    attributes = (union attributes){.axis = {.axis = 0}};
    check_reals(OP_REDUCE_SUM, &attributes, 1, (const struct shape[]){SHAPE(3, 4)}, x, 4, REALS(12, 15, 18, 21));
    attributes.axis.axis = 1;
    check_reals(OP_REDUCE_MAX, &attributes, 1, (const struct shape[]){SHAPE(3, 4)}, x, 3, REALS(3, 7, 11));
}

/* Matrices and broadcasting against sums by hand. */
static void products_by_hand(void) {
    const float *x[] = {REALS(1, 2, 3, 4, 5, 6, 7, 8), REALS(1, 0, 2, 1, -1, 3)};
    check_reals(OP_MATMUL, NULL, 2, (const struct shape[]){SHAPE(2, 2, 2), SHAPE(2, 3)}, x, 12,
                REALS(3, -2, 8, 7, -4, 18, 11, -6, 28, 15, -8, 38));
    check_reals(OP_MATMUL, NULL, 2, (const struct shape[]){SHAPE(2), SHAPE(2, 3)}, x, 3, REALS(3, -2, 8));
    check_reals(OP_MATMUL, NULL, 2, (const struct shape[]){SHAPE(4, 2), SHAPE(2)}, x, 4, REALS(1, 3, 5, 7));
    check_reals(OP_SUB, NULL, 2, (const struct shape[]){SHAPE(2, 1), SHAPE(3)}, x, 6, REALS(0, 1, -1, 1, 2, 0));
}

/* The order in which binary32 sums are rounded is the definition. */
static void products_add_in_order(void) {
    const float *data[] = {REALS(1e8f, 1, -1e8f, 1), REALS(1, 1, 1, 1)};
    check_reals(OP_MATMUL, NULL, 2, (struct shape[]){SHAPE(4), SHAPE(4)}, data, 1, REALS(1));
}

static void constants_alone(void) {
    struct bxc_context *context = context_new();
    struct graph *graph = graph_new(context, "g");
    graph_append_input(graph, "x", SHAPE(1));
    valref c = graph_append_reals(graph, "c", SHAPE(2, 2), REALS(1, 2, 3, 4));
    union attributes attributes = {.reshape = {SHAPE(4)}};
    graph_append_output(graph, "c", c);
    graph_append_output(graph, "r", graph_append(graph, OP_RESHAPE, "r", &c, 1, &attributes));
    graph_append_output(graph, "p", graph_append(graph, OP_MATMUL, "p", (valref[]){c, c}, 2, NULL));
    float x[70] = {0}, a[280], b[280], p[280];
    CHECK(graph_run_reals(graph, 70, &(const float *){x}, (float *[]){a, b, p}) == 0);
    CHECK(a[279] == 4 && b[278] == 3 && p[276] == 7 && p[279] == 22);
    graph_free(graph);
    context_free(context);
}

/* A constant that changes after the plan was made shows who is computed by the run: its readers beside an input. */
static void constants_are_computed_by_the_plan(void) {
    struct bxc_context *context = context_new();
    struct graph *graph = graph_new(context, "g");
    union attributes flat = {.reshape = {SHAPE(4)}};
    valref x = graph_append_input(graph, "x", SHAPE(4));
    valref c = graph_append_reals(graph, "c", SHAPE(2, 2), REALS(1, -2, 3, 4));
    valref relu = graph_append(graph, OP_RELU, "relu", &c, 1, NULL);
    valref reshaped = graph_append(graph, OP_RESHAPE, "reshaped", &relu, 1, &flat);
    valref moved = graph_append(graph, OP_RESHAPE, "moved", &c, 1, &flat);
    graph_append_output(graph, "y", graph_append(graph, OP_ADD, "y", (valref[]){x, reshaped}, 2, NULL));
    graph_append_output(graph, "z", graph_append(graph, OP_ADD, "z", (valref[]){x, moved}, 2, NULL));
    struct evaluator *evaluator = evaluator_new(graph, graph->arena);
    struct evaluator_state *run = evaluator_state_new(evaluator);
    ((float *)(uintptr_t)graph_reals(graph, c))[2] = 30;
    float in[8] = {0, 0, 0, 0, 10, 10, 10, 10}, y[8], z[8];
    evaluator_run_reals(evaluator, run, 2, &(const float *){in}, (float *[]){y, z});
    CHECK(y[0] == 1 && y[1] == 0 && y[2] == 3 && y[6] == 13 && y[7] == 14);
    CHECK(z[1] == -2 && z[2] == 30 && z[6] == 40);
    CHECK(!evaluator_reals(run, c));
    for (size_t lane = 0; lane < EVENT_LANES; lane++) {
        CHECK(evaluator_reals(run, relu)[2 * EVENT_LANES + lane] == 3);
        CHECK(evaluator_reals(run, reshaped)[EVENT_LANES + lane] == 0);
        CHECK(evaluator_reals(run, moved)[3 * EVENT_LANES + lane] == 4);
    }
    evaluator_state_free(run);
    graph_free(graph);
    context_free(context);
}

/* ---- refusals ---- */

struct refusal {
    enum op op;
    uint32_t count;
    struct shape shapes[2];
    union attributes attributes;
    const char *message; /* a part of it */
};

#define NONE                                                                                                           \
    {                                                                                                                  \
        .axis = {.axis = 0 }                                                                                           \
    }
static void refusals(void) {
    const struct refusal table[] = {
        {OP_ADD, 2, {SHAPE(2, 3), SHAPE(2, 4)}, NONE, "do not broadcast"},
        {OP_MATMUL, 2, {SHAPE(1, 3), SHAPE(4, 2)}, NONE, "inner sizes differ"},
        {OP_MATMUL, 2, {SHAPE(1, 3), {0}}, NONE, "scalar"},
        {OP_MATMUL, 2, {SHAPE(2, 1, 3), SHAPE(3, 3, 2)}, NONE, "leading axes"},
        {OP_RELU, 2, {SHAPE(1), SHAPE(1)}, NONE, "2 inputs"},
        {OP_SOFTMAX, 1, {SHAPE(1, 3)}, {.axis = {.axis = 2}}, "axis 2 of 2"},
        {OP_ARGMAX, 1, {SHAPE(1, 3)}, {.axis = {.axis = -1}}, "axis -1 of 2"},
        {OP_RESHAPE, 1, {SHAPE(6)}, {.reshape = {SHAPE(4)}}, "do not make the new shape"},
        {OP_RESHAPE, 1, {SHAPE(6)}, {.reshape = {SHAPE(-2, -3)}}, "do not make the new shape"},
        {OP_TRANSPOSE, 1, {SHAPE(2, 3)}, {.transpose = {{0, 0}}}, "not a permutation"},
        {OP_SLICE, 1, {SHAPE(4)}, {.slice = {{1}, {2}, {3}}}, "leaves axis 0"},
        {OP_SLICE, 1, {SHAPE(4)}, {.slice = {{3}, {INT64_MIN}, {2}}}, "leaves axis 0"},
        {OP_SLICE, 1, {SHAPE(4)}, {.slice = {{0}, {1}, {0}}}, "empty"},
        {OP_GATHER, 1, {SHAPE(4)}, {.gather = {0, SHAPE(1), (int64_t[]){4}}}, "index 0 is outside"},
        {OP_WINDOW, 1, {SHAPE(4)}, {.window = {0, 3, 1, 2}}, "no window fits along axis 0"},
        {OP_WINDOW, 1, {SHAPE(4)}, {.window = {0, 2, 0, 1}}, "no window fits along axis 0"},
        {OP_WINDOW, 1, {SHAPE(4)}, {.window = {0, INT64_MAX, 1, INT64_MAX}}, "no window fits along axis 0"},
        {OP_WINDOW, 1, {SHAPE(4)}, {.window = {1, 1, 1, 1}}, "axis 1 of 1"},
        {OP_CONCAT, 2, {SHAPE(1, 4), SHAPE(2, 4)}, {.axis = {.axis = 1}}, "another size along axis 0"},
        {OP_CONCAT, 2, {SHAPE(1, 4), SHAPE(4)}, {.axis = {.axis = 1}}, "has 1 axes"},
        {OP_TABLE, 1, {SHAPE(1)}, NONE, "no meaning in real arithmetic"},
        {OP_NARROW, 1, {SHAPE(1)}, NONE, "no format"},
        {OP_CLIP, 1, {SHAPE(1)}, {.activation = {NAN, 0}}, "NaN"},
        {OP_QUANT, 1, {SHAPE(1)}, NONE, "inputs"},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct bxc_context *context = context_new();
        struct graph *graph = graph_new(context, "g");
        valref operands[2] = {graph_append_input(graph, "x", table[i].shapes[0])};
        if (table[i].count > 1) operands[1] = graph_append_input(graph, "y", table[i].shapes[1]);
        CHECK_EQ(graph_append(graph, table[i].op, "bad", operands, table[i].count, &table[i].attributes).id,
                 UINT32_MAX);
        CHECK_EQ(context->diagnostics.errors, 1);
        if (!strstr(context->diagnostics.items[0].message, table[i].message))
            test_fail(__FILE__, __LINE__, "row %zu says \"%s\"", i, context->diagnostics.items[0].message);
        CHECK_STR(context->diagnostics.items[0].location.node, "bad");
        graph_free(graph);
        context_free(context);
    }
}

static void bad_constants(void) {
    struct bxc_context *context = context_new();
    struct graph *graph = graph_new(context, "g");
    CHECK_EQ(graph_append_reals(graph, "weight", SHAPE(2), REALS(1, NAN)).id, UINT32_MAX);
    CHECK(strstr(context->diagnostics.items[0].message, "'weight' is NaN at element 1"));
    CHECK_EQ(graph_append_input(graph, "x", SHAPE(1 << 20, 1 << 20, 1 << 20, 1 << 20)).id, UINT32_MAX);
    CHECK(strstr(context->diagnostics.items[1].message, "more than 268435456 elements"));
    CHECK_EQ(graph_append_input(graph, "x", SHAPE(1, 0)).id, UINT32_MAX);
    struct formats formats = formats_uniform(graph->arena, (struct format){true, 4, 0});
    CHECK_EQ(graph_append_integers(graph, "w", SHAPE(1), formats, &(int64_t){8}).id, UINT32_MAX);
    CHECK(strstr(context->diagnostics.items[3].message, "outside its format"));
    graph_free(graph);
    context_free(context);
}

static void more_than_64_bits(void) {
    struct bxc_context *context = context_new();
    struct graph *graph = graph_new(context, "g");
    struct formats wide = formats_uniform(graph->arena, (struct format){true, 40, 0});
    struct formats far = formats_uniform(graph->arena, (struct format){true, 40, 40});
    valref x = graph_append_integer_input(graph, "x", SHAPE(1, 2), wide, ROUND_TRUNCATE, OVERFLOW_WRAP);
    valref y = graph_append_integer_input(graph, "y", SHAPE(1, 2), far, ROUND_TRUNCATE, OVERFLOW_WRAP);
    union attributes axis = {.axis = {.axis = 1}};
    CHECK_EQ(graph_append(graph, OP_MUL, "too wide", (valref[]){x, x}, 2, NULL).id, UINT32_MAX);
    CHECK_EQ(graph_append(graph, OP_ADD, "too wide", (valref[]){x, y}, 2, NULL).id, UINT32_MAX);
    valref both = graph_append(graph, OP_CONCAT, "both", (valref[]){x, y}, 2, &axis);
    CHECK_EQ(graph_append(graph, OP_REDUCE_MAX, "too wide", &both, 1, &axis).id, UINT32_MAX);
    CHECK_EQ(graph_append(graph, OP_ARGMAX, "too wide", &both, 1, &axis).id, UINT32_MAX);
    CHECK_EQ(context->diagnostics.errors, 4);
    for (int i = 0; i < 4; i++) {
        CHECK(strstr(context->diagnostics.items[i].message, "more than 64 bits"));
        CHECK_STR(context->diagnostics.items[i].location.node, "too wide");
    }
    graph_free(graph);
    context_free(context);
}

int main(void) {
    RUN(every_operator_has_its_slots);
    RUN(fields_lie_inside_the_attributes);
    RUN(arithmetic_in_both);
    RUN(products_in_both);
    RUN(wide_products);
    RUN(reductions_in_both);
    RUN(movements_in_both);
    RUN(narrow_in_both);
    RUN(lookups);
    RUN(activations);
    RUN(real_operators);
    RUN(movements);
    RUN(products_by_hand);
    RUN(products_add_in_order);
    RUN(constants_alone);
    RUN(constants_are_computed_by_the_plan);
    RUN(refusals);
    RUN(bad_constants);
    RUN(more_than_64_bits);
    TEST_EXIT();
}
