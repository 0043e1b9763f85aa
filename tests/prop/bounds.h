/* What a network with quantisers of its own may give, as an interval a number: computed in binary64, every step as far
 * open as binary32 may be off there, so that where a tie is decided by such an error both sides are right, and all
 * that follows from either. Where binary32 makes no error the interval is a point. A number outside is wrong. */
#ifndef BXC_TEST_BOUNDS_H
#define BXC_TEST_BOUNDS_H

#include "ir/geometry.h"
#include "ir/ops.h"
#include "tests/prop/network.h"

#include <math.h>
#include <string.h>

struct bound {
    double lo, hi;
    double size; /* of the terms that it is the sum of, or 0 */
};

struct bounds_slack { /* what formats that bxc chooses may add, in numbers */
    double table;     /* of a sigmoid or tanh whose operand has too many bits for its table */
    double entry;     /* of a table's entry that no quantiser of the model rounds */
    double softmax;   /* of a probability */
    double relative;  /* of a sum or product whose operands are shortened, of itself */
};

struct bounds_run {
    const struct graph *graph;
    struct bounds_slack slack;
    size_t event;
    const float *const *inputs;
    const double *rounded; /* by node: what its operands are rounded by at most, or NULL */
    struct bound **values; /* of this event, by value and element */
    bool *constant;        /* by value: it depends on no input */
};

static inline struct bound between(double lo, double hi) {
    return (struct bound){lo, hi, 0};
}

static const double binary32_step = 0x1p-24, binary32_few = 0x1p-21; /* of one operation, of a few */

static inline bool is_point(struct bound x) {
    return x.lo == x.hi;
}
static inline bool is_binary32(double x) {
    return (double)(float)x == x;
}

static inline double largest(struct bound x) {
    return fmax(fabs(x.lo), fabs(x.hi));
}

static inline double sized(struct bound x) {
    return fmax(x.size, largest(x));
}

/* `by`: of the largest of what was summed. */
static inline struct bound opened(struct bound x, double by) {
    if (is_point(x) && by == 0) return x;
    return between(x.lo - by, x.hi + by);
}
/* A binary32 number as it is printed, too. */
static inline bool is_within(struct bound bound, double x) {
    return x >= bound.lo - binary32_few * fabs(bound.lo) && x <= bound.hi + binary32_few * fabs(bound.hi);
}
/* One operation of binary32. */
static inline struct bound stepped(struct bound x) {
    if (is_point(x) && is_binary32(x.lo)) return x;
    return opened(x, binary32_step * 2 * largest(x));
}
static inline struct bound bound_product(struct bound a, struct bound b) {
    double p[4] = {a.lo * b.lo, a.lo * b.hi, a.hi * b.lo, a.hi * b.hi};
    struct bound out = between(p[0], p[0]);
    for (int i = 1; i < 4; i++) out = between(fmin(out.lo, p[i]), fmax(out.hi, p[i]));
    return out;
}

/* Factors of so few bits go into weights of as few without a rounding. */
static inline bool is_short(double factor) {
    int exponent;
    double mantissa = ldexp(frexp(factor, &exponent), 12);
    return mantissa == rint(mantissa);
}

/* The terms of a sum times a constant, each rounded: it may have been folded into weights. */
static inline struct bound bound_scaled(struct bound product, struct bound x, double factor) {
    double size = sized(x) * fabs(factor);
    if (!is_short(factor)) product = opened(product, binary32_few * size);
    product.size = size;
    return product;
}

/* Of a divisor that is never 0. */
static inline struct bound bound_quotient(struct bound a, struct bound b) {
    if (b.lo <= 0 && b.hi >= 0) return between(-INFINITY, INFINITY);
    return bound_product(a, stepped(between(1 / b.hi, 1 / b.lo)));
}

/* ---- quantisers ---- */

static inline double round_double(double x, enum rounding rounding) {
    double sign = x < 0 ? -1 : 1;
    switch (rounding) {
    case ROUND_TRUNCATE: return floor(x);
    case ROUND_TOWARD_ZERO: return trunc(x);
    case ROUND_HALF_UP: return floor(x + 0.5);
    case ROUND_HALF_TOWARD_ZERO: return sign * ceil(fabs(x) - 0.5);
    case ROUND_HALF_AWAY: return sign * floor(fabs(x) + 0.5);
    case ROUND_HALF_DOWN: return ceil(x - 0.5);
    case ROUND_HALF_EVEN: return rint(x);
    case ROUND_CEILING: return ceil(x);
    case ROUND_AWAY_FROM_ZERO: return sign * ceil(fabs(x));
    case ROUNDING_COUNT: break;
    }
    return x;
}

/* Adding 1/2 may round. */
static inline bool is_fine(double x) {
    return rint(ldexp(x, 20)) != ldexp(x, 20);
}

static inline struct bound bound_quant(struct bound x, double scale, double zero_point, double bits,
                                       const struct quantizer_attributes *attributes) {
    double half = exp2(bits - 1), lo = attributes->is_signed ? -half + attributes->narrow : 0;
    double hi = attributes->is_signed ? half - 1 : 2 * half - 1 - attributes->narrow;
    struct bound y = stepped(between(x.lo / scale, x.hi / scale));
    y = stepped(between(y.lo + zero_point, y.hi + zero_point));
    if (is_fine(y.lo) || is_fine(y.hi)) y = opened(y, binary32_step * fmax(1, largest(y)));
    y.lo = round_double(fmin(fmax(y.lo, lo), hi), attributes->rounding) - zero_point;
    y.hi = round_double(fmin(fmax(y.hi, lo), hi), attributes->rounding) - zero_point;
    return stepped(between(y.lo * scale, y.hi * scale));
}

static inline struct bound bound_two_codes(struct bound x, double scale) {
    return between(x.lo >= 0 ? scale : -scale, x.hi >= 0 ? scale : -scale);
}

static inline struct bound bound_narrow(struct bound x, struct format format,
                                        const struct quantizer_attributes *attributes) {
    double step = ldexp(1, -format.fraction), size = ldexp(1, format.width), lo = format.is_signed ? -size / 2 : 0,
           hi = lo + size - 1;
    struct bound q =
        between(round_double(x.lo / step, attributes->rounding), round_double(x.hi / step, attributes->rounding));
    if (attributes->overflow == OVERFLOW_WRAP) {
        double turns = floor((q.lo - lo) / size);
        if (floor((q.hi - lo) / size) == turns)
            q = between(q.lo - turns * size, q.hi - turns * size);
        else
            q = between(lo, hi);
    } else {
        if (attributes->overflow == OVERFLOW_SATURATE_SYMMETRIC && format.is_signed) lo = -hi;
        q = between(fmin(fmax(q.lo, lo), hi), fmin(fmax(q.hi, lo), hi));
    }
    return between(q.lo * step, q.hi * step);
}

/* ---- functions of one number ---- */

enum { TABLE_BITS_SURE = 10 }; /* an operand of so many bits has an entry for each of its values */

/* Whether the operand is on a grid of the model's with few bits. */
static inline bool has_entries(const struct graph *graph, valref value) {
    const struct node *node = graph_definition(graph, value);
    while (op_is_movement(node->op) || node->op == OP_RELU) {
        for (uint32_t i = 1; i < node->input_count; i++)
            if (!has_entries(graph, node->inputs[i])) return false;
        node = graph_definition(graph, node->inputs[0]);
    }
    if (node->op == OP_QUANT)
        return graph_reals(graph, node->inputs[3]) && graph_reals(graph, node->inputs[3])[0] <= TABLE_BITS_SURE;
    return node->op == OP_NARROW && node->attributes.quantizer.formats.at[0].width <= TABLE_BITS_SURE;
}

/* Whether quantisers of the model alone read it: else its entries have a format that bxc chooses. */
static inline bool is_rounded_by_the_model(const struct graph *graph, valref value) {
    for (uint32_t o = 0; o < graph->output_count; o++)
        if (valref_equal(graph->outputs[o].value, value)) return false;
    for (uint32_t n = 0; n < graph->node_count; n++)
        for (uint32_t k = 0; k < graph->nodes[n].input_count; k++)
            if (valref_equal(graph->nodes[n].inputs[k], value) && !op_is_quantiser(graph->nodes[n].op)) return false;
    return true;
}

static inline double table_slack(const struct bounds_run *run, const struct node *node) {
    if (!has_entries(run->graph, node->inputs[0])) return run->slack.table;
    return is_rounded_by_the_model(run->graph, node->result) ? binary32_few : run->slack.entry;
}

/* By the mathematics library, not by what makes the tables. */
static inline struct bound curve(enum op op, struct bound x) {
    if (op == OP_TANH) return between(tanh(x.lo), tanh(x.hi));
    if (op == OP_SIGMOID) return between(1 / (1 + exp(-x.lo)), 1 / (1 + exp(-x.hi)));
    if (op == OP_EXP) return between(exp(x.lo), exp(x.hi));
    return between(-INFINITY, INFINITY);
}

static inline struct bound bound_unary(const struct bounds_run *run, const struct node *node, struct bound x) {
    struct bound y = x;
    if (node->op == OP_RELU) return between(fmax(x.lo, 0), fmax(x.hi, 0));
    if (!op_meaning(node->op)->monotone) return between(-INFINITY, INFINITY);
    if (op_is_transcendental(node->op))
        y = curve(node->op, x);
    else if (!op_unary_double(node, x.lo, &y.lo) || !op_unary_double(node, x.hi, &y.hi))
        return between(-INFINITY, INFINITY);
    if (!op_is_transcendental(node->op)) return node->op == OP_CLIP ? y : stepped(stepped(y));
    if (run->constant[node->inputs[0].id]) return opened(y, binary32_few * largest(y));
    return opened(y, table_slack(run, node));
}

/* ---- many numbers ---- */

static inline void bound_matmul(const struct bounds_run *run, const struct node *node, struct bound *out,
                                struct arena *arena) {
    const struct graph *graph = run->graph;
    struct matrix_product g = product_geometry(arena, &graph_value(graph, node->inputs[0])->shape,
                                               &graph_value(graph, node->inputs[1])->shape);
    const struct bound *left = run->values[node->inputs[0].id], *right = run->values[node->inputs[1].id];
    for (size_t i = 0; i < g.batches * g.rows * g.columns; i++) {
        size_t batch = i / (g.rows * g.columns), row_of = i / g.columns % g.rows, column = i % g.columns;
        struct bound sum = between(0, 0);
        double magnitude = 0;
        bool exact = true;
        for (size_t k = 0; k < g.depth; k++) {
            struct bound a = left[g.left[batch] + row_of * g.depth + k],
                         b = right[g.right[batch] + k * g.columns + column], p = bound_product(a, b);
            sum = between(sum.lo + p.lo, sum.hi + p.hi);
            magnitude += largest(p);
            exact = exact && is_point(p) && is_binary32(p.lo) && is_binary32(sum.lo);
        }
        out[i] = exact ? sum : opened(sum, (binary32_step * (double)(g.depth + 2) + run->slack.relative) * magnitude);
        out[i].size = magnitude;
    }
}

static inline void bound_batch_norm(const struct bounds_run *run, const struct node *node, struct bound *out) {
    const float *p[5] = {NULL};
    const struct shape *shape = &graph_value(run->graph, node->result)->shape;
    size_t count = shape_elements(shape), channels = (size_t)shape->dim[1], inner = count / channels;
    for (int k = 1; k < 5; k++) p[k] = graph_reals(run->graph, node->inputs[k]);
    for (size_t i = 0; i < count; i++) {
        size_t c = i / inner % channels;
        double gain = (double)p[1][c] / sqrt((double)p[4][c] + (double)node->attributes.normalization.epsilon),
               mean = (double)p[3][c];
        struct bound x = run->values[node->inputs[0].id][i];
        double a = gain * (x.lo - mean), b = gain * (x.hi - mean), bias = (double)p[2][c];
        double magnitude = fabs(gain) * (sized(x) + fabs(mean)) + fabs(bias);
        out[i] =
            opened(between(fmin(a, b) + bias, fmax(a, b) + bias), (binary32_few + run->slack.relative) * magnitude);
        out[i].size = magnitude;
    }
}

static inline void bound_softmax(const struct bounds_run *run, const struct node *node, struct bound *out) {
    const struct bound *x = run->values[node->inputs[0].id];
    struct axis_reduction r =
        reduction_geometry(&graph_value(run->graph, node->inputs[0])->shape, node->attributes.axis.axis);
    for (size_t i = 0; i < r.outer * r.length * r.inner; i++) {
        size_t first = i / (r.length * r.inner) * r.length * r.inner + i % r.inner;
        double below = 0, above = 0;
        for (size_t k = 0; k < r.length; k++) {
            struct bound other = x[first + k * r.inner];
            if (first + k * r.inner == i) continue;
            below += exp(other.lo - x[i].hi);
            above += exp(other.hi - x[i].lo);
        }
        out[i] = opened(between(1 / (1 + above), 1 / (1 + below)), run->slack.softmax);
    }
}

static inline void bound_argmax(const struct bounds_run *run, const struct node *node, struct bound *out) {
    const struct bound *x = run->values[node->inputs[0].id];
    struct axis_reduction r =
        reduction_geometry(&graph_value(run->graph, node->inputs[0])->shape, node->attributes.axis.axis);
    for (size_t i = 0; i < r.outer * r.inner; i++) {
        const struct bound *row = x + i / r.inner * r.length * r.inner + i % r.inner;
        double least = -INFINITY;
        bool points = true;
        for (size_t k = 0; k < r.length; k++) {
            least = fmax(least, row[k * r.inner].lo);
            points = points && is_point(row[k * r.inner]);
        }
        out[i] = between(INFINITY, -INFINITY);
        for (size_t k = 0; k < r.length; k++)
            if (row[k * r.inner].hi >= least &&
                !(points && out[i].lo <= out[i].hi && !node->attributes.axis.select_last)) {
                out[i].lo = points ? (double)k : fmin(out[i].lo, (double)k);
                out[i].hi = (double)k;
            }
    }
}

static inline void bound_elements(const struct bounds_run *run, const struct node *node, struct bound *out) {
    const struct graph *graph = run->graph;
    const struct shape *shape = &graph_value(graph, node->result)->shape;
    const struct bound *at[4] = {NULL};
    const struct shape *shapes[4] = {NULL};
    for (uint32_t k = 0; k < node->input_count && k < 4; k++) {
        at[k] = run->values[node->inputs[k].id];
        shapes[k] = &graph_value(graph, node->inputs[k])->shape;
    }
    for (size_t i = 0; i < shape_elements(shape); i++) {
        struct bound v[4] = {{0, 0, 0}};
        for (uint32_t k = 0; k < node->input_count && k < 4; k++) v[k] = at[k][shape_project(shape, i, shapes[k])];
        switch (node->op) {
        case OP_ADD: out[i] = stepped(between(v[0].lo + v[1].lo, v[0].hi + v[1].hi)); break;
        case OP_SUB: out[i] = stepped(between(v[0].lo - v[1].hi, v[0].hi - v[1].lo)); break;
        case OP_MUL: out[i] = stepped(bound_product(v[0], v[1])); break;
        case OP_DIV: out[i] = stepped(bound_quotient(v[0], v[1])); break;
        case OP_BIPOLAR_QUANT: out[i] = bound_two_codes(v[0], v[1].lo); break;
        case OP_QUANT: out[i] = bound_quant(v[0], v[1].lo, v[2].lo, v[3].lo, &node->attributes.quantizer); break;
        case OP_NARROW: {
            const struct formats *formats = &node->attributes.quantizer.formats;
            out[i] =
                bound_narrow(v[0], formats->at[shape_project(shape, i, &formats->shape)], &node->attributes.quantizer);
            break;
        }
        default: out[i] = bound_unary(run, node, v[0]);
        }
        if (node->op == OP_ADD || node->op == OP_SUB) {
            out[i] = opened(out[i], run->slack.relative * (largest(v[0]) + largest(v[1])));
            out[i].size = sized(v[0]) + sized(v[1]);
        }
        if (node->op == OP_MUL) out[i] = opened(out[i], run->slack.relative * largest(v[0]) * largest(v[1]));
        for (uint32_t k = 0; k < 2; k++)
            if ((node->op == OP_MUL || (node->op == OP_DIV && k)) && run->constant[node->inputs[k].id])
                out[i] = bound_scaled(out[i], v[1 - k], node->op == OP_MUL ? v[k].lo : 1 / v[k].lo);
    }
}

/* Of what has none, such as an infinite number times 0. */
static inline void bounds_repair(struct bound *out, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (isnan(out[i].lo) || isnan(out[i].hi)) out[i] = between(-INFINITY, INFINITY);
}

static inline void bound_node(const struct bounds_run *run, const struct node *node, struct bound *out,
                              struct arena *arena) {
    const struct graph *graph = run->graph;
    if (op_is_movement(node->op)) {
        const struct movement *map = movement_map(graph, node, arena);
        for (size_t i = 0; i < shape_elements(&graph_value(graph, node->result)->shape); i++)
            out[i] = run->values[node->inputs[map[i].operand].id][map[i].element];
    } else if (node->op == OP_MATMUL)
        bound_matmul(run, node, out, arena);
    else if (node->op == OP_BATCH_NORM)
        bound_batch_norm(run, node, out);
    else if (node->op == OP_SOFTMAX)
        bound_softmax(run, node, out);
    else if (node->op == OP_ARGMAX)
        bound_argmax(run, node, out);
    else
        bound_elements(run, node, out);
    bounds_repair(out, shape_elements(&graph_value(graph, node->result)->shape));
}

/* Its operands each as far open as they are rounded in front of it. */
static inline void bound_rounded_node(const struct bounds_run *run, uint32_t n, struct bound *out,
                                      struct arena *arena) {
    const struct node *node = &run->graph->nodes[n];
    struct bound **own = ARENA_ARRAY(arena, struct bound *, node->input_count);
    for (uint32_t k = 0; k < node->input_count; k++) {
        size_t count = shape_elements(&graph_value(run->graph, node->inputs[k])->shape);
        own[k] = run->values[node->inputs[k].id];
        struct bound *open = run->values[node->inputs[k].id] = ARENA_ARRAY(arena, struct bound, count);
        for (size_t i = 0; i < count; i++) open[i] = opened(own[k][i], run->rounded[n]);
    }
    bound_node(run, node, out, arena);
    for (uint32_t k = node->input_count; k-- > 0;) run->values[node->inputs[k].id] = own[k];
}

/* The bounds of an event's values, by value and element. inputs: events x elements each, as graph_run_reals. */
static inline void bounds_of_event(struct bounds_run *run, struct arena *arena) {
    const struct graph *graph = run->graph;
    uint32_t input = 0;
    for (uint32_t n = 0; n < graph->node_count; n++) {
        const struct node *node = &graph->nodes[n];
        size_t count = shape_elements(&graph_value(graph, node->result)->shape);
        struct bound *out = run->values[node->result.id];
        const float *reals = node->op == OP_INPUT      ? run->inputs[input++] + run->event * count
                             : node->op == OP_CONSTANT ? graph_reals(graph, node->result)
                                                       : NULL;
        if (!reals && run->rounded && run->rounded[n] > 0)
            bound_rounded_node(run, n, out, arena);
        else if (!reals)
            bound_node(run, node, out, arena);
        for (size_t i = 0; reals && i < count; i++) out[i] = between((double)reals[i], (double)reals[i]);
    }
}

static inline struct bounds_run bounds_new(const struct graph *graph, const float *const *inputs,
                                           struct bounds_slack slack, struct arena *arena) {
    struct bounds_run run = {.graph = graph,
                             .slack = slack,
                             .inputs = inputs,
                             .values = ARENA_ARRAY(arena, struct bound *, graph->value_count),
                             .constant = constants_of(graph, arena)};
    for (uint32_t v = 0; v < graph->value_count; v++)
        run.values[v] = ARENA_ARRAY(arena, struct bound, shape_elements(&graph->values[v].shape));
    return run;
}

#endif
