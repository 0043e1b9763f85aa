/* The C99 emulator of the firmware (fw/c): one static function a node of the quantised graph,
 * dispatched by codegen/forms.def, and entry points in integers and in real numbers. */
#include "codegen/c/c.h"
#include "ir/ops.h"

const c_emitter c_emitters[OP_COUNT] = {
#define FORM(op, c, hls) [OP_##op] = c,
#include "codegen/forms.def"
#undef FORM
};

bool c_supports(enum op op) {
    return c_emitters[op] != NULL;
}

int c_emit_nodes(struct c_writer *writer) {
    const struct graph *graph = writer->graph;
    int status = 0;
    for (uint32_t i = 0; i < graph->node_count; i++) {
        const struct node *node = &graph->nodes[i];
        if (node->dead || writer->value_names[node->result.id]) continue; /* a body's inputs have arrays already */
        if (!c_emitters[node->op])
            status = diag_error(&graph->context->diagnostics, graph_location(graph, node), NULL,
                                "operator '%s' has no form in C", op_info(node->op)->name);
        else if (c_emitters[node->op](writer, node))
            status = -1;
    }
    return status;
}

/* What other files see; no static name may be one of them. */
static void reserve_port(struct c_writer *writer, const struct port_layout *port, const char *direction) {
    static const char *const facts[] = {"elements", "width", "fraction", "signed"};
    for (size_t i = 0; i < sizeof facts / sizeof *facts; i++)
        names_unique(writer->names, arena_printf(writer->arena, "%s_%s_%s_%s", writer->emission->name, direction,
                                                 port->name, facts[i]));
}

static void reserve_names(struct c_writer *writer) {
    static const char *const own[] = {"run", "run_float", "run_double", "content_hash", "probe"};
    for (size_t i = 0; i < sizeof own / sizeof *own; i++)
        names_unique(writer->names, arena_printf(writer->arena, "%s_%s", writer->emission->name, own[i]));
    for (uint32_t i = 0; i < writer->layout->input_count; i++) reserve_port(writer, &writer->layout->inputs[i], "in");
    for (uint32_t i = 0; i < writer->layout->output_count; i++)
        reserve_port(writer, &writer->layout->outputs[i], "out");
}

static void add_code(const struct c_writer *writer, const char *name, const struct strbuf *text) {
    struct strbuf wrapped = wrap_code(writer->arena, text->data);
    file_set_add(writer->emission->files, arena_printf(writer->arena, "c/%s", name), wrapped.data, wrapped.length);
}

static int emit_build(const struct c_writer *writer) {
    const char *name = writer->emission->name;
    struct strbuf main_text = strbuf_new(writer->arena), makefile = strbuf_new(writer->arena);
    const struct template_key keys[] = {{"name", name}, {NULL, NULL}};
    if (c_print_main(writer, &main_text) || template_expand(writer->graph->context, "c.mk", keys, &makefile)) return -1;
    add_code(writer, "main.c", &main_text);
    file_set_add(writer->emission->files, "c/Makefile", makefile.data, makefile.length);
    return 0;
}

static int emit_all(struct c_writer *writer) {
    const char *name = writer->emission->name;
    struct strbuf header = strbuf_new(writer->arena), source = strbuf_new(writer->arena);
    reserve_names(writer);
    if (c_emit_nodes(writer)) return -1;
    c_print_header(writer, &header);
    strbuf_printf(
        &source,
        "/* %s: see %s.h. Every node is one function, layer_<node>, over stored integers, which constant factors align;\n * v_<node> is a value, c_<node> a constant. Formats: s13f7 has 13 bits with a sign, 7 of them behind the point. */\n#include \"%s.h\"\n",
        name, name, name);
    c_print_entries(writer, &source);
    add_code(writer, arena_printf(writer->arena, "%s.h", name), &header);
    add_code(writer, arena_printf(writer->arena, "%s.c", name), &source);
    return emit_build(writer);
}

int c_emit(const struct emission *emission) {
    struct arena *arena = arena_new(emission->context);
    struct c_writer writer = {.emission = emission, .graph = emission->graph, .arena = arena};
    writer.names = names_new(arena);
    writer.layout = layout_new(emission->graph, arena);
    writer.body = strbuf_new(arena);
    writer.layer = strbuf_new(arena);
    writer.run = strbuf_new(arena);
    writer.value_names = ARENA_ARRAY(arena, const char *, emission->graph->value_count + 1);
    int status = emit_all(&writer);
    arena_free(arena);
    return status;
}
