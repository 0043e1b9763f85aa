/* Functions of one number that are known value by value.
 *
 * Below the line of an integer: a table has an entry for each value that the operand can take, a staircase the values
 * at which the result changes. Both were made above the line, in fractions of their own: the operand's stored integer
 * goes in, the result's comes out.
 *
 * Above it of a number of fixed point, as models bring them along that were trained to be looked up: `lookup` has a
 * real value for each number of its argument's format. What lies between two numbers takes the lower one's, what lies
 * beyond them the last one's, so it is defined everywhere. */
#include "ir/lookup.h"
#include "ir/ops/families.h"

#include <math.h>
#include <stdlib.h>

/* ---- lookup, in reals ---- */

struct functions {
    size_t count, stride; /* values of each */
};

static struct functions functions_of(const struct lookup_attributes *lookup) {
    size_t count = shape_elements(&lookup->arguments.shape);
    return (struct functions){count, lookup->values.count / count};
}

static size_t place_within(double x, double most) {
    return x > 0 ? (size_t)(x < most ? x : most) : 0; /* NaN: the first */
}

static size_t function_at(const struct lookup_attributes *lookup, double which) {
    return place_within(rint(which), (double)(functions_of(lookup).count - 1));
}

/* The place of the argument among those of the function. */
static size_t argument_at(struct format format, double x) {
    double least = format.is_signed ? -ldexp(1, format.width - 1) : 0;
    return place_within(floor(ldexp(x, format.fraction)) - least, ldexp(1, format.width) - 1);
}

static float lookup_value(const struct lookup_attributes *lookup, float which, float x) {
    size_t function = function_at(lookup, (double)which);
    size_t at = argument_at(lookup->arguments.at[function], (double)x);
    return (float)lookup->values.at[function * functions_of(lookup).stride + at];
}

static float step_lookup(const struct op_step *step, size_t element, float x) {
    return lookup_value(&step->node->attributes.lookup, step->constants[1][element], x);
}

/* All of its values rise, or fall. */
static bool is_monotone(const struct op_step *step, size_t element) {
    const struct lookup_attributes *lookup = &step->node->attributes.lookup;
    size_t function = function_at(lookup, (double)step->constants[1][element]);
    const double *values = lookup->values.at + function * functions_of(lookup).stride;
    bool rises = true, falls = true;
    for (size_t i = 1; i < (size_t)1 << lookup->arguments.at[function].width; i++) {
        rises = rises && values[i] >= values[i - 1];
        falls = falls && values[i] <= values[i - 1];
    }
    return rises || falls;
}

static int check_values(const struct graph *graph, const struct node *node) {
    enum { WIDTH_MAX = 20 };
    const struct lookup_attributes *lookup = &node->attributes.lookup;
    if (!lookup->arguments.at || lookup->arguments.shape.rank != 1)
        return REFUSE(graph, node, NULL, "the formats of the arguments are no list");
    const struct functions functions = functions_of(lookup);
    if (functions.stride * functions.count != lookup->values.count)
        return REFUSE(graph, node, NULL, "the functions differ in how many values they have");
    for (size_t f = 0; f < functions.count; f++) {
        struct format format = lookup->arguments.at[f];
        if (format.width < 0 || format.width > WIDTH_MAX || abs(format.fraction) > FRACTION_MAX)
            return REFUSE(graph, node, NULL, "the argument of function %zu is no number of up to %d bits", f,
                          WIDTH_MAX);
        if (functions.stride < (size_t)1 << format.width)
            return REFUSE(graph, node, NULL, "function %zu has %zu values, and needs %zu", f, functions.stride,
                          (size_t)1 << format.width);
    }
    for (uint32_t i = 0; i < lookup->values.count; i++)
        if (isnan(lookup->values.at[i])) return REFUSE(graph, node, NULL, "value %u is NaN", (unsigned)i);
    return 0;
}

static int infer_lookup(struct graph *graph, struct node *node, struct value *result) {
    bool integer;
    struct shape shape;
    if (op_check_operands(graph, node, &integer) || check_values(graph, node)) return -1;
    if (!shape_broadcast(&op_operand(graph, node, 0)->shape, &op_operand(graph, node, 1)->shape, &shape))
        return REFUSE(graph, node, NULL, "the operands' shapes do not broadcast");
    return op_set_shape(graph, node, result, &shape, integer);
}

struct lookup_plan {
    const uint32_t *x, *which;
};

static void eval_real(const struct evaluation *evaluation) {
    const struct lookup_attributes *lookup = &evaluation->node->attributes.lookup;
    const struct lookup_plan *plan = evaluation->plan;
    size_t count = shape_elements(&op_result(evaluation->graph, evaluation->node)->shape);
    float spare_x[EVENT_LANES], spare_which[EVENT_LANES];
    for (size_t i = 0; i < count; i++) {
        const float *x = real_row(&evaluation->reals[0], op_mapped(plan->x, i), spare_x);
        const float *which = real_row(&evaluation->reals[1], op_mapped(plan->which, i), spare_which);
        float *out = evaluation->real_result + i * EVENT_LANES;
        for (int lane = 0; lane < EVENT_LANES; lane++) out[lane] = lookup_value(lookup, which[lane], x[lane]);
    }
}

/* From the least to the largest value of the functions that may be chosen, of arguments that may come. */
static void bound_real(const struct graph *graph, const struct node *node, const struct real_range *const *operands,
                       struct real_range *out, struct arena *arena) {
    const struct lookup_attributes *lookup = &node->attributes.lookup;
    const struct shape *shape = &op_result(graph, node)->shape;
    size_t count = shape_elements(shape), stride = functions_of(lookup).stride;
    (void)arena;
    for (size_t e = 0; e < count; e++) {
        struct real_range x = operands[0][shape_project(shape, e, &op_operand(graph, node, 0)->shape)],
                          which = operands[1][shape_project(shape, e, &op_operand(graph, node, 1)->shape)];
        out[e] = range_of_nothing();
        for (size_t f = function_at(lookup, which.lo); f <= function_at(lookup, which.hi); f++) {
            struct format format = lookup->arguments.at[f];
            for (size_t at = argument_at(format, x.lo); at <= argument_at(format, x.hi); at++)
                range_include(&out[e], lookup->values.at[f * stride + at]);
        }
    }
}

/* ---- table and threshold, in integers ---- */

static int check_table(const struct graph *graph, const struct node *node, const struct table *table) {
    if (!table->entries || table->count == 0) return REFUSE(graph, node, NULL, "a table has no entries");
    if (table->first > INT64_MAX - (int64_t)table->count) return REFUSE(graph, node, NULL, "a table leaves 64 bits");
    return 0;
}

static int check_staircase(const struct graph *graph, const struct node *node, const struct staircase *stairs) {
    if (!stairs->values || (stairs->count && !stairs->thresholds))
        return REFUSE(graph, node, NULL, "a staircase has no values");
    for (uint32_t i = 1; i < stairs->count; i++) {
        if (stairs->thresholds[i] <= stairs->thresholds[i - 1])
            return REFUSE(graph, node, NULL, "the thresholds do not ascend at %u", (unsigned)i);
    }
    return 0;
}

static int check_functions(const struct graph *graph, const struct node *node, const struct shape *shape) {
    const struct lookup_attributes *lookup = &node->attributes.lookup;
    struct shape wide;
    if (lookup->shape.rank < 0 || lookup->shape.rank > SHAPE_RANK_MAX ||
        !shape_broadcast(&lookup->shape, shape, &wide) || !shape_equal(&wide, shape))
        return REFUSE(graph, node, NULL, "the functions do not broadcast to the operand");
    if (node->op == OP_TABLE ? !lookup->tables : !lookup->stairs)
        return REFUSE(graph, node, NULL, "no function is given");
    size_t count = shape_elements(&lookup->shape);
    for (size_t i = 0; i < count; i++) {
        if (node->op == OP_TABLE ? check_table(graph, node, &lookup->tables[i])
                                 : check_staircase(graph, node, &lookup->stairs[i]))
            return -1;
    }
    return 0;
}

/* What function number i gives for operands in an interval. */
static int image(const struct graph *graph, const struct node *node, size_t i, struct interval x,
                 struct interval *out) {
    const struct lookup_attributes *lookup = &node->attributes.lookup;
    if (node->op == OP_TABLE) {
        const struct table *table = &lookup->tables[i];
        if (x.lo < table->first || x.hi >= (int128)table->first + table->count)
            return REFUSE(graph, node, NULL, "table %zu does not cover what its operand can be", i);
        *out = values_interval(table->entries, (size_t)(x.lo - table->first), (size_t)(x.hi - table->first));
        return 0;
    }
    const struct staircase *stairs = &lookup->stairs[i];
    *out =
        values_interval(stairs->values, staircase_step(stairs, (int64_t)x.lo), staircase_step(stairs, (int64_t)x.hi));
    return 0;
}

/* Elements that share function and operand's interval with the one before share the image too. */
static int set_intervals(struct graph *graph, const struct node *node, struct value *result,
                         struct interval *intervals) {
    const struct value *x = op_operand(graph, node, 0);
    const struct lookup_attributes *lookup = &node->attributes.lookup;
    size_t count = shape_elements(&result->shape), last = SIZE_MAX;
    struct interval before = {0, 0};
    for (size_t i = 0; i < count; i++) {
        size_t function = shape_project(&result->shape, i, &lookup->shape);
        struct interval range = op_interval(x, i);
        if (function == last && range.lo == before.lo && range.hi == before.hi)
            intervals[i] = intervals[i - 1];
        else if (image(graph, node, function, range, &intervals[i]))
            return -1;
        if (!interval_fits(intervals[i], op_formats_at(&lookup->formats, &result->shape, i)))
            return REFUSE(graph, node, NULL, "element %zu has values outside its format", i);
        last = function;
        before = range;
    }
    return 0;
}

static int infer(struct graph *graph, struct node *node, struct value *result) {
    bool integer;
    if (node->op == OP_LOOKUP) return infer_lookup(graph, node, result);
    if (op_check_operands(graph, node, &integer)) return -1;
    const struct shape *shape = &op_operand(graph, node, 0)->shape;
    if (op_set_shape(graph, node, result, shape, integer) || check_functions(graph, node, shape) ||
        op_check_formats(graph, node, &node->attributes.lookup.formats, shape))
        return -1;
    struct arena *scratch = arena_new(graph->context);
    struct interval *intervals = ARENA_ARRAY(scratch, struct interval, shape_elements(shape));
    int status = set_intervals(graph, node, result, intervals);
    if (status == 0) {
        result->formats = node->attributes.lookup.formats;
        op_set_intervals(graph, result, intervals);
    }
    arena_free(scratch);
    return status;
}

static const void *prepare(const struct graph *graph, const struct node *node, struct arena *arena) {
    const struct shape *shape = &op_result(graph, node)->shape;
    if (node->op == OP_LOOKUP) {
        struct lookup_plan *plan = ARENA_NEW(arena, struct lookup_plan);
        plan->x = op_broadcast_map(arena, shape, &op_operand(graph, node, 0)->shape);
        plan->which = op_broadcast_map(arena, shape, &op_operand(graph, node, 1)->shape);
        return plan;
    }
    return op_broadcast_map(arena, shape, &node->attributes.lookup.shape);
}

/* Lanes always hold values that the operand can take; the limits keep a defect elsewhere harmless. */
static void table_lanes(const struct table *table, const int64_t *x, int64_t *out) {
    int64_t last = table->first + (int64_t)table->count - 1;
    for (int lane = 0; lane < EVENT_LANES; lane++) {
        int64_t at = x[lane] < table->first ? table->first : x[lane] > last ? last : x[lane];
        out[lane] = table->entries[at - table->first];
    }
}

static void staircase_lanes(const struct staircase *stairs, const int64_t *x, int64_t *out) {
    for (int lane = 0; lane < EVENT_LANES; lane++) out[lane] = stairs->values[staircase_step(stairs, x[lane])];
}

static void eval_integer(const struct evaluation *evaluation) {
    const struct lookup_attributes *lookup = &evaluation->node->attributes.lookup;
    size_t count = shape_elements(&op_result(evaluation->graph, evaluation->node)->shape);
    int64_t spare[EVENT_LANES];
    for (size_t i = 0; i < count; i++) {
        size_t function = op_mapped(evaluation->plan, i);
        const int64_t *x = integer_row(&evaluation->integers[0], i, spare);
        int64_t *out = evaluation->integer_result + i * EVENT_LANES;
        if (evaluation->node->op == OP_TABLE)
            table_lanes(&lookup->tables[function], x, out);
        else
            staircase_lanes(&lookup->stairs[function], x, out);
    }
}

static const struct op_meaning meanings[OP_COUNT] = {
    [OP_LOOKUP] = {.first_only = true, .binary32 = step_lookup, .monotone = is_monotone},
    [OP_TABLE] = {.digits = DIGITS_ROUNDED},
    [OP_THRESHOLD] = {.digits = DIGITS_ROUNDED},
};

#define FIELD(member) offsetof(union attributes, lookup.member)
static const struct attribute_field fields[] = {
    {"shape", ATTRIBUTE_SHAPE, FIELD(shape), "shape of the functions, broadcast to the operand's",
     OPS(OP_TABLE, OP_THRESHOLD)},
    {"formats", ATTRIBUTE_FORMATS, FIELD(formats), "formats of the result", OPS(OP_TABLE, OP_THRESHOLD)},
    {"tables", ATTRIBUTE_TABLES, FIELD(tables), "first operand, and a value for it and each one after it",
     OPS(OP_TABLE)},
    {"stairs", ATTRIBUTE_STAIRS, FIELD(stairs), "thresholds, and the values between them", OPS(OP_THRESHOLD)},
    {"arguments", ATTRIBUTE_FORMATS, FIELD(arguments), "what each function is a function of", OPS(OP_LOOKUP)},
    {"values", ATTRIBUTE_REALS, FIELD(values), "of each function as many, from the least argument on", OPS(OP_LOOKUP)},
    {0},
};

const struct op_family lookup_family = {
    .name = "lookup",
    .infer = infer,
    .prepare = prepare,
    .eval_real = eval_real,
    .bound_real = bound_real,
    .eval_integer = eval_integer,
    .fields = fields,
    .meanings = meanings,
};
