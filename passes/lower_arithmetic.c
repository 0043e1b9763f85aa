/* Sums, differences and products, element by element. Aligning fractions is wiring. A product of two
 * variables is the sum of one shifted copy of the wider for each bit of the narrower. ReLU is a clamp from below. */
#include "passes/lower.h"

/* a * b as a sum of a where a bit of b is set; the sign bit of b counts negative. */
static void add_partial_products(struct lower *lower, struct term_list *list, wireref a, wireref b, struct term sign,
                                 int shift) {
    int width = wire_width(&lower->datapath->wires[b.id]);
    bool is_signed = wire_is_signed(&lower->datapath->wires[b.id]);
    struct term zero = lower_constant(lower, 0);
    for (int bit = 0; bit < width; bit++) {
        wireref set = lower_wrap(lower, lower_shift_right(lower, b, bit), 1, false);
        struct term part = lower_select(lower, set, (struct term){.wire = a}, zero);
        bool minus = (is_signed && bit == width - 1) != sign.negative;
        term_list_add(lower, list, part, minus ? -1 : 1, bit + sign.shift + shift);
    }
}

/* The square of a wire of few bits is a table. */
static bool add_square(struct lower *lower, struct term_list *list, wireref a, struct term sign, int shift) {
    const struct wire *wire = &lower->datapath->wires[a.id];
    int128 most = wire->hi > -wire->lo ? wire->hi : -wire->lo;
    if (wire_width(wire) > 8 || most > 255) return false;
    struct table table = {.first = wire->lo, .count = (uint32_t)(wire->hi - wire->lo + 1)};
    table.entries = ARENA_ARRAY(lower->scratch, int64_t, table.count);
    for (uint32_t i = 0; i < table.count; i++) table.entries[i] = (table.first + i) * (table.first + i);
    struct term square = lower_table(lower, (struct term){.wire = a}, &table);
    term_list_add(lower, list, square, sign.negative ? -1 : 1, sign.shift + shift);
    return true;
}

void term_list_add_product(struct lower *lower, struct term_list *list, struct term a, struct term b, int shift) {
    int64_t constant;
    if (lower_is_constant(lower, a, &constant)) {
        term_list_add(lower, list, b, constant, shift);
        return;
    }
    if (lower_is_constant(lower, b, &constant)) {
        term_list_add(lower, list, a, constant, shift);
        return;
    }
    struct term sign = {.shift = (int8_t)(a.shift + b.shift), .negative = a.negative != b.negative};
    if (a.wire.id == b.wire.id && add_square(lower, list, a.wire, sign, shift)) return;
    const struct wire *wires = lower->datapath->wires;
    bool swap = wire_width(&wires[a.wire.id]) < wire_width(&wires[b.wire.id]);
    add_partial_products(lower, list, swap ? b.wire : a.wire, swap ? a.wire : b.wire, sign, shift);
}

static struct term lower_element(struct lower *lower, size_t i, size_t j, int fraction) {
    enum op op = lower->node->op;
    struct term a = lower_operand(lower, 0, i), b = lower_operand(lower, 1, j);
    struct term_list list = {0};
    if (op == OP_MUL)
        term_list_add_product(lower, &list, a, b, 0);
    else {
        int fraction_a = graph_format(lower->graph, lower->node->inputs[0], i).fraction;
        int fraction_b = graph_format(lower->graph, lower->node->inputs[1], j).fraction;
        term_list_add(lower, &list, a, 1, fraction - fraction_a);
        term_list_add(lower, &list, b, op == OP_SUB ? -1 : 1, fraction - fraction_b);
    }
    return lower_sum(lower, &list);
}

void lower_arithmetic(struct lower *lower, struct term *out) {
    const struct graph *graph = lower->graph;
    const struct value *result = graph_value(graph, lower->node->result);
    const struct shape *a = &graph_value(graph, lower->node->inputs[0])->shape,
                       *b = &graph_value(graph, lower->node->inputs[1])->shape;
    size_t count = shape_elements(&result->shape);
    for (size_t e = 0; e < count && !lower->failed; e++) {
        size_t i = shape_project(&result->shape, e, a), j = shape_project(&result->shape, e, b);
        int fraction_a = graph_format(graph, lower->node->inputs[0], i).fraction;
        int fraction_b = graph_format(graph, lower->node->inputs[1], j).fraction;
        lower->element = (uint32_t)e;
        out[e] = lower_element(lower, i, j, fraction_a > fraction_b ? fraction_a : fraction_b);
    }
}

void lower_relu(struct lower *lower, struct term *out) {
    size_t count = shape_elements(&graph_value(lower->graph, lower->node->result)->shape);
    for (size_t e = 0; e < count && !lower->failed; e++) {
        lower->element = (uint32_t)e;
        out[e] = lower_clamp(lower, lower_operand(lower, 0, e), 0, INT64_MAX);
    }
}
