/* Switch and Merge of Keras's phase of learning: what is decided by a constant is decided here. */
#include "frontend/tensorflow/model.h"

#include <string.h>

/* Through names and defaults. Bounded, as a graph may be cyclic. */
int tf_constant_predicate(const struct tf_model *model, const char *operand) {
    bool negated = false;
    for (int steps = 0; steps < 64; steps++) {
        uint32_t output;
        const struct tf_node *node = tf_operand(model, operand, &output);
        if (!node) return -1;
        const char *op = node->definition->op;
        if (node->operator&& !strcmp(node->operator->name, "LearningPhase")) return negated;
        const Tensorflow__AttrValue *value = tf_attribute(node->definition, "value");
        if (!strcmp(op, "Const") && value && value->value_case == TENSORFLOW__ATTR_VALUE__VALUE_TENSOR) {
            const Tensorflow__TensorProto *tensor = value->tensor;
            bool listed = tensor->n_bool_val > 0, bytes = tensor->tensor_content.len == 1;
            if (tf_element_type(tensor->dtype) != ONNX__TENSOR_PROTO__DATA_TYPE__BOOL) return -1;
            return negated ^ (listed ? tensor->bool_val[0] : bytes && tensor->tensor_content.data[0]);
        }
        bool passes = strstr(" Identity PlaceholderWithDefault Switch ", op) && *op && node->proto.n_input;
        negated ^= !strcmp(op, "LogicalNot");
        if ((!passes && strcmp(op, "LogicalNot")) || !node->proto.n_input) return -1;
        operand = node->proto.input[0];
    }
    return -1;
}

static int refuse(const struct tf_model *model, const struct tf_node *node, const char *problem) {
    struct location at = {.file = model->path, .node = node->definition->name, .op = node->definition->op};
    return diag_error(&model->context->diagnostics, at,
                      "freeze the model for inference: keras.backend.set_learning_phase(0)", "%s", problem);
}

enum life { LIFE_UNKNOWN, LIFE_OPEN, LIFE_ALIVE, LIFE_DEAD };

struct lives {
    struct tf_model *model;
    enum life *nodes; /* all outputs of a node alike, but for a switch's */
    int *predicates;  /* of switches; -1: it is not constant */
    size_t *stack;
};

/* The output of a switch that is not taken, or of a node that is dead. LIFE_UNKNOWN: its node is to be looked at. */
static enum life operand_life(const struct lives *lives, const char *operand, size_t *at) {
    uint32_t output;
    const char *name = tf_is_control(operand) ? operand + 1 : operand;
    const struct tf_node *node = tf_operand(lives->model, name, &output);
    if (!node) return LIFE_ALIVE;
    *at = (size_t)(node - lives->model->nodes);
    if (lives->nodes[*at] == LIFE_ALIVE && !strcmp(node->definition->op, "Switch") && lives->predicates[*at] >= 0)
        return (int)output == lives->predicates[*at] ? LIFE_ALIVE : LIFE_DEAD;
    return lives->nodes[*at] == LIFE_OPEN ? LIFE_ALIVE : lives->nodes[*at];
}

/* A node is dead with one operand, order included; a merge with all. *next: what is not known yet. */
static enum life node_life(const struct lives *lives, size_t node, size_t *next) {
    const Tensorflow__NodeDef *definition = lives->model->nodes[node].definition;
    bool merge = !strcmp(definition->op, "Merge"), any = false, all = definition->n_input > 0;
    for (size_t i = 0; i < definition->n_input; i++) {
        enum life life = operand_life(lives, definition->input[i], next);
        if (life == LIFE_UNKNOWN) return LIFE_UNKNOWN;
        any |= life == LIFE_DEAD;
        all &= life == LIFE_DEAD;
    }
    return (merge ? all : any) ? LIFE_DEAD : LIFE_ALIVE;
}

static void find_life(struct lives *lives, size_t start) {
    size_t depth = 0, next;
    lives->stack[0] = start;
    while (lives->nodes[start] == LIFE_UNKNOWN || lives->nodes[start] == LIFE_OPEN) {
        size_t node = lives->stack[depth];
        lives->nodes[node] = LIFE_OPEN;
        enum life life = node_life(lives, node, &next);
        if (life == LIFE_UNKNOWN) {
            lives->stack[++depth] = next;
            continue;
        }
        lives->nodes[node] = life;
        if (!depth--) return;
    }
}

static int resolve_switch(struct lives *lives, struct tf_node *node) {
    size_t at = (size_t)(node - lives->model->nodes);
    lives->predicates[at] = node->proto.n_input == 2 ? tf_constant_predicate(lives->model, node->proto.input[1]) : -1;
    if (lives->predicates[at] < 0) return refuse(lives->model, node, "what decides the switch is no constant");
    return 0;
}

/* Reads its one living operand; what tells which one that was is nobody's business. */
static int resolve_merge(const struct lives *lives, struct tf_node *node) {
    size_t count = 0, at;
    for (size_t i = 0; i < node->proto.n_input; i++)
        if (operand_life(lives, node->proto.input[i], &at) == LIFE_ALIVE)
            node->proto.input[count++] = node->proto.input[i];
    node->proto.n_input = count;
    return count == 1 ? 0 : refuse(lives->model, node, "not one of its operands alone is computed in inference");
}

/* Both outputs: of the one that is not taken there is no reader that lives. */
struct tensor *tf_read_switch(struct onnx_reader *reader, const struct operation *operation) {
    (void)reader;
    for (uint32_t i = 0; i < operation->output_count && i < 2; i++) operation->results[i] = operation->inputs[0];
    return operation->inputs[0];
}

/* Whose switches no constant decides. */
static int refuse_loops(const struct tf_model *model) {
    for (size_t i = 0; i < model->count; i++) {
        const Tensorflow__NodeDef *definition = model->nodes[i].definition;
        struct location at = {.file = model->path, .node = definition->name, .op = definition->op};
        if (!strcmp(definition->op, "LoopCond"))
            return diag_error(&model->context->diagnostics, at, tf_loop_help, "the graph has a loop");
    }
    return 0;
}

int tf_resolve_switches(struct tf_model *model) {
    if (refuse_loops(model) < 0) return -1;
    struct lives lives = {.model = model,
                          .nodes = ARENA_ARRAY(model->arena, enum life, model->count + 1),
                          .predicates = ARENA_ARRAY(model->arena, int, model->count + 1),
                          .stack = ARENA_ARRAY(model->arena, size_t, model->count + 2)};
    bool any = false;
    int result = 0;
    for (size_t i = 0; i < model->count; i++) {
        if (strcmp(model->nodes[i].definition->op, "Switch")) continue;
        if (resolve_switch(&lives, &model->nodes[i]) < 0) result = -1;
        any = true;
    }
    if (!any || result < 0) return result;
    for (size_t i = 0; i < model->count; i++) find_life(&lives, i);
    for (size_t i = 0; i < model->count; i++) {
        struct tf_node *node = &model->nodes[i];
        if (lives.nodes[i] == LIFE_DEAD) node->role = TF_DEAD;
        if (lives.nodes[i] == LIFE_ALIVE && !strcmp(node->definition->op, "Merge") && resolve_merge(&lives, node) < 0)
            result = -1;
    }
    return result;
}
