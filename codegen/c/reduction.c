/* C for reductions along an axis: outer elements, the axis, inner elements. */
#include "codegen/c/c.h"
#include "ir/geometry.h"

struct reduction {
    struct axis_reduction axis;
    struct c_numbers scale; /* aligns each operand element with the others along the axis */
    const char *type;
};

/* The largest fraction of the operands that one result element reads. */
static int common_fraction(const struct c_writer *writer, const struct node *node, const struct reduction *plan,
                           size_t result) {
    int fraction = INT16_MIN;
    for (size_t k = 0; k < plan->axis.length; k++) {
        size_t element = reduction_element(&plan->axis, result, k);
        int own = graph_format(writer->graph, node->inputs[0], element).fraction;
        if (c_largest(writer, node->inputs[0], element) != 0 && own > fraction) fraction = own;
    }
    return fraction;
}

static int plan_reduction(struct c_writer *writer, const struct node *node, struct reduction *plan, bool sum) {
    plan->axis = reduction_geometry(&graph_value(writer->graph, node->inputs[0])->shape, node->attributes.axis.axis);
    size_t count = c_elements(writer, node->inputs[0]);
    int64_t *factors = ARENA_ARRAY(writer->arena, int64_t, count);
    int128 bound = 0;
    for (size_t i = 0; i < plan->axis.outer * plan->axis.inner; i++) {
        int fraction = node->op == OP_ARGMAX ? common_fraction(writer, node, plan, i)
                                             : graph_format(writer->graph, node->result, i).fraction;
        int128 total = 0;
        for (size_t k = 0; k < plan->axis.length; k++) {
            size_t element = reduction_element(&plan->axis, i, k);
            if (c_align(writer, node, node->inputs[0], element, fraction, &factors[element])) return -1;
            int128 magnitude = c_largest(writer, node->inputs[0], element) * factors[element];
            total = sum ? total + magnitude : magnitude > total ? magnitude : total;
        }
        if (total > bound) bound = total;
    }
    if (!sum && bound > INT64_MAX && bound != -(int128)INT64_MIN)
        return diag_error(&writer->graph->context->diagnostics, graph_location(writer->graph, node), NULL,
                          "operands need more than 64 bits on a common grid");
    plan->type = sum ? c_sum_type(bound) : bound <= INT32_MAX ? "int32_t" : "int64_t";
    plan->scale = c_numbers(writer, node, "scale", factors, count);
    return 0;
}

static const char *element_at(struct c_writer *writer, const struct node *node, const struct reduction *plan,
                              const char *k) {
    const char *index = arena_printf(writer->arena, "(i * %zu + %s) * %zu + j", plan->axis.length, k, plan->axis.inner);
    return arena_printf(writer->arena, "(%s)%s[%s]%s", plan->type, c_operand(writer, node, 0), index,
                        c_times(writer, &plan->scale, index));
}

static void open_loops(struct c_writer *writer, const struct node *node, const struct reduction *plan) {
    c_function_open(writer, node);
    strbuf_printf(
        &writer->layer,
        "    for (int i = 0; i < %zu; i++)\n        for (int j = 0; j < %zu; j++) {\n            %s best = %s;\n",
        plan->axis.outer, plan->axis.inner, plan->type, element_at(writer, node, plan, "0"));
}

int c_emit_reduce(struct c_writer *writer, const struct node *node) {
    struct reduction plan;
    bool sum = node->op == OP_REDUCE_SUM;
    if (plan_reduction(writer, node, &plan, sum)) return -1;
    open_loops(writer, node, &plan);
    strbuf_printf(
        &writer->layer,
        "            for (int k = 1; k < %zu; k++) {\n                %s next = %s;\n                %s;\n            }\n",
        plan.axis.length, plan.type, element_at(writer, node, &plan, "k"),
        sum ? "best += next" : "best = next > best ? next : best");
    strbuf_printf(&writer->layer, "            y[i * %zu + j] = (%s)best;\n        }\n", plan.axis.inner,
                  c_value_type(writer, node->result));
    c_function_close(writer, node);
    return 0;
}

int c_emit_argmax(struct c_writer *writer, const struct node *node) {
    struct reduction plan;
    if (plan_reduction(writer, node, &plan, false)) return -1;
    open_loops(writer, node, &plan);
    strbuf_printf(
        &writer->layer,
        "            int at = 0;\n            for (int k = 1; k < %zu; k++) {\n                %s next = %s;\n"
        "                if (next %s best) {\n                    best = next;\n                    at = k;\n                }\n            }\n",
        plan.axis.length, plan.type, element_at(writer, node, &plan, "k"),
        node->attributes.axis.select_last ? ">=" : ">");
    strbuf_printf(&writer->layer, "            y[i * %zu + j] = at;\n        }\n", plan.axis.inner);
    c_function_close(writer, node);
    return 0;
}
