/* Inputs and outputs at the line. An input takes over the narrowing behind it, or the codes of the quantiser behind it
 * with their meaning; an output of affine arithmetic that no quantiser ends may leave it to its meaning. */
#include "passes/integerise.h"

#include <math.h>

const struct node *only_reader(const struct graph *graph, valref value) {
    bool output;
    noderef ref = graph_sole_reader(graph, value, &output);
    if (ref.id == UINT32_MAX || output) return NULL;
    const struct node *reader = graph_node(graph, ref);
    return valref_equal(reader->inputs[0], value) ? reader : NULL;
}

bool quantiser_fits_port(const struct graph *graph, const struct node *quantiser, struct arena *arena,
                         struct quantisation *out) {
    const struct quantizer_attributes *attributes = &quantiser->attributes.quantizer;
    const struct shape *shape = &graph_value(graph, quantiser->result)->shape;
    if (quantiser->op != OP_QUANT || !shape_equal(shape, &graph_value(graph, quantiser->inputs[0])->shape) ||
        (attributes->narrow && !attributes->is_signed) || !quantisation_of(graph, quantiser, arena, out))
        return false;
    for (size_t i = 0; i < out->count; i++) {
        float bits = out->parameters[3][i], zero_point = out->parameters[2][i];
        if (floorf(bits) != bits || bits > 32 || (attributes->is_signed && bits < 2) ||
            (attributes->narrow && zero_point != 0))
            return false;
    }
    return true;
}

static int lower_narrow_input(struct integerise *state, const struct node *node, const struct node *reader) {
    const struct quantizer_attributes *narrow = &reader->attributes.quantizer;
    valref port = graph_append_integer_input(state->integer, node->name, node->attributes.input.shape, narrow->formats,
                                             narrow->rounding, narrow->overflow);
    if (port.id == UINT32_MAX) return -1;
    cross_set(state, node, port, NULL, NULL);
    cross_set(state, reader, port, NULL, doubt_of_sums(state, reader, port, NULL));
    return 0;
}

static struct meaning meaning_new(struct integerise *state, const struct shape *shape) {
    size_t count = shape_elements(shape);
    struct arena *arena = state->integer->arena;
    return (struct meaning){*shape, ARENA_ARRAY(arena, double, count), ARENA_ARRAY(arena, double, count)};
}

void meaning_compact(struct meaning *meaning) {
    size_t count = shape_elements(&meaning->shape);
    for (size_t i = 1; i < count; i++)
        if (meaning->scale[i] != meaning->scale[0] || meaning->zero_point[i] != meaning->zero_point[0]) return;
    meaning->shape = (struct shape){0};
}

static struct meaning port_meaning(struct integerise *state, const struct quantisation *q, const struct shape *shape) {
    struct meaning meaning = meaning_new(state, shape);
    for (size_t i = 0; i < q->count; i++) {
        meaning.scale[i] = (double)q->parameters[1][i];
        meaning.zero_point[i] = (double)q->parameters[2][i];
    }
    meaning_compact(&meaning);
    return meaning;
}

/* code - zero point, exactly */
static valref take_zero_points(struct integerise *state, const struct node *reader, const struct quantisation *q,
                               valref port) {
    const struct shape shape = graph_value(state->integer, port)->shape;
    int64_t *zero_points = ARENA_ARRAY(state->scratch, int64_t, q->count);
    struct format *formats = ARENA_ARRAY(state->scratch, struct format, q->count);
    bool any = false;
    for (size_t i = 0; i < q->count; i++) {
        zero_points[i] = (int64_t)q->parameters[2][i];
        formats[i] = format_for((struct interval){zero_points[i], zero_points[i]}, 0);
        any = any || zero_points[i];
    }
    if (!any) return port;
    valref operands[2] = {port, NO_VALUE};
    operands[1] = graph_append_integers(state->integer, arena_printf(state->scratch, "%s.zero_point", reader->name),
                                        shape, formats_compact(state->scratch, &shape, formats), zero_points);
    return graph_append(state->integer, OP_SUB, reader->name, operands, 2, NULL);
}

/* What the model computes with is code - zero point, times the scale. */
static int set_codes(struct integerise *state, const struct node *reader, const struct quantisation *q, valref port) {
    double *scale = ARENA_ARRAY(state->scratch, double, q->count);
    for (size_t i = 0; i < q->count; i++) scale[i] = (double)q->parameters[1][i];
    valref codes = take_zero_points(state, reader, q, port);
    if (codes.id == UINT32_MAX) return -1;
    cross_set(
        state, reader, codes, scale,
        arena_printf(state->program->arena, "'%s' has a scale that is no power of two or a zero point", reader->name));
    return 0;
}

/* The port carries the codes of the quantiser. */
static int lower_code_input(struct integerise *state, const struct node *node, const struct node *reader,
                            const struct quantisation *q) {
    const struct quantizer_attributes *quantizer = &reader->attributes.quantizer;
    const struct shape shape = node->attributes.input.shape;
    struct format *formats = ARENA_ARRAY(state->scratch, struct format, q->count);
    for (size_t i = 0; i < q->count; i++)
        formats[i] = (struct format){quantizer->is_signed, (int16_t)q->parameters[3][i], 0};
    valref port = graph_append_integer_input(state->integer, node->name, shape,
                                             formats_compact(state->scratch, &shape, formats), quantizer->rounding,
                                             quantizer->narrow ? OVERFLOW_SATURATE_SYMMETRIC : OVERFLOW_SATURATE);
    if (port.id == UINT32_MAX) return -1;
    graph_definition(state->integer, port)->attributes.input.meaning = port_meaning(state, q, &shape);
    cross_set(state, node, port, NULL, NULL);
    return set_codes(state, reader, q, port);
}

/* The port carries the codes of a quantiser behind arithmetic with constants, all told by its
 * meaning or its steps. */
static int lower_meant_input(struct integerise *state, const struct node *node, const struct port_quantiser *q) {
    const struct node *reader = graph_definition(state->real, q->nodes[q->node_count - 1]);
    struct format *formats = ARENA_ARRAY(state->scratch, struct format, q->count);
    enum overflow overflow = OVERFLOW_SATURATE;
    for (size_t i = 0; i < q->count; i++) port_quantiser_rule(q, i, &formats[i], &overflow);
    valref port = graph_append_integer_input(state->integer, node->name, q->shape,
                                             formats_compact(state->scratch, &q->shape, formats),
                                             q->node.attributes.quantizer.rounding, overflow);
    if (port.id == UINT32_MAX) return -1;
    struct input_attributes *input = &graph_definition(state->integer, port)->attributes.input;
    input->meaning = meaning_copy(state->integer->arena, &q->meaning);
    input->steps = port_steps_copy(state->integer->arena, &q->port_steps);
    cross_set(state, node, port, NULL, NULL);
    struct quantisation codes = {.node = reader, .count = q->count};
    for (int k = 1; k < 4; k++) codes.parameters[k] = q->parameters[k];
    if (reader->op == OP_QUANT) return set_codes(state, reader, &codes, port);
    cross_set(state, reader, port, NULL, doubt_of_sums(state, reader, port, NULL)); /* for every number: port_codes.c */
    return 0;
}

int cross_input(struct integerise *state, const struct node *node) {
    const struct node *reader = only_reader(state->real, node->result);
    struct quantisation q;
    if (reader && op_narrows(reader->op)) return lower_narrow_input(state, node, reader);
    if (reader && quantiser_fits_port(state->real, reader, state->scratch, &q))
        return lower_code_input(state, node, reader, &q);
    struct port_quantiser meant;
    if (port_quantiser_find(state->real, node->result, state->scratch, &meant) && meant.routes == 1 &&
        !meant.elsewhere && !port_quantiser_refusal(state->program->context, &meant, state->scratch))
        return lower_meant_input(state, node, &meant);
    bool output;
    if (graph_use_count(state->real, node->result, &output) || output)
        return cross_refuse(state, node, "the pass 'ports' gives every input one", "input '%s' has no format",
                            node->name);
    valref port = graph_append_integer_input(state->integer, node->name, node->attributes.input.shape,
                                             formats_uniform(state->scratch, (struct format){0}), ROUND_TRUNCATE,
                                             OVERFLOW_SATURATE);
    if (port.id == UINT32_MAX) return -1;
    cross_set(state, node, port, NULL, NULL);
    program_note(state->program, "integerise", node->name, NAN, "nothing reads this input: it takes no bits");
    return 0;
}

/* ---- outputs ---- */

/* real = m * 2^-f * base scale * gain + offset = (m * 2^-f - zero point) * scale */
static bool affine_meaning(struct integerise *state, const struct lowered *chain, struct meaning *out) {
    const struct shape shape = graph_value(state->integer, chain->base.value)->shape;
    size_t count = shape_elements(&shape);
    *out = meaning_new(state, &shape);
    for (size_t i = 0; i < count; i++) {
        double gain, offset;
        if (!chain_affine(chain, i, &gain, &offset)) return false;
        out->scale[i] = gain * (chain->base.scale ? chain->base.scale[i] : 1);
        out->zero_point[i] = offset == 0 ? 0 : -offset / out->scale[i];
    }
    meaning_compact(out);
    return true;
}

/* Exact arithmetic on the way to an output is worth it where it costs little. */
static bool arithmetic_is_cheap(struct integerise *state, const struct lowered *chain) {
    enum { LUTS_PER_OUTPUT = 40 };
    double cost;
    bool binary32;
    size_t count = shape_elements(&graph_value(state->integer, chain->base.value)->shape);
    return chain_exact_cost(state, chain, &cost, &binary32) && (binary32 || cost <= LUTS_PER_OUTPUT * (double)count);
}

static void append_output(struct integerise *state, const struct graph_output *output, valref value,
                          const struct meaning *meaning) {
    graph_append_output(state->integer, output->name, value);
    if (meaning) state->integer->outputs[state->integer->output_count - 1].meaning = *meaning;
}

static void note_exactness(struct integerise *state, const struct graph_output *output, const char *doubt) {
    if (doubt)
        program_note(state->program, "integerise", output->name, 0, "fixed need not equal binary32 bit for bit: %s",
                     doubt);
    else
        program_note(state->program, "integerise", output->name, 1,
                     "fixed equals the quantised model in binary32 bit for bit, for events on the port's grid: scales "
                     "are powers of two and no sum leaves 24 bits");
}

int cross_output(struct integerise *state, const struct graph_output *output) {
    struct lowered chain = state->lowered[output->value.id];
    struct meaning meaning;
    if (chain.kind == LOWERED_NOT) return -1;
    if (chain.kind == LOWERED_CHAIN && !arithmetic_is_cheap(state, &chain) && affine_meaning(state, &chain, &meaning)) {
        append_output(state, output, chain.base.value, &meaning);
        note_exactness(state, output,
                       chain.base.doubt ? chain.base.doubt
                                        : "the port carries the exact integer in front of the final scaling; its "
                                          "meaning tells scale and zero point");
        return 0;
    }
    struct exact exact;
    if (exact_of(state, output->value, NULL, &exact) < 0) return -1;
    const struct shape shape = graph_value(state->integer, exact.value)->shape;
    if (exact.scale) {
        meaning = meaning_new(state, &shape);
        for (size_t i = 0; i < shape_elements(&shape); i++) meaning.scale[i] = exact.scale[i];
        meaning_compact(&meaning);
    }
    append_output(state, output, exact.value, exact.scale ? &meaning : NULL);
    note_exactness(state, output, exact.doubt);
    return 0;
}
