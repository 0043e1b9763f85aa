/* Models that Keras 2 and 3 and QKeras wrote (tests/oracle/keras_models.py), against what they gave for a few events:
 * those of QKeras in every bit, the others within what binary32 loses in sums of another order. */
#include "frontend/frontend.h"
#include "ir/eval.h"
#include "ir/verify.h"
#include "tests/test.h"
#include "tests/unit/npy_file.h"

#include <dirent.h>
#include <unistd.h>
#include <math.h>
#include <string.h>

static const char folder[] = "tests/oracle/keras";
static struct bxc_context *context;

static const char *diagnosed(void) {
    struct strbuf text = strbuf_new(context->arena);
    for (size_t i = 0; i < context->diagnostics.count; i++) diag_format(&text, &context->diagnostics.items[i]);
    return text.data;
}

/* The events of an input: "NAME.x0=INPUT.npy", whatever its number. */
static const float *events_of(const char *stem, const char *input, size_t *count) {
    for (int i = 0; i < 8; i++) {
        const char *path = arena_printf(context->arena, "%s/%s.x%d=%s.npy", folder, stem, i, input);
        if (access(path, R_OK) == 0) return npy_file_reals(context, path, count);
    }
    return NULL;
}

static float largest_of(const float *numbers, size_t count) {
    float largest = 1;
    for (size_t i = 0; i < count; i++) largest = fmaxf(largest, fabsf(numbers[i]));
    return largest;
}

static void compare(const char *name, int output, const float *got, const float *wanted, size_t count) {
    float allowed = strncmp(name, "qkeras", 6) == 0 ? 0 : 1e-5f * largest_of(wanted, count);
    for (size_t i = 0; i < count; i++)
        if (!(fabsf(got[i] - wanted[i]) <= allowed)) {
            test_fail(__FILE__, __LINE__, "%s, output %d, number %zu: %a, and Keras gives %a", name, output, i,
                      (double)got[i], (double)wanted[i]);
            return;
        }
}

static void run_graph(const char *name, const char *stem, const struct graph *graph) {
    struct value_list inputs = graph_inputs(graph, context->arena);
    const float **in = ARENA_ARRAY(context->arena, const float *, inputs.count),
                **wanted = ARENA_ARRAY(context->arena, const float *, graph->output_count);
    float **out = ARENA_ARRAY(context->arena, float *, graph->output_count);
    size_t count = 0, events = 0, *sizes = ARENA_ARRAY(context->arena, size_t, graph->output_count);
    for (uint32_t i = 0; i < inputs.count; i++) {
        in[i] = events_of(stem, graph_input_name(graph, inputs.at[i]), &count);
        CHECK(in[i]);
        if (!in[i]) return;
        events = count / graph_elements(graph, inputs.at[i]);
    }
    for (uint32_t o = 0; o < graph->output_count; o++) {
        const char *path = arena_printf(context->arena, "%s/%s.y%u.npy", folder, stem, o);
        wanted[o] = npy_file_reals(context, path, &sizes[o]);
        CHECK(wanted[o] && sizes[o] == events * graph_elements(graph, graph->outputs[o].value));
        if (test_failed) return;
        out[o] = ARENA_ARRAY(context->arena, float, sizes[o]);
    }
    CHECK(graph_run_reals(graph, events, in, out) == 0);
    for (uint32_t o = 0; o < graph->output_count; o++) compare(name, (int)o, out[o], wanted[o], sizes[o]);
}

static int read_and_run(void *user) {
    const char *name = user, *stem = arena_strndup(context->arena, name, (size_t)(strrchr(name, '.') - name));
    struct graph *graph = frontend_read(context, arena_printf(context->arena, "%s/%s", folder, name), NULL);
    if (graph && graph_verify(graph) == 0)
        run_graph(name, stem, graph);
    else
        test_fail(__FILE__, __LINE__, "%s is not read: %s", name, diagnosed());
    graph_free(graph);
    return 0;
}

static void run_model(const char *name) {
    char copy[256];
    snprintf(copy, sizeof copy, "%s", name);
    test_name = copy;
    test_failed = false;
    context = context_new();
    if (context_guarded(context, read_and_run, copy) < 0) test_fail(__FILE__, __LINE__, "%s", diagnosed());
    context_free(context);
    if (test_failed)
        test_failures++;
    else
        printf("ok %s\n", copy);
}

static bool is_model(const char *name) {
    bool json = text_ends_with(name, ".json"), hdf5 = text_ends_with(name, ".h5");
    return json || text_ends_with(name, ".keras") || (hdf5 && !text_ends_with(name, "weights.h5"));
}

int main(void) {
    DIR *models = opendir(folder);
    int count = 0;
    for (const struct dirent *entry; models && (entry = readdir(models));)
        if (is_model(entry->d_name)) run_model(entry->d_name), count++;
    if (models) closedir(models);
    if (count < 40) test_fail(__FILE__, __LINE__, "%d models are in %s", count, folder), test_failures++;
    TEST_EXIT();
}
