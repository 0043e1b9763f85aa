/* Einsum. */
#include "frontend/onnx/onnx.h"

#include <ctype.h>
#include <string.h>

/* Of an operand: its part of the equation, which is well-formed. */
static const char *its_part(const char *equation, uint32_t operand, size_t *length) {
    for (; operand; operand--) equation = strchr(equation, ',') + 1;
    *length = strcspn(equation, ",-");
    return equation;
}

/* The label of an operand's axis: a letter, or for one of an ellipsis how far from the ellipsis's end it is. */
static int label_at(const char *equation, uint32_t operand, int axis, int rank) {
    size_t length;
    const char *part = its_part(equation, operand, &length);
    int dots = rank, at = 0;
    for (size_t i = 0; i < length; i++) dots -= isalpha((unsigned char)part[i]) != 0;
    for (size_t i = 0; i < length; i++) {
        if (isalpha((unsigned char)part[i]) && at++ == axis) return part[i];
        if (part[i] != '.') continue;
        if (axis < at + dots) return at + dots - axis;
        at += dots;
        i += 2;
    }
    return 0;
}

/* Where a label stands in the result, whose ellipsis has so many axes; -1: it is summed. */
static int result_axis(const char *equation, int label, int dots) {
    const char *arrow = strstr(equation, "->");
    int axis = 0;
    for (arrow = arrow ? arrow + 2 : ""; *arrow; arrow++) {
        if (*arrow == '.') {
            if (label <= dots) return axis + dots - label;
            axis += dots;
            arrow += 2;
        }
        if (*arrow == label) return axis;
        axis += isalpha((unsigned char)*arrow) != 0;
    }
    return -1;
}

/* The batch has one label, which no operand without a batch shares with several entries, and the result has it. -1:
 * there is no batch, -2 after a diagnosis. */
static int einsum_batch(struct onnx_reader *reader, const struct operation *operation, const char *equation) {
    int label = 0, dots = 0;
    bool mixed = false;
    for (uint32_t i = 0; i < operation->input_count; i++) {
        const struct tensor *x = operation->inputs[i];
        int its = x->batch_axis < 0 ? 0 : label_at(equation, i, x->batch_axis, x->shape.rank);
        mixed |= its && label && its != label;
        label = its ? its : label;
    }
    for (uint32_t i = 0; i < operation->input_count; i++) {
        const struct tensor *x = operation->inputs[i];
        for (int axis = 0; axis < x->shape.rank; axis++) {
            int its = label_at(equation, i, axis, x->shape.rank);
            mixed |= label && its == label && axis != x->batch_axis && x->shape.dim[axis] != 1;
            dots = its < 'A' && its > dots ? its : dots;
        }
    }
    int axis = label ? result_axis(equation, label, dots) : -1;
    if (!label || (axis >= 0 && !mixed)) return axis;
    onnx_refuse(reader, operation, "bxc computes each event by itself, and wants '->' with the batch behind it",
                mixed ? "in '%s' the batch meets another axis: events would mix"
                      : "'%s' sums the batch: events would mix",
                equation);
    return -2;
}

struct tensor *onnx_read_einsum(struct onnx_reader *reader, const struct operation *operation) {
    const struct layer layer = onnx_layer(reader, operation);
    const char *equation = attribute_text(reader, operation, "equation");
    valref operands[EINSUM_OPERANDS_MAX];
    if (!equation) return onnx_refuse(reader, operation, NULL, "there is no equation");
    for (uint32_t i = 0; i < operation->input_count; i++) {
        if (!operation->inputs[i]) return onnx_refuse(reader, operation, NULL, "operand %u is left out", i);
        if (refuse_whole(reader, operation, operation->inputs[i]) < 0) return NULL;
        operands[i] = tensor_value(reader, operation, operation->inputs[i]);
    }
    valref value = layer_einsum(&layer, equation, operands, operation->input_count);
    if (valref_equal(value, NO_VALUE)) return NULL;
    int batch = einsum_batch(reader, operation, equation);
    struct tensor *result = batch == -2 ? NULL : onnx_made_of(reader, operation->inputs[0], value, batch);
    for (uint32_t i = 0; result && i < operation->input_count; i++) result->depends |= operation->inputs[i]->depends;
    return result;
}
