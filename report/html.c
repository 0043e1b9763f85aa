/* report.html: one page that opens without a network, to read and to show in a talk. It is also
 * well-formed XML, so that tests (and readers' tools) can parse it. */
#include <math.h>
#include <string.h>

#include "report/private.h"

void html_table_start(struct strbuf *out, const char *caption, const char *const *headings) {
    strbuf_append(out, "<div class=\"scroll\"><table>");
    if (caption) {
        strbuf_append(out, "<caption>");
        append_escaped(out, caption);
        strbuf_append(out, "</caption>");
    }
    strbuf_append(out, "<thead><tr>");
    for (; *headings; headings++) {
        bool number = **headings == '>';
        strbuf_printf(out, "<th scope=\"col\"%s>", number ? " class=\"n\"" : "");
        append_escaped(out, *headings + number);
        strbuf_append(out, "</th>");
    }
    strbuf_append(out, "</tr></thead><tbody>\n");
}

static void table_end(struct strbuf *out) {
    strbuf_append(out, "</tbody></table></div>\n");
}

void html_cell(struct strbuf *out, const char *text, bool is_number) {
    strbuf_append(out, is_number ? "<td class=\"n\">" : "<td>");
    append_escaped(out, text);
    strbuf_append(out, "</td>");
}

/* A command line, in which no line ends between the dashes of an option and its name. */
void html_command(struct strbuf *out, const char *text) {
    while (*text) {
        size_t blanks = strspn(text, " "), length = strcspn(text + blanks, " ");
        const char *word = arena_strndup(out->arena, text + blanks, length);
        strbuf_append_bytes(out, text, blanks);
        strbuf_append(out, *word == '-' ? "<span class=\"whole\">" : "");
        append_escaped(out, word);
        strbuf_append(out, *word == '-' ? "</span>" : "");
        text += blanks + length;
    }
}

void html_name_cell(struct strbuf *out, const char *name) {
    strbuf_append(out, "<td>");
    html_name(out, name);
    strbuf_append(out, "</td>");
}

static void start_section(struct strbuf *out, const char *title, const char *lead) {
    strbuf_printf(out, "<section><h2>%s</h2>\n", title);
    if (lead) strbuf_printf(out, "<p class=\"lead\">%s</p>\n", lead);
}

static void end_section(struct strbuf *out) {
    strbuf_append(out, "</section>\n");
}

/* ---- head ---- */

void html_page_start(struct strbuf *out, const char *title, const char *kicker) {
    strbuf_append(out, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n"
                       "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n"
                       "<meta name=\"color-scheme\" content=\"light dark\"/>\n<title>");
    append_escaped(out, title);
    strbuf_printf(out, " \xc2\xb7 %s</title>\n<style>\n", kicker);
    strbuf_append(out, html_style);
    strbuf_append(out, html_style_pictures);
    strbuf_printf(out, "</style>\n</head>\n<body>\n<header>\n<p class=\"kicker\">%s</p>\n<h1>", kicker);
    html_name(out, title);
    strbuf_append(out, "</h1>\n");
}

/* Where a name may be broken: behind what separates its words. */
void html_name(struct strbuf *out, const char *name) {
    for (const char *from = words_clean(out->arena, name); from && *from;) {
        size_t length = strcspn(from, "/._");
        length += from[length] != 0;
        append_escaped(out, arena_strndup(out->arena, from, length));
        from += length;
        if (*from) strbuf_append(out, "<wbr/>");
    }
}

static void code_line(struct strbuf *out, const char *what, const char *code) {
    if (!code) return;
    strbuf_printf(out, "<tr><td>%s</td><td><code>", what);
    html_command(out, code);
    strbuf_append(out, "</code></td></tr>\n");
}

static void page_head(struct strbuf *out, const struct compile_report *report) {
    html_page_start(out, report->name, "bxc firmware report");
    strbuf_append(out, "<p class=\"muted\">");
    html_name(out, report->model);
    strbuf_append(out, " \xc2\xb7 ");
    append_escaped(out, report->part_code ? report->part_code : report->part_name);
    strbuf_printf(out, " \xc2\xb7 %s", words_clock(out->arena, report->clock_period));
    strbuf_append(out, " \xc2\xb7 bxc ");
    append_escaped(out, report->tool_version);
    strbuf_append(out, "</p>\n");
}

/* What this firmware was made of: enough to make it again. */
static void provenance_section(struct strbuf *out, const struct compile_report *report) {
    start_section(out, "Made from", NULL);
    strbuf_append(out, "<div class=\"scroll\"><table class=\"facts\"><tbody>\n");
    code_line(out, "Command", report->command);
    code_line(out, "Model as read, sha256 of reference.bxc", report->model_sha256);
    code_line(out, "Content hash", report->content_hash);
    table_end(out);
    end_section(out);
}

static void append_reservations(struct strbuf *out, const struct verdict *verdict) {
    uint32_t count;
    const char **reservations = words_reservations(out->arena, verdict, &count);
    for (uint32_t i = 0; i < count; i++) {
        strbuf_append(out, "<span>");
        append_escaped(out, reservations[i]);
        strbuf_append(out, "</span>\n");
    }
}

static void banner(struct strbuf *out, const struct verdict *verdict) {
    struct arena *arena = out->arena;
    if (!verdict) {
        strbuf_append(
            out,
            "<div class=\"banner warn\">Not verified yet<span>bxc verify runs events through every engine and compares every bit.</span></div>\n");
    } else if (verdict_state(verdict) == VERDICT_EQUAL) {
        strbuf_printf(
            out, "<div class=\"banner good\">Verified: every bit equal<span>%s events through %s%s.</span></div>\n",
            words_count(arena, (double)verdict->events), words_engines(arena, verdict),
            verdict->interval_measured  ? "; latency and interval measured are those told"
            : verdict->latency_measured ? "; the latency measured is the one told"
                                        : "");
    } else if (verdict_state(verdict) == VERDICT_RESERVED) {
        strbuf_printf(out, "<div class=\"banner warn\">%s<span>%s events through %s.</span>\n",
                      verdict_engines_ran(verdict) ? "Every bit equal, with reservations" : "Verified in part only",
                      words_count(arena, (double)verdict->events), words_engines(arena, verdict));
        append_reservations(out, verdict);
        strbuf_append(out, "</div>\n");
    } else {
        strbuf_printf(out, "<div class=\"banner bad\">Verification failed<span>%s</span>\n",
                      verdict->equal ? arena_printf(arena, "Another %s was measured than interface.json tells.",
                                                    words_wrong_timing(verdict))
                                     : "Not every engine gave the emulator\xe2\x80\x99s bits; see below.");
        append_reservations(out, verdict);
        strbuf_append(out, "</div>\n");
    }
}

static void tile(struct strbuf *out, const char *value, const char *name, const char *more) {
    strbuf_printf(out, "<div class=\"tile\"><span>%s</span><b>", name);
    append_escaped(out, value);
    strbuf_append(out, "</b><span>");
    append_escaped(out, more);
    strbuf_append(out, "</span></div>\n");
}

static void meter(struct strbuf *out, double share) {
    strbuf_printf(out, "<div class=\"meter\"><i%s style=\"width:%.2f%%\"></i></div>",
                  share > 100 ? " class=\"over\"" : "", fmin(share, 100));
}

static void resource_tile(struct strbuf *out, const char *name, double used, double available, int slr) {
    struct arena *arena = out->arena;
    double share = available > 0 ? 100 * used / available : 0;
    strbuf_printf(out, "<div class=\"tile\"><span>%s, estimated</span><b>%s</b><span>%s of %s</span>", name,
                  words_count(arena, used), share_words(arena, used, available), words_count(arena, available));
    if (slr > 1) strbuf_printf(out, "<span>%s</span>", words_slr(arena, used, available, slr));
    meter(out, share);
    strbuf_append(out, "</div>\n");
}

/* Latency against what a level-1 trigger has. */
static void budget_tile(struct strbuf *out, const struct compile_report *report) {
    struct arena *arena = out->arena;
    double latency = report->latency * report->clock_period;
    strbuf_printf(
        out, "<div class=\"tile\"><span>Latency</span><b>%s ns</b><span>%d cycles, boundary registers included</span>",
        words_number(arena, latency), report->latency);
    strbuf_printf(out, "<span>%s</span><span>%s</span>", words_crossings(arena, latency), words_level1(arena, latency));
    meter(out, 100 * latency / LEVEL1_NS);
    strbuf_append(out, "</div>\n");
}

static void interval_tile(struct strbuf *out, const struct compile_report *report) {
    struct arena *arena = out->arena;
    strbuf_printf(out,
                  "<div class=\"tile\"><span>Initiation interval</span><b>%d</b><span>%s</span><span>%s</span></div>\n",
                  report->initiation_interval, words_interval(arena, report), words_keeps(arena, report));
}

static void tiles(struct strbuf *out, const struct compile_report *report) {
    struct arena *arena = out->arena;
    strbuf_append(out, "<div class=\"tiles\">\n");
    budget_tile(out, report);
    interval_tile(out, report);
    tile(out, arena_printf(arena, "%s ns", words_number(arena, report->stage_delay)), "Slowest stage, estimated",
         arena_printf(arena, "of a period of %s ns", words_number(arena, report->clock_period)));
    strbuf_append(out, "</div>\n<div class=\"tiles four\">\n");
    resource_tile(out, "LUT", report->total.lut, report->available.lut, report->slr);
    resource_tile(out, "FF", report->total.ff, report->available.ff, report->slr);
    resource_tile(out, "DSP", report->total.dsp, report->available.dsp, report->slr);
    resource_tile(out, "BRAM18", report->total.bram18, report->available.bram18, report->slr);
    strbuf_append(out, "</div>\n");
}

/* ---- sections ---- */

/* What a module absorbed, small, below its name. */
static void module_nodes(struct strbuf *out, const struct layer_report *row) {
    for (uint32_t i = 0; i < row->absorbed_count; i++) {
        strbuf_append(out, i ? ", " : "<small>with ");
        html_name(out, row->absorbed[i]);
    }
    strbuf_append(out, row->absorbed_count ? "</small>" : "");
}

static void module_row(struct strbuf *out, const struct layer_report *row, bool memories) {
    struct arena *arena = out->arena;
    context_check(arena_context(arena));
    strbuf_append(out, "<tr><td>");
    html_name(out, row->name);
    module_nodes(out, row);
    strbuf_append(out, "</td>");
    html_cell(out, row->op, false);
    html_cell(out, row->format, false);
    html_cell(out, words_cycles(arena, row->first_cycle, row->last_cycle), true);
    html_cell(out, words_count(arena, row->cost.lut), true);
    html_cell(out, words_count(arena, row->cost.ff), true);
    if (memories) {
        html_cell(out, words_count(arena, row->cost.dsp), true);
        html_cell(out, words_count(arena, row->cost.bram18), true);
    }
    strbuf_append(out, "</tr>\n");
}

static void layer_table(struct strbuf *out, const struct compile_report *report) {
    static const char *const plain[] = {"Module", "Operators", "Format of its result", ">Cycles", ">LUT", ">FF", NULL};
    static const char *const all[] = {"Module",  "Operators", "Format of its result", ">Cycles", ">LUT", ">FF", ">DSP",
                                      ">BRAM18", NULL};
    bool memories = report->total.dsp > 0 || report->total.bram18 > 0;
    uint32_t count;
    const struct layer_report *rows = report_modules(out->arena, report, &count);
    html_table_start(out, NULL, memories ? all : plain);
    for (uint32_t i = 0; i < count; i++) module_row(out, &rows[i], memories);
    table_end(out);
    strbuf_append(out, "<p class=\"muted legend\">Formats: ");
    append_escaped(out, words_formats);
    strbuf_append(out, "</p>\n");
}

static void layer_sections(struct strbuf *out, const struct compile_report *report, const struct verdict *verdict) {
    start_section(
        out, "Latency by module",
        "The clock cycles in which each module computes, from the edge that samples the event; a bunch crossing is 25 ns.");
    svg_timeline(out, report);
    end_section(out);
    start_section(
        out, "Resources by module",
        "A row a file of rtl/: FF are the registers that it declares, but for those within block RAMs; the top's those that synthesis keeps.");
    strbuf_append(
        out, "<p class=\"lead\"><span class=\"key a\"></span>LUT<span class=\"key b\"></span>FF, both estimated</p>\n");
    svg_resources(out, report);
    layer_table(out, report);
    end_section(out);
    start_section(out, "Value ranges", NULL);
    strbuf_printf(
        out,
        "<p class=\"lead\"><span class=\"key quiet\"></span>what the format holds<span class=\"key b\"></span>what can occur%s</p>\n",
        verdict && verdict->range_count ? "<span class=\"key a\" style=\"margin-left:14px\"></span>what events showed"
                                        : "");
    svg_ranges(out, report, verdict);
    end_section(out);
}

/* Only of a design in which items are served one after the other. */
static void blocks_section(struct strbuf *out, const struct compile_report *report) {
    static const char *const headings[] = {">Block",  "What it serves", ">Beats",         ">Cycles",
                                           ">Values", ">States",        ">From memories", ">LUT",
                                           ">FF",     ">BRAM18",        "Reads",          NULL};
    struct arena *arena = out->arena;
    if (report->block_count < 2) return;
    start_section(
        out, "Blocks",
        "An event\xe2\x80\x99s items are served one after the other: once an event and item by item take turns. "
        "Cycles are those from the first item to the last.");
    html_table_start(out, NULL, headings);
    for (uint32_t i = 0; i < report->block_count; i++) {
        const struct block_report *block = &report->blocks[i];
        strbuf_append(out, "<tr>");
        html_cell(out, arena_printf(arena, "%u", i + 1), true);
        html_cell(out, block->kind, false);
        html_cell(out, words_count(arena, block->beats), true);
        html_cell(out, words_cycles(arena, block->first_cycle, block->last_cycle), true);
        html_cell(out, words_count(arena, block->wires), true);
        html_cell(out, words_count(arena, block->states), true);
        html_cell(out, words_some(arena, block->memories), true);
        html_cell(out, words_count(arena, block->cost.lut), true);
        html_cell(out, words_count(arena, block->cost.ff), true);
        html_cell(out, words_some(arena, block->cost.bram18), true);
        html_cell(out, words_channels(arena, report, (int)i + 1), false);
        strbuf_append(out, "</tr>\n");
    }
    table_end(out);
    end_section(out);
}

/* The slowest path from register to register, step by step. */
static void path_section(struct strbuf *out, const struct compile_report *report) {
    static const char *const headings[] = {"Layer", "Operator", ">Bits", ">Arrives, ps", NULL};
    if (report->path_count == 0) return;
    start_section(
        out, "Critical path",
        "The slowest path between two registers, by the delay model: what it leaves and what it goes through.");
    html_table_start(out, NULL, headings);
    for (uint32_t i = 0; i < report->path_count; i++) {
        strbuf_append(out, "<tr>");
        html_cell(out, report->path[i].layer, false);
        html_cell(out, report->path[i].what, false);
        html_cell(out, words_count(out->arena, report->path[i].bits), true);
        html_cell(out, words_count(out->arena, report->path[i].picoseconds), true);
        strbuf_append(out, "</tr>\n");
    }
    strbuf_append(out, "<tr><td></td><td>the next register, with clock-to-output, a net and set-up</td><td></td>");
    html_cell(out, words_count(out->arena, 1000 * report->stage_delay), true);
    strbuf_append(out, "</tr>\n");
    table_end(out);
    end_section(out);
}

static void ports_section(struct strbuf *out, const struct compile_report *report) {
    static const char *const headings[] = {"Port",     "Direction", ">Elements", ">Bits", "Format",
                                           "Rounding", "Overflow",  "Chosen by", NULL};
    bool in_beats = false;
    for (uint32_t i = 0; i < report->port_count; i++) in_beats |= report->ports[i].beats > 1;
    start_section(out, "Ports",
                  in_beats
                      ? "Element 0 stands in the low bits, without padding; of a port in beats each clock brings a "
                        "word, and interface.json says which elements."
                      : "Element 0 stands in the low bits; every element has its own width, without padding.");
    html_table_start(out, NULL, headings);
    for (uint32_t i = 0; i < report->port_count; i++) {
        const struct port_report *port = &report->ports[i];
        strbuf_append(out, "<tr>");
        html_name_cell(out, port->name);
        html_cell(out, port->direction, false);
        html_cell(out, words_count(out->arena, port->elements), true);
        html_cell(out, words_port_bits(out->arena, port), true);
        html_cell(out, port->format, false);
        html_cell(out, port->rounding, false);
        html_cell(out, port->overflow, false);
        html_cell(out, port->chosen_by, false);
        strbuf_append(out, "</tr>\n");
    }
    table_end(out);
    end_section(out);
}

static void pass_row(struct strbuf *out, const struct pass_report *pass) {
    struct arena *arena = out->arena;
    strbuf_append(out, "<tr>");
    html_cell(out, pass->name, false);
    html_cell(out, pass->summary, false);
    html_cell(out, pass->side, false);
    html_cell(out, pass->changed ? "yes" : "no", false);
    html_cell(out, pass->measured ? words_number(arena, pass->max_error) : "", true);
    html_cell(out, pass->measured ? words_number(arena, pass->mean_error) : "", true);
    html_cell(out,
              pass->measured ? arena_printf(arena, "%s of %s", words_count(arena, (double)pass->flipped),
                                            words_count(arena, (double)pass->decisions))
                             : "",
              true);
    strbuf_append(out, "</tr>\n");
}

static void passes_section(struct strbuf *out, const struct compile_report *report) {
    static const char *const headings[] = {"Pass",           "What it does", "The line",           "Changed",
                                           ">Largest error", ">Mean error",  ">Decisions flipped", NULL};
    start_section(
        out, "What each pass did to the numbers",
        "Above the line numbers may change, and the outputs after each pass are measured against those before it; below it no bit may.");
    html_table_start(out, NULL, headings);
    for (uint32_t i = 0; i < report->pass_count; i++) pass_row(out, &report->passes[i]);
    table_end(out);
    end_section(out);
}

static void notes_section(struct strbuf *out, const struct compile_report *report) {
    if (report->note_count + report->warning_count == 0) return;
    start_section(out, "Notes", NULL);
    for (uint32_t i = 0; i < report->warning_count; i++) {
        strbuf_append(out, "<p class=\"banner warn\" style=\"margin:0 0 8px\">Warning<span>");
        append_escaped(out, report->warnings[i]);
        strbuf_append(out, "</span></p>\n");
    }
    if (report->note_count) strbuf_append(out, "<ul>\n");
    for (uint32_t i = 0; i < report->note_count; i++) {
        const struct note_report *note = &report->notes[i];
        strbuf_append(out, "<li><code>");
        append_escaped(out, note->pass);
        strbuf_append(out, "</code> ");
        append_escaped(out, note->subject);
        strbuf_append(out, note->subject ? ": " : "");
        append_escaped(out, note->text);
        strbuf_append(out, "</li>\n");
    }
    strbuf_append(out, report->note_count ? "</ul>\n" : "");
    end_section(out);
}

static void method_section(struct strbuf *out, const struct compile_report *report) {
    start_section(out, "How these figures were made", NULL);
    strbuf_append(
        out,
        "<p>Latency is counted in rising edges, from the one that samples <code>in_valid</code> to the one at which a consumer "
        "samples <code>out_valid</code>. LUT, FF, DSP, BRAM and delays are estimates before synthesis: ");
    append_escaped(out, report->technology_source);
    strbuf_append(out, "</p>\n<p>");
    append_escaped(out, words_hls);
    strbuf_append(out, "</p>\n");
    end_section(out);
}

void report_html(struct strbuf *out, const struct compile_report *report, const struct verdict *verdict) {
    if (!verdict_is_of(verdict, report)) verdict = NULL;
    page_head(out, report);
    strbuf_append(out, "<div class=\"banners\">\n");
    banner(out, verdict);
    if (verdict) html_network_banner(out, verdict);
    strbuf_append(out, "</div>\n</header>\n<main>\n");
    tiles(out, report);
    if (verdict) html_verdict(out, verdict);
    layer_sections(out, report, verdict);
    blocks_section(out, report);
    path_section(out, report);
    ports_section(out, report);
    passes_section(out, report);
    notes_section(out, report);
    provenance_section(out, report);
    method_section(out, report);
    strbuf_append(out, "</main>\n</body>\n</html>\n");
}
