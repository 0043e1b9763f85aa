/* What the emitters of C share: functions, constant arrays, literals, alignment. */
#include <string.h>

#include "codegen/c/c.h"
#include "ir/ops.h"

size_t c_elements(const struct c_writer *writer, valref value) {
    return shape_elements(&graph_value(writer->graph, value)->shape);
}

int128 c_largest(const struct c_writer *writer, valref value, size_t element) {
    struct interval interval = graph_interval(writer->graph, value, element);
    int128 low = interval.lo < 0 ? -interval.lo : interval.lo, high = interval.hi < 0 ? -interval.hi : interval.hi;
    return low > high ? low : high;
}

const char *c_narrowest_type(const int64_t *values, size_t count) {
    static const struct {
        int64_t lo, hi;
        const char *name;
    } types[] = {
        {INT8_MIN, INT8_MAX, "int8_t"},    {0, UINT8_MAX, "uint8_t"},         {INT16_MIN, INT16_MAX, "int16_t"},
        {0, UINT16_MAX, "uint16_t"},       {INT32_MIN, INT32_MAX, "int32_t"}, {0, UINT32_MAX, "uint32_t"},
        {INT64_MIN, INT64_MAX, "int64_t"},
    };
    int64_t lo = 0, hi = 0;
    for (size_t i = 0; i < count; i++) {
        if (values[i] < lo) lo = values[i];
        if (values[i] > hi) hi = values[i];
    }
    size_t type = 0;
    while (lo < types[type].lo || hi > types[type].hi) type++;
    return types[type].name;
}

const char *c_value_type(const struct c_writer *writer, valref value) {
    const int64_t *constant = graph_integers(writer->graph, value);
    size_t count = c_elements(writer, value);
    if (constant) return c_narrowest_type(constant, count);
    for (size_t i = 0; i < count; i++) {
        struct interval interval = graph_interval(writer->graph, value, i);
        if (interval.lo < INT32_MIN || interval.hi > INT32_MAX) return "int64_t";
    }
    return "int32_t";
}

const char *c_literal(struct arena *arena, int64_t value) {
    if (value == INT64_MIN) return "(-INT64_C(9223372036854775807) - 1)";
    if (value < INT32_MIN + 1LL || value > INT32_MAX) return arena_printf(arena, "INT64_C(%lld)", (long long)value);
    return arena_printf(arena, "%lld", (long long)value);
}

const char *c_array(struct c_writer *writer, const struct node *node, const char *what, const int64_t *values,
                    size_t count) {
    const char *name =
        names_unique(writer->names, arena_printf(writer->arena, *what ? "c_%s_%s" : "c_%s", node->name, what));
    struct strbuf *out = &writer->body;
    strbuf_printf(out, "static const %s %s[%zu] = {", c_narrowest_type(values, count), name, count ? count : 1);
    size_t column = 1000;
    for (size_t i = 0; i < count; i++) {
        const char *literal = c_literal(writer->arena, values[i]);
        if (column + strlen(literal) > 110) {
            strbuf_append(out, "\n   ");
            column = 3;
        }
        strbuf_printf(out, " %s,", literal);
        column += strlen(literal) + 2;
    }
    strbuf_append(out, count ? "\n};\n" : " 0 };\n");
    return name;
}

struct c_numbers c_numbers(struct c_writer *writer, const struct node *node, const char *what, const int64_t *values,
                           size_t count) {
    struct c_numbers numbers = {.uniform = true, .value = count ? values[0] : 0};
    for (size_t i = 1; i < count; i++)
        if (values[i] != values[0]) numbers.uniform = false;
    if (!numbers.uniform) numbers.array = c_array(writer, node, what, values, count);
    return numbers;
}

const char *c_number(const struct c_writer *writer, const struct c_numbers *numbers, const char *index) {
    if (numbers->uniform) return c_literal(writer->arena, numbers->value);
    return arena_printf(writer->arena, "%s[%s]", numbers->array, index);
}

const char *c_times(const struct c_writer *writer, const struct c_numbers *numbers, const char *index) {
    if (numbers->uniform && numbers->value == 1) return "";
    return arena_printf(writer->arena, " * %s", c_number(writer, numbers, index));
}

int c_align(const struct c_writer *writer, const struct node *node, valref value, size_t element, int fraction,
            int64_t *factor) {
    int shift = fraction - graph_format(writer->graph, value, element).fraction;
    *factor = 1;
    if (c_largest(writer, value, element) == 0) return 0;
    if (shift < 0 || shift > 62)
        return diag_error(&writer->graph->context->diagnostics, graph_location(writer->graph, node),
                          "give its operands nearer formats", "operands lie %d bits apart, more than 64 bits hold",
                          shift);
    *factor = (int64_t)1 << shift;
    return 0;
}

const char *c_sum_type(int128 bound) {
    return bound <= INT32_MAX ? "int32_t" : bound <= INT64_MAX ? "int64_t" : "uint64_t";
}

const char *c_value_name(struct c_writer *writer, valref value) {
    const int64_t *integers = graph_integers(writer->graph, value);
    const char **name = &writer->value_names[value.id];
    if (!*name && integers) {
        strbuf_append(&writer->body, "\n");
        *name = c_array(writer, graph_definition(writer->graph, value), "", integers, c_elements(writer, value));
    }
    return *name;
}

const char *c_operand(struct c_writer *writer, const struct node *node, uint32_t input) {
    if (graph_integers(writer->graph, node->inputs[input])) return c_value_name(writer, node->inputs[input]);
    if (node->input_count == 1) return "x";
    return node->input_count == 2 ? (input ? "b" : "a") : arena_printf(writer->arena, "x%u", input);
}

/* Prints what is asked for of each operand that is no constant. */
void c_each_variable(struct c_writer *writer, const struct node *node, struct strbuf *out, bool parameters) {
    for (uint32_t i = 0; i < node->input_count; i++) {
        if (graph_integers(writer->graph, node->inputs[i])) continue;
        if (parameters)
            strbuf_printf(out, "const %s *restrict %s, ", c_value_type(writer, node->inputs[i]),
                          c_operand(writer, node, i));
        else
            strbuf_printf(out, "%s, ", c_value_name(writer, node->inputs[i]));
    }
}

void c_print_title(struct c_writer *writer, const struct node *node) {
    const struct shape *shape = &graph_value(writer->graph, node->result)->shape;
    size_t count = c_elements(writer, node->result);
    struct format *formats = ARENA_ARRAY(writer->arena, struct format, count);
    for (size_t i = 0; i < count; i++) formats[i] = graph_format(writer->graph, node->result, i);
    strbuf_printf(&writer->layer, "\n/* %s '%s' gives [", op_info(node->op)->name,
                  comment_text(writer->arena, node->name));
    for (int axis = 0; axis < shape->rank; axis++)
        strbuf_printf(&writer->layer, axis ? ",%lld" : "%lld", (long long)shape->dim[axis]);
    strbuf_printf(&writer->layer, "] of %s */\n", format_range(writer->arena, formats, count));
}

void c_function_open(struct c_writer *writer, const struct node *node) {
    const char *function = names_unique(writer->names, arena_printf(writer->arena, "layer_%s", node->name));
    const char *type = c_value_type(writer, node->result);
    const char *buffer = names_unique(writer->names, arena_printf(writer->arena, "v_%s", node->name));
    c_print_title(writer, node);
    strbuf_printf(&writer->layer, "static void %s(", function);
    c_each_variable(writer, node, &writer->layer, true);
    strbuf_printf(&writer->layer, "%s *restrict y) {\n", type);
    strbuf_printf(&writer->run, "    %s %s[%zu];\n    %s(", type, buffer, c_elements(writer, node->result), function);
    c_each_variable(writer, node, &writer->run, false);
    strbuf_printf(&writer->run, "%s);\n", buffer);
    writer->value_names[node->result.id] = buffer;
}

void c_function_close(struct c_writer *writer, const struct node *node) {
    (void)node;
    strbuf_append(&writer->body, writer->layer.data);
    strbuf_append(&writer->body, "}\n");
    writer->layer = strbuf_new(writer->arena);
}
