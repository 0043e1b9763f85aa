/* How the numbers before it move one number inside the quantised graph, at one event: the chain rule, backward
 * through the integer operators in real units.
 *
 * As a guide for a search, slopes of variables alone: where an operator stands still at the event (a ReLU below 0,
 * a clamp beyond its end, a flat piece of a table) a little of its slope elsewhere is let through, so that the
 * search sees which way leads out. An estimate; whatever it finds is evaluated exactly.
 *
 * As they are at the event, those of constants too: what stands still stands still, and of a number that is
 * cut into its high and its low bits the low ones alone move. */
#include <math.h>
#include <string.h>

#include "sim/private.h"
#include "ir/eval.h"
#include "ir/geometry.h"
#include "ir/ops.h"

static const double GUIDE = 1.0 / 16; /* what is let through */

struct step { /* what a node's geometry is, found once */
    const struct node *node;
    size_t elements;
    const uint32_t *map[2]; /* elementwise: the operand's element of each element of the result */
    const struct movement *movement;
    struct matrix_product product;
    struct axis_reduction reduction;
    bool still; /* the high bits of a number that is cut in two */
};

struct slopes {
    const struct graph *graph;
    const struct evaluator_state *state;
    double leak;
    int lane;
    struct step *steps;
    double **of;      /* by value; NULL: a constant, as a guide */
    double **units;   /* by value: what one of the stored integer is worth */
    bool *is_touched; /* by value */
    uint32_t *touched, touched_count;
    struct index_set *pending; /* nodes whose result is touched and that have not passed it back */
};

static const uint32_t *broadcast(struct arena *arena, const struct shape *wide, const struct shape *narrow) {
    size_t count = shape_elements(wide);
    uint32_t *map = ARENA_ARRAY(arena, uint32_t, count);
    for (size_t i = 0; i < count; i++) map[i] = (uint32_t)shape_project(wide, i, narrow);
    return map;
}

static const struct shape *shape_of(const struct slopes *slopes, valref value) {
    return &graph_value(slopes->graph, value)->shape;
}

bool narrow_is_high_part(const struct graph *graph, const struct node *node) {
    const struct quantizer_attributes *attributes = &node->attributes.quantizer;
    if (!op_narrows(node->op) || attributes->rounding != ROUND_TRUNCATE) return false;
    struct format from = graph_format(graph, node->inputs[0], 0), high = graph_format(graph, node->result, 0);
    struct arena *scratch = arena_new(graph->context);
    struct reader_list readers = graph_readers(graph, node->inputs[0], scratch);
    bool is_cut = false;
    for (uint32_t i = 0; i < readers.count; i++) {
        const struct node *other = graph_node(graph, readers.at[i].node);
        if (!op_narrows(other->op) || other == node) continue;
        struct format low = graph_format(graph, other->result, 0);
        is_cut = is_cut || (other->attributes.quantizer.overflow == OVERFLOW_WRAP && low.fraction == from.fraction &&
                            low.width == from.fraction - high.fraction);
    }
    arena_free(scratch);
    return is_cut;
}

static void plan_step(struct slopes *slopes, struct step *step, const struct node *node, struct arena *arena) {
    const struct shape *result = shape_of(slopes, node->result);
    const enum op_terms terms = op_meaning(node->op)->terms;
    step->node = node;
    step->elements = shape_elements(result);
    if (op_is_movement(node->op))
        step->movement = movement_map(slopes->graph, node, arena);
    else if (terms == TERMS_PRODUCTS)
        step->product = product_geometry(arena, shape_of(slopes, node->inputs[0]), shape_of(slopes, node->inputs[1]));
    else if (terms == TERMS_LARGEST || (terms == TERMS_SUM && node->input_count == 1))
        step->reduction = reduction_geometry(shape_of(slopes, node->inputs[0]), node->attributes.axis.axis);
    else if (terms == TERMS_SUM || terms == TERMS_PRODUCT)
        for (int i = 0; i < 2; i++) step->map[i] = broadcast(arena, result, shape_of(slopes, node->inputs[i]));
    else if (op_rounds(node->op) && !op_is_quantiser(node->op))
        step->map[0] = broadcast(arena, result, &node->attributes.lookup.shape);
    step->still = slopes->leak == 0 && narrow_is_high_part(slopes->graph, node);
}

/* What one step of each element's integer is worth. */
static double *units_of(const struct graph *graph, valref value, struct arena *arena) {
    size_t elements = graph_elements(graph, value);
    double *units = ARENA_ARRAY(arena, double, elements + 1);
    for (size_t e = 0; e < elements; e++) units[e] = ldexp(1, -graph_format(graph, value, e).fraction);
    return units;
}

struct slopes *slopes_new(const struct graph *graph, const struct evaluator_state *state, bool as_guide,
                          struct arena *arena) {
    struct slopes *slopes = ARENA_NEW(arena, struct slopes);
    *slopes = (struct slopes){.graph = graph, .state = state, .leak = as_guide ? GUIDE : 0};
    slopes->steps = ARENA_ARRAY(arena, struct step, graph->node_count + 1);
    slopes->of = ARENA_ARRAY(arena, double *, graph->value_count + 1);
    slopes->units = ARENA_ARRAY(arena, double *, graph->value_count + 1);
    slopes->is_touched = ARENA_ARRAY(arena, bool, graph->value_count + 1);
    slopes->touched = ARENA_ARRAY(arena, uint32_t, graph->value_count + 1);
    slopes->pending = index_set_new(graph->node_count, arena);
    for (uint32_t i = 0; i < graph->node_count; i++) {
        const struct node *node = &graph->nodes[i];
        if (node->dead || graph_value(graph, node->result)->kind != VALUE_INTEGER) continue;
        for (uint32_t r = 0; r < node->result_count; r++)
            slopes->units[node->result.id + r] = units_of(graph, node_result(node, r), arena);
        size_t elements = graph_elements(graph, node->result);
        if (node->op != OP_CONSTANT || !as_guide)
            slopes->of[node->result.id] = ARENA_ARRAY(arena, double, elements + 1);
        if (node->op != OP_CONSTANT && node->op != OP_INPUT) plan_step(slopes, &slopes->steps[i], node, arena);
    }
    return slopes;
}

static int64_t integer_at(const struct slopes *slopes, valref value, size_t element) {
    const int64_t *constant = graph_integers(slopes->graph, value);
    return constant ? constant[element]
                    : evaluator_integers(slopes->state, value)[element * EVENT_LANES + (size_t)slopes->lane];
}

static double number_at(const struct slopes *slopes, valref value, size_t element) {
    return (double)integer_at(slopes, value, element) * slopes->units[value.id][element];
}

static void add_slope(struct slopes *slopes, valref value, size_t element, double slope) {
    if (!slopes->of[value.id] || slope == 0) return;
    slopes->of[value.id][element] += slope;
    if (slopes->is_touched[value.id]) return;
    slopes->is_touched[value.id] = true;
    slopes->touched[slopes->touched_count++] = value.id;
    index_set_add(slopes->pending, graph_value(slopes->graph, value)->definition.id);
}

/* ---- one operator ---- */

static void product_slopes(struct slopes *slopes, const struct step *step, const double *out) {
    const struct matrix_product *p = &step->product;
    valref left = step->node->inputs[0], right = step->node->inputs[1];
    for (size_t e = 0; e < step->elements; e++) {
        struct product_term at = product_first(p, e);
        if (out[e] == 0) continue;
        for (size_t k = 0; k < p->depth; k++, product_next(p, &at)) {
            if (slopes->of[left.id]) add_slope(slopes, left, at.left, out[e] * number_at(slopes, right, at.right));
            if (slopes->of[right.id]) add_slope(slopes, right, at.right, out[e] * number_at(slopes, left, at.left));
        }
    }
}

static void elementwise_slopes(struct slopes *slopes, const struct step *step, const double *out) {
    const struct node *node = step->node;
    for (size_t e = 0; e < step->elements; e++) {
        size_t i = step->map[0][e], j = step->map[1][e];
        bool product = op_is_product(node->op);
        add_slope(slopes, node->inputs[0], i, out[e] * (product ? number_at(slopes, node->inputs[1], j) : 1));
        add_slope(slopes, node->inputs[1], j,
                  out[e] * (product              ? number_at(slopes, node->inputs[0], i)
                            : node->op == OP_SUB ? -1
                                                 : 1));
    }
}

static void reduction_slopes(struct slopes *slopes, const struct step *step, const double *out) {
    const struct axis_reduction *r = &step->reduction;
    valref from = step->node->inputs[0];
    for (size_t e = 0; e < step->elements; e++) {
        size_t best = reduction_element(r, e, 0);
        for (size_t k = 1; k < r->length; k++) {
            size_t at = reduction_element(r, e, k);
            if (number_at(slopes, from, at) > number_at(slopes, from, best)) best = at;
        }
        for (size_t k = 0; k < r->length; k++) {
            size_t at = reduction_element(r, e, k);
            add_slope(slopes, from, at, out[e] * (op_is_sum(step->node->op) || at == best ? 1 : slopes->leak));
        }
    }
}

static double narrow_slope(const struct slopes *slopes, const struct step *step, size_t element) {
    struct format to = graph_format(slopes->graph, step->node->result, element);
    if (step->still) return 0;
    double x = number_at(slopes, step->node->inputs[0], element);
    bool inside = x >= fixed_to_real(format_min(to), to.fraction) && x <= fixed_to_real(format_max(to), to.fraction);
    return to.width <= 0 ? 0 : inside || step->node->attributes.quantizer.overflow == OVERFLOW_WRAP ? 1 : slopes->leak;
}

/* Between two arguments; the ends of a table or staircase hold on. */
static double rise(const double ends[2], double run) {
    return run > 0 ? (ends[1] - ends[0]) / run : 0;
}

static double table_slope(const struct slopes *slopes, const struct step *step, size_t element) {
    const struct table *table = &step->node->attributes.lookup.tables[step->map[0][element]];
    double in = slopes->units[step->node->inputs[0].id][element], out = slopes->units[step->node->result.id][element];
    int64_t last = (int64_t)table->count - 1, reach = 1 + last / 16;
    int64_t at = integer_at(slopes, step->node->inputs[0], element) - table->first;
    int64_t lo = at - reach < 0 ? 0 : at - reach, hi = at + reach > last ? last : at + reach;
    if (last < 1 || lo > last || hi < 0) return 0;
    double near[2] = {(double)table->entries[lo] * out, (double)table->entries[hi] * out};
    double whole[2] = {(double)table->entries[0] * out, (double)table->entries[last] * out};
    double local = rise(near, (double)(hi - lo) * in), all = rise(whole, (double)last * in);
    return local != 0 ? local : slopes->leak * all;
}

static double staircase_slope(const struct slopes *slopes, const struct step *step, size_t element) {
    const struct staircase *stairs = &step->node->attributes.lookup.stairs[step->map[0][element]];
    double in = slopes->units[step->node->inputs[0].id][element], out = slopes->units[step->node->result.id][element];
    if (stairs->count == 0) return 0;
    double ends[2] = {(double)stairs->values[0] * out, (double)stairs->values[stairs->count] * out};
    double run = ((double)stairs->thresholds[stairs->count - 1] - (double)stairs->thresholds[0] + 1) * in;
    int64_t at = integer_at(slopes, step->node->inputs[0], element);
    bool inside = at >= stairs->thresholds[0] - 1 && at <= stairs->thresholds[stairs->count - 1];
    return rise(ends, run) * (inside ? 1 : slopes->leak);
}

static void unary_slopes(struct slopes *slopes, const struct step *step, const double *out) {
    const struct node *node = step->node;
    for (size_t e = 0; e < step->elements; e++) {
        double slope = 0;
        if (out[e] == 0) continue;
        switch (node->op) {
        case OP_RELU: slope = integer_at(slopes, node->inputs[0], e) > 0 ? 1 : slopes->leak; break;
        case OP_NARROW: slope = narrow_slope(slopes, step, e); break;
        case OP_TABLE: slope = table_slope(slopes, step, e); break;
        case OP_THRESHOLD: slope = staircase_slope(slopes, step, e); break;
        default: break;
        }
        add_slope(slopes, node->inputs[0], e, out[e] * slope);
    }
}

static void pass_back(struct slopes *slopes, const struct step *step) {
    const struct node *node = step->node;
    const double *out = slopes->of[node->result.id];
    if (step->movement)
        for (size_t e = 0; e < step->elements; e++)
            add_slope(slopes, node->inputs[step->movement[e].operand], step->movement[e].element, out[e]);
    else if (step->product.depth)
        product_slopes(slopes, step, out);
    else if (step->map[1])
        elementwise_slopes(slopes, step, out);
    else if (step->reduction.length)
        reduction_slopes(slopes, step, out);
    else if (!op_gives_index(node->op)) /* by which there is no way to lean */
        unary_slopes(slopes, step, out);
}

void slopes_find(struct slopes *slopes, int lane, valref value, size_t element) {
    const struct graph *graph = slopes->graph;
    uint32_t node;
    slopes->lane = lane;
    for (uint32_t i = 0; i < slopes->touched_count; i++) {
        uint32_t v = slopes->touched[i];
        memset(slopes->of[v], 0, graph_elements(graph, (valref){v}) * sizeof **slopes->of);
        slopes->is_touched[v] = false;
    }
    slopes->touched_count = 0;
    add_slope(slopes, value, element, 1);
    while ((node = index_set_take_last(slopes->pending)) != UINT32_MAX)
        if (slopes->steps[node].node) pass_back(slopes, &slopes->steps[node]);
}

const double *slopes_of(const struct slopes *slopes, valref value) {
    return slopes->of[value.id];
}

const uint32_t *slopes_touched(const struct slopes *slopes, uint32_t *count) {
    *count = slopes->touched_count;
    return slopes->touched;
}
