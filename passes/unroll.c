/* Bodies of real graphs are written out, a copy a trip (ir/unroll.c): what is trained sees other numbers in each, so
 * ranges, formats and pruning are those of nodes like others. Bodies of quantised graphs stay as they are. */
#include "passes/passes.h"

#include "passes/table.h"

#include <inttypes.h>

int pass_unroll(struct program *program, bool *changed) {
    const struct graph *graph = program->graph;
    for (uint32_t n = 0; n < graph->node_count; n++) {
        const struct node *node = &graph->nodes[n];
        if (node->dead || !node->body) continue;
        int64_t trips = node->attributes.loop.trips;
        program_note(program, "unroll", arena_strdup(program->arena, node->name), (double)trips,
                     "its body is written out, %" PRId64 " times", trips);
        *changed = true;
    }
    return *changed ? graph_unroll(program->graph) : 0;
}
