/* Inside the Verilog emitter: netlists (codegen/netlist/) become text. */
#ifndef BXC_CODEGEN_VERILOG_H
#define BXC_CODEGEN_VERILOG_H

#include "codegen/netlist/build.h"

/* ---- print.c ---- */
const char *verilog_range(struct arena *arena, uint32_t bits); /* "[7:0] ", or "" for one bit */
void verilog_print(struct strbuf *out, const struct netlist *netlist);

/* ---- scripts.c, simulation.c ---- */
int emit_template(const struct plan *plan, const char *file, const char *path, const struct template_key *keys);
int emit_scripts(const struct plan *plan);
/* Inner values for the simulations: ports of plan->probe_module, and 64-bit words of each. */
struct probe_ports {
    const char **names;
    uint32_t *words;
    uint32_t count;
};
int emit_simulation(const struct plan *plan, const struct probe_ports *probes);

/* ---- probes.c ---- */
struct probe_ports emit_probes(const struct plan *plan);

#endif
