/* fw/verify/regression.npy: events that once failed, which every later verification runs again. A row is all
 * elements of all inputs side by side, what each port carried as a stored integer m, and then the fraction f of
 * each: the event is m * 2^-f whatever the formats are today, and itself where they are the same. Folders of
 * version 0.1.0 have real numbers there, which the ports round. */
#include <string.h>
#include <unistd.h>

#include "sim/private.h"

enum { REGRESSION_MAX = 1000 };

static const char *path_of(const struct firmware *firmware, struct arena *arena) {
    return arena_printf(arena, "%s/verify/regression.npy", firmware->folder);
}

static size_t count_columns(const struct graph *graph, struct arena *arena, valref **inputs, uint32_t *input_count) {
    size_t columns = 0;
    struct value_list list = graph_inputs(graph, arena);
    *input_count = list.count;
    *inputs = list.at;
    for (uint32_t i = 0; i < *input_count; i++) columns += graph_elements(graph, (*inputs)[i]);
    return columns;
}

/* The fraction of every element. */
static void add_fractions(const struct graph *graph, struct arena *arena, int64_t *fractions) {
    valref *inputs;
    uint32_t input_count;
    count_columns(graph, arena, &inputs, &input_count);
    for (uint32_t i = 0; i < input_count; i++)
        for (size_t e = 0, n = graph_elements(graph, inputs[i]); e < n; e++)
            *fractions++ = graph_format(graph, inputs[i], e).fraction;
}

/* Rows of real numbers, of version 0.1.0. */
static int read_old_rows(struct event_source *source, const struct graph *graph, struct arena *arena, size_t columns,
                         int64_t *rows) {
    const struct value_list inputs = graph_inputs(graph, arena);
    double *row = ARENA_ARRAY(arena, double, columns + 1);
    struct port_reader **readers = ARENA_ARRAY(arena, struct port_reader *, inputs.count + 1);
    for (uint32_t i = 0; i < inputs.count; i++) readers[i] = port_reader_new(graph, inputs.at[i], arena);
    for (uint64_t event = 0; event < source->count; event++, rows += 2 * columns) {
        if (event_source_read(source, row, 1) != 1) return -1;
        for (size_t i = 0, first = 0; i < inputs.count; first += readers[i++]->elements)
            if (port_read_doubles(readers[i], 1, (size_t)event, row + first, rows + first)) return -1;
        add_fractions(graph, arena, rows + columns);
    }
    return 0;
}

/* Rows of m and f; NULL: there are none that fit. */
static int64_t *read_rows(const struct firmware *firmware, struct arena *arena, size_t columns, uint64_t *events) {
    const char *path = path_of(firmware, arena);
    *events = 0;
    if (access(path, R_OK)) return NULL;
    struct event_source *source = event_source_open(firmware->context, path);
    if (!source) return NULL;
    int64_t *rows = NULL;
    size_t count = (size_t)source->count;
    if (source->elements == 2 * columns && source->read_whole) {
        rows = arena_calloc(arena, count * source->elements + 1, sizeof *rows);
        *events = event_source_read_whole(source, rows, count) == (int64_t)count ? count : 0;
    } else if (source->elements == columns && !source->read_whole) {
        rows = arena_calloc(arena, count * 2 * columns + 1, sizeof *rows);
        *events = read_old_rows(source, firmware->quantised, arena, columns, rows) == 0 ? count : 0;
    } else {
        diag_note(&firmware->context->diagnostics, (struct location){.file = path}, NULL,
                  "these regression vectors are of other inputs and are left out");
    }
    event_source_close(source);
    return *events ? rows : NULL;
}

int64_t *regression_read(const struct firmware *firmware, struct arena *arena, uint64_t *events) {
    const struct graph *graph = firmware->quantised;
    valref *inputs;
    uint32_t input_count;
    size_t columns = count_columns(graph, arena, &inputs, &input_count);
    const int64_t *row = read_rows(firmware, arena, columns, events);
    int64_t *integers = ARENA_ARRAY(arena, int64_t, (size_t)*events * columns + 1), *to = integers;
    for (uint64_t event = 0; event < *events; event++, row += 2 * columns)
        for (size_t i = 0, at = 0; i < input_count; i++) {
            const struct input_attributes *rule = &graph_definition(graph, inputs[i])->attributes.input;
            for (size_t e = 0, n = graph_elements(graph, inputs[i]); e < n; e++, at++)
                *to++ = fixed_narrow(row[at], (int)row[columns + at], graph_format(graph, inputs[i], e), rule->rounding,
                                     rule->overflow);
        }
    return *events ? integers : NULL;
}

static int write_rows(struct firmware *firmware, struct arena *arena, const int64_t *rows, size_t columns,
                      size_t events) {
    struct shape shape = {.rank = 1, .dim = {(int64_t)(2 * columns)}};
    struct npy_writer *writer = npy_writer_open(firmware->context, path_of(firmware, arena), NPY_INT64, &shape);
    if (!writer) return -1;
    if (npy_writer_write_integers(writer, rows, events)) {
        npy_writer_abandon(writer);
        return -1;
    }
    return npy_writer_close(writer);
}

int regression_add(struct firmware *firmware, struct arena *arena, const int64_t *event) {
    valref *inputs;
    uint32_t input_count;
    uint64_t count;
    size_t columns = count_columns(firmware->quantised, arena, &inputs, &input_count), width = 2 * columns;
    const int64_t *old = read_rows(firmware, arena, columns, &count);
    int64_t *row = ARENA_ARRAY(arena, int64_t, width + 1),
            *rows = ARENA_ARRAY(arena, int64_t, ((size_t)count + 1) * width + 1);
    memcpy(row, event, columns * sizeof *row);
    add_fractions(firmware->quantised, arena, row + columns);
    for (uint64_t i = 0; i < count; i++)
        if (!memcmp(old + i * width, row, width * sizeof *row)) return 0;
    uint64_t skip = count >= REGRESSION_MAX ? count - REGRESSION_MAX + 1 : 0;
    if (count > skip) memcpy(rows, old + skip * width, (size_t)(count - skip) * width * sizeof *rows);
    memcpy(rows + (count - skip) * width, row, width * sizeof *rows);
    return write_rows(firmware, arena, rows, columns, (size_t)(count - skip) + 1);
}
