/* Elements that go elsewhere unchanged, in languages that keep loops (C, HLS C++): a loop nest an operand. */
#include "codegen/codegen.h"
#include "ir/geometry.h"

void movement_print(const struct graph *graph, const struct node *node, const char *const *operands, bool unrolled,
                    struct arena *arena, struct strbuf *out) {
    struct movement_copy copy = movement_first(graph, node);
    do {
        struct nest nest;
        nest_start(&nest, arena, &copy.shape);
        int to = nest_array(&nest, copy.to_offset, copy.to_stride);
        int from = nest_array(&nest, copy.from_offset, copy.from_stride);
        nest_finish(&nest);
        nest_open(&nest, out, unrolled);
        strbuf_printf(out, "y[%s] = %s[%s];\n", nest_index(&nest, to), operands[copy.operand], nest_index(&nest, from));
        nest_close(&nest, out, unrolled);
    } while (movement_next(graph, node, &copy));
}
