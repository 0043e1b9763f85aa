/* MaxPool, AveragePool, LpPool, and their global forms. */
#include "frontend/onnx/onnx.h"

static bool read_pooling(struct onnx_reader *reader, const struct operation *operation, struct spatial *spatial) {
    const struct layer layer = onnx_layer(reader, operation);
    const struct shape *shape = &operation->inputs[0]->shape;
    if (!attribute_find(operation, "kernel_shape")) {
        onnx_refuse(reader, operation, NULL, "there is no 'kernel_shape'");
        return false;
    }
    if (!onnx_spatial(reader, operation, spatial) || !spatial_check_numbers(&layer, spatial)) return false;
    switch (onnx_auto_pad(reader, operation, spatial)) {
    case AUTO_PAD_FAILED: return false;
    case AUTO_PAD_SAME_UPPER: spatial_pad_same(spatial, shape, false); break;
    case AUTO_PAD_SAME_LOWER: spatial_pad_same(spatial, shape, true); break;
    case AUTO_PAD_NOT_SET:
    case AUTO_PAD_VALID: break;
    }
    if (attribute_integer(reader, operation, "ceil_mode", 0)) spatial_round_up(spatial, shape);
    return true;
}

static struct tensor *made(struct onnx_reader *reader, const struct operation *operation, valref value) {
    return onnx_made_of(reader, operation->inputs[0], value, operation->inputs[0]->batch_axis);
}

struct tensor *onnx_read_max_pool(struct onnx_reader *reader, const struct operation *operation) {
    const struct layer layer = onnx_layer(reader, operation);
    struct spatial spatial;
    if (!read_pooling(reader, operation, &spatial)) return NULL;
    struct tensor *largest = made(
        reader, operation, layer_max_pool(&layer, &spatial, tensor_value(reader, operation, operation->inputs[0])));
    if (largest && output_is_read(operation, 1))
        operation->results[1] = onnx_max_pool_indices(reader, operation, &spatial);
    return largest;
}

struct tensor *onnx_read_average_pool(struct onnx_reader *reader, const struct operation *operation) {
    const struct layer layer = onnx_layer(reader, operation);
    struct spatial spatial;
    if (refuse_whole(reader, operation, operation->inputs[0]) < 0 || !read_pooling(reader, operation, &spatial))
        return NULL;
    bool count_padding = attribute_integer(reader, operation, "count_include_pad", 0);
    return made(
        reader, operation,
        layer_average_pool(&layer, &spatial, count_padding, tensor_value(reader, operation, operation->inputs[0])));
}

/* ---- (|x|^p + ...)^(1/p) ---- */

static valref power(const struct layer *layer, const char *part, valref x, float exponent) {
    if (valref_equal(x, NO_VALUE)) return NO_VALUE;
    valref operands[2] = {x, layer_reals(layer, part ? "exponent" : "root", (struct shape){0}, &exponent)};
    return layer_node(layer, OP_POW, part, operands, 2, NULL);
}

static valref powers(const struct layer *layer, int64_t p, valref x) {
    valref twice[2] = {x, x};
    if (p == 2) return layer_node(layer, OP_MUL, "square", twice, 2, NULL);
    x = layer_node(layer, OP_LEAKY_RELU, "magnitude", &x, 1, &(union attributes){.activation = {.alpha = -1}});
    return p == 1 ? x : power(layer, "power", x, (float)p);
}

static valref root(const struct layer *layer, int64_t p, valref sum) {
    if (p == 1) return sum;
    const union attributes none = {.activation = {0}};
    return p == 2 ? layer_node(layer, OP_SQRT, NULL, &sum, 1, &none) : power(layer, NULL, sum, 1 / (float)p);
}

static bool read_p(struct onnx_reader *reader, const struct operation *operation, int64_t *p) {
    *p = attribute_integer(reader, operation, "p", 2);
    if (*p >= 1 && *p <= 64) return true;
    onnx_refuse(reader, operation, NULL, "p is %lld, not from 1 to 64", (long long)*p);
    return false;
}

struct tensor *onnx_read_lp_pool(struct onnx_reader *reader, const struct operation *operation) {
    const struct layer layer = onnx_layer(reader, operation);
    struct spatial spatial;
    int64_t p;
    if (refuse_whole(reader, operation, operation->inputs[0]) < 0 || !read_pooling(reader, operation, &spatial) ||
        !read_p(reader, operation, &p))
        return NULL;
    valref x = tensor_value(reader, operation, operation->inputs[0]);
    return made(reader, operation, root(&layer, p, layer_sum_pool(&layer, &spatial, powers(&layer, p, x))));
}

/* ---- over all spatial axes ---- */

static bool read_global(struct onnx_reader *reader, const struct operation *operation) {
    const struct tensor *x = operation->inputs[0];
    for (int axis = 1; axis < x->shape.rank; axis++)
        if (refuse_batch_axis(reader, operation, x, axis) < 0) return false;
    return true;
}

struct tensor *onnx_read_global_max_pool(struct onnx_reader *reader, const struct operation *operation) {
    const struct layer layer = onnx_layer(reader, operation);
    if (!read_global(reader, operation)) return NULL;
    valref x = tensor_value(reader, operation, operation->inputs[0]);
    return made(reader, operation, layer_global_pool(&layer, OP_REDUCE_MAX, false, true, x));
}

struct tensor *onnx_read_global_average_pool(struct onnx_reader *reader, const struct operation *operation) {
    const struct layer layer = onnx_layer(reader, operation);
    if (!read_global(reader, operation) || refuse_whole(reader, operation, operation->inputs[0]) < 0) return NULL;
    valref x = tensor_value(reader, operation, operation->inputs[0]);
    return made(reader, operation, layer_global_average_pool(&layer, false, true, x));
}

struct tensor *onnx_read_global_lp_pool(struct onnx_reader *reader, const struct operation *operation) {
    const struct layer layer = onnx_layer(reader, operation);
    int64_t p;
    if (!read_global(reader, operation) || refuse_whole(reader, operation, operation->inputs[0]) < 0 ||
        !read_p(reader, operation, &p))
        return NULL;
    valref x = powers(&layer, p, tensor_value(reader, operation, operation->inputs[0]));
    return made(reader, operation, root(&layer, p, layer_global_pool(&layer, OP_REDUCE_SUM, false, true, x)));
}
