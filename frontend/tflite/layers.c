/* Products, convolutions, pooling: TFLite has kernels of [out, ..., in] and a bias with them. */
#include "frontend/tflite/tflite.h"

#include <inttypes.h>

/* The node that gives the result, or what the bias is added to where there is one. */
static Tensorflow__NodeDef *before_bias(const struct tflite_operation *operation, const char *op, size_t bias) {
    return tflite_node(operation, op, tflite_input(operation, bias) < 0 ? NULL : "product");
}

static void add_bias(const struct tflite_operation *operation, const Tensorflow__NodeDef *product, size_t bias) {
    if (tflite_input(operation, bias) < 0) return;
    Tensorflow__NodeDef *sum = tflite_node(operation, "BiasAdd", NULL);
    tflite_reads_node(operation->model, sum, product);
    tflite_reads(operation, sum, bias);
}

int tflite_tell_fully_connected(const struct tflite_operation *operation) {
    const struct tflite_model *model = operation->model;
    const struct shape x = tflite_shape(model, tflite_input(operation, 0)),
                       weights = tflite_shape(model, tflite_input(operation, 1));
    const bool keeps = flat_integer(operation->options, 2, 1, 0) != 0;
    if (flat_integer(operation->options, 1, 1, 0)) return tflite_refuse(operation, NULL, "its weights are shuffled");
    if (weights.rank != 2) return tflite_refuse(operation, NULL, "its weights have %d axes, not 2", weights.rank);
    Tensorflow__NodeDef *product = before_bias(operation, "BatchMatMulV2", 2);
    if (x.rank == 2 || (keeps && x.rank > 2)) {
        tflite_reads(operation, product, 0);
    } else {
        const int64_t rows[] = {-1, weights.dim[1]};
        Tensorflow__NodeDef *flat = tflite_node(operation, "Reshape", "rows");
        tflite_reads(operation, flat, 0);
        tflite_reads_integers(operation, flat, "shape", rows, 2);
        tflite_reads_node(model, product, flat);
    }
    tflite_reads(operation, product, 1);
    tflite_set_flag(model, product, "adj_y", true);
    add_bias(operation, product, 2);
    return 0;
}

int tflite_tell_batch_matmul(const struct tflite_operation *operation) {
    Tensorflow__NodeDef *node = tflite_node(operation, "BatchMatMulV2", NULL);
    tflite_reads(operation, node, 0);
    tflite_reads(operation, node, 1);
    tflite_set_flag(operation->model, node, "adj_x", flat_integer(operation->options, 0, 1, 0) != 0);
    tflite_set_flag(operation->model, node, "adj_y", flat_integer(operation->options, 1, 1, 0) != 0);
    return 0;
}

/* Strides stand as width, height from the field on. */
static int set_window(const struct tflite_operation *operation, Tensorflow__NodeDef *node, int stride_field) {
    const int64_t padding = flat_integer(operation->options, 0, 1, 0);
    const int64_t strides[] = {1, flat_integer(operation->options, stride_field + 1, 4, 0),
                               flat_integer(operation->options, stride_field, 4, 0), 1};
    if (padding != 0 && padding != 1)
        return tflite_refuse(operation, NULL, "its padding is of unknown kind %" PRId64, padding);
    tflite_set_text(operation->model, node, "padding", padding ? "VALID" : "SAME");
    tflite_set_integers(operation->model, node, "strides", strides, 4);
    return 0;
}

static void set_dilations(const struct tflite_operation *operation, Tensorflow__NodeDef *node, int field) {
    const int64_t dilations[] = {1, flat_integer(operation->options, field + 1, 4, 1),
                                 flat_integer(operation->options, field, 4, 1), 1};
    tflite_set_integers(operation->model, node, "dilations", dilations, 4);
}

/* The operand as a kernel of TensorFlow, [height, width, in, out] where `order` is of those. */
static const Tensorflow__NodeDef *turned_kernel(const struct tflite_operation *operation, const int64_t *order) {
    Tensorflow__NodeDef *kernel = tflite_node(operation, "Transpose", "kernel");
    tflite_reads(operation, kernel, 1);
    tflite_reads_integers(operation, kernel, "order", order, 4);
    return kernel;
}

int tflite_tell_conv(const struct tflite_operation *operation) {
    static const int64_t order[] = {1, 2, 3, 0};
    Tensorflow__NodeDef *node = before_bias(operation, "Conv2D", 2);
    tflite_reads(operation, node, 0);
    tflite_reads_node(operation->model, node, turned_kernel(operation, order));
    set_dilations(operation, node, 4);
    if (set_window(operation, node, 1) < 0) return -1;
    add_bias(operation, node, 2);
    return 0;
}

/* The kernel is [1, height, width, channels times multiplier]. */
int tflite_tell_depthwise_conv(const struct tflite_operation *operation) {
    const struct tflite_model *model = operation->model;
    const struct shape x = tflite_shape(model, tflite_input(operation, 0)),
                       kernel = tflite_shape(model, tflite_input(operation, 1));
    if (x.rank != 4 || kernel.rank != 4 || x.dim[3] < 1 || kernel.dim[3] % x.dim[3])
        return tflite_refuse(operation, NULL, "its kernel does not go with the operand's channels");
    const int64_t shape[] = {kernel.dim[1], kernel.dim[2], x.dim[3], kernel.dim[3] / x.dim[3]};
    Tensorflow__NodeDef *weights = tflite_node(operation, "Reshape", "kernel");
    tflite_reads(operation, weights, 1);
    tflite_reads_integers(operation, weights, "shape", shape, 4);
    Tensorflow__NodeDef *node = before_bias(operation, "DepthwiseConv2dNative", 2);
    tflite_reads(operation, node, 0);
    tflite_reads_node(model, node, weights);
    set_dilations(operation, node, 5);
    if (set_window(operation, node, 1) < 0) return -1;
    add_bias(operation, node, 2);
    return 0;
}

/* Operands: the size of the result, kernel, image, bias. */
int tflite_tell_transpose_conv(const struct tflite_operation *operation) {
    static const int64_t order[] = {1, 2, 0, 3};
    Tensorflow__NodeDef *node = before_bias(operation, "Conv2DBackpropInput", 3);
    tflite_reads(operation, node, 0);
    tflite_reads_node(operation->model, node, turned_kernel(operation, order));
    tflite_reads(operation, node, 2);
    if (set_window(operation, node, 1) < 0) return -1;
    add_bias(operation, node, 3);
    return 0;
}

int tflite_tell_pool(const struct tflite_operation *operation) {
    Tensorflow__NodeDef *node = tflite_node(operation, operation->operator->as, NULL);
    const int64_t size[] = {1, flat_integer(operation->options, 4, 4, 0), flat_integer(operation->options, 3, 4, 0), 1};
    tflite_reads(operation, node, 0);
    tflite_set_integers(operation->model, node, "ksize", size, 4);
    return set_window(operation, node, 1);
}

int tflite_tell_softmax(const struct tflite_operation *operation) {
    const float beta = flat_real(operation->options, 0, 0);
    if (beta != 1) return tflite_refuse(operation, NULL, "its beta is %g, not 1", (double)beta);
    tflite_reads(operation, tflite_node(operation, "Softmax", NULL), 0);
    return 0;
}

int tflite_tell_leaky_relu(const struct tflite_operation *operation) {
    Tensorflow__NodeDef *node = tflite_node(operation, "LeakyRelu", NULL);
    tflite_reads(operation, node, 0);
    tflite_set_real(operation->model, node, "alpha", flat_real(operation->options, 0, 0));
    return 0;
}

int tflite_tell_gelu(const struct tflite_operation *operation) {
    Tensorflow__NodeDef *node = tflite_node(operation, "Gelu", NULL);
    tflite_reads(operation, node, 0);
    tflite_set_flag(operation->model, node, "approximate", flat_integer(operation->options, 0, 1, 0) != 0);
    return 0;
}
