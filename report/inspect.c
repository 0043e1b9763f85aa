/* A model before it is compiled: what stands in it, and whether it compiles. */
#include <string.h>

#include "report/private.h"

/* ---- for the terminal ---- */

static const char *number_or_nothing(struct arena *arena, double number) {
    return number > 0 ? words_count(arena, number) : "";
}

static void print_nodes(struct strbuf *out, const struct inspection *inspection, bool colour) {
    static const char *const headings[] = {"node", "operator", "from", "reads", "shape", ">parameters", "numbers"};
    struct arena *arena = out->arena;
    struct text_table table = {.arena = arena, .columns = 7, .headings = headings};
    for (uint32_t i = 0; i < inspection->node_count; i++) {
        const struct model_node *node = &inspection->nodes[i];
        table_row(&table,
                  (const char *[]){table_shortened(arena, node->name), node->op, node->from,
                                   table_shortened(arena, node->reads), node->shape,
                                   number_or_nothing(arena, node->parameters),
                                   node->trips > 0 ? arena_printf(arena, "%.0f trips", node->trips) : node->numbers});
    }
    table_heading(out, inspection->read_whole ? "graph" : "graph, as far as it could be read", colour);
    table_print(out, &table, colour);
}

static void print_totals(struct strbuf *out, const struct inspection *inspection) {
    struct arena *arena = out->arena;
    double parameters = 0, zeros = 0, products = 0;
    uint32_t quantised = 0;
    for (uint32_t i = 0; i < inspection->node_count; i++) {
        parameters += inspection->nodes[i].parameters;
        zeros += inspection->nodes[i].zeros;
        products += inspection->nodes[i].products;
        quantised += inspection->nodes[i].numbers != NULL;
    }
    strbuf_printf(out, "  numbers    %s parameters, %s of them zero; %s products with weights an event\n",
                  words_count(arena, parameters), words_count(arena, zeros), words_count(arena, products));
    strbuf_printf(out, "  formats    %s\n",
                  quantised ? arena_printf(arena, "%u nodes have quantisers or quantised weights", quantised)
                            : "none: a float model, quantised from --calibrate, --precision and --config");
}

static void print_file(struct strbuf *out, const struct inspection *inspection) {
    strbuf_printf(out, "  file       %s\n  format     %s", words_clean(out->arena, inspection->file),
                  inspection->format);
    if (inspection->opset) strbuf_printf(out, ", opset %d", inspection->opset);
    strbuf_printf(out, "\n  sha256     %s\n", inspection->sha256);
}

static void print_reasons(struct strbuf *out, const struct model_reason *reasons, uint32_t count) {
    for (uint32_t i = 0; i < count; i++) {
        strbuf_append(out, i ? "\n" : "");
        diag_format(out, reasons[i].what);
    }
}

static void print_outcome(struct strbuf *out, const struct inspection *inspection, bool colour) {
    const struct compile_report *report = inspection->compiled;
    const char *end = colour ? "\033[0m" : "";
    if (inspection->warning_count) {
        table_heading(out, "warnings", colour);
        print_reasons(out, inspection->warnings, inspection->warning_count);
    }
    if (report) {
        strbuf_printf(out, "\n%scompiles%s: ", colour ? "\033[1;32m" : "", end);
        report_outcome(out, report);
        strbuf_append(out, "\n");
        return;
    }
    strbuf_printf(out, "\n%srefused%s, for %u reason%s\n", colour ? "\033[1;31m" : "", end, inspection->refusal_count,
                  inspection->refusal_count == 1 ? "" : "s");
    print_reasons(out, inspection->refusals, inspection->refusal_count);
    if (!inspection->read_whole && inspection->node_count)
        strbuf_append(out, "what stands behind a refused node is not judged\n");
}

void inspection_terminal(struct strbuf *out, const struct inspection *inspection, bool colour) {
    const char *name = inspection->name ? inspection->name : inspection->file;
    strbuf_printf(out, colour ? "\033[1m%s\033[0m\n" : "%s\n", words_clean(out->arena, name));
    print_file(out, inspection);
    if (inspection->node_count) {
        print_totals(out, inspection);
        print_nodes(out, inspection, colour);
    }
    for (uint32_t i = 0; i < inspection->output_count; i++)
        strbuf_printf(out, "%s%s", i ? ", " : "  outputs: ", words_clean(out->arena, inspection->outputs[i]));
    strbuf_append(out, inspection->output_count ? "\n" : "");
    print_outcome(out, inspection, colour);
}

/* ---- as JSON ---- */

static void add_nodes(struct arena *arena, cJSON *root, const struct inspection *inspection) {
    cJSON *list = json_array(arena, root, "nodes");
    for (uint32_t i = 0; i < inspection->node_count; i++) {
        const struct model_node *node = &inspection->nodes[i];
        cJSON *object = json_object(arena, list, NULL);
        json_text(arena, object, "name", node->name);
        json_text(arena, object, "op", node->op);
        json_text(arena, object, "from", node->from);
        json_text(arena, object, "reads", node->reads);
        json_text(arena, object, "shape", node->shape);
        json_number(arena, object, "parameters", node->parameters);
        json_number(arena, object, "zeros", node->zeros);
        json_number(arena, object, "products", node->products);
        json_text(arena, object, "numbers", node->numbers);
        if (node->trips > 0) json_number(arena, object, "trips", node->trips);
    }
    list = json_array(arena, root, "outputs");
    for (uint32_t i = 0; i < inspection->output_count; i++) json_text(arena, list, NULL, inspection->outputs[i]);
}

static void add_reasons(struct arena *arena, cJSON *root, const char *key, const struct model_reason *reasons,
                        uint32_t count) {
    cJSON *list = json_array(arena, root, key);
    for (uint32_t i = 0; i < count; i++) {
        const struct diagnostic *what = reasons[i].what;
        cJSON *object = json_object(arena, list, NULL);
        json_text(arena, object, "stage", reasons[i].stage);
        json_text(arena, object, "message", what->message);
        json_text(arena, object, "node", what->location.node);
        json_text(arena, object, "op", what->location.op);
        json_text(arena, object, "attribute", what->location.attribute);
        json_text(arena, object, "help", what->help);
    }
}

static void add_outcome(struct arena *arena, cJSON *root, const struct compile_report *report) {
    cJSON *object = json_object(arena, root, "compiled");
    json_number(arena, object, "cycles", report->latency);
    json_number(arena, object, "nanoseconds", report->latency * report->clock_period);
    json_text(arena, object, "part", report->part_code);
    json_number(arena, object, "lut", report->total.lut);
    json_number(arena, object, "ff", report->total.ff);
}

void inspection_json(struct strbuf *out, const struct inspection *inspection) {
    struct arena *arena = out->arena;
    cJSON *root = json_root(arena);
    json_text(arena, root, "file", inspection->file);
    json_text(arena, root, "format", inspection->format);
    json_text(arena, root, "sha256", inspection->sha256);
    json_text(arena, root, "name", inspection->name);
    json_number(arena, root, "opset", inspection->opset);
    json_bool(arena, root, "read_whole", inspection->read_whole);
    add_nodes(arena, root, inspection);
    add_reasons(arena, root, "refusals", inspection->refusals, inspection->refusal_count);
    add_reasons(arena, root, "warnings", inspection->warnings, inspection->warning_count);
    if (inspection->compiled) add_outcome(arena, root, inspection->compiled);
    json_print(out, root);
}
