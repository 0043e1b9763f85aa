/* Functions of a graph's library: each node that calls one becomes the function's nodes, called "CALL/NODE", and an
 * identity of its results. Branches that a constant decides are calls of one function. */
#include "frontend/tensorflow/model.h"

#include <stdlib.h>
#include <string.h>

enum { CALLS_MAX = 32 /* one within the other */, COST_MAX = 1 << 25 /* bytes, about */, NODE_COST = 64 };

struct inlining {
    struct tf_model *model;
    struct name_map functions, written; /* written: names of this level's nodes */
    Tensorflow__NodeDef **nodes;
    size_t count, capacity, cost;
};

/* A node inside a function, which is written out once something reads it. */
struct inner {
    const Tensorflow__NodeDef *definition;
    char *name; /* outside; NULL: not yet */
    struct inner *next;
};

/* A call while it is written out. */
struct calling {
    struct inlining *inlining;
    const Tensorflow__NodeDef *node;
    const Tensorflow__FunctionDef *function;
    struct name_map arguments, inside; /* operands outside; struct inner */
    struct inner *open;
};

static int fail(const struct calling *calling, const char *problem) {
    const struct tf_model *model = calling->inlining->model;
    struct location at = {.file = model->path, .node = calling->node->name, .op = calling->node->op};
    return diag_error(&model->context->diagnostics, at, NULL, "the function '%s' %s",
                      calling->function->signature->name, problem);
}

static int spend(const struct calling *calling, size_t cost) {
    calling->inlining->cost += cost;
    return calling->inlining->cost <= COST_MAX ? 0 : fail(calling, "makes too many nodes");
}

static void append(struct inlining *inlining, Tensorflow__NodeDef *node) {
    if (inlining->count == inlining->capacity) {
        size_t capacity = 2 * inlining->capacity + 64;
        Tensorflow__NodeDef **nodes = ARENA_ARRAY(inlining->model->arena, Tensorflow__NodeDef *, capacity);
        if (inlining->count) memcpy(nodes, inlining->nodes, inlining->count * sizeof *nodes);
        inlining->nodes = nodes;
        inlining->capacity = capacity;
    }
    inlining->nodes[inlining->count++] = node;
}

/* The number of an output by its name, of operators that are read: the first of all but these. */
static unsigned long output_offset(const char *name, size_t length) {
    static const char *const second[] = {"indices", "output_true", "value_index", "batch_mean"};
    for (size_t i = 0; i < sizeof second / sizeof *second; i++)
        if (strlen(second[i]) == length && !strncmp(second[i], name, length)) return 1;
    return 0;
}

/* "CALL/NODE", or with lines behind it where others have that; NULL after a diagnosis. */
static char *new_name(struct calling *calling, const char *name) {
    const struct inlining *inlining = calling->inlining;
    char *made = arena_printf(inlining->model->arena, "%s/%s", calling->node->name, name);
    while (name_map_find(&inlining->model->by_name, made) || name_map_find(&inlining->written, made)) {
        if (spend(calling, NODE_COST + strlen(made)) < 0) return NULL;
        made = arena_printf(inlining->model->arena, "%s_", made);
    }
    name_map_put(&calling->inlining->written, made, made);
    return made;
}

/* "argument" or "node:output:number" as it is called outside; NULL after a diagnosis. */
static char *outside(struct calling *calling, const char *operand) {
    struct arena *arena = calling->inlining->model->arena;
    const char *colon = strchr(operand, ':'), *number = colon ? strchr(colon + 1, ':') : NULL;
    const char *name = colon ? arena_strndup(arena, operand, (size_t)(colon - operand)) : operand;
    char *argument = name_map_find(&calling->arguments, name);
    if (argument) return argument;
    struct inner *inner = name_map_find(&calling->inside, name);
    if (!inner || spend(calling, NODE_COST + strlen(calling->node->name) + strlen(operand)) < 0) {
        if (!inner) fail(calling, "reads what is not in it");
        return NULL;
    }
    if (!inner->name) {
        inner->name = new_name(calling, name);
        if (!inner->name) return NULL;
        inner->next = calling->open;
        calling->open = inner;
    }
    unsigned long output = number ? strtoul(number + 1, NULL, 10) : 0;
    if (number) output += output_offset(colon + 1, (size_t)(number - colon - 1));
    return output ? arena_printf(arena, "%s:%lu", inner->name, output) : inner->name;
}

/* Those that stand for an attribute of the call are what that gives. */
static void set_attributes(const struct calling *calling, Tensorflow__NodeDef *node) {
    struct arena *arena = calling->inlining->model->arena;
    Tensorflow__NodeDef__AttrEntry **attr = ARENA_ARRAY(arena, Tensorflow__NodeDef__AttrEntry *, node->n_attr + 1);
    for (size_t i = 0; i < node->n_attr; i++) {
        const Tensorflow__AttrValue *value = node->attr[i]->value, *given = NULL;
        if (value && value->value_case == TENSORFLOW__ATTR_VALUE__VALUE_PLACEHOLDER)
            given = tf_attribute(calling->node, value->placeholder);
        attr[i] = node->attr[i];
        if (!given) continue;
        attr[i] = ARENA_NEW(arena, Tensorflow__NodeDef__AttrEntry);
        *attr[i] = *node->attr[i];
        attr[i]->value = (Tensorflow__AttrValue *)(uintptr_t)given;
    }
    node->attr = attr;
}

/* A copy outside. An order of nodes is dropped: nothing in a function has an effect that is read. */
static int write_node(struct calling *calling, const struct inner *inner) {
    struct arena *arena = calling->inlining->model->arena;
    Tensorflow__NodeDef *node = ARENA_NEW(arena, Tensorflow__NodeDef);
    *node = *inner->definition;
    node->name = inner->name;
    node->input = ARENA_ARRAY(arena, char *, node->n_input + 1);
    node->n_input = 0;
    for (size_t i = 0; i < inner->definition->n_input; i++) {
        if (tf_is_control(inner->definition->input[i])) continue;
        char *operand = outside(calling, inner->definition->input[i]);
        if (!operand) return -1;
        node->input[node->n_input++] = operand;
    }
    set_attributes(calling, node);
    append(calling->inlining, node);
    return 0;
}

/* What the function returns under a name; NULL after a diagnosis. */
static char *returned(struct calling *calling, const char *result) {
    for (size_t i = 0; i < calling->function->n_ret; i++)
        if (!strcmp(calling->function->ret[i]->key, result)) return outside(calling, calling->function->ret[i]->value);
    fail(calling, "does not say what it returns");
    return NULL;
}

/* The call's own node: its results. */
static int write_results(struct calling *calling) {
    struct arena *arena = calling->inlining->model->arena;
    const Tensorflow__OpDef *signature = calling->function->signature;
    static char *const ops[] = {"NoOp", "Identity", "IdentityN"};
    Tensorflow__NodeDef *node = ARENA_NEW(arena, Tensorflow__NodeDef);
    tensorflow__node_def__init(node);
    node->name = calling->node->name;
    node->op = ops[signature->n_output_arg < 2 ? signature->n_output_arg : 2];
    node->input = ARENA_ARRAY(arena, char *, signature->n_output_arg + calling->node->n_input + 1);
    for (size_t i = 0; i < signature->n_output_arg; i++) {
        char *operand = returned(calling, signature->output_arg[i]->name);
        if (!operand) return -1;
        node->input[node->n_input++] = operand;
    }
    for (size_t i = 0; i < calling->node->n_input; i++)
        if (tf_is_control(calling->node->input[i])) node->input[node->n_input++] = calling->node->input[i];
    append(calling->inlining, node);
    return 0;
}

/* The call's operands from number `first` on are the function's. */
static int bind_arguments(struct calling *calling, size_t first) {
    const Tensorflow__OpDef *signature = calling->function->signature;
    size_t count = 0;
    for (size_t i = first; i < calling->node->n_input; i++) {
        if (tf_is_control(calling->node->input[i])) continue;
        if (count < signature->n_input_arg)
            name_map_put(&calling->arguments, signature->input_arg[count]->name, calling->node->input[i]);
        count++;
    }
    return count == signature->n_input_arg ? 0 : fail(calling, "takes another number of operands");
}

static int write_call(struct inlining *inlining, const Tensorflow__NodeDef *node,
                      const Tensorflow__FunctionDef *function, size_t first) {
    struct arena *arena = inlining->model->arena;
    struct calling calling = {inlining, node, function, name_map_new(arena), name_map_new(arena), NULL};
    if (spend(&calling, NODE_COST * (function->n_node_def + 1)) < 0 || bind_arguments(&calling, first) < 0) return -1;
    for (size_t i = 0; i < function->n_node_def; i++) {
        struct inner *inner = ARENA_NEW(arena, struct inner);
        inner->definition = function->node_def[i];
        name_map_put(&calling.inside, inner->definition->name, inner);
    }
    if (write_results(&calling) < 0) return -1;
    while (calling.open) {
        const struct inner *inner = calling.open;
        calling.open = inner->next;
        if (write_node(&calling, inner) < 0) return -1;
    }
    return 0;
}

/* The function that a node calls, *first: its first operand that is the function's; NULL: none, or none that is known.
 */
static const Tensorflow__FunctionDef *called(const struct inlining *inlining, const Tensorflow__NodeDef *node,
                                             size_t *first) {
    const char *attribute = NULL;
    *first = 0;
    if (!strcmp(node->op, "PartitionedCall") || !strcmp(node->op, "StatefulPartitionedCall")) attribute = "f";
    if (!strcmp(node->op, "If") || !strcmp(node->op, "StatelessIf")) {
        int taken = node->n_input ? tf_constant_predicate(inlining->model, node->input[0]) : -1;
        if (taken < 0) return NULL;
        attribute = taken ? "then_branch" : "else_branch";
        *first = 1;
    }
    if (!attribute) return name_map_find(&inlining->functions, node->op);
    const Tensorflow__AttrValue *value = tf_attribute(node, attribute);
    if (!value || value->value_case != TENSORFLOW__ATTR_VALUE__VALUE_FUNC) return NULL;
    return name_map_find(&inlining->functions, value->func->name);
}

/* Calls of one level: how many there were; -1 after a diagnosis. */
static int write_calls(struct inlining *inlining, Tensorflow__GraphDef *graph) {
    int calls = 0;
    inlining->written = name_map_new(inlining->model->arena);
    inlining->nodes = NULL;
    inlining->count = inlining->capacity = 0;
    for (size_t i = 0; i < graph->n_node; i++) {
        size_t first;
        const Tensorflow__FunctionDef *function = called(inlining, graph->node[i], &first);
        if (!function) {
            append(inlining, graph->node[i]);
            continue;
        }
        if (write_call(inlining, graph->node[i], function, first) < 0) return -1;
        calls = 1;
    }
    graph->node = inlining->nodes;
    graph->n_node = inlining->count;
    return calls;
}

int tf_find_called_nodes(struct tf_model *model) {
    struct inlining inlining = {.model = model, .functions = name_map_new(model->arena)};
    const Tensorflow__FunctionDefLibrary *library = model->definition->library;
    if (!library || !library->n_function) return tf_find_nodes(model);
    Tensorflow__GraphDef *graph = ARENA_NEW(model->arena, Tensorflow__GraphDef);
    *graph = *model->definition;
    for (size_t i = 0; i < library->n_function; i++)
        if (library->function[i]->signature)
            name_map_put(&inlining.functions, library->function[i]->signature->name, library->function[i]);
    model->definition = graph;
    for (int level = 0; level < CALLS_MAX; level++) {
        if (tf_find_nodes(model) < 0) return -1;
        int calls = write_calls(&inlining, graph);
        if (calls <= 0) return calls;
    }
    struct location at = {.file = model->path};
    return diag_error(&model->context->diagnostics, at, NULL, "functions call each other more than %d deep", CALLS_MAX);
}
