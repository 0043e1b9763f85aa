/* The float engine against onnxruntime and qonnx: for every NAME in tests/oracle/data (made by
 * tests/oracle/reference.py) the model of that name gives the reference outputs within 1e-5. */
#include "frontend/frontend.h"
#include "ir/eval.h"
#include "ir/file.h"
#include "tests/test.h"

#include <dirent.h>
#include <math.h>
#include <sys/stat.h>

static const char folder[] = "tests/oracle/data";

struct reference {
    struct bxc_context *context;
    const char *name; /* of the model */
    char *path;
    double worst;
};

/* The numbers of a little-endian float32 .npy, version 1. */
static const float *read_npy(const struct reference *reference, const char *kind, size_t *count) {
    struct arena *arena = reference->context->arena;
    size_t length;
    unsigned char *data = (unsigned char *)file_read(
        reference->context, arena, arena_printf(arena, "%s/%s-%s.npy", folder, reference->name, kind), &length);
    if (!data || length < 10) return NULL;
    size_t header = 10 + (size_t)data[8] + 256 * (size_t)data[9];
    if (header > length || !strstr((char *)data + 10, "'<f4'")) return NULL;
    *count = (length - header) / sizeof(float);
    return arena_copy(arena, data + header, length - header);
}

static char *find_model(const struct reference *reference) {
    const char *shared = getenv("SHARED");
    const char *const places[] = {"models/onnx", "models/qonnx"};
    struct arena *arena = reference->context->arena;
    struct stat status;
    char *path = arena_printf(arena, "examples/jets/%s.onnx", reference->name);
    for (int i = 0; stat(path, &status) < 0; i++) {
        if (i == 2) return NULL;
        path =
            arena_printf(arena, "%s/%s/%s.onnx", shared && *shared ? shared : "../shared", places[i], reference->name);
    }
    return path;
}

static int compare(void *user) {
    struct reference *reference = user;
    size_t in_count, out_count;
    const float *in = read_npy(reference, "in", &in_count), *wanted = read_npy(reference, "out", &out_count);
    struct graph *graph = frontend_read(reference->context, reference->path, NULL);
    if (!in || !wanted || !graph || graph->output_count != 1) return -1;
    valref input = graph_inputs(graph, graph->arena).at[0];
    size_t size = shape_elements(&graph_value(graph, input)->shape);
    size_t result = shape_elements(&graph_value(graph, graph->outputs[0].value)->shape), events = in_count / size;
    float *got = ARENA_ARRAY(reference->context->arena, float, out_count + result);
    if (events * size != in_count || events * result != out_count || !events) return -1;
    if (graph_run_reals(graph, events, &in, &got) < 0) return -1;
    for (size_t i = 0; i < out_count; i++) {
        double error = fabs((double)got[i] - (double)wanted[i]);
        if (!(error <= reference->worst)) reference->worst = error;
    }
    graph_free(graph);
    return 0;
}

static void check(const char *name) {
    struct reference reference = {.context = context_new(), .name = name};
    reference.path = find_model(&reference);
    if (!reference.path) {
        SKIP(name, "its model is in ../shared/models");
    } else if (context_guarded(reference.context, compare, &reference) < 0) {
        struct strbuf text = strbuf_new(reference.context->arena);
        for (size_t i = 0; i < reference.context->diagnostics.count; i++)
            diag_format(&text, &reference.context->diagnostics.items[i]);
        test_fail(__FILE__, __LINE__, "%s cannot be compared: %s", name, text.data);
    } else if (!(reference.worst <= 1e-5)) {
        test_fail(__FILE__, __LINE__, "%s is off by %g", name, reference.worst);
    } else {
        printf("# largest difference %g\nok oracle_%s\n", reference.worst, name);
    }
    context_free(reference.context);
}

int main(void) {
    struct dirent **entries;
    int count = scandir(folder, &entries, NULL, alphasort);
    for (int i = 0; i < count; i++) {
        char *end = strstr(entries[i]->d_name, "-in.npy");
        if (end && !end[7]) {
            *end = 0;
            test_name = entries[i]->d_name;
            test_failed = false;
            check(entries[i]->d_name);
            test_failures += test_failed;
        }
        free(entries[i]);
    }
    if (count >= 0) free(entries);
    if (count < 3) printf("not ok oracle: no reference data in %s\n", folder);
    return test_failures || count < 3;
}
