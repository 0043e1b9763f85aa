/* MatMul, Gemm, BatchNormalization. */
#include "frontend/onnx/onnx.h"

static struct tensor *matrix_with_axis(struct onnx_reader *reader, const struct operation *operation,
                                       struct tensor *tensor, bool in_front) {
    struct shape shape = {.rank = 2, .dim = {1, 1}};
    shape.dim[in_front ? 1 : 0] = tensor->shape.dim[0];
    return move_reshape(reader, operation, in_front ? "row" : "column", tensor, shape,
                        tensor->batch_axis < 0 ? -1
                        : in_front             ? 1
                                               : 0);
}

/* Where the batch axis of a product is: it may be a row of a, a column of b or a leading axis,
 * never the axis that is summed. -2 and a diagnosis otherwise. */
static int matmul_batch(struct onnx_reader *reader, const struct operation *operation, const struct tensor *a,
                        const struct tensor *b) {
    int rank = a->shape.rank > b->shape.rank ? a->shape.rank : b->shape.rank;
    if (refuse_batch_axis(reader, operation, a, a->shape.rank - 1) < 0) return -2;
    if (refuse_batch_axis(reader, operation, b, b->shape.rank - 2) < 0) return -2;
    int of_a = a->batch_axis < 0 ? -1 : rank - a->shape.rank + a->batch_axis;
    int of_b = b->batch_axis < 0 ? -1 : rank - b->shape.rank + b->batch_axis;
    if (of_a >= 0 && of_b >= 0 && (of_a != of_b || of_a >= rank - 2)) {
        onnx_refuse(reader, operation, "bxc computes each event by itself",
                    "the product pairs each event with every other");
        return -2;
    }
    int batch = of_a >= 0 ? of_a : of_b;
    const struct tensor *other = of_a >= 0 ? b : a;
    int axis = batch - (rank - other->shape.rank);
    if (batch >= 0 && batch < rank - 2 && axis >= 0 && other->batch_axis < 0 && other->shape.dim[axis] != 1) {
        onnx_refuse(reader, operation, NULL, "an operand has %lld entries along the batch",
                    (long long)other->shape.dim[axis]);
        return -2;
    }
    return batch;
}

static struct tensor *emit_matmul(struct onnx_reader *reader, const struct operation *operation, struct tensor *a,
                                  struct tensor *b) {
    int batch = matmul_batch(reader, operation, a, b);
    struct tensor *inputs[] = {a, b};
    return batch == -2 ? NULL : onnx_emit_tensor(reader, operation, OP_MATMUL, NULL, inputs, 2, NULL, batch);
}

/* Takes away the axes that vectors were given to become matrices. */
static struct tensor *drop_vector_axes(struct onnx_reader *reader, const struct operation *operation,
                                       struct tensor *product, bool row, bool column) {
    struct shape shape = product->shape;
    int batch = product->batch_axis;
    if (column) shape.rank--;
    if (row) {
        if (!column) shape.dim[shape.rank - 2] = shape.dim[shape.rank - 1];
        if (batch == shape.rank - 1 && !column) batch--;
        shape.rank--;
    }
    return move_reshape(reader, operation, "vector", product, shape, batch);
}

struct tensor *onnx_read_matmul(struct onnx_reader *reader, const struct operation *operation) {
    struct tensor *a = operation->inputs[0], *b = operation->inputs[1];
    if (refuse_whole(reader, operation, a) < 0 || refuse_whole(reader, operation, b) < 0) return NULL;
    if (!a->shape.rank || !b->shape.rank)
        return onnx_refuse(reader, operation, NULL, "a matrix product of a single number");
    bool row = a->shape.rank == 1, column = b->shape.rank == 1;
    if (row) a = matrix_with_axis(reader, operation, a, true);
    if (column && b) b = matrix_with_axis(reader, operation, b, false);
    if (!a || !b) return NULL;
    struct tensor *product = emit_matmul(reader, operation, a, b);
    if (!product || !(row || column)) return product;
    return drop_vector_axes(reader, operation, product, row, column);
}

static struct tensor *scalar(struct onnx_reader *reader, float number) {
    struct tensor *tensor = tensor_new(reader, TENSOR_REALS, ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT, (struct shape){0});
    tensor->reals = ARENA_NEW(reader->arena, float);
    *tensor->reals = number;
    return tensor;
}

/* factor * tensor; constants are multiplied here. */
static struct tensor *scaled(struct onnx_reader *reader, const struct operation *operation, const char *what,
                             struct tensor *tensor, float factor) {
    if (factor == 1) return tensor;
    if (tensor->state == TENSOR_REALS) {
        struct tensor *copy = tensor_new(reader, TENSOR_REALS, tensor->type, tensor->shape);
        size_t count = tensor_elements(tensor);
        copy->name = arena_printf(reader->arena, "%s.%s", operation->name, what);
        copy->reals = ARENA_ARRAY(reader->arena, float, count + 1);
        for (size_t i = 0; i < count; i++) copy->reals[i] = factor * tensor->reals[i];
        return copy;
    }
    struct tensor *constant = scalar(reader, factor);
    constant->name = arena_printf(reader->arena, "%s.%s", operation->name, what);
    struct tensor *inputs[] = {tensor, constant};
    return onnx_emit_tensor(reader, operation, OP_MUL, "scaled", inputs, 2, NULL, tensor->batch_axis);
}

static struct tensor *gemm_operand(struct onnx_reader *reader, const struct operation *operation, uint32_t input,
                                   const char *transposed) {
    static const int swap[2] = {1, 0};
    struct tensor *tensor = operation->inputs[input];
    if (refuse_whole(reader, operation, tensor) < 0) return NULL;
    if (tensor->shape.rank != 2)
        return onnx_refuse(reader, operation, NULL, "operand %u of Gemm has %d axes, not 2", input, tensor->shape.rank);
    if (!attribute_integer(reader, operation, transposed, 0)) return tensor;
    struct tensor *moved = move_transpose(reader, operation, "transposed", tensor, swap);
    const bool idle = tensor->read_once && tensor->kept && valref_equal(tensor->value, NO_VALUE) && !tensor->codes;
    if (idle && moved && moved->reals != tensor->reals) {
        arena_release(reader->kept, tensor->reals); /* nobody reads it as it was */
        tensor->reals = NULL;
        tensor->state = TENSOR_FAILED;
    }
    return moved;
}

static struct tensor *gemm_add(struct onnx_reader *reader, const struct operation *operation, struct tensor *product) {
    bool there = operation->input_count > 2 && operation->inputs[2];
    float beta = attribute_real(reader, operation, "beta", 1);
    if (!there || beta == 0) return product;
    if (refuse_whole(reader, operation, operation->inputs[2]) < 0) return NULL;
    struct tensor *bias = scaled(reader, operation, "beta", operation->inputs[2], beta);
    if (!bias) return NULL;
    struct tensor *inputs[] = {product, bias};
    int batch = broadcast_batch(reader, operation, inputs, 2);
    return batch == -2 ? NULL : onnx_emit_tensor(reader, operation, OP_ADD, "bias", inputs, 2, NULL, batch);
}

/* alpha * a * b + beta * c: a product, then what is needed of a scaling and an addition. */
struct tensor *onnx_read_gemm(struct onnx_reader *reader, const struct operation *operation) {
    struct tensor *a = gemm_operand(reader, operation, 0, "transA");
    struct tensor *b = gemm_operand(reader, operation, 1, "transB");
    if (!a || !b) return NULL;
    struct tensor *product = emit_matmul(reader, operation, a, b);
    if (product) product = scaled(reader, operation, "alpha", product, attribute_real(reader, operation, "alpha", 1));
    return product ? gemm_add(reader, operation, product) : NULL;
}

static int batch_normalization_mode(struct onnx_reader *reader, const struct operation *operation) {
    const struct tensor *x = operation->inputs[0];
    if (attribute_integer(reader, operation, "training_mode", 0)) {
        onnx_refuse(reader, operation, "export the model for inference", "batch normalisation is in training mode");
        return -1;
    }
    if (!attribute_integer(reader, operation, "spatial", 1) && x->shape.rank > 2) {
        onnx_refuse(reader, operation, NULL, "batch normalisation of each position by itself (spatial = 0)");
        return -1;
    }
    if (x->shape.rank < 2) {
        onnx_refuse(reader, operation, NULL, "batch normalisation of a tensor with %d axes: it has no channels",
                    x->shape.rank);
        return -1;
    }
    return refuse_batch_axis(reader, operation, x, 1);
}

struct tensor *onnx_read_batch_normalization(struct onnx_reader *reader, const struct operation *operation) {
    static const char *const names[] = {"x", "the scale", "the bias", "the mean", "the variance"};
    struct tensor *x = operation->inputs[0];
    if (batch_normalization_mode(reader, operation) < 0 || refuse_whole(reader, operation, x) < 0) return NULL;
    for (uint32_t i = 1; i < 5; i++)
        if (refuse_dependence(reader, operation, i, names[i]) < 0) return NULL;
    union attributes attributes = {.normalization = {.epsilon = attribute_real(reader, operation, "epsilon", 1e-5f)}};
    return onnx_emit_tensor(reader, operation, OP_BATCH_NORM, NULL, operation->inputs, 5, &attributes, x->batch_axis);
}
