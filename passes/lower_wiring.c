/* What is wiring alone: ports, constants and operators that move data. An element is a wire; one of no bits is the
 * constant 0. */
#include "passes/lower.h"
#include "ir/geometry.h"

void lower_ports(struct lower *lower, struct term *out) {
    const struct value *value = graph_value(lower->graph, lower->node->result);
    const int64_t *constants = graph_integers(lower->graph, lower->node->result);
    uint32_t port = constants ? 0 : lower->ports[lower->node - lower->graph->nodes];
    if (!constants && lower_port_in_beats(lower, port, out)) return;
    for (uint32_t e = 0; e < shape_elements(&value->shape); e++) {
        struct interval interval = graph_interval(lower->graph, lower->node->result, e);
        lower->element = e;
        if (constants)
            out[e] = lower_constant(lower, constants[e]);
        else if (graph_format(lower->graph, lower->node->result, e).width <= 0)
            out[e] = lower_constant(lower, 0);
        else
            out[e].wire = lower_wire(lower, (struct wire){.op = WIRE_INPUT,
                                                          .table = port,
                                                          .amount = (int32_t)e,
                                                          .lo = (int64_t)interval.lo,
                                                          .hi = (int64_t)interval.hi});
    }
}

void lower_movement(struct lower *lower, struct term *out) {
    const struct movement *map = movement_map(lower->graph, lower->node, lower->scratch);
    size_t count = shape_elements(&graph_value(lower->graph, lower->node->result)->shape);
    for (size_t e = 0; e < count; e++) out[e] = lower_operand(lower, map[e].operand, map[e].element);
}
