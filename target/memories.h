/* Block RAMs of a design: tables that two may read, and delays. They stand in the module of one node. */
#ifndef BXC_TARGET_MEMORIES_H
#define BXC_TARGET_MEMORIES_H

#include "target/target.h"

enum { MEMORY_READERS_MAX = 2 };

struct block_memory {
    bool is_written; /* a delay: all its wires side by side, the first one's bits lowest; else a table */
    uint32_t words, bits;
    uint32_t *wires; /* that come out of it: each at its own address of a table */
    uint32_t wire_count;
    int64_t block_rams; /* of 18 Kbit */
};
struct block_memory_list {
    struct block_memory *at;
    uint32_t count;
};
/* bits: from datapath_demand. In the order of their first wires. */
struct block_memory_list design_memories(const struct design *design, const uint8_t *bits, struct arena *arena);
/* Block RAMs of 18 Kbit that so many words take. */
int64_t block_rams(int64_t words, int64_t bits, int readers);
/* A word is read while the one written before it is that many cycles old, less one: with the registers at its address
 * and its output that makes the latency. */
static inline int delay_words(int latency) {
    return latency - 1;
}

#endif
