/* HLS C++ for narrow: the fixed-point type itself where all elements have one format and the type has
 * the rounding, else element by element on stored integers. */
#include "codegen/hls/hls.h"

static const char *const rounding_codes[ROUNDING_COUNT] = {
    [ROUND_TRUNCATE] = "BXC_TRN",       [ROUND_TOWARD_ZERO] = "BXC_TRN_ZERO",
    [ROUND_HALF_UP] = "BXC_RND",        [ROUND_HALF_TOWARD_ZERO] = "BXC_RND_ZERO",
    [ROUND_HALF_AWAY] = "BXC_RND_INF",  [ROUND_HALF_DOWN] = "BXC_RND_MIN_INF",
    [ROUND_HALF_EVEN] = "BXC_RND_CONV", [ROUND_CEILING] = "BXC_CEIL",
    [ROUND_AWAY_FROM_ZERO] = "BXC_AWAY"};

static const char *const overflow_codes[OVERFLOW_COUNT] = {[OVERFLOW_WRAP] = "BXC_WRAP",
                                                           [OVERFLOW_SATURATE] = "BXC_SAT",
                                                           [OVERFLOW_SATURATE_ZERO] = "BXC_SAT_ZERO",
                                                           [OVERFLOW_SATURATE_SYMMETRIC] = "BXC_SAT_SYM"};

static bool uniform(const struct hls_writer *writer, const struct node *node) {
    struct format first = graph_format(writer->graph, node->result, 0);
    for (size_t i = 1; i < hls_elements(writer, node->result); i++)
        if (!format_equal(first, graph_format(writer->graph, node->result, i))) return false;
    return first.width > 0;
}

static const char *print_formats(struct hls_writer *writer, const struct node *node) {
    size_t count = hls_elements(writer, node->result);
    const char *name = names_unique(writer->names, arena_printf(writer->arena, "c_%s_formats", node->name));
    strbuf_printf(&writer->weights, "\n/* signed, width, fraction */\nstatic const bxc_format %s[%zu] = {", name,
                  count);
    for (size_t i = 0; i < count; i++) {
        struct format format = graph_format(writer->graph, node->result, i);
        strbuf_printf(&writer->weights, "%s{%s, %d, %d},", i % 6 ? " " : "\n    ", format.is_signed ? "true" : "false",
                      format.width, format.fraction);
    }
    strbuf_append(&writer->weights, "\n};\n");
    return name;
}

/* Bits of integers that hold operand, result and limits. */
static int work_bits(const struct hls_writer *writer, const struct node *node) {
    int widest = writer->containers[node->inputs[0].id].width;
    struct format container;
    if (hls_container((struct hls_writer *)writer, node, node->result, &container) == 0 && container.width > widest)
        widest = container.width;
    for (size_t i = 0; i < hls_elements(writer, node->result); i++) {
        int width = graph_format(writer->graph, node->result, i).width;
        if (width > widest) widest = width;
    }
    return widest + 2;
}

int hls_emit_narrow(struct hls_writer *writer, const struct node *node) {
    enum rounding rounding = node->attributes.quantizer.rounding;
    const char *overflow = overflow_codes[node->attributes.quantizer.overflow], *x = hls_operand(writer, node, 0);
    size_t count = hls_elements(writer, node->result);
    struct format format = graph_format(writer->graph, node->result, 0);
    if (uniform(writer, node) && rounding != ROUND_CEILING && rounding != ROUND_AWAY_FROM_ZERO)
        return hls_call(writer, node, "bxc_narrow",
                        arena_printf(writer->arena, "%zu, bxc_%sfixed<%d, %d, %s, %s>", count,
                                     format.is_signed ? "" : "u", format.width, format.width - format.fraction,
                                     rounding_codes[rounding], overflow),
                        arena_printf(writer->arena, "%s, y", x));
    const char *formats = print_formats(writer, node);
    return hls_call(writer, node, "bxc_narrow_elements",
                    arena_printf(writer->arena, "%zu, %d, %s, %s", count, work_bits(writer, node),
                                 rounding_codes[rounding], overflow),
                    arena_printf(writer->arena, "%s, %s, y", x, formats));
}
