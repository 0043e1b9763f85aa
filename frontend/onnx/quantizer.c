/* QONNX's quantisers: Quant (IntQuant), BipolarQuant, Trunc. NUMERICS.md says what they compute. */
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

enum parameter_kind { PARAMETER_SCALE, PARAMETER_ZERO_POINT, PARAMETER_BITS };

/* Parameters must not depend on the event; known ones must make sense. */
static int check_parameter(struct onnx_reader *reader, const struct operation *operation, uint32_t input,
                           enum parameter_kind kind) {
    static const char *const names[] = {"the scale", "the zero point", "the bit width"};
    const struct tensor *tensor = operation->inputs[input];
    float number;
    if (refuse_dependence(reader, operation, input, names[kind]) < 0) return -1;
    for (size_t i = 0; i < tensor_elements(tensor) && parameter_number(tensor, i, &number); i++) {
        bool sane = isfinite(number);
        if (kind == PARAMETER_SCALE) sane = sane && number > 0;
        if (kind == PARAMETER_BITS) sane = sane && number >= 1 && number <= 64 && number == floorf(number);
        if (sane) continue;
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

struct tensor *onnx_read_trunc(struct onnx_reader *reader, const struct operation *operation) {
    static const enum parameter_kind first[] = {PARAMETER_SCALE, PARAMETER_ZERO_POINT, PARAMETER_BITS, PARAMETER_BITS};
    static const enum parameter_kind second[] = {PARAMETER_SCALE, PARAMETER_ZERO_POINT, PARAMETER_BITS, PARAMETER_SCALE,
                                                 PARAMETER_BITS};
    union attributes attributes = {.quantizer = {.version = operation->input_count == 5 ? 1 : 2}};
    if (check_parameters(reader, operation, operation->input_count == 5 ? first : second) < 0) return NULL;
    if (read_attributes(reader, operation, "FLOOR", &attributes.quantizer) < 0) return NULL;
    return emit_quantizer(reader, operation, OP_TRUNC_QUANT, &attributes);
}
