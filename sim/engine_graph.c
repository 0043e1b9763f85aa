/* The engines that need nothing compiled: the model as trained in binary32, and the quantised graph
 * in integers, which is what every other engine must equal. */
#include "sim/private.h"
#include "ir/eval.h"
#include "ir/verify.h"

int graph_engine_open(struct engine *engine) {
    engine->is_built = true;
    if (engine->id != ENGINE_FLOAT || !graph_is_integer(engine->graph)) return 0;
    return diag_error(&engine->firmware->context->diagnostics, (struct location){.file = engine->firmware->folder},
                      "use engine 'emulator'", "the model was quantised before bxc read it: there is no float model");
}

int engine_cancelled(const struct engine *engine) {
    struct bxc_context *context = engine->firmware->context;
    if (!atomic_load(&context->cancelled)) return 0;
    return diag_error(&context->diagnostics, (struct location){0}, NULL, "cancelled while engine '%s' ran",
                      engine->kind->name);
}

int graph_engine_run(struct engine *engine, size_t events, const int64_t *const *inputs, int64_t *const *outputs) {
    if (engine_cancelled(engine)) return -1;
    return graph_run_integers(engine->graph, events, inputs, outputs);
}

int graph_engine_run_reals(struct engine *engine, size_t events, const float *const *inputs, float *const *outputs) {
    if (engine_cancelled(engine)) return -1;
    return graph_run_reals(engine->graph, events, inputs, outputs);
}
