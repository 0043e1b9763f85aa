/* Why an event's numbers are as far off as they are: what the float model gives on the event as the port
 * rounds it, and which of its quantisers that rounding tips. */
#include <math.h>

#include "sim/private.h"
#include "ir/eval.h"
#include "ir/ops.h"

/* The float model's values, event 0 as it came and event 1 as the port rounds it. */
struct pair_run {
    const struct graph *graph;
    struct evaluator *evaluator;
    struct evaluator_state *state;
};

static void run_pair(struct pair_run *run, struct arena *arena, const float *const *events) {
    float **outputs = ARENA_ARRAY(arena, float *, run->graph->output_count + 1);
    for (uint32_t o = 0; o < run->graph->output_count; o++)
        outputs[o] = arena_calloc(arena, 2, graph_elements(run->graph, run->graph->outputs[o].value) * sizeof(float));
    evaluator_run_reals(run->evaluator, run->state, 2, events, outputs);
}

/* The element in which the two events differ most; false: in none. */
static bool largest_change(const struct pair_run *run, valref value, size_t *element, float pair[2]) {
    const float *data = evaluator_reals(run->state, value);
    float most = 0;
    for (size_t e = 0, count = graph_elements(run->graph, value); data && e < count; e++) {
        float change = fabsf(data[e * EVENT_LANES] - data[e * EVENT_LANES + 1]);
        if (!(change > most)) continue;
        most = change;
        *element = e;
        pair[0] = data[e * EVENT_LANES];
        pair[1] = data[e * EVENT_LANES + 1];
    }
    return most > 0;
}

/* The first quantiser that makes a change larger than it was. */
static const char *tipped(const struct pair_run *run, struct arena *arena) {
    for (uint32_t i = 0; i < run->graph->node_count; i++) {
        const struct node *node = &run->graph->nodes[i];
        size_t element, before_element;
        float pair[2], before[2];
        if (node->dead || !op_is_quantiser(node->op) || !largest_change(run, node->result, &element, pair) ||
            !largest_change(run, node->inputs[0], &before_element, before))
            continue;
        const float *operand = evaluator_reals(run->state, node->inputs[0]);
        bool alike = graph_elements(run->graph, node->inputs[0]) == graph_elements(run->graph, node->result);
        float from = alike ? operand[element * EVENT_LANES] : before[0],
              to = alike ? operand[element * EVENT_LANES + 1] : before[1];
        if (fabsf(pair[0] - pair[1]) > fabsf(from - to))
            return arena_printf(
                arena, "the port's rounding tips quantiser '%s': element %zu gets %g, not %g, and becomes %g, not %g",
                node->name, element, (double)to, (double)from, (double)pair[1], (double)pair[0]);
    }
    return NULL;
}

static const char *outside(const struct graph *fixed, const float *const *events, struct arena *arena) {
    const struct value_list inputs = graph_inputs(fixed, arena);
    for (uint32_t i = 0; i < inputs.count; i++)
        for (size_t e = 0, elements = graph_elements(fixed, inputs.at[i]); e < elements; e++)
            if (port_is_beyond(fixed, inputs.at[i], e, (double)events[i][e], (double)events[i][elements + e]))
                return arena_printf(arena, "element %zu of input '%s' is outside the port's format: %g becomes %g", e,
                                    graph_definition(fixed, inputs.at[i])->name, (double)events[i][e],
                                    (double)events[i][elements + e]);
    return NULL;
}

bool port_is_beyond(const struct graph *fixed, valref input, size_t element, double real, double at_port) {
    const struct meaning *meaning = &graph_definition(fixed, input)->attributes.input.meaning;
    struct format format = graph_format(fixed, input, element);
    double zero_point = 0, scale = 1;
    if (format.width <= 0) return false;
    if (meaning->scale) scale = meaning_scale(meaning, &graph_value(fixed, input)->shape, element, &zero_point);
    return fabs(real - at_port) > ldexp(fabs(scale), -format.fraction);
}

const char *cause_of_event(const struct graph *reference, const struct graph *fixed, const float *const *events,
                           double whole, double inside, const struct allowance *allowance, const struct loss *loss,
                           struct arena *arena) {
    struct arena *scratch = arena_new(fixed->context);
    const char *cause = NULL,
               *layer = loss->layer ? arena_printf(scratch, ", most of it at layer '%s'", loss->layer) : "";
    if (whole == 0)
        cause = "there is none";
    else if (inside * 4 <= whole) {
        struct pair_run run = {.graph = reference, .evaluator = evaluator_new(reference, scratch)};
        run.state = run.evaluator ? evaluator_state_in(run.evaluator, scratch) : NULL;
        cause = outside(fixed, events, arena);
        if (!cause && run.state) {
            run_pair(&run, scratch, events);
            cause = tipped(&run, arena);
        }
        evaluator_state_free(run.state);
        cause = cause ? cause : "the port's rounding";
    } else if (inside <= allowance->rounding)
        cause = arena_printf(arena, "the formats' rounding%s", layer);
    else if (inside <= allowance->range)
        cause =
            arena_printf(arena, "element %zu of '%s' is outside its format: %g becomes %g", allowance->clamp_element,
                         allowance->clamp->name, allowance->clamp_from, allowance->clamp_to);
    else
        cause = arena_printf(arena, "not the formats' rounding%s", layer);
    arena_free(scratch);
    return cause;
}
