/* Bodies written out, a copy a trip: each computes what the body computed, bit by bit. Constants are the same node for
 * all copies. */
#include "ir/geometry.h"
#include "ir/graph.h"
#include "ir/ops.h"

#include <inttypes.h>

enum { NODES_MAX = 1 << 18 };

struct unroll {
    struct graph *graph;
    const struct graph *body;
    struct node loop; /* as it was: nodes move while others are appended */
    valref *values;   /* of the body, in this trip */
    valref *inputs;   /* of the body, in its order */
    valref *carried;
    valref **stacked; /* by stacked result and trip */
    int64_t trip;
    bool failed;
};

static valref append(struct unroll *unroll, enum op op, const char *name, const valref *inputs, uint32_t count,
                     const union attributes *attributes) {
    valref value = graph_append(unroll->graph, op, name, inputs, count, attributes);
    unroll->failed |= valref_equal(value, NO_VALUE);
    return value;
}

static valref reshaped(struct unroll *unroll, valref value, const struct shape *shape, const char *name) {
    union attributes attributes = {.reshape.shape = *shape};
    return append(unroll, OP_RESHAPE, name, &value, 1, &attributes);
}

/* Which item of a sliced operand or stacked result this trip has. */
static int64_t item_at(const struct unroll *unroll, uint32_t place) {
    struct loop_place at = loop_place(unroll->graph, &unroll->loop, place);
    return at.reversed ? at.trips - 1 - unroll->trip : unroll->trip;
}

/* One item of a sliced operand, in the shape of the body's input. */
static valref item_of(struct unroll *unroll, uint32_t operand, valref input) {
    struct graph *graph = unroll->graph;
    const struct loop_attributes *loop = &unroll->loop.attributes.loop;
    uint32_t place = operand - (uint32_t)loop->carried;
    const struct shape whole = graph_value(graph, unroll->loop.inputs[operand])->shape;
    union attributes attributes = {.slice = {.step = {0}}};
    for (int axis = 0; axis < whole.rank; axis++) {
        attributes.slice.step[axis] = 1;
        attributes.slice.count[axis] = whole.dim[axis];
    }
    attributes.slice.count[loop->axes.at[place]] = 1;
    attributes.slice.start[loop->axes.at[place]] = item_at(unroll, place);
    const char *name = arena_printf(graph->arena, "%s.%" PRId64 ".%s", unroll->loop.name, unroll->trip,
                                    graph_definition(unroll->body, input)->name);
    valref item = append(unroll, OP_SLICE, arena_printf(graph->arena, "%s.slice", name), &unroll->loop.inputs[operand],
                         1, &attributes);
    return unroll->failed ? NO_VALUE : reshaped(unroll, item, &graph_value(unroll->body, input)->shape, name);
}

static void give_inputs(struct unroll *unroll) {
    const struct loop_attributes *loop = &unroll->loop.attributes.loop;
    for (uint32_t i = 0; i < unroll->loop.input_count && !unroll->failed; i++) {
        valref input = unroll->inputs[i];
        if (i < (uint32_t)loop->carried)
            unroll->values[input.id] = unroll->carried[i];
        else if (!loop_is_sliced(&unroll->loop, i))
            unroll->values[input.id] = unroll->loop.inputs[i];
        else if (loop_reads(&unroll->loop, input))
            unroll->values[input.id] = item_of(unroll, i, input);
    }
}

static void copy_node(struct unroll *unroll, const struct node *node) {
    struct graph *graph = unroll->graph;
    const char *name = node->op == OP_CONSTANT ? arena_printf(graph->arena, "%s.%s", unroll->loop.name, node->name)
                                               : arena_printf(graph->arena, "%s.%" PRId64 ".%s", unroll->loop.name,
                                                              unroll->trip, node->name);
    valref *operands = ARENA_ARRAY(graph->arena, valref, node->input_count + 1);
    for (uint32_t i = 0; i < node->input_count; i++) operands[i] = unroll->values[node->inputs[i].id];
    valref made = graph_append_with_body(graph, node->op, name, operands, node->input_count, &node->attributes,
                                         node->body ? graph_clone(node->body) : NULL);
    unroll->failed |= valref_equal(made, NO_VALUE);
    if (unroll->failed) return;
    struct node *copy = graph_definition(graph, made);
    copy->source_op = arena_strdup(graph->arena, node->source_op);
    for (uint32_t r = 0; r < node->result_count; r++) unroll->values[node_result(node, r).id] = node_result(copy, r);
}

static void run_trip(struct unroll *unroll) {
    const struct graph *body = unroll->body;
    uint32_t carried = (uint32_t)unroll->loop.attributes.loop.carried,
             sliced = (uint32_t)unroll->loop.attributes.loop.sliced;
    give_inputs(unroll);
    for (uint32_t n = 0; n < body->node_count && !unroll->failed; n++) {
        const struct node *node = &body->nodes[n];
        bool once = node->op == OP_CONSTANT && unroll->trip > 0;
        if (!node->dead && node->op != OP_INPUT && !once) copy_node(unroll, node);
    }
    for (uint32_t o = 0; o < body->output_count && !unroll->failed; o++) {
        valref value = unroll->values[body->outputs[o].value.id];
        if (o < carried)
            unroll->carried[o] = value;
        else
            unroll->stacked[o - carried][item_at(unroll, sliced + o - carried)] = value;
    }
}

/* All items of one result, each with the axis on which they stand one behind the other. */
static valref stack(struct unroll *unroll, uint32_t result) {
    struct graph *graph = unroll->graph;
    const struct loop_attributes *loop = &unroll->loop.attributes.loop;
    uint32_t at = result - (uint32_t)loop->carried;
    int64_t axis = loop->axes.at[(uint32_t)loop->sliced + at];
    struct shape shape = graph_value(graph, node_result(&unroll->loop, result))->shape;
    shape.dim[axis] = 1;
    valref *items = unroll->stacked[at];
    const char *output = unroll->body->outputs[result].name;
    for (int64_t i = 0; i < loop->trips && !unroll->failed; i++)
        items[i] = reshaped(unroll, items[i], &shape,
                            arena_printf(graph->arena, "%s.%s.%" PRId64, unroll->loop.name, output, i));
    if (unroll->failed || loop->trips == 1) return items[0];
    union attributes attributes = {.axis.axis = axis};
    return append(unroll, OP_CONCAT, arena_printf(graph->arena, "%s.%s", unroll->loop.name, output), items,
                  (uint32_t)loop->trips, &attributes);
}

static void replace_results(struct unroll *unroll) {
    struct graph *graph = unroll->graph;
    for (uint32_t r = 0; r < unroll->loop.result_count && !unroll->failed; r++) {
        valref old = node_result(&unroll->loop, r);
        bool is_carried = r < (uint32_t)unroll->loop.attributes.loop.carried, is_output;
        if (graph_use_count(graph, old, &is_output) == 0 && !is_output) continue;
        valref made = is_carried ? unroll->carried[r] : stack(unroll, r);
        const char *name = graph_value(graph, old)->name;
        if (unroll->failed) return;
        if (name && !graph_value(graph, made)->name) graph_name_value(graph, made, name);
        graph_replace(graph, old, made);
    }
}

static int unroll_node(struct graph *graph, uint32_t id) {
    struct arena *scratch = arena_new(graph->context);
    struct unroll unroll = {.graph = graph, .body = graph->nodes[id].body, .loop = graph->nodes[id]};
    const struct loop_attributes *loop = &unroll.loop.attributes.loop;
    unroll.values = ARENA_ARRAY(scratch, valref, unroll.body->value_count + 1);
    unroll.inputs = graph_inputs(unroll.body, scratch).at;
    unroll.carried = arena_copy(scratch, unroll.loop.inputs, unroll.loop.input_count * sizeof(valref));
    unroll.stacked = ARENA_ARRAY(scratch, valref *, unroll.loop.result_count + 1);
    for (uint32_t s = 0; s < loop_stacked(&unroll.loop); s++)
        unroll.stacked[s] = ARENA_ARRAY(scratch, valref, loop->trips + 1);
    for (unroll.trip = 0; unroll.trip < loop->trips && !unroll.failed; unroll.trip++) run_trip(&unroll);
    replace_results(&unroll);
    arena_free(scratch);
    return unroll.failed ? -1 : 0;
}

static int check_room(const struct graph *graph, const struct node *node) {
    int64_t trips = node->attributes.loop.trips;
    if (trips <= (NODES_MAX - (int64_t)graph->node_count) / ((int64_t)node->body->node_count + 1)) return 0;
    return diag_error(&graph->context->diagnostics, graph_location(graph, node),
                      "give the network as a graph of integers (.bxc), whose bodies stay as they are",
                      "its body of %u nodes would be written out %" PRId64 " times: more than %d nodes",
                      node->body->node_count, trips, NODES_MAX);
}

/* Bodies inside of a body are among the copies, which come behind. */
int graph_unroll(struct graph *graph) {
    bool any = false;
    for (uint32_t n = 0; n < graph->node_count; n++) {
        if (graph->nodes[n].dead || !graph->nodes[n].body) continue;
        if (check_room(graph, &graph->nodes[n]) < 0 || unroll_node(graph, n) < 0) return -1;
        any = true;
    }
    if (any) graph_compact(graph);
    return 0;
}
