/* Small random networks as a frontend would read them: shared values, residuals, several heads, scales that are no
 * powers of two, odd and decimal, by tensor and by channel. The draws come from a seed, or from bytes that a fuzzer
 * chooses. */
#ifndef BXC_TEST_NETWORK_H
#define BXC_TEST_NETWORK_H

#include "ir/ops.h"

#include <math.h>

enum { NETWORK_VALUES_MAX = 64, NETWORK_FEATURES_MAX = 6, NETWORK_SCALED_INPUTS = 2, NETWORK_MANY_INPUTS = 257 };

struct network {
    uint64_t state;
    const uint8_t *bytes; /* or NULL: the state alone decides */
    size_t byte_count, byte_at;
    struct graph *graph;
    valref values[NETWORK_VALUES_MAX]; /* of shape [1,n] */
    int value_count;
    int names;
    bool hard;      /* all that follows, and stacks and hundreds of inputs, may be drawn */
    bool convolves; /* layers may be convolutions */
    bool plain;     /* no quantisers: bxc chooses all formats */
    bool wild;      /* a gain is huge, or a product of variables without quantisers spreads its bounds: no number can be
                       promised */
    bool uneven;    /* float inputs come in all sizes, which calibration must show */
    int exponents[NETWORK_SCALED_INPUTS][NETWORK_FEATURES_MAX]; /* of float inputs: their numbers lie within 2^these */
};

static inline uint64_t network_random(struct network *network) { /* splitmix64 */
    if (network->byte_at < network->byte_count) network->state ^= network->bytes[network->byte_at++];
    uint64_t z = network->state += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}
static inline int draw(struct network *network, int limit) {
    return (int)(network_random(network) % (uint64_t)limit);
}
static inline float draw_real(struct network *network, float range) {
    return range * ((float)draw(network, 2001) / 1000 - 1);
}

static inline const char *network_name(struct network *network, const char *what) {
    return arena_printf(network->graph->arena, "%s%d", what, network->names++);
}
static inline int64_t features_of(const struct network *network, valref value) {
    return graph_value(network->graph, value)->shape.dim[1];
}
static inline struct shape row(int64_t n) {
    return (struct shape){2, {1, n}};
}

/* By value: whether it depends on no input. */
static inline bool *constants_of(const struct graph *graph, struct arena *arena) {
    bool *constant = ARENA_ARRAY(arena, bool, graph->value_count);
    for (uint32_t n = 0; n < graph->node_count; n++) {
        const struct node *node = &graph->nodes[n];
        bool *own = &constant[node->result.id];
        *own = node->op != OP_INPUT;
        for (uint32_t k = 0; k < node->input_count; k++) *own = *own && constant[node->inputs[k].id];
    }
    return constant;
}

static inline valref network_keep(struct network *network, valref value) {
    if (value.id != UINT32_MAX && network->value_count < NETWORK_VALUES_MAX)
        network->values[network->value_count++] = value;
    return value;
}
/* Later values more often: networks are deep, but any value may be read again. */
static inline valref network_pick(struct network *network) {
    int a = draw(network, network->value_count), b = draw(network, network->value_count);
    return network->values[a > b ? a : b];
}

static inline valref network_reals(struct network *network, struct shape shape, float range, int fraction) {
    float data[NETWORK_FEATURES_MAX * NETWORK_FEATURES_MAX];
    for (size_t i = 0; i < shape_elements(&shape); i++)
        data[i] = ldexpf(rintf(ldexpf(draw_real(network, range), fraction)), -fraction);
    return graph_append_reals(network->graph, network_name(network, "c"), shape, data);
}

/* A power of two, a mantissa of 24 bits, or a decimal number of one or two digits, as people write them. */
static inline float network_scale(struct network *network, int kind) {
    if (kind == 0) return ldexpf(1, -draw(network, 6));
    if (kind == 1) return ldexpf(1 + (float)draw(network, 1 << 23) / (1 << 23), -draw(network, 6));
    return (float)(1 + draw(network, 99)) / (draw(network, 2) ? 100 : 10) / (draw(network, 2) ? 10 : 1);
}

/* One, or one a channel: all different, or powers of two apart. */
static inline valref network_scales(struct network *network, int64_t channels) {
    float scales[NETWORK_FEATURES_MAX];
    int kind = draw(network, 3);
    bool by_channel = draw(network, 3) == 0, apart = draw(network, 2);
    float first = network_scale(network, kind);
    for (int64_t i = 0; i < channels; i++)
        scales[i] = i == 0 || apart ? ldexpf(first, i ? draw(network, 3) : 0) : network_scale(network, kind);
    struct shape shape = by_channel ? row(channels) : (struct shape){0};
    return graph_append_reals(network->graph, network_name(network, "s"), shape, scales);
}

static inline valref network_quant(struct network *network, valref x, valref scale, int bits, bool is_signed) {
    float zero_point = !is_signed && draw(network, 6) == 0 ? (float)draw(network, 8) : 0, width = (float)bits;
    valref operands[4] = {
        x, scale, graph_append_reals(network->graph, network_name(network, "z"), (struct shape){0}, &zero_point),
        graph_append_reals(network->graph, network_name(network, "b"), (struct shape){0}, &width)};
    union attributes attributes = {.quantizer = {.rounding = (enum rounding)draw(network, ROUNDING_COUNT),
                                                 .is_signed = is_signed,
                                                 .narrow = is_signed && draw(network, 4) == 0}};
    return graph_append(network->graph, OP_QUANT, network_name(network, "q"), operands, 4, &attributes);
}

static inline valref network_narrow(struct network *network, valref x) {
    struct format format = {draw(network, 4) != 0, (int16_t)(3 + draw(network, 7)), (int16_t)draw(network, 6)};
    static const enum overflow overflows[] = {OVERFLOW_SATURATE, OVERFLOW_SATURATE, OVERFLOW_SATURATE, OVERFLOW_WRAP,
                                              OVERFLOW_SATURATE_SYMMETRIC};
    union attributes attributes = {.quantizer = {.rounding = (enum rounding)draw(network, ROUNDING_COUNT),
                                                 .overflow = overflows[draw(network, 5)],
                                                 .formats = formats_uniform(network->graph->arena, format)}};
    return graph_append(network->graph, OP_NARROW, network_name(network, "n"), &x, 1, &attributes);
}

static inline valref network_quantise(struct network *network, valref x) {
    if (network->plain) return x;
    if (draw(network, 2)) return network_narrow(network, x);
    return network_quant(network, x, network_scales(network, features_of(network, x)), 3 + draw(network, 6),
                         draw(network, 3) != 0);
}

static inline valref network_binary(struct network *network, enum op op, valref a, valref b) {
    valref operands[2] = {a, b};
    return graph_append(network->graph, op, network_name(network, op_info(op)->name), operands, 2, NULL);
}
static inline valref network_unary(struct network *network, enum op op, valref x, float alpha, float beta) {
    union attributes attributes = {.activation = {alpha, beta}};
    return graph_append(network->graph, op, network_name(network, op_info(op)->name), &x, 1, &attributes);
}

/* Through another shape and back, or a part. */
static inline valref network_turned(struct network *network, valref x) {
    union attributes there = {.reshape = {.shape = {2, {features_of(network, x), 1}}}},
                     turn = {.transpose = {.permutation = {1, 0}}};
    valref moved = graph_append(network->graph, OP_RESHAPE, network_name(network, "shape"), &x, 1, &there);
    return moved.id == UINT32_MAX
               ? moved
               : graph_append(network->graph, OP_TRANSPOSE, network_name(network, "turn"), &moved, 1, &turn);
}
static inline valref network_move(struct network *network, valref x) {
    int64_t n = features_of(network, x);
    if (draw(network, 2) && n > 1) {
        union attributes slice = {.slice = {.start = {0, draw(network, 2)}, .step = {1, 1}, .count = {1, n - 1}}};
        return graph_append(network->graph, OP_SLICE, network_name(network, "part"), &x, 1, &slice);
    }
    return network_turned(network, x);
}

static inline valref network_curve(struct network *network, valref x) {
    static const enum op curves[] = {OP_SIGN,  OP_FLOOR,     OP_TOWARD_ZERO, OP_POSITIVE,   OP_CEIL,
                                     OP_ROUND, OP_ERF,       OP_SOFTPLUS,    OP_SOFTSIGN,   OP_FAST_TANH,
                                     OP_ELU,   OP_SELU,      OP_CELU,        OP_GELU,       OP_MISH,
                                     OP_SWISH, OP_GELU_TANH, OP_SHRINK,      OP_HARD_SWISH, OP_THRESHOLDED_RELU};
    enum op op = curves[draw(network, (int)(sizeof curves / sizeof *curves))];
    return network_unary(network, op, x, 0.25f * (float)(1 + draw(network, 8)), 0.25f);
}

static inline valref network_activation(struct network *network, valref x) {
    switch (draw(network, 10)) {
    case 8:
    case 9: return network_curve(network, x);
    case 0: return network_unary(network, OP_CLIP, x, -1.5f, draw(network, 2) ? 2.25f : 0x1.fffffep+127f);
    case 1: return network_unary(network, OP_LEAKY_RELU, x, 0.125f, 0);
    case 2: return network_unary(network, OP_HARD_SIGMOID, x, 0.25f, 0.5f);
    case 3: return network_unary(network, OP_SIGMOID, x, 0, 0);
    case 4: return network_unary(network, OP_TANH, x, 0, 0);
    default: return network_unary(network, OP_RELU, x, 0, 0);
    }
}

/* ---- constants ---- */

static inline valref network_constant(struct network *network, int64_t n, int depth);

/* One of two numbers, neither of them 0. */
static inline valref network_two_codes(struct network *network, valref x) {
    valref operands[2] = {x, network_scales(network, features_of(network, x))};
    return graph_append(network->graph, OP_BIPOLAR_QUANT, network_name(network, "q"), operands, 2, NULL);
}

/* Of a size that leaves the numbers as large as they were. */
static inline valref network_divisor(struct network *network, int64_t n, int depth) {
    valref x = network_constant(network, n, depth);
    if (!network->plain && draw(network, 2)) return network_two_codes(network, x);
    x = network_unary(network, OP_CLIP, x, -1.5f, 2.25f);
    return network_unary(network, draw(network, 2) ? OP_SIGMOID : OP_EXP, x, 0, 0);
}

static inline valref network_joined(struct network *network, valref a, valref b) {
    int64_t n = features_of(network, a);
    union attributes first = {.slice = {.step = {1, 1}, .count = {1, 1}}},
                     rest = {.slice = {.start = {0, 1}, .step = {1, 1}, .count = {1, n - 1}}},
                     axis = {.axis = {.axis = 1}};
    if (n == 1) return b;
    valref both[2] = {graph_append(network->graph, OP_SLICE, network_name(network, "first"), &a, 1, &first),
                      graph_append(network->graph, OP_SLICE, network_name(network, "rest"), &b, 1, &rest)};
    return graph_append(network->graph, OP_CONCAT, network_name(network, "k"), both, 2, &axis);
}

/* A row of numbers that depend on no input: behind quantisers, moved, functions and sums, products and quotients of
 * such. */
static inline valref network_constant(struct network *network, int64_t n, int depth) {
    if (depth == 0) return network_reals(network, row(n), 2, 1 + draw(network, 5));
    valref x = network_constant(network, n, depth - 1);
    int kind = draw(network, 12);
    valref other = kind > 3 || kind == 2 ? NO_VALUE : network_constant(network, n, draw(network, depth));
    switch (kind) {
    case 0: return network_binary(network, OP_ADD, x, other);
    case 1: return network_binary(network, OP_MUL, x, other);
    case 2: return network_binary(network, OP_DIV, x, network_divisor(network, n, depth - 1));
    case 3: return network_joined(network, x, other);
    case 4: return network_turned(network, x);
    case 5:
    case 6: return network_activation(network, x);
    case 7: return network->plain ? x : network_two_codes(network, x);
    default: return network_quantise(network, x);
    }
}

/* Arithmetic of a value and of such. */
static inline valref network_with_constant(struct network *network, valref x) {
    static const enum op ops[] = {OP_ADD, OP_SUB, OP_MUL, OP_DIV};
    enum op op = ops[draw(network, 4)];
    int depth = 1 + draw(network, 3);
    int64_t n = features_of(network, x);
    if (op == OP_DIV) return network_binary(network, op, x, network_divisor(network, n, depth));
    valref constant = network_constant(network, n, depth);
    bool swapped = draw(network, 2);
    return network_binary(network, op, swapped ? constant : x, swapped ? x : constant);
}

/* ---- operators ---- */

/* A row through a stack of two matrices, one of which is far larger: [1,n] x [2,n,m] = [2,1,m], as [1,2m]. */
static inline valref network_stack(struct network *network, valref x) {
    int64_t n = features_of(network, x), m = 1 + draw(network, NETWORK_FEATURES_MAX / 2);
    float data[NETWORK_FEATURES_MAX * NETWORK_FEATURES_MAX];
    int large = draw(network, 2), exponent = draw(network, network->uneven ? 5 : 7);
    for (int64_t i = 0; i < 2 * n * m; i++)
        data[i] = ldexpf(rintf(8 * draw_real(network, 1)), (i / (n * m) == large ? exponent : 0) - 3);
    valref y = network_binary(
        network, OP_MATMUL, x,
        graph_append_reals(network->graph, network_name(network, "w"), (struct shape){3, {2, n, m}}, data));
    union attributes flat = {.reshape = {.shape = row(2 * m)}};
    return y.id == UINT32_MAX ? y
                              : graph_append(network->graph, OP_RESHAPE, network_name(network, "flat"), &y, 1, &flat);
}

/* The same weights on every window of the features: [1,n] to [1,w,k] to [1,w,m], as [1,w*m]. */
static inline valref network_convolve(struct network *network, valref x) {
    int64_t n = features_of(network, x), dilation = 1 + draw(network, 2), step = 1 + draw(network, 2);
    int64_t size = 1 + draw(network, (int)((n - 1) / dilation + 1)), filters = 1 + draw(network, 2);
    int64_t windows = (n - 1 - (size - 1) * dilation) / step + 1;
    union attributes window = {.window = {1, size, step, dilation}},
                     flat = {.reshape = {.shape = row(windows * filters)}};
    if (windows * filters > NETWORK_FEATURES_MAX) return NO_VALUE;
    valref cut = graph_append(network->graph, OP_WINDOW, network_name(network, "window"), &x, 1, &window);
    if (cut.id == UINT32_MAX) return cut;
    valref y = network_binary(network, OP_MATMUL, cut,
                              network_reals(network, (struct shape){2, {size, filters}}, 1, draw(network, 2) ? 2 : 4));
    if (y.id != UINT32_MAX && draw(network, 2))
        y = network_binary(network, OP_ADD, y, network_reals(network, row(filters), 1, 5));
    return y.id == UINT32_MAX ? y
                              : graph_append(network->graph, OP_RESHAPE, network_name(network, "flat"), &y, 1, &flat);
}

static inline valref network_dense(struct network *network, valref x) {
    if (network->convolves && draw(network, 3) == 0) return network_convolve(network, x);
    if (network->plain && draw(network, 4) == 0) return network_stack(network, x);
    int64_t in = features_of(network, x), out = 1 + draw(network, NETWORK_FEATURES_MAX);
    bool derived = draw(network, 6) == 0; /* from other constants: one column, to which a row of biases is added */
    valref weights = derived ? network_constant(network, in, 1 + draw(network, 3))
                             : network_reals(network, (struct shape){2, {in, out}}, 1, draw(network, 2) ? 2 : 4);
    union attributes column = {.reshape = {.shape = {2, {in, 1}}}};
    if (derived)
        weights = graph_append(network->graph, OP_RESHAPE, network_name(network, "column"), &weights, 1, &column);
    else if (draw(network, 2) && !network->plain)
        weights = network_quant(network, weights, network_scales(network, out), 3 + draw(network, 3), true);
    valref y = network_binary(network, OP_MATMUL, x, weights);
    if (y.id == UINT32_MAX || draw(network, 3) == 0) return y;
    if (draw(network, 6) == 0)
        return network_binary(network, OP_ADD, y, network_constant(network, out, 1 + draw(network, 3)));
    valref bias = network_reals(network, row(out), 1, 5);
    if (draw(network, 2) && !network->plain) bias = network_quant(network, bias, network_scales(network, out), 8, true);
    return network_binary(network, OP_ADD, y, bias);
}

/* A value of as many features, or NO_VALUE. */
static inline valref network_partner(struct network *network, valref x) {
    for (int i = 0; i < 8; i++) {
        valref other = network_pick(network);
        if (features_of(network, other) == features_of(network, x)) return other;
    }
    return NO_VALUE;
}

static inline valref network_residual(struct network *network, valref x) {
    valref other = network_partner(network, x);
    if (other.id == UINT32_MAX) return NO_VALUE;
    return network_binary(network, draw(network, 4) ? OP_ADD : OP_SUB, x, other);
}

static inline valref network_product(struct network *network, valref x) {
    valref other = network_partner(network, x);
    if (other.id == UINT32_MAX) return NO_VALUE;
    network->wild = network->wild || (network->plain && !network->uneven);
    return network_quantise(
        network, network_binary(network, OP_MUL, network_quantise(network, x), network_quantise(network, other)));
}

static inline valref network_concat(struct network *network, valref x) {
    valref both[2] = {x, network_pick(network)};
    union attributes attributes = {.axis = {.axis = 1}};
    if (features_of(network, x) + features_of(network, both[1]) > NETWORK_FEATURES_MAX) return NO_VALUE;
    return graph_append(network->graph, OP_CONCAT, network_name(network, "k"), both, 2, &attributes);
}

/* A product of two variables: of all pairs of features, or one number of both. */
static inline valref network_matmul(struct network *network, valref x) {
    valref other = draw(network, 2) ? network_partner(network, x) : network_pick(network);
    if (other.id == UINT32_MAX) return NO_VALUE;
    int64_t n = features_of(network, x), m = features_of(network, other);
    bool pairs = n * m <= NETWORK_FEATURES_MAX && draw(network, 2);
    if (!pairs && n != m) return NO_VALUE;
    union attributes column = {.reshape = {.shape = {2, {pairs ? n : m, 1}}}},
                     flat = {.reshape = {.shape = row(n * m)}};
    valref stands = network_quantise(network, pairs ? x : other), lies = network_quantise(network, pairs ? other : x);
    stands = graph_append(network->graph, OP_RESHAPE, network_name(network, "column"), &stands, 1, &column);
    if (!pairs) return network_binary(network, OP_MATMUL, lies, stands);
    valref product = network_binary(network, OP_MATMUL, stands, lies);
    return graph_append(network->graph, OP_RESHAPE, network_name(network, "flat"), &product, 1, &flat);
}

static inline valref network_fine(struct network *network, int64_t n) {
    float data[NETWORK_FEATURES_MAX];
    for (int64_t i = 0; i < n; i++) data[i] = draw_real(network, 1) + (float)(1 + 2 * draw(network, 1000)) * 0x1p-14f;
    return graph_append_reals(network->graph, network_name(network, "c"), (struct shape){1, {n}}, data);
}

static inline valref network_affine(struct network *network, valref x) {
    int64_t n = features_of(network, x);
    valref operands[5] = {x, network_reals(network, (struct shape){1, {n}}, 2, 6), network_fine(network, n),
                          network_fine(network, n), NO_VALUE};
    float variance[NETWORK_FEATURES_MAX];
    bool huge = network->hard && draw(network, 16) == 0; /* a gain that is infinite, or nearly so */
    network->wild = network->wild || huge;
    for (int64_t i = 0; i < n; i++)
        variance[i] =
            huge ? ldexpf((float)draw(network, 2), -20 - draw(network, 110)) : 0.25f + (float)draw(network, 100) / 25;
    operands[4] = graph_append_reals(network->graph, network_name(network, "v"), (struct shape){1, {n}}, variance);
    union attributes attributes = {.normalization = {huge ? 0 : 1e-3f}};
    if (draw(network, 2)) return network_binary(network, OP_MUL, x, network_reals(network, row(n), 2, 3));
    return graph_append(network->graph, OP_BATCH_NORM, network_name(network, "bn"), operands, 5, &attributes);
}

/* The winning feature as a number. */
static inline valref network_winner(struct network *network, valref x) {
    union attributes axis = {.axis = {.axis = 1, .keep_dimensions = true, .select_last = draw(network, 4) == 0}};
    return graph_append(network->graph, OP_ARGMAX, network_name(network, "argmax"), &x, 1, &axis);
}

static inline void network_grow(struct network *network) {
    valref x = network_pick(network), y;
    switch (draw(network, network->hard ? 16 : 15)) {
    case 0:
    case 1:
    case 2: y = network_dense(network, x); break;
    case 13: y = network_with_constant(network, x); break;
    case 14: y = network->plain ? network_residual(network, x) : network_winner(network, x); break;
    case 15: y = network_stack(network, x); break;
    case 3:
    case 4: y = network_residual(network, x); break;
    case 5: y = network_concat(network, x); break;
    case 6: y = network_move(network, x); break;
    case 7: y = network_activation(network, x); break;
    case 8: y = network_affine(network, x); break;
    case 9: y = network_product(network, x); break;
    case 10: y = network_matmul(network, x); break;
    default: y = network_quantise(network, x); break;
    }
    if (y.id != UINT32_MAX && draw(network, 2)) {
        network_keep(network, y); /* what is read in front of its quantiser too */
        y = network_quantise(network, draw(network, 2) ? network_unary(network, OP_RELU, y, 0, 0) : y);
    }
    network_keep(network, y);
}

static inline valref network_ending(struct network *network, valref x) {
    union attributes axis = {.axis = {.axis = 1}};
    switch (draw(network, 8)) {
    case 0: return graph_append(network->graph, OP_SOFTMAX, network_name(network, "softmax"), &x, 1, &axis);
    case 1: return graph_append(network->graph, OP_ARGMAX, network_name(network, "argmax"), &x, 1, &axis);
    case 2: return network_activation(network, x);
    case 3:
        return graph_append(network->graph, OP_CONCAT, network_name(network, "heads"),
                            (valref[]){x, network_pick(network)}, 2, &axis);
    case 4:
        if (draw(network, 3)) return x;
        x = network_constant(network, 1 + draw(network, NETWORK_FEATURES_MAX), draw(network, 4));
        return draw(network, 3) ? x : network_winner(network, x);
    default: return x;
    }
}

/* Features of all sizes, each brought back to 1 where it comes in, as trainers do. */
static inline valref network_standardised(struct network *network, valref x, int *exponents) {
    float data[NETWORK_FEATURES_MAX];
    int64_t n = features_of(network, x);
    bool any = false;
    for (int64_t i = 0; i < n; i++) {
        exponents[i] = !network->uneven || draw(network, 3) ? 2 : draw(network, 31) - 15;
        any = any || exponents[i] != 2;
        data[i] = ldexpf(1, 2 - exponents[i]);
    }
    return any ? network_binary(network, OP_MUL, x,
                                graph_append_reals(network->graph, network_name(network, "c"), row(n), data))
               : x;
}

/* More inputs than one has fingers for, as one number. */
static inline void network_many_inputs(struct network *network) {
    valref inputs[NETWORK_MANY_INPUTS];
    union attributes attributes = {.axis = {.axis = 1}}, sum = {.axis = {.axis = 1, .keep_dimensions = true}};
    for (int i = 0; i < NETWORK_MANY_INPUTS; i++)
        inputs[i] = graph_append_input(network->graph, network_name(network, "x"), row(1));
    valref all =
        graph_append(network->graph, OP_CONCAT, network_name(network, "k"), inputs, NETWORK_MANY_INPUTS, &attributes);
    all = graph_append(network->graph, OP_REDUCE_SUM, network_name(network, "sum"), &all, 1, &sum);
    network_keep(network, network_quantise(network, all));
}

/* A network in the graph, which is new; its inputs are quantised unless `float_inputs`, and then mostly nothing is. */
static inline void network_build(struct network *network, bool float_inputs) {
    network->plain = network->hard && float_inputs && (network->uneven || draw(network, 4));
    bool many = network->hard && draw(network, 64) == 0;
    int inputs = many ? 0 : 1 + draw(network, NETWORK_SCALED_INPUTS), nodes = 2 + draw(network, 12),
        heads = 1 + draw(network, 3);
    if (many) network_many_inputs(network);
    network->wild = many && network->plain && !network->uneven;
    for (int i = 0; i < inputs; i++) {
        valref x = graph_append_input(network->graph, network_name(network, "x"), row(1 + draw(network, 4)));
        network_keep(network, float_inputs ? network_standardised(network, x, network->exponents[i])
                                           : network_quantise(network, x));
    }
    for (int i = 0; i < nodes; i++) network_grow(network);
    for (int i = 0; i < heads; i++) {
        valref head = network_ending(network, i ? network_pick(network) : network->values[network->value_count - 1]);
        if (head.id != UINT32_MAX) graph_append_output(network->graph, network_name(network, "y"), head);
    }
}

#endif
