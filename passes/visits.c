/* Walks along values without recursion. */
#include "passes/visits.h"

void visits_add(struct visits *visits, const struct graph *graph, valref value) {
    if (!visits->arena) {
        visits->arena = arena_new(graph->context);
        visits->waiting = ARENA_ARRAY(visits->arena, valref, graph->value_count);
        visits->seen = ARENA_ARRAY(visits->arena, bool, graph->value_count);
    }
    if (visits->seen[value.id]) return;
    visits->seen[value.id] = true;
    visits->waiting[visits->count++] = value;
}

bool visits_next(struct visits *visits, valref *value) {
    if (!visits->count) return false;
    *value = visits->waiting[--visits->count];
    return true;
}

void visits_end(struct visits *visits) {
    arena_free(visits->arena);
}
