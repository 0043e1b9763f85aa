/* Tables in block RAM, as lowering gives them out. */
#ifndef BXC_PASSES_LOWER_BLOCK_RAM_H
#define BXC_PASSES_LOWER_BLOCK_RAM_H

#include "passes/passes.h"

struct block_rams;
/* count: of 18 Kbit, that the tables may take. */
struct block_rams *block_rams_new(struct arena *arena, int count);
/* Whether a node looks one more wire, of so many bits, up in one, which none did before; luts: what that takes
 * otherwise. */
bool block_rams_take(struct block_rams *rams, uint32_t node, int index_bits, const struct table *table, int64_t luts);
/* Once all were asked: whether what was taken is worth it and no more than there is. Else all are asked again. */
bool block_rams_settle(struct block_rams *rams);
void block_rams_tell(const struct block_rams *rams, struct program *program); /* a note */

#endif
