/* C for elements that go elsewhere unchanged: copies by strides; a reshape is no code at all. */
#include "codegen/c/c.h"

static const struct shape *shape_of(const struct c_writer *writer, valref value) {
    return &graph_value(writer->graph, value)->shape;
}

int c_emit_reshape(struct c_writer *writer, const struct node *node) {
    writer->value_names[node->result.id] = c_value_name(writer, node->inputs[0]);
    return 0;
}

/* One loop nest that copies operand `input`; array 0 is the result, array 1 the operand. */
static void copy_loop(struct c_writer *writer, const struct node *node, struct nest *nest, uint32_t input) {
    nest_finish(nest);
    nest_open(nest, &writer->layer, false);
    strbuf_printf(&writer->layer, "y[%s] = %s[%s];\n", nest_index(nest, 0), c_operand(writer, node, input),
                  nest_index(nest, 1));
    nest_close(nest, &writer->layer, false);
}

static int copy_strided(struct c_writer *writer, const struct node *node, int64_t offset, const int64_t *stride) {
    struct nest nest;
    nest_start(&nest, writer->arena, shape_of(writer, node->result));
    nest_broadcast(&nest, shape_of(writer, node->result));
    nest_array(&nest, offset, stride);
    c_function_open(writer, node);
    copy_loop(writer, node, &nest, 0);
    c_function_close(writer, node);
    return 0;
}

int c_emit_transpose(struct c_writer *writer, const struct node *node) {
    int64_t own[SHAPE_RANK_MAX] = {0}, stride[SHAPE_RANK_MAX] = {0};
    shape_strides(shape_of(writer, node->inputs[0]), own);
    for (int axis = 0; axis < shape_of(writer, node->result)->rank; axis++)
        stride[axis] = own[node->attributes.transpose.permutation[axis]];
    return copy_strided(writer, node, 0, stride);
}

int c_emit_slice(struct c_writer *writer, const struct node *node) {
    const struct slice_attributes *slice = &node->attributes.slice;
    int64_t own[SHAPE_RANK_MAX] = {0}, stride[SHAPE_RANK_MAX] = {0}, offset = 0;
    shape_strides(shape_of(writer, node->inputs[0]), own);
    for (int axis = 0; axis < shape_of(writer, node->result)->rank; axis++) {
        offset += slice->start[axis] * own[axis];
        stride[axis] = slice->step[axis] * own[axis];
    }
    return copy_strided(writer, node, offset, stride);
}

int c_emit_concat(struct c_writer *writer, const struct node *node) {
    int64_t own[SHAPE_RANK_MAX] = {0}, axis = node->attributes.axis.axis, done = 0;
    shape_strides(shape_of(writer, node->result), own);
    c_function_open(writer, node);
    for (uint32_t i = 0; i < node->input_count; i++) {
        struct nest nest;
        nest_start(&nest, writer->arena, shape_of(writer, node->inputs[i]));
        nest_array(&nest, done * own[axis], own);
        nest_broadcast(&nest, shape_of(writer, node->inputs[i]));
        copy_loop(writer, node, &nest, i);
        done += shape_of(writer, node->inputs[i])->dim[axis];
    }
    c_function_close(writer, node);
    return 0;
}

int c_emit_gather(struct c_writer *writer, const struct node *node) {
    const struct gather_attributes *gather = &node->attributes.gather;
    const struct shape *shape = shape_of(writer, node->inputs[0]);
    size_t outer = 1, inner = 1, axis = (size_t)gather->axis, count = shape_elements(&gather->shape);
    for (size_t i = 0; i < (size_t)shape->rank; i++)
        *(i < axis ? &outer : &inner) *= i == axis ? 1 : (size_t)shape->dim[i];
    const char *indices = c_array(writer, node, "indices", gather->indices, count);
    c_function_open(writer, node);
    strbuf_printf(
        &writer->layer,
        "    for (int i = 0; i < %zu; i++)\n        for (int j = 0; j < %zu; j++)\n            for (int k = 0; k < %zu; k++)\n"
        "                y[(i * %zu + j) * %zu + k] = %s[(i * %lld + %s[j]) * %zu + k];\n",
        outer, count, inner, count, inner, c_operand(writer, node, 0), (long long)shape->dim[axis], indices, inner);
    c_function_close(writer, node);
    return 0;
}
