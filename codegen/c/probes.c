/* What a build with BXC_PROBES gives beside the outputs: every value of the graph, in order, as stored integers, so
 * that `bxc verify` can name the layer in which a difference begins. Other builds know nothing of it. */
#include "codegen/c/c.h"
#include "ir/ops.h"

size_t c_print_probes(struct c_writer *writer, struct strbuf *out) {
    const struct graph *graph = writer->graph;
    size_t total = 0;
    strbuf_printf(out, "#ifdef BXC_PROBES /* every layer's values, for bxc verify */\n    if (!%s_probe) return;\n",
                  writer->emission->name);
    for (uint32_t v = 0; v < graph->value_count; v++) {
        valref value = {v};
        if (!value_is_probed(graph, value)) continue;
        size_t count = c_elements(writer, value);
        strbuf_printf(out, "    for (int i = 0; i < %zu; i++) *%s_probe++ = %s[i];\n", count, writer->emission->name,
                      c_value_name(writer, value));
        total += count;
    }
    strbuf_append(out, "#endif\n");
    return total;
}
