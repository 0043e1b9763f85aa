/* A quantiser behind a concatenation of inputs, with arithmetic by constants between: element by element it is the same
 * in front, once an operand with the operand's slice of all constants, and so each input's port can have its own. */
#include "passes/integerise.h"
#include "ir/geometry.h"
#include "ir/ops.h"

static const struct node *constant_reader(const struct graph *graph, const struct node *node, uint32_t slot,
                                          valref of) {
    if (!shape_equal(&graph_value(graph, node->result)->shape, &graph_value(graph, of)->shape)) return NULL;
    for (uint32_t k = 0; k < node->input_count; k++)
        if (k != slot && !graph_reals(graph, node->inputs[k])) return NULL;
    return node;
}

/* Values that are to be looked at: chains may be longer than a stack is deep. */
struct waiting {
    valref value;
    struct waiting *next;
};

static struct waiting *await(struct arena *arena, valref value, struct waiting *next) {
    struct waiting *waiting = ARENA_NEW(arena, struct waiting);
    *waiting = (struct waiting){value, next};
    return waiting;
}

/* Whether all that reads the value is elementwise with constants, up to quantisers. */
static bool ends_in_quantisers(const struct graph *graph, valref value, struct arena *scratch) {
    struct waiting *waiting = await(scratch, value, NULL);
    while (waiting) {
        bool output;
        value = waiting->value;
        waiting = waiting->next;
        if (graph_use_count(graph, value, &output) == 0 || output) return false;
        const struct reader_list readers = graph_readers(graph, value, scratch);
        for (uint32_t i = 0; i < readers.count; i++) {
            const struct node *node = graph_node(graph, readers.at[i].node);
            uint32_t k = readers.at[i].slot;
            bool quantiser = op_is_quantiser(node->op), step = op_is_affine(node->op);
            bool first_only = quantiser || op_meaning(node->op)->first_only;
            if (!constant_reader(graph, node, k, value) || !(quantiser || step) || (k > 0 && first_only)) return false;
            if (step) waiting = await(scratch, node->result, waiting);
        }
    }
    return true;
}

static bool any_comes_from_input(const bool *from_input, const struct node *concat) {
    for (uint32_t i = 0; i < concat->input_count; i++)
        if (from_input[concat->inputs[i].id]) return true;
    return false;
}

static bool comes_from_input(const struct graph *graph, const bool *from_input, const struct node *node) {
    if (node->op == OP_INPUT) return true;
    if (node->op == OP_CONCAT) return any_comes_from_input(from_input, node);
    if (op_is_movement(node->op)) return from_input[node->inputs[0].id];
    if (!op_is_affine(node->op)) return false;
    uint32_t slot = graph_reals(graph, node->inputs[0]) ? 1 : 0;
    return constant_reader(graph, node, slot, node->inputs[slot]) && from_input[node->inputs[slot].id];
}

/* By value: whether movements and arithmetic with constants alone stand between an input and some of it. */
static const bool *those_from_inputs(const struct graph *graph, struct arena *scratch) {
    bool *from_input = ARENA_ARRAY(scratch, bool, graph->value_count + 1);
    for (uint32_t n = 0; n < graph->node_count; n++)
        if (!graph->nodes[n].dead)
            from_input[graph->nodes[n].result.id] = comes_from_input(graph, from_input, &graph->nodes[n]);
    return from_input;
}

/* ---- one reader in front ---- */

struct split {
    struct graph *graph;
    struct arena *scratch;
    struct node concat, reader; /* copies: appending moves nodes */
    const struct movement *map;
    uint32_t slot; /* the reader's operand that is the concatenation */
};

/* Channels of batch normalisation run along axis 1. */
static valref slice_channels(const struct split *split, uint32_t operand, uint32_t slot) {
    if (split->concat.attributes.axis.axis != 1) return split->reader.inputs[slot];
    int64_t first = 0;
    for (uint32_t i = 0; i < operand; i++) first += graph_value(split->graph, split->concat.inputs[i])->shape.dim[1];
    const struct shape shape = {1, {graph_value(split->graph, split->concat.inputs[operand])->shape.dim[1]}};
    return graph_append_reals(split->graph, arena_printf(split->scratch, "%s.%u.%u", split->reader.name, operand, slot),
                              shape, graph_reals(split->graph, split->reader.inputs[slot]) + first);
}

static valref slice_constant(const struct split *split, uint32_t operand, uint32_t slot) {
    struct graph *graph = split->graph;
    valref constant = split->reader.inputs[slot];
    if (op_meaning(split->reader.op)->by_channel) return slice_channels(split, operand, slot);
    if (graph_elements(graph, constant) == 1) return constant;
    const struct shape shape = graph_value(graph, split->concat.inputs[operand])->shape;
    const float *spread =
        spread_constant(graph, constant, &graph_value(graph, split->concat.result)->shape, split->scratch);
    float *own = ARENA_ARRAY(split->scratch, float, shape_elements(&shape));
    for (size_t i = 0; i < graph_elements(graph, split->concat.result); i++)
        if (split->map[i].operand == operand) own[split->map[i].element] = spread[i];
    return graph_append_reals(graph, arena_printf(split->scratch, "%s.%u.%u", split->reader.name, operand, slot), shape,
                              own);
}

static struct formats slice_formats(const struct split *split, uint32_t operand) {
    const struct graph *graph = split->graph;
    const struct formats *formats = &split->reader.attributes.quantizer.formats;
    const struct shape *shape = &graph_value(graph, split->concat.inputs[operand])->shape;
    struct format *own = ARENA_ARRAY(split->scratch, struct format, shape_elements(shape));
    for (size_t i = 0; i < graph_elements(graph, split->concat.result); i++)
        if (split->map[i].operand == operand)
            own[split->map[i].element] =
                formats->at[shape_project(&graph_value(graph, split->concat.result)->shape, i, &formats->shape)];
    return formats_compact(split->scratch, shape, own);
}

static valref append_slice(const struct split *split, uint32_t operand) {
    const struct node *reader = &split->reader;
    union attributes attributes = reader->attributes;
    valref *operands = ARENA_ARRAY(split->scratch, valref, reader->input_count);
    for (uint32_t k = 0; k < reader->input_count; k++)
        operands[k] = k == split->slot ? split->concat.inputs[operand] : slice_constant(split, operand, k);
    if (op_narrows(reader->op)) attributes.quantizer.formats = slice_formats(split, operand);
    valref result = graph_append(split->graph, reader->op, arena_printf(split->scratch, "%s.%u", reader->name, operand),
                                 operands, reader->input_count, &attributes);
    if (result.id != UINT32_MAX) graph_definition(split->graph, result)->source_op = reader->source_op;
    return result;
}

/* The concatenation of what the reader makes of each operand, in the reader's place. */
static valref split_reader(const struct split *split) {
    struct graph *graph = split->graph;
    valref *operands = ARENA_ARRAY(split->scratch, valref, split->concat.input_count);
    for (uint32_t i = 0; i < split->concat.input_count; i++)
        if ((operands[i] = append_slice(split, i)).id == UINT32_MAX) return NO_VALUE;
    valref joined = graph_append(graph, OP_CONCAT, split->reader.name, operands, split->concat.input_count,
                                 &split->concat.attributes);
    if (joined.id == UINT32_MAX) return NO_VALUE;
    graph_name_value(graph, joined, graph_value(graph, split->reader.result)->name);
    graph_definition(graph, joined)->source_op = split->concat.source_op;
    graph_definition(graph, split->reader.result)->dead = true;
    graph_replace(graph, split->reader.result, joined);
    return joined;
}

/* Up to the quantisers. */
static int split_readers(struct graph *graph, struct arena *scratch, valref concat) {
    struct waiting *waiting = await(scratch, concat, NULL);
    while (waiting) {
        concat = waiting->value;
        waiting = waiting->next;
        struct split split = {graph, scratch, .concat = *graph_definition(graph, concat)};
        split.map = movement_map(graph, &split.concat, scratch);
        const struct reader_list readers = graph_readers(graph, concat, scratch);
        for (uint32_t i = 0; i < readers.count; i++) {
            split.reader = *graph_node(graph, readers.at[i].node);
            split.slot = readers.at[i].slot;
            valref joined = split_reader(&split);
            if (joined.id == UINT32_MAX) return -1;
            if (!op_is_quantiser(split.reader.op)) waiting = await(scratch, joined, waiting);
        }
        graph_definition(graph, concat)->dead = true; /* nobody reads it any more */
    }
    return 0;
}

int port_split_concatenations(struct program *program, struct arena *scratch, bool *changed) {
    struct graph *graph = program->graph;
    const uint32_t count = graph->node_count;
    const bool *from_input = those_from_inputs(graph, scratch);
    for (uint32_t n = count; n-- > 0;) { /* the outer one first: what is split changes readers, no operand before it */
        const struct node *node = &graph->nodes[n];
        if (node->dead || node->op != OP_CONCAT || !any_comes_from_input(from_input, node) ||
            !ends_in_quantisers(graph, node->result, scratch))
            continue;
        *changed = true;
        if (split_readers(graph, scratch, node->result) < 0) return -1;
    }
    return 0;
}
