/* PQuantML's layers: Keras's own, of numbers behind quantisers whose modes stand once in the configuration and whose
 * widths are variables of the file. A pruned kernel is one with zeros, once the trainer has finished it. */
#include "frontend/keras/hgq.h"

#include <math.h>
#include <string.h>

static const cJSON *parameters_of(const struct keras_layer *layer, const char *group) {
    return keras_member(keras_member(layer->config, "config"), group);
}

static const cJSON *quantization_of(const struct keras_layer *layer) {
    return parameters_of(layer, "quantization_parameters");
}

static bool quantises(const struct keras_layer *layer, const char *flag, bool fallback) {
    return keras_flag(quantization_of(layer), "enable_quantization", true) && keras_flag(layer->config, flag, fallback);
}

/* of_data: of what is computed, not of a weight. */
static struct hgq_site site_of(struct keras_reader *reader, const struct keras_layer *layer, const char *name,
                               bool of_data) {
    const cJSON *quantization = quantization_of(layer);
    bool high_granularity = keras_flag(quantization, "use_high_granularity_quantization", false);
    const char *folder =
        arena_printf(reader->arena, "%s/%s%s", layer->place.group, name, high_granularity ? "/quantizer" : "");
    const char *overflow = keras_text(quantization, of_data ? "overflow_mode_data" : "overflow_mode_parameters"),
               *rounding = keras_text(quantization, "round_mode");
    return (struct hgq_site){.name = name,
                             .folder = folder,
                             .given = high_granularity ? HGQ_GIVEN_MODES : HGQ_GIVEN_ALL,
                             .rounding = rounding ? rounding : "(none)",
                             .overflow = overflow ? overflow : "(none)",
                             .of_weight = !of_data};
}

static valref quantise(struct keras_reader *reader, const struct keras_layer *layer, const char *name, valref value) {
    const struct hgq_site site = site_of(reader, layer, name, true);
    return hgq_quantize(reader, layer, &site, value);
}

/* The layer's first input behind its quantiser. -1 and a diagnosis. */
static int quantise_input(struct keras_reader *reader, struct keras_layer *layer) {
    if (quantises(layer, "quantize_input", true))
        layer->inputs[0] = quantise(reader, layer, "input_quantizer", layer->inputs[0]);
    return valref_equal(layer->inputs[0], NO_VALUE) ? -1 : 0;
}

static valref quantise_output(struct keras_reader *reader, const struct keras_layer *layer, valref value) {
    return quantises(layer, "quantize_output", false) ? quantise(reader, layer, "output_quantizer", value) : value;
}

static bool is_finished(const struct keras_layer *layer) {
    return keras_flag(layer->config, "final_compression_done", false);
}

static int quantise_constant(struct keras_reader *reader, const struct keras_layer *layer, const char *name,
                             struct keras_variable *variable) {
    if (is_finished(layer) || !quantises(layer, "quantize_parameters", true)) return 0;
    const struct hgq_site site = site_of(reader, layer, name, false);
    return hgq_quantize_constant(reader, layer, &site, variable);
}

/* ---- products ---- */

/* A layer that is pruned while it computes has masks of its method's own, which finishing multiplies into it. */
static int check_pruning(struct keras_reader *reader, const struct keras_layer *layer) {
    if (is_finished(layer) || !keras_flag(layer->config, "enable_pruning", true)) return 0;
    return keras_error(reader, layer, "final_compression_done",
                       "call pquant.apply_final_compression(model) before saving it",
                       "the model is still being pruned: its kernels are not what it computes with");
}

/* Kernel and bias (without values where there is none), which stand behind `skipped` of the class below. */
static int read_kernel(struct keras_reader *reader, const struct keras_layer *layer, int skipped, int rank,
                       struct keras_variable *kernel, struct keras_variable *bias) {
    static const char *const names[] = {"kernel", "bias", "kernel", "bias"};
    struct keras_variables variables;
    bool has_bias = keras_flag(layer->config, "use_bias", true);
    int count = has_bias ? 2 : 1, first = skipped ? count : 0;
    if (check_pruning(reader, layer) < 0 || hgq_variables(reader, layer, names, first + count, &variables) < 0)
        return -1;
    *kernel = variables.at[first];
    *bias = has_bias ? variables.at[first + 1] : (struct keras_variable){.values = NULL};
    if (kernel->shape.rank != rank || (has_bias && bias->shape.rank != 1))
        return keras_error(reader, layer, NULL, "are these the weights of this very model?",
                           "kernel or bias have not the axes of this layer");
    if (quantise_constant(reader, layer, "weight_quantizer", kernel) < 0) return -1;
    return has_bias ? quantise_constant(reader, layer, "bias_quantizer", bias) : 0;
}

valref pquant_read_dense(struct keras_reader *reader, struct keras_layer *layer) {
    struct keras_variable kernel, bias;
    if (read_kernel(reader, layer, 0, 2, &kernel, &bias) < 0 || hgq_check_kernel(reader, layer, &kernel, &bias) < 0 ||
        quantise_input(reader, layer) < 0)
        return NO_VALUE;
    const valref operands[2] = {layer->inputs[0], layer_reals(&layer->nodes, "kernel", kernel.shape, kernel.values)};
    valref value = layer_node(&layer->nodes, OP_MATMUL, NULL, operands, 2, NULL);
    return quantise_output(reader, layer, keras_add_bias(layer, value, &bias));
}

static valref convolve(struct keras_reader *reader, struct keras_layer *layer, bool depthwise) {
    struct convolution convolution = {.groups = (int64_t)keras_number(layer->config, "groups", 1)};
    struct keras_variable kernel, bias;
    if (keras_read_spatial(reader, layer, "kernel_size", &convolution.spatial) < 0 ||
        keras_pad_spatial(reader, layer, &convolution.spatial) < 0 ||
        read_kernel(reader, layer, depthwise, convolution.spatial.count + 2, &kernel, &bias) < 0 ||
        keras_check_window(reader, layer, &convolution.spatial, &kernel) < 0 ||
        (depthwise && keras_as_depthwise(reader, layer, &convolution, &kernel) < 0) ||
        quantise_input(reader, layer) < 0)
        return NO_VALUE;
    valref weights = layer_reals(&layer->nodes, "kernel", kernel.shape, kernel.values),
           offset = bias.values ? layer_reals(&layer->nodes, "bias", bias.shape, bias.values) : NO_VALUE;
    return quantise_output(reader, layer,
                           layer_convolution(&layer->nodes, &convolution, layer->inputs[0], weights, offset));
}

valref pquant_read_convolution(struct keras_reader *reader, struct keras_layer *layer) {
    return convolve(reader, layer, false);
}

/* Keras's class makes a kernel and a bias too, which nothing reads: PQuantML's own stand behind them. */
valref pquant_read_depthwise_convolution(struct keras_reader *reader, struct keras_layer *layer) {
    return convolve(reader, layer, true);
}

/* ---- the others ---- */

valref pquant_read_batch_normalization(struct keras_reader *reader, struct keras_layer *layer) {
    static const char *const names[] = {"gamma", "beta", "moving mean", "moving variance"};
    struct keras_variables variables;
    bool has_gamma = keras_flag(layer->config, "scale", true), has_beta = keras_flag(layer->config, "center", true);
    const char *present[4];
    int count = 0;
    for (int i = 0; i < 4; i++)
        if (i == 0 ? has_gamma : i == 1 ? has_beta : true) present[count++] = names[i];
    if (hgq_variables(reader, layer, present, count, &variables) < 0 ||
        (has_gamma && quantise_constant(reader, layer, "weight_quantizer", &variables.at[0]) < 0) ||
        (has_beta && quantise_constant(reader, layer, "bias_quantizer", &variables.at[has_gamma]) < 0) ||
        quantise_input(reader, layer) < 0)
        return NO_VALUE;
    return keras_normalise_batch(reader, layer, &variables);
}

valref pquant_read_average_pooling(struct keras_reader *reader, struct keras_layer *layer) {
    if (quantise_input(reader, layer) < 0) return NO_VALUE;
    return quantise_output(reader, layer, keras_read_average_pooling(reader, layer));
}

static valref with_number(const struct keras_layer *layer, enum op op, const char *part, valref value, float number) {
    const char *constant = arena_printf(layer->nodes.arena, "%s.number", part);
    const valref operands[2] = {value, layer_reals(&layer->nodes, constant, (struct shape){0}, &number)};
    return layer_node(&layer->nodes, op, part, operands, 2, NULL);
}

/* Two to the power of the trained number, rounded half to even. */
static int multiply_input(struct keras_reader *reader, struct keras_layer *layer) {
    static const char *const names[] = {"multiplier"};
    struct keras_variables variables;
    if (hgq_variables(reader, layer, names, 1, &variables) < 0) return -1;
    if (!keras_is_vector(&variables.at[0], 1) || fabsf(variables.at[0].values[0]) > 60)
        return keras_error(reader, layer, NULL, NULL, "its multiplier is not one number from -60 to 60");
    float factor = ldexpf(1, (int)rintf(variables.at[0].values[0]));
    layer->inputs[0] = with_number(layer, OP_MUL, "multiplied", layer->inputs[0], factor);
    return 0;
}

/* 2 * clip(0.5 x + 0.5, 0, 1) - 1, as PQuantML has it. */
static valref hard_tanh(const struct keras_layer *layer, valref value) {
    value = with_number(layer, OP_MUL, "half", value, 0.5f);
    value = with_number(layer, OP_ADD, "raised", value, 0.5f);
    const union attributes limits = {.activation = {0, 1}};
    value = layer_node(&layer->nodes, OP_CLIP, "hard_sigmoid", &value, 1, &limits);
    value = with_number(layer, OP_MUL, "twice", value, 2);
    return with_number(layer, OP_SUB, "lowered", value, 1);
}

static valref activate(struct keras_reader *reader, const struct keras_layer *layer, const char *name, valref value) {
    if (strcmp(name, "relu") == 0) return layer_node(&layer->nodes, OP_RELU, NULL, &value, 1, NULL);
    if (strcmp(name, "tanh") == 0) return layer_node(&layer->nodes, OP_TANH, NULL, &value, 1, NULL);
    if (strcmp(name, "hard_tanh") == 0) return hard_tanh(layer, value);
    return keras_refuse(reader, layer, "activation", "relu, tanh and hard_tanh are read", "function '%s' is not known",
                        name);
}

valref pquant_read_activation(struct keras_reader *reader, struct keras_layer *layer) {
    const char *name = keras_text(layer->config, "activation");
    const cJSON *quantization = quantization_of(layer);
    bool is_relu = name && strcmp(name, "relu") == 0;
    if (is_relu && keras_flag(parameters_of(layer, "fitcompress_parameters"), "enable_fitcompress", false))
        return keras_refuse(reader, layer, "enable_fitcompress", "set it to false in the configuration before saving",
                            "Keras computes this layer without its quantisers once it is loaded");
    if (is_relu && keras_flag(quantization, "use_relu_multiplier", false) &&
        !keras_flag(quantization, "use_high_granularity_quantization", false) && multiply_input(reader, layer) < 0)
        return NO_VALUE;
    if (quantise_input(reader, layer) < 0) return NO_VALUE;
    return quantise_output(reader, layer, activate(reader, layer, name ? name : "(none)", layer->inputs[0]));
}
