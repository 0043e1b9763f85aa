/* What each pass above the line does to the numbers: the outputs after it against those before it,
 * on calibration events, or on normal ones when there are none. */
#include "driver/driver.h"
#include "ir/eval.h"
#include "ir/random.h"
#include "ir/verify.h"

#include <math.h>
#include <string.h>

/* Fewer of a network with so many elements at its ports that MEASURED_EVENTS have more than MEASURED_NUMBERS. */
enum { MEASURED_EVENTS = 1000, MEASURED_AT_LEAST = 64, MEASURED_NUMBERS = 1 << 24 };

struct measurement {
    struct arena *arena; /* the program's */
    struct arena *last;  /* of what is kept of the last pass measured */
    size_t events;
    bool calibrated;
    uint32_t input_count;
    const float **inputs; /* events x elements each */
    uint32_t output_count;
    size_t *output_elements;
    struct decision_rule *rules; /* by output: those of the network as it was read, while its outputs are the same */
    double **outputs;            /* of the last pass measured; NULL: none yet */
};

/* Sums of uniforms are normal enough, and the same on every machine. */
static float next_normal(uint64_t *state) {
    int64_t sum = 0;
    for (int i = 0; i < 12; i++) sum += (int64_t)(splitmix64(state) >> 40);
    return (float)((double)sum / (double)(1 << 24) - 6.0);
}

static size_t output_elements(const struct graph *graph, uint32_t output) {
    return shape_elements(&graph_value(graph, graph->outputs[output].value)->shape);
}

static size_t events_to_measure(const struct program *program, const struct value_list *inputs) {
    const struct graph *graph = program->graph;
    size_t numbers = 1, events = MEASURED_EVENTS;
    for (uint32_t i = 0; i < inputs->count; i++) numbers += shape_elements(&graph_value(graph, inputs->at[i])->shape);
    for (uint32_t o = 0; o < graph->output_count; o++) numbers += output_elements(graph, o);
    if (MEASURED_NUMBERS / numbers < events) events = MEASURED_NUMBERS / numbers;
    if (events < MEASURED_AT_LEAST) events = MEASURED_AT_LEAST;
    size_t given = program->calibration.events;
    return given && given < events ? given : events;
}

struct measurement *measurement_new(struct program *program) {
    struct measurement *measurement = ARENA_NEW(program->arena, struct measurement);
    const struct value_list inputs = graph_inputs(program->graph, program->arena);
    measurement->arena = program->arena;
    measurement->calibrated = program->calibration.events > 0;
    measurement->input_count = inputs.count;
    measurement->events = events_to_measure(program, &inputs);
    measurement->inputs = ARENA_ARRAY(program->arena, const float *, measurement->input_count);
    uint64_t state = 1;
    for (uint32_t i = 0; i < measurement->input_count; i++) {
        if (measurement->calibrated) {
            measurement->inputs[i] = program->calibration.data[i];
            continue;
        }
        size_t count = measurement->events * shape_elements(&graph_value(program->graph, inputs.at[i])->shape);
        float *data = ARENA_ARRAY(program->arena, float, count);
        for (size_t e = 0; e < count; e++) data[e] = next_normal(&state);
        measurement->inputs[i] = data;
    }
    return measurement;
}

const char *measurement_events(const struct measurement *measurement) {
    return arena_printf(measurement->arena, "%s %s events",
                        words_count(measurement->arena, (double)measurement->events),
                        measurement->calibrated ? "calibration" : "normally distributed random");
}

size_t measurement_count(const struct measurement *measurement) {
    return measurement->events;
}

const float *const *measurement_inputs(const struct measurement *measurement) {
    return measurement->inputs;
}

static int run_reals(const struct measurement *measurement, const struct graph *graph, double **outputs,
                     struct arena *scratch) {
    float **results = ARENA_ARRAY(scratch, float *, graph->output_count);
    for (uint32_t o = 0; o < graph->output_count; o++)
        results[o] = ARENA_ARRAY(scratch, float, output_elements(graph, o) * measurement->events);
    if (graph_run_reals(graph, measurement->events, measurement->inputs, results) < 0) return -1;
    for (uint32_t o = 0; o < graph->output_count; o++) {
        size_t count = measurement->events * output_elements(graph, o);
        for (size_t i = 0; i < count; i++) outputs[o][i] = (double)results[o][i];
    }
    return 0;
}

static int run_integers(const struct measurement *measurement, const struct graph *graph, double **outputs,
                        struct arena *scratch) {
    const struct value_list inputs = graph_inputs(graph, scratch);
    int64_t **codes = ARENA_ARRAY(scratch, int64_t *, inputs.count);
    int64_t **results = ARENA_ARRAY(scratch, int64_t *, graph->output_count);
    for (uint32_t i = 0; i < inputs.count; i++) {
        size_t elements = shape_elements(&graph_value(graph, inputs.at[i])->shape);
        codes[i] = ARENA_ARRAY(scratch, int64_t, measurement->events * elements);
        const struct port_reader *reader = port_reader_new(graph, inputs.at[i], scratch);
        if (port_read_floats(reader, measurement->events, 0, measurement->inputs[i], codes[i]) < 0) return -1;
    }
    for (uint32_t o = 0; o < graph->output_count; o++)
        results[o] = ARENA_ARRAY(scratch, int64_t, measurement->events * output_elements(graph, o));
    if (graph_run_integers(graph, measurement->events, (const int64_t *const *)codes, results) < 0) return -1;
    for (uint32_t o = 0; o < graph->output_count; o++)
        port_to_reals(graph, graph->outputs[o].value, &graph->outputs[o].meaning, measurement->events, results[o],
                      outputs[o]);
    return 0;
}

static void compare(const struct measurement *measurement, double *const *after, struct pass_report *out) {
    double sum = 0;
    size_t count = 0;
    for (uint32_t o = 0; o < measurement->output_count; o++)
        for (size_t i = 0; i < measurement->events; i++) {
            size_t elements = measurement->output_elements[o];
            const double *a = after[o] + i * elements, *b = measurement->outputs[o] + i * elements;
            for (size_t e = 0; e < elements; e++, count++) {
                double error = number_distance(a[e], b[e]);
                sum += error;
                out->max_error = error > out->max_error ? error : out->max_error;
            }
            const struct decision_rule *rule = &measurement->rules[o];
            for (size_t e = 0; e + rule->wide <= elements; e += rule->wide) {
                out->decisions++;
                out->flipped += decision_of(rule, a + e) != decision_of(rule, b + e);
            }
        }
    out->mean_error = count ? sum / (double)count : 0;
    out->measured = true;
}

static bool comparable(const struct measurement *measurement, const struct graph *graph) {
    if (!measurement->outputs || measurement->output_count != graph->output_count) return false;
    for (uint32_t o = 0; o < graph->output_count; o++)
        if (measurement->output_elements[o] != output_elements(graph, o)) return false;
    return true;
}

static struct decision_rule *rules_of(const struct measurement *measurement, const struct graph *graph) {
    struct decision_rule *rules = ARENA_ARRAY(measurement->arena, struct decision_rule, graph->output_count + 1);
    for (uint32_t o = 0; o < graph->output_count; o++) rules[o] = decision_rule_of(graph, o);
    return rules;
}

bool measurement_take(struct measurement *measurement, struct program *program, struct pass_report *out) {
    const struct graph *graph = program->graph;
    struct arena *kept = arena_new(program->context), *scratch = arena_new(program->context);
    double **after = ARENA_ARRAY(kept, double *, graph->output_count);
    size_t *elements = ARENA_ARRAY(kept, size_t, graph->output_count);
    for (uint32_t o = 0; o < graph->output_count; o++) {
        elements[o] = output_elements(graph, o);
        after[o] = ARENA_ARRAY(kept, double, elements[o] * measurement->events);
    }
    int result = graph_is_integer(graph) ? run_integers(measurement, graph, after, scratch)
                                         : run_reals(measurement, graph, after, scratch);
    arena_free(scratch);
    if (result < 0)
        context_check_failed(program->context); /* it told that it is cancelled: no pass is to tell it again */
    bool can = result == 0 && comparable(measurement, graph);
    if (can)
        compare(measurement, after, out);
    else if (result == 0)
        measurement->rules = rules_of(measurement, graph);
    if (result == 0) {
        if (measurement->last) arena_free(measurement->last);
        measurement->last = kept;
        measurement->output_count = graph->output_count;
        measurement->output_elements = elements;
        measurement->outputs = after;
    } else
        arena_free(kept);
    return can;
}

void measurement_free(struct measurement *measurement) {
    if (measurement && measurement->last) arena_free(measurement->last);
}
