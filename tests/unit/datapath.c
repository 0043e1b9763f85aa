/* The design as data: text prints, parses and prints to the same bytes; intervals follow linear
 * forms; the verifier finds what is broken. */
#include "ir/text.h"
#include "tests/unit/below.h"
#include "tests/unit/random_graph.h"

static void text_round_trip_is_identical(void) {
    int of_several_nodes = 0;
    for (uint64_t seed = 1; seed <= 40; seed++) {
        struct bxc_context *context = context_new();
        struct graph *graph = random_graph_new(context, seed, 15, 10, 5);
        struct below below;
        bool changed;
        below_start(&below, graph, 0, 2700);
        CHECK_EQ(graph_infer(graph), 0);
        if (pass_lower(&below.program, &changed) == 0) {
            for (int scheduled = 0; scheduled < 2; scheduled++) {
                struct strbuf once = strbuf_new(graph->arena), twice = strbuf_new(graph->arena);
                struct strbuf model = strbuf_new(graph->arena);
                graph_print(&model, graph);
                struct graph *read = graph_parse(context, "test", model.data, model.length);
                design_print(&once, below.program.design);
                struct design *parsed = design_parse(context, read, "test", once.data, once.length);
                if (!parsed) print_diagnostics(context);
                CHECK(parsed != NULL);
                design_print(&twice, parsed);
                CHECK_STR(twice.data, once.data);
                of_several_nodes += strstr(once.data, ",n") != NULL;
                CHECK_EQ(design_verify(parsed), 0);
                design_free(parsed);
                graph_free(read);
                if (pass_trees(&below.program, &changed) || pass_pipeline(&below.program, &changed)) break;
            }
        }
        design_free(below.program.design);
        graph_free(graph);
        context_free(context);
    }
    CHECK(of_several_nodes > 10);
}

/* A design of two inputs of three bits, to be built by hand. */
struct fixture {
    struct bxc_context *context;
    struct graph *graph;
    struct design *design;
    struct datapath *datapath;
    wireref a, b;
};

static struct fixture fixture_new(void) {
    struct fixture f = {.context = context_new()};
    f.graph = graph_new(f.context, "g");
    struct format format = {true, 4, 0};
    valref x = graph_append_integer_input(f.graph, "x", (struct shape){2, {1, 2}},
                                          formats_uniform(f.graph->arena, format), ROUND_TRUNCATE, OVERFLOW_WRAP);
    graph_append_output(f.graph, "y", x);
    f.design = design_new(f.graph, "g");
    f.datapath = &f.design->datapath;
    f.design->inputs = ARENA_ARRAY(f.design->arena, struct port, 1);
    f.design->input_count = 1;
    f.design->inputs[0] = (struct port){.name = "x",
                                        .value = x,
                                        .element_count = 2,
                                        .beats = 1,
                                        .slots = 2,
                                        .elements = ARENA_ARRAY(f.design->arena, struct port_element, 2)};
    for (int e = 0; e < 2; e++) {
        struct wire wire = {.op = WIRE_INPUT, .amount = e, .lo = -8, .hi = 7, .origin = NO_NODE, .cycle = -1};
        f.design->inputs[0].elements[e] =
            (struct port_element){datapath_append(f.design, f.datapath, &wire), format, (uint32_t)e, 0};
    }
    f.b.id = 1;
    return f;
}

static void fixture_free(struct fixture *f) {
    design_free(f->design);
    graph_free(f->graph);
    context_free(f->context);
}

static wireref sum(struct fixture *f, wireref a, int shift_a, wireref b, int shift_b, bool minus, int64_t constant) {
    struct term terms[2] = {{a, (int8_t)shift_a, false}, {b, (int8_t)shift_b, minus}};
    return datapath_append(f->design, f->datapath,
                           &(struct wire){.op = WIRE_SUM,
                                          .operands = terms,
                                          .operand_count = 2,
                                          .constant = constant,
                                          .origin = NO_NODE,
                                          .cycle = -1});
}

static void intervals_follow_linear_forms(void) {
    struct fixture f = fixture_new();
    wireref three = sum(&f, f.a, 2, f.a, 0, true, 0), both = sum(&f, three, 0, f.b, 1, false, 5),
            zero = sum(&f, three, 0, three, 0, true, 0);
    CHECK_EQ(f.datapath->wires[three.id].lo, -24); /* 3a, not 4a - a of independent terms */
    CHECK_EQ(f.datapath->wires[three.id].hi, 21);
    CHECK_EQ(f.datapath->wires[both.id].lo, -24 - 16 + 5);
    CHECK_EQ(f.datapath->wires[both.id].hi, 21 + 14 + 5);
    CHECK_EQ(f.datapath->wires[zero.id].lo, 0);
    CHECK_EQ(f.datapath->wires[zero.id].hi, 0);
    CHECK_EQ(wire_width(&f.datapath->wires[three.id]), 6);
    CHECK_EQ(design_verify(f.design), 0);
    fixture_free(&f);
}

static int break_interval(struct fixture *f) {
    return (int)f->datapath->wires[2].hi++;
}
static int break_order(struct fixture *f) {
    return (int)(f->datapath->wires[2].operands[0].wire.id = 3);
}
static int break_count(struct fixture *f) {
    return (int)(f->datapath->wires[3].operand_count = 2);
}
static int break_amount(struct fixture *f) {
    return f->datapath->wires[3].amount = -1;
}
static int break_shift(struct fixture *f) {
    return f->datapath->wires[3].operands[0].shift = 1;
}
static int break_cycle(struct fixture *f) {
    for (uint32_t i = 0; i < f->datapath->wire_count; i++) f->datapath->wires[i].cycle = 0;
    return f->datapath->wires[2].cycle = 1;
}
static int break_half_schedule(struct fixture *f) {
    return f->datapath->wires[2].cycle = 0;
}
static int break_port(struct fixture *f) {
    return f->design->inputs[0].elements[1].format.width = 3;
}
static int break_input(struct fixture *f) {
    return (int)(f->datapath->wires[1].table = 7);
}

static void verifier_finds_what_is_broken(void) {
    int (*const breakages[])(struct fixture *) = {break_interval,      break_order, break_count,
                                                  break_amount,        break_shift, break_cycle,
                                                  break_half_schedule, break_port,  break_input};
    for (size_t i = 0; i < sizeof breakages / sizeof *breakages; i++) {
        struct fixture f = fixture_new();
        wireref s = sum(&f, f.a, 0, f.b, 1, false, 0);
        struct term operand = {.wire = s};
        datapath_append(f.design, f.datapath,
                        &(struct wire){.op = WIRE_WRAP,
                                       .operands = &operand,
                                       .operand_count = 1,
                                       .amount = 3,
                                       .origin = NO_NODE,
                                       .cycle = -1});
        CHECK_EQ(design_verify(f.design), 0);
        breakages[i](&f);
        if (design_verify(f.design) == 0 || f.context->diagnostics.errors == 0)
            test_fail(__FILE__, __LINE__, "breakage %zu is not found", i);
        fixture_free(&f);
    }
}

#define HEAD "design \"g\" period 0 interval 1 beats 1 latency 0 registers 1 1\n"
#define BEATS "design \"g\" period 0 interval 2 beats 2 latency 0 registers 1 1\n"

static void parser_names_the_line(void) {
    static const struct {
        const char *text;
        int line;
        const char *message;
    } cases[] = {
        {"design \"g\" period 0 interval 1 beats 1 latency 0 registers 1 1\ndatapath\nw0 = frob w1 [0, 0]\nend\n", 3,
         "unknown operator 'frob'"},
        {"design \"g\" period 0 interval 1 beats 1 latency 0 registers 1 1\ndatapath\nw1 = constant 1 [1, 1]\nend\n", 3,
         "wires are numbered in order, this is w0"},
        {HEAD "datapath\nw0 = constant 9223372036854775808 [0, 0]\nend\n", 3, "a number of more than 64 bits"},
        {HEAD "datapath\nw0 = constant +1 [1, 1]\nend\n", 3, "expected a number"},
        {HEAD "datapath\nw0 = constant 1 [2, 1]\nend\n", 0, "wire 0 has an empty interval"},
        {HEAD "datapath\nw0 = not w0 [0, 1]\nend\n", 3, "0 is not between 0 and -1"},
        {HEAD "datapath\nw0 = constant 1 [1, 1]\nw1 = sum w0 + 1 + w0 [2, 2]\nend\n", 4, "expected '['"},
        {HEAD "datapath\ntable t0 0 16777216 1 2\nend\n", 3, "expected a number"},
        {HEAD "datapath\ntable t0 0 2 1 2\nw0 = constant 1 [1, 2]\nw1 = table w0 t0 [1, 2]\nend\n", 0,
         "wire 1: the table does not cover its operand"},
        {HEAD "datapath\nw0 = input 7 0 [0, 1]\nend\n", 3, "7 is not between 0 and -1"},
        {HEAD "datapath\nw0 = beat [0, 1]\nend\n", 0, "wire 0 has beats in a design without"},
        {HEAD "datapath\nw0 = constant 1 [1, 1] @1073741825+0\nend\n", 3, "1073741825 is not between 0 and 1073741824"},
        {HEAD "datapath\nw0 = constant 1 [1, 1]\nw1 = not w0 block_ram 2 [-2, -2]\nend\n", 0,
         "wire 1: no resource computes 'not' in 2 cycles"},
        {HEAD "datapath\nw0 = constant 1 [1, 1]\nw1 = delay w0 [1, 1]\nend\n", 0,
         "wire 1: no resource computes 'delay' in 0 cycles"},
        {HEAD "datapath\ntable t0 1 1 5\nw0 = constant 1 [1, 1]\nw1 = table w0 t0 block_ram 3 [5, 5]\nend\n", 0,
         "wire 1: no resource computes 'table' in 3 cycles"},
        {HEAD "datapath\nw0 = constant 1 [1, 1] n0.0,n1\nend\n", 3, "0 is not between 0 and -1"},
        {BEATS "datapath\nw0 = beat [0, 2]\nend\n", 0, "wire 0 counts other beats than the design has"},
        {BEATS "datapath\nw0 = beat [0, 1]\nw1 = item w0 2 [0, 1]\nend\n", 0, "wire 1 is an item of no beat"},
        {BEATS "datapath\nw0 = beat [0, 1]\nw1 = state w0 w0 next w7 [0, 1]\nend\n", 0,
         "state 1 has no next value, or no first beat"},
        {BEATS "datapath\nw0 = beat [0, 1]\nw1 = state w0 w0 next w4 [0, 1]\nw2 = item w1 1 [0, 1]\n"
               "w3 = state w0 w2 next w3 [0, 1]\nw4 = and w3 w1 [0, 1]\nend\n",
         0, "what is carried from beat to beat depends on what comes after it"},
        {HEAD "datapath\nw0 = constant 1 [1, 1]\nprobe v0.0 = w0\nend\n", 4, "0 is not between 0 and -1"},
        {HEAD "input \"x\" v0 1\n", 2, "0 is not between 0 and -1"},
        {HEAD "datapath\nend\nmore\n", 4, "something stands behind the datapath"},
        {"desing", 1, "expected 'design'"},
        {"design \"g", 1, "a name without its closing quote"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct bxc_context *context = context_new();
        struct graph *graph = graph_new(context, "g");
        CHECK(design_parse(context, graph, "f", cases[i].text, strlen(cases[i].text)) == NULL);
        CHECK(context->diagnostics.count == 1);
        CHECK_STR(context->diagnostics.items[0].message, cases[i].message);
        CHECK_EQ(context->diagnostics.items[0].location.line, cases[i].line);
        graph_free(graph);
        context_free(context);
    }
}

static struct design *read_design(struct fixture *f, const char *text, size_t length) {
    f->context->diagnostics.count = f->context->diagnostics.errors = 0;
    return design_parse(f->context, f->graph, "f", text, length);
}

/* A text without its last bytes is no design; one with a byte more neither. */
static void what_is_cut_off_is_refused(void) {
    struct fixture f = fixture_new();
    struct strbuf text = strbuf_new(f.graph->arena);
    f.design->outputs = ARENA_ARRAY(f.design->arena, struct port, 1);
    sum(&f, f.a, 0, f.b, 1, true, 3);
    design_print(&text, f.design);
    for (size_t length = 0; length < text.length; length++) {
        struct design *design = read_design(&f, text.data, length);
        if (design && length + 1 < text.length) test_fail(__FILE__, __LINE__, "%zu bytes are read", length);
        design_free(design);
    }
    CHECK(read_design(&f, text.data, text.length + 1) == NULL);
    CHECK_STR(f.context->diagnostics.items[0].message, "a zero byte");
    fixture_free(&f);
}

static void check_sum(struct fixture *f, const char *interval, int64_t a, int64_t b, int64_t wanted) {
    const char *text = arena_printf(f->graph->arena,
                                    "%sinput \"x\" v0 2\n  w0 s4f0\n  w1 s4f0\noutput \"y\" v0 1\n  w2 s8f0\n"
                                    "datapath\nw0 = input 0 0 [-8, 7]\nw1 = input 0 1 [-8, 7]\nw2 = sum w0 + w1 %s\n"
                                    "end\n",
                                    HEAD, interval);
    struct design *design = read_design(f, text, strlen(text));
    const int64_t event[2] = {a, b}, *inputs[1] = {event};
    int64_t result = 0, *outputs[1] = {&result};
    if (!design) print_diagnostics(f->context);
    CHECK(design != NULL);
    CHECK_EQ(design_run(design, 1, inputs, outputs), 0);
    CHECK_EQ(result, wanted);
    design_free(design);
}

/* So that an interval which is too narrow shows in what the design gives. */
static void wires_keep_the_bits_of_their_intervals(void) {
    struct fixture f = fixture_new();
    check_sum(&f, "[-16, 14]", 7, 7, 14);
    check_sum(&f, "[-8, 7]", 7, 7, -2);
    check_sum(&f, "[0, 15]", -1, 0, 15);
    check_sum(&f, "[0, 0]", 7, 7, 0);
    fixture_free(&f);
}

static int append_after_cancelling(void *user) {
    struct fixture *f = user;
    struct wire wire = {.op = WIRE_CONSTANT, .origin = NO_NODE, .cycle = -1};
    datapath_append(f->design, f->datapath, &wire);
    f->context->cancelled = true;
    datapath_append(f->design, f->datapath, &wire);
    return 0;
}

/* Inside every pass below the line, not before the next one only. */
static void cancelled_work_ends_at_the_next_wire(void) {
    struct fixture f = fixture_new();
    uint32_t before = f.datapath->wire_count;
    CHECK_EQ(context_guarded(f.context, append_after_cancelling, &f), -1);
    CHECK_EQ(f.datapath->wire_count, before + 1);
    CHECK_EQ(f.context->diagnostics.errors, 1);
    CHECK_STR(f.context->diagnostics.items[0].message, "cancelled");
    fixture_free(&f);
}

int main(void) {
    RUN(text_round_trip_is_identical);
    RUN(intervals_follow_linear_forms);
    RUN(verifier_finds_what_is_broken);
    RUN(parser_names_the_line);
    RUN(cancelled_work_ends_at_the_next_wire);
    RUN(what_is_cut_off_is_refused);
    RUN(wires_keep_the_bits_of_their_intervals);
    TEST_EXIT();
}
