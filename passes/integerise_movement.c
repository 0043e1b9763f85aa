/* Movement operators at the line: constants, scales and waiting chains move by the same index map as the elements. */
#include "passes/integerise.h"
#include "ir/geometry.h"

#include <string.h>

static bool all_constant(const struct integerise *state, const struct node *node) {
    for (uint32_t i = 0; i < node->input_count; i++)
        if (state->lowered[node->inputs[i].id].kind != LOWERED_CONSTANT) return false;
    return true;
}

static void move_constants(struct integerise *state, const struct node *node, const struct movement *map,
                           size_t count) {
    float *reals = ARENA_ARRAY(state->scratch, float, count);
    int64_t *codes = ARENA_ARRAY(state->scratch, int64_t, count);
    double *scale = ARENA_ARRAY(state->scratch, double, count);
    bool scaled = true;
    for (size_t i = 0; i < count; i++) {
        const struct lowered *source = &state->lowered[node->inputs[map[i].operand].id];
        reals[i] = source->reals[map[i].element];
        scaled = scaled && source->codes;
        if (!scaled) continue;
        codes[i] = source->codes[map[i].element];
        scale[i] = source->scale[map[i].element];
    }
    state->lowered[node->result.id] = (struct lowered){.kind = LOWERED_CONSTANT,
                                                       .reals = reals,
                                                       .codes = scaled ? codes : NULL,
                                                       .scale = scaled ? scale : NULL,
                                                       .exact.value = NO_VALUE};
}

static const double *move_scales(struct integerise *state, const struct exact *operands, const struct movement *map,
                                 size_t count) {
    double *scale = NULL;
    for (size_t i = 0; i < count; i++) {
        const double *own = operands[map[i].operand].scale;
        if (own && !scale) {
            scale = ARENA_ARRAY(state->scratch, double, count);
            for (size_t k = 0; k < i; k++) scale[k] = 1;
        }
        if (scale) scale[i] = own ? own[map[i].element] : 1;
    }
    return scale;
}

static valref append_movement(struct integerise *state, const struct node *node, const valref *operands) {
    return cross_name(
        state, graph_append(state->integer, node->op, node->name, operands, node->input_count, &node->attributes), node,
        true);
}

/* A chain goes on behind the moved integer. */
static int move_chain(struct integerise *state, const struct node *node, const struct movement *map, size_t count) {
    struct lowered chain = state->lowered[node->inputs[0].id];
    uint32_t *source = ARENA_ARRAY(state->scratch, uint32_t, count);
    for (size_t i = 0; i < count; i++) source[i] = map[i].element;
    chain.base.scale = move_scales(state, &chain.base, map, count);
    chain.base.value = append_movement(state, node, &chain.base.value);
    chain.steps = steps_moved(state, &chain, source, count);
    chain.exact = (struct exact){.value = NO_VALUE};
    state->lowered[node->result.id] = chain;
    return chain.base.value.id == UINT32_MAX ? -1 : 0;
}

int cross_movement(struct integerise *state, const struct node *node) {
    const struct movement *map = movement_map(state->real, node, state->scratch);
    size_t count = shape_elements(&graph_value(state->real, node->result)->shape);
    if (all_constant(state, node)) {
        move_constants(state, node, map, count);
        return 0;
    }
    if (node->input_count == 1 && state->lowered[node->inputs[0].id].kind == LOWERED_CHAIN)
        return move_chain(state, node, map, count);
    struct exact *operands = ARENA_ARRAY(state->scratch, struct exact, node->input_count);
    valref *values = ARENA_ARRAY(state->scratch, valref, node->input_count);
    const char *doubt = NULL;
    for (uint32_t i = 0; i < node->input_count; i++) {
        if (exact_of(state, node->inputs[i], node, &operands[i]) < 0) return -1;
        values[i] = operands[i].value;
        if (!doubt) doubt = operands[i].doubt;
    }
    const double **scales = ARENA_ARRAY(state->scratch, const double *, node->input_count);
    for (uint32_t i = 0; i < node->input_count; i++) scales[i] = operands[i].scale;
    if (!op_moves_one(node->op) && concat_fit(state, node, values, scales) && !doubt)
        doubt = doubt_reason(state, node, "has no room for all bits of its operands: they are rounded");
    valref moved = append_movement(state, node, values);
    if (moved.id == UINT32_MAX) return -1;
    cross_set(state, node, moved, move_scales(state, operands, map, count), doubt);
    return 0;
}
