/* Functions of one number, by name or as layers, and softmax. */
#include "frontend/keras/qkeras.h"

#include <float.h>
#include <math.h>
#include <string.h>

static valref append(const struct keras_layer *layer, enum op op, const char *part, valref value, float alpha,
                     float beta) {
    const union attributes attributes = {.activation = {alpha, beta}};
    return layer_node(&layer->nodes, op, part, &value, 1, &attributes);
}

static valref number(const struct keras_layer *layer, const char *part, float value) {
    return layer_reals(&layer->nodes, part, (struct shape){0}, &value);
}

static valref both(const struct keras_layer *layer, enum op op, const char *part, valref a, valref b) {
    return layer_node(&layer->nodes, op, part, (const valref[]){a, b}, 2, NULL);
}

static valref softmax(const struct keras_layer *layer, const char *part, valref value, int axis) {
    if (valref_equal(value, NO_VALUE)) return NO_VALUE;
    const union attributes attributes = {.axis = {.axis = axis}};
    return layer_node(&layer->nodes, OP_SOFTMAX, part, &value, 1, &attributes);
}

static int last_axis(const struct keras_layer *layer, valref value) {
    return valref_equal(value, NO_VALUE) ? 0 : layer_shape(&layer->nodes, value)->rank - 1;
}

/* ---- functions that are several nodes ---- */

/* x - max - log(sum(exp(x - max))) */
static valref log_softmax(const struct keras_layer *layer, valref value) {
    const union attributes axis = {.axis = {.axis = last_axis(layer, value), .keep_dimensions = true}};
    valref largest = layer_node(&layer->nodes, OP_REDUCE_MAX, "largest", &value, 1, &axis);
    valref below = both(layer, OP_SUB, "below", value, largest);
    valref powers = append(layer, OP_EXP, "exp", below, 0, 0);
    valref sum = layer_node(&layer->nodes, OP_REDUCE_SUM, "sum", &powers, 1, &axis);
    return both(layer, OP_SUB, "log_softmax", below, append(layer, OP_LOG, "log", sum, 0, 0));
}

static valref tanh_shrink(const struct keras_layer *layer, valref value) {
    return both(layer, OP_SUB, "tanh_shrink", value, append(layer, OP_TANH, "tanh", value, 0, 0));
}

/* -log(1 + exp(-x)) */
static valref log_sigmoid(const struct keras_layer *layer, valref value) {
    valref minus = number(layer, "minus_one", -1);
    valref mirrored = both(layer, OP_MUL, "mirrored", value, minus);
    return both(layer, OP_MUL, "log_sigmoid", append(layer, OP_SOFTPLUS, "softplus", mirrored, 0, 0), minus);
}

/* (x + sqrt(x^2 + 4)) / 2 */
static valref squareplus(const struct keras_layer *layer, valref value) {
    valref square = both(layer, OP_MUL, "square", value, value);
    valref more = both(layer, OP_ADD, "more", square, number(layer, "four", 4));
    valref sum = both(layer, OP_ADD, "sum", value, append(layer, OP_SQRT, "sqrt", more, 0, 0));
    return both(layer, OP_MUL, "squareplus", sum, number(layer, "half", 0.5f));
}

/* 0 up to -1, ((x + 1) / 2)^2 up to 1, then x: the square of the limited half plus what lies above 1. */
static valref sparse_plus(const struct keras_layer *layer, valref value) {
    valref half = append(layer, OP_HARD_SIGMOID, "half", value, 0.5f, 0.5f);
    valref square = both(layer, OP_MUL, "square", half, half);
    valref above = both(layer, OP_SUB, "above", value, number(layer, "one", 1));
    return both(layer, OP_ADD, "sparse_plus", square, append(layer, OP_RELU, "rest", above, 0, 0));
}

/* ---- by name ---- */

static const struct function {
    const char *name;
    int version; /* of Keras; 0: any */
    enum op op;
    float alpha, beta;
    valref (*read)(const struct keras_layer *layer, valref value); /* NULL: op alone */
} functions[] = {
    {"relu", 0, OP_RELU, 0, 0, NULL},
    {"relu6", 0, OP_CLIP, 0, 6, NULL},
    {"leaky_relu", 0, OP_LEAKY_RELU, 0.2f, 0, NULL},
    {"elu", 0, OP_ELU, 1, 0, NULL},
    {"selu", 0, OP_SELU, 1.67326324f, 1.05070098f, NULL},
    {"celu", 0, OP_CELU, 1, 0, NULL},
    {"softplus", 0, OP_SOFTPLUS, 0, 0, NULL},
    {"softsign", 0, OP_SOFTSIGN, 0, 0, NULL},
    {"swish", 0, OP_SWISH, 1, 0, NULL},
    {"silu", 0, OP_SWISH, 1, 0, NULL},
    {"gelu", 0, OP_GELU, 0, 0, NULL},
    {"sigmoid", 0, OP_SIGMOID, 0, 0, NULL},
    {"tanh", 0, OP_TANH, 0, 0, NULL},
    {"exponential", 0, OP_EXP, 0, 0, NULL},
    {"hard_sigmoid", 2, OP_HARD_SIGMOID, 0.2f, 0.5f, NULL},
    {"hard_sigmoid", 3, OP_HARD_SIGMOID, 1 / 6.0f, 0.5f, NULL},
    {"sparse_sigmoid", 0, OP_HARD_SIGMOID, 0.5f, 0.5f, NULL},
    {"hard_silu", 0, OP_HARD_SWISH, 0, 0, NULL},
    {"hard_swish", 0, OP_HARD_SWISH, 0, 0, NULL},
    {"hard_tanh", 0, OP_CLIP, -1, 1, NULL},
    {"hard_shrink", 0, OP_SHRINK, 0.5f, 0, NULL},
    {"soft_shrink", 0, OP_SHRINK, 0.5f, 0.5f, NULL},
    {"mish", 0, OP_MISH, 0, 0, NULL},
    {"tanh_shrink", 0, OP_TANH, 0, 0, tanh_shrink},
    {"log_sigmoid", 0, OP_SOFTPLUS, 0, 0, log_sigmoid},
    {"squareplus", 0, OP_SQRT, 0, 0, squareplus},
    {"sparse_plus", 0, OP_HARD_SIGMOID, 0, 0, sparse_plus},
    {"log_softmax", 0, OP_LOG, 0, 0, log_softmax},
};

int keras_gate(struct keras_reader *reader, const struct keras_layer *layer, const char *key, const char *otherwise,
               struct layer_function *out) {
    const cJSON *item = keras_member(layer->config, key);
    const char *name = cJSON_IsString(item) ? item->valuestring : item ? "(an object)" : otherwise;
    *out = (struct layer_function){.op = OP_COUNT};
    if (strcmp(name, "linear") == 0) return 0;
    for (size_t i = 0; i < sizeof functions / sizeof *functions; i++) {
        const struct function *function = &functions[i];
        if (strcmp(function->name, name) != 0 || function->read ||
            (function->version && function->version != reader->version))
            continue;
        *out = (struct layer_function){.op = function->op, .alpha = function->alpha, .beta = function->beta};
        return 0;
    }
    return keras_error(reader, layer, key, NULL, "the function '%s' is not read in gates", name);
}

static valref by_name(struct keras_reader *reader, const struct keras_layer *layer, const char *name, valref value) {
    if (strcmp(name, "linear") == 0 || valref_equal(value, NO_VALUE)) return value;
    if (strcmp(name, "softmax") == 0) return softmax(layer, name, value, last_axis(layer, value));
    for (size_t i = 0; i < sizeof functions / sizeof *functions; i++) {
        const struct function *function = &functions[i];
        if (strcmp(function->name, name) != 0 || (function->version && function->version != reader->version)) continue;
        return function->read ? function->read(layer, value)
                              : append(layer, function->op, name, value, function->alpha, function->beta);
    }
    return keras_refuse(reader, layer, "activation", "a function of one's own must be written with layers",
                        "the function '%s' is not known", name);
}

/* Functions of QKeras that other libraries call by the same name mean something else. */
static valref by_qkeras_name(struct keras_reader *reader, const struct keras_layer *layer, const char *name,
                             valref value) {
    static const struct {
        const char *sigmoid, *tanh;
        float slope;
    } lines[] = {{"hard_sigmoid", "hard_tanh", 0.5f}, {"smooth_sigmoid", "smooth_tanh", 0.1875f}};
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        if (strcmp(lines[i].sigmoid, name) == 0)
            return append(layer, OP_HARD_SIGMOID, name, value, lines[i].slope, 0.5f);
        if (strcmp(lines[i].tanh, name) != 0) continue;
        value = append(layer, OP_HARD_SIGMOID, lines[i].sigmoid, value, lines[i].slope, 0.5f);
        value = both(layer, OP_MUL, "doubled", value, number(layer, "two", 2));
        return both(layer, OP_SUB, name, value, number(layer, "one", 1));
    }
    return by_name(reader, layer, name, value);
}

static valref quantise(struct keras_reader *reader, const struct keras_layer *layer, const cJSON *quantizer,
                       valref value) {
    struct qkeras_quantizer parsed;
    if (qkeras_parse(reader, layer, "activation", quantizer, &parsed) < 0) return NO_VALUE;
    return qkeras_quantize_value(reader, layer, &parsed, parsed.name, value);
}

/* A function's name or its object, a quantiser, or the object of a layer. */
valref keras_activate(struct keras_reader *reader, const struct keras_layer *layer, const cJSON *activation,
                      valref value) {
    if (!activation || valref_equal(value, NO_VALUE)) return value;
    if (qkeras_is_quantizer(activation)) return quantise(reader, layer, activation, value);
    const cJSON *name = cJSON_IsString(activation) ? activation : keras_member(activation, "config");
    if (cJSON_IsString(name)) {
        bool qkeras = strcmp(layer->known->domain, "qkeras") == 0;
        return (qkeras ? by_qkeras_name : by_name)(reader, layer, name->valuestring, value);
    }
    return keras_layer_read_inner(reader, layer, activation, "activation", layer->place, value);
}

/* ---- layers ---- */

valref keras_read_activation(struct keras_reader *reader, struct keras_layer *layer) {
    return keras_activate(reader, layer, keras_member(layer->config, "activation"), layer->inputs[0]);
}

/* What is above the threshold, without the limit. */
static valref above_threshold(const struct keras_layer *layer, const char *part, float threshold) {
    if (threshold == 0) return append(layer, OP_RELU, part, layer->inputs[0], 0, 0);
    return append(layer, OP_THRESHOLDED_RELU, part, layer->inputs[0], threshold, 0);
}

/* min(x, most) where x > threshold, else slope * (x - threshold). */
static valref general_relu(const struct keras_layer *layer, float slope, float threshold, float most) {
    bool limited = most < FLT_MAX;
    if (slope == 0 && threshold == 0 && limited) return append(layer, OP_CLIP, NULL, layer->inputs[0], 0, most);
    valref value = above_threshold(layer, limited || slope != 0 ? "above" : NULL, threshold);
    if (limited) value = append(layer, OP_CLIP, slope != 0 ? "limited" : NULL, value, 0, most);
    if (slope == 0) return value;
    valref below = both(layer, OP_SUB, "below", number(layer, "threshold", threshold), layer->inputs[0]);
    valref part = append(layer, OP_RELU, "rest", below, 0, 0);
    return both(layer, OP_SUB, NULL, value, both(layer, OP_MUL, "leak", part, number(layer, "slope", slope)));
}

valref keras_read_relu(struct keras_reader *reader, struct keras_layer *layer) {
    float slope = (float)keras_number(layer->config, "negative_slope", 0),
          threshold = (float)keras_number(layer->config, "threshold", 0),
          most = (float)keras_number(layer->config, "max_value", (double)FLT_MAX);
    if (most < 0) return keras_refuse(reader, layer, "max_value", NULL, "a largest value below 0 is none");
    if (slope != 0 && threshold == 0 && most >= FLT_MAX)
        return append(layer, OP_LEAKY_RELU, NULL, layer->inputs[0], slope, 0);
    return general_relu(layer, slope, threshold, most);
}

valref keras_read_leaky_relu(struct keras_reader *reader, struct keras_layer *layer) {
    (void)reader;
    return append(layer, OP_LEAKY_RELU, NULL, layer->inputs[0],
                  (float)keras_number(layer->config, "negative_slope", 0.3), 0);
}

valref keras_read_elu(struct keras_reader *reader, struct keras_layer *layer) {
    (void)reader;
    return append(layer, OP_ELU, NULL, layer->inputs[0], (float)keras_number(layer->config, "alpha", 1), 0);
}

valref keras_read_thresholded_relu(struct keras_reader *reader, struct keras_layer *layer) {
    (void)reader;
    return append(layer, OP_THRESHOLDED_RELU, NULL, layer->inputs[0], (float)keras_number(layer->config, "theta", 1),
                  0);
}

/* relu(x) - alpha * relu(-x), alpha by position. */
valref keras_read_prelu(struct keras_reader *reader, struct keras_layer *layer) {
    static const char *const names[] = {"alpha"};
    struct keras_variables variables;
    struct shape out;
    if (keras_variables_expect(reader, layer, &layer->place, names, 1, &variables) < 0) return NO_VALUE;
    const struct shape *shape = keras_shape(layer, 0);
    if (!shape_broadcast(shape, &variables.at[0].shape, &out) || !shape_equal(shape, &out))
        return keras_refuse(reader, layer, NULL, NULL, "the slopes do not fit the input");
    valref x = layer->inputs[0],
           alpha = layer_reals(&layer->nodes, "alpha", variables.at[0].shape, variables.at[0].values);
    valref mirrored = both(layer, OP_MUL, "mirrored", x, number(layer, "minus_one", -1));
    valref leak = both(layer, OP_MUL, "leak", append(layer, OP_RELU, "rest", mirrored, 0, 0), alpha);
    return both(layer, OP_SUB, NULL, append(layer, OP_RELU, "above", x, 0, 0), leak);
}

/* Along several axes it is one along their product: these stand last. */
valref keras_read_softmax(struct keras_reader *reader, struct keras_layer *layer) {
    int64_t axes[SHAPE_RANK_MAX];
    int count = keras_integers(reader, layer, "axis", axes, SHAPE_RANK_MAX), rank = keras_shape(layer, 0)->rank;
    if (count < 0) return NO_VALUE;
    if (count == 0) axes[0] = -1;
    if (count > 1)
        return keras_refuse(reader, layer, "axis", "reshape them to one axis in front of it",
                            "a softmax along several axes at once is not read");
    int axis = keras_axis(reader, layer, "axis", (double)axes[0], rank);
    return axis < 0 ? NO_VALUE : softmax(layer, NULL, layer->inputs[0], axis);
}
