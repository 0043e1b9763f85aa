/* The operators as a table, from ir/ops.def, and what the rules of all families share: checks of
 * operands and shapes, and how results get their formats and intervals. */
#include "ir/ops/families.h"

#include <string.h>

static const struct op_info infos[OP_COUNT] = {
#define OP(id, text, family_name, kinds, minimum, maximum, words)                                                      \
    [OP_##id] = {text, &family_name##_family, ARITHMETIC_##kinds, minimum, maximum, words},
#include "ir/ops.def"
#undef OP
};

const struct op_info *op_info(enum op op) {
    return (unsigned)op < OP_COUNT ? &infos[op] : NULL;
}

bool op_parse(const char *name, enum op *op) {
    for (int i = 0; i < OP_COUNT; i++) {
        if (strcmp(infos[i].name, name) == 0) {
            *op = (enum op)i;
            return true;
        }
    }
    return false;
}

bool value_is_probed(const struct graph *graph, valref value) {
    const struct node *node = graph_definition(graph, value);
    bool output;
    if (node->dead || node->op == OP_CONSTANT || graph_value(graph, value)->kind != VALUE_INTEGER) return false;
    return node->op != OP_INPUT || graph_use_count(graph, value, &output) > 0 || output;
}

const char *value_label(const struct graph *graph, valref value, struct arena *arena) {
    const struct node *node = graph_definition(graph, value);
    uint32_t result = value.id - node->result.id;
    return result ? arena_printf(arena, "%s:%u", node->name, result) : arena_strdup(arena, node->name);
}

static int check_operand_kind(const struct graph *graph, const struct node *node, uint32_t index, bool *integer) {
    const struct value *value = op_operand(graph, node, index);
    if (value->kind != VALUE_REAL && value->kind != VALUE_INTEGER)
        return REFUSE(graph, node, NULL, "operand %u is neither real nor integer", (unsigned)index);
    bool is_integer = value->kind == VALUE_INTEGER;
    if (index > 0 && is_integer != *integer)
        return REFUSE(graph, node, NULL, "operands mix real and integer arithmetic");
    if (is_integer && (!value->formats.at || !value->intervals.at))
        return REFUSE(graph, node, NULL, "operand %u has no format", (unsigned)index);
    *integer = is_integer;
    return 0;
}

int op_check_operands(const struct graph *graph, const struct node *node, bool *integer) {
    const struct op_info *info = op_info(node->op);
    if (!info) return REFUSE(graph, node, NULL, "unknown operator");
    if (node->input_count < (uint32_t)info->inputs_min ||
        (info->inputs_max >= 0 && node->input_count > (uint32_t)info->inputs_max))
        return REFUSE(graph, node, NULL, "'%s' has %u operands", info->name, (unsigned)node->input_count);
    *integer = false;
    for (uint32_t i = 0; i < node->input_count; i++) {
        if (node->inputs[i].id >= graph->value_count)
            return REFUSE(graph, node, NULL, "operand %u does not exist", (unsigned)i);
        if (check_operand_kind(graph, node, i, integer)) return -1;
    }
    if (node->input_count && !(info->arithmetic & (*integer ? ARITHMETIC_INTEGER : ARITHMETIC_REAL)))
        return REFUSE(graph, node, NULL, "'%s' has no meaning in %s arithmetic", info->name,
                      *integer ? "integer" : "real");
    return 0;
}

static int check_dimensions(const struct graph *graph, const struct node *node, const struct shape *shape,
                            int64_t limit) {
    if (shape->rank < 0 || shape->rank > SHAPE_RANK_MAX)
        return REFUSE(graph, node, NULL, "more than %d axes", SHAPE_RANK_MAX);
    int64_t elements = 1;
    for (int axis = 0; axis < shape->rank; axis++) {
        int64_t size = shape->dim[axis];
        if (size < 1) return REFUSE(graph, node, NULL, "axis %d has size %lld", axis, (long long)size);
        if (size > limit / elements)
            return REFUSE(graph, node, NULL, "the result has more than %lld elements", (long long)limit);
        elements *= size;
    }
    return 0;
}

int op_set_shape(const struct graph *graph, const struct node *node, struct value *result, const struct shape *shape,
                 bool integer) {
    if (check_dimensions(graph, node, shape, integer ? INTEGER_ELEMENTS_MAX : REAL_ELEMENTS_MAX)) return -1;
    struct shape copy = {.rank = shape->rank};
    for (int axis = 0; axis < shape->rank; axis++) copy.dim[axis] = shape->dim[axis];
    result->shape = copy;
    result->kind = integer ? VALUE_INTEGER : VALUE_REAL;
    result->formats = (struct formats){0};
    result->intervals = (struct intervals){0};
    return 0;
}

static int check_format(const struct graph *graph, const struct node *node, struct format format) {
    if (format.width < 0 || format.width > (format.is_signed ? 64 : 63))
        return REFUSE(graph, node, "at most 64 bits, 63 without a sign", "a format has %d bits", format.width);
    if (format.fraction > FRACTION_MAX || format.fraction < -FRACTION_MAX)
        return REFUSE(graph, node, NULL, "a format has %d fraction bits", format.fraction);
    return 0;
}

int op_check_formats(const struct graph *graph, const struct node *node, const struct formats *formats,
                     const struct shape *shape) {
    struct shape wide;
    if (!formats->at || formats->shape.rank < 0 || formats->shape.rank > SHAPE_RANK_MAX)
        return REFUSE(graph, node, NULL, "no format is given");
    for (int axis = 0; axis < formats->shape.rank; axis++) {
        if (formats->shape.dim[axis] < 1) return REFUSE(graph, node, NULL, "the formats' axis %d is empty", axis);
    }
    if (!shape_broadcast(&formats->shape, shape, &wide) || !shape_equal(&wide, shape))
        return REFUSE(graph, node, NULL, "the formats do not broadcast to the shape");
    size_t count = shape_elements(&formats->shape);
    for (size_t i = 0; i < count; i++) {
        if (check_format(graph, node, formats->at[i])) return -1;
    }
    return 0;
}

void op_set_formats(struct graph *graph, struct value *result, const struct format *per_element) {
    size_t count = shape_elements(&result->shape);
    bool uniform = true;
    for (size_t i = 1; i < count && uniform; i++) uniform = format_equal(per_element[i], per_element[0]);
    result->formats.shape = uniform ? (struct shape){0} : result->shape;
    result->formats.at = arena_copy(graph->arena, per_element, (uniform ? 1 : count) * sizeof *per_element);
}

void op_set_intervals(struct graph *graph, struct value *result, const struct interval *per_element) {
    size_t count = shape_elements(&result->shape);
    bool uniform = true;
    for (size_t i = 1; i < count && uniform; i++)
        uniform = per_element[i].lo == per_element[0].lo && per_element[i].hi == per_element[0].hi;
    result->intervals.count = uniform ? 1 : count;
    result->intervals.at = arena_copy(graph->arena, per_element, result->intervals.count * sizeof *per_element);
}

int op_refuse_width(const struct graph *graph, const struct node *node, size_t element) {
    return REFUSE(graph, node, "narrow the operands, or quantise between this node and the one before",
                  "element %zu needs more than 64 bits", element);
}

int op_set_exact(struct graph *graph, const struct node *node, struct value *result, const struct interval *per_element,
                 const int *fractions) {
    size_t count = shape_elements(&result->shape);
    struct arena *scratch = arena_new(graph->context);
    struct format *formats = ARENA_ARRAY(scratch, struct format, count);
    int status = 0;
    for (size_t i = 0; i < count && status == 0; i++) {
        if (fractions[i] > FRACTION_MAX || fractions[i] < -FRACTION_MAX) {
            status = REFUSE(graph, node, NULL, "element %zu has %d fraction bits", i, fractions[i]);
            break;
        }
        formats[i] = format_for(per_element[i], fractions[i]);
        if (formats[i].width > (formats[i].is_signed ? 64 : 63)) status = op_refuse_width(graph, node, i);
    }
    if (status == 0) {
        op_set_formats(graph, result, formats);
        op_set_intervals(graph, result, per_element);
    }
    arena_free(scratch);
    return status;
}

const uint32_t *op_broadcast_map(struct arena *arena, const struct shape *wide, const struct shape *narrow) {
    size_t count = shape_elements(wide);
    if (shape_elements(narrow) == count) return NULL;
    uint32_t *map = ARENA_ARRAY(arena, uint32_t, count);
    for (size_t i = 0; i < count; i++) map[i] = (uint32_t)shape_project(wide, i, narrow);
    return map;
}

struct interval op_multiply_interval(struct interval a, struct interval b) {
    int128 corners[4] = {a.lo * b.lo, a.lo * b.hi, a.hi * b.lo, a.hi * b.hi};
    struct interval out = {corners[0], corners[0]};
    for (int i = 1; i < 4; i++) {
        if (corners[i] < out.lo) out.lo = corners[i];
        if (corners[i] > out.hi) out.hi = corners[i];
    }
    return out;
}
