/* Whether the part is large enough: foretold of the quantised graph before the long work, and judged of the finished
 * design. One rule: more of a resource than the part has. A forecast is rough, so it refuses only what is far beyond.
 */
#include "driver/driver.h"
#include "passes/beats.h"

#include <math.h>

enum { HOPELESS = 2 * FORECAST_FACTOR }; /* times the part: no forecast is that far off */

/* Of the forecast, so much of it as there is at an interval. */
static double shared_lut(const struct program *program, const double *by_node, const struct beat_axes *axes,
                         int interval) {
    struct beat_plan plan = beats_plan_for(axes, (uint32_t)interval);
    double lut = 0;
    for (uint32_t n = 0; n < program->graph->node_count; n++) lut += by_node[n] * beats_share(&plan, n);
    return lut;
}

/* Longer intervals than that have no more items to serve. */
static int longest_axis(const struct program *program) {
    const struct value_list inputs = graph_inputs(program->graph, program->arena);
    int64_t longest = 1;
    for (uint32_t i = 0; i < inputs.count; i++) {
        const struct shape *shape = &graph_value(program->graph, inputs.at[i])->shape;
        for (int axis = 0; axis < shape->rank; axis++)
            longest = shape->dim[axis] > longest ? shape->dim[axis] : longest;
    }
    return longest < INTERVAL_MAX ? (int)longest : INTERVAL_MAX;
}

/* At which interval the network would fit, where `excess` times the part are used at that of the options. */
static const char *what_would_fit(const struct program *program, const double *by_node, double excess) {
    if (program->options->beat_count) return "fewer items a clock (--beats) in a longer interval would share more";
    struct arena *scratch = arena_new(program->context);
    const char *text = "nothing in it that would be large is done item by item, so that --interval does not help";
    const struct beat_axes axes = beats_axes(program, scratch);
    double now = shared_lut(program, by_node, &axes, program->options->interval);
    for (int interval = 2, end = 2 * longest_axis(program); interval < end && now > 0; interval *= 2) {
        if (interval <= program->options->interval) continue;
        double share = shared_lut(program, by_node, &axes, interval) / now;
        if (share < 1)
            text = "what of it is not done item by item is too large by itself, so that --interval does not help";
        if (share * excess > 1) continue;
        text = arena_printf(program->arena, "it would fit from about --interval %d on", interval);
        break;
    }
    arena_free(scratch);
    return text;
}

/* As many digits as a forecast has. */
static double two_digits(double x) {
    double unit = pow(10, floor(log10(x)) - 1);
    return round(x / unit) * unit;
}

/* Networks for which the work would take minutes and gigabytes, and certainly in vain. */
static int refuse_hopeless(struct program *program, const char *model, const double *by_node, double lut) {
    const struct part *part = program->options->part;
    uint32_t largest = 0;
    for (uint32_t n = 1; n < program->graph->node_count; n++)
        if (by_node[n] > by_node[largest]) largest = n;
    return diag_error(
        &program->context->diagnostics, (struct location){.file = model},
        arena_printf(program->arena,
                     "every number of an event has its own circuit, and of this network they are too many; node '%s' "
                     "is the largest; %s",
                     program->graph->nodes[largest].name, what_would_fit(program, by_node, lut / part->lut)),
        "about %s LUT are to be expected, %.1f times the %s of part %s", words_count(program->arena, two_digits(lut)),
        lut / part->lut, words_count(program->arena, part->lut), program->options->part_code);
}

int fit_foretell(struct program *program, const char *model, FILE *terminal) {
    const struct part *part = program->options->part;
    struct arena *arena = program->arena;
    double *by_node = ARENA_ARRAY(arena, double, program->graph->node_count + 1);
    graph_lut_forecast(program->graph, by_node);
    const struct beat_axes axes = beats_axes(program, arena);
    double lut = shared_lut(program, by_node, &axes, program->options->interval);
    if (!(lut > part->lut)) return 0;
    if (lut > HOPELESS * (double)part->lut) return refuse_hopeless(program, model, by_node, lut);
    const char *sure = lut > FORECAST_FACTOR * (double)part->lut ? "it will not fit" : "it may not fit";
    program_note(program, "fit", NULL, lut,
                 "about %s LUT are to be expected, %.1f times the %s of part %s, and the forecast is right within a "
                 "factor of %d: %s; %s",
                 words_count(arena, two_digits(lut)), lut / part->lut, words_count(arena, part->lut),
                 program->options->part_code, FORECAST_FACTOR, sure, what_would_fit(program, by_node, lut / part->lut));
    const char *text = program->notes[program->note_count - 1].text;
    if (terminal) {
        fprintf(terminal, "%s: warning: %s\n", model, text);
        fflush(terminal);
    } else
        context_progress(program->context, text, 0, 0);
    return 0;
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
    double *by_node = ARENA_ARRAY(arena, double, program->graph->node_count + 1);
    int result = 0;
    graph_lut_forecast(program->graph, by_node);
    for (size_t i = 0; i < sizeof resources / sizeof resources[0]; i++)
        if (resources[i].used > resources[i].available)
            result = diag_error(
                &program->context->diagnostics, (struct location){.file = model},
                arena_printf(
                    arena,
                    "prune the network, lower its precision, or choose a larger part; layer '%s' is the largest; %s",
                    largest_layer(report),
                    what_would_fit(program, by_node, resources[i].used / resources[i].available)),
                "the estimate of %.0f %s exceeds the %.0f of part %s", resources[i].used, resources[i].what,
                resources[i].available, program->options->part_code);
    return result;
}
