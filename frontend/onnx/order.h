/* Which nodes of a model are read, and in which order. */
#ifndef BXC_FRONTEND_ONNX_ORDER_H
#define BXC_FRONTEND_ONNX_ORDER_H

#include "frontend/onnx/onnx.h"

struct ordered_node {
    const Onnx__NodeProto *proto;
    const char *name;   /* unique; from its output or its index when it has none */
    bool *outputs_read; /* by another node or as an output of the model; one for each of its outputs */
};

/* The nodes that the outputs depend on, operands first, otherwise as the file has them. Checks that
 * every name has one maker and that no node depends on itself; -1 and diagnoses otherwise. */
int onnx_order(struct onnx_reader *reader, struct ordered_node **order, size_t *count);

#endif
