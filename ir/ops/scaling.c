/* Numbers by factors of more digits than binary32 has, which integer engines write as a multiplier of 31 bits and a
 * shift: the product is rounded once. Factors broadcast to the first operand. */
#include "ir/ops/families.h"

#include <math.h>

/* What the rounding of the product threw away decides a half that is none. */
static float round_product(float x, float a, float b) {
    const double factor = (double)a + (double)b, product = (double)x * factor;
    const double lost = fma((double)x, factor, -product), whole = floor(product), part = product - whole;
    return (float)(part > 0.5 || (part == 0.5 && lost >= 0) ? whole + 1 : whole);
}

static int infer(struct graph *graph, struct node *node, struct value *result) {
    bool integer;
    struct shape wide;
    if (op_check_operands(graph, node, &integer)) return -1;
    const struct shape *shape = &op_operand(graph, node, 0)->shape;
    for (uint32_t i = 1; i < 3; i++)
        if (!shape_broadcast(shape, &op_operand(graph, node, i)->shape, &wide) || !shape_equal(&wide, shape))
            return REFUSE(graph, node, NULL, "operand %u does not broadcast to the first", (unsigned)i);
    return op_set_shape(graph, node, result, shape, integer);
}

struct plan {
    const uint32_t *a, *b;
};

static const void *prepare(const struct graph *graph, const struct node *node, struct arena *arena) {
    const struct shape *shape = &op_result(graph, node)->shape;
    struct plan *plan = ARENA_NEW(arena, struct plan);
    plan->a = op_broadcast_map(arena, shape, &op_operand(graph, node, 1)->shape);
    plan->b = op_broadcast_map(arena, shape, &op_operand(graph, node, 2)->shape);
    return plan;
}

static void eval_real(const struct evaluation *evaluation) {
    const struct plan *plan = evaluation->plan;
    size_t count = shape_elements(&op_result(evaluation->graph, evaluation->node)->shape);
    float spare[3][EVENT_LANES];
    for (size_t i = 0; i < count; i++) {
        const float *x = real_row(&evaluation->reals[0], i, spare[0]);
        const float *a = real_row(&evaluation->reals[1], op_mapped(plan->a, i), spare[1]);
        const float *b = real_row(&evaluation->reals[2], op_mapped(plan->b, i), spare[2]);
        float *out = evaluation->real_result + i * EVENT_LANES;
        for (int lane = 0; lane < EVENT_LANES; lane++) out[lane] = round_product(x[lane], a[lane], b[lane]);
    }
}

static double plus(double a, double b) {
    return a + b;
}

static void bound_real(const struct graph *graph, const struct node *node, const struct real_range *const *operands,
                       struct real_range *out, struct arena *arena) {
    (void)arena;
    for (size_t e = 0; e < shape_elements(&op_result(graph, node)->shape); e++) {
        struct real_range factor = range_corners(operands[1][step_operand_element(graph, node, 1, e)],
                                                 operands[2][step_operand_element(graph, node, 2, e)], plus);
        out[e] = range_corners(operands[0][e], factor, range_times);
        out[e].lo -= 0.5, out[e].hi += 0.5;
    }
}

static float step(const struct op_step *step, size_t element, float x) {
    return round_product(x, step->constants[1][element], step->constants[2][element]);
}

static const struct op_meaning meanings[OP_COUNT] = {
    [OP_ROUND_PRODUCT] = {.first_only = true, .whole = true, .binary32 = step, .monotone = always_monotone},
};

static const struct attribute_field fields[] = {{0}};

const struct op_family scaling_family = {
    .name = "scaling",
    .infer = infer,
    .prepare = prepare,
    .eval_real = eval_real,
    .bound_real = bound_real,
    .fields = fields,
    .meanings = meanings,
};
