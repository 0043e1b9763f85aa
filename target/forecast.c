/* How large a quantised graph will be, before any wire of it is made: LUT by operator, from digits of weights and
 * from widths. Rough on purpose: within a factor of FORECAST_FACTOR of what cost.c says of the finished design, where
 * that is thousands of LUT. Only what is said early hangs on it. */
#include "target/function.h"
#include "target/target.h"

#include "ir/geometry.h"
#include "ir/ops.h"

#include <math.h>

struct forecast {
    const struct graph *graph;
    struct arena *scratch;
};

static size_t elements_of(const struct graph *graph, valref value) {
    return shape_elements(&graph_value(graph, value)->shape);
}

static double width_of(const struct graph *graph, valref value, size_t element) {
    struct interval interval = graph_interval(graph, value, element);
    return format_for(interval, 0).width;
}

static double widths(const struct graph *graph, valref value) {
    double sum = 0;
    for (size_t e = 0; e < elements_of(graph, value); e++) sum += width_of(graph, value, e);
    return sum;
}

/* Of a number's shortest sum of powers of two and their negatives. */
static int digits_of(int64_t code) {
    uint64_t size = code < 0 ? -(uint64_t)code : (uint64_t)code;
    return __builtin_popcountll(size ^ 3 * size);
}

/* Terms of a row in adders of three, of a matrix of so many rows: the more rows, the more of their pairs are shared. */
static double sum_lut(double terms, double width, size_t rows) {
    double kept = 0.68 + 0.5 / sqrt((double)rows);
    return terms > 1 ? (terms - 1) / 2 * (width + 1) * kept : 0;
}

/* ---- operators ---- */

static double product_lut(const struct forecast *f, const struct node *node) {
    const struct graph *graph = f->graph;
    struct matrix_product p = product_geometry(f->scratch, &graph_value(graph, node->inputs[0])->shape,
                                               &graph_value(graph, node->inputs[1])->shape);
    const int64_t *left = graph_integers(graph, node->inputs[0]), *right = graph_integers(graph, node->inputs[1]);
    size_t sums = p.batches * p.rows * p.columns;
    double lut = 0;
    for (size_t s = 0; s < sums; s++) {
        size_t column = s % p.columns, row = s / p.columns % p.rows, batch = s / p.columns / p.rows;
        double terms = 0, width = 0, products = 0;
        for (size_t k = 0; k < p.depth; k++) {
            size_t i = p.left[batch] + row * p.depth + k, j = p.right[batch] + k * p.columns + column;
            if (left && right) continue;
            int digits = left ? digits_of(left[i]) : right ? digits_of(right[j]) : 1;
            double a = left ? 0 : width_of(graph, node->inputs[0], i),
                   b = right ? 0 : width_of(graph, node->inputs[1], j);
            products += 0.7 * a * b;
            terms += digits * (a + b > 0);
            width += digits * (a + b);
        }
        lut += products + sum_lut(terms, terms > 0 ? width / terms : 0, left ? p.rows : right ? p.columns : 1);
    }
    return lut;
}

static double elementwise_lut(const struct forecast *f, const struct node *node) {
    const struct graph *graph = f->graph;
    const struct shape *shape = &graph_value(graph, node->result)->shape;
    double lut = 0;
    for (size_t e = 0; e < shape_elements(shape); e++) {
        int64_t constant = 0;
        double width[2];
        bool is_constant = false;
        for (int i = 0; i < 2; i++) {
            size_t at = shape_project(shape, e, &graph_value(graph, node->inputs[i])->shape);
            const int64_t *codes = graph_integers(graph, node->inputs[i]);
            width[i] = codes ? 0 : width_of(graph, node->inputs[i], at);
            if (codes) constant = codes[at];
            is_constant = is_constant || codes;
        }
        double wide = fmax(width[0], width[1]);
        if (node->op == OP_MUL)
            lut += is_constant ? sum_lut(digits_of(constant), wide, 1) : 0.7 * width[0] * width[1];
        else if (!is_constant || constant) /* a constant rides on an adder that is there, as often as not */
            lut += is_constant ? wide / 2 : wide;
    }
    return lut;
}

/* What rounds adds, and what saturates compares. */
static double narrow_lut(const struct graph *graph, const struct node *node) {
    const struct quantizer_attributes *attributes = &node->attributes.quantizer;
    double lut = 0;
    for (size_t e = 0; e < elements_of(graph, node->result); e++) {
        struct format from = graph_format(graph, node->inputs[0], e), to = graph_format(graph, node->result, e);
        bool rounds = from.fraction > to.fraction && attributes->rounding != ROUND_TRUNCATE;
        bool limits = attributes->overflow != OVERFLOW_WRAP && from.width - from.fraction > to.width - to.fraction;
        lut += (rounds + 0.4 * limits) * to.width;
    }
    return lut;
}

static double lookup_lut(const struct forecast *f, const struct node *node) {
    const struct shape *shape = &graph_value(f->graph, node->result)->shape;
    const struct staircase *functions = lookup_staircases(node, f->scratch);
    const bool of_sum = op_is_sum(graph_definition(f->graph, node->inputs[0])->op);
    double lut = 0;
    for (size_t e = 0; e < shape_elements(shape); e++) {
        const struct staircase *function = &functions[shape_project(shape, e, &node->attributes.lookup.shape)];
        struct function_size size = function_size(function, graph_interval(f->graph, node->inputs[0], e), of_sum);
        lut += (double)function_luts(&size);
    }
    return lut;
}

/* Each operand beside the first is compared or added, and what is compared is chosen. */
static double reduction_lut(const struct graph *graph, const struct node *node) {
    double in = widths(graph, node->inputs[0]), count = (double)elements_of(graph, node->inputs[0]);
    double left = 1 - (double)elements_of(graph, node->result) / count;
    return in * left * (node->op == OP_REDUCE_SUM ? 0.6 : 2);
}

static double graph_lut(const struct graph *graph, struct arena *scratch, double *by_node);

static double node_lut(const struct forecast *f, const struct node *node) {
    switch (node->op) {
    case OP_MATMUL: return product_lut(f, node);
    case OP_ADD:
    case OP_SUB:
    case OP_MUL: return elementwise_lut(f, node);
    case OP_RELU: return widths(f->graph, node->result) / 2;
    case OP_NARROW: return narrow_lut(f->graph, node);
    case OP_TABLE:
    case OP_THRESHOLD: return lookup_lut(f, node);
    case OP_REDUCE_MAX:
    case OP_ARGMAX:
    case OP_REDUCE_SUM: return reduction_lut(f->graph, node);
    case OP_SCAN:
    case OP_MAP: return (double)node->attributes.loop.trips * graph_lut(node->body, f->scratch, NULL);
    default: return 0; /* wiring */
    }
}

static double graph_lut(const struct graph *graph, struct arena *scratch, double *by_node) {
    struct forecast f = {graph, scratch};
    double lut = 0;
    for (uint32_t n = 0; n < graph->node_count; n++) {
        bool counts = !graph->nodes[n].dead && graph_value(graph, graph->nodes[n].result)->kind != VALUE_REAL;
        double own = counts ? node_lut(&f, &graph->nodes[n]) : 0;
        if (by_node) by_node[n] = own;
        lut += own;
    }
    return lut;
}

double graph_lut_forecast(const struct graph *graph, double *by_node) {
    struct arena *scratch = arena_new(graph->context);
    double lut = graph_lut(graph, scratch, by_node);
    arena_free(scratch);
    return lut;
}
