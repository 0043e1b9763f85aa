/* Nodes by name: an open hash table of names; nodes of one name are linked in their order. */
#include "ir/name_index.h"

#include <string.h>

struct name_index {
    const struct graph *graph;
    uint32_t *slots;   /* the first node of a name, + 1 */
    uint32_t *next;    /* by node: the next one of its name, + 1 */
    size_t slot_count; /* a power of two */
};

/* The slot of a name: its own, or the free one where it belongs. FNV-1a. */
static uint32_t *slot_of(const struct name_index *index, const char *text, size_t length) {
    uint64_t hash = 14695981039346656037u;
    for (size_t i = 0; i < length; i++) hash = (hash ^ (unsigned char)text[i]) * 1099511628211u;
    for (size_t at = (hash ^ hash >> 32) & (index->slot_count - 1);; at = (at + 1) & (index->slot_count - 1)) {
        uint32_t *slot = &index->slots[at];
        if (!*slot) return slot;
        const char *name = index->graph->nodes[*slot - 1].name;
        if (strncmp(name, text, length) == 0 && name[length] == 0) return slot;
    }
}

struct name_index *name_index_new(const struct graph *graph, struct arena *arena) {
    struct name_index *index = ARENA_NEW(arena, struct name_index);
    index->graph = graph;
    for (index->slot_count = 64; index->slot_count < 2 * (size_t)graph->node_count;) index->slot_count *= 2;
    index->slots = ARENA_ARRAY(arena, uint32_t, index->slot_count);
    index->next = ARENA_ARRAY(arena, uint32_t, graph->node_count + 1);
    for (uint32_t i = graph->node_count; i-- > 0;) { /* from the end: each one goes in front of its like */
        const struct node *node = &graph->nodes[i];
        if (node->dead) continue;
        uint32_t *slot = slot_of(index, node->name, strlen(node->name));
        index->next[i] = *slot;
        *slot = i + 1;
    }
    return index;
}

static noderef linked(uint32_t link) {
    return link ? (noderef){link - 1} : NO_NODE;
}

noderef name_index_first(const struct name_index *index, const char *text, size_t length) {
    return linked(*slot_of(index, text, length));
}

noderef name_index_next(const struct name_index *index, noderef node) {
    return linked(index->next[node.id]);
}
