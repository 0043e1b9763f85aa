/* Pad; DepthToSpace and SpaceToDepth. */
#include "frontend/onnx/onnx.h"

#include <inttypes.h>
#include <string.h>

/* How many elements come before and behind, by axis. */
struct pads {
    int64_t before[SHAPE_RANK_MAX], after[SHAPE_RANK_MAX];
};

/* The axes that pads are for, in their order: all, or those of an operand. -1 after a diagnosis. */
static int padded_axes(struct onnx_reader *reader, const struct operation *operation, int axes[SHAPE_RANK_MAX]) {
    int rank = operation->inputs[0]->shape.rank;
    size_t count;
    unsigned set;
    if (operation->input_count < 4 || !operation->inputs[3]) {
        for (int i = 0; i < rank; i++) axes[i] = i;
        return rank;
    }
    const int64_t *given = static_integers(reader, operation, 3, "axes", &count);
    if (!given || !onnx_axes_set(reader, operation, given, count, rank, &set)) return -1;
    for (size_t i = 0; i < count; i++) axes[i] = (int)(given[i] < 0 ? given[i] + rank : given[i]);
    return (int)count;
}

static bool read_pads(struct onnx_reader *reader, const struct operation *operation, struct pads *pads) {
    int axes[SHAPE_RANK_MAX], axis_count = padded_axes(reader, operation, axes);
    size_t count;
    const char *name = attribute_find(operation, "paddings") ? "paddings" : "pads";
    const int64_t *list = attribute_or_operand(reader, operation, name, 1, &count);
    if (axis_count < 0 || count == SIZE_MAX) return false;
    if (count != 2 * (size_t)axis_count) {
        onnx_refuse(reader, operation, NULL, "'pads' has %zu entries for %d axes", count, axis_count);
        return false;
    }
    *pads = (struct pads){{0}, {0}};
    for (int i = 0; i < axis_count; i++) {
        int64_t before = list[i], after = list[axis_count + i];
        if ((before || after) && refuse_batch_axis(reader, operation, operation->inputs[0], axes[i]) < 0) return false;
        pads->before[axes[i]] = before;
        pads->after[axes[i]] = after;
    }
    return true;
}

static struct tensor *pad_with_number(struct onnx_reader *reader, const struct operation *operation,
                                      const struct pads *pads) {
    const struct layer layer = onnx_layer(reader, operation);
    struct tensor *tensor = operation->inputs[0];
    float number = attribute_real(reader, operation, "value", 0);
    if (operation->input_count > 2 && operation->inputs[2] &&
        static_number(reader, operation, 2, "the constant", &number) < 0)
        return NULL;
    valref x = tensor_value(reader, operation, tensor);
    for (int axis = 0; axis < tensor->shape.rank; axis++)
        x = layer_pad(&layer, "padded", x, axis, pads->before[axis], pads->after[axis], number);
    return onnx_made_of(reader, tensor, x, tensor->batch_axis);
}

static struct tensor *pad_repeating(struct onnx_reader *reader, const struct operation *operation,
                                    const struct pads *pads, enum padding padding) {
    const struct layer layer = onnx_layer(reader, operation);
    struct tensor *tensor = operation->inputs[0];
    valref x = tensor_value(reader, operation, tensor);
    for (int axis = 0; axis < tensor->shape.rank; axis++)
        x = layer_pad_repeating(&layer, "padded", x, axis, pads->before[axis], pads->after[axis], padding);
    return onnx_made_of(reader, tensor, x, tensor->batch_axis);
}

struct tensor *onnx_read_pad(struct onnx_reader *reader, const struct operation *operation) {
    static const char *const modes[] = {
        [PADDING_REFLECT] = "reflect", [PADDING_EDGE] = "edge", [PADDING_WRAP] = "wrap"};
    const char *mode = attribute_text(reader, operation, "mode");
    struct pads pads;
    if (!read_pads(reader, operation, &pads)) return NULL;
    if (!mode || !strcmp(mode, "constant")) return pad_with_number(reader, operation, &pads);
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++)
        if (!strcmp(mode, modes[i])) return pad_repeating(reader, operation, &pads, (enum padding)i);
    return onnx_refuse(reader, operation, NULL, "mode '%s' is not known", mode);
}

/* ---- blocks of positions as channels ---- */

static bool read_block(struct onnx_reader *reader, const struct operation *operation, int64_t *block) {
    const struct tensor *x = operation->inputs[0];
    *block = attribute_integer(reader, operation, "blocksize", 0);
    if (x->shape.rank != 4) {
        onnx_refuse(reader, operation, NULL, "an operand of %d axes, not 4", x->shape.rank);
        return false;
    }
    for (int axis = 1; axis < 4; axis++)
        if (refuse_batch_axis(reader, operation, x, axis) < 0) return false;
    if (*block >= 1 && *block <= INT16_MAX) return true;
    onnx_refuse(reader, operation, NULL, "a block of %" PRId64, *block);
    return false;
}

static struct tensor *through(struct onnx_reader *reader, const struct operation *operation, struct shape split,
                              const int *permutation, struct shape joined) {
    struct tensor *x = operation->inputs[0];
    struct tensor *moved = move_reshape(reader, operation, "split", x, split, x->batch_axis);
    moved = moved ? move_transpose(reader, operation, "moved", moved, permutation) : NULL;
    return moved ? move_reshape(reader, operation, NULL, moved, joined, x->batch_axis) : NULL;
}

struct tensor *onnx_read_depth_to_space(struct onnx_reader *reader, const struct operation *operation) {
    const int64_t *dim = operation->inputs[0]->shape.dim;
    const char *mode = attribute_text(reader, operation, "mode");
    bool columns_first = mode && !strcmp(mode, "CRD");
    int64_t block, inner;
    if (!read_block(reader, operation, &block)) return NULL;
    if (mode && !columns_first && strcmp(mode, "DCR") != 0)
        return onnx_refuse(reader, operation, NULL, "mode '%s' is not known", mode);
    inner = dim[1] / (block * block);
    if (inner * block * block != dim[1])
        return onnx_refuse(reader, operation, NULL, "%" PRId64 " channels do not make blocks of %" PRId64, dim[1],
                           block);
    struct shape joined = {.rank = 4, .dim = {dim[0], inner, dim[2] * block, dim[3] * block}};
    if (columns_first)
        return through(reader, operation, (struct shape){6, {dim[0], inner, block, block, dim[2], dim[3]}},
                       (const int[]){0, 1, 4, 2, 5, 3}, joined);
    return through(reader, operation, (struct shape){6, {dim[0], block, block, inner, dim[2], dim[3]}},
                   (const int[]){0, 3, 4, 1, 5, 2}, joined);
}

struct tensor *onnx_read_space_to_depth(struct onnx_reader *reader, const struct operation *operation) {
    const int64_t *dim = operation->inputs[0]->shape.dim;
    int64_t block;
    if (!read_block(reader, operation, &block)) return NULL;
    if (dim[2] % block || dim[3] % block)
        return onnx_refuse(reader, operation, NULL,
                           "%" PRId64 " x %" PRId64 " positions do not make blocks of %" PRId64, dim[2], dim[3], block);
    return through(reader, operation, (struct shape){6, {dim[0], dim[1], dim[2] / block, block, dim[3] / block, block}},
                   (const int[]){0, 3, 5, 1, 2, 4},
                   (struct shape){4, {dim[0], dim[1] * block * block, dim[2] / block, dim[3] / block}});
}
