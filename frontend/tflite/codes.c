/* What operations on whole numbers with scales are told with (integers.c), read. A tensor of such numbers stands in the
 * graph as its codes less their zero point, so that 0 is 0. */
#include "frontend/onnx/codes.h"
#include "frontend/tflite/tflite.h"

#include <math.h>

#define TYPE(name) ONNX__TENSOR_PROTO__DATA_TYPE__##name

static const int64_t *integers_of(struct onnx_reader *reader, const struct operation *operation, const char *name,
                                  size_t *count) {
    const int64_t *integers = tf_integers(reader, operation, name, count);
    if (!integers) context_bug(reader->context, "%s: no %s", operation->name, name);
    return integers;
}

static int64_t integer_of(struct onnx_reader *reader, const struct operation *operation, const char *name) {
    return tf_integer(reader, operation, name, 0);
}

/* ---- in and out ---- */

static struct tensor *read_centred(struct onnx_reader *reader, const struct operation *operation) {
    static const float unit = 1;
    const int64_t zero_point = integer_of(reader, operation, "zero_point");
    const struct codes codes = {.q = operation->inputs[0], .scale = &unit, .zero_point = &zero_point};
    return codes_centred(reader, operation, "codes", &codes);
}

static struct tensor *read_codes(struct onnx_reader *reader, const struct operation *operation) {
    const float zero_point = (float)integer_of(reader, operation, "zero_point");
    struct tensor *x = operation->inputs[0];
    if (zero_point != 0) x = codes_with_numbers(reader, operation, OP_ADD, NULL, x, &(struct shape){0}, &zero_point);
    if (!x) return NULL;
    struct tensor *codes = ARENA_NEW(reader->arena, struct tensor);
    *codes = *x;
    codes->type = tf_type(operation, "T");
    return codes;
}

/* Codes for x by their scale, halves away from 0. */
static struct tensor *read_quantised(struct onnx_reader *reader, const struct operation *operation) {
    const float scale = tf_real(reader, operation, "scale", 1);
    const int64_t zero_point = integer_of(reader, operation, "zero_point");
    const int type = tf_type(operation, "T");
    struct codes codes = {.scale = &scale, .zero_point = &zero_point, .half_away = true};
    struct tensor *x = operation->inputs[0];
    if (x->type != TYPE(FLOAT))
        return onnx_refuse(reader, operation, NULL, "what it quantises is of %s", onnx_type_name(x->type));
    x = codes_with_numbers(reader, operation, OP_DIV, "quotient", x, &(struct shape){0}, &scale);
    codes.q = x ? codes_rounded(reader, operation, x, &codes, type) : NULL;
    return codes.q ? codes_centred(reader, operation, "centred", &codes) : NULL;
}

static struct tensor *read_dequantised(struct onnx_reader *reader, const struct operation *operation) {
    const float scale = tf_real(reader, operation, "scale", 1);
    const int64_t zero_point = integer_of(reader, operation, "zero_point");
    struct tensor q = *operation->inputs[0];
    const struct codes codes = {.q = &q, .scale = &scale, .zero_point = &zero_point};
    q.type = tf_type(operation, "T");
    q.centred = operation->inputs[0];
    q.centre = zero_point;
    return codes_scaled(reader, operation, &codes);
}

/* ---- rounding ---- */

/* One number or one a channel of the last axis. */
static struct tensor *numbers(struct onnx_reader *reader, const struct operation *operation, const char *what,
                              size_t count) {
    struct tensor *out =
        tensor_new(reader, TENSOR_REALS, TYPE(FLOAT), (struct shape){.rank = count > 1, .dim = {(int64_t)count}});
    out->name = arena_printf(reader->arena, "%s.%s", operation->name, what);
    out->reals = ARENA_ARRAY(reader->arena, float, count);
    return out;
}

/* Multipliers of 31 bits are two numbers of binary32. Rounded once: the product; rounded twice: first in units of the
 * multiplier, then behind a shift to the right, where there is one. */
static struct tensor *multiplied(struct onnx_reader *reader, const struct operation *operation, bool twice,
                                 struct tensor **shift) {
    size_t count, exponents;
    const int64_t *multiplier = integers_of(reader, operation, "multipliers", &count);
    const int64_t *exponent = integers_of(reader, operation, "exponents", &exponents);
    struct tensor *first = numbers(reader, operation, "factor", count),
                  *rest = numbers(reader, operation, "rest", count);
    *shift = numbers(reader, operation, "shift", count);
    for (size_t i = 0; i < count; i++) {
        const int right = twice && exponent[i] < 0 ? (int)exponent[i] : 0;
        const double factor = ldexp((double)multiplier[i], (int)exponent[i] - right - 31);
        first->reals[i] = (float)factor;
        rest->reals[i] = (float)(factor - (double)first->reals[i]);
        (*shift)->reals[i] = ldexpf(1, right);
    }
    struct tensor *inputs[] = {operation->inputs[0], first, rest};
    return onnx_emit_tensor(reader, operation, OP_ROUND_PRODUCT, "scaled", inputs, 3, NULL, inputs[0]->batch_axis);
}

static struct tensor *read_rescaled(struct onnx_reader *reader, const struct operation *operation) {
    const bool twice = tf_flag(reader, operation, "twice", false);
    struct tensor *shift, *x = multiplied(reader, operation, twice, &shift);
    if (x && twice) x = codes_with_numbers(reader, operation, OP_MUL, "shifted", x, &shift->shape, shift->reals);
    return x ? codes_between(reader, operation, x, integer_of(reader, operation, "least"),
                             integer_of(reader, operation, "most"), twice ? ROUND_HALF_AWAY : ROUND_HALF_EVEN)
             : NULL;
}

/* Rounded to whole numbers between two, less the zero point. */
static struct tensor *read_rounded(struct onnx_reader *reader, const struct operation *operation) {
    static const enum rounding roundings[] = {ROUND_HALF_UP, ROUND_HALF_AWAY};
    const float zero_point = (float)integer_of(reader, operation, "zero_point");
    struct tensor *x = codes_between(reader, operation, operation->inputs[0], integer_of(reader, operation, "least"),
                                     integer_of(reader, operation, "most"),
                                     roundings[integer_of(reader, operation, "half_away") != 0]);
    if (!x || zero_point == 0) return x;
    return codes_with_numbers(reader, operation, OP_SUB, NULL, x, &(struct shape){0}, &zero_point);
}

/* ---- tables ---- */

struct table_values {
    const int64_t *at;
    size_t functions, each; /* how many numbers of each, from `first` on */
    int64_t first;
    int fraction;
};

/* Entries of a format of all arguments, whose ends stand for what lies beyond them. */
static void fill_lookup(struct onnx_reader *reader, const struct table_values *table, union attributes *attributes) {
    const struct interval arguments = {table->first, table->first + (int64_t)table->each - 1};
    const struct format format = format_for(arguments, 0);
    const size_t stride = (size_t)1 << format.width;
    struct format *formats = ARENA_ARRAY(reader->graph->arena, struct format, table->functions);
    double *values = ARENA_ARRAY(reader->graph->arena, double, table->functions *stride);
    for (size_t f = 0; f < table->functions; f++) {
        formats[f] = format;
        for (size_t i = 0; i < stride; i++) {
            int64_t at = format_min(format) + (int64_t)i - table->first, last = (int64_t)table->each - 1;
            at = at < 0 ? 0 : at > last ? last : at;
            values[f * stride + i] = ldexp((double)table->at[f * table->each + (size_t)at], -table->fraction);
        }
    }
    attributes->lookup.arguments = (struct formats){{1, {(int64_t)table->functions}}, formats};
    attributes->lookup.values = (struct real_list){(uint32_t)(table->functions * stride), values};
}

static struct format format_of_values(const struct table_values *table) {
    struct interval range = {table->at[0], table->at[0]};
    for (size_t i = 1; i < table->functions * table->each; i++) {
        range.lo = table->at[i] < range.lo ? table->at[i] : range.lo;
        range.hi = table->at[i] > range.hi ? table->at[i] : range.hi;
    }
    return format_for(range, table->fraction);
}

static struct tensor *read_table(struct onnx_reader *reader, const struct operation *operation) {
    size_t count;
    struct table_values table = {.functions = (size_t)integer_of(reader, operation, "functions"),
                                 .first = integer_of(reader, operation, "first"),
                                 .fraction = (int)integer_of(reader, operation, "fraction")};
    table.at = integers_of(reader, operation, "values", &count);
    table.each = count / table.functions;
    const bool one = table.functions == 1;
    struct tensor *which =
        tensor_new(reader, TENSOR_REALS, TYPE(FLOAT), (struct shape){.rank = !one, .dim = {(int64_t)table.functions}});
    which->name = arena_printf(reader->arena, "%s.which", operation->name);
    which->reals = ARENA_ARRAY(reader->arena, float, table.functions);
    for (size_t i = 0; i < table.functions; i++) which->reals[i] = (float)i;
    union attributes attributes = {0};
    fill_lookup(reader, &table, &attributes);
    struct tensor *inputs[] = {operation->inputs[0], which};
    struct tensor *x = onnx_emit_tensor(reader, operation, OP_LOOKUP, "table", inputs, 2, &attributes,
                                        operation->inputs[0]->batch_axis);
    return x ? codes_narrowed(reader, operation, NULL, x, format_of_values(&table), ROUND_HALF_EVEN) : NULL;
}

/* ---- operators of real numbers that TensorFlow writes with others ---- */

static struct tensor *read_gelu(struct onnx_reader *reader, const struct operation *operation) {
    struct call call = call_new(reader, operation, "Gelu");
    call_operand(&call, operation->inputs[0]);
    call_text(&call, "approximate", tf_flag(reader, operation, "approximate", false) ? "tanh" : "none");
    return call_read(&call, NULL);
}

static struct tensor *read_relu_n1_to_1(struct onnx_reader *reader, const struct operation *operation) {
    struct call call = call_new(reader, operation, "Clip");
    call_operand(&call, operation->inputs[0]);
    call_operand(&call, onnx_number(reader, operation, "least", -1));
    call_operand(&call, onnx_number(reader, operation, "most", 1));
    return call_read(&call, NULL);
}

/* Over the last axis; a norm below 10^-6 counts as that. */
static struct tensor *read_l2_normalisation(struct onnx_reader *reader, const struct operation *operation) {
    static const int64_t last = -1;
    struct tensor *x = operation->inputs[0];
    struct tensor *norm = call_with_integers(reader, operation, "ReduceL2", "norm", x, &last, 1);
    norm = call_binary(reader, operation, "Max", "limited", norm, onnx_number(reader, operation, "epsilon", 1e-6f));
    return call_binary(reader, operation, "Div", NULL, x, norm);
}

const struct tf_operator tflite_code_operators[] = {
    {"Centred", read_centred, NULL, 1, 1, " zero_point "},
    {"Codes", read_codes, NULL, 1, 1, " zero_point "},
    {"Quantised", read_quantised, NULL, 1, 1, " scale zero_point "},
    {"Dequantised", read_dequantised, NULL, 1, 1, " scale zero_point "},
    {"Rescaled", read_rescaled, NULL, 1, 1, " multipliers exponents twice least most "},
    {"Rounded", read_rounded, NULL, 1, 1, " half_away least most zero_point "},
    {"Table", read_table, NULL, 1, 1, " first values functions fraction "},
    {"HardSwish", tf_read_same, "HardSwish", 1, 1, " "},
    {"PRelu", tf_read_same, "PRelu", 2, 2, " "},
    {"Gelu", read_gelu, NULL, 1, 1, " approximate "},
    {"ReluN1To1", read_relu_n1_to_1, NULL, 1, 1, " "},
    {"L2Normalisation", read_l2_normalisation, NULL, 1, 1, " "},
    {NULL, NULL, NULL, 0, 0, NULL},
};
