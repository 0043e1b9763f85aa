/* interface.json: how the firmware is wired, for whoever connects it. Ports, elements, offsets, widths,
 * signs, fractions and the model's own names; clock, latency and the registers at the boundary.
 */
#include "codegen/codegen.h"

#include <cjson/cJSON.h>
#include <string.h>

static void release(void *json) {
    cJSON_Delete(json);
}

/* cJSON gives NULL where memory is out. */
static cJSON *checked(const struct emission *emission, cJSON *json) {
    if (!json) context_out_of_memory(emission->context);
    return json;
}

static void add_shape(const struct emission *emission, cJSON *json, const struct shape *shape) {
    cJSON *array = checked(emission, cJSON_AddArrayToObject(json, "shape"));
    for (int axis = 0; axis < shape->rank; axis++)
        cJSON_AddItemToArray(array, checked(emission, cJSON_CreateNumber((double)shape->dim[axis])));
}

static void add_element(const struct emission *emission, cJSON *array, const struct port_layout *port, uint32_t e) {
    cJSON *json = checked(emission, cJSON_CreateObject());
    struct format format = port->format[e];
    cJSON_AddItemToArray(array, json);
    cJSON_AddNumberToObject(json, "index", e);
    if (port->beats > 1) cJSON_AddNumberToObject(json, "beat", port->beat[e]);
    cJSON_AddNumberToObject(json, "offset", port->offset[e]);
    if (port->beats > 1) { /* the port's bits; the element's own are the low ones */
        cJSON_AddNumberToObject(json, "slot_width", port->slot_format[port->slot[e]].width);
        cJSON_AddBoolToObject(json, "slot_signed", port->slot_format[port->slot[e]].is_signed);
    }
    cJSON_AddNumberToObject(json, "width", format.width);
    cJSON_AddBoolToObject(json, "signed", format.is_signed);
    cJSON_AddNumberToObject(json, "fraction", format.fraction);
    if (port->meaning) {
        double zero_point = 0;
        const struct shape *shape = &graph_value(emission->graph, port->value)->shape;
        cJSON_AddNumberToObject(json, "scale", meaning_scale(port->meaning, shape, e, &zero_point));
        cJSON_AddNumberToObject(json, "zero_point", zero_point);
    }
}

/* Constants one an element, whatever they spread over. */
static void add_step(const struct emission *emission, cJSON *steps, const struct port_layout *port,
                     const struct port_step *step) {
    const struct shape *shape = &graph_value(emission->graph, port->value)->shape;
    cJSON *json = checked(emission, cJSON_CreateObject());
    cJSON_AddItemToArray(steps, json);
    cJSON_AddStringToObject(json, "operation", port_operation_names[step->operation]);
    cJSON *constants = checked(emission, cJSON_AddArrayToObject(json, "constants"));
    for (uint32_t e = 0; e < port->elements; e++) {
        double constant = (double)step->constants[shape_project(shape, e, &step->shape)];
        cJSON_AddItemToArray(constants, checked(emission, cJSON_CreateNumber(constant)));
    }
}

static void add_port(const struct emission *emission, cJSON *ports, const struct port_layout *port,
                     const struct node *input) {
    cJSON *json = checked(emission, cJSON_CreateObject());
    cJSON_AddItemToArray(ports, json);
    cJSON_AddStringToObject(json, "name", port->name);
    cJSON_AddStringToObject(json, "original", port->original);
    cJSON_AddStringToObject(json, "direction", input ? "input" : "output");
    cJSON_AddNumberToObject(json, "width", port->width);
    if (port->beats > 1) cJSON_AddNumberToObject(json, "beats", port->beats);
    add_shape(emission, json, &graph_value(emission->graph, port->value)->shape);
    if (input) {
        cJSON_AddStringToObject(json, "rounding", rounding_names[input->attributes.input.rounding]);
        cJSON_AddStringToObject(json, "overflow", overflow_names[input->attributes.input.overflow]);
    }
    cJSON *steps = port->steps ? checked(emission, cJSON_AddArrayToObject(json, "steps")) : NULL;
    for (uint32_t s = 0; steps && s < port->steps->count; s++) add_step(emission, steps, port, &port->steps->at[s]);
    cJSON *elements = checked(emission, cJSON_AddArrayToObject(json, "elements"));
    for (uint32_t e = 0; e < port->elements; e++) add_element(emission, elements, port, e);
}

static void add_ports(const struct emission *emission, struct arena *arena, cJSON *json) {
    const struct graph *graph = emission->graph;
    const struct layout *layout = layout_of_design(emission->design, arena);
    cJSON *ports = checked(emission, cJSON_AddArrayToObject(json, "ports"));
    for (uint32_t i = 0; i < layout->input_count; i++)
        add_port(emission, ports, &layout->inputs[i], graph_definition(graph, layout->inputs[i].value));
    for (uint32_t i = 0; i < layout->output_count; i++) add_port(emission, ports, &layout->outputs[i], NULL);
}

static void add_timing(const struct emission *emission, cJSON *json) {
    const struct design *design = emission->design;
    cJSON_AddNumberToObject(json, "latency", design->latency);
    cJSON_AddNumberToObject(json, "initiation_interval", design->interval);
    cJSON *registers = checked(emission, cJSON_AddObjectToObject(json, "boundary_registers"));
    cJSON_AddBoolToObject(registers, "input", design->input_registers);
    cJSON_AddBoolToObject(registers, "output", design->output_registers);
    cJSON_AddNumberToObject(json, "clock_period_ns", emission->clock_ps / 1000.0);
    if (emission->part_code) cJSON_AddStringToObject(json, "part", emission->part_code);
}

int interface_emit(const struct emission *emission) {
    static const char *const wires[][2] = {
        {"clock", "clk"}, {"reset", "rst"}, {"in_valid", "in_valid"}, {"out_valid", "out_valid"}};
    if (!emission->design) context_bug(emission->context, "interface.json needs a design");
    struct arena *arena = arena_new(emission->context);
    cJSON *json = checked(emission, cJSON_CreateObject());
    arena_defer(arena, release, json);
    cJSON_AddStringToObject(json, "name", emission->name);
    cJSON_AddStringToObject(json, "content_hash", emission->content_hash);
    for (size_t i = 0; i < sizeof wires / sizeof wires[0]; i++) cJSON_AddStringToObject(json, wires[i][0], wires[i][1]);
    add_timing(emission, json);
    add_ports(emission, arena, json);
    char *text = cJSON_Print(json);
    if (!text) context_out_of_memory(emission->context);
    arena_defer(arena, cJSON_free, text);
    file_set_add(emission->files, "interface.json", arena_printf(arena, "%s\n", text), strlen(text) + 1);
    arena_free(arena);
    return 0;
}
