/* Inside the reader of TFLite: what its files share. */
#ifndef BXC_FRONTEND_TFLITE_H
#define BXC_FRONTEND_TFLITE_H

#include "frontend/tensorflow/model.h"
#include "frontend/tflite/flatbuffer.h"

struct tflite_operation;

struct tflite_operator {
    int code;
    const char *name;
    const char *as; /* the operator of TensorFlow, for tflite_tell_same; else NULL */
    /* Tells the operation as nodes of TensorFlow; -1 after a diagnosis. */
    int (*tell)(const struct tflite_operation *operation);
    int options;          /* of which kind (BuiltinOptions); 0: it has none that matter */
    int activation_field; /* among its options: what is fused behind it; -1: nothing can be */
};

/* A model while it is told as a GraphDef. */
struct tflite_model {
    struct bxc_context *context;
    struct arena *arena;
    const char *path;
    struct flatbuffer file;
    struct flat_table root, subgraph;
    struct flat_vector tensors, buffers;
    const char **names; /* of the tensors, all different */
    const char **reads; /* what stands for a tensor where operations read it: itself, or its codes (integers.c) */
    bool *is_given;     /* by tensor: an input or a constant, or an output whose codes are told */
    struct name_map taken;
    Tensorflow__GraphDef graph;
    size_t capacity; /* of its nodes */
    size_t sums;     /* of whole numbers with scales, so far */
};

struct tflite_operation {
    struct tflite_model *model;
    const struct tflite_operator *operator;
    struct flat_table options;
    struct flat_vector inputs, outputs; /* tensors */
    const char *result;                 /* what the node is called that makes the first */
};

/* ---- model.c ---- */

int tflite_refuse(const struct tflite_operation *operation, const char *help, const char *format, ...)
    PRINTF_LIKE(3, 4);
/* Operand i: its tensor; -1: it is left out. */
int64_t tflite_input(const struct tflite_operation *operation, size_t i);
/* Its axes; rank -1: unknown. */
struct shape tflite_shape(const struct tflite_model *model, int64_t tensor);
int tflite_type(const struct tflite_model *model, int64_t tensor); /* TensorFlow's DataType */

struct flat_table tflite_tensor(const struct tflite_model *model, int64_t tensor);
/* What is stored of it; count 0: nothing. */
struct flat_vector tflite_stored(const struct tflite_model *model, int64_t tensor);
/* Further results are other names of the node's further outputs. */
void tflite_tell_results(const struct tflite_operation *operation);

/* ---- integers.c: whole numbers with scales ---- */

bool tflite_is_scaled(const struct tflite_model *model, int64_t tensor); /* of activations: at most 16 bits */
bool tflite_computes_scaled(const struct tflite_operation *operation);
int tflite_tell_scaled(struct tflite_operation *operation);
/* The codes of the model's outputs. */
void tflite_tell_outputs(struct tflite_model *model, struct flat_vector outputs);
extern const struct tf_operator tflite_code_operators[]; /* codes.c: what they are told with; ends with NULL */

/* ---- nodes.c: nodes of TensorFlow ---- */

/* The node that makes the operation's result 0, or what that comes from, called `part` of it. */
const char *tflite_unique_name(struct tflite_model *model, const char *name);
Tensorflow__NodeDef *tflite_add_node(struct tflite_model *model, const char *op, const char *name, size_t inputs);
void tflite_reads_name(const struct tflite_model *model, Tensorflow__NodeDef *node, const char *name);
Tensorflow__NodeDef *tflite_node(const struct tflite_operation *operation, const char *op, const char *part);
void tflite_reads(const struct tflite_operation *operation, Tensorflow__NodeDef *node, size_t input);
void tflite_reads_node(const struct tflite_model *model, Tensorflow__NodeDef *node, const Tensorflow__NodeDef *other);
/* A constant vector of the operation. */
void tflite_reads_integers(const struct tflite_operation *operation, Tensorflow__NodeDef *node, const char *part,
                           const int64_t *integers, size_t count);
void tflite_set_integer(const struct tflite_model *model, Tensorflow__NodeDef *node, const char *key, int64_t value);
void tflite_set_real(const struct tflite_model *model, Tensorflow__NodeDef *node, const char *key, float value);
void tflite_set_flag(const struct tflite_model *model, Tensorflow__NodeDef *node, const char *key, bool value);
void tflite_set_text(const struct tflite_model *model, Tensorflow__NodeDef *node, const char *key, const char *value);
void tflite_set_type(const struct tflite_model *model, Tensorflow__NodeDef *node, const char *key, int type);
void tflite_set_integers(const struct tflite_model *model, Tensorflow__NodeDef *node, const char *key,
                         const int64_t *values, size_t count);
int tflite_tell_input(struct tflite_model *model, int64_t tensor);
int tflite_tell_constant(struct tflite_model *model, int64_t tensor, struct flat_vector bytes);

/* ---- operators: one function each, named in operators.def ---- */

#define TFLITE_OPERATOR(code, name, as, function, options, activation, becomes)                                        \
    int function(const struct tflite_operation *operation);
#include "frontend/tflite/operators.def"
#undef TFLITE_OPERATOR

#endif
