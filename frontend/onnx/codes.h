/* Inside the reader of ONNX: whole numbers that stand for real ones by scale and zero point (codes.c). */
#ifndef BXC_FRONTEND_ONNX_CODES_H
#define BXC_FRONTEND_ONNX_CODES_H

#include "frontend/onnx/onnx.h"

/* q stands for (q - zero_point) * scale. */
struct codes {
    struct tensor *q;
    const float *scale;           /* one for each element of `along` */
    const int64_t *zero_point;    /* likewise */
    struct shape along;           /* broadcasts to the tensor's shape; rank 0: one for all */
    struct tensor *parameters[2]; /* scale and zero point as the model has them; the latter may be NULL */
    bool half_away;               /* halves are rounded away from 0, not to the even code */
};

/* The codes whose scale is input `scale` and whose zero point input `scale` + 1, which may be left out; along the axis
 * where they are several, in blocks of that many entries where block is not 0. False after a diagnosis. */
bool codes_read(struct onnx_reader *reader, const struct operation *operation, struct tensor *q, uint32_t scale,
                int64_t axis, int64_t block, struct codes *codes);
bool codes_are_uniform(const struct codes *codes); /* one scale, one zero point */
size_t codes_count(const struct codes *codes);     /* of scales */

/* The least and the largest number of a type of at most 16 bits; false for any other type. */
bool codes_limits(int type, int64_t *least, int64_t *most);

/* q - zero point, a float tensor; NULL after a diagnosis. */
struct tensor *codes_centred(struct onnx_reader *reader, const struct operation *operation, const char *what,
                             const struct codes *codes);
/* (q - zero point) * scale, likewise, as DequantizeLinear has it: the product is rounded to binary32. */
struct tensor *codes_dequantised(struct onnx_reader *reader, const struct operation *operation,
                                 const struct codes *codes);
/* The same with its scale told to those who quantise: what is computed with it is an integer times that. */
struct tensor *codes_scaled(struct onnx_reader *reader, const struct operation *operation, const struct codes *codes);
/* A constant that codes stand for, as a value of the graph with the scale told; NO_VALUE where that cannot be. */
valref codes_constant(struct onnx_reader *reader, const struct operation *operation, const struct tensor *constant,
                      valref reals);
/* x, a number in units of the scale, as codes: rounded half to even, zero point added, limited to the type. Nodes are
 * called after the operation, the last of them as it is where `last` says so. */
struct tensor *codes_rounded(struct onnx_reader *reader, const struct operation *operation, struct tensor *x,
                             const struct codes *goal, int type);
/* x rounded and limited to whole numbers between these. */
struct tensor *codes_between(struct onnx_reader *reader, const struct operation *operation, struct tensor *x,
                             int64_t least, int64_t most, enum rounding rounding);
/* x in a format, which holds it or limits it; binary32 decides. */
struct tensor *codes_narrowed(struct onnx_reader *reader, const struct operation *operation, const char *what,
                              struct tensor *x, struct format format, enum rounding rounding);
/* An elementwise operator of a tensor and numbers that broadcast to it. */
struct tensor *codes_with_numbers(struct onnx_reader *reader, const struct operation *operation, enum op op,
                                  const char *what, struct tensor *x, const struct shape *shape, const float *numbers);

/* ---- qdq.c ---- */

/* An operation between DequantizeLinear and QuantizeLinear as onnxruntime runs it, by an operator of whole numbers.
 * Fills the result: 1; where it is none such: 0; after a diagnosis: -1. */
int qdq_run(struct onnx_reader *reader, const struct operation *operation);

#endif
