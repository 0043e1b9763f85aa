/* A body is laid out once an item, side by side: what one run carries on is what the next begins with. */
#include "passes/lower.h"
#include "ir/geometry.h"

static void take_item(struct lower *lower, const struct node *node, struct term *const *operands, uint32_t index,
                      int64_t trip, valref input, struct term **elements) {
    const struct loop_attributes *loop = &node->attributes.loop;
    size_t count = shape_elements(&graph_value(node->body, input)->shape);
    if (!loop_is_sliced(node, index)) {
        elements[input.id] = operands[index];
        return;
    }
    struct loop_place place = loop_place(lower->graph, node, index - (uint32_t)loop->carried);
    elements[input.id] = ARENA_ARRAY(lower->scratch, struct term, count + 1);
    for (size_t e = 0; e < count; e++) elements[input.id][e] = operands[index][loop_element(&place, trip, e)];
}

static void give(const struct lower *lower, const struct node *node, int64_t trip, struct term **elements,
                 struct term **carried) {
    const struct loop_attributes *loop = &node->attributes.loop;
    for (uint32_t o = 0; o < node->result_count; o++) {
        valref inner = node->body->outputs[o].value, result = node_result(node, o);
        size_t count = shape_elements(&graph_value(node->body, inner)->shape);
        struct loop_place place = {0};
        bool stacked = o >= (uint32_t)loop->carried;
        if (stacked)
            place = loop_place(lower->graph, node, (uint32_t)loop->sliced + o - (uint32_t)loop->carried);
        else
            carried[o] = elements[inner.id];
        for (size_t e = 0; e < count; e++)
            lower->elements[result.id][stacked ? loop_element(&place, trip, e) : e] = elements[inner.id][e];
    }
}

/* One run of the body: fresh elements of all its values. */
static void run_body(struct lower *lower, const struct node *node, struct term **elements) {
    struct lower outer = *lower;
    lower->graph = node->body;
    lower->elements = elements;
    lower->in_body = true;
    for (uint32_t n = 0; n < node->body->node_count && !lower->failed; n++)
        if (!node->body->nodes[n].dead && node->body->nodes[n].op != OP_INPUT) lower_node(lower, &node->body->nodes[n]);
    lower->graph = outer.graph;
    lower->elements = outer.elements;
    lower->node = outer.node;
    lower->in_body = outer.in_body;
}

void lower_loop(struct lower *lower, struct term *out) {
    const struct node *node = lower->node;
    const struct value_list inputs = graph_inputs(node->body, lower->scratch);
    struct term **operands = ARENA_ARRAY(lower->scratch, struct term *, node->input_count);
    for (uint32_t i = 0; i < node->input_count; i++) operands[i] = lower->elements[node->inputs[i].id];
    for (int64_t trip = 0; trip < node->attributes.loop.trips && !lower->failed; trip++) {
        struct term **elements = ARENA_ARRAY(lower->scratch, struct term *, node->body->value_count + 1);
        for (uint32_t i = 0; i < node->input_count; i++)
            take_item(lower, node, operands, i, trip, inputs.at[i], elements);
        run_body(lower, node, elements);
        if (!lower->failed) give(lower, node, trip, elements, operands);
    }
    (void)out;
}
