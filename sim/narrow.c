/* Where a difference begins: the engine is built once more so that it gives inner values too, runs the events around
 * the first that differs, and every layer's values are held against the emulator's in the order of the graph. C and
 * HLS C++ give each value of the graph; the design its probes; Verilog gives the wires of fw/sim/probes.json. */
#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>

#include "sim/private.h"
#include "ir/datapath.h"
#include "ir/eval.h"
#include "ir/file.h"
#include "ir/geometry.h"
#include "ir/ops.h"

enum { WINDOW_EVENTS = 512, EVENTS_AFTER = 16, WINDOW_NUMBERS = 1 << 23 };

struct point { /* an element of a value, and where it is among what the engine gives */
    struct probe probe;
    uint32_t at, bits;
};

struct absorbed {
    valref value, into; /* NO_VALUE: by none */
};

struct inner {
    const struct graph *graph;
    struct arena *arena;
    struct point *points; /* by value */
    size_t point_count, words;
    struct absorbed *absorbed;
    size_t absorbed_count;
};

/* ---- what an engine gives ---- */

static void every_value(struct inner *inner) {
    const struct graph *graph = inner->graph;
    for (uint32_t v = 0; v < graph->value_count; v++)
        inner->words += value_is_probed(graph, (valref){v}) ? graph_elements(graph, (valref){v}) : 0;
    inner->points = ARENA_ARRAY(inner->arena, struct point, inner->words + 1);
    for (uint32_t v = 0; v < graph->value_count; v++)
        for (size_t e = 0; value_is_probed(graph, (valref){v}) && e < graph_elements(graph, (valref){v}); e++) {
            struct point *point = &inner->points[inner->point_count];
            *point = (struct point){.probe = {.value = {v}, .element = (uint32_t)e}, .bits = 64};
            point->at = (uint32_t)(64 * inner->point_count++);
        }
}

static double number_at(const cJSON *array, int index, double lo, double hi, bool *wrong) {
    const cJSON *item = cJSON_GetArrayItem(array, index);
    *wrong |= !cJSON_IsNumber(item) || !(item->valuedouble >= lo && item->valuedouble <= hi);
    return *wrong ? lo : item->valuedouble;
}

static bool read_wire(struct inner *inner, valref of, const cJSON *wire) {
    const struct graph *graph = inner->graph;
    bool wrong = !cJSON_IsArray(wire) || cJSON_GetArraySize(wire) != 8 || !cJSON_IsString(cJSON_GetArrayItem(wire, 7));
    struct point point = {.probe = {.value = of}};
    size_t elements = graph_elements(graph, point.probe.value);
    if (wrong || elements == 0) return false;
    point.probe.element = (uint32_t)number_at(wire, 0, 0, (double)elements - 1, &wrong);
    point.at = (uint32_t)number_at(wire, 2, 0, 64 * (double)inner->words - 1, &wrong);
    point.bits = (uint32_t)number_at(wire, 3, 1, 64, &wrong);
    point.probe.shift = (int32_t)number_at(wire, 5, -63, 63, &wrong);
    point.probe.negative = number_at(wire, 6, 0, 1, &wrong) > 0;
    point.probe.offset = strtoll(cJSON_GetArrayItem(wire, 7)->valuestring, NULL, 10);
    inner->points[inner->point_count++] = point;
    return !wrong && point.at + point.bits <= 64 * inner->words;
}

static bool read_value(struct inner *inner, const cJSON *value) {
    const struct graph *graph = inner->graph;
    const cJSON *item, *number = cJSON_GetObjectItemCaseSensitive(value, "value"),
                       *name = cJSON_GetObjectItemCaseSensitive(value, "node");
    if (!cJSON_IsNumber(number) || !(number->valuedouble >= 0 && number->valuedouble < graph->value_count) ||
        !cJSON_IsString(name))
        return false;
    valref of = {(uint32_t)number->valuedouble};
    if (graph_value(graph, of)->kind != VALUE_INTEGER || strcmp(graph_definition(graph, of)->name, name->valuestring))
        return false;
    cJSON_ArrayForEach (item, cJSON_GetObjectItemCaseSensitive(value, "wires"))
        if (!read_wire(inner, of, item)) return false;
    cJSON_ArrayForEach (item, cJSON_GetObjectItemCaseSensitive(value, "absorbed")) {
        const cJSON *into = cJSON_GetArrayItem(item, 1);
        bool known = cJSON_IsNumber(into) && into->valuedouble >= 0 && into->valuedouble < graph->value_count;
        inner->absorbed[inner->absorbed_count++] =
            (struct absorbed){of, known ? (valref){(uint32_t)into->valuedouble} : NO_VALUE};
    }
    return true;
}

static void release(void *json) {
    cJSON_Delete(json);
}

/* fw/sim/probes.json; false when it is not of this network. */
static bool read_table(struct inner *inner, const struct firmware *firmware) {
    size_t length, wires = 0, absorbed = 0;
    const char *text = file_read(firmware->context, inner->arena,
                                 arena_printf(inner->arena, "%s/sim/probes.json", firmware->folder), &length);
    cJSON *json = text ? cJSON_Parse(text) : NULL;
    if (!json) return false;
    arena_defer(inner->arena, release, json);
    const cJSON *value, *values = cJSON_GetObjectItemCaseSensitive(json, "values"),
                        *words = cJSON_GetObjectItemCaseSensitive(json, "words");
    if (!cJSON_IsArray(values) || !cJSON_IsNumber(words) || !(words->valuedouble >= 1 && words->valuedouble < 1 << 26))
        return false;
    inner->words = (size_t)words->valuedouble;
    cJSON_ArrayForEach (value, values) {
        wires += (size_t)cJSON_GetArraySize(cJSON_GetObjectItemCaseSensitive(value, "wires"));
        absorbed += (size_t)cJSON_GetArraySize(cJSON_GetObjectItemCaseSensitive(value, "absorbed"));
    }
    inner->points = ARENA_ARRAY(inner->arena, struct point, wires + 1);
    inner->absorbed = ARENA_ARRAY(inner->arena, struct absorbed, absorbed + 1);
    cJSON_ArrayForEach (value, values)
        if (!read_value(inner, value)) return false;
    return true;
}

/* A word a probe; those of one wire stand at the first one's. */
static bool read_design(struct inner *inner, const struct firmware *firmware) {
    const struct design *design = design_of_firmware(firmware, inner->arena);
    if (!design || !design->datapath.probe_count) return false;
    const struct datapath *datapath = &design->datapath;
    uint32_t count = datapath->probe_count, *first = ARENA_ARRAY(inner->arena, uint32_t, datapath->wire_count + 1);
    uint32_t *next = ARENA_ARRAY(inner->arena, uint32_t, count + 1);
    inner->words = count;
    inner->points = ARENA_ARRAY(inner->arena, struct point, count + 1);
    inner->absorbed = ARENA_ARRAY(inner->arena, struct absorbed, count + 1);
    for (uint32_t i = 0; i < count; i++) {
        const struct probe *probe = &datapath->probes[i];
        uint32_t at;
        if (probe->wire.id == UINT32_MAX) {
            inner->absorbed[inner->absorbed_count++] = (struct absorbed){probe->value, probe->absorber};
            continue;
        }
        for (at = first[probe->wire.id]; at && datapath->probes[at - 1].beat != probe->beat;) at = next[at - 1];
        if (!at) {
            at = i + 1;
            next[i] = first[probe->wire.id];
            first[probe->wire.id] = at;
        }
        inner->points[inner->point_count++] = (struct point){*probe, 64 * (at - 1), 64};
    }
    return true;
}

static struct inner *inner_new(const struct firmware *firmware, enum engine_id id, struct arena *arena) {
    struct inner *inner = ARENA_NEW(arena, struct inner);
    *inner = (struct inner){.graph = firmware->quantised, .arena = arena};
    if (id == ENGINE_C || id == ENGINE_HLS)
        every_value(inner);
    else if (id == ENGINE_DATAPATH ? !read_design(inner, firmware) : !read_table(inner, firmware))
        return NULL;
    return inner;
}

/* ---- comparison ---- */

static uint64_t low_mask(uint32_t bits) {
    return bits >= 64 ? UINT64_MAX : ((uint64_t)1 << bits) - 1;
}

static uint64_t bits_at(const int64_t *words, uint32_t at, uint32_t bits) {
    uint64_t low = (uint64_t)words[at / 64] >> (at % 64);
    if (at % 64 + bits > 64) low |= (uint64_t)words[at / 64 + 1] << (64 - at % 64);
    return low & low_mask(bits);
}

/* What the wire must be for the value to be this. */
static uint64_t wire_of(const struct probe *probe, int64_t value) {
    uint64_t plain = probe->negative ? -(uint64_t)value : (uint64_t)value;
    uint64_t shifted = probe->shift >= 0 ? (uint64_t)((int64_t)plain >> probe->shift) : plain << -probe->shift;
    return shifted + (uint64_t)probe->offset;
}

static bool point_differs(const struct point *point, const int64_t *words, int64_t expected, int64_t *got) {
    uint64_t wanted = wire_of(&point->probe, expected), seen = bits_at(words, point->at, point->bits),
             mask = low_mask(point->bits);
    if ((wanted & mask) == seen) return false;
    *got = probe_value(&point->probe, (int64_t)((wanted & ~mask) | seen));
    return true;
}

static void add_name(struct strbuf *text, const char *name) {
    const char *quoted = arena_printf(text->arena, "'%s'", name);
    if (!strstr(text->data, quoted)) strbuf_printf(text, "%s%s", text->length ? ", " : "", quoted);
}

/* Layers that cannot be told from this one: absorbed by it, or read off the same wire. */
static const char *holds(const struct inner *inner, const struct point *found, struct arena *arena) {
    const struct graph *graph = inner->graph;
    valref of = found->probe.value;
    struct strbuf text = strbuf_new(arena);
    for (size_t i = 0; i < inner->absorbed_count; i++)
        if (valref_equal(inner->absorbed[i].into, of) && !valref_equal(inner->absorbed[i].value, of))
            add_name(&text, value_label(graph, inner->absorbed[i].value, arena));
    for (size_t i = 0; i < inner->point_count; i++)
        if (!valref_equal(inner->points[i].probe.value, of) && inner->points[i].at == found->at &&
            inner->points[i].bits == found->bits)
            add_name(&text, value_label(graph, inner->points[i].probe.value, arena));
    return text.length ? text.data : NULL;
}

/* Inner values of a body are nobody's: of an item that it gives the trip is known. */
static const char *within(const struct graph *graph, const struct probe *probe, struct arena *arena) {
    const struct node *node = graph_definition(graph, probe->value);
    if (!node->body) return NULL;
    uint32_t carried = (uint32_t)node->attributes.loop.carried, result = probe->value.id - node->result.id;
    if (result < carried) return "somewhere in its body, whose inner values are not compared";
    struct loop_place place = loop_place(graph, node, (uint32_t)node->attributes.loop.sliced + result - carried);
    return arena_printf(arena, "at trip %lld of its body or before, whose inner values are not compared",
                        (long long)loop_trip(&place, probe->element));
}

static void name_point(const struct inner *inner, const struct point *point, int64_t expected, int64_t got,
                       struct arena *arena, struct difference *difference) {
    uint64_t wrong = (uint64_t)expected ^ (uint64_t)got;
    difference->layer = value_label(inner->graph, point->probe.value, arena);
    difference->layer_element = point->probe.element;
    difference->layer_expected = expected;
    difference->layer_got = got;
    difference->layer_bit = wrong ? __builtin_ctzll(wrong) : 0;
    difference->holds = holds(inner, point, arena);
    difference->within = within(inner->graph, &point->probe, arena);
}

/* ---- the events around it ---- */

struct window {
    struct engine *engine;
    size_t first, events, row; /* of the block; the failing event in the window */
    const int64_t **inputs;
    int64_t **outputs, **expected;
};

static bool row_differs(const struct window *window, size_t row, const size_t *elements, uint32_t outputs) {
    for (uint32_t o = 0; o < outputs; o++)
        if (memcmp(window->outputs[o] + row * elements[o], window->expected[o] + row * elements[o],
                   elements[o] * sizeof(int64_t)))
            return true;
    return false;
}

static int run_window(struct window *window, const struct inner *inner, struct arena *scratch,
                      const int64_t *const *inputs, size_t events, size_t row) {
    const struct engine *engine = window->engine;
    size_t most = WINDOW_NUMBERS / (engine->output_total + engine->input_total + 1),
           before = most < WINDOW_EVENTS ? most : WINDOW_EVENTS;
    size_t end = row + EVENTS_AFTER < events ? row + EVENTS_AFTER : events;
    window->first = row > before ? row - before : 0;
    window->events = end - window->first;
    window->row = row - window->first;
    window->inputs = ARENA_ARRAY(scratch, const int64_t *, engine->input_count + 1);
    window->outputs = ARENA_ARRAY(scratch, int64_t *, engine->output_count + 1);
    window->expected = ARENA_ARRAY(scratch, int64_t *, engine->output_count + 1);
    for (uint32_t i = 0; i < engine->input_count; i++)
        window->inputs[i] = inputs[i] + window->first * engine->input_elements[i];
    for (uint32_t o = 0; o < engine->output_count; o++) {
        window->outputs[o] = arena_calloc(scratch, window->events, engine->output_elements[o] * sizeof(int64_t));
        window->expected[o] = arena_calloc(scratch, window->events, engine->output_elements[o] * sizeof(int64_t));
    }
    if (graph_run_integers(inner->graph, window->events, window->inputs, window->expected)) return -1;
    return engine_run(window->engine, window->events, window->inputs, window->outputs);
}

/* The failing event, or another that fails as well now; false: none does. */
static bool choose_row(struct window *window, uint32_t outputs) {
    const size_t *elements = window->engine->output_elements;
    if (row_differs(window, window->row, elements, outputs)) return true;
    for (size_t row = 0; row < window->events; row++)
        if (row_differs(window, row, elements, outputs)) {
            window->row = row;
            return true;
        }
    return false;
}

static void compare_inner(const struct inner *inner, const struct window *window, struct arena *scratch,
                          struct arena *arena, struct difference *difference) {
    const struct graph *graph = inner->graph;
    const struct engine *engine = window->engine;
    struct evaluator *evaluator = evaluator_new(graph, scratch);
    struct evaluator_state *state = evaluator ? evaluator_state_in(evaluator, scratch) : NULL;
    const int64_t **event = ARENA_ARRAY(scratch, const int64_t *, engine->input_count + 1);
    const int64_t *words = window->outputs[graph->output_count] + window->row * inner->words;
    if (!state) return;
    for (uint32_t i = 0; i < engine->input_count; i++)
        event[i] = window->inputs[i] + window->row * engine->input_elements[i];
    evaluator_run_integers(evaluator, state, 1, event, window->expected); /* not read any more */
    difference->narrowed = true;
    for (size_t i = 0; i < inner->point_count; i++) {
        const struct point *point = &inner->points[i];
        const int64_t *values = evaluator_integers(state, point->probe.value);
        int64_t expected = values ? values[point->probe.element * EVENT_LANES] : 0, got;
        if (!values || !point_differs(point, words, expected, &got)) continue;
        name_point(inner, point, expected, got, arena, difference);
        evaluator_state_free(state);
        return;
    }
    difference->only_output = true;
    evaluator_state_free(state);
}

static const char *narrow(const struct firmware *firmware, enum engine_id id, const struct engine_options *options,
                          const int64_t *const *inputs, size_t events, size_t row, struct arena *scratch,
                          struct difference *difference) {
    struct inner *inner = inner_new(firmware, id, scratch);
    struct engine_options with = *options;
    if (!inner)
        return id == ENGINE_DATAPATH ? "design.bxd names no inner values" : "sim/probes.json is not of this network";
    with.inner_words = inner->words;
    bool built;
    struct window window = {.engine = engine_open(firmware, id, &with, &built)};
    if (!window.engine) return "the engine does not build with inner values";
    bool ran = run_window(&window, inner, scratch, inputs, events, row) == 0 || window.engine->outputs_whole;
    const char *why = !ran ? "the engine fails with inner values" : NULL;
    if (ran && !choose_row(&window, inner->graph->output_count))
        why = "it does not come again when the events around it run alone";
    if (!why) compare_inner(inner, &window, scratch, firmware->context->arena, difference);
    engine_close(window.engine);
    return why;
}

void narrow_difference(const struct firmware *firmware, enum engine_id id, const struct engine_options *options,
                       const int64_t *const *inputs, size_t events, size_t row, struct difference *difference) {
    struct diagnostics *diagnostics = &firmware->context->diagnostics;
    size_t count = diagnostics->count, errors = diagnostics->errors;
    struct arena *scratch = arena_new(firmware->context);
    difference->not_narrowed = narrow(firmware, id, options, inputs, events, row, scratch, difference);
    if (!atomic_load(&firmware->context->cancelled)) { /* what went wrong here says nothing of the firmware */
        diagnostics->count = count;
        diagnostics->errors = errors;
    }
    arena_free(scratch);
}
