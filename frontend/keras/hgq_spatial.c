/* HGQ2's convolutions and pooling: Keras's own, of quantised numbers. */
#include "frontend/keras/hgq.h"

valref hgq_read_convolution(struct keras_reader *reader, struct keras_layer *layer) {
    static const char *const names[] = {"kernel", "bias"};
    struct convolution convolution = {.groups = (int64_t)keras_number(layer->config, "groups", 1)};
    struct keras_variables variables;
    bool has_bias = keras_flag(layer->config, "use_bias", true);
    if (keras_read_spatial(reader, layer, "kernel_size", &convolution.spatial) < 0 ||
        keras_pad_spatial(reader, layer, &convolution.spatial) < 0 ||
        hgq_variables(reader, layer, names, has_bias ? 2 : 1, &variables) < 0)
        return NO_VALUE;
    struct keras_variable *kernel = &variables.at[0], *bias = &variables.at[1];
    if (kernel->shape.rank != convolution.spatial.count + 2 || (has_bias && bias->shape.rank != 1))
        return keras_refuse(reader, layer, NULL, "are these the weights of this very model?",
                            "kernel or bias have not the axes of this layer");
    for (int i = 0; i < convolution.spatial.count; i++)
        if (kernel->shape.dim[i] != convolution.spatial.size[i])
            return keras_refuse(reader, layer, "kernel_size", "are these the weights of this very model?",
                                "the kernel has %lld elements along axis %d", (long long)kernel->shape.dim[i], i);
    if (hgq_constant(reader, layer, "kq", kernel) < 0 || (has_bias && hgq_constant(reader, layer, "bq", bias) < 0) ||
        hgq_inputs(reader, layer) < 0)
        return NO_VALUE;
    valref weights = layer_reals(&layer->nodes, "kernel", kernel->shape, kernel->values),
           offset = has_bias ? layer_reals(&layer->nodes, "bias", bias->shape, bias->values) : NO_VALUE;
    return hgq_activated(reader, layer,
                         layer_convolution(&layer->nodes, &convolution, layer->inputs[0], weights, offset));
}

static valref pool(struct keras_reader *reader, struct keras_layer *layer,
                   valref (*read)(struct keras_reader *reader, struct keras_layer *layer)) {
    return hgq_inputs(reader, layer) < 0 ? NO_VALUE : hgq_output(reader, layer, read(reader, layer));
}

valref hgq_read_max_pooling(struct keras_reader *reader, struct keras_layer *layer) {
    return pool(reader, layer, keras_read_max_pooling);
}

valref hgq_read_average_pooling(struct keras_reader *reader, struct keras_layer *layer) {
    return pool(reader, layer, keras_read_average_pooling);
}

valref hgq_read_global_max_pooling(struct keras_reader *reader, struct keras_layer *layer) {
    return pool(reader, layer, keras_read_global_max_pooling);
}

valref hgq_read_global_average_pooling(struct keras_reader *reader, struct keras_layer *layer) {
    return pool(reader, layer, keras_read_global_average_pooling);
}
