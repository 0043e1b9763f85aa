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

int verilog_emit(const struct emission *emission) {
    check(emission);
    struct arena *arena = arena_new(emission->context);
    struct plan *plan = plan_new(emission, arena);
    for (int layer = 0; layer < plan->layer_count; layer++) emit_layer(plan, layer);
    emit_top(plan);
    int result = emit_scripts(plan);
    struct probe_ports probes = emit_probes(plan);
    if (result == 0) result = emit_simulation(plan, &probes);
    arena_free(arena);
    return result;
}
