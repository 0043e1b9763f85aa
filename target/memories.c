/* Which block RAMs a design has, and what lies in them: what the Verilog declares, and what reports count. */
#include "target/memories.h"

#include <string.h>

/* Words and bits of 18 Kbit. One of 36 bits has one port to read. */
struct aspect {
    int64_t words, bits;
};
static const struct aspect aspects[] = {{512, 36}, {1024, 18}, {2048, 9}, {4096, 4}, {8192, 2}, {16384, 1}};

static int64_t pieces(int64_t of, int64_t size) {
    return (of + size - 1) / size;
}

int64_t block_rams(int64_t words, int64_t bits, int readers) {
    int64_t least = INT64_MAX;
    for (size_t i = readers > 1; i < sizeof aspects / sizeof *aspects; i++) {
        int64_t count = pieces(words, aspects[i].words) * pieces(bits, aspects[i].bits);
        least = count < least ? count : least;
    }
    return least;
}

/* ---- what lies together ---- */

struct collection {
    const struct design *design;
    const uint8_t *bits;
    const uint32_t *owners;
    struct arena *arena;
    struct block_memory_list list;
};

/* What one memory can hold with another wire: values that are equally old, or the same words at another address. */
static bool goes_with(const struct collection *c, const struct block_memory *memory, uint32_t id) {
    const struct datapath *datapath = &c->design->datapath;
    const struct wire *wire = &datapath->wires[id], *first = &datapath->wires[memory->wires[0]];
    if (first->op != wire->op || c->owners[id] != c->owners[memory->wires[0]]) return false;
    if (wire->op == WIRE_DELAY) return first->latency == wire->latency;
    const struct wire *a = &datapath->wires[first->operands[0].wire.id],
                      *b = &datapath->wires[wire->operands[0].wire.id];
    return memory->wire_count < MEMORY_READERS_MAX && first->table == wire->table && a->lo == b->lo && a->hi == b->hi &&
           c->bits[id] == memory->bits;
}

static struct block_memory *memory_for(struct collection *c, uint32_t id) {
    struct block_memory_list *list = &c->list;
    for (uint32_t m = list->count; m-- > 0;)
        if (goes_with(c, &list->at[m], id)) return &list->at[m];
    if ((list->count & (list->count - 1)) == 0)
        list->at = arena_grow(c->arena, list->at, list->count * sizeof *list->at,
                              (list->count ? 2 * list->count : 1) * sizeof *list->at);
    return memset(&list->at[list->count++], 0, sizeof *list->at);
}

static void put(struct collection *c, uint32_t id) {
    const struct datapath *datapath = &c->design->datapath;
    const struct wire *wire = &datapath->wires[id];
    struct block_memory *memory = memory_for(c, id);
    bool is_delay = wire->op == WIRE_DELAY;
    if ((memory->wire_count & (memory->wire_count - 1)) == 0)
        memory->wires = arena_grow(c->arena, memory->wires, memory->wire_count * sizeof *memory->wires,
                                   (memory->wire_count ? 2 * memory->wire_count : 1) * sizeof *memory->wires);
    memory->wires[memory->wire_count++] = id;
    memory->is_written = is_delay;
    memory->words = is_delay ? (uint32_t)delay_words(wire->latency)
                             : UINT32_C(1) << wire_width(&datapath->wires[wire->operands[0].wire.id]);
    memory->bits = is_delay ? memory->bits + c->bits[id] : c->bits[id];
    memory->block_rams = block_rams(memory->words, memory->bits, is_delay ? 1 : (int)memory->wire_count);
}

struct block_memory_list design_memories(const struct design *design, const uint8_t *bits, struct arena *arena) {
    const struct datapath *datapath = &design->datapath;
    struct collection c = {.design = design, .bits = bits, .arena = arena};
    for (uint32_t i = 0; i < datapath->wire_count; i++) {
        if (datapath->wires[i].resource != RESOURCE_BLOCK_RAM || !bits[i]) continue;
        if (!c.owners) c.owners = datapath_owners(design, datapath, arena);
        put(&c, i);
    }
    return c.list;
}
