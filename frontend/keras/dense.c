/* Dense: a product with the last axis, a bias, a function. */
#include "frontend/keras/keras.h"

valref keras_add_bias(const struct keras_layer *layer, valref value, const struct keras_variable *bias) {
    if (valref_equal(value, NO_VALUE) || !bias->values) return value;
    valref operands[2] = {value, layer_reals(&layer->nodes, "bias", bias->shape, bias->values)};
    return layer_node(&layer->nodes, OP_ADD, "add", operands, 2, NULL);
}

static int check_dense(struct keras_reader *reader, const struct keras_layer *layer,
                       const struct keras_variable *kernel, const struct keras_variable *bias) {
    const struct shape *input = keras_shape(layer, 0);
    int64_t features = input->dim[input->rank - 1];
    if (input->rank < 2 || kernel->shape.dim[0] != features)
        return keras_error(reader, layer, NULL, "are these the weights of this very model?",
                           "the kernel has %lld rows, the input %lld features", (long long)kernel->shape.dim[0],
                           (long long)features);
    if (bias->values && !keras_is_vector(bias, kernel->shape.dim[1]))
        return keras_error(reader, layer, NULL, NULL, "the weights have no bias of %lld numbers",
                           (long long)kernel->shape.dim[1]);
    return 0;
}

valref keras_read_dense(struct keras_reader *reader, struct keras_layer *layer) {
    static const struct keras_kernel kind = {"kernel", "kernel_quantizer", 2};
    struct keras_variable kernel, bias;
    if (keras_read_kernels(reader, layer, &kind, 1, &kernel, &bias) < 0 ||
        check_dense(reader, layer, &kernel, &bias) < 0)
        return NO_VALUE;
    valref operands[2] = {layer->inputs[0], layer_reals(&layer->nodes, "kernel", kernel.shape, kernel.values)};
    valref value = layer_node(&layer->nodes, OP_MATMUL, NULL, operands, 2, NULL);
    value = keras_add_bias(layer, value, &bias);
    return keras_activate(reader, layer, keras_member(layer->config, "activation"), value);
}
