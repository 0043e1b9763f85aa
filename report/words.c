/* Numbers and findings as people read them, the same words in every kind of report. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "report/private.h"

const char words_hls[] =
    "Figures are estimates for the Verilog in rtl/; latency and resources of the HLS path are the vendor tool's to say.";

/* Length of the UTF-8 character at text; 0 when it is none, or one that XML forbids. */
static size_t character_length(const unsigned char *text) {
    size_t length = text[0] < 0x80 ? 1 : text[0] >= 0xf0 ? 4 : text[0] >= 0xe0 ? 3 : 2;
    uint32_t code = length == 1 ? text[0] : text[0] & (0xffu >> (length + 1));
    if (length == 1) return text[0] >= 32 || text[0] == '\n' || text[0] == '\t';
    if (text[0] < 0xc2 || text[0] > 0xf4) return 0;
    for (size_t i = 1; i < length; i++) {
        if ((text[i] & 0xc0) != 0x80) return 0;
        code = code << 6 | (text[i] & 0x3fu);
    }
    static const uint32_t least[5] = {0, 0, 0x80, 0x800, 0x10000};
    bool surrogate = code >= 0xd800 && code < 0xe000;
    return code < least[length] || code > 0x10ffff || surrogate || (code & 0xfffe) == 0xfffe ? 0 : length;
}

const char *words_clean(struct arena *arena, const char *text) {
    bool clean = true;
    if (!text) return NULL;
    char *copy = arena_strdup(arena, text);
    for (char *c = copy; *c;) {
        size_t length = character_length((const unsigned char *)c);
        clean &= length > 0;
        if (length == 0) *c = '?';
        c += length ? length : 1;
    }
    return clean ? text : copy;
}

const char *words_count(struct arena *arena, double number) {
    char digits[64];
    struct strbuf text = strbuf_new(arena);
    if (!isfinite(number)) return "-";
    snprintf(digits, sizeof digits, "%.0f", fabs(number));
    size_t length = strlen(digits);
    if (number < 0) strbuf_append(&text, "-");
    for (size_t i = 0; i < length; i++) {
        if (i > 0 && (length - i) % 3 == 0) strbuf_append(&text, ",");
        strbuf_append_bytes(&text, digits + i, 1);
    }
    return text.data;
}

const char *words_events(struct arena *arena, double number) {
    return arena_printf(arena, "%s %s", words_count(arena, number), number == 1 ? "event" : "events");
}

const char *words_number(struct arena *arena, double number) {
    return isfinite(number) ? arena_printf(arena, "%.4g", number)
           : isnan(number)  ? "-"
           : number > 0     ? "infinite"
                            : "-infinite";
}

double clock_megahertz(double nanoseconds) {
    double whole = round(1000 / nanoseconds);
    bool exact = round(1e6 / whole) == round(1000 * nanoseconds); /* to the picosecond, as clocks are kept */
    return exact ? whole : 1000 / nanoseconds;
}

const char *words_clock(struct arena *arena, double nanoseconds) {
    return arena_printf(arena, "%s MHz", words_number(arena, clock_megahertz(nanoseconds)));
}

const char *words_area(struct arena *arena, double area) {
    return isfinite(area) ? arena_printf(arena, "%.5f", area) : "-";
}

const char *words_slr(struct arena *arena, double used, double available, int slr) {
    return slr > 1 ? arena_printf(arena, "%s of one SLR of %d", share_words(arena, used * slr, available), slr) : "";
}

const char *words_crossings(struct arena *arena, double nanoseconds) {
    const char *number = words_number(arena, nanoseconds / CROSSING_NS);
    return arena_printf(arena, "%s bunch crossing%s of 25 ns", number, strcmp(number, "1") == 0 ? "" : "s");
}

double report_events_per_second(const struct compile_report *report) {
    return 1e6 * clock_megahertz(report->clock_period) / report->initiation_interval;
}

const char *words_interval(struct arena *arena, const struct compile_report *report) {
    double events = report_events_per_second(report);
    int cycles = report->initiation_interval;
    return arena_printf(arena, "a new event every %s, %s ns: %s events/s",
                        cycles == 1 ? "cycle" : arena_printf(arena, "%d cycles", cycles),
                        words_number(arena, 1e9 / events), words_count(arena, events));
}

/* Periods are kept in whole picoseconds: nine of 2.778 ns, 360 MHz, are one bunch crossing. */
#define HALF_PICOSECOND_NS 0.0005

const char *words_keeps(struct arena *arena, const struct compile_report *report) {
    double interval = report->initiation_interval * (report->clock_period - HALF_PICOSECOND_NS),
           fit = floor(CROSSING_NS / interval);
    return fit < 1 ? "longer than a bunch crossing of 25 ns"
                   : arena_printf(arena, "%.0f event%s in a bunch crossing of 25 ns", fit, fit < 2 ? " fits" : "s fit");
}

const char *words_some(struct arena *arena, double number) {
    return number > 0 ? words_count(arena, number) : "";
}

const char *words_hardware(struct arena *arena, const struct cost *cost) {
    const char *count = words_count(arena, cost->bram18); /* a sum of shares */
    const char *memories = strcmp(count, "0") == 0   ? ""
                           : strcmp(count, "1") == 0 ? ", 1 block RAM"
                                                     : arena_printf(arena, ", %s block RAMs", count);
    return arena_printf(arena, "%s LUT, %s FF%s", words_count(arena, cost->lut), words_count(arena, cost->ff),
                        memories);
}

const char *words_channels(struct arena *arena, const struct compile_report *report, int number) {
    struct strbuf out = strbuf_new(arena);
    for (uint32_t i = 0; i < report->channel_count; i++) {
        const struct channel_report *channel = &report->channels[i];
        if (channel->to != number) continue;
        const char *later = channel->depth == 0   ? "at once"
                            : channel->depth == 1 ? "up to 1 cycle later"
                                                  : arena_printf(arena, "up to %d cycles later", channel->depth);
        strbuf_printf(&out, "%sblock %d: %s bits, %s", out.length ? "; " : "", channel->from,
                      words_count(arena, channel->bits), later);
    }
    return out.data;
}

const char *words_port_bits(struct arena *arena, const struct port_report *port) {
    const char *bits = words_count(arena, port->width);
    return port->beats > 1 ? arena_printf(arena, "%s x %u", bits, port->beats) : bits;
}

const char *words_level1(struct arena *arena, double nanoseconds) {
    return arena_printf(arena, "%s of a level-1 latency of 12.5 \xc2\xb5s", share_words(arena, nanoseconds, LEVEL1_NS));
}

const char words_formats[] =
    "s16f10 is a signed number of 16 bits, 10 of them behind the point: steps of 2^-10 from -32 to just below 32, "
    "ap_fixed<16,6>; u8f8 is unsigned, steps of 2^-8 from 0 to just below 1, ap_ufixed<8,0>.";

const char *words_cycles(struct arena *arena, int first, int last) {
    if (first < 0) return "-";
    return first == last ? arena_printf(arena, "%d", first) : arena_printf(arena, "%d-%d", first, last);
}

const char *words_in_cycles(struct arena *arena, int first, int last) {
    if (first < 0) return "in no cycle";
    return first == last ? arena_printf(arena, "in cycle %d", first)
                         : arena_printf(arena, "in cycles %d to %d", first, last);
}

const char *words_path(struct arena *arena, const struct compile_report *report) {
    struct strbuf out = strbuf_new(arena);
    for (uint32_t i = 0; i < report->path_count; i++) {
        const struct path_report *step = &report->path[i];
        bool again = i && strcmp(step[-1].layer, step->layer) == 0;
        if (!again) strbuf_printf(&out, "%s%s (", i ? ") -> " : "", words_clean(arena, step->layer));
        strbuf_printf(&out, "%s%s", again ? ", " : "", step->what);
    }
    strbuf_append(&out, report->path_count ? ")" : "");
    return out.data;
}

const char *words_engine(struct arena *arena, const struct engine_result *result) {
    bool plain = !result->variant || !*result->variant;
    return plain ? engine_name(result->id) : arena_printf(arena, "%s, %s", engine_name(result->id), result->variant);
}

const char *words_result(struct arena *arena, const struct engine_result *result) {
    if (result->skipped) return arena_printf(arena, "not run: %s", result->skipped);
    if (result->not_built) return "NOT BUILT";
    if (result->failure) return arena_printf(arena, "FAILED: %s", result->failure);
    if (!result->ran) return "had no events";
    if (result->id == ENGINE_FLOAT) return "compared below";
    if (result->id == ENGINE_EMULATOR) return "the yardstick";
    return result->difference.found ? "DIFFERS" : "equal";
}

const char *words_difference(struct arena *arena, const struct difference *difference) {
    struct strbuf text = strbuf_new(arena);
    const char *layer = difference->layer ? difference->layer : "?";
    strbuf_printf(&text, "first at %s: output '%s', element %u, bit %d: %" PRId64 ", not %" PRId64,
                  difference->event_name ? difference->event_name : "?",
                  difference->output_name ? difference->output_name : "?", difference->element, difference->bit,
                  difference->got, difference->expected);
    if (!difference->narrowed)
        strbuf_printf(&text, "; the output of layer '%s', and where it begins is not known: %s", layer,
                      difference->not_narrowed ? difference->not_narrowed : "nobody looked");
    else if (difference->only_output)
        strbuf_printf(&text, "; it begins behind layer '%s', whose values are right", layer);
    else if (difference->layer_got == difference->layer_expected)
        strbuf_printf(&text, "; it begins in layer '%s', element %u, in bits below its format", layer,
                      difference->layer_element);
    else
        strbuf_printf(&text, "; it begins in layer '%s', element %u, bit %d: %" PRId64 ", not %" PRId64, layer,
                      difference->layer_element, difference->layer_bit, difference->layer_got,
                      difference->layer_expected);
    if (difference->within) strbuf_printf(&text, ", %s", difference->within);
    if (difference->holds) strbuf_printf(&text, " (or in %s, which cannot be told from it)", difference->holds);
    return text.data;
}

const char *words_loss(struct arena *arena, const struct loss *loss) {
    struct strbuf text = strbuf_new(arena);
    if (!loss->compared)
        return loss->not_compared ? loss->not_compared : "not compared: there is no float model to compare with";
    strbuf_printf(&text, "%s of %s decisions flipped (%s)", words_count(arena, (double)loss->flipped),
                  words_count(arena, (double)loss->decisions),
                  share_words(arena, (double)loss->flipped, (double)loss->decisions));
    if (loss->outputs) strbuf_printf(&text, ", largest error %s", words_number(arena, loss->max_error));
    return text.data;
}

const char *words_floats(struct arena *arena, const struct loss *loss) {
    if (!loss->compared || !loss->quantised) return NULL;
    if (loss->undetermined)
        return arena_printf(arena, "not proven to be the same whoever computes them: %s", loss->undetermined);
    const char *sums = "none are added up";
    if (loss->sum_bits) sums = arena_printf(arena, "sums need %d of binary32's 24 bits", loss->sum_bits);
    return arena_printf(arena, "proven to be the same whoever computes them, on the ports' grid: %s", sums);
}

const char *words_made_up(const struct verdict *verdict) {
    const struct loss *loss = &verdict->loss;
    bool differs = loss->compared && (loss->max_error > 0 || loss->flipped);
    return differs && !verdict->user_events
               ? "; on random events, each feature drawn by itself: only --events FILE can judge it"
               : "";
}

const char *words_worst(struct arena *arena, const struct worst_number *worst) {
    return arena_printf(arena, "%s: %s[%u] is %s, not %s: %s", worst->event_name,
                        worst->output_name ? worst->output_name : "?", worst->element, words_number(arena, worst->got),
                        words_number(arena, worst->expected), worst->cause ? worst->cause : "?");
}

const char *words_flips(struct arena *arena, const struct loss *loss) {
    static const char *const causes[LOSS_CAUSE_COUNT] = {"the port's rounding", "numbers outside the port's format",
                                                         "the formats' rounding", "numbers outside a format inside",
                                                         "no format's rounding"};
    struct strbuf text = strbuf_new(arena);
    for (int i = 0; i < LOSS_CAUSE_COUNT; i++)
        if (loss->flipped_by[i])
            strbuf_printf(&text, "%s%s by %s", text.length ? ", " : "", words_count(arena, (double)loss->flipped_by[i]),
                          causes[i]);
    return text.data;
}

const char *words_gate(struct arena *arena, const struct gate *gate) {
    bool share = strcmp(gate->name, "max-error") != 0;
    const char *what = !share                             ? "largest error"
                       : !strcmp(gate->name, "max-flips") ? "decisions flipped"
                                                          : "accuracy lost";
    const char *value = share ? share_words(arena, gate->value, 1) : words_number(arena, gate->value);
    const char *limit = share ? share_words(arena, gate->limit, 1) : words_number(arena, gate->limit);
    return arena_printf(arena, "%s: %s, and --%s lets it be %s", what, value, gate->name, limit);
}

const char *words_tail(const char *name, size_t most) {
    size_t length = strlen(name);
    const char *tail = name + (length > most ? length - most : 0);
    while (((unsigned char)*tail & 0xc0) == 0x80) tail++;
    const char *separator = strpbrk(tail, "/._");
    return separator && separator[1] && tail > name ? separator : tail;
}

const char *words_class(struct arena *arena, const struct labelled *labelled, uint32_t number) {
    return number < labelled->class_name_count ? words_clean(arena, labelled->class_names[number])
                                               : arena_printf(arena, "class %u", number);
}

const char *words_of_output(struct arena *arena, const struct labelled *labelled, uint32_t count) {
    return count > 1 && labelled->output ? arena_printf(arena, " of %s", words_clean(arena, labelled->output)) : "";
}

void labelled_words(struct strbuf *out, const struct labelled *labelled, uint32_t count) {
    for (uint32_t i = 0; i < count; i++)
        strbuf_printf(out, "%s accuracy%s %s, as trained %s", i ? ";" : ",",
                      words_of_output(out->arena, &labelled[i], count),
                      share_words(out->arena, labelled[i].accuracy_fixed, 1),
                      share_words(out->arena, labelled[i].accuracy_float, 1));
}

bool verdict_is_of(const struct verdict *verdict, const struct compile_report *report) {
    return verdict && verdict->content_hash && report->content_hash &&
           !strcmp(verdict->content_hash, report->content_hash);
}

/* "not run (not asked for): hls, rtl"; NULL when there is none. */
static const char *not_asked(struct arena *arena, const struct verdict *verdict) {
    struct strbuf text = strbuf_new(arena);
    for (uint32_t i = 0; i < verdict->engine_count; i++)
        if (verdict->engines[i].skipped && !verdict->engines[i].asked && verdict->engines[i].id != ENGINE_FLOAT)
            strbuf_printf(&text, "%s%s",
                          text.length ? ", " : "not run, because not asked for: ", engine_name(verdict->engines[i].id));
    return text.length ? text.data : NULL;
}

const char **words_reservations(struct arena *arena, const struct verdict *verdict, uint32_t *count) {
    const char **lines = ARENA_ARRAY(arena, const char *, verdict->engine_count + verdict->edited_count + 3);
    const char *unasked = not_asked(arena, verdict);
    *count = 0;
    for (uint32_t i = 0; i < verdict->engine_count; i++) {
        const struct engine_result *result = &verdict->engines[i];
        if (result->skipped && result->asked && result->id != ENGINE_FLOAT)
            lines[(*count)++] = arena_printf(arena, "not run: %s: %s", words_engine(arena, result), result->skipped);
        if (result->not_built) lines[(*count)++] = arena_printf(arena, "not built: %s", result->not_built);
    }
    if (unasked) lines[(*count)++] = unasked;
    if (!verdict->hash_checked)
        lines[(*count)++] = "whether the files are of one make was not asked for (--no-hash-check)";
    for (uint32_t i = 0; i < verdict->edited_count; i++)
        lines[(*count)++] = arena_printf(arena, "not as bxc compiled it: %s", verdict->edited[i]);
    return lines;
}

const char *words_wrong_timing(const struct verdict *verdict) {
    if (!verdict_interval_is_wrong(verdict)) return "latency";
    return verdict_latency_is_wrong(verdict) ? "latency and interval" : "interval";
}

const char *words_told_timing(struct arena *arena, const struct verdict *verdict) {
    const char *interval = arena_printf(arena, "%d from event to event", verdict->interval);
    if (!verdict_interval_is_wrong(verdict)) return arena_printf(arena, "%d cycles", verdict->latency);
    return verdict_latency_is_wrong(verdict) ? arena_printf(arena, "%d cycles, and %s", verdict->latency, interval)
                                             : arena_printf(arena, "%d cycles from event to event", verdict->interval);
}

const char *words_engines(struct arena *arena, const struct verdict *verdict) {
    struct strbuf text = strbuf_new(arena);
    for (uint32_t i = 0; i < verdict->engine_count; i++) {
        const struct engine_result *result = &verdict->engines[i];
        if (result->ran && result->id != ENGINE_FLOAT && !(result->variant && *result->variant))
            strbuf_printf(&text, "%s%s", text.length ? ", " : "", engine_name(result->id));
    }
    return text.data;
}
