/* C for functions that are known value by value: tables and staircases. Where elements have their
 * own, these lie behind one another in one array and `start` says where. */
#include "codegen/c/c.h"

static size_t group_of(const struct c_writer *writer, const struct node *node, size_t element) {
    return shape_project(&graph_value(writer->graph, node->result)->shape, element, &node->attributes.lookup.shape);
}

static void open_elements(struct c_writer *writer, const struct node *node) {
    c_function_open(writer, node);
    strbuf_printf(&writer->layer, "    for (int i = 0; i < %zu; i++)\n        ", c_elements(writer, node->result));
}

/* " + 3", " - 3", " + name_start[i]" or nothing. */
static const char *plus(const struct c_writer *writer, const struct c_numbers *numbers) {
    if (numbers->uniform && numbers->value == 0) return "";
    if (numbers->uniform && numbers->value < 0 && numbers->value > INT32_MIN)
        return arena_printf(writer->arena, " - %lld", -(long long)numbers->value);
    return arena_printf(writer->arena, " + %s", c_number(writer, numbers, "i"));
}

int c_emit_table(struct c_writer *writer, const struct node *node) {
    const struct lookup_attributes *lookup = &node->attributes.lookup;
    size_t groups = shape_elements(&lookup->shape), total = 0, count = c_elements(writer, node->result);
    for (size_t i = 0; i < groups; i++) total += lookup->tables[i].count;
    int64_t *entries = ARENA_ARRAY(writer->arena, int64_t, total), *start = ARENA_ARRAY(writer->arena, int64_t, groups);
    int64_t *starts = ARENA_ARRAY(writer->arena, int64_t, count);
    total = 0;
    for (size_t i = 0; i < groups; i++) {
        start[i] = (int64_t)total - lookup->tables[i].first;
        for (uint32_t k = 0; k < lookup->tables[i].count; k++) entries[total++] = lookup->tables[i].entries[k];
    }
    for (size_t i = 0; i < count; i++) starts[i] = start[group_of(writer, node, i)];
    const char *name = c_array(writer, node, "table", entries, total);
    struct c_numbers offset = c_numbers(writer, node, "start", starts, count);
    open_elements(writer, node);
    strbuf_printf(&writer->layer, "y[i] = (%s)%s[%s[i]%s];\n", c_value_type(writer, node->result), name,
                  c_operand(writer, node, 0), plus(writer, &offset));
    c_function_close(writer, node);
    return 0;
}

/* Staircases padded to the longest by repeating their last step, so that all have `most` thresholds. */
static void pad_stairs(const struct lookup_attributes *lookup, size_t groups, uint32_t most, int64_t *thresholds,
                       int64_t *values) {
    for (size_t i = 0; i < groups; i++) {
        const struct staircase *stairs = &lookup->stairs[i];
        for (uint32_t k = 0; k < most; k++)
            *thresholds++ = stairs->count == 0 ? 0 : stairs->thresholds[k < stairs->count ? k : stairs->count - 1];
        for (uint32_t k = 0; k <= most; k++) *values++ = stairs->values[k < stairs->count ? k : stairs->count];
    }
}

int c_emit_threshold(struct c_writer *writer, const struct node *node) {
    const struct lookup_attributes *lookup = &node->attributes.lookup;
    size_t groups = shape_elements(&lookup->shape), count = c_elements(writer, node->result);
    uint32_t most = 0;
    for (size_t i = 0; i < groups; i++)
        if (lookup->stairs[i].count > most) most = lookup->stairs[i].count;
    int64_t *thresholds = ARENA_ARRAY(writer->arena, int64_t, groups * most + 1);
    int64_t *values = ARENA_ARRAY(writer->arena, int64_t, groups * (most + 1)),
            *group = ARENA_ARRAY(writer->arena, int64_t, count);
    pad_stairs(lookup, groups, most, thresholds, values);
    for (size_t i = 0; i < count; i++) group[i] = (int64_t)group_of(writer, node, i);
    const char *steps = c_array(writer, node, "thresholds", thresholds, groups * most);
    const char *levels = c_array(writer, node, "values", values, groups * (most + 1));
    struct c_numbers which = c_numbers(writer, node, "group", group, count);
    const char *x = c_operand(writer, node, 0);
    c_function_open(writer, node);
    strbuf_printf(&writer->layer, "    for (int i = 0; i < %zu; i++) {\n        int step = 0, group = %s;\n", count,
                  c_number(writer, &which, "i"));
    if (most <= 32)
        strbuf_printf(&writer->layer, "        for (int k = 0; k < %u; k++) step += %s[i] >= %s[group * %u + k];\n",
                      most, x, steps, most);
    else
        strbuf_printf(
            &writer->layer,
            "        for (int end = %u; step < end;) {\n            int middle = (step + end) / 2;\n"
            "            if (%s[i] >= %s[group * %u + middle]) step = middle + 1;\n            else end = middle;\n        }\n",
            most, x, steps, most);
    strbuf_printf(&writer->layer, "        y[i] = (%s)%s[group * %u + step];\n    }\n",
                  c_value_type(writer, node->result), levels, most + 1);
    c_function_close(writer, node);
    return 0;
}
