/* HLS C++ for reductions along an axis: outer elements, the axis, inner elements. */
#include "codegen/hls/hls.h"
#include "ir/geometry.h"

int hls_emit_reduce(struct hls_writer *writer, const struct node *node) {
    const struct axis_reduction axis =
        reduction_geometry(hls_shape(writer, node->inputs[0]), node->attributes.axis.axis);
    const char *last = node->op != OP_ARGMAX ? "" : node->attributes.axis.select_last ? ", true" : ", false";
    const char *function = node->op == OP_ARGMAX       ? "bxc_argmax"
                           : node->op == OP_REDUCE_MAX ? "bxc_reduce_max"
                                                       : "bxc_reduce_sum";
    return hls_call(writer, node, function,
                    arena_printf(writer->arena, "%zu, %zu, %zu%s", axis.outer, axis.length, axis.inner, last),
                    arena_printf(writer->arena, "%s, y", hls_operand(writer, node, 0)));
}
