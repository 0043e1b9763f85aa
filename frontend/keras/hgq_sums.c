/* HGQ2's sums along axes of one tensor, with a power of two over them. */
#include "frontend/keras/hgq.h"

#include <math.h>

/* The axes as bits, counted with the batch axis, which may not be among them. */
static int read_axes(struct keras_reader *reader, const struct keras_layer *layer, int rank, unsigned *set) {
    const cJSON *axes = cJSON_GetObjectItemCaseSensitive(layer->config, "axes");
    *set = 0;
    for (const cJSON *axis = cJSON_IsArray(axes) ? axes->child : NULL; axis; axis = axis->next) {
        double at = cJSON_IsNumber(axis) ? axis->valuedouble < 0 ? axis->valuedouble + rank : axis->valuedouble : -1;
        if (!(at >= 1 && at < rank) || at != floor(at))
            return keras_error(reader, layer, "axes", NULL, "the sum goes along an axis that the input does not have");
        *set |= 1u << (int)at;
    }
    return *set ? 0 : keras_error(reader, layer, "axes", NULL, "the sum has no axes");
}

/* The last axis first, as the trainer's own tool adds what lies next to each other. */
static valref add_along(struct keras_reader *reader, const struct keras_layer *layer, valref value, unsigned set) {
    bool keep = keras_flag(layer->config, "keepdims", false), first = true;
    for (int axis = SHAPE_RANK_MAX - 1; axis > 0 && !valref_equal(value, NO_VALUE); axis--) {
        if (!(set >> axis & 1)) continue;
        union attributes attributes = {.axis = {.axis = axis, .keep_dimensions = keep}};
        const char *name = first ? layer->name : arena_printf(reader->arena, "%s.axis_%d", layer->name, axis);
        value = graph_append(reader->graph, OP_REDUCE_SUM, name, &value, 1, &attributes);
        first = false;
    }
    return value;
}

static valref scale(struct keras_reader *reader, const struct keras_layer *layer, valref value, float factor) {
    if (factor == 1 || valref_equal(value, NO_VALUE)) return value;
    struct arena *arena = reader->arena;
    valref operands[2] = {value, graph_append_reals(reader->graph, arena_printf(arena, "%s.factor", layer->name),
                                                    (struct shape){0}, &factor)};
    return graph_append(reader->graph, OP_MUL, arena_printf(arena, "%s.scale", layer->name), operands, 2, NULL);
}

valref hgq_read_sum(struct keras_reader *reader, struct keras_layer *layer) {
    unsigned axes;
    int exponent;
    const cJSON *factor = cJSON_GetObjectItemCaseSensitive(layer->config, "scale");
    if (read_axes(reader, layer, graph_value(reader->graph, layer->inputs[0])->shape.rank, &axes) < 0) return NO_VALUE;
    if (factor && !(cJSON_IsNumber(factor) && fabs(log2(factor->valuedouble)) <= 100 &&
                    frexp(factor->valuedouble, &exponent) == 0.5)) {
        keras_error(reader, layer, "scale", NULL, "the factor of the sum is no power of two");
        return NO_VALUE;
    }
    valref value = hgq_input(reader, layer, 0);
    if (valref_equal(value, NO_VALUE)) return NO_VALUE;
    value = scale(reader, layer, add_along(reader, layer, value, axes), factor ? (float)factor->valuedouble : 1);
    return hgq_output(reader, layer, value);
}

/* The power of two nearest to one over the count, by its exponent. */
static float nearest_share(size_t count) {
    return ldexpf(1, -(int)lround(log2((double)count)));
}

valref hgq_read_mean_pow2(struct keras_reader *reader, struct keras_layer *layer) {
    unsigned axes;
    struct shape shape = graph_value(reader->graph, layer->inputs[0])->shape;
    if (read_axes(reader, layer, shape.rank, &axes) < 0) return NO_VALUE;
    size_t count = 1;
    for (int axis = 0; axis < shape.rank; axis++) count *= axes >> axis & 1 ? (size_t)shape.dim[axis] : 1;
    valref value = hgq_input(reader, layer, 0);
    if (valref_equal(value, NO_VALUE)) return NO_VALUE;
    value = scale(reader, layer, add_along(reader, layer, value, axes), nearest_share(count));
    return hgq_output(reader, layer, value);
}
