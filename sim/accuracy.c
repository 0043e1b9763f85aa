/* How far the fixed network is from the model as trained. Where the model ends in a softmax that the
 * firmware leaves out, the softmax's operand is what is compared; where the firmware gives only the
 * winning class, decisions are. Decisions are arg-max over the last axis, or a threshold for one number. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "sim/private.h"

struct pairing { /* one output */
    size_t floats, fixed; /* elements of either */
    size_t decisions;     /* an event */
    bool numbers;         /* element by element, or only the decisions */
    bool float_is_index, fixed_is_index; /* of a class */
    const char *compared;
};

struct accuracy {
    struct firmware *firmware;
    struct arena *arena;
    struct graph *reference; /* outputs as they are compared */
    const struct graph *fixed;
    struct pairing *pairs;
    double threshold;
    bool labels;
    double *reals;           /* fixed outputs as real numbers, one block */
    double error_sum, error_max;
    uint64_t events, outputs, exact, grid_outputs, grid_exact, decisions, flipped;
    uint64_t labelled, capacity, right_float, right_fixed;
    size_t classes;
    float *float_scores, *fixed_scores; /* labelled events x classes */
    int32_t *truth;
};

static const struct node *through_reshapes(const struct graph *graph, valref value) {
    const struct node *node = graph_definition(graph, value);
    while (node->op == OP_RESHAPE)
        node = graph_definition(graph, node->inputs[0]);
    return node;
}

/* The expansion of a softmax keeps its name: "<softmax>.exp" and the like. */
static bool has_part_of(const struct graph *graph, const char *name) {
    size_t length = strlen(name);
    for (uint32_t i = 0; i < graph->node_count; i++) {
        const char *other = graph->nodes[i].name;
        if (!strncmp(other, name, length) && (other[length] == 0 || other[length] == '.'))
            return true;
    }
    return false;
}

static size_t last_axis(const struct graph *graph, valref value) {
    const struct shape *shape = &graph_value(graph, value)->shape;
    return shape->rank > 0 && shape->dim[shape->rank - 1] > 0 ? (size_t)shape->dim[shape->rank - 1] : 1;
}

static void pair_up(struct accuracy *accuracy, uint32_t output) {
    struct pairing *pair = &accuracy->pairs[output];
    struct graph_output *reference = &accuracy->reference->outputs[output];
    valref fixed = accuracy->fixed->outputs[output].value;
    const struct node *ends = through_reshapes(accuracy->reference, reference->value);
    pair->fixed_is_index = through_reshapes(accuracy->fixed, fixed)->op == OP_ARGMAX;
    pair->float_is_index = ends->op == OP_ARGMAX;
    pair->compared = "its outputs";
    if (ends->op == OP_SOFTMAX && !has_part_of(accuracy->fixed, ends->name)) {
        reference->value = ends->inputs[0];
        pair->compared = "the operand of its softmax, which the firmware leaves out";
    }
    pair->floats = value_elements(accuracy->reference, reference->value);
    pair->fixed = value_elements(accuracy->fixed, fixed);
    pair->numbers = pair->floats == pair->fixed && pair->float_is_index == pair->fixed_is_index;
    size_t wide = pair->float_is_index ? 1 : last_axis(accuracy->reference, reference->value);
    pair->decisions = pair->floats / wide;
    if (!pair->numbers)
        pair->compared = "its decisions only, because the firmware gives the winning class";
}

/* Numbers, or at least decisions, can be set against each other. */
static bool comparable(const struct pairing *pair) {
    bool groups = pair->decisions > 0 && pair->floats % pair->decisions == 0 && pair->fixed % pair->decisions == 0;
    return groups && (pair->numbers || pair->fixed_is_index || pair->float_is_index);
}

static int make_pairs(struct accuracy *accuracy) {
    struct diagnostics *diag = &accuracy->firmware->context->diagnostics;
    struct location at = {.file = accuracy->firmware->folder};
    if (graph_is_integer(accuracy->reference))
        return -1;
    if (accuracy->reference->output_count != accuracy->fixed->output_count)
        return diag_warning(diag, at, NULL, "the float model has other outputs than the firmware: they are not compared"), -1;
    accuracy->pairs = ARENA_ARRAY(accuracy->arena, struct pairing, accuracy->fixed->output_count + 1);
    for (uint32_t o = 0; o < accuracy->fixed->output_count; o++) {
        pair_up(accuracy, o);
        if (!comparable(&accuracy->pairs[o]))
            return diag_warning(diag, at, NULL, "output '%s' of the float model has another shape: it is not compared",
                                accuracy->fixed->outputs[o].name), -1;
    }
    return 0;
}

static size_t scores(const struct pairing *pair) {
    size_t floats = pair->floats / pair->decisions, fixed = pair->fixed / pair->decisions;
    return floats > fixed ? floats : fixed;
}

static int prepare_labels(struct accuracy *accuracy, uint64_t events) {
    const struct pairing *pair = &accuracy->pairs[0];
    struct diagnostics *diag = &accuracy->firmware->context->diagnostics;
    if (pair->decisions != 1)
        return diag_error(diag, (struct location){0}, NULL, "labels need one decision an event, but output '%s' gives %zu",
                          accuracy->fixed->outputs[0].name, pair->decisions);
    accuracy->classes = scores(pair);
    accuracy->capacity = events;
    accuracy->float_scores = arena_calloc(accuracy->arena, (size_t)events + 1, accuracy->classes * sizeof(float));
    accuracy->fixed_scores = arena_calloc(accuracy->arena, (size_t)events + 1, accuracy->classes * sizeof(float));
    accuracy->truth = ARENA_ARRAY(accuracy->arena, int32_t, events + 1);
    return 0;
}

/* A probability decides at one half, any other number by its sign. */
static double default_threshold(const struct graph *reference) {
    const struct node *node = reference->output_count ? graph_definition(reference, reference->outputs[0].value) : NULL;
    while (node && (node->op == OP_RESHAPE || node->op == OP_NARROW || node->op == OP_QUANT))
        node = graph_definition(reference, node->inputs[0]);
    return node && (node->op == OP_SIGMOID || node->op == OP_HARD_SIGMOID || node->op == OP_SOFTMAX) ? 0.5 : 0;
}

struct accuracy *accuracy_new(struct firmware *firmware, const struct verify_options *options, struct arena *arena,
                              bool labels, uint64_t labelled_events) {
    struct accuracy *accuracy = ARENA_NEW(arena, struct accuracy);
    size_t widest = 1;
    *accuracy = (struct accuracy){.firmware = firmware, .arena = arena, .fixed = firmware->quantised, .threshold = options->threshold};
    accuracy->reference = graph_clone(firmware->reference);
    if (isnan(options->threshold))
        accuracy->threshold = default_threshold(accuracy->reference);
    accuracy->labels = labels;
    if (make_pairs(accuracy)) {
        graph_free(accuracy->reference);
        accuracy->reference = NULL;
        return accuracy;
    }
    for (uint32_t o = 0; o < accuracy->fixed->output_count; o++)
        widest = accuracy->pairs[o].fixed > widest ? accuracy->pairs[o].fixed : widest;
    accuracy->reals = arena_calloc(arena, BLOCK_EVENTS, widest * sizeof *accuracy->reals);
    if (labels && accuracy->fixed->output_count > 0 && prepare_labels(accuracy, labelled_events)) {
        accuracy_close(accuracy);
        return NULL;
    }
    return accuracy;
}

const struct graph *accuracy_reference(const struct accuracy *accuracy) {
    return accuracy->reference;
}

void accuracy_close(struct accuracy *accuracy) {
    if (accuracy)
        graph_free(accuracy->reference);
}

/* ---- one event ---- */

/* The class that `count` numbers choose; the first of equals wins. */
static int64_t decide(const double *numbers, size_t count, bool is_index, double threshold) {
    size_t best = 0;
    if (is_index)
        return (int64_t)numbers[0];
    if (count == 1)
        return numbers[0] >= threshold;
    for (size_t i = 1; i < count; i++)
        if (numbers[i] > numbers[best])
            best = i;
    return (int64_t)best;
}

static int64_t decide_float(const float *numbers, size_t count, bool is_index, double threshold) {
    size_t best = 0;
    if (is_index)
        return (int64_t)numbers[0];
    if (count == 1)
        return (double)numbers[0] >= threshold;
    for (size_t i = 1; i < count; i++)
        if (numbers[i] > numbers[best])
            best = i;
    return (int64_t)best;
}

static void add_numbers(struct accuracy *accuracy, const struct pairing *pair, const float *floats, const double *fixed, bool on_grid) {
    for (size_t i = 0; i < pair->fixed; i++) {
        bool exact = (double)floats[i] == fixed[i];
        double error = fabs((double)floats[i] - fixed[i]);
        if (isnan(error))
            error = INFINITY;
        accuracy->outputs++;
        accuracy->exact += exact;
        accuracy->grid_outputs += on_grid;
        accuracy->grid_exact += on_grid && exact;
        accuracy->error_sum += error;
        accuracy->error_max = error > accuracy->error_max ? error : accuracy->error_max;
    }
}

static void add_decisions(struct accuracy *accuracy, const struct pairing *pair, const float *floats, const double *fixed) {
    size_t wide_float = pair->floats / pair->decisions, wide_fixed = pair->fixed / pair->decisions;
    for (size_t d = 0; d < pair->decisions; d++) {
        int64_t a = decide_float(floats + d * wide_float, wide_float, pair->float_is_index, accuracy->threshold);
        int64_t b = decide(fixed + d * wide_fixed, wide_fixed, pair->fixed_is_index, accuracy->threshold);
        accuracy->decisions++;
        accuracy->flipped += a != b;
    }
}

static void add_event(struct accuracy *accuracy, const struct pairing *pair, const float *floats, const double *fixed, bool on_grid) {
    if (pair->numbers)
        add_numbers(accuracy, pair, floats, fixed, on_grid);
    add_decisions(accuracy, pair, floats, fixed);
}

/* ---- labels ---- */

/* A class number, or one column a class of which the largest counts. -1: neither. */
static int64_t label_class(const struct accuracy *accuracy, const double *label, size_t columns) {
    size_t classes = accuracy->classes > 1 ? accuracy->classes : 2;
    if (columns > 1)
        return columns == classes ? decide(label, columns, false, 0) : -1;
    bool whole = label[0] >= 0 && label[0] == floor(label[0]) && label[0] < 2147483647.0;
    bool open_ended = accuracy->pairs[0].fixed_is_index && accuracy->pairs[0].float_is_index;
    return whole && (open_ended || label[0] < (double)classes) ? (int64_t)label[0] : -1;
}

static void keep_scores(float *scores_of_event, size_t classes, const float *numbers, size_t count, int64_t choice) {
    for (size_t c = 0; c < classes; c++) {
        float score = count == classes ? numbers[c] : (float)((int64_t)c == choice);
        scores_of_event[c] = isnan(score) ? -INFINITY : score;
    }
}

static void add_label(struct accuracy *accuracy, const float *floats, const double *fixed, int64_t truth) {
    const struct pairing *pair = &accuracy->pairs[0];
    size_t row = (size_t)accuracy->labelled * accuracy->classes;
    int64_t a = decide_float(floats, pair->floats, pair->float_is_index, accuracy->threshold);
    int64_t b = decide(fixed, pair->fixed, pair->fixed_is_index, accuracy->threshold);
    accuracy->right_float += a == truth;
    accuracy->right_fixed += b == truth;
    keep_scores(accuracy->float_scores + row, accuracy->classes, floats, pair->float_is_index ? 0 : pair->floats, a);
    for (size_t c = 0; c < accuracy->classes; c++)
        accuracy->fixed_scores[row + c] = pair->fixed_is_index ? (float)((int64_t)c == b) : (float)fixed[c];
    accuracy->truth[accuracy->labelled++] = (int32_t)truth;
}

static int add_labels(struct accuracy *accuracy, const struct event_block *block, const float *floats) {
    const struct pairing *pair = &accuracy->pairs[0];
    for (size_t e = 0; e < block->events && accuracy->labelled < accuracy->capacity; e++) {
        int64_t truth = label_class(accuracy, block->labels + e * block->label_columns, block->label_columns);
        if (truth < 0)
            return diag_error(&accuracy->firmware->context->diagnostics, (struct location){0}, "a label is a class number, from 0",
                              "the label of event %llu is no class of output '%s'", (unsigned long long)(block->first_in_phase + e),
                              accuracy->fixed->outputs[0].name);
        add_label(accuracy, floats + e * pair->floats, accuracy->reals + e * pair->fixed, truth);
    }
    return 0;
}

/* ---- blocks ---- */

int accuracy_add(struct accuracy *accuracy, const struct event_block *block, float *const *floats, int64_t *const *integers) {
    for (uint32_t o = 0; o < accuracy->fixed->output_count; o++) {
        const struct pairing *pair = &accuracy->pairs[o];
        const struct graph_output *output = &accuracy->fixed->outputs[o];
        port_to_reals(accuracy->fixed, output->value, output->meaning.scale ? &output->meaning : NULL, block->events, integers[o], accuracy->reals);
        for (size_t e = 0; e < block->events; e++)
            if (block->measured[e])
                add_event(accuracy, pair, floats[o] + e * pair->floats, accuracy->reals + e * pair->fixed, block->on_grid[e]);
        if (o == 0 && block->labels && accuracy->labels && add_labels(accuracy, block, floats[0]))
            return -1;
    }
    for (size_t e = 0; e < block->events; e++)
        accuracy->events += block->measured[e];
    return 0;
}

/* ---- the end ---- */

static double class_area(struct accuracy *accuracy, const float *scores_of_all, size_t class_number, struct scored *sorted, double *false_positive,
                         double *true_positive) {
    bool single = accuracy->classes == 1;
    size_t count = (size_t)accuracy->labelled;
    for (size_t i = 0; i < count; i++) {
        sorted[i].score = scores_of_all[i * accuracy->classes + class_number];
        sorted[i].positive = accuracy->truth[i] == (single ? 1 : (int32_t)class_number);
    }
    double area = curve_area(sorted, count);
    curve_sample(sorted, count, false_positive, true_positive);
    return area;
}

static void finish_curves(struct accuracy *accuracy, struct verdict *verdict, struct arena *arena) {
    struct scored *sorted = ARENA_ARRAY(accuracy->arena, struct scored, accuracy->labelled + 1);
    verdict->curve_count = (uint32_t)accuracy->classes;
    verdict->curves = ARENA_ARRAY(arena, struct class_curve, verdict->curve_count + 1);
    for (uint32_t c = 0; c < verdict->curve_count; c++) {
        struct class_curve *curve = &verdict->curves[c];
        curve->points = CURVE_POINTS;
        curve->false_positive_float = ARENA_ARRAY(arena, double, CURVE_POINTS);
        curve->true_positive_float = ARENA_ARRAY(arena, double, CURVE_POINTS);
        curve->false_positive_fixed = ARENA_ARRAY(arena, double, CURVE_POINTS);
        curve->true_positive_fixed = ARENA_ARRAY(arena, double, CURVE_POINTS);
        curve->area_float = class_area(accuracy, accuracy->float_scores, c, sorted, curve->false_positive_float, curve->true_positive_float);
        curve->area_fixed = class_area(accuracy, accuracy->fixed_scores, c, sorted, curve->false_positive_fixed, curve->true_positive_fixed);
    }
}

void accuracy_finish(struct accuracy *accuracy, struct verdict *verdict) {
    struct arena *arena = accuracy->firmware->context->arena;
    if (accuracy->events == 0)
        return;
    verdict->compared = accuracy->pairs[0].compared;
    verdict->compared_events = accuracy->events;
    verdict->max_error = accuracy->error_max;
    verdict->mean_error = accuracy->outputs ? accuracy->error_sum / (double)accuracy->outputs : 0;
    verdict->outputs = accuracy->outputs;
    verdict->exact = accuracy->exact;
    verdict->grid_outputs = accuracy->grid_outputs;
    verdict->grid_exact = accuracy->grid_exact;
    verdict->decisions = accuracy->decisions;
    verdict->flipped = accuracy->flipped;
    if (!accuracy->labels || accuracy->labelled == 0)
        return;
    verdict->has_labels = true;
    verdict->labelled_events = accuracy->labelled;
    verdict->accuracy_float = (double)accuracy->right_float / (double)accuracy->labelled;
    verdict->accuracy_fixed = (double)accuracy->right_fixed / (double)accuracy->labelled;
    if (!(accuracy->pairs[0].fixed_is_index && accuracy->pairs[0].float_is_index))
        finish_curves(accuracy, verdict, arena);
}
