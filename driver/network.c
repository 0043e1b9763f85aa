/* The second question where a network is compiled: is it still the trained one? Answered on the events on which the
 * passes are measured, by the rule that verify has too (sim/loss.c). */
#include "driver/driver.h"
#include "ir/verify.h"

#include <math.h>
#include <string.h>

struct network {
    struct graph *trained; /* as read */
    struct loss loss;
    bool measured;
    const char *events; /* in words */
    const char *pass;   /* which changed the outputs most, or NULL */
    double pass_error;
    struct truth truth; /* labels NULL: none */
    bool gated, calibrated;
};

struct gates { /* NaN: none */
    double flips, error, loss;
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
    bool chosen = program->used & (USE_WEIGHTS | USE_ACTIVATIONS),
         pruned = network->pass && strcmp(network->pass, "prune") == 0;
    const char *help =
        pruned ? "most of it is the pruning's: ask for less of it (--prune), or train the pruned network again"
        : !program->calibration.events ? "give events like those of the experiment with --calibrate"
        : chosen
            ? "the report shows each pass and layer; --precision and --input give wider formats, --max-flips and --max-error make it an error"
            : "the report shows each pass and layer; --input gives a wider port, --max-flips and --max-error make it an error";
    diag_warning(&program->context->diagnostics, (struct location){.file = program->graph->source}, help,
                 "this is not the network that was trained: on %s %s", network->events, network->loss.warning);
}

static int exceeds(const struct program *program, const char *gate, const char *what, const char *value,
                   const char *limit) {
    return diag_error(&program->context->diagnostics,
                      (struct location){.file = program->graph->source, .attribute = gate}, NULL,
                      "%s: %s, and at most %s is allowed", what, value, limit);
}

static int check_share(const struct program *program, const char *gate, const char *what, double limit, double value) {
    if (isnan(limit) || value <= limit) return 0;
    return exceeds(program, gate, what, share_words(program->arena, value, 1), share_words(program->arena, limit, 1));
}

static int check_error(const struct program *program, double limit, double value) {
    if (isnan(limit) || value <= limit) return 0;
    return exceeds(program, "--max-error", "largest error", arena_printf(program->arena, "%.4g", value),
                   arena_printf(program->arena, "%.4g", limit));
}

static int read_gates(const struct bxc_options *options, struct gates *out) {
    int result = options_share(options, "max-flips", (double)NAN, 1, &out->flips);
    if (options_number(options, "max-error", (double)NAN, 0, 1e300, &out->error) < 0) result = -1;
    return options_share(options, "max-loss", (double)NAN, 1, &out->loss) < 0 ? -1 : result;
}

int network_check_options(struct bxc_context *context, const struct bxc_options *options) {
    struct gates gates;
    int result = read_gates(options, &gates);
    if (!isnan(gates.loss) && !options_has(options, "labels"))
        result = diag_error(&context->diagnostics, (struct location){.option = "--max-loss"},
                            "give the true classes of the calibration events with --labels", "--max-loss needs labels");
    if (options_has(options, "labels") && !options_has(options, "calibrate"))
        result = diag_error(&context->diagnostics, (struct location){.option = "--labels"},
                            "give their events too: --calibrate FILE", "labels without calibration events");
    return result;
}

static int check_gates(const struct program *program, const struct network *network,
                       const struct bxc_options *options) {
    struct gates gates;
    if (read_gates(options, &gates) < 0) return -1;
    const struct loss *loss = &network->loss;
    if (!network->measured && !(isnan(gates.flips) && isnan(gates.error) && isnan(gates.loss)))
        return diag_error(&program->context->diagnostics, (struct location){.file = program->graph->source},
                          "leave --max-flips, --max-error and --max-loss away",
                          "there is no float model with these outputs to compare with");
    if (!isnan(gates.error) && loss->outputs == 0)
        return diag_error(&program->context->diagnostics, (struct location){.attribute = "--max-error"},
                          "hold them against --max-flips",
                          "there is no error to hold the limit against: only decisions are compared");
    int result = check_share(program, "--max-flips", "decisions flipped", gates.flips, loss_flipped_share(loss));
    if (check_error(program, gates.error, loss->max_error) < 0) result = -1;
    double lost = labelled_loss(network->truth.labelled, network->truth.labelled_count);
    return check_share(program, "--max-loss", "accuracy lost", gates.loss, lost) < 0 ? -1 : result;
}

/* The true classes of the events that are measured, by one output. */
static int read_classes(struct program *program, struct event_source *source, size_t events,
                        struct output_labels *out) {
    struct shape shape;
    out->columns = event_source_elements(source, &shape);
    out->classes = ARENA_ARRAY(program->arena, double, events * out->columns + 1);
    size_t there = event_source_count(source);
    int64_t got = event_source_read(source, out->classes, events);
    bool whole = program->calibration.events < CALIBRATION_EVENTS_MAX ? there == program->calibration.events
                                                                      : there >= program->calibration.events;
    if (got < 0) return -1; /* it was diagnosed */
    if (got == (int64_t)events && whole) return 0;
    return diag_error(&program->context->diagnostics, (struct location){.file = out->file}, "one label an event",
                      "%zu labels for %zu calibration events", there, program->calibration.events);
}

static int read_labels(struct program *program, const struct bxc_options *options, size_t events, struct truth *out) {
    const struct graph *graph = program->graph;
    uint32_t file_count = 0;
    while (options_at(options, "labels", file_count)) file_count++;
    const char **files = ARENA_ARRAY(program->arena, const char *, file_count + 1);
    for (uint32_t i = 0; i < file_count; i++) files[i] = options_at(options, "labels", i);
    struct event_source **sources = ARENA_ARRAY(program->arena, struct event_source *, graph->output_count + 1);
    struct output_labels *labels = ARENA_ARRAY(program->arena, struct output_labels, graph->output_count + 1);
    if (label_sources_open(program->context, graph, files, file_count, sources) < 0) return -1;
    int result = 0;
    for (uint32_t o = 0; o < graph->output_count; o++) {
        if (!sources[o]) continue;
        labels[o].file = arena_strdup(program->arena, event_source_path(sources[o]));
        if (read_classes(program, sources[o], events, &labels[o]) < 0) result = -1;
        event_source_close(sources[o]);
    }
    out->labels = labels;
    return result;
}

static bool is_gated(const struct bxc_options *options) {
    return options_has(options, "max-flips") || options_has(options, "max-error") || options_has(options, "max-loss");
}

static void warn_of_labels(const struct program *program, const char *why) {
    diag_warning(&program->context->diagnostics, (struct location){.file = program->graph->source}, NULL,
                 "--labels does nothing: %s", why);
}

int network_judge(struct network *network, struct program *program, const struct measurement *measurement,
                  const struct pass_report *reports, uint32_t report_count, const struct bxc_options *options) {
    struct network none = {0};
    bool labels = options_has(options, "labels");
    if (labels && !network) warn_of_labels(program, "a quantised graph has no float model to compare with");
    if (!network) return check_gates(program, &none, options);
    size_t events = measurement_count(measurement);
    network->events = measurement_events(measurement);
    network->gated = is_gated(options);
    network->calibrated = program->calibration.events > 0;
    if (labels && read_labels(program, options, events, &network->truth) < 0) return -1;
    size_t errors = program->context->diagnostics.errors;
    network->measured = loss_measure_labelled(network->trained, program->graph, events, measurement_inputs(measurement),
                                              (double)NAN, program->calibration.events > 0,
                                              labels ? &network->truth : NULL, program->arena, &network->loss);
    if (program->context->diagnostics.errors > errors) return -1;
    if (labels && !network->measured)
        warn_of_labels(program, "there is no float model with these outputs to compare with");
    if (network->measured) {
        find_pass(network, reports, report_count);
        if (network->loss.warning && !network->gated) warn(program, network);
        struct strbuf line = strbuf_new(program->arena);
        network_print(&line, network);
        program_note(program, "measure", NULL, (double)NAN, "%.*s", (int)strcspn(line.data, "\n"), line.data);
    }
    return check_gates(program, network, options);
}

void network_print(struct strbuf *out, const struct network *network) {
    if (!network || !network->measured) return;
    loss_terminal(out, &network->loss, network->gated);
    if (network->pass && network->loss.max_error > 0) strbuf_printf(out, ", most in pass '%s'", network->pass);
    labelled_words(out, network->truth.labelled, network->truth.labelled_count);
    strbuf_printf(out, "; on %s%s\n", network->events,
                  network->calibrated || !(network->loss.max_error > 0 || network->loss.flipped)
                      ? ""
                      : ": only --calibrate EVENTS can judge it");
    floats_terminal(out, &network->loss);
}
