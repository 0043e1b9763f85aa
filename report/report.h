/* What people and machines read of what the others measured. */
#ifndef BXC_REPORT_H
#define BXC_REPORT_H

#include "ir/ir.h"
#include "sim/sim.h"
#include "target/target.h"

struct layer_report {
    const char *name, *op, *format;  /* node of the quantised graph; result's format in words */
    struct cost cost;
    int first_cycle, last_cycle;
    double range_lo, range_hi, format_lo, format_hi;
};
struct pass_report { /* what a pass did to the numbers */
    const char *name, *side, *summary;
    bool changed;
    double seconds;                       /* terminal only: not in files, which have no times */
    bool measured;
    double max_error, mean_error;         /* of the outputs, after against before */
    uint64_t decisions, flipped;
};
struct note_report {
    const char *pass, *subject, *text;
    double number;
};
struct compile_report {
    const char *name, *model, *part_code, *part_name, *technology_source, *tool_version, *content_hash;
    double clock_period;
    int latency, initiation_interval;
    double stage_delay;
    struct cost total;
    struct cost available; /* the part's */
    struct layer_report *layers;
    uint32_t layer_count;
    struct port_report { const char *name, *direction; uint32_t elements, width; const char *format, *rounding, *overflow, *chosen_by; } *ports;
    uint32_t port_count;
    struct pass_report *passes;
    uint32_t pass_count;
    struct note_report *notes;
    uint32_t note_count;
    const char **warnings;
    uint32_t warning_count;
};
/* report.json (doc/report.schema.json): written by compile; verdict parts added by verify. verdict may be NULL;
 * one whose content hash is not the report's is of an earlier make and is left out. */
void report_json(struct strbuf *out, const struct compile_report *report, const struct verdict *verdict);
struct compile_report *report_parse(struct bxc_context *context, struct arena *arena, const char *path, const char *json);
void report_terminal(struct strbuf *out, const struct compile_report *report, const struct verdict *verdict, bool colour);
void report_html(struct strbuf *out, const struct compile_report *report, const struct verdict *verdict);
void verdict_terminal(struct strbuf *out, const struct verdict *verdict, bool colour);
void verdict_json(struct strbuf *out, const struct verdict *verdict);   /* doc/verdict.schema.json */
/* A verdict that verdict_json wrote (or the "verdict" of a report.json), so that reports can show the last one. */
struct verdict *verdict_parse(struct bxc_context *context, struct arena *arena, const char *path, const char *json);
int verdict_junit(struct strbuf *out, const struct verdict *verdict);   /* libxml2 */

#endif
