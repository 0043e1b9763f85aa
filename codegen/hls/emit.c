/* HLS C++ (fw/hls): one function a node of the quantised graph, dispatched by codegen/forms.def, over
 * loops of hls_templates/bxc_ops.h; a top function, a testbench, and scripts for Vitis HLS. */
#include "codegen/hls/hls.h"
#include "ir/ops.h"

const hls_emitter hls_emitters[OP_COUNT] = {
#define FORM(op, c, hls) [OP_##op] = hls,
#include "codegen/forms.def"
#undef FORM
};

bool hls_supports(enum op op) {
    return hls_emitters[op] != NULL;
}

/* What a refused node would have given is left out, so that every refusal is found at once. */
static bool operands_known(const struct hls_writer *writer, const struct node *node) {
    for (uint32_t i = 0; i < node->input_count; i++)
        if (writer->containers[node->inputs[i].id].width == 0) return false;
    return true;
}

int hls_emit_nodes(struct hls_writer *writer) {
    const struct graph *graph = writer->graph;
    int status = 0;
    for (uint32_t i = 0; i < graph->node_count; i++) {
        const struct node *node = &graph->nodes[i];
        if (node->dead || writer->value_names[node->result.id]) continue; /* a body's inputs have arrays already */
        if (!hls_emitters[node->op])
            status = diag_error(&graph->context->diagnostics, graph_location(graph, node), NULL,
                                "operator '%s' has no form in HLS C++", op_info(node->op)->name);
        else if (!operands_known(writer, node))
            status = -1;
        else if (hls_emitters[node->op](writer, node))
            status = -1;
    }
    return status;
}

/* What is outside the namespace of the layers; the top function sees both. */
static void reserve_names(struct hls_writer *writer) {
    const char *name = writer->emission->name;
    names_unique(writer->names, name);
    names_unique(writer->names, arena_printf(writer->arena, "%s_layers", name));
    names_unique(writer->names, arena_printf(writer->arena, "%s_content_hash", name));
    names_unique(writer->names, arena_printf(writer->arena, "%s_probe", name));
    for (uint32_t i = 0; i < hls_port_count(writer); i++) {
        const char *port = hls_port_layout(writer, i)->name;
        names_unique(writer->names, port);
        names_unique(writer->names, arena_printf(writer->arena, "%s_%s_t", name, port));
        names_unique(writer->names, arena_printf(writer->arena, "%s_%s_fraction", name, port));
    }
}

int hls_emit(const struct emission *emission) {
    struct arena *arena = arena_new(emission->context);
    struct hls_writer writer = {.emission = emission, .graph = emission->graph, .arena = arena};
    writer.names = names_new(arena);
    writer.layout = layout_new(emission->graph, arena);
    writer.ports = ARENA_ARRAY(arena, struct hls_port, hls_port_count(&writer));
    writer.weights = strbuf_new(arena);
    writer.layers = strbuf_new(arena);
    writer.top = strbuf_new(arena);
    writer.value_names = ARENA_ARRAY(arena, const char *, emission->graph->value_count + 1);
    writer.type_names = ARENA_ARRAY(arena, const char *, emission->graph->value_count + 1);
    writer.containers = ARENA_ARRAY(arena, struct format, emission->graph->value_count + 1);
    reserve_names(&writer);
    int status = hls_emit_nodes(&writer);
    if (status == 0) status = hls_emit_build(&writer);
    arena_free(arena);
    return status;
}
