/* From tensors of the model to values of the graph, and the rules about the batch.
 *
 * The first axis of every input is the batch. It is bound to 1, so that shapes are known, and
 * every tensor that depends on an input knows where its batch axis is; an operation that would
 * let one event see another is refused. */
#include "frontend/onnx/codes.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

static const char batch_help[] = "the first axis of each input is the batch; bxc computes each event by itself";

struct tensor *tensor_new(struct onnx_reader *reader, enum tensor_state state, int type, struct shape shape) {
    struct tensor *tensor = ARENA_NEW(reader->arena, struct tensor);
    *tensor = (struct tensor){.state = state, .type = type, .shape = shape, .value = NO_VALUE, .batch_axis = -1};
    return tensor;
}

struct tensor *tensor_integers(struct onnx_reader *reader, struct shape shape, const int64_t *integers) {
    struct tensor *tensor = tensor_new(reader, TENSOR_INTEGERS, ONNX__TENSOR_PROTO__DATA_TYPE__INT64, shape);
    size_t count = tensor_elements(tensor);
    tensor->integers = ARENA_ARRAY(reader->arena, int64_t, count + 1);
    if (count) memcpy(tensor->integers, integers, count * sizeof *integers);
    return tensor;
}

bool tensor_is_static(const struct tensor *tensor) {
    return tensor->state == TENSOR_INTEGERS || tensor->state == TENSOR_REALS;
}

size_t tensor_elements(const struct tensor *tensor) {
    return shape_elements(&tensor->shape);
}

const char *onnx_unique_name(struct onnx_reader *reader, const char *name) {
    const char *unique = name;
    for (int i = 2; name_map_find(&reader->node_names, unique); i++)
        unique = arena_printf(reader->arena, "%s#%d", name, i);
    name_map_put(&reader->node_names, unique, reader);
    return unique;
}

static const char *tensor_title(const struct tensor *tensor) {
    return tensor->name ? tensor->name : "a constant";
}

/* Whole numbers as binary32, NULL when one does not fit exactly. */
static const float *reals_of_integers(struct onnx_reader *reader, const struct operation *operation,
                                      const struct tensor *tensor) {
    size_t count = tensor_elements(tensor);
    float *reals = ARENA_ARRAY(reader->arena, float, count + 1);
    for (size_t i = 0; i < count; i++) {
        reals[i] = (float)tensor->integers[i];
        if (reals[i] >= 0x1p63f || (int64_t)reals[i] != tensor->integers[i]) {
            onnx_refuse(reader, operation, NULL, "%" PRId64 " in '%s' (element %zu) has no exact binary32 form",
                        tensor->integers[i], tensor_title(tensor), i);
            return NULL;
        }
    }
    return reals;
}

static int check_finite(struct onnx_reader *reader, const struct operation *operation, const struct tensor *tensor) {
    for (size_t i = 0; i < tensor_elements(tensor); i++)
        if (!isfinite(tensor->reals[i])) {
            onnx_refuse(reader, operation, "train or export the model again", "tensor '%s' holds %s (element %zu)",
                        tensor_title(tensor), isnan(tensor->reals[i]) ? "a NaN" : "an infinity", i);
            return -1;
        }
    return 0;
}

/* A scalar or small constant without a name is called after its reader. */
static const char *constant_name(struct onnx_reader *reader, const struct operation *operation,
                                 const struct tensor *tensor) {
    const char *name = tensor->name ? tensor->name
                       : operation  ? arena_printf(reader->arena, "%s.constant", operation->name)
                                    : "constant";
    return onnx_unique_name(reader, name);
}

valref tensor_value(struct onnx_reader *reader, const struct operation *operation, struct tensor *tensor) {
    if (!tensor_is_static(tensor) || !valref_equal(tensor->value, NO_VALUE)) return tensor->value;
    if (!tensor_elements(tensor)) {
        onnx_refuse(reader, operation, NULL, "tensor '%s' has no elements", tensor_title(tensor));
        return NO_VALUE;
    }
    const float *reals = tensor->reals;
    const char *name = NULL;
    if (tensor->state == TENSOR_INTEGERS)
        reals = reals_of_integers(reader, operation, tensor);
    else if (check_finite(reader, operation, tensor) < 0)
        return NO_VALUE;
    if (!reals) return NO_VALUE;
    name = constant_name(reader, operation, tensor);
    if (tensor->kept && reals == tensor->reals && reader->graph->arena == reader->kept)
        tensor->value = graph_append_own_reals(reader->graph, name, tensor->shape, tensor->reals);
    else
        tensor->value = graph_append_reals(reader->graph, name, tensor->shape, reals);
    if (!valref_equal(tensor->value, NO_VALUE) && tensor->name)
        graph_name_value(reader->graph, tensor->value, tensor->name);
    if (tensor->codes && !valref_equal(tensor->value, NO_VALUE))
        tensor->value = codes_constant(reader, operation, tensor, tensor->value);
    return tensor->value;
}

const int64_t *static_integers(struct onnx_reader *reader, const struct operation *operation, uint32_t input,
                               const char *what, size_t *count) {
    const struct tensor *tensor = operation->inputs[input];
    if (tensor->state == TENSOR_INTEGERS) {
        *count = tensor_elements(tensor);
        return tensor->integers;
    }
    onnx_refuse(reader, operation, "export the model with constant shapes and indices",
                "its %s come%s from '%s', which is no constant of whole numbers", what,
                what[strlen(what) - 1] == 's' ? "" : "s", tensor_title(tensor));
    return NULL;
}

int static_number(struct onnx_reader *reader, const struct operation *operation, uint32_t input, const char *what,
                  float *number) {
    const struct tensor *tensor = operation->inputs[input];
    bool one = tensor_is_static(tensor) && tensor_elements(tensor) == 1;
    if (!one) {
        onnx_refuse(reader, operation, NULL, "%s comes from '%s', which is not one constant number", what,
                    tensor_title(tensor));
        return -1;
    }
    *number = tensor->state == TENSOR_REALS ? tensor->reals[0] : (float)tensor->integers[0];
    return 0;
}

static const char *unique_name(void *reader, const char *name) {
    return onnx_unique_name(reader, name);
}

struct layer onnx_layer(struct onnx_reader *reader, const struct operation *operation) {
    return (struct layer){.graph = reader->graph,
                          .arena = reader->arena,
                          .name = operation->name,
                          .source_op = operation->source_op ? operation->source_op : operation->operator->name,
                          .unique = unique_name,
                          .reader = reader};
}

valref onnx_emit(struct onnx_reader *reader, const struct operation *operation, enum op op, const char *what,
                 const valref *inputs, uint32_t input_count, const union attributes *attributes) {
    const struct layer layer = onnx_layer(reader, operation);
    valref value = layer_node(&layer, op, what, inputs, input_count, attributes);
    if (valref_equal(value, NO_VALUE) || shape_elements(layer_shape(&layer, value)) <= ONNX_ELEMENTS_MAX) return value;
    onnx_refuse(reader, operation, NULL, "the result has more than %d elements", ONNX_ELEMENTS_MAX);
    return NO_VALUE;
}

struct tensor *onnx_emit_tensor(struct onnx_reader *reader, const struct operation *operation, enum op op,
                                const char *what, struct tensor *const *inputs, uint32_t input_count,
                                const union attributes *attributes, int batch_axis) {
    valref *values = ARENA_ARRAY(reader->arena, valref, input_count + 1);
    bool depends = false;
    for (uint32_t i = 0; i < input_count; i++) {
        values[i] = tensor_value(reader, operation, inputs[i]);
        depends |= inputs[i]->depends;
    }
    valref value = onnx_emit(reader, operation, op, what, values, input_count, attributes);
    if (valref_equal(value, NO_VALUE)) return NULL;
    struct tensor *tensor = tensor_new(reader, TENSOR_VALUE, inputs[0]->type, graph_value(reader->graph, value)->shape);
    tensor->value = value;
    tensor->depends = depends;
    tensor->batch_axis = batch_axis;
    for (uint32_t i = 0; i < input_count; i++)
        if (inputs[i]->batch_axis >= 0 && inputs[i]->in_front > tensor->in_front)
            tensor->in_front = inputs[i]->in_front;
    return tensor;
}

struct tensor *onnx_made_of(struct onnx_reader *reader, const struct tensor *x, valref value, int batch_axis) {
    if (valref_equal(value, NO_VALUE)) return NULL;
    struct tensor *tensor = tensor_new(reader, TENSOR_VALUE, x->type, graph_value(reader->graph, value)->shape);
    tensor->value = value;
    tensor->depends = x->depends;
    tensor->batch_axis = batch_axis;
    tensor->in_front = x->in_front;
    return tensor;
}

static int rank_largest(struct tensor *const *inputs, uint32_t count) {
    int rank = 0;
    for (uint32_t i = 0; i < count; i++)
        if (inputs[i]->shape.rank > rank) rank = inputs[i]->shape.rank;
    return rank;
}

int broadcast_batch(struct onnx_reader *reader, const struct operation *operation, struct tensor *const *inputs,
                    uint32_t count) {
    int rank = rank_largest(inputs, count), batch = -1;
    for (uint32_t i = 0; i < count; i++) {
        if (inputs[i]->batch_axis < 0) continue;
        int aligned = rank - inputs[i]->shape.rank + inputs[i]->batch_axis;
        if (batch >= 0 && aligned != batch) {
            onnx_refuse(reader, operation, batch_help,
                        "operands meet with their batches at different axes: events would mix");
            return -2;
        }
        batch = aligned;
    }
    for (uint32_t i = 0; i < count && batch >= 0; i++) {
        int axis = batch - (rank - inputs[i]->shape.rank);
        if (inputs[i]->batch_axis >= 0 || axis < 0 || inputs[i]->shape.dim[axis] == 1) continue;
        onnx_refuse(reader, operation, batch_help, "operand '%s' has %" PRId64 " entries along the batch",
                    tensor_title(inputs[i]), inputs[i]->shape.dim[axis]);
        return -2;
    }
    return batch;
}

int refuse_batch_axis(struct onnx_reader *reader, const struct operation *operation, const struct tensor *tensor,
                      int64_t axis) {
    if (tensor->batch_axis < 0 || tensor->batch_axis != axis) return 0;
    onnx_refuse(reader, operation, batch_help, "%s works along axis %" PRId64 ", the batch: events would mix",
                operation->operator->name, axis);
    return -1;
}

int refuse_dependence(struct onnx_reader *reader, const struct operation *operation, uint32_t input, const char *what) {
    if (reader->whole_tensors || !operation->inputs[input]->depends) return 0;
    onnx_refuse(reader, operation, NULL, "%s ('%s') depends on the event", what,
                tensor_title(operation->inputs[input]));
    return -1;
}

int refuse_whole(struct onnx_reader *reader, const struct operation *operation, const struct tensor *tensor) {
    if (!tensor->depends || type_is_real(tensor->type)) return 0;
    onnx_refuse(reader, operation, "cast to float before the arithmetic",
                "arithmetic on %s numbers ('%s') wraps, which bxc does not follow", onnx_type_name(tensor->type),
                tensor_title(tensor));
    return -1;
}

int64_t onnx_axis(struct onnx_reader *reader, const struct operation *operation, int64_t axis, int rank) {
    if (axis >= -rank && axis < rank) return axis < 0 ? axis + rank : axis;
    onnx_refuse(reader, operation, NULL, "axis %" PRId64 " is out of range for %d axes", axis, rank);
    return -1;
}

struct tensor *onnx_number(struct onnx_reader *reader, const struct operation *operation, const char *what,
                           float number) {
    struct tensor *tensor = tensor_new(reader, TENSOR_REALS, ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT, (struct shape){0});
    tensor->name = arena_printf(reader->arena, "%s.%s", operation->name, what);
    tensor->reals = ARENA_NEW(reader->arena, float);
    *tensor->reals = number;
    return tensor;
}

struct tensor *onnx_negated(struct onnx_reader *reader, const struct operation *operation, const char *what,
                            struct tensor *x) {
    struct tensor *inputs[] = {x, onnx_number(reader, operation, "minus_one", -1)};
    return onnx_emit_tensor(reader, operation, OP_MUL, what, inputs, 2, NULL, x->batch_axis);
}
