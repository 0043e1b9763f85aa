/* Whether the trained network's floats are one set of numbers, or depend on who computes them. Trainers and their
 * libraries add the terms of a sum in orders of their own, which differ with the processor and the number of events at
 * once; as long as every number is a multiple of one power of two and no sum of their sizes needs more than the 24 bits
 * of binary32, nothing is rounded, and every order gives the same. Operations of two numbers are rounded once, alike
 * everywhere, except behind a sum: libraries move factors into its weights, and begin it with an offset. What a
 * function of a library gives in its last bits nobody knows. Events are those on the ports' grid. */
#include "sim/private.h"
#include "ir/ops.h"

#include <limits.h>
#include <math.h>

enum { BITS = 24, FRACTION_MOST = 100, ELEMENTS_MOST = 1 << 24 };

/* From worst to best: it depends on who computes it; it is rounded, but alike everywhere; a multiple of 2^-fraction. */
enum certainty { LOOSE, ALIKE, EXACT };

struct known {
    enum certainty certainty;
    int fraction;
    bool summed;              /* a sum, or what arithmetic made of one: libraries move factors and offsets into it */
    struct real_range *range; /* by element */
};

struct search {
    const struct graph *graph, *fixed;
    struct arena *arena;
    struct known *known; /* by value */
    int bits;            /* the widest sum's */
    const char *where;   /* it is not so, in words; NULL: nowhere yet */
};

/* ---- grids ---- */

static int finer(int a, int b) {
    return a > b ? a : b;
}

/* The bits behind the point that a number needs; INT_MIN for 0 and for bounds that are none, which need none. */
static int fraction_of(double x) {
    int exponent;
    if (x == 0 || isinf(x)) return INT_MIN;
    int64_t code = (int64_t)ldexp(frexp(x, &exponent), 53);
    int fraction = 53 - exponent;
    for (; !(code & 1); code /= 2) fraction--;
    return fraction;
}

/* Of bits that multiples of 2^-fraction up to a size need. */
static int bits_of(double size, int fraction) {
    int exponent;
    return size == 0 ? 0 : frexp(ldexp(size, fraction), &exponent) == 0.5 ? exponent - 1 : exponent;
}

static bool fits(double size, int fraction) {
    return fraction <= FRACTION_MOST && isfinite(size) && bits_of(size, fraction) <= BITS;
}

static double size_of(struct real_range range) {
    return fmax(fabs(range.lo), fabs(range.hi));
}

static double largest(const struct search *search, valref value) {
    double size = 0;
    for (size_t e = 0; e < graph_elements(search->graph, value); e++)
        size = fmax(size, size_of(search->known[value.id].range[e]));
    return size;
}

/* ---- sums ---- */

/* The largest sum of sizes that a product by matrices adds up. */
static double product_size(const struct search *search, const struct node *node) {
    const struct shape *left = &graph_value(search->graph, node->inputs[0])->shape,
                       *right = &graph_value(search->graph, node->inputs[1])->shape;
    const struct real_range *a = search->known[node->inputs[0].id].range, *b = search->known[node->inputs[1].id].range;
    size_t length = (size_t)left->dim[left->rank - 1],
           columns = right->rank > 1 ? (size_t)right->dim[right->rank - 1] : 1;
    double *size = ARENA_ARRAY(search->arena, double, length + 1), most = 0;
    for (size_t e = 0; e < shape_elements(left); e++) size[e % length] = fmax(size[e % length], size_of(a[e]));
    for (size_t first = 0; first < shape_elements(right); first += length * columns)
        for (size_t c = 0; c < columns; c++) {
            double sum = 0;
            for (size_t k = 0; k < length; k++) sum += size[k] * size_of(b[first + k * columns + c]);
            most = fmax(most, sum);
        }
    return most;
}

static double sum_size(const struct search *search, const struct node *node) {
    const struct shape *shape = &graph_value(search->graph, node->inputs[0])->shape;
    return (double)shape->dim[node->attributes.axis.axis] * largest(search, node->inputs[0]);
}

static void add_up(struct search *search, const struct node *node, struct known *out, double size) {
    int bits = bits_of(size, out->fraction);
    out->summed = true;
    if (out->certainty == EXACT && fits(size, out->fraction)) {
        search->bits = finer(search->bits, bits);
        return;
    }
    if (!search->where && out->certainty == EXACT)
        search->where =
            arena_printf(search->arena, "the sums of '%s' may need %d bits, and binary32 has 24", node->name, bits);
    else if (!search->where)
        search->where =
            arena_printf(search->arena, "'%s' adds numbers that are no multiples of a power of two", node->name);
    out->certainty = LOOSE;
}

/* ---- by operator ---- */

static bool is_power_of_two(double x) {
    int exponent;
    return x > 0 && frexp(x, &exponent) == 0.5;
}

/* Of a constant's numbers; false where one is none or is no power of two, if it has to be. */
static bool constant_fraction(const struct search *search, valref value, bool powers, int *fraction) {
    const float *numbers = graph_reals(search->graph, value);
    *fraction = INT_MIN;
    if (!numbers) return false;
    for (size_t e = 0; e < graph_elements(search->graph, value); e++) {
        if (!isfinite(numbers[e]) || (powers && !is_power_of_two((double)numbers[e]))) return false;
        *fraction = finer(*fraction, fraction_of((double)numbers[e]));
    }
    return true;
}

static void set_quantised(const struct search *search, const struct node *node, struct known *out) {
    int fraction = INT_MIN, whole = 0;
    bool grid = node->op == OP_NARROW;
    const struct formats *formats = &node->attributes.quantizer.formats;
    for (size_t i = 0; grid && i < shape_elements(&formats->shape); i++)
        fraction = finer(fraction, formats->at[i].fraction);
    if (node->op == OP_QUANT)
        grid = constant_fraction(search, node->inputs[1], true, &fraction) &&
               constant_fraction(search, node->inputs[2], false, &whole) && whole <= 0;
    if (node->op == OP_BIPOLAR_QUANT) grid = constant_fraction(search, node->inputs[1], false, &fraction);
    if (!grid || !fits(largest(search, node->result), fraction)) return;
    out->certainty = EXACT;
    out->fraction = fraction;
}

static bool is_arithmetic(enum op op) {
    return op == OP_ADD || op == OP_SUB || op == OP_MUL || op == OP_DIV;
}

/* Arithmetic behind a sum that is rounded: done there, or within the sum. */
static void stay_summed(struct search *search, const struct node *node, struct known *out) {
    for (uint32_t i = 0; i < node->input_count; i++) out->summed |= search->known[node->inputs[i].id].summed;
    if (!is_arithmetic(node->op) || !out->summed || out->certainty == EXACT) return;
    out->certainty = LOOSE;
    if (!search->where)
        search->where =
            arena_printf(search->arena, "'%s' (%s) is rounded, and libraries merge it with the sum before it",
                         node->name, op_info(node->op)->name);
}

/* What rounds once at most, with the grid that its result has where nothing is rounded. */
static void set_elementwise(const struct search *search, const struct node *node, struct known *out) {
    const struct known *a = &search->known[node->inputs[0].id],
                       *b = node->input_count > 1 ? &search->known[node->inputs[1].id] : a;
    int fraction = finer(a->fraction, b->fraction), constant;
    bool grid = out->certainty == EXACT;
    switch (node->op) {
    case OP_MUL: fraction = a->fraction + b->fraction; break;
    case OP_DIV:
        grid = grid && constant_fraction(search, node->inputs[1], true, &constant);
        for (size_t e = 0; grid && e < graph_elements(search->graph, node->inputs[1]); e++)
            fraction =
                finer(fraction, a->fraction - fraction_of((double)graph_reals(search->graph, node->inputs[1])[e]));
        break;
    case OP_CLIP:
        fraction = finer(fraction, fraction_of((double)node->attributes.activation.beta));
        fraction = finer(fraction, fraction_of((double)node->attributes.activation.alpha));
        break;
    case OP_LEAKY_RELU: fraction += finer(0, fraction_of((double)node->attributes.activation.alpha)); break;
    default: break;
    }
    if (out->certainty == EXACT && !(grid && fits(largest(search, node->result), fraction))) out->certainty = ALIKE;
    out->fraction = fraction;
}

static bool rounds_once(enum op op) {
    switch (op) {
    case OP_ADD:
    case OP_SUB:
    case OP_MUL:
    case OP_DIV:
    case OP_RELU:
    case OP_LEAKY_RELU:
    case OP_CLIP:
    case OP_REDUCE_MAX: return true;
    default: return op_is_movement(op);
    }
}

/* A rounded product that is added to something: processors round the two at once or one after the other. */
static bool may_fuse(const struct search *search, const struct node *node) {
    for (uint32_t i = 0; (node->op == OP_ADD || node->op == OP_SUB) && i < node->input_count; i++) {
        const struct node *from = graph_definition(search->graph, node->inputs[i]);
        while (op_moves_one(from->op)) from = graph_definition(search->graph, from->inputs[0]);
        if (from->op == OP_MUL && search->known[from->result.id].certainty == ALIKE) return true;
    }
    return false;
}

static void set_whole(const struct search *search, const struct node *node, struct known *out) {
    out->fraction = 0;
    out->certainty = fits(largest(search, node->result), 0) ? EXACT : ALIKE;
}

static void set_known(struct search *search, const struct node *node, struct known *out) {
    if (out->certainty == LOOSE) return;
    if (node->op == OP_MATMUL) {
        out->fraction = search->known[node->inputs[0].id].fraction + search->known[node->inputs[1].id].fraction;
        add_up(search, node, out, product_size(search, node));
    } else if (node->op == OP_REDUCE_SUM) {
        add_up(search, node, out, sum_size(search, node));
    } else if (op_is_quantiser(node->op)) {
        out->certainty = ALIKE;
        set_quantised(search, node, out);
    } else if (op_gives_index(node->op) || op_meaning(node->op)->whole) {
        set_whole(search, node, out);
    } else if (may_fuse(search, node)) {
        out->certainty = LOOSE;
        if (!search->where)
            search->where =
                arena_printf(search->arena, "'%s' adds to a product, and some round both at once", node->name);
    } else if (rounds_once(node->op)) {
        set_elementwise(search, node, out);
        if (is_arithmetic(node->op) || op_is_movement(node->op)) stay_summed(search, node, out);
    } else {
        out->certainty = LOOSE;
        if (!search->where)
            search->where = arena_printf(search->arena, "'%s' (%s) is computed by every library in its own way",
                                         node->name, op_info(node->op)->name);
    }
}

/* ---- the whole network ---- */

static struct known *known_of(struct search *search, valref value) {
    struct known *known = &search->known[value.id];
    known->range = ARENA_ARRAY(search->arena, struct real_range, graph_elements(search->graph, value) + 1);
    return known;
}

static void know_constant(struct search *search, const struct node *node) {
    struct known *known = known_of(search, node->result);
    const float *numbers = graph_reals(search->graph, node->result);
    known->certainty = constant_fraction(search, node->result, false, &known->fraction) ? EXACT : ALIKE;
    if (known->fraction < -FRACTION_MOST) known->fraction = -FRACTION_MOST;
    for (size_t e = 0; numbers && e < graph_elements(search->graph, node->result); e++)
        known->range[e] = (struct real_range){(double)numbers[e], (double)numbers[e]};
}

static void know_input(struct search *search, valref input, valref port) {
    const struct meaning *meaning = input_meaning(search->fixed, port);
    struct known *known = known_of(search, input);
    known->certainty = EXACT;
    known->fraction = -FRACTION_MOST;
    for (size_t e = 0; e < graph_elements(search->graph, input); e++) {
        struct format format = graph_format(search->fixed, port, e);
        struct interval codes = format_interval(format);
        double zero_point = 0, scale = 1;
        if (meaning) scale = meaning_scale(meaning, &graph_value(search->fixed, port)->shape, e, &zero_point);
        double lo = (fixed_to_real((int64_t)codes.lo, format.fraction) - zero_point) * scale,
               hi = (fixed_to_real((int64_t)codes.hi, format.fraction) - zero_point) * scale;
        known->range[e] = (struct real_range){fmin(lo, hi), fmax(lo, hi)};
        if (!is_power_of_two(scale)) known->certainty = ALIKE;
        known->fraction = finer(known->fraction, finer(format.fraction, fraction_of(zero_point)) + fraction_of(scale));
    }
    if (!fits(largest(search, input), known->fraction)) known->certainty = ALIKE;
}

/* As its operands are, at most; bounds as the family has them. */
static void know_node(struct search *search, const struct node *node) {
    const struct op_family *family = op_info(node->op)->family;
    struct known *known = known_of(search, node->result);
    const struct real_range **operands = ARENA_ARRAY(search->arena, const struct real_range *, node->input_count + 1);
    known->certainty = EXACT;
    known->fraction = -FRACTION_MOST;
    for (uint32_t i = 0; i < node->input_count; i++) {
        const struct known *operand = &search->known[node->inputs[i].id];
        operands[i] = operand->range;
        if (operand->certainty < known->certainty) known->certainty = operand->certainty;
        known->fraction = finer(known->fraction, operand->fraction);
    }
    if (family->bound_real)
        family->bound_real(search->graph, node, operands, known->range, search->arena);
    else
        for (size_t e = 0; e < graph_elements(search->graph, node->result); e++)
            known->range[e] = (struct real_range){-INFINITY, INFINITY};
    set_known(search, node, known);
}

static bool is_small(const struct graph *graph) {
    size_t elements = 0;
    for (uint32_t v = 0; v < graph->value_count && elements <= ELEMENTS_MOST; v++)
        elements += graph_elements(graph, (valref){v});
    return elements <= ELEMENTS_MOST;
}

static bool is_plain(const struct graph *graph, const struct node *node) {
    return !op_info(node->op)->family->has_body && graph_value(graph, node->result)->kind == VALUE_REAL;
}

/* By value: the outputs depend on it. */
static const bool *needed(const struct graph *graph, struct arena *arena) {
    bool *is = ARENA_ARRAY(arena, bool, graph->value_count + 1);
    for (uint32_t o = 0; o < graph->output_count; o++) is[graph->outputs[o].value.id] = true;
    for (uint32_t n = graph->node_count; n-- > 0;) {
        const struct node *node = &graph->nodes[n];
        for (uint32_t i = 0; i < node->input_count && is[node->result.id]; i++) is[node->inputs[i].id] = true;
    }
    return is;
}

const char *floats_undetermined(const struct graph *reference, const struct graph *fixed, int *bits,
                                struct arena *arena) {
    struct search search = {.graph = reference, .fixed = fixed, .arena = arena};
    const struct value_list inputs = graph_inputs(reference, arena), ports = graph_inputs(fixed, arena);
    if (inputs.count != ports.count || !is_small(reference)) return "it is too large for looking";
    search.known = ARENA_ARRAY(arena, struct known, reference->value_count + 1);
    const bool *is_needed = needed(reference, arena);
    for (uint32_t i = 0; i < inputs.count; i++) know_input(&search, inputs.at[i], ports.at[i]);
    for (uint32_t n = 0; n < reference->node_count && !search.where; n++) {
        const struct node *node = &reference->nodes[n];
        if (node->dead || node->op == OP_INPUT || !is_needed[node->result.id]) continue;
        if (!is_plain(reference, node)) return "it has numbers that are no floats";
        if (node->op == OP_CONSTANT)
            know_constant(&search, node);
        else
            know_node(&search, node);
    }
    *bits = search.bits;
    return search.where;
}
