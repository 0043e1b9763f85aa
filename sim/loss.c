/* Is it still the trained network? The one rule by which a loss counts as explained by the formats, for
 * compile (calibration events) and verify alike.
 *
 * A format of b bits that is well placed resolves its range to 2^-b, and every layer that rounds adds as much
 * again, in quadrature. So the formats explain an error of
 *     64 * sqrt(layers) * 2^-b * (root mean square of the outputs about their mean),
 * b being the bits of the narrowest format that the compiler chose: 64 is for the largest of many numbers, for
 * formats that are not filled, and for features far from 0, whose weights' rounding counts most (examples/jets has
 * 46 at 99 % of its numbers). Nobody's formats explain more than a quarter of the outputs' own spread. A model that came with its quantisers is exact: nothing is
 * explained but the rounding of binary32. What the port's rounding does the float model does too, on the event
 * as the port rounds it: that is explained; a number outside the port's format is not. */
#include <math.h>
#include <string.h>

#include "sim/private.h"

enum { TABLE_BITS = 10, BINARY32_BITS = 22 };
static const double gain = 64, most_of_spread = 0.25;
/* A loss is told as one when unexplained flips are more than this share of the decisions, all flips more than
 * that, events with unexplained errors more than this, or the accuracy lost more than that. */
static const double unexplained_flips = 0.001, all_flips = 0.05, unexplained_events = 0.1, accuracy_loss = 0.01;

const double loss_quantiles[LOSS_QUANTILES] = {0.5, 0.9, 0.99, 0.999};

static bool has_quantisers(const struct graph *graph) {
    for (uint32_t i = 0; i < graph->node_count; i++)
        if (!graph->nodes[i].dead && op_is_quantiser(graph->nodes[i].op))
            return true;
    return false;
}

static bool has_tables(const struct graph *reference, const struct graph *fixed) {
    bool curved = false, table = false;
    for (uint32_t i = 0; i < reference->node_count; i++)
        curved |= op_is_transcendental(reference->nodes[i].op) || reference->nodes[i].op == OP_SOFTMAX;
    for (uint32_t i = 0; i < fixed->node_count; i++)
        table |= fixed->nodes[i].op == OP_TABLE;
    return curved && table;
}

static int widest(const struct graph *graph, valref value) {
    int width = 0;
    for (size_t e = 0, count = value_elements(graph, value); e < count; e++) {
        struct format format = graph_format(graph, value, e);
        width = format.width > width ? format.width : width;
    }
    return width;
}

static bool ends_with(const char *text, const char *end) {
    size_t length = strlen(text), wanted = strlen(end);
    return length >= wanted && !strcmp(text + length - wanted, end);
}

/* Of a constant factor; 0 where there is none, or a sign and a shift. */
static int factor_bits(const struct graph *fixed, const struct node *node) {
    uint32_t slot = graph_integers(fixed, node->inputs[0]) ? 0 : 1;
    int width = graph_integers(fixed, node->inputs[slot]) ? widest(fixed, node->inputs[slot]) : 0;
    return width > 2 ? width : 0;
}

/* The narrowest of the formats that the compiler gave weights and activations. */
static int chosen_bits(const struct graph *fixed) {
    int bits = BINARY32_BITS;
    for (uint32_t i = 0; i < fixed->node_count; i++) {
        const struct node *node = &fixed->nodes[i];
        int width = 0;
        if (node->dead)
            continue;
        if (node->op == OP_MATMUL && graph_integers(fixed, node->inputs[1]))
            width = widest(fixed, node->inputs[1]);
        else if (node->op == OP_MUL)
            width = factor_bits(fixed, node);
        else if (node->op == OP_NARROW && ends_with(node->name, ".narrow"))
            width = widest(fixed, node->result);
        bits = width > 0 && width < bits ? width : bits;
    }
    return bits;
}

/* A model with quantisers of its own gets formats for what functions give; they are part of the table or staircase. */
static int function_bits(const struct graph *fixed) {
    int bits = BINARY32_BITS;
    for (uint32_t i = 0; i < fixed->node_count; i++) {
        const struct node *node = &fixed->nodes[i];
        bool gives = node->op == OP_NARROW || node->op == OP_TABLE || node->op == OP_THRESHOLD;
        if (node->dead || !gives || !ends_with(node->name, ".narrow"))
            continue;
        int width = widest(fixed, node->result);
        bits = width > 0 && width < bits ? width : bits;
    }
    return bits;
}

static int layers_that_round(const struct graph *fixed) {
    int layers = 1;
    for (uint32_t i = 0; i < fixed->node_count; i++)
        layers += !fixed->nodes[i].dead && (fixed->nodes[i].op == OP_MATMUL || fixed->nodes[i].op == OP_TABLE);
    return layers;
}

void loss_allow(struct loss *loss, const struct graph *reference, const struct graph *fixed, double spread, struct arena *arena) {
    bool own = has_quantisers(reference), tables = has_tables(reference, fixed);
    int bits = own ? function_bits(fixed) : chosen_bits(fixed);
    bool functions = own && !tables && bits < BINARY32_BITS;
    if (tables && bits > TABLE_BITS)
        bits = TABLE_BITS;
    loss->allowed = spread * fmin(ldexp(gain * sqrt(layers_that_round(fixed)), -bits), most_of_spread);
    if (functions)
        loss->formats = arena_printf(arena, "the model's own formats, and functions of %d bits,", bits);
    else if (own)
        loss->formats = tables ? "the model's own formats, and tables of 10 bits," : "the model's own formats";
    else
        loss->formats = arena_printf(arena, "formats of %d bits", bits);
}

static const char *share(struct arena *arena, uint64_t part, uint64_t whole) {
    double percent = whole ? 100 * (double)part / (double)whole : 0;
    return arena_printf(arena, percent >= 1 ? "%.1f %%" : "%.2g %%", percent);
}

void loss_judge(struct loss *loss, double accuracy_lost, struct arena *arena) {
    uint64_t flips = loss->flipped_by[LOSS_UNEXPLAINED] + loss->flipped_by[LOSS_PORT_RANGE];
    uint64_t events = loss->beyond_by[LOSS_UNEXPLAINED] + loss->beyond_by[LOSS_PORT_RANGE];
    loss->warning = NULL;
    if ((double)flips > unexplained_flips * (double)loss->decisions)
        loss->warning = arena_printf(arena, "%s of the decisions flipped for a reason other than the formats' rounding",
                                     share(arena, flips, loss->decisions));
    else if ((double)loss->flipped > all_flips * (double)loss->decisions)
        loss->warning = arena_printf(arena, "%s of the decisions flipped: the formats are too coarse for this network",
                                     share(arena, loss->flipped, loss->decisions));
    else if ((double)events > unexplained_events * (double)loss->events)
        loss->warning = arena_printf(arena, "%s of the events are further off than the %.3g that %s explain",
                                     share(arena, events, loss->events), loss->allowed, loss->formats);
    else if (accuracy_lost > accuracy_loss)
        loss->warning = arena_printf(arena, "%.2f points of accuracy are lost", 100 * accuracy_lost);
    loss->explained = loss->warning == NULL;
}
