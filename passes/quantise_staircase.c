/* Whether a monotone function in front of the model's quantisers can be a staircase of the exact integer that it reads,
 * so that it needs no index of few bits: what waits between that integer and the function is monotone too, the
 * quantisers neither wrap nor set to zero, and the steps are few. The line makes it (integerise_quantiser.c). */
#include "passes/quantise.h"

#include "ir/ops.h"
#include "passes/integerise.h"
#include "passes/visits.h"

#include <math.h>

/* The search among the steps compares wide numbers in every element: beyond a quantiser of 12 bits it is thousands of
 * LUT. */
enum { STEPS_WORTH_IT = 1 << 12 };

bool waits_for_quantiser(const struct graph *graph, const struct node *node, uint32_t *slot) {
    if (graph_step_slot(graph, node, slot)) return true;
    *slot = 0;
    return op_moves_one(node->op);
}

static bool is_monotone(const struct graph *graph, const struct node *node, uint32_t slot, struct arena *arena) {
    struct op_step step;
    if (op_is_movement(node->op)) return true;
    bool is = graph_step(graph, node, slot, arena, &step);
    for (size_t e = 0; is && e < shape_elements(&graph_value(graph, node->result)->shape); e++)
        is = step_is_monotone(&step, e);
    return is;
}

bool step_node_is_monotone(const struct graph *graph, const struct node *node, uint32_t slot) {
    struct arena *arena = arena_new(graph->context);
    bool is = is_monotone(graph, node, slot, arena);
    arena_free(arena);
    return is;
}

static bool operand_is_monotone(const struct graph *graph, valref operand, struct arena *arena) {
    uint32_t slot;
    for (const struct node *node = graph_definition(graph, operand); waits_for_quantiser(graph, node, &slot);
         node = graph_definition(graph, node->inputs[slot]))
        if (!is_monotone(graph, node, slot, arena)) return false;
    return true;
}

/* Of a monotone function that has any. */
static bool bounds_of(const struct node *function, struct real_range operand, double *lo, double *hi) {
    const struct real_range *image = op_meaning(function->op)->image;
    if (!image) return false;
    *lo = image->lo;
    *hi = image->hi;
    return isfinite(*hi) || op_unary_double(function, operand.hi, hi);
}

/* Steps at most, in one element; negative where the quantiser is not monotone or has no code. */
static double steps_of(const struct quantisation *q, size_t element, double lo, double hi) {
    const double ends[2] = {lo, hi};
    int64_t codes[2];
    for (int end = 0; end < 2; end++)
        if (!quantisation_code(q, element, ends[end], &codes[end]) || !quantisation_clamps(q, element, ends[end]))
            return -1;
    return fabs((double)codes[1] - (double)codes[0]);
}

static bool quantiser_has_few_steps(const struct graph *graph, const struct node *quantiser, double lo, double hi,
                                    struct arena *arena) {
    struct quantisation q;
    if (!shape_equal(&graph_value(graph, quantiser->result)->shape, &graph_value(graph, quantiser->inputs[0])->shape) ||
        !quantisation_of(graph, quantiser, arena, &q))
        return false;
    for (size_t e = 0; e < q.count; e++) {
        double steps = steps_of(&q, e, lo, hi);
        if (steps < 0 || steps > STEPS_WORTH_IT) return false;
    }
    return true;
}

/* Of all quantisers that read the value, through movements and ReLU alone: these are monotone, and leave the bounds. */
static bool readers_have_few_steps(const struct graph *graph, valref value, double lo, double hi, struct arena *arena) {
    struct visits visits = {0};
    bool few = true;
    visits_add(&visits, graph, value);
    while (few && visits_next(&visits, &value)) {
        struct reader_list readers = graph_readers(graph, value, visits.arena);
        for (uint32_t i = 0; i < readers.count && few; i++) {
            const struct node *reader = graph_node(graph, readers.at[i].node);
            if (op_is_quantiser(reader->op))
                few = quantiser_has_few_steps(graph, reader, lo, hi, arena);
            else if (op_is_movement(reader->op) || reader->op == OP_RELU)
                visits_add(&visits, graph, reader->result);
            else
                few = false;
        }
    }
    visits_end(&visits);
    return few;
}

bool staircase_is_possible(const struct graph *graph, const struct node *function, struct real_range operand,
                           struct arena *arena) {
    double lo, hi;
    return bounds_of(function, operand, &lo, &hi) && operand_is_monotone(graph, function->inputs[0], arena) &&
           readers_have_few_steps(graph, function->result, lo, hi, arena);
}
