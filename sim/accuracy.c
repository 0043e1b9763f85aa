/* How far the fixed network is from the model as trained. Where the model ends in a softmax that the
 * firmware leaves out, the softmax's operand is what is compared; where the firmware gives only the
 * winning class, decisions are. Decisions are arg-max over the last axis, or a threshold for one number.
 *
 * Events that decide otherwise, the first JUDGED_EVENTS and the worst ones run through the float model once more as
 * the port rounds them: what it does then too is the port's doing. What is left is held against what the formats
 * explain at that event (rounding.c). */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "sim/private.h"
#include "ir/eval.h"
#include "ir/ops.h"
#include "ir/verify.h"

/* Events whose errors are judged; fewer where a network is so large that the slopes of all of them take more than
 * JUDGE_WORK multiply-adds. Flips beyond four times as many have causes in the shares of those before. */
enum { JUDGED_EVENTS = 1024, JUDGED_AT_LEAST = 32 };
static const double JUDGE_WORK = 4e8;
/* binary32's own rounding, in sums of thousands of terms, is up to this share of the outputs' spread. */
static const double binary32_noise = 1.0 / 65536;
/* An element's errors are set against its own spread, but for no less than this share of its output's. */
static const double least_spread = 1.0 / 256;

struct moments {
    double count, sum, squares;
};

struct element { /* of an output */
    struct moments floats;
    double squared_errors;
};

struct pairing {                         /* one output */
    size_t floats, fixed;                /* elements of either */
    size_t decisions;                    /* an event */
    bool numbers;                        /* element by element, or only the decisions */
    bool float_is_index, fixed_is_index; /* of a class */
    const char *compared;
    struct decision_rule float_rule, fixed_rule;
    valref beside;          /* the fixed graph's value that the float numbers stand beside; NO_VALUE: none */
    struct moments moments; /* of the float outputs */
    double spread;          /* their root mean square about their mean; about 0 where they hardly vary */
    struct element *elements;
    bool one_scale;                                          /* of all elements: probabilities and the like */
    uint64_t judged_flips[LOSS_CAUSE_COUNT], unjudged_flips; /* that the port's rounding does not make */
    struct loss_output *flips;
};

struct accuracy {
    struct bxc_context *context;
    const char *file; /* for diagnoses */
    struct arena *arena;
    struct graph *reference; /* outputs as they are compared */
    const struct graph *fixed;
    struct pairing *pairs;
    double threshold;       /* that was asked for, or NaN */
    struct labels **labels; /* by output; NULL: none */
    uint32_t input_count;
    valref *inputs;
    size_t *input_elements;
    double **reals; /* fixed outputs as real numbers, one block */
    struct errors *errors;
    struct layer_errors *layers;
    struct roundings *roundings;    /* NULL: nothing is explained */
    uint64_t judged_most, explored; /* events at which slopes may be found, and were */
    struct loss loss;               /* as far as it is counted */
    struct worst_events *worst;
};

/* The expansion of a softmax keeps its name: "<softmax>.exp" and the like. */
static bool has_part_of(const struct graph *graph, const char *name) {
    size_t length = strlen(name);
    for (uint32_t i = 0; i < graph->node_count; i++) {
        const char *other = graph->nodes[i].name;
        if (!strncmp(other, name, length) && (other[length] == 0 || other[length] == '.')) return true;
    }
    return false;
}

static bool chooses_last_axis(const struct graph *graph, const struct node *argmax) {
    const struct value *operand = graph_value(graph, argmax->inputs[0]);
    return operand->kind == VALUE_REAL && argmax->attributes.axis.axis == operand->shape.rank - 1;
}

/* A winning class that is always the same has become a constant. */
static bool is_index(const struct accuracy *accuracy, const struct pairing *pair, valref fixed, valref reference) {
    const struct node *ends = through_reshapes(accuracy->fixed, fixed);
    if (ends->op != OP_CONSTANT) return gives_index(accuracy->fixed, fixed);
    size_t floats = graph_elements(accuracy->reference, reference);
    bool has_classes = pair->float_is_index || pair->float_rule.wide > 1;
    return has_classes && graph_elements(accuracy->fixed, fixed) == floats / pair->float_rule.wide;
}

/* The firmware's numbers behind its decisions. */
static valref stands_beside(const struct accuracy *accuracy, const struct pairing *pair, valref fixed) {
    const struct node *ends = through_reshapes(accuracy->fixed, fixed);
    if (pair->float_is_index || (pair->fixed_is_index && ends->op == OP_CONSTANT)) return NO_VALUE;
    if (pair->fixed_is_index) fixed = ends->inputs[0];
    return graph_elements(accuracy->fixed, fixed) == pair->floats ? fixed : NO_VALUE;
}

static void pair_up(struct accuracy *accuracy, uint32_t output) {
    struct pairing *pair = &accuracy->pairs[output];
    struct graph_output *reference = &accuracy->reference->outputs[output];
    valref fixed = accuracy->fixed->outputs[output].value;
    const struct node *ends = through_reshapes(accuracy->reference, reference->value);
    pair->float_rule = decision_rule_of(accuracy->reference, output);
    if (!isnan(accuracy->threshold)) pair->float_rule.threshold = accuracy->threshold;
    pair->float_is_index = pair->float_rule.is_index;
    pair->fixed_is_index = is_index(accuracy, pair, fixed, reference->value);
    pair->compared = "its outputs";
    if (ends->op == OP_SOFTMAX && !has_part_of(accuracy->fixed, ends->name)) {
        reference->value = ends->inputs[0];
        pair->compared = "the operand of its softmax, which the firmware leaves out";
    }
    if (pair->float_is_index && chooses_last_axis(accuracy->reference, ends)) {
        reference->value = ends->inputs[0]; /* the same decisions, and how near they were */
        pair->float_is_index = false;
        pair->float_rule.last_wins = ends->attributes.axis.select_last;
    }
    pair->floats = graph_elements(accuracy->reference, reference->value);
    pair->fixed = graph_elements(accuracy->fixed, fixed);
    pair->numbers = pair->floats == pair->fixed && pair->float_is_index == pair->fixed_is_index;
    pair->beside = stands_beside(accuracy, pair, fixed);
    pair->decisions = pair->floats / decision_rule_of(accuracy->reference, output).wide;
    ends = through_reshapes(accuracy->reference, reference->value);
    pair->one_scale = op_is_curved(ends->op);
    pair->elements = ARENA_ARRAY(accuracy->arena, struct element, pair->floats + 1);
    pair->flips = &accuracy->loss.by_output[output];
    pair->flips->name = arena_strdup(accuracy->arena, accuracy->fixed->outputs[output].name);
    if (!pair->numbers) pair->compared = "its decisions only, because the firmware gives the winning class";
}

/* Numbers, or at least decisions, can be set against each other. */
static bool comparable(const struct pairing *pair) {
    bool groups = pair->decisions > 0 && pair->floats % pair->decisions == 0 && pair->fixed % pair->decisions == 0;
    return groups && (pair->numbers || pair->fixed_is_index || pair->float_is_index);
}

static void set_rules(struct pairing *pair) {
    pair->float_rule.wide = pair->floats / pair->decisions;
    pair->float_rule.is_index = pair->float_is_index;
    pair->float_rule.is_arg_max = pair->fixed_is_index;
    pair->fixed_rule = (struct decision_rule){.wide = pair->fixed / pair->decisions,
                                              .is_index = pair->fixed_is_index,
                                              .threshold = pair->float_rule.threshold};
}

static int make_pairs(struct accuracy *accuracy) {
    struct diagnostics *diag = &accuracy->context->diagnostics;
    struct location at = {.file = accuracy->file};
    if (graph_is_integer(accuracy->reference)) return -1;
    if (accuracy->reference->output_count != accuracy->fixed->output_count)
        return diag_warning(diag, at, NULL,
                            "the float model has other outputs than the firmware: they are not compared"),
               -1;
    accuracy->pairs = ARENA_ARRAY(accuracy->arena, struct pairing, accuracy->fixed->output_count + 1);
    accuracy->loss.output_count = accuracy->fixed->output_count;
    accuracy->loss.by_output = ARENA_ARRAY(accuracy->arena, struct loss_output, accuracy->fixed->output_count + 1);
    for (uint32_t o = 0; o < accuracy->fixed->output_count; o++) {
        pair_up(accuracy, o);
        if (!comparable(&accuracy->pairs[o]))
            return diag_warning(diag, at, NULL, "output '%s' of the float model has another shape: it is not compared",
                                accuracy->fixed->outputs[o].name),
                   -1;
        set_rules(&accuracy->pairs[o]);
    }
    return 0;
}

static size_t scores(const struct pairing *pair) {
    size_t floats = pair->floats / pair->decisions, fixed = pair->fixed / pair->decisions;
    return floats > fixed ? floats : fixed;
}

int accuracy_expect_labels(struct accuracy *accuracy, uint32_t output, uint64_t events) {
    if (!accuracy->reference) return 0;
    const struct pairing *pair = &accuracy->pairs[output];
    if (pair->decisions != 1)
        return diag_error(&accuracy->context->diagnostics, (struct location){0}, NULL,
                          "labels need one decision an event, but output '%s' gives %zu",
                          accuracy->fixed->outputs[output].name, pair->decisions);
    accuracy->labels[output] = labels_new(accuracy->arena, scores(pair), events);
    return 0;
}

static void allocate(struct accuracy *accuracy) {
    struct arena *arena = accuracy->arena;
    const struct graph *fixed = accuracy->fixed;
    const struct value_list inputs = graph_inputs(fixed, arena);
    accuracy->input_count = inputs.count;
    accuracy->inputs = inputs.at;
    accuracy->input_elements = ARENA_ARRAY(arena, size_t, accuracy->input_count + 1);
    for (uint32_t i = 0; i < accuracy->input_count; i++)
        accuracy->input_elements[i] = graph_elements(fixed, accuracy->inputs[i]);
    accuracy->labels = ARENA_ARRAY(arena, struct labels *, fixed->output_count + 1);
    accuracy->reals = ARENA_ARRAY(arena, double *, fixed->output_count + 1);
    const size_t events = graph_block_events(fixed);
    for (uint32_t o = 0; o < fixed->output_count; o++)
        accuracy->reals[o] = arena_calloc(arena, events, accuracy->pairs[o].fixed * sizeof **accuracy->reals);
    accuracy->errors = errors_new(arena);
    accuracy->worst = worst_events_new(fixed, arena);
    accuracy->roundings = roundings_new(accuracy->reference, fixed, arena);
    double most = JUDGE_WORK / (work_of_event(fixed) * 4 * (fixed->output_count + 1));
    accuracy->judged_most = (uint64_t)fmin(fmax(most, JUDGED_AT_LEAST), JUDGED_EVENTS);
}

struct accuracy *accuracy_new(const struct graph *reference, const struct graph *fixed, double threshold,
                              const char *file, struct arena *arena) {
    struct accuracy *accuracy = ARENA_NEW(arena, struct accuracy);
    *accuracy = (struct accuracy){
        .context = fixed->context, .file = file, .arena = arena, .fixed = fixed, .threshold = threshold};
    accuracy->reference = graph_clone(reference);
    bool real =
        !graph_is_integer(reference); /* layers are compared by name, and the firmware's bodies are written out */
    if ((real && graph_unroll(accuracy->reference) < 0) || make_pairs(accuracy)) {
        graph_free(accuracy->reference);
        accuracy->reference = NULL;
        return accuracy;
    }
    allocate(accuracy);
    accuracy->layers = layer_errors_new(accuracy->reference, fixed, arena);
    return accuracy;
}

const struct graph *accuracy_reference(const struct accuracy *accuracy) {
    return accuracy->reference;
}

bool accuracy_has_numbers(const struct accuracy *accuracy) {
    bool any = false;
    for (uint32_t o = 0; accuracy->reference && o < accuracy->fixed->output_count; o++)
        any |= accuracy->pairs[o].numbers;
    return any;
}

bool accuracy_has_threshold(const struct accuracy *accuracy) {
    bool any = false;
    for (uint32_t o = 0; accuracy->reference && o < accuracy->fixed->output_count; o++)
        any |= accuracy->pairs[o].float_rule.wide == 1 && !accuracy->pairs[o].float_rule.is_index;
    return any;
}

void accuracy_close(struct accuracy *accuracy) {
    if (!accuracy) return;
    layer_errors_close(accuracy->layers);
    roundings_close(accuracy->roundings);
    graph_free(accuracy->reference);
}

/* ---- decisions ---- */

static int64_t float_decision(const struct pairing *pair, const float *event, size_t decision) {
    return decision_of_floats(&pair->float_rule, event + decision * pair->float_rule.wide);
}

static int64_t fixed_decision(const struct pairing *pair, const double *event, size_t decision) {
    return decision_of(&pair->fixed_rule, event + decision * pair->fixed_rule.wide);
}

/* ---- labels ---- */

/* Of one column a class the largest; -1 where it is not alone: no class was marked, or several. */
static int64_t marked_class(const double *label, size_t columns) {
    size_t best = 0, equal = 0;
    for (size_t c = 1; c < columns; c++) best = label[c] > label[best] ? c : best;
    for (size_t c = 0; c < columns; c++) equal += label[c] == label[best];
    return equal == 1 ? (int64_t)best : -1;
}

/* A class number, or one column a class of which the largest counts. -1: neither. */
static int64_t label_class(const struct pairing *pair, const double *label, size_t columns) {
    size_t classes = scores(pair);
    classes = classes > 1 ? classes : 2;
    if (columns > 1) return columns == classes ? marked_class(label, columns) : -1;
    bool whole = label[0] >= 0 && label[0] == floor(label[0]) && label[0] < 2147483647.0;
    bool open_ended = pair->fixed_is_index && pair->float_is_index;
    return whole && (open_ended || label[0] < (double)classes) ? (int64_t)label[0] : -1;
}

static void add_label(const struct pairing *pair, struct labels *labels, float *rows, const float *floats,
                      const double *fixed, int64_t truth) {
    size_t classes = scores(pair);
    int64_t a = float_decision(pair, floats, 0), b = fixed_decision(pair, fixed, 0);
    for (size_t c = 0; c < classes; c++) {
        rows[c] = pair->float_is_index || pair->floats != classes ? (float)((int64_t)c == a) : floats[c];
        rows[classes + c] = pair->fixed_is_index ? (float)((int64_t)c == b) : (float)fixed[c];
    }
    labels_add(labels, truth, a, b, rows, rows + classes);
}

static int refuse_label(const struct accuracy *accuracy, uint32_t output, const struct event_block *block,
                        size_t event) {
    const struct pairing *pair = &accuracy->pairs[output];
    const struct output_labels *labels = &block->labels[output];
    const char *help =
        "a label is a class number, from 0"; /* of two that give the winner alone nobody knows how many there are */
    if (!(pair->fixed_is_index && pair->float_is_index))
        help = arena_printf(accuracy->context->arena,
                            "a label is a class number, from 0 to %zu, or has a column for each of the classes",
                            scores(pair) > 1 ? scores(pair) - 1 : 1);
    if (accuracy->fixed->output_count > 1)
        help = arena_printf(accuracy->context->arena, "%s; labels of another output are given as NAME=FILE", help);
    const char *label =
        labels->columns == 1 ? arena_printf(accuracy->context->arena, " %g", labels->classes[event]) : "";
    return diag_error(&accuracy->context->diagnostics, (struct location){.file = labels->file}, help,
                      "the label%s of event %llu is no class of output '%s'", label,
                      (unsigned long long)(block->first_in_phase + event), accuracy->fixed->outputs[output].name);
}

static int add_labels(const struct accuracy *accuracy, uint32_t output, const struct event_block *block,
                      const float *floats) {
    const struct pairing *pair = &accuracy->pairs[output];
    const struct output_labels *labels = &block->labels[output];
    struct arena *scratch = arena_new(accuracy->context);
    float *rows = ARENA_ARRAY(scratch, float, 2 * scores(pair) + 1);
    int status = 0;
    for (size_t e = 0; e < block->events && status == 0; e++) {
        int64_t truth = label_class(pair, labels->classes + e * labels->columns, labels->columns);
        if (truth < 0)
            status = refuse_label(accuracy, output, block, e);
        else
            add_label(pair, accuracy->labels[output], rows, floats + e * pair->floats,
                      accuracy->reals[output] + e * pair->fixed, truth);
    }
    arena_free(scratch);
    return status;
}

/* ---- what the formats explain ---- */

static void add_moment(struct moments *moments, double x) {
    moments->count++;
    moments->sum += x;
    moments->squares += x * x;
}

/* What varies by less than a hundredth of itself is as good as constant. */
static double spread_of(const struct moments *moments) {
    if (moments->count <= 0) return 0;
    double mean = moments->sum / moments->count, square = moments->squares / moments->count;
    double variance = square - mean * mean;
    return sqrt(variance > 1e-4 * square ? variance : square);
}

/* Of the float outputs so far. */
static void update_spread(struct accuracy *accuracy, const struct event_block *block, float *const *floats) {
    for (uint32_t o = 0; o < accuracy->fixed->output_count; o++) {
        struct pairing *pair = &accuracy->pairs[o];
        for (size_t i = 0; i < block->events * pair->floats; i++) {
            double x = (double)floats[o][i];
            if (!block->measured[i / pair->floats] || !isfinite(x)) continue;
            add_moment(&pair->moments, x);
            add_moment(&pair->elements[i % pair->floats].floats, x);
        }
        pair->spread = spread_of(&pair->moments);
    }
}

/* In the float outputs' unit, at the event that the roundings stand at. */
static struct allowance allowed(const struct accuracy *accuracy, uint32_t output, size_t element) {
    const struct pairing *pair = &accuracy->pairs[output];
    const struct meaning *meaning = &accuracy->fixed->outputs[output].meaning;
    struct allowance allowance = {0};
    if (accuracy->roundings && !valref_equal(pair->beside, NO_VALUE))
        allowance = roundings_explains(accuracy->roundings, pair->beside, element);
    if (accuracy->roundings && meaning->scale && valref_equal(pair->beside, accuracy->fixed->outputs[output].value)) {
        const struct shape *shape = &graph_value(accuracy->fixed, pair->beside)->shape;
        double zero_point, scale = fabs(meaning_scale(meaning, shape, element, &zero_point));
        double own = roundings_explain_meaning(accuracy->roundings, &accuracy->fixed->outputs[output], element);
        allowance.rounding = allowance.rounding * scale + own;
        allowance.range = allowance.range * scale + own;
    }
    allowance.rounding += pair->spread * binary32_noise;
    return allowance;
}

/* ---- one event ---- */

struct outcome {
    double error; /* the largest of the event */
    uint32_t output, element;
    bool judged, flipped; /* its error is; a decision differs */
};

static void add_number(struct accuracy *accuracy, double error, bool on_grid) {
    struct loss *loss = &accuracy->loss;
    loss->outputs++;
    loss->exact += error == 0;
    loss->grid_outputs += on_grid;
    loss->grid_exact += on_grid && error == 0;
    errors_add(accuracy->errors, error);
}

static struct outcome add_event(struct accuracy *accuracy, const struct event_block *block, size_t e,
                                float *const *floats) {
    struct outcome outcome = {.error = -1, .judged = accuracy->loss.judged < accuracy->judged_most};
    for (uint32_t o = 0; o < accuracy->fixed->output_count; o++) {
        struct pairing *pair = &accuracy->pairs[o];
        const float *a = floats[o] + e * pair->floats;
        const double *b = accuracy->reals[o] + e * pair->fixed;
        for (size_t i = 0; pair->numbers && i < pair->fixed; i++) {
            double error = number_distance((double)a[i], b[i]);
            add_number(accuracy, error, block->on_grid[e]);
            pair->elements[i].squared_errors += error * error;
            if (error > outcome.error) {
                outcome.error = error;
                outcome.output = o;
                outcome.element = (uint32_t)i;
            }
        }
        for (size_t d = 0; d < pair->decisions; d++) {
            bool flipped = float_decision(pair, a, d) != fixed_decision(pair, b, d);
            pair->flips->decisions++;
            pair->flips->flipped += flipped;
            outcome.flipped |= flipped;
        }
    }
    accuracy->loss.judged += outcome.judged;
    return outcome;
}

/* ---- events with a loss: the float model on them as the port rounds them ---- */

struct suspects {
    struct arena *arena;
    size_t count;
    size_t *rows; /* of the block */
    struct outcome *outcomes;
    double **doubles; /* by input: the events as the port rounds them */
    float **inputs, **outputs;
    float **open; /* the outputs where numbers outside the port's format stay as they came; NULL: none are */
};

static void port_events(struct accuracy *accuracy, const struct event_block *block, struct suspects *suspects) {
    for (uint32_t i = 0; i < accuracy->input_count; i++) {
        size_t elements = accuracy->input_elements[i];
        const struct meaning *meaning = input_meaning(accuracy->fixed, accuracy->inputs[i]);
        suspects->inputs[i] = arena_calloc(suspects->arena, suspects->count + 1, elements * sizeof(float));
        suspects->doubles[i] = arena_calloc(suspects->arena, suspects->count + 1, elements * sizeof(double));
        for (size_t k = 0; k < suspects->count; k++) {
            double *to = suspects->doubles[i] + k * elements;
            port_to_reals(accuracy->fixed, accuracy->inputs[i], meaning, 1,
                          block->integers[i] + suspects->rows[k] * elements, to);
            for (size_t e = 0; e < elements; e++) suspects->inputs[i][k * elements + e] = (float)to[e];
        }
    }
}

/* The numbers outside their port's format as they came; false where there are none. */
static bool open_ports(const struct accuracy *accuracy, const struct event_block *block,
                       const struct suspects *suspects, float **inputs) {
    bool any = false;
    for (uint32_t i = 0; i < accuracy->input_count; i++) {
        size_t elements = accuracy->input_elements[i], count = suspects->count * elements;
        inputs[i] = ARENA_ARRAY(suspects->arena, float, count + 1);
        for (size_t n = 0; n < count; n++) {
            float real = block->reals[i][suspects->rows[n / elements] * elements + n % elements];
            bool beyond = port_is_beyond(accuracy->fixed, accuracy->inputs[i], n % elements, (double)real,
                                         suspects->doubles[i][n]);
            inputs[i][n] = beyond ? real : suspects->inputs[i][n];
            any |= beyond;
        }
    }
    return any;
}

static float **new_outputs(const struct accuracy *accuracy, const struct suspects *suspects) {
    float **outputs = ARENA_ARRAY(suspects->arena, float *, accuracy->reference->output_count + 1);
    for (uint32_t o = 0; o < accuracy->reference->output_count; o++)
        outputs[o] = arena_calloc(suspects->arena, suspects->count + 1, accuracy->pairs[o].floats * sizeof(float));
    return outputs;
}

static int run_suspects(struct accuracy *accuracy, const struct event_block *block, struct suspects *suspects) {
    const struct graph *reference = accuracy->reference;
    suspects->doubles = ARENA_ARRAY(suspects->arena, double *, accuracy->input_count + 1);
    suspects->inputs = ARENA_ARRAY(suspects->arena, float *, accuracy->input_count + 1);
    port_events(accuracy, block, suspects);
    suspects->outputs = new_outputs(accuracy, suspects);
    if (graph_run_reals(reference, suspects->count, (const float *const *)suspects->inputs, suspects->outputs))
        return -1;
    float **inputs = ARENA_ARRAY(suspects->arena, float *, accuracy->input_count + 1);
    if (!open_ports(accuracy, block, suspects, inputs)) return 0;
    suspects->open = new_outputs(accuracy, suspects);
    return graph_run_reals(reference, suspects->count, (const float *const *)inputs, suspects->open);
}

/* What the port does to an output. A number that the model's own quantiser cuts off as well changes nothing. */
static enum loss_cause cause_of_port(const struct accuracy *accuracy, const struct suspects *suspects, size_t k,
                                     uint32_t output) {
    bool cut = false;
    for (size_t e = 0, size = accuracy->pairs[output].floats; suspects->open && e < size; e++)
        cut |= number_distance((double)suspects->open[output][k * size + e],
                               (double)suspects->outputs[output][k * size + e]) > 0;
    return cut ? LOSS_PORT_RANGE : LOSS_PORT_ROUNDING;
}

static double whole_error(const struct accuracy *accuracy, const struct suspects *suspects, size_t k,
                          float *const *floats, uint32_t output, size_t element) {
    const struct pairing *pair = &accuracy->pairs[output];
    size_t row = suspects->rows[k];
    return number_distance((double)floats[output][row * pair->floats + element],
                           accuracy->reals[output][row * pair->fixed + element]);
}

/* What is left when both see the event as the port rounds it. */
static double error_inside(const struct accuracy *accuracy, const struct suspects *suspects, size_t k, uint32_t output,
                           size_t element) {
    const struct pairing *pair = &accuracy->pairs[output];
    return number_distance((double)suspects->outputs[output][k * pair->floats + element],
                           accuracy->reals[output][suspects->rows[k] * pair->fixed + element]);
}

static enum loss_cause cause_inside(double error, const struct allowance *allowance) {
    return error <= allowance->rounding ? LOSS_FORMATS : error <= allowance->range ? LOSS_RANGE : LOSS_UNEXPLAINED;
}

/* Two numbers that the formats may move toward each other, or one toward the threshold. */
static enum loss_cause cause_of_flip(const struct accuracy *accuracy, uint32_t output, size_t first,
                                     const float *numbers, size_t count, int64_t own, int64_t other) {
    const struct pairing *pair = &accuracy->pairs[output];
    if (pair->float_is_index || other < 0 || (count > 1 && (size_t)other >= count)) return LOSS_UNEXPLAINED;
    struct allowance a = allowed(accuracy, output, first + (count > 1 ? (size_t)own : 0));
    if (count == 1) return cause_inside(fabs((double)numbers[0] - pair->float_rule.threshold), &a);
    struct allowance b = allowed(accuracy, output, first + (size_t)other);
    a.rounding += b.rounding;
    a.range += b.range;
    return cause_inside(fabs((double)numbers[own] - (double)numbers[other]), &a);
}

static void blame_flip(struct pairing *pair, enum loss_cause cause) {
    pair->flips->flipped_by[cause]++;
    pair->judged_flips[cause]++;
}

static void blame_flips(struct accuracy *accuracy, const struct suspects *suspects, size_t k, float *const *floats,
                        bool at_event) {
    size_t row = suspects->rows[k];
    for (uint32_t o = 0; o < accuracy->fixed->output_count; o++) {
        struct pairing *pair = &accuracy->pairs[o];
        const float *as_it_came = floats[o] + row * pair->floats, *at_port = suspects->outputs[o] + k * pair->floats;
        for (size_t d = 0; d < pair->decisions; d++) {
            size_t wide = pair->floats / pair->decisions;
            int64_t fixed = fixed_decision(pair, accuracy->reals[o] + row * pair->fixed, d);
            int64_t inside = float_decision(pair, at_port, d);
            if (float_decision(pair, as_it_came, d) == fixed) continue;
            if (inside == fixed)
                pair->flips->flipped_by[cause_of_port(accuracy, suspects, k, o)]++;
            else if (at_event)
                blame_flip(pair, cause_of_flip(accuracy, o, d * wide, at_port + d * wide, wide, inside, fixed));
            else
                pair->unjudged_flips++;
        }
    }
}

/* Of one output, at the numbers that are furthest off. FORMATS: explained. */
static enum loss_cause cause_of_error(const struct accuracy *accuracy, const struct suspects *suspects, size_t k,
                                      float *const *floats, uint32_t output, double *explained) {
    size_t whole = 0, inside = 0;
    for (size_t e = 1; e < accuracy->pairs[output].fixed; e++) {
        if (whole_error(accuracy, suspects, k, floats, output, e) >
            whole_error(accuracy, suspects, k, floats, output, whole))
            whole = e;
        if (error_inside(accuracy, suspects, k, output, e) > error_inside(accuracy, suspects, k, output, inside))
            inside = e;
    }
    struct allowance at_whole = allowed(accuracy, output, whole);
    *explained = at_whole.rounding;
    if (whole_error(accuracy, suspects, k, floats, output, whole) <= at_whole.rounding) return LOSS_FORMATS;
    struct allowance at_inside = inside == whole ? at_whole : allowed(accuracy, output, inside);
    enum loss_cause cause = cause_inside(error_inside(accuracy, suspects, k, output, inside), &at_inside);
    return cause == LOSS_FORMATS ? cause_of_port(accuracy, suspects, k, output) : cause;
}

static void blame_error(struct accuracy *accuracy, const struct suspects *suspects, size_t k, float *const *floats) {
    bool by[LOSS_CAUSE_COUNT] = {false};
    for (uint32_t o = 0; o < accuracy->fixed->output_count; o++) {
        double explained;
        if (!accuracy->pairs[o].numbers || accuracy->pairs[o].fixed == 0) continue;
        by[cause_of_error(accuracy, suspects, k, floats, o, &explained)] = true;
        accuracy->loss.allowed = fmax(accuracy->loss.allowed, explained);
    }
    for (int cause = LOSS_CAUSE_COUNT; cause-- > 0;) /* the gravest of them */
        if (by[cause] && cause != LOSS_FORMATS) {
            accuracy->loss.beyond_by[cause]++;
            return;
        }
}

static bool is_explored(const struct accuracy *accuracy, const struct outcome *outcome) {
    return outcome->judged || (outcome->flipped && accuracy->explored < 4 * accuracy->judged_most);
}

static void blame(struct accuracy *accuracy, const struct suspects *suspects, size_t k, float *const *floats) {
    const struct outcome *outcome = &suspects->outcomes[k];
    bool at_event = is_explored(accuracy, outcome);
    context_check(accuracy->context);
    if (accuracy->roundings) roundings_stand_at(accuracy->roundings, (int)(k % EVENT_LANES));
    accuracy->explored += at_event;
    if (outcome->flipped) blame_flips(accuracy, suspects, k, floats, at_event);
    if (outcome->judged) blame_error(accuracy, suspects, k, floats);
}

/* The integer network at as many suspects from `first` on as it has lanes, where one of them is explored. */
static void run_network(struct accuracy *accuracy, const struct event_block *block, const struct suspects *suspects,
                        size_t first, int64_t **events) {
    size_t end = first + EVENT_LANES < suspects->count ? first + EVENT_LANES : suspects->count;
    bool any = false;
    for (size_t k = first; k < end; k++) any |= is_explored(accuracy, &suspects->outcomes[k]);
    if (!any || !accuracy->roundings) return;
    for (uint32_t i = 0; i < accuracy->input_count; i++) {
        size_t elements = accuracy->input_elements[i];
        for (size_t k = first; k < end; k++)
            memcpy(events[i] + (k - first) * elements, block->integers[i] + suspects->rows[k] * elements,
                   elements * sizeof(int64_t));
    }
    roundings_run(accuracy->roundings, (int)(end - first), (const int64_t *const *)events);
}

static void keep_worst(struct accuracy *accuracy, const struct event_block *block, const struct suspects *suspects,
                       size_t k, float *const *floats) {
    const struct outcome *outcome = &suspects->outcomes[k];
    const struct pairing *pair = &accuracy->pairs[outcome->output];
    size_t row = suspects->rows[k];
    if (!(outcome->error > worst_events_least(accuracy->worst))) return;
    struct worst_event *worst = worst_events_add(accuracy->worst, outcome->error);
    worst->event = block->first + row;
    worst->number = block->first_in_phase + row;
    worst->phase = block->phase;
    worst->output = outcome->output;
    worst->element = outcome->element;
    worst->expected = (double)floats[outcome->output][row * pair->floats + outcome->element];
    worst->got = accuracy->reals[outcome->output][row * pair->fixed + outcome->element];
    worst->inside = error_inside(accuracy, suspects, k, outcome->output, outcome->element);
    for (uint32_t i = 0; i < accuracy->input_count; i++) {
        size_t elements = accuracy->input_elements[i];
        memcpy(worst->reals[i], block->reals[i] + row * elements, elements * sizeof(float));
        memcpy(worst->reals[i] + elements, suspects->inputs[i] + k * elements, elements * sizeof(float));
        memcpy(worst->integers[i], block->integers[i] + row * elements, elements * sizeof(int64_t));
    }
}

/* ---- blocks ---- */

static int add_block(struct accuracy *accuracy, const struct event_block *block, float *const *floats,
                     struct arena *scratch) {
    struct suspects suspects = {.arena = scratch,
                                .rows = ARENA_ARRAY(scratch, size_t, block->events + 1),
                                .outcomes = ARENA_ARRAY(scratch, struct outcome, block->events + 1)};
    double least = worst_events_least(accuracy->worst);
    for (size_t e = 0; e < block->events; e++) {
        if (!block->measured[e]) continue;
        struct outcome outcome = add_event(accuracy, block, e, floats);
        accuracy->loss.events++;
        accuracy->loss.made_up |= block->phase == PHASE_RANDOM;
        if (!outcome.flipped && !outcome.judged && !(outcome.error > least)) continue;
        suspects.rows[suspects.count] = e;
        suspects.outcomes[suspects.count++] = outcome;
    }
    if (suspects.count == 0) return 0;
    if (run_suspects(accuracy, block, &suspects)) return -1;
    int64_t **events = ARENA_ARRAY(scratch, int64_t *, accuracy->input_count + 1);
    for (uint32_t i = 0; i < accuracy->input_count; i++)
        events[i] = arena_calloc(scratch, EVENT_LANES, accuracy->input_elements[i] * sizeof(int64_t));
    for (size_t k = 0; k < suspects.count; k++) {
        if (k % EVENT_LANES == 0) run_network(accuracy, block, &suspects, k, events);
        blame(accuracy, &suspects, k, floats);
        keep_worst(accuracy, block, &suspects, k, floats);
    }
    return 0;
}

int accuracy_add(struct accuracy *accuracy, const struct event_block *block, float *const *floats,
                 int64_t *const *integers) {
    for (uint32_t o = 0; o < accuracy->fixed->output_count; o++) {
        const struct graph_output *output = &accuracy->fixed->outputs[o];
        port_to_reals(accuracy->fixed, output->value, &output->meaning, block->events, integers[o], accuracy->reals[o]);
    }
    update_spread(accuracy, block, floats);
    struct arena *scratch = arena_new(accuracy->context);
    int status = add_block(accuracy, block, floats, scratch);
    arena_free(scratch);
    if (accuracy->layers)
        layer_errors_add(accuracy->layers, block->events, (const float *const *)block->reals,
                         (const int64_t *const *)block->integers, accuracy->input_elements, accuracy->input_count,
                         block->measured);
    for (uint32_t o = 0; status == 0 && block->labels && o < accuracy->fixed->output_count; o++)
        if (accuracy->labels[o]) status = add_labels(accuracy, o, block, floats[o]);
    return status;
}

/* ---- the end ---- */

static void finish_worst(struct accuracy *accuracy, struct loss *loss, struct arena *arena) {
    for (uint32_t k = 0; k < LOSS_WORST && worst_events_at(accuracy->worst, k); k++) {
        const struct worst_event *worst = worst_events_at(accuracy->worst, k);
        if (accuracy->roundings) roundings_run(accuracy->roundings, 1, (const int64_t *const *)worst->integers);
        struct allowance allowance = allowed(accuracy, worst->output, worst->element);
        struct worst_number *number = &loss->worst[loss->worst_count++];
        *number = (struct worst_number){.event = worst->event,
                                        .output = worst->output,
                                        .element = worst->element,
                                        .error = worst->error,
                                        .expected = worst->expected,
                                        .got = worst->got};
        number->event_name = event_name(arena, worst->phase, worst->number);
        number->output_name = arena_strdup(arena, accuracy->fixed->outputs[worst->output].name);
        number->cause = cause_of_event(accuracy->reference, accuracy->fixed, (const float *const *)worst->reals,
                                       worst->error, worst->inside, &allowance, loss, arena);
    }
}

static uint64_t add_up_judged(const struct pairing *pair, uint64_t *by) {
    uint64_t sum = 0;
    for (int cause = 0; cause < LOSS_CAUSE_COUNT; cause++) {
        by[cause] += pair->judged_flips[cause];
        sum += pair->judged_flips[cause];
    }
    return sum;
}

/* As the output's own that were judged, or, where none was, as those of all outputs. */
static void share_unjudged_flips(const struct accuracy *accuracy, const struct pairing *pair) {
    uint64_t by[LOSS_CAUSE_COUNT] = {0}, judged = add_up_judged(pair, by), left = pair->unjudged_flips;
    const bool none = judged == 0;
    for (uint32_t o = 0; none && o < accuracy->fixed->output_count; o++)
        judged += add_up_judged(&accuracy->pairs[o], by);
    for (int cause = 0; judged && cause < LOSS_UNEXPLAINED; cause++) {
        double part = (double)pair->unjudged_flips * (double)by[cause] / (double)judged;
        pair->flips->flipped_by[cause] += (uint64_t)part;
        left -= (uint64_t)part;
    }
    pair->flips->flipped_by[LOSS_UNEXPLAINED] += left;
}

static void add_up_flips(const struct accuracy *accuracy, struct loss *loss, struct arena *arena) {
    loss->by_output = ARENA_ARRAY(arena, struct loss_output, loss->output_count + 1);
    for (uint32_t o = 0; o < loss->output_count; o++) {
        const struct pairing *pair = &accuracy->pairs[o];
        share_unjudged_flips(accuracy, pair);
        loss->by_output[o] = *pair->flips;
        loss->by_output[o].name = arena_strdup(arena, pair->flips->name);
        loss->decisions += pair->flips->decisions;
        loss->flipped += pair->flips->flipped;
        for (int cause = 0; cause < LOSS_CAUSE_COUNT; cause++)
            loss->flipped_by[cause] += pair->flips->flipped_by[cause];
    }
}

/* Root mean square of the errors, of the element where it is largest beside its numbers' spread: a small number is not
 * a large one's noise. */
static void find_coarsest(const struct accuracy *accuracy, struct loss *loss, struct arena *arena) {
    for (uint32_t o = 0; o < accuracy->fixed->output_count; o++) {
        const struct pairing *pair = &accuracy->pairs[o];
        for (size_t e = 0; pair->numbers && pair->spread > 0 && e < pair->fixed; e++) {
            const struct element *element = &pair->elements[e];
            double spread =
                pair->one_scale ? pair->spread : fmax(spread_of(&element->floats), pair->spread * least_spread);
            double coarseness = sqrt(element->squared_errors / fmax(element->floats.count, 1)) / spread;
            if (coarseness <= loss->coarseness) continue;
            loss->coarseness = coarseness;
            loss->coarsest = arena_printf(arena, "output '%s', element %zu", pair->flips->name, e);
        }
    }
}

void accuracy_finish(struct accuracy *accuracy, struct loss *loss, struct arena *arena) {
    *loss = (struct loss){.explained = true};
    if (accuracy->loss.events == 0) {
        if (accuracy->reference)
            loss->not_compared =
                "not compared: of the events none was held against the float model; give --events, or a larger -n";
        return;
    }
    *loss = accuracy->loss;
    loss->formats = loss_formats(accuracy->reference, accuracy->fixed, arena);
    loss->compared = accuracy->pairs[0].compared;
    find_coarsest(accuracy, loss, arena);
    add_up_flips(accuracy, loss, arena);
    loss->max_error = errors_largest(accuracy->errors);
    loss->mean_error = errors_mean(accuracy->errors);
    for (int i = 0; i < LOSS_QUANTILES; i++) loss->quantile[i] = errors_quantile(accuracy->errors, loss_quantiles[i]);
    if (accuracy->layers) layer_errors_finish(accuracy->layers, loss, arena);
    finish_worst(accuracy, loss, arena);
    loss->quantised = loss_has_quantisers(accuracy->reference);
    if (loss->quantised)
        loss->undetermined = floats_undetermined(accuracy->reference, accuracy->fixed, &loss->sum_bits, arena);
    loss_judge(loss, (double)NAN, arena);
}

uint32_t accuracy_finish_labels(const struct accuracy *accuracy, struct loss *loss, struct labelled **out,
                                struct arena *arena) {
    uint32_t count = 0, outputs = accuracy->reference ? accuracy->fixed->output_count : 0;
    *out = ARENA_ARRAY(arena, struct labelled, outputs + 1);
    for (uint32_t o = 0; o < outputs; o++) {
        const struct pairing *pair = &accuracy->pairs[o];
        if (!accuracy->labels[o] ||
            !labels_finish(accuracy->labels[o], !(pair->fixed_is_index && pair->float_is_index), &(*out)[count], arena))
            continue;
        (*out)[count++].output = arena_strdup(arena, accuracy->fixed->outputs[o].name);
    }
    if (count) loss_judge(loss, labelled_loss(*out, count), arena);
    return count;
}

/* ---- events in memory ---- */

static void find_on_grid(const struct accuracy *accuracy, struct event_block *block, struct arena *scratch) {
    for (uint32_t i = 0; i < accuracy->input_count; i++) {
        size_t elements = accuracy->input_elements[i];
        const struct meaning *meaning = input_meaning(accuracy->fixed, accuracy->inputs[i]);
        double *at_port = arena_calloc(scratch, block->events + 1, elements * sizeof *at_port);
        port_to_reals(accuracy->fixed, accuracy->inputs[i], meaning, block->events, block->integers[i], at_port);
        for (size_t k = 0; k < block->events * elements; k++)
            if ((double)block->reals[i][k] != at_port[k]) block->on_grid[k / elements] = false;
    }
}

static int measure_block(struct accuracy *accuracy, struct event_block *block, const float *const *inputs,
                         struct port_reader *const *readers, struct arena *scratch) {
    const struct graph *fixed = accuracy->fixed, *reference = accuracy->reference;
    float **floats = ARENA_ARRAY(scratch, float *, reference->output_count + 1);
    int64_t **integers = ARENA_ARRAY(scratch, int64_t *, fixed->output_count + 1);
    block->integers = ARENA_ARRAY(scratch, int64_t *, accuracy->input_count + 1);
    block->reals = ARENA_ARRAY(scratch, float *, accuracy->input_count + 1);
    block->measured = ARENA_ARRAY(scratch, bool, block->events + 1);
    block->on_grid = ARENA_ARRAY(scratch, bool, block->events + 1);
    memset(block->measured, true, block->events);
    memset(block->on_grid, true, block->events);
    for (uint32_t i = 0; i < accuracy->input_count; i++) {
        size_t elements = accuracy->input_elements[i];
        block->reals[i] =
            arena_copy(scratch, inputs[i] + block->first * elements, block->events * elements * sizeof(float));
        block->integers[i] = arena_calloc(scratch, block->events + 1, elements * sizeof(int64_t));
        if (port_read_floats(readers[i], block->events, (size_t)block->first, block->reals[i], block->integers[i]))
            return -1;
    }
    for (uint32_t o = 0; o < fixed->output_count; o++) {
        floats[o] = arena_calloc(scratch, block->events + 1, accuracy->pairs[o].floats * sizeof(float));
        integers[o] = arena_calloc(scratch, block->events + 1, accuracy->pairs[o].fixed * sizeof(int64_t));
    }
    find_on_grid(accuracy, block, scratch);
    if (graph_run_reals(reference, block->events, (const float *const *)block->reals, floats) ||
        graph_run_integers(fixed, block->events, (const int64_t *const *)block->integers, integers))
        return -1;
    return accuracy_add(accuracy, block, floats, integers);
}

/* Those of a block's events. */
static const struct output_labels *labels_of_block(const struct truth *truth, const struct event_block *block,
                                                   uint32_t outputs, struct arena *scratch) {
    struct output_labels *labels = arena_copy(scratch, truth->labels, outputs * sizeof *labels);
    for (uint32_t o = 0; o < outputs; o++)
        if (labels[o].file) labels[o].classes += block->first * labels[o].columns;
    return labels;
}

static int expect_truth(struct accuracy *accuracy, const struct truth *truth, size_t events) {
    for (uint32_t o = 0; o < accuracy->fixed->output_count; o++)
        if (truth->labels[o].file && accuracy_expect_labels(accuracy, o, events)) return -1;
    return 0;
}

bool loss_measure(const struct graph *reference, const struct graph *fixed, size_t events, const float *const *inputs,
                  double threshold, bool calibrated, struct arena *arena, struct loss *loss) {
    return loss_measure_labelled(reference, fixed, events, inputs, threshold, calibrated, NULL, arena, loss);
}

bool loss_measure_labelled(const struct graph *reference, const struct graph *fixed, size_t events,
                           const float *const *inputs, double threshold, bool calibrated, struct truth *truth,
                           struct arena *arena, struct loss *loss) {
    struct arena *own = arena_new(fixed->context);
    struct accuracy *accuracy = accuracy_new(reference, fixed, threshold, NULL, own);
    int status = accuracy->reference ? 0 : -1;
    if (truth && status == 0) status = expect_truth(accuracy, truth, events);
    const size_t most = graph_block_events(fixed);
    struct port_reader **readers = ARENA_ARRAY(own, struct port_reader *, accuracy->input_count + 1);
    for (uint32_t i = 0; i < accuracy->input_count; i++) readers[i] = port_reader_new(fixed, accuracy->inputs[i], own);
    for (size_t first = 0; first < events && status == 0; first += most) {
        struct event_block block = {
            .phase = calibrated ? PHASE_CALIBRATION : PHASE_RANDOM, .first = first, .first_in_phase = first};
        struct arena *scratch = arena_new(fixed->context);
        block.events = events - first < most ? events - first : most;
        if (truth) block.labels = labels_of_block(truth, &block, fixed->output_count, scratch);
        status = measure_block(accuracy, &block, inputs, readers, scratch);
        arena_free(scratch);
    }
    *loss = (struct loss){.explained = true};
    if (status == 0) accuracy_finish(accuracy, loss, arena);
    if (status == 0 && truth) truth->labelled_count = accuracy_finish_labels(accuracy, loss, &truth->labelled, arena);
    accuracy_close(accuracy);
    arena_free(own);
    return status == 0;
}
