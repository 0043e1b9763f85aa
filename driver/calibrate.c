/* Calibration events: read whole, once, because formats need their ranges. */
#include "driver/driver.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { CALIBRATION_EVENTS_MAX = 100000, READ_BLOCK = 1024 };

const char *event_argument(struct arena *arena, const char *argument, const char **name) {
    const char *equals = strchr(argument, '=');
    *name = equals ? arena_strndup(arena, argument, (size_t)(equals - argument)) : NULL;
    return equals ? equals + 1 : argument;
}

static int input_index(struct bxc_context *context, const struct graph *graph, const valref *inputs, uint32_t count,
                       const char *name, const char *file) {
    if (!name && count == 1) return 0;
    for (uint32_t i = 0; name && i < count; i++)
        if (strcmp(graph_definition(graph, inputs[i])->name, name) == 0) return (int)i;
    struct strbuf names = strbuf_new(context->arena);
    for (uint32_t i = 0; i < count; i++) strbuf_printf(&names, "%s%s", i ? ", " : "", graph_definition(graph, inputs[i])->name);
    return diag_error(&context->diagnostics, (struct location){.file = file},
                      arena_printf(context->arena, "give NAME=FILE; the model's inputs are: %s", names.data),
                      name ? "the model has no input '%s'" : "the model has several inputs%s", name ? name : "");
}

/* Reads at most CALIBRATION_EVENTS_MAX events as binary32. */
static int read_events(struct bxc_context *context, struct arena *arena, const char *file, size_t elements, const char *input,
                       const float **data, size_t *events) {
    struct event_source *source = event_source_open(context, file);
    if (!source) return -1;
    int result = -1;
    struct shape shape;
    size_t columns = event_source_elements(source, &shape);
    uint64_t count = event_source_count(source);
    if (count > CALIBRATION_EVENTS_MAX) count = CALIBRATION_EVENTS_MAX;
    if (columns != elements) {
        diag_error(&context->diagnostics, (struct location){.file = file}, NULL, "events have %zu columns, input '%s' has %zu", columns, input, elements);
    } else {
        float *all = ARENA_ARRAY(arena, float, count * elements);
        double *block = ARENA_ARRAY(arena, double, READ_BLOCK * elements);
        int64_t got = 0;
        *events = 0;
        while (*events < count && (got = event_source_read(source, block, READ_BLOCK)) > 0)
            for (size_t i = 0; i < (size_t)got && *events < count; i++, ++*events)
                for (size_t e = 0; e < elements; e++) all[*events * elements + e] = (float)block[i * elements + e];
        *data = all;
        result = got < 0 ? -1 : 0;
    }
    event_source_close(source);
    return result;
}

int calibration_load(struct bxc_context *context, struct arena *arena, const struct bxc_options *options,
                     const struct graph *graph, struct calibration *out) {
    valref inputs[256];
    *out = (struct calibration){.input_count = graph_inputs(graph, inputs, 256)};
    if (!options_has(options, "calibrate")) return 0;
    out->data = ARENA_ARRAY(arena, const float *, out->input_count);
    for (size_t i = 0; options_at(options, "calibrate", i); i++) {
        const char *name, *file = event_argument(arena, options_at(options, "calibrate", i), &name);
        int index = input_index(context, graph, inputs, out->input_count, name, file);
        if (index < 0) return -1;
        size_t events, elements = shape_elements(&graph_value(graph, inputs[index])->shape);
        if (read_events(context, arena, file, elements, graph_definition(graph, inputs[index])->name, &out->data[index], &events) < 0) return -1;
        out->events = i == 0 || events < out->events ? events : out->events;
    }
    for (uint32_t i = 0; i < out->input_count; i++)
        if (!out->data[i])
            return diag_error(&context->diagnostics, (struct location){.node = graph_definition(graph, inputs[i])->name}, "give --calibrate NAME=FILE for every input",
                              "no calibration events for this input");
    if (out->events == 0) return diag_error(&context->diagnostics, (struct location){.file = options_get(options, "calibrate")}, NULL, "no calibration events in the file");
    return 0;
}

struct moments {
    double mean, deviation, min, max;
};

static struct moments moments_of(const float *data, size_t events, size_t elements, size_t element) {
    struct moments moments = {0, 0, INFINITY, -INFINITY};
    double squares = 0;
    for (size_t i = 0; i < events; i++) {
        double x = (double)data[i * elements + element];
        moments.mean += x;
        squares += x * x;
        moments.min = x < moments.min ? x : moments.min;
        moments.max = x > moments.max ? x : moments.max;
    }
    moments.mean /= (double)events;
    moments.deviation = sqrt(fmax(0, squares / (double)events - moments.mean * moments.mean));
    return moments;
}

static void add_numbers(cJSON *parent, const char *key, double number) {
    cJSON_AddItemToArray(cJSON_GetObjectItemCaseSensitive(parent, key), cJSON_CreateNumber(number));
}

void calibration_summary(struct strbuf *out, const struct graph *graph, const struct calibration *calibration) {
    static const char *const keys[] = {"mean", "deviation", "min", "max"};
    cJSON *root = cJSON_CreateObject(), *list = cJSON_AddArrayToObject(root, "inputs");
    valref inputs[256];
    uint32_t count = graph_inputs(graph, inputs, 256);
    for (uint32_t i = 0; i < count && calibration->events; i++) {
        cJSON *item = cJSON_CreateObject();
        cJSON_AddItemToArray(list, item);
        cJSON_AddStringToObject(item, "name", graph_definition(graph, inputs[i])->name);
        for (int k = 0; k < 4; k++) cJSON_AddArrayToObject(item, keys[k]);
        size_t elements = shape_elements(&graph_value(graph, inputs[i])->shape);
        for (size_t e = 0; e < elements; e++) {
            struct moments moments = moments_of(calibration->data[i], calibration->events, elements, e);
            add_numbers(item, "mean", moments.mean);
            add_numbers(item, "deviation", moments.deviation);
            add_numbers(item, "min", moments.min);
            add_numbers(item, "max", moments.max);
        }
    }
    char *text = cJSON_Print(root);
    strbuf_append(out, text ? text : "{}");
    strbuf_append(out, "\n");
    cJSON_free(text);
    cJSON_Delete(root);
}
