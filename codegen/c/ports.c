/* C for inputs and constants. */
#include "codegen/c/c.h"

/* Written when a layer first reads it: products keep entries of their own. */
int c_emit_constant(struct c_writer *writer, const struct node *node) {
    (void)writer;
    (void)node;
    return 0;
}

static const char *port_name(const struct c_writer *writer, valref value) {
    for (uint32_t i = 0; i < writer->layout->input_count; i++)
        if (valref_equal(writer->layout->inputs[i].value, value)) return writer->layout->inputs[i].name;
    context_bug(writer->graph->context, "an input node without a port");
}

/* The port comes in as 64-bit integers; the layers read the type that its interval needs. */
int c_emit_input(struct c_writer *writer, const struct node *node) {
    const char *type = c_value_type(writer, node->result), *port = port_name(writer, node->result);
    bool output;
    if (graph_use_count(writer->graph, node->result, &output) == 0 && !output) {
        strbuf_printf(&writer->run, "    (void)in_%s;\n", port);
        return 0;
    }
    const char *buffer = names_unique(writer->names, arena_printf(writer->arena, "v_%s", node->name));
    size_t count = c_elements(writer, node->result);
    strbuf_printf(&writer->run, "    %s %s[%zu];\n    for (int i = 0; i < %zu; i++) %s[i] = (%s)in_%s[i];\n", type,
                  buffer, count, count, buffer, type, port);
    writer->value_names[node->result.id] = buffer;
    return 0;
}
