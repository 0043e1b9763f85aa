/* Between the numbers outside and the integers at a port: the input node's rule, for every engine.
 *
 * A number is exact until the port rounds it: of binary64, or a whole one of 64 bits. Where the port has a
 * meaning, the model's own quantiser comes first, and it computes in binary32: the number is rounded to
 * binary32, divided by the scale and added to the zero point in binary32, and the port takes the result; or it goes
 * through steps that are listed in place of these two. The emitted C prints this plan (codegen/c/interface.c). */
#include "ir/port.h"
#include "ir/fixed_many.h"
#include "ir/vector.h"

#include <math.h>
#include <string.h>

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

/* The rules of all elements in a row, and once more what follows the last of them: whatever element numbers begin with,
 * those of FIXED_MANY lie side by side. */
struct port_lanes {
    double *steps, *lo, *hi, reach;
    float **constants; /* by operation */
};

static const struct port_lanes *plan_lanes(const struct port_reader *reader, struct arena *arena) {
    double reach = (double)INFINITY;
    for (size_t e = 0; e < reader->elements; e++)
        reach = fmin(reach, fixed_reach(reader->rules[e].format, reader->overflow));
    if (reach == 0) return NULL;
    const size_t count = reader->elements + FIXED_MANY;
    struct port_lanes *lanes = ARENA_NEW(arena, struct port_lanes);
    lanes->reach = reach;
    lanes->steps = ARENA_ARRAY(arena, double, count);
    lanes->lo = ARENA_ARRAY(arena, double, count);
    lanes->hi = ARENA_ARRAY(arena, double, count);
    lanes->constants = ARENA_ARRAY(arena, float *, reader->operation_count + 1);
    for (uint32_t k = 0; k < reader->operation_count; k++) lanes->constants[k] = ARENA_ARRAY(arena, float, count);
    for (size_t i = 0; i < count; i++) {
        const struct port_rule *rule = &reader->rules[i % reader->elements];
        lanes->steps[i] = rule->step;
        fixed_limits(rule->format, reader->overflow, &lanes->lo[i], &lanes->hi[i]);
        for (uint32_t k = 0; k < reader->operation_count; k++) lanes->constants[k][i] = rule->constants[k];
    }
    return lanes;
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
    reader->lanes = plan_lanes(reader, arena);
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

/* Of one kind; the others are NULL. */
struct numbers {
    const double *doubles;
    const float *floats;
    const int64_t *wholes;
};

/* False for NaN. */
static bool read_one(const struct port_reader *reader, const struct numbers *in, size_t at, int64_t *out) {
    const struct port_rule *rule = &reader->rules[at % reader->elements];
    double number = in->doubles ? in->doubles[at] : in->floats ? (double)in->floats[at] : 0;
    if (reader->meant)
        number = code_of(reader, rule, in->wholes ? (float)in->wholes[at] : (float)number);
    else if (in->wholes)
        return *out = fixed_narrow(in->wholes[at], 0, rule->format, reader->rounding, reader->overflow), true;
    return fixed_from_real(number, rule->format, reader->rounding, reader->overflow, out);
}

/* ---- many ---- */

VECTOR_CLONES static void compute(enum port_operation operation, const float *restrict constants,
                                  float *restrict reals) {
    switch (operation) {
    case PORT_ADD:
        for (int i = 0; i < FIXED_MANY; i++) reals[i] = reals[i] + constants[i];
        break;
    case PORT_MULTIPLY:
        for (int i = 0; i < FIXED_MANY; i++) reals[i] = reals[i] * constants[i];
        break;
    case PORT_DIVIDE:
        for (int i = 0; i < FIXED_MANY; i++) reals[i] = reals[i] / constants[i];
        break;
    case PORT_OPERATION_COUNT: break;
    }
}

/* The codes of numbers of which the first belongs to element `first`; false: one by one. */
static bool read_many(const struct port_reader *reader, size_t first, double numbers[FIXED_MANY],
                      int64_t codes[FIXED_MANY]) {
    const struct port_lanes *lanes = reader->lanes;
    float reals[FIXED_MANY];
    if (reader->meant) {
        for (int i = 0; i < FIXED_MANY; i++) reals[i] = (float)numbers[i];
        for (uint32_t k = 0; k < reader->operation_count; k++)
            compute(reader->operations[k], lanes->constants[k] + first, reals);
        for (int i = 0; i < FIXED_MANY; i++) numbers[i] = (double)reals[i];
    }
    if (!fixed_narrow_many(numbers, lanes->steps + first, lanes->lo + first, lanes->hi + first, lanes->reach,
                           reader->rounding, reader->overflow))
        return false;
    fixed_integers_many(numbers, codes);
    return true;
}

static int refuse_nan(const struct port_reader *reader, size_t event, size_t element) {
    const struct graph *graph = reader->graph;
    const struct node *node = graph_definition(graph, reader->input);
    return diag_error(&graph->context->diagnostics, graph_location(graph, node), "a port refuses what is not a number",
                      "event %zu has NaN at element %zu of input '%s'", event, element,
                      graph_input_name(graph, reader->input));
}

/* False where binary64 does not have one of them. */
static bool load(const struct numbers *in, size_t at, size_t count, double out[FIXED_MANY]) {
    bool exact = true;
    for (size_t i = 0; in->doubles && i < count; i++) out[i] = in->doubles[at + i];
    for (size_t i = 0; in->floats && i < count; i++) out[i] = (double)in->floats[at + i];
    for (size_t i = 0; in->wholes && i < count; i++) {
        out[i] = (double)in->wholes[at + i];
        exact &= out[i] < 0x1p53 && out[i] > -0x1p53;
    }
    for (size_t i = count; i < FIXED_MANY; i++) out[i] = 0;
    return exact;
}

static int read_numbers(const struct port_reader *reader, size_t events, size_t first_event, struct numbers in,
                        int64_t *out) {
    const size_t total = events * reader->elements;
    double numbers[FIXED_MANY];
    int64_t codes[FIXED_MANY];
    for (size_t at = 0, count; at < total; at += count) {
        count = total - at < FIXED_MANY ? total - at : FIXED_MANY;
        if (reader->lanes && load(&in, at, count, numbers) &&
            read_many(reader, at % reader->elements, numbers, codes)) {
            memcpy(out + at, codes, count * sizeof *out);
            continue;
        }
        for (size_t i = at; i < at + count; i++)
            if (!read_one(reader, &in, i, &out[i]))
                return refuse_nan(reader, first_event + i / reader->elements, i % reader->elements);
    }
    return 0;
}

int port_read_doubles(const struct port_reader *reader, size_t events, size_t first_event, const double *in,
                      int64_t *out) {
    return read_numbers(reader, events, first_event, (struct numbers){.doubles = in}, out);
}

int port_read_floats(const struct port_reader *reader, size_t events, size_t first_event, const float *in,
                     int64_t *out) {
    return read_numbers(reader, events, first_event, (struct numbers){.floats = in}, out);
}

int port_read_integers(const struct port_reader *reader, size_t events, size_t first_event, const int64_t *in,
                       int64_t *out) {
    return read_numbers(reader, events, first_event, (struct numbers){.wholes = in}, out);
}

int port_from_reals(const struct graph *graph, valref input, size_t events, size_t first_event, const float *in,
                    int64_t *out) {
    struct arena *scratch = arena_new(graph->context);
    int status = port_read_floats(port_reader_new(graph, input, scratch), events, first_event, in, out);
    arena_free(scratch);
    return status;
}

const struct meaning *input_meaning(const struct graph *graph, valref input) {
    return &input_rule(graph, input)->meaning;
}

/* What one step of an element is worth, its scale and its zero point. */
struct worth {
    double unit, scale, zero_point;
};

void port_to_reals(const struct graph *graph, valref value, const struct meaning *meaning, size_t events,
                   const int64_t *in, double *out) {
    const struct value *v = graph_value(graph, value);
    bool meant = meaning && (meaning->scale || meaning->zero_point);
    size_t elements = shape_elements(&v->shape);
    struct arena *scratch = arena_new(graph->context);
    struct worth *worth = ARENA_ARRAY(scratch, struct worth, elements);
    for (size_t e = 0; e < elements; e++) {
        worth[e].unit = fixed_to_real(1, graph_format(graph, value, e).fraction);
        if (meant) worth[e].scale = meaning_scale(meaning, &v->shape, e, &worth[e].zero_point);
    }
    for (size_t event = 0; event < events; event++, in += elements, out += elements)
        for (size_t e = 0; e < elements; e++) {
            double code = (double)in[e] * worth[e].unit; /* exact: but for the rounding to binary64 */
            out[e] = meant ? (code - worth[e].zero_point) * worth[e].scale : code;
        }
    arena_free(scratch);
}
