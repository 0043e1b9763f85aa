/* Normalisation by the mean and the variance that an event has along some axes, and by neighbouring channels. */
#include "frontend/layers/layers.h"

static valref two(const struct layer *layer, enum op op, const char *part, valref a, valref b) {
    valref operands[2] = {a, b};
    return layer_node(layer, op, part, operands, 2, NULL);
}

static valref number(const struct layer *layer, const char *part, float value) {
    return layer_reals(layer, part, (struct shape){0}, &value);
}

valref layer_mean(const struct layer *layer, const char *part, valref x, unsigned axes) {
    if (valref_equal(x, NO_VALUE)) return NO_VALUE;
    float count = 1;
    for (int axis = layer_shape(layer, x)->rank; axis-- > 0;) {
        if (!(axes >> axis & 1)) continue;
        const union attributes along = {.axis = {.axis = axis, .keep_dimensions = true}};
        count *= (float)layer_shape(layer, x)->dim[axis];
        x = layer_node(layer, OP_REDUCE_SUM, arena_printf(layer->arena, "%s_sum_%d", part, axis), &x, 1, &along);
        if (valref_equal(x, NO_VALUE)) return NO_VALUE;
    }
    if (count == 1) return x;
    return two(layer, OP_DIV, part, x, number(layer, arena_printf(layer->arena, "%s_count", part), count));
}

/* 1 / sqrt(variance + epsilon), one function of one number; or 1 / (sqrt(variance) + epsilon). */
static valref inverse_deviation(const struct layer *layer, const struct event_normalisation *normalisation,
                                valref variance) {
    const union attributes none = {.activation = {0}};
    valref epsilon = number(layer, "epsilon", normalisation->epsilon);
    if (!normalisation->epsilon_on_deviation)
        return two(layer, OP_POW, "inverse_deviation", two(layer, OP_ADD, "shifted_variance", variance, epsilon),
                   number(layer, "exponent", -0.5f));
    valref deviation = layer_node(layer, OP_SQRT, "deviation", &variance, 1, &none);
    valref shifted = two(layer, OP_ADD, "shifted_deviation", deviation, epsilon);
    return layer_node(layer, OP_RECIPROCAL, "inverse_deviation", &shifted, 1, &none);
}

valref layer_normalise(const struct layer *layer, const struct event_normalisation *normalisation, valref x,
                       struct event_statistics *statistics) {
    struct event_statistics of = {NO_VALUE, NO_VALUE};
    valref centred = x;
    if (normalisation->centred) {
        of.mean = layer_mean(layer, "mean", x, normalisation->axes);
        centred = two(layer, OP_SUB, "centred", x, of.mean);
    }
    valref squares = two(layer, OP_MUL, "square", centred, centred);
    of.inverse_deviation =
        inverse_deviation(layer, normalisation, layer_mean(layer, "variance", squares, normalisation->axes));
    if (statistics) *statistics = of;
    valref y = two(layer, OP_MUL, NULL, centred, of.inverse_deviation);
    if (!valref_equal(normalisation->scale, NO_VALUE)) y = two(layer, OP_MUL, "scaled", y, normalisation->scale);
    if (!valref_equal(normalisation->bias, NO_VALUE)) y = two(layer, OP_ADD, "bias", y, normalisation->bias);
    return y;
}

valref layer_normalise_channels(const struct layer *layer, const struct channel_normalisation *normalisation,
                                valref x) {
    if (valref_equal(x, NO_VALUE)) return NO_VALUE;
    int axis = normalisation->axis;
    const struct shape *shape = layer_shape(layer, x);
    int64_t size = normalisation->size;
    if (axis >= shape->rank || size < 1 || size > INT32_MAX)
        return layer_refuse(layer, NULL, "%lld neighbouring channels", (long long)size);
    struct shape wide = *shape;
    wide.dim[axis] = size;
    if (!layer_fits(layer, &wide)) return NO_VALUE;
    valref squares = layer_pad(layer, "padded", two(layer, OP_MUL, "square", x, x), axis, (size - 1) / 2, size / 2, 0);
    const union attributes window = {.window = {axis, size, 1, 1}}, along = {.axis = {.axis = axis + 1}};
    valref windows = layer_node(layer, OP_WINDOW, "window", &squares, 1, &window);
    valref sum = layer_node(layer, OP_REDUCE_SUM, "sum", &windows, 1, &along);
    valref scaled = two(layer, OP_MUL, "scaled", sum, number(layer, "alpha", normalisation->alpha / (float)size));
    valref shifted = two(layer, OP_ADD, "shifted", scaled, number(layer, "bias", normalisation->bias));
    valref factor = two(layer, OP_POW, "factor", shifted, number(layer, "beta", -normalisation->beta));
    return two(layer, OP_MUL, NULL, x, factor);
}
