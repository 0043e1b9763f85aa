/* The graph of tensors: access by handle, appending. Rewriting is in graph_edit.c. */
#include "ir/ops.h"
#include "ir/verify.h"

#include <string.h>

/* ---- access ---- */

struct node *graph_node(const struct graph *graph, noderef node) {
    if (node.id >= graph->node_count)
        context_bug(graph->context, "node %u of %u in graph '%s'", node.id, graph->node_count, graph->name);
    return &graph->nodes[node.id];
}

struct value *graph_value(const struct graph *graph, valref value) {
    if (value.id >= graph->value_count)
        context_bug(graph->context, "value %u of %u in graph '%s'", value.id, graph->value_count, graph->name);
    return &graph->values[value.id];
}

struct node *graph_definition(const struct graph *graph, valref value) {
    return graph_node(graph, graph_value(graph, value)->definition);
}

bool valref_equal(valref a, valref b) {
    return a.id == b.id;
}

valref node_result(const struct node *node, uint32_t index) {
    return (valref){node->result.id + index};
}

const float *graph_reals(const struct graph *graph, valref value) {
    const struct node *node = graph_definition(graph, value);
    bool is = node->op == OP_CONSTANT && node->attributes.constant.kind == VALUE_REAL;
    return is ? node->attributes.constant.reals : NULL;
}

const int64_t *graph_integers(const struct graph *graph, valref value) {
    const struct node *node = graph_definition(graph, value);
    bool is = node->op == OP_CONSTANT && node->attributes.constant.kind != VALUE_REAL;
    return is ? node->attributes.constant.integers : NULL;
}

size_t graph_elements(const struct graph *graph, valref value) {
    return shape_elements(&graph_value(graph, value)->shape);
}

struct format graph_format(const struct graph *graph, valref value, size_t element) {
    const struct value *v = graph_value(graph, value);
    if (!v->formats.at) return (struct format){0};
    return v->formats.at[shape_project(&v->shape, element, &v->formats.shape)];
}

struct interval graph_interval(const struct graph *graph, valref value, size_t element) {
    const struct value *v = graph_value(graph, value);
    if (v->intervals.at && v->intervals.count) return v->intervals.at[v->intervals.count == 1 ? 0 : element];
    return format_interval(graph_format(graph, value, element));
}

struct location graph_location(const struct graph *graph, const struct node *node) {
    struct location at = {.file = graph->source, .opset = graph->opset};
    if (node) {
        at.node = node->name;
        at.op = node->source_op ? node->source_op : op_info(node->op)->name;
    }
    return at;
}

/* ---- life ---- */

struct graph *graph_new(struct bxc_context *context, const char *name) {
    struct arena *arena = arena_new(context);
    struct graph *graph = ARENA_NEW(arena, struct graph);
    graph->context = context;
    graph->arena = arena;
    graph->name = arena_strdup(arena, name ? name : "");
    return graph;
}

void graph_free(struct graph *graph) {
    if (!graph) return;
    for (uint32_t i = 0; i < graph->node_count; i++) graph_free(graph->nodes[i].body);
    graph_close(graph);
    arena_free(graph->arena);
}

static void clone_node(struct graph *copy, struct node *node) {
    node->name = arena_strdup(copy->arena, node->name);
    node->source_op = arena_strdup(copy->arena, node->source_op);
    node->inputs = arena_copy(copy->arena, node->inputs, node->input_count * sizeof *node->inputs);
    node->attributes = attributes_copy(copy->arena, node->op, &node->attributes);
    if (node->body) node->body = graph_clone(node->body);
}

static void clone_value(struct graph *copy, struct value *value) {
    value->name = arena_strdup(copy->arena, value->name);
    value->formats = formats_copy(copy->arena, &value->formats);
    if (value->intervals.at)
        value->intervals.at =
            arena_copy(copy->arena, value->intervals.at, value->intervals.count * sizeof *value->intervals.at);
}

struct graph *graph_clone(const struct graph *graph) {
    struct graph *copy = graph_new(graph->context, graph->name);
    copy->source = arena_strdup(copy->arena, graph->source);
    copy->opset = graph->opset;
    copy->node_capacity = graph->node_count;
    copy->nodes = arena_copy(copy->arena, graph->nodes, graph->node_count * sizeof *copy->nodes);
    for (uint32_t i = 0; i < graph->node_count; i++, copy->node_count++) clone_node(copy, &copy->nodes[i]);
    copy->value_count = copy->value_capacity = graph->value_count;
    copy->values = arena_copy(copy->arena, graph->values, graph->value_count * sizeof *copy->values);
    for (uint32_t i = 0; i < graph->value_count; i++) clone_value(copy, &copy->values[i]);
    readers_find(copy);
    for (uint32_t i = 0; i < graph->output_count; i++) {
        graph_append_output(copy, graph->outputs[i].name, graph->outputs[i].value);
        copy->outputs[i].meaning = meaning_copy(copy->arena, &graph->outputs[i].meaning);
    }
    return copy;
}

/* ---- appending ---- */

static void reserve_node(struct graph *graph) {
    if (graph->node_count < graph->node_capacity) return;
    uint32_t capacity = graph->node_capacity ? 2 * graph->node_capacity : 16;
    graph->nodes = arena_grow(graph->arena, graph->nodes, graph->node_count * sizeof *graph->nodes,
                              capacity * sizeof *graph->nodes);
    graph->node_capacity = capacity;
}

static void reserve_values(struct graph *graph, uint32_t more) {
    if (more <= graph->value_capacity - graph->value_count) return;
    uint32_t capacity = 2 * graph->value_capacity + (more > 16 ? more : 16);
    graph->values = arena_grow(graph->arena, graph->values, graph->value_count * sizeof *graph->values,
                               capacity * sizeof *graph->values);
    graph->value_capacity = capacity;
}

static int check_inputs(struct graph *graph, const struct node *node) {
    const struct op_info *info = op_info(node->op);
    int count = node->input_count > INT16_MAX && info->inputs_max >= 0 ? INT16_MAX : (int)node->input_count;
    if (count < info->inputs_min || (info->inputs_max >= 0 && count > info->inputs_max))
        return diag_error(&graph->context->diagnostics, graph_location(graph, node), NULL,
                          "operator '%s' has %d inputs, which is %s", info->name, count,
                          count < info->inputs_min ? "too few" : "too many");
    for (uint32_t i = 0; i < node->input_count; i++) graph_value(graph, node->inputs[i]);
    return 0;
}

static int check_body(struct graph *graph, const struct node *node) {
    const struct op_info *info = op_info(node->op);
    if (info->family->has_body == (node->body != NULL)) return 0;
    return diag_error(&graph->context->diagnostics, graph_location(graph, node), NULL,
                      node->body ? "operator '%s' has no body" : "operator '%s' needs a body", info->name);
}

static int infer(struct graph *graph, struct node *node, struct value *result) {
    const struct op_info *info = op_info(node->op);
    if (check_inputs(graph, node) < 0 || check_body(graph, node) < 0) return -1;
    if (!info->family->infer) context_bug(graph->context, "operator '%s' has no inference", info->name);
    return graph->open ? graph_infer_appended(graph, node) : info->family->infer(graph, node, result);
}

/* owned: what the attributes point to is the graph's already. */
static valref append(struct graph *graph, enum op op, const char *name, const valref *inputs, uint32_t input_count,
                     const union attributes *attributes, bool owned, struct graph *body) {
    struct arena *arena = graph->arena;
    const struct op_family *family = op_info(op)->family;
    context_check(graph->context);
    reserve_node(graph);
    struct node node = {.op = op,
                        .name = arena_strdup(arena, name ? name : ""),
                        .input_count = input_count,
                        .result = {graph->value_count},
                        .body = body};
    node.inputs = arena_copy(arena, inputs, input_count * sizeof *inputs);
    if (attributes) node.attributes = owned ? *attributes : attributes_copy(arena, op, attributes);
    node.result_count = family->results ? family->results(&node) : 1;
    reserve_values(graph, node.result_count);
    graph->nodes[graph->node_count] = node;
    for (uint32_t i = 0; i < node.result_count; i++)
        graph->values[graph->value_count + i] = (struct value){.definition = {graph->node_count}};
    if (infer(graph, &graph->nodes[graph->node_count], &graph->values[graph->value_count]) < 0) return NO_VALUE;
    graph->node_count++;
    graph->value_count += node.result_count;
    readers_add_node(graph, graph->node_count - 1);
    return node.result;
}

valref graph_append_with_body(struct graph *graph, enum op op, const char *name, const valref *inputs,
                              uint32_t input_count, const union attributes *attributes, struct graph *body) {
    return append(graph, op, name, inputs, input_count, attributes, false, body);
}

valref graph_append(struct graph *graph, enum op op, const char *name, const valref *inputs, uint32_t input_count,
                    const union attributes *attributes) {
    return graph_append_with_body(graph, op, name, inputs, input_count, attributes, NULL);
}

valref graph_append_input(struct graph *graph, const char *name, struct shape shape) {
    union attributes attributes = {.input = {.shape = shape}};
    valref value = graph_append(graph, OP_INPUT, name, NULL, 0, &attributes);
    if (value.id != UINT32_MAX) graph_name_value(graph, value, name);
    return value;
}

valref graph_append_integer_input(struct graph *graph, const char *name, struct shape shape, struct formats formats,
                                  enum rounding rounding, enum overflow overflow) {
    union attributes attributes = {
        .input = {.shape = shape, .rounding = rounding, .overflow = overflow, .formats = formats}};
    valref value = graph_append(graph, OP_INPUT, name, NULL, 0, &attributes);
    if (value.id != UINT32_MAX) graph_name_value(graph, value, name);
    return value;
}

valref graph_append_own_reals(struct graph *graph, const char *name, struct shape shape, float *reals) {
    union attributes attributes = {.constant = {.kind = VALUE_REAL, .shape = shape, .reals = reals}};
    return append(graph, OP_CONSTANT, name, NULL, 0, &attributes, true, NULL);
}

valref graph_append_reals(struct graph *graph, const char *name, struct shape shape, const float *reals) {
    return graph_append_own_reals(graph, name, shape,
                                  arena_copy(graph->arena, reals, shape_elements(&shape) * sizeof *reals));
}

valref graph_append_integers(struct graph *graph, const char *name, struct shape shape, struct formats formats,
                             const int64_t *integers) {
    size_t size = shape_elements(&shape) * sizeof *integers;
    union attributes attributes = {.constant = {.kind = formats.at ? VALUE_INTEGER : VALUE_INDEX,
                                                .shape = shape,
                                                .formats = formats_copy(graph->arena, &formats),
                                                .integers = arena_copy(graph->arena, integers, size)}};
    return append(graph, OP_CONSTANT, name, NULL, 0, &attributes, true, NULL);
}

void graph_append_output(struct graph *graph, const char *name, valref value) {
    if (graph->output_count == graph->output_capacity) {
        uint32_t capacity = graph->output_capacity ? 2 * graph->output_capacity : 4;
        graph->outputs = arena_grow(graph->arena, graph->outputs, graph->output_count * sizeof *graph->outputs,
                                    capacity * sizeof *graph->outputs);
        graph->output_capacity = capacity;
    }
    graph_value(graph, value);
    struct graph_output output = {.name = arena_strdup(graph->arena, name ? name : ""), .value = value};
    graph->outputs[graph->output_count++] = output;
}

void graph_name_value(struct graph *graph, valref value, const char *name) {
    graph_value(graph, value)->name = arena_strdup(graph->arena, name);
}
