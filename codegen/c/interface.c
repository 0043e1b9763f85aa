/* What callers see of the emitted C: the header, and entry points in integers and in real numbers. */
#include <string.h>

#include "codegen/c/c.h"
#include "ir/port.h"

static const char *upper(struct arena *arena, const char *text) {
    char *out = arena_strdup(arena, text);
    for (char *at = out; *at; at++)
        if (*at >= 'a' && *at <= 'z') *at = (char)(*at - 'a' + 'A');
    return out;
}

/* Calls print for inputs, then outputs. */
typedef void (*port_printer)(const struct c_writer *writer, struct strbuf *out, const struct port_layout *port,
                             bool input);

static void each_port(const struct c_writer *writer, struct strbuf *out, port_printer print) {
    for (uint32_t i = 0; i < writer->layout->input_count; i++) print(writer, out, &writer->layout->inputs[i], true);
    for (uint32_t i = 0; i < writer->layout->output_count; i++) print(writer, out, &writer->layout->outputs[i], false);
}

static const char *port_prefix(const struct c_writer *writer, const struct port_layout *port, bool input) {
    return arena_printf(writer->arena, "%s_%s_%s", writer->emission->name, input ? "in" : "out", port->name);
}

static void print_parameters(const struct c_writer *writer, struct strbuf *out, const char *type) {
    const struct layout *layout = writer->layout;
    for (uint32_t i = 0; i < layout->input_count; i++)
        strbuf_printf(out, "%sconst %s *in_%s", i ? ", " : "", type, layout->inputs[i].name);
    for (uint32_t i = 0; i < layout->output_count; i++)
        strbuf_printf(out, "%s%s *out_%s", layout->input_count || i ? ", " : "", type, layout->outputs[i].name);
}

static const char *port_rule(const struct c_writer *writer, valref value) {
    const struct input_attributes *input = &graph_definition(writer->graph, value)->attributes.input;
    return arena_printf(writer->arena, "%s, %s", rounding_names[input->rounding], overflow_names[input->overflow]);
}

static void declare_port(const struct c_writer *writer, struct strbuf *out, const struct port_layout *port,
                         bool input) {
    const char *prefix = port_prefix(writer, port, input);
    strbuf_printf(out, "\n/* %s '%s', %u element%s, %s", input ? "Input" : "Output",
                  comment_text(writer->arena, port->original), port->elements, port->elements == 1 ? "" : "s",
                  format_range(writer->arena, port->format, port->elements));
    if (input) strbuf_printf(out, "; a real number becomes its integer by %s", port_rule(writer, port->value));
    if (port->meaning)
        strbuf_append(out,
                      ".\n * Its integers are codes: m stands for (m * 2^-fraction - zero_point) * scale, of which\n"
                      " * interface.json has scale and zero_point for each element");
    if (port->steps)
        strbuf_append(out,
                      ";\n * a real number goes through the steps that stand there too, each in binary32, before it is "
                      "rounded");
    else if (port->meaning && input)
        strbuf_append(
            out, ";\n * a real number is divided by scale and zero_point added, in binary32, before it is rounded");
    strbuf_printf(out, " */\nenum { %s_elements = %u };\n", prefix, port->elements);
    strbuf_printf(out, "extern const int16_t %s_width[%u], %s_fraction[%u];\nextern const uint8_t %s_signed[%u];\n",
                  prefix, port->elements, prefix, port->elements, prefix, port->elements);
}

void c_print_header(const struct c_writer *writer, struct strbuf *out) {
    const char *name = writer->emission->name, *guard = upper(writer->arena, name);
    strbuf_printf(
        out,
        "/* %s: a network as integer arithmetic, made by bxc. Equal in every bit to the firmware beside it.\n *\n"
        " * Arrays are row-major, one event. Integers are stored values m of m * 2^-fraction, within the width\n"
        " * and sign of their element (s16f10: 16 bits with a sign, fraction 10; u8f0: 8 bits without one); width 0\n"
        " * is the constant 0. Every function is reentrant and allocates nothing. Needs a two's complement machine\n"
        " * with IEEE binary32 and binary64, and nothing but <stdint.h>. */\n"
        "#ifndef BXC_%s_H\n#define BXC_%s_H\n\n#include <stdint.h>\n\n#ifdef __cplusplus\nextern \"C\" {\n#endif\n\n"
        "/* Which firmware this is: the content hash of the model and of the options that made it. */\n"
        "extern const char %s_content_hash[65];\n",
        name, guard, guard, name);
    each_port(writer, out, declare_port);
    strbuf_printf(out, "\n/* One event in the ports' integers. */\nvoid %s_run(", name);
    print_parameters(writer, out, "int64_t");
    strbuf_append(
        out,
        ");\n\n/* One event in real numbers: inputs are rounded to the port by its rule, outputs are what their integers\n"
        " * stand for. Returns 0; where an input is NaN, 1 + its position, counted over all inputs in order, and\n"
        " * outputs are left alone. */\n");
    strbuf_printf(out, "int %s_run_float(", name);
    print_parameters(writer, out, "float");
    strbuf_printf(out, ");\nint %s_run_double(", name);
    print_parameters(writer, out, "double");
    strbuf_append(out, ");\n\n#ifdef __cplusplus\n}\n#endif\n\n#endif\n");
}

static void print_numbers(struct strbuf *out, const char *type, const char *name, const struct port_layout *port,
                          int which) {
    strbuf_printf(out, "const %s %s[%u] = {", type, name, port->elements ? port->elements : 1);
    for (uint32_t i = 0; i < port->elements; i++) {
        struct format format = port->format[i];
        strbuf_printf(out, "%s%d%s", i % 20 ? " " : "\n    ",
                      which == 0   ? format.width
                      : which == 1 ? format.fraction
                                   : format.is_signed,
                      ",");
    }
    strbuf_append(out, port->elements ? "\n};\n" : "0};\n");
}

static void define_port(const struct c_writer *writer, struct strbuf *out, const struct port_layout *port, bool input) {
    const char *prefix = port_prefix(writer, port, input);
    print_numbers(out, "int16_t", arena_printf(writer->arena, "%s_width", prefix), port, 0);
    print_numbers(out, "int16_t", arena_printf(writer->arena, "%s_fraction", prefix), port, 1);
    print_numbers(out, "uint8_t", arena_printf(writer->arena, "%s_signed", prefix), port, 2);
}

static const char split_real[] =
    "\n/* real = *mantissa * 2^*exponent, exactly. Returns 0 for NaN. Infinities are beyond every format. */\n"
    "static int split_real(double real, int64_t *mantissa, int *exponent) {\n"
    "    union {\n        double real;\n        uint64_t bits;\n    } word;\n"
    "    word.real = real;\n"
    "    const int biased = (int)(word.bits >> 52 & 2047);\n"
    "    int64_t magnitude = (int64_t)(word.bits & UINT64_C(0xfffffffffffff));\n"
    "    if (biased == 2047 && magnitude != 0) return 0;\n"
    "    if (biased == 2047) magnitude = 2;\n"
    "    else if (biased != 0) magnitude |= INT64_C(1) << 52;\n"
    "    *mantissa = word.bits >> 63 ? -magnitude : magnitude;\n"
    "    *exponent = biased == 2047 ? 10000 : (biased ? biased : 1) - 1075;\n"
    "    return 1;\n}\n";

/* Numbers that the port's overflow needs, one an element. */
static void port_limits(struct c_writer *writer, const struct node *node, const struct port_reader *reader,
                        struct c_numbers *first, struct c_numbers *second) {
    bool wrap = reader->overflow == OVERFLOW_WRAP;
    size_t count = reader->elements;
    int64_t *lo = ARENA_ARRAY(writer->arena, int64_t, count), *hi = ARENA_ARRAY(writer->arena, int64_t, count);
    for (size_t i = 0; i < count; i++) {
        struct format format = reader->rules[i].format;
        lo[i] = reader->rules[i].lo;
        hi[i] = reader->rules[i].hi;
        if (!wrap) continue;
        lo[i] = format.is_signed && format.width > 0 ? (int64_t)((uint64_t)1 << (format.width - 1)) : 0;
        hi[i] = format.width <= 0 ? 0 : (int64_t)(UINT64_MAX >> (64 - format.width));
    }
    *first = c_numbers(writer, node, wrap ? "port_half" : "port_lo", lo, count);
    *second = c_numbers(writer, node, wrap ? "port_mask" : "port_hi", hi, count);
}

/* static int64_t port_x_integer(mantissa, exponent, i): the stored integer of element i. */
static void print_port_rule(struct c_writer *writer, const struct port_layout *port, const struct port_reader *reader) {
    const struct node *node = graph_definition(writer->graph, port->value);
    enum overflow overflow = reader->overflow;
    struct c_numbers first, second;
    port_limits(writer, node, reader, &first, &second);
    const char *lo = c_number(writer, &first, "i"), *hi = c_number(writer, &second, "i");
    strbuf_printf(
        &writer->body,
        "\n/* %s */\nstatic int64_t port_%s_integer(int64_t mantissa, int exponent, int i) {\n    const int drop = -exponent - %s_fraction[i];\n",
        port_rule(writer, port->value), port->name, port_prefix(writer, port, true));
    strbuf_printf(&writer->body, "    if (drop > 0) return %s(%s(mantissa, drop), %s, %s);\n",
                  c_helper(writer, C_HELPER_OVERFLOW + 8 + (int)overflow),
                  c_helper(writer, C_HELPER_ROUND + 16 + (int)reader->rounding), lo, hi);
    if (overflow == OVERFLOW_WRAP)
        strbuf_printf(&writer->body,
                      "    return drop <= -64 ? 0 : %s((int64_t)((uint64_t)mantissa << -drop), %s, %s);\n}\n",
                      c_helper(writer, C_HELPER_OVERFLOW + 8 + OVERFLOW_WRAP), lo, hi);
    else
        strbuf_printf(&writer->body, "    return %s(mantissa, drop < -63 ? 63 : -drop, %s, %s);\n}\n",
                      c_helper(writer, C_HELPER_SHIFT + (int)overflow), lo, hi);
}

/* A number for each element: a literal when all are equal, else an array. Exact: hexadecimal. */
static const char *real_numbers(struct c_writer *writer, const char *name, const char *type, const double *values,
                                size_t count) {
    const char *print = strcmp(type, "float") == 0 ? "%af" : "%a";
    bool uniform = true;
    for (size_t i = 1; i < count; i++) uniform = uniform && memcmp(&values[i], &values[0], sizeof values[0]) == 0;
    if (uniform) return real_text(writer->arena, print, count ? values[0] : 0.0);
    const char *unique = names_unique(writer->names, name);
    strbuf_printf(&writer->body, "static const %s %s[%zu] = {", type, unique, count);
    for (size_t i = 0; i < count; i++)
        strbuf_printf(&writer->body, "%s%s,", i % 8 ? " " : "\n    ", real_text(writer->arena, print, values[i]));
    strbuf_append(&writer->body, "\n};\n");
    return arena_printf(writer->arena, "%s[i]", unique);
}

struct scale {                               /* expressions of element i */
    const char *factor, *scale, *zero_point; /* of an output; scale NULL: no meaning */
    const char *steps;                       /* of an input: statements that make `code` of `real`; NULL: none */
};

/* An input's: the reader's own numbers, in the arithmetic in which it computes. A product is volatile, or compilers
 * may add to it what it was before it is rounded. */
static struct scale print_input_scale(struct c_writer *writer, const struct port_layout *port,
                                      const struct port_reader *reader) {
    static const char signs[] = {[PORT_ADD] = '+', [PORT_MULTIPLY] = '*', [PORT_DIVIDE] = '/'};
    static const char *const own[] = {"scale", "zero_point"}; /* where no steps are listed */
    double *constants = ARENA_ARRAY(writer->arena, double, reader->elements);
    struct strbuf steps = strbuf_new(writer->arena);
    const char *before = "real";
    if (!reader->meant) return (struct scale){0};
    for (uint32_t k = 0; k < reader->operation_count; k++) {
        const char *what = port->steps ? arena_printf(writer->arena, "step_%u", k + 1) : own[k];
        const char *result = k + 1 == reader->operation_count ? "code" : port->steps ? what : "quotient";
        for (size_t i = 0; i < reader->elements; i++) constants[i] = (double)reader->rules[i].constants[k];
        const char *name = arena_printf(writer->arena, "c_in_%s_%s", port->name, what);
        const char *constant = real_numbers(writer, name, "float", constants, reader->elements);
        strbuf_printf(&steps, "        const %sfloat %s = %s %c %s;\n",
                      reader->operations[k] == PORT_MULTIPLY ? "volatile " : "", result, before,
                      signs[reader->operations[k]], constant);
        before = result;
    }
    return (struct scale){.steps = steps.data};
}

static struct scale print_output_scale(struct c_writer *writer, const struct port_layout *port,
                                       const struct meaning *meaning) {
    uint32_t count = port->elements;
    double *factor = ARENA_ARRAY(writer->arena, double, count), *scale = ARENA_ARRAY(writer->arena, double, count);
    double *zero = ARENA_ARRAY(writer->arena, double, count);
    const struct shape *shape = &graph_value(writer->graph, port->value)->shape;
    for (uint32_t i = 0; i < count; i++) {
        factor[i] = fixed_to_real(1, port->format[i].fraction);
        scale[i] = meaning_scale(meaning, shape, i, &zero[i]);
    }
    struct scale out = {.factor = real_numbers(writer, arena_printf(writer->arena, "c_out_%s_unit", port->name),
                                               "double", factor, count)};
    if (!meaning->scale && !meaning->zero_point) return out;
    out.scale = real_numbers(writer, arena_printf(writer->arena, "c_out_%s_scale", port->name), "double", scale, count);
    out.zero_point =
        real_numbers(writer, arena_printf(writer->arena, "c_out_%s_zero_point", port->name), "double", zero, count);
    return out;
}

/* Where the port has a meaning, each step is stored in binary32: that is the arithmetic of ir/port.c. */
static void print_real_input(const struct c_writer *writer, struct strbuf *out, const struct port_layout *port,
                             const struct scale *scale, unsigned position) {
    const char *real = arena_printf(writer->arena, "(double)in_%s[i]", port->name);
    strbuf_printf(out, "    for (int i = 0; i < %u; i++) {\n", port->elements);
    if (scale->steps) {
        strbuf_printf(out, "        const float real = (float)in_%s[i];\n%s", port->name, scale->steps);
        real = "(double)code";
    }
    strbuf_printf(out,
                  "        if (!split_real(%s, &mantissa, &exponent)) return %u + i;\n"
                  "        m_%s[i] = port_%s_integer(mantissa, exponent, i);\n    }\n",
                  real, position, port->name, port->name);
}

static void print_real_output(const struct c_writer *writer, struct strbuf *out, const struct port_layout *port,
                              const struct scale *scale, const char *type) {
    const char *real = arena_printf(writer->arena, "(double)n_%s[i] * %s", port->name, scale->factor);
    if (scale->scale) real = arena_printf(writer->arena, "(%s - %s) * %s", real, scale->zero_point, scale->scale);
    strbuf_printf(out, "    for (int i = 0; i < %u; i++) out_%s[i] = (%s)(%s);\n", port->elements, port->name, type,
                  real);
}

static void print_real_entry(struct c_writer *writer, struct strbuf *out, const char *type,
                             const struct scale *scales) {
    const struct layout *layout = writer->layout;
    strbuf_printf(out, "\nint %s_run_%s(", writer->emission->name, type);
    print_parameters(writer, out, type);
    strbuf_append(out, ") {\n");
    for (uint32_t i = 0; i < layout->input_count; i++)
        strbuf_printf(out, "    int64_t m_%s[%u];\n", layout->inputs[i].name, layout->inputs[i].elements);
    for (uint32_t i = 0; i < layout->output_count; i++)
        strbuf_printf(out, "    int64_t n_%s[%u];\n", layout->outputs[i].name, layout->outputs[i].elements);
    if (layout->input_count) strbuf_append(out, "    int64_t mantissa;\n    int exponent;\n");
    unsigned position = 1;
    for (uint32_t i = 0; i < layout->input_count; i++) {
        print_real_input(writer, out, &layout->inputs[i], &scales[i], position);
        position += layout->inputs[i].elements;
    }
    strbuf_printf(out, "    %s_run(", writer->emission->name);
    for (uint32_t i = 0; i < layout->input_count; i++)
        strbuf_printf(out, "%sm_%s", i ? ", " : "", layout->inputs[i].name);
    for (uint32_t i = 0; i < layout->output_count; i++)
        strbuf_printf(out, "%sn_%s", i || layout->input_count ? ", " : "", layout->outputs[i].name);
    strbuf_append(out, ");\n");
    for (uint32_t i = 0; i < layout->output_count; i++)
        print_real_output(writer, out, &layout->outputs[i], &scales[layout->input_count + i], type);
    strbuf_append(out, "    return 0;\n}\n");
}

static void print_outputs(struct c_writer *writer, struct strbuf *out) {
    for (uint32_t i = 0; i < writer->layout->output_count; i++) {
        const struct port_layout *port = &writer->layout->outputs[i];
        strbuf_printf(out, "    for (int i = 0; i < %u; i++) out_%s[i] = %s[i];\n", port->elements, port->name,
                      c_value_name(writer, port->value));
    }
}

void c_print_entries(struct c_writer *writer, struct strbuf *out) {
    const struct layout *layout = writer->layout;
    struct scale *scales = ARENA_ARRAY(writer->arena, struct scale, layout->input_count + layout->output_count + 1);
    strbuf_printf(out, "\nconst char %s_content_hash[65] = \"%s\";\n", writer->emission->name,
                  writer->emission->content_hash);
    each_port(writer, out, define_port);
    strbuf_append(&writer->body, "\n");
    for (uint32_t i = 0; i < layout->input_count; i++) {
        const struct port_reader *reader = port_reader_new(writer->graph, layout->inputs[i].value, writer->arena);
        print_port_rule(writer, &layout->inputs[i], reader);
        scales[i] = print_input_scale(writer, &layout->inputs[i], reader);
    }
    for (uint32_t i = 0; i < layout->output_count; i++)
        scales[layout->input_count + i] =
            print_output_scale(writer, &layout->outputs[i], &writer->graph->outputs[i].meaning);
    struct strbuf copies = strbuf_new(writer->arena);
    print_outputs(writer, &copies); /* may ask for a constant */
    writer->probes = c_print_probes(writer, &copies);
    c_print_helpers(writer, out);
    if (layout->input_count) strbuf_append(out, split_real);
    strbuf_printf(out, "#ifdef BXC_PROBES\nint64_t *%s_probe;\n#endif\n", writer->emission->name);
    strbuf_append_bytes(out, writer->body.data, writer->body.length);
    strbuf_printf(out, "\nvoid %s_run(", writer->emission->name);
    print_parameters(writer, out, "int64_t");
    strbuf_printf(out, ") {\n%s", writer->run.data);
    strbuf_printf(out, "%s}\n", copies.data);
    print_real_entry(writer, out, "float", scales);
    print_real_entry(writer, out, "double", scales);
}

static void list_port(const struct c_writer *writer, struct strbuf *out, const struct port_layout *port, bool input) {
    const char *prefix = port_prefix(writer, port, input);
    strbuf_printf(out, "    {\"%s\", %s_elements, %s_width, %s_fraction, %s_signed},\n", input ? "in" : "out", prefix,
                  prefix, prefix, prefix);
}

int c_print_main(const struct c_writer *writer, struct strbuf *out) {
    struct strbuf call = strbuf_new(writer->arena), ports = strbuf_new(writer->arena);
    each_port(writer, &ports, list_port);
    size_t from = 0, to = 0;
    for (uint32_t i = 0; i < writer->layout->input_count; i++) {
        strbuf_printf(&call, "%sin + %zu", i ? ", " : "", from);
        from += writer->layout->inputs[i].elements;
    }
    for (uint32_t i = 0; i < writer->layout->output_count; i++) {
        strbuf_printf(&call, "%sout + %zu", call.length ? ", " : "", to);
        to += writer->layout->outputs[i].elements;
    }
    const struct template_key keys[] = {{"name", writer->emission->name},
                                        {"inputs", arena_printf(writer->arena, "%zu", from)},
                                        {"outputs", arena_printf(writer->arena, "%zu", to)},
                                        {"arguments", call.data},
                                        {"ports", ports.data},
                                        {"probes", arena_printf(writer->arena, "%zu", writer->probes)},
                                        {NULL, NULL}};
    return template_expand(writer->graph->context, "c_main.c", keys, out);
}
