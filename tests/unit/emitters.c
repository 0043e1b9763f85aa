/* Emitted C and HLS C++ against the emulator: random integer graphs of every operator, format,
 * rounding and overflow are emitted, compiled without a warning, and must give the same bits.
 *
 * Environment: WORK (scratch folder), SEED, GRAPHS, LANGUAGES ("c hls"), AP_TYPES as fw/hls/Makefile. */
#include <sys/stat.h>
#include <unistd.h>

#include "codegen/codegen.h"
#include "tests/test.h"
#include "tests/unit/random_graph.h"

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

static int shell(const char *format, ...) {
    char command[2000];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(command, sizeof command, format, arguments);
    va_end(arguments);
    return system(command);
}

struct events {
    uint32_t inputs, outputs;
    int64_t *in[8], *want[256];
    size_t in_elements[8], out_elements[256];
};

static void make_events(struct random_graph *random, struct events *events) {
    struct graph *graph = random->graph;
    valref inputs[8];
    events->inputs = graph_inputs(graph, inputs, 8);
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
                if (fread(&got, sizeof got, 1, file) != 1) wrong = wrong ? wrong : 1;
                else if (got != want && !wrong++)
                    printf("# %s: event %zu output %s[%zu]: %lld, not %lld\n", language, e, graph->outputs[i].name, k, (long long)got, (long long)want);
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

static int run_language(struct bxc_context *context, const struct graph *graph, const struct events *events, const char *name) {
    struct arena *arena = arena_new(context);
    struct file_set files = {.arena = arena};
    struct emission emission = {.context = context, .graph = graph, .name = "random", .content_hash = hash, .clock_period = 2.5,
                                .part_code = "xcvu13p-flga2577-2-e", .files = &files};
    size_t errors = context->diagnostics.errors;
    int status = language_named(name)->emit(&emission);
    refused = status && context->diagnostics.errors > errors;
    if (!refused && status == 0) status = write_files(context, &files);
    arena_free(arena);
    if (status) return status;
    const char *ap_types = getenv("AP_TYPES"), *optimise = getenv("OPTIMISE");
    if (shell("make -s -C %s/%s BUILD=%s/build.%s %s='-g %s -Werror%s' AP_TYPES=%s 2>&1 | sed 's/^/# /' && test -x %s/build.%s/run", folder, name, folder, name,
              strcmp(name, "c") ? "CXXFLAGS" : "CFLAGS", optimise ? optimise : "-O1",
              optimise ? "" : " -fsanitize=undefined -fno-sanitize-recover=all", ap_types ? ap_types : "", folder, name))
        return -1;
    if (shell("test \"$(%s/build.%s/run --hash)\" = %s && %s/build.%s/run < %s/in > %s/out", folder, name, hash, folder, name, folder, folder)) return -1;
    return compare(graph, events, name);
}

static uint64_t current_seed;
static int width_limit, fraction_limit;

static void one_graph(const char *language) {
    struct bxc_context *context = context_new();
    struct random_graph random = {.state = current_seed};
    struct graph *graph = random_graph_new(context, current_seed, 40, width_limit, fraction_limit);
    CHECK(graph_infer(graph) == 0);
    random.graph = reparse(context, graph);
    if (!random.graph) print_diagnostics(context);
    CHECK(random.graph != NULL);
    struct events events;
    make_events(&random, &events);
    CHECK(write_input(&events));
    int status = run_language(context, random.graph, &events, language);
    if (status && !refused) {
        print_diagnostics(context);
        printf("# seed %llu in %s\n", (unsigned long long)current_seed, folder);
    }
    if (refused) printf("# seed %llu refused: %s\n", (unsigned long long)current_seed,
                        context->diagnostics.items[context->diagnostics.count - 1].message);
    graph_free(random.graph);
    graph_free(graph);
    context_free(context);
    CHECK(status == 0 || refused);
    CHECK(!refused || fraction_limit > 20);
}

static void random_graphs_in_c(void) { one_graph("c"); }
static void wide_graphs_in_c(void) { one_graph("c"); }
static void random_graphs_in_hls(void) { one_graph("hls"); }
static void wide_graphs_in_hls(void) { one_graph("hls"); }

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
