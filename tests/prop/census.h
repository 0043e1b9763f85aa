/* What a random network has of the kinds that are counted. */
#ifndef BXC_TEST_CENSUS_H
#define BXC_TEST_CENSUS_H

#include "tests/prop/trial.h"

enum census_kind {
    KIND_RESIDUAL,
    KIND_SHARED,
    KIND_HEADS,
    KIND_ODD_SCALES,
    KIND_DECIMAL_SCALES,
    KIND_CHANNEL_SCALES,
    KIND_PRODUCT,
    KIND_VARIABLE_MATMUL,
    KIND_BATCH_NORM,
    KIND_TABLE,
    KIND_SOFTMAX,
    KIND_ARGMAX,
    KIND_CONCAT,
    KIND_WRAP,
    KIND_CONSTANTS,
    KIND_FLOAT,
    KIND_CALIBRATED,
    KIND_COUNT
};
static const char *const census_names[KIND_COUNT] = {"residual",
                                                     "shared value",
                                                     "several heads",
                                                     "odd scales",
                                                     "decimal scales",
                                                     "scales by channel",
                                                     "product of variables",
                                                     "matmul of variables",
                                                     "batch norm",
                                                     "sigmoid or tanh",
                                                     "softmax",
                                                     "argmax",
                                                     "concat",
                                                     "wrap",
                                                     "constants of constants",
                                                     "float",
                                                     "calibrated"};

static inline bool is_constant(const struct graph *graph, valref value) {
    return graph_definition(graph, value)->op == OP_CONSTANT;
}

static inline bool
is_decimal(float scale) { /* what a person writes: three digits behind the point, and no power of two */
    int exponent;
    return frexpf(scale, &exponent) != 0.5f && (float)(rint((double)scale * 1000) / 1000) == scale;
}

static inline unsigned kinds_of_scale(const struct graph *graph, valref scale) {
    const float *scales = graph_reals(graph, scale);
    unsigned kinds = 0;
    size_t count = shape_elements(&graph_value(graph, scale)->shape);
    for (size_t i = 0; scales && i < count; i++) {
        int exponent;
        if (frexpf(scales[i], &exponent) == 0.5f) continue;
        kinds |= 1u << (is_decimal(scales[i]) ? KIND_DECIMAL_SCALES : KIND_ODD_SCALES);
        if (count > 1) kinds |= 1u << KIND_CHANNEL_SCALES;
    }
    return kinds;
}

static inline unsigned kinds_of_node(const struct graph *graph, const struct node *node) {
    bool both = node->input_count == 2 && !is_constant(graph, node->inputs[0]) && !is_constant(graph, node->inputs[1]);
    switch (node->op) {
    case OP_ADD:
    case OP_SUB: return both ? 1u << KIND_RESIDUAL : 0;
    case OP_MUL: return both ? 1u << KIND_PRODUCT : 0;
    case OP_MATMUL:
        return both && !op_is_quantiser(graph_definition(graph, node->inputs[1])->op) ? 1u << KIND_VARIABLE_MATMUL : 0;
    case OP_BATCH_NORM: return 1u << KIND_BATCH_NORM;
    case OP_SIGMOID:
    case OP_TANH: return 1u << KIND_TABLE;
    case OP_SOFTMAX: return 1u << KIND_SOFTMAX;
    case OP_ARGMAX: return 1u << KIND_ARGMAX;
    case OP_CONCAT: return 1u << KIND_CONCAT;
    case OP_NARROW: return node->attributes.quantizer.overflow == OVERFLOW_WRAP ? 1u << KIND_WRAP : 0;
    case OP_QUANT: return kinds_of_scale(graph, node->inputs[1]);
    default: return 0;
    }
}

/* "residual,several heads" */
static inline const char *census_kinds(const struct trial *trial, struct arena *arena) {
    struct graph *graph = graph_clone(trial->as_read);
    unsigned kinds = 0;
    bool output;
    graph_compact(graph);
    const bool *constant = constants_of(graph, arena);
    for (uint32_t i = 0; i < graph->node_count; i++) {
        const struct node *node = &graph->nodes[i];
        kinds |= kinds_of_node(graph, node);
        if (constant[node->result.id] && node->op != OP_CONSTANT && !op_is_quantiser(node->op))
            kinds |= 1u << KIND_CONSTANTS;
        if (node->op != OP_CONSTANT && graph_use_count(graph, node->result, &output) + output > 1)
            kinds |= 1u << KIND_SHARED;
    }
    if (graph->output_count > 1) kinds |= 1u << KIND_HEADS;
    if (trial->is_float) kinds |= 1u << KIND_FLOAT;
    if (trial->calibrated) kinds |= 1u << KIND_CALIBRATED;
    graph_free(graph);
    struct strbuf text = strbuf_new(arena);
    for (int k = 0; k < KIND_COUNT; k++)
        if (kinds >> k & 1) strbuf_printf(&text, "%s%s", text.length ? "," : "", census_names[k]);
    return text.data ? text.data : "";
}

#endif
