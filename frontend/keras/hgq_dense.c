/* HGQ2's dense layers; kernels and biases are quantised here, as HGQ2 computes them. */
#include "frontend/keras/keras.h"

#include <math.h>
#include <string.h>

/* input @ kernel + bias, activation, output quantiser; bias may have no values. */
static valref append_dense(struct keras_reader *reader, const struct keras_layer *layer,
                           const struct keras_variable *kernel, const struct keras_variable *bias) {
    struct arena *arena = reader->arena;
    valref value = hgq_input(reader, layer, 0);
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
    value = keras_activate(reader, layer, keras_member(layer->config, "activation"), value);
    return hgq_output(reader, layer, value);
}

static int check_kernel(struct keras_reader *reader, const struct keras_layer *layer,
                        const struct keras_variables *variables) {
    const struct shape *input = &graph_value(reader->graph, layer->inputs[0])->shape;
    if (variables->count == 0 || variables->at[0].shape.rank != 2)
        return keras_error(reader, layer, NULL, "is the configuration of this very model?",
                           "the weights have no kernel of two axes at '%s/vars/0'", layer->place.group);
    if (input->rank < 1 || variables->at[0].shape.dim[0] != input->dim[input->rank - 1])
        return keras_error(reader, layer, NULL, NULL, "the kernel has %lld rows, the input %lld features",
                           (long long)variables->at[0].shape.dim[0],
                           input->rank < 1 ? 1LL : (long long)input->dim[input->rank - 1]);
    return 0;
}

/* kernel and, when the layer has one, bias; quantised. */
static valref read_plain(struct keras_reader *reader, const struct keras_layer *layer, bool has_bias) {
    struct keras_variables variables;
    struct keras_variable none = {0};
    if (keras_variables_read(reader, layer, &layer->place, &variables) < 0 ||
        check_kernel(reader, layer, &variables) < 0)
        return NO_VALUE;
    struct keras_variable *kernel = &variables.at[0], *bias = has_bias ? &variables.at[1] : &none;
    if (has_bias && (variables.count < 2 || !keras_is_vector(bias, kernel->shape.dim[1]))) {
        keras_error(reader, layer, NULL, NULL, "the weights have no bias of %lld numbers",
                    (long long)kernel->shape.dim[1]);
        return NO_VALUE;
    }
    if (hgq_constant(reader, layer, "kq", kernel) < 0 || (has_bias && hgq_constant(reader, layer, "bq", bias) < 0))
        return NO_VALUE;
    return append_dense(reader, layer, kernel, bias);
}

valref hgq_read_dense(struct keras_reader *reader, struct keras_layer *layer) {
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

valref hgq_read_einsum_dense(struct keras_reader *reader, struct keras_layer *layer) {
    bool has_bias = false;
    return check_equation(reader, layer, &has_bias) < 0 ? NO_VALUE : read_plain(reader, layer, has_bias);
}

/* The four vectors of a batch normalisation: kernel first, then bias and gamma when there are any,
 * scalars of the training between, mean and variance last. */
struct normalisation {
    const float *bias, *gamma, *mean, *variance;
};

static int find_normalisation(struct keras_reader *reader, const struct keras_layer *layer,
                              const struct keras_variables *variables, bool has_bias, struct normalisation *out) {
    const float *vectors[KERAS_VARIABLES_MAX];
    int count = 0;
    for (int i = 1; i < variables->count; i++)
        if (keras_is_vector(&variables->at[i], variables->at[0].shape.dim[1]))
            vectors[count++] = variables->at[i].values;
    int extra = count - 2 - (has_bias ? 1 : 0);
    if (extra < 0 || extra > 1)
        return keras_error(reader, layer, NULL, NULL, "%d vectors in '%s/vars' are no bias, gamma, mean and variance",
                           count, layer->place.group);
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

valref hgq_read_einsum_dense_batchnorm(struct keras_reader *reader, struct keras_layer *layer) {
    struct keras_variables variables;
    struct normalisation normalisation = {0};
    bool has_bias = false;
    if (check_equation(reader, layer, &has_bias) < 0 ||
        keras_variables_read(reader, layer, &layer->place, &variables) < 0 ||
        check_kernel(reader, layer, &variables) < 0 ||
        find_normalisation(reader, layer, &variables, has_bias, &normalisation) < 0)
        return NO_VALUE;
    struct keras_variable *kernel = &variables.at[0], bias = {{1, {kernel->shape.dim[1]}}, NULL};
    bias.values = ARENA_ARRAY(reader->arena, float, kernel->shape.dim[1]);
    fuse(kernel, &bias, &normalisation);
    if (hgq_constant(reader, layer, "kq", kernel) < 0 || hgq_constant(reader, layer, "bq", &bias) < 0) return NO_VALUE;
    return append_dense(reader, layer, kernel, &bias);
}
