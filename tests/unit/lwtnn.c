/* The reader of lwtnn's JSON: models of all architectures give what lwtnn gives (tests/oracle/lwtnn_models.py), and
 * what is wrong is told by its place in the file. */
#include "frontend/frontend.h"
#include "ir/eval.h"
#include "ir/file.h"
#include "tests/test.h"

#include <math.h>

enum { STEPS = 5, NUMBERS_MAX = 4096 };

static struct bxc_context *context;
static struct frontend_size sizes[] = {{.name = "inputs", .size = STEPS}, {.name = "tracks", .size = STEPS}};

static const char *diagnosed(void) {
    struct strbuf text = strbuf_new(context->arena);
    for (size_t i = 0; i < context->diagnostics.count; i++) diag_format(&text, &context->diagnostics.items[i]);
    return text.length ? text.data : "";
}

/* ---- against lwtnn ---- */

static size_t read_numbers(const char *name, const char *kind, double *numbers) {
    size_t count = 0;
    FILE *file = fopen(arena_printf(context->arena, "tests/oracle/lwtnn/%s-%s.txt", name, kind), "r");
    while (file && count < NUMBERS_MAX && fscanf(file, "%lf", &numbers[count]) == 1) count++;
    if (file) fclose(file);
    return count;
}

/* The numbers of an event stand one input after the other; so do those that come out. */
static double largest_difference(const struct graph *graph, const char *name) {
    static double in[NUMBERS_MAX], wanted[NUMBERS_MAX];
    static float taken[4][NUMBERS_MAX], given[4][NUMBERS_MAX];
    const struct value_list inputs = graph_inputs(graph, context->arena);
    size_t in_count = read_numbers(name, "in", in), count = read_numbers(name, "out", wanted), width = 0, at = 0;
    double worst = 0;
    for (uint32_t i = 0; i < inputs.count; i++) width += graph_elements(graph, inputs.at[i]);
    size_t events = in_count / width;
    for (size_t e = 0, from = 0; e < events; e++)
        for (uint32_t i = 0; i < inputs.count; i++) {
            size_t size = graph_elements(graph, inputs.at[i]);
            for (size_t k = 0; k < size; k++) taken[i][e * size + k] = (float)in[from++];
        }
    const float *const ins[] = {taken[0], taken[1], taken[2], taken[3]};
    float *const outs[] = {given[0], given[1], given[2], given[3]};
    if (!events || events * width != in_count || graph_run_reals(graph, events, ins, outs) < 0) return INFINITY;
    for (size_t e = 0; e < events; e++)
        for (uint32_t o = 0; o < graph->output_count; o++) {
            size_t size = graph_elements(graph, graph->outputs[o].value);
            for (size_t k = 0; k < size && at < count; k++) {
                double error = fabs((double)given[o][e * size + k] - wanted[at++]);
                if (!(error <= worst)) worst = error;
            }
        }
    return at == count && count ? worst : INFINITY;
}

static void check_model(const char *name, size_t first_size, size_t size_count) {
    const struct frontend_options given = {.sizes = sizes + first_size, .size_count = size_count};
    const char *path = arena_printf(context->arena, "tests/oracle/lwtnn/%s.json", name);
    struct graph *graph = frontend_read(context, path, &given);
    if (!graph) {
        test_fail(__FILE__, __LINE__, "%s: %s", name, diagnosed());
        return;
    }
    double worst = largest_difference(graph, name);
    if (!(worst <= 2e-6)) test_fail(__FILE__, __LINE__, "%s is off by %g", name, worst);
    graph_free(graph);
}

static void models_give_what_lwtnn_gives(void) {
    check_model("feed_forward", 0, 0);
    check_model("sequential", 0, 1);
    check_model("graph", 1, 1);
}

static void defaults_are_told(void) {
    context->diagnostics.count = 0;
    graph_free(frontend_read(context, "tests/oracle/lwtnn/feed_forward.json", NULL));
    CHECK(strstr(diagnosed(), "the model has defaults: v0 1.5, v1 -3.5"));
    context->diagnostics.count = 0;
}

/* ---- what is refused ---- */

#define INPUT                                                                                                          \
    "\"inputs\": [{\"name\": \"a\", \"offset\": 0, \"scale\": 1}, {\"name\": \"b\", \"offset\": 0, \"scale\": \"2\"}]"
#define SEQUENTIAL(layers) "{" INPUT ", \"layers\": [" layers "], \"outputs\": [\"y\"]}"
#define VECTOR "\"inputs\": [{\"name\": \"v\", \"variables\": [{\"name\": \"a\", \"offset\": 0, \"scale\": 1}]}]"
#define GRAPH(nodes, layers)                                                                                           \
    "{" VECTOR ", \"input_sequences\": [{\"name\": \"s\", \"variables\": [{\"name\": \"a\", \"offset\": 0, "           \
    "\"scale\": 1}]}], \"layers\": [" layers "], \"nodes\": [" nodes                                                   \
    "], \"outputs\": {\"y\": {\"labels\": [\"l\"], \"node_index\": 0}}}"
#define DENSE "{\"architecture\": \"dense\", \"activation\": \"linear\", \"weights\": [1], \"bias\": [0]}"

static const struct {
    const char *model, *said;
} refusals[] = {
    {SEQUENTIAL(""), "there are no layers"},
    {SEQUENTIAL("{\"architecture\": \"transformer\"}"),
     "architecture 'transformer' is none of lwtnn's\n  at: layers[0]"},
    {SEQUENTIAL("{\"architecture\": \"dense\", \"activation\": \"gelu\", \"weights\": [1, 2], \"bias\": [0]}"),
     "activation 'gelu' is none of lwtnn's\n  at: layers[0].activation"},
    {SEQUENTIAL("{\"architecture\": \"dense\", \"weights\": [1, 2], \"bias\": [0]}"), "a text is missing"},
    {SEQUENTIAL("{\"architecture\": \"dense\", \"activation\": \"leakyrelu\", \"weights\": [1, 2], \"bias\": [0]}"),
     "leakyrelu needs a number alpha"},
    {SEQUENTIAL("{\"architecture\": \"dense\", \"activation\": \"tanh\", \"weights\": [1, 2, 3], \"bias\": [0]}"),
     "3 numbers are no matrix of 2 inputs\n  at: layers[0].weights"},
    {SEQUENTIAL("{\"architecture\": \"dense\", \"activation\": \"tanh\", \"weights\": [1, 2], \"bias\": [0, 1]}"),
     "2 biases for 1 outputs"},
    {SEQUENTIAL("{\"architecture\": \"dense\", \"activation\": \"tanh\", \"weights\": [1, \"x\"], \"bias\": [0]}"),
     "member 1 is no number of binary32"},
    {SEQUENTIAL("{\"architecture\": \"dense\", \"activation\": \"tanh\", \"weights\": [1, 1, 1, 1], \"bias\": [0, 0]}"),
     "1 names for 2 outputs"},
    {SEQUENTIAL("{\"architecture\": \"lstm\", \"activation\": \"tanh\"}"),
     "input 'inputs' leaves the size of axis 1 open, as 'inputs'\n  at: 'inputs'\n  help: say how long it is, as in --shape inputs=16"},
    {SEQUENTIAL("{\"architecture\": \"conv1d\"}"), "lwtnn has conv1d in graphs alone"},
    {SEQUENTIAL("{\"architecture\": \"maxout\", \"sublayers\": []}"), "a maxout of nothing"},
    {SEQUENTIAL("{\"architecture\": \"highway\", \"activation\": \"tanh\"}"), "component 't' is missing"},
    {SEQUENTIAL("{\"architecture\": \"normalization\", \"weights\": [1], \"bias\": [1]}"), "1 numbers for 2 inputs"},
    {GRAPH("{\"type\": \"feed_forward\", \"layer_index\": 0, \"sources\": [0]}", DENSE),
     "the node depends on itself\n  at: nodes[0]"},
    {GRAPH("{\"type\": \"feed_forward\", \"layer_index\": 1, \"sources\": [1]}, {\"type\": \"input\", \"size\": 1, "
           "\"sources\": [0]}",
           DENSE),
     "1 is not between 0 and 0\n  at: nodes[0].layer_index"},
    {GRAPH("{\"type\": \"sequence\", \"layer_index\": 0, \"sources\": [1]}, {\"type\": \"input\", \"size\": 1, "
           "\"sources\": [0]}",
           DENSE),
     "a layer 'dense' in a node 'sequence'"},
    {GRAPH("{\"type\": \"sum\", \"sources\": [1]}, {\"type\": \"input\", \"size\": 1, \"sources\": [0]}", DENSE),
     "node 1, its source, gives no sequence"},
    {GRAPH("{\"type\": \"product\", \"sources\": [1]}, {\"type\": \"input\", \"size\": 1, \"sources\": [0]}", DENSE),
     "node type 'product' is none of lwtnn's"},
    {GRAPH("{\"type\": \"feed_forward\", \"layer_index\": 0, \"sources\": [7]}", DENSE), "7 is not between 0 and 0"},
    {GRAPH("{\"type\": \"input\", \"size\": 2, \"sources\": [0]}", DENSE), "the input has not 2 variables"},
    {GRAPH("{\"type\": \"sum\", \"sources\": [1]}, {\"type\": \"input_sequence\", \"size\": 1, \"sources\": [0]}",
           DENSE),
     "input 's' leaves the size of axis 1 open, as 's'"},
    {"{\"layers\": 5, \"inputs\": [], \"outputs\": []}", "this is not a list\n  at: layers"},
};

static void what_is_wrong_is_told(void) {
    for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++) {
        context->diagnostics.count = context->diagnostics.errors = 0;
        struct graph *graph = lwtnn_read(context, "m.json", refusals[i].model, strlen(refusals[i].model), NULL);
        if (graph || !strstr(diagnosed(), refusals[i].said))
            test_fail(__FILE__, __LINE__, "%s\nsays\n%s\nand not %s", refusals[i].model, diagnosed(), refusals[i].said);
        graph_free(graph);
    }
    context->diagnostics.count = context->diagnostics.errors = 0;
}

static void the_format_is_recognised(void) {
    static const char model[] = SEQUENTIAL(DENSE), other[] = "{\"layers\": [], \"class_name\": \"Sequential\"}";
    CHECK(lwtnn_recognises("m.json", model, strlen(model)));
    CHECK(!lwtnn_recognises("m.json", other, strlen(other)));
    CHECK(!lwtnn_recognises("m.json", "", 0));
}

int main(void) {
    context = context_new();
    RUN(models_give_what_lwtnn_gives);
    RUN(defaults_are_told);
    RUN(what_is_wrong_is_told);
    RUN(the_format_is_recognised);
    context_free(context);
    TEST_EXIT();
}
