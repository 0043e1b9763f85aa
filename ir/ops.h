/* What an operator is (ops.c, ops/<family>.c). */
#ifndef BXC_IR_OPS_H
#define BXC_IR_OPS_H

#include "ir/eval.h"
#include "ir/meaning.h"

/* A block of one value: element e of event l is data[e * element_stride + l * lane_stride];
 * a constant has lane stride 0 and element stride 1, all else EVENT_LANES and 1. */
struct real_operand {
    const float *data;
    size_t element_stride, lane_stride;
};
struct integer_operand {
    const int64_t *data;
    size_t element_stride, lane_stride;
};

struct evaluation {
    const struct graph *graph;
    const struct node *node;
    const void *plan;                       /* what prepare made, or NULL */
    const struct real_operand *reals;       /* one an input, in real arithmetic */
    const struct integer_operand *integers; /* one an input, in integers */
    float *real_result;                     /* elements x EVENT_LANES; of several results, one after the other */
    int64_t *integer_result;                /* likewise */
    struct evaluator_state *body;           /* of the node's body, or NULL */
    int lanes;                              /* events in this block, 1 .. EVENT_LANES */
};

enum op_arithmetic { ARITHMETIC_REAL = 1, ARITHMETIC_INTEGER = 2, ARITHMETIC_BOTH = 3 };

/* One a family; slots may be NULL, which is a diagnosis where it is needed. */
struct op_family {
    const char *name;
    /* Sets kind, shape, formats and intervals of the results (an array) from the operands'; -1 and a diagnosis
     * when operands do not go together. Also checks attributes: it is the verifier's rule. */
    int (*infer)(struct graph *graph, struct node *node, struct value *result);
    /* Work done once a graph, e.g. weights shifted to a common fraction. */
    const void *(*prepare)(const struct graph *graph, const struct node *node, struct arena *arena);
    void (*eval_real)(const struct evaluation *evaluation);
    void (*eval_integer)(const struct evaluation *evaluation);
    /* Bounds of a real result's elements from those of each operand's; NULL: none is known. */
    void (*bound_real)(const struct graph *graph, const struct node *node, const struct real_range *const *operands,
                       struct real_range *out, struct arena *arena);
    /* Adds up, element by element, what an integer result is in terms of its operands (below); false: it is no such. */
    bool (*linear)(struct analysis *analysis, const struct node *node);
    /* Whether an element of the result is that of the one operand, in the same format or a wider one. NULL: never. */
    bool (*changes_nothing)(const struct graph *graph, const struct node *node, size_t element);
    const struct attribute_field *fields;         /* ends with a NULL name; text, JSON and documentation come from it */
    uint32_t (*results)(const struct node *node); /* how many; NULL: one */
    const struct op_meaning *meanings;            /* by operator; NULL: it means nothing to passes */
    bool has_body;
};

/* The aggregate kinds stand for the whole struct of their family, whatever the offset: INDICES for
 * shape and indices of gather_attributes, SLICES for slice_attributes, TABLES and STAIRS for shape
 * and tables or stairs of lookup_attributes, CONSTANT for constant_attributes. */
enum attribute_kind {
    ATTRIBUTE_BOOL,
    ATTRIBUTE_INT,
    ATTRIBUTE_INT64,
    ATTRIBUTE_FLOAT,
    ATTRIBUTE_ROUNDING,
    ATTRIBUTE_OVERFLOW,
    ATTRIBUTE_FORMATS,
    ATTRIBUTE_SHAPE,
    ATTRIBUTE_PERMUTATION,
    ATTRIBUTE_INDICES,
    ATTRIBUTE_SLICES,
    ATTRIBUTE_TABLES,
    ATTRIBUTE_STAIRS,
    ATTRIBUTE_CONSTANT,
    ATTRIBUTE_MEANING,
    /* the lists; empty when not given: */
    ATTRIBUTE_INTEGERS,
    ATTRIBUTE_REALS,
    ATTRIBUTE_NAMES,
    ATTRIBUTE_SHAPES,
    ATTRIBUTE_STEPS
};

struct attribute_field {
    const char *name;
    enum attribute_kind kind;
    size_t offset; /* in union attributes */
    const char *summary;
    const enum op *ops; /* the operators of the family that have it, then OP_COUNT; NULL: all */
};

/* Whether a field of the operator's family belongs to the operator. */
bool attribute_applies(const struct attribute_field *field, enum op op);
bool attribute_is_list(const struct attribute_field *field); /* of integers, reals, names, shapes or steps */

struct op_info {
    const char *name; /* "matmul" */
    const struct op_family *family;
    enum op_arithmetic arithmetic;
    int inputs_min, inputs_max; /* -1: any number */
    const char *summary;
};

const struct op_info *op_info(enum op op);
bool op_parse(const char *name, enum op *op);
/* Elementwise function of one real operand (relu, sigmoid, exp, ...): in binary32, and in binary64
 * for the tables of transcendental ones. False when the op is no such function. */
bool op_unary_real(const struct node *node, float x, float *y);
bool op_unary_double(const struct node *node, double x, double *y);
/* Values that engines give when asked for inner ones: integers that are no constants, and no inputs that nobody reads.
 */
bool value_is_probed(const struct graph *graph, valref value);
/* The name of its node; of further results "NODE:1". */
const char *value_label(const struct graph *graph, valref value, struct arena *arena);
/* Quantisers on one number, in binary32 as their sources compute it. */
float quant_real(float x, float scale, float zero_point, float bits, const struct quantizer_attributes *attributes);
float bipolar_quant_real(float x, float scale);
float float_quant_real(float x, const float *parameters, enum rounding rounding); /* as the operands, from 1 on */
float trunc_quant_real(float x, float scale, float zero_point, float in_bits, float out_scale, float out_bits,
                       const struct quantizer_attributes *attributes);
float round_real(float x, enum rounding rounding);

#endif
