/* Attributes from JSON, by the operators' field tables. */
#include "frontend/native/native.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <string.h>

const char *const native_kinds[] = {
    [VALUE_REAL] = "real", [VALUE_INTEGER] = "integer", [VALUE_INDEX] = "index", [VALUE_BOOLEAN] = "boolean"};

static int read_name(const struct json *json, const char *path, const struct cJSON *item, const char *const *names,
                     int count, int *index) {
    const char *text;
    *index = 0;
    if (native_text(json, path, item, &text) < 0) return -1;
    for (int i = 0; i < count; i++)
        if (!strcmp(names[i], text)) {
            *index = i;
            return 0;
        }
    return native_fail(json, path, "'%s' is unknown here; the first of the known words is '%s'", text, names[0]);
}

static int read_float(const struct json *json, const char *path, const struct cJSON *item, float *number) {
    double wide;
    if (native_real(json, path, item, &wide) < 0) return -1;
    *number = (float)wide;
    return isinf(*number) && !isinf(wide) ? native_fail(json, path, "the number is beyond binary32") : 0;
}

static int read_format(const struct json *json, const char *path, const struct cJSON *item, struct format *format) {
    const char *text;
    if (native_text(json, path, item, &text) < 0) return -1;
    return format_parse(text, format)
               ? 0
               : native_fail(json, path, "'%s' is no format, as s16f10 or fixed<16,6> are", text);
}

static int read_formats(const struct json *json, const char *path, const struct cJSON *item, struct formats *formats) {
    static const char *const names[] = {"shape", "at", NULL};
    size_t count, i = 0;
    if (cJSON_IsString(item)) {
        formats->at = ARENA_NEW(json->arena, struct format);
        return read_format(json, path, item, formats->at);
    }
    if (native_members(json, path, item, names) < 0) return -1;
    const cJSON *list = native_member(item, "at"), *member;
    if (native_shape(json, native_path(json, path, "shape"), native_member(item, "shape"), &formats->shape) < 0)
        return -1;
    if (native_array(json, native_path(json, path, "at"), list, &count) < 0) return -1;
    if (count != shape_elements(&formats->shape))
        return native_fail(json, path, "the list 'at' has %zu members, not %zu", count,
                           shape_elements(&formats->shape));
    formats->at = ARENA_ARRAY(json->arena, struct format, count + 1);
    cJSON_ArrayForEach (member, list)
        if (read_format(json, path, member, &formats->at[i++]) < 0) return -1;
    return 0;
}

int native_meaning(const struct json *json, const char *path, const struct cJSON *item, struct meaning *meaning) {
    static const char *const names[] = {"shape", "scale", "zero_point", NULL};
    if (native_members(json, path, item, names) < 0) return -1;
    if (native_shape(json, native_path(json, path, "shape"), native_member(item, "shape"), &meaning->shape) < 0)
        return -1;
    size_t count = shape_elements(&meaning->shape);
    const cJSON *scale = native_member(item, "scale"), *zero_point = native_member(item, "zero_point");
    if (scale && native_reals(json, native_path(json, path, "scale"), scale, count, &meaning->scale) < 0) return -1;
    if (!zero_point) return 0;
    return native_reals(json, native_path(json, path, "zero_point"), zero_point, count, &meaning->zero_point);
}

/* Of binary32, as many as the shape says. */
static int read_floats(const struct json *json, const char *path, const struct cJSON *item, size_t count,
                       float **numbers) {
    double *reals;
    if (native_reals(json, path, item, count, &reals) < 0) return -1;
    *numbers = ARENA_ARRAY(json->arena, float, count + 1);
    for (size_t i = 0; i < count; i++) {
        (*numbers)[i] = (float)reals[i];
        if (!isfinite((*numbers)[i])) return native_fail(json, path, "number %zu is not within binary32", i);
    }
    return 0;
}

static int read_step(const struct json *json, const char *path, const struct cJSON *item, struct port_step *step) {
    static const char *const names[] = {"operation", "shape", "constants", NULL};
    const cJSON *operation_item = native_member(item, "operation"), *constants = native_member(item, "constants");
    int operation;
    if (native_members(json, path, item, names) < 0) return -1;
    if (read_name(json, native_path(json, path, "operation"), operation_item, port_operation_names,
                  PORT_OPERATION_COUNT, &operation) < 0)
        return -1;
    step->operation = (enum port_operation)operation;
    if (native_shape(json, native_path(json, path, "shape"), native_member(item, "shape"), &step->shape) < 0) return -1;
    size_t count = shape_elements(&step->shape);
    return read_floats(json, native_path(json, path, "constants"), constants, count, &step->constants);
}

static int read_steps(const struct json *json, const char *path, const struct cJSON *item, size_t count,
                      struct port_steps *steps) {
    const cJSON *member;
    steps->at = ARENA_ARRAY(json->arena, struct port_step, count + 1);
    cJSON_ArrayForEach (member, item) {
        const char *inner = arena_printf(json->arena, "%s[%u]", path, steps->count);
        if (read_step(json, inner, member, &steps->at[steps->count++]) < 0) return -1;
    }
    return 0;
}

static int read_constant(const struct json *json, const char *path, const struct cJSON *item,
                         struct constant_attributes *constant) {
    static const char *const names[] = {"kind", "shape", "formats", "numbers", NULL};
    const char *inner = native_path(json, path, "numbers");
    int kind;
    if (native_members(json, path, item, names) < 0) return -1;
    if (read_name(json, native_path(json, path, "kind"), native_member(item, "kind"), native_kinds, 4, &kind) < 0)
        return -1;
    constant->kind = (enum value_kind)kind;
    if (native_shape(json, native_path(json, path, "shape"), native_member(item, "shape"), &constant->shape) < 0)
        return -1;
    const cJSON *formats = native_member(item, "formats"), *numbers = native_member(item, "numbers");
    if ((formats != NULL) != (kind == VALUE_INTEGER))
        return native_fail(json, path, "integers have formats, and they alone");
    if (formats && read_formats(json, native_path(json, path, "formats"), formats, &constant->formats) < 0) return -1;
    size_t count = shape_elements(&constant->shape);
    if (kind != VALUE_REAL) return native_wholes(json, inner, numbers, count, &constant->integers);
    return read_floats(json, inner, numbers, count, &constant->reals);
}

static int read_table(const struct json *json, const char *path, const struct cJSON *item, struct table *table) {
    static const char *const names[] = {"first", "entries", NULL};
    const char *inner = native_path(json, path, "entries");
    size_t count;
    if (native_members(json, path, item, names) < 0) return -1;
    if (native_array(json, inner, native_member(item, "entries"), &count) < 0) return -1;
    if (!count || count > UINT32_MAX / 2) return native_fail(json, inner, "a table has no entries, or too many");
    if (native_whole(json, native_path(json, path, "first"), native_member(item, "first"), INT64_MIN,
                     INT64_MAX - (int64_t)count, &table->first) < 0)
        return -1;
    table->count = (uint32_t)count;
    return native_wholes(json, inner, native_member(item, "entries"), count, &table->entries);
}

static int read_stair(const struct json *json, const char *path, const struct cJSON *item, struct staircase *stair) {
    static const char *const names[] = {"thresholds", "values", NULL};
    const char *inner = native_path(json, path, "thresholds");
    size_t count;
    if (native_members(json, path, item, names) < 0) return -1;
    if (native_array(json, inner, native_member(item, "thresholds"), &count) < 0) return -1;
    if (count > UINT32_MAX / 2) return native_fail(json, inner, "too many thresholds");
    stair->count = (uint32_t)count;
    if (native_wholes(json, inner, native_member(item, "thresholds"), count, &stair->thresholds) < 0) return -1;
    for (size_t i = 1; i < count; i++)
        if (stair->thresholds[i] <= stair->thresholds[i - 1]) return native_fail(json, inner, "thresholds must ascend");
    return native_wholes(json, native_path(json, path, "values"), native_member(item, "values"), count + 1,
                         &stair->values);
}

static int read_lookups(const struct json *json, const char *path, const struct cJSON *item,
                        struct lookup_attributes *lookup, bool tables) {
    size_t count, i = 0, wanted = shape_elements(&lookup->shape);
    const cJSON *member;
    if (native_array(json, path, item, &count) < 0) return -1;
    if (count != wanted) return native_fail(json, path, "the list has %zu members, the shape needs %zu", count, wanted);
    if (tables)
        lookup->tables = ARENA_ARRAY(json->arena, struct table, count + 1);
    else
        lookup->stairs = ARENA_ARRAY(json->arena, struct staircase, count + 1);
    cJSON_ArrayForEach (member, item) {
        const char *inner = arena_printf(json->arena, "%s[%zu]", path, i);
        if ((tables ? read_table(json, inner, member, &lookup->tables[i])
                    : read_stair(json, inner, member, &lookup->stairs[i])) < 0)
            return -1;
        i++;
    }
    return 0;
}

static int read_slices(const struct json *json, const char *path, const struct cJSON *item, int rank,
                       struct slice_attributes *slice) {
    static const char *const names[] = {"start", "step", "count", NULL};
    int64_t *into[] = {slice->start, slice->step, slice->count}, *numbers;
    if (native_members(json, path, item, names) < 0) return -1;
    for (int i = 0; i < 3; i++) {
        if (native_wholes(json, native_path(json, path, names[i]), native_member(item, names[i]), (size_t)rank,
                          &numbers) < 0)
            return -1;
        memcpy(into[i], numbers, (size_t)rank * sizeof *numbers);
    }
    return 0;
}

static int read_permutation(const struct json *json, const char *path, const struct cJSON *item, int rank,
                            int *permutation) {
    int64_t *numbers;
    unsigned seen = 0;
    if (native_wholes(json, path, item, (size_t)rank, &numbers) < 0) return -1;
    for (int i = 0; i < rank; i++) {
        if (numbers[i] < 0 || numbers[i] >= rank || seen >> numbers[i] & 1)
            return native_fail(json, path, "the permutation does not name every axis once");
        seen |= 1u << numbers[i];
        permutation[i] = (int)numbers[i];
    }
    return 0;
}

static int read_names(const struct json *json, const char *path, const struct cJSON *item, size_t count,
                      struct name_list *names) {
    const cJSON *member;
    names->at = ARENA_ARRAY(json->arena, const char *, count + 1);
    cJSON_ArrayForEach (member, item)
        if (native_text(json, path, member, &names->at[names->count++]) < 0) return -1;
    return 0;
}

static int read_shapes(const struct json *json, const char *path, const struct cJSON *item, size_t count,
                       struct shape_list *shapes) {
    const cJSON *member;
    shapes->at = ARENA_ARRAY(json->arena, struct shape, count + 1);
    cJSON_ArrayForEach (member, item)
        if (native_shape(json, path, member, &shapes->at[shapes->count++]) < 0) return -1;
    return 0;
}

static int read_list(const struct json *json, const char *path, const struct cJSON *item, enum attribute_kind kind,
                     void *place) {
    struct integer_list *integers = place;
    struct real_list *reals = place;
    size_t count;
    if (native_array(json, path, item, &count) < 0) return -1;
    if (count > UINT32_MAX / 2) return native_fail(json, path, "the list is too long");
    if (kind == ATTRIBUTE_NAMES) return read_names(json, path, item, count, place);
    if (kind == ATTRIBUTE_SHAPES) return read_shapes(json, path, item, count, place);
    if (kind == ATTRIBUTE_STEPS) return read_steps(json, path, item, count, place);
    if (kind == ATTRIBUTE_REALS) {
        reals->count = (uint32_t)count;
        return native_reals(json, path, item, count, &reals->at);
    }
    integers->count = (uint32_t)count;
    return native_wholes(json, path, item, count, &integers->at);
}

static int read_scalar(const struct json *json, const char *path, const struct cJSON *item, enum attribute_kind kind,
                       void *place) {
    int64_t number = 0;
    int index = 0, result = 0;
    switch (kind) {
    case ATTRIBUTE_BOOL:
        if (!cJSON_IsBool(item)) return native_fail(json, path, "this is neither true nor false");
        *(bool *)place = cJSON_IsTrue(item);
        return 0;
    case ATTRIBUTE_INT:
        result = native_whole(json, path, item, INT32_MIN, INT32_MAX, &number);
        *(int *)place = (int)number;
        return result;
    case ATTRIBUTE_ROUNDING:
        result = read_name(json, path, item, rounding_names, ROUNDING_COUNT, &index);
        *(enum rounding *)place = (enum rounding)index;
        return result;
    default:
        result = read_name(json, path, item, overflow_names, OVERFLOW_COUNT, &index);
        *(enum overflow *)place = (enum overflow)index;
        return result;
    }
}

static int read_field(const struct json *json, const char *path, const struct cJSON *item,
                      const struct attribute_field *field, int rank, union attributes *attributes) {
    void *place = (char *)attributes + field->offset;
    switch (field->kind) {
    case ATTRIBUTE_BOOL:
    case ATTRIBUTE_INT:
    case ATTRIBUTE_ROUNDING:
    case ATTRIBUTE_OVERFLOW: return read_scalar(json, path, item, field->kind, place);
    case ATTRIBUTE_INT64: return native_whole(json, path, item, INT64_MIN, INT64_MAX, place);
    case ATTRIBUTE_FLOAT: return read_float(json, path, item, place);
    case ATTRIBUTE_FORMATS: return read_formats(json, path, item, place);
    case ATTRIBUTE_MEANING: return native_meaning(json, path, item, place);
    case ATTRIBUTE_SHAPE: return native_shape(json, path, item, place);
    case ATTRIBUTE_PERMUTATION: return read_permutation(json, path, item, rank, place);
    case ATTRIBUTE_SLICES: return read_slices(json, path, item, rank, &attributes->slice);
    case ATTRIBUTE_INDICES:
        return native_wholes(json, path, item, shape_elements(&attributes->gather.shape), &attributes->gather.indices);
    case ATTRIBUTE_TABLES: return read_lookups(json, path, item, &attributes->lookup, true);
    case ATTRIBUTE_STAIRS: return read_lookups(json, path, item, &attributes->lookup, false);
    case ATTRIBUTE_CONSTANT: return read_constant(json, path, item, &attributes->constant);
    case ATTRIBUTE_INTEGERS:
    case ATTRIBUTE_REALS:
    case ATTRIBUTE_NAMES:
    case ATTRIBUTE_SHAPES:
    case ATTRIBUTE_STEPS: return read_list(json, path, item, field->kind, place);
    }
    return native_fail(json, path, "this kind of attribute is unknown");
}

/* What may be left out: a truth that is false, an empty list, a port's format in real arithmetic. */
static bool is_optional(const struct attribute_field *field, enum op op) {
    return field->kind == ATTRIBUTE_BOOL || attribute_is_list(field) ||
           (op == OP_INPUT && field->kind != ATTRIBUTE_SHAPE);
}

static int check_known(const struct json *json, const char *path, const struct cJSON *object, enum op op) {
    const struct attribute_field *fields = op_info(op)->family->fields;
    size_t all = 0, count = 0;
    while (fields && fields[all].name) all++;
    const char **names = ARENA_ARRAY(json->arena, const char *, all + 1);
    for (size_t i = 0; i < all; i++)
        if (native_field_applies(&fields[i], op)) names[count++] = fields[i].name;
    return native_members(json, path, object, names);
}

int native_attributes(const struct json *json, const char *path, const struct cJSON *object, enum op op, int rank,
                      union attributes *attributes) {
    if (object && check_known(json, path, object, op) < 0) return -1;
    const struct attribute_field *fields = op_info(op)->family->fields;
    for (const struct attribute_field *field = fields; field && field->name; field++) {
        const cJSON *item = object ? native_member(object, field->name) : NULL;
        const char *inner = native_path(json, path, field->name);
        if (!native_field_applies(field, op)) continue;
        if (!item && is_optional(field, op)) continue;
        if (!item) return native_fail(json, inner, "'%s' needs the attribute '%s'", op_info(op)->name, field->name);
        if (read_field(json, inner, item, field, rank, attributes) < 0) return -1;
    }
    return 0;
}
