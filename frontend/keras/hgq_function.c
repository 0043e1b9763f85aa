/* HGQ2's functions of one quantised number, which hardware looks up, and a quantiser as a layer of its own. */
#include "frontend/keras/hgq.h"

valref hgq_read_quantizer(struct keras_reader *reader, struct keras_layer *layer) {
    const struct hgq_site site = {
        .name = "quantizer", .conf = keras_member(layer->config, "config"), .folder = layer->place.group};
    if (!site.conf) return keras_refuse(reader, layer, "config", NULL, "it says nothing of its formats");
    return hgq_quantize(reader, layer, &site, layer->inputs[0]);
}

valref hgq_read_unary_function(struct keras_reader *reader, struct keras_layer *layer) {
    if (hgq_inputs(reader, layer) < 0) return NO_VALUE;
    return hgq_activated(reader, layer, layer->inputs[0]);
}

/* The function of x * scale + bias, both trained. */
valref hgq_read_affined_unary_function(struct keras_reader *reader, struct keras_layer *layer) {
    static const char *const names[] = {"scale", "bias"};
    struct keras_variables variables;
    if (hgq_variables(reader, layer, names, 2, &variables) < 0 || hgq_inputs(reader, layer) < 0) return NO_VALUE;
    valref value = layer->inputs[0];
    for (int i = 0; i < 2; i++) {
        if (!keras_is_vector(&variables.at[i], 1))
            return keras_refuse(reader, layer, NULL, NULL, "its %s is not one number", names[i]);
        const valref operands[2] = {
            value, layer_reals(&layer->nodes, names[i], variables.at[i].shape, variables.at[i].values)};
        value = layer_node(&layer->nodes, i ? OP_ADD : OP_MUL, i ? "shifted" : "scaled", operands, 2, NULL);
    }
    return hgq_activated(reader, layer, value);
}
