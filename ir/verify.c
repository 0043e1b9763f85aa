/* What must hold of a graph between passes, whatever a pass did: handles, order, operand counts, readers, and
 * that every type and interval is what inference gives afresh. */
#include "ir/ops.h"
#include "ir/verify.h"

static bool is_real(const struct graph *graph, const struct node *node) {
    bool real = false;
    for (uint32_t r = 0; r < node->result_count; r++)
        real = real || graph_value(graph, node_result(node, r))->kind == VALUE_REAL;
    return real;
}

bool graph_is_integer(const struct graph *graph) {
    for (uint32_t i = 0; i < graph->node_count; i++) {
        const struct node *node = &graph->nodes[i];
        if (!node->dead && is_real(graph, node)) return false;
    }
    return true;
}

static int refuse(const struct graph *graph, const struct node *node, const char *what) {
    return diag_error(&graph->context->diagnostics, graph_location(graph, node), NULL, "%s", what);
}

static int verify_operands(const struct graph *graph, uint32_t id, bool *defined) {
    const struct node *node = &graph->nodes[id];
    const struct op_info *info = op_info(node->op);
    int count = (int)node->input_count;
    if (count < info->inputs_min || (info->inputs_max >= 0 && count > info->inputs_max))
        return refuse(graph, node, "the number of operands is wrong");
    for (uint32_t k = 0; k < node->input_count; k++) {
        if (node->inputs[k].id >= graph->value_count) return refuse(graph, node, "an operand does not exist");
        if (!defined[node->inputs[k].id]) return refuse(graph, node, "an operand is removed, or comes later");
    }
    return 0;
}

static int verify_node(const struct graph *graph, uint32_t id, bool *defined) {
    const struct node *node = &graph->nodes[id];
    if ((unsigned)node->op >= OP_COUNT || !node->name) return refuse(graph, NULL, "a node has no operator or no name");
    const struct op_family *family = op_info(node->op)->family;
    if (node->result_count != (family->results ? family->results(node) : 1))
        return refuse(graph, node, "the number of results is wrong");
    if ((node->body != NULL) != family->has_body)
        return refuse(graph, node, node->body ? "a body stands where none belongs" : "the body is missing");
    if (verify_operands(graph, id, defined) < 0) return -1;
    for (uint32_t r = 0; r < node->result_count; r++) {
        uint32_t value = node_result(node, r).id;
        if (value >= graph->value_count || graph->values[value].definition.id != id)
            return refuse(graph, node, "the result is not the node's own");
        if (defined[value]) return refuse(graph, node, "the result is defined twice");
        defined[value] = true;
    }
    return node->body ? graph_verify(node->body) : 0;
}

/* Handles and order. */
static int verify_structure(const struct graph *graph, struct arena *scratch) {
    bool *defined = ARENA_ARRAY(scratch, bool, graph->value_count);
    int result = 0;
    for (uint32_t i = 0; i < graph->node_count; i++)
        if (!graph->nodes[i].dead && verify_node(graph, i, defined) < 0) result = -1;
    for (uint32_t i = 0; i < graph->output_count; i++) {
        const struct graph_output *output = &graph->outputs[i];
        if (output->value.id >= graph->value_count || !defined[output->value.id])
            result = diag_error(&graph->context->diagnostics, graph_location(graph, NULL), NULL,
                                "output '%s' has no value", output->name ? output->name : "");
    }
    return result == 0 && !readers_are_right(graph) ? refuse(graph, NULL, "an operand is not listed as read") : result;
}

static bool formats_equal(const struct graph *a, const struct graph *b, valref value) {
    const struct value *x = graph_value(a, value), *y = graph_value(b, value);
    if (!x->formats.at || !y->formats.at) return x->formats.at == y->formats.at;
    size_t count = shape_elements(&x->shape);
    for (size_t e = 0; e < count; e++)
        if (!format_equal(graph_format(a, value, e), graph_format(b, value, e))) return false;
    return true;
}

/* Dropped intervals (none) are no contradiction. */
static bool intervals_equal(const struct graph *a, const struct graph *b, valref value) {
    const struct value *x = graph_value(a, value), *y = graph_value(b, value);
    size_t count = x->intervals.at && y->intervals.at ? shape_elements(&x->shape) : 0;
    for (size_t e = 0; e < count; e++) {
        struct interval p = graph_interval(a, value, e), q = graph_interval(b, value, e);
        if (p.lo != q.lo || p.hi != q.hi) return false;
    }
    return true;
}

static int compare(const struct graph *graph, const struct graph *fresh, const struct node *node, valref value) {
    const struct value *held = graph_value(graph, value), *found = graph_value(fresh, value);
    if (held->kind != found->kind) return refuse(graph, node, "the kind is not what inference gives");
    if (!shape_equal(&held->shape, &found->shape)) return refuse(graph, node, "the shape is not what inference gives");
    if (!formats_equal(graph, fresh, value)) return refuse(graph, node, "formats are not what inference gives");
    if (!intervals_equal(graph, fresh, value)) return refuse(graph, node, "intervals are not what inference gives");
    return 0;
}

static int compare_results(const struct graph *graph, const struct graph *fresh, const struct node *node) {
    int result = 0;
    for (uint32_t r = 0; !node->dead && r < node->result_count; r++)
        result |= compare(graph, fresh, node, node_result(node, r));
    return result;
}

/* Types of a copy that shares the nodes' attributes, not their bodies: inference fills those. */
static int verify_types(const struct graph *graph, struct arena *scratch) {
    struct graph fresh = *graph;
    fresh.arena = scratch;
    fresh.nodes = arena_copy(scratch, graph->nodes, graph->node_count * sizeof *graph->nodes);
    fresh.values = arena_copy(scratch, graph->values, graph->value_count * sizeof *graph->values);
    for (uint32_t i = 0; i < fresh.value_count; i++)
        fresh.values[i] = (struct value){.name = graph->values[i].name, .definition = graph->values[i].definition};
    for (uint32_t i = 0; i < fresh.node_count; i++)
        if (fresh.nodes[i].body) fresh.nodes[i].body = graph_clone(fresh.nodes[i].body);
    bool typed = graph_infer(&fresh) == 0;
    int result = typed ? 0 : -1;
    for (uint32_t i = 0; i < graph->node_count && typed; i++)
        if (compare_results(graph, &fresh, &graph->nodes[i]) < 0) result = -1;
    for (uint32_t i = 0; i < fresh.node_count; i++) graph_free(fresh.nodes[i].body);
    return result;
}

int graph_verify(const struct graph *graph) {
    struct arena *scratch = arena_new(graph->context);
    int result = verify_structure(graph, scratch);
    if (result == 0) result = verify_types(graph, scratch);
    arena_free(scratch);
    return result;
}
