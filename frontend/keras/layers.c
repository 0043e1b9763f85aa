/* One handler a layer class; kernels and biases are quantised here, as Keras computes them. */
#include "frontend/keras/keras.h"

#include <math.h>
#include <string.h>

int keras_error(const struct keras_reader *reader, const struct keras_layer *layer, const char *attribute,
                const char *help, const char *format, ...) {
    struct strbuf text = strbuf_new(reader->arena);
    va_list arguments;
    va_start(arguments, format);
    strbuf_vprintf(&text, format, arguments);
    va_end(arguments);
    struct location at = {.file = reader->path, .node = layer->name, .op = layer->class_name, .attribute = attribute};
    return diag_error(&reader->context->diagnostics, at, help, "%s", text.data);
}

const char *keras_text(const cJSON *object, const char *key) {
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, key);
    return cJSON_IsString(item) ? item->valuestring : NULL;
}

bool keras_flag(const cJSON *object, const char *key, bool fallback) {
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, key);
    return cJSON_IsBool(item) ? cJSON_IsTrue(item) : fallback;
}

/* Kernel, bias and whatever else a layer keeps, in the order of the file. */
enum { VARIABLES_MAX = 16 };
struct variables {
    struct keras_variable at[VARIABLES_MAX];
    int count;
};

static int read_variables(struct keras_reader *reader, const struct keras_layer *layer, struct variables *out) {
    for (out->count = 0; out->count < VARIABLES_MAX; out->count++) {
        struct keras_variable *variable = &out->at[out->count];
        if (keras_weights_read(reader, arena_printf(reader->arena, "%s/vars/%d", layer->group, out->count), variable) <
            0)
            return -1;
        if (!variable->values) break;
        for (size_t e = 0; e < shape_elements(&variable->shape); e++)
            if (!isfinite(variable->values[e]))
                return keras_error(reader, layer, NULL, NULL, "variable %d: weight %zu is no number", out->count, e);
    }
    return 0;
}

static bool is_vector(const struct keras_variable *variable, int64_t length) {
    return variable->values && variable->shape.rank == 1 && variable->shape.dim[0] == length;
}

static int quantize_constant(struct keras_reader *reader, const struct keras_layer *layer, const char *name,
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

valref keras_layer_input(struct keras_reader *reader, const struct keras_layer *layer, int number) {
    if (!keras_flag(layer->config, "enable_iq", true)) return layer->inputs[number];
    bool each = keras_layer_has_several_inputs(layer->class_name);
    return quantize_value(reader, layer, "iq", each ? number : -1, layer->inputs[number]);
}

valref keras_layer_output(struct keras_reader *reader, const struct keras_layer *layer, valref value) {
    if (valref_equal(value, NO_VALUE) || !keras_flag(layer->config, "enable_oq", false)) return value;
    return quantize_value(reader, layer, "oq", -1, value);
}

static valref activate(struct keras_reader *reader, const struct keras_layer *layer, valref value) {
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(layer->config, "activation");
    const char *name = cJSON_IsString(item) ? item->valuestring : cJSON_IsNull(item) || !item ? "linear" : NULL;
    if (name && strcmp(name, "linear") == 0) return value;
    if (name && strcmp(name, "relu") == 0)
        return graph_append(reader->graph, OP_RELU, arena_printf(reader->arena, "%s.relu", layer->name), &value, 1,
                            NULL);
    keras_error(reader, layer, "activation", "use relu or linear", "activation '%s' has no hardware form here",
                name ? name : "(an object)");
    return NO_VALUE;
}

/* input @ kernel + bias, activation, output quantiser; bias may have no values. */
static valref append_dense(struct keras_reader *reader, const struct keras_layer *layer,
                           const struct keras_variable *kernel, const struct keras_variable *bias) {
    struct arena *arena = reader->arena;
    valref value = keras_layer_input(reader, layer, 0);
    if (valref_equal(value, NO_VALUE)) return NO_VALUE;
    valref operands[2] = {value, graph_append_reals(reader->graph, arena_printf(arena, "%s.kernel", layer->name),
                                                    kernel->shape, kernel->values)};
    value = graph_append(reader->graph, OP_MATMUL, layer->name, operands, 2, NULL);
    if (bias->values && !valref_equal(value, NO_VALUE)) {
        operands[0] = value;
        operands[1] =
            graph_append_reals(reader->graph, arena_printf(arena, "%s.bias", layer->name), bias->shape, bias->values);
        value = graph_append(reader->graph, OP_ADD, arena_printf(arena, "%s.add", layer->name), operands, 2, NULL);
    }
    if (!valref_equal(value, NO_VALUE)) value = activate(reader, layer, value);
    return keras_layer_output(reader, layer, value);
}

static int check_kernel(struct keras_reader *reader, const struct keras_layer *layer,
                        const struct variables *variables) {
    const struct shape *input = &graph_value(reader->graph, layer->inputs[0])->shape;
    if (variables->count == 0 || variables->at[0].shape.rank != 2)
        return keras_error(reader, layer, NULL, "is the configuration of this very model?",
                           "the weights have no kernel of two axes at '%s/vars/0'", layer->group);
    if (input->rank < 1 || variables->at[0].shape.dim[0] != input->dim[input->rank - 1])
        return keras_error(reader, layer, NULL, NULL, "the kernel has %lld rows, the input %lld features",
                           (long long)variables->at[0].shape.dim[0],
                           input->rank < 1 ? 1LL : (long long)input->dim[input->rank - 1]);
    return 0;
}

/* kernel and, when the layer has one, bias; quantised. */
static valref read_plain(struct keras_reader *reader, const struct keras_layer *layer, bool has_bias) {
    struct variables variables;
    struct keras_variable none = {0};
    if (read_variables(reader, layer, &variables) < 0 || check_kernel(reader, layer, &variables) < 0) return NO_VALUE;
    struct keras_variable *kernel = &variables.at[0], *bias = has_bias ? &variables.at[1] : &none;
    if (has_bias && (variables.count < 2 || !is_vector(bias, kernel->shape.dim[1]))) {
        keras_error(reader, layer, NULL, NULL, "the weights have no bias of %lld numbers",
                    (long long)kernel->shape.dim[1]);
        return NO_VALUE;
    }
    if (quantize_constant(reader, layer, "kq", kernel) < 0 ||
        (has_bias && quantize_constant(reader, layer, "bq", bias) < 0))
        return NO_VALUE;
    return append_dense(reader, layer, kernel, bias);
}

static valref read_dense(struct keras_reader *reader, const struct keras_layer *layer) {
    return read_plain(reader, layer, keras_flag(layer->config, "use_bias", true));
}

/* Equations that contract the input's last axis with the kernel's first: "bc,cC->bC", "...x,xy->...y". */
static bool is_dense_equation(const char *equation) {
    const char *comma = strchr(equation, ','), *arrow = strstr(equation, "->");
    if (!comma || !arrow || arrow - comma != 3 || comma == equation) return false;
    size_t input = (size_t)(comma - equation), output = strlen(arrow + 2);
    if (input != output || comma[-1] != comma[1] || arrow[2 + output - 1] != comma[2]) return false;
    return memcmp(equation, arrow + 2, input - 1) == 0 && comma[1] != comma[2];
}

static int check_equation(struct keras_reader *reader, const struct keras_layer *layer, bool *has_bias) {
    const char *equation = keras_text(layer->config, "equation"), *axes = keras_text(layer->config, "bias_axes");
    if (!equation || !is_dense_equation(equation))
        return keras_error(reader, layer, "equation", "equations such as 'bc,cC->bC' are read",
                           "equation '%s' is no product with the last axis", equation ? equation : "(none)");
    *has_bias = axes && *axes;
    if (*has_bias && (strlen(axes) != 1 || axes[0] != equation[strlen(equation) - 1]))
        return keras_error(reader, layer, "bias_axes", "one number a column of the kernel is read",
                           "a bias along '%s' is not read", axes);
    return 0;
}

static valref read_einsum_dense(struct keras_reader *reader, const struct keras_layer *layer) {
    bool has_bias = false;
    return check_equation(reader, layer, &has_bias) < 0 ? NO_VALUE : read_plain(reader, layer, has_bias);
}

/* The four vectors of a batch normalisation: kernel first, then bias and gamma when there are any,
 * scalars of the training between, mean and variance last. */
struct normalisation {
    const float *bias, *gamma, *mean, *variance;
};

static int find_normalisation(struct keras_reader *reader, const struct keras_layer *layer,
                              const struct variables *variables, bool has_bias, struct normalisation *out) {
    const float *vectors[VARIABLES_MAX];
    int count = 0;
    for (int i = 1; i < variables->count; i++)
        if (is_vector(&variables->at[i], variables->at[0].shape.dim[1])) vectors[count++] = variables->at[i].values;
    int extra = count - 2 - (has_bias ? 1 : 0);
    if (extra < 0 || extra > 1)
        return keras_error(reader, layer, NULL, NULL, "%d vectors in '%s/vars' are no bias, gamma, mean and variance",
                           count, layer->group);
    *out = (struct normalisation){has_bias ? vectors[0] : NULL, extra ? vectors[has_bias] : NULL, vectors[count - 2],
                                  vectors[count - 1]};
    return 0;
}

/* In binary32, as HGQ2 has it: s = gamma / sqrt(var + 1e-7), kernel * s, bias - mean * s. */
static void fuse(struct keras_variable *kernel, struct keras_variable *bias, const struct normalisation *by) {
    int64_t rows = kernel->shape.dim[0], columns = kernel->shape.dim[1];
    for (int64_t c = 0; c < columns; c++) {
        float deviation = sqrtf(by->variance[c] + 1e-7f);
        float scale = (by->gamma ? by->gamma[c] : 1.0f) / deviation;
        for (int64_t r = 0; r < rows; r++) kernel->values[r * columns + c] *= scale;
        float shift = by->mean[c] * scale;
        bias->values[c] = (by->bias ? by->bias[c] : 0.0f) - shift;
    }
}

static valref read_einsum_dense_batchnorm(struct keras_reader *reader, const struct keras_layer *layer) {
    struct variables variables;
    struct normalisation normalisation = {0};
    bool has_bias = false;
    if (check_equation(reader, layer, &has_bias) < 0 || read_variables(reader, layer, &variables) < 0 ||
        check_kernel(reader, layer, &variables) < 0 ||
        find_normalisation(reader, layer, &variables, has_bias, &normalisation) < 0)
        return NO_VALUE;
    struct keras_variable *kernel = &variables.at[0], bias = {{1, {kernel->shape.dim[1]}}, NULL};
    bias.values = ARENA_ARRAY(reader->arena, float, kernel->shape.dim[1]);
    fuse(kernel, &bias, &normalisation);
    if (quantize_constant(reader, layer, "kq", kernel) < 0 || quantize_constant(reader, layer, "bq", &bias) < 0)
        return NO_VALUE;
    return append_dense(reader, layer, kernel, &bias);
}

static valref read_activation(struct keras_reader *reader, const struct keras_layer *layer) {
    return activate(reader, layer, layer->inputs[0]);
}

static valref read_relu(struct keras_reader *reader, const struct keras_layer *layer) {
    static const char *const plain[] = {"max_value", "negative_slope", "threshold"};
    for (int i = 0; i < 3; i++) {
        const cJSON *item = cJSON_GetObjectItemCaseSensitive(layer->config, plain[i]);
        if (cJSON_IsNumber(item) && (item->valuedouble != 0 || i == 0)) { /* a largest value of 0 is one, too */
            keras_error(reader, layer, plain[i], "use a plain ReLU", "a ReLU with %s is not read", plain[i]);
            return NO_VALUE;
        }
    }
    return graph_append(reader->graph, OP_RELU, layer->name, layer->inputs, 1, NULL);
}

/* Layers that do something in training alone. */
static valref read_nothing(struct keras_reader *reader, const struct keras_layer *layer) {
    (void)reader;
    return layer->inputs[0];
}

static const struct handler {
    const char *class_name, *becomes;
    valref (*read)(struct keras_reader *reader, const struct keras_layer *layer);
} handlers[] = {
    {"QDense", "matmul", read_dense},
    {"QEinsumDense", "matmul", read_einsum_dense},
    {"QEinsumDenseBatchnorm", "matmul", read_einsum_dense_batchnorm},
    {"QSum", "reduce_sum", keras_read_sum},
    {"QMeanPow2", "reduce_sum", keras_read_mean_pow2},
    {"QAdd", "add", keras_read_add},
    {"Activation", "relu", read_activation},
    {"ReLU", "relu", read_relu},
    {"Dropout", "nothing", read_nothing},
    {"AlphaDropout", "nothing", read_nothing},
    {"GaussianDropout", "nothing", read_nothing},
    {"GaussianNoise", "nothing", read_nothing},
    {"SpatialDropout1D", "nothing", read_nothing},
    {"ActivityRegularization", "nothing", read_nothing},
    {"Identity", "nothing", read_nothing},
    {NULL, NULL, NULL},
};

const struct reader_operator keras_operators[] = {
    {"keras", "InputLayer", "input"},
    {"hgq", "QDense", "matmul"},
    {"hgq", "QEinsumDense", "matmul"},
    {"hgq", "QEinsumDenseBatchnorm", "matmul"},
    {"hgq", "QSum", "reduce_sum"},
    {"hgq", "QMeanPow2", "reduce_sum"},
    {"hgq", "QAdd", "add"},
    {"keras", "Activation", "relu"},
    {"keras", "ReLU", "relu"},
    {"hgq", "kif", "narrow"},
    {"hgq", "kbi", "narrow"},
    {"keras", "Dropout", "nothing"},
    {"keras", "AlphaDropout", "nothing"},
    {"keras", "GaussianDropout", "nothing"},
    {"keras", "GaussianNoise", "nothing"},
    {"keras", "SpatialDropout1D", "nothing"},
    {"keras", "ActivityRegularization", "nothing"},
    {"keras", "Identity", "nothing"},
    {NULL, NULL, NULL},
};

static const struct handler *find_handler(const char *class_name) {
    const struct handler *handler = handlers;
    while (handler->class_name && strcmp(handler->class_name, class_name) != 0) handler++;
    return handler->class_name ? handler : NULL;
}

bool keras_layer_known(const char *class_name) {
    return strcmp(class_name, "InputLayer") == 0 || find_handler(class_name);
}

bool keras_layer_has_several_inputs(const char *class_name) {
    return strcmp(class_name, "QAdd") == 0;
}

/* The policy's name, or the object that holds it. */
static int check_arithmetic(const struct keras_reader *reader, const struct keras_layer *layer) {
    const cJSON *policy = cJSON_GetObjectItemCaseSensitive(layer->config, "dtype");
    const char *name = cJSON_IsString(policy) ? policy->valuestring
                                              : keras_text(cJSON_GetObjectItemCaseSensitive(policy, "config"), "name");
    if (!name || strcmp(name, "float32") == 0) return 0;
    return keras_error(reader, layer, "dtype", "train in float32", "arithmetic in '%s' is not read", name);
}

valref keras_layer_read(struct keras_reader *reader, const struct keras_layer *layer) {
    const struct handler *handler = find_handler(layer->class_name);
    if (check_arithmetic(reader, layer) < 0) return NO_VALUE;
    uint32_t first = reader->graph->node_count;
    valref value = handler->read(reader, layer);
    for (uint32_t n = first; n < reader->graph->node_count; n++)
        if (!reader->graph->nodes[n].source_op)
            reader->graph->nodes[n].source_op = arena_strdup(reader->graph->arena, layer->class_name);
    return value;
}
