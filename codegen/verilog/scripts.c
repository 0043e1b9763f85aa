/* What synthesis needs beside the modules: the list of files, the clock, a script for Vivado. */
#include "codegen/verilog/verilog.h"

#include <string.h>

/* Nanoseconds with three digits, whatever the locale. */
static const char *period_text(const struct plan *plan) {
    int picoseconds = plan->emission->clock_ps;
    return arena_printf(plan->arena, "%d.%03d", picoseconds / 1000, picoseconds % 1000);
}

int emit_template(const struct plan *plan, const char *file, const char *path, const struct template_key *keys) {
    struct strbuf text = strbuf_new(plan->arena);
    if (template_expand(plan->emission->context, file, keys, &text) != 0) return -1;
    if (strstr(path, ".v") || strstr(path, ".cpp")) text = wrap_code(plan->arena, text.data);
    file_set_add(plan->emission->files, path, text.data, text.length);
    return 0;
}

int emit_scripts(const struct plan *plan) {
    const struct emission *emission = plan->emission;
    struct strbuf list = strbuf_new(plan->arena);
    for (int l = 0; l < plan->layer_count; l++) strbuf_printf(&list, "%s.v\n", plan->layers[l].module);
    strbuf_printf(&list, "%s.v\n", emission->name);
    file_set_add(emission->files, "rtl/files.f", list.data, list.length);

    struct template_key clock[] = {{"name", emission->name}, {"period", period_text(plan)}, {NULL, NULL}};
    struct template_key vivado[] = {{"name", emission->name}, {"part", emission->part_code}, {NULL, NULL}};
    if (emit_template(plan, "constraints.xdc", arena_printf(plan->arena, "rtl/%s_ooc.xdc", emission->name), clock) != 0)
        return -1;
    return emit_template(plan, "vivado.tcl", "rtl/vivado.tcl", vivado);
}
