/* What a build with BXC_PROBES gives beside the outputs: every value of the graph, in order, as stored integers, so
 * that `bxc verify` can name the layer in which a difference begins. Synthesis knows nothing of it. */
#include "codegen/hls/hls.h"
#include "ir/ops.h"

/* Bits that the container has below the element's own. */
static int shift_of(const struct hls_writer *writer, valref value, size_t element) {
    struct format format = graph_format(writer->graph, value, element);
    return format.width <= 0 ? 0 : writer->containers[value.id].fraction - format.fraction;
}

static void print_value(struct hls_writer *writer, struct strbuf *out, valref value) {
    size_t count = hls_elements(writer, value);
    bool uniform = true;
    for (size_t i = 1; i < count; i++) uniform = uniform && shift_of(writer, value, i) == shift_of(writer, value, 0);
    const char *shift = uniform ? arena_printf(writer->arena, "%d", shift_of(writer, value, 0)) : "below[i]";
    strbuf_append(out, "    {\n");
    if (!uniform) {
        strbuf_append(out, "        static const int below[] = {");
        for (size_t i = 0; i < count; i++)
            strbuf_printf(out, "%s%d,", i % 24 ? " " : "\n            ", shift_of(writer, value, i));
        strbuf_append(out, "\n        };\n");
    }
    bool wide = writer->containers[value.id].width > 64;
    strbuf_printf(out, "        for (int i = 0; i < %zu; i++) *%s_probe++ = %s(%s[i]) >> %s%s;\n    }\n", count,
                  writer->emission->name, wide ? "bxc_low(bxc_wide_raw" : "bxc_raw", hls_name(writer, value), shift,
                  wide ? ")" : "");
}

size_t hls_print_probes(struct hls_writer *writer, struct strbuf *out) {
    const struct graph *graph = writer->graph;
    size_t total = 0;
    strbuf_append(out, "#ifdef BXC_PROBES // every layer's values, for bxc verify\n");
    for (uint32_t v = 0; v < graph->value_count; v++) {
        if (!value_is_probed(graph, (valref){v})) continue;
        print_value(writer, out, (valref){v});
        total += hls_elements(writer, (valref){v});
    }
    strbuf_append(out, "#endif\n");
    return total;
}
