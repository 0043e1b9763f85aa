/* Which parts of a network do the same for each of its items, and which item every number belongs to. An axis of an
 * input is taken for the items; from there on a value is by items when each of its elements is made of one item alone
 * and all items give as many. A sum or a maximum over them ends that; so does whatever mixes items in another way. Of
 * the axes that the inputs have, the one by which most work is done item by item is chosen. */
#include "passes/beats.h"
#include "ir/geometry.h"
#include "ir/ops.h"

#include <string.h>

/* ---- items ---- */

/* Whether all items have as many elements. */
static bool is_even(const uint32_t *item, size_t count, uint32_t items, struct arena *arena) {
    uint32_t *of = ARENA_ARRAY(arena, uint32_t, items);
    for (size_t e = 0; e < count; e++) of[item[e]]++;
    for (uint32_t i = 1; i < items; i++)
        if (of[i] != of[0]) return false;
    return count > 0;
}

/* The items of the result's elements; NULL when it is not by items; *mixed: because some element is made of several. */
static uint32_t *items_of_result(const struct beat_plan *plan, const struct graph *graph, const struct node *node,
                                 struct arena *arena, bool *mixed) {
    size_t count = graph_elements(graph, node->result);
    uint32_t *item = ARENA_ARRAY(arena, uint32_t, count + 1);
    struct element_reads reads = element_reads(graph, node, arena);
    bool all = true;
    for (size_t e = 0; e < count; e++) {
        item[e] = NO_ITEM;
        for (size_t i = 0; i < reads.terms * reads.width; i++) {
            struct movement read = element_read(&reads, e, i / reads.width, (uint32_t)(i % reads.width));
            const uint32_t *of = plan->item[node->inputs[read.operand].id];
            if (!of) continue;
            *mixed = item[e] != NO_ITEM && item[e] != of[read.element];
            if (*mixed) return NULL;
            item[e] = of[read.element];
        }
        all &= item[e] != NO_ITEM;
    }
    return all && is_even(item, count, plan->items, arena) ? item : NULL;
}

static bool reads_items(const struct beat_plan *plan, const struct node *node) {
    for (uint32_t i = 0; i < node->input_count; i++)
        if (plan->item[node->inputs[i].id]) return true;
    return false;
}

/* Each element of the result is a sum or maximum over something of every item, as much of each. */
static bool is_over_items(const struct beat_plan *plan, const struct graph *graph, const struct node *node,
                          struct arena *arena) {
    if (node->op != OP_REDUCE_SUM && node->op != OP_REDUCE_MAX) return false;
    struct element_reads reads = element_reads(graph, node, arena);
    size_t length = reads.terms;
    uint32_t *item = ARENA_ARRAY(arena, uint32_t, length);
    for (size_t e = 0; e < graph_elements(graph, node->result); e++) {
        for (size_t i = 0; i < length; i++)
            item[i] = plan->item[node->inputs[0].id][element_read(&reads, e, i, 0).element];
        if (!is_even(item, length, plan->items, arena)) return false;
    }
    return true;
}

static uint64_t work_of(const struct graph *graph, const struct node *node, struct arena *arena) {
    uint64_t elements = graph_elements(graph, node->result);
    if (op_is_product(node->op)) return elements * element_reads(graph, node, arena).terms;
    return op_rounds(node->op) && !op_is_quantiser(node->op) ? elements : 0;
}

static void follow_node(struct beat_plan *plan, const struct graph *graph, uint32_t n, struct arena *arena) {
    const struct node *node = &graph->nodes[n];
    bool mixed = false;
    if (node->dead || node->body || node->result_count != 1 || !reads_items(plan, node)) return;
    uint32_t *item = items_of_result(plan, graph, node, arena, &mixed);
    if (item) {
        plan->item[node->result.id] = item;
        plan->service[n] = SERVED_BY_ITEMS;
        plan->work += work_of(graph, node, arena);
    } else if (mixed && is_over_items(plan, graph, node, arena))
        plan->service[n] = SERVED_OVER_ITEMS;
}

uint32_t *beats_read_for(const struct beat_plan *plan, const struct graph *graph, const struct node *node,
                         uint32_t operand, struct arena *arena) {
    size_t count = graph_elements(graph, node->inputs[operand]);
    uint32_t *item = ARENA_ARRAY(arena, uint32_t, count + 1);
    const uint32_t *results = plan->item[node->result.id];
    struct element_reads reads = element_reads(graph, node, arena);
    for (size_t e = 0; e < count; e++) item[e] = NO_ITEM;
    for (size_t e = 0; e < graph_elements(graph, node->result); e++)
        for (size_t i = 0; i < reads.terms * reads.width; i++) {
            struct movement read = element_read(&reads, e, i / reads.width, (uint32_t)(i % reads.width));
            if (read.operand != operand) continue;
            if (item[read.element] != NO_ITEM && item[read.element] != results[e]) return NULL;
            item[read.element] = results[e];
        }
    for (size_t e = 0; e < count; e++)
        if (item[e] == NO_ITEM) return NULL;
    return is_even(item, count, plan->items, arena) ? item : NULL;
}

/* ---- the choice ---- */

static uint32_t *items_along(const struct shape *shape, int axis, struct arena *arena) {
    const struct axis_reduction along = reduction_geometry(shape, axis);
    size_t count = shape_elements(shape);
    uint32_t *item = ARENA_ARRAY(arena, uint32_t, count + 1);
    for (size_t e = 0; e < count; e++) item[e] = (uint32_t)reduction_index(&along, e);
    return item;
}

/* The first axis of that size, not before `from`; -1: none. */
static int axis_of(const struct shape *shape, uint32_t items, int from) {
    for (int axis = from; axis < shape->rank; axis++)
        if (shape->dim[axis] == (int64_t)items) return axis;
    return -1;
}

/* Along this axis of an input, and of other inputs that have one of its size. */
static struct beat_plan follow(const struct graph *graph, const struct value_list *inputs, uint32_t input, int axis,
                               struct arena *arena) {
    const struct shape *shape = &graph_value(graph, inputs->at[input])->shape;
    struct beat_plan plan = {.items = (uint32_t)shape->dim[axis]};
    plan.item = ARENA_ARRAY(arena, uint32_t *, graph->value_count + 1);
    plan.service = ARENA_ARRAY(arena, enum service, graph->node_count + 1);
    plan.in_beats = ARENA_ARRAY(arena, bool, inputs->count + 1);
    for (uint32_t i = 0; i < inputs->count; i++) {
        const struct shape *other = &graph_value(graph, inputs->at[i])->shape;
        int along = i == input ? axis : axis_of(other, plan.items, 0);
        if (along >= 0) plan.item[inputs->at[i].id] = items_along(other, along, arena);
    }
    for (uint32_t n = 0; n < graph->node_count; n++) follow_node(&plan, graph, n, arena);
    return plan;
}

/* Items a clock that the user asks of an input; 0: nothing. */
static uint32_t asked_of(const struct program *program, valref input) {
    const struct compile_options *options = program->options;
    uint32_t asked = 0;
    for (uint32_t i = 0; i < options->beat_count; i++)
        if (!options->beats[i].name || strcmp(options->beats[i].name, graph_input_name(program->graph, input)) == 0)
            asked = (uint32_t)options->beats[i].items;
    return asked;
}

/* The lanes by which the items are through in time, or as many as are asked for; 0: that would be all items. */
static uint32_t lanes_for(uint32_t items, uint32_t interval, uint32_t asked) {
    uint32_t lanes = asked ? asked : (items + interval - 1) / interval;
    return lanes < items ? lanes : 0;
}

static uint32_t asked_items(const struct program *program, const struct value_list *inputs) {
    for (uint32_t i = 0; i < inputs->count; i++)
        if (asked_of(program, inputs->at[i])) return asked_of(program, inputs->at[i]);
    return 0;
}

static bool is_asked_by_name(const struct program *program, valref input) {
    const struct compile_options *options = program->options;
    for (uint32_t i = 0; i < options->beat_count; i++)
        if (options->beats[i].name && strcmp(options->beats[i].name, graph_input_name(program->graph, input)) == 0)
            return true;
    return false;
}

/* All inputs that are by items and asked for arrive in the beats of the plan, or the user is told. */
static int place_ports(const struct program *program, const struct value_list *inputs, struct beat_plan *plan) {
    struct diagnostics *diagnostics = &program->context->diagnostics;
    for (uint32_t i = 0; i < inputs->count; i++) {
        uint32_t asked = asked_of(program, inputs->at[i]);
        if (!asked) continue;
        const char *name = graph_input_name(program->graph, inputs->at[i]);
        struct location at = {.file = program->graph->source};
        if (plan->beats < 2)
            return diag_error(diagnostics, at, "leave --beats away: an input arrives at once",
                              "no axis of input '%s' has more than %u items", name, asked);
        if (!plan->item[inputs->at[i].id] && !is_asked_by_name(program, inputs->at[i])) continue;
        if (!plan->item[inputs->at[i].id])
            return diag_error(diagnostics, at, "leave --beats away for this input",
                              "input '%s' has no axis of the %u items that are served one after the other", name,
                              plan->items);
        if (asked != plan->lanes)
            return diag_error(diagnostics, at, "inputs that arrive in beats arrive together",
                              "input '%s' arrives by %u items a clock, another by %u", name, asked, plan->lanes);
        if (program->options->interval && plan->beats > (uint32_t)program->options->interval)
            return diag_error(diagnostics, at, arena_printf(program->arena, "give --interval %u", plan->beats),
                              "the %u items of input '%s' arrive by %u a clock in %u cycles, and the interval is %d",
                              plan->items, name, asked, plan->beats, program->options->interval);
        plan->in_beats[i] = true;
    }
    return 0;
}

static bool is_input(const struct program *program, const struct value_list *inputs, const char *name) {
    for (uint32_t i = 0; i < inputs->count; i++)
        if (strcmp(name, graph_input_name(program->graph, inputs->at[i])) == 0) return true;
    return false;
}

/* What is asked of no input would be lost in silence. */
static int check_names(const struct program *program, const struct value_list *inputs) {
    const struct compile_options *options = program->options;
    for (uint32_t i = 0; i < options->beat_count; i++)
        if (options->beats[i].name && !is_input(program, inputs, options->beats[i].name))
            return diag_error(&program->context->diagnostics, (struct location){.file = program->graph->source},
                              "'bxc inspect' names the inputs", "no input is called '%s', as --beats says",
                              options->beats[i].name);
    return 0;
}

/* Whether what was followed for an input before it is the same: along the first axis of that size of each input. */
static bool is_followed(const struct beat_axes *axes, const struct shape *shape, int axis) {
    uint32_t items = (uint32_t)shape->dim[axis];
    if (axis_of(shape, items, 0) != axis) return false;
    for (uint32_t i = 0; i < axes->count; i++)
        if (axes->at[i].items == items) return true;
    return false;
}

/* Of the inputs that are asked for, if any are. */
struct beat_axes beats_axes(const struct program *program, struct arena *arena) {
    const struct graph *graph = program->graph;
    const struct value_list inputs = graph_inputs(graph, arena);
    struct beat_axes axes = {.asked = asked_items(program, &inputs)};
    axes.at = ARENA_ARRAY(arena, struct beat_plan, (size_t)inputs.count * SHAPE_RANK_MAX + 1);
    for (uint32_t i = 0; i < inputs.count; i++) {
        const struct shape *shape = &graph_value(graph, inputs.at[i])->shape;
        if (axes.asked && !asked_of(program, inputs.at[i])) continue;
        for (int axis = 0; axis < shape->rank; axis++)
            if (shape->dim[axis] > 1 && !is_followed(&axes, shape, axis))
                axes.at[axes.count++] = follow(graph, &inputs, i, axis, arena);
    }
    return axes;
}

struct beat_plan beats_plan_for(const struct beat_axes *axes, uint32_t interval) {
    struct beat_plan best = {.beats = 1};
    for (uint32_t i = 0; i < axes->count; i++) {
        struct beat_plan found = axes->at[i];
        found.lanes = interval > 1 || axes->asked ? lanes_for(found.items, interval, axes->asked) : 0;
        if (!found.lanes) continue;
        found.beats = (found.items + found.lanes - 1) / found.lanes;
        if (found.work > best.work || (axes->asked && best.beats < 2)) best = found;
    }
    return best;
}

int beats_plan(const struct program *program, struct arena *arena, struct beat_plan *plan) {
    const struct value_list inputs = graph_inputs(program->graph, arena);
    *plan = (struct beat_plan){.beats = 1};
    if (check_names(program, &inputs) < 0) return -1;
    if (program->options->interval < 2 && !asked_items(program, &inputs)) return 0;
    const struct beat_axes axes = beats_axes(program, arena);
    *plan = beats_plan_for(&axes, (uint32_t)program->options->interval);
    return place_ports(program, &inputs, plan);
}

double beats_share(const struct beat_plan *plan, uint32_t node) {
    return plan->beats < 2 || plan->service[node] == SERVED_WHOLE ? 1 : (double)plan->lanes / plan->items;
}
