/* Nodes of a layer: their names, and what inference says of them in the model's words. */
#include "frontend/layers/layers.h"

#include <stdarg.h>

static struct location location_of(const struct layer *layer) {
    return (struct location){
        .file = layer->graph->source, .node = layer->name, .op = layer->source_op, .opset = layer->graph->opset};
}

valref layer_refuse(const struct layer *layer, const char *help, const char *format, ...) {
    struct strbuf text = strbuf_new(layer->arena);
    va_list arguments;
    va_start(arguments, format);
    strbuf_vprintf(&text, format, arguments);
    va_end(arguments);
    diag_error(&layer->graph->context->diagnostics, location_of(layer), help, "%s", text.data);
    return NO_VALUE;
}

static const char *part_name(const struct layer *layer, const char *part) {
    if (!part) return layer->name;
    const char *name = arena_printf(layer->arena, "%s.%s", layer->name, part);
    return layer->unique ? layer->unique(layer->reader, name) : name;
}

/* What inference says names its own operator; people know the model's. */
static void use_model_words(const struct layer *layer, size_t first) {
    struct diagnostics *told = &layer->graph->context->diagnostics;
    for (size_t i = first; layer->source_op && i < told->count; i++)
        told->items[i].location.op = arena_strdup(told->arena, layer->source_op);
}

valref layer_node(const struct layer *layer, enum op op, const char *part, const valref *inputs, uint32_t input_count,
                  const union attributes *attributes) {
    for (uint32_t i = 0; i < input_count; i++)
        if (valref_equal(inputs[i], NO_VALUE)) return NO_VALUE;
    size_t told = layer->graph->context->diagnostics.count;
    valref value = graph_append(layer->graph, op, part_name(layer, part), inputs, input_count, attributes);
    if (valref_equal(value, NO_VALUE))
        use_model_words(layer, told);
    else
        graph_definition(layer->graph, value)->source_op = arena_strdup(layer->graph->arena, layer->source_op);
    return value;
}

valref layer_reals(const struct layer *layer, const char *part, struct shape shape, const float *reals) {
    return graph_append_reals(layer->graph, part_name(layer, part), shape, reals);
}

const struct shape *layer_shape(const struct layer *layer, valref value) {
    return &graph_value(layer->graph, value)->shape;
}

valref layer_reshape(const struct layer *layer, const char *part, valref value, struct shape shape) {
    if (valref_equal(value, NO_VALUE) || shape_equal(layer_shape(layer, value), &shape)) return value;
    return layer_node(layer, OP_RESHAPE, part, &value, 1, &(union attributes){.reshape = {.shape = shape}});
}

valref layer_transpose(const struct layer *layer, const char *part, valref value, const int *permutation) {
    if (valref_equal(value, NO_VALUE)) return value;
    union attributes attributes = {.transpose = {{0}}};
    bool moved = false;
    for (int axis = 0; axis < layer_shape(layer, value)->rank; axis++) {
        attributes.transpose.permutation[axis] = permutation[axis];
        moved |= permutation[axis] != axis;
    }
    return moved ? layer_node(layer, OP_TRANSPOSE, part, &value, 1, &attributes) : value;
}
