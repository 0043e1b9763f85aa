/* Identifiers: legal in C, C++ and Verilog, unique, stable; flat ports; templates. */
#include "codegen/codegen.h"
#include "tests/test.h"

static struct bxc_context *context;
static struct arena *arena;

static void keeps_legal_names(void) {
    CHECK_STR(name_identifier(arena, "dense_1"), "dense_1");
    CHECK_STR(name_identifier(arena, "Jets2"), "Jets2");
}

static void replaces_what_is_illegal(void) {
    CHECK_STR(name_identifier(arena, "/model/layers.0/Gemm"), "model_layers_0_Gemm");
    CHECK_STR(name_identifier(arena, "a__b--c_"), "a_b_c");
    CHECK_STR(name_identifier(arena, "_lead"), "lead");
    CHECK_STR(name_identifier(arena, "3layer"), "n3layer");
    CHECK_STR(name_identifier(arena, "caf\xc3\xa9 au lait"), "caf_au_lait");
    CHECK_STR(name_identifier(arena, ""), "bxc");
    CHECK_STR(name_identifier(arena, NULL), "bxc");
    CHECK_STR(name_identifier(arena, "::"), "bxc");
}

static void avoids_words_of_the_languages(void) {
    static const char *const words[] = {"input",    "module", "reg",       "table", "int",       "template",
                                        "restrict", "logic",  "namespace", "while", "always_ff", "NULL",
                                        "abort",    "xor_eq", "ap_fixed",  "signed"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        CHECK_STR(name_identifier(arena, words[i]), arena_printf(arena, "%s_1", words[i]));
    CHECK_STR(name_identifier(arena, "Input"), "Input_1"); /* VHDL and file systems know no case */
    CHECK_STR(name_identifier(arena, "int input"), "int_input");
}

static void avoids_macros_and_prefixes_of_others(void) {
    static const char *const taken[] = {"using", "downto", "bxc_copy", "AP_TRN",   "vl_in", "CHAR_MAX", "SEEK_HOLE",
                                        "M_PIl", "PRIx64", "SCNdMAX",  "SNANF32X", "y0",    "linux",    "signal"};
    static const char *const free_names[] = {"PRICE",   "PRIdE", "MET",    "JET_PT", "M_jj", "pt_max",
                                             "maximum", "FPx",   "bxcell", "apex",   "x",    "vector_pt"};
    for (size_t i = 0; i < sizeof taken / sizeof taken[0]; i++)
        CHECK_STR(name_identifier(arena, taken[i]), arena_printf(arena, "%s_1", taken[i]));
    for (size_t i = 0; i < sizeof free_names / sizeof free_names[0]; i++)
        CHECK_STR(name_identifier(arena, free_names[i]), free_names[i]);
}

static void keeps_the_firmware_from_the_templates(void) {
    CHECK_STR(name_firmware(arena, "jets"), "jets");
    CHECK_STR(name_firmware(arena, "module"), "module_1");
    static const char *const words[] = {"bits", "run_event", "latency_min", "LOAD", "arguments", "off64_t", "jets_t"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        CHECK_STR(name_firmware(arena, words[i]), arena_printf(arena, "%s_1", words[i]));
    for (const char *const *word = template_words; *word; word++) /* code, not what comments and texts say */
        CHECK(strcmp(*word, "alike") != 0 && strcmp(*word, "incomplete") != 0 && strcmp(*word, "plusargs") != 0);
}

static void comments_end_where_they_should(void) {
    CHECK_STR(comment_text(arena, "dense_1/kernel"), "dense_1/kernel");
    CHECK_STR(comment_text(arena, "a*/b/*c\\\n\xc3\xa9"), "a?/b?*c????");
}

static void limits_the_length(void) {
    char text[1000];
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = 0;
    size_t length = strlen(name_identifier(arena, text));
    CHECK(length > 60 && length < 100);
}

static void makes_names_unique(void) {
    struct names *names = names_new(arena);
    CHECK_STR(names_unique(names, "a"), "a");
    CHECK_STR(names_unique(names, "a"), "a_2");
    CHECK_STR(names_unique(names, "a_2"), "a_2_2");
    CHECK_STR(names_unique(names, "a"), "a_3");
    CHECK_STR(names_unique(names, "A"), "A_4");
    CHECK_STR(names_unique(names, "input"), "input_1");
    CHECK_STR(names_unique(names, "input"), "input_1_2");
    CHECK_STR(names_unique(names, "x.y"), "x_y");
    CHECK_STR(names_unique(names, "x/y"), "x_y_2");
}

static void stays_unique_in_a_large_scope(void) {
    struct names *names = names_new(arena), *seen = names_new(arena);
    for (int i = 0; i < 3000; i++) {
        const char *name = names_unique(names, arena_printf(arena, "w%d", i % 700));
        CHECK_STR(names_unique(seen, name), name);
    }
}

/* ---- layout ---- */

static void lays_elements_from_the_low_end(void) {
    struct graph *graph = graph_new(context, "G");
    struct shape shape = {2, {1, 4}};
    struct format format[4] = {{true, 5, 2}, {false, 0, 0}, {false, 3, 1}, {true, 12, 4}}, empty = {false, 0, 0};
    struct formats formats = {.shape = shape, .at = format};
    valref x = graph_append_integer_input(graph, "module", shape, formats, ROUND_TRUNCATE, OVERFLOW_WRAP);
    graph_append_integer_input(graph, "clk", shape, formats_uniform(arena, empty), ROUND_TRUNCATE, OVERFLOW_WRAP);
    graph_append_output(graph, "Module", x);
    graph_append_output(graph, "clk", x);
    graph_append_output(graph, "g", x); /* as the module */
    const struct layout *layout = layout_new(graph, arena);
    CHECK_EQ(layout->input_count, 2);
    CHECK_EQ(layout->output_count, 3);
    CHECK_STR(layout->outputs[2].name, "g_2");
    CHECK_STR(layout->inputs[0].name, "module_1");
    CHECK_STR(layout->inputs[0].original, "module");
    CHECK_STR(layout->inputs[1].name, "clk_2");
    CHECK_STR(layout->outputs[0].name, "Module_1_2");
    CHECK_STR(layout->outputs[1].name, "clk_3");
    static const uint32_t offset[4] = {0, 5, 5, 8};
    for (int e = 0; e < 4; e++) {
        CHECK_EQ(layout->inputs[0].offset[e], offset[e]);
        CHECK(format_equal(layout->inputs[0].format[e], format[e]));
    }
    CHECK_EQ(layout->inputs[0].width, 20);
    CHECK_EQ(layout->inputs[1].width, 1); /* a port of no bits */
    graph_free(graph);
}

/* ---- templates ---- */

static int expand(const struct template_key *keys, struct strbuf *out) {
    context->diagnostics.count = 0;
    return template_expand(context, "constraints.xdc", keys, out);
}

static const char *diagnosis(void) {
    struct strbuf text = strbuf_new(arena);
    if (context->diagnostics.count) diag_format(&text, &context->diagnostics.items[0]);
    return text.data;
}

static void fills_in_keys(void) {
    struct strbuf out = strbuf_new(arena);
    CHECK_EQ(expand((struct template_key[]){{"period", "2.778"}, {"name", "jets"}, {NULL, NULL}}, &out), 0);
    CHECK(strstr(out.data, "create_clock -period 2.778 -name clk [get_ports clk]\n"));
    CHECK(!strstr(out.data, "@{"));
}

static void diagnoses_unknown_keys(void) {
    struct strbuf out = strbuf_new(arena);
    CHECK_EQ(expand((struct template_key[]){{"name", "jets"}, {NULL, NULL}}, &out), -1);
    CHECK_STR(diagnosis(), "constraints.xdc:2: error: unknown template key 'period'\n");
}

static void diagnoses_unused_keys(void) {
    struct strbuf out = strbuf_new(arena);
    CHECK_EQ(expand((struct template_key[]){{"period", "1"}, {"name", "jets"}, {"color", "red"}, {NULL, NULL}}, &out),
             -1);
    CHECK(strstr(diagnosis(), "template does not use key 'color'"));
}

static void diagnoses_missing_templates(void) {
    struct strbuf out = strbuf_new(arena);
    CHECK_EQ(template_expand(context, "nothing.v", (struct template_key[]){{NULL, NULL}}, &out), -1);
    CHECK(template_text("nothing.v", NULL) == NULL);
    size_t length = 0;
    CHECK(template_text("vivado.tcl", &length) != NULL);
    CHECK_EQ(length, strlen(template_text("vivado.tcl", NULL)));
}

int main(void) {
    context = context_new();
    arena = context->arena;
    RUN(keeps_legal_names);
    RUN(replaces_what_is_illegal);
    RUN(avoids_words_of_the_languages);
    RUN(avoids_macros_and_prefixes_of_others);
    RUN(keeps_the_firmware_from_the_templates);
    RUN(comments_end_where_they_should);
    RUN(limits_the_length);
    RUN(makes_names_unique);
    RUN(stays_unique_in_a_large_scope);
    RUN(lays_elements_from_the_low_end);
    RUN(fills_in_keys);
    RUN(diagnoses_unknown_keys);
    RUN(diagnoses_unused_keys);
    RUN(diagnoses_missing_templates);
    context_free(context);
    TEST_EXIT();
}
