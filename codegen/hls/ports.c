/* HLS C++ for inputs and constants. */
#include "codegen/hls/hls.h"

int hls_emit_constant(struct hls_writer *writer, const struct node *node) {
    const int64_t *values = graph_integers(writer->graph, node->result);
    if (!values || graph_value(writer->graph, node->result)->kind != VALUE_INTEGER) return 0;
    return hls_container(writer, node, node->result, &writer->containers[node->result.id]);
}

int hls_emit_input(struct hls_writer *writer, const struct node *node) {
    uint32_t id = node->result.id;
    for (uint32_t i = 0; i < writer->layout->input_count; i++) {
        if (!valref_equal(writer->layout->inputs[i].value, node->result)) continue;
        writer->value_names[id] = writer->layout->inputs[i].name;
        writer->type_names[id] = arena_printf(writer->arena, "%s_%s_t", writer->emission->name, writer->layout->inputs[i].name);
    }
    return hls_container(writer, node, node->result, &writer->containers[id]);
}
