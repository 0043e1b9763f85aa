/* A verdict as a result of the library. */
#include "driver/driver.h"
#include "driver/library.h"

#include <math.h>

static const char *why(const struct engine_result *result, struct arena *arena) {
    if (result->skipped) return arena_strdup(arena, result->skipped);
    if (result->not_built) return arena_strdup(arena, result->not_built);
    if (result->failure) return arena_strdup(arena, result->failure);
    if (!result->difference.found) return NULL;
    return arena_printf(arena, "%s, output '%s', element %u: %lld instead of %lld", result->difference.event_name,
                        result->difference.output_name, result->difference.element, (long long)result->difference.got,
                        (long long)result->difference.expected);
}

static void add_engines(struct bxc_verdict *out, const struct verdict *verdict, struct arena *arena) {
    struct bxc_engine_verdict *engines = ARENA_ARRAY(arena, struct bxc_engine_verdict, verdict->engine_count + 1);
    for (uint32_t i = 0; i < verdict->engine_count; i++) {
        const struct engine_result *result = &verdict->engines[i];
        engines[i] = (struct bxc_engine_verdict){.name = engine_name(result->id),
                                                 .variant = arena_strdup(arena, result->variant ? result->variant : ""),
                                                 .ran = result->ran,
                                                 .compared = engine_is_judged(result),
                                                 .equal = result->equal,
                                                 .why = why(result, arena),
                                                 .events = result->events,
                                                 .events_per_second =
                                                     result->seconds > 0 ? (double)result->events / result->seconds : 0,
                                                 .latency = result->latency > 0 ? result->latency : 0,
                                                 .interval = result->interval};
    }
    out->engines = engines;
    out->engine_count = verdict->engine_count;
}

/* The public part first: what is handed out is the whole. */
struct kept_verdict {
    struct bxc_verdict verdict;
    struct arena *arena;
};

struct bxc_verdict *verdict_public(struct bxc_context *context, const struct verdict *verdict) {
    struct arena *arena = arena_new(context);
    struct kept_verdict *kept = ARENA_NEW(arena, struct kept_verdict);
    const struct loss *loss = &verdict->loss;
    struct strbuf json = strbuf_new(arena), text = strbuf_new(arena);
    verdict_json(&json, verdict);
    verdict_terminal(&text, verdict, false);
    kept->arena = arena;
    kept->verdict = (struct bxc_verdict){
        .positive = verdict_is_positive(verdict),
        .equal = verdict->equal,
        .compared = loss->compared != NULL,
        .as_trained = loss->compared && loss->explained,
        .events = verdict->events,
        .decisions = loss->decisions,
        .flipped = loss->flipped,
        .max_error = loss->max_error,
        .mean_error = loss->mean_error,
        .accuracy_float = verdict->labelled_count ? verdict->labelled[0].accuracy_float : (double)NAN,
        .accuracy_fixed = verdict->labelled_count ? verdict->labelled[0].accuracy_fixed : (double)NAN,
        .json = json.data,
        .text = text.data};
    add_engines(&kept->verdict, verdict, arena);
    return &kept->verdict;
}

void bxc_verdict_free(struct bxc_verdict *verdict) {
    if (verdict) arena_free(((struct kept_verdict *)verdict)->arena);
}
