/* The files around the layers: header, top function, testbench, Makefile, scripts for Vitis HLS. */
#include "codegen/hls/hls.h"

#include <string.h>

void hls_add_file(struct hls_writer *writer, const char *name, const struct strbuf *text) {
    size_t length = strlen(name);
    bool code =
        (length > 2 && strcmp(name + length - 2, ".h") == 0) || (length > 4 && strcmp(name + length - 4, ".cpp") == 0);
    struct strbuf wrapped = code ? wrap_code(writer->arena, text->data) : *text;
    file_set_add(writer->emission->files, arena_printf(writer->arena, "hls/%s", name), wrapped.data, wrapped.length);
}

int hls_add_template(struct hls_writer *writer, const char *template, const char *name,
                     const struct template_key *keys) {
    struct strbuf text = strbuf_new(writer->arena);
    if (template_expand(writer->graph->context, template, keys, &text)) return -1;
    hls_add_file(writer, name, &text);
    return 0;
}

static int copy_header(struct hls_writer *writer, const char *name) {
    struct strbuf text = strbuf_new(writer->arena);
    const char *header = template_text(name, NULL);
    if (!header) context_bug(writer->graph->context, "'%s' is not built in", name);
    strbuf_append(&text, header);
    hls_add_file(writer, name, &text);
    return 0;
}

/* "16 numbers of 16 bits, 6 before the point" */
static const char *port_words(const struct hls_writer *writer, uint32_t index) {
    const struct port_layout *layout = hls_port_layout(writer, index);
    struct format format = writer->ports[index].format;
    bool integers = writer->ports[index].integers;
    return arena_printf(
        writer->arena, "%u %s of %d bit%s%s", layout->elements, integers ? "stored integers" : "numbers", format.width,
        format.width == 1 ? "" : "s",
        integers ? "" : arena_printf(writer->arena, ", %d before the point", format.width - format.fraction));
}

static void print_port(struct hls_writer *writer, struct strbuf *out, uint32_t index) {
    const struct port_layout *layout = hls_port_layout(writer, index);
    const char *name = writer->emission->name, *port = layout->name;
    strbuf_printf(out, "\n/* %s '%s': %s", index < writer->layout->input_count ? "Input" : "Output",
                  comment_text(writer->arena, layout->original), port_words(writer, index));
    const char *codes =
        layout->meaning
            ? ".\n * These are codes: one of c stands for (c - zero_point) * scale, of which interface.json\n"
              " * has both for each element"
            : "";
    if (layout->steps)
        codes = arena_printf(writer->arena, "%s, and the steps from a number to its code,\n * each rounded to binary32",
                             codes);
    if (!writer->ports[index].integers) {
        strbuf_printf(out, "%s */\ntypedef %s %s_%s_t;\n", codes, hls_type(writer->arena, writer->ports[index].format),
                      name, port);
        return;
    }
    strbuf_printf(out, ".\n * Element i stands for %s[i] * 2^-%s_%s_fraction[i]%s. */\ntypedef %s %s_%s_t;\n", port,
                  name, port, codes, hls_type(writer->arena, writer->ports[index].format), name, port);
    strbuf_printf(out, "static const int %s_%s_fraction[%u] = {", name, port, layout->elements);
    for (uint32_t i = 0; i < layout->elements; i++)
        strbuf_printf(out, "%s%d,", i % 24 ? " " : "\n    ", layout->format[i].fraction);
    strbuf_append(out, "\n};\n");
}

static void print_prototype(struct hls_writer *writer, struct strbuf *out) {
    strbuf_printf(out, "void %s(", writer->emission->name);
    for (uint32_t i = 0; i < hls_port_count(writer); i++)
        strbuf_printf(out, "%s%s%s_%s_t %s[%u]", i ? ", " : "", i < writer->layout->input_count ? "const " : "",
                      writer->emission->name, hls_port_layout(writer, i)->name, hls_port_layout(writer, i)->name,
                      hls_port_layout(writer, i)->elements);
    strbuf_append(out, ")");
}

/* Cycles from event to event, at least; 1 where there is no design to ask. */
static int interval_of(const struct hls_writer *writer) {
    return writer->emission->design ? writer->emission->design->interval : 1;
}

static void add_interface(struct hls_writer *writer) {
    const char *name = writer->emission->name;
    int interval = interval_of(writer);
    const char *each =
        interval == 1 ? "and a clock cycle" : arena_printf(writer->arena, "every %d clock cycles", interval);
    struct strbuf out = strbuf_new(writer->arena);
    strbuf_printf(
        &out,
        "/* %s: a network as HLS C++, made by bxc; equal in every bit to the firmware beside it. One event a\n"
        " * call %s. Types are bxc_hls.h's: ap_fixed in Vitis, ac_fixed in Catapult and oneAPI. */\n"
        "#ifndef BXC_%s_HLS_H\n#define BXC_%s_HLS_H\n\n#include \"bxc_hls.h\"\n\n"
        "/* Which firmware this is: the content hash of the model and of the options that made it. */\n"
        "static const char %s_content_hash[65] = \"%s\";\n",
        name, each, name, name, name, writer->emission->content_hash);
    for (uint32_t i = 0; i < hls_port_count(writer); i++) print_port(writer, &out, i);
    strbuf_append(&out, "\n");
    print_prototype(writer, &out);
    strbuf_append(&out, ";\n\n#endif\n");
    hls_add_file(writer, arena_printf(writer->arena, "%s.h", name), &out);
}

static void add_weights(struct hls_writer *writer) {
    const char *name = writer->emission->name;
    struct strbuf out = strbuf_new(writer->arena);
    strbuf_printf(
        &out,
        "/* %s: weights, tables and formats of the layers, in their order. */\n#ifndef BXC_%s_WEIGHTS_H\n#define BXC_%s_WEIGHTS_H\n\n"
        "#include \"bxc_ops.h\"\n\nnamespace %s_layers {\n",
        name, name, name, name);
    strbuf_append_bytes(&out, writer->weights.data, writer->weights.length);
    strbuf_printf(&out, "\n} // namespace %s_layers\n\n#endif\n", name);
    hls_add_file(writer, arena_printf(writer->arena, "%s_weights.h", name), &out);
}

static void print_top(struct hls_writer *writer, struct strbuf *out) {
    print_prototype(writer, out);
    strbuf_printf(out, " {\n#pragma HLS PIPELINE II=%d\n#pragma HLS INTERFACE mode=ap_ctrl_none port=return\n",
                  interval_of(writer));
    for (uint32_t i = 0; i < hls_port_count(writer); i++) {
        const char *port = hls_port_layout(writer, i)->name;
        strbuf_printf(out,
                      "#pragma HLS INTERFACE mode=ap_none port=%s\n#pragma HLS ARRAY_PARTITION variable=%s complete\n",
                      port, port);
    }
    strbuf_printf(out, "    using namespace %s_layers;\n", writer->emission->name);
    for (uint32_t i = 0; i < writer->layout->input_count; i++)
        strbuf_printf(out, "    (void)%s;\n", writer->layout->inputs[i].name);
    strbuf_append_bytes(out, writer->top.data, writer->top.length);
    strbuf_append(out, "\n");
    for (uint32_t i = 0; i < writer->layout->output_count; i++) {
        const struct port_layout *port = &writer->layout->outputs[i];
        const char *shift = writer->ports[writer->layout->input_count + i].shift,
                   *value = hls_name(writer, port->value);
        if (shift)
            strbuf_printf(out, "    bxc_leave<%u>(%s, %s, %s);\n", port->elements, value, shift, port->name);
        else
            strbuf_printf(out, "    bxc_copy<%u>(%s, %s);\n", port->elements, value, port->name);
    }
    writer->probes = hls_print_probes(writer, out);
    strbuf_append(out, "}\n");
}

static void add_source(struct hls_writer *writer) {
    const char *name = writer->emission->name;
    struct strbuf out = strbuf_new(writer->arena), top = strbuf_new(writer->arena);
    print_top(writer, &top);
    strbuf_printf(
        &out,
        "/* %s: one function a layer, then the top function. */\n#include \"%s.h\"\n#include \"%s_weights.h\"\n\n"
        "#ifdef BXC_PROBES\nlong long *%s_probe;\n#endif\n\nnamespace %s_layers {\n",
        name, name, name, name, name);
    strbuf_append_bytes(&out, writer->layers.data, writer->layers.length);
    strbuf_printf(&out, "\n} // namespace %s_layers\n\n%s", name, top.data);
    hls_add_file(writer, arena_printf(writer->arena, "%s.cpp", name), &out);
}

int hls_emit_build(struct hls_writer *writer) {
    const char *name = writer->emission->name;
    const char *part = writer->emission->part_code ? writer->emission->part_code : "xcvu13p-flga2577-2-e";
    const struct template_key name_key[] = {{"name", name}, {NULL, NULL}};
    const struct template_key vitis_keys[] = {
        {"name", name},
        {"part", part},
        {"period", arena_printf(writer->arena, "%.3f", writer->emission->clock_ps / 1000.0)},
        {NULL, NULL}};
    hls_plan_outputs(writer);
    add_interface(writer);
    add_source(writer); /* before the weights: an output may ask for a constant */
    add_weights(writer);
    copy_header(writer, "bxc_hls.h");
    copy_header(writer, "bxc_ops.h");
    if (hls_add_testbenches(writer) || hls_add_template(writer, "hls.mk", "Makefile", name_key)) return -1;
    if (hls_add_template(writer, "vitis.tcl", "vitis.tcl", vitis_keys)) return -1;
    const struct template_key none[] = {{NULL, NULL}};
    struct strbuf script = strbuf_new(writer->arena);
    if (template_expand(writer->graph->context, "vitis.sh", none, &script)) return -1;
    hls_add_file(writer, "vitis.sh", &script);
    writer->emission->files->files[writer->emission->files->count - 1].executable = true;
    return 0;
}
