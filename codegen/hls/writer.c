/* What the emitters of HLS C++ share: containers, names, constant arrays, functions. */
#include <string.h>

#include "codegen/hls/hls.h"

size_t hls_elements(const struct hls_writer *writer, valref value) {
    return shape_elements(hls_shape(writer, value));
}

const struct shape *hls_shape(const struct hls_writer *writer, valref value) {
    return &graph_value(writer->graph, value)->shape;
}

static int refuse_container(struct hls_writer *writer, const struct node *node, int width) {
    return diag_error(&writer->graph->context->diagnostics, graph_location(writer->graph, node),
                      "give its elements nearer formats",
                      "the elements need %d bits in one array of HLS C++, which has %d", width, HLS_ARRAY_BITS);
}

void hls_grid_add(struct hls_grid *grid, int fraction) {
    grid->finest = !grid->any || fraction > grid->finest ? fraction : grid->finest;
    grid->coarsest = !grid->any || fraction < grid->coarsest ? fraction : grid->coarsest;
    grid->any = true;
}

/* Elements that are always 0 have no say. */
static void add_format(struct hls_grid *grid, struct format format) {
    if (format.width > 0) hls_grid_add(grid, format.fraction);
}

/* Of the operands of a sum, element by element. */
static void add_operands(const struct hls_writer *writer, const struct node *node, struct hls_grid *grid) {
    for (size_t element = 0; element < hls_elements(writer, node->result); element++) {
        if (graph_format(writer->graph, node->result, element).width > 0) continue;
        for (uint32_t i = 0; i < 2; i++)
            add_format(grid, graph_format(writer->graph, node->inputs[i],
                                          shape_project(hls_shape(writer, node->result), element,
                                                        hls_shape(writer, node->inputs[i]))));
    }
}

/* Sums that are always 0 end there only where none of their terms lost a digit on the way. */
static void add_terms(const struct hls_writer *writer, const struct node *node, struct hls_grid *grid) {
    if (node->op == OP_ADD || node->op == OP_SUB) add_operands(writer, node, grid);
    for (size_t i = 0; node->op == OP_REDUCE_SUM && i < hls_elements(writer, node->inputs[0]); i++)
        add_format(grid, graph_format(writer->graph, node->inputs[0], i));
    if (node->op == OP_MATMUL) hls_grid_add_products(writer, node, grid);
}

static struct interval reach(const struct hls_writer *writer, valref value, int fraction) {
    struct interval all = {0, 0};
    for (size_t i = 0; i < hls_elements(writer, value); i++) {
        struct format format = graph_format(writer->graph, value, i);
        if (format.width <= 0) continue;
        int128 scale = (int128)1 << (fraction - format.fraction);
        struct interval own = format_interval(format);
        all = interval_join(all, (struct interval){own.lo * scale, own.hi * scale}); /* widest() was asked before */
    }
    return all;
}

/* Bits of the widest element on the grid. */
static int widest(const struct hls_writer *writer, valref value, int fraction) {
    int bits = 1;
    for (size_t i = 0; i < hls_elements(writer, value); i++) {
        struct format format = graph_format(writer->graph, value, i);
        int own = format.width <= 0 ? 0 : format.width + fraction - format.fraction;
        if (own > bits) bits = own;
    }
    return bits;
}

int hls_container(struct hls_writer *writer, const struct node *node, valref value, struct format *out) {
    struct hls_grid grid = {0};
    bool has_zero = false;
    for (size_t i = 0; i < hls_elements(writer, value); i++) {
        struct format format = graph_format(writer->graph, value, i);
        add_format(&grid, format);
        has_zero |= format.width <= 0;
    }
    if (has_zero) add_terms(writer, node, &grid);
    int bits = widest(writer, value, grid.finest);
    if (bits > HLS_ARRAY_BITS) return refuse_container(writer, node, bits);
    *out = format_for(reach(writer, value, grid.finest), grid.finest);
    out->width = (int16_t)(out->width < 1 ? 1 : out->width);
    if (out->width < 64 || (out->is_signed && out->width == 64)) return 0;
    out->width = (int16_t)(out->is_signed ? out->width : out->width + 1); /* bxc_raw gives a signed word */
    out->is_signed = true;
    return 0;
}

int hls_product_bits(const struct hls_writer *writer, const struct node *node) {
    return writer->containers[node->inputs[0].id].width + writer->containers[node->inputs[1].id].width;
}

const char *hls_type(struct arena *arena, struct format format) {
    return arena_printf(arena, "bxc_%sfixed<%d, %d>", format.is_signed ? "" : "u", format.width,
                        format.width - format.fraction);
}

int128 hls_in_container(const struct hls_writer *writer, valref value, size_t element, struct format container,
                        int64_t m) {
    int shift = container.fraction - graph_format(writer->graph, value, element).fraction;
    return m == 0 ? 0 : m * ((int128)1 << shift);
}

/* ---- constants ---- */

/* m * 2^-fraction in decimal digits, exactly, for magnitudes below 2^53; else NULL. */
static const char *decimal(struct arena *arena, int128 wide, int fraction) {
    int64_t m = (int64_t)wide;
    if (m != wide) return NULL;
    if (m == 0) return "0";
    if (m >= INT64_C(1) << 53 || m <= -(INT64_C(1) << 53) || fraction > 900 || fraction < -900) return NULL;
    for (; fraction > 0 && m % 2 == 0; fraction--) m /= 2;
    if (fraction > 60 || fraction < -9) return real_text(arena, "%.17g", fixed_to_real(m, fraction));
    return real_text(arena, "%.*f", fraction > 0 ? fraction : 0, fixed_to_real(m, fraction));
}

static const char *number(struct arena *arena, const char *type, int128 m, int fraction) {
    const char *text = decimal(arena, m, fraction);
    int zeros = 0;
    if (text) return text;
    for (; m != (int64_t)m; zeros++) m /= 2;
    if (zeros)
        return arena_printf(arena, "bxc_from_wide_raw<%s>(bxc_left(bxc_integer(%lldLL), %d))", type, (long long)m,
                            zeros);
    if (m == INT64_MIN) return arena_printf(arena, "bxc_from_raw<%s>(-9223372036854775807LL - 1)", type);
    return arena_printf(arena, "bxc_from_raw<%s>(%lldLL)", type, (long long)m);
}

static void print_list(struct strbuf *out, size_t *column, const char *text) {
    if (*column + strlen(text) > 110) {
        strbuf_append(out, "\n   ");
        *column = 3;
    }
    strbuf_printf(out, " %s,", text);
    *column += strlen(text) + 2;
}

const char *hls_numbers(struct hls_writer *writer, const struct node *node, const char *what, struct format type,
                        const int128 *values, size_t count) {
    const char *name =
        names_unique(writer->names, arena_printf(writer->arena, *what ? "c_%s_%s" : "c_%s", node->name, what));
    const char *type_name = names_unique(writer->names, arena_printf(writer->arena, "type_%s", name));
    size_t column = 1000;
    strbuf_printf(&writer->weights, "\ntypedef %s %s;\nstatic const %s %s[%zu] = {", hls_type(writer->arena, type),
                  type_name, type_name, name, count ? count : 1);
    for (size_t i = 0; i < count; i++)
        print_list(&writer->weights, &column, number(writer->arena, type_name, values[i], type.fraction));
    strbuf_append(&writer->weights, count ? "\n};\n" : " 0 };\n");
    return name;
}

const char *hls_integers(struct hls_writer *writer, const char *owner, const char *what, const int64_t *values,
                         size_t count) {
    const char *name = names_unique(writer->names, arena_printf(writer->arena, "c_%s_%s", owner, what));
    size_t column = 1000;
    strbuf_printf(&writer->weights, "\nstatic const int %s[%zu] = {", name, count ? count : 1);
    for (size_t i = 0; i < count; i++)
        print_list(&writer->weights, &column, arena_printf(writer->arena, "%lld", (long long)values[i]));
    strbuf_append(&writer->weights, count ? "\n};\n" : " 0 };\n");
    return name;
}

const char *hls_name(struct hls_writer *writer, valref value) {
    const char **name = &writer->value_names[value.id];
    const int64_t *integers = graph_integers(writer->graph, value);
    if (*name || !integers) return *name;
    size_t count = hls_elements(writer, value);
    int128 *aligned = ARENA_ARRAY(writer->arena, int128, count);
    struct format container = writer->containers[value.id];
    for (size_t i = 0; i < count; i++) aligned[i] = hls_in_container(writer, value, i, container, integers[i]);
    *name = hls_numbers(writer, graph_definition(writer->graph, value), "", container, aligned, count);
    return *name;
}

/* ---- functions ---- */

const char *hls_operand(struct hls_writer *writer, const struct node *node, uint32_t input) {
    if (graph_integers(writer->graph, node->inputs[input])) return hls_name(writer, node->inputs[input]);
    if (node->input_count == 1) return "x";
    return node->input_count == 2 ? (input ? "b" : "a") : arena_printf(writer->arena, "x%u", input);
}

void hls_each_variable(struct hls_writer *writer, const struct node *node, struct strbuf *out, bool parameters) {
    for (uint32_t i = 0; i < node->input_count; i++) {
        valref value = node->inputs[i];
        if (graph_integers(writer->graph, value)) continue;
        if (parameters)
            strbuf_printf(out, "const %s %s[%zu], ", writer->type_names[value.id], hls_operand(writer, node, i),
                          hls_elements(writer, value));
        else
            strbuf_printf(out, "%s, ", hls_name(writer, value));
    }
}

int hls_declare(struct hls_writer *writer, const struct node *node, valref value, const char *name) {
    struct format container;
    if (hls_container(writer, node, value, &container)) return -1;
    writer->containers[value.id] = container;
    writer->value_names[value.id] = names_unique(writer->names, arena_printf(writer->arena, "v_%s", name));
    writer->type_names[value.id] = names_unique(writer->names, arena_printf(writer->arena, "type_%s", name));
    strbuf_printf(&writer->layers, "\ntypedef %s %s;\n", hls_type(writer->arena, container),
                  writer->type_names[value.id]);
    return 0;
}

int hls_open(struct hls_writer *writer, const struct node *node) {
    uint32_t id = node->result.id;
    size_t count = hls_elements(writer, node->result);
    const char *function = names_unique(writer->names, arena_printf(writer->arena, "layer_%s", node->name));
    if (hls_declare(writer, node, node->result, node->name)) return -1;
    strbuf_printf(&writer->layers, "static void %s(", function);
    hls_each_variable(writer, node, &writer->layers, true);
    strbuf_printf(&writer->layers, "%s y[%zu]) {\n", writer->type_names[id], count);
    strbuf_printf(&writer->top, "\n    %s %s[%zu];\n#pragma HLS ARRAY_PARTITION variable=%s complete\n    %s(",
                  writer->type_names[id], writer->value_names[id], count, writer->value_names[id], function);
    hls_each_variable(writer, node, &writer->top, false);
    strbuf_printf(&writer->top, "%s);\n", writer->value_names[id]);
    return 0;
}

void hls_close(struct hls_writer *writer) {
    strbuf_append(&writer->layers, "}\n");
}

int hls_call(struct hls_writer *writer, const struct node *node, const char *function, const char *parameters,
             const char *arrays) {
    if (hls_open(writer, node)) return -1;
    strbuf_printf(&writer->layers, "    %s<%s>(%s);\n", function, parameters, arrays);
    hls_close(writer);
    return 0;
}
