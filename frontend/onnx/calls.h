/* Operators of ONNX, called by readers of other formats on tensors that they have.
 *
 * TensorFlow, TFLite and PyTorch have the same operators under other names and with other attributes: what they
 * compute, where the batch is and what is known without an event is said once, in frontend/onnx/. A reader puts a call
 * together (operands, then attributes) and has it read; a call of operands that are NULL gives NULL in silence, so
 * calls nest. */
#ifndef BXC_FRONTEND_ONNX_CALLS_H
#define BXC_FRONTEND_ONNX_CALLS_H

#include "frontend/onnx/onnx.h"

enum { CALL_ATTRIBUTES_MAX = 12 };

struct call {
    struct onnx_reader *reader;
    const struct operation *node; /* of the model, which calls */
    const char *op_type;
    struct tensor **operands;
    uint32_t count, capacity;
    bool failed; /* an operand is NULL */
    Onnx__AttributeProto *attributes[CALL_ATTRIBUTES_MAX];
    size_t attribute_count;
};

struct call call_new(struct onnx_reader *reader, const struct operation *node, const char *op_type);
void call_operand(struct call *call, struct tensor *operand);
void call_no_operand(struct call *call); /* one that is left out, before further ones */
void call_integer(struct call *call, const char *name, int64_t value);
void call_real(struct call *call, const char *name, float value);
void call_text(struct call *call, const char *name, const char *value);
void call_texts(struct call *call, const char *name, const char *const *values, size_t count);
void call_reals(struct call *call, const char *name, const float *values, size_t count);
void call_integers(struct call *call, const char *name, const int64_t *values, size_t count);
/* Its nodes are called after the node of the model, with `.part` where one is given; NULL after a diagnosis. */
struct tensor *call_read(struct call *call, const char *part);
/* Of several results; read: which of them are wanted, the others may be NULL. */
struct tensor **call_results(struct call *call, const char *part, uint32_t count, const bool *read);

/* Those of one, two and any number of operands without attributes. */
struct tensor *call_unary(struct onnx_reader *reader, const struct operation *node, const char *op_type,
                          const char *part, struct tensor *x);
struct tensor *call_binary(struct onnx_reader *reader, const struct operation *node, const char *op_type,
                           const char *part, struct tensor *x, struct tensor *y);
/* Those that take whole numbers as their second operand: Reshape, Unsqueeze, Squeeze, reductions. */
struct tensor *call_with_integers(struct onnx_reader *reader, const struct operation *node, const char *op_type,
                                  const char *part, struct tensor *x, const int64_t *integers, size_t count);
struct tensor *call_transpose(struct onnx_reader *reader, const struct operation *node, const char *part,
                              struct tensor *x, const int64_t *permutation);
/* Elements [start, start + count) along an axis. */
struct tensor *call_slice(struct onnx_reader *reader, const struct operation *node, const char *part, struct tensor *x,
                          int64_t axis, int64_t start, int64_t count);
struct tensor *call_cast(struct onnx_reader *reader, const struct operation *node, const char *part, struct tensor *x,
                         int type);
struct tensor *integers_vector(struct onnx_reader *reader, const int64_t *integers, size_t count);

#endif
