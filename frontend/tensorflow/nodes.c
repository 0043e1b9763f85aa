/* The nodes of a GraphDef: their operands by name, their roles, who reads whom. */
#include "frontend/tensorflow/model.h"

#include <stdlib.h>
#include <string.h>

enum { OUTPUTS_MAX = 1 << 16 }; /* of a node */

bool tf_is_control(const char *operand) {
    return *operand == '^';
}

/* "name" and "name:0" are the first output. */
static const char *base_name(const struct tf_model *model, const char *operand, uint32_t *output) {
    const char *colon = strrchr(operand, ':');
    char *end;
    *output = 0;
    if (!colon || colon == operand) return operand;
    unsigned long number = strtoul(colon + 1, &end, 10);
    if (end == colon + 1 || *end || number >= OUTPUTS_MAX) return operand;
    *output = (uint32_t)number;
    return arena_strndup(model->arena, operand, (size_t)(colon - operand));
}

struct tf_node *tf_operand(const struct tf_model *model, const char *operand, uint32_t *output) {
    return name_map_find(&model->by_name, base_name(model, operand, output));
}

static char *output_name(const struct tf_model *model, const char *name, uint32_t output) {
    return output ? arena_printf(model->arena, "%s:%u", name, output) : arena_strdup(model->arena, name);
}

/* A switch of the phase of learning that nobody feeds is off. */
static bool is_learning_phase(const Tensorflow__NodeDef *definition) {
    const char *slash = strrchr(definition->name, '/'), *last = slash ? slash + 1 : definition->name;
    return !strncmp(last, "keras_learning_phase", 20);
}

static enum tf_role role_of(const Tensorflow__NodeDef *definition) {
    static const char without_value[] = " NoOp Assert Print PrintV2 ScalarSummary HistogramSummary MergeSummary "
                                        "ImageSummary TensorSummary ";
    char spaced[32];
    if (!strcmp(definition->op, "Placeholder")) return is_learning_phase(definition) ? TF_COMPUTED : TF_INPUT;
    size_t length = strlen(definition->op);
    if (length > sizeof spaced - 3) return TF_COMPUTED;
    spaced[0] = spaced[length + 1] = ' ';
    memcpy(spaced + 1, definition->op, length);
    spaced[length + 2] = 0;
    return strstr(without_value, spaced) ? TF_WITHOUT_VALUE : TF_COMPUTED;
}

static void find_operands(struct tf_model *model, struct tf_node *node) {
    const Tensorflow__NodeDef *definition = node->definition;
    node->proto.input = ARENA_ARRAY(model->arena, char *, definition->n_input + 1);
    for (size_t i = 0; i < definition->n_input; i++) {
        if (tf_is_control(definition->input[i])) continue;
        uint32_t output;
        const char *name = base_name(model, definition->input[i], &output);
        struct tf_node *maker = name_map_find(&model->by_name, name);
        if (maker && maker->proto.n_output <= output) maker->proto.n_output = output + 1;
        node->proto.input[node->proto.n_input++] = output_name(model, name, output);
    }
    bool several = !strcmp(definition->op, "IdentityN");
    if (several && node->proto.n_output < node->proto.n_input) node->proto.n_output = node->proto.n_input;
}

static const struct tf_operator *find_operator(const struct tf_model *model, const Tensorflow__NodeDef *definition) {
    for (const struct tf_operator *more = model->more; more && more->name; more++)
        if (!strcmp(more->name, definition->op)) return more;
    bool phase = is_learning_phase(definition) && !strcmp(definition->op, "Placeholder");
    return tf_operator_find(phase ? "LearningPhase" : definition->op);
}

static int add_node(struct tf_model *model, const Tensorflow__NodeDef *definition) {
    struct location at = {.file = model->path, .node = definition->name, .op = definition->op};
    if (!*definition->name || !*definition->op)
        return diag_error(&model->context->diagnostics, at, NULL, "a node has no name or no operator");
    if (name_map_find(&model->by_name, definition->name))
        return diag_error(&model->context->diagnostics, at, NULL, "something else makes its output '%s'",
                          definition->name);
    struct tf_node *node = &model->nodes[model->count++];
    onnx__node_proto__init(&node->proto);
    node->definition = definition;
    node->operator= find_operator(model, definition);
    node->role = role_of(definition);
    node->proto.name = definition->name;
    const Tensorflow__AttrValue *source = tf_attribute(definition, "_source");
    bool has_source = source && source->value_case == TENSORFLOW__ATTR_VALUE__VALUE_S;
    node->proto.op_type =
        has_source ? arena_strndup(model->arena, (const char *)source->s.data, source->s.len) : definition->op;
    node->proto.n_output = 1;
    name_map_put(&model->by_name, definition->name, node);
    return 0;
}

int tf_find_nodes(struct tf_model *model) {
    int result = 0;
    model->count = 0;
    model->by_name = name_map_new(model->arena);
    model->nodes = ARENA_ARRAY(model->arena, struct tf_node, model->definition->n_node + 1);
    for (size_t i = 0; i < model->definition->n_node; i++)
        if (add_node(model, model->definition->node[i]) < 0) result = -1;
    for (size_t i = 0; i < model->count; i++) find_operands(model, &model->nodes[i]);
    for (size_t i = 0; i < model->count; i++) {
        Onnx__NodeProto *proto = &model->nodes[i].proto;
        proto->output = ARENA_ARRAY(model->arena, char *, proto->n_output + 1);
        for (uint32_t k = 0; k < proto->n_output; k++) proto->output[k] = output_name(model, proto->name, k);
    }
    return result;
}

/* Lists of the nodes that read each: where they begin, and all of them in one array. */
struct edges {
    size_t *first, *all;
};

static struct edges list_edges(const struct tf_model *model) {
    struct edges edges = {ARENA_ARRAY(model->arena, size_t, model->count + 2), NULL};
    size_t total = 0;
    uint32_t output;
    for (int pass = 0; pass < 2; pass++) {
        for (size_t i = 0; i < model->count; i++)
            for (size_t k = 0; k < model->nodes[i].proto.n_input; k++) {
                const struct tf_node *maker = tf_operand(model, model->nodes[i].proto.input[k], &output);
                if (!maker) continue;
                size_t at = (size_t)(maker - model->nodes);
                if (!pass)
                    edges.first[at + 2 <= model->count ? at + 2 : model->count + 1]++, total++;
                else
                    edges.all[edges.first[at + 1]++] = i;
            }
        if (pass) break;
        for (size_t i = 1; i < model->count + 2; i++) edges.first[i] += edges.first[i - 1];
        edges.all = ARENA_ARRAY(model->arena, size_t, total + 1);
    }
    return edges;
}

void tf_find_readers(struct tf_model *model) {
    struct edges edges = list_edges(model);
    size_t *open = ARENA_ARRAY(model->arena, size_t, model->count + 1), count = 0;
    for (size_t i = 0; i < model->count; i++) {
        struct tf_node *node = &model->nodes[i];
        for (size_t k = edges.first[i]; k < edges.first[i + 1]; k++)
            node->read |= model->nodes[edges.all[k]].role != TF_WITHOUT_VALUE;
        if (node->role != TF_INPUT) continue;
        node->depends = true;
        open[count++] = i;
    }
    while (count) {
        size_t at = open[--count];
        for (size_t k = edges.first[at]; k < edges.first[at + 1]; k++) {
            struct tf_node *reader = &model->nodes[edges.all[k]];
            if (reader->depends) continue;
            reader->depends = true;
            open[count++] = edges.all[k];
        }
    }
}
