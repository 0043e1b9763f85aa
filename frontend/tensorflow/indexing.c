/* Slices and gathers by indices that are known. */
#include "frontend/tensorflow/tensorflow.h"

#include <inttypes.h>

/* What a slice does to each axis of its operand, and which axes its result gets. */
struct plan {
    int64_t start[SHAPE_RANK_MAX], end[SHAPE_RANK_MAX], step[SHAPE_RANK_MAX], axes[SHAPE_RANK_MAX];
    int64_t dropped[SHAPE_RANK_MAX], added[SHAPE_RANK_MAX];
    size_t dropped_count, added_count;
    int axis;   /* of the operand that is next */
    int result; /* axes of the result so far */
};

struct masks {
    uint64_t begin, end, ellipsis, added, dropped;
};

static void keep_axes(struct plan *plan, int count) {
    for (int i = 0; i < count; i++, plan->axis++, plan->result++) {
        plan->start[plan->axis] = 0;
        plan->end[plan->axis] = INT64_MAX;
        plan->step[plan->axis] = 1;
    }
}

/* One entry; false after a diagnosis. */
static bool plan_axis(struct onnx_reader *reader, const struct operation *operation, struct plan *plan,
                      const struct masks *masks, size_t entry) {
    const int64_t begin = operation->inputs[1]->integers[entry], end = operation->inputs[2]->integers[entry],
                  step = operation->inputs[3]->integers[entry], dim = operation->inputs[0]->shape.dim[plan->axis];
    const int axis = plan->axis++;
    if (masks->dropped >> entry & 1) {
        int64_t at = begin < 0 ? begin + dim : begin;
        if (at < 0 || at >= dim) {
            onnx_refuse(reader, operation, NULL, "index %" PRId64 " is out of range for axis %d of %" PRId64, begin,
                        axis, dim);
            return false;
        }
        plan->start[axis] = at;
        plan->end[axis] = at + 1;
        plan->step[axis] = 1;
        plan->dropped[plan->dropped_count++] = axis;
        return true;
    }
    plan->step[axis] = step;
    plan->start[axis] = !(masks->begin >> entry & 1) ? begin : step < 0 ? INT64_MAX : 0;
    plan->end[axis] = !(masks->end >> entry & 1) ? end : step < 0 ? INT64_MIN : INT64_MAX;
    plan->result++;
    return true;
}

/* Entries go through the operand's axes; an ellipsis stands for those that have none. */
static bool plan_all(struct onnx_reader *reader, const struct operation *operation, struct plan *plan,
                     const struct masks *masks, size_t count) {
    const int rank = operation->inputs[0]->shape.rank;
    int named = 0;
    for (size_t i = 0; i < count; i++) named += !((masks->added | masks->ellipsis) >> i & 1);
    for (size_t i = 0; i < count; i++) {
        if (masks->ellipsis >> i & 1) {
            if (rank > named) keep_axes(plan, rank - named);
        } else if (masks->added >> i & 1) {
            if (plan->result >= SHAPE_RANK_MAX || plan->added_count >= SHAPE_RANK_MAX) {
                onnx_refuse(reader, operation, NULL, "the result has more than %d axes", SHAPE_RANK_MAX);
                return false;
            }
            plan->added[plan->added_count++] = plan->result++;
        } else {
            if (plan->axis >= rank) {
                onnx_refuse(reader, operation, NULL, "more indices than the operand's %d axes", rank);
                return false;
            }
            if (!plan_axis(reader, operation, plan, masks, i)) return false;
        }
    }
    keep_axes(plan, rank - plan->axis);
    return true;
}

static struct tensor *carry_out(struct onnx_reader *reader, const struct operation *operation, struct plan *plan) {
    const size_t rank = (size_t)operation->inputs[0]->shape.rank;
    struct tensor *y = operation->inputs[0];
    const bool moves = plan->dropped_count || plan->added_count;
    for (size_t i = 0; i < rank; i++) plan->axes[i] = (int64_t)i;
    if (rank) {
        struct call call = call_new(reader, operation, "Slice");
        call_operand(&call, y);
        call_operand(&call, integers_vector(reader, plan->start, rank));
        call_operand(&call, integers_vector(reader, plan->end, rank));
        call_operand(&call, integers_vector(reader, plan->axes, rank));
        call_operand(&call, integers_vector(reader, plan->step, rank));
        y = call_read(&call, moves ? "slice" : NULL);
    }
    if (plan->dropped_count)
        y = call_with_integers(reader, operation, "Squeeze", plan->added_count ? "squeezed" : NULL, y, plan->dropped,
                               plan->dropped_count);
    if (plan->added_count)
        y = call_with_integers(reader, operation, "Unsqueeze", NULL, y, plan->added, plan->added_count);
    return y;
}

struct tensor *tf_read_strided_slice(struct onnx_reader *reader, const struct operation *operation) {
    static const char *const names[] = {"begins", "ends", "strides"};
    struct plan plan = {.axis = 0};
    const struct masks masks = {(uint64_t)tf_integer(reader, operation, "begin_mask", 0),
                                (uint64_t)tf_integer(reader, operation, "end_mask", 0),
                                (uint64_t)tf_integer(reader, operation, "ellipsis_mask", 0),
                                (uint64_t)tf_integer(reader, operation, "new_axis_mask", 0),
                                (uint64_t)tf_integer(reader, operation, "shrink_axis_mask", 0)};
    size_t counts[3];
    for (uint32_t i = 0; i < 3; i++)
        if (!static_integers(reader, operation, i + 1, names[i], &counts[i])) return NULL;
    if (counts[0] != counts[1] || counts[0] != counts[2] || counts[0] > 2 * SHAPE_RANK_MAX)
        return onnx_refuse(reader, operation, NULL, "%zu begins, %zu ends and %zu strides", counts[0], counts[1],
                           counts[2]);
    if (masks.ellipsis & (masks.ellipsis - 1)) return onnx_refuse(reader, operation, NULL, "two ellipses in one slice");
    for (size_t i = 0; i < counts[0]; i++)
        if (!operation->inputs[3]->integers[i]) return onnx_refuse(reader, operation, NULL, "a stride of 0");
    return plan_all(reader, operation, &plan, &masks, counts[0]) ? carry_out(reader, operation, &plan) : NULL;
}

/* Sizes of -1 reach to the end. */
struct tensor *tf_read_slice(struct onnx_reader *reader, const struct operation *operation) {
    const struct shape *shape = &operation->inputs[0]->shape;
    struct plan plan = {.axis = 0};
    size_t begins, sizes;
    const int64_t *begin = static_integers(reader, operation, 1, "begins", &begins);
    const int64_t *size = begin ? static_integers(reader, operation, 2, "sizes", &sizes) : NULL;
    if (!size) return NULL;
    if (begins != (size_t)shape->rank || sizes != begins)
        return onnx_refuse(reader, operation, NULL, "begins and sizes are not one number an axis");
    keep_axes(&plan, shape->rank);
    for (int i = 0; i < shape->rank; i++) {
        if (begin[i] < 0 || begin[i] > shape->dim[i] || size[i] < -1 || size[i] > shape->dim[i] - begin[i])
            return onnx_refuse(reader, operation, NULL,
                               "%" PRId64 " entries from %" PRId64 " on are not in axis %d of %" PRId64, size[i],
                               begin[i], i, shape->dim[i]);
        plan.start[i] = begin[i];
        plan.end[i] = size[i] < 0 ? INT64_MAX : begin[i] + size[i];
    }
    return carry_out(reader, operation, &plan);
}

struct tensor *tf_read_gather(struct onnx_reader *reader, const struct operation *operation) {
    int64_t axis = 0;
    if (operation->input_count > 2 && tf_static_integer(reader, operation, 2, "axis", &axis) < 0) return NULL;
    if (tf_integer(reader, operation, "batch_dims", 0))
        return onnx_refuse(reader, operation, NULL, "'batch_dims': indices of their own for each entry");
    const struct tensor *indices = operation->inputs[1];
    for (size_t i = 0; indices->state == TENSOR_INTEGERS && i < tensor_elements(indices); i++)
        if (indices->integers[i] < 0)
            return onnx_refuse(reader, operation, NULL, "index %" PRId64 " is below 0", indices->integers[i]);
    struct call call = call_new(reader, operation, "Gather");
    call_operand(&call, operation->inputs[0]);
    call_operand(&call, operation->inputs[1]);
    call_integer(&call, "axis", axis);
    return call_read(&call, NULL);
}
