/* The second question where a network is compiled: is it still the trained one? Answered on the events on which the
 * passes are measured, by the rule that verify has too (sim/loss.c). */
#include "driver/driver.h"

#include <math.h>

struct network {
    struct graph *trained; /* as read */
    struct loss loss;
    bool measured;
    const char *events;    /* in words */
    const char *pass;      /* which changed the outputs most, or NULL */
    double pass_error;
};

struct network *network_new(struct program *program) {
    if (graph_is_integer(program->graph)) return NULL;
    struct network *network = ARENA_NEW(program->arena, struct network);
    network->trained = graph_clone(program->graph);
    return network;
}

void network_free(struct network *network) {
    if (network) graph_free(network->trained);
}

static void find_pass(struct network *network, const struct pass_report *reports, uint32_t count) {
    for (uint32_t i = 0; i < count; i++) {
        if (!reports[i].measured || !(reports[i].max_error > network->pass_error)) continue;
        network->pass = reports[i].name;
        network->pass_error = reports[i].max_error;
    }
}

static void warn(const struct program *program, const struct network *network) {
    const char *help = program->calibration.events ? "the report shows each pass and layer; --precision and --input give wider formats, --max-flips and --max-error make it an error"
                                                   : "give events like those of the experiment with --calibrate";
    diag_warning(&program->context->diagnostics, (struct location){.file = program->graph->source}, help,
                 "this is not the network that was trained: on %s %s", network->events, network->loss.warning);
}

static int check_gate(const struct program *program, const char *gate, const char *what, double limit, double value) {
    if (isnan(limit) || value <= limit) return 0;
    return diag_error(&program->context->diagnostics, (struct location){.file = program->graph->source, .attribute = gate}, NULL,
                      "%s: %.4g, and at most %.4g is allowed", what, value, limit);
}

static int check_gates(const struct program *program, const struct network *network, const struct bxc_options *options) {
    double flips, error;
    if (network_gates(options, &flips, &error) < 0) return -1;
    const struct loss *loss = &network->loss;
    if (!network->measured && !(isnan(flips) && isnan(error)))
        return diag_error(&program->context->diagnostics, (struct location){.file = program->graph->source}, "leave --max-flips and --max-error away",
                          "there is no float model with these outputs to compare with");
    double share = loss->decisions ? (double)loss->flipped / (double)loss->decisions : 0;
    int result = check_gate(program, "--max-flips", "share of the decisions that flipped", flips, share);
    return check_gate(program, "--max-error", "largest error", error, loss->max_error) < 0 ? -1 : result;
}

int network_gates(const struct bxc_options *options, double *flips, double *error) {
    int result = options_share(options, "max-flips", (double)NAN, flips);
    return options_number(options, "max-error", (double)NAN, 0, 1e300, error) < 0 ? -1 : result;
}

static bool is_gated(const struct bxc_options *options) {
    return options_has(options, "max-flips") || options_has(options, "max-error");
}

int network_judge(struct network *network, struct program *program, const struct measurement *measurement,
                  const struct pass_report *reports, uint32_t report_count, const struct bxc_options *options) {
    struct network none = {0};
    if (!network) return check_gates(program, &none, options);
    network->events = measurement_events(measurement);
    network->measured = loss_measure(network->trained, program->graph, measurement_count(measurement), measurement_inputs(measurement),
                                     (double)NAN, program->calibration.events > 0, program->arena, &network->loss);
    if (network->measured) {
        find_pass(network, reports, report_count);
        if (network->loss.warning && !is_gated(options)) warn(program, network);
        struct strbuf line = strbuf_new(program->arena);
        network_print(&line, network);
        program_note(program, "measure", NULL, (double)NAN, "%.*s", (int)line.length - 1, line.data);
    }
    return check_gates(program, network, options);
}

void network_print(struct strbuf *out, const struct network *network) {
    if (!network || !network->measured) return;
    loss_terminal(out, &network->loss);
    if (network->pass && network->loss.max_error > 0) strbuf_printf(out, ", most in pass '%s'", network->pass);
    strbuf_printf(out, "; on %s\n", network->events);
}
