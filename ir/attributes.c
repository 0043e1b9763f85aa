/* Deep copies of attributes, driven by the operators' field tables. */
#include "ir/ops.h"

bool attribute_applies(const struct attribute_field *field, enum op op) {
    const enum op *listed = field->ops;
    while (listed && *listed != op && *listed != OP_COUNT) listed++;
    return !listed || *listed == op;
}

bool attribute_is_list(const struct attribute_field *field) {
    return field->kind == ATTRIBUTE_INTEGERS || field->kind == ATTRIBUTE_REALS || field->kind == ATTRIBUTE_NAMES ||
           field->kind == ATTRIBUTE_SHAPES || field->kind == ATTRIBUTE_STEPS;
}

double meaning_scale(const struct meaning *meaning, const struct shape *shape, size_t element, double *zero_point) {
    size_t index = meaning ? shape_project(shape, element, &meaning->shape) : 0;
    if (zero_point) *zero_point = meaning && meaning->zero_point ? meaning->zero_point[index] : 0;
    return meaning && meaning->scale ? meaning->scale[index] : 1;
}

struct formats formats_compact(struct arena *arena, const struct shape *shape, const struct format *per_element) {
    size_t count = shape_elements(shape);
    for (size_t i = 1; i < count; i++)
        if (!format_equal(per_element[i], per_element[0]))
            return (struct formats){*shape, arena_copy(arena, per_element, count * sizeof *per_element)};
    return formats_uniform(arena, count ? per_element[0] : (struct format){0});
}

struct formats formats_uniform(struct arena *arena, struct format format) {
    return (struct formats){.at = arena_copy(arena, &format, sizeof format)};
}

struct formats formats_copy(struct arena *arena, const struct formats *formats) {
    struct formats copy = *formats;
    if (copy.at) copy.at = arena_copy(arena, copy.at, shape_elements(&copy.shape) * sizeof *copy.at);
    return copy;
}

struct meaning meaning_copy(struct arena *arena, const struct meaning *meaning) {
    struct meaning copy = *meaning;
    size_t size = shape_elements(&copy.shape) * sizeof(double);
    if (copy.scale) copy.scale = arena_copy(arena, copy.scale, size);
    if (copy.zero_point) copy.zero_point = arena_copy(arena, copy.zero_point, size);
    return copy;
}

struct port_steps port_steps_copy(struct arena *arena, const struct port_steps *steps) {
    struct port_steps copy = *steps;
    copy.at = arena_copy(arena, copy.at, copy.count * sizeof *copy.at);
    for (uint32_t s = 0; s < copy.count; s++)
        copy.at[s].constants =
            arena_copy(arena, copy.at[s].constants, shape_elements(&copy.at[s].shape) * sizeof(float));
    return copy;
}

static void copy_constant(struct arena *arena, struct constant_attributes *constant) {
    size_t count = shape_elements(&constant->shape);
    constant->formats = formats_copy(arena, &constant->formats);
    if (constant->reals) constant->reals = arena_copy(arena, constant->reals, count * sizeof *constant->reals);
    if (constant->integers)
        constant->integers = arena_copy(arena, constant->integers, count * sizeof *constant->integers);
}

static void copy_tables(struct arena *arena, struct lookup_attributes *lookup) {
    size_t count = shape_elements(&lookup->shape);
    if (!lookup->tables) return;
    lookup->tables = arena_copy(arena, lookup->tables, count * sizeof *lookup->tables);
    for (size_t i = 0; i < count; i++) {
        struct table *table = &lookup->tables[i];
        table->entries = arena_copy(arena, table->entries, table->count * sizeof *table->entries);
    }
}

static void copy_stairs(struct arena *arena, struct lookup_attributes *lookup) {
    size_t count = shape_elements(&lookup->shape);
    if (!lookup->stairs) return;
    lookup->stairs = arena_copy(arena, lookup->stairs, count * sizeof *lookup->stairs);
    for (size_t i = 0; i < count; i++) {
        struct staircase *stair = &lookup->stairs[i];
        stair->thresholds = arena_copy(arena, stair->thresholds, stair->count * sizeof *stair->thresholds);
        stair->values = arena_copy(arena, stair->values, ((size_t)stair->count + 1) * sizeof *stair->values);
    }
}

#define COPY_LIST(arena, list) ((list)->at = arena_copy((arena), (list)->at, (list)->count * sizeof *(list)->at))

static void copy_names(struct arena *arena, struct name_list *names) {
    COPY_LIST(arena, names);
    for (uint32_t i = 0; i < names->count; i++) names->at[i] = arena_strdup(arena, names->at[i]);
}

static void copy_field(struct arena *arena, const struct attribute_field *field, union attributes *attributes) {
    void *place = (char *)attributes + field->offset;
    switch (field->kind) {
    case ATTRIBUTE_FORMATS: *(struct formats *)place = formats_copy(arena, place); break;
    case ATTRIBUTE_MEANING: *(struct meaning *)place = meaning_copy(arena, place); break;
    case ATTRIBUTE_CONSTANT: copy_constant(arena, &attributes->constant); break;
    case ATTRIBUTE_TABLES: copy_tables(arena, &attributes->lookup); break;
    case ATTRIBUTE_STAIRS: copy_stairs(arena, &attributes->lookup); break;
    case ATTRIBUTE_INDICES:
        if (attributes->gather.indices)
            attributes->gather.indices = arena_copy(arena, attributes->gather.indices,
                                                    shape_elements(&attributes->gather.shape) * sizeof(int64_t));
        break;
    case ATTRIBUTE_INTEGERS: COPY_LIST(arena, (struct integer_list *)place); break;
    case ATTRIBUTE_REALS: COPY_LIST(arena, (struct real_list *)place); break;
    case ATTRIBUTE_SHAPES: COPY_LIST(arena, (struct shape_list *)place); break;
    case ATTRIBUTE_NAMES: copy_names(arena, place); break;
    case ATTRIBUTE_STEPS: *(struct port_steps *)place = port_steps_copy(arena, place); break;
    case ATTRIBUTE_BOOL:
    case ATTRIBUTE_INT:
    case ATTRIBUTE_INT64:
    case ATTRIBUTE_FLOAT:
    case ATTRIBUTE_ROUNDING:
    case ATTRIBUTE_OVERFLOW:
    case ATTRIBUTE_SHAPE:
    case ATTRIBUTE_PERMUTATION:
    case ATTRIBUTE_SLICES: break; /* held by value */
    }
}

/* A constant is one field for all of its struct; its formats may be listed beside it. */
static bool covered_by_constant(const struct attribute_field *field, enum op op) {
    return op == OP_CONSTANT && field->kind != ATTRIBUTE_CONSTANT;
}

union attributes attributes_copy(struct arena *arena, enum op op, const union attributes *attributes) {
    union attributes copy = *attributes;
    const struct attribute_field *fields = op_info(op)->family->fields;
    for (const struct attribute_field *field = fields; field && field->name; field++)
        if (attribute_applies(field, op) && !covered_by_constant(field, op)) copy_field(arena, field, &copy);
    return copy;
}
