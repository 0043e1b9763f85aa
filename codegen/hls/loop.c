/* HLS C++ for bodies: the body's nodes are functions like others; one more function calls them once an item. */
#include "codegen/hls/hls.h"
#include "ir/geometry.h"

/* The body, written with the names of the whole. */
struct body {
    const struct node *node;
    struct value_list inputs;
    const char **buffers, **types; /* of the inputs */
    const char **names;            /* of the outputs' values */
    const char *calls;             /* indented for the inside of the loop */
};

/* hls_emit_input makes ports of a graph's inputs; a body's are arrays of the loop. */
static int declare_inputs(struct hls_writer *writer, struct body *body) {
    for (uint32_t i = 0; i < body->inputs.count; i++) {
        valref input = body->inputs.at[i];
        const struct node *definition = graph_definition(writer->graph, input);
        if (hls_declare(writer, definition, input, definition->name)) return -1;
        body->buffers[i] = writer->value_names[input.id];
        body->types[i] = writer->type_names[input.id];
    }
    return 0;
}

static int emit_body(struct hls_writer *writer, const struct node *node, struct body *body) {
    const struct hls_writer outer = *writer;
    struct arena *arena = writer->arena;
    *body = (struct body){.node = node, .inputs = graph_inputs(node->body, arena)};
    body->buffers = ARENA_ARRAY(arena, const char *, body->inputs.count + 1);
    body->types = ARENA_ARRAY(arena, const char *, body->inputs.count + 1);
    body->names = ARENA_ARRAY(arena, const char *, node->body->output_count + 1);
    writer->graph = node->body;
    writer->top = strbuf_new(arena);
    writer->value_names = ARENA_ARRAY(arena, const char *, node->body->value_count + 1);
    writer->type_names = ARENA_ARRAY(arena, const char *, node->body->value_count + 1);
    writer->containers = ARENA_ARRAY(arena, struct format, node->body->value_count + 1);
    int status = declare_inputs(writer, body);
    if (status == 0) status = hls_emit_nodes(writer);
    for (uint32_t o = 0; status == 0 && o < node->body->output_count; o++)
        body->names[o] = hls_name(writer, node->body->outputs[o].value);
    body->calls = code_indented(arena, writer->top.data);
    writer->graph = outer.graph;
    writer->top = outer.top;
    writer->value_names = outer.value_names;
    writer->type_names = outer.type_names;
    writer->containers = outer.containers;
    return status;
}

static size_t body_elements(const struct node *node, valref value) {
    return shape_elements(&graph_value(node->body, value)->shape);
}

/* "<2, 4, 2>(b, trip, v_item)": elements of an item, trips, and elements that lie side by side. */
static void print_item(struct hls_writer *writer, struct strbuf *out, const char *function, const struct body *body,
                       uint32_t place, size_t elements, const char *from, const char *to) {
    struct loop_place at = loop_place(writer->graph, body->node, place);
    const char *item = at.reversed ? arena_printf(writer->arena, "%lld - trip", (long long)at.trips - 1) : "trip";
    strbuf_printf(out, "        %s<%zu, %lld, %zu>(%s, %s, %s);\n", function, elements, (long long)at.trips, at.inner,
                  from, item, to);
}

static void print_input(struct hls_writer *writer, struct strbuf *out, const struct body *body, uint32_t input) {
    const struct node *node = body->node;
    size_t count = body_elements(node, body->inputs.at[input]);
    const char *from = hls_operand(writer, node, input);
    if (loop_is_sliced(node, input))
        print_item(writer, out, "bxc_item", body, input - (uint32_t)node->attributes.loop.carried, count, from,
                   body->buffers[input]);
    else
        strbuf_printf(out, "    bxc_copy<%zu>(%s, %s);\n", count, from, body->buffers[input]);
}

static void print_output(struct hls_writer *writer, struct strbuf *out, const struct body *body, uint32_t output) {
    const struct loop_attributes *loop = &body->node->attributes.loop;
    size_t count = body_elements(body->node, body->node->body->outputs[output].value);
    const char *to = arena_printf(writer->arena, "y%u", output);
    if (output < (uint32_t)loop->carried)
        strbuf_printf(out, "        bxc_copy<%zu>(%s, %s);\n", count, body->names[output], to);
    else
        print_item(writer, out, "bxc_put_item", body, (uint32_t)loop->sliced + output - (uint32_t)loop->carried, count,
                   body->names[output], to);
}

/* Buffers of what the body reads, and those that it begins with. */
static void print_inputs(struct hls_writer *writer, struct strbuf *out, const struct body *body) {
    const struct node *node = body->node;
    for (uint32_t i = 0; i < node->input_count; i++)
        if (loop_reads(node, body->inputs.at[i]))
            strbuf_printf(out, "    %s %s[%zu];\n#pragma HLS ARRAY_PARTITION variable=%s complete\n", body->types[i],
                          body->buffers[i], body_elements(node, body->inputs.at[i]), body->buffers[i]);
        else if (!graph_integers(writer->graph, node->inputs[i]))
            strbuf_printf(out, "    (void)%s;\n", hls_operand(writer, node, i));
    for (uint32_t i = 0; i < node->input_count; i++)
        if (!loop_is_sliced(node, i) && loop_reads(node, body->inputs.at[i])) print_input(writer, out, body, i);
}

static void print_function(struct hls_writer *writer, struct strbuf *out, const struct body *body,
                           const char *function) {
    const struct node *node = body->node;
    strbuf_printf(out, "static void %s(", function);
    hls_each_variable(writer, node, out, true);
    for (uint32_t o = 0; o < node->result_count; o++)
        strbuf_printf(out, "%s%s y%u[%zu]", o ? ", " : "", writer->type_names[node_result(node, o).id], o,
                      hls_elements(writer, node_result(node, o)));
    strbuf_append(out, ") {\n");
    print_inputs(writer, out, body);
    strbuf_printf(out, "    BXC_UNROLL_NEXT\n    for (int trip = 0; trip < %lld; trip++) {\n        BXC_UNROLL\n",
                  (long long)node->attributes.loop.trips);
    for (uint32_t i = 0; i < node->input_count; i++)
        if (loop_is_sliced(node, i) && loop_reads(node, body->inputs.at[i])) print_input(writer, out, body, i);
    strbuf_append(out, body->calls);
    for (uint32_t o = 0; o < node->result_count; o++) print_output(writer, out, body, o);
    for (uint32_t i = 0; i < (uint32_t)node->attributes.loop.carried; i++)
        if (loop_reads(node, body->inputs.at[i]))
            strbuf_printf(out, "        bxc_copy<%zu>(y%u, %s);\n", body_elements(node, body->inputs.at[i]), i,
                          body->buffers[i]);
    strbuf_append(out, "    }\n}\n");
}

static int declare_results(struct hls_writer *writer, const struct node *node) {
    for (uint32_t o = 0; o < node->result_count; o++) {
        const char *name = node->result_count > 1 ? arena_printf(writer->arena, "%s_%u", node->name, o) : node->name;
        if (hls_declare(writer, node, node_result(node, o), name)) return -1;
    }
    return 0;
}

static void print_call(struct hls_writer *writer, const struct node *node, const char *function) {
    strbuf_append(&writer->top, "\n");
    for (uint32_t o = 0; o < node->result_count; o++) {
        valref result = node_result(node, o);
        const char *name = writer->value_names[result.id];
        strbuf_printf(&writer->top, "    %s %s[%zu];\n#pragma HLS ARRAY_PARTITION variable=%s complete\n",
                      writer->type_names[result.id], name, hls_elements(writer, result), name);
    }
    strbuf_printf(&writer->top, "    %s(", function);
    hls_each_variable(writer, node, &writer->top, false);
    for (uint32_t o = 0; o < node->result_count; o++)
        strbuf_printf(&writer->top, "%s%s", o ? ", " : "", writer->value_names[node_result(node, o).id]);
    strbuf_append(&writer->top, ");\n");
}

int hls_emit_loop(struct hls_writer *writer, const struct node *node) {
    struct body body;
    if (emit_body(writer, node, &body) || declare_results(writer, node)) return -1;
    const char *function = names_unique(writer->names, arena_printf(writer->arena, "layer_%s", node->name));
    print_function(writer, &writer->layers, &body, function);
    print_call(writer, node, function);
    return 0;
}
