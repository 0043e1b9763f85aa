/* LSTM, GRU, RNN and their cells: layers of ONNX's operators, whose gates stand in another order. Weights are
 * [gates * units, inputs] and [gates * units, units], with two biases. */
#include "frontend/torch/torch.h"

#include <inttypes.h>
#include <string.h>

static const struct kind {
    const char *word, *op_type;
    int gates, order[4]; /* which of PyTorch's blocks ONNX's are */
    bool cell;
    const char *activation; /* of a simple one */
} kinds[] = {
    {"lstm", "LSTM", 4, {0, 3, 1, 2}, true, NULL},
    {"gru", "GRU", 3, {1, 0, 2, 0}, false, NULL},
    {"rnn_tanh", "RNN", 1, {0, 0, 0, 0}, false, "Tanh"},
    {"rnn_relu", "RNN", 1, {0, 0, 0, 0}, false, "Relu"},
};

static const struct kind *kind_of(const struct operation *operation) {
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (strstr(torch_node_of(operation)->operator->name, kinds[i].word)) return &kinds[i];
    return NULL;
}

static struct tensor *joined(struct onnx_reader *reader, const struct operation *operation, const char *part,
                             struct tensor *const *parts, int count, int64_t axis) {
    struct call call = call_new(reader, operation, "Concat");
    if (count == 1) return parts[0];
    for (int i = 0; i < count; i++) call_operand(&call, parts[i]);
    call_integer(&call, "axis", axis);
    return call_read(&call, part);
}

/* Blocks of rows in ONNX's order. */
static struct tensor *reordered(struct onnx_reader *reader, const struct operation *operation, const struct kind *kind,
                                const char *part, struct tensor *weight) {
    struct tensor *blocks[4];
    if (!weight || !weight->shape.rank || weight->shape.dim[0] % kind->gates)
        return onnx_refuse(reader, operation, NULL, "its weights are not of %d gates", kind->gates);
    const int64_t units = weight->shape.dim[0] / kind->gates;
    for (int g = 0; g < kind->gates; g++)
        blocks[g] = call_slice(reader, operation, arena_printf(reader->arena, "%s.gate_%d", part, g), weight, 0,
                               kind->order[g] * units, units);
    return joined(reader, operation, part, blocks, kind->gates, 0);
}

/* What one layer reads: of each direction its weights and biases. */
struct weights {
    struct tensor *of[2][4]; /* input's, state's; their biases, or NULL */
    int directions;
};

/* [directions, ...]: input's, state's, or both biases one after the other. */
static struct tensor *stacked(struct onnx_reader *reader, const struct operation *operation, const struct kind *kind,
                              const char *part, const struct weights *weights, int first, int count) {
    static const int64_t front = 0;
    struct tensor *all[2];
    for (int d = 0; d < weights->directions; d++) {
        struct tensor *own[2];
        for (int i = 0; i < count; i++)
            own[i] = reordered(reader, operation, kind, arena_printf(reader->arena, "%s_%d_%d", part, d, i),
                               weights->of[d][first + i]);
        struct tensor *both = joined(reader, operation, arena_printf(reader->arena, "%s_%d", part, d), own, count, 0);
        all[d] = call_with_integers(reader, operation, "Unsqueeze", arena_printf(reader->arena, "%s_%d_row", part, d),
                                    both, &front, 1);
    }
    return joined(reader, operation, part, all, weights->directions, 0);
}

/* x is [steps, batch, inputs], states [directions, batch, units]; Y, Y_h, Y_c as ONNX has them. */
static struct tensor **layer(struct onnx_reader *reader, const struct operation *operation, const struct kind *kind,
                             const struct weights *weights, const char *part, struct tensor *x,
                             struct tensor *const *states) {
    static const bool all[] = {true, true, true};
    const char *const activations[] = {kind->activation, kind->activation};
    struct call call = call_new(reader, operation, kind->op_type);
    const char *prefix = part ? part : "layer";
    call_operand(&call, x);
    call_operand(&call, stacked(reader, operation, kind, arena_printf(reader->arena, "%s_W", prefix), weights, 0, 1));
    call_operand(&call, stacked(reader, operation, kind, arena_printf(reader->arena, "%s_R", prefix), weights, 1, 1));
    if (weights->of[0][2])
        call_operand(&call,
                     stacked(reader, operation, kind, arena_printf(reader->arena, "%s_B", prefix), weights, 2, 2));
    else
        call_no_operand(&call);
    call_no_operand(&call);
    call_operand(&call, states[0]);
    if (kind->cell) call_operand(&call, states[1]);
    if (weights->directions == 2) call_text(&call, "direction", "bidirectional");
    if (kind->activation) call_texts(&call, "activations", activations, (size_t)weights->directions);
    if (!strcmp(kind->op_type, "GRU")) call_integer(&call, "linear_before_reset", 1);
    return call_results(&call, prefix, kind->cell ? 3 : 2, all);
}

/* ---- layers ---- */

struct stack {
    int64_t layers, directions;
    bool biases, batch_first;
    struct tensor **params, *states[2];
    size_t per_direction; /* parameters */
};

static bool read_stack(struct onnx_reader *reader, const struct operation *operation, const struct kind *kind,
                       struct stack *stack) {
    size_t params, states = 1;
    *stack = (struct stack){.layers = torch_integer(reader, operation, "num_layers", 1),
                            .directions = torch_flag(operation, "bidirectional", false) ? 2 : 1,
                            .biases = torch_flag(operation, "has_biases", true),
                            .batch_first = torch_flag(operation, "batch_first", false)};
    stack->per_direction = stack->biases ? 4 : 2;
    stack->params = torch_tensors(operation, "params", &params);
    struct tensor **hx = torch_tensors(operation, "hx", &states);
    stack->states[0] = kind->cell ? states == 2 ? hx[0] : NULL : torch_tensor(operation, "hx");
    stack->states[1] = kind->cell && states == 2 ? hx[1] : NULL;
    const struct tensor *x = torch_tensor(operation, "input");
    if (torch_flag(operation, "train", false) && torch_real(reader, operation, "dropout", 0) != 0)
        onnx_refuse(reader, operation, "export model.eval()", "dropout is in training mode");
    else if (!x || x->shape.rank != 3 || !stack->states[0] || (kind->cell && !stack->states[1]))
        onnx_refuse(reader, operation, "give x as [batch, steps, inputs], not as a PackedSequence",
                    "its sequence is no tensor of three axes");
    else if (stack->layers < 1 || stack->layers > 64 ||
             params != (size_t)(stack->layers * stack->directions) * stack->per_direction)
        onnx_refuse(reader, operation, NULL,
                    "%zu weights do not go with %" PRId64 " layers; projections (proj_size) are not read", params,
                    stack->layers);
    else
        return true;
    return false;
}

static struct weights weights_of(const struct stack *stack, int64_t index) {
    struct weights weights = {.directions = (int)stack->directions};
    for (int d = 0; d < weights.directions; d++)
        for (size_t i = 0; i < stack->per_direction; i++)
            weights.of[d][i] =
                stack->params[((size_t)(index * stack->directions) + (size_t)d) * stack->per_direction + i];
    return weights;
}

/* Y is [steps, directions, batch, units]: the directions stand behind one another in an entry. */
static struct tensor *sequence(struct onnx_reader *reader, const struct operation *operation, const char *part,
                               struct tensor *y) {
    static const int64_t order[] = {0, 2, 1, 3};
    struct tensor *turned = call_transpose(reader, operation, arena_printf(reader->arena, "%s_turned", part), y, order);
    if (!turned) return NULL;
    const int64_t shape[] = {y->shape.dim[0], y->shape.dim[2], y->shape.dim[1] * y->shape.dim[3]};
    return call_with_integers(reader, operation, "Reshape", part, turned, shape, 3);
}

struct tensor *torch_read_recurrent(struct onnx_reader *reader, const struct operation *operation) {
    static const int64_t swapped[] = {1, 0, 2};
    const struct kind *kind = kind_of(operation);
    struct stack stack;
    if (!read_stack(reader, operation, kind, &stack)) return NULL;
    struct tensor *x = torch_tensor(operation, "input"), *last[2][64];
    if (stack.batch_first) x = call_transpose(reader, operation, "steps_first", x, swapped);
    const int state_count = kind->cell ? 2 : 1;
    for (int64_t l = 0; l < stack.layers; l++) {
        const struct weights weights = weights_of(&stack, l);
        struct tensor *states[2] = {NULL, NULL};
        const char *part = arena_printf(reader->arena, "layer_%" PRId64, l);
        for (int s = 0; s < state_count; s++)
            states[s] = call_slice(reader, operation, arena_printf(reader->arena, "%s_state_%d", part, s),
                                   stack.states[s], 0, l * stack.directions, stack.directions);
        struct tensor **results = layer(reader, operation, kind, &weights, part, x, states);
        if (!results) return NULL;
        for (int s = 0; s < state_count; s++) last[s][l] = results[1 + s];
        x = sequence(reader, operation, arena_printf(reader->arena, "%s_sequence", part), results[0]);
    }
    for (uint32_t o = 1; o < operation->output_count && (int)o <= state_count; o++)
        if (output_is_read(operation, o) &&
            !(operation->results[o] =
                  joined(reader, operation, o == 1 ? "hidden" : "cell", last[o - 1], (int)stack.layers, 0)))
            return NULL;
    return stack.batch_first ? call_transpose(reader, operation, NULL, x, swapped) : x;
}

/* ---- cells: one step ---- */

struct tensor *torch_read_recurrent_cell(struct onnx_reader *reader, const struct operation *operation) {
    static const char *const names[] = {"w_ih", "w_hh", "b_ih", "b_hh"};
    static const int64_t front = 0;
    const struct kind *kind = kind_of(operation);
    struct weights weights = {.directions = 1};
    size_t count = 1;
    struct tensor **hx = torch_tensors(operation, "hx", &count), *states[2] = {NULL, NULL};
    struct tensor *alone = torch_tensor(operation, "hx");
    for (int i = 0; i < 4; i++) weights.of[0][i] = torch_tensor(operation, names[i]);
    if (kind->cell ? count != 2 : !alone) return onnx_refuse(reader, operation, NULL, "it has no state");
    struct tensor *x =
        call_with_integers(reader, operation, "Unsqueeze", "step", torch_tensor(operation, "input"), &front, 1);
    for (int s = 0; s < (kind->cell ? 2 : 1); s++)
        states[s] = call_with_integers(reader, operation, "Unsqueeze", s ? "cell_before" : "hidden_before",
                                       kind->cell ? hx[s] : alone, &front, 1);
    struct tensor **results = layer(reader, operation, kind, &weights, NULL, x, states);
    if (!results) return NULL;
    if (output_is_read(operation, 1) &&
        !(operation->results[1] = call_with_integers(reader, operation, "Squeeze", "cell", results[2], &front, 1)))
        return NULL;
    return call_with_integers(reader, operation, "Squeeze", NULL, results[1], &front, 1);
}
