/* Comparison bit for bit, and the smallest event that shows a difference: input elements are zeroed
 * as long as the engine still differs from the emulator. */
#include <string.h>
#include <sys/stat.h>

#include "sim/private.h"

enum { SHRINK_ROUNDS = 32 };

static void fill_difference(const struct graph *graph, uint32_t output, size_t index, uint64_t first,
                            const int64_t *expected, const int64_t *got, struct difference *difference) {
    valref value = graph->outputs[output].value;
    size_t elements = graph_elements(graph, value);
    uint64_t wrong = (uint64_t)expected[index] ^ (uint64_t)got[index];
    difference->found = true;
    difference->event = first + index / elements;
    difference->output = output;
    difference->element = (uint32_t)(index % elements);
    difference->expected = expected[index];
    difference->got = got[index];
    for (difference->bit = 0; !(wrong >> difference->bit & 1);) difference->bit++;
    difference->output_name = graph->outputs[output].name;
    difference->layer = graph_definition(graph, value)->name;
}

bool compare_outputs(const struct graph *graph, uint64_t first, size_t events, int64_t *const *expected,
                     int64_t *const *got, struct difference *difference) {
    for (uint32_t o = 0; o < graph->output_count; o++) {
        size_t elements = graph_elements(graph, graph->outputs[o].value), count = events * elements;
        if (!memcmp(expected[o], got[o], count * sizeof **got)) continue;
        size_t i = 0;
        while (expected[o][i] == got[o][i]) i++;
        if (!difference->found || first + i / elements < difference->event)
            fill_difference(graph, o, i, first, expected[o], got[o], difference);
    }
    return difference->found;
}

/* ---- the smallest failing event ---- */

struct shrink {
    struct engine *emulator, *engine;
    struct arena *arena;
    size_t elements, candidates;
    int64_t *rows; /* candidate events, all inputs side by side */
    bool *fails;   /* by candidate */
};

static int64_t **port_arrays(struct arena *arena, uint32_t count, const size_t *elements, size_t events) {
    int64_t **arrays = ARENA_ARRAY(arena, int64_t *, count + 1);
    for (uint32_t i = 0; i < count; i++) arrays[i] = arena_calloc(arena, events + 1, elements[i] * sizeof **arrays);
    return arrays;
}

static int64_t **split_rows(const struct shrink *shrink, struct arena *scratch) {
    int64_t **inputs =
        port_arrays(scratch, shrink->engine->input_count, shrink->engine->input_elements, shrink->candidates);
    for (size_t row = 0; row < shrink->candidates; row++) {
        const int64_t *from = shrink->rows + row * shrink->elements;
        for (uint32_t i = 0; i < shrink->engine->input_count; i++) {
            size_t elements = shrink->engine->input_elements[i];
            memcpy(inputs[i] + row * elements, from, elements * sizeof *from);
            from += elements;
        }
    }
    return inputs;
}

/* Runs both engines on the candidates and marks those whose outputs differ. */
static int try_candidates(struct shrink *shrink) {
    struct arena *scratch = arena_new(arena_context(shrink->arena));
    const struct engine *engine = shrink->engine;
    int64_t **inputs = split_rows(shrink, scratch);
    int64_t **expected = port_arrays(scratch, engine->output_count, engine->output_elements, shrink->candidates);
    int64_t **got = port_arrays(scratch, engine->output_count, engine->output_elements, shrink->candidates);
    int status = engine_run(shrink->emulator, shrink->candidates, (const int64_t *const *)inputs, expected);
    if (status == 0) status = engine_run(shrink->engine, shrink->candidates, (const int64_t *const *)inputs, got);
    for (size_t row = 0; row < shrink->candidates && status == 0; row++) {
        shrink->fails[row] = false;
        for (uint32_t o = 0; o < engine->output_count; o++) {
            size_t n = engine->output_elements[o];
            shrink->fails[row] |= memcmp(expected[o] + row * n, got[o] + row * n, n * sizeof **got) != 0;
        }
    }
    arena_free(scratch);
    return status;
}

static bool fails_alone(struct shrink *shrink, const int64_t *event) {
    memcpy(shrink->rows, event, shrink->elements * sizeof *event);
    shrink->candidates = 1;
    return try_candidates(shrink) == 0 && shrink->fails[0];
}

/* Elements that can be zeroed one by one; their positions go into `removable`. */
static size_t find_removable(struct shrink *shrink, const int64_t *event, size_t *removable) {
    size_t count = 0;
    shrink->candidates = 0;
    for (size_t i = 0; i < shrink->elements; i++) {
        if (event[i] == 0) continue;
        int64_t *row = shrink->rows + shrink->candidates * shrink->elements;
        memcpy(row, event, shrink->elements * sizeof *event);
        row[i] = 0;
        removable[shrink->candidates++] = i;
    }
    if (shrink->candidates == 0 || try_candidates(shrink)) return 0;
    for (size_t k = 0; k < shrink->candidates; k++)
        if (shrink->fails[k]) removable[count++] = removable[k];
    return count;
}

/* The longest run of them that can be zeroed together. */
static size_t zero_together(struct shrink *shrink, int64_t *event, const size_t *removable, size_t count) {
    shrink->candidates = count;
    for (size_t k = 0; k < count; k++) {
        int64_t *row = shrink->rows + k * shrink->elements;
        memcpy(row, k ? row - shrink->elements : event, shrink->elements * sizeof *event);
        row[removable[k]] = 0;
    }
    if (try_candidates(shrink)) return 0;
    for (size_t k = count; k > 0; k--) {
        if (shrink->fails[k - 1]) {
            memcpy(event, shrink->rows + (k - 1) * shrink->elements, shrink->elements * sizeof *event);
            return k;
        }
    }
    return 0;
}

void shrink_event(struct engine *emulator, struct engine *engine, struct arena *arena, int64_t *event) {
    struct shrink shrink = {.emulator = emulator, .engine = engine, .arena = arena, .elements = engine->input_total};
    if (shrink.elements == 0 || shrink.elements > 4096) return;
    shrink.rows = arena_calloc(arena, shrink.elements * shrink.elements + 1, sizeof *shrink.rows);
    shrink.fails = ARENA_ARRAY(arena, bool, shrink.elements + 1);
    size_t *removable = ARENA_ARRAY(arena, size_t, shrink.elements + 1);
    int64_t *smaller = arena_copy(arena, event, shrink.elements * sizeof *event);
    if (!fails_alone(&shrink, event)) /* it needs its neighbours: a fault of the pipeline */
        return;
    for (int round = 0; round < SHRINK_ROUNDS; round++) {
        size_t count = find_removable(&shrink, smaller, removable);
        if (count == 0 || zero_together(&shrink, smaller, removable, count) == 0) break;
    }
    if (fails_alone(&shrink, smaller)) memcpy(event, smaller, shrink.elements * sizeof *event);
}

/* ---- on disk ---- */

/* Whole numbers as such, so that 64 bits of them arrive. */
static bool is_whole(const struct port_reader *reader) {
    for (size_t e = 0; e < reader->elements; e++)
        if (reader->meant || reader->rules[e].format.fraction != 0) return false;
    return true;
}

static int write_event(struct firmware *firmware, const char *path, const struct port_reader *reader,
                       const int64_t *event, const double *reals) {
    struct shape shape = {.rank = 1, .dim = {(int64_t)reader->elements}};
    bool whole = is_whole(reader);
    struct npy_writer *writer = npy_writer_open(firmware->context, path, whole ? NPY_INT64 : NPY_FLOAT64, &shape);
    if (!writer) return -1;
    if (whole ? npy_writer_write_integers(writer, event, 1) : npy_writer_write(writer, reals, 1)) {
        npy_writer_abandon(writer);
        return -1;
    }
    return npy_writer_close(writer);
}

/* Where binary64, or a meaning's binary32, cannot say what the port carried. */
static void tell_rounded(struct firmware *firmware, struct arena *arena, const char *path,
                         const struct port_reader *reader, const int64_t *event, const double *reals) {
    int64_t *back = ARENA_ARRAY(arena, int64_t, reader->elements + 1);
    if (is_whole(reader) ||
        (port_read_doubles(reader, 1, 0, reals, back) == 0 && !memcmp(back, event, reader->elements * sizeof *event)))
        return;
    diag_note(&firmware->context->diagnostics, (struct location){.file = path},
              "verify runs the event itself again, from regression.npy",
              "its numbers do not read back as the event that failed");
}

static const char *plain_name(struct arena *arena, const char *input) {
    char *name = arena_strdup(arena, input);
    for (char *c = name; *c; c++)
        if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-", *c)) *c = '_';
    return name;
}

/* Two names may differ in no character that stays: the later input's number makes the difference. */
static const char *failing_path(const struct firmware *firmware, struct arena *arena, const struct value_list *inputs,
                                uint32_t input) {
    const struct graph *graph = firmware->quantised;
    if (inputs->count == 1) return arena_printf(arena, "%s/verify/failing.npy", firmware->folder);
    const char *name = plain_name(arena, graph_definition(graph, inputs->at[input])->name);
    bool taken = false;
    for (uint32_t i = 0; i < input; i++)
        taken |= !strcmp(plain_name(arena, graph_definition(graph, inputs->at[i])->name), name);
    const char *number = taken ? arena_printf(arena, ".%u", input) : "";
    return arena_printf(arena, "%s/verify/failing-%s%s.npy", firmware->folder, name, number);
}

int failing_event_write(struct firmware *firmware, struct arena *arena, const int64_t *event) {
    const struct graph *graph = firmware->quantised;
    const struct value_list inputs = graph_inputs(graph, arena);
    size_t columns = 0, first = 0;
    for (uint32_t i = 0; i < inputs.count; i++) columns += graph_elements(graph, inputs.at[i]);
    double *reals = ARENA_ARRAY(arena, double, columns + 1);
    mkdir(arena_printf(arena, "%s/verify", firmware->folder), 0777);
    for (uint32_t i = 0; i < inputs.count; i++) {
        size_t elements = graph_elements(graph, inputs.at[i]);
        port_to_reals(graph, inputs.at[i], input_meaning(graph, inputs.at[i]), 1, event + first, reals + first);
        const struct port_reader *reader = port_reader_new(graph, inputs.at[i], arena);
        const char *path = failing_path(firmware, arena, &inputs, i);
        if (write_event(firmware, path, reader, event + first, reals + first)) return -1;
        tell_rounded(firmware, arena, path, reader, event + first, reals + first);
        first += elements;
    }
    return regression_add(firmware, arena, event);
}
