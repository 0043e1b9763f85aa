/* Inner values for whoever looks for the place of a difference: fw/sim/probes.v is a module around the top that
 * reads the signals of the probe table by their hierarchical names and gives them in step with the outputs, and
 * fw/sim/probes.json says what they are. Nothing of the firmware knows of either. */
#include "codegen/verilog/verilog.h"

#include <cjson/cJSON.h>
#include <stdlib.h>

enum { PORT_BITS = 16384 }; /* simulators and the standard have limits for vectors */

struct probed { /* a wire that somebody's value can be read from in a beat */
    uint32_t wire;
    int beat;
    uint32_t at; /* its lowest bit among all that is given */
};

struct probe_plan {
    const struct plan *plan;
    const struct datapath *path;
    struct probed *probed; /* by cycle */
    uint32_t count;
    uint32_t *ordinal; /* by value: its number in model.bxc */
    uint32_t *index;   /* by wire and beat: into probed, + 1 */
    uint32_t words;    /* of 64 bits */
    const char *dut, *module;
    struct names *names;
};

static int cycle_of(const struct probe_plan *p, uint32_t wire, int beat) {
    int cycle = p->path->wires[wire].cycle;
    return (cycle < 0 ? 0 : cycle) + beat;
}

/* Items that no output waits for come after it, or never. */
static bool is_visible(const struct probe_plan *p, const struct probe *probe) {
    return probe->wire.id != UINT32_MAX && cycle_of(p, probe->wire.id, probe->beat) <= p->plan->last_cycle &&
           p->plan->wires[probe->wire.id].bits + (probe->shift < 0 ? probe->shift : 0) > 0;
}

static uint32_t *index_of(const struct probe_plan *p, uint32_t wire, int beat) {
    return &p->index[(size_t)wire * (size_t)p->plan->design->beats + (size_t)beat];
}

static uint32_t bits_of(const struct probe_plan *p, uint32_t wire) {
    return (uint32_t)p->plan->wires[wire].bits;
}

static void find_wires(struct probe_plan *p) {
    struct arena *arena = p->plan->arena;
    int beats = p->plan->design->beats;
    p->index = ARENA_ARRAY(arena, uint32_t, (size_t)p->path->wire_count * (size_t)beats + 1);
    p->probed = ARENA_ARRAY(arena, struct probed, (size_t)p->path->wire_count * (size_t)beats + 1);
    for (uint32_t i = 0; i < p->path->probe_count; i++) {
        const struct probe *probe = &p->path->probes[i];
        if (is_visible(p, probe)) *index_of(p, probe->wire.id, probe->beat) = 1;
    }
    uint32_t *first = ARENA_ARRAY(arena, uint32_t, (size_t)p->plan->last_cycle + 2);
    for (uint32_t w = 0; w < p->path->wire_count; w++)
        for (int beat = 0; beat < beats; beat++)
            if (*index_of(p, w, beat)) first[cycle_of(p, w, beat) + 1]++;
    for (int cycle = 0; cycle <= p->plan->last_cycle; cycle++) first[cycle + 1] += first[cycle];
    p->count = first[p->plan->last_cycle + 1];
    for (uint32_t w = 0; w < p->path->wire_count; w++)
        for (int beat = 0; beat < beats; beat++) {
            if (!*index_of(p, w, beat)) continue;
            uint32_t at = first[cycle_of(p, w, beat)]++;
            p->probed[at] = (struct probed){w, beat, 0};
            *index_of(p, w, beat) = at + 1;
        }
}

static int cycle_seen(const struct probe_plan *p, uint32_t index) {
    return cycle_of(p, p->probed[index].wire, p->probed[index].beat);
}

static void number_values(struct probe_plan *p) {
    const struct graph *graph = p->plan->design->graph;
    uint32_t next = 0;
    p->ordinal = ARENA_ARRAY(p->plan->arena, uint32_t, graph->value_count + 1);
    for (uint32_t v = 0; v < graph->value_count; v++)
        p->ordinal[v] = graph_definition(graph, (valref){v})->dead ? UINT32_MAX : next++;
}

static const char *signal_path(const struct probe_plan *p, uint32_t wire) {
    const struct plan *plan = p->plan;
    const char *name = plan->wires[wire].name;
    int layer = plan->wires[wire].layer;
    return layer == LAYER_TOP ? arena_printf(plan->arena, "%s.%s", p->dut, name)
                              : arena_printf(plan->arena, "%s.%s.%s", p->dut, plan->layers[layer].instance, name);
}

/* ---- the module ---- */

/* The wires of one port: as many as fit, from `first` on; returns the number behind the last. */
static uint32_t port_end(const struct probe_plan *p, uint32_t first, uint32_t *bits) {
    uint32_t i = first;
    for (*bits = 0; i < p->count && (i == first || *bits + bits_of(p, p->probed[i].wire) <= PORT_BITS); i++)
        *bits += bits_of(p, p->probed[i].wire);
    return i;
}

/* first to end: the wires of the cycle. */
static void write_step(const struct probe_plan *p, struct strbuf *out, const char *name, uint32_t first, uint32_t end,
                       int cycle, uint32_t before, uint32_t bits) {
    struct strbuf parts = strbuf_new(p->plan->arena);
    for (uint32_t i = end; i-- > first;)
        strbuf_printf(&parts, "%s\n            %s", parts.length ? "," : "", signal_path(p, p->probed[i].wire));
    if (before) strbuf_printf(&parts, "%s\n            %s_c%d", parts.length ? "," : "", name, cycle - 1);
    strbuf_printf(out, "    reg [%u:0] %s_c%d; // at the end of cycle %d\n    always @(posedge clk) %s_c%d <= {%s};\n",
                  bits - 1, name, cycle, cycle, name, cycle, parts.data);
}

/* A register a cycle, from the first in which a wire is computed to that of the outputs. */
static void write_port(struct probe_plan *p, struct strbuf *out, const char *port, uint32_t first, uint32_t end) {
    const char *name = names_unique(p->names, arena_printf(p->plan->arena, "seen_%u", p->words));
    uint32_t bits = 0, next = first;
    for (int cycle = cycle_seen(p, first); cycle <= p->plan->last_cycle; cycle++) {
        uint32_t before = bits, from = next;
        for (; next < end && cycle_seen(p, next) == cycle; next++) {
            p->probed[next].at = 64 * p->words + bits;
            bits += bits_of(p, p->probed[next].wire);
        }
        write_step(p, out, name, from, next, cycle, before, bits);
    }
    uint32_t words = (bits + 63) / 64, rest = 64 * words - bits;
    if (rest)
        strbuf_printf(out, "    assign %s = {%u'd0, %s_c%d};\n", port, rest, name, p->plan->last_cycle);
    else
        strbuf_printf(out, "    assign %s = %s_c%d;\n", port, name, p->plan->last_cycle);
    p->words += words;
}

static void write_network(const struct probe_plan *p, struct strbuf *ports, struct strbuf *connections) {
    const struct layout *layout = p->plan->layout;
    strbuf_append(ports,
                  "    input wire clk,\n    input wire rst,\n    input wire in_valid,\n    output wire out_valid");
    strbuf_append(connections, ".clk(clk), .rst(rst), .in_valid(in_valid), .out_valid(out_valid)");
    for (uint32_t i = 0; i < layout->input_count; i++) {
        strbuf_printf(ports, ",\n    input wire [%u:0] %s", layout->inputs[i].width - 1, layout->inputs[i].name);
        strbuf_printf(connections, ",\n        .%s(%s)", layout->inputs[i].name, layout->inputs[i].name);
    }
    for (uint32_t i = 0; i < layout->output_count; i++) {
        strbuf_printf(ports, ",\n    output wire [%u:0] %s", layout->outputs[i].width - 1, layout->outputs[i].name);
        strbuf_printf(connections, ",\n        .%s(%s)", layout->outputs[i].name, layout->outputs[i].name);
    }
}

static void write_module(struct probe_plan *p, struct probe_ports *given) {
    const struct emission *emission = p->plan->emission;
    struct arena *arena = p->plan->arena;
    struct strbuf file = strbuf_new(arena), ports = strbuf_new(arena), connections = strbuf_new(arena),
                  body = strbuf_new(arena);
    write_network(p, &ports, &connections);
    given->names = ARENA_ARRAY(arena, const char *, p->count + 1);
    given->words = ARENA_ARRAY(arena, uint32_t, p->count + 1);
    for (uint32_t first = 0, bits, end; first < p->count; first = end) {
        const char *port = names_unique(p->names, arena_printf(arena, "probes_%u", given->count));
        uint32_t before = p->words;
        end = port_end(p, first, &bits);
        write_port(p, &body, port, first, end);
        strbuf_printf(&ports, ",\n    output wire [%u:0] %s", 64 * (p->words - before) - 1, port);
        given->names[given->count] = port;
        given->words[given->count++] = p->words - before;
    }
    strbuf_printf(
        &file,
        "// Inner values of %s, in step with its outputs, for 'bxc verify' to name the layer in which a difference\n"
        "// begins. For simulation only: the network knows nothing of it. What is what stands in probes.json.\n"
        "module %s #(\n    parameter [255:0] CONTENT_HASH = 256'h%s\n) (\n%s\n);\n    %s %s (%s);\n\n%sendmodule\n",
        emission->name, p->module, emission->content_hash, ports.data, emission->name, p->dut, connections.data,
        body.data);
    file_set_add(emission->files, "sim/probes.v", file.data, file.length);
}

/* ---- the table ---- */

static const char *json_string(struct arena *arena, const char *text) {
    cJSON *item = cJSON_CreateString(text);
    char *printed = item ? cJSON_PrintUnformatted(item) : NULL;
    cJSON_Delete(item);
    if (!printed) context_out_of_memory(arena_context(arena));
    arena_defer(arena, cJSON_free, printed);
    return printed;
}

static uint32_t absorber_of(const struct probe_plan *p, const struct probe *probe) {
    return probe->absorber.id == UINT32_MAX ? UINT32_MAX : p->ordinal[probe->absorber.id];
}

static void write_probe(const struct probe_plan *p, struct strbuf *wires, struct strbuf *absorbed,
                        const struct probe *probe) {
    if (probe->wire.id == UINT32_MAX) {
        strbuf_printf(absorbed, "%s[%u, %d]", absorbed->length ? ", " : "", probe->element, (int)absorber_of(p, probe));
        return;
    }
    if (!is_visible(p, probe)) return;
    const struct wire *wire = plan_wire(p->plan, probe->wire);
    strbuf_printf(wires, "%s\n      [%u, \"%s\", %u, %u, %d, %d, %d, \"%lld\"]", wires->length ? "," : "",
                  probe->element, signal_path(p, probe->wire.id),
                  p->probed[*index_of(p, probe->wire.id, probe->beat) - 1].at, bits_of(p, probe->wire.id),
                  (int)wire->cycle + probe->beat, (int)probe->shift, probe->negative, (long long)probe->offset);
}

static void write_table(const struct probe_plan *p) {
    const struct graph *graph = p->plan->design->graph;
    struct arena *arena = p->plan->arena;
    struct strbuf file = strbuf_new(arena);
    strbuf_printf(
        &file,
        "{\n  \"module\": \"%s\",\n  \"words\": %u,\n"
        "  \"columns\": [\"element\", \"signal\", \"at\", \"bits\", \"cycle\", \"shift\", \"negative\", \"offset\"],\n  \"values\": [",
        p->module, p->words);
    bool first = true;
    for (uint32_t from = 0, to; from < p->path->probe_count; from = to) {
        valref value = p->path->probes[from].value;
        struct strbuf wires = strbuf_new(arena), absorbed = strbuf_new(arena);
        for (to = from; to < p->path->probe_count && p->path->probes[to].value.id == value.id; to++)
            write_probe(p, &wires, &absorbed, &p->path->probes[to]);
        strbuf_printf(&file, "%s\n    {\"value\": %u, \"node\": %s, \"absorbed\": [%s], \"wires\": [%s]}",
                      first ? "" : ",", p->ordinal[value.id], json_string(arena, graph_definition(graph, value)->name),
                      absorbed.data, wires.data);
        first = false;
    }
    strbuf_append(&file, "\n  ]\n}\n");
    file_set_add(p->plan->emission->files, "sim/probes.json", file.data, file.length);
}

struct probe_ports emit_probes(const struct plan *plan) {
    struct probe_plan p = {
        .plan = plan, .path = plan->path, .names = names_new(plan->arena), .module = plan->probe_module};
    struct probe_ports given = {0};
    static const char *const own[] = {"clk", "rst", "in_valid", "out_valid", "CONTENT_HASH", NULL};
    for (int i = 0; own[i]; i++) names_unique(p.names, own[i]);
    for (uint32_t i = 0; i < plan->layout->input_count; i++) names_unique(p.names, plan->layout->inputs[i].name);
    for (uint32_t i = 0; i < plan->layout->output_count; i++) names_unique(p.names, plan->layout->outputs[i].name);
    p.dut = names_unique(p.names, "network");
    number_values(&p);
    find_wires(&p);
    write_module(&p, &given);
    write_table(&p);
    return given;
}
