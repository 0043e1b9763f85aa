/* HLS C++ for inputs, outputs and constants. Ports are as wide as those of the Verilog: where the elements of one
 * have different fractions, it carries their stored integers, and the top brings them into one format inside. */
#include "codegen/hls/hls.h"

const struct port_layout *hls_port_layout(const struct hls_writer *writer, uint32_t index) {
    const struct layout *layout = writer->layout;
    return index < layout->input_count ? &layout->inputs[index] : &layout->outputs[index - layout->input_count];
}

uint32_t hls_port_count(const struct hls_writer *writer) {
    return writer->layout->input_count + writer->layout->output_count;
}

/* The narrowest that holds every element, at their common fraction or as integers. */
static struct format port_format(const struct port_layout *layout, bool *integers) {
    struct hls_grid grid = {0};
    struct format out = {.width = 1};
    for (uint32_t i = 0; i < layout->elements; i++) {
        struct format format = layout->format[i];
        if (format.width > 0) hls_grid_add(&grid, format.fraction);
        out.is_signed |= format.width > 0 && format.is_signed;
    }
    for (uint32_t i = 0; i < layout->elements; i++) {
        int width =
            layout->format[i].width + (layout->format[i].width > 0 && out.is_signed && !layout->format[i].is_signed);
        if (width > out.width) out.width = (int16_t)width;
    }
    *integers = grid.finest != grid.coarsest;
    out.fraction = (int16_t)(*integers ? 0 : grid.finest);
    return out;
}

static void plan_port(struct hls_writer *writer, uint32_t index) {
    const struct port_layout *layout = hls_port_layout(writer, index);
    struct format container = writer->containers[layout->value.id];
    int64_t *shift = ARENA_ARRAY(writer->arena, int64_t, layout->elements);
    bool shifted = false;
    for (uint32_t i = 0; i < layout->elements; i++) {
        shift[i] = layout->format[i].width <= 0 ? 0 : container.fraction - layout->format[i].fraction;
        shifted |= shift[i] != 0;
    }
    struct hls_port *port = &writer->ports[index];
    port->name = layout->name;
    port->type = arena_printf(writer->arena, "%s_%s_t", writer->emission->name, layout->name);
    port->format = port_format(layout, &port->integers);
    if (shifted) port->shift = hls_integers(writer, layout->name, "shift", shift, layout->elements);
}

void hls_plan_outputs(struct hls_writer *writer) {
    for (uint32_t i = writer->layout->input_count; i < hls_port_count(writer); i++) plan_port(writer, i);
}

int hls_emit_constant(struct hls_writer *writer, const struct node *node) {
    const int64_t *values = graph_integers(writer->graph, node->result);
    if (!values || graph_value(writer->graph, node->result)->kind != VALUE_INTEGER) return 0;
    return hls_container(writer, node, node->result, &writer->containers[node->result.id]);
}

/* The array that layers read: the port itself, or what its stored integers become. */
static void enter(struct hls_writer *writer, const struct hls_port *port, valref value) {
    size_t count = hls_elements(writer, value);
    const char *name = port->name, *type = port->type;
    if (port->shift) {
        name = names_unique(writer->names, arena_printf(writer->arena, "v_%s", port->name));
        type = names_unique(writer->names, arena_printf(writer->arena, "type_%s", port->name));
        strbuf_printf(&writer->layers, "\ntypedef %s %s;\n", hls_type(writer->arena, writer->containers[value.id]),
                      type);
        strbuf_printf(
            &writer->top,
            "\n    %s %s[%zu];\n#pragma HLS ARRAY_PARTITION variable=%s complete\n    bxc_enter<%zu>(%s, %s, %s);\n",
            type, name, count, name, count, port->name, port->shift, name);
    }
    writer->value_names[value.id] = name;
    writer->type_names[value.id] = type;
}

int hls_emit_input(struct hls_writer *writer, const struct node *node) {
    if (hls_container(writer, node, node->result, &writer->containers[node->result.id])) return -1;
    for (uint32_t i = 0; i < writer->layout->input_count; i++) {
        if (!valref_equal(writer->layout->inputs[i].value, node->result)) continue;
        plan_port(writer, i);
        enter(writer, &writer->ports[i], node->result);
    }
    return 0;
}
