/* Event sources: what .npy and .csv files share. A source is pulled block by block, so that a file
 * may be larger than memory; every number is checked on the way (NaN has no fixed-point form). */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sim/private.h"

int event_source_error(const struct event_source *source, int line, const char *help, const char *format, ...) {
    struct strbuf text = strbuf_new(source->arena);
    va_list arguments;
    va_start(arguments, format);
    strbuf_vprintf(&text, format, arguments);
    va_end(arguments);
    return diag_error(&source->context->diagnostics, (struct location){.file = source->path, .line = line}, help, "%s",
                      text.data);
}

int event_source_not_a_number(const struct event_source *source, int line, uint64_t event, size_t column) {
    return event_source_error(source, line, "remove the event, or give the number that the trigger would send",
                              "NaN at event %llu, column %zu", (unsigned long long)event, column);
}

static void close_file(void *file) {
    fclose(file);
}

static int source_read_header(struct event_source *source) {
    struct stat status;
    source->file = fopen(source->path, "rb");
    if (!source->file) return event_source_error(source, 0, NULL, "cannot be read: %s", strerror(errno));
    arena_defer(source->arena, close_file, source->file);
    if (fstat(fileno(source->file), &status) || !S_ISREG(status.st_mode))
        return event_source_error(source, 0, "write the events to a file first", "not a regular file");
    if (file_ends_with(source->path, ".npy")) return npy_open(source);
    if (file_ends_with(source->path, ".csv")) return csv_open(source);
    return event_source_error(source, 0, "events are read from .npy and .csv files", "unknown kind of event file");
}

/* Nothing could be learnt, shown or compared on a file without events: it is not what was meant. */
static int source_open(struct event_source *source) {
    if (source_read_header(source) < 0) return -1;
    return source->count ? 0
                         : event_source_error(source, 0, "one event a row, one column an element", "it holds no event");
}

struct event_source *event_source_open(struct bxc_context *context, const char *path) {
    struct arena *arena = arena_new(context);
    struct event_source *source = ARENA_NEW(arena, struct event_source);
    source->context = context;
    source->arena = arena;
    source->path = arena_strdup(arena, path);
    if (source_open(source) == 0) return source;
    arena_free(arena);
    return NULL;
}

void event_source_close(struct event_source *source) {
    if (source) arena_free(source->arena);
}

uint64_t event_source_count(const struct event_source *source) {
    return source->count;
}

const char *event_source_path(const struct event_source *source) {
    return source->path;
}

size_t event_source_elements(const struct event_source *source, struct shape *shape) {
    if (shape) *shape = source->shape;
    return source->elements;
}

int64_t event_source_read(struct event_source *source, double *data, size_t events) {
    uint64_t left = source->count - source->next;
    size_t wanted = events < left ? events : (size_t)left;
    if (wanted == 0) return 0;
    int64_t got = source->read(source, data, wanted);
    if (got > 0) source->next += (uint64_t)got;
    return got;
}

int64_t event_source_read_whole(struct event_source *source, int64_t *data, size_t events) {
    uint64_t left = source->count - source->next;
    size_t wanted = events < left ? events : (size_t)left;
    if (wanted == 0) return 0;
    int64_t got = source->read_whole(source, data, wanted);
    if (got > 0) source->next += (uint64_t)got;
    return got;
}

static int ended(const struct event_source *source) {
    return event_source_error(source, 0, NULL, "the file ended after %llu events", (unsigned long long)source->next);
}

static int read_whole_port(struct event_source *source, const struct port_reader *reader, size_t events, size_t first,
                           struct arena *scratch, double *numbers, float *reals, int64_t *integers) {
    size_t count = events * source->elements;
    int64_t *whole = arena_calloc(scratch, count, sizeof *whole), got = event_source_read_whole(source, whole, events);
    if (got != (int64_t)events) return got < 0 ? -1 : ended(source);
    for (size_t i = 0; numbers && i < count; i++) numbers[i] = (double)whole[i];
    for (size_t i = 0; reals && i < count; i++) reals[i] = (float)whole[i];
    return reader ? port_read_integers(reader, events, first, whole, integers) : 0;
}

static int read_real_port(struct event_source *source, const struct port_reader *reader, size_t events, size_t first,
                          struct arena *scratch, double *numbers, float *reals, int64_t *integers) {
    size_t count = events * source->elements;
    double *data = numbers ? numbers : arena_calloc(scratch, count, sizeof *data);
    int64_t got = event_source_read(source, data, events);
    if (got != (int64_t)events) return got < 0 ? -1 : ended(source);
    for (size_t i = 0; reals && i < count; i++) reals[i] = (float)data[i];
    return reader ? port_read_doubles(reader, events, first, data, integers) : 0;
}

int event_source_read_port(struct event_source *source, const struct port_reader *reader, size_t events, size_t first,
                           double *numbers, float *reals, int64_t *integers) {
    struct arena *scratch = arena_new(source->context);
    int status = (source->read_whole ? read_whole_port : read_real_port)(source, reader, events, first, scratch,
                                                                         numbers, reals, integers);
    arena_free(scratch);
    return status;
}

int event_source_rewind(struct event_source *source) {
    source->next = 0;
    return source->rewind(source);
}

/* Axes of length 1 say nothing about where an element stands. */
static struct shape without_ones(const struct shape *shape) {
    struct shape result = {0};
    for (int i = 0; i < shape->rank; i++)
        if (shape->dim[i] != 1) result.dim[result.rank++] = shape->dim[i];
    return result;
}

static int source_matches(const struct event_source *source, const struct graph *graph, valref input) {
    const struct value *value = graph_value(graph, input);
    const char *name = graph_definition(graph, input)->name;
    size_t elements = shape_elements(&value->shape);
    if (source->elements != elements)
        return event_source_error(source, 0, "one event a row, one column an element of the input",
                                  "%zu column%s an event, but input '%s' has %zu", source->elements,
                                  source->elements == 1 ? "" : "s", name, elements);
    struct shape mine = without_ones(&source->shape), wanted = without_ones(&value->shape);
    if (mine.rank <= 1 || wanted.rank == 0 || shape_equal(&mine, &wanted)) return 0;
    return event_source_error(source, 0, "transpose or flatten the events as the model's input has them",
                              "an event is %s, but input '%s' is %s", shape_words(source->arena, &mine), name,
                              shape_words(source->arena, &wanted));
}

/* "name=file" or "file": which of the names it begins with, UINT32_MAX: none, and the file. A name may hold "=" too. */
static uint32_t named_file(const char *const *names, uint32_t count, const char *text, const char **file) {
    uint32_t found = UINT32_MAX;
    size_t longest = 0;
    for (uint32_t i = 0; i < count; i++) {
        size_t length = strlen(names[i]);
        if (strncmp(names[i], text, length) || text[length] != '=' || (found != UINT32_MAX && length <= longest))
            continue;
        found = i;
        longest = length;
    }
    *file = found == UINT32_MAX ? text : text + longest + 1;
    return found;
}

/* It names nothing: a file. */
static bool is_file_alone(const char *text) {
    return !strchr(text, '=') || !access(text, F_OK);
}

static uint32_t input_for(const struct graph *graph, const valref *inputs, uint32_t count, const char *text,
                          const char **file) {
    struct arena *scratch = arena_new(graph->context);
    const char **names = ARENA_ARRAY(scratch, const char *, count + 1);
    for (uint32_t i = 0; i < count; i++) names[i] = graph_definition(graph, inputs[i])->name;
    uint32_t found = named_file(names, count, text, file);
    arena_free(scratch);
    return found == UINT32_MAX && count == 1 && is_file_alone(text) ? 0 : found;
}

static const char *input_names(struct arena *arena, const struct graph *graph, const valref *inputs, uint32_t count) {
    struct strbuf text = strbuf_new(arena);
    strbuf_append(&text, "give NAME=FILE for each input:");
    for (uint32_t i = 0; i < count; i++)
        strbuf_printf(&text, "%s %s", i ? "," : "", graph_definition(graph, inputs[i])->name);
    return text.data;
}

static int open_one(struct bxc_context *context, const struct graph *graph, const valref *inputs, uint32_t count,
                    const char *text, const char *help, struct event_source **sources) {
    const char *file;
    uint32_t input = input_for(graph, inputs, count, text, &file);
    if (input == UINT32_MAX)
        return diag_error(&context->diagnostics, (struct location){.file = text}, help,
                          strchr(text, '=') ? "this names no input of the model"
                                            : "the model has %u inputs, and this file does not say for which it is",
                          count);
    if (sources[input])
        return diag_error(&context->diagnostics, (struct location){.file = text}, help, "input '%s' has events already",
                          graph_definition(graph, inputs[input])->name);
    sources[input] = event_source_open(context, file);
    return sources[input] ? source_matches(sources[input], graph, inputs[input]) : -1;
}

static int same_counts(struct bxc_context *context, const struct graph *graph, const valref *inputs, uint32_t count,
                       const char *help, struct event_source **sources) {
    for (uint32_t i = 0; i < count; i++) {
        if (!sources[i])
            return diag_error(&context->diagnostics, (struct location){0}, help, "no events for input '%s'",
                              graph_definition(graph, inputs[i])->name);
        if (sources[i]->count != sources[0]->count)
            return event_source_error(sources[i], 0, NULL, "%llu events, but %s has %llu",
                                      (unsigned long long)sources[i]->count, sources[0]->path,
                                      (unsigned long long)sources[0]->count);
    }
    return 0;
}

int event_sources_open(struct bxc_context *context, const struct graph *graph, const char *const *files,
                       uint32_t file_count, struct event_source **sources) {
    struct arena *scratch = arena_new(context);
    struct value_list list = graph_inputs(graph, scratch);
    const valref *inputs = list.at;
    uint32_t count = list.count;
    memset(sources, 0, count * sizeof *sources);
    const char *help = input_names(scratch, graph, inputs, count);
    int status = 0;
    for (uint32_t i = 0; i < file_count && status == 0; i++)
        status = open_one(context, graph, inputs, count, files[i], help, sources);
    if (status == 0) status = same_counts(context, graph, inputs, count, help, sources);
    for (uint32_t i = 0; i < count && status != 0; i++) {
        event_source_close(sources[i]);
        sources[i] = NULL;
    }
    arena_free(scratch);
    return status;
}

/* Without a name it is of the first output. */
static int open_labels(struct bxc_context *context, const struct graph *graph, const char *const *names,
                       const char *text, const char *help, struct event_source **sources) {
    const char *file;
    uint32_t output = named_file(names, graph->output_count, text, &file);
    if (output == UINT32_MAX && is_file_alone(text)) output = 0;
    if (output == UINT32_MAX)
        return diag_error(&context->diagnostics, (struct location){.file = text}, help,
                          "this names no output of the model");
    if (sources[output])
        return diag_error(&context->diagnostics, (struct location){.file = text}, help,
                          "output '%s' has labels already", names[output]);
    sources[output] = event_source_open(context, file);
    return sources[output] ? 0 : -1;
}

int label_sources_open(struct bxc_context *context, const struct graph *graph, const char *const *files,
                       uint32_t file_count, struct event_source **sources) {
    struct arena *scratch = arena_new(context);
    const char **names = ARENA_ARRAY(scratch, const char *, graph->output_count + 1);
    struct strbuf help = strbuf_new(scratch);
    strbuf_append(&help, "give NAME=FILE for each output that has labels:");
    for (uint32_t o = 0; o < graph->output_count; o++) {
        names[o] = graph->outputs[o].name;
        sources[o] = NULL;
        strbuf_printf(&help, "%s %s", o ? "," : "", names[o]);
    }
    int status = 0;
    for (uint32_t i = 0; i < file_count && status == 0; i++)
        status = open_labels(context, graph, names, files[i], help.data, sources);
    for (uint32_t o = 0; o < graph->output_count && status != 0; o++) {
        event_source_close(sources[o]);
        sources[o] = NULL;
    }
    arena_free(scratch);
    return status;
}
