/* The nodes that matter, operands first: a walk from the outputs back to the inputs.
 *
 * The format wants nodes sorted and names made once; files in the field break both, so it is
 * checked here, before anything is computed. */
#include "frontend/onnx/order.h"

#include <string.h>

enum mark { MARK_NONE, MARK_OPEN, MARK_DONE };

struct maker { /* of a name: an output of a node */
    size_t node;
    size_t output;
};

struct walk {
    struct onnx_reader *reader;
    const Onnx__GraphProto *source;
    struct name_map makers;
    enum mark *marks;
    bool *needed;
    struct ordered_node *nodes; /* by index in the file */
    struct ordered_node *order;
    size_t count;
    size_t *stack, *next_input; /* the walk's own stack: node, and which operand is next */
    struct captured {
        char **names;
        size_t count;
    } * captured; /* by node, what its subgraphs read */
};

/* A node's name as it is told: its own, its output's, or its number. */
static const char *node_title(struct onnx_reader *reader, const Onnx__NodeProto *proto, size_t index) {
    if (proto->name && *proto->name) return onnx_scoped(reader, proto->name);
    for (size_t i = 0; i < proto->n_output; i++)
        if (*proto->output[i]) return onnx_scoped(reader, proto->output[i]);
    return onnx_scoped(reader, arena_printf(reader->arena, "#%zu", index));
}

static struct location node_location(const struct walk *walk, size_t index) {
    const Onnx__NodeProto *proto = walk->source->node[index];
    return (struct location){.file = walk->reader->path,
                             .node = walk->nodes[index].name,
                             .op = proto->op_type,
                             .opset = walk->reader->graph->opset};
}

static int node_fail(struct walk *walk, size_t index, const char *format, const char *name) {
    struct strbuf text = strbuf_new(walk->reader->arena);
    strbuf_printf(&text, "%s '%s'", format, name);
    return diag_error(&walk->reader->context->diagnostics, node_location(walk, index), NULL, "%s", text.data);
}

static int node_outputs(struct walk *walk, size_t index) {
    const Onnx__NodeProto *proto = walk->source->node[index];
    int result = 0;
    for (size_t i = 0; i < proto->n_output; i++) {
        const char *name = proto->output[i];
        if (!*name) continue;
        if (name_map_find(&walk->makers, name) || name_map_find(&walk->reader->tensors, name))
            result = node_fail(walk, index, "something else makes its output", name);
        struct maker *maker = ARENA_NEW(walk->reader->arena, struct maker);
        *maker = (struct maker){index, i};
        name_map_put(&walk->makers, name, maker);
    }
    return result;
}

/* Names and makers of all nodes; every node needs an operator and a first output. */
static int walk_prepare(struct walk *walk) {
    int result = 0;
    for (size_t i = 0; i < walk->source->n_node; i++) {
        Onnx__NodeProto *proto = walk->source->node[i];
        walk->nodes[i] = (struct ordered_node){.proto = proto, .name = node_title(walk->reader, proto, i)};
        walk->nodes[i].outputs_read = ARENA_ARRAY(walk->reader->arena, bool, proto->n_output + 1);
        walk->captured[i].names = onnx_captured(walk->reader, proto, &walk->captured[i].count);
        if (!proto->op_type || !*proto->op_type)
            result = node_fail(walk, i, "there is no operator in the node", walk->nodes[i].name);
        else if (node_outputs(walk, i) < 0)
            result = -1;
    }
    return result;
}

static int initialisers_once(struct walk *walk) {
    struct name_map seen = name_map_new(walk->reader->arena);
    int result = 0;
    for (size_t i = 0; i < walk->source->n_initializer; i++) {
        const char *name = walk->source->initializer[i]->name;
        struct location at = {.file = walk->reader->path, .attribute = name};
        if (!name) continue;
        if (name_map_find(&seen, name))
            result = diag_error(&walk->reader->context->diagnostics, at, NULL,
                                "initialiser '%s' stands twice in the model", name);
        name_map_put(&seen, name, walk);
    }
    return result;
}

/* Of a name that is read. */
static const struct maker *maker_of(struct walk *walk, const char *name) {
    const struct maker *maker = name_map_find(&walk->makers, name);
    if (maker) walk->nodes[maker->node].outputs_read[maker->output] = true;
    return maker;
}

static int walk_cycle(struct walk *walk, size_t depth, size_t node) {
    struct strbuf text = strbuf_new(walk->reader->arena);
    size_t from = depth, told = 0;
    while (from > 0 && walk->stack[from] != node) from--;
    for (size_t i = from; i <= depth && told < 6; i++, told++)
        strbuf_printf(&text, "%s'%s'", told ? ", " : "", walk->nodes[walk->stack[i]].name);
    return diag_error(&walk->reader->context->diagnostics, node_location(walk, node), NULL,
                      "the model is cyclic: %s%s depend%s on %s", text.data, depth - from >= 6 ? ", ..." : "",
                      depth > from ? "" : "s", depth > from ? "one another" : "itself");
}

/* The next operand's maker that is not done yet; false when there is none. -1 in *result: diagnosed. */
static bool walk_next(struct walk *walk, size_t depth, size_t *next, int *result) {
    size_t node = walk->stack[depth];
    const Onnx__NodeProto *proto = walk->source->node[node];
    while (walk->next_input[depth] < proto->n_input + walk->captured[node].count) {
        size_t input = walk->next_input[depth]++;
        const char *name =
            input < proto->n_input ? proto->input[input] : walk->captured[node].names[input - proto->n_input];
        if (!*name) continue;
        const struct maker *maker = maker_of(walk, name);
        if (!maker && !name_map_find(&walk->reader->tensors, name))
            *result = node_fail(walk, node, "nothing makes its operand", name);
        if (!maker || walk->marks[maker->node] == MARK_DONE) continue;
        *next = maker->node;
        return true;
    }
    return false;
}

/* Depth first from a node, with a stack of our own. */
static int walk_from(struct walk *walk, size_t start) {
    size_t depth = 0, next;
    int result = 0;
    if (walk->marks[start] == MARK_DONE) return 0;
    walk->stack[0] = start;
    walk->next_input[0] = 0;
    walk->marks[start] = MARK_OPEN;
    for (;;) {
        if (walk_next(walk, depth, &next, &result)) {
            if (walk->marks[next] == MARK_OPEN) return walk_cycle(walk, depth, next);
            walk->marks[next] = MARK_OPEN;
            walk->stack[++depth] = next;
            walk->next_input[depth] = 0;
            continue;
        }
        walk->marks[walk->stack[depth]] = MARK_DONE;
        walk->order[walk->count++] = walk->nodes[walk->stack[depth]];
        if (!depth--) return result;
    }
}

/* From every output; then once more in the order of the file, among what was found. */
static int walk_outputs(struct walk *walk) {
    struct location at = {.file = walk->reader->path};
    struct diagnostics *diag = &walk->reader->context->diagnostics;
    int result = 0;
    if (!walk->source->n_output) return diag_error(diag, at, NULL, "the model has no outputs");
    struct name_map seen = name_map_new(walk->reader->arena);
    for (size_t i = 0; i < walk->source->n_output; i++) {
        const char *name = at.attribute = walk->source->output[i]->name;
        if (!name || !*name) {
            result = diag_error(diag, at, NULL, "output %zu of the model has no name", i);
            continue;
        }
        if (name_map_find(&seen, name))
            result = diag_error(diag, at, NULL, "output '%s' stands twice in the model", name);
        name_map_put(&seen, name, walk);
        const struct maker *maker = maker_of(walk, name);
        if (maker && walk_from(walk, maker->node) < 0) result = -1;
        if (!maker && !name_map_find(&walk->reader->tensors, name))
            result = diag_error(diag, at, NULL, "nothing makes the model's output '%s'", name);
    }
    return result;
}

static int walk_in_file_order(struct walk *walk) {
    size_t *found = ARENA_ARRAY(walk->reader->arena, size_t, walk->count + 1), count = 0;
    for (size_t i = 0; i < walk->source->n_node; i++)
        if (walk->marks[i] == MARK_DONE) found[count++] = i;
    memset(walk->marks, 0, walk->source->n_node * sizeof *walk->marks);
    walk->count = 0;
    for (size_t i = 0; i < count; i++)
        if (walk_from(walk, found[i]) < 0) return -1;
    return 0;
}

int onnx_order(struct onnx_reader *reader, struct ordered_node **order, size_t *count) {
    size_t nodes = reader->source->n_node;
    struct walk walk = {.reader = reader, .source = reader->source, .makers = name_map_new(reader->arena)};
    walk.marks = ARENA_ARRAY(reader->arena, enum mark, nodes + 1);
    walk.captured = ARENA_ARRAY(reader->arena, struct captured, nodes + 1);
    walk.nodes = ARENA_ARRAY(reader->arena, struct ordered_node, nodes + 1);
    walk.order = ARENA_ARRAY(reader->arena, struct ordered_node, nodes + 1);
    walk.stack = ARENA_ARRAY(reader->arena, size_t, nodes + 1);
    walk.next_input = ARENA_ARRAY(reader->arena, size_t, nodes + 1);
    int once = initialisers_once(&walk), prepared = walk_prepare(&walk);
    if (once < 0 || prepared < 0) return -1;
    if (walk_outputs(&walk) < 0 || walk_in_file_order(&walk) < 0) return -1;
    for (size_t i = 0; i < walk.count; i++) walk.order[i].name = onnx_unique_name(reader, walk.order[i].name);
    *order = walk.order;
    *count = walk.count;
    return 0;
}
