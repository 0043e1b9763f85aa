/* Normalisation by what training has seen, and by an event's own numbers. */
#include "frontend/torch/torch.h"

#include <float.h>
#include <inttypes.h>
#include <string.h>

#define TYPE(name) ONNX__TENSOR_PROTO__DATA_TYPE__##name

/* A number for each of `count`. */
static struct tensor *filled(struct onnx_reader *reader, int64_t count, float number) {
    return torch_filled(reader, (struct shape){.rank = 1, .dim = {count}}, TYPE(FLOAT), (double)number);
}

static float epsilon(struct onnx_reader *reader, const struct operation *operation, double otherwise) {
    return (float)torch_real(reader, operation, "eps", otherwise);
}

/* The operand, its scale and bias by channel. */
static struct call by_channel(struct onnx_reader *reader, const struct operation *operation, const char *op_type) {
    struct tensor *x = torch_tensor(operation, "input");
    struct tensor *weight = torch_tensor(operation, "weight"), *bias = torch_tensor(operation, "bias");
    struct call call = call_new(reader, operation, op_type);
    const int64_t channels = x && x->shape.rank > 1 ? x->shape.dim[1] : 1;
    call_operand(&call, x);
    call_operand(&call, weight ? weight : filled(reader, channels, 1));
    call_operand(&call, bias ? bias : filled(reader, channels, 0));
    call_real(&call, "epsilon", epsilon(reader, operation, 1e-5));
    return call;
}

struct tensor *torch_read_batch_norm(struct onnx_reader *reader, const struct operation *operation) {
    const struct tensor *x = torch_tensor(operation, "input");
    bool frozen = strstr(torch_node_of(operation)->operator->name, "no_training") != NULL;
    if (!frozen && torch_flag(operation, "training", true))
        return onnx_refuse(reader, operation, "export model.eval()", "the normalisation is in training mode");
    if (!torch_tensor(operation, "running_mean") || x->shape.rank < 2)
        return onnx_refuse(reader, operation, NULL, "it has no running mean, or no channels");
    struct call call = by_channel(reader, operation, "BatchNormalization");
    call_operand(&call, torch_tensor(operation, "running_mean"));
    call_operand(&call, torch_tensor(operation, "running_var"));
    return call_read(&call, NULL);
}

struct tensor *torch_read_instance_norm(struct onnx_reader *reader, const struct operation *operation) {
    bool own = torch_flag(operation, "use_input_stats", true);
    struct call call = by_channel(reader, operation, own ? "InstanceNormalization" : "BatchNormalization");
    if (!own) call_operand(&call, torch_tensor(operation, "running_mean"));
    if (!own) call_operand(&call, torch_tensor(operation, "running_var"));
    return call_read(&call, NULL);
}

struct tensor *torch_read_group_norm(struct onnx_reader *reader, const struct operation *operation) {
    struct call call = by_channel(reader, operation, "GroupNormalization");
    bool native = torch_has(operation, "group");
    call_integer(&call, "num_groups", torch_integer(reader, operation, native ? "group" : "num_groups", 1));
    return call_read(&call, NULL);
}

/* How many axes it goes over; 0 after a diagnosis. */
static int normalised_axes(struct onnx_reader *reader, const struct operation *operation, int64_t *shape,
                           int64_t *count) {
    int rank = torch_integers(reader, operation, "normalized_shape", shape);
    *count = 1;
    if (rank == 0) onnx_refuse(reader, operation, NULL, "it says no shape");
    for (int i = 0; i < rank; i++) {
        if (shape[i] < 1 || shape[i] > ONNX_ELEMENTS_MAX / *count) {
            onnx_refuse(reader, operation, NULL, "axis %d is of %" PRId64, i, shape[i]);
            return 0;
        }
        *count *= shape[i];
    }
    return rank < 0 ? 0 : rank;
}

static struct tensor *over_last_axes(struct onnx_reader *reader, const struct operation *operation, const char *op_type,
                                     double usual_epsilon) {
    int64_t shape[SHAPE_RANK_MAX], count;
    int rank = normalised_axes(reader, operation, shape, &count);
    struct tensor *weight = torch_tensor(operation, "weight"), *bias = torch_tensor(operation, "bias");
    if (!rank) return NULL;
    struct call call = call_new(reader, operation, op_type);
    if (!weight && rank > 1)
        weight =
            call_with_integers(reader, operation, "Reshape", "ones", filled(reader, count, 1), shape, (size_t)rank);
    call_operand(&call, torch_tensor(operation, "input"));
    call_operand(&call, weight ? weight : filled(reader, count, 1));
    if (bias) call_operand(&call, bias);
    call_integer(&call, "axis", -rank);
    call_real(&call, "epsilon", epsilon(reader, operation, usual_epsilon));
    return call_read(&call, NULL);
}

struct tensor *torch_read_layer_norm(struct onnx_reader *reader, const struct operation *operation) {
    return over_last_axes(reader, operation, "LayerNormalization", 1e-5);
}

struct tensor *torch_read_rms_norm(struct onnx_reader *reader, const struct operation *operation) {
    return over_last_axes(reader, operation, "RMSNormalization", (double)FLT_EPSILON);
}
