/* Flat ports: element 0 in the low bits, each element at its own width, no padding. The one place that
 * decides names and offsets, which every language and interface.json then share.
 */
#include "codegen/codegen.h"

const char *const layout_own_names[] = {"clk", "rst", "in_valid", "out_valid", "valid", "unused", "content_hash", NULL};

static void lay_out(const struct graph *graph, struct arena *arena, struct port_layout *port) {
    const struct value *value = graph_value(graph, port->value);
    size_t elements = shape_elements(&value->shape);
    uint64_t width = 0;
    if (elements > UINT32_MAX / 64) context_bug(graph->context, "port '%s' has too many elements", port->name);
    port->elements = (uint32_t)elements;
    port->offset = ARENA_ARRAY(arena, uint32_t, elements);
    port->format = ARENA_ARRAY(arena, struct format, elements);
    for (size_t e = 0; e < elements; e++) {
        port->format[e] = graph_format(graph, port->value, e);
        port->offset[e] = (uint32_t)width;
        width += (uint64_t)port->format[e].width;
    }
    port->width = width ? (uint32_t)width : 1;
    port->beats = 1;
    port->slots = port->elements;
    port->slot_offset = port->offset;
    port->slot_format = port->format;
    port->beat = ARENA_ARRAY(arena, uint32_t, elements);
    port->slot = ARENA_ARRAY(arena, uint32_t, elements);
    for (uint32_t e = 0; e < elements; e++) port->slot[e] = e;
}

/* Every element in its slot: the narrowest format that holds them all as integers. */
static void lay_out_slots(struct arena *arena, struct port_layout *port, const struct port *given) {
    uint64_t width = 0;
    port->beats = given->beats;
    port->slots = given->slots;
    port->slot_offset = ARENA_ARRAY(arena, uint32_t, given->slots);
    port->slot_format = ARENA_ARRAY(arena, struct format, given->slots);
    for (uint32_t e = 0; e < port->elements; e++) {
        struct format *slot = &port->slot_format[given->elements[e].slot];
        int fraction = slot->width ? slot->fraction : port->format[e].fraction;
        *slot = format_for(interval_join(format_interval(*slot), format_interval(port->format[e])), fraction);
        port->slot[e] = given->elements[e].slot;
        port->beat[e] = given->elements[e].beat;
    }
    for (uint32_t s = 0; s < given->slots; s++) {
        port->slot_offset[s] = (uint32_t)width;
        width += (uint64_t)port->slot_format[s].width;
    }
    for (uint32_t e = 0; e < port->elements; e++) port->offset[e] = port->slot_offset[port->slot[e]];
    port->width = width ? (uint32_t)width : 1;
}

struct layout *layout_of_design(const struct design *design, struct arena *arena) {
    struct layout *layout = layout_new(design->graph, arena);
    for (uint32_t i = 0; i < layout->input_count; i++)
        if (design->inputs[i].beats > 1) lay_out_slots(arena, &layout->inputs[i], &design->inputs[i]);
    return layout;
}

static struct port_layout named_port(struct names *scope, const char *original, valref value,
                                     const struct meaning *meaning) {
    return (struct port_layout){.name = names_unique(scope, original),
                                .original = original,
                                .value = value,
                                .meaning = meaning->scale ? meaning : NULL};
}

struct layout *layout_new(const struct graph *graph, struct arena *arena) {
    struct layout *layout = ARENA_NEW(arena, struct layout);
    struct names *scope = names_new(arena);
    for (int i = 0; layout_own_names[i]; i++) names_unique(scope, layout_own_names[i]);
    names_unique(scope, graph->name); /* the module's */

    const struct value_list inputs = graph_inputs(graph, arena);
    layout->input_count = inputs.count;
    layout->inputs = ARENA_ARRAY(arena, struct port_layout, layout->input_count);
    for (uint32_t i = 0; i < layout->input_count; i++) {
        const struct node *node = graph_definition(graph, inputs.at[i]);
        const struct input_attributes *input = &node->attributes.input;
        layout->inputs[i] = named_port(scope, node->name, inputs.at[i], &input->meaning);
        layout->inputs[i].steps = input->steps.count ? &input->steps : NULL;
        lay_out(graph, arena, &layout->inputs[i]);
    }
    layout->output_count = graph->output_count;
    layout->outputs = ARENA_ARRAY(arena, struct port_layout, layout->output_count);
    for (uint32_t i = 0; i < layout->output_count; i++) {
        const struct graph_output *output = &graph->outputs[i];
        layout->outputs[i] = named_port(scope, output->name, output->value, &output->meaning);
        lay_out(graph, arena, &layout->outputs[i]);
    }
    return layout;
}

const char *format_range(struct arena *arena, const struct format *format, size_t count) {
    bool same = true;
    int least = 64, most = 0;
    for (size_t i = 0; i < count; i++) {
        same = same && format_equal(format[0], format[i]);
        least = format[i].width < least ? format[i].width : least;
        most = format[i].width > most ? format[i].width : most;
    }
    struct strbuf out = strbuf_new(arena);
    if (same && count)
        format_print(&out, format[0]);
    else if (least == most)
        strbuf_printf(&out, "%d bits, each with its own f", most);
    else
        strbuf_printf(&out, "%d to %d bits", least, most);
    return out.data;
}
