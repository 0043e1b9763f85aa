/* Inside the Verilog emitter: netlists (codegen/netlist/) become text. */
#ifndef BXC_CODEGEN_VERILOG_H
#define BXC_CODEGEN_VERILOG_H

#include "codegen/netlist/build.h"

/* ---- print.c ---- */
const char *verilog_expression(struct arena *arena, const struct expression *expression);
const char *verilog_range(struct arena *arena, uint32_t bits); /* "[7:0] ", or "" for one bit */
void verilog_function(struct strbuf *out, const struct function *function);
void verilog_module(struct strbuf *out, const struct netlist *netlist);

/* ---- module.c ---- */
struct module module_new(const struct plan *plan, int layer);
/* "wire unused = &{...};" for the bits of these signals that nobody read, so that lint knows. */
void write_unused(struct module *module, const struct signal *signals, uint32_t count, const struct parts *more);
bool layer_has_registers(const struct plan *plan, int layer);
void write_delays(struct module *module);
void emit_layer(const struct plan *plan, int layer);

/* ---- header.c: of modules that are written but for it ---- */
void write_layer_header(const struct module *module, struct strbuf *out);
void write_top_header(const struct module *module, struct strbuf *out);
/* "s16f12", or "low 9 of s16f12" where nobody reads the others; "s16" of a step, whose point nobody knows. */
const char *signal_format(const struct plan *plan, struct signal signal);
void add_rtl(const struct plan *plan, const char *module, const struct strbuf *text); /* rtl/<module>.v, lines broken */

/* ---- legend.c ---- */
void write_legend(const struct module *module, struct strbuf *out); /* what the module's names and formats say */

/* ---- top.c, scripts.c, simulation.c ---- */
void emit_top(const struct plan *plan);
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
