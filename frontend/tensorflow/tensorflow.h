/* Inside the reader of TensorFlow's frozen graphs: what its files share. */
#ifndef BXC_FRONTEND_TENSORFLOW_H
#define BXC_FRONTEND_TENSORFLOW_H

#include "frontend/onnx/calls.h"
#include "graph_def.pb-c.h"

struct tf_operator {
    const char *name;
    operation_reader *read; /* the node's operands are tensors, control edges are gone */
    const char *onnx;       /* the operator of ONNX that it is, for tf_read_same; else NULL */
    uint32_t inputs_min, inputs_max;
    const char *attributes; /* known ones that are no types, blank before and after each */
};

enum tf_role { TF_COMPUTED, TF_INPUT, TF_WITHOUT_VALUE, TF_DEAD };

/* A node of the graph, as the reader of ONNX keeps it. */
struct tf_node {
    Onnx__NodeProto proto; /* op_type is TensorFlow's; no attributes. First, so that tf_node_of finds the rest */
    const Tensorflow__NodeDef *definition;
    const struct tf_operator *operator; /* NULL: not read */
    enum tf_role role;
    bool read, depends; /* by a node that has a value; on an input */
};

enum { TF_FILLED_MAX = 1 << 20 }; /* elements of a model that are not in the file: it says one of them for all */

/* What the reading keeps (reader->foreign). */
struct tf_reading {
    size_t filled; /* such elements so far */
};

static inline const struct tf_node *tf_node_of(const struct operation *operation) {
    return (const struct tf_node *)(const void *)operation->proto;
}

/* ---- model.c ---- */

const struct tf_operator *tf_operator_find(const char *name); /* or NULL */

/* ---- attributes.c: each gives `otherwise` where the node has none, and tells one of another type ---- */

const Tensorflow__AttrValue *tf_attribute(const Tensorflow__NodeDef *definition, const char *name); /* or NULL */
int64_t tf_integer(struct onnx_reader *reader, const struct operation *operation, const char *name, int64_t otherwise);
float tf_real(struct onnx_reader *reader, const struct operation *operation, const char *name, float otherwise);
bool tf_flag(struct onnx_reader *reader, const struct operation *operation, const char *name, bool otherwise);
const char *tf_text(struct onnx_reader *reader, const struct operation *operation, const char *name,
                    const char *otherwise);
/* NULL and a count of 0: none. */
const int64_t *tf_integers(struct onnx_reader *reader, const struct operation *operation, const char *name,
                           size_t *count);
int tf_type(const struct operation *operation, const char *name); /* of ONNX; 0: none, or one that ONNX has not */
void tf_attributes_check(struct onnx_reader *reader, const struct operation *operation); /* warns about unknown ones */

/* ---- tensors.c ---- */

int tf_element_type(int type); /* ONNX's number for a DataType; 0: none */
/* The numbers of a TensorProto; NULL and a diagnosis. */
struct tensor *tf_tensor(struct onnx_reader *reader, const struct operation *operation,
                         const Tensorflow__TensorProto *proto);

/* ---- used by several families ---- */

/* Whether axes of images stand behind the batch (NHWC) or the channels do (NCHW): 0, or -1 and a diagnosis. */
int tf_channels_last(struct onnx_reader *reader, const struct operation *operation, bool *last);
/* The channels behind the batch, or back to the end. */
struct tensor *tf_channels_to_front(struct onnx_reader *reader, const struct operation *operation, const char *part,
                                    struct tensor *x);
struct tensor *tf_channels_to_back(struct onnx_reader *reader, const struct operation *operation, const char *part,
                                   struct tensor *x);
/* Operand `input` as one static whole number; -1 and a diagnosis. */
int tf_static_integer(struct onnx_reader *reader, const struct operation *operation, uint32_t input, const char *what,
                      int64_t *number);

/* ---- operators: one function each, named in operators.def ---- */

#define TF_OPERATOR(name, function, onnx, minimum, maximum, attributes, becomes) operation_reader function;
#include "frontend/tensorflow/operators.def"
#undef TF_OPERATOR

#endif
