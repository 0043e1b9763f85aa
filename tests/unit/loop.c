/* Bodies: a body run once an item gives what a loop gives, in both arithmetics; several results and bodies come back
 * from text, copies and rewriting; what does not go together is refused. */
#include "ir/eval.h"
#include "ir/random.h"
#include "ir/text.h"
#include "ir/verify.h"
#include "tests/test.h"

enum { EVENTS = 70, ITEMS = 4, WIDE = 2 };

#define PORT "rounding=half_even overflow=saturate"

/* h = saturate(h + x), from the last item to the first; h goes out after each. */
static const char scan_text[] =
    "bxc graph 1\n"
    "graph \"scan\"\n"
    "%0 = input() \"x\" " PORT " : [1,4,2] s8f2\n"
    "%1 = input() \"start\" " PORT " : [1,2] s6f2\n"
    "%2, %3 = scan(%1, %0) \"cell\" as \"last\", \"\" trips=4 carried=1 sliced=1 axes={1, 1} reversed={1, 0} : "
    "[1,2] s9f2, [1,4,2] s9f2 body \"cell\" {\n"
    "    %0 = input() \"h\" " PORT " : [1,2] s9f2\n"
    "    %1 = input() \"item\" " PORT " : [1,2] s8f2\n"
    "    %2 = add(%0, %1) \"sum\" : [1,2] s10f2\n"
    "    %3 = narrow(%2) \"back\" formats=s9f2 rounding=truncate overflow=saturate : [1,2] s9f2\n"
    "    output \"h\" %3\n"
    "    output \"y\" %3\n"
    "}\n"
    "%4 = relu(%2) \"after\" : [1,2] u8f2\n"
    "output \"all\" %3\n"
    "output \"last\" %4\n";

/* Every item times what all read, and the item's own sum beside it. */
static const char map_text[] =
    "bxc graph 1\n"
    "graph \"map\"\n"
    "%0 = input() \"x\" : [1,4,2] real\n"
    "%1 = input() \"w\" : [2] real\n"
    "%2, %3 = map(%0, %1) \"each\" trips=4 sliced=1 axes={1, 0, 1} : [4,1,2] real, [1,4] real body \"each\" {\n"
    "    %0 = input() \"item\" : [1,2] real\n"
    "    %1 = input() \"w\" : [2] real\n"
    "    %2 = mul(%0, %1) \"product\" : [1,2] real\n"
    "    %3 = reduce_sum(%0) \"sum\" axis=1 : [1] real\n"
    "    output \"p\" %2\n"
    "    output \"s\" %3\n"
    "}\n"
    "output \"p\" %2\n"
    "output \"s\" %3\n";

/* (a, b) becomes (b, a + b): each carried value is the other's input. */
static const char swap_text[] =
    "bxc graph 1\n"
    "graph \"swap\"\n"
    "%0 = input() \"a\" : [1] real\n"
    "%1 = input() \"b\" : [1] real\n"
    "%2, %3 = scan(%0, %1) \"fibonacci\" trips=5 carried=2 sliced=0 : [1] real, [1] real body \"step\" {\n"
    "    %0 = input() \"a\" : [1] real\n"
    "    %1 = input() \"b\" : [1] real\n"
    "    %2 = add(%0, %1) \"sum\" : [1] real\n"
    "    output \"a\" %1\n"
    "    output \"b\" %2\n"
    "}\n"
    "output \"a\" %2\n"
    "output \"b\" %3\n";

static struct bxc_context *context;

static struct graph *parsed(const char *text) {
    struct graph *graph = graph_parse(context, "t", text, strlen(text));
    struct strbuf out = strbuf_new(context->arena);
    for (size_t i = 0; !graph && i < context->diagnostics.count; i++) diag_format(&out, &context->diagnostics.items[i]);
    if (!graph) printf("# %s\n", out.data);
    return graph;
}

/* ---- numbers ---- */

static int64_t limited(int64_t x) {
    return x > 255 ? 255 : x < -256 ? -256 : x;
}

static void a_scan_is_a_loop(void) {
    static int64_t x[EVENTS][ITEMS][WIDE], start[EVENTS][WIDE], all[EVENTS][ITEMS][WIDE], last[EVENTS][WIDE];
    uint64_t state = 1;
    struct graph *graph = parsed(scan_text);
    CHECK(graph);
    for (int e = 0; e < EVENTS; e++)
        for (int w = 0; w < WIDE; w++) {
            start[e][w] = (int64_t)(splitmix64(&state) % 64) - 32;
            for (int i = 0; i < ITEMS; i++) x[e][i][w] = (int64_t)(splitmix64(&state) % 256) - 128;
        }
    CHECK_EQ(graph_run_integers(graph, EVENTS, (const int64_t *const[]){x[0][0], start[0]},
                                (int64_t *const[]){all[0][0], last[0]}),
             0);
    for (int e = 0; e < EVENTS; e++)
        for (int w = 0; w < WIDE; w++) {
            int64_t h = start[e][w];
            for (int i = 0; i < ITEMS; i++) {
                h = limited(h + x[e][ITEMS - 1 - i][w]);
                CHECK_EQ(all[e][i][w], h);
            }
            CHECK_EQ(last[e][w], h > 0 ? h : 0);
        }
    graph_free(graph);
}

static void a_map_treats_items_alone(void) {
    static float x[EVENTS][ITEMS][WIDE], w[EVENTS][WIDE], products[EVENTS][ITEMS][WIDE], sums[EVENTS][ITEMS];
    uint64_t state = 2;
    struct graph *graph = parsed(map_text);
    CHECK(graph);
    for (int e = 0; e < EVENTS; e++)
        for (int k = 0; k < WIDE; k++) {
            w[e][k] = (float)(splitmix64(&state) % 100);
            for (int i = 0; i < ITEMS; i++) x[e][i][k] = (float)(splitmix64(&state) % 100);
        }
    CHECK_EQ(graph_run_reals(graph, EVENTS, (const float *const[]){x[0][0], w[0]},
                             (float *const[]){products[0][0], sums[0]}),
             0);
    for (int e = 0; e < EVENTS; e++)
        for (int i = 0; i < ITEMS; i++) {
            CHECK(sums[e][i] == x[e][i][0] + x[e][i][1]);
            for (int k = 0; k < WIDE; k++) CHECK(products[e][i][k] == x[e][i][k] * w[e][k]);
        }
    graph_free(graph);
}

static void carried_values_may_change_places(void) {
    float a = 0, b = 1, a5 = -1, b5 = -1;
    struct graph *graph = parsed(swap_text);
    CHECK(graph);
    CHECK_EQ(graph_run_reals(graph, 1, (const float *const[]){&a, &b}, (float *const[]){&a5, &b5}), 0);
    CHECK(a5 == 5 && b5 == 8);
    graph_free(graph);
}

/* Of constants alone: the plan runs it, and keeps all of its results. */
static void a_scan_of_constants_is_run_once(void) {
    const char *const body = strstr(swap_text, "%2, %3 = ");
    float x[EVENTS] = {0}, a[EVENTS], b[EVENTS];
    struct strbuf text = strbuf_new(context->arena);
    strbuf_printf(&text,
                  "bxc graph 1\ngraph \"g\"\n%%0 = constant() \"a\" : [1] real {0}\n"
                  "%%1 = constant() \"b\" : [1] real {1}\n%s%%4 = input() \"x\" : [1] real\noutput \"x\" %%4\n",
                  body);
    struct graph *graph = parsed(text.data);
    CHECK(graph);
    CHECK_EQ(graph_run_reals(graph, EVENTS, (const float *const[]){x}, (float *const[]){a, b, x}), 0);
    for (int e = 0; e < EVENTS; e++) CHECK(a[e] == 5 && b[e] == 8);
    struct evaluator_state *state = evaluator_state_new(evaluator_new(graph, graph->arena));
    for (int lane = 0; lane < EVENT_LANES; lane++)
        CHECK(evaluator_reals(state, graph->outputs[0].value)[lane] == 5 &&
              evaluator_reals(state, graph->outputs[1].value)[lane] == 8);
    evaluator_state_free(state);
    graph_free(graph);
}

/* ---- text, copies, rewriting ---- */

static void bodies_and_results_come_back(void) {
    const char *texts[] = {scan_text, map_text, swap_text};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct graph *graph = parsed(texts[i]);
        CHECK(graph);
        struct graph *copy = graph_clone(graph);
        graph_free(graph);
        CHECK_EQ(graph_verify(copy), 0);
        struct strbuf out = strbuf_new(context->arena);
        graph_print(&out, copy);
        CHECK_STR(out.data, texts[i]);
        CHECK_EQ(graph_infer(copy), 0);
        CHECK_EQ(graph_verify(copy), 0);
        graph_free(copy);
    }
}

/* A node in front that nobody reads goes; both results are still the scan's. */
static void results_stay_together(void) {
    struct graph *graph = parsed(swap_text);
    CHECK(graph);
    valref a = graph->nodes[0].result, b = graph->nodes[1].result;
    valref dead = graph_append(graph, OP_ADD, "dead", (valref[]){a, b}, 2, NULL);
    CHECK(dead.id != UINT32_MAX);
    struct node *scan = graph_definition(graph, graph->outputs[1].value);
    struct graph *body = graph_clone(scan->body);
    valref again = graph_append_with_body(
        graph, OP_SCAN, "again", (valref[]){node_result(scan, 1), node_result(scan, 0)}, 2, &scan->attributes, body);
    CHECK(again.id != UINT32_MAX);
    graph->outputs[0].value = node_result(graph_definition(graph, again), 1);
    CHECK(graph_compact(graph));
    CHECK_EQ(graph->node_count, 4);
    CHECK_EQ(graph->value_count, 6);
    CHECK_EQ(graph_verify(graph), 0);
    float x = 0, y = 1, first, second;
    CHECK_EQ(graph_run_reals(graph, 1, (const float *const[]){&x, &y}, (float *const[]){&first, &second}), 0);
    CHECK(second == 8 && first == 80); /* (0, 1) gives (5, 8); (8, 5) gives (49, 80) */
    graph_free(graph);
}

/* ---- refusals ---- */

static bool refused(const char *text, const char *from, const char *to, const char *words) {
    struct strbuf changed = strbuf_new(context->arena), out = strbuf_new(context->arena);
    const char *at = strstr(text, from);
    size_t before = context->diagnostics.count;
    if (!at) return false;
    strbuf_append_bytes(&changed, text, (size_t)(at - text));
    strbuf_append(&changed, to);
    strbuf_append(&changed, at + strlen(from));
    struct graph *graph = graph_parse(context, "t", changed.data, changed.length);
    if (graph) return false;
    for (size_t i = before; i < context->diagnostics.count; i++) diag_format(&out, &context->diagnostics.items[i]);
    if (!strstr(out.data, words)) printf("# %s\n", out.data);
    return strstr(out.data, words) != NULL;
}

static void what_does_not_go_together_is_refused(void) {
    CHECK(refused(
        scan_text, "%4 = relu(%2) \"after\" : [1,2] u8f2\n",
        "%4 = relu(%2) \"after\" : [1,2] u8f2 body \"b\" {\n%0 = input() \"i\" : [1] real\noutput \"o\" %0\n}\n",
        "operator 'relu' has no body"));
    CHECK(refused(swap_text,
                  " body \"step\" {\n    %0 = input() \"a\" : [1] real\n    %1 = input() \"b\" : [1] real\n"
                  "    %2 = add(%0, %1) \"sum\" : [1] real\n    output \"a\" %1\n    output \"b\" %2\n}\n",
                  "\n", "operator 'scan' needs a body"));
    CHECK(refused(scan_text, "formats=s9f2 rounding=truncate overflow=saturate : [1,2] s9f2",
                  "formats=s10f3 rounding=truncate overflow=saturate : [1,2] s10f3",
                  "does not come back in its format"));
    CHECK(refused(scan_text, "\"start\" " PORT " : [1,2] s6f2", "\"start\" " PORT " : [1,2] s6f3",
                  "is not held by input 0 of the body"));
    CHECK(refused(scan_text, "\"x\" " PORT " : [1,4,2] s8f2", "\"x\" " PORT " : [1,4,2] s9f2",
                  "is not held by input 1 of the body"));
    CHECK(refused(scan_text, "trips=4", "trips=3", "operand 1 has no axis 1 of 3 items"));
    CHECK(refused(scan_text, "axes={1, 1}", "axes={1}", "1 axes for 2 sliced operands and stacked results"));
    CHECK(refused(scan_text, "carried=1", "carried=3", "3 carried and 1 sliced operands of 2"));
    CHECK(refused(swap_text, "%2, %3 = scan(%0, %1) \"fibonacci\" trips=5 carried=2 sliced=0 : [1] real, [1] real",
                  "%2 = scan(%0, %1) \"fibonacci\" trips=5 carried=2 sliced=0 : [1] real",
                  "1 results are named where 'scan' has 2"));
    CHECK(refused(scan_text, "trips=4", "trips=0", "0 trips"));
    CHECK(refused(scan_text, "\"item\" " PORT, "\"item\" " PORT " meaning=[]{0x1p-1:0x0p+0}",
                  "input 'item' of the body has a meaning, which ports alone have"));
    CHECK(refused(scan_text, "    output \"y\" %3\n", "    output \"y\" %3 meaning=[]{0x1p-1:0x0p+0}\n",
                  "output 'y' of the body has a meaning, which ports alone have"));
    CHECK(refused(map_text, "    output \"s\" %3\n", "", "3 axes for 2 sliced operands and stacked results"));
    CHECK(refused(map_text, "\"each\" trips=4", "\"each\" trips=4 carried=1",
                  "operator 'map' has no attribute 'carried'"));
}

int main(void) {
    context = context_new();
    RUN(a_scan_is_a_loop);
    RUN(a_map_treats_items_alone);
    RUN(carried_values_may_change_places);
    RUN(a_scan_of_constants_is_run_once);
    RUN(bodies_and_results_come_back);
    RUN(results_stay_together);
    RUN(what_does_not_go_together_is_refused);
    context_free(context);
    TEST_EXIT();
}
