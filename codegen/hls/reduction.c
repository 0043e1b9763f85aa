/* HLS C++ for reductions along an axis: outer elements, the axis, inner elements. */
#include "codegen/hls/hls.h"

int hls_emit_reduce(struct hls_writer *writer, const struct node *node) {
    const struct shape *shape = hls_shape(writer, node->inputs[0]);
    int64_t axis = node->attributes.axis.axis;
    size_t outer = 1, inner = 1;
    for (int64_t i = 0; i < shape->rank; i++)
        if (i != axis) *(i < axis ? &outer : &inner) *= (size_t)shape->dim[i];
    const char *last = node->op != OP_ARGMAX ? "" : node->attributes.axis.select_last ? ", true" : ", false";
    const char *function = node->op == OP_ARGMAX       ? "bxc_argmax"
                           : node->op == OP_REDUCE_MAX ? "bxc_reduce_max"
                                                       : "bxc_reduce_sum";
    return hls_call(writer, node, function,
                    arena_printf(writer->arena, "%zu, %lld, %zu%s", outer, (long long)shape->dim[axis], inner, last),
                    arena_printf(writer->arena, "%s, y", hls_operand(writer, node, 0)));
}
