/* Along an axis: sums; and maxima and their index by a tree of comparisons. */
#include "passes/lower.h"
#include "ir/geometry.h"

struct candidate {
    struct term value, index;
};

/* The larger of two neighbours, a before b; of equals the first, or the last when asked. */
static struct candidate better(struct lower *lower, struct candidate a, struct candidate b, bool want_value) {
    wireref x = lower_plain(lower, a.value), y = lower_plain(lower, b.value);
    bool last = lower->node->attributes.axis.select_last;
    struct candidate first = last ? b : a, second = last ? a : b;
    /* `second` wins only where it is strictly larger */
    struct term wins = last ? lower_apply(lower, WIRE_LESS, y, x) : lower_apply(lower, WIRE_LESS, x, y);
    struct candidate out = {.index = lower_select(lower, wins.wire, second.index, first.index)};
    if (want_value) out.value = lower_select(lower, wins.wire, second.value, first.value);
    return out;
}

static struct candidate tournament(struct lower *lower, struct candidate *field, size_t count, bool want_value) {
    while (count > 1) {
        size_t kept = 0;
        for (size_t i = 0; i + 1 < count; i += 2)
            field[kept++] = better(lower, field[i], field[i + 1], want_value || count > 2);
        if (count % 2) field[kept++] = field[count - 1];
        count = kept;
    }
    return field[0];
}

int lower_reduced_fraction(const struct lower *lower, const struct axis_reduction *reduction, size_t result) {
    int fraction = INT32_MIN;
    for (size_t k = 0; k < reduction->length; k++) {
        size_t element = reduction_element(reduction, result, k);
        int other = graph_format(lower->graph, lower->node->inputs[0], element).fraction;
        fraction = other > fraction ? other : fraction;
    }
    return fraction;
}

struct term lower_reduced(struct lower *lower, const uint32_t *elements, uint32_t count, int fraction) {
    struct candidate *field = ARENA_ARRAY(lower->scratch, struct candidate, count);
    struct term_list sum = {0};
    for (uint32_t k = 0; k < count; k++) {
        struct term_list aligned = {0}, *list = lower->node->op == OP_REDUCE_SUM ? &sum : &aligned;
        term_list_add(lower, list, lower_operand(lower, 0, elements[k]), 1,
                      fraction - graph_format(lower->graph, lower->node->inputs[0], elements[k]).fraction);
        if (list != &aligned) continue;
        struct term index = lower_constant(lower, (int64_t)k);
        field[k] = (struct candidate){lower_sum(lower, &aligned), index};
    }
    if (lower->node->op == OP_REDUCE_SUM) return lower_sum(lower, &sum);
    bool is_maximum = lower->node->op == OP_REDUCE_MAX;
    struct candidate best = tournament(lower, field, count, is_maximum);
    return is_maximum ? best.value : best.index;
}

static struct term lower_element(struct lower *lower, const struct axis_reduction *reduction, size_t result) {
    uint32_t *elements = ARENA_ARRAY(lower->scratch, uint32_t, reduction->length);
    for (size_t k = 0; k < reduction->length; k++) elements[k] = (uint32_t)reduction_element(reduction, result, k);
    return lower_reduced(lower, elements, (uint32_t)reduction->length,
                         lower_reduced_fraction(lower, reduction, result));
}

void lower_reduction(struct lower *lower, struct term *out) {
    const struct value *x = graph_value(lower->graph, lower->node->inputs[0]);
    struct axis_reduction reduction = reduction_geometry(&x->shape, lower->node->attributes.axis.axis);
    for (size_t e = 0; e < reduction.outer * reduction.inner && !lower->failed; e++) {
        lower->element = (uint32_t)e;
        out[e] = lower_element(lower, &reduction, e);
    }
}
