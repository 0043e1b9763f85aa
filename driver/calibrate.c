/* Calibration events: read whole, once, because formats need their ranges. */
#include "driver/driver.h"

#include <cjson/cJSON.h>
#include <math.h>

enum { READ_BLOCK = 1024 };

/* Reads at most `limit` events as binary32. */
static int read_events(struct arena *arena, struct event_source *source, size_t elements, size_t limit,
                       const float **data, size_t *events) {
    double *block = ARENA_ARRAY(arena, double, (READ_BLOCK * elements));
    float *all = ARENA_ARRAY(arena, float, (limit * elements));
    int64_t got = 0;
    *events = 0;
    while (*events < limit &&
           (got = event_source_read(source, block, limit - *events < READ_BLOCK ? limit - *events : READ_BLOCK)) > 0) {
        for (size_t i = 0; i < (size_t)got * elements; i++) all[*events * elements + i] = (float)block[i];
        *events += (size_t)got;
    }
    *data = all;
    return got < 0 ? -1 : 0;
}

static int read_sources(struct arena *arena, const struct graph *graph, struct event_source **sources,
                        struct calibration *out) {
    const struct value_list inputs = graph_inputs(graph, arena);
    for (uint32_t i = 0; i < out->input_count; i++) {
        uint64_t count = event_source_count(sources[i]);
        size_t limit = count < CALIBRATION_EVENTS_MAX ? (size_t)count : CALIBRATION_EVENTS_MAX;
        size_t elements = shape_elements(&graph_value(graph, inputs.at[i])->shape);
        if (read_events(arena, sources[i], elements, limit, &out->data[i], &out->events) < 0) return -1;
    }
    return 0;
}

int calibration_load(struct bxc_context *context, struct arena *arena, const struct bxc_options *options,
                     const struct graph *graph, struct calibration *out) {
    uint32_t file_count = 0;
    *out = (struct calibration){.input_count = graph_inputs(graph, arena).count};
    while (options_at(options, "calibrate", file_count)) file_count++;
    if (file_count == 0) return 0;
    const char **files = ARENA_ARRAY(arena, const char *, file_count);
    for (uint32_t i = 0; i < file_count; i++) files[i] = options_at(options, "calibrate", i);
    struct event_source **sources = ARENA_ARRAY(arena, struct event_source *, out->input_count);
    out->data = ARENA_ARRAY(arena, const float *, out->input_count);
    if (event_sources_open(context, graph, files, file_count, sources) < 0) return -1;
    int result = read_sources(arena, graph, sources, out);
    for (uint32_t i = 0; i < out->input_count; i++) event_source_close(sources[i]);
    return result;
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
    const struct value_list inputs = graph_inputs(graph, out->arena);
    for (uint32_t i = 0; i < inputs.count && calibration->events; i++) {
        cJSON *item = cJSON_CreateObject();
        cJSON_AddItemToArray(list, item);
        cJSON_AddStringToObject(item, "name", graph_definition(graph, inputs.at[i])->name);
        for (int k = 0; k < 4; k++) cJSON_AddArrayToObject(item, keys[k]);
        size_t elements = shape_elements(&graph_value(graph, inputs.at[i])->shape);
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
