/* What all rows of meanings answer alike: predicates, and operators as functions of one number. */
#include "ir/ops/families.h"
#include "ir/geometry.h"

#include <math.h>

const struct op_meaning *op_meaning(enum op op) {
    static const struct op_meaning none;
    const struct op_info *info = op_info(op);
    return info && info->family->meanings ? &info->family->meanings[op] : &none;
}

/* ---- predicates ---- */

bool op_is_step(enum op op) {
    return op_meaning(op)->binary32 || op_meaning(op)->binary64;
}

bool op_is_affine(enum op op) {
    return op_meaning(op)->affine;
}

bool op_is_curved(enum op op) {
    return op_meaning(op)->transcendental;
}

bool op_is_transcendental(enum op op) {
    return op_is_curved(op) && op_is_step(op);
}

bool op_is_stepped(enum op op) {
    const struct op_meaning *meaning = op_meaning(op);
    return op_is_step(op) && op_info(op)->inputs_max == 1 && !meaning->affine && !meaning->exact &&
           !meaning->quantiser && !op_rounds(op);
}

bool op_is_quantiser(enum op op) {
    return op_meaning(op)->quantiser;
}

bool op_is_movement(enum op op) {
    return op_meaning(op)->terms == TERMS_MOVED;
}

bool op_moves_one(enum op op) {
    return op_is_movement(op) && op_info(op)->inputs_max == 1;
}

bool op_is_product(enum op op) {
    return op_meaning(op)->terms == TERMS_PRODUCT || op_meaning(op)->terms == TERMS_PRODUCTS;
}

bool op_is_sum(enum op op) {
    return op_meaning(op)->terms == TERMS_SUM || op_is_product(op);
}

bool op_gives_index(enum op op) {
    return op_meaning(op)->terms == TERMS_INDEX;
}

bool op_narrows(enum op op) {
    return op_is_quantiser(op) && op_rounds(op);
}

bool op_rounds(enum op op) {
    return op_meaning(op)->digits == DIGITS_ROUNDED;
}

bool op_is_lookup(enum op op) {
    return op_rounds(op) && !op_is_quantiser(op);
}

bool op_keeps_scale(enum op op) {
    return op_meaning(op)->terms != TERMS_NONE && !op_gives_index(op);
}

bool op_gives_probability(enum op op) {
    const struct real_range *image = op_meaning(op)->image;
    return image && image->lo == 0 && image->hi == 1;
}

/* ---- steps ---- */

bool step_slot(const struct node *node, bool (*is_constant)(const void *user, valref value), const void *user,
               uint32_t *slot) {
    uint32_t variables = 0;
    *slot = 0;
    if (!op_is_step(node->op)) return false;
    for (uint32_t i = 0; i < node->input_count; i++) {
        if (is_constant(user, node->inputs[i])) continue;
        *slot = i;
        variables++;
    }
    return variables == 1 && (*slot == 0 || !op_meaning(node->op)->first_only);
}

static bool is_real_constant(const void *graph, valref value) {
    return graph_reals(graph, value);
}

bool graph_step_slot(const struct graph *graph, const struct node *node, uint32_t *slot) {
    return step_slot(node, is_real_constant, graph, slot);
}

static size_t channel_of(const struct shape *shape, size_t element) {
    if (shape->rank < 2) return 0;
    const struct axis_reduction channels = reduction_geometry(shape, 1);
    return reduction_index(&channels, element);
}

size_t step_operand_element(const struct graph *graph, const struct node *node, uint32_t operand, size_t element) {
    const struct shape *shape = &op_result(graph, node)->shape;
    if (operand > 0 && op_meaning(node->op)->by_channel) return channel_of(shape, element);
    return shape_project(shape, element, &op_operand(graph, node, operand)->shape);
}

const float *spread_constant(const struct graph *graph, valref value, const struct shape *shape, struct arena *arena) {
    const float *reals = graph_reals(graph, value);
    if (!reals) return NULL;
    const struct shape *own = &graph_value(graph, value)->shape;
    size_t count = shape_elements(shape);
    float *out = ARENA_ARRAY(arena, float, count);
    for (size_t i = 0; i < count; i++) out[i] = reals[shape_project(shape, i, own)];
    return out;
}

const float *step_constant(const struct graph *graph, const struct node *node, uint32_t operand, const float *reals,
                           struct arena *arena) {
    size_t count = shape_elements(&op_result(graph, node)->shape);
    float *out = ARENA_ARRAY(arena, float, count);
    for (size_t e = 0; e < count; e++) out[e] = reals[step_operand_element(graph, node, operand, e)];
    return out;
}

bool graph_step(const struct graph *graph, const struct node *node, uint32_t slot, struct arena *arena,
                struct op_step *out) {
    *out = (struct op_step){.node = node, .slot = slot};
    for (uint32_t i = 0; i < node->input_count; i++) {
        const float *reals = graph_reals(graph, node->inputs[i]);
        if (i == slot) continue;
        if (!reals) return false;
        out->constants[i] = step_constant(graph, node, i, reals, arena);
    }
    return true;
}

float step_binary32(const struct op_step *step, size_t element, float x) {
    const struct op_meaning *meaning = op_meaning(step->node->op);
    return meaning->binary32 ? meaning->binary32(step, element, x) : (float)meaning->binary64(step, element, (double)x);
}

double step_binary64(const struct op_step *step, size_t element, double x) {
    const struct op_meaning *meaning = op_meaning(step->node->op);
    return meaning->binary64 ? meaning->binary64(step, element, x) : (double)meaning->binary32(step, element, (float)x);
}

bool step_is_monotone(const struct op_step *step, size_t element) {
    const struct op_meaning *meaning = op_meaning(step->node->op);
    return meaning->monotone && meaning->monotone(step, element);
}

bool step_affine(const struct op_step *step, size_t element, double *gain, double *offset) {
    const struct op_meaning *meaning = op_meaning(step->node->op);
    return meaning->affine && meaning->affine(step, element, gain, offset);
}

bool step_exact(const struct op_step *step, size_t elements, struct arena *arena, struct exact_form *form) {
    const struct op_meaning *meaning = op_meaning(step->node->op);
    *form = (struct exact_form){0};
    return meaning->exact && meaning->exact(step, elements, arena, form);
}

bool op_unary_real(const struct node *node, float x, float *y) {
    const struct op_step step = {.node = node};
    if (!op_is_step(node->op) || op_info(node->op)->inputs_max != 1) return false;
    *y = step_binary32(&step, 0, x);
    return true;
}

bool op_unary_double(const struct node *node, double x, double *y) {
    const struct op_step step = {.node = node};
    if (!op_is_step(node->op) || op_info(node->op)->inputs_max != 1) return false;
    *y = step_binary64(&step, 0, x);
    return true;
}

/* ---- what families share ---- */

bool always_monotone(const struct op_step *step, size_t element) {
    (void)step;
    (void)element;
    return true;
}

float other_number(const struct op_step *step, size_t element) {
    return step->constants[1 - step->slot][element];
}

/* A part with a number for each element, to be filled in. */
float *add_part(struct exact_form *form, enum part_kind kind, const char *result, const char *constant, size_t elements,
                struct arena *arena) {
    float *numbers = ARENA_ARRAY(arena, float, elements);
    form->parts[form->count++] =
        (struct exact_part){.kind = kind, .result = result, .constant = constant, .numbers = numbers};
    return numbers;
}

/* ---- real ranges ---- */

struct real_range range_of_nothing(void) {
    return (struct real_range){INFINITY, -INFINITY};
}

struct real_range range_boundless(void) {
    return (struct real_range){-INFINITY, INFINITY};
}

void range_include(struct real_range *range, double x) {
    range->lo = x < range->lo ? x : range->lo;
    range->hi = x > range->hi ? x : range->hi;
}

bool range_has_zero(struct real_range range) {
    return range.lo <= 0 && range.hi >= 0;
}

struct real_range range_corners(struct real_range a, struct real_range b, double (*of)(double, double)) {
    struct real_range out = range_of_nothing();
    range_include(&out, of(a.lo, b.lo));
    range_include(&out, of(a.lo, b.hi));
    range_include(&out, of(a.hi, b.lo));
    range_include(&out, of(a.hi, b.hi));
    return out;
}

double range_times(double a, double b) {
    return a * b;
}
