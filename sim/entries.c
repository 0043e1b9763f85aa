/* The emitted C's other faces: NAME_run_float and NAME_run_double, and the formats that its header tells. Real
 * numbers are made around what the ports of known events stand for: on the grid, at ties and beside them, beyond
 * the ends, infinite, and no numbers at all. What is right is the port reader, the emulator, and port_to_reals. */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "sim/private.h"
#include "ir/random.h"

enum { ENTRY_EVENTS = 2048, NAN_EVERY = 64, IDLE_SECONDS = 60, LAST_LINES = 8 };
static const double UNTOUCHED = 0.5; /* outputs when there is NaN among the inputs */

struct entry {
    struct engine *engine, *emulator;
    struct arena *scratch;
    const struct graph *graph;
    struct value_list inputs;
    bool single; /* run_float */
    size_t events;
    double *numbers; /* events x all inputs */
    int64_t *status; /* what the function returns */
    double **wanted; /* by output */
};

static int fails(const struct entry *entry, const char *format, ...) PRINTF_LIKE(2, 3);
static int fails(const struct entry *entry, const char *format, ...) {
    struct strbuf text = strbuf_new(entry->scratch);
    va_list arguments;
    va_start(arguments, format);
    strbuf_vprintf(&text, format, arguments);
    va_end(arguments);
    return diag_error(&entry->engine->firmware->context->diagnostics, (struct location){.file = entry->engine->program},
                      NULL, "%s", text.data);
}

static const char *function_name(const struct entry *entry) {
    return arena_printf(entry->scratch, "%s_run_%s", entry->engine->firmware->name, entry->single ? "float" : "double");
}

static float some_ulps_from(float number, int ulps) {
    for (; ulps; ulps += ulps < 0 ? 1 : -1) number = nextafterf(number, ulps < 0 ? -INFINITY : INFINITY);
    return number;
}

/* A number that the port has to decide about, near one that it carries. */
static double near(double real, double step, uint64_t *state) {
    uint64_t random = splitmix64(state);
    double tie = real + (random >> 63 ? step : -step) / 2;
    switch (random % 16) {
    case 0: return random >> 62 & 1 ? (double)INFINITY : -(double)INFINITY;
    case 1: return ldexp(random >> 62 & 1 ? 1 : -1, (int)(random >> 32 & 2047) - 1074);
    case 2: return -0.0;
    case 3:
    case 4: return tie;
    case 5:
    case 6: return nextafter(tie, (double)INFINITY);
    case 7:
    case 8: return nextafter(tie, -(double)INFINITY);
    case 9: return (double)(float)tie;
    case 10: return real + step * ((double)(random >> 40) / 16777216.0);
    case 11:
    case 12: /* roundings of a port's steps */ return (double)some_ulps_from((float)tie, (int)(random >> 32 & 63) - 32);
    default: return real;
    }
}

/* The numbers of all events, and the port integers that are right for them. */
static int make_numbers(struct entry *entry, const struct sample *sample, int64_t **integers) {
    uint64_t state = 1;
    for (size_t i = 0, first = 0; i < entry->inputs.count; first += sample->input_elements[i++]) {
        valref input = entry->inputs.at[i];
        size_t n = sample->input_elements[i], count = entry->events * n;
        const struct port_reader *reader = port_reader_new(entry->graph, input, entry->scratch);
        double *reals = ARENA_ARRAY(entry->scratch, double, count + 1);
        float *singles = ARENA_ARRAY(entry->scratch, float, count + 1);
        port_to_reals(entry->graph, input, input_meaning(entry->graph, input), entry->events, sample->inputs[i], reals);
        for (size_t k = 0; k < count; k++) {
            const struct port_rule *rule = &reader->rules[k % n];
            reals[k] = near(reals[k], (double)rule->scale / rule->step, &state);
            singles[k] = (float)reals[k];
            entry->numbers[k / n * entry->engine->input_total + first + k % n] = reals[k];
        }
        integers[i] = ARENA_ARRAY(entry->scratch, int64_t, count + 1);
        if (entry->single ? port_read_floats(reader, entry->events, 0, singles, integers[i])
                          : port_read_doubles(reader, entry->events, 0, reals, integers[i]))
            return -1;
    }
    return 0;
}

/* Puts NaN into an event now and then; the function must name the first. */
static void put_nan(struct entry *entry) {
    size_t total = entry->engine->input_total;
    for (size_t event = NAN_EVERY / 2; event < entry->events && total; event += NAN_EVERY) {
        size_t at = event / NAN_EVERY % total;
        entry->numbers[event * total + at] = (double)NAN;
        entry->status[event] = (int64_t)at + 1;
    }
}

static int make_wanted(struct entry *entry, const struct sample *sample) {
    int64_t **integers = ARENA_ARRAY(entry->scratch, int64_t *, entry->inputs.count + 1);
    int64_t **results = ARENA_ARRAY(entry->scratch, int64_t *, entry->graph->output_count + 1);
    for (uint32_t o = 0; o < entry->graph->output_count; o++)
        results[o] = ARENA_ARRAY(entry->scratch, int64_t, entry->events * sample->output_elements[o] + 1);
    if (make_numbers(entry, sample, integers) ||
        engine_run(entry->emulator, entry->events, (const int64_t *const *)integers, results))
        return -1;
    put_nan(entry);
    for (uint32_t o = 0; o < entry->graph->output_count; o++) {
        size_t n = sample->output_elements[o];
        double *wanted = entry->wanted[o] = ARENA_ARRAY(entry->scratch, double, (entry->events * n) + 1);
        port_to_reals(entry->graph, entry->graph->outputs[o].value, &entry->graph->outputs[o].meaning, entry->events,
                      results[o], wanted);
        for (size_t k = 0; k < entry->events * n; k++)
            wanted[k] = entry->status[k / n] ? UNTOUCHED : entry->single ? (double)(float)wanted[k] : wanted[k];
    }
    return 0;
}

static int compare_event(const struct entry *entry, size_t event, const int64_t *got) {
    if (got[0] != entry->status[event])
        return fails(entry, "%s returns %" PRId64 " for event %zu, where %" PRId64 " is right", function_name(entry),
                     got[0], event, entry->status[event]);
    got++;
    for (uint32_t o = 0; o < entry->graph->output_count; o++)
        for (size_t e = 0, n = entry->engine->output_elements[o]; e < n; e++, got++) {
            double number;
            memcpy(&number, got, sizeof number);
            if (memcmp(&number, &entry->wanted[o][event * n + e], sizeof number))
                return fails(entry, "%s gives %.17g for output '%s', element %zu of event %zu, where %.17g is right",
                             function_name(entry), number, entry->graph->outputs[o].name, e, event,
                             entry->wanted[o][event * n + e]);
        }
    return 0;
}

static int run_program(const struct entry *entry, const char *option, struct child *child) {
    const char **arguments = ARENA_ARRAY(entry->scratch, const char *, 3);
    arguments[0] = entry->engine->program;
    arguments[1] = option;
    child->arguments = arguments;
    if (children_run(entry->engine->firmware->context, entry->scratch, child, 1, IDLE_SECONDS))
        return fails(entry, "cancelled");
    const char *fate = child_fate(entry->scratch, child);
    return fate ? fails(entry, "engine 'c' %s when run with %s", fate, option) : 0;
}

int entry_run(struct engine *engine, struct engine *emulator, const struct sample *sample, bool single,
              size_t *events) {
    struct arena *scratch = arena_new(engine->firmware->context);
    struct entry entry = {.engine = engine,
                          .emulator = emulator,
                          .scratch = scratch,
                          .graph = engine->graph,
                          .single = single,
                          .inputs = graph_inputs(engine->graph, scratch)};
    *events = entry.events = sample->count < ENTRY_EVENTS ? sample->count : ENTRY_EVENTS;
    entry.numbers = ARENA_ARRAY(scratch, double, entry.events * engine->input_total + 1);
    entry.status = ARENA_ARRAY(scratch, int64_t, entry.events + 1);
    entry.wanted = ARENA_ARRAY(scratch, double *, engine->graph->output_count + 1);
    size_t width = 1 + engine->output_total;
    int64_t *got = ARENA_ARRAY(scratch, int64_t, entry.events * width + 1);
    struct child child = {.input = (const uint8_t *)entry.numbers,
                          .input_length = entry.events * engine->input_total * sizeof(double),
                          .output = (uint8_t *)got,
                          .output_capacity = entry.events * width * sizeof *got};
    int result = make_wanted(&entry, sample);
    if (result == 0) result = run_program(&entry, single ? "--float" : "--double", &child);
    if (result == 0 && (child.output_length != child.output_capacity || child.output_extra))
        result = fails(&entry, "%s gave %zu bytes for %zu events", function_name(&entry),
                       child.output_length + child.output_extra, entry.events);
    for (size_t event = 0; event < entry.events && result == 0; event++)
        result = compare_event(&entry, event, got + event * width);
    arena_free(scratch);
    return result;
}

/* ---- what the header tells of the ports ---- */

static void tell_port(const struct graph *graph, struct strbuf *out, const char *direction, valref value) {
    strbuf_printf(out, "%s %zu\n", direction, graph_elements(graph, value));
    for (size_t e = 0; e < graph_elements(graph, value); e++) {
        struct format format = graph_format(graph, value, e);
        strbuf_printf(out, "%d %d %d\n", format.width, format.fraction, format.is_signed);
    }
}

int entry_ports(struct engine *engine) {
    struct arena *scratch = arena_new(engine->firmware->context);
    struct entry entry = {
        .engine = engine, .scratch = scratch, .graph = engine->graph, .inputs = graph_inputs(engine->graph, scratch)};
    struct strbuf wanted = strbuf_new(scratch);
    for (uint32_t i = 0; i < entry.inputs.count; i++) tell_port(entry.graph, &wanted, "in", entry.inputs.at[i]);
    for (uint32_t o = 0; o < entry.graph->output_count; o++)
        tell_port(entry.graph, &wanted, "out", entry.graph->outputs[o].value);
    char *got = arena_alloc(scratch, wanted.length + 2);
    struct child child = {.output = (uint8_t *)got, .output_capacity = wanted.length + 1};
    int result = run_program(&entry, "--ports", &child);
    if (result == 0 && strcmp(got, wanted.data)) {
        int line = 1;
        for (size_t i = 0; got[i] && got[i] == wanted.data[i]; i++) line += got[i] == '\n';
        result =
            fails(&entry, "the C code tells other formats of its ports than model.bxc has: line %d of --ports", line);
    }
    arena_free(scratch);
    return result;
}
