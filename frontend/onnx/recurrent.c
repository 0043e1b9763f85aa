/* LSTM, GRU and RNN. W is [directions, gates * units, inputs], R [directions, gates * units, units], B [directions,
 * 2 * gates * units] with the item's biases before the state's, P [directions, 3 * units] in the order i, o, f. */
#include "frontend/onnx/calls.h"

#include <math.h>
#include <string.h>
#include <strings.h>

enum operand { OPERAND_X, OPERAND_W, OPERAND_R, OPERAND_B, OPERAND_LENS, OPERAND_H, OPERAND_C, OPERAND_P };

/* ---- functions of the gates, by name ---- */

struct scaling {
    float alpha, beta;
};

static valref scaled(const struct layer *layer, const char *part, enum op op, valref x, float number) {
    valref constant = layer_reals(layer, arena_printf(layer->arena, "%s.number", part), (struct shape){0}, &number);
    return layer_node(layer, op, part, (const valref[]){x, constant}, 2, NULL);
}

/* alpha * x + beta */
static valref affine(const struct layer *layer, const char *part, valref x, const void *user) {
    const struct scaling *by = user;
    (void)part;
    return scaled(layer, "offset", OP_ADD, scaled(layer, "scaled", OP_MUL, x, by->alpha), by->beta);
}

/* alpha * tanh(beta * x) */
static valref scaled_tanh(const struct layer *layer, const char *part, valref x, const void *user) {
    const struct scaling *by = user;
    (void)part;
    x = scaled(layer, "argument", OP_MUL, x, by->beta);
    return scaled(layer, "scaled", OP_MUL, layer_node(layer, OP_TANH, "tanh", &x, 1, NULL), by->alpha);
}

static const struct gate_function {
    const char *name;
    enum op op;
    valref (*apply)(const struct layer *, const char *, valref, const void *);
    bool has_alpha, has_beta;
    float alpha, beta; /* where the model says none */
} gate_functions[] = {
    {"Relu", OP_RELU, NULL, false, false, 0, 0},
    {"Tanh", OP_TANH, NULL, false, false, 0, 0},
    {"Sigmoid", OP_SIGMOID, NULL, false, false, 0, 0},
    {"Softsign", OP_SOFTSIGN, NULL, false, false, 0, 0},
    {"Softplus", OP_SOFTPLUS, NULL, false, false, 0, 0},
    {"LeakyRelu", OP_LEAKY_RELU, NULL, true, false, 0.01f, 0},
    {"ThresholdedRelu", OP_THRESHOLDED_RELU, NULL, true, false, 1, 0},
    {"Elu", OP_ELU, NULL, true, false, 1, 0},
    {"HardSigmoid", OP_HARD_SIGMOID, NULL, true, true, 0.2f, 0.5f},
    {"Affine", OP_COUNT, affine, true, true, 1, 0},
    {"ScaledTanh", OP_COUNT, scaled_tanh, true, true, 1, 1},
};

static const struct gate_function *gate_function_find(const char *name) {
    for (size_t i = 0; i < sizeof gate_functions / sizeof *gate_functions; i++)
        if (!strcasecmp(gate_functions[i].name, name)) return &gate_functions[i];
    return NULL;
}

/* Numbers for functions, taken in their order by those that have some. */
struct numbers {
    const float *alpha, *beta;
    size_t alphas, betas, alphas_taken, betas_taken;
};

static struct layer_function make_function(struct onnx_reader *reader, const struct gate_function *function,
                                           struct numbers *numbers) {
    struct scaling *by = ARENA_NEW(reader->arena, struct scaling);
    *by = (struct scaling){function->alpha, function->beta};
    if (function->has_alpha && numbers->alphas_taken < numbers->alphas)
        by->alpha = numbers->alpha[numbers->alphas_taken++];
    if (function->has_beta && numbers->betas_taken < numbers->betas) by->beta = numbers->beta[numbers->betas_taken++];
    return (struct layer_function){
        .op = function->op, .alpha = by->alpha, .beta = by->beta, .apply = function->apply, .user = by};
}

/* The functions of all directions, in order; -1 after a diagnosis. Absent: the defaults of the layer. */
static int read_functions(struct onnx_reader *reader, const struct operation *operation,
                          struct layer_function *const *at, size_t count) {
    struct numbers numbers = {0};
    size_t given;
    const char **names = attribute_texts(reader, operation, "activations", &given);
    numbers.alpha = attribute_reals(reader, operation, "activation_alpha", &numbers.alphas);
    numbers.beta = attribute_reals(reader, operation, "activation_beta", &numbers.betas);
    if (given == SIZE_MAX || numbers.alphas == SIZE_MAX || numbers.betas == SIZE_MAX) return -1;
    if (given && given != count) {
        onnx_refuse(reader, operation, NULL, "%zu activations, not %zu", given, count);
        return -1;
    }
    for (size_t i = 0; i < given; i++) {
        const struct gate_function *function = gate_function_find(names[i]);
        if (!function) {
            onnx_refuse(reader, operation, NULL, "activation '%s' is none of ONNX's for recurrent operators", names[i]);
            return -1;
        }
        *at[i] = make_function(reader, function, &numbers);
    }
    if (numbers.alphas_taken == numbers.alphas && numbers.betas_taken == numbers.betas) return 0;
    onnx_refuse(reader, operation, NULL, "activation_alpha and activation_beta hold more numbers than functions take");
    return -1;
}

/* ---- the operator ---- */

struct directions {
    int count;
    bool first_backwards;
    struct recurrent at[2];
};

struct sizes {
    int64_t steps, units, inputs, columns; /* columns: gates * units */
    int time_axis;                         /* layout: 0 or 1 */
};

static struct tensor *operand(const struct operation *operation, uint32_t index) {
    return index < operation->input_count ? operation->inputs[index] : NULL;
}

static int refuse_operand(struct onnx_reader *reader, const struct operation *operation, const char *what) {
    onnx_refuse(reader, operation, NULL, "the shape of %s does not go with the others", what);
    return -1;
}

static int check_operand_shape(struct onnx_reader *reader, const struct operation *operation, uint32_t index,
                               const char *what, struct shape expected) {
    const struct tensor *tensor = operand(operation, index);
    if (!tensor || shape_equal(&tensor->shape, &expected)) return 0;
    return refuse_operand(reader, operation, what);
}

static int check_lengths(struct onnx_reader *reader, const struct operation *operation, int64_t steps) {
    size_t count;
    if (!operand(operation, OPERAND_LENS)) return 0;
    const int64_t *lengths = static_integers(reader, operation, OPERAND_LENS, "sequence lengths", &count);
    if (!lengths) return -1;
    for (size_t i = 0; i < count; i++)
        if (lengths[i] != steps) {
            onnx_refuse(reader, operation, "give all sequences the whole length", "a sequence of %lld steps of %lld",
                        (long long)lengths[i], (long long)steps);
            return -1;
        }
    return 0;
}

static int read_sizes(struct onnx_reader *reader, const struct operation *operation, const struct directions *all,
                      struct sizes *sizes) {
    const struct tensor *x = operation->inputs[OPERAND_X], *r = operation->inputs[OPERAND_R];
    int64_t layout = attribute_integer(reader, operation, "layout", 0), gates = (int64_t)strlen(all->at[0].gates);
    if (layout != 0 && layout != 1) {
        onnx_refuse(reader, operation, NULL, "layout %lld is neither 0 nor 1", (long long)layout);
        return -1;
    }
    if (x->shape.rank != 3 || r->shape.rank != 3) return refuse_operand(reader, operation, "X or R");
    *sizes = (struct sizes){.time_axis = (int)layout, .units = r->shape.dim[2], .inputs = x->shape.dim[2]};
    sizes->steps = x->shape.dim[sizes->time_axis];
    sizes->columns = gates * sizes->units;
    if (attribute_integer(reader, operation, "hidden_size", sizes->units) != sizes->units)
        return refuse_operand(reader, operation, "R, or hidden_size,");
    if (refuse_batch_axis(reader, operation, x, sizes->time_axis) < 0 ||
        refuse_batch_axis(reader, operation, x, 2) < 0 || refuse_whole(reader, operation, x) < 0)
        return -1;
    const int64_t batch = x->shape.dim[1 - sizes->time_axis], columns = sizes->columns, units = sizes->units;
    struct shape state = {3, {all->count, batch, units}};
    if (layout) state = (struct shape){3, {batch, all->count, units}};
    return check_operand_shape(reader, operation, OPERAND_W, "W",
                               (struct shape){3, {all->count, columns, sizes->inputs}}) < 0 ||
                   check_operand_shape(reader, operation, OPERAND_R, "R",
                                       (struct shape){3, {all->count, columns, units}}) < 0 ||
                   check_operand_shape(reader, operation, OPERAND_B, "B",
                                       (struct shape){2, {all->count, 2 * columns}}) < 0 ||
                   check_operand_shape(reader, operation, OPERAND_H, "initial_h", state) < 0 ||
                   check_operand_shape(reader, operation, OPERAND_C, "initial_c", state) < 0 ||
                   check_operand_shape(reader, operation, OPERAND_P, "P", (struct shape){2, {all->count, 3 * units}}) <
                       0 ||
                   check_lengths(reader, operation, sizes->steps) < 0
               ? -1
               : 0;
}

static int read_direction(struct onnx_reader *reader, const struct operation *operation, struct directions *all) {
    const char *name = attribute_text(reader, operation, "direction");
    if (!name) name = "forward";
    all->count = strcmp(name, "bidirectional") ? 1 : 2;
    all->first_backwards = !strcmp(name, "reverse");
    if (all->count == 2 || all->first_backwards || !strcmp(name, "forward")) return 0;
    onnx_refuse(reader, operation, NULL, "direction '%s' is not forward, reverse or bidirectional", name);
    return -1;
}

static int read_clip(struct onnx_reader *reader, const struct operation *operation, struct recurrent *recurrent) {
    if (!attribute_find(operation, "clip")) return 0;
    recurrent->clip = attribute_real(reader, operation, "clip", 0);
    if (recurrent->clip > 0) return 0;
    onnx_refuse(reader, operation, NULL, "a clip of %g", (double)recurrent->clip);
    return -1;
}

/* ---- one direction ---- */

/* One direction's entries [start, start + count) along the axis behind, as a value without the direction's axis. */
static struct tensor *part_of(struct onnx_reader *reader, const struct operation *operation, const char *name,
                              struct tensor *whole, int64_t axis, int64_t direction) {
    struct tensor *part =
        call_slice(reader, operation, arena_printf(reader->arena, "%s.direction", name), whole, axis, direction, 1);
    return call_with_integers(reader, operation, "Squeeze", name, part, &axis, 1);
}

static valref value_of(struct onnx_reader *reader, const struct operation *operation, struct tensor *tensor) {
    return tensor ? tensor_value(reader, operation, tensor) : NO_VALUE;
}

static valref weights(struct onnx_reader *reader, const struct operation *operation, const char *name, uint32_t index,
                      int64_t direction) {
    static const int64_t swapped[] = {1, 0};
    struct tensor *part = part_of(reader, operation, arena_printf(reader->arena, "%s.rows", name),
                                  operation->inputs[index], 0, direction);
    return value_of(reader, operation, call_transpose(reader, operation, name, part, swapped));
}

static valref vector(struct onnx_reader *reader, const struct operation *operation, const char *name, uint32_t index,
                     int64_t direction, int64_t start, int64_t count) {
    if (!operand(operation, index)) return NO_VALUE;
    struct tensor *part =
        part_of(reader, operation, arena_printf(reader->arena, "%s.all", name), operation->inputs[index], 0, direction);
    return value_of(reader, operation, call_slice(reader, operation, name, part, 0, start, count));
}

/* A state to begin with, [batch, units]. */
static valref initial(struct onnx_reader *reader, const struct operation *operation, const char *name, uint32_t index,
                      int64_t direction, const struct sizes *sizes) {
    if (!operand(operation, index)) return NO_VALUE;
    struct tensor *part = part_of(reader, operation, name, operation->inputs[index], sizes->time_axis, direction);
    if (part && part->batch_axis > 0) {
        onnx_refuse(reader, operation, NULL, "the batch is not the batch's axis of its initial state");
        return NO_VALUE;
    }
    return value_of(reader, operation, part);
}

static struct recurrent_result read_one(struct onnx_reader *reader, const struct operation *operation,
                                        struct recurrent *recurrent, int64_t direction, const struct sizes *sizes) {
    static const char *const suffixes[] = {"", ".backwards"}, *const peepholes[] = {"P_i", "P_o", "P_f"};
    struct operation named = *operation;
    if (direction)
        named.name =
            onnx_unique_name(reader, arena_printf(reader->arena, "%s%s", operation->name, suffixes[direction]));
    recurrent->units = sizes->units;
    recurrent->time_axis = sizes->time_axis;
    recurrent->kernel = weights(reader, &named, "W", OPERAND_W, direction);
    recurrent->recurrent_kernel = weights(reader, &named, "R", OPERAND_R, direction);
    recurrent->bias = vector(reader, &named, "Wb", OPERAND_B, direction, 0, sizes->columns);
    recurrent->recurrent_bias = vector(reader, &named, "Rb", OPERAND_B, direction, sizes->columns, sizes->columns);
    recurrent->initial_hidden = initial(reader, &named, "initial_h", OPERAND_H, direction, sizes);
    recurrent->initial_cell = initial(reader, &named, "initial_c", OPERAND_C, direction, sizes);
    for (int64_t p = 0; p < PEEPHOLE_COUNT; p++)
        recurrent->peepholes[p] =
            vector(reader, &named, peepholes[p], OPERAND_P, direction, p * sizes->units, sizes->units);
    const struct layer layer = onnx_layer(reader, &named);
    valref x = tensor_value(reader, &named, named.inputs[OPERAND_X]);
    return layer_recurrent(&layer, recurrent, x);
}

/* ---- results ---- */

/* The values of all directions, joined along a new axis. */
static struct tensor *joined(struct onnx_reader *reader, const struct operation *operation, const char *name,
                             const valref *values, int count, int axis, int batch_axis) {
    struct tensor *all[2];
    for (int d = 0; d < count; d++) {
        struct shape shape = graph_value(reader->graph, values[d])->shape;
        struct tensor *tensor = tensor_new(reader, TENSOR_VALUE, ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT, shape);
        tensor->value = values[d];
        tensor->depends = true;
        for (int a = shape.rank++; a > axis; a--) shape.dim[a] = shape.dim[a - 1];
        shape.dim[axis] = 1;
        const char *part = arena_printf(reader->arena, "%s.direction_%d", name, d);
        all[d] = move_reshape(reader, operation, count == 1 ? name : part, tensor, shape, batch_axis);
        if (!all[d]) return NULL;
    }
    const union attributes attributes = {.axis = {.axis = axis}};
    return count == 1 ? all[0] : onnx_emit_tensor(reader, operation, OP_CONCAT, name, all, 2, &attributes, batch_axis);
}

/* Y, Y_h and Y_c, those that are read. */
static struct tensor *give(struct onnx_reader *reader, const struct operation *operation, const struct sizes *sizes,
                           const struct recurrent_result *results, int count) {
    static const char *const names[] = {"Y", "Y_h", "Y_c"};
    bool depends = operation->inputs[OPERAND_X]->depends, events = !reader->whole_tensors && depends;
    for (uint32_t o = 0; o < 3 && o < operation->output_count; o++) {
        if (!output_is_read(operation, o)) continue;
        const valref values[3][2] = {{results[0].sequence, results[1].sequence},
                                     {results[0].hidden, results[1].hidden},
                                     {results[0].cell, results[1].cell}};
        int axis = o ? sizes->time_axis : 1 + sizes->time_axis, batch = !sizes->time_axis ? o ? 1 : 2 : 0;
        operation->results[o] = joined(reader, operation, names[o], values[o], count, axis, events ? batch : -1);
        if (!operation->results[o]) return NULL;
        operation->results[o]->depends = depends;
    }
    return operation->results[0];
}

static struct tensor *read_recurrent(struct onnx_reader *reader, const struct operation *operation,
                                     struct directions *all, struct layer_function *const *functions, size_t count) {
    struct recurrent_result results[2] = {{NO_VALUE, NO_VALUE, NO_VALUE}, {NO_VALUE, NO_VALUE, NO_VALUE}};
    struct sizes sizes;
    if (read_functions(reader, operation, functions, count * (size_t)all->count) < 0 ||
        read_clip(reader, operation, &all->at[0]) < 0 || read_sizes(reader, operation, all, &sizes) < 0)
        return NULL;
    all->at[1].clip = all->at[0].clip;
    for (int d = 0; d < all->count; d++) {
        all->at[d].backwards = all->at[d].sequence_backwards = d || all->first_backwards;
        results[d] = read_one(reader, operation, &all->at[d], d, &sizes);
        if (valref_equal(results[d].hidden, NO_VALUE)) return NULL;
    }
    return give(reader, operation, &sizes, results, all->count);
}

struct tensor *onnx_read_rnn(struct onnx_reader *reader, const struct operation *operation) {
    struct directions all = {.at = {recurrent_new(RECURRENT_SIMPLE), recurrent_new(RECURRENT_SIMPLE)}};
    struct layer_function *functions[] = {&all.at[0].candidate, &all.at[1].candidate};
    if (read_direction(reader, operation, &all) < 0) return NULL;
    return read_recurrent(reader, operation, &all, functions, 1);
}

struct tensor *onnx_read_gru(struct onnx_reader *reader, const struct operation *operation) {
    struct directions all = {.at = {recurrent_new(RECURRENT_GRU), recurrent_new(RECURRENT_GRU)}};
    struct layer_function *functions[] = {&all.at[0].gate, &all.at[0].candidate, &all.at[1].gate, &all.at[1].candidate};
    if (read_direction(reader, operation, &all) < 0) return NULL;
    for (int d = 0; d < 2; d++) all.at[d].reset_after = attribute_integer(reader, operation, "linear_before_reset", 0);
    return read_recurrent(reader, operation, &all, functions, 2);
}

struct tensor *onnx_read_lstm(struct onnx_reader *reader, const struct operation *operation) {
    struct directions all = {.at = {recurrent_new(RECURRENT_LSTM), recurrent_new(RECURRENT_LSTM)}};
    struct layer_function *functions[] = {&all.at[0].gate, &all.at[0].candidate, &all.at[0].output,
                                          &all.at[1].gate, &all.at[1].candidate, &all.at[1].output};
    if (read_direction(reader, operation, &all) < 0) return NULL;
    for (int d = 0; d < 2; d++) {
        all.at[d].gates = "iofc";
        all.at[d].input_forget = attribute_integer(reader, operation, "input_forget", 0);
    }
    return read_recurrent(reader, operation, &all, functions, 3);
}
