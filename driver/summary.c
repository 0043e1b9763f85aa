/* The compile report: what the finished program is, in numbers and words. */
#include "driver/driver.h"
#include "ir/hash.h"
#include "ir/ops.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

const char *formats_words(struct arena *arena, const struct formats *formats) {
    size_t count = formats->at ? shape_elements(&formats->shape) : 0;
    if (count == 0) return "";
    struct format low = formats->at[0], high = low;
    bool same = true;
    for (size_t e = 1; e < count; e++) {
        struct format format = formats->at[e];
        same = same && format_equal(format, formats->at[0]);
        if (format.width < low.width) low = format;
        if (format.width > high.width) high = format;
    }
    struct strbuf text = strbuf_new(arena);
    if (same)
        format_print(&text, low);
    else if (low.width == high.width)
        strbuf_printf(&text, "%d bits, by element", low.width);
    else
        strbuf_printf(&text, "%d to %d bits, by element", low.width, high.width);
    return text.data;
}

static const char *format_words(struct arena *arena, const struct graph *graph, valref value) {
    return formats_words(arena, &graph_value(graph, value)->formats);
}

static void value_range(const struct graph *graph, valref value, struct layer_report *out) {
    size_t elements = shape_elements(&graph_value(graph, value)->shape);
    out->range_lo = out->format_lo = INFINITY;
    out->range_hi = out->format_hi = -INFINITY;
    for (size_t e = 0; e < elements; e++) {
        struct format format = graph_format(graph, value, e);
        struct interval interval = graph_interval(graph, value, e);
        double step = ldexp(1, -format.fraction);
        out->range_lo = fmin(out->range_lo, (double)interval.lo * step);
        out->range_hi = fmax(out->range_hi, (double)interval.hi * step);
        out->format_lo = fmin(out->format_lo, format.width ? (double)format_min(format) * step : 0);
        out->format_hi = fmax(out->format_hi, format.width ? (double)format_max(format) * step : 0);
    }
}

struct cycles {
    int first, last; /* -1: none */
};

/* Into by_node[node]: when its wires are computed, in all beats. */
static void cycles_by_node(const struct design *design, struct cycles *by_node) {
    const struct datapath *datapath = &design->datapath;
    for (uint32_t n = 0; n < design->graph->node_count; n++) by_node[n] = (struct cycles){-1, -1};
    for (uint32_t w = 0; w < datapath->wire_count; w++) {
        const struct wire *wire = &datapath->wires[w];
        if (wire->origin.id >= design->graph->node_count) continue;
        if (wire->op == WIRE_CONSTANT || wire->op == WIRE_DELAY) continue; /* nothing is computed */
        struct cycles *cycles = &by_node[wire->origin.id];
        if (cycles->first < 0 || wire_read_cycle(wire) < cycles->first) cycles->first = wire_read_cycle(wire);
        if (wire_last_cycle(design, wire) > cycles->last) cycles->last = wire_last_cycle(design, wire);
    }
}

static void add_rest(struct compile_report *report, const char *name, const char *module, struct cost cost) {
    if (cost.lut + cost.ff + cost.bram18 > 0)
        report->layers[report->layer_count++] = (struct layer_report){
            .name = name, .module = module, .op = "", .format = "", .cost = cost, .first_cycle = -1, .last_cycle = -1};
}

static void add_layers(struct arena *arena, const struct program *program, struct compile_report *report) {
    const struct graph *graph = program->graph;
    struct cost *costs = ARENA_ARRAY(arena, struct cost, graph->node_count + 2);
    design_cost_by_node(program->design, program->technology, costs);
    struct cycles *cycles = ARENA_ARRAY(arena, struct cycles, graph->node_count + 1);
    cycles_by_node(program->design, cycles);
    const uint32_t *heads = layer_heads(graph, arena);
    report->layers = ARENA_ARRAY(arena, struct layer_report, graph->node_count + 2);
    for (uint32_t n = 0; n < graph->node_count; n++) {
        const struct node *node = &graph->nodes[n];
        if (node->dead || node->op == OP_CONSTANT) continue;
        struct layer_report *layer = &report->layers[report->layer_count++];
        *layer = (struct layer_report){.name = node->name,
                                       .op = op_info(node->op)->name,
                                       .cost = costs[n],
                                       .module = node->op == OP_INPUT ? NULL : graph->nodes[heads[n]].name,
                                       .format = format_words(arena, graph, node->result),
                                       .first_cycle = cycles[n].first,
                                       .last_cycle = cycles[n].last};
        value_range(graph, node->result, layer);
    }
    add_rest(report, shared_layer, shared_layer, costs[graph->node_count]);
    add_rest(report, "(top: ports and valid)", NULL, costs[graph->node_count + 1]);
}

static const char *wire_layer(struct arena *arena, const struct graph *graph, const struct wire *wire) {
    bool counts = wire->op == WIRE_BEAT || wire->op == WIRE_FIRST; /* by its name in rtl/ */
    if (wire->origin.id >= graph->node_count) return counts ? wire_op_names[wire->op] : "";
    const struct node *node = graph_node(graph, wire->origin);
    return shape_elements(&graph_value(graph, node->result)->shape) > 1
               ? arena_printf(arena, "%s[%u]", node->name, wire->element)
               : node->name;
}

/* Wiring is left out: it takes no time. */
static void add_path(struct arena *arena, const struct program *program, struct compile_report *report) {
    enum { WIRES_MAX = 1000 };
    uint32_t *path = ARENA_ARRAY(arena, uint32_t, WIRES_MAX);
    const struct design *design = program->design;
    uint32_t count = design_critical_path(design, program->technology, path, WIRES_MAX);
    report->path = ARENA_ARRAY(arena, struct path_report, count + 1);
    for (uint32_t i = 0; i < count; i++) {
        const struct wire *wire = &design->datapath.wires[path[i]];
        if (i && (wire->op == WIRE_SHIFT_RIGHT || wire->op == WIRE_WRAP)) continue;
        bool begins = i == 0 && count > 1;
        report->path[report->path_count++] =
            (struct path_report){.layer = wire_layer(arena, program->graph, wire),
                                 .what = begins || wire_is_source(wire) ? "register" : wire_op_names[wire->op],
                                 .bits = wire_width(wire),
                                 .picoseconds = begins ? 0 : wire->arrival};
    }
}

static const char *chosen_by(const struct program *program, const char *port) {
    for (uint32_t i = 0; i < program->note_count; i++)
        if (strcmp(program->notes[i].pass, "ports") == 0 && program->notes[i].subject &&
            strcmp(program->notes[i].subject, port) == 0)
            return program->notes[i].text;
    return "";
}

/* Two ports with the same digest carry the same numbers in the same bits. */
static const char *digest_of(struct arena *arena, const struct graph *graph, const struct port_layout *port) {
    struct strbuf text = strbuf_new(arena);
    const struct shape *shape = &graph_value(graph, port->value)->shape;
    for (uint32_t e = 0; e < port->elements; e++) {
        format_print(&text, port->format[e]);
        double zero_point = 0, scale = port->meaning ? meaning_scale(port->meaning, shape, e, &zero_point) : 1;
        strbuf_printf(&text, " %a %a", scale, zero_point);
        for (uint32_t s = 0; port->steps && s < port->steps->count; s++) {
            const struct port_step *step = &port->steps->at[s];
            strbuf_printf(&text, " %d %a", (int)step->operation,
                          (double)step->constants[shape_project(shape, e, &step->shape)]);
        }
        strbuf_append(&text, "\n");
    }
    char digest[65];
    sha256_of(text.data, text.length, digest);
    return arena_printf(arena, "%.8s", digest);
}

static void add_ports(struct arena *arena, const struct program *program, struct compile_report *report) {
    const struct graph *graph = program->graph;
    const struct layout *layout = layout_of_design(program->design, arena);
    report->ports = ARENA_ARRAY(arena, struct port_report, layout->input_count + layout->output_count);
    for (uint32_t i = 0; i < layout->input_count + layout->output_count; i++) {
        bool input = i < layout->input_count;
        const struct port_layout *port = input ? &layout->inputs[i] : &layout->outputs[i - layout->input_count];
        const struct node *node = graph_definition(graph, port->value);
        report->ports[report->port_count++] =
            (struct port_report){.name = port->original,
                                 .direction = input ? "input" : "output",
                                 .elements = port->elements,
                                 .width = port->width,
                                 .beats = port->beats,
                                 .format = format_words(arena, graph, port->value),
                                 .rounding = input ? rounding_names[node->attributes.input.rounding] : "",
                                 .overflow = input ? overflow_names[node->attributes.input.overflow] : "",
                                 .chosen_by = input ? chosen_by(program, port->original) : "",
                                 .numbers = digest_of(arena, graph, port)};
    }
}

static void add_notes(struct arena *arena, const struct program *program, struct compile_report *report) {
    const struct diagnostics *diagnostics = &program->context->diagnostics;
    report->notes = ARENA_ARRAY(arena, struct note_report, program->note_count + 1);
    for (uint32_t i = 0; i < program->note_count; i++)
        report->notes[report->note_count++] = (struct note_report){program->notes[i].pass, program->notes[i].subject,
                                                                   program->notes[i].text, program->notes[i].number};
    report->warnings = ARENA_ARRAY(arena, const char *, diagnostics->count + 1);
    for (size_t i = 0; i < diagnostics->count; i++)
        if (diagnostics->items[i].severity == SEVERITY_WARNING)
            report->warnings[report->warning_count++] =
                diagnostics->items[i].location.node
                    ? arena_printf(arena, "%s: %s", diagnostics->items[i].location.node, diagnostics->items[i].message)
                    : diagnostics->items[i].message;
}

static int compare_names(const void *left, const void *right) {
    return strcmp(*(const char *const *)left, *(const char *const *)right);
}

struct node_names node_names_of(struct arena *arena, const struct graph *graph) {
    struct node_names names = {ARENA_ARRAY(arena, const char *, graph->node_count + 1), 0};
    for (uint32_t n = 0; n < graph->node_count; n++)
        if (!graph->nodes[n].dead) names.at[names.count++] = arena_strdup(arena, graph->nodes[n].name);
    qsort(names.at, names.count, sizeof *names.at, compare_names);
    return names;
}

void summary_mark_made(struct compile_report *report, const struct node_names *model) {
    for (uint32_t i = 0; i < report->layer_count; i++) {
        struct layer_report *layer = &report->layers[i];
        layer->made = !bsearch(&layer->name, model->at, model->count, sizeof *model->at, compare_names);
    }
}

struct compile_report *summary_new(struct arena *arena, const struct program *program, const char *name,
                                   const char *hash) {
    struct compile_report *report = ARENA_NEW(arena, struct compile_report);
    const struct compile_options *options = program->options;
    report->name = name;
    report->model = program->graph->name; /* the file's name decides no byte: the manifest tells it */
    report->part_code = options->part_code;
    report->part_name = options->part->name;
    report->technology_source = program->technology->source;
    report->tool_version = BXC_VERSION;
    report->content_hash = hash;
    report->clock_period = options->clock_ps / 1000.0;
    report->latency = program->design->latency;
    report->initiation_interval = program->design->interval;
    report->beats = program->design->beats;
    summary_add_blocks(arena, program, report);
    report->stage_delay = design_stage_delay(program->design, program->technology);
    report->margin = options->margin_percent;
    add_path(arena, program, report);
    report->total = design_cost(program->design, program->technology);
    report->available = (struct cost){options->part->lut, options->part->ff, options->part->dsp, options->part->bram18};
    report->slr = (int)options->part->slr;
    add_layers(arena, program, report);
    add_ports(arena, program, report);
    add_notes(arena, program, report);
    return report;
}
