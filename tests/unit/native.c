/* bxc's own JSON: what is written reads back as the same graph, and wrong files are diagnosed where. */
#include "frontend/frontend.h"
#include "ir/text.h"
#include "ir/verify.h"
#include "tests/test.h"
#include "tests/unit/random_graph.h"

#include <float.h>

static char *graph_text(struct arena *arena, const struct graph *graph) {
    struct strbuf text = strbuf_new(arena);
    graph_print(&text, graph);
    return text.data;
}

/* Written, read, printed: the same text; written again: the same bytes. */
static int check_round_trip(struct bxc_context *context, const struct graph *graph) {
    struct arena *arena = arena_new(context);
    struct strbuf json = strbuf_new(arena), again = strbuf_new(arena);
    native_write(graph, &json);
    if (!native_recognises("x", json.data, json.length)) return -1;
    struct graph *copy = native_read(context, "m.json", json.data, json.length, NULL);
    if (!copy) {
        struct strbuf text = strbuf_new(arena);
        diag_format(&text, &context->diagnostics.items[context->diagnostics.count - 1]);
        test_fail(__FILE__, __LINE__, "%s", text.data);
        return -1;
    }
    int result = strcmp(graph_text(arena, graph), graph_text(arena, copy)) ? -1 : 0;
    native_write(copy, &again);
    if (strcmp(json.data, again.data)) result = -1;
    graph_free(copy);
    arena_free(arena);
    return result;
}

static void random_graphs(void) {
    for (uint64_t seed = 1; seed <= 300 && !test_failed; seed++) {
        struct bxc_context *context = context_new();
        struct graph *graph = random_graph_new(context, seed, 20, 30, 12);
        if (!graph || graph_infer(graph) < 0 || check_round_trip(context, graph) < 0)
            test_fail(__FILE__, __LINE__, "seed %llu", (unsigned long long)seed);
        graph_free(graph);
        context_free(context);
    }
}

static void numbers(void) {
    static const float reals[] = {0,        -0.0f,  1.0f / 3,      FLT_MAX, -FLT_MIN, FLT_TRUE_MIN,
                                  16777216, 1e-10f, 0x1.fffffep+0f};
    struct bxc_context *context = context_new();
    struct graph *graph = graph_new(context, "quote \" backslash \\ tab \t \xc3\xa9");
    struct shape shape = {.rank = 1, .dim = {9}};
    valref constant = graph_append_reals(graph, "w", shape, reals);
    graph_append_output(graph, "y", constant);
    graph->opset = 13;
    int result = check_round_trip(context, graph);
    graph_free(graph);
    context_free(context);
    CHECK_EQ(result, 0);
}

static void wide_integers(void) {
    static const int64_t integers[] = {INT64_MIN, INT64_MAX, INT64_C(9007199254740993), -5};
    struct bxc_context *context = context_new();
    struct graph *graph = graph_new(context, "g");
    struct shape shape = {.rank = 1, .dim = {4}};
    valref constant =
        graph_append_integers(graph, "w", shape, formats_uniform(graph->arena, (struct format){true, 64, 3}), integers);
    graph_append_output(graph, "y", constant);
    int result = check_round_trip(context, graph);
    graph_free(graph);
    context_free(context);
    CHECK_EQ(result, 0);
}

static void text_comes_back(const char *text) {
    struct bxc_context *context = context_new();
    struct graph *graph = graph_parse(context, "g.bxc", text, strlen(text));
    struct strbuf said = strbuf_new(context->arena);
    for (size_t i = 0; i < context->diagnostics.count; i++) diag_format(&said, &context->diagnostics.items[i]);
    if (!graph)
        test_fail(__FILE__, __LINE__, "%s", said.data);
    else if (check_round_trip(context, graph) < 0)
        test_fail(__FILE__, __LINE__, "it does not come back");
    graph_free(graph);
    context_free(context);
}

/* A lookup, a meaning, every kind of attribute that random graphs may leave out. */
static void attributes(void) {
    static const char text[] =
        "bxc graph 1\ngraph \"g\" opset 9\n"
        "%0 = input() \"x\" as \"x\" from \"Input\" rounding=half_up overflow=wrap meaning=[1,2]{0x1.8p+0:0x0p+0, 0x1p-1:0x1p+1} "
        "steps={add []{-0x1p-149}, div [2]{0x1.99999ap-4, -0x1.fffffep+127}, mul []{0x1.555556p-2}} : [1,2] s3f1\n"
        "%1 = table(%0) \"t\" shape=[1,2] formats=[1,2]{u4f0, u5f0} tables=[1,2]{-4:{1, 2, 3, 4, 5, 6, 7, 8}, -4:{8, 7, 6, 5, 4, 3, 2, 1}} : [1,2] [1,2]{u4f0, u5f0}\n"
        "%2 = threshold(%1) \"s\" shape=[] formats=s4f0 stairs=[]{{-1, 2:0, 5:3}} : [1,2] s4f0\n"
        "%3 = gather(%2) \"q\" axis=1 indices=[3]{1, 0, 1} : [1,3] s4f0\n"
        "%4 = slice(%3) \"c\" slices={0:1:1, 2:-1:3} : [1,3] s4f0\n"
        "%5 = transpose(%4) \"p\" permutation={1, 0} : [3,1] s4f0\n"
        "output \"y\" %5 meaning=[]{0x1p-3:0x1p+0}\n";
    text_comes_back(text);
}

/* Bodies within bodies, and results that are not the first. */
static void bodies(void) {
    static const char text[] =
        "bxc graph 1\ngraph \"g\"\n"
        "%0 = input() \"x\" as \"x\" : [1,2,3] real\n"
        "%1 = input() \"h\" : [1] real\n"
        "%2, %3, %4 = scan(%1, %0) \"outer\" as \"last\", \"\", \"c\" from \"Scan\" trips=2 carried=1 sliced=1 axes={1, 1, 0} "
        "reversed={1, 0, 1} : [1] real, [1,2] real, [2,3] real body \"b\" {\n"
        "    %0 = input() \"x\" : [1] real\n"
        "    %1 = input() \"x\" : [1,3] real\n"
        "    %2, %3 = scan(%0, %1) \"x\" trips=3 carried=1 sliced=1 axes={1, 0} : [1] real, [3,1] real body \"x\" {\n"
        "        %0 = input() \"x\" : [1] real\n"
        "        %1 = input() \"y\" : [1] real\n"
        "        %2 = sub(%0, %1) \"x\" : [1] real\n"
        "        output \"h\" %2\n"
        "        output \"y\" %0\n"
        "    }\n"
        "    %4 = reshape(%3) \"r\" shape=[3] : [3] real\n"
        "    output \"a\" %2\n"
        "    output \"b\" %2\n"
        "    output \"c\" %4\n"
        "}\n"
        "%5 = map(%4, %3) \"each\" trips=2 sliced=1 axes={0, 0} : [2] real body \"\" {\n"
        "    %0 = input() \"i\" : [3] real\n"
        "    %1 = input() \"j\" : [1,2] real\n"
        "    %2 = reduce_sum(%1) \"s\" axis=1 : [1] real\n"
        "    %3 = reduce_max(%0) \"m\" axis=0 : [] real\n"
        "    output \"o\" %3\n"
        "}\n"
        "output \"y\" %3\n"
        "output \"z\" %5\n";
    text_comes_back(text);
}

#define HEAD "{\"format\": \"bxc-graph\", \"version\": 1, \"name\": \"g\",\n \"nodes\": [\n"
#define INPUT "{\"name\": \"x\", \"op\": \"input\", \"attributes\": {\"shape\": [1, 2]}}"
#define STEPS                                                                                                          \
    "{\"name\": \"x\", \"op\": \"input\", \"attributes\": {\"shape\": [1, 2], \"formats\": \"s4f0\", \"meaning\": {\"shape\": [], \"scale\": [1]}, \"rounding\": \"truncate\", \"overflow\": \"wrap\", \"steps\": ["
#define END "]}}" TAIL
#define MAP(outputs)                                                                                                        \
    "{\"name\": \"m\", \"op\": \"map\", \"inputs\": [0], \"attributes\": {\"trips\": 1, \"sliced\": 1, \"axes\": [0, 0]}, " \
    "\"body\": {\"name\": \"b\", \"nodes\": [{\"name\": \"i\", \"op\": \"input\", \"attributes\": {\"shape\": [2]}}], "     \
    "\"outputs\": " outputs "}}"
#define TAIL "], \"outputs\": [{\"name\": \"y\", \"node\": \"x\"}]}"

static const struct {
    const char *json, *text;
} wrongs[] = {
    {HEAD, "m.json:3: error: the file is no valid JSON\n"},
    {"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[", "m.json:1: error: the JSON is nested too deeply\n"},
    {"{\"format\": \"other\"}", "m.json: error: 'other' is not 'bxc-graph'\n  at: format\n"},
    {"{\"format\": \"bxc-graph\", \"version\": 2}", "m.json: error: 2 is not between 1 and 1\n  at: version\n"},
    {"{\"FORMAT\": \"bxc-graph\"}",
     "m.json: error: this is not bxc's JSON: there is no member 'format'\n"
     "  help: convert a model with 'bxc convert MODEL model.json'; other tools' JSON is not read\n"},
    {"{\"class_name\": \"Model\"}",
     "m.json: error: this is not bxc's JSON: there is no member 'format'\n"
     "  help: a Keras architecture has no weights in it: export the model to ONNX (float) or QONNX "
     "(QKeras: qonnx.converters.from_keras)\n"},
    {"{\"format\": \"bxc-graph\", \"Name\": \"a\"}", "m.json: error: member 'Name' is unknown\n  at: Name\n"},
    {"{\"format\": \"bxc-graph\", \"name\": \"a\", \"name\": \"b\"}",
     "m.json: error: member 'name' stands twice\n  at: name\n"},
    {HEAD "{\"name\": \"a\", \"op\": \"conv\"}" TAIL,
     "m.json: error: 'conv' is no operator; see 'bxc ops'\n  at: nodes[0].op\n"},
    {HEAD "{\"name\": \"a\", \"op\": \"input\"}" TAIL,
     "m.json: error: 'input' needs the attribute 'shape'\n  at: nodes[0].attributes.shape\n"},
    {HEAD INPUT ", {\"name\": \"a\", \"op\": \"relu\", \"inputs\": [\"b\"]}" TAIL,
     "m.json: error: no node before this one is called 'b'\n  at: nodes[1].inputs\n"},
    {HEAD INPUT ", {\"name\": \"a\", \"op\": \"relu\", \"inputs\": [1]}" TAIL,
     "m.json: error: 1 is not between 0 and 0\n  at: nodes[1].inputs\n"},
    {HEAD INPUT ", {\"name\": \"a\", \"op\": \"relu\", \"inputs\": [0], \"attributes\": {\"slope\": 1}}" TAIL,
     "m.json: error: member 'slope' is unknown\n  at: nodes[1].attributes.slope\n"},
    {HEAD INPUT ", {\"name\": \"a\", \"op\": \"softmax\", \"inputs\": [0], \"attributes\": {\"axis\": 0.5}}" TAIL,
     "m.json: error: this is no whole number (beyond 2^53 it must be a text)\n  at: nodes[1].attributes.axis\n"},
    {HEAD
     "{\"name\": \"w\", \"op\": \"constant\", \"attributes\": {\"value\": {\"kind\": \"real\", \"shape\": [2], \"numbers\": [1]}}}" TAIL,
     "m.json: error: the list has 1 members, not 2\n  at: nodes[0].attributes.value.numbers\n"},
    {HEAD
     "{\"name\": \"w\", \"op\": \"constant\", \"attributes\": {\"value\": {\"kind\": \"real\", \"shape\": [1], \"numbers\": [\"nan\"]}}}" TAIL,
     "m.json: error: number 0 is not within binary32\n  at: nodes[0].attributes.value.numbers\n"},
    {HEAD "{\"name\": \"x\", \"op\": \"input\", \"attributes\": {\"shape\": [1, 99999999999]}}" TAIL,
     "m.json: error: axis 1 of the shape is impossible: 99999999999\n  at: nodes[0].attributes.shape\n"},
    {HEAD STEPS "{\"operation\": \"sub\", \"shape\": [], \"constants\": [1]}" END,
     "m.json: error: 'sub' is unknown here; the first of the known "
     "words is 'add'\n  at: nodes[0].attributes.steps[0].operation\n"},
    {HEAD STEPS "{\"operation\": \"add\", \"shape\": [2], \"constants\": [1]}" END,
     "m.json: error: the list has 1 members, not 2\n  at: nodes[0].attributes.steps[0].constants\n"},
    {HEAD STEPS "{\"operation\": \"add\", \"shape\": [], \"constants\": [1e39]}" END,
     "m.json: error: number 0 is not within binary32\n  at: nodes[0].attributes.steps[0].constants\n"},
    {HEAD STEPS "{\"operation\": \"mul\", \"shape\": [], \"constants\": [0]}" END,
     "m.json: error: step 0 (mul) has a constant that is zero, 0\n  at: node 'x' (input)\n"},
    {HEAD INPUT ", " MAP("[]") TAIL, "m.json: error: the body has no outputs\n  at: nodes[1].body.outputs\n"},
    {HEAD INPUT ", " MAP("[{\"name\": \"o\", \"node\": \"x\"}]") TAIL,
     "m.json: error: no node before this one is called 'x'\n  at: nodes[1].body.outputs[0].node\n"},
    {HEAD INPUT ", " MAP("[{\"name\": \"o\", \"node\": {\"node\": \"i\", \"result\": 1}}]") TAIL,
     "m.json: error: 1 is not between 0 and 0\n  at: nodes[1].body.outputs[0].node.result\n"},
    {HEAD INPUT ", {\"name\": \"a\", \"op\": \"relu\", \"inputs\": [0], \"value\": [\"a\", \"b\"]}" TAIL,
     "m.json: error: 2 results are named where 'relu' has 1\n  at: nodes[1].value\n"},
    {HEAD INPUT
     ", {\"name\": \"a\", \"op\": \"relu\", \"inputs\": [0], \"body\": {\"name\": \"b\", \"nodes\": [" INPUT TAIL
     "}" TAIL,
     "m.json: error: operator 'relu' has no body\n  at: node 'a' (relu)\n"},
    {HEAD INPUT "], \"outputs\": []}", "m.json: error: the model has no outputs\n  at: outputs\n"},
};

static void wrong_files(void) {
    for (size_t i = 0; i < sizeof wrongs / sizeof *wrongs; i++) {
        struct bxc_context *context = context_new();
        struct strbuf said = strbuf_new(context->arena);
        struct graph *graph = native_read(context, "m.json", wrongs[i].json, strlen(wrongs[i].json), NULL);
        for (size_t d = 0; d < context->diagnostics.count; d++) diag_format(&said, &context->diagnostics.items[d]);
        if (graph || strcmp(said.data, wrongs[i].text))
            test_fail(__FILE__, __LINE__, "case %zu says\n%s", i, said.data);
        graph_free(graph);
        context_free(context);
    }
}

int main(void) {
    RUN(random_graphs);
    RUN(numbers);
    RUN(wide_integers);
    RUN(attributes);
    RUN(bodies);
    RUN(wrong_files);
    TEST_EXIT();
}
