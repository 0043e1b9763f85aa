/* Between the numbers outside and the integers at a port: the input node's rule, for every engine.
 *
 * A number is exact until the port rounds it: of binary64, or a whole one of 64 bits. Where the port has a
 * meaning, the model's own quantiser comes first, and it computes in binary32: the number is rounded to
 * binary32, divided by the scale and added to the zero point in binary32, and the port takes the result; or it goes
 * through steps that are listed in place of these two. The emitted C prints this plan (codegen/c/interface.c). */
#include "ir/port.h"

#include <math.h>

const char *const port_operation_names[PORT_OPERATION_COUNT] = {
    [PORT_ADD] = "add", [PORT_MULTIPLY] = "mul", [PORT_DIVIDE] = "div"};

static const struct input_attributes *input_rule(const struct graph *graph, valref input) {
    const struct node *node = graph_definition(graph, input);
    if (node->op != OP_INPUT || !graph_value(graph, input)->formats.at)
        context_bug(graph->context, "node '%s' is no integer port", node->name);
    return &node->attributes.input;
}

static struct port_rule rule_of(const struct port_reader *reader, const struct value *value,
                                const struct meaning *meaning, size_t element) {
    struct format format = graph_format(reader->graph, reader->input, element);
    struct port_rule rule = {
        .format = format, .lo = format_min(format), .hi = format_max(format), .step = ldexp(1, format.fraction)};
    double zero_point = 0, scale = meaning_scale(meaning, &value->shape, element, &zero_point);
    if (reader->overflow == OVERFLOW_SATURATE_SYMMETRIC && format.is_signed) rule.lo = -rule.hi;
    rule.scale = (float)scale;
    rule.zero_point = (float)zero_point;
    return rule;
}

/* Without steps, what a meaning alone says: x / scale + zero_point. */
static void plan_operations(struct port_reader *reader, const struct value *value, const struct port_steps *steps,
                            struct arena *arena) {
    enum port_operation *operations = ARENA_ARRAY(arena, enum port_operation, steps->count + 2);
    reader->operations = operations;
    reader->operation_count = steps->count ? steps->count : reader->meant ? 2 : 0;
    operations[0] = PORT_DIVIDE, operations[1] = PORT_ADD;
    for (uint32_t s = 0; s < steps->count; s++) operations[s] = steps->at[s].operation;
    float *constants = ARENA_ARRAY(arena, float, reader->elements * reader->operation_count + 2);
    for (size_t e = 0; e < reader->elements; e++, constants += reader->operation_count) {
        struct port_rule *rule = &reader->rules[e];
        rule->constants = constants;
        for (uint32_t s = 0; s < steps->count; s++)
            constants[s] = steps->at[s].constants[shape_project(&value->shape, e, &steps->at[s].shape)];
        if (reader->meant && !steps->count) constants[0] = rule->scale, constants[1] = rule->zero_point;
    }
}

struct port_reader *port_reader_new(const struct graph *graph, valref input, struct arena *arena) {
    const struct input_attributes *attributes = input_rule(graph, input);
    const struct value *value = graph_value(graph, input);
    struct port_reader *reader = ARENA_NEW(arena, struct port_reader);
    *reader = (struct port_reader){.graph = graph,
                                   .input = input,
                                   .rounding = attributes->rounding,
                                   .overflow = attributes->overflow,
                                   .meant = attributes->meaning.scale || attributes->meaning.zero_point,
                                   .elements = shape_elements(&value->shape)};
    reader->rules = ARENA_ARRAY(arena, struct port_rule, reader->elements);
    for (size_t e = 0; e < reader->elements; e++) reader->rules[e] = rule_of(reader, value, &attributes->meaning, e);
    plan_operations(reader, value, &attributes->steps, arena);
    return reader;
}

/* ---- one number ---- */

/* What m * 2^-f comes near to, where real = (m * 2^-f - zero_point) * scale: one rounding an operation, as the model
 * computes it (no contraction: Makefile). */
static double code_of(const struct port_reader *reader, const struct port_rule *rule, float real) {
    for (uint32_t k = 0; k < reader->operation_count; k++) {
        const float constant = rule->constants[k];
        switch (reader->operations[k]) {
        case PORT_ADD: real = real + constant; break;
        case PORT_MULTIPLY: real = real * constant; break;
        case PORT_DIVIDE: real = real / constant; break;
        case PORT_OPERATION_COUNT: break;
        }
    }
    return (double)real;
}

/* A number of steps below 2^52, rounded: `away` is what its whole part leaves, exactly. */
static int64_t round_steps(enum rounding rounding, int64_t whole, double away) {
    bool odd = whole & 1;
    switch (rounding) {
    case ROUND_TRUNCATE: return whole - (away < 0);
    case ROUND_TOWARD_ZERO: return whole;
    case ROUND_HALF_UP: return whole + (away >= 0.5) - (away < -0.5);
    case ROUND_HALF_TOWARD_ZERO: return whole + (away > 0.5) - (away < -0.5);
    case ROUND_HALF_AWAY: return whole + (away >= 0.5) - (away <= -0.5);
    case ROUND_HALF_DOWN: return whole + (away > 0.5) - (away <= -0.5);
    case ROUND_HALF_EVEN: return whole + (away > 0.5 || (odd && away == 0.5)) - (away < -0.5 || (odd && away == -0.5));
    case ROUND_CEILING: return whole + (away > 0);
    case ROUND_AWAY_FROM_ZERO: return whole + (away > 0) - (away < 0);
    case ROUNDING_COUNT: break;
    }
    return whole;
}

/* By doubles where they are exact and the port holds the result, else by fixed_from_real; false for NaN. */
static bool read_code(const struct port_reader *reader, const struct port_rule *rule, double code, int64_t *out) {
    double steps = code * rule->step, size = fabs(steps);
    if (size < 0x1p52 && (size > 0x1p-900 || code == 0)) {
        int64_t whole = (int64_t)steps, rounded = round_steps(reader->rounding, whole, steps - (double)whole);
        if (rounded >= rule->lo && rounded <= rule->hi) {
            *out = rounded;
            return true;
        }
    }
    return fixed_from_real(code, rule->format, reader->rounding, reader->overflow, out);
}

static bool read_double(const struct port_reader *reader, const struct port_rule *rule, double number, int64_t *out) {
    return read_code(reader, rule, reader->meant ? code_of(reader, rule, (float)number) : number, out);
}

static bool read_float(const struct port_reader *reader, const struct port_rule *rule, float number, int64_t *out) {
    return read_double(reader, rule, (double)number, out);
}

static bool read_whole(const struct port_reader *reader, const struct port_rule *rule, int64_t number, int64_t *out) {
    if (reader->meant) return read_code(reader, rule, code_of(reader, rule, (float)number), out);
    *out = fixed_narrow(number, 0, rule->format, reader->rounding, reader->overflow);
    return true;
}

/* ---- many ---- */

static int refuse_nan(const struct port_reader *reader, size_t event, size_t element) {
    const struct graph *graph = reader->graph;
    const struct node *node = graph_definition(graph, reader->input);
    const char *name = graph_value(graph, reader->input)->name;
    return diag_error(&graph->context->diagnostics, graph_location(graph, node), "a port refuses what is not a number",
                      "event %zu has NaN at element %zu of input '%s'", event, element, name ? name : node->name);
}

#define DEFINE_READ(name, read, type)                                                                                  \
    int name(const struct port_reader *reader, size_t events, size_t first_event, const type *in, int64_t *out) {      \
        for (size_t event = 0, at = 0; event < events; event++)                                                        \
            for (size_t e = 0; e < reader->elements; e++, at++)                                                        \
                if (!read(reader, &reader->rules[e], in[at], &out[at]))                                                \
                    return refuse_nan(reader, first_event + event, e);                                                 \
        return 0;                                                                                                      \
    }

DEFINE_READ(port_read_doubles, read_double, double)
DEFINE_READ(port_read_floats, read_float, float)
DEFINE_READ(port_read_integers, read_whole, int64_t)

int port_from_reals(const struct graph *graph, valref input, size_t events, size_t first_event, const float *in,
                    int64_t *out) {
    struct arena *scratch = arena_new(graph->context);
    int status = port_read_floats(port_reader_new(graph, input, scratch), events, first_event, in, out);
    arena_free(scratch);
    return status;
}

void port_to_reals(const struct graph *graph, valref value, const struct meaning *meaning, size_t events,
                   const int64_t *in, double *out) {
    const struct value *v = graph_value(graph, value);
    bool meant = meaning && (meaning->scale || meaning->zero_point);
    size_t elements = shape_elements(&v->shape);
    for (size_t e = 0; e < elements; e++) {
        int fraction = graph_format(graph, value, e).fraction;
        double zero_point = 0, scale = meant ? meaning_scale(meaning, &v->shape, e, &zero_point) : 1;
        for (size_t event = 0; event < events; event++) {
            size_t at = event * elements + e;
            double code = fixed_to_real(in[at], fraction);
            out[at] = meant ? (code - zero_point) * scale : code;
        }
    }
}
