/* ports: a format and a rounding rule for every input, as a narrowing named "<input>.port" right behind it.
 *
 * Where the format comes from, in this order:
 *   the user's --input, the last one that is meant for the input;
 *   the model's own quantiser, when all that reads the input sees the same one (port_quantiser.c): behind movements it
 *     is brought in front of them, behind a concatenation each input has its slice (port_concat.c). A half-up one
 * leaves its rounding to the firmware: the port has one fraction bit more and truncates, so that both together round
 * half up exactly, wraps included. One of two codes leaves the codes to the firmware: the port has a bit. A quantiser
 * whose scale is no power of two needs no port: its codes are the port's; so are those behind a normalisation that the
 *     port's meaning, or the model's own steps in the port, tell exactly;
 *   calibration: 16 bits a feature, signed even if no event was negative, with integer bits for 1.25 times the largest
 *     magnitude seen, since unseen events reach a little further; half even, saturating. What calibration cannot judge
 *     is told: features that never moved, and single events that are cut off (seen.c);
 *   else the range of a quantiser behind a normalisation, in 16 bits;
 *   else fixed<16,6>, half even, saturating, with a warning.
 *
 * It runs before quantise, which gives formats to what the ports leave. */
#include "passes/integerise.h"
#include "passes/quantise.h"

#include "passes/table.h"

#include <math.h>
#include <string.h>

enum { PORT_BITS = 16, DEFAULT_INTEGER_BITS = 6, TOLD = 8 };

struct rule {
    struct formats formats;
    enum rounding rounding;
    enum overflow overflow;
    const char *chosen_by;
};

/* ---- the model's quantiser ---- */

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

static bool is_meant(const struct input_options *option, const char *name) {
    return !option->name || strcmp(option->name, name) == 0;
}

enum { RANKS = 3 };

/* The command line goes over the configuration, and a name over none. */
static int rank(const struct input_options *option) {
    return option->configured ? 0 : option->name ? 2 : 1;
}

/* What is asked for an input, field by field; of equals the later one. */
static struct input_options option_of(struct program *program, const char *name) {
    struct input_options found = {.rounding = -1, .overflow = -1};
    for (int r = 0; r < RANKS; r++)
        for (uint32_t i = 0; i < program->options->input_count; i++) {
            const struct input_options *option = &program->options->inputs[i];
            if (!is_meant(option, name) || rank(option) != r) continue;
            program_use_input(program, i);
            if (option->formats.at) found.formats = option->formats;
            if (option->rounding >= 0) found.rounding = option->rounding;
            if (option->overflow >= 0) found.overflow = option->overflow;
        }
    return found;
}

/* Formats that were given for this very input, and that others go over. */
static void warn_of_overruled(const struct program *program, const char *name, const struct input_options *taken) {
    for (uint32_t i = 0; i < program->options->input_count; i++) {
        const struct input_options *option = &program->options->inputs[i];
        if (option->name && is_meant(option, name) && option->formats.at && option->formats.at != taken->formats.at)
            diag_warning(&program->context->diagnostics, (struct location){.file = program->graph->source},
                         "give one format an input",
                         "one of the formats that are given for input '%s' is not used: another goes over it", name);
    }
}

static int rule_of_option(struct program *program, const struct node *input, const struct input_options *option,
                          struct rule *out) {
    const struct shape *shape = &input->attributes.input.shape;
    size_t features = shape_elements(shape), given = shape_elements(&option->formats.shape);
    *out = (struct rule){formats_copy(program->arena, &option->formats), ROUND_HALF_EVEN, OVERFLOW_SATURATE,
                         "the user's --input"};
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

/* "its inputs: 'a', 'b'; a format without a name is for all of them" */
static const char *known_inputs(const struct program *program) {
    const char *known = "its inputs";
    const char *between = ": ";
    for (uint32_t k = 0; k < program->graph->node_count; k++) {
        if (program->graph->nodes[k].op != OP_INPUT) continue;
        known = arena_printf(program->arena, "%s%s'%s'", known, between, program->graph->nodes[k].name);
        between = ", ";
    }
    return arena_printf(program->arena, "%s; a format without a name is for all of them", known);
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

/* Signed bits in front of the point for 1.25 times what was seen; of a feature that never moved at least the default.
 */
static int integer_bits(const struct seen *seen) {
    bool outliers;
    struct real_range range = seen_range(seen, &outliers);
    double magnitude = fmax(fabs(range.lo), fabs(range.hi));
    int exponent = 0;
    if (magnitude > 0) (void)frexp(1.25 * magnitude, &exponent);
    return seen_at_rest(seen) && exponent + 1 < DEFAULT_INTEGER_BITS ? DEFAULT_INTEGER_BITS : exponent + 1;
}

/* All features over all events; NULL and a diagnosis for a number that is none. */
static const struct seen *look_at_events(struct program *program, const struct node *input, const float *data,
                                         size_t features) {
    struct seen *seen = ARENA_ARRAY(program->arena, struct seen, features);
    for (size_t i = 0; i < features; i++) seen[i] = seen_nothing();
    for (size_t event = 0; event < program->calibration.events; event++)
        for (size_t i = 0; i < features; i++) {
            if (!isfinite(data[event * features + i])) {
                diag_error(&program->context->diagnostics, graph_location(program->graph, input),
                           "calibrate with finite numbers",
                           "calibration event %zu, feature %zu of input '%s' is not a finite number", event, i,
                           input->name);
                return NULL;
            }
            seen_include(&seen[i], data[event * features + i]);
        }
    return seen;
}

/* "3 (always 0), 7 (always 1.5)": at most eight. */
static const char *resting_features(struct arena *arena, const struct seen *seen, size_t features, size_t *count) {
    struct strbuf text = strbuf_new(arena);
    *count = 0;
    for (size_t i = 0; i < features; i++) {
        if (!seen_at_rest(&seen[i])) continue;
        if (*count < TOLD) strbuf_printf(&text, "%s%zu (always %g)", *count ? ", " : "", i, seen[i].range.lo);
        if ((*count)++ == TOLD) strbuf_append(&text, " and others");
    }
    return text.data;
}

static const char *cut_features(struct arena *arena, const struct seen *seen, size_t features, size_t *count) {
    struct strbuf text = strbuf_new(arena);
    *count = 0;
    for (size_t i = 0; i < features; i++) {
        bool outliers;
        struct real_range range = seen_range(&seen[i], &outliers);
        if (!outliers) continue;
        if (*count < TOLD)
            strbuf_printf(&text, "%s%zu (%g to %g, nearly always within %g)", *count ? ", " : "", i, seen[i].range.lo,
                          seen[i].range.hi, fmax(fabs(range.lo), fabs(range.hi)));
        if ((*count)++ == TOLD) strbuf_append(&text, " and others");
    }
    return text.data;
}

static void warn_of_unjudged(struct program *program, const struct node *input, const struct seen *seen,
                             size_t features) {
    struct diagnostics *diagnostics = &program->context->diagnostics;
    struct location at = graph_location(program->graph, input);
    size_t resting, cut;
    const char *which = resting_features(program->arena, seen, features, &resting);
    if (resting)
        diag_warning(diagnostics, at,
                     "calibrate with events in which they move, or give their formats in the configuration ('inputs')",
                     "calibration cannot judge %zu of %zu features of input '%s', which never moved: %s", resting,
                     features, input->name, which);
    which = cut_features(program->arena, seen, features, &cut);
    if (cut)
        diag_warning(diagnostics, at,
                     "look at these events; where they are real, give the formats in the configuration ('inputs')",
                     "single calibration events are cut off in %zu of %zu features of input '%s': %s", cut, features,
                     input->name, which);
}

static int rule_of_calibration(struct program *program, const struct node *input, uint32_t index, struct rule *out) {
    const struct calibration *calibration = &program->calibration;
    const struct shape *shape = &input->attributes.input.shape;
    size_t features = shape_elements(shape);
    const struct seen *seen = look_at_events(program, input, calibration->data[index], features);
    if (!seen) return -1;
    warn_of_unjudged(program, input, seen, features);
    struct format *formats = ARENA_ARRAY(program->arena, struct format, features);
    for (size_t i = 0; i < features; i++)
        formats[i] = (struct format){true, PORT_BITS, (int16_t)(PORT_BITS - integer_bits(&seen[i]))};
    *out = (struct rule){formats_compact(program->arena, shape, formats), ROUND_HALF_EVEN, OVERFLOW_SATURATE, NULL};
    out->chosen_by = arena_printf(
        program->arena, "%zu calibration events, feature by feature: %d bits, 1.25 times the largest magnitude",
        calibration->events, PORT_BITS);
    return 0;
}

static struct rule rule_by_default(struct program *program, const struct node *input) {
    const struct format format = {true, PORT_BITS, PORT_BITS - DEFAULT_INTEGER_BITS};
    diag_warning(&program->context->diagnostics, graph_location(program->graph, input),
                 "give --calibrate EVENTS or --input 'NAME=fixed<W,I>'",
                 "input '%s' has no format: fixed<16,6> is taken", input->name);
    return (struct rule){formats_uniform(program->arena, format), ROUND_HALF_EVEN, OVERFLOW_SATURATE, "default"};
}

/* ---- a quantiser behind a normalisation ---- */

/* Signed bits in front of the point for all that the quantiser tells apart. */
static int integer_bits_of_codes(const struct port_quantiser *behind, size_t element) {
    struct format format;
    enum overflow overflow;
    int exponent = 0;
    port_quantiser_rule(behind, element, &format, &overflow);
    double zero_point, scale = meaning_scale(&behind->meaning, &behind->shape, element, &zero_point);
    double lo = ldexp((double)format_min(format), -format.fraction) - zero_point;
    double hi = ldexp((double)format_max(format) + 1, -format.fraction) - zero_point;
    (void)frexp(fmax(fabs(lo * scale), fabs(hi * scale)), &exponent);
    return exponent + 1;
}

/* Whether the quantiser saturates, so that beyond its range nothing can be told apart. */
static bool has_range(const struct port_quantiser *behind) {
    struct format format;
    enum overflow overflow;
    if (!behind->meaning.scale) return false;
    port_quantiser_rule(behind, 0, &format, &overflow);
    return overflow == OVERFLOW_SATURATE || overflow == OVERFLOW_SATURATE_SYMMETRIC;
}

static struct rule rule_of_range(struct program *program, const struct port_quantiser *behind) {
    struct format *formats = ARENA_ARRAY(program->arena, struct format, behind->count);
    for (size_t e = 0; e < behind->count; e++)
        formats[e] = (struct format){true, PORT_BITS, (int16_t)(PORT_BITS - integer_bits_of_codes(behind, e))};
    const char *chosen_by = arena_printf(program->arena, "the range of the model's quantiser '%s' behind '%s': %d bits",
                                         behind->seen->name, behind->steps[0].node->name, PORT_BITS);
    return (struct rule){formats_compact(program->arena, &behind->shape, formats), ROUND_HALF_EVEN, OVERFLOW_SATURATE,
                         chosen_by};
}

/* ---- the pass ---- */

static void warn_of_own_rounding(struct program *program, const struct node *input, const struct node *reader,
                                 const struct input_options *option) {
    if (option->rounding < 0 && option->overflow < 0) return;
    diag_warning(&program->context->diagnostics, graph_location(program->graph, input),
                 "give a format too, and the quantiser stays behind the port",
                 "rounding and overflow of input '%s' are not used: the model's quantiser '%s' gives them", input->name,
                 reader->name);
}

static void override(const struct input_options *option, struct rule *rule) {
    if (option->rounding >= 0) rule->rounding = (enum rounding)option->rounding;
    if (option->overflow >= 0) rule->overflow = (enum overflow)option->overflow;
}

static int choose(struct program *program, const struct node *input, uint32_t index, const struct node *reader,
                  const struct port_quantiser *behind, const struct input_options *option, struct rule *out) {
    if (option->formats.at) {
        warn_of_overruled(program, input->name, option);
        if (rule_of_option(program, input, option, out) < 0) return -1;
        override(option, out);
        return 0;
    }
    if (reader && op_narrows(reader->op)) {
        *out = rule_of_quantiser(program, reader);
        warn_of_own_rounding(program, input, reader, option);
        return 0;
    }
    if (program->calibration.events && index < program->calibration.input_count && program->calibration.data[index]) {
        if (rule_of_calibration(program, input, index, out) < 0) return -1;
    } else
        *out = has_range(behind) ? rule_of_range(program, behind) : rule_by_default(program, input);
    override(option, out);
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
    return 0;
}

static void note_codes(struct program *program, const char *input, const struct node *quantiser, const char *more) {
    program_note(program, "ports", input, NAN,
                 "codes with scale and zero point%s; chosen by the model's quantiser '%s'", more, quantiser->name);
}

/* Whoever feeds the port has it to compute: not for the report alone. Of a bit that is the number's sign there is
 * nothing. */
static void tell_of_arithmetic(struct program *program, const struct node *input, const struct port_quantiser *behind) {
    if (port_quantiser_is_sign(behind)) return;
    const char *what =
        behind->port_steps.count ? "the steps, each rounded to binary32" : "each element's scale and zero point";
    diag_note(
        &program->context->diagnostics, graph_location(program->graph, input),
        arena_printf(program->arena,
                     "interface.json has %s; --input %s=fixed<W,I> keeps the arithmetic "
                     "in the firmware, behind a port of plain numbers",
                     what, input->name),
        "the port of '%s' carries the codes of '%s': what feeds it computes what '%s' and the nodes behind it did",
        input->name, behind->seen->name, behind->steps[0].node->name);
}

static void warn_of_arithmetic(struct program *program, const struct node *input, const struct port_quantiser *behind,
                               const char *refusal) {
    diag_warning(&program->context->diagnostics, graph_location(program->graph, input),
                 "the arithmetic stays in the firmware, behind a port of plain numbers; where that matters, let the "
                 "quantiser round half to even and saturate, with fewer bits, behind constants other than 0",
                 "input '%s' does not carry the codes of the model's quantiser '%s' behind '%s': %s", input->name,
                 behind->seen->name, behind->steps[0].node->name, refusal);
}

enum place { NOWHERE, IN_FRONT, BEHIND_ARITHMETIC, IN_THE_MEANING };

/* Where the quantiser that all readers see stands, once movements are behind it; -1 and a diagnosis. */
static int bring_quantiser(struct program *program, valref input, struct arena *scratch, struct port_quantiser *found,
                           bool *changed) {
    struct graph *graph = program->graph;
    const struct node node = *graph_definition(graph, input);
    if (!port_quantiser_find(graph, input, scratch, found)) {
        *found = (struct port_quantiser){0};
        return NOWHERE;
    }
    const char *refusal =
        found->step_count || found->two_codes ? port_quantiser_refusal(program->context, found, scratch) : NULL;
    if (refusal) {
        warn_of_arithmetic(program, &node, found, refusal);
        return BEHIND_ARITHMETIC;
    }
    if (found->elsewhere || found->routes > 1) {
        *changed = true;
        if (port_quantiser_bring(graph, input, found) < 0) return -1;
    }
    return found->step_count ? IN_THE_MEANING : IN_FRONT;
}

static int port_of(struct program *program, valref input, uint32_t index, struct arena *scratch, bool *changed) {
    struct graph *graph = program->graph;
    const struct node node = *graph_definition(graph, input);
    struct quantisation codes;
    struct rule rule;
    struct port_quantiser found = {0};
    bool output;
    if (graph_use_count(graph, input, &output) == 0 && !output) return 0;
    const struct input_options option = option_of(program, node.name);
    int place = option.formats.at ? NOWHERE : bring_quantiser(program, input, scratch, &found, changed);
    if (place < 0) return -1;
    if (place == IN_THE_MEANING) {
        warn_of_own_rounding(program, &node, found.seen, &option);
        note_codes(program, node.name, found.seen, ", which take over the arithmetic in front of it");
        tell_of_arithmetic(program, &node, &found);
        return 0;
    }
    const struct node *reader = only_reader(graph, input);
    if (!option.formats.at && reader && quantiser_fits_port(graph, reader, program->arena, &codes)) {
        warn_of_own_rounding(program, &node, reader, &option);
        note_codes(program, node.name, reader, "");
        return 0;
    }
    if (choose(program, &node, index, reader, &found, &option, &rule) < 0) return -1;
    note_rule(program, node.name, &rule);
    *changed = true;
    return append_port(graph, input, arena_printf(program->arena, "%s.port", node.name), &rule);
}

int pass_ports(struct program *program, bool *changed) {
    if (check_option_names(program) < 0) return -1;
    struct arena *scratch = arena_new(program->context);
    int status = port_split_concatenations(program, scratch, changed);
    if (status == 0 && *changed) /* what had joined an input is by itself now */
        status = fold_constants(program->graph, changed);
    const struct value_list inputs = status < 0 ? (struct value_list){0} : graph_inputs(program->graph, program->arena);
    for (uint32_t i = 0; i < inputs.count; i++)
        if (port_of(program, inputs.at[i], i, scratch, changed) < 0) status = -1;
    arena_free(scratch);
    graph_compact(program->graph);
    return status;
}
