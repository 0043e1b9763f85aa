/* The text form of graphs: print, parse, print gives the same bytes for every kind of attribute, and
 * what is wrong is diagnosed with its line. */
#include "ir/text.h"
#include "ir/verify.h"
#include "tests/test.h"

#include <math.h>

static struct shape shape_of(int rank, int64_t a, int64_t b, int64_t c) {
    return (struct shape){.rank = rank, .dim = {a, b, c}};
}

static valref unary(struct graph *graph, enum op op, const char *name, valref x, union attributes attributes) {
    return graph_append(graph, op, name, &x, 1, &attributes);
}

/* Prints, parses, prints; *text is in the context's arena. */
static bool round_trips(const struct graph *graph, char **text) {
    struct bxc_context *context = graph->context;
    struct strbuf first = strbuf_new(context->arena), second = strbuf_new(context->arena);
    graph_print(&first, graph);
    *text = first.data;
    struct graph *again = graph_parse(context, "again.bxc", first.data, first.length);
    if (!again) return false;
    graph_print(&second, again);
    bool same = strcmp(first.data, second.data) == 0;
    graph_free(again);
    return same;
}

static void show_diagnostics(struct bxc_context *context) {
    struct strbuf out = strbuf_new(context->arena);
    for (size_t i = 0; i < context->diagnostics.count; i++) diag_format(&out, &context->diagnostics.items[i]);
    printf("# %s\n", out.data);
}

/* ---- graphs with every kind of attribute ---- */

static struct graph *real_graph(struct bxc_context *context) {
    struct graph *graph = graph_new(context, "a \"quoted\" name\n");
    float weights[12], big[300], scales[2] = {0.1f, (float)ldexp(1, -149)};
    int64_t indices[2] = {2, 0};
    graph->opset = 17;
    for (int i = 0; i < 300; i++) big[i] = weights[i % 12] = (float)(i - 5) / 3;
    weights[3] = -0.0f;
    valref x = graph_append_input(graph, "x", shape_of(2, 1, 4, 0));
    valref w = graph_append_reals(graph, "W", shape_of(2, 4, 3, 0), weights);
    valref y = graph_append(graph, OP_MATMUL, "MatMul_0", (valref[]){x, w}, 2, NULL);
    graph_definition(graph, y)->source_op = "Gemm";
    graph_name_value(graph, y, "hidden \\ \t value");
    y = unary(graph, OP_LEAKY_RELU, "leaky", y, (union attributes){.activation = {.alpha = 0.01f}});
    y = unary(graph, OP_TRANSPOSE, "t", y, (union attributes){.transpose = {{1, 0}}});
    y = unary(graph, OP_RESHAPE, "r", y, (union attributes){.reshape = {shape_of(3, 1, 1, 3)}});
    y = unary(graph, OP_SLICE, "s", y, (union attributes){.slice = {{0, 0, 0}, {1, 1, 2}, {1, 1, 2}}});
    y = unary(graph, OP_GATHER, "g",
              unary(graph, OP_RESHAPE, "r2", x, (union attributes){.reshape = {shape_of(1, 4, 0, 0)}}),
              (union attributes){.gather = {0, shape_of(2, 1, 2, 0), indices}});
    valref quantiser[4] = {y, graph_append_reals(graph, "scale", shape_of(1, 2, 0, 0), scales),
                           graph_append_reals(graph, "zero", shape_of(0, 0, 0, 0), (float[]){0}),
                           graph_append_reals(graph, "bits", shape_of(0, 0, 0, 0), (float[]){4})};
    union attributes quant = {.quantizer = {.rounding = ROUND_HALF_EVEN, .is_signed = true, .narrow = true}};
    y = graph_append(graph, OP_QUANT, "q", quantiser, 4, &quant);
    struct formats grid = {.shape = shape_of(1, 2, 0, 0), .at = (struct format[]){{true, 5, 2}, {false, 3, -1}}};
    y = unary(graph, OP_NARROW, "n", y,
              (union attributes){.quantizer = {.overflow = OVERFLOW_SATURATE, .formats = grid}});
    valref joined = graph_append(graph, OP_CONCAT, "c", (valref[]){y, y}, 2, &(union attributes){.axis = {.axis = 1}});
    valref best = unary(graph, OP_ARGMAX, "best", joined,
                        (union attributes){.axis = {.axis = 1, .keep_dimensions = true, .select_last = true}});
    valref long_one = graph_append_reals(graph, "long", shape_of(2, 1, 300, 0), big);
    graph_append_output(graph, "best", best);
    graph_append_output(graph, "joined", joined);
    graph_append_output(graph, "long", long_one);
    return graph;
}

static void real_graphs_come_back(void) {
    struct bxc_context *context = context_new();
    struct graph *graph = real_graph(context);
    char *text = "";
    bool same = round_trips(graph, &text);
    if (!same || context->diagnostics.count) show_diagnostics(context);
    CHECK(same);
    CHECK_EQ(
        strncmp(text,
                "bxc graph 1\ngraph \"a \\\"quoted\\\" name\\n\" opset 17\n%0 = input() \"x\" as \"x\" : [1,4] real\n",
                80),
        0);
    CHECK(strstr(text, "%2 = matmul(%0, %1) \"MatMul_0\" as \"hidden \\\\ \\x09 value\" from \"Gemm\" : [1,3] real\n"));
    CHECK(strstr(text, "-0x0p+0") && strstr(text, "0x1p-149"));
    for (const char *line = text; *line; line = strchr(line, '\n') + 1)
        CHECK(strcspn(line, "\n") < 160); /* long lists are wrapped */
    context_free(context);
}

static struct graph *integer_graph(struct bxc_context *context) {
    struct graph *graph = graph_new(context, "integers");
    struct formats formats = {.shape = shape_of(1, 2, 0, 0), .at = (struct format[]){{true, 3, 1}, {false, 2, 0}}};
    union attributes input = {.input = {.shape = shape_of(2, 1, 2, 0),
                                        .rounding = ROUND_HALF_EVEN,
                                        .overflow = OVERFLOW_SATURATE,
                                        .formats = formats}};
    input.input.meaning = (struct meaning){.shape = shape_of(1, 2, 0, 0), .scale = (double[]){0.1, 3}};
    input.input.steps =
        (struct port_steps){2, (struct port_step[]){{PORT_MULTIPLY, shape_of(1, 2, 0, 0), (float[]){0.1f, -3}},
                                                    {PORT_ADD, {0}, (float[]){0x1p-149f}}}};
    valref x = graph_append(graph, OP_INPUT, "x", NULL, 0, &input);
    struct formats uniform = formats_uniform(graph->arena, (struct format){true, 4, 1});
    struct table tables[2] = {{-4, 8, (int64_t[]){-8, 7, 0, 1, 2, 3, 4, 5}}, {0, 4, (int64_t[]){0, 1, 2, 3}}};
    union attributes table = {.lookup = {.shape = shape_of(1, 2, 0, 0), .tables = tables, .formats = uniform}};
    valref y = graph_append(graph, OP_TABLE, "table", &x, 1, &table);
    struct staircase stair = {2, (int64_t[]){-3, 5}, (int64_t[]){-8, 0, 7}};
    union attributes threshold = {.lookup = {.stairs = &stair, .formats = uniform}};
    y = graph_append(graph, OP_THRESHOLD, "threshold", &y, 1, &threshold);
    struct formats each = {.shape = shape_of(2, 1, 2, 0), .at = (struct format[]){{true, 4, 0}, {true, 64, 60}}};
    valref w = graph_append_integers(graph, "w", shape_of(2, 1, 2, 0), each, (int64_t[]){-8, INT64_MIN});
    graph_append_output(graph, "y", y);
    graph_append_output(graph, "w", w);
    graph->outputs[0].meaning = (struct meaning){.zero_point = (double[]){-3}};
    graph->outputs[0].meaning.shape.rank = 0;
    return graph_infer(graph) < 0 ? NULL : graph;
}

static void integer_graphs_come_back(void) {
    struct bxc_context *context = context_new();
    struct graph *graph = integer_graph(context);
    char *text = "";
    bool same = graph && round_trips(graph, &text);
    if (!same || context->diagnostics.count) show_diagnostics(context);
    CHECK(same);
    CHECK_STR(
        text,
        "bxc graph 1\n"
        "graph \"integers\"\n"
        "%0 = input() \"x\" rounding=half_even overflow=saturate "
        "meaning=[2]{0x1.999999999999ap-4:0x0p+0, 0x1.8p+1:0x0p+0} "
        "steps={mul [2]{0x1.99999ap-4,\n    -0x1.8p+1}, add []{0x1p-149}} : [1,2] [2]{s3f1, u2f0}\n"
        "%1 = table(%0) \"table\" formats=s4f1 tables=[2]{-4:{-8, 7, 0, 1, 2, 3, 4, 5}, 0:{0, 1, 2, 3}} : [1,2] s4f1\n"
        "%2 = threshold(%1) \"threshold\" formats=s4f1 stairs=[]{{-8, -3:0, 5:7}} : [1,2] s4f1\n"
        "%3 = constant() \"w\" : [1,2] [1,2]{s4f0, s64f60} {-8, -9223372036854775808}\n"
        "output \"y\" %2 meaning=[]{0x1p+0:-0x1.8p+1}\n"
        "output \"w\" %3\n");
    context_free(context);
}

static void clones_share_nothing(void) {
    struct bxc_context *context = context_new();
    struct graph *originals[2] = {real_graph(context), integer_graph(context)};
    for (int i = 0; i < 2; i++) {
        struct strbuf first = strbuf_new(context->arena), second = strbuf_new(context->arena);
        graph_print(&first, originals[i]);
        struct graph *copy = graph_clone(originals[i]);
        graph_free(originals[i]);
        graph_print(&second, copy);
        CHECK_STR(second.data, first.data);
        graph_free(copy);
    }
    context_free(context);
}

/* Every prefix of a good text, and the text with any one byte changed, is read or diagnosed. */
static void damaged_texts_are_diagnosed(void) {
    struct bxc_context *context = context_new();
    struct graph *graph = integer_graph(context);
    struct strbuf text = strbuf_new(context->arena);
    CHECK(graph);
    graph_print(&text, graph);
    for (size_t i = 0; i < 3 * text.length; i++) {
        size_t errors = context->diagnostics.errors, at = i % text.length;
        size_t length = i < text.length ? i : text.length;
        char kept = text.data[at];
        if (i >= text.length) text.data[at] = i < 2 * text.length ? '9' : '%';
        struct graph *again = graph_parse(context, "damaged", text.data, length);
        text.data[at] = kept;
        CHECK(again || context->diagnostics.errors > errors);
        graph_free(again);
    }
    context_free(context);
}

/* ---- errors ---- */

static void errors_have_lines(void) {
    static const struct {
        const char *text, *diagnosis;
    } cases[] = {
        {"", "t:1: error: this is no graph of bxc: the first line must be 'bxc graph 1'\n"},
        {"bxc graph 2\n", "t:1: error: version 2 of the text form is not known; this is bxc for version 1\n"},
        {"bxc graph 1\nmodel", "t:2: error: the second line must be graph \"NAME\"\n"},
        {"bxc graph 1\ngraph \"a\n\"", "t:2: error: a name has no closing quote\n"},
        {"bxc graph 1\ngraph \"a\"\n\nfoo",
         "t:4: error: 'foo' begins no statement; nodes begin with %, outputs with output\n"},
        {"bxc graph 1\ngraph \"a\"\n%1 = relu()", "t:3: error: %1 stands where %0 comes next\n"},
        {"bxc graph 1\ngraph \"a\" # a comment\n# another\n%0 = det(", "t:4: error: 'det' is no operator\n"},
        {"bxc graph 1\ngraph \"a\"\n%0 = relu(%0)", "t:3: error: %0 is not defined before it is read\n"},
        {"bxc graph 1\ngraph \"a\"\n%0 = input() \"x\" depth=3 : [1] real",
         "t:3: error: operator 'input' has no attribute 'depth'\n"},
        {"bxc graph 1\ngraph \"a\"\n%0 = input() \"x\" : [1,999999999999] real",
         "t:3: error: the number 999999999999 is not between 0 and 67108864\n"},
        {"bxc graph 1\ngraph \"a\"\n%0 = input() \"x\" : [67108864,2] real",
         "t:3: error: a tensor has more than 67108864 elements\n"},
        {"bxc graph 1\ngraph \"a\"\n%0 = input() \"x\" : [2] s99f0",
         "t:3: error: 's99f0' is no format, such as s16f10 or u8f8\n"},
        {"bxc graph 1\ngraph \"a\"\n%0 = input() \"x\" : [2] [3]{s1f0, s2f0, s3f0}",
         "t:3: error: formats do not spread over the shape\n"},
        {"bxc graph 1\ngraph \"a\"\n%0 = constant() \"c\" : [3] real {1,\n2}",
         "t:4: error: a list has 2 members where the shape has 3\n"},
        {"bxc graph 1\ngraph \"a\"\n%0 = constant() \"c\" : [1] real {1, 2}",
         "t:3: error: a list has more than 1 members\n"},
        {"bxc graph 1\ngraph \"a\"\n%0 = constant() \"c\" : [1] real {0x1.0000001p+0}",
         "t:3: error: a number is not one of binary32\n"},
        {"bxc graph 1\ngraph \"a\"\n%0 = constant() \"c\" : [1] index {9223372036854775808}",
         "t:3: error: a whole number does not fit 64 bits\n"},
        {"bxc graph 1\ngraph \"a\"\n%0 = input() \"x\" : [1,2] real\n%1 = relu(%0) \"r\" : [1,3] real\n\noutput \"y\" %1\n",
         "t:4: error: %1 has the shape [1,2] by inference\n"},
        {"bxc graph 1\ngraph \"a\"\n%0 = input() \"x\" : [1,2] s4f1\n%1 = relu(%0) \"r\" : [1,2] u4f1\noutput \"y\" %1\n",
         "t:4: error: element 0 of %1 is said to be u4f1, but by inference u3f1\n"},
        {"bxc graph 1\ngraph \"a\"\n%0 = input() \"x\" : [1,2] real\n%1 = transpose(%0) \"r\" permutation={0, 0} : [1,2] real",
         "t:4: error: a permutation does not name every axis once\n"},
        {"bxc graph 1\ngraph \"a\"\n%0 = input() \"x\" : [1,2] real\n%1 = reshape(%0) \"r\" : [2] real",
         "t:4: error: operator 'reshape' needs the attribute 'shape'\n"},
        {"bxc graph 1\ngraph \"a\"\noutput \"y\" %0", "t:3: error: %0 is not defined before it is read\n"},
        {"bxc graph 1\ngraph \"a\"\n}", "t:3: error: '}' closes nothing\n"},
    };
    struct bxc_context *context = context_new();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct strbuf out = strbuf_new(context->arena);
        size_t before = context->diagnostics.count;
        struct graph *graph = graph_parse(context, "t", cases[i].text, strlen(cases[i].text));
        CHECK(!graph);
        CHECK_EQ(context->diagnostics.count, before + 1);
        diag_format(&out, &context->diagnostics.items[before]);
        CHECK_STR(out.data, cases[i].diagnosis);
    }
    context_free(context);
}

/* An operator's own refusal gets the line of its statement. */
static void refusals_have_lines(void) {
    static const char text[] = "bxc graph 1\ngraph \"a\"\n%0 = input() \"x\" : [1,2] real\n\n"
                               "%1 = matmul(%0, %0) \"wrong\" : [1,2] real\n";
    struct bxc_context *context = context_new();
    CHECK(!graph_parse(context, "t", text, strlen(text)));
    CHECK(context->diagnostics.errors >= 1);
    CHECK_EQ(context->diagnostics.items[0].location.line, 5);
    CHECK_STR(context->diagnostics.items[0].location.node, "wrong");
    context_free(context);
}

/* A chain of ten thousand nodes; time must not grow with its square. */
static void long_graphs_are_read(void) {
    struct bxc_context *context = context_new();
    struct strbuf text = strbuf_new(context->arena);
    strbuf_append(&text, "bxc graph 1\ngraph \"long\"\n%0 = input() \"x\" : [1,2] real\n");
    for (int i = 1; i < 10000; i++) strbuf_printf(&text, "%%%d = relu(%%%d) \"r%d\" : [1,2] real\n", i, i - 1, i);
    strbuf_append(&text, "output \"y\" %9999\n");
    struct graph *graph = graph_parse(context, "t", text.data, text.length);
    CHECK(graph && graph->node_count == 10000);
    struct strbuf again = strbuf_new(context->arena);
    graph_print(&again, graph);
    CHECK_STR(again.data, text.data);
    context_free(context);
}

struct parse_job {
    struct bxc_context *context;
    const struct strbuf *text;
    bool done;
};

static int parse_and_print(void *user) {
    struct parse_job *job = user;
    struct graph *graph = graph_parse(job->context, "t", job->text->data, job->text->length);
    if (graph) {
        struct graph *copy = graph_clone(graph);
        struct strbuf out = strbuf_new(copy->arena);
        graph_print(&out, copy);
        job->done = graph_verify(copy) == 0;
        graph_free(copy);
        graph_free(graph);
    }
    return 0;
}

/* Whichever allocation fails: a diagnosis, and no arena left open. */
static void memory_may_run_out_anywhere(void) {
    struct bxc_context *context = context_new();
    struct strbuf text = strbuf_new(context->arena);
    struct parse_job job = {context, &text, false};
    graph_print(&text, real_graph(context));
    const struct arena *newest = context->arenas;
    int nth = 0;
    while (!job.done && ++nth < 100000) {
        size_t errors = context->diagnostics.errors;
        context->fail_allocation = nth;
        int result = context_guarded(context, parse_and_print, &job);
        context->fail_allocation = 0;
        CHECK(job.done ? result == 0 : result == -1 && context->diagnostics.errors == errors + 1);
        CHECK(context->arenas == newest);
        context->diagnostics.count = 0;
    }
    CHECK(job.done && nth > 100);
    context_free(context);
}

/* ---- rewriting ---- */

static void compaction_sorts_and_sweeps(void) {
    struct bxc_context *context = context_new();
    struct graph *graph = graph_new(context, "g");
    union attributes none = {.activation = {0}};
    valref unused = graph_append_input(graph, "unused", shape_of(1, 2, 0, 0));
    valref x = graph_append_input(graph, "x", shape_of(1, 2, 0, 0));
    valref a = unary(graph, OP_RELU, "a", x, none), b = unary(graph, OP_SIGMOID, "b", a, none);
    valref dropped = unary(graph, OP_TANH, "dropped", a, none);
    graph_append_output(graph, "y", b);
    valref late = unary(graph, OP_EXP, "late", x, none);
    bool output = true;
    CHECK_EQ(graph_use_count(graph, a, &output), 2);
    CHECK(!output);
    graph_replace(graph, a, late);
    graph_definition(graph, a)->dead = true;
    graph_definition(graph, dropped)->dead = true;
    CHECK(graph_compact(graph));
    CHECK(!graph_compact(graph));
    CHECK_EQ(graph_verify(graph), 0);
    struct strbuf out = strbuf_new(context->arena);
    graph_print(&out, graph);
    CHECK_STR(out.data, "bxc graph 1\ngraph \"g\"\n"
                        "%0 = input() \"unused\" as \"unused\" : [2] real\n"
                        "%1 = input() \"x\" as \"x\" : [2] real\n"
                        "%2 = exp(%1) \"late\" : [2] real\n"
                        "%3 = sigmoid(%2) \"b\" : [2] real\n"
                        "output \"y\" %3\n");
    CHECK_EQ(unused.id, 0);
    context_free(context);
}

static void the_verifier_notices(void) {
    struct bxc_context *context = context_new();
    for (int fault = 0; fault < 7; fault++) {
        struct graph *graph = integer_graph(context);
        CHECK(graph);
        CHECK_EQ(graph_verify(graph), 0);
        struct value *value = &graph->values[1];
        switch (fault) {
        case 0: graph->nodes[1].inputs[0].id = 2; break;
        case 1: graph->nodes[0].dead = true; break;
        case 2: value->shape.dim[1] = 3; break;
        case 3: value->formats = formats_uniform(graph->arena, (struct format){true, 5, 1}); break;
        case 4: value->intervals.at[0].hi++; break;
        case 5: graph->outputs[0].value.id = 77; break;
        case 6: graph->nodes[2].inputs[0].id = 0; break; /* behind the back of its readers */
        }
        CHECK_EQ(graph_verify(graph), -1);
        graph_free(graph);
    }
    context_free(context);
}

int main(void) {
    RUN(real_graphs_come_back);
    RUN(integer_graphs_come_back);
    RUN(clones_share_nothing);
    RUN(damaged_texts_are_diagnosed);
    RUN(errors_have_lines);
    RUN(refusals_have_lines);
    RUN(long_graphs_are_read);
    RUN(memory_may_run_out_anywhere);
    RUN(compaction_sorts_and_sweeps);
    RUN(the_verifier_notices);
    TEST_EXIT();
}
