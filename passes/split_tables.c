/* Tables whose look-up takes longer than a stage are cut: sub-tables of the low bits of the index in one stage,
 * selections among them by its high bits in later ones, the highest last. Equal sub-tables are one, and one
 * whose entries are all the same is a constant. Only entries that the index reaches are taken, so that the
 * interval stays as narrow as it was. */
#include "passes/rewrite.h"
#include "passes/pipeline.h"

enum { LUT_INPUTS = 6 }; /* a table of that many bits gains nothing from being cut */

struct division {
    struct design *design;
    struct datapath *to;
    const struct wire *whole; /* the look-up */
    const struct table *table;
    int64_t lo, hi; /* of its index */
    int low_bits;   /* of the index: what a sub-table reads */
    uint32_t first; /* wire that is made */
};

static bool is_same(const struct wire *a, const struct wire *b) {
    if (a->op != b->op || a->operand_count != b->operand_count || a->constant != b->constant ||
        a->amount != b->amount || a->table != b->table)
        return false;
    for (uint32_t i = 0; i < a->operand_count; i++)
        if (a->operands[i].wire.id != b->operands[i].wire.id) return false;
    return true;
}

static wireref append(struct division *d, struct wire wire) {
    for (uint32_t i = d->first; i < d->to->wire_count; i++)
        if (is_same(&d->to->wires[i], &wire)) return (wireref){i};
    wire.origin = d->whole->origin;
    wire.element = d->whole->element;
    wire.cycle = -1;
    return datapath_append(d->design, d->to, &wire);
}

static wireref low_bits(struct division *d, wireref wire, int bits) {
    struct term operand = {.wire = wire};
    return append(d, (struct wire){.op = WIRE_WRAP, .operands = &operand, .operand_count = 1, .amount = bits});
}

static wireref bit_of_index(struct division *d, int bit) {
    struct wire moved = {.op = WIRE_SHIFT_RIGHT, .operands = d->whole->operands, .operand_count = 1, .amount = bit};
    return low_bits(d, append(d, moved), 1);
}

/* The entries from index `start` on; where there is no index, the nearest one's. */
static wireref sub_table(struct division *d, int64_t start) {
    struct table part = {.count = UINT32_C(1) << d->low_bits};
    part.entries = ARENA_ARRAY(datapath_arena(d->design, d->to), int64_t, part.count);
    bool same = true;
    for (uint32_t i = 0; i < part.count; i++) {
        int64_t at = start + (int64_t)i;
        at = at < d->lo ? d->lo : at > d->hi ? d->hi : at;
        part.entries[i] = d->table->entries[at - d->table->first];
        same &= part.entries[i] == part.entries[0];
    }
    if (same) return append(d, (struct wire){.op = WIRE_CONSTANT, .constant = part.entries[0]});
    struct term operand = {.wire = low_bits(d, d->whole->operands[0].wire, d->low_bits)};
    uint32_t table = datapath_table(d->design, d->to, &part);
    return append(d, (struct wire){.op = WIRE_TABLE, .operands = &operand, .operand_count = 1, .table = table});
}

/* The entries of the 2^bits indices from `start` on. */
static wireref entries_from(struct division *d, int64_t start, int bits) {
    if (bits == d->low_bits) return sub_table(d, start);
    int64_t middle = start + (INT64_C(1) << (bits - 1));
    if (middle > d->hi) return entries_from(d, start, bits - 1);
    if (middle <= d->lo) return entries_from(d, middle, bits - 1);
    wireref below = entries_from(d, start, bits - 1), above = entries_from(d, middle, bits - 1);
    bool is_sign = middle == 0; /* set below */
    struct term operands[3] = {
        {.wire = bit_of_index(d, bits - 1)}, {.wire = is_sign ? below : above}, {.wire = is_sign ? above : below}};
    return below.id == above.id ? below
                                : append(d, (struct wire){.op = WIRE_SELECT, .operands = operands, .operand_count = 3});
}

/* Bits of the index that a sub-table reads: as many as surely fit a stage, as each bit less doubles how many read those
 * that are left, and how many selections may read an equal sub-table. One LUT is tried in any case. */
static int bits_in_stage(const struct stage *stage, int start, int index_bits) {
    const struct technology *t = stage->technology;
    for (int bits = index_bits - 1; bits > LUT_INPUTS; bits--) {
        int cut = index_bits - bits, nets = start + cut * t->fan_out + fan_out_delay(t, 1 << cut);
        if (nets + table_delay(t, bits) <= stage->budget) return bits;
    }
    return index_bits < LUT_INPUTS ? index_bits : LUT_INPUTS;
}

wireref split_table(struct design *design, struct datapath *to, const struct wire *wire, const struct stage *stage,
                    int start) {
    const struct wire *index = &to->wires[wire->operands[0].wire.id];
    int index_bits = wire_width(index);
    struct table table = to->tables[wire->table]; /* the list of tables moves when it grows */
    struct division d = {design,        to, wire, &table, index->lo, index->hi, bits_in_stage(stage, start, index_bits),
                         to->wire_count};
    return d.low_bits < index_bits ? entries_from(&d, d.lo < 0 ? -(INT64_C(1) << (index_bits - 1)) : 0, index_bits)
                                   : datapath_append(design, to, wire);
}
