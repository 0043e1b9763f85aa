/* The reader of HGQ2's .keras files: its quantisers against HGQ2's own numbers (hgq_vectors.h), whole
 * models against what Keras computes, and files that are wrong. */
#include "tests/unit/keras_file.h"
#include "ir/eval.h"
#include "ir/file.h"
#include "ir/port.h"
#include "ir/verify.h"
#include "passes/passes.h"
#include "target/target.h"
#include "tests/test.h"
#include "tests/unit/npy_file.h"

#include <math.h>
#include <sys/stat.h>

enum { ELEMENTS = 5, ROWS = 3 };
struct group {
    const char *type, *rounding, *overflow;
    int is_weight, trainable;
    float k[ELEMENTS];
    uint32_t i[ELEMENTS], last[ELEMENTS], x[ROWS * ELEMENTS], y[ROWS * ELEMENTS];
};
#include "tests/unit/hgq_vectors.h"
enum { GROUPS = sizeof groups / sizeof *groups };

static struct bxc_context *context;

static const char *diagnosed(void) {
    struct strbuf text = strbuf_new(context->arena);
    for (size_t i = 0; i < context->diagnostics.count; i++) diag_format(&text, &context->diagnostics.items[i]);
    return text.data;
}

static struct graph *read_bytes(const char *data, size_t length) {
    return keras_read(context, "test.keras", data, length, NULL);
}

static struct graph *read_file(struct keras_file *file) {
    size_t length;
    char *data = keras_file_finish(file, NULL, &length);
    return read_bytes(data, length);
}

static const float one_k[] = {1}, one_i[] = {3}, one_b[] = {10};
static const struct keras_file_quantizer plain = {"kbi", "RND", "SAT_SYM", NULL, {0}, one_k, one_i, one_b};

/* ---- quantisers against HGQ2 ---- */

static const float *floats(const uint32_t *bits) {
    return (const float *)(const void *)bits;
}

static const float *repeated(const float *row) {
    float *rows = ARENA_ARRAY(context->arena, float, ROWS *ELEMENTS);
    for (int e = 0; e < ROWS * ELEMENTS; e++) rows[e] = row[e % ELEMENTS];
    return rows;
}

static struct keras_file_quantizer quantizer_of(const struct group *group) {
    const char *extra = arena_printf(
        context->arena, "\"is_weight\": %s, \"trainable\": %s, \"scaler\": null, \"affine\": null, \"bw_mapper\": null",
        group->is_weight ? "true" : "false", group->trainable ? "true" : "false");
    return (struct keras_file_quantizer){group->type, group->rounding, group->overflow, extra, {0}, NULL, NULL, NULL};
}

static const float *constant_named(const struct graph *graph, const char *name) {
    for (uint32_t n = 0; n < graph->node_count; n++)
        if (!strcmp(graph->nodes[n].name, name)) return graph_reals(graph, graph->nodes[n].result);
    return NULL;
}

static void check_weights(const struct group *group) {
    struct keras_file file = keras_file_new(context->arena);
    struct keras_file_quantizer quantizer = quantizer_of(group);
    quantizer.shape = (struct shape){2, {ROWS, ELEMENTS}};
    quantizer.k = repeated(group->k);
    quantizer.i = repeated(floats(group->i));
    quantizer.last = repeated(floats(group->last));
    keras_file_input(&file, ROWS);
    keras_file_dense(&file, NULL, ROWS, ELEMENTS, floats(group->x), NULL, NULL, &quantizer, NULL);
    struct graph *graph = read_file(&file);
    const float *kernel = graph ? constant_named(graph, "dense.kernel") : NULL;
    if (!kernel) test_fail(__FILE__, __LINE__, "group %d is not read: %s", (int)(group - groups), diagnosed());
    for (int e = 0; kernel && e < ROWS * ELEMENTS; e++)
        if (kernel[e] != floats(group->y)[e])
            test_fail(__FILE__, __LINE__, "group %d (%s %s %s), element %d: %a gives %a, not %a", (int)(group - groups),
                      group->type, group->rounding, group->overflow, e, (double)floats(group->x)[e], (double)kernel[e],
                      (double)floats(group->y)[e]);
    graph_free(graph);
}

static void weights_are_quantised_as_hgq2_does(void) {
    for (int g = 0; g < GROUPS && !test_failed; g++) check_weights(&groups[g]);
}

/* x * 2^f + 1/2 is rounded in HGQ2's binary32; in firmware it is exact. Only numbers within half a
 * unit of binary32's last place of a tie tell the two apart. */
static bool is_exact(const struct group *group, int e) {
    double last = nearbyint((double)floats(group->last)[e % ELEMENTS]),
           whole = nearbyint((double)floats(group->i)[e % ELEMENTS]);
    float scaled = ldexpf(floats(group->x)[e], (int)(strcmp(group->type, "kbi") ? last : last - whole));
    return (double)(scaled + 0.5f) == (double)scaled + 0.5 && (double)(scaled - 0.5f) == (double)scaled - 0.5;
}

static void check_values(const struct group *group) {
    struct keras_file file = keras_file_new(context->arena);
    struct keras_file_quantizer quantizer = quantizer_of(group);
    float identity[ELEMENTS * ELEMENTS] = {0}, got[ROWS * ELEMENTS], *out = got;
    const float *in = floats(group->x);
    quantizer.shape = (struct shape){2, {1, ELEMENTS}};
    quantizer.k = group->k;
    quantizer.i = floats(group->i);
    quantizer.last = floats(group->last);
    for (int e = 0; e < ELEMENTS; e++) identity[e * ELEMENTS + e] = 1;
    keras_file_input(&file, ELEMENTS);
    keras_file_dense(&file, NULL, ELEMENTS, ELEMENTS, identity, NULL, &quantizer, &plain, NULL);
    struct graph *graph = read_file(&file);
    if (!graph || graph_verify(graph) < 0 || graph_run_reals(graph, ROWS, &in, &out) < 0) {
        test_fail(__FILE__, __LINE__, "group %d does not run: %s", (int)(group - groups), diagnosed());
        graph_free(graph);
        return;
    }
    for (int e = 0; e < ROWS * ELEMENTS; e++)
        if (is_exact(group, e) && got[e] != floats(group->y)[e])
            test_fail(__FILE__, __LINE__, "group %d (%s %s %s), element %d: %a gives %a, not %a", (int)(group - groups),
                      group->type, group->rounding, group->overflow, e, (double)in[e], (double)got[e],
                      (double)floats(group->y)[e]);
    graph_free(graph);
}

static void activations_are_quantised_as_hgq2_does(void) {
    for (int g = 0; g < GROUPS && !test_failed; g++)
        if (strcmp(groups[g].overflow, "WRAP") || !groups[g].is_weight) check_values(&groups[g]);
}

/* ---- whole models against Keras ---- */

/* In binary32 bit for bit, and through the passes in integers. */
static void compare_reals(const struct graph *graph, const float *in, const float *wanted, size_t events) {
    size_t classes = shape_elements(&graph_value(graph, graph->outputs[0].value)->shape);
    float *out = ARENA_ARRAY(context->arena, float, events *classes);
    CHECK(graph_run_reals(graph, events, &in, &out) == 0);
    for (size_t i = 0; i < events * classes; i++)
        if (out[i] != wanted[i]) {
            test_fail(__FILE__, __LINE__, "reals: event %zu, class %zu: %a, not %a", i / classes, i % classes,
                      (double)out[i], (double)wanted[i]);
            return;
        }
}

static void compare_integers(struct graph *graph, const float *in, const float *wanted, size_t events) {
    struct compile_options options = compile_options_default();
    struct program program = {.context = context,
                              .arena = context->arena,
                              .graph = graph_clone(graph),
                              .options = &options,
                              .technology = technology_for(NULL, (struct part_grade){0})};
    valref input;
    CHECK(passes_run(&program, NULL, "integerise") == 0);
    input = graph_inputs(program.graph, program.graph->arena).at[0];
    size_t features = shape_elements(&graph_value(program.graph, input)->shape);
    valref output = program.graph->outputs[0].value;
    size_t classes = shape_elements(&graph_value(program.graph, output)->shape);
    int64_t *ports = ARENA_ARRAY(context->arena, int64_t, events * features),
            *out = ARENA_ARRAY(context->arena, int64_t, events * classes);
    double *back = ARENA_ARRAY(context->arena, double, events *classes);
    CHECK(port_from_reals(program.graph, input, events, 0, in, ports) == 0);
    CHECK(graph_run_integers(program.graph, events, (const int64_t *const *)&ports, &out) == 0);
    port_to_reals(program.graph, output, NULL, events, out, back);
    for (size_t i = 0; i < events * classes; i++)
        if ((float)back[i] != wanted[i]) {
            test_fail(__FILE__, __LINE__, "integers: event %zu, class %zu: %a, not %a", i / classes, i % classes,
                      back[i], (double)wanted[i]);
            return;
        }
    graph_free(program.graph);
}

static void compare_model(const char *model, const char *in_path, const char *out_path) {
    size_t in_count = 0, out_count = 0;
    valref input;
    const float *in = npy_file_reals(context, in_path, &in_count),
                *wanted = npy_file_reals(context, out_path, &out_count);
    CHECK(in && wanted);
    struct graph *graph = frontend_read(context, model, NULL);
    if (!graph) {
        test_fail(__FILE__, __LINE__, "%s is not read: %s", model, diagnosed());
        return;
    }
    input = graph_inputs(graph, graph->arena).at[0];
    size_t events = out_count / shape_elements(&graph_value(graph, graph->outputs[0].value)->shape);
    CHECK(events >= 100 && in_count >= events * shape_elements(&graph_value(graph, input)->shape));
    compare_reals(graph, in, wanted, events);
    if (!test_failed) compare_integers(graph, in, wanted, events);
    graph_free(graph);
}

static void jets_are_what_keras_computes(void) {
    compare_model("examples/jets/jets_hgq.keras", "examples/jets/events.npy", "examples/jets/reference/jets_hgq.npy");
}

static void jets_wrap_as_keras_does(void) {
    compare_model("examples/jets/jets_hgq.keras", "examples/jets/reference/wide_events.npy",
                  "examples/jets/reference/jets_hgq_wide.npy");
}

static void sets_are_what_keras_computes(void) {
    compare_model("examples/sets/sets_hgq.keras", "examples/sets/events.npy", "examples/sets/reference/sets_hgq.npy");
}

static void sets_by_position_are_what_keras_computes(void) {
    compare_model("examples/sets/sets_hgq_positions.keras", "examples/sets/events.npy",
                  "examples/sets/reference/sets_hgq_positions.npy");
}

static const char *shared_model;
static void published_particle_network(void) { /* QSum, QAdd of 32 particles and their sum */
    const char *folder =
        arena_printf(context->arena, "%.*s", (int)(strrchr(shared_model, '/') - shared_model), shared_model);
    compare_model(shared_model, arena_printf(context->arena, "%s/x.npy", folder),
                  arena_printf(context->arena, "%s/y.npy", folder));
}
static void published_model_is_what_keras_computes(void) {
    const char *name = strrchr(shared_model, '/') + 1;
    compare_model(
        shared_model, "tests/oracle/hgq/events.npy",
        arena_printf(context->arena, "tests/oracle/hgq/%.*s.npy", (int)(strlen(name) - strlen(".keras")), name));
}

/* ---- what is wrong ---- */

static void expect(struct graph *graph, const char *message) {
    if (graph)
        test_fail(__FILE__, __LINE__, "it is read, without '%s'", message);
    else if (!strstr(diagnosed(), message))
        test_fail(__FILE__, __LINE__, "no '%s' in: %s", message, diagnosed());
    graph_free(graph);
}

/* ---- layers that add ---- */

/* Two events of 2 x 3 numbers through the layers of the file, exactly. */
static void expect_numbers(struct keras_file *file, size_t count, const float *wanted) {
    static const float x[12] = {1, 2, 3, -4, 5, 0.5f, 0.25f, 0, 1, 7, -3, 2};
    const float *in = x;
    float got[12], *out = got;
    struct graph *graph = read_file(file);
    if (!graph || graph_verify(graph) < 0 || graph_run_reals(graph, 2, &in, &out) < 0) {
        test_fail(__FILE__, __LINE__, "not read: %s", diagnosed());
        return;
    }
    CHECK_EQ(shape_elements(&graph_value(graph, graph->outputs[0].value)->shape), count);
    for (size_t i = 0; i < 2 * count; i++)
        if (got[i] != wanted[i])
            test_fail(__FILE__, __LINE__, "number %zu is %g, not %g", i, (double)got[i], (double)wanted[i]);
    graph_free(graph);
}

static struct keras_file two_by_three(void) {
    struct keras_file file = keras_file_new(context->arena);
    keras_file_layer(&file, "InputLayer", "x", ", \"batch_shape\": [null, 2, 3]");
    return file;
}

static void sums_along_axes(void) {
    static const struct {
        const char *class_name, *members;
        size_t count;
        float wanted[6];
    } sums[] = {
        {"QSum", "\"axes\": [1], \"scale\": 1.0", 3, {-3, 7, 3.5f, 7.25f, -3, 3}},
        {"QSum", "\"axes\": [1], \"scale\": 0.5, \"keepdims\": true", 3, {-1.5f, 3.5f, 1.75f, 3.625f, -1.5f, 1.5f}},
        {"QSum", "\"axes\": [-1], \"scale\": 4", 2, {24, 6, 5, 24}},
        {"QSum", "\"axes\": [1, 2], \"scale\": 1.0", 1, {7.5f, 7.25f}},
        {"QMeanPow2", "\"axes\": [1]", 3, {-1.5f, 3.5f, 1.75f, 3.625f, -1.5f, 1.5f}},
        {"QMeanPow2", "\"axes\": [2]", 2, {1.5f, 0.375f, 0.3125f, 1.5f}}, /* of three: a quarter, as log2(3) is 1.58 */
        {"QMeanPow2", "\"axes\": [1, 2], \"keepdims\": true", 1, {0.9375f, 0.90625f}}, /* of six: an eighth */
    };
    for (size_t s = 0; s < sizeof sums / sizeof *sums && !test_failed; s++) {
        struct keras_file file = two_by_three();
        keras_file_layer(&file, sums[s].class_name, "sum",
                         arena_printf(context->arena, ", \"enable_iq\": false, %s", sums[s].members));
        expect_numbers(&file, sums[s].count, sums[s].wanted);
    }
}

static void sum_behind_its_quantiser(void) {
    static const float k[] = {1, 1, 0}, i[] = {3, 3, 3}, f[] = {1, 0, 0}, wanted[6] = {-3, 7, 4, 7.5f, -3, 3};
    struct keras_file file = two_by_three();
    struct keras_file_quantizer iq = {"kif", "RND", "SAT", NULL, {3, {1, 1, 3}}, k, i, f};
    const char *conf = keras_file_configuration(&file, "iq", &iq);
    keras_file_widths(&file, "layers/q_sum/iq", &iq);
    keras_file_layer(&file, "QSum", "sum", arena_printf(context->arena, ", \"axes\": [1]%s", conf));
    expect_numbers(&file, 3, wanted);
}

/* x and its sum over the two rows, each behind a quantiser of its own: whole numbers up to 7, and halves. */
static void several_are_added(void) {
    static const float k[] = {1}, i[] = {3}, f[] = {0, 1},
                       wanted[12] = {-2, 9, 6.5f, -7, 12, 4.5f, 7.5f, -3, 4, 14.5f, -6, 5};
    static const char *const feeds[2] = {"x", "sum"};
    struct keras_file file = two_by_three();
    struct keras_file_quantizer whole = {"kif", "RND", "SAT", NULL, {0}, k, i, f}, half = whole;
    half.last = f + 1;
    keras_file_layer(&file, "QSum", "sum", ", \"axes\": [1], \"keepdims\": true, \"enable_iq\": false");
    keras_file_widths(&file, "layers/q_add/iq/quantizers/quantizer", &whole);
    keras_file_widths(&file, "layers/q_add/iq/quantizers/quantizer_1", &half);
    const char *first = keras_file_configuration(&file, "iq", &whole) + strlen(", \"iq_conf\": "),
               *second = keras_file_configuration(&file, "iq", &half) + strlen(", \"iq_conf\": ");
    keras_file_layer_on(&file, "QAdd", "add", arena_printf(context->arena, ", \"iq_confs\": [%s, %s]", first, second),
                        feeds);
    expect_numbers(&file, 6, wanted);
}

static void sums_that_are_not_read(void) {
    static const char *const wrong[][2] = {
        {"\"axes\": [3]", "along an axis that the input does not have"},
        {"\"axes\": [0]", "along an axis that the input does not have"},
        {"\"axes\": [1.5]", "along an axis that the input does not have"},
        {"\"axes\": []", "the sum has no axes"},
        {"\"axes\": [1], \"scale\": 0.3", "the factor of the sum is no power of two"},
        {"\"axes\": [1], \"scale\": -1", "the factor of the sum is no power of two"},
        {"\"axes\": [1], \"scale\": 0", "the factor of the sum is no power of two"},
        {"\"axes\": [1], \"scale\": \"half\"", "the factor of the sum is no power of two"},
    };
    for (size_t w = 0; w < sizeof wrong / sizeof *wrong && !test_failed; w++) {
        struct keras_file file = two_by_three();
        keras_file_layer(&file, "QSum", "sum", arena_printf(context->arena, ", \"enable_iq\": false, %s", wrong[w][0]));
        expect(read_file(&file), wrong[w][1]);
    }
    static const char *const feeds[2] = {"x", "nothing"};
    struct keras_file file = two_by_three(), twice = two_by_three();
    keras_file_layer_on(&file, "QAdd", "add", ", \"enable_iq\": false", feeds);
    expect(read_file(&file), "what feeds this layer is missing or comes later");
    keras_file_layer_on(&twice, "QSum", "sum", ", \"axes\": [1], \"enable_iq\": false",
                        (const char *const[2]){"x", "x"});
    expect(read_file(&twice), "this layer is called on 2 tensors, and takes 1");
}

static const float kernel2[] = {1, 0.5f, -1, 2, 0.25f, 3}, bias2[] = {1, -2};

/* A file that is right but for one thing. */
static void expect_dense(const char *message, const char *members, const float *kernel, int features, const char *type,
                         const char *rounding, const char *overflow, const char *extra) {
    struct keras_file file = keras_file_new(context->arena);
    struct keras_file_quantizer kq = {type, rounding, overflow, extra, {0}, one_k, one_i, one_b};
    keras_file_input(&file, features);
    keras_file_dense(&file, members, 3, 2, kernel, bias2, &plain, &kq, &plain);
    expect(read_file(&file), message);
}

static void unknown_layers_are_all_named(void) {
    struct keras_file file = keras_file_new(context->arena);
    keras_file_input(&file, 3);
    keras_file_layer(&file, "MyLayer", "first", NULL);
    keras_file_layer(&file, "GarNet", "second", NULL);
    struct graph *graph = read_file(&file);
    CHECK(!graph && strstr(diagnosed(), "'MyLayer'") && strstr(diagnosed(), "GarNet is a layer of one") &&
          strstr(diagnosed(), "node 'second'"));
}

static void quantisers_that_are_not_read(void) {
    expect_dense("a quantiser of type 'float'", NULL, kernel2, 3, "float", "RND", "SAT", NULL);
    expect_dense("round_mode 'UPWARD' is unknown", NULL, kernel2, 3, "kbi", "UPWARD", "SAT", NULL);
    expect_dense("overflow_mode 'WRAP_SM' is unknown", NULL, kernel2, 3, "kbi", "RND", "WRAP_SM", NULL);
    expect_dense("no number to divide by", NULL, kernel2, 3, "kbi", "RND", "SAT", "\"scaler\": 0.0");
    expect_dense("affine is no pair", NULL, kernel2, 3, "kbi", "RND", "SAT", "\"affine\": [1.0]");
    expect_dense("a quantiser with bw_mapper is not read", NULL, kernel2, 3, "kbi", "RND", "SAT", "\"bw_mapper\": {}");
}

static void layers_that_are_not_read(void) {
    expect_dense("the function 'my_relu' is not known", ", \"activation\": \"my_relu\"", kernel2, 3, "kbi", "RND",
                 "SAT", NULL);
    expect_dense("arithmetic in 'mixed_float16' is not read",
                 ", \"dtype\": {\"class_name\": \"DTypePolicy\", \"config\": {\"name\": \"mixed_float16\"}}", kernel2,
                 3, "kbi", "RND", "SAT", NULL);
    struct keras_file file = keras_file_new(context->arena);
    keras_file_input(&file, 3);
    keras_file_layer(&file, "ReLU", "relu", ", \"max_value\": -1.0");
    expect(read_file(&file), "a largest value below 0 is none");
}

static void weights_that_do_not_fit(void) {
    float broken[6];
    memcpy(broken, kernel2, sizeof broken);
    broken[4] = NAN;
    expect_dense("weight 4 is no number", NULL, broken, 3, "kbi", "RND", "SAT", NULL);
    broken[4] = -INFINITY;
    expect_dense("weight 4 is no number", NULL, broken, 3, "kbi", "RND", "SAT", NULL);
    expect_dense("the kernel has 3 rows, the input 4 features", NULL, kernel2, 4, "kbi", "RND", "SAT", NULL);
}

static void missing_bias(void) {
    struct keras_file file = keras_file_new(context->arena);
    keras_file_input(&file, 3);
    keras_file_dense(&file, NULL, 3, 2, kernel2, NULL, NULL, &plain, NULL);
    char *config = strstr(file.layers.data, "\"use_bias\": false");
    memcpy(config, "\"use_bias\": true ", strlen("\"use_bias\": true "));
    expect(read_file(&file), "the weights have no bias in");
}

static void widths_that_do_not_fit(void) {
    static const float k[] = {1, 1}, i[] = {3, 200}, b[] = {10, 10}, nan_b[] = {10, NAN};
    const struct keras_file_quantizer kinds[] = {{"kbi", "RND", "SAT", NULL, {1, {2}}, k, i, b},
                                                 {"kbi", "RND", "SAT", NULL, {1, {2}}, k, one_b, nan_b},
                                                 {"kbi", "RND", "SAT", NULL, {2, {2, 1}}, k, b, b}};
    static const char *const messages[] = {"200 integer and -190 fraction bits", "width 1 is no number",
                                           "the quantiser's shape does not fit"};
    for (int q = 0; q < 3 && !test_failed; q++) {
        static const float two[] = {1, 10};
        struct keras_file file = keras_file_new(context->arena);
        struct keras_file_quantizer kq = kinds[q];
        if (q == 1) kq.i = two;
        keras_file_input(&file, 3);
        keras_file_dense(&file, NULL, 3, 2, kernel2, NULL, NULL, &kq, NULL);
        expect(read_file(&file), messages[q]);
    }
}

static void weights_quantiser_on_an_activation(void) {
    struct keras_file file = keras_file_new(context->arena);
    struct keras_file_quantizer iq = {"kif", "RND", "WRAP", "\"is_weight\": true", {0}, one_k, one_i, one_i};
    keras_file_input(&file, 3);
    keras_file_dense(&file, NULL, 3, 2, kernel2, NULL, &iq, &plain, NULL);
    expect(read_file(&file), "an activation has a weight's quantiser");
}

/* Any byte of a good file broken: read or diagnosed, and never otherwise. */
static void damaged_files_are_diagnosed(void) {
    size_t length;
    struct keras_file file = keras_file_new(context->arena);
    keras_file_input(&file, 3);
    keras_file_dense(&file, NULL, 3, 2, kernel2, bias2, &plain, &plain, &plain);
    char *data = keras_file_finish(&file, NULL, &length);
    for (size_t at = 0; at < length; at += 1 + length / 300) {
        size_t errors = context->diagnostics.errors;
        char kept = data[at];
        data[at] = (char)(kept ^ 0x55);
        struct graph *graph = read_bytes(data, length);
        CHECK(graph || context->diagnostics.errors > errors);
        graph_free(graph);
        data[at] = kept;
    }
    for (size_t cut = 0; cut < length; cut += 1 + length / 50) {
        struct graph *graph = read_bytes(data, cut);
        CHECK(!graph);
    }
    struct graph *graph = read_bytes(data, length);
    CHECK(graph);
    graph_free(graph);
}

/* One byte of it ended the process that had it read by HDF5 1.10. */
static void files_that_end_hdf5_are_diagnosed(void) {
    struct frontend_options options = {0};
    CHECK(frontend_read(context, "tests/errors/data/ends_hdf5.h5", &options) == NULL);
    CHECK(strstr(diagnosed(), "damaged") != NULL);
}

static void no_models_at_all(void) {
    static const char *const configs[] = {"",
                                          "{",
                                          "[]",
                                          "{}",
                                          "{\"class_name\": \"Sequential\", \"config\": {\"layers\": []}}",
                                          "{\"class_name\": \"Sequential\", \"config\": {\"layers\": [1]}}",
                                          "{\"class_name\": \"Subclassed\", \"config\": {\"layers\": [{}]}}"};
    for (size_t c = 0; c < sizeof configs / sizeof *configs; c++) {
        size_t length, errors = context->diagnostics.errors;
        struct keras_file file = keras_file_new(context->arena);
        char *data = keras_file_finish(&file, configs[c], &length);
        struct graph *graph = read_bytes(data, length);
        CHECK(!graph && context->diagnostics.errors > errors);
    }
}

/* Every test in a context of its own. */
static void (*test_body)(void);
static int run_body(void *user) {
    (void)user;
    test_body();
    return 0;
}
static void run(const char *name, void (*body)(void)) {
    test_name = name;
    test_failed = false;
    test_body = body;
    context = context_new();
    if (context_guarded(context, run_body, NULL) < 0) test_fail(__FILE__, __LINE__, "%s", diagnosed());
    context_free(context);
    if (test_failed)
        test_failures++;
    else
        printf("ok %s\n", name);
}
#define RUN_ALONE(function) run(#function, function)

static void run_published(const char *name, const char *path, void (*body)(void)) {
    char whole[4096];
    struct stat status;
    const char *shared = getenv("SHARED");
    snprintf(whole, sizeof whole, "%s/models/%s", shared && *shared ? shared : "../shared", path);
    shared_model = whole;
    if (stat(whole, &status) < 0)
        SKIP(name, "its model is in ../shared/models");
    else
        run(name, body);
}

int main(void) {
    RUN_ALONE(weights_are_quantised_as_hgq2_does);
    RUN_ALONE(activations_are_quantised_as_hgq2_does);
    RUN_ALONE(jets_are_what_keras_computes);
    RUN_ALONE(jets_wrap_as_keras_does);
    RUN_ALONE(sets_are_what_keras_computes);
    RUN_ALONE(sets_by_position_are_what_keras_computes);
    RUN_ALONE(unknown_layers_are_all_named);
    RUN_ALONE(quantisers_that_are_not_read);
    RUN_ALONE(layers_that_are_not_read);
    RUN_ALONE(weights_that_do_not_fit);
    RUN_ALONE(sums_along_axes);
    RUN_ALONE(sum_behind_its_quantiser);
    RUN_ALONE(several_are_added);
    RUN_ALONE(sums_that_are_not_read);
    RUN_ALONE(missing_bias);
    RUN_ALONE(widths_that_do_not_fit);
    RUN_ALONE(weights_quantiser_on_an_activation);
    RUN_ALONE(damaged_files_are_diagnosed);
    RUN_ALONE(files_that_end_hdf5_are_diagnosed);
    RUN_ALONE(no_models_at_all);
    run_published("published_jsc_openml_0.733", "hgq/jsc_openml_0.733.keras", published_model_is_what_keras_computes);
    run_published("published_jsc_openml_0.758", "hgq/jsc_openml_0.758.keras", published_model_is_what_keras_computes);
    run_published("published_jsc_openml_0.771", "hgq/jsc_openml_0.771.keras", published_model_is_what_keras_computes);
    run_published("published_jsc_plf", "field/hgq2_jsc_plf_32_16/model.keras", published_particle_network);
    TEST_EXIT();
}
