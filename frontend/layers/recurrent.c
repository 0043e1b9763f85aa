/* Recurrent cells as a `scan` over the steps of a sequence: the formats' gates, in whatever order they stand, are
 * blocks of columns of two matrix products, of the step's item and of the hidden state. */
#include "frontend/layers/layers.h"

#include <string.h>

struct recurrent recurrent_new(enum recurrent_kind kind) {
    struct recurrent recurrent = {.kind = kind, .time_axis = 1};
    recurrent.gates = kind == RECURRENT_LSTM ? "ifco" : kind == RECURRENT_GRU ? "zrh" : "h";
    recurrent.bias = recurrent.recurrent_bias = NO_VALUE;
    recurrent.initial_hidden = recurrent.initial_cell = NO_VALUE;
    for (int gate = 0; gate < PEEPHOLE_COUNT; gate++) recurrent.peepholes[gate] = NO_VALUE;
    recurrent.gate.op = OP_SIGMOID;
    recurrent.candidate.op = recurrent.output.op = OP_TANH;
    recurrent.state.op = recurrent.kept.op = OP_COUNT;
    return recurrent;
}

/* The body while it is made. */
struct cell {
    const struct recurrent *recurrent;
    struct layer layer; /* in the body */
    valref hidden, memory, item, kernel, recurrent_kernel, bias, recurrent_bias, peepholes[PEEPHOLE_COUNT];
};

/* ---- nodes of the body: their names are theirs alone ---- */

static valref node(const struct cell *cell, enum op op, const char *name, const valref *inputs, uint32_t count,
                   const union attributes *attributes) {
    struct layer named = cell->layer;
    named.name = name;
    return layer_node(&named, op, NULL, inputs, count, attributes);
}

static valref both(const struct cell *cell, enum op op, const char *name, valref a, valref b) {
    return node(cell, op, name, (const valref[]){a, b}, 2, NULL);
}

static bool is_given(valref value) {
    return !valref_equal(value, NO_VALUE);
}

static valref sum(const struct cell *cell, const char *name, valref value, valref addend) {
    return is_given(addend) ? both(cell, OP_ADD, name, value, addend) : value;
}

static valref apply(const struct cell *cell, const struct layer_function *function, const char *name, valref value) {
    struct layer named = cell->layer;
    named.name = name;
    return layer_apply(&named, NULL, function, value);
}

/* The block of a gate among the last axis's blocks. */
static valref block(const struct cell *cell, char gate, const char *name, valref whole) {
    if (!is_given(whole)) return NO_VALUE;
    const struct shape *shape = layer_shape(&cell->layer, whole);
    const char *gates = cell->recurrent->gates;
    union attributes attributes = {.slice = {.step = {0}}};
    if (!gates[1]) return whole;
    for (int axis = 0; axis < shape->rank; axis++) {
        attributes.slice.step[axis] = 1;
        attributes.slice.count[axis] = shape->dim[axis];
    }
    attributes.slice.start[shape->rank - 1] = (strchr(gates, gate) - gates) * cell->recurrent->units;
    attributes.slice.count[shape->rank - 1] = cell->recurrent->units;
    return node(cell, OP_SLICE, name, &whole, 1, &attributes);
}

static valref clipped(const struct cell *cell, const char *name, valref value) {
    float clip = cell->recurrent->clip;
    const union attributes attributes = {.activation = {-clip, clip}};
    return clip > 0 ? node(cell, OP_CLIP, name, &value, 1, &attributes) : value;
}

static const char *text(const struct cell *cell, const char *gate, const char *part) {
    return arena_printf(cell->layer.arena, "%s.%s", gate, part);
}

/* function(sum), the sum limited where the cell clips. */
static valref activated(const struct cell *cell, const char *gate, const struct layer_function *function, valref sum) {
    return apply(cell, function, gate, clipped(cell, text(cell, gate, "clip"), sum));
}

static valref one_minus(const struct cell *cell, const char *name, valref value) {
    static const float one = 1;
    struct layer named = cell->layer;
    named.name = text(cell, name, "one");
    return both(cell, OP_SUB, name, layer_reals(&named, NULL, (struct shape){0}, &one), value);
}

/* ---- the cells ---- */

static valref of_item(const struct cell *cell) {
    return sum(cell, "item.bias", both(cell, OP_MATMUL, "item.product", cell->item, cell->kernel), cell->bias);
}

static valref of_hidden(const struct cell *cell) {
    return sum(cell, "hidden.bias", both(cell, OP_MATMUL, "hidden.product", cell->hidden, cell->recurrent_kernel),
               cell->recurrent_bias);
}

static void simple_step(struct cell *cell) {
    valref all = both(cell, OP_ADD, "sum", of_item(cell), of_hidden(cell));
    cell->hidden = activated(cell, "hidden", &cell->recurrent->candidate, all);
}

static valref peeped(const struct cell *cell, enum peephole gate, const char *name, valref sums, valref memory) {
    if (!is_given(cell->peepholes[gate])) return sums;
    return both(cell, OP_ADD, text(cell, name, "peeped"), sums,
                both(cell, OP_MUL, text(cell, name, "peephole"), memory, cell->peepholes[gate]));
}

/* c = f * c + i * g, h = o * output(c); the output gate sees the new c. */
static void lstm_step(struct cell *cell) {
    const struct layer_function *function = &cell->recurrent->gate;
    valref all = both(cell, OP_ADD, "sum", of_item(cell), of_hidden(cell));
    valref in = block(cell, 'i', "in.sum", all), forget;
    in = activated(cell, "in", function, peeped(cell, PEEPHOLE_INPUT, "in", in, cell->memory));
    if (cell->recurrent->input_forget) {
        forget = one_minus(cell, "forget", in);
    } else {
        forget = peeped(cell, PEEPHOLE_FORGET, "forget", block(cell, 'f', "forget.sum", all), cell->memory);
        forget = activated(cell, "forget", function, forget);
    }
    valref candidate = block(cell, 'c', "candidate.sum", all), out = block(cell, 'o', "out.sum", all);
    candidate = activated(cell, "candidate", &cell->recurrent->candidate, candidate);
    cell->memory = both(cell, OP_ADD, "cell", both(cell, OP_MUL, "kept", forget, cell->memory),
                        both(cell, OP_MUL, "taken", in, candidate));
    out = activated(cell, "out", function, peeped(cell, PEEPHOLE_OUTPUT, "out", out, cell->memory));
    cell->hidden = both(cell, OP_MUL, "hidden", out, apply(cell, &cell->recurrent->output, "output", cell->memory));
}

/* The state's part of the candidate where the reset gate acts on the product. */
static valref reset_after(const struct cell *cell, valref reset, valref state) {
    valref own = block(cell, 'h', "candidate.state", state);
    return both(cell, OP_MUL, "reset.state", reset, apply(cell, &cell->recurrent->kept, "candidate.kept", own));
}

/* Where it acts before it. */
static valref reset_before(const struct cell *cell, valref reset) {
    valref kept =
        apply(cell, &cell->recurrent->kept, "reset.kept", both(cell, OP_MUL, "reset.hidden", reset, cell->hidden));
    valref kernel = block(cell, 'h', "candidate.kernel", cell->recurrent_kernel);
    return sum(cell, "candidate.bias", both(cell, OP_MATMUL, "candidate.product", kept, kernel),
               block(cell, 'h', "candidate.recurrent_bias", cell->recurrent_bias));
}

/* h = (1 - z) * candidate + z * h */
static void gru_step(struct cell *cell) {
    const struct recurrent *recurrent = cell->recurrent;
    valref item = of_item(cell), state = of_hidden(cell), gate[2];
    static const char letters[] = "zr", *const names[] = {"update", "reset"};
    for (int g = 0; g < 2; g++) {
        valref part = block(cell, letters[g], text(cell, names[g], "item"), item);
        part = both(cell, OP_ADD, text(cell, names[g], "sum"), part,
                    block(cell, letters[g], text(cell, names[g], "state"), state));
        gate[g] = activated(cell, names[g], g && recurrent->reset ? recurrent->reset : &recurrent->gate, part);
    }
    valref own = recurrent->reset_after ? reset_after(cell, gate[1], state) : reset_before(cell, gate[1]);
    valref candidate = both(cell, OP_ADD, "candidate.sum", block(cell, 'h', "candidate.item", item), own);
    candidate = activated(cell, "candidate", &recurrent->candidate, candidate);
    cell->hidden =
        both(cell, OP_ADD, "hidden", both(cell, OP_MUL, "taken", one_minus(cell, "update.rest", gate[0]), candidate),
             both(cell, OP_MUL, "kept", gate[0], cell->hidden));
}

/* ---- operands ---- */

struct operands {
    valref at[12];
    uint32_t count;
};

/* An input of the body; what is not given is none. */
static valref take(struct cell *cell, struct operands *operands, const char *name, const struct graph *graph,
                   valref value, const struct shape *shape) {
    if (!is_given(value)) return NO_VALUE;
    operands->at[operands->count++] = value;
    return graph_append_input(cell->layer.graph, name, shape ? *shape : graph_value(graph, value)->shape);
}

static valref state_or_zeros(const struct layer *layer, const char *part, valref state, struct shape shape) {
    if (is_given(state)) return state;
    return layer_reals(layer, part, shape, ARENA_ARRAY(layer->arena, float, shape_elements(&shape) + 1));
}

/* Weights are operands that each trip reads whole: one node for all trips. */
static struct operands take_operands(struct cell *cell, const struct layer *layer, valref x, struct shape state,
                                     struct shape item) {
    const struct recurrent *recurrent = cell->recurrent;
    const struct graph *graph = layer->graph;
    static const char *const peepholes[] = {"peephole_i", "peephole_o", "peephole_f"};
    struct operands operands = {.count = 0};
    cell->hidden =
        take(cell, &operands, "h", graph, state_or_zeros(layer, "initial_h", recurrent->initial_hidden, state), &state);
    if (recurrent->kind == RECURRENT_LSTM)
        cell->memory = take(cell, &operands, "c", graph,
                            state_or_zeros(layer, "initial_c", recurrent->initial_cell, state), &state);
    cell->item = take(cell, &operands, "x", graph, x, &item);
    cell->kernel = take(cell, &operands, "kernel", graph, recurrent->kernel, NULL);
    cell->recurrent_kernel = take(cell, &operands, "recurrent_kernel", graph, recurrent->recurrent_kernel, NULL);
    cell->bias = take(cell, &operands, "bias", graph, recurrent->bias, NULL);
    cell->recurrent_bias = take(cell, &operands, "recurrent_bias", graph, recurrent->recurrent_bias, NULL);
    for (int gate = 0; gate < PEEPHOLE_COUNT; gate++)
        cell->peepholes[gate] = take(cell, &operands, peepholes[gate], graph, recurrent->peepholes[gate], NULL);
    return operands;
}

static bool is_shape(const struct layer *layer, valref value, struct shape expected) {
    return !is_given(value) || shape_equal(layer_shape(layer, value), &expected);
}

static bool weights_fit(const struct layer *layer, const struct recurrent *recurrent, int64_t inputs) {
    int64_t units = recurrent->units, columns = units * (int64_t)strlen(recurrent->gates);
    bool fit = is_shape(layer, recurrent->kernel, (struct shape){2, {inputs, columns}}) &&
               is_shape(layer, recurrent->recurrent_kernel, (struct shape){2, {units, columns}}) &&
               is_shape(layer, recurrent->bias, (struct shape){1, {columns}}) &&
               is_shape(layer, recurrent->recurrent_bias, (struct shape){1, {columns}});
    for (int gate = 0; gate < PEEPHOLE_COUNT; gate++)
        fit &= is_shape(layer, recurrent->peepholes[gate], (struct shape){1, {units}});
    return fit;
}

/* ---- the loop ---- */

static const struct recurrent_result nothing = {{UINT32_MAX}, {UINT32_MAX}, {UINT32_MAX}};

static struct recurrent_result append_loop(const struct layer *layer, struct cell *cell, int64_t trips,
                                           const struct operands *operands) {
    const struct recurrent *recurrent = cell->recurrent;
    int64_t axes[] = {recurrent->time_axis, recurrent->time_axis};
    int64_t reversed[] = {recurrent->backwards, recurrent->sequence_backwards};
    bool is_lstm = recurrent->kind == RECURRENT_LSTM;
    const union attributes attributes = {
        .loop = {
            .trips = trips, .carried = is_lstm ? 2 : 1, .sliced = 1, .axes = {2, axes}, .reversed = {2, reversed}}};
    struct graph *body = cell->layer.graph;
    graph_append_output(body, "h", cell->hidden);
    if (is_lstm) graph_append_output(body, "c", cell->memory);
    graph_append_output(body, "sequence", cell->hidden);
    valref made =
        graph_append_with_body(layer->graph, OP_SCAN, layer->name, operands->at, operands->count, &attributes, body);
    if (!is_given(made)) {
        graph_free(body);
        return nothing;
    }
    struct node *loop = graph_definition(layer->graph, made);
    loop->source_op = arena_strdup(layer->graph->arena, layer->source_op);
    return (struct recurrent_result){.hidden = made,
                                     .cell = is_lstm ? node_result(loop, 1) : NO_VALUE,
                                     .sequence = node_result(loop, is_lstm ? 2 : 1)};
}

struct recurrent_result layer_recurrent(const struct layer *layer, const struct recurrent *recurrent, valref x) {
    static void (*const steps[])(struct cell *) = {
        [RECURRENT_SIMPLE] = simple_step, [RECURRENT_GRU] = gru_step, [RECURRENT_LSTM] = lstm_step};
    if (!is_given(x) || !is_given(recurrent->kernel) || !is_given(recurrent->recurrent_kernel)) return nothing;
    const struct shape whole = *layer_shape(layer, x);
    if (whole.rank != 3) {
        layer_refuse(layer, NULL, "a sequence of %d axes, not 3", whole.rank);
        return nothing;
    }
    int64_t batch = whole.dim[1 - recurrent->time_axis], trips = whole.dim[recurrent->time_axis];
    const struct shape item = {2, {batch, whole.dim[2]}}, state = {2, {batch, recurrent->units}};
    if (!weights_fit(layer, recurrent, whole.dim[2]) || !is_shape(layer, recurrent->initial_hidden, state) ||
        !is_shape(layer, recurrent->initial_cell, state)) {
        layer_refuse(layer, NULL, "weights or states do not fit %lld units and %lld inputs",
                     (long long)recurrent->units, (long long)whole.dim[2]);
        return nothing;
    }
    if (trips < 1) {
        layer_refuse(layer, NULL, "a sequence of no steps");
        return nothing;
    }
    struct graph *body = graph_new(layer->graph->context, layer->name);
    body->source = layer->graph->source;
    struct cell cell = {.recurrent = recurrent, .layer = *layer};
    cell.layer.graph = body;
    cell.layer.unique = NULL;
    struct operands operands = take_operands(&cell, layer, x, state, item);
    if (recurrent->state.op != OP_COUNT || recurrent->state.apply)
        cell.hidden = apply(&cell, &recurrent->state, "h.state", cell.hidden);
    steps[recurrent->kind](&cell);
    if (!is_given(cell.hidden)) {
        graph_free(body);
        return nothing;
    }
    return append_loop(layer, &cell, trips, &operands);
}
