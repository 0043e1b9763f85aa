/* Inside the reader of ONNX: what operators of whole numbers with scales and zero points share (qlinear.c). */
#ifndef BXC_FRONTEND_ONNX_QLINEAR_H
#define BXC_FRONTEND_ONNX_QLINEAR_H

#include "frontend/onnx/codes.h"

/* All give false or NULL after a diagnosis. */

/* Operands input .. input + 2: codes of 8 bits, scale, zero point, one for all or along the axis. */
bool qlinear_operand(struct onnx_reader *reader, const struct operation *operation, uint32_t input, int64_t axis,
                     struct codes *codes);
/* Whether codes have several scales, which is diagnosed; `what` they are. */
bool qlinear_refuse_several(struct onnx_reader *reader, const struct operation *operation, const struct codes *codes,
                            const char *what);
/* Scale and zero point of the result, operands input and input + 1, and its type; one for all. */
bool qlinear_goal(struct onnx_reader *reader, const struct operation *operation, struct tensor *result, uint32_t input,
                  int otherwise, struct codes *goal, int *type);

/* alpha * a_scale * b_scale / y_scale, rounded to binary32 after each operation; where the shape broadcasts to. */
struct factors {
    struct shape along;
    float *at;
};
/* y_scale: NULL, there is none. */
struct factors qlinear_factors(struct onnx_reader *reader, float alpha, const struct codes *a, const struct codes *b,
                               const struct shape *along, const float *y_scale);
struct tensor *qlinear_multiplied(struct onnx_reader *reader, const struct operation *operation, const char *what,
                                  struct tensor *sum, const struct factors *factors);
/* As QuantizeLinear, but for the zero point, which some kernels add before they round. */
struct tensor *qlinear_rounded_with_zero_point(struct onnx_reader *reader, const struct operation *operation,
                                               struct tensor *x, const struct codes *goal, int type);
/* Codes of operand `input`, their zero point operand `zero_point`, which may be left out; without a scale. */
bool qlinear_unscaled(struct onnx_reader *reader, const struct operation *operation, uint32_t input,
                      uint32_t zero_point, int64_t axis, struct codes *codes);

#endif
