/* HLS C++ for activations that are exact in integers. */
#include "codegen/hls/hls.h"

int hls_emit_relu(struct hls_writer *writer, const struct node *node) {
    return hls_call(writer, node, "bxc_relu", arena_printf(writer->arena, "%zu", hls_elements(writer, node->result)),
                    arena_printf(writer->arena, "%s, y", hls_operand(writer, node, 0)));
}
