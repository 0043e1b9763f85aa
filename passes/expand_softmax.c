/* expand_softmax: softmax as maximum, exponential table, sum, reciprocal table and product, within a stated error.
 *
 *   n = narrow(max - x)          unsigned, fraction fd, saturating at D; 0 for the largest element
 *   e = narrow(exp(-n))          one table, or two of its high and low bits that are multiplied; exactly 1 at n = 0
 *   s = sum of e                 exact; at least 1
 *   r = narrow(1 / narrow(s))    a table, and where it pays a Newton step r (2 - s r)
 *   p = narrow(e r)
 *
 * The bound. Let N be the length, a_i = exp(x_i - max), A their sum, p = a_i / A, S the sum of the e_i, and
 * k = exp(2^-(fd+1)) - 1 the relative error that rounding n makes, u the absolute error of e's tables and roundings,
 * t = exp(-D) what saturation adds. Then |e_i - a_i| <= a_i k + u + t, and 0 for the largest. From
 *   e_i / S - a_i / A = ((1 - p) d_i - p (sum of the other d_j)) / S,    d_i = e_i - a_i,  S >= 1,
 *   A / S <= g = 1 / (1 - k - (N - 1)(u + t)),
 * and p <= 1/2 but for the largest, |e_i / S - p| is at most
 *   g k / 4 + (N - 1)(u + t)                      for the largest element: p (1 - p) <= 1/4,
 *   g k / 3 + (u + t) max(1, (N - 1) / 2)         for another: 2 p - 3 p^2 <= 1/3.
 * e_i <= 1, so the error of r adds as it is: v + 2^-(fr+1), v = 2^-(fs+1) the rounding of s; with the Newton step,
 * whose operand is off by q <= v + N 2^-(fr+1) relatively, q^2 + 2^-(ft+1) + 2^-(f1+1). Rounding p adds 2^-(fp+1).
 *
 * Over many classes (the wide search) the same with less work a class and more for the one reciprocal: the table of n's
 * low bits keeps fewer bits than that of the high ones, since its rounding is relative, h exp(2^(low - fd)) with h =
 * 2^-(fl+1), and k becomes (1 + k)(1 + that) - 1; p is made of e rounded once more, which adds 2^-(fx+1); and where one
 * Newton step is not enough a second one follows. The first then leaves q1 = q^2 + (1 + q) 2^-(ft+1) + N 2^-(f1+1).
 *
 * The formats are the cheapest, by an estimate in LUTs, of all small ones whose bound is within softmax_error. */
#include "passes/table.h"

#include <math.h>

enum { INDEX_BITS_MAX = 12 };

struct expansion {
    int difference_fraction, difference_integer; /* of n */
    int low_bits;                                /* of n in the second exponential table; 0: one table */
    int factor_fraction;                         /* of the two tables */
    int exponential_fraction;
    int sum_fraction, reciprocal_fraction; /* index and entries of the reciprocal table */
    int correction_fraction;               /* of the Newton step; 0: none */
    int inverse_fraction;                  /* of r */
    int low_fraction;                      /* of the table of low bits; 0: as the other */
    int operand_fraction;                  /* of e in the last product; 0: as it is */
    int second_correction, second_inverse; /* of a second Newton step, whose result is r then; 0: none */
    int probability_fraction;
    double bound, cost;
};

/* ---- the bound and the cost ---- */

static double half_step(int fraction) {
    return ldexp(0.5, -fraction);
}

static double exponential_bound(const struct expansion *e, double length) {
    double relative = expm1(half_step(e->difference_fraction));
    if (e->low_fraction) {
        double low = half_step(e->low_fraction) * exp(ldexp(1, e->low_bits - e->difference_fraction));
        relative = (1 + relative) * (1 + low) - 1;
    }
    double saturated = exp(-(ldexp(1, e->difference_integer) - ldexp(1, -e->difference_fraction)));
    double factor = half_step(e->factor_fraction);
    double absolute = half_step(e->exponential_fraction) +
                      (e->low_fraction ? factor
                       : e->low_bits   ? 2 * factor + factor * factor
                                       : 0) +
                      saturated;
    double room = 1 - relative - (length - 1) * absolute;
    if (room <= 0) return INFINITY;
    double largest = relative / room / 4 + (length - 1) * absolute;
    double other = relative / room / (length > 2 ? 3 : 4) + absolute * fmax(1, (length - 1) / 2);
    return fmax(largest, other);
}

static double reciprocal_bound(const struct expansion *e, double length) {
    double index = e->sum_fraction < e->exponential_fraction ? half_step(e->sum_fraction) : 0,
           entry = half_step(e->reciprocal_fraction);
    if (!e->correction_fraction) return index + entry;
    double relative = index + length * entry;
    if (!e->second_correction)
        return relative * relative + half_step(e->correction_fraction) + half_step(e->inverse_fraction);
    double first = relative * relative + (1 + relative) * half_step(e->correction_fraction) +
                   length * half_step(e->inverse_fraction);
    return first * first + (1 + first) * half_step(e->second_correction) + half_step(e->second_inverse);
}

static double table_cost(double index_bits, int width) {
    return width * exp2(fmax(0, index_bits - 6));
}

static double product_cost(int a, int b) {
    return 0.6 * a * b;
}

static double exponential_cost(const struct expansion *e) {
    int index = e->difference_integer + e->difference_fraction, factor = e->factor_fraction + 1;
    if (!e->low_bits) return 2 * index + table_cost(index, e->exponential_fraction + 1);
    int low = e->low_fraction ? e->low_fraction + 1 : factor;
    return 2 * index + table_cost(index - e->low_bits, factor) + table_cost(e->low_bits, low) +
           product_cost(factor, low);
}

static double reciprocal_cost(const struct expansion *e, double length) {
    int entry = e->reciprocal_fraction + 1, sum = (int)ceil(log2(length)) + 1 + e->exponential_fraction;
    double cost = table_cost(log2(length) + e->sum_fraction, entry);
    if (e->correction_fraction)
        cost += product_cost(sum, entry) + product_cost(entry, e->correction_fraction + 1) + sum;
    if (e->second_correction)
        cost += product_cost(sum, e->inverse_fraction + 1) +
                product_cost(e->inverse_fraction + 1, e->second_correction + 1) + sum;
    return cost;
}

/* ---- the search ---- */

struct search {
    struct expansion best;
    double target, length;
};

static void try_expansion(struct search *search, struct expansion e, double exponential, double cost) {
    int operand = e.operand_fraction ? e.operand_fraction : e.exponential_fraction;
    int inverse = e.second_inverse ? e.second_inverse : e.inverse_fraction;
    double rest =
        exponential + reciprocal_bound(&e, search->length) + (e.operand_fraction ? half_step(e.operand_fraction) : 0);
    cost += reciprocal_cost(&e, search->length) +
            search->length * (product_cost(operand + 1, inverse + 1) + (e.operand_fraction ? operand : 0));
    if (rest >= search->target || cost >= search->best.cost) return;
    e.probability_fraction = (int)fmax(1, ceil(-log2(search->target - rest)) - 1);
    if (e.probability_fraction > 3 - log2(search->target)) return; /* wide results are not where the error should go */
    e.bound = rest + half_step(e.probability_fraction);
    e.cost = cost + search->length * e.probability_fraction;
    if (e.bound <= search->target && e.cost < search->best.cost) search->best = e;
}

static void try_reciprocals(struct search *search, struct expansion e, double exponential, double cost) {
    for (int index = 2; log2(search->length) + index <= INDEX_BITS_MAX && index <= e.exponential_fraction; index++)
        for (int entry = index; entry <= 24 && entry <= index + 10; entry++) {
            e.sum_fraction = index;
            e.reciprocal_fraction = e.inverse_fraction = entry;
            e.correction_fraction = 0;
            if (half_step(entry) < search->target) try_expansion(search, e, exponential, cost);
            for (int correction = entry; correction <= entry + 10 && entry <= index + 4; correction++) {
                e.correction_fraction = e.inverse_fraction = correction;
                try_expansion(search, e, exponential, cost);
            }
        }
}

static void try_exponential(struct search *search, struct expansion e) {
    double bound = exponential_bound(&e, search->length), cost = search->length * exponential_cost(&e);
    /* the inverse must be finer than the target: what the last products cost at least */
    double products = search->length * product_cost(e.exponential_fraction + 1, (int)-log2(search->target));
    if (bound < search->target && cost + products < search->best.cost) try_reciprocals(search, e, bound, cost);
}

/* One table of all bits, or two of about half of them. */
static void try_splits(struct search *search, struct expansion e) {
    int index = e.difference_integer + e.difference_fraction;
    e.low_bits = 0;
    e.factor_fraction = e.exponential_fraction;
    if (index <= INDEX_BITS_MAX) try_exponential(search, e);
    for (int low = index / 2 - 1; low <= index / 2 + 1; low++)
        for (int more = 0; more <= 3 && low > 0 && low <= INDEX_BITS_MAX && index - low <= INDEX_BITS_MAX &&
                           low < e.difference_fraction;
             more++) {
            e.low_bits = low;
            e.factor_fraction = e.exponential_fraction + more;
            try_exponential(search, e);
        }
}

/* ---- the wide search ---- */

/* Fraction bits that make N errors of half a step as small as one of half a step without them. */
static int sum_bits(double length) {
    return (int)ceil(log2(length));
}

static void try_second_steps(struct search *search, struct expansion e, double exponential, double cost) {
    int bits = (int)ceil(-log2(search->target)), more = sum_bits(search->length);
    for (int first = bits / 2 + 2; first <= bits / 2 + 6; first++)
        for (int second = bits; second <= bits + 5; second++) {
            e.correction_fraction = first;
            e.inverse_fraction = first + more;
            e.second_correction = e.second_inverse = second;
            try_expansion(search, e, exponential, cost);
        }
}

static void try_wide_reciprocals(struct search *search, struct expansion e, double exponential, double cost) {
    int bits = (int)ceil(-log2(search->target)), more = sum_bits(search->length);
    for (int index = 2; log2(search->length) + index <= INDEX_BITS_MAX; index++)
        for (int entry = index + 3 + more; entry <= index + 5 + more && entry <= 24; entry++) {
            e.sum_fraction = index;
            e.reciprocal_fraction = entry;
            e.second_correction = e.second_inverse = 0;
            for (int correction = bits; correction <= bits + 5; correction++) {
                e.correction_fraction = e.inverse_fraction = correction;
                try_expansion(search, e, exponential, cost);
            }
            try_second_steps(search, e, exponential, cost);
        }
}

static void try_wide(struct search *search, struct expansion e) {
    int bits = (int)ceil(-log2(search->target)), index = e.difference_integer + e.difference_fraction;
    for (int low = index / 2; low <= index / 2 + 1 && low < e.difference_fraction; low++)
        for (int fraction = bits; fraction <= bits + 3; fraction++)
            for (int operand = bits; operand <= bits + 3; operand++) {
                e.low_bits = low;
                e.factor_fraction = e.exponential_fraction + 1;
                e.low_fraction = fraction;
                e.operand_fraction = operand;
                double bound = exponential_bound(&e, search->length), cost = search->length * exponential_cost(&e);
                if (index - low <= INDEX_BITS_MAX && bound < search->target && cost < search->best.cost)
                    try_wide_reciprocals(search, e, bound, cost);
            }
}

static void search_wide(struct search *search) {
    int bits = (int)ceil(-log2(search->target)), more = sum_bits(search->length);
    for (int fraction = bits > 5 ? bits - 4 : 2; fraction <= bits + 2; fraction++)
        for (int integer = 2; integer <= 5; integer++)
            for (int exponential = bits + more - 2; exponential <= bits + more + 3 && exponential <= 30; exponential++)
                try_wide(search, (struct expansion){.difference_fraction = fraction,
                                                    .difference_integer = integer,
                                                    .exponential_fraction = exponential});
}

static bool expansion_find(double target, size_t length, struct expansion *out) {
    struct search search = {.target = target, .length = (double)length, .best = {.cost = INFINITY}};
    int bits = (int)ceil(-log2(target));
    for (int fraction = bits > 5 ? bits - 4 : 1; fraction <= bits + 2; fraction++)
        for (int integer = 1; integer <= 5; integer++)
            for (int exponential = bits; exponential <= bits + 12 && exponential <= 30; exponential++)
                try_splits(&search, (struct expansion){.difference_fraction = fraction,
                                                       .difference_integer = integer,
                                                       .exponential_fraction = exponential});
    if (!isfinite(search.best.cost)) search_wide(&search);
    *out = search.best;
    return isfinite(search.best.cost);
}

/* ---- the nodes ---- */

struct builder {
    struct graph *graph;
    struct arena *scratch;
    const char *name; /* of the softmax */
    struct axis_attributes axis;
};

static valref append(struct builder *builder, enum op op, const char *what, valref a, valref b,
                     const union attributes *attributes) {
    valref operands[2] = {a, b};
    if (a.id == UINT32_MAX) return NO_VALUE;
    uint32_t count = b.id == UINT32_MAX ? 1 : 2;
    return graph_append(builder->graph, op, arena_printf(builder->scratch, "%s.%s", builder->name, what), operands,
                        count, attributes);
}

static valref append_reduction(struct builder *builder, enum op op, const char *what, valref operand) {
    union attributes attributes = {.axis = {.axis = builder->axis.axis, .keep_dimensions = true}};
    return append(builder, op, what, operand, NO_VALUE, &attributes);
}

static valref append_narrow(struct builder *builder, const char *what, valref operand, int width, int fraction,
                            enum rounding rounding, enum overflow overflow) {
    const struct format format = {false, (int16_t)width, (int16_t)fraction};
    union attributes attributes = {.quantizer = {.rounding = rounding,
                                                 .overflow = overflow,
                                                 .formats = formats_uniform(builder->scratch, format)}};
    return append(builder, OP_NARROW, what, operand, NO_VALUE, &attributes);
}

static const char *joined(struct builder *builder, const char *what, const char *more) {
    return arena_printf(builder->scratch, "%s.%s", what, more);
}

/* narrow(exp(-n)) */
static valref append_exponential(struct builder *builder, const char *what, valref n, int fraction) {
    float minus = -1;
    valref minus_one =
        graph_append_reals(builder->graph, arena_printf(builder->scratch, "%s.%s.minus_one", builder->name, what),
                           (struct shape){0}, &minus);
    valref negated = append(builder, OP_MUL, joined(builder, what, "negated"), n, minus_one, NULL);
    valref exponential = append(builder, OP_EXP, joined(builder, what, "function"), negated, NO_VALUE, NULL);
    return append_narrow(builder, what, exponential, fraction + 1, fraction, ROUND_HALF_EVEN, OVERFLOW_SATURATE);
}

static valref append_exponentials(struct builder *builder, const struct expansion *e, valref n) {
    int index = e->difference_integer + e->difference_fraction, low = e->low_bits;
    if (!low) return append_exponential(builder, "exp", n, e->exponential_fraction);
    valref high_bits =
        append_narrow(builder, "high", n, index - low, e->difference_fraction - low, ROUND_TRUNCATE, OVERFLOW_WRAP);
    valref low_bits = append_narrow(builder, "low", n, low, e->difference_fraction, ROUND_TRUNCATE, OVERFLOW_WRAP);
    valref high = append_exponential(builder, "exp_high", high_bits, e->factor_fraction);
    valref product = append(
        builder, OP_MUL, "exp_product", high,
        append_exponential(builder, "exp_low", low_bits, e->low_fraction ? e->low_fraction : e->factor_fraction), NULL);
    return append_narrow(builder, "exp", product, e->exponential_fraction + 1, e->exponential_fraction, ROUND_HALF_UP,
                         OVERFLOW_WRAP);
}

/* r (2 - s r) */
static valref append_newton(struct builder *builder, const char *which, valref sum, valref inverse, valref two,
                            int correction_fraction, int inverse_fraction) {
    valref product =
        append(builder, OP_MUL, joined(builder, "newton", arena_printf(builder->scratch, "%sproduct", which)), sum,
               inverse, NULL);
    valref rest = append(builder, OP_SUB, joined(builder, "newton", arena_printf(builder->scratch, "%srest", which)),
                         two, product, NULL);
    valref correction = append_narrow(builder, arena_printf(builder->scratch, "%scorrection", which), rest,
                                      correction_fraction + 1, correction_fraction, ROUND_HALF_UP, OVERFLOW_WRAP);
    valref corrected =
        append(builder, OP_MUL, joined(builder, "newton", arena_printf(builder->scratch, "%scorrected", which)),
               inverse, correction, NULL);
    return append_narrow(builder, arena_printf(builder->scratch, "%sinverse", which), corrected, inverse_fraction + 1,
                         inverse_fraction, ROUND_HALF_UP, OVERFLOW_WRAP);
}

/* Wrapping costs nothing, and nothing wraps: every true value is below 2. */
static valref append_reciprocal(struct builder *builder, const struct expansion *e, valref sum, size_t length) {
    int whole = 1;
    while (length >> whole) whole++;
    valref index = append_narrow(builder, "sum_index", sum, whole + e->sum_fraction, e->sum_fraction, ROUND_HALF_UP,
                                 OVERFLOW_WRAP);
    valref function = append(builder, OP_RECIPROCAL, "reciprocal.function", index, NO_VALUE, NULL);
    valref entry = append_narrow(builder, "reciprocal", function, e->reciprocal_fraction + 1, e->reciprocal_fraction,
                                 ROUND_HALF_EVEN, OVERFLOW_SATURATE);
    if (!e->correction_fraction) return entry;
    float two = 2;
    valref constant = graph_append_reals(builder->graph, arena_printf(builder->scratch, "%s.two", builder->name),
                                         (struct shape){0}, &two);
    valref inverse = append_newton(builder, "", sum, entry, constant, e->correction_fraction, e->inverse_fraction);
    return e->second_correction
               ? append_newton(builder, "second.", sum, inverse, constant, e->second_correction, e->second_inverse)
               : inverse;
}

static valref append_softmax(struct builder *builder, const struct expansion *e, valref logits, size_t length) {
    valref largest = append_reduction(builder, OP_REDUCE_MAX, "max", logits);
    valref below = append(builder, OP_SUB, "below", largest, logits, NULL);
    valref n = append_narrow(builder, "difference", below, e->difference_integer + e->difference_fraction,
                             e->difference_fraction, ROUND_HALF_UP, OVERFLOW_SATURATE);
    valref exponentials = append_exponentials(builder, e, n);
    valref sum = append_reduction(builder, OP_REDUCE_SUM, "sum", exponentials);
    valref operand = exponentials;
    if (e->operand_fraction)
        operand = append_narrow(builder, "operand", exponentials, e->operand_fraction + 1, e->operand_fraction,
                                ROUND_HALF_UP, OVERFLOW_WRAP);
    valref product = append(builder, OP_MUL, "product", operand, append_reciprocal(builder, e, sum, length), NULL);
    const struct format format = {false, (int16_t)(e->probability_fraction + 1), (int16_t)e->probability_fraction};
    union attributes attributes = {.quantizer = {.rounding = ROUND_HALF_UP,
                                                 .overflow = OVERFLOW_WRAP,
                                                 .formats = formats_uniform(builder->scratch, format)}};
    if (product.id == UINT32_MAX) return NO_VALUE;
    return graph_append(builder->graph, OP_NARROW, builder->name, &product, 1, &attributes);
}

static void note_expansion(struct program *program, const char *name, const struct expansion *e) {
    program_note(
        program, "expand_softmax", name, e->bound,
        "probabilities are within %.3g of softmax of the logits: difference u%df%d, exponential %s of fraction %d, "
        "reciprocal index fraction %d, entries %d%s, result fraction %d; where only the winning class matters, "
        "--softmax argmax is exact and cheaper",
        e->bound, e->difference_integer + e->difference_fraction, e->difference_fraction,
        e->low_bits ? "of two tables" : "table", e->exponential_fraction, e->sum_fraction, e->reciprocal_fraction,
        e->second_correction     ? " with two Newton steps"
        : e->correction_fraction ? " with a Newton step"
                                 : "",
        e->probability_fraction);
}

static int expand(struct program *program, uint32_t index, struct arena *scratch) {
    struct graph *graph = program->graph;
    const struct node node = graph->nodes[index];
    struct builder builder = {graph, scratch, node.name, node.attributes.axis};
    const struct shape *shape = &graph_value(graph, node.result)->shape;
    size_t length = (size_t)shape->dim[node.attributes.axis.axis];
    struct expansion expansion;
    if (!expansion_find(fmin(program->options->softmax_error, 0.5), length, &expansion))
        return diag_error(&program->context->diagnostics, graph_location(graph, &node),
                          "allow a larger error with --softmax-error, or use --softmax argmax",
                          "softmax '%s' over %zu elements has no formats within an error of %g", node.name, length,
                          program->options->softmax_error);
    valref result = append_softmax(&builder, &expansion, node.inputs[0], length);
    if (result.id == UINT32_MAX) return -1;
    graph_definition(graph, result)->source_op = node.source_op;
    if (graph_value(graph, node.result)->name) graph_name_value(graph, result, graph_value(graph, node.result)->name);
    graph_replace(graph, node.result, result);
    graph->nodes[index].dead = true;
    note_expansion(program, node.name, &expansion);
    return 0;
}

int pass_expand_softmax(struct program *program, bool *changed) {
    struct arena *scratch = arena_new(program->context);
    uint32_t count = program->graph->node_count;
    int status = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (program->graph->nodes[i].dead || program->graph->nodes[i].op != OP_SOFTMAX) continue;
        *changed = true;
        program->used |= USE_SOFTMAX_ERROR;
        if (expand(program, i, scratch) < 0) status = -1;
    }
    arena_free(scratch);
    if (*changed && status == 0) graph_compact(program->graph);
    return status;
}
