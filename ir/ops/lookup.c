/* Functions of one integer that are known value by value: a table has an entry for each value that
 * the operand can take, a staircase the values at which the result changes. Both were made above the
 * line, in fractions of their own: the operand's stored integer goes in, the result's comes out. */
#include "ir/lookup.h"
#include "ir/ops/families.h"

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
    return op_broadcast_map(arena, &op_result(graph, node)->shape, &node->attributes.lookup.shape);
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
    [OP_TABLE] = {.digits = DIGITS_ROUNDED},
    [OP_THRESHOLD] = {.digits = DIGITS_ROUNDED},
};

#define FIELD(member) offsetof(union attributes, lookup.member)
static const struct attribute_field fields[] = {
    {"shape", ATTRIBUTE_SHAPE, FIELD(shape), "shape of the functions, broadcast to the operand's", NULL},
    {"formats", ATTRIBUTE_FORMATS, FIELD(formats), "formats of the result", NULL},
    {"tables", ATTRIBUTE_TABLES, FIELD(tables), "first operand, and a value for it and each one after it",
     OPS(OP_TABLE)},
    {"stairs", ATTRIBUTE_STAIRS, FIELD(stairs), "thresholds, and the values between them", OPS(OP_THRESHOLD)},
    {0},
};

const struct op_family lookup_family = {
    .name = "lookup",
    .infer = infer,
    .prepare = prepare,
    .eval_integer = eval_integer,
    .fields = fields,
    .meanings = meanings,
};
