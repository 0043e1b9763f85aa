/* Verdicts on a small network whose engines are made for the test: right ones, one that is off by one
 * now and then, and ones that die, hang, say too little or too much, or are of another make. */
#include <glob.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "report/report.h"
#include "ir/text.h"
#include "sim/private.h"
#include "tests/test.h"

static char folder[] = "/tmp/bxc-verdict-XXXXXX";

#define HASH "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

/* y = max(0, x W), x of three numbers, y of two; what is wrong with it is in MODE. */
static const char engine_source[] =
    "#include <math.h>\n#include <stdint.h>\n#include <stdio.h>\n#include <stdlib.h>\n#include <string.h>\n#include <unistd.h>\n"
    "static const int64_t w[3][2] = {{1, -2}, {3, 1}, {-1, 2}};\n"
    "static int reals(int single) {\n"
    "    double in[3], out[2];\n"
    "    while (fread(in, 8, 3, stdin) == 3) {\n"
    "        int64_t status = 0, x[3];\n"
    "        for (int i = 2; i >= 0; i--) {\n"
    "            double steps = rint(16 * (single || MODE == 11 ? (double)(float)in[i] : in[i]));\n"
    "            if (in[i] != in[i]) status = i + 1;\n"
    "            x[i] = steps > 127 ? 127 : steps < -128 ? (MODE == 12 ? -127 : -128) : in[i] != in[i] ? 0 : (int64_t)steps;\n"
    "        }\n"
    "        fwrite(&status, 8, 1, stdout);\n"
    "        for (int j = 0; j < 2; j++) {\n"
    "            int64_t y = 0;\n"
    "            for (int i = 0; i < 3; i++) y += x[i] * w[i][j];\n"
    "            out[j] = status ? 0.5 : y < 0 ? 0 : (double)y / 16;\n"
    "        }\n"
    "        fwrite(out, 8, 2, stdout);\n"
    "    }\n"
    "    return 0;\n}\n"
    "int main(int argc, char **argv) {\n"
    "    int64_t x[3], y[2];\n    long events = 0;\n"
    "    if (argc > 1 && !strcmp(argv[1], \"--hash\")) { puts(MODE == 6 ? \"feed\" : \"" HASH "\"); return 0; }\n"
    "    if (argc > 1 && !strcmp(argv[1], \"--ports\")) { printf(\"in 3\\n8 4 1\\n8 4 1\\n8 4 1\\nout 2\\n10 4 0\\n%d 4 0\\n\", MODE == 13 ? 11 : 10); return 0; }\n"
    "    if (argc > 1 && !strcmp(argv[1], \"--double\")) return reals(0);\n"
    "    if (argc > 1 && !strcmp(argv[1], \"--float\")) return reals(1);\n"
    "    while (fread(x, 8, 3, stdin) == 3) {\n"
    "        for (int j = 0; j < 2; j++) { y[j] = 0; for (int i = 0; i < 3; i++) y[j] += x[i] * w[i][j]; if (y[j] < 0) y[j] = 0; }\n"
    "        if (MODE == 1 && x[2] > 100 && x[0] != 0) y[1] ^= 4;\n"
    "        if (MODE == 10 && events >= 150000) y[0]++;\n"
    "        if (MODE == 2 && events == 70) abort();\n"
    "        if (MODE == 3 && events == 5) { events++; continue; }\n"
    "        if (MODE == 4 && events == 9) for (;;) pause();\n"
    "        if (MODE == 5 && events == 7) fwrite(y, 8, 2, stdout);\n"
    "        if (MODE == 7 && events == 3) { fprintf(stderr, \"the sky fell\\n\"); return 3; }\n"
    "        fwrite(y, 8, 2, stdout);\n        events++;\n    }\n"
    "    fprintf(stderr, \"{\\\"events\\\":%ld,\\\"latency_min\\\":%d,\\\"latency_max\\\":%d,\\\"interval_min\\\":%d,\\\"cycles\\\":1,\\\"spurious\\\":%d}\\n\", events,\n"
    "            MODE == 8 ? 6 : 5, MODE == 8 ? 6 : 5, events < 2 ? 0 : MODE == 14 ? 2 : 1, MODE == 9 ? 2 : 0);\n"
    "    return 0;\n}\n";

static void write_text(const char *name, const char *text) {
    char path[256];
    snprintf(path, sizeof path, "%s/fw/%s", folder, name);
    FILE *file = fopen(path, "wb");
    fputs(text, file);
    fclose(file);
}

static void engine_files(const char *name, int mode) {
    char text[512], path[64];
    snprintf(path, sizeof path, "%s/Makefile", name);
    snprintf(text, sizeof text,
             mode < 0 ? "all:\n\t@echo 'run.c:1: error: it is broken' && false\n"
                      : "all: $(BUILD)/run\nicarus: $(BUILD)/run-icarus\n"
                        "$(BUILD)/run $(BUILD)/run-icarus: run.c\n\tcc -DMODE=%d -o $@ run.c -lm\n",
             mode);
    write_text(path, text);
    snprintf(path, sizeof path, "%s/run.c", name);
    write_text(path, engine_source);
}

static void write_graph(const char *name, const struct graph *graph) {
    struct strbuf text = strbuf_new(graph->arena);
    graph_print(&text, graph);
    write_text(name, text.data);
}

static struct graph *quantised_graph(struct bxc_context *context) {
    static const int64_t weights[6] = {1, -2, 3, 1, -1, 2};
    struct graph *graph = graph_new(context, "small");
    struct format byte = {true, 8, 4}, small = {true, 3, 0};
    struct shape one = {2, {1, 3}}, matrix = {2, {3, 2}};
    valref operands[2];
    operands[0] = graph_append_integer_input(graph, "x", one, formats_uniform(graph->arena, byte), ROUND_HALF_EVEN,
                                             OVERFLOW_SATURATE);
    operands[1] = graph_append_integers(graph, "w", matrix, formats_uniform(graph->arena, small), weights);
    valref product = graph_append(graph, OP_MATMUL, "dense", operands, 2, NULL);
    graph_append_output(graph, "y", graph_append(graph, OP_RELU, "act", &product, 1, NULL));
    return graph;
}

static struct graph *reference_graph(struct bxc_context *context, bool softmax) {
    static const float weights[6] = {1, -2, 3, 1, -1, 2};
    struct graph *graph = graph_new(context, "small");
    struct shape one = {2, {1, 3}}, matrix = {2, {3, 2}};
    union attributes last = {.axis = {.axis = 1}};
    valref operands[2] = {graph_append_input(graph, "x", one), graph_append_reals(graph, "w", matrix, weights)};
    valref product = graph_append(graph, OP_MATMUL, "dense", operands, 2, NULL);
    valref result = graph_append(graph, OP_RELU, "act", &product, 1, NULL);
    if (softmax) result = graph_append(graph, OP_SOFTMAX, "soft", &result, 1, &last);
    graph_append_output(graph, "y", result);
    return graph;
}

static void make_firmware(int c_mode, int sim_mode, bool softmax) {
    static const char *const folders[] = {"", "/c", "/hls", "/rtl", "/sim", "/verify"};
    struct bxc_context *context = context_new();
    char path[256], command[256];
    snprintf(command, sizeof command, "rm -rf '%s/fw'", folder);
    if (system(command)) exit(2);
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
        snprintf(path, sizeof path, "%s/fw%s", folder, folders[i]);
        mkdir(path, 0777);
    }
    struct graph *quantised = quantised_graph(context), *reference = reference_graph(context, softmax);
    write_graph("model.bxc", quantised);
    write_graph("reference.bxc", reference);
    write_text("interface.json", "{\"name\":\"small\",\"latency\":5,\"initiation_interval\":1}");
    write_text("manifest.json", "{\"content_hash\":\"" HASH "\"}");
    engine_files("c", c_mode);
    engine_files("hls", 0);
    engine_files("sim", sim_mode);
    graph_free(quantised);
    graph_free(reference);
    context_free(context);
}

/* The verdict of a firmware with these engines; free the context. */
static struct bxc_context *context;
static struct firmware *firmware;
static struct verdict *verify(struct verify_options *options) {
    char path[256];
    context = context_new();
    snprintf(path, sizeof path, "%s/fw", folder);
    firmware = firmware_open(context, path);
    if (!firmware) return NULL;
    options->engine[ENGINE_DATAPATH] = options->engine[ENGINE_HLS] = options->engine[ENGINE_ICARUS] = false;
    options->engine_options.idle_seconds = 0.7;
    options->engine_options.jobs = 2;
    return verify_firmware(firmware, options);
}

static struct verify_options options_for(uint64_t events) {
    struct verify_options options = verify_options_default();
    options.events = events;
    return options;
}

static void done(void) {
    firmware_close(firmware);
    context_free(context);
}

static const struct engine_result *result_of(const struct verdict *verdict, enum engine_id id) {
    for (uint32_t i = 0; i < verdict->engine_count; i++)
        if (verdict->engines[i].id == id) return &verdict->engines[i];
    return NULL;
}

static bool tool_is_missing(void) {
    struct bxc_context *any = context_new();
    bool missing = engine_missing_tool(any->arena, ENGINE_RTL) != NULL;
    context_free(any);
    return missing;
}

static void right_engines(void) {
    struct verify_options options = options_for(40000);
    make_firmware(0, 0, false);
    struct verdict *verdict = verify(&options);
    CHECK(verdict != NULL);
    CHECK(verdict->equal && verdict_is_positive(verdict));
    CHECK_EQ(verdict->random_events, 40000);
    CHECK(verdict->corner_events > 50);
    CHECK_EQ(verdict->events, verdict->random_events + verdict->corner_events);
    CHECK(result_of(verdict, ENGINE_C)->equal);
    CHECK_EQ(result_of(verdict, ENGINE_C)->events, verdict->events);
    if (!tool_is_missing()) CHECK(verdict->latency_measured && verdict->latency_right);
    if (!tool_is_missing()) CHECK(verdict->interval_measured && verdict->interval_right);
    CHECK_EQ(verdict->loss.outputs, verdict->loss.exact);
    CHECK_EQ(verdict->loss.outputs, 2 * 20000);
    CHECK_EQ(verdict->loss.grid_outputs, verdict->loss.outputs);
    CHECK_EQ(verdict->loss.flipped, 0);
    CHECK(verdict->range_count == 3 && verdict->still_count == 0);
    CHECK_STR(verdict->ranges[0].name, "x");
    CHECK(verdict->ranges[0].lo == -8 && verdict->ranges[0].seen_lo < -2 && verdict->ranges[0].seen_lo >= -8);
    done();
}

/* The one program that was built for the C engine; -1 when there are more or none. */
static int look_at_build(struct stat *status) {
    char pattern[128];
    glob_t found;
    snprintf(pattern, sizeof pattern, "%s/fw/verify/build/c-*/run", folder);
    if (glob(pattern, 0, NULL, &found)) return -1;
    int result = found.gl_pathc == 1 ? stat(found.gl_pathv[0], status) : -1;
    globfree(&found);
    return result;
}

/* Built once, kept while the sources are the same; what they were before goes when they change. */
static void builds_are_kept(void) {
    struct verify_options options = options_for(10);
    struct stat before, after;
    CHECK_EQ(look_at_build(&before), 0);
    struct verdict *verdict = verify(&options);
    CHECK(verdict && verdict->equal);
    CHECK_EQ(look_at_build(&after), 0);
    CHECK(before.st_ino == after.st_ino && before.st_mtim.tv_nsec == after.st_mtim.tv_nsec);
    done();
    engine_files("c", 1);
    verdict = verify(&options);
    CHECK(verdict && !verdict->equal);
    CHECK_EQ(look_at_build(&after), 0);
    CHECK(before.st_mtim.tv_sec != after.st_mtim.tv_sec || before.st_mtim.tv_nsec != after.st_mtim.tv_nsec);
    done();
}

static void a_difference_is_named_and_made_small(void) {
    struct verify_options options = options_for(5000);
    char path[256];
    double event[3];
    make_firmware(1, 0, false);
    struct verdict *verdict = verify(&options);
    CHECK(verdict && !verdict->equal && !verdict_is_positive(verdict));
    const struct difference *difference = &result_of(verdict, ENGINE_C)->difference;
    CHECK(difference->found);
    CHECK_EQ(difference->bit, 2);
    CHECK_EQ(difference->element, 1);
    CHECK_STR(difference->layer, "act");
    CHECK_STR(difference->output_name, "y");
    CHECK(strstr(difference->event_name, "corner vector"));
    CHECK_EQ(difference->expected ^ difference->got, 4);
    snprintf(path, sizeof path, "%s/fw/verify/failing.npy", folder);
    struct event_source *source = event_source_open(context, path);
    CHECK(source != NULL);
    CHECK_EQ(event_source_read(source, event, 1), 1);
    event_source_close(source);
    CHECK(event[0] != 0 && event[1] == 0 && event[2] > 100 / 16.0);
    done();
    verdict = verify(&options);
    CHECK(verdict && verdict->regression_events == 1);
    done();
}

/* The event itself comes back, not what binary32 or binary64 make of it: ports of 40 and of 64 bits. */
static void regression_vectors_replay_as_themselves(void) {
    static const int64_t events[3][2] = {{549755813886, INT64_MAX - 1}, {-549755813887, INT64_MIN + 1}, {16777217, 3}};
    uint64_t count;
    make_firmware(0, 0, false);
    context = context_new();
    struct format formats[2] = {{true, 40, 0}, {true, 64, 3}};
    struct graph *graph = graph_new(context, "wide");
    struct formats each = {.shape = {1, {2}}, .at = formats};
    graph_append_output(
        graph, "y",
        graph_append_integer_input(graph, "x", (struct shape){1, {2}}, each, ROUND_TRUNCATE, OVERFLOW_SATURATE));
    char path[256];
    snprintf(path, sizeof path, "%s/fw", folder);
    struct firmware wide = {.context = context, .arena = context->arena, .folder = path, .quantised = graph};
    CHECK(regression_read(&wide, context->arena, &count) == NULL && count == 0);
    for (int i = 0; i < 3; i++) {
        CHECK_EQ(regression_add(&wide, context->arena, events[i]), 0);
        CHECK_EQ(regression_add(&wide, context->arena, events[0]), 0);
    }
    const int64_t *back = regression_read(&wide, context->arena, &count);
    CHECK_EQ(count, 3);
    CHECK(!memcmp(back, events, sizeof events));
    formats[0] = (struct format){true, 20, -20}; /* compiled again: the same numbers, as near as the port has them */
    graph = graph_new(context, "coarse");
    graph_append_output(
        graph, "y",
        graph_append_integer_input(graph, "x", (struct shape){1, {2}}, each, ROUND_TRUNCATE, OVERFLOW_SATURATE));
    wide.quantised = graph;
    back = regression_read(&wide, context->arena, &count);
    CHECK(back && back[0] == 524287 && back[1] == INT64_MAX - 1 && back[4] == 16);
    context_free(context);
}

static void failure(int c_mode, int sim_mode, enum engine_id id, const char *why) {
    struct verify_options options = options_for(500);
    make_firmware(c_mode, sim_mode, false);
    struct verdict *verdict = verify(&options);
    const struct engine_result *result = verdict ? result_of(verdict, id) : NULL;
    if (!result || !result->failure || !strstr(result->failure, why) || verdict->equal)
        test_fail(__FILE__, __LINE__, "modes %d and %d gave \"%s\"", c_mode, sim_mode,
                  result && result->failure ? result->failure : "no failure");
    done();
}

static void engines_that_fail(void) {
    failure(2, 0, ENGINE_C, "died of signal 6");
    failure(3, 0, ENGINE_C, "events of");
    failure(4, 0, ENGINE_C, "hung");
    failure(5, 0, ENGINE_C, "more than");
    failure(6, 0, ENGINE_C, "the files of c/ are stale");
    failure(7, 0, ENGINE_C, "ended with exit code 3");
    if (!tool_is_missing()) failure(0, 9, ENGINE_RTL, "out of step with valid");
}

/* What goes wrong after many events goes wrong in the run of 200,000 in a row, however many processes share the rest.
 */
static void a_row_of_events_is_long(void) {
    struct verify_options options = options_for(0);
    make_firmware(10, 0, false);
    struct verdict *verdict = verify(&options);
    CHECK(verdict && !verdict->equal && result_of(verdict, ENGINE_C)->equal);
    const struct engine_result *row = result_of(verdict, ENGINE_C) + 1;
    CHECK(row->id == ENGINE_C && !strcmp(row->variant, "in a row"));
    CHECK(row->failure &&
          strstr(row->failure, "gives another result for an event that it got before: event 150000 of one process"));
    done();
    options = options_for(20000);
    make_firmware(0, 0, false);
    verdict = verify(&options);
    CHECK(verdict && verdict->equal);
    CHECK(result_of(verdict, ENGINE_C)[1].events >= 200000);
    done();
}

/* The emitted C's other entry points: binary32 where binary64 comes in, an end that is clamped wrongly, a format told
 * wrongly. */
static void real_entries_are_run(void) {
    static const char *const why[] = {"small_run_double gives", "small_run_double gives",
                                      "tells other formats of its ports than model.bxc has: line 7"};
    for (int mode = 11; mode <= 13; mode++) {
        struct verify_options options = options_for(500);
        make_firmware(mode, 0, false);
        struct verdict *verdict = verify(&options);
        CHECK(verdict && !verdict->equal && result_of(verdict, ENGINE_C)->equal);
        const struct engine_result *result = NULL;
        for (uint32_t i = 0; i < verdict->engine_count; i++)
            if (!strcmp(verdict->engines[i].variant, "run_double")) result = &verdict->engines[i];
        CHECK(result && result->failure && strstr(result->failure, why[mode - 11]));
        done();
    }
}

/* The compiler's first error, and nothing of a difference. */
static void what_is_not_built_is_told_as_that(void) {
    struct verify_options options = options_for(500);
    make_firmware(-1, 0, false);
    struct verdict *verdict = verify(&options);
    CHECK(verdict != NULL);
    const struct engine_result *result = result_of(verdict, ENGINE_C);
    CHECK_STR(result->not_built, "engine 'c' is not built: run.c:1: error: it is broken");
    CHECK(!result->ran && !result->failure && verdict->equal);
    CHECK(!verdict_is_positive(verdict) && verdict_state(verdict) == VERDICT_RESERVED);
    done();
}

static void engines_that_are_left_out_are_told(void) {
    struct verify_options options = options_for(500);
    make_firmware(0, 0, false);
    options.engine[ENGINE_RTL] = false;
    struct verdict *verdict = verify(&options);
    CHECK(verdict && verdict_is_positive(verdict) && verdict_state(verdict) == VERDICT_RESERVED &&
          !verdict_is_complete(verdict));
    CHECK_STR(result_of(verdict, ENGINE_RTL)->skipped, "not asked for");
    CHECK_STR(result_of(verdict, ENGINE_ICARUS)->skipped, "not asked for");
    CHECK(engine_is_judged(result_of(verdict, ENGINE_C)) && !engine_is_judged(result_of(verdict, ENGINE_RTL)) &&
          !engine_is_judged(result_of(verdict, ENGINE_FLOAT)));
    CHECK(!verdict->latency_measured && !verdict->latency_right && !verdict_latency_is_wrong(verdict));
    done();
    options.engine[ENGINE_C] = false;
    verdict = verify(&options);
    CHECK(verdict && verdict->equal && !verdict_is_positive(verdict)); /* nothing was compared */
    done();
}

static void the_last_words_are_quoted(void) {
    struct verify_options options = options_for(10);
    make_firmware(7, 0, false);
    verify(&options);
    bool quoted = false;
    for (size_t i = 0; i < context->diagnostics.count; i++)
        quoted |= context->diagnostics.items[i].help && strstr(context->diagnostics.items[i].help, "the sky fell");
    CHECK(quoted);
    done();
}

static void a_wrong_latency_is_no_verdict_of_equality(void) {
    struct verify_options options = options_for(100);
    if (tool_is_missing()) return;
    make_firmware(0, 8, false);
    struct verdict *verdict = verify(&options);
    CHECK(verdict && verdict->equal && !verdict->latency_right && !verdict_is_positive(verdict));
    CHECK_EQ(result_of(verdict, ENGINE_RTL)->latency, 6);
    CHECK(verdict->interval_right && verdict_timing_is_wrong(verdict));
    done();
}

static void a_wrong_interval_is_no_verdict_of_equality(void) {
    struct verify_options options = options_for(100);
    if (tool_is_missing()) return;
    make_firmware(0, 14, false);
    struct verdict *verdict = verify(&options);
    CHECK(verdict && verdict->equal && verdict->latency_right && !verdict_is_positive(verdict));
    CHECK(verdict->interval_measured && !verdict->interval_right && verdict_state(verdict) == VERDICT_FAILED);
    for (uint32_t i = 0; i < verdict->engine_count; i++) {
        const struct engine_result *result = &verdict->engines[i];
        bool back_to_back = strcmp(result->variant, "gaps") != 0 && strcmp(result->variant, "reset") != 0;
        CHECK_EQ(result->interval, result->id == ENGINE_RTL && back_to_back ? 2 : 0);
    }
    struct strbuf text = strbuf_new(context->arena);
    verdict_terminal(&text, verdict, false);
    CHECK(strstr(text.data, "\nverdict: wrong interval: interface.json tells 1 cycles from event to event\n"));
    done();
}

static void a_dropped_softmax_is_compared_before_it(void) {
    struct verify_options options = options_for(1000);
    make_firmware(0, 0, true);
    struct verdict *verdict = verify(&options);
    CHECK(verdict && verdict->equal);
    CHECK(strstr(verdict->loss.compared, "operand of its softmax"));
    CHECK(verdict->loss.outputs == 1000 && verdict->loss.exact == verdict->loss.outputs);
    done();
}

static void files_and_labels(void) {
    struct verify_options options = options_for(0);
    char events[256], labels[256];
    struct shape three = {1, {3}}, none = {0, {0}};
    make_firmware(0, 0, false);
    context = context_new();
    snprintf(events, sizeof events, "%s/events.npy", folder);
    snprintf(labels, sizeof labels, "%s/labels.npy", folder);
    struct npy_writer *x = npy_writer_open(context, events, NPY_FLOAT32, &three);
    struct npy_writer *y = npy_writer_open(context, labels, NPY_UINT8, &none);
    for (int i = 0; i < 20; i++) {
        double row[3] = {i % 2 ? 1 : -1, 0.03, i == 7 ? 1 : 0}, label = i % 2 ? 0 : 1;
        npy_writer_write(x, row, 1);
        npy_writer_write(y, &label, 1);
    }
    CHECK_EQ(npy_writer_close(x), 0);
    CHECK_EQ(npy_writer_close(y), 0);
    context_free(context);
    const char *files[1] = {events};
    options.event_files = files;
    options.event_file_count = 1;
    options.label_files = (const char *[]){labels};
    options.label_file_count = 1;
    options.max_flips = options.max_error = options.max_loss = 0;
    struct verdict *verdict = verify(&options);
    CHECK(verdict && verdict->equal && verdict->labelled_count == 1);
    CHECK_EQ(verdict->user_events, 20);
    CHECK_EQ(verdict->random_events, 20000); /* what the files do not reach; not measured */
    CHECK_EQ(verdict->loss.grid_outputs, 0); /* 0.03 is on no grid of sixteenths */
    CHECK(verdict->loss.max_error > 0);
    CHECK_EQ(verdict->labelled[0].curve_count, 2);
    CHECK(verdict->loss.max_error < 0.1 && strstr(verdict->loss.worst[0].cause, "the port's rounding"));
    CHECK(verdict->gate_count == 3 && !verdict_gates_pass(verdict) && !verdict_is_positive(verdict));
    CHECK(verdict->gates[0].passed && !verdict->gates[1].passed && verdict->gates[2].passed);
    CHECK(verdict->labelled[0].curves[0].area_fixed > 0.9 && fabs(verdict->labelled[0].accuracy_fixed - 1) < 0.051);
    CHECK_EQ(verdict->still_count, 1);
    CHECK_STR(verdict->still[0], "x[1]");
    done();
}

static void gates_need_something_to_hold(void) {
    struct verify_options options = options_for(100);
    make_firmware(0, 0, false);
    options.max_flips = options.max_error = 0;
    struct verdict *verdict = verify(&options);
    CHECK(verdict && verdict->gate_count == 2 && verdict_gates_pass(verdict) && verdict_is_positive(verdict));
    done();
    options.engine[ENGINE_FLOAT] = false;
    CHECK(verify(&options) == NULL);
    CHECK_STR(context->diagnostics.items[0].message,
              "there is nothing to hold the limits against: engine 'float' did not run (not asked for)");
    done();
    options.engine[ENGINE_FLOAT] = true;
    options.events = 1; /* uniform: the float model is held against the events like those of the experiment */
    CHECK(verify(&options) == NULL);
    CHECK_STR(context->diagnostics.items[0].message,
              "there is nothing to hold the limits against: no event is run through the float model");
    done();
    options.events = 100;
    options.max_loss = 0;
    CHECK(verify(&options) == NULL);
    CHECK_STR(context->diagnostics.items[0].message, "the accuracy lost is not known without labels");
    done();
}

static void wrong_files(void) {
    struct verify_options options = options_for(0);
    char events[256];
    struct shape two = {1, {2}};
    double row[2] = {1, 2};
    context = context_new();
    snprintf(events, sizeof events, "%s/events.npy", folder);
    struct npy_writer *x = npy_writer_open(context, events, NPY_FLOAT32, &two);
    npy_writer_write(x, row, 1);
    npy_writer_close(x);
    context_free(context);
    const char *files[1] = {events};
    options.event_files = files;
    options.event_file_count = 1;
    CHECK(verify(&options) == NULL);
    CHECK_STR(context->diagnostics.items[0].message, "2 columns an event, but input 'x' has 3");
    done();
}

static void no_firmware(void) {
    context = context_new();
    CHECK(firmware_open(context, "/nowhere") == NULL);
    CHECK_STR(context->diagnostics.items[0].message, "no such firmware folder");
    context_free(context);
}

int main(void) {
    if (!mkdtemp(folder)) return 2;
    RUN(right_engines);
    RUN(builds_are_kept);
    RUN(a_difference_is_named_and_made_small);
    RUN(regression_vectors_replay_as_themselves);
    RUN(engines_that_fail);
    RUN(a_row_of_events_is_long);
    RUN(real_entries_are_run);
    RUN(what_is_not_built_is_told_as_that);
    RUN(engines_that_are_left_out_are_told);
    RUN(the_last_words_are_quoted);
    RUN(a_wrong_latency_is_no_verdict_of_equality);
    RUN(a_wrong_interval_is_no_verdict_of_equality);
    RUN(a_dropped_softmax_is_compared_before_it);
    RUN(files_and_labels);
    RUN(gates_need_something_to_hold);
    RUN(wrong_files);
    RUN(no_firmware);
    char command[128];
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    if (system(command)) return 2;
    TEST_EXIT();
}
