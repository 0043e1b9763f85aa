/* Netlists: builders refuse widths that do not fit; Verilog prints what is cleared, enabled and kept in a memory as it
 * should; and a second language needs no more than a printer (tests/unit/vhdl.h), which meets every kind of expression,
 * operation and item and whose modules give the datapath's bits in another simulator.
 *
 * Environment: WORK (scratch folder), SEED. */
#include "ir/file.h"
#include "codegen/verilog/verilog.h"
#include "tests/unit/below.h"
#include "tests/unit/random_graph.h"
#include "tests/unit/vhdl.h"
#include "tests/unit/shell.h"

enum { EVENTS = 60, CYCLES = 200, GRAPHS = 6 };

static char folder[300];
static const char hash[] = "00112233445566778899aabbccddeeff0123456789abcdef0123456789abcdef";

static int write_text(struct bxc_context *context, const char *name, const char *text) {
    return file_write(context, arena_printf(context->arena, "%s/%s", folder, name), text, strlen(text));
}

/* ---- benches: a line of bits a cycle for all inputs, a line of bits of all outputs where out_valid ---- */

static bool is_driven(const struct netlist *netlist, const struct module_port *port) {
    return !port->is_output && strcmp(port->net->name, netlist->clock->name) != 0;
}

static bool is_seen(const struct module_port *port) {
    return port->is_output && strcmp(port->net->name, "out_valid") != 0;
}

static uint32_t driven_bits(const struct netlist *netlist) {
    uint32_t bits = 0;
    for (uint32_t i = 0; i < netlist->port_count; i++)
        if (is_driven(netlist, &netlist->ports[i])) bits += netlist->ports[i].net->bits;
    return bits;
}

/* Names of what is driven (or seen) with something between them. */
static const char *port_list(const struct netlist *netlist, bool seen, const char *between) {
    struct strbuf out = strbuf_new(netlist->arena);
    for (uint32_t i = 0; i < netlist->port_count; i++)
        if (seen ? is_seen(&netlist->ports[i]) : is_driven(netlist, &netlist->ports[i]))
            strbuf_printf(&out, "%s%s", out.length ? between : "", netlist->ports[i].net->name);
    return out.data;
}

static const char *vhdl_bench(const struct netlist *netlist) {
    struct strbuf text = strbuf_new(netlist->arena), *out = &text;
    uint32_t bits = driven_bits(netlist), from = bits;
    strbuf_append(out, "library ieee;\nuse ieee.std_logic_1164.all;\nuse ieee.numeric_std.all;\nuse std.textio.all;\n"
                       "entity bench is\nend entity;\narchitecture made of bench is\n");
    for (uint32_t i = 0; i < netlist->port_count; i++) vhdl_signal(out, netlist->ports[i].net);
    strbuf_printf(out, "begin\n  dut : entity work.%s port map (", netlist->name);
    for (uint32_t i = 0; i < netlist->port_count; i++)
        strbuf_printf(out, "%s%s => %s", i ? ", " : "", netlist->ports[i].net->name, netlist->ports[i].net->name);
    strbuf_printf(out,
                  ");\n  process\n    file stimuli : text open read_mode is \"stimuli\";\n"
                  "    file results : text open write_mode is \"results\";\n    variable row : line;\n"
                  "    variable v : std_logic_vector(%u downto 0);\n  begin\n"
                  "    while not endfile(stimuli) loop\n      readline(stimuli, row);\n      read(row, v);\n",
                  bits - 1);
    for (uint32_t i = 0; i < netlist->port_count; i++) {
        if (!is_driven(netlist, &netlist->ports[i])) continue;
        uint32_t width = netlist->ports[i].net->bits;
        strbuf_printf(out, "      %s <= unsigned(v(%u downto %u));\n", netlist->ports[i].net->name, from - 1,
                      from - width);
        from -= width;
    }
    strbuf_printf(out,
                  "      %s <= \"0\";\n      wait for 1 ns;\n      if out_valid = \"1\" then\n"
                  "        write(row, std_logic_vector'(std_logic_vector(%s)));\n        writeline(results, row);\n"
                  "      end if;\n      %s <= \"1\";\n      wait for 1 ns;\n    end loop;\n    wait;\n  end process;\n"
                  "end architecture;\n",
                  netlist->clock->name, port_list(netlist, true, ") & std_logic_vector("), netlist->clock->name);
    return text.data;
}

static const char *verilog_bench(const struct netlist *netlist) {
    struct strbuf text = strbuf_new(netlist->arena), *out = &text;
    strbuf_append(out, "module bench;\n    integer stimuli, results, got;\n");
    for (uint32_t i = 0; i < netlist->port_count; i++)
        strbuf_printf(out, "    %s [%u:0] %s;\n", netlist->ports[i].is_output ? "wire" : "reg",
                      netlist->ports[i].net->bits - 1, netlist->ports[i].net->name);
    strbuf_printf(out, "    %s dut (", netlist->name);
    for (uint32_t i = 0; i < netlist->port_count; i++)
        strbuf_printf(out, "%s.%s(%s)", i ? ", " : "", netlist->ports[i].net->name, netlist->ports[i].net->name);
    strbuf_printf(
        out,
        ");\n    reg [%u:0] v;\n    initial begin\n"
        "        stimuli = $fopen(\"stimuli\", \"r\");\n        results = $fopen(\"results\", \"w\");\n"
        "        got = $fscanf(stimuli, \"%%b\", v);\n        while (got == 1) begin\n"
        "            {%s} = v;\n            %s = 0;\n            #1 if (out_valid) $fdisplay(results, \"%%b\", {%s});\n"
        "            %s = 1;\n            #1 got = $fscanf(stimuli, \"%%b\", v);\n        end\n        $finish(0);\n"
        "    end\nendmodule\n",
        driven_bits(netlist) - 1, port_list(netlist, false, ", "), netlist->clock->name, port_list(netlist, true, ", "),
        netlist->clock->name);
    return text.data;
}

static void add_bits_of(struct strbuf *out, uint64_t value, uint32_t bits) {
    for (uint32_t bit = bits; bit-- > 0;) strbuf_append(out, value >> bit & 1 ? "1" : "0");
}

/* ---- modules of this test: one of each kind ---- */

/* Every operation on a and b, 4 bits each, side by side. */
enum { PART_BITS = 4 * 5 + 3 + 5 + 8 + 4 + 4 + 2 };

static const struct function *swap_function(struct arena *arena) {
    static const char *const comment[] = {"The two halves of x, the other way round.", NULL};
    struct function *function = ARENA_NEW(arena, struct function);
    const struct net *x = net_new(arena, "bxc_x", 4), *high = net_new(arena, "bxc_high", 2),
                     *low = net_new(arena, "bxc_low", 2);
    struct parts swapped = parts_new(arena);
    parts_add(&swapped, expression_net(arena, low));
    parts_add(&swapped, expression_net(arena, high));
    *function = (struct function){.result = net_new(arena, "swap", 4), .comment = comment};
    function->arguments = arena_copy(arena, &x, sizeof(const struct net *));
    function->argument_count = 1;
    function->variables = arena_copy(arena, (const struct net *[]){high, low}, 2 * sizeof(struct net *));
    function->variable_count = 2;
    struct assignment assignments[] = {
        {function->variables, 2, expression_net(arena, x)},
        {arena_copy(arena, &function->result, sizeof(const struct net *)), 1, parts_joined(&swapped)}};
    function->assignments = arena_copy(arena, assignments, sizeof assignments);
    function->assignment_count = 2;
    return function;
}

/* 2 bits by the index: 3 - index. */
static const struct function *table_function(struct arena *arena) {
    static const uint64_t low[] = {5}, high[] = {3};
    static const struct column columns[] = {{"table_b0", low}, {"table_b1", high}};
    const struct net *index = net_new(arena, "index", 2);
    struct function *function = ARENA_NEW(arena, struct function);
    *function = (struct function){.result = net_new(arena, "reflected", 2), .argument_count = 1, .columns = columns};
    function->arguments = arena_copy(arena, &index, sizeof(const struct net *));
    return function;
}

static struct netlist *part_module(struct arena *arena) {
    static const enum operation same[] = {OPERATION_ADD, OPERATION_SUBTRACT, OPERATION_AND, OPERATION_OR,
                                          OPERATION_XOR};
    static const enum operation one[] = {OPERATION_ANY, OPERATION_ALL, OPERATION_NONE};
    struct netlist *netlist = netlist_new(arena, "part");
    const struct net *a = net_new(arena, "a", 4), *b = net_new(arena, "b", 4), *y = net_new(arena, "y", PART_BITS);
    const struct expression *x = expression_net(arena, a), *z = expression_net(arena, b);
    const struct function *swap = swap_function(arena), *table = table_function(arena);
    struct parts parts = parts_new(arena);
    netlist->header = "Every operation.\n\n  a, b  what it is of\n";
    netlist_port(netlist, (struct module_port){.net = a, .comment = "u4"});
    netlist_port(netlist, (struct module_port){.net = b});
    netlist_port(netlist, (struct module_port){.net = y, .is_output = true});
    for (int i = 0; i < 5; i++) parts_add(&parts, expression_binary(arena, same[i], x, z));
    for (int i = 0; i < 3; i++) parts_add(&parts, expression_unary(arena, one[i], x));
    parts_add(&parts, expression_binary(arena, OPERATION_EQUAL, x, z));
    for (int is_signed = 0; is_signed < 2; is_signed++) {
        parts_add(&parts, expression_compare(arena, OPERATION_LESS, is_signed, x, z));
        parts_add(&parts, expression_compare(arena, OPERATION_GREATER, is_signed, x, z));
    }
    parts_add(&parts,
              expression_repeat(arena, expression_unary(arena, OPERATION_NOT, expression_slice(arena, a, 1, 2)), 4));
    const struct expression *larger =
        expression_conditional(arena, expression_slice(arena, a, 3, 1), x,
                               expression_conditional(arena, expression_binary(arena, OPERATION_LESS, x, z), z,
                                                      expression_constant(arena, 4, 9)));
    parts_add(&parts, larger);
    parts_add(&parts, expression_call(arena, swap, &x, 1));
    const struct expression *index = expression_slice(arena, b, 0, 2);
    parts_add(&parts, expression_call(arena, table, &index, 1));
    netlist_assign(netlist, y, parts_joined(&parts));
    netlist_function(netlist, swap);
    netlist_function(netlist, table);
    return netlist;
}

static void add_part(struct strbuf *out, unsigned a, unsigned b) {
    int sa = a & 8 ? (int)a - 16 : (int)a, sb = b & 8 ? (int)b - 16 : (int)b;
    unsigned n = ~a >> 1 & 3, larger = a & 8 ? a : a < b ? b : 9;
    const unsigned same[] = {a + b, a - b, a & b, a | b, a ^ b};
    for (int i = 0; i < 5; i++) add_bits_of(out, same[i], 4);
    const unsigned one[] = {a != 0, a == 15, a == 0, a == b, a<b, a> b, sa<sb, sa> sb};
    for (int i = 0; i < 8; i++) add_bits_of(out, one[i], 1);
    add_bits_of(out, n | n << 2 | n << 4 | n << 6, 8);
    add_bits_of(out, larger, 4);
    add_bits_of(out, (a << 2 & 12) | a >> 2, 4);
    add_bits_of(out, 3 - (b & 3), 2);
}

struct kinds {
    struct arena *arena;
    struct netlist *netlist;
    const struct net *reset, *in_valid, *x;
};

static const struct net *add_input(struct kinds *k, const char *name, uint32_t bits) {
    const struct net *net = net_new(k->arena, name, bits);
    netlist_port(k->netlist, (struct module_port){.net = net});
    return net;
}

static const struct net *add_output(struct kinds *k, const char *name, uint32_t bits, bool is_register) {
    const struct net *net = net_new(k->arena, name, bits);
    netlist_port(k->netlist, (struct module_port){.net = net, .is_output = true, .is_register = is_register});
    return net;
}

static const struct expression *value(const struct kinds *k, const struct net *net) {
    return expression_net(k->arena, net);
}

/* A counter of events, cleared by the reset. */
static const struct net *add_counter(struct kinds *k) {
    const struct net *count = net_new(k->arena, "count", 3);
    netlist_note(k->netlist, "A counter, a sum that begins anew with every eighth number, a memory.");
    netlist_register(k->netlist, count);
    netlist_update(k->netlist, (struct update){.net = count,
                                               .clear = value(k, k->reset),
                                               .cleared = expression_constant(k->arena, 3, 0),
                                               .enable = value(k, k->in_valid),
                                               .next = expression_binary(k->arena, OPERATION_ADD, value(k, count),
                                                                         expression_constant(k->arena, 3, 1))});
    return count;
}

/* x with the first of eight, else x + what there is. */
static const struct net *add_sum(struct kinds *k, const struct net *count) {
    const struct net *sum = net_new(k->arena, "sum", 8), *first = net_new(k->arena, "first", 1);
    const struct expression *more = expression_binary(k->arena, OPERATION_ADD, value(k, sum), value(k, k->x));
    netlist_wire(k->netlist, first, expression_unary(k->arena, OPERATION_NONE, value(k, count)));
    netlist_register(k->netlist, sum);
    netlist_update(k->netlist,
                   (struct update){.net = sum,
                                   .enable = value(k, k->in_valid),
                                   .next = expression_conditional(k->arena, value(k, first), value(k, k->x), more)});
    return sum;
}

static struct netlist *kinds_module(struct arena *arena) {
    struct kinds k = {.arena = arena, .netlist = netlist_new(arena, "kinds")};
    const struct net *version = net_new(arena, "VERSION", 16), *made = net_new(arena, "made", PART_BITS);
    struct memory *memory = ARENA_NEW(arena, struct memory);
    struct parts unused = parts_new(arena);
    *memory = (struct memory){.name = "words", .bits = 8, .words = 8};
    netlist_parameter(k.netlist, version, "00c5");
    k.netlist->clock = add_input(&k, "clk", 1);
    k.reset = add_input(&k, "rst", 1);
    k.in_valid = add_input(&k, "in_valid", 1);
    k.x = add_input(&k, "x", 8);
    const struct net *out_valid = add_output(&k, "out_valid", 1, true), *total = add_output(&k, "total", 8, false);
    const struct net *held = add_output(&k, "held", 8, true), *parts = add_output(&k, "parts", PART_BITS, true);
    const struct net *count = add_counter(&k), *sum = add_sum(&k, count);
    netlist_assign(k.netlist, total, value(&k, sum));
    netlist_memory(k.netlist, (struct memory_write){memory, value(&k, k.in_valid), value(&k, count), value(&k, k.x)});
    netlist_space(k.netlist);
    netlist_wire(k.netlist, made, NULL);
    struct instance *part = netlist_instance(k.netlist, "part", "the_part");
    netlist_connect(k.netlist, part, "a", expression_slice(arena, k.x, 0, 4));
    netlist_connect(k.netlist, part, "b", expression_slice(arena, k.x, 4, 4));
    netlist_connect(k.netlist, part, "y", value(&k, made));
    netlist_space(k.netlist);
    struct update updates[] = {
        {.net = out_valid,
         .clear = value(&k, k.reset),
         .cleared = expression_constant(arena, 1, 0),
         .next = value(&k, k.in_valid)},
        {.net = held, .enable = value(&k, k.in_valid), .next = expression_word(arena, memory, value(&k, count))},
        {.net = parts, .next = value(&k, made)},
    };
    netlist_updates(k.netlist, updates, 3);
    parts_add(&unused, value(&k, version));
    netlist_unused(k.netlist, &unused);
    return k.netlist;
}

static const char kinds_verilog[] =
    "module kinds #(\n    parameter [15:0] VERSION = 16'h00c5\n) (\n    input wire clk,\n    input wire rst,\n"
    "    input wire in_valid,\n    input wire [7:0] x,\n    output reg out_valid,\n    output wire [7:0] total,\n"
    "    output reg [7:0] held,\n    output reg [45:0] parts\n);\n"
    "    // A counter, a sum that begins anew with every eighth number, a memory.\n    reg [2:0] count;\n"
    "    always @(posedge clk)\n        if (rst) count <= 3'd0;\n        else if (in_valid) count <= count + 3'd1;\n"
    "    wire first = ~|count;\n    reg [7:0] sum;\n"
    "    always @(posedge clk) if (in_valid) sum <= first ? x : sum + x;\n    assign total = sum;\n"
    "    reg [7:0] words [0:7];\n    always @(posedge clk) if (in_valid) words[count] <= x;\n\n"
    "    wire [45:0] made;\n    part the_part (\n        .a(x[3:0]),\n        .b(x[7:4]),\n        .y(made)\n    );\n\n"
    "    always @(posedge clk) begin\n        if (rst) out_valid <= 1'd0;\n        else out_valid <= in_valid;\n"
    "        if (in_valid) held <= words[count];\n        parts <= made;\n    end\n"
    "    wire unused = &{1'b0, VERSION};\nendmodule\n";

static const char part_verilog[] =
    "// Every operation.\n//\n//   a, b  what it is of\nmodule part (\n    input wire [3:0] a, // u4\n"
    "    input wire [3:0] b,\n    output wire [45:0] y\n);\n"
    "    assign y = {a + b, a - b, a & b, a | b, a ^ b, |a, &a, ~|a, a == b, a < b, a > b, "
    "$signed(a) < $signed(b), $signed(a) > $signed(b), {4{~a[2:1]}}, a[3] ? a : (a < b) ? b : 4'd9, swap(a), "
    "reflected(b[1:0])};\n\n    // The two halves of x, the other way round.\n    function [3:0] swap;\n"
    "        input [3:0] bxc_x;\n        reg [1:0] bxc_high, bxc_low;\n        begin\n"
    "            {bxc_high, bxc_low} = bxc_x;\n            swap = {bxc_low, bxc_high};\n        end\n"
    "    endfunction\n\n    localparam [3:0] table_b0 = 4'h5;\n    localparam [3:0] table_b1 = 4'h3;\n"
    "    function [1:0] reflected;\n        input [1:0] index;\n        begin\n"
    "            reflected[0] = table_b0[index];\n            reflected[1] = table_b1[index];\n        end\n"
    "    endfunction\nendmodule\n";

/* Eight numbers fill the memory before the reset comes, after which something is expected. */
static void write_kinds(struct bxc_context *context) {
    struct strbuf stimuli = strbuf_new(context->arena), wanted = strbuf_new(context->arena);
    struct random_graph random = {.state = 7};
    unsigned words[8] = {0}, count = 0, sum = 0, total_lines = 0;
    for (int cycle = 0; cycle < CYCLES; cycle++) {
        bool reset = cycle == 0 || cycle == 10 || cycle == 120;
        bool valid = cycle < CYCLES - 1 && !reset && (cycle < 10 || random_below(&random, 3) > 0);
        unsigned x = (unsigned)random_below(&random, 256);
        add_bits_of(&stimuli, reset, 1);
        add_bits_of(&stimuli, valid, 1);
        add_bits_of(&stimuli, x, 8);
        strbuf_append(&stimuli, "\n");
        if (reset) count = 0;
        if (!valid) continue;
        sum = count == 0 ? x : (sum + x) & 255;
        if (cycle > 10) {
            add_bits_of(&wanted, sum, 8);
            add_bits_of(&wanted, words[count], 8);
            add_part(&wanted, x & 15, x >> 4);
            strbuf_append(&wanted, "\n");
            total_lines++;
        }
        words[count] = x;
        count = (count + 1) & 7;
    }
    write_text(context, "stimuli", stimuli.data);
    write_text(context, "wanted", arena_printf(context->arena, "%u\n%s", total_lines, wanted.data));
}

/* What came before the second reset is not looked at: the memory was still filling. */
static int compare_kinds(void) {
    return shell(
        "cd %s && n=$(head -n 1 wanted) && [ $n -gt 80 ] && tail -n +2 wanted > want && tail -n $n results > got && cmp want got >&2",
        folder);
}

static int simulate_vhdl(const char *files) {
    return shell("cd %s && rm -f results work-obj08.cf && ghdl -a --std=08 bits.vhd %s bench.vhd > log 2>&1 && "
                 "ghdl -e --std=08 bench >> log 2>&1 && ghdl -r --std=08 bench --ieee-asserts=disable >> log 2>&1 || "
                 "{ head -n 20 log >&2; false; }",
                 folder, files);
}

static const char *verilog_of(struct arena *arena, const struct netlist *netlist) {
    struct strbuf text = strbuf_new(arena);
    verilog_print(&text, netlist);
    return text.data;
}

/* ---- tests ---- */

static struct bxc_context *context;

struct mistake {
    struct arena *arena;
    const struct net *narrow, *wide;
    int number;
};

static int make_mistake(void *user) {
    struct mistake *m = user;
    const struct expression *narrow = expression_net(m->arena, m->narrow), *wide = expression_net(m->arena, m->wide);
    struct netlist *netlist = netlist_new(m->arena, "mistaken");
    switch (m->number) {
    case 0: expression_binary(m->arena, OPERATION_ADD, narrow, wide); break;
    case 1: expression_slice(m->arena, m->narrow, 3, 2); break;
    case 2: expression_conditional(m->arena, narrow, wide, wide); break;
    case 3: expression_conditional(m->arena, expression_slice(m->arena, m->wide, 0, 1), wide, narrow); break;
    case 4: netlist_wire(netlist, m->wide, narrow); break;
    case 5: netlist_update(netlist, (struct update){.net = m->wide, .next = wide}); break;
    case 6:
        netlist->clock = net_new(m->arena, "clk", 1);
        netlist_update(netlist, (struct update){.net = m->wide, .next = wide, .enable = narrow});
        break;
    case 7:
        netlist->clock = net_new(m->arena, "clk", 1);
        netlist_update(netlist, (struct update){.net = m->wide, .next = wide, .clear = narrow});
        break;
    case 8: expression_call(m->arena, swap_function(m->arena), &wide, 1); break;
    case 9: net_new(m->arena, "none", 0); break;
    case 10: expression_word(m->arena, &(struct memory){.name = "words", .bits = 8, .words = 100}, narrow); break;
    default: return 1;
    }
    return 0;
}

static void mistakes_are_refused(void) {
    struct mistake m = {context->arena, net_new(context->arena, "n", 4), net_new(context->arena, "w", 5), 0};
    for (;; m.number++) {
        context->diagnostics.count = context->diagnostics.errors = 0;
        int result = context_guarded(context, make_mistake, &m);
        if (result == 1) break;
        CHECK_EQ(m.number * 10 + result, m.number * 10 - 1);
    }
    context->diagnostics.count = context->diagnostics.errors = 0;
    CHECK_EQ(m.number, 11);
}

static void verilog_of_each_kind(void) {
    CHECK_STR(verilog_of(context->arena, kinds_module(context->arena)), kinds_verilog);
    CHECK_STR(verilog_of(context->arena, part_module(context->arena)), part_verilog);
}

static void verilog_of_each_kind_runs(void) {
    write_kinds(context);
    write_text(context, "kinds.v", kinds_verilog);
    write_text(context, "part.v", part_verilog);
    write_text(context, "bench.v", verilog_bench(kinds_module(context->arena)));
    CHECK_EQ(shell("cd %s && verilator --lint-only -Wall --top-module kinds kinds.v part.v > log 2>&1; cat log >&2; "
                   "test ! -s log",
                   folder),
             0);
    CHECK_EQ(shell("cd %s && iverilog -g2005 -Wall -o bench -s bench kinds.v part.v bench.v >&2 && vvp -n bench > log",
                   folder),
             0);
    CHECK_EQ(compare_kinds(), 0);
}

static void vhdl_of_each_kind_runs(void) {
    write_kinds(context);
    const struct netlist *kinds = kinds_module(context->arena);
    write_text(context, "part.vhd", vhdl_print(context->arena, part_module(context->arena)).data);
    write_text(context, "kinds.vhd", vhdl_print(context->arena, kinds).data);
    write_text(context, "bench.vhd", vhdl_bench(kinds));
    CHECK_EQ(simulate_vhdl("part.vhd kinds.vhd"), 0);
    CHECK_EQ(compare_kinds(), 0);
}

/* ---- compiled models ---- */

static const char *bench; /* of the top, which is printed last */

static struct strbuf print_and_bench(struct arena *arena, const struct netlist *netlist) {
    if (netlist->clock) bench = arena_strdup(context->arena, vhdl_bench(netlist));
    return vhdl_print(arena, netlist);
}

static const struct netlist_language vhdl = {.suffix = "vhd", .element = vhdl_element, .print = print_and_bench};

/* Names of the files in order; each is written. */
static const char *emit_vhdl(const struct design *design, const struct plan **plan) {
    struct file_set files = {.arena = design->arena};
    struct emission *emission = ARENA_NEW(design->arena, struct emission);
    struct strbuf names = strbuf_new(context->arena);
    *emission = (struct emission){.context = design->context,
                                  .graph = design->graph,
                                  .design = design,
                                  .name = design->name,
                                  .content_hash = hash,
                                  .clock_ps = 2778,
                                  .files = &files};
    *plan = plan_new(emission, design->arena);
    netlists_emit(*plan, &vhdl);
    for (uint32_t i = 0; i < files.count; i++) {
        const char *name = strrchr(files.files[i].path, '/') + 1;
        write_text(context, name, files.files[i].data);
        strbuf_printf(&names, " %s", name);
    }
    return names.data;
}

/* The port's word of a beat; values of an event, by element. */
static void add_word(struct strbuf *out, const struct port_layout *port, uint32_t beat, const int64_t *values) {
    int bits = 0;
    for (uint32_t slot = port->slots; slot-- > 0;) {
        uint64_t bits_of_slot = 0;
        for (uint32_t e = 0; e < port->elements; e++)
            if (port->beat[e] == beat && port->slot[e] == slot) bits_of_slot = (uint64_t)values[e];
        add_bits_of(out, bits_of_slot, (uint32_t)port->slot_format[slot].width);
        bits += port->slot_format[slot].width;
    }
    if (bits == 0) strbuf_append(out, "0"); /* a port of no bits has one */
}

/* An event each interval, with gaps, and long enough at the end. */
static void write_events(const struct design *design, const struct layout *layout, int64_t **in) {
    struct strbuf stimuli = strbuf_new(context->arena), wanted = strbuf_new(context->arena);
    int64_t **out = below_outputs(design->graph, EVENTS);
    int begun = 0, since = 1000, reset = 2 * design->latency;
    design_run(design, EVENTS, (const int64_t *const *)in, out);
    for (int cycle = 0; begun < EVENTS || since <= design->latency; cycle++) {
        bool valid = cycle >= reset && begun < EVENTS && since + 1 >= design->interval && cycle % 7 != 3;
        since = valid ? 0 : since + 1;
        begun += valid;
        add_bits_of(&stimuli, cycle < reset, 1);
        add_bits_of(&stimuli, valid, 1);
        for (uint32_t p = 0; p < layout->input_count; p++)
            add_word(&stimuli, &layout->inputs[p], (uint32_t)since,
                     in[p] + (size_t)(begun ? begun - 1 : 0) * layout->inputs[p].elements);
        strbuf_append(&stimuli, "\n");
    }
    for (size_t event = 0; event < EVENTS; event++, strbuf_append(&wanted, "\n"))
        for (uint32_t p = 0; p < layout->output_count; p++)
            add_word(&wanted, &layout->outputs[p], 0, out[p] + event * layout->outputs[p].elements);
    write_text(context, "stimuli", stimuli.data);
    write_text(context, "wanted", wanted.data);
}

static bool has_delays(const struct design *design) {
    for (uint32_t w = 0; w < design->datapath.wire_count; w++)
        if (design->datapath.wires[w].op == WIRE_DELAY) return true;
    return false;
}

/* Not of those without delays where there are block RAMs for them. */
static const char *run_graph(uint64_t seed, int interval, int block_rams, int *compared) {
    static const char *const names[] = {"simplify", "lower", "share", "trees", "pipeline", "delays"};
    struct graph *graph = random_graph_new(context, seed, 20, 12, 6);
    struct below below;
    const struct plan *plan;
    const char *failure = NULL;
    graph_infer(graph);
    if (block_rams) random_deep_end(graph, seed);
    context->diagnostics.count = context->diagnostics.errors = 0;
    struct beat_options beats = {.name = "input", .items = 1};
    below_start(&below, graph, 2, 2000);
    below.options.interval = interval;
    below.options.block_rams = block_rams;
    below.options.beats = &beats;
    below.options.beat_count = interval > 1;
    int64_t **inputs = below_events(graph, EVENTS, seed);
    for (int i = 0; i < 6 && !failure; i++) failure = below_pass(&below, names[i], EVENTS, inputs);
    if (!failure && below.program.design && (interval == 1 || below.program.design->beats > 1) &&
        (!block_rams || has_delays(below.program.design))) {
        const char *files = emit_vhdl(below.program.design, &plan);
        write_text(context, "bench.vhd", bench);
        write_events(below.program.design, plan->layout, inputs);
        if (simulate_vhdl(files) || shell("cd %s && cmp wanted results >&2", folder)) failure = "VHDL differs";
        ++*compared;
    } else if (failure && !strcmp(failure, "the pass refused")) {
        failure = NULL;
    }
    if (below.program.design) design_free(below.program.design);
    graph_free(graph);
    context->diagnostics.count = context->diagnostics.errors = 0;
    return failure;
}

static void run_graphs(int interval, int block_rams, int graphs) {
    const char *text = getenv("SEED");
    uint64_t seed = text && *text ? strtoull(text, NULL, 10) : 1;
    int compared = 0;
    for (uint64_t i = 0; i < 100 && compared < graphs; i++) {
        const char *failure = run_graph(seed + i, interval, block_rams, &compared);
        if (failure) printf("# seed %llu, interval %d\n", (unsigned long long)(seed + i), interval);
        CHECK_STR(failure ? failure : "", "");
    }
    CHECK_EQ(compared, graphs);
}

static void vhdl_is_a_printer(void) {
    run_graphs(1, 0, GRAPHS);
}

static void vhdl_serves_items_in_beats(void) {
    run_graphs(3, 0, GRAPHS / 2);
}

static void vhdl_has_block_rams(void) {
    run_graphs(1, 9, GRAPHS / 2);
    run_graphs(3, 4, GRAPHS / 2);
}

static void every_kind_was_met(void) {
    for (int i = 0; i < EXPRESSION_KINDS; i++) CHECK_EQ(i * 10 + (vhdl_met.expressions[i] > 0), i * 10 + 1);
    for (int i = 0; i < OPERATION_COUNT; i++) CHECK_EQ(i * 10 + (vhdl_met.operations[i] > 0), i * 10 + 1);
    for (int i = 0; i < ITEM_KINDS; i++) CHECK_EQ(i * 10 + (vhdl_met.items[i] > 0), i * 10 + 1);
    CHECK(vhdl_met.of_signs && vhdl_met.cleared && vhdl_met.enabled && vhdl_met.tables && vhdl_met.assignments &&
          vhdl_met.parameters && vhdl_met.register_outputs);
}

int main(void) {
    const char *work = getenv("WORK");
    snprintf(folder, sizeof folder, "%s", work && *work ? work : "/tmp/bxc-netlist");
    shell("mkdir -p %s", folder);
    context = context_new();
    write_text(context, "bits.vhd", vhdl_package);
    RUN(mistakes_are_refused);
    RUN(verilog_of_each_kind);
    if (missing("verilator") || missing("iverilog"))
        SKIP("verilog_of_each_kind_runs", "verilator or iverilog is not there");
    else
        RUN(verilog_of_each_kind_runs);
    if (missing("ghdl")) {
        SKIP("vhdl", "ghdl is not there");
    } else {
        RUN(vhdl_of_each_kind_runs);
        RUN(vhdl_is_a_printer);
        RUN(vhdl_serves_items_in_beats);
        RUN(vhdl_has_block_rams);
        RUN(every_kind_was_met);
    }
    context_free(context);
    TEST_EXIT();
}
