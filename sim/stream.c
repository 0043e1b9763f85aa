/* The events of one verification in their order: the user's, corner vectors, vectors that failed
 * before, random ones. Nobody holds them all; each block is of one of these kinds. */
#include <math.h>
#include <string.h>

#include "sim/private.h"
#include "ir/eval.h"

struct event_stream {
    struct firmware *firmware;
    struct arena *arena;
    struct port_elements *ports;
    struct row_set extremes;
    uint32_t input_count;
    valref *inputs;
    struct event_source **sources; /* one an input; NULL without files */
    struct event_source **labels;  /* one an output; NULL: none */
    struct output_labels *block_labels;
    size_t block_events; /* at most, in a block */
    uint64_t seed, counts[PHASE_COUNT], done, total_done;
    enum phase phase;
    int64_t *regression;          /* port integers, all inputs side by side */
    struct port_reader **readers; /* one an input */
    struct event_block block;
    double *doubles, *numbers; /* of the widest input: what ports stand for, what files say */
    int64_t *event;            /* one, all inputs side by side */
    float *real_event;
    uint64_t *beyond; /* by input: numbers of the user's events that its format cannot hold */
};

const char *event_name(struct arena *arena, enum phase phase, uint64_t number) {
    unsigned long long shown = (unsigned long long)number;
    switch (phase) {
    case PHASE_USER: return arena_printf(arena, "event %llu of the files", shown);
    case PHASE_CORNER: return arena_printf(arena, "corner vector %llu", shown);
    case PHASE_REGRESSION: return arena_printf(arena, "regression vector %llu", shown);
    case PHASE_CALIBRATION: return arena_printf(arena, "calibration event %llu", shown);
    default: return arena_printf(arena, "random event %llu", shown);
    }
}

static int open_labels(struct event_stream *stream, const struct verify_options *options) {
    struct bxc_context *context = stream->firmware->context;
    const struct graph *graph = stream->firmware->quantised;
    if (!stream->sources)
        return diag_error(&context->diagnostics,
                          (struct location){.file = options->label_files[0], .option = "--labels"},
                          "give the events too: --events FILE", "labels without events");
    stream->labels = ARENA_ARRAY(stream->arena, struct event_source *, graph->output_count + 1);
    if (label_sources_open(context, graph, options->label_files, options->label_file_count, stream->labels)) return -1;
    for (uint32_t o = 0; o < graph->output_count; o++)
        if (stream->labels[o] && stream->labels[o]->count != stream->sources[0]->count)
            return event_source_error(stream->labels[o], 0, "one label an event", "%llu labels for %llu events",
                                      (unsigned long long)stream->labels[o]->count,
                                      (unsigned long long)stream->sources[0]->count);
    return 0;
}

enum { EVENTS_WITHOUT_FILES = 100000, EVENTS_BESIDE_FILES = 20000 };

static int plan(struct event_stream *stream, const struct verify_options *options) {
    struct bxc_context *context = stream->firmware->context;
    if (options->event_file_count > 0) {
        stream->sources = ARENA_ARRAY(stream->arena, struct event_source *, stream->input_count + 1);
        if (event_sources_open(context, stream->firmware->quantised, options->event_files, options->event_file_count,
                               stream->sources))
            return -1;
        stream->counts[PHASE_USER] = stream->sources[0]->count;
    }
    if (options->label_file_count && open_labels(stream, options)) return -1;
    uint64_t wanted = options->events   ? options->events
                      : stream->sources ? stream->counts[PHASE_USER]
                                        : EVENTS_WITHOUT_FILES;
    if (stream->counts[PHASE_USER] > wanted) stream->counts[PHASE_USER] = wanted;
    stream->counts[PHASE_RANDOM] = wanted - stream->counts[PHASE_USER];
    if (stream->sources && stream->counts[PHASE_RANDOM] < EVENTS_BESIDE_FILES) /* what the files do not reach */
        stream->counts[PHASE_RANDOM] = EVENTS_BESIDE_FILES;
    else if (stream->sources)
        diag_note(&context->diagnostics, (struct location){.file = stream->sources[0]->path}, NULL,
                  "holds %llu events; the other %llu are random", (unsigned long long)stream->counts[PHASE_USER],
                  (unsigned long long)stream->counts[PHASE_RANDOM]);
    context_progress(context, "looking for corner vectors", 0, 0);
    const struct firmware *firmware = stream->firmware;
    stream->extremes = extreme_events(firmware->quantised, stream->ports, stream->arena);
    if (firmware->sums)
        extreme_events_of_adders(firmware->quantised, firmware->sums, stream->ports, stream->arena, &stream->extremes);
    stream->counts[PHASE_CORNER] = corner_events(stream->ports) + stream->extremes.count;
    stream->regression = regression_read(stream->firmware, stream->arena, &stream->counts[PHASE_REGRESSION]);
    return 0;
}

static void label_block_new(struct event_stream *stream) {
    uint32_t outputs = stream->labels ? stream->firmware->quantised->output_count : 0;
    stream->block_labels = ARENA_ARRAY(stream->arena, struct output_labels, outputs + 1);
    for (uint32_t o = 0; o < outputs; o++) {
        const struct event_source *source = stream->labels[o];
        if (source)
            stream->block_labels[o] = (struct output_labels){
                source->path, ARENA_ARRAY(stream->arena, double, stream->block_events * source->elements + 1),
                source->elements};
    }
    stream->block.labels = stream->labels ? stream->block_labels : NULL;
}

bool event_stream_has_labels(const struct event_stream *stream, uint32_t output) {
    return stream->labels && stream->labels[output];
}

static void block_new(struct event_stream *stream) {
    struct event_block *block = &stream->block;
    size_t widest = 1;
    block->integers = ARENA_ARRAY(stream->arena, int64_t *, stream->input_count + 1);
    block->reals = ARENA_ARRAY(stream->arena, float *, stream->input_count + 1);
    for (uint32_t i = 0; i < stream->input_count; i++) {
        size_t elements = graph_elements(stream->firmware->quantised, stream->inputs[i]);
        widest = elements > widest ? elements : widest;
        block->integers[i] = arena_calloc(stream->arena, stream->block_events, elements * sizeof **block->integers);
        block->reals[i] = arena_calloc(stream->arena, stream->block_events, elements * sizeof **block->reals);
    }
    label_block_new(stream);
    block->measured = ARENA_ARRAY(stream->arena, bool, stream->block_events);
    block->on_grid = ARENA_ARRAY(stream->arena, bool, stream->block_events);
    stream->beyond = ARENA_ARRAY(stream->arena, uint64_t, stream->input_count + 1);
    stream->doubles = arena_calloc(stream->arena, stream->block_events, widest * sizeof *stream->doubles);
    stream->numbers = arena_calloc(stream->arena, stream->block_events, widest * sizeof *stream->numbers);
    stream->event = ARENA_ARRAY(stream->arena, int64_t, stream->ports->count + 1);
    stream->real_event = ARENA_ARRAY(stream->arena, float, stream->ports->count + 1);
}

struct event_stream *event_stream_new(struct firmware *firmware, const struct verify_options *options,
                                      struct arena *arena) {
    struct event_stream *stream = ARENA_NEW(arena, struct event_stream);
    stream->firmware = firmware;
    stream->arena = arena;
    stream->seed = options->seed;
    struct value_list inputs = graph_inputs(firmware->quantised, arena);
    stream->input_count = inputs.count;
    stream->inputs = inputs.at;
    stream->readers = ARENA_ARRAY(arena, struct port_reader *, stream->input_count + 1);
    for (uint32_t i = 0; i < stream->input_count; i++)
        stream->readers[i] = port_reader_new(firmware->quantised, stream->inputs[i], arena);
    stream->ports = port_elements_new(firmware, arena);
    if (plan(stream, options)) {
        event_stream_close(stream);
        return NULL;
    }
    stream->block_events = graph_block_events(firmware->quantised);
    block_new(stream);
    return stream;
}

void event_stream_close(struct event_stream *stream) {
    for (uint32_t i = 0; stream->sources && i < stream->input_count; i++) event_source_close(stream->sources[i]);
    for (uint32_t o = 0; stream->labels && o < stream->firmware->quantised->output_count; o++)
        event_source_close(stream->labels[o]);
}

uint64_t event_stream_events(const struct event_stream *stream, enum phase phase) {
    return stream->counts[phase];
}

uint64_t event_stream_measured(const struct event_stream *stream) {
    return stream->sources ? stream->counts[PHASE_USER] : stream->counts[PHASE_RANDOM] / 2; /* see make_block */
}

uint64_t event_stream_total(const struct event_stream *stream) {
    uint64_t total = 0;
    for (int i = 0; i < PHASE_COUNT; i++) total += stream->counts[i];
    return total;
}

/* An event's place among the inputs: side by side in one row, or in the arrays of a block. */
static int scatter(struct event_stream *stream, size_t row, const int64_t *event) {
    for (uint32_t i = 0; i < stream->input_count; i++) {
        size_t elements = graph_elements(stream->firmware->quantised, stream->inputs[i]);
        memcpy(stream->block.integers[i] + row * elements, event, elements * sizeof *event);
        event += elements;
    }
    return 0;
}

static int scatter_reals(struct event_stream *stream, size_t row, const float *event) {
    for (uint32_t i = 0; i < stream->input_count; i++) {
        size_t elements = graph_elements(stream->firmware->quantised, stream->inputs[i]);
        if (port_read_floats(stream->readers[i], 1, 0, event, stream->block.integers[i] + row * elements)) return -1;
        event += elements;
    }
    return 0;
}

/* What the port carries of a block, as numbers. */
static void input_numbers(struct event_stream *stream, uint32_t input, size_t events) {
    const struct graph *graph = stream->firmware->quantised;
    valref value = stream->inputs[input];
    port_to_reals(graph, value, input_meaning(graph, value), events, stream->block.integers[input], stream->doubles);
}

/* Made events: the float model sees just what the port carries. */
static void reals_from_ports(struct event_stream *stream, size_t events) {
    for (uint32_t i = 0; i < stream->input_count; i++) {
        size_t count = events * graph_elements(stream->firmware->quantised, stream->inputs[i]);
        input_numbers(stream, i, events);
        for (size_t k = 0; k < count; k++) stream->block.reals[i][k] = (float)stream->doubles[k];
    }
}

/* Which events the ports carry unrounded. */
static void find_on_grid(struct event_stream *stream, size_t events) {
    for (size_t e = 0; e < events; e++) stream->block.on_grid[e] = true;
    for (uint32_t i = 0; i < stream->input_count; i++) {
        size_t elements = graph_elements(stream->firmware->quantised, stream->inputs[i]);
        input_numbers(stream, i, events);
        for (size_t k = 0; k < events * elements; k++)
            if ((double)stream->block.reals[i][k] != stream->doubles[k]) stream->block.on_grid[k / elements] = false;
    }
}

/* Numbers of an input, just read, that are further than a step from what the port makes of them. */
static void count_beyond(struct event_stream *stream, uint32_t input, size_t events) {
    const struct port_reader *reader = stream->readers[input];
    if (reader->meant) return; /* the model's own quantiser clamps there */
    port_to_reals(stream->firmware->quantised, stream->inputs[input], NULL, events, stream->block.integers[input],
                  stream->doubles);
    for (size_t k = 0; k < events * reader->elements; k++) {
        struct format format = reader->rules[k % reader->elements].format;
        double away = fabs(stream->numbers[k] - stream->doubles[k]), step = ldexp(1, -format.fraction);
        stream->beyond[input] += format.width > 0 && away > step + fabs(stream->numbers[k]) * 0x1p-52;
    }
}

static void tell_beyond(struct event_stream *stream) {
    for (uint32_t i = 0; i < stream->input_count; i++) {
        uint64_t numbers = stream->counts[PHASE_USER] * graph_elements(stream->firmware->quantised, stream->inputs[i]);
        if (stream->sources && stream->beyond[i] * 1000 >= numbers && numbers)
            diag_note(
                &stream->firmware->context->diagnostics, (struct location){.file = stream->sources[i]->path},
                "if the model expects them, compile with events like these for --calibrate, or with a wider --input",
                "%.1f %% of the numbers are outside the format of input '%s'",
                100 * (double)stream->beyond[i] / (double)numbers,
                graph_definition(stream->firmware->quantised, stream->inputs[i])->name);
    }
}

static int read_user_block(struct event_stream *stream, size_t events) {
    for (uint32_t i = 0; i < stream->input_count; i++) {
        if (event_source_read_port(stream->sources[i], stream->readers[i], events, (size_t)stream->done,
                                   stream->numbers, stream->block.reals[i], stream->block.integers[i]))
            return -1;
        count_beyond(stream, i, events);
    }
    for (uint32_t o = 0; stream->labels && o < stream->firmware->quantised->output_count; o++)
        if (stream->labels[o] &&
            event_source_read(stream->labels[o], stream->block_labels[o].classes, events) != (int64_t)events)
            return -1;
    for (size_t e = 0; e < events; e++) stream->block.measured[e] = true;
    return 0;
}

static int make_block(struct event_stream *stream, size_t events) {
    for (size_t e = 0; e < events; e++) {
        uint64_t index = stream->done + e;
        bool calibrated = stream->phase == PHASE_RANDOM && index % 2 == 1;
        const int64_t *event =
            stream->phase == PHASE_REGRESSION ? stream->regression + index * stream->ports->count : stream->event;
        stream->block.measured[e] = calibrated && !stream->sources; /* the user's own events say more */
        if (stream->phase == PHASE_CORNER && index >= corner_events(stream->ports))
            event = stream->extremes.rows + (index - corner_events(stream->ports)) * stream->ports->count;
        else if (stream->phase == PHASE_CORNER)
            corner_event(stream->ports, index, stream->event);
        else if (stream->phase == PHASE_RANDOM && !calibrated)
            uniform_event(stream->ports, stream->seed, index, stream->event);
        else if (calibrated)
            calibrated_event(stream->ports, stream->seed, index, stream->real_event);
        if (calibrated ? scatter_reals(stream, e, stream->real_event) : scatter(stream, e, event)) return -1;
    }
    reals_from_ports(stream, events);
    return 0;
}

int64_t event_stream_next(struct event_stream *stream, struct event_block *block) {
    while (stream->phase < PHASE_COUNT && stream->done == stream->counts[stream->phase]) {
        if (stream->phase == PHASE_USER) tell_beyond(stream);
        stream->phase++;
        stream->done = 0;
    }
    if (stream->phase == PHASE_COUNT) return 0;
    uint64_t left = stream->counts[stream->phase] - stream->done;
    size_t events = left < stream->block_events ? (size_t)left : stream->block_events;
    if (stream->phase == PHASE_USER ? read_user_block(stream, events) : make_block(stream, events)) return -1;
    find_on_grid(stream, events);
    *block = stream->block;
    block->phase = stream->phase;
    block->first = stream->total_done;
    block->first_in_phase = stream->done;
    block->events = events;
    if (stream->phase == PHASE_CORNER || stream->phase == PHASE_REGRESSION) block->reals = NULL;
    if (stream->phase != PHASE_USER) block->labels = NULL;
    stream->done += events;
    stream->total_done += events;
    return (int64_t)events;
}
