/* Operators that move data are wiring. */
#include "passes/lower.h"
#include "ir/geometry.h"

void lower_movement(struct lower *lower, struct term *out) {
    const struct movement *map = movement_map(lower->graph, lower->node, lower->scratch);
    size_t count = shape_elements(&graph_value(lower->graph, lower->node->result)->shape);
    for (size_t e = 0; e < count; e++) out[e] = lower_operand(lower, map[e].operand, map[e].element);
}
