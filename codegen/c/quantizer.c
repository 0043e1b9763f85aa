/* C for narrow: align, round, overflow. Formats may differ from element to element; what is the same
 * for all is a literal, what is not becomes a constant array. */
#include <string.h>

#include "codegen/c/c.h"

enum { WIDEST_DROP = 200 }; /* a larger one rounds alike */

struct narrowing { /* one number an element */
    size_t count;
    int64_t *scale, *up, *drop, *lo, *hi, *half, *mask;
    bool scales, rounds, overflows, leaves; /* leaves: a left shift does not fit 64 bits */
    int bits;                               /* in which it is computed */
};

static struct narrowing narrowing_new(const struct c_writer *writer, size_t count) {
    struct narrowing plan = {.count = count, .bits = 32};
    int64_t **const arrays[] = {&plan.scale, &plan.up, &plan.drop, &plan.lo, &plan.hi, &plan.half, &plan.mask};
    for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++) *arrays[i] = ARENA_ARRAY(writer->arena, int64_t, count);
    return plan;
}

static void plan_limits(struct narrowing *plan, size_t i, struct format format,
                        const struct quantizer_attributes *quantizer) {
    plan->lo[i] = format_min(format);
    plan->hi[i] = format_max(format);
    if (quantizer->overflow == OVERFLOW_SATURATE_SYMMETRIC && plan->lo[i] < 0) plan->lo[i] = -plan->hi[i];
    plan->half[i] = format.is_signed && format.width > 0 ? (int64_t)((uint64_t)1 << (format.width - 1)) : 0;
    plan->mask[i] = format.width <= 0 ? 0 : (int64_t)(UINT64_MAX >> (64 - format.width));
}

/* Left shifts: exact where the product fits 64 bits, else left to the helper that compares first. */
static void plan_left(struct narrowing *plan, size_t i, int shift, int128 largest) {
    plan->up[i] = shift > 63 ? 63 : shift;
    plan->scale[i] = shift > 63 ? 0 : (int64_t)((uint64_t)1 << shift);
    plan->scales = plan->scales || (shift > 0 && largest != 0);
    if (largest != 0 && (shift > 62 || largest << shift > INT64_MAX)) plan->leaves = true;
    if (largest != 0 && (shift > 30 || largest << shift > INT32_MAX)) plan->bits = 64;
}

static void plan_element(const struct c_writer *writer, const struct node *node, struct narrowing *plan, size_t i) {
    const struct quantizer_attributes *quantizer = &node->attributes.quantizer;
    struct format format = graph_format(writer->graph, node->result, i);
    struct interval operand = graph_interval(writer->graph, node->inputs[0], i);
    int drop = graph_format(writer->graph, node->inputs[0], i).fraction - format.fraction;
    plan_limits(plan, i, format, quantizer);
    plan->scale[i] = 1;
    if (drop > 0)
        plan->drop[i] = drop > WIDEST_DROP ? WIDEST_DROP : drop;
    else
        plan_left(plan, i, -drop, c_largest(writer, node->inputs[0], i));
    if (drop > 0) plan->rounds = true;
    if (drop > 30) plan->bits = 64;
    int128 lo = fixed_round(operand.lo, drop, quantizer->rounding),
           hi = fixed_round(operand.hi, drop, quantizer->rounding);
    if (lo < plan->lo[i] || hi > plan->hi[i]) plan->overflows = true;
    if (lo < INT32_MIN || hi > INT32_MAX) plan->bits = 64;
}

/* In 32 bits no value is beyond them, so neither need limits be. */
static void limit_to_32(struct narrowing *plan) {
    for (size_t i = 0; i < plan->count; i++) {
        if (plan->lo[i] < INT32_MIN) plan->lo[i] = INT32_MIN;
        if (plan->hi[i] > INT32_MAX) plan->hi[i] = INT32_MAX;
        if ((uint64_t)plan->mask[i] < UINT32_MAX) continue;
        plan->mask[i] = UINT32_MAX;
        plan->half[i] = (int64_t)INT32_MAX + 1;
    }
}

static const char *call_overflow(struct c_writer *writer, const struct node *node, const struct narrowing *plan,
                                 const char *value) {
    enum overflow overflow = node->attributes.quantizer.overflow;
    bool wrap = overflow == OVERFLOW_WRAP;
    struct c_numbers first = c_numbers(writer, node, wrap ? "half" : "lo", wrap ? plan->half : plan->lo, plan->count);
    struct c_numbers second = c_numbers(writer, node, wrap ? "mask" : "hi", wrap ? plan->mask : plan->hi, plan->count);
    const char *lo = c_number(writer, &first, "i"), *hi = c_number(writer, &second, "i");
    if (plan->leaves && !wrap) {
        struct c_numbers up = c_numbers(writer, node, "up", plan->up, plan->count);
        return arena_printf(writer->arena, "%s(%s, %s, %s, %s)", c_helper(writer, C_HELPER_SHIFT + (int)overflow),
                            value, c_number(writer, &up, "i"), lo, hi);
    }
    int helper = C_HELPER_OVERFLOW + (int)overflow + (plan->bits == 64 ? 8 : 0);
    return arena_printf(writer->arena, "%s(%s, %s, %s)", c_helper(writer, helper), value, lo, hi);
}

static const char *call_scale(struct c_writer *writer, const struct node *node, const struct narrowing *plan,
                              const char *value) {
    if (!plan->scales || (plan->leaves && node->attributes.quantizer.overflow != OVERFLOW_WRAP)) return value;
    struct c_numbers scale = c_numbers(writer, node, "scale", plan->scale, plan->count);
    if (!plan->leaves) return arena_printf(writer->arena, "%s%s", value, c_times(writer, &scale, "i"));
    return arena_printf(writer->arena, "(int64_t)((uint64_t)%s * (uint64_t)%s)", value, c_number(writer, &scale, "i"));
}

static const char *call_round(struct c_writer *writer, const struct node *node, const struct narrowing *plan,
                              const char *value) {
    if (!plan->rounds) return value;
    struct c_numbers drop = c_numbers(writer, node, "drop", plan->drop, plan->count);
    int helper = C_HELPER_ROUND + (int)node->attributes.quantizer.rounding + (plan->bits == 64 ? 16 : 0);
    return arena_printf(writer->arena, "%s(%s, %s)", c_helper(writer, helper), value, c_number(writer, &drop, "i"));
}

static bool is_wide(const char *type) {
    return strstr(type, "64") != NULL;
}

int c_emit_narrow(struct c_writer *writer, const struct node *node) {
    struct narrowing plan = narrowing_new(writer, c_elements(writer, node->result));
    const char *type = c_value_type(writer, node->result), *x = c_operand(writer, node, 0);
    if (is_wide(type) || is_wide(c_value_type(writer, node->inputs[0]))) plan.bits = 64;
    for (size_t i = 0; i < plan.count; i++) plan_element(writer, node, &plan, i);
    if (plan.bits == 32) limit_to_32(&plan);
    const char *value = arena_printf(writer->arena, plan.bits == 64 ? "(int64_t)%s[i]" : "%s[i]", x);
    value = call_scale(writer, node, &plan, value);
    value = call_round(writer, node, &plan, value);
    if (plan.overflows) value = call_overflow(writer, node, &plan, value);
    c_function_open(writer, node);
    strbuf_printf(&writer->layer, "    for (int i = 0; i < %zu; i++)\n        y[i] = (%s)%s%s%s;\n", plan.count, type,
                  plan.overflows || plan.rounds ? "" : "(", value, plan.overflows || plan.rounds ? "" : ")");
    c_function_close(writer, node);
    return 0;
}
