/* QONNX's quantisers: Quant (IntQuant), BipolarQuant, FloatQuant, Trunc. NUMERICS.md says what they compute. */
#include "frontend/onnx/onnx.h"

#include <math.h>
#include <strings.h>

static int rounding_mode(struct onnx_reader *reader, const struct operation *operation, const char *otherwise,
                         enum rounding *rounding) {
    static const struct {
        const char *name;
        enum rounding rounding;
    } modes[] = {
        {"ROUND", ROUND_HALF_EVEN},   {"HALF_EVEN", ROUND_HALF_EVEN},        {"CEIL", ROUND_CEILING},
        {"FLOOR", ROUND_TRUNCATE},    {"UP", ROUND_AWAY_FROM_ZERO},          {"DOWN", ROUND_TOWARD_ZERO},
        {"HALF_UP", ROUND_HALF_AWAY}, {"HALF_DOWN", ROUND_HALF_TOWARD_ZERO},
    };
    const char *text = attribute_text(reader, operation, "rounding_mode");
    if (!text) text = otherwise;
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++)
        if (!strcasecmp(modes[i].name, text)) {
            *rounding = modes[i].rounding;
            return 0;
        }
    onnx_refuse(reader, operation, "known: ROUND, HALF_EVEN, CEIL, FLOOR, UP, DOWN, HALF_UP, HALF_DOWN",
                "rounding mode '%s' is unknown", text);
    return -1;
}

static bool parameter_number(const struct tensor *tensor, size_t index, float *number) {
    if (tensor->state == TENSOR_REALS)
        *number = tensor->reals[index];
    else if (tensor->state == TENSOR_INTEGERS)
        *number = (float)tensor->integers[index];
    else
        return false;
    return true;
}

enum parameter_kind {
    PARAMETER_SCALE,
    PARAMETER_ZERO_POINT,
    PARAMETER_BITS,
    PARAMETER_MANTISSA,
    PARAMETER_EXPONENT,
    PARAMETER_BIAS,
    PARAMETER_LARGEST
};

static bool parameter_is_sane(enum parameter_kind kind, float number) {
    bool whole = number == floorf(number);
    switch (kind) {
    case PARAMETER_SCALE: return isfinite(number) && number > 0;
    case PARAMETER_BITS: return number >= 1 && number <= 64 && whole;
    case PARAMETER_MANTISSA: return number >= 0 && number <= 23 && whole;
    case PARAMETER_EXPONENT: return number >= 1 && number <= 8 && whole;
    case PARAMETER_BIAS: return fabsf(number) <= 128 && whole;
    case PARAMETER_LARGEST: return number > 0;
    default: return isfinite(number);
    }
}

/* Parameters must not depend on the event; known ones must make sense. */
static int check_parameter(struct onnx_reader *reader, const struct operation *operation, uint32_t input,
                           enum parameter_kind kind) {
    static const char *const names[] = {"the scale",
                                        "the zero point",
                                        "the bit width",
                                        "the bits of the mantissa",
                                        "the bits of the exponent",
                                        "the bias of the exponent",
                                        "the largest number"};
    const struct tensor *tensor = operation->inputs[input];
    float number;
    if (refuse_dependence(reader, operation, input, names[kind]) < 0) return -1;
    for (size_t i = 0; i < tensor_elements(tensor) && parameter_number(tensor, i, &number); i++) {
        if (parameter_is_sane(kind, number)) continue;
        onnx_refuse(reader, operation, NULL, "%s is %g", names[kind], (double)number);
        return -1;
    }
    return 0;
}

static struct tensor *emit_quantizer(struct onnx_reader *reader, const struct operation *operation, enum op op,
                                     const union attributes *attributes) {
    struct tensor *x = operation->inputs[0];
    if (refuse_whole(reader, operation, x) < 0) return NULL;
    int batch = broadcast_batch(reader, operation, operation->inputs, operation->input_count);
    if (batch == -2) return NULL;
    return onnx_emit_tensor(reader, operation, op, NULL, operation->inputs, operation->input_count, attributes, batch);
}

static int read_attributes(struct onnx_reader *reader, const struct operation *operation, const char *otherwise,
                           struct quantizer_attributes *attributes) {
    attributes->is_signed = attribute_integer(reader, operation, "signed", 1);
    attributes->narrow = attribute_integer(reader, operation, "narrow", 0);
    return rounding_mode(reader, operation, otherwise, &attributes->rounding);
}

static int check_parameters(struct onnx_reader *reader, const struct operation *operation,
                            const enum parameter_kind *kinds) {
    for (uint32_t i = 1; i < operation->input_count; i++)
        if (check_parameter(reader, operation, i, kinds[i - 1]) < 0) return -1;
    return 0;
}

struct tensor *onnx_read_quant(struct onnx_reader *reader, const struct operation *operation) {
    static const enum parameter_kind kinds[] = {PARAMETER_SCALE, PARAMETER_ZERO_POINT, PARAMETER_BITS};
    union attributes attributes = {.quantizer = {0}};
    if (check_parameters(reader, operation, kinds) < 0) return NULL;
    if (read_attributes(reader, operation, "ROUND", &attributes.quantizer) < 0) return NULL;
    return emit_quantizer(reader, operation, OP_QUANT, &attributes);
}

struct tensor *onnx_read_bipolar_quant(struct onnx_reader *reader, const struct operation *operation) {
    static const enum parameter_kind kinds[] = {PARAMETER_SCALE};
    if (check_parameters(reader, operation, kinds) < 0) return NULL;
    union attributes attributes = {.quantizer = {0}};
    return emit_quantizer(reader, operation, OP_BIPOLAR_QUANT, &attributes);
}

/* What is beyond the largest number is that number: its other meaning, infinity or NaN, is none in fixed point. */
struct tensor *onnx_read_float_quant(struct onnx_reader *reader, const struct operation *operation) {
    static const enum parameter_kind kinds[] = {PARAMETER_SCALE, PARAMETER_EXPONENT, PARAMETER_MANTISSA, PARAMETER_BIAS,
                                                PARAMETER_LARGEST};
    union attributes attributes = {.quantizer = {0}};
    if (check_parameters(reader, operation, kinds) < 0) return NULL;
    if (rounding_mode(reader, operation, "ROUND", &attributes.quantizer.rounding) < 0) return NULL;
    if (!attribute_integer(reader, operation, "saturation", 1))
        return onnx_refuse(reader, operation, "train it with saturation",
                           "numbers beyond the largest one become infinite or NaN (saturation = 0)");
    return emit_quantizer(reader, operation, OP_FLOAT_QUANT, &attributes);
}

struct tensor *onnx_read_trunc(struct onnx_reader *reader, const struct operation *operation) {
    static const enum parameter_kind first[] = {PARAMETER_SCALE, PARAMETER_ZERO_POINT, PARAMETER_BITS, PARAMETER_BITS};
    static const enum parameter_kind second[] = {PARAMETER_SCALE, PARAMETER_ZERO_POINT, PARAMETER_BITS, PARAMETER_SCALE,
                                                 PARAMETER_BITS};
    union attributes attributes = {.quantizer = {.version = operation->input_count == 5 ? 1 : 2}};
    if (check_parameters(reader, operation, operation->input_count == 5 ? first : second) < 0) return NULL;
    if (read_attributes(reader, operation, "FLOOR", &attributes.quantizer) < 0) return NULL;
    return emit_quantizer(reader, operation, OP_TRUNC_QUANT, &attributes);
}
