/* What a network decides: the largest of the numbers along the last axis of an output, or, of one number, whether it
 * reaches a threshold. One rule for verify, compile, and the passes that compile measures. */
#include <math.h>

#include "ir/meaning.h"
#include "sim/private.h"

double number_distance(double a, double b) {
    double error = a == b ? 0 : fabs(a - b);
    return isnan(error) ? (double)INFINITY : error;
}

const struct node *through_reshapes(const struct graph *graph, valref value) {
    const struct node *node = graph_definition(graph, value);
    while (node->op == OP_RESHAPE) node = graph_definition(graph, node->inputs[0]);
    return node;
}

bool gives_index(const struct graph *graph, valref value) {
    return op_gives_index(through_reshapes(graph, value)->op);
}

/* A probability decides at one half, any other number by its sign. */
static double default_threshold(const struct graph *graph, valref value) {
    const struct node *node = graph_definition(graph, value);
    while (node->op == OP_RESHAPE || op_is_quantiser(node->op)) node = graph_definition(graph, node->inputs[0]);
    return op_gives_probability(node->op) ? 0.5 : 0;
}

struct decision_rule decision_rule_of(const struct graph *graph, uint32_t output) {
    valref value = graph->outputs[output].value;
    const struct shape *shape = &graph_value(graph, value)->shape;
    struct decision_rule rule = {.wide = 1, .is_index = gives_index(graph, value)};
    rule.threshold = default_threshold(graph, value);
    if (!rule.is_index && shape->rank > 0 && shape->dim[shape->rank - 1] > 0)
        rule.wide = (size_t)shape->dim[shape->rank - 1];
    return rule;
}

typedef double number_reader(const void *numbers, size_t i);

static double read_double(const void *numbers, size_t i) {
    return ((const double *)numbers)[i];
}

static double read_float(const void *numbers, size_t i) {
    return (double)((const float *)numbers)[i];
}

static int64_t decide(const struct decision_rule *rule, const void *numbers, number_reader *read) {
    if (rule->is_index) return (int64_t)read(numbers, 0);
    if (rule->wide == 1 && !rule->is_arg_max) return read(numbers, 0) >= rule->threshold;
    size_t best = 0;
    for (size_t i = 1; i < rule->wide; i++) {
        double number = read(numbers, i), largest = read(numbers, best);
        if (number > largest || (rule->last_wins && number == largest)) best = i;
    }
    return (int64_t)best;
}

int64_t decision_of(const struct decision_rule *rule, const double *numbers) {
    return decide(rule, numbers, read_double);
}

int64_t decision_of_floats(const struct decision_rule *rule, const float *numbers) {
    return decide(rule, numbers, read_float);
}
