/* Operations that stand in functional models by themselves: arithmetic, functions, reductions, indexing. */
#include "frontend/keras/keras.h"

#include <math.h>
#include <string.h>

/* An argument by position, or by either of two names (Keras 3, TensorFlow). */
static const cJSON *argument(const struct keras_layer *layer, int position, const char *name, const char *other) {
    const cJSON *item = keras_argument(layer, position, name);
    return item ? item : keras_argument(layer, -1, other);
}

/* An option: of the configuration (Keras 3), or a keyword (TensorFlow's). */
static const cJSON *option(const struct keras_layer *layer, const char *key) {
    const cJSON *item = keras_member(layer->config, key);
    return item ? item : keras_member(layer->keywords, key);
}

/* Keywords that nothing here looks at. */
static int check_keywords(struct keras_reader *reader, const struct keras_layer *layer) {
    static const char known[] =
        " x x1 x2 y a b axis keepdims slice_spec shape tensor values features logits input_tensor "
        "newshape xs ";
    for (const cJSON *item = cJSON_IsObject(layer->keywords) ? layer->keywords->child : NULL; item; item = item->next) {
        if (cJSON_IsNull(item) || cJSON_IsFalse(item) ||
            strstr(known, arena_printf(reader->arena, " %s ", item->string)))
            continue;
        return keras_error(reader, layer, item->string, NULL, "this argument is not known");
    }
    return 0;
}

/* A tensor, or a number as a constant. */
static valref operand(struct keras_reader *reader, const struct keras_layer *layer, const cJSON *json,
                      const char *part) {
    if (cJSON_IsNumber(json)) {
        float number = (float)json->valuedouble;
        return layer_reals(&layer->nodes, part, (struct shape){0}, &number);
    }
    valref value = keras_argument_tensor(layer, json);
    if (valref_equal(value, NO_VALUE))
        return keras_refuse(reader, layer, NULL, NULL, "its %s operand is no tensor and no number", part);
    return value;
}

static valref both(const struct keras_layer *layer, enum op op, const char *part, valref a, valref b) {
    return layer_node(&layer->nodes, op, part, (const valref[]){a, b}, 2, NULL);
}

static valref arithmetic(struct keras_reader *reader, struct keras_layer *layer, enum op op) {
    if (check_keywords(reader, layer) < 0) return NO_VALUE;
    valref a = operand(reader, layer, argument(layer, 0, "x1", "x"), "first"),
           b = operand(reader, layer, argument(layer, 1, "x2", "y"), "second");
    return both(layer, op, NULL, a, b);
}

valref keras_operation_add(struct keras_reader *reader, struct keras_layer *layer) {
    return arithmetic(reader, layer, OP_ADD);
}

valref keras_operation_subtract(struct keras_reader *reader, struct keras_layer *layer) {
    return arithmetic(reader, layer, OP_SUB);
}

valref keras_operation_multiply(struct keras_reader *reader, struct keras_layer *layer) {
    return arithmetic(reader, layer, OP_MUL);
}

valref keras_operation_divide(struct keras_reader *reader, struct keras_layer *layer) {
    return arithmetic(reader, layer, OP_DIV);
}

valref keras_operation_matmul(struct keras_reader *reader, struct keras_layer *layer) {
    if (layer->input_count != 2) return keras_refuse(reader, layer, NULL, NULL, "it does not multiply two tensors");
    if (keras_shape(layer, 0)->rank < 3 || keras_shape(layer, 1)->rank < 3)
        return keras_refuse(reader, layer, NULL, NULL, "a product along the events is not read");
    return arithmetic(reader, layer, OP_MATMUL);
}

/* ---- of one tensor ---- */

static valref unary(struct keras_reader *reader, struct keras_layer *layer, enum op op, float alpha) {
    const union attributes attributes = {.activation = {.alpha = alpha}};
    if (check_keywords(reader, layer) < 0) return NO_VALUE;
    return layer_node(&layer->nodes, op, NULL, layer->inputs, 1, &attributes);
}

valref keras_operation_negative(struct keras_reader *reader, struct keras_layer *layer) {
    const float minus = -1;
    (void)reader;
    return both(layer, OP_MUL, NULL, layer->inputs[0],
                layer_reals(&layer->nodes, "minus_one", (struct shape){0}, &minus));
}

valref keras_operation_absolute(struct keras_reader *reader, struct keras_layer *layer) {
    return unary(reader, layer, OP_LEAKY_RELU, -1);
}

valref keras_operation_square(struct keras_reader *reader, struct keras_layer *layer) {
    (void)reader;
    return both(layer, OP_MUL, NULL, layer->inputs[0], layer->inputs[0]);
}

valref keras_operation_sqrt(struct keras_reader *reader, struct keras_layer *layer) {
    return unary(reader, layer, OP_SQRT, 0);
}

valref keras_operation_exp(struct keras_reader *reader, struct keras_layer *layer) {
    return unary(reader, layer, OP_EXP, 0);
}

valref keras_operation_log(struct keras_reader *reader, struct keras_layer *layer) {
    return unary(reader, layer, OP_LOG, 0);
}

valref keras_operation_relu(struct keras_reader *reader, struct keras_layer *layer) {
    return unary(reader, layer, OP_RELU, 0);
}

valref keras_operation_sigmoid(struct keras_reader *reader, struct keras_layer *layer) {
    return unary(reader, layer, OP_SIGMOID, 0);
}

valref keras_operation_tanh(struct keras_reader *reader, struct keras_layer *layer) {
    return unary(reader, layer, OP_TANH, 0);
}

valref keras_operation_softmax(struct keras_reader *reader, struct keras_layer *layer) {
    const cJSON *given = option(layer, "axis");
    int axis =
        keras_axis(reader, layer, "axis", cJSON_IsNumber(given) ? given->valuedouble : -1, keras_shape(layer, 0)->rank);
    if (axis < 0 || check_keywords(reader, layer) < 0) return NO_VALUE;
    const union attributes attributes = {.axis = {.axis = axis}};
    return layer_node(&layer->nodes, OP_SOFTMAX, NULL, layer->inputs, 1, &attributes);
}

/* ---- reductions ---- */

/* The axes as bits; 0 and a diagnosis. */
static unsigned axes_of(struct keras_reader *reader, const struct keras_layer *layer) {
    const cJSON *given = option(layer, "axis"), *each = cJSON_IsArray(given) ? given->child : given;
    unsigned set = 0;
    if (!given || !each)
        return (unsigned)(keras_error(reader, layer, "axis", "name the axes",
                                      "all axes, that of the events among them, "
                                      "are not reduced"),
                          0);
    for (; each; each = cJSON_IsArray(given) ? each->next : NULL) {
        int axis = keras_axis(reader, layer, "axis", cJSON_IsNumber(each) ? each->valuedouble : 0.5,
                              keras_shape(layer, 0)->rank);
        if (axis < 0) return 0;
        set |= 1u << axis;
    }
    return set;
}

/* Without the axes of the set, which have one element each. */
static valref drop_axes(const struct keras_layer *layer, valref value, unsigned set) {
    if (valref_equal(value, NO_VALUE)) return value;
    const struct shape *shape = layer_shape(&layer->nodes, value);
    struct shape out = {0};
    for (int axis = 0; axis < shape->rank; axis++)
        if (!(set >> axis & 1)) out.dim[out.rank++] = shape->dim[axis];
    return layer_reshape(&layer->nodes, "shaped", value, out);
}

static valref reduce(struct keras_reader *reader, struct keras_layer *layer, enum op op, bool mean) {
    unsigned set = axes_of(reader, layer);
    valref value = layer->inputs[0];
    if (!set || check_keywords(reader, layer) < 0) return NO_VALUE;
    if (mean) value = layer_mean(&layer->nodes, "mean", value, set);
    for (int axis = SHAPE_RANK_MAX - 1; axis > 0 && !mean; axis--) {
        if (!(set >> axis & 1)) continue;
        const union attributes attributes = {.axis = {.axis = axis, .keep_dimensions = true}};
        value = layer_node(&layer->nodes, op, arena_printf(reader->arena, "axis_%d", axis), &value, 1, &attributes);
    }
    return cJSON_IsTrue(option(layer, "keepdims")) ? value : drop_axes(layer, value, set);
}

valref keras_operation_sum(struct keras_reader *reader, struct keras_layer *layer) {
    return reduce(reader, layer, OP_REDUCE_SUM, false);
}

valref keras_operation_max(struct keras_reader *reader, struct keras_layer *layer) {
    return reduce(reader, layer, OP_REDUCE_MAX, false);
}

valref keras_operation_mean(struct keras_reader *reader, struct keras_layer *layer) {
    return reduce(reader, layer, OP_REDUCE_SUM, true);
}

/* ---- indexing ---- */

/* A bound of a slice, counted from the end where it is negative. */
static int64_t bound(const cJSON *json, int64_t otherwise, int64_t length) {
    if (!cJSON_IsNumber(json)) return otherwise;
    double at = json->valuedouble < 0 ? json->valuedouble + (double)length : json->valuedouble;
    return at < 0 ? 0 : at > (double)length ? length : (int64_t)at;
}

static int read_slice(struct keras_reader *reader, const struct keras_layer *layer, const cJSON *spec, int axis,
                      struct slice_attributes *out) {
    const cJSON *of = keras_member(spec, "config") ? keras_member(spec, "config") : spec;
    int64_t length = keras_shape(layer, 0)->dim[axis], start = bound(keras_member(of, "start"), 0, length),
            stop = bound(keras_member(of, "stop"), length, length);
    double step = keras_number(of, "step", 1);
    bool whole = start == 0 && stop == length && step == 1;
    if (!(step >= 1 && step <= (double)(1 << 30)) || start >= stop)
        return keras_error(reader, layer, NULL, NULL, "what it takes of axis %d is nothing, or goes backwards", axis);
    if (axis == 0 && keras_member(of, "start") == NULL && keras_member(of, "stop") == NULL) whole = true;
    if (axis == 0 && !whole) return keras_error(reader, layer, NULL, NULL, "it takes some of the events only");
    out->start[axis] = start;
    out->step[axis] = (int64_t)step;
    out->count[axis] = (stop - start + (int64_t)step - 1) / (int64_t)step;
    return 0;
}

static bool is_ellipsis(const cJSON *spec) {
    const char *name = keras_text(spec, "class_name");
    return (cJSON_IsString(spec) && strcmp(spec->valuestring, "Ellipsis") == 0) ||
           (name && strcmp(name, "__ellipsis__") == 0);
}

/* One index of the list for an axis; *dropped: whether the axis goes. */
static int read_index(struct keras_reader *reader, const struct keras_layer *layer, const cJSON *spec, int axis,
                      struct slice_attributes *out, bool *dropped) {
    int64_t length = keras_shape(layer, 0)->dim[axis];
    *dropped = cJSON_IsNumber(spec);
    if (cJSON_IsObject(spec) && keras_count_tensors(spec) == 0) return read_slice(reader, layer, spec, axis, out);
    double at = *dropped ? spec->valuedouble < 0 ? spec->valuedouble + (double)length : spec->valuedouble : -1;
    if (!*dropped || axis == 0 || at < 0 || at >= (double)length || at != floor(at))
        return keras_error(reader, layer, NULL, NULL, "its index of axis %d is not read", axis);
    out->start[axis] = (int64_t)at;
    out->step[axis] = out->count[axis] = 1;
    return 0;
}

valref keras_operation_get_item(struct keras_reader *reader, struct keras_layer *layer) {
    const struct shape *shape = keras_shape(layer, 0);
    const cJSON *specs = argument(layer, 1, "key", "slice_spec"), *spec = cJSON_IsArray(specs) ? specs->child : specs;
    union attributes attributes = {.slice = {.start = {0}}};
    unsigned dropped = 0;
    for (int axis = 0; axis < shape->rank; axis++) {
        attributes.slice.step[axis] = 1;
        attributes.slice.count[axis] = shape->dim[axis];
    }
    int left = cJSON_IsArray(specs) ? cJSON_GetArraySize(specs) : 1;
    for (int axis = 0; spec; axis++, left--) {
        bool drops = false;
        if (is_ellipsis(spec)) {
            axis = shape->rank - left;
        } else if (axis < 0 || axis >= shape->rank) {
            return keras_refuse(reader, layer, NULL, NULL, "it has more indices than the tensor has axes");
        } else if (read_index(reader, layer, spec, axis, &attributes.slice, &drops) < 0)
            return NO_VALUE;
        if (drops) dropped |= 1u << axis;
        spec = cJSON_IsArray(specs) ? spec->next : NULL;
    }
    valref value = layer_node(&layer->nodes, OP_SLICE, NULL, layer->inputs, 1, &attributes);
    return dropped ? drop_axes(layer, value, dropped) : value;
}
