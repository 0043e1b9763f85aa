/* ReLU is a clamp from below. */
#include "passes/lower.h"

void lower_activation(struct lower *lower, struct term *out) {
    size_t count = shape_elements(&graph_value(lower->graph, lower->node->result)->shape);
    for (size_t e = 0; e < count && !lower->failed; e++) {
        lower->element = (uint32_t)e;
        out[e] = lower_clamp(lower, lower_operand(lower, 0, e), 0, INT64_MAX);
    }
}
