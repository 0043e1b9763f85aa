/* HGQ2's softmax: an exponential and a reciprocal, each between two quantisers of its own, and their product. */
#include "frontend/keras/hgq.h"

/* One axis or several, as bits. -1 and a diagnosis. */
static int read_axes(struct keras_reader *reader, const struct keras_layer *layer, unsigned *set) {
    int64_t axes[SHAPE_RANK_MAX];
    const char *key = keras_member(layer->config, "axes") ? "axes" : "axis";
    int count = keras_integers(reader, layer, key, axes, SHAPE_RANK_MAX);
    if (count < 0) return -1;
    if (count == 0) axes[count++] = -1;
    *set = 0;
    for (int i = 0; i < count; i++) {
        int axis = keras_axis(reader, layer, key, (double)axes[i], keras_shape(layer, 0)->rank);
        if (axis < 0) return -1;
        *set |= 1u << axis;
    }
    return 0;
}

/* Over the axes, which stay as 1; the last one first. */
static valref reduce(const struct keras_layer *layer, enum op op, const char *part, valref value, unsigned axes) {
    for (int axis = SHAPE_RANK_MAX - 1; axis > 0; axis--) {
        if (!(axes >> axis & 1)) continue;
        const union attributes attributes = {.axis = {.axis = axis, .keep_dimensions = true}};
        value = layer_node(&layer->nodes, op, arena_printf(layer->nodes.arena, "%s_%d", part, axis), &value, 1,
                           &attributes);
    }
    return value;
}

static valref both(const struct keras_layer *layer, enum op op, const char *part, valref a, valref b) {
    return layer_node(&layer->nodes, op, part, (const valref[]){a, b}, 2, NULL);
}

static valref number(const struct keras_layer *layer, const char *part, float value) {
    return layer_reals(&layer->nodes, part, (struct shape){0}, &value);
}

static valref quantised(struct keras_reader *reader, const struct keras_layer *layer, const char *name,
                        const char *folder, const char *member, valref value) {
    const struct hgq_site site = hgq_site_inside(reader, layer, name, folder, member);
    if (!site.conf) return keras_refuse(reader, layer, member, NULL, "the configuration has no quantiser for it");
    return hgq_quantize(reader, layer, &site, value);
}

/* e to the power of x times the scale of the input; where it is made stable, of x less the largest. */
static valref exponential(struct keras_reader *reader, const struct keras_layer *layer, unsigned axes) {
    valref x = layer->inputs[0];
    float scale = (float)keras_number(layer->config, "input_scaler", 1);
    bool stable = keras_flag(layer->config, "stable", true);
    if (stable) {
        x = both(layer, OP_SUB, "below", reduce(layer, OP_REDUCE_MAX, "largest", x, axes), x);
        x = quantised(reader, layer, "exp.iq", "exp_table/iq", "exp_iq_conf", x);
        scale = -scale;
    }
    if (scale != 1) x = both(layer, OP_MUL, "exp.scaled", x, number(layer, "exp.scale", scale));
    x = layer_node(&layer->nodes, OP_EXP, "exp", &x, 1, NULL);
    return quantised(reader, layer, "exp.oq", "exp_table/oq", "exp_oq_conf", x);
}

/* In binary32; the constant is Keras's own. */
static valref look_up_reciprocal(struct keras_reader *reader, const struct keras_layer *layer,
                                 const struct hgq_quantizer *argument, valref x) {
    struct hgq_functions functions;
    if (hgq_functions_new(reader, layer, "inv", argument, argument->shape, &functions) < 0) return NO_VALUE;
    for (size_t f = 0; f < functions.count; f++)
        for (size_t i = 0; i < functions.stride; i++)
            functions.values[f * functions.stride + i] = (double)(1 / (hgq_argument(&functions, f, i) + 1e-7f));
    return hgq_look_up(reader, layer, "inv", &functions, x);
}

static valref reciprocal(struct keras_reader *reader, const struct keras_layer *layer, valref x) {
    struct hgq_quantizer argument;
    const struct hgq_site site = hgq_site_inside(reader, layer, "inv.iq", "inv_table/iq", "inv_iq_conf");
    x = quantised(reader, layer, "inv.iq", "inv_table/iq", "inv_iq_conf", x);
    if (valref_equal(x, NO_VALUE) || hgq_quantizer_read_plain(reader, layer, &site, &argument) < 0) return NO_VALUE;
    x = look_up_reciprocal(reader, layer, &argument, x);
    return quantised(reader, layer, "inv.oq", "inv_table/oq", "inv_oq_conf", x);
}

valref hgq_read_softmax(struct keras_reader *reader, struct keras_layer *layer) {
    unsigned axes;
    if (read_axes(reader, layer, &axes) < 0 || hgq_inputs(reader, layer) < 0) return NO_VALUE;
    valref powers = exponential(reader, layer, axes);
    valref share = reciprocal(reader, layer, reduce(layer, OP_REDUCE_SUM, "sum", powers, axes));
    return hgq_output(reader, layer, both(layer, OP_MUL, NULL, powers, share));
}
