/* The expanded softmax in integers stays within the bound that the pass states. */
#include "tests/unit/crossing.h"

static double stated_bound(const struct crossing *c) {
    for (uint32_t i = 0; i < c->program.note_count; i++)
        if (strcmp(c->program.notes[i].pass, "expand_softmax") == 0) return c->program.notes[i].number;
    return NAN;
}

/* Logits in all spreads: near ties, one winner, far apart. */
static void make_logits(float *logits, size_t events, size_t classes) {
    uint64_t state = 88172645463325252u;
    for (size_t event = 0; event < events; event++) {
        double spread = exp2((double)(next_random(&state) % 12) - 7);
        double centre = (double)(next_random(&state) % 9) - 4;
        for (size_t k = 0; k < classes; k++) {
            double unit = (double)(next_random(&state) >> 11) / (double)(1ull << 53) * 2 - 1;
            if (next_random(&state) % 8 == 0) unit = 0;
            logits[event * classes + k] = (float)(centre + spread * unit);
        }
    }
}

static double largest_error(const struct crossing *c, size_t events, size_t classes, int fraction) {
    float *logits = calloc(events * classes, sizeof *logits);
    double *got = calloc(events * classes, sizeof *got), worst = 0;
    make_logits(logits, events, classes);
    if (run_integer(c->program.graph, events, logits, got) < 0) worst = INFINITY;
    for (size_t event = 0; event < events; event++) {
        double sum = 0, largest = -INFINITY;
        for (size_t k = 0; k < classes; k++) {
            double x = ldexp(nearbyint(ldexp((double)logits[event * classes + k], fraction)), -fraction);
            if (x > 31.9) x = largest;
            logits[event * classes + k] = (float)x;
            if (x > largest) largest = x;
        }
        for (size_t k = 0; k < classes; k++) sum += exp((double)logits[event * classes + k] - largest);
        for (size_t k = 0; k < classes; k++) {
            double error = fabs(got[event * classes + k] - exp((double)logits[event * classes + k] - largest) / sum);
            if (error > worst) worst = error;
        }
    }
    free(logits);
    free(got);
    return worst;
}

static void check_softmax(size_t classes, double target) {
    enum { FRACTION = 12 };
    const size_t events = classes > 10 ? 40000 / classes : 4000;
    struct crossing c = crossing_new();
    c.options.softmax_error = target;
    union attributes axis = {.axis = {.axis = 1}};
    valref x = real_input(&c, "x", (int64_t)classes);
    valref logits = narrow1(&c, "logits", x, true, 18, FRACTION);
    graph_append_output(c.graph, "p", graph_append(c.graph, OP_SOFTMAX, "softmax", &logits, 1, &axis));
    int status = cross(&c);
    if (status < 0) print_problems(&c);
    CHECK(status == 0);
    double bound = stated_bound(&c), worst = largest_error(&c, events, classes, FRACTION);
    if (getenv("VERBOSE"))
        fprintf(stderr, "# %zu classes: asked %.2e, stated %.2e, measured %.2e: %s\n", classes, target, bound, worst,
                c.program.notes[0].text);
    CHECK(bound <= target);
    CHECK(worst <= bound);
    CHECK(worst >= bound / 50); /* a bound that says something */
    uint32_t tables = 0;
    for (uint32_t i = 0; i < c.program.graph->node_count; i++) {
        const struct node *node = &c.program.graph->nodes[i];
        if (node->op != OP_TABLE) continue;
        tables++;
        CHECK(node->attributes.lookup.tables[0].count <= 8192);
    }
    CHECK(tables >= 1);
    crossing_free(&c);
}

static void five_classes(void) {
    check_softmax(5, 1.0 / 1024);
}
static void two_classes(void) {
    check_softmax(2, 1.0 / 256);
}
static void ten_classes(void) {
    check_softmax(10, 1.0 / 4096);
}
static void coarse(void) {
    check_softmax(5, 1.0 / 32);
}
static void three_classes_fine(void) {
    check_softmax(3, 1.0 / 16384);
}

static void forty_five_classes(void) {
    check_softmax(45, 1.0 / 1024);
}
static void three_hundred_classes(void) {
    check_softmax(300, 1.0 / 256);
}
static void thousand_classes(void) {
    check_softmax(1000, 1.0 / 1024);
}

static void impossible_error_is_refused(void) {
    struct crossing c = crossing_new();
    c.options.softmax_error = 1e-12;
    union attributes axis = {.axis = {.axis = 1}};
    valref x = real_input(&c, "x", 4);
    graph_append_output(c.graph, "p", graph_append(c.graph, OP_SOFTMAX, "softmax", &x, 1, &axis));
    CHECK(cross(&c) < 0);
    CHECK(said(&c, SEVERITY_ERROR, "softmax 'softmax' over 4 elements has no formats"));
    crossing_free(&c);
}

int main(void) {
    RUN(five_classes);
    RUN(two_classes);
    RUN(ten_classes);
    RUN(coarse);
    RUN(three_classes_fine);
    RUN(forty_five_classes);
    RUN(three_hundred_classes);
    RUN(thousand_classes);
    RUN(impossible_error_is_refused);
    TEST_EXIT();
}
