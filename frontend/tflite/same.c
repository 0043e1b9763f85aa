/* Operators that TensorFlow has with the same operands, but for what is fused behind them (model.c). */
#include "frontend/tflite/tflite.h"

int tflite_tell_same(const struct tflite_operation *operation) {
    Tensorflow__NodeDef *node = tflite_node(operation, operation->operator->as, NULL);
    for (size_t i = 0; i < operation->inputs.count; i++) tflite_reads(operation, node, i);
    return 0;
}
