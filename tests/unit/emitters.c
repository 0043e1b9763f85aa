/* Emitted C and HLS C++ against the emulator: random integer graphs of every operator, format,
 * rounding and overflow are emitted, compiled without a warning, and must give the same bits.
 *
 * Environment: WORK (scratch folder), SEED, GRAPHS, LANGUAGES ("c hls"), AP_TYPES as fw/hls/Makefile. */
#include <math.h>
#include <unistd.h>

#include "codegen/codegen.h"
#include "ir/eval.h"
#include "ir/file.h"
#include "ir/port.h"
#include "ir/text.h"
#include "ir/verify.h"
#include "tests/test.h"
#include "tests/unit/random_graph.h"
#include "tests/unit/shell.h"

enum { EVENTS = 300 };

static char folder[400];
static const char hash[] = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

static uint64_t environment_number(const char *name, uint64_t otherwise) {
    const char *text = getenv(name);
    return text && *text ? strtoull(text, NULL, 10) : otherwise;
}

static int write_files(struct bxc_context *context, const struct file_set *files) {
    for (uint32_t i = 0; i < files->count; i++) {
        char path[800];
        snprintf(path, sizeof path, "%s/%s", folder, files->files[i].path);
        if (file_write(context, path, files->files[i].data, files->files[i].length)) return -1;
    }
    return 0;
}

struct events {
    uint32_t inputs, outputs;
    int64_t *in[8], *want[256];
    size_t in_elements[8], out_elements[256];
};

static void make_events(struct random_graph *random, struct events *events) {
    struct graph *graph = random->graph;
    const struct value_list list = graph_inputs(graph, graph->arena);
    const valref *inputs = list.at;
    events->inputs = list.count;
    for (uint32_t i = 0; i < events->inputs; i++) {
        size_t count = events->in_elements[i] = shape_elements(&graph_value(graph, inputs[i])->shape);
        events->in[i] = ARENA_ARRAY(graph->arena, int64_t, count * EVENTS);
        for (size_t k = 0; k < count * EVENTS; k++) { /* a symmetric port never carries its least number */
            struct interval interval = graph_interval(graph, inputs[i], k % count);
            int64_t m = random_in_format(random, graph_format(graph, inputs[i], k % count));
            events->in[i][k] = m < interval.lo ? (int64_t)interval.lo : m;
        }
    }
    events->outputs = graph->output_count;
    for (uint32_t i = 0; i < events->outputs; i++) {
        events->out_elements[i] = shape_elements(&graph_value(graph, graph->outputs[i].value)->shape);
        events->want[i] = ARENA_ARRAY(graph->arena, int64_t, events->out_elements[i] * EVENTS);
    }
    graph_run_integers(graph, EVENTS, (const int64_t *const *)events->in, events->want);
}

static bool write_input(const struct events *events) {
    char path[800];
    snprintf(path, sizeof path, "%s/in", folder);
    FILE *file = fopen(path, "wb");
    for (size_t e = 0; file && e < EVENTS; e++)
        for (uint32_t i = 0; i < events->inputs; i++)
            fwrite(events->in[i] + e * events->in_elements[i], sizeof(int64_t), events->in_elements[i], file);
    return file && fclose(file) == 0;
}

/* Number of elements that differ; tells the first one. */
static int compare(const struct graph *graph, const struct events *events, const char *language) {
    char path[800];
    snprintf(path, sizeof path, "%s/out", folder);
    FILE *file = fopen(path, "rb");
    int wrong = 0;
    for (size_t e = 0; file && e < EVENTS; e++)
        for (uint32_t i = 0; i < events->outputs; i++)
            for (size_t k = 0; k < events->out_elements[i]; k++) {
                int64_t got, want = events->want[i][e * events->out_elements[i] + k];
                if (fread(&got, sizeof got, 1, file) != 1)
                    wrong = wrong ? wrong : 1;
                else if (got != want && !wrong++)
                    printf("# %s: event %zu output %s[%zu]: %lld, not %lld\n", language, e, graph->outputs[i].name, k,
                           (long long)got, (long long)want);
            }
    if (!file || fgetc(file) != EOF) wrong = wrong ? wrong : 1;
    if (file) fclose(file);
    return wrong;
}

static void print_diagnostics(const struct bxc_context *context) {
    struct strbuf out = strbuf_new(context->diagnostics.arena);
    for (size_t i = 0; i < context->diagnostics.count; i++) diag_format(&out, &context->diagnostics.items[i]);
    printf("# %s\n", out.data);
}

static struct graph *reparse(struct bxc_context *context, const struct graph *graph) {
    struct strbuf text = strbuf_new(graph->arena);
    char path[800];
    graph_print(&text, graph);
    snprintf(path, sizeof path, "%s/model.bxc", folder);
    file_write(context, path, text.data, text.length);
    return graph_parse(context, "model.bxc", text.data, text.length);
}

static const struct language *language_named(const char *name) {
    for (const struct language *language = languages; language->name; language++)
        if (strcmp(language->name, name) == 0) return language;
    return NULL;
}

static bool refused; /* a graph that needs more than 64 bits is refused by name */

static int run_language(struct bxc_context *context, const struct graph *graph, const struct events *events,
                        const char *name) {
    struct arena *arena = arena_new(context);
    struct file_set files = {.arena = arena};
    struct emission emission = {.context = context,
                                .graph = graph,
                                .name = "random",
                                .content_hash = hash,
                                .clock_ps = 2500,
                                .part_code = "xcvu13p-flga2577-2-e",
                                .files = &files};
    size_t errors = context->diagnostics.errors;
    int status = language_named(name)->emit(&emission);
    refused = status && context->diagnostics.errors > errors;
    if (!refused && status == 0) status = write_files(context, &files);
    arena_free(arena);
    if (status) return status;
    const char *ap_types = getenv("AP_TYPES"), *optimise = getenv("OPTIMISE");
    if (shell(
            "make -s -C %s/%s BUILD=%s/build.%s %s='-g %s -Werror%s' AP_TYPES=%s 2>&1 | sed 's/^/# /' && test -x %s/build.%s/run",
            folder, name, folder, name, strcmp(name, "c") ? "CXXFLAGS" : "CFLAGS", optimise ? optimise : "-O1",
            optimise ? "" : " -fsanitize=undefined -fno-sanitize-recover=all", ap_types ? ap_types : "", folder, name))
        return -1;
    if (shell("test \"$(%s/build.%s/run --hash)\" = %s && %s/build.%s/run < %s/in > %s/out", folder, name, hash, folder,
              name, folder, folder))
        return -1;
    return compare(graph, events, name);
}

/* A program around the entry points in real numbers: reads events as binary64, writes for each what
 * run_double returns and gives; with an argument as run_float. */
static void print_real_main(struct strbuf *out, const struct events *events) {
    strbuf_append(out, "#include <stdio.h>\n#include \"random.h\"\n\n");
    for (int precision = 0; precision < 2; precision++) {
        const char *type = precision ? "float" : "double";
        strbuf_printf(out, "static int %s_event(void) {\n    double word;\n", type);
        for (uint32_t i = 0; i < events->inputs; i++)
            strbuf_printf(
                out,
                "    %s i%u[%zu];\n    for (int k = 0; k < %zu; k++) {\n        if (fread(&word, 8, 1, stdin) != 1) return 0;\n"
                "        i%u[k] = (%s)word;\n    }\n",
                type, i, events->in_elements[i], events->in_elements[i], i, type);
        for (uint32_t i = 0; i < events->outputs; i++)
            strbuf_printf(out, "    %s o%u[%zu] = {0};\n", type, i, events->out_elements[i]);
        strbuf_printf(out, "    word = random_run_%s(", type);
        for (uint32_t i = 0; i < events->inputs; i++) strbuf_printf(out, "%si%u", i ? ", " : "", i);
        for (uint32_t i = 0; i < events->outputs; i++) strbuf_printf(out, ", o%u", i);
        strbuf_append(out, ");\n    fwrite(&word, 8, 1, stdout);\n");
        for (uint32_t i = 0; i < events->outputs; i++)
            strbuf_printf(
                out,
                "    for (int k = 0; k < %zu; k++) {\n        word = o%u[k];\n        fwrite(&word, 8, 1, stdout);\n    }\n",
                events->out_elements[i], i);
        strbuf_append(out, "    return 1;\n}\n\n");
    }
    strbuf_append(
        out,
        "int main(int count, char **arguments) {\n    (void)arguments;\n    while (count > 1 ? float_event() : double_event()) {}\n    return 0;\n}\n");
}

enum { REAL_EVENTS = 100, NAN_EVENT = 50 };
static uint64_t current_seed;

/* Reals around the port's grid, its ties and their neighbours, and far beyond it; most need all of binary64. */
static double random_real(struct random_graph *random, const struct port_rule *rule) {
    double near = fixed_to_real(random_in_format(random, rule->format) * 4 + random_below(random, 9) - 4,
                                rule->format.fraction + 2);
    near = (near - (double)rule->zero_point) * (double)rule->scale;
    switch (random_below(random, 12)) {
    case 0: return INFINITY;
    case 1: return -INFINITY;
    case 2: return ldexp(1.0, random_between(random, -1100, 1023));
    case 3: return ldexp(-1.0, random_between(random, -1100, 1023));
    case 4: return ldexp((double)(int64_t)random_next(random), random_between(random, -80, 20));
    case 5: return nextafter(near, INFINITY);
    case 6: return nextafter(near, -INFINITY);
    case 7: return (double)(float)near;
    case 8: return (double)nextafterf((float)near, random_below(random, 2) ? INFINITY : -INFINITY);
    default: return near;
    }
}

/* The same as x / scale + zero_point, but for roundings: by a product, with the sum before or behind it. */
static void give_steps(struct random_graph *random, struct input_attributes *input) {
    struct arena *arena = random->graph->arena;
    size_t elements = shape_elements(&input->shape);
    bool sum_first = random_below(random, 2);
    struct port_step steps[3] = {{PORT_DIVIDE, {0}, ARENA_ARRAY(arena, float, 1)},
                                 {PORT_MULTIPLY, input->shape, ARENA_ARRAY(arena, float, elements)},
                                 {PORT_ADD, input->shape, ARENA_ARRAY(arena, float, elements)}};
    steps[0].constants[0] = 0.7f;
    for (size_t e = 0; e < elements; e++) {
        double scale = input->meaning.scale[e], zero_point = input->meaning.zero_point[e];
        steps[1].constants[e] = (float)(0.7 / scale);
        steps[2].constants[e] = (float)(sum_first ? zero_point * scale / 0.7 : zero_point);
    }
    input->steps = (struct port_steps){3, arena_copy(arena, steps, sizeof steps)};
    if (sum_first) input->steps.at[1] = steps[2], input->steps.at[2] = steps[1];
}

/* Scales that are no powers of two, by element, on all ports. */
static void give_meaning(struct random_graph *random) {
    struct graph *graph = random->graph;
    const struct value_list inputs = graph_inputs(graph, graph->arena);
    uint32_t count = inputs.count;
    for (uint32_t i = 0; i < count + graph->output_count; i++) {
        valref value = i < count ? inputs.at[i] : graph->outputs[i - count].value;
        struct meaning meaning = {.shape = graph_value(graph, value)->shape};
        size_t elements = shape_elements(&meaning.shape);
        meaning.scale = ARENA_ARRAY(graph->arena, double, elements);
        meaning.zero_point = ARENA_ARRAY(graph->arena, double, elements);
        for (size_t e = 0; e < elements; e++) {
            meaning.scale[e] = (double)(0.1f * (float)random_between(random, 1, 50));
            meaning.zero_point[e] = random_between(random, -9, 9);
        }
        if (i >= count) {
            graph->outputs[i - count].meaning = meaning;
            continue;
        }
        graph_definition(graph, value)->attributes.input.meaning = meaning;
        if (current_seed % 3 == 2) give_steps(random, &graph_definition(graph, value)->attributes.input);
    }
}

/* Every number in binary64; run_float rounds it to binary32. One NaN. */
static int real_events(struct random_graph *random, const struct events *events, FILE *file, double **reals) {
    const valref *inputs = graph_inputs(random->graph, random->graph->arena).at;
    struct port_reader *readers[8];
    for (uint32_t i = 0; i < events->inputs; i++) {
        reals[i] = ARENA_ARRAY(random->graph->arena, double, REAL_EVENTS * events->in_elements[i]);
        readers[i] = port_reader_new(random->graph, inputs[i], random->graph->arena);
    }
    for (size_t e = 0; e < REAL_EVENTS; e++)
        for (uint32_t i = 0; i < events->inputs; i++)
            for (size_t k = 0; k < events->in_elements[i]; k++) {
                double real = random_real(random, &readers[i]->rules[k]);
                if (e == NAN_EVENT && i == 1 && k == 1) real = NAN;
                reals[i][e * events->in_elements[i] + k] = isnan(real) ? 0 : real;
                if (fwrite(&real, sizeof real, 1, file) != 1) return -1;
            }
    return fclose(file);
}

static void read_ports(struct random_graph *random, struct events *events, double **reals, bool is_float) {
    const valref *inputs = graph_inputs(random->graph, random->graph->arena).at;
    for (uint32_t i = 0; i < events->inputs; i++) {
        struct port_reader *reader = port_reader_new(random->graph, inputs[i], random->graph->arena);
        size_t count = REAL_EVENTS * events->in_elements[i];
        float *floats = ARENA_ARRAY(random->graph->arena, float, count);
        for (size_t k = 0; k < count; k++) floats[k] = (float)reals[i][k];
        CHECK_EQ(is_float ? port_read_floats(reader, REAL_EVENTS, 0, floats, events->in[i])
                          : port_read_doubles(reader, REAL_EVENTS, 0, reals[i], events->in[i]),
                 0);
    }
}

/* What the port's rule and the emulator give; the event of the NaN returns 1 + its position. */
static int compare_reals(struct random_graph *random, struct events *events, double **reals, bool is_float) {
    char path[800];
    int wrong = 0;
    snprintf(path, sizeof path, "%s/out", folder);
    read_ports(random, events, reals, is_float);
    graph_run_integers(random->graph, REAL_EVENTS, (const int64_t *const *)events->in, events->want);
    FILE *file = fopen(path, "rb");
    double got, status;
    for (size_t e = 0; file && e < REAL_EVENTS; e++) {
        if (fread(&status, sizeof status, 1, file) != 1) wrong++;
        wrong += status != (e == NAN_EVENT ? (double)(2 + events->in_elements[0]) : 0);
        for (uint32_t i = 0; i < events->outputs; i++) {
            double want[256];
            size_t count = events->out_elements[i];
            const struct graph_output *output = &random->graph->outputs[i];
            port_to_reals(random->graph, output->value, &output->meaning, 1, events->want[i] + e * count, want);
            for (size_t k = 0; k < count; k++) {
                if (fread(&got, sizeof got, 1, file) != 1) wrong++;
                if (e == NAN_EVENT) continue;
                if (is_float) want[k] = (double)(float)want[k];
                if (got != want[k] && !wrong++)
                    printf("# event %zu output %s[%zu]: %a, not %a\n", e, output->name, k, got, want[k]);
            }
        }
    }
    if (!file || fgetc(file) != EOF) wrong++;
    if (file) fclose(file);
    return wrong;
}

/* run_double and run_float of what run_language has emitted, built with these flags. */
static int run_reals_built(struct random_graph *random, struct events *events, double **reals, const char *flags) {
    const char *compiler = getenv("CC");
    int wrong = 0;
    if (shell("%s %s -Wall -Wextra -Wpedantic -Werror -o %s/real %s/c/real.c %s/c/random.c", compiler ? compiler : "cc",
              flags, folder, folder, folder))
        return -1;
    for (int is_float = 0; is_float < 2; is_float++) {
        if (shell("%s/real %s < %s/in > %s/out", folder, is_float ? "float" : "", folder, folder)) return -1;
        wrong += compare_reals(random, events, reals, is_float);
    }
    return wrong;
}

/* Checked, and by a compiler that may contract a product and a sum to one rounding. */
static int run_reals(struct bxc_context *context, struct random_graph *random, struct events *events) {
    struct strbuf text = strbuf_new(random->graph->arena);
    double *reals[8];
    char path[800];
    print_real_main(&text, events);
    snprintf(path, sizeof path, "%s/c/real.c", folder);
    if (file_write(context, path, text.data, text.length)) return -1;
    snprintf(path, sizeof path, "%s/in", folder);
    FILE *file = fopen(path, "wb");
    if (!file || real_events(random, events, file, reals)) return -1;
    int wrong = run_reals_built(random, events, reals, "-std=c99 -O1 -fsanitize=undefined -fno-sanitize-recover=all");
    if (wrong) return wrong;
    return run_reals_built(random, events, reals,
                           "-std=gnu99 -O2 -ffp-contract=fast $(grep -qsw fma /proc/cpuinfo && echo -mfma)");
}

static int width_limit, fraction_limit;

static void one_graph(const char *language) {
    struct bxc_context *context = context_new();
    struct random_graph random = {.state = current_seed};
    struct graph *graph = random_graph_new(context, current_seed, 40, width_limit, fraction_limit);
    CHECK(graph_infer(graph) == 0);
    random.graph = reparse(context, graph);
    if (!random.graph) print_diagnostics(context);
    CHECK(random.graph != NULL);
    if (current_seed % 3 != 0) give_meaning(&random);
    struct events events;
    make_events(&random, &events);
    CHECK(write_input(&events));
    int status = run_language(context, random.graph, &events, language);
    if (status == 0 && strcmp(language, "c") == 0) status = run_reals(context, &random, &events);
    if (status && !refused) {
        print_diagnostics(context);
        printf("# seed %llu in %s\n", (unsigned long long)current_seed, folder);
    }
    if (refused)
        printf("# seed %llu refused: %s\n", (unsigned long long)current_seed,
               context->diagnostics.items[context->diagnostics.count - 1].message);
    graph_free(random.graph);
    graph_free(graph);
    context_free(context);
    CHECK(status == 0 || refused);
    CHECK(!refused || fraction_limit > 20);
}

static void random_graphs_in_c(void) {
    one_graph("c");
}
static void wide_graphs_in_c(void) {
    one_graph("c");
}
static void random_graphs_in_hls(void) {
    one_graph("hls");
}
static void wide_graphs_in_hls(void) {
    one_graph("hls");
}

int main(void) {
    const char *work = getenv("WORK"), *chosen = getenv("LANGUAGES");
    uint64_t seed = environment_number("SEED", 1), graphs = environment_number("GRAPHS", 3);
    snprintf(folder, sizeof folder, "%s/emitters.XXXXXX", work ? work : "/tmp");
    if (!mkdtemp(folder) || shell("mkdir -p %s/c %s/hls", folder, folder)) return 1;
    printf("# seed %llu\n", (unsigned long long)seed);
    for (current_seed = seed; current_seed < seed + graphs; current_seed++) {
        bool c = !chosen || strstr(chosen, "c"), hls = !chosen || strstr(chosen, "hls");
        width_limit = 20;
        fraction_limit = 12;
        if (c) RUN(random_graphs_in_c);
        if (hls) RUN(random_graphs_in_hls);
        width_limit = 64;
        fraction_limit = 40;
        if (c) RUN(wide_graphs_in_c);
        if (hls) RUN(wide_graphs_in_hls);
        if (test_failures && getenv("STOP")) break;
    }
    if (!test_failures) shell("rm -rf %s", folder);
    TEST_EXIT();
}
