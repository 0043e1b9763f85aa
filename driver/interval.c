/* Whether serving items one after the other makes the circuit smaller. Where items differ, in formats or constants,
 * each beat chooses, and the choices may cost more than the items share. */
#include "driver/driver.h"

struct whole_trial {
    const struct program *made;
    int interval;
    const char *last_pass; /* NULL: all */
    double lut;
};

static int run_trial(void *user) {
    struct whole_trial *trial = user;
    struct compile_options options = *trial->made->options;
    struct program program;
    options.interval = trial->interval;
    int result = trial_compile(trial->made->context, trial->made->arena, graph_clone(trial->made->graph), &options,
                               trial->last_pass, &program);
    if (result == 0) trial->lut = design_cost(program.design, program.technology).lut;
    design_free(program.design);
    graph_free(program.graph);
    return result;
}

/* 0: it is refused. */
static double lut_at(const struct program *made, int interval, const char *last_pass) {
    struct whole_trial trial = {made, interval, last_pass, 0};
    const char *why;
    return trial_guarded(made->context, run_trial, &trial, &why) < 0 ? 0 : trial.lut;
}

/* Cheap: ruled out by the forecast, or far smaller as it is lowered, before anything is shared. What sharing and the
 * pipeline then do favours interval 1 by a factor of 1.44 at most in what was measured. */
static bool is_surely_smaller(const struct program *made, double lut) {
    if (FORECAST_FACTOR * lut < graph_lut_forecast(made->graph, NULL)) return true;
    return lut_at(made, made->options->interval, "lower") < 0.65 * lut_at(made, 1, "lower");
}

void interval_warn(const struct program *program) {
    if (program->design->beats < 2 || program->options->beat_count) return;
    double lut = design_cost(program->design, program->technology).lut;
    if (is_surely_smaller(program, lut)) return;
    double whole = lut_at(program, 1, NULL);
    if (whole == 0 || whole > lut) return;
    diag_warning(
        &program->context->diagnostics, (struct location){.file = program->graph->source, .option = "--interval"},
        "leave it away, or give a longer one",
        "--interval %d does not make the circuit smaller: about %s LUT, and %s at interval 1; where items differ "
        "in their formats or constants each clock chooses",
        program->options->interval, words_count(program->arena, lut), words_count(program->arena, whole));
}
