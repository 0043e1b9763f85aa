/* What is written reads back as the same graph, intervals and all; what does not is refused by its node's name. */
#include "driver/driver.h"
#include "ir/text.h"
#include "ir/verify.h"
#include "tests/test.h"

/* (a + b) / 2 + (a - b) / 2 is a again: only linear forms know, and the table covers no more than that. */
static const char linear[] =
    "bxc graph 1\n"
    "graph \"linear\"\n"
    "%0 = input() \"x\" as \"x\" rounding=half_even overflow=saturate : [1,2] s3f0\n"
    "%1 = constant() \"mix\" : [2,2] [2,2]{u1f0, u1f0, u1f0, s1f0} {1, 1, 1, -1}\n"
    "%2 = matmul(%0, %1) \"mixed\" : [1,2] s4f0\n"
    "%3 = constant() \"back\" : [2,1] u1f1 {1, 1}\n"
    "%4 = matmul(%2, %3) \"unmixed\" : [1,1] s4f1\n"
    "%5 = table(%4) \"t\" formats=u3f0 tables=[]{-8:{0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7}}"
    " : [1,1] u3f0\n"
    "output \"y\" %5\n";

static struct graph *parsed(struct bxc_context *context, const char *text) {
    return graph_parse(context, "model.bxc", text, strlen(text));
}

static struct strbuf printed(const struct graph *graph) {
    struct strbuf text = strbuf_new(graph->arena);
    graph_print(&text, graph);
    return text;
}

static bool refused(const struct bxc_context *context, const char *what, const char *node) {
    if (context->diagnostics.count == 0) return false;
    const struct diagnostic *last = &context->diagnostics.items[context->diagnostics.count - 1];
    return strcmp(last->message, what) == 0 &&
           (node ? last->location.node && strcmp(last->location.node, node) == 0 : !last->location.node) &&
           strstr(last->help, "defect of bxc");
}

static void tables_cover_what_can_come(void) {
    struct bxc_context *context = context_new();
    struct graph *graph = parsed(context, linear);
    CHECK(graph != NULL);
    CHECK(graph_verify(graph) == 0);
    struct interval interval = graph_interval(graph, graph->nodes[4].result, 0);
    CHECK(interval.lo == -8 && interval.hi == 6);
    struct strbuf text = printed(graph);
    CHECK(read_back(graph, "model.bxc", &text) == 0);
    graph_free(graph);
    context_free(context);
}

/* The same nodes one by one, as a frontend or the line appends them. */
static void an_open_graph_knows_linear_forms(void) {
    struct bxc_context *context = context_new();
    struct graph *source = parsed(context, linear), *built = graph_new(context, "linear");
    graph_open(built);
    for (uint32_t i = 0; i < source->node_count; i++) {
        const struct node *node = &source->nodes[i];
        valref value = graph_append(built, node->op, node->name, node->inputs, node->input_count, &node->attributes);
        CHECK(value.id == i);
    }
    graph_close(built);
    CHECK(graph_verify(built) == 0);
    graph_free(source);
    graph_free(built);
    context_free(context);
}

static void other_intervals_are_a_defect(void) {
    struct bxc_context *context = context_new();
    struct graph *graph = parsed(context, linear);
    struct strbuf text = printed(graph);
    graph_value(graph, graph->nodes[4].result)->intervals.at[0].hi = 7;
    CHECK(read_back(graph, "model.bxc", &text) < 0);
    CHECK(refused(context, "model.bxc reads back with other intervals", "unmixed"));
    graph_free(graph);
    context_free(context);
}

static void another_graph_is_a_defect(void) {
    struct bxc_context *context = context_new();
    struct graph *graph = parsed(context, linear);
    struct strbuf text = printed(graph);
    char *spaces = strstr(text.data, "\"unmixed\" :");
    memmove(spaces + 1, spaces, strlen(spaces) + 1); /* a second space in front of the name */
    spaces[0] = ' ';
    text.length++;
    CHECK(read_back(graph, "model.bxc", &text) < 0);
    CHECK(refused(context, "model.bxc reads back as another graph", "unmixed"));
    graph_free(graph);
    context_free(context);
}

static void what_cannot_be_read_is_a_defect(void) {
    struct bxc_context *context = context_new();
    struct graph *graph = parsed(context, linear);
    struct strbuf text = printed(graph);
    char *last = strstr(text.data, ", 7}");
    memcpy(last, "}}  ", 4);
    CHECK(read_back(graph, "model.bxc", &text) < 0);
    CHECK(refused(context, "model.bxc cannot be read back", NULL));
    graph_free(graph);
    context_free(context);
}

int main(void) {
    RUN(tables_cover_what_can_come);
    RUN(an_open_graph_knows_linear_forms);
    RUN(other_intervals_are_a_defect);
    RUN(another_graph_is_a_defect);
    RUN(what_cannot_be_read_is_a_defect);
    TEST_EXIT();
}
