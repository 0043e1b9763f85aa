/* Accuracy and ROC curves of labelled events, the firmware beside the model as trained. Accuracy counts every
 * event; scores are kept for curves, of a fair sample when there are more events than memory should hold. */
#include <math.h>

#include "sim/private.h"
#include "ir/random.h"

enum { SAMPLE_NUMBERS = 1 << 24 }; /* scores kept of either network: 64 MB */

struct labels {
    struct arena *arena;
    size_t classes;
    uint64_t events, kept, capacity, random;
    uint64_t right_float, right_fixed;
    uint64_t *confusion_float, *confusion_fixed; /* truth x choice, CONFUSION_MAX each way */
    int64_t largest;                             /* class that was seen */
    float *float_scores, *fixed_scores;          /* kept events x classes */
    int32_t *truth;
};

struct labels *labels_new(struct arena *arena, size_t classes, uint64_t events) {
    struct labels *labels = ARENA_NEW(arena, struct labels);
    uint64_t most = SAMPLE_NUMBERS / (classes ? classes : 1);
    *labels =
        (struct labels){.arena = arena, .classes = classes, .capacity = events < most ? events : most, .random = 1};
    labels->float_scores = arena_calloc(arena, (size_t)labels->capacity + 1, classes * sizeof(float));
    labels->fixed_scores = arena_calloc(arena, (size_t)labels->capacity + 1, classes * sizeof(float));
    labels->confusion_float = ARENA_ARRAY(arena, uint64_t, CONFUSION_MAX * CONFUSION_MAX);
    labels->confusion_fixed = ARENA_ARRAY(arena, uint64_t, CONFUSION_MAX * CONFUSION_MAX);
    labels->truth = ARENA_ARRAY(arena, int32_t, labels->capacity + 1);
    return labels;
}

/* The row for the next event, or capacity: not kept. Each event of n is kept with the same chance. */
static uint64_t row_for(struct labels *labels) {
    if (labels->events <= labels->capacity) return labels->kept++;
    uint64_t row = splitmix64(&labels->random) % labels->events;
    return row < labels->capacity ? row : labels->capacity;
}

static void count_choice(struct labels *labels, uint64_t *confusion, int64_t truth, int64_t choice) {
    int64_t larger = truth > choice ? truth : choice;
    labels->largest = larger > labels->largest ? larger : labels->largest;
    if (larger < CONFUSION_MAX && truth >= 0 && choice >= 0) confusion[truth * CONFUSION_MAX + choice]++;
}

void labels_add(struct labels *labels, int64_t truth, int64_t choice_float, int64_t choice_fixed,
                const float *scores_float, const float *scores_fixed) {
    labels->events++;
    labels->right_float += choice_float == truth;
    labels->right_fixed += choice_fixed == truth;
    count_choice(labels, labels->confusion_float, truth, choice_float);
    count_choice(labels, labels->confusion_fixed, truth, choice_fixed);
    uint64_t row = row_for(labels);
    if (row == labels->capacity) return;
    labels->truth[row] = (int32_t)truth;
    for (size_t c = 0; c < labels->classes; c++) {
        labels->float_scores[row * labels->classes + c] = isnan(scores_float[c]) ? -INFINITY : scores_float[c];
        labels->fixed_scores[row * labels->classes + c] = scores_fixed[c];
    }
}

static double class_area(const struct labels *labels, const float *scores, size_t class_number, struct scored *sorted,
                         double *false_positive, double *true_positive) {
    bool single = labels->classes == 1;
    size_t count = (size_t)labels->kept;
    for (size_t i = 0; i < count; i++) {
        sorted[i].score = scores[i * labels->classes + class_number];
        sorted[i].positive = labels->truth[i] == (single ? 1 : (int32_t)class_number);
    }
    double area = curve_area(sorted, count);
    curve_sample(sorted, count, false_positive, true_positive);
    return area;
}

static void finish_curves(const struct labels *labels, struct labelled *out, struct arena *arena) {
    struct scored *sorted = ARENA_ARRAY(labels->arena, struct scored, labels->kept + 1);
    out->curve_count = (uint32_t)labels->classes;
    out->curves = ARENA_ARRAY(arena, struct class_curve, out->curve_count + 1);
    for (uint32_t c = 0; c < out->curve_count; c++) {
        struct class_curve *curve = &out->curves[c];
        curve->points = CURVE_POINTS;
        curve->false_positive_float = ARENA_ARRAY(arena, double, CURVE_POINTS);
        curve->true_positive_float = ARENA_ARRAY(arena, double, CURVE_POINTS);
        curve->false_positive_fixed = ARENA_ARRAY(arena, double, CURVE_POINTS);
        curve->true_positive_fixed = ARENA_ARRAY(arena, double, CURVE_POINTS);
        curve->area_float = class_area(labels, labels->float_scores, c, sorted, curve->false_positive_float,
                                       curve->true_positive_float);
        curve->area_fixed = class_area(labels, labels->fixed_scores, c, sorted, curve->false_positive_fixed,
                                       curve->true_positive_fixed);
    }
}

static uint64_t *finish_confusion(const uint64_t *confusion, uint32_t classes, struct arena *arena) {
    uint64_t *counts = ARENA_ARRAY(arena, uint64_t, classes * classes + 1);
    for (uint32_t truth = 0; truth < classes; truth++)
        for (uint32_t choice = 0; choice < classes; choice++)
            counts[truth * classes + choice] = confusion[truth * CONFUSION_MAX + choice];
    return counts;
}

bool labels_finish(const struct labels *labels, bool curves, struct labelled *out, struct arena *arena) {
    if (labels->events == 0) return false;
    out->events = labels->events;
    out->accuracy_float = (double)labels->right_float / (double)labels->events;
    out->accuracy_fixed = (double)labels->right_fixed / (double)labels->events;
    uint32_t classes = labels->largest < CONFUSION_MAX ? (uint32_t)labels->largest + 1 : 0;
    out->class_count = classes && classes < labels->classes ? (uint32_t)labels->classes : classes;
    out->class_count = out->class_count > CONFUSION_MAX ? 0 : out->class_count;
    out->confusion_float = finish_confusion(labels->confusion_float, out->class_count, arena);
    out->confusion_fixed = finish_confusion(labels->confusion_fixed, out->class_count, arena);
    if (curves) finish_curves(labels, out, arena);
    return true;
}

double labelled_loss(const struct labelled *labelled, uint32_t count) {
    double most = (double)NAN;
    for (uint32_t i = 0; i < count; i++) most = fmax(most, labelled[i].accuracy_float - labelled[i].accuracy_fixed);
    return most;
}
