/* Emitted Verilog against the datapath's own meaning: random designs of every wire operation, with
 * registers at random, are emitted, must pass verilator -Wall and iverilog -Wall without a word, and
 * give the same bits in both simulators, back to back, with gaps and through a reset.
 *
 * Environment: WORK (scratch folder), VERILATED (cache), SEED, WIRES. */
#include <sys/stat.h>
#include <unistd.h>

#include "codegen/codegen.h"
#include "ir/file.h"
#include "tests/test.h"
#include "tests/unit/shell.h"

enum { INPUTS = 2, ELEMENTS = 12, NODES = 6, OUTPUTS = 3, EVENTS = 400 };

static const char hash[] = "00112233445566778899aabbccddeeff0123456789abcdef0123456789abcdef";
static char folder[300];
static uint64_t random_state;

static uint64_t random_next(void) {
    random_state ^= random_state >> 12;
    random_state ^= random_state << 25;
    random_state ^= random_state >> 27;
    return random_state * UINT64_C(2685821657736338717);
}

static int pick(int count) {
    return (int)((random_next() >> 33) % (uint64_t)count);
}

static uint64_t environment_number(const char *name, uint64_t otherwise) {
    const char *text = getenv(name);
    return text && *text ? strtoull(text, NULL, 10) : otherwise;
}

/* ---- a graph whose ports the design has ---- */

static struct formats random_formats(struct arena *arena, struct shape shape) {
    size_t count = shape_elements(&shape);
    struct formats formats = {.shape = shape, .at = ARENA_ARRAY(arena, struct format, count)};
    for (size_t e = 0; e < count; e++)
        formats.at[e] = (struct format){.is_signed = pick(2) != 0, .width = (int16_t)pick(11), .fraction = 3};
    return formats;
}

static struct graph *make_graph(struct bxc_context *context) {
    struct graph *graph = graph_new(context, "random");
    struct shape shape = {2, {1, ELEMENTS}};
    valref value = NO_VALUE;
    for (int i = 0; i < INPUTS; i++) {
        const char *name = arena_printf(graph->arena, i ? "model/wire %d" : "input", i);
        value = graph_append_integer_input(graph, name, shape, random_formats(graph->arena, shape), ROUND_TRUNCATE,
                                           OVERFLOW_WRAP);
    }
    for (int n = 0; n < NODES; n++) { /* products open layers */
        if (n % 2) {
            value = graph_append(graph, OP_MUL, arena_printf(graph->arena, "layer_%d", n), (valref[]){value, value}, 2,
                                 NULL);
            continue;
        }
        union attributes attributes = {.quantizer = {.rounding = ROUND_TRUNCATE,
                                                     .overflow = OVERFLOW_WRAP,
                                                     .formats = random_formats(graph->arena, shape)}};
        for (int e = 0; e < ELEMENTS; e++) /* one output of every width up to the widest */
            attributes.quantizer.formats.at[e].width = (int16_t)(e == 0 && n == NODES - 2 ? 64 : e);
        attributes.quantizer.formats.at[0].is_signed = true;
        value = graph_append(graph, OP_NARROW, arena_printf(graph->arena, "model/layer.%d/Narrow", n), &value, 1,
                             &attributes);
        graph_append_output(graph, arena_printf(graph->arena, "y.%d", n), value);
    }
    return graph;
}

/* ---- wires ---- */

struct random_design {
    struct design *design;
    struct datapath *path;
    int node; /* origin of the next wire */
};

static wireref random_wire(const struct random_design *random) {
    uint32_t count = random->path->wire_count;
    uint32_t back = (uint32_t)pick(pick(3) ? 40 : (int)count);
    return (wireref){back < count ? count - 1 - back : (uint32_t)pick((int)count)};
}

static wireref append(struct random_design *random, struct wire *wire) {
    for (uint32_t i = 0; i < wire->operand_count; i++) {
        int32_t cycle = random->path->wires[wire->operands[i].wire.id].cycle;
        wire->cycle = cycle > wire->cycle ? cycle : wire->cycle;
    }
    wire->cycle += pick(4) == 0;
    wire->origin = (noderef){(uint32_t)(INPUTS + random->node)};
    if (pick(20) == 0) wire->origin = NO_NODE;
    wire->element = (uint32_t)pick(ELEMENTS);
    return datapath_append(random->design, random->path, wire);
}

static wireref append_wrap(struct random_design *random, wireref from, int bits, bool is_signed) {
    struct term term = {.wire = from};
    return append(
        random, &(struct wire){
                    .op = WIRE_WRAP, .operand_count = 1, .operands = &term, .amount = bits, .wrap_signed = is_signed});
}

/* A wire that is not too wide to go on with. */
static wireref narrow_wire(struct random_design *random, int bits) {
    wireref wire = random_wire(random);
    if (wire_width(&random->path->wires[wire.id]) <= bits) return wire;
    return append_wrap(random, wire, bits, pick(2) != 0);
}

static void append_sum(struct random_design *random) {
    struct term terms[3];
    struct wire wire = {.op = WIRE_SUM, .operand_count = (uint32_t)(1 + pick(3)), .operands = terms};
    for (uint32_t i = 0; i < wire.operand_count; i++)
        terms[i] = (struct term){
            .wire = narrow_wire(random, 40), .shift = (int8_t)(pick(3) ? pick(5) : pick(14)), .negative = pick(3) == 0};
    if (wire.operand_count < 3 && pick(2)) wire.constant = pick(3) ? pick(512) - 256 : (int64_t)1 << pick(20);
    append(random, &wire);
}

static void append_table(struct random_design *random) {
    wireref index = narrow_wire(random, 6);
    const struct wire *operand = &random->path->wires[index.id];
    struct datapath *path = random->path;
    struct table table = {.first = operand->lo - pick(3), .count = (uint32_t)(operand->hi - operand->lo) + 4};
    table.entries = ARENA_ARRAY(random->design->arena, int64_t, table.count);
    for (uint32_t i = 0; i < table.count; i++) table.entries[i] = pick(3) ? pick(200) - 100 : 7;
    path->tables = arena_grow(random->design->arena, path->tables, path->table_count * sizeof table,
                              (path->table_count + 1) * sizeof table);
    path->tables[path->table_count++] = table;
    path->table_capacity = path->table_count;
    struct term term = {.wire = index};
    for (int reader = 0; reader < 2; reader++)
        append(random,
               &(struct wire){.op = WIRE_TABLE, .operand_count = 1, .operands = &term, .table = path->table_count - 1});
}

static void append_clamp(struct random_design *random) {
    struct term term = {.wire = narrow_wire(random, 12)};
    int64_t power = (int64_t)1 << pick(9);
    struct wire wire = {
        .op = WIRE_CLAMP, .operand_count = 1, .operands = &term, .clamp_lo = -power, .clamp_hi = power - 1};
    switch (pick(6)) {
    case 0:
        wire.clamp_lo = 0;
        wire.clamp_hi = INT64_MAX;
        break;
    case 1: wire.clamp_lo = 0; break;
    case 2: wire.clamp_lo = -power + 1; break;
    case 3: wire.clamp_lo = INT64_MIN; break;
    case 4: wire.clamp_hi = INT64_MAX; break;
    default: break;
    }
    append(random, &wire);
}

static wireref one_bit(struct random_design *random) {
    return append_wrap(random, random_wire(random), 1, false);
}

static void append_random(struct random_design *random) {
    static const int64_t constants[] = {0, 0, 1, -1, 7, -64, 1023};
    static const enum wire_op binary[] = {WIRE_LESS, WIRE_EQUAL, WIRE_AND, WIRE_OR, WIRE_XOR};
    struct term terms[3] = {{.wire = narrow_wire(random, 20)}};
    int kind = pick(16);
    if (kind < 5) {
        append_sum(random);
    } else if (kind < 10) {
        terms[1].wire = narrow_wire(random, 20);
        if (pick(4) == 0)
            terms[pick(2)].wire = append(random, &(struct wire){.op = WIRE_CONSTANT, .constant = constants[pick(7)]});
        if (terms[0].wire.id == terms[1].wire.id) /* x ^ x: lint sees that it is constant */
            append_sum(random);
        else
            append(random, &(struct wire){.op = binary[pick(5)], .operand_count = 2, .operands = terms});
    } else if (kind == 10) {
        append(random,
               &(struct wire){.op = WIRE_SHIFT_RIGHT, .operand_count = 1, .operands = terms, .amount = pick(8)});
    } else if (kind == 11) {
        append(random, &(struct wire){.op = WIRE_NOT, .operand_count = 1, .operands = terms});
    } else if (kind == 12) {
        append_table(random);
    } else if (kind == 13) {
        append_clamp(random);
    } else if (kind == 14) {
        terms[1].wire = terms[0].wire;
        terms[2].wire = narrow_wire(random, 30);
        terms[0].wire = one_bit(random);
        append(random, &(struct wire){.op = WIRE_SELECT, .operand_count = 3, .operands = terms});
    } else {
        append(random, &(struct wire){.op = WIRE_CONSTANT, .constant = pick(2) ? constants[pick(7)] : pick(100) - 50});
    }
}

static wireref append_sum_of(struct random_design *random, const struct term *terms, uint32_t count) {
    struct term copy[3];
    memcpy(copy, terms, count * sizeof *terms);
    return append(random, &(struct wire){.op = WIRE_SUM, .operand_count = count, .operands = copy});
}

/* Comparisons of numbers of every width up to 45 that agree above some bit, as the bits of one word. */
static wireref append_comparisons(struct random_design *random) {
    enum { WIDTHS = 45 };
    struct term word[2] = {{.wire = append(random, &(struct wire){.op = WIRE_CONSTANT})}};
    for (int bits = 1; bits <= WIDTHS; bits++) {
        bool is_signed = pick(2) != 0;
        struct term terms[3] = {{.wire = narrow_wire(random, 15)},
                                {.wire = narrow_wire(random, 15), .shift = (int8_t)(bits / 3)},
                                {.wire = narrow_wire(random, 15), .shift = (int8_t)(2 * bits / 3)}};
        wireref a = append_wrap(random, append_sum_of(random, terms, 3), bits, is_signed);
        terms[0] = (struct term){.wire = a};
        for (int i = 1; i < 3; i++) terms[i] = (struct term){.wire = one_bit(random), .shift = (int8_t)pick(bits)};
        terms[2].negative = true;
        wireref b = append_wrap(random, append_sum_of(random, terms, 3), bits, pick(3) ? is_signed : !is_signed);
        struct term pair[2] = {{.wire = a}, {.wire = b}};
        word[1].wire = append(random, &(struct wire){.op = WIRE_LESS, .operand_count = 2, .operands = pair});
        word[1].shift = (int8_t)(bits - 1);
        word[0].wire = append_sum_of(random, word, 2);
    }
    return word[0].wire;
}

static struct port make_port(struct random_design *random, const char *name, valref value) {
    const struct graph *graph = random->design->graph;
    struct port port = {.name = name, .value = value, .element_count = ELEMENTS, .beats = 1, .slots = ELEMENTS};
    port.elements = ARENA_ARRAY(random->design->arena, struct port_element, ELEMENTS);
    for (uint32_t e = 0; e < ELEMENTS; e++)
        port.elements[e] = (struct port_element){.format = graph_format(graph, value, e), .slot = e};
    return port;
}

static void append_inputs(struct random_design *random) {
    struct design *design = random->design;
    const valref *inputs = graph_inputs(design->graph, design->arena).at;
    design->inputs = ARENA_ARRAY(design->arena, struct port, INPUTS);
    design->input_count = INPUTS;
    for (uint32_t p = 0; p < INPUTS; p++) {
        struct port *port = &design->inputs[p];
        *port = make_port(random, design->graph->nodes[p].name, inputs[p]);
        for (uint32_t e = 0; e < ELEMENTS; e++) {
            struct format format = port->elements[e].format;
            struct wire wire = {.op = format.width ? WIRE_INPUT : WIRE_CONSTANT,
                                .table = p,
                                .amount = (int32_t)e,
                                .lo = format_min(format),
                                .hi = format_max(format),
                                .origin = {p},
                                .element = e};
            if (!format.width) wire.table = 0, wire.amount = 0, wire.lo = wire.hi = 0;
            port->elements[e].wire = datapath_append(design, random->path, &wire);
        }
    }
}

static void append_outputs(struct random_design *random) {
    struct design *design = random->design;
    design->outputs = ARENA_ARRAY(design->arena, struct port, OUTPUTS);
    design->output_count = OUTPUTS;
    int last = 0;
    wireref comparisons = append_comparisons(random);
    for (uint32_t p = 0; p < OUTPUTS; p++) {
        design->outputs[p] = make_port(random, design->graph->outputs[p].name, design->graph->outputs[p].value);
        for (uint32_t e = 0; e < ELEMENTS; e++) {
            struct port_element *element = &design->outputs[p].elements[e];
            wireref from = element->format.width == 64 ? comparisons : random_wire(random);
            if (element->format.width)
                element->wire = append_wrap(random, from, element->format.width, element->format.is_signed);
            else
                element->wire = append(random, &(struct wire){.op = WIRE_CONSTANT});
        }
    }
    for (uint32_t w = 0; w < random->path->wire_count; w++)
        last = random->path->wires[w].cycle > last ? random->path->wires[w].cycle : last;
    design->latency = last + 2;
}

static struct design *make_design(const struct graph *graph, const char *name) {
    struct design *design = design_new(graph, name);
    design->clock_ps = 2778;
    struct random_design random = {design, &design->datapath, 0};
    int wires = (int)environment_number("WIRES", 240);
    append_inputs(&random);
    for (int i = 0; i < wires; i++) {
        random.node = i * NODES / wires;
        append_random(&random);
    }
    append_outputs(&random);
    if (pick(2)) design_compact(design);
    return design;
}

/* ---- emission, simulation ---- */

static int emit(const struct design *design, const char *where) {
    struct bxc_context *context = design->context;
    struct file_set files = {.arena = design->arena};
    struct emission emission = {.context = context,
                                .graph = design->graph,
                                .design = design,
                                .name = design->name,
                                .content_hash = hash,
                                .clock_ps = 2778,
                                .part_code = "xcvu13p-flga2577-2-e",
                                .files = &files};
    if (verilog_emit(&emission)) return -1;
    shell("mkdir -p %s/rtl %s/sim", where, where);
    for (uint32_t i = 0; i < files.count; i++) {
        char path[800];
        snprintf(path, sizeof path, "%s/%s", where, files.files[i].path);
        if (file_write(context, path, files.files[i].data, files.files[i].length)) return -1;
    }
    return 0;
}

struct events {
    int64_t *in[INPUTS], *want[OUTPUTS];
};

static int64_t random_in_format(struct format format) {
    if (format.width == 0) return 0;
    if (pick(4) == 0) return pick(2) ? format_min(format) : format_max(format);
    uint64_t bits = random_next() & ((UINT64_C(1) << format.width) - 1);
    return (int64_t)bits + (format.is_signed ? format_min(format) : 0);
}

static struct events make_events(const struct design *design) {
    struct events events;
    for (int p = 0; p < INPUTS; p++) {
        events.in[p] = ARENA_ARRAY(design->arena, int64_t, ELEMENTS * EVENTS);
        for (int i = 0; i < ELEMENTS * EVENTS; i++)
            events.in[p][i] = random_in_format(design->inputs[p].elements[i % ELEMENTS].format);
    }
    for (int p = 0; p < OUTPUTS; p++) events.want[p] = ARENA_ARRAY(design->arena, int64_t, ELEMENTS * EVENTS);
    design_run(design, EVENTS, (const int64_t *const *)events.in, events.want);
    return events;
}

static void write_rows(const char *name, int64_t *const *ports, int count) {
    char path[400];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "wb");
    for (int e = 0; file && e < EVENTS; e++)
        for (int p = 0; p < count; p++) fwrite(ports[p] + e * ELEMENTS, sizeof(int64_t), ELEMENTS, file);
    if (file) fclose(file);
}

/* Number of the first 64-bit word of `got` that is not as in `want`, or -1. */
static long first_difference(const char *want, const char *got) {
    char path[400];
    int64_t a = 0, b = 0;
    snprintf(path, sizeof path, "%s/%s", folder, want);
    FILE *one = fopen(path, "rb");
    snprintf(path, sizeof path, "%s/%s", folder, got);
    FILE *two = fopen(path, "rb");
    long at = one && two ? -1 : 0;
    for (long i = 0; at < 0; i++) {
        size_t more = fread(&a, sizeof a, 1, one), other = fread(&b, sizeof b, 1, two);
        if (more != other || (more && a != b)) at = i;
        if (!more) break;
    }
    if (one) fclose(one);
    if (two) fclose(two);
    return at;
}

static struct bxc_context *context;
static struct graph *graph;
static struct design *design;

static void emitted_verilog_lints(void) {
    CHECK_EQ(
        shell(
            "cd %s/a/rtl && verilator --lint-only -Wall --top-module random_a -F files.f > ../../lint 2>&1; cat ../../lint >&2; test ! -s ../../lint",
            folder),
        0);
    CHECK_EQ(
        shell(
            "cd %s/a/rtl && iverilog -Wall -g2005 -o /dev/null -s random_a -c files.f > ../../lint 2>&1; cat ../../lint >&2; test ! -s ../../lint",
            folder),
        0);
}

static void verilator_equals_the_datapath(void) {
    CHECK_EQ(shell("make -s -C %s/a/sim run BUILD=%s/build OPT=-O0 > %s/log 2>&1 || { tail -n 20 %s/log >&2; false; }",
                   folder, folder, folder, folder),
             0);
    CHECK_EQ(shell("cd %s && build/run < in > out 2> stats && build/run --gaps 3 < in > gaps 2> stats-gaps && "
                   "build/run --gaps 5 --reset 77 < in > reset 2> stats-reset",
                   folder),
             0);
    CHECK_EQ(first_difference("want", "out"), -1);
    CHECK_EQ(first_difference("want", "gaps"), -1);
    CHECK_EQ(first_difference("want", "reset"), -1);
    CHECK_EQ(
        shell(
            "cd %s && for f in stats stats-gaps stats-reset; do tail -n 1 $f | "
            "grep -q '{\"events\":%d,\"latency_min\":%d,\"latency_max\":%d,\"interval_min\":1,\"cycles\":[0-9]*,\"spurious\":0}' || { cat $f >&2; exit 1; }; done",
            folder, EVENTS, design->latency, design->latency),
        0);
    CHECK_EQ(shell("test \"$(%s/build/run --hash)\" = %s", folder, hash), 0);
}

static void icarus_equals_the_datapath(void) {
    CHECK_EQ(
        shell(
            "make -s -C %s/a/sim icarus BUILD=%s/build > %s/log 2>&1 && test ! -s %s/log || { cat %s/log >&2; false; }",
            folder, folder, folder, folder, folder),
        0);
    CHECK_EQ(shell("cd %s && build/run-icarus < in > out-icarus 2> stats", folder), 0);
    CHECK_EQ(first_difference("want", "out-icarus"), -1);
    CHECK_EQ(
        shell("tail -n 1 %s/stats | grep -q '\"events\":%d,\"latency_min\":%d,\"latency_max\":%d,.*\"spurious\":0'",
              folder, EVENTS, design->latency, design->latency),
        0);
    CHECK_EQ(shell("test \"$(%s/build/run-icarus --hash)\" = %s", folder, hash), 0);
}

/* ---- two firmwares in one model: a top with both, `other` says whose outputs it shows ---- */

static void declare_ports(FILE *file, const struct port_layout *ports, uint32_t count, const char *kind) {
    for (uint32_t p = 0; p < count; p++)
        fprintf(file, ",\n    %s wire [%u:0] %s", kind, ports[p].width - 1, ports[p].name);
}

static void instantiate(FILE *file, const struct layout *layout, const char *name) {
    for (uint32_t p = 0; p < layout->output_count; p++)
        fprintf(file, "    wire [%u:0] %s_%s;\n", layout->outputs[p].width - 1, name, layout->outputs[p].name);
    fprintf(file, "    wire %s_valid;\n    %s %s (.clk(clk), .rst(rst), .in_valid(in_valid), .out_valid(%s_valid)",
            name, name, name, name);
    for (uint32_t p = 0; p < layout->input_count; p++)
        fprintf(file, ", .%s(%s)", layout->inputs[p].name, layout->inputs[p].name);
    for (uint32_t p = 0; p < layout->output_count; p++)
        fprintf(file, ", .%s(%s_%s)", layout->outputs[p].name, name, layout->outputs[p].name);
    fprintf(file, ");\n");
}

static void write_pair(void) {
    char path[400];
    const struct layout *layout = layout_new(graph, graph->arena);
    snprintf(path, sizeof path, "%s/pair/rtl/pair.v", folder);
    FILE *file = fopen(path, "w");
    if (!file) return;
    fprintf(
        file,
        "module pair (input wire clk, input wire rst, input wire in_valid, output wire out_valid, input wire other");
    declare_ports(file, layout->inputs, layout->input_count, "input");
    declare_ports(file, layout->outputs, layout->output_count, "output");
    fprintf(file, ");\n");
    instantiate(file, layout, "random_a");
    instantiate(file, layout, "random_b");
    fprintf(file, "    assign out_valid = other ? random_b_valid : random_a_valid;\n");
    for (uint32_t p = 0; p < layout->output_count; p++)
        fprintf(file, "    assign %s = other ? random_b_%s : random_a_%s;\n", layout->outputs[p].name,
                layout->outputs[p].name, layout->outputs[p].name);
    fprintf(file, "endmodule\n");
    fclose(file);
}

static void two_designs_in_one_model(void) {
    struct design *other = make_design(graph, "random_b");
    CHECK_EQ(emit(other, arena_printf(graph->arena, "%s/b", folder)), 0);
    struct events events = make_events(design);
    write_rows("in", events.in, INPUTS);
    write_rows("want", events.want, OUTPUTS);
    design_run(other, EVENTS, (const int64_t *const *)events.in, events.want);
    write_rows("want-other", events.want, OUTPUTS);
    CHECK_EQ(
        shell(
            "cd %s && mkdir -p pair/sim pair/rtl && cp a/rtl/*.v b/rtl/*.v pair/rtl && cat a/rtl/files.f b/rtl/files.f > pair/rtl/files.f && "
            "test \"$(sort pair/rtl/files.f)\" = \"$(sort -u pair/rtl/files.f)\" && echo pair.v >> pair/rtl/files.f && "
            "sed 's/^TOP := .*/TOP := pair/' a/sim/Makefile > pair/sim/Makefile && "
            "sed 's/top.rst = reset;/& top.other = std::getenv(\"OTHER\") != nullptr;/' a/sim/harness.cpp > pair/sim/harness.cpp",
            folder),
        0);
    write_pair();
    CHECK_EQ(
        shell(
            "make -s -C %s/pair/sim run BUILD=%s/build-pair OPT=-O0 > %s/log 2>&1 || { tail -n 20 %s/log >&2; false; }",
            folder, folder, folder, folder),
        0);
    CHECK_EQ(shell("cd %s && build-pair/run < in > out 2> stats && OTHER=1 build-pair/run < in > out-other 2> stats",
                   folder),
             0);
    CHECK_EQ(first_difference("want", "out"), -1);
    CHECK_EQ(first_difference("want-other", "out-other"), -1);
    CHECK(first_difference("want", "want-other") != -1);
    design_free(other);
}

int main(void) {
    const char *work = getenv("WORK");
    snprintf(folder, sizeof folder, "%s", work && *work ? work : "/tmp/bxc-verilog");
    random_state = environment_number("SEED", 1) * UINT64_C(0x9e3779b97f4a7c15);
    if (missing("verilator") || missing("iverilog")) {
        SKIP("verilog", "verilator or iverilog is not there");
        return 0;
    }
    context = context_new();
    graph = make_graph(context);
    design = make_design(graph, "random_a");
    if (emit(design, arena_printf(graph->arena, "%s/a", folder)) || design_verify(design)) {
        struct strbuf text = strbuf_new(graph->arena);
        for (size_t i = 0; i < context->diagnostics.count; i++) diag_format(&text, &context->diagnostics.items[i]);
        printf("not ok verilog: %s\n", text.data);
        return 1;
    }
    struct events events = make_events(design);
    write_rows("in", events.in, INPUTS);
    write_rows("want", events.want, OUTPUTS);
    RUN(emitted_verilog_lints);
    RUN(verilator_equals_the_datapath);
    RUN(icarus_equals_the_datapath);
    RUN(two_designs_in_one_model);
    design_free(design);
    graph_free(graph);
    context_free(context);
    TEST_EXIT();
}
