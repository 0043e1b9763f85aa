/* A model in memory: what the readers made of its file. */
#include "driver/driver.h"
#include "driver/library.h"
#include "ir/eval.h"
#include "ir/text.h"

struct bxc_model {
    struct bxc_context *context;
    struct arena *arena;
    struct graph *graph;
    struct tensors inputs, outputs;
    const char *text; /* NULL: nobody has asked yet */
};

struct loading {
    struct bxc_context *context;
    const char *path;
    const struct bxc_options *options;
    struct bxc_model *model;
};

static int load(void *user) {
    struct loading *loading = user;
    struct arena *arena = arena_new(loading->context);
    struct frontend_options reading = {0};
    if (reading_options(loading->context, arena, loading->options, &reading) < 0) return -1;
    struct graph *graph = frontend_read(loading->context, loading->path, &reading);
    if (!graph) return -1;
    struct bxc_model *model = ARENA_NEW(arena, struct bxc_model);
    *model = (struct bxc_model){.context = loading->context,
                                .arena = arena,
                                .graph = graph,
                                .inputs = tensors_of_inputs(graph, arena),
                                .outputs = tensors_of_outputs(graph, arena)};
    loading->model = model;
    return 0;
}

struct bxc_model *bxc_model_load(struct bxc_context *context, const char *path, const struct bxc_options *options) {
    struct loading loading = {context, path, options, NULL};
    return context_guarded(context, load, &loading) < 0 ? NULL : loading.model;
}

void bxc_model_free(struct bxc_model *model) {
    if (!model) return;
    graph_free(model->graph);
    arena_free(model->arena);
}

const char *bxc_model_name(const struct bxc_model *model) {
    return model->graph->name;
}

static int print(void *user) {
    struct bxc_model *model = user;
    struct strbuf text = strbuf_new(model->arena);
    graph_print(&text, model->graph);
    model->text = text.data;
    return 0;
}

const char *bxc_model_text(struct bxc_model *model) {
    if (!model->text) context_guarded(model->context, print, model);
    return model->text;
}

size_t bxc_model_inputs(const struct bxc_model *model, const struct bxc_tensor **inputs) {
    *inputs = model->inputs.at;
    return model->inputs.count;
}

size_t bxc_model_outputs(const struct bxc_model *model, const struct bxc_tensor **outputs) {
    *outputs = model->outputs.at;
    return model->outputs.count;
}

struct evaluation_job {
    const struct graph *graph;
    size_t events;
    const float *const *inputs;
    float *const *outputs;
};

static int evaluate(void *user) {
    const struct evaluation_job *job = user;
    return graph_run_reals(job->graph, job->events, job->inputs, job->outputs);
}

int evaluate_guarded(const struct graph *graph, size_t events, const float *const *inputs, float *const *outputs) {
    struct evaluation_job job = {graph, events, inputs, outputs};
    return context_guarded(graph->context, evaluate, &job);
}

int bxc_model_evaluate(struct bxc_model *model, size_t events, const float *const *inputs, float *const *outputs) {
    return evaluate_guarded(model->graph, events, inputs, outputs);
}
