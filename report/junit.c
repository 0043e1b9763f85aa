/* The verdict as JUnit XML, which every continuous-integration service shows: one test case an
 * engine, one for the latency, one for the interval, one for the content hash, one for the network as trained, one a
 * gate. */
#include <libxml/xmlwriter.h>
#include <string.h>

#include "report/private.h"

struct junit {
    xmlBufferPtr buffer;
    xmlTextWriterPtr writer;
    struct arena *arena;
    bool broken;
};

static void release(void *object) {
    struct junit *junit = object;
    if (junit->writer) xmlFreeTextWriter(junit->writer);
    if (junit->buffer) xmlBufferFree(junit->buffer);
    junit->writer = NULL;
    junit->buffer = NULL;
}

static void start(struct junit *junit, const char *element) {
    junit->broken |= xmlTextWriterStartElement(junit->writer, BAD_CAST element) < 0;
}

static void attribute(struct junit *junit, const char *name, const char *value) {
    const char *clean = words_clean(junit->arena, value);
    junit->broken |= xmlTextWriterWriteAttribute(junit->writer, BAD_CAST name, BAD_CAST clean) < 0;
}

static void end(struct junit *junit) {
    junit->broken |= xmlTextWriterEndElement(junit->writer) < 0;
}

/* kind: NULL passed, "failure", "error", "skipped". */
static void test_case(struct junit *junit, const char *group, const char *name, const char *kind, const char *message) {
    start(junit, "testcase");
    attribute(junit, "classname", group);
    attribute(junit, "name", name);
    if (kind) {
        start(junit, kind);
        attribute(junit, "message", message);
        end(junit);
    }
    end(junit);
}

/* What was asked for and did not run is an error: nobody may take it for passed. */
static bool is_error(const struct engine_result *result) {
    return result->not_built || (result->skipped && result->asked && result->id != ENGINE_FLOAT);
}

static const char *engine_kind_of_case(const struct engine_result *result) {
    if (is_error(result)) return "error";
    return result->skipped ? "skipped" : result->failure || result->difference.found ? "failure" : NULL;
}

static void engine_case(struct junit *junit, const char *group, const struct engine_result *result) {
    const char *kind = engine_kind_of_case(result);
    const char *message = result->not_built ? result->not_built
                          : result->difference.found && !result->failure
                              ? words_difference(junit->arena, &result->difference)
                              : words_result(junit->arena, result);
    test_case(junit, group, words_engine(junit->arena, result), kind, message);
}

static bool hash_is_wrong(const struct verdict *verdict) {
    for (uint32_t i = 0; i < verdict->engine_count; i++)
        if (verdict->engines[i].failure && strstr(verdict->engines[i].failure, "stale")) return true;
    return false;
}

static void timing_case(struct junit *junit, const char *group, const char *name, bool measured, bool wrong, int told) {
    test_case(junit, group, name,
              !measured ? "skipped"
              : wrong   ? "failure"
                        : NULL,
              measured ? arena_printf(junit->arena, "not the %d cycles that interface.json tells", told)
                       : "no engine measured it");
}

static void other_cases(struct junit *junit, const char *group, const struct verdict *verdict) {
    timing_case(junit, group, "latency", verdict->latency_measured, verdict_latency_is_wrong(verdict),
                verdict->latency);
    timing_case(junit, group, "interval", verdict->interval_measured, verdict_interval_is_wrong(verdict),
                verdict->interval);
    test_case(junit, group, "content hash",
              !verdict->hash_checked   ? "skipped"
              : hash_is_wrong(verdict) ? "failure"
                                       : NULL,
              verdict->hash_checked ? "files of different makes lie in the folder" : "not asked for");
}

/* The second question: one case, and one a gate. */
static void network_cases(struct junit *junit, const char *group, const struct verdict *verdict) {
    const struct loss *loss = &verdict->loss;
    const char *answer = words_loss(junit->arena, loss);
    if (verdict_warns_of_loss(verdict)) answer = arena_printf(junit->arena, "warning: %s: %s", loss->warning, answer);
    start(junit, "testcase");
    attribute(junit, "classname", group);
    attribute(junit, "name", "as trained");
    start(junit, loss->compared ? "system-out" : "skipped");
    if (loss->compared)
        junit->broken |= xmlTextWriterWriteString(junit->writer, BAD_CAST words_clean(junit->arena, answer)) < 0;
    else
        attribute(junit, "message", answer);
    end(junit);
    end(junit);
    for (uint32_t i = 0; i < verdict->gate_count; i++)
        test_case(junit, group, verdict->gates[i].name, verdict->gates[i].passed ? NULL : "failure",
                  words_gate(junit->arena, &verdict->gates[i]));
}

static void count_cases(const struct verdict *verdict, unsigned *failures, unsigned *errors, unsigned *skipped) {
    *errors = 0;
    *failures = (unsigned)verdict_latency_is_wrong(verdict) + (unsigned)verdict_interval_is_wrong(verdict) +
                (unsigned)(verdict->hash_checked && hash_is_wrong(verdict));
    *skipped = (unsigned)!verdict->latency_measured + (unsigned)!verdict->interval_measured +
               (unsigned)!verdict->hash_checked + (unsigned)!verdict->loss.compared;
    for (uint32_t i = 0; i < verdict->gate_count; i++) *failures += !verdict->gates[i].passed;
    for (uint32_t i = 0; i < verdict->engine_count; i++) {
        const struct engine_result *result = &verdict->engines[i];
        *errors += is_error(result);
        *skipped += result->skipped && !is_error(result);
        *failures += !result->skipped && (result->failure || result->difference.found);
    }
}

static void write_suite(struct junit *junit, const struct verdict *verdict) {
    unsigned failures, errors, skipped;
    const char *group = arena_printf(junit->arena, "bxc.verify.%s", verdict->name ? verdict->name : "firmware");
    count_cases(verdict, &failures, &errors, &skipped);
    xmlTextWriterSetIndent(junit->writer, 1);
    junit->broken |= xmlTextWriterStartDocument(junit->writer, NULL, "UTF-8", NULL) < 0;
    start(junit, "testsuites");
    start(junit, "testsuite");
    attribute(junit, "name", group);
    attribute(junit, "tests", arena_printf(junit->arena, "%u", verdict->engine_count + 4 + verdict->gate_count));
    attribute(junit, "failures", arena_printf(junit->arena, "%u", failures));
    attribute(junit, "errors", arena_printf(junit->arena, "%u", errors));
    attribute(junit, "skipped", arena_printf(junit->arena, "%u", skipped));
    for (uint32_t i = 0; i < verdict->engine_count; i++) engine_case(junit, group, &verdict->engines[i]);
    other_cases(junit, group, verdict);
    network_cases(junit, group, verdict);
    end(junit);
    end(junit);
    junit->broken |= xmlTextWriterEndDocument(junit->writer) < 0;
}

int verdict_junit(struct strbuf *out, const struct verdict *verdict) {
    struct junit *junit = ARENA_NEW(out->arena, struct junit);
    arena_defer(out->arena, release, junit);
    junit->arena = out->arena;
    junit->buffer = xmlBufferCreate();
    junit->writer = junit->buffer ? xmlNewTextWriterMemory(junit->buffer, 0) : NULL;
    if (!junit->writer) context_out_of_memory(arena_context(out->arena));
    write_suite(junit, verdict);
    xmlTextWriterFlush(junit->writer);
    if (junit->broken)
        return diag_error(&arena_context(out->arena)->diagnostics, (struct location){0}, NULL,
                          "the verdict cannot be written as JUnit XML");
    strbuf_append_bytes(out, xmlBufferContent(junit->buffer), (size_t)xmlBufferLength(junit->buffer));
    return 0;
}
