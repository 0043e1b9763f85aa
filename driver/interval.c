/* Whether serving items one after the other makes the circuit smaller. Where items differ, in formats or constants,
 * each beat chooses, and the choices may cost more than the items share. */
#include "driver/driver.h"

/* 0: it is refused. */
static double lut_at(const struct program *made, int interval, const char *last_pass) {
    struct compile_options options = *made->options;
    struct cost cost = {0};
    options.interval = interval;
    return trial_cost(made, &options, last_pass, &cost) ? cost.lut : 0;
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
