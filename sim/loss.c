/* Is it still the trained network? The one rule by which a loss counts as explained by the formats, for
 * compile (calibration events) and verify alike.
 *
 * What the formats explain at an event is propagated from where they round (rounding.c). What the port's rounding
 * does the float model does too, on the event as the port rounds it: that is explained as well. A number outside the
 * port's format, or outside one inside the network, is told as that: those formats were chosen for events in which
 * it does not occur. On events of the experiment that is a loss; on random ones, whose features are each drawn by
 * themselves, it says nothing of the network, and no more does a decision that the formats' rounding explains. */
#include <math.h>
#include <string.h>

#include "sim/private.h"
#include "ir/ops.h"

enum { TABLE_BITS = 10, BINARY32_BITS = 22 };
/* A loss is told as one when unexplained flips are more than this share of the decisions, all flips more than
 * that (on made-up events half of what a coin flips, numbers outside formats apart), events with unexplained errors
 * more than this, the error in units of the outputs' spread more than that, or the accuracy lost more than this. */
static const double unexplained_flips = 0.001, all_flips = 0.05, made_up_flips = 0.25, unexplained_events = 0.1,
                    coarse = 0.25, accuracy_loss = 0.01;

const double loss_quantiles[LOSS_QUANTILES] = {0.5, 0.9, 0.99, 0.999};

bool loss_has_quantisers(const struct graph *graph) {
    for (uint32_t i = 0; i < graph->node_count; i++)
        if (!graph->nodes[i].dead && op_is_quantiser(graph->nodes[i].op)) return true;
    return false;
}

double loss_flipped_share(const struct loss *loss) {
    double worst = loss->decisions ? (double)loss->flipped / (double)loss->decisions : 0;
    for (uint32_t o = 0; o < loss->output_count; o++) {
        const struct loss_output *output = &loss->by_output[o];
        double share = output->decisions ? (double)output->flipped / (double)output->decisions : 0;
        worst = share > worst ? share : worst;
    }
    return worst;
}

static bool has_tables(const struct graph *reference, const struct graph *fixed) {
    bool curved = false, table = false;
    for (uint32_t i = 0; i < reference->node_count; i++) curved |= op_is_curved(reference->nodes[i].op);
    for (uint32_t i = 0; i < fixed->node_count; i++) {
        const struct node *node = &fixed->nodes[i];
        table |= op_is_lookup(node->op) && text_ends_with(graph_definition(fixed, node->inputs[0])->name, ".index");
    }
    return curved && table;
}

static int widest(const struct graph *graph, valref value) {
    int width = 0;
    for (size_t e = 0, count = graph_elements(graph, value); e < count; e++) {
        struct format format = graph_format(graph, value, e);
        width = format.width > width ? format.width : width;
    }
    return width;
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
        if (node->dead) continue;
        if (node->op == OP_MATMUL && graph_integers(fixed, node->inputs[1]))
            width = widest(fixed, node->inputs[1]);
        else if (node->op == OP_MUL)
            width = factor_bits(fixed, node);
        else if (op_narrows(node->op) && text_ends_with(node->name, ".narrow"))
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
        if (node->dead || !op_rounds(node->op) || !text_ends_with(node->name, ".narrow")) continue;
        int width = widest(fixed, node->result);
        bits = width > 0 && width < bits ? width : bits;
    }
    return bits;
}

const char *loss_formats(const struct graph *reference, const struct graph *fixed, struct arena *arena) {
    int functions = function_bits(fixed);
    if (!loss_has_quantisers(reference)) return arena_printf(arena, "formats of %d bits", chosen_bits(fixed));
    if (has_tables(reference, fixed)) return "the model's own formats, and tables of 10 bits,";
    if (functions < BINARY32_BITS)
        return arena_printf(arena, "the model's own formats, and functions of %d bits,", functions);
    return "the model's own formats";
}

/* On random events numbers outside the formats are nobody's fault. */
static uint64_t nobodys(const struct loss *loss, const uint64_t *by) {
    return loss->made_up ? by[LOSS_PORT_RANGE] + by[LOSS_RANGE] : 0;
}

/* What no format explains. */
static uint64_t unexplained(const struct loss *loss, const uint64_t *by) {
    return by[LOSS_UNEXPLAINED] + by[LOSS_PORT_RANGE] + by[LOSS_RANGE] - nobodys(loss, by);
}

static uint64_t flips(const struct loss *loss, const struct loss_output *output, bool all) {
    const uint64_t *by = output->flipped_by;
    return all ? output->flipped - nobodys(loss, by) : unexplained(loss, by);
}

static bool is_more(uint64_t part, double share, uint64_t whole) {
    return (double)part > share * (double)whole;
}

/* All outputs together, then each by itself: among many good ones a ruined one is a small share. */
static const char *too_many_flips(const struct loss *loss, bool all, double share, const char *why,
                                  struct arena *arena) {
    struct loss_output whole = {.decisions = loss->decisions, .flipped = loss->flipped};
    memcpy(whole.flipped_by, loss->flipped_by, sizeof whole.flipped_by);
    for (uint32_t o = 0; o <= loss->output_count; o++) {
        const struct loss_output *output = o ? &loss->by_output[o - 1] : &whole;
        uint64_t flipped = flips(loss, output, all), decisions = output->decisions - nobodys(loss, output->flipped_by);
        if (is_more(flipped, share, decisions))
            return arena_printf(arena, "%s of the decisions%s flipped%s",
                                share_words(arena, (double)flipped, (double)decisions),
                                output->name ? arena_printf(arena, " of output '%s'", output->name) : "", why);
    }
    return NULL;
}

void loss_judge(struct loss *loss, double accuracy_lost, struct arena *arena) {
    static const char *const too_coarse = ": the formats are too coarse for this network";
    uint64_t events = unexplained(loss, loss->beyond_by);
    loss->warning =
        too_many_flips(loss, false, unexplained_flips, " for a reason other than the formats' rounding", arena);
    if (!loss->warning && is_more(events, unexplained_events, loss->judged))
        loss->warning = arena_printf(arena, "%s of the events are further off than %s explain",
                                     share_words(arena, (double)events, (double)loss->judged), loss->formats);
    double share = loss->made_up ? made_up_flips : all_flips;
    if (!loss->warning) loss->warning = too_many_flips(loss, true, share, too_coarse, arena);
    if (!loss->warning && !loss->made_up && loss->coarseness > coarse)
        loss->warning = arena_printf(arena, "the error is %s of the spread of %s%s",
                                     share_words(arena, loss->coarseness, 1), loss->coarsest, too_coarse);
    if (!loss->warning && accuracy_lost > accuracy_loss)
        loss->warning = arena_printf(arena, "%s of the accuracy is lost", share_words(arena, accuracy_lost, 1));
    loss->explained = loss->warning == NULL;
}
