/* Formats for what the model leaves in float: weights, biases, and the activations that a matrix
 * product, a product of two variables or a table reads. A model with quantisers of its own is taken
 * as it is; only the operands and results of its tables get formats where they have none. */
#include "passes/quantise.h"

#include "ir/ops.h"
#include "ir/quantisation.h"
#include "passes/table.h"
#include "passes/visits.h"

#include <math.h>
#include <string.h>

enum { TABLE_BITS = 10 }; /* index of an activation table at most */

static bool is_port(const struct graph *graph, const struct node *node) {
    return node->op == OP_NARROW && graph_definition(graph, node->inputs[0])->op == OP_INPUT &&
           text_ends_with(node->name, ".port");
}

static bool has_quantisers(const struct graph *graph) {
    for (uint32_t n = 0; n < graph->node_count; n++) {
        const struct node *node = &graph->nodes[n];
        if (!node->dead && op_is_quantiser(node->op) && !is_port(graph, node)) return true;
    }
    return false;
}

/* What takes a format on unchanged: elements go elsewhere, or become 0. The line carries it as a chain. */
static bool is_passed_through(const struct graph *graph, const struct node *node) {
    if (op_is_movement(node->op)) return op_moves_one(node->op);
    return node->op == OP_RELU && graph_value(graph, node->result)->kind == VALUE_REAL;
}

/* Whether the value has a format already, or gets one as an input port. */
static bool has_format(const struct graph *graph, valref value) {
    struct visits parts = {0};
    bool all = true;
    do {
        const struct node *node = graph_definition(graph, value);
        while (is_passed_through(graph, node) || node->op == OP_REDUCE_MAX)
            node = graph_definition(graph, node->inputs[0]);
        if (node->op == OP_CONCAT)
            for (uint32_t i = 0; i < node->input_count; i++) visits_add(&parts, graph, node->inputs[i]);
        else
            all = node->op == OP_INPUT || node->op == OP_CONSTANT || node->op == OP_ARGMAX || op_is_quantiser(node->op);
    } while (all && visits_next(&parts, &value));
    visits_end(&parts);
    return all;
}

static valref narrowed(struct graph *graph, valref value, const char *name, struct formats formats,
                       const struct precision *precision) {
    union attributes attributes = {.quantizer = {.rounding = (enum rounding)precision->rounding,
                                                 .overflow = (enum overflow)precision->overflow,
                                                 .formats = formats}};
    return graph_append(graph, OP_NARROW, name, &value, 1, &attributes);
}

/* Puts a narrow behind the value: every node that reads it reads the narrow. An output is the value itself. */
static int append_narrow(struct graph *graph, valref value, const char *what, struct formats formats,
                         const struct precision *precision) {
    const char *name = arena_printf(graph->arena, "%s.%s", graph_definition(graph, value)->name, what);
    valref narrow = narrowed(graph, value, name, formats, precision);
    if (valref_equal(narrow, NO_VALUE)) return -1;
    graph_put_behind(graph, value, narrow);
    return 0;
}

/* Of channels that never moved the size is a guess, which is told. */
static void note_resting(struct program *program, const struct real_ranges *ranges, valref value) {
    const struct graph *graph = program->graph;
    const struct real_range *range = real_range_of(graph, ranges, value);
    size_t count = shape_elements(&graph_value(graph, value)->shape), resting = 0;
    for (size_t e = 0; e < count; e++) resting += range[e].lo == range[e].hi;
    if (ranges->calibrated && resting)
        program_note(program, "quantise", graph_definition(graph, value)->name, (double)resting,
                     "%zu of %zu numbers never moved in calibration: their formats are guesses", resting, count);
}

/* ---- windows ---- */

/* The axis that no window goes along, which has the channels; -1: several, or none. */
static int other_axis(const struct shape *shape, unsigned windowed) {
    int other = -1;
    for (int axis = 0; axis < shape->rank; axis++) {
        if (windowed >> axis & 1 || shape->dim[axis] == 1) continue;
        if (other >= 0) return -1;
        other = axis;
    }
    return other;
}

/* Numbers around which there is nothing but zeros. */
static bool is_padding(const struct graph *graph, const struct node *node, uint32_t *inner) {
    uint32_t variables = 0;
    for (uint32_t i = 0; i < node->input_count; i++) {
        if (graph_reals(graph, node->inputs[i])) continue;
        *inner = i;
        variables++;
    }
    return node->op == OP_CONCAT && variables == 1;
}

/* From the axes of a window's result to those of its operand. */
static unsigned axes_before(const struct node *window, unsigned axes) {
    int axis = (int)window->attributes.window.axis;
    unsigned kept = (2u << axis) - 1;
    return (axes & kept) | (axes >> 1 & ~kept);
}

/* Windows repeat elements, which have one format wherever they go: that of the value that the first of the windows
 * reads, before it is padded. Without windows the value itself. */
static valref before_windows(const struct graph *graph, valref value, int *channels) {
    const struct node *node = graph_definition(graph, value);
    unsigned windowed = 0;
    uint32_t inner = 0;
    *channels = graph_value(graph, value)->shape.rank - 1;
    while (op_moves_one(node->op) && node->op != OP_WINDOW) node = graph_definition(graph, node->inputs[0]);
    if (node->op != OP_WINDOW) return value;
    for (; node->op == OP_WINDOW || is_padding(graph, node, &inner); node = graph_definition(graph, value)) {
        if (node->op == OP_WINDOW) windowed = axes_before(node, windowed) | 1u << node->attributes.window.axis;
        value = node->inputs[inner];
        inner = 0;
    }
    *channels = other_axis(&graph_value(graph, value)->shape, windowed);
    return value;
}

static int narrow_activation(struct program *program, const struct real_ranges *ranges, valref operand) {
    struct graph *graph = program->graph;
    if (has_format(graph, operand)) return 0;
    int channels;
    valref value = before_windows(graph, operand, &channels);
    struct precision precision =
        layer_precision(program, graph, graph_definition(graph, value), USE_FORMATS | USE_GRANULARITY);
    struct formats formats = formats_for_value(program->arena, &graph_value(graph, value)->shape, channels,
                                               real_range_of(graph, ranges, value), precision.activation_bits,
                                               (enum granularity)precision.granularity);
    note_resting(program, ranges, value);
    return append_narrow(graph, value, "narrow", formats, &precision);
}

/* ---- tables ---- */

/* Beyond these bounds the function changes by less than 2^-10: less than the index's rounding elsewhere, and explained
 * as such (sim/rounding.c). */
static struct real_range useful_range(enum op op, struct real_range range) {
    double bound = op_meaning(op)->settles != 0 ? op_meaning(op)->settles : INFINITY;
    return (struct real_range){fmax(range.lo, -bound), fmin(range.hi, bound)};
}

static struct real_range whole_range(const struct graph *graph, const struct real_ranges *ranges, valref value) {
    size_t count = shape_elements(&graph_value(graph, value)->shape);
    const struct real_range *range = real_range_of(graph, ranges, value);
    struct real_range all = range[0];
    for (size_t e = 1; e < count; e++) {
        all.lo = fmin(all.lo, range[e].lo);
        all.hi = fmax(all.hi, range[e].hi);
    }
    return all;
}

static struct real_range result_range(enum op op, struct real_range seen) {
    const struct real_range *image = op_meaning(op)->image;
    return image && isfinite(image->hi) ? *image : seen;
}

/* Whole numbers are kept as they are: bits that no value needs cost nothing. */
static struct format result_format(enum op op, struct real_range seen, int bits) {
    struct real_range range = result_range(op, seen);
    bool fits = range_exponent(range) < bits - 1;
    return op_meaning(op)->whole && fits ? (struct format){true, (int16_t)bits, 0} : format_for_range(range, bits);
}

/* By the model, or by bxc with so few bits that a table can be had. */
static bool is_quantised(const struct graph *graph, const struct real_ranges *ranges, valref value, int bits) {
    struct visits parts = {0};
    bool all = true;
    do {
        const struct node *node = graph_definition(graph, value);
        while (is_passed_through(graph, node)) node = graph_definition(graph, node->inputs[0]);
        bool own = node->result.id < ranges->value_count && !is_port(graph, node);
        if (node->op == OP_CONCAT)
            for (uint32_t i = 0; i < node->input_count; i++) visits_add(&parts, graph, node->inputs[i]);
        else
            all = op_is_quantiser(node->op) && (own || node->attributes.quantizer.formats.at[0].width <= bits);
    } while (all && visits_next(&parts, &value));
    visits_end(&parts);
    return all;
}

static bool is_output(const struct graph *graph, valref value) {
    for (uint32_t o = 0; o < graph->output_count; o++)
        if (valref_equal(graph->outputs[o].value, value)) return true;
    return false;
}

enum reading { READS_NUMBER, ROUNDS, GOES_ON };

/* Arithmetic with constants goes on to who rounds it. */
static enum reading reading_of(const struct graph *graph, const struct node *reader, valref value) {
    uint32_t slot = 0;
    bool rounds = op_is_quantiser(reader->op),
         goes_on = !rounds && waits_for_quantiser(graph, reader, &slot) && !op_is_transcendental(reader->op);
    if (!valref_equal(reader->inputs[slot], value)) return READS_NUMBER;
    return rounds ? ROUNDS : goes_on ? GOES_ON : READS_NUMBER;
}

/* Whether all that reads a value rounds it by a quantiser in the end, which then sees the function itself. */
static bool all_round(const struct graph *graph, valref value) {
    struct visits visits = {0};
    bool all = true;
    visits_add(&visits, graph, value);
    while (all && visits_next(&visits, &value)) {
        struct reader_list readers = graph_readers(graph, value, visits.arena);
        all = !is_output(graph, value);
        for (uint32_t i = 0; i < readers.count && all; i++) {
            const struct node *reader = graph_node(graph, readers.at[i].node);
            enum reading reading = reading_of(graph, reader, value);
            if (reading == GOES_ON) visits_add(&visits, graph, reader->result);
            all = reading != READS_NUMBER;
        }
    }
    visits_end(&visits);
    return all;
}

static bool rounds(const struct graph *graph, const struct node *reader, valref value) {
    enum reading reading = reading_of(graph, reader, value);
    return reading == ROUNDS || (reading == GOES_ON && all_round(graph, reader->result));
}

static bool codes_have_bits(const struct graph *graph, const struct node *quantiser, int bits, struct arena *arena) {
    struct quantisation q;
    if (!op_is_quantiser(quantiser->op) || !quantisation_of(graph, quantiser, arena, &q)) return false;
    for (size_t e = 0; e < q.count; e++)
        if (q.formats[e].width > bits) return false;
    return true;
}

/* A function of a code of so few bits, whatever arithmetic with constants stands between, has a table of its codes. */
static bool reads_few_codes(const struct graph *graph, valref operand, int bits, struct arena *arena) {
    struct visits parts = {0};
    uint32_t slot;
    bool all = true;
    do {
        const struct node *node = graph_definition(graph, operand);
        while (waits_for_quantiser(graph, node, &slot)) node = graph_definition(graph, node->inputs[slot]);
        if (node->op == OP_CONCAT)
            for (uint32_t i = 0; i < node->input_count; i++) visits_add(&parts, graph, node->inputs[i]);
        else
            all = codes_have_bits(graph, node, bits, arena);
    } while (all && visits_next(&parts, &operand));
    visits_end(&parts);
    return all;
}

/* For the table alone: what the narrowing cuts off, the other readers must see. */
static int narrow_operand(struct program *program, const struct real_ranges *ranges, noderef table, int bits,
                          const struct precision *precision) {
    struct graph *graph = program->graph;
    const struct node node = *graph_node(graph, table);
    valref operand = node.inputs[0];
    struct real_range whole = whole_range(graph, ranges, operand);
    if (is_quantised(graph, ranges, operand, bits) || reads_few_codes(graph, operand, bits, program->arena)) return 0;
    if (all_round(graph, node.result)) {
        if (staircase_is_possible(graph, &node, whole, program->arena)) return 0;
        program_note(
            program, "quantise", node.name, bits,
            "'%s' reads an index of %d bits: what it reads is no monotone function of an integer, or the model's quantiser behind it "
            "wraps, has too many steps or stands behind arithmetic, for an exact staircase",
            node.name, bits);
    }
    struct real_range range = useful_range(node.op, whole);
    const struct formats formats = formats_uniform(program->arena, format_for_range(range, bits));
    valref narrow = narrowed(graph, operand, arena_printf(graph->arena, "%s.index", node.name), formats, precision);
    if (valref_equal(narrow, NO_VALUE)) return -1;
    graph_set_operand(graph, graph_node(graph, table), 0, narrow);
    return 0;
}

/* Readers that round go on reading the function, all others its narrowing. */
static int narrow_result(struct program *program, const struct real_ranges *ranges, noderef table,
                         const struct precision *precision) {
    struct graph *graph = program->graph;
    const struct node node = *graph_node(graph, table);
    if (all_round(graph, node.result)) return 0;
    struct format format = result_format(node.op, whole_range(graph, ranges, node.result), precision->activation_bits);
    const struct formats formats = formats_uniform(program->arena, format);
    valref narrow =
        narrowed(graph, node.result, arena_printf(graph->arena, "%s.narrow", node.name), formats, precision);
    if (valref_equal(narrow, NO_VALUE)) return -1;
    struct reader_list readers = graph_readers(graph, node.result, graph->arena);
    for (uint32_t i = 0; i < readers.count; i++) {
        struct node *reader = graph_node(graph, readers.at[i].node);
        if (!valref_equal(reader->result, narrow) && !rounds(graph, reader, node.result))
            graph_set_operand(graph, reader, readers.at[i].slot, narrow);
    }
    for (uint32_t o = 0; o < graph->output_count; o++)
        if (valref_equal(graph->outputs[o].value, node.result)) graph->outputs[o].value = narrow;
    return 0;
}

/* Of a monotone function that is no curve its operand's own integer decides: floor, sign. */
static bool reads_all_bits(const struct graph *graph, const struct node *node) {
    return !op_is_transcendental(node->op) && step_node_is_monotone(graph, node, 0);
}

static int quantise_function(struct program *program, const struct real_ranges *ranges, noderef ref) {
    struct precision precision = layer_precision(program, program->graph, graph_node(program->graph, ref), USE_FORMATS);
    int bits = precision.activation_bits < TABLE_BITS ? precision.activation_bits : TABLE_BITS;
    if (!reads_all_bits(program->graph, graph_node(program->graph, ref)) &&
        narrow_operand(program, ranges, ref, bits, &precision) < 0)
        return -1;
    return narrow_result(program, ranges, ref, &precision);
}

/* ---- the whole network ---- */

/* Whose operands need formats: a product has as many bits as both together. */
static bool is_product(enum op op) {
    return op == OP_MATMUL || op == OP_MUL || op == OP_DIV;
}

static int quantise_node(struct program *program, const struct real_ranges *ranges, noderef ref, bool own_quantisers) {
    struct graph *graph = program->graph;
    const struct node node = *graph_node(graph, ref);
    if (node.dead || graph_value(graph, node.result)->kind != VALUE_REAL) return 0;
    if (op_is_transcendental(node.op) || op_is_stepped(node.op)) return quantise_function(program, ranges, ref);
    if (own_quantisers) return 0;
    for (uint32_t i = 0; is_product(node.op) && i < node.input_count; i++)
        if (!graph_reals(graph, node.inputs[i]) &&
            narrow_activation(program, ranges, graph_node(graph, ref)->inputs[i]) < 0)
            return -1;
    if (node.op == OP_MATMUL && graph_reals(graph, node.inputs[1])) return quantise_weights(program, ranges, ref);
    return quantise_other_constants(program, ranges, ref);
}

/* first: of the nodes that this pass has made. */
static void warn_without_calibration(const struct program *program, uint32_t first, bool own_quantisers) {
    bool any = false;
    for (uint32_t n = first; n < program->graph->node_count; n++) any |= program->graph->nodes[n].op == OP_NARROW;
    if (program->calibration.events || own_quantisers || !any) return;
    diag_warning(
        &program->context->diagnostics, (struct location){.file = program->graph->source},
        "give events like those of the experiment with --calibrate",
        "no calibration events: activations get %d bits with integer bits from the largest values possible, which wastes most of them",
        program->options->precision.activation_bits);
}

static bool anything_to_do(const struct graph *graph, bool own_quantisers) {
    for (uint32_t n = 0; n < graph->node_count; n++) {
        const struct node *node = &graph->nodes[n];
        if (node->dead || node->op == OP_INPUT || node->op == OP_CONSTANT) continue;
        if (!own_quantisers ? !op_is_movement(node->op) : op_is_transcendental(node->op) || op_is_stepped(node->op))
            return true;
    }
    return false;
}

int pass_quantise(struct program *program, bool *changed) {
    struct graph *graph = program->graph;
    if (fold_constants(graph, changed) < 0) return -1; /* quantisers of constants have become numbers */
    bool own_quantisers = has_quantisers(graph);
    if (!anything_to_do(graph, own_quantisers)) return 0;
    *changed = true;
    if (!own_quantisers && split_batch_norms(program) < 0) return -1;
    struct arena *scratch = arena_new(program->context);
    struct real_ranges ranges;
    int result = real_ranges_find(program, scratch, &ranges);
    if (result == 0 && !own_quantisers && split_inverse_roots(program, &ranges))
        result = real_ranges_find(program, scratch, &ranges);
    uint32_t count = graph->node_count;
    for (uint32_t n = 0; n < count && result == 0; n++)
        result = quantise_node(program, &ranges, (noderef){n}, own_quantisers);
    arena_free(scratch);
    if (result < 0) return -1;
    warn_without_calibration(program, count, own_quantisers);
    graph_compact(graph);
    return 0;
}
