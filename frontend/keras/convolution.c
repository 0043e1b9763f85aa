/* Convolutions of one to three axes: plain, depthwise, separable, transposed. */
#include "frontend/keras/keras.h"

#include <string.h>

/* The spatial part of the layer's configuration, padding aside. -1 and a diagnosis. */
int keras_read_spatial(struct keras_reader *reader, const struct keras_layer *layer, const char *size,
                       struct spatial *out) {
    const struct shape *shape = keras_shape(layer, 0);
    const char *dims = strpbrk(layer->class_name, "123");
    int count = shape->rank - 2;
    if (!dims || count != *dims - '0')
        return keras_error(reader, layer, NULL, NULL, "the input has %d axes beside batch and channels", count);
    *out = (struct spatial){.count = count, .channels_last = !keras_channels_first(reader, layer)};
    if (keras_integer_each(reader, layer, size, 1, out->size, count) < 0 ||
        keras_integer_each(reader, layer, "dilation_rate", 1, out->dilation, count) < 0)
        return -1;
    bool stepped = keras_member(layer->config, "strides") != NULL, pool = strcmp(size, "pool_size") == 0;
    if (keras_integer_each(reader, layer, stepped || !pool ? "strides" : size, 1, out->step, count) < 0) return -1;
    return spatial_check_numbers(&layer->nodes, out) ? 0 : -1;
}

/* "valid", "same" or "causal". */
int keras_pad_spatial(struct keras_reader *reader, const struct keras_layer *layer, struct spatial *spatial) {
    const char *padding = keras_text(layer->config, "padding");
    if (!padding || strcmp(padding, "valid") == 0) return 0;
    if (strcmp(padding, "same") == 0) {
        spatial_pad_same(spatial, keras_shape(layer, 0), false);
        return 0;
    }
    if (strcmp(padding, "causal") != 0 || spatial->count != 1)
        return keras_error(reader, layer, "padding", NULL, "padding '%s' is not known", padding);
    spatial->before[0] = spatial_extent(spatial, 0) - 1;
    return 0;
}

static int64_t channels_of(const struct keras_layer *layer, const struct spatial *spatial) {
    const struct shape *shape = keras_shape(layer, 0);
    return shape->dim[spatial->channels_last ? shape->rank - 1 : 1];
}

int keras_check_window(struct keras_reader *reader, const struct keras_layer *layer, const struct spatial *spatial,
                       const struct keras_variable *kernel) {
    for (int i = 0; i < spatial->count; i++)
        if (kernel->shape.dim[i] != spatial->size[i])
            return keras_error(reader, layer, "kernel_size", "are these the weights of this very model?",
                               "the kernel has %lld elements along axis %d, not %lld", (long long)kernel->shape.dim[i],
                               i, (long long)spatial->size[i]);
    return 0;
}

static valref bias_of(const struct keras_layer *layer, const struct keras_variable *bias) {
    return bias->values ? layer_reals(&layer->nodes, "bias", bias->shape, bias->values) : NO_VALUE;
}

static valref activate(struct keras_reader *reader, const struct keras_layer *layer, valref value) {
    return keras_activate(reader, layer, keras_member(layer->config, "activation"), value);
}

valref keras_read_convolution(struct keras_reader *reader, struct keras_layer *layer) {
    struct convolution convolution = {.groups = (int64_t)keras_number(layer->config, "groups", 1)};
    struct keras_variable kernel, bias;
    if (keras_read_spatial(reader, layer, "kernel_size", &convolution.spatial) < 0 ||
        keras_pad_spatial(reader, layer, &convolution.spatial) < 0)
        return NO_VALUE;
    const struct keras_kernel kind = {"kernel", "kernel_quantizer", convolution.spatial.count + 2};
    if (keras_read_kernels(reader, layer, &kind, 1, &kernel, &bias) < 0 ||
        keras_check_window(reader, layer, &convolution.spatial, &kernel) < 0)
        return NO_VALUE;
    valref weights = layer_reals(&layer->nodes, "kernel", kernel.shape, kernel.values);
    return activate(reader, layer,
                    layer_convolution(&layer->nodes, &convolution, layer->inputs[0], weights, bias_of(layer, &bias)));
}

/* [spatial..., channels, multiplier] as [spatial..., 1, channels * multiplier]. */
int keras_as_depthwise(struct keras_reader *reader, const struct keras_layer *layer, struct convolution *convolution,
                       struct keras_variable *kernel) {
    int count = convolution->spatial.count;
    convolution->groups = channels_of(layer, &convolution->spatial);
    if (kernel->shape.dim[count] != convolution->groups)
        return keras_error(reader, layer, NULL, "are these the weights of this very model?",
                           "the kernel has %lld channels, the input %lld", (long long)kernel->shape.dim[count],
                           (long long)convolution->groups);
    kernel->shape.dim[count + 1] *= kernel->shape.dim[count];
    kernel->shape.dim[count] = 1;
    return 0;
}

valref keras_read_depthwise_convolution(struct keras_reader *reader, struct keras_layer *layer) {
    struct convolution convolution = {.groups = 1};
    struct keras_variable kernel, bias;
    if (keras_read_spatial(reader, layer, "kernel_size", &convolution.spatial) < 0 ||
        keras_pad_spatial(reader, layer, &convolution.spatial) < 0)
        return NO_VALUE;
    const struct keras_kernel kind = {"depthwise kernel", "depthwise_quantizer", convolution.spatial.count + 2};
    if (keras_read_kernels(reader, layer, &kind, 1, &kernel, &bias) < 0 ||
        keras_check_window(reader, layer, &convolution.spatial, &kernel) < 0 ||
        keras_as_depthwise(reader, layer, &convolution, &kernel) < 0)
        return NO_VALUE;
    valref weights = layer_reals(&layer->nodes, "kernel", kernel.shape, kernel.values);
    return activate(reader, layer,
                    layer_convolution(&layer->nodes, &convolution, layer->inputs[0], weights, bias_of(layer, &bias)));
}

/* Each channel by itself, then a product of the channels at each position. */
valref keras_read_separable_convolution(struct keras_reader *reader, struct keras_layer *layer) {
    struct convolution depthwise = {.groups = 1}, pointwise;
    struct keras_variable kernels[2], bias;
    if (keras_read_spatial(reader, layer, "kernel_size", &depthwise.spatial) < 0 ||
        keras_pad_spatial(reader, layer, &depthwise.spatial) < 0)
        return NO_VALUE;
    int count = depthwise.spatial.count;
    const struct keras_kernel kinds[] = {{"depthwise kernel", "depthwise_quantizer", count + 2},
                                         {"pointwise kernel", "pointwise_quantizer", count + 2}};
    if (keras_read_kernels(reader, layer, kinds, 2, kernels, &bias) < 0 ||
        keras_check_window(reader, layer, &depthwise.spatial, &kernels[0]) < 0 ||
        keras_as_depthwise(reader, layer, &depthwise, &kernels[0]) < 0)
        return NO_VALUE;
    pointwise = (struct convolution){.spatial = {.count = count, .channels_last = depthwise.spatial.channels_last},
                                     .groups = 1};
    for (int i = 0; i < count; i++)
        pointwise.spatial.size[i] = pointwise.spatial.step[i] = pointwise.spatial.dilation[i] = 1;
    if (keras_check_window(reader, layer, &pointwise.spatial, &kernels[1]) < 0) return NO_VALUE;
    struct layer first = layer->nodes;
    first.name = arena_printf(reader->arena, "%s.depthwise", layer->name);
    valref value = layer_convolution(&first, &depthwise, layer->inputs[0],
                                     layer_reals(&first, "kernel", kernels[0].shape, kernels[0].values), NO_VALUE);
    valref weights = layer_reals(&layer->nodes, "kernel", kernels[1].shape, kernels[1].values);
    value = layer_convolution(&layer->nodes, &pointwise, value, weights, bias_of(layer, &bias));
    return activate(reader, layer, value);
}

/* What is cut off of all that the kernel reaches, along each axis; an odd one more behind. */
static int pad_transposed(struct keras_reader *reader, const struct keras_layer *layer, struct spatial *spatial) {
    const char *padding = keras_text(layer->config, "padding");
    bool same = padding && strcmp(padding, "same") == 0, given = keras_member(layer->config, "output_padding") != NULL;
    int64_t more[SPATIAL_MAX];
    if (padding && !same && strcmp(padding, "valid") != 0)
        return keras_error(reader, layer, "padding", NULL, "padding '%s' is not known", padding);
    if (keras_integer_each(reader, layer, "output_padding", 0, more, spatial->count) < 0) return -1;
    for (int i = 0; i < spatial->count; i++) {
        int64_t length = keras_shape(layer, 0)->dim[spatial_axis(spatial, i)], step = spatial->step[i],
                extent = spatial_extent(spatial, i), all = (length - 1) * step + extent, out = length * step;
        if (given)
            out = all - (same ? 2 * (extent / 2) : 0) + more[i];
        else if (!same && extent > step)
            out = all;
        if (out < 1 || more[i] < 0 || more[i] >= step + (given ? 0 : 1))
            return keras_error(reader, layer, "output_padding", NULL, "it must be from 0 to less than the stride");
        spatial->before[i] = all > out ? (all - out) / 2 : 0;
        spatial->after[i] = all - out - spatial->before[i];
    }
    return 0;
}

/* [spatial..., filters, channels] with its last two axes exchanged. */
static void exchange(struct arena *arena, struct keras_variable *kernel) {
    struct shape *shape = &kernel->shape;
    size_t rows = (size_t)shape->dim[shape->rank - 2], columns = (size_t)shape->dim[shape->rank - 1],
           all = shape_elements(shape);
    float *values = ARENA_ARRAY(arena, float, all);
    for (size_t e = 0; e < all; e++) {
        size_t block = e / (rows * columns), row = e / columns % rows, column = e % columns;
        values[(block * columns + column) * rows + row] = kernel->values[e];
    }
    shape->dim[shape->rank - 2] = (int64_t)columns;
    shape->dim[shape->rank - 1] = (int64_t)rows;
    kernel->values = values;
}

valref keras_read_transposed_convolution(struct keras_reader *reader, struct keras_layer *layer) {
    struct convolution convolution = {.groups = 1};
    struct keras_variable kernel, bias;
    if (keras_read_spatial(reader, layer, "kernel_size", &convolution.spatial) < 0 ||
        pad_transposed(reader, layer, &convolution.spatial) < 0)
        return NO_VALUE;
    const struct keras_kernel kind = {"kernel", "kernel_quantizer", convolution.spatial.count + 2};
    if (keras_read_kernels(reader, layer, &kind, 1, &kernel, &bias) < 0 ||
        keras_check_window(reader, layer, &convolution.spatial, &kernel) < 0)
        return NO_VALUE;
    exchange(reader->arena, &kernel);
    valref weights = layer_reals(&layer->nodes, "kernel", kernel.shape, kernel.values);
    return activate(
        reader, layer,
        layer_transposed_convolution(&layer->nodes, &convolution, layer->inputs[0], weights, bias_of(layer, &bias)));
}
