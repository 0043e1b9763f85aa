/* Operators that throw digits away, exactly as NUMERICS has them.
 *
 * narrow is exact in both arithmetics: a real number is narrowed by its true value, and the result
 * is a real again. quant, bipolar_quant, float_quant and trunc_quant compute in binary32 in the order of
 * QONNX's own code, one rounding an operation, so that ties and the last bits fall as there. */
#include "ir/fixed_many.h"
#include "ir/ops/families.h"
#include "ir/quantisation.h"

#include <math.h>

/* ---- QONNX, one number ---- */

static float sign_of(float x) {
    return x > 0.0f ? 1.0f : x < 0.0f ? -1.0f : x;
}

float round_real(float x, enum rounding rounding) {
    switch (rounding) {
    case ROUND_TRUNCATE: return floorf(x);
    case ROUND_TOWARD_ZERO: return truncf(x);
    case ROUND_HALF_UP: return floorf(x + 0.5f);
    case ROUND_HALF_TOWARD_ZERO: return sign_of(x) * ceilf(fabsf(x) - 0.5f);
    case ROUND_HALF_AWAY: return sign_of(x) * floorf(fabsf(x) + 0.5f);
    case ROUND_HALF_DOWN: return ceilf(x - 0.5f);
    case ROUND_HALF_EVEN: return rintf(x);
    case ROUND_CEILING: return ceilf(x);
    case ROUND_AWAY_FROM_ZERO: return sign_of(x) * ceilf(fabsf(x));
    case ROUNDING_COUNT: break;
    }
    return x;
}

struct bounds {
    float lo, hi;
    bool bipolar;
};

static struct bounds bounds_of(float bits, bool is_signed, bool narrow) {
    struct bounds out = {0};
    if (is_signed) {
        float half = exp2f(bits - 1.0f);
        out.lo = narrow ? -half + 1.0f : -half;
        out.hi = half - 1.0f;
        out.bipolar = bits == 1.0f;
    } else {
        out.hi = exp2f(bits) - (narrow ? 2.0f : 1.0f);
    }
    return out;
}

static float clamp(float x, struct bounds bounds) {
    float y = x > bounds.hi ? bounds.hi : x;
    return y < bounds.lo ? bounds.lo : y;
}

static float quant_one(float x, float scale, float zero_point, struct bounds bounds, enum rounding rounding) {
    float y = x / scale;
    y = y + zero_point;
    if (bounds.bipolar)
        y = y >= 0.0f ? 1.0f : -1.0f;
    else
        y = round_real(clamp(y, bounds), rounding);
    y = y - zero_point;
    return y * scale;
}

float quant_real(float x, float scale, float zero_point, float bits, const struct quantizer_attributes *attributes) {
    return quant_one(x, scale, zero_point, bounds_of(bits, attributes->is_signed, attributes->narrow),
                     attributes->rounding);
}

float bipolar_quant_real(float x, float scale) {
    return (x >= 0.0f ? 1.0f : -1.0f) * scale;
}

/* Numbers with a mantissa of so many bits behind its point, from the exponent 1 - bias on, below which they are
 * subnormal. The scaled number is rounded to the step of its own binade. */
float float_quant_real(float x, const float *parameters, enum rounding rounding) {
    float scale = parameters[1], exponent_bits = parameters[2], mantissa_bits = parameters[3], bias = parameters[4];
    float largest = (2.0f - exp2f(-mantissa_bits)) * exp2f(exp2f(exponent_bits) - 1.0f - bias);
    float y = x / scale, least = 1.0f - bias - mantissa_bits;
    float exponent = y == 0.0f ? least : logbf(y) - mantissa_bits;
    float step = exp2f(exponent < least ? least : exponent);
    if (largest > parameters[5]) largest = parameters[5];
    y = step * round_real(y / step, rounding);
    y = y > largest ? largest : y;
    y = y < -largest ? -largest : y;
    return y * scale;
}

static float trunc_first(float x, float scale, float zero_point, float in_bits, float out_bits,
                         enum rounding rounding) {
    float y = rintf(x / scale + zero_point);
    y = round_real(y / exp2f(in_bits - out_bits), rounding);
    y = y - zero_point;
    return y * scale;
}

float trunc_quant_real(float x, float scale, float zero_point, float in_bits, float out_scale, float out_bits,
                       const struct quantizer_attributes *attributes) {
    if (attributes->version == 1) return trunc_first(x, scale, zero_point, in_bits, out_bits, attributes->rounding);
    float step = exp2f(rintf(log2f(out_scale / scale)));
    float y = rintf(x / scale + zero_point) / step;
    y = round_real(clamp(y, bounds_of(out_bits, attributes->is_signed, attributes->narrow)), attributes->rounding);
    y = y - zero_point / step;
    return y * out_scale;
}

/* ---- inference ---- */

static void set_narrow_intervals(struct graph *graph, const struct node *node, struct value *result) {
    const struct quantizer_attributes *attributes = &node->attributes.quantizer;
    const struct value *x = op_operand(graph, node, 0);
    size_t count = shape_elements(&result->shape);
    struct arena *scratch = arena_new(graph->context);
    struct interval *intervals = ARENA_ARRAY(scratch, struct interval, count);
    for (size_t i = 0; i < count; i++)
        intervals[i] = fixed_narrow_interval(op_interval(x, i), op_format(x, i).fraction,
                                             op_formats_at(&attributes->formats, &result->shape, i),
                                             attributes->rounding, attributes->overflow);
    result->formats = attributes->formats;
    op_set_intervals(graph, result, intervals);
    arena_free(scratch);
}

static int infer_narrow(struct graph *graph, struct node *node, struct value *result, bool integer) {
    const struct shape *shape = &op_operand(graph, node, 0)->shape;
    if ((unsigned)node->attributes.quantizer.overflow >= OVERFLOW_COUNT)
        return REFUSE(graph, node, NULL, "unknown overflow");
    if (op_set_shape(graph, node, result, shape, integer) ||
        op_check_formats(graph, node, &node->attributes.quantizer.formats, shape))
        return -1;
    if (integer) set_narrow_intervals(graph, node, result);
    return 0;
}

/* Scales that are known may be neither zero nor without number; x alone decides the shape's rank. */
static int infer_quant(struct graph *graph, struct node *node, struct value *result) {
    const struct shape *shape = &op_operand(graph, node, 0)->shape;
    struct shape wide;
    for (uint32_t i = 1; i < node->input_count; i++) {
        const struct shape *parameter = &op_operand(graph, node, i)->shape;
        if (!shape_broadcast(shape, parameter, &wide) || shape_elements(&wide) != shape_elements(shape))
            return REFUSE(graph, node, NULL, "parameter %u does not broadcast to the operand", (unsigned)i);
    }
    bool second_scale = node->op == OP_TRUNC_QUANT && node->input_count == 6;
    for (uint32_t i = 1; i < node->input_count; i++) {
        const float *reals = graph_reals(graph, node->inputs[i]);
        size_t count = shape_elements(&op_operand(graph, node, i)->shape);
        bool is_scale = i == 1 || (i == 4 && second_scale);
        for (size_t k = 0; is_scale && reals && k < count; k++) {
            if (reals[k] == 0.0f) return REFUSE(graph, node, NULL, "the scale is 0 at element %zu", k);
        }
    }
    return op_set_shape(graph, node, result, shape, false);
}

static int infer(struct graph *graph, struct node *node, struct value *result) {
    bool integer;
    const struct quantizer_attributes *attributes = &node->attributes.quantizer;
    if (op_check_operands(graph, node, &integer)) return -1;
    if ((unsigned)attributes->rounding >= ROUNDING_COUNT) return REFUSE(graph, node, NULL, "unknown rounding");
    if (node->op == OP_NARROW) return infer_narrow(graph, node, result, integer);
    if (node->op == OP_TRUNC_QUANT && attributes->version != (node->input_count == 6 ? 2 : 1))
        return REFUSE(graph, node, NULL, "version %d of the operator has other operands", attributes->version);
    return infer_quant(graph, node, result);
}

/* ---- narrow in integers ---- */

/* floor((x + (x < 0 ? add_negative : add_positive) + (even and floor(x >> drop) odd)) >> drop), after
 * x << grow; then limits. Every rounding mode is such a sum. */
struct narrow_plan {
    struct format format;
    int from;
    bool simple; /* no step leaves 64 bits: the sum above; else fixed_narrow */
    bool even, wraps, limits, zeroes;
    uint8_t drop, grow;
    int64_t add_positive, add_negative, lo, hi;
};

static void plan_rounding(struct narrow_plan *plan, enum rounding rounding) {
    if (plan->drop == 0) return;
    int64_t half = (int64_t)1 << (plan->drop - 1), all = half - 1 + half;
    switch (rounding) {
    case ROUND_TRUNCATE: break;
    case ROUND_TOWARD_ZERO: plan->add_negative = all; break;
    case ROUND_HALF_UP: plan->add_positive = plan->add_negative = half; break;
    case ROUND_HALF_TOWARD_ZERO: plan->add_positive = half - 1, plan->add_negative = half; break;
    case ROUND_HALF_AWAY: plan->add_positive = half, plan->add_negative = half - 1; break;
    case ROUND_HALF_EVEN: plan->even = true; /* fall through */
    case ROUND_HALF_DOWN: plan->add_positive = plan->add_negative = half - 1; break;
    case ROUND_CEILING: plan->add_positive = plan->add_negative = all; break;
    case ROUND_AWAY_FROM_ZERO: plan->add_positive = all; break;
    case ROUNDING_COUNT: break;
    }
}

static void plan_overflow(struct narrow_plan *plan, struct interval rounded, enum overflow overflow) {
    plan->lo = format_min(plan->format);
    plan->hi = format_max(plan->format);
    if (overflow == OVERFLOW_SATURATE_SYMMETRIC && plan->lo < 0) plan->lo = -plan->hi;
    if (rounded.lo >= plan->lo && rounded.hi <= plan->hi) return;
    plan->wraps = overflow == OVERFLOW_WRAP && plan->format.width > 0;
    plan->zeroes = overflow == OVERFLOW_SATURATE_ZERO;
    plan->limits = !plan->wraps && !plan->zeroes;
}

static struct narrow_plan plan_element(const struct quantizer_attributes *attributes, struct interval x, int from,
                                       struct format format) {
    const int128 room = (int128)1 << 61;
    int drop = from - format.fraction;
    struct narrow_plan plan = {.format = format, .from = from};
    struct interval grown = x;
    plan.simple =
        drop <= 61 && (drop >= 0 || op_shift_interval(x, -drop, &grown)) && grown.lo >= -room && grown.hi <= room;
    if (!plan.simple) return plan;
    plan.drop = (uint8_t)(drop > 0 ? drop : 0);
    plan.grow = (uint8_t)(drop < -63 ? 63 : drop < 0 ? -drop : 0); /* beyond 63 only 0 is left */
    plan_rounding(&plan, attributes->rounding);
    struct interval rounded = {fixed_round(x.lo, drop, attributes->rounding),
                               fixed_round(x.hi, drop, attributes->rounding)};
    plan_overflow(&plan, rounded, attributes->overflow);
    return plan;
}

static const void *prepare(const struct graph *graph, const struct node *node, struct arena *arena) {
    const struct value *result = op_result(graph, node), *x = op_operand(graph, node, 0);
    size_t count = shape_elements(&result->shape);
    if (node->op == OP_NARROW && result->kind == VALUE_INTEGER) {
        struct narrow_plan *plans = ARENA_ARRAY(arena, struct narrow_plan, count);
        for (size_t i = 0; i < count; i++)
            plans[i] = plan_element(&node->attributes.quantizer, op_interval(x, i), op_format(x, i).fraction,
                                    op_format(result, i));
        return plans;
    }
    if (node->op == OP_NARROW) return NULL;
    const uint32_t **maps = ARENA_ARRAY(arena, const uint32_t *, node->input_count);
    for (uint32_t i = 1; i < node->input_count; i++)
        maps[i] = op_broadcast_map(arena, &result->shape, &op_operand(graph, node, i)->shape);
    return maps;
}

VECTOR_CLONES static void round_lanes(const struct narrow_plan *plan, const int64_t *restrict x,
                                      int64_t *restrict out) {
    int64_t positive = plan->add_positive, negative = plan->add_negative, even = plan->even;
    int drop = plan->drop, grow = plan->grow;
    if (drop == 0) {
        for (int lane = 0; lane < EVENT_LANES; lane++) out[lane] = (int64_t)((uint64_t)x[lane] << grow);
    } else if (positive == negative) {
        for (int lane = 0; lane < EVENT_LANES; lane++)
            out[lane] = (x[lane] + positive + ((x[lane] >> drop) & even)) >> drop;
    } else {
        for (int lane = 0; lane < EVENT_LANES; lane++)
            out[lane] = (x[lane] + (x[lane] < 0 ? negative : positive)) >> drop;
    }
}

VECTOR_CLONES static void limit_lanes(const struct narrow_plan *plan, int64_t *out) {
    int64_t lo = plan->lo, hi = plan->hi, below = plan->zeroes ? 0 : lo, above = plan->zeroes ? 0 : hi;
    for (int lane = 0; lane < EVENT_LANES; lane++) {
        int64_t x = out[lane];
        out[lane] = x < lo ? below : x > hi ? above : x;
    }
}

VECTOR_CLONES static void wrap_lanes(const struct narrow_plan *plan, int64_t *out) {
    uint64_t mask = (UINT64_C(2) << (plan->format.width - 1)) - 1;
    uint64_t sign = plan->format.is_signed ? UINT64_C(1) << (plan->format.width - 1) : 0;
    for (int lane = 0; lane < EVENT_LANES; lane++) out[lane] = (int64_t)((((uint64_t)out[lane] & mask) ^ sign) - sign);
}

static void narrow_lanes(const struct narrow_plan *plan, const struct quantizer_attributes *attributes,
                         const int64_t *x, int64_t *out) {
    if (!plan->simple) {
        for (int lane = 0; lane < EVENT_LANES; lane++)
            out[lane] = fixed_narrow(x[lane], plan->from, plan->format, attributes->rounding, attributes->overflow);
        return;
    }
    round_lanes(plan, x, out);
    if (plan->wraps)
        wrap_lanes(plan, out);
    else if (plan->limits || plan->zeroes)
        limit_lanes(plan, out);
}

static void eval_integer(const struct evaluation *evaluation) {
    const struct narrow_plan *plans = evaluation->plan;
    size_t count = shape_elements(&op_result(evaluation->graph, evaluation->node)->shape);
    int64_t spare[EVENT_LANES];
    for (size_t i = 0; i < count; i++)
        narrow_lanes(&plans[i], &evaluation->node->attributes.quantizer,
                     integer_row(&evaluation->integers[0], i, spare), evaluation->integer_result + i * EVENT_LANES);
}

/* ---- narrow in reals ---- */

static float narrow_one(float x, struct format format, const struct quantizer_attributes *attributes) {
    int64_t integer;
    if (!fixed_from_real((double)x, format, attributes->rounding, attributes->overflow, &integer)) return x;
    return (float)fixed_to_real(integer, format.fraction);
}

/* One format for all. */
VECTOR_CLONES static void spread(const float *restrict x, double scale, double *restrict lanes, double *restrict steps,
                                 double *restrict lo, double *restrict hi) {
    const double least = lo[0], most = hi[0];
    for (int lane = 0; lane < EVENT_LANES; lane++) {
        lanes[lane] = (double)x[lane];
        steps[lane] = scale;
        lo[lane] = least;
        hi[lane] = most;
    }
}

VECTOR_CLONES static void scale_down(const double *restrict lanes, double step, float *restrict out) {
    for (int lane = 0; lane < EVENT_LANES; lane++) out[lane] = (float)(lanes[lane] * step + 0.0); /* no negative zero */
}

_Static_assert((int)EVENT_LANES == (int)FIXED_MANY, "lanes of events go through fixed_many.c");

/* Many at once where fixed_many.c can, else one by one. */
static void narrow_reals(const float *x, float *out, struct format format,
                         const struct quantizer_attributes *attributes) {
    double reach = format.width > 0 ? fixed_reach(format, attributes->overflow) : 0;
    bool small = reach > 0;
    double lanes[EVENT_LANES], steps[EVENT_LANES], lo[EVENT_LANES], hi[EVENT_LANES];
    double scale = ldexp(1.0, small ? format.fraction : 0);
    if (small) {
        fixed_limits(format, attributes->overflow, &lo[0], &hi[0]);
        spread(x, scale, lanes, steps, lo, hi);
        small = fixed_narrow_many(lanes, steps, lo, hi, reach, attributes->rounding, attributes->overflow);
    }
    if (small)
        scale_down(lanes, 1.0 / scale, out);
    else
        for (int lane = 0; lane < EVENT_LANES; lane++) out[lane] = narrow_one(x[lane], format, attributes);
}

/* ---- QONNX in lanes ---- */

VECTOR_CLONES static void round_reals(float *lanes, enum rounding rounding) {
    switch (rounding) {
    case ROUND_HALF_EVEN:
        for (int lane = 0; lane < EVENT_LANES; lane++) lanes[lane] = rintf(lanes[lane]);
        break;
    case ROUND_TRUNCATE:
        for (int lane = 0; lane < EVENT_LANES; lane++) lanes[lane] = floorf(lanes[lane]);
        break;
    default:
        for (int lane = 0; lane < EVENT_LANES; lane++) lanes[lane] = round_real(lanes[lane], rounding);
        break;
    }
}

/* quant_one in lanes, step by step. */
VECTOR_CLONES static void quant_before(const float *x, const float *scale, const float *zero_point, float lo, float hi,
                                       float *restrict lanes) {
    for (int lane = 0; lane < EVENT_LANES; lane++) {
        float y = x[lane] / scale[lane];
        y = y + zero_point[lane];
        y = y > hi ? hi : y;
        lanes[lane] = y < lo ? lo : y;
    }
}

VECTOR_CLONES static void quant_after(const float *scale, const float *zero_point, const float *lanes,
                                      float *restrict out) {
    for (int lane = 0; lane < EVENT_LANES; lane++) {
        float y = lanes[lane] - zero_point[lane];
        out[lane] = y * scale[lane];
    }
}

static void quant_lanes(const struct evaluation *evaluation, const float *const *rows, float *out) {
    const struct quantizer_attributes *attributes = &evaluation->node->attributes.quantizer;
    struct bounds bounds = bounds_of(rows[3][0], attributes->is_signed, attributes->narrow);
    float lanes[EVENT_LANES];
    if (evaluation->reals[3].lane_stride || bounds.bipolar) {
        for (int lane = 0; lane < EVENT_LANES; lane++)
            out[lane] = quant_real(rows[0][lane], rows[1][lane], rows[2][lane], rows[3][lane], attributes);
        return;
    }
    quant_before(rows[0], rows[1], rows[2], bounds.lo, bounds.hi, lanes);
    round_reals(lanes, attributes->rounding);
    quant_after(rows[1], rows[2], lanes, out);
}

static void qonnx_lanes(const struct evaluation *evaluation, const float *const *rows, float *out) {
    const struct node *node = evaluation->node;
    const struct quantizer_attributes *attributes = &node->attributes.quantizer;
    bool second = node->input_count == 6;
    if (node->op == OP_QUANT) {
        quant_lanes(evaluation, rows, out);
        return;
    }
    for (int lane = 0; lane < EVENT_LANES; lane++) {
        if (node->op == OP_BIPOLAR_QUANT)
            out[lane] = bipolar_quant_real(rows[0][lane], rows[1][lane]);
        else if (node->op == OP_FLOAT_QUANT)
            out[lane] = float_quant_real(
                rows[0][lane],
                (const float[]){0, rows[1][lane], rows[2][lane], rows[3][lane], rows[4][lane], rows[5][lane]},
                attributes->rounding);
        else
            out[lane] = trunc_quant_real(rows[0][lane], rows[1][lane], rows[2][lane], rows[3][lane],
                                         second ? rows[4][lane] : 1.0f, rows[second ? 5 : 4][lane], attributes);
    }
}

static void eval_real(const struct evaluation *evaluation) {
    const struct node *node = evaluation->node;
    const uint32_t *const *maps = evaluation->plan;
    const struct value *result = op_result(evaluation->graph, node);
    size_t count = shape_elements(&result->shape);
    float spare[6][EVENT_LANES];
    for (size_t i = 0; i < count; i++) {
        const float *rows[6] = {real_row(&evaluation->reals[0], i, spare[0])};
        float *out = evaluation->real_result + i * EVENT_LANES;
        if (node->op == OP_NARROW) {
            narrow_reals(rows[0], out, op_formats_at(&node->attributes.quantizer.formats, &result->shape, i),
                         &node->attributes.quantizer);
            continue;
        }
        for (uint32_t k = 1; k < node->input_count; k++)
            rows[k] = real_row(&evaluation->reals[k], op_mapped(maps[k], i), spare[k]);
        qonnx_lanes(evaluation, rows, out);
    }
}

/* ---- real ranges ---- */

/* The codes between the operand's ends, all that the format has where it wraps or zeroes. */
static struct real_range bound_code(const struct quantisation *codes, size_t element, struct real_range in) {
    struct format format = codes->formats[element];
    int64_t lo = format_min(format), hi = format_max(format), own[2];
    bool between = quantisation_clamps(codes, element, in.lo) && quantisation_clamps(codes, element, in.hi) &&
                   quantisation_code(codes, element, in.lo, &own[0]) &&
                   quantisation_code(codes, element, in.hi, &own[1]);
    if (between) lo = own[0], hi = own[1];
    double scale = codes->scale ? codes->scale[element] : 1;
    return format.width ? (struct real_range){scale * fixed_to_real(lo, format.fraction),
                                              scale * fixed_to_real(hi, format.fraction)}
                        : (struct real_range){0, 0};
}

static void bound_real(const struct graph *graph, const struct node *node, const struct real_range *const *operands,
                       struct real_range *out, struct arena *arena) {
    size_t count = shape_elements(&op_result(graph, node)->shape);
    struct quantisation codes;
    bool is_function = quantisation_of(graph, node, arena, &codes); /* else the line refuses it */
    for (size_t e = 0; e < count; e++) out[e] = is_function ? bound_code(&codes, e, operands[0][e]) : operands[0][e];
}

static const struct op_meaning meanings[OP_COUNT] = {
    [OP_NARROW] = {.quantiser = true, .digits = DIGITS_ROUNDED},
    [OP_QUANT] = {.quantiser = true, .digits = DIGITS_SCALED},
    [OP_BIPOLAR_QUANT] = {.quantiser = true, .digits = DIGITS_SCALED},
    [OP_FLOAT_QUANT] = {.quantiser = true, .digits = DIGITS_SCALED},
    [OP_TRUNC_QUANT] = {.quantiser = true, .digits = DIGITS_SCALED},
};

/* Where zeros at most are appended and the format holds everything; *grow is their number. */
static bool is_exact(const struct graph *graph, const struct node *node, size_t element, int *grow) {
    const struct value *x = op_operand(graph, node, 0);
    struct format format = op_format(op_result(graph, node), element);
    struct interval grown;
    *grow = format.fraction - op_format(x, element).fraction;
    if (*grow < 0 || !op_shift_interval(op_interval(x, element), *grow, &grown) || !interval_fits(grown, format))
        return false;
    return node->attributes.quantizer.overflow != OVERFLOW_SATURATE_SYMMETRIC || grown.lo >= -format_max(format);
}

static bool changes_nothing(const struct graph *graph, const struct node *node, size_t element) {
    int grow;
    return is_exact(graph, node, element, &grow) && grow == 0;
}

static bool linear(struct analysis *analysis, const struct node *node) {
    for (size_t e = 0; e < shape_elements(&op_result(linear_graph(analysis), node)->shape); e++) {
        int grow;
        linear_begin(analysis);
        if (is_exact(linear_graph(analysis), node, e, &grow))
            linear_add(analysis, node, 0, e, 1, grow);
        else
            linear_fails(analysis);
        linear_end(analysis, node, e);
    }
    return true;
}

#define FIELD(member) offsetof(union attributes, quantizer.member)
#define QONNX OPS(OP_QUANT, OP_TRUNC_QUANT)
static const struct attribute_field fields[] = {
    {"formats", ATTRIBUTE_FORMATS, FIELD(formats), "formats of the result", OPS(OP_NARROW)},
    {"rounding", ATTRIBUTE_ROUNDING, FIELD(rounding), "how digits are dropped",
     OPS(OP_NARROW, OP_QUANT, OP_FLOAT_QUANT, OP_TRUNC_QUANT)},
    {"binary32", ATTRIBUTE_BOOL, FIELD(binary32), "integers must round what binary32 gives, whatever that costs",
     OPS(OP_NARROW)},
    {"overflow", ATTRIBUTE_OVERFLOW, FIELD(overflow), "what happens outside the format", OPS(OP_NARROW)},
    {"signed", ATTRIBUTE_BOOL, FIELD(is_signed), "codes have a sign", QONNX},
    {"narrow", ATTRIBUTE_BOOL, FIELD(narrow), "one code at the end of the range is not used", QONNX},
    {"version", ATTRIBUTE_INT, FIELD(version), "1: five operands, 2: six", OPS(OP_TRUNC_QUANT)},
    {0},
};

const struct op_family quantizer_family = {
    .name = "quantizer",
    .infer = infer,
    .prepare = prepare,
    .eval_real = eval_real,
    .eval_integer = eval_integer,
    .bound_real = bound_real,
    .linear = linear,
    .changes_nothing = changes_nothing,
    .fields = fields,
    .meanings = meanings,
};
