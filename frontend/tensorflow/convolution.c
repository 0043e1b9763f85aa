/* Convolutions and pooling: ONNX has the channels behind the batch, and kernels of [out, in, window]. */
#include "frontend/tensorflow/tensorflow.h"

#include <inttypes.h>
#include <string.h>

struct window {
    bool last; /* channels */
    int axes;  /* of the image */
};

/* An attribute of all axes; numbers of the image's to `out`, 1 where there is none. Batch and channels have 1. */
static int window_axes(struct onnx_reader *reader, const struct operation *operation, const struct window *window,
                       const char *name, int64_t *out) {
    size_t count;
    const int64_t *all = tf_integers(reader, operation, name, &count);
    for (int i = 0; i < window->axes; i++) out[i] = 1;
    if (!all) return 0;
    if (count == (size_t)window->axes + 2 && all[0] == 1 && all[window->last ? window->axes + 1 : 1] == 1) {
        bool sane = true;
        for (int i = 0; i < window->axes; i++) {
            out[i] = all[i + (window->last ? 1 : 2)];
            sane &= out[i] >= 1 && out[i] <= ONNX_ELEMENTS_MAX;
        }
        if (sane) return 0;
    }
    onnx_refuse(reader, operation, NULL,
                "'%s' is not 1 for batch and channels, or no length for each other axis of the operand", name);
    return -1;
}

/* explicit_paddings: two numbers an axis, of all axes; ONNX wants all beginnings, then all ends. */
static int call_paddings(struct call *call, const struct window *window) {
    size_t count;
    const int64_t *all = tf_integers(call->reader, call->node, "explicit_paddings", &count);
    int64_t pads[2 * SHAPE_RANK_MAX];
    if (!all || count != 2 * ((size_t)window->axes + 2)) {
        onnx_refuse(call->reader, call->node, NULL, "'explicit_paddings' does not fit the operand's axes");
        return -1;
    }
    for (int i = 0; i < window->axes; i++) {
        size_t axis = (size_t)i + (window->last ? 1 : 2);
        pads[i] = all[2 * axis];
        pads[i + window->axes] = all[2 * axis + 1];
    }
    call_integers(call, "pads", pads, 2 * (size_t)window->axes);
    return 0;
}

static int call_padding(struct call *call, const struct window *window) {
    const char *padding = tf_text(call->reader, call->node, "padding", "");
    if (!strcmp(padding, "EXPLICIT")) return call_paddings(call, window);
    bool same = !strcmp(padding, "SAME");
    if (!same && strcmp(padding, "VALID")) {
        onnx_refuse(call->reader, call->node, NULL, "padding '%s' is not read", padding);
        return -1;
    }
    call_text(call, "auto_pad", same ? "SAME_UPPER" : "VALID");
    return 0;
}

static int call_axes(struct call *call, const struct window *window, const char *name, const char *as) {
    int64_t numbers[SHAPE_RANK_MAX];
    if (window_axes(call->reader, call->node, window, name, numbers) < 0) return -1;
    call_integers(call, as, numbers, (size_t)window->axes);
    return 0;
}

static int window_of(struct onnx_reader *reader, const struct operation *operation, const struct tensor *x,
                     struct window *window) {
    *window = (struct window){.axes = x->shape.rank - 2};
    if (tf_channels_last(reader, operation, &window->last) < 0) return -1;
    if (x->shape.rank == 4 || x->shape.rank == 5) return 0;
    onnx_refuse(reader, operation, NULL, "the operand has %d axes, not batch, channels and an image's", x->shape.rank);
    return -1;
}

static struct tensor *to_front(struct onnx_reader *reader, const struct operation *operation,
                               const struct window *window, struct tensor *x) {
    return window->last ? tf_channels_to_front(reader, operation, "channels_first", x) : x;
}

/* Runs the call; its result with the channels where TensorFlow has them. */
static struct tensor *finished(struct call *call, const struct window *window) {
    struct tensor *y = call_read(call, NULL);
    return window->last ? tf_channels_to_back(call->reader, call->node, "channels_last", y) : y;
}

/* [window, in, out] to [out, in, window]. */
static struct tensor *kernel_to_front(struct onnx_reader *reader, const struct operation *operation,
                                      struct tensor *kernel) {
    int64_t permutation[SHAPE_RANK_MAX];
    int rank = kernel->shape.rank;
    permutation[0] = rank - 1;
    permutation[1] = rank - 2;
    for (int i = 2; i < rank; i++) permutation[i] = i - 2;
    return call_transpose(reader, operation, "kernel", kernel, permutation);
}

static struct tensor *convolve(struct onnx_reader *reader, const struct operation *operation,
                               const struct window *window, struct tensor *kernel, int64_t groups) {
    struct call call = call_new(reader, operation, "Conv");
    call_operand(&call, to_front(reader, operation, window, operation->inputs[0]));
    call_operand(&call, kernel);
    call_integer(&call, "group", groups);
    if (call_axes(&call, window, "strides", "strides") < 0 || call_axes(&call, window, "dilations", "dilations") < 0 ||
        call_padding(&call, window) < 0)
        return NULL;
    return finished(&call, window);
}

static int64_t channels(const struct tensor *x, const struct window *window) {
    return x->shape.dim[window->last ? x->shape.rank - 1 : 1];
}

static bool kernel_fits(struct onnx_reader *reader, const struct operation *operation, const struct tensor *x,
                        const struct tensor *kernel) {
    if (kernel->shape.rank == x->shape.rank) return true;
    onnx_refuse(reader, operation, NULL, "the kernel has %d axes, the operand %d", kernel->shape.rank, x->shape.rank);
    return false;
}

struct tensor *tf_read_conv(struct onnx_reader *reader, const struct operation *operation) {
    struct tensor *x = operation->inputs[0], *kernel = operation->inputs[1];
    struct window window;
    if (window_of(reader, operation, x, &window) < 0 || !kernel_fits(reader, operation, x, kernel)) return NULL;
    int64_t have = channels(x, &window), taken = kernel->shape.dim[kernel->shape.rank - 2];
    if (!taken || have % taken)
        return onnx_refuse(reader, operation, NULL, "the kernel takes %" PRId64 " channels, the operand has %" PRId64,
                           taken, have);
    return convolve(reader, operation, &window, kernel_to_front(reader, operation, kernel), have / taken);
}

/* [height, width, channels, multiplier]: a group a channel. */
struct tensor *tf_read_depthwise_conv(struct onnx_reader *reader, const struct operation *operation) {
    static const int64_t order[] = {2, 3, 0, 1};
    struct tensor *x = operation->inputs[0], *kernel = operation->inputs[1];
    struct window window;
    if (window_of(reader, operation, x, &window) < 0 || !kernel_fits(reader, operation, x, kernel)) return NULL;
    if (window.axes != 2 || kernel->shape.dim[2] != channels(x, &window))
        return onnx_refuse(reader, operation, NULL, "the kernel takes %" PRId64 " channels, the operand has %" PRId64,
                           kernel->shape.dim[2], channels(x, &window));
    const int64_t *dim = kernel->shape.dim, shape[] = {dim[2] * dim[3], 1, dim[0], dim[1]};
    kernel = call_transpose(reader, operation, "turned", kernel, order);
    kernel = call_with_integers(reader, operation, "Reshape", "kernel", kernel, shape, 4);
    return convolve(reader, operation, &window, kernel, shape[0] / (dim[3] ? dim[3] : 1));
}

/* Pads of the convolution of which this is the gradient: what they take off here. -1 and a diagnosis. */
static int transposed_pads(struct call *call, const struct window *window, const struct tensor *kernel,
                           const int64_t *goal) {
    const struct tensor *x = call->node->inputs[2];
    int64_t strides[SHAPE_RANK_MAX], dilations[SHAPE_RANK_MAX], pads[2 * SHAPE_RANK_MAX];
    if (window_axes(call->reader, call->node, window, "strides", strides) < 0 ||
        window_axes(call->reader, call->node, window, "dilations", dilations) < 0)
        return -1;
    for (int i = 0; i < window->axes; i++) {
        int64_t length = (kernel->shape.dim[i] - 1) * dilations[i] + 1;
        int64_t whole = (x->shape.dim[i + (window->last ? 1 : 2)] - 1) * strides[i] + length;
        int64_t extra = whole - goal[i + (window->last ? 1 : 2)];
        if (extra < 0 || extra >= whole) {
            onnx_refuse(call->reader, call->node, NULL, "axis %d of the image cannot become %" PRId64, i,
                        goal[i + (window->last ? 1 : 2)]);
            return -1;
        }
        pads[i] = extra / 2;
        pads[i + window->axes] = extra - extra / 2;
    }
    call_integers(call, "strides", strides, (size_t)window->axes);
    call_integers(call, "dilations", dilations, (size_t)window->axes);
    call_integers(call, "pads", pads, 2 * (size_t)window->axes);
    return 0;
}

/* The gradient of a convolution: sizes of its image, kernel [window, out, in], image. */
struct tensor *tf_read_conv_transposed(struct onnx_reader *reader, const struct operation *operation) {
    struct tensor *kernel = operation->inputs[1], *x = operation->inputs[2];
    struct window window;
    size_t count;
    const int64_t *goal = static_integers(reader, operation, 0, "sizes", &count);
    if (!goal || window_of(reader, operation, x, &window) < 0 || !kernel_fits(reader, operation, x, kernel))
        return NULL;
    if (count != (size_t)x->shape.rank)
        return onnx_refuse(reader, operation, NULL, "the sizes are not one number an axis");
    if (!strcmp(tf_text(reader, operation, "padding", ""), "EXPLICIT"))
        return onnx_refuse(reader, operation, NULL, "explicit paddings of a transposed convolution");
    struct call call = call_new(reader, operation, "ConvTranspose");
    call_operand(&call, to_front(reader, operation, &window, x));
    call_operand(&call, kernel_to_front(reader, operation, kernel));
    if (transposed_pads(&call, &window, kernel, goal) < 0) return NULL;
    return finished(&call, &window);
}

struct tensor *tf_read_pool(struct onnx_reader *reader, const struct operation *operation) {
    struct tensor *x = operation->inputs[0];
    struct window window;
    if (window_of(reader, operation, x, &window) < 0) return NULL;
    struct call call = call_new(reader, operation, tf_node_of(operation)->operator->onnx);
    call_operand(&call, to_front(reader, operation, &window, x));
    if (call_axes(&call, &window, "ksize", "kernel_shape") < 0 || call_axes(&call, &window, "strides", "strides") < 0 ||
        call_padding(&call, &window) < 0)
        return NULL;
    return finished(&call, &window);
}

/* TensorFlow's order of a block's numbers is ONNX's default (depth, then column, then row). */
struct tensor *tf_read_blocks(struct onnx_reader *reader, const struct operation *operation) {
    struct tensor *x = operation->inputs[0];
    struct window window;
    if (window_of(reader, operation, x, &window) < 0) return NULL;
    struct call call = call_new(reader, operation, tf_node_of(operation)->operator->onnx);
    call_operand(&call, to_front(reader, operation, &window, x));
    call_integer(&call, "blocksize", tf_integer(reader, operation, "block_size", 0));
    return finished(&call, &window);
}
