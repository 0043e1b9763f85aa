/* Whether the part is large enough: foretold of the quantised graph before the long work, and judged of the finished
 * design. One rule: more of a resource than the part has. A forecast is rough: it refuses what is far beyond. */
#include "driver/driver.h"
#include "ir/ops.h"
#include "passes/beats.h"

#include <math.h>

enum { HOPELESS = 2 * FORECAST_FACTOR }; /* times the part: no forecast is that far off */

/* As many digits as a forecast has. */
static double two_digits(double x) {
    double unit = pow(10, floor(log10(x)) - 1);
    return round(x / unit) * unit;
}

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

/* ---- convolutions: one datapath for all positions is not there yet ---- */

static bool reads_windows(const struct graph *graph, const struct node *node) {
    const struct node *operand = graph_definition(graph, node->inputs[0]);
    while (op_is_movement(operand->op) && operand->op != OP_WINDOW)
        operand = graph_definition(graph, operand->inputs[0]);
    return operand->op == OP_WINDOW;
}

/* Rows of a matrix product of windows. */
double convolution_positions(const struct graph *graph, const struct node *node) {
    if (node->op != OP_MATMUL || !reads_windows(graph, node)) return 1;
    const struct shape *sums = &graph_value(graph, node->result)->shape;
    return (double)shape_elements(sums) / (double)sums->dim[sums->rank - 1];
}

/* NULL where no convolution is large. */
static const char *position_by_position(const struct program *program, const double *by_node) {
    const struct graph *graph = program->graph;
    double most = 1, lut = 0;
    const char *name = NULL;
    for (uint32_t n = 0; n < graph->node_count; n++) {
        double here = graph->nodes[n].dead ? 1 : convolution_positions(graph, &graph->nodes[n]);
        lut += by_node[n] / here;
        if (here <= most || by_node[n] == 0) continue;
        most = here;
        name = graph->nodes[n].name;
    }
    if (!name) return NULL;
    return arena_printf(
        program->arena,
        "convolution '%s' has %s positions, each of which gets sums of its own; one after the other, in "
        "an interval of as many cycles, which bxc does not do yet, the sums would be about %s LUT",
        name, words_count(program->arena, most), words_count(program->arena, two_digits(lut)));
}

/* At which interval the network would fit, where `excess` times the part are used at that of the options. */
static const char *what_would_fit(const struct program *program, const double *by_node, double excess) {
    const char *convolution = position_by_position(program, by_node);
    if (convolution) return convolution;
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

static const char *largest_node(const struct graph *graph, const double *by_node) {
    uint32_t largest = 0;
    for (uint32_t n = 1; n < graph->node_count; n++)
        if (by_node[n] > by_node[largest]) largest = n;
    return graph->nodes[largest].name;
}

static void warn(struct program *program, const char *model, FILE *terminal, const char *text) {
    if (terminal) {
        fprintf(terminal, "%s: warning: %s\n", model, text);
        fflush(terminal);
    } else
        context_progress(program->context, text, 0, 0);
}

int fit_foretell(struct program *program, const char *model, FILE *terminal) {
    const struct part *part = program->options->part;
    struct arena *arena = program->arena;
    double *by_node = ARENA_ARRAY(arena, double, program->graph->node_count + 1);
    graph_lut_forecast(program->graph, by_node);
    const struct beat_axes axes = beats_axes(program, arena);
    double lut = shared_lut(program, by_node, &axes, program->options->interval);
    if (!(lut > part->lut)) return 0;
    bool is_sure = lut > FORECAST_FACTOR * (double)part->lut;
    const char *size = arena_printf(arena,
                                    "about %s LUT are to be expected, %.1f times the %s of part %s, and the forecast "
                                    "is right within a factor of %d: it %s not fit",
                                    words_count(arena, two_digits(lut)), lut / part->lut, words_count(arena, part->lut),
                                    program->options->part_code, FORECAST_FACTOR, is_sure ? "will" : "may");
    const char *remedy = what_would_fit(program, by_node, lut / part->lut);
    if (lut > HOPELESS * (double)part->lut)
        return diag_error(
            &program->context->diagnostics, (struct location){.file = model},
            arena_printf(
                arena, "prune the network, lower its precision, or choose a larger part; node '%s' is the largest; %s",
                largest_node(program->graph, by_node), remedy),
            "%s", size);
    program_note(program, "fit", NULL, lut, "%s; %s", size, remedy);
    warn(program, model, terminal, program->notes[program->note_count - 1].text);
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
