/* Fuzzes the readers of report.json and verdict.json: any text is read or diagnosed, and what was read
 * can be shown. Mutations change values of the JSON. */
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/json.h"
#include "tests/fuzz/mutator.h"
#include "report/report.h"

static int read_request(void *user) {
    const struct request *request = user;
    struct arena *arena = arena_new(request->context);
    const char *text = arena_strndup(arena, (const char *)request->data, request->length);
    struct compile_report *report = report_parse(request->context, arena, "fuzz", text);
    struct verdict *verdict = verdict_parse(request->context, arena, "fuzz", text);
    struct strbuf out = strbuf_new(arena);
    if (verdict) {
        verdict_terminal(&out, verdict, true);
        verdict_junit(&out, verdict);
    }
    if (report) {
        report_html(&out, report, verdict);
        report_terminal(&out, report, verdict, false);
        report_json(&out, report, verdict);
    }
    arena_free(arena);
    return 0;
}

static size_t mutate(struct random *random, uint8_t *data, size_t size, size_t limit) {
    return mutate_json(random, data, size, limit, NULL);
}
