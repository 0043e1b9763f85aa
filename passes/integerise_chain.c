/* Chains: elementwise operators with constants that wait for their reader. They are evaluated as the model would, one
 * binary32 rounding an operator in the model's order; with a transcendental function among them in binary64, so that a
 * table's entry is the real function, correctly rounded by the quantiser behind it. */
#include "passes/integerise.h"

#include <math.h>

static bool is_constant(const void *user, valref value) {
    const struct integerise *state = user;
    return state->lowered[value.id].kind == LOWERED_CONSTANT;
}

bool chain_slot(const struct integerise *state, const struct node *node, uint32_t *slot) {
    return step_slot(node, is_constant, state, slot);
}

static struct op_step step_make(struct integerise *state, const struct node *node, uint32_t slot) {
    struct op_step step = {.node = node, .slot = slot};
    for (uint32_t i = 0; i < node->input_count; i++)
        if (i != slot)
            step.constants[i] =
                step_constant(state->real, node, i, state->lowered[node->inputs[i].id].reals, state->scratch);
    return step;
}

/* The constant may be larger than the chain: then the integer is repeated first, by adding zeros. */
static int widen(struct integerise *state, const struct node *node, struct lowered *chain) {
    const struct shape shape = graph_value(state->real, node->result)->shape;
    const struct shape own = graph_value(state->integer, chain->base.value)->shape;
    if (shape_equal(&shape, &own)) return 0;
    size_t count = shape_elements(&shape);
    if (count == shape_elements(&own)) {
        union attributes reshape = {.reshape = {.shape = shape}};
        const char *name = arena_printf(state->scratch, "%s.shape", node->name);
        chain->base.value = graph_append(state->integer, OP_RESHAPE, name, &chain->base.value, 1, &reshape);
        return chain->base.value.id == UINT32_MAX ? -1 : 0;
    }
    int64_t *zeros = ARENA_ARRAY(state->scratch, int64_t, count);
    struct format zero = {0};
    valref operands[2] = {chain->base.value, NO_VALUE};
    operands[1] = graph_append_integers(state->integer, arena_printf(state->scratch, "%s.zeros", node->name), shape,
                                        formats_uniform(state->scratch, zero), zeros);
    chain->base.value =
        graph_append(state->integer, OP_ADD, arena_printf(state->scratch, "%s.repeat", node->name), operands, 2, NULL);
    if (chain->base.value.id == UINT32_MAX) return -1;
    uint32_t *source = ARENA_ARRAY(state->scratch, uint32_t, count);
    for (size_t i = 0; i < count; i++) source[i] = (uint32_t)shape_project(&shape, i, &own);
    double *scale = chain->base.scale ? ARENA_ARRAY(state->scratch, double, count) : NULL;
    for (size_t i = 0; scale && i < count; i++) scale[i] = chain->base.scale[source[i]];
    chain->base.scale = scale;
    chain->steps = steps_moved(state, chain, source, count);
    return 0;
}

/* Steps in memory: a chain that ends where they do goes on in place, so that long chains are not copied at each step.
 */
struct step_room {
    struct op_step *steps;
    uint32_t used, capacity;
};

static struct step_room *room_behind(struct integerise *state, const struct lowered *chain) {
    struct step_room *room = chain->room;
    if (room && room->steps == chain->steps && room->used == chain->step_count && room->used < room->capacity)
        return room;
    room = ARENA_NEW(state->scratch, struct step_room);
    room->used = chain->step_count;
    room->capacity = chain->step_count ? 2 * chain->step_count : 1;
    room->steps = arena_grow(state->scratch, chain->steps, chain->step_count * sizeof *room->steps,
                             room->capacity * sizeof *room->steps);
    return room;
}

int chain_extend(struct integerise *state, const struct node *node, uint32_t slot) {
    struct lowered chain = state->lowered[node->inputs[slot].id];
    if (chain.kind == LOWERED_INTEGER) chain.base = chain.exact;
    if (widen(state, node, &chain) < 0) return -1;
    chain.room = room_behind(state, &chain);
    chain.room->steps[chain.room->used++] = step_make(state, node, slot);
    chain.kind = LOWERED_CHAIN;
    chain.exact = (struct exact){.value = NO_VALUE};
    chain.steps = chain.room->steps;
    chain.step_count++;
    state->lowered[node->result.id] = chain;
    return 0;
}

const struct op_step *steps_moved(struct integerise *state, const struct lowered *chain, const uint32_t *source,
                                  size_t count) {
    if (!chain->step_count) return NULL;
    struct op_step *steps = arena_copy(state->scratch, chain->steps, chain->step_count * sizeof *steps);
    for (uint32_t s = 0; s < chain->step_count; s++)
        for (uint32_t k = 0; k < 5; k++) {
            const float *old = steps[s].constants[k];
            if (!old) continue;
            float *moved = ARENA_ARRAY(state->scratch, float, count);
            for (size_t i = 0; i < count; i++) moved[i] = old[source[i]];
            steps[s].constants[k] = moved;
        }
    return steps;
}

bool chain_is_transcendental(const struct lowered *chain) {
    for (uint32_t s = 0; s < chain->step_count; s++)
        if (op_is_transcendental(chain->steps[s].node->op)) return true;
    return false;
}

double chain_evaluate(const struct lowered *chain, size_t element, double real) {
    if (chain_is_transcendental(chain)) {
        for (uint32_t s = 0; s < chain->step_count; s++) real = step_binary64(&chain->steps[s], element, real);
        return real;
    }
    float x = (float)real;
    for (uint32_t s = 0; s < chain->step_count; s++) x = step_binary32(&chain->steps[s], element, x);
    return (double)x;
}

/* With a scale: the binary64 product, which the chain rounds once to binary32. That is the definition; a float engine
 * that adds scaled numbers may have rounded before. */
double base_real(const struct graph *integer, const struct exact *base, size_t element, int128 m) {
    int fraction = graph_format(integer, base->value, element).fraction;
    return ldexp((double)m, -fraction) * (base->scale ? base->scale[element] : 1);
}

bool chain_affine(const struct lowered *chain, size_t element, double *gain, double *offset) {
    *gain = 1, *offset = 0;
    for (uint32_t s = 0; s < chain->step_count; s++) {
        double g, o;
        if (!step_affine(&chain->steps[s], element, &g, &o)) return false;
        *gain *= g;
        *offset = *offset * g + o;
    }
    return isfinite(*gain) && isfinite(*offset) && *gain != 0;
}
