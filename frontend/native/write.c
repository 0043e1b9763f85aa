/* Writes a graph as bxc's own JSON: one node a line, references by the name of the node.
 *
 * Numbers round-trip: binary32 with nine digits, whole numbers beyond 2^53 as text. What is written
 * is what the operators' field tables list, so a new operator needs nothing here. */
#include "frontend/native/native.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

static void write_string(struct strbuf *out, const char *text) {
    strbuf_append(out, "\"");
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;
        if (c == '"' || c == '\\')
            strbuf_printf(out, "\\%c", c);
        else if (c < 0x20 || c == 0x7f)
            strbuf_printf(out, "\\u%04x", c);
        else
            strbuf_append_bytes(out, text, 1);
    }
    strbuf_append(out, "\"");
}

/* digits: 9 give back a binary32, 17 a binary64. Whatever the locale, with a point. */
static void write_real(struct strbuf *out, double real, int digits) {
    char text[40];
    if (isnan(real) || isinf(real)) {
        strbuf_append(out, isnan(real) ? "\"nan\"" : real < 0 ? "\"-inf\"" : "\"inf\"");
        return;
    }
    snprintf(text, sizeof text, "%.*g", digits, real);
    for (char *c = text; *c; c++)
        if (!(*c >= '0' && *c <= '9') && *c != '-' && *c != '+' && *c != 'e') *c = '.';
    strbuf_append(out, text);
}

static void write_whole(struct strbuf *out, int64_t number) {
    bool plain = number >= -NATIVE_WHOLE_MAX && number <= NATIVE_WHOLE_MAX;
    strbuf_printf(out, plain ? "%" PRId64 : "\"%" PRId64 "\"", number);
}

static void write_wholes(struct strbuf *out, const int64_t *numbers, size_t count) {
    strbuf_append(out, "[");
    for (size_t i = 0; i < count; i++) {
        if (i) strbuf_append(out, ", ");
        write_whole(out, numbers[i]);
    }
    strbuf_append(out, "]");
}

static void write_doubles(struct strbuf *out, const double *numbers, size_t count) {
    strbuf_append(out, "[");
    for (size_t i = 0; i < count; i++) {
        if (i) strbuf_append(out, ", ");
        write_real(out, numbers[i], 17);
    }
    strbuf_append(out, "]");
}

static void write_shape(struct strbuf *out, const struct shape *shape) {
    write_wholes(out, shape->dim, (size_t)shape->rank);
}

static void write_format(struct strbuf *out, struct format format) {
    strbuf_append(out, "\"");
    format_print(out, format);
    strbuf_append(out, "\"");
}

static void write_formats(struct strbuf *out, const struct formats *formats) {
    size_t count = shape_elements(&formats->shape);
    if (!formats->shape.rank) {
        write_format(out, formats->at[0]);
        return;
    }
    strbuf_append(out, "{\"shape\": ");
    write_shape(out, &formats->shape);
    strbuf_append(out, ", \"at\": [");
    for (size_t i = 0; i < count; i++) {
        if (i) strbuf_append(out, ", ");
        write_format(out, formats->at[i]);
    }
    strbuf_append(out, "]}");
}

static void write_meaning(struct strbuf *out, const struct meaning *meaning) {
    size_t count = shape_elements(&meaning->shape);
    strbuf_append(out, "{\"shape\": ");
    write_shape(out, &meaning->shape);
    if (meaning->scale) {
        strbuf_append(out, ", \"scale\": ");
        write_doubles(out, meaning->scale, count);
    }
    if (meaning->zero_point) {
        strbuf_append(out, ", \"zero_point\": ");
        write_doubles(out, meaning->zero_point, count);
    }
    strbuf_append(out, "}");
}

static void write_floats(struct strbuf *out, const float *numbers, size_t count) {
    strbuf_append(out, "[");
    for (size_t i = 0; i < count; i++) {
        if (i) strbuf_append(out, ", ");
        write_real(out, (double)numbers[i], 9);
    }
    strbuf_append(out, "]");
}

static void write_steps(struct strbuf *out, const struct port_steps *steps) {
    strbuf_append(out, "[");
    for (uint32_t s = 0; s < steps->count; s++) {
        const struct port_step *step = &steps->at[s];
        strbuf_append(out, s ? ", {\"operation\": " : "{\"operation\": ");
        write_string(out, port_operation_names[step->operation]);
        strbuf_append(out, ", \"shape\": ");
        write_shape(out, &step->shape);
        strbuf_append(out, ", \"constants\": ");
        write_floats(out, step->constants, shape_elements(&step->shape));
        strbuf_append(out, "}");
    }
    strbuf_append(out, "]");
}

static void write_constant(struct strbuf *out, const struct constant_attributes *constant) {
    size_t count = shape_elements(&constant->shape);
    strbuf_append(out, "{\"kind\": ");
    write_string(out, native_kinds[constant->kind]);
    strbuf_append(out, ", \"shape\": ");
    write_shape(out, &constant->shape);
    if (constant->kind == VALUE_INTEGER) {
        strbuf_append(out, ", \"formats\": ");
        write_formats(out, &constant->formats);
    }
    strbuf_append(out, ", \"numbers\": ");
    if (constant->kind == VALUE_REAL)
        write_floats(out, constant->reals, count);
    else
        write_wholes(out, constant->integers, count);
    strbuf_append(out, "}");
}

static void write_tables(struct strbuf *out, const struct lookup_attributes *lookup) {
    for (size_t i = 0; i < shape_elements(&lookup->shape); i++) {
        const struct table *table = &lookup->tables[i];
        strbuf_append(out, i ? ", {\"first\": " : "[{\"first\": ");
        write_whole(out, table->first);
        strbuf_append(out, ", \"entries\": ");
        write_wholes(out, table->entries, table->count);
        strbuf_append(out, "}");
    }
    strbuf_append(out, "]");
}

static void write_stairs(struct strbuf *out, const struct lookup_attributes *lookup) {
    for (size_t i = 0; i < shape_elements(&lookup->shape); i++) {
        const struct staircase *stair = &lookup->stairs[i];
        strbuf_append(out, i ? ", {\"thresholds\": " : "[{\"thresholds\": ");
        write_wholes(out, stair->thresholds, stair->count);
        strbuf_append(out, ", \"values\": ");
        write_wholes(out, stair->values, (size_t)stair->count + 1);
        strbuf_append(out, "}");
    }
    strbuf_append(out, "]");
}

static void write_slices(struct strbuf *out, const struct slice_attributes *slice, int rank) {
    strbuf_append(out, "{\"start\": ");
    write_wholes(out, slice->start, (size_t)rank);
    strbuf_append(out, ", \"step\": ");
    write_wholes(out, slice->step, (size_t)rank);
    strbuf_append(out, ", \"count\": ");
    write_wholes(out, slice->count, (size_t)rank);
    strbuf_append(out, "}");
}

static void write_permutation(struct strbuf *out, const int *permutation, int rank) {
    for (int i = 0; i < rank; i++) strbuf_printf(out, "%s%d", i ? ", " : "[", permutation[i]);
    strbuf_append(out, rank ? "]" : "[]");
}

static void write_names(struct strbuf *out, const struct name_list *names) {
    strbuf_append(out, "[");
    for (uint32_t i = 0; i < names->count; i++) {
        if (i) strbuf_append(out, ", ");
        write_string(out, names->at[i]);
    }
    strbuf_append(out, "]");
}

static void write_shapes(struct strbuf *out, const struct shape_list *shapes) {
    strbuf_append(out, "[");
    for (uint32_t i = 0; i < shapes->count; i++) {
        if (i) strbuf_append(out, ", ");
        write_shape(out, &shapes->at[i]);
    }
    strbuf_append(out, "]");
}

/* rank: of the first operand */
static void write_field(struct strbuf *out, const struct attribute_field *field, const union attributes *attributes,
                        int rank) {
    const void *place = (const char *)attributes + field->offset;
    switch (field->kind) {
    case ATTRIBUTE_BOOL: strbuf_append(out, *(const bool *)place ? "true" : "false"); break;
    case ATTRIBUTE_INT: write_whole(out, *(const int *)place); break;
    case ATTRIBUTE_INT64: write_whole(out, *(const int64_t *)place); break;
    case ATTRIBUTE_FLOAT: write_real(out, (double)*(const float *)place, 9); break;
    case ATTRIBUTE_ROUNDING: write_string(out, rounding_names[*(const enum rounding *)place]); break;
    case ATTRIBUTE_OVERFLOW: write_string(out, overflow_names[*(const enum overflow *)place]); break;
    case ATTRIBUTE_FORMATS: write_formats(out, place); break;
    case ATTRIBUTE_MEANING: write_meaning(out, place); break;
    case ATTRIBUTE_SHAPE: write_shape(out, place); break;
    case ATTRIBUTE_PERMUTATION: write_permutation(out, place, rank); break;
    case ATTRIBUTE_SLICES: write_slices(out, &attributes->slice, rank); break;
    case ATTRIBUTE_INDICES:
        write_wholes(out, attributes->gather.indices, shape_elements(&attributes->gather.shape));
        break;
    case ATTRIBUTE_TABLES: write_tables(out, &attributes->lookup); break;
    case ATTRIBUTE_STAIRS: write_stairs(out, &attributes->lookup); break;
    case ATTRIBUTE_CONSTANT: write_constant(out, &attributes->constant); break;
    case ATTRIBUTE_INTEGERS:
        write_wholes(out, ((const struct integer_list *)place)->at, ((const struct integer_list *)place)->count);
        break;
    case ATTRIBUTE_REALS:
        write_doubles(out, ((const struct real_list *)place)->at, ((const struct real_list *)place)->count);
        break;
    case ATTRIBUTE_NAMES: write_names(out, place); break;
    case ATTRIBUTE_SHAPES: write_shapes(out, place); break;
    case ATTRIBUTE_STEPS: write_steps(out, place); break;
    }
}

bool native_field_applies(const struct attribute_field *field, enum op op) {
    return attribute_applies(field, op) && (op != OP_CONSTANT || field->kind == ATTRIBUTE_CONSTANT);
}

static bool field_is_written(const struct node *node, const struct attribute_field *field) {
    const void *place = (const char *)&node->attributes + field->offset;
    if (!native_field_applies(field, node->op)) return false;
    bool real_input = node->op == OP_INPUT && !node->attributes.input.formats.at;
    if (attribute_is_list(field)) return ((const struct integer_list *)place)->count > 0;
    if (field->kind == ATTRIBUTE_FORMATS) return ((const struct formats *)place)->at != NULL;
    if (field->kind == ATTRIBUTE_MEANING)
        return ((const struct meaning *)place)->scale || ((const struct meaning *)place)->zero_point;
    return !real_input || field->kind == ATTRIBUTE_SHAPE;
}

static void write_attributes(struct strbuf *out, const struct graph *graph, const struct node *node) {
    const struct attribute_field *fields = op_info(node->op)->family->fields;
    int rank = node->input_count ? graph_value(graph, node->inputs[0])->shape.rank : 0;
    bool any = false;
    for (const struct attribute_field *field = fields; field && field->name; field++) {
        if (!field_is_written(node, field)) continue;
        strbuf_append(out, any ? ", " : ", \"attributes\": {");
        write_string(out, field->name);
        strbuf_append(out, ": ");
        write_field(out, field, &node->attributes, rank);
        any = true;
    }
    if (any) strbuf_append(out, "}");
}

/* How nodes are referred to: by name, or by position where the name is not unique. */
struct references {
    struct name_map names;
    uint32_t *position; /* by node: among the living */
};

static struct references references_of(const struct graph *graph, struct arena *arena) {
    struct references references = {name_map_new(arena), ARENA_ARRAY(arena, uint32_t, graph->node_count + 1)};
    static const char many = 0; /* its address marks a name that several nodes have */
    uint32_t position = 0;
    for (uint32_t i = 0; i < graph->node_count; i++) {
        struct node *node = &graph->nodes[i];
        if (node->dead) continue;
        references.position[i] = position++;
        name_map_put(&references.names, node->name,
                     name_map_find(&references.names, node->name) ? (void *)(uintptr_t)&many : (void *)node);
    }
    return references;
}

static void write_node_reference(struct strbuf *out, const struct graph *graph, const struct references *references,
                                 valref value) {
    const struct node *node = graph_definition(graph, value);
    if (name_map_find(&references->names, node->name) == node)
        write_string(out, node->name);
    else
        strbuf_printf(out, "%u", references->position[graph_value(graph, value)->definition.id]);
}

/* The first result is the node itself. */
static void write_reference(struct strbuf *out, const struct graph *graph, const struct references *references,
                            valref value) {
    uint32_t result = value.id - graph_definition(graph, value)->result.id;
    if (result) strbuf_append(out, "{\"node\": ");
    write_node_reference(out, graph, references, value);
    if (result) strbuf_printf(out, ", \"result\": %u}", result);
}

/* Of all results, where one has one: a text, or of several a list with "" for none. */
static void write_value_names(struct strbuf *out, const struct graph *graph, const struct node *node) {
    bool named = false;
    for (uint32_t r = 0; r < node->result_count; r++) named |= graph_value(graph, node_result(node, r))->name != NULL;
    if (!named) return;
    strbuf_append(out, ", \"value\": ");
    for (uint32_t r = 0; r < node->result_count; r++) {
        const char *name = graph_value(graph, node_result(node, r))->name;
        if (node->result_count > 1) strbuf_append(out, r ? ", " : "[");
        write_string(out, name ? name : "");
    }
    if (node->result_count > 1) strbuf_append(out, "]");
}

static void write_lists(struct strbuf *out, const struct graph *graph, int indent);

static void write_node(struct strbuf *out, const struct graph *graph, const struct references *references,
                       const struct node *node, int indent) {
    strbuf_append(out, "{\"name\": ");
    write_string(out, node->name);
    strbuf_append(out, ", \"op\": ");
    write_string(out, op_info(node->op)->name);
    if (node->source_op) {
        strbuf_append(out, ", \"from\": ");
        write_string(out, node->source_op);
    }
    write_value_names(out, graph, node);
    for (uint32_t i = 0; i < node->input_count; i++) {
        strbuf_append(out, i ? ", " : ", \"inputs\": [");
        write_reference(out, graph, references, node->inputs[i]);
    }
    if (node->input_count) strbuf_append(out, "]");
    write_attributes(out, graph, node);
    if (node->body) {
        strbuf_append(out, ", \"body\": {\"name\": ");
        write_string(out, node->body->name);
        write_lists(out, node->body, indent + 2);
        strbuf_append(out, "}");
    }
    strbuf_append(out, "}");
}

static void write_output(struct strbuf *out, const struct graph *graph, const struct references *references,
                         const struct graph_output *output) {
    strbuf_append(out, "{\"name\": ");
    write_string(out, output->name);
    strbuf_append(out, ", \"node\": ");
    write_reference(out, graph, references, output->value);
    if (output->meaning.scale || output->meaning.zero_point) {
        strbuf_append(out, ", \"meaning\": ");
        write_meaning(out, &output->meaning);
    }
    strbuf_append(out, "}");
}

/* A line a node and output. */
static void write_lists(struct strbuf *out, const struct graph *graph, int indent) {
    struct arena *arena = arena_new(graph->context);
    struct references references = references_of(graph, arena);
    bool any = false;
    strbuf_printf(out, ",\n%*s\"nodes\": [", indent + 1, "");
    for (uint32_t i = 0; i < graph->node_count; i++) {
        if (graph->nodes[i].dead) continue;
        strbuf_printf(out, "%s\n%*s", any ? "," : "", indent + 2, "");
        write_node(out, graph, &references, &graph->nodes[i], indent);
        any = true;
    }
    strbuf_printf(out, "],\n%*s\"outputs\": [", indent + 1, "");
    for (uint32_t i = 0; i < graph->output_count; i++) {
        strbuf_printf(out, "%s\n%*s", i ? "," : "", indent + 2, "");
        write_output(out, graph, &references, &graph->outputs[i]);
    }
    strbuf_append(out, "]");
    arena_free(arena);
}

void native_write(const struct graph *graph, struct strbuf *out) {
    strbuf_printf(out, "{\"format\": \"%s\", \"version\": %d,\n \"name\": ", NATIVE_FORMAT, NATIVE_VERSION);
    write_string(out, graph->name ? graph->name : "");
    strbuf_printf(out, ", \"opset\": %d", graph->opset);
    write_lists(out, graph, 0);
    strbuf_append(out, "}\n");
}
