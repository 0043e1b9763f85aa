/* Chains: elementwise operators with constants that wait for their reader. They are evaluated as the model would, one
 * binary32 rounding an operator in the model's order; with a transcendental function among them in binary64, so that a
 * table's entry is the real function, correctly rounded by the quantiser behind it. */
#include "passes/integerise.h"
#include "ir/ops.h"

#include <math.h>

static bool is_unary(enum op op) {
    switch (op) {
    case OP_RELU:
    case OP_LEAKY_RELU:
    case OP_CLIP:
    case OP_SIGMOID:
    case OP_TANH:
    case OP_HARD_SIGMOID:
    case OP_EXP:
    case OP_RECIPROCAL: return true;
    default: return false;
    }
}

bool step_slot(const struct integerise *state, const struct node *node, uint32_t *slot) {
    *slot = 0;
    bool binary =
        node->op == OP_ADD || node->op == OP_SUB || node->op == OP_MUL || node->op == OP_DIV || node->op == OP_POW;
    if (!is_unary(node->op) && !binary && node->op != OP_BATCH_NORM) return false;
    uint32_t variables = 0;
    for (uint32_t i = 0; i < node->input_count; i++)
        if (state->lowered[node->inputs[i].id].kind != LOWERED_CONSTANT) {
            *slot = i;
            variables++;
        }
    return variables == 1 && (binary || *slot == 0);
}

static const float *constant_of(struct integerise *state, valref value) {
    return state->lowered[value.id].reals;
}

/* Batch normalisation's parameters run along axis 1. */
static const float *spread_channels(struct integerise *state, valref value, const struct shape *shape) {
    size_t count = shape_elements(shape), inner = 1;
    for (int axis = 2; axis < shape->rank; axis++) inner *= (size_t)shape->dim[axis];
    size_t channels = shape->rank > 1 ? (size_t)shape->dim[1] : 1;
    const float *reals = constant_of(state, value);
    bool single = shape_elements(&graph_value(state->real, value)->shape) == 1;
    float *spread = ARENA_ARRAY(state->scratch, float, count);
    for (size_t i = 0; i < count; i++) spread[i] = reals[single ? 0 : i / inner % channels];
    return spread;
}

static const float *spread(struct integerise *state, valref value, const struct shape *shape) {
    const struct shape *own = &graph_value(state->real, value)->shape;
    const float *reals = constant_of(state, value);
    size_t count = shape_elements(shape);
    float *out = ARENA_ARRAY(state->scratch, float, count);
    for (size_t i = 0; i < count; i++) out[i] = reals[shape_project(shape, i, own)];
    return out;
}

static struct step step_make(struct integerise *state, const struct node *node, uint32_t slot) {
    struct step step = {.node = node, .slot = slot};
    const struct shape *shape = &graph_value(state->real, node->result)->shape;
    for (uint32_t i = 0; i < node->input_count; i++) {
        if (i == slot) continue;
        step.constants[i] = node->op == OP_BATCH_NORM ? spread_channels(state, node->inputs[i], shape)
                                                      : spread(state, node->inputs[i], shape);
    }
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
    struct step *steps;
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

const struct step *steps_moved(struct integerise *state, const struct lowered *chain, const uint32_t *source,
                               size_t count) {
    if (!chain->step_count) return NULL;
    struct step *steps = arena_copy(state->scratch, chain->steps, chain->step_count * sizeof *steps);
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

bool step_is_transcendental(const struct step *step) {
    enum op op = step->node->op;
    return op_is_transcendental(op) || op == OP_RECIPROCAL || op == OP_POW;
}

bool step_is_monotone(const struct step *step, size_t element) {
    switch (step->node->op) {
    case OP_ADD:
    case OP_SUB:
    case OP_RELU:
    case OP_CLIP:
    case OP_SIGMOID:
    case OP_TANH:
    case OP_HARD_SIGMOID:
    case OP_EXP: return true;
    case OP_MUL:
    case OP_BATCH_NORM: return true;
    case OP_DIV: return step->slot == 0 && step->constants[1][element] != 0;
    case OP_LEAKY_RELU: return step->node->attributes.activation.alpha >= 0;
    default: return false;
    }
}

/* The definition of batch_norm, one rounding an operation (ir/ops/linear.c). */
static float batch_norm(const struct step *step, size_t element, float x) {
    float scale = step->constants[1][element], bias = step->constants[2][element];
    float mean = step->constants[3][element], variance = step->constants[4][element];
    float deviation = sqrtf(variance + step->node->attributes.normalization.epsilon);
    return scale * (x - mean) / deviation + bias;
}

static float step_float(const struct step *step, size_t element, float x) {
    float y = 0, c = step->slot < 2 && step->constants[1 - step->slot] ? step->constants[1 - step->slot][element] : 0;
    bool left = step->slot == 0;
    switch (step->node->op) {
    case OP_ADD: return x + c;
    case OP_SUB: return left ? x - c : c - x;
    case OP_MUL: return x * c;
    case OP_DIV: return left ? x / c : c / x;
    case OP_BATCH_NORM: return batch_norm(step, element, x);
    default: op_unary_real(step->node, x, &y); return y;
    }
}

static double step_double(const struct step *step, size_t element, double x) {
    double y,
        c = step->slot < 2 && step->constants[1 - step->slot] ? (double)step->constants[1 - step->slot][element] : 0;
    bool left = step->slot == 0;
    switch (step->node->op) {
    case OP_ADD: return x + c;
    case OP_SUB: return left ? x - c : c - x;
    case OP_MUL: return x * c;
    case OP_DIV: return left ? x / c : c / x;
    case OP_POW: return left ? pow(x, c) : pow(c, x);
    case OP_RECIPROCAL: return 1 / x;
    default:
        if (op_unary_double(step->node, x, &y)) return y;
        return (double)step_float(step, element, (float)x);
    }
}

double chain_evaluate(const struct lowered *chain, size_t element, double real) {
    bool transcendental = false;
    for (uint32_t s = 0; s < chain->step_count; s++)
        transcendental = transcendental || step_is_transcendental(&chain->steps[s]);
    if (transcendental) {
        for (uint32_t s = 0; s < chain->step_count; s++) real = step_double(&chain->steps[s], element, real);
        return real;
    }
    float x = (float)real;
    for (uint32_t s = 0; s < chain->step_count; s++) x = step_float(&chain->steps[s], element, x);
    return (double)x;
}

/* With a scale: the binary64 product, which the chain rounds once to binary32. That is the definition; a float engine
 * that adds scaled numbers may have rounded before. */
double base_real(const struct graph *integer, const struct exact *base, size_t element, int128 m) {
    int fraction = graph_format(integer, base->value, element).fraction;
    return ldexp((double)m, -fraction) * (base->scale ? base->scale[element] : 1);
}

bool step_affine(const struct step *step, size_t element, double *gain, double *offset) {
    double c = step->slot < 2 && step->constants[1 - step->slot] ? (double)step->constants[1 - step->slot][element] : 0;
    bool left = step->slot == 0;
    switch (step->node->op) {
    case OP_ADD: *gain = 1, *offset = c; return true;
    case OP_SUB: *gain = left ? 1 : -1, *offset = left ? -c : c; return true;
    case OP_MUL: *gain = c, *offset = 0; return true;
    case OP_DIV: *gain = 1 / c, *offset = 0; return left && c != 0;
    case OP_BATCH_NORM:
        *gain = (double)step->constants[1][element] /
                sqrt((double)step->constants[4][element] + (double)step->node->attributes.normalization.epsilon);
        *offset = (double)step->constants[2][element] - (double)step->constants[3][element] * *gain;
        return true;
    default: return false;
    }
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
