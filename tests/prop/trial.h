/* One random network from reader to schedule: it is compiled, or refused with a reason that is no defect; what is
 * written reads back; ports have the formats that were asked for, and numbers arrive there as they are; what does
 * nothing and what calibration cannot judge is told; the design computes the quantised graph bit for bit; the quantised
 * graph computes the network, bit for bit where the notes claim it, else as close as formats, tables and binary32
 * allow. */
#ifndef BXC_TEST_TRIAL_H
#define BXC_TEST_TRIAL_H

#include "driver/driver.h"
#include "ir/eval.h"
#include "ir/text.h"
#include "tests/prop/bounds.h"
#include "tests/prop/choices.h"
#include "tests/prop/network.h"
#include "tests/prop/words.h"

#include <stdlib.h>
#include <string.h>

enum { EVENTS = 192 };

struct trial {
    struct bxc_context *context;
    uint64_t seed;
    struct bxc_options *given;
    const char *folder; /* for a configuration, or NULL */
    struct compile_options options;
    struct program program;
    struct graph *as_read, *reference; /* reference: what it is to compute */
    struct words words;
    const char *name;     /* the firmware's */
    const char *wrong;    /* what went wrong, or NULL */
    const uint8_t *bytes; /* a fuzzer's, or NULL */
    size_t byte_count;
    bool refused, is_float, plain; /* is_float: the inputs are; plain: all formats are bxc's */
    bool own_quantisers;           /* of its variables, by the model */
    bool hard;                     /* network.h */
    bool wild;                     /* nothing is promised of its numbers (network.h) */
    const char *reason;
    bool calibrated;
    bool at_rest, far_out; /* a feature never moves in calibration; one event is far larger than all others */
    int exponents[NETWORK_SCALED_INPUTS][NETWORK_FEATURES_MAX]; /* network.h */
    uint64_t bounded, unbounded;                                /* numbers held to bounds, and to none */
    const char *warned;                                         /* that a loss is not explained, or NULL */
    double usual_error;                                         /* of the network, the largest of its outputs' */
};

/* Whether a diagnosis says so. */
static inline bool is_told(const struct trial *trial, const char *what) {
    const struct diagnostics *diagnostics = &trial->context->diagnostics;
    for (size_t i = 0; i < diagnostics->count; i++)
        if (strstr(diagnostics->items[i].message, what)) return true;
    return false;
}

static inline bool is_defect(const struct diagnostic *item) {
    return (item->help && strstr(item->help, "defect of bxc")) || strstr(item->message, "defect of bxc") ||
           strstr(item->message, "broke the program");
}

/* ---- events ---- */

struct events {
    size_t events;
    float **reals; /* by input */
    int64_t **integers;
    bool on_grid; /* of the ports, or what their quantisers make codes of */
};

static inline float range_of_input(const struct trial *trial, uint32_t p) {
    struct network random = {.state = trial->seed * 8 + p};
    return ldexpf(1, draw(&random, 6));
}

static inline void draw_events(const struct trial *trial, struct network *random, uint32_t input, size_t count,
                               float *out) {
    float range = range_of_input(trial, input);
    if (trial->calibrated)
        memcpy(out, trial->program.calibration.data[input], count * sizeof *out); /* nothing is promised of others */
    for (size_t i = 0; i < count && !trial->calibrated; i++) out[i] = draw_real(random, draw(random, 4) ? range : 100);
}

/* On the ports' grids, unless the ports are bxc's own choice by calibration. */
static inline struct events events_of(const struct trial *trial) {
    const struct graph *graph = trial->program.graph;
    struct value_list inputs = graph_inputs(graph, graph->arena);
    struct events block = {EVENTS, ARENA_ARRAY(graph->arena, float *, inputs.count),
                           ARENA_ARRAY(graph->arena, int64_t *, inputs.count),
                           !trial->plain || !trial->calibrated || trial->options.input_count > 0};
    struct network random = {.state = trial->seed};
    for (uint32_t p = 0; p < inputs.count; p++) {
        size_t count = EVENTS * shape_elements(&graph_value(graph, inputs.at[p])->shape);
        double *real = ARENA_ARRAY(graph->arena, double, count);
        block.reals[p] = ARENA_ARRAY(graph->arena, float, count);
        block.integers[p] = ARENA_ARRAY(graph->arena, int64_t, count);
        draw_events(trial, &random, p, count, block.reals[p]);
        (void)port_from_reals(graph, inputs.at[p], EVENTS, 0, block.reals[p], block.integers[p]);
        const struct meaning *meaning = &graph_definition(graph, inputs.at[p])->attributes.input.meaning;
        port_to_reals(graph, inputs.at[p], meaning, EVENTS, block.integers[p], real);
        /* codes come from the model's own quantiser, which binary32 need not give the same code again */
        for (size_t i = 0; i < count && !meaning->scale && block.on_grid; i++) block.reals[p][i] = (float)real[i];
    }
    return block;
}

static inline size_t output_elements(const struct graph *graph, uint32_t o) {
    return shape_elements(&graph_value(graph, graph->outputs[o].value)->shape);
}

/* ---- the quantised graph against the network ---- */

/* The claim is of the quantised network: folding has rounded weights before. */
static inline bool claimed_exact(const struct program *program, const char *output) {
    bool claimed = false, folded = false;
    for (uint32_t i = 0; i < program->note_count; i++) {
        const struct pass_note *note = &program->notes[i];
        folded = folded || strcmp(note->pass, "fold_batch_norm") == 0;
        claimed = claimed || (note->subject && strcmp(note->subject, output) == 0 &&
                              strstr(note->text, "bit for bit, for events"));
    }
    return claimed && !folded;
}

/* Functions get a format of bxc's own behind them, in which only whole numbers stay as they are. */
static inline bool is_rounded(enum op op) {
    return op_is_transcendental(op) || op == OP_SOFTMAX || (op_is_stepped(op) && !op_meaning(op)->whole);
}

/* Whether tables stand between the inputs and a value of the network as read. */
static inline bool behind_table(const struct graph *graph, valref value) {
    bool *behind = ARENA_ARRAY(graph->arena, bool, graph->value_count);
    for (uint32_t i = 0; i < graph->node_count; i++) {
        const struct node *node = &graph->nodes[i];
        bool is = is_rounded(node->op);
        for (uint32_t k = 0; k < node->input_count; k++) is = is || behind[node->inputs[k].id];
        for (uint32_t r = 0; r < node->result_count; r++) behind[node->result.id + r] = is;
    }
    return behind[value.id];
}

static inline int by_size(const void *a, const void *b) {
    return *(const double *)a < *(const double *)b ? -1 : *(const double *)a > *(const double *)b;
}

/* What this share of the numbers stays below. */
static inline double usual(double *sizes, size_t count, double share) {
    qsort(sizes, count, sizeof *sizes, by_size);
    return sizes[(size_t)((double)count * share)];
}

/* Options that the network took make it another one: how far off it may be is the rule of sim/loss.c. */
static inline bool is_coarse(const struct trial *trial) {
    for (uint32_t i = 0; i < trial->options.layer_count; i++)
        if (trial->program.layers_used[i]) return true;
    return trial->program.used & trial->options.given & (USE_FORMATS | USE_WEIGHTS | USE_SPARSITY | USE_SOFTMAX_ERROR);
}

static inline bool quantises_variables(const struct graph *graph) {
    struct graph *read = graph_clone(graph);
    graph_compact(read);
    const bool *constant = constants_of(read, read->arena);
    bool any = false;
    for (uint32_t n = 0; n < read->node_count; n++)
        any = any || (op_is_quantiser(read->nodes[n].op) && !constant[read->nodes[n].result.id]);
    graph_free(read);
    return any;
}

/* Of the size of the numbers. With quantisers: compare_bounds. Classes are none: near ties they are any. */
static inline double allowed_error(const struct trial *trial, valref output, bool tables) {
    bool near_ties = (trial->hard || tables) && graph_definition(trial->reference, output)->op == OP_ARGMAX;
    if (trial->own_quantisers || near_ties) return INFINITY;
    return tables || (trial->plain && !trial->calibrated) ? 0.1 : 0.01;
}

static inline void compare_output(struct trial *trial, uint32_t o, bool on_grid, const float *expected,
                                  const int64_t *codes) {
    const struct graph *graph = trial->program.graph;
    const struct graph_output *output = &graph->outputs[o];
    size_t count = EVENTS * output_elements(graph, o), differing = 0;
    double *got = ARENA_ARRAY(graph->arena, double, count), *errors = ARENA_ARRAY(graph->arena, double, count);
    double *sizes = ARENA_ARRAY(graph->arena, double, count);
    if (output_elements(trial->reference, o) != output_elements(graph, o)) {
        trial->wrong = "an output has another shape";
        return;
    }
    port_to_reals(graph, output->value, &output->meaning, EVENTS, codes, got);
    for (size_t i = 0; i < count; i++) {
        errors[i] = fabs(got[i] - (double)expected[i]);
        differing += errors[i] != 0;
        sizes[i] = fabs((double)expected[i]);
    }
    /* the claim is of the quantised network: what was float is another one */
    bool tables = behind_table(trial->reference, trial->reference->outputs[o].value);
    bool exact = on_grid && !tables && !trial->is_float && claimed_exact(&trial->program, output->name);
    double most = usual(sizes, count, 0.9), largest = fmax(trial->far_out ? most : sizes[count - 1], 1);
    bool classes = graph_definition(trial->reference, trial->reference->outputs[o].value)->op == OP_ARGMAX;
    double share = is_coarse(trial) && !trial->calibrated ? 0.5 : 0.9;
    double error =
        classes && is_coarse(trial) ? (2 * differing > count ? INFINITY : 0) : usual(errors, count, share) / largest;
    trial->usual_error = fmax(trial->usual_error, error);
    if (is_coarse(trial)) return;
    if (exact ? differing > 0 : !(error <= allowed_error(trial, trial->reference->outputs[o].value, tables)))
        trial->wrong = arena_printf(
            graph->arena,
            "output '%s' of %s: %zu of %zu numbers differ, nine of ten (or half) by less than %g of the largest, %g",
            output->name,
            exact    ? "an exact network"
            : tables ? "a network with tables"
                     : "a network",
            differing, count, error, largest);
}

static inline int64_t **integer_outputs(const struct graph *graph) {
    int64_t **data = ARENA_ARRAY(graph->arena, int64_t *, graph->output_count);
    for (uint32_t o = 0; o < graph->output_count; o++)
        data[o] = ARENA_ARRAY(graph->arena, int64_t, EVENTS * output_elements(graph, o));
    return data;
}

/* A network that is another one than was trained must be told as such: most numbers further off than this, or half of
 * the classes. Most: nine of ten, of events that are made up half. */
static inline void judge_loss(struct trial *trial, const struct events *block) {
    const double ruined = trial->calibrated ? 0.3 : 1; /* of the largest */
    struct loss loss;
    if (!loss_measure(trial->reference, trial->program.graph, EVENTS, (const float *const *)block->reals, (double)NAN,
                      trial->calibrated, trial->program.arena, &loss))
        return;
    trial->warned = loss.warning;
    if (trial->usual_error > ruined && !loss.warning)
        trial->wrong =
            arena_printf(trial->program.arena,
                         "most numbers are off by up to %g of the largest, and no warning says so", trial->usual_error);
}

/* The bits of factors that join scales without a common grid, where a note tells it. */
static inline double shortened_to(const struct trial *trial) {
    double bits = INFINITY;
    for (uint32_t i = 0; i < trial->program.note_count; i++) {
        const struct pass_note *note = &trial->program.notes[i];
        if (strstr(note->text, "scales without a common grid")) bits = fmin(bits, note->number);
    }
    return bits;
}

/* Of what bxc chooses formats for, in a network with quantisers of its own. */
static inline struct bounds_slack slack_of(const struct trial *trial) {
    return (struct bounds_slack){.table = 0x1p-6,
                                 .entry = 0x1p-15,
                                 .softmax = 2 * trial->options.softmax_error + 0x1p-8,
                                 .relative = exp2(2 - shortened_to(trial))};
}

/* What the operands of each node are rounded by where it has no room, as notes tell it; those of its parts, NODE.part,
 * too. */
static inline const double *rounded_of(const struct trial *trial) {
    const struct graph *graph = trial->reference;
    double *rounded = ARENA_ARRAY(trial->program.arena, double, graph->node_count);
    for (uint32_t i = 0; i < trial->program.note_count; i++) {
        const struct pass_note *note = &trial->program.notes[i];
        if (!strstr(note->text, "has no room for all bits of")) continue;
        for (uint32_t n = 0; n < graph->node_count; n++) {
            size_t length = strlen(graph->nodes[n].name);
            if (strncmp(note->subject, graph->nodes[n].name, length) == 0 &&
                (!note->subject[length] || note->subject[length] == '.'))
                rounded[n] = fmax(rounded[n], note->number);
        }
    }
    return rounded;
}

static inline void compare_bounds(struct trial *trial, const struct events *block, int64_t *const *codes) {
    const struct graph *graph = trial->program.graph;
    struct arena *arena = trial->program.arena;
    struct bounds_run run = bounds_new(trial->reference, (const float *const *)block->reals, slack_of(trial), arena);
    run.rounded = rounded_of(trial);
    for (run.event = 0; run.event < EVENTS && !trial->wrong; run.event++) {
        bounds_of_event(&run, arena);
        for (uint32_t o = 0; o < graph->output_count && !trial->wrong; o++) {
            size_t count = output_elements(graph, o);
            const struct bound *bounds = run.values[trial->reference->outputs[o].value.id];
            double *got = ARENA_ARRAY(arena, double, count);
            port_to_reals(graph, graph->outputs[o].value, &graph->outputs[o].meaning, 1, codes[o] + run.event * count,
                          got);
            for (size_t i = 0; i < count && !trial->wrong; i++) {
                (*(isfinite(bounds[i].lo) && isfinite(bounds[i].hi) ? &trial->bounded : &trial->unbounded))++;
                if (!is_within(bounds[i], got[i]))
                    trial->wrong =
                        arena_printf(arena, "output '%s', element %zu of event %zu: %.9g is not from %.9g to %.9g",
                                     graph->outputs[o].name, i, run.event, got[i], bounds[i].lo, bounds[i].hi);
            }
        }
    }
}

static inline void compare_network(struct trial *trial, const struct events *block, int64_t *const *codes) {
    const struct graph *reference = trial->reference;
    float **expected = ARENA_ARRAY(reference->arena, float *, reference->output_count);
    for (uint32_t o = 0; o < reference->output_count; o++)
        expected[o] = ARENA_ARRAY(reference->arena, float, EVENTS *output_elements(reference, o));
    (void)graph_run_reals(reference, EVENTS, (const float *const *)block->reals, expected);
    for (uint32_t o = 0; o < reference->output_count && !trial->wrong; o++)
        compare_output(trial, o, block->on_grid, expected[o], codes[o]);
    if (!trial->wrong && is_coarse(trial))
        judge_loss(trial, block);
    else if (!trial->wrong && trial->own_quantisers)
        compare_bounds(trial, block, codes);
}

static inline void compare_design(struct trial *trial, const struct events *block, int64_t *const *codes) {
    const struct graph *graph = trial->program.graph;
    int64_t **got = integer_outputs(graph);
    if (design_run(trial->program.design, EVENTS, (const int64_t *const *)block->integers, got) < 0)
        trial->wrong = "the design does not run";
    for (uint32_t o = 0; o < graph->output_count && !trial->wrong; o++)
        if (memcmp(got[o], codes[o], EVENTS * output_elements(graph, o) * sizeof **got) != 0)
            trial->wrong = arena_printf(graph->arena, "output '%s' of the design differs from the quantised graph",
                                        graph->outputs[o].name);
}

/* ---- options and calibration ---- */

/* What the firmware is to compute where --softmax asks for something else than the network has. */
static inline void change_softmax(struct graph *graph, enum softmax_mode mode) {
    for (uint32_t o = 0; o < graph->output_count; o++) {
        const struct node *softmax = graph_definition(graph, graph->outputs[o].value);
        if (softmax->op != OP_SOFTMAX || mode == SOFTMAX_KEEP) continue;
        valref logits = softmax->inputs[0];
        union attributes attributes = {.axis = softmax->attributes.axis};
        const char *name = arena_printf(graph->arena, "winner%u", o);
        graph->outputs[o].value =
            mode == SOFTMAX_DROP ? logits : graph_append(graph, OP_ARGMAX, name, &logits, 1, &attributes);
    }
}

static inline float range_of_feature(const struct trial *trial, uint32_t input, size_t feature) {
    bool uneven = trial->plain && input < NETWORK_SCALED_INPUTS && feature < NETWORK_FEATURES_MAX;
    return uneven ? ldexpf(1, trial->exponents[input][feature]) : range_of_input(trial, input);
}

/* As many events as are run. In hard ones a feature may be at rest, and one event far out, where that can be told. */
static inline struct calibration calibration_of(struct trial *trial) {
    const struct graph *graph = trial->reference;
    struct value_list inputs = graph_inputs(graph, graph->arena);
    struct calibration calibration = {EVENTS, ARENA_ARRAY(graph->arena, const float *, inputs.count), inputs.count};
    struct network random = {.state = ~trial->seed};
    for (uint32_t p = 0; p < inputs.count; p++) {
        size_t features = shape_elements(&graph_value(graph, inputs.at[p])->shape), rest = features, out = features;
        float *reals = ARENA_ARRAY(graph->arena, float, EVENTS *features), still = 0;
        if (trial->hard && p == 0 && draw(&random, 3) == 0) rest = (size_t)draw(&random, (int)features);
        if (trial->hard && trial->options.input_count == 0 && draw(&random, 4) == 0)
            out = (size_t)draw(&random, (int)features);
        if (rest < features && draw(&random, 2)) still = draw_real(&random, 8);
        for (size_t i = 0; i < EVENTS * features; i++)
            reals[i] = i % features == rest ? still : draw_real(&random, range_of_feature(trial, p, i % features));
        if (out < features && out != rest) reals[7 * features + out] = 0x1p20f * range_of_feature(trial, p, out);
        trial->at_rest = trial->at_rest || rest < features;
        trial->far_out = trial->far_out || (out < features && out != rest);
        calibration.data[p] = reals;
    }
    return calibration;
}

/* ---- what was asked for, and what is told ---- */

/* The port of the network's first input; NULL where nothing reads it. */
static inline const struct value *first_port(const struct trial *trial) {
    const struct graph *graph = trial->program.graph;
    const struct value_list inputs = graph_inputs(graph, graph->arena);
    const char *name = trial->as_read->nodes[0].name;
    for (uint32_t i = 0; i < inputs.count; i++)
        if (strcmp(graph_definition(graph, inputs.at[i])->name, name) == 0)
            return graph_format(graph, inputs.at[i], 0).width ? graph_value(graph, inputs.at[i]) : NULL;
    return NULL;
}

/* Ports that the user's format was meant for have it. */
static inline void check_ports(struct trial *trial) {
    const struct graph *graph = trial->program.graph;
    const struct input_options *asked = trial->options.input_count == 1 ? &trial->options.inputs[0] : NULL;
    if (!asked || !asked->formats.at || shape_elements(&asked->formats.shape) > 1) return;
    for (uint32_t n = 0; n < graph->node_count; n++) {
        const struct node *node = &graph->nodes[n];
        if (node->op != OP_INPUT || (asked->name && strcmp(asked->name, node->name) != 0)) continue;
        struct format wanted = asked->formats.at[0];
        for (size_t e = 0; e < shape_elements(&graph_value(graph, node->result)->shape); e++) {
            struct format got = graph_format(graph, node->result, e);
            bool same =
                got.is_signed == wanted.is_signed && got.width == wanted.width && got.fraction == wanted.fraction;
            if (!same && got.width)
                trial->wrong = arena_printf(graph->arena, "port '%s' has not the user's format", node->name);
        }
    }
}

/* Any code of a port comes back from the number that it stands for. */
static inline void check_numbers(struct trial *trial) {
    const struct graph *graph = trial->program.graph;
    struct network random = {.state = trial->seed};
    const struct value_list inputs = graph_inputs(graph, graph->arena);
    for (uint32_t p = 0; p < inputs.count; p++) {
        const struct input_attributes *rule = &graph_definition(graph, inputs.at[p])->attributes.input;
        size_t count = shape_elements(&graph_value(graph, inputs.at[p])->shape);
        int64_t *codes = ARENA_ARRAY(graph->arena, int64_t, count), *got = ARENA_ARRAY(graph->arena, int64_t, count);
        double *reals = ARENA_ARRAY(graph->arena, double, count);
        if (rule->meaning.scale || rule->meaning.zero_point || rule->overflow == OVERFLOW_SATURATE_SYMMETRIC) continue;
        for (size_t e = 0; e < count; e++) {
            struct format format = graph_format(graph, inputs.at[p], e);
            uint64_t span = (uint64_t)format_max(format) - (uint64_t)format_min(format) + 1;
            codes[e] = format.width > 52 || !span
                           ? 0
                           : (int64_t)((uint64_t)format_min(format) + network_random(&random) % span);
        }
        port_to_reals(graph, inputs.at[p], NULL, 1, codes, reals);
        const struct port_reader *reader = port_reader_new(graph, inputs.at[p], graph->arena);
        if (port_read_doubles(reader, 1, 0, reals, got) < 0 || memcmp(codes, got, count * sizeof *codes) != 0)
            trial->wrong = arena_printf(graph->arena, "numbers do not arrive at port '%s' as they are",
                                        graph_definition(graph, inputs.at[p])->name);
    }
}

static inline void check_told(struct trial *trial) {
    unused_warn(&trial->program);
    if ((trial->options.given & USE_WEIGHTS) && !trial->is_float &&
        !is_told(trial, "bits of weights (--precision) does nothing"))
        trial->wrong = "bits of weights do nothing, and nobody says so";
    if (trial->at_rest && trial->plain && trial->options.input_count == 0 && first_port(trial) &&
        !is_told(trial, "never moved"))
        trial->wrong = "a feature at rest is not told";
}

/* ---- names ---- */

static inline bool is_name_of_a_port(const struct graph *graph, const char *name) {
    for (uint32_t n = 0; n < graph->node_count; n++)
        if (graph->nodes[n].op == OP_INPUT && strcmp(graph->nodes[n].name, name) == 0) return true;
    for (uint32_t o = 0; o < graph->output_count; o++)
        if (strcmp(graph->outputs[o].name, name) == 0) return true;
    return false;
}

/* Of hard ones every second port is called as nothing may be, and every firmware. */
static inline void draw_names(struct trial *trial, struct graph *graph) {
    struct network random = {.state = trial->seed ^ 0x5eed};
    if (!trial->hard) return;
    trial->words = words_all(trial->context->arena);
    for (uint32_t i = 0; i < graph->node_count + graph->output_count; i++) {
        const char *word = words_draw(&trial->words, &random);
        bool input = i < graph->node_count;
        if ((input && graph->nodes[i].op != OP_INPUT) || draw(&random, 2) || is_name_of_a_port(graph, word)) continue;
        if (input)
            graph->nodes[i].name = arena_strdup(graph->arena, word);
        else
            graph->outputs[i - graph->node_count].name = arena_strdup(graph->arena, word);
    }
    trial->name = name_firmware(trial->context->arena, words_draw(&trial->words, &random));
}

static inline void check_names(struct trial *trial, const struct file_set *files) {
    struct arena *arena = trial->context->arena;
    for (uint32_t i = 0; i < files->count; i++) {
        const struct emitted_file *file = &files->files[i];
        if (strncmp(file->path, "rtl/", 4) != 0 || !text_ends_with(file->path, ".v")) continue;
        const char *word = words_in_verilog(&trial->words, arena, arena_strndup(arena, file->data, file->length));
        if (word)
            trial->wrong = arena_printf(arena, "'%s' of %s is a word of a language or of a template", word, file->path);
    }
}

/* ---- one network ---- */

/* As compile does it; of calibrated ones, since that takes as long as all the rest. */
static inline int measure_pass(void *user, struct program *program, const struct pass *pass, bool changed,
                               double seconds) {
    struct measurement *measurement = user;
    struct pass_report report = {.seconds = seconds};
    if (changed && pass->side == ABOVE_THE_LINE) (void)measurement_take(measurement, program, &report);
    return 0;
}

static inline int run_passes(struct trial *trial) {
    struct program *program = &trial->program;
    struct pass_report start;
    if (!trial->calibrated) return passes_run(program, NULL, NULL);
    const struct pass_hooks hooks = {measurement_new(program), measure_pass};
    (void)measurement_take(hooks.user, program, &start);
    return passes_run(program, &hooks, NULL);
}

static inline int network_compile(void *user) {
    struct trial *trial = user;
    struct network seeds = {.state = trial->seed}; /* of their own: one after the other would draw alike */
    struct network network = {.state = network_random(&seeds),
                              .bytes = trial->bytes,
                              .byte_count = trial->byte_count,
                              .hard = trial->hard,
                              .convolves = trial->seed % 4 == 1};
    network.graph = trial->program.graph = graph_new(trial->context, "network");
    trial->is_float = trial->hard ? draw(&network, 4) == 0 : trial->seed % 8 == 0; /* bxc chooses formats */
    network.uneven = trial->hard && trial->is_float && draw(&network, 2);
    network_build(&network, trial->is_float);
    if (trial->bytes) trial->seed = network_random(&network); /* of the events */
    draw_names(trial, network.graph);
    trial->plain = network.plain;
    trial->own_quantisers = quantises_variables(network.graph);
    trial->wild = network.wild;
    memcpy(trial->exponents, network.exponents, sizeof trial->exponents);
    trial->as_read = graph_clone(network.graph);
    trial->reference = graph_clone(network.graph);
    network_choose(&network, trial->given);
    trial->calibrated = network.uneven || draw(&network, trial->is_float ? 2 : 6) == 0;
    network_configure(&network, trial->given, trial->folder);
    if (settings_read(trial->context, trial->program.arena, trial->given, &trial->options) < 0) return -1;
    for (uint32_t i = 0; i < trial->options.input_count;
         i++) { /* binary32 does not hold its numbers: check_numbers does */
        const struct formats *formats = &trial->options.inputs[i].formats;
        for (size_t e = 0; formats->at && e < shape_elements(&formats->shape); e++)
            trial->wild = trial->wild || formats->at[e].width > 24;
    }
    change_softmax(trial->reference, trial->options.softmax);
    if (trial->calibrated) trial->program.calibration = calibration_of(trial);
    trial->program.options = &trial->options;
    unused_watch(&trial->program);
    trial->program.technology = technology_for(trial->options.part, trial->options.grade);
    return run_passes(trial);
}

static inline int network_check(void *user) {
    struct trial *trial = user;
    struct graph *graph = trial->program.graph;
    struct strbuf text = strbuf_new(graph->arena);
    graph_print(&text, graph);
    if (read_back(graph, "model.bxc", &text) < 0) trial->wrong = "the quantised graph reads back as something else";
    if (!trial->wrong) check_ports(trial);
    if (!trial->wrong) check_numbers(trial);
    if (!trial->wrong) check_told(trial);
    if (trial->wrong) return 0;
    struct events block = events_of(trial);
    int64_t **codes = integer_outputs(graph);
    (void)graph_run_integers(graph, EVENTS, (const int64_t *const *)block.integers, codes);
    if (!trial->wild) compare_network(trial, &block, codes);
    if (!trial->wrong) compare_design(trial, &block, codes);
    return 0;
}

/* By the diagnoses from here on. */
static inline void trial_judge_refusal(struct trial *trial, size_t from) {
    const struct diagnostics *diagnostics = &trial->context->diagnostics;
    trial->refused = true;
    const struct diagnostic *first = NULL;
    for (size_t i = from; i < diagnostics->count; i++) {
        const struct diagnostic *item = &diagnostics->items[i];
        if (item->severity != SEVERITY_ERROR) continue;
        if (!first) first = item;
        if (is_defect(item)) trial->wrong = arena_printf(trial->context->arena, "defect: %s", first->message);
    }
    if (!first)
        trial->wrong = "refused without a reason";
    else
        trial->reason = first->message;
}

static inline void trial_print(const struct trial *trial) {
    struct strbuf text = strbuf_new(trial->context->arena);
    if (trial->as_read) graph_print(&text, trial->as_read);
    strbuf_printf(&text, "#%s\n", options_words(trial->context->arena, trial->given));
    for (size_t i = 0; i < trial->context->diagnostics.count; i++)
        diag_format(&text, &trial->context->diagnostics.items[i]);
    printf("%s", text.data);
}

static inline struct trial trial_new(uint64_t seed, const uint8_t *bytes, size_t byte_count) {
    struct trial trial = {.context = context_new(), .seed = seed, .bytes = bytes, .byte_count = byte_count};
    trial.context->threads = 1;
    trial.given = bxc_options_new(trial.context);
    trial.program = (struct program){.context = trial.context, .arena = trial.context->arena};
    return trial;
}

/* With all its graphs and designs: a guard that was raised has released some of them already. */
static inline void trial_free(struct trial *trial) {
    bxc_options_free(trial->given);
    context_free(trial->context);
}

#endif
