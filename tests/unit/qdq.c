/* Models that onnxruntime's post-training quantisation made (tests/oracle/qdq_models.py): evaluated as they are read,
 * and in integers, each output is onnxruntime's to the last bit. */
#include "frontend/frontend.h"
#include "ir/eval.h"
#include "ir/file.h"
#include "ir/port.h"
#include "passes/passes.h"
#include "target/target.h"
#include "tests/test.h"

#include <dirent.h>

static const char folder[] = "tests/oracle/qdq";

struct reference {
    struct bxc_context *context;
    const char *name;
    const float *in, *wanted;
    size_t events, features, classes;
};

/* The numbers of a little-endian float32 .npy, version 1. */
static const float *read_npy(struct bxc_context *context, const char *path, size_t *count) {
    size_t length;
    unsigned char *data = (unsigned char *)file_read(context, context->arena, path, &length);
    if (!data || length < 10) return NULL;
    size_t header = 10 + (size_t)data[8] + 256 * (size_t)data[9];
    if (header > length || !strstr((char *)data + 10, "'<f4'")) return NULL;
    *count = (length - header) / sizeof(float);
    return arena_copy(context->arena, data + header, length - header);
}

static void compare(const struct reference *reference, const char *how, const float *got) {
    size_t differ = 0, first = 0;
    for (size_t i = reference->events * reference->classes; i-- > 0;)
        if (got[i] != reference->wanted[i]) {
            first = i;
            differ++;
        }
    if (differ)
        test_fail(__FILE__, __LINE__, "%s, %s: %zu of %zu outputs differ, the first is %.9g, not %.9g", reference->name,
                  how, differ, reference->events * reference->classes, (double)got[first],
                  (double)reference->wanted[first]);
}

static void compare_reals(const struct reference *reference, const struct graph *graph) {
    float *out = ARENA_ARRAY(reference->context->arena, float, reference->events * reference->classes);
    CHECK(graph_run_reals(graph, reference->events, &reference->in, &out) == 0);
    compare(reference, "reals", out);
}

static void compare_integers(const struct reference *reference, struct graph *graph) {
    struct arena *arena = reference->context->arena;
    struct compile_options options = compile_options_default();
    struct program program = {.context = reference->context,
                              .arena = arena,
                              .graph = graph_clone(graph),
                              .options = &options,
                              .technology = technology_for(NULL, (struct part_grade){0})};
    CHECK(passes_run(&program, NULL, "integerise") == 0);
    valref input = graph_inputs(program.graph, arena).at[0], output = program.graph->outputs[0].value;
    size_t count = reference->events * reference->classes;
    int64_t *ports = ARENA_ARRAY(arena, int64_t, reference->events * reference->features),
            *codes = ARENA_ARRAY(arena, int64_t, count);
    double *back = ARENA_ARRAY(arena, double, count);
    float *out = ARENA_ARRAY(arena, float, count);
    CHECK(port_from_reals(program.graph, input, reference->events, 0, reference->in, ports) == 0);
    CHECK(graph_run_integers(program.graph, reference->events, (const int64_t *const *)&ports, &codes) == 0);
    port_to_reals(program.graph, output, &program.graph->outputs[0].meaning, reference->events, codes, back);
    for (size_t i = 0; i < count; i++) out[i] = (float)back[i];
    compare(reference, "integers", out);
    graph_free(program.graph);
}

static void compare_model(void) {
    struct reference reference = {.context = context_new(), .name = test_name};
    struct arena *arena = reference.context->arena;
    size_t in_count, out_count;
    struct graph *graph = frontend_read(reference.context, arena_printf(arena, "%s/%s.onnx", folder, test_name), NULL);
    reference.in = read_npy(reference.context, arena_printf(arena, "%s/%s-in.npy", folder, test_name), &in_count);
    reference.wanted = read_npy(reference.context, arena_printf(arena, "%s/%s-out.npy", folder, test_name), &out_count);
    CHECK(graph && reference.in && reference.wanted);
    if (test_failed) return;
    reference.features = shape_elements(&graph_value(graph, graph_inputs(graph, arena).at[0])->shape);
    reference.classes = shape_elements(&graph_value(graph, graph->outputs[0].value)->shape);
    reference.events = in_count / reference.features;
    CHECK(reference.events >= 100 && out_count == reference.events * reference.classes);
    if (!test_failed) compare_reals(&reference, graph);
    if (!test_failed) compare_integers(&reference, graph);
    graph_free(graph);
    context_free(reference.context);
}

int main(void) {
    struct dirent **entries;
    int count = scandir(folder, &entries, NULL, alphasort), models = 0;
    for (int i = 0; i < count; i++) {
        char *dot = strstr(entries[i]->d_name, ".onnx");
        if (dot) {
            *dot = 0;
            test_name = entries[i]->d_name;
            test_failed = false;
            compare_model();
            if (!test_failed) printf("ok %s\n", test_name);
            test_failures += test_failed;
            models++;
        }
        free(entries[i]);
    }
    if (count >= 0) free(entries);
    printf("%s qdq_models_are_there\n", models >= 9 ? "ok" : "not ok");
    test_failures += models < 9;
    TEST_EXIT();
}
