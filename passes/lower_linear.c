/* A matrix product: each element of the result is one sum. A constant weight is a few shifted terms
 * of its input (signed digits); where both sides vary, partial products. */
#include "passes/lower.h"
#include "ir/geometry.h"

static bool is_zero(const struct lower *lower, struct term term) {
    int64_t constant;
    return lower_is_constant(lower, term, &constant) && constant == 0;
}

static struct term lower_dot(struct lower *lower, const struct matrix_product *product, size_t result, int fraction) {
    const valref *inputs = lower->node->inputs;
    struct term_list list = {0};
    struct product_term at = product_first(product, result);
    for (size_t k = 0; k < product->depth && !lower->failed; k++, product_next(product, &at)) {
        struct term a = lower_operand(lower, 0, at.left), b = lower_operand(lower, 1, at.right);
        if (is_zero(lower, a) || is_zero(lower, b)) continue;
        int have = graph_format(lower->graph, inputs[0], at.left).fraction +
                   graph_format(lower->graph, inputs[1], at.right).fraction;
        term_list_add_product(lower, &list, a, b, fraction - have);
    }
    return lower_sum(lower, &list);
}

void lower_linear(struct lower *lower, struct term *out) {
    const struct graph *graph = lower->graph;
    const valref *inputs = lower->node->inputs;
    struct matrix_product product =
        product_geometry(lower->scratch, &graph_value(graph, inputs[0])->shape, &graph_value(graph, inputs[1])->shape);
    size_t count = product.batches * product.rows * product.columns;
    for (size_t e = 0; e < count && !lower->failed; e++) {
        lower->element = (uint32_t)e;
        out[e] = lower_dot(lower, &product, e, graph_format(graph, lower->node->result, e).fraction);
    }
}
