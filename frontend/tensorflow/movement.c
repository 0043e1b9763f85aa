/* Operators that give the same elements another shape, order or place. */
#include "frontend/tensorflow/tensorflow.h"

#include <inttypes.h>
#include <string.h>

int tf_static_integer(struct onnx_reader *reader, const struct operation *operation, uint32_t input, const char *what,
                      int64_t *number) {
    size_t count;
    const int64_t *integers = static_integers(reader, operation, input, what, &count);
    if (!integers) return -1;
    if (count != 1) {
        onnx_refuse(reader, operation, NULL, "its %s is %zu numbers, not one", what, count);
        return -1;
    }
    *number = integers[0];
    return 0;
}

/* Of 0 entries an axis stays none: that is no copy as in ONNX. */
struct tensor *tf_read_reshape(struct onnx_reader *reader, const struct operation *operation) {
    struct call call = call_new(reader, operation, "Reshape");
    size_t count;
    const int64_t *goal = static_integers(reader, operation, 1, "shape", &count);
    if (!goal) return NULL;
    call_operand(&call, operation->inputs[0]);
    call_operand(&call, integers_vector(reader, goal, count));
    call_integer(&call, "allowzero", 1);
    return call_read(&call, NULL);
}

struct tensor *tf_read_expand_dims(struct onnx_reader *reader, const struct operation *operation) {
    int64_t axis;
    if (tf_static_integer(reader, operation, 1, "axis", &axis) < 0) return NULL;
    return call_with_integers(reader, operation, "Unsqueeze", NULL, operation->inputs[0], &axis, 1);
}

struct tensor *tf_read_squeeze(struct onnx_reader *reader, const struct operation *operation) {
    size_t count;
    const int64_t *axes = tf_integers(reader, operation, "squeeze_dims", &count);
    if (!axes) return call_unary(reader, operation, "Squeeze", NULL, operation->inputs[0]);
    return call_with_integers(reader, operation, "Squeeze", NULL, operation->inputs[0], axes, count);
}

struct tensor *tf_read_transpose(struct onnx_reader *reader, const struct operation *operation) {
    size_t count;
    const int64_t *permutation = static_integers(reader, operation, 1, "permutation", &count);
    if (!permutation) return NULL;
    if (count != (size_t)operation->inputs[0]->shape.rank)
        return onnx_refuse(reader, operation, NULL, "the permutation has %zu entries for %d axes", count,
                           operation->inputs[0]->shape.rank);
    return call_transpose(reader, operation, NULL, operation->inputs[0], permutation);
}

static struct tensor *concat(struct onnx_reader *reader, const struct operation *operation,
                             struct tensor *const *operands, uint32_t count, int64_t axis) {
    struct call call = call_new(reader, operation, "Concat");
    for (uint32_t i = 0; i < count; i++) call_operand(&call, operands[i]);
    call_integer(&call, "axis", axis);
    return call_read(&call, NULL);
}

struct tensor *tf_read_concat(struct onnx_reader *reader, const struct operation *operation) {
    int64_t axis;
    if (tf_static_integer(reader, operation, operation->input_count - 1, "axis", &axis) < 0) return NULL;
    return concat(reader, operation, operation->inputs, operation->input_count - 1, axis);
}

struct tensor *tf_read_concat_v1(struct onnx_reader *reader, const struct operation *operation) {
    int64_t axis;
    if (tf_static_integer(reader, operation, 0, "axis", &axis) < 0) return NULL;
    return concat(reader, operation, operation->inputs + 1, operation->input_count - 1, axis);
}

struct tensor *tf_read_pack(struct onnx_reader *reader, const struct operation *operation) {
    const int64_t axis = tf_integer(reader, operation, "axis", 0);
    struct tensor **parts = ARENA_ARRAY(reader->arena, struct tensor *, operation->input_count + 1);
    for (uint32_t i = 0; i < operation->input_count; i++) {
        const char *part = arena_printf(reader->arena, "part_%u", i);
        parts[i] = call_with_integers(reader, operation, "Unsqueeze", part, operation->inputs[i], &axis, 1);
    }
    return concat(reader, operation, parts, operation->input_count, axis);
}

/* Elements of each output along the axis, one after the other; the first is what output 0 stands for. `drop`: the
 * axis goes. */
static struct tensor *split(struct onnx_reader *reader, const struct operation *operation, int64_t axis,
                            const int64_t *sizes, size_t count, bool drop) {
    int64_t start = 0;
    for (uint32_t i = 0; i < operation->output_count && i < count; start += sizes[i++]) {
        if (!output_is_read(operation, i)) continue;
        const char *part = i ? arena_printf(reader->arena, "part_%u", i) : NULL;
        const char *cut = drop ? arena_printf(reader->arena, "cut_%u", i) : part;
        struct tensor *piece = call_slice(reader, operation, cut, operation->inputs[0], axis, start, sizes[i]);
        if (drop) piece = call_with_integers(reader, operation, "Squeeze", part, piece, &axis, 1);
        if (!piece) return NULL;
        operation->results[i] = piece;
    }
    return operation->results[0];
}

static struct tensor *split_evenly(struct onnx_reader *reader, const struct operation *operation, int64_t axis,
                                   int64_t parts, bool drop) {
    const struct tensor *x = operation->inputs[0];
    axis = onnx_axis(reader, operation, axis, x->shape.rank);
    if (axis < 0) return NULL;
    if (parts < 1 || parts > x->shape.dim[axis] || x->shape.dim[axis] % parts)
        return onnx_refuse(reader, operation, NULL, "%" PRId64 " entries cannot be split into %" PRId64 " parts",
                           x->shape.dim[axis], parts);
    int64_t *sizes = ARENA_ARRAY(reader->arena, int64_t, parts);
    for (int64_t i = 0; i < parts; i++) sizes[i] = x->shape.dim[axis] / parts;
    return split(reader, operation, axis, sizes, (size_t)parts, drop);
}

struct tensor *tf_read_unpack(struct onnx_reader *reader, const struct operation *operation) {
    const struct tensor *x = operation->inputs[0];
    int64_t axis = onnx_axis(reader, operation, tf_integer(reader, operation, "axis", 0), x->shape.rank);
    if (axis < 0) return NULL;
    int64_t parts = tf_integer(reader, operation, "num", x->shape.dim[axis]);
    if (parts != x->shape.dim[axis])
        return onnx_refuse(reader, operation, NULL, "%" PRId64 " entries cannot become %" PRId64 " tensors",
                           x->shape.dim[axis], parts);
    return split_evenly(reader, operation, axis, parts, true);
}

/* The operation with the tensor that is split first. */
static struct operation split_operation(struct onnx_reader *reader, const struct operation *operation, uint32_t input) {
    struct operation copy = *operation;
    copy.inputs = ARENA_NEW(reader->arena, struct tensor *);
    copy.inputs[0] = operation->inputs[input];
    copy.input_count = 1;
    return copy;
}

struct tensor *tf_read_split(struct onnx_reader *reader, const struct operation *operation) {
    int64_t axis;
    if (tf_static_integer(reader, operation, 0, "axis", &axis) < 0) return NULL;
    struct operation tensor_first = split_operation(reader, operation, 1);
    return split_evenly(reader, &tensor_first, axis, tf_integer(reader, operation, "num_split", 0), false);
}

struct tensor *tf_read_split_v(struct onnx_reader *reader, const struct operation *operation) {
    const struct tensor *x = operation->inputs[0];
    int64_t axis, known = 0;
    size_t count, inferred = SIZE_MAX;
    const int64_t *given = static_integers(reader, operation, 1, "sizes", &count);
    if (!given || tf_static_integer(reader, operation, 2, "axis", &axis) < 0) return NULL;
    axis = onnx_axis(reader, operation, axis, x->shape.rank);
    if (axis < 0) return NULL;
    int64_t *sizes = ARENA_ARRAY(reader->arena, int64_t, count + 1);
    for (size_t i = 0; i < count; i++) {
        sizes[i] = given[i];
        if (given[i] == -1 && inferred == SIZE_MAX)
            inferred = i;
        else if (given[i] < 0 || given[i] > x->shape.dim[axis] - known)
            return onnx_refuse(reader, operation, NULL, "size %zu is %" PRId64, i, given[i]);
        else
            known += given[i];
    }
    if (inferred != SIZE_MAX) sizes[inferred] = x->shape.dim[axis] - known;
    if (inferred == SIZE_MAX && known != x->shape.dim[axis])
        return onnx_refuse(reader, operation, NULL, "the sizes add up to %" PRId64 " of %" PRId64 " entries", known,
                           x->shape.dim[axis]);
    struct operation tensor_first = split_operation(reader, operation, 0);
    return split(reader, &tensor_first, axis, sizes, count, false);
}

/* Pairs of beginning and end, an axis each; ONNX wants all beginnings first. */
struct tensor *tf_read_pad(struct onnx_reader *reader, const struct operation *operation) {
    const char *mode = tf_text(reader, operation, "mode", "CONSTANT");
    size_t count;
    const int64_t *pairs = static_integers(reader, operation, 1, "paddings", &count);
    int64_t pads[2 * SHAPE_RANK_MAX];
    size_t rank = (size_t)operation->inputs[0]->shape.rank;
    if (!pairs) return NULL;
    if (count != 2 * rank) return onnx_refuse(reader, operation, NULL, "the paddings are not two numbers an axis");
    for (size_t i = 0; i < rank; i++) {
        pads[i] = pairs[2 * i];
        pads[i + rank] = pairs[2 * i + 1];
    }
    if (strcmp(mode, "CONSTANT") && strcmp(mode, "REFLECT"))
        return onnx_refuse(reader, operation, NULL, "padding mode '%s' is not read", mode);
    struct call call = call_new(reader, operation, "Pad");
    call_operand(&call, operation->inputs[0]);
    call_operand(&call, integers_vector(reader, pads, count));
    if (operation->input_count > 2) call_operand(&call, operation->inputs[2]);
    call_text(&call, "mode", strcmp(mode, "REFLECT") ? "constant" : "reflect");
    return call_read(&call, NULL);
}
