/* What the public interface says of the values of a graph: names, shapes, formats. */
#include "driver/library.h"
#include "ir/ops.h"

static const struct bxc_format *formats_of(const struct graph *graph, valref value, size_t elements,
                                           struct arena *arena) {
    if (graph_value(graph, value)->kind != VALUE_INTEGER) return NULL;
    struct bxc_format *formats = ARENA_ARRAY(arena, struct bxc_format, elements + 1);
    for (size_t e = 0; e < elements; e++) {
        struct format format = graph_format(graph, value, e);
        formats[e] = (struct bxc_format){format.is_signed, format.width, format.fraction};
    }
    return formats;
}

static struct bxc_tensor tensor_of(const struct graph *graph, valref value, const char *name, struct arena *arena) {
    const struct shape *shape = &graph_value(graph, value)->shape;
    size_t elements = shape_elements(shape);
    return (struct bxc_tensor){.name = arena_strdup(arena, name),
                               .rank = shape->rank,
                               .elements = elements,
                               .shape = arena_copy(arena, shape->dim, sizeof shape->dim),
                               .formats = formats_of(graph, value, elements, arena)};
}

struct tensors tensors_of_inputs(const struct graph *graph, struct arena *arena) {
    const struct value_list inputs = graph_inputs(graph, arena);
    struct tensors tensors = {inputs.count, ARENA_ARRAY(arena, struct bxc_tensor, inputs.count + 1)};
    for (uint32_t i = 0; i < inputs.count; i++)
        tensors.at[i] = tensor_of(graph, inputs.at[i], graph_definition(graph, inputs.at[i])->name, arena);
    return tensors;
}

struct tensors tensors_of_outputs(const struct graph *graph, struct arena *arena) {
    struct tensors tensors = {graph->output_count, ARENA_ARRAY(arena, struct bxc_tensor, graph->output_count + 1)};
    for (uint32_t o = 0; o < graph->output_count; o++)
        tensors.at[o] = tensor_of(graph, graph->outputs[o].value, graph->outputs[o].name, arena);
    return tensors;
}

struct tensors tensors_of_layers(const struct graph *graph, struct arena *arena) {
    struct tensors tensors = {0, ARENA_ARRAY(arena, struct bxc_tensor, graph->value_count + 1)};
    for (uint32_t v = 0; v < graph->value_count; v++)
        if (value_is_probed(graph, (valref){v}))
            tensors.at[tensors.count++] = tensor_of(graph, (valref){v}, value_label(graph, (valref){v}, arena), arena);
    return tensors;
}
