/* LSTM, GRU, SimpleRNN, one way or both, and layers that are applied to each item. */
#include "frontend/keras/keras.h"

#include <string.h>

/* ---- one direction ---- */

/* "GRU", "QGRU" */
static enum recurrent_kind kind_of(const char *class_name) {
    return text_ends_with(class_name, "LSTM")  ? RECURRENT_LSTM
           : text_ends_with(class_name, "GRU") ? RECURRENT_GRU
                                               : RECURRENT_SIMPLE;
}

static int check_cell(struct keras_reader *reader, const struct keras_layer *layer) {
    static const char *const unread[] = {"stateful", "time_major", "zero_output_for_mask"};
    for (size_t i = 0; i < sizeof unread / sizeof *unread; i++)
        if (keras_flag(layer->config, unread[i], false) && i != 2)
            return keras_error(reader, layer, unread[i], NULL, "a layer with %s is not read", unread[i]);
    if (keras_shape(layer, 0)->rank != 3)
        return keras_error(reader, layer, NULL, NULL, "the input has %d axes and not 3", keras_shape(layer, 0)->rank);
    return 0;
}

static valref constant(const struct keras_layer *layer, const char *part, struct shape shape, const float *values) {
    return layer_reals(&layer->nodes, part, shape, values);
}

/* Kernels and biases; of GRU with reset_after there are two rows of biases, the item's and the state's. */
static int read_weights(struct keras_reader *reader, const struct keras_layer *layer, const struct keras_variable *at,
                        int count, struct recurrent *out) {
    int64_t units = out->units, gates = out->kind == RECURRENT_LSTM ? 4 : out->kind == RECURRENT_GRU ? 3 : 1;
    bool has_bias = keras_flag(layer->config, "use_bias", true);
    struct shape row = {1, {gates * units}};
    const struct shape kernel = {2, {keras_shape(layer, 0)->dim[2], gates * units}},
                       recurrent = {2, {units, gates * units}},
                       bias = out->reset_after ? (struct shape){2, {2, gates * units}} : row;
    if (count != 2 + has_bias || !shape_equal(&at[0].shape, &kernel) || !shape_equal(&at[1].shape, &recurrent) ||
        (has_bias && !shape_equal(&at[2].shape, &bias)))
        return keras_error(reader, layer, NULL, "are these the weights of this very model?",
                           "the weights do not fit %lld units", (long long)units);
    out->kernel = constant(layer, "kernel", kernel, at[0].values);
    out->recurrent_kernel = constant(layer, "recurrent_kernel", recurrent, at[1].values);
    if (!has_bias) return 0;
    out->bias = constant(layer, "bias", row, at[2].values);
    if (out->reset_after) out->recurrent_bias = constant(layer, "recurrent_bias", row, at[2].values + gates * units);
    return 0;
}

/* The states that it begins with, behind its first tensor or named. */
static int read_states(struct keras_reader *reader, const struct keras_layer *layer, struct recurrent *out) {
    valref *states = ARENA_ARRAY(reader->arena, valref, layer->input_count + 3);
    int count = 0, needed = out->kind == RECURRENT_LSTM ? 2 : 1;
    const cJSON *named = keras_member(layer->keywords, "initial_state");
    for (int i = 1; i < layer->input_count; i++) states[count++] = layer->inputs[i];
    if (named && keras_count_tensors(named) <= 2) keras_find_tensors(layer->scope, named, states, &count);
    if (count == 0 && !named) return 0;
    if (count != needed)
        return keras_error(reader, layer, "initial_state", NULL, "it begins with %d states, and needs %d", count,
                           needed);
    out->initial_hidden = states[0];
    if (needed == 2) out->initial_cell = states[1];
    return 0;
}

int keras_recurrent_read(struct keras_reader *reader, const struct keras_layer *layer, const struct keras_variable *at,
                         int count, struct recurrent *out) {
    *out = recurrent_new(kind_of(layer->class_name));
    out->units = (int64_t)keras_number(layer->config, "units", 0);
    if (out->kind != RECURRENT_SIMPLE) out->gates = out->kind == RECURRENT_LSTM ? "ifco" : "zrh";
    out->reset_after = out->kind == RECURRENT_GRU && keras_flag(layer->config, "reset_after", false);
    out->backwards = keras_flag(layer->config, "go_backwards", false);
    if (out->units < 1 || out->units > 1 << 16) return keras_error(reader, layer, "units", NULL, "it has no units");
    if (check_cell(reader, layer) < 0 || read_weights(reader, layer, at, count, out) < 0 ||
        read_states(reader, layer, out) < 0 || keras_gate(reader, layer, "activation", "tanh", &out->candidate) < 0 ||
        keras_gate(reader, layer, "recurrent_activation", "sigmoid", &out->gate) < 0)
        return -1;
    out->output = out->candidate;
    return 0;
}

valref keras_recurrent_append(struct keras_reader *reader, struct keras_layer *layer,
                              const struct recurrent *recurrent) {
    struct recurrent_result result = layer_recurrent(&layer->nodes, recurrent, layer->inputs[0]);
    valref value = keras_flag(layer->config, "return_sequences", false) ? result.sequence : result.hidden;
    if (!keras_flag(layer->config, "return_state", false)) return value;
    layer->result_count = recurrent->kind == RECURRENT_LSTM ? 3 : 2;
    layer->results = arena_copy(reader->arena, (const valref[]){value, result.hidden, result.cell}, 3 * sizeof value);
    return value;
}

valref keras_read_recurrent(struct keras_reader *reader, struct keras_layer *layer) {
    const struct keras_place place = keras_place_inside(reader, layer->place, "cell", NULL);
    struct keras_variables variables;
    struct recurrent recurrent;
    if (keras_variables_read(reader, layer, &place, &variables) < 0 ||
        keras_recurrent_read(reader, layer, variables.at, variables.count, &recurrent) < 0)
        return NO_VALUE;
    return keras_recurrent_append(reader, layer, &recurrent);
}

/* ---- both directions ---- */

/* What is joined of both: the last axis of the sequence, or of the states. */
static valref merge(struct keras_reader *reader, const struct keras_layer *layer, valref forward, valref backward) {
    static const struct {
        const char *name;
        enum op op;
    } modes[] = {{"concat", OP_CONCAT}, {"sum", OP_ADD}, {"mul", OP_MUL}, {"ave", OP_ADD}};
    const char *mode = keras_text(layer->config, "merge_mode");
    const valref sides[2] = {forward, backward};
    if (valref_equal(forward, NO_VALUE) || valref_equal(backward, NO_VALUE)) return NO_VALUE;
    const union attributes axis = {.axis = {.axis = layer_shape(&layer->nodes, forward)->rank - 1}};
    for (size_t i = 0; mode && i < sizeof modes / sizeof *modes; i++) {
        if (strcmp(modes[i].name, mode) != 0) continue;
        bool mean = strcmp(mode, "ave") == 0;
        valref value = layer_node(&layer->nodes, modes[i].op, mean ? "sum" : NULL, sides, 2,
                                  modes[i].op == OP_CONCAT ? &axis : NULL);
        float half = 0.5f;
        if (!mean) return value;
        valref halved[2] = {value, layer_reals(&layer->nodes, "half", (struct shape){0}, &half)};
        return layer_node(&layer->nodes, OP_MUL, NULL, halved, 2, NULL);
    }
    return keras_refuse(reader, layer, "merge_mode", NULL, "merge_mode '%s' is not read", mode ? mode : "None");
}

/* A direction as a layer of its own; side: "forward" or "backward". */
static struct keras_layer direction_of(struct keras_reader *reader, const struct keras_layer *layer, const cJSON *inner,
                                       const char *side) {
    struct keras_layer out = *layer;
    out.class_name = keras_text(inner, "class_name");
    out.config = keras_member(inner, "config");
    out.name = out.nodes.name = arena_printf(reader->arena, "%s.%s", layer->name, side);
    return out;
}

static int read_both(struct keras_reader *reader, const struct keras_layer *layer, struct keras_variables found[2]) {
    if (!reader->by_name) {
        for (int i = 0; i < 2; i++) {
            const struct keras_place place =
                keras_place_inside(reader, layer->place, i ? "backward_layer/cell" : "forward_layer/cell", NULL);
            if (keras_variables_read(reader, layer, &place, &found[i]) < 0) return -1;
        }
        return 0;
    }
    if (keras_variables_read(reader, layer, &layer->place, &found[0]) < 0) return -1;
    found[1].count = found[0].count /= 2; /* those of the backward direction come second */
    for (int i = 0; i < found[1].count; i++) found[1].at[i] = found[0].at[found[0].count + i];
    return 0;
}

valref keras_read_bidirectional(struct keras_reader *reader, struct keras_layer *layer) {
    const cJSON *inner[2] = {keras_member(layer->config, "layer"), keras_member(layer->config, "backward_layer")};
    struct keras_variables variables[2];
    valref values[2];
    if (!inner[1]) inner[1] = inner[0];
    for (int i = 0; i < 2; i++) {
        const struct keras_class *known = inner[i] ? keras_class_of(reader, inner[i]) : NULL;
        if (!known || known->read != keras_read_recurrent)
            return keras_refuse(reader, layer, "layer", NULL, "LSTM, GRU and SimpleRNN are read in both directions");
        if (keras_flag(keras_member(inner[i], "config"), "return_state", false))
            return keras_refuse(reader, layer, "return_state", NULL, "states of both directions are not read");
    }
    if (layer->input_count > 1 || keras_member(layer->keywords, "initial_state"))
        return keras_refuse(reader, layer, "initial_state", NULL, "states to begin with are not read here");
    if (read_both(reader, layer, variables) < 0) return NO_VALUE;
    for (int i = 0; i < 2; i++) {
        struct keras_layer side = direction_of(reader, layer, inner[i], i ? "backward" : "forward");
        struct recurrent recurrent;
        if (keras_recurrent_read(reader, &side, variables[i].at, variables[i].count, &recurrent) < 0) return NO_VALUE;
        if (i && inner[1] == inner[0]) recurrent.backwards = !recurrent.backwards;
        recurrent.sequence_backwards = i == 1;
        struct recurrent_result result = layer_recurrent(&side.nodes, &recurrent, layer->inputs[0]);
        values[i] = keras_flag(side.config, "return_sequences", false) ? result.sequence : result.hidden;
    }
    return merge(reader, layer, values[0], values[1]);
}

/* ---- TimeDistributed ---- */

enum { ITEMS_MAX = 1024 };

/* Layers that do the same for every index of the leading axes by themselves. */
static bool is_by_item(const cJSON *inner) {
    static const char *const names[] = {"Dense",      "QDense",  "ReLU",        "LeakyReLU", "ELU",
                                        "Activation", "Dropout", "QActivation", "Rescaling", "Identity"};
    const char *name = keras_text(inner, "class_name");
    for (size_t i = 0; name && i < sizeof names / sizeof *names; i++)
        if (strcmp(names[i], name) == 0) return true;
    return false;
}

/* Item `number` of axis 1, without that axis. */
static valref item(const struct keras_layer *layer, const char *part, int64_t number) {
    const struct shape *shape = keras_shape(layer, 0);
    struct shape one = {shape->rank - 1, {shape->dim[0]}};
    for (int i = 2; i < shape->rank; i++) one.dim[i - 1] = shape->dim[i];
    valref value =
        layer_slice(&layer->nodes, arena_printf(layer->nodes.arena, "%s.cut", part), layer->inputs[0], 1, number, 1, 1);
    return layer_reshape(&layer->nodes, arena_printf(layer->nodes.arena, "%s.input", part), value, one);
}

static valref with_item_axis(const struct keras_layer *layer, const char *part, valref value) {
    if (valref_equal(value, NO_VALUE)) return value;
    const struct shape *shape = layer_shape(&layer->nodes, value);
    struct shape longer = {shape->rank + 1, {1, 1}};
    for (int i = 1; i < shape->rank; i++) longer.dim[i + 1] = shape->dim[i];
    return layer_reshape(&layer->nodes, arena_printf(layer->nodes.arena, "%s.output", part), value, longer);
}

valref keras_read_time_distributed(struct keras_reader *reader, struct keras_layer *layer) {
    const cJSON *inner = keras_member(layer->config, "layer");
    const struct shape *shape = keras_shape(layer, 0);
    const struct keras_place place = keras_place_inside(reader, layer->place, "layer", NULL);
    if (!inner || shape->rank < 3) return keras_refuse(reader, layer, "layer", NULL, "there is nothing to distribute");
    if (is_by_item(inner)) return keras_layer_read_inner(reader, layer, inner, "layer", place, layer->inputs[0]);
    int64_t count = shape->dim[1];
    if (count > ITEMS_MAX)
        return keras_refuse(reader, layer, NULL, NULL, "%lld items are more than %d", (long long)count, ITEMS_MAX);
    valref *values = ARENA_ARRAY(reader->arena, valref, count);
    for (int64_t i = 0; i < count; i++) {
        const char *part = arena_printf(reader->arena, "item_%lld", (long long)i);
        valref value = item(layer, part, i);
        if (!valref_equal(value, NO_VALUE)) value = keras_layer_read_inner(reader, layer, inner, part, place, value);
        values[i] = with_item_axis(layer, part, value);
        if (valref_equal(values[i], NO_VALUE)) return NO_VALUE;
    }
    const union attributes axis = {.axis = {.axis = 1}};
    return count == 1 ? values[0] : layer_node(&layer->nodes, OP_CONCAT, NULL, values, (uint32_t)count, &axis);
}
