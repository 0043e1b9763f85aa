/* Reads the text form of graphs (doc/ir.md): statements become nodes as they come, with types and intervals as
 * graph_infer finds them; then the types are compared with those that the text states. */
#include "ir/text_private.h"
#include "ir/text.h"
#include "ir/verify.h"

#include <string.h>

/* What the text says about a value. */
struct declared {
    struct value type; /* kind, shape, formats */
    int line;
};

struct parser {
    struct reader_state *reader;
    struct graph *graph;
    struct declared *declared; /* one a value */
    size_t capacity;
    int depth;
};

/* Everything that one statement says. */
struct statement {
    int line;
    enum op op;
    char *name, *source_op;
    char **value_names; /* one a result, or NULL */
    valref *inputs;
    uint32_t input_count;
    uint32_t result_count;
    union attributes attributes;
    bool *given;         /* one a field of the family */
    struct value *types; /* one a result */
    struct graph *body;
};

/* ---- types ---- */

static bool read_kind(struct reader_state *reader, struct value *type) {
    static const struct {
        const char *word;
        enum value_kind kind;
    } kinds[] = {{"real", VALUE_REAL}, {"index", VALUE_INDEX}, {"boolean", VALUE_BOOLEAN}};
    char word[WORD_SIZE];
    type->kind = VALUE_INTEGER;
    if (read_peek(reader) == '[') return read_formats(reader, &type->formats);
    const char *start = reader->at;
    if (!read_word(reader, word)) return false;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (strcmp(word, kinds[i].word) == 0) {
            type->kind = kinds[i].kind;
            return true;
        }
    reader->at = start;
    return read_formats(reader, &type->formats);
}

static bool read_type(struct reader_state *reader, struct value *type) {
    if (!read_shape(reader, &type->shape) || !read_kind(reader, type)) return false;
    return !type->formats.at || shape_spreads(&type->formats.shape, &type->shape) ||
           read_error(reader, "formats do not spread over the shape");
}

/* ---- nodes ---- */

static bool read_label(struct parser *parser, uint32_t limit, uint32_t *label) {
    struct reader_state *reader = parser->reader;
    int64_t number;
    if (!read_expect(reader, '%') || !read_integer(reader, &number)) return false;
    if (number < 0 || number >= limit)
        return read_error(reader, "%%%lld is not defined before it is read", (long long)number);
    *label = (uint32_t)number;
    return true;
}

static bool read_operands(struct parser *parser, struct statement *statement) {
    struct reader_state *reader = parser->reader;
    size_t capacity = 0;
    if (!read_expect(reader, '(')) return false;
    while (!read_accept(reader, ')')) {
        uint32_t label;
        if ((statement->input_count && !read_expect(reader, ',')) ||
            !read_label(parser, parser->graph->value_count, &label))
            return false;
        if (statement->input_count == capacity) {
            capacity = capacity ? 2 * capacity : 8;
            statement->inputs =
                arena_grow(reader->scratch, statement->inputs, statement->input_count * sizeof *statement->inputs,
                           capacity * sizeof *statement->inputs);
        }
        statement->inputs[statement->input_count++].id = label;
    }
    return true;
}

static bool read_field(struct parser *parser, struct statement *statement, const char *word) {
    struct reader_state *reader = parser->reader;
    const struct attribute_field *fields = op_info(statement->op)->family->fields;
    int rank = statement->input_count ? graph_value(parser->graph, statement->inputs[0])->shape.rank : 0;
    for (const struct attribute_field *field = fields; field && field->name; field++) {
        if (!attribute_applies(field, statement->op) || strcmp(field->name, word) != 0) continue;
        if (statement->given[field - fields]) return read_error(reader, "attribute '%s' is given twice", word);
        statement->given[field - fields] = true;
        return read_expect(reader, '=') && read_attribute(reader, field, rank, &statement->attributes);
    }
    return read_error(reader, "operator '%s' has no attribute '%s'", op_info(statement->op)->name, word);
}

static bool read_value_names(struct reader_state *reader, struct statement *statement) {
    statement->value_names = ARENA_ARRAY(reader->scratch, char *, statement->result_count);
    for (uint32_t r = 0; r < statement->result_count; r++)
        if ((r && !read_expect(reader, ',')) || !read_string(reader, &statement->value_names[r])) return false;
    return true;
}

static bool read_types(struct reader_state *reader, struct statement *statement) {
    statement->types = ARENA_ARRAY(reader->scratch, struct value, statement->result_count);
    for (uint32_t r = 0; r < statement->result_count; r++)
        if (!read_expect(reader, r ? ',' : ':') || !read_type(reader, &statement->types[r])) return false;
    return true;
}

/* "as", "from" and attributes, up to the colon. */
static bool read_details(struct parser *parser, struct statement *statement) {
    struct reader_state *reader = parser->reader;
    char word[WORD_SIZE];
    const struct attribute_field *fields = op_info(statement->op)->family->fields;
    size_t count = 0;
    while (fields && fields[count].name) count++;
    statement->given = ARENA_ARRAY(reader->scratch, bool, count);
    while (read_peek(reader) != ':') {
        if (!read_word(reader, word)) return false;
        bool ok = strcmp(word, "as") == 0     ? read_value_names(reader, statement)
                  : strcmp(word, "from") == 0 ? read_string(reader, &statement->source_op)
                                              : read_field(parser, statement, word);
        if (!ok) return false;
    }
    return true;
}

/* Aggregates that no default stands for. */
static bool check_given(struct parser *parser, const struct statement *statement) {
    const struct attribute_field *fields = op_info(statement->op)->family->fields;
    struct node node = {.op = statement->op, .attributes = statement->attributes};
    for (const struct attribute_field *field = fields; field && field->name; field++) {
        bool aggregate = field->kind == ATTRIBUTE_SHAPE || field->kind == ATTRIBUTE_PERMUTATION ||
                         field->kind == ATTRIBUTE_INDICES || field->kind == ATTRIBUTE_SLICES ||
                         field->kind == ATTRIBUTE_TABLES || field->kind == ATTRIBUTE_STAIRS;
        if (aggregate && attribute_is_printed(&node, field) && !statement->given[field - fields])
            return read_error(parser->reader, "operator '%s' needs the attribute '%s'", op_info(statement->op)->name,
                              field->name);
    }
    return true;
}

static bool check_spread(struct parser *parser, const struct statement *statement, const struct shape *shape) {
    if (statement->input_count == 0) return true;
    const struct value *operand = graph_value(parser->graph, statement->inputs[0]);
    return shape_spreads(shape, &operand->shape) ||
           read_error(parser->reader, "an attribute does not spread over the operand");
}

static bool check_input_spreads(struct parser *parser, const struct statement *statement) {
    const struct input_attributes *input = &statement->attributes.input;
    if (input->meaning.scale && !shape_spreads(&input->meaning.shape, &statement->types->shape))
        return read_error(parser->reader, "the meaning does not spread over the shape");
    for (uint32_t s = 0; s < input->steps.count; s++)
        if (!shape_spreads(&input->steps.at[s].shape, &statement->types->shape))
            return read_error(parser->reader, "the constants of step %u do not spread over the shape", s);
    return true;
}

/* What spreads over the operand must do so, whatever inference looks at; the formats of functions are a list. */
static bool check_spreads(struct parser *parser, const struct statement *statement) {
    if (statement->op == OP_INPUT) return check_input_spreads(parser, statement);
    for (const struct attribute_field *field = op_info(statement->op)->family->fields; field->name; field++) {
        const void *place = (const char *)&statement->attributes + field->offset;
        bool lookup = field->kind == ATTRIBUTE_TABLES || field->kind == ATTRIBUTE_STAIRS;
        if (!attribute_applies(field, statement->op)) continue;
        if (field->kind == ATTRIBUTE_FORMATS && statement->op != OP_LOOKUP &&
            !check_spread(parser, statement, &((const struct formats *)place)->shape))
            return false;
        if (lookup && !check_spread(parser, statement, &statement->attributes.lookup.shape)) return false;
    }
    return true;
}

/* The type of a constant or an input is among its attributes. */
static bool read_typed(struct parser *parser, struct statement *statement) {
    struct reader_state *reader = parser->reader;
    const struct value *type = statement->types;
    struct constant_attributes *constant = &statement->attributes.constant;
    void *data = NULL;
    if (statement->op == OP_INPUT) {
        statement->attributes.input.shape = type->shape;
        statement->attributes.input.formats = type->formats;
        return (type->kind != VALUE_INDEX && type->kind != VALUE_BOOLEAN) ||
               read_error(reader, "an input is real or has a format");
    }
    if (statement->op != OP_CONSTANT) return true;
    *constant = (struct constant_attributes){.formats = type->formats, .kind = type->kind, .shape = type->shape};
    bool real = type->kind == VALUE_REAL;
    if (!read_elements(reader, &type->shape, real ? sizeof(float) : sizeof(int64_t),
                       real ? read_member_float : read_member_integer, &data))
        return false;
    if (real)
        constant->reals = data;
    else
        constant->integers = data;
    return true;
}

/* Diagnoses of graph_append name nodes; the lines come from here. */
static void add_lines(struct parser *parser, size_t first, int line) {
    struct diagnostics *diag = &parser->graph->context->diagnostics;
    for (size_t i = first; i < diag->count; i++)
        if (!diag->items[i].location.line) diag->items[i].location.line = line;
}

static void declare(struct parser *parser, const struct statement *statement) {
    size_t count = parser->graph->value_count;
    if (count + statement->result_count > parser->capacity) {
        size_t capacity = 2 * parser->capacity + statement->result_count + 64;
        parser->declared = arena_grow(parser->reader->scratch, parser->declared, count * sizeof *parser->declared,
                                      capacity * sizeof *parser->declared);
        parser->capacity = capacity;
    }
    for (uint32_t r = 0; r < statement->result_count; r++)
        parser->declared[count + r] = (struct declared){statement->types[r], statement->line};
}

static bool append(struct parser *parser, const struct statement *statement) {
    struct graph *graph = parser->graph;
    size_t diagnosed = graph->context->diagnostics.count;
    declare(parser, statement);
    valref value = graph_append_with_body(graph, statement->op, statement->name, statement->inputs,
                                          statement->input_count, &statement->attributes, statement->body);
    if (value.id == UINT32_MAX) {
        add_lines(parser, diagnosed, statement->line);
        graph_free(statement->body);
        parser->reader->failed = true;
        return false;
    }
    struct node *node = graph_definition(graph, value);
    node->source_op = arena_strdup(graph->arena, statement->source_op);
    for (uint32_t r = 0; statement->value_names && r < node->result_count; r++)
        if (*statement->value_names[r]) graph_name_value(graph, node_result(node, r), statement->value_names[r]);
    return node->result_count == statement->result_count ||
           read_error(parser->reader, "%u results are named where '%s' has %u", statement->result_count,
                      op_info(statement->op)->name, node->result_count);
}

static bool read_body(struct parser *parser, struct graph **body);

static bool read_node(struct parser *parser) {
    struct reader_state *reader = parser->reader;
    struct statement statement = {.line = reader->line};
    char word[WORD_SIZE];
    do {
        uint32_t expected = parser->graph->value_count + statement.result_count++, label;
        if (!read_label(parser, UINT32_MAX, &label)) return false;
        if (label != expected) return read_error(reader, "%%%u stands where %%%u comes next", label, expected);
    } while (read_accept(reader, ','));
    if (!read_expect(reader, '=') || !read_word(reader, word)) return false;
    if (!op_parse(word, &statement.op)) return read_error(reader, "'%s' is no operator", word);
    return read_operands(parser, &statement) && read_string(reader, &statement.name) &&
           read_details(parser, &statement) && read_types(reader, &statement) && check_given(parser, &statement) &&
           check_spreads(parser, &statement) && read_typed(parser, &statement) && read_body(parser, &statement.body) &&
           append(parser, &statement);
}

static bool read_output(struct parser *parser) {
    struct reader_state *reader = parser->reader;
    char *name, word[WORD_SIZE];
    uint32_t label;
    if (!read_string(reader, &name) || !read_label(parser, parser->graph->value_count, &label)) return false;
    graph_append_output(parser->graph, name, (valref){label});
    if (read_peek(reader) != 'm') return true;
    struct graph_output *output = &parser->graph->outputs[parser->graph->output_count - 1];
    struct meaning meaning = {0};
    if (!read_word(reader, word) || strcmp(word, "meaning") != 0 || !read_expect(reader, '=') ||
        !read_meaning(reader, &meaning))
        return read_error(reader, "an output is followed by meaning=");
    if (!shape_spreads(&meaning.shape, &parser->declared[label].type.shape))
        return read_error(reader, "the meaning does not spread over the output");
    output->meaning = meaning_copy(parser->graph->arena, &meaning);
    return true;
}

/* ---- the whole ---- */

static bool check_type(struct parser *parser, uint32_t id) {
    struct reader_state *reader = parser->reader;
    const struct declared *declared = &parser->declared[id];
    const struct value *said = &declared->type, *found = &parser->graph->values[id];
    reader->line = declared->line;
    if (said->kind != found->kind)
        return read_error(reader, "%%%u is said to be of another kind than inference finds", id);
    if (!shape_equal(&said->shape, &found->shape)) {
        struct strbuf shape = strbuf_new(reader->scratch);
        print_shape(&shape, &found->shape);
        return read_error(reader, "%%%u has the shape %s by inference", id, shape.data);
    }
    size_t count = found->kind == VALUE_INTEGER ? shape_elements(&found->shape) : 0;
    for (size_t e = 0; e < count; e++) {
        struct format stated = said->formats.at[shape_project(&said->shape, e, &said->formats.shape)];
        struct format inferred = graph_format(parser->graph, (valref){id}, e);
        if (format_equal(stated, inferred)) continue;
        struct strbuf text = strbuf_new(reader->scratch);
        format_print(&text, stated);
        strbuf_append(&text, ", but by inference ");
        format_print(&text, inferred);
        return read_error(reader, "element %zu of %%%u is said to be %s", e, id, text.data);
    }
    return true;
}

static bool read_statements(struct parser *parser) {
    struct reader_state *reader = parser->reader;
    char word[WORD_SIZE];
    for (;;) {
        int next = read_peek(reader);
        if (next < 0 || next == '}') return true;
        if (next == '%') {
            if (!read_node(parser)) return false;
            continue;
        }
        if (!read_word(reader, word)) return false;
        if (strcmp(word, "output") != 0)
            return read_error(reader, "'%s' begins no statement; nodes begin with %%, outputs with output", word);
        if (!read_output(parser)) return false;
    }
}

/* Nodes and outputs, then the mark that ends them (0: the text), then types. */
static bool read_graph(struct parser *parser, char closing) {
    graph_open(parser->graph);
    bool complete = read_statements(parser);
    graph_close(parser->graph);
    if (!complete) return false;
    if (closing ? !read_expect(parser->reader, closing) : read_peek(parser->reader) >= 0)
        return read_error(parser->reader, "'}' closes nothing");
    int line = parser->reader->line;
    for (uint32_t id = 0; id < parser->graph->value_count; id++)
        if (!check_type(parser, id)) return false;
    parser->reader->line = line;
    return true;
}

/* body "name" { statements }, or nothing. */
static bool read_body(struct parser *parser, struct graph **body) {
    struct reader_state *reader = parser->reader;
    char word[WORD_SIZE], *name;
    if (read_peek(reader) != 'b') return true;
    if (!read_word(reader, word) || strcmp(word, "body") != 0)
        return read_error(reader, "'%s' is unexpected here", word);
    if (parser->depth == BODY_DEPTH_MAX)
        return read_error(reader, "more than %d bodies stand one within the other", BODY_DEPTH_MAX);
    if (!read_string(reader, &name) || !read_expect(reader, '{')) return false;
    struct graph *graph = graph_new(reader->context, name);
    graph->source = arena_strdup(graph->arena, reader->file);
    struct parser inner = {.reader = reader, .graph = graph, .depth = parser->depth + 1};
    if (read_graph(&inner, '}')) {
        *body = graph;
        return true;
    }
    graph_free(graph);
    return false;
}

/* "bxc graph 1", graph "name", opset N. */
static bool read_header(struct reader_state *reader, char **name, int *opset) {
    static const char magic[] = "bxc graph ";
    char word[WORD_SIZE];
    int64_t number;
    if ((size_t)(reader->end - reader->at) < sizeof magic - 1 || memcmp(reader->at, magic, sizeof magic - 1) != 0)
        return read_error(reader, "this is no graph of bxc: the first line must be 'bxc graph 1'");
    reader->at += sizeof magic - 1;
    if (!read_integer(reader, &number)) return false;
    if (number != 1)
        return read_error(reader, "version %lld of the text form is not known; this is bxc for version 1",
                          (long long)number);
    if (!read_word(reader, word) || strcmp(word, "graph") != 0)
        return read_error(reader, "the second line must be graph \"NAME\"");
    if (!read_string(reader, name)) return false;
    if (read_peek(reader) != 'o') return true;
    const char *start = reader->at;
    if (!read_word(reader, word)) return false;
    if (strcmp(word, "opset") != 0) {
        reader->at = start;
        return true;
    }
    if (!read_integer_between(reader, 0, INT32_MAX, &number)) return false;
    *opset = (int)number;
    return true;
}

struct graph *graph_parse(struct bxc_context *context, const char *file, const char *text, size_t length) {
    struct arena *scratch = arena_new(context);
    struct reader_state reader = {
        .context = context, .scratch = scratch, .file = file, .at = text, .end = text + length, .line = 1};
    struct graph *graph = NULL;
    char *name = NULL;
    int opset = 0;
    if (read_header(&reader, &name, &opset)) {
        graph = graph_new(context, name);
        graph->opset = opset;
        graph->source = arena_strdup(graph->arena, file);
        struct parser parser = {.reader = &reader, .graph = graph};
        if (!read_graph(&parser, 0)) {
            graph_free(graph);
            graph = NULL;
        }
    }
    arena_free(scratch);
    return graph;
}
