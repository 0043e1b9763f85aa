/* Who reads a tensor of the model. */
#include "frontend/onnx/onnx.h"

#include <string.h>

struct use {
    const Onnx__NodeProto *node; /* one of them */
    uint32_t count;
};

static void add_use(struct onnx_reader *reader, const char *name, const Onnx__NodeProto *node) {
    struct use *use = name_map_find(reader->uses, name);
    if (!use) {
        use = ARENA_NEW(reader->arena, struct use);
        name_map_put(reader->uses, name, use);
    }
    use->node = node;
    use->count++;
}

/* Those inside of branches and loops, too: messages are nested no deeper than wire.c allows. */
static void add_uses(struct onnx_reader *reader, const Onnx__GraphProto *graph) {
    for (size_t i = 0; i < graph->n_output; i++) add_use(reader, graph->output[i]->name, NULL);
    for (size_t i = 0; i < graph->n_node; i++) {
        const Onnx__NodeProto *node = graph->node[i];
        for (size_t k = 0; k < node->n_input; k++) add_use(reader, node->input[k], node);
        for (size_t a = 0; a < node->n_attribute; a++) {
            if (node->attribute[a]->g) add_uses(reader, node->attribute[a]->g);
            for (size_t g = 0; g < node->attribute[a]->n_graphs; g++) add_uses(reader, node->attribute[a]->graphs[g]);
        }
    }
}

const Onnx__NodeProto *onnx_sole_reader(struct onnx_reader *reader, const Onnx__NodeProto *node) {
    if (!reader->source || !node->n_output) return NULL;
    if (!reader->uses) {
        reader->uses = ARENA_NEW(reader->arena, struct name_map);
        *reader->uses = name_map_new(reader->arena);
        add_uses(reader, reader->source);
    }
    const struct use *use = name_map_find(reader->uses, node->output[0]);
    return use && use->count == 1 ? use->node : NULL;
}

bool onnx_is_operator(const Onnx__NodeProto *node, const char *name) {
    return node && (!node->domain || !*node->domain || !strcmp(node->domain, "ai.onnx")) &&
           !strcmp(node->op_type, name);
}
