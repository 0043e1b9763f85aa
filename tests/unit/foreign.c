/* Models of other formats against their own tools: for every model in the folders below, made by a script of
 * tests/oracle/ there, the float engine gives what the format's own program computed, each output within 1e-5 of
 * its largest number. MODEL.in0.npy, ... are events, MODEL.out.npy all outputs of an event one after the other. */
#include "frontend/frontend.h"
#include "ir/eval.h"
#include "ir/file.h"
#include "tests/test.h"

#include <dirent.h>
#include <math.h>

static const struct {
    const char *folder, *extension;
} places[] = {
    {"tests/oracle/tensorflow", ".pb"},
    {"tests/oracle/tflite", ".tflite"},
    {"tests/oracle/torch", ".pt2"},
};
enum { PLACES = sizeof places / sizeof *places, INPUTS_MAX = 4 };

struct model {
    struct bxc_context *context;
    const char *stem; /* "folder/name" */
    const char *extension;
    struct graph *graph;
    size_t events;
    const float *inputs[INPUTS_MAX], *wanted;
    size_t wanted_count;
};

/* The numbers of a little-endian float32 .npy, version 1. */
static const float *read_npy(const struct model *model, const char *kind, size_t *count) {
    struct arena *arena = model->context->arena;
    size_t length;
    unsigned char *data =
        (unsigned char *)file_read(model->context, arena, arena_printf(arena, "%s.%s.npy", model->stem, kind), &length);
    if (!data || length < 10) return NULL;
    size_t header = 10 + (size_t)data[8] + 256 * (size_t)data[9];
    if (header > length || !strstr((char *)data + 10, "'<f4'")) return NULL;
    *count = (length - header) / sizeof(float);
    return arena_copy(arena, data + header, length - header);
}

static size_t elements(const struct graph *graph, valref value) {
    return shape_elements(&graph_value(graph, value)->shape);
}

static int load(struct model *model) {
    struct arena *arena = model->context->arena;
    model->graph = frontend_read(model->context, arena_printf(arena, "%s%s", model->stem, model->extension), NULL);
    if (!model->graph || !(model->wanted = read_npy(model, "out", &model->wanted_count))) return -1;
    struct value_list inputs = graph_inputs(model->graph, arena);
    if (inputs.count > INPUTS_MAX) return -1;
    for (uint32_t i = 0; i < inputs.count; i++) {
        size_t count, size = elements(model->graph, inputs.at[i]);
        model->inputs[i] = read_npy(model, arena_printf(arena, "in%u", i), &count);
        if (!model->inputs[i] || count % size || (i && model->events != count / size)) return -1;
        model->events = count / size;
    }
    return 0;
}

/* One output, which begins at that number of an event's. */
static void compare_output(const struct model *model, const struct graph_output *output, const float *got, size_t begin,
                           size_t all) {
    size_t size = elements(model->graph, output->value);
    double worst = 0, largest = 0;
    for (size_t event = 0; event < model->events; event++)
        for (size_t i = 0; i < size; i++) {
            double wanted = (double)model->wanted[event * all + begin + i], mine = (double)got[event * size + i];
            largest = fmax(largest, fabs(wanted));
            worst = isnan(mine - wanted) ? INFINITY : fmax(worst, fabs(mine - wanted));
        }
    if (worst <= 1e-5 * fmax(largest, 1)) return;
    test_fail(__FILE__, __LINE__, "%s: output '%s' is off by %g of %g", model->stem, output->name, worst, largest);
}

static int compare(void *user) {
    struct model *model = user;
    if (load(model) < 0) return -1;
    const struct graph *graph = model->graph;
    float **got = ARENA_ARRAY(model->context->arena, float *, graph->output_count + 1);
    size_t all = 0, begin = 0;
    for (uint32_t i = 0; i < graph->output_count; i++) {
        size_t size = elements(graph, graph->outputs[i].value);
        got[i] = ARENA_ARRAY(model->context->arena, float, model->events *size + 1);
        all += size;
    }
    if (!model->events || model->wanted_count != all * model->events) {
        test_fail(__FILE__, __LINE__, "%s: %zu numbers an event where %zu are wanted", model->stem, all,
                  model->wanted_count / (model->events ? model->events : 1));
        return 0;
    }
    if (graph_run_reals(graph, model->events, model->inputs, got) < 0) return -1;
    for (uint32_t i = 0; i < graph->output_count; i++) {
        compare_output(model, &graph->outputs[i], got[i], begin, all);
        begin += elements(graph, graph->outputs[i].value);
    }
    return 0;
}

static void check(const char *stem, const char *extension) {
    struct model model = {.context = context_new(), .stem = stem, .extension = extension};
    if (context_guarded(model.context, compare, &model) < 0) {
        struct strbuf text = strbuf_new(model.context->arena);
        for (size_t i = 0; i < model.context->diagnostics.count; i++)
            diag_format(&text, &model.context->diagnostics.items[i]);
        test_fail(__FILE__, __LINE__, "%s cannot be compared: %s", stem, text.data);
    }
    graph_free(model.graph);
    context_free(model.context);
}

static int check_folder(const char *folder, const char *extension) {
    struct dirent **entries;
    int count = scandir(folder, &entries, NULL, alphasort), models = 0;
    for (int i = 0; i < count; i++) {
        char *end = strrchr(entries[i]->d_name, '.');
        if (end && !strcmp(end, extension)) {
            char stem[512];
            snprintf(stem, sizeof stem, "%s/%.*s", folder, (int)(end - entries[i]->d_name), entries[i]->d_name);
            test_name = stem;
            test_failed = false;
            check(stem, extension);
            if (!test_failed) printf("ok %s\n", stem);
            test_failures += test_failed;
            models++;
        }
        free(entries[i]);
    }
    if (count >= 0) free(entries);
    return models;
}

int main(void) {
    for (int i = 0; i < PLACES; i++) {
        if (check_folder(places[i].folder, places[i].extension)) continue;
        printf("not ok no model in %s\n", places[i].folder);
        test_failures++;
    }
    return test_failures > 0;
}
