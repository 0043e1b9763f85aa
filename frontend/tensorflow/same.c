/* Operators that ONNX has too, with the same operands and nothing else to say. */
#include "frontend/tensorflow/tensorflow.h"

struct tensor *tf_read_same(struct onnx_reader *reader, const struct operation *operation) {
    struct call call = call_new(reader, operation, tf_node_of(operation)->operator->onnx);
    for (uint32_t i = 0; i < operation->input_count; i++) call_operand(&call, operation->inputs[i]);
    return call_read(&call, NULL);
}

struct tensor *tf_read_identity_n(struct onnx_reader *reader, const struct operation *operation) {
    (void)reader;
    for (uint32_t i = 0; i < operation->output_count && i < operation->input_count; i++)
        operation->results[i] = operation->inputs[i];
    return operation->inputs[0];
}
