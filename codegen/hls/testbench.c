/* What runs the top function: a filter of events for bxc verify (main.cpp), and a testbench that checks itself
 * against vectors, for the vendors' simulations. */
#include "codegen/hls/hls.h"
#include "ir/eval.h"
#include "ir/random.h"

#include <string.h>

/* ---- vectors: the ends of all elements, then events that are uniform over what the ports carry ---- */

enum { VECTORS_LEAST = 16, VECTORS_MOST = 200, NUMBERS_MOST = 40000 };

static int64_t any_of(struct format format, uint64_t bits) {
    if (format.width <= 0) return 0;
    return format.is_signed ? (int64_t)bits >> (64 - format.width) : (int64_t)(bits >> (64 - format.width));
}

static int64_t *make_inputs(struct arena *arena, const struct port_layout *port, size_t events, uint64_t *state) {
    int64_t *out = ARENA_ARRAY(arena, int64_t, events * port->elements + 1);
    for (size_t event = 1; event < events; event++)
        for (uint32_t i = 0; i < port->elements; i++)
            out[event * port->elements + i] = event == 1   ? format_max(port->format[i])
                                              : event == 2 ? format_min(port->format[i])
                                                           : any_of(port->format[i], splitmix64(state));
    return out;
}

static size_t count_vectors(const struct hls_writer *writer) {
    size_t numbers = 0;
    for (uint32_t i = 0; i < hls_port_count(writer); i++) numbers += hls_port_layout(writer, i)->elements;
    size_t events = NUMBERS_MOST / (numbers ? numbers : 1);
    return events < VECTORS_LEAST ? VECTORS_LEAST : events > VECTORS_MOST ? VECTORS_MOST : events;
}

static int add_vectors(struct hls_writer *writer) {
    uint32_t inputs = writer->layout->input_count, ports = hls_port_count(writer);
    size_t events = count_vectors(writer);
    uint64_t state = 1;
    int64_t **numbers = ARENA_ARRAY(writer->arena, int64_t *, ports + 1);
    for (uint32_t i = 0; i < inputs; i++)
        numbers[i] = make_inputs(writer->arena, hls_port_layout(writer, i), events, &state);
    for (uint32_t i = inputs; i < ports; i++)
        numbers[i] = ARENA_ARRAY(writer->arena, int64_t, events * hls_port_layout(writer, i)->elements + 1);
    if (graph_run_integers(writer->graph, events, (const int64_t *const *)numbers, numbers + inputs) < 0) return -1;
    struct strbuf out = strbuf_new(writer->arena);
    for (size_t event = 0; event < events; event++) {
        for (uint32_t i = 0; i < ports; i++) {
            uint32_t elements = hls_port_layout(writer, i)->elements;
            for (uint32_t e = 0; e < elements; e++)
                strbuf_printf(&out, "%lld ", (long long)numbers[i][event * elements + e]);
        }
        out.data[--out.length] = 0;
        strbuf_append(&out, "\n");
    }
    hls_add_file(writer, "vectors.txt", &out);
    return 0;
}

/* ---- both programs ---- */

struct program_text {
    struct strbuf inputs, arguments, outputs;
    uint32_t totals[2];
};

/* Buffers of all ports, and what fills and reads them: the streams of main.cpp, or a file of vectors. */
static struct program_text program_text(struct hls_writer *writer, bool filter) {
    struct arena *arena = writer->arena;
    struct program_text text = {strbuf_new(arena), strbuf_new(arena), strbuf_new(arena), {0, 0}};
    for (uint32_t i = 0; i < hls_port_count(writer); i++) {
        const struct port_layout *port = hls_port_layout(writer, i);
        bool output = i >= writer->layout->input_count;
        const char *buffer = arena_printf(arena, "%s_%s", output ? "out" : "in", port->name),
                   *type = writer->ports[i].type;
        const char *offset = arena_printf(arena, "8 * (%u + i)", text.totals[output]);
        const char *source = filter ? arena_printf(arena, "load(from + %s)", offset) : "number(file)";
        strbuf_printf(&text.inputs, "    %s %s[%u];\n", type, buffer, port->elements);
        strbuf_printf(&text.arguments, "%s%s", i ? ", " : "", buffer);
        if (!output)
            strbuf_printf(&text.inputs, "    for (int i = 0; i < %u; i++) %s[i] = bxc_from_raw<%s>(%s);\n",
                          port->elements, buffer, type, source);
        else if (filter)
            strbuf_printf(&text.outputs, "    for (int i = 0; i < %u; i++) store(to + %s, bxc_raw(%s[i]));\n",
                          port->elements, offset, buffer);
        else
            strbuf_printf(
                &text.outputs,
                "    for (int i = 0; i < %u; i++) wrong += compare(event, \"%s\", i, bxc_raw(%s[i]), number(file));\n",
                port->elements, port->name, buffer);
        text.totals[output] += port->elements;
    }
    return text;
}

int hls_add_testbenches(struct hls_writer *writer) {
    const char *name = writer->emission->name;
    struct program_text filter = program_text(writer, true), check = program_text(writer, false);
    const struct template_key filter_keys[] = {{"name", name},
                                               {"inputs", arena_printf(writer->arena, "%u", filter.totals[0])},
                                               {"outputs", arena_printf(writer->arena, "%u", filter.totals[1])},
                                               {"read", filter.inputs.data},
                                               {"arguments", filter.arguments.data},
                                               {"write", filter.outputs.data},
                                               {"probes", arena_printf(writer->arena, "%zu", writer->probes)},
                                               {NULL, NULL}};
    const struct template_key check_keys[] = {{"name", name},
                                              {"read", check.inputs.data},
                                              {"arguments", check.arguments.data},
                                              {"compare", check.outputs.data},
                                              {NULL, NULL}};
    if (hls_add_template(writer, "hls_main.cpp", "main.cpp", filter_keys)) return -1;
    if (hls_add_template(writer, "hls_testbench.cpp", "testbench.cpp", check_keys)) return -1;
    return add_vectors(writer);
}
