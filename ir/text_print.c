/* Prints a graph in the text form of doc/ir.md: the same graph gives the same bytes everywhere.
 *
 * Values are numbered as their nodes stand, so a parsed graph prints with the same numbers. */
#include "ir/text_private.h"
#include "ir/text.h"

#include <math.h>

enum { LINE_WIDTH = 100 };

void print_newline(struct printer *printer, int indent) {
    strbuf_printf(printer->out, "\n%*s", indent, "");
    printer->line_start = printer->out->length - (size_t)indent;
}

void print_separator(struct printer *printer, bool first) {
    if (first) return;
    strbuf_append(printer->out, ",");
    if (printer->out->length - printer->line_start > LINE_WIDTH)
        print_newline(printer, 4);
    else
        strbuf_append(printer->out, " ");
}

void print_string(struct strbuf *out, const char *text) {
    strbuf_append(out, "\"");
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;
        if (c == '"' || c == '\\')
            strbuf_printf(out, "\\%c", c);
        else if (c == '\n')
            strbuf_append(out, "\\n");
        else if (c < ' ' || c == 0x7f)
            strbuf_printf(out, "\\x%02x", c);
        else
            strbuf_append_bytes(out, text, 1);
    }
    strbuf_append(out, "\"");
}

void print_real(struct strbuf *out, double real) {
    int exponent = 0;
    if (isnan(real)) {
        strbuf_append(out, "nan");
        return;
    }
    if (signbit(real)) strbuf_append(out, "-");
    if (isinf(real)) {
        strbuf_append(out, "inf");
        return;
    }
    uint64_t mantissa = (uint64_t)ldexp(frexp(fabs(real), &exponent), 53); /* 0, or one leading bit and 52 more */
    if (mantissa == 0) {
        strbuf_append(out, "0x0p+0");
        return;
    }
    strbuf_append(out, "0x1");
    mantissa <<= 12; /* the leading bit goes, 13 hexadecimal digits stand at the top */
    if (mantissa) strbuf_append(out, ".");
    for (; mantissa; mantissa <<= 4) strbuf_printf(out, "%x", (unsigned)(mantissa >> 60));
    strbuf_printf(out, "p%+d", exponent - 1);
}

static void print_type(struct printer *printer, const struct value *value) {
    static const char *const kinds[] = {
        [VALUE_REAL] = "real", [VALUE_INTEGER] = "integer", [VALUE_INDEX] = "index", [VALUE_BOOLEAN] = "boolean"};
    print_shape(printer->out, &value->shape);
    strbuf_append(printer->out, " ");
    if (value->kind == VALUE_INTEGER && value->formats.at)
        print_formats(printer, &value->formats);
    else
        strbuf_append(printer->out, kinds[value->kind]);
}

static void print_numbers(struct printer *printer, const struct constant_attributes *constant) {
    size_t count = shape_elements(&constant->shape);
    strbuf_append(printer->out, " {");
    for (size_t i = 0; i < count; i++) {
        print_separator(printer, i == 0);
        if (constant->kind == VALUE_REAL)
            print_real(printer->out, (double)constant->reals[i]);
        else
            strbuf_printf(printer->out, "%lld", (long long)constant->integers[i]);
    }
    strbuf_append(printer->out, "}");
}

/* Names of all results where one has one; "" for none. */
static void print_names(struct strbuf *out, const struct graph *graph, const struct node *node) {
    bool named = false;
    strbuf_append(out, " ");
    print_string(out, node->name);
    for (uint32_t r = 0; r < node->result_count; r++) named = named || graph_value(graph, node_result(node, r))->name;
    for (uint32_t r = 0; named && r < node->result_count; r++) {
        const char *name = graph_value(graph, node_result(node, r))->name;
        strbuf_append(out, r ? ", " : " as ");
        print_string(out, name ? name : "");
    }
    if (node->source_op) {
        strbuf_append(out, " from ");
        print_string(out, node->source_op);
    }
}

static void print_graph(struct printer *printer, const struct graph *graph, int indent);

static void print_node(struct printer *printer, const struct graph *graph, const struct node *node,
                       const uint32_t *number, int indent) {
    struct strbuf *out = printer->out;
    for (uint32_t r = 0; r < node->result_count; r++)
        strbuf_printf(out, "%s%%%u", r ? ", " : "", number[node_result(node, r).id]);
    strbuf_printf(out, " = %s(", op_info(node->op)->name);
    for (uint32_t i = 0; i < node->input_count; i++) {
        print_separator(printer, i == 0);
        strbuf_printf(out, "%%%u", number[node->inputs[i].id]);
    }
    strbuf_append(out, ")");
    print_names(out, graph, node);
    const struct attribute_field *fields = op_info(node->op)->family->fields;
    for (const struct attribute_field *field = fields; field && field->name; field++)
        if (attribute_is_printed(node, field)) {
            strbuf_append(out, " ");
            print_attribute(printer, graph, node, field);
        }
    for (uint32_t r = 0; r < node->result_count; r++) {
        strbuf_append(out, r ? ", " : " : ");
        print_type(printer, graph_value(graph, node_result(node, r)));
    }
    if (node->op == OP_CONSTANT) print_numbers(printer, &node->attributes.constant);
    if (node->body) {
        strbuf_append(out, " body ");
        print_string(out, node->body->name);
        strbuf_append(out, " {");
        print_graph(printer, node->body, indent + 4);
        print_newline(printer, indent);
        strbuf_append(out, "}");
    }
}

static void print_output(struct printer *printer, const struct graph_output *output, uint32_t number) {
    strbuf_append(printer->out, "output ");
    print_string(printer->out, output->name);
    strbuf_printf(printer->out, " %%%u", number);
    if (output->meaning.scale || output->meaning.zero_point) {
        strbuf_append(printer->out, " meaning=");
        print_meaning(printer, &output->meaning);
    }
}

/* Nodes and outputs, each behind a new line. */
static void print_graph(struct printer *printer, const struct graph *graph, int indent) {
    struct arena *scratch = arena_new(graph->context);
    uint32_t *number = ARENA_ARRAY(scratch, uint32_t, graph->value_count);
    uint32_t count = 0;
    for (uint32_t i = 0; i < graph->node_count; i++)
        for (uint32_t r = 0; r < graph->nodes[i].result_count; r++)
            number[node_result(&graph->nodes[i], r).id] = graph->nodes[i].dead ? UINT32_MAX : count++;
    for (uint32_t i = 0; i < graph->node_count; i++)
        if (!graph->nodes[i].dead) {
            print_newline(printer, indent);
            print_node(printer, graph, &graph->nodes[i], number, indent);
        }
    for (uint32_t i = 0; i < graph->output_count; i++) {
        print_newline(printer, indent);
        print_output(printer, &graph->outputs[i], number[graph->outputs[i].value.id]);
    }
    arena_free(scratch);
}

void graph_print(struct strbuf *out, const struct graph *graph) {
    struct printer printer = {out, out->length};
    strbuf_append(out, "bxc graph 1");
    print_newline(&printer, 0);
    strbuf_append(out, "graph ");
    print_string(out, graph->name);
    if (graph->opset) strbuf_printf(out, " opset %d", graph->opset);
    print_graph(&printer, graph, 0);
    strbuf_append(out, "\n");
}
