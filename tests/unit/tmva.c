/* The reader of TMVA's MLP: networks in the form in which ROOT writes them against its equations, computed here (not
 * compared with ROOT itself), and what is wrong is told. */
#include "frontend/frontend.h"
#include "ir/eval.h"
#include "tests/test.h"

#include <math.h>

static struct bxc_context *context;

/* ---- a file: two variables, two hidden neurons ---- */

struct file {
    const char *release, *analysis, *neuron, *estimator, *transform;
    int outputs;
};

static const float first[3][2] = {{0.5f, -1.25f}, {2, 0.75f}, {-0.125f, 0.25f}},
                   second[3][2] = {{1.5f, -0.5f}, {-2, 1}, {0.375f, 0.625f}};

#define OLD                                                                                                            \
    "<Transformations NTransformations=\"1\"><Transform Name=\"Normalize\" NVariables=\"2\" NTargets=\"0\">"           \
    "<Class ClassIndex=\"0\"><Variables><Variable VarIndex=\"0\" Min=\"5\" Max=\"6\"/><Variable VarIndex=\"1\" "       \
    "Min=\"0\" Max=\"1\"/></Variables></Class><Class ClassIndex=\"1\"><Variables><Variable VarIndex=\"0\" "            \
    "Min=\"-1.0000000000000000e+00\" Max=\"3.0000000000000000e+00\"/><Variable VarIndex=\"1\" Min=\"0.5\" "            \
    "Max=\"1.5\"/></Variables><Targets/></Class></Transform></Transformations>"
#define SELECTED(second)                                                                                               \
    "<Transformations NTransformations=\"1\"><Transform Name=\"Normalize\"><Selection><Input NInputs=\"2\">"           \
    "<Input Type=\"Variable\" Label=\"a\" Expression=\"a\"/><Input Type=\"Variable\" Label=\"" second                  \
    "\" Expression=\"b\"/></Input><Output NOutputs=\"2\"/></Selection><Class ClassIndex=\"0\"><Ranges><Range "         \
    "Index=\"0\" Min=\"-1\" Max=\"3\"/><Range Index=\"1\" Min=\"0.5\" Max=\"1.5\"/></Ranges></Class></Transform>"      \
    "</Transformations>"
#define NONE "<Transformations NTransformations=\"0\"/>"

static void print_layer(struct strbuf *out, int index, const float weights[3][2], int next) {
    strbuf_printf(out, "<Layer Index=\"%d\" NNeurons=\"3\">\n", index);
    for (int n = 0; n < 3; n++) {
        strbuf_printf(out, "<Neuron NSynapses=\"%d\">\n          ", next);
        for (int s = 0; s < next; s++) strbuf_printf(out, "%.16e ", (double)weights[n][s]);
        strbuf_append(out, "\n        </Neuron>\n");
    }
    strbuf_append(out, "</Layer>\n");
}

static char *file_text(const struct file *file) {
    struct strbuf out = strbuf_new(context->arena);
    strbuf_printf(
        &out,
        "\n<?xml version=\"1.0\"?>\n<MethodSetup Method=\"MLP::net\">\n<GeneralInfo><Info name=\"TMVA Release\" "
        "value=\"%s\"/><Info name=\"AnalysisType\" value=\"%s\"/></GeneralInfo>\n<Options><Option name=\"NCycles\" "
        "modified=\"Yes\">500</Option><Option name=\"NeuronType\" modified=\"Yes\">%s</Option><Option "
        "name=\"EstimatorType\" modified=\"No\">%s</Option></Options>\n<Variables NVar=\"2\"><Variable "
        "VarIndex=\"0\" Label=\"a\"/><Variable VarIndex=\"1\" Label=\"b\"/></Variables>\n%s\n<Weights><Layout "
        "NLayers=\"3\">\n",
        file->release, file->analysis, file->neuron, file->estimator, file->transform);
    print_layer(&out, 0, first, 2);
    print_layer(&out, 1, second, file->outputs);
    strbuf_printf(
        &out, "<Layer Index=\"2\" NNeurons=\"%d\"><Neuron NSynapses=\"0\"/></Layer></Layout></Weights></MethodSetup>",
        file->outputs);
    return out.data;
}

static const char *diagnosed(void) {
    struct strbuf text = strbuf_new(context->arena);
    for (size_t i = 0; i < context->diagnostics.count; i++) diag_format(&text, &context->diagnostics.items[i]);
    return text.length ? text.data : "";
}

static struct graph *read_text(const char *text) {
    context->diagnostics.count = context->diagnostics.errors = 0;
    return tmva_recognises("m.xml", text, strlen(text)) ? tmva_read(context, "m.xml", text, strlen(text), NULL) : NULL;
}

/* ---- the equations ---- */

static double neuron(const char *type, double x) {
    if (!strcmp(type, "tanh")) return tanh(x);
    if (!strcmp(type, "sigmoid")) return 1 / (1 + exp(-x));
    if (!strcmp(type, "radial")) return exp(-x * x / 2);
    if (!strcmp(type, "ReLU")) return fmax(0, x);
    return x;
}

static void expected(const struct file *file, const float *x, double *y) {
    bool normal = strcmp(file->transform, NONE);
    const double a = normal ? ((double)x[0] + 1) / 4 * 2 - 1 : (double)x[0],
                 b = normal ? ((double)x[1] - 0.5) * 2 - 1 : (double)x[1];
    double hidden[2], sum = 0;
    for (int h = 0; h < 2; h++)
        hidden[h] = neuron(file->neuron, a * (double)first[0][h] + b * (double)first[1][h] + (double)first[2][h]);
    for (int o = 0; o < file->outputs; o++) {
        y[o] = hidden[0] * (double)second[0][o] + hidden[1] * (double)second[1][o] + (double)second[2][o];
        if (!strcmp(file->estimator, "CE")) y[o] = 1 / (1 + exp(-y[o]));
        sum += exp(y[o]);
    }
    for (int o = 0; o < file->outputs && !strcmp(file->analysis, "Multiclass"); o++) y[o] = exp(y[o]) / sum;
}

static void check_file(const struct file *file, double tolerance) {
    static const float xs[][2] = {{0.25f, 1}, {-3, 0.5f}, {2.5f, -2}, {0, 0}, {7, 4}};
    struct graph *graph = read_text(file_text(file));
    if (!graph) {
        test_fail(__FILE__, __LINE__, "%s", diagnosed());
        return;
    }
    for (size_t i = 0; i < sizeof xs / sizeof *xs; i++) {
        const float *x = xs[i];
        float given[2], *outs = given;
        double wanted[2] = {0};
        expected(file, x, wanted);
        if (graph_run_reals(graph, 1, &x, &outs) < 0) test_fail(__FILE__, __LINE__, "it does not run");
        for (int o = 0; o < file->outputs; o++)
            if (!(fabs((double)given[o] - wanted[o]) <= tolerance))
                test_fail(__FILE__, __LINE__, "%s %s: %g is not %g", file->neuron, file->estimator, (double)given[o],
                          wanted[o]);
    }
    graph_free(graph);
}

static void networks_follow_the_equations(void) {
    static const char new[] = "4.2.1 [262657]", old[] = "4.1.0 [262400]", class[] = "Classification";
    static const struct file files[] = {
        {old, class, "tanh", "MSE", OLD, 1},   {new, class, "sigmoid", "CE", SELECTED("b"), 1},
        {new, class, "radial", "CE", NONE, 1}, {new, class, "ReLU", "MSE", OLD, 1},
        {new, class, "linear", "CE", NONE, 1}, {new, "Multiclass", "sigmoid", "MSE", OLD, 2}};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) check_file(&files[i], 2e-6);
}

/* TMVA computes tanh since 4.2.1 as a quotient, which is up to 1e-4 off. */
static void new_files_have_the_fast_tanh(void) {
    const struct file file = {"4.2.1 [262657]", "Classification", "tanh", "MSE", OLD, 1};
    check_file(&file, 4e-4);
    struct graph *graph = read_text(file_text(&file));
    CHECK(graph);
    bool fast = false;
    for (uint32_t n = 0; n < graph->node_count; n++) fast |= graph->nodes[n].op == OP_FAST_TANH;
    CHECK(fast);
    CHECK_STR(graph->outputs[0].name, "net");
    graph_free(graph);
}

static void check_refusal(struct file file, const char *said) {
    struct graph *graph = read_text(file_text(&file));
    if (graph || !strstr(diagnosed(), said)) test_fail(__FILE__, __LINE__, "says %s and not %s", diagnosed(), said);
    graph_free(graph);
}

static void what_is_not_read_is_told(void) {
    static const char new[] = "4.2.1 [262657]", class[] = "Classification";
    check_refusal((struct file){new, "Regression", "tanh", "MSE", OLD, 1}, "analysis type 'Regression' is not read");
    check_refusal((struct file){new, class, "gauss", "MSE", OLD, 1}, "neurons of type 'gauss' are not read");
    check_refusal((struct file){new, class, "tanh", "BCE", OLD, 1}, "estimator 'BCE' is neither MSE nor CE");
    check_refusal((struct file){new, class, "tanh", "CE", SELECTED("c"), 1},
                  "it is not of all variables in their order");
    check_refusal((struct file){new, class, "tanh", "CE",
                                "<Transformations NTransformations=\"1\"><Transform Name=\"Decorrelation\"/>"
                                "</Transformations>",
                                1},
                  "transformation 'Decorrelation' of the variables is not read");
    check_refusal(
        (struct file){new, class, "tanh", "CE",
                      "<Transformations><Transform Name=\"Normalize\"><Class ClassIndex=\"0\"><Ranges>"
                      "<Range Index=\"0\" Min=\"1\" Max=\"1\"/></Ranges></Class></Transform></Transformations>",
                      1},
        "variable 0 has no range from 1 to 1");
}

/* Every file that ends too early, or has a byte changed, is read or diagnosed. */
static void broken_files_are_told(void) {
    const struct file file = {"4.2.1 [262657]", "Classification", "tanh", "CE", OLD, 1};
    const char *text = file_text(&file);
    size_t length = strlen(text);
    for (size_t end = 0; end < length; end += 7) {
        context->diagnostics.count = context->diagnostics.errors = 0;
        struct graph *graph = tmva_read(context, "m.xml", text, end, NULL);
        CHECK(!graph && context->diagnostics.errors);
    }
    for (size_t at = 0; at < length; at += 5) {
        char *copy = arena_strdup(context->arena, text);
        copy[at] = '7';
        context->diagnostics.count = context->diagnostics.errors = 0;
        struct graph *graph = tmva_read(context, "m.xml", copy, length, NULL);
        CHECK(graph || context->diagnostics.errors);
        graph_free(graph);
    }
}

int main(void) {
    context = context_new();
    RUN(networks_follow_the_equations);
    RUN(new_files_have_the_fast_tanh);
    RUN(what_is_not_read_is_told);
    RUN(broken_files_are_told);
    context_free(context);
    TEST_EXIT();
}
