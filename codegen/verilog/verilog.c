/* Verilog-2005 of a scheduled datapath: a module a layer, a top with the ports and the valid chain, what
 * synthesis needs, and the harness that simulates it.
 */
#include "codegen/verilog/verilog.h"
#include "ir/ops.h"

bool verilog_supports(enum op op) {
    return (op_info(op)->arithmetic & ARITHMETIC_INTEGER) != 0;
}

static int check(const struct emission *emission) {
    const struct design *design = emission->design;
    if (!design) context_bug(emission->context, "Verilog needs a design");
    if (!design->input_registers || !design->output_registers)
        context_bug(emission->context, "Verilog needs registers at the boundary");
    return 0;
}

static const char *element(struct arena *arena, const char *port, int bits) {
    return arena_printf(arena, "%s[%d * i +: %d]", port, bits, bits);
}

static struct strbuf print(struct arena *arena, const struct netlist *netlist) {
    struct strbuf text = strbuf_new(arena);
    verilog_print(&text, netlist);
    return wrap_code(arena, text.data);
}

static const struct netlist_language language = {.suffix = "v", .element = element, .print = print};

int verilog_emit(const struct emission *emission) {
    check(emission);
    struct arena *arena = arena_new(emission->context);
    struct plan *plan = plan_new(emission, arena);
    netlists_emit(plan, &language);
    int result = emit_scripts(plan);
    struct probe_ports probes = emit_probes(plan);
    if (result == 0) result = emit_simulation(plan, &probes);
    arena_free(arena);
    return result;
}
