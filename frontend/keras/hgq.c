/* What HGQ2's layers have in common: constants and values behind the layer's own quantisers. */
#include "frontend/keras/keras.h"

#include <string.h>

int hgq_constant(struct keras_reader *reader, const struct keras_layer *layer, const char *name,
                 struct keras_variable *variable) {
    struct keras_quantizer quantizer;
    struct shape out;
    if (keras_quantizer_read(reader, layer, name, -1, &quantizer) < 0) return -1;
    if (!shape_broadcast(&variable->shape, &quantizer.shape, &out) || !shape_equal(&out, &variable->shape))
        return keras_error(reader, layer, name, NULL, "the quantiser's shape does not fit its weights");
    keras_quantize_constant(&quantizer, &variable->shape, variable->values);
    return 0;
}

static valref quantize_value(struct keras_reader *reader, const struct keras_layer *layer, const char *name, int number,
                             valref value) {
    struct keras_quantizer quantizer;
    struct shape out;
    if (keras_quantizer_read(reader, layer, name, number, &quantizer) < 0) return NO_VALUE;
    if (number >= 0) name = arena_printf(reader->arena, "%s_%d", name, number);
    const struct shape *shape = &graph_value(reader->graph, value)->shape;
    if (!shape_broadcast(shape, &quantizer.shape, &out) || !shape_equal(&out, shape)) {
        keras_error(reader, layer, name, NULL, "the quantiser's shape does not fit its input");
        return NO_VALUE;
    }
    return keras_quantize_value(reader, layer, name, &quantizer, value);
}

/* Whether each input has a quantiser of its own. */
static bool has_several_inputs(const struct keras_layer *layer) {
    return layer->known->inputs_max > 1;
}

valref hgq_input(struct keras_reader *reader, const struct keras_layer *layer, int number) {
    if (!keras_flag(layer->config, "enable_iq", true)) return layer->inputs[number];
    bool each = has_several_inputs(layer);
    return quantize_value(reader, layer, "iq", each ? number : -1, layer->inputs[number]);
}

valref hgq_output(struct keras_reader *reader, const struct keras_layer *layer, valref value) {
    if (valref_equal(value, NO_VALUE) || !keras_flag(layer->config, "enable_oq", false)) return value;
    return quantize_value(reader, layer, "oq", -1, value);
}
