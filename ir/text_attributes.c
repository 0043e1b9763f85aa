/* Attributes in the text form, by the operators' field tables: printed as name=value, and read.
 *
 * Anything that spreads over a tensor is a shape and a list, [1,3]{a, b, c}. */
#include "ir/text_private.h"

#include <string.h>

bool shape_spreads(const struct shape *narrow, const struct shape *wide) {
    struct shape result;
    return shape_broadcast(narrow, wide, &result) && shape_equal(&result, wide);
}

/* ---- printing ---- */

bool attribute_is_printed(const struct node *node, const struct attribute_field *field) {
    const void *place = (const char *)&node->attributes + field->offset;
    const struct input_attributes *input = &node->attributes.input;
    if (!attribute_applies(field, node->op) || node->op == OP_CONSTANT) return false;
    if (node->op == OP_INPUT && (field->kind == ATTRIBUTE_SHAPE || field->kind == ATTRIBUTE_FORMATS)) return false;
    switch (field->kind) {
    case ATTRIBUTE_BOOL: return *(const bool *)place;
    case ATTRIBUTE_FORMATS: return ((const struct formats *)place)->at != NULL;
    case ATTRIBUTE_MEANING:
        return ((const struct meaning *)place)->scale != NULL || ((const struct meaning *)place)->zero_point != NULL;
    case ATTRIBUTE_ROUNDING:
    case ATTRIBUTE_OVERFLOW: return node->op != OP_INPUT || input->formats.at != NULL;
    case ATTRIBUTE_SHAPE: /* of an aggregate that prints it itself */
        return node->op != OP_GATHER && node->op != OP_TABLE && node->op != OP_THRESHOLD;
    case ATTRIBUTE_CONSTANT: return false;
    case ATTRIBUTE_INTEGERS:
    case ATTRIBUTE_REALS:
    case ATTRIBUTE_NAMES:
    case ATTRIBUTE_SHAPES:
    case ATTRIBUTE_STEPS: return ((const struct integer_list *)place)->count > 0;
    case ATTRIBUTE_INT:
    case ATTRIBUTE_INT64:
    case ATTRIBUTE_FLOAT:
    case ATTRIBUTE_PERMUTATION:
    case ATTRIBUTE_INDICES:
    case ATTRIBUTE_SLICES:
    case ATTRIBUTE_TABLES:
    case ATTRIBUTE_STAIRS: return true;
    }
    return true;
}

void print_shape(struct strbuf *out, const struct shape *shape) {
    strbuf_append(out, "[");
    for (int axis = 0; axis < shape->rank; axis++)
        strbuf_printf(out, "%s%lld", axis ? "," : "", (long long)shape->dim[axis]);
    strbuf_append(out, "]");
}

void print_formats(struct printer *printer, const struct formats *formats) {
    if (formats->shape.rank == 0) {
        format_print(printer->out, formats->at[0]);
        return;
    }
    print_shape(printer->out, &formats->shape);
    strbuf_append(printer->out, "{");
    for (size_t i = 0; i < shape_elements(&formats->shape); i++) {
        print_separator(printer, i == 0);
        format_print(printer->out, formats->at[i]);
    }
    strbuf_append(printer->out, "}");
}

void print_meaning(struct printer *printer, const struct meaning *meaning) {
    print_shape(printer->out, &meaning->shape);
    strbuf_append(printer->out, "{");
    for (size_t i = 0; i < shape_elements(&meaning->shape); i++) {
        print_separator(printer, i == 0);
        print_real(printer->out, meaning->scale ? meaning->scale[i] : 1);
        strbuf_append(printer->out, ":");
        print_real(printer->out, meaning->zero_point ? meaning->zero_point[i] : 0);
    }
    strbuf_append(printer->out, "}");
}

static void print_steps(struct printer *printer, const struct port_steps *steps) {
    strbuf_append(printer->out, "{");
    for (uint32_t s = 0; s < steps->count; s++) {
        const struct port_step *step = &steps->at[s];
        print_separator(printer, s == 0);
        strbuf_printf(printer->out, "%s ", port_operation_names[step->operation]);
        print_shape(printer->out, &step->shape);
        strbuf_append(printer->out, "{");
        for (size_t i = 0; i < shape_elements(&step->shape); i++) {
            print_separator(printer, i == 0);
            print_real(printer->out, (double)step->constants[i]);
        }
        strbuf_append(printer->out, "}");
    }
    strbuf_append(printer->out, "}");
}

static void print_list(struct printer *printer, const void *members, size_t count, size_t size,
                       void (*print)(struct strbuf *out, const void *member)) {
    strbuf_append(printer->out, "{");
    for (size_t i = 0; i < count; i++) {
        print_separator(printer, i == 0);
        print(printer->out, (const char *)members + i * size);
    }
    strbuf_append(printer->out, "}");
}

static void print_member_integer(struct strbuf *out, const void *member) {
    strbuf_printf(out, "%lld", (long long)*(const int64_t *)member);
}

static void print_member_real(struct strbuf *out, const void *member) {
    print_real(out, *(const double *)member);
}

static void print_member_string(struct strbuf *out, const void *member) {
    print_string(out, *(const char *const *)member);
}

static void print_member_shape(struct strbuf *out, const void *member) {
    print_shape(out, member);
}

static void print_integers(struct printer *printer, const int64_t *numbers, size_t count) {
    print_list(printer, numbers, count, sizeof *numbers, print_member_integer);
}

static void print_any_list(struct printer *printer, enum attribute_kind kind, const void *place) {
    const struct integer_list *integers = place;
    const struct real_list *reals = place;
    const struct name_list *names = place;
    const struct shape_list *shapes = place;
    switch (kind) {
    case ATTRIBUTE_INTEGERS: print_integers(printer, integers->at, integers->count); break;
    case ATTRIBUTE_REALS: print_list(printer, reals->at, reals->count, sizeof *reals->at, print_member_real); break;
    case ATTRIBUTE_NAMES: print_list(printer, names->at, names->count, sizeof *names->at, print_member_string); break;
    default: print_list(printer, shapes->at, shapes->count, sizeof *shapes->at, print_member_shape); break;
    }
}

static void print_stair(struct printer *printer, const struct staircase *stair) {
    strbuf_printf(printer->out, "{%lld", (long long)stair->values[0]);
    for (uint32_t i = 0; i < stair->count; i++) {
        print_separator(printer, false);
        strbuf_printf(printer->out, "%lld:%lld", (long long)stair->thresholds[i], (long long)stair->values[i + 1]);
    }
    strbuf_append(printer->out, "}");
}

static void print_lookups(struct printer *printer, const struct lookup_attributes *lookup, bool tables) {
    print_shape(printer->out, &lookup->shape);
    strbuf_append(printer->out, "{");
    for (size_t i = 0; i < shape_elements(&lookup->shape); i++) {
        print_separator(printer, i == 0);
        if (tables) {
            strbuf_printf(printer->out, "%lld:", (long long)lookup->tables[i].first);
            print_integers(printer, lookup->tables[i].entries, lookup->tables[i].count);
        } else {
            print_stair(printer, &lookup->stairs[i]);
        }
    }
    strbuf_append(printer->out, "}");
}

static void print_slices(struct strbuf *out, const struct slice_attributes *slice, int rank) {
    strbuf_append(out, "{");
    for (int axis = 0; axis < rank; axis++)
        strbuf_printf(out, "%s%lld:%lld:%lld", axis ? ", " : "", (long long)slice->start[axis],
                      (long long)slice->step[axis], (long long)slice->count[axis]);
    strbuf_append(out, "}");
}

static void print_permutation(struct strbuf *out, const int *permutation, int rank) {
    strbuf_append(out, "{");
    for (int axis = 0; axis < rank; axis++) strbuf_printf(out, "%s%d", axis ? ", " : "", permutation[axis]);
    strbuf_append(out, "}");
}

void print_attribute(struct printer *printer, const struct graph *graph, const struct node *node,
                     const struct attribute_field *field) {
    const union attributes *attributes = &node->attributes;
    const void *place = (const char *)attributes + field->offset;
    struct strbuf *out = printer->out;
    int rank = node->input_count ? graph_value(graph, node->inputs[0])->shape.rank : 0;
    strbuf_printf(out, "%s=", field->name);
    switch (field->kind) {
    case ATTRIBUTE_BOOL: strbuf_append(out, *(const bool *)place ? "true" : "false"); break;
    case ATTRIBUTE_INT: strbuf_printf(out, "%d", *(const int *)place); break;
    case ATTRIBUTE_INT64: strbuf_printf(out, "%lld", (long long)*(const int64_t *)place); break;
    case ATTRIBUTE_FLOAT: print_real(out, (double)*(const float *)place); break;
    case ATTRIBUTE_ROUNDING: strbuf_append(out, rounding_names[*(const enum rounding *)place]); break;
    case ATTRIBUTE_OVERFLOW: strbuf_append(out, overflow_names[*(const enum overflow *)place]); break;
    case ATTRIBUTE_FORMATS: print_formats(printer, place); break;
    case ATTRIBUTE_MEANING: print_meaning(printer, place); break;
    case ATTRIBUTE_SHAPE: print_shape(out, place); break;
    case ATTRIBUTE_PERMUTATION: print_permutation(out, place, rank); break;
    case ATTRIBUTE_SLICES: print_slices(out, &attributes->slice, rank); break;
    case ATTRIBUTE_INDICES:
        print_shape(out, &attributes->gather.shape);
        print_integers(printer, attributes->gather.indices, shape_elements(&attributes->gather.shape));
        break;
    case ATTRIBUTE_TABLES: print_lookups(printer, &attributes->lookup, true); break;
    case ATTRIBUTE_STAIRS: print_lookups(printer, &attributes->lookup, false); break;
    case ATTRIBUTE_INTEGERS:
    case ATTRIBUTE_REALS:
    case ATTRIBUTE_NAMES:
    case ATTRIBUTE_SHAPES: print_any_list(printer, field->kind, place); break;
    case ATTRIBUTE_STEPS: print_steps(printer, place); break;
    case ATTRIBUTE_CONSTANT: break;
    }
}

/* ---- reading ---- */

static bool read_member_format(struct reader_state *reader, void *place) {
    return read_format(reader, place);
}

bool read_formats(struct reader_state *reader, struct formats *formats) {
    *formats = (struct formats){0};
    if (read_peek(reader) != '[') {
        formats->at = ARENA_NEW(reader->scratch, struct format);
        return read_format(reader, formats->at);
    }
    void *data = NULL;
    if (!read_shape(reader, &formats->shape) ||
        !read_elements(reader, &formats->shape, sizeof *formats->at, read_member_format, &data))
        return false;
    formats->at = data;
    return true;
}

static bool read_member_scale(struct reader_state *reader, void *place) {
    double *pair = place;
    return read_real(reader, &pair[0]) && read_expect(reader, ':') && read_real(reader, &pair[1]);
}

bool read_meaning(struct reader_state *reader, struct meaning *meaning) {
    void *data = NULL;
    if (!read_shape(reader, &meaning->shape) ||
        !read_elements(reader, &meaning->shape, 2 * sizeof(double), read_member_scale, &data))
        return false;
    const double *pairs = data;
    size_t count = shape_elements(&meaning->shape);
    meaning->scale = ARENA_ARRAY(reader->scratch, double, count);
    meaning->zero_point = ARENA_ARRAY(reader->scratch, double, count);
    for (size_t i = 0; i < count; i++) {
        meaning->scale[i] = pairs[2 * i];
        meaning->zero_point[i] = pairs[2 * i + 1];
    }
    return true;
}

static bool read_member_table(struct reader_state *reader, void *place) {
    struct table *table = place;
    struct member_list entries;
    if (!read_integer(reader, &table->first) || !read_expect(reader, ':') ||
        !read_list(reader, UINT32_MAX / 2, sizeof(int64_t), read_member_integer, &entries))
        return false;
    if (entries.count == 0 || table->first > INT64_MAX - (int64_t)entries.count)
        return read_error(reader, "a table has no entries, or goes beyond 64 bits");
    table->count = (uint32_t)entries.count;
    table->entries = entries.data;
    return true;
}

/* The first member is a value alone; all others are threshold:value. */
static bool read_member_step(struct reader_state *reader, void *place) {
    int64_t *step = place;
    if (!read_integer(reader, &step[1])) return false;
    step[0] = INT64_MIN;
    if (!read_accept(reader, ':')) return true;
    step[0] = step[1];
    return read_integer(reader, &step[1]);
}

static bool read_member_stair(struct reader_state *reader, void *place) {
    struct staircase *stair = place;
    struct member_list list;
    if (!read_list(reader, UINT32_MAX / 2, 2 * sizeof(int64_t), read_member_step, &list)) return false;
    const int64_t *steps = list.data;
    if (list.count == 0 || steps[0] != INT64_MIN)
        return read_error(reader, "a staircase must begin with a value, then threshold:value");
    stair->count = (uint32_t)list.count - 1;
    stair->thresholds = ARENA_ARRAY(reader->scratch, int64_t, stair->count);
    stair->values = ARENA_ARRAY(reader->scratch, int64_t, list.count);
    for (size_t i = 0; i < list.count; i++) {
        stair->values[i] = steps[2 * i + 1];
        if (i && steps[2 * i] <= steps[2 * i - 2])
            return read_error(reader, "the thresholds of a staircase must ascend");
        if (i) stair->thresholds[i - 1] = steps[2 * i];
    }
    return true;
}

static bool read_lookups(struct reader_state *reader, struct lookup_attributes *lookup, bool tables) {
    void *data = NULL;
    if (!read_shape(reader, &lookup->shape) ||
        !read_elements(reader, &lookup->shape, tables ? sizeof(struct table) : sizeof(struct staircase),
                       tables ? read_member_table : read_member_stair, &data))
        return false;
    if (tables)
        lookup->tables = data;
    else
        lookup->stairs = data;
    return true;
}

static bool read_indices(struct reader_state *reader, struct gather_attributes *gather) {
    void *data = NULL;
    if (!read_shape(reader, &gather->shape) ||
        !read_elements(reader, &gather->shape, sizeof(int64_t), read_member_integer, &data))
        return false;
    gather->indices = data;
    return true;
}

static bool read_member_slice(struct reader_state *reader, void *place) {
    int64_t *slice = place;
    return read_integer(reader, &slice[0]) && read_expect(reader, ':') && read_integer(reader, &slice[1]) &&
           read_expect(reader, ':') && read_integer(reader, &slice[2]);
}

static bool read_slices(struct reader_state *reader, int rank, struct slice_attributes *slice) {
    struct member_list list;
    if (!read_list(reader, SHAPE_RANK_MAX, 3 * sizeof(int64_t), read_member_slice, &list)) return false;
    if ((int)list.count != rank)
        return read_error(reader, "a list has %zu members where the operand has %d axes", list.count, rank);
    for (int axis = 0; axis < rank; axis++) {
        const int64_t *member = (const int64_t *)list.data + 3 * axis;
        slice->start[axis] = member[0];
        slice->step[axis] = member[1];
        slice->count[axis] = member[2];
    }
    return true;
}

static bool read_permutation(struct reader_state *reader, int rank, int *permutation) {
    struct member_list list;
    if (!read_list(reader, SHAPE_RANK_MAX, sizeof(int64_t), read_member_integer, &list)) return false;
    if ((int)list.count != rank)
        return read_error(reader, "a list has %zu members where the operand has %d axes", list.count, rank);
    const int64_t *numbers = list.data;
    unsigned seen = 0;
    for (int axis = 0; axis < rank; axis++) {
        if (numbers[axis] < 0 || numbers[axis] >= rank || seen >> numbers[axis] & 1)
            return read_error(reader, "a permutation does not name every axis once");
        seen |= 1u << numbers[axis];
        permutation[axis] = (int)numbers[axis];
    }
    return true;
}

static bool read_member_real(struct reader_state *reader, void *place) {
    return read_real(reader, place);
}

static bool read_member_string(struct reader_state *reader, void *place) {
    return read_string(reader, place);
}

static bool read_member_shape(struct reader_state *reader, void *place) {
    return read_shape(reader, place);
}

static bool read_counted(struct reader_state *reader, size_t size,
                         bool (*member)(struct reader_state *reader, void *place), uint32_t *count, void **at) {
    struct member_list list;
    if (!read_list(reader, UINT32_MAX / 2, size, member, &list)) return false;
    *count = (uint32_t)list.count;
    *at = list.data;
    return true;
}

static bool read_any_list(struct reader_state *reader, enum attribute_kind kind, void *place) {
    struct integer_list *integers = place;
    struct real_list *reals = place;
    struct name_list *names = place;
    struct shape_list *shapes = place;
    switch (kind) {
    case ATTRIBUTE_INTEGERS:
        return read_counted(reader, sizeof *integers->at, read_member_integer, &integers->count,
                            (void **)&integers->at);
    case ATTRIBUTE_REALS:
        return read_counted(reader, sizeof *reals->at, read_member_real, &reals->count, (void **)&reals->at);
    case ATTRIBUTE_NAMES:
        return read_counted(reader, sizeof *names->at, read_member_string, &names->count, (void **)&names->at);
    default: return read_counted(reader, sizeof *shapes->at, read_member_shape, &shapes->count, (void **)&shapes->at);
    }
}

static bool read_name_of(struct reader_state *reader, const char *const *names, int count, int *index) {
    char word[WORD_SIZE];
    if (!read_word(reader, word)) return false;
    for (*index = 0; *index < count; (*index)++)
        if (strcmp(names[*index], word) == 0) return true;
    return read_error(reader, "'%s' is not known here; the first of the known words is '%s'", word, names[0]);
}

static bool read_scalar(struct reader_state *reader, enum attribute_kind kind, void *place) {
    static const char *const truths[] = {"false", "true"};
    int64_t number = 0;
    int index = 0;
    bool ok = false;
    switch (kind) {
    case ATTRIBUTE_BOOL:
        ok = read_name_of(reader, truths, 2, &index);
        *(bool *)place = index == 1;
        break;
    case ATTRIBUTE_INT:
        ok = read_integer_between(reader, INT32_MIN, INT32_MAX, &number);
        *(int *)place = (int)number;
        break;
    case ATTRIBUTE_ROUNDING:
        ok = read_name_of(reader, rounding_names, ROUNDING_COUNT, &index);
        *(enum rounding *)place = (enum rounding)(ok ? index : 0);
        break;
    default:
        ok = read_name_of(reader, overflow_names, OVERFLOW_COUNT, &index);
        *(enum overflow *)place = (enum overflow)(ok ? index : 0);
        break;
    }
    return ok;
}

static bool read_member_port_step(struct reader_state *reader, void *place) {
    struct port_step *step = place;
    void *constants = NULL;
    int operation = 0;
    if (!read_name_of(reader, port_operation_names, PORT_OPERATION_COUNT, &operation) ||
        !read_shape(reader, &step->shape) ||
        !read_elements(reader, &step->shape, sizeof(float), read_member_float, &constants))
        return false;
    step->operation = (enum port_operation)operation;
    step->constants = constants;
    return true;
}

bool read_attribute(struct reader_state *reader, const struct attribute_field *field, int rank,
                    union attributes *attributes) {
    void *place = (char *)attributes + field->offset;
    switch (field->kind) {
    case ATTRIBUTE_BOOL:
    case ATTRIBUTE_INT:
    case ATTRIBUTE_ROUNDING:
    case ATTRIBUTE_OVERFLOW: return read_scalar(reader, field->kind, place);
    case ATTRIBUTE_INT64: return read_integer(reader, place);
    case ATTRIBUTE_FLOAT: return read_float(reader, place);
    case ATTRIBUTE_FORMATS: return read_formats(reader, place);
    case ATTRIBUTE_MEANING: return read_meaning(reader, place);
    case ATTRIBUTE_SHAPE: return read_shape(reader, place);
    case ATTRIBUTE_PERMUTATION: return read_permutation(reader, rank, place);
    case ATTRIBUTE_SLICES: return read_slices(reader, rank, &attributes->slice);
    case ATTRIBUTE_INDICES: return read_indices(reader, &attributes->gather);
    case ATTRIBUTE_TABLES: return read_lookups(reader, &attributes->lookup, true);
    case ATTRIBUTE_STAIRS: return read_lookups(reader, &attributes->lookup, false);
    case ATTRIBUTE_INTEGERS:
    case ATTRIBUTE_REALS:
    case ATTRIBUTE_NAMES:
    case ATTRIBUTE_SHAPES: return read_any_list(reader, field->kind, place);
    case ATTRIBUTE_STEPS: {
        struct port_steps *steps = place;
        return read_counted(reader, sizeof *steps->at, read_member_port_step, &steps->count, (void **)&steps->at);
    }
    case ATTRIBUTE_CONSTANT: break;
    }
    return read_error(reader, "attribute '%s' is not written so", field->name);
}
