/* ROC curves, exactly: the area is the chance that an event of the class scores above one that is
 * not, equal scores counting half (midranks), counted in integers. */
#include <math.h>
#include <stdlib.h>

#include "sim/private.h"

static int descending(const void *a, const void *b) {
    float x = ((const struct scored *)a)->score, y = ((const struct scored *)b)->score;
    return x < y ? 1 : x > y ? -1 : 0;
}

/* Counts the events that share the score of events[from]; returns the first beyond them. */
static size_t tied(const struct scored *events, size_t count, size_t from, uint64_t *positive, uint64_t *negative) {
    size_t i = from;
    *positive = *negative = 0;
    do {
        *(events[i].positive ? positive : negative) += 1;
        i++;
    } while (i < count && events[i].score == events[from].score);
    return i;
}

double curve_area(struct scored *events, size_t count) {
    uint64_t positives = 0, positive, negative;
    uint128 twice = 0; /* twice the number of pairs in the right order */
    if (count == 0) return (double)NAN;
    qsort(events, count, sizeof *events, descending);
    for (size_t i = 0; i < count;) {
        i = tied(events, count, i, &positive, &negative);
        twice += (uint128)negative * (2 * positives + positive);
        positives += positive;
    }
    uint64_t negatives = count - positives;
    if (positives == 0 || negatives == 0) return (double)NAN;
    return (double)twice / 2 / ((double)positives * (double)negatives);
}

static double nine_digits(uint64_t part, uint64_t whole) {
    return whole ? floor((double)part / (double)whole * 1e9 + 0.5) / 1e9 : 0;
}

/* Thresholds that keep at least 0, 1, 2, ... 100 % of the class, then the one that keeps everything: every point is
 * what some threshold gives, nothing lies between two. */
void curve_sample(const struct scored *events, size_t count, double *false_positive, double *true_positive) {
    uint64_t positives = 0, seen_positive = 0, seen_negative = 0, positive, negative;
    size_t at = 0;
    for (size_t i = 0; i < count; i++) positives += events[i].positive;
    uint64_t negatives = count - positives;
    for (int k = 0; k < CURVE_POINTS - 1; k++) {
        while (at < count && (double)seen_positive < (double)positives * k / (CURVE_POINTS - 2)) {
            at = tied(events, count, at, &positive, &negative);
            seen_positive += positive;
            seen_negative += negative;
        }
        true_positive[k] = nine_digits(seen_positive, positives);
        false_positive[k] = nine_digits(seen_negative, negatives);
    }
    false_positive[CURVE_POINTS - 1] = true_positive[CURVE_POINTS - 1] = 1;
}
