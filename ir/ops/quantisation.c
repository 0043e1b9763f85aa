/* Quantisers with constant parameters as functions from one real number to the integer code that stands for it. */
#include "ir/ops/families.h"
#include "ir/quantisation.h"

#include <math.h>

static void narrow_formats(const struct graph *graph, struct quantisation *out) {
    const struct formats *formats = &out->node->attributes.quantizer.formats;
    const struct shape *shape = &graph_value(graph, out->node->result)->shape;
    for (size_t i = 0; i < out->count; i++) out->formats[i] = formats->at[shape_project(shape, i, &formats->shape)];
}

/* Whole bits that make no trouble. */
static bool sensible(float bits, float zero_point) {
    return bits > 0 && bits <= 48 && fabsf(zero_point) < 0x1p40f && floorf(zero_point) == zero_point;
}

/* log2 of the step of a Trunc's second version, 0 of its first. */
static float trunc_step(const struct quantisation *q, size_t element) {
    return q->node->input_count == 6 ? rintf(log2f(q->parameters[4][element] / q->parameters[1][element])) : 0;
}

/* Of a FloatQuant the exponent of the least step. */
static float least_exponent(const struct quantisation *q, size_t element) {
    return 1 - q->parameters[4][element] - q->parameters[3][element];
}

/* Bits below the point that codes in units of the scale have: of a FloatQuant, those of its least step; of a Trunc's
 * second version, which takes off zero point / step, those of that. */
static int code_shift(const struct quantisation *q, size_t element) {
    if (q->node->op == OP_FLOAT_QUANT) return (int)-least_exponent(q, element);
    if (q->node->op != OP_TRUNC_QUANT || q->parameters[2][element] == 0) return 0;
    float step = trunc_step(q, element);
    return step > 0 && step <= 16 ? (int)step : 0;
}

/* Of a Trunc, one bit more than it should need; its first version does not clamp, and a code outside is refused. */
static bool trunc_bounds(const struct quantisation *q, size_t element, struct interval *out) {
    int shift = code_shift(q, element);
    float step = trunc_step(q, element);
    if (!(fabsf(step) <= 64)) return false; /* a scale of no sense */
    float bits = q->parameters[q->node->input_count == 6 ? 5 : 3][element];
    float zero_point = ldexpf(q->parameters[2][element], shift - (int)step);
    if (!sensible(bits, zero_point)) return false;
    int128 top = (int128)1 << ((int)ceilf(bits) + 1 + shift);
    *out = (struct interval){-top - (int128)zero_point, top - (int128)zero_point};
    return true;
}

/* What parameters a FloatQuant may have: its numbers are whole multiples of 2^least_exponent. */
static bool float_bounds(const struct quantisation *q, size_t element, struct interval *out) {
    float exponent_bits = q->parameters[2][element], mantissa_bits = q->parameters[3][element],
          bias = q->parameters[4][element], most = q->parameters[5][element];
    if (!(exponent_bits >= 1) || exponent_bits > 8 || floorf(exponent_bits) != exponent_bits || !(mantissa_bits >= 0) ||
        mantissa_bits > 23 || floorf(mantissa_bits) != mantissa_bits || !(fabsf(bias) <= 128) || floorf(bias) != bias ||
        !(most > 0))
        return false;
    double largest =
        fmin((double)most, (2 - exp2(-(double)mantissa_bits)) * exp2(exp2((double)exponent_bits) - 1 - (double)bias));
    double code = ceil(ldexp(largest, code_shift(q, element)));
    if (!(code < 0x1p47)) return false;
    *out = (struct interval){-(int64_t)code, (int64_t)code};
    return true;
}

/* Bounds of the codes, zero point taken off; false beyond 48 bits. */
static bool code_bounds(const struct quantisation *q, size_t element, struct interval *out) {
    const struct quantizer_attributes *attributes = &q->node->attributes.quantizer;
    *out = (struct interval){-1, 1};
    if (q->node->op == OP_BIPOLAR_QUANT) return true;
    if (q->node->op == OP_FLOAT_QUANT) return float_bounds(q, element, out);
    if (q->node->op == OP_TRUNC_QUANT) return trunc_bounds(q, element, out);
    float bits = q->parameters[3][element], zero_point = q->parameters[2][element];
    if (!sensible(bits, zero_point)) return false;
    bool one_bit = attributes->is_signed && bits == 1;
    int128 zero = (int128)zero_point, narrow = attributes->narrow;
    int128 top = (int128)ceil(exp2((double)bits - attributes->is_signed));
    int128 lo = one_bit ? -1 : attributes->is_signed ? narrow - top : 0;
    int128 hi = one_bit ? 1 : top - 1 - (attributes->is_signed ? 0 : narrow);
    *out = (struct interval){lo - zero, hi - zero};
    return true;
}

static float result_scale(const struct quantisation *q, size_t element) {
    if (q->node->op == OP_TRUNC_QUANT && q->node->input_count == 6) return q->parameters[4][element];
    return q->parameters[1][element];
}

/* Powers of two go into the fraction when all scales are such. */
static void split_scales(struct quantisation *q, struct arena *arena) {
    bool powers = true;
    int exponent;
    for (size_t i = 0; i < q->count; i++) powers = powers && frexpf(result_scale(q, i), &exponent) == 0.5f;
    if (!powers) q->scale = ARENA_ARRAY(arena, double, q->count);
    for (size_t i = 0; i < q->count; i++) {
        (void)frexpf(result_scale(q, i), &exponent);
        q->formats[i].fraction = (int16_t)((powers ? 1 - exponent : 0) + code_shift(q, i));
        if (q->scale) q->scale[i] = (double)result_scale(q, i);
    }
}

bool quantisation_of(const struct graph *graph, const struct node *node, struct arena *arena,
                     struct quantisation *out) {
    const struct shape *shape = &graph_value(graph, node->result)->shape;
    *out = (struct quantisation){.node = node, .count = shape_elements(shape)};
    out->formats = ARENA_ARRAY(arena, struct format, out->count);
    if (node->op == OP_NARROW) {
        narrow_formats(graph, out);
        return true;
    }
    for (uint32_t k = 1; k < node->input_count; k++)
        if (!(out->parameters[k] = spread_constant(graph, node->inputs[k], shape, arena))) return false;
    for (size_t i = 0; i < out->count; i++) {
        struct interval bounds;
        if (!(result_scale(out, i) > 0) || isinf(result_scale(out, i)) || !code_bounds(out, i, &bounds)) return false;
        out->formats[i] = format_for(bounds, 0);
    }
    split_scales(out, arena);
    return true;
}

bool quantisation_code(const struct quantisation *q, size_t element, double real, int64_t *code) {
    const struct quantizer_attributes *attributes = &q->node->attributes.quantizer;
    const float *const *p = q->parameters;
    float x = (float)real, y;
    switch (q->node->op) {
    case OP_NARROW: return fixed_from_real(real, q->formats[element], attributes->rounding, attributes->overflow, code);
    case OP_BIPOLAR_QUANT: y = bipolar_quant_real(x, p[1][element]); break;
    case OP_QUANT: y = quant_real(x, p[1][element], p[2][element], p[3][element], attributes); break;
    case OP_FLOAT_QUANT:
        y = float_quant_real(
            x, (const float[]){0, p[1][element], p[2][element], p[3][element], p[4][element], p[5][element]},
            attributes->rounding);
        break;
    default:
        y = q->node->input_count == 6
                ? trunc_quant_real(x, p[1][element], p[2][element], p[3][element], p[4][element], p[5][element],
                                   attributes)
                : trunc_quant_real(x, p[1][element], p[2][element], p[3][element], 0, p[4][element], attributes);
    }
    double whole = nearbyint(ldexp((double)y / (double)result_scale(q, element), code_shift(q, element)));
    if (!(fabs(whole) < 0x1p62)) return false;
    *code = (int64_t)whole;
    return true;
}

bool quantisation_clamps(const struct quantisation *q, size_t element, double real) {
    const struct quantizer_attributes *attributes = &q->node->attributes.quantizer;
    if (q->node->op != OP_NARROW || attributes->overflow == OVERFLOW_SATURATE ||
        attributes->overflow == OVERFLOW_SATURATE_SYMMETRIC)
        return true;
    return fixed_holds(real, q->formats[element], attributes->rounding);
}
