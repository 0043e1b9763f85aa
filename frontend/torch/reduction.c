/* What becomes of all elements along axes: sums, norms, deviations. */
#include "frontend/torch/torch.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

static struct tensor *reduced(struct onnx_reader *reader, const struct operation *operation, const char *op_type,
                              const char *part, struct tensor *x, bool keep) {
    int64_t axes[SHAPE_RANK_MAX];
    int count = torch_integers(reader, operation, "dim", axes);
    if (count < 0) return NULL;
    struct call call = call_new(reader, operation, op_type);
    call_operand(&call, x);
    if (count) call_operand(&call, integers_vector(reader, axes, (size_t)count));
    call_integer(&call, "keepdims", keep);
    return call_read(&call, part);
}

struct tensor *torch_read_reduction(struct onnx_reader *reader, const struct operation *operation) {
    struct tensor *x = torch_as_asked(reader, operation);
    const char *op_type = torch_node_of(operation)->operator->onnx;
    if (strcmp(op_type, "ReduceMax") && strcmp(op_type, "ReduceMin")) x = torch_as_real(reader, operation, "x", x);
    return reduced(reader, operation, op_type, NULL, x, torch_flag(operation, "keepdim", false));
}

/* (sum of |x|^ord)^(1/ord) */
struct tensor *torch_read_norm(struct onnx_reader *reader, const struct operation *operation) {
    const double order = torch_real(reader, operation, torch_has(operation, "ord") ? "ord" : "p", 2);
    bool keep = torch_flag(operation, "keepdim", false);
    struct tensor *x = torch_as_asked(reader, operation);
    if (order == 1) return reduced(reader, operation, "ReduceL1", NULL, x, keep);
    if (order == 2) return reduced(reader, operation, "ReduceL2", NULL, x, keep);
    if (!isinf(order))
        return onnx_refuse(reader, operation, NULL, "a norm of order %g: 1, 2 and infinity are read", order);
    struct tensor *size = call_unary(reader, operation, "Abs", "size", x);
    return reduced(reader, operation, order > 0 ? "ReduceMax" : "ReduceMin", NULL, size, keep);
}

/* How many elements each of the results is of. */
static int64_t elements_over(struct onnx_reader *reader, const struct operation *operation) {
    int64_t axes[SHAPE_RANK_MAX], count = 1;
    const struct shape *shape = &torch_self(operation)->shape;
    int given = torch_integers(reader, operation, "dim", axes);
    for (int i = 0; i < given; i++) {
        const int64_t axis = onnx_axis(reader, operation, axes[i], shape->rank);
        if (axis < 0) return -1;
        count *= shape->dim[axis];
    }
    return given < 0 ? -1 : given ? count : (int64_t)shape_elements(shape);
}

/* var and std: the sum of squares by the count less `correction`. */
struct tensor *torch_read_variance(struct onnx_reader *reader, const struct operation *operation) {
    bool keep = torch_flag(operation, "keepdim", false), root = strstr(torch_node_of(operation)->operator->name, "std");
    const double correction = torch_has(operation, "correction") ? torch_real(reader, operation, "correction", 1)
                                                                 : torch_flag(operation, "unbiased", true);
    const int64_t count = elements_over(reader, operation);
    if (count < 0) return NULL;
    if (!((double)count > correction))
        return onnx_refuse(reader, operation, NULL, "%" PRId64 " elements less %g", count, correction);
    struct tensor *x = torch_self(operation), *mean = reduced(reader, operation, "ReduceMean", "mean", x, true);
    struct tensor *off = call_binary(reader, operation, "Sub", "centred", x, mean);
    struct tensor *square = call_binary(reader, operation, "Mul", "square", off, off);
    struct tensor *sum = reduced(reader, operation, "ReduceSum", "sum", square, keep);
    struct tensor *by = onnx_number(reader, operation, "count", (float)((double)count - correction));
    struct tensor *variance = call_binary(reader, operation, "Div", root ? "variance" : NULL, sum, by);
    return root ? call_unary(reader, operation, "Sqrt", NULL, variance) : variance;
}
