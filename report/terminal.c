/* The report and the verdict for the terminal. */
#include <math.h>
#include <string.h>

#include "report/private.h"

void report_outcome(struct strbuf *out, const struct compile_report *report) {
    struct arena *arena = out->arena;
    const char *each =
        report->initiation_interval == 1 ? "cycle" : arena_printf(arena, "%d cycles", report->initiation_interval);
    strbuf_printf(out, "%d cycles, %s ns at %s, a new event every %s; about %s of %s", report->latency,
                  words_number(arena, report->latency * report->clock_period), words_clock(arena, report->clock_period),
                  each, words_hardware(arena, &report->total), report->part_name);
}

static void print_summary(struct strbuf *out, const struct compile_report *report) {
    struct arena *arena = out->arena;
    strbuf_printf(out, "  model     %s, as read sha256 %s\n", words_clean(arena, report->model),
                  report->model_sha256 ? report->model_sha256 : "-");
    if (report->command) strbuf_printf(out, "  command   %s\n", words_clean(arena, report->command));
    strbuf_printf(out, "  part      %s, clock %s (%s ns)\n", report->part_code ? report->part_code : report->part_name,
                  words_clock(arena, report->clock_period), words_number(arena, report->clock_period));
    double latency = report->latency * report->clock_period;
    strbuf_printf(out, "  latency   %d cycles, %s ns, boundary registers included\n", report->latency,
                  words_number(arena, latency));
    strbuf_printf(out, "            %s, %s\n", words_crossings(arena, latency), words_level1(arena, latency));
    strbuf_printf(out, "  interval  %d: %s\n            %s\n", report->initiation_interval,
                  words_interval(arena, report), words_keeps(arena, report));
    if (report->beats > 1)
        strbuf_printf(out, "  beats     %d: the items of an event are served one after the other\n", report->beats);
    strbuf_printf(out, "  slowest   %s ns, estimated, of a period of %s ns; margin asked for: %d %%\n",
                  words_number(arena, report->stage_delay), words_number(arena, report->clock_period), report->margin);
    if (report->path_count) strbuf_printf(out, "  its path  %s\n", words_path(arena, report));
}

static void resource_row(struct text_table *table, const char *name, double used, double available, int slr) {
    struct arena *arena = table->arena;
    table_row(table, (const char *[]){name, words_count(arena, used), words_count(arena, available),
                                      share_words(arena, used, available), words_slr(arena, used, available, slr)});
}

static void print_resources(struct strbuf *out, const struct compile_report *report, bool colour) {
    static const char *const headings[] = {"resource", ">estimate", ">of the part", ">share",
                                           "if it is all in one die"};
    struct text_table table = {.arena = out->arena, .columns = report->slr > 1 ? 5 : 4, .headings = headings};
    resource_row(&table, "LUT", report->total.lut, report->available.lut, report->slr);
    resource_row(&table, "FF", report->total.ff, report->available.ff, report->slr);
    resource_row(&table, "DSP", report->total.dsp, report->available.dsp, report->slr);
    resource_row(&table, "BRAM18", report->total.bram18, report->available.bram18, report->slr);
    table_heading(out, "resources", colour);
    table_print(out, &table, colour);
}

/* Only of a design in which items are served one after the other. */
static void print_blocks(struct strbuf *out, const struct compile_report *report, bool colour) {
    static const char *const headings[] = {">block",  "what it serves", ">beats",         ">cycles",
                                           ">values", ">states",        ">from memories", ">LUT",
                                           ">FF",     ">BRAM18",        "reads"};
    struct arena *arena = out->arena;
    struct text_table table = {.arena = arena, .columns = 11, .headings = headings};
    if (report->block_count < 2) return;
    for (uint32_t i = 0; i < report->block_count; i++) {
        const struct block_report *block = &report->blocks[i];
        table_row(&table,
                  (const char *[]){arena_printf(arena, "%u", i + 1), block->kind, words_count(arena, block->beats),
                                   words_cycles(arena, block->first_cycle, block->last_cycle),
                                   words_count(arena, block->wires), words_count(arena, block->states),
                                   words_some(arena, block->memories), words_count(arena, block->cost.lut),
                                   words_count(arena, block->cost.ff), words_some(arena, block->cost.bram18),
                                   words_channels(arena, report, (int)i + 1)});
    }
    table_heading(out, "blocks", colour);
    table_print(out, &table, colour);
}

enum { ABSORBED_COLUMNS_MAX = 40 };

/* As many as have room; the page has them all. */
static const char *absorbed_words(struct arena *arena, const struct layer_report *row) {
    struct strbuf out = strbuf_new(arena);
    for (uint32_t i = 0; i < row->absorbed_count; i++) {
        const char *name = row->absorbed[i];
        bool room = i == 0 || out.length + strlen(name) <= ABSORBED_COLUMNS_MAX;
        strbuf_printf(&out, "%s%s", i ? ", " : "", room ? name : "...");
        if (!room) break;
    }
    return out.data;
}

static void print_layers(struct strbuf *out, const struct compile_report *report, bool colour) {
    static const char *const headings[] = {"module", "with", "operators", "format", ">cycles",
                                           ">LUT",   ">FF",  ">DSP",      ">BRAM18"};
    struct arena *arena = out->arena;
    bool memories = report->total.dsp > 0 || report->total.bram18 > 0;
    struct text_table table = {.arena = arena, .columns = memories ? 9 : 7, .headings = headings};
    uint32_t count;
    const struct layer_report *rows = report_modules(arena, report, &count);
    for (uint32_t i = 0; i < count; i++)
        table_row(&table,
                  (const char *[]){table_shortened(arena, rows[i].name), absorbed_words(arena, &rows[i]), rows[i].op,
                                   rows[i].format, words_cycles(arena, rows[i].first_cycle, rows[i].last_cycle),
                                   words_count(arena, rows[i].cost.lut), words_count(arena, rows[i].cost.ff),
                                   words_count(arena, rows[i].cost.dsp), words_count(arena, rows[i].cost.bram18)});
    table_heading(
        out,
        "modules of rtl/, each with the cheap nodes behind it; FF are the registers that its file declares, but for those within block RAMs, the top's those that synthesis keeps",
        colour);
    table_print(out, &table, colour);
    strbuf_printf(out, "  formats: %s\n", words_formats);
}

static void print_ports(struct strbuf *out, const struct compile_report *report, bool colour) {
    static const char *const headings[] = {"port",   "direction", ">elements", ">bits",
                                           "format", "rounding",  "overflow",  "chosen by"};
    struct arena *arena = out->arena;
    struct text_table table = {.arena = arena, .columns = 8, .headings = headings};
    for (uint32_t i = 0; i < report->port_count; i++) {
        const struct port_report *port = &report->ports[i];
        table_row(&table, (const char *[]){port->name, port->direction, words_count(arena, port->elements),
                                           words_port_bits(arena, port), port->format, port->rounding, port->overflow,
                                           port->chosen_by});
    }
    table_heading(out, "ports", colour);
    table_print(out, &table, colour);
}

static void print_passes(struct strbuf *out, const struct compile_report *report, bool colour) {
    static const char *const headings[] = {
        "pass", "side", "changed", ">largest error", ">mean error", ">decisions flipped", ">ms"};
    struct arena *arena = out->arena;
    struct text_table table = {.arena = arena, .columns = 7, .headings = headings};
    bool timed = false;
    for (uint32_t i = 0; i < report->pass_count; i++) {
        const struct pass_report *pass = &report->passes[i];
        const char *flipped = pass->measured
                                  ? arena_printf(arena, "%s of %s", words_count(arena, (double)pass->flipped),
                                                 words_count(arena, (double)pass->decisions))
                                  : "";
        timed |= pass->seconds > 0;
        table_row(&table, (const char *[]){pass->name, pass->side, pass->changed ? "yes" : "no",
                                           pass->measured ? words_number(arena, pass->max_error) : "",
                                           pass->measured ? words_number(arena, pass->mean_error) : "", flipped,
                                           arena_printf(arena, "%.1f", pass->seconds * 1e3)});
    }
    table.columns -= !timed;
    table_heading(out, "passes (errors: outputs after it against before it)", colour);
    table_print(out, &table, colour);
}

static void print_notes(struct strbuf *out, const struct compile_report *report, bool colour) {
    if (report->note_count) table_heading(out, "notes", colour);
    for (uint32_t i = 0; i < report->note_count; i++) {
        const struct note_report *note = &report->notes[i];
        const char *subject = note->subject ? words_clean(out->arena, note->subject) : "";
        strbuf_printf(out, "  %s%s%s: %s\n", note->pass, *subject ? ", " : "", subject,
                      words_clean(out->arena, note->text));
    }
    if (report->warning_count) table_heading(out, "warnings", colour);
    for (uint32_t i = 0; i < report->warning_count; i++)
        strbuf_printf(out, "  %s\n", words_clean(out->arena, report->warnings[i]));
}

void report_terminal(struct strbuf *out, const struct compile_report *report, const struct verdict *verdict,
                     bool colour) {
    strbuf_printf(out, colour ? "\033[1m%s\033[0m\n" : "%s\n", report->name);
    print_summary(out, report);
    print_resources(out, report, colour);
    print_blocks(out, report, colour);
    print_layers(out, report, colour);
    print_ports(out, report, colour);
    print_passes(out, report, colour);
    print_notes(out, report, colour);
    table_heading(out, "how these figures were made", colour);
    strbuf_printf(out, "  LUT, FF, DSP, BRAM and delays are estimates: %s\n", report->technology_source);
    strbuf_printf(out, "  %s\n", words_hls);
    if (verdict && !verdict_is_of(verdict, report))
        strbuf_append(out, "\nthe last verdict is of an earlier make: verify again\n");
    else if (verdict) {
        table_heading(out, "verdict", colour);
        verdict_terminal(out, verdict, colour);
    }
}

/* ---- the verdict ---- */

static void print_engines(struct strbuf *out, const struct verdict *verdict, bool colour) {
    static const char *const headings[] = {"engine",   ">events",   ">events/s", ">build s",
                                           ">latency", ">interval", "result"};
    struct arena *arena = out->arena;
    struct text_table table = {.arena = arena, .columns = 7, .headings = headings};
    for (uint32_t i = 0; i < verdict->engine_count; i++) {
        const struct engine_result *result = &verdict->engines[i];
        const char *rate = result->seconds > 0 ? words_count(arena, (double)result->events / result->seconds) : "";
        const char *build = result->build_seconds >= 0.05 ? arena_printf(arena, "%.1f", result->build_seconds) : "";
        table_row(&table, (const char *[]){words_engine(arena, result),
                                           result->ran ? words_count(arena, (double)result->events) : "", rate, build,
                                           result->latency >= 0 ? arena_printf(arena, "%d", result->latency) : "",
                                           result->interval ? arena_printf(arena, "%d", result->interval) : "",
                                           words_result(arena, result)});
    }
    table_print(out, &table, colour);
    for (uint32_t i = 0; i < verdict->engine_count; i++)
        if (verdict->engines[i].difference.found)
            strbuf_printf(out, "  %s: %s\n", words_engine(arena, &verdict->engines[i]),
                          words_clean(arena, words_difference(arena, &verdict->engines[i].difference)));
}

static void print_errors(struct strbuf *out, const struct verdict *verdict) {
    struct arena *arena = out->arena;
    const struct loss *loss = &verdict->loss;
    strbuf_append(out, "  ");
    for (int i = 0; i < LOSS_QUANTILES; i++)
        strbuf_printf(out, "%s%s %% of the errors up to %s", i ? ", " : "",
                      words_number(arena, 100 * loss_quantiles[i]), words_number(arena, loss->quantile[i]));
    strbuf_printf(out, "\n  %s explain up to %s\n", loss->formats, words_number(arena, loss->allowed));
    for (uint32_t i = 0; i < loss->worst_count && loss->worst[i].error > 0; i++)
        strbuf_printf(out, "  %s%s\n",
                      i ? "       then: " : "the largest: ", words_clean(arena, words_worst(arena, &loss->worst[i])));
}

static void print_exact(struct strbuf *out, const struct verdict *verdict) {
    struct arena *arena = out->arena;
    strbuf_printf(out, "  largest error %s, mean error %s\n", words_number(arena, verdict->loss.max_error),
                  words_number(arena, verdict->loss.mean_error));
    if (verdict->loss.max_error > 0) print_errors(out, verdict);
    strbuf_printf(out, "  equal to the last bit: %s of %s numbers", words_count(arena, (double)verdict->loss.exact),
                  words_count(arena, (double)verdict->loss.outputs));
    if (verdict->loss.grid_outputs)
        strbuf_printf(out, "; %s of %s where the inputs lie on the port's grid",
                      words_count(arena, (double)verdict->loss.grid_exact),
                      words_count(arena, (double)verdict->loss.grid_outputs));
    strbuf_append(out, "\n");
}

static void print_accuracy(struct strbuf *out, const struct verdict *verdict, bool colour) {
    struct arena *arena = out->arena;
    if (!verdict->loss.compared) return;
    table_heading(out, "against the model as trained", colour);
    strbuf_printf(out, "  compared: %s, %s\n", verdict->loss.compared,
                  words_events(arena, (double)verdict->loss.events));
    if (verdict->loss.outputs) print_exact(out, verdict);
    const char *causes = words_flips(arena, &verdict->loss);
    strbuf_printf(out, "  decisions flipped: %s of %s%s%s\n", words_count(arena, (double)verdict->loss.flipped),
                  words_count(arena, (double)verdict->loss.decisions), *causes ? ": " : "", causes);
    if (verdict->loss.layer)
        strbuf_printf(out, "  most of the error arises at layer '%s'\n", words_clean(arena, verdict->loss.layer));
}

static void print_labelled(struct strbuf *out, const struct labelled *labelled, uint32_t count, bool colour) {
    static const char *const headings[] = {"class", ">ROC area, float", ">fixed"};
    struct arena *arena = out->arena;
    struct text_table table = {.arena = arena, .columns = 3, .headings = headings};
    table_heading(out, arena_printf(arena, "with labels%s", words_of_output(arena, labelled, count)), colour);
    strbuf_printf(out, "  accuracy on %s: float %s, fixed %s\n", words_events(arena, (double)labelled->events),
                  share_words(arena, labelled->accuracy_float, 1), share_words(arena, labelled->accuracy_fixed, 1));
    for (uint32_t i = 0; i < labelled->curve_count; i++)
        table_row(&table, (const char *[]){words_class(arena, labelled, labelled->curve_count == 1 ? 1 : i),
                                           words_area(arena, labelled->curves[i].area_float),
                                           words_area(arena, labelled->curves[i].area_fixed)});
    if (table.count) table_print(out, &table, colour);
}

static void print_labels(struct strbuf *out, const struct verdict *verdict, bool colour) {
    for (uint32_t i = 0; i < verdict->labelled_count; i++)
        print_labelled(out, &verdict->labelled[i], verdict->labelled_count, colour);
}

/* Where the events of all kinds did not reach all of what a layer's numbers could be. */
static void print_reach(struct strbuf *out, const struct verdict *verdict) {
    bool told = false;
    for (uint32_t i = 0; i < verdict->range_count; i++) {
        const struct value_range *range = &verdict->ranges[i];
        if (range->reached > 0.995 && !range->short_elements) continue;
        if (!told)
            strbuf_append(
                out, "\n  how much of their intervals, which are bounds, the numbers reached, where it is not all:\n");
        told = true;
        strbuf_printf(out, "    %3.0f %% at %s", 100 * range->reached, words_clean(out->arena, range->name));
        if (range->short_elements)
            strbuf_printf(out, ", the highest bit of %u of %u numbers never moved", range->short_elements,
                          range->elements);
        strbuf_append(out, "\n");
    }
}

static void print_still(struct strbuf *out, const struct verdict *verdict) {
    if (!verdict->still_count) return;
    strbuf_printf(out, "\n  %s activation%s never moved:", words_count(out->arena, verdict->still_count),
                  verdict->still_count == 1 ? "" : "s");
    for (uint32_t i = 0; i < verdict->still_count && i < STILL_NAMED; i++)
        strbuf_printf(out, "%s %s", i ? "," : "", words_clean(out->arena, verdict->still[i]));
    strbuf_append(out, verdict->still_count > STILL_NAMED ? ", ...\n" : "\n");
}

static void print_judgement(struct strbuf *out, const struct verdict *verdict, bool colour) {
    static const char *const colours[] = {
        [VERDICT_FAILED] = "\033[1;31m", [VERDICT_RESERVED] = "\033[1;33m", [VERDICT_EQUAL] = "\033[1;32m"};
    const char *begin = colour ? colours[verdict_state(verdict)] : "", *end = colour ? "\033[0m" : "";
    uint32_t count;
    const char **reservations = words_reservations(out->arena, verdict, &count);
    if (!verdict->equal)
        strbuf_printf(out, "\n%sverdict: NOT equal%s\n", begin, end);
    else if (verdict_timing_is_wrong(verdict))
        strbuf_printf(out, "\n%sverdict: wrong %s%s: interface.json tells %s\n", begin, words_wrong_timing(verdict),
                      end, words_told_timing(out->arena, verdict));
    else if (verdict_engines_ran(verdict))
        strbuf_printf(out, "\n%sverdict: equal%s in every bit: %s\n", begin, end, words_engines(out->arena, verdict));
    else
        strbuf_printf(out, "\n%sverdict: INCOMPLETE%s; equal in every bit, as far as it goes: %s\n", begin, end,
                      words_engines(out->arena, verdict));
    for (uint32_t i = 0; i < count; i++) strbuf_printf(out, "  %s\n", words_clean(out->arena, reservations[i]));
}

/* The second question, beside the first. */
static void print_network(struct strbuf *out, const struct verdict *verdict, bool colour) {
    struct arena *arena = out->arena;
    const struct loss *loss = &verdict->loss;
    bool warns = verdict_warns_of_loss(verdict), fails = !verdict_gates_pass(verdict);
    const char *begin = !colour ? ""
                        : fails ? "\033[1;31m"
                        : warns ? "\033[1;33m"
                                : "\033[1;32m",
               *end = colour ? "\033[0m" : "";
    if (!loss->compared) {
        strbuf_printf(out, "network: %s\n", words_loss(arena, loss));
        return;
    }
    strbuf_printf(out, "%snetwork: %s%s: %s", begin,
                  fails || warns                         ? "NOT as trained"
                  : loss->max_error > 0 || loss->flipped ? "as trained"
                                                         : "exactly as trained",
                  end, words_loss(arena, loss));
    labelled_words(out, verdict->labelled, verdict->labelled_count);
    strbuf_printf(out, "%s\n", words_made_up(verdict));
    floats_terminal(out, loss);
    for (uint32_t i = 0; i < verdict->gate_count; i++)
        if (!verdict->gates[i].passed) strbuf_printf(out, "  %s\n", words_gate(arena, &verdict->gates[i]));
    if (warns) strbuf_printf(out, "  %s\n", words_clean(arena, loss->warning));
}

void loss_terminal(struct strbuf *out, const struct loss *loss, bool gated) {
    const char *how = loss->warning && !gated                ? "NOT as trained"
                      : loss->max_error > 0 || loss->flipped ? "as trained"
                                                             : "exactly as trained";
    strbuf_printf(out, "network: %s: %s", how, words_loss(out->arena, loss));
    if (loss->layer && loss->max_error > 0)
        strbuf_printf(out, ", most of it at layer '%s'", words_clean(out->arena, loss->layer));
}

void floats_terminal(struct strbuf *out, const struct loss *loss) {
    const char *words = words_floats(out->arena, loss);
    if (words) strbuf_printf(out, "trained floats: %s\n", words_clean(out->arena, words));
}

void verdict_terminal(struct strbuf *out, const struct verdict *verdict, bool colour) {
    struct arena *arena = out->arena;
    strbuf_printf(out, "  %s events: %s of files, %s random (seed %llu), %s corner, %s regression vectors\n",
                  words_count(arena, (double)verdict->events), words_count(arena, (double)verdict->user_events),
                  words_count(arena, (double)verdict->random_events), (unsigned long long)verdict->seed,
                  words_count(arena, (double)verdict->corner_events),
                  words_count(arena, (double)verdict->regression_events));
    print_engines(out, verdict, colour);
    print_accuracy(out, verdict, colour);
    print_labels(out, verdict, colour);
    print_still(out, verdict);
    print_reach(out, verdict);
    print_judgement(out, verdict, colour);
    print_network(out, verdict, colour);
}
