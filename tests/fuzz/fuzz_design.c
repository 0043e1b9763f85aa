/* Fuzzes the reader of designs, and their engine: any bytes are read, printed and run on two events, or diagnosed.
 * Mutations change words and lines. Those of tests/fuzz/corpus/design/ are of this model, at several intervals. */
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/mutator.h"
#include "tests/fuzz/tokens.h"
#include "ir/datapath.h"
#include "ir/text.h"

#include <string.h>

enum { EVENTS = 2, ELEMENTS_MAX = 4096, BEATS_MAX = 64 };

static const char model[] =
    "bxc graph 1\n"
    "graph \"items\"\n"
    "%0 = input() \"x\" as \"x\" rounding=half_even overflow=saturate : [1,4,2] s8f4\n"
    "%1 = constant() \"w1\" : [2,3] [2,3]{u3f2, s3f2, u1f1, u3f1, u3f2, s3f1} {5, -3, 1, 5, 7, -3}\n"
    "%2 = matmul(%0, %1) \"dense1\" : [1,4,3] [1,4,3]{s12f6, s12f6, s10f5, s12f6, s12f6, s10f5, s12f6, s12f6,\n"
    "    s10f5, s12f6, s12f6, s10f5}\n"
    "%3 = narrow(%2) \"up\" formats=s9f3 rounding=half_up overflow=saturate : [1,4,3] s9f3\n"
    "%4 = relu(%3) \"relu\" : [1,4,3] u8f3\n"
    "%5 = reduce_sum(%4) \"sum\" axis=1 : [1,3] u10f3\n"
    "%6 = reduce_max(%4) \"largest\" axis=1 : [1,3] u8f3\n"
    "output \"each\" %4\n"
    "output \"sum\" %5\n"
    "output \"largest\" %6\n";

static bool is_small(const struct design *design) {
    bool small = design->beats <= BEATS_MAX && design->datapath.wire_count < 10000;
    for (uint32_t p = 0; p < design->input_count; p++) small &= design->inputs[p].element_count <= ELEMENTS_MAX;
    for (uint32_t p = 0; p < design->output_count; p++) small &= design->outputs[p].element_count <= ELEMENTS_MAX;
    return small && design->input_count < 16 && design->output_count < 16;
}

static void run(const struct design *design, struct arena *arena) {
    const int64_t **inputs = ARENA_ARRAY(arena, const int64_t *, design->input_count + 1);
    int64_t **outputs = ARENA_ARRAY(arena, int64_t *, design->output_count + 1);
    for (uint32_t p = 0; p < design->input_count; p++) {
        size_t count = (size_t)EVENTS * design->inputs[p].element_count;
        int64_t *numbers = ARENA_ARRAY(arena, int64_t, count + 1);
        for (size_t i = 0; i < count; i++) numbers[i] = (int64_t)(i * UINT64_C(0x9e3779b97f4a7c15));
        inputs[p] = numbers;
    }
    for (uint32_t p = 0; p < design->output_count; p++)
        outputs[p] = ARENA_ARRAY(arena, int64_t, (size_t)EVENTS * design->outputs[p].element_count + 1);
    int64_t *values = ARENA_ARRAY(arena, int64_t, (size_t)EVENTS * design->datapath.probe_count + 1);
    design_run_probes(design, EVENTS, inputs, values);
    design_run(design, EVENTS, inputs, outputs);
}

static int read_request(void *user) {
    const struct request *request = user;
    struct arena *arena = arena_new(request->context);
    struct graph *graph = graph_parse(request->context, "model", model, strlen(model));
    const char *text = arena_strndup(arena, (const char *)request->data, request->length);
    struct design *design = design_parse(request->context, graph, "fuzz", text, request->length);
    if (design && is_small(design)) {
        struct strbuf out = strbuf_new(arena);
        design_print(&out, design);
        run(design, arena);
    }
    design_free(design);
    graph_free(graph);
    arena_free(arena);
    return 0;
}

static size_t mutate(struct random *random, uint8_t *data, size_t size, size_t limit) {
    return mutate_tokens(random, data, size, limit);
}
