/* C for bodies: the body's nodes are functions like others; one more function calls them once an item. */
#include "codegen/c/c.h"
#include "ir/geometry.h"

/* The body as a graph of its own, written with the names of the whole. */
struct body {
    const struct node *node;
    struct value_list inputs;
    const char **buffers; /* of the inputs */
    const char **names;   /* of the outputs' values */
    const char *calls;    /* indented for the inside of the loop */
};

static int emit_body(struct c_writer *writer, const struct node *node, struct body *body) {
    const struct c_writer outer = *writer;
    int status = 0;
    *body = (struct body){.node = node, .inputs = graph_inputs(node->body, writer->arena)};
    body->buffers = ARENA_ARRAY(writer->arena, const char *, body->inputs.count + 1);
    body->names = ARENA_ARRAY(writer->arena, const char *, node->body->output_count + 1);
    writer->graph = node->body;
    writer->run = strbuf_new(writer->arena);
    writer->value_names = ARENA_ARRAY(writer->arena, const char *, node->body->value_count + 1);
    for (uint32_t i = 0; i < body->inputs.count; i++) {
        const char *name = graph_definition(node->body, body->inputs.at[i])->name;
        body->buffers[i] = names_unique(writer->names, arena_printf(writer->arena, "v_%s", name));
        writer->value_names[body->inputs.at[i].id] = body->buffers[i];
    }
    status = c_emit_nodes(writer);
    for (uint32_t o = 0; status == 0 && o < node->body->output_count; o++)
        body->names[o] = c_value_name(writer, node->body->outputs[o].value);
    body->calls = code_indented(writer->arena, writer->run.data);
    writer->graph = outer.graph;
    writer->run = outer.run;
    writer->value_names = outer.value_names;
    return status;
}

/* "(i / 2 * 4 + trip) * 2 + i % 2": where element i of a trip's item lies in the whole. */
static const char *item_index(const struct c_writer *writer, const struct node *node, uint32_t place, size_t elements) {
    struct loop_place at = loop_place(writer->graph, node, place);
    const char *item = at.reversed ? arena_printf(writer->arena, "(%lld - trip)", (long long)at.trips - 1) : "trip";
    if (at.inner == elements) return arena_printf(writer->arena, "%s * %zu + i", item, at.inner);
    if (at.inner == 1) return arena_printf(writer->arena, "i * %lld + %s", (long long)at.trips, item);
    return arena_printf(writer->arena, "(i / %zu * %lld + %s) * %zu + i %% %zu", at.inner, (long long)at.trips, item,
                        at.inner, at.inner);
}

static void print_input(struct c_writer *writer, struct strbuf *out, const struct body *body, uint32_t input) {
    size_t count = shape_elements(&graph_value(body->node->body, body->inputs.at[input])->shape);
    bool sliced = loop_is_sliced(body->node, input);
    const char *index =
        sliced ? item_index(writer, body->node, input - (uint32_t)body->node->attributes.loop.carried, count) : "i";
    strbuf_printf(out, "%*sfor (int i = 0; i < %zu; i++) %s[i] = %s[%s];\n", sliced ? 8 : 4, "", count,
                  body->buffers[input], c_operand(writer, body->node, input), index);
}

static void print_output(struct c_writer *writer, struct strbuf *out, const struct body *body, uint32_t output) {
    const struct loop_attributes *loop = &body->node->attributes.loop;
    size_t count = shape_elements(&graph_value(body->node->body, body->node->body->outputs[output].value)->shape);
    bool carried = output < (uint32_t)loop->carried;
    const char *index =
        carried ? "i"
                : item_index(writer, body->node, (uint32_t)loop->sliced + output - (uint32_t)loop->carried, count);
    const char *type = c_value_type(writer, node_result(body->node, output));
    strbuf_printf(out, "        for (int i = 0; i < %zu; i++) y%u[%s] = (%s)%s[i];\n", count, output, index, type,
                  body->names[output]);
}

static const char *body_type(struct c_writer *writer, const struct body *body, uint32_t input) {
    const struct graph *outer = writer->graph;
    writer->graph = body->node->body;
    const char *type = c_value_type(writer, body->inputs.at[input]);
    writer->graph = outer;
    return type;
}

/* Buffers of what the body reads, and those that it begins with. */
static void print_inputs(struct c_writer *writer, struct strbuf *out, const struct body *body) {
    const struct node *node = body->node;
    for (uint32_t i = 0; i < node->input_count; i++) {
        size_t count = shape_elements(&graph_value(node->body, body->inputs.at[i])->shape);
        if (loop_reads(node, body->inputs.at[i]))
            strbuf_printf(out, "    %s %s[%zu];\n", body_type(writer, body, i), body->buffers[i], count);
        else if (!graph_integers(writer->graph, node->inputs[i]))
            strbuf_printf(out, "    (void)%s;\n", c_operand(writer, node, i));
    }
    for (uint32_t i = 0; i < node->input_count; i++)
        if (!loop_is_sliced(node, i) && loop_reads(node, body->inputs.at[i])) print_input(writer, out, body, i);
}

static void print_function(struct c_writer *writer, struct strbuf *out, const struct body *body, const char *function) {
    const struct node *node = body->node;
    const struct loop_attributes *loop = &node->attributes.loop;
    strbuf_printf(out, "static void %s(", function);
    c_each_variable(writer, node, out, true);
    for (uint32_t o = 0; o < node->result_count; o++)
        strbuf_printf(out, "%s%s *restrict y%u", o ? ", " : "", c_value_type(writer, node_result(node, o)), o);
    strbuf_append(out, ") {\n");
    print_inputs(writer, out, body);
    strbuf_printf(out, "    for (int trip = 0; trip < %lld; trip++) {\n", (long long)loop->trips);
    for (uint32_t i = 0; i < node->input_count; i++)
        if (loop_is_sliced(node, i) && loop_reads(node, body->inputs.at[i])) print_input(writer, out, body, i);
    strbuf_append(out, body->calls);
    for (uint32_t o = 0; o < node->result_count; o++) print_output(writer, out, body, o);
    for (uint32_t i = 0; i < (uint32_t)loop->carried; i++) {
        size_t count = shape_elements(&graph_value(node->body, body->inputs.at[i])->shape);
        if (loop_reads(node, body->inputs.at[i]))
            strbuf_printf(out, "        for (int i = 0; i < %zu; i++) %s[i] = y%u[i];\n", count, body->buffers[i], i);
    }
    strbuf_append(out, "    }\n}\n");
}

static void print_call(struct c_writer *writer, const struct node *node, const char *function) {
    for (uint32_t o = 0; o < node->result_count; o++) {
        valref result = node_result(node, o);
        const char *suffix = node->result_count > 1 ? arena_printf(writer->arena, "_%u", o) : "";
        const char *buffer = names_unique(writer->names, arena_printf(writer->arena, "v_%s%s", node->name, suffix));
        strbuf_printf(&writer->run, "    %s %s[%zu];\n", c_value_type(writer, result), buffer,
                      c_elements(writer, result));
        writer->value_names[result.id] = buffer;
    }
    strbuf_printf(&writer->run, "    %s(", function);
    c_each_variable(writer, node, &writer->run, false);
    for (uint32_t o = 0; o < node->result_count; o++)
        strbuf_printf(&writer->run, "%s%s", o ? ", " : "", writer->value_names[node_result(node, o).id]);
    strbuf_append(&writer->run, ");\n");
}

int c_emit_loop(struct c_writer *writer, const struct node *node) {
    struct body body;
    struct strbuf text = strbuf_new(writer->arena);
    if (emit_body(writer, node, &body)) return -1;
    const char *function = names_unique(writer->names, arena_printf(writer->arena, "layer_%s", node->name));
    c_print_title(writer, node);
    print_function(writer, &text, &body, function); /* constants that it asks for come before it */
    strbuf_append(&writer->body, writer->layer.data);
    strbuf_append(&writer->body, text.data);
    writer->layer = strbuf_new(writer->arena);
    print_call(writer, node, function);
    return 0;
}
