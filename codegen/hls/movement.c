/* HLS C++ for elements that go elsewhere unchanged: copies by strides or by indices; a reshape is no code at all. */
#include "codegen/hls/hls.h"
#include "ir/geometry.h"

int hls_emit_reshape(struct hls_writer *writer, const struct node *node) {
    uint32_t from = node->inputs[0].id, to = node->result.id;
    writer->value_names[to] = hls_name(writer, node->inputs[0]);
    writer->type_names[to] = writer->type_names[from];
    writer->containers[to] = writer->containers[from];
    return 0;
}

int hls_emit_copies(struct hls_writer *writer, const struct node *node) {
    const char **operands = ARENA_ARRAY(writer->arena, const char *, node->input_count);
    for (uint32_t i = 0; i < node->input_count; i++) operands[i] = hls_operand(writer, node, i);
    if (hls_open(writer, node)) return -1;
    movement_print(writer->graph, node, operands, true, writer->arena, &writer->layers);
    hls_close(writer);
    return 0;
}

int hls_emit_gather(struct hls_writer *writer, const struct node *node) {
    const struct gather_attributes *gather = &node->attributes.gather;
    const struct axis_reduction axis = reduction_geometry(hls_shape(writer, node->inputs[0]), gather->axis);
    size_t count = shape_elements(&gather->shape);
    const char *indices = hls_integers(writer, node->name, "indices", gather->indices, count);
    return hls_call(writer, node, "bxc_gather",
                    arena_printf(writer->arena, "%zu, %zu, %zu, %zu", axis.outer, axis.length, count, axis.inner),
                    arena_printf(writer->arena, "%s, %s, y", hls_operand(writer, node, 0), indices));
}
