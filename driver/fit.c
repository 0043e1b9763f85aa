/* Whether the part is large enough: foretold of the quantised graph before the long work, and judged of the finished
 * design. One rule: more of a resource than the part has. A forecast is rough, so it refuses nothing. */
#include "driver/driver.h"

#include <math.h>

/* What would do: a circuit that serves R items in R cycles is about a Rth of it, beside what it stores. */
static const char *what_would_fit(struct arena *arena, double used, double available) {
    return arena_printf(arena,
                        "where its work can be shared in time it would fit from about a new event every %.0f cycles on",
                        ceil(used / available));
}

/* As many digits as a forecast has. */
static double two_digits(double x) {
    double unit = pow(10, floor(log10(x)) - 1);
    return round(x / unit) * unit;
}

void fit_foretell(struct program *program, const char *model, FILE *terminal) {
    const struct part *part = program->options->part;
    double lut = graph_lut_forecast(program->graph);
    if (!(lut > part->lut)) return;
    struct arena *arena = program->arena;
    const char *sure = lut > FORECAST_FACTOR * (double)part->lut ? "it will not fit" : "it may not fit";
    program_note(program, "fit", NULL, lut,
                 "about %s LUT are to be expected, %.1f times the %s of part %s, and the forecast is right within a "
                 "factor of %d: %s; %s",
                 words_count(arena, two_digits(lut)), lut / part->lut, words_count(arena, part->lut),
                 program->options->part_code, FORECAST_FACTOR, sure, what_would_fit(arena, lut, part->lut));
    const char *text = program->notes[program->note_count - 1].text;
    if (terminal) {
        fprintf(terminal, "%s: warning: %s\n", model, text);
        fflush(terminal);
    } else
        context_progress(program->context, text, 0, 0);
}

/* Where most of what does not fit is. */
static const char *largest_layer(const struct compile_report *report) {
    const struct layer_report *largest = &report->layers[0];
    for (uint32_t i = 1; i < report->layer_count; i++)
        if (report->layers[i].cost.lut > largest->cost.lut) largest = &report->layers[i];
    return largest->name;
}

int fit_check(const struct program *program, const struct compile_report *report, const char *model) {
    const struct {
        const char *what;
        double used, available;
    } resources[] = {{"LUT", report->total.lut, report->available.lut},
                     {"FF", report->total.ff, report->available.ff},
                     {"DSP", report->total.dsp, report->available.dsp},
                     {"BRAM18", report->total.bram18, report->available.bram18}};
    struct arena *arena = program->arena;
    int result = 0;
    for (size_t i = 0; i < sizeof resources / sizeof resources[0]; i++)
        if (resources[i].used > resources[i].available)
            result = diag_error(
                &program->context->diagnostics, (struct location){.file = model},
                arena_printf(
                    arena,
                    "prune the network, lower its precision, or choose a larger part; layer '%s' is the largest; %s",
                    largest_layer(report), what_would_fit(arena, resources[i].used, resources[i].available)),
                "the estimate of %.0f %s exceeds the %.0f of part %s", resources[i].used, resources[i].what,
                resources[i].available, program->options->part_code);
    return result;
}
