/* Shapes, slices, reductions: what TensorFlow has as operands or attributes stands among the options. */
#include "frontend/tflite/tflite.h"

static Tensorflow__NodeDef *node_of_all(const struct tflite_operation *operation, const char *op) {
    Tensorflow__NodeDef *node = tflite_node(operation, op, NULL);
    for (size_t i = 0; i < operation->inputs.count; i++) tflite_reads(operation, node, i);
    return node;
}

/* A list of 32-bit numbers among the options, at most SHAPE_RANK_MAX. */
static size_t option_list(const struct tflite_operation *operation, int field, int64_t *list) {
    struct flat_vector vector = flat_vector(operation->options, field, 4);
    size_t count = vector.count < SHAPE_RANK_MAX ? vector.count : SHAPE_RANK_MAX;
    for (size_t i = 0; i < count; i++) list[i] = flat_element(vector, i);
    return count;
}

/* The shape is an operand, or an option in older files. */
int tflite_tell_reshape(const struct tflite_operation *operation) {
    int64_t shape[SHAPE_RANK_MAX];
    if (operation->inputs.count > 1) {
        node_of_all(operation, "Reshape");
        return 0;
    }
    Tensorflow__NodeDef *node = tflite_node(operation, "Reshape", NULL);
    tflite_reads(operation, node, 0);
    tflite_reads_integers(operation, node, "shape", shape, option_list(operation, 0, shape));
    return 0;
}

int tflite_tell_squeeze(const struct tflite_operation *operation) {
    int64_t axes[SHAPE_RANK_MAX];
    size_t count = option_list(operation, 0, axes);
    Tensorflow__NodeDef *node = node_of_all(operation, "Squeeze");
    if (count) tflite_set_integers(operation->model, node, "squeeze_dims", axes, count);
    return 0;
}

int tflite_tell_concatenation(const struct tflite_operation *operation) {
    const int64_t axis = flat_integer(operation->options, 0, 4, 0);
    tflite_reads_integers(operation, node_of_all(operation, "ConcatV2"), "axis", &axis, 1);
    return 0;
}

int tflite_tell_pack(const struct tflite_operation *operation) {
    tflite_set_integer(operation->model, node_of_all(operation, "Pack"), "axis",
                       flat_integer(operation->options, 1, 4, 0));
    return 0;
}

int tflite_tell_unpack(const struct tflite_operation *operation) {
    Tensorflow__NodeDef *node = node_of_all(operation, "Unpack");
    tflite_set_integer(operation->model, node, "num", flat_integer(operation->options, 0, 4, 0));
    tflite_set_integer(operation->model, node, "axis", flat_integer(operation->options, 1, 4, 0));
    return 0;
}

int tflite_tell_split(const struct tflite_operation *operation) {
    tflite_set_integer(operation->model, node_of_all(operation, "Split"), "num_split",
                       flat_integer(operation->options, 0, 4, 0));
    return 0;
}

int tflite_tell_split_v(const struct tflite_operation *operation) {
    tflite_set_integer(operation->model, node_of_all(operation, "SplitV"), "num_split",
                       flat_integer(operation->options, 0, 4, 0));
    return 0;
}

int tflite_tell_strided_slice(const struct tflite_operation *operation) {
    static const char *const masks[] = {"begin_mask", "end_mask", "ellipsis_mask", "new_axis_mask", "shrink_axis_mask"};
    if (flat_integer(operation->options, 5, 1, 0))
        return tflite_refuse(operation, NULL, "its ends are counted from its begins");
    Tensorflow__NodeDef *node = node_of_all(operation, "StridedSlice");
    for (int i = 0; i < 5; i++)
        tflite_set_integer(operation->model, node, masks[i], flat_integer(operation->options, i, 4, 0));
    return 0;
}

int tflite_tell_gather(const struct tflite_operation *operation) {
    const int64_t axis = flat_integer(operation->options, 0, 4, 0);
    Tensorflow__NodeDef *node = node_of_all(operation, "GatherV2");
    tflite_reads_integers(operation, node, "axis", &axis, 1);
    tflite_set_integer(operation->model, node, "batch_dims", flat_integer(operation->options, 1, 4, 0));
    return 0;
}

int tflite_tell_cast(const struct tflite_operation *operation) {
    tflite_set_type(operation->model, node_of_all(operation, "Cast"), "DstT",
                    tflite_type(operation->model, flat_element(operation->outputs, 0)));
    return 0;
}

int tflite_tell_reduction(const struct tflite_operation *operation) {
    tflite_set_flag(operation->model, node_of_all(operation, operation->operator->as), "keep_dims",
                    flat_integer(operation->options, 0, 1, 0) != 0);
    return 0;
}

int tflite_tell_arg(const struct tflite_operation *operation) {
    tflite_set_type(operation->model, node_of_all(operation, operation->operator->as), "output_type",
                    tflite_type(operation->model, flat_element(operation->outputs, 0)));
    return 0;
}

int tflite_tell_blocks(const struct tflite_operation *operation) {
    tflite_set_integer(operation->model, node_of_all(operation, operation->operator->as), "block_size",
                       flat_integer(operation->options, 0, 4, 0));
    return 0;
}

int tflite_tell_mirror_pad(const struct tflite_operation *operation) {
    const bool symmetric = flat_integer(operation->options, 0, 1, 0) != 0;
    tflite_set_text(operation->model, node_of_all(operation, "MirrorPad"), "mode", symmetric ? "SYMMETRIC" : "REFLECT");
    return 0;
}
