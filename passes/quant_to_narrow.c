/* quant_to_narrow: the model's own quantisers become `narrow` where that is exact.
 *
 * Quant with power-of-two scales, zero point 0 and a whole bit width is rounding to a grid followed by
 * saturation: clamping to whole bounds and rounding commute, and scaling by a power of two makes no
 * error in binary32. Signed narrow-range ones saturate symmetrically. What has no such form stays as it
 * is and becomes a staircase at the line (integerise): other scales, zero points (binary32 rounds the
 * sum with them), one bit signed, unsigned narrow-range. Trunc with power-of-two scales becomes two
 * narrowings and a scaling. Quantised constants become constants on their grid; only those of other
 * scales keep their quantiser, for the scale is known by it alone. */
#include "passes/integerise.h"
#include "ir/ops.h"
#include "passes/table.h"

#include <math.h>

enum { EXACT_WIDTH_MAX = 62 }; /* holds every whole binary32 number that is not silly */

/* The fraction f with scale = 2^-f, or false. */
static bool power_of_two(float scale, int *fraction) {
    int exponent;
    if (!(scale > 0) || isinf(scale) || frexpf(scale, &exponent) != 0.5f) return false;
    *fraction = 1 - exponent;
    return true;
}

static bool whole_bits(float bits) {
    return bits >= 1 && bits <= EXACT_WIDTH_MAX && floorf(bits) == bits;
}

/* The formats of a quantiser with constant scale, zero point and bit width, one an element of the broadcast
 * of these; false when one of them is not exactly a format. */
static bool formats_of_scales(const struct graph *graph, valref scale, valref zero_point, valref bits, bool is_signed,
                              struct arena *arena, struct formats *out) {
    const float *s = graph_reals(graph, scale), *z = graph_reals(graph, zero_point), *b = graph_reals(graph, bits);
    const struct shape *shapes[3] = {&graph_value(graph, scale)->shape, &graph_value(graph, zero_point)->shape,
                                     &graph_value(graph, bits)->shape};
    struct shape shape;
    if (!s || !z || !b || !shape_broadcast(shapes[0], shapes[1], &shape) || !shape_broadcast(&shape, shapes[2], &shape))
        return false;
    size_t count = shape_elements(&shape);
    struct format *formats = ARENA_ARRAY(arena, struct format, count);
    for (size_t i = 0; i < count; i++) {
        float width = b[shape_project(&shape, i, shapes[2])];
        int fraction;
        if (!power_of_two(s[shape_project(&shape, i, shapes[0])], &fraction) || !whole_bits(width) ||
            z[shape_project(&shape, i, shapes[1])] != 0 || (is_signed && width < 2))
            return false;
        formats[i] = (struct format){is_signed, (int16_t)width, (int16_t)fraction};
    }
    *out = formats_compact(arena, &shape, formats);
    return true;
}

static valref append_narrow(struct graph *graph, const char *name, valref operand, struct formats formats,
                            enum rounding rounding, enum overflow overflow) {
    union attributes attributes = {.quantizer = {.rounding = rounding, .overflow = overflow, .formats = formats}};
    return graph_append(graph, OP_NARROW, name, &operand, 1, &attributes);
}

static valref convert_quant(struct graph *graph, const struct node *node, struct arena *scratch) {
    const struct quantizer_attributes *attributes = &node->attributes.quantizer;
    struct formats formats;
    if ((attributes->narrow && !attributes->is_signed) ||
        !formats_of_scales(graph, node->inputs[1], node->inputs[2], node->inputs[3], attributes->is_signed, scratch,
                           &formats))
        return NO_VALUE;
    return append_narrow(graph, node->name, node->inputs[0], formats, attributes->rounding,
                         attributes->narrow ? OVERFLOW_SATURATE_SYMMETRIC : OVERFLOW_SATURATE);
}

/* One number for the whole tensor, or false. */
static bool scalar(const struct graph *graph, valref value, float *out) {
    const float *reals = graph_reals(graph, value);
    if (!reals || shape_elements(&graph_value(graph, value)->shape) != 1) return false;
    *out = reals[0];
    return true;
}

/* What a trunc_quant does when all its scales are powers of two: round half even to `fine`, then by its own
 * mode to `coarse`, then multiply by 2^-shift. */
struct truncation {
    struct format fine, coarse;
    int shift;
};

static bool truncation_of(const struct graph *graph, const struct node *node, struct truncation *out) {
    const struct quantizer_attributes *attributes = &node->attributes.quantizer;
    bool second = node->input_count == 6;
    float scale, zero_point, in_bits, out_bits, out_scale = 0;
    int fraction, out_fraction;
    if (!scalar(graph, node->inputs[1], &scale) || !scalar(graph, node->inputs[2], &zero_point) ||
        !scalar(graph, node->inputs[3], &in_bits) || !scalar(graph, node->inputs[node->input_count - 1], &out_bits) ||
        (second && !scalar(graph, node->inputs[4], &out_scale)))
        return false;
    if (zero_point != 0 || !power_of_two(scale, &fraction) || !whole_bits(in_bits) || !whole_bits(out_bits))
        return false;
    *out = (struct truncation){.fine = {true, EXACT_WIDTH_MAX, (int16_t)fraction}};
    if (!second) {
        out->shift = (int)in_bits - (int)out_bits;
        out->coarse = (struct format){true, EXACT_WIDTH_MAX, (int16_t)(fraction - out->shift)};
        return true;
    }
    if (!power_of_two(out_scale, &out_fraction) || (attributes->narrow && !attributes->is_signed) ||
        (attributes->is_signed && out_bits < 2))
        return false;
    out->coarse = (struct format){attributes->is_signed, (int16_t)out_bits, (int16_t)out_fraction};
    return true;
}

static valref convert_trunc(struct graph *graph, const struct node *node, struct arena *scratch) {
    const struct quantizer_attributes attributes = node->attributes.quantizer;
    struct truncation truncation;
    if (!truncation_of(graph, node, &truncation)) return NO_VALUE;
    const char *name = node->name;
    valref fine = append_narrow(graph, arena_printf(scratch, "%s.grid", name), node->inputs[0],
                                formats_uniform(scratch, truncation.fine), ROUND_HALF_EVEN, OVERFLOW_SATURATE);
    bool symmetric = node->input_count == 6 && attributes.narrow;
    valref coarse = append_narrow(graph, truncation.shift ? arena_printf(scratch, "%s.coarse", name) : name, fine,
                                  formats_uniform(scratch, truncation.coarse), attributes.rounding,
                                  symmetric ? OVERFLOW_SATURATE_SYMMETRIC : OVERFLOW_SATURATE);
    if (truncation.shift == 0) return coarse;
    float factor = ldexpf(1.0f, -truncation.shift);
    valref operands[2] = {
        coarse, graph_append_reals(graph, arena_printf(scratch, "%s.factor", name), (struct shape){0}, &factor)};
    return graph_append(graph, OP_MUL, name, operands, 2, NULL);
}

/* A quantiser of a constant becomes the constant, unless its scale would be lost that the line needs. */
static valref fold_constant(struct graph *graph, const struct node *node, struct arena *scratch) {
    struct quantisation quantisation;
    if (!graph_reals(graph, node->inputs[0]) || !quantisation_of(graph, node, scratch, &quantisation) ||
        quantisation.scale)
        return NO_VALUE;
    const struct shape shape = graph_value(graph, node->result)->shape;
    const float *reals = spread_constant(graph, node->inputs[0], &shape, scratch);
    size_t count = shape_elements(&shape);
    float *folded = ARENA_ARRAY(scratch, float, count);
    for (size_t i = 0; i < count; i++) {
        int64_t code;
        if (!quantisation_code(&quantisation, i, (double)reals[i], &code)) return NO_VALUE;
        folded[i] = (float)fixed_to_real(code, quantisation.formats[i].fraction);
    }
    return graph_append_reals(graph, node->name, shape, folded);
}

static valref convert(struct graph *graph, const struct node *node, struct arena *scratch) {
    valref folded = fold_constant(graph, node, scratch);
    if (folded.id != UINT32_MAX) return folded;
    switch (node->op) {
    case OP_QUANT: return convert_quant(graph, node, scratch);
    case OP_TRUNC_QUANT: return convert_trunc(graph, node, scratch);
    default: return NO_VALUE;
    }
}

int pass_quant_to_narrow(struct program *program, bool *changed) {
    struct graph *graph = program->graph;
    struct arena *scratch = arena_new(program->context);
    size_t errors = program->context->diagnostics.errors;
    uint32_t count = graph->node_count, converted = 0;
    for (uint32_t i = 0; i < count; i++) {
        struct node node = graph->nodes[i];
        if (node.dead || !op_is_quantiser(node.op)) continue;
        valref replacement = convert(graph, &node, scratch);
        if (replacement.id == UINT32_MAX) continue;
        if (graph_value(graph, node.result)->name)
            graph_name_value(graph, replacement, graph_value(graph, node.result)->name);
        graph_node(graph, graph_value(graph, replacement)->definition)->source_op = node.source_op;
        graph_replace(graph, node.result, replacement);
        graph->nodes[i].dead = true;
        converted++;
    }
    arena_free(scratch);
    if (converted) {
        *changed = true;
        graph_compact(graph);
        program_note(program, "quant_to_narrow", NULL, converted, "%u quantisers became exact narrowing or constants",
                     converted);
    }
    return program->context->diagnostics.errors > errors ? -1 : 0;
}
