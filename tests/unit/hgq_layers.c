/* HGQ2's and PQuantML's layers, one small model each, against what Keras computes with them: in reals bit for bit, and
 * in integers through all passes above the line. tests/oracle/{hgq_layers,pquant_models}.py made models, events and
 * outputs. */
#include "frontend/frontend.h"
#include "ir/eval.h"
#include "ir/port.h"
#include "passes/passes.h"
#include "tests/test.h"
#include "tests/unit/npy_file.h"

#include <dirent.h>
#include <stdlib.h>

static const char *folder;
static struct bxc_context *context;
static const char *model;

static const char *diagnosed(void) {
    return context->diagnostics.count ? context->diagnostics.items[context->diagnostics.count - 1].message : "nothing";
}

static const float *numbers_of(const char *tensor, size_t *count) {
    const float *numbers =
        npy_file_reals(context, arena_printf(context->arena, "%s/%s.%s.npy", folder, model, tensor), count);
    if (!numbers) test_fail(__FILE__, __LINE__, "no events of '%s'", tensor);
    return numbers;
}

static size_t elements_of(const struct graph *graph, valref value) {
    return shape_elements(&graph_value(graph, value)->shape);
}

enum { TENSORS_MAX = 8 };
struct events {
    size_t count;
    const float *in[TENSORS_MAX], *wanted[TENSORS_MAX];
};

static void read_events(const struct graph *graph, struct events *out) {
    const struct value_list inputs = graph_inputs(graph, graph->arena);
    size_t count;
    CHECK(inputs.count <= TENSORS_MAX && graph->output_count <= TENSORS_MAX);
    for (uint32_t i = 0; i < inputs.count; i++) {
        out->in[i] = numbers_of(graph_definition(graph, inputs.at[i])->name, &count);
        if (!out->in[i]) return;
        out->count = count / elements_of(graph, inputs.at[i]);
    }
    for (uint32_t o = 0; o < graph->output_count; o++) {
        out->wanted[o] = numbers_of(graph->outputs[o].name, &count);
        if (!out->wanted[o]) return;
        CHECK(count == out->count * elements_of(graph, graph->outputs[o].value));
    }
    CHECK(out->count >= 50);
}

static void compare(const char *arithmetic, const struct graph *graph, uint32_t output, const struct events *events,
                    const float *got) {
    size_t elements = elements_of(graph, graph->outputs[output].value), wrong = 0, first = 0;
    for (size_t i = events->count * elements; i-- > 0;)
        if (got[i] != events->wanted[output][i]) wrong++, first = i;
    if (wrong)
        test_fail(__FILE__, __LINE__, "%s, output '%s': %zu of %zu differ; event %zu, element %zu is %a, not %a",
                  arithmetic, graph->outputs[output].name, wrong, events->count * elements, first / elements,
                  first % elements, (double)got[first], (double)events->wanted[output][first]);
}

static void compare_reals(const struct graph *graph, const struct events *events) {
    float *out[TENSORS_MAX];
    for (uint32_t o = 0; o < graph->output_count; o++)
        out[o] = ARENA_ARRAY(context->arena, float, events->count *elements_of(graph, graph->outputs[o].value));
    CHECK(graph_run_reals(graph, events->count, events->in, out) == 0);
    for (uint32_t o = 0; o < graph->output_count; o++) compare("reals", graph, o, events, out[o]);
}

/* Events lie on a grid that this port has, where quantisers of the model do not decide it. */
static struct compile_options wide_ports(const struct graph *graph) {
    struct compile_options options = compile_options_default();
    const struct value_list inputs = graph_inputs(graph, graph->arena);
    if (inputs.count == 1 && graph_readers(graph, inputs.at[0], context->arena).count == 1) return options;
    options.inputs = ARENA_NEW(context->arena, struct input_options);
    options.inputs[0] = (struct input_options){.rounding = -1, .overflow = -1};
    options.inputs[0].formats = formats_uniform(context->arena, (struct format){true, 18, 12});
    options.input_count = 1;
    return options;
}

static void compare_integers(const struct graph *graph, const struct events *events) {
    struct compile_options options = wide_ports(graph);
    struct program program = {.context = context,
                              .arena = context->arena,
                              .graph = graph_clone(graph),
                              .options = &options,
                              .technology = technology_for(NULL, (struct part_grade){0})};
    int64_t *in[TENSORS_MAX], *out[TENSORS_MAX];
    if (passes_run(&program, NULL, "integerise") < 0) {
        test_fail(__FILE__, __LINE__, "it does not get below the line: %s", diagnosed());
        return;
    }
    const struct value_list inputs = graph_inputs(program.graph, program.graph->arena);
    for (uint32_t i = 0; i < inputs.count; i++) {
        in[i] = ARENA_ARRAY(context->arena, int64_t, events->count * elements_of(program.graph, inputs.at[i]));
        CHECK(port_from_reals(program.graph, inputs.at[i], events->count, 0, events->in[i], in[i]) == 0);
    }
    for (uint32_t o = 0; o < program.graph->output_count; o++)
        out[o] = ARENA_ARRAY(context->arena, int64_t, events->count * elements_of(graph, graph->outputs[o].value));
    CHECK(graph_run_integers(program.graph, events->count, (const int64_t *const *)in, out) == 0);
    for (uint32_t o = 0; o < program.graph->output_count; o++) {
        size_t count = events->count * elements_of(graph, graph->outputs[o].value);
        double *wide = ARENA_ARRAY(context->arena, double, count);
        float *back = ARENA_ARRAY(context->arena, float, count);
        port_to_reals(program.graph, program.graph->outputs[o].value, NULL, events->count, out[o], wide);
        for (size_t i = 0; i < count; i++) back[i] = (float)wide[i];
        compare("integers", graph, o, events, back);
    }
    graph_free(program.graph);
}

static int compare_model(void *user) {
    (void)user;
    struct events events = {.count = 0};
    struct graph *graph = frontend_read(context, arena_printf(context->arena, "%s/%s.keras", folder, model), NULL);
    if (!graph) {
        test_fail(__FILE__, __LINE__, "it is not read: %s", diagnosed());
        return 0;
    }
    read_events(graph, &events);
    if (!test_failed) compare_reals(graph, &events);
    if (!test_failed) compare_integers(graph, &events);
    graph_free(graph);
    return 0;
}

static void run(const char *file) {
    char name[256];
    snprintf(name, sizeof name, "%.*s", (int)(strlen(file) - strlen(".keras")), file);
    test_name = model = name;
    test_failed = false;
    context = context_new();
    if (context_guarded(context, compare_model, NULL) < 0) test_fail(__FILE__, __LINE__, "%s", diagnosed());
    context_free(context);
    test_failures += test_failed;
    if (!test_failed) printf("ok %s\n", name);
}

static int is_model(const struct dirent *entry) {
    size_t length = strlen(entry->d_name);
    return length > 6 && length < 200 && strcmp(entry->d_name + length - 6, ".keras") == 0;
}

/* All of a folder, or those whose names begin so. */
static void run_folder(const char *path, const char *beginning, int least) {
    struct dirent **entries;
    folder = path;
    int found = scandir(folder, &entries, is_model, alphasort);
    for (int i = 0; i < found; i++) {
        if (!beginning || strncmp(beginning, entries[i]->d_name, strlen(beginning)) == 0) run(entries[i]->d_name);
        free(entries[i]);
    }
    if (found < least) {
        test_name = "models";
        test_fail(__FILE__, __LINE__, "there are %d models in %s", found, folder);
        test_failures++;
    }
    if (found >= 0) free(entries);
}

int main(int count, char **names) {
    const char *beginning = count < 2 ? NULL : names[1];
    run_folder("tests/oracle/hgq_layers", beginning, 10);
    run_folder("tests/oracle/pquant", beginning, 10);
    TEST_EXIT();
}
