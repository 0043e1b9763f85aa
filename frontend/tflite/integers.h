/* Whole numbers with scales, as TFLite's reference kernels compute them: inside the reader of TFLite. */
#ifndef BXC_FRONTEND_TFLITE_INTEGERS_H
#define BXC_FRONTEND_TFLITE_INTEGERS_H

#include "frontend/tflite/tflite.h"

/* (code - zero_point) * scale, codes between least and most. */
struct tflite_codes {
    int type; /* TensorFlow's DataType */
    float scale;
    int64_t zero_point, least, most;
};

/* A positive or negative factor as kernels have it: multiplier * 2^(exponent - 31). */
struct tflite_factor {
    int64_t multiplier, exponent;
};

/* Of a tensor that has one scale; -1 after a diagnosis at the operation. */
int tflite_codes(const struct tflite_operation *operation, int64_t tensor, struct tflite_codes *codes);
struct tflite_factor tflite_factor(double factor);
/* The product, rounded to units of the multiplier, halves up, and then to the result's, halves away from 0. */
int64_t tflite_multiplied(int64_t x, struct tflite_factor factor);
int64_t tflite_divided(int64_t x, int exponent); /* by a power of two, halves away from 0 */

/* A number in steps of the scale, as far as codes may lie. */
int64_t tflite_steps(float number, float scale);
/* Where the function fused behind the operation limits the codes, too; -1 after a diagnosis. */
int tflite_limit_fused(const struct tflite_operation *operation, struct tflite_codes *codes);

/* Operand i as its codes less their zero point, made if it is an input or a constant; the node's name. */
const char *tflite_centred(const struct tflite_operation *operation, size_t i);
/* A node of tflite_code_operators on that of that name, `part` of the result; NULL: the result. */
Tensorflow__NodeDef *tflite_code_node(const struct tflite_operation *operation, const char *op, const char *part,
                                      const char *reads);
void tflite_set_limits(const struct tflite_model *model, Tensorflow__NodeDef *node, const struct tflite_codes *codes,
                       bool centred);
/* Rounded to codes by one factor or one a channel of the last axis, once or twice; -1 after a diagnosis. */
int tflite_rescale(const struct tflite_operation *operation, const char *reads, const struct tflite_factor *factors,
                   size_t count, bool twice, const struct tflite_codes *goal);
void tflite_set_table(const struct tflite_operation *operation, Tensorflow__NodeDef *node, int64_t first,
                      const int64_t *values, size_t count, size_t functions, int fraction);

/* integer_tables.c: functions of one number, code by code. */
int tflite_tell_function(const struct tflite_operation *operation);
/* integer_sums.c: ADD and SUB. */
int tflite_tell_code_sum(const struct tflite_operation *operation);

#endif
