/* C for elements that go elsewhere unchanged: copies by strides or by indices; a reshape is no code at all. */
#include "codegen/c/c.h"
#include "ir/geometry.h"

int c_emit_reshape(struct c_writer *writer, const struct node *node) {
    writer->value_names[node->result.id] = c_value_name(writer, node->inputs[0]);
    return 0;
}

int c_emit_copies(struct c_writer *writer, const struct node *node) {
    const char **operands = ARENA_ARRAY(writer->arena, const char *, node->input_count);
    for (uint32_t i = 0; i < node->input_count; i++) operands[i] = c_operand(writer, node, i);
    c_function_open(writer, node);
    movement_print(writer->graph, node, operands, false, writer->arena, &writer->layer);
    c_function_close(writer, node);
    return 0;
}

int c_emit_gather(struct c_writer *writer, const struct node *node) {
    const struct gather_attributes *gather = &node->attributes.gather;
    const struct axis_reduction axis =
        reduction_geometry(&graph_value(writer->graph, node->inputs[0])->shape, gather->axis);
    size_t count = shape_elements(&gather->shape);
    const char *indices = c_array(writer, node, "indices", gather->indices, count);
    c_function_open(writer, node);
    strbuf_printf(
        &writer->layer,
        "    for (int i = 0; i < %zu; i++)\n        for (int j = 0; j < %zu; j++)\n            for (int k = 0; k < %zu; k++)\n"
        "                y[(i * %zu + j) * %zu + k] = %s[(i * %zu + %s[j]) * %zu + k];\n",
        axis.outer, count, axis.inner, count, axis.inner, c_operand(writer, node, 0), axis.length, indices, axis.inner);
    c_function_close(writer, node);
    return 0;
}
