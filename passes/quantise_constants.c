/* Weights, biases and other constants of float layers go to grids of powers of two.
 *
 * A weight w[k][n] of an operand x[k] with |x[k]| <= 2^e[k] gets the fraction f[n] + e[k]: so all
 * terms of a sum have errors of one size, and inputs of very different scales (masses beside ratios)
 * need no standardisation in hardware. The fraction by column is as large as the bits allow. */
#include "passes/quantise.h"

#include "ir/geometry.h"

#include <limits.h>
#include <math.h>

enum {
    AT_REST = INT_MIN / 2, /* exponent of a row whose operand was 0 in all calibration events */
    REACH = 48             /* bits that the largest terms of two columns may lie apart; what lies lower decayed to it */
};

struct weights {
    const float *from;
    float *to;
    size_t rows, columns;
    int *row_exponents, exponent; /* of the operands; of all terms */
    bool *constant;               /* rows whose operand was one number in all calibration events */
};

/* Of the operand's elements that the matrix which begins at `first` is multiplied with. */
static void find_row_exponents(const struct real_range *range, const struct matrix_product *product, size_t first,
                               struct weights *weights) {
    for (size_t k = 0; k < weights->rows; k++) {
        weights->row_exponents[k] = AT_REST;
        weights->constant[k] = true;
    }
    for (size_t e = 0; e < product->batches * product->rows * product->depth; e++) {
        size_t batch = e / (product->rows * product->depth), k = e % product->depth;
        if (product->right[batch] != first) continue;
        const struct real_range *at = &range[product->left[batch] + e % (product->rows * product->depth)];
        int exponent = range_exponent(*at);
        weights->constant[k] = weights->constant[k] && at->lo == at->hi;
        weights->row_exponents[k] = exponent > weights->row_exponents[k] ? exponent : weights->row_exponents[k];
    }
}

/* The largest |w| of a column (or of all), in units of the operands' ranges, as an exponent. */
static int column_exponent(const struct weights *weights, size_t first, size_t last) {
    double largest = 0;
    for (size_t k = 0; k < weights->rows; k++)
        for (size_t n = first; n < last && !weights->constant[k]; n++)
            largest =
                fmax(largest, fabs(ldexp((double)weights->from[k * weights->columns + n], weights->row_exponents[k])));
    int exponent = range_exponent((struct real_range){-largest, largest});
    return exponent == INT_MIN / 2 ? 0 : exponent;
}

/* In `bits` bits at most, the last step of either sign among them. */
static double quantised_weight(double weight, int grid, int bits) {
    double most = ldexp(1, bits - 1),
           code = nearbyint(ldexp(weight, grid)); /* a power of two is a shift, of either sign */
    return ldexp(fmin(fmax(code, -most), most), -grid);
}

/* The finest grid that a row at rest may have: of a weight 2^bits below the least that moves, or below the largest
 * where none does, nothing is left. Training with weight decay leaves such numbers (1e-30) at neurons that have died.
 */
static int resting_grid(const struct weights *weights, size_t first, size_t last, int fraction, int bits) {
    int grid = INT_MIN;
    double largest = 0;
    for (size_t k = 0; k < weights->rows; k++) {
        if (!weights->constant[k] && fraction + weights->row_exponents[k] > grid)
            grid = fraction + weights->row_exponents[k];
        for (size_t n = first; n < last; n++)
            largest = fmax(largest, fabs((double)weights->from[k * weights->columns + n]));
    }
    return bits + (grid > INT_MIN ? grid : bits - 1 - range_exponent((struct real_range){-largest, largest}));
}

/* Of a row whose operand never moved nothing is known: its weights keep their bits, and take none of the others'.
 * What it was, its product must be as exact as the others', however large that is. */
static double resting_weight(double weight, int row_exponent, int fraction, int grid, int bits) {
    double rounded = significant(weight, bits - 1);
    return row_exponent == AT_REST ? on_grid(rounded, grid)
           : fabs(ldexp(weight - rounded, row_exponent)) <= ldexp(0.5, -fraction)
               ? rounded
               : on_grid(weight, fraction + row_exponent);
}

/* Training with weight decay leaves whole columns of 1e-30 where a neuron has died: of them nothing is left. */
static int column_fraction(const struct weights *weights, size_t first, size_t last, int bits) {
    int exponent = column_exponent(weights, first, last), least = weights->exponent - REACH;
    return bits - 1 - (exponent > least ? exponent : least);
}

static void quantise_columns(struct weights *weights, size_t first, size_t last, int bits) {
    int fraction = column_fraction(weights, first, last, bits);
    int grid = resting_grid(weights, first, last, fraction, bits);
    for (size_t k = 0; k < weights->rows; k++)
        for (size_t n = first; n < last; n++) {
            size_t at = k * weights->columns + n;
            double weight = (double)weights->from[at];
            weights->to[at] =
                (float)(weights->constant[k] ? resting_weight(weight, weights->row_exponents[k], fraction, grid, bits)
                                             : quantised_weight(weight, fraction + weights->row_exponents[k], bits));
        }
}

/* One scale for all. */
static void quantise_together(const float *from, float *to, size_t rows, size_t columns, int bits,
                              struct arena *arena) {
    struct weights all = {from, to, rows, columns, ARENA_ARRAY(arena, int, rows), 0, ARENA_ARRAY(arena, bool, rows)};
    all.exponent = column_exponent(&all, 0, columns);
    quantise_columns(&all, 0, columns, bits);
}

/* A scale a column and an operand, of each matrix of a stack by itself. */
static void quantise_by_column(const struct graph *graph, const struct real_ranges *ranges, const struct node *node,
                               float *to, int bits, struct arena *arena) {
    const struct matrix_product product = product_geometry(arena, &graph_value(graph, node->inputs[0])->shape,
                                                           &graph_value(graph, node->inputs[1])->shape);
    size_t rows = product.depth, columns = product.columns, size = rows * columns,
           count = graph_elements(graph, node->inputs[1]) / size;
    struct weights *matrices = ARENA_ARRAY(arena, struct weights, count);
    int largest = INT_MIN;
    for (size_t m = 0; m < count; m++) {
        matrices[m] = (struct weights){.from = graph_reals(graph, node->inputs[1]) + m * size,
                                       .to = to + m * size,
                                       .rows = rows,
                                       .columns = columns,
                                       .row_exponents = ARENA_ARRAY(arena, int, rows),
                                       .constant = ARENA_ARRAY(arena, bool, rows)};
        find_row_exponents(real_range_of(graph, ranges, node->inputs[0]), &product, m * size, &matrices[m]);
        int exponent = column_exponent(&matrices[m], 0, columns);
        largest = exponent > largest ? exponent : largest;
    }
    for (size_t m = 0; m < count; m++) {
        matrices[m].exponent = largest;
        for (size_t n = 0; n < columns; n++) quantise_columns(&matrices[m], n, n + 1, bits);
    }
}

int quantise_weights(struct program *program, const struct real_ranges *ranges, noderef matmul) {
    struct graph *graph = program->graph;
    struct node node = *graph_node(graph, matmul);
    const struct value constant = *graph_value(graph, node.inputs[1]);
    const struct node *definition = graph_definition(graph, node.inputs[1]);
    struct precision precision = layer_precision(program, graph, &node, USE_WEIGHTS | USE_GRANULARITY);
    struct arena *scratch = arena_new(program->context);
    size_t count = shape_elements(&constant.shape),
           columns = constant.shape.rank > 1 ? (size_t)constant.shape.dim[constant.shape.rank - 1] : 1;
    float *to = ARENA_ARRAY(scratch, float, count);
    bool by_channel = precision.granularity == GRANULARITY_CHANNEL;
    if (by_channel)
        quantise_by_column(graph, ranges, &node, to, precision.weight_bits, scratch);
    else
        quantise_together(graph_reals(graph, node.inputs[1]), to, count / columns, columns, precision.weight_bits,
                          scratch);
    valref quantised =
        graph_append_reals(graph, arena_printf(scratch, "%s.quantised", definition->name), constant.shape, to);
    if (!valref_equal(quantised, NO_VALUE)) graph_set_operand(graph, graph_node(graph, matmul), 1, quantised);
    program_note(program, "quantise", node.name, precision.weight_bits, "weights of %d bits, a scale %s",
                 precision.weight_bits, by_channel ? "a column and an operand" : "for all of them");
    arena_free(scratch);
    return valref_equal(quantised, NO_VALUE) ? -1 : 0;
}

/* ---- biases, scales and the like ---- */

enum { GUARD_BITS = 4, BOUNDS_WASTE = 16 };

static double largest_number(const struct graph *graph, valref constant) {
    const float *reals = graph_reals(graph, constant);
    size_t count = shape_elements(&graph_value(graph, constant)->shape);
    double largest = 0;
    for (size_t e = 0; e < count; e++) largest = fmax(largest, fabs((double)reals[e]));
    return largest;
}

/* Where nothing was seen a range is a bound, 2^BOUNDS_WASTE too wide perhaps, and what is added tells more of how large
 * results are: the largest number of a constant then keeps `bits` significant bits, and the others its grid. */
static int own_fraction(const struct graph *graph, const struct real_ranges *ranges, valref constant, int fraction,
                        int bits) {
    double largest = largest_number(graph, constant);
    int own = bits - range_exponent((struct real_range){-largest, largest});
    if (ranges->calibrated || largest == 0 || own < fraction) return fraction;
    return own < fraction + BOUNDS_WASTE ? own : fraction + BOUNDS_WASTE;
}

/* Grids of an added constant: GUARD_BITS below the last bit that an activation of `bits` bits keeps of
 * the results that each of its elements goes into. */
static int *result_fractions(const struct graph *graph, const struct real_ranges *ranges, const struct node *node,
                             valref constant, int bits) {
    const struct shape *wide = &graph_value(graph, node->result)->shape, *narrow = &graph_value(graph, constant)->shape;
    const struct real_range *range = real_range_of(graph, ranges, node->result);
    size_t count = shape_elements(narrow);
    int *fractions = ARENA_ARRAY(graph->arena, int, count);
    for (size_t e = 0; e < count; e++) fractions[e] = INT_MIN / 2;
    for (size_t e = 0; e < shape_elements(wide); e++) {
        int exponent = range_exponent(range[e]), *largest = &fractions[shape_project(wide, e, narrow)];
        *largest = exponent > *largest ? exponent : *largest;
    }
    for (size_t e = 0; e < count; e++) {
        int fraction = bits + GUARD_BITS - (fractions[e] == INT_MIN / 2 ? 0 : fractions[e]);
        fractions[e] = own_fraction(graph, ranges, constant, fraction, bits);
    }
    return fractions;
}

static valref append_like(struct graph *graph, valref constant, const char *what, const float *reals) {
    const char *name = arena_printf(graph->arena, "%s.%s", graph_definition(graph, constant)->name, what);
    return graph_append_reals(graph, name, graph_value(graph, constant)->shape, reals);
}

/* A factor keeps `bits` significant bits. */
static valref quantised_factor(struct graph *graph, valref constant, int bits) {
    size_t count = shape_elements(&graph_value(graph, constant)->shape);
    float *to = ARENA_ARRAY(graph->arena, float, count);
    for (size_t e = 0; e < count; e++) to[e] = (float)significant((double)graph_reals(graph, constant)[e], bits);
    return append_like(graph, constant, "quantised", to);
}

static valref quantised_summand(struct graph *graph, valref constant, const int *fractions) {
    size_t count = shape_elements(&graph_value(graph, constant)->shape);
    float *to = ARENA_ARRAY(graph->arena, float, count);
    for (size_t e = 0; e < count; e++) to[e] = (float)on_grid((double)graph_reals(graph, constant)[e], fractions[e]);
    return append_like(graph, constant, "quantised", to);
}

/* Beside sums that are bounded alone, and the bound is far away. */
static void warn_of_lost(const struct graph *graph, const struct real_ranges *ranges, const struct node *node,
                         valref constant, valref quantised) {
    if (ranges->calibrated || largest_number(graph, constant) == 0 || largest_number(graph, quantised) > 0) return;
    diag_warning(&graph->context->diagnostics, graph_location(graph, node),
                 "give events like those of the experiment with --calibrate, or more bits",
                 "constant '%s' is lost: all its numbers become 0 beside what this node's may be by their bounds",
                 graph_definition(graph, constant)->name);
}

/* x / c becomes x * (1 / c), which fixed point can do. */
static valref reciprocal_constant(struct graph *graph, valref constant) {
    size_t count = shape_elements(&graph_value(graph, constant)->shape);
    float *to = ARENA_ARRAY(graph->arena, float, count);
    for (size_t e = 0; e < count; e++) to[e] = 1 / graph_reals(graph, constant)[e];
    return append_like(graph, constant, "reciprocal", to);
}

/* The grid of a number that is added to, or limits, every element of the result: that of the finest of them. */
static int finest_fraction(const struct graph *graph, const struct real_ranges *ranges, const struct node *node,
                           int bits) {
    const struct shape *shape = &graph_value(graph, node->result)->shape;
    const struct real_range *range = real_range_of(graph, ranges, node->result);
    int least = INT_MAX;
    for (size_t e = 0; e < shape_elements(shape); e++) {
        int exponent = range_exponent(range[e]);
        if (exponent != INT_MIN / 2 && exponent < least) least = exponent;
    }
    return bits + GUARD_BITS - (least == INT_MAX ? 0 : least);
}

/* Slopes are factors, bounds and offsets summands. */
static void quantise_attributes(struct program *program, const struct real_ranges *ranges, noderef ref) {
    struct graph *graph = program->graph;
    const struct node node = *graph_node(graph, ref);
    const struct op_meaning *meaning = op_meaning(node.op);
    bool factor = meaning->alpha == NUMBER_FACTOR;
    if (meaning->alpha == NUMBER_NONE || meaning->alpha == NUMBER_OF_CURVE) return;
    struct activation_attributes *activation = &graph_node(graph, ref)->attributes.activation;
    unsigned uses = (factor ? USE_WEIGHTS : 0u) | (!factor || meaning->beta ? USE_ACTIVATIONS : 0u);
    struct precision precision = layer_precision(program, graph, &node, uses);
    int fraction = finest_fraction(graph, ranges, &node, precision.activation_bits);
    activation->alpha = (float)(factor ? significant((double)activation->alpha, precision.weight_bits)
                                       : on_grid((double)activation->alpha, fraction));
    if (meaning->beta) activation->beta = (float)on_grid((double)activation->beta, fraction);
}

int quantise_other_constants(struct program *program, const struct real_ranges *ranges, noderef ref) {
    struct graph *graph = program->graph;
    quantise_attributes(program, ranges, ref);
    const struct node node = *graph_node(graph, ref);
    if (node.op != OP_ADD && node.op != OP_SUB && node.op != OP_MUL && node.op != OP_DIV) return 0;
    if (!graph_reals(graph, node.inputs[0]) && !graph_reals(graph, node.inputs[1])) return 0;
    bool factor = node.op == OP_MUL || node.op == OP_DIV;
    struct precision precision = layer_precision(program, graph, &node, factor ? USE_WEIGHTS : USE_ACTIVATIONS);
    for (uint32_t slot = 0; slot < 2; slot++) {
        if (!graph_reals(graph, node.inputs[slot]) || (node.op == OP_DIV && slot == 0)) continue;
        valref constant = node.op == OP_DIV ? reciprocal_constant(graph, node.inputs[slot]) : node.inputs[slot];
        if (valref_equal(constant, NO_VALUE)) return -1;
        const int bits = precision.activation_bits;
        const int *fractions = factor ? NULL : result_fractions(graph, ranges, &node, constant, bits);
        valref quantised = factor ? quantised_factor(graph, constant, precision.weight_bits)
                                  : quantised_summand(graph, constant, fractions);
        if (valref_equal(quantised, NO_VALUE)) return -1;
        if (!factor) warn_of_lost(graph, ranges, &node, constant, quantised);
        struct node *changed = graph_node(graph, ref);
        graph_set_operand(graph, changed, slot, quantised);
        if (node.op == OP_DIV) changed->op = OP_MUL;
    }
    return 0;
}
