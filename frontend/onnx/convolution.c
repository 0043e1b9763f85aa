/* Conv and ConvTranspose. */
#include "frontend/onnx/onnx.h"

#include <inttypes.h>

/* The kernel's own sizes, which kernel_shape may only repeat. */
static bool take_kernel_shape(struct onnx_reader *reader, const struct operation *operation, struct spatial *spatial) {
    const struct tensor *x = operation->inputs[0], *kernel = operation->inputs[1];
    if (kernel->shape.rank != x->shape.rank) {
        onnx_refuse(reader, operation, NULL, "a kernel of %d axes for an operand of %d", kernel->shape.rank,
                    x->shape.rank);
        return false;
    }
    for (int i = 0; i < spatial->count; i++) {
        int64_t size = kernel->shape.dim[2 + i];
        if (spatial->size[i] != 0 && spatial->size[i] != size) {
            onnx_refuse(reader, operation, NULL, "'kernel_shape' says %" PRId64 ", but the kernel has %" PRId64,
                        spatial->size[i], size);
            return false;
        }
        spatial->size[i] = size;
    }
    return true;
}

static bool read_convolution(struct onnx_reader *reader, const struct operation *operation,
                             struct convolution *convolution) {
    const struct tensor *kernel = operation->inputs[1];
    *convolution = (struct convolution){.groups = attribute_integer(reader, operation, "group", 1)};
    for (uint32_t i = 0; i < operation->input_count; i++)
        if (operation->inputs[i] && refuse_whole(reader, operation, operation->inputs[i]) < 0) return false;
    if (refuse_dependence(reader, operation, 1, "the kernel") < 0) return false;
    if (!onnx_spatial(reader, operation, &convolution->spatial) ||
        !take_kernel_shape(reader, operation, &convolution->spatial))
        return false;
    if (convolution->groups >= 1 && kernel->shape.dim[0] % convolution->groups == 0) return true;
    onnx_refuse(reader, operation, NULL, "%" PRId64 " groups of a kernel with %" PRId64 " entries along its first axis",
                convolution->groups, kernel->shape.dim[0]);
    return false;
}

/* [filters, channels, spatial...] to [spatial..., channels, filters]. */
static struct tensor *filters_last(struct onnx_reader *reader, const struct operation *operation) {
    struct tensor *kernel = operation->inputs[1];
    int permutation[SHAPE_RANK_MAX], rank = kernel->shape.rank;
    for (int i = 0; i < rank - 2; i++) permutation[i] = 2 + i;
    permutation[rank - 2] = 1;
    permutation[rank - 1] = 0;
    return move_transpose(reader, operation, "filters_last", kernel, permutation);
}

static bool bias_fits(struct onnx_reader *reader, const struct operation *operation, int64_t filters) {
    const struct tensor *bias = operation->input_count > 2 ? operation->inputs[2] : NULL;
    if (!bias || (bias->shape.rank == 1 && bias->shape.dim[0] == filters))
        return !bias || refuse_dependence(reader, operation, 2, "the bias") == 0;
    onnx_refuse(reader, operation, NULL, "the bias has not one entry for each of %" PRId64 " filters", filters);
    return false;
}

typedef valref convolve(const struct layer *layer, const struct convolution *convolution, valref x, valref kernel,
                        valref bias);

static struct tensor *emit_convolution(struct onnx_reader *reader, const struct operation *operation,
                                       const struct convolution *convolution, struct tensor *kernel,
                                       convolve *function) {
    const struct layer layer = onnx_layer(reader, operation);
    struct tensor *x = operation->inputs[0];
    bool bias = operation->input_count > 2 && operation->inputs[2];
    if (!kernel || !bias_fits(reader, operation, kernel->shape.dim[kernel->shape.rank - 1])) return NULL;
    valref of = tensor_value(reader, operation, x), weights = tensor_value(reader, operation, kernel);
    valref added = bias ? tensor_value(reader, operation, operation->inputs[2]) : NO_VALUE;
    if (bias && valref_equal(added, NO_VALUE)) return NULL;
    return onnx_made_of(reader, x, function(&layer, convolution, of, weights, added), x->batch_axis);
}

struct tensor *onnx_read_conv(struct onnx_reader *reader, const struct operation *operation) {
    struct convolution convolution;
    if (!read_convolution(reader, operation, &convolution)) return NULL;
    enum auto_pad pad = onnx_auto_pad(reader, operation, &convolution.spatial);
    const struct layer layer = onnx_layer(reader, operation);
    if (pad == AUTO_PAD_FAILED || !spatial_check_numbers(&layer, &convolution.spatial)) return NULL;
    if (pad == AUTO_PAD_SAME_UPPER || pad == AUTO_PAD_SAME_LOWER)
        spatial_pad_same(&convolution.spatial, &operation->inputs[0]->shape, pad == AUTO_PAD_SAME_LOWER);
    return emit_convolution(reader, operation, &convolution, filters_last(reader, operation), layer_convolution);
}

/* ---- transposed ---- */

/* [channels, filters of a group, spatial...] to [spatial..., channels of a group, filters]. */
static struct tensor *transposed_filters_last(struct onnx_reader *reader, const struct operation *operation,
                                              int64_t groups) {
    struct tensor *kernel = operation->inputs[1];
    struct shape split = {.rank = kernel->shape.rank + 1, .dim = {groups, kernel->shape.dim[0] / groups}}, joined;
    int permutation[SHAPE_RANK_MAX], rank = 0;
    for (int i = 2; i < split.rank; i++) split.dim[i] = kernel->shape.dim[i - 1];
    kernel = move_reshape(reader, operation, "kernel_groups", kernel, split, -1);
    for (int i = 3; i < split.rank; i++) permutation[rank++] = i;
    permutation[rank++] = 1;
    permutation[rank++] = 0;
    permutation[rank++] = 2;
    kernel = kernel ? move_transpose(reader, operation, "filters_last", kernel, permutation) : NULL;
    if (!kernel) return NULL;
    joined = kernel->shape;
    joined.rank--;
    joined.dim[joined.rank - 1] *= kernel->shape.dim[joined.rank];
    return move_reshape(reader, operation, "filters_joined", kernel, joined, -1);
}

/* Padding is what is cut off: as pads say, or as makes up the result's size. */
static bool transposed_pads(struct onnx_reader *reader, const struct operation *operation, struct spatial *spatial) {
    size_t added_count, wanted_count, count = (size_t)spatial->count;
    const int64_t *added = attribute_integers(reader, operation, "output_padding", &added_count);
    const int64_t *wanted = attribute_integers(reader, operation, "output_shape", &wanted_count);
    enum auto_pad pad = onnx_auto_pad(reader, operation, spatial);
    if (added_count == SIZE_MAX || wanted_count == SIZE_MAX || pad == AUTO_PAD_FAILED) return false;
    if ((added && added_count != count) || (wanted && wanted_count != count)) {
        onnx_refuse(reader, operation, NULL, "'%s' has not %zu entries",
                    added && added_count != count ? "output_padding" : "output_shape", count);
        return false;
    }
    bool same = pad == AUTO_PAD_SAME_UPPER || pad == AUTO_PAD_SAME_LOWER;
    for (int i = 0; i < spatial->count; i++) {
        int64_t length = operation->inputs[0]->shape.dim[2 + i], step = spatial->step[i], more = added ? added[i] : 0;
        int64_t goal = wanted ? wanted[i] : same ? length * step : 0;
        if (more < 0 || more > INT32_MAX || goal < 0 || goal > INT32_MAX) {
            onnx_refuse(reader, operation, NULL,
                        "axis %d of the result is to have %" PRId64 " entries and %" PRId64 " of padding", 2 + i, goal,
                        more);
            return false;
        }
        if (wanted || same) {
            int64_t total = (length - 1) * step + spatial_extent(spatial, i) + more - goal;
            int64_t half = total < 0 ? 0 : total / 2, rest = total - half;
            spatial->before[i] = pad == AUTO_PAD_SAME_UPPER || total < 0 ? half : rest;
            spatial->after[i] = pad == AUTO_PAD_SAME_UPPER || total < 0 ? rest : half;
        }
        spatial->after[i] -= more;
    }
    return true;
}

struct tensor *onnx_read_conv_transpose(struct onnx_reader *reader, const struct operation *operation) {
    struct convolution convolution;
    if (!read_convolution(reader, operation, &convolution)) return NULL;
    const struct layer layer = onnx_layer(reader, operation);
    if (!spatial_check_numbers(&layer, &convolution.spatial) ||
        !transposed_pads(reader, operation, &convolution.spatial))
        return NULL;
    return emit_convolution(reader, operation, &convolution,
                            transposed_filters_last(reader, operation, convolution.groups),
                            layer_transposed_convolution);
}
