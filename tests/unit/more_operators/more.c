/* A hundred operators with lists for attributes; the odd ones have two results. */
#include "frontend/native/native.h"
#include "ir/ops/families.h"
#include "ir/text.h"
#include "ir/verify.h"
#include "tests/test.h"

enum { MORE = 100 };

/* ---- the family ---- */

/* In the place of a family's struct in union attributes. */
struct lists {
    struct integer_list integers;
    struct real_list reals;
    struct name_list names;
    struct shape_list shapes;
};
_Static_assert(sizeof(struct lists) <= sizeof(union attributes), "the lists fit");

static int infer(struct graph *graph, struct node *node, struct value *results) {
    bool integer;
    if (op_check_operands(graph, node, &integer) < 0) return -1;
    for (uint32_t r = 0; r < node->result_count; r++)
        if (op_set_shape(graph, node, &results[r], &op_operand(graph, node, 0)->shape, false) < 0) return -1;
    return 0;
}

static uint32_t results(const struct node *node) {
    return 1 + (node->op - OP_MORE_0) % 2;
}

static const struct attribute_field fields[] = {
    {"integers", ATTRIBUTE_INTEGERS, offsetof(struct lists, integers), "of all", NULL},
    {"reals", ATTRIBUTE_REALS, offsetof(struct lists, reals), "of all", NULL},
    {"names", ATTRIBUTE_NAMES, offsetof(struct lists, names), "of some", OPS(OP_MORE_0, OP_MORE_98, OP_MORE_99)},
    {"shapes", ATTRIBUTE_SHAPES, offsetof(struct lists, shapes), "of some", OPS(OP_MORE_98, OP_MORE_99)},
    {0},
};

const struct op_family more_family = {.name = "more", .infer = infer, .fields = fields, .results = results};

/* ---- a graph of all of them ---- */

static struct graph *graph_of_all(struct bxc_context *context) {
    struct graph *graph = graph_new(context, "all");
    valref x = graph_append_input(graph, "x", (struct shape){.rank = 2, .dim = {1, 3}});
    for (int i = 0; i < MORE; i++) {
        int64_t integers[] = {i, -1, INT64_MIN, INT64_MAX};
        double reals[] = {0.1 * i, -0.0, 1e300};
        const char *names[] = {"a \"b\"", "", "c\\d"};
        struct shape shapes[] = {{.rank = 0}, {.rank = 2, .dim = {4, i + 1}}};
        union attributes attributes = {0};
        struct lists *lists = (struct lists *)&attributes;
        enum op op = (enum op)(OP_MORE_0 + i);
        lists->integers = (struct integer_list){(uint32_t)i % 5, integers};
        lists->reals = (struct real_list){3, reals};
        if (attribute_applies(&fields[2], op)) lists->names = (struct name_list){3, names};
        if (attribute_applies(&fields[3], op)) lists->shapes = (struct shape_list){2, shapes};
        x = graph_append(graph, op, op_info(op)->name, &x, 1, &attributes);
        if (x.id == UINT32_MAX) return NULL;
        struct node *node = graph_definition(graph, x);
        x = node_result(node, node->result_count - 1);
    }
    graph_append_output(graph, "y", x);
    return graph;
}

static char *text_of(const struct graph *graph) {
    struct strbuf out = strbuf_new(graph->context->arena);
    graph_print(&out, graph);
    return out.data;
}

static void text_gives_them_back(void) {
    struct bxc_context *context = context_new();
    struct graph *graph = graph_of_all(context);
    CHECK(graph);
    CHECK_EQ(graph->node_count, MORE + 1);
    CHECK_EQ(graph->value_count, MORE + MORE / 2 + 1);
    CHECK_EQ(graph_verify(graph), 0);
    const char *text = text_of(graph);
    CHECK(strstr(text, " names={\"a \\\"b\\\"\", \"\", \"c\\\\d\"} shapes={[], [4,100]} : [1,3] real, [1,3] real"));
    struct graph *copy = graph_clone(graph), *again = graph_parse(context, "t", text, strlen(text));
    graph_free(graph);
    CHECK(again);
    CHECK_STR(text_of(copy), text);
    CHECK_STR(text_of(again), text);
    CHECK(!graph_compact(again));
    CHECK_STR(text_of(again), text);
    graph_free(copy);
    graph_free(again);
    context_free(context);
}

static void fields_belong_to_their_operators(void) {
    struct bxc_context *context = context_new();
    const char text[] =
        "bxc graph 1\ngraph \"t\"\n%0 = input() \"x\" : [1] real\n%1 = more_64(%0) \"m\" names={\"a\"} : [1] real\n";
    CHECK(!graph_parse(context, "t", text, strlen(text)));
    CHECK_STR(context->diagnostics.items[0].message, "operator 'more_64' has no attribute 'names'");
    context_free(context);
}

static void json_gives_them_back(void) {
    struct bxc_context *context = context_new();
    struct graph *graph = graph_of_all(context);
    struct strbuf json = strbuf_new(context->arena);
    CHECK(graph);
    native_write(graph, &json);
    struct graph *again = native_read(context, "t.json", json.data, json.length, NULL);
    CHECK(again);
    CHECK_STR(text_of(again), text_of(graph));
    graph_free(graph);
    graph_free(again);
    context_free(context);
}

int main(void) {
    RUN(text_gives_them_back);
    RUN(fields_belong_to_their_operators);
    RUN(json_gives_them_back);
    TEST_EXIT();
}
