/* ROC areas against their definition, pair by pair, with many ties. */
#include <math.h>

#include "sim/private.h"
#include "tests/test.h"

enum { EVENTS = 300 };

static uint64_t state = 42;
static unsigned next(unsigned below) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)(state >> 33) % below;
}

static double by_definition(const struct scored *events, int count) {
    double right = 0, pairs = 0;
    for (int i = 0; i < count; i++) {
        for (int j = 0; j < count; j++) {
            if (!events[i].positive || events[j].positive) continue;
            pairs++;
            right += events[i].score > events[j].score ? 1 : events[i].score == events[j].score ? 0.5 : 0;
        }
    }
    return right / pairs;
}

static void areas_equal_the_definition(void) {
    struct scored events[EVENTS];
    for (int round = 0; round < 20; round++) {
        for (int i = 0; i < EVENTS; i++) {
            events[i].positive = next(3) == 0;
            events[i].score = (float)next(round % 2 ? 1000000 : 12) + (events[i].positive ? 2 : 0);
        }
        double wanted = by_definition(events, EVENTS);
        CHECK(fabs(curve_area(events, EVENTS) - wanted) < 1e-12);
    }
}

static void one_class_alone_has_none(void) {
    struct scored events[2] = {{1, true}, {2, true}};
    CHECK(isnan(curve_area(events, 2)));
    CHECK(isnan(curve_area(events, 0)));
}

/* The area under the sampled points is near the exact one, and points ascend. */
static void samples_follow_the_curve(void) {
    struct scored events[EVENTS];
    double x[CURVE_POINTS], y[CURVE_POINTS], area = 0;
    for (int i = 0; i < EVENTS; i++) events[i] = (struct scored){(float)next(1000) + (float)(i % 2 ? 300 : 0), i % 2};
    double exact = curve_area(events, EVENTS);
    curve_sample(events, EVENTS, x, y);
    for (int i = 1; i < CURVE_POINTS; i++) {
        CHECK(x[i] >= x[i - 1] && y[i] >= y[i - 1]);
        area += (x[i] - x[i - 1]) * (y[i] + y[i - 1]) / 2;
    }
    CHECK(x[CURVE_POINTS - 1] == 1 && y[CURVE_POINTS - 1] == 1);
    CHECK(fabs(area - exact) < 0.02);
}

/* Whether some threshold keeps exactly these shares. */
static bool is_reached(const struct scored *events, int count, double x, double y) {
    int positives = 0, kept[2];
    for (int i = 0; i < count; i++) positives += events[i].positive;
    for (int t = -1; t < count; t++) {
        kept[0] = kept[1] = 0;
        for (int i = 0; i < count; i++)
            if (t >= 0 && events[i].score >= events[t].score) kept[events[i].positive]++;
        if (fabs(kept[0] / (double)(count - positives) - x) < 1e-8 && fabs(kept[1] / (double)positives - y) < 1e-8)
            return true;
    }
    return false;
}

static void no_point_is_invented(void) {
    struct scored events[60];
    double x[CURVE_POINTS], y[CURVE_POINTS];
    for (int i = 0; i < 60; i++) events[i] = (struct scored){(float)(next(7) + (unsigned)(i % 3 == 0)), i % 3 == 0};
    curve_area(events, 60);
    curve_sample(events, 60, x, y);
    for (int i = 0; i < CURVE_POINTS; i++) CHECK(is_reached(events, 60, x[i], y[i]));
    CHECK(x[0] == 0 && y[0] == 0 && y[50] >= 0.5);
}

static void not_a_number_ends(void) {
    struct scored events[3] = {{NAN, true}, {NAN, false}, {1, false}};
    double x[CURVE_POINTS], y[CURVE_POINTS];
    curve_area(events, 3);
    curve_sample(events, 3, x, y);
}

int main(void) {
    RUN(areas_equal_the_definition);
    RUN(one_class_alone_has_none);
    RUN(samples_follow_the_curve);
    RUN(no_point_is_invented);
    RUN(not_a_number_ends);
    TEST_EXIT();
}
