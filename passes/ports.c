/* ports: a format and a rounding rule for every input, as a narrowing named "<input>.port" right behind it.
 *
 * Where the format comes from, in this order:
 *   the model's own quantiser, when it is the input's only reader (moved elements allowed). A half-up one leaves its
 *     rounding to the firmware: the port has one fraction bit more and truncates, so that both together round half up
 *     exactly, wraps included. A quantiser whose scale is no power of two needs no port: its codes are the port's.
 *   the user's --input;
 *   calibration: 16 bits a feature, signed even if no event was negative, with integer bits for 1.25 times the largest
 *     magnitude seen, since unseen events reach a little further; half even, saturating;
 *   else fixed<16,6>, half even, saturating, with a warning. */
#include "passes/integerise.h"

#include "passes/table.h"

#include <math.h>
#include <string.h>

enum { PORT_BITS = 16, DEFAULT_INTEGER_BITS = 6 };

struct rule {
    struct formats formats;
    enum rounding rounding;
    enum overflow overflow;
    const char *chosen_by;
};

/* ---- the model's quantiser ---- */

/* The one reader of an input behind operators that only move its elements. */
static const struct node *reader_of(const struct graph *graph, valref value, bool *moved) {
    const struct node *reader = only_reader(graph, value);
    for (*moved = false; reader; *moved = true, reader = only_reader(graph, reader->result))
        if (reader->op != OP_RESHAPE && reader->op != OP_TRANSPOSE && reader->op != OP_SLICE && reader->op != OP_GATHER)
            return reader;
    return NULL;
}

/* Whether truncating to one fraction bit more, then rounding half up, is rounding half up: not where numbers just below
 * the range would already be set to zero, and not without room for the bit. */
static bool leaves_rounding(const struct quantizer_attributes *quantizer) {
    size_t count = shape_elements(&quantizer->formats.shape);
    if (quantizer->rounding != ROUND_HALF_UP || quantizer->overflow == OVERFLOW_SATURATE_ZERO) return false;
    for (size_t i = 0; i < count; i++)
        if (quantizer->formats.at[i].width >= 62) return false;
    return true;
}

static struct rule rule_of_quantiser(struct program *program, const struct node *reader) {
    const struct quantizer_attributes *quantizer = &reader->attributes.quantizer;
    struct rule rule = {formats_copy(program->arena, &quantizer->formats), quantizer->rounding, quantizer->overflow,
                        NULL};
    bool finer = leaves_rounding(quantizer);
    rule.chosen_by =
        arena_printf(program->arena,
                     finer ? "the model's quantiser '%s', which rounds half up in firmware: one fraction bit more"
                           : "the model's quantiser '%s'",
                     reader->name);
    if (shape_elements(&rule.formats.shape) == 1) rule.formats.shape = (struct shape){0};
    if (!finer) return rule;
    rule.rounding = ROUND_TRUNCATE;
    for (size_t i = 0; i < shape_elements(&rule.formats.shape); i++) {
        struct format *format = &rule.formats.at[i];
        if (format->width == 0) continue;
        format->width++;
        format->fraction++;
    }
    return rule;
}

/* ---- --input ---- */

static const struct input_options *option_of(const struct program *program, const char *name) {
    const struct input_options *found = NULL;
    for (uint32_t i = 0; i < program->options->input_count; i++) {
        const struct input_options *option = &program->options->inputs[i];
        if (!option->name && !found) found = option;
        if (option->name && strcmp(option->name, name) == 0) return option;
    }
    return found;
}

static int rule_of_option(struct program *program, const struct node *input, const struct input_options *option,
                          struct rule *out) {
    const struct shape *shape = &input->attributes.input.shape;
    size_t features = shape_elements(shape), given = shape_elements(&option->formats.shape);
    *out = (struct rule){formats_copy(program->arena, &option->formats), ROUND_HALF_EVEN, OVERFLOW_SATURATE,
                         "the user's --input"};
    if (option->rounding >= 0) out->rounding = (enum rounding)option->rounding;
    if (option->overflow >= 0) out->overflow = (enum overflow)option->overflow;
    if (given != 1 && given != features)
        return diag_error(&program->context->diagnostics, graph_location(program->graph, input),
                          "give one format, or one a feature", "input '%s' has %zu features, its option %zu formats",
                          input->name, features, given);
    if (given == 1)
        out->formats = formats_uniform(program->arena, option->formats.at[0]);
    else
        out->formats.shape = *shape;
    return 0;
}

/* "leave the name away for all inputs: 'a', 'b'" */
static const char *known_inputs(const struct program *program) {
    const char *known = "leave the name away for all inputs";
    const char *between = ": ";
    for (uint32_t k = 0; k < program->graph->node_count; k++) {
        if (program->graph->nodes[k].op != OP_INPUT) continue;
        known = arena_printf(program->arena, "%s%s'%s'", known, between, program->graph->nodes[k].name);
        between = ", ";
    }
    return known;
}

static int check_option_names(const struct program *program) {
    int status = 0;
    for (uint32_t i = 0; i < program->options->input_count; i++) {
        const char *name = program->options->inputs[i].name;
        bool known = name == NULL;
        for (uint32_t k = 0; k < program->graph->node_count; k++)
            known =
                known || (program->graph->nodes[k].op == OP_INPUT && strcmp(program->graph->nodes[k].name, name) == 0);
        if (!known)
            status = diag_error(&program->context->diagnostics, (struct location){.file = program->graph->source},
                                known_inputs(program), "the model has no input '%s'", name);
    }
    return status;
}

/* ---- calibration and default ---- */

/* Signed bits in front of the point for 1.25 times this magnitude; at least the sign. */
static int integer_bits(double magnitude) {
    int exponent;
    if (magnitude == 0) return 1;
    (void)frexp(1.25 * magnitude, &exponent);
    return exponent + 1;
}

static int rule_of_calibration(struct program *program, const struct node *input, uint32_t index, struct rule *out) {
    const struct calibration *calibration = &program->calibration;
    const struct shape *shape = &input->attributes.input.shape;
    size_t features = shape_elements(shape);
    double *largest = ARENA_ARRAY(program->arena, double, features);
    for (size_t event = 0; event < calibration->events; event++)
        for (size_t i = 0; i < features; i++) {
            double magnitude = fabs((double)calibration->data[index][event * features + i]);
            if (!isfinite(magnitude))
                return diag_error(&program->context->diagnostics, graph_location(program->graph, input),
                                  "calibrate with finite numbers",
                                  "calibration event %zu, feature %zu of input '%s' is not a finite number", event, i,
                                  input->name);
            if (magnitude > largest[i]) largest[i] = magnitude;
        }
    struct format *formats = ARENA_ARRAY(program->arena, struct format, features);
    for (size_t i = 0; i < features; i++)
        formats[i] = (struct format){true, PORT_BITS, (int16_t)(PORT_BITS - integer_bits(largest[i]))};
    *out = (struct rule){formats_compact(program->arena, shape, formats), ROUND_HALF_EVEN, OVERFLOW_SATURATE, NULL};
    out->chosen_by = arena_printf(
        program->arena, "%zu calibration events, feature by feature: %d bits, 1.25 times the largest magnitude",
        calibration->events, PORT_BITS);
    return 0;
}

static struct rule rule_by_default(struct program *program, const struct node *input) {
    const struct format format = {true, PORT_BITS, PORT_BITS - DEFAULT_INTEGER_BITS};
    diag_warning(&program->context->diagnostics, graph_location(program->graph, input),
                 "give --calibrate EVENTS or --input NAME=fixed<W,I>", "input '%s' has no format: fixed<16,6> is taken",
                 input->name);
    return (struct rule){formats_uniform(program->arena, format), ROUND_HALF_EVEN, OVERFLOW_SATURATE, "default"};
}

/* ---- the pass ---- */

static int choose(struct program *program, const struct node *input, uint32_t index, const struct node *reader,
                  bool moved, struct rule *out) {
    const struct input_options *option = option_of(program, input->name);
    bool uniform =
        reader && reader->op == OP_NARROW && shape_elements(&reader->attributes.quantizer.formats.shape) == 1;
    if (reader && reader->op == OP_NARROW && (!moved || uniform)) {
        *out = rule_of_quantiser(program, reader);
        if (option && option->name)
            diag_warning(&program->context->diagnostics, graph_location(program->graph, input), NULL,
                         "--input %s is not used: the model's quantiser '%s' gives the format", input->name,
                         reader->name);
        return 0;
    }
    if (option) return rule_of_option(program, input, option, out);
    if (program->calibration.events && index < program->calibration.input_count && program->calibration.data[index])
        return rule_of_calibration(program, input, index, out);
    *out = rule_by_default(program, input);
    return 0;
}

static void note_rule(struct program *program, const char *input, const struct rule *rule) {
    struct strbuf text = strbuf_new(program->arena);
    size_t count = shape_elements(&rule->formats.shape);
    for (size_t i = 0; i < count && i < 4; i++) {
        if (i) strbuf_append(&text, " ");
        format_print(&text, rule->formats.at[i]);
    }
    if (count > 4) strbuf_append(&text, " ...");
    program_note(program, "ports", input, NAN, "%s, %s, %s; chosen by %s", text.data, rounding_names[rule->rounding],
                 overflow_names[rule->overflow], rule->chosen_by);
}

static int append_port(struct graph *graph, valref input, const char *name, const struct rule *rule) {
    union attributes attributes = {
        .quantizer = {.rounding = rule->rounding, .overflow = rule->overflow, .formats = rule->formats}};
    valref port = graph_append(graph, OP_NARROW, name, &input, 1, &attributes);
    if (port.id == UINT32_MAX) return -1;
    graph_replace(graph, input, port);
    graph_definition(graph, port)->inputs[0] = input;
    return 0;
}

static int port_of(struct program *program, valref input, uint32_t index, bool *changed) {
    struct graph *graph = program->graph;
    const struct node node = *graph_definition(graph, input);
    struct quantisation codes;
    struct rule rule;
    bool moved, output;
    if (graph_use_count(graph, input, &output) == 0 && !output) return 0;
    const struct node *reader = reader_of(graph, input, &moved);
    if (reader && !moved && quantiser_fits_port(graph, reader, program->arena, &codes)) {
        program_note(program, "ports", node.name, NAN,
                     "codes with scale and zero point; chosen by the model's quantiser '%s'", reader->name);
        return 0;
    }
    if (choose(program, &node, index, reader, moved, &rule) < 0) return -1;
    note_rule(program, node.name, &rule);
    *changed = true;
    return append_port(graph, input, arena_printf(program->arena, "%s.port", node.name), &rule);
}

int pass_ports(struct program *program, bool *changed) {
    const struct value_list inputs = graph_inputs(program->graph, program->arena);
    if (check_option_names(program) < 0) return -1;
    int status = 0;
    for (uint32_t i = 0; i < inputs.count; i++)
        if (port_of(program, inputs.at[i], i, changed) < 0) status = -1;
    graph_compact(program->graph);
    return status;
}
