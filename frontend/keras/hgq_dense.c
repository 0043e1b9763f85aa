/* HGQ2's QDense, also with a batch normalisation of its input within it; kernels and biases are quantised here, as HGQ2
 * computes them. */
#include "frontend/keras/hgq.h"

#include <math.h>

/* input @ kernel + bias, activation, output quantiser; bias may have no values. */
static valref append_dense(struct keras_reader *reader, struct keras_layer *layer, const struct keras_variable *kernel,
                           const struct keras_variable *bias) {
    if (hgq_inputs(reader, layer) < 0) return NO_VALUE;
    const valref operands[2] = {layer->inputs[0], layer_reals(&layer->nodes, "kernel", kernel->shape, kernel->values)};
    valref value = layer_node(&layer->nodes, OP_MATMUL, NULL, operands, 2, NULL);
    return hgq_activated(reader, layer, keras_add_bias(layer, value, bias));
}

int hgq_check_kernel(struct keras_reader *reader, const struct keras_layer *layer, const struct keras_variable *kernel,
                     const struct keras_variable *bias) {
    const struct shape *input = keras_shape(layer, 0);
    if (kernel->shape.rank != 2)
        return keras_error(reader, layer, NULL, "is the configuration of this very model?",
                           "the weights have no kernel of two axes at '%s/vars/0'", layer->place.group);
    if (input->rank < 2 || kernel->shape.dim[0] != input->dim[input->rank - 1])
        return keras_error(reader, layer, NULL, NULL, "the kernel has %lld rows, the input %lld features",
                           (long long)kernel->shape.dim[0],
                           input->rank < 1 ? 1LL : (long long)input->dim[input->rank - 1]);
    if (bias->values && !keras_is_vector(bias, kernel->shape.dim[1]))
        return keras_error(reader, layer, NULL, NULL, "the weights have no bias of %lld numbers",
                           (long long)kernel->shape.dim[1]);
    return 0;
}

valref hgq_read_dense(struct keras_reader *reader, struct keras_layer *layer) {
    static const char *const names[] = {"kernel", "bias"};
    struct keras_variables variables;
    struct keras_variable bias = {.values = NULL};
    bool has_bias = keras_flag(layer->config, "use_bias", true);
    if (hgq_variables(reader, layer, names, has_bias ? 2 : 1, &variables) < 0) return NO_VALUE;
    if (has_bias) bias = variables.at[1];
    if (hgq_check_kernel(reader, layer, &variables.at[0], &bias) < 0 ||
        hgq_constant(reader, layer, "kq", &variables.at[0]) < 0 ||
        (has_bias && hgq_constant(reader, layer, "bq", &bias) < 0))
        return NO_VALUE;
    return append_dense(reader, layer, &variables.at[0], &bias);
}

/* In binary32: s = gamma / sqrt(var + epsilon), s * kernel by row, bias - mean . kernel. HGQ2 adds that product up in
 * an order of its backend's; it is rounded once here. */
static void fuse(struct keras_variable *kernel, struct keras_variable *bias, const float *gamma, const float *mean,
                 const float *variance, float epsilon) {
    int64_t rows = kernel->shape.dim[0], columns = kernel->shape.dim[1];
    for (int64_t c = 0; c < columns; c++) {
        double offset = 0;
        for (int64_t r = 0; r < rows; r++) offset += (double)mean[r] * (double)kernel->values[r * columns + c];
        bias->values[c] -= (float)offset;
    }
    for (int64_t r = 0; r < rows; r++) {
        float scale = (gamma ? gamma[r] : 1.0f) / sqrtf(variance[r] + epsilon);
        for (int64_t c = 0; c < columns; c++) kernel->values[r * columns + c] *= scale;
    }
}

valref hgq_read_batch_norm_dense(struct keras_reader *reader, struct keras_layer *layer) {
    static const char *const names[] = {"kernel", "bias", "gamma", "mean", "variance"}, *const without[] = {
                                                                                            "kernel", "bias", "mean",
                                                                                            "variance"};
    struct keras_variables variables;
    bool has_gamma = keras_flag(layer->config, "scale", true);
    int count = has_gamma ? 5 : 4;
    struct keras_variable *kernel = &variables.at[0], *bias = &variables.at[1];
    if (hgq_variables(reader, layer, has_gamma ? names : without, count, &variables) < 0 ||
        hgq_check_kernel(reader, layer, kernel, bias) < 0)
        return NO_VALUE;
    for (int i = 2; i < count; i++)
        if (!keras_is_vector(&variables.at[i], kernel->shape.dim[0]))
            return keras_refuse(reader, layer, NULL, NULL, "the batch normalisation has not one number a feature");
    fuse(kernel, bias, has_gamma ? variables.at[2].values : NULL, variables.at[count - 2].values,
         variables.at[count - 1].values, (float)keras_number(layer->config, "epsilon", 1e-3));
    if (hgq_constant(reader, layer, "kq", kernel) < 0 || hgq_constant(reader, layer, "bq", bias) < 0) return NO_VALUE;
    return append_dense(reader, layer, kernel, bias);
}
