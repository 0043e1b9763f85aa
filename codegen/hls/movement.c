/* HLS C++ for elements that go elsewhere unchanged: copies by strides; a reshape is no code at all. */
#include "codegen/hls/hls.h"

int hls_emit_reshape(struct hls_writer *writer, const struct node *node) {
    uint32_t from = node->inputs[0].id, to = node->result.id;
    writer->value_names[to] = hls_name(writer, node->inputs[0]);
    writer->type_names[to] = writer->type_names[from];
    writer->containers[to] = writer->containers[from];
    return 0;
}

/* One loop nest that copies operand `input`; array 0 is the result, array 1 the operand. */
static void copy_loop(struct hls_writer *writer, const struct node *node, struct nest *nest, uint32_t input) {
    nest_finish(nest);
    nest_open(nest, &writer->layers, true);
    strbuf_printf(&writer->layers, "y[%s] = %s[%s];\n", nest_index(nest, 0), hls_operand(writer, node, input),
                  nest_index(nest, 1));
    nest_close(nest, &writer->layers, true);
}

static int copy_strided(struct hls_writer *writer, const struct node *node, int64_t offset, const int64_t *stride) {
    struct nest nest;
    nest_start(&nest, writer->arena, hls_shape(writer, node->result));
    nest_broadcast(&nest, hls_shape(writer, node->result));
    nest_array(&nest, offset, stride);
    if (hls_open(writer, node)) return -1;
    copy_loop(writer, node, &nest, 0);
    hls_close(writer);
    return 0;
}

int hls_emit_transpose(struct hls_writer *writer, const struct node *node) {
    int64_t own[SHAPE_RANK_MAX] = {0}, stride[SHAPE_RANK_MAX] = {0};
    shape_strides(hls_shape(writer, node->inputs[0]), own);
    for (int axis = 0; axis < hls_shape(writer, node->result)->rank; axis++)
        stride[axis] = own[node->attributes.transpose.permutation[axis]];
    return copy_strided(writer, node, 0, stride);
}

int hls_emit_slice(struct hls_writer *writer, const struct node *node) {
    const struct slice_attributes *slice = &node->attributes.slice;
    int64_t own[SHAPE_RANK_MAX] = {0}, stride[SHAPE_RANK_MAX] = {0}, offset = 0;
    shape_strides(hls_shape(writer, node->inputs[0]), own);
    for (int axis = 0; axis < hls_shape(writer, node->result)->rank; axis++) {
        offset += slice->start[axis] * own[axis];
        stride[axis] = slice->step[axis] * own[axis];
    }
    return copy_strided(writer, node, offset, stride);
}

int hls_emit_concat(struct hls_writer *writer, const struct node *node) {
    int64_t own[SHAPE_RANK_MAX] = {0}, axis = node->attributes.axis.axis, done = 0;
    shape_strides(hls_shape(writer, node->result), own);
    if (hls_open(writer, node)) return -1;
    for (uint32_t i = 0; i < node->input_count; i++) {
        struct nest nest;
        nest_start(&nest, writer->arena, hls_shape(writer, node->inputs[i]));
        nest_array(&nest, done * own[axis], own);
        nest_broadcast(&nest, hls_shape(writer, node->inputs[i]));
        copy_loop(writer, node, &nest, i);
        done += hls_shape(writer, node->inputs[i])->dim[axis];
    }
    hls_close(writer);
    return 0;
}

int hls_emit_gather(struct hls_writer *writer, const struct node *node) {
    const struct gather_attributes *gather = &node->attributes.gather;
    const struct shape *shape = hls_shape(writer, node->inputs[0]);
    size_t outer = 1, inner = 1, axis = (size_t)gather->axis, count = shape_elements(&gather->shape);
    for (size_t i = 0; i < (size_t)shape->rank; i++)
        *(i < axis ? &outer : &inner) *= i == axis ? 1 : (size_t)shape->dim[i];
    const char *indices = hls_integers(writer, node->name, "indices", gather->indices, count);
    return hls_call(
        writer, node, "bxc_gather",
        arena_printf(writer->arena, "%zu, %lld, %zu, %zu", outer, (long long)shape->dim[axis], count, inner),
        arena_printf(writer->arena, "%s, %s, y", hls_operand(writer, node, 0), indices));
}
